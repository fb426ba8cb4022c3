import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from layouts import e4 as layout
from wearsynth.data import Gap, Recording, Span
from wearsynth.errors import DataError, FormatError
from wearsynth.formats import read, recognise

DATA = Path(__file__).parents[2] / "shared" / "data"
START = 1_600_000_000
PLAIN = {
    "ACC.csv": f"{START}.000000, {START}.000000, {START}.000000\n"
    "32.000000, 32.000000, 32.000000\n64,0,-32\n1,2,3\n-128,127,0\n",
    "BVP.csv": f"{START}.50\n64.000000\n-0.00\n1.25\n-3.50\n",
    "EDA.csv": f"{START}.000000\n4.000000\n0.000000\n0.622764\n",
    "TEMP.csv": f"{START}.000000\n4.000000\n382.21\n382.21\n34.79\n",
    "HR.csv": f"{START + 10}.000000\n1.000000\n118.00\n113.50\n",
    "IBI.csv": f"{START}.000000, IBI\n3.500000,0.687500\n4.437500,0.937500\n",
    "tags.csv": f"{START + 3}.30\r\n{START + 9}\r\n",
    "info.txt": "any text",
}


def session(folder: Path, files: Mapping[str, str | bytes | None] = {}) -> Path:
    """Write PLAIN with other files in place of its own, None for none."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {**PLAIN, **files}.items():
        if content is not None:
            data = content if isinstance(content, bytes) else content.encode()
            (folder / name).write_bytes(data)
    return folder


def packed(
    path: Path, files: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def oddities(recording: Recording) -> dict[str, tuple[int, str]]:
    return {odd.what: (odd.count, odd.where) for odd in recording.oddities}


def one(path: Path) -> Recording:
    (recording,) = read(path)
    return recording


def test_a_session_is_read_in_physical_units_on_one_clock(tmp_path: Path) -> None:
    path = session(tmp_path / "S02")
    assert recognise(path) == "e4"
    recording = one(path)
    assert (recording.name, recording.subject, recording.start_unix_s) == ("S02", "S02", START)
    of = recording.signals
    assert {n: (s.rate_hz, s.start_s) for n, s in of.items()} == {
        "acc": (32, 0),
        "bvp": (64, 0.5),
        "eda": (4, 0),
        "temp": (4, 0.5),
        "hr": (1, 10),
    }
    units = {c.name: c.unit for s in of.values() for c in s.channels}
    assert units == {
        **dict.fromkeys(("acc_x", "acc_y", "acc_z"), "g"),
        "bvp": "a.u.",
        "eda": "uS",
        "temp": "degC",
        "hr": "bpm",
    }
    assert of["acc"].values.tolist() == [
        [1, 0, -0.5],
        [0.015625, 0.03125, 0.046875],
        [-2, 1.984375, 0],
    ]
    assert of["bvp"].values[:, 0].tolist() == [0, 1.25, -3.5]
    assert of["eda"].values[:, 0].tolist() == [0, np.float32(0.622764)]
    assert of["temp"].values[:, 0].tolist() == [np.float32(34.79)]
    assert of["hr"].values[:, 0].tolist() == [118, 113.5]
    assert recording.events["ibi"].times_s.tolist() == [3.5, 4.4375]
    values = recording.events["ibi"].values
    assert values is not None and values.tolist() == [0.6875, 0.9375]
    np.testing.assert_allclose(recording.events["tags"].times_s, [3.3, 9], atol=1e-6)


def test_the_start_artefact_of_the_temperature_is_cut_off_and_told(tmp_path: Path) -> None:
    path = session(tmp_path / "S02")
    told = {w: of for w, of in oddities(one(path)).items() if "cannot give" in w}
    ((what, of),) = told.items()
    assert what.startswith("first reading(s) of TEMP.csv")
    assert of == (2, f"{path}/TEMP.csv, line 3")


def test_a_folder_and_its_zips_flat_or_with_a_folder_give_the_same(tmp_path: Path) -> None:
    expected = one(session(tmp_path / "a" / "S02"))
    flat = packed(tmp_path / "b" / "S02.zip", {**PLAIN, "._ACC.csv": "x", "__MACOSX/ACC.csv": "x"})
    deep = packed(tmp_path / "c" / "S02.zip", {f"S02/{name}": text for name, text in PLAIN.items()})
    for path in (flat, deep):
        recording = one(path)
        assert (recording.name, recording.subject) == ("S02", "S02")
        for name, signal in recording.signals.items():
            np.testing.assert_array_equal(signal.values, expected.signals[name].values)
        where = oddities(recording).popitem()[1][1]
        assert where.startswith(f"{path}/")


@pytest.mark.parametrize(
    ("places", "given", "expected"),
    [
        (["people/S02", "people/S10", "people/S3"], "", ["S02 S02", "S3 S3", "S10 S10"]),
        (["S2/S2_E4_Data", "S3/S3_E4_Data"], "", ["S2_E4_Data S2", "S3_E4_Data S3"]),
        (["S2_E4_Data"], "S2_E4_Data", ["S2_E4_Data S2"]),
        (["Data/S1/Final", "Data/S1/midterm_1"], "", ["S1_Final S1", "S1_midterm_1 S1"]),
        (["S1/Final", "S1/midterm_1"], "S1", ["S1_Final S1", "S1_midterm_1 S1"]),
        (["anna/session1", "anna/session2"], "", ["anna_session1 anna", "anna_session2 anna"]),
        (["anna/session1", "anna/session2"], "anna", ["anna_session1 anna", "anna_session2 anna"]),
        (["anna/x", "ben/x"], "", ["anna_x anna", "ben_x ben"]),
        (["anna/x", "anna/y"], "", ["anna_x anna", "anna_y anna"]),
        (["raw/anna", "raw/ben"], "", ["anna anna", "ben ben"]),
        (["STRESS/S01", "AEROBIC/S01_a"], "", ["S01_a S01", "S01 S01"]),
        (["5C/5C_1586886626", "BG/BG_1586886999"], "", ["5C_1586886626 5C", "BG_1586886999 BG"]),
        (["S02/E4", "S03/E4"], "", ["S02 S02", "S03 S03"]),
        (["S02/x", "S02/y", "S03"], "", ["S02_x S02", "S02_y S02", "S03 S03"]),
    ],
)
def test_names_and_people_of_the_trees_that_people_have(
    tmp_path: Path, places: list[str], given: str, expected: list[str]
) -> None:
    for index, place in enumerate(places):
        session(tmp_path / place, {"EDA.csv": f"{START + index}\n4\n0.{index}\n"})
    recordings = read(tmp_path / given, format="e4")
    assert [f"{r.name} {r.subject}" for r in recordings] == expected


def test_zips_as_the_portal_names_them_tell_no_person(tmp_path: Path) -> None:
    for name in ("1631_A00B2F", "1586886626_A01525"):
        packed(tmp_path / f"{name}.zip", {**PLAIN, "EDA.csv": f"{START}\n4\n{name[:2]}\n"})
    first, second = read(tmp_path)
    assert (first.subject, second.subject) == ("1631_A00B2F", "1586886626_A01525")
    assert any("tells no person" in note for note in first.notes)


def test_a_session_packed_and_unpacked_is_read_once(tmp_path: Path) -> None:
    session(tmp_path / "S2" / "S2_E4_Data")
    packed(tmp_path / "S2" / "S2_E4_Data.zip", PLAIN)
    assert len(read(tmp_path, format="e4")) == 1
    packed(tmp_path / "S2" / "again.zip", PLAIN)
    (recording,) = read(tmp_path, format="e4")
    assert oddities(recording)["copy(s) of a session already read, left out"][0] == 1


def test_sessions_of_a_person_that_overlap_are_told(tmp_path: Path) -> None:
    session(tmp_path / "S2" / "a")
    later = f"{START + 5}\n4\n0.5\n"
    files = dict.fromkeys(("ACC.csv", "BVP.csv", "TEMP.csv", "HR.csv", "IBI.csv", "tags.csv"))
    session(tmp_path / "S2" / "b", {**files, "EDA.csv": later})
    first, second = read(tmp_path)
    what = "session(s) that start before the person's last one ended"
    assert what not in oddities(first) and what in oddities(second)


def test_what_is_missing_or_empty_is_told_and_the_rest_read(tmp_path: Path) -> None:
    files = {"HR.csv": None, "IBI.csv": b"", "tags.csv": b"", "EDA.csv": b""}
    head_only = {"BVP.csv": f"{START}.00\n64.000000\n"}
    path = session(tmp_path / "S02", {**files, **head_only})
    recording = one(path)
    assert [*recording.signals] == ["acc", "temp"]
    assert {name: len(of.times_s) for name, of in recording.events.items()} == {"tags": 0, "ibi": 0}
    told = oddities(recording)
    assert told["session(s) without HR.csv"] == (1, str(path))
    assert told["signal file(s) that are empty"] == (1, f"{path}/EDA.csv")
    assert told["signal file(s) without a usable reading, left out"] == (1, f"{path}/BVP.csv")


def test_readings_that_no_sensor_gives_are_gaps(tmp_path: Path) -> None:
    eda = f"{START}.000000\n4.000000\n0.5\nnan\n1e300\n0.6\n-7\n0.7\n"
    path = session(tmp_path / "S02", {"EDA.csv": eda})
    recording = one(path)
    values = recording.signals["eda"].values[:, 0]
    np.testing.assert_array_equal(np.isnan(values), [False, True, True, False, True, False])
    assert recording.gaps == (Gap(0.25, 0.75), Gap(1, 1.25))
    told = [of for what, of in oddities(recording).items() if what.startswith("reading(s) of EDA")]
    assert told == [(3, f"{path}/EDA.csv, line 4")]


def test_tags_and_beats_that_do_not_fit_are_told(tmp_path: Path) -> None:
    tags = "".join(f"{START + at}\n" for at in (5, 3, 3, -1, 999)) + "nan\n"
    ibi = f"{START}.000000, IBI\n5,0.9\n4,0.8\n6,-1\n7,99\n500,1\nnan,1\n"
    path = session(tmp_path / "S02", {"tags.csv": tags, "IBI.csv": ibi})
    recording = one(path)
    assert recording.events["tags"].times_s.tolist() == [3, 5]
    assert recording.events["ibi"].times_s.tolist() == [4, 5]
    told = oddities(recording)
    assert told["tag(s) before the start or after the end, left out"] == (
        2,
        f"{path}/tags.csv, line 4",
    )
    assert told["tag(s) earlier than the one before, put in order"][0] == 1
    assert told["tag(s) at the time of another, left out"][0] == 1
    assert told["tag(s) that are no time, left out"] == (1, f"{path}/tags.csv, line 6")
    assert told["beat(s) of impossible time or length, left out"] == (3, f"{path}/IBI.csv, line 4")
    assert told["beat(s) before the start or after the end, left out"][0] == 1
    assert told["beat(s) earlier than the one before, put in order"][0] == 1


def test_starts_rates_and_ends_out_of_the_usual_are_told(tmp_path: Path) -> None:
    eda = f"{START + 100}\n8\n" + "0.5\n" * 400
    told = oddities(one(session(tmp_path / "S02", {"EDA.csv": eda})))
    assert told["file(s) at 8 Hz, where an E4 has 4"][1].endswith("EDA.csv, line 2")
    assert told["file(s) that start over 60 s away from the others"][1].endswith("EDA.csv, line 1")
    assert "signal(s) that end over 10 s before the last one does" in told


def test_dates_in_place_of_unix_times_are_read(tmp_path: Path) -> None:
    text = "2020-09-13 12:26:40"
    files = {"EDA.csv": f"{text}\n4\n0.5\n", "tags.csv": f"{text[:-2]}45\n"}
    recording = one(session(tmp_path / "S02", files))
    assert recording.signals["eda"].start_s == 0
    assert recording.events["tags"].times_s.tolist() == [5]


@pytest.mark.parametrize("change", ["mark", "windows", "no_end", "blank_end"])
def test_the_same_text_in_another_dress_gives_the_same(tmp_path: Path, change: str) -> None:
    dresses: dict[str, Callable[[bytes], bytes]] = {
        "mark": lambda data: b"\xef\xbb\xbf" + data,
        "windows": lambda data: data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
        "no_end": lambda data: data.rstrip(),
        "blank_end": lambda data: data + b"\n\n",
    }
    expected = one(session(tmp_path / "a" / "S02"))
    changed = {name: dresses[change](text.encode()) for name, text in PLAIN.items()}
    recording = one(session(tmp_path / "b" / "S02", changed))
    for name, signal in recording.signals.items():
        np.testing.assert_array_equal(signal.values, expected.signals[name].values)
        assert signal.start_s == expected.signals[name].start_s
    for name, events in recording.events.items():
        np.testing.assert_array_equal(events.times_s, expected.events[name].times_s)
    told = [odd for odd in recording.oddities if "without an end" in odd.what]
    assert bool(told) == (change == "no_end")


HEAD = f"{START}.000000\n4.000000\n"
REFUSED: list[tuple[str, str | bytes, str]] = [
    ("EDA.csv", HEAD + "0.5\n0,6\n", r"EDA\.csv, line 4: expected 1 columns"),
    ("EDA.csv", HEAD + "0.5\nabc\n0.5\n", r"EDA\.csv, line 4: .*Mend or remove the line\."),
    ("EDA.csv", HEAD + "0.5\n\n0.5\n", r"EDA\.csv, line 4: "),
    ("EDA.csv", HEAD + "0.52\n0.5", r"EDA\.csv, line 4: the file ends within the last line\. Copy"),
    ("EDA.csv", HEAD.encode() + b"0.5\n0\x00.5\n", r"EDA\.csv, line 4: "),
    ("EDA.csv", b"\x00\x01\x02", r"EDA\.csv, line 1: is no UTF-8 text\. Copy"),
    ("EDA.csv", HEAD.encode("utf-16"), r"EDA\.csv, line 1: is no UTF-8 text"),
    ("EDA.csv", "x" * 5000, r"EDA\.csv, line 1: is too long"),
    ("EDA.csv", f"{START}\n", r"EDA\.csv, line 2: expected a rate in Hz, got ''"),
    ("EDA.csv", f"{START}\n-4\n", r"EDA\.csv, line 2: expected a rate in Hz, got '-4'"),
    ("EDA.csv", "start\n4\n", r"EDA\.csv, line 1: expected a time in Unix seconds, got 'start'"),
    ("EDA.csv", f"{START},0\n4\n", r"EDA\.csv, line 1: expected 1 .* got 2"),
    ("EDA.csv", f"{START + 10**6}\n4\n0.5\n", r"EDA\.csv, line 1: starts 1000000 s away .* Put"),
    ("EDA.csv", HEAD + "1" * 2_000_000, r"EDA\.csv, line 3: holds a line of over 1 MB"),
    ("ACC.csv", PLAIN["ACC.csv"] + "1,2", r"ACC\.csv, line 6: expected 3 columns .* got 2"),
    ("ACC.csv", PLAIN["ACC.csv"].replace(",", ";"), r"ACC\.csv, line 1: expected 3 .* got 1"),
    (
        "ACC.csv",
        f"{START}, {START}, {START}\n32, 32, 31\n",
        r"ACC\.csv, line 2: expected 3 equal numbers, got 32\.0, 32\.0, 31\.0",
    ),
    ("IBI.csv", "3.5,0.68\n", r"IBI\.csv, line 1: expected a start and the word IBI"),
    ("IBI.csv", PLAIN["IBI.csv"] + "7\n", r"IBI\.csv, line 4: expected 2 columns"),
    ("tags.csv", f"{START}\nbutton\n", r"tags\.csv, line 2: expected a time .* 'button'"),
    ("tags.csv", "1\n" * 600_000, r"tags\.csv: holds over 1 MB"),
    ("labels.csv", "start_s,end_s,label\n0,1,a\n0,2,b\n", r"labels\.csv, line 3: .*overlap"),
]


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(("file", "content", "problem"), REFUSED)
def test_a_broken_file_is_refused_by_name_and_line(
    tmp_path: Path, file: str, content: str | bytes, problem: str, zipped: bool
) -> None:
    files = {**PLAIN, file: content}
    path = packed(tmp_path / "S02.zip", files) if zipped else session(tmp_path / "S02", files)
    with pytest.raises(FormatError, match=problem) as caught:
        read(path)
    assert str(caught.value).startswith(str(path)) and str(caught.value).endswith((".", "?"))


def test_no_session_or_one_file_of_it_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(FormatError, match=r"no Empatica E4 session.*Give a session's folder"):
        read(tmp_path / "empty", format="e4")
    path = session(tmp_path / "S02")
    with pytest.raises(FormatError, match=f"Give its folder: {path}"):
        read(path / "ACC.csv")
    bad = dict.fromkeys((*PLAIN, "ACC.csv")) | {"EDA.csv": b""}
    with pytest.raises(FormatError, match=r"holds no readings of acc.*Is the session complete"):
        read(session(tmp_path / "S03", bad))


def test_signals_are_chosen_and_the_clock_stays(tmp_path: Path) -> None:
    path = session(tmp_path / "S02", {"BVP.csv": f"{START}\n64\nbroken\n"})
    (recording,) = read(path, signals=["hr", "eda"])
    assert [*recording.signals] == ["hr", "eda"]
    assert recording.signals["hr"].start_s == 10
    with pytest.raises(DataError, match=r"an E4 has no signal 'hrr'\. Did you mean 'hr'"):
        read(path, signals=["hrr"])
    (path / "HR.csv").unlink()
    with pytest.raises(DataError, match="has no signal 'hr'"):
        read(path, signals=["hr", "eda"])


def test_tag_labels_name_the_stretches_between_tags(tmp_path: Path) -> None:
    path = session(tmp_path / "S02", {"tags.csv": f"{START + 3}\n{START + 9}\n"})
    (recording,) = read(path, tag_labels=["rest", "", "stress"])
    assert recording.spans == (Span(0, 3, "rest"), Span(9, 12, "stress"))
    with pytest.raises(DataError, match=r"'S02' has 2 tag\(s\), so 3 stretch\(es\), got 1"):
        read(path, tag_labels=["rest"])


def test_labels_inside_a_session_are_taken(tmp_path: Path) -> None:
    labels = "start_s,end_s,label\n0,2.5,rest\n2.5,6,stress\n"
    for path in (
        session(tmp_path / "S02", {"labels.csv": labels}),
        packed(tmp_path / "S03.zip", {**PLAIN, "labels.csv": labels}),
    ):
        recording = one(path)
        assert recording.spans == (Span(0, 2.5, "rest"), Span(2.5, 6, "stress"))
        assert any("labels.csv" in note for note in recording.notes)
        ((tagged),) = read(path, tag_labels=["a", "b", "c"])
        assert [span.label for span in tagged.spans] == ["a", "b", "c"]


def test_the_layout_is_read_whole(tmp_path: Path) -> None:
    recordings = read(layout.write(tmp_path, people=3, minutes=1))
    assert [r.subject for r in recordings] == ["S02", "S03", "S04"]
    for recording in recordings:
        lengths = {n: len(s.values) / s.rate_hz + s.start_s for n, s in recording.signals.items()}
        assert set(lengths.values()) == {60}
        assert len(recording.events["tags"].times_s) == 2
        assert len(recording.events["ibi"].times_s) > 10
    (zipped,) = read(layout.write(tmp_path / "z", zipped=True))
    assert (zipped.name, zipped.subject) == ("S02_E4_Data", "S02")


@pytest.mark.skipif(
    not (DATA / "e4_stress").is_dir(), reason="needs the recordings in ../shared/data/e4_stress"
)
def test_real_sessions_to_the_last_bit() -> None:
    recordings = read(DATA / "e4_stress")
    assert [r.subject for r in recordings] == ["S02", "S04"]
    native = np.load(DATA / "e4_stress" / "e4_stress_native.npz", allow_pickle=False)
    for recording in recordings:
        arrays = {
            key: native[f"{recording.subject}/{key}"] for key in ("ACC", "IBI", "t0", "tags_s")
        }
        np.testing.assert_array_equal(recording.signals["acc"].values * 64, arrays["ACC"])
        for name in ("BVP", "EDA", "TEMP", "HR"):
            values = recording.signals[name.lower()].values[:, 0]
            np.testing.assert_array_equal(values, native[f"{recording.subject}/{name}"])
        ibi, tags = recording.events["ibi"], recording.events["tags"]
        assert ibi.values is not None
        both = np.stack([ibi.times_s, ibi.values], axis=1).astype(np.float32)
        np.testing.assert_array_equal(both, arrays["IBI"])
        np.testing.assert_array_equal(tags.times_s.astype(np.float32), arrays["tags_s"])
        assert recording.start_unix_s == arrays["t0"]
        assert not recording.oddities and not recording.gaps


@pytest.mark.skipif(
    not (DATA / "wesad_s16_e4").is_dir(), reason="needs the zip in ../shared/data/wesad_s16_e4"
)
def test_a_real_zip() -> None:
    recording = one(DATA / "wesad_s16_e4" / "S16_E4_Data.zip")
    assert (recording.subject, recording.start_unix_s) == ("S16", 1502366365)
    lengths = {name: len(signal.values) for name, signal in recording.signals.items()}
    assert lengths == {"acc": 227430, "bvp": 454850, "eda": 28428, "temp": 28420, "hr": 7098}
    assert recording.signals["temp"].start_s == 1 and recording.signals["hr"].start_s == 10
    ((oddity),) = recording.oddities
    assert oddity.count == 4 and oddity.where.endswith("TEMP.csv, line 3")


def test_names_that_cannot_be_printed_are_shown_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "S02\udcff"
    try:
        folder.mkdir()
    except (OSError, UnicodeError):
        pytest.skip("this file system takes no such name")
    session(folder, {"HR.csv": None})
    recording = one(tmp_path)
    assert (recording.name, recording.subject) == ("S02?", "S02?")
    assert all(odd.where.isprintable() for odd in recording.oddities)
