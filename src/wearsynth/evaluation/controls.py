"""Sets and generators whose place is known: what an attack must find, and what it must not.

They stand in the synthetic windows' place to show whether an attack has any power on the data.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

from wearsynth.data import SignalWindows, Windows, concat
from wearsynth.errors import DataError
from wearsynth.evaluation.reference import pick
from wearsynth.features import Float64Array

NOISE = 0.05
"""The noise of a leaky copy, in units of each channel's sd."""

DIRECTIONS = 32
"""The mixture describes a window along at most so many principal directions."""

COMPONENTS = 8
LEAST_WINDOWS = 20
"""A component of the mixture has at least so many windows to learn from."""


class Sampler(Protocol):
    """What draws synthetic windows: so many of each class by name; the same seed, the same windows."""

    def sample(self, counts: Mapping[str, int], *, seed: int) -> Windows:
        """Give the windows."""
        ...


def noised(windows: Windows, *, share: float, seed: int) -> Windows:
    """Give the windows with normal noise of a share of each channel's sd, as synthetic ones."""
    rng = np.random.default_rng(seed)
    signals = {name: _noised(windows.signals[name], share, rng) for name in sorted(windows.signals)}
    return as_synthetic(replace(windows, signals=signals))


def _noised(signal: SignalWindows, share: float, rng: np.random.Generator) -> SignalWindows:
    sd = signal.values.std(axis=(0, 1), dtype=np.float64)
    noise = rng.normal(size=signal.values.shape) * sd * share
    return replace(signal, values=(signal.values + noise).astype(np.float32))


def as_synthetic(windows: Windows) -> Windows:
    """Give the windows without names and times, marked synthetic."""
    count = len(windows)
    return replace(
        windows,
        subject=np.full(count, ""),
        recording=np.full(count, "synthetic"),
        start_s=np.full(count, np.nan),
        synthetic=np.full(count, True),
    )


@dataclass(frozen=True, eq=False)
class Copying:
    """A sampler that gives windows it was fitted on, with a little noise: what leaks most."""

    windows: Windows

    def sample(self, counts: Mapping[str, int], *, seed: int) -> Windows:
        """Give windows of each class that there is, none twice while there are others."""
        numbers = np.array([counts.get(name, 0) for name in self.windows.classes])
        held = np.bincount(self.windows.label, minlength=len(numbers))
        rounds = int(np.ceil((numbers[held > 0] / held[held > 0]).max(initial=1)))
        rng = np.random.default_rng(seed)
        label = np.tile(self.windows.label, rounds)
        chosen = pick(label, numbers, rng) % len(self.windows)
        return noised(self.windows.select(chosen), share=NOISE, seed=seed)


@dataclass(frozen=True, eq=False)
class _Law:
    """The law of one class's windows, laid out as rows of readings."""

    mean: Float64Array
    unit: Float64Array
    pca: PCA
    mixture: GaussianMixture

    def draw(self, count: int, rng: np.random.Generator) -> Float64Array:
        """Give (window, reading) drawn from the mixture, with the noise that directions left out."""
        chosen = rng.choice(len(self.mixture.weights_), size=count, p=self.mixture.weights_)
        sd = np.sqrt(self.mixture.covariances_)
        points = self.mixture.means_[chosen] + sd[chosen] * rng.normal(size=(count, sd.shape[1]))
        rest = rng.normal(size=(count, len(self.mean))) * np.sqrt(self.pca.noise_variance_)
        return np.asarray((self.pca.inverse_transform(points) + rest) * self.unit + self.mean)


@dataclass(frozen=True, eq=False)
class Mixture:
    """A Gaussian mixture for each class, along the principal directions of its windows."""

    form: Windows
    laws: Mapping[str, _Law]

    def sample(self, counts: Mapping[str, int], *, seed: int) -> Windows:
        """Give so many windows of each class; DataError for a class that it has not seen."""
        rng = np.random.default_rng(seed)
        parts = []
        for name, count in counts.items():
            if count and name not in self.laws:
                raise DataError(f"the mixture has seen no windows of class {name!r}.")
            if count:
                parts.append(self._of_class(name, self.laws[name].draw(count, rng)))
        return concat(parts)

    def _of_class(self, name: str, rows: Float64Array) -> Windows:
        signals, first = {}, 0
        for signal, of in self.form.signals.items():
            shape = of.values.shape[1:]
            part = rows[:, first : first + int(np.prod(shape))].reshape(-1, *shape)
            signals[signal] = replace(of, values=part.astype(np.float32))
            first += int(np.prod(shape))
        template = self.form.select(np.zeros(len(rows), dtype=np.int64))
        label = np.full(len(rows), self.form.class_index(name))
        return as_synthetic(replace(template, signals=signals, label=label))


def fit_mixture(windows: Windows) -> Mixture:
    """Fit a Gaussian mixture to the windows of each class, in about a second.

    A plain generator to try attacks on; DataError where there are no windows.
    """
    if not len(windows):
        raise DataError("the mixture got no windows to learn from.")
    rows = np.concatenate(
        [s.values.reshape(len(windows), -1) for s in windows.signals.values()], axis=1
    ).astype(np.float64)
    laws = {
        name: _fit_law(rows[windows.label == index])
        for index, (name, count) in enumerate(windows.counts.items())
        if count
    }
    return Mixture(windows.select(slice(0, 1)), laws)


def _fit_law(rows: Float64Array) -> _Law:
    if len(rows) < 3:
        rows = np.repeat(rows, 3, axis=0)  # a law needs a spread, if it is 0
    mean, sd = rows.mean(axis=0), rows.std(axis=0)
    unit = np.where(sd > 1e-12, sd, 1.0)
    scaled = (rows - mean) / unit
    pca = PCA(min(DIRECTIONS, len(rows) - 1, rows.shape[1]), random_state=0).fit(scaled)
    components = int(np.clip(len(rows) // LEAST_WINDOWS, 1, COMPONENTS))
    mixture = GaussianMixture(components, covariance_type="diag", reg_covar=1e-4, random_state=0)
    return _Law(mean, unit, pca, mixture.fit(pca.transform(scaled)))
