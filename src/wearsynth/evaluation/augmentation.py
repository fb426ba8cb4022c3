"""Real training windows with synthetic ones added, and whether judges gain by them."""

from dataclasses import replace

from wearsynth.classifiers import fit_judge
from wearsynth.data import Windows, concat
from wearsynth.evaluation.decisions import (
    Confusion,
    cannot_rank,
    decisions,
    macro_f1,
    middle,
    resampled_f1,
)
from wearsynth.evaluation.described import thinned
from wearsynth.evaluation.pictures import CurveLine
from wearsynth.evaluation.reference import Measured, scored, standard_error
from wearsynth.evaluation.scores import Score
from wearsynth.evaluation.trial import Trial

SHARES = (0.5, 1.0, 2.0, 5.0)
"""Synthetic windows for each real one."""

FEWER_SHARES = {"cnn": (1.0,)}
"""Judges whose fits cost seconds, and the shares that they are tried with."""


def augmented(judge: str, trial: Trial, train: Windows, real: Confusion) -> tuple[Score, CurveLine]:
    """Give F1 with one synthetic window for each real one, and the curve over SHARES.

    real: the decisions on the holdout, (group, class, class), of the judge trained on train alone.
    """
    found = {0: real}
    shares = FEWER_SHARES.get(judge, SHARES)
    for number in numbers(len(train), len(trial.synthetic), shares=shares):
        both = concat([train, thinned(trial.synthetic, number)])
        found[number] = decisions(fit_judge(judge, both, seed=trial.seed), trial.holdout)
    shown = min(len(train), len(trial.synthetic))
    score = _score(judge, real, found[shown], note=_note(found, shown, len(train)), seed=trial.seed)
    return score, _line(judge, found, len(train), seed=trial.seed)


def numbers(real: int, synthetic: int, *, shares: tuple[float, ...] = SHARES) -> list[int]:
    """Give how many synthetic windows are added, shares of the real ones, all at most."""
    return sorted({min(max(1, round(share * real)), synthetic) for share in shares})


def _score(judge: str, real: Confusion, both: Confusion, *, note: str, seed: int) -> Score:
    difference = resampled_f1(both, seed=seed) - resampled_f1(real, seed=seed)
    interval = middle(difference)
    notes = (note, _said(interval), cannot_rank(interval, len(real)))
    measured = Measured(
        macro_f1(both.sum(axis=0)),
        standard_error(difference),
        note="; ".join(filter(None, notes)),
    )
    score = scored("augmented_macro_f1", measured, limits=(0, 1), judge=judge)
    return replace(score, interval=interval, interval_of="gain over TRTR", verdict="for comparison")


def _said(gain: tuple[float, float]) -> str:
    if gain[0] > 0:
        return "adding them helps"
    return "adding them harms" if gain[1] < 0 else "no gain or loss that the holdout can show"


def _note(found: dict[int, Confusion], shown: int, real: int) -> str:
    others = [
        f"{number / real:.2g} x {macro_f1(of.sum(axis=0)):.2f}"
        for number, of in found.items()
        if number not in {0, shown}
    ]
    more = f" (with {', '.join(others)})" if others else ""
    return f"{shown / real:.2g} x as many synthetic windows as real ones{more}"


def _line(judge: str, found: dict[int, Confusion], real: int, *, seed: int) -> CurveLine:
    ends = [middle(resampled_f1(of, seed=seed)) for of in found.values()]
    return CurveLine(
        name=judge,
        x=tuple(number / real for number in found),
        y=tuple(macro_f1(of.sum(axis=0)) for of in found.values()),
        low=tuple(low for low, _ in ends),
        high=tuple(high for _, high in ends),
    )
