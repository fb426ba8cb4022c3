"""Counts as one Parquet file: a row a window; written and read.

Columns: counts, a fixed-size list of int16 (int32 for wide ranges), time by time and in each the
channels in order; label, the class name; device, int64. The metadata key "wearsynth.counts" holds
JSON: the schema's version, sensor, full scale, rate, scale, channels, classes, notes.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from wearsynth.data import Channel
from wearsynth.errors import DataError, FormatError, shown
from wearsynth.files import atomic_folder
from wearsynth.formats.manifest import (
    MANIFEST_NAME,
    Summary,
    read_json,
    tally,
    write_manifest,
    written,
)
from wearsynth.sensors import Counts
from wearsynth.sensors.counts import CountArray, same_kind
from wearsynth.tables import telling_parquet_errors

FILE_NAME = "counts.parquet"
SCHEMA_VERSION = 1
_KEY = b"wearsynth.counts"
_ORIGIN = ("seed", "model", "provenance")
_COLUMNS = {
    "counts": (pa.int16(), pa.int32()),
    "label": (pa.string(),),
    "device": (pa.int64(),),
}


def write(chunks: Iterable[Counts], folder: Path, *, overwrite: bool = False) -> Summary:
    """Write counts.parquet and manifest.json; one chunk is in memory at a time.

    The file's metadata hold the notes of the first chunk, the manifest those of all. DataError for
    0 windows or chunks of different kinds, FileError where the folder cannot be written.
    """
    summary, writer = None, None
    with atomic_folder(folder, overwrite=overwrite) as place:
        try:
            for chunk in same_kind(chunks):
                table = _table(chunk)
                writer = writer or pq.ParquetWriter(place / FILE_NAME, table.schema)
                writer.write_table(table.replace_schema_metadata(writer.schema.metadata))
                summary = tally(summary, chunk)
        finally:
            if writer is not None:
                writer.close()
        summary = written(summary)
        write_manifest(place, summary, layout={"format": "parquet"})
    return summary


def read(path: Path) -> Counts:
    """Give the counts of a file, or of a folder that `write` made, with the manifest's notes.

    FormatError where it is no such file, FileError where it cannot be read.
    """
    if path.is_dir():
        counts = _read_file(path / FILE_NAME, notes=read_json(path / MANIFEST_NAME).get("notes"))
    else:
        counts = _read_file(path, notes=None)
    return counts


def _table(chunk: Counts) -> pa.Table:
    flat = pa.array(np.ascontiguousarray(chunk.values).reshape(-1))
    width = chunk.values.shape[1] * chunk.values.shape[2]
    about = {"schema_version": SCHEMA_VERSION, **chunk.about, "notes": list(chunk.notes)}
    table = pa.table(
        {
            "counts": pa.FixedSizeListArray.from_arrays(flat, width),
            "label": pa.array(chunk.label_names.tolist(), pa.string()),
            "device": pa.array(chunk.device, pa.int64()),
        }
    )
    return table.replace_schema_metadata({_KEY: json.dumps(about).encode()})


def _read_file(path: Path, *, notes: list[str] | None) -> Counts:
    with telling_parquet_errors(path):
        table = pq.read_table(path, partitioning=None, memory_map=False)
    about = _about(path, table.schema.metadata)
    columns = [_column(path, table, name, kind) for name, kind in _COLUMNS.items()]
    try:
        classes = tuple(about["classes"])
        index = {name: position for position, name in enumerate(classes)}
        return Counts(
            values=_values(columns[0], about),
            rate_hz=float(about["rate_hz"]),
            channels=tuple(Channel(of["name"], of["unit"]) for of in about["channels"]),
            scale=float(about["unit_per_count"]),
            clip_counts=(int(about["clip_counts"][0]), int(about["clip_counts"][1])),
            label=np.array([index[name] for name in columns[1].to_pylist()], dtype=np.int64),
            classes=classes,
            device=columns[2].to_numpy().astype(np.int64),
            sensor=str(about["sensor"]),
            full_scale=str(about["full_scale"]),
            power_mode=str(about["power_mode"]),
            convention=str(about["convention"]),
            low_pass=str(about.get("low_pass", "")),
            zero_bits=int(about.get("zero_bits", 0)),
            notes=tuple(map(str, about["notes"] if notes is None else notes)),
            synthetic=bool(about["synthetic"]),
            origin={key: about[key] for key in _ORIGIN if key in about},
        )
    except DataError as error:
        raise FormatError(path, f"{error} Render it again.") from error
    except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        problem = "its counts, labels and metadata do not fit each other. Render it again."
        raise FormatError(path, problem) from error


def _column(
    path: Path, table: pa.Table, name: str, kinds: tuple[pa.DataType, ...]
) -> pa.ChunkedArray:
    """Give a column without empty rows, of one of the types, a list's being that of its values."""
    if table.column_names.count(name) != 1:
        raise FormatError(path, f"has no single column {name!r}. Render it again.")
    column = table.column(name)
    kind = column.type
    if pa.types.is_fixed_size_list(kind):
        kind = kind.value_type
    if column.null_count or kind not in kinds:
        raise FormatError(path, f"column {name!r} does not hold what it should. Render it again.")
    return column


def _about(path: Path, metadata: dict[bytes, bytes] | None) -> dict[str, Any]:
    if not metadata or _KEY not in metadata:
        problem = "holds no wearsynth counts: the metadata that say so are missing"
        raise FormatError(path, f"{problem}. Name a counts.parquet that render wrote.")
    try:
        about: dict[str, Any] = json.loads(metadata[_KEY])
        version = about["schema_version"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FormatError(path, "its metadata is damaged. Render it again.") from error
    if version != SCHEMA_VERSION:
        problem = f"has schema version {shown(str(version))}, this program reads {SCHEMA_VERSION}"
        raise FormatError(path, f"{problem}. Update wearsynth or render it again.")
    return about


def _values(column: pa.ChunkedArray, about: dict[str, Any]) -> CountArray:
    flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    shape = (len(column), int(about["readings_per_window"]), len(about["channels"]))
    values: CountArray = flat.reshape(shape)
    return values
