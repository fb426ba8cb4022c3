"""The two JSON files of a High-Speed Datalog folder, of version 2 or 1, in one form.

Version 2 (device_config.json, acquisition_info.json) is what the firmware DATALOG2 writes, version 1
(DeviceConfig.json, AcquisitionInfo.json) the one before it. Streams of acceleration are taken; others
are named.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from wearsynth.errors import FormatError, shown
from wearsynth.formats.hsdatalog import COUNTER_BYTES
from wearsynth.formats.manifest import read_json

DEVICE_2, ACQUISITION_2 = "device_config.json", "acquisition_info.json"
DEVICE_1, ACQUISITION_1 = "DeviceConfig.json", "AcquisitionInfo.json"
_PACKETS = {0: ("sd_dps", 0), 1: ("usb_dps", COUNTER_BYTES)}
"""Interface (SD card, USB) -> the key of a packet's size, and the bytes that it leaves out."""
_TYPES = {"int8": "<i1", "int16": "<i2", "int32": "<i4", "float": "<f4"}
_UNITS = {"g": 1.0, "mg": 1e-3}
_MOST_SAMPLES, _MOST_BYTES = 10**6, 10**8
_FASTEST_HZ = 1e6
_LATEST_S = 1e9
_LARGEST_PER_COUNT = 100.0


@dataclass(frozen=True)
class Stream:
    """How a .dat file of acceleration is to be read.

    dtype: of a number in it. rate_hz: None where it stands nowhere. packet_bytes: with the counter
    in front; 0 where there are no packets. samples_per_ts: readings before each time stamp; 0 where
    there are none. start_s: of the first reading, from the start of the acquisition.
    """

    name: str
    path: Path
    dtype: str
    axes: int
    g_per_count: float
    rate_hz: float | None
    packet_bytes: int
    samples_per_ts: int
    start_s: float


@dataclass(frozen=True)
class Tag:
    """A label that begins or ends at a time, in seconds from the start."""

    time_s: float
    label: str
    begins: bool


@dataclass(frozen=True)
class Acquired:
    """What a folder says of itself. unread: the names of active streams other than acceleration."""

    version: int
    streams: tuple[Stream, ...]
    unread: tuple[str, ...]
    tags: tuple[Tag, ...]
    start_unix_s: float | None
    description: str


def is_acquisition(folder: Path) -> bool:
    """Tell whether a folder holds the description of a device, of either version."""
    return any((folder / name).is_file() for name in (DEVICE_2, DEVICE_1))


def described(folder: Path) -> Acquired:
    """Give what the JSON files of a folder say; FormatError, naming file and key, where they do not."""
    version = 2 if (folder / DEVICE_2).is_file() else 1
    device, acquisition = (DEVICE_2, ACQUISITION_2) if version == 2 else (DEVICE_1, ACQUISITION_1)
    info = _Said(folder / acquisition, _read(folder / acquisition))
    config = _Said(folder / device, _read(folder / device))
    made = _second(folder, config, info) if version == 2 else _first(folder, config, info)
    if not made.streams:
        other = f": it has {', '.join(made.unread)}" if made.unread else ""
        problem = f"names no active accelerometer{other}. Name another folder."
        raise FormatError(folder / device, problem)
    return made


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise FormatError(path, "is missing, and tells how the folder is read. Copy it there too.")
    return read_json(path)


@dataclass(frozen=True)
class _Said:
    """A JSON object in a file; every refusal names the file and the key."""

    path: Path
    content: Any

    def inner(self, key: str) -> "_Said":
        """Give the object or list of a key."""
        if not isinstance(self.content, dict) or not isinstance(self.content.get(key), dict | list):
            self._refuse(key, "an object or a list")
        return _Said(self.path, self.content[key])

    def items(self) -> Iterator["_Said"]:
        """Give each object of a list."""
        for item in self.content if isinstance(self.content, list) else ():
            if not isinstance(item, dict):
                raise FormatError(
                    self.path, f"expected objects in a list, got {_word(item)}. Mend it."
                )
            yield _Said(self.path, item)

    def number(self, key: str, *, low: float, high: float) -> float:
        """Give a number, or one in words."""
        value = self.content.get(key)
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not low <= number <= high:
            self._refuse(key, f"a number from {low:g} to {high:g}")
        return number

    def whole(self, key: str, *, low: int, high: int) -> int:
        """Give a whole number."""
        number = self.number(key, low=low, high=high)
        if number != int(number):
            self._refuse(key, "a whole number")
        return int(number)

    def words(self, key: str) -> str:
        """Give a text."""
        if not isinstance(self.content.get(key), str):
            self._refuse(key, "a text")
        return str(self.content[key])

    def rate_hz(self, key: str) -> float | None:
        """Give a rate; None where none was measured, which is written as 0 or left out."""
        if not self.content.get(key):
            return None
        return self.number(key, low=1e-3, high=_FASTEST_HZ)

    def dtype(self, key: str) -> str:
        """Give NumPy's name of a type of numbers."""
        kind = self.words(key).removesuffix("_t")
        if kind not in _TYPES:
            self._refuse(key, " or ".join(_TYPES))
        return _TYPES[kind]

    def moment(self, key: str) -> datetime:
        """Give a time of ISO 8601, in UTC."""
        try:
            moment = datetime.fromisoformat(self.words(key))
        except ValueError:
            self._refuse(key, "a time such as 2024-01-31T12:00:00.000Z")
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def _refuse(self, key: str, wanted: str) -> NoReturn:
        value = self.content.get(key) if isinstance(self.content, dict) else self.content
        raise FormatError(
            self.path,
            f"expected {wanted} as {key!r}, got {_word(value)}. Mend it or copy it again.",
        )


def _word(value: Any) -> str:
    if value is None:
        return "nothing"
    return (
        shown(str(value)[:100]) if isinstance(value, str | float | bool) else type(value).__name__
    )


def _second(folder: Path, config: _Said, info: _Said) -> Acquired:
    devices = list(config.inner("devices").items())
    if not devices:
        raise FormatError(config.path, "names no device. Copy it again.")
    packets = _packets(info)
    active = [
        (name, component.inner(name))
        for component in devices[0].inner("components").items()
        for name, of in component.content.items()
        if isinstance(of, dict) and "data_type" in of and of.get("enable") is True
    ]
    start = info.moment("start_time")
    return Acquired(
        version=2,
        streams=tuple(_stream_2(folder, n, of, packets) for n, of in active if _is_acc(n)),
        unread=tuple(name for name, _ in active if not _is_acc(name)),
        tags=tuple(_tags_2(info, start)),
        start_unix_s=start.timestamp(),
        description=str(info.content.get("description", "")),
    )


def _is_acc(name: str) -> bool:
    return name.lower().endswith("_acc")


def _stream_2(folder: Path, name: str, of: _Said, packets: tuple[str, int]) -> Stream:
    size_key, left_out = packets
    return Stream(
        name=name,
        path=_data_file(folder, name, of.path),
        dtype=of.dtype("data_type"),
        axes=of.whole("dim", low=3, high=3),
        g_per_count=of.number("sensitivity", low=1e-9, high=_LARGEST_PER_COUNT),
        rate_hz=of.rate_hz("measodr"),
        packet_bytes=of.whole(size_key, low=COUNTER_BYTES + 1, high=_MOST_BYTES) + left_out,
        samples_per_ts=of.whole("samples_per_ts", low=0, high=_MOST_SAMPLES),
        start_s=_start_s(of, "ioffset"),
    )


def _packets(info: _Said) -> tuple[str, int]:
    interface = info.whole("interface", low=0, high=100) if "interface" in info.content else 0
    if interface not in _PACKETS:
        problem = f"was recorded over the interface {interface}; those of SD card (0) and USB (1)"
        raise FormatError(info.path, f"{problem} are read. Convert it with ST's own tool.")
    return _PACKETS[interface]


def _tags_2(info: _Said, start: datetime) -> Iterator[Tag]:
    if info.content.get("tags"):
        for tag in info.inner("tags").items():
            time_s = (tag.moment("ta") - start).total_seconds()
            yield Tag(time_s, tag.words("l"), tag.content.get("e") is True)


def _first(folder: Path, config: _Said, info: _Said) -> Acquired:
    streams, unread = [], []
    for sensor in config.inner("device").inner("sensor").items():
        kinds = sensor.inner("sensorDescriptor").inner("subSensorDescriptor").items()
        states = sensor.inner("sensorStatus").inner("subSensorStatus").items()
        for kind, state in zip(kinds, states, strict=False):
            if state.content.get("isActive") is not True:
                continue
            name = f"{sensor.words('name')}_{kind.words('sensorType')}"
            if kind.content["sensorType"] != "ACC":
                unread.append(name)
                continue
            streams.append(_stream_1(folder, name, kind, state))
    return Acquired(
        version=1,
        streams=tuple(streams),
        unread=tuple(unread),
        tags=tuple(_tags_1(info)),
        start_unix_s=None,
        description=str(info.content.get("Description", "")),
    )


def _stream_1(folder: Path, name: str, kind: _Said, state: _Said) -> Stream:
    unit = kind.words("unit")
    if unit not in _UNITS:
        problem = f"gives {name} in {shown(unit)}, expected g or mg. Mend it."
        raise FormatError(kind.path, problem)
    per_count = state.number("sensitivity", low=1e-9, high=1000 * _LARGEST_PER_COUNT)
    return Stream(
        name=name,
        path=_data_file(folder, name, kind.path),
        dtype=kind.dtype("dataType"),
        axes=kind.whole("dimensions", low=3, high=3),
        g_per_count=per_count * _UNITS[unit],
        rate_hz=state.rate_hz("ODRMeasured") or state.rate_hz("ODR"),
        packet_bytes=0,
        samples_per_ts=state.whole("samplesPerTs", low=0, high=_MOST_SAMPLES),
        start_s=_start_s(state, "initialOffset"),
    )


def _tags_1(info: _Said) -> Iterator[Tag]:
    if info.content.get("Tags"):
        for tag in info.inner("Tags").items():
            time_s = tag.number("t", low=-_LATEST_S, high=_LATEST_S)
            yield Tag(time_s, tag.words("Label"), tag.content.get("Enable") is True)


def _start_s(of: _Said, key: str) -> float:
    return of.number(key, low=-_LATEST_S, high=_LATEST_S) if of.content.get(key) else 0.0


def _data_file(folder: Path, name: str, source: Path) -> Path:
    """Give the .dat file of a stream, whatever the case of its name."""
    wanted = f"{name}.dat".lower()
    for path in sorted(folder.iterdir()):
        if path.name.lower() == wanted:
            return path
    problem = f"names {shown(name)}, but there is no {name[:40]}.dat beside it. Copy it there too."
    raise FormatError(source, problem)
