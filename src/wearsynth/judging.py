"""The stages that judge windows files: evaluation, its self-test, and what windows are good for."""

import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from wearsynth.classifiers import JUDGES
from wearsynth.data import Windows, check_no_shared_groups, concat
from wearsynth.errors import ConfigError, did_you_mean
from wearsynth.evaluation import evaluate, write_scores
from wearsynth.evaluation.damage import DAMAGES
from wearsynth.evaluation.person_bench import Fit, Made
from wearsynth.evaluation.person_task import class_judges, utility_by_person, write_utility
from wearsynth.evaluation.person_text import utility_lines
from wearsynth.evaluation.selftest import Finding, SelfTest, self_test, write_self_test
from wearsynth.evaluation.selftest import Watch as SelfTestWatch
from wearsynth.evaluation.text import finding_line
from wearsynth.files import check_not_input, check_writable
from wearsynth.refitting import RetrainPlan, RetrainProgress, going_on_later, retraining_of
from wearsynth.tables import load_windows
from wearsynth.training import Say

TASKS = ("classes", "stress")


@dataclass(frozen=True)
class More:
    """What an evaluation measures besides, at a cost of its own; retrain: fits to halves of people."""

    learning_curve: bool = False
    rank_agreement: bool = False
    retrain: RetrainPlan | None = None


def evaluate_files(
    synthetic: Path,
    train: Path,
    holdout: Path,
    out: Path,
    *,
    quick: bool = False,
    more: More | None = None,
    seed: int = 0,
    progress: RetrainProgress | None = None,
) -> None:
    """Judge a synthetic windows file against real ones and write scores.json.

    progress: where lines and finished fits are told, if `more` asks for fits; what these found is kept
    beside `out` until the scores are written.
    """
    check_writable(out)
    check_not_input(out, synthetic, train, holdout)
    more = more or More()
    made = load_windows(synthetic)
    sets = {"train": load_windows(train), "holdout": load_windows(holdout)}
    retrain = None
    if more.retrain is not None:
        retrain = retraining_of(more.retrain, made, sets["train"], out, progress=progress)
    with going_on_later(retrain):
        scores = evaluate(
            made,
            **sets,
            quick=quick,
            learning_curve=more.learning_curve,
            rank_agreement=more.rank_agreement,
            retrain=retrain,
            seed=seed,
        )
    write_scores(scores, out)
    if retrain is not None and retrain.keep is not None:
        retrain.keep.remove()


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


@dataclass(frozen=True)
class RealFiles:
    """Files of real windows: all people in real; or what was learnt from in train, others in holdout.

    With real, train has a file for each synthetic one, or none where those say what they learnt from.
    """

    real: Sequence[Path] = ()
    train: Sequence[Path] = ()
    holdout: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files."""
        return (*self.real, *self.train, *([self.holdout] if self.holdout else []))


def utility_files(
    synthetic: Sequence[Path],
    files: RealFiles,
    *,
    task: str = "classes",
    folds: str | None = None,
    judges: Sequence[str] = (),
    out: Path | None = None,
    seed: int = 0,
) -> Iterator[str]:
    """Say, as lines of text, what windows files are good for, person by person; write JSON to out.

    task: classes, or stress by one known network or the detectors that are named. folds: a number or
    loso; left out: loso for stress, else as `make_bench` says. judges: of classes all if left out.
    """
    looked_at, fits = _task(task, judges, seed=seed)
    number = _folds(folds or ("loso" if task == "stress" else ""))
    if out is not None:
        check_writable(out)
        check_not_input(out, *synthetic, *files.paths)
    made, real = _made_and_real(synthetic, files)
    if task == "stress":
        from wearsynth.evaluation.stress_task import told_apart  # torch: slow to import

        made = [replace(of, windows=told_apart(of.windows)) for of in made]
        real = told_apart(real)
    utility = utility_by_person(
        made, real=real, judges=fits, folds=number, looked_at=looked_at, seed=seed
    )
    if out is not None:
        write_utility(utility, out)
    return utility_lines(utility)


def _task(task: str, judges: Sequence[str], *, seed: int) -> tuple[str, Mapping[str, Fit]]:
    """Give the class that a task looks at, and its judges; ConfigError where there are none such."""
    if task not in TASKS:
        raise ConfigError(f"unknown task {task!r}; there are {' and '.join(TASKS)}.")
    if task == "stress":
        from wearsynth.evaluation.stress_task import STRESS, detectors, stress_judges

        return STRESS, detectors(judges, seed=seed) if judges else stress_judges(seed=seed)
    for name in judges:
        if name not in JUDGES:
            raise ConfigError(f"unknown judge {name!r}.{did_you_mean(name, JUDGES)}")
    return "", class_judges(list(dict.fromkeys(judges)) or list(JUDGES), seed=seed)


def _folds(text: str) -> int | None:
    """Give the number of folds; None for "", more than there are people for loso."""
    if text in {"", "loso"}:
        return sys.maxsize if text else None
    if not (text.isascii() and text.isdigit() and int(text) >= 2):
        raise ConfigError(f"--folds {text!r}: expected a number of at least 2, or loso.")
    return int(text)


def _made_and_real(synthetic: Sequence[Path], files: RealFiles) -> tuple[list[Made], Windows]:
    """Give the synthetic sets, each with the groups that its generator saw, and all real windows."""
    learnt = [load_windows(path) for path in files.train]
    if files.real and files.holdout is None and len(learnt) in {0, len(synthetic)}:
        each = [of.group.tolist() for of in learnt] or [[] for _ in synthetic]
        made = [_made(path, of) for path, of in zip(synthetic, each, strict=True)]
        return made, _joined(map(load_windows, files.real))
    if not files.real and files.holdout is not None and len(learnt) == 1:
        holdout = load_windows(files.holdout)
        made = [_made(path, learnt[0].group.tolist()) for path in synthetic]
        for of in made:
            check_no_shared_groups(of.seen, holdout.group, f"what {of.name} learnt from", "holdout")
        return made, _joined([learnt[0], holdout])
    raise ConfigError(
        "say where real windows are: --real (all people), with no --train or one for each synthetic "
        "file; or one --train and --holdout."
    )


def _made(path: Path, learnt_from: Iterable[str]) -> Made:
    windows = load_windows(path)
    return Made(str(path), windows, frozenset([*windows.trained_groups, *learnt_from]))


def _joined(sets: Iterable[Windows]) -> Windows:
    """Give all windows; groups that have no name keep the one they have in their own set."""
    return concat(
        replace(w, recording=np.where(w.subject == "", w.group, w.recording)) for w in sets
    )
