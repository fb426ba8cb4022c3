"""How well people are told to have been in, by one look at synthetic windows, or by scores of their own.

An AUC with its interval, to be held against the one that an epsilon allows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import Windows
from wearsynth.errors import DataError
from wearsynth.evaluation.attacks.guesses import Guesses, over_folds, person_auc, resampled
from wearsynth.evaluation.attacks.membership import attack, placing
from wearsynth.evaluation.described import describe, in_canonical_order, joined
from wearsynth.evaluation.reference import deal_groups

RESAMPLES = 400
LEAST_MEMBERS, LEAST_OTHERS = 2, 4
"""Of the others the attacker knows one half: two people each."""


@dataclass(frozen=True)
class Told:
    """How well an attack tells who was in. auc: .5 is guessing. interval: 95 %, over people drawn anew.

    members, others: how many of each the figure rests on.
    """

    auc: float
    interval: tuple[float, float]
    members: int
    others: int


def told_by_windows(synthetic: Windows, members: Windows, others: Windows, *, seed: int) -> Told:
    """Give what the best membership attack by person finds; members and others are whole groups.

    DataError for fewer than 2 members or 4 others.
    """
    synthetic, members, others = map(in_canonical_order, (synthetic, members, others))
    sizes = [len(np.unique(of.group)) for of in (members, others)]
    if sizes[0] < LEAST_MEMBERS or sizes[1] < LEAST_OTHERS:
        raise DataError(
            f"{sizes[0]} people in and {sizes[1]} out: the attack needs {LEAST_MEMBERS} and "
            f"{LEAST_OTHERS}."
        )
    of_members, of_others = describe(members), describe(others)
    place = placing(joined(of_members, of_others))
    half = deal_groups(of_others.label, of_others.group, 2, np.random.default_rng(seed))
    folds = attack(place(describe(synthetic)), place(of_members), place(of_others), half)
    return _told(folds, *sizes, seed=seed)


def told_by_scores(
    scores: NDArray[np.float64], inside: NDArray[np.bool_], *, seed: int
) -> Told | None:
    """Give what scores (person,) tell of who was inside (person,); None where all were, or nobody."""
    member, other = scores[inside][None], scores[~inside][None]
    if not (member.size and other.size):
        return None
    guesses = Guesses(member, np.arange(member.size), other, np.arange(other.size))
    return _told((guesses,), member.size, other.size, seed=seed)


def _told(folds: Sequence[Guesses], members: int, others: int, *, seed: int) -> Told:
    draws = [
        float(over_folds(person_auc, draw).max())
        for draw in resampled(folds, times=RESAMPLES, seed=seed)
    ]
    low, high = np.quantile(draws, [0.025, 0.975])
    auc = float(over_folds(person_auc, folds).max())
    return Told(auc, (float(low), float(high)), members, others)
