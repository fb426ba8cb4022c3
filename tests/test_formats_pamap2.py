"""PAMAP2: values worked out by hand, every option, every fault, and the real excerpt."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from layouts import pamap2 as layout
from wearsynth.data import Gap, Recording, Span
from wearsynth.errors import DataError, FormatError
from wearsynth.formats import pamap2, read, recognise
from wearsynth.formats.pamap2_rows import ACTIVITIES
from wearsynth.windowing import cut_windows

EXCERPT = Path(__file__).parents[2] / "shared" / "data" / "pamap2_excerpt"
IMU = "{temp} {acc} {acc_6g} {gyro} {mag} 1 0 0 0"
LOST = " ".join(["NaN"] * 17)


def _imu(number: int, *, acc: str = "9.80665 0 -19.6133") -> str:
    """Give an IMU's 17 columns; most values tell which IMU it is."""
    return IMU.format(
        temp=f"3{number}.5", acc=acc, acc_6g=f"0 9.80665 {number}", gyro=f"0.5 -0.25 {number}",
        mag=f"{number} -20 30.5",
    )  # fmt: skip


def _line(time_s: object, activity: object = 4, *, hr: object = "NaN", hand: str = "") -> str:
    return f"{time_s} {activity} {hr} {hand or _imu(1)} {_imu(2)} {_imu(3)}\n"


def _file(folder: Path, text: str | bytes, *, name: str = "Protocol/subject104.dat") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode("ascii"))
    return path


def _rows(times_s: list[float], **other: object) -> str:
    return "".join(_line(f"{time_s:.10g}", **other) for time_s in times_s)  # type: ignore[arg-type]


def _told(recording: Recording) -> dict[str, tuple[int, str]]:
    return {oddity.what: (oddity.count, oddity.where) for oddity in recording.oddities}


def _refusal(path: Path) -> str:
    with pytest.raises(FormatError) as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


def test_readings_are_in_physical_units(tmp_path: Path) -> None:
    path = _file(tmp_path, _rows([8.38, 8.39, 8.4]))
    (one,) = read(path, signals=("acc", "gyro", "acc_6g", "mag", "temp"))
    values = {name: signal.values[0].tolist() for name, signal in one.signals.items()}
    assert values == {
        "acc": [1.0, 0.0, -2.0],
        "gyro": [0.5, -0.25, 1.0],
        "acc_6g": [0.0, 1.0, pytest.approx(1 / 9.80665, rel=1e-6)],
        "mag": [1.0, -20.0, 30.5],
        "temp": [31.5],
    }
    units = {name: signal.channels[0].unit for name, signal in one.signals.items()}
    assert units == {"acc": "g", "gyro": "rad/s", "acc_6g": "g", "mag": "uT", "temp": "degC"}
    assert one.signals["acc_6g"].channels[0].name == "acc_6g_x"
    assert {signal.rate_hz for signal in one.signals.values()} == {100.0}
    assert (one.name, one.subject, one.source) == ("subject104", "104", "Protocol/subject104.dat")
    assert one.duration_s == pytest.approx(0.03)
    assert not one.gaps
    assert not one.oddities


@pytest.mark.parametrize(("place", "number"), [("wrist", 1), ("chest", 2), ("ankle", 3)])
def test_each_place_has_its_own_imu(tmp_path: Path, place: str, number: int) -> None:
    path = _file(tmp_path, _rows([0.0, 0.01]))
    (one,) = read(path, place=place, signals=["temp", "gyro"])
    assert list(one.signals) == ["temp", "gyro"]
    assert one.signals["temp"].values[0] == 30.5 + number
    assert one.signals["gyro"].values[1, 2] == number
    assert f"sensor at the {place}" in one.notes


def test_acc_and_gyro_of_the_hand_are_the_usual_signals(tmp_path: Path) -> None:
    (one,) = read(_file(tmp_path, _rows([0.0])))
    assert list(one.signals) == ["acc", "gyro"]
    assert one.signals["gyro"].values[0, 2] == 1


def test_activities_are_spans_and_0_is_none(tmp_path: Path) -> None:
    ids = [0, 0, 7, 7, 7, 24, 0, 12]
    text = "".join(_line(f"{row / 100:g}", number) for row, number in enumerate(ids))
    (one,) = read(_file(tmp_path, text))
    assert one.spans == (
        Span(0.02, 0.05, "nordic_walking"),
        Span(0.05, 0.06, "rope_jumping"),
        Span(0.07, 0.08, "stairs_up"),
    )


def test_every_activity_of_the_set_has_a_class() -> None:
    assert sorted(ACTIVITIES) == [*range(1, 8), 9, 10, 11, 12, 13, *range(16, 21), 24]
    for number, name in ACTIVITIES.items():
        assert pamap2.CLASS_OF[number] == name


def test_heart_rate_is_the_mean_of_each_second(tmp_path: Path) -> None:
    hr: dict[int, str] = {0: "100", 11: "103", 99: "106", 205: "80"}
    text = "".join(_line(f"{50 + row / 100:.6g}", hr=hr.get(row, "NaN")) for row in range(250))
    (one,) = read(_file(tmp_path, text), signals=("acc", "hr"))
    assert one.signals["hr"].rate_hz == 1
    np.testing.assert_array_equal(one.signals["hr"].values[:, 0], [103, np.nan, 80])
    assert one.gaps == (Gap(1.0, 2.0),)


def test_rows_without_readings_are_gaps_and_nothing_odd(tmp_path: Path) -> None:
    text = _rows([0, 0.01]) + _rows([0.02, 0.03], hand=LOST) + _rows([0.04])
    (one,) = read(_file(tmp_path, text))
    assert one.gaps == (Gap(0.02, 0.04),)
    assert np.isnan(one.signals["acc"].values[2:4]).all()
    assert one.oddities == ()
    (other,) = read(tmp_path / "Protocol", place="chest")
    assert other.gaps == ()


def test_missing_rows_keep_the_clock_true(tmp_path: Path) -> None:
    (one,) = read(_file(tmp_path, _rows([1, 1.01, 1.05, 1.06])))
    assert one.gaps == (Gap(0.02, 0.05),)
    assert one.duration_s == pytest.approx(0.07)
    where = "Protocol/subject104.dat, line 3"
    assert _told(one) == {"step(s) in time over missing rows": (1, where)}


def test_of_rows_at_one_time_the_last_stands(tmp_path: Path) -> None:
    text = _rows([0, 0.01]) + _line(0.01, 5, hand=_imu(7)) + _line(0.02)
    (one,) = read(_file(tmp_path, text))
    np.testing.assert_array_equal(one.signals["gyro"].values[:, 2], [1, 7, 1])
    assert [span.label for span in one.spans] == ["walking", "running", "walking"]
    assert list(_told(one).values()) == [(1, "Protocol/subject104.dat, line 3")]


def test_steps_back_and_far_ahead_begin_new_recordings(tmp_path: Path) -> None:
    path = _file(tmp_path, _rows([700, 700.01, 20, 20.01, 20.02, 621]))
    recordings = read(path)
    assert [one.name for one in recordings] == ["subject104", "subject104_2", "subject104_3"]
    assert {one.subject for one in recordings} == {"104"}
    assert [round(one.duration_s * 100) for one in recordings] == [2, 3, 1]
    assert [where for _, where in _told(recordings[0]).values()] == [
        "Protocol/subject104.dat, line 3",
        "Protocol/subject104.dat, line 6",
    ]
    assert recordings[1].oddities == ()


def test_a_step_of_ten_minutes_is_a_gap(tmp_path: Path) -> None:
    (one,) = read(_file(tmp_path, _rows([0, 600])))
    assert one.gaps == (Gap(0.01, 600.0),)


@pytest.mark.parametrize("bad", ["NaN", "inf", "-inf", "1e300", "99999999"])
def test_rows_without_a_time_lie_between_those_beside(tmp_path: Path, bad: str) -> None:
    text = _rows([3, 3.01]) + _line(bad, hand=_imu(7)) + _rows([3.03])
    (one,) = read(_file(tmp_path, text))
    np.testing.assert_array_equal(one.signals["gyro"].values[:, 2], [1, 1, 7, 1])
    what = "row(s) without a time: taken as between those beside"
    assert _told(one) == {what: (1, "Protocol/subject104.dat, line 3")}


@pytest.mark.parametrize("bad", ["inf", "-inf", "1e300", "200"])
def test_what_no_sensor_measures_is_missing(tmp_path: Path, bad: str) -> None:
    hand = _imu(1, acc=f"1 2 {bad}")
    text = _rows([0]) + _line(0.01, hand=hand) + _line(0.02, hand=hand) + _rows([0.03])
    (one,) = read(_file(tmp_path, text))
    assert one.gaps == (Gap(0.01, 0.03),)
    what = "reading(s) of acc outside -20..20 g, which no sensor of the set gives: missing"
    assert _told(one) == {what: (2, "Protocol/subject104.dat, line 2")}


def test_what_the_sensor_measures_beyond_its_nominal_range_is_kept(tmp_path: Path) -> None:
    (one,) = read(_file(tmp_path, _line(0, hand=_imu(1, acc="160 -165 0"))))
    assert one.signals["acc"].values[0, 0] == pytest.approx(160 / 9.80665)
    assert one.oddities == ()


@pytest.mark.parametrize("bad", [8, 25, -1, 4.5, "NaN", "inf", "1e99"])
def test_an_unknown_activity_is_no_label(tmp_path: Path, bad: object) -> None:
    (one,) = read(_file(tmp_path, _rows([0, 0.01]) + _line(0.02, bad) + _line(0.03, 4)))
    assert one.spans == (Span(0.0, 0.02, "walking"), Span(0.03, 0.04, "walking"))
    what = "row(s) of an activity that the data set does not have: without label"
    assert _told(one) == {what: (1, "Protocol/subject104.dat, line 3")}


def test_the_published_tree_is_read_in_one_call(tmp_path: Path) -> None:
    root = layout.write(tmp_path / "PAMAP2_Dataset", subjects=("101", "109"))
    (root / "Protocol" / "._subject101.dat").write_bytes(b"\x00\x05")
    (root / "readme.pdf").write_bytes(b"%PDF")
    names = ["subject101", "subject109", "subject101_optional"]
    for path in (root, tmp_path):
        assert recognise(path) == "pamap2"
        assert [one.name for one in read(path)] == names
    assert [one.subject for one in read(root)] == ["101", "109", "101"]
    assert [one.name for one in read(root / "Optional")] == ["subject101_optional"]
    one = read(root / "Protocol" / "subject109.dat")[0]
    assert one.gaps == (Gap(1.0, 1.03),)
    assert [span.label for span in one.spans] == ["lying", "nordic_walking", "rope_jumping"]
    assert cut_windows(read(root), length_s=0.25, stride_s=0.25).counts["lying"] == 6


def test_files_of_another_name_are_known_by_their_first_line(tmp_path: Path) -> None:
    path = _file(tmp_path, b"\xef\xbb\xbf" + _rows([0, 0.01]).encode(), name="mine.txt")
    assert recognise(path) == "pamap2"
    (one,) = read(path)
    assert (one.name, one.subject) == ("mine", None)
    for other in ("0 4 NaN\n", _rows([0]).replace(" ", ","), "word " * 53 + "word\n", ""):
        assert not pamap2.recognises(_file(tmp_path, other, name="other.txt"))
    assert not pamap2.recognises(tmp_path / "nothing")
    assert not pamap2.recognises(tmp_path)


def test_a_usual_name_is_recognised_whatever_it_holds(tmp_path: Path) -> None:
    path = _file(tmp_path, b"\x89PNG\r\n\x1a\n")
    assert recognise(path) == "pamap2"
    assert "line 1: expected 54 columns (time, activity, ... ankle_orientation_3)" in _refusal(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: text.rstrip(b"\n"),
        lambda text: text + b"\n",
    ],
    ids=["byte order mark", "CR LF", "no last line end", "blank end"],
)
def test_other_bytes_of_the_same_text(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    path = layout.write(tmp_path) / "Protocol" / "subject101.dat"
    (one,) = read(path)
    path.write_bytes(change(path.read_bytes()))
    (other,) = read(path)
    np.testing.assert_array_equal(other.signals["acc"].values, one.signals["acc"].values)
    assert (other.spans, other.gaps, other.oddities) == (one.spans, one.gaps, ())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "0.02 4 NaN 30\n",
            "expected 54 columns (time, activity, ... ankle_orientation_3), got 4.",
        ),
        (_line(0.02).replace("\n", " 1\n"), "got 55. Mend or remove the line."),
        (_line(0.02).replace(" ", ","), "got 1. Write blanks between the columns, not commas."),
        (_line(0.02).replace(" ", "\t"), "got 1. Write blanks between the columns, not tabs."),
        (_line(0.02).replace("9.80665", "9,80665"), "Write numbers with a decimal point."),
        (_line("0:02"), "got '0:02' for time. Mend or remove the line."),
        (_line(0.02, "walking"), "got 'walking' for activity. Mend or remove the line."),
        (_line(0.02).replace("33.5", "33.5C"), "got '33.5C' for ankle_temp."),
        (
            _line(0.02, hand=_imu(1, acc="1 \0 3")),
            "got bytes of 0. Is it UTF-16, or damaged?",
        ),
        ("\n", "got a blank line. Remove it."),
        ("1" * 3_000_000, "holds a line of over 1 MB"),
    ],
)
def test_a_broken_line_is_refused(tmp_path: Path, line: str, said: str) -> None:
    path = _file(tmp_path, _rows([0, 0.01]) + line + _rows([0.03]))
    message = _refusal(path)
    assert message.startswith(f"{path}, line 3: ")
    assert said in message


def test_a_file_cut_within_a_line_is_refused(tmp_path: Path) -> None:
    text = _rows([0, 0.01])
    message = _refusal(_file(tmp_path, text[: len(text) - 40]))
    assert "line 2: expected 54 columns" in message
    assert "The file was cut off within this line: copy it again." in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty. Copy the file again."),
        (_rows([0, 0.01]).encode("utf-16").decode("latin-1"), "is written in UTF-16."),
        (_line("NaN"), "has no times in its first column."),
        (_rows([5, 5, 5]), "its rows are 0 s apart, expected 0.01 s."),
        (_rows([row / 50 for row in range(30)]), "its rows are 0.02 s apart, expected 0.01 s."),
        (_rows([300 - row for row in range(200)] + [400, 400.01]), "199 times, the first time"),
        (_rows([100 * 600 * (row // 2) / 100 + row % 2 / 100 for row in range(600)]), "hours"),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert said in _refusal(_file(tmp_path, text.encode("latin-1")))


def test_a_folder_without_files_of_the_set(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"holds no subject101\.dat or the like"):
        read(tmp_path, format="pamap2")


@pytest.mark.parametrize("name", ["PAMAP2_Dataset.zip", "pamap2+physical+activity+monitoring.zip"])
def test_the_zip_as_downloaded(tmp_path: Path, name: str) -> None:
    path = _file(tmp_path, b"PK\x03\x04", name=name)
    assert recognise(path) == "pamap2"
    assert "Unpack it, and give the folder PAMAP2_Dataset in it." in _refusal(path)


def test_options_that_do_not_fit(tmp_path: Path) -> None:
    path = _file(tmp_path, _rows([0]))
    with pytest.raises(DataError, match=r"no place 'hnd'\. Did you mean 'hand'"):
        read(path, place="hnd")
    with pytest.raises(DataError, match=r"no signal 'gyr'\. Did you mean 'gyro'"):
        read(path, signals=("gyr",))
    with pytest.raises(DataError, match="different names"):
        read(path, signals=("acc", "acc"))


@pytest.mark.skipif(not EXCERPT.is_dir(), reason="the excerpt of PAMAP2 is not in ../shared")
def test_real_readings_of_subject_102(tmp_path: Path) -> None:
    real = np.load(EXCERPT / "pamap2_subject102_hand6g_100hz.npz")
    ids = {"walking": 4, "Nordic_walking": 7, "cycling": 6, "transient": 0}
    lines = []
    for time_s, acc, activity in zip(real["t"], real["acc"], real["activity"], strict=True):
        words = " ".join("NaN" if np.isnan(value) else f"{value:.6g}" for value in acc)
        hand = f"30 0 0 0 {words} 0 0 0 0 0 0 1 0 0 0"
        lines.append(_line(f"{time_s:.6g}", ids[str(activity)], hand=hand))
    path = _file(tmp_path, "".join(lines), name="Protocol/subject102.dat")
    (one,) = read(path, signals=("acc_6g",))
    np.testing.assert_allclose(one.signals["acc_6g"].values, real["acc"] / 9.80665, rtol=1e-5)
    assert one.oddities == ()
    lost = np.isnan(real["acc"]).any(axis=1).sum() / 100
    assert sum(gap.end_s - gap.start_s for gap in one.gaps) == pytest.approx(lost)
    assert [span.label for span in one.spans] == ["walking", "nordic_walking", "cycling"]
    assert one.spans[1].start_s == pytest.approx(3229.7 - 2880)
