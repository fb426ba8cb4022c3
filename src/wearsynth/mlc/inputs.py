"""What the MLC computes on: acceleration of each axis and its size, as halves, from mg of a log."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from wearsynth.mlc.half import Halves, add, mul, rnd, rsqrt, to_grid

MG_PER_COUNT = 0.061
"""A log's mg become counts of 2^-14 g by this, whatever the range that the part is set to."""
COUNTS_PER_G = 16384
_LOW_COUNTS = 65536


def counts_of(mg: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give the counts of readings in mg, of any shape, rounded half away from zero."""
    return to_grid(mg / MG_PER_COUNT, 1.0).astype(np.int64)


def half_g(counts: NDArray[np.int64]) -> Halves:
    """Give counts in g as halves; from 4 g on the high and the low part are rounded apart and added."""
    size = np.abs(counts)
    low = size % _LOW_COUNTS
    whole = add(rnd((size - low) / COUNTS_PER_G), rnd(low / COUNTS_PER_G))
    plain = rnd(size / COUNTS_PER_G)
    return np.asarray(np.sign(counts) * np.where(size < _LOW_COUNTS, plain, whole))


def _squared_size(xyz: Halves) -> Halves:
    x, y, z = (mul(axis, axis) for axis in xyz.T)
    return add(add(x, y), z)


def _size(xyz: Halves) -> Halves:
    x, y, z = (mul(axis, axis) for axis in xyz.T)
    s = add(add(y, z), x)  # not the order of the squared size
    return mul(s, rsqrt(s))


INPUTS: dict[str, Callable[[Halves], Halves]] = {
    "Acc_X": lambda xyz: xyz[:, 0],
    "Acc_Y": lambda xyz: xyz[:, 1],
    "Acc_Z": lambda xyz: xyz[:, 2],
    "Acc_V": _size,
    "Acc_V2": _squared_size,
}
"""Name in mlc_conf.json -> (time,) halves from (time, axis) halves in g."""
