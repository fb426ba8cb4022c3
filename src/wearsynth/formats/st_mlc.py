"""ST MEMS Studio / Machine Learning Core logs: data/<id>_<class>/log_<n>.csv; read and written.

Comment lines, a blank line, a header, then a line a reading:
acc_x[mg],acc_y[mg],acc_z[mg]; first column time[us] or not; older: A_X [mg]<tab>A_Y [mg]<tab>...
Validation logs also carry LSB columns and LABEL_0, the true class's output value. The rate stands in
mlc_conf.json (mlc_odr) in the folder or beside it. What time stamps say of gaps, repeats and steps
back is in st_mlc_clock.py.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import Channel, FloatArray, Recording, Signal, Span
from wearsynth.errors import FormatError, shown
from wearsynth.files import read_bytes
from wearsynth.formats.manifest import MANIFEST_NAME, read_json
from wearsynth.formats.numeric_csv import stream_numbers
from wearsynth.formats.plausible import as_readings
from wearsynth.formats.st_mlc_clock import (
    FASTEST_HZ,
    SLOWEST_HZ,
    Stretch,
    clock_of,
    without_clock,
)
from wearsynth.formats.st_mlc_writer import CONFIGURATION_NAME, write
from wearsynth.formats.timeline import NOT_READINGS, gaps_of, odd_rows, spans_of
from wearsynth.names import natural_key

__all__ = ["OPTIONS", "Log", "read", "read_logs", "recognises", "write"]

OPTIONS: tuple[str, ...] = ("source_rate_hz",)
_CLASS_FOLDER = re.compile(r"\d+_(?P<label>.+)")
_LOG = re.compile(r"log_\d+\.csv")
_AXIS = re.compile(r"(acc|a)_(?P<axis>[xyz])\s*\[mg\]", re.IGNORECASE)
_TIME, _LABEL = "time[us]", "LABEL_0"
_CHANNELS = tuple(Channel(f"acc_{axis}", "g") for axis in "xyz")
_HEAD_BYTES = 1 << 16  # comments and header of a log are no longer than this
_RATE_TOLERANCE = 0.01  # time stamps further off the nominal rate than this are told
_NO_LABEL = "line(s) without a label: in no span"


@dataclass(frozen=True)
class _Head:
    """Where a log's readings begin, and which column holds what."""

    columns: tuple[str, ...]
    delimiter: str
    first_line: int
    start: int


@dataclass(frozen=True)
class _Set:
    """What holds for all logs of a set."""

    source: str
    rate_hz: float | None
    rate_from: str
    outputs: Mapping[int, str]
    readings_per_window: int | None
    synthetic: bool


@dataclass(frozen=True, eq=False)
class _Rows:
    """A log's rows: values (row, axis) in g, NaN where bad, (row,); time_us and label (row,), or None."""

    values: FloatArray
    bad: NDArray[np.bool_]
    time_us: NDArray[np.float64] | None
    label: NDArray[np.float64] | None
    head: _Head
    path: Path


@dataclass(frozen=True, eq=False)
class Log:
    """A log as it stands: readings in mg, (time, axis) float64, each following on the one before.

    label: its folder's class, "" where it has none. rate_hz: as its time stamps tell, else as
    mlc_conf.json does (mlc_odr), None without both.
    """

    path: Path
    label: str
    mg: NDArray[np.float64]
    rate_hz: float | None


def recognises(path: Path) -> bool:
    """Say whether this is a set's root, its data folder, or one log."""
    if path.is_file():
        return path.suffix == ".csv" and _head(_begin(path)) is not None
    return path.is_dir() and bool(_logs(path))


def read(path: Path, *, source_rate_hz: float | None = None) -> list[Recording]:
    """Give a recording a log, acceleration in g, spans labelled with the classes.

    path: the set's root, its data folder, or one log. source_rate_hz: where given, it goes before
    mlc_conf.json, which goes before the time stamps. Where time stamps step back or pause for over
    ten minutes a further recording of the log begins. A log that wearsynth wrote has a span a
    window, since its joins are not continuous. FormatError, naming file and line, where a log is
    not of this layout or its rate stands nowhere.
    """
    logs = _logs(path) if path.is_dir() else [path]
    if not logs:
        problem = "holds no logs named data/<id>_<class>/log_<n>.csv"
        raise FormatError(path, f"{problem}. Name the folder that holds data, or one log.")
    about = _set(path, source_rate_hz)
    return [recording for log in logs for recording in _read_log(log, about)]


def read_logs(path: Path) -> list[Log]:
    """Give one log, or all of a folder (a set, or any .csv files), with nothing left out or rounded.

    This is for what needs every reading in order. FormatError, naming file and line, where a log is
    not of this layout, holds something that is no reading, or has time stamps that leave a gap.
    """
    if not path.is_dir():
        return [_unbroken(path, _set(path, None).rate_hz)]
    found = _logs(path) or sorted(
        (file for file in path.glob("*.csv") if recognises(file)),
        key=lambda file: natural_key(file.name),
    )
    if not found:
        problem = "holds no MEMS Studio logs (acc_x[mg],acc_y[mg],acc_z[mg])"
        raise FormatError(path, f"{problem}. Name a log, or the folder that holds them.")
    rate_hz = _set(path, None).rate_hz
    return [_unbroken(log, rate_hz) for log in found]


def _unbroken(path: Path, rate_hz: float | None) -> Log:
    head, table = _table(path)
    bad = np.asarray(as_readings(table[:, :3] / 1000, "g")[1].any(axis=1))
    if _TIME in head.columns and len(table) > 1:
        clock = clock_of(table[:, 3], where=f"{path}", first_line=head.first_line)
        rate_hz = clock.rate_hz
        kept, place = clock.stretches[0].rows, clock.stretches[0].place
        in_order = (kept == np.arange(len(kept))) & (place == np.arange(len(kept)))
        bad[: len(kept)] |= ~in_order
        bad[len(kept) :] = True
    if bad.any():
        line = head.first_line + int(np.argmax(bad))
        problem = "from here on readings are missing, and each is needed. Cut the log before."
        raise FormatError(path, problem, line=line)
    folder = _CLASS_FOLDER.fullmatch(path.parent.name)
    return Log(path, folder["label"] if folder else "", table[:, :3], rate_hz)


def _begin(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(_HEAD_BYTES)
    except OSError:
        return b""


def _logs(path: Path) -> list[Path]:
    folder = path / "data" if (path / "data").is_dir() else path
    found = [
        log
        for log in folder.glob("*/log_*.csv")
        if _CLASS_FOLDER.fullmatch(log.parent.name)
        and _LOG.fullmatch(log.name)
        and not log.is_dir()
    ]
    return sorted(found, key=lambda log: (natural_key(log.parent.name), natural_key(log.name)))


def _set(path: Path, rate_hz: float | None) -> _Set:
    path = path.resolve()
    around = path.parents[:3] if path.is_file() else (path, path.parent)
    root = next((p for p in around if (p / CONFIGURATION_NAME).is_file()), None)
    named = path.parent if path.is_file() or path.name == "data" else path
    written = named if root is None else root
    configuration = {} if root is None else read_json(root / CONFIGURATION_NAME)
    rate_from = "as given"
    if rate_hz is None and root is not None:
        rate_hz = _configured_rate(root / CONFIGURATION_NAME, configuration)
        rate_from = CONFIGURATION_NAME
    manifest = _manifest(written / MANIFEST_NAME)
    return _Set(
        source=written.name,
        rate_hz=rate_hz,
        rate_from=rate_from,
        outputs=_outputs(configuration),
        readings_per_window=_readings_per_window(manifest),
        synthetic=manifest.get("synthetic") is True,
    )


def _configured_rate(path: Path, configuration: dict[str, Any]) -> float | None:
    if "mlc_odr" not in configuration:
        return None
    value = str(configuration["mlc_odr"])
    said = re.fullmatch(r"\s*(\d+(\.\d+)?)\s*Hz\s*", value, re.IGNORECASE)
    if said is None or not SLOWEST_HZ <= float(said[1]) <= FASTEST_HZ:
        problem = f'expected "mlc_odr" such as "26 Hz", got {shown(value)}'
        raise FormatError(path, f"{problem}. Mend it or give the rate.")
    return float(said[1])


def _outputs(configuration: dict[str, Any]) -> dict[int, str]:
    """Give the class of each output value; none where the configuration has another form."""
    try:
        results = configuration["dectrees"][0]["results"]
        return {int(result["value"]): str(result["label"]) for result in results}
    except (KeyError, IndexError, TypeError, ValueError, OverflowError):
        return {}


def _manifest(path: Path) -> dict[str, Any]:
    """Give what wearsynth's own writer left beside the logs; nothing where it did not write them."""
    return read_json(path) if path.is_file() else {}


def _readings_per_window(manifest: dict[str, Any]) -> int | None:
    number = manifest.get("readings_per_window")
    return number if isinstance(number, int) and number > 0 else None


def _read_log(path: Path, about: _Set) -> list[Recording]:
    rows = _rows(path)
    where, first_line = f"{path}", rows.head.first_line
    rate_hz, stretches = about.rate_hz, without_clock(len(rows.values))
    notes: tuple[str, ...] = ()
    if rows.time_us is not None and len(rows.time_us) > 1:
        clock = clock_of(rows.time_us, where=where, first_line=first_line)
        rate_hz, notes = _rate(clock.rate_hz, about)
        stretches = clock.stretches
    if rate_hz is None:
        raise FormatError(
            path,
            f"its rate stands nowhere: there is no {CONFIGURATION_NAME} with mlc_odr and no column "
            f"{_TIME}. Give it (rate_hz).",
        )
    made = [_recording(rows, stretch, rate_hz, about) for stretch in stretches]
    return [
        replace(
            recording,
            name=recording.name if index == 1 else f"{recording.name}_{index}",
            notes=(*notes, *_column_notes(rows.head), "the logs do not name people"),
        )
        for index, recording in enumerate(made, start=1)
    ]


def _table(path: Path) -> tuple[_Head, NDArray[np.float64]]:
    """Give a log's numbers, (row, column): three axes in mg, then time and label where it has them."""
    content = read_bytes(path)
    head = _head(content[:_HEAD_BYTES])
    if head is None:
        raise FormatError(
            path,
            "expected a header such as acc_x[mg],acc_y[mg],acc_z[mg]. Is this a MEMS Studio log?",
        )
    axes = [_axis_column(head, axis) for axis in "xyz"]
    more = [head.columns.index(name) for name in (_TIME, _LABEL) if name in head.columns]
    blocks = stream_numbers(
        BytesIO(content[head.start :]),
        path,
        columns=head.columns,
        keep=[*axes, *more],
        delimiter=head.delimiter,
        first_line=head.first_line,
    )
    table = np.concatenate([np.empty((0, 3 + len(more))), *blocks])
    if not len(table):
        raise FormatError(path, "holds no readings below its header. Copy or export it again.")
    return head, table


def _rows(path: Path) -> _Rows:
    head, table = _table(path)
    values, bad = as_readings(table[:, :3] / 1000, "g")
    return _Rows(
        values=values,
        bad=np.asarray(bad.any(axis=1)),
        time_us=table[:, 3] if _TIME in head.columns else None,
        label=table[:, -1] if _LABEL in head.columns else None,
        head=head,
        path=path,
    )


def _recording(rows: _Rows, stretch: Stretch, rate_hz: float, about: _Set) -> Recording:
    """Give one stretch of a log in even steps of time, NaN where readings are missing."""
    path, first_line = rows.path, rows.head.first_line
    values = np.full((int(stretch.place[-1]) + 1, 3), np.nan, dtype=np.float32)
    values[stretch.place] = rows.values[stretch.rows]
    mine = np.isin(np.arange(len(rows.bad)), stretch.rows)
    folder = _CLASS_FOLDER.fullmatch(path.parent.name)
    oddities = odd_rows(rows.bad & mine, NOT_READINGS, f"{path}", first_line)
    if rows.label is not None:
        oddities += odd_rows(mine & ~np.isfinite(rows.label), _NO_LABEL, f"{path}", first_line)
    return Recording(
        name=f"{folder['label'] if folder else path.parent.name}/{path.stem}",
        signals={"acc": Signal(values, rate_hz, _CHANNELS)},
        spans=_spans(rows, stretch, rate_hz, about),
        gaps=gaps_of(np.asarray(np.isnan(values).any(axis=1)), rate_hz),
        source=about.source,
        oddities=(*stretch.oddities, *oddities),
        synthetic=about.synthetic,
    )


def _head(content: bytes) -> _Head | None:
    """Give the place and columns of the header, None where there is none of this layout."""
    start = 0
    for number, line in enumerate(BytesIO(content), start=1):
        start += len(line)
        text = line.decode("utf-8-sig", errors="replace").strip()
        if text and not text.startswith("#"):
            delimiter = "\t" if "\t" in text else ","
            columns = tuple(word.strip() for word in text.split(delimiter))
            axes = {found["axis"].lower() for c in columns if (found := _AXIS.fullmatch(c))}
            return _Head(columns, delimiter, number + 1, start) if axes == set("xyz") else None
    return None


def _axis_column(head: _Head, axis: str) -> int:
    found = [_AXIS.fullmatch(column) for column in head.columns]
    return next(i for i, match in enumerate(found) if match and match["axis"].lower() == axis)


def _column_notes(head: _Head) -> tuple[str, ...]:
    unread = [c for c in head.columns if c not in (_TIME, _LABEL) and not _AXIS.fullmatch(c)]
    return (f"columns not read: {', '.join(unread)}",) if unread else ()


def _rate(measured_hz: float, about: _Set) -> tuple[float, tuple[str, ...]]:
    """Give the rate to take and what to note of it, where time stamps tell one."""
    if about.rate_hz is None:
        return measured_hz, (f"rate from the time stamps: {measured_hz:.4g} Hz",)
    if abs(measured_hz / about.rate_hz - 1) <= _RATE_TOLERANCE:
        return about.rate_hz, ()
    told = f"time stamps tell {measured_hz:.4g} Hz, taken as {about.rate_hz:g} Hz"
    return about.rate_hz, (f"{told} ({about.rate_from})",)


def _spans(rows: _Rows, stretch: Stretch, rate_hz: float, about: _Set) -> tuple[Span, ...]:
    if rows.label is not None:
        names = [_output_name(value, about.outputs) for value in rows.label[stretch.rows].tolist()]
        return spans_of(names, rate_hz, place=stretch.place)
    folder = _CLASS_FOLDER.fullmatch(rows.path.parent.name)
    if folder is None:
        problem = "its class stands nowhere: put it in a folder named <id>_<class>."
        raise FormatError(rows.path, problem)
    count = int(stretch.place[-1]) + 1
    step = about.readings_per_window or count
    starts = range(0, count, step)
    ends = [min(start + step, count) for start in starts]
    return tuple(
        Span(a / rate_hz, b / rate_hz, folder["label"]) for a, b in zip(starts, ends, strict=True)
    )


def _output_name(value: float, names: Mapping[int, str]) -> str | None:
    """Give the class of an output value: its name, else its number; None where there is none."""
    if not np.isfinite(value):
        return None
    return names.get(int(value), f"output {value:g}")
