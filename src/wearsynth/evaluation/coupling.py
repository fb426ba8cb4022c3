"""How channels move together, within windows and from window to window."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from wearsynth.data import SignalWindows
from wearsynth.features import Float64Array

MOST_STEPS = 256
"""Channels are compared on a common grid of at most so many steps a window."""


def channel_correlations(signals: Mapping[str, SignalWindows]) -> Float64Array:
    """Give each window's correlation of every pair of channels of all signals, (window, pair).

    Signals of other rates are brought to the steps of the slowest by means of stretches. 0 where a
    channel does not move.
    """
    steps = min(MOST_STEPS, *(signal.values.shape[1] for signal in signals.values()))
    stepped = np.concatenate([_stepped(s.values, steps) for s in signals.values()], axis=2)
    centred = stepped - stepped.mean(axis=1, keepdims=True)
    size = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    shape = np.divide(centred, size, out=np.zeros_like(centred), where=size > 1e-9)
    product = np.einsum("wtc,wtd->wcd", shape, shape)
    pairs = list(combinations(range(product.shape[1]), 2))
    return np.stack([product[:, a, b] for a, b in pairs] or [product[:, 0, 0] * 0], axis=1)


def channel_levels(signals: Mapping[str, SignalWindows]) -> Float64Array:
    """Give each window's mean of every channel of all signals, (window, channel)."""
    means = [signal.values.mean(axis=1, dtype=np.float64) for signal in signals.values()]
    return np.concatenate(means, axis=1)


def channel_powers(log_bands: Sequence[Float64Array]) -> Float64Array:
    """Give each window's log power of every channel and octave, (window, channel, octave).

    log_bands: of each signal (window, channel, octave), the highest first. Octaves are counted from
    one cycle a window up, where signals of all rates meet; those that all have are kept.
    """
    octaves = min(bands.shape[2] for bands in log_bands)
    return np.concatenate([bands[:, :, ::-1][:, :, :octaves] for bands in log_bands], axis=1)


def power_correlations(powers: Float64Array) -> Float64Array:
    """Give the correlation of every pair of channels' log powers over windows, (octave, pair)."""
    return np.array([level_correlations(powers[:, :, at]) for at in range(powers.shape[2])])


def level_correlations(levels: Float64Array) -> Float64Array:
    """Give the correlation of every pair of channels' levels over windows, (pair,).

    0 where a level does not move, or with fewer than 3 windows.
    """
    centred = levels - levels.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0))
    if len(levels) < 3:
        size = np.zeros_like(size)
    shape = np.divide(centred, size, out=np.zeros_like(centred), where=size > 1e-9)
    product = shape.T @ shape
    return np.array([product[a, b] for a, b in combinations(range(len(product)), 2)])


def _stepped(values: Float64Array | np.ndarray, steps: int) -> Float64Array:
    """Give (window, step, channel): the means of `steps` stretches of equal length."""
    edges = np.linspace(0, values.shape[1], steps + 1).round().astype(int)
    sums = np.add.reduceat(values.astype(np.float64), edges[:-1], axis=1)
    return np.asarray(sums / np.diff(edges)[None, :, None])
