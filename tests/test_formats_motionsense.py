from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from layouts import motionsense as layout
from wearsynth.data import Gap, Span
from wearsynth.errors import DataError, FormatError
from wearsynth.formats import read, recognise
from wearsynth.windowing import cut_windows

ROWS = [  # the first rows of dws_1/sub_1.csv as the data set's page shows them
    "0,-2.544349,-1.250641,2.175416,-0.176977,0.949187,0.260222,"
    "-7.204869,2.267762,0.103529,-0.060221,1.576174,-0.091292",
    "1,-2.524075,-1.187355,2.047589,-0.21661,0.927383,0.305012,"
    "-2.554745,6.548334,-0.005139,0.134136,0.860307,-2.152149",
]


def one(folder: Path, text: str, *, name: str = "wlk_7/sub_3.csv") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, newline="")
    return path


def motion(*rows: str) -> str:
    return "\n".join([layout.MOTION, *rows, ""])


def counted(*counts: int) -> str:
    """Rows whose gravity.x is 0.001 for each count and whose other columns are 0."""
    return motion(*(f"{c},0,0,0,{c / 1000},0,0,0,0,0,0,0,0" for c in counts))


def test_rows_of_the_data_sets_own_page(tmp_path: Path) -> None:
    path = one(tmp_path, motion(*ROWS), name="A_DeviceMotion_data/dws_1/sub_1.csv")
    assert recognise(path) == recognise(path.parent) == recognise(tmp_path) == "motionsense"
    (recording,) = read(path)
    assert (recording.name, recording.subject) == ("dws_1_sub_1", "sub_1")
    assert recording.spans == (Span(0, 0.04, "stairs_down"),)
    acc, gyro = recording.signals["acc"], recording.signals["gyro"]
    assert (acc.rate_hz, gyro.rate_hz) == (50, 50)
    assert [(c.name, c.unit) for c in acc.channels] == [(f"acc_{a}", "g") for a in "xyz"]
    assert gyro.channels[0].unit == "rad/s"
    np.testing.assert_allclose(
        acc.values,
        [[-0.237198, 2.525361, 0.16893], [-0.082474, 1.78769, -1.847137]],
        rtol=1e-5,
    )
    np.testing.assert_allclose(gyro.values[1], [-2.554745, 6.548334, -0.005139], rtol=1e-6)
    assert recording.oddities == ()
    assert recording.gaps == ()
    assert any("front pocket" in note for note in recording.notes)


def test_the_whole_tree_twice_nested(tmp_path: Path) -> None:
    root = layout.write(tmp_path, people=2)
    (root / root.name / "dws_1" / "._sub_1.csv").write_bytes(b"\x00\x05\x16\x07")
    (root / root.name / ".DS_Store").write_bytes(b"Bud1")
    for path in (tmp_path, root, root / root.name):
        recordings = read(path)
        assert len(recordings) == 12
    assert {r.spans[0].label for r in recordings} == {
        "stairs_down", "stairs_up", "sitting", "standing", "walking", "jogging"
    }  # fmt: skip
    assert {r.subject for r in recordings} == {"sub_1", "sub_2"}
    assert len(cut_windows(recordings, length_s=0.2, stride_s=0.2)) == 24


def test_signals_by_name(tmp_path: Path) -> None:
    path = one(tmp_path, motion(*ROWS))
    (recording,) = read(path, signals=["gravity", "user_acc"])
    assert list(recording.signals) == ["gravity", "user_acc"]
    np.testing.assert_allclose(recording.signals["gravity"].values[0, 1], 0.949187)
    np.testing.assert_allclose(recording.signals["user_acc"].values[0, 1], 1.576174)
    with pytest.raises(DataError, match=r"no signal .attitude.\.* ?Known: acc, gyro, user_acc"):
        read(path, signals=["attitude"])


def test_the_two_sensors_apart(tmp_path: Path) -> None:
    path = layout.write_apart(tmp_path)
    assert recognise(path) == "motionsense"
    recordings = read(path)
    assert [r.name for r in recordings] == ["dws_1_sub_1", "ups_3_sub_1"]
    first = recordings[0]
    text = (path / "B_Accelerometer_data/dws_1/sub_1.csv").read_text().splitlines()
    want = [float(field) for field in text[1].split(",")[1:]]
    np.testing.assert_allclose(first.signals["acc"].values[0], want, rtol=1e-6)
    assert {n: len(s.values) for n, s in first.signals.items()} == {"acc": 20, "gyro": 21}
    assert any("taken to start together" in note for note in first.notes)
    alone = read(path / "C_Gyroscope_data")[0]
    assert list(alone.signals) == ["gyro"]
    with pytest.raises(DataError, match="no signal 'gravity'"):
        read(path, signals=["gravity"])


def test_where_all_three_folders_are_the_first_is_read(tmp_path: Path) -> None:
    layout.write(tmp_path, people=1)
    layout.write_apart(tmp_path)
    assert len(read(tmp_path)) == 6


def test_the_count_is_the_clock(tmp_path: Path) -> None:
    (recording,) = read(one(tmp_path, counted(0, 1, 1, 2, 5)))
    values = recording.signals["acc"].values[:, 0]
    np.testing.assert_allclose(values, [0, 0.001, 0.002, np.nan, np.nan, 0.005], rtol=1e-6)
    assert recording.gaps == (Gap(0.06, 0.1),)
    assert [(o.what[:14], o.count, o.where) for o in recording.oddities] == [
        ("reading(s) rep", 1, "wlk_7/sub_3.csv, line 4"),
        ("jump(s) in the", 1, "wlk_7/sub_3.csv, line 6"),
    ]


def test_a_count_that_goes_back_begins_a_new_recording(tmp_path: Path) -> None:
    first, second = read(one(tmp_path, counted(3, 4, 1, 2, 3)))
    assert (first.name, second.name) == ("wlk_7_sub_3", "wlk_7_sub_3_2")
    assert first.spans == (Span(0.06, 0.1, "walking"),)
    assert second.signals["acc"].start_s == 0.02
    assert [o.what.split(" ")[0] for o in first.oddities] == ["step(s)", "file(s)"]
    assert second.oddities == ()


def test_far_jumps_take_no_memory(tmp_path: Path) -> None:
    far = read(one(tmp_path, counted(0, 1, 10**12)))
    assert [len(r.signals["acc"].values) for r in far] == [2, 1]
    many = read(one(tmp_path, counted(*range(0, 29_000 * 200, 29_000))))
    assert len(many) == 200


def test_a_first_column_without_counts_is_told(tmp_path: Path) -> None:
    text = counted(0, 1, 2).replace("\n1,", "\nNaN,")
    (recording,) = read(one(tmp_path, text))
    assert len(recording.signals["acc"].values) == 3
    assert recording.oddities[0].where == "wlk_7/sub_3.csv, line 3"


def test_values_that_are_none_become_gaps(tmp_path: Path) -> None:
    text = counted(0, 1, 2, 3, 4, 5)
    for old, new in (("0.001", "nan"), ("0.003", "-inf"), ("0.004", "1e300")):
        text = text.replace(old, new)
    (recording,) = read(one(tmp_path, text))
    assert recording.gaps == (Gap(0.02, 0.04), Gap(0.06, 0.1))
    assert [(o.count, o.where) for o in recording.oddities] == [(3, "wlk_7/sub_3.csv, line 3")]


def test_a_last_line_that_may_be_cut_is_missing(tmp_path: Path) -> None:
    text = motion(*ROWS)
    (whole,) = read(one(tmp_path, text.rstrip("\n")))
    assert (whole.oddities, whole.gaps) == ((), ())  # the last number has all six decimals
    (short,) = read(one(tmp_path, motion(*ROWS)[:-3] + "\n"))
    assert short.oddities == ()  # a short number before a line end is whole
    (cut,) = read(one(tmp_path, text.rstrip("\n")[:-2]))
    assert cut.gaps == (Gap(0.02, 0.04),)
    assert "it may be cut" in cut.oddities[0].what


def test_line_ends_marks_and_column_order_change_nothing(tmp_path: Path) -> None:
    (before,) = read(one(tmp_path, motion(*ROWS)))
    path = tmp_path / "wlk_7" / "sub_3.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    (after,) = read(path)
    turned = [
        ",".join(row.split(",")[:1] + row.split(",")[:0:-1]) for row in [layout.MOTION, *ROWS]
    ]
    (other,) = read(one(tmp_path, "\n".join([*turned, ""])))
    for recording in (after, other):
        assert np.array_equal(before.signals["acc"].values, recording.signals["acc"].values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: "", r"sub_3.csv: is empty"),
        (lambda t: layout.MOTION + "\n", r"holds no readings below its header"),
        (lambda t: t.replace(",", ";"), r"line 1: expected a header such as .* got ';attitude"),
        (lambda t: t.split("\n", 1)[1], r"line 1: expected a header such as"),
        (lambda t: t.replace("rotationRate.y", "rate.y"), r"one column 'rotationRate.y', got"),
        (lambda t: t.replace("gravity.x", "gravity.y"), r"line 1: expected one column 'gravity.x'"),
        (lambda t: t.replace(",0.005,", ",five,"), r"line 7: .*got 'five' for gravity.x"),
        (lambda t: t.replace("0.005", "0,005"), r"line 7: expected 13 columns .*, got 14"),
        (lambda t: t[:-10], r"line 22: expected 13 columns .*, got 9.*cut off"),
        (lambda t: t.replace("\n9,", "\n9,\0"), r"line 11: "),
        (lambda t: t + "," * 2_000_000, r"line \d+: "),
    ],
)
def test_damage_is_refused_with_its_place(
    tmp_path: Path, change: Callable[[str], str], message: str
) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        read(one(tmp_path, change(counted(*range(21)))))
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_sensor_files_under_another_folder_name_are_refused(tmp_path: Path) -> None:
    path = one(tmp_path, ",x,y,z\n0,0.1,0.2,0.3\n", name="mine/wlk_7/sub_1.csv")
    with pytest.raises(FormatError, match="under the folder names that the data set has"):
        read(path)


def test_other_names_are_not_recognised(tmp_path: Path) -> None:
    one(tmp_path, motion(*ROWS), name="run_1/sub_1.csv")
    with pytest.raises(FormatError, match="none of the known formats"):
        recognise(tmp_path)
    with pytest.raises(FormatError, match="holds no trials of MotionSense"):
        read(tmp_path, format="motionsense")
