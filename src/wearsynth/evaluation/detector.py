"""How well a classifier tells windows from those of people it has not met."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from wearsynth.classifiers import fit_trees
from wearsynth.data import IntArray
from wearsynth.evaluation.described import Described
from wearsynth.evaluation.reference import Measured, deal_groups, pick, scored, standard_error
from wearsynth.evaluation.scores import Score
from wearsynth.evaluation.trial import Trial

FOLDS = 5
"""At most so many folds over the holdout's groups."""


HALVES = 2
"""How many random halves the detector tries: each costs as much as a reference draw."""


def detector_scores(trial: Trial) -> tuple[Score, ...]:
    """Give the detector's AUC, beside the same for draws of real people."""

    def aucs(candidate: Described, holdout: Described) -> list[float]:
        return detector_aucs(candidate, holdout, seed=trial.seed, trees=trial.effort.trees)

    folds = aucs(trial.equal, trial.of_holdout)
    if not folds:
        why = "folds over the holdout's groups need two groups and two windows of a class in each"
        return (scored("detector_auc", Measured(None, 0.0, note=why), limits=(0.0, 1.0)),)
    measured = Measured(
        float(np.mean(folds)),
        standard_error(folds) / float(np.sqrt(len(folds))),
        [float(np.mean(aucs(draw, trial.of_holdout))) for draw in trial.draws],
        [float(np.mean(aucs(a, b))) for a, b in trial.halves[:HALVES]],
    )
    return (scored("detector_auc", measured, limits=(0.0, 1.0)),)


def detector_aucs(
    candidate: Described, holdout: Described, *, seed: int, trees: int
) -> list[float]:
    """Give the AUC of each fold, empty where no fold can be made (fewer than two groups).

    In fold i the trees learn the other holdout groups against (k-1)/k of the candidate windows, and
    are tested on fold i's groups and the rest; equal numbers by class, classes met in training.
    """
    rng = np.random.default_rng(seed)
    folds = min(FOLDS, len(np.unique(holdout.group)))
    real_fold = deal_groups(holdout.label, holdout.group, folds, rng)
    candidate_fold = _deal_windows(candidate.label, folds, rng)
    aucs = []
    for fold in range(folds if folds > 1 else 0):
        learn = _balanced(candidate, candidate_fold != fold, holdout, real_fold != fold, rng)
        met = np.isin(candidate.label, learn[0].label) & (candidate_fold == fold)
        test = _balanced(candidate, met, holdout, real_fold == fold, rng)
        if len(test[0]):
            aucs.append(_auc(learn, test, seed=seed, trees=trees))
    return aucs


def _auc(
    learn: tuple[Described, Described], test: tuple[Described, Described], *, seed: int, trees: int
) -> float:
    fitted = fit_trees(*_stacked(learn), seed=seed, trees=trees)
    values, truth = _stacked(test)
    return float(roc_auc_score(truth, fitted.predict_proba(values)[:, 1]))


def _stacked(pair: tuple[Described, Described]) -> tuple[NDArray[np.float64], IntArray]:
    """Give features (row, feature) of candidate (1) and real (0) windows with that label."""
    candidate, real = pair
    truth = np.repeat([1, 0], [len(candidate), len(real)]).astype(np.int64)
    return np.concatenate([candidate.features, real.features]), truth


def _balanced(
    candidate: Described,
    candidate_mask: NDArray[np.bool_],
    real: Described,
    real_mask: NDArray[np.bool_],
    rng: np.random.Generator,
) -> tuple[Described, Described]:
    """Give the masked windows of both, thinned at random to equal numbers of each class."""
    one, two = (
        candidate.select(np.flatnonzero(candidate_mask)),
        real.select(np.flatnonzero(real_mask)),
    )
    size = 1 + max([0, *one.label.tolist(), *two.label.tolist()])
    numbers = np.minimum(
        np.bincount(one.label, minlength=size), np.bincount(two.label, minlength=size)
    )
    return one.select(pick(one.label, numbers, rng)), two.select(pick(two.label, numbers, rng))


def _deal_windows(label: IntArray, folds: int, rng: np.random.Generator) -> IntArray:
    """Give each window's fold: at random, the same share of every class."""
    order = rng.permutation(len(label))
    order = order[np.argsort(label[order], kind="stable")]
    fold = np.empty(len(label), dtype=np.int64)
    fold[order] = np.arange(len(label)) % folds
    return fold
