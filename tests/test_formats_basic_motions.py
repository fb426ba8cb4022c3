from pathlib import Path

import numpy as np
import pytest

from wearsynth.data import Recording, Span
from wearsynth.errors import DataError, FileError
from wearsynth.formats import read, recognise
from wearsynth.splitting import split
from wearsynth.windowing import cut_windows


@pytest.fixture(scope="module")
def recordings() -> list[Recording]:
    return read("basic_motions")


def test_eighty_recordings_of_two_signals(recordings: list[Recording]) -> None:
    assert len(recordings) == 80
    names = [r.name for r in recordings]
    assert len(set(names)) == 80
    for activity in ("standing", "walking", "running", "badminton"):
        of = [name for name in names if name.startswith(activity)]
        assert of == [f"{activity}_{i:02d}" for i in range(1, 21)]
    first = recordings[0]
    assert first.spans == (Span(0, 10, "standing"),)
    assert first.subject is None
    assert {n: s.values.shape for n, s in first.signals.items()} == {
        "acc": (100, 3),
        "gyro": (100, 3),
    }
    assert [c.unit for c in first.signals["acc"].channels] == ["g"] * 3
    assert [c.unit for c in first.signals["gyro"].channels] == ["rad/s"] * 3
    assert any("gravity has been removed" in note for note in first.notes)


def test_acceleration_is_in_g_without_gravity(recordings: list[Recording]) -> None:
    from aeon.datasets import load_basic_motions

    source = load_basic_motions(split="train")[0][0]  # (channel, time)
    signals = recordings[0].signals
    np.testing.assert_allclose(signals["acc"].values * 9.80665, source[:3].T, rtol=1e-5)
    np.testing.assert_allclose(signals["gyro"].values, source[3:].T, rtol=1e-6)
    still = [r.signals["acc"].values for r in recordings if r.name.startswith("standing")]
    assert np.linalg.norm(np.concatenate(still), axis=1).mean() < 0.2


def test_they_can_be_cut_and_split(recordings: list[Recording]) -> None:
    windows = cut_windows(recordings, length_s=2, stride_s=1)
    assert len(windows) == 80 * 9
    parts = split(windows, holdout=0.3)
    assert parts.holdout.counts == dict.fromkeys(windows.classes, 6 * 9)


def test_the_word_is_recognised_unless_a_file_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert recognise(Path("basic_motions")) == "basic_motions"
    with pytest.raises(FileError, match="Did you mean 'basic_motions'"):
        read("basic_motion")
    with pytest.raises(FileError, match="no such file or folder"):
        read("nowhere", format="wesad_1hz")
    with pytest.raises(DataError, match=r"unknown format 'wesad_1h'\. Did you mean 'wesad_1hz'"):
        read("basic_motions", format="wesad_1h")
    with pytest.raises(DataError, match="belong together"):
        read("basic_motions", format="table")
