"""What a wanted epsilon means with so many people, before anything is trained.

The noise that falls on one person's share of a step decides whether training can learn at all; where
it cannot, few numbers released once, or nothing private, serve better.
"""

import math
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Literal

from wearsynth.errors import PrivacyError
from wearsynth.privacy.accounting import (
    Membership,
    gaussian_epsilon,
    gaussian_noise,
    noise_for,
    plan_epsilon,
    worst_membership,
)
from wearsynth.privacy.few_numbers import people_needed
from wearsynth.privacy.plan import DpPlan
from wearsynth.statement import Unit

USABLE_NOISE = 0.2
"""The most noise per person and step with which iterative training was seen to learn."""

FEW_NUMBERS = 18
"""Numbers of a few-numbers release: six channels, two classes."""

MOST_DELTA = 1e-5

Advice = Literal["iterative training", "few numbers", "no private product"]


@dataclass(frozen=True)
class Expected:
    """What few numbers kept of the gain of real data over no private data, where it was measured."""

    gain_share: float
    people: int
    epsilon: float
    source: str


@dataclass(frozen=True)
class Prospect:
    """What to expect of a plan.

    noise_per_person: sd of the noise over what one person adds to a step at most, shared among the
    people expected in a step. people_for_training, people_for_numbers: the fewest with whom each way is
    usable at this epsilon. by_window_epsilon: what a person would be left with if each of their windows
    were a unit of its own with this epsilon, the releases taken as one Gaussian.
    """

    plan: DpPlan
    epsilon: float
    delta: float
    people: int
    windows_per_person: int
    noise_per_person: float
    people_for_training: int
    people_for_numbers: int
    by_window_epsilon: float
    expected: Expected | None
    membership: Membership
    advice: Advice
    sentence: str


def plan_for(
    epsilon: float,
    *,
    delta: float,
    steps: int,
    sampling_probability: float = 1.0,
    clip_norm: float = 1.0,
    unit: Unit = "subject",
) -> DpPlan:
    """Give the plan with the least noise that keeps within epsilon at delta."""
    noise = noise_for(epsilon, delta=delta, sampling_probability=sampling_probability, steps=steps)
    return DpPlan(unit, sampling_probability, clip_norm, noise, steps)


def noise_per_person(plan: DpPlan, people: int) -> float:
    """Give the noise on one unit's share of a step; `people` counts units of the plan."""
    return plan.noise_multiplier / (people * plan.sampling_probability)


def people_for_training(plan: DpPlan) -> int:
    """Give with how many units the noise of a plan is usable."""
    return math.ceil(plan.noise_multiplier / (USABLE_NOISE * plan.sampling_probability))


def prospect(plan: DpPlan, *, delta: float, people: int, windows_per_person: int) -> Prospect:
    """Give what to expect of a plan with so many people, and what to do."""
    epsilon = plan_epsilon(plan, delta)
    one = gaussian_noise(epsilon, delta)
    for_numbers = people_needed(one, numbers=FEW_NUMBERS)
    noise = noise_per_person(plan, people)
    advice: Advice = "few numbers" if people >= for_numbers else "no private product"
    if noise <= USABLE_NOISE:
        advice = "iterative training"
    return Prospect(
        plan=plan,
        epsilon=epsilon,
        delta=delta,
        people=people,
        windows_per_person=windows_per_person,
        noise_per_person=noise,
        people_for_training=people_for_training(plan),
        people_for_numbers=for_numbers,
        by_window_epsilon=gaussian_epsilon(one / windows_per_person, delta),
        expected=expected(epsilon, people),
        membership=worst_membership(epsilon, delta),
        advice=advice,
        sentence=_sentence(advice, plan, people, for_numbers),
    )


def _sentence(advice: Advice, plan: DpPlan, people: int, for_numbers: int) -> str:
    noise = f"{noise_per_person(plan, people):.2g}"
    if advice == "iterative training":
        return (
            f"Iterative training: with {people} people the noise on one person's share of a step is "
            f"{noise}, and up to {USABLE_NOISE:g} is usable."
        )
    if advice == "few numbers":
        return f"Few numbers, released once: {_noise_words(plan, people)}."
    return (
        f"No private product with {people} people: {_noise_words(plan, people)}, and {FEW_NUMBERS} "
        f"numbers take {for_numbers}; release fewer (--numbers), use a generator that has seen no private "
        "data, more people or a larger epsilon."
    )


def _noise_words(plan: DpPlan, people: int) -> str:
    return (
        f"in iterative training the noise on one person's share of a step would be "
        f"{noise_per_person(plan, people):.2g}, above the usable {USABLE_NOISE:g} "
        f"(it takes {people_for_training(plan)} people)"
    )


def prospect_lines(of: Prospect) -> list[str]:
    """Give a prospect as lines: what was asked, the figures, what to do."""
    everyone = of.plan.sampling_probability == 1
    share = (
        "everyone in every step"
        if everyone
        else f"{of.plan.sampling_probability:g} of them in a step"
    )
    worst = of.membership
    rows = {
        "noise multiplier": f"{of.plan.noise_multiplier:.4g} for {of.plan.steps} steps, {share}",
        "noise per person and step": f"{of.noise_per_person:.2g} (usable: {USABLE_NOISE:g} at most)",
        "people needed": f"{of.people_for_training} for iterative training, {of.people_for_numbers} for "
        f"{FEW_NUMBERS} numbers released once",
        "few numbers kept": _expected_words(of.expected),
        "worst guess who took part": f"AUC {worst.auc:.3f}, {worst.true_positive_rate:.0%} found at 5% "
        f"false alarms (any mechanism: {worst.auc_any:.3f}, {worst.true_positive_rate_any:.0%})",
    }
    if of.windows_per_person > 1:
        rows["were the unit a window"] = (
            f"epsilon {of.by_window_epsilon:.3g} for a person with {of.windows_per_person} windows"
        )
    lines = [f"  {name:<26} {value}" for name, value in rows.items()]
    head = f"{of.people} people, epsilon {of.epsilon:.3g} at delta {of.delta:.2g}, unit {of.plan.unit}:"
    measured = [f"Kept: {of.expected.source}"] if of.expected else []
    return [head, *lines, of.sentence, *measured]


def _expected_words(of: Expected | None) -> str:
    if of is None:
        return "not measured with so few people or so small an epsilon"
    return (
        f"{of.gain_share:.0%} of what real people's data gain over none, with {of.people} people at "
        f"epsilon {of.epsilon:g}"
    )


def check_worth(plan: DpPlan, people: int, *, accept_noise: bool = False) -> None:
    """Raise PrivacyError where iterative training by this plan would learn noise, unless accepted.

    people: how many units there are, of the plan's unit.
    """
    if accept_noise or noise_per_person(plan, people) <= USABLE_NOISE:
        return
    raise PrivacyError(
        f"with {people} of unit {plan.unit}, {_noise_words(plan, people)}; release few numbers, take "
        "more people or a larger epsilon, or pass --accept-noise."
    )


def check_delta(delta: float, people: int, *, asked: bool) -> str | None:
    """Give the line to print first where a delta is larger than it should be; None where it is not.

    PrivacyError where nobody asked for it. The most is 1e-5, and a tenth of one over the people.
    """
    most = min(MOST_DELTA, 1 / (10 * people))
    if delta <= most:
        return None
    too_large = (
        f"delta {delta:.2g} is above {most:.2g}, the most for {people} people (1e-5, or a tenth of 1 "
        "over the people)"
    )
    if not asked:
        raise PrivacyError(f"{too_large}. Ask for a smaller one by --delta.")
    return f"{too_large}; it was asked for: with a chance of about delta nothing is promised."


def expected(epsilon: float, people: int) -> Expected | None:
    """Give what was measured with at most so much epsilon and people, the most of each; None: nothing."""
    told = tomllib.loads((resources.files(__package__) / "expected.toml").read_text("utf-8"))
    rows = [row for row in told["few_numbers"] if row["people"] <= people]
    if not rows:
        return None
    row = max(rows, key=lambda row: int(row["people"]))
    by_epsilon = {
        float(key): auc for key, auc in row["auc"].items() if float(key) <= epsilon * 1.001
    }
    if not by_epsilon:
        return None
    at = max(by_epsilon)
    share = (by_epsilon[at] - told["no_data"]) / (told["real"] - told["no_data"])
    return Expected(round(share, 2), row["people"], at, told["source"])
