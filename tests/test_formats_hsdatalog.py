"""High-Speed Datalog: every byte of small folders, against what ST's readers expect."""

import json
import struct
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from counts_toys import rows, some_counts
from wearsynth.data import Channel
from wearsynth.errors import DataError
from wearsynth.formats import hsdatalog_v1, hsdatalog_v2
from wearsynth.formats.hsdatalog import full_scale_g
from wearsynth.formats.writers import WRITERS
from wearsynth.sensors import Counts

FRAME = struct.Struct("<12hd")
"""A window of 4 readings of x, y, z, and the time of its end."""
PACKET = struct.Struct("<I12hd")


def expected(counts: Counts, windows: Iterable[int], *, counted: bool) -> bytes:
    """Give a .dat file, packed by hand."""
    text = b""
    for number, window in enumerate(windows):
        frame = FRAME.pack(*counts.values[window].reshape(-1).tolist(), (number + 1) * 4 / 26)
        text += (struct.pack("<I", number * len(frame)) if counted else b"") + frame
    return text


def test_version_2_is_packets_of_a_counter_and_a_window(tmp_path: Path) -> None:
    counts = some_counts()
    summary = hsdatalog_v2.write([rows(counts, 0, 2), rows(counts, 2, 5)], tmp_path / "out")
    folders = sorted(path.name for path in (tmp_path / "out").iterdir() if path.is_dir())
    assert folders == ["jogging_0", "jogging_1", "walking_0", "walking_1"]
    for name, windows in {"walking_0": [0], "walking_1": [2, 3], "jogging_1": [4]}.items():
        data = (tmp_path / "out" / name / "lsm6dsv16x_acc.dat").read_bytes()
        assert data == expected(counts, windows, counted=True)
        assert len(data) == len(windows) * PACKET.size
    assert summary.notes[-1].startswith(
        "the folders name the part lsm6dsv16x, as readers know no l"
    )


def test_version_2_says_how_the_packets_are_to_be_read(tmp_path: Path) -> None:
    hsdatalog_v2.write([some_counts()], tmp_path / "out")
    own = tmp_path / "out" / "walking_1"
    config = json.loads((own / "device_config.json").read_text())
    [device] = config["devices"]
    assert (device["board_id"], device["fw_id"]) == (13, 22)
    parts = {name: value for part in device["components"] for name, value in part.items()}
    part = parts["lsm6dsv16x_acc"]
    assert part["sd_dps"] == PACKET.size
    assert part["samples_per_ts"] == 4
    assert (part["dim"], part["data_type"]) == (3, "int16")
    assert (part["odr"], part["measodr"]) == (2, 26.0)  # 30 Hz is the nearest that it has
    assert (part["fs"], part["sensitivity"]) == (1, 0.000122)
    assert parts["tags_info"]["sw_tag0"]["label"] == "walking"
    info = json.loads((own / "acquisition_info.json").read_text())
    assert info["interface"] == 0
    assert info["data_fmt"] == "HSD_2.0.0"
    assert info["start_time"] == "2000-01-01T00:00:00.000Z"
    assert info["end_time"] == "2000-01-01T00:00:00.309Z"  # two windows are 0.3077 s
    assert info["tags"] == [
        {"l": "walking", "e": True, "ta": "2000-01-01T00:00:00.000Z"},
        {"l": "walking", "e": False, "ta": "2000-01-01T00:00:00.309Z"},
    ]
    assert info["uuid"] == config["uuid"]


def test_version_1_is_frames_and_the_last_one_again(tmp_path: Path) -> None:
    counts = some_counts()
    summary = hsdatalog_v1.write([rows(counts, 0, 3), rows(counts, 3, 5)], tmp_path / "out")
    own = tmp_path / "out" / "walking_1"
    data = (own / "lsm6dsl_acc.dat").read_bytes()
    assert data == expected(counts, [2, 3, 3], counted=False)
    assert summary.notes[-1] == hsdatalog_v1.ONE_MORE
    device = json.loads((own / "DeviceConfig.json").read_text())["device"]
    [sensor] = device["sensor"]
    assert sensor["name"] == "LSM6DSL"
    [descriptor] = sensor["sensorDescriptor"]["subSensorDescriptor"]
    assert descriptor["sensorType"] == "ACC"
    assert descriptor["dimensionsLabel"] == ["x", "y", "z"]
    assert (descriptor["dimensions"], descriptor["dataType"]) == (3, "int16_t")
    [status] = sensor["sensorStatus"]["subSensorStatus"]
    assert status["samplesPerTs"] == 4
    assert (status["ODR"], status["FS"], status["sensitivity"]) == (26.0, 4.0, 0.000122)
    assert status["usbDataPacketSize"] == 2 * FRAME.size
    info = json.loads((own / "AcquisitionInfo.json").read_text())
    assert info["start_time"] == "0"
    assert [(tag["t"], tag["Label"], tag["Enable"]) for tag in info["Tags"]] == [
        (0.0, "walking", True),
        (8 / 26, "walking", False),
    ]


def test_the_counter_and_the_clock_go_on_from_chunk_to_chunk(tmp_path: Path) -> None:
    counts = replace(some_counts(), label=np.zeros(5, np.int64), device=np.zeros(5, np.int64))
    chunks = [rows(counts, first, first + 1) for first in range(5)]
    hsdatalog_v2.write(chunks, tmp_path / "out")
    data = (tmp_path / "out/walking_0/lsm6dsv16x_acc.dat").read_bytes()
    assert data == expected(counts, range(5), counted=True)
    assert [packet[0] for packet in PACKET.iter_unpack(data)] == [0, 32, 64, 96, 128]


@pytest.mark.parametrize(
    ("per_count", "range_g"),
    [(0.000061, 2), (2 / 2**15, 2), (0.000122, 4), (0.00018, 8), (0.000488, 16), (1 / 64, 16)],
)
def test_the_range_is_that_of_the_sensitivity(per_count: float, range_g: int) -> None:
    assert full_scale_g({"unit_per_count": per_count}) == range_g


@pytest.mark.parametrize("name", ["hsdatalog", "hsdatalog_v1"])
def test_what_the_folders_cannot_hold_is_refused_and_nothing_is_left(
    tmp_path: Path, name: str
) -> None:
    counts = some_counts()
    skin = replace(counts, values=counts.values[:, :, :1], channels=(Channel("eda", "uS"),))
    with pytest.raises(DataError, match=r"three axes of acceleration in g, got 1 .* in uS\. Write"):
        WRITERS[name]([skin], tmp_path / "out")
    with pytest.raises(DataError, match="hold int16, the counts of lsm6dsl need int32"):
        WRITERS[name]([some_counts(dtype="int32")], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_another_part_has_its_own_name_in_version_1(tmp_path: Path) -> None:
    hsdatalog_v1.write([replace(some_counts(), sensor="LIS3DSH")], tmp_path / "out")
    assert (tmp_path / "out/walking_0/lis3dsh_acc.dat").exists()


def test_the_part_of_the_catalogue_needs_no_note(tmp_path: Path) -> None:
    own = replace(some_counts(), sensor="lsm6dsv16x")
    assert hsdatalog_v2.write([own], tmp_path / "out").notes == ("a note",)
