"""The text of a table: its encoding, the line of its column names, its lines some thousand at a time."""

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from wearsynth.data import IntArray
from wearsynth.errors import FormatError, did_you_mean, shown
from wearsynth.files import telling_file_errors
from wearsynth.formats.numeric_csv import BLOCK_BYTES, BYTE_ORDER_MARK, UTF_16, text_blocks
from wearsynth.formats.table_columns import TableColumns

LONGEST_LINE = BLOCK_BYTES
"""Bytes; a longer line is no line of readings."""
HEADER_LINES = 100
"""The column names stand in one of the first lines of a file, this many."""
DELIMITERS = ",;\t"
NUMBER = re.compile(r"\s*[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|nan|inf(inity)?)?\s*", re.I)
_UNIT = re.compile(r"(?!.*\d\d)[^\d\s].{0,19}")
_NOTES = {
    "utf-8": "",
    "utf-16": "the text is UTF-16",
    "cp1252": "the text is not UTF-8: read as Windows-1252 (Latin-1)",
}


@dataclass(frozen=True)
class Text:
    """A file that was looked through once: its encoding, size, and how many line ends it holds."""

    path: Path
    encoding: str
    size: int
    lines: int

    @property
    def note(self) -> str:
        """Say which encoding it is, where it is not UTF-8."""
        return _NOTES[self.encoding]


@dataclass(frozen=True)
class Header:
    """The line of the column names; 0 where there is none and columns go by their numbers."""

    line: int
    delimiter: str
    names: tuple[str, ...]

    def cells(self, line: str) -> dict[str, str]:
        """Give the cells of a line by column name."""
        return dict(zip(self.names, _cells(line, self.delimiter), strict=False))


def read_header(path: Path) -> tuple[int, str, list[str]]:
    """Give (lines before the header, delimiter, column names); comments (#) and blanks are skipped.

    Only the beginning of the file is read. FormatError where it holds no line of names.
    """
    with telling_file_errors(path, "read"), path.open("rb") as stream:
        head = stream.read(LONGEST_LINE)
    if head[:2] in UTF_16:
        head = head.decode("utf-16", errors="replace").encode()
    header = _plain_header(path, _split(head.removeprefix(BYTE_ORDER_MARK)))
    return header.line - 1, header.delimiter, list(header.names)


def text_at(path: Path) -> Text:
    """Look through a file; FormatError where it is empty or no text.

    A second reading parses it: only the whole file tells its encoding.
    """
    with telling_file_errors(path, "read"), path.open("rb") as stream:
        chunk = stream.read(BLOCK_BYTES)
        if not chunk:
            raise FormatError(path, "is empty. Is the export complete?")
        encoding, size, lines = "utf-16" if chunk[:2] in UTF_16 else "utf-8", 0, 0
        decoder = codecs.getincrementaldecoder(encoding)()
        while chunk:
            nul = -1 if encoding == "utf-16" else chunk.find(b"\0")
            if nul >= 0:
                problem = "holds a NUL byte, so it is no text. Export it as CSV."
                raise FormatError(path, problem, line=lines + chunk.count(b"\n", 0, nul) + 1)
            size, lines = size + len(chunk), lines + line_ends(chunk)
            after = stream.read(BLOCK_BYTES)
            if encoding != "cp1252" and not _decodes(decoder, chunk, final=not after):
                if encoding == "utf-16":
                    problem = "is no whole UTF-16 text. Export it again as UTF-8."
                    raise FormatError(path, problem)
                encoding = "cp1252"
            chunk = after
    return Text(path, encoding, size, lines)


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeError:
        return False
    return True


@contextmanager
def _opened(text: Text) -> Iterator[BinaryIO]:
    """Open a text as bytes of UTF-8, whatever its encoding, without a mark."""
    with telling_file_errors(text.path, "read"), text.path.open("rb") as stream:
        if stream.read(len(BYTE_ORDER_MARK)) != BYTE_ORDER_MARK:
            stream.seek(0)
        if text.encoding == "utf-8":
            yield stream
        else:
            yield cast(
                BinaryIO, codecs.EncodedFile(stream, "utf-8", text.encoding, errors="replace")
            )


def first_lines(text: Text) -> list[str]:
    """Give the lines among which the column names stand."""
    with _opened(text) as stream:
        return _split(stream.read(2 * LONGEST_LINE))


def _split(head: bytes) -> list[str]:
    lines = head.split(b"\n", HEADER_LINES)[:HEADER_LINES]
    return [line.decode(errors="replace").strip("\r") for line in lines]


def blocks_below(text: Text, line: int) -> Iterator[tuple[int, bytes]]:
    """Give all lines below a line, some thousand at a time, with the number of the first of them.

    FormatError where one is longer than LONGEST_LINE.
    """
    first, skip = 1, line
    with _opened(text) as stream:
        for block in text_blocks(stream):
            end = block.find(b"\n")
            if (len(block) if end < 0 else end) > LONGEST_LINE:  # only the first one can be
                problem = "is longer than 1 MiB. Is this a table, and are its lines ended?"
                raise FormatError(text.path, problem, line=first)
            lines = line_ends(block)
            below = block.split(b"\n", skip)[skip:]  # nothing where the block ends before
            if below and below[0]:
                yield first + skip, below[0]
            first, skip = first + lines, max(0, skip - lines)


def line_ends(text: bytes) -> int:
    """Give the number of line ends; the method of bytes takes seven times as long where there are many."""
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == ord("\n")))


def without_blank_lines(lines: bytes) -> tuple[bytes, IntArray]:
    """Give the lines that are not blank, and how many of them stand before each blank one, (blank,)."""
    parts = lines.split(b"\n")
    end = parts.pop()  # what follows the last line end
    filled = np.array([part not in (b"", b"\r") for part in parts], dtype=np.bool_)
    kept = [part for part, is_filled in zip(parts, filled.tolist(), strict=True) if is_filled]
    blank: IntArray = np.flatnonzero(~filled)
    return b"\n".join([*kept, end]), blank - np.arange(len(blank))


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:  # a cell of more than 128 KiB
        return []


def _plain_header(path: Path, lines: Sequence[str]) -> Header:
    """Give the first line that is neither blank nor a comment as the column names."""
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.startswith("#"):
            delimiter = max(DELIMITERS, key=line.count)
            return Header(number, delimiter, tuple(_cells(line, delimiter)))
    raise FormatError(path, "holds no header line. Is the export complete?")


def find_header(path: Path, lines: Sequence[str], wanted: Sequence[str]) -> Header:
    """Give the first line with all wanted names; or none, where these are the columns' numbers."""
    for number, line in enumerate(lines, start=1):
        for delimiter in DELIMITERS:
            names = _cells(line, delimiter)
            if set(wanted) <= set(names):
                check_columns(path, wanted, names)
                return Header(number, delimiter, tuple(names))
    plain = _plain_header(path, lines)
    numbers = tuple(str(number) for number in range(1, len(plain.names) + 1))
    if set(wanted) <= set(numbers):
        return Header(plain.line - 1, plain.delimiter, numbers)
    check_columns(path, wanted, plain.names)
    raise AssertionError("some wanted name is missing")


def check_columns(path: Path, wanted: Sequence[str], known: Sequence[str]) -> None:
    """Raise FormatError where a wanted column is missing or stands there more than once."""
    for name in wanted:
        if name not in known:
            near = did_you_mean(name, [k for k in known if k])
            raise FormatError(path, f"has no column {shown(name)}.{near or ' Name another.'}")
        if list(known).count(name) > 1:
            raise FormatError(path, f"has {list(known).count(name)} columns {name!r}. Rename them.")


def line_of_units(
    lines: Sequence[str], header: Header, columns: TableColumns
) -> tuple[int, tuple[str, ...]] | None:
    """Give the line below the names and its units, if it holds texts in all named columns.

    Numbers must stand below it.
    """
    named = (*columns.readings, *((columns.time,) if columns.time else ()))
    filled = [(n, line) for n, line in enumerate(lines, start=1) if n > header.line and line]
    if len(filled) < 2 or len(named) < 2:
        return None
    above, below = (header.cells(line) for _, line in filled[:2])
    units = [above.get(name, "") for name in named]
    if not all(_UNIT.fullmatch(unit) and not NUMBER.fullmatch(unit) for unit in units):
        return None
    if set(units) & set(named) or any(below.get(n, "")[:1].isalpha() for n in columns.readings):
        return None
    return filled[0][0], tuple(dict.fromkeys(units))
