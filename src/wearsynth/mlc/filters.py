"""The band-pass filter of the MLC, reading by reading, in its own arithmetic.

H(z) = gain (1 - z^-2) / (1 + a2 z^-1 + a3 z^-2), transposed direct form II, at rest before the first
reading. A reading depends on all before it, so this is a loop over time. It counts in steps of the
smallest half, 2^-24: whole numbers, on which the rules of half.py are a shift.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from wearsynth.errors import ConfigError, DataError
from wearsynth.mlc.half import DIGITS, GUARD_BITS, LARGEST, SMALLEST, Halves, beyond, mul, rnd

_SCALE_BITS = 24


@dataclass(frozen=True)
class BandPass:
    """The coefficients of a band pass; the sensor holds each as a half."""

    a2: float
    a3: float
    gain: float

    def __post_init__(self) -> None:
        a2, a3 = float(rnd(self.a2)), float(rnd(self.a3))
        if beyond(rnd(self.gain)).any():
            raise ConfigError(f"a gain of {self.gain:g} is no half: it must be up to {LARGEST:g}.")
        if not (abs(a3) < 1 and abs(a2) < 1 + a3):
            problem = f"a band pass with a2 {self.a2:g} and a3 {self.a3:g} grows without end"
            raise ConfigError(f"{problem}: |a3| must be below 1 and |a2| below 1 + a3.")

    def over(self, x: Halves) -> Halves:
        """Give the filtered readings of one log, (time,), from its readings, (time,), all halves."""
        minus_a2, minus_a3 = _Times(-self.a2), _Times(-self.a3)
        held = []
        s1 = s2 = 0
        for step in _steps(x):
            v = _add(step, s1)
            s1 = _add(minus_a2[v], s2)
            s2 = _add(-step, minus_a3[v])
            held.append(v)
        states = np.array(held, dtype=np.float64) * SMALLEST
        if beyond(states).any():
            raise DataError(
                f"a band pass swings beyond {LARGEST:g}, the largest half, on these readings: what the "
                "sensor does then is not known. Use one that is less sharp."
            )
        return mul(states, rnd(self.gain))


def _steps(x: Halves) -> Iterable[int]:
    """Give halves as whole numbers of the smallest half."""
    steps: list[int] = (x / SMALLEST).astype(np.int64).tolist()
    return steps


class _Times(dict[int, int]):
    """The products of halves with one number; each is worked out once, as there are 65,536 at most."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self._factor = int(rnd(factor) / SMALLEST)

    def __missing__(self, v: int) -> int:
        product = self._factor * v
        shift = max(_SCALE_BITS, product.bit_length() - DIGITS)
        self[v] = made = _to_shift(product, shift) >> _SCALE_BITS
        return made


def _add(a: int, b: int) -> int:
    """Give the sum of two halves as half.add does, all in steps of the smallest half."""
    if abs(a) < abs(b):
        a, b = b, a
    shift = a.bit_length() - (DIGITS if (a < 0) == (b < 0) else DIGITS + GUARD_BITS)
    if shift > 0:
        b = _to_shift(b, shift)
    total = a + b
    shift = total.bit_length() - DIGITS
    return _to_shift(total, shift) if shift > 0 else total


def _to_shift(n: int, shift: int) -> int:
    """Give the nearest multiple of 2^shift, ties away from zero."""
    if n < 0:
        return -((((1 << shift - 1) - n) >> shift) << shift)
    return ((n + (1 << shift - 1)) >> shift) << shift
