"""Text files of numbers between blanks, one or more: UCI HAR writes fields of fixed width."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wearsynth.errors import FormatError
from wearsynth.files import telling_file_errors
from wearsynth.formats.numeric_csv import BLOCK_BYTES, parse_numbers, text_blocks

LARGEST_BYTES = 256 << 20
COPY = "Copy it from the data set again."


def stream_lines(path: Path, *, columns: Sequence[str]) -> Iterator[NDArray[np.float64]]:
    """Give the numbers of a file, some lines at a time, (line, column), NaN and infinity among them.

    FormatError where the file is missing, empty, too large or cut off, or, with the line, where one
    has not as many numbers as columns or holds something else.
    """
    if not path.is_file():
        raise FormatError(path, f"is missing. {COPY}")
    line, text, blank = 1, b"", False
    with telling_file_errors(path, "read"), path.open("rb") as stream:
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise FormatError(path, f"has {size >> 20} MB, over {LARGEST_BYTES >> 20}. {COPY}")
        for text in text_blocks(stream):
            if blank:  # at the end of the file blank lines do no harm
                problem = f"expected {len(columns)} columns, got a blank line. Remove it."
                raise FormatError(path, problem, line=line)
            if len(text) > BLOCK_BYTES and b"\n" not in text and b"\r" not in text:
                problem = f"holds a line of over 1 MB, so it is no text of numbers. {COPY}"
                raise FormatError(path, problem, line=line)
            single = _single_blanks(text)
            blank = single.endswith((b"\n\n", b"\n\r\n")) or not single.strip(b"\r\n")
            if single.strip(b"\r\n"):
                numbers = parse_numbers(
                    single, path, columns=columns, delimiter=" ", first_line=line
                )
                yield numbers
                line += len(numbers)
    if line == 1:
        raise FormatError(path, f"is empty. {COPY}")
    if _is_cut(text):
        problem = f"ends within a number, the file was cut off. {COPY}"
        raise FormatError(path, problem, line=line - 1)


def read_numbers(path: Path, *, columns: Sequence[str]) -> NDArray[np.float64]:
    """Give all numbers of a file, (line, column); FormatError as stream_lines."""
    return np.concatenate([*stream_lines(path, columns=columns)])


def _single_blanks(text: bytes) -> bytes:
    """Give the text with one blank where there were more, none at the ends of lines."""
    letters = np.frombuffer(text, dtype=np.uint8)
    spare = letters == ord(" ")
    spare[1:] &= letters[:-1] <= ord(" ")  # those at the start and after a blank or a line end
    single: bytes = letters[~spare].tobytes()
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
