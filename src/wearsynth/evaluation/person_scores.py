"""How much detectors say for the second of two classes, person by person, and the AUC of that.

F1 stands on where a detector draws the line; the area under the ROC curve does not.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wearsynth.data import IntArray, StrArray, Windows
from wearsynth.evaluation.decisions import Confusion, Floats, drawn_groups
from wearsynth.evaluation.person_bench import (
    BOTH,
    MADE,
    NOTHING,
    REAL,
    Bench,
    add_decisions,
    always,
    fits,
    learnt_sets,
    no_decisions,
)

log = logging.getLogger(__name__)

Score = Callable[[Windows], Floats]
"""Windows -> how much speaks for the second class, (window,); above 0 it is decided."""

Learn = Callable[[Windows], Score]
Interval = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Told:
    """What a detector says. window: (n,) which real windows. score: (n,), above 0 for the second class.

    A window that several sets may be tested on is there as many times.
    """

    window: IntArray
    score: Floats


@dataclass(frozen=True)
class Area:
    """AUC of windows of the second class against the first, one training set, one detector.

    value: all people's windows together, mean over seeds. interval: 95 %, by bootstrap over people.
    own: mean of the AUCs of people with both classes, each by themselves; None where there is nobody.
    """

    judge: str
    trained_on: str
    value: float
    interval: Interval
    own: float | None


@dataclass(frozen=True)
class AreaDifference:
    """AUC of one training set minus another's, on the same people and bootstrap draws."""

    judge: str
    of: str
    minus: str
    value: float
    interval: Interval


def told_by(bench: Bench, judge: str, learn: Learn, *, added: float) -> dict[str, Told]:
    """Give what a detector of two classes says of people left out, by what it learnt from.

    added: synthetic windows for each real one where it learns from both.
    """
    log.info("utility: %s, %d fits", judge, fits(bench))
    told = {}
    for name, sets in learnt_sets(bench, added=added).items():
        window, score = [np.empty(0, dtype=np.int64)], [np.empty(0)]
        for learnt, tested in sets:
            if tested.any():
                window.append(np.flatnonzero(tested))
                score.append(learn(learnt)(bench.real.select(tested)))
        told[name] = Told(np.concatenate(window), np.concatenate(score))
    return told


def decided(bench: Bench, told: Mapping[str, Told]) -> dict[str, Confusion]:
    """Give the decisions that come of it, by what was learnt from, (group, class, class)."""
    found = {NOTHING: always(bench)}
    for name, of in told.items():
        found[name] = no_decisions(bench)
        add_decisions(found[name], bench, of.window, (of.score > 0).astype(np.int64))
    return found


def areas(
    judge: str, told: Mapping[str, Sequence[Told]], people: StrArray, label: IntArray
) -> tuple[list[Area], list[AreaDifference]]:
    """Give the AUCs of a detector and what adding or replacing real windows does to them.

    told: what it learnt from -> of each seed. people, label: of the real windows, (window,); 1 is the
    second class. Nothing where all are of one class.
    """
    if len(np.unique(label)) < 2:
        return [], []
    drawn = {
        name: np.mean([_drawn(of, people, label) for of in each], axis=0)
        for name, each in told.items()
    }
    rows = [
        Area(judge, name, float(values[0]), _middle(values[1:]), _own(told[name], people, label))
        for name, values in drawn.items()
    ]
    differences = [
        AreaDifference(judge, a, b, float(apart[0]), _middle(apart[1:]))
        for a, b in ((MADE, REAL), (BOTH, REAL))
        for apart in (drawn[a] - drawn[b],)
    ]
    return rows, differences


def _drawn(told: Told, people: StrArray, label: IntArray) -> Floats:
    """Give the AUC of all people, then of bootstrap draws of them, (1 + draw,)."""
    group = np.unique(people, return_inverse=True)[1]
    once = 1 / np.bincount(told.window, minlength=len(label))[told.window]
    times = np.concatenate([np.ones((1, group.max() + 1)), drawn_groups(group.max() + 1, seed=0)])
    return auc(told.score, label[told.window] == 1, times[:, group[told.window]] * once)


def auc(score: Floats, positive: np.ndarray, weight: Floats) -> Floats:
    """Give the chance that one of the positive scores higher than another; of equal ones half.

    score, positive: (n,). weight: (..., n). Gives (...), NaN where there is none of a kind.
    """
    order = np.argsort(score, kind="stable")
    first = np.flatnonzero(np.diff(score[order], prepend=-np.inf) > 0)
    of, other = (
        np.add.reduceat((weight * kind)[..., order], first, axis=-1)
        for kind in (positive, ~positive)
    )
    below = other.cumsum(axis=-1) - other / 2
    pairs = of.sum(axis=-1) * other.sum(axis=-1)
    won = (of * below).sum(axis=-1)
    out = np.full(np.shape(pairs), np.nan)
    np.divide(won, pairs, out=out, where=pairs > 0)
    return out


def _own(told: Sequence[Told], people: StrArray, label: IntArray) -> float | None:
    """Give the mean over seeds and people of each one's own AUC; None where nobody has both classes."""
    own = []
    for of in told:
        for name in np.unique(people):
            mine = people[of.window] == name
            own.append(auc(of.score[mine], label[of.window[mine]] == 1, np.ones(mine.sum())))
    known = [float(value) for value in own if np.isfinite(value)]
    return float(np.mean(known)) if known else None


def _middle(values: Floats) -> Interval:
    """Give the ends of the middle 95 % of the draws that hold both classes."""
    low, high = np.nanquantile(values, [0.025, 0.975])
    return float(low), float(high)


def area_lines(rows: Sequence[Area], differences: Sequence[AreaDifference]) -> list[str]:
    """Give a table a detector: AUC of all people's windows, then of each person's own, then differences."""
    lines = []
    for judge in dict.fromkeys(row.judge for row in rows):
        lines += ["", f"{judge:<26}AUC    95 %            each person's own, mean"]
        lines += [_line(row) for row in rows if row.judge == judge]
        lines += [_difference_line(row) for row in differences if row.judge == judge]
    return lines


def _line(row: Area) -> str:
    low, high = row.interval
    own = "" if row.own is None else f"    {row.own:.3f}"
    return f"  {row.trained_on:<24}{row.value:.3f}  {low:.2f} to {high:.2f}{own}"


def _difference_line(row: AreaDifference) -> str:
    low, high = row.interval
    name = f"{row.of} - real"
    return f"  {name:<24}{row.value:+.3f} ({low:+.2f} to {high:+.2f})"
