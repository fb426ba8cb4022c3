"""What a judge decided on held-out groups, F1 from it, and intervals by bootstrap over groups."""

import numpy as np
from numpy.typing import NDArray

from wearsynth.classifiers import Judge
from wearsynth.data import IntArray, Windows
from wearsynth.evaluation.reference import MIN_GROUPS

RESAMPLES = 400

WIDE = 0.2
"""A difference about 0 whose 95 % interval is wider than this tells no two sets of windows apart."""

Confusion = NDArray[np.int64]
"""counts[..., true class, decided class]."""

Floats = NDArray[np.float64]


def decisions(judge: Judge, windows: Windows) -> Confusion:
    """Give a confusion matrix for each group of the windows, (group, class, class)."""
    return tally(windows, judge.predict(windows))


def tally(windows: Windows, decided: IntArray) -> Confusion:
    """Give a confusion matrix for each group from the class decided for each window."""
    names, of_window = np.unique(windows.group, return_inverse=True)
    size = len(windows.classes)
    counts = np.zeros((len(names), size, size), dtype=np.int64)
    np.add.at(counts, (of_window, windows.label, decided), 1)
    return counts


def tally_each(windows: Windows, decided: IntArray) -> Confusion:
    """Give a confusion matrix for each window, (window, class, class)."""
    size = len(windows.classes)
    each = np.zeros((len(windows), size, size), dtype=np.int64)
    each[np.arange(len(windows)), windows.label, decided] = 1
    return each


def class_f1s(confusion: Confusion) -> Floats:
    """Give F1 of each class, (..., class), from counts[..., true, decided]; 0 where it never occurs."""
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    both = confusion.sum(axis=-2) + confusion.sum(axis=-1)
    return np.asarray(2 * right / np.maximum(both, 1), dtype=np.float64)


def macro_f1s(confusion: Confusion) -> Floats:
    """Give F1, mean over the classes that occur, (...), from counts[..., true, decided]."""
    occurs = confusion.sum(axis=-1) > 0
    total = (class_f1s(confusion) * occurs).sum(axis=-1)
    return np.asarray(total / np.maximum(occurs.sum(axis=-1), 1), dtype=np.float64)


def macro_f1(confusion: Confusion) -> float:
    """Give F1, mean over the classes that occur, from one matrix counts[true, decided]."""
    return float(macro_f1s(confusion))


def resampled(by_group: Confusion, *, seed: int) -> Confusion:
    """Give the matrix of each bootstrap draw of whole groups (Efron, 1979), (draw, class, class).

    The same seed draws the same groups, so that differences between two judges are paired.
    """
    times = drawn_groups(len(by_group), seed=seed)
    return np.asarray(np.einsum("dg,gtc->dtc", times, by_group), dtype=np.int64)


def drawn_groups(groups: int, *, seed: int) -> IntArray:
    """Give how many times each bootstrap draw holds each group, (draw, group)."""
    rng = np.random.default_rng(seed)
    return np.asarray(rng.multinomial(groups, np.full(groups, 1 / groups), RESAMPLES))


def resampled_f1(by_group: Confusion, *, seed: int) -> Floats:
    """Give macro F1 for bootstrap draws of whole groups, (draw,)."""
    return macro_f1s(resampled(by_group, seed=seed))


def middle(values: Floats) -> tuple[float, float]:
    """Give the ends of the middle 95 %."""
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def cannot_rank(interval: tuple[float, float], groups: int) -> str:
    """Give a sentence where a difference is known too loosely to rank anything by, else nothing."""
    low, high = interval
    loose = high - low > WIDE and low <= 0 <= high  # a sure loss ranks, however large it is
    if groups >= MIN_GROUPS and not loose:
        return ""
    return (
        f"this cannot rank anything: with {groups} holdout group(s) the difference to training on "
        f"real windows lies anywhere from {low:+.2f} to {high:+.2f}"
    )
