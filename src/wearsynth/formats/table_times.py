"""The time column of a table: whole numbers, decimals or ISO 8601 stamps, told without loss."""

from dataclasses import dataclass
from math import log10
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wearsynth.errors import FormatError, shown
from wearsynth.formats.table_columns import PER_SECOND
from wearsynth.formats.table_files import Block, Places, as_numpy

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


Times = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Clock:
    """What the first time of a file tells of all its times.

    first: as it stands, exact, in 1 / per_second seconds. zone: whether time stamps carry one, None
    for numbers. unix: whether times count from 1970.
    """

    first: pa.Scalar
    per_second: int
    zone: bool | None
    unix: bool

    @property
    def start_s(self) -> float:
        """The first time in seconds."""
        return float(self.first.as_py()) / self.per_second

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to tell of the times."""
        return (NO_ZONE,) if self.zone is False else ()


@dataclass(frozen=True, eq=False)
class _Ticks:
    """Times of rows as int64, decimals or float64, null where there is none; otherwise as Clock."""

    numbers: pa.Array
    per_second: int
    zone: bool | None = None
    unix: bool | None = None


def times_of(block: Block, name: str, unit: str, clock: Clock | None) -> tuple[Times, Clock | None]:
    """Give the times of a block's rows, (row,) seconds since the file's first, NaN in rows without.

    Numbers are in a unit of PER_SECOND. clock: of the blocks before, None where no row had a time;
    given back with the first one. FormatError, with the line, where a time is neither a number nor
    ISO 8601.
    """
    column = block.columns[name]
    try:
        ticks = _ticks(column, block.places, PER_SECOND[unit], clock)
        given = ticks.numbers.drop_null()
        if clock is None and len(given):
            clock = _clock(given[0], ticks)
        if clock is None:
            return np.full(len(column), np.nan), None
        since = pc.cast(_less(ticks.numbers, clock.first), pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        problem = f"column {shown(name)} ({column.type}) holds no times that can be read"
        raise FormatError(block.places.path, f"{problem}. Write seconds or ISO 8601.") from None
    return as_numpy(pc.fill_null(since, float("nan"))) / clock.per_second, clock


def _clock(first: pa.Scalar, ticks: _Ticks) -> Clock:
    start_s = float(first.as_py()) / ticks.per_second
    counted = UNIX_FROM_S <= start_s <= UNIX_TO_S
    return Clock(first, ticks.per_second, ticks.zone, counted if ticks.unix is None else ticks.unix)


def _less(numbers: pa.Array, first: pa.Scalar) -> pa.Array:
    """Give numbers less the first of the file, subtracted before any loss where that can be."""
    if numbers.type == first.type:
        return pc.subtract_checked(numbers, first)
    exact = pa.decimal128(_DIGITS, _DECIMALS)
    try:
        return pc.subtract_checked(pc.cast(numbers, exact), first.cast(exact))
    except pa.ArrowInvalid:  # too large for decimals
        kind = pa.float64()
        return pc.subtract_checked(pc.cast(numbers, kind, safe=False), first.cast(kind, safe=False))


def check_unit(path: Path, clock: Clock, unit: str, step_s: float) -> None:
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
        raise FormatError(path, f"{problem}. Check the time column and its unit.")
    likely = min(rates, key=lambda other: abs(log10(rates[other] / 50)))
    said = f"Is it {likely!r} ({rates[likely]:g} Hz)? Then set time_unit"
    raise FormatError(path, f"{problem}. {said}.")


def _ticks(column: pa.Array, places: Places, per_second: int, clock: Clock | None) -> _Ticks:
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _ticks_of_texts(column, places, per_second, clock)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        zone = getattr(kind, "tz", None)
        return _ticks_of_stamps(pc.cast(column, pa.timestamp("ns", zone)), zone is not None)
    if pa.types.is_duration(kind):
        whole = pc.cast(pc.cast(column, pa.duration("ns")), pa.int64())
        return _Ticks(whole, PER_SECOND["ns"], unix=False)
    if pa.types.is_floating(kind):
        return _Ticks(_finite(column), per_second)
    return _Ticks(column if pa.types.is_decimal(kind) else pc.cast(column, pa.int64()), per_second)


def _finite(numbers: pa.Array) -> pa.Array:
    numbers = pc.cast(numbers, pa.float64())
    return pc.if_else(pc.is_finite(numbers), numbers, None)


def _ticks_of_texts(
    column: pa.Array, places: Places, per_second: int, clock: Clock | None
) -> _Ticks:
    numbers = clock is None or clock.zone is None
    if numbers and (whole := _exact(column)) is not None:
        return _Ticks(whole, per_second)  # the usual case, without looking at each text
    texts = pc.utf8_trim_whitespace(column)
    texts = pc.if_else(pc.match_substring_regex(texts, _MISSING), None, texts)
    given = texts.drop_null()
    if not len(given):
        return _Ticks(pc.cast(texts, pa.int64()), per_second)
    if clock is None:
        numbers = pc.match_substring_regex(given[:1], _NUMBER)[0].as_py()
    if not numbers:
        return _ticks_of_stamp_texts(texts, places, None if clock is None else clock.zone)
    _check_all(places, texts, _NUMBER, "a number")
    texts = pc.replace_substring(texts, ",", ".")
    exact = _exact(texts)
    return _Ticks(_finite(pc.cast(texts, pa.float64())) if exact is None else exact, per_second)


def _ticks_of_stamp_texts(texts: pa.Array, places: Places, zone: bool | None) -> _Ticks:
    """zone: whether the stamps of the blocks before carry one, None where there were none."""
    texts = pc.replace_substring_regex(texts, r"^([0-9]{4})[/.]([0-9]{2})[/.]", r"\1-\2-")
    texts = pc.replace_substring_regex(texts, rf" +{_ZONE}$", r"\1")
    texts = pc.replace_substring_regex(texts, r"[.,]([0-9]{1,9})[0-9]*", r".\1")
    _check_all(places, texts, _STAMP, "a number or an ISO 8601 stamp such as 2024-05-01T10:00:00Z")
    zoned = pc.match_substring_regex(texts, _WITH_ZONE)
    zone = bool(zoned.drop_null()[0].as_py()) if zone is None else zone
    row = pc.index(pc.fill_null(zoned, zone), not zone).as_py()
    if row >= 0:
        raise places.fault(row, "some time stamps have a zone, some have none. Write all alike.")
    kind = pa.timestamp("ns", "UTC" if zone else None)
    try:
        return _ticks_of_stamps(pc.cast(texts, kind), zone)
    except pa.ArrowInvalid:
        row = _first_bad(texts, kind)
        problem = f"there is no such time: {shown(texts[row].as_py())}. Mend or remove the line."
        raise places.fault(row, problem) from None


def _ticks_of_stamps(stamps: pa.Array, zone: bool) -> _Ticks:
    return _Ticks(pc.cast(stamps, pa.int64()), PER_SECOND["ns"], zone, unix=True)


def _check_all(places: Places, texts: pa.Array, pattern: str, wanted: str) -> None:
    fits = pc.fill_null(pc.match_substring_regex(texts, pattern), True)
    row = pc.index(fits, False).as_py()
    if row >= 0:
        remedy = "Mend it, or leave the time column out and give the rate."
        raise places.fault(row, f"expected {wanted}, got {shown(texts[row].as_py())}. {remedy}")


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
