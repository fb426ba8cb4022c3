"""A mixture of public windows whose classes differ as they are told to: by few numbers a class.

One factored mixture (mixture.py) is fitted to windows of all classes, each person's class differences in
levels and scales taken out. A class is that mixture, its levels and scales shifted and the signs of its
trends drawn, so that the means of the three numbers of each trace (three_numbers.py) are those wanted.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from wearsynth.data import FloatArray, IntArray, StrArray
from wearsynth.generators.mixture import FactoredMixture, fit_mixture, mixture_from
from wearsynth.generators.records import RecordShape
from wearsynth.generators.three_numbers import TREND, shift, three_numbers, with_trends
from wearsynth.representation import Float64Array

MEASURED = 1000
"""So many draws of the mixture tell what its own means are."""

SHIFTS, RISING = "shifts", "rising"


@dataclass(frozen=True, eq=False)
class ShiftedMixture:
    """The mixture, what is added for each class (class, trace, 3), and how often its trends are above 0.

    rising: (class, trace), chances.
    """

    shape: RecordShape
    base: FactoredMixture
    shifts: FloatArray
    rising: FloatArray

    def sample(
        self, label: IntArray, conditions: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        """Give one window for each label: (window, generated channel, step) float32.

        The first windows of all classes are the same draw of the mixture, each shifted as its class is, and
        so on: what tells the classes of a set apart is what was asked for, without chance.
        """
        place = _place_in_class(label)
        count = int(place.max(initial=-1)) + 1
        drawn = self.base.sample(np.zeros(count, np.int64), conditions[:count], rng)
        luck = rng.random((count, self.rising.shape[1]))[place]
        records = drawn[place]
        shift(records, self.shape, self.shifts[label].astype(np.float64))
        with_trends(records, self.shape, np.where(luck < self.rising[label], 1.0, -1.0))
        return records

    @property
    def sizes(self) -> dict[str, int]:
        """Nothing: the weights tell all."""
        return {}

    def weights(self) -> dict[str, Tensor]:
        """Give all numbers: those of the mixture, "shifts" and "rising"."""
        own = {SHIFTS: torch.from_numpy(self.shifts), RISING: torch.from_numpy(self.rising)}
        return {**self.base.weights(), **own}


def _place_in_class(label: IntArray) -> IntArray:
    """Give how many windows of its class come before each, (window,)."""
    place = np.zeros_like(label)
    for index in np.unique(label).tolist():
        rows = np.flatnonzero(label == index)
        place[rows] = np.arange(len(rows))
    return place


def shifted_from(shape: RecordShape, weights: Mapping[str, Tensor]) -> ShiftedMixture:
    """Make one again from what `ShiftedMixture.weights` gave."""
    own = weights[SHIFTS].numpy(), weights[RISING].numpy()
    return ShiftedMixture(shape, mixture_from(shape, weights), *own)


def fit_base(
    records: FloatArray, label: IntArray, group: StrArray, shape: RecordShape, *, seed: int
) -> FactoredMixture:
    """Fit the mixture to records (record, channel, step) without what tells a group's classes apart."""
    level = records.copy()
    numbers = records[:, shape.shapes :].mean(axis=2, dtype=np.float64)
    for name in np.unique(group):
        of_group = group == name
        middle = numbers[of_group].mean(axis=0)
        for index in np.unique(label[of_group]).tolist():
            rows = np.flatnonzero(of_group & (label == index))
            away = (middle - numbers[rows].mean(axis=0)).astype(np.float32)
            level[rows, shape.shapes :] += away[:, None]
    return fit_mixture(level, np.zeros_like(label), shape, seed=seed)


@dataclass(frozen=True, eq=False)
class Measured:
    """What a mixture's own draws are like: the means (trace, 3), and the mean size of trends (trace,)."""

    means: Float64Array
    trends: Float64Array


def measure(base: FactoredMixture, *, seed: int) -> Measured:
    """Draw windows of a mixture and measure them."""
    nothing = np.zeros((MEASURED, 0), dtype=np.float32)
    zeros = np.zeros(MEASURED, dtype=np.int64)
    drawn = base.sample(zeros, nothing, np.random.default_rng(seed))
    own = three_numbers(drawn, base.shape)
    return Measured(own.mean(axis=0), np.abs(own[:, :, TREND]).mean(axis=0))


def shifted_to(base: FactoredMixture, own: Measured, wanted: Float64Array) -> ShiftedMixture:
    """Give the mixture with the means wanted (class, trace, 3).

    A mean trend that its trends are too short for is brought as near as they allow.
    """
    rising = np.clip((1 + wanted[:, :, TREND] / np.maximum(own.trends, 1e-6)) / 2, 0, 1)
    shifts = (wanted - own.means).astype(np.float32)
    return ShiftedMixture(base.shape, base, shifts, rising.astype(np.float32))
