"""Noise that nobody can subtract: the discrete Gaussian, drawn exactly, from the operating system.

Floating-point normal noise leaks through the gaps between floats (Mironov, 2012, doi
10.1145/2382196.2382264) and through its generator's state. Here vectors are put on a public grid, and
integers drawn in rational arithmetic with `secrets` are added (Canonne, Kamath and Steinke, 2020,
arXiv 2004.00010, algorithms 1 to 3); no float touches the noise before it is in the sum.

Such noise costs as much as continuous noise of the same sd (zCDP: theorem 14 of that paper). For an
(epsilon, delta) that was found for the continuous Gaussian, `grid_cost` bounds the difference.
"""

import math
import secrets
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from wearsynth.data import IntArray
from wearsynth.errors import PrivacyError
from wearsynth.representation import Float64Array

GRID = 2**20
"""The clip norm measures so many steps of the grid."""

MOST = 1e100
"""Numbers beyond this count as this, so that their squares are finite."""


@dataclass(frozen=True, eq=False)
class NoisySum:
    """A noisy sum (number,) of clipped vectors, and the sd of the noise in each number."""

    values: Float64Array
    sd: float


def noisy_sum(vectors: Float64Array, *, clip_norm: float, noise_multiplier: float) -> NoisySum:
    """Give the sum of clipped vectors (unit, number) with discrete Gaussian noise: a release.

    noise_multiplier: sd of the noise over clip_norm. Adding or removing a unit moves the sum by clip_norm
    at most, the rounding to the grid included. Two calls give different noise.
    """
    if not noise_multiplier > 0:
        raise PrivacyError(f"a release needs noise_multiplier above 0, got {noise_multiplier}.")
    total = on_grid(vectors, clip_norm=clip_norm).sum(axis=0)
    variance = (Fraction(noise_multiplier) * GRID) ** 2
    noise = discrete_gaussian(variance, count=len(total))
    noisy = [value + error for value, error in zip(total.tolist(), noise, strict=True)]
    step = clip_norm / GRID
    return NoisySum(np.array(noisy, dtype=np.float64) * step, noise_multiplier * clip_norm)


def on_grid(vectors: Float64Array, *, clip_norm: float) -> IntArray:
    """Give vectors (unit, number), clipped, in steps of clip_norm / GRID: no norm is above GRID.

    Numbers are rounded towards 0. A vector with a number that is not finite counts as 0: an error would
    tell of it.
    """
    known = np.isfinite(vectors).all(axis=1, keepdims=True)
    held = np.clip(np.where(known, vectors, 0.0), -MOST, MOST) / clip_norm
    length = np.linalg.norm(held, axis=1, keepdims=True)
    steps = np.trunc(held / np.maximum(length, 1.0) * GRID).astype(np.int64)
    while (over := (steps * steps).sum(axis=1) > GRID**2).any():  # by a float's rounding
        steps[over] -= np.sign(steps[over])
    clipped: IntArray = steps
    return clipped


def grid_cost(numbers: int, noise_multiplier: float) -> float:
    """Give what the discrete Gaussian on this grid may cost in epsilon beyond the continuous one.

    Rounding continuous noise to whole numbers costs nothing. Within 40 sd of 0 (beyond, a chance of
    1e-340), the chances of rounded and of discrete noise of variance v differ by a factor of exp(1 / 24 v)
    up and exp(200 / v) down at most: the mean of exp(-(2 y u + u^2) / 2 v) over |u| <= 1/2, which is what
    rounding gives over what stands at y, is at least exp(-1 / 24 v) (Jensen) and at most exp(y^2 / 8 v^2).
    So a guarantee (epsilon, delta) of rounded noise is one of (epsilon + c, exp(c) delta), with c = 201 / v
    for each number.
    """
    return 201 * numbers / (noise_multiplier * GRID) ** 2


def discrete_gaussian(variance: Fraction, *, count: int) -> list[int]:
    """Give so many integers, each y with a chance in proportion to exp(-y^2 / (2 variance))."""
    scale = math.isqrt(math.floor(variance)) + 1
    drawn: list[int] = []
    while len(drawn) < count:
        candidate = discrete_laplace(scale)
        off = abs(candidate) - variance / scale
        if chance_of_exp(off * off / (2 * variance)):
            drawn.append(candidate)
    return drawn


def discrete_laplace(scale: int) -> int:
    """Give an integer y with a chance in proportion to exp(-|y| / scale)."""
    while True:
        rest = secrets.randbelow(scale)
        if not chance_of_exp(Fraction(rest, scale)):
            continue
        whole = 0
        while chance_of_exp(Fraction(1)):
            whole += 1
        size, negative = rest + scale * whole, secrets.randbelow(2) == 1
        if size or not negative:  # 0 has one sign only
            return -size if negative else size


def chance_of_exp(exponent: Fraction) -> bool:
    """Give True with a chance of exp(-exponent), exponent >= 0, exactly."""
    whole = math.floor(exponent)
    return all(_chance_below_one(Fraction(1)) for _ in range(whole)) and _chance_below_one(
        exponent - whole
    )


def _chance_below_one(exponent: Fraction) -> bool:
    """Give True with a chance of exp(-exponent), exponent in 0..1: von Neumann's run of falling chances."""
    run = 1
    while secrets.randbelow(exponent.denominator * run) < exponent.numerator:
        run += 1
    return run % 2 == 1
