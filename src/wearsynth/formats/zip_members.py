"""Files in a zip archive as bounded streams: nothing is unpacked to disk, no size is trusted."""

import io
import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

from wearsynth.errors import FormatError
from wearsynth.files import ZIP_FAULTS, telling_file_errors

LARGEST_BYTES = 1 << 30
"""No member may unpack to more than this, ..."""
LARGE_BYTES, MOST_PER_BYTE = 64 << 20, 100
"""... nor to more than LARGE_BYTES if that is over MOST_PER_BYTE times its packed size."""
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1

Members = dict[str, dict[str, zipfile.ZipInfo]]


def members_of(path: Path, names: Collection[str]) -> Members:
    """Give the archive's files with these names: folder inside -> name -> member.

    FormatError where it is no zip, or holds a name that leads out of it or the same name twice.
    """
    found: Members = {}
    with _opened(path) as archive:
        for info in archive.infolist():
            inside = _inside(path, info.filename)
            if "__MACOSX" in inside.parts or info.is_dir() or inside.name not in names:
                continue
            folder = found.setdefault(str(inside.parent), {})
            if inside.name in folder:
                problem = (
                    f"holds {printable(info.filename)!r} twice. Pack the files anew, each once."
                )
                raise FormatError(path, problem)
            folder[inside.name] = info
    return found


def member_name(path: Path, info: zipfile.ZipInfo) -> str:
    """Give where a member stands, for messages."""
    return f"{path}/{printable(info.filename)}"


@contextmanager
def open_member(path: Path, info: zipfile.ZipInfo) -> Iterator[BinaryIO]:
    """Give one member as a stream of bytes; FormatError, also while reading, where it is unfit."""
    where = member_name(path, info)
    _check_member(where, info)
    with _opened(path) as archive, _telling(where), archive.open(info) as stream:
        yield cast(BinaryIO, _Bounded(stream, where, _most_bytes(info)))


class _Bounded(io.RawIOBase):
    """A member's stream that counts what it gives, whatever size the archive declares."""

    def __init__(self, stream: IO[bytes], where: str, most_bytes: int) -> None:
        self._stream, self._where, self._left = stream, where, most_bytes

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        with _telling(self._where):
            chunk = self._stream.read(size)
        self._left -= len(chunk)
        if self._left < 0:
            raise _too_large(self._where)
        return chunk


def printable(name: str) -> str:
    """Give a name as one line that can be printed, ? for signs that cannot."""
    return "".join(sign if sign.isprintable() else "?" for sign in name)


def _inside(path: Path, name: str) -> PurePosixPath:
    inside = PurePosixPath(name.replace("\\", "/"))
    drive = bool(inside.parts) and inside.parts[0].endswith(":")
    if inside.is_absolute() or ".." in inside.parts or drive:
        problem = f"holds the name {printable(name)!r}, which leads out of the archive. Pack its files anew."
        raise FormatError(path, problem)
    return inside


def _check_member(where: str, info: zipfile.ZipInfo) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise FormatError(where, "is encrypted. Unpack it with its password and give the folder.")
    if info.compress_type not in METHODS:
        problem = f"is packed by method {info.compress_type}, expected deflate. Pack it anew."
        raise FormatError(where, problem)
    if info.file_size > _most_bytes(info):
        raise _too_large(where)


def _most_bytes(info: zipfile.ZipInfo) -> int:
    return min(LARGEST_BYTES, max(LARGE_BYTES, MOST_PER_BYTE * info.compress_size))


def _too_large(where: str) -> FormatError:
    return FormatError(
        where,
        f"unpacks to over {LARGEST_BYTES >> 30} GB, or to over {LARGE_BYTES >> 20} MB at over "
        f"{MOST_PER_BYTE} to 1, which no recording does. Unpack it by hand if you trust it.",
    )


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    with telling_file_errors(path, "read"), _telling(path):
        archive = zipfile.ZipFile(path)
    with archive:
        yield archive


@contextmanager
def _telling(where: Path | str) -> Iterator[None]:
    try:
        yield
    except ZIP_FAULTS as error:
        raise FormatError(where, "is a damaged zip archive. Copy or download it again.") from error
