"""What NanoEdge AI Studio, Edge Impulse, C compilers, Hugging Face and WISDM readers are given."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from counts_toys import rows, some_counts
from wearsynth.data import Channel
from wearsynth.errors import DataError
from wearsynth.formats import (
    c_header,
    edge_impulse,
    huggingface,
    nanoedge,
    raw_counts,
    read,
    wisdm_key,
    wisdm_writer,
)
from wearsynth.formats.writers import WRITERS
from wearsynth.oddities import STANDARD_GRAVITY_M_S2
from wearsynth.sensors import Counts


def small(values: list[list[list[int]]], **changes: object) -> Counts:
    """Give some windows of walking at 25 Hz with 1/64 g for one count."""
    many = len(values)
    usual = {
        "values": np.array(values, dtype=np.int16),
        "label": np.zeros(many, dtype=np.int64),
        "device": np.zeros(many, dtype=np.int64),
        "rate_hz": 25.0,
        "scale": 1 / 64,
    }
    return replace(some_counts(), **(usual | changes))  # type: ignore[arg-type]  # any field


TWO = [[[64, -64, 0], [1, 2, 3]], [[-1, 0, 1], [32767, -32768, 5]]]


def files(folder: Path) -> list[str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in found)


def test_nanoedge_has_a_line_a_window_and_no_header(tmp_path: Path) -> None:
    counts = small(TWO)
    summary = nanoedge.write([rows(counts, 0, 1), rows(counts, 1, 2)], tmp_path / "out")
    text = (tmp_path / "out/walking.csv").read_bytes()
    assert text == b"64,-64,0,1,2,3\n-1,0,1,32767,-32768,5\n"
    assert files(tmp_path / "out") == ["manifest.json", "walking.csv"]
    assert summary.notes == ("a note",)


def test_nanoedge_tells_a_length_that_is_no_power_of_two(tmp_path: Path) -> None:
    three = nanoedge.write([small([[[1, 2, 3]] * 3])], tmp_path / "out")
    assert three.notes[-1].endswith("in a buffer, these have 3: 2 or 4 would do.")
    assert "these have 3" in (tmp_path / "out/manifest.json").read_text()


def test_raw_files_are_the_counts_and_nothing_else(tmp_path: Path) -> None:
    counts = some_counts()
    raw_counts.write([rows(counts, 0, 3), rows(counts, 3, 5)], tmp_path / "out")
    assert (tmp_path / "out/walking.bin").read_bytes()[:2] == int(counts.values[0, 0, 0]).to_bytes(
        2, "little", signed=True
    )
    back = np.fromfile(tmp_path / "out/walking.bin", "<i2").reshape(-1, 4, 3)
    assert np.array_equal(back, counts.values[[0, 2, 3]])


def test_a_c_header_byte_by_byte(tmp_path: Path) -> None:
    counts = small(TWO, classes=("Nordic walking", "jogging", "never"))
    c_header.write([rows(counts, 0, 1), rows(counts, 1, 2)], tmp_path / "out")
    assert files(tmp_path / "out") == ["manifest.json", "wearsynth_nordic_walking.h"]
    assert (
        (tmp_path / "out/wearsynth_nordic_walking.h").read_text()
        == """\
/* Nordic walking: 2 windows of 2 readings, back to back, made by wearsynth.
   lsm6dsl 4g, 25 Hz, columns acc_x, acc_y, acc_z; g = count * UNIT_PER_COUNT. */
#ifndef WEARSYNTH_NORDIC_WALKING_H
#define WEARSYNTH_NORDIC_WALKING_H

#include <stdint.h>

#define WEARSYNTH_NORDIC_WALKING_WINDOWS 2
#define WEARSYNTH_NORDIC_WALKING_READINGS_PER_WINDOW 2
#define WEARSYNTH_NORDIC_WALKING_READINGS 4
#define WEARSYNTH_NORDIC_WALKING_RATE_HZ 25.0f
#define WEARSYNTH_NORDIC_WALKING_UNIT_PER_COUNT 0.015625f
#define WEARSYNTH_NORDIC_WALKING_SUM INT64_C(10)

static const int16_t wearsynth_nordic_walking[4][3] = {
  {64,-64,0},
  {1,2,3},
  {-1,0,1},
  {32767,-32768,5},
};

#endif
"""
    )


def test_classes_that_would_be_one_name_in_c_are_refused(tmp_path: Path) -> None:
    counts = small(TWO, classes=("up stairs", "up-stairs", "never"), label=np.array([0, 1]))
    with pytest.raises(DataError, match=r"would both be wearsynth_up_stairs in C: rename one\."):
        c_header.write([counts], tmp_path / "out")
    with pytest.raises(DataError, match="no letter that a name in C takes"):
        c_header.write([small(TWO, classes=("走", "b", "c"))], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["raw", "c_header"])
def test_wide_counts_are_refused_where_files_hold_int16(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"hold int16, .* need int32\. Write csv or parquet"):
        WRITERS[name]([some_counts(dtype="int32")], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_edge_impulse_json_is_its_acquisition_format(tmp_path: Path) -> None:
    counts = small(TWO)
    edge_impulse.write([rows(counts, 0, 1), rows(counts, 1, 2)], tmp_path / "out")
    assert files(tmp_path / "out")[1:] == [
        "training/walking.0001.json",
        "training/walking.0002.json",
    ]
    text = (tmp_path / "out/training/walking.0001.json").read_bytes()
    assert text == (
        b'{"protected":{"ver":"v1","alg":"none"},"signature":"' + 64 * b"0" + b'","payload":'
        b'{"device_type":"LSM6DSL","interval_ms":40.0,"sensors":[{"name":"accX","units":"m/s2"},'
        b'{"name":"accY","units":"m/s2"},{"name":"accZ","units":"m/s2"}],'
        b'"values":[[9.80665,-9.80665,0.0],[0.153229,0.306458,0.459687]]}}\n'
    )


def test_edge_impulse_csv_counts_milliseconds(tmp_path: Path) -> None:
    edge_impulse.write_csv([small(TWO, rate_hz=26.0)], tmp_path / "out")
    text = (tmp_path / "out/training/walking.0001.csv").read_bytes()
    assert text == (
        b"timestamp,accX,accY,accZ\n0,9.80665,-9.80665,0\n38.461538,0.153229,0.306458,0.459687\n"
    )


@pytest.mark.parametrize("per_count", [0.000061, 2 / 2**15, 0.000488])
def test_edge_impulse_values_give_every_count_back(tmp_path: Path, per_count: float) -> None:
    counts = replace(some_counts(), scale=per_count)
    edge_impulse.write([counts], tmp_path / "out")
    content = json.loads((tmp_path / "out/training/walking.0002.json").read_text())
    back = np.array(content["payload"]["values"]) / (per_count * STANDARD_GRAVITY_M_S2)
    assert np.array_equal(np.rint(back), counts.values[2])


def test_edge_impulse_names_units_that_senml_lacks(tmp_path: Path) -> None:
    skin = small([[[1], [2]]], channels=(Channel("eda", "uS"),))
    summary = edge_impulse.write([skin], tmp_path / "out")
    content = json.loads((tmp_path / "out/training/walking.0001.json").read_text())
    assert content["payload"]["sensors"] == [{"name": "eda", "units": "N/A"}]
    assert summary.notes[-1].startswith("SenML has no uS: the values are in it")


@pytest.mark.parametrize("name", ["edgeimpulse", "edgeimpulse_csv"])
def test_edge_impulse_labels_hold_no_dot(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"class 'a\.b' has a dot.*: rename it first\."):
        WRITERS[name]([small(TWO, classes=("a.b", "b", "c"))], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_hugging_face_s_table_holds_physical_windows(tmp_path: Path) -> None:
    counts = some_counts()
    huggingface.write([rows(counts, 0, 2), rows(counts, 2, 5)], tmp_path / "out")
    table = pq.read_table(tmp_path / "out/data/train.parquet")
    assert np.array_equal(np.array(table["window"].to_pylist(), np.float32), counts.to_physical())
    assert table["label"].to_pylist() == counts.label.tolist()
    assert table["device"].to_pylist() == counts.device.tolist()


def test_the_card_has_front_matter_and_the_notes(tmp_path: Path) -> None:
    huggingface.write([replace(some_counts(), synthetic=True)], tmp_path / "out")
    card = (tmp_path / "out/README.md").read_text()
    front = card.split("---\n")[1]
    assert 'pretty_name: "Synthetic windows of lsm6dsl"\n' in front
    assert "size_categories:\n- n<1K\n" in front
    assert "- synthetic\n" in front
    assert "    path: data/train.parquet\n" in front
    assert "        shape: [4, 3]\n        dtype: float32\n" in front
    assert "          '1': \"jogging\"\n" in front
    assert "| walking | 3 |\n| jogging | 2 |\n| never | 0 |\n\n- a note\n" in card


def test_a_wisdm_file_byte_by_byte(tmp_path: Path) -> None:
    label, device = np.array([1, 0]), np.array([0, 1])
    wisdm_writer.write([small(TWO, label=label, device=device)], tmp_path / "out")
    folder = tmp_path / "out/raw/watch/accel"
    assert files(folder) == ["data_1600_accel_watch.txt", "data_1601_accel_watch.txt"]
    assert (folder / "data_1600_accel_watch.txt").read_bytes() == (
        b"1600,B,2844000000000000,9.80665,-9.80665,0;\n"
        b"1600,B,2844000040000000,0.153229,0.306458,0.459687;\n"
    )


@pytest.mark.parametrize("unit", ["g", "rad/s"])
def test_wisdm_is_read_back(tmp_path: Path, unit: str) -> None:
    name = "acc" if unit == "g" else "gyro"
    rng = np.random.default_rng(0)
    counts = Counts(
        values=rng.integers(-16000, 16000, (6, 20, 3)).astype(np.int16),
        rate_hz=20.0,
        channels=tuple(Channel(f"{name}_{axis}", unit) for axis in "xyz"),
        scale=0.000122,
        clip_counts=(-32768, 32767),
        label=np.array([0, 1, 0, 1, 0, 0]),
        classes=("walking", "jogging"),
        device=np.array([0, 0, 0, 0, 1, 1]),
        sensor="lsm6dsl",
        full_scale="4g",
        power_mode="high_performance",
        convention="nominal",
    )
    wisdm_writer.write([rows(counts, 0, 3), rows(counts, 3, 6)], tmp_path / "out")
    back = {recording.name: recording for recording in read(tmp_path / "out")}
    assert list(back) == ["1600_walking", "1600_jogging", "1601_walking"]
    for of, mine in {
        "1600_walking": [0, 2],
        "1600_jogging": [1, 3],
        "1601_walking": [4, 5],
    }.items():
        recording = back[of]
        assert recording.oddities == ()
        assert not recording.synthetic
        assert [span.label for span in recording.spans] == [of.split("_")[1]]
        values = recording.signals[name].values / counts.scale
        assert np.array_equal(np.rint(values), counts.values[mine].reshape(-1, 3))


def test_wisdm_takes_any_class_and_its_key_says_which(tmp_path: Path) -> None:
    classes = ("stationary", "running", "walking", "never = ever")
    counts = replace(
        some_counts(),
        values=np.arange(6 * 12 * 3, dtype=np.int16).reshape(6, 12, 3),
        label=np.array([0, 1, 2, 3, 0, 1]),
        device=np.zeros(6, dtype=np.int64),
        classes=classes,
        rate_hz=20.0,
        synthetic=True,
    )
    summary = wisdm_writer.write([counts], tmp_path / "out")
    key = (tmp_path / "out/activity_key.txt").read_text().splitlines()
    assert key[0] == "walking = A"
    assert key[1] == "running = B"
    assert key[13] == "catch = O"
    assert key[-2:] == ["stationary = T", "never = ever = U"]
    assert summary.notes[-3:] == (
        "running stands under the letter B of jogging, which means the same.",
        "stationary is no activity of WISDM: its letter is T, see activity_key.txt.",
        "never = ever is no activity of WISDM: its letter is U, see activity_key.txt.",
    )
    back = {recording.name: recording for recording in read(tmp_path / "out")}
    assert set(back) == {f"1600_{name}" for name in classes}
    assert all(recording.synthetic for recording in back.values())
    for name, mine in {"running": [1, 5], "stationary": [0, 4], "walking": [2]}.items():
        [span] = back[f"1600_{name}"].spans
        assert span.label == name
        values = back[f"1600_{name}"].signals["acc"].values / counts.scale
        assert np.array_equal(np.rint(values), counts.values[mine].reshape(-1, 3))


def test_wisdm_s_own_class_keeps_its_letter() -> None:
    assert wisdm_key.letters_of(["running", "jogging"]) == {"jogging": "B", "running": "T"}
    assert wisdm_key.letters_of(["folding_laundry", "walking"]) == {
        "walking": "A",
        "folding_laundry": "S",
    }


def test_the_key_renames_no_letter_of_the_set_itself(tmp_path: Path) -> None:
    folder = tmp_path / "raw/watch/accel"
    folder.mkdir(parents=True)
    (tmp_path / "activity_key.txt").write_text("teeth = G\nhop = T\nT\n= U\nskip=V\n")
    known = wisdm_key.activities_of(folder / "data_1600_accel_watch.txt")
    assert known == wisdm_key.ACTIVITIES | {"T": "hop", "V": "skip"}
    assert wisdm_key.activities_of(tmp_path.parent / "x") == wisdm_key.ACTIVITIES


def test_what_wisdm_cannot_hold_is_refused(tmp_path: Path) -> None:
    many = replace(some_counts(), classes=tuple(f"c{i}" for i in range(9)))
    with pytest.raises(DataError, match=r"leaves 8 letters free, and 9 classes .*c0, c1.* fewer"):
        wisdm_writer.write([many], tmp_path / "out")
    odd = replace(some_counts(), classes=("a\nb", "jogging", "never"))
    with pytest.raises(DataError, match=r"cannot stand in activity_key\.txt: rename it first"):
        wisdm_writer.write([odd], tmp_path / "out")
    skin = small([[[1], [2]]], channels=(Channel("eda", "uS"),))
    with pytest.raises(DataError, match="acceleration in g or rotation in rad/s, got 1 channel"):
        wisdm_writer.write([skin], tmp_path / "out")
    with pytest.raises(DataError, match=r"over 30 days of 'walking'"):
        wisdm_writer.write([small(TWO, rate_hz=1e-6)], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", WRITERS)
def test_every_writer_gives_the_same_files_whatever_the_chunks(tmp_path: Path, name: str) -> None:
    counts = some_counts()
    WRITERS[name]([counts], tmp_path / "one")
    WRITERS[name]([rows(counts, first, first + 1) for first in range(5)], tmp_path / "many")
    assert files(tmp_path / "one") == files(tmp_path / "many")
    for file in files(tmp_path / "one"):
        if not re.search(r"\.parquet$|manifest\.json$", file):  # row groups, their checksums
            one, many = ((tmp_path / of / file).read_bytes() for of in ("one", "many"))
            assert one == many, file


@pytest.mark.parametrize("name", WRITERS)
def test_every_manifest_counts_each_class_and_tells_the_origin(tmp_path: Path, name: str) -> None:
    origin = {"seed": 7, "model": "some-model"}
    summary = WRITERS[name]([replace(some_counts(), origin=origin)], tmp_path / "out")
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["format"] == name
    assert manifest["windows"] == {"walking": 3, "jogging": 2, "never": 0}
    assert (manifest["seed"], manifest["model"]) == (7, "some-model")
    for key in ("sensor", "full_scale", "power_mode", "unit_per_count", "rate_hz"):
        assert manifest[key] == summary.about[key]
    assert sorted(manifest["sha256"]) == [
        f for f in files(tmp_path / "out") if f != "manifest.json"
    ]


@pytest.mark.parametrize("name", WRITERS)
def test_what_a_writer_wrote_may_be_overwritten(tmp_path: Path, name: str) -> None:
    WRITERS[name]([some_counts()], tmp_path / "out")
    before = files(tmp_path / "out")
    WRITERS[name]([some_counts()], tmp_path / "out", overwrite=True)
    assert files(tmp_path / "out") == before
