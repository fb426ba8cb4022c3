"""One text file of WISDM 2019 (a person, a device, a sensor) to its stretches of one activity.

A line a reading, `1600,A,252207666810782,-0.36476135,8.793503,1.0550842;`: person, letter of the
activity, time in ns on the device's clock, x, y, z. Structure faults are refused with their line;
values and times that cannot be are left out and told.
"""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from wearsynth.data import FloatArray, IntArray, Oddity
from wearsynth.errors import FormatError, shown
from wearsynth.files import telling_file_errors
from wearsynth.formats.numeric_csv import BLOCK_BYTES, UTF_16, text_blocks
from wearsynth.formats.timeline import BACKWARD, REPEATED
from wearsynth.formats.wisdm_key import ALPHABET, KEY_NAME

COLUMNS = ("person", "activity", "time", "x", "y", "z")
LATE_S = 1.0
"""A step back in time up to this is a reading that came late; a longer one is another clock."""
LONGEST_GAP_S = 60.0
"""A longer step begins a new recording; the set's own gaps within an activity stay below."""
USUAL_STEP_S = (0.002, 0.2)
"""The median step between readings lies here: 5 to 500 Hz."""
MOST_STRETCHES = 500
"""A file has about 18; more are lines out of order."""
MOST_ALONE = 0.1
"""A larger share of readings that stand alone means lines out of order, too."""

NO_TIME = "reading(s) have no time stamp (NaN or 0): left out"
IMPOSSIBLE = "reading(s) are NaN or more than any such sensor reads: left out"
TWICE = "reading(s) stand twice in the file: one stands"
ALONE = "reading(s) stand alone in time or activity: left out"
LATE = "reading(s) come late, up to 1 s: put in the order of their times"
JUMP = "step(s) of more than 60 s in an activity: a new recording begins there"
UNENDED = "line(s) do not end in ';' as the others do"

_TYPES = {
    "person": pa.int64(),
    "activity": pa.dictionary(pa.int32(), pa.binary()),
    "time": pa.float64(),
    "x": pa.float32(),
    "y": pa.float32(),
    "z": pa.float32(),
}


@dataclass(frozen=True, eq=False)
class Rows:
    """Readings of one file, in the units of the file.

    code: (row,) index of the activity's letter. time_s: (row,) on the device's clock. values:
    (row, axis). line: (row,) where each stands in the file.
    """

    code: NDArray[np.int8]
    time_s: NDArray[np.float64]
    values: FloatArray
    line: IntArray

    def __len__(self) -> int:
        return len(self.time_s)

    def take(self, index: NDArray[np.bool_] | IntArray | slice) -> "Rows":
        """Give the rows at an index."""
        return Rows(self.code[index], self.time_s[index], self.values[index], self.line[index])

    def odd(self, bad: NDArray[np.bool_], what: str, where: str) -> tuple[Oddity, ...]:
        """Give an Oddity for the rows where bad, (row,), is true; none where it never is."""
        if not bad.any():
            return ()
        return (Oddity(what, int(bad.sum()), f"{where}, line {self.line[int(np.argmax(bad))]}"),)


@dataclass(frozen=True, eq=False)
class Stretch:
    """One activity's readings without a jump in time, times rising; source: its file's name."""

    label: str
    rows: Rows
    source: str
    oddities: tuple[Oddity, ...]

    @property
    def start_s(self) -> float:
        """The time of the first reading on the device's clock."""
        return float(self.rows.time_s[0])

    @property
    def end_s(self) -> float:
        """The time of the last reading on the device's clock."""
        return float(self.rows.time_s[-1])


def stretches_of(
    path: Path, *, person: int, largest: float, activities: Mapping[str, str]
) -> tuple[list[Stretch], tuple[Oddity, ...]]:
    """Give a file's stretches in its order, and what was odd about the file as a whole.

    activities: letter -> class. Readings above `largest` on any axis cannot be. FormatError, with the
    line, where the structure is not as it should be, and where the times are not in ns or the lines
    out of order.
    """
    rows, unended = _load(path, person, activities)
    rows, oddities = _sound(rows, path, largest)
    breaks = _breaks(rows)
    if breaks.sum() > MOST_STRETCHES:
        _refuse_order(int(breaks.sum()), path)
    _check_steps(rows, path)
    same = np.diff(rows.code) == 0
    jumped = np.concatenate([[False], breaks & same])
    back = np.concatenate([[False], np.diff(rows.time_s) < 0])
    oddities += rows.odd(jumped & back, BACKWARD, path.name)
    oddities += rows.odd(jumped & ~back, JUMP, path.name)
    edges = [0, *(np.flatnonzero(breaks) + 1).tolist(), len(rows)]
    pieces = [rows.take(slice(first, end)) for first, end in itertools.pairwise(edges)]
    made = [_stretch(piece, path, activities) for piece in pieces if len(piece)]
    return made, unended + oddities


def _stretch(rows: Rows, path: Path, activities: Mapping[str, str]) -> Stretch:
    """Give a piece as a stretch: late readings in their place, of equal times the last one."""
    late = np.concatenate([[False], np.diff(rows.time_s) < 0])
    oddities = rows.odd(late, LATE, path.name)
    if late.any():
        rows = rows.take(np.argsort(rows.time_s, kind="stable"))
    repeated = np.diff(rows.time_s) == 0
    oddities += rows.odd(np.concatenate([[False], repeated]), REPEATED, path.name)
    rows = rows.take(np.concatenate([~repeated, [True]]))
    span_s = float(rows.time_s[-1] - rows.time_s[0])
    if span_s > len(rows) + 10 * LONGEST_GAP_S:  # a grid over it would be nearly all NaN
        raise FormatError(
            path,
            f"has {len(rows)} readings in {span_s:.0f} s, expected about 20 a second. Are its "
            "times in nanoseconds?",
            line=int(rows.line[0]),
        )
    return Stretch(activities[ALPHABET[rows.code[0]]], rows, path.name, oddities)


def _sound(rows: Rows, path: Path, largest: float) -> tuple[Rows, tuple[Oddity, ...]]:
    """Give the rows without those that cannot be, stand twice or stand alone."""
    untimed = ~np.isfinite(rows.time_s) | (rows.time_s == 0)
    oddities = rows.odd(untimed, NO_TIME, path.name)
    impossible = ~(np.abs(rows.values) <= largest).all(axis=1) & ~untimed
    oddities += rows.odd(impossible, IMPOSSIBLE, path.name)
    if oddities:
        rows = rows.take(~(untimed | impossible))
    if ((np.diff(rows.time_s) < 0) & (np.diff(rows.code) == 0)).any():
        twice = _twice(rows)
        oddities += rows.odd(twice, TWICE, path.name)
        rows = rows.take(~twice)
    breaks = _breaks(rows)
    alone = np.concatenate([[True], breaks]) & np.concatenate([breaks, [True]])
    if len(rows):
        if alone.sum() > max(10, MOST_ALONE * len(rows)):
            _refuse_order(int(alone.sum()), path)
        oddities += rows.odd(alone, ALONE, path.name)
        rows = rows.take(~alone)
    if not len(rows):
        raise FormatError(path, "holds no two readings that follow on each other. Copy it again.")
    return rows, oddities


def _breaks(rows: Rows) -> NDArray[np.bool_]:
    """Tell, (row - 1,), after which rows another activity or another time begins."""
    step_s = np.diff(rows.time_s)
    breaks: NDArray[np.bool_] = np.diff(rows.code) != 0
    return breaks | (step_s < -LATE_S) | (step_s > LONGEST_GAP_S)


def _twice(rows: Rows) -> NDArray[np.bool_]:
    """Tell, (row,), which rows repeat the activity, time and values of an earlier one."""
    whole = np.column_stack([rows.code, rows.time_s, rows.values])
    first = np.unique(whole.view(f"V{whole.shape[1] * 8}").ravel(), return_index=True)[1]
    twice: NDArray[np.bool_] = np.full(len(rows), True)
    twice[first] = False
    return twice


def _refuse_order(changes: int, path: Path) -> NoReturn:
    raise FormatError(
        path,
        f"changes its activity or jumps in time {changes} times, expected about 18. Sort its lines "
        "by time, or copy the file again.",
    )


def _check_steps(rows: Rows, path: Path) -> None:
    step_s = np.abs(np.diff(rows.time_s))
    step_s = step_s[step_s > 0]
    if len(step_s) < 20:  # too few to tell
        return
    usual_s = float(np.median(step_s))
    if not USUAL_STEP_S[0] <= usual_s <= USUAL_STEP_S[1]:
        raise FormatError(
            path,
            f"its times advance by {usual_s * 1e9:.4g} a reading (median), expected about 5e7 "
            "(20 Hz in nanoseconds). Turn them into nanoseconds.",
        )


def _load(
    path: Path, person: int, activities: Mapping[str, str]
) -> tuple[Rows, tuple[Oddity, ...]]:
    """Give all rows of a file, and the lines without their ';' if there are some."""
    parts: list[Rows] = []
    unended: list[int] = []
    line, cut = 1, False
    if not path.is_file():  # a pipe would be waited for
        raise FormatError(path, "is no plain file. Put the file of the set there.")
    with telling_file_errors(path, "read"), path.open("rb") as stream:
        for text in text_blocks(stream):
            block = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text
            if not block.strip():
                continue
            _check_text(block, path, line)
            plain = block.replace(b";\n", b"\n")
            parts.append(_parse(_without_ends(plain), path, line, person, activities))
            if len(block) - len(plain) < len(parts[-1]):
                unended += _unended(block, line)
            line += block.count(b"\n")
            cut = not block.endswith(b"\n") and not block.rstrip().endswith(b";")
    if not parts:
        raise FormatError(path, "is empty. Copy it again.")
    rows = Rows(
        np.concatenate([part.code for part in parts]),
        np.concatenate([part.time_s for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.line for part in parts]),
    )
    if not 0 < len(unended) < len(rows):
        return rows, ()
    if cut:
        problem = "the file ends within this line. Remove the line or copy the file again."
        raise FormatError(path, problem, line=line)
    return rows, (Oddity(UNENDED, len(unended), f"{path.name}, line {unended[0]}"),)


def _check_text(block: bytes, path: Path, line: int) -> None:
    if block.startswith(UTF_16):
        problem = "is written in UTF-16. Save it as plain text in UTF-8."
        raise FormatError(path, problem, line=line)
    if len(block) >= BLOCK_BYTES and b"\n" not in block:
        problem = "holds a line of over 1 MB, so it is no text of readings. Copy the file again."
        raise FormatError(path, problem, line=line)


def _unended(block: bytes, line: int) -> list[int]:
    """Give the numbers of the lines that do not end in ';', line being that of the first."""
    lines = block.rstrip().split(b"\n")
    return [line + i for i, text in enumerate(lines) if not text.rstrip().endswith(b";")]


def _without_ends(block: bytes) -> bytes:
    """Give the text without what is left of ';' at line ends, and blank lines after the last."""
    plain = block.rstrip().removesuffix(b";")
    return re.sub(rb";[ \t\r;]*(?=\n|$)", b"", plain) if b";" in plain else plain


def _parse(text: bytes, path: Path, line: int, person: int, activities: Mapping[str, str]) -> Rows:
    try:
        table = pa.csv.read_csv(
            pa.py_buffer(text),
            read_options=pa.csv.ReadOptions(
                column_names=list(COLUMNS), use_threads=False, block_size=len(text) + 1
            ),
            parse_options=pa.csv.ParseOptions(quote_char=False, ignore_empty_lines=False),
            convert_options=pa.csv.ConvertOptions(column_types=_TYPES, null_values=[]),
        ).combine_chunks()
    except pa.ArrowInvalid as error:
        raise _fault(str(error), path, line) from None
    other = table["person"].to_numpy() != person
    if other.any():
        row = int(np.argmax(other))
        raise FormatError(
            path,
            f"is named for person {person}, but holds person {table['person'][row]}. Rename the "
            "file or mend the line.",
            line=line + row,
        )
    axes = [table[name].to_numpy() for name in "xyz"]
    return Rows(
        code=_codes(table["activity"].chunk(0), path, line, activities),
        time_s=table["time"].to_numpy() * 1e-9,
        values=np.column_stack(axes),
        line=np.arange(line, line + len(table)),
    )


def _codes(
    activity: pa.DictionaryArray, path: Path, line: int, activities: Mapping[str, str]
) -> NDArray[np.int8]:
    """Give the index of each row's letter, (row,)."""
    index = activity.indices.to_numpy()
    known = np.zeros(len(activity.dictionary), dtype=np.int8)
    for place, text in enumerate(activity.dictionary.to_pylist()):
        letter = text.decode("ascii", errors="replace").strip()
        if letter not in activities:
            raise FormatError(
                path,
                f"unknown activity {shown(letter)}, expected a letter from A to S without N, or one "
                f"of {KEY_NAME}. Mend or remove the line.",
                line=line + int(np.argmax(index == place)),
            )
        known[place] = ALPHABET.index(letter)
    codes: NDArray[np.int8] = known[index]
    return codes


def _fault(message: str, path: Path, line: int) -> FormatError:
    """Turn pyarrow's message into a sentence with the line in the file."""
    row = re.search(r"Row #(\d+)", message)
    place = line + int(row[1]) - 1 if row else line
    counted = re.search(r"Expected 6 columns, got (\d+)", message)
    if counted:
        problem = (
            f"expected 6 columns ({', '.join(COLUMNS)}) with commas between and decimal "
            f"points, got {counted[1]}. Mend or remove the line; if it is the last one, the file was "
            "cut off."
        )
        return FormatError(path, problem, line=place)
    value = re.search(r"column #(\d+): .*invalid value '(.*)'", message, re.DOTALL)
    if value:
        wanted = f"expected a number as {COLUMNS[int(value[1])]}, got {shown(value[2])}"
        return FormatError(path, f"{wanted}. Mend or remove the line.", line=place)
    return FormatError(path, "is no text of readings. Copy the file again.", line=place)
