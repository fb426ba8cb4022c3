"""Judge classifiers: fitted on labelled windows, they say the class of other windows.

They measure how useful windows are and never steer a generator.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from wearsynth.data import FloatArray, IntArray, SignalWindows, Windows, check_same_kind
from wearsynth.errors import DataError, did_you_mean
from wearsynth.features import Float64Array, all_features

Decide = Callable[[Windows], IntArray]
Outcomes = Callable[[Windows], NDArray[np.float32]]

FIRST_USE = {"minirocket": " (on its first use it compiles, which can take a minute)"}
"""Judges whose first use on a machine is slow, and what to say of it."""

TREES = 100
KERNELS = 10_000
LEAST_KERNELS = 84
"""MiniRocket has so many at least, for each signal."""
MINIROCKET_READINGS = 9
"""MiniRocket's kernels are 9 readings long; shorter windows repeat their last reading up to that."""


@dataclass(frozen=True, eq=False)
class Judge:
    """A fitted classifier. notes: a line for each thing that was done to make the windows fit."""

    name: str
    fitted_on: Windows = field(repr=False)
    decide: Decide = field(repr=False)
    notes: tuple[str, ...] = ()

    def predict(self, windows: Windows) -> IntArray:
        """Give the class index of each window, (window,); DataError if they are of another kind."""
        check_same_kind(self.fitted_on, windows, "the windows the judge was fitted on", "these")
        return self.decide(windows)


def fit_judge(name: str, windows: Windows, *, seed: int = 0) -> Judge:
    """Fit the judge of that name on labelled windows; the same seed gives the same decisions.

    DataError if there is no such judge or there are no windows.
    """
    if name not in JUDGES:
        raise DataError(f"unknown judge {name!r}.{did_you_mean(name, JUDGES)}")
    if not len(windows):
        raise DataError(f"the judge {name!r} got no windows to learn from.")
    present = np.unique(windows.label)
    if len(present) == 1:
        only = f"{windows.classes[present[0]]!r} is the only class: {name} always says so"
        return Judge(name, windows, lambda other: np.repeat(present, len(other)), (only,))
    return JUDGES[name](windows, seed)


def fit_trees(
    values: Float64Array, label: NDArray[np.int64], *, seed: int, trees: int = TREES
) -> ExtraTreesClassifier:
    """Fit extremely randomised trees (Geurts et al., 2006) on features (row, feature)."""
    return ExtraTreesClassifier(trees, random_state=seed, n_jobs=1).fit(values, label)


def _trees(windows: Windows, seed: int) -> Judge:
    fitted = fit_trees(all_features(windows).values, windows.label, seed=seed)

    def decide(other: Windows) -> IntArray:
        return np.asarray(fitted.predict(all_features(other).values), dtype=np.int64)

    return Judge("trees", windows, decide)


def _minirocket(windows: Windows, seed: int) -> Judge:
    """Fit MiniRocket (Dempster et al., 2021) per signal and a ridge classifier on all of them."""
    outcomes = fit_kernels(windows, seed=seed)
    ridge = fit_ridge(outcomes(windows), windows.label)

    def decide(other: Windows) -> IntArray:
        return np.asarray(ridge.predict(outcomes(other)), dtype=np.int64)

    return Judge("minirocket", windows, decide, _padding_notes(windows))


def fit_kernels(windows: Windows, *, seed: int, count: int = KERNELS) -> Outcomes:
    """Give MiniRocket's kernels as a function: windows -> what they find, (window, outcome).

    Labels play no part. Signals keep their own rates: each has its own kernels, and their outcomes
    stand side by side.
    """
    from aeon.transformations.collection.convolution_based import (
        MiniRocket,  # numba: slow to import
    )

    each = max(LEAST_KERNELS, count // len(windows.signals))
    kernels = {
        name: MiniRocket(n_kernels=each, random_state=seed, n_jobs=1) for name in windows.signals
    }
    for name, kernel in kernels.items():
        kernel.fit(_cases(windows.signals[name]))

    def outcomes(of: Windows) -> NDArray[np.float32]:
        parts = [kernel.transform(_cases(of.signals[name])) for name, kernel in kernels.items()]
        return np.concatenate(parts, axis=1)

    return outcomes


def fit_ridge(outcomes: NDArray[np.float32], label: IntArray) -> Pipeline:
    """Fit a ridge classifier, its penalty chosen by leaving one row out."""
    ridge = make_pipeline(
        StandardScaler(with_mean=False), RidgeClassifierCV(np.logspace(-3, 3, 10))
    )
    return ridge.fit(outcomes, label)


def _cnn(windows: Windows, seed: int) -> Judge:
    """Fit a small convolutional network to the classes that occur."""
    from wearsynth.classifiers.network import fit_network  # torch: slow to import

    present, label = np.unique(windows.label, return_inverse=True)
    network = fit_network(readings(windows), label, seed=seed)

    def decide(other: Windows) -> IntArray:
        return np.asarray(present[network.logits(readings(other)).argmax(axis=1)], dtype=np.int64)

    return Judge("cnn", windows, decide)


def readings(windows: Windows) -> dict[str, FloatArray]:
    """Give the readings by signal, each (window, time, channel)."""
    return {name: signal.values for name, signal in windows.signals.items()}


def _cases(signal: SignalWindows) -> NDArray[np.float32]:
    """Give (window, channel, time) float32, at least MINIROCKET_READINGS long."""
    missing = max(0, MINIROCKET_READINGS - signal.values.shape[1])
    padded = np.pad(signal.values, ((0, 0), (0, missing), (0, 0)), mode="edge")
    return np.ascontiguousarray(padded.transpose(0, 2, 1))


def _padding_notes(windows: Windows) -> tuple[str, ...]:
    return tuple(
        f"minirocket: {name} has {signal.values.shape[1]} readings a window, its last one is "
        f"repeated up to {MINIROCKET_READINGS}"
        for name, signal in windows.signals.items()
        if signal.values.shape[1] < MINIROCKET_READINGS
    )


JUDGES: dict[str, Callable[[Windows, int], Judge]] = {
    "trees": _trees,
    "minirocket": _minirocket,
    "cnn": _cnn,
}
"""Name -> how it is fitted on (windows, seed)."""
