"""The whole road into one folder: every stage's output is kept, finished stages are reused."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import wearsynth
from wearsynth.config import Config, DetectConfig, DistilConfig
from wearsynth.config_recordings import DataConfig
from wearsynth.config_rendering import RenderConfig
from wearsynth.detecting import RESULT, Detecting, check_asked, detect_file
from wearsynth.errors import FileError
from wearsynth.evaluation import read_scores
from wearsynth.files import atomic_file, read_bytes
from wearsynth.formats.basic_motions import NAME as BASIC_MOTIONS
from wearsynth.generating import check_render, render_file
from wearsynth.judging import evaluate_files
from wearsynth.model import load_model
from wearsynth.optimise import Watch
from wearsynth.pipeline import distil_file, fit_file, sample_file
from wearsynth.preparing import cut_file, split_file
from wearsynth.reporting import write_report
from wearsynth.reporting.preview import write_preview
from wearsynth.section import Section
from wearsynth.training import Say, checkpoint_of

DETECTION = "detection"
"""The folder of stress detection."""


@dataclass(frozen=True)
class Stage:
    """One step: what it depends on (options and an earlier stage), its outputs, how it is made."""

    name: str
    after: str
    options: tuple[Section, ...]
    outputs: tuple[Path, ...]
    make: Callable[[], object]


@dataclass(frozen=True)
class _Walk:
    """One walk: the options, the folder and what is in it, who is told."""

    config: Config
    out: Path
    say: Say
    watch: Watch | None

    @property
    def windows(self) -> Path:
        return self.out / "windows.parquet"

    @property
    def train(self) -> Path:
        return self.out / "split" / "train.parquet"

    @property
    def holdout(self) -> Path:
        return self.out / "split" / "holdout.parquet"

    @property
    def fitted(self) -> Path:
        return self.out / "model"

    @property
    def model(self) -> Path:
        """What is sampled from: the fitted model, or the one distilled of it."""
        return self.fitted if self.config.distil is None else self.out / "model-few-steps"

    @property
    def synthetic(self) -> Path:
        return self.out / "synthetic.parquet"

    @property
    def scores(self) -> Path:
        return self.out / "scores.json"

    @property
    def report(self) -> Path:
        return self.out / "report.html"


def run(config: Config, out: Path, *, say: Say = print, watch: Watch | None = None) -> Path:
    """Walk the whole road into a folder; give the report's path.

    A stage is made anew where its options, an earlier stage, the source files or the version of
    wearsynth have changed since its outputs were written.
    """
    book = out / "stages.json"
    _check_folder(out, book)
    if config.render is not None:
        check_render(config.render)
    if config.detect is not None:
        check_asked(Detecting(config.detect, config.fit, config.privacy))
    done = _read_book(book, say)
    if not done:
        _write_book(book, done)
    keys = {"": _fingerprint(config.data)}
    walk = _Walk(config, out, say, watch)
    for stage in _stages(walk):
        key = keys[stage.name] = _key(stage, keys[stage.after])
        names = ", ".join(path.name for path in stage.outputs)
        if done.get(stage.name) == key and all(path.exists() for path in stage.outputs):
            say(f"{stage.name}: kept from before ({names})")
            continue
        say(f"{stage.name}: {names}")
        stage.make()
        done[stage.name] = key
        _write_book(book, done)
    return walk.report


def _check_folder(out: Path, book: Path) -> None:
    if out.is_dir() and any(out.iterdir()) and not book.exists():
        raise FileError(f"{out}: holds other files and no earlier run. Choose another folder.")


def _stages(walk: _Walk) -> list[Stage]:
    """Give the stages in order; those that the options leave out are not among them."""
    config = walk.config
    stages = [_windows(walk), _split(walk), _fit(walk)]
    if config.distil is not None:
        stages.append(_distil(walk, config.distil))
    stages += [_sample(walk), _evaluate(walk), _report(walk)]
    if config.detect is not None:
        stages.append(_detect(walk, config.detect))
    if config.render is not None:
        stages.append(_render(walk, config.render))
    return stages


def _windows(walk: _Walk) -> Stage:
    config = walk.config
    return Stage(
        "windows",
        "",
        (config.data, config.windows),
        (walk.windows,),
        lambda: cut_file(config.data, config.windows, walk.windows),
    )


def _split(walk: _Walk) -> Stage:
    options = walk.config.split

    def make() -> None:
        for note in split_file(walk.windows, options, walk.train.parent, overwrite=True).notes:
            walk.say(f"  {note}")

    return Stage("split", "windows", (options,), (walk.train, walk.holdout), make)


def _fit(walk: _Walk) -> Stage:
    config = walk.config

    def make() -> None:
        fit_file(
            walk.train,
            walk.fitted,
            config.fit,
            config.privacy,
            resume=checkpoint_of(walk.fitted).exists(),
            overwrite=True,
            say=walk.say,
            watch=walk.watch,
        )

    private = config.privacy.epsilon is not None
    options = (config.fit, config.privacy) if private else (config.fit,)
    return Stage("fit", "split", options, (walk.fitted / "model.json",), make)


def _distil(walk: _Walk, options: DistilConfig) -> Stage:
    def make() -> None:
        fitted = str(walk.fitted)
        distil_file(fitted, walk.model, options, overwrite=True, say=walk.say, watch=walk.watch)

    return Stage("distil", "fit", (options,), (walk.model / "model.json",), make)


def _sample(walk: _Walk) -> Stage:
    options = walk.config.sample
    return Stage(
        "sample",
        "fit" if walk.config.distil is None else "distil",
        (options,),
        (walk.synthetic,),
        lambda: sample_file(load_model(walk.model), options, walk.synthetic),
    )


def _evaluate(walk: _Walk) -> Stage:
    options = walk.config.evaluate

    def make() -> None:
        real = walk.train, walk.holdout
        evaluate_files(walk.synthetic, *real, walk.scores, quick=options.quick, seed=options.seed)

    return Stage("evaluate", "sample", (options,), (walk.scores,), make)


def _report(walk: _Walk) -> Stage:
    preview = walk.out / "preview.svg"

    def make() -> None:
        scores = read_scores(walk.scores)
        write_report(scores, walk.report)
        write_preview(scores, preview)

    return Stage("report", "evaluate", (), (walk.report, preview), make)


def _detect(walk: _Walk, options: DetectConfig) -> Stage:
    asked = Detecting(options, walk.config.fit, walk.config.privacy)
    folder = walk.out / DETECTION
    return Stage(
        "detect",
        "windows",
        (options, walk.config.fit, walk.config.privacy),
        (folder / RESULT,),
        lambda: detect_file(
            walk.windows, folder, asked, overwrite=True, say=walk.say, watch=walk.watch
        ),
    )


def _render(walk: _Walk, options: RenderConfig) -> Stage:
    counts = walk.out / options.sensor
    return Stage(
        "render",
        "sample",
        (options,),
        (counts,),
        lambda: render_file(walk.synthetic, options, counts, overwrite=True),
    )


def _key(stage: Stage, before: str) -> str:
    options = [section.model_dump() for section in stage.options]
    text = json.dumps([stage.name, before, options, wearsynth.__version__], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _read_book(book: Path, say: Say) -> dict[str, str]:
    """Give the keys of the stages that were finished before."""
    if not book.exists():
        return {}
    try:
        done = json.loads(read_bytes(book))
    except ValueError:
        done = None
    if isinstance(done, dict):
        return done
    say(f"{book}: damaged; every stage is made again.")
    return {}


def _write_book(book: Path, done: dict[str, str]) -> None:
    with atomic_file(book) as temporary:
        temporary.write_text(json.dumps(done, indent=2), encoding="utf-8")


def _fingerprint(data: DataConfig) -> str:
    """Say which files a source is made of: names, sizes, times of change."""
    if data.path == BASIC_MOTIONS:
        return BASIC_MOTIONS
    path = Path(data.path)
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    parts = [(str(f), f.stat().st_size, f.stat().st_mtime_ns) for f in files if f.is_file()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
