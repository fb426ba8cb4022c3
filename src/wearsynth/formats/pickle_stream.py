"""What stands in a pickle after a step's code: numbers, lines, strings of given length.

Every length is checked against the bytes that are left before anything is read. ValueError where the
bytes are not what they should be, EOFError where the file ends.
"""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from wearsynth.formats.pickled_arrays import PIECE_BYTES, Coding, Stretch, unescape

MOST_SHORT = 256
"""A longer string stays in the file, as a Stretch."""
MOST_DIGITS = 24


@dataclass(frozen=True)
class Stream:
    """An open pickle and its size in bytes."""

    source: BinaryIO
    path: Path
    size: int


def take(stream: Stream, length: int) -> bytes:
    """Give the next bytes."""
    check_left(stream, length)
    return stream.source.read(length)


def check_left(stream: Stream, length: int) -> None:
    """Raise EOFError where fewer bytes are left."""
    if length < 0:
        raise ValueError("a length is negative")
    if length > stream.size - stream.source.tell():
        raise EOFError


def number(layout: str) -> Callable[[Stream], Any]:
    """Give a function that takes one number of a struct layout."""
    size = struct.calcsize(layout)
    return lambda stream: struct.unpack(layout, take(stream, size))[0]


def long_number(width: Callable[[Stream], int]) -> Callable[[Stream], int]:
    """Give a function that takes a number of as many bytes as width says, 8 at most."""

    def taken(stream: Stream) -> int:
        length = width(stream)
        if length > 8:
            raise ValueError("a number is too long")
        return int.from_bytes(take(stream, length), "little", signed=True)

    return taken


def short_line(stream: Stream) -> str:
    """Give a line; Windows line ends do no harm."""
    line = stream.source.readline(MOST_SHORT)
    if not line.endswith(b"\n"):
        if len(line) < MOST_SHORT:
            raise EOFError
        raise ValueError("a line is too long")
    return decoded(line.rstrip(b"\r\n"), "ascii")


def int_line(stream: Stream) -> int | bool:
    """Give the whole number of a line; 00 and 01 are False and True, L ends a long one."""
    line = short_line(stream)
    if re.fullmatch(r"-?\d{1,20}L?", line) is None:
        raise ValueError("a number has other signs than digits, or too many")
    return line == "01" if line in {"00", "01"} else int(line.removesuffix("L"))


def float_line(stream: Stream) -> float:
    """Give the number of a line."""
    try:
        return float(short_line(stream)[:MOST_DIGITS])
    except ValueError:
        raise ValueError("a number is none") from None


def decoded(stored: bytes, coding: str) -> str:
    """Give the text of some bytes; ValueError, in plain words, where they are none."""
    try:
        return stored.decode(coding)
    except UnicodeDecodeError:
        raise ValueError("a text has bytes that are none") from None


def string(
    width: Callable[[Stream], int], coding: Coding, *, text: bool
) -> Callable[[Stream], str | bytes | Stretch]:
    """Give a function that takes a string of as many bytes as width says."""

    def taken(stream: Stream) -> str | bytes | Stretch:
        length = width(stream)
        if length > MOST_SHORT:
            check_left(stream, length)
            start = stream.source.tell()
            stream.source.seek(start + length)
            return Stretch(stream.path, start, length, coding)
        stored = take(stream, length)
        # Python 2 wrote text and bytes alike: Latin-1 is the reading that loses nothing.
        return decoded(stored, "latin-1" if coding == "raw" else coding) if text else stored

    return taken


def quoted_line(stream: Stream) -> str | Stretch:
    r"""Give the string of a line as Python 2 prints it: 'text with \x00'."""
    start, end = _line(stream)
    if end > start and _bytes_at(stream, end - 1, end) == b"\r":
        end -= 1
    quotes = _bytes_at(stream, start, start + 1) + _bytes_at(stream, end - 1, end)
    if end - start < 2 or quotes not in {b"''", b'""'}:
        raise ValueError("a string has no quotes")
    if end - start - 2 > MOST_SHORT:
        return Stretch(stream.path, start + 1, end - start - 2, "escaped")
    return unescape(_bytes_at(stream, start + 1, end - 1)).decode("latin-1")


def unicode_line(stream: Stream) -> str | Stretch:
    """Give the text of a line as protocol 0 writes it."""
    start, end = _line(stream)
    if end - start > MOST_SHORT:
        return Stretch(stream.path, start, end - start, "raw_unicode_escape")
    return decoded(_bytes_at(stream, start, end), "raw_unicode_escape")


def _line(stream: Stream) -> tuple[int, int]:
    """Give a line's place [start, end) without its line end, and go past it."""
    start = end = stream.source.tell()
    length = MOST_SHORT
    while piece := stream.source.read(length):
        found = piece.find(b"\n")
        if found >= 0:
            stream.source.seek(end + found + 1)
            return start, end + found
        end += len(piece)
        length = min(2 * length, PIECE_BYTES)  # a short line costs a short read
    raise EOFError


def _bytes_at(stream: Stream, start: int, end: int) -> bytes:
    after = stream.source.tell()
    stream.source.seek(start)
    stored = stream.source.read(end - start)
    stream.source.seek(after)
    return stored
