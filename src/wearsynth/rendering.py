"""Physical windows -> what a part would have recorded, in its counts.

The steps, in order: the mounting, to the part's unit, the part's rate (anti-aliased), the unit's own
clock, cross-axis sensitivity, sensitivity and zero offset, the part's low-pass filter, noise (behind
the same filter), rounding to counts half away from zero, the range's clip, the register's low bits.
Readings a part has recorded keep their own noise and offset; what is rendered comes on top.
"""

import hashlib
from dataclasses import dataclass, replace
from math import isfinite
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import Channel, IntArray, SignalWindows, Windows
from wearsynth.errors import ConfigError, SensorError, did_you_mean
from wearsynth.mounting import draw_rotations, has_axes, rotated, rotation_by
from wearsynth.resampling import resample
from wearsynth.section import Mounting
from wearsynth.sensors import Counts, FullScale, Noise, SensorProfile, SignalProfile
from wearsynth.sensors.choosing import Setting, choose_setting, listed
from wearsynth.sensors.counts import CountArray
from wearsynth.sensors.devices import device_errors, generator, read_by
from wearsynth.sensors.low_pass import low_passed, low_passed_noise
from wearsynth.sensors.profile import NOT_PUBLISHED, Convention

STANDARD_GRAVITY_M_S2 = 9.80665
MIN_STILL_G = 0.5
"""Below this median length of the stillest windows, gravity has been taken out of the signal."""

_TO_PART = {("m/s2", "g"): 1 / STANDARD_GRAVITY_M_S2}
_UNIT_FIGURES = ("offset_sd", "sensitivity_sd_pct", "cross_axis_sd_pct", "rate_error_pct")
_STREAM_NOISE, _STREAM_MOUNTING = 2, 4
_Array = NDArray[np.float64]


@dataclass(frozen=True)
class RenderOptions:
    """How a part is set up, how it sits, and how far its units differ.

    full_scale: "2g", "4g", "6g", "8g", "16g" or the number; None takes the part's usual one.
    rate_hz: None keeps the windows' rate where the part has it, else takes its nearest.
    power_mode: None takes the part's first. low_pass: "ODR/4" or "50 Hz", None the part's usual one.
    convention: "nominal" counts by the vendor's rounded sensitivity, as its files do; "physical" by
    the register's exact one. mounting: kept, drawn (by person, or by window where nobody is named),
    or angles in degrees about x, y and z. devices: 0 for the ideal part, else so many units with
    errors of their own: window i comes from unit i modulo devices. device_seed: which units; None
    takes the seed. cross_axis_pct: its standard deviation in place of the part's figure. clock_errors:
    whether units run fast or slow.
    """

    full_scale: str | float | None = None
    rate_hz: float | None = None
    power_mode: str | None = None
    low_pass: str | None = None
    convention: Convention = "nominal"
    mounting: Mounting = "kept"
    devices: int = 0
    device_seed: int | None = None
    cross_axis_pct: float | None = None
    clock_errors: bool = True
    noise: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if self.convention not in get_args(Convention):
            hint = did_you_mean(self.convention, get_args(Convention))
            raise ConfigError(f"unknown convention {self.convention!r}.{hint}")
        if self.devices < 0 or self.seed < 0 or (self.device_seed or 0) < 0:
            raise ConfigError(
                f"devices and seeds must be 0 or more, got devices={self.devices}, "
                f"seed={self.seed}, device_seed={self.device_seed}."
            )
        if isinstance(self.mounting, str) and self.mounting not in ("kept", "drawn"):
            raise ConfigError(f"mounting must be kept, drawn or angles, got {self.mounting!r}.")
        if self.cross_axis_pct is not None:
            _check_cross_axis(self.cross_axis_pct, self.devices)


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
    the chunks, and the same seed gives the same bytes. Counts are those of the part's register: of a
    left-justified part the low bits are 0. SensorError where the part cannot do it.
    """
    name, source = _source(windows, signal)
    part = _part_signal(profile, name, source)
    setting = _setting(profile, part, options, own_rate_hz=source.rate_hz)
    noise = part.noise(setting.mode, setting.full_scale) if options.noise else None
    index = np.arange(first_window, first_window + len(windows))
    source = _mounted(windows, name, options, index)
    values = _in_unit(source, part.unit)
    notes = _notes(profile, part, setting, options, noise)
    notes += _gravity_notes(name, values, part.unit)
    values = _at_rate(values, source.rate_hz, setting.rate_hz)
    values, device = _as_devices(values, part, options, index)
    bandwidth_hz = setting.low_pass.bandwidth_hz(setting.rate_hz)
    values = low_passed(values, bandwidth_hz=bandwidth_hz, rate_hz=setting.rate_hz)
    if noise is not None:
        values = _with_noise(values, noise, setting, options.seed, index)
    scale, full_scale = setting.full_scale.scale(options.convention), setting.full_scale
    low, high = full_scale.clip_counts
    return Counts(
        values=_to_counts(values, scale, full_scale),
        rate_hz=setting.rate_hz,
        channels=tuple(Channel(c.name, part.unit) for c in source.channels),
        scale=scale / 2**full_scale.shift,
        clip_counts=(low << full_scale.shift, high << full_scale.shift),
        label=windows.label,
        classes=windows.classes,
        device=device,
        sensor=profile.name,
        full_scale=full_scale.name,
        power_mode=setting.mode.name,
        convention=options.convention,
        low_pass=setting.low_pass.name,
        zero_bits=full_scale.shift,
        notes=notes,
        synthetic=bool(windows.synthetic.all()),
    )


def _check_cross_axis(pct: float, devices: int) -> None:
    if not (isfinite(pct) and pct >= 0):
        raise ConfigError(f"cross_axis_pct must be 0 or more, got {pct}.")
    if not devices:
        raise ConfigError("cross_axis_pct is an error of single units: ask for devices, 1 or more.")


def _mounted(windows: Windows, name: str, options: RenderOptions, index: IntArray) -> SignalWindows:
    """Give the signal as a sensor mounted as the options say would have felt it."""
    source = windows.signals[name]
    if options.mounting == "kept":
        return source
    if not has_axes(source.channels):
        raise SensorError(
            f"a mounting turns three axes of one unit, signal {name!r} has {len(source.channels)} "
            "channel(s). Leave mounting out."
        )
    if isinstance(options.mounting, str):
        rotations = _drawn_rotations(windows, options.seed, index)
    else:
        rotations = np.broadcast_to(rotation_by(options.mounting), (len(windows), 3, 3))
    return rotated({name: source}, rotations)[name]


def _drawn_rotations(windows: Windows, seed: int, index: IntArray) -> _Array:
    """Give a rotation a window, (window, 3, 3), the same for all windows of a named person."""
    rotations = np.empty((len(windows), 3, 3))
    whose = zip(windows.subject.tolist(), index.tolist(), strict=True)
    for row, (subject, place) in enumerate(whose):
        digest = hashlib.sha256(subject.encode()).digest()
        stream = (1, int.from_bytes(digest[:8], "big")) if subject else (0, place)
        rotations[row] = draw_rotations(1, generator(seed, _STREAM_MOUNTING, *stream))[0]
    return rotations


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
        low_pass=options.low_pass,
        own_rate_hz=own_rate_hz,
        convention=options.convention,
    )


def _notes(
    profile: SensorProfile,
    part: SignalProfile,
    setting: Setting,
    options: RenderOptions,
    noise: Noise | None,
) -> tuple[str, ...]:
    """Say of the part, whatever the values, what was chosen for it and what is not known of it."""
    return (
        *setting.notes,
        *_noise_notes(profile, part, setting, options, noise),
        *_device_notes(profile, part, options),
    )


def _noise_notes(
    profile: SensorProfile,
    part: SignalProfile,
    setting: Setting,
    options: RenderOptions,
    noise: Noise | None,
) -> tuple[str, ...]:
    if not options.noise:
        return ("no noise was added, as asked.",)
    of = f"the noise of {profile.name} {part.name}"
    if noise is None:
        figure = part.figures[setting.mode.noise]
        told = "is not published" if figure.value == NOT_PUBLISHED else "was not found"
        return (f"{of} in the power mode {setting.mode.name} {told}: none was added.",)
    if noise.full_scale != setting.full_scale.name:
        return (
            f"{of} at {setting.full_scale.name} is not known: that at {noise.full_scale} holds.",
        )
    return ()


def _device_notes(
    profile: SensorProfile, part: SignalProfile, options: RenderOptions
) -> tuple[str, ...]:
    if not options.devices:
        return ("ideal part: no offset, sensitivity or rate error of single devices.",)
    given = () if options.cross_axis_pct is None else ("cross_axis_sd_pct",)
    missing = [name for name in _UNIT_FIGURES if name in part.unknown and name not in given]
    turns = f"{options.devices} device(s) take turns, window by window."
    if not options.clock_errors:
        turns = "a class is one unit's throughout, its clock error left out."
    if not missing:
        return (turns,)
    return (turns, f"{profile.name} {part.name}: {listed(missing)} not known, taken as 0.")


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
        part,
        devices=options.devices,
        channels=values.shape[2],
        seed=options.seed if options.device_seed is None else options.device_seed,
        cross_axis_pct=options.cross_axis_pct,
    )
    if not options.clock_errors:
        errors = replace(errors, rate=np.ones_like(errors.rate))
    device = index % options.devices
    out = np.empty_like(values)
    for unit in np.unique(device).tolist():
        mine = device == unit
        out[mine] = read_by(errors, unit, values[mine])
    return out, device


def _with_noise(
    values: _Array, noise: Noise, setting: Setting, seed: int, index: IntArray
) -> _Array:
    rate_hz, bandwidth_hz = setting.rate_hz, setting.low_pass.bandwidth_hz(setting.rate_hz)
    sd = noise.sd(bandwidth_hz=bandwidth_hz, rate_hz=rate_hz, channels=values.shape[2])
    noisy = np.empty_like(values)
    for row, place in enumerate(index.tolist()):
        drawn = low_passed_noise(
            values.shape[1:],
            generator(seed, _STREAM_NOISE, place),
            bandwidth_hz=bandwidth_hz,
            rate_hz=rate_hz,
        )
        noisy[row] = values[row] + sd * drawn
    return noisy


def _to_counts(values: _Array, scale: float, full_scale: FullScale) -> CountArray:
    """Give the register's content: rounded half away from zero, clipped, shifted to the left."""
    rounded = np.copysign(np.floor(np.abs(values) / scale + 0.5), values)
    clipped: _Array = rounded.clip(*full_scale.clip_counts) * 2**full_scale.shift
    low, high = (count << full_scale.shift for count in full_scale.clip_counts)
    if low < np.iinfo(np.int16).min or high > np.iinfo(np.int16).max:
        return clipped.astype(np.int32)
    return clipped.astype(np.int16)
