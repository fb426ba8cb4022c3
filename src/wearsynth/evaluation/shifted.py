"""Whether windows repeat training windows at another time: copies that are cut a little later."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from wearsynth.data import Windows
from wearsynth.evaluation.described import Described
from wearsynth.features import Float64Array

CANDIDATES = 50
"""A window is held against so many training windows, the nearest by features."""

SHIFT = 1 / 4
"""The largest shift, as a share of a window."""


def shifted_distances(
    windows: Windows, train: Windows, candidates: NDArray[np.int64]
) -> Float64Array:
    """Give each window's smallest distance to its candidates over all shifts, (window,).

    candidates: (window, candidate) rows of train. The root of the mean square over the readings that
    overlap, in units of each channel's sd in train; signals shift together and weigh the same.
    """
    slowest = min(train.signals.values(), key=lambda signal: signal.rate_hz)
    most = int(SHIFT * slowest.values.shape[1])
    steps_s = np.arange(-most, most + 1) / slowest.rate_hz
    lags = {
        name: np.rint(steps_s * signal.rate_hz).astype(np.int64)
        for name, signal in train.signals.items()
    }
    scaled = _in_units(windows, train), _in_units(train, train)
    return np.array(
        [_smallest(row, of_row, *scaled, lags) for row, of_row in enumerate(candidates)]
    )


_Scaled = Mapping[str, Float64Array]


def _in_units(windows: Windows, train: Windows) -> _Scaled:
    scaled = {}
    for name, signal in train.signals.items():
        sd = signal.values.std(axis=(0, 1), dtype=np.float64)
        scaled[name] = windows.signals[name].values / np.where(sd > 1e-12, sd, 1.0)
    return scaled


def _smallest(
    row: int,
    candidates: NDArray[np.int64],
    windows: _Scaled,
    train: _Scaled,
    lags: Mapping[str, NDArray[np.int64]],
) -> float:
    by_signal = [
        mean_squares(windows[name][row], train[name][candidates], of) for name, of in lags.items()
    ]
    return float(np.sqrt(np.mean(by_signal, axis=0).min()))


def mean_squares(
    window: Float64Array, others: Float64Array, lags: NDArray[np.int64]
) -> Float64Array:
    """Give the mean squared difference of window[t + lag] and others[t], (other, lag).

    window: (time, channel). others: (other, time, channel). The mean is over the readings that
    overlap and channels. Products come from one Fourier transform for all lags.
    """
    readings, channels = window.shape
    size = 2 * readings
    spectrum = np.fft.rfft(window, size, axis=0)[None] * np.conj(np.fft.rfft(others, size, axis=1))
    product = np.fft.irfft(spectrum.sum(axis=2), size, axis=1)[:, lags % size]
    # squares up to and from each reading, so that a lag's overlap is one look-up
    mine = np.concatenate([[0.0], np.cumsum((window**2).sum(axis=1))])
    theirs = np.cumsum((others**2).sum(axis=2), axis=1)
    theirs = np.concatenate([np.zeros((len(others), 1)), theirs], axis=1)
    first, last = np.maximum(lags, 0), readings + np.minimum(lags, 0)
    of_mine = mine[last] - mine[first]
    of_theirs = theirs[:, last - lags] - theirs[:, first - lags]
    overlap = (readings - np.abs(lags)) * channels
    return np.asarray(np.maximum(0.0, of_mine + of_theirs - 2 * product) / overlap)


def nearest_rows(windows: Float64Array, train: Float64Array, count: int) -> NDArray[np.int64]:
    """Give the rows of the nearest train points, nearest first, (window, candidate)."""
    search = NearestNeighbors(n_neighbors=min(count, len(train)), algorithm="brute").fit(train)
    return np.asarray(search.kneighbors(windows, return_distance=False), dtype=np.int64)


def of_classes(windows: Windows, described: Described) -> Windows:
    """Give the windows of the classes that were described: rows then stand side by side."""
    return windows.select(np.isin(windows.label, np.unique(described.label)))
