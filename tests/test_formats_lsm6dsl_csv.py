from pathlib import Path

import numpy as np
import pytest

from wearsynth.data import Gap, Oddity, Span
from wearsynth.errors import FormatError
from wearsynth.formats import lsm6dsl_csv
from wearsynth.formats.timeline import NOT_READINGS

REAL = Path(__file__).parents[2] / "shared" / "data" / "st_lsm6dsl_har"


def small_set(root: Path) -> Path:
    for name in ("walking_02", "walking_10", "running_01"):
        path = root / name.split("_")[0] / f"{name}_26Hz_4g_mg.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(" -276,   -85,  -309\n  315,   247,   -36\n")
    (root / "LICENSE").write_text("a licence")
    (root / "walking" / "._walking_02_26Hz_4g_mg.csv").write_bytes(b"\x00\x05\x16\x07")
    return root


def test_a_folder_is_read_in_g_with_rate_and_class(tmp_path: Path) -> None:
    root = small_set(tmp_path / "har")
    assert lsm6dsl_csv.recognises(root)
    recordings = lsm6dsl_csv.read(root)
    names = ["running_01", "walking_02", "walking_10"]
    assert [r.name.split("/")[1].removesuffix("_26Hz_4g_mg") for r in recordings] == names
    first = recordings[0]
    assert (first.source, first.subject) == ("har", None)
    assert first.spans == (Span(0.0, 2 / 26, "running"),)
    assert first.signals["acc"].rate_hz == 26
    assert first.signals["acc"].values == pytest.approx(
        np.array([[-0.276, -0.085, -0.309], [0.315, 0.247, -0.036]])
    )
    assert "full scale 4 g" in first.notes


def test_a_class_folder_or_a_file_is_read_by_itself(tmp_path: Path) -> None:
    root = small_set(tmp_path / "har")
    assert len(lsm6dsl_csv.read(root / "walking")) == 2
    file = root / "walking" / "walking_02_26Hz_4g_mg.csv"
    assert lsm6dsl_csv.recognises(file)
    (recording,) = lsm6dsl_csv.read(file)
    assert recording.source == "har"


def test_other_folders_are_not_recognised(tmp_path: Path) -> None:
    (tmp_path / "walking").mkdir()
    (tmp_path / "walking" / "log_0.csv").write_text("1,2,3\n")
    assert not lsm6dsl_csv.recognises(tmp_path)
    with pytest.raises(FormatError, match="holds no files named"):
        lsm6dsl_csv.read(tmp_path)


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "walking_01_26Hz_4g_mg.csv"
    path.write_text(" 1, 2, 3\n 4, 5\n")
    with pytest.raises(FormatError, match=r"walking_01.*, line 2: expected 3 columns .*, got 2"):
        lsm6dsl_csv.read(path)


def test_readings_that_are_none_are_missing_and_told(tmp_path: Path) -> None:
    path = tmp_path / "walking_01_26Hz_4g_mg.csv"
    path.write_text(" 1, 2, 3\n nan, 2, 3\n 1, 2, 1e308\n 4, 5, 6\n")
    (recording,) = lsm6dsl_csv.read(path)
    assert recording.gaps == (Gap(1 / 26, 3 / 26),)
    assert recording.oddities == (Oddity(NOT_READINGS, 2, f"{path.name}, line 2"),)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("walking_01_0Hz_4g_mg.csv", "no part records at 0 Hz. Mend the file's name"),
        ("walking.csv", "expected a name such as .* Rename it"),
    ],
)
def test_a_wrong_name_is_refused(tmp_path: Path, name: str, problem: str) -> None:
    (tmp_path / name).write_text(" 1, 2, 3\n")
    with pytest.raises(FormatError, match=problem):
        lsm6dsl_csv.read(tmp_path / name)


@pytest.mark.skipif(not REAL.is_dir(), reason=f"{REAL.name} is not beside the repository")
def test_the_real_set_has_its_56_recordings() -> None:
    recordings = lsm6dsl_csv.read(REAL)
    assert len(recordings) == 56
    assert {r.signals["acc"].values.shape for r in recordings} == {(1000, 3)}
    assert {r.spans[0].label for r in recordings} == {"stationary", "walking", "running"}
