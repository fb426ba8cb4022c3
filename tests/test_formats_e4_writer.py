import hashlib
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from test_cli import run as run  # noqa: PLC0414 - the fixture that runs a command
from wearsynth.data import Channel, Events, Recording, Signal, Span, Windows, windows_from_arrays
from wearsynth.errors import DataError, FileError
from wearsynth.formats import read
from wearsynth.formats.e4_sessions import folder_name
from wearsynth.formats.e4_writer import write
from wearsynth.tables import save_windows

SHARED = Path(__file__).parents[2] / "shared" / "data"
T0 = 1_644_227_574.0
RATES_HZ = {"acc": 32, "bvp": 64, "eda": 4, "temp": 4, "hr": 1}
UNITS = {"acc": "g", "bvp": "a.u.", "eda": "uS", "temp": "degC", "hr": "bpm"}
AXES = ("acc_x", "acc_y", "acc_z")


def signal(name: str, values: Any, *, start_s: float = 0.0, unit: str | None = None) -> Signal:
    channels = AXES if name == "acc" else (name,)
    array = np.asarray(values, dtype=np.float32).reshape(-1, len(channels))
    of = tuple(Channel(channel, unit or UNITS[name]) for channel in channels)
    return Signal(array, RATES_HZ[name], of, start_s)


def acc(count: int) -> Signal:
    return signal("acc", np.tile([0.25, 0.0, 1.0], (count, 1)))


def recording(**changes: Any) -> Recording:
    """A recording of 2 s whose every file can be told by hand."""
    whole = Recording(
        name="S02",
        subject="S02",
        signals={
            "acc": signal("acc", np.tile([[0.03125, 0.15625, 0.984375]], (64, 1))),
            "bvp": signal("bvp", [-0.0, 11.5, *[0.126] * 126]),
            "eda": signal("eda", [0.0, 0.622764, *[1.5] * 6]),
            "temp": signal("temp", [34.79] * 8),
            "hr": signal("hr", [118, 113.5], start_s=10),
        },
        spans=(Span(0.5, 1.5, 'rest, "quiet"'),),
        events={
            "tags": Events(np.array([0.5, 1.25])),
            "ibi": Events(np.array([0.8125, 1.5]), np.array([0.75, 0.6875]), "s"),
        },
        start_unix_s=T0,
    )
    return replace(whole, **changes)


def content(path: Path) -> dict[str, bytes]:
    return {
        file.relative_to(path).as_posix(): file.read_bytes()
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }


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


def test_a_source_without_time_starts_at_a_fixed_one(tmp_path: Path) -> None:
    late = {"eda": signal("eda", [1, 2], start_s=7), "hr": signal("hr", [60], start_s=17)}
    export = write([recording(signals=late, start_unix_s=None)], tmp_path / "out")
    assert (tmp_path / "out/S02/EDA.csv").read_text().startswith("946684800.000000\n")
    assert (tmp_path / "out/S02/HR.csv").read_text().startswith("946684810.000000\n")
    note = (
        "The source tells no time: sessions start at 2000-01-01 00:00 UTC, a person's next one a "
        "day later."
    )
    assert export.notes == (note,)
    assert note in (tmp_path / "out/S02/info.txt").read_text()


def test_a_person_s_recordings_without_time_do_not_overlap(tmp_path: Path) -> None:
    nan = np.nan
    broken = {"eda": signal("eda", [1, nan, 3], start_s=5)}
    first = recording(name="p1-a", subject="p1", signals=broken, start_unix_s=None)
    second = recording(name="p1-b", subject="p1", start_unix_s=None)
    write([first, second], tmp_path / "out")
    back = read(tmp_path / "out")
    assert [(r.name, r.start_unix_s) for r in back] == [
        ("p1-a_part1", 946_684_800.0),
        ("p1-a_part2", 946_684_800.5),
        ("p1-b", 946_684_800.0 + 86_400),
    ]
    assert not any("before the person's last" in o.what for r in back for o in r.oddities)


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


def test_missing_readings_at_the_ends_move_the_start_and_the_end(tmp_path: Path) -> None:
    nan = np.nan
    eda = signal("eda", [nan, nan, 1, 2, nan])
    export = write([recording(signals={"eda": eda, "hr": signal("hr", [60])})], tmp_path / "out")
    assert (tmp_path / "out/S02/EDA.csv").read_text() == (
        "1644227574.500000\n4.000000\n1.000000\n2.000000\n"
    )
    assert export.sessions == ("S02",)
    assert export.notes == ("3 missing reading(s) of eda, not written (first in S02).",)


def test_gaps_that_share_a_moment_part_a_recording_once(tmp_path: Path) -> None:
    """eda lacks 2..4 s, temp 3..6 s, hr nothing: one cut does for both, and no reading is lost."""
    eda, temp = np.arange(40.0), np.arange(40.0)
    eda[8:16] = temp[12:24] = np.nan
    parts = recording(
        signals={
            "eda": signal("eda", eda),
            "temp": signal("temp", temp),
            "hr": signal("hr", np.arange(10) + 50),
        },
        spans=(Span(1.0, 9.0, "rest"),),
        events={"tags": Events(np.array([1.5, 5.0]))},
    )
    export = write([parts], tmp_path / "out")
    assert export.sessions == ("S02/part1", "S02/part2")
    assert export.notes == (
        "8 missing reading(s) of eda, not written (first in S02).",
        "12 missing reading(s) of temp, not written (first in S02).",
        "2 session(s) are parts of a recording that has missing readings inside "
        "(first in S02/part1).",
    )
    first, second = read(tmp_path / "out")
    assert (first.name, second.name) == ("S02_part1", "S02_part2")
    assert first.subject == second.subject == "S02"
    assert second.start_unix_s == T0 + 4
    assert {n: (s.start_s, s.end_s) for n, s in first.signals.items()} == {
        "eda": (0, 2),
        "temp": (0, 3),
        "hr": (0, 4),
    }
    assert {n: (s.start_s, s.end_s) for n, s in second.signals.items()} == {
        "eda": (0, 6),
        "temp": (2, 6),
        "hr": (0, 6),
    }
    assert [s.spans for s in (first, second)] == [
        (Span(1.0, 4.0, "rest"),),
        (Span(0.0, 5.0, "rest"),),
    ]
    assert [s.events["tags"].times_s.tolist() for s in (first, second)] == [[1.5], [1.0]]


def test_a_part_without_a_signal_goes_without_its_file(tmp_path: Path) -> None:
    eda = np.array([1, np.nan, 1, np.nan, 1])
    temp = np.array([30, 30, np.nan, np.nan, np.nan])
    both = recording(signals={"eda": signal("eda", eda), "temp": signal("temp", temp)}, spans=())
    assert len(write([both], tmp_path / "out").sessions) == 3
    assert sorted(p.name for p in (tmp_path / "out/S02/part3").glob("*E*.csv")) == ["EDA.csv"]


def test_people_and_names_come_back(tmp_path: Path) -> None:
    wanted = [("p1-monday", "p1"), ("p1-friday", "p1"), ("p2", "p2"), ("p3/log:1", "p3")]
    rows = [*wanted, ("P2", None), ("n1", None)]
    different = [signal("hr", [60 + row]) for row in range(len(rows))]  # else they are copies
    export = write(
        [
            recording(name=name, subject=subject, signals={"hr": hr})
            for (name, subject), hr in zip(rows, different, strict=True)
        ],
        tmp_path / "out",
    )
    assert export.sessions == ("p1/p1-monday", "p1/p1-friday", "p2", "p3/p3_log_1", "P2_2", "n1")
    back = {(r.name, r.subject) for r in read(tmp_path / "out")}
    assert {("p1-monday", "p1"), ("p1-friday", "p1"), ("p2", "p2"), ("p3_log_1", "p3")} <= back


@pytest.mark.parametrize(
    ("name", "folder"),
    [("S02", "S02"), ("a/b\\c:d", "a_b_c_d"), ("..", "session"), ("x. ", "x"), ("a\nb", "a_b")],
)
def test_names_that_a_system_cannot_take(name: str, folder: str) -> None:
    assert folder_name(name) == folder


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
        write([recording(), recording(**changes)][-1:], tmp_path / "out")
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


def toy(**changes: Any) -> Windows:
    """Windows of 2 s of two people, acc and eda; the value tells the window."""
    value = np.arange(6, dtype=np.float32) / 64
    options: dict[str, Any] = {
        "subject": ["p1", "p1", "p1", "p1", "p2", "p2"],
        "recording": ["r"] * 6,
        "start_s": [0, 2, 4, 6, 0, 1],
        **changes,
    }
    return windows_from_arrays(
        {
            "acc": (np.tile(value[:, None, None], (1, 64, 3)), 32, [(a, "g") for a in AXES]),
            "eda": (np.tile(value[:, None, None] * 64, (1, 8, 1)), 4, [("eda", "uS")]),
        },
        ["rest", "rest", "stress", "rest", "rest", "rest"],
        **options,
    )


def test_windows_become_a_session_a_person(tmp_path: Path) -> None:
    export = write(toy(), tmp_path / "out")
    assert export.sessions == ("p1", "p2")
    p1 = content(tmp_path / "out" / "p1")
    rows = [f"{n},{n},{n}" for n in range(4) for _ in range(64)]
    assert p1["ACC.csv"].decode().splitlines()[2:] == rows
    assert p1["labels.csv"] == (
        b"start_s,end_s,label\n0.0,4.0,rest\n4.0,6.0,stress\n6.0,8.0,rest\n"
    )
    assert p1["tags.csv"] == b"946684804.00\n946684806.00\n"
    joins = (
        "Windows of 2 s stand one after another: the signals are not continuous where two of them "
        "meet."
    )
    assert joins in export.notes
    assert joins.encode() in p1["info.txt"]
    assert (
        "1 window(s) overlap the one before in their source: the readings they share stand twice "
        "(first in p2)." in export.notes
    )
    first, second = read(tmp_path / "out")
    assert (first.subject, second.subject) == ("p1", "p2")
    assert first.spans == (Span(0, 4, "rest"), Span(4, 6, "stress"), Span(6, 8, "rest"))
    np.testing.assert_array_equal(first.signals["eda"].values[:, 0], np.repeat(np.arange(4), 8))


def test_windows_without_people_go_by_recording_or_class(tmp_path: Path) -> None:
    by_recording = toy(subject=None, recording=["a", "a", "b", "b", "b", "b"])
    assert write(by_recording, tmp_path / "a").sessions == ("a", "b")
    synthetic = toy(subject=None, recording=None, start_s=None, synthetic=True)
    export = write(synthetic, tmp_path / "b")
    assert export.sessions == ("rest", "stress")
    told = "6 window(s) are synthetic: no sensor recorded them (first in rest)."
    assert told in export.notes
    assert "1 window(s) are synthetic" in (tmp_path / "b/stress/info.txt").read_text()
    assert "overlap" not in "".join(export.notes)


def test_windows_of_unequal_length_are_one_sentence(tmp_path: Path) -> None:
    odd = windows_from_arrays(
        {
            "acc": (np.zeros((1, 67, 3)), 32, [(a, "g") for a in AXES]),
            "eda": (np.zeros((1, 8, 1)), 4, [("eda", "uS")]),
        },
        ["rest"],
    )
    with pytest.raises(DataError) as caught:
        write(odd, tmp_path / "out")
    assert str(caught.value) == (
        "a window holds 2.09375 s of acc but 2 s of eda, so windows cannot stand one after another. "
        "Cut windows whose length is a whole number of readings of each signal, such as 2 s."
    )
    with pytest.raises(DataError, match="nothing to write"):
        write(toy().select(np.zeros(6, dtype=bool)), tmp_path / "out")


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


NUMBERS = {
    "acc": st.integers(-128, 127).map(lambda n: n / 64),
    "bvp": st.integers(-200_000, 200_000).map(lambda n: n / 100),
    "eda": st.integers(0, 99_999_999).map(lambda n: n / 1e6),
    "temp": st.integers(-4000, 11_500).map(lambda n: n / 100),
    "hr": st.integers(0, 30_000).map(lambda n: n / 100),
}


@st.composite
def signals(draw: st.DrawFn, name: str) -> Signal:
    count = draw(st.integers(1, 12))
    width = 3 if name == "acc" else 1
    values = draw(st.lists(NUMBERS[name], min_size=count * width, max_size=count * width))
    array = np.array(values, dtype=np.float32).reshape(count, width)
    missing = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    array[missing, draw(st.integers(0, width - 1))] = draw(st.sampled_from([np.nan, np.inf]))
    return signal(name, array, start_s=draw(st.integers(0, 200)) / 64)


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    names = draw(st.lists(st.sampled_from(list(RATES_HZ)), min_size=1, unique=True))
    own = {name: draw(signals(name)) for name in names}
    edges = sorted(draw(st.sets(st.integers(0, 900), min_size=2, max_size=6)))
    spans = tuple(
        Span((a + 0.5) / 64, (b + 0.5) / 64, draw(st.sampled_from("ab")))
        for a, b in zip(edges[::2], edges[1::2], strict=False)
    )
    at_s = np.array(sorted(draw(st.sets(st.integers(0, 1500), max_size=5)))) / 100
    tags = Events(at_s.astype(np.float64))
    ibi = Events(tags.times_s, np.full(len(at_s), 0.75), "s")
    return Recording(
        name="S02",
        subject="S02",
        signals=own,
        spans=spans,
        events={"tags": tags, "ibi": ibi},
        start_unix_s=draw(st.sampled_from([T0, T0 + 0.5])),
    )


def readings(parts: Sequence[Recording]) -> dict[str, list[tuple[float, tuple[float, ...], str]]]:
    """Every reading that is not missing: its time in Unix seconds, its values, its label."""
    found: dict[str, list[tuple[float, tuple[float, ...], str]]] = {}
    for part in parts:
        for name, own in part.signals.items():
            for index in np.flatnonzero(np.isfinite(own.values).all(axis=1)).tolist():
                at_s = own.start_s + index / own.rate_hz
                label = "".join(s.label for s in part.spans if s.start_s <= at_s < s.end_s)
                unix_s = round(at_s + (part.start_unix_s or 0) - T0, 4)
                found.setdefault(name, []).append((unix_s, tuple(own.values[index]), label))
    return {name: sorted(rows) for name, rows in found.items()}


@settings(max_examples=150, deadline=None, derandomize=True)
@given(given_one=recordings(), zipped=st.booleans())
def test_no_reading_is_lost_moved_changed_or_made_up(
    tmp_path_factory: pytest.TempPathFactory, given_one: Recording, zipped: bool
) -> None:
    wanted = readings([given_one])
    out = tmp_path_factory.mktemp("e4") / "out"
    if not wanted:
        with pytest.raises(DataError, match="nothing to write"):
            write([given_one], out, zipped=zipped)
        return
    write([given_one], out, zipped=zipped)
    back = read(out)
    assert readings(back) == wanted
    assert all(np.isfinite(own.values).all() for part in back for own in part.signals.values())
    for kind in ("tags", "ibi"):
        wanted_s = [at_s for at_s in moments([given_one], kind) if covered(at_s, back)]
        assert moments(back, kind) == wanted_s


def moments(parts: Sequence[Recording], kind: str) -> list[float]:
    """Give when events came, in seconds after T0."""
    return sorted(
        round(time_s + (part.start_unix_s or 0) - T0, 2)
        for part in parts
        for time_s in part.events[kind].times_s.tolist()
    )


def covered(moment_s: float, parts: Sequence[Recording]) -> bool:
    """Say whether the part that a moment, in seconds after T0, falls to has readings then."""
    edges = sorted(
        (start_s, start_s + max(own.end_s for own in part.signals.values()))
        for part in parts
        for start_s in ((part.start_unix_s or 0) - T0,)
    )
    ends = [end_s for start_s, end_s in edges if start_s <= moment_s]
    return bool(ends) and moment_s <= ends[-1]


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
