"""What the profiles hold, in words: a row a signal for the list, a row a figure for one part."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from wearsynth.sensors.profile import Figure, SensorProfile, SignalProfile, rates_of

LIST_COLUMNS = (
    "sensor",
    "signal",
    "vendor",
    "kind",
    "full scales",
    "rates, Hz",
    "bits",
    "verified",
)
FIGURE_COLUMNS = ("figure", "value", "verified", "source")
_VERIFIED = {True: "yes", False: "no", "secondary": "secondary"}
_BY_ENDING = {"_mg_per_degc": "mg/degC", "_pct_per_degc": "%/degC", "_pct": "%"}
_IN_G = {"density": (1e6, "ug/sqrt(Hz)"), "rms": (1e3, "mg"), "offset": (1e3, "mg")}


@dataclass(frozen=True)
class FigureRow:
    """One figure in words. values: one line a value, such as a full scale or a power mode."""

    name: str
    values: tuple[str, ...]
    verified: str
    source: str


def list_rows(profiles: Iterable[SensorProfile]) -> list[tuple[str, ...]]:
    """Give a row a signal of each part, in the order of LIST_COLUMNS.

    verified: how many of the figures are, of how many; what is secondary or unknown is not.
    """
    return [
        (
            profile.name,
            part.name,
            profile.vendor,
            profile.kind,
            _full_scales(part),
            _rates(rates_of(part.figures["rates_hz"].value)),
            _bits(part),
            _verified(part),
        )
        for profile in profiles
        for part in profile.signals.values()
    ]


def figure_rows(part: SignalProfile) -> list[FigureRow]:
    """Give a row for each figure of a signal, in the order of the profile."""
    return [
        FigureRow(name, _values(name, figure, part), _VERIFIED[figure.verified], figure.source)
        for name, figure in part.figures.items()
    ]


def _full_scales(part: SignalProfile) -> str:
    if part.unit != "g":
        return part.default_full_scale
    return ", ".join(f"{scale.limit:g}" for scale in part.full_scales) + " g"


def _rates(rates_hz: tuple[float, ...]) -> str:
    ends = sorted({min(rates_hz), max(rates_hz)})
    return " to ".join(f"{rate:g}" for rate in ends)


def _bits(part: SignalProfile) -> str:
    """Give the widths of the converter in the part's modes, the widest first."""
    in_modes = [part.in_mode(mode).full_scales for mode in part.power_modes]
    widths = {scale.bits for scales in in_modes for scale in scales if scale.bits is not None}
    return ", ".join(str(bits) for bits in sorted(widths, reverse=True)) or "?"


def _verified(part: SignalProfile) -> str:
    yes = sum(figure.verified is True for figure in part.figures.values())
    return f"{yes} of {len(part.figures)}"


def _values(name: str, figure: Figure, part: SignalProfile) -> tuple[str, ...]:
    if not figure.known:
        return (str(figure.value),)
    if name == "full_scales":
        return tuple(_full_scale(row, part.unit) for row in figure.value)
    if name == "power_modes":
        return tuple(_power_mode(row) for row in figure.value)
    if isinstance(figure.value, dict) and name != "rates_hz":
        return tuple(f"{key}: {_told(name, of, part.unit)}" for key, of in figure.value.items())
    return (_told(name, figure.value, part.unit),)


def _full_scale(row: dict[str, Any], unit: str) -> str:
    step = f"{1000 * row['per_count']:g} mg" if unit == "g" else f"{row['per_count']:g} {unit}"
    width = f"{row['bits']} bits, " if "bits" in row else ""
    low, high = row["clip_counts"]
    return f"{row['name']}: {step} a count, {width}counts {low} to {high}"


def _power_mode(row: dict[str, Any]) -> str:
    rates = f"{_listed_rates(row['rates_hz'])}, " if "rates_hz" in row else ""
    width = f"{row['bits']} bits, " if "bits" in row else ""
    return f"{row['name']}: {rates}{width}noise by {row['noise']}"


def _listed_rates(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['divided_hz']:g} / n Hz, n = 1 to {value['most']}"
    return ", ".join(f"{rate:g}" for rate in value) + " Hz"


def _told(name: str, value: Any, unit: str) -> str:
    """Give a value as people say it: ug/sqrt(Hz) for a density in g, % where the name says so."""
    if name == "rates_hz":
        return _listed_rates(value)
    if value is True:
        return "yes"
    values = value if isinstance(value, list) else [value]
    if isinstance(values[0], str):
        return ", ".join(values)
    factor, shown = _shown_unit(name, unit)
    joint = " to " if name == "rate_error_pct" else ", "
    return joint.join(f"{factor * number:g}" for number in values) + f" {shown}"


def _shown_unit(name: str, unit: str) -> tuple[float, str]:
    for end, shown in _BY_ENDING.items():
        if name.endswith(end):
            return 1.0, shown
    kind = name.removeprefix("noise_").split("_")[0]
    return _IN_G.get(kind, (1.0, unit)) if unit == "g" else (1.0, unit)
