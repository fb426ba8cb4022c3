"""UCI HAR: one file an axis, a line a window of 128 readings in fields of 16 characters."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ACTIVITIES = ("WALKING", "WALKING_UPSTAIRS", "WALKING_DOWNSTAIRS", "SITTING", "STANDING", "LAYING")
FILES = ("total_acc", "body_acc", "body_gyro")
PEOPLE = {"train": (1, 3), "test": (2,)}

Stream = NDArray[np.float64]


def write(
    folder: Path,
    *,
    seed: int = 0,
    windows: int = 3,
    files: Sequence[str] = FILES,
    repeats: int = 1,
) -> Path:
    """Write the set's folder and give it: two people in train, one in test.

    Each person walks, then sits, for so many windows that overlap by half. repeats: how many times
    a file's text is written on end, to make large files fast; joins end where it begins anew.
    """
    random = np.random.default_rng(seed)
    root = folder / "UCI HAR Dataset"
    for part, people in PEOPLE.items():
        inertial = root / part / "Inertial Signals"
        inertial.mkdir(parents=True)
        labels = [label for _ in people for label in (1, 4) for _ in range(windows)]
        subjects = [person for person in people for _ in range(2 * windows)]
        for name, column in (("y", labels), ("subject", subjects)):
            _put(root / part / f"{name}_{part}.txt", "".join(f"{n}\n" for n in column), repeats)
        for file in files:
            for axis in "xyz":
                stretches = [_stretch(random, file, axis, windows) for _ in range(2 * len(people))]
                text = "".join(line(window) for s in stretches for window in cut(s))
                _put(inertial / f"{file}_{axis}_{part}.txt", text, repeats)
    names = "".join(f"{number} {name}\n" for number, name in enumerate(ACTIVITIES, start=1))
    _put(root / "activity_labels.txt", names, 1)
    _put(root / "README.txt", "Human Activity Recognition Using Smartphones Dataset\r\n", 1)
    return root


def cut(stretch: Stream) -> list[Stream]:
    """Give the windows of a stretch: 128 readings each, overlapping by half."""
    return [stretch[first : first + 128] for first in range(0, len(stretch) - 127, 64)]


def line(window: Stream) -> str:
    """Give a window as the set writes it, such as "  1.0128170e+000 -1.2321670e-001"."""
    return "".join(_field(value) for value in window.tolist()) + "\n"


def _field(value: float) -> str:
    mantissa, exponent = f"{value:.7e}".split("e")
    return f"{mantissa}e{exponent[0]}{int(exponent[1:]):03d}".rjust(16)


def _stretch(random: np.random.Generator, file: str, axis: str, windows: int) -> Stream:
    level = 1.0 if (file, axis) == ("total_acc", "x") else 0.0
    values: Stream = random.normal(level, 0.2, 64 * (windows + 1))
    return values


def _put(path: Path, text: str, repeats: int) -> None:
    path.write_text(text * repeats, encoding="ascii", newline="")
