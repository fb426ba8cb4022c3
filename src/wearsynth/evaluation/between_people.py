"""Whether people differ from each other as much as real people do, beside how a person varies."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import IntArray, StrArray, Windows
from wearsynth.evaluation.reference import (
    DRAWS,
    SHARE_OF_GROUPS,
    Measured,
    resampled_groups,
    scored,
    standard_error,
)
from wearsynth.evaluation.scores import Reference, Score
from wearsynth.evaluation.trial import PERSON_WINDOWS, Trial
from wearsynth.features import Float64Array, window_features

LEAST_PEOPLE = 3
"""Two people have one difference: it says nothing about how people differ."""

RESAMPLES = 100
"""Bootstrap draws over people for the standard error of the logarithm."""

TRIFLE = 1e-9
"""A feature whose sd is less than this share of its size does not vary."""

LIMITS = (0.0, np.inf)


@dataclass(frozen=True, eq=False)
class People:
    """What people do, a row a person and class. label: (row,). name: (row,).

    mean, variance: (row, feature), over the person's PERSON_WINDOWS windows of the class.
    """

    label: IntArray
    name: StrArray
    mean: Float64Array
    variance: Float64Array

    def select(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> "People":
        """Give the rows at an index, in its order."""
        return People(self.label[index], self.name[index], self.mean[index], self.variance[index])

    @property
    def classes(self) -> list[int]:
        """The classes that at least LEAST_PEOPLE different people have windows of."""
        return [
            index
            for index in np.unique(self.label).tolist()
            if len(np.unique(self.name[self.label == index])) >= LEAST_PEOPLE
        ]


def people_of(sets: Sequence[Windows]) -> People:
    """Give the people of sets that have PERSON_WINDOWS windows of each person and class, or none."""
    label, name, features = [], [], []
    for windows in sets:
        if len(windows):
            order = np.lexsort((windows.subject, windows.label))
            values = [window_features(signal).values[order] for signal in windows.signals.values()]
            features.append(np.concatenate(values, axis=1))
            label.append(windows.label[order])
            name.append(windows.subject[order])
    if not features:
        nothing = np.zeros((0, 0))
        return People(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.str_), nothing, nothing)
    values_of = np.concatenate(features)
    by_row = values_of.reshape(-1, PERSON_WINDOWS, values_of.shape[1])  # (row, window, feature)
    return People(
        np.concatenate(label)[::PERSON_WINDOWS],
        np.concatenate(name)[::PERSON_WINDOWS],
        by_row.mean(axis=1),
        by_row.var(axis=1, ddof=1),
    )


def log_f(of_class: People) -> Float64Array:
    """Give ln of each feature's MS_between / MS_within over the people of one class, (feature,).

    One-way analysis of variance with equally many windows of each person. NaN where a feature does
    not vary between people or within.
    """
    between = PERSON_WINDOWS * of_class.mean.var(axis=0, ddof=1)
    within = of_class.variance.mean(axis=0)
    least = TRIFLE**2 * (of_class.mean**2).mean(axis=0)
    log = np.full(len(within), np.nan)
    varies = (between > least) & (within > least)
    log[varies] = np.log(between[varies] / within[varies])
    return log


def log_ratio(candidate: People, real: People) -> float:
    """Give the median over features and classes of ln F_candidate - ln F_real; NaN where none has."""
    apart = [
        log_f(candidate.select(candidate.label == index)) - log_f(real.select(real.label == index))
        for index in candidate.classes
        if index in real.classes
    ]
    known = np.concatenate([np.zeros(0), *apart])
    known = known[np.isfinite(known)]
    return float(np.median(known)) if len(known) else float("nan")


def between_people_scores(trial: Trial) -> tuple[Score, ...]:
    """Give the score person_variance where the synthetic windows and the real ones name people."""
    if not trial.people:
        return ()
    candidate = people_of([trial.people["synthetic"]])
    train = people_of([trial.people["train"]])
    real = people_of([trial.people["train"], trial.people["holdout"]])
    value = log_ratio(candidate, real)
    if not np.isfinite(value):
        return (_none(candidate, real),)
    pairs = zip(_resampled(candidate, trial.seed), _resampled(real, trial.seed + 1), strict=True)
    boot = [log_ratio(*pair) for pair in pairs]
    draws = _draws(train.name, real, trial.seed) if trial.referenced else []
    error = standard_error([one for one in boot if np.isfinite(one)])
    shared = [index for index in candidate.classes if index in real.classes]
    counts = [len(np.unique(of.name[np.isin(of.label, shared)])) for of in (candidate, real)]
    note = f"{counts[0]} synthetic people beside {counts[1]} real ones, in {len(shared)} class(es)"
    return (score_of_log(value, error, draws, note),)


def score_of_log(log: float, error: float, draws: Sequence[float], note: str) -> Score:
    """Give the score of a logarithm: a half is as far from 1 as 2 is.

    Excess and verdict are those of its size. Shown is the ratio, and on its side of 1 the mean and
    the worst of the draws.
    """
    sizes = [abs(draw) for draw in draws]
    score = scored("person_variance", Measured(abs(log), error, sizes, note=note), limits=LIMITS)
    side = 1.0 if log >= 0 else -1.0
    reference = None
    if score.reference is not None:
        mean, worst = (
            float(np.exp(side * size)) for size in (score.reference.mean, score.reference.worst)
        )
        reference = Reference(mean, worst, len(sizes))
    low, high = np.exp(log + 1.96 * error * np.array([-1.0, 1.0]))
    return replace(
        score, value=float(np.exp(log)), interval=(float(low), float(high)), reference=reference
    )


def _none(candidate: People, real: People) -> Score:
    """Give the score that could not be had, with what is missing."""
    need = f"{LEAST_PEOPLE} people with {PERSON_WINDOWS} windows of a class each"
    if not real.classes:
        note = f"needs {need} among the real windows"
    elif not candidate.classes:
        note = (
            f"needs {need} among the synthetic windows: sample --people 10 --count "
            f"{PERSON_WINDOWS}, or more of both"
        )
    else:
        note = "no feature of a class varies between and within people on both sides"
    return scored("person_variance", Measured(None, 0.0, note=note), limits=LIMITS)


def _resampled(of: People, seed: int) -> list[People]:
    return [of.select(rows) for rows in resampled_groups(of.name, times=RESAMPLES, seed=seed)]


def _draws(train: StrArray, real: People, seed: int) -> list[float]:
    """Give the figure for DRAWS random halves of the training people against all other real ones."""
    rng = np.random.default_rng(seed)
    names = np.unique(train)
    half = int(np.ceil(SHARE_OF_GROUPS * len(names)))
    found = []
    for _ in range(DRAWS):
        mine = np.isin(real.name, rng.permutation(names)[:half])
        found.append(log_ratio(real.select(mine), real.select(~mine)))
    return [one for one in found if np.isfinite(one)]
