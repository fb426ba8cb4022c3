"""What noisy releases cost: one epsilon at a delta, by privacy loss distributions (PLD).

Google's dp-accounting does the sums (Doroshenko et al., 2022, "Connect the dots"); its estimates are
pessimistic, so an epsilon printed is never below the true one. One Gaussian release has a closed form
too (Balle & Wang, 2018), which is how the sums are checked.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from wearsynth.errors import PrivacyError
from wearsynth.privacy.plan import DpPlan
from wearsynth.statement import Neighbours

ACCOUNTANT = "PLD (dp-accounting)"
CLOSE = 1e-4
"""How near a noise multiplier found is to the smallest that would do, relative to it."""

LEAST_EPSILON, MOST_EPSILON, LEAST_DELTA = 0.01, 100.0, 1e-12
"""Where the PLD's grid of 1e-4 and its cut-off tails still give a near epsilon."""

NORMAL = NormalDist()


@dataclass(frozen=True)
class GaussianRelease:
    """So many noisy sums. noise_multiplier: sd of the noise over the most that one unit adds to a sum."""

    noise_multiplier: float
    sampling_probability: float = 1.0
    steps: int = 1
    neighbours: Neighbours = "add or remove one"


@dataclass(frozen=True)
class PureRelease:
    """So many releases, each of pure epsilon, such as a choice by the exponential mechanism."""

    epsilon: float
    steps: int = 1
    neighbours: Neighbours = "add or remove one"


Release = GaussianRelease | PureRelease


@dataclass(frozen=True)
class Membership:
    """What the best guess at whether somebody's data were used is worth.

    auc: .5 is a coin. true_positive_rate: of those who were in, found at 5 % false alarms. The two are of
    one Gaussian release with this epsilon; auc_any and true_positive_rate_any bound every mechanism.
    """

    auc: float
    true_positive_rate: float
    auc_any: float
    true_positive_rate_any: float


def plan_epsilon(plan: DpPlan, delta: float) -> float:
    """Give the epsilon of a plan at delta, one unit added or removed."""
    return compose([release_of(plan)], delta)


def release_of(plan: DpPlan) -> GaussianRelease:
    """Give what a plan releases, as the accounts have it."""
    return GaussianRelease(plan.noise_multiplier, plan.sampling_probability, plan.steps)


def compose(releases: Sequence[Release], delta: float) -> float:
    """Give the epsilon of all releases together at delta; 0 where there are none.

    If one of them holds for replacing one unit only, the sum is for replacing one: the others count as
    one unit removed and another added.
    """
    from dp_accounting.pld import privacy_loss_distribution as pld

    replaced = neighbours_of(releases) == "replace one"
    total: Any = pld.identity()
    for release in releases:
        if release.steps > 0:
            total = total.compose(_distribution(release, replaced=replaced))
    return float(total.get_epsilon_for_delta(delta))


def neighbours_of(releases: Sequence[Release]) -> Neighbours:
    """Give the relation that all releases together hold for."""
    replaced = any(release.neighbours == "replace one" for release in releases)
    return "replace one" if replaced else "add or remove one"


def _distribution(release: Release, *, replaced: bool) -> Any:
    """Give the privacy loss distribution of a release, all its steps composed."""
    from dp_accounting.pld import common
    from dp_accounting.pld import privacy_loss_distribution as pld
    from dp_accounting.privacy_accountant import NeighboringRelation as Relation

    check_release(release)
    if isinstance(release, PureRelease):
        twice = replaced and release.neighbours != "replace one"  # one out, another in
        epsilon = release.epsilon * (2 if twice else 1)
        parameters = common.DifferentialPrivacyParameters(epsilon, 0.0)
        return pld.from_privacy_parameters(parameters).self_compose(release.steps)
    relation = Relation.REPLACE_ONE if replaced else Relation.ADD_OR_REMOVE_ONE
    if release.sampling_probability == 1:  # Gaussians compose to one Gaussian
        noise = release.noise_multiplier / math.sqrt(release.steps)
        return pld.from_gaussian_mechanism(noise, neighboring_relation=relation)
    once = pld.from_gaussian_mechanism(
        release.noise_multiplier,
        sampling_prob=release.sampling_probability,
        neighboring_relation=relation,
    )
    return once.self_compose(release.steps)


def check_release(release: Release) -> None:
    """Raise PrivacyError where a release has no finite epsilon."""
    if isinstance(release, PureRelease):
        fits = 0 < release.epsilon < math.inf
    else:
        noise, share = release.noise_multiplier, release.sampling_probability
        fits = 0 < noise < math.inf and 0 < share <= 1
    if not fits:
        raise PrivacyError(
            f"{release} has no finite epsilon: noise_multiplier and epsilon must be above 0, "
            "sampling_probability above 0 and at most 1."
        )


def noise_for(
    epsilon: float, *, delta: float, sampling_probability: float = 1.0, steps: int = 1
) -> float:
    """Give the smallest noise multiplier that keeps so many steps within epsilon at delta.

    Of the PLD, to 1e-4 of it; the epsilon of what is given is never above the one asked for.
    PrivacyError for an epsilon or delta that it cannot reckon with.
    """
    from scipy.optimize import brentq

    if not (LEAST_EPSILON <= epsilon <= MOST_EPSILON and LEAST_DELTA <= delta < 1):
        raise PrivacyError(
            f"epsilon {epsilon:g} at delta {delta:g}: the noise is reckoned for epsilon {LEAST_EPSILON:g} to "
            f"{MOST_EPSILON:g} and delta {LEAST_DELTA:g} or more. Choose them from there."
        )

    def excess(noise: float) -> float:
        return compose([GaussianRelease(noise, sampling_probability, steps)], delta) - epsilon

    mu = 1 / gaussian_noise(epsilon, delta)  # a first guess: the central limit of Bu et al., 2020
    guess = 1 / math.sqrt(math.log1p((mu / sampling_probability) ** 2 / steps))
    too_little, enough = guess * 0.98, guess * 1.02
    while excess(enough) > 0:
        too_little, enough = enough, enough * 1.1
    while excess(too_little) <= 0:
        too_little, enough = too_little / 1.1, too_little
    noise = float(brentq(excess, too_little, enough, rtol=CLOSE / 4))
    while excess(noise) > 0:
        noise *= 1 + CLOSE / 2
    return noise


def gaussian_epsilon(noise_multiplier: float, delta: float) -> float:
    """Give the epsilon of one Gaussian release in closed form (Balle & Wang, 2018, theorem 8)."""
    if gaussian_delta(noise_multiplier, 0.0) <= delta:
        return 0.0
    most = 1.0
    while gaussian_delta(noise_multiplier, most) > delta:
        most *= 2
    return _smallest(lambda epsilon: gaussian_delta(noise_multiplier, epsilon) <= delta, most)


def gaussian_noise(epsilon: float, delta: float) -> float:
    """Give the noise multiplier of one Gaussian release with this epsilon, by the closed form."""
    most = 1.0
    while gaussian_delta(most, epsilon) > delta:
        most *= 2
    return _smallest(lambda noise: gaussian_delta(noise, epsilon) <= delta, most)


def gaussian_delta(noise_multiplier: float, epsilon: float) -> float:
    """Give the delta of one Gaussian release at epsilon (Balle & Wang, 2018, theorem 8)."""
    half, shift = 1 / (2 * noise_multiplier), epsilon * noise_multiplier
    second = _log_tail(half + shift)
    return _tail(shift - half) - math.exp(min(epsilon + second, 0.0))


def _tail(x: float) -> float:
    """Give how probable a standard normal number above x is."""
    return math.erfc(x / math.sqrt(2)) / 2


def _log_tail(x: float) -> float:
    """Give its logarithm, for x >= 0; far out by two terms of Mills' ratio, which is below the truth."""
    if x < 35:
        return math.log(_tail(x))
    return -x * x / 2 - math.log(x * math.sqrt(2 * math.pi)) + math.log1p(-1 / (x * x))


def _smallest(holds: Callable[[float], bool], most: float) -> float:
    """Give the smallest positive number that meets a condition met from there on, as `most` is."""
    least = most
    while holds(least):
        most, least = least, least / 2
    while most - least > 1e-8 * most:
        middle = (most + least) / 2
        most, least = (middle, least) if holds(middle) else (most, middle)
    return most


def worst_membership(epsilon: float, delta: float) -> Membership:
    """Give how well the best attacker tells whether a unit's data were used.

    For one Gaussian release: two normal laws mu = 1 / noise_multiplier apart (Dong, Roth & Su, 2022). For
    any mechanism: the trade-off curve of epsilon and delta itself (Kairouz et al., 2015).
    """
    mu, false_alarms = 1 / gaussian_noise(epsilon, delta), 0.05
    found = NORMAL.cdf(NORMAL.inv_cdf(false_alarms) + mu)
    likely = min(
        1.0,
        delta + math.exp(epsilon) * false_alarms,
        1 - math.exp(-epsilon) * (1 - delta - false_alarms),
    )
    return Membership(
        auc=NORMAL.cdf(mu / math.sqrt(2)),
        true_positive_rate=found,
        auc_any=1 - (1 - delta) ** 2 / (1 + math.exp(epsilon)),
        true_positive_rate_any=likely,
    )
