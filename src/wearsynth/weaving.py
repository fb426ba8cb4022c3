"""A person's windows of several classes woven into one recording of any length, whose joints do not show.

What is fast (a pulse, a movement) goes on with the window, and from the place in it, that moves most as
the last readings did, gravity turned to where it was; joining.py explains how. What drifts (skin
conductance, temperature) goes on from the level it had: the next window is shifted to it, and the shift
fades over minutes, so that levels wander between those of the windows, and after a change of class
towards those of the other class. Skin conductance is shifted by a factor, as its waves grow with its level.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from wearsynth.data import SignalWindows
from wearsynth.errors import DataError
from wearsynth.joining import LEAST_GRAVITY, Pieces, apart, rotations_to
from wearsynth.mounting import has_axes
from wearsynth.representation import ONE_G

Float64Array = NDArray[np.float64]
Readings = dict[str, Float64Array]

DRIFTING = ("uS", "degC", "bpm")
"""The units of what has a level of its own that drifts over minutes."""

BY_FACTORS, LEAST_US = "uS", 0.05
"""What is shifted by factors, and what is added before the logarithm."""

DRIFT_S = 240.0
"""A shift of level fades by 1/e in so long: real levels of a minute resemble those of so many minutes ago."""

OVERLAP_S, LEAD_S = 2.0, 2.0
"""Windows are faded over so long, two beats or three, a quarter of a window at most, and compared over
so much more before."""

EDGE_S = 1.0
"""So much of a window's end is left out, where there is more: what no window follows is less sure."""

PLACES_S, PLACES = 15.0, 0.3
"""A window may be entered in so long from its start, or in this first part of it if that is less."""

POOL_S, LEAST_POOL, MOST_POOL = 3600.0, 96, 512
"""Windows of a class to choose from: so long a time of them. Half of them used, as many are drawn anew."""

LIKE_S = 10.0
"""Windows go on as strongly, and drift as fast, as before: so long before the joint and after is compared."""

LIKE_WEIGHT = 2.0
"""How much that counts, in squared log units."""

LEVELLED, LEVELLED_S = "a.u.", 0.5
"""Pulses, whose slow waves the sensor takes off: a shift of theirs is gone so soon."""

PULSE_WEIGHT = 4.0
"""How much more than others a pulse counts: it is told most surely by what it does next."""

TREND_WEIGHT = 0.5
"""How much it counts that a level drifts on as fast, in units of the variance of drifts."""

LEVEL_WEIGHT = 1.0
"""How much it counts that a level is where it was, in units of the variance of levels."""

QUIET = 0.005
"""Differences are told beside how much the tail moves, at least this share of what windows usually do."""

NEAR = 4
"""Where a model knows no people, one in so many drawn windows is near enough to the person's levels."""

LEAST_STEPS = 3

Draw = Callable[[str, int, int], Mapping[str, SignalWindows]]
"""(class, how many, number of the draw) -> windows of one person."""


@dataclass(frozen=True)
class Joint:
    """Where two windows meet: the first step of the overlap, on the clock that all signals share."""

    step: int
    overlap: int
    changes: bool


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
        return min(round(LEAD_S * self.rate_hz), self.steps // 8)

    @property
    def edge(self) -> int:
        """Steps of a window's end that are left out."""
        return min(round(EDGE_S * self.rate_hz), self.steps // 16)

    @property
    def places(self) -> int:
        """The steps of a window at which it may be entered."""
        return max(1, min(round(PLACES_S * self.rate_hz), round(PLACES * self.steps)))

    @property
    def like(self) -> int:
        """Steps over which it is compared how strongly windows move."""
        return max(self.overlap, min(round(LIKE_S * self.rate_hz), self.steps // 2))

    @property
    def pool(self) -> int:
        """How many windows of a class there are to choose from."""
        return int(np.clip(POOL_S * self.rate_hz / self.steps, LEAST_POOL, MOST_POOL))


def woven(
    draw: Draw, plan: Sequence[tuple[str, int]], clock: Clock
) -> Iterator[tuple[Pieces, Joint]]:
    """Give a person's signals piece by piece, each with the joint that it ends before.

    plan: classes and for how many steps each; a class begins in the middle of an overlap. Pieces are
    (time, channel) by signal and follow each other; the last one goes beyond the plan's end. No window
    is used twice. DataError where windows are too short to be joined.
    """
    if clock.steps < LEAST_STEPS:
        raise DataError(
            f"windows of {clock.steps} step(s) on the clock that all their signals share are too short "
            f"to be joined, {LEAST_STEPS} are needed. Ask for windows (counts)."
        )
    pools = _Pools(draw, clock)
    last, done, end = pools.first(plan[0][0]), 0, 0
    past: Readings = {}
    for place, (name, steps) in enumerate(plan):
        end += steps
        final = place == len(plan) - 1
        changed = False
        while not changed and not (final and done >= end):
            held = pools.steps_of(last) - clock.overlap - clock.edge
            left = max(end - clock.overlap // 2 - done, 0)
            changed = not final and left <= held
            take = left if changed else held
            done += take
            yield pools.cut(last, 0, take), Joint(done, clock.overlap, changed)
            past = pools.ended(past, pools.part(last, 0, take + clock.overlap))
            last = pools.next_after(past, plan[place + 1][0] if changed else name)
            past = pools.part(past, 0, pools.steps_of(past) - clock.overlap)


class _Pools:
    """Windows to choose from, by class, and the choice."""

    def __init__(self, draw: Draw, clock: Clock) -> None:
        self.draw, self.clock = draw, clock
        self.by_class: dict[str, _Pool] = {}
        self.form: Mapping[str, SignalWindows] = {}
        self.home: Float64Array | None = None  # the person's levels beside those of all

    def first(self, name: str) -> Readings:
        """Give a whole window to begin with."""
        return self._pool(name).taken(0, 0)

    def steps_of(self, readings: Readings) -> int:
        """Give how many steps readings hold."""
        name, values = next(iter(readings.items()))
        return len(values) // self._fold(name)

    def part(self, readings: Readings, start: int, stop: int) -> Readings:
        """Give the readings between two steps."""
        return {
            name: values[start * self._fold(name) : stop * self._fold(name)]
            for name, values in readings.items()
        }

    def ended(self, past: Readings, readings: Readings) -> Readings:
        """Give the last readings of both, as many as are compared."""
        whole = {n: np.concatenate([past[n], of]) if past else of for n, of in readings.items()}
        steps = self.steps_of(whole)
        return self.part(whole, max(0, steps - self.clock.like), steps)

    def cut(self, readings: Readings, start: int, stop: int) -> Pieces:
        """Give the readings between two steps in their units."""
        return {
            name: _from_even(values, self._unit(name)).astype(np.float32)
            for name, values in self.part(readings, start, stop).items()
        }

    def next_after(self, before: Readings, name: str) -> Readings:
        """Give the readings of a window that go on from those before, the overlap included and faded."""
        pool = self._pool(name)
        lead = min(self.clock.lead, self.steps_of(before) - self.clock.overlap)
        tail = {of: values[-pool.overlap(of) :] for of, values in before.items()}
        turns = self._turns(tail, pool)
        total: Float64Array = np.zeros(1)
        strength = np.array([of for values in before.values() for of in _strength(values)])
        total = LIKE_WEIGHT * np.square(pool.strengths - strength).mean(axis=2)
        for signal, (trends, usual) in pool.trends.items():
            off = (trends - _trend(before[signal])) / usual
            total = total + TREND_WEIGHT * np.square(off).mean(axis=2)
        for signal, values in before.items():
            compared = values[-(lead + self.clock.overlap) * self._fold(signal) :]
            parts = pool.views[signal][:, :, -len(compared) :]
            if signal in turns:
                parts = parts @ turns[signal].swapaxes(2, 3)
            total = total + self._unlike(signal, parts, compared, pool)
        total[~pool.free] = np.inf
        window, place = (int(at) for at in np.unravel_index(total.argmin(), total.shape))
        found = pool.taken(window, place + self.clock.lead)
        for signal, values in found.items():
            turned = values @ turns[signal][window, place].T if signal in turns else values
            found[signal] = self._gone_on(signal, turned, tail[signal])
        return found

    def _gone_on(self, signal: str, values: Float64Array, tail: Float64Array) -> Float64Array:
        """Shift a window to the tail's level, and fade the one into the other."""
        overlap = len(tail)
        shift = tail.mean(axis=0) - values[:overlap].mean(axis=0)
        after = np.arange(len(values)) / (self._fold(signal) * self.clock.rate_hz)
        unit = self._unit(signal)
        if unit in DRIFTING or unit == LEVELLED:
            fading = np.exp(-after / (LEVELLED_S if unit == LEVELLED else DRIFT_S))
        else:
            fading = np.linspace(1, 0, len(values))
        whole = values + shift * fading[:, None]
        whole[:overlap] = gently_faded(tail, whole[:overlap])
        return np.asarray(whole)

    def _unlike(
        self, signal: str, parts: Float64Array, tail: Float64Array, pool: "_Pool"
    ) -> Float64Array:
        """Give how unlike the tail each place's readings are, (window, place)."""
        flat = parts.reshape(-1, *tail.shape)
        usual = pool.spread[signal]
        unit = tail.var(axis=0).mean() + QUIET * usual
        if self._unit(signal) not in DRIFTING:
            found = apart(flat, tail) / (tail.size * unit)
            found *= PULSE_WEIGHT if self._unit(signal) == LEVELLED else 1.0
            return np.asarray(found.reshape(parts.shape[:2]))
        levels = flat.mean(axis=1)
        moved = np.square(flat - levels[:, None] - (tail - tail.mean(axis=0))).sum(axis=(1, 2))
        apart_by = np.square(levels - tail.mean(axis=0)).mean(axis=1) / pool.level_variance[signal]
        found = moved / (tail.size * unit) + LEVEL_WEIGHT * apart_by
        return np.asarray(found.reshape(parts.shape[:2]))

    def _turns(self, tail: Readings, pool: "_Pool") -> Readings:
        """Give for each vector signal the rotations (window, place, 3, 3) that bring gravity back."""
        for signal, of in tail.items():
            one_g = ONE_G.get(self._unit(signal))
            if one_g is not None and self._is_vector(signal):
                means = pool.views[signal][:, :, -len(of) :].mean(axis=2)
                least = LEAST_GRAVITY * one_g
                turns = rotations_to(of.mean(axis=0), means.reshape(-1, 3), least)
                turns = turns.reshape(*means.shape[:2], 3, 3)
                return {name: turns for name in tail if self._is_vector(name)}
        return {}

    def _pool(self, name: str) -> "_Pool":
        """Give a class's pool, filled where more than half of it is used."""
        pool = self.by_class.get(name)
        if pool is None:
            pool = self.by_class[name] = _Pool(self.clock)
        if pool.free.sum() < max(1, self.clock.pool // 2):
            count = self.clock.pool - int(pool.free.sum())
            drawn = self.draw(name, count * (1 if self.clock.knows_people else NEAR), pool.draws)
            self.form = drawn
            pool.add({key: _to_even(of.values, self._unit(key)) for key, of in drawn.items()})
            if not self.clock.knows_people:
                self._keep_near(pool, count)
            pool.index(self._fold, [key for key in drawn if self._unit(key) in DRIFTING])
        return pool

    def _keep_near(self, pool: "_Pool", count: int) -> None:
        """Keep those new windows whose drifting levels are nearest to the person's."""
        drifting = [name for name in self.form if self._unit(name) in DRIFTING]
        if not drifting:
            pool.keep(np.arange(len(pool.free)), count)
            return
        levels = np.concatenate([pool.windows[name].mean(axis=1) for name in drifting], axis=1)
        new = levels[-count * NEAR :]
        usual, spread = new.mean(axis=0), new.std(axis=0) + 1e-9
        if self.home is None:
            self.home = (new[0] - usual) / spread
        far = np.square((levels - usual) / spread - self.home).sum(axis=1)
        far[: -count * NEAR] = -1  # those of before stay
        pool.keep(np.argsort(far, kind="stable"), count)

    def _fold(self, name: str) -> int:
        return int(self.form[name].values.shape[1]) // self.clock.steps

    def _unit(self, name: str) -> str:
        return self.form[name].channels[0].unit

    def _is_vector(self, name: str) -> bool:
        return has_axes(self.form[name].channels)


class _Pool:
    """One class's windows: readings (window, time, channel) by signal, and every place in them."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.draws = clock, 0
        self.windows: Readings = {}
        self.free: NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)

    def add(self, drawn: Readings) -> None:
        """Put windows to those that are free."""
        for name, values in drawn.items():
            old = self.windows[name][self.free] if name in self.windows else values[:0]
            self.windows[name] = np.concatenate([old, values])
        self.draws += 1
        self.free = np.full(len(next(iter(self.windows.values()))), True)

    def keep(self, order: NDArray[np.intp], count: int) -> None:
        """Keep the first of the windows in this order, `count` of the new ones among them."""
        kept = np.sort(order[: len(order) - count * (NEAR - 1)])
        self.windows = {name: values[kept] for name, values in self.windows.items()}
        self.free = np.full(len(kept), True)

    def index(self, fold: Callable[[str], int], drifting: Sequence[str]) -> None:
        """Lay out every place of every window, and how much is moved and how levels differ."""
        self.fold = {name: fold(name) for name in self.windows}
        self.views: Readings = {}  # (window, place, time, channel)
        self.spread: dict[str, float] = {}
        self.trends: dict[str, tuple[Float64Array, float]] = {}  # (window, place, channel), sd
        strengths = list[Float64Array]()
        self.level_variance: dict[str, float] = {}
        for name, values in self.windows.items():
            long = self.overlap(name) + self.clock.lead * self.fold[name]
            view = sliding_window_view(values, long, axis=1)[:, :: self.fold[name]]
            self.views[name] = view[:, : self.clock.places].transpose(0, 1, 3, 2)
            moved = self.views[name] if name in drifting else values[:, None]
            self.spread[name] = float(moved.var(axis=2).mean()) + 1e-12
            self.level_variance[name] = float(values.mean(axis=1).var(axis=0).mean()) + 1e-12
            told = self._following(values, self.fold[name])
            strengths += told[:2]
            if name in drifting:
                self.trends[name] = (told[2], float(told[2].std()) + 1e-9)
        self.strengths = np.stack(strengths, axis=2)

    def overlap(self, name: str) -> int:
        """Give the readings of a signal in an overlap."""
        return self.clock.overlap * self.fold[name]

    def _following(self, values: Float64Array, fold: int) -> list[Float64Array]:
        """Give _strength and _trend of what follows on each place, each (window, place, ...)."""
        long = self.clock.like * fold
        places = sliding_window_view(values, long, axis=1)[:, self.clock.lead * fold :: fold]
        places = places[:, : self.clock.places]
        told = [[*_strength(of), _trend(of)] for of in places.swapaxes(2, 3)]
        return [np.stack(of) for of in zip(*told, strict=True)]

    def taken(self, window: int, place: int) -> Readings:
        """Give a window from a place on; it is not free any more."""
        self.free[window] = False
        return {
            name: values[window, place * self.fold[name] :].copy()
            for name, values in self.windows.items()
        }


def gently_faded(before: Float64Array, after: Float64Array) -> Float64Array:
    """Give the fade from one to the other, (time, channel) each, without a kink, whose power stays.

    Levels fade with weights whose sum is 1; so does what moves around them where both move alike, and
    where they are unrelated, the squares' sum is 1.

    >>> gently_faded(np.zeros((3, 1)), np.full((3, 1), 2.0))[:, 0].round(2).tolist()
    [0.21, 1.0, 1.79]
    """
    at = ((np.arange(len(before)) + 1) / (len(before) + 1))[:, None]
    weight = at**3 * (10 - 15 * at + 6 * at**2)  # slope and curvature are 0 at both ends
    levels = (1 - weight) * before.mean(axis=0) + weight * after.mean(axis=0)
    moved = [of - of.mean(axis=0) for of in (before, after)]
    powers = np.sqrt(np.square(moved[0]).sum(axis=0) * np.square(moved[1]).sum(axis=0))
    related = np.clip((moved[0] * moved[1]).sum(axis=0) / (powers + 1e-12), -0.5, 1)
    power = np.square(1 - weight) + np.square(weight) + 2 * related * weight * (1 - weight)
    parts = ((1 - weight) * moved[0] + weight * moved[1]) / np.sqrt(power)
    return np.asarray(levels + parts)


def _strength(values: Float64Array) -> list[Float64Array]:
    """Give how much readings (..., time, channel) change, and how far they reach, in logarithms."""
    moves = np.square(np.diff(values, axis=-2)).mean(axis=(-2, -1))
    reach = values.var(axis=-2).mean(axis=-1)
    return [np.asarray(np.log(of + 1e-9) / 2) for of in (moves, reach)]


def _trend(values: Float64Array) -> Float64Array:
    """Give by how much the second half of readings (..., time, channel) lies above the first."""
    half = values.shape[-2] // 2
    later, earlier = values[..., half:, :], values[..., :half, :]
    return np.asarray(later.mean(axis=-2) - earlier.mean(axis=-2))


def _to_even(values: NDArray[np.float32], unit: str) -> Float64Array:
    """Give readings so that a shift of level is a sum."""
    exact = values.astype(np.float64)
    return np.log(np.maximum(exact, 0) + LEAST_US) if unit == BY_FACTORS else exact


def _from_even(values: Float64Array, unit: str) -> Float64Array:
    """Undo `_to_even`."""
    return np.maximum(np.exp(values) - LEAST_US, 0) if unit == BY_FACTORS else values
