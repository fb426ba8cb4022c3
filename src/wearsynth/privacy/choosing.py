"""Choosing among public candidates by private data: the exponential mechanism, pure epsilon.

Each unit gives every candidate between 0 and 1 (McSherry and Talwar, 2007, doi 10.1109/FOCS.2007.66).
Adding a unit only adds, so candidates are chosen with chances in proportion to exp(epsilon * sum)
(Dwork and Roth, 2014, doi 10.1561/0400000042, section 3.4: half the exponent is needed only where
utilities may also fall). Sums are whole numbers of steps and the draw is exact, from the operating system.
"""

import secrets
from fractions import Fraction

import numpy as np

from wearsynth.errors import DataError, PrivacyError
from wearsynth.privacy.discrete_gaussian import GRID, chance_of_exp
from wearsynth.representation import Float64Array


def choose(utility: Float64Array, *, epsilon: float) -> int:
    """Give the index of a candidate, of utilities (unit, candidate): epsilon-DP, add or remove a unit.

    Utilities are clipped to 0..1, so that no unit counts more; what is not a number counts 0.
    """
    if not epsilon > 0:
        raise PrivacyError(f"epsilon must be above 0, got {epsilon}.")
    if not utility.shape[1]:
        raise DataError("there are no candidates to choose among.")
    steps = np.trunc(np.clip(np.nan_to_num(utility, nan=0.0), 0, 1) * GRID).astype(np.int64)
    sums = [int(total) for total in steps.sum(axis=0)]
    best = max(sums)
    while True:
        candidate = secrets.randbelow(len(sums))
        if chance_of_exp(Fraction(epsilon) * Fraction(best - sums[candidate], GRID)):
            return candidate


def nearness(vectors: Float64Array, candidates: Float64Array, *, reach: float) -> Float64Array:
    """Give how near each unit's vector is to each candidate, (unit, candidate): 1 at it, 0 from `reach` on.

    vectors: (unit, number). candidates: (candidate, number). reach: public.
    """
    apart = np.linalg.norm(vectors[:, None] - candidates, axis=2)
    near: Float64Array = np.clip(1 - apart / reach, 0, 1)
    return near
