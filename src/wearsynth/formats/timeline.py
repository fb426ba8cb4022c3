"""Rows to readings: where labels run, where readings are missing, which times repeat."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import FloatArray, Gap, IntArray, Oddity, Span

REPEATED = "reading(s) repeat the time of the one before: the last one stands"
BACKWARD = "step(s) back in time: a new recording begins there"
NOT_READINGS = (
    "line(s) with values that are NaN, infinite or beyond what a sensor measures: missing"
)
JUMP_STEPS = 1.5
"""A step in time longer than this many usual steps is a gap."""
ON_GRID = 1e-3
"""A time within this share of a step of a grid time is on it: 50 us at 20 Hz."""


def runs(values: NDArray[Any] | Sequence[Any]) -> list[tuple[int, int]]:
    """Give the ranges [first, end) of equal neighbours, in order."""
    array = np.asarray(values)
    if not len(array):
        return []
    edges = np.flatnonzero(np.asarray(array[1:] != array[:-1], dtype=np.bool_)) + 1
    return list(itertools.pairwise([0, *edges.tolist(), len(array)]))


def spans_of(
    label: NDArray[Any] | Sequence[str | None],
    rate_hz: float,
    *,
    place: IntArray | None = None,
    start_s: float = 0.0,
) -> tuple[Span, ...]:
    """Give the runs of equal label, (row,), as spans; rows with None or "" are in no span.

    place: each row's reading number, (row,); without, rows follow on each other.
    """
    where = np.arange(len(label)) if place is None else place
    return tuple(
        Span(
            float(start_s + where[first] / rate_hz),
            float(start_s + (where[end - 1] + 1) / rate_hz),
            str(label[first]),
        )
        for first, end in runs(np.asarray(label, dtype=object))
        if label[first]
    )


def gaps_of(bad: NDArray[np.bool_], rate_hz: float, *, start_s: float = 0.0) -> tuple[Gap, ...]:
    """Give the stretches where bad, (reading,), is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], bad, [False]]).astype(np.int8)))
    return tuple(
        Gap(float(start_s + a / rate_hz), float(start_s + b / rate_hz))
        for a, b in edges.reshape(-1, 2).tolist()
    )


def odd_rows(bad: NDArray[np.bool_], what: str, where: str, first_line: int) -> tuple[Oddity, ...]:
    """Give an Oddity for the rows where bad, (row,), is true; none where it never is.

    first_line: the line of row 0 in the file `where`.
    """
    rows = np.flatnonzero(bad)
    if not len(rows):
        return ()
    return (Oddity(what, len(rows), f"{where}, line {first_line + int(rows[0])}"),)


def averaged_where_dense(
    time_s: NDArray[np.float64], values: NDArray[Any], *, rate_hz: float
) -> tuple[NDArray[np.float64], NDArray[Any], NDArray[np.bool_]]:
    """Give (time_s, values, dense): readings with the mean of those that share a step of the grid.

    time_s: (row,) rising; values: (row, channel). dense: (row,) tells where, within half a second
    on both sides, readings stand closer than 1.5 times rate_hz: there the readings nearest to one
    grid time k / rate_hz become one, at the mean of their times, so that little aliases. Others
    stay as they are.
    """
    first_s = np.maximum(time_s - 0.5, time_s[0])
    last_s = np.minimum(time_s + 0.5, time_s[-1])
    near = np.searchsorted(time_s, last_s, "right") - np.searchsorted(time_s, first_s, "left") - 1
    dense: NDArray[np.bool_] = near > JUMP_STEPS * rate_hz * (last_s - first_s) + 1
    if not dense.any():
        return time_s, values, dense
    step = np.floor(time_s * rate_hz + 0.5)
    joined = dense[1:] & dense[:-1] & (step[1:] == step[:-1])
    first = np.flatnonzero(np.concatenate([[True], ~joined]))
    count = np.diff(np.append(first, len(time_s)))
    mean_s = np.add.reduceat(time_s, first) / count
    means = np.add.reduceat(values, first, axis=0) / count[:, None]
    return mean_s, means.astype(values.dtype), dense


def on_grid(
    time_s: NDArray[np.float64], values: NDArray[Any], *, rate_hz: float, longest_s: float
) -> tuple[int, FloatArray]:
    """Give (first, readings): readings[i] is the value at time (first + i) / rate_hz.

    time_s: (row,) rising; values: (row, channel); readings: (reading, channel) float32, from the
    first grid time that the rows reach to the last. Between two rows a reading lies on the straight
    line, unless they are more than longest_s apart: then it is NaN, for nothing is known there.
    """
    first = int(np.ceil(time_s[0] * rate_hz - ON_GRID))
    last = int(np.floor(time_s[-1] * rate_hz + ON_GRID))
    grid_s = np.arange(first, last + 1) / rate_hz
    columns = [np.interp(grid_s, time_s, values[:, index]) for index in range(values.shape[1])]
    readings = np.stack(columns, axis=1).astype(np.float32)
    near_s = ON_GRID / rate_hz
    before = np.searchsorted(time_s, grid_s + near_s, "right") - 1
    after = np.minimum(np.searchsorted(time_s, grid_s - near_s, "left"), len(time_s) - 1)
    readings[time_s[after] - time_s[np.maximum(before, 0)] > longest_s] = np.nan
    return first, readings
