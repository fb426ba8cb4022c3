"""Counts as raw int16: <class>.bin, little-endian, nothing else in it; written only.

np.fromfile(path, "<i2").reshape(-1, readings_per_window, channels) gives the windows back.
"""

from collections.abc import Iterable
from pathlib import Path

from wearsynth.formats.chunk_writing import by_class, check_int16, write_chunks
from wearsynth.formats.manifest import Summary, class_file_name
from wearsynth.sensors import Counts


def write(chunks: Iterable[Counts], folder: Path, *, overwrite: bool = False) -> Summary:
    """Write <class>.bin, window by window, in it time by time, in it channel by channel.

    manifest.json tells the shape and the scale. DataError where counts need int32; else errors as
    write_chunks.
    """
    layout = {"format": "raw", "dtype": "<i2", "order": ["window", "time", "channel"]}
    return write_chunks(chunks, folder, overwrite=overwrite, layout=layout, append=_append)


def _append(place: Path, chunk: Counts, _: int) -> None:
    check_int16(chunk, "raw files")
    for label, mine in by_class(chunk):
        with (place / f"{class_file_name(label)}.bin").open("ab") as stream:
            stream.write(chunk.values[mine].astype("<i2").tobytes())
