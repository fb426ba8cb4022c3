"""Who was learnt from? Attacks that see the synthetic windows and a window of a person.

The attacker also has windows of other real people, the reference population, who are neither the
members nor the others that are told apart: half of the holdout's groups, then the other half.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.neighbors import NearestNeighbors

from wearsynth.data import IntArray, StrArray
from wearsynth.evaluation.attacks.guesses import Guesses
from wearsynth.evaluation.described import Described
from wearsynth.evaluation.fidelity import Scale
from wearsynth.features import Float64Array

ATTACKS = ("nearest readings", "nearest features", "density ratio")

NEIGHBOURS = 5
"""A density is read off the distance to so many neighbours."""


@dataclass(frozen=True, eq=False)
class Placed:
    """Windows as an attacker compares them, each space (window, dimension).

    readings and features are in units of their sd; points are the features along 16 principal
    directions, few enough for a density.
    """

    readings: Float64Array
    features: Float64Array
    points: Float64Array
    label: IntArray
    group: StrArray

    def __len__(self) -> int:
        return len(self.label)

    def select(self, rows: IntArray) -> "Placed":
        """Give the rows at an index, in its order."""
        spaces = (self.readings[rows], self.features[rows], self.points[rows])
        return Placed(*spaces, self.label[rows], self.group[rows])


def placing(real: Described) -> Callable[[Described], Placed]:
    """Give what places windows in units of real ones, of members and others together."""
    sd = real.readings.std(axis=0)
    unit = np.where(sd > 1e-12, sd, 1.0)
    scale = Scale.of(real.features, np.arange(len(real)))
    directions = scale.directions(real.features)

    def place(of: Described) -> Placed:
        features = scale.points(of.features)
        return Placed(of.readings / unit, features, features @ directions, of.label, of.group)

    return place


def attack(
    synthetic: Placed, members: Placed, holdout: Placed, half: IntArray
) -> tuple[Guesses, ...]:
    """Give the scores of every attack in both folds; half: (window,) of the holdout, 0 or 1.

    Nearest readings and nearest features: how near the nearest synthetic window is, against the
    median of the reference population's windows of the class. Density ratio: the density of synthetic
    windows over that of the reference population (DOMIAS; van Breugel et al., 2023, arXiv
    2302.12580), both from the distance to the fifth neighbour.
    """
    of_members, of_holdout = (nearness(synthetic, windows) for windows in (members, holdout))
    folds = []
    for fold in np.unique(half):
        known, other = np.flatnonzero(half != fold), np.flatnonzero(half == fold)
        population, others = holdout.select(known), holdout.select(other)
        usual = of_holdout[:, known]
        folds.append(
            Guesses(
                _calibrated(of_members, members, usual, population),
                np.unique(members.group, return_inverse=True)[1],
                _calibrated(of_holdout[:, other], others, usual, population),
                np.unique(others.group, return_inverse=True)[1],
            )
        )
    return tuple(folds)


def nearness(synthetic: Placed, windows: Placed) -> Float64Array:
    """Give minus the log distance to synthetic windows in each attack's space, (attack, window)."""
    return -np.stack(
        [
            log_distance(windows.readings, synthetic.readings, 1),
            log_distance(windows.features, synthetic.features, 1),
            log_distance(windows.points, synthetic.points, NEIGHBOURS),
        ]
    )


def _calibrated(
    near: Float64Array, windows: Placed, usual: Float64Array, population: Placed
) -> Float64Array:
    """Give the scores, (attack, window): nearness against that of the reference population."""
    level = np.empty_like(near[:2])
    for index in np.unique(windows.label):
        same = population.label == index
        middle = np.median(usual[:2, same] if same.any() else usual[:2], axis=1)
        level[:, windows.label == index] = middle[:, None]
    ratio = near[2] + log_distance(windows.points, population.points, NEIGHBOURS)
    return np.concatenate([near[:2] - level, ratio[None]])


def log_distance(windows: Float64Array, others: Float64Array, neighbour: int) -> Float64Array:
    """Give the log distance of each window to its k-th nearest of others, (window,).

    At least a millionth of the root of dimensions, so that a copy has a score too.
    """
    search = NearestNeighbors(n_neighbors=min(neighbour, len(others)), algorithm="brute")
    distance = search.fit(others).kneighbors(windows)[0][:, -1]
    return np.asarray(np.log(distance + 1e-6 * np.sqrt(windows.shape[1])))
