"""PAMAP2: Protocol and Optional with a subjectNNN.dat a person, 54 columns parted by single blanks."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

BLOCK_ROWS = 1000
IMU_MEANS = (33.0, -4.9, 6.7, 3.1, -4.8, 6.6, 3.3, 0.01, -0.02, 0.0, 20.0, -35.0, -25.0)
"""Of temperature, both accelerometers, gyroscope and magnetometer."""
IMU_SPREADS = (0.5, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 0.9, 0.9, 0.9, 15.0, 15.0, 15.0)


def write(
    folder: Path,
    *,
    seed: int = 0,
    rows: int = 200,
    subjects: tuple[str, ...] = ("101", "102"),
    activities: tuple[int, ...] = (0, 1, 7, 24),
) -> Path:
    """Write a file a person and, for the first person, one in Optional; give the set's folder.

    rows: of each file; the activities follow on each other in parts of equal length.
    """
    random = np.random.default_rng(seed)
    names = [f"Protocol/subject{name}.dat" for name in subjects]
    for name in [*names, f"Optional/subject{subjects[0]}.dat"]:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_file(path, random, rows, activities)
    return folder


def _write_file(
    path: Path, random: np.random.Generator, rows: int, activities: tuple[int, ...]
) -> None:
    block = list(_rests(random, min(rows, BLOCK_ROWS)))
    first = int(random.integers(500, 6000))  # the clock runs before the first row
    with path.open("w", encoding="ascii", newline="") as stream:
        for begin in range(0, rows, BLOCK_ROWS):
            for row in range(begin, min(begin + BLOCK_ROWS, rows)):
                time_s = f"{(first + row) / 100:.10g}"
                activity = activities[row * len(activities) // rows]
                stream.write(f"{time_s} {activity} {block[row - begin]}\n")


def _rests(random: np.random.Generator, rows: int) -> Iterator[str]:
    """Give what follows time and activity: heart rate in every 11th row, the three IMUs.

    The hand's IMU loses a stretch of rows, all its columns at once.
    """
    values = random.normal(IMU_MEANS, IMU_SPREADS, (rows, 3, len(IMU_MEANS)))
    lost = range(rows // 2, rows // 2 + 3)
    for row in range(rows):
        words = [f"{100 + row // 50}" if row % 11 == 0 else "NaN"]
        for imu in range(3):
            if imu == 0 and row in lost:
                words += ["NaN"] * 17
            else:
                words += [f"{value:.6g}" for value in values[row, imu]] + ["1", "0", "0", "0"]
        yield " ".join(words)
