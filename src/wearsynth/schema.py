"""The one schema, version 1, of windows as Arrow tables and Parquet files.

A row is a window. Columns:

- `signal.<name>`    fixed_size_list<float32>[time * channel], one a signal, row-major (time, channel)
- `label`            dictionary<string>: the class name
- `subject`          string, null where unknown
- `recording`        string, null where unknown
- `start_s`          float64: seconds on the recording's clock, null where unknown
- `synthetic`        bool
- `covariate.<name>` float64, one a covariate, in alphabetical order: null where unknown

The schema's metadata holds, under the key `wearsynth`, JSON: `schema_version` (1), `signals` (name ->
`rate_hz`, `time`, and `channels`, a list of `name` and `unit`), `classes` (every class name, in
label order), `provenance` (a line a step), `trained_groups` (what a generator has seen) and, only
where there are any, `covariates` (their names). A reader of version 1 that knows no covariates reads
the rest.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from wearsynth.data import Channel, SignalWindows, Windows
from wearsynth.errors import DataError, FormatError, shown

SCHEMA_VERSION = 1
METADATA_KEY = b"wearsynth"
PLAIN_COLUMNS = {
    "label": pa.dictionary(pa.int32(), pa.string()),
    "subject": pa.string(),
    "recording": pa.string(),
    "start_s": pa.float64(),
    "synthetic": pa.bool_(),
}


@dataclass(frozen=True)
class Head:
    """The JSON metadata; signals: name -> (time, rate_hz, channels)."""

    signals: dict[str, tuple[int, float, tuple[Channel, ...]]]
    classes: tuple[str, ...]
    provenance: tuple[str, ...]
    trained_groups: tuple[str, ...]
    covariates: tuple[str, ...]


def covariate_column(name: str) -> str:
    """Give the column that a covariate stands in."""
    return f"covariate.{name}"


def schema_of(windows: Windows) -> pa.Schema:
    """Give the columns and the metadata of windows."""
    covariates = sorted(windows.covariates)
    fields = [
        pa.field(f"signal.{name}", list_type(signal.values.shape[1] * signal.values.shape[2]))
        for name, signal in windows.signals.items()
    ]
    fields += [pa.field(name, kind) for name, kind in PLAIN_COLUMNS.items()]
    fields += [pa.field(covariate_column(name), pa.float64()) for name in covariates]
    head = {
        "schema_version": SCHEMA_VERSION,
        "signals": {name: _signal_json(signal) for name, signal in windows.signals.items()},
        "classes": windows.classes,
        "provenance": windows.provenance,
        "trained_groups": windows.trained_groups,
        **({"covariates": covariates} if covariates else {}),
    }
    return pa.schema(fields, metadata={METADATA_KEY: json.dumps(head).encode()})


def _signal_json(signal: SignalWindows) -> dict[str, Any]:
    channels = [{"name": channel.name, "unit": channel.unit} for channel in signal.channels]
    return {"rate_hz": signal.rate_hz, "time": signal.values.shape[1], "channels": channels}


def list_type(size: int) -> pa.DataType:
    """Give the type of a column of signals, of so many numbers a row."""
    return pa.list_(pa.field("element", pa.float32(), nullable=False), size)


def read_head(schema: pa.Schema, source: Path | str) -> Head:
    """Give what the metadata says; source: what to call the table in a message.

    FormatError where the table is not ours, was written by a newer version, or is damaged.
    """
    raw = (schema.metadata or {}).get(METADATA_KEY)
    if raw is None:
        raise FormatError(
            source,
            "is not a windows file of wearsynth. Cut recordings into windows first "
            "(wearsynth data windows).",
        )
    try:
        head = json.loads(raw)
        version = int(head["schema_version"])
        parsed = _parse_head(head) if version <= SCHEMA_VERSION else None
    except DataError as error:
        raise FormatError(source, f"its metadata is damaged: {error} Write it again.") from error
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        missing = f": {shown(str(error.args[0]))} is missing" if isinstance(error, KeyError) else ""
        raise FormatError(source, f"its metadata is damaged{missing}. Write it again.") from error
    if parsed is None:
        raise FormatError(
            source,
            f"was written by a newer wearsynth (schema {version}, this one reads "
            f"{SCHEMA_VERSION}). Update wearsynth.",
        )
    return parsed


def _parse_head(head: dict[str, Any]) -> Head:
    signals = {}
    for name, signal in head["signals"].items():
        channels = tuple(Channel(of["name"], of["unit"]) for of in signal["channels"])
        signals[name] = (int(signal["time"]), float(signal["rate_hz"]), channels)
    return Head(
        signals=signals,
        classes=tuple(map(str, head["classes"])),
        provenance=tuple(map(str, head["provenance"])),
        trained_groups=tuple(map(str, head["trained_groups"])),
        covariates=tuple(map(str, head.get("covariates", ()))),
    )
