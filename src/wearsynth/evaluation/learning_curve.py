"""What more people would buy, and what synthetic windows buy instead."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from wearsynth.classifiers import fit_judge
from wearsynth.data import IntArray, Windows, concat
from wearsynth.evaluation.decisions import (
    Confusion,
    Floats,
    decisions,
    macro_f1,
    middle,
    resampled_f1,
)
from wearsynth.evaluation.described import thinned
from wearsynth.evaluation.pictures import CurveLine, CurvePicture
from wearsynth.evaluation.reference import Measured, scored, standard_error
from wearsynth.evaluation.scores import Score
from wearsynth.evaluation.trial import Trial

log = logging.getLogger(__name__)

JUDGE = "trees"
DRAWS = 6
"""Draws of people at each number of people; all of them are one draw."""

MORE_PEOPLE = 5
NAMES = ("worth_people", "five_more_people", "added_people")


@dataclass(frozen=True, eq=False)
class Curve:
    """F1 over numbers of people.

    people: (point,). values: (point,), mean over draws. resampled: (point, bootstrap draw), over
    holdout groups and draws of people; the same bootstrap draw of groups in every point.
    """

    people: IntArray
    values: Floats
    resampled: Floats


def learning_curve_scores(trial: Trial) -> tuple[tuple[Score, ...], tuple[CurvePicture, ...]]:
    """Give what people and synthetic windows are worth to a judge of new people, and the curves.

    A judge learns from 1, 2, 3, 5, ... and all training groups, alone and with the synthetic windows
    (at most as many as there are training windows). Groups of one class each are drawn class by
    class. Costs two fits of the trees for each of DRAWS draws at each number of people.
    """
    train = thinned(trial.train, trial.effort.windows)
    if min(len(np.unique(w.label)) for w in (train, trial.holdout)) < 2:
        nothing = Measured(None, 0.0, note="one class only: there is nothing to tell apart")
        return tuple(scored(name, nothing, limits=(0, 1)) for name in NAMES), ()
    people = numbers_of_people(most_groups(train))
    log.info("evaluate: learning curve, %d fits of trees", 2 * DRAWS * (len(people) - 1) + 3)
    synthetic = thinned(trial.synthetic, len(train))
    draws = [_draws(train, number, seed=trial.seed) for number in people]
    alone = _curve(trial, people, [[train.select(rows) for rows in of] for of in draws])
    both = _curve(
        trial, people, [[concat([train.select(rows), synthetic]) for rows in of] for of in draws]
    )
    only = _curve(trial, people[-1:], [[synthetic]])
    scores = (_worth(alone, only), _five_more(alone), _added(alone, both))
    return scores, (_picture(alone, both, only),)


def numbers_of_people(most: int) -> list[int]:
    """Give 1, 2, 3, 5, 8, ... and `most`."""
    numbers = [1, 2]
    while numbers[-1] + numbers[-2] < most:
        numbers.append(numbers[-1] + numbers[-2])
    return [number for number in numbers if number < most] + [most]


def most_groups(train: Windows) -> int:
    """Give the number of groups of the class that has most."""
    return max(len(np.unique(train.group[train.label == c])) for c in np.unique(train.label))


def _draws(train: Windows, people: int, *, seed: int) -> list[IntArray]:
    """Give rows of `people` random groups of each class (the same people where they can be)."""
    rng = np.random.default_rng([seed, people])
    names, label = np.unique(train.group), train.label
    found = []
    for _ in range(DRAWS):
        order = rng.permutation(names)
        rows = []
        for index in np.unique(label):
            of_class = np.flatnonzero(label == index)
            mine = order[np.isin(order, train.group[of_class])][:people]
            rows.append(of_class[np.isin(train.group[of_class], mine)])
        found.append(np.sort(np.concatenate(rows)))
    whole = all(len(rows) == len(train) for rows in found)
    return found[:1] if whole else found


def _curve(trial: Trial, people: Sequence[int], sets: Sequence[Sequence[Windows]]) -> Curve:
    """Give the curve of judges trained on sets[point][draw]."""
    values, each = [], []
    for point, draws in enumerate(sets):
        found = [
            decisions(fit_judge(JUDGE, draw, seed=trial.seed), trial.holdout) for draw in draws
        ]
        values.append(np.mean([macro_f1(of.sum(axis=0)) for of in found]))
        each.append(_resampled_mean(found, point=point, seed=trial.seed))
    return Curve(np.array(people), np.array(values), np.stack(each))


def _resampled_mean(found: Sequence[Confusion], *, point: int, seed: int) -> Floats:
    """Give the mean F1 over draws of people, both groups and draws drawn anew, (bootstrap draw,)."""
    of_draw = np.stack([resampled_f1(of, seed=seed) for of in found])
    count, times = of_draw.shape
    again = np.random.default_rng([seed, point]).integers(0, count, (count, times))
    return np.asarray(np.take_along_axis(of_draw, again, axis=0).mean(axis=0))


def worth_in_people(f1: float, people: IntArray, curve: Floats) -> float:
    """Give how many real people reach an F1: 0 below one person, all where they do not reach it.

    Between points the curve is straight over the logarithm of people, and never falls.
    """
    rising = np.maximum.accumulate(curve)
    if f1 < rising[0]:
        return 0.0
    if f1 >= rising[-1]:
        return float(people[-1])
    after = int(np.searchsorted(rising, f1, side="right"))
    share = (f1 - rising[after - 1]) / (rising[after] - rising[after - 1])
    low, high = np.log(people[[after - 1, after]])
    return float(np.exp(low + share * (high - low)))


def gain_of_more(people: IntArray, curve: Floats, more: int) -> float:
    """Give what `more` people would add to F1, the upper half of the curve drawn on straight.

    Straight over the logarithm of people, by least squares over the points from a third of the
    people on (at least the last two).
    """
    return slope(people, curve) * float(np.log((people[-1] + more) / people[-1]))


def slope(people: IntArray, curve: Floats) -> float:
    """Give F1 for each e-fold of people at the curve's upper end; 0 where there is one point."""
    if len(people) < 2:
        return 0.0
    first = min(int(np.searchsorted(people, people[-1] / 3)), len(people) - 2)
    return float(np.polyfit(np.log(people[first:]), curve[first:], 1)[0])


def _worth(alone: Curve, only: Curve) -> Score:
    value = worth_in_people(only.values[0], alone.people, alone.values)
    pairs = zip(only.resampled[0], alone.resampled.T, strict=True)
    each = np.array([worth_in_people(float(f1), alone.people, curve) for f1, curve in pairs])
    most = int(alone.people[-1])
    note = f"of {most}; synthetic windows alone reach F1 {only.values[0]:.2f}"
    if value == 0:
        note += f", one real person {alone.values[0]:.2f}"
    if value == most:
        note += f", all real people {alone.values[-1]:.2f}: worth at least as many"
    return _compared("worth_people", value, each, limits=(0, most), note=note)


def _five_more(alone: Curve) -> Score:
    value = gain_of_more(alone.people, alone.values, MORE_PEOPLE)
    each = np.array([gain_of_more(alone.people, c, MORE_PEOPLE) for c in alone.resampled.T])
    note = (
        f"from {alone.values[-1]:.2f} with {alone.people[-1]}; the curve is drawn on beyond what "
        "was measured"
    )
    return _compared("five_more_people", value, each, limits=(-1, 1), note=note)


def _added(alone: Curve, both: Curve) -> Score:
    value = float(both.values[-1] - alone.values[-1])
    each = both.resampled[-1] - alone.resampled[-1]
    rise = slope(alone.people, alone.values)
    score = _compared("added_people", value, each, limits=(-1, 1), note="")
    return replace(score, note=_in_people(value, rise, alone, score.interval or (0.0, 0.0)))


def _in_people(gain: float, rise: float, alone: Curve, interval: tuple[float, float]) -> str:
    """Say how many more real people would gain as much, where that can be said."""
    if interval[0] <= 0 <= interval[1]:
        return "no gain or loss that the holdout can show"
    if gain < 0:
        return "adding them harms"
    if rise <= 0 or middle(np.array([slope(alone.people, c) for c in alone.resampled.T]))[0] <= 0:
        return "more people show no sure gain either: it cannot be told in people"
    most = int(alone.people[-1])
    more = most * float(np.expm1(min(gain / rise, np.log(11))))
    return f"as good as {'more than ' * (more >= 10 * most)}{more:.0f} more real people"


def _compared(
    name: str, value: float, each: Floats, *, limits: tuple[float, float], note: str
) -> Score:
    score = scored(name, Measured(value, standard_error(each), note=note), limits=limits)
    return replace(score, interval=middle(each), verdict="for comparison")


def _picture(alone: Curve, both: Curve, only: Curve) -> CurvePicture:
    flat = np.repeat(only.resampled, len(alone.people), axis=0)
    constant = Curve(alone.people, np.repeat(only.values, len(alone.people)), flat)
    return CurvePicture(
        title="Learning curve",
        hint=f"Macro F1 on the holdout of {JUDGE} trained on so many real people (groups of each "
        f"class), mean of {DRAWS} draws of people. The generator of the synthetic windows may have "
        "seen all training people, also where few are added. Shaded: 95 % by bootstrap over "
        "holdout groups and draws.",
        x_title="real people",
        y_title="macro F1",
        lines=(
            _line("real people", alone),
            _line("real people + synthetic", both),
            replace(_line("synthetic alone", constant), dashed=True),
        ),
    )


def _line(name: str, curve: Curve) -> CurveLine:
    ends = [middle(values) for values in curve.resampled]
    return CurveLine(
        name=name,
        x=tuple(float(number) for number in curve.people),
        y=tuple(float(value) for value in curve.values),
        low=tuple(low for low, _ in ends),
        high=tuple(high for _, high in ends),
    )
