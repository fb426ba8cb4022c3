"""WESAD's pickles and folders: values checked by hand, options, oddities, refusals."""

import io
import pickle
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from layouts import e4 as e4_layout
from layouts import wesad as layout
from wearsynth.data import Recording, Span
from wearsynth.errors import DataError, FormatError
from wearsynth.formats import recognise
from wearsynth.formats.wesad import read
from wearsynth.windowing import cut_windows

REAL = Path(__file__).parents[2] / "shared" / "data" / "wesad_s16_e4"
WRIST = ["acc", "bvp", "eda", "temp"]
CHEST = ["acc", "ecg", "emg", "eda", "temp", "resp"]


def small(seconds: float = 9.0) -> dict[str, Any]:
    """Give a person whose numbers are easy: nine seconds, a label a second."""
    data = layout.person("S2", seed=0, seconds=seconds)
    data["signal"]["wrist"]["ACC"][:2] = [[64, -32, 16], [127, -128, 0]]
    data["signal"]["wrist"]["BVP"][:2] = [[-12.5], [30.25]]
    data["signal"]["chest"]["ACC"][0] = [0.5, -0.25, 6.5]
    data["signal"]["chest"]["Resp"][0] = -3.5
    return data


def put(folder: Path, data: object, *, name: str = "S2.pkl", protocol: int = 0) -> Path:
    stream = io.BytesIO()
    layout.dump(data, stream, protocol)
    (folder / name).write_bytes(stream.getvalue())
    return folder / name


def oddities(recording: Recording) -> list[tuple[str, int, str]]:
    return [(odd.what, odd.count, odd.where) for odd in recording.oddities]


def kept(recordings: list[Recording]) -> dict[str, np.ndarray[Any, Any]]:
    return {name: signal.values for name, signal in recordings[0].signals.items()}


@pytest.mark.parametrize("protocol", [0, 1, 2])
def test_the_wrist(tmp_path: Path, protocol: int) -> None:
    [recording] = read(put(tmp_path, small(), protocol=protocol))
    assert (recording.name, recording.subject) == ("S2", "S2")
    assert recording.notes == ("place: wrist",)
    signals = recording.signals
    assert {n: s.rate_hz for n, s in signals.items()} == {"acc": 32, "bvp": 64, "eda": 4, "temp": 4}
    assert [c.name for c in signals["acc"].channels] == ["acc_x", "acc_y", "acc_z"]
    assert [s.channels[0].unit for s in signals.values()] == ["g", "a.u.", "uS", "degC"]
    np.testing.assert_array_equal(signals["acc"].values[:2], [[1, -0.5, 0.25], [127 / 64, -2, 0]])
    np.testing.assert_array_equal(signals["bvp"].values[:2], [[-12.5], [30.25]])
    assert [len(s.values) for s in signals.values()] == [288, 576, 36, 36]
    assert all(s.values.dtype == np.float32 for s in signals.values())
    assert recording.spans == (
        Span(1, 2, "baseline"),
        Span(3, 4, "stress"),
        Span(5, 6, "amusement"),
        Span(6, 7, "meditation"),
    )
    assert oddities(recording) == []


def test_the_chest(tmp_path: Path) -> None:
    [recording] = read(put(tmp_path, small()), place="chest")
    assert list(recording.signals) == CHEST
    assert {signal.rate_hz for signal in recording.signals.values()} == {700}
    units = {n: s.channels[0].unit for n, s in recording.signals.items()}
    assert units == dict(zip(CHEST, ["g", "mV", "mV", "uS", "degC", "%"], strict=True))
    np.testing.assert_array_equal(recording.signals["acc"].values[0], [0.5, -0.25, 6.5])
    assert recording.signals["resp"].values[0] == -3.5
    assert len(recording.signals["temp"].values) == 6300


def test_both_places(tmp_path: Path) -> None:
    path = put(tmp_path, small())
    [both] = read(path, place="wrist+chest")
    assert list(both.signals) == WRIST + [f"chest_{name}" for name in CHEST]
    assert both.signals["chest_acc"].channels[2].name == "chest_acc_z"
    chest = kept(read(path, place="chest"))
    np.testing.assert_array_equal(both.signals["chest_ecg"].values, chest["ecg"])
    np.testing.assert_array_equal(both.signals["acc"].values, kept(read(path))["acc"])


def test_signals_are_read_alone(tmp_path: Path) -> None:
    data = small()
    data["signal"]["wrist"]["BVP"] = data["signal"]["wrist"]["BVP"][:, [0, 0]]
    path = put(tmp_path, data)
    [recording] = read(path, signals=("temp", "acc"))
    assert list(recording.signals) == ["temp", "acc"]
    with pytest.raises(
        FormatError, match=r"wrist BVP has the shape \(576, 2\), expected \(time, 1\)"
    ):
        read(path)
    with pytest.raises(
        DataError, match=r"wrist has no signal 'ecg', it has acc, bvp, eda, temp\. "
    ):
        read(path, signals=("ecg",))


def test_an_unknown_place(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no place 'wirst'\. Did you mean 'wrist'\?"):
        read(put(tmp_path, small()), place="wirst")


@pytest.mark.parametrize("protocol", range(6))
def test_copies_that_python_3_wrote(tmp_path: Path, protocol: int) -> None:
    original = read(put(tmp_path, small()))
    path = tmp_path / "S2.pkl"
    path.write_bytes(pickle.dumps(small(), protocol))
    for name, values in kept(read(path)).items():
        np.testing.assert_array_equal(values, kept(original)[name])
    keyed = {key.encode(): of for key, of in small().items()}
    path.write_bytes(pickle.dumps(keyed | {b"subject": b"S2"}, protocol))
    assert read(path)[0].subject == "S2"


def test_the_whole_tree_in_one_call(tmp_path: Path) -> None:
    root = layout.write(tmp_path, seconds=18, people=("S2", "S10", "S3"))
    assert recognise(root) == recognise(tmp_path) == recognise(root / "S2") == "wesad"
    for path in (root, tmp_path):
        recordings = read(path)
        assert [recording.name for recording in recordings] == ["S2", "S3", "S10"]
        assert [oddities(recording) for recording in recordings] == [[], [], []]
    windows = cut_windows(recordings, length_s=1, stride_s=1)
    assert set(windows.classes) == {"baseline", "stress", "amusement", "meditation"}
    assert [recording.name for recording in read(root / "S10")] == ["S10"]


def test_pickles_in_one_folder(tmp_path: Path) -> None:
    root = layout.write(tmp_path / "a", people=("S2", "S3"))
    for who in ("S2", "S3"):
        shutil.copy(root / who / f"{who}.pkl", tmp_path)
    assert [recording.name for recording in read(tmp_path)] == ["S2", "S3"]


@pytest.mark.parametrize("zipped", [False, True])
def test_a_person_without_a_pickle_is_read_from_the_wristband(tmp_path: Path, zipped: bool) -> None:
    root = layout.write(tmp_path, people=("S2", "S4"))
    (root / "S4" / "S4.pkl").unlink()
    session = e4_layout.write(tmp_path / "session", zipped=zipped)
    shutil.move(session, root / "S4" / f"S4_E4_Data{'.zip' if zipped else ''}")
    assert recognise(root / "S4") == "wesad"
    two, four = read(root)
    assert (two.subject, four.subject) == ("S2", "S4")
    assert list(four.signals) == list(two.signals)
    assert two.spans and not four.spans
    assert any("without a pickle" in what for what, _, _ in oddities(four))
    with pytest.raises(
        FormatError, match=r"S4_E4_Data\S*: holds the wristband's readings only\. Get S4"
    ):
        read(root, place="chest")


def test_a_person_without_anything_is_told(tmp_path: Path) -> None:
    root = layout.write(tmp_path, people=("S2", "S4"))
    (root / "S4" / "S4.pkl").unlink()
    [recording] = read(root)
    assert oddities(recording) == [("person(s) without data", 1, str(root / "S4"))]
    assert recognise(root / "S4") == "wesad"
    with pytest.raises(
        FormatError, match=r"S4: holds no person of WESAD: .* Give the folder WESAD"
    ):
        read(root / "S4")


def test_a_further_pickle_is_told(tmp_path: Path) -> None:
    root = layout.write(tmp_path)
    shutil.copy(root / "S2" / "S2.pkl", root / "S2" / "S2_copy.pkl")
    [recording] = read(root)
    where = str(root / "S2" / "S2_copy.pkl")
    assert oddities(recording) == [("further pickle(s) of a person: left out", 1, where)]
    (root / "S2" / "S2.pkl").unlink()
    assert [oddities(recording) for recording in read(root)] == [[]]


def test_what_lies_about_does_no_harm(tmp_path: Path) -> None:
    root = layout.write(tmp_path)
    for name in (".DS_Store", "._S2.pkl", "notes.txt", "S99.txt"):
        (root / "S2" / name).write_bytes(b"\x00\x05")
    (root / "__MACOSX").mkdir()
    (root / "S3.pkl").mkdir()
    [recording] = read(root)
    assert oddities(recording) == []


def test_the_zip_as_published_is_to_be_unpacked(tmp_path: Path) -> None:
    root = layout.write(tmp_path)
    with zipfile.ZipFile(tmp_path / "WESAD.zip", "w") as archive:
        archive.write(root / "S2" / "S2.pkl", "WESAD/S2/S2.pkl")
    assert recognise(tmp_path / "WESAD.zip") == "wesad"
    with pytest.raises(FormatError, match=r"WESAD\.zip: is WESAD, still packed\. Unpack it"):
        read(tmp_path / "WESAD.zip")


def test_values_that_cannot_be_are_missing_and_told(tmp_path: Path) -> None:
    data = small()
    data["signal"]["wrist"]["TEMP"][0] = 382.21
    data["signal"]["wrist"]["EDA"][[3, 5, 6]] = np.array([[np.nan], [np.inf], [-np.inf]])
    data["signal"]["wrist"]["ACC"][7, 1] = 1e300
    data["signal"]["wrist"]["BVP"][2] = 1e300
    [recording] = read(put(tmp_path, data))
    signals = kept([recording])
    assert np.isnan(signals["temp"][0]) and np.isfinite(signals["temp"][1:]).all()
    assert np.flatnonzero(np.isnan(signals["eda"])).tolist() == [3, 5, 6]
    assert np.argwhere(np.isnan(signals["acc"])).tolist() == [[7, 1]]
    unreal = "value(s) that the sensor cannot give: taken as missing"
    broken = "value(s) that are NaN or infinite: taken as missing"
    assert oddities(recording) == [
        (f"acc {broken}", 1, "S2.pkl, wrist ACC, reading 8"),
        (f"bvp {broken}", 1, "S2.pkl, wrist BVP, reading 3"),
        (f"eda {broken}", 3, "S2.pkl, wrist EDA, reading 4"),
        (f"temp {unreal}", 1, "S2.pkl, wrist TEMP, reading 1"),
    ]


def test_labels_that_are_none(tmp_path: Path) -> None:
    data = small()
    label = data["label"].astype(np.float64)
    label[700:703] = [9, np.nan, 1.5]
    data["label"] = label
    [recording] = read(put(tmp_path, data))
    assert recording.spans[0] == Span(703 / 700, 2, "baseline")
    wanted = [("label(s) other than 0 to 7: in no span", 3, "S2.pkl, label, reading 701")]
    assert oddities(recording) == wanted
    data["label"] = np.tile([0, 1], 8000)
    with pytest.raises(
        FormatError, match=r"label changes more than 10000 times\. Get the file again"
    ):
        read(put(tmp_path, data))


def test_what_does_not_fit_together_is_told(tmp_path: Path) -> None:
    data = small()
    data["label"] = data["label"][: 3 * 700]
    data["signal"]["wrist"]["EDA"] = data["signal"]["wrist"]["EDA"][:4]
    del data["signal"]["wrist"]["TEMP"]
    path = put(tmp_path, data | {"subject": "S5"})
    path.write_bytes(path.read_bytes() + b"\0\0")
    [recording] = read(path)
    assert (recording.name, list(recording.signals)) == ("S5", ["acc", "bvp", "eda"])
    assert oddities(recording) == [
        ("signal(s) missing: temp", 1, str(path)),
        ("signal(s) that end more than 1 s after the labels", 1, "S2.pkl, acc_x"),
        ("signal(s) that end more than 1 s after the labels", 1, "S2.pkl, bvp"),
        ("signal(s) that end more than 1 s before the labels", 1, "S2.pkl, eda"),
        ("pickle(s) with the name of another person than inside", 1, "S2.pkl"),
        ("byte(s) after the pickle's end: left out", 2, "S2.pkl"),
    ]
    with pytest.raises(FormatError, match=r"S2\.pkl: has no signal temp\. Name other signals"):
        read(path, signals=("temp",))


def test_labels_and_person_may_be_missing(tmp_path: Path) -> None:
    [recording] = read(put(tmp_path, {"signal": small()["signal"]}))
    assert (recording.name, recording.spans) == ("S2", ())
    assert oddities(recording) == [
        ("recording(s) without labels", 1, "S2.pkl"),
        ("person(s) not told by the pickle: its name is", 1, "S2.pkl"),
    ]


def without(device: str) -> dict[str, Any]:
    data = small()
    del data["signal"][device]
    return data


def changed(device: str, key: str, value: object) -> dict[str, Any]:
    data = small()
    data["signal"][device][key] = value
    return data


def test_what_is_there_is_read_without_a_place(tmp_path: Path) -> None:
    path = put(tmp_path, without("wrist"))
    [recording] = read(path)
    assert (list(recording.signals), recording.notes) == (CHEST, ("place: chest",))
    with pytest.raises(
        FormatError, match=r"no signals of the wrist, it has .* Give the place chest\."
    ):
        read(path, place="wrist")


REFUSED: dict[str, tuple[object, str]] = {
    "none": (None, 'is no recording of WESAD: expected {"signal"'),
    "list": ({"signal": 5}, 'is no recording of WESAD: expected {"signal"'),
    "bare": ({"signal": {"wrist": {}}}, "is no recording of WESAD"),
    "text": (changed("wrist", "ACC", "x"), "wrist ACC is no array of numbers. Get the file again."),
    "strings": (changed("wrist", "ACC", np.array(["1"])), "wrist ACC is no array of numbers."),
    "flat": (
        changed("wrist", "ACC", np.zeros(9)),
        "wrist ACC has the shape (9,), expected (time, 3).",
    ),
    "empty": (
        changed("wrist", "EDA", np.zeros((0, 1))),
        "wrist EDA has no readings. Name other signals",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_wesad_is_refused(tmp_path: Path, name: str) -> None:
    data, wanted = REFUSED[name]
    path = tmp_path / "S2.pkl"
    path.write_bytes(pickle.dumps(data, 2))
    assert recognise(path) == "wesad"
    with pytest.raises(FormatError) as caught:
        read(path)
    assert wanted in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ") and str(caught.value).endswith(".")


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path, small())
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(
        FormatError, match=r"S2\.pkl: ends at byte \d+, before the pickle does\. Was it"
    ):
        read(path)


def test_other_folders_are_not_recognised(tmp_path: Path) -> None:
    (tmp_path / "S2").mkdir()
    (tmp_path / "S2" / "readme.txt").write_text("")
    with pytest.raises(FormatError, match="none of the known formats"):
        recognise(tmp_path)


@pytest.mark.skipif(not REAL.is_dir(), reason="needs ../shared/data/wesad_s16_e4")
@pytest.mark.filterwarnings("ignore:numpy.core:DeprecationWarning")  # of Python's own reader
def test_the_real_cut() -> None:
    path = REAL / "S16_cut.pkl"
    assert recognise(path) == "wesad"
    [recording] = read(path)
    assert (recording.subject, recording.notes) == ("S16", ("place: chest",))
    with path.open("rb") as stream:
        data = pickle.load(stream)
    for key, array in data["signal"]["chest"].items():
        values = recording.signals[key.lower()].values
        np.testing.assert_array_equal(values, np.asarray(array, np.float32))
    assert recording.spans == () and set(data["label"].ravel()) == {7}
    assert oddities(recording) == []


@pytest.mark.skipif(not REAL.is_dir(), reason="needs ../shared/data/wesad_s16_e4")
def test_the_real_folder_without_the_whole_pickle() -> None:
    [recording] = read(REAL)
    assert (recording.subject, list(recording.signals)) == ("S16", WRIST)
    assert recording.duration_s == pytest.approx(7107, abs=2)
    assert any("without a pickle" in what for what, _, _ in oddities(recording))
    assert any("further pickle(s)" in what for what, _, _ in oddities(recording))
