"""Results of evaluations, kept by content: the same windows, judge and options are judged once."""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import sklearn
from leaderboard_sets import Contest

import wearsynth
from wearsynth.data import Windows
from wearsynth.evaluation import Scores, evaluate
from wearsynth.files import atomic_file

PACKAGE = Path(wearsynth.__file__).parent
JUDGE = ("evaluation", "classifiers", "features.py", "data.py")
"""What the figures depend on, in the package."""

TRAINING = (
    "config.py",
    "training.py",
    "stopping.py",
    "conditions.py",
    "distilling.py",
    "optimise.py",
    "generators",
    "representation.py",
    "grids.py",
    "model.py",
    "features.py",
)
"""What the windows of our own generators depend on."""


@dataclass(frozen=True)
class Figure:
    """A figure of one evaluation; value None where it could not be had.

    real, worst: the mean and the worst of the same for real people.
    """

    value: float | None
    real: float | None
    worst: float | None
    excess: float | None
    verdict: str


@dataclass(frozen=True)
class Result:
    """What one evaluation gave: figures by name, and the CPU seconds that it took."""

    figures: Mapping[str, Figure]
    cpu_s: float


def source_digest(parts: Iterable[str]) -> str:
    """Give a hash of the Python source of some files and folders of the package."""
    digest = hashlib.sha256(f"{np.__version__} {sklearn.__version__}".encode())
    for part in parts:
        path = PACKAGE / part
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.relative_to(PACKAGE).as_posix().encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


JUDGE_SOURCE, TRAINING_SOURCE = source_digest(JUDGE), source_digest(TRAINING)
"""Taken when this is imported, as the source is: it may be edited while a long run goes on."""


def windows_digest(windows: Windows) -> str:
    """Give a hash of all that a judge or a generator sees of windows."""
    digest = hashlib.sha256(repr((windows.classes, windows.trained_groups)).encode())
    for name, signal in sorted(windows.signals.items()):
        digest.update(repr((name, signal.rate_hz, signal.channels, signal.values.shape)).encode())
        digest.update(np.ascontiguousarray(signal.values).tobytes())
    for names in (windows.subject, windows.recording):
        digest.update("\0".join(names.tolist()).encode())
    digest.update(windows.label.tobytes())
    return digest.hexdigest()


def key_of(contest: Contest, *, judge: str, quick: bool, seed: int) -> str:
    """Give the name under which the evaluation of three sets is kept."""
    sets = [windows_digest(w) for w in (contest.synthetic, contest.train, contest.holdout)]
    return hashlib.sha256(json.dumps([*sets, judge, quick, seed]).encode()).hexdigest()[:32]


def kept(folder: Path, key: str) -> Result | None:
    """Give a result that was kept, None where there is none."""
    path = folder / f"{key}.json"
    if not path.is_file():
        return None
    held = json.loads(path.read_text(encoding="utf-8"))
    figures = {name: Figure(**figure) for name, figure in held["figures"].items()}
    return Result(figures, held["cpu_s"])


def judged(contest: Contest, folder: Path, key: str, *, quick: bool, seed: int) -> Result:
    """Evaluate and keep what comes of it."""
    start_s = time.process_time()
    train, holdout = contest.train, contest.holdout
    scores = evaluate(contest.synthetic, train=train, holdout=holdout, quick=quick, seed=seed)
    result = Result(_figures(scores), round(time.process_time() - start_s, 2))
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_file(folder / f"{key}.json") as temporary:
        temporary.write_text(json.dumps(asdict(result), indent=1), encoding="utf-8")
    return result


def _figures(scores: Scores) -> dict[str, Figure]:
    return {
        score.name: Figure(
            value=score.value,
            real=None if score.reference is None else score.reference.mean,
            worst=None if score.reference is None else score.reference.worst,
            excess=score.excess,
            verdict=score.verdict,
        )
        for score in scores.scores
    }
