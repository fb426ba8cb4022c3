"""Two sets of people under stress and at rest, in one form: 60 s windows at 1 Hz, each on their own scale."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wearsynth.data import IntArray, Windows, windows_from_arrays
from wearsynth.privacy.own_scale import Usual, on_own_scale

CHANNELS = tuple((name, "1") for name in ("BVP", "EDA", "ACC_x", "ACC_y", "ACC_z", "TEMP"))
CLASSES = ("rest", "stress")
SIGNAL = "e4"
LENGTH_S, STRIDE_S = 60, 30

E4_RATES_HZ = {"BVP": 64, "EDA": 4, "ACC": 32, "TEMP": 4}
OWN = Usual({SIGNAL: np.zeros(6)}, {SIGNAL: np.ones(6)})
"""A person's median becomes 0, their quartile range 1."""


@dataclass(frozen=True, eq=False)
class Fold:
    """Windows of people who give, and of people who judge."""

    giving: Windows
    judging: Windows


def e4_stress(shared: Path) -> Windows:
    """Give windows of the E4 stress set: who has labels; means over a second."""
    parts: list[tuple[np.ndarray, np.ndarray, str]] = []
    with np.load(shared / "data/e4_stress/e4_stress_native.npz", allow_pickle=False) as held:
        for name in sorted({key.split("/")[0] for key in held.files if "/" in key}):
            label = held[f"{name}/label_1hz"]
            if (label >= 0).any():
                streams = [
                    _by_second(held[f"{name}/{sensor}"], rate)
                    for sensor, rate in E4_RATES_HZ.items()
                ]
                seconds = min(len(label), *map(len, streams))
                readings = np.concatenate([stream[:seconds] for stream in streams], axis=1)
                parts.append((readings, label[:seconds], name))
    return _windows([(*_cut(readings, label), name) for readings, label, name in parts])


def _by_second(values: np.ndarray, rate_hz: int) -> np.ndarray:
    whole = len(values) // rate_hz
    means: np.ndarray = values[: whole * rate_hz].reshape(whole, rate_hz, -1).mean(axis=1)
    return means


def _cut(readings: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give (window, time, channel) of one label each, and the labels."""
    edges = [0, *(np.flatnonzero(np.diff(label)) + 1).tolist(), len(label)]
    starts = [
        start
        for first, end in itertools.pairwise(edges)
        if label[first] >= 0
        for start in range(first, end - LENGTH_S + 1, STRIDE_S)
    ]
    return np.stack([readings[start : start + LENGTH_S] for start in starts]), label[starts]


def wesad(shared: Path) -> Windows:
    """Give the windows of WESAD at 1 Hz; amusement counts as rest."""
    path = shared / "data/wesad_1hz/wesad_windows_60s_stride30.npz"
    with np.load(path, allow_pickle=False) as held:
        values, label, person = held["values"], held["label"], held["subject"]
    return _windows(
        [(values[person == n], label[person == n], f"W{n}") for n in np.unique(person).tolist()]
    )


def _windows(parts: list[tuple[np.ndarray, np.ndarray, str]]) -> Windows:
    values = np.concatenate([of for of, _, _ in parts])
    label = np.concatenate([of for _, of, _ in parts]).astype(np.int64)
    windows = windows_from_arrays(
        {SIGNAL: (values, 1.0, CHANNELS)},
        np.array(CLASSES)[label],
        classes=CLASSES,
        subject=[name for of, _, name in parts for _ in of],
    )
    return on_own_scale(windows, windows.subject, OWN)


def half(load: Callable[[Path], Windows], which: int, shared: Path) -> Windows:
    """Give the windows of every second person of a set, from the first or the second on."""
    windows = load(shared)
    return windows.select(np.isin(windows.subject, np.unique(windows.subject)[which::2]))


def folds_of(windows: Windows, folds: int, *, seed: int) -> Iterator[Fold]:
    """Hold out each person once, whole."""
    names = np.unique(windows.subject)
    order = np.random.default_rng(seed).permutation(len(names))
    for number in range(folds):
        judging = np.isin(windows.subject, names[order[number::folds]])
        yield Fold(windows.select(~judging), windows.select(judging))


def described(windows: Windows) -> np.ndarray:
    """Give what the judges see, (window, 8 numbers a channel): level, spread, ends, slope, changes."""
    values = windows.signal(SIGNAL).values.astype(np.float64)
    time = np.linspace(-1, 1, values.shape[1])[None, :, None]
    level, spread = values.mean(axis=1), values.std(axis=1)
    slope = (time * (values - level[:, None])).mean(axis=1)
    change = np.abs(np.diff(values, axis=1)).mean(axis=1)
    logs = [np.log(spread + 0.01), np.log(change + 0.01)]
    ends = [values.min(axis=1), values.max(axis=1)]
    return np.concatenate([level, spread, slope, change, *logs, *ends], axis=1)


def some_people(windows: Windows, count: int, rng: np.random.Generator) -> Windows:
    """Give the windows of so many people, drawn without replacement."""
    names = np.unique(windows.subject)
    return windows.select(np.isin(windows.subject, rng.permutation(names)[:count]))


def apart(windows: Windows) -> Windows:
    """Give every second window of each person and class: no two share a reading."""
    keep: list[IntArray] = []
    for name in np.unique(windows.subject):
        for index in range(len(windows.classes)):
            rows = np.flatnonzero((windows.subject == name) & (windows.label == index))
            keep.append(rows[::2])
    return windows.select(np.sort(np.concatenate(keep)))
