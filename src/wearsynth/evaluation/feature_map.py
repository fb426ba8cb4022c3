"""A map of windows: the two directions of feature space in which real windows differ most."""

import numpy as np

from wearsynth.data import IntArray
from wearsynth.evaluation.described import Described
from wearsynth.evaluation.pictures import FeatureMap, Point
from wearsynth.features import Float64Array

POINTS = 900
"""Points of either side at most, of each class as many."""

FARTHEST = 5.0
"""Features beyond so many sd count as that many: one odd window would turn the whole map."""


def feature_map(
    synthetic: Described, holdout: Described, classes: tuple[str, ...]
) -> FeatureMap | None:
    """Give the map of the classes that both have; None where the holdout has under three windows.

    The directions are the first two principal ones of the holdout's features, in units of their sd;
    the synthetic windows have no say in them. Of each class the first windows are shown.
    """
    if len(holdout) < 3:
        return None
    centre, unit = holdout.features.mean(axis=0), holdout.features.std(axis=0)
    real, made = (_scaled(of.features, centre, unit) for of in (holdout, synthetic))
    middle = real.mean(axis=0)
    directions, spread = _directions(real - middle)
    shown = [index for index in range(len(classes)) if len(holdout.rows_of(index))]
    most = max(1, POINTS // len(shown))
    return FeatureMap(
        classes=tuple(classes[index] for index in shown),
        spread=spread,
        real=_by_class((real - middle) @ directions, holdout, shown, most),
        synthetic=_by_class((made - middle) @ directions, synthetic, shown, most),
    )


def _scaled(values: Float64Array, centre: Float64Array, unit: Float64Array) -> Float64Array:
    """Give values in units of the real sd; a feature that never varies says nothing."""
    varies = unit > 1e-9
    scaled = np.where(varies, (values - centre) / np.where(varies, unit, 1.0), 0.0)
    return np.asarray(np.clip(scaled, -FARTHEST, FARTHEST), dtype=np.float64)


def _directions(centred: Float64Array) -> tuple[Float64Array, tuple[float, float]]:
    """Give the first two principal directions, (feature, 2), and the share of variance along each."""
    _, size, rows = np.linalg.svd(centred, full_matrices=False)
    first = rows[:2]
    largest = np.abs(first).argmax(axis=1)
    first = first * np.sign(first[[0, 1], largest])[:, None]  # of the two signs always the same
    share = size**2 / max(float((size**2).sum()), 1e-12)
    return np.asarray(first.T, dtype=np.float64), (float(share[0]), float(share[1]))


def _by_class(
    places: Float64Array, windows: Described, shown: list[int], most: int
) -> tuple[tuple[Point, ...], ...]:
    return tuple(_points(places, windows.rows_of(index)[:most]) for index in shown)


def _points(places: Float64Array, rows: IntArray) -> tuple[Point, ...]:
    return tuple((round(float(x), 2), round(float(y), 2)) for x, y in places[rows])
