"""What an evaluation gives: figures beside their references, and the data a report is drawn from."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from wearsynth.errors import DataError, did_you_mean
from wearsynth.evaluation.pictures import Pictures
from wearsynth.evaluation.text import as_text
from wearsynth.files import atomic_file, read_bytes

SCHEMA_VERSION = 2

Better = Literal["lower", "higher", "near .5", "near 1"]
Family = Literal["like", "useful", "private"]
Verdict = Literal[
    "ok",
    "weak",
    "bad",
    "suspicious (copy?)",
    "no power",
    "too few",
    "not measured",
    "for comparison",
    "control",
]


@dataclass(frozen=True)
class Reference:
    """The same figure for real windows of other people in the synthetic windows' place."""

    mean: float
    worst: float
    draws: int


@dataclass(frozen=True)
class Part:
    """A figure for one signal and one class alone; value None where one side has no windows."""

    signal: str
    class_name: str
    value: float | None
    reference: Reference | None
    excess: float | None


@dataclass(frozen=True)
class Score:
    """One figure beside its reference.

    family: what it speaks of: how like, how useful, how private. value is None where it cannot be
    had; note then says why. interval: 95 %, of what interval_of says. excess: how far beyond the
    reference, in its own spread; verdict: the same in a word. parts: by signal and class, where the
    figure has them. blind: what it cannot tell.
    """

    name: str
    family: Family
    title: str
    value: float | None
    interval: tuple[float, float] | None
    reference: Reference | None
    excess: float | None
    verdict: Verdict
    better: Better
    meaning: str
    how: str
    interval_of: str = "value"
    note: str = ""
    parts: tuple[Part, ...] = ()
    blind: str = ""


@dataclass(frozen=True)
class SetSummary:
    """One of the three window sets: numbers by class, groups, and how it was made."""

    windows: int
    counts: dict[str, int]
    groups: int
    provenance: tuple[str, ...]


@dataclass(frozen=True)
class Scores:
    """All figures of one evaluation; plain data, written as JSON.

    contains_real_windows: pictures hold recordings of real people, so the file stays inside.
    version: of wearsynth that judged, empty where it was not written down.
    """

    scores: tuple[Score, ...]
    synthetic: SetSummary
    train: SetSummary
    holdout: SetSummary
    notes: tuple[str, ...]
    pictures: Pictures
    contains_real_windows: bool
    quick: bool
    seed: int
    version: str = ""
    schema_version: int = field(default=SCHEMA_VERSION)

    def __str__(self) -> str:
        return as_text(self)

    def score(self, name: str) -> Score:
        """Give the score of that name; DataError with the nearest name if there is none."""
        found = {score.name: score for score in self.scores}
        if name not in found:
            raise DataError(f"unknown score {name!r}.{did_you_mean(name, found)}")
        return found[name]

    def to_json(self) -> str:
        """Give the scores as one JSON object."""
        return _ADAPTER.dump_json(self).decode()

    @staticmethod
    def from_json(text: str | bytes) -> "Scores":
        """Give the scores that `to_json` wrote; DataError if the text is anything else."""
        try:
            scores = _ADAPTER.validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the text"
            raise DataError(
                f"not scores of wearsynth: {where}: {first['msg']}. Make them with wearsynth evaluate."
            ) from error
        if scores.schema_version != SCHEMA_VERSION:
            raise DataError(
                f"scores have schema version {scores.schema_version}, this version reads "
                f"{SCHEMA_VERSION}: evaluate again."
            )
        return scores


_ADAPTER = TypeAdapter(Scores)


def write_scores(scores: Scores, path: Path) -> None:
    """Write the scores as JSON; FileError if `path` cannot be written."""
    with atomic_file(path) as temporary:
        temporary.write_text(scores.to_json(), encoding="utf-8")


def read_scores(path: Path) -> Scores:
    """Give the scores in a file; FileError or DataError, with the path, if they cannot be read."""
    try:
        return Scores.from_json(read_bytes(path))
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
