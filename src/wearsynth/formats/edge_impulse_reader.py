"""Edge Impulse's data acquisition format, and its CSV: a file a recording, named by its label.

JSON, signed or not: payload with interval_ms, sensors (name, units as SenML writes them) and values.
CSV: timestamp in ms, then accX, accY, accZ in m/s2. The label is the file's name up to its first dot.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import Channel, Oddity, Recording, Signal, Span
from wearsynth.errors import FormatError, shown
from wearsynth.formats import table
from wearsynth.formats.manifest import MANIFEST_NAME, read_json
from wearsynth.formats.table_columns import SIGNAL_OF_UNIT, TableColumns
from wearsynth.formats.timeline import gaps_of
from wearsynth.names import natural_key
from wearsynth.oddities import STANDARD_GRAVITY_M_S2

OPTIONS: tuple[str, ...] = ()
FOLDERS = ("training", "testing")
MOST_BYTES = 50_000_000
SHORTEST_MS, LONGEST_MS = 1e-3, 1e6
MISSING = "reading(s) are empty, NaN, infinite or above 1e12: missing"
_ENDINGS = (".json", ".csv")
_HEAD_BYTES = 4096
_LOOKED_AT = 20
_LARGEST = 1e12
_AXES = ("accX", "accY", "accZ")
_UNITS = {
    "m/s2": ("g", 1 / STANDARD_GRAVITY_M_S2),
    "g": ("g", 1.0),
    "mg": ("g", 1e-3),
    "rad/s": ("rad/s", 1.0),
    "dps": ("rad/s", math.pi / 180),
    "deg/s": ("rad/s", math.pi / 180),
    "Cel": ("degC", 1.0),
    "beat/min": ("bpm", 1.0),
    "%": ("%", 1.0),
}
"""A file's unit -> ours and the factor to it; any other is kept as it is, as 1."""


@dataclass(frozen=True)
class _Column:
    """A sensor of a file: the channel that it becomes, in which signal, and the factor to its unit."""

    channel: Channel
    signal: str
    factor: float


def recognises(path: Path) -> bool:
    """Tell whether this is a file of Edge Impulse, or a folder (or its training, testing) of them."""
    if path.is_file():
        return path.suffix.lower() in _ENDINGS and _looks(path)
    return path.is_dir() and any(map(_looks, _files(path)[:_LOOKED_AT]))


def read(path: Path) -> list[Recording]:
    """Give a recording a file, with one span over all of it: training/walking.0001.

    Sensors of one kind of unit form one signal: acc (g), gyro (rad/s), temp, hr, ...; CSV holds acc
    alone. Signatures are not checked, which takes the project's key. FormatError, naming the file,
    where one is damaged or of another form.
    """
    files = _files(path) if path.is_dir() else [path]
    if not files:
        problem = "holds no .json or .csv, nor a folder training or testing with some"
        raise FormatError(path, f"{problem}. Name the folder of the data set.")
    root = path if path.is_dir() else path.parent
    synthetic = _is_synthetic(root)
    return [
        replace(recording, source=root.resolve().name, synthetic=synthetic)
        for file in files
        for recording in _read_file(file, file.relative_to(root).with_suffix("").as_posix())
    ]


def _files(path: Path) -> list[Path]:
    parts = [path / name for name in FOLDERS if (path / name).is_dir()] or [path]
    found = [
        file
        for part in parts
        for file in part.iterdir()
        if file.suffix.lower() in _ENDINGS
        and not file.name.startswith(".")
        and file.name != MANIFEST_NAME
        and not file.is_dir()
    ]
    return sorted(found, key=lambda file: natural_key(file.as_posix()))


def _looks(file: Path) -> bool:
    """Tell by the first bytes of a file whether it is of this format."""
    try:
        if not file.is_file():
            return False
        with file.open("rb") as stream:
            head = stream.read(_HEAD_BYTES).removeprefix(b"\xef\xbb\xbf")
    except OSError:
        return False
    if file.suffix.lower() == ".json":
        return head.lstrip().startswith(b"{") and b'"payload"' in head
    names = [name.strip() for name in head.split(b"\n", 1)[0].split(b",")]
    return names[0] == b"timestamp" and {axis.encode() for axis in _AXES} <= set(names)


def _is_synthetic(root: Path) -> bool:
    """Tell whether the manifest that wearsynth leaves beside its files says so."""
    for folder in (root, root.resolve().parent):
        if (folder / MANIFEST_NAME).is_file():
            return read_json(folder / MANIFEST_NAME).get("synthetic") is True
    return False


def _read_file(path: Path, name: str) -> list[Recording]:
    label = path.name.partition(".")[0]
    if not label:
        raise FormatError(path, "its name tells no label. Rename it, such as walking.0001.json.")
    if path.suffix.lower() == ".json":
        return [_from_json(path, name, label)]
    return _from_csv(path, name, label)


def _from_csv(path: Path, name: str, label: str) -> list[Recording]:
    columns = TableColumns(
        channels=tuple((axis, "m/s2") for axis in _AXES),
        time="timestamp",
        time_unit="ms",
        constant_label=label,
    )
    made = table.read(path, columns=columns)
    return [
        replace(
            recording,
            name=name if number == 1 else f"{name}_{number}",
            signals={"acc": _in_g(recording.signals["acc"])},
            notes=(*recording.notes, "units are taken as m/s2: such a CSV does not name them"),
        )
        for number, recording in enumerate(made, start=1)
    ]


def _in_g(signal: Signal) -> Signal:
    """Give acceleration in g, at a rate without the digits that rounded times give it."""
    return replace(
        signal,
        values=(signal.values / STANDARD_GRAVITY_M_S2).astype(np.float32),
        rate_hz=_round(signal.rate_hz),
        channels=tuple(Channel(f"acc_{axis}", "g") for axis in "xyz"),
    )


def _round(rate_hz: float) -> float:
    return float(f"{rate_hz:.6g}")


def _from_json(path: Path, name: str, label: str) -> Recording:
    payload = read_json(path, most_bytes=MOST_BYTES).get("payload")
    if not isinstance(payload, dict):
        _refuse(path, "holds no object 'payload'")
    rate_hz = _rate_hz(path, payload)
    columns = _columns(path, payload)
    values = _values(path, payload, len(columns))
    bad = ~(np.abs(values) <= _LARGEST)
    values[bad] = np.nan
    names = list(dict.fromkeys(column.signal for column in columns))
    signals = {of: _signal(values, columns, of, rate_hz) for of in names}
    rows = np.asarray(bad.any(axis=1))
    strange = [column.channel.name for column in columns if column.channel.unit == "1"]
    return Recording(
        name=name,
        signals=signals,
        spans=(Span(0.0, len(values) / rate_hz, label),),
        gaps=gaps_of(rows, rate_hz),
        notes=(f"no known unit: {', '.join(strange)}",) if strange else (),
        oddities=(Oddity(MISSING, int(rows.sum()), path.name),) if rows.any() else (),
    )


def _rate_hz(path: Path, payload: Mapping[str, Any]) -> float:
    interval_ms = payload.get("interval_ms")
    if isinstance(interval_ms, bool) or not isinstance(interval_ms, int | float):
        _refuse(path, f"expected milliseconds as 'interval_ms', got {_word(interval_ms)}")
    if not SHORTEST_MS <= interval_ms <= LONGEST_MS:
        _refuse(path, f"expected milliseconds as 'interval_ms', got {_word(interval_ms)}")
    return _round(1000 / interval_ms)


def _columns(path: Path, payload: Mapping[str, Any]) -> list[_Column]:
    sensors = payload.get("sensors")
    if not isinstance(sensors, list) or not sensors:
        _refuse(path, "holds no list 'sensors'")
    made = []
    for sensor in sensors:
        named = isinstance(sensor, dict) and isinstance(sensor.get("name"), str)
        if not named or not isinstance(sensor.get("units"), str):
            _refuse(path, "expected a name and units for each of its 'sensors'")
        unit, factor = _UNITS.get(sensor["units"], ("1", 1.0))
        signal = SIGNAL_OF_UNIT[unit]
        made.append(_Column(Channel(_channel_name(sensor["name"], signal), unit), signal, factor))
    names = [(column.signal, column.channel.name) for column in made]
    if len(set(names)) < len(names):
        _refuse(path, "names a sensor twice")
    return made


def _channel_name(name: str, signal: str) -> str:
    """Give accX as acc_x; an axis alone gets the signal's name in front."""
    if name.lower() in {"x", "y", "z"}:
        return f"{signal}_{name.lower()}"
    found = re.fullmatch(r"(\w*?[a-z0-9])_?([XYZ])", name)
    return f"{found[1]}_{found[2].lower()}" if found else name


def _values(path: Path, payload: Mapping[str, Any], count: int) -> NDArray[np.float64]:
    """Give the readings, (time, sensor), in the file's units."""
    values = payload.get("values")
    if not isinstance(values, list) or not values:
        _refuse(path, "holds no readings as 'values'")
    flat = count == 1 and not isinstance(values[0], list)
    try:
        made = np.array(values, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        made = np.empty(0)
    if made.shape != ((len(values),) if flat else (len(values), count)):
        _refuse(path, f"expected {count} number(s) in each of its 'values'")
    return made.reshape(len(values), count)


def _signal(
    values: NDArray[np.float64], columns: Sequence[_Column], name: str, rate_hz: float
) -> Signal:
    mine = [place for place, column in enumerate(columns) if column.signal == name]
    factors = np.array([columns[place].factor for place in mine])
    channels = tuple(columns[place].channel for place in mine)
    return Signal((values[:, mine] * factors).astype(np.float32), rate_hz, channels)


def _word(value: Any) -> str:
    return "nothing" if value is None else shown(str(value)[:100])


def _refuse(path: Path, problem: str) -> NoReturn:
    raise FormatError(
        path, f"{problem}, as Edge Impulse's acquisition format has them. Export it again."
    )
