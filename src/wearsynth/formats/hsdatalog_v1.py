"""Counts as High-Speed Datalog 1 folders, which take any part by its own name, written.

DeviceConfig.json, AcquisitionInfo.json and <part>_acc.dat, a run of frames without counters.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from wearsynth.formats.chunk_writing import write_chunks
from wearsynth.formats.hsdatalog import FULL_SCALES_G, Acquisition, Frames, full_scale_g
from wearsynth.formats.manifest import Summary, write_json
from wearsynth.sensors import Counts

ONE_MORE = (
    "each .dat file ends with one frame more, the last one again and in no tag, as readers of "
    "High-Speed Datalog 1 leave out the last frame."
)


def write(chunks: Iterable[Counts], folder: Path, *, overwrite: bool = False) -> Summary:
    """Write <class>_<device>/ with the two JSON files and <part>_acc.dat, and manifest.json.

    The class is a tag over the whole recording; a frame is a window, and the last one stands twice.
    DataError for anything but three axes of acceleration in int16; else errors as write_chunks.
    """
    files = Frames("{sensor}_acc.dat", counted=False)
    return write_chunks(
        chunks,
        folder,
        overwrite=overwrite,
        layout={"format": "hsdatalog_v1"},
        append=files.append,
        finish=partial(_finish, files),
    )


def _finish(files: Frames, place: Path, summary: Summary) -> Summary:
    for acquisition in files.acquisitions():
        path = files.path(place, acquisition)
        _repeat_last_frame(path, acquisition)
        write_json(path.with_name("DeviceConfig.json"), _device_config(acquisition))
        write_json(path.with_name("AcquisitionInfo.json"), _acquisition_info(acquisition))
    return replace(summary, notes=(*summary.notes, ONE_MORE))


def _repeat_last_frame(path: Path, of: Acquisition) -> None:
    end_s = (of.windows + 1) * (of.about["readings_per_window"] / of.about["rate_hz"])
    with path.open("rb+") as stream:
        stream.seek(-of.frame_bytes, 2)
        values = stream.read(of.frame_bytes)[:-8]
        stream.write(values + np.array(end_s, "<f8").tobytes())


def _device_config(of: Acquisition) -> dict[str, Any]:
    sensor = {
        "id": 0,
        "name": str(of.about["sensor"]).upper(),
        "sensorDescriptor": {"subSensorDescriptor": [_descriptor(of)]},
        "sensorStatus": {"subSensorStatus": [_status(of)]},
    }
    info = {
        "serialNumber": f"{of.device:024d}",
        "alias": "wearsynth",
        "partNumber": "wearsynth",
        "URL": "",
        "fwName": "wearsynth",
        "fwVersion": "",
        "dataFileExt": ".dat",
        "dataFileFormat": "HSD_1.0.0",
        "nSensor": 1,
    }
    tags = {"maxTagsPerAcq": 100, "swTags": [{"id": 0, "label": of.label}], "hwTags": []}
    return {
        "UUIDAcquisition": of.uuid,
        "JSONVersion": "1.1.0",
        "device": {"deviceInfo": info, "sensor": [sensor], "tagConfig": tags},
    }


def _descriptor(of: Acquisition) -> dict[str, Any]:
    readings = of.about["readings_per_window"]
    return {
        "id": 0,
        "sensorType": "ACC",
        "dimensions": len(of.about["channels"]),
        "dimensionsLabel": [c["name"].rpartition("_")[2] for c in of.about["channels"]],
        "unit": "g",
        "dataType": "int16_t",
        "FS": [float(g) for g in FULL_SCALES_G],
        "ODR": [float(of.about["rate_hz"])],
        "samplesPerTs": {"min": 0, "max": max(1000, readings), "dataType": "int16_t"},
    }


def _status(of: Acquisition) -> dict[str, Any]:
    whole = of.windows * of.frame_bytes  # in one packet: readers lose a byte for each
    return {
        "isActive": True,
        "ODR": float(of.about["rate_hz"]),
        "ODRMeasured": float(of.about["rate_hz"]),
        "initialOffset": 0.0,
        "samplesPerTs": of.about["readings_per_window"],
        "FS": float(full_scale_g(of.about)),
        "sensitivity": of.about["unit_per_count"],
        "usbDataPacketSize": whole,
        "sdWriteBufferSize": whole,
        "wifiDataPacketSize": 0,
        "comChannelNumber": 0,
        "ucfLoaded": False,
    }


def _acquisition_info(of: Acquisition) -> dict[str, Any]:
    return {
        "UUIDAcquisition": of.uuid,
        "Name": of.name,
        "Description": of.description,
        "start_time": "0",
        "Tags": [
            {"t": 0.0, "Label": of.label, "Enable": True},
            {"t": of.end_s, "Label": of.label, "Enable": False},
        ],
        "end_time": repr(of.end_s),
    }
