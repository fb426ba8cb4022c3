"""PAMAP2: nine people, 18 activities, IMUs at hand, chest and ankle, heart rate (UCI 231).

Reiss and Stricker, "Introducing a new benchmarked dataset for activity monitoring", ISWC 2012.
Folders Protocol and Optional hold a file subjectNNN.dat a person: no header, 54 columns parted by
single blanks, a row every 0.01 s. The readings of an IMU whose radio link failed are NaN.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from wearsynth.data import Channel, FloatArray, Gap, Oddity, Recording, Signal
from wearsynth.errors import DataError, FormatError, did_you_mean
from wearsynth.files import telling_file_errors
from wearsynth.formats.numeric_csv import BYTE_ORDER_MARK
from wearsynth.formats.pamap2_rows import (
    ACTIVITIES,
    COLUMNS,
    PLACES,
    RATE_HZ,
    SIGNALS,
    Rows,
    Ticks,
    load_rows,
)
from wearsynth.formats.timeline import BACKWARD, REPEATED, gaps_of, odd_rows, spans_of
from wearsynth.names import natural_key

OPTIONS: tuple[str, ...] = ("place", "signals")
USUAL = ("acc", "gyro")
NOTES = (
    "acceleration was turned from m/s2 into g",
    "the orientation columns are not read: the source calls them invalid",
)
NOTES_OF = {
    "acc_6g": "the source recommends acc: acc_6g saturates in running and is calibrated less well",
    "hr": "hr is the mean of the readings in each second, NaN where there is none",
}
LONGEST_GAP_S = 600
"""A longer step in time begins a new recording, so that no hours of NaN are kept."""
MOST_RECORDINGS = 100
"""A file whose times run back or jump more often is not in order of time."""
MOST_FILLED = 6_000_000
"""Readings that missing rows may leave as NaN in a file, and ten a row: wrong times take no more."""
_NAME = re.compile(r"subject([0-9]{3})\.dat", re.IGNORECASE)
_PACKED = re.compile(r"pamap2.*\.zip", re.IGNORECASE)
_NUMBER = re.compile(rb"-?[0-9.]+(e[-+]?[0-9]+)?|NaN")
CLASS_OF = np.array([ACTIVITIES.get(number) for number in range(26)], dtype=object)
"""Class by activity id, None for 0 and, from the end, for the unknown -1."""
_FOLDERS = ("protocol", "optional", "pamap2_dataset")


def recognises(path: Path) -> bool:
    """Tell whether this is the set's folder, Protocol, Optional, or a file like one of theirs."""
    try:
        return bool(_files(path)) if path.is_dir() else _is_file_of_set(path)
    except OSError:
        return False


def read(path: Path, *, place: str = "hand", signals: Sequence[str] = USUAL) -> list[Recording]:
    """Give a recording a person and folder: subject102, subject102_optional.

    place: hand (or wrist), chest or ankle. signals: of acc (+-16 g), gyro, acc_6g, mag, temp and
    hr (1 Hz). A step back in time and one over ten minutes begin a new recording, subject102_2.
    FormatError, with file and line, where a line does not hold 54 numbers.
    """
    _check_options(place, signals)
    if path.suffix.lower() == ".zip":
        raise FormatError(path, "is packed. Unpack it, and give the folder PAMAP2_Dataset in it.")
    with telling_file_errors(path, "read"):
        files = _files(path) if path.is_dir() else [path]
    if not files:
        raise FormatError(path, "holds no subject101.dat or the like. Give the folder Protocol.")
    return _numbered([r for file in files for r in _read_file(file, place, tuple(signals))])


def _check_options(place: str, signals: Sequence[str]) -> None:
    if place not in PLACES:
        raise DataError(f"PAMAP2 has no place {place!r}.{did_you_mean(place, PLACES)}")
    for name in signals:
        if name not in SIGNALS:
            raise DataError(f"PAMAP2 has no signal {name!r}.{did_you_mean(name, SIGNALS)}")
    if not signals or len(set(signals)) < len(signals):
        raise DataError(f"signals must be different names, at least one, got {tuple(signals)}.")


def _is_file_of_set(path: Path) -> bool:
    """Tell by the name or, for another one, by 54 numbers in the first line."""
    if not path.is_file() or _NAME.fullmatch(path.name) or _PACKED.fullmatch(path.name):
        return path.is_file()
    with path.open("rb") as stream:
        first = stream.read(4096).removeprefix(BYTE_ORDER_MARK).partition(b"\n")[0]
    words = first.rstrip(b"\r").split(b" ")
    return len(words) == len(COLUMNS) and all(_NUMBER.fullmatch(word) for word in words)


def _files(path: Path, *, depth: int = 2) -> list[Path]:
    """Give the set's files in a folder and in its folders Protocol, Optional, PAMAP2_Dataset."""
    inside = list(path.iterdir())
    found = [item for item in inside if _NAME.fullmatch(item.name)]
    found.sort(key=lambda item: natural_key(item.name))
    folders = [item for item in inside if item.name.lower() in _FOLDERS and item.is_dir()]
    folders.sort(key=lambda item: _FOLDERS.index(item.name.lower()))
    return found + [file for item in folders if depth for file in _files(item, depth=depth - 1)]


def _numbered(recordings: Sequence[Recording]) -> list[Recording]:
    """Give each name once: one that comes again gets _2, _3, ..."""
    seen: dict[str, int] = {}
    numbered = []
    for one in recordings:
        seen[one.name] = seen.get(one.name, 0) + 1
        number = seen[one.name]
        numbered.append(one if number == 1 else replace(one, name=f"{one.name}_{number}"))
    return numbered


def _read_file(path: Path, place: str, signals: tuple[str, ...]) -> list[Recording]:
    where = _shown_name(path)
    rows = load_rows(path, where=where, place=place, signals=signals)
    step = np.diff(rows.ticks)
    _check_steps(path, step)
    pieces = _pieces(path, step)
    first = _recording(path, rows, pieces[0], where)
    oddities = rows.oddities + _step_oddities(step, where)
    notes = (*NOTES, *(NOTES_OF[name] for name in signals if name in NOTES_OF))
    recordings = [first, *(_recording(path, rows, piece, where) for piece in pieces[1:])]
    recordings = [replace(one, notes=(*notes, f"sensor at the {place}")) for one in recordings]
    return [replace(recordings[0], oddities=oddities), *recordings[1:]]


def _shown_name(path: Path) -> str:
    """Give the name with its folder where that is the set's: both folders hold a subject101.dat."""
    folder = path.absolute().parent.name
    return f"{folder}/{path.name}" if folder.lower() in _FOLDERS else path.name


def _check_steps(path: Path, step: Ticks) -> None:
    """Raise FormatError where the rows are not 0.01 s apart, as a rule."""
    forward = step[step > 0]
    usual = 0.0 if not len(forward) else float(np.median(forward)) / RATE_HZ
    if len(step) and (not len(forward) or (len(forward) > 9 and usual * RATE_HZ != 1)):
        raise FormatError(
            path,
            f"its rows are {usual:g} s apart, expected 0.01 s. Give the file as published, or read "
            "it as a table by its columns.",
        )


def _pieces(path: Path, step: Ticks) -> list[tuple[int, int]]:
    """Give the row ranges of the recordings."""
    new = (step < 0) | (step > LONGEST_GAP_S * RATE_HZ)
    filled = int(step[~new].sum(dtype=np.int64))
    edges = [0, *(np.flatnonzero(new) + 1).tolist(), len(step) + 1]
    if len(edges) > MOST_RECORDINGS + 1:
        problem = f"its times run back or jump {len(edges) - 2} times, the first time here."
        raise FormatError(path, f"{problem} Sort its lines by time.", line=edges[1] + 1)
    if filled > MOST_FILLED + 10 * len(step):
        problem = f"its {len(step) + 1} rows spread over {filled / RATE_HZ / 3600:.0f} hours."
        raise FormatError(path, f"{problem} Mend the times in its first column.")
    return list(itertools.pairwise(edges))


def _step_oddities(step: Ticks, where: str) -> tuple[Oddity, ...]:
    longest = LONGEST_GAP_S * RATE_HZ
    begins = f"step(s) of more than {LONGEST_GAP_S} s in time: a new recording begins there"
    return (
        *odd_rows(step == 0, REPEATED, where, 2),
        *odd_rows(step < 0, BACKWARD, where, 2),
        *odd_rows(step > longest, begins, where, 2),
        *odd_rows((step > 1) & (step <= longest), "step(s) in time over missing rows", where, 2),
    )


def _recording(path: Path, rows: Rows, piece: tuple[int, int], where: str) -> Recording:
    first, end = piece
    place = rows.ticks[first:end] - rows.ticks[first]
    signals = {name: _signal(name, rows, piece, place) for name in rows.blocks}
    stands = np.append(np.diff(place) > 0, True)  # of rows at one time, the last one
    label = CLASS_OF[rows.activity[first:end][stands]]
    said = _NAME.fullmatch(path.name)
    optional = "_optional" if path.absolute().parent.name.lower() == "optional" else ""
    return Recording(
        name=path.stem + optional,
        signals=signals,
        subject=said[1] if said else None,
        spans=spans_of(label, RATE_HZ, place=place[stands].astype(np.int64)),
        gaps=_gaps(signals),
        source=where,
    )


def _signal(name: str, rows: Rows, piece: tuple[int, int], place: Ticks) -> Signal:
    """Give one signal of a recording; place: (row,) the number of each row's reading."""
    kind = SIGNALS[name]
    channels = tuple(Channel(f"{name}{axis}", kind.unit) for axis in kind.axes)
    values = np.full((int(place[-1]) + 1, len(channels)), np.nan, dtype=np.float32)
    for at, part in _parts(rows.blocks[name], piece):
        values[place[at]] = part
    if name == "hr":
        return Signal(_means_by_second(values), 1.0, channels)
    return Signal(values, float(RATE_HZ), channels)


def _parts(
    blocks: Sequence[FloatArray], piece: tuple[int, int]
) -> Iterator[tuple[slice, FloatArray]]:
    """Give the blocks' rows that are in the piece, each with its place in it."""
    begin = 0
    for block in blocks:
        first, end = max(piece[0] - begin, 0), min(piece[1] - begin, len(block))
        if first < end:
            place = begin + first - piece[0]
            yield slice(place, place + end - first), block[first:end]
        begin += len(block)


def _means_by_second(values: FloatArray) -> FloatArray:
    """Give the mean of the values of each second, (second, 1), NaN where there are none."""
    at = np.flatnonzero(np.isfinite(values[:, 0]))
    seconds = -(-len(values) // RATE_HZ)
    count = np.bincount(at // RATE_HZ, minlength=seconds)
    total = np.bincount(at // RATE_HZ, weights=values[at, 0], minlength=seconds)
    means = np.full(seconds, np.nan)
    np.divide(total, count, out=means, where=count > 0)
    return means[:, None].astype(np.float32)


def _gaps(signals: dict[str, Signal]) -> tuple[Gap, ...]:
    """Give the stretches in which any IMU signal, or the heart rate, has no readings."""
    imu = [s for name, s in signals.items() if name != "hr"]
    hr = [s for name, s in signals.items() if name == "hr"]
    return tuple(
        gap
        for of, rate_hz in ((imu, float(RATE_HZ)), (hr, 1.0))
        if of
        for gap in gaps_of(
            np.logical_or.reduce([np.isnan(s.values).any(axis=1) for s in of]), rate_hz
        )
    )
