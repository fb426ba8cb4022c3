"""Values that no worn sensor gives: read as missing, never as numbers."""

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import FloatArray

LARGEST = {"g": 500.0, "m/s2": 5000.0, "rad/s": 500.0}
"""Unit -> the largest size that a body-worn sensor could measure; beyond it a value is damaged."""


def as_readings(values: NDArray[np.float64], unit: str) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Give the values as float32 and, in the same shape, which are NaN, infinite or impossible.

    These become NaN, so that no later step takes them for measurements.
    """
    bad = ~(np.abs(values) <= LARGEST[unit])  # written so that NaN is bad too
    return np.where(bad, np.nan, values).astype(np.float32), bad
