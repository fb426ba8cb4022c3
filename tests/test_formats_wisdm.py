import gzip
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from layouts import wisdm as layout
from wearsynth.data import Gap, Recording, Span
from wearsynth.errors import DataError, FormatError
from wearsynth.formats import read, recognise, timeline, wisdm, wisdm_key, wisdm_text
from wearsynth.formats.numeric_csv import BLOCK_BYTES
from wearsynth.windowing import cut_windows

DATA = Path(__file__).parents[2] / "shared" / "data" / "wisdm_watch"
G = 9.80665
NS = 1_000_000_000
START_NS = 252_207_666_810_782


def lines(
    count: int, *, letter: str = "A", start_ns: int = START_NS, step_ns: int = NS // 20
) -> str:
    """Give readings of person 1600 whose x counts 0.0, 0.1, ... to 99.9, again and whose z is 9.80665."""
    rows = (
        f"1600,{letter},{start_ns + i * step_ns},{i % 1000 / 10:.1f},-2.5,9.80665;\n"
        for i in range(count)
    )
    return "".join(rows)


def put(tmp_path: Path, text: str | bytes, sensor: str = "accel", device: str = "watch") -> Path:
    path = tmp_path / f"data_1600_{sensor}_{device}.txt"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def one(path: Path) -> Recording:
    (recording,) = read(path)
    return recording


def x_of(recording: Recording) -> list[float | None]:
    """Give the x axis in the file's m/s2, rounded; None for NaN."""
    values = recording.signals["acc"].values[:, 0] * G
    return [None if np.isnan(v) else round(float(v), 3) for v in values]


def odd(recording: Recording) -> dict[str, tuple[int, str]]:
    return {o.what: (o.count, o.where.partition(", ")[2]) for o in recording.oddities}


def test_one_persons_folder(tmp_path: Path) -> None:
    put(tmp_path, lines(40) + lines(20, letter="S", start_ns=START_NS + 60 * NS))
    put(tmp_path, lines(40) + lines(20, letter="S", start_ns=START_NS + 60 * NS), "gyro")
    assert recognise(tmp_path) == "wisdm"
    walking, folding = read(tmp_path)
    assert (walking.name, folding.name) == ("1600_walking", "1600_folding_clothes")
    assert walking.subject == folding.subject == "1600"
    assert walking.spans == (Span(0.0, 2.0, "walking"),)
    assert walking.gaps == ()
    assert walking.oddities == ()
    assert walking.start_unix_s is None
    assert walking.source == "data_1600_accel_watch.txt, data_1600_gyro_watch.txt"
    acc, gyro = walking.signals["acc"], walking.signals["gyro"]
    assert (acc.rate_hz, gyro.rate_hz, acc.start_s, gyro.start_s) == (20, 20, 0, 0)
    assert [(c.name, c.unit) for c in acc.channels] == [(f"acc_{a}", "g") for a in "xyz"]
    assert [(c.name, c.unit) for c in gyro.channels] == [(f"gyro_{a}", "rad/s") for a in "xyz"]
    assert acc.values.shape == gyro.values.shape == (40, 3)
    np.testing.assert_allclose(acc.values[3], [0.3 / G, -2.5 / G, 1.0], rtol=1e-6)
    np.testing.assert_allclose(gyro.values[3], [0.3, -2.5, 9.80665], rtol=1e-6)


@pytest.mark.parametrize(
    ("below", "people", "signals"),
    [
        (".", 2, ["acc", "gyro"]),
        ("wisdm-dataset", 2, ["acc", "gyro"]),
        ("wisdm-dataset/raw", 2, ["acc", "gyro"]),
        ("wisdm-dataset/raw/watch", 2, ["acc", "gyro"]),
        ("wisdm-dataset/raw/watch/gyro", 2, ["gyro"]),
        ("wisdm-dataset/raw/watch/accel/data_1601_accel_watch.txt", 1, ["acc"]),
    ],
)
def test_every_folder_of_the_set_can_be_given(
    tmp_path: Path, below: str, people: int, signals: list[str]
) -> None:
    layout.write(tmp_path)
    path = tmp_path / below
    assert recognise(path) == "wisdm"
    recordings = read(path)
    assert len(recordings) == 3 * people
    assert [r.name for r in recordings[-3:]] == ["1601_walking", "1601_jogging", "1601_sitting"]
    assert all(list(r.signals) == signals for r in recordings)


def test_the_layout_reads_without_oddities_and_cuts(tmp_path: Path) -> None:
    recordings = read(layout.write(tmp_path, letters=layout.LETTERS, people=1, readings=64))
    assert [r.spans[0].label for r in recordings] == list(wisdm_key.ACTIVITIES.values())
    assert all(r.oddities == () for r in recordings)
    windows = cut_windows(recordings, length_s=1.0, stride_s=1.0)
    assert windows.counts == dict.fromkeys(wisdm_key.ACTIVITIES.values(), 3)


def test_place_chooses_the_device(tmp_path: Path) -> None:
    layout.write(tmp_path, people=1)
    raw = layout.write(tmp_path, people=1, device="phone", seed=1)
    phone = read(raw, place="phone")
    assert phone[0].source == "data_1600_accel_phone.txt, data_1600_gyro_phone.txt"
    for place in (None, "watch", "wrist"):
        assert read(raw, place=place)[0].source.startswith("data_1600_accel_watch.txt")
    assert read(raw / "phone")[0].source.startswith("data_1600_accel_phone.txt")
    with pytest.raises(DataError, match=r"unknown place 'wach'\. Did you mean 'watch'\?"):
        read(raw, place="wach")
    with pytest.raises(FormatError, match=r"phone: holds no files .* of the watch .* Name another"):
        read(raw / "phone", place="watch")


def test_signals_are_read_alone(tmp_path: Path) -> None:
    raw = layout.write(tmp_path, people=1)
    (raw / "watch" / "accel" / "data_1600_accel_watch.txt").write_bytes(b"broken")
    assert [list(r.signals) for r in read(raw, signals=["gyro"])] == [["gyro"]] * 3
    with pytest.raises(DataError, match=r"unknown signal 'gyr'\. Did you mean 'gyro'"):
        read(raw, signals=["gyr"])
    with pytest.raises(FormatError, match=r"holds no files .* for acc"):
        read(raw / "watch" / "gyro", signals=["acc"])


def test_an_activity_that_comes_again_is_numbered(tmp_path: Path) -> None:
    later = lines(30, letter="B", start_ns=START_NS + 10 * NS)
    path = put(tmp_path, lines(30) + later + lines(30, start_ns=START_NS + 20 * NS))
    assert [r.name for r in read(path)] == ["1600_walking", "1600_jogging", "1600_walking_2"]


def test_both_signals_stand_on_one_clock(tmp_path: Path) -> None:
    put(tmp_path, lines(40, start_ns=START_NS + NS // 5))  # starts 4 readings later
    put(tmp_path, lines(40), "gyro")
    recording = one(tmp_path)
    assert (recording.signals["acc"].start_s, recording.signals["gyro"].start_s) == (0.2, 0.0)
    np.testing.assert_allclose(recording.signals["acc"].values[0, 0], 0.0, atol=1e-6)
    assert recording.spans == (Span(0.0, 2.2, "walking"),)
    assert odd(recording) == {wisdm.ENDS: (1, "line 1")}


def test_a_stretch_without_one_signal_is_left_out_and_told(tmp_path: Path) -> None:
    later = lines(40, letter="B", start_ns=START_NS + 60 * NS)
    put(tmp_path, lines(40) + later)
    put(tmp_path, lines(40), "gyro")
    recording = one(tmp_path)
    assert recording.name == "1600_walking"
    what = "activity stretch(es) of acc without gyro at the same time: left out"
    assert odd(recording) == {what: (1, "line 41")}
    assert [r.name for r in read(tmp_path, signals=["acc"])] == ["1600_walking", "1600_jogging"]


def test_two_clocks_share_no_time(tmp_path: Path) -> None:
    put(tmp_path, lines(40))
    put(tmp_path, lines(40, start_ns=NS), "gyro")
    with pytest.raises(FormatError, match=r"without acc at the same time.*Name one signal"):
        read(tmp_path)


def test_a_person_without_gyro_does_not_stop_the_others(tmp_path: Path) -> None:
    raw = layout.write(tmp_path)
    (raw / "watch" / "gyro" / "data_1600_gyro_watch.txt").unlink()
    recordings = read(raw)
    assert {r.subject for r in recordings} == {"1601"}
    assert [o.count for o in recordings[0].oddities] == [1, 1, 1]
    assert recordings[0].oddities[0].where == "data_1600_accel_watch.txt, line 1"


def test_a_slow_clock_keeps_its_times(tmp_path: Path) -> None:
    recording = one(put(tmp_path, lines(200, step_ns=round(NS / 19.9))))
    assert recording.signals["acc"].rate_hz == 20
    assert len(x_of(recording)) == 201  # 199 / 19.9 Hz = 10 s
    assert x_of(recording)[100] == pytest.approx(5 * 19.9 / 10, abs=1e-3)


def test_time_stamps_of_the_calendar_are_kept(tmp_path: Path) -> None:
    recording = one(put(tmp_path, lines(30, start_ns=1_500_000_000 * NS)))
    assert recording.start_unix_s == pytest.approx(1_500_000_000)
    np.testing.assert_allclose(
        recording.signals["acc"].values[:, 0] * G, np.arange(30) / 10, atol=1e-4
    )


def test_a_missing_reading_is_bridged_and_a_longer_gap_is_not(tmp_path: Path) -> None:
    rows = lines(40).splitlines(keepends=True)
    recording = one(put(tmp_path, "".join(rows[:5] + rows[6:10] + rows[13:])))
    assert x_of(recording)[:14] == [*[i / 10 for i in range(10)], None, None, None, 1.3]
    assert recording.gaps == (Gap(0.5, 0.65),)
    assert odd(recording) == {wisdm.MISSED: (1, "line 6"), wisdm.HOLE: (1, "line 10")}


def test_a_dense_stretch_is_averaged(tmp_path: Path) -> None:
    recording = one(
        put(tmp_path, lines(40) + lines(500, start_ns=START_NS + 2 * NS, step_ns=NS // 100))
    )
    assert odd(recording)[wisdm.DENSE][0] == pytest.approx(500, abs=30)
    # readings at 2 s + i * 10 ms hold i / 10: the five around 4 s hold 19.8 to 20.2
    assert x_of(recording)[80] == pytest.approx(20.0, abs=1e-3)


def test_a_gap_of_57_seconds_is_a_gap_and_61_begin_a_recording(tmp_path: Path) -> None:
    recording = one(put(tmp_path, lines(20) + lines(20, start_ns=START_NS + 57 * NS)))
    (gap,) = recording.gaps
    assert (gap.start_s, gap.end_s) == (1.0, 57.0)
    recordings = read(put(tmp_path, lines(20) + lines(20, start_ns=START_NS + 62 * NS)))
    assert [r.name for r in recordings] == ["1600_walking", "1600_walking_2"]
    assert odd(recordings[0]) == {wisdm_text.JUMP: (1, "line 21")}


def test_a_step_back_begins_a_recording(tmp_path: Path) -> None:
    recordings = read(put(tmp_path, lines(20) + lines(30, start_ns=START_NS - 40 * NS)))
    assert [len(x_of(r)) for r in recordings] == [20, 30]
    assert odd(recordings[0]) == {timeline.BACKWARD: (1, "line 21")}


def row(index: int, x: str = "", *, letter: str = "A", at: int | None = None) -> str:
    time_ns = START_NS + (index if at is None else at) * NS // 20
    return f"1600,{letter},{time_ns},{x or index / 10:},-2.5,9.80665;\n"


@pytest.mark.parametrize(
    ("change", "what", "count", "line", "x"),
    [
        (lambda r: [*r[:5], row(5, "nan"), *r[6:]], wisdm_text.IMPOSSIBLE, 1, 6, 0.5),
        (lambda r: [*r[:5], row(5, "-inf"), *r[6:]], wisdm_text.IMPOSSIBLE, 1, 6, 0.5),
        (lambda r: [*r[:5], row(5, "3E8"), *r[6:]], wisdm_text.IMPOSSIBLE, 1, 6, 0.5),
        (lambda r: [*r[:5], "1600,A,0,1,2,3;\n", *r[6:]], wisdm_text.NO_TIME, 1, 6, 0.5),
        (lambda r: [*r[:5], "1600,A,nan,1,2,3;\n", *r[6:]], wisdm_text.NO_TIME, 1, 6, 0.5),
        (lambda r: [*r[:5], row(5, "7", at=9000), *r[6:]], wisdm_text.ALONE, 1, 6, 0.5),
        (lambda r: [*r[:5], row(5, "7", letter="K"), *r[6:]], wisdm_text.ALONE, 1, 6, 0.5),
        (lambda r: [*r[:4], r[5], r[4], *r[6:]], wisdm_text.LATE, 1, 6, 0.5),
        (lambda r: [*r[:5], row(5, "7"), *r[5:]], timeline.REPEATED, 1, 7, 0.5),
        (lambda r: [*r[:6], row(5, "7", at=5), *r[6:]], timeline.REPEATED, 1, 7, 7.0),
        (lambda r: r[:35] + r[5:], wisdm_text.TWICE, 30, 36, 0.5),
        (lambda r: [*r[:5], r[5].replace(";", ""), *r[6:]], wisdm_text.UNENDED, 1, 6, 0.5),
    ],
)
def test_odd_values_and_times_are_read_and_told(
    tmp_path: Path,
    change: Callable[[list[str]], list[str]],
    what: str,
    count: int,
    line: int,
    x: float,
) -> None:
    rows = lines(40).splitlines(keepends=True)
    recording = one(put(tmp_path, "".join(change(rows))))
    told = odd(recording)
    assert told.pop(what) == (count, f"line {line}")
    assert told in ({}, {wisdm.MISSED: (1, "line 7")})  # where a reading was left out
    assert x_of(recording) == [x if i == 5 else i / 10 for i in range(40)]
    assert recording.gaps == ()


@pytest.mark.parametrize(
    "dress",
    [
        lambda t: b"\xef\xbb\xbf" + t,
        lambda t: t.replace(b"\n", b"\r\n"),
        lambda t: t.replace(b"\n", b"\r"),
        lambda t: t.replace(b";", b""),
        lambda t: t.replace(b";\n", b" ; \n"),
        lambda t: t.replace(b",", b" , "),
        lambda t: t.removesuffix(b"\n"),
        lambda t: t + b"\n\r\n",
    ],
)
def test_dressed_otherwise_it_is_the_same(tmp_path: Path, dress: Callable[[bytes], bytes]) -> None:
    plain = one(put(tmp_path, lines(30)))
    other = one(put(tmp_path, dress(lines(30).encode())))
    np.testing.assert_array_equal(plain.signals["acc"].values, other.signals["acc"].values)
    assert other.oddities == ()


def test_line_numbers_hold_in_a_file_of_several_blocks(tmp_path: Path) -> None:
    rows = lines(50_000).splitlines(keepends=True)
    assert sum(map(len, rows)) > 1.5 * BLOCK_BYTES
    with pytest.raises(FormatError, match="line 45001: expected a number as x, got 'oops'"):
        read(put(tmp_path, "".join([*rows[:45_000], "1600,A,1,oops,2,3;\n", *rows[45_001:]])))
    text = "".join([*rows[:45_000], row(45_000, "nan"), *rows[45_001:]])
    assert odd(one(put(tmp_path, text)))[wisdm_text.IMPOSSIBLE] == (1, "line 45001")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", r"\.txt: is empty\. Copy it again\."),
        (b" \n\n", r"\.txt: is empty\. Copy it again\."),
        (b"1600,A,1,0.5,2,3;\n1600,A,2,0.5,2;\n", r"line 2: expected 6 columns \(person, .* got 5\."),
        (b"1600,A,1,0.5,2,3;\n1600,A,2,x,2,3;\n", "line 2: expected a number as x, got 'x'. Mend"),
        (b"1600,A,1,0.5,2,3;\n1600,A,2,,2,3;\n", "line 2: expected a number as x, got ''. Mend"),
        (b"1600,A,1,0,5,2,3;\n", "line 1: expected 6 .* commas between and decimal points, got 7"),
        (b"1600\tA\t1\t0.5\t2\t3;\n", "line 1: expected 6 columns .*, got 1. Mend or remove"),
        (b"1600,A,1,0.5,2,3;1600,A,2,0.5,2,3;\n", "line 1: expected 6 columns .*, got 11. Mend"),
        (b"1600,A,1,0.5,2,3;\n\n1600,A,2,1,2,3;\n", "line 2: expected a number as person, got ''"),
        (b"1600,A,1,0.5,2,3;\n1600,A,2,1\x00,2,3;\n", r"line 2: expected a number as x, got '1\\x00'"),
        (b"1600,A,1,0.5,2,3;\n1600,N,2,1,2,3;\n", "line 2: unknown activity 'N', expected a letter"),
        (b"1600,A,1,0.5,2,3;\n1600,\xff,2,1,2,3;\n", "line 2: unknown activity .* Mend or remove"),
        (b"1600,A,1,0.5,2,3;\n1601,A,2,1,2,3;\n", "line 2: is named for person 1600, but .* 1601"),
        (b"1600,A,1,0.5,2,3;\n1600,A,2,1,2,3", "line 2: the file ends within this line. Remove"),
        (b"1600,A,1,0.5,2,3;\n1600,A,2,1", "line 2: expected 6 columns .* the file was cut off"),
        (b"9" * 2_000_000, r"line 1: holds a line of over 1 MB, so it is no text .* Copy"),
        ("1600,A,1,0.5,2,3;\n".encode("utf-16"), "line 1: is written in UTF-16. Save it as plain text"),
        (gzip.compress(b"1600,A,1,0.5,2,3;\n", mtime=0), r"line 1: "),
        (lines(40, step_ns=50).encode(), r"advance by 50 a reading \(median\), .* nanoseconds"),
        (lines(1).encode(), "holds no two readings that follow on each other"),
        (lines(2, step_ns=40_000_000).encode(), "fewer than two readings on the grid.*line 1"),
        (b"".join(lines(1, letter="AB"[i % 2], start_ns=i * NS).encode() for i in range(99)), "Sort"),
    ],
)  # fmt: skip
def test_a_broken_structure_is_refused_in_a_sentence(
    tmp_path: Path, text: bytes, message: str
) -> None:
    path = put(tmp_path, text)
    assert recognise(path) == "wisdm"
    with pytest.raises(FormatError, match=message) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_lines_out_of_order_are_refused(tmp_path: Path) -> None:
    pairs = [lines(2, letter="AB"[i % 2], start_ns=START_NS + i * NS) for i in range(600)]
    with pytest.raises(FormatError, match="changes its activity or jumps in time 599 times"):
        read(put(tmp_path, "".join(pairs)))


def test_times_that_are_too_sparse_are_refused(tmp_path: Path) -> None:
    sparse = "".join(row(i, "1", at=i * 1000) for i in range(1, 31))
    with pytest.raises(
        FormatError, match=r"line 1: has 70 readings in .* expected about 20 a second"
    ):
        read(put(tmp_path, lines(40) + sparse))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("walk.txt", "1600,A,1,0.5,2,3;\n", "does not tell person, sensor and device. Name it as"),
        ("WISDM_ar_v1.1_raw.txt", "33,Jogging,49105962326000,-0.7,12.7,0.5;\n", "older WISDM set"),
        ("old.txt", "33,Jogging,49105962326000,-0.7,12.7,0.5;\n", "older WISDM set .* as a table"),
        ("data_1600_accel_watch.arff", "@relation x\n", "holds features, not readings. Give the"),
        ("wisdm-dataset.zip", "PK", "is packed. Unzip it and give the folder"),
    ],
)
def test_what_is_near_the_set_is_refused(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    (tmp_path / name).write_text(text)
    assert recognise(tmp_path / name) == "wisdm"
    with pytest.raises(FormatError, match=message):
        read(tmp_path / name)


def test_a_folder_of_the_older_set_is_refused(tmp_path: Path) -> None:
    (tmp_path / "WISDM_ar_v1.1_raw.txt").write_text("33,Jogging,1,2,3,4;\n")
    assert recognise(tmp_path) == "wisdm"
    with pytest.raises(FormatError, match=r"WISDM_ar_v1\.1_raw\.txt: is of an older WISDM set"):
        read(tmp_path)


def test_a_file_that_stands_twice_is_refused(tmp_path: Path) -> None:
    raw = layout.write(tmp_path, people=1)
    (raw / "data_1600_accel_watch.txt").write_text(lines(20))
    with pytest.raises(FormatError, match=r"stands a second time as .* Move one of them away"):
        read(raw)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    raw = layout.write(tmp_path, people=1)
    path = raw / "watch" / "accel" / "data_1600_accel_watch.txt"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(FormatError, match=r"accel_watch\.txt: is no plain file"):
        read(raw)


def test_other_text_and_folders_are_not_recognised(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("1600 people walked\n")
    assert not wisdm.recognises(tmp_path / "notes.txt")
    assert not wisdm.recognises(tmp_path)
    assert not wisdm.recognises(tmp_path / "nothing")
    with pytest.raises(FormatError, match="holds no files data_<person>"):
        read(tmp_path, format="wisdm")


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the files in ../shared/data/wisdm_watch")
def test_the_real_files() -> None:
    recordings = read(DATA / "raw")
    assert [r.spans[0].label for r in recordings] == list(wisdm_key.ACTIVITIES.values())
    told = {r.name: [o.count for o in r.oddities] for r in recordings if r.oddities}
    assert told == {"1605_brushing_teeth": [1, 2, 1, 2], "1605_eating_chips": [1684, 3, 1684, 3]}
    seconds = [r.duration_s for r in recordings]
    assert min(seconds) > 179.8
    assert max(seconds) <= 180


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the files in ../shared/data/wisdm_watch")
def test_the_real_files_made_uniform_by_others() -> None:
    """Where readings stand at 20 Hz, the straight lines of others agree to their rounding."""
    others = np.load(DATA / "wisdm_watch_20hz.npz")
    mine = read(DATA / "raw")
    theirs = np.flatnonzero(others["seg_subject"] == 1605)
    apart = {}
    for recording, index in zip(mine, theirs, strict=True):
        first, count = others["seg_start"][index], others["seg_len"][index]
        acc = recording.signals["acc"].values
        size = min(len(acc), count)
        uniform = others["acc"][first : first + size] * float(others["acc_scale"]) / G
        apart[recording.spans[0].label] = float(np.nanmax(np.abs(acc[:size] - uniform)))
    dense = apart.pop("eating_chips")  # they do not average where readings stand at 100 Hz
    assert max(apart.values()) < 1.5e-4  # theirs are in steps of 0.001 m/s2
    assert dense > 0.1
