"""Edge Impulse's JSON and CSV read: what its tools and wearsynth write, and what is damaged."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from counts_toys import some_counts
from layouts import edge_impulse
from wearsynth.data import Channel, Span
from wearsynth.errors import FormatError
from wearsynth.formats import read, recognise
from wearsynth.formats.edge_impulse_reader import MISSING
from wearsynth.formats.writers import WRITERS


def acquired(path: Path, **payload: object) -> Path:
    """Write a file of two readings at 50 Hz in m/s2, with changes."""
    usual: dict[str, object] = {
        "interval_ms": 20,
        "sensors": [{"name": f"acc{axis}", "units": "m/s2"} for axis in "XYZ"],
        "values": [[9.80665, 0, -9.80665], [4.903325, 1, 2]],
    }
    content = {"protected": {"ver": "v1", "alg": "none"}, "payload": usual | payload}
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("name", ["edgeimpulse", "edgeimpulse_csv"])
def test_counts_that_were_written_are_read_back(tmp_path: Path, name: str) -> None:
    counts = replace(some_counts(), synthetic=True)
    WRITERS[name]([counts], tmp_path / "out")
    assert recognise(tmp_path / "out") == "edgeimpulse"
    recordings = read(tmp_path / "out")
    names = ["jogging.0001", "jogging.0002", "walking.0001", "walking.0002", "walking.0003"]
    assert [recording.name for recording in recordings] == [f"training/{name}" for name in names]
    for recording, window in zip(recordings, (1, 4, 0, 2, 3), strict=True):
        signal = recording.signals["acc"]
        assert np.array_equal(np.rint(signal.values / counts.scale), counts.values[window])
        assert signal.rate_hz == 26.0
        assert signal.channels == counts.channels
        [span] = recording.spans
        assert [span.start_s, span.end_s] == pytest.approx([0.0, 4 / 26])
        assert span.label == recording.name[9:16]
        assert recording.synthetic
        assert recording.oddities == ()


@pytest.mark.parametrize("style", ["json", "csv"])
def test_training_and_testing_are_read(tmp_path: Path, style: Any) -> None:
    path = edge_impulse.write(tmp_path, style=style)
    recordings = read(path)
    assert [recording.name for recording in recordings] == [
        "testing/walking.1a2b3c",
        "training/idle.1a2b3c",
        "training/walking.1a2b3c",
    ]
    assert [of.spans for of in recordings] == [
        (Span(0.0, 0.96, label),) for label in ("walking", "idle", "walking")
    ]
    assert {of.signals["acc"].rate_hz for of in recordings} == {62.5}
    assert not any(of.synthetic for of in recordings)
    assert np.abs(np.mean([of.signals["acc"].values[:, 1] for of in recordings]) + 0.99) < 0.02


def test_m_s2_becomes_g(tmp_path: Path) -> None:
    (recording,) = read(acquired(tmp_path / "still.json"))
    assert recording.signals["acc"].values.tolist()[0] == [1.0, 0.0, -1.0]
    assert recording.signals["acc"].rate_hz == 50.0
    assert recording.spans == (Span(0.0, 0.04, "still"),)


def test_sensors_of_other_kinds_are_signals_of_their_own(tmp_path: Path) -> None:
    sensors = [
        {"name": "x", "units": "mg"},
        {"name": "gyrZ", "units": "dps"},
        {"name": "skin", "units": "N/A"},
    ]
    values = [[1000, 180, 3], [0, None, 4]]
    (recording,) = read(acquired(tmp_path / "a.b.json", sensors=sensors, values=values))
    signals = recording.signals
    assert signals["acc"].channels == (Channel("acc_x", "g"),)
    assert signals["acc"].values.tolist() == [[1.0], [0.0]]
    assert signals["gyro"].channels == (Channel("gyr_z", "rad/s"),)
    assert signals["gyro"].values[0, 0] == pytest.approx(np.pi)
    assert np.isnan(signals["gyro"].values[1, 0])
    assert signals["signal"].channels == (Channel("skin", "1"),)
    assert [(odd.what, odd.count) for odd in recording.oddities] == [(MISSING, 1)]
    assert recording.notes == ("no known unit: skin",)
    assert recording.spans[0].label == "a"


def test_one_sensor_may_be_a_plain_list(tmp_path: Path) -> None:
    one = [{"name": "accZ", "units": "g"}]
    (recording,) = read(acquired(tmp_path / "a.json", sensors=one, values=[1, 2, 3]))
    assert recording.signals["acc"].values.tolist() == [[1.0], [2.0], [3.0]]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"interval_ms": 0}, "milliseconds as 'interval_ms', got '0'"),
        ({"interval_ms": "20"}, "'interval_ms', got '20'"),
        ({"interval_ms": 10**400}, "'interval_ms'"),
        ({"sensors": []}, "holds no list 'sensors'"),
        ({"sensors": [{"name": "accX"}]}, "a name and units"),
        ({"sensors": 3 * [{"name": "accX", "units": "g"}]}, "names a sensor twice"),
        ({"values": []}, "holds no readings as 'values'"),
        ({"values": [[1, 2, 3], [1, 2]]}, r"expected 3 number\(s\) in each"),
        ({"values": [["a", 2, 3]]}, r"expected 3 number\(s\) in each"),
        ({"values": [{}, {}]}, r"expected 3 number\(s\) in each"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    tmp_path: Path, changes: dict[str, object], problem: str
) -> None:
    path = acquired(tmp_path / "a.json", **changes)
    with pytest.raises(FormatError, match=rf"a\.json: .*{problem}.*\. Export it again\."):
        read(path)


def test_a_damaged_file_in_a_folder_is_refused_not_passed_over(tmp_path: Path) -> None:
    path = edge_impulse.write(tmp_path)
    damaged = path / "training" / "walking.1a2b3c.json"
    damaged.write_bytes(damaged.read_bytes()[:300])
    with pytest.raises(FormatError, match=r"walking\.1a2b3c\.json, line \d+: is not JSON"):
        read(path)
    damaged.write_bytes(b"")
    with pytest.raises(FormatError, match=r"walking\.1a2b3c\.json, line 1: is not JSON"):
        read(path)


def test_a_csv_line_that_is_no_number_is_named(tmp_path: Path) -> None:
    path = tmp_path / "idle.csv"
    path.write_text("timestamp,accX,accY,accZ\n0,1,2,3\n10,1,x,3\n20,1,2,3\n")
    with pytest.raises(FormatError, match=r"idle\.csv, line 3"):
        read(path)


def test_an_empty_folder_and_a_nameless_label_are_told(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"holds no \.json or \.csv, nor a folder training"):
        read(tmp_path, format="edgeimpulse")
    with pytest.raises(FormatError, match="its name tells no label"):
        read(acquired(tmp_path / ".json.json"), format="edgeimpulse")
