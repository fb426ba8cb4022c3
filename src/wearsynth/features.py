"""What a window looks like in numbers: level, spread, shape, rhythm, spectrum.

Everything here is computed per window, in float64, for all windows at once. A channel that does not
move within a window gives finite features: its spread, rhythm and correlations are 0.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import SignalWindows, Windows
from wearsynth.errors import DataError

Float64Array = NDArray[np.float64]

POWER_FLOOR = 1e-8
"""Added to a band's power (unit^2) before the logarithm: an sd of 0.0001 units counts as silence."""

MIN_READINGS = 4
"""The shortest window that has a spectrum worth the name."""

MOST_LAGS = 6
"""Rhythm and direction are looked at over 1, 2, 4, ... readings, at most so many."""

QUANTILES = {"q10": 0.10, "q25": 0.25, "median": 0.50, "q75": 0.75, "q90": 0.90}


@dataclass(frozen=True, eq=False)
class Features:
    """Numbers that describe windows.

    values: (window, feature) float64, finite. names: one per feature, "<channel> <what>".
    """

    values: Float64Array
    names: tuple[str, ...]


def all_features(windows: Windows) -> Features:
    """Give the features of every signal side by side, (window, feature), named "<signal> <...>"."""
    parts = {name: window_features(signal) for name, signal in windows.signals.items()}
    return Features(
        np.concatenate([part.values for part in parts.values()], axis=1),
        tuple(f"{name} {what}" for name, part in parts.items() for what in part.names),
    )


def window_features(signal: SignalWindows) -> Features:
    """Give about 30 features a channel, correlations of channel pairs, and of a triple its norm.

    The norm is taken where a signal has just 3 channels of one unit. DataError for windows of
    fewer than 4 readings.
    """
    values = _float64(signal)
    names = [channel.name for channel in signal.channels]
    columns = _named(_channel_features(values, signal.rate_hz), names)
    columns |= _correlations(values, names)
    if len(names) == 3 and len({channel.unit for channel in signal.channels}) == 1:
        norm = np.linalg.norm(values, axis=2, keepdims=True)
        columns |= _named(_channel_features(norm, signal.rate_hz), ["norm"])
    return Features(np.stack(list(columns.values()), axis=1), tuple(columns))


def log_band_power(signal: SignalWindows) -> Float64Array:
    """Give log10 power in octave bands, (window, channel, band), highest band first.

    Power is in unit^2, with POWER_FLOOR added. The first band is the upper half of the frequencies
    up to half the rate, the next the upper half of what is left, down to one cycle a window.
    """
    return _log_bands(_power(_float64(signal)))


def autocorrelation(signal: SignalWindows, max_lag: int) -> Float64Array:
    """Give each window's autocorrelation at lags 1..max_lag readings, (window, channel, lag).

    The biased estimate (divided by the power at lag 0), so it lies in [-1, 1]; 0 for a channel that
    does not move. DataError unless 1 <= max_lag < readings a window.
    """
    values = _float64(signal)
    if not 1 <= max_lag < values.shape[1]:
        raise DataError(f"max_lag must be 1..{values.shape[1] - 1} readings, got {max_lag}.")
    return _acf(_centred(values), max_lag)


def rises(signal: SignalWindows) -> Float64Array:
    """Give how much oftener readings rise than fall, (window, channel, lag), in [-1, 1].

    Over 1, 2, 4, ... readings, up to a quarter of the window, at most MOST_LAGS. Waves that rise
    faster than they fall lie below 0. A window read backwards has the opposite sign.
    """
    values = _float64(signal)
    lags = _lags(values.shape[1] // 4) or [1]
    return np.stack([_rises(values[:, lag:] - values[:, :-lag]) for lag in lags], axis=2)


def power_spectrum(signal: SignalWindows) -> tuple[Float64Array, Float64Array]:
    """Give frequencies in Hz (bin,) and power in unit^2 a bin, (window, channel, bin), without 0 Hz.

    The window's mean is taken off, a Hann taper applied; the bins of a tone of amplitude a add up
    to a^2 / 2.
    """
    power = _power(_float64(signal))
    return np.arange(1, power.shape[2] + 1) / signal.length_s, power


def _float64(signal: SignalWindows) -> Float64Array:
    readings = signal.values.shape[1]
    if readings < MIN_READINGS:
        names = ", ".join(channel.name for channel in signal.channels)
        raise DataError(
            f"windows of {names} hold {readings} readings at {signal.rate_hz:g} Hz, features need "
            f"at least {MIN_READINGS}: cut longer windows."
        )
    return signal.values.astype(np.float64)


def _named(table: dict[str, Float64Array], channels: list[str]) -> dict[str, Float64Array]:
    """Give one column (window,) per channel and feature from columns (window, channel)."""
    return {
        f"{channel} {what}": columns[:, index]
        for index, channel in enumerate(channels)
        for what, columns in table.items()
    }


def _centred(values: Float64Array) -> Float64Array:
    """Take each window's mean off, (window, time, channel); exactly 0 where nothing moves."""
    still = np.ptp(values, axis=1, keepdims=True) == 0
    return np.where(still, 0.0, values - values.mean(axis=1, keepdims=True))


def ratio(top: Float64Array, bottom: Float64Array) -> Float64Array:
    """Give top / bottom, 0 where bottom is 0."""
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)


def _channel_features(values: Float64Array, rate_hz: float) -> dict[str, Float64Array]:
    """Give name -> (window, channel)."""
    centred = _centred(values)
    return (
        _level_and_spread(values)
        | _shape(centred)
        | _changes(values, centred, rate_hz)
        | _spectrum(centred, rate_hz)
        | _rhythm(centred)
    )


def _level_and_spread(values: Float64Array) -> dict[str, Float64Array]:
    quantiles = np.quantile(values, list(QUANTILES.values()), axis=1)
    table = {"mean": values.mean(axis=1), "sd": _centred(values).std(axis=1)}
    table |= {"min": values.min(axis=1), "max": values.max(axis=1)}
    table |= dict(zip(QUANTILES, quantiles, strict=True))
    return table | {"iqr": table.pop("q75") - table.pop("q25")}


def _shape(centred: Float64Array) -> dict[str, Float64Array]:
    """Give skewness and excess kurtosis (0 for a normal distribution)."""
    squared = centred * centred  # products: a power of floats costs twenty times as much
    variance = squared.mean(axis=1)
    fourth = ratio((squared * squared).mean(axis=1), variance**2)
    return {
        "skewness": ratio((squared * centred).mean(axis=1), variance**1.5),
        "kurtosis": np.where(variance > 0, fourth - 3.0, 0.0),
    }


def _changes(
    values: Float64Array, centred: Float64Array, rate_hz: float
) -> dict[str, Float64Array]:
    """Give changes in units a second and crossings a second, so that rates compare.

    Of the changes themselves: skewness and rises (a pulse rises faster than it falls: the direction
    of time), kurtosis (impacts between smooth stretches) and roughness (noise is rough).
    """
    step = np.diff(values, axis=1) * rate_hz
    length_s = values.shape[1] / rate_hz
    time = np.linspace(-0.5, 0.5, values.shape[1])[None, :, None]
    rms = np.sqrt((step**2).mean(axis=1))
    table = {
        "mean_abs_change": np.abs(step).mean(axis=1),
        "rms_change": rms,
        "roughness": ratio(np.sqrt((np.diff(step, axis=1) ** 2).mean(axis=1)), rms),
        "rises": _rises(step),
        "trend": (centred * time).sum(axis=1) / (time**2).sum(),
        "zero_crossings": _crossings(values) / length_s,
        "mean_crossings": _crossings(centred) / length_s,
    }
    shape = _shape(_centred(step))
    return table | {f"change_{name}": column for name, column in shape.items()}


def _rises(step: Float64Array) -> Float64Array:
    """Give the share of steps that rise less that of steps that fall, (window, channel)."""
    return np.asarray(np.sign(step).mean(axis=1), dtype=np.float64)


def _crossings(values: Float64Array) -> Float64Array:
    above = values > 0
    return np.asarray((above[:, 1:] != above[:, :-1]).sum(axis=1), dtype=np.float64)


def _power(values: Float64Array) -> Float64Array:
    """Give one-sided Hann power a bin, (window, channel, bin), without 0 Hz."""
    readings = values.shape[1]
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(readings) / readings)
    bins = np.fft.rfft(_centred(values).transpose(0, 2, 1) * taper, axis=2)[:, :, 1:]
    power = 2 * np.abs(bins) ** 2 / (readings * (taper**2).sum())
    if readings % 2 == 0:
        power[:, :, -1] /= 2  # the last bin stands for itself only
    return np.asarray(power, dtype=np.float64)


def _band_cuts(readings: int) -> list[tuple[float, float]]:
    """Give (above, up to) in cycles a window for each octave, highest first."""
    cuts, high = [], readings / 2
    while high >= 1:
        cuts.append((high / 2, high))
        high /= 2
    return cuts


def _log_bands(power: Float64Array) -> Float64Array:
    cycles = np.arange(1, power.shape[2] + 1)
    readings = 2 * power.shape[2]  # an odd window has one bin less: same octaves
    bands = [
        power[:, :, (cycles > low) & (cycles <= high)].sum(axis=2)
        for low, high in _band_cuts(readings)
    ]
    return np.asarray(np.log10(np.stack(bands, axis=2) + POWER_FLOOR), dtype=np.float64)


def _spectrum(centred: Float64Array, rate_hz: float) -> dict[str, Float64Array]:
    """Give the strongest frequency in Hz, the spectral entropy in 0..1 and log10 band powers."""
    power = _power(centred)
    length_s = centred.shape[1] / rate_hz
    total = power.sum(axis=2)
    share = ratio(power, np.broadcast_to(total[:, :, None], power.shape))
    entropy = -(share * np.log(np.where(share > 0, share, 1.0))).sum(axis=2)
    strongest = (np.argmax(power, axis=2) + 1) / length_s
    bands = _log_bands(power)
    table = {f"log_power_band_{band}": bands[:, :, band] for band in range(bands.shape[2])}
    table["dominant_hz"] = np.where(total > 0, strongest, 0.0)
    table["spectral_entropy"] = entropy / np.log(power.shape[2])
    return table


def _acf(centred: Float64Array, max_lag: int) -> Float64Array:
    """Give (window, channel, lag) for lags 1..max_lag, by the Fourier transform of the power."""
    readings = centred.shape[1]
    padded = np.fft.rfft(centred, n=2 * readings, axis=1)
    product = np.fft.irfft(np.abs(padded) ** 2, n=2 * readings, axis=1)[:, : max_lag + 1]
    lag_zero = np.broadcast_to((centred**2).sum(axis=1)[:, None, :], product.shape)
    acf = ratio(product, lag_zero)
    return np.clip(acf[:, 1:], -1.0, 1.0).transpose(0, 2, 1)


def _rhythm(centred: Float64Array) -> dict[str, Float64Array]:
    """Give the autocorrelation at lags 1, 2, 4, ... readings, up to half the window, at most 6."""
    lags = _lags(centred.shape[1] // 2)
    acf = _acf(centred, lags[-1])
    return {f"acf_{lag}": acf[:, :, lag - 1] for lag in lags}


def _lags(longest: int) -> list[int]:
    """Give 1, 2, 4, ... up to the longest, at most MOST_LAGS."""
    return [2**power for power in range(MOST_LAGS) if 2**power <= longest]


def _correlations(values: Float64Array, names: list[str]) -> dict[str, Float64Array]:
    """Give the correlation of each pair of channels, (window,); 0 where one does not move."""
    centred = _centred(values)
    product = np.einsum("wtc,wtd->wcd", centred, centred)
    size = np.sqrt((centred**2).sum(axis=1))
    return {
        f"corr {names[a]} {names[b]}": ratio(product[:, a, b], size[:, a] * size[:, b])
        for a, b in combinations(range(len(names)), 2)
    }
