"""The rows of a table as arrays: readings in our units, labels, whose they are, when."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wearsynth.data import FloatArray, IntArray
from wearsynth.errors import FormatError, shown
from wearsynth.formats.table_columns import CONVERTED, SIGNAL_OF_UNIT, TableColumns, from_path
from wearsynth.formats.table_files import (
    Block,
    DecimalCommaError,
    Places,
    Sheet,
    as_numpy,
    open_sheet,
)
from wearsynth.formats.table_times import Clock, times_of

MOST = 1e12
"""A reading beyond this, in any unit, is none."""
INTERLEAVED = 10
"""Without times: more runs than this for each subject and recording are rows that take turns."""
MOST_ROWS = 1 << 40
"""No file has as many rows; a damaged one may say so."""
EMPTY, BEYOND = 1, 2
"""Bits of Rows.odd: a channel is empty or NaN; a channel is infinite or above MOST."""

Codes = NDArray[np.signedinteger[Any]]
Names = dict[Any, int]
"""Name -> code, in order of appearance."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a file, one subject's and recording's after the other.

    values: signal -> (row, channel) in our units, NaN where there is no reading. label: (row,) index
    into labels. group: (row,) index into groups, which are (subject, recording). time_s: (row,)
    seconds since the file's first time, None without times. odd: (row,) bits EMPTY and BEYOND. order:
    (row,) the number of each row in the file, None where that is how they stand. timeless: (row,)
    numbers of the rows left out for want of a time. places: of each block, with its first row.
    covariates: (row, covariate) in the order of the columns' covariates, NaN where unknown; None
    where none is named.
    """

    path: Path
    values: dict[str, FloatArray]
    label: Codes
    labels: tuple[str | None, ...]
    group: Codes
    groups: tuple[tuple[str | None, str | None], ...]
    time_s: NDArray[np.float64] | None
    odd: NDArray[np.uint8]
    order: IntArray | None
    timeless: IntArray
    places: tuple[tuple[int, Places], ...]
    clock: Clock | None
    notes: tuple[str, ...] = ()
    covariates: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.label)

    def where(self, row: int) -> str:
        """Give the place of a row as "log.csv, line 7"."""
        return self.place_of(row if self.order is None else int(self.order[row]))

    def place_of(self, row: int) -> str:
        """Give the place of a row by its number in the file."""
        places, own = self._own(row)
        return places.where(own)

    def fault(self, row: int, problem: str) -> FormatError:
        """Give the error of a row."""
        places, own = self._own(row if self.order is None else int(self.order[row]))
        return places.fault(own, problem)

    def _own(self, row: int) -> tuple[Places, int]:
        first, places = self.places[bisect_right(self.places, row, key=lambda of: of[0]) - 1]
        return places, row - first


def load(path: Path, columns: TableColumns) -> Rows:
    """Give the rows of a CSV or Parquet file; with times, those of one subject and recording together.

    FormatError, with the line, where it is neither.
    """
    try:
        try:
            rows = _read(open_sheet(path, columns), columns)
        except DecimalCommaError as comma:
            rows = _read(open_sheet(path, columns, comma=comma), columns)
        return _in_order(rows)
    except MemoryError:
        problem = "has, or says that it has, more rows than there is memory for. Cut it into parts."
        raise FormatError(path, problem) from None


def _read(sheet: Sheet, columns: TableColumns) -> Rows:
    """Give the rows as they stand, those without a time among them."""
    arrays: dict[str, NDArray[Any]] = {}
    places: list[tuple[int, Places]] = []
    clock, labels, groups = None, Names(), Names()
    count = 0
    for block in sheet.blocks:
        new = _without_time(block, columns, labels, groups)
        if columns.time is not None:
            new["time_s"], clock = times_of(block, columns.time, columns.time_unit, clock)
        for name, more in new.items():
            arrays[name] = _with(arrays.get(name), more, count, sheet.most)
        places.append((count, block.places))
        count += block.rows
    pa.default_memory_pool().release_unused()  # the library would keep what its blocks took
    if not count:
        raise FormatError(sheet.path, sheet.no_rows)
    if columns.time is not None and clock is None:
        problem = f"no row has a {shown(columns.time)}. Name another time column."
        raise FormatError(sheet.path, problem)
    arrays = {name: array[:count] for name, array in arrays.items()}
    return Rows(
        path=sheet.path,
        label=arrays.pop("label"),
        labels=tuple(labels),
        group=arrays.pop("group"),
        groups=tuple(groups),
        time_s=arrays.pop("time_s", None),
        odd=arrays.pop("odd"),
        covariates=arrays.pop("covariates", None),
        values=arrays,
        order=None,
        timeless=np.zeros(0, dtype=np.int64),
        places=tuple(places),
        clock=clock,
        notes=sheet.notes,
    )


def _without_time(
    block: Block, columns: TableColumns, labels: Names, groups: Names
) -> dict[str, NDArray[Any]]:
    """Give the arrays of one block but for its times; names that are new join labels and groups."""
    new: dict[str, NDArray[Any]] = {**_readings(block, columns)}
    new["label"] = _label_codes(block, columns, labels)
    new["group"] = _group_codes(block, columns, groups)
    if columns.covariates:
        held = [_numbers(block, column) for _, column in columns.covariates]
        new["covariates"] = np.stack(held, axis=1)
    return new


def _with(array: NDArray[Any] | None, more: NDArray[Any], count: int, most: int) -> NDArray[Any]:
    """Give an array with more rows from row count on; there is room for the most rows from the start.

    A list of blocks put together at the end would hold everything twice; room not used costs nothing.
    """
    needed = count + len(more)
    if array is None or needed > len(array) or more.itemsize > array.itemsize:
        room = max(needed, min(most, MOST_ROWS))
        larger = np.empty(
            (room, *more.shape[1:]), more.dtype if array is None else np.result_type(array, more)
        )
        if array is not None:
            larger[:count] = array[:count]
        array = larger
    array[count:needed] = more
    return array


def _in_order(rows: Rows) -> Rows:
    """Give the rows that have a time, with those of one group together where groups take turns."""
    timed = np.full(len(rows), True) if rows.time_s is None else np.isfinite(rows.time_s)
    timeless = np.flatnonzero(~timed)
    group = rows.group[timed] if len(timeless) else rows.group
    together = _in_turns(group, len(rows.groups), timed=rows.time_s is not None)
    if not together and not len(timeless):
        return rows
    order = np.flatnonzero(timed)
    if together:
        order = order[np.argsort(group, kind="stable")]
    note = f"rows of {len(rows.groups)} subjects or recordings take turns: put together"
    return replace(
        rows,
        values={name: values[order] for name, values in rows.values.items()},
        label=rows.label[order],
        group=rows.group[order],
        time_s=None if rows.time_s is None else rows.time_s[order],
        odd=rows.odd[order],
        covariates=None if rows.covariates is None else rows.covariates[order],
        order=order,
        timeless=timeless,
        notes=(*rows.notes, note) if together else rows.notes,
    )


def _in_turns(group: Codes, groups: int, *, timed: bool) -> bool:
    """Tell whether rows of several groups take turns, so that each group's belong together."""
    runs = 1 + int(np.count_nonzero(group[1:] != group[:-1]))
    return runs > (groups if timed else INTERLEAVED * groups)


def signal_of(unit: str) -> tuple[str, str, float]:
    """Give the signal that a column in a unit belongs to, our unit, and the factor to it."""
    ours, factor = CONVERTED.get(unit, (unit, 1.0))
    return SIGNAL_OF_UNIT[ours], ours, factor


def _readings(block: Block, columns: TableColumns) -> dict[str, NDArray[Any]]:
    """Give the signals' values, (row, channel), and under "odd" what is odd about rows, (row,)."""
    odd = np.zeros(block.rows, dtype=np.uint8)
    readings: dict[str, list[FloatArray]] = {}
    for name, unit in columns.channels:
        signal, _, factor = signal_of(unit)
        column = _numbers(block, name) * factor
        nothing = np.isnan(column)
        wild = np.abs(column) > MOST  # NaN compares false
        odd[nothing] |= EMPTY
        odd[wild] |= BEYOND
        column[wild] = np.nan
        readings.setdefault(signal, []).append(column.astype(np.float32))
    return {**{name: np.stack(of, axis=1) for name, of in readings.items()}, "odd": odd}


def _numbers(block: Block, name: str) -> NDArray[np.float64]:
    column = block.columns[name]
    try:
        if pa.types.is_string(column.type) or pa.types.is_temporal(column.type):
            raise pa.ArrowInvalid("text or times")
        numbers = pc.cast(column, pa.float64(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        problem = f"column {name!r} must hold numbers, it holds {column.type}. Convert it."
        raise FormatError(block.places.path, problem) from None
    return as_numpy(pc.fill_null(numbers, float("nan")))


def _label_codes(block: Block, columns: TableColumns, labels: Names) -> Codes:
    if columns.label is None:
        return _constant(block, columns.constant_label, labels)
    index, texts = _texts(block, columns.label)
    return _coded(texts, labels)[index]


def _group_codes(block: Block, columns: TableColumns, groups: Names) -> Codes:
    """Give each row's group, (row,); groups: (subject, recording) -> code, which new ones are added to."""
    whose, people = _texts(block, columns.subject)
    which, names = _texts(block, columns.recording)
    if len(people) == len(names) == 1:
        return _constant(block, (people[0], names[0]), groups)
    pair = pc.dictionary_encode(pa.array(whose.astype(np.int64) * len(names) + which))
    pairs = [divmod(code, len(names)) for code in pair.dictionary.to_pylist()]
    known = _coded([(people[person], names[name]) for person, name in pairs], groups)
    codes: Codes = known[as_numpy(pair.indices)]
    return codes


def _coded(names: Iterable[Any], codes: Names) -> Codes:
    """Give the names' codes, as small as can be; new names are added."""
    found = [codes.setdefault(name, len(codes)) for name in names]
    return np.array(found, dtype=np.int16 if len(codes) < 1 << 15 else np.int32)


def _constant(block: Block, name: Any, codes: Names) -> Codes:
    return np.repeat(_coded([name], codes), block.rows)


def _texts(block: Block, name: str | None) -> tuple[IntArray, Sequence[str | None]]:
    """Give (index, texts): each row's index into the texts of a column, (row,); None where empty.

    Without a column, or with "{file}" or "{folder}", there is one text for all rows.
    """
    path = block.places.path
    if name is None or (stands := from_path(name, path)) is not None:
        return np.zeros(block.rows, dtype=np.int64), [None if name is None else stands]
    column = block.columns[name]
    try:
        coded = _coded_texts(column)
        texts = pc.utf8_trim_whitespace(pc.cast(coded.dictionary, pa.string())).to_pylist()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        problem = f"column {shown(name)} must hold names, it holds {column.type}. Convert it."
        raise FormatError(path, problem) from None
    index = as_numpy(pc.fill_null(pc.cast(coded.indices, pa.int64()), len(texts)))
    return index, [*(text or None for text in texts), None]


def _coded_texts(column: pa.Array) -> pa.DictionaryArray:
    """Give a column as codes of names, of few names where the column's own are of the whole file."""
    if pa.types.is_dictionary(column.type):
        if len(column.dictionary) <= len(column):
            return column
        column = column.dictionary_decode()
    return pc.dictionary_encode(column)
