"""The features of the MLC: each window of one input in a number, all windows at once.

Windows lie back to back. A log begins anew: no window before its first one.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearsynth.mlc.half import Halves, add, beyond, inverse, mul


@dataclass(frozen=True, eq=False)
class InputWindows:
    """One input cut into windows, and the sums that several features share.

    x: (window, time) halves. first: (window,) whether a log begins with this window. sums: (2, window),
    of x and of its squares. share: 1 / readings in a window, as the sensor has it.
    """

    x: Halves
    first: NDArray[np.bool_]
    sums: Halves
    share: float

    @classmethod
    def of(cls, x: Halves, first: NDArray[np.bool_]) -> "InputWindows":
        """Give the windows with their sums; x: (window, time), first: (window,)."""
        return cls(x, first, running_sum(np.stack([x, mul(x, x)])), inverse(x.shape[1]))

    @property
    def mean(self) -> Halves:
        """The mean of each window, (window,)."""
        return mul(_infinite_beyond(self.sums[0]), self.share)

    @property
    def energy(self) -> Halves:
        """The sum of squares of each window, (window,)."""
        return _infinite_beyond(self.sums[1])

    def before(self, readings: int) -> Halves:
        """Give the last readings of each window's predecessor, (window, readings); 0 before a log."""
        last = np.zeros((len(self.x), readings))
        last[1:] = self.x[:-1, -readings:]
        last[self.first] = 0.0
        return last


def _infinite_beyond(sums: Halves) -> Halves:
    """Give sums with infinity in place of what is beyond every half; the sensor's way is not known."""
    return np.where(beyond(sums), np.copysign(np.inf, sums), sums)


def running_sum(x: Halves) -> Halves:
    """Give the sum over the last axis, reading after reading in the sensor's arithmetic."""
    in_time = np.ascontiguousarray(np.moveaxis(x, -1, 0))
    total = np.zeros(in_time.shape[1:])
    for reading in in_time:
        total = add(total, reading)
    return total


def variance(windows: InputWindows) -> Halves:
    """Give the mean of squares less the square of the mean, at least 0; (window,)."""
    energy, mean = windows.energy, windows.mean
    finite = np.isfinite(energy) & np.isfinite(mean)
    squares, mean = np.where(finite, energy, 0.0), np.where(finite, mean, 0.0)
    inside = np.maximum(0.0, add(mul(squares, windows.share), -mul(mean, mean)))
    return np.where(finite, inside, np.inf)


def peak_to_peak(windows: InputWindows) -> Halves:
    """Give the largest less the smallest reading, (window,)."""
    return add(windows.x.max(axis=1), -windows.x.min(axis=1))


def zero_crossings(windows: InputWindows) -> Halves:
    """Give twice the crossings of the previous window's mean (0 for a log's first window), (window,).

    The last reading before the window counts as its neighbour. A product of neighbours that is too
    small for a half is no crossing.
    """
    reference = np.zeros(len(windows.x))
    reference[1:] = windows.mean[:-1]
    reference[windows.first] = 0.0
    d = add(np.hstack([windows.before(1), windows.x]), -reference[:, None])
    return np.asarray(2.0 * (mul(d[:, :-1], d[:, 1:]) < 0).sum(axis=1))


def peaks(windows: InputWindows) -> Halves:
    """Give the turns between rising and not rising, (window,); from the third reading of a log on."""
    x = np.hstack([windows.before(2), windows.x])
    rising = x[:, 1:] > x[:, :-1]
    turns = rising[:, 1:] != rising[:, :-1]
    turns[windows.first, :2] = False
    return np.asarray(turns.sum(axis=1), dtype=np.float64)


FEATURES: dict[str, Callable[[InputWindows], Halves]] = {
    "MEAN": lambda windows: windows.mean,
    "VARIANCE": variance,
    "ENERGY": lambda windows: windows.energy,
    "PEAK_TO_PEAK": peak_to_peak,
    "ZERO_CROSSING": zero_crossings,
    "PEAK_DETECTOR": peaks,
    "MINIMUM": lambda windows: windows.x.min(axis=1),
    "MAXIMUM": lambda windows: windows.x.max(axis=1),
}
"""Name in mlc_conf.json -> (window,) halves."""
