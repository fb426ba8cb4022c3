"""The sensor's arithmetic: numbers of half precision, rounded after every operation.

Found by experiment against feature tables that ST publishes; see docs/mlc.md. Values are held as
float64 of any shape; each is a half: 11 significant bits, in steps of 2^-24 below 2^-14. Rounding
goes to the nearest half, ties away from zero. Sizes of 65,520 and more are beyond every half and
are kept as they are: beyond finds them.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Halves = NDArray[np.float64]

DIGITS = 11
"""The significant bits of a half."""
GUARD_BITS = 5
"""The further bits that an operand of the other sign keeps when it is aligned."""
SMALLEST = 2.0**-24
LARGEST = 65504.0
_SMALLEST_NORMAL = 2.0**-14
_DROPPED_BITS = 53 - DIGITS
_SEED = 0x59BA
"""rsqrt begins at the half with these bits, less half the bits of its argument."""


def rnd(x: ArrayLike) -> Halves:
    """Give the nearest half of each number, ties away from zero."""
    values = np.asarray(x, dtype=np.float64)
    tie, mask = 1 << (_DROPPED_BITS - 1), ~((1 << _DROPPED_BITS) - 1)
    normal = ((values.view(np.int64) + tie) & mask).view(np.float64)
    tiny = to_grid(values, SMALLEST)
    return np.asarray(np.where(np.abs(values) < _SMALLEST_NORMAL, tiny, normal) + 0.0)


def mul(a: ArrayLike, b: ArrayLike) -> Halves:
    """Give the product of halves."""
    return rnd(np.multiply(a, b))


def add(a: ArrayLike, b: ArrayLike) -> Halves:
    """Give the sum of halves as the sensor adds.

    The operand of smaller size is first rounded to the steps of the larger one, or to 1/32 of them
    where the signs differ (zero counts as positive); then the sum is rounded.
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    a_leads = np.abs(a) >= np.abs(b)
    large, small = np.where(a_leads, a, b), np.where(a_leads, b, a)
    exponent = np.frexp(large)[1] - DIGITS - np.where((a < 0) == (b < 0), 0, GUARD_BITS)
    return rnd(large + to_grid(small, np.ldexp(1.0, exponent)))


def rsqrt(s: ArrayLike) -> Halves:
    """Give 1 / sqrt(s) of halves above 0 as the sensor does: a seed from the bits, two steps of Newton."""
    s = np.asarray(s, dtype=np.float64)
    y = of_bits(_SEED - (bits_of(s) >> 1))
    for _ in range(2):
        y = mul(y, add(1.5, -mul(mul(mul(s, 0.5), y), y)))
    return y


def inverse(count: int) -> float:
    """Give 1 / count as the sensor has it, the square of rsqrt(count): 1/60 is 0x2445."""
    root = rsqrt(rnd(count))
    return float(mul(root, root))


def to_grid(x: ArrayLike, step: ArrayLike) -> NDArray[np.float64]:
    """Give the nearest multiple of step (a power of 2) of each number, ties away from zero."""
    scaled = np.divide(x, step)
    return np.asarray(np.trunc(scaled + np.copysign(0.5, scaled)) * step)


def bits_of(x: ArrayLike) -> NDArray[np.int64]:
    """Give the 16 bits of each half as an integer."""
    return np.asarray(x).astype(np.float16).view(np.uint16).astype(np.int64)


def of_bits(bits: ArrayLike) -> Halves:
    """Give the halves that have these 16 bits."""
    return np.asarray(bits).astype(np.uint16).view(np.float16).astype(np.float64)


def beyond(x: ArrayLike) -> NDArray[np.bool_]:
    """Tell which values are beyond the largest half, or NaN."""
    return ~(np.abs(np.asarray(x, dtype=np.float64)) <= LARGEST)
