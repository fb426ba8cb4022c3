"""UCI HAR: 30 people with a phone at the waist, published as windows that overlap by half.

Human Activity Recognition Using Smartphones (Anguita et al., ESANN 2013; UCI 240, doi
10.24432/C54S4K). Each file of "Inertial Signals" holds one axis, a line a window of 128 readings at
50 Hz. A window whose first half is the second half of the one before continues it, so that the
readings are put back together and none is counted twice.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import Channel, FloatArray, IntArray, Oddity, Recording, Signal, Span
from wearsynth.errors import DataError, FormatError, did_you_mean, shown
from wearsynth.formats.blank_separated import read_numbers, stream_lines
from wearsynth.formats.plausible import as_readings
from wearsynth.formats.timeline import gaps_of, odd_rows

OPTIONS: tuple[str, ...] = ("signals",)
ROOT = "UCI HAR Dataset"
INERTIAL = "Inertial Signals"
LABELS = "activity_labels.txt"
PARTS = ("train", "test")
RATE_HZ = 50.0
READINGS, HALF = 128, 64
SIGNALS = {"acc": ("total_acc", "g"), "gyro": ("body_gyro", "rad/s"), "body_acc": ("body_acc", "g")}
"""Signal -> (how its files begin, unit); body_acc, gravity taken out, is read only where named."""
USUAL = ("acc", "gyro")
CLASS_NAMES = {
    "WALKING": "walking",
    "WALKING_UPSTAIRS": "stairs_up",
    "WALKING_DOWNSTAIRS": "stairs_down",
    "SITTING": "sitting",
    "STANDING": "standing",
    "LAYING": "lying",
}
NOTES = (
    "phone (Samsung Galaxy S II) at the waist",
    "the source filtered the signals (median, then low-pass at 20 Hz) and cut them into windows of "
    "2.56 s; windows that overlap were put back together",
    "stretches between activities and times of day are not part of the set",
)
NOT_A_NUMBER = "line(s) with values that are NaN, infinite or beyond what a phone measures: missing"
IN_SOME_FILES = "window(s) continue the one before in some files only: a new recording begins there"
COPY = "Copy the file from the data set again."
OTHER_LABEL = "window(s) continue the one before under another label or person"
_FILE = re.compile(
    r"(total_acc|body_acc|body_gyro)_[xyz]_(train|test)\.txt|(y|subject)_(train|test)\.txt"
)


def recognises(path: Path) -> bool:
    """Tell whether a path is the data set's folder, one of its parts, or a file of it, by names."""
    try:
        if path.is_dir():
            return any(_is_part(folder) for folder in _candidates(path))
        return _FILE.fullmatch(path.name) is not None and path.is_file()
    except OSError:
        return False


def read(path: Path, *, signals: Sequence[str] | None = None) -> list[Recording]:
    """Give a recording for each stretch without a break: one person, one activity.

    path: the folder "UCI HAR Dataset", the one it lies in, or its "train" or "test". Signals acc
    (with gravity, g), gyro (rad/s) and, where named, body_acc (g). Subjects subject_1 ... subject_30.
    FormatError, with file and line, where a file is missing or damaged or has not as many lines as
    the others.
    """
    folders = _parts_at(path)
    wanted, oddities = _signals_at(path, folders, signals)
    classes, more = _classes(folders[0].parent / LABELS)
    oddities += more + (_missing_parts(folders) if folders[0] != path else ())
    seen: Counter[tuple[int, str]] = Counter()
    recordings: list[Recording] = []
    for folder in folders:
        recordings += _recordings(_Part.of(folder, wanted, classes), seen)
    if recordings and oddities:
        first = recordings[0]
        recordings[0] = replace(first, oddities=(*oddities, *first.oddities))
    return recordings


@dataclass(frozen=True, eq=False)
class _Part:
    """The windows of train or test. values: signal -> (window, reading, axis), NaN where missing.

    subject: (window,). label: (window,) class names. overlap: (window,) whether a window's first
    half is the second half of the one before in all files. oddities: what was odd in the files.
    """

    folder: Path
    values: dict[str, FloatArray]
    subject: IntArray
    label: NDArray[np.str_]
    overlap: NDArray[np.bool_]
    oddities: tuple[Oddity, ...]

    @classmethod
    def of(cls, folder: Path, wanted: Sequence[str], classes: dict[int, str]) -> "_Part":
        part = folder.name
        numbers = _whole(folder / f"y_{part}.txt", f"a label ({_known(classes)})", classes)
        label = np.array([classes[number] for number in numbers.tolist()], dtype=np.str_)
        subject = _whole(folder / f"subject_{part}.txt", "a person's number (1, 2, ...)")
        _check_count(folder / f"subject_{part}.txt", len(subject), f"y_{part}.txt", len(label))
        values: dict[str, FloatArray] = {}
        continues: list[NDArray[np.bool_]] = []
        oddities: list[Oddity] = []
        for name in wanted:
            values[name], odd = _axes(folder, name, len(label))
            continues.append(_continues(values[name]))
            oddities += odd
        files = np.concatenate(continues, axis=1)
        same = np.concatenate([[False], (subject[1:] == subject[:-1]) & (label[1:] == label[:-1])])
        overlap = files.all(axis=1)
        where = f"{part}/y_{part}.txt"
        oddities += odd_rows(same & files.any(axis=1) & ~overlap, IN_SOME_FILES, where, 1)
        oddities += odd_rows(overlap & ~same, OTHER_LABEL, where, 1)
        return cls(folder, values, subject, label, overlap & same, tuple(oddities))


def _recordings(part: _Part, seen: Counter[tuple[int, str]]) -> Iterator[Recording]:
    """Give the part's stretches. seen: how many there are of a person and activity, added to."""
    edges = [*np.flatnonzero(~part.overlap).tolist(), len(part.label)]
    for number, (first, end) in enumerate(itertools.pairwise(edges)):
        person, label = int(part.subject[first]), str(part.label[first])
        seen[person, label] += 1
        signals = {n: _signal(n, values[first:end]) for n, values in part.values.items()}
        count = READINGS + HALF * (end - first - 1)
        bad = np.zeros(count, dtype=np.bool_)
        for signal in signals.values():
            bad |= ~np.isfinite(signal.values).all(axis=1)
        yield Recording(
            name=f"subject_{person}_{label}_{seen[person, label]}",
            signals=signals,
            subject=f"subject_{person}",
            spans=(Span(0.0, count / RATE_HZ, label),),
            gaps=gaps_of(bad, RATE_HZ),
            source=f"{_root_name(part.folder)}/{part.folder.name}",
            notes=NOTES,
            oddities=part.oddities if number == 0 else (),
        )


def _signal(name: str, windows: FloatArray) -> Signal:
    """Give windows that continue each other, (window, reading, axis), as one signal."""
    values = np.concatenate([windows[0], windows[1:, HALF:].reshape(-1, 3)])
    channels = tuple(Channel(f"{name}_{axis}", SIGNALS[name][1]) for axis in "xyz")
    return Signal(values, RATE_HZ, channels)


def _axes(folder: Path, name: str, windows: int) -> tuple[FloatArray, list[Oddity]]:
    """Give a signal's three files, (window, reading, axis), and what is odd in them."""
    begin, unit = SIGNALS[name]
    columns = [f"reading {number}" for number in range(1, READINGS + 1)]
    values = np.empty((windows, READINGS, 3), dtype=np.float32)
    oddities: list[Oddity] = []
    for axis, letter in enumerate("xyz"):
        path = folder / INERTIAL / f"{begin}_{letter}_{folder.name}.txt"
        odd = np.zeros(windows, dtype=np.bool_)
        lines = 0
        for numbers in stream_lines(path, columns=columns):
            here = slice(lines, lines + len(numbers))
            lines += len(numbers)
            if lines <= windows:
                values[here, :, axis], bad = as_readings(numbers, unit)
                odd[here] = bad.any(axis=1)
        _check_count(path, lines, f"y_{folder.name}.txt", windows)
        where = f"{folder.name}/{INERTIAL}/{path.name}"
        oddities += odd_rows(odd, NOT_A_NUMBER, where, 1)
    return values, oddities


def _continues(values: FloatArray) -> NDArray[np.bool_]:
    """Tell for each window and axis whether its first half is the second half of the one before."""
    before, now = values[:-1, HALF:], values[1:, :HALF]
    same = ((before == now) | (np.isnan(before) & np.isnan(now))).all(axis=1)
    return np.concatenate([np.zeros((1, values.shape[2]), dtype=np.bool_), same])


def _whole(path: Path, what: str, known: dict[int, str] | None = None) -> IntArray:
    """Give a file of one whole number a line, (line,): above 0, and one of the known."""
    numbers = read_numbers(path, columns=(what,))[:, 0]
    right = (numbers == np.rint(numbers)) & (numbers >= 1) & (numbers < 10_000)
    if known is not None:
        right &= np.isin(numbers, [*known])
    wrong = np.flatnonzero(~right)
    if len(wrong):
        line = int(wrong[0])
        problem = f"expected {what}, got {numbers[line]:g}. {COPY}"
        raise FormatError(path, problem, line=line + 1)
    whole: IntArray = numbers.astype(np.int64)
    return whole


def _check_count(path: Path, lines: int, other: str, windows: int) -> None:
    if lines != windows:
        raise FormatError(
            path,
            f"has {lines} lines, but {other} has {windows}, and each line is one window. "
            "Copy both from the data set again.",
        )


def _known(classes: dict[int, str]) -> str:
    return ", ".join(f"{number} {name}" for number, name in classes.items())


def _classes(path: Path) -> tuple[dict[int, str], tuple[Oddity, ...]]:
    """Give number -> class as activity_labels.txt has them, or as published where it is missing."""
    if not path.is_file():
        odd = Oddity(f"file(s) missing: {LABELS}; labels 1..6 are taken as published", 1, path.name)
        return dict(enumerate(CLASS_NAMES.values(), start=1)), (odd,)
    with path.open("rb") as stream:
        lines = stream.read(4096).decode("utf-8-sig", errors="replace").splitlines()
    classes: dict[int, str] = {}
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words:
            continue
        right = len(words) == 2 and words[0].isascii() and words[0].isdigit()
        if not right or words[1] not in CLASS_NAMES or int(words[0]) in classes:
            names = ", ".join(CLASS_NAMES)
            problem = f"expected a number and one of {names}, got {shown(' '.join(words))}. {COPY}"
            raise FormatError(path, problem, line=number)
        classes[int(words[0])] = CLASS_NAMES[words[1]]
    if len(set(classes.values())) != len(CLASS_NAMES):
        raise FormatError(
            path,
            f"names {len(classes)} activities, expected 6. {COPY}",
        )
    return classes, ()


def _candidates(path: Path) -> list[Path]:
    """Give the folders at a path that could be train or test."""
    path = path if path.name.strip(".") else path.resolve()  # "." and ".." have a name as well
    if path.name in PARTS:
        return [path]
    return [root / part for root in (path, path / ROOT) for part in PARTS]


def _is_part(folder: Path) -> bool:
    names = (f"y_{folder.name}.txt", f"subject_{folder.name}.txt", INERTIAL)
    return any((folder / name).exists() for name in names)


def _parts_at(path: Path) -> list[Path]:
    if path.is_file():
        raise FormatError(
            path, f"is one file of a set that belongs together. Give the folder {ROOT!r} instead."
        )
    folders = [folder for folder in _candidates(path) if _is_part(folder)]
    if not folders:
        raise FormatError(path, f"holds no train or test of UCI HAR. Give the folder {ROOT!r}.")
    return folders[: len(PARTS)]


def _root_name(folder: Path) -> str:
    return folder.absolute().parent.name


def _missing_parts(folders: Sequence[Path]) -> tuple[Oddity, ...]:
    there = [folder.name for folder in folders]
    return tuple(
        Oddity(f"part(s) of the data set missing: {part}", 1, _root_name(folders[0]))
        for part in PARTS
        if part not in there
    )


def _signals_at(
    path: Path, folders: Sequence[Path], signals: Sequence[str] | None
) -> tuple[list[str], tuple[Oddity, ...]]:
    """Give the signals to read: those named, or the usual ones, less those that are wholly missing."""
    if signals is not None:
        for name in signals:
            if name not in SIGNALS:
                raise DataError(f"{path}: no signal {name!r}.{did_you_mean(name, SIGNALS)}")
        return list(dict.fromkeys(signals)), ()
    there = [name for name in USUAL if any(_has_any(folder, name) for folder in folders)]
    if not there:
        raise FormatError(
            folders[0] / INERTIAL,
            "holds no total_acc or body_gyro files. Unpack the data set anew, with this folder.",
        )
    missing = tuple(
        Oddity(f"signal(s) missing: no {SIGNALS[name][0]} files", 1, INERTIAL)
        for name in USUAL
        if name not in there
    )
    return there, missing


def _has_any(folder: Path, name: str) -> bool:
    files = (f"{SIGNALS[name][0]}_{axis}_{folder.name}.txt" for axis in "xyz")
    return any((folder / INERTIAL / file).exists() for file in files)
