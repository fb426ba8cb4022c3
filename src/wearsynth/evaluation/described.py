"""Windows described once: their features, spectra and rhythm, ready to be compared many times."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import FloatArray, IntArray, SignalWindows, StrArray, Windows
from wearsynth.evaluation.coupling import (
    channel_correlations,
    channel_levels,
    channel_powers,
)
from wearsynth.features import (
    Float64Array,
    autocorrelation,
    log_band_power,
    rises,
    window_features,
)

SOME = 16
"""The distribution of single readings is taken from so many of a window: neighbours are alike."""


@dataclass(frozen=True, eq=False)
class DescribedSignal:
    """One signal of windows, a row a window.

    features: (window, feature), called feature_names. log_bands: (window, channel x band), decades.
    acf, rises: (window, channel x lag). readings: (window, time x channel), so weighted that a signal of
    many readings does not outweigh others. some: (window, time, channel), up to SOME of a window's
    readings, evenly spread.
    """

    features: Float64Array
    feature_names: tuple[str, ...]
    log_bands: Float64Array
    acf: Float64Array
    rises: Float64Array
    readings: Float64Array
    some: Float64Array

    def select(self, index: NDArray[np.int64]) -> "DescribedSignal":
        """Give the rows at an index, in its order."""
        return DescribedSignal(
            self.features[index],
            self.feature_names,
            self.log_bands[index],
            self.acf[index],
            self.rises[index],
            self.readings[index],
            self.some[index],
        )


@dataclass(frozen=True, eq=False)
class Described:
    """What figures compare. label: (window,) index of the class. group: (window,) names.

    pairs: (window, pair), correlations of channels within the window. levels: (window, channel).
    powers: (window, channel, octave), decades.
    points: (window, direction), where figures have placed the windows among real ones of the class.
    row: (window,) index of the window among those that were described.
    """

    signals: Mapping[str, DescribedSignal]
    pairs: Float64Array
    levels: Float64Array
    powers: Float64Array
    label: IntArray
    group: StrArray
    points: Float64Array
    row: IntArray

    def __len__(self) -> int:
        return len(self.label)

    @cached_property
    def features(self) -> Float64Array:
        """The features of all signals side by side, (window, feature)."""
        return np.concatenate([of.features for of in self.signals.values()], axis=1)

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the features, "<signal> <channel> <what>"."""
        return tuple(f"{n} {what}" for n, of in self.signals.items() for what in of.feature_names)

    @cached_property
    def readings(self) -> Float64Array:
        """The readings of all signals side by side, (window, signal x time x channel)."""
        return np.concatenate([of.readings for of in self.signals.values()], axis=1)

    def rows_of(self, index: int) -> IntArray:
        """Give the rows of one class."""
        return np.flatnonzero(self.label == index)

    def select(self, index: NDArray[np.int64]) -> "Described":
        """Give the rows at an index, in its order."""
        signals = {name: of.select(index) for name, of in self.signals.items()}
        return Described(
            signals,
            self.pairs[index],
            self.levels[index],
            self.powers[index],
            self.label[index],
            self.group[index],
            self.points[index],
            self.row[index],
        )


def describe(windows: Windows) -> Described:
    """Give the windows' description; DataError where they are too short for features."""
    bands = {name: log_band_power(signal) for name, signal in windows.signals.items()}
    return Described(
        signals={name: _described(signal, bands[name]) for name, signal in windows.signals.items()},
        pairs=channel_correlations(windows.signals),
        levels=channel_levels(windows.signals),
        powers=channel_powers(list(bands.values())),
        label=windows.label,
        group=windows.group,
        points=np.zeros((len(windows), 0)),
        row=np.arange(len(windows)),
    )


def joined(a: Described, b: Described) -> Described:
    """Give the rows of both."""
    signals = {
        name: DescribedSignal(
            np.concatenate([one.features, b.signals[name].features]),
            one.feature_names,
            np.concatenate([one.log_bands, b.signals[name].log_bands]),
            np.concatenate([one.acf, b.signals[name].acf]),
            np.concatenate([one.rises, b.signals[name].rises]),
            np.concatenate([one.readings, b.signals[name].readings]),
            np.concatenate([one.some, b.signals[name].some]),
        )
        for name, one in a.signals.items()
    }
    names = ("pairs", "levels", "powers", "label", "group", "points", "row")
    return Described(signals, *(np.concatenate([getattr(a, n), getattr(b, n)]) for n in names))


def _described(signal: SignalWindows, log_bands: Float64Array) -> DescribedSignal:
    features = window_features(signal)
    count = len(signal.values)
    return DescribedSignal(
        features.values,
        features.names,
        log_bands.reshape(count, -1),
        autocorrelation(signal, signal.values.shape[1] // 2).reshape(count, -1),
        rises(signal).reshape(count, -1),
        _equally_weighted(signal.values).reshape(count, -1),
        _some(signal.values),
    )


def _some(values: FloatArray) -> Float64Array:
    """Give SOME of each window's readings at most, evenly spread: enough to tell how they lie."""
    time = values.shape[1]
    kept = np.linspace(0, time - 1, min(SOME, time)).round().astype(np.int64)
    return np.asarray(values[:, kept], dtype=np.float64)


def _equally_weighted(values: FloatArray) -> Float64Array:
    """Give readings over the root of their number, so that a fast signal does not outweigh others."""
    weight = 1 / np.sqrt(values.shape[1] * values.shape[2])
    return np.asarray(values * weight, dtype=np.float64)


def in_canonical_order(windows: Windows) -> Windows:
    """Give the windows with signals and channels by name, rows by a hash of their readings.

    So no figure depends on the order of rows, channels or signals. Windows without names keep the
    block they were in as the name of their recording.
    """
    named = replace(
        windows,
        signals={name: _by_name(windows.signals[name]) for name in sorted(windows.signals)},
        recording=np.where(windows.subject == "", windows.group, windows.recording),
    )
    digests = _digests(named)
    return named.select(
        np.array(sorted(range(len(digests)), key=digests.__getitem__), dtype=np.int64)
    )


def _by_name(signal: SignalWindows) -> SignalWindows:
    order = sorted(range(len(signal.channels)), key=lambda index: signal.channels[index].name)
    channels = tuple(signal.channels[index] for index in order)
    if channels == signal.channels:
        return signal
    return replace(
        signal, values=np.ascontiguousarray(signal.values[:, :, order]), channels=channels
    )


def _digests(windows: Windows) -> list[bytes]:
    """Give a hash of each window's class and readings."""
    hashes = [hashlib.blake2b(n.encode(), digest_size=8) for n in windows.label_names.tolist()]
    for signal in windows.signals.values():
        for of, values in zip(hashes, signal.values, strict=True):
            of.update(values.tobytes())
    return [of.digest() for of in hashes]


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
