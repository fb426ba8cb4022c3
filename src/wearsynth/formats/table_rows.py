"""The rows of a table as arrays: readings in our units, labels, whose they are, when."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wearsynth.data import FloatArray, IntArray
from wearsynth.errors import FormatError, shown
from wearsynth.formats.table_columns import CONVERTED, TableColumns, from_path
from wearsynth.formats.table_files import Sheet
from wearsynth.formats.table_times import Clock, clock_of

MOST = 1e12
"""A reading beyond this, in any unit, is none."""
INTERLEAVED = 10
"""Without times: more runs than this for each subject and recording are rows that take turns."""

Texts = NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a file, one subject's and recording's after the other.

    values: (row, channel) in our units, NaN where there is no reading. row: (row,) its number in the
    file. label: (row,) text or None. group: (row,) index into groups, which are (subject, recording).
    time_s: (row,) seconds since the file's first time, None without times. empty, beyond: (row,)
    whether a channel is empty or NaN, or infinite or above MOST. timeless: rows left out for want of
    a time.
    """

    values: FloatArray
    row: IntArray
    label: Texts
    group: IntArray
    groups: tuple[tuple[str | None, str | None], ...]
    time_s: NDArray[np.float64] | None
    empty: NDArray[np.bool_]
    beyond: NDArray[np.bool_]
    timeless: IntArray
    clock: Clock | None
    notes: tuple[str, ...] = ()


def rows_of(sheet: Sheet, columns: TableColumns) -> Rows:
    """Give the rows of a sheet; with times, those of one subject and recording together, in order."""
    clock = None if columns.time is None else clock_of(sheet, columns.time, columns.time_unit)
    values, empty, beyond = _readings(sheet, columns)
    group, groups = _groups(sheet, columns)
    timed = np.full(len(values), True) if clock is None else np.isfinite(clock.time_s)
    order = np.flatnonzero(timed)
    together = _in_turns(group[order], len(groups), timed=clock is not None)
    if together:
        order = order[np.argsort(group[order], kind="stable")]
    note = f"rows of {len(groups)} subjects or recordings take turns: put together"
    return Rows(
        values=values[order],
        row=order,
        label=_texts(sheet, columns.label, columns.constant_label)[order],
        group=group[order],
        groups=groups,
        time_s=None if clock is None else clock.time_s[order],
        empty=empty[order],
        beyond=beyond[order],
        timeless=np.flatnonzero(~timed),
        clock=clock,
        notes=(note,) if together else (),
    )


def _in_turns(group: IntArray, groups: int, *, timed: bool) -> bool:
    """Tell whether rows of several groups take turns, so that each group's belong together."""
    runs = 1 + int(np.count_nonzero(np.diff(group)))
    return runs > (groups if timed else INTERLEAVED * groups)


def _readings(
    sheet: Sheet, columns: TableColumns
) -> tuple[FloatArray, NDArray[np.bool_], NDArray[np.bool_]]:
    shape = (sheet.table.num_rows, len(columns.channels))
    values = np.empty(shape, dtype=np.float32)
    empty, beyond = np.zeros(shape[0], dtype=bool), np.zeros(shape[0], dtype=bool)
    for index, (name, unit) in enumerate(columns.channels):
        column = _numbers(sheet, name) * CONVERTED.get(unit, (unit, 1.0))[1]
        nothing = np.isnan(column)
        wild = np.abs(column) > MOST  # NaN compares false
        empty |= nothing
        beyond |= wild
        values[:, index] = np.where(wild, np.nan, column)
    return values, empty, beyond


def _numbers(sheet: Sheet, name: str) -> NDArray[np.float64]:
    column = sheet.table[name]
    try:
        if pa.types.is_string(column.type) or pa.types.is_temporal(column.type):
            raise pa.ArrowInvalid("text or times")
        numbers = pc.cast(column, pa.float64(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        problem = f"column {name!r} must hold numbers, it holds {column.type}. Convert it."
        raise FormatError(sheet.path, problem) from None
    values: NDArray[np.float64] = pc.fill_null(numbers, float("nan")).to_numpy()
    return values


def _groups(
    sheet: Sheet, columns: TableColumns
) -> tuple[IntArray, tuple[tuple[str | None, str | None], ...]]:
    """Give each row's group, (row,), and the groups' (subject, recording) in order of appearance."""
    subject = _texts(sheet, columns.subject)
    recording = _texts(sheet, columns.recording)
    pairs: dict[tuple[str | None, str | None], int] = {}
    starts = np.flatnonzero((subject[1:] != subject[:-1]) | (recording[1:] != recording[:-1])) + 1
    edges = [0, *starts.tolist()]
    codes = [pairs.setdefault((subject[e], recording[e]), len(pairs)) for e in edges]
    lengths = np.diff([*edges, len(subject)])
    return np.repeat(np.array(codes, dtype=np.int64), lengths), tuple(pairs)


def _texts(sheet: Sheet, name: str | None, constant: str | None = None) -> Texts:
    """Give a column as text, (row,), None where empty; without one, the same text in every row."""
    count = sheet.table.num_rows
    if name is None or (stands := from_path(name, sheet.path)) is not None:
        return np.full(count, constant if name is None else stands, dtype=object)
    column = sheet.table[name]
    try:
        texts = pc.utf8_trim_whitespace(pc.cast(column, pa.string())).dictionary_encode()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        problem = f"column {shown(name)} must hold names, it holds {column.type}. Convert it."
        raise FormatError(sheet.path, problem) from None
    texts = texts.unify_dictionaries().combine_chunks()
    if isinstance(texts, pa.ChunkedArray):
        return np.full(count, None, dtype=object)
    known = np.array([*(text or None for text in texts.dictionary.to_pylist()), None], dtype=object)
    codes = pc.fill_null(texts.indices, len(known) - 1).to_numpy(zero_copy_only=False)
    named: Texts = known[codes]
    return named
