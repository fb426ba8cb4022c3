"""Can a synthetic window be linked to one person? By whose training windows lie around it."""

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import IntArray, StrArray, Windows
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
from wearsynth.evaluation.shifted import CANDIDATES, nearest_rows, of_classes
from wearsynth.evaluation.trial import Trial
from wearsynth.features import Float64Array

NEIGHBOURS = 10
"""A window's link is read off the people of so many training windows of its class around it."""

DTW_WINDOWS = 300
"""Time warping compares at most so many synthetic and as many holdout windows."""

DTW_READINGS = 128
"""Windows of more readings are averaged to at most so many for time warping."""

BAND = 0.1
"""How far time may be warped, as a share of a window (Sakoe and Chiba, 1978)."""

RESAMPLES = 100


def linkage_scores(trial: Trial, *, warped: bool) -> tuple[Score, ...]:
    """Give how surely synthetic windows point to one person; warped: by time warping too."""
    spaces = ("features", "dtw") if warped else ("features",)
    return tuple(_score(trial, space) for space in spaces)


def _score(trial: Trial, space: str) -> Score:
    most = trial.effort.windows if space == "features" else DTW_WINDOWS
    # windows stand in the order of a hash, so the first ones are a random choice
    made, others = (
        of.select(np.arange(len(of))[:most]) for of in (trial.of_synthetic, trial.of_holdout)
    )
    links = _links(trial, made, of_classes(trial.synthetic, trial.of_synthetic), space)
    of_others = _links(trial, others, of_classes(trial.holdout, trial.of_holdout), space)
    shown = np.unique(made.label)
    halves = _halves(others, trial.seed) if trial.referenced else []
    error = standard_error(
        [
            _mean(links[rows], made.label[rows], shown)
            for rows in resampled_groups(
                np.arange(len(made)).astype(np.str_), times=RESAMPLES, seed=trial.seed
            )
        ]
    )
    measured = Measured(
        _mean(links, made.label, shown),
        error,
        [_mean(of_others[rows], others.label[rows], shown) for rows in halves],
        note=f"people drawn by chance give {_chance(trial.of_train, shown, trial.seed):.2f}",
    )
    return scored("linkage", measured, limits=(0.0, 1.0), judge=space)


def _halves(holdout: Described, seed: int) -> list[IntArray]:
    """Give DRAWS random halves of the holdout's groups, as rows."""
    rng = np.random.default_rng(seed)
    return [
        np.flatnonzero(deal_groups(holdout.label, holdout.group, 2, rng) == 0) for _ in range(DRAWS)
    ]


def _mean(links: Float64Array, label: IntArray, shown: IntArray) -> float:
    """Give the mean over classes of their windows' mean link; classes without windows are left out."""
    means = [links[label == index].mean() for index in shown if (label == index).any()]
    return float(np.mean(means))


def _links(trial: Trial, of: Described, windows: Windows, space: str) -> Float64Array:
    """Give each window's share of neighbours that are its most frequent person's, (window,)."""
    sd = trial.of_train.features.std(axis=0)
    unit = np.where(sd > 1e-12, sd, 1.0)
    links = np.empty(len(of))
    train = of_classes(trial.train, trial.of_train)
    for index in np.unique(of.label):
        rows, of_train = of.rows_of(index), trial.of_train.rows_of(index)
        near = nearest_rows(
            of.features[rows] / unit, trial.of_train.features[of_train] / unit, CANDIDATES
        )
        candidates = of_train[near]
        if space != "features":
            candidates = _by_warping(windows.select(rows), train, candidates)
        links[rows] = concentration(trial.of_train.group[candidates[:, :NEIGHBOURS]])
    return links


def concentration(people: StrArray) -> Float64Array:
    """Give the share of each row's most frequent name, (row,), from names (row, neighbour)."""
    code = np.unique(people, return_inverse=True)[1].reshape(people.shape)
    counts = np.stack([np.bincount(row).max() for row in code])
    return np.asarray(counts / people.shape[1])


def _chance(train: Described, shown: IntArray, seed: int) -> float:
    """Give the mean link where neighbours are drawn from the class's windows at random."""
    rng = np.random.default_rng(seed)
    means = []
    for index in shown:
        group = train.group[train.rows_of(index)]
        count = min(NEIGHBOURS, len(group))
        drawn = [rng.choice(len(group), count, replace=False) for _ in range(400)]
        means.append(concentration(group[np.array(drawn)]).mean())
    return float(np.mean(means))


def _by_warping(
    windows: Windows, train: Windows, candidates: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Give the candidates nearest first by banded dynamic time warping, the sum over signals."""
    from aeon.distances import dtw_distance

    total = np.zeros(candidates.shape)
    for name, signal in train.signals.items():
        sd = signal.values.std(axis=(0, 1), dtype=np.float64)
        unit = np.where(sd > 1e-12, sd, 1.0)
        mine, theirs = (coarse(w.signals[name].values / unit) for w in (windows, train))
        for row, of_row in enumerate(candidates):
            for column, other in enumerate(of_row):
                squares = dtw_distance(mine[row], theirs[other], window=BAND)
                total[row, column] += np.sqrt(squares / mine[row].size)
    return np.take_along_axis(candidates, np.argsort(total, axis=1, kind="stable"), axis=1)


def coarse(values: Float64Array) -> Float64Array:
    """Give (window, channel, time) of at most DTW_READINGS readings, each the mean of a stretch."""
    readings = values.shape[1]
    width = -(-readings // DTW_READINGS)
    whole = values[:, : readings - readings % width]
    stretches = whole.reshape(len(values), -1, width, values.shape[2]).mean(axis=2)
    return np.ascontiguousarray(stretches.transpose(0, 2, 1))
