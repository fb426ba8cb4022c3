"""Counts for NanoEdge AI Studio: one CSV a class without header, a line a window; written only.

A line is one buffer: x1,y1,z1,x2,y2,z2,... in counts, as firmware reads them from the registers.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from wearsynth.formats.chunk_writing import by_class, write_chunks
from wearsynth.formats.manifest import Summary, class_file_name
from wearsynth.formats.numeric_csv import append_rows
from wearsynth.sensors import Counts


def write(chunks: Iterable[Counts], folder: Path, *, overwrite: bool = False) -> Summary:
    """Write <class>.csv, a line a window of time * channel counts, and manifest.json.

    A note says so where a window's readings are no power of two, which the Studio recommends.
    Errors as write_chunks.
    """
    layout = {"format": "nanoedge"}
    return write_chunks(
        chunks, folder, overwrite=overwrite, layout=layout, append=_append, finish=_told
    )


def _append(place: Path, chunk: Counts, _: int) -> None:
    for label, mine in by_class(chunk):
        with (place / f"{class_file_name(label)}.csv").open("ab") as stream:
            append_rows(stream, list(chunk.values[mine].reshape(len(mine), -1).T))


def _told(_: Path, summary: Summary) -> Summary:
    readings = summary.about["readings_per_window"]
    if readings.bit_count() == 1:
        return summary
    note = (
        f"NanoEdge AI Studio recommends a power of two readings in a buffer, these have {readings}: "
        f"{2 ** (readings.bit_length() - 1)} or {2 ** readings.bit_length()} would do."
    )
    return replace(summary, notes=(*summary.notes, note))
