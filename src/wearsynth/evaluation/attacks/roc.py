"""What an attack finds at every number of false alarms, as pictures: by window and by person."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from wearsynth.evaluation.attacks.guesses import (
    FALSE_ALARMS,
    Guesses,
    of_people,
    over_folds,
    resampled,
    roc,
    window_auc,
)
from wearsynth.evaluation.attacks.membership import ATTACKS
from wearsynth.evaluation.pictures import CurveLine, CurvePicture, Line
from wearsynth.features import Float64Array

ALARMS = np.unique(np.concatenate([np.linspace(0, 1, 51), [0.01, 0.03, FALSE_ALARMS]]))
"""Shares of false alarms that a curve has points at."""

LEAST_PEOPLE = 10
"""A curve by person wants so many people on either side: fewer make steps that mean nothing."""

RESAMPLES = 100


@dataclass(frozen=True, eq=False)
class Evidence:
    """The guesses of all attacks in both folds: on synthetic windows, and on the two controls."""

    synthetic: tuple[Guesses, ...]
    leaky: tuple[Guesses, ...]
    unrelated: tuple[tuple[Guesses, ...], ...]


Unit = Callable[[Guesses], Guesses]
"""Gives the guesses about windows, or about people."""


def roc_pictures(evidence: Evidence, *, seed: int) -> tuple[CurvePicture, ...]:
    """Give what the strongest attack finds, by window and, where people are enough, by person."""
    pictures = [_picture(evidence, lambda of: of, "window", seed)]
    people = min(
        len(np.unique(whose)) for of in evidence.synthetic for whose in (of.member_of, of.other_of)
    )
    if people >= LEAST_PEOPLE:
        pictures.append(_picture(evidence, of_people, "person", seed))
    return tuple(pictures)


def _picture(evidence: Evidence, unit: Unit, word: str, seed: int) -> CurvePicture:
    best, curve = _strongest(evidence.synthetic, unit)
    lines = (
        *_unrelated(evidence, unit),
        _line("synthetic windows", curve, _again(evidence.synthetic, unit, best, seed)),
        _line("leaky copy", _strongest(evidence.leaky, unit)[1]),
        _line("guessing", ALARMS, dashed=True),
    )
    return CurvePicture(
        title=f"Who is found, by {word}",
        hint=_hint(evidence, unit, word, ATTACKS[best]),
        x_title=f"others taken for members (share of {_plural(word)})",
        y_title="members found",
        lines=lines,
    )


def _plural(word: str) -> str:
    return {"window": "windows", "person": "people"}[word]


def _curves(folds: Sequence[Guesses], unit: Unit) -> Float64Array:
    """Give the mean curve over folds, (attack, alarm)."""
    return np.asarray(np.mean([roc(unit(fold), ALARMS) for fold in folds], axis=0))


def _strongest(folds: Sequence[Guesses], unit: Unit) -> tuple[int, Float64Array]:
    """Give the attack with the largest AUC, as the figures take it, and its curve."""
    best = int(over_folds(lambda of: window_auc(unit(of)), folds).argmax())
    return best, _curves(folds, unit)[best]


def _again(
    folds: Sequence[Guesses], unit: Unit, attack: int, seed: int
) -> tuple[Float64Array, Float64Array]:
    """Give 95 % of the curve of one attack over people drawn anew."""
    only = [
        Guesses(of.member[[attack]], of.member_of, of.other[[attack]], of.other_of) for of in folds
    ]
    draws = [_curves(draw, unit)[0] for draw in resampled(only, times=RESAMPLES, seed=seed)]
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return low, high


def _unrelated(evidence: Evidence, unit: Unit) -> tuple[CurveLine, ...]:
    """Give the mean curve over draws of other real people, from the lowest to the highest; or none."""
    if not evidence.unrelated:
        return ()
    draws = np.stack([_strongest(draw, unit)[1] for draw in evidence.unrelated])
    spread = (draws.min(axis=0), draws.max(axis=0))
    return (_line("unrelated real people", draws.mean(axis=0), spread),)


def _line(
    name: str,
    curve: Float64Array,
    spread: tuple[Float64Array, Float64Array] | None = None,
    *,
    dashed: bool = False,
) -> CurveLine:
    low, high = ((), ()) if spread is None else map(_plain, spread)
    return CurveLine(name, _plain(ALARMS), _plain(curve), low, high, dashed)


def _plain(values: Float64Array) -> Line:
    return tuple(round(float(value), 4) for value in values)


def _hint(evidence: Evidence, unit: Unit, word: str, attack_name: str) -> str:
    others = min(unit(of).other.shape[1] for of in evidence.synthetic)
    members = unit(evidence.synthetic[0]).member.shape[1]
    most, many = int(FALSE_ALARMS * others), _plural(word)
    left = f"5 % of them are {most}" if most else "5 % of them are less than one"
    shaded = "95 % over people drawn anew"
    if evidence.unrelated:
        shaded += f"; for unrelated people all of {len(evidence.unrelated)} draws"
    return (
        f"The strongest attack here ({attack_name}): {members} {many} of members against {others} of "
        f"others{'' if len(evidence.synthetic) == 1 else ', twice'}. On the dashed line it guesses; "
        f"the higher above it, the more is given away. The leaky copy shows what it finds where there "
        f"is something to find. Shaded: {shaded}. The left end rests on few {many} ({left})."
    )
