"""What a generator is told of a window besides its class: the person's manner, and covariates.

A manner is a few numbers that say how a person differs from others: how high their levels lie, how
strong their movements are. Part of it a person keeps in all classes, part is their way of doing one. It
is found from windows whose people are named; new people are drawn from the law of these manners.
Covariates are columns such as age.

Each is a group of network channels, its last a flag: 1 where it is told, all 0 where it is not. Every
window is learnt with and without, so that any part may be left out of a request.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import FloatArray, Windows
from wearsynth.errors import DataError, did_you_mean

Float64Array = NDArray[np.float64]

MANNER_NUMBERS = 8
"""A manner has at most so many numbers, and fewer than there are people."""

LEAST_PEOPLE = 4
"""Fewer people than this say nothing about how people differ."""

SHRINK_WINDOWS = 5
"""A person's mean of so many windows of a class counts half."""


@dataclass(frozen=True)
class CovariateLaw:
    """The mean and sd of a covariate over the windows that were learnt."""

    name: str
    mean: float
    sd: float


@dataclass(frozen=True)
class ConditionForm:
    """Which conditions a model takes.

    manner: the sd over people of each number of a manner, of the part that is kept in all classes.
    by_class: the sd of the part that is a person's own in each class.
    """

    manner: tuple[float, ...] = ()
    by_class: tuple[float, ...] = ()
    covariates: tuple[CovariateLaw, ...] = ()

    @property
    def groups(self) -> tuple[int, ...]:
        """The network channels of each condition, its flag included: the manner, then covariates."""
        manner = (len(self.manner) + 1,) if self.manner else ()
        return manner + (2,) * len(self.covariates)

    @property
    def size(self) -> int:
        """Network channels of all conditions."""
        return sum(self.groups)

    def draw_manners(self, people: int, classes: int, rng: np.random.Generator) -> Float64Array:
        """Give new people's manners, (person, class, number); DataError where the model knows of none."""
        if not self.manner:
            raise DataError(
                "this model does not know people apart: its windows did not name at least "
                f"{LEAST_PEOPLE} people. Ask for windows without people."
            )
        size = len(self.manner)
        kept = rng.normal(size=(people, 1, size)) * np.array(self.manner)
        own = rng.normal(size=(people, classes, size)) * np.array(self.by_class)
        return np.asarray(kept + own, dtype=np.float64)

    def given_manners(self, manners: Float64Array, classes: int) -> Float64Array:
        """Give manners (person, number) or (person, class, number) for all classes; DataError if neither."""
        whole = manners[:, None, :] if manners.ndim == 2 else manners
        if whole.ndim != 3 or whole.shape[1] not in {1, classes} or not len(whole):
            whole = np.zeros((1, 1, 0))
        if whole.shape[2] != len(self.manner) or not self.manner:
            raise DataError(
                f"manners must be (person, {len(self.manner)}) or (person, {classes}, "
                f"{len(self.manner)}) for this model, got {manners.shape}."
            )
        return np.asarray(np.broadcast_to(whole, (len(whole), classes, whole.shape[2])), np.float64)

    def told(
        self, count: int, manner: Float64Array | None, covariates: Mapping[str, Float64Array]
    ) -> FloatArray:
        """Give (window, size) of manners (window, number) and covariates (window,); NaN is untold."""
        known = [law.name for law in self.covariates]
        for name in covariates:
            if name not in known:
                raise DataError(f"the model has no covariate {name!r}.{did_you_mean(name, known)}")
        parts = []
        if self.manner:
            nothing = np.full((count, len(self.manner)), np.nan)
            parts.append(_flagged(nothing if manner is None else manner))
        for law in self.covariates:
            values = covariates.get(law.name, np.full(count, np.nan))
            parts.append(_flagged((values[:, None] - law.mean) / law.sd))
        whole = np.concatenate([np.zeros((count, 0)), *parts], axis=1)
        return np.asarray(whole, dtype=np.float32)

    def without_some(self, told: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Give the conditions with each group left out of a window by the toss of a coin."""
        tossed = rng.integers(0, 2, (len(told), len(self.groups)))
        return np.asarray(told * np.repeat(tossed, self.groups, axis=1), dtype=np.float32)


def _flagged(values: Float64Array) -> Float64Array:
    """Give (window, number + 1): the values and 1, or all 0 where one is NaN."""
    known = np.isfinite(values).all(axis=1, keepdims=True)
    return np.concatenate([np.where(known, values, 0.0), known], axis=1)


def conditions_of(windows: Windows, numbers: FloatArray) -> tuple[ConditionForm, FloatArray]:
    """Give the conditions that windows allow, and each window's, (window, size).

    numbers: (window, number), levels and scales as the network sees them.
    """
    manners = manners_of(windows, numbers)
    kept, by_class = ((), ()) if manners is None else spread_of(manners)
    laws = []
    for name, values in windows.covariates.items():
        known = values[np.isfinite(values)] if np.isfinite(values).any() else np.zeros(1)
        laws.append(CovariateLaw(name, float(known.mean()), float(known.std()) or 1.0))
    form = ConditionForm(kept, by_class, tuple(laws))
    own = None
    if manners is not None:
        _, person = np.unique(windows.subject, return_inverse=True)
        own = manners[person, windows.label]
    given = {law.name: windows.covariates[law.name] for law in laws}
    return form, form.told(len(windows), own, given)


def manners_of(windows: Windows, numbers: FloatArray) -> Float64Array | None:
    """Give each person's manner in each class, (person, class, number), people in the order of names.

    Where a person's mean numbers lie beside the class's, in units of the sd within the class, along the
    principal directions of all these; the first has sd 1 over people and classes. NaN where a person has
    no windows of a class. None where windows name fewer than 4 people, or all are alike.
    """
    if (windows.subject == "").any():
        return None
    people, person = np.unique(windows.subject, return_inverse=True)
    if len(people) < LEAST_PEOPLE:
        return None
    shape = (len(people), len(windows.classes), numbers.shape[1])
    apart = np.full(shape, np.nan)
    for index in np.unique(windows.label):
        rows = np.flatnonzero(windows.label == index)
        mine = np.unique(person[rows])
        means = _means_apart(numbers[rows].astype(np.float64), person[rows], len(people))[mine]
        apart[mine, index] = means - means.mean(axis=0)
    known = np.isfinite(apart[:, :, 0])
    _, size, directions = np.linalg.svd(apart[known], full_matrices=False)
    if size[0] <= 1e-9:
        return None
    kept = min(MANNER_NUMBERS, len(people) - 1, len(size))
    scale = math.sqrt(known.sum()) / size[0]
    manners: Float64Array = apart @ directions[:kept].T * scale
    return manners


def spread_of(manners: Float64Array) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Give the sd of the part of manners that people keep in all classes, and of the part by class.

    manners: (person, class, number), NaN where unknown. By components of variance: the mean over
    classes of a person holds the first part, and the second over the number of classes.
    """
    known = np.isfinite(manners[:, :, 0])
    means = np.nanmean(manners, axis=1)
    off = np.where(known[:, :, None], manners - means[:, None], 0.0)
    spare = known.sum() - len(manners)
    own = (off**2).sum(axis=(0, 1)) / spare if spare > 0 else np.zeros(manners.shape[2])
    kept = np.maximum(means.var(axis=0) - own * (1 / known.sum(axis=1)).mean(), 0.0)
    return tuple(np.sqrt(kept).tolist()), tuple(np.sqrt(own).tolist())


def _means_apart(numbers: Float64Array, person: NDArray[np.intp], people: int) -> Float64Array:
    """Give each person's mean less the class's, in its sd, drawn to 0 where windows are few."""
    sums, count = np.zeros((people, numbers.shape[1])), np.bincount(person, minlength=people)
    np.add.at(sums, person, (numbers - numbers.mean(axis=0)) / (numbers.std(axis=0) + 1e-6))
    apart: Float64Array = sums / (count + SHRINK_WINDOWS)[:, None]
    return apart
