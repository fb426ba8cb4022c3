"""Scores of a benchmark by person: AUC and macro F1 of folds, and gain shares with their intervals."""

from dataclasses import dataclass, field

import numpy as np
from private_release_sets import Fold, described
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from wearsynth.data import Windows

TREES, LEAST_LEAF, RIDGE = 50, 3, 0.01
JUDGES = ("trees", "logistic")
BOOTSTRAPS = 1000
LOW, HIGH = 5, 95
"""The ends of a 90 % interval, in percent."""


@dataclass(frozen=True, eq=False)
class Score:
    """One row in one fold and draw.

    above: (judge, person, person), how many pairs of a stress window of the first and a rest window of
    the second are in the right order. pairs: how many there are. f1: (judge,), macro. stress_share: of
    the windows.
    """

    fold: int
    above: np.ndarray
    pairs: np.ndarray
    f1: np.ndarray
    stress_share: float

    @property
    def auc(self) -> np.ndarray:
        """(judge,)."""
        found: np.ndarray = self.above.sum(axis=(1, 2)) / self.pairs.sum()
        return found


@dataclass(eq=False)
class Row:
    """One line of the table: a name, whether it uses private data, its scores."""

    name: str
    kind: str
    scores: list[Score] = field(default_factory=list)

    def mean(self, what: str) -> list[float]:
        """Give the mean over draws within a fold, then over folds, for each judge."""
        folds = sorted({score.fold for score in self.scores})
        by_fold = [
            np.mean([getattr(s, what) for s in self.scores if s.fold == fold], axis=0)
            for fold in folds
        ]
        return [float(value) for value in np.mean(by_fold, axis=0)]


def judged(made: Windows, fold: Fold, number: int) -> Score:
    """Learn from made windows, and decide on those of the people who judge."""
    learnt, label = described(made), made.label
    seen, truth = described(fold.judging), fold.judging.label
    names, person = np.unique(fold.judging.subject, return_inverse=True)
    above, f1 = [], []
    for judge in (
        ExtraTreesClassifier(TREES, random_state=0, min_samples_leaf=LEAST_LEAF, n_jobs=1),
        make_pipeline(StandardScaler(), LogisticRegression(C=RIDGE, max_iter=500)),
    ):
        chance = judge.fit(learnt, label).predict_proba(seen)[:, 1]
        above.append(_above(chance, truth, person, len(names)))
        f1.append(f1_score(truth, chance > 0.5, average="macro", zero_division=0.0))
    stress, rest = (np.bincount(person[truth == of], minlength=len(names)) for of in (1, 0))
    return Score(
        number, np.stack(above), np.outer(stress, rest).astype(float), np.array(f1), truth.mean()
    )


def _above(chance: np.ndarray, truth: np.ndarray, person: np.ndarray, people: int) -> np.ndarray:
    right = np.zeros((people, people))
    for one in range(people):
        stress = chance[(person == one) & (truth == 1)][:, None]
        for other in range(people):
            rest = chance[(person == other) & (truth == 0)]
            right[one, other] = (stress > rest).sum() + 0.5 * (stress == rest).sum()
    return right


def bootstrapped(row: Row, *, seed: int) -> np.ndarray:
    """Give mean AUC of both judges for people drawn again in each fold, (bootstrap,).

    The same seed draws the same people for every row.
    """
    folds = sorted({score.fold for score in row.scores})
    by_fold = []
    for fold in folds:
        of = [score for score in row.scores if score.fold == fold]
        rng = np.random.default_rng([seed, fold])
        people = of[0].pairs.shape[0]
        weight = rng.multinomial(people, np.full(people, 1 / people), size=BOOTSTRAPS).astype(float)
        above = np.mean([score.above.mean(axis=0) for score in of], axis=0)
        right = np.einsum("bp,pq,bq->b", weight, above, weight)
        by_fold.append(right / np.einsum("bp,pq,bq->b", weight, of[0].pairs, weight))
    mean: np.ndarray = np.mean(by_fold, axis=0)
    return mean


@dataclass(frozen=True)
class Gain:
    """A row against the best row without private data: in AUC and as a share of what real windows gain."""

    auc: float
    auc_low: float
    auc_high: float
    share: float
    share_low: float
    share_high: float


def gain(row: Row, no_data: list[Row], real: Row, *, seed: int = 0) -> Gain:
    """Give the gain; in every bootstrap over people the best row without data is found again.

    The share is NaN where real windows gain nothing over the best row without data.
    """
    own, best, most = (
        np.mean(row.mean("auc")),
        max(np.mean(of.mean("auc")) for of in no_data),
        np.mean(real.mean("auc")),
    )
    drawn = bootstrapped(row, seed=seed)
    best_drawn = np.max([bootstrapped(of, seed=seed) for of in no_data], axis=0)
    room = np.maximum(bootstrapped(real, seed=seed) - best_drawn, 1e-3)
    apart, share = drawn - best_drawn, (drawn - best_drawn) / room
    return Gain(
        float(own - best),
        *(float(value) for value in np.percentile(apart, [LOW, HIGH])),
        float((own - best) / (most - best)) if most > best else float("nan"),
        *(float(value) for value in np.percentile(share, [LOW, HIGH])),
    )
