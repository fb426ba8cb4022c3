"""The grid that a sensor's readings lie on: its resolution, and the ends of its range.

Synthetic readings are brought onto the grid that the real ones were on, so that nothing between two
counts, and nothing beyond the range, gives them away.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import FloatArray, Windows

MOST_READINGS = 200_000
"""The grid is looked for in at most so many readings, evenly spread."""

OFF_GRID = 0.02
"""Readings lie on a grid where they are within this share of a step of it, but for a few."""

ON_GRID_SHARE = 0.999
COARSE_STEPS = 20_000
"""A range of more steps than this is as good as none: rounding then changes nothing to speak of."""

CLIPPED_SHARE = 1e-3
"""A sensor shows its range where at least this share of readings stands at the outermost value."""


@dataclass(frozen=True)
class Grid:
    """One channel's resolution and range. step: 0 where readings lie on no grid; low, high: or infinite."""

    step: float = 0.0
    low: float = -float("inf")
    high: float = float("inf")

    def put(self, values: FloatArray) -> FloatArray:
        """Give the nearest readings on the grid and within the range, float32."""
        exact = values.astype(np.float64)
        if self.step > 0:
            exact = np.round(exact / self.step) * self.step
        return np.clip(exact, self.low, self.high).astype(np.float32)


def grid_of(readings: FloatArray) -> Grid:
    """Give the grid that readings of one channel (any shape) lie on.

    >>> grid_of(np.array([0.5, 0.75, 1.0, 0.25, 1.75], np.float32)).step
    0.25
    """
    flat = readings.reshape(-1).astype(np.float64)
    values = np.unique(flat[:: max(1, len(flat) // MOST_READINGS)])
    return Grid(_step(values), *_range(flat))


def grids_of(windows: Windows) -> dict[str, tuple[Grid, ...]]:
    """Give, by signal, the grid of each channel's readings."""
    return {
        name: tuple(grid_of(signal.values[:, :, at]) for at in range(len(signal.channels)))
        for name, signal in windows.signals.items()
    }


def _step(values: NDArray[np.float64]) -> float:
    """Give the largest step that the values, in order, are whole multiples of, or 0."""
    if len(values) < 2 or np.ptp(values) == 0:
        return 0.0
    apart = np.diff(values)
    apart = apart[apart > np.abs(values).max() * 1e-6]  # float32 writes one value in several ways
    if not len(apart):
        return 0.0
    step = float(np.quantile(apart, 0.05))
    for whole in range(1, 9):  # close neighbours may all lie several steps apart
        tried = _refined(values, step / whole)
        off = np.abs(values / tried - np.round(values / tried))
        if np.ptp(values) / tried > COARSE_STEPS:
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


def _short(step: float) -> float:
    """Give the step in as few digits as tell it: 0.001 for 0.00100000002."""
    for digits in range(1, 8):
        short = float(f"{step:.{digits}g}")
        if abs(short / step - 1) < 1e-6:
            return short
    return step


def _range(flat: NDArray[np.float64]) -> tuple[float, float]:
    """Give the lowest and highest value where readings pile up there, else infinities."""
    low, high = float(flat.min()), float(flat.max())
    if low == high:
        return -np.inf, np.inf
    shown_low, shown_high = ((flat == end).mean() >= CLIPPED_SHARE for end in (low, high))
    return (low if shown_low else -np.inf), (high if shown_high else np.inf)
