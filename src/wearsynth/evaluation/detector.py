"""How well classifiers tell windows from those of people they have not met."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from wearsynth.classifiers import FIRST_USE, fit_kernels, fit_ridge, fit_trees, readings
from wearsynth.data import IntArray, StrArray, Windows, concat
from wearsynth.evaluation.described import Described, thinned
from wearsynth.evaluation.giveaway import what_gave_it_away
from wearsynth.evaluation.reference import Measured, deal_groups, pick, scored, standard_error
from wearsynth.evaluation.scores import Score
from wearsynth.evaluation.trial import Trial

log = logging.getLogger(__name__)

HALVES = 2
"""How many random halves the detector tries: each costs as much as a reference draw."""

KERNELS = 2000
KERNEL_WINDOWS = 500
"""MiniRocket's kernels are set on at most so many windows of each of the three sets."""

EPOCHS = 16
"""The network learns less long than where it judges usefulness: it is fitted many times."""

Inputs = Mapping[str, NDArray[Any]]
"""What a detector looks at, by name: arrays with a row a window."""

Tell = Callable[[Inputs, IntArray, Inputs], NDArray[np.float64]]
"""(inputs to learn from, which are candidates, inputs to judge) -> the larger, the more candidate."""

Look = Callable[[Windows, Described], Inputs]
"""(windows, some of them described) -> what the detector sees of these."""


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two sets that are to be told apart; a row a window."""

    inputs: Inputs
    label: IntArray
    group: StrArray

    def __len__(self) -> int:
        return len(self.label)

    def select(self, index: IntArray) -> "Side":
        """Give the rows at an index, in its order."""
        inputs = {name: values[index] for name, values in self.inputs.items()}
        return Side(inputs, self.label[index], self.group[index])


@dataclass(frozen=True)
class Detector:
    """A judge that tells real from not real. most: windows of a side; folds: at most so many."""

    look: Callable[[Trial], Look]
    tell: Callable[[Trial], Tell]
    most: int
    folds: int


@dataclass(frozen=True)
class Told:
    """What one detector found: the AUC of each fold; their mean for every draw and random half."""

    judge: str
    folds: Sequence[float]
    draws: Sequence[float]
    halves: Sequence[float]

    @property
    def measured(self) -> Measured:
        """The mean over folds beside its reference."""
        error = standard_error(self.folds) / float(np.sqrt(len(self.folds)))
        limit = _limit(self.draws, self.halves, error)
        return Measured(float(np.mean(self.folds)), error, self.draws, limit)


def detector_scores(trial: Trial) -> tuple[Score, ...]:
    """Give the largest detector's AUC, beside the same for draws of real people.

    Where there are several detectors, each one's own AUC follows for comparison.
    """
    told = [found for judge in trial.effort.detectors if (found := _told(judge, trial))]
    if not told:
        why = "folds over the holdout's groups need two groups and two windows of a class in each"
        return (scored("detector_auc", Measured(None, 0.0, note=why), limits=(0.0, 1.0)),)
    largest = max(told, key=lambda found: float(np.mean(found.folds)))
    draws = np.max([found.draws for found in told], axis=0).tolist()
    halves = np.max([found.halves for found in told], axis=0).tolist()
    measured = replace(
        largest.measured,
        draws=draws,
        halves=_limit(draws, halves, largest.measured.standard_error),
        note=_note(trial, told, largest),
    )
    each = [
        scored("detector_auc_by", found.measured, limits=(0.0, 1.0), judge=found.judge)
        for found in told
        if len(told) > 1
    ]
    whole = scored("detector_auc", measured, limits=(0.0, 1.0))
    return (whole, *(replace(score, verdict="for comparison") for score in each))


def _limit(draws: Sequence[float], halves: Sequence[float], error: float) -> list[float]:
    """Give the AUC below which windows are suspicious: then all of the interval is.

    Nearer to halves of the same people than to other people, and below every draw of these. Halves
    lie far below .5: a detector takes the one half of a person's windows for the other.
    """
    if not draws or not halves:
        return []
    return [min(*draws, float(np.mean(draws) + np.mean(halves)) / 2) - 1.96 * error]


def _note(trial: Trial, told: Sequence[Told], largest: Told) -> str:
    """Say which detector it was and, where the trees know real people less well, by which features."""
    notes = [f"largest: {largest.judge}"] if len(told) > 1 else []
    for found in told:
        beyond = float(np.mean(found.folds)) > max(found.draws, default=0.5)
        if found.judge == "trees" and beyond:
            notes += what_gave_it_away(trial.equal, trial.of_holdout, people_draws(trial))
    return "; ".join(notes)


def _told(judge: str, trial: Trial) -> Told | None:
    """Give what the detector found, None where no fold can be made."""
    log.info("evaluate: detector, %s%s", judge, FIRST_USE.get(judge, ""))
    detector, seed = DETECTORS[judge], trial.seed
    look, tell = detector.look(trial), detector.tell(trial)

    def side(windows: Windows, of: Described, group: StrArray) -> Side:
        rows = _fewer(of.label, detector.most, np.random.default_rng(seed))
        return Side(look(windows, of.select(rows)), of.label[rows], group[rows])

    def aucs(candidate: Side, real: Side, again: int = 0) -> list[float]:
        folds = detector.folds
        return detector_aucs(candidate, real, tell=tell, folds=folds, seed=seed + again)

    by_person = _dealt_by_person(trial)
    real = side(trial.holdout, trial.of_holdout, trial.of_holdout.group)
    names = trial.synthetic.subject[trial.equal.row] if by_person else _one_by_one(trial.equal)
    folds = aucs(side(trial.synthetic, trial.equal, names), real)
    if not folds:
        return None

    def dealt(windows: Windows, of: Described) -> Side:
        return side(windows, of, of.group if by_person else _one_by_one(of))

    others = [dealt(trial.train, draw) for draw in people_draws(trial)]
    halves = [
        (dealt(trial.holdout, one), side(trial.holdout, other, other.group))
        for one, other in trial.halves[:HALVES]
    ]
    return Told(
        judge,
        folds,
        [float(np.mean(aucs(draw, real, again))) for again, draw in enumerate(others)],
        [float(np.mean(aucs(one, other))) for one, other in halves],
    )


def people_draws(trial: Trial) -> list[Described]:
    """Give windows of all training groups, of each class as many as of the synthetic ones.

    As many draws as other figures have, but of all the groups: detectors leave whole groups out,
    and of half of them too few would be left to learn from.
    """
    rng = np.random.default_rng(trial.seed)
    numbers = np.bincount(trial.equal.label)
    return [trial.of_train.select(pick(trial.of_train.label, numbers, rng)) for _ in trial.draws]


def _dealt_by_person(trial: Trial) -> bool:
    """Say whether the synthetic windows tell whose they are."""
    subject = trial.synthetic.subject[trial.equal.row]
    return bool((subject != "").all() and len(np.unique(subject)) > 1)


def _one_by_one(of: Described) -> StrArray:
    """Give each window a name of its own."""
    return np.arange(len(of)).astype(np.str_)


def detector_aucs(candidate: Side, real: Side, *, tell: Tell, folds: int, seed: int) -> list[float]:
    """Give the AUC of each fold, empty where no fold can be made (fewer than two groups).

    In fold i the detector learns the other groups of both sides and is tested on fold i's; equal
    numbers by class, classes met in training.
    """
    rng = np.random.default_rng(seed)
    folds = min(folds, len(np.unique(real.group)), len(np.unique(candidate.group)))
    real_fold = deal_groups(real.label, real.group, folds, rng)
    candidate_fold = deal_groups(candidate.label, candidate.group, folds, rng)
    aucs = []
    for fold in range(folds if folds > 1 else 0):
        learn = _balanced(candidate, candidate_fold != fold, real, real_fold != fold, rng)
        met = np.isin(candidate.label, learn[0].label) & (candidate_fold == fold)
        test = _balanced(candidate, met, real, real_fold == fold, rng)
        if len(test[0]):
            values, truth = _stacked(test)
            aucs.append(float(roc_auc_score(truth, tell(*_stacked(learn), values))))
    return aucs


def _stacked(pair: tuple[Side, Side]) -> tuple[Inputs, IntArray]:
    """Give the inputs of candidate (1) and real (0) windows with that label."""
    one, two = pair
    truth = np.repeat([1, 0], [len(one), len(two)]).astype(np.int64)
    return {
        name: np.concatenate([one.inputs[name], two.inputs[name]]) for name in one.inputs
    }, truth


def _balanced(
    candidate: Side,
    candidate_mask: NDArray[np.bool_],
    real: Side,
    real_mask: NDArray[np.bool_],
    rng: np.random.Generator,
) -> tuple[Side, Side]:
    """Give the masked windows of both, thinned at random to equal numbers of each class."""
    masked = ((candidate, np.flatnonzero(candidate_mask)), (real, np.flatnonzero(real_mask)))
    labels = [side.label[rows] for side, rows in masked]
    size = 1 + max([0, *candidate.label.tolist(), *real.label.tolist()])
    numbers = np.min([np.bincount(label, minlength=size) for label in labels], axis=0)
    one, two = (
        side.select(rows[pick(label, numbers, rng)])
        for (side, rows), label in zip(masked, labels, strict=True)
    )
    return one, two


def _fewer(label: IntArray, most: int, rng: np.random.Generator) -> IntArray:
    """Give an index of at most about `most` random windows, of each class the same share."""
    counts = np.bincount(label)
    if len(label) <= most:
        return np.arange(len(label))
    return pick(label, np.ceil(counts * most / len(label)).astype(np.int64), rng)


def _look_at_features(_trial: Trial) -> Look:
    return lambda _windows, of: {"features": of.features}


def _tell_by_trees(trial: Trial) -> Tell:
    def tell(learn: Inputs, truth: IntArray, test: Inputs) -> NDArray[np.float64]:
        trees = trial.effort.trees
        fitted = fit_trees(learn["features"], truth, seed=trial.seed, trees=trees)
        return np.asarray(fitted.predict_proba(test["features"])[:, 1])

    return tell


def _look_with_kernels(trial: Trial) -> Look:
    """Give a look with MiniRocket's kernels, set on all three sets alike and without labels."""
    sets = (trial.synthetic, trial.train, trial.holdout)
    most = min(KERNEL_WINDOWS, *(len(windows) for windows in sets))
    together = concat([thinned(windows, most) for windows in sets])
    outcomes = fit_kernels(together, seed=trial.seed, count=KERNELS)
    return lambda windows, of: {"outcomes": outcomes(windows.select(of.row))}


def _tell_by_ridge(_trial: Trial) -> Tell:
    def tell(learn: Inputs, truth: IntArray, test: Inputs) -> NDArray[np.float64]:
        return np.asarray(fit_ridge(learn["outcomes"], truth).decision_function(test["outcomes"]))

    return tell


def _look_at_readings(_trial: Trial) -> Look:
    return lambda windows, of: readings(windows.select(of.row))


def _tell_by_network(trial: Trial) -> Tell:
    from wearsynth.classifiers.network import fit_network  # torch: slow to import

    def tell(learn: Inputs, truth: IntArray, test: Inputs) -> NDArray[np.float64]:
        logits = fit_network(learn, truth, seed=trial.seed, epochs=EPOCHS).logits(test)
        return np.asarray(logits[:, 1] - logits[:, 0])

    return tell


DETECTORS = {
    "trees": Detector(_look_at_features, _tell_by_trees, most=2000, folds=5),
    "minirocket": Detector(_look_with_kernels, _tell_by_ridge, most=500, folds=5),
    "cnn": Detector(_look_at_readings, _tell_by_network, most=300, folds=2),
}
"""Name -> how it looks and tells, and what it may spend."""
