"""Plain data for a report's pictures: windows, spectra, marginals, confusion matrices."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import SignalWindows, Windows
from wearsynth.features import power_spectrum

Line = tuple[float, ...]
Point = tuple[float, float]

SHOWN_WINDOWS = 3
SHOWN_READINGS = 240
"""A picture shows at most the first so many readings of a window."""

SHOWN_BINS = 64
HISTOGRAM_BINS = 40


@dataclass(frozen=True)
class WindowPicture:
    """A few windows of one class and signal; real and synthetic: [window][channel][reading]."""

    class_name: str
    signal: str
    channels: tuple[str, ...]
    unit: str
    rate_hz: float
    real: tuple[tuple[Line, ...], ...]
    synthetic: tuple[tuple[Line, ...], ...]


@dataclass(frozen=True)
class Spread:
    """Quartiles over windows, a value per frequency."""

    low: Line
    median: Line
    high: Line


@dataclass(frozen=True)
class SpectrumPicture:
    """Spectra of one class and channel: log10 of power in unit^2 a bin."""

    class_name: str
    channel: str
    unit: str
    frequency_hz: Line
    real: Spread
    synthetic: Spread | None


@dataclass(frozen=True)
class MarginalPicture:
    """How often each value occurs in one class and channel: density per unit, between edges."""

    class_name: str
    channel: str
    unit: str
    edges: Line
    real: Line
    synthetic: Line | None


@dataclass(frozen=True)
class ConfusionPicture:
    """Decisions on the holdout of a judge trained on synthetic windows: counts[true][decided]."""

    judge: str
    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class CurveLine:
    """One line, a value per x; low and high: its 95 % interval, empty where there is none."""

    name: str
    x: Line
    y: Line
    low: Line = ()
    high: Line = ()
    dashed: bool = False


@dataclass(frozen=True)
class CurvePicture:
    """A few lines over one axis; hint says how to read them."""

    title: str
    hint: str
    x_title: str
    y_title: str
    lines: tuple[CurveLine, ...]


@dataclass(frozen=True)
class FeatureMap:
    """Windows as points along the two directions in which real ones differ most.

    spread: the share of the real windows' variance along each direction. real, synthetic:
    [class][point] = (x, y).
    """

    classes: tuple[str, ...]
    spread: tuple[float, float]
    real: tuple[tuple[Point, ...], ...]
    synthetic: tuple[tuple[Point, ...], ...]


@dataclass(frozen=True)
class Pictures:
    """Everything that a report draws. Real windows come from the holdout.

    attacks: what attacks on privacy find, by the false alarms that they raise.
    """

    windows: tuple[WindowPicture, ...]
    spectra: tuple[SpectrumPicture, ...]
    marginals: tuple[MarginalPicture, ...]
    confusions: tuple[ConfusionPicture, ...]
    curves: tuple[CurvePicture, ...] = ()
    feature_map: FeatureMap | None = None
    attacks: tuple[CurvePicture, ...] = ()


def make_pictures(
    synthetic: Windows, holdout: Windows, confusions: tuple[ConfusionPicture, ...], *, seed: int
) -> Pictures:
    """Give the pictures of all classes of the holdout; which windows are shown is a fixed draw."""
    rng = np.random.default_rng(seed)
    cells = list(_cells(synthetic, holdout))
    return Pictures(
        windows=tuple(_windows(*cell, rng) for cell in cells),
        spectra=tuple(picture for cell in cells for picture in _spectra(*cell)),
        marginals=tuple(picture for cell in cells for picture in _marginals(*cell)),
        confusions=confusions,
    )


def _cells(
    synthetic: Windows, holdout: Windows
) -> Iterator[tuple[str, str, SignalWindows, SignalWindows]]:
    """Give (class, signal name, real, synthetic) for each class that the holdout has."""
    for class_name, count in holdout.counts.items():
        real, made = holdout.of_class(class_name), synthetic.of_class(class_name)
        for name in holdout.signals if count else ():
            yield class_name, name, real.signals[name], made.signals[name]


def _line(values: NDArray[np.floating]) -> Line:
    """Give four significant digits of each value: enough to draw, small to keep."""
    return tuple(float(f"{value:.4g}") for value in values.tolist())


def _windows(
    class_name: str,
    name: str,
    real: SignalWindows,
    made: SignalWindows,
    rng: np.random.Generator,
) -> WindowPicture:
    return WindowPicture(
        class_name=class_name,
        signal=name,
        channels=tuple(channel.name for channel in real.channels),
        unit=" / ".join(dict.fromkeys(channel.unit for channel in real.channels)),
        rate_hz=real.rate_hz,
        real=_some(real, rng),
        synthetic=_some(made, rng),
    )


def _some(signal: SignalWindows, rng: np.random.Generator) -> tuple[tuple[Line, ...], ...]:
    chosen = rng.permutation(len(signal.values))[:SHOWN_WINDOWS]
    shown = signal.values[chosen, :SHOWN_READINGS].transpose(0, 2, 1)
    return tuple(tuple(_line(channel) for channel in window) for window in shown)


def _spectra(
    class_name: str, _: str, real: SignalWindows, made: SignalWindows
) -> Iterator[SpectrumPicture]:
    frequency_hz, power = power_spectrum(real)
    shown = _shown_bins(len(frequency_hz))
    made_power = power_spectrum(made)[1]
    for index, channel in enumerate(real.channels):
        yield SpectrumPicture(
            class_name=class_name,
            channel=channel.name,
            unit=channel.unit,
            frequency_hz=_line(frequency_hz[shown]),
            real=_spread(power[:, index][:, shown]),
            synthetic=_spread(made_power[:, index][:, shown]) if len(made_power) else None,
        )


def _shown_bins(count: int) -> NDArray[np.int64]:
    """Give at most SHOWN_BINS bins; where there are more, closer together at low frequencies."""
    spaced = np.geomspace(1, count, SHOWN_BINS).round().astype(np.int64) - 1
    return np.unique(spaced) if count > SHOWN_BINS else np.arange(count)


def _spread(power: NDArray[np.float64]) -> Spread:
    low, median, high = np.quantile(np.log10(power + 1e-12), [0.25, 0.5, 0.75], axis=0)
    return Spread(_line(low), _line(median), _line(high))


def _marginals(
    class_name: str, _: str, real: SignalWindows, made: SignalWindows
) -> Iterator[MarginalPicture]:
    for index, channel in enumerate(real.channels):
        mine, other = real.values[:, :, index].ravel(), made.values[:, :, index].ravel()
        edges = _edges(np.concatenate([mine, other]))
        yield MarginalPicture(
            class_name=class_name,
            channel=channel.name,
            unit=channel.unit,
            edges=_line(edges),
            real=_density(mine, edges),
            synthetic=_density(other, edges) if len(other) else None,
        )


def _edges(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give the histogram's edges over all but the outermost 0.1 % on each side."""
    low, high = np.quantile(values, [0.001, 0.999]).astype(np.float64)
    margin = 0.0 if high > low else 0.5
    return np.linspace(low - margin, high + margin, HISTOGRAM_BINS + 1)


def _density(values: NDArray[np.float32], edges: NDArray[np.float64]) -> Line:
    counts = np.histogram(values, edges)[0]
    return _line(counts / (len(values) * np.diff(edges)))
