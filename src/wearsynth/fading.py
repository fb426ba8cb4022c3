"""How readings fade into others: levels, what moves around them, shifts that wear off."""

import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]

MOST_RATIO = 0.01
"""What moves less than so many times as much as the other counts as if it moved so much."""


def gently_faded(before: Float64Array, after: Float64Array) -> Float64Array:
    """Give the fade from one to the other, (time, channel) each, without a kink, whose power stays.

    Levels fade with weights whose sum is 1; so does what moves around them where both move alike, and
    where they are unrelated, the squares' sum is 1. How strongly they move changes by factors, so that a
    fade from rest to motion is not motion all along.

    >>> gently_faded(np.zeros((3, 1)), np.full((3, 1), 2.0))[:, 0].round(2).tolist()
    [0.21, 1.0, 1.79]
    """
    at = ((np.arange(len(before)) + 1) / (len(before) + 1))[:, None]
    weight = at**3 * (10 - 15 * at + 6 * at**2)  # slope and curvature are 0 at both ends
    levels = (1 - weight) * before.mean(axis=0) + weight * after.mean(axis=0)
    moved = np.stack([before - before.mean(axis=0), after - after.mean(axis=0)])
    sd = moved.std(axis=1)
    sd = np.maximum(sd, MOST_RATIO * sd[::-1]) + 1e-12
    first, second = moved / sd[:, None]
    related = np.clip((first * second).mean(axis=0), -0.5, 1)
    power = np.square(1 - weight) + np.square(weight) + 2 * related * weight * (1 - weight)
    parts = ((1 - weight) * first + weight * second) / np.sqrt(power)
    return np.asarray(levels + parts * sd[0] ** (1 - weight) * sd[1] ** weight)


def faded_level(tail: Float64Array, after: Float64Array, *, drift_steps: float) -> Float64Array:
    """Give what comes after, (time, channel), shifted to the tail's level and faded in over the tail.

    drift_steps: the shift wears off by 1/e in so many steps.
    """
    shift = tail.mean(axis=0) - after[: len(tail)].mean(axis=0)
    whole = after + shift * np.exp(-np.arange(len(after)) / drift_steps)[:, None]
    whole[: len(tail)] = gently_faded(tail, whole[: len(tail)])
    return np.asarray(whole)


def bent(past: Float64Array, after: Float64Array, *, bend_steps: float) -> Float64Array:
    """Give what comes after, (time, channel), so that it begins to drift as fast as the past did.

    bend_steps: the difference wears off by 1/e in so many steps; as many, no more than there are, tell
    how fast both drift.
    """
    length = min(round(bend_steps), len(past), len(after))
    at = np.arange(length) - (length - 1) / 2
    slopes = [at @ of / np.square(at).sum() for of in (past[-length:], after[:length])]
    time = np.arange(len(after))[:, None]
    return np.asarray(after + (slopes[0] - slopes[1]) * time * np.exp(-time / bend_steps))
