"""The formats that counts are written in, by name."""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from wearsynth.formats import (
    c_header,
    counts_csv,
    counts_parquet,
    edge_impulse,
    hsdatalog_v1,
    hsdatalog_v2,
    huggingface,
    nanoedge,
    raw_counts,
    st_mlc,
    wisdm_writer,
)
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
    "nanoedge": nanoedge.write,
    "edgeimpulse": edge_impulse.write,
    "edgeimpulse_csv": edge_impulse.write_csv,
    "hsdatalog": hsdatalog_v2.write,
    "hsdatalog_v1": hsdatalog_v1.write,
    "c_header": c_header.write,
    "raw": raw_counts.write,
    "csv": counts_csv.write,
    "parquet": counts_parquet.write,
    "huggingface": huggingface.write,
    "wisdm": wisdm_writer.write,
}
