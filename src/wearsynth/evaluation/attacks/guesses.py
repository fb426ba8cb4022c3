"""What an attacker's scores are worth: who is found, by window and by person.

An attack gives every window a score; a higher one takes it for a member, a window that the generator
has learnt from. All figures are by attack, so that the best attack can be told.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_curve

from wearsynth.data import IntArray
from wearsynth.features import Float64Array

FALSE_ALARMS = 0.05
"""The share of others that an attacker may take for members when the share of found ones counts."""


@dataclass(frozen=True, eq=False)
class Guesses:
    """Scores of members and of others, (attack, window), with whose the windows are, (window,).

    member_of and other_of count people from 0.
    """

    member: Float64Array
    member_of: IntArray
    other: Float64Array
    other_of: IntArray


Figure = Callable[[Guesses], Float64Array]
"""Gives a value by attack, (attack,)."""


def places(guesses: Guesses) -> Float64Array:
    """Give for each member's window the share of others' below it, ties half, (attack, window)."""
    rows = []
    for member, other in zip(guesses.member, np.sort(guesses.other, axis=1), strict=True):
        below = np.searchsorted(other, member, side="left")
        up_to = np.searchsorted(other, member, side="right")
        rows.append((below + up_to) / (2 * len(other)))
    return np.stack(rows)


def window_auc(guesses: Guesses) -> Float64Array:
    """Give how often a member's window scores above one of others, (attack,): .5 is guessing."""
    return np.asarray(places(guesses).mean(axis=1))


def person_auc(guesses: Guesses) -> Float64Array:
    """Give the same for people, each with the mean score of his or her windows, (attack,)."""
    return window_auc(of_people(guesses))


def of_people(guesses: Guesses) -> Guesses:
    """Give a score a person in the place of a score a window: the mean over his or her windows."""
    member = _by_person(guesses.member, guesses.member_of)
    other = _by_person(guesses.other, guesses.other_of)
    return Guesses(member, np.arange(member.shape[1]), other, np.arange(other.shape[1]))


def worst_person(guesses: Guesses) -> Float64Array:
    """Give the largest mean place of one member's windows among those of others, (attack,)."""
    return np.asarray(_by_person(places(guesses), guesses.member_of).max(axis=1))


def found(guesses: Guesses) -> Float64Array:
    """Give the share of members' windows above all but 5 % of others', (attack,)."""
    bar = np.quantile(guesses.other, 1 - FALSE_ALARMS, axis=1, method="higher", keepdims=True)
    return np.asarray((guesses.member > bar).mean(axis=1), dtype=np.float64)


def found_by_chance(others: int) -> float:
    """Give the share of members found, on average, by scores that say nothing, against so many others.

    The bar leaves at most 5 % of the others above it, and a new score lies above all of n others with
    a chance of 1 in n + 1: so it is .05 only where others are many, and 1/6 where they are five.
    """
    return (alarms_allowed(others) + 1) / (others + 1)


def alarms_allowed(others: int) -> int:
    """Give how many of so many others may lie above the bar: never more than 5 %."""
    return int(FALSE_ALARMS * (others - 1) + 1e-9)


def roc(guesses: Guesses, alarms: Float64Array) -> Float64Array:
    """Give the share of members found at each share of false alarms, (attack, alarm)."""
    truth = np.repeat([1, 0], [guesses.member.shape[1], guesses.other.shape[1]])
    curves = (
        roc_curve(truth, np.concatenate(pair), drop_intermediate=False)
        for pair in zip(guesses.member, guesses.other, strict=True)
    )
    return np.stack([np.interp(alarms, false, true) for false, true, _ in curves])


def _by_person(values: Float64Array, person: IntArray) -> Float64Array:
    """Give the mean over each person's windows, (attack, person)."""
    sums = [np.bincount(person, weights=row) for row in values]
    return np.stack(sums) / np.bincount(person)


def over_folds(figure: Figure, folds: Sequence[Guesses]) -> Float64Array:
    """Give the mean of a figure over folds, (attack,)."""
    return np.asarray(np.mean([figure(fold) for fold in folds], axis=0))


def resampled(folds: Sequence[Guesses], *, times: int, seed: int) -> Iterator[tuple[Guesses, ...]]:
    """Give bootstrap draws of whole people; members, the same in all folds, are drawn once."""
    rng = np.random.default_rng(seed)
    for _ in range(times):
        member, member_of = _drawn(folds[0].member_of, rng)
        draw = []
        for fold in folds:
            other, other_of = _drawn(fold.other_of, rng)
            draw.append(Guesses(fold.member[:, member], member_of, fold.other[:, other], other_of))
        yield tuple(draw)


def dealt_anew(folds: Sequence[Guesses], *, times: int, seed: int) -> Iterator[tuple[Guesses, ...]]:
    """Give the same scores with members and others dealt anew among the people of each fold.

    Without any information in the scores, all deals are alike. Members take the same cards in all folds.
    """
    rng = np.random.default_rng(seed)
    for _ in range(times):
        cards = rng.random(folds[0].member_of.max() + 1)
        others = [rng.random(fold.other_of.max() + 1) for fold in folds]
        yield tuple(_dealt(fold, cards, own) for fold, own in zip(folds, others, strict=True))


def _dealt(fold: Guesses, of_members: Float64Array, of_others: Float64Array) -> Guesses:
    """Give the fold with the lowest cards as members, as many people as before."""
    cards = np.concatenate([of_members, of_others])
    is_member = cards <= np.sort(cards)[len(of_members) - 1]
    scores = np.concatenate([fold.member, fold.other], axis=1)
    person = np.concatenate([fold.member_of, fold.other_of + len(of_members)])
    mine = is_member[person]
    return Guesses(
        scores[:, mine],
        np.unique(person[mine], return_inverse=True)[1],
        scores[:, ~mine],
        np.unique(person[~mine], return_inverse=True)[1],
    )


def _drawn(person: IntArray, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Give the windows of people drawn with replacement, and whose they are, counted anew."""
    members = [np.flatnonzero(person == one) for one in range(person.max() + 1)]
    rows = [members[one] for one in rng.integers(0, len(members), len(members))]
    return np.concatenate(rows), np.repeat(np.arange(len(rows)), [len(row) for row in rows])
