"""The data sets of the leaderboard as windows, and the folds that hold out whole groups.

Nothing of them stands in this repository: they are read from a folder of recordings (--shared).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wearsynth.data import (
    Channel,
    IntArray,
    Recording,
    Signal,
    Span,
    StrArray,
    Windows,
    windows_from_arrays,
)
from wearsynth.evaluation.reference import MIN_GROUPS, pick
from wearsynth.formats import read
from wearsynth.names import natural_key
from wearsynth.windowing import cut_windows

MOST_WINDOWS = 6000
"""More real windows than this are thinned, of each class and person the same share."""

WESAD_CHANNELS = tuple((n, "1") for n in ("BVP", "EDA", "ACC_x", "ACC_y", "ACC_z", "TEMP"))
WESAD_CLASSES = ("no_stress", "stress")
"""What labels 0 and 1 mean, here and in the files that others made."""

STANDARD_GRAVITY_M_S2 = 9.80665
MISSING = -32768


@dataclass(frozen=True)
class Dataset:
    """Where a data set lies in the shared folder, how it becomes windows, and what it is."""

    path: str
    load: Callable[[Path], Windows]
    title: str


@dataclass(frozen=True, eq=False)
class Fold:
    """Real windows to learn from and, of other groups, to judge on."""

    number: int
    train: Windows
    holdout: Windows


def _wesad(path: Path) -> Windows:
    with np.load(path, allow_pickle=False) as held:
        return windows_from_arrays(
            {"e4": (held["values"], 1.0, WESAD_CHANNELS)},
            np.array(WESAD_CLASSES)[held["label"]],
            classes=WESAD_CLASSES,
            subject=[f"S{person}" for person in held["subject"].tolist()],
        )


def _cut(length_s: float) -> Callable[[Path], Windows]:
    return lambda path: cut_windows(read(path), length_s=length_s, stride_s=length_s)


def _wisdm(path: Path) -> Windows:
    """Cut the watch's recordings, put on a grid of 20 Hz, into windows of 2.56 s."""
    with np.load(path, allow_pickle=False) as held:
        starts, lengths = held["seg_start"], held["seg_len"]
        acc = held["acc"] * (float(held["acc_scale"]) / STANDARD_GRAVITY_M_S2)
        gyro = np.where(held["gyro"] == MISSING, np.nan, held["gyro"] * float(held["gyro_scale"]))
        rate_hz = float(held["rate_hz"])
        told = zip(held["seg_subject"].tolist(), held["seg_activity"].tolist(), strict=True)
        rows = [slice(a, a + n) for a, n in zip(starts.tolist(), lengths.tolist(), strict=True)]
        recordings = [
            _watch(f"{person}", activity, acc[row], gyro[row], rate_hz)
            for (person, activity), row in zip(told, rows, strict=True)
        ]
    return cut_windows(recordings, length_s=2.56, stride_s=2.56)


def _watch(
    person: str, activity: str, acc: np.ndarray, gyro: np.ndarray, rate_hz: float
) -> Recording:
    signals = {
        name: Signal(
            values.astype(np.float32), rate_hz, tuple(Channel(f"{name}_{a}", unit) for a in "xyz")
        )
        for name, values, unit in (("acc", acc, "g"), ("gyro", gyro, "rad/s"))
    }
    spans = (Span(0.0, len(acc) / rate_hz, activity),)
    return Recording(f"{person}_{activity}", signals, subject=person, spans=spans)


DATA: dict[str, Dataset] = {
    "wesad_1hz": Dataset(
        "data/wesad_1hz/wesad_windows_60s_stride30.npz",
        _wesad,
        "WESAD at 1 Hz: wrist E4, 6 channels, 60 s every 30 s, stress or not, scaled by person",
    ),
    "st_pamap2_wrist": Dataset(
        "data/st_pamap2_wrist",
        _cut(2.0),
        "ST's PAMAP2 wrist logs: acceleration, 30 Hz, 2 s, 4 classes; a group is a log",
    ),
    "lsm6dsl": Dataset(
        "data/st_lsm6dsl_har",
        _cut(2.0),
        "ST's LSM6DSL logs: acceleration, 26 Hz, 2 s, 3 classes; a group is a log",
    ),
    "wisdm_watch": Dataset(
        "data/wisdm_watch/wisdm_watch_20hz.npz",
        _wisdm,
        "WISDM watch: acceleration and gyroscope, 20 Hz, 2.56 s, 18 classes; who has no gyroscope is "
        "left out",
    ),
}
"""Name -> data set."""


def thinned_by_person(windows: Windows, most: int, *, seed: int) -> Windows:
    """Give at most about `most` windows: of each class of each group the same share, at least one."""
    if len(windows) <= most:
        return windows
    names = np.char.add(np.char.add(windows.group, "\0"), windows.label.astype(np.str_))
    _, cell = np.unique(names, return_inverse=True)
    numbers = np.maximum(1, np.bincount(cell) * most // len(windows))
    rows = np.sort(pick(cell, numbers, np.random.default_rng(seed)))
    line = f"thinned to {len(rows)} of {len(windows)} windows, the same share of class and group"
    return windows.select(rows).with_provenance(line)


def folds_of(windows: Windows, folds: int, *, seed: int) -> tuple[list[Fold], str]:
    """Give the folds, and a sentence that says what they hold out.

    Where a fold has fewer groups than a reference needs, it holds out the next one's, too.
    """
    names = np.unique(windows.group)
    fold_of, how = dealt(windows, names, folds, seed=seed)
    enough = min(np.bincount(fold_of, minlength=folds)) >= MIN_GROUPS
    spans = 1 if enough else 2
    result = []
    for number in range(folds):
        held = names[np.isin((fold_of - number) % folds, range(spans))]
        out = np.isin(windows.group, held)
        result.append(Fold(number, windows.select(~out), windows.select(out)))
    sizes = sorted({len(np.unique(fold.holdout.group)) for fold in result})
    twice = "" if enough else "; each fold holds out the next one's, too, so all are judged twice"
    held_out = " to ".join(map(str, dict.fromkeys((sizes[0], sizes[-1]))))
    return result, f"{len(names)} {how}; {held_out} held out in each of {folds} folds{twice}."


def dealt(windows: Windows, names: StrArray, folds: int, *, seed: int) -> tuple[IntArray, str]:
    """Give each group's fold, and how it was dealt.

    People are dealt at random. Recordings of unknown people are dealt in runs of neighbours within
    their class: neighbours are often one person's.
    """
    if (windows.subject != "").all():
        order = np.random.default_rng(seed).permutation(len(names))
        return np.argsort(order) % folds, "people"
    fold_of = np.zeros(len(names), dtype=np.int64)
    by_class: dict[int, list[int]] = {}
    for place in sorted(range(len(names)), key=lambda place: natural_key(str(names[place]))):
        label = int(np.bincount(windows.label[windows.group == names[place]]).argmax())
        by_class.setdefault(label, []).append(place)
    for members in by_class.values():
        fold_of[members] = np.arange(len(members)) * folds // len(members)
    return fold_of, "recordings of people who are not named, in runs of neighbours by class"
