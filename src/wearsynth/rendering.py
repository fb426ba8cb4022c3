"""Physical windows -> what a part would have recorded, in its counts.

The steps, in order: to the part's unit, the part's rate (anti-aliased), the unit's own rate error,
sensitivity error and zero offset, noise, rounding to counts half away from zero, the range's clip.
Readings a part has recorded keep their own noise and offset; what is rendered comes on top.
"""

from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from wearsynth.data import Channel, IntArray, SignalWindows, Windows
from wearsynth.errors import ConfigError, SensorError, did_you_mean
from wearsynth.resampling import resample
from wearsynth.sensors import Counts, SensorProfile, SignalProfile
from wearsynth.sensors.choosing import Setting, choose_setting, listed
from wearsynth.sensors.counts import CountArray
from wearsynth.sensors.profile import Convention

STANDARD_GRAVITY_M_S2 = 9.80665
MIN_STILL_G = 0.5
"""Below this median length of the stillest windows, gravity has been taken out of the signal."""

_TO_PART = {("m/s2", "g"): 1 / STANDARD_GRAVITY_M_S2}
_STREAM_DEVICES, _STREAM_RATES, _STREAM_NOISE = 0, 1, 2
_EDGE = 8  # readings of odd reflection around a window, for the spline that stretches its time
_Array = NDArray[np.float64]


@dataclass(frozen=True)
class RenderOptions:
    """How a part is set up, and how far its units differ.

    full_scale: "2g", "4g", "6g", "8g", "16g" or the number; None takes the part's usual one.
    rate_hz: None keeps the windows' rate where the part has it, else takes its nearest.
    power_mode: None takes the part's first. convention: "nominal" counts by the vendor's rounded
    sensitivity, as its files do; "physical" by the register's exact one. devices: 0 for the ideal
    part, else so many units with errors of their own: window i comes from unit i modulo devices.
    """

    full_scale: str | float | None = None
    rate_hz: float | None = None
    power_mode: str | None = None
    convention: Convention = "nominal"
    devices: int = 0
    noise: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if self.convention not in get_args(Convention):
            hint = did_you_mean(self.convention, get_args(Convention))
            raise ConfigError(f"unknown convention {self.convention!r}.{hint}")
        if self.devices < 0 or self.seed < 0:
            raise ConfigError(
                f"devices and seed must be 0 or more, got devices={self.devices}, seed={self.seed}."
            )


@dataclass(frozen=True, eq=False)
class DeviceErrors:
    """What sets the units of a part apart.

    offset: (device, channel), in the signal's unit. gain: (device, channel), 1 is exact.
    rate: (device,), the true rate over the nominal one.
    """

    offset: _Array
    gain: _Array
    rate: _Array


def render(
    windows: Windows,
    profile: SensorProfile,
    options: RenderOptions,
    *,
    signal: str | None = None,
    first_window: int = 0,
) -> Counts:
    """Give the windows of one signal in the counts of a part.

    signal: its name in the windows; the acceleration, or the only one, if left out. first_window:
    the place of windows[0] in a longer set that is rendered in chunks; the counts do not depend on
    the chunks, and the same seed gives the same bytes. SensorError where the part cannot do it.
    """
    name, source = _source(windows, signal)
    part = _part_signal(profile, name, source)
    setting = _setting(profile, part, options, own_rate_hz=source.rate_hz)
    values = _in_unit(source, part.unit)
    notes = (*setting.notes, *_noise_notes(profile, part, options))
    notes += _device_notes(profile, part, options)
    notes += _gravity_notes(name, values, part.unit)
    values = _at_rate(values, source.rate_hz, setting.rate_hz)
    index = np.arange(first_window, first_window + len(windows))
    values, device = _as_devices(values, part, options, index)
    if options.noise:
        sd = setting.mode.noise_sd(setting.full_scale, setting.rate_hz)
        values = _with_noise(values, sd, options.seed, index)
    scale = setting.full_scale.scale(options.convention)
    return Counts(
        values=_to_counts(values, scale, setting.full_scale.clip_counts),
        rate_hz=setting.rate_hz,
        channels=tuple(Channel(c.name, part.unit) for c in source.channels),
        scale=scale,
        clip_counts=setting.full_scale.clip_counts,
        label=windows.label,
        classes=windows.classes,
        device=device,
        sensor=profile.name,
        full_scale=setting.full_scale.name,
        power_mode=setting.mode.name,
        convention=options.convention,
        notes=notes,
        synthetic=bool(windows.synthetic.all()),
    )


def device_errors(part: SignalProfile, *, devices: int, channels: int, seed: int) -> DeviceErrors:
    """Give the errors of so many units; unit i does not depend on how many others there are.

    Offset and sensitivity are normal, the rate error is uniform between the profile's two figures.
    """
    normal = _generator(seed, _STREAM_DEVICES).standard_normal((devices, 2, channels))
    low, high = part.rate_error
    even = _generator(seed, _STREAM_RATES).random(devices)
    return DeviceErrors(
        offset=part.offset_sd * normal[:, 0],
        gain=1 + part.sensitivity_sd * normal[:, 1],
        rate=1 + low + (high - low) * even,
    )


def _source(windows: Windows, signal: str | None) -> tuple[str, SignalWindows]:
    if signal is not None and signal not in windows.signals:
        raise SensorError(f"unknown signal {signal!r}.{did_you_mean(signal, windows.signals)}")
    if signal is None:
        signal = _usual_signal(windows)
    return signal, windows.signals[signal]


def _usual_signal(windows: Windows) -> str:
    if len(windows.signals) == 1:
        return next(iter(windows.signals))
    found = [
        name
        for name, of in windows.signals.items()
        if _units(of) <= {"g"} or _units(of) <= {"m/s2"}
    ]
    if len(found) == 1:
        return found[0]
    which = f"{len(found)} of them are accelerations" if found else "none is an acceleration"
    raise SensorError(
        f"the windows hold the signals {listed(list(windows.signals))} and {which}: name one "
        "(signal)."
    )


def _units(source: SignalWindows) -> set[str]:
    return {channel.unit for channel in source.channels}


def _part_signal(profile: SensorProfile, name: str, source: SignalWindows) -> SignalProfile:
    units = _units(source)
    fits = [
        part
        for part in profile.signals.values()
        if all(unit == part.unit or (unit, part.unit) in _TO_PART for unit in units)
    ]
    if fits:
        return fits[0]
    wanted = listed([f"{part.name} in {part.unit}" for part in profile.signals.values()])
    raise SensorError(
        f"signal {name!r} is in {listed(sorted(units))}, which {profile.name} cannot record: it has "
        f"{wanted}. Give windows in a physical unit that it measures."
    )


def _setting(
    profile: SensorProfile, part: SignalProfile, options: RenderOptions, *, own_rate_hz: float
) -> Setting:
    return choose_setting(
        profile,
        part,
        full_scale=options.full_scale,
        power_mode=options.power_mode,
        rate_hz=options.rate_hz,
        own_rate_hz=own_rate_hz,
        convention=options.convention,
    )


def _noise_notes(
    profile: SensorProfile, part: SignalProfile, options: RenderOptions
) -> tuple[str, ...]:
    if not options.noise:
        return ("no noise was added, as asked.",)
    if "noise_density" in part.unpublished:
        return (f"the noise of {profile.name} {part.name} is not published: none was added.",)
    return ()


def _device_notes(
    profile: SensorProfile, part: SignalProfile, options: RenderOptions
) -> tuple[str, ...]:
    if not options.devices:
        return ("ideal part: no offset, sensitivity or rate error of single devices.",)
    missing = [name for name in part.unpublished if not name.startswith("noise")]
    turns = f"{options.devices} device(s) take turns, window by window."
    if not missing:
        return (turns,)
    figures = listed(missing)
    return (turns, f"{profile.name} {part.name}: {figures} not published, taken as 0.")


def _gravity_notes(name: str, values: _Array, unit: str) -> tuple[str, ...]:
    if unit != "g" or not len(values):
        return ()
    moved = values.var(axis=1).sum(axis=-1)  # (window,)
    stillest = np.argsort(moved, kind="stable")[: max(1, len(values) // 10)]
    median_g = float(np.median(np.linalg.norm(values[stillest], axis=-1)))
    if median_g >= MIN_STILL_G:
        return ()
    return (
        f"gravity is absent: the stillest windows of {name} measure {median_g:.2f} g, a part at rest "
        "1 g. Use recordings with gravity.",
    )


def _in_unit(source: SignalWindows, unit: str) -> _Array:
    factor = [_TO_PART.get((channel.unit, unit), 1.0) for channel in source.channels]
    return np.asarray(source.values * np.array(factor), dtype=np.float64)


def _at_rate(values: _Array, from_rate_hz: float, to_rate_hz: float) -> _Array:
    if np.isclose(from_rate_hz, to_rate_hz) or not len(values):
        return values
    readings = resample(values.astype(np.float32), from_rate_hz=from_rate_hz, to_rate_hz=to_rate_hz)
    return readings.astype(np.float64)


def _as_devices(
    values: _Array, part: SignalProfile, options: RenderOptions, index: IntArray
) -> tuple[_Array, IntArray]:
    if not options.devices:
        return values, np.zeros(len(values), dtype=np.int64)
    errors = device_errors(
        part, devices=options.devices, channels=values.shape[2], seed=options.seed
    )
    device = index % options.devices
    out = np.empty_like(values)
    for unit in np.unique(device):
        mine = device == unit
        read = _stretched(values[mine], float(errors.rate[unit]))
        out[mine] = read * errors.gain[unit] + errors.offset[unit]
    return out, device


def _stretched(values: _Array, rate: float) -> _Array:
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


def _with_noise(values: _Array, sd: float, seed: int, index: IntArray) -> _Array:
    if not sd:
        return values
    noisy = np.empty_like(values)
    for row, place in enumerate(index.tolist()):
        drawn = _generator(seed, _STREAM_NOISE, place).standard_normal(values.shape[1:])
        noisy[row] = values[row] + sd * drawn
    return noisy


def _generator(seed: int, *stream: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=stream))


def _to_counts(values: _Array, scale: float, clip_counts: tuple[int, int]) -> CountArray:
    low, high = clip_counts
    rounded = np.copysign(np.floor(np.abs(values) / scale + 0.5), values)  # half away from zero
    clipped: _Array = rounded.clip(low, high)
    if low < np.iinfo(np.int16).min or high > np.iinfo(np.int16).max:
        return clipped.astype(np.int32)
    return clipped.astype(np.int16)
