"""What writers of counts share: chunk after chunk into a new folder, class by class."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from wearsynth.errors import DataError
from wearsynth.files import atomic_folder
from wearsynth.formats.manifest import Summary, tally, write_manifest, written
from wearsynth.sensors import Counts
from wearsynth.sensors.counts import same_kind

Rows = NDArray[np.intp]
Append = Callable[[Path, Counts, int], None]
"""Adds a chunk's windows to the files in a folder; the number is that of windows before them."""
Finish = Callable[[Path, Summary], Summary]
"""Writes what is known only at the end; gives the summary, with further notes or not."""


def write_chunks(
    chunks: Iterable[Counts],
    folder: Path,
    *,
    overwrite: bool,
    layout: Mapping[str, Any],
    append: Append,
    finish: Finish | None = None,
    held: AbstractContextManager[object] | None = None,
) -> Summary:
    """Write chunks into a new folder, whole or not at all, with manifest.json; give the summary.

    One chunk is in memory at a time. held: what is open meanwhile, closed before a folder is taken
    away again. DataError for 0 windows or chunks of different kinds,
    FileError where the folder cannot be written; then nothing is left behind.
    """
    summary, first = None, 0
    with atomic_folder(folder, overwrite=overwrite) as place, held or nullcontext():
        for chunk in same_kind(chunks):
            append(place, chunk, first)
            first += len(chunk)
            summary = tally(summary, chunk)
        summary = written(summary)
        if finish is not None:
            summary = finish(place, summary)
        write_manifest(place, summary, layout=layout)
    return summary


def by_class(chunk: Counts) -> Iterator[tuple[str, Rows]]:
    """Give (class name, its windows' places in the chunk) for each class that occurs."""
    for label in np.unique(chunk.label).tolist():
        yield chunk.classes[label], np.flatnonzero(chunk.label == label)


def by_class_and_device(chunk: Counts) -> Iterator[tuple[str, int, Rows]]:
    """Give (class name, device, their windows' places in the chunk) for each pair that occurs."""
    for label, mine in by_class(chunk):
        for device in np.unique(chunk.device[mine]).tolist():
            yield label, device, mine[chunk.device[mine] == device]


def check_three_axes(chunk: Counts, what: str, *, units: Sequence[str] = ("g",)) -> None:
    """Raise DataError unless the chunk holds three axes in one of the units; what: the files."""
    held = [channel.unit for channel in chunk.channels]
    if len(held) != 3 or len(set(held)) > 1 or held[0] not in units:
        kinds = {"g": "acceleration", "rad/s": "rotation"}
        wanted = " or ".join(f"{kinds[unit]} in {unit}" for unit in units)
        raise DataError(
            f"{what} hold three axes of {wanted}, got {len(held)} channel(s) in "
            f"{', '.join(sorted(set(held)))}. Write csv or parquet instead."
        )


def check_int16(chunk: Counts, what: str) -> None:
    """Raise DataError unless the counts are int16; what: the files that hold no others."""
    if chunk.values.dtype != np.int16:
        raise DataError(
            f"{what} hold int16, the counts of {chunk.sensor} need {chunk.values.dtype}. Write csv "
            "or parquet instead."
        )


def join_parts(parts: Iterable[Path], stream: BinaryIO) -> None:
    """Move the content of files to the end of an open one, a block at a time."""
    for part in parts:
        with part.open("rb") as source:
            shutil.copyfileobj(source, stream)
        part.unlink()
