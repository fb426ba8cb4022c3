"""A Gaussian mixture on factored windows: fitted in about a second, the floor for every generator.

Each window is described by its numbers (levels and scales) and by what its white shape has whatever
its phase (surrogates.py, finely). For each class, a Gaussian mixture is fitted along the principal
directions of these descriptions; what they leave out is independent noise. A surrogate of a drawn
description is the new shape.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from sklearn.utils.extmath import randomized_svd
from torch import Tensor

from wearsynth.data import FloatArray, IntArray
from wearsynth.errors import DataError
from wearsynth.generators.records import RecordShape
from wearsynth.generators.surrogates import Surrogates
from wearsynth.representation import Float64Array

DIRECTIONS = 32
"""The mixture describes a class along at most so many principal directions."""

COMPONENTS = 8
WINDOWS_A_COMPONENT = 25
"""A class gets one component for so many windows."""

LEAST_WINDOWS = 20
"""A component that holds fewer windows is given up: it could be their copy."""

TIED_WINDOWS = 20
"""A component's covariance counts the class's own covariance as so many windows."""

POOLED_WINDOWS = 4
"""The spread of a class counts the spread inside all classes as so many windows."""

USUAL_SPREAD = 0.3
"""The spread of descriptions where no class has two windows to tell one."""

LEAST_VARIANCE = 0.02
"""Added to the variance along each direction, whose descriptions have unit variance each."""

NUMBER_WEIGHT = 1.5
"""Levels and scales count so much more than descriptions of the shape in choosing directions."""

RIDGE_WINDOWS = 20
"""The effect of a condition is shrunk as by so many windows that show none."""

CHUNK = 2048


@dataclass(frozen=True, eq=False)
class _Law:
    """The law of one class's descriptions.

    mean, rest: (description,), the middle and the sd of the independent noise. directions:
    (direction, description). share: (component,). means: (component, direction). roots: (component,
    direction, direction), lower triangular, of the covariances. All float32.
    """

    mean: FloatArray
    rest: FloatArray
    directions: FloatArray
    share: FloatArray
    means: FloatArray
    roots: FloatArray

    def draw(self, count: int, rng: np.random.Generator) -> Float64Array:
        """Give (window, description)."""
        share = self.share.astype(np.float64)
        chosen = rng.choice(len(share), size=count, p=share / share.sum())
        normal = rng.normal(size=(count, self.means.shape[1], 1))
        points = self.means[chosen] + (self.roots[chosen] @ normal)[:, :, 0]
        rest = rng.normal(size=(count, len(self.mean))) * self.rest
        return np.asarray(self.mean + points @ self.directions + rest, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class FactoredMixture:
    """A fitted mixture: a law for each class seen, and the effect (condition, number) of conditions."""

    shape: RecordShape
    laws: Mapping[int, _Law]
    effect: FloatArray

    def sample(
        self, label: IntArray, conditions: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        """Give one window for each label: (window, generated channel, step) float32.

        conditions: (window, shape.conditions). DataError for a class of which none was seen.
        """
        unseen = sorted(set(label.tolist()) - set(self.laws))
        if unseen:
            raise DataError(f"the mixture has seen no windows of class number {unseen[0]}.")
        surrogates = Surrogates(self.shape, fine=True)
        drawn = np.zeros((len(label), self.shape.generated, self.shape.steps), dtype=np.float32)
        for start in range(0, len(label), CHUNK):
            part = slice(start, start + CHUNK)
            told = self._descriptions(label[part], rng)
            numbers = told[:, : self.shape.numbers] + conditions[part] @ self.effect
            noise = rng.standard_normal(drawn[part, : self.shape.shapes].shape, dtype=np.float32)
            of_surrogate = torch.from_numpy(told[:, self.shape.numbers :].astype(np.float32))
            made = surrogates(of_surrogate, torch.from_numpy(noise))
            drawn[part, : self.shape.shapes] = made.numpy()
            drawn[part, self.shape.shapes :] = numbers[:, :, None]
        return drawn

    def _descriptions(self, label: IntArray, rng: np.random.Generator) -> Float64Array:
        """Give a description of a window for each label, (window, description)."""
        first = next(iter(self.laws.values()))
        told = np.zeros((len(label), len(first.mean)))
        for index in np.unique(label).tolist():
            rows = np.flatnonzero(label == index)
            told[rows] = self.laws[index].draw(len(rows), rng)
        return told

    @property
    def sizes(self) -> dict[str, int]:
        """Nothing: the weights tell all."""
        return {}

    def weights(self) -> dict[str, Tensor]:
        """Give all numbers that were fitted: "effect", and "<class number>.<what>" for each class."""
        of_laws = {
            f"{index}.{name}": torch.from_numpy(value)
            for index, law in self.laws.items()
            for name, value in vars(law).items()
        }
        return {"effect": torch.from_numpy(self.effect), **of_laws}


def mixture_from(shape: RecordShape, weights: Mapping[str, Tensor]) -> FactoredMixture:
    """Make a mixture again from what `FactoredMixture.weights` gave."""
    arrays = {name: value.numpy() for name, value in weights.items()}
    fields = list(_Law.__dataclass_fields__)
    seen = [index for index in range(shape.classes) if f"{index}.mean" in arrays]
    laws = {index: _Law(*(arrays[f"{index}.{field}"] for field in fields)) for index in seen}
    return FactoredMixture(shape, laws, arrays["effect"])


def fit_mixture(
    records: FloatArray, label: IntArray, shape: RecordShape, *, seed: int
) -> FactoredMixture:
    """Fit a mixture for each class that has windows; the same seed, the same mixture.

    records: (record, shapes + numbers + conditions, step). label: (record,). DataError where there
    are no records.
    """
    if not len(records):
        raise DataError("the mixture got no windows to learn from.")
    constant = records[:, shape.shapes :].mean(axis=2, dtype=np.float64)
    numbers, conditions = constant[:, : shape.numbers], constant[:, shape.numbers :]
    effect = _effect(numbers, conditions, label)
    shapes = torch.from_numpy(records[:, : shape.shapes])
    described = Surrogates(shape, fine=True).describe(shapes).numpy()
    told = np.concatenate([numbers - conditions @ effect, described], axis=1)
    inside = _inside_variance(told, label)
    laws = {
        index: _fit_law(told[label == index], inside, shape.numbers, seed)
        for index in np.unique(label).tolist()
    }
    return FactoredMixture(shape, laws, effect.astype(np.float32))


def _centred(values: Float64Array, label: IntArray) -> Float64Array:
    """Give (record, value) less the mean of its class."""
    _, place, count = np.unique(label, return_inverse=True, return_counts=True)
    sums = np.zeros((len(count), values.shape[1]))
    np.add.at(sums, place, values)
    return np.asarray(values - (sums / count[:, None])[place])


def _effect(numbers: Float64Array, conditions: Float64Array, label: IntArray) -> Float64Array:
    """Give what conditions do to numbers, (condition, number): a ridge inside the classes."""
    given, told = _centred(conditions, label), _centred(numbers, label)
    ridge = RIDGE_WINDOWS * np.eye(conditions.shape[1])
    return np.asarray(np.linalg.solve(given.T @ given + ridge, given.T @ told))


def _inside_variance(told: Float64Array, label: IntArray) -> Float64Array:
    """Give the variance of descriptions inside the classes, (description,)."""
    free = len(told) - len(np.unique(label))
    if not free:
        return np.full(told.shape[1], USUAL_SPREAD**2)
    return np.asarray((_centred(told, label) ** 2).sum(axis=0) / free)


def _fit_law(told: Float64Array, inside: Float64Array, numbers: int, seed: int) -> _Law:
    """Fit the law of one class's descriptions (window, description)."""
    mean, variance = told.mean(axis=0), told.var(axis=0)
    unit = np.sqrt(variance) + 1e-6
    unit[:numbers] /= NUMBER_WEIGHT
    scaled = (told - mean) / unit
    count = min(DIRECTIONS, len(told) - 1, told.shape[1])
    _, _, directions = randomized_svd(scaled, max(count, 1), random_state=seed)
    points = scaled @ directions.T
    share, means, covariances = _fit_components(points, seed)
    left_out = ((scaled - points @ directions) * unit).var(axis=0)
    # few windows tell too small a spread, one window none: what is missing is noise
    wanted = (len(told) * variance + POOLED_WINDOWS * inside) / (len(told) + POOLED_WINDOWS)
    rest = np.sqrt(left_out + np.maximum(wanted - variance, 0))
    arrays = (mean, rest, directions * unit, share, means, np.linalg.cholesky(covariances))
    return _Law(*(np.ascontiguousarray(array, dtype=np.float32) for array in arrays))


def _fit_components(
    points: Float64Array, seed: int
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Give shares (component,), means and full covariances of (window, direction)."""
    belongs = np.ones((len(points), 1))
    count = min(len(points) // WINDOWS_A_COMPONENT, COMPONENTS)
    if count > 1:
        mixture = GaussianMixture(
            count, covariance_type="diag", reg_covar=LEAST_VARIANCE, random_state=seed
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a floor need not converge
            belongs = mixture.fit(points).predict_proba(points)
        belongs = belongs[:, belongs.sum(axis=0) >= min(LEAST_WINDOWS, belongs.sum(axis=0).max())]
        belongs = (belongs + 1e-9) / (belongs + 1e-9).sum(axis=1, keepdims=True)
    held = belongs.sum(axis=0)
    means = belongs.T @ points / held[:, None]
    apart = points[:, None] - means  # (window, component, direction)
    scatter = np.einsum("nk,nki,nkj->kij", belongs, apart, apart, optimize=True)
    tied = scatter.sum(axis=0) / len(points)
    covariances = (scatter + TIED_WINDOWS * tied) / (held + TIED_WINDOWS)[:, None, None]
    return held / len(points), means, covariances + LEAST_VARIANCE * np.eye(points.shape[1])
