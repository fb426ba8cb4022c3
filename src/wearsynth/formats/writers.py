"""The formats that counts are written in, by name."""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from wearsynth.formats import counts_csv, counts_parquet, st_mlc
from wearsynth.formats.manifest import Summary
from wearsynth.sensors import Counts


class Writer(Protocol):
    """Writes chunks of counts into a new folder, whole or not at all, and says what it wrote."""

    def __call__(
        self, chunks: Iterable[Counts], folder: Path, *, overwrite: bool = False
    ) -> Summary:
        """Give the summary of what was written."""


WRITERS: dict[str, Writer] = {
    "memsstudio": st_mlc.write,
    "csv": counts_csv.write,
    "parquet": counts_parquet.write,
}
