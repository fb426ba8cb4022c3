"""What a sensor part can do: scales, rates, noise, errors between units, each with its source.

One TOML file a part lies in sensors/profiles. A figure is a table with value, source and verified
(true, false or "secondary"); a figure that nobody published has the value "not published".
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from math import sqrt
from typing import Any, Literal

from wearsynth.errors import SensorError, did_you_mean

Convention = Literal["nominal", "physical"]
NOT_PUBLISHED = "not published"


@dataclass(frozen=True)
class Figure:
    """One figure of a datasheet with where it stands; verified is yes, no or secondary."""

    value: Any
    source: str
    verified: bool | Literal["secondary"]

    @property
    def published(self) -> bool:
        """Whether there is a figure at all."""
        return bool(self.value != NOT_PUBLISHED)


@dataclass(frozen=True)
class FullScale:
    """One selectable range.

    limit: the range's end in the signal's unit. per_count: the unit for one count as the vendor's
    software multiplies it. bits: the converter's width, None where it is not published.
    noise_density: unit / sqrt(Hz); noise_rms: unit, at any rate; both 0 where not published.
    """

    name: str
    limit: float
    per_count: float
    clip_counts: tuple[int, int]
    bits: int | None = None
    noise_density: float = 0.0
    noise_rms: float = 0.0

    def scale(self, convention: Convention) -> float:
        """Give the unit for one count: the vendor's rounded one, or the exact limit / 2^(bits-1)."""
        if convention == "nominal" or self.bits is None:
            return self.per_count
        return self.limit / float(2 ** (self.bits - 1))


@dataclass(frozen=True)
class PowerMode:
    """One way of running the part: which rates it has, and which kind of noise."""

    name: str
    rates_hz: tuple[float, ...]
    noise: Literal["density", "rms", "not published"]

    def noise_sd(self, full_scale: FullScale, rate_hz: float) -> float:
        """Give the noise's standard deviation in the signal's unit.

        Density times sqrt(rate / 2), the bandwidth of the part's first filter; or the fixed RMS of
        its low-power modes (LSM6DSL datasheet, Table 3); 0 where nothing is published.
        """
        if self.noise == "density":
            return full_scale.noise_density * sqrt(rate_hz / 2)
        return full_scale.noise_rms if self.noise == "rms" else 0.0


@dataclass(frozen=True)
class SignalProfile:
    """One signal of a part.

    offset_sd: unit; sensitivity_sd: share; rate_error: lowest and highest share, uniform between;
    these are errors of single units and 0 where not published. figures: all with their sources.
    """

    name: str
    unit: str
    full_scales: tuple[FullScale, ...]
    default_full_scale: str
    power_modes: tuple[PowerMode, ...]
    offset_sd: float
    sensitivity_sd: float
    rate_error: tuple[float, float]
    figures: Mapping[str, Figure]

    @property
    def unpublished(self) -> tuple[str, ...]:
        """The names of the figures that nobody published."""
        return tuple(name for name, figure in self.figures.items() if not figure.published)


@dataclass(frozen=True)
class SensorProfile:
    """One part: its signals by name."""

    name: str
    title: str
    signals: Mapping[str, SignalProfile]


def profile_names() -> tuple[str, ...]:
    """Give the names of the parts that have a profile."""
    folder = resources.files("wearsynth.sensors") / "profiles"
    names = [entry.name for entry in folder.iterdir() if entry.name.endswith(".toml")]
    return tuple(sorted(name.removesuffix(".toml") for name in names))


def load_profile(name: str) -> SensorProfile:
    """Give a part's profile by its name in any case; SensorError where there is none."""
    wanted = name.strip().lower()
    if wanted not in profile_names():
        raise SensorError(f"unknown sensor {name!r}.{did_you_mean(wanted, profile_names())}")
    file = resources.files("wearsynth.sensors") / "profiles" / f"{wanted}.toml"
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    signals = {key: _signal(key, of) for key, of in table["signals"].items()}
    return SensorProfile(wanted, table["title"], signals)


def _signal(name: str, table: dict[str, Any]) -> SignalProfile:
    figures = {
        key: Figure(**of) for key, of in table.items() if isinstance(of, dict) and "source" in of
    }
    rate_error = figures["rate_error_pct"]
    low, high = rate_error.value if rate_error.published else (0.0, 0.0)
    return SignalProfile(
        name=name,
        unit=table["unit"],
        full_scales=tuple(_full_scale(row, figures) for row in figures["full_scales"].value),
        default_full_scale=table["default_full_scale"],
        power_modes=tuple(_power_mode(row) for row in figures["power_modes"].value),
        offset_sd=_number(figures["offset_sd"]),
        sensitivity_sd=_number(figures["sensitivity_sd_pct"]) / 100,
        rate_error=(low / 100, high / 100),
        figures=figures,
    )


def _number(figure: Figure) -> float:
    return float(figure.value) if figure.published else 0.0


def _full_scale(row: dict[str, Any], figures: Mapping[str, Figure]) -> FullScale:
    low, high = row["clip_counts"]
    return FullScale(
        name=row["name"],
        limit=float(row["limit"]),
        per_count=float(row["per_count"]),
        clip_counts=(low, high),
        bits=row.get("bits"),
        noise_density=_noise(row["name"], figures["noise_density"]),
        noise_rms=_noise(row["name"], figures["noise_rms_low_power"]),
    )


def _noise(full_scale: str, figure: Figure) -> float:
    return float(figure.value[full_scale]) if figure.published else 0.0


def _power_mode(row: dict[str, Any]) -> PowerMode:
    return PowerMode(row["name"], tuple(map(float, row["rates_hz"])), row["noise"])
