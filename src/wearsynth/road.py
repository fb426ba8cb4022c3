"""The whole road into one folder: every stage's output is kept, finished stages are reused."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import wearsynth
from wearsynth.config import Config
from wearsynth.config_recordings import DataConfig
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
    for stage in _stages(config, out, say, watch):
        key = keys[stage.name] = _key(stage, keys[stage.after])
        names = ", ".join(path.name for path in stage.outputs)
        if done.get(stage.name) == key and all(path.exists() for path in stage.outputs):
            say(f"{stage.name}: kept from before ({names})")
            continue
        say(f"{stage.name}: {names}")
        stage.make()
        done[stage.name] = key
        _write_book(book, done)
    return out / "report.html"


def _check_folder(out: Path, book: Path) -> None:
    if out.is_dir() and any(out.iterdir()) and not book.exists():
        raise FileError(f"{out}: holds other files and no earlier run. Choose another folder.")


def _stages(config: Config, out: Path, say: Say, watch: Watch | None) -> list[Stage]:
    windows, split, fitted = out / "windows.parquet", out / "split", out / "model"
    model = fitted if config.distil is None else out / "model-few-steps"
    train, holdout = split / "train.parquet", split / "holdout.parquet"
    synthetic, scores = out / "synthetic.parquet", out / "scores.json"
    report, preview = out / "report.html", out / "preview.svg"

    def make_split() -> None:
        for note in split_file(windows, config.split, split, overwrite=True).notes:
            say(f"  {note}")

    def make_model() -> None:
        begun = checkpoint_of(fitted).exists()
        fit_file(
            train,
            fitted,
            config.fit,
            config.privacy,
            resume=begun,
            overwrite=True,
            say=say,
            watch=watch,
        )

    def make_scores() -> None:
        judge = config.evaluate
        evaluate_files(synthetic, train, holdout, scores, quick=judge.quick, seed=judge.seed)

    def make_report() -> None:
        write_report(read_scores(scores), report)
        write_preview(read_scores(scores), preview)

    private = config.privacy.epsilon is not None
    fit_options = (config.fit, config.privacy) if private else (config.fit,)
    stages = [
        Stage(
            "windows",
            "",
            (config.data, config.windows),
            (windows,),
            lambda: cut_file(config.data, config.windows, windows),
        ),
        Stage("split", "windows", (config.split,), (train, holdout), make_split),
        Stage("fit", "split", fit_options, (fitted / "model.json",), make_model),
        Stage(
            "sample",
            "fit" if config.distil is None else "distil",
            (config.sample,),
            (synthetic,),
            lambda: sample_file(load_model(model), config.sample, synthetic),
        ),
        Stage("evaluate", "sample", (config.evaluate,), (scores,), make_scores),
        Stage("report", "evaluate", (), (report, preview), make_report),
    ]
    if config.distil is not None:
        few = config.distil
        stages.insert(
            3,
            Stage(
                "distil",
                "fit",
                (few,),
                (model / "model.json",),
                lambda: distil_file(str(fitted), model, few, overwrite=True, say=say, watch=watch),
            ),
        )
    if config.detect is not None:
        asked, folder = Detecting(config.detect, config.fit, config.privacy), out / DETECTION
        stages.append(
            Stage(
                "detect",
                "windows",
                (config.detect, config.fit, config.privacy),
                (folder / RESULT,),
                lambda: detect_file(windows, folder, asked, overwrite=True, say=say, watch=watch),
            )
        )
    if config.render is not None:
        options, counts = config.render, out / config.render.sensor
        stages.append(
            Stage(
                "render",
                "sample",
                (options,),
                (counts,),
                lambda: render_file(synthetic, options, counts, overwrite=True),
            )
        )
    return stages


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
