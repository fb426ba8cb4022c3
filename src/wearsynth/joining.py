"""Windows joined to signals of any length, so that the joints do not show.

A person's drawn windows of one class stand in a pool. The signal goes on with the window, and from the
place in it, whose next readings are most like the last ones (Efros and Freeman, 2001, doi
10.1145/383259.383296, in time), turned so that gravity points where it did, and shifted so that its level
is the same at first. Over the overlap one fades into the other so that the power stays. No window is used
twice.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from wearsynth.data import FloatArray, SignalWindows
from wearsynth.mounting import has_axes
from wearsynth.representation import ONE_G

Float64Array = NDArray[np.float64]

OVERLAP_S = 0.4
"""Joined windows overlap by so much, a quarter of a window at most."""

PLACES = 0.4
"""A window may be entered in this first part of it."""

POOL = 384
"""Windows to choose from; half of them used, as many are drawn anew."""

TRIED = 12
"""So many of the nearest places are turned and compared exactly."""

LEAST_GRAVITY = 0.3
"""Below this share of 1 g the mean of an overlap does not tell where gravity points."""

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
        best, least, turn = (0, 0), math.inf, np.eye(3)
        for window, place in self._nearest(tail):
            turned = self._turn(tail, window, place)
            distance = sum(
                np.square(
                    self._rotated(name, self._part(name, window, place), turned) - tail[name]
                ).mean()
                / self.spread[name]
                for name in tail
            )
            if distance < least:
                best, least, turn = (window, place), distance, turned
        found = self._taken(*best)
        for name, values in found.items():
            found[name] = self._rotated(name, values, turn)
            overlap = self.overlap[name]
            step = tail[name].mean(axis=0) - found[name][:overlap].mean(axis=0)
            found[name] += step * np.linspace(1, 0, len(values))[:, None]
            found[name][:overlap] = faded(tail[name], found[name][:overlap])
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
        """Lay out every place of every window, and how much power stands there."""
        self.views: dict[str, Float64Array] = {}
        self.powers: dict[str, Float64Array] = {}
        self.spread: dict[str, float] = {}
        for name, values in self.windows.items():
            fold, overlap = self.fold[name], self.overlap[name]
            view = sliding_window_view(values, overlap, axis=1)[:, ::fold][:, : self.places]
            self.views[name] = np.ascontiguousarray(view.transpose(0, 1, 3, 2)).reshape(
                len(values), view.shape[1], -1
            )
            self.powers[name] = np.square(self.views[name]).sum(axis=2)
            self.spread[name] = float(values.var(axis=1).mean()) + 1e-12

    def _nearest(self, tail: Mapping[str, Float64Array]) -> list[tuple[int, int]]:
        """Give the windows and places whose readings are nearest as they are, one place a window."""
        total: Float64Array | float = 0.0
        for name, of in tail.items():
            distance = self.powers[name] - 2 * self.views[name] @ of.reshape(-1)
            total = total + distance / (of.size * self.spread[name])
        assert isinstance(total, np.ndarray)
        places = total.argmin(axis=1)
        nearest = np.where(self.free, total[np.arange(len(total)), places], np.inf)
        chosen = np.argsort(nearest, kind="stable")[:TRIED]
        return [(int(window), int(places[window])) for window in chosen]

    def _part(self, name: str, window: int, place: int) -> Float64Array:
        start = place * self.fold[name]
        return self.windows[name][window, start : start + self.overlap[name]]

    def _taken(self, window: int, place: int) -> dict[str, Float64Array]:
        self.free[window] = False
        return {
            name: values[window, place * self.fold[name] :].copy()
            for name, values in self.windows.items()
        }

    def _turn(self, tail: Mapping[str, Float64Array], window: int, place: int) -> Float64Array:
        """Give the least rotation that brings gravity, as the overlap tells it, to where it was."""
        for name, of in tail.items():
            channels = self.form[name].channels
            one_g = ONE_G.get(channels[0].unit)
            if one_g is None or not has_axes(channels):
                continue
            now, before = self._part(name, window, place).mean(axis=0), of.mean(axis=0)
            if min(np.linalg.norm(now), np.linalg.norm(before)) > LEAST_GRAVITY * one_g:
                return rotation_between(now, before)
        return np.eye(3)

    def _rotated(self, name: str, values: Float64Array, turn: Float64Array) -> Float64Array:
        return values @ turn.T if has_axes(self.form[name].channels) else values.copy()


def rotation_between(one: Float64Array, other: Float64Array) -> Float64Array:
    """Give the least rotation (3, 3) that turns one direction to another; half a turn about any axis.

    >>> rotation_between(np.array([1.0, 0, 0]), np.array([0, 2.0, 0])).round(6).tolist()
    [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    a, b = one / np.linalg.norm(one), other / np.linalg.norm(other)
    axis, cosine = np.cross(a, b), float(a @ b)
    if cosine < -1 + 1e-9:
        across = np.cross(a, np.eye(3)[np.abs(a).argmin()])
        across /= np.linalg.norm(across)
        return np.asarray(2 * np.outer(across, across) - np.eye(3))
    skew = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.asarray(np.eye(3) + skew + skew @ skew / (1 + cosine))


def faded(before: Float64Array, after: Float64Array) -> Float64Array:
    """Give the crossfade from one to the other, (time, channel) each, whose power stays.

    The means fade with weights whose sum is 1; so does the rest where both are alike, and with weights
    whose squares' sum is 1 where they are unrelated, as noise is.
    """
    weight = ((np.arange(len(before)) + 1) / (len(before) + 1))[:, None]
    left = 1 - weight
    level_before, level_after = before.mean(axis=0), after.mean(axis=0)
    rest_before, rest_after = before - level_before, after - level_after
    powers = np.sqrt(np.square(rest_before).sum(axis=0) * np.square(rest_after).sum(axis=0))
    related = np.clip((rest_before * rest_after).sum(axis=0) / (powers + 1e-12), 0, 1)
    power = np.square(left) + np.square(weight) + 2 * related * left * weight
    rest = (left * rest_before + weight * rest_after) / np.sqrt(power)
    return np.asarray(left * level_before + weight * level_after + rest)
