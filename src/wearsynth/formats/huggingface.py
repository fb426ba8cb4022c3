"""Counts as a folder that Hugging Face datasets load: data/train.parquet and a card, README.md.

A row is a window: window, Array2D (time, channel) float32 in physical units; label, ClassLabel;
device, int64. load_dataset("FOLDER") takes it as it is, without a network. Written only.
"""

import json
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from wearsynth.formats.chunk_writing import write_chunks
from wearsynth.formats.manifest import Summary
from wearsynth.sensors import Counts

DATA_NAME = "data/train.parquet"
CARD_NAME = "README.md"
_SIZES = {1_000: "n<1K", 10_000: "1K<n<10K", 100_000: "10K<n<100K", 1_000_000: "100K<n<1M"}


def write(chunks: Iterable[Counts], folder: Path, *, overwrite: bool = False) -> Summary:
    """Write data/train.parquet, README.md with its front matter in YAML, and manifest.json.

    Errors as write_chunks.
    """
    table = _Table()
    return write_chunks(
        chunks,
        folder,
        overwrite=overwrite,
        layout={"format": "huggingface"},
        append=table.append,
        finish=table.finish,
        held=closing(table),
    )


class _Table:
    """The Parquet file, opened with the first chunk; left closed whatever happens."""

    def __init__(self) -> None:
        self._writer: pq.ParquetWriter | None = None

    def close(self) -> None:
        """Close the file, if it is open."""
        if self._writer is not None:
            self._writer.close()

    def append(self, place: Path, chunk: Counts, _: int) -> None:
        """Write a chunk as a row group."""
        table = _table(chunk)
        if self._writer is None:
            (place / DATA_NAME).parent.mkdir()
            self._writer = pq.ParquetWriter(place / DATA_NAME, table.schema)
        self._writer.write_table(table)

    def finish(self, place: Path, summary: Summary) -> Summary:
        """Close the file and write the card."""
        self.close()
        (place / CARD_NAME).write_text(_card(summary), encoding="utf-8", newline="\n")
        return summary


def _table(chunk: Counts) -> pa.Table:
    windows, time, channels = chunk.values.shape
    flat = pa.array(chunk.to_physical().reshape(-1))
    rows = pa.ListArray.from_arrays(_offsets(windows * time, channels), flat)
    return pa.table(
        {
            "window": pa.ListArray.from_arrays(_offsets(windows, time), rows),
            "label": pa.array(chunk.label, pa.int64()),
            "device": pa.array(chunk.device, pa.int64()),
        }
    )


def _offsets(lists: int, length: int) -> pa.Array:
    return pa.array(np.arange(lists + 1) * length, pa.int32())


def _class_lines(classes: Sequence[str]) -> str:
    names = (json.dumps(name, ensure_ascii=False) for name in classes)  # as YAML quotes, too
    return "\n".join(f"          '{index}': {name}" for index, name in enumerate(names))


def _card(summary: Summary) -> str:
    """Give the data set's card: what the library reads, then what people read."""
    kind = "Synthetic windows" if summary.about["synthetic"] else "Windows"
    return f"---\n{_front_matter(summary, kind)}---\n\n{_told(summary, kind)}"


def _front_matter(summary: Summary, kind: str) -> str:
    about, windows = summary.about, sum(summary.windows.values())
    size = next((name for most, name in _SIZES.items() if windows < most), "n>1M")
    tags = ["time-series", "wearables", *(["synthetic"] if about["synthetic"] else [])]
    return f"""\
pretty_name: {json.dumps(f"{kind} of {about['sensor']}", ensure_ascii=False)}
license: unknown
size_categories:
- {size}
tags:
{chr(10).join(f"- {tag}" for tag in tags)}
dataset_info:
  features:
  - name: window
    dtype:
      array2_d:
        shape: [{about["readings_per_window"]}, {len(about["channels"])}]
        dtype: float32
  - name: label
    dtype:
      class_label:
        names:
{_class_lines(about["classes"])}
  - name: device
    dtype: int64
configs:
- config_name: default
  data_files:
  - split: train
    path: {DATA_NAME}
"""


def _told(summary: Summary, kind: str) -> str:
    about, windows = summary.about, sum(summary.windows.values())
    channels = ", ".join(f"{c['name']} ({c['unit']})" for c in about["channels"])
    counts = "\n".join(f"| {name} | {count} |" for name, count in summary.windows.items())
    notes = "\n".join(f"- {note}" for note in summary.notes)
    return f"""\
# {kind} of {about["sensor"]}

{windows} windows of {about["readings_per_window"]} readings at {about["rate_hz"]:g} Hz, as \
{about["sensor"]} at {about["full_scale"]} ({about["power_mode"]}) would have recorded them; made by \
wearsynth.

- `window`: (time, channel) float32, channels {channels}; steps of {about["unit_per_count"]:g}
- `label`: the class; `device`: the unit that recorded the window

| class | windows |
|---|---|
{counts}

{notes}

The licence is that of the recordings behind it: name it in the front matter before you publish. How the \
set was made, and a checksum for each file, stand in manifest.json.
"""
