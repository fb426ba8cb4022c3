"""Files of recordings: one module a format, named in READERS; read() picks the one that fits."""

from pathlib import Path
from typing import Protocol

from wearsynth.data import Recording
from wearsynth.errors import DataError, FileError, FormatError, did_you_mean
from wearsynth.formats import basic_motions, lsm6dsl_csv, st_mlc, table, wesad
from wearsynth.formats.table import TableColumns
from wearsynth.tables import is_windows_file

__all__ = ["KNOWN_FORMATS", "READERS", "TableColumns", "read", "recognise"]


class Reader(Protocol):
    """What a format's module offers for reading."""

    def recognises(self, path: Path) -> bool:
        """Tell whether the path looks like this format."""

    def read(self, path: Path) -> list[Recording]:
        """Give the recordings at the path."""


READERS: dict[str, Reader] = {
    "memsstudio": st_mlc,
    "lsm6dsl": lsm6dsl_csv,
    "wesad_1hz": wesad,
    "basic_motions": basic_motions,
}
KNOWN_FORMATS = (*READERS, "table")
"""Every format that read() takes; "table" needs columns and is never guessed."""


def read(
    path: Path | str,
    *,
    format: str | None = None,  # noqa: A002 - the word that users know
    columns: TableColumns | None = None,
    source_rate_hz: float | None = None,
) -> list[Recording]:
    """Give the recordings at a path (or of the built-in data set "basic_motions").

    format: a name of KNOWN_FORMATS; without one it is recognised, or "table" where columns are
    given. columns: which columns hold what, for "table" only. source_rate_hz: the rate of logs that
    do not tell it, for "memsstudio" only. FileError where there is nothing; FormatError where no
    format fits or the file is not what it should be; DataError where the options do not fit.
    """
    path = Path(path)
    name = format or ("table" if columns else recognise(path))
    if name not in KNOWN_FORMATS:
        raise DataError(f"unknown format {name!r}.{did_you_mean(name, KNOWN_FORMATS)}")
    if (name == "table") != (columns is not None):
        raise DataError("columns and the format 'table' belong together: give both or neither.")
    if name != basic_motions.NAME:
        _check_there(path)
    if source_rate_hz is not None and name != "memsstudio":
        raise DataError(f"source_rate_hz is for 'memsstudio' logs only; {path} is {name!r}.")
    if columns is not None:
        recordings = table.read(path, columns=columns)
    elif source_rate_hz is not None:
        recordings = st_mlc.read(path, rate_hz=source_rate_hz)
    else:
        recordings = READERS[name].read(path)
    if not recordings:
        raise FormatError(path, f"holds no recordings in the format {name!r}.")
    return recordings


def recognise(path: Path) -> str:
    """Give the name of the format at a path; FormatError, naming the known ones, where none fits."""
    for name, reader in READERS.items():
        if reader.recognises(path):
            return name
    _check_there(path)
    if is_windows_file(path):
        raise FormatError(path, "holds windows, not recordings: it is cut already.")
    raise FormatError(
        path,
        f"is in none of the known formats ({', '.join(READERS)}). For any other CSV or Parquet "
        "file name its columns (format table).",
    )


def _check_there(path: Path) -> None:
    if not path.exists():
        near = did_you_mean(str(path), (basic_motions.NAME,)) if "basic" in str(path) else ""
        raise FileError(f"{path}: there is no such file or folder. Check the path.{near}")
