"""Rows to readings: where labels run, where readings are missing, which times repeat."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import Gap, IntArray, Oddity, Span

REPEATED = "reading(s) repeat the time of the one before: the last one stands"
BACKWARD = "step(s) back in time: a new recording begins there"
JUMP_STEPS = 1.5
"""A step in time longer than this many usual steps is a gap."""


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
