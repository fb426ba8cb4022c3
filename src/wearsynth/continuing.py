"""Which of a person's drawn windows goes on best from what was, and from which place in it.

A window is told at every place by how strongly and roughly each signal moves from there on, for some
seconds and for a while, and by how levels drift. The places most like what was are then compared reading by
reading, gravity turned to where it was: a movement goes on (Efros and Freeman, 2001, doi
10.1145/383259.383296, in time). A pulse need not, as it is led on (beating.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearsynth.joining import LEAST_GRAVITY, apart, rotations_to

Float64Array = NDArray[np.float64]
Readings = dict[str, Float64Array]

DRIFTING = ("uS", "degC", "bpm")
"""The units of what has a level of its own that drifts over minutes."""

OVERLAP_S, LEAD_S = 2.0, 2.0
"""Windows are faded over so long, a quarter of a window at most, and compared over so much more before."""

EDGE_S = 3.0
"""So much of both ends of a window is left out, where there is more: what no window goes on from is less
sure, and moves otherwise."""

PLACES_S, PLACES = 15.0, 0.3
"""A window may be entered, or left, over so long a stretch, or over this share of it if that is less."""

POOL_S, LEAST_POOL, MOST_POOL = 14400.0, 96, 512
"""Windows of a class to choose from: so long a time of them. Half of them used, as many are drawn anew."""

LIKE_S, CLOSE_S = 12.0, 3.0
"""Windows go on as strongly, and drift as fast, as before: so long before the joint and after is compared,
all of it and this much alone."""

CLOSELY = 256
"""So many of the places that are most alike are compared reading by reading."""

LIKE_WEIGHT = 2.0
"""How much it counts that windows move as strongly and roughly, in units of the variance of windows."""

TREND_WEIGHT = 1.5
"""How much it counts that a level drifts on as fast, in units of the variance of drifts."""

LEVEL_WEIGHT = 1.0
"""How much it counts that a level is where it was, in units of the variance of levels."""

READINGS_WEIGHT = 1.0
"""How much it counts that readings are alike, in units of how much they move."""

QUIET = 0.005
"""Differences are told beside how much the tail moves, at least this share of what windows usually do."""

LEAST_SPREAD = 0.05
"""What differs less between windows, as a logarithm, counts no more for that."""

NEAR = 4
"""Where a model knows no people, one in so many drawn windows is near enough to the person's levels."""


@dataclass(frozen=True)
class Clock:
    """steps: of a window, on which all its signals are joined; rate_hz: of the steps.

    knows_people: whether draws are one person's; if not, windows are kept to a person's levels here.
    """

    steps: int
    rate_hz: float
    knows_people: bool

    @property
    def overlap(self) -> int:
        """Steps of an overlap."""
        return max(2, min(round(OVERLAP_S * self.rate_hz), self.steps // 4))

    @property
    def lead(self) -> int:
        """Steps before an overlap that are compared."""
        return min(round(LEAD_S * self.rate_hz), self.edge)

    @property
    def edge(self) -> int:
        """Steps of each end of a window that are left out."""
        return min(round(EDGE_S * self.rate_hz), self.steps // 16)

    @property
    def places(self) -> int:
        """The steps of a window at which it may be entered, or left."""
        return max(1, min(round(PLACES_S * self.rate_hz), round(PLACES * self.steps)))

    @property
    def like(self) -> int:
        """Steps over which it is compared how strongly windows move."""
        return max(self.overlap, min(round(LIKE_S * self.rate_hz), self.steps // 2))

    @property
    def close(self) -> int:
        """The steps of these that are compared alone, too."""
        return max(self.overlap, min(round(CLOSE_S * self.rate_hz), self.like))

    @property
    def pool(self) -> int:
        """How many windows of a class there are to choose from."""
        return int(np.clip(POOL_S * self.rate_hz / self.steps, LEAST_POOL, MOST_POOL))


@dataclass(frozen=True)
class Kind:
    """What a signal is: readings a step, whether its level drifts, it is a vector, it is a pulse.

    one_g: the length of gravity where it is acceleration.
    """

    fold: int
    drifts: bool
    vector: bool
    beats: bool
    one_g: float | None

    @property
    def gravity(self) -> bool:
        """Whether it tells where gravity points."""
        return self.vector and self.one_g is not None


@dataclass(frozen=True, eq=False)
class Found:
    """The window that goes on: readings (time, channel) by signal, turned, and the step to enter it at."""

    readings: Readings
    step: int


class Pool:
    """One class's windows to choose from: readings (window, time, channel) by signal."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.draws = clock, 0
        self.windows: Readings = {}
        self.free: NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)

    @property
    def missing(self) -> int:
        """How many windows to draw: none while half of them are free."""
        free = int(self.free.sum())
        return 0 if free >= max(1, self.clock.pool // 2) else self.clock.pool - free

    def add(self, drawn: Readings, kinds: Mapping[str, Kind]) -> None:
        """Put windows to those that are free."""
        for name, values in drawn.items():
            old = self.windows[name][self.free] if name in self.windows else values[:0]
            self.windows[name] = np.concatenate([old, values])
        self.draws, self.kinds = self.draws + 1, kinds
        self.free = np.full(len(next(iter(self.windows.values()))), True)

    def keep(self, order: NDArray[np.intp], count: int) -> None:
        """Keep so many of the windows, the first in this order."""
        kept = np.sort(order[:count])
        self.windows = {name: values[kept] for name, values in self.windows.items()}
        self.free = np.full(len(kept), True)

    def index(self) -> None:
        """Tell every place of every window, and what is usual."""
        starts = self.clock.edge + np.arange(self.clock.places)
        self.told = {
            name: told_from(values, starts, self.kinds[name], self.clock)
            for name, values in self.windows.items()
        }
        self.usual = {name: of.usual for name, of in self.told.items()}
        self.spread = {
            name: float(values.var(axis=1).mean()) + 1e-12 for name, values in self.windows.items()
        }

    def usual_levels(self) -> Readings:
        """Give the mean level (channel,) of each signal that drifts."""
        return {
            name: values.mean(axis=(0, 1))
            for name, values in self.windows.items()
            if self.kinds[name].drifts
        }

    def first(self) -> Found:
        """Give a window to begin with, from its first place on."""
        return self._taken(0, self.clock.edge, {})

    def best(self, before: Readings) -> Found:
        """Give the window that goes on best from the last readings, the overlap included.

        before: as many steps as the clock compares, fewer after a short beginning; two at least.
        """
        unlike = self._unlike(before)
        unlike[~self.free] = np.inf
        count = min(CLOSELY, self.clock.places * int(self.free.sum()))
        nearest = np.argpartition(unlike.reshape(-1), count - 1)[:count]
        windows, places = np.unravel_index(nearest, unlike.shape)
        total = unlike[windows, places]
        turns = dict[str, Float64Array]()
        for name, values in before.items():
            if not self.kinds[name].beats:
                apart_by, turn = self._closely(name, windows, places, values)
                total = total + apart_by
                if turn is not None:
                    turns[name] = turn
        best = int(total.argmin())
        turned = {name: of[best] for name, of in turns.items()}
        return self._taken(int(windows[best]), self.clock.edge + int(places[best]), turned)

    def _closely(
        self,
        name: str,
        windows: NDArray[np.intp],
        places: NDArray[np.intp],
        before: Float64Array,
    ) -> tuple[Float64Array, Float64Array | None]:
        """Give how unlike each place's readings are, and the turns that bring gravity back, (place, 3, 3)."""
        kind = self.kinds[name]
        lead = min(self.clock.lead, len(before) // kind.fold - self.clock.overlap)
        tail = before[-(lead + self.clock.overlap) * kind.fold :]
        starts = (self.clock.edge + places - lead) * kind.fold
        parts = self.windows[name][windows[:, None], starts[:, None] + np.arange(len(tail))]
        if not kind.gravity:
            return READINGS_WEIGHT * self._apart(name, parts, tail), None
        overlap = self.clock.overlap * kind.fold
        was, means = tail[-overlap:].mean(axis=0), parts[:, -overlap:].mean(axis=1)
        turn = rotations_to(was, means, LEAST_GRAVITY * (kind.one_g or 1.0))
        return READINGS_WEIGHT * self._apart(name, parts @ turn.swapaxes(1, 2), tail), turn

    def _unlike(self, before: Readings) -> Float64Array:
        """Give how unlike what was each place is by what is told of it, (window, place)."""
        total = np.zeros((len(self.free), self.clock.places))
        for name, values in before.items():
            kind = self.kinds[name]
            was = told_from(values[None], None, kind, self.clock)
            usual, told = self.usual[name], self.told[name]
            total += LIKE_WEIGHT / len(before) * _far(told.manner, was.manner, usual.manner)
            if kind.drifts:
                total += TREND_WEIGHT * _far(told.trend, was.trend, usual.trend)
            if kind.drifts or kind.gravity:
                total += LEVEL_WEIGHT * _far(told.level, was.level, usual.level)
        return total

    def _apart(self, name: str, parts: Float64Array, tail: Float64Array) -> Float64Array:
        """Give how unlike the tail's readings those of the parts are, (part,)."""
        unit = tail.var(axis=0).mean() + QUIET * self.spread[name]
        if self.kinds[name].drifts:
            parts = parts - parts.mean(axis=1, keepdims=True)
            tail = tail - tail.mean(axis=0)
        return np.asarray(apart(parts, tail) / (tail.size * unit))

    def _taken(self, window: int, step: int, turn: Readings) -> Found:
        """Give a window; it is not free any more."""
        self.free[window] = False
        whole = next(iter(turn.values()), None)
        readings = {}
        for name, values in self.windows.items():
            of = values[window].copy()
            turned = whole is not None and self.kinds[name].vector
            readings[name] = of @ whole.T if turned and whole is not None else of
        return Found(readings, step)


@dataclass(frozen=True, eq=False)
class Told:
    """What is told of readings from places on: (window, place, number) each.

    manner: logarithms of how far, strongly and roughly they move. level, trend: by channel, the mean just
    there (of acceleration, of its length), and how much it changes.
    """

    manner: Float64Array
    level: Float64Array
    trend: Float64Array

    @property
    def usual(self) -> "Told":
        """How much each differs between windows and places, (number,) each."""
        manner, level, trend = (of.std(axis=(0, 1)) for of in vars(self).values())
        return Told(np.maximum(manner, LEAST_SPREAD), level + 1e-6, trend + 1e-9)


def told_from(
    values: Float64Array, starts: NDArray[np.intp] | None, kind: Kind, clock: Clock
) -> Told:
    """Tell readings (window, time, channel) from steps on; without any, the last ones."""
    parts = []
    for steps in (clock.close, clock.like):
        length = min(steps * kind.fold, values.shape[1])
        last = np.array([values.shape[1] - length])
        parts.append(manner(values, last if starts is None else starts * kind.fold, length))
    half = length // 2
    at = last if starts is None else starts * kind.fold
    overlap = min(clock.overlap * kind.fold, length)
    first = _means(values, at, half)
    second = _means(values, at + half, half)
    joint = at + length - overlap if starts is None else at
    levels = np.linalg.norm(values, axis=2, keepdims=True) if kind.gravity else values
    return Told(np.concatenate(parts, axis=2), _means(levels, joint, overlap), second - first)


def manner(values: Float64Array, starts: NDArray[np.intp], length: int) -> Float64Array:
    """Give the logarithms of sd, changes and changes of changes of so many readings, (window, start, 3).

    values: (window, time, channel).
    """
    centred = values - values.mean(axis=1, keepdims=True)
    steps = np.diff(centred, axis=1)
    of_level = np.square(_means(centred, starts, length)).sum(axis=2)
    powers = [
        _means(np.square(of).sum(axis=2, keepdims=True), starts, max(1, length - lost))[:, :, 0]
        for lost, of in enumerate((centred, steps, np.diff(steps, axis=1)))
    ]
    powers[0] = np.maximum(powers[0] - of_level, 0)
    return np.stack([np.log(power + 1e-9) / 2 for power in powers], axis=2)


def _means(values: Float64Array, starts: NDArray[np.intp], length: int) -> Float64Array:
    """Give the means of so many readings from each start on, (window, start, channel)."""
    sums = np.concatenate([np.zeros_like(values[:, :1]), np.cumsum(values, axis=1)], axis=1)
    ends = np.minimum(starts + length, values.shape[1])
    return np.asarray((sums[:, ends] - sums[:, starts]) / length)


def _far(told: Float64Array, was: Float64Array, usual: Float64Array) -> Float64Array:
    """Give the mean square of differences in usual ones, (window, place)."""
    return np.asarray(np.square((told - was) / usual).mean(axis=2))
