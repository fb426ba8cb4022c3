"""Another rate for a signal, with an anti-alias filter; only ever used when asked for."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample as fourier_resample
from scipy.signal import resample_poly

from wearsynth.data import FloatArray, Recording, Signal
from wearsynth.errors import DataError

Method = Literal["filter", "fourier", "means"]
"""How a rate is changed: see `resample`, `resample_by_fourier` and `means`."""

RATE_ERROR = 1e-6
"""The largest relative error of the rational rate ratio: below 4 ms in an hour."""


def resample(values: FloatArray, *, from_rate_hz: float, to_rate_hz: float) -> FloatArray:
    """Give values at another rate; (..., time, channel) to (..., time * to / from, channel), float32.

    Polyphase filtering (scipy.signal.resample_poly: Kaiser window, beta 5). With the lower of the
    two Nyquist frequencies as 1, tones up to 0.84 pass within 1 % and tones from 1.2 on are at
    least 49 dB down; between lies the filter's slope. The first reading keeps its time. The ends
    are continued by the line through the first and last reading, so gravity causes no step there.
    The ratio is a fraction within 1e-6 of to / from. At the same rate the values come back as they
    are. DataError for NaN or a rate that is not above 0.
    """
    ratio = rate_ratio(from_rate_hz, to_rate_hz)
    if ratio == 1:
        return values
    if not np.isfinite(values).all():
        raise DataError("cannot resample values that hold NaN or infinity. Cut at the gaps first.")
    if values.shape[-2] < 2:
        raise DataError(f"cannot resample {values.shape[-2]} reading(s): at least 2 are needed.")
    exact = values.astype(np.float64)
    out: FloatArray = resample_poly(
        exact, ratio.numerator, ratio.denominator, axis=-2, padtype="line"
    ).astype(np.float32)
    return out


def resample_by_fourier(
    values: FloatArray, *, from_rate_hz: float, to_rate_hz: float
) -> FloatArray:
    """Give values (time, channel) at another rate by the Fourier transform of the whole signal.

    scipy.signal.resample: frequencies above half the new rate are cut off, and every reading depends
    on the whole signal, what comes later included. Readings beyond the last whole new one are left
    out first. DataError as in `resample`.
    """
    ratio = _checked_ratio(values, from_rate_hz, to_rate_hz)
    count = int(len(values) * ratio)
    whole = values[: round(count / ratio)].astype(np.float64)
    return np.asarray(fourier_resample(whole, count, axis=0), dtype=np.float32)


def means(values: FloatArray, *, from_rate_hz: float, to_rate_hz: float) -> FloatArray:
    """Give values (time, channel) at a lower rate: a reading is the mean of those in its interval.

    Nothing outside of the interval [k / to, (k + 1) / to) is used, so no window knows what comes
    after it. DataError as in `resample`, and for a higher rate.
    """
    ratio = _checked_ratio(values, from_rate_hz, to_rate_hz)
    if ratio > 1:
        raise DataError(
            f"means give a lower rate only, not {to_rate_hz:g} Hz of {from_rate_hz:g} Hz. Resample by "
            "filter."
        )
    count = int(len(values) * ratio)
    first = np.ceil(np.arange(count + 1) / float(ratio) - RATE_ERROR).astype(int)
    sums = np.add.reduceat(values[: first[-1]].astype(np.float64), first[:-1], axis=0)
    return (sums / np.diff(first)[:, None]).astype(np.float32)


def _checked_ratio(values: FloatArray, from_rate_hz: float, to_rate_hz: float) -> Fraction:
    ratio = rate_ratio(from_rate_hz, to_rate_hz)
    if not np.isfinite(values).all():
        raise DataError("cannot resample values that hold NaN or infinity. Cut at the gaps first.")
    if int(len(values) * ratio) < 1:
        raise DataError(f"{len(values)} reading(s) are too few for one at {to_rate_hz:g} Hz.")
    return ratio


def rate_ratio(from_rate_hz: float, to_rate_hz: float) -> Fraction:
    """Give to / from as the simplest of a few fractions within 1e-6 of it."""
    for name, rate_hz in (("from_rate_hz", from_rate_hz), ("to_rate_hz", to_rate_hz)):
        if not (np.isfinite(rate_hz) and rate_hz > 0):
            raise DataError(f"{name} must be above 0, got {rate_hz}.")
    exact = Fraction(to_rate_hz) / Fraction(from_rate_hz)
    ratio, largest = Fraction(0), 1
    while abs(ratio / exact - 1) > RATE_ERROR:
        largest *= 10
        ratio = exact.limit_denominator(largest)
    return ratio


def resample_recording(
    recording: Recording,
    *,
    rate_hz: float,
    signal: str | None = None,
    method: Method = "filter",
) -> Recording:
    """Give a recording with one signal, or all of them, at another rate; a note says so.

    Readings that are NaN are bridged by straight lines before filtering, and what lies between
    their neighbours is NaN again after it. DataError where there is no such signal.
    """
    if signal is not None and signal not in recording.signals:
        known = ", ".join(recording.signals)
        raise DataError(f"recording {recording.name!r} has no signal {signal!r}, only {known}.")
    chosen = recording.signals if signal is None else {signal: recording.signals[signal]}
    changed = {
        n: resample_signal(s, rate_hz=rate_hz, method=method)
        for n, s in chosen.items()
        if s.rate_hz != rate_hz
    }
    notes = tuple(
        f"{name}: resampled from {recording.signals[name].rate_hz:g} Hz to {rate_hz:g} Hz"
        for name in changed
    )
    return replace(
        recording, signals={**recording.signals, **changed}, notes=recording.notes + notes
    )


METHODS: dict[Method, Callable[..., FloatArray]] = {
    "filter": resample,
    "fourier": resample_by_fourier,
    "means": means,
}


def resample_signal(signal: Signal, *, rate_hz: float, method: Method = "filter") -> Signal:
    """Give a signal at another rate, NaN where it had no readings."""
    bad: NDArray[np.bool_] = np.logical_not(np.isfinite(signal.values)).any(axis=1)
    if bad.all():
        raise DataError("cannot resample a signal without a single whole reading.")
    values = METHODS[method](
        _bridged(signal.values, bad), from_rate_hz=signal.rate_hz, to_rate_hz=rate_hz
    )
    if method == "means":
        return replace(signal, values=_missing_again(values, bad, signal, rate_hz), rate_hz=rate_hz)
    position = np.arange(len(values)) * (signal.rate_hz / rate_hz)  # in old readings
    below = np.minimum(np.floor(position + 1e-6).astype(int), len(bad) - 1)
    above = np.minimum(np.ceil(position - 1e-6).astype(int), len(bad) - 1)
    values[bad[below] | bad[above]] = np.nan
    return replace(signal, values=values, rate_hz=rate_hz)


def _missing_again(
    values: FloatArray, bad: NDArray[np.bool_], signal: Signal, rate_hz: float
) -> FloatArray:
    """Give means with NaN for every interval that lacks a reading."""
    lacking = means(
        bad[:, None].astype(np.float32), from_rate_hz=signal.rate_hz, to_rate_hz=rate_hz
    )
    return np.where(lacking > 0, np.float32(np.nan), values)


def _bridged(values: FloatArray, bad: NDArray[np.bool_]) -> FloatArray:
    """Give values (time, channel) with the bad readings on a line between their good neighbours."""
    if not bad.any():
        return values
    place, good = np.arange(len(bad)), np.flatnonzero(~bad)
    columns = [np.interp(place, good, values[good, index]) for index in range(values.shape[1])]
    return np.stack(columns, axis=1).astype(np.float32)
