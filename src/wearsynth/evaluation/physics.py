"""Whether windows obey what sensors and bodies do: a score for each kind of physical quantity."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from wearsynth.data import IntArray, Windows
from wearsynth.evaluation.fidelity import RESAMPLES, over_all, parts_of
from wearsynth.evaluation.physics_acc import acc_quantities
from wearsynth.evaluation.physics_any import any_quantities, ranges_of
from wearsynth.evaluation.quantities import Quantity, Table, compare, told, units_of
from wearsynth.evaluation.reference import (
    Measured,
    group_draws,
    pick,
    resampled_groups,
    scored,
    standard_error,
)
from wearsynth.evaluation.scores import Score
from wearsynth.evaluation.trial import Trial
from wearsynth.features import Float64Array

log = logging.getLogger(__name__)

Measure = Callable[[Windows], list[Quantity]]

LEAST_ERROR = 0.05
"""Differences of less than a twentieth of a unit are trifles: no standard error is smaller."""

NEEDS = {
    "gravity_at_rest": "needs a signal with three channels in g or m/s2",
    "cadence": "needs three channels in g or m/s2, 10 readings a second and windows of 2 s",
    "jerk": "needs a signal with three channels in g or m/s2",
    "drift": "needs a channel that is no movement (uS, degC, bpm, a.u., ...) and windows of 10 s",
}
"""Figure -> what it cannot do without."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Which windows are measured: indices into synthetic, holdout and train (of each draw)."""

    synthetic: IntArray
    holdout: IntArray
    draws: tuple[IntArray, ...]


@dataclass(frozen=True, eq=False)
class Tables:
    """The quantities of synthetic windows, the holdout's and those of real draws.

    units: what differences are measured in, (quantity, class). classes: the indices of classes.
    """

    synthetic: Table
    holdout: Table
    draws: tuple[Table, ...]
    units: Float64Array
    classes: tuple[int, ...]


def physics_scores(trial: Trial) -> tuple[Score, ...]:
    """Give a score for gravity, cadence, smoothness, peaks, resolution, range and drift."""
    real = ranges_of(trial.holdout)

    def measure(windows: Windows) -> list[Quantity]:
        return [*acc_quantities(windows), *any_quantities(windows, real)]

    tables = tabulate(trial, rows_of(trial, most=len(trial.synthetic)), measure)
    figures = ("gravity_at_rest", "cadence", "jerk", "peaks", "resolution", "out_of_range", "drift")
    return tuple(score_of(figure, trial, tables, NEEDS.get(figure, "")) for figure in figures)


def rows_of(trial: Trial, *, most: int) -> Rows:
    """Give equally many windows by class of the synthetic set and of each draw, about `most`.

    With all synthetic windows these are the draws of the other figures.
    """
    label = trial.synthetic.label
    counts = np.bincount(label, minlength=len(trial.classes))
    wanted = np.minimum(counts, np.ceil(counts * (most / len(label))).astype(np.int64))
    draws, numbers = group_draws(trial.train.label, trial.train.group, wanted, seed=trial.seed)
    rng = np.random.default_rng(trial.seed)
    return Rows(
        synthetic=pick(label, numbers, rng),
        holdout=np.arange(len(trial.holdout)),
        draws=tuple(draws) if trial.referenced else (),
    )


def tabulate(trial: Trial, rows: Rows, measure: Measure) -> Tables:
    """Give the quantities of the windows at rows; each window is measured once."""
    synthetic = _table(trial.synthetic.select(rows.synthetic), measure)
    holdout = _table(trial.holdout.select(rows.holdout), measure)
    used = np.unique(np.concatenate(rows.draws)) if rows.draws else np.zeros(0, dtype=np.int64)
    train = _table(trial.train.select(used), measure) if len(used) else None
    draws = [train.select(np.searchsorted(used, draw)) for draw in rows.draws] if train else []
    classes = tuple(np.unique(holdout.label).tolist())
    real = [holdout] if train is None else [holdout, train]
    return Tables(synthetic, holdout, tuple(draws), units_of(real, classes), classes)


def _table(windows: Windows, measure: Measure) -> Table:
    return Table(tuple(measure(windows)), windows.label, windows.group)


def score_of(figure: str, trial: Trial, tables: Tables, needs: str) -> Score:
    """Give one score: the mean over its quantities and classes, each beside draws of real people."""
    of = _of_figure(tables, figure)
    apart = _apart(of, of.synthetic)
    if not np.isfinite(apart).any():
        note = needs or "no class has windows enough on both sides"
        return scored(figure, Measured(None, 0.0, note=note), limits=(0.0, np.inf))
    boot = resampled_groups(of.holdout.group, times=RESAMPLES, seed=trial.seed)
    resampled = [
        _apart(replace(of, holdout=of.holdout.select(rows)), of.synthetic) for rows in boot
    ]
    draws = [_apart(of, draw) for draw in of.draws]
    error = max(LEAST_ERROR, standard_error([over_all(one) for one in resampled]))
    measured = Measured(over_all(apart), error, [over_all(draw) for draw in draws])
    cells = [(name, trial.classes[index]) for name in of.holdout.names() for index in of.classes]
    score = scored(figure, measured, limits=(0.0, np.inf))
    score = replace(score, parts=parts_of(figure, cells, apart, resampled, draws))
    return replace(score, note="" if score.verdict == "ok" else _worst(trial, of, apart, draws))


def _of_figure(tables: Tables, figure: str) -> Tables:
    mine = [at for at, q in enumerate(tables.holdout.quantities) if q.figure == figure]
    return replace(
        tables,
        synthetic=tables.synthetic.of_figure(figure),
        holdout=tables.holdout.of_figure(figure),
        draws=tuple(draw.of_figure(figure) for draw in tables.draws),
        units=tables.units[mine],
    )


def _apart(of: Tables, candidate: Table) -> Float64Array:
    return compare(candidate, of.holdout, of.units, of.classes)


def _worst(trial: Trial, of: Tables, apart: Float64Array, draws: list[Float64Array]) -> str:
    """Give in words the quantity and class that lie furthest beyond what real people give."""
    usual = np.array([np.where(np.isfinite(draw), draw, 0.0) for draw in draws])
    beyond = apart - usual.mean(axis=0) if len(usual) else apart
    if not np.nanmax(beyond) > 0:
        return ""
    row, column = np.unravel_index(np.nanargmax(beyond), beyond.shape)
    index = of.classes[int(column)]
    name = trial.classes[index]
    return "most off: " + told(of.synthetic, of.holdout, row=int(row), index=index, class_name=name)
