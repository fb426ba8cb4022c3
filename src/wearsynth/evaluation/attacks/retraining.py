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
from wearsynth.evaluation.attacks.keeping import Keep
from wearsynth.evaluation.attacks.membership import Placed, nearness, placing
from wearsynth.evaluation.attacks.power import judged, no_better_than_dealt, power_of, surely
from wearsynth.evaluation.controls import Copying, Sampler
from wearsynth.evaluation.described import Described, describe, in_canonical_order
from wearsynth.evaluation.reference import DRAWS, MIN_GROUPS, Measured, scored, standard_error
from wearsynth.evaluation.scores import Score
from wearsynth.evaluation.trial import Trial
from wearsynth.features import Float64Array

log = logging.getLogger(__name__)

Fit = Callable[[Windows], Sampler]
"""Fits a generator to windows; a fit that draws random numbers may use the same ones each time."""

Watch = Callable[[int, int], None]
"""Is told how many fits are done, of how many."""

MIN_PEOPLE = 4
MIN_TIMES = 4
RESAMPLES = 200
DEALS = 200

LOOKED_AT = 2000
"""Distances are taken to at most so many windows of all people together."""

MADE = 5000
"""A fit gives at most so many windows: describing them is most of the cost of the controls."""

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


@dataclass(frozen=True, eq=False)
class Retraining:
    """How a generator is fitted again and again for `evaluate`.

    name: what titles call it. own: whether the windows that are judged are its own; if not, its
    figures stand beside theirs without a verdict. about: whose generator it is, in a few words.
    keep: where finished fits are kept. watch: is told of each.
    """

    fit: Fit
    times: int = 24
    name: str = "generator"
    own: bool = True
    about: str = "the generator of these windows"
    keep: Keep | None = None
    watch: Watch | None = None


def retrain_scores(trial: Trial, by: Retraining) -> tuple[Score, ...]:
    """Give the scores of `retrain_attack` on a trial's windows, named after the generator.

    With fewer than 4 training groups they have no value, and say why.
    """
    people = len(np.unique(trial.train.group))
    if people < MIN_PEOPLE:
        why = f"train has {people} group(s): fits with and without each need {MIN_PEOPLE}"
        found = tuple(scored(n, Measured(None, 0.0, note=why), limits=(0, 1)) for n in NAMES)
    else:
        found = retrain_attack(
            trial.train,
            by.fit,
            others=trial.holdout,
            times=by.times,
            seed=trial.seed,
            keep=by.keep,
            watch=by.watch,
        )
    return tuple(_named(score, by) for score in found)


def retrain_notes(by: Retraining | None) -> tuple[str, ...]:
    """Give a line on what figures of another generator say, where there are any."""
    if by is None or by.own:
        return ()
    return (
        f"figures called ({by.name}) speak of {by.about}: they say what such a generator would give "
        "away of these people, and nothing of the windows given.",
    )


def _named(score: Score, by: Retraining) -> Score:
    """Give the score under the generator's name; another generator's has no verdict here."""
    score = replace(
        score,
        name=f"{score.name}_{by.name}",
        title=f"{score.title} ({by.name})",
        note=f"of {by.about}: {score.note}",
    )
    if by.own or score.verdict in {"control", "not measured"}:
        return score
    told = f"{score.note}; by itself it is {score.verdict}, which says nothing of these windows"
    return replace(score, note=told, verdict="for comparison")


def retrain_attack(
    train: Windows,
    fit: Fit,
    *,
    others: Windows,
    times: int = 24,
    seed: int = 0,
    keep: Keep | None = None,
    watch: Watch | None = None,
) -> tuple[Score, ...]:
    """Give how well people are told to have been in, and two controls: a copying and a blind generator.

    train: windows of at least 4 groups, of which each fit sees half. others: windows of groups that no
    fit sees. times: how often to fit; each person is in for half of the fits. It costs `times` calls
    of `fit`, a draw of as many windows as it saw from each (5000 at most), and a search for
    neighbours. keep: a file for finished fits, from which the same call goes on. DataError where there
    are too few groups or times, or train and others share groups.
    """
    train, others = in_canonical_order(train), in_canonical_order(others)
    _check(train, others, times)
    inside = who_is_in(len(np.unique(train.group)), times, seed=seed)
    strangers = _halves_of(others, times, seed=seed)
    look = _Look.at(train)
    rows = keep.begun(train, seed=seed)[:times] if keep is not None else []
    for turn in range(len(rows), times):
        rows.append(look.after(fit(look.seen(inside[turn])), inside[turn], seed=seed + turn))
        if keep is not None:
            keep.write(rows, train, seed=seed)
        if watch is not None:
            watch(turn + 1, times)
    log.info("retrain attack: the same with copies and with unrelated people")
    leaky = [
        look.after(Copying(look.seen(row)), row, seed=seed + turn)
        for turn, row in enumerate(inside)
    ]
    unrelated = [
        look.after(Copying(strangers[turn]), row, seed=seed + turn)
        for turn, row in enumerate(inside)
    ]
    found = (Retrained(inside, np.stack(of, axis=1)) for of in (rows, leaky, unrelated))
    return _scores(*found, seed=seed)


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


@dataclass(frozen=True, eq=False)
class _Look:
    """What an attacker compares with: everybody's windows in place; whose: (window,) from 0."""

    train: Windows
    people: NDArray[np.str_]
    place: Callable[[Described], Placed]
    everybody: Placed
    whose: NDArray[np.int64]

    @classmethod
    def at(cls, train: Windows) -> "_Look":
        """Give a look at all people, of whom each has at most the same number of windows."""
        people = np.unique(train.group)
        each = max(5, LOOKED_AT // len(people))
        # windows stand in the order of a hash, so a person's first ones are a random choice
        kept = np.concatenate([np.flatnonzero(train.group == name)[:each] for name in people])
        described = describe(train.select(np.sort(kept)))
        place = placing(described)
        everybody = place(described)
        whose = np.unique(everybody.group, return_inverse=True)[1]
        return cls(train, people, place, everybody, whose)

    def seen(self, inside: NDArray[np.bool_]) -> Windows:
        """Give the windows of the people who are in."""
        return self.train.select(np.isin(self.train.group, self.people[inside]))

    def after(self, sampler: Sampler, inside: NDArray[np.bool_], *, seed: int) -> Float64Array:
        """Give how near what a fit gives lies to each person, (attack, person)."""
        made = sampler.sample(_half_as_many(self.seen(inside), self.train), seed=seed)
        near = nearness(self.place(describe(in_canonical_order(made))), self.everybody)
        sums = np.stack([np.bincount(self.whose, weights=of_attack) for of_attack in near])
        return np.asarray(sums / np.bincount(self.whose))


def _half_as_many(seen: Windows, train: Windows) -> dict[str, int]:
    """Give half of train's number for each class that was seen: as many windows after every fit."""
    share = min(0.5, MADE / len(train))
    return {
        name: int(np.ceil(share * count))
        for name, count in train.counts.items()
        if seen.counts[name]
    }


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

NAMES = (*FIGURE, "retrain_leaky", "retrain_unrelated")

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
    tables = (who_is_in(people, len(of.inside), seed=seed + 101 + deal) for deal in range(DEALS))
    deals = [figure(person_aucs(of.nearness, table)) for table in tables]
    return no_better_than_dealt(surely(scored(name, measured, limits=(0.0, 1.0))), deals)


def _control(name: str, of: dict[str, Score], word: str) -> Score:
    row = of["retrain_person_auc"]
    told = ", ".join(f"{SHORT[figure]} {score.value:.2f}" for figure, score in of.items())
    score = scored(name, Measured(row.value, 0.0, note=f"{told}; {word}"), limits=(0.0, 1.0))
    return replace(score, interval=row.interval, verdict="control")
