"""MotionSense: 24 people with a phone in the front pocket of the trousers, 15 trials each.

MotionSense (Malekzadeh et al., IoTDI 2019, doi 10.1145/3302505.3310068), 50 Hz, a file a trial and
person, such as wlk_7/sub_1.csv. A_DeviceMotion_data holds what Core Motion made of both sensors:
gravity and the person's own acceleration in g, rotation in rad/s. B_Accelerometer_data and
C_Gyroscope_data hold the two sensors by themselves. The first column counts the readings from 0:
it is the only clock.
"""

import itertools
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import (
    Channel,
    FloatArray,
    Gap,
    IntArray,
    Oddity,
    Recording,
    Signal,
    Span,
)
from wearsynth.errors import DataError, FormatError, did_you_mean, shown
from wearsynth.files import telling_file_errors
from wearsynth.formats.numeric_csv import stream_numbers
from wearsynth.formats.plausible import as_readings
from wearsynth.formats.timeline import BACKWARD, REPEATED, gaps_of, odd_rows
from wearsynth.names import natural_key

OPTIONS: tuple[str, ...] = ("signals",)
RATE_HZ = 50.0
CLASS_NAMES = {
    "dws": "stairs_down",
    "ups": "stairs_up",
    "sit": "sitting",
    "std": "standing",
    "wlk": "walking",
    "jog": "jogging",
}
MOTION, ACCELEROMETER, GYROSCOPE = FOLDERS = (
    "A_DeviceMotion_data",
    "B_Accelerometer_data",
    "C_Gyroscope_data",
)
SIGNALS: dict[str, dict[str, tuple[str, ...]]] = {
    MOTION: {
        "acc": ("gravity", "userAcceleration"),
        "gyro": ("rotationRate",),
        "user_acc": ("userAcceleration",),
        "gravity": ("gravity",),
    },
    ACCELEROMETER: {"acc": ("",)},
    GYROSCOPE: {"gyro": ("",)},
}
"""Folder -> signal -> the columns, less .x, .y, .z, whose sum it is."""
UNITS = {"acc": "g", "gyro": "rad/s", "user_acc": "g", "gravity": "g"}
USUAL = ("acc", "gyro")
NOTES = (
    "phone (iPhone 6s) in the front pocket of the trousers",
    "the files have no times: 50 Hz is what the source says",
)
SUM_NOTE = "acc is the sum of gravity and userAcceleration, which Core Motion had split"
APART_NOTE = "acc and gyro come from two files without times: they are taken to start together"
NOT_A_NUMBER = "line(s) with values that are NaN, infinite or beyond what a phone measures: missing"
JUMP = "jump(s) in the count of readings: the ones left out are gaps"
LATE = "file(s) that do not count from 0: readings before are missing"
NO_COUNT = "line(s) without a whole number in the first column: counted on from the line before"
UNENDED = "last line(s) without line end whose last number is short: missing, as it may be cut"
LONGEST_GAP = int(600 * RATE_HZ)
"""A longer jump in the count begins a new recording, so that no hours of NaN are kept."""
MOST_MISSING = 1_000_000
"""Where a file leaves out more readings than this, each jump begins a new recording."""
DECIMALS = 6
"""The files have as many, less zeros at the end."""
LONGEST_HEADER_BYTES = 4096
_TRIAL = re.compile(rf"({'|'.join(CLASS_NAMES)})_\d{{1,4}}")
_PERSON = re.compile(r"sub_\d{1,6}\.csv")

Files = dict[tuple[str, str], Path]
"""(trial, person) -> file, in natural order."""
Numbers = NDArray[np.float64]


def recognises(path: Path) -> bool:
    """Tell whether a path is the data set, one of its folders, or a file of it, by names."""
    try:
        return any(_sources(path).values())
    except OSError:
        return False


def read(path: Path, *, signals: Sequence[str] | None = None) -> list[Recording]:
    """Give a recording for each trial of each person, one class each.

    path: the data set, its A_DeviceMotion_data (or B_..., C_...), a trial's folder or one file.
    Signals acc (with gravity, g) and gyro (rad/s); of A, where named, user_acc and gravity. Where A
    is there, B and C are not read. FormatError, with file and line, where a file is damaged.
    """
    with telling_file_errors(path, "read"):
        sources = {folder: files for folder, files in _sources(path).items() if files}
    if not sources:
        problem = "holds no trials of MotionSense (folders such as wlk_7 with sub_1.csv)."
        raise FormatError(path, f"{problem} Give the folder A_DeviceMotion_data.")
    if MOTION in sources:
        sources = {MOTION: sources[MOTION]}
    wanted = _wanted(path, sources, signals)
    recordings: list[Recording] = []
    for trial in sorted({key for files in sources.values() for key in files}, key=_order):
        parts = [
            _tracks(files[trial], SIGNALS[folder], wanted)
            for folder, files in sources.items()
            if trial in files and wanted & SIGNALS[folder].keys()
        ]
        recordings += _recordings(trial, parts, list(sources))
    return recordings


@dataclass(frozen=True, eq=False)
class _Track:
    """Signals from one file without a break; all start together. oddities: of the whole file."""

    signals: Mapping[str, Signal]
    oddities: tuple[Oddity, ...]


def _recordings(
    trial: tuple[str, str], parts: Sequence[Sequence[_Track]], folders: Sequence[str]
) -> Iterator[Recording]:
    """Give a trial's recordings: the tracks of its files side by side."""
    name = f"{trial[0]}_{trial[1]}"
    notes = (*NOTES, SUM_NOTE if folders[0] == MOTION else APART_NOTE if len(parts) > 1 else "")
    for number, tracks in enumerate(itertools.zip_longest(*parts), start=1):
        there = [track for track in tracks if track is not None]
        signals = {n: signal for track in there for n, signal in track.signals.items()}
        start_s = min(signal.start_s for signal in signals.values())
        end_s = max(signal.end_s for signal in signals.values())
        yield Recording(
            name=name if number == 1 else f"{name}_{number}",
            signals=signals,
            subject=trial[1],
            spans=(Span(start_s, end_s, CLASS_NAMES[trial[0][:3]]),),
            gaps=_gaps(signals.values()),
            source=f"{folders[0] if len(parts) == 1 else 'MotionSense'}/{trial[0]}/{trial[1]}.csv",
            notes=tuple(note for note in notes if note),
            oddities=tuple(odd for track in there for odd in track.oddities),
        )


def _gaps(signals: Iterable[Signal]) -> tuple[Gap, ...]:
    found = [
        gap
        for signal in signals
        for gap in gaps_of(
            np.asarray(~np.isfinite(signal.values).all(axis=1)), RATE_HZ, start_s=signal.start_s
        )
    ]
    return tuple(dict.fromkeys(found))


def _tracks(
    path: Path, known: Mapping[str, tuple[str, ...]], wanted: AbstractSet[str]
) -> list[_Track]:
    """Give the wanted signals of one file, a track for each stretch whose count goes forward."""
    needed = {column for name in known if name in wanted for column in _needed(known[name])}
    names, numbers, unended = _numbers(path, sorted(needed))
    where = str(Path(*path.parts[-2:]))
    count, oddities = _count(names, numbers, where)
    if unended:
        numbers[-1, 1:] = np.nan
        oddities += (Oddity(UNENDED, 1, f"{where}, line {len(numbers) + 1}"),)
    bad = np.zeros(len(numbers), dtype=np.bool_)
    values = {}
    for name in [name for name in known if name in wanted]:
        with np.errstate(all="ignore"):  # infinities are told below
            axes = sum((_columns(names, numbers, c) for c in known[name]), start=np.float64(0))
        values[name], odd = as_readings(np.asarray(axes), UNITS[name])
        bad |= odd.any(axis=1)
    oddities += odd_rows(bad & ~_last(len(bad), unended), NOT_A_NUMBER, where, 2)
    return [
        _Track(
            {n: _signal(n, count[first:end], v[first:end]) for n, v in values.items()},
            oddities if first == 0 else (),
        )
        for first, end in itertools.pairwise(_edges(count))
    ]


def _edges(count: IntArray) -> list[int]:
    """Give the rows where a track begins, and the number of rows."""
    step = np.diff(count)
    new = (step < 0) | (step > LONGEST_GAP)
    if step[~new].sum() > len(count) + MOST_MISSING:
        new |= step > 1
    return [0, *(np.flatnonzero(new) + 1).tolist(), len(count)]


def _signal(name: str, count: IntArray, rows: FloatArray) -> Signal:
    """Give rows (row, axis) as a signal; what the count leaves out is NaN, the last of equals stands."""
    values = np.full((int(count[-1] - count[0]) + 1, 3), np.nan, dtype=np.float32)
    values[count - count[0]] = rows
    channels = tuple(Channel(f"{name}_{axis}", UNITS[name]) for axis in "xyz")
    return Signal(values, RATE_HZ, channels, start_s=float(count[0] / RATE_HZ))


def _count(
    names: Sequence[str], numbers: Numbers, where: str
) -> tuple[IntArray, tuple[Oddity, ...]]:
    """Give each row's reading number, (row,), and what is odd about it."""
    if names[0]:
        return np.arange(len(numbers)), ()
    given = numbers[:, 0]
    wrong = ~((given >= 0) & (given < 2**40) & (given == np.floor(given)))
    count: IntArray = np.where(wrong, 0, given).astype(np.int64)
    for row in np.flatnonzero(wrong).tolist():
        count[row] = count[row - 1] + 1 if row else 0
    step = np.diff(count, prepend=count[0] - 1)
    return count, (
        *odd_rows(wrong, NO_COUNT, where, 2),
        *odd_rows(step == 0, REPEATED, where, 2),
        *odd_rows(step < 0, BACKWARD, where, 2),
        *odd_rows(step > 1, JUMP, where, 2),
        *odd_rows(count[:1] > 0, LATE, where, 2),
    )


def _last(rows: int, which: bool) -> NDArray[np.bool_]:
    mask = np.zeros(rows, dtype=np.bool_)
    mask[-1:] = which
    return mask


def _needed(quantities: Iterable[str]) -> list[str]:
    """Give the names of the x, y and z columns of quantities."""
    return [f"{begin}.{axis}" if begin else axis for begin in quantities for axis in "xyz"]


def _columns(names: Sequence[str], numbers: Numbers, begin: str) -> Numbers:
    """Give the x, y and z columns of a quantity, (row, axis)."""
    return numbers[:, [names.index(name) for name in _needed([begin])]]


def _numbers(path: Path, needed: Sequence[str]) -> tuple[list[str], Numbers, bool]:
    """Give the names and rows of the count and the needed columns, (row, column).

    Last, whether the last row may be cut off.
    """
    if not path.is_file():
        raise FormatError(path, "is no plain file. Copy it from the data set again.")
    with telling_file_errors(path, "read"), path.open("rb") as stream:
        names = _header(path, stream.readline(LONGEST_HEADER_BYTES))
        _check_names(path, names, needed)
        keep = [*([] if names[0] else [0]), *(names.index(name) for name in needed)]
        columns = [name or "count" for name in names]
        blocks = stream_numbers(
            stream, path, columns=columns, keep=keep, delimiter=",", first_line=2
        )
        kept = [*blocks]
    if not kept:
        raise FormatError(
            path, "holds no readings below its header. Copy it from the data set again."
        )
    with telling_file_errors(path, "read"), path.open("rb") as stream:
        stream.seek(-min(64, stream.seek(0, os.SEEK_END)), os.SEEK_END)
        tail = stream.read()
    cut = re.search(rb"\.(\d*)\Z", tail)  # no line end follows the number
    return (
        [names[index] for index in keep],
        np.concatenate(kept),
        cut is not None and len(cut[1]) < DECIMALS,
    )


def _check_names(path: Path, names: Sequence[str], needed: Iterable[str]) -> None:
    for name in needed:
        if list(names).count(name) != 1:
            problem = (
                f"expected one column {name!r}, got {shown(','.join(names))}. Give the files "
                "under the folder names that the data set has."
            )
            raise FormatError(path, problem, line=1)


def _header(path: Path, line: bytes) -> list[str]:
    text = line.decode("utf-8-sig", errors="replace").rstrip("\r\n")
    if not text:
        raise FormatError(
            path, "is empty or begins with an empty line. Copy it from the data set again."
        )
    names = [name.strip().strip('"') for name in text.split(",")]
    if not {f"{begin}{axis}" for begin in ("", "userAcceleration.") for axis in "xyz"} & {*names}:
        problem = (
            f"expected a header such as ',x,y,z' or ',attitude.roll,...', separated by commas, got "
            f"{shown(text)}. Copy the file from the data set again."
        )
        raise FormatError(path, problem, line=1)
    return names


def _wanted(path: Path, folders: Iterable[str], signals: Sequence[str] | None) -> set[str]:
    """Give the names of the signals to read; DataError for one that these folders do not have."""
    known = [name for folder in folders for name in SIGNALS[folder]]
    for name in signals or ():
        if name not in known:
            where = " and ".join(folders)
            raise DataError(f"{path}: {where}: no signal {name!r}.{did_you_mean(name, known)}")
    return set(USUAL if signals is None else signals)


def _sources(path: Path) -> dict[str, Files]:
    """Give the files at a path by the folder of the data set they are of."""
    path = path if path.name.strip(".") else path.resolve()  # "." and ".." have a name as well
    if path.is_file():
        right = _PERSON.fullmatch(path.name) and _TRIAL.fullmatch(path.absolute().parent.name)
        files = {(path.absolute().parent.name, path.stem): path} if right else {}
        return {_folder_of(path): files}
    here = {**_trials(path), **_people(path)}
    if here:
        return {_folder_of(path): here}
    return {folder: _below(path, folder) for folder in FOLDERS}


def _below(path: Path, folder: str) -> Files:
    """Give the files of one folder of the data set, which may hold another of the same name."""
    for base in (path, path / "data"):
        for place in (base / folder, base / folder / folder):
            if found := _trials(place):
                return found
    return {}


def _trials(folder: Path) -> Files:
    found: Files = {}
    for trial in _sorted_names(folder, _TRIAL):
        found |= _people(folder / trial)
    return found


def _people(trial: Path) -> Files:
    name = trial.absolute().name
    if not _TRIAL.fullmatch(name):
        return {}
    people = _sorted_names(trial, _PERSON)
    return {(name, Path(person).stem): trial / person for person in people}


def _sorted_names(folder: Path, pattern: re.Pattern[str]) -> list[str]:
    names = os.listdir(folder) if folder.is_dir() else []
    return sorted((n for n in names if pattern.fullmatch(n)), key=natural_key)


def _folder_of(path: Path) -> str:
    """Give which of the three folders a path lies in, by its name; A where the names do not tell."""
    for part in reversed(path.absolute().parts):
        if part in FOLDERS:
            return part
    return MOTION


def _order(trial: tuple[str, str]) -> list[tuple[int, int, str]]:
    return natural_key(f"{trial[0]}/{trial[1]}")
