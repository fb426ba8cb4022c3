"""Windows described once: their features, spectra and rhythm, ready to be compared many times."""

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import FloatArray, IntArray, StrArray, Windows
from wearsynth.features import Float64Array, all_features, autocorrelation, log_band_power


@dataclass(frozen=True, eq=False)
class Described:
    """What figures compare: a row a window.

    features: (window, feature). log_bands: (window, signal x channel x band), decades.
    acf: (window, signal x channel x lag).
    readings: (window, signal x time x channel), all signals of the same weight.
    label: (window,) index of the class. group: (window,) names.
    """

    features: Float64Array
    log_bands: Float64Array
    acf: Float64Array
    readings: Float64Array
    label: IntArray
    group: StrArray

    def __len__(self) -> int:
        return len(self.label)

    def select(self, index: NDArray[np.int64]) -> "Described":
        """Give the rows at an index, in its order."""
        return Described(
            self.features[index],
            self.log_bands[index],
            self.acf[index],
            self.readings[index],
            self.label[index],
            self.group[index],
        )


def describe(windows: Windows) -> Described:
    """Give the windows' description; DataError where they are too short for features."""
    signals = list(windows.signals.values())
    return Described(
        all_features(windows).values,
        _side_by_side([log_band_power(signal) for signal in signals]),
        _side_by_side([autocorrelation(s, s.values.shape[1] // 2) for s in signals]),
        _side_by_side([_equally_weighted(signal.values) for signal in signals]),
        windows.label,
        windows.group,
    )


def _equally_weighted(values: FloatArray) -> Float64Array:
    """Give readings over the root of their number, so that a fast signal does not outweigh others."""
    weight = 1 / np.sqrt(values.shape[1] * values.shape[2])
    return np.asarray(values * weight, dtype=np.float64)


def _side_by_side(parts: list[Float64Array]) -> Float64Array:
    return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)


def in_canonical_order(windows: Windows) -> Windows:
    """Give the windows sorted by a hash of their readings, so that no figure depends on row order.

    Windows without names keep the block they were in as the name of their recording.
    """
    named = replace(
        windows, recording=np.where(windows.subject == "", windows.group, windows.recording)
    )
    digests = [_digest(windows, row) for row in range(len(windows))]
    return named.select(
        np.array(sorted(range(len(digests)), key=digests.__getitem__), dtype=np.int64)
    )


def _digest(windows: Windows, row: int) -> bytes:
    of = hashlib.blake2b(str(windows.label_names[row]).encode(), digest_size=8)
    for signal in windows.signals.values():
        of.update(signal.values[row].tobytes())
    return of.digest()


def thinned(windows: Windows, most: int) -> Windows:
    """Give at most `most` windows, of each class the same share, the first in their order."""
    if len(windows) <= most:
        return windows
    kept = [
        np.flatnonzero(windows.label == index)[: max(1, most * count // len(windows))]
        for index, count in enumerate(windows.counts.values())
        if count
    ]
    return windows.select(np.sort(np.concatenate(kept)))
