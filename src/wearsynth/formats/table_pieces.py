"""Where the recordings of a table begin and end, their rates, and each row's place in them."""

import itertools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import IntArray, Oddity
from wearsynth.errors import FormatError
from wearsynth.formats.table_columns import TableColumns
from wearsynth.formats.table_files import Sheet
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
PAUSED = "pause(s) of over ten minutes: a new recording begins there"
FAST_UNITS = ("g", "mg", "m/s2", "m/s^2", "rad/s", "dps", "mdps", "deg/s", "a.u.")
DOUBTED_STEP_S = 5.0
"""Channels in such units with longer steps raise a doubt about the time unit."""

Times = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Piece:
    """One recording's rows [first, end).

    place: (row,) the reading that each row is; None where readings lie on straight lines between
    rows up to longest_s apart.
    """

    first: int
    end: int
    rate_hz: float
    place: IntArray | None
    longest_s: float = 0.0
    notes: tuple[str, ...] = ()
    oddities: tuple[Oddity, ...] = ()


def pieces_of(rows: Rows, sheet: Sheet, columns: TableColumns) -> list[Piece]:
    """Give the recordings of a file.

    A change of subject or recording, a step back in time and a long pause begin a new one.
    FormatError where times are shuffled, mostly repeated, or in an impossible unit.
    """
    new = np.diff(rows.group) != 0
    if rows.time_s is None:
        edges = [0, *(np.flatnonzero(new) + 1).tolist(), len(rows.row)]
        rate_hz = columns.rate_hz or 1.0
        return [Piece(a, b, rate_hz, np.arange(b - a)) for a, b in itertools.pairwise(edges)]
    step_s = np.diff(rows.time_s)
    back = ~new & (step_s < 0)
    _check_order(rows, sheet, ~new & (step_s == 0), back)
    usual_s = _usual_s(rows, sheet, columns, step_s[~new])
    pause = ~new & (step_s > max(LONGEST_GAP_S, LONGEST_GAP_STEPS * usual_s))
    edges = [0, *(np.flatnonzero(new | back | pause) + 1).tolist(), len(rows.row)]
    cut = [(a, b, _begun(rows, sheet, a, back, pause)) for a, b in itertools.pairwise(edges)]
    pieces = _with_places(rows, sheet, columns, cut, usual_s)
    span_s = rows.time_s[[p.end - 1 for p in pieces]] - rows.time_s[[p.first for p in pieces]]
    if (span_s * [p.rate_hz for p in pieces]).sum() > MOST_EMPTY * len(rows.row) + 10**7:
        problem = "its rows lie far apart for their rate: nearly all readings would be missing"
        raise FormatError(sheet.path, f"{problem}. Check the time column and time_unit.")
    return pieces


def _usual_s(rows: Rows, sheet: Sheet, columns: TableColumns, step_s: Times) -> float:
    """Give the median step forward; without any, one over the rate told."""
    forward = step_s[step_s > 0]
    if len(forward):
        usual_s = float(np.median(forward))
        assert rows.clock is not None
        check_unit(sheet, rows.clock, columns.time_unit, usual_s)
        return usual_s
    if columns.rate_hz is None:
        problem = "its times never advance, so no rate can be told"
        raise FormatError(sheet.path, f"{problem}. Check the time column and its unit.")
    return 1 / columns.rate_hz


def _check_order(
    rows: Rows, sheet: Sheet, repeated: NDArray[np.bool_], back: NDArray[np.bool_]
) -> None:
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
            row = int(rows.row[1 + int(np.argmax(bad))])
            raise sheet.fault(row, f"from here on {count} of {len(bad)} rows {what}. {remedy}.")


def _begun(
    rows: Rows, sheet: Sheet, first: int, back: NDArray[np.bool_], pause: NDArray[np.bool_]
) -> tuple[Oddity, ...]:
    """Give why a recording begins at a row, if that is odd."""
    if first == 0:
        return ()
    for odd, what in ((back, BACKWARD), (pause, PAUSED)):
        if odd[first - 1]:
            return (Oddity(what, 1, sheet.where(int(rows.row[first]))),)
    return ()


def _with_places(
    rows: Rows,
    sheet: Sheet,
    columns: TableColumns,
    cut: list[tuple[int, int, tuple[Oddity, ...]]],
    usual_s: float,
) -> list[Piece]:
    """Give the pieces with rates and places: counted steps, or the nearest place of an even grid."""
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
        pieces = [Piece(a, b, rate_hz, None, longest_s, notes, odd) for a, b, odd in cut]
        return [_with_repeats(piece, rows, sheet) for piece in pieces]
    pieces = []
    for (a, b, odd), time_s, (mean_s, plain) in zip(cut, times, means, strict=True):
        piece = Piece(a, b, common_hz, _counted(time_s, common_hz), 0.0, notes, odd)
        if mean_s and abs(1 / mean_s / common_hz - 1) > RATE_DOUBT:
            own = columns.rate_hz is None and plain >= EVEN_STEPS
            piece = _of_other_rate(piece, time_s, 1 / mean_s, own=own)
        pieces.append(_with_repeats(piece, rows, sheet))
    return pieces


def _doubt(columns: TableColumns, usual_s: float) -> tuple[str, ...]:
    """Give a note where motion or pulse would be told in steps of many seconds."""
    units = [unit for _, unit in columns.channels if unit in FAST_UNITS]
    if usual_s <= DOUBTED_STEP_S or not units:
        return ()
    return (f"readings in {units[0]} lie {usual_s:g} s apart: is time_unit {columns.time_unit!r}?",)


def _of_other_rate(piece: Piece, time_s: Times, measured_hz: float, *, own: bool) -> Piece:
    """Give a piece whose measured rate is not the common one, at its own or with a note."""
    if own:
        rate_hz = float(f"{measured_hz:.6g}")
        return replace(piece, rate_hz=rate_hz, place=_counted(time_s, rate_hz))
    note = f"measured {measured_hz:.4g} Hz, taken as {piece.rate_hz:g} Hz"
    return replace(piece, notes=(*piece.notes, note))


def _with_repeats(piece: Piece, rows: Rows, sheet: Sheet) -> Piece:
    """Give a piece with an oddity for the rows at the time of the row before."""
    assert rows.time_s is not None
    repeats = np.flatnonzero(np.diff(rows.time_s[piece.first : piece.end]) == 0) + 1
    if not len(repeats):
        return piece
    where = sheet.where(int(rows.row[piece.first + repeats[0]]))
    return replace(piece, oddities=(*piece.oddities, Oddity(REPEATED, len(repeats), where)))


def _mean_step_s(time_s: Times) -> tuple[float, int]:
    """Give the mean of the plain steps, 0 without any, and their number."""
    step_s = np.diff(time_s)
    step_s = step_s[step_s > 0]
    if not len(step_s):
        return 0.0, 0
    plain = step_s[step_s <= JUMP_STEPS * np.median(step_s)]
    return float(plain.mean()), len(plain)


def _counted(time_s: Times, rate_hz: float) -> IntArray:
    """Give each row's reading, (row,): a plain step is one, a jump as many as its time says."""
    step_s = np.diff(time_s)
    usual_s = float(np.median(step_s[step_s > 0])) if (step_s > 0).any() else 1 / rate_hz
    jumps = np.maximum(1, np.rint(step_s * rate_hz))
    steps = np.where(step_s > JUMP_STEPS * usual_s, jumps, 1).astype(np.int64)
    steps[step_s == 0] = 0
    return np.concatenate([[0], np.cumsum(steps)])


def _uneven(times: list[Times]) -> bool:
    """Tell whether steps are uneven, each recording's beside its own usual one."""
    steps_s = [_steps_s([time_s]) for time_s in times]
    steps = np.concatenate([step_s / np.median(step_s) for step_s in steps_s])
    if len(steps) < UNEVEN_STEPS:
        return False
    if np.median(np.concatenate(steps_s)) >= SLOW_STEP_S and _share(steps > JUMP_STEPS):
        return True
    off = np.abs(steps - np.maximum(1, np.rint(steps))) > UNEVEN_STEP
    return _share(off) and any(_drift(time_s) > UNEVEN_DRIFT for time_s in times)


def _share(bad: NDArray[np.bool_]) -> bool:
    return bool(np.count_nonzero(bad) > UNEVEN_SHARE * len(bad))


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
