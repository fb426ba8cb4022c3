"""The rows of a PAMAP2 file: 54 columns, of which those of some signals are kept as float32."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import FloatArray, Oddity
from wearsynth.errors import FormatError
from wearsynth.files import telling_file_errors
from wearsynth.formats.numeric_csv import stream_numbers
from wearsynth.formats.timeline import odd_rows

RATE_HZ = 100
STANDARD_GRAVITY_M_S2 = 9.80665
ACTIVITIES = {
    1: "lying",
    2: "sitting",
    3: "standing",
    4: "walking",
    5: "running",
    6: "cycling",
    7: "nordic_walking",
    9: "watching_tv",
    10: "computer_work",
    11: "car_driving",
    12: "stairs_up",
    13: "stairs_down",
    16: "vacuum_cleaning",
    17: "ironing",
    18: "folding_laundry",
    19: "house_cleaning",
    20: "playing_soccer",
    24: "rope_jumping",
}
"""Activity id -> class; 0 stands for the time between two activities, which has no label."""
PLACES = {"hand": 3, "wrist": 3, "chest": 20, "ankle": 37}
"""Place -> the first column of its IMU; the hand's one sat over the wrist."""


@dataclass(frozen=True)
class Kind:
    """One kind of signal: its unit, the factor to it, the names of its channels after the kind's.

    first: its first column, counted from that of the IMU's. A value outside low..high (in the unit)
    is more than the sensor can measure; a quarter of its range is left for calibration.
    """

    unit: str
    first: int
    low: float
    high: float
    factor: float = 1.0
    axes: tuple[str, ...] = ("_x", "_y", "_z")


IMU_SIGNALS = {
    "acc": Kind("g", 1, -20.0, 20.0, factor=1 / STANDARD_GRAVITY_M_S2),
    "gyro": Kind("rad/s", 7, -50.0, 50.0),
    "acc_6g": Kind("g", 4, -7.5, 7.5, factor=1 / STANDARD_GRAVITY_M_S2),
    "mag": Kind("uT", 10, -1000.0, 1000.0),
    "temp": Kind("degC", 0, -40.0, 85.0, axes=("",)),
}
HEART_RATE = Kind("bpm", 2, 20.0, 250.0, axes=("",))
SIGNALS = {**IMU_SIGNALS, "hr": HEART_RATE}
_IMU_COLUMNS = (
    "temp",
    *(f"{kind}_{axis}" for kind in ("acc", "acc_6g", "gyro", "mag") for axis in "xyz"),
    *(f"orientation_{index}" for index in range(4)),
)
COLUMNS = (
    "time",
    "activity",
    "heart_rate",
    *(f"{place}_{name}" for place in ("hand", "chest", "ankle") for name in _IMU_COLUMNS),
)
LATEST_S = 1e7
"""A later time is none: no clock of the set runs for 115 days."""
UNKNOWN = -1
_NO_TIME = np.iinfo(np.int32).min

Bools = NDArray[np.bool_]
Ticks = NDArray[np.int32]
"""Times in hundredths of a second, the step from row to row."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a file.

    ticks: (row,). activity: (row,) id, -1 for unknown ones. blocks: the readings by signal, arrays
    (row, channel) float32 that follow on each other, kept apart so that they are copied only once.
    """

    ticks: Ticks
    activity: NDArray[np.int8]
    blocks: dict[str, list[FloatArray]]
    oddities: tuple[Oddity, ...]


def load_rows(path: Path, *, where: str, place: str, signals: tuple[str, ...]) -> Rows:
    """Give the rows of a file with these signals, from the IMU at the place.

    where: the file's name for oddities. FormatError for an empty file, one without times, or, with
    the line, one that does not hold 54 numbers a line.
    """
    columns = {name: _columns_of(name, place) for name in signals}
    keep = [0, 1, *(index for of in columns.values() for index in of)]
    ticks: list[Ticks] = []
    activity: list[NDArray[np.int8]] = []
    blocks: dict[str, list[FloatArray]] = {name: [] for name in signals}
    wild: dict[str, list[Bools]] = {name: [] for name in signals}
    with telling_file_errors(path, "read"), path.open("rb") as stream:
        for rows in stream_numbers(stream, path, columns=COLUMNS, keep=keep, delimiter=" "):
            ticks.append(_ticks(rows[:, 0]))
            activity.append(_activity(rows[:, 1]))
            first = 2
            for name, of in columns.items():
                values, outside = _readings(rows[:, first : first + len(of)], SIGNALS[name])
                blocks[name].append(values)
                wild[name].append(outside)
                first += len(of)
    if not ticks:
        raise FormatError(path, "is empty. Copy the file again.")
    known = np.concatenate(activity)
    times, oddities = _with_times(path, np.concatenate(ticks), where)
    oddities += _value_oddities(known, {n: np.concatenate(of) for n, of in wild.items()}, where)
    return Rows(times, known, blocks, oddities)


def _columns_of(name: str, place: str) -> list[int]:
    kind = SIGNALS[name]
    first = kind.first + (0 if name == "hr" else PLACES[place])
    return list(range(first, first + len(kind.axes)))


def _ticks(time_s: NDArray[np.float64]) -> Ticks:
    known = np.abs(time_s) <= LATEST_S  # false for NaN
    ticks = np.rint(np.where(known, time_s, 0.0) * RATE_HZ).astype(np.int32)
    return np.where(known, ticks, np.int32(_NO_TIME))


def _activity(number: NDArray[np.float64]) -> NDArray[np.int8]:
    known = np.isin(number, [0, *ACTIVITIES])
    return np.where(known, number, UNKNOWN).astype(np.int8)


def _readings(values: NDArray[np.float64], kind: Kind) -> tuple[FloatArray, Bools]:
    """Give readings in the kind's unit, (row, channel), NaN where none, and the rows outside it."""
    values = values * kind.factor
    outside: Bools = np.logical_or(values < kind.low, values > kind.high)
    values[outside] = np.nan  # before float32, which could not hold all of them
    return values.astype(np.float32), np.logical_or.reduce(outside, axis=1)


def _with_times(path: Path, ticks: Ticks, where: str) -> tuple[Ticks, tuple[Oddity, ...]]:
    """Give the ticks with times between their neighbours' where the file has none."""
    missing = ticks == _NO_TIME
    if missing.all():
        raise FormatError(path, "has no times in its first column. Copy the file again.")
    if missing.any():
        row = np.arange(len(ticks))
        known = ~missing
        ticks[missing] = np.rint(np.interp(row[missing], row[known], ticks[known]))
    return ticks, odd_rows(
        missing, "row(s) without a time: taken as between those beside", where, 1
    )


def _value_oddities(
    activity: NDArray[np.int8], outside: dict[str, Bools], where: str
) -> tuple[Oddity, ...]:
    what = "row(s) of an activity that the data set does not have: without label"
    oddities = odd_rows(activity == UNKNOWN, what, where, 1)
    for name, rows in outside.items():
        kind = SIGNALS[name]
        beyond = f"{kind.low:g}..{kind.high:g} {kind.unit}"
        what = f"reading(s) of {name} outside {beyond}, which no sensor of the set gives: missing"
        oddities += odd_rows(rows, what, where, 1)
    return oddities
