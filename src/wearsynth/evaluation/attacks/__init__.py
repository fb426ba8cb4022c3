"""Attacks on privacy: who was learnt from, told by people who see the synthetic windows only.

An attack that fails says little by itself. So every attack is also tried on copies of training
windows, where it must succeed, and on windows of other real people, where it must not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from wearsynth.data import IntArray, StrArray, Windows
from wearsynth.evaluation.attacks.guesses import (
    Figure,
    Guesses,
    dealt_anew,
    found,
    over_folds,
    person_auc,
    resampled,
    window_auc,
    worst_person,
)
from wearsynth.evaluation.attacks.membership import ATTACKS, Placed, attack, placing
from wearsynth.evaluation.attacks.power import (
    judged,
    no_better_than_dealt,
    power_of,
    surely,
)
from wearsynth.evaluation.controls import Copying
from wearsynth.evaluation.described import describe, joined
from wearsynth.evaluation.reference import Measured, deal_groups, scored, standard_error
from wearsynth.evaluation.scores import Score
from wearsynth.evaluation.trial import Trial

FIGURE: dict[str, Figure] = {
    "membership_auc": window_auc,
    "membership_person_auc": person_auc,
    "membership_worst_person": worst_person,
    "membership_tpr": found,
}
"""Figure -> how it is read off an attack's scores."""

CHANCE = {"membership_tpr": 0.05}
"""What an attack without any information gives, where that is not .5."""

SHORT = {
    "membership_auc": "by window",
    "membership_person_auc": "by person",
    "membership_worst_person": "worst person",
    "membership_tpr": "found at 5 % false alarms",
}

RESAMPLES = 100
DEALS = 200


@dataclass(frozen=True, eq=False)
class Evidence:
    """The guesses of all attacks in both folds: on synthetic windows, and on the two controls."""

    synthetic: tuple[Guesses, ...]
    leaky: tuple[Guesses, ...]
    unrelated: tuple[tuple[Guesses, ...], ...]


def membership_scores(trial: Trial) -> tuple[Score, ...]:
    """Give what membership attacks find, by window and by person, and the two control rows."""
    half = deal_groups(
        trial.of_holdout.label, trial.of_holdout.group, 2, np.random.default_rng(trial.seed)
    )
    if half.max() < 1:
        why = "an attacker needs two groups in the holdout: one to know, one to tell apart"
        nothing = Measured(None, 0.0, note=why)
        names = (*FIGURE, "membership_leaky", "membership_unrelated")
        return tuple(scored(name, nothing, limits=(0, 1)) for name in names)
    evidence = _evidence(trial, half)
    leaky = {name: _score(name, evidence.leaky, evidence, trial.seed) for name in FIGURE}
    figures = tuple(
        judged(_score(name, evidence.synthetic, evidence, trial.seed), leaky[name])
        for name in FIGURE
    )
    return (*figures, _leaky_row(leaky), _unrelated_row(evidence, trial.seed))


def _evidence(trial: Trial, half: IntArray) -> Evidence:
    place = placing(joined(trial.of_train, trial.of_holdout))
    holdout = place(trial.of_holdout)
    # windows stand in the order of a hash, so the first ones are a random choice
    members = place(trial.of_train.select(np.arange(len(trial.of_train))[: trial.effort.windows]))
    copies = place(describe(_leaky_copy(trial)))
    return Evidence(
        attack(place(trial.of_synthetic), members, holdout, half),
        attack(copies, members, holdout, half),
        tuple(
            attack(place(draw), rest, holdout, half)
            for draw in trial.draws
            if len(rest := _without(members, draw.group))
        ),
    )


def _without(members: Placed, group: StrArray) -> Placed:
    return members.select(np.flatnonzero(~np.isin(members.group, group)))


def _leaky_copy(trial: Trial) -> Windows:
    """Give as many noised training windows as there are synthetic ones, of the shared classes."""
    numbers = np.bincount(trial.of_synthetic.label, minlength=len(trial.classes)).tolist()
    counts = dict(zip(trial.classes, numbers, strict=True))
    return Copying(trial.train).sample(counts, seed=trial.seed)


def _score(name: str, folds: Sequence[Guesses], evidence: Evidence, seed: int) -> Score:
    """Give a figure of the best attack beside the best attack's on other real people's windows."""
    figure = FIGURE[name]
    by_attack = over_folds(figure, folds)
    values = [_best(figure, draw) for draw in resampled(folds, times=RESAMPLES, seed=seed)]
    told = ", ".join(
        f"{attack_name} {value:.2f}" for attack_name, value in zip(ATTACKS, by_attack, strict=True)
    )
    measured = Measured(
        float(by_attack.max()),
        standard_error(values),
        _references(name, evidence),
        note=f"the best of {told}",
    )
    score = surely(scored(name, measured, limits=(0.0, 1.0)))
    deals = [_best(figure, deal) for deal in dealt_anew(folds, times=DEALS, seed=seed)]
    return no_better_than_dealt(score, float(np.mean(np.array(deals) >= by_attack.max())))


def _references(name: str, evidence: Evidence) -> list[float]:
    """Give the figure for each draw of other people, chance at least: a worse attack gains nothing.

    A draw leaves half of the members; so the worst person is sought in two draws together.
    """
    values = [max(CHANCE.get(name, 0.5), _best(FIGURE[name], draw)) for draw in evidence.unrelated]
    if name == "membership_worst_person":
        return [max(one, two) for one, two in zip(values, values[1:] + values[:1], strict=True)]
    return values


def _best(figure: Figure, folds: Sequence[Guesses]) -> float:
    return float(over_folds(figure, folds).max())


def _leaky_row(leaky: dict[str, Score]) -> Score:
    """Give the control row of copies: the attack must succeed."""
    told = ", ".join(f"{SHORT[name]} {score.value:.2f}" for name, score in leaky.items())
    word = power_of({SHORT[name]: score for name, score in leaky.items()})
    row = leaky["membership_auc"]
    measured = Measured(row.value, 0.0, note=f"{told}; {word}")
    control = scored("membership_leaky", measured, limits=(0.0, 1.0))
    return replace(control, interval=row.interval, verdict="control")


def _unrelated_row(evidence: Evidence, seed: int) -> Score:
    """Give the control row of other real people: the attack must not succeed."""
    if not evidence.unrelated:
        nothing = Measured(None, 0.0, note="too few groups for draws of other real people")
        return scored("membership_unrelated", nothing, limits=(0.0, 1.0))
    errors = [
        standard_error([_best(window_auc, one) for one in resampled(draw, times=20, seed=seed)])
        for draw in evidence.unrelated
    ]
    values = {
        name: float(np.mean([_best(figure, draw) for draw in evidence.unrelated]))
        for name, figure in FIGURE.items()
    }
    told = ", ".join(f"{SHORT[name]} {value:.2f}" for name, value in values.items())
    value, error = values["membership_auc"], float(np.mean(errors))
    succeeds = value - 1.96 * error > 0.5
    word = "the attack succeeds: train and holdout differ in more than who was learnt from"
    note = f"{told}; {word if succeeds else 'as it must, the attack fails'}"
    control = scored("membership_unrelated", Measured(value, error, note=note), limits=(0.0, 1.0))
    return replace(control, verdict="control")
