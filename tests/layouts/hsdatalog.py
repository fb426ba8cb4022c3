"""High-Speed Datalog as the firmware writes it: frames that do not keep to packets, several sensors.

Version 2: device_config.json, acquisition_info.json, <part>_<kind>.dat in packets with counters.
Version 1: DeviceConfig.json, AcquisitionInfo.json, <PART>_<KIND>.dat, frames end to end.
"""

import json
import struct
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 240.0
SAMPLES_PER_TS = 24
SD_BYTES = 260
G_PER_COUNT = 0.000122
START = "2024-05-06T07:08:09.000Z"


def write(folder: Path, *, seed: int = 0, frames: int = 40, version: int = 2) -> Path:
    """Write one acquisition of so many frames, walking for its first half, and give its folder."""
    own = folder / "20240506_07_08_09"
    own.mkdir(parents=True)
    counts = readings(seed=seed, count=frames * SAMPLES_PER_TS)
    half_s = frames * SAMPLES_PER_TS / RATE_HZ / 2
    stream = b"".join(_frames(counts))
    if version == 1:
        (own / "LSM6DSO_ACC.dat").write_bytes(stream)
        _put(own / "DeviceConfig.json", _device_1())
        _put(own / "AcquisitionInfo.json", _acquisition_1(half_s))
        return own
    for name in ("lsm6dsv16x_acc", "lsm6dsv16x_gyro"):
        (own / f"{name}.dat").write_bytes(packets(stream, SD_BYTES))
    _put(own / "device_config.json", _device_2())
    _put(own / "acquisition_info.json", _acquisition_2(half_s))
    return own


def readings(*, seed: int = 0, count: int = 40 * SAMPLES_PER_TS) -> NDArray[np.int16]:
    """Give (reading, axis) counts of a walk."""
    random = np.random.default_rng(seed)
    swing = 1500 * np.sin(2 * np.pi * 2 * np.arange(count) / RATE_HZ)[:, None] + [0, 8200, 0]
    return np.asarray(swing + random.normal(0, 30, (count, 3))).astype(np.int16)


def packets(stream: bytes, size: int, *, first: int = 0) -> bytes:
    """Give a stream in whole packets, a uint32 counter of payload bytes before each."""
    own = size - 4
    return b"".join(
        struct.pack("<I", (first + at) % 2**32) + stream[at : at + own]
        for at in range(0, len(stream) - own + 1, own)
    )


def _frames(counts: NDArray[np.int16]) -> Iterator[bytes]:
    for first in range(0, len(counts), SAMPLES_PER_TS):
        end = first + SAMPLES_PER_TS
        yield counts[first:end].astype("<i2").tobytes() + struct.pack("<d", end / RATE_HZ)


def _device_2() -> dict[str, Any]:
    of = {
        "odr": 5, "fs": 1, "enable": True, "samples_per_ts": SAMPLES_PER_TS, "dim": 3, "ioffset": 0.0,
        "measodr": RATE_HZ, "usb_dps": 1024, "sd_dps": SD_BYTES, "sensitivity": G_PER_COUNT,
        "data_type": "int16", "sensor_annotation": "", "sensor_category": 0, "c_type": 0,
        "stream_id": 0, "ep_id": 0,
    }  # fmt: skip
    components = [
        {"firmware_info": {"alias": "STWIN", "fw_name": "DATALOG2", "c_type": 2}},
        {"lsm6dsv16x_acc": of},
        {"lsm6dsv16x_gyro": of | {"sensitivity": 0.07}},
        {"stts22h_temp": of | {"enable": False, "dim": 1}},
    ]
    device = {"board_id": 13, "fw_id": 22, "sn": "00", "components": components}
    return {"schema_version": "2.2.0", "uuid": "a", "devices": [device]}


def _acquisition_2(half_s: float) -> dict[str, Any]:
    moment = datetime.fromisoformat(START) + timedelta(seconds=half_s)
    end = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "name": "walk", "description": "", "uuid": "a", "start_time": START, "end_time": end,
        "data_ext": ".dat", "data_fmt": "HSD_2.0.0", "interface": 0, "schema_version": "2.0.0",
        "tags": [{"l": "walking", "e": True, "ta": START}, {"l": "walking", "e": False, "ta": end}],
    }  # fmt: skip


def _device_1() -> dict[str, Any]:
    kind = {
        "id": 0, "sensorType": "ACC", "dimensions": 3, "dimensionsLabel": ["x", "y", "z"], "unit": "g",
        "dataType": "int16_t", "FS": [4.0], "ODR": [RATE_HZ],
        "samplesPerTs": {"min": 0, "max": 1000, "dataType": "int16_t"},
    }  # fmt: skip
    state = {
        "isActive": True, "ODR": RATE_HZ, "ODRMeasured": RATE_HZ, "initialOffset": 0.0,
        "samplesPerTs": SAMPLES_PER_TS, "FS": 4.0, "sensitivity": G_PER_COUNT,
    }  # fmt: skip
    sensor = {
        "id": 0,
        "name": "LSM6DSO",
        "sensorDescriptor": {"subSensorDescriptor": [kind]},
        "sensorStatus": {"subSensorStatus": [state]},
    }
    info = {"serialNumber": "00", "alias": "STWIN", "nSensor": 1}
    return {"JSONVersion": "1.1.0", "device": {"deviceInfo": info, "sensor": [sensor]}}


def _acquisition_1(half_s: float) -> dict[str, Any]:
    tags = [
        {"t": 0.0, "Label": "walking", "Enable": True},
        {"t": half_s, "Label": "walking", "Enable": False},
    ]
    return {"Name": "walk", "Description": "", "start_time": "0", "Tags": tags, "end_time": "1"}


def _put(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8", newline="\n")
