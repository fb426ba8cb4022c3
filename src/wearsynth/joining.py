"""Windows joined to signals of any length, so that the joints do not show.

A person's drawn windows of one class stand in a pool. The signal goes on with the window, and from the
place in it, whose next readings are most like the last ones (Efros and Freeman, 2001, doi
10.1145/383259.383296, in time), turned so that gravity points where it did, and shifted so that its level
is the same at first. Over the overlap one fades into the other so that the power stays. No window is used
twice.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from wearsynth.data import FloatArray, IntArray, SignalWindows
from wearsynth.errors import DataError
from wearsynth.mounting import has_axes
from wearsynth.representation import ONE_G

Float64Array = NDArray[np.float64]

OVERLAP_S = 0.4
"""Joined windows overlap by so much, a quarter of a window at most."""

PLACES = 0.3
"""A window may be entered in this first part of it."""

POOL = 512
"""Windows to choose from; half of them used, as many are drawn anew."""

TRIED = 12
"""So many of the nearest places are turned and compared exactly."""

LEAST_GRAVITY = 0.3
"""Below this share of 1 g the mean of an overlap does not tell where gravity points."""

LEAST_STEPS = 3
"""The overlap takes two steps of a window, and one more has to be new."""

SLOW_READINGS = 3
"""What is slow in an overlap is its mean over so many readings."""

LIKE_WEIGHT = 0.3
"""How much it counts that the next window moves as strongly as the one before, in squared log units."""

OPPOSITE = -0.9
"""Directions of a smaller cosine are nearly opposite: half turns have no axis."""

Floats = NDArray[np.floating[Any]]
"""In either precision."""

Draw = Callable[[int, int], Mapping[str, SignalWindows]]
"""(how many, number of the draw) -> windows of one person and class."""

Pieces = dict[str, FloatArray]
"""Signal -> (time, channel)."""


@dataclass(frozen=True, eq=False)
class Joint:
    """Where two windows were joined: the first reading of the overlap, by signal."""

    at: Mapping[str, int]


def joined(draw: Draw, *, steps: int) -> Iterator[tuple[Pieces, Joint]]:
    """Give the signals piece by piece without end, each piece with the joint that it ends before.

    steps: of a window's common clock, on which all its signals are joined. The pieces of a signal, one
    after the other, are one continuous signal. The first piece ends before the first joint.
    """
    pool = _Pool(draw, steps)
    last = pool.first()
    length = dict.fromkeys(last, 0)
    while True:
        kept = {name: values[: -pool.overlap[name]] for name, values in last.items()}
        length = {name: length[name] + len(values) for name, values in kept.items()}
        yield (
            {name: values.astype(np.float32) for name, values in kept.items()},
            Joint(dict(length)),
        )
        tail = {name: values[-pool.overlap[name] :] for name, values in last.items()}
        last = pool.next_after(tail)


class _Pool:
    """Windows to choose from, and the choice."""

    def __init__(self, draw: Draw, steps: int) -> None:
        if steps < LEAST_STEPS:
            raise DataError(
                f"windows of {steps} step(s) on the clock that all their signals share are too short "
                f"to be joined, {LEAST_STEPS} are needed. Ask for windows (counts)."
            )
        self.draw, self.draws = draw, 0
        self.windows: dict[str, Float64Array] = {}
        self.free = np.zeros(0, dtype=np.bool_)
        self.fold: dict[str, int] = {}
        self.steps = steps
        self._fill()
        any_name = next(iter(self.fold))
        rate_hz = self.form[any_name].rate_hz / self.fold[any_name]
        # two steps at least: one has no slope
        self.overlap_steps = max(2, min(round(OVERLAP_S * rate_hz), steps // 4))
        self.places = max(1, round(PLACES * steps))
        self.overlap = {name: fold * self.overlap_steps for name, fold in self.fold.items()}
        self._index()

    def first(self) -> dict[str, Float64Array]:
        """Give a whole window to begin with."""
        return self._taken(0, 0)

    def next_after(self, tail: Mapping[str, Float64Array]) -> dict[str, Float64Array]:
        """Give the readings that go on from the tail, the overlap included and faded."""
        if self.free.sum() < POOL // 2:
            self._fill()
            self._index()
        unlike = self._unlike()
        windows, places = self._nearest(tail, unlike)
        parts = {
            name: self.views[name][windows, places].reshape(-1, *of.shape).astype(np.float64)
            for name, of in tail.items()
        }
        turns = self._turns(tail, parts)
        distance = unlike[windows]
        for name, of in tail.items():
            turned = self._rotated(name, parts[name], turns)
            distance += apart(turned, of) / (of.size * self.spread[name])
        best = int(distance.argmin())
        found = self._taken(int(windows[best]), int(places[best]))
        for name, values in found.items():
            whole = self._rotated(name, values[None], turns[best : best + 1])[0]
            overlap = self.overlap[name]
            step = tail[name].mean(axis=0) - whole[:overlap].mean(axis=0)
            whole += step * np.linspace(1, 0, len(whole))[:, None]
            whole[:overlap] = faded(tail[name], whole[:overlap])
            found[name] = whole
        return found

    def _fill(self) -> None:
        drawn = self.draw(POOL // 2 if self.draws else POOL, self.draws)
        self.draws += 1
        self.form = drawn
        for name, signal in drawn.items():
            old = self.windows[name][self.free] if name in self.windows else None
            new = signal.values.astype(np.float64)
            self.windows[name] = new if old is None else np.concatenate([old, new])
            self.fold[name] = new.shape[1] // self.steps
        self.free = np.full(len(next(iter(self.windows.values()))), True)

    def _index(self) -> None:
        """Lay out every place of every window, the levels there and how much is moved about them."""
        self.views: dict[str, FloatArray] = {}  # (window, place, time x channel)
        self.levels: dict[str, FloatArray] = {}  # (window, place, channel)
        self.far: dict[str, FloatArray] = {}  # squares of the levels, (window, place)
        self.lengths: dict[str, FloatArray] = {}  # (window, place)
        self.spread: dict[str, float] = {}
        strengths = [
            np.log(np.square(of).mean(axis=1) + 1e-9) / 2
            for values in self.windows.values()
            for of in (np.diff(values, axis=1), values - values.mean(axis=1, keepdims=True))
        ]
        self.strengths = np.concatenate(strengths, axis=1)
        for name, values in self.windows.items():
            fold, overlap = self.fold[name], self.overlap[name]
            view = sliding_window_view(values, overlap, axis=1)[:, ::fold][:, : self.places]
            laid_out = np.ascontiguousarray(view.transpose(0, 1, 3, 2), dtype=np.float32)
            self.views[name] = laid_out.reshape(len(values), view.shape[1], -1)
            self.levels[name] = laid_out.mean(axis=2)
            self.far[name] = np.square(self.levels[name]).sum(axis=2)
            squares = np.square(laid_out - self.levels[name][:, :, None]).sum(axis=(2, 3))
            self.lengths[name] = np.sqrt(squares) + np.float32(1e-12)
            self.spread[name] = float(values.var(axis=1).mean()) + 1e-12

    def _nearest(
        self, tail: Mapping[str, Float64Array], unlike: Float64Array
    ) -> tuple[IntArray, IntArray]:
        """Give the windows and places whose readings are nearest as they are, one place a window."""
        total: Floats = unlike.astype(np.float32)[:, None]
        for name, of in tail.items():
            level, lengths = of.mean(axis=0), self.lengths[name]
            moved = (of - level).astype(np.float32)
            length = float(np.linalg.norm(moved))
            along = self.views[name] @ moved.reshape(-1) / lengths
            levels = len(of) * self._level_squares(name, level.astype(np.float32))
            distance = _by_parts(lengths, length, along, levels)
            total = total + distance / np.float32(of.size * self.spread[name])
        places = total.argmin(axis=1)
        nearest = np.where(self.free, total[np.arange(len(total)), places], np.inf)
        windows = np.argpartition(nearest, TRIED)[:TRIED]
        return windows, places[windows]

    def _level_squares(self, name: str, level: FloatArray) -> FloatArray:
        """Give the squared distance of every place's level to this one, (window, place)."""
        inner: FloatArray = self.levels[name] @ level
        return self.far[name] - 2 * inner + np.float32(level @ level)

    def _unlike(self) -> Float64Array:
        """Give how unlike the window before each one is in how strongly it moves, (window,)."""
        apart = np.square(self.strengths - self.strength).mean(axis=1)
        return np.asarray(LIKE_WEIGHT * apart)

    def _taken(self, window: int, place: int) -> dict[str, Float64Array]:
        self.free[window] = False
        self.strength = self.strengths[window]
        return {
            name: values[window, place * self.fold[name] :].copy()
            for name, values in self.windows.items()
        }

    def _turns(
        self, tail: Mapping[str, Float64Array], parts: Mapping[str, Float64Array]
    ) -> Float64Array:
        """Give the least rotations that bring gravity, as overlaps tell it, to where it was, (n, 3, 3)."""
        for name, of in tail.items():
            channels = self.form[name].channels
            one_g = ONE_G.get(channels[0].unit)
            if one_g is not None and has_axes(channels):
                least = LEAST_GRAVITY * one_g
                return rotations_to(of.mean(axis=0), parts[name].mean(axis=1), least)
        return np.broadcast_to(np.eye(3), (len(next(iter(parts.values()))), 3, 3))

    def _rotated(self, name: str, values: Float64Array, turns: Float64Array) -> Float64Array:
        """Turn (n, time, channel) by (n, 3, 3), where the signal is a vector."""
        if not has_axes(self.form[name].channels):
            return values.copy()
        return np.asarray(values @ turns.transpose(0, 2, 1))


def apart(parts: Float64Array, tail: Float64Array) -> Float64Array:
    """Give how far each part (n, time, channel) is from the tail (time, channel), as a sum of squares.

    How strongly both move, how they move, and their levels count by themselves. A plain sum of squares
    is least for parts that move too little, whatever they do.

    >>> tail = np.array([[1.0], [-1.0]])
    >>> apart(np.stack([tail, tail / 2, -tail, tail + 1]), tail).round(6).tolist()
    [0.0, 0.5, 8.0, 2.0]
    """
    level, levels = tail.mean(axis=0), parts.mean(axis=1)
    moved, moves = tail - level, parts - levels[:, None]
    length, lengths = float(np.linalg.norm(moved)), np.linalg.norm(moves, axis=(1, 2)) + 1e-12
    along = (moves * moved).sum(axis=(1, 2)) / lengths
    squares = len(tail) * np.square(levels - level).sum(axis=1)
    return np.asarray(_by_parts(lengths, length, along, squares), np.float64)


def _by_parts(lengths: Floats, length: float, along: Floats, levels: Floats) -> Floats:
    """Give squared differences of lengths, of directions as long as the tail, and of levels.

    along: the tail's inner product with the parts' directions.
    """
    squares: Floats = np.square(lengths - length) + 2 * length * (length - along) + levels
    return squares


def rotations_to(direction: Float64Array, vectors: Float64Array, least: float) -> Float64Array:
    """Give the least rotation of each vector (n, 3) to a direction (3,), as (n, 3, 3).

    No rotation where a vector or the direction is shorter than `least`, or they are nearly opposite.

    >>> rotations_to(np.array([0.0, 2, 0]), np.array([[1.0, 0, 0]]), 0.1)[0].round(6).tolist()
    [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    lengths, length = np.linalg.norm(vectors, axis=1), float(np.linalg.norm(direction))
    a = vectors / np.maximum(lengths, 1e-12)[:, None]
    b = direction / max(length, 1e-12)
    cosine = a @ b
    outer = b[None, :, None] * a[:, None, :]
    skew = outer - outer.transpose(0, 2, 1)  # of the axis a x b
    turned = np.eye(3) + skew + skew @ skew / np.maximum(1 + cosine, 1e-3)[:, None, None]
    known = (lengths > least) & (length > least) & (cosine > OPPOSITE)
    return np.where(known[:, None, None], turned, np.eye(3))


def faded(before: Float64Array, after: Float64Array) -> Float64Array:
    """Give the crossfade from one to the other, (time, channel) each, whose power stays.

    Levels fade with weights whose sum is 1. So do what is slow around them and what is fast, each by
    itself, where both are alike; where they are unrelated, as noise is, the squares' sum is 1.
    """
    weight = ((np.arange(len(before)) + 1) / (len(before) + 1))[:, None]
    level_before, level_after = before.mean(axis=0), after.mean(axis=0)
    both = np.stack([before - level_before, after - level_after])
    slow = uniform_filter1d(both, min(SLOW_READINGS, len(before)), axis=1, mode="nearest")
    levels = (1 - weight) * level_before + weight * level_after
    fast = both - slow
    parts = _blended(slow[0], slow[1], weight) + _blended(fast[0], fast[1], weight)
    return np.asarray(levels + parts)


def _blended(before: Float64Array, after: Float64Array, weight: Float64Array) -> Float64Array:
    """Give the weighted sum, over its sd beside that of the parts, as they go together."""
    powers = np.sqrt(np.square(before).sum(axis=0) * np.square(after).sum(axis=0))
    related = np.clip((before * after).sum(axis=0) / (powers + 1e-12), -0.5, 1)
    left = 1 - weight
    power = np.square(left) + np.square(weight) + 2 * related * left * weight
    return np.asarray((left * before + weight * after) / np.sqrt(power))
