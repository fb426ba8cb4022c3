"""What sets the units of a part apart: clock, offset, sensitivity, axes that are not quite square."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from wearsynth.sensors.profile import SignalProfile, by_channel

_STREAM_DEVICES, _STREAM_RATES, _STREAM_CROSS = 0, 1, 3
_EDGE = 8  # readings of odd reflection around a window, for the spline that stretches its time
_Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DeviceErrors:
    """What sets the units of a part apart.

    offset: (device, channel), in the signal's unit. gain: (device, channel), 1 is exact. cross:
    (device, channel, channel), the share that a channel (row) reads of another (column), 0 of
    itself. rate: (device,), the true rate over the nominal one.
    """

    offset: _Array
    gain: _Array
    cross: _Array
    rate: _Array


def device_errors(
    part: SignalProfile,
    *,
    devices: int,
    channels: int,
    seed: int,
    cross_axis_pct: float | None = None,
) -> DeviceErrors:
    """Give the errors of so many units; unit i does not depend on how many others there are.

    Offset, sensitivity and cross-axis sensitivity are normal, the rate error is uniform between the
    profile's two figures. cross_axis_pct: its standard deviation in place of the profile's.
    """
    normal = generator(seed, _STREAM_DEVICES).standard_normal((devices, 2, channels))
    low, high = part.rate_error
    even = generator(seed, _STREAM_RATES).random(devices)
    cross_sd = part.cross_axis_sd if cross_axis_pct is None else cross_axis_pct / 100
    cross = generator(seed, _STREAM_CROSS).standard_normal((devices, channels, channels))
    return DeviceErrors(
        offset=by_channel(part.offset_sd, channels) * normal[:, 0],
        gain=1 + part.sensitivity_sd * normal[:, 1],
        cross=cross_sd * cross * (1 - np.eye(channels)),
        rate=1 + low + (high - low) * even,
    )


def read_by(errors: DeviceErrors, unit: int, values: _Array) -> _Array:
    """Give what one unit reads of the true values, (window, time, channel)."""
    true = stretched(values, float(errors.rate[unit]))
    crossed = np.einsum("wtj,ij->wti", true, errors.cross[unit])
    return np.asarray(true * errors.gain[unit] + crossed + errors.offset[unit], dtype=np.float64)


def stretched(values: _Array, rate: float) -> _Array:
    """Give what a unit reads whose clock runs `rate` times too fast, (window, time, channel).

    Its k-th reading is taken at k / rate. Past the window's end the signal goes on by odd reflection.
    """
    length = values.shape[1]
    if rate == 1 or length < 2:
        return values
    edge = _EDGE + int(np.ceil(length * max(0.0, 1 / rate - 1)))
    around = np.pad(values, ((0, 0), (edge, edge), (0, 0)), mode="reflect", reflect_type="odd")
    spline = CubicSpline(np.arange(-edge, length + edge), around, axis=1)
    return np.asarray(spline(np.arange(length) / rate), dtype=np.float64)


def generator(seed: int, *stream: int) -> np.random.Generator:
    """Give the random numbers of one stream; streams of one seed do not depend on each other."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=stream))
