"""MotionSense: a file a trial and person, readings counted from 0, up to six decimals."""

from pathlib import Path

import numpy as np

MOTION = ",".join(
    ["", "attitude.roll", "attitude.pitch", "attitude.yaw"]
    + [f"{name}.{a}" for name in ("gravity", "rotationRate", "userAcceleration") for a in "xyz"]
)
TRIALS = ("dws_1", "ups_3", "sit_5", "std_6", "wlk_7", "jog_9")


def write(
    folder: Path, *, seed: int = 0, readings: int = 20, people: int = 2, repeats: int = 1
) -> Path:
    """Write A_DeviceMotion_data, twice nested as its archive unpacks, and give the outer folder.

    repeats: how many times a trial's readings come again, counted on, to make large files fast.
    """
    random = np.random.default_rng(seed)
    root = folder / "A_DeviceMotion_data"
    for trial in TRIALS:
        for person in range(1, people + 1):
            rows = rows_of(random, readings, columns=12)
            _put(root / root.name / trial / f"sub_{person}.csv", MOTION, rows * repeats)
    return root


def write_apart(folder: Path, *, seed: int = 0, readings: int = 20) -> Path:
    """Write B_Accelerometer_data and C_Gyroscope_data and give the folder that holds both.

    The second has a reading more, as files of the set differ by some.
    """
    random = np.random.default_rng(seed)
    for name, count in (("B_Accelerometer_data", readings), ("C_Gyroscope_data", readings + 1)):
        for trial in TRIALS[:2]:
            _put(folder / name / trial / "sub_1.csv", ",x,y,z", rows_of(random, count, columns=3))
    return folder


def rows_of(random: np.random.Generator, readings: int, *, columns: int) -> list[str]:
    """Give lines without their count, as pandas writes them: zeros at the end are left out."""
    values = np.round(random.normal(0, 0.5, (readings, columns)), 6)
    return [",".join(map(repr, row)) for row in values.tolist()]


def _put(path: Path, header: str, rows: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [header, *(f"{number},{row}" for number, row in enumerate(rows)), ""]
    path.write_text("\n".join(lines), encoding="ascii", newline="")
