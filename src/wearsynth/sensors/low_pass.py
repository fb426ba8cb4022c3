"""A part's low-pass filter, on readings and on its own noise.

A Butterworth filter of second order with the part's -3 dB bandwidth; makers rarely tell the order.
It looks back only, as in the part, and so delays.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt, sosfilt_zi

ORDER = 2
_SETTLED = 3.0  # bandwidths: after 3 * rate / bandwidth readings, less than 1e-5 of a step is left
_Array = NDArray[np.float64]


def passes_all(bandwidth_hz: float, rate_hz: float) -> bool:
    """Tell whether the bandwidth is half the rate: then there is nothing to take away."""
    return bandwidth_hz >= rate_hz / 2 * (1 - 1e-9)


def low_passed(values: _Array, *, bandwidth_hz: float, rate_hz: float) -> _Array:
    """Give the readings behind the filter, (window, time, channel).

    Before its first reading a window is taken to have gone on by reflection, and before that to have
    stood at its mean: a filter slower than the window has little but the mean to show.
    """
    if passes_all(bandwidth_hz, rate_hz) or not values.size:
        return values
    sections = _sections(bandwidth_hz, rate_hz)
    before = min(values.shape[1] - 1, _settling(bandwidth_hz, rate_hz))
    whole = np.concatenate([values[:, 1 : before + 1][:, ::-1], values], axis=1)
    mean = values.mean(axis=1, keepdims=True)  # (window, 1, channel)
    start = sosfilt_zi(sections)[:, None, :, None] * mean  # (section, window, 2, channel)
    out, _ = sosfilt(sections, whole, axis=1, zi=start)
    return np.asarray(out[:, before:], dtype=np.float64)


def low_passed_noise(
    shape: tuple[int, int], rng: np.random.Generator, *, bandwidth_hz: float, rate_hz: float
) -> _Array:
    """Give noise of standard deviation 1 as it leaves the filter, (time, channel): neighbours alike."""
    if passes_all(bandwidth_hz, rate_hz):
        return rng.standard_normal(shape)
    sections = _sections(bandwidth_hz, rate_hz)
    before = _settling(bandwidth_hz, rate_hz)
    white = rng.standard_normal((before + shape[0], shape[1]))
    quiet = sosfilt(sections, white, axis=0)[before:]
    return np.asarray(quiet / _noise_gain(bandwidth_hz, rate_hz), dtype=np.float64)


@cache
def _noise_gain(bandwidth_hz: float, rate_hz: float) -> float:
    """Give the deviation of white noise of deviation 1 behind the filter: its impulse's length."""
    impulse = np.zeros(2 * _settling(bandwidth_hz, rate_hz))
    impulse[0] = 1.0
    return float(np.linalg.norm(sosfilt(_sections(bandwidth_hz, rate_hz), impulse)))


@cache
def _sections(bandwidth_hz: float, rate_hz: float) -> _Array:
    return np.asarray(butter(ORDER, bandwidth_hz, fs=rate_hz, output="sos"), dtype=np.float64)


def _settling(bandwidth_hz: float, rate_hz: float) -> int:
    return int(np.ceil(_SETTLED * rate_hz / bandwidth_hz))
