"""Real against real: what a figure is when other people's windows stand in the synthetic's place."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from wearsynth.data import IntArray, StrArray
from wearsynth.evaluation.figures import FIGURES
from wearsynth.evaluation.scores import Better, Reference, Score, Verdict

MIN_GROUPS = 6
"""Fewer holdout groups than this give no reference."""

DRAWS = 8
SHARE_OF_GROUPS = 1 / 2
"""The share of the training groups in one draw: few enough that draws differ in people."""


def group_draws(
    label: IntArray, group: StrArray, wanted: IntArray, *, seed: int
) -> tuple[list[IntArray], IntArray]:
    """Give DRAWS index sets into the training windows, and the number of windows of each class.

    A draw takes half of the groups of each class and from them, at random, the same number of
    windows of a class in every draw: `wanted` (class,), or as many as the poorest draw has.
    """
    rng = np.random.default_rng(seed)
    pools = [_some_groups(label, group, rng) for _ in range(DRAWS)]
    available = [np.bincount(label[pool], minlength=len(wanted)) for pool in pools]
    numbers = np.minimum(wanted, np.min(available, axis=0))
    return [pool[pick(label[pool], numbers, rng)] for pool in pools], numbers


def _some_groups(label: IntArray, group: StrArray, rng: np.random.Generator) -> IntArray:
    """Give the windows of half of each class's groups (the same people where they can be)."""
    order = rng.permutation(np.unique(group))
    rows = []
    for index in np.unique(label):
        of_class = np.flatnonzero(label == index)
        mine = order[np.isin(order, group[of_class])]
        kept = mine[: int(np.ceil(SHARE_OF_GROUPS * len(mine)))]
        rows.append(of_class[np.isin(group[of_class], kept)])
    return np.asarray(np.concatenate(rows), dtype=np.int64)


def pick(label: IntArray, numbers: IntArray, rng: np.random.Generator) -> IntArray:
    """Give an index of `numbers` (class,) random windows of each class."""
    rows = [
        rng.permutation(np.flatnonzero(label == index))[:number]
        for index, number in enumerate(numbers)
    ]
    return np.concatenate(rows)


def random_halves(
    label: IntArray, group: StrArray, *, seed: int
) -> list[tuple[IntArray, IntArray]]:
    """Give DRAWS splits of windows into random halves that share all people and classes."""
    rng = np.random.default_rng(seed)
    keys = np.unique(
        np.char.add(np.char.add(group, "\0"), label.astype(np.str_)), return_inverse=True
    )
    halves = []
    for _ in range(DRAWS):
        shuffled = rng.permutation(len(label))
        order = shuffled[np.argsort(keys[1][shuffled], kind="stable")]
        halves.append((order[0::2], order[1::2]))
    return halves


def resampled_groups(group: StrArray, *, times: int, seed: int) -> list[IntArray]:
    """Give bootstrap index sets over whole groups (Efron, 1979)."""
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(group == name) for name in np.unique(group)]
    return [
        np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        for _ in range(times)
    ]


def deal_groups(label: IntArray, group: StrArray, folds: int, rng: np.random.Generator) -> IntArray:
    """Give each window's fold: whole groups, dealt out class by class so that folds are alike."""
    names = rng.permutation(np.unique(group))
    main_class = [np.bincount(label[group == name]).argmax() for name in names]
    dealt = names[np.argsort(main_class, kind="stable")]
    fold_of = {name: position % folds for position, name in enumerate(dealt.tolist())}
    return np.array([fold_of[name] for name in group.tolist()], dtype=np.int64)


@dataclass(frozen=True)
class Measured:
    """A figure's value with its standard error and where it stands among real ones.

    draws: the figure for each reference draw. halves: for random halves of the same people.
    beside_halves: the value on as many windows as halves have, where their number matters.
    """

    value: float | None
    standard_error: float
    draws: Sequence[float] = ()
    halves: Sequence[float] = ()
    note: str = ""
    beside_halves: float | None = None


def scored(name: str, measured: Measured, *, limits: tuple[float, float], judge: str = "") -> Score:
    """Give the score of a measured figure: interval, reference, excess and verdict."""
    about = FIGURES[name]
    reference, excess = None, None
    if measured.draws:
        reference = reference_of(measured.draws, about.better)
    if measured.value is not None and reference is not None:
        scaled = _separations(measured) if about.better == "near .5" else measured
        excess = excess_of(
            float(scaled.value or 0.0),
            reference_of(scaled.draws, about.better),
            scaled.standard_error,
            about.better,
        )
    return Score(
        name=f"{name}_{judge}" if judge else name,
        family=about.family,
        title=about.title.format(judge=judge),
        value=measured.value,
        interval=_interval(measured, limits),
        reference=reference,
        excess=excess,
        verdict=verdict(measured, excess, about.better),
        better=about.better,
        meaning=about.meaning.format(judge=judge),
        how=about.how.format(judge=judge),
        note=measured.note,
        blind=about.blind,
    )


def separation(auc: float) -> float:
    """Give how far apart two normal laws of sd 1 lie that a judge tells with this AUC; 0 at .5.

    An AUC has an end at 1, so that from .74 on, the worst among real people, there is little room for
    worse; on this scale (d', Green and Swets, 1966) there is. Beyond .001 and .999 it does not grow.
    """
    return float(np.sqrt(2) * ndtri(np.clip(auc, 1e-3, 1 - 1e-3)))


def _separations(measured: Measured) -> Measured:
    """Give AUCs and their standard error as separations."""
    value, error = float(measured.value or 0.0), measured.standard_error
    return replace(
        measured,
        value=separation(value),
        standard_error=(separation(value + error) - separation(value - error)) / 2,
        draws=[separation(draw) for draw in measured.draws],
    )


def _interval(measured: Measured, limits: tuple[float, float]) -> tuple[float, float] | None:
    """Give the value +- 1.96 bootstrap standard errors, within the figure's limits."""
    if measured.value is None:
        return None
    ends = measured.value + np.array([-1.96, 1.96]) * measured.standard_error
    low, high = np.clip(ends, *limits)
    return float(low), float(high)


def reference_of(draws: Sequence[float], better: Better) -> Reference:
    """Give the figure's mean and worst over the draws of real people."""
    worst = min(draws) if better == "higher" else max(draws)
    return Reference(float(np.mean(draws)), float(worst), len(draws))


def excess_of(value: float, reference: Reference, standard_error: float, better: Better) -> float:
    """Give how far beyond the reference's mean, in the larger of its spread and the error."""
    sign = -1.0 if better == "higher" else 1.0
    least = 1e-3 * max(abs(reference.mean), 1e-3)  # both spreads may be 0: a thousandth counts
    spread = max(abs(reference.worst - reference.mean), standard_error, least)
    return sign * (value - reference.mean) / spread


def verdict(measured: Measured, excess: float | None, better: Better) -> Verdict:
    """Give the word for an excess: ok <= 1, weak <= 3, bad; or why there is none.

    Suspicious is what is better than all halves of the same people, and than all draws of others:
    where others do as well as halves, a figure does not tell copies.
    """
    if measured.value is None:
        return "not measured"
    if excess is None:
        return "too few"
    if _is_suspicious(measured, measured.value, better):
        return "suspicious (copy?)"
    if excess <= 1:
        return "ok"
    return "weak" if excess <= 3 else "bad"


def _is_suspicious(measured: Measured, value: float, better: Better) -> bool:
    beside = value if measured.beside_halves is None else measured.beside_halves
    return (
        bool(measured.halves)
        and _beats(beside, measured.halves, better)
        and _beats(value, measured.draws, better)
    )


def _beats(value: float, halves: Sequence[float], better: Better) -> bool:
    return value > max(halves) if better == "higher" else value < min(halves)


def standard_error(values: Sequence[float] | NDArray[np.float64]) -> float:
    """Give the spread of bootstrap values: their standard deviation."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
