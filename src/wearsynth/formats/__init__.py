"""Files of recordings: one module a format, named in READERS; read() picks the one that fits."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pyarrow.parquet as pq

from wearsynth.data import Recording
from wearsynth.errors import DataError, FileError, FormatError, did_you_mean, printable
from wearsynth.files import telling_file_errors
from wearsynth.formats import (
    basic_motions,
    e4,
    edge_impulse_reader,
    hsdatalog_reader,
    lsm6dsl_csv,
    motionsense,
    pamap2,
    st_mlc,
    table,
    uci_har,
    wesad,
    wesad_1hz,
    wisdm,
)
from wearsynth.formats.table_columns import TableColumns
from wearsynth.tables import is_windows_file, telling_parquet_errors

__all__ = ["KNOWN_FORMATS", "READERS", "TableColumns", "read", "recognise"]


class Reader(Protocol):
    """What a format's module offers for reading."""

    OPTIONS: tuple[str, ...]
    """The options of formats.read that read() takes beside the path."""

    def recognises(self, path: Path) -> bool:
        """Tell quickly whether the path looks like this format; never raises, whatever it holds."""

    def read(self, path: Path) -> list[Recording]:
        """Give the recordings at the path."""


READERS: dict[str, Reader] = {
    "memsstudio": st_mlc,
    "lsm6dsl": lsm6dsl_csv,
    "pamap2": pamap2,
    "uci_har": uci_har,
    "motionsense": motionsense,
    "wesad_1hz": wesad_1hz,
    "wesad": wesad,
    "basic_motions": basic_motions,
    "wisdm": wisdm,
    "hsdatalog": hsdatalog_reader,
    "edgeimpulse": edge_impulse_reader,
    "e4": e4,  # last: it takes any damaged zip
}
KNOWN_FORMATS = (*READERS, "table")
"""Every format that read() takes; "table" needs columns and is never guessed."""


def read(
    path: Path | str,
    *,
    format: str | None = None,  # noqa: A002 - the word that users know
    columns: TableColumns | None = None,
    source_rate_hz: float | None = None,
    place: str | None = None,
    signals: Sequence[str] | None = None,
    tag_labels: Sequence[str] | None = None,
) -> list[Recording]:
    """Give the recordings at a path (or of the built-in data set "basic_motions").

    format: a name of KNOWN_FORMATS; without one it is recognised, or "table" where columns are
    given. columns: which columns hold what, for "table" only. source_rate_hz: the rate of logs that
    do not tell it. place: where the sensor sat (such as ankle), for data sets with several. signals:
    the names of the signals to keep; without, the format's usual ones. tag_labels: labels of the
    stretches that button presses part, "" for none. FileError where there is nothing; FormatError
    where no format fits or the file is not what it should be; DataError where the options do not
    fit.
    """
    path = Path(path)
    if basic_motions.NAME not in (str(path), format):
        _check_there(path)
    name = format or ("table" if columns else recognise(path))
    if name not in KNOWN_FORMATS:
        raise DataError(f"unknown format {name!r}.{did_you_mean(name, KNOWN_FORMATS)}")
    if (name == "table") != (columns is not None):
        raise DataError("columns and the format 'table' belong together: give both or neither.")
    reader: Callable[..., list[Recording]] = (table if name == "table" else READERS[name]).read
    known = (table if name == "table" else READERS[name]).OPTIONS
    options: dict[str, Any] = {
        "columns": columns,
        "source_rate_hz": source_rate_hz,
        "place": place,
        "signals": signals,
        "tag_labels": tag_labels,
    }
    given = {key: value for key, value in options.items() if value is not None}
    if signals is not None and "signals" not in known:
        del given["signals"]  # taken out of what was read, below
    for option in given:
        if option not in known:
            raise DataError(f"{option} is for {_takers(option)} only; {path} is {name!r}.")
    with telling_file_errors(path, "read"):
        recordings = [_with_printable_names(recording) for recording in reader(path, **given)]
    if not recordings:
        problem = f"holds no recordings in the format {name!r}. Name another path or format."
        raise FormatError(path, problem)
    return recordings if signals is None else _with_signals(recordings, tuple(signals))


def recognise(path: Path) -> str:
    """Give the name of the format at a path; FormatError, naming the known ones, where none fits."""
    with telling_file_errors(path, "read"):
        for name, reader in READERS.items():
            if reader.recognises(path):
                return name
    _check_there(path)
    raise FormatError(path, _why_unknown(path))


def _why_unknown(path: Path) -> str:
    """Say why a path that no reader recognises is none of its own, and what to do."""
    with telling_file_errors(path, "read"):
        if path.is_dir() and not any(path.iterdir()):
            return "is an empty folder. Name the one that holds the recordings."
        if path.is_file() and not path.stat().st_size:
            return "is an empty file. Copy or export it again."
    if path.suffix.lower() in (".parquet", ".pq"):
        if is_windows_file(path):
            return "holds windows, not recordings: use it where windows are asked for."
        with telling_parquet_errors(path):
            pq.read_schema(path)
    return (
        f"is in none of the known formats ({', '.join(READERS)}). Name its format if it is one of "
        "them (format); for any other CSV or Parquet file name its columns (format table)."
    )


def _with_signals(recordings: Sequence[Recording], signals: tuple[str, ...]) -> list[Recording]:
    """Give the recordings with these signals only, in this order."""
    if not signals or len(set(signals)) < len(signals):
        raise DataError(f"signals must be different names, at least one, got {signals}.")
    for recording in recordings:
        for name in signals:
            if name not in recording.signals:
                raise DataError(
                    f"recording {recording.name!r} has no signal {name!r}, it has "
                    f"{', '.join(recording.signals)}. Name other signals or move its files away."
                )
    return [replace(r, signals={name: r.signals[name] for name in signals}) for r in recordings]


def _takers(option: str) -> str:
    takers = [name for name, reader in READERS.items() if option in reader.OPTIONS]
    takers += ["table"] if option in table.OPTIONS else []
    return " and ".join(repr(name) for name in takers)


def _with_printable_names(recording: Recording) -> Recording:
    """Give a recording whose names any terminal prints and any file takes, whatever the source's."""
    spans = recording.spans
    labels = {span.label: printable(span.label) for span in spans}
    if any(label != told for label, told in labels.items()):
        spans = tuple(replace(span, label=labels[span.label]) for span in spans)
    return replace(
        recording,
        name=printable(recording.name),
        subject=None if recording.subject is None else printable(recording.subject),
        source=printable(recording.source),
        spans=spans,
        oddities=tuple(replace(o, where=printable(o.where)) for o in recording.oddities),
        notes=tuple(map(printable, recording.notes)),
    )


def _check_there(path: Path) -> None:
    with telling_file_errors(path, "read"):
        there = path.exists()
    if not there:
        near = did_you_mean(str(path), (basic_motions.NAME,)) if "basic" in str(path) else ""
        raise FileError(f"{path}: there is no such file or folder. Check the path.{near}")
