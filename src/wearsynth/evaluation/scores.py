"""What an evaluation gives: figures beside their references, and the data a report is drawn from."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from wearsynth.errors import DataError, did_you_mean
from wearsynth.evaluation.pictures import Pictures
from wearsynth.files import atomic_file, read_bytes

SCHEMA_VERSION = 1

Better = Literal["lower", "higher", "near .5"]
Verdict = Literal[
    "ok", "weak", "bad", "suspicious (copy?)", "too few", "not measured", "for comparison"
]


@dataclass(frozen=True)
class Reference:
    """The same figure for real windows of other people in the synthetic windows' place."""

    mean: float
    worst: float
    draws: int


@dataclass(frozen=True)
class Score:
    """One figure beside its reference.

    value is None where it cannot be had; note then says why. interval: 95 %, of what interval_of
    says. excess: how far beyond the reference, in its own spread; verdict: the same in a word.
    """

    name: str
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
    schema_version: int = field(default=SCHEMA_VERSION)

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


@dataclass(frozen=True)
class About:
    """What a figure is called, which way is better, what it means and how it is computed."""

    title: str
    better: Better
    meaning: str
    how: str


FIGURES: dict[str, About] = {
    "feature_w1": About(
        "Features",
        "lower",
        "How far level, spread, shape and rhythm of the windows lie from real ones.",
        "Wasserstein-1 distance between synthetic and holdout windows for each class and feature, in "
        "units of the feature's sd among real windows of the class (at least a tenth of its sd over "
        "all classes; 1 where a feature that never varies differs at all); mean over features, then "
        "over classes.",
    ),
    "log_band_w1": About(
        "Band powers",
        "lower",
        "How far the power in each octave of frequency lies from real, in decades.",
        "Wasserstein-1 distance between log10 powers in octave bands of synthetic and holdout "
        "windows; mean over channels and bands, then over classes.",
    ),
    "autocorrelation": About(
        "Autocorrelation",
        "lower",
        "How far the average rhythm of each class lies from the real one.",
        "Mean absolute difference of the class-mean autocorrelation between synthetic and holdout "
        "windows, over lags up to half a window, channels and classes.",
    ),
    "detector_auc": About(
        "Detector AUC",
        "near .5",
        "How well a classifier tells synthetic windows from those of people it has not met (.5: not "
        "at all, 1: always).",
        "Folds over the holdout's groups: randomised trees learn the other groups against a part of "
        "the synthetic windows and are tested on the fold's groups and the rest, equal numbers by "
        "class; mean AUC over folds.",
    ),
    "near_copies": About(
        "Near copies",
        "lower",
        "The share of synthetic windows suspiciously close to one training window (other people: .01).",
        "A near copy lies closer to its nearest training window than 99 % of the holdout windows to "
        "theirs. Distances are Euclidean, once between readings and once between features, in units of "
        "their sd among training windows (every signal weighs the same), divided by the class's median among "
        "holdout windows; the larger share counts. Reference: one half of the holdout's groups in "
        "the synthetic windows' place, judged by the other half.",
    ),
    "nn_ratio": About(
        "Nearest-neighbour ratio",
        "higher",
        "Distance to the nearest training window against that of other people; well below 1 means "
        "copying.",
        "Median distance synthetic -> nearest training window over median distance holdout -> "
        "nearest training window, distances as for near copies; the smaller of the two counts.",
    ),
    "tstr_macro_f1": About(
        "TSTR macro F1 ({judge})",
        "higher",
        "How well a classifier trained on synthetic windows alone knows the classes of new people.",
        "The {judge} judge is trained on the synthetic windows and tested on the holdout; F1, mean "
        "over classes. Reference: trained on as many real windows of random training groups. The "
        "interval is that of the difference to training on all real training windows, by bootstrap "
        "over the holdout's groups.",
    ),
    "trtr_macro_f1": About(
        "TRTR macro F1 ({judge})",
        "higher",
        "The same classifier trained on all real training windows: what there is to reach.",
        "The {judge} judge is trained on the training windows and tested on the holdout; F1, mean "
        "over classes; bootstrap over the holdout's groups.",
    ),
}
"""Every figure by name, in the order of the table."""
