"""The time column of a table: whole numbers, decimals or ISO 8601 stamps, told without loss."""

from dataclasses import dataclass, replace
from math import log10

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wearsynth.errors import FormatError, shown
from wearsynth.formats.table_columns import PER_SECOND
from wearsynth.formats.table_files import Sheet

NO_ZONE = "time stamps carry no zone: the start is told as if they were UTC"
UNIX_FROM_S, UNIX_TO_S = 1_262_304_000, 4_102_444_800
"""2010 to 2100: numbers between count from 1970. (Garmin's count from the end of 1989.)"""
SHORTEST_STEP_S, LONGEST_STEP_S = 1e-4, 600.0
"""Usual steps outside of these are a sign of another time unit."""
_DIGITS, _DECIMALS = 30, 12
_NUMBER = r"^[+-]?([0-9]+[.,]?[0-9]*|[.,][0-9]+)([eE][+-]?[0-9]+)?$"
_MISSING = r"^(?i:|nan|na|n/a|null|none|nat|[+-]?inf|[+-]?infinity)$"
_ZONE = r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
_STAMP = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}([T ][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}([.][0-9]+)?)?{_ZONE}?)?$"
_WITH_ZONE = rf":[0-9.]+{_ZONE}$"


@dataclass(frozen=True, eq=False)
class Clock:
    """time_s: (row,) seconds since the first row that has a time, NaN in rows without one.

    start_s: that first time as it stands, in seconds. unix: whether it counts from 1970.
    """

    time_s: NDArray[np.float64]
    start_s: float
    unix: bool
    notes: tuple[str, ...] = ()


def clock_of(sheet: Sheet, name: str, unit: str) -> Clock:
    """Give the clock of a time column whose numbers are in a unit of PER_SECOND.

    FormatError, with the line, where a time is neither a number nor ISO 8601.
    """
    column = pa.concat_arrays([pa.array([], sheet.table[name].type), *sheet.table[name].chunks])
    try:
        clock = _clock(sheet, column, PER_SECOND[unit])
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        problem = f"column {shown(name)} ({column.type}) holds no times that can be read"
        raise FormatError(sheet.path, f"{problem}. Write seconds or ISO 8601.") from None
    if not np.isfinite(clock.time_s).any():
        raise FormatError(sheet.path, f"no row has a {shown(name)}. Name another time column.")
    return clock


def check_unit(sheet: Sheet, clock: Clock, unit: str, step_s: float) -> None:
    """Raise FormatError, naming the likely unit, where the usual step makes the one told impossible."""
    per_second = PER_SECOND[unit]
    if SHORTEST_STEP_S <= step_s <= LONGEST_STEP_S and (clock.unix or clock.start_s < UNIX_TO_S):
        return
    rates = {
        other: count / per_second / step_s
        for other, count in PER_SECOND.items()
        if other != unit and SHORTEST_STEP_S <= step_s * per_second / count <= LONGEST_STEP_S
    }
    problem = f"its rows lie {step_s:g} s apart ({1 / step_s:g} Hz) with time_unit {unit!r}"
    if clock.start_s >= UNIX_TO_S and not clock.unix:
        problem += f" and begin {clock.start_s:.4g} s after 1970"
    if not rates:
        raise FormatError(sheet.path, f"{problem}. Check the time column and its unit.")
    likely = min(rates, key=lambda other: abs(log10(rates[other] / 50)))
    said = f"Is it {likely!r} ({rates[likely]:g} Hz)? Then set time_unit"
    raise FormatError(sheet.path, f"{problem}. {said}.")


def _clock(sheet: Sheet, column: pa.Array, per_second: int) -> Clock:
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _clock_of_texts(sheet, column, per_second)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        zone = getattr(kind, "tz", None)
        return _clock_of_stamps(pc.cast(column, pa.timestamp("ns", zone)), zone is not None)
    if pa.types.is_duration(kind):
        whole = pc.cast(pc.cast(column, pa.duration("ns")), pa.int64())
        return replace(_clock_of_numbers(whole, PER_SECOND["ns"]), unix=False)
    return _clock_of_numbers(column, per_second)


def _clock_of_texts(sheet: Sheet, column: pa.Array, per_second: int) -> Clock:
    if (whole := _exact(column)) is not None:  # the usual case, without looking at each text
        return _clock_of_numbers(whole, per_second)
    texts = pc.utf8_trim_whitespace(column)
    texts = pc.if_else(pc.match_substring_regex(texts, _MISSING), None, texts)
    given = texts.drop_null()
    if not len(given):
        return Clock(np.full(len(texts), np.nan), 0.0, False)
    if pc.match_substring_regex(given[:1], _NUMBER)[0].as_py():
        _check_all(sheet, texts, _NUMBER, "a number")
        texts = pc.replace_substring(texts, ",", ".")
        exact = _exact(texts)
        numbers = pc.cast(texts, pa.float64()) if exact is None else exact
        return _clock_of_numbers(numbers, per_second)
    texts = pc.replace_substring_regex(texts, r"^([0-9]{4})[/.]([0-9]{2})[/.]", r"\1-\2-")
    texts = pc.replace_substring_regex(texts, rf" +{_ZONE}$", r"\1")
    texts = pc.replace_substring_regex(texts, r"[.,]([0-9]{1,9})[0-9]*", r".\1")
    _check_all(sheet, texts, _STAMP, "a number or an ISO 8601 stamp such as 2024-05-01T10:00:00Z")
    zoned = pc.match_substring_regex(texts, _WITH_ZONE).drop_null()
    zone = bool(zoned[0].as_py())
    if pc.any(pc.not_equal(zoned, zone)).as_py():
        other = pc.match_substring_regex(texts, _WITH_ZONE)
        row = pc.index(pc.fill_null(other, zone), not zone).as_py()
        raise sheet.fault(row, "some time stamps have a zone, some have none. Write all alike.")
    kind = pa.timestamp("ns", "UTC" if zone else None)
    try:
        return _clock_of_stamps(pc.cast(texts, kind), zone)
    except pa.ArrowInvalid:
        row = _first_bad(texts, kind)
        problem = f"there is no such time: {shown(texts[row].as_py())}. Mend or remove the line."
        raise sheet.fault(row, problem) from None


def _check_all(sheet: Sheet, texts: pa.Array, pattern: str, wanted: str) -> None:
    fits = pc.fill_null(pc.match_substring_regex(texts, pattern), True)
    row = pc.index(fits, False).as_py()
    if row >= 0:
        remedy = "Mend it, or leave the time column out and give the rate."
        raise sheet.fault(row, f"expected {wanted}, got {shown(texts[row].as_py())}. {remedy}")


def _exact(texts: pa.Array) -> pa.Array | None:
    """Give texts as int64, else as decimals, else None."""
    for kind in (pa.int64(), pa.decimal128(_DIGITS, _DECIMALS)):
        try:
            return pc.cast(texts, kind)
        except pa.ArrowInvalid:
            continue
    return None


def _first_bad(texts: pa.Array, kind: pa.DataType) -> int:
    """Give the first row that cannot be cast, by halves."""
    first, end = 0, len(texts)
    while end - first > 1:
        middle = (first + end) // 2
        try:
            pc.cast(texts[first:middle], kind)
            first = middle
        except pa.ArrowInvalid:
            end = middle
    return first


def _clock_of_stamps(stamps: pa.Array, zone: bool) -> Clock:
    clock = _clock_of_numbers(pc.cast(stamps, pa.int64()), PER_SECOND["ns"])
    return replace(clock, unix=True, notes=() if zone else (NO_ZONE,))


def _clock_of_numbers(numbers: pa.Array, per_second: int) -> Clock:
    """Give the clock of int64, decimal or float64 numbers; the first is subtracted before any loss."""
    if pa.types.is_floating(numbers.type):
        numbers = pc.cast(numbers, pa.float64())
        numbers = pc.if_else(pc.is_finite(numbers), numbers, None)
    elif not pa.types.is_decimal(numbers.type):
        numbers = pc.cast(numbers, pa.int64())
    given = numbers.drop_null()
    if not len(given):
        return Clock(np.full(len(numbers), np.nan), 0.0, False)
    since = pc.cast(pc.subtract_checked(numbers, given[0]), pa.float64())
    time_s = pc.fill_null(since, float("nan")).to_numpy(zero_copy_only=False) / per_second
    start_s = float(given[0].as_py()) / per_second
    return Clock(time_s, start_s, UNIX_FROM_S <= start_s <= UNIX_TO_S)
