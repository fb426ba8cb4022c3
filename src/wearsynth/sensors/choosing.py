"""Which of a part's settings answers a wish; a sentence with what it has where none does."""

from dataclasses import dataclass, replace

import numpy as np

from wearsynth.errors import SensorError, did_you_mean
from wearsynth.sensors.profile import (
    NOT_PUBLISHED,
    Convention,
    FullScale,
    LowPass,
    PowerMode,
    SensorProfile,
    SignalProfile,
    load_profile,
    profile_names,
)

MOST_LISTED = 12
"""More rates than this are told by the slowest, the fastest and the nearest."""

HALF_THE_RATE = LowPass("ODR/2")


@dataclass(frozen=True)
class Setting:
    """How a part is set up, and a note for each choice that nobody made."""

    full_scale: FullScale
    mode: PowerMode
    rate_hz: float
    low_pass: LowPass
    notes: tuple[str, ...]


def choose_setting(
    profile: SensorProfile,
    part: SignalProfile,
    *,
    own_rate_hz: float,
    full_scale: str | float | None = None,
    power_mode: str | None = None,
    rate_hz: float | None = None,
    low_pass: str | None = None,
    convention: Convention = "nominal",
) -> Setting:
    """Give the setting for readings at own_rate_hz; None takes the part's usual or nearest value.

    SensorError, naming what the part has, for a full scale, power mode, rate or low-pass filter that
    it lacks.
    """
    mode, mode_notes = choose_power_mode(profile, part, power_mode)
    scale, scale_notes = choose_full_scale(
        profile, part.in_mode(mode), full_scale, convention=convention
    )
    rate, rate_notes = choose_rate(profile, part, mode, rate_hz=rate_hz, own_rate_hz=own_rate_hz)
    passes, pass_notes = choose_low_pass(profile, part, mode, low_pass)
    notes = (*scale_notes, *mode_notes, *rate_notes, *pass_notes)
    return Setting(scale, mode, rate, passes, notes)


def choose_full_scale(
    profile: SensorProfile,
    part: SignalProfile,
    wanted: str | float | None,
    *,
    convention: Convention = "nominal",
) -> tuple[FullScale, tuple[str, ...]]:
    """Give the part's full scale of that name, and notes on what was chosen.

    "6g" on a part without it: clip at +-6 g, counts at the next larger sensitivity.
    SensorError, naming what the part has, for any other that it lacks.
    """
    name = part.default_full_scale if wanted is None else _full_scale_name(wanted)
    by_name = {scale.name: scale for scale in part.full_scales}
    if name in by_name:
        told = (f"full scale {name}: the profile's usual one, none was given.",)
        return by_name[name], told if wanted is None and len(by_name) > 1 else ()
    larger = [scale for scale in part.full_scales if scale.limit > 6]
    if name == "6g" and part.unit == "g" and larger:
        nearest = min(larger, key=lambda scale: scale.limit)
        return _clipped_at_6g(profile, nearest, convention)
    raise SensorError(_lacking_full_scale(profile, part, name))


def _full_scale_name(wanted: str | float) -> str:
    text = f"{wanted:g}" if isinstance(wanted, int | float) else wanted.replace(" ", "")
    return f"{text}g" if text.replace(".", "", 1).isdigit() else text


def _clipped_at_6g(
    profile: SensorProfile, larger: FullScale, convention: Convention
) -> tuple[FullScale, tuple[str, ...]]:
    count = int(6 / larger.scale(convention))
    note = (
        f"full scale 6g: {profile.name} has none; clipped at +-6 g, counts at the "
        f"{larger.name} sensitivity."
    )
    return replace(larger, name="6g", clip_counts=(-count, count)), (note,)


def _lacking_full_scale(profile: SensorProfile, part: SignalProfile, name: str) -> str:
    if part.unit != "g":
        return f"{profile.name} {part.name} has one range, {part.default_full_scale}, not {name}."
    has = listed([f"{scale.limit:g}" for scale in part.full_scales])
    wanted = f"{name.removesuffix('g')} g" if name.endswith("g") else name
    others = [other for other in profile_names() if name in _ranges_g(load_profile(other))]
    hint = f" A {wanted} part: {listed(others)}." if others else ""
    return f"{profile.name} has no {wanted} full scale; it has {has}.{hint}"


def _ranges_g(profile: SensorProfile) -> set[str]:
    acceleration = [part for part in profile.signals.values() if part.unit == "g"]
    return {scale.name for part in acceleration for scale in part.full_scales}


def choose_power_mode(
    profile: SensorProfile, part: SignalProfile, wanted: str | None
) -> tuple[PowerMode, tuple[str, ...]]:
    """Give the part's power mode of that name, or its first with a note; SensorError if it lacks it."""
    by_name = {mode.name: mode for mode in part.power_modes}
    if wanted is None:
        mode = part.power_modes[0]
        told = (f"power mode {mode.name}: the profile's usual one, none was given.",)
        return mode, told if len(by_name) > 1 else ()
    if wanted not in by_name:
        hint = did_you_mean(wanted, by_name)
        raise SensorError(f"{profile.name} has no power mode {wanted!r}.{hint}")
    return by_name[wanted], ()


def choose_rate(
    profile: SensorProfile,
    part: SignalProfile,
    mode: PowerMode,
    *,
    rate_hz: float | None,
    own_rate_hz: float,
) -> tuple[float, tuple[str, ...]]:
    """Give a rate of this power mode, and a note where readings at own_rate_hz must be resampled.

    None: the own rate where the mode has it, else the nearest by ratio. SensorError where the mode
    lacks the rate asked for, naming the modes that have it.
    """
    if rate_hz is None:
        chosen = min(mode.rates_hz, key=lambda rate: float(abs(np.log(rate / own_rate_hz))))
        why = f"the nearest that {profile.name} has in the power mode {mode.name}"
    else:
        chosen, why = _given_rate(profile, part, mode, rate_hz), "as asked"
    if np.isclose(chosen, own_rate_hz):
        return chosen, ()
    return chosen, (f"resampled from {own_rate_hz:g} Hz to {chosen:g} Hz, {why}.",)


def _given_rate(
    profile: SensorProfile, part: SignalProfile, mode: PowerMode, wanted_hz: float
) -> float:
    for rate_hz in mode.rates_hz:
        if np.isclose(rate_hz, wanted_hz):
            return rate_hz
    message = f"{profile.name} has no rate of {wanted_hz:g} Hz in the power mode {mode.name}; "
    message += f"it has {_rates_listed(mode.rates_hz, wanted_hz)} there."
    others = [m.name for m in part.power_modes if np.isclose(m.rates_hz, wanted_hz).any()]
    if others:
        message += f" Power modes with {wanted_hz:g} Hz: {listed(others)}."
    raise SensorError(message)


def _rates_listed(rates_hz: tuple[float, ...], wanted_hz: float) -> str:
    if len(rates_hz) <= MOST_LISTED:
        return f"{listed([f'{rate:g}' for rate in rates_hz])} Hz"
    nearest = min(rates_hz, key=lambda rate: abs(rate - wanted_hz))
    return f"{len(rates_hz)} from {min(rates_hz):g} to {max(rates_hz):g} Hz, {nearest:g} Hz the nearest"


def choose_low_pass(
    profile: SensorProfile, part: SignalProfile, mode: PowerMode, wanted: str | None
) -> tuple[LowPass, tuple[str, ...]]:
    """Give the mode's low-pass filter of that name, or its usual one with a note.

    Half the rate, with a note, where the part's filters are not known. SensorError, naming what it
    has, for one that it lacks.
    """
    if not mode.low_passes:
        return _unknown_low_pass(profile, part, wanted)
    if wanted is None:
        usual = mode.low_passes[0]
        told = (f"low-pass filter {usual.name}: the part's usual one, none was given.",)
        return usual, told if len(mode.low_passes) > 1 else ()
    by_name = {_plain(one.name): one for one in mode.low_passes}
    if _plain(wanted) not in by_name:
        has = listed([one.name for one in mode.low_passes])
        raise SensorError(
            f"{profile.name} has no low-pass filter {wanted!r} in the power mode {mode.name}; "
            f"it has {has}."
        )
    return by_name[_plain(wanted)], ()


def _unknown_low_pass(
    profile: SensorProfile, part: SignalProfile, wanted: str | None
) -> tuple[LowPass, tuple[str, ...]]:
    figure = part.figures["low_pass"]
    told = "are not published" if figure.value == NOT_PUBLISHED else "were not found"
    sentence = f"the low-pass filters of {profile.name} {part.name} {told}"
    if wanted is not None:
        raise SensorError(f"{sentence}: leave low_pass out, got {wanted!r}.")
    return HALF_THE_RATE, (f"{sentence}: the bandwidth is taken as half the rate.",)


def _plain(name: str) -> str:
    return name.replace(" ", "").lower()


def listed(words: list[str]) -> str:
    """Give words as in a sentence: "2, 4 and 8"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
