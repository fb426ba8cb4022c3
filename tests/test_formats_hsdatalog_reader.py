"""High-Speed Datalog folders read: what the firmware writes, what wearsynth writes, what is damaged."""

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from counts_toys import some_counts
from layouts import hsdatalog
from layouts.hsdatalog import G_PER_COUNT, RATE_HZ, SAMPLES_PER_TS, SD_BYTES
from wearsynth.data import Gap, Recording, Span
from wearsynth.errors import FormatError
from wearsynth.formats import read, recognise
from wearsynth.formats.hsdatalog_reader import OVERLAP
from wearsynth.formats.hsdatalog_stream import CUT, LOST, PAUSED, WILD_COUNTERS, WILD_TIMES
from wearsynth.formats.writers import WRITERS

BLOCK_S = SAMPLES_PER_TS / RATE_HZ
DAT = {1: "LSM6DSO_ACC.dat", 2: "lsm6dsv16x_acc.dat"}


def told(recording: Recording) -> dict[str, int]:
    return {odd.what: odd.count for odd in recording.oddities}


def counts_of(recording: Recording) -> Any:
    return np.rint(recording.signals["acc"].values / G_PER_COUNT)


def edit(path: Path, change: Callable[[Any], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("name", ["hsdatalog", "hsdatalog_v1"])
def test_counts_that_were_written_are_read_back(tmp_path: Path, name: str) -> None:
    counts = replace(some_counts(), synthetic=True)
    WRITERS[name]([counts], tmp_path / "out")
    assert recognise(tmp_path / "out") == "hsdatalog"
    back = {recording.name: recording for recording in read(tmp_path / "out")}
    assert sorted(back) == ["jogging_0", "jogging_1", "walking_0", "walking_1"]
    for folder, mine in {"walking_0": [0], "walking_1": [2, 3], "jogging_1": [4]}.items():
        of = back[folder]
        assert np.array_equal(counts_of(of), counts.values[mine].reshape(-1, 3))
        assert of.signals["acc"].rate_hz == 26.0
        assert [(span.start_s, span.end_s) for span in of.spans] == [
            pytest.approx((k * 4 / 26, (k + 1) * 4 / 26)) for k in range(len(mine))
        ]
        assert {span.label for span in of.spans} == {folder.split("_")[0]}
        assert (of.synthetic, of.start_unix_s, of.oddities, of.gaps) == (True, None, (), ())


@pytest.mark.parametrize("version", [1, 2])
def test_frames_need_not_keep_to_packets(tmp_path: Path, version: int) -> None:
    path = hsdatalog.write(tmp_path, version=version)
    (recording,) = read(path)
    got, wanted = counts_of(recording), hsdatalog.readings()
    whole = {1: 39, 2: 38}[version]  # the last one is left out; two are cut by the last packet
    assert len(got) == whole * SAMPLES_PER_TS
    assert np.array_equal(got, wanted[: len(got)])
    assert recording.spans == (Span(0.0, 2.0, "walking"),)
    assert recording.signals["acc"].rate_hz == RATE_HZ
    assert (recording.oddities, recording.gaps, recording.synthetic) == ((), (), False)
    assert recording.start_unix_s == (None if version == 1 else 1714979289.0)
    assert ("not read: lsm6dsv16x_gyro" in recording.notes) is (version == 2)


def test_lost_packets_are_a_gap_and_what_follows_keeps_its_time(tmp_path: Path) -> None:
    path = hsdatalog.write(tmp_path)
    content = (path / DAT[2]).read_bytes()
    (path / DAT[2]).write_bytes(content[: 3 * SD_BYTES] + content[5 * SD_BYTES :])
    (recording,) = read(path)
    got, wanted = counts_of(recording), hsdatalog.readings()
    # payload bytes 768 to 1280 of frames of 152: frames 5 to 8
    assert recording.gaps == (Gap(5 * BLOCK_S, 9 * BLOCK_S),)
    bad = np.isnan(got).any(axis=1)
    assert np.array_equal(got[~bad], wanted[: len(got)][~bad])
    assert told(recording) == {LOST: 1}


def test_one_damaged_counter_moves_nothing(tmp_path: Path) -> None:
    path = hsdatalog.write(tmp_path)
    content = bytearray((path / DAT[2]).read_bytes())
    content[4 * SD_BYTES : 4 * SD_BYTES + 4] = struct.pack("<I", 1500)
    (path / DAT[2]).write_bytes(content)
    (recording,) = read(path)
    assert np.array_equal(counts_of(recording), hsdatalog.readings()[: 38 * SAMPLES_PER_TS])
    assert told(recording) == {WILD_COUNTERS: 1}


def test_a_counter_that_runs_over_is_none_that_is_lost(tmp_path: Path) -> None:
    path = hsdatalog.write(tmp_path)
    stream = b"".join(hsdatalog._frames(hsdatalog.readings()))
    (path / DAT[2]).write_bytes(hsdatalog.packets(stream, SD_BYTES, first=2**32 - 1000))
    (recording,) = read(path)
    assert recording.oddities == ()


def test_a_pause_that_only_the_times_tell_is_a_gap(tmp_path: Path) -> None:
    path = hsdatalog.write(tmp_path, version=1)
    frame = 6 * SAMPLES_PER_TS + 8
    content = (path / DAT[1]).read_bytes()
    (path / DAT[1]).write_bytes(content[: 10 * frame] + content[12 * frame :])
    (recording,) = read(path)
    assert recording.gaps == (Gap(1.0, 1.2),)
    assert told(recording) == {PAUSED: 1}
    assert np.array_equal(counts_of(recording)[12 * 24 :], hsdatalog.readings()[12 * 24 : 39 * 24])


@pytest.mark.parametrize("stamp", [np.nan, -5.0, 1e300, 50_000.0])
def test_a_wild_time_moves_nothing(tmp_path: Path, stamp: float) -> None:
    path = hsdatalog.write(tmp_path, version=1)
    frame = 6 * SAMPLES_PER_TS + 8
    content = bytearray((path / DAT[1]).read_bytes())
    content[8 * frame - 8 : 8 * frame] = struct.pack("<d", stamp)
    (path / DAT[1]).write_bytes(content)
    (recording,) = read(path)
    assert recording.gaps == ()
    assert list(told(recording)) == [WILD_TIMES]
    assert np.array_equal(counts_of(recording), hsdatalog.readings()[: 39 * 24])


def test_a_cut_file_is_read_to_its_last_frame_and_told(tmp_path: Path) -> None:
    path = hsdatalog.write(tmp_path)
    content = (path / DAT[2]).read_bytes()
    (path / DAT[2]).write_bytes(content[: 6 * SD_BYTES + 7])
    (recording,) = read(path)
    assert len(counts_of(recording)) == 6 * 256 // 152 * 24
    assert told(recording) == {CUT: 7}
    (path / DAT[2]).write_bytes(content[: SD_BYTES - 1])
    with pytest.raises(FormatError, match=r"has 259 bytes, no whole packet of 260\. Copy it again"):
        read(path)


def test_over_usb_packets_have_another_size(tmp_path: Path) -> None:
    path = hsdatalog.write(tmp_path)
    stream = b"".join(hsdatalog._frames(hsdatalog.readings()))
    (path / DAT[2]).write_bytes(hsdatalog.packets(stream, 1024 + 4))
    edit(path / "acquisition_info.json", lambda of: of.update(interface=1))
    (recording,) = read(path)
    got = counts_of(recording)
    assert np.array_equal(got, hsdatalog.readings()[: len(got)])
    assert len(got) == 5 * 1024 // 152 * 24
    edit(path / "acquisition_info.json", lambda of: of.update(interface=2))
    with pytest.raises(FormatError, match="over the interface 2"):
        read(path)


def component(name: str, **changes: object) -> Callable[[Any], None]:
    def change(content: Any) -> None:
        for of in content["devices"][0]["components"]:
            if name in of:
                of[name].update(changes)

    return change


def test_the_rate_is_the_measured_one_then_that_of_the_times(tmp_path: Path) -> None:
    path = hsdatalog.write(tmp_path)
    edit(path / "device_config.json", component("lsm6dsv16x_acc", measodr=0))
    assert read(path)[0].signals["acc"].rate_hz == pytest.approx(240.0)
    assert read(path, source_rate_hz=200.0)[0].signals["acc"].rate_hz == 200.0
    edit(path / "device_config.json", component("lsm6dsv16x_acc", measodr=230))
    (recording,) = read(path)
    assert recording.signals["acc"].rate_hz == 230
    assert "time stamps tell 240 Hz, taken as 230 Hz" in recording.notes


def test_a_stream_without_time_stamps_needs_a_rate(tmp_path: Path) -> None:
    path = hsdatalog.write(tmp_path)
    (path / DAT[2]).write_bytes(hsdatalog.packets(hsdatalog.readings().tobytes(), SD_BYTES))
    changes = component("lsm6dsv16x_acc", measodr=0, samples_per_ts=0)
    edit(path / "device_config.json", changes)
    with pytest.raises(FormatError, match=r"rate stands nowhere\. Give it"):
        read(path)
    (recording,) = read(path, source_rate_hz=240.0)
    got = counts_of(recording)
    assert np.array_equal(got, hsdatalog.readings()[: len(got)])


def test_several_accelerometers_have_their_own_names(tmp_path: Path) -> None:
    path = hsdatalog.write(tmp_path)
    (path / "iis2dlpc_acc.dat").write_bytes((path / DAT[2]).read_bytes())

    def add(content: Any) -> None:
        parts = content["devices"][0]["components"]
        parts.append({"iis2dlpc_acc": parts[1]["lsm6dsv16x_acc"] | {"ioffset": 0.5}})

    edit(path / "device_config.json", add)
    (recording,) = read(path)
    assert {name: of.start_s for name, of in recording.signals.items()} == {
        "lsm6dsv16x_acc": 0.0,
        "iis2dlpc_acc": 0.5,
    }


def test_tags_that_overlap_are_told_and_the_later_stands(tmp_path: Path) -> None:
    path = hsdatalog.write(tmp_path, version=1)
    tags = [
        {"t": 0.5, "Label": "walking", "Enable": True},
        {"t": 1.0, "Label": "running", "Enable": True},
        {"t": 2.0, "Label": "walking", "Enable": False},
        {"t": 99.0, "Label": "running", "Enable": False},
    ]
    edit(path / "AcquisitionInfo.json", lambda of: of.update(Tags=tags))
    (recording,) = read(path)
    assert recording.spans == (Span(0.5, 1.0, "walking"), Span(1.0, 3.9, "running"))
    assert told(recording) == {OVERLAP: 1}


@pytest.mark.parametrize(
    ("version", "file", "change", "problem"),
    [
        (2, "device_config.json", lambda of: of.pop("devices"), "'devices', got nothing"),
        (2, "device_config.json", component("lsm6dsv16x_acc", sensitivity="x"), "'sensitivity'"),
        (2, "device_config.json", component("lsm6dsv16x_acc", sd_dps=4), "from 5 to .* 'sd_dps'"),
        (2, "device_config.json", component("lsm6dsv16x_acc", dim=6), "'dim', got int"),
        (2, "device_config.json", component("lsm6dsv16x_acc", data_type="q"), "int16 or .*'q'"),
        (2, "device_config.json", component("lsm6dsv16x_acc", enable=False), "no active acceler"),
        (2, "acquisition_info.json", lambda of: of.update(start_time="soon"), "a time such as"),
        (2, "acquisition_info.json", lambda of: of.update(tags=[3]), "expected objects in a list"),
        (1, "DeviceConfig.json", lambda of: of["device"].update(sensor="x"), "'sensor', got 'x'"),
        (1, "AcquisitionInfo.json", lambda of: of["Tags"][0].pop("t"), "'t', got nothing"),
    ],
)
def test_a_wrong_description_is_one_sentence_that_names_file_and_key(
    tmp_path: Path, version: int, file: str, change: Callable[[Any], object], problem: str
) -> None:
    path = hsdatalog.write(tmp_path, version=version)
    edit(path / file, change)
    with pytest.raises(FormatError, match=rf"{file}: .*{problem}"):
        read(path)


@pytest.mark.parametrize(
    ("version", "file", "problem"),
    [
        (2, "acquisition_info.json", r"acquisition_info\.json: is missing.* Copy it there too\."),
        (2, "lsm6dsv16x_acc.dat", r"device_config\.json: names 'lsm6dsv16x_acc', but there is no"),
        (2, "device_config.json", "in none of the known formats"),
        (1, "AcquisitionInfo.json", "is missing"),
        (1, "LSM6DSO_ACC.dat", "there is no LSM6DSO_ACC.dat beside it"),
    ],
)
def test_a_missing_file_is_one_sentence(
    tmp_path: Path, version: int, file: str, problem: str
) -> None:
    path = hsdatalog.write(tmp_path, version=version)
    (path / file).unlink()
    with pytest.raises(FormatError, match=problem):
        read(path)


def test_no_json_is_one_sentence(tmp_path: Path) -> None:
    path = hsdatalog.write(tmp_path)
    (path / "device_config.json").write_text('{"devices": [')
    with pytest.raises(FormatError, match=r"device_config\.json, line 1: is not JSON"):
        read(path)


def test_a_folder_without_acquisitions_is_told(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"holds no device_config\.json or DeviceConfig\.json"):
        read(tmp_path, format="hsdatalog")
