"""Where the recordings of a table begin and end, their rates, and each row's place in them."""

import itertools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import IntArray, Oddity
from wearsynth.errors import FormatError
from wearsynth.formats.table_columns import TableColumns
from wearsynth.formats.table_rows import Rows
from wearsynth.formats.table_times import check_unit
from wearsynth.formats.timeline import BACKWARD, JUMP_STEPS, REPEATED

LONGEST_GAP_S = 600.0
LONGEST_GAP_STEPS = 10
"""A step in time longer than both begins a new recording, so that no hours of NaN are kept."""
RATE_DOUBT = 0.02
EVEN_STEPS = 20
"""A recording with a rate of its own has at least this many plain steps."""
UNEVEN_SHARE = 0.1
UNEVEN_STEP = 0.25
UNEVEN_DRIFT = 2.0
SLOW_STEP_S = 1.0
UNEVEN_STEPS = 8
"""Steps are uneven where more than the share is that far from whole steps and counting them leaves
some row that many steps from its time; and in slow data where more than the share is a jump; told
from this many steps on."""
LINE_STEPS = 3.0
"""Uneven rows up to this many usual steps apart are joined by straight lines."""
MOST_EMPTY = 50
"""A recording's clock may have this many places for each row (and ten million)."""
CHUNK = 1 << 16
"""Steps are looked at so many at a time where that saves memory."""
PAUSED = "pause(s) of over ten minutes: a new recording begins there"
FAST_UNITS = ("g", "mg", "m/s2", "m/s^2", "rad/s", "dps", "mdps", "deg/s", "a.u.")
DOUBTED_STEP_S = 5.0
"""Channels in such units with longer steps raise a doubt about the time unit."""

Times = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Piece:
    """One recording's rows [first, end).

    longest_s: readings lie on straight lines between rows up to so far apart; None where each row is
    one reading, at its place.
    """

    first: int
    end: int
    rate_hz: float
    longest_s: float | None = None
    notes: tuple[str, ...] = ()
    oddities: tuple[Oddity, ...] = ()


def pieces_of(rows: Rows, columns: TableColumns) -> list[Piece]:
    """Give the recordings of a file.

    A change of subject or recording, a step back in time and a long pause begin a new one.
    FormatError where times are shuffled, mostly repeated, or in an impossible unit.
    """
    new = rows.group[1:] != rows.group[:-1]
    if rows.time_s is None:
        edges = [0, *(np.flatnonzero(new) + 1).tolist(), len(rows)]
        return [Piece(a, b, columns.rate_hz or 1.0) for a, b in itertools.pairwise(edges)]
    step_s = np.diff(rows.time_s)
    back = ~new & (step_s < 0)
    _check_order(rows, ~new & (step_s == 0), back)
    step_s[new] = 0  # these are no steps of a recording
    usual_s = _usual_s(rows, columns, step_s)
    del step_s  # as large as the times
    pause = ~new & (np.diff(rows.time_s) > max(LONGEST_GAP_S, LONGEST_GAP_STEPS * usual_s))
    edges = [0, *(np.flatnonzero(new | back | pause) + 1).tolist(), len(rows)]
    cut = [(a, b, _begun(rows, a, back, pause)) for a, b in itertools.pairwise(edges)]
    pieces = _with_rates(rows, columns, cut, usual_s)
    span_s = rows.time_s[[p.end - 1 for p in pieces]] - rows.time_s[[p.first for p in pieces]]
    if (span_s * [p.rate_hz for p in pieces]).sum() > MOST_EMPTY * len(rows) + 10**7:
        problem = "its rows lie far apart for their rate: nearly all readings would be missing"
        raise FormatError(rows.path, f"{problem}. Check the time column and time_unit.")
    return pieces


def places_of(rows: Rows, piece: Piece) -> IntArray:
    """Give the reading that each row of a piece is, (row,)."""
    if rows.time_s is None:
        return np.arange(piece.end - piece.first)
    return _counted(rows.time_s[piece.first : piece.end], piece.rate_hz)


def _usual_s(rows: Rows, columns: TableColumns, step_s: Times) -> float:
    """Give the median step forward, of steps that are used up; without any, one over the rate told."""
    if usual_s := _median_forward(step_s):
        assert rows.clock is not None
        check_unit(rows.path, rows.clock, columns.time_unit, usual_s)
        return usual_s
    if columns.rate_hz is None:
        problem = "its times never advance, so no rate can be told"
        raise FormatError(rows.path, f"{problem}. Check the time column and its unit.")
    return 1 / columns.rate_hz


def _median_forward(step_s: Times) -> float:
    """Give the median of the steps above 0, 0 without any; puts the steps in another order.

    The steps may be as many as the rows, so there is no copy of them.
    """
    forward = int(np.count_nonzero(step_s > 0))
    if not forward:
        return 0.0
    first = len(step_s) - forward
    middle = [first + (forward - 1) // 2, first + forward // 2]
    step_s.partition(middle)
    return float(step_s[middle].mean())


def _check_order(rows: Rows, repeated: NDArray[np.bool_], back: NDArray[np.bool_]) -> None:
    for bad, share, what, remedy in (
        (
            repeated,
            1 / 3,
            "repeat the time of the row before",
            "Leave the time column out and give the rate",
        ),
        (
            back,
            0.1,
            "go back in time",
            "Sort the rows by time, or name the subject or recording column",
        ),
    ):
        count = int(bad.sum())
        if count > max(10.0, share * len(bad)):
            row = 1 + int(np.argmax(bad))
            raise rows.fault(row, f"from here on {count} of {len(bad)} rows {what}. {remedy}.")


def _begun(
    rows: Rows, first: int, back: NDArray[np.bool_], pause: NDArray[np.bool_]
) -> tuple[Oddity, ...]:
    """Give why a recording begins at a row, if that is odd."""
    if first == 0:
        return ()
    for odd, what in ((back, BACKWARD), (pause, PAUSED)):
        if odd[first - 1]:
            return (Oddity(what, 1, rows.where(first)),)
    return ()


def _with_rates(
    rows: Rows,
    columns: TableColumns,
    cut: list[tuple[int, int, tuple[Oddity, ...]]],
    usual_s: float,
) -> list[Piece]:
    """Give the pieces with their rates: of counted steps, or of readings on lines between rows."""
    assert rows.time_s is not None
    times = [rows.time_s[a:b] for a, b, _ in cut]
    means = [_mean_step_s(time_s) for time_s in times]
    known = [mean for mean, _ in means if mean]
    common_hz = columns.rate_hz or float(f"{1 / (np.median(known) if known else usual_s):.6g}")
    notes = _doubt(columns, usual_s)
    if _uneven(times):
        rate_hz = columns.rate_hz or float(f"{1 / usual_s:.6g}")
        notes = (*notes, _uneven_note(times, rate_hz, usual_s))
        longest_s = LINE_STEPS * usual_s
        pieces = [Piece(a, b, rate_hz, longest_s, notes, odd) for a, b, odd in cut]
        return [_with_repeats(piece, rows) for piece in pieces]
    pieces = []
    for (a, b, odd), (mean_s, plain) in zip(cut, means, strict=True):
        piece = Piece(a, b, common_hz, None, notes, odd)
        if mean_s and abs(1 / mean_s / common_hz - 1) > RATE_DOUBT:
            own = columns.rate_hz is None and plain >= EVEN_STEPS
            piece = _of_other_rate(piece, 1 / mean_s, own=own)
        pieces.append(_with_repeats(piece, rows))
    return pieces


def _doubt(columns: TableColumns, usual_s: float) -> tuple[str, ...]:
    """Give a note where motion or pulse would be told in steps of many seconds."""
    units = [unit for _, unit in columns.channels if unit in FAST_UNITS]
    if usual_s <= DOUBTED_STEP_S or not units:
        return ()
    return (f"readings in {units[0]} lie {usual_s:g} s apart: is time_unit {columns.time_unit!r}?",)


def _of_other_rate(piece: Piece, measured_hz: float, *, own: bool) -> Piece:
    """Give a piece whose measured rate is not the common one, at its own or with a note."""
    if own:
        return replace(piece, rate_hz=float(f"{measured_hz:.6g}"))
    note = f"measured {measured_hz:.4g} Hz, taken as {piece.rate_hz:g} Hz"
    return replace(piece, notes=(*piece.notes, note))


def _with_repeats(piece: Piece, rows: Rows) -> Piece:
    """Give a piece with an oddity for the rows at the time of the row before."""
    assert rows.time_s is not None
    time_s = rows.time_s[piece.first : piece.end]
    repeats = np.flatnonzero(time_s[1:] == time_s[:-1]) + 1
    if not len(repeats):
        return piece
    where = rows.where(piece.first + int(repeats[0]))
    return replace(piece, oddities=(*piece.oddities, Oddity(REPEATED, len(repeats), where)))


def _mean_step_s(time_s: Times) -> tuple[float, int]:
    """Give the mean of the plain steps, 0 without any, and their number."""
    usual_s = _median_forward(np.diff(time_s))
    if not usual_s:
        return 0.0, 0
    step_s = np.diff(time_s)
    plain = (step_s > 0) & (step_s <= JUMP_STEPS * usual_s)
    return float(step_s.mean(where=plain)), int(np.count_nonzero(plain))


def _counted(time_s: Times, rate_hz: float) -> IntArray:
    """Give each row's reading, (row,): a plain step is one, a jump as many as its time says."""
    usual_s = _median_forward(np.diff(time_s)) or 1 / rate_hz
    step_s = np.diff(time_s)
    place = np.ones(len(time_s), dtype=np.int64)
    place[0] = 0
    place[1:][step_s == 0] = 0
    jumps = np.flatnonzero(step_s > JUMP_STEPS * usual_s)
    place[jumps + 1] = np.maximum(1, np.rint(step_s[jumps] * rate_hz))
    return np.cumsum(place, out=place)


def _uneven(times: list[Times]) -> bool:
    """Tell whether steps are uneven, each recording's beside its own usual one."""
    count = jumps = off = 0
    for time_s in times:
        steps = np.diff(time_s)
        steps /= _median_forward(steps) or 1.0
        count += max(1, int(np.count_nonzero(steps > 0)))
        jumps += int(np.count_nonzero(steps > JUMP_STEPS))
        off += _off_whole(steps)
    if count < UNEVEN_STEPS:
        return False
    if jumps > UNEVEN_SHARE * count and np.median(_steps_s(times)) >= SLOW_STEP_S:
        return True
    return off > UNEVEN_SHARE * count and any(_drift(time_s) > UNEVEN_DRIFT for time_s in times)


def _off_whole(steps: Times) -> int:
    """Give how many of the steps forward are far from whole ones."""
    count = 0
    for first in range(0, len(steps), CHUNK):
        part = steps[first : first + CHUNK]
        off = np.abs(part - np.maximum(1, np.rint(part))) > UNEVEN_STEP
        count += int(np.count_nonzero(off & (part > 0)))
    return count


def _drift(time_s: Times) -> float:
    """Give how far counted steps leave a row from its time at most, in steps."""
    mean_s, _ = _mean_step_s(time_s)
    if not mean_s:
        return 0.0
    return float(np.abs((time_s - time_s[0]) / mean_s - _counted(time_s, 1 / mean_s)).max())


def _uneven_note(times: list[Times], rate_hz: float, usual_s: float) -> str:
    low_s, high_s = np.quantile(_steps_s(times), [0.05, 0.95])
    return (
        f"steps between rows are uneven (90 % of them {low_s:.3g} to {high_s:.3g} s, median "
        f"{usual_s:.3g} s): readings at {rate_hz:.4g} Hz lie on straight lines between rows up to "
        f"{LINE_STEPS * usual_s:.3g} s apart, longer steps are gaps"
    )


def _steps_s(times: list[Times]) -> Times:
    """Give all steps forward; one of a second where there is none."""
    steps: Times = np.concatenate([np.diff(time_s) for time_s in times])
    return steps[steps > 0] if (steps > 0).any() else np.ones(1)
