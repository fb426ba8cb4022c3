"""Whether windows repeat training windows."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import pairwise_distances_argmin_min

from wearsynth.data import IntArray
from wearsynth.evaluation.described import Described
from wearsynth.evaluation.reference import (
    DRAWS,
    Measured,
    deal_groups,
    resampled_groups,
    scored,
    standard_error,
)
from wearsynth.evaluation.scores import Score
from wearsynth.evaluation.shifted import (
    CANDIDATES,
    nearest_rows,
    of_classes,
    shifted_distances,
)
from wearsynth.evaluation.trial import Trial
from wearsynth.features import Float64Array

CLOSE = 0.01
"""A near copy is closer than all but this share of other people's windows."""

ALARM = 0.1
"""A share of near copies surely above this is suspicious, however few the groups."""

RESAMPLES = 100


@dataclass(frozen=True, eq=False)
class _Nearest:
    """Distances to the nearest training window in some spaces, (window, space), and labels."""

    distance: Float64Array
    label: IntArray

    def select(self, index: NDArray[np.int64]) -> "_Nearest":
        return _Nearest(self.distance[index], self.label[index])


def copy_scores(trial: Trial) -> tuple[Score, ...]:
    """Give near_copies, near_copies_shifted and nn_ratio, judged by how close other people come."""
    near = _nearest(trial.of_synthetic, trial.of_train)
    others = _nearest(trial.of_holdout, trial.of_train)
    copies = _measured(trial, near, others, _share_of_copies)
    shifted = _measured(trial, *_nearest_shifted(trial), _share_of_copies)
    return (
        _alarmed(scored("near_copies", copies, limits=(0.0, 1.0))),
        _alarmed(scored("near_copies_shifted", shifted, limits=(0.0, 1.0))),
        _copying(scored("nn_ratio", _measured(trial, near, others, _ratio), limits=(0.0, np.inf))),
    )


def _measured(
    trial: Trial, near: _Nearest, others: _Nearest, figure: Callable[[_Nearest, _Nearest], float]
) -> Measured:
    """Give a figure with its bootstrap error, and for halves of the holdout's groups."""
    boot = resampled_groups(trial.of_holdout.group, times=RESAMPLES, seed=trial.seed)
    halves = _group_halves(trial.of_holdout, seed=trial.seed) if trial.referenced else []
    return Measured(
        figure(near, others),
        standard_error([figure(near, others.select(rows)) for rows in boot]),
        [figure(others.select(a), others.select(b)) for a, b in halves],
    )


def _nearest_shifted(trial: Trial) -> tuple[_Nearest, _Nearest]:
    """Give the smallest distances over shifts, of synthetic and of holdout windows."""
    train = of_classes(trial.train, trial.of_train)
    unit = _unit(trial.of_train.features.std(axis=0))
    result = []
    for windows, of in (
        (trial.synthetic, trial.of_synthetic),
        (trial.holdout, trial.of_holdout),
    ):
        candidates = nearest_rows(of.features / unit, trial.of_train.features / unit, CANDIDATES)
        distance = shifted_distances(of_classes(windows, of), train, candidates)
        result.append(_Nearest(distance[:, None], of.label))
    return result[0], result[1]


def _nearest(windows: Described, train: Described) -> _Nearest:
    distances = []
    for mine, of_train in ((windows.readings, train.readings), (windows.features, train.features)):
        unit = _unit(of_train.std(axis=0))
        distances.append(pairwise_distances_argmin_min(mine / unit, of_train / unit)[1])
    return _Nearest(np.stack(distances, axis=1), windows.label)


def _unit(sd: Float64Array) -> Float64Array:
    return np.where(sd > 1e-12, sd, 1.0)


def _relative(near: _Nearest, others: _Nearest) -> tuple[Float64Array, Float64Array]:
    """Give both sets' distances over the median of others' of the class, (window, space)."""
    one, two = [], []
    for index in np.intersect1d(near.label, others.label):
        of_others = others.distance[others.label == index]
        middle = _unit(np.median(of_others, axis=0))
        one.append(near.distance[near.label == index] / middle)
        two.append(of_others / middle)
    return np.concatenate(one), np.concatenate(two)


def _share_of_copies(near: _Nearest, others: _Nearest) -> float:
    one, two = _relative(near, others)
    return float((one <= np.quantile(two, CLOSE, axis=0)).mean(axis=0).max())


def _ratio(near: _Nearest, others: _Nearest) -> float:
    one, two = _relative(near, others)
    return float((np.median(one, axis=0) / _unit(np.median(two, axis=0))).min())


def _group_halves(holdout: Described, *, seed: int) -> list[tuple[IntArray, IntArray]]:
    """Give DRAWS splits of the holdout into random halves of its groups."""
    rng = np.random.default_rng(seed)
    folds = [deal_groups(holdout.label, holdout.group, 2, rng) for _ in range(DRAWS)]
    return [(np.flatnonzero(fold == 1), np.flatnonzero(fold == 0)) for fold in folds]


def _alarmed(score: Score) -> Score:
    """Give the score as suspicious where copies are surely many or more than people come to."""
    usual = ALARM if score.reference is None else max(ALARM, score.reference.worst)
    many = score.interval is not None and score.interval[0] > usual
    return replace(score, verdict="suspicious (copy?)") if many else _copying(score)


def _copying(score: Score) -> Score:
    """Give the score with "bad" called by its name: closeness beyond that of real people."""
    return replace(score, verdict="suspicious (copy?)") if score.verdict == "bad" else score
