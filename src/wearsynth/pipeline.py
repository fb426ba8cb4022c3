"""The stages of the road as the commands call them, and `run`, which walks them all."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import wearsynth
from wearsynth.config import (
    Config,
    DataConfig,
    FitConfig,
    GenerateConfig,
    RenderConfig,
    SampleConfig,
    Section,
)
from wearsynth.data import Windows
from wearsynth.errors import ConfigError, did_you_mean
from wearsynth.evaluation import evaluate, read_scores, write_scores
from wearsynth.files import atomic_file, check_free, check_writable, read_bytes
from wearsynth.formats.basic_motions import NAME as BASIC_MOTIONS
from wearsynth.formats.manifest import Summary
from wearsynth.formats.sources import read_source
from wearsynth.formats.writers import WRITERS
from wearsynth.model import Model, load_model, save_model
from wearsynth.optimise import Watch
from wearsynth.rendering import RenderOptions, render
from wearsynth.reporting import write_report
from wearsynth.sensors import Counts, load_profile
from wearsynth.tables import load_windows, save_split, save_windows, windows_writer
from wearsynth.training import Say, checkpoint_of, fit
from wearsynth.windowing import cut_windows, split

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
    model = fit(windows, config, say=say, watch=watch, checkpoint=checkpoint_of(out), resume=resume)
    save_model(model, out, overwrite=overwrite)
    shutil.rmtree(checkpoint_of(out), ignore_errors=True)
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


def _write_counts(
    chunks: Iterator[Windows], config: RenderConfig, out: Path, *, overwrite: bool
) -> Summary:
    if config.format not in WRITERS:
        raise ConfigError(
            f"unknown format {config.format!r}.{did_you_mean(config.format, WRITERS)}"
        )
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
    synthetic: Path, train: Path, holdout: Path, out: Path, *, quick: bool = False, seed: int = 0
) -> None:
    """Judge a synthetic windows file against real ones and write scores.json."""
    check_writable(out)
    sets = {"train": load_windows(train), "holdout": load_windows(holdout)}
    write_scores(evaluate(load_windows(synthetic), **sets, quick=quick, seed=seed), out)


@dataclass(frozen=True)
class _Stages:
    """What has been finished in a run folder: a key for each stage, kept in stages.json.

    A stage's key covers its options, the key of the stage before it and the version of wearsynth.
    """

    folder: Path
    say: Say

    def walk(
        self, name: str, before: str, options: Any, outputs: list[Path], make: Callable[[], object]
    ) -> str:
        """Make the stage unless its outputs are there with the same key; give its key."""
        text = json.dumps([name, before, options, wearsynth.__version__], sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()
        done = self._done()
        if done.get(name) == key and all(path.exists() for path in outputs):
            self.say(f"{name}: kept from before ({', '.join(path.name for path in outputs)})")
            return key
        self.say(f"{name}: {', '.join(path.name for path in outputs)}")
        make()
        with atomic_file(self._book) as temporary:
            temporary.write_text(json.dumps({**done, name: key}, indent=2), encoding="utf-8")
        return key

    @property
    def _book(self) -> Path:
        return self.folder / "stages.json"

    def _done(self) -> dict[str, str]:
        if not self._book.exists():
            return {}
        try:
            done: dict[str, str] = json.loads(read_bytes(self._book))
        except ValueError:
            self.say(f"{self._book}: damaged; every stage is made again.")
            return {}
        return done


def run(config: Config, out: Path, *, say: Say = print, watch: Watch | None = None) -> Path:
    """Walk the whole road into a folder; give the report's path. Finished stages are reused."""
    stages = _Stages(out, say)
    windows, model, sampled = out / "windows.parquet", out / "model", out / "synthetic.parquet"
    train, holdout = out / "split" / "train.parquet", out / "split" / "holdout.parquet"
    scores, report = out / "scores.json", out / "report.html"
    check_writable(out / "stages.json")

    def make_windows() -> None:
        cut = config.windows
        recordings = read_source(config.data)
        save_windows(
            cut_windows(
                recordings, length_s=cut.length_s, stride_s=cut.stride_s, rate_hz=cut.rate_hz
            ),
            windows,
        )

    def make_split() -> None:
        parts = split(load_windows(windows), **config.split.model_dump())
        for note in parts.notes:
            say(f"  {note}")
        save_split(parts, out / "split", overwrite=True)

    def make_model() -> None:
        fit_file(train, model, config.fit, resume=True, overwrite=True, say=say, watch=watch)

    def make_scores() -> None:
        evaluate_files(sampled, train, holdout, scores, **config.evaluate.model_dump())

    def options(*sections: Section) -> list[dict[str, Any]]:
        return [section.model_dump() for section in sections]

    source = _fingerprint(config.data)
    key = stages.walk(
        "windows", source, options(config.data, config.windows), [windows], make_windows
    )
    key = stages.walk("split", key, options(config.split), [train, holdout], make_split)
    key = stages.walk("fit", key, options(config.fit), [model / "model.json"], make_model)
    key = stages.walk(
        "sample",
        key,
        options(config.sample),
        [sampled],
        lambda: sample_file(load_model(model), config.sample, sampled),
    )
    judged = stages.walk("evaluate", key, options(config.evaluate), [scores], make_scores)
    stages.walk("report", judged, [], [report], lambda: write_report(read_scores(scores), report))
    if config.render is not None:
        section = config.render
        stages.walk(
            "render",
            key,
            options(section),
            [out / section.sensor],
            lambda: render_file(sampled, section, out / section.sensor, overwrite=True),
        )
    return report


def _fingerprint(data: DataConfig) -> str:
    """Say which files a source is made of: names, sizes, times of change."""
    if data.path == BASIC_MOTIONS:
        return BASIC_MOTIONS
    path = Path(data.path)
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    parts = [(str(f), f.stat().st_size, f.stat().st_mtime_ns) for f in files if f.is_file()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
