"""What readings of any sensor must be: within range, as finely stepped and as slow as real ones."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import FloatArray, SignalWindows, StrArray, Windows
from wearsynth.evaluation.quantities import Quantity, plain
from wearsynth.features import Float64Array

UNIT_LIMITS = {"degC": (10.0, 45.0), "uS": (0.0, 100.0), "bpm": (25.0, 240.0)}
"""What a sensor on living skin can read, with room to spare; other units have no limit of their own."""

MARGIN = 0.5
"""Readings further outside of real people's range than half its width are beyond them: people differ."""

SAME_END = 1e-3
"""Ends of two groups' readings that differ by less than this share of the range are the same."""

LIMIT_GROUPS = 3
LIMIT_SHARE = 1 / 4
"""Where so many groups and this share of them end alike, a sensor clips or a scale was cut."""

OVER = 0.01
"""A reading is beyond a hard limit by more than this share of the range."""

MOTION_UNITS = ("g", "m/s2", "rad/s", "uT")
DRIFT_S = 10.0
"""Shorter windows have no slope worth the name."""

STEP_SHARE = 1e-3
"""Steps finer than this share of the readings' sd count as continuous, about."""

ON_GRID = 0.95
OFF_GRID = 0.1
STEP_READINGS = 200_000
"""A step is sought among at most so many readings of a channel."""


@dataclass(frozen=True, eq=False)
class Range:
    """What the readings of real people are, (channel,): lowest, highest, sd (1 where they are flat).

    floor, ceiling: the hard limits at which readings of many groups end; infinite where none is.
    """

    low: Float64Array
    high: Float64Array
    spread: Float64Array
    floor: Float64Array
    ceiling: Float64Array


def ranges_of(windows: Windows) -> dict[str, Range]:
    """Give each signal's range."""
    return {name: _range(of.values, windows.group) for name, of in windows.signals.items()}


def _range(values: FloatArray, group: StrArray) -> Range:
    spread = values.std(axis=(0, 1), dtype=np.float64)
    names = np.unique(group)
    lows, highs = (
        np.stack([end(values[group == name], axis=(0, 1)) for name in names]).astype(np.float64)
        for end in (np.min, np.max)
    )
    low, high = lows.min(axis=0), highs.max(axis=0)
    near = SAME_END * (high - low)
    floor = np.where(_many(lows <= low + near), low, -np.inf)
    ceiling = np.where(_many(highs >= high - near), high, np.inf)
    return Range(low, high, np.where(spread > 0, spread, 1.0), floor, ceiling)


def _many(at_end: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Give where so many groups end alike that it can be no chance, (channel,)."""
    return np.asarray(at_end.sum(axis=0) >= max(LIMIT_GROUPS, LIMIT_SHARE * len(at_end)))


def any_quantities(windows: Windows, real: Mapping[str, Range]) -> list[Quantity]:
    """Give the quantities of each signal; real: the ranges of the people who are compared with."""
    quantities: list[Quantity] = []
    for name, signal in windows.signals.items():
        quantities += _peaks(name, signal, real[name])
        quantities += _resolution(name, signal, real[name])
        quantities += _outside(name, signal, real[name])
        quantities += _drift(name, signal, real[name])
    return quantities


def _peaks(name: str, signal: SignalWindows, real: Range) -> list[Quantity]:
    """Give the largest size of three axes, or each channel's swing; readings at the extremes."""
    values = signal.values
    units = {channel.unit for channel in signal.channels}
    quantities = []
    if len(signal.channels) == 3 and len(units) == 1:
        peak = np.sqrt((values.astype(np.float64) ** 2).sum(axis=2)).max(axis=1)
        least = 0.02 * float(np.linalg.norm(real.spread))
        quantities = [plain("peaks", f"{name} peak", units.pop(), peak, least=least)]
    else:
        swing = np.ptp(values, axis=1).astype(np.float64)
        quantities = [
            plain("peaks", f"{label} swing", unit, swing[:, at], least=0.02 * real.spread[at])
            for at, (label, unit) in enumerate(_labels(name, signal))
        ]
    ends = (values == values.min(axis=(0, 1))) | (values == values.max(axis=(0, 1)))
    clipped = ends.mean(axis=(1, 2))
    return [*quantities, plain("peaks", f"{name} clipped", "of readings", clipped, least=0.01)]


def _labels(name: str, signal: SignalWindows) -> list[tuple[str, str]]:
    """Give what each channel is called in a sentence, and its unit."""
    alone = len(signal.channels) == 1
    return [(name if alone else f"{name} {c.name}", c.unit) for c in signal.channels]


def _resolution(name: str, signal: SignalWindows, real: Range) -> list[Quantity]:
    """Give the step between values, of the whole set, and the share of readings that repeat."""
    steps = np.array([step_of(signal.values[:, :, at]) for at in range(len(signal.channels))])
    doublings = np.log2(1 + steps / (STEP_SHARE * real.spread)).mean()
    count = len(signal.values)
    widest = float(steps.max())
    unit = signal.channels[int(steps.argmax())].unit
    repeats = (np.diff(signal.values, axis=1) == 0).mean(axis=(1, 2), dtype=np.float64)
    return [
        Quantity(
            "resolution",
            f"{name} step",
            f"{unit} (0: continuous)",
            np.full(count, doublings),
            1.0,
            np.full(count, widest),
        ),
        plain("resolution", f"{name} repeats", "of readings", repeats, least=0.02),
    ]


def step_of(values: FloatArray) -> float:
    """Give the step that all differences of values are multiples of; 0 where there is none.

    values: any shape. Rounding of float32 is no step.
    """
    flat = values.ravel()
    flat = flat[:: max(1, len(flat) // STEP_READINGS)]
    distinct = np.unique(flat).astype(np.float64)
    if len(distinct) < 2:
        return 0.0
    gaps = np.diff(distinct)
    noise = 8 * np.finfo(np.float32).eps * float(np.abs(distinct).max())
    gaps = gaps[gaps > noise]
    if not len(gaps):
        return 0.0
    multiples = gaps / gaps.min()
    near = np.abs(multiples - np.round(multiples)) <= OFF_GRID + noise / gaps.min()
    return float(gaps.min()) if near.mean() >= ON_GRID and gaps.min() > 20 * noise else 0.0


def _outside(name: str, signal: SignalWindows, real: Range) -> list[Quantity]:
    """Give the share of readings beyond those of real people, and beyond what the unit allows."""
    values = signal.values
    room = MARGIN * (real.high - real.low)
    beyond = (values < real.low - room) | (values > real.high + room)
    quantities = [
        plain(
            "out_of_range",
            f"{name} far beyond real people",
            "of readings",
            beyond.mean(axis=(1, 2), dtype=np.float64),
            least=0.01,
        )
    ]
    quantities += _over_limits(name, values, real)
    known = [at for at, channel in enumerate(signal.channels) if channel.unit in UNIT_LIMITS]
    if known:
        low, high = np.array([UNIT_LIMITS[signal.channels[at].unit] for at in known]).T
        off = ((values[:, :, known] < low) | (values[:, :, known] > high)).mean(axis=(1, 2))
        quantities.append(
            plain("out_of_range", f"{name} impossible", "of readings", off, least=0.01)
        )
    return quantities


def _over_limits(name: str, values: FloatArray, real: Range) -> list[Quantity]:
    """Give whether windows have readings beyond hard limits, where there are any."""
    if not (np.isfinite(real.floor) | np.isfinite(real.ceiling)).any():
        return []
    room = OVER * (real.high - real.low)
    over = (values < real.floor - room) | (values > real.ceiling + room)
    share = np.asarray(over.any(axis=(1, 2)), dtype=np.float64)
    return [plain("out_of_range", f"{name} beyond hard limits", "of windows", share, least=0.02)]


def _drift(name: str, signal: SignalWindows, real: Range) -> list[Quantity]:
    """Give each channel's slope a minute, where it is no movement and windows are long enough."""
    if signal.length_s < DRIFT_S:
        return []
    time_min = np.arange(signal.values.shape[1]) / signal.rate_hz / 60
    centred = time_min - time_min.mean()
    weights = centred / (centred**2).sum()  # least squares
    slope = np.einsum("wtc,t->wc", signal.values.astype(np.float64), weights)
    return [
        plain("drift", f"{label} slope", f"{unit}/min", slope[:, at], least=0.01 * real.spread[at])
        for at, (label, unit) in enumerate(_labels(name, signal))
        if unit not in MOTION_UNITS
    ]
