"""What both versions of High-Speed Datalog share: a folder a class and device, frames, times.

A frame is one window and the time of its end: samples_per_ts * dim int16, then a float64 in seconds,
all little-endian. Which JSON stands beside them is in hsdatalog_v1.py and hsdatalog_v2.py.
"""

import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wearsynth.formats.chunk_writing import by_class_and_device, check_int16, check_three_axes
from wearsynth.formats.manifest import class_file_name
from wearsynth.sensors import Counts

COUNTER_BYTES = 4
"""Before each packet of version 2 stands the number of payload bytes before it, uint32."""
FULL_SCALES_G = (2, 4, 8, 16)
MADE, SYNTHETIC, JOINED = (
    "made by wearsynth",
    "synthetic windows",
    "the joins are not continuous",
)
"""Words of a folder's description, by which the reader knows what wearsynth wrote."""


@dataclass(frozen=True)
class Acquisition:
    """One folder: all windows of a class from one device, back to back; about: Counts.about."""

    label: str
    device: int
    windows: int
    about: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The folder's name."""
        return f"{class_file_name(self.label)}_{self.device}"

    @property
    def readings(self) -> int:
        """The number of readings, those of a window times the windows."""
        return self.windows * int(self.about["readings_per_window"])

    @property
    def end_s(self) -> float:
        """When the last window ends, in seconds from the first reading."""
        return self.readings / float(self.about["rate_hz"])

    @property
    def frame_bytes(self) -> int:
        """The size of a frame: a window's int16, and the time."""
        return 2 * int(self.about["readings_per_window"]) * len(self.about["channels"]) + 8

    @property
    def uuid(self) -> str:
        """An identifier that is the same for the same content's description."""
        words = f"wearsynth {self.name} {self.windows} {sorted(self.about.items())}"
        return str(uuid.uuid5(uuid.NAMESPACE_OID, words))

    @property
    def description(self) -> str:
        """What the recording is, in a sentence."""
        kind = SYNTHETIC if self.about["synthetic"] else "windows"
        joins = "one signal" if self.about["continuous"] else JOINED
        return (
            f"{self.windows} {kind} of {self.about['readings_per_window']} readings back to back, "
            f"{MADE}: {joins}"
        )


class Frames:
    """The .dat files of all acquisitions, written frame by frame; counted: with packet counters."""

    def __init__(self, file_name: str, *, counted: bool) -> None:
        self._file_name = file_name
        self._counted = counted
        self._windows: Counter[tuple[str, int]] = Counter()
        self._about: Mapping[str, Any] = {}

    def append(self, place: Path, chunk: Counts, _: int) -> None:
        """Write a chunk; DataError for anything but three axes of acceleration in int16."""
        check_three_axes(chunk, "HSDatalog folders")
        check_int16(chunk, "HSDatalog folders")
        self._about = chunk.about
        for label, device, mine in by_class_and_device(chunk):
            before = self._windows[label, device]
            self._windows[label, device] += len(mine)
            path = self.path(place, Acquisition(label, device, before, chunk.about))
            path.parent.mkdir(exist_ok=True)
            with path.open("ab") as stream:
                stream.write(frames(chunk, mine, before=before, counted=self._counted))

    def path(self, place: Path, acquisition: Acquisition) -> Path:
        """Give the .dat file of an acquisition; its name is that of the part in lower case."""
        name = self._file_name.format(sensor=str(acquisition.about["sensor"]).lower())
        return place / acquisition.name / name

    def acquisitions(self) -> Iterator[Acquisition]:
        """Give what was written so far, in order of first appearance."""
        for (label, device), windows in self._windows.items():
            yield Acquisition(label, device, windows, self._about)


def frames(chunk: Counts, mine: np.typing.NDArray[np.intp], *, before: int, counted: bool) -> bytes:
    """Give some windows of a chunk as frames; before: how many stand in the file already.

    counted: each frame is a packet, with the number of payload bytes before it in front.
    """
    shape = chunk.values.shape[1:]
    fields: list[Any] = [("values", "<i2", shape), ("end_s", "<f8")]
    rows = np.empty(len(mine), dtype=[("counter", "<u4"), *fields] if counted else fields)
    index = before + np.arange(len(mine))
    rows["values"] = chunk.values[mine]
    rows["end_s"] = (index + 1) * (shape[0] / chunk.rate_hz)
    if counted:
        rows["counter"] = index * (rows.dtype.itemsize - COUNTER_BYTES) % 2**32
    return rows.tobytes()


def full_scale_g(about: Mapping[str, Any]) -> int:
    """Give the selectable range that the counts belong to: the least that holds 2^15 of them."""
    range_g = about["unit_per_count"] * 2**15
    return next((g for g in FULL_SCALES_G if range_g < 1.05 * g), FULL_SCALES_G[-1])


def is_synthetic(description: str) -> bool:
    """Tell whether a folder's description says that no sensor recorded it."""
    return MADE in description and SYNTHETIC in description


def is_joined(description: str) -> bool:
    """Tell whether a folder's description says that a frame is a window, cut off from the next."""
    return MADE in description and JOINED in description
