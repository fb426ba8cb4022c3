"""Arrays in a pickle: where their bytes stand in the file, and their numbers, piece by piece.

Nothing is read before it is asked for: a pickle of WESAD holds 250 MB of numbers as 950 MB of text,
and most uses want a hundredth of them.
"""

import codecs
import math
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from wearsynth.errors import FormatError
from wearsynth.files import telling_file_errors

PIECE_BYTES = 1 << 20
MOST_DIMENSIONS = 8
Coding = Literal["raw", "escaped", "utf-8", "raw_unicode_escape"]
"""How bytes are written: as they are; as Python 2 prints a string; as Latin-1 text in UTF-8 or, in
protocol 0, with \\uXXXX, which is how Python 3 writes bytes below protocol 3."""
_WIDEST: dict[Coding, int] = {"raw": 1, "escaped": 4, "utf-8": 2, "raw_unicode_escape": 6}
_CODE = re.compile(r"(?P<order>[<>|=]?)(?P<code>b1|[iu][1248]|f[248]|[SU][1-9]\d{0,3})")


@dataclass(frozen=True)
class Stretch:
    """A long string of a pickle that stays in its file: the bytes [start, start + length)."""

    path: Path
    start: int
    length: int
    coding: Coding

    def pieces(self) -> Iterator[bytes]:
        """Give the decoded bytes, about a megabyte at a time; FormatError where they are damaged."""
        try:
            yield from _DECODERS[self.coding](self._stored())
        except ValueError:
            where = f"{self.path}, bytes {self.start} to {self.start + self.length}"
            raise FormatError(where, "a string is damaged there. Get the file again.") from None

    def _stored(self) -> Iterator[bytes]:
        left = self.length
        with telling_file_errors(self.path, "read"), self.path.open("rb") as stream:
            stream.seek(self.start)
            while left:
                piece = stream.read(min(left, PIECE_BYTES))
                if not piece:
                    raise FormatError(self.path, "became shorter while it was read. Read it again.")
                left -= len(piece)
                yield piece


@dataclass
class PickledDtype:
    """A NumPy number type; a pickle tells its byte order after making it."""

    dtype: np.dtype[Any]


@dataclass
class PickledArray:
    """An array whose bytes stay where they are until load().

    axes: the order in which the stored axes are to be taken, () for as they are.
    """

    path: Path
    dtype: np.dtype[Any] = field(default_factory=lambda: np.dtype(np.int8))
    shape: tuple[int, ...] = (0,)
    order: Literal["C", "F"] = "C"
    data: bytes | Stretch = b""
    axes: tuple[int, ...] = ()

    def load(self, dtype: type[np.generic] | None = None) -> NDArray[Any]:
        """Give the array, converted to dtype piece by piece where one is given.

        Memory is that of the result and a few pieces. FormatError where the bytes are damaged.
        """
        flat = np.empty(math.prod(self.shape), dtype or self.dtype)
        filled, rest = 0, b""
        pieces = self.data.pieces() if isinstance(self.data, Stretch) else iter([self.data])
        for piece in pieces:
            whole = rest + piece
            count = min(len(whole) // self.dtype.itemsize, len(flat) - filled)
            if count:
                with np.errstate(over="ignore", invalid="ignore"):  # beyond float32 is infinite
                    flat[filled : filled + count] = np.frombuffer(whole, self.dtype, count)
            filled, rest = filled + count, whole[count * self.dtype.itemsize :]
        if rest or filled < len(flat):
            raise FormatError(self.path, f"{self._wanted()}, got others. Get the file again.")
        array = flat.reshape(self.shape, order=self.order)
        return array.transpose(self.axes) if self.axes else array

    def _wanted(self) -> str:
        return f"expected {math.prod(self.shape)} values of type {self.dtype} in an array"


def dtype_of(code: object) -> PickledDtype:
    """Give the type of a code such as f8; ValueError for any but plain numbers and short strings."""
    match = _CODE.fullmatch(code) if isinstance(code, str) else None
    if match is None:
        raise ValueError(f"an array of type {str(code)[:20]!r} is not read, only plain numbers")
    return PickledDtype(np.dtype(match["order"] + match["code"]))


def with_order(dtype: PickledDtype, state: object) -> None:
    """Set a type's byte order from its pickled state; ValueError where it has fields or parts."""
    match state:
        case (int(), "<" | ">" | "|" | "=" as order, None, None, None, int(), int(), *_):
            dtype.dtype = dtype.dtype.newbyteorder(order)
        case _:
            raise ValueError("an array of a type with fields or parts is not read")


def array_of(
    path: Path, dtype: PickledDtype, shape: object, data: object, *, fortran: bool
) -> PickledArray:
    """Give the array of some bytes; ValueError where type, shape and bytes do not fit together."""
    data = bytes_of(data)
    if not isinstance(shape, tuple) or len(shape) > MOST_DIMENSIONS:
        raise ValueError("an array's shape is not one")
    if not all(type(length) is int and 0 <= length < 1 << 48 for length in shape):
        raise ValueError("an array's shape is not one")
    # An empty array may not be wide either: NumPy refuses shapes like (0, 2**47, 2**47).
    if math.prod(max(1, length) for length in shape) >= 1 << 48:
        raise ValueError("an array's shape is too large")
    stored = data.length if isinstance(data, Stretch) else len(data)
    widest = _WIDEST[data.coding] if isinstance(data, Stretch) else 1
    count = math.prod(shape) * dtype.dtype.itemsize
    if not count <= stored <= count * widest:
        raise ValueError(f"an array of {count} bytes is stored in {stored}")
    return PickledArray(path, dtype.dtype, shape, "F" if fortran else "C", data)


def bytes_of(data: object) -> bytes | Stretch:
    """Give a string as bytes; text is Latin-1, as Python 2 and protocols below 3 write bytes."""
    match data:
        case bytes() | Stretch():
            return data
        case str() if all(ord(letter) < 256 for letter in data):
            return data.encode("latin-1")
    raise ValueError("an array's numbers are not bytes")


def unescape(text: bytes) -> bytes:
    """Give the bytes that Python 2 prints as this text; ValueError where it could not have."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of an escape that does not exist
        try:
            return codecs.escape_decode(text)[0]
        except (ValueError, DeprecationWarning):
            raise ValueError("a string has escapes that do not exist") from None


def _unescaped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        text = rest + piece
        whole = len(text) - _begun_escape(text)
        rest = text[whole:]
        yield unescape(text[:whole])
    yield unescape(rest)


def _begun_escape(text: bytes) -> int:
    r"""Give how many bytes at the end may be a cut escape: \, \x, \x4; an even run of \ is whole."""
    at = text.rfind(b"\\", max(0, len(text) - 3))
    run = at + 1 - len(text[: at + 1].rstrip(b"\\"))
    return len(text) - at if run % 2 else 0


def _latin_1(coding: Coding) -> Callable[[Iterator[bytes]], Iterator[bytes]]:
    def decoded(pieces: Iterator[bytes]) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(coding)()
        for piece in pieces:
            yield decoder.decode(piece).encode("latin-1")
        yield decoder.decode(b"", final=True).encode("latin-1")

    return decoded


_DECODERS: dict[Coding, Callable[[Iterator[bytes]], Iterator[bytes]]] = {
    "raw": lambda pieces: pieces,
    "escaped": _unescaped,
    "utf-8": _latin_1("utf-8"),
    "raw_unicode_escape": _latin_1("raw_unicode_escape"),
}
