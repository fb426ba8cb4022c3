"""ST MEMS Studio / Machine Learning Core logs: data/<id>_<class>/log_<n>.csv; read and written.

Comment lines, a blank line, a header, then a line a reading:
acc_x[mg],acc_y[mg],acc_z[mg]; first column time[us] or not; older: A_X [mg]<tab>A_Y [mg]<tab>...
Validation logs also carry LSB columns and LABEL_0, the true class's output value. The rate stands in
mlc_conf.json (mlc_odr) in the folder or beside it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import Channel, Gap, Recording, Signal, Span, natural_key
from wearsynth.errors import FormatError
from wearsynth.files import read_bytes
from wearsynth.formats.manifest import MANIFEST_NAME, read_json
from wearsynth.formats.numeric_csv import parse_numbers
from wearsynth.formats.st_mlc_writer import CONFIGURATION_NAME, write

__all__ = ["OPTIONS", "read", "recognises", "write"]

OPTIONS: tuple[str, ...] = ("source_rate_hz",)
_CLASS_FOLDER = re.compile(r"\d+_(?P<label>.+)")
_LOG = re.compile(r"log_\d+\.csv")
_AXIS = re.compile(r"(acc|a)_(?P<axis>[xyz])\s*\[mg\]", re.IGNORECASE)
_TIME, _LABEL = "time[us]", "LABEL_0"
_CHANNELS = tuple(Channel(f"acc_{axis}", "g") for axis in "xyz")
_GAP = 1.5  # a step between time stamps this many times the usual one is a gap
_RATE_TOLERANCE = 0.01  # time stamps further off the nominal rate than this are told
_Numbers = NDArray[np.float64]


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


def recognises(path: Path) -> bool:
    """Say whether this is a set's root, its data folder, or one log."""
    if path.is_file():
        return path.suffix == ".csv" and _head(read_bytes(path)) is not None
    return path.is_dir() and bool(_logs(path))


def read(path: Path, *, source_rate_hz: float | None = None) -> list[Recording]:
    """Give a recording a log, acceleration in g, spans labelled with the classes.

    path: the set's root, its data folder, or one log. source_rate_hz: where given, it goes before
    mlc_conf.json, which goes before the time stamps. A log that wearsynth wrote has a span a
    window, since its joins are not continuous. FormatError, naming file and line, where a log is
    not of this layout or its rate stands nowhere.
    """
    logs = [path] if path.is_file() else _logs(path)
    if not logs:
        raise FormatError(path, "holds no logs named data/<id>_<class>/log_<n>.csv.")
    about = _set(path, source_rate_hz)
    return [_read_log(log, about) for log in logs]


def _logs(path: Path) -> list[Path]:
    folder = path / "data" if (path / "data").is_dir() else path
    found = [
        log
        for log in folder.glob("*/log_*.csv")
        if _CLASS_FOLDER.fullmatch(log.parent.name) and _LOG.fullmatch(log.name)
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
    return _Set(
        source=written.name,
        rate_hz=rate_hz,
        rate_from=rate_from,
        outputs=_outputs(configuration),
        readings_per_window=_readings_per_window(written / MANIFEST_NAME),
    )


def _configured_rate(path: Path, configuration: dict[str, Any]) -> float | None:
    if "mlc_odr" not in configuration:
        return None
    said = re.fullmatch(r"\s*(\d+(\.\d+)?)\s*Hz\s*", str(configuration["mlc_odr"]), re.IGNORECASE)
    if said is None or float(said[1]) == 0:
        value = configuration["mlc_odr"]
        raise FormatError(path, f'expected "mlc_odr" such as "26 Hz", got {value!r}.')
    return float(said[1])


def _outputs(configuration: dict[str, Any]) -> dict[int, str]:
    trees = configuration.get("dectrees", [])
    results = trees[0].get("results", []) if trees else []
    return {int(result["value"]): str(result["label"]) for result in results}


def _readings_per_window(manifest: Path) -> int | None:
    if not manifest.is_file():
        return None
    number = read_json(manifest).get("readings_per_window")
    return int(number) if number else None


def _read_log(path: Path, about: _Set) -> Recording:
    content = read_bytes(path)
    head = _head(content)
    if head is None:
        raise FormatError(
            path,
            "expected a header such as acc_x[mg],acc_y[mg],acc_z[mg]. Is this a MEMS Studio log?",
        )
    table = parse_numbers(
        content[head.start :],
        path,
        columns=head.columns,
        delimiter=head.delimiter,
        first_line=head.first_line,
    )
    axes = [_axis_column(head, axis) for axis in "xyz"]
    rate_hz, notes = _rate(path, head, table, about)
    values, gaps = _on_the_clock(path, head, table, rate_hz)
    signal = Signal((values[:, axes] / 1000).astype(np.float32), rate_hz, _CHANNELS)
    folder = _CLASS_FOLDER.fullmatch(path.parent.name)
    return Recording(
        name=f"{folder['label'] if folder else path.parent.name}/{path.stem}",
        signals={"acc": signal},
        spans=_spans(path, head, values, rate_hz, about),
        gaps=gaps,
        source=about.source,
        notes=(*notes, *_column_notes(head), "the logs do not name people"),
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


def _rate(path: Path, head: _Head, table: _Numbers, about: _Set) -> tuple[float, tuple[str, ...]]:
    if _TIME not in head.columns or len(table) < 2:
        return _untimed_rate(path, about), ()
    measured = 1e6 / _usual_step(path, head, table)
    if about.rate_hz is None:
        return measured, (f"rate from the time stamps: {measured:.4g} Hz",)
    if abs(measured / about.rate_hz - 1) <= _RATE_TOLERANCE:
        return about.rate_hz, ()
    told = f"time stamps tell {measured:.4g} Hz, taken as {about.rate_hz:g} Hz"
    return about.rate_hz, (f"{told} ({about.rate_from})",)


def _untimed_rate(path: Path, about: _Set) -> float:
    if about.rate_hz is not None:
        return about.rate_hz
    raise FormatError(
        path,
        f"its rate stands nowhere: there is no {CONFIGURATION_NAME} with mlc_odr and no column "
        f"{_TIME}. Give it (rate_hz).",
    )


def _usual_step(path: Path, head: _Head, table: _Numbers) -> float:
    steps = np.diff(table[:, head.columns.index(_TIME)])
    back = np.flatnonzero(steps <= 0)
    if len(back):
        line = head.first_line + int(back[0]) + 1
        raise FormatError(
            path, "the time does not go on. Remove the lines out of order.", line=line
        )
    return float(np.median(steps))


def _on_the_clock(
    path: Path, head: _Head, table: _Numbers, rate_hz: float
) -> tuple[_Numbers, tuple[Gap, ...]]:
    """Give the rows in even steps of time, NaN where the time stamps leave a gap, and the gaps."""
    if _TIME not in head.columns or len(table) < 2:
        return table, ()
    steps = np.diff(table[:, head.columns.index(_TIME)]) / _usual_step(path, head, table)
    whole = np.where(steps > _GAP, np.rint(steps), 1).astype(np.int64)
    place = np.concatenate([[0], np.cumsum(whole)])
    values = np.full((int(place[-1]) + 1, table.shape[1]), np.nan)
    values[place] = table
    before = np.flatnonzero(whole > 1)
    starts, ends = (place[before] + 1) / rate_hz, place[before + 1] / rate_hz
    return values, tuple(map(Gap, starts.tolist(), ends.tolist()))


def _spans(
    path: Path, head: _Head, values: _Numbers, rate_hz: float, about: _Set
) -> tuple[Span, ...]:
    if _LABEL in head.columns:
        return _output_spans(values[:, head.columns.index(_LABEL)], rate_hz, about.outputs)
    folder = _CLASS_FOLDER.fullmatch(path.parent.name)
    if folder is None:
        raise FormatError(path, "its class stands nowhere: put it in a folder named <id>_<class>.")
    step = about.readings_per_window or len(values)
    starts = range(0, len(values), step)
    ends = [min(start + step, len(values)) for start in starts]
    return tuple(
        Span(a / rate_hz, b / rate_hz, folder["label"]) for a, b in zip(starts, ends, strict=True)
    )


def _output_spans(outputs: _Numbers, rate_hz: float, names: Mapping[int, str]) -> tuple[Span, ...]:
    """Give a span for each run of one value; a value without a name is its own name."""
    known = np.flatnonzero(np.isfinite(outputs))
    runs = np.flatnonzero(np.diff(outputs[known]) != 0) + 1
    return tuple(
        Span(
            int(run[0]) / rate_hz,
            (int(run[-1]) + 1) / rate_hz,
            _output_name(outputs[run[0]], names),
        )
        for run in np.split(known, runs)
    )


def _output_name(value: float, names: Mapping[int, str]) -> str:
    return names.get(int(value), f"output {value:g}")
