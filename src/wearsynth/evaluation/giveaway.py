"""In words: which features give synthetic windows away."""

from collections.abc import Sequence

import numpy as np

from wearsynth.evaluation.described import Described
from wearsynth.features import Float64Array

MOST = 4
ALIKE = 0.9
"""Features that correlate at least so much over the windows tell the same: only one is named."""


def what_gave_it_away(
    candidate: Described, real: Described, draws: Sequence[Described]
) -> list[str]:
    """Give one line that names up to MOST features, or nothing where none stands out.

    A feature counts by how much further its distribution lies from the real one than that of the
    worst draw of other people: Kolmogorov-Smirnov distance, mean over classes.
    """
    beyond = distances(candidate, real)
    if draws:
        beyond = beyond - np.max([distances(draw, real) for draw in draws], axis=0)
    chosen = _unlike(beyond, np.concatenate([candidate.features, real.features]))
    named = [f"{real.feature_names[i]} ({_how(candidate, real, i)})" for i in chosen]
    return [f"told apart by {', '.join(named)}"] if named else []


def distances(a: Described, b: Described) -> Float64Array:
    """Give each feature's Kolmogorov-Smirnov distance, 0..1, mean over the classes of both."""
    classes = np.intersect1d(a.label, b.label)
    each = [largest_gap(a.features[a.label == c], b.features[b.label == c]) for c in classes]
    return np.asarray(np.mean(each, axis=0), dtype=np.float64)


def largest_gap(a: Float64Array, b: Float64Array) -> Float64Array:
    """Give the largest gap between the distribution functions of each column, (column,).

    a, b: (row, column). The statistic of Kolmogorov and Smirnov, without the test that goes with it.
    """
    both = np.concatenate([a, b])
    order = np.argsort(both, axis=0)
    placed = np.take_along_axis(both, order, axis=0)
    from_a = order < len(a)
    gap = np.abs(np.cumsum(from_a, axis=0) / len(a) - np.cumsum(~from_a, axis=0) / len(b))
    last = np.ones_like(from_a)  # of equal values only the last one counts
    last[:-1] = placed[1:] > placed[:-1]
    return np.asarray(np.where(last, gap, 0.0).max(axis=0))


def _unlike(beyond: Float64Array, features: Float64Array) -> list[int]:
    """Give up to MOST features with the largest positive values, no two of them alike."""
    chosen: list[int] = []
    for index in np.argsort(-beyond, kind="stable").tolist():
        if len(chosen) == MOST or beyond[index] <= 0:
            break
        if not any(_correlation(features[:, index], features[:, c]) >= ALIKE for c in chosen):
            chosen.append(index)
    return chosen


def _correlation(a: Float64Array, b: Float64Array) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = np.sqrt((a @ a) * (b @ b))
    return float(abs(a @ b) / size) if size > 0 else 0.0


def _how(candidate: Described, real: Described, index: int) -> str:
    """Say where the feature lies: higher or lower, else wider or narrower, in most of the classes."""
    shift, width = 0.0, 0.0
    for c in np.intersect1d(candidate.label, real.label):
        one, two = (of.features[of.label == c, index] for of in (candidate, real))
        shift += _above(one, two)
        width += _above(abs(one - np.median(one)), abs(two - np.median(two)))
    if abs(shift) >= abs(width):
        return "higher" if shift > 0 else "lower"
    return "wider" if width > 0 else "narrower"


def _above(one: Float64Array, two: Float64Array) -> float:
    """Give the mean over pairs of +1 where one is above two and -1 where it is below."""
    return float(np.sign(one[:, None] - two[None, :]).mean())
