"""A zip archive, and archives inside it, unpacked whole or not at all; nothing leaves the folder."""

import shutil
import stat
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from wearsynth.errors import FetchError
from wearsynth.files import ZIP_FAULTS, atomic_folder

MOST_MEMBERS = 100_000
CHUNK_BYTES = 1 << 20
LEFT_OUT = ("__MACOSX", ".DS_Store")
"""What macOS puts into archives."""


def unpack(archive: Path, folder: Path, *, inner: Sequence[str] = (), most_bytes: int) -> None:
    """Unpack an archive, then those of its members named in inner, into a new folder.

    FetchError where an archive is damaged, holds a name that leads out of the folder or a link, or
    unpacks to more than most_bytes in all; FileError where there is no room or the folder is taken.
    """
    with atomic_folder(folder) as temporary:
        left = most_bytes - _unpack_one(archive, temporary, most_bytes, str(archive))
        for name in inner:
            nested = temporary / name
            if not nested.is_file():
                raise FetchError(
                    f"{archive}: holds no {name!r}, so it is not the archive that is known. Unpack "
                    "it by hand."
                )
            left -= _unpack_one(nested, nested.parent, left, f"{archive}/{name}")
            nested.unlink()


def _unpack_one(archive: Path, folder: Path, most_bytes: int, where: str) -> int:
    """Unpack one archive into a folder that is there, and give how many bytes came out."""
    with _telling(where), zipfile.ZipFile(archive) as opened:
        members = [info for info in opened.infolist() if not _left_out(info)]
        _check(members, folder, most_bytes, where)
        for info in members:
            target = folder.joinpath(*_inside(info, where).parts)
            if info.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with opened.open(info) as stream, target.open("xb") as out:
                shutil.copyfileobj(stream, out, CHUNK_BYTES)
    return sum(
        info.file_size for info in members
    )  # zipfile never gives more than a member declares


def _check(members: Sequence[zipfile.ZipInfo], folder: Path, most_bytes: int, where: str) -> None:
    size = sum(info.file_size for info in members)
    if size > most_bytes or len(members) > MOST_MEMBERS:
        raise FetchError(
            f"{where}: unpacks to {size:,} bytes in {len(members):,} files, more than the data set "
            f"has ({most_bytes:,} bytes at most). Look at it before you unpack it by hand."
        )
    names = [str(_inside(info, where)).casefold() for info in members if not info.is_dir()]
    if len(set(names)) < len(names):
        raise FetchError(f"{where}: holds a name twice. Unpack it by hand if you trust it.")
    free = shutil.disk_usage(folder).free
    if size > free:
        raise FetchError(
            f"{where}: needs {size >> 20} MB to unpack, {free >> 20} MB are free. Free space there "
            "or choose another folder."
        )


def _inside(info: zipfile.ZipInfo, where: str) -> PurePosixPath:
    """Give a member's place in the folder; FetchError where it leads out of it or is a link."""
    path = PurePosixPath(info.filename.replace("\\", "/"))
    leads_out = path.is_absolute() or ".." in path.parts or any(":" in part for part in path.parts)
    if leads_out or not path.parts or stat.S_ISLNK(info.external_attr >> 16):
        raise FetchError(
            f"{where}: holds {info.filename!r}, a link or a name that leads out of the archive. "
            "Unpack it by hand if you trust it."
        )
    return path


def _left_out(info: zipfile.ZipInfo) -> bool:
    return any(part in LEFT_OUT for part in PurePosixPath(info.filename).parts)


@contextmanager
def _telling(where: str) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise FetchError(
            f"{where}: holds a name twice. Unpack it by hand if you trust it."
        ) from error
    except ZIP_FAULTS as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise FetchError(
            f"{where}: cannot be unpacked ({reason}). Remove it and fetch it again."
        ) from error
