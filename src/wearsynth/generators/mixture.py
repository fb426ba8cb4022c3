"""A Gaussian mixture on factored windows: fitted in about a second, the floor for every generator.

The phase of a real window is arbitrary, so its readings have no law worth fitting. What does not
depend on phase has: each window is described by its numbers (levels and scales) and, of its white
shapes, the power of narrow bands, how the traces go together in each octave, how the power moves
through the window, skewness and kurtosis. For each class, a Gaussian mixture is fitted along the
principal directions of these descriptions; what they leave out is independent noise. A drawn
description then tells a new shape, made of fresh noise, as surrogate series are (Theiler et al.,
1992, doi 10.1016/0167-2789(92)90102-S; Schreiber and Schmitz, 1996, doi 10.1103/PhysRevLett.77.635).
"""

import itertools
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy.fft import dct, idct
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from sklearn.utils.extmath import randomized_svd
from torch import Tensor

from wearsynth.data import FloatArray, IntArray
from wearsynth.errors import DataError
from wearsynth.generators.records import RecordShape, Whitening
from wearsynth.representation import Float64Array, octaves

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

BANDS_A_HALF_OCTAVE = 2
SEGMENTS = 4
"""How finely the power of a shape is told, over frequency and over time."""

LEAST_TIE = 0.02
"""The part of unity in the correlations of traces: they have a logarithm, however few tell them."""

CHUNK = 2048


@dataclass(frozen=True)
class _Run:
    """Neighbouring traces of one length: their sizes, and where descriptions of them end."""

    fold: int
    traces: int
    steps: int

    @property
    def time(self) -> int:
        return self.fold * self.steps

    @property
    def segments(self) -> int:
        return min(SEGMENTS, self.time)

    @property
    def bands(self) -> tuple[slice, ...]:
        """Narrow bands of the cosine coefficients, two in a half octave, of 2 coefficients or more."""
        cuts = []
        for octave in octaves(self.time):
            count = max(1, min(BANDS_A_HALF_OCTAVE, (octave.stop - octave.start) // 2))
            edges = np.linspace(octave.start, octave.stop, count + 1).round().astype(int).tolist()
            cuts += [slice(first, last) for first, last in itertools.pairwise(edges)]
        return tuple(cuts)

    @property
    def ends(self) -> tuple[int, ...]:
        """Where in a description the powers, ties, courses, skewness and kurtosis end."""
        pairs = self.traces * (self.traces - 1) // 2
        sizes = (len(self.bands) * self.traces, len(octaves(self.time)) * pairs)
        moments = (self.traces, self.traces)
        return tuple(itertools.accumulate((*sizes, self.segments * self.traces, *moments)))


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
        drawn = np.zeros((len(label), self.shape.generated, self.shape.steps), dtype=np.float32)
        for start in range(0, len(label), CHUNK):
            part = slice(start, start + CHUNK)
            told = self._descriptions(label[part], rng)
            numbers = told[:, : self.shape.numbers] + conditions[part] @ self.effect
            drawn[part, : self.shape.shapes] = _shapes(self.shape, told, rng)
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
    parts = [numbers - conditions @ effect]
    for run, channels in _runs(shape):
        parts.append(_described(_unfolded(records[:, channels], run), run))
    told = np.concatenate(parts, axis=1)
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


def _runs(shape: RecordShape) -> Iterator[tuple[_Run, slice]]:
    """Give the runs of traces of one length, and the channels that carry each."""
    first = 0
    for fold, members in itertools.groupby(shape.folds):
        run = _Run(fold, len(list(members)), shape.steps)
        yield run, slice(first, first + fold * run.traces)
        first += fold * run.traces


def _unfolded(channels: FloatArray, run: _Run) -> Float64Array:
    """(record, trace * fold, step) -> (record, trace, time)."""
    split = channels.reshape(-1, run.traces, run.fold, run.steps).transpose(0, 1, 3, 2)
    return split.reshape(-1, run.traces, run.time).astype(np.float64)


def _shapes(shape: RecordShape, told: Float64Array, rng: np.random.Generator) -> FloatArray:
    """Give white shapes (record, channel, step) of descriptions (record, description)."""
    parts, first = [], shape.numbers
    for run, _ in _runs(shape):
        series = _drawn(told[:, first : first + run.ends[-1]], run, rng)
        split = series.reshape(-1, run.traces, run.steps, run.fold).transpose(0, 1, 3, 2)
        parts.append(split.reshape(-1, run.traces * run.fold, run.steps))
        first += run.ends[-1]
    drawn = np.concatenate(parts, axis=1, dtype=np.float32)
    with torch.no_grad():
        white: FloatArray = Whitening(shape)(torch.from_numpy(drawn)).numpy()
    return white


def _described(series: Float64Array, run: _Run) -> Float64Array:
    """Describe white shapes (record, trace, time) without their phase: (record, description)."""
    spectrum = dct(series, axis=2, norm="ortho")
    powers = [np.log((spectrum[:, :, b] ** 2).mean(axis=2) + 1e-3) for b in run.bands]
    ties = [_ties(spectrum[:, :, octave]) for octave in octaves(run.time)]
    unit = _of_unit_power(series)
    courses = [(part**2).mean(axis=2) for part in np.array_split(unit, run.segments, axis=2)]
    course = np.log(np.stack(courses, axis=2) + 0.02).reshape(len(series), -1)
    skewness, kurtosis = (unit**3).mean(axis=2), np.log((unit**4).mean(axis=2) + 0.5)
    return np.concatenate([*powers, *ties, course, skewness, kurtosis], axis=1)


def _drawn(told: Float64Array, run: _Run, rng: np.random.Generator) -> Float64Array:
    """Give new shapes (record, trace, time) that descriptions (record, description) fit."""
    powers, ties, course, skewness, kurtosis = np.split(told, run.ends[:-1], axis=1)
    octave_ties = np.split(ties, len(octaves(run.time)), axis=1)
    spectrum = rng.normal(size=(len(told), run.traces, run.time))
    spectrum[:, :, 0] = 0
    for octave, tie in zip(octaves(run.time), octave_ties, strict=True):
        spectrum[:, :, octave] = _tying(tie, run.traces) @ spectrum[:, :, octave]
    series = idct(_with_powers(spectrum, powers, run), axis=2, norm="ortho")
    series = _of_unit_power(series * _courses(course, run))
    bent = np.clip(skewness, -2, 2)[:, :, None] / 6 * (series**2 - 1)
    # the first terms of Cornish and Fisher's expansion: skewness, then kurtosis
    heavy = np.clip(np.exp(kurtosis) - 3.5, -1, 8)[:, :, None] / 24
    series = series + bent + heavy * (series**3 - 3 * series)
    spectrum = _with_powers(dct(series, axis=2, norm="ortho"), powers, run)
    return np.asarray(idct(spectrum, axis=2, norm="ortho"))


def _of_unit_power(series: Float64Array) -> Float64Array:
    """Scale each trace of (record, trace, time) to rms 1; nothing stays nothing."""
    return np.asarray(series / np.sqrt((series**2).mean(axis=2, keepdims=True) + 1e-6))


def _with_powers(spectrum: Float64Array, powers: Float64Array, run: _Run) -> Float64Array:
    """Give each band of (record, trace, coefficient) the power told; no level."""
    given = np.zeros_like(spectrum)
    for band, told in zip(run.bands, np.split(powers, len(run.bands), axis=1), strict=True):
        own = np.sqrt((spectrum[:, :, band] ** 2).mean(axis=2, keepdims=True)) + 1e-9
        given[:, :, band] = spectrum[:, :, band] * (
            np.exp(np.minimum(told, 3) / 2)[:, :, None] / own
        )
    return given


def _ties(spectrum: Float64Array) -> Float64Array:
    """Give the logarithm of the traces' correlations (record, pair) from (record, trace, coefficient).

    Of the matrix, so that any numbers in its place are some correlations.
    """
    traces = spectrum.shape[1]
    unit = spectrum / (np.linalg.norm(spectrum, axis=2, keepdims=True) + 1e-9)
    matrix = (1 - LEAST_TIE) * unit @ unit.transpose(0, 2, 1) + LEAST_TIE * np.eye(traces)
    values, vectors = np.linalg.eigh(matrix)
    logarithm = (vectors * np.log(values)[:, None]) @ vectors.transpose(0, 2, 1)
    return np.asarray(logarithm[:, *np.triu_indices(traces, 1)])


def _tying(ties: Float64Array, traces: int) -> Float64Array:
    """Give the roots (record, trace, trace) that make unrelated traces go together as told."""
    logarithm = np.zeros((len(ties), traces, traces))
    logarithm[:, *np.triu_indices(traces, 1)] = ties
    values, vectors = np.linalg.eigh(logarithm + logarithm.transpose(0, 2, 1))
    root = np.exp((values - values.max(axis=1, keepdims=True)) / 2)
    return np.asarray((vectors * root[:, None]) @ vectors.transpose(0, 2, 1))


def _courses(course: Float64Array, run: _Run) -> Float64Array:
    """Give the amplitude's way through the window, (record, trace, time), from its segments' powers."""
    told = course.reshape(-1, run.traces, run.segments)
    centres = (np.arange(run.segments) + 0.5) * run.time / run.segments
    at = np.clip(np.arange(run.time) + 0.5, centres[0], centres[-1])
    between = np.stack([np.interp(at, centres, row) for row in np.eye(run.segments)])
    apart = np.clip(told - told.mean(axis=2, keepdims=True), -4, 4)
    return np.asarray(np.exp(apart @ between / 2))
