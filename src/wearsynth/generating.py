"""The stages that write counts: windows rendered, windows or signals drawn from a model and rendered."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from wearsynth.accepting import accepted
from wearsynth.classifiers.trained import load_classifier
from wearsynth.config import FinetuneConfig
from wearsynth.config_rendering import GenerateConfig, RenderConfig
from wearsynth.data import Windows
from wearsynth.errors import ConfigError, DataError, did_you_mean
from wearsynth.files import check_free
from wearsynth.finetuning import finetune
from wearsynth.formats import read
from wearsynth.formats.manifest import Summary
from wearsynth.formats.writers import WRITERS
from wearsynth.model import Model, load_model
from wearsynth.optimise import Watch
from wearsynth.rendering import RenderOptions, render
from wearsynth.sensors import Counts, load_profile
from wearsynth.sensors.choosing import choose_setting
from wearsynth.streaming import Streams, stream_counts
from wearsynth.tables import load_windows
from wearsynth.training import Say
from wearsynth.windowing import cut_windows

RENDER_CHUNK = 1000
ROUNDS_BEFORE_DRAWING = 600


def render_file(
    windows: Path, config: RenderConfig, out: Path, *, overwrite: bool = False
) -> Summary:
    """Render a windows file to counts and write them in the format that the options name."""
    whole = load_windows(windows)
    starts = range(0, len(whole), RENDER_CHUNK)
    chunks = (whole.select(slice(at, at + RENDER_CHUNK)) for at in starts)
    return _write_counts(chunks, config, out, overwrite=overwrite)


def generate(
    config: GenerateConfig,
    out: Path,
    *,
    overwrite: bool = False,
    say: Say = print,
    watch: Watch | None = None,
) -> Summary:
    """Draw windows or continuous signals from a model and write them as the sensor would have.

    Where the configuration names recordings, the model goes on with them first, by the usual options
    of fine-tuning; `watch` is told its rounds.
    """
    check_render(config)
    check_free(out, overwrite=overwrite)
    model = load_model(config.model)
    if config.logs is not None:
        target = _windows_like(model, Path(config.logs))
        say(f"{config.logs}: {len(target)} windows to go on with.")
        options = FinetuneConfig(rounds=ROUNDS_BEFORE_DRAWING, seed=config.seed)
        model = finetune(model, target, None, options, say=say, watch=watch)
    model = model.computing_in(config.precision, config.device)
    if config.stream_s is not None:
        if config.classifier is not None:
            raise ConfigError(
                "classifier: sorts windows (counts), not continuous signals (stream_s)."
            )
        signals = _continuous(model, config.stream_s, config)
        return WRITERS[config.format](signals, out, overwrite=overwrite)
    chunks = model.stream(config.counts, seed=config.seed)
    if config.classifier is not None:
        by = load_classifier(Path(config.classifier))
        wanted = model.counts_of(config.counts)
        chunks = accepted(model, by, wanted, seed=config.seed, say=say)
    return _write_counts(chunks, config, out, overwrite=overwrite)


def _continuous(
    model: Model, seconds: dict[str, float] | float, config: GenerateConfig
) -> Iterator[Counts]:
    """Give the counts of one continuous signal of each class, and what they came from."""
    by_class = seconds if isinstance(seconds, dict) else dict.fromkeys(model.classes, seconds)
    asked, profile = Streams(model, by_class, config.seed), load_profile(config.sensor)
    origin = {"seed": config.seed, "model": config.model, "provenance": list(model.provenance)}
    for chunk in stream_counts(asked, profile, render_options(config), signal=config.signal):
        yield replace(chunk, origin=origin)


def _windows_like(model: Model, path: Path) -> Windows:
    """Cut recordings into windows of the model's form, half a window apart; DataError if none fits."""
    signals = model.representation.signals
    if len({signal.rate_hz for signal in signals}) > 1:
        raise DataError(
            f"the model {model.kind} has signals at several rates: cut windows with 'wearsynth data "
            "windows' and give them to 'wearsynth finetune'."
        )
    length_s = signals[0].time / signals[0].rate_hz
    recordings = read(path, signals=[signal.name for signal in signals])
    return cut_windows(
        recordings, length_s=length_s, stride_s=length_s / 2, rate_hz=signals[0].rate_hz
    )


def check_render(config: RenderConfig) -> None:
    """Raise where the sensor, its setting or the format does not exist, before any long work."""
    if config.format not in WRITERS:
        hint = did_you_mean(config.format, WRITERS)
        raise ConfigError(f"unknown format {config.format!r}.{hint}")
    profile = load_profile(config.sensor)
    part = profile.signals.get(config.signal or "acc", next(iter(profile.signals.values())))
    choose_setting(
        profile,
        part,
        own_rate_hz=config.rate_hz or part.power_modes[0].rates_hz[0],
        full_scale=config.full_scale,
        power_mode=config.power_mode,
        rate_hz=config.rate_hz,
        low_pass=config.low_pass,
    )
    render_options(config)


def _write_counts(
    chunks: Iterator[Windows], config: RenderConfig, out: Path, *, overwrite: bool
) -> Summary:
    check_render(config)
    return WRITERS[config.format](_rendered(chunks, config), out, overwrite=overwrite)


def render_options(config: RenderConfig) -> RenderOptions:
    """Give the options of rendering that a section holds; ConfigError where they do not fit."""
    return RenderOptions(
        full_scale=config.full_scale,
        rate_hz=config.rate_hz,
        power_mode=config.power_mode,
        low_pass=config.low_pass,
        convention=config.convention,
        mounting=config.mounting,
        devices=config.devices,
        device_seed=config.device_seed,
        cross_axis_pct=config.cross_axis_pct,
        noise=config.noise,
        seed=config.seed,
    )


def _rendered(chunks: Iterator[Windows], config: RenderConfig) -> Iterator[Counts]:
    profile = load_profile(config.sensor)
    options = render_options(config)
    first = 0
    model = config.model if isinstance(config, GenerateConfig) else None
    for chunk in chunks:
        counts = render(chunk, profile, options, signal=config.signal, first_window=first)
        origin = {"seed": config.seed, "model": model, "provenance": list(chunk.provenance)}
        yield replace(counts, origin=origin)
        first += len(chunk)
