"""WISDM 2019 as published: wisdm-dataset/raw/<device>/<sensor>/data_<person>_<sensor>_<device>.txt.

Lines end in ';' and a plain newline; there is no header. Times are ns since the device's start, at
20 Hz with a little jitter; each activity begins some seconds after the one before, in the order of
the letters. The accelerometer is in m/s2 with gravity, the gyroscope in rad/s, both with the
digits of a 32-bit float.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

LETTERS = "ABCDEFGHIJKLMOPQRS"
FIRST_NS = 99_141_367_430_005
STEP_NS = 50_000_000
PAUSE_NS = 20_000_000_000
Sensor = Literal["accel", "gyro"]


def write(
    folder: Path,
    *,
    seed: int = 0,
    people: int = 2,
    letters: Sequence[str] = ("A", "B", "D"),
    readings: int = 60,
    device: Literal["watch", "phone"] = "watch",
    sensors: Sequence[Sensor] = ("accel", "gyro"),
) -> Path:
    """Write people x letters x readings for each sensor and give the folder raw.

    The set itself has 51 people, all LETTERS and 3,600 readings.
    """
    root = folder / "wisdm-dataset"
    for sensor in sensors:
        (root / "raw" / device / sensor).mkdir(parents=True, exist_ok=True)
    (root / "activity_key.txt").write_text("walking = A\njogging = B\n\n", newline="\n")
    for person in range(1600, 1600 + people):
        random = np.random.default_rng((seed, person))
        time_ns = _times_ns(random, len(letters), readings)
        for sensor in sensors:
            name = f"data_{person}_{sensor}_{device}.txt"
            text = _text(person, letters, time_ns, _values(random, sensor, time_ns))
            (root / "raw" / device / sensor / name).write_bytes(text)
    return root / "raw"


def _times_ns(random: np.random.Generator, stretches: int, readings: int) -> NDArray[np.int64]:
    """Give time stamps (stretch, reading)."""
    jitter = random.integers(-400_000, 400_000, (stretches, readings))
    begin = FIRST_NS + np.arange(stretches) * (readings * STEP_NS + PAUSE_NS)
    stamps: NDArray[np.int64] = begin[:, None] + np.arange(readings) * STEP_NS + jitter
    return stamps


def _values(
    random: np.random.Generator, sensor: Sensor, time_ns: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Give values (stretch, reading, axis): a swing of 2 Hz, with gravity on y for accel."""
    swing = np.sin(time_ns[..., None] * (2e-9 * 2 * np.pi) + np.arange(3))
    level = np.array([0.0, -9.7, 1.0]) if sensor == "accel" else np.zeros(3)
    noise = random.normal(0, 0.05, (*time_ns.shape, 3))
    values: NDArray[np.float32] = (level + 2 * swing + noise).astype(np.float32)
    return values


def _text(
    person: int, letters: Sequence[str], time_ns: NDArray[np.int64], values: NDArray[np.float32]
) -> bytes:
    rows = time_ns.size
    columns = [
        pa.repeat(pa.scalar(person), rows),
        pa.array(np.repeat(np.array(list(letters)), time_ns.shape[1])),
        pa.array(time_ns.ravel()),
        *(pa.array(values[..., axis].ravel()) for axis in range(3)),
    ]
    table = pa.table(columns, names=[str(index) for index in range(6)])
    text = io.BytesIO()
    options = pa.csv.WriteOptions(include_header=False, quoting_style="none")
    pa.csv.write_csv(table, text, options)
    return text.getvalue().replace(b"\n", b";\n")
