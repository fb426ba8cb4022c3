"""Counts as plain CSV: one file a class, header window,device,<channels>; written only."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wearsynth.files import atomic_folder
from wearsynth.formats.manifest import Summary, class_file_name, tally, write_manifest, written
from wearsynth.formats.numeric_csv import append_rows
from wearsynth.sensors import Counts
from wearsynth.sensors.counts import same_kind


def write(chunks: Iterable[Counts], folder: Path, *, overwrite: bool = False) -> Summary:
    """Write <class>.csv files of counts, a line a reading, and manifest.json with the scale.

    window is the window's place in the whole set, from 0; physical = count * unit_per_count. One
    chunk is in memory at a time. DataError for 0 windows or chunks of different kinds, FileError
    where the folder cannot be written; then nothing is left behind.
    """
    summary, first = None, 0
    with atomic_folder(folder, overwrite=overwrite) as place:
        for chunk in same_kind(chunks):
            _append(place, chunk, first)
            first += len(chunk)
            summary = tally(summary, chunk)
        summary = written(summary)
        write_manifest(place, summary, layout={"format": "csv"})
    return summary


def _append(place: Path, chunk: Counts, first: int) -> None:
    for label in np.unique(chunk.label):
        mine = np.flatnonzero(chunk.label == label)
        path = place / f"{class_file_name(chunk.classes[label])}.csv"
        header = ",".join(["window", "device", *(channel.name for channel in chunk.channels)])
        new = not path.exists()
        with path.open("ab") as stream:
            if new:
                stream.write(f"{header}\n".encode())
            append_rows(stream, _columns(chunk, mine, first))


def _columns(chunk: Counts, mine: NDArray[np.intp], first: int) -> list[NDArray[np.generic]]:
    readings = chunk.values.shape[1]
    rows = chunk.values[mine].reshape(-1, len(chunk.channels))
    window, device = np.repeat(mine + first, readings), np.repeat(chunk.device[mine], readings)
    return [window, device, *(rows[:, index] for index in range(rows.shape[1]))]
