"""Counts as text files of WISDM 2019: a person's file for each device, in m/s2 or rad/s.

raw/watch/accel/data_1600_accel_watch.txt, a line a reading: 1600,A,<ns>,x,y,z; - the reader is wisdm.py.
"""

import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from wearsynth.errors import DataError
from wearsynth.formats.chunk_writing import (
    by_class_and_device,
    check_three_axes,
    join_parts,
    write_chunks,
)
from wearsynth.formats.manifest import Summary
from wearsynth.formats.numeric_csv import append_rows
from wearsynth.formats.wisdm_key import KEY_NAME, key_text, letters_of, notes_of
from wearsynth.oddities import STANDARD_GRAVITY_M_S2
from wearsynth.sensors import Counts

FIRST_PERSON = 1600
"""The set's people are 1600 to 1650: device 0 becomes person 1600."""
START_NS = 252_000_000_000_000
ACTIVITY_NS = 30 * 86_400 * 10**9
"""On the device's clock activities begin so far apart, more than any of them lasts."""
JOINS = (
    "windows stand back to back in time, an activity's after each other: the joins are not "
    "continuous, and a reader cannot tell them."
)
_SENSORS = {"g": ("accel", STANDARD_GRAVITY_M_S2), "rad/s": ("gyro", 1.0)}
_DECIMALS = 6


def write(chunks: Iterable[Counts], folder: Path, *, overwrite: bool = False) -> Summary:
    """Write raw/watch/<accel or gyro>/data_<1600 + device>_..._watch.txt, activity_key.txt, manifest.json.

    A note tells of each class that is no activity of the set. DataError for more classes than there
    are letters, for anything but three axes in g or rad/s, and for over 30 days of an activity; else
    errors as write_chunks.
    """
    written: Counter[tuple[int, str]] = Counter()  # readings by (person, letter)
    return write_chunks(
        chunks,
        folder,
        overwrite=overwrite,
        layout={"format": "wisdm"},
        append=partial(_append, written),
        finish=partial(_finish, written),
    )


def _append(written: Counter[tuple[int, str]], place: Path, chunk: Counts, _: int) -> None:
    check_three_axes(chunk, "WISDM files", units=tuple(_SENSORS))
    factor = chunk.scale * _SENSORS[chunk.channels[0].unit][1]
    letters = letters_of(chunk.classes)
    for label, device, mine in by_class_and_device(chunk):
        person, letter = FIRST_PERSON + device, letters[label]
        rows = np.round(chunk.values[mine].reshape(-1, 3) * factor, _DECIMALS) + 0.0
        index = written[person, letter] + np.arange(len(rows))
        since_ns = np.rint(index * (1e9 / chunk.rate_hz)).astype(np.int64)
        if len(since_ns) and since_ns[-1] >= ACTIVITY_NS:
            raise DataError(f"over 30 days of {label!r} do not fit in a WISDM file: write fewer.")
        times_ns = START_NS + ord(letter) * ACTIVITY_NS - ord("A") * ACTIVITY_NS + since_ns
        text = io.BytesIO()
        append_rows(text, [times_ns, *rows.T])
        start = f"{person},{letter},".encode()
        lines = text.getvalue()[:-1].replace(b"\n", b";\n" + start)
        with _part(place, person, letter).open("ab") as stream:
            stream.write(start + lines + b";\n")
        written[person, letter] += len(rows)


def _part(place: Path, person: int, letter: str) -> Path:
    return place / f"{person}_{letter}.part"


def _finish(written: Counter[tuple[int, str]], place: Path, summary: Summary) -> Summary:
    sensor = _SENSORS[summary.about["channels"][0]["unit"]][0]
    folder = place / "raw" / "watch" / sensor
    folder.mkdir(parents=True)
    for person, letter in sorted(written):
        with (folder / f"data_{person}_{sensor}_watch.txt").open("ab") as stream:
            join_parts([_part(place, person, letter)], stream)
    letters = letters_of([*summary.windows])
    (place / KEY_NAME).write_text(key_text(letters), encoding="utf-8", newline="\n")
    used = {name: letter for name, letter in letters.items() if summary.windows[name]}
    return replace(summary, notes=(*summary.notes, JOINS, *notes_of(used)))
