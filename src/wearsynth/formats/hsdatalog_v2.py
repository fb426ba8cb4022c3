"""Counts as High-Speed Datalog 2 folders, as DATALOG2 writes them to an SD card, written.

device_config.json, acquisition_info.json and <part>_acc.dat, a run of packets: a uint32 counter of
payload bytes, then one frame. Readers know only parts of ST's catalogue of boards: SensorTile.box PRO
(board 13, firmware 22) has the LSM6DSV16X, whose name stands for any part here, with the true scale and
rate beside it.
"""

import math
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from wearsynth.formats.chunk_writing import write_chunks
from wearsynth.formats.hsdatalog import (
    COUNTER_BYTES,
    FULL_SCALES_G,
    Acquisition,
    Frames,
    full_scale_g,
)
from wearsynth.formats.manifest import Summary, write_json
from wearsynth.sensors import Counts

BOARD_ID, FIRMWARE_ID = 13, 22
PART = "lsm6dsv16x"
RATES_HZ = (7.5, 15, 30, 60, 120, 240, 480, 960, 1920, 3840, 7680)
"""What the number odr of an lsm6dsv16x_acc stands for."""
START = datetime(2000, 1, 1, tzinfo=UTC)
"""Before there was any such board: synthetic windows have no time."""


def write(chunks: Iterable[Counts], folder: Path, *, overwrite: bool = False) -> Summary:
    """Write <class>_<device>/ with the two JSON files and lsm6dsv16x_acc.dat, and manifest.json.

    The class is a tag over the whole recording; a frame is a window. A note says that the part's
    name stands for another. DataError for anything but three axes of acceleration in int16; else
    errors as write_chunks.
    """
    files = Frames(f"{PART}_acc.dat", counted=True)
    return write_chunks(
        chunks,
        folder,
        overwrite=overwrite,
        layout={"format": "hsdatalog"},
        append=files.append,
        finish=partial(_finish, files),
    )


def _finish(files: Frames, place: Path, summary: Summary) -> Summary:
    for acquisition in files.acquisitions():
        own = files.path(place, acquisition).parent
        write_json(own / "device_config.json", _device_config(acquisition))
        write_json(own / "acquisition_info.json", _acquisition_info(acquisition))
    sensor = summary.about["sensor"]
    note = (
        f"the folders name the part {PART}, as readers know no {sensor}: sensitivity and measodr are "
        f"those of {sensor}."
    )
    return summary if sensor == PART else replace(summary, notes=(*summary.notes, note))


def _device_config(of: Acquisition) -> dict[str, Any]:
    firmware = {"alias": "wearsynth", "fw_name": "FP-SNS-DATALOG2_Datalog2", "fw_version": "3.1.0"}
    tag = {"label": of.label, "enabled": True, "status": False}
    return {
        "schema_version": "2.2.0",
        "uuid": of.uuid,
        "devices": [
            {
                "board_id": BOARD_ID,
                "fw_id": FIRMWARE_ID,
                "sn": f"{of.device:024d}",
                "components": [
                    {"firmware_info": {**firmware, "c_type": 2}},
                    {"tags_info": {"max_tags_num": 100, "sw_tag0": tag, "c_type": 2}},
                    {f"{PART}_acc": _component(of)},
                ],
            }
        ],
    }


def _component(of: Acquisition) -> dict[str, Any]:
    rate_hz = float(of.about["rate_hz"])
    nearest = min(RATES_HZ, key=lambda known_hz: abs(math.log(known_hz / rate_hz)))
    return {
        "odr": RATES_HZ.index(nearest),
        "fs": FULL_SCALES_G.index(full_scale_g(of.about)),
        "enable": True,
        "samples_per_ts": of.about["readings_per_window"],
        "dim": len(of.about["channels"]),
        "ioffset": 0.0,
        "measodr": rate_hz,
        "usb_dps": of.frame_bytes,
        "sd_dps": COUNTER_BYTES + of.frame_bytes,
        "sensitivity": of.about["unit_per_count"],
        "data_type": "int16",
        "sensor_annotation": str(of.about["sensor"]),
        "sensor_category": 0,
        "c_type": 0,
        "stream_id": 0,
        "ep_id": 0,
    }


def _acquisition_info(of: Acquisition) -> dict[str, Any]:
    # a whole millisecond later than the end: readers stop a frame early where it is sooner
    end_time = _time(math.ceil(1000 * of.end_s) + 1)
    return {
        "name": of.name,
        "description": of.description,
        "uuid": of.uuid,
        "start_time": _time(0),
        "end_time": end_time,
        "data_ext": ".dat",
        "data_fmt": "HSD_2.0.0",
        "interface": 0,
        "schema_version": "2.0.0",
        "tags": [
            {"l": of.label, "e": True, "ta": _time(0)},
            {"l": of.label, "e": False, "ta": end_time},
        ],
        "c_type": 2,
    }


def _time(after_ms: int) -> str:
    moment = START + timedelta(milliseconds=after_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
