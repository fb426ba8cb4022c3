"""What a sensor part can do: scales, rates, noise, errors between units, each with its source.

One TOML file a part lies in sensors/profiles. A figure is a table with value, source and verified
(true, false or "secondary"). A figure that its maker does not tell has the value "not published",
one that is told somewhere but not in the sources at hand "not found": rendering takes both as 0.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from math import isclose, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from wearsynth.errors import SensorError, did_you_mean

Convention = Literal["nominal", "physical"]
NOT_PUBLISHED, NOT_FOUND = "not published", "not found"
REGISTER_BITS = 16
_SAME_SENSITIVITY = 0.05  # beyond, the printed step is another by design: LIS2DH12 at 16 g


@dataclass(frozen=True)
class Figure:
    """One figure of a datasheet with where it stands; verified is yes, no or secondary."""

    value: Any
    source: str
    verified: bool | Literal["secondary"]

    @property
    def known(self) -> bool:
        """Whether there is a figure at all."""
        return self.value not in (NOT_PUBLISHED, NOT_FOUND)


@dataclass(frozen=True)
class FullScale:
    """One selectable range.

    limit: the range's end in the signal's unit. per_count: the unit for one step of the converter,
    as the vendor's software multiplies it. clip_counts: its lowest and highest step. bits: its
    width, None where that is not published. shift: how many low bits of the register stay 0.
    """

    name: str
    limit: float
    per_count: float
    clip_counts: tuple[int, int]
    bits: int | None = None
    shift: int = 0

    def scale(self, convention: Convention) -> float:
        """Give the unit for one step: the vendor's rounded one, or the exact limit / 2^(bits-1).

        A part that prints a step more than 5 % off the exact one counts by it on purpose: then the
        printed one holds in both conventions.
        """
        if convention == "nominal" or self.bits is None:
            return self.per_count
        exact = self.limit / float(2 ** (self.bits - 1))
        meant = isclose(exact, self.per_count, rel_tol=_SAME_SENSITIVITY)
        return exact if meant else self.per_count

    def in_bits(self, bits: int) -> "FullScale":
        """Give the range in a mode with fewer bits: larger steps, more low bits that stay 0."""
        fewer = (self.bits or bits) - bits
        low, high = self.clip_counts
        return replace(
            self,
            per_count=self.per_count * 2**fewer,
            clip_counts=(low >> fewer, high >> fewer),
            bits=bits,
            shift=self.shift + fewer,
        )


@dataclass(frozen=True)
class LowPass:
    """One choice of a part's low-pass filter, by its -3 dB bandwidth: "ODR/4" or "50 Hz"."""

    name: str

    def bandwidth_hz(self, rate_hz: float) -> float:
        """Give the bandwidth at an output data rate; half the rate is the most there can be."""
        if self.name.startswith("ODR/"):
            return rate_hz / float(self.name.removeprefix("ODR/"))
        return min(float(self.name.removesuffix(" Hz")), rate_hz / 2)


@dataclass(frozen=True)
class PowerMode:
    """One way of running the part: its rates, its filters (usual first), its figure of noise.

    bits: the converter's width in this mode, None for that of the full scale.
    """

    name: str
    rates_hz: tuple[float, ...]
    noise: str
    low_passes: tuple[LowPass, ...] = ()
    bits: int | None = None


@dataclass(frozen=True)
class Noise:
    """White noise of a power mode at a full scale.

    by_axis: one number, or one an axis: unit / sqrt(Hz) if density, else the unit's RMS in a
    bandwidth of half the rate. full_scale: the one that the figure was given for.
    """

    by_axis: tuple[float, ...]
    density: bool
    full_scale: str

    def sd(self, *, bandwidth_hz: float, rate_hz: float, channels: int) -> NDArray[np.float64]:
        """Give the standard deviation of each channel, (channel,), in the signal's unit.

        A density times sqrt(bandwidth). A fixed RMS holds at any rate (LSM6DSL datasheet, Table 3);
        a narrower filter takes its share of the bandwidth from it.
        """
        width = bandwidth_hz if self.density else bandwidth_hz / (rate_hz / 2)
        return by_channel(self.by_axis, channels) * sqrt(width)


@dataclass(frozen=True)
class SignalProfile:
    """One signal of a part.

    offset_sd: unit, one number or one an axis; sensitivity_sd, cross_axis_sd: share; rate_error:
    lowest and highest share, uniform between. These are errors of single units, and 0 where nothing
    is known. figures: all with their sources.
    """

    name: str
    unit: str
    full_scales: tuple[FullScale, ...]
    default_full_scale: str
    power_modes: tuple[PowerMode, ...]
    offset_sd: tuple[float, ...]
    sensitivity_sd: float
    cross_axis_sd: float
    rate_error: tuple[float, float]
    figures: Mapping[str, Figure]

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names of the figures that are not published or were not found."""
        return tuple(name for name, figure in self.figures.items() if not figure.known)

    def in_mode(self, mode: PowerMode) -> "SignalProfile":
        """Give the signal with the full scales as they are in this power mode."""
        if mode.bits is None:
            return self
        scales = tuple(scale.in_bits(mode.bits) for scale in self.full_scales)
        return replace(self, full_scales=scales)

    def noise(self, mode: PowerMode, full_scale: FullScale) -> Noise | None:
        """Give the noise of a mode at a full scale; None where nothing is known.

        Where the figure was given for other full scales alone, that of the nearest (by ratio).
        """
        value = self.figures[mode.noise].value
        if not self.figures[mode.noise].known:
            return None
        density, name = mode.noise.startswith("noise_density"), full_scale.name
        if not isinstance(value, dict):
            return Noise(_axes(value), density, name)
        limits = {scale.name: scale.limit for scale in self.full_scales if scale.name in value}
        nearest = min(limits, key=lambda one: abs(np.log(limits[one] / full_scale.limit)))
        given = name if name in value else nearest
        return Noise(_axes(value[given]), density, given)


@dataclass(frozen=True)
class SensorProfile:
    """One part: its signals by name."""

    name: str
    title: str
    vendor: str
    kind: str
    signals: Mapping[str, SignalProfile]


def profile_names() -> tuple[str, ...]:
    """Give the names of the parts that have a profile."""
    folder = resources.files("wearsynth.sensors") / "profiles"
    names = [entry.name for entry in folder.iterdir() if entry.name.endswith(".toml")]
    return tuple(sorted(name.removesuffix(".toml") for name in names))


def load_profile(name: str) -> SensorProfile:
    """Give a part's profile by its name, in any case, with or without dashes and blanks.

    SensorError, with the nearest name, where there is none.
    """
    by_plain_name = {_plain(known): known for known in profile_names()}
    known = by_plain_name.get(_plain(name))
    if known is None:
        hint = did_you_mean(name.strip().lower(), profile_names())
        raise SensorError(f"unknown sensor {name!r}.{hint}")
    file = resources.files("wearsynth.sensors") / "profiles" / f"{known}.toml"
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    signals = {key: _signal(key, of) for key, of in table["signals"].items()}
    return SensorProfile(known, table["title"], table["vendor"], table["kind"], signals)


def by_channel(values: tuple[float, ...], channels: int) -> NDArray[np.float64]:
    """Give one number a channel, (channel,): the axes' in turn, or the one of all."""
    return np.resize(np.array(values, dtype=np.float64), channels)


def _plain(name: str) -> str:
    return re.sub(r"[-_\s]", "", name).lower()


def _signal(name: str, table: dict[str, Any]) -> SignalProfile:
    figures = {
        key: Figure(**of) for key, of in table.items() if isinstance(of, dict) and "source" in of
    }
    low, high = _value(figures["rate_error_pct"], [0.0, 0.0])
    left = "left_justified" in figures and figures["left_justified"].value
    return SignalProfile(
        name=name,
        unit=table["unit"],
        full_scales=tuple(_full_scale(row, left=left) for row in figures["full_scales"].value),
        default_full_scale=table["default_full_scale"],
        power_modes=tuple(_power_mode(row, figures) for row in figures["power_modes"].value),
        offset_sd=_axes(_value(figures["offset_sd"], 0.0)),
        sensitivity_sd=_value(figures["sensitivity_sd_pct"], 0.0) / 100,
        cross_axis_sd=_value(figures["cross_axis_sd_pct"], 0.0) / 100,
        rate_error=(low / 100, high / 100),
        figures=figures,
    )


def _value(figure: Figure, otherwise: Any) -> Any:
    return figure.value if figure.known else otherwise


def _axes(value: float | list[float]) -> tuple[float, ...]:
    return tuple(map(float, value)) if isinstance(value, list) else (float(value),)


def _full_scale(row: dict[str, Any], *, left: bool) -> FullScale:
    low, high = row["clip_counts"]
    bits: int | None = row.get("bits")
    return FullScale(
        name=row["name"],
        limit=float(row["limit"]),
        per_count=float(row["per_count"]),
        clip_counts=(low, high),
        bits=bits,
        shift=REGISTER_BITS - bits if left and bits else 0,
    )


def _power_mode(row: dict[str, Any], figures: Mapping[str, Figure]) -> PowerMode:
    names = _value(figures["low_pass"], [])
    names = names[row["name"]] if isinstance(names, dict) else names
    return PowerMode(
        name=row["name"],
        rates_hz=rates_of(row.get("rates_hz", figures["rates_hz"].value)),
        noise=row["noise"],
        low_passes=tuple(LowPass(name) for name in names),
        bits=row.get("bits"),
    )


def rates_of(value: list[float] | dict[str, float]) -> tuple[float, ...]:
    """Give the rates of a list, or of a clock divided by 1, 2, ... up to the most, slowest first."""
    if isinstance(value, list):
        return tuple(map(float, value))
    dividers = range(int(value["most"]), 0, -1)
    return tuple(value["divided_hz"] / divider for divider in dividers)
