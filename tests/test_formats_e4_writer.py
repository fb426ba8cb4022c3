import hashlib
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from e4_toys import T0, acc, content, recording, signal, toy
from wearsynth.data import Channel, Signal, Span
from wearsynth.errors import DataError, FileError
from wearsynth.formats import read
from wearsynth.formats.e4_writer import write
from wearsynth.tables import save_windows

SHARED = Path(__file__).parents[2] / "shared" / "data"


def test_every_file_is_as_the_portal_wrote_it(tmp_path: Path) -> None:
    export = write([recording()], tmp_path / "out")
    files = content(tmp_path / "out" / "S02")
    assert files["ACC.csv"] == (
        b"1644227574.000000, 1644227574.000000, 1644227574.000000\n"
        b"32.000000, 32.000000, 32.000000\n" + b"2,10,63\n" * 64
    )
    assert files["BVP.csv"] == b"1644227574.00\n64.000000\n-0.00\n11.50\n" + b"0.13\n" * 126
    assert files["EDA.csv"] == (
        b"1644227574.000000\n4.000000\n0.000000\n0.622764\n" + b"1.500000\n" * 6
    )
    assert files["TEMP.csv"] == b"1644227574.000000\n4.000000\n" + b"34.79\n" * 8
    assert files["HR.csv"] == b"1644227584.000000\n1.000000\n118.00\n113.50\n"
    assert files["IBI.csv"] == b"1644227574.000000, IBI\n0.812500,0.750000\n1.500000,0.687500\n"
    assert files["tags.csv"] == b"1644227574.50\n1644227575.25\n"
    assert files["labels.csv"] == b'start_s,end_s,label\n0.5,1.5,"rest, ""quiet"""\n'
    assert files["info.txt"].startswith(b"Made by wearsynth")
    assert len(files) == export.files == 9
    assert export.sessions == ("S02",)
    assert export.notes == ()


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    given = recording()
    write([given], tmp_path / "out")
    [back] = read(tmp_path / "out")
    assert (back.name, back.subject, back.start_unix_s) == ("S02", "S02", T0)
    assert back.oddities == ()
    assert back.spans == given.spans
    for name, own in given.signals.items():
        exact = np.float32(0.13) if name == "bvp" else None
        wanted = own.values if exact is None else np.where(own.values == 0.126, exact, own.values)
        np.testing.assert_array_equal(back.signals[name].values, wanted.astype(np.float32))
        assert back.signals[name].rate_hz == own.rate_hz
        assert back.signals[name].start_s == own.start_s
        assert back.signals[name].channels == own.channels
    for kind, events in given.events.items():
        np.testing.assert_allclose(back.events[kind].times_s, events.times_s, atol=1e-6)
    np.testing.assert_array_equal(back.events["ibi"].values, given.events["ibi"].values)


def test_zips_are_flat_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    for out in ("a", "b"):
        write([recording()], tmp_path / out, zipped=True)
    write([recording()], tmp_path / "plain")
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert set(content(tmp_path / "a")) == {"S02.zip", "manifest.json"}
    with zipfile.ZipFile(tmp_path / "a" / "S02.zip") as archive:
        inside = {name: archive.read(name) for name in archive.namelist()}
    assert inside == content(tmp_path / "plain" / "S02")
    assert read(tmp_path / "a" / "S02.zip")[0].signals["eda"].values[1, 0] == np.float32(0.622764)


def test_the_manifest_lists_every_file(tmp_path: Path) -> None:
    write([recording()], tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_bytes())
    files = content(tmp_path / "out")
    del files["manifest.json"]
    assert manifest["sha256"] == {n: hashlib.sha256(b).hexdigest() for n, b in files.items()}
    assert manifest["sessions"] == ["S02"]


def test_m_s2_becomes_g_and_what_the_sensor_cannot_hold_is_clipped_and_told(tmp_path: Path) -> None:
    values = np.array([[9.80665, -19.6133, 19.6133], [0, 0, -30], [0.1, -0.1, 9.7]])
    strong = recording(signals={"acc": signal("acc", values, unit="m/s2")}, events={}, spans=())
    export = write([strong], tmp_path / "out")
    lines = (tmp_path / "out/S02/ACC.csv").read_text().splitlines()[2:]
    assert lines == ["64,-128,127", "0,0,-128", "1,-1,63"]
    told = "2 reading(s) of acc beyond the sensor's -2..1.984 g, clipped as the sensor does"
    assert export.notes == (f"{told} (first in S02).",)
    assert told in (tmp_path / "out/S02/info.txt").read_text()


def test_the_largest_number_is_clipped_like_any_other(tmp_path: Path) -> None:
    most = np.finfo(np.float32).max
    export = write([recording(signals={"acc": signal("acc", [[most, -most, 0]])})], tmp_path / "o")
    assert (tmp_path / "o/S02/ACC.csv").read_text().endswith("\n127,-128,0\n")
    assert export.notes[0].startswith("1 reading(s) of acc beyond")


def test_no_session_takes_the_manifest_s_name(tmp_path: Path) -> None:
    given = recording(name="manifest.json", subject=None)
    assert write([given], tmp_path / "out").sessions == ("manifest.json_2",)


def test_values_that_readers_take_for_faults_are_told(tmp_path: Path) -> None:
    cold = recording(signals={"temp": signal("temp", [34, -41, 116])}, events={}, spans=())
    assert write([cold], tmp_path / "out").notes == (
        "2 reading(s) of temp beyond what the sensor can give (-40..115 degC), written as they are "
        "(first in S02).",
    )


def test_nothing_known_of_beats_and_presses_gives_empty_files(tmp_path: Path) -> None:
    write([recording(events={}, spans=())], tmp_path / "out")
    files = content(tmp_path / "out" / "S02")
    assert files["IBI.csv"] == files["tags.csv"] == b""
    assert "labels.csv" not in files


def test_a_fractional_start_keeps_its_decimals(tmp_path: Path) -> None:
    pulse = signal("bvp", [1, 2], start_s=0.015625)
    late = recording(signals={"eda": signal("eda", [1, 2]), "bvp": pulse})
    write([late], tmp_path / "out")
    assert (tmp_path / "out/S02/BVP.csv").read_text().startswith("1644227574.015625\n")
    assert read(tmp_path / "out")[0].signals["bvp"].start_s == 0.015625


def test_a_rate_of_another_sensor_is_written_and_told(tmp_path: Path) -> None:
    fast = recording(signals={"acc": replace(acc(200), rate_hz=100.0)}, events={}, spans=())
    export = write([fast], tmp_path / "out")
    assert export.notes == ("acc is at 100 Hz, where an E4 records 32 Hz.",)
    assert (tmp_path / "out/S02/ACC.csv").read_text().splitlines()[
        1
    ] == "100.000000, 100.000000, 100.000000"
    assert read(tmp_path / "out")[0].signals["acc"].rate_hz == 100


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"signals": {"gyro": signal("acc", np.ones((2, 3)), unit="rad/s")}},
            "recording 'S02' has the signal 'gyro', which no E4 file holds. Keep some of acc, bvp, "
            "eda, temp, hr (--signal).",
        ),
        (
            {"signals": {"eda": signal("eda", [0.5], unit="1")}},
            "recording 'S02': eda has 1 channel(s) in 1, an E4 file holds 1 in uS. Choose a source "
            "that has these.",
        ),
        (
            {"signals": {"acc": Signal(np.ones((2, 1), np.float32), 32, (Channel("x", "g"),))}},
            "recording 'S02': acc has 1 channel(s) in g, an E4 file holds 3 in g. Choose a source "
            "that has these.",
        ),
        (
            {"signals": {"hr": replace(signal("hr", [60, 61]), rate_hz=0.001)}},
            "recording 'S02': hr is at 0.001 Hz, an E4 file holds rates of 0.01 to 10000 Hz. "
            "Resample it, or leave it out (--signal).",
        ),
        (
            {"spans": (Span(0, 2, "a"), Span(1, 3, "b"))},
            "recording 'S02': the labels 'a' and 'b' overlap at 1 s, and a session gives a reading "
            "one label. Give others with --labels.",
        ),
        (
            {"signals": {"eda": signal("eda", [np.nan, np.inf])}},
            "nothing to write: there is no reading in what was given.",
        ),
    ],
)
def test_what_no_session_holds_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError) as caught:
        write([recording(**changes)], tmp_path / "out")
    assert str(caught.value) == message
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_ours_is_replaced_and_one_with_anything_more_is_not(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write([recording(), recording(name="S03", subject="S03")], out)
    with pytest.raises(FileError, match="exists already"):
        write([recording()], out)
    write([recording()], out, zipped=True, overwrite=True)
    assert set(content(out)) == {"S02.zip", "manifest.json"}
    write([recording()], out, overwrite=True)
    (out / "S02" / "mine.txt").write_text("mine")
    with pytest.raises(FileError, match=r"holds 'S02/mine\.txt', which wearsynth did not write"):
        write([recording()], out, overwrite=True)
    (out / "S02" / "mine.txt").unlink()
    (out / "empty").mkdir()
    with pytest.raises(FileError, match="holds 'empty'"):
        write([recording()], out, overwrite=True)
    (out / "empty").rmdir()
    (out / "manifest.json").write_text("[]")
    with pytest.raises(FileError, match=r"holds 'S02/ACC\.csv'"):
        write([recording()], out, overwrite=True)


Run = Callable[..., tuple[int, str, str]]


def test_the_command_exports_recordings_and_windows(run: Run, tmp_path: Path) -> None:
    write([recording()], tmp_path / "in")
    code, out, err = run("data", "export", "in", "--signal", "acc", "--signal", "eda", "-o", "a")
    assert (code, out, err) == (0, "a: 1 E4 session(s), 6 files\n", "")
    save_windows(toy(), tmp_path / "w.parquet")
    code, out, err = run("data", "export", "w.parquet", "--signal", "eda", "--zip", "-o", "b")
    assert (code, out) == (0, "b: 2 E4 session(s), 10 files\n")
    assert "Windows of 2 s stand one after another" in err
    assert set(read(tmp_path / "b" / "p1.zip")[0].signals) == {"eda"}
    assert run("data", "export", "in", "-o", "a")[2] == (
        "Error: a: exists already. Choose another folder or pass --overwrite.\n"
    )
    assert run("data", "export", "in", "-o", "a", "--overwrite")[0] == 0
    assert run("data", "export", "in", "-o", "in", "--overwrite")[2] == (
        "Error: in: is read and would be replaced. Choose another output.\n"
    )
    for option in (("--labels", "l.csv"), ("--place", "wrist"), ("--classes", "st")):
        code, _, err = run("data", "export", "w.parquet", *option, "-o", "c")
        key = option[0].removeprefix("--")
        wanted = f"Error: {key} is for recordings, and w.parquet holds windows. Leave it out.\n"
        assert (code, err) == (1, wanted)
    code, _, err = run("data", "export", "basic_motions", "-o", "c")
    assert code == 1
    assert "has the signal 'gyro', which no E4 file holds" in err
    assert not (tmp_path / "c").exists()
    assert run("data", "export", "basic_motions", "--signal", "acc", "-o", "c")[0] == 0


def real(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} is not there")
    return path


@pytest.mark.parametrize("name", ["S02", "S04"])
def test_real_sessions_come_out_as_they_went_in(name: str, tmp_path: Path) -> None:
    given = real(f"e4_stress/raw/{name}")
    export = write(read(given), tmp_path / "out")
    assert export.sessions == (name,)
    assert export.notes == ()
    raw, ours = content(given), content(tmp_path / "out" / name)
    same = {file for file in raw if raw[file] == ours[file]}
    edited = {"tags.csv"} if name == "S02" else set()  # a person shortened the tags of S02
    assert same == set(raw) - {"info.txt"} - edited
    if edited:
        assert ours["tags.csv"] == raw["tags.csv"].replace(b"\r\n", b".00\n")


def test_a_real_zip_comes_out_as_it_went_in_but_for_temp_s_first_second(tmp_path: Path) -> None:
    given = real("wesad_s16_e4/S16_E4_Data.zip")
    write(read(given), tmp_path / "out", zipped=True)
    with (
        zipfile.ZipFile(given) as before,
        zipfile.ZipFile(tmp_path / "out/S16/S16_E4_Data.zip") as after,
    ):
        raw = {name: before.read(name) for name in before.namelist()}
        ours = {name: after.read(name) for name in after.namelist()}
    assert {name for name in raw if raw[name] != ours[name]} == {"TEMP.csv", "info.txt"}
    start, rate, *rows = raw["TEMP.csv"].splitlines()
    assert rows[:4] == [b"382.21"] * 4
    later = [start.replace(b"365.", b"366."), rate, *rows[4:], b""]
    assert ours["TEMP.csv"] == b"\n".join(later)
