"""Whether classifiers rank alike when trained on synthetic and on real windows."""

import logging
import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.stats import kendalltau, spearmanr
from sklearn.base import ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from wearsynth.data import IntArray, Windows
from wearsynth.evaluation.decisions import Confusion, Floats, macro_f1, middle, resampled_f1, tally
from wearsynth.evaluation.described import thinned
from wearsynth.evaluation.reference import Measured, scored, standard_error
from wearsynth.evaluation.scores import Score
from wearsynth.evaluation.trial import Trial
from wearsynth.features import all_features

log = logging.getLogger(__name__)

CLASSIFIERS: dict[str, Callable[[int], ClassifierMixin]] = {
    "logistic regression": lambda seed: LogisticRegression(C=0.1, max_iter=300, random_state=seed),
    "discriminant": lambda _: LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
    "linear SVM": lambda seed: LinearSVC(C=0.01, random_state=seed),
    "naive Bayes": lambda _: GaussianNB(var_smoothing=1e-3),
    "nearest neighbours": lambda _: KNeighborsClassifier(5),
    "extra trees": lambda seed: ExtraTreesClassifier(100, random_state=seed, n_jobs=1),
    "random forest": lambda seed: RandomForestClassifier(100, random_state=seed, n_jobs=1),
    "gradient boosting": lambda seed: HistGradientBoostingClassifier(
        max_iter=40, early_stopping=False, random_state=seed
    ),
}
"""Name -> a classifier for a seed; all of them see standardised features."""

NAME = "rank_agreement"


def rank_agreement_score(trial: Trial) -> Score:
    """Give Kendall's tau-b between classifiers' F1 on the holdout after synthetic and real training.

    Costs eight fits for the synthetic windows, the training windows and each reference draw.
    """
    train = thinned(trial.train, trial.effort.windows)
    if min(len(np.unique(w.label)) for w in (train, trial.holdout, trial.synthetic)) < 2:
        return scored(NAME, Measured(None, 0.0, note="one class only"), limits=(-1, 1))
    draws = [trial.train.select(rows) for rows in trial.train_draws]
    log.info("evaluate: rank agreement, %d fits", len(CLASSIFIERS) * (2 + len(draws)))
    real, made = (_decisions(of, trial.holdout, trial.seed) for of in (train, trial.synthetic))
    best, value = _f1s(real), _f1s(made)
    if _all_alike(best) or _all_alike(value):
        note = f"all classifiers do equally well: {_listed(best, value)}"
        return scored(NAME, Measured(None, 0.0, note=note), limits=(-1, 1))
    each = _resampled_taus(real, made, seed=trial.seed)
    reference = [tau(best, _f1s(_decisions(draw, trial.holdout, trial.seed))) for draw in draws]
    measured = Measured(
        tau(best, value),
        standard_error(each),
        reference,
        note=f"Spearman {spearmanr(best, value).statistic:.2f}; {_listed(best, value)}",
    )
    return replace(scored(NAME, measured, limits=(-1, 1)), interval=middle(each))


def tau(one: Floats, other: Floats) -> float:
    """Give Kendall's tau-b; 0 where one side ranks nothing."""
    if _all_alike(one) or _all_alike(other):
        return 0.0
    return float(kendalltau(one, other).statistic)


def _all_alike(values: Floats) -> bool:
    return bool(np.ptp(values) == 0)


def _decisions(learned: Windows, holdout: Windows, seed: int) -> list[Confusion]:
    """Give each classifier's confusion matrices on the holdout, (group, class, class)."""
    scale = StandardScaler().fit(all_features(learned).values)
    x, new = (scale.transform(all_features(of).values) for of in (learned, holdout))
    return [
        tally(holdout, _decided(make(seed), x, learned.label, new)) for make in CLASSIFIERS.values()
    ]


def _decided(classifier: ClassifierMixin, x: Floats, label: IntArray, new: Floats) -> IntArray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # its F1 counts, whatever it reached
        fitted = classifier.fit(x, label)
    return np.asarray(fitted.predict(new), dtype=np.int64)


def _f1s(found: list[Confusion]) -> Floats:
    return np.array([macro_f1(of.sum(axis=0)) for of in found])


def _resampled_taus(real: list[Confusion], made: list[Confusion], *, seed: int) -> Floats:
    """Give tau for bootstrap draws of holdout groups, the same for both sides."""
    sides = [np.stack([resampled_f1(of, seed=seed) for of in found]).T for found in (real, made)]
    return np.array([tau(one, other) for one, other in zip(*sides, strict=True)])


def _listed(real: Floats, made: Floats) -> str:
    pairs = zip(CLASSIFIERS, real, made, strict=True)
    return "F1 real, synthetic: " + ", ".join(f"{n} {a:.2f}, {b:.2f}" for n, a, b in pairs)
