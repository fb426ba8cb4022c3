"""What acceleration must be: 1 g at rest, a pace, a smoothness."""

from collections.abc import Iterator

import numpy as np
from scipy.signal import welch

from wearsynth.data import Channel, FloatArray, SignalWindows, Windows
from wearsynth.evaluation.quantities import Quantity, joined_quantities, plain
from wearsynth.features import MIN_READINGS, Float64Array, power_spectrum, ratio

UNIT_IN_G = {"g": 1.0, "m/s2": 1 / 9.80665}

STILL_SD_G = 0.03
"""A second in which the length of the acceleration varies less is a second at rest."""

BLOCK_READINGS = 5
PACE_HZ = (0.5, 5.0)
PACE_STEP_HZ = 0.02
PACE_STRETCH_S = 5.0
"""Paces are sought in stretches of at most so long: over longer ones a pace wanders."""

PACE_CYCLES = 2
PACE_RATE_HZ = 10.0
PACE_SHARE = 0.3
"""A window has a rhythm where the strongest one holds this share of the movement's power."""

ABOVE_HZ = (5.0, 10.0)
CHUNK = 1000
"""Windows measured at a time: spectra of more would take too much memory."""


def acc_quantities(windows: Windows) -> list[Quantity]:
    """Give the quantities of each signal that has just three channels in g or m/s2."""
    quantities: list[Quantity] = []
    for name, signal in windows.signals.items():
        axes = axes_of(signal)
        if axes and signal.values.shape[1] >= MIN_READINGS:
            pieces = [_of_signal(name, values, signal.rate_hz) for values in _in_g(signal, axes)]
            quantities += joined_quantities(pieces)
    return quantities


def axes_of(signal: SignalWindows) -> list[int]:
    """Give the places of a signal's three channels of acceleration, or none."""
    places = [at for at, channel in enumerate(signal.channels) if channel.unit in UNIT_IN_G]
    units = {signal.channels[at].unit for at in places}
    return places if len(places) == 3 and len(units) == 1 else []


def _in_g(signal: SignalWindows, axes: list[int]) -> Iterator[Float64Array]:
    """Give the acceleration in g, (window, time, axis), in pieces."""
    factor = UNIT_IN_G[signal.channels[axes[0]].unit]
    for start in range(0, max(len(signal.values), 1), CHUNK):
        yield signal.values[start : start + CHUNK][:, :, axes].astype(np.float64) * factor


def _of_signal(name: str, acc_g: Float64Array, rate_hz: float) -> list[Quantity]:
    size = np.linalg.norm(acc_g, axis=2)
    return [
        *_at_rest(name, size, rate_hz),
        *_pace(name, size, rate_hz),
        *_smoothness(name, acc_g, size, rate_hz),
    ]


def _at_rest(name: str, size: Float64Array, rate_hz: float) -> list[Quantity]:
    """Give |a| over a window's still seconds, and their share."""
    block = min(max(BLOCK_READINGS, round(rate_hz)), size.shape[1])
    whole = size[:, : size.shape[1] // block * block].reshape(len(size), -1, block)
    still = whole.std(axis=2) < STILL_SD_G
    count = still.sum(axis=1)
    total = (whole.mean(axis=2) * still).sum(axis=1)
    level = np.divide(total, count, out=np.full(len(size), np.nan), where=count > 0)
    return [
        plain("gravity_at_rest", f"{name} |a| at rest", "g", level, least=0.01),
        plain("gravity_at_rest", f"{name} rest", "of seconds", still.mean(axis=1), least=0.05),
    ]


def _pace(name: str, size: Float64Array, rate_hz: float) -> list[Quantity]:
    """Give the strongest rhythm of |a| where it has one, and the share of windows that do."""
    stretch_s = min(size.shape[1] / rate_hz, PACE_STRETCH_S)
    slowest = max(PACE_HZ[0], PACE_CYCLES / stretch_s)
    if rate_hz < PACE_RATE_HZ or slowest > PACE_HZ[1] / 2:
        return []
    readings = round(stretch_s * rate_hz)
    fine = max(readings, round(rate_hz / PACE_STEP_HZ))
    hz, power = welch(size, rate_hz, nperseg=readings, nfft=fine, axis=1)
    band = np.flatnonzero((hz >= slowest) & (hz <= PACE_HZ[1]))
    strongest = band[np.argmax(power[:, band], axis=1)]
    near = np.abs(hz[None, :] - hz[strongest][:, None]) <= 2 / stretch_s  # a Hann tone's width
    share = ratio((power * near).sum(axis=1), power[:, hz > 1 / stretch_s].sum(axis=1))
    rhythmic = (share >= PACE_SHARE) & (size.std(axis=1) >= STILL_SD_G)
    pace = np.where(rhythmic, hz[strongest], np.nan)
    has = rhythmic.astype(np.float64)
    return [
        plain("cadence", f"{name} cadence", "steps a second", pace, least=0.05),
        plain("cadence", f"{name} rhythm", "of windows", has, least=0.05),
    ]


def _smoothness(
    name: str, acc_g: Float64Array, size: Float64Array, rate_hz: float
) -> list[Quantity]:
    """Give jerk, the spectral entropy of |a|, and shares of power above frequencies."""
    steps = np.diff(acc_g, axis=1) * rate_hz
    jerk = np.sqrt((steps**2).sum(axis=2).mean(axis=1))
    log_jerk = np.log10(jerk + 1e-4)  # a jerk below 0.0001 g/s is none
    hz, power = _spectrum(acc_g, rate_hz)
    _, of_size = _spectrum(size[:, :, None], rate_hz)
    part = ratio(of_size, of_size.sum(axis=1, keepdims=True))
    entropy = -(part * np.log(np.where(part > 0, part, 1.0))).sum(axis=1) / np.log(len(hz))
    return [
        Quantity("jerk", f"{name} jerk", "g/s", log_jerk, 0.05, jerk),
        plain("jerk", f"{name} spectral entropy", "(1: noise)", entropy, least=0.02),
        *(
            plain("jerk", f"{name} above {edge:g} Hz", "of power", above, least=0.02)
            for edge in ABOVE_HZ
            if edge < 0.8 * rate_hz / 2
            for above in [ratio(power[:, hz > edge].sum(axis=1), power.sum(axis=1))]
        ),
    ]


def _spectrum(values: Float64Array, rate_hz: float) -> tuple[Float64Array, Float64Array]:
    """Give frequencies (bin,) and the power of all channels, (window, bin)."""
    channels = tuple(Channel(str(at), "g") for at in range(values.shape[2]))
    narrow: FloatArray = values.astype(np.float32)
    hz, power = power_spectrum(SignalWindows(narrow, rate_hz, channels))
    return hz, power.sum(axis=1)
