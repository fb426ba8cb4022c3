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
from wearsynth.errors import FormatError
from wearsynth.files import atomic_folder, telling_file_errors
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

FILE_NAME = "counts.parquet"
SCHEMA_VERSION = 1
_KEY = b"wearsynth.counts"


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
    with telling_file_errors(path, "read"):
        try:
            table = pq.read_table(path)
        except pa.ArrowInvalid as error:
            raise FormatError(path, f"is no whole Parquet file: {error}.") from None
    about = _about(path, table.schema.metadata)
    classes = tuple(about["classes"])
    index = {name: position for position, name in enumerate(classes)}
    names = table.column("label").to_pylist()
    return Counts(
        values=_values(table, about),
        rate_hz=about["rate_hz"],
        channels=tuple(Channel(of["name"], of["unit"]) for of in about["channels"]),
        scale=about["unit_per_count"],
        clip_counts=(about["clip_counts"][0], about["clip_counts"][1]),
        label=np.array([index[name] for name in names], dtype=np.int64),
        classes=classes,
        device=table.column("device").to_numpy().astype(np.int64),
        sensor=about["sensor"],
        full_scale=about["full_scale"],
        power_mode=about["power_mode"],
        convention=about["convention"],
        notes=tuple(about["notes"] if notes is None else notes),
    )


def _about(path: Path, metadata: dict[bytes, bytes] | None) -> dict[str, Any]:
    if not metadata or _KEY not in metadata:
        raise FormatError(path, "holds no wearsynth counts: the metadata that say so are missing.")
    about: dict[str, Any] = json.loads(metadata[_KEY])
    if about["schema_version"] != SCHEMA_VERSION:
        version = about["schema_version"]
        raise FormatError(
            path, f"has schema version {version}, this program reads {SCHEMA_VERSION}."
        )
    return about


def _values(table: pa.Table, about: dict[str, Any]) -> CountArray:
    flat = table.column("counts").combine_chunks().flatten().to_numpy(zero_copy_only=False)
    shape = (table.num_rows, about["readings_per_window"], len(about["channels"]))
    values: CountArray = flat.reshape(shape)
    return values
