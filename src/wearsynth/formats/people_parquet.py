"""People of any length as Parquet: a folder a signal, in it a file a person, a row a reading.

`pandas.read_parquet("out/eda")` gives everybody's skin conductance: subject, time_s from the recording's
start, a column a channel in its unit, label. sessions.csv tells when each recording starts. The metadata
key "wearsynth.signal" holds JSON: rate, units, start, that readings are synthetic.
"""

import csv
import json
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from wearsynth.data import FloatArray
from wearsynth.files import atomic_folder
from wearsynth.formats.manifest import MANIFEST_NAME, checksums, write_json
from wearsynth.formats.people import Person

KEY = b"wearsynth.signal"
SESSIONS_NAME = "sessions.csv"
_NAMES = pa.dictionary(pa.int32(), pa.string())


def write_parquet(
    people: Iterable[Person], folder: Path, *, about: Mapping[str, Any], overwrite: bool = False
) -> int:
    """Write SIGNAL/PERSON.parquet for each person, sessions.csv and manifest.json; give how many files.

    about: what the manifest tells besides. Whole or not at all. FileError where the folder cannot be written.
    """
    with atomic_folder(folder, overwrite=overwrite) as place:
        rows = list[tuple[str, float, float]]()
        for person in people:
            _write_person(person, place)
            rows.append((person.name, person.start_unix_s, person.seconds))
        with (place / SESSIONS_NAME).open("w", encoding="utf-8", newline="") as stream:
            table = csv.writer(stream, lineterminator="\n")
            table.writerows([("subject", "start_unix_s", "seconds"), *rows])
        sums = checksums(place)
        write_json(place / MANIFEST_NAME, {"format": "parquet", **about, "sha256": sums})
    return len(sums)


def _write_person(person: Person, folder: Path) -> None:
    """Write one person's files, a block a row group."""
    done = dict.fromkeys(person.rates_hz, 0)
    with ExitStack() as stack:
        writers = {}
        for name in person.rates_hz:
            (folder / name).mkdir(exist_ok=True)
            path = folder / name / f"{person.name}.parquet"
            writer = pq.ParquetWriter(path, _schema(person, name), compression="zstd")
            writers[name] = stack.enter_context(writer)
        for block in person.blocks:
            for name, writer in writers.items():
                writer.write_table(_table(person, name, block[name], done[name]))
                done[name] += len(block[name])


def _schema(person: Person, name: str) -> pa.Schema:
    channels = person.channels[name]
    about = {
        "rate_hz": person.rates_hz[name],
        "units": {channel.name: channel.unit for channel in channels},
        "start_unix_s": person.start_unix_s,
        "synthetic": True,
    }
    fields = [("subject", _NAMES), ("time_s", pa.float64())]
    fields += [(channel.name, pa.float32()) for channel in channels]
    return pa.schema([*fields, ("label", _NAMES)], metadata={KEY: json.dumps(about).encode()})


def _table(person: Person, name: str, values: FloatArray, first: int) -> pa.Table:
    time_s = (first + np.arange(len(values))) / person.rates_hz[name]
    ends_s = np.array([span.end_s for span in person.spans])
    place = np.minimum(np.searchsorted(ends_s, time_s + 1e-9, side="right"), len(ends_s) - 1)
    labels = [person.spans[at].label for at in place.tolist()]
    columns = [pa.array([person.name] * len(values)).dictionary_encode(), pa.array(time_s)]
    columns += [pa.array(values[:, at]) for at in range(values.shape[1])]
    columns.append(pa.array(labels).dictionary_encode())
    return pa.table(columns, schema=_schema(person, name))
