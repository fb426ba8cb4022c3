"""ST's human-activity set of the LSM6DSL: <class>/<class>_<n>_26Hz_4g_mg.csv; read only.

No header, a line a reading: x, y, z as integers in mg. Rate and full scale stand in the file name.
"""

import re
from pathlib import Path

import numpy as np

from wearsynth.data import Channel, Recording, Signal, Span
from wearsynth.errors import FormatError
from wearsynth.files import read_bytes
from wearsynth.formats.numeric_csv import parse_numbers
from wearsynth.formats.plausible import as_readings
from wearsynth.formats.timeline import NOT_READINGS, gaps_of, odd_rows
from wearsynth.names import natural_key

OPTIONS: tuple[str, ...] = ()
SLOWEST_HZ, FASTEST_HZ = 0.1, 1e4
_NAME = re.compile(
    r"(?P<label>[^.].*)_(?P<number>\d+)_(?P<rate>\d+(\.\d+)?)Hz_(?P<scale>\d+)g_mg\.csv"
)
_CHANNELS = tuple(Channel(f"acc_{axis}", "g") for axis in "xyz")


def recognises(path: Path) -> bool:
    """Say whether this is the set's folder, a class's folder in it, or one of its files."""
    if path.is_file():
        return _NAME.fullmatch(path.name) is not None
    return path.is_dir() and bool(_files(path))


def read(path: Path) -> list[Recording]:
    """Give a recording a file, in g, with one span over all of it that carries the class.

    Readings that are NaN, infinite or beyond any sensor are missing. FormatError, naming file and
    line, where a line does not hold three numbers.
    """
    files = _files(path) if path.is_dir() else [path]
    if not files:
        problem = "holds no files named <class>/<class>_<n>_<rate>Hz_<g>g_mg.csv"
        raise FormatError(path, f"{problem}. Name the folder of the set.")
    source = path.resolve().name if path.is_dir() else path.parent.parent.name
    return [_read_file(file, source) for file in files]


def _files(path: Path) -> list[Path]:
    found = [*path.glob("*_mg.csv"), *path.glob("*/*_mg.csv")]
    named = [file for file in found if _NAME.fullmatch(file.name) and not file.is_dir()]
    return sorted(named, key=lambda file: natural_key(file.name))


def _read_file(path: Path, source: str) -> Recording:
    said = _NAME.fullmatch(path.name)
    if said is None:
        raise FormatError(path, "expected a name such as walking_01_26Hz_4g_mg.csv. Rename it.")
    rate_hz = float(said["rate"])
    if not SLOWEST_HZ <= rate_hz <= FASTEST_HZ:
        raise FormatError(path, f"no part records at {said['rate'][:40]} Hz. Mend the file's name.")
    mg = parse_numbers(read_bytes(path), path, columns=("x", "y", "z"))
    values, bad = as_readings(mg / 1000, "g")
    signal = Signal(values, rate_hz, _CHANNELS)
    rows = np.asarray(bad.any(axis=1))
    return Recording(
        name=f"{said['label']}/{path.stem}",
        signals={"acc": signal},
        spans=(Span(0.0, signal.end_s, said["label"]),),
        gaps=gaps_of(rows, rate_hz),
        source=source,
        notes=(f"full scale {said['scale']} g", "the files do not name people"),
        oddities=odd_rows(rows, NOT_READINGS, path.name, 1),
    )
