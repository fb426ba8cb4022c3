"""How high an AUC luck alone gives the best attacker of a mechanism that is exactly as private as claimed.

A claim bounds the AUC over all runs. One run with few people scatters around that, so what was found is held
against draws from the mechanism that gives most away under the claim, with as many in and out.

Why that mechanism: an AUC depends on ranks alone. Put all scores through the law of those who are out; then
these are uniform, and those who are in have the ROC curve for their law. Where that curve lies below
another everywhere, scores of those in can be coupled to lie below too, draw by draw, and so does the AUC:
not on average only, but at every quantile. The claim's trade-off curve bounds all ROC curves (Dong, Roth
and Su, 2022). This asks for scores that do not depend on each other, and have no ties between in and out.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from wearsynth.privacy.accounting import gaussian_noise

DRAWS = 9999
FALSE_ALARMS = 0.025
"""The share of audits of a mechanism exactly as private as claimed in which an AUC is called too high."""

Array = NDArray[np.float64]
Scores = Callable[[np.random.Generator], tuple[Array, Array]]
"""Draws scores of those in and of those out."""


@dataclass(frozen=True)
class Claim:
    """A claimed epsilon at delta. gaussian: of Gaussian releases; else of any mechanism."""

    epsilon: float
    delta: float
    gaussian: bool


def apart(claim: Claim, *, members: int, others: int) -> Scores:
    """Give what draws scores that do not depend on each other, of the worst mechanism under a claim.

    Two normal laws 1 / noise multiplier apart, for Gaussian releases. For any mechanism: randomised response
    that gives the truth away with probability delta, equal answers in any order (Kairouz et al., 2015).
    """
    mu, right = 1 / gaussian_noise(claim.epsilon, claim.delta), 1 / (1 + math.exp(-claim.epsilon))

    def normal(rng: np.random.Generator) -> tuple[Array, Array]:
        return mu + rng.standard_normal(members), rng.standard_normal(others)

    def answers(rng: np.random.Generator) -> tuple[Array, Array]:
        of_members, of_others = (
            _answers(count, right, claim.delta, rng) for count in (members, others)
        )
        return of_members + rng.random(members), 3 - of_others + rng.random(others)

    return normal if claim.gaussian else answers


def _answers(count: int, right: float, delta: float, rng: np.random.Generator) -> Array:
    """Give 3 for the truth given away, 2 for a right answer, 1 for a wrong one."""
    answer = np.where(rng.random(count) < right, 2.0, 1.0)
    return np.where(rng.random(count) < delta, 3.0, answer)


def of_one_sum(claim: Claim, vectors: Array, inside: NDArray[np.bool_]) -> Scores:
    """Give what draws scores of canaries in one noisy sum, which share its noise.

    vectors: (canary, number), what each adds, of length 1 at most; longer ones are cut, as the claim says.
    inside: (canary,), who is in. A score is the product of the sum with what the canary adds.
    """
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    own = vectors / np.maximum(length, 1.0)
    whole, noise = own[inside].sum(axis=0), gaussian_noise(claim.epsilon, claim.delta)

    def draw(rng: np.random.Generator) -> tuple[Array, Array]:
        scores = own @ (whole + noise * rng.standard_normal(len(whole)))
        return scores[inside], scores[~inside]

    return draw


def highest(scores: Scores, *, attacks: int, seed: int) -> float:
    """Give the AUC that at most 2.5 % of audits lie above, where the best of so many attacks is taken.

    The k-th highest of 9,999 draws, k = 2.5 % of 10,000: a draw more, of the same law, lies above it with
    probability k / 10,000 at most, so the figure needs no margin for being drawn (a Monte Carlo test,
    Barnard, 1963). The best of several attacks has several chances: k is divided by their number. Where the
    figure is 1 nothing can lie above: so few people cannot decide.
    """
    rng = np.random.default_rng(seed)
    drawn = np.sort([auc_of(*scores(rng)) for _ in range(DRAWS)])
    return float(drawn[-int(FALSE_ALARMS * (DRAWS + 1) / attacks)])


def auc_of(member: Array, other: Array) -> float:
    """Give how often one of those in scores above one of those out, ties half.

    >>> auc_of(np.array([2.0, 1.0]), np.array([0.0, 1.0]))
    0.875
    """
    count = len(member)
    ranks = rankdata(np.concatenate([member, other]))[:count]
    return float((ranks.mean() - (count + 1) / 2) / len(other))
