"""The grid that a sensor's readings lie on: its resolution, the ends of its range, how long one stands.

Synthetic readings are brought onto the grid that the real ones were on, so that nothing between two
counts, and nothing beyond the range, gives them away.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import FloatArray, Windows
from wearsynth.mounting import has_axes

MOST_READINGS = 200_000
"""The grid is looked for in at most so many readings, evenly spread."""

OFF_GRID = 0.02
"""Readings lie on a grid where they are within this share of a step of it, but for a few."""

ON_GRID_SHARE = 0.999
CHANGE_QUANTILE, OFF_CHANGE, CHANGE_SHARE = 0.2, 0.08, 0.85
"""Small changes are one step; within this share of a step, so many changes are whole ones."""

COARSE_STEPS = 20_000
"""A spread of more steps than this is as good as none: rounding then changes nothing to speak of."""

SAME_GRID = 0.9
"""All windows lie on one grid where the mean of their places on it, as turns, is so long."""

MOST_DIGITS = 7

MOST_HELD, LEAST_CHANGES = 8, 50
"""A reading may stand for so many; as many changes, or values, at least tell it."""

NEVER_NEGATIVE = {"uS"}
"""Units of what cannot be below 0."""

PILED, NEXT_VALUES = 3.0, 5
"""It shows it, too, where the outermost value stands so many times as often as each of the next."""

CLIPPED_SHARE = 1e-3
"""A sensor shows its range where at least this share of readings stands at the outermost value."""


@dataclass(frozen=True)
class Grid:
    """One channel's resolution and range. step: 0 where readings lie on no grid; low, high: or infinite.

    held: a sensor that is slower than its signal's rate gives each of its readings so many times.
    offset: a reading that lies on the grid; not a number where each window has a grid of its own, which
    then lies where its first reading does. digit: the last decimal written, 0 where that is not known.
    """

    step: float = 0.0
    low: float = -float("inf")
    high: float = float("inf")
    held: int = 1
    offset: float = 0.0
    digit: float = 0.0

    def put(self, values: FloatArray) -> FloatArray:
        """Give the nearest readings on the grid and within the range, (window, time) float32."""
        exact = values.astype(np.float64)
        if self.held > 1:
            time = exact.shape[-1]
            exact = np.repeat(exact[..., :: self.held], self.held, axis=-1)[..., :time]
        if self.step > 0:
            offset = exact[..., :1] if np.isnan(self.offset) else self.offset
            exact = np.round((exact - offset) / self.step) * self.step + offset
        if self.digit > 0:
            exact = np.round(exact / self.digit) * self.digit
        return np.clip(exact, self.low, self.high).astype(np.float32)

    def anchored(self, reading: float) -> "Grid":
        """Give a grid of its own as it lies where a reading does; others as they are."""
        return replace(self, offset=reading) if np.isnan(self.offset) else self


def grid_of(readings: FloatArray, unit: str = "1") -> Grid:
    """Give the grid that readings of one channel, (..., time), lie on.

    >>> grid_of(np.array([0.5, 0.75, 1.0, 0.25, 1.75], np.float32)).step
    0.25
    """
    flat = readings.reshape(-1).astype(np.float64)
    values = np.unique(flat[:: max(1, len(flat) // MOST_READINGS)])
    spread = 2 * float(np.subtract(*np.quantile(flat, [0.75, 0.25])))
    low, high = _range(flat)
    if unit in NEVER_NEGATIVE and flat.min() >= 0:
        low = max(low, 0.0)
    held = _held(readings)
    changes = _step_of_changes(readings[..., ::held], spread)
    step = max(_step(values, spread), changes)
    offset = 0.0
    if step == changes > 0:
        offset = _offset(flat, changes)
    return Grid(step, low, high, held, offset, _digit(values) if np.isnan(offset) else 0.0)


def _digit(values: NDArray[np.float64]) -> float:
    """Give the last decimal that a file writes, 0 where there is none or it is finer than float32 shows."""
    rounding = np.abs(values) * np.finfo(np.float32).eps
    for digits in range(1, MOST_DIGITS + 1):
        digit = 10.0**-digits
        shown = rounding <= digit / 4
        if shown.sum() < LEAST_CHANGES:
            break
        off = np.abs(values - np.round(values / digit) * digit)
        if (off <= rounding + digit / 50)[shown].all():
            return digit
    return 0.0


def grids_of(windows: Windows) -> dict[str, tuple[Grid, ...]]:
    """Give, by signal, the grid of each channel's readings."""
    grids = {
        name: tuple(
            grid_of(signal.values[:, :, at], channel.unit)
            for at, channel in enumerate(signal.channels)
        )
        for name, signal in windows.signals.items()
    }
    axes = {name for name, signal in windows.signals.items() if has_axes(signal.channels)}
    return {name: shared_range(of) if name in axes else of for name, of in grids.items()}


def _step_of_changes(readings: FloatArray, spread: float) -> float:
    """Give the step of which changes are whole multiples, wherever each window's grid lies, or 0."""
    apart = np.abs(np.diff(readings.astype(np.float64), axis=-1)).reshape(-1)
    apart = apart[apart > np.abs(readings).max() * 1e-6]
    if len(apart) < LEAST_CHANGES:
        return 0.0
    step = float(np.quantile(apart, CHANGE_QUANTILE))
    near = apart[(apart < 20 * step) & (_off(apart, step) <= OFF_CHANGE)]
    whole = np.round(near / step)
    step = float((near * whole).sum() / (whole**2).sum())
    share = (_off(apart, step) <= OFF_CHANGE).mean()
    fits = share >= CHANGE_SHARE and spread / step <= COARSE_STEPS
    return _short(step, within=1e-4) if fits else 0.0


def _off(values: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Give how far values lie from whole steps, in steps."""
    return np.asarray(np.abs(values / step - np.round(values / step)))


def _offset(flat: NDArray[np.float64], step: float) -> float:
    """Give where most readings lie beside whole steps, not a number where each window has its own."""
    turned = np.exp(2j * np.pi * flat / step).mean()
    offset = float(np.angle(turned) / (2 * np.pi) * step)
    if abs(turned) < SAME_GRID:
        return float("nan")
    return offset if abs(offset) > OFF_GRID * step else 0.0


def _held(readings: FloatArray) -> int:
    """Give how many readings one of the sensor's stands for, from where they change."""
    changes = np.diff(readings, axis=-1) != 0
    at = np.bincount(np.nonzero(changes)[-1] + 1)
    held = [of for of in range(2, MOST_HELD + 1) if at[::of].sum() >= ON_GRID_SHARE * at.sum()]
    return max(held, default=1) if at.sum() >= LEAST_CHANGES else 1


def _step(values: NDArray[np.float64], spread: float) -> float:
    """Give the largest step that the values, in order, are whole multiples of, or 0.

    spread: of most readings; a few outliers tell nothing.
    """
    if len(values) < 2 or np.ptp(values) == 0:
        return 0.0
    apart = np.diff(values)
    apart = apart[apart > np.abs(values).max() * 1e-6]  # float32 writes one value in several ways
    if not len(apart):
        return 0.0
    step = float(np.quantile(apart, 0.05))
    for whole in range(1, 9):  # close neighbours may all lie several steps apart
        tried = _refined(values, step / whole)
        off = _off(values, tried)
        if spread / tried > COARSE_STEPS:
            return 0.0
        if (off <= OFF_GRID).mean() >= ON_GRID_SHARE:
            return _short(tried)
    return 0.0


def _refined(values: NDArray[np.float64], step: float) -> float:
    """Give the step that fits the largest values best, from one that fits neighbours."""
    for reach in (30, 1000, np.inf):
        near = values[(np.abs(values) <= reach * step) & (np.abs(values) > step / 2)]
        if len(near):
            step = float((near * np.round(near / step)).sum() / (np.round(near / step) ** 2).sum())
    return step


def _short(step: float, *, within: float = 1e-6) -> float:
    """Give the step in as few digits as tell it: 0.001 for 0.00100000002."""
    for digits in range(1, 8):
        short = float(f"{step:.{digits}g}")
        if abs(short / step - 1) < within:
            return short
    return step


def _range(flat: NDArray[np.float64]) -> tuple[float, float]:
    """Give the lowest and highest value where readings pile up there, else infinities."""
    low, high = float(flat.min()), float(flat.max())
    if low == high:
        return -np.inf, np.inf
    shown_low, shown_high = (_piled(flat, end) for end in (low, high))
    return (low if shown_low else -np.inf), (high if shown_high else np.inf)


def _piled(flat: NDArray[np.float64], end: float) -> bool:
    """Say whether readings pile up at an end: a share of all, or many beside the next values."""
    at_end = int((flat == end).sum())
    if at_end >= CLIPPED_SHARE * len(flat):
        return True
    if at_end < LEAST_CHANGES:
        return False
    values, counts = np.unique(flat, return_counts=True)
    order = np.argsort(np.abs(values - end))
    return bool(at_end > PILED * counts[order[1 : 1 + NEXT_VALUES]].mean())


def shared_range(grids: Sequence[Grid]) -> tuple[Grid, ...]:
    """Give the grids of axes of one unit, each with the widest range that one of them shows."""
    lows = [grid.low for grid in grids if np.isfinite(grid.low)]
    highs = [grid.high for grid in grids if np.isfinite(grid.high)]
    low, high = min(lows, default=-np.inf), max(highs, default=np.inf)
    return tuple(replace(grid, low=low, high=high) for grid in grids)
