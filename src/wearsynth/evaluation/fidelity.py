"""How far windows lie from real ones, by signal and class: features, band powers, autocorrelation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from wearsynth.evaluation.described import Described, DescribedSignal, joined
from wearsynth.evaluation.figures import FIGURES
from wearsynth.evaluation.reference import (
    Measured,
    excess_of,
    reference_of,
    resampled_groups,
    scored,
    standard_error,
)
from wearsynth.evaluation.scores import Part, Score
from wearsynth.evaluation.trial import Trial
from wearsynth.features import Float64Array

Units = Mapping[tuple[str, int], Float64Array]
"""(signal, class) -> (feature,): what a feature is measured in; 0 where it never varies."""

SD_SHARE = 0.1
"""A feature that hardly varies within a class is measured in this share of its sd over all."""

RESAMPLES = 30
"""Bootstrap draws over holdout groups for the standard error of a distance."""


@dataclass(frozen=True, eq=False)
class Piece:
    """One signal and class of two sets, ready to be compared. unit: (feature,)."""

    candidate: DescribedSignal
    holdout: DescribedSignal
    unit: Float64Array


Distance = Callable[[Piece], float]
"""A distance that is 0 where both sides are the same."""


def wasserstein(a: Float64Array, b: Float64Array) -> Float64Array:
    """Give the Wasserstein-1 distance of each column of (row, column) arrays, (column,).

    It is the area between the two distribution functions (Vallender, 1974).
    """
    both = np.concatenate([a, b])
    order = np.argsort(both, axis=0)
    from_a = order < len(a)
    gap = np.abs(np.cumsum(from_a, axis=0) / len(a) - np.cumsum(~from_a, axis=0) / len(b))
    steps = np.diff(np.take_along_axis(both, order, axis=0), axis=0)
    return np.asarray((gap[:-1] * steps).sum(axis=0))


def feature_w1(piece: Piece) -> float:
    """Give the mean over features of W1 in units; 1 for any difference where the unit is 0."""
    distance = wasserstein(piece.candidate.features, piece.holdout.features)
    differs = (distance > 1e-9).astype(np.float64)
    return float(np.divide(distance, piece.unit, out=differs, where=piece.unit > 0).mean())


def log_band_w1(piece: Piece) -> float:
    """Give the mean over channels and octaves of W1 between log10 powers, in decades."""
    return float(wasserstein(piece.candidate.log_bands, piece.holdout.log_bands).mean())


def autocorrelation(piece: Piece) -> float:
    """Give the mean absolute difference of the mean autocorrelations over channels and lags."""
    difference = piece.candidate.acf.mean(axis=0) - piece.holdout.acf.mean(axis=0)
    return float(np.abs(difference).mean())


DISTANCES: dict[str, Distance] = {
    "feature_w1": feature_w1,
    "log_band_w1": log_band_w1,
    "autocorrelation": autocorrelation,
}
"""Figure -> how it is measured on one signal and class."""


def feature_units(real: Described) -> Units:
    """Give the unit of each feature: its sd within the class, at least a tenth of that over all."""
    units = {}
    for name, signal in real.signals.items():
        overall = signal.features.std(axis=0)
        for index in np.unique(real.label).tolist():
            within = signal.features[real.label == index].std(axis=0)
            unit = np.maximum(within, SD_SHARE * overall)
            units[name, index] = np.where(unit > 1e-12, unit, 0.0)
    return units


def compare(
    distance: Distance, candidate: Described, holdout: Described, units: Units
) -> Float64Array:
    """Give the distance by signal and class, (signal, class); NaN where one side has no window.

    Classes are those of units, in order.
    """
    classes = sorted({index for _, index in units})
    table = np.full((len(candidate.signals), len(classes)), np.nan)
    for column, index in enumerate(classes):
        mine, real = candidate.rows_of(index), holdout.rows_of(index)
        if not (len(mine) and len(real)):
            continue
        for row, (name, signal) in enumerate(candidate.signals.items()):
            pair = (signal.select(mine), holdout.signals[name].select(real))
            table[row, column] = distance(Piece(*pair, units[name, index]))
    return table


def fidelity_scores(trial: Trial) -> tuple[Score, ...]:
    """Give each distance between equally many synthetic and holdout windows."""
    units = feature_units(joined(trial.of_train, trial.of_holdout))
    return tuple(_score(name, distance, trial, units) for name, distance in DISTANCES.items())


def _score(name: str, distance: Distance, trial: Trial, units: Units) -> Score:
    holdout = trial.of_holdout
    table = compare(distance, trial.equal, holdout, units)
    boot = resampled_groups(holdout.group, times=RESAMPLES, seed=trial.seed)
    resampled = [compare(distance, trial.equal, holdout.select(rows), units) for rows in boot]
    draws = [compare(distance, draw, holdout, units) for draw in trial.draws]
    halves = [_over_all(compare(distance, a, b, units)) for a, b in trial.halves]
    measured = Measured(
        _over_all(table),
        standard_error([_over_all(one) for one in resampled]),
        [_over_all(draw) for draw in draws],
        halves,
    )
    score = scored(name, measured, limits=(0.0, np.inf))
    classes = [trial.classes[index] for index in sorted({index for _, index in units})]
    names = [(signal, of) for signal in trial.equal.signals for of in classes]
    return replace(score, parts=_parts(name, names, table, resampled, draws))


def _over_all(table: Float64Array) -> float:
    """Give the mean over signals and classes that both sides have."""
    return float(np.nanmean(table))


def _parts(
    figure: str,
    names: list[tuple[str, str]],
    table: Float64Array,
    resampled: list[Float64Array],
    draws: list[Float64Array],
) -> tuple[Part, ...]:
    """Give the cells (signal, class) of the tables as parts, each beside its own reference."""
    better = FIGURES[figure].better
    errors = np.array([one.ravel() for one in resampled])
    of_draws = np.array([one.ravel() for one in draws])
    parts = []
    for cell, ((signal, class_name), value) in enumerate(zip(names, table.ravel(), strict=True)):
        known = np.isfinite(value) and len(of_draws) and np.isfinite(of_draws[:, cell]).all()
        reference = reference_of(of_draws[:, cell].tolist(), better) if known else None
        error = standard_error(errors[np.isfinite(errors[:, cell]), cell])
        excess = None if reference is None else excess_of(float(value), reference, error, better)
        shown = float(value) if np.isfinite(value) else None
        parts.append(Part(signal, class_name, shown, reference, excess))
    return tuple(parts)
