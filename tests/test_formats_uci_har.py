from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from layouts import uci_har as layout
from wearsynth.data import Gap, Span
from wearsynth.errors import DataError, FormatError
from wearsynth.formats import read, recognise
from wearsynth.formats.numeric_csv import BLOCK_BYTES
from wearsynth.windowing import cut_windows

ACC_X = "train/Inertial Signals/total_acc_x_train.txt"


def put(root: Path, name: str, change: Callable[[str], str]) -> None:
    path = root / name
    path.write_text(change(path.read_text()), newline="")


def fields(*values: float) -> str:
    return layout.line(np.array(values))


def test_values_of_a_hand_made_part(tmp_path: Path) -> None:
    """Two windows that overlap are 192 readings; x counts up, y is 0.5, z is -0.25."""
    root = tmp_path / "UCI HAR Dataset"
    inertial = root / "test" / "Inertial Signals"
    inertial.mkdir(parents=True)
    up = np.arange(192.0) / 100
    for axis, stream in (("x", up), ("y", np.full(192, 0.5)), ("z", np.full(192, -0.25))):
        text = "".join(layout.line(window) for window in layout.cut(stream))
        assert text.startswith({"x": "  0.0000000e+000", "y": "  5.0", "z": " -2.5"}[axis])
        assert len(text.splitlines()[0]) == 128 * 16
        (inertial / f"total_acc_{axis}_test.txt").write_text(text)
    (root / "test" / "y_test.txt").write_text("6\n6\n")
    (root / "test" / "subject_test.txt").write_text("12\n12\n")
    (recording,) = read(root, format="uci_har")
    assert (recording.name, recording.subject) == ("subject_12_lying_1", "subject_12")
    signal = recording.signals["acc"]
    assert [(c.name, c.unit) for c in signal.channels] == [(f"acc_{a}", "g") for a in "xyz"]
    assert (signal.rate_hz, signal.start_s, len(signal.values)) == (50, 0, 192)
    np.testing.assert_allclose(signal.values[:, 0], up, rtol=1e-6)
    assert signal.values[191].tolist() == pytest.approx([1.91, 0.5, -0.25])
    assert recording.spans == (Span(0, 3.84, "lying"),)
    assert recording.gaps == ()
    assert [odd.what.split(":")[0] for odd in recording.oddities] == [
        "signal(s) missing",
        "file(s) missing",
        "part(s) of the data set missing",
    ]


def test_both_parts_are_put_back_together(tmp_path: Path) -> None:
    root = layout.write(tmp_path, windows=3)
    for path in (root, tmp_path):
        assert recognise(path) == "uci_har"
        recordings = read(path)
        assert [r.name for r in recordings] == [
            f"subject_{person}_{label}_1"
            for person in (1, 3, 2)
            for label in ("walking", "sitting")
        ]
    assert {r.duration_s for r in recordings} == {4 * 64 / 50}
    assert {r.source for r in recordings} == {"UCI HAR Dataset/train", "UCI HAR Dataset/test"}
    assert [list(r.signals) for r in recordings] == [["acc", "gyro"]] * 6
    assert recordings[0].signals["gyro"].channels[2].unit == "rad/s"
    assert not any(r.oddities for r in recordings)
    windows = cut_windows(recordings, length_s=2.56, stride_s=2.56)
    assert windows.counts == {"walking": 6, "sitting": 6}  # none counted twice: 256 readings give 2


def test_one_part_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = layout.write(tmp_path)
    (recording, _) = read(root / "test")
    assert (recording.subject, recording.oddities) == ("subject_2", ())
    monkeypatch.chdir(root / "train")
    assert recognise(Path()) == "uci_har"
    assert len(read(".")) == 4


def test_gravity_free_acceleration_by_name(tmp_path: Path) -> None:
    root = layout.write(tmp_path)
    recording = read(root, signals=["body_acc", "acc"])[0]
    assert list(recording.signals) == ["body_acc", "acc"]
    (root / ACC_X).unlink()  # what is not named is not read
    assert list(read(root, signals=["body_acc"])[0].signals) == ["body_acc"]
    with pytest.raises(DataError, match=r"no signal 'acceleration'\. Known: acc, gyro, body_acc"):
        read(root, signals=["acceleration"])


def test_a_break_begins_a_new_recording(tmp_path: Path) -> None:
    root = layout.write(tmp_path, windows=3)
    for file in ("total_acc", "body_gyro"):
        for axis in "xyz":
            name = f"train/Inertial Signals/{file}_{axis}_train.txt"
            put(root, name, lambda text: "".join(text.splitlines(keepends=True)[i] for i in ORDER))
    recordings = [r for r in read(root) if r.subject == "subject_1"]
    assert [(r.name, round(r.duration_s, 2)) for r in recordings] == [
        ("subject_1_walking_1", 2.56),
        ("subject_1_walking_2", 2.56),
        ("subject_1_walking_3", 2.56),
        ("subject_1_sitting_1", 5.12),
    ]


ORDER = (2, 1, 0, *range(3, 12))


def test_a_file_out_of_step_is_told(tmp_path: Path) -> None:
    root = layout.write(tmp_path, windows=3)
    put(root, ACC_X, lambda text: "".join(text.splitlines(keepends=True)[i] for i in ORDER))
    (odd,) = read(root)[0].oddities
    assert "in some files only" in odd.what
    assert (odd.count, odd.where) == (2, "train/y_train.txt, line 2")


def test_values_that_are_none_become_gaps(tmp_path: Path) -> None:
    root = layout.write(tmp_path, windows=2)

    def change(text: str) -> str:
        lines = text.splitlines(keepends=True)
        lines[0] = "NaN".rjust(16) + " 1.0000000e+300".rjust(16) + lines[0][32:]
        return "".join(lines)

    put(root, ACC_X, change)
    recording = read(root)[0]
    assert np.isnan(recording.signals["acc"].values[:2, 0]).all()
    assert recording.gaps == (Gap(0, 0.04),)
    (odd,) = recording.oddities
    assert "NaN, infinite" in odd.what
    assert (odd.count, odd.where) == (1, f"{ACC_X}, line 1")


def test_line_ends_and_marks_change_nothing(tmp_path: Path) -> None:
    root = layout.write(tmp_path)
    before = read(root)[0]
    for path in root.rglob("*.txt"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().rstrip(b"\n").replace(b"\n", b"\r\n"))
    after = read(root)[0]
    assert np.array_equal(before.signals["acc"].values, after.signals["acc"].values)
    assert after.oddities == ()


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (ACC_X, lambda t: t[:-3], r"total_acc_x_train.txt, line 12: ends within a number"),
        (ACC_X, lambda t: t[: -40 * 16], r"line 12: expected 128 columns .*, got 88"),
        (ACC_X, lambda t: t[:-2049], r"has 11 lines, but y_train.txt has 12"),
        (ACC_X, lambda t: t.replace(".", ",", 1), r"line 1: .* got '\d,\d+e"),
        (
            ACC_X,
            lambda t: t[:16] + "what".rjust(16) + t[32:],
            r"line 1: .*got 'what' for reading 2",
        ),
        (ACC_X, lambda t: "", r"total_acc_x_train.txt: is empty"),
        (
            "train/y_train.txt",
            lambda t: "7\n" + t[2:],
            r"y_train.txt, line 1: .*1 walking.*, got 7",
        ),
        ("train/y_train.txt", lambda t: t + "1\n", r"subject_train.txt: has 12 lines, but y_.* 13"),
        (
            "train/subject_train.txt",
            lambda t: "0\n" + t[2:],
            r"subject_train.txt, line 1: .*got 0\.",
        ),
        ("train/subject_train.txt", lambda t: "1.5\n" + t[2:], r"line 1: .*got 1\.5\."),
        ("train/subject_train.txt", lambda t: t[:-2] + "13\n1", r"line 13: ends within a number"),
        (
            "activity_labels.txt",
            lambda t: t.replace("4 SIT", "4 FLY"),
            r"txt, line 4: .*'4 FLYTING'",
        ),
        ("activity_labels.txt", lambda t: t[:10], r"activity_labels.txt: names 1 activities"),
    ],
)
def test_damage_is_refused_with_its_place(
    tmp_path: Path, name: str, change: Callable[[str], str], message: str
) -> None:
    root = layout.write(tmp_path)
    put(root, name, change)
    with pytest.raises(FormatError, match=message) as caught:
        read(root)
    assert "again." in str(caught.value) or "Mend" in str(caught.value)


@pytest.mark.parametrize(
    "name", [ACC_X, "test/Inertial Signals/body_gyro_z_test.txt", "test/y_test.txt"]
)
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    root = layout.write(tmp_path)
    (root / name).unlink()
    with pytest.raises(FormatError, match=f"{name}: is missing"):
        read(root)


def test_a_file_of_the_set_points_to_its_folder(tmp_path: Path) -> None:
    root = layout.write(tmp_path)
    assert recognise(root / ACC_X) == "uci_har"
    with pytest.raises(FormatError, match="Give the folder 'UCI HAR Dataset'"):
        read(root / ACC_X)


def test_features_without_signals_are_refused(tmp_path: Path) -> None:
    root = layout.write(tmp_path, files=())
    assert recognise(root) == "uci_har"
    with pytest.raises(FormatError, match="Inertial Signals: holds no total_acc or body_gyro"):
        read(root)


def test_other_folders_are_not_recognised(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "y.txt").write_text("1\n")
    with pytest.raises(FormatError, match="none of the known formats"):
        recognise(tmp_path)


def test_files_of_several_blocks(tmp_path: Path) -> None:
    """A megabyte is 512 lines, so that line 700 is of the second block."""
    root = layout.write(tmp_path, windows=2, files=("total_acc",), repeats=100)
    assert (root / ACC_X).stat().st_size > BLOCK_BYTES
    lines = (root / ACC_X).read_text().splitlines(keepends=True)
    part = [r for r in read(root) if r.source.endswith("train")]
    values = np.concatenate([r.signals["acc"].values for r in part])
    assert values.shape == (100 * 4 * 192, 3)
    np.testing.assert_allclose(
        values[349 * 192 : 349 * 192 + 128, 0], np.array(lines[698].split(), float), rtol=1e-6
    )
    for number, bad, message in (
        (700, lines[699].replace("e", "x", 1), r"line 700: .*for reading 1"),
        (701, "\n", r"line 701: expected 128 columns .*blank line"),
        (512, "\n", r"line 512: expected 128 columns, got a blank line"),  # a block ends there
    ):
        changed = [*lines[: number - 1], bad, *lines[number:]]
        (root / ACC_X).write_text("".join(changed))
        with pytest.raises(FormatError, match=message):
            read(root)
    (root / ACC_X).write_text("".join([*lines[:699], "NaN ".rjust(16) * 128 + "\n", *lines[700:]]))
    (odd, *_) = [odd for odd in read(root)[0].oddities if "NaN" in odd.what]
    assert (odd.count, odd.where) == (1, f"{ACC_X}, line 700")
