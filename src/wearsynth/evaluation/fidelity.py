"""How far windows lie from real ones: features, band powers, autocorrelation."""

from collections.abc import Callable
from functools import partial

import numpy as np

from wearsynth.evaluation.described import Described
from wearsynth.features import Float64Array

Figure = Callable[[Described, Described], float]
"""(candidate, holdout) -> a distance, 0 where both are the same."""

SD_SHARE = 0.1
"""A feature that hardly varies within a class is measured in this share of its sd over all."""


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


def fidelity_figures(real: Described) -> dict[str, Figure]:
    """Give the three distances by name; `real`, train and holdout together, gives the units."""
    return {
        "feature_w1": partial(_feature_w1, _units(real)),
        "log_band_w1": _log_band_w1,
        "autocorrelation": _autocorrelation,
    }


def _units(real: Described) -> dict[int, Float64Array]:
    """Give each class's unit per feature; 0 where a feature never varies."""
    overall = real.features.std(axis=0)
    units = {}
    for index in np.unique(real.label).tolist():
        unit = np.maximum(real.features[real.label == index].std(axis=0), SD_SHARE * overall)
        units[index] = np.where(unit > 1e-12, unit, 0.0)
    return units


def _in_units(distance: Float64Array, unit: Float64Array) -> Float64Array:
    """Give distance / unit; 1 for any distance in a feature that never varies among real windows."""
    differs = (distance > 1e-9).astype(np.float64)
    return np.divide(distance, unit, out=differs, where=unit > 0)


def _shared_classes(a: Described, b: Described) -> list[int]:
    found: list[int] = np.intersect1d(a.label, b.label).tolist()
    return found


def _feature_w1(units: dict[int, Float64Array], a: Described, b: Described) -> float:
    by_class = [
        _in_units(wasserstein(a.features[a.label == c], b.features[b.label == c]), units[c]).mean()
        for c in _shared_classes(a, b)
    ]
    return float(np.mean(by_class))


def _log_band_w1(a: Described, b: Described) -> float:
    by_class = [
        wasserstein(a.log_bands[a.label == c], b.log_bands[b.label == c]).mean()
        for c in _shared_classes(a, b)
    ]
    return float(np.mean(by_class))


def _autocorrelation(a: Described, b: Described) -> float:
    by_class = [
        np.abs(a.acf[a.label == c].mean(axis=0) - b.acf[b.label == c].mean(axis=0)).mean()
        for c in _shared_classes(a, b)
    ]
    return float(np.mean(by_class))
