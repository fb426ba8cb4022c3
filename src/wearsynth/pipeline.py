"""The stages from training on, file by file, as the commands call them."""

import time
from collections.abc import Iterator
from pathlib import Path

from wearsynth.config import (
    FitConfig,
    GenerateConfig,
    RenderConfig,
    SampleConfig,
)
from wearsynth.data import Windows
from wearsynth.errors import ConfigError, TrainingError, did_you_mean
from wearsynth.evaluation import evaluate, write_scores
from wearsynth.evaluation.damage import DAMAGES
from wearsynth.evaluation.selftest import Finding, SelfTest, self_test, write_self_test
from wearsynth.evaluation.selftest import Watch as SelfTestWatch
from wearsynth.evaluation.text import finding_line
from wearsynth.files import check_free, check_not_input, check_writable
from wearsynth.formats.manifest import Summary
from wearsynth.formats.writers import WRITERS
from wearsynth.model import Model, load_model, save_model
from wearsynth.optimise import Watch
from wearsynth.rendering import RenderOptions, render
from wearsynth.sensors import Counts, load_profile
from wearsynth.sensors.choosing import choose_setting
from wearsynth.tables import load_windows, windows_writer
from wearsynth.training import Say, checkpoint_of, fit, remove_checkpoint

RENDER_CHUNK = 1000


def fit_file(
    train: Path,
    out: Path,
    config: FitConfig,
    *,
    resume: bool = False,
    overwrite: bool = False,
    say: Say = print,
    watch: Watch | None = None,
) -> Model:
    """Fit a model to a windows file and write its folder."""
    check_free(out, overwrite=overwrite)
    check_writable(out)
    windows = load_windows(train)
    checkpoint = checkpoint_of(out)
    if overwrite and not resume:
        remove_checkpoint(checkpoint)
    try:
        model = fit(windows, config, say=say, watch=watch, checkpoint=checkpoint, resume=resume)
    except TrainingError:
        remove_checkpoint(checkpoint)
        raise
    save_model(model, out, overwrite=overwrite)
    remove_checkpoint(checkpoint)
    return model


def sample_file(model: Model, config: SampleConfig, out: Path) -> dict[str, int]:
    """Stream windows from a model to a file; give how many of each class were written."""
    written = dict.fromkeys(model.classes, 0)
    with windows_writer(out) as writer:
        for chunk in model.stream(config.counts, seed=config.seed):
            writer.append(chunk)
            for name, count in chunk.counts.items():
                written[name] += count
    return written


def render_file(
    windows: Path, config: RenderConfig, out: Path, *, overwrite: bool = False
) -> Summary:
    """Render a windows file to counts and write them in the format that the options name."""
    whole = load_windows(windows)
    starts = range(0, len(whole), RENDER_CHUNK)
    chunks = (whole.select(slice(at, at + RENDER_CHUNK)) for at in starts)
    return _write_counts(chunks, config, out, overwrite=overwrite)


def generate(config: GenerateConfig, out: Path, *, overwrite: bool = False) -> Summary:
    """Draw windows from a model and write them as the sensor would have recorded them."""
    model = load_model(config.model)
    chunks = model.stream(config.counts, seed=config.seed)
    return _write_counts(chunks, config, out, overwrite=overwrite)


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
    )


def _write_counts(
    chunks: Iterator[Windows], config: RenderConfig, out: Path, *, overwrite: bool
) -> Summary:
    check_render(config)
    return WRITERS[config.format](_rendered(chunks, config), out, overwrite=overwrite)


def _rendered(chunks: Iterator[Windows], config: RenderConfig) -> Iterator[Counts]:
    profile = load_profile(config.sensor)
    options = RenderOptions(
        full_scale=config.full_scale,
        rate_hz=config.rate_hz,
        power_mode=config.power_mode,
        convention=config.convention,
        devices=config.devices,
        noise=config.noise,
        seed=config.seed,
    )
    first = 0
    for chunk in chunks:
        yield render(chunk, profile, options, signal=config.signal, first_window=first)
        first += len(chunk)


def evaluate_files(
    synthetic: Path,
    train: Path,
    holdout: Path,
    out: Path,
    *,
    quick: bool = False,
    learning_curve: bool = False,
    rank_agreement: bool = False,
    seed: int = 0,
) -> None:
    """Judge a synthetic windows file against real ones and write scores.json."""
    check_writable(out)
    check_not_input(out, synthetic, train, holdout)
    sets = {"train": load_windows(train), "holdout": load_windows(holdout)}
    scores = evaluate(
        load_windows(synthetic),
        **sets,
        quick=quick,
        learning_curve=learning_curve,
        rank_agreement=rank_agreement,
        seed=seed,
    )
    write_scores(scores, out)


def self_test_file(
    real: Path, out: Path, *, quick: bool = False, seed: int = 0, say: Say = print
) -> SelfTest:
    """Plant damage in a file of real windows, write and give which figures saw it."""
    check_writable(out)
    check_not_input(out, real)
    windows = load_windows(real)
    first_use = "" if quick else "; on its first use MiniRocket compiles, which can take a minute"
    say(
        f"self-test: {len(DAMAGES) + 2} evaluations; the first tells how long they take{first_use}. "
        "Ctrl-C stops it, and nothing is written."
    )
    test = self_test(windows, quick=quick, seed=seed, watch=_telling(say))
    write_self_test(test, out)
    return test


def _telling(say: Say) -> SelfTestWatch:
    """Give what says a line after each step of a self-test, with the time left."""
    start_s = time.monotonic()

    def watch(finding: Finding, done: int, steps: int) -> None:
        left_s = (time.monotonic() - start_s) / done * (steps - done)
        left = f", about {left_s:.0f} s left" if done < steps else ""
        say(f"{done} of {steps}, {finding_line(finding)}{left}")

    return watch


def stress_task_files(
    synthetic: Path, train: Path, holdout: Path, *, seed: int = 0
) -> Iterator[str]:
    """Give, as lines of text, how well stress is found after training on each windows file."""
    from wearsynth.evaluation.stress_task import stress_task, task_lines

    sets = {"train": load_windows(train), "holdout": load_windows(holdout)}
    return task_lines(stress_task(load_windows(synthetic), **sets, seed=seed))
