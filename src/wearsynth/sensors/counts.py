"""Readings in a sensor's own counts, and the way back to physical units."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import Channel, FloatArray, IntArray, StrArray
from wearsynth.errors import DataError

CountArray = NDArray[np.int16] | NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Counts:
    """Windows of one signal as a sensor part would have recorded them.

    values: (window, time, channel) int16, or int32 where the part's range needs it, as they stand
    in the part's register. scale: the channels' unit for one count. clip_counts: the lowest and
    highest count of the range. zero_bits: how many low bits are always 0 (left-justified parts).
    low_pass: the part's filter, "ODR/4" or "50 Hz"; "" where nothing is told.
    continuous: whether each window of a class goes on where the one before it ended.
    label: (window,) index into classes. device: (window,) index of the unit that recorded it.
    synthetic: whether all windows were made by a generator. origin: further words for the manifest on
    how they were made, such as the seed and the model.
    """

    values: CountArray
    rate_hz: float
    channels: tuple[Channel, ...]
    scale: float
    clip_counts: tuple[int, int]
    label: IntArray
    classes: tuple[str, ...]
    device: IntArray
    sensor: str
    full_scale: str
    power_mode: str
    convention: str
    low_pass: str = ""
    zero_bits: int = 0
    notes: tuple[str, ...] = ()
    synthetic: bool = False
    continuous: bool = False
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.values.ndim != 3:
            raise DataError(f"counts must be (window, time, channel), got {self.values.shape}.")
        if self.values.dtype not in (np.dtype(np.int16), np.dtype(np.int32)):
            raise DataError(f"counts must be int16 or int32, got {self.values.dtype}.")
        if not len(self.values) == len(self.label) == len(self.device):
            raise DataError(
                f"{len(self.values)} windows, {len(self.label)} labels and {len(self.device)} "
                "devices do not fit: give one of each a window."
            )
        if self.zero_bits and (self.values & (2**self.zero_bits - 1)).any():
            raise DataError(f"the {self.zero_bits} low bits must be 0, as the part leaves them.")
        if self.values.shape[2] != len(self.channels):
            raise DataError(f"got {self.values.shape[2]} columns, {len(self.channels)} channels.")

    def __len__(self) -> int:
        return len(self.values)

    def to_physical(self) -> FloatArray:
        """Give the readings in the channels' unit, (window, time, channel) float32."""
        return np.asarray(self.values * np.float64(self.scale), dtype=np.float32)

    @property
    def label_names(self) -> StrArray:
        """The class name of each window, (window,)."""
        return np.array(self.classes, dtype=np.str_)[self.label]

    @property
    def saturated(self) -> int:
        """The number of readings that stand at the range's lowest or highest count."""
        low, high = self.clip_counts
        return int(np.count_nonzero((self.values <= low) | (self.values >= high)))

    @property
    def saturated_share(self) -> float:
        """The share of readings at the range's lowest or highest count, 0..1."""
        return self.saturated / self.values.size if self.values.size else 0.0

    @property
    def about(self) -> dict[str, Any]:
        """What holds for all windows alike, in plain words for JSON."""
        return {
            "sensor": self.sensor,
            "full_scale": self.full_scale,
            "rate_hz": self.rate_hz,
            "power_mode": self.power_mode,
            "convention": self.convention,
            "low_pass": self.low_pass,
            "zero_bits": self.zero_bits,
            "channels": [{"name": c.name, "unit": c.unit} for c in self.channels],
            "unit_per_count": self.scale,
            "clip_counts": list(self.clip_counts),
            "readings_per_window": self.values.shape[1],
            "classes": list(self.classes),
            "synthetic": self.synthetic,
            "continuous": self.continuous,
            **self.origin,
        }


def same_kind(chunks: Iterable[Counts]) -> Iterator[Counts]:
    """Give the chunks one by one; DataError where one differs in kind from the first."""
    first: dict[str, Any] | None = None
    for chunk in chunks:
        first = chunk.about if first is None else first
        for key, value in first.items():
            if chunk.about[key] != value:
                raise DataError(f"chunks do not fit: {key} {value} against {chunk.about[key]}.")
        yield chunk
