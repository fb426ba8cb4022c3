"""Any CSV or Parquet file, a row a reading, by the names of its columns.

Rows are in time order within a recording. With a time column the rate is the mean step between rows
that follow on each other (steps up to 1.5 of the median), and a longer step is a gap: its missing
readings stand as NaN, so that the clock stays true. Without one, rows are taken as evenly spaced at
rate_hz. Rows with a NaN (or empty) channel are gaps. Runs of equal label are the spans.
"""

import csv
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import pi
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from wearsynth.data import UNITS, Channel, FloatArray, IntArray, Recording, Signal
from wearsynth.errors import DataError, FormatError, did_you_mean
from wearsynth.files import telling_file_errors
from wearsynth.formats.timeline import JUMP_STEPS, REPEATED, gaps_of, odd_rows, spans_of
from wearsynth.tables import telling_parquet_errors

OPTIONS: tuple[str, ...] = ("columns",)
CONVERTED = {"mg": ("g", 1e-3), "dps": ("rad/s", pi / 180), "mdps": ("rad/s", pi / 180e3)}
"""Units that are converted: name -> (ours, factor). m/s2 stays m/s2."""
SIGNAL_OF_UNIT = {
    "g": "acc",
    "m/s2": "acc",
    "rad/s": "gyro",
    "uS": "eda",
    "degC": "temp",
    "a.u.": "bvp",
    "bpm": "hr",
    "1": "signal",
}
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
LONGEST_GAP_S = 600.0
"""A longer step in time begins a new recording, so that no hours of NaN are kept."""
RATE_DOUBT = 0.02

Bools = NDArray[np.bool_]
Times = NDArray[np.float64]


@dataclass(frozen=True)
class TableColumns:
    """Which columns of a table hold what.

    channels: (column, unit) each; units of data.UNITS, or mg, dps, mdps, which are converted.
    Channels of one kind of unit form one signal (acc, gyro, eda, temp, bvp, hr, signal). time: a
    column in time_unit (s, ms, us, ns) or of time stamps. label: a column; or constant_label, one
    label for every row. rate_hz: needed where there is no time column; with one, it is the nominal
    rate, and a measured one more than 2 % off is noted.
    """

    channels: tuple[tuple[str, str], ...]
    time: str | None = None
    time_unit: str = "s"
    label: str | None = None
    constant_label: str | None = None
    subject: str | None = None
    recording: str | None = None
    rate_hz: float | None = None

    def __post_init__(self) -> None:
        if not self.channels:
            raise DataError("name at least one channel column and its unit, such as acc_x, g.")
        for column, unit in self.channels:
            if unit not in UNITS and unit not in CONVERTED:
                known = (*UNITS, *CONVERTED)
                raise DataError(f"{column}: unknown unit {unit!r}.{did_you_mean(unit, known)}")
        if self.time_unit not in SECONDS:
            raise DataError(
                f"unknown time unit {self.time_unit!r}.{did_you_mean(self.time_unit, SECONDS)}"
            )
        if self.time is None and self.rate_hz is None:
            raise DataError("without a time column rate_hz must be given (--source-rate-hz).")
        if self.rate_hz is not None and not (np.isfinite(self.rate_hz) and self.rate_hz > 0):
            raise DataError(f"rate_hz must be above 0, got {self.rate_hz}.")
        if self.label is not None and self.constant_label is not None:
            raise DataError("give either a label column or one constant label, not both.")

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are read."""
        more = (self.time, self.label, self.subject, self.recording)
        return (*(name for name, _ in self.channels), *(name for name in more if name is not None))


def read(path: Path, *, columns: TableColumns) -> list[Recording]:
    """Give the recordings of a CSV (comma, semicolon or tab) or Parquet file.

    A change of subject or recording, a step back in time and a gap over ten minutes begin a new
    recording. FileError where the file cannot be read; FormatError for a missing column, text among
    numbers (with the line), or a file without rows.
    """
    return from_arrow(load_columns(path, columns), source=path, columns=columns)


def load_columns(path: Path, columns: TableColumns) -> pa.Table:
    """Give the named columns of a CSV or Parquet file, channels and plain times as float64."""
    if path.suffix.lower() in (".parquet", ".pq"):
        return _load_parquet(path, columns)
    return _load_csv(path, columns)


def from_arrow(table: pa.Table, *, source: Path, columns: TableColumns) -> list[Recording]:
    """Give the recordings in a table that holds the named columns; see read."""
    if not table.num_rows:
        raise FormatError(source, "holds no rows. Is the export complete?")
    rows = _Rows.of(table, source, columns)
    pieces = _pieces(rows)
    rate_hz = columns.rate_hz or _rate_hz(rows, pieces, source)
    names = _unique([rows.name[first] or source.stem for first, _ in pieces])
    return [
        _recording(rows.part(first, end), name, rate_hz, columns)
        for name, (first, end) in zip(names, pieces, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class _Rows:
    """The rows of a table. values: (row, channel); label, subject and name: (row,), None or text."""

    values: NDArray[np.float64]
    time_s: Times | None
    label: NDArray[np.object_]
    subject: NDArray[np.object_]
    name: NDArray[np.object_]
    source: str

    @classmethod
    def of(cls, table: pa.Table, source: Path, columns: TableColumns) -> "_Rows":
        names = [name for name, _ in columns.channels]
        subject = _texts(table, columns.subject)
        name = _texts(table, columns.recording)
        if columns.recording is None:
            name = subject
        elif columns.subject is not None:
            name = np.array([f"{a}_{b}" for a, b in zip(subject, name, strict=True)], dtype=object)
        return cls(
            values=np.stack([_numbers(table[n], n, source) for n in names], axis=1),
            time_s=_times(table, source, columns),
            label=_texts(table, columns.label, columns.constant_label),
            subject=subject,
            name=name,
            source=source.name,
        )

    def part(self, first: int, end: int) -> "_Rows":
        """Give the rows [first, end)."""
        rows = slice(first, end)
        time_s = None if self.time_s is None else self.time_s[rows]
        parts = (self.label[rows], self.subject[rows], self.name[rows])
        return _Rows(self.values[rows], time_s, *parts, self.source)


def _pieces(rows: _Rows) -> list[tuple[int, int]]:
    """Give the row ranges of the recordings."""
    new = _changes(rows.subject) | _changes(rows.name)
    if rows.time_s is not None:
        step_s = np.diff(rows.time_s)
        new |= (step_s < 0) | (step_s > LONGEST_GAP_S)
    edges = [0, *(np.flatnonzero(new) + 1).tolist(), len(rows.values)]
    return list(itertools.pairwise(edges))


def _rate_hz(rows: _Rows, pieces: Sequence[tuple[int, int]], source: Path) -> float:
    """Give one rate for the file: the median over recordings of one over the mean plain step."""
    assert rows.time_s is not None
    means = []
    for first, end in pieces:
        step_s = np.diff(rows.time_s[first:end])
        step_s = step_s[step_s > 0]
        if len(step_s):
            means.append(float(step_s[step_s <= JUMP_STEPS * np.median(step_s)].mean()))
    if not means:
        raise FormatError(source, "its times never advance. Check the time column and its unit.")
    return float(f"{1 / np.median(means):.6g}")


def _recording(rows: _Rows, name: str, rate_hz: float, columns: TableColumns) -> Recording:
    place, notes = _places(rows.time_s, len(rows.values), rate_hz)
    repeats = np.concatenate([[False], np.diff(place) == 0])
    count = int(place[-1]) + 1
    values = np.full((count, rows.values.shape[1]), np.nan)
    values[place] = rows.values
    return Recording(
        name=name,
        signals=_signals(values.astype(np.float32), rate_hz, columns),
        subject=rows.subject[0],
        spans=spans_of(rows.label, rate_hz, place=place),
        gaps=gaps_of(~np.isfinite(values).all(axis=1), rate_hz),
        source=rows.source,
        notes=notes,
        oddities=odd_rows(repeats, REPEATED, f"{rows.source} (rows of {name!r})", 1),
    )


def _places(time_s: Times | None, count: int, rate_hz: float) -> tuple[IntArray, tuple[str, ...]]:
    """Give each row's reading number, (row,), and notes.

    A plain step is one reading; a jump is as many as its time says. Rows at the time of the one
    before share its number: the last one stands.
    """
    if time_s is None or count < 2:
        return np.arange(count), ()
    step_s = np.diff(time_s)
    usual_s = float(np.median(step_s[step_s > 0])) if (step_s > 0).any() else 1 / rate_hz
    jumps = step_s > JUMP_STEPS * usual_s
    steps = np.where(jumps, np.rint(step_s * rate_hz), 1).astype(np.int64)
    steps[step_s == 0] = 0
    notes = []
    plain = step_s[~jumps & (step_s > 0)]
    if len(plain) and abs(1 / plain.mean() / rate_hz - 1) > RATE_DOUBT:
        notes.append(f"measured {1 / plain.mean():.4g} Hz, taken as {rate_hz:g} Hz")
    return np.concatenate([[0], np.cumsum(steps)]), tuple(notes)


def _signals(values: FloatArray, rate_hz: float, columns: TableColumns) -> dict[str, Signal]:
    members: dict[str, list[int]] = {}
    channels = []
    for index, (column, given) in enumerate(columns.channels):
        unit, factor = CONVERTED.get(given, (given, 1.0))
        values[:, index] *= np.float32(factor)
        channels.append(Channel(column, unit))
        members.setdefault(SIGNAL_OF_UNIT[unit], []).append(index)
    return {
        name: Signal(
            np.ascontiguousarray(values[:, chosen]), rate_hz, tuple(channels[i] for i in chosen)
        )
        for name, chosen in members.items()
    }


def _changes(texts: NDArray[np.object_]) -> Bools:
    changes: Bools = np.asarray(texts[1:] != texts[:-1], dtype=np.bool_)
    return changes


def _unique(names: list[str]) -> list[str]:
    """Give each name once; a name that comes again gets _2, _3, ..."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return out


def _numbers(column: pa.ChunkedArray, name: str, source: Path) -> Times:
    try:
        numbers = pc.cast(column, pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise FormatError(source, f"column {name!r} must hold numbers: {error}.") from error
    values: Times = pc.fill_null(numbers, float("nan")).to_numpy()
    return values


def _texts(table: pa.Table, name: str | None, constant: str | None = None) -> NDArray[np.object_]:
    """Give a column as text, None where empty; without a column, the constant in every row."""
    if name is None:
        return np.full(table.num_rows, constant, dtype=object)
    column = pc.cast(table[name], pa.string())
    empty = pc.or_kleene(pc.is_null(column), pc.equal(column, ""))
    texts: NDArray[np.object_] = pc.if_else(empty, None, column).to_numpy().astype(object)
    return texts


def _times(table: pa.Table, source: Path, columns: TableColumns) -> Times | None:
    if columns.time is None:
        return None
    column = table[columns.time]
    if column.null_count:
        raise FormatError(
            source, f"{column.null_count} row(s) have no {columns.time!r}. Drop them."
        )
    if pa.types.is_timestamp(column.type):
        whole = pc.cast(pc.cast(column, pa.timestamp("ns")), pa.int64()).to_numpy()
        return np.asarray(whole - whole[0], dtype=np.float64) / 1e9
    times = _numbers(column, columns.time, source)
    since_first: Times = (times - times[0]) * SECONDS[columns.time_unit]
    return since_first


def _load_parquet(path: Path, columns: TableColumns) -> pa.Table:
    with telling_parquet_errors(path):
        known = pq.read_schema(path).names
        _check_columns(path, columns.names, known)
        return pq.read_table(path, columns=list(dict.fromkeys(columns.names)), partitioning=None)


def _load_csv(path: Path, columns: TableColumns) -> pa.Table:
    skip, delimiter, header = read_header(path)
    _check_columns(path, columns.names, header)
    kinds = {name: pa.float64() for name, _ in columns.channels}
    kinds |= {n: pa.string() for n in (columns.label, columns.subject, columns.recording) if n}
    try:
        return pyarrow.csv.read_csv(
            path,
            read_options=pyarrow.csv.ReadOptions(skip_rows=skip, use_threads=False),
            parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=list(dict.fromkeys(columns.names)), column_types=kinds
            ),
        )
    except pa.ArrowInvalid as error:
        raise _csv_error(path, str(error)) from error


def read_header(path: Path) -> tuple[int, str, list[str]]:
    """Give (lines before the header, delimiter, column names); comments (#) and blanks are skipped."""
    with telling_file_errors(path, "read"), path.open("rb") as stream:
        for skip, raw in enumerate(stream):
            line = raw.decode("utf-8-sig", errors="replace").strip("\r\n")
            if line.strip() and not line.startswith("#"):
                delimiter = max(",;\t", key=line.count)
                return skip, delimiter, next(csv.reader([line], delimiter=delimiter))
    raise FormatError(path, "holds no header line. Is the export complete?")


def _check_columns(path: Path, wanted: Sequence[str], known: Sequence[str]) -> None:
    for name in wanted:
        if name not in known:
            raise FormatError(path, f"has no column {name!r}.{did_you_mean(name, known)}")
        if list(known).count(name) > 1:
            raise FormatError(path, f"has {list(known).count(name)} columns {name!r}. Rename them.")


def _csv_error(path: Path, message: str) -> FormatError:
    """Turn pyarrow's "...: Row #5: ..." into a sentence with the line."""
    _, found, rest = message.partition("Row #")
    if not found:
        return FormatError(path, f"{message}. Mend the file.")
    line, _, problem = rest.partition(": ")
    return FormatError(path, f"{problem}. Mend or remove the line.", line=int(line))
