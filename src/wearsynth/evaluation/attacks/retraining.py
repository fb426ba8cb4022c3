"""Does a generator give away who was in? Fit it again and again, with and without each person.

One set of synthetic windows shows little of what a generator keeps of a person. Fitted many times, each
time to half of the people, it shows whether what it gives lies nearer to a person whenever he or she
was in. That costs as many fits as are asked for.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import Windows
from wearsynth.errors import DataError
from wearsynth.evaluation.attacks.membership import nearness, placing
from wearsynth.evaluation.attacks.power import judged, power_of, surely
from wearsynth.evaluation.controls import Copying, Sampler
from wearsynth.evaluation.described import describe, in_canonical_order
from wearsynth.evaluation.reference import DRAWS, MIN_GROUPS, Measured, scored, standard_error
from wearsynth.evaluation.scores import Score
from wearsynth.features import Float64Array

log = logging.getLogger(__name__)

Fit = Callable[[Windows], Sampler]
"""Fits a generator to windows; a fit that draws random numbers may use the same ones each time."""

MIN_PEOPLE = 4
MIN_TIMES = 4
RESAMPLES = 200

DISTANCES = ("nearest readings", "nearest features", "density")

Table = NDArray[np.bool_]
"""Who was in which fit, (fit, person)."""


@dataclass(frozen=True, eq=False)
class Retrained:
    """What fits gave away.

    inside: (fit, person), who was in. nearness: (attack, fit, person), how near the synthetic windows
    of a fit lie to a person's, mean over his or her windows.
    """

    inside: Table
    nearness: Float64Array


def retrain_attack(
    train: Windows, fit: Fit, *, others: Windows, times: int = 24, seed: int = 0
) -> tuple[Score, ...]:
    """Give how well people are told to have been in, and two controls: a copying and a blind generator.

    train: windows of at least 4 groups, of which each fit sees half. others: windows of groups that no
    fit sees. times: how often to fit; each person is in for half of the fits. It costs `times` calls
    of `fit`, a draw of as many windows as it saw from each, and a search for neighbours. DataError
    where there are too few groups or times, or train and others share groups.
    """
    train, others = in_canonical_order(train), in_canonical_order(others)
    _check(train, others, times)
    inside = who_is_in(len(np.unique(train.group)), times, seed=seed)
    strangers = _halves_of(others, times, seed=seed)
    found, leaky, unrelated = (
        _retrained(train, inside, maker, seed=seed)
        for maker in (
            lambda _, seen: fit(seen),
            lambda _, seen: Copying(seen),
            lambda turn, _: Copying(strangers[turn]),
        )
    )
    return _scores(found, leaky, unrelated, seed=seed)


def _check(train: Windows, others: Windows, times: int) -> None:
    people = np.unique(train.group)
    if len(people) < MIN_PEOPLE:
        raise DataError(
            f"train has {len(people)} group(s): fits with and without each need {MIN_PEOPLE}."
        )
    if times < MIN_TIMES:
        raise DataError(f"{times} fits tell nothing: ask for {MIN_TIMES} or more, 24 to be sure.")
    if np.isin(others.group, people).any() or not len(others):
        raise DataError("others must hold windows of groups that are not in train.")


def who_is_in(people: int, times: int, *, seed: int) -> Table:
    """Give who is in which fit, (fit, person): half of the people in each, each in half of the fits.

    Fits come in pairs, of which the second has those whom the first leaves out.
    """
    rng = np.random.default_rng(seed)
    first = [rng.permutation(people) < people // 2 for _ in range((times + 1) // 2)]
    return np.array([row for one in first for row in (one, ~one)])[:times]


def _halves_of(others: Windows, times: int, *, seed: int) -> list[Windows]:
    """Give the windows of a random half of the groups for each fit, or all of a single group."""
    rng = np.random.default_rng(seed)
    groups = np.unique(others.group)
    count = max(1, len(groups) // 2)
    return [
        others.select(np.isin(others.group, rng.permutation(groups)[:count])) for _ in range(times)
    ]


def _retrained(
    train: Windows, inside: Table, make: Callable[[int, Windows], Sampler], *, seed: int
) -> Retrained:
    """Fit in turn and measure how near each person's windows lie to what comes out."""
    of_train = describe(train)
    place = placing(of_train)
    everybody = place(of_train)
    people = np.unique(train.group)
    rows = []
    for turn, row in enumerate(inside):
        seen = train.select(np.isin(train.group, people[row]))
        log.info("retrain attack: fit %d of %d", turn + 1, len(inside))
        made = make(turn, seen).sample(_half_as_many(seen, train), seed=seed + turn)
        near = nearness(place(describe(in_canonical_order(made))), everybody)
        whose = np.unique(everybody.group, return_inverse=True)[1]
        sums = np.stack([np.bincount(whose, weights=of_attack) for of_attack in near])
        rows.append(sums / np.bincount(whose))
    return Retrained(inside, np.stack(rows, axis=1))


def _half_as_many(seen: Windows, train: Windows) -> dict[str, int]:
    """Give half of train's number for each class that was seen: as many windows after every fit."""
    return {name: -(-count // 2) for name, count in train.counts.items() if seen.counts[name]}


def person_aucs(nearness_of: Float64Array, inside: Table) -> Float64Array:
    """Give how often a person is nearer where in than where out, (attack, person); ties half.

    nearness_of: (attack, fit, person), taken against the mean over people of the fit, for some fits
    lie nearer to everybody. NaN for a person who is always in or always out.
    """
    relative = nearness_of - nearness_of.mean(axis=2, keepdims=True)
    columns = []
    for person, was_in in enumerate(inside.T):
        one = relative[:, was_in, person][:, :, None]
        two = relative[:, ~was_in, person][:, None, :]
        columns.append(((one > two) + 0.5 * (one == two)).mean(axis=(1, 2)))
    return np.stack(columns, axis=1)


def _mean_person(aucs: Float64Array) -> float:
    return float(aucs.mean(axis=1).max())


def _worst_person(aucs: Float64Array) -> float:
    return float(aucs.max())


FIGURE: dict[str, Callable[[Float64Array], float]] = {
    "retrain_person_auc": _mean_person,
    "retrain_worst_person": _worst_person,
}
"""Figure -> how it is read off AUCs (attack, person); the best attack counts."""

SHORT = {"retrain_person_auc": "mean over people", "retrain_worst_person": "worst person"}


def _scores(
    found: Retrained, leaky: Retrained, unrelated: Retrained, *, seed: int
) -> tuple[Score, ...]:
    """Give the figures beside tables of who was in, drawn anew, on windows of unrelated people."""
    times, people = found.inside.shape
    tables = [who_is_in(people, times, seed=seed + 1 + draw) for draw in range(DRAWS)]
    chance = [
        person_aucs(unrelated.nearness, table) for table in (tables if people >= MIN_GROUPS else [])
    ]
    of_leaky = {name: _score(name, leaky, chance, seed) for name in FIGURE}
    figures = (judged(_score(n, found, chance, seed), of_leaky[n]) for n in FIGURE)
    of_unrelated = {name: _score(name, unrelated, chance, seed) for name in FIGURE}
    succeeds = of_unrelated["retrain_person_auc"].verdict == "bad"
    fails = "the attack succeeds all the same" if succeeds else "as it must, the attack fails"
    return (
        *figures,
        _control("retrain_leaky", of_leaky, power_of({SHORT[n]: s for n, s in of_leaky.items()})),
        _control("retrain_unrelated", of_unrelated, fails),
    )


def _score(name: str, of: Retrained, chance: Sequence[Float64Array], seed: int) -> Score:
    figure, rng = FIGURE[name], np.random.default_rng(seed)
    aucs = person_aucs(of.nearness, of.inside)
    people = aucs.shape[1]
    values = [figure(aucs[:, rng.integers(0, people, people)]) for _ in range(RESAMPLES)]
    means = ", ".join(
        f"{attack_name} {auc:.2f}"
        for attack_name, auc in zip(DISTANCES, aucs.mean(axis=1), strict=True)
    )
    measured = Measured(
        figure(aucs),
        standard_error(values),
        [max(0.5, figure(draw)) for draw in chance],
        note=f"{len(of.inside)} fits to half of {people} groups; mean over people: {means}",
    )
    return surely(scored(name, measured, limits=(0.0, 1.0)))


def _control(name: str, of: dict[str, Score], word: str) -> Score:
    row = of["retrain_person_auc"]
    told = ", ".join(f"{SHORT[figure]} {score.value:.2f}" for figure, score in of.items())
    score = scored(name, Measured(row.value, 0.0, note=f"{told}; {word}"), limits=(0.0, 1.0))
    return replace(score, interval=row.interval, verdict="control")
