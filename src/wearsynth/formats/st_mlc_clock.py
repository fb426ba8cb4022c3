"""The time column of MEMS Studio logs: where recordings begin and each row's place in them."""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import IntArray, Oddity
from wearsynth.errors import FormatError
from wearsynth.formats.timeline import BACKWARD, JUMP_STEPS, REPEATED, odd_rows

SLOWEST_HZ, FASTEST_HZ = 0.1, 1e4
LONGEST_GAP_US = 600e6
LONGEST_GAP_STEPS = 10
"""A step in time longer than both begins a new recording, so that no hours of NaN are kept."""
MOST_BACK_SHARE = 0.1
"""Where more of the steps go back the lines are out of order, not a clock that was set."""
MOST_EMPTY = 50
"""A recording may have this many places for each row (and a million)."""
LARGEST_US = 1e18
PAUSED = "pause(s) of over ten minutes: a new recording begins there"
TIMELESS = "line(s) have no time: left out"


@dataclass(frozen=True, eq=False)
class Stretch:
    """The rows of one recording, (row,), and the reading that each is, (row,), from 0, rising."""

    rows: IntArray
    place: IntArray
    oddities: tuple[Oddity, ...] = ()


@dataclass(frozen=True, eq=False)
class Clock:
    """The rate that time stamps tell, and the stretches that they part a log into."""

    rate_hz: float
    stretches: tuple[Stretch, ...]


def without_clock(rows: int) -> tuple[Stretch, ...]:
    """Give the one stretch of a log whose rows follow on each other."""
    return (Stretch(np.arange(rows), np.arange(rows)),)


def clock_of(time_us: NDArray[np.float64], *, where: str, first_line: int) -> Clock:
    """Give the clock of time stamps, (row,); where and first_line say where row 0 stands.

    A step back and a pause over ten minutes begin a new stretch; of rows at one time the last one
    stands; rows without a time are left out. FormatError where the times never advance, are mostly
    out of order, or are no microseconds.
    """
    timed = np.abs(time_us) < LARGEST_US  # NaN compares false
    rows = np.flatnonzero(timed)
    step_us = np.diff(time_us[rows])
    usual_us = _usual_us(step_us, where)
    back = step_us < 0
    if back.sum() > max(10, MOST_BACK_SHARE * len(back)):
        line = first_line + int(rows[1 + int(np.argmax(back))])
        problem = f"from here on {back.sum()} of {len(back)} times go back. Sort the lines by time."
        raise FormatError(where, problem, line=line)
    pause = step_us > max(LONGEST_GAP_US, LONGEST_GAP_STEPS * usual_us)
    edges = [0, *(np.flatnonzero(back | pause) + 1).tolist(), len(rows)]
    told = [odd_rows(~timed, TIMELESS, where, first_line)]
    for index in edges[1:-1]:
        line = first_line + int(rows[index])
        told.append((Oddity(BACKWARD if back[index - 1] else PAUSED, 1, f"{where}, line {line}"),))
    stretches = [
        _stretch(rows[a:b], step_us[a : b - 1], usual_us, where, first_line, odd)
        for (a, b), odd in zip(itertools.pairwise(edges), told, strict=True)
    ]
    return Clock(1e6 / usual_us, tuple(stretches))


def _usual_us(step_us: NDArray[np.float64], where: str) -> float:
    forward = step_us[step_us > 0]
    if not len(forward):
        raise FormatError(where, "its times never advance. Mend the time column or take it out.")
    usual_us = float(np.median(forward))
    if not SLOWEST_HZ <= 1e6 / usual_us <= FASTEST_HZ:
        problem = f"its times lie {usual_us:g} us apart, which is {1e6 / usual_us:.3g} Hz"
        raise FormatError(where, f"{problem}. Write time[us] in microseconds.")
    return usual_us


def _stretch(  # noqa: PLR0917 - one call, in the order of the log
    rows: IntArray,
    step_us: NDArray[np.float64],
    usual_us: float,
    where: str,
    first_line: int,
    told: tuple[Oddity, ...],
) -> Stretch:
    """Give a stretch: a plain step is one reading, a jump as many as its time says."""
    steps = np.where(step_us > JUMP_STEPS * usual_us, np.rint(step_us / usual_us), 1)
    steps[step_us == 0] = 0
    place = np.concatenate([[0], np.cumsum(steps)]).astype(np.int64)
    if place[-1] > MOST_EMPTY * len(rows) + 10**6:
        problem = "its times lie far apart for their rate: nearly all readings would be missing"
        raise FormatError(where, f"{problem}. Mend the time column or take it out.")
    repeated = np.concatenate([[False], step_us == 0])
    line = first_line + int(rows[0])
    last = np.diff(place, append=place[-1] + 1) > 0
    return Stretch(rows[last], place[last], (*told, *odd_rows(repeated, REPEATED, where, line)))
