"""BasicMotions: 80 smartwatch recordings that come inside the aeon package, so nothing is downloaded.

Four students each wore a smartwatch five times per activity; 10 s at 10 Hz, accelerometer and
gyroscope (UEA archive, Bagnall et al. 2018, arXiv 1811.00075).
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import Channel, Recording, Signal, Span

OPTIONS: tuple[str, ...] = ()
NAME = "basic_motions"
RATE_HZ = 10.0
STANDARD_GRAVITY_M_S2 = 9.80665
NOTES = (
    "units are not documented by the source: m/s2 (turned into g) and rad/s are inferred from size",
    "gravity has been removed from the accelerometer by the source",
    "people are not told apart by the source",
)


def recognises(path: Path) -> bool:
    """Tell whether the path is just the word basic_motions (and no file of that name is there)."""
    return path == Path(NAME) and not path.exists()


def read(path: Path) -> list[Recording]:  # noqa: ARG001 - every reader takes a path
    """Give 80 recordings (walking_01, ...) with acc in g and gyro in rad/s, subject None.

    Names count within a class in the order of the source, its train part first.
    """
    values, labels = _load()
    counted: dict[str, int] = {}
    recordings = []
    for one, label in zip(values, labels, strict=True):
        counted[label] = counted.get(label, 0) + 1
        recordings.append(_recording(one, f"{label}_{counted[label]:02d}", label))
    return recordings


def _load() -> tuple[NDArray[np.float64], list[str]]:
    """Give values (recording, channel, time) and labels, train part first."""
    from aeon.datasets import load_basic_motions

    parts = [load_basic_motions(split=split) for split in ("train", "test")]
    labels = [str(label).lower() for _, of in parts for label in of]
    return np.concatenate([values for values, _ in parts]), labels


def _recording(values: NDArray[np.float64], name: str, label: str) -> Recording:
    rows = values.T  # (time, channel)
    signals = {
        "acc": _signal(rows[:, :3] / STANDARD_GRAVITY_M_S2, "acc", "g"),
        "gyro": _signal(rows[:, 3:], "gyro", "rad/s"),
    }
    span = Span(0.0, len(rows) / RATE_HZ, label)
    return Recording(name, signals, spans=(span,), source=NAME, notes=NOTES)


def _signal(values: NDArray[np.float64], name: str, unit: str) -> Signal:
    channels = tuple(Channel(f"{name}_{axis}", unit) for axis in "xyz")
    return Signal(np.ascontiguousarray(values, dtype=np.float32), RATE_HZ, channels)
