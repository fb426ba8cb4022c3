"""Counts as plain CSV: one file a class, header window,device,<channels>; written only."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wearsynth.formats.chunk_writing import by_class, write_chunks
from wearsynth.formats.manifest import Summary, class_file_name
from wearsynth.formats.numeric_csv import append_rows
from wearsynth.sensors import Counts


def write(chunks: Iterable[Counts], folder: Path, *, overwrite: bool = False) -> Summary:
    """Write <class>.csv files of counts, a line a reading, and manifest.json with the scale.

    window is the window's place in the whole set, from 0; physical = count * unit_per_count. One
    chunk is in memory at a time. DataError for 0 windows or chunks of different kinds, FileError
    where the folder cannot be written; then nothing is left behind.
    """
    layout = {"format": "csv"}
    return write_chunks(chunks, folder, overwrite=overwrite, layout=layout, append=_append)


def _append(place: Path, chunk: Counts, first: int) -> None:
    for label, mine in by_class(chunk):
        path = place / f"{class_file_name(label)}.csv"
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
