"""Writing that leaves a whole file or nothing: a temporary name first, then a rename."""

import json
import os
import shutil
import struct
import uuid
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wearsynth.errors import FileError

OURS = {
    "data",
    "holdout.parquet",
    "manifest.json",
    "mlc_conf.json",
    "model.json",
    "train.parquet",
    "weights.safetensors",
}
"""What folders that wearsynth wrote hold; with a manifest.json, any .csv or .parquet as well, and
folders of which the manifest lists every file."""
ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    IndexError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
"""What zipfile raises for damaged or encrypted archives."""


@contextmanager
def telling_file_errors(path: Path, doing: str) -> Iterator[None]:
    """Turn an OSError inside into a FileError: one sentence with the path, the reason, a remedy.

    Before reading, a pipe or a device is refused: a program that opens one may wait for ever.
    """
    try:
        if doing == "read" and path.exists() and not (path.is_file() or path.is_dir()):
            raise FileError(f"{path}: is no plain file or folder. Copy its content into a file.")
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        remedy = {
            "write": "Free space there or choose another place that you may write to.",
            "read": "Check the path and its permissions.",
        }[doing]
        raise FileError(f"{path}: cannot {doing} it: {reason}. {remedy}") from error


def read_bytes(path: Path) -> bytes:
    """Give a file's content; FileError where it cannot be read."""
    with telling_file_errors(path, "read"):
        return path.read_bytes()


def _temporary(path: Path) -> Path:
    if not path.name:
        raise FileError(f"{path}: is no name for a file or folder. Choose another place.")
    if not _is_text(path):  # no library that writes takes such a name
        raise FileError(f"{path}: its name is no text in UTF-8. Choose another place.")
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")


def _is_text(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def atomic_file(path: Path, *, private: bool = False) -> Iterator[Path]:
    """Give a temporary path; on success it becomes `path`, on any failure it is removed.

    An existing file is replaced. Missing parent folders are made. private: only the owner may read it,
    where the system knows owners. FileError if it cannot be written.
    """
    path = path.resolve() if path.is_symlink() else path
    temporary = _temporary(path)
    with telling_file_errors(path, "write"):
        check_file_name(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            if private:  # made so before anything is in it
                temporary.touch(mode=0o600, exist_ok=False)
            yield temporary
            _flush_to_disk(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary folder; on success it becomes `path`, on any failure it is removed.

    FileError if `path` holds something already (unless `overwrite`) or cannot be written.
    """
    path = path.resolve()
    check_free(path, overwrite=overwrite)
    temporary = _temporary(path)
    with telling_file_errors(path, "write"):
        try:
            temporary.mkdir(parents=True)
            yield temporary
            before = _temporary(path)
            if path.exists():
                path.replace(before)
            temporary.replace(path)
            shutil.rmtree(before, ignore_errors=True)
        except FileError as error:  # of a file inside: name it by the place it was meant for
            raise FileError(str(error).replace(str(temporary), str(path))) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def check_free(path: Path, *, overwrite: bool = False) -> None:
    """Raise FileError if `path` holds something that may not be replaced.

    With `overwrite` a folder may be replaced, but only one with nothing in it that is not ours.
    """
    names = {item.name for item in path.iterdir()} if path.is_dir() else set()
    if path.is_file() or (names and not overwrite):
        raise FileError(f"{path}: exists already. Choose another folder or pass --overwrite.")
    stranger = next(_strangers(path, names), None)
    if stranger is not None:
        raise FileError(
            f"{path}: holds {stranger!r}, which wearsynth did not write, so it is not replaced. "
            "Choose another folder."
        )


def _strangers(path: Path, names: set[str]) -> Iterator[str]:
    """Give what stands under these names in a folder and is not ours, by its path from there."""
    manifest = "manifest.json" in names
    ours = OURS | {name for name in names if manifest and name.endswith((".csv", ".parquet"))}
    listed = _listed_files(path / "manifest.json") if manifest and names - ours else set()
    for name in sorted(names - ours):
        inside = (path / name).rglob("*")
        files = [file for file in inside if file.is_symlink() or not file.is_dir()]
        for file in files or [path / name]:
            if (found := file.relative_to(path).as_posix()) not in listed:
                yield found


def _listed_files(manifest: Path) -> set[str]:
    """Give the files that a manifest names, by their paths from its folder; none if it is damaged."""
    try:
        return set(json.loads(manifest.read_bytes())["sha256"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()


def check_file_name(path: Path) -> None:
    """Raise FileError where a file cannot take this name: a folder or a device has it."""
    if path.is_dir():
        raise FileError(f"{path}: is a folder, expected a file name to write to.")
    if path.exists() and not path.is_file():
        raise FileError(f"{path}: is no plain file, so it is not replaced. Choose another name.")


def check_not_input(out: Path, *inputs: Path) -> None:
    """Raise FileError where the output is one of the files that are read."""
    for path in inputs:
        if out.exists() and path.exists() and out.samefile(path):
            raise FileError(f"{out}: is read and would be replaced. Choose another output.")


def check_writable(path: Path) -> None:
    """Raise FileError now, before long work, if `path` could not be written later."""
    probe = _temporary(path.resolve())
    with telling_file_errors(path, "write"):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            probe.write_bytes(b"")
        finally:
            probe.unlink(missing_ok=True)


def _flush_to_disk(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())
