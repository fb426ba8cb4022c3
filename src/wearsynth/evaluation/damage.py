"""Damage that is planted in real windows, to see whether a judge finds it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import make_interp_spline

from wearsynth.data import FloatArray, IntArray, SignalWindows, Windows
from wearsynth.evaluation.reference import pick
from wearsynth.features import Float64Array

NOISE = 0.05
PIECES = 4
KEPT_GROUPS = 0.2
KEPT_WINDOWS = 0.1
FACTOR = 1.1
COPIED = 0.2

Plant = Callable[[Windows, Windows, np.random.Generator], Windows]
"""(windows, training windows, randomness) -> as many windows, damaged."""


@dataclass(frozen=True)
class Damage:
    """One kind of damage. channels, groups, classes: how many the windows need for it to be any.

    enough_groups: with fewer groups less is damaged than `what` says.
    """

    name: str
    what: str
    plant: Plant
    channels: int = 1
    groups: int = 1
    classes: int = 1
    enough_groups: int = 1

    def why_not(self, windows: Windows) -> str:
        """Give why the windows cannot be damaged so; "" where they can."""
        has = {
            "channels": sum(len(signal.channels) for signal in windows.signals.values()),
            "groups": len(np.unique(windows.group)),
            "classes": len(np.unique(windows.label)),
        }
        for of, count in has.items():
            if count < getattr(self, of):
                return f"needs {getattr(self, of)} {of}, the windows have {count}"
        return ""


def _with_values(
    windows: Windows, change: Callable[[SignalWindows], FloatArray | Float64Array]
) -> Windows:
    """Give the windows with other values (window, time, channel), signals by name."""
    signals = {}
    for name in sorted(windows.signals):
        signal = windows.signals[name]
        values = np.ascontiguousarray(change(signal), dtype=np.float32)
        signals[name] = replace(signal, values=values)
    return replace(windows, signals=signals)


def noise(windows: Windows, _train: Windows, rng: np.random.Generator) -> Windows:
    """Add normal noise of a share of each channel's sd."""

    def noised(signal: SignalWindows) -> Float64Array:
        sd = signal.values.std(axis=(0, 1), dtype=np.float64)
        return np.asarray(signal.values + NOISE * sd * rng.normal(size=signal.values.shape))

    return _with_values(windows, noised)


def smoothing(windows: Windows, _train: Windows, _rng: np.random.Generator) -> Windows:
    """Give each reading as the mean of itself and its neighbours; the ends stand twice."""

    def smoothed(signal: SignalWindows) -> Float64Array:
        padded = np.pad(signal.values, ((0, 0), (1, 1), (0, 0)), mode="edge")
        return np.asarray((padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / 3)

    return _with_values(windows, smoothed)


def shuffled_pieces(
    windows: Windows,
    _train: Windows,
    rng: np.random.Generator,
) -> Windows:
    """Cut each window in pieces of equal length and put them in another order."""
    own = np.arange(PIECES)
    orders = [_other_order(own, rng) for _ in range(len(windows))]

    def shuffled(signal: SignalWindows) -> FloatArray:
        pieces = np.array_split(np.arange(signal.values.shape[1]), PIECES)
        rows = [
            values[np.concatenate([pieces[index] for index in order])]
            for values, order in zip(signal.values, orders, strict=True)
        ]
        return np.stack(rows)

    return _with_values(windows, shuffled)


def _other_order(own: IntArray, rng: np.random.Generator) -> IntArray:
    order = rng.permutation(own)
    while (order == own).all():
        order = rng.permutation(own)
    return order


def phases_together(
    windows: Windows,
    _train: Windows,
    rng: np.random.Generator,
) -> Windows:
    """Turn Fourier phases at random, all channels alike: spectra and cross-spectra stay.

    Prichard and Theiler, 1994.
    """
    return _with_values(windows, lambda signal: _turned(signal.values, 1, rng))


def phases_apart(windows: Windows, _train: Windows, rng: np.random.Generator) -> Windows:
    """Turn Fourier phases at random, each channel by itself: only each one's spectrum stays."""
    return _with_values(windows, lambda signal: _turned(signal.values, len(signal.channels), rng))


def _turned(values: FloatArray, channels: int, rng: np.random.Generator) -> Float64Array:
    """Give values (window, time, channel) with other phases; the mean and the last stay real."""
    readings = values.shape[1]
    spectrum = np.fft.rfft(values, axis=1)
    turn = np.exp(2j * np.pi * rng.random((len(values), spectrum.shape[1], channels)))
    turn[:, 0] = 1
    if readings % 2 == 0:
        turn[:, -1] = 1
    return np.fft.irfft(spectrum * turn, n=readings, axis=1)


def axes_apart(windows: Windows, _train: Windows, rng: np.random.Generator) -> Windows:
    """Take each channel of a window from another window of the class."""

    def drawn(signal: SignalWindows) -> FloatArray:
        columns = [
            signal.values[_permuted_within(windows.label, rng), :, index]
            for index in range(len(signal.channels))
        ]
        return np.stack(columns, axis=2)

    return _with_values(windows, drawn)


def _permuted_within(label: IntArray, rng: np.random.Generator) -> IntArray:
    """Give a random order of rows that keeps each row's class, (window,)."""
    rows = np.arange(len(label))
    for index in np.unique(label):
        of_class = np.flatnonzero(label == index)
        rows[of_class] = rng.permutation(of_class)
    return rows


def few_people(windows: Windows, _train: Windows, rng: np.random.Generator) -> Windows:
    """Keep a fifth of each class's groups and draw from them as many windows as there were."""
    order = rng.permutation(np.unique(windows.group))
    rows = []
    for index in np.unique(windows.label):
        of_class = np.flatnonzero(windows.label == index)
        mine = order[np.isin(order, windows.group[of_class])]
        kept = mine[: max(1, round(KEPT_GROUPS * len(mine)))]
        left = of_class[np.isin(windows.group[of_class], kept)]
        rows.append(rng.permutation(np.resize(left, len(of_class))))
    return windows.select(np.concatenate(rows))


def repeated(windows: Windows, _train: Windows, rng: np.random.Generator) -> Windows:
    """Keep a tenth of each class's windows and repeat them to as many as there were."""
    numbers = np.bincount(windows.label)
    kept = pick(windows.label, np.ceil(KEPT_WINDOWS * numbers).astype(np.int64), rng)
    rows = [
        np.resize(kept[windows.label[kept] == index], number)
        for index, number in enumerate(numbers)
        if number
    ]
    return windows.select(np.concatenate(rows))


def scale(windows: Windows, _train: Windows, _rng: np.random.Generator) -> Windows:
    """Multiply every reading, gravity included, as a wrong sensitivity does."""
    return _with_values(windows, lambda signal: signal.values * FACTOR)


def cadence(windows: Windows, _train: Windows, _rng: np.random.Generator) -> Windows:
    """Let time run faster (cubic spline); what a window lacks then is its own end, mirrored."""

    def faster(signal: SignalWindows) -> Float64Array:
        last = signal.values.shape[1] - 1
        at = FACTOR * np.arange(last + 1)
        spline = make_interp_spline(np.arange(last + 1), signal.values, k=min(3, last), axis=1)
        return np.asarray(spline(np.where(at > last, 2 * last - at, at)))

    return _with_values(windows, faster)


def copied(windows: Windows, train: Windows, rng: np.random.Generator) -> Windows:
    """Put training windows in the place of a fifth of each class's windows."""
    wanted = np.round(COPIED * np.bincount(windows.label, minlength=len(windows.classes)))
    there = np.bincount(train.label, minlength=len(windows.classes))
    numbers = np.minimum(wanted.astype(np.int64), there)
    out, taken = (pick(of.label, numbers, rng) for of in (windows, train))

    def with_copies(name: str) -> FloatArray:
        values = windows.signals[name].values.copy()
        values[out] = train.signals[name].values[taken]
        return values

    signals = {
        name: replace(signal, values=with_copies(name)) for name, signal in windows.signals.items()
    }
    return replace(windows, signals=signals)


def shuffled_labels(
    windows: Windows,
    _train: Windows,
    rng: np.random.Generator,
) -> Windows:
    """Give the labels to other windows at random."""
    return replace(windows, label=rng.permutation(windows.label))


def reversed_time(
    windows: Windows,
    _train: Windows,
    _rng: np.random.Generator,
) -> Windows:
    """Let each window run backwards."""
    return _with_values(windows, lambda signal: signal.values[:, ::-1])


DAMAGES: tuple[Damage, ...] = (
    Damage("noise", "noise of .05 sd", noise),
    Damage("smoothing", "three readings smoothed to one", smoothing),
    Damage("shuffled_pieces", "windows cut in 4 pieces in another order", shuffled_pieces),
    Damage("phases_together", "random phases, the same for all channels", phases_together),
    Damage("phases_apart", "random phases, each channel its own", phases_apart, channels=2),
    Damage("axes_apart", "channels from different windows", axes_apart, channels=2),
    Damage(
        "few_people",
        "80 % of people dropped, the others repeated",
        few_people,
        groups=2,
        enough_groups=5,
    ),
    Damage("repeated", "10 % of windows, each repeated 10 times", repeated),
    Damage("scale", "all readings x 1.1", scale),
    Damage("cadence", "time runs 1.1 times as fast", cadence),
    Damage("copied", "20 % copied from train", copied),
    Damage("shuffled_labels", "labels shuffled", shuffled_labels, classes=2),
    Damage("reversed_time", "time reversed", reversed_time),
)
"""All damages, in the order of the table."""
