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
    alarms_allowed,
    dealt_anew,
    found,
    found_by_chance,
    over_folds,
    person_auc,
    resampled,
    window_auc,
    worst_person,
)
from wearsynth.evaluation.attacks.membership import ATTACKS, Placed, attack, placing
from wearsynth.evaluation.attacks.power import (
    as_much_share,
    holdout_seen,
    judged,
    no_better_than_dealt,
    power_of,
    surely,
    unrelated_word,
)
from wearsynth.evaluation.attacks.roc import Evidence, roc_pictures
from wearsynth.evaluation.controls import Copying
from wearsynth.evaluation.described import describe, joined
from wearsynth.evaluation.pictures import CurvePicture
from wearsynth.evaluation.reference import Measured, deal_groups, scored, standard_error
from wearsynth.evaluation.scores import Score
from wearsynth.evaluation.trial import Trial
from wearsynth.features import Float64Array

FIGURE: dict[str, Figure] = {
    "membership_auc": window_auc,
    "membership_person_auc": person_auc,
    "membership_worst_person": worst_person,
    "membership_tpr": found,
}
"""Figure -> how it is read off an attack's scores."""

AUCS = ("membership_auc", "membership_person_auc")

SHORT = {
    "membership_auc": "by window",
    "membership_person_auc": "by person",
    "membership_worst_person": "worst person",
    "membership_tpr": "found at 5 % false alarms",
}

RESAMPLES = 100
DEALS, CONTROL_DEALS = 200, 100


@dataclass(frozen=True)
class Membership:
    """The scores of membership attacks and the pictures of what they find."""

    scores: tuple[Score, ...]
    curves: tuple[CurvePicture, ...] = ()


def membership(trial: Trial) -> Membership:
    """Give what membership attacks find, by window and by person, and the two control rows."""
    half = deal_groups(
        trial.of_holdout.label, trial.of_holdout.group, 2, np.random.default_rng(trial.seed)
    )
    if half.max() < 1:
        why = "an attacker needs two groups in the holdout: one to know, one to tell apart"
        nothing = Measured(None, 0.0, note=why)
        names = (*FIGURE, "membership_leaky", "membership_unrelated")
        return Membership(tuple(scored(name, nothing, limits=(0, 1)) for name in names))
    evidence = _evidence(trial, half)
    leaky = {name: _score(name, evidence.leaky, evidence, trial.seed) for name in FIGURE}
    figures = tuple(
        judged(_score(name, evidence.synthetic, evidence, trial.seed), leaky[name])
        for name in FIGURE
    )
    rows = (_leaky_row(leaky), _unrelated_row(evidence, trial.seed))
    return Membership((*figures, *rows), roc_pictures(evidence, seed=trial.seed))


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
    measured = Measured(
        float(by_attack.max()),
        standard_error(values),
        _references(name, evidence),
        note=_told(name, by_attack, folds),
    )
    score = surely(scored(name, measured, limits=(0.0, 1.0)))
    deals = [_best(figure, deal) for deal in dealt_anew(folds, times=DEALS, seed=seed)]
    kept = no_better_than_dealt(score, deals)
    return holdout_seen(kept, deals) if name in AUCS else kept


def _told(name: str, by_attack: Float64Array, folds: Sequence[Guesses]) -> str:
    """Give every attack's value in words, and what false alarms rest on where they count."""
    each = zip(ATTACKS, by_attack, strict=True)
    told = "the best of " + ", ".join(f"{attack_name} {value:.2f}" for attack_name, value in each)
    if name != "membership_tpr":
        return told
    others = min(of.other.shape[1] for of in folds)
    people = min(len(np.unique(of.other_of)) for of in folds)
    return (
        f"{told}; the bar lies above all but {alarms_allowed(others)} of {others} windows of "
        f"{people} others, where an attack that guesses finds {found_by_chance(others):.2f}"
    )


def _references(name: str, evidence: Evidence) -> list[float]:
    """Give the figure for each draw of other people, chance at least: a worse attack gains nothing.

    A draw leaves half of the members; so the worst person is sought in two draws together.
    """
    values = [max(_chance(name, draw), _best(FIGURE[name], draw)) for draw in evidence.unrelated]
    if name == "membership_worst_person":
        return [max(one, two) for one, two in zip(values, values[1:] + values[:1], strict=True)]
    return values


def _chance(name: str, folds: Sequence[Guesses]) -> float:
    """Give what one attack without any information gives on average."""
    if name != "membership_tpr":
        return 0.5
    return float(np.mean([found_by_chance(of.other.shape[1]) for of in folds]))


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
    values = {
        name: float(np.mean([_best(figure, draw) for draw in evidence.unrelated]))
        for name, figure in FIGURE.items()
    }
    told = ", ".join(f"{SHORT[name]} {value:.2f}" for name, value in values.items())
    value = values["membership_auc"]
    error = float(np.mean([_spread(draw, seed) for draw in evidence.unrelated]))
    shares = [
        as_much_share(
            _best(window_auc, draw),
            [_best(window_auc, deal) for deal in dealt_anew(draw, times=CONTROL_DEALS, seed=seed)],
        )
        for draw in evidence.unrelated
    ]
    note = f"{told}; {unrelated_word(shares)}"
    control = scored("membership_unrelated", Measured(value, error, note=note), limits=(0.0, 1.0))
    return replace(control, verdict="control")


def _spread(folds: Sequence[Guesses], seed: int) -> float:
    return standard_error([_best(window_auc, one) for one in resampled(folds, times=20, seed=seed)])
