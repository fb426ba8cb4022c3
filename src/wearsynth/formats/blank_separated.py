"""Text files of numbers between blanks, one or more: UCI HAR writes fields of fixed width."""

import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wearsynth.errors import FormatError
from wearsynth.files import telling_file_errors
from wearsynth.formats.numeric_csv import stream_numbers

LARGEST_BYTES = 256 << 20
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_numbers(path: Path, *, columns: Sequence[str]) -> NDArray[np.float64]:
    """Give the numbers of a file, (line, column), NaN and infinity among them.

    FormatError where the file is missing, empty, too large or cut off, or, with the line, where one
    has not as many numbers as columns or holds something else.
    """
    text = _text(path)
    if not text:
        raise FormatError(path, "is empty. Copy it from the data set again.")
    source = io.BytesIO(_single_blanks(text))
    keep = range(len(columns))
    blocks = [*stream_numbers(source, path, columns=columns, keep=keep, delimiter=" ")]
    if not blocks:
        raise FormatError(path, "is empty. Copy it from the data set again.")
    numbers = np.concatenate(blocks)
    if _is_cut(text):
        problem = "ends within a number, the file was cut off. Copy it from the data set again."
        raise FormatError(path, problem, line=len(numbers))
    return numbers


def _text(path: Path) -> bytes:
    if not path.is_file():
        raise FormatError(path, "is missing. Copy it from the data set again.")
    with telling_file_errors(path, "read"):
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            problem = (
                f"has {size >> 20} MB, over {LARGEST_BYTES >> 20}. Copy it from the data set again."
            )
            raise FormatError(path, problem)
        return path.read_bytes().removeprefix(BYTE_ORDER_MARK)


def _single_blanks(text: bytes) -> bytes:
    """Give the text with one blank where there were more, none at the ends of lines."""
    letters = np.frombuffer(text, dtype=np.uint8)
    blank = letters == ord(" ")
    spare = blank.copy()  # blanks at the start and after a blank or a line end
    spare[1:] &= blank[:-1] | (letters[:-1] == ord("\n")) | (letters[:-1] == ord("\r"))
    single = letters[~spare].tobytes()
    if b" \n" in single or b" \r" in single:
        single = single.replace(b" \n", b"\n").replace(b" \r", b"\r")
    return single.rstrip(b" ")


def _is_cut(text: bytes) -> bool:
    """Tell whether the last number is shorter than its neighbour and no line end follows it.

    Numbers have as many digits everywhere in a file, or, one a line, are mostly those of the line
    before: the data set lists windows person by person.
    """
    if text.endswith((b"\n", b"\r")):
        return False
    last = [word.lstrip(b"-") for word in re.split(rb"\s+", text[-4096:].strip())[-2:]]
    return len(last) == 2 and len(last[1]) < len(last[0])
