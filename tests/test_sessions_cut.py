"""Whole sessions to windows: worked by hand, as the public study cuts WESAD, and nothing foreseen."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from layouts import wesad as layout
from wearsynth.config_recordings import DataConfig, WindowsConfig
from wearsynth.data import Channel, Gap, Recording, Signal, Span, Windows
from wearsynth.errors import DataError
from wearsynth.formats.sources import read_source
from wearsynth.preparing import cut_file
from wearsynth.resampling import means, resample_by_fourier, resample_recording
from wearsynth.sessions_cut import cut_sessions, labels_of, scaled_by_person
from wearsynth.tables import load_windows

CONDITIONS = {name: name for name in ("baseline", "stress", "amusement")}
STUDY = WindowsConfig(
    length_s=6, stride_s=3, rate_hz=1, resampling="fourier", scaling="person", joined=True
)
CAUSAL = WindowsConfig(length_s=6, stride_s=3, rate_hz=1, resampling="means")
DATA = Path(__file__).parents[2] / "shared" / "data" / "wesad_1hz"


def recording(
    values: list[float], *spans: tuple[float, float, str], rate_hz: float = 1.0
) -> Recording:
    signal = Signal(np.array(values, np.float32)[:, None], rate_hz, (Channel("eda", "uS"),))
    return Recording("r", {"eda": signal}, subject="p", spans=tuple(Span(*span) for span in spans))


def read(
    tmp_path: Path, seconds: float = 90.0, people: tuple[str, ...] = ("S2", "S3")
) -> list[Recording]:
    root = layout.write(tmp_path, seconds=seconds, people=people, protocol=2)
    return read_source(DataConfig(path=str(root), classes=CONDITIONS))


def values(windows: Windows) -> np.ndarray:
    return np.concatenate([s.values for s in windows.signals.values()], axis=2)


def test_means_by_hand() -> None:
    four = np.array([[1], [3], [5], [7], [100]], np.float32)
    assert means(four, from_rate_hz=2, to_rate_hz=1).tolist() == [[2], [6]]
    # 3 Hz to 2 Hz: readings at 0, 1/3, 2/3, 1, ...; the half seconds hold two, one, two, one
    six = np.arange(6, dtype=np.float32)[:, None]
    assert means(six, from_rate_hz=3, to_rate_hz=2).ravel().tolist() == [0.5, 2.0, 3.5, 5.0]
    with pytest.raises(DataError, match="lower rate only"):
        means(six, from_rate_hz=1, to_rate_hz=2)
    with pytest.raises(DataError, match="too few for one"):
        means(six, from_rate_hz=32, to_rate_hz=1)


def test_fourier_keeps_a_slow_wave_and_drops_a_fast_one() -> None:
    time_s = np.arange(40 * 4) / 4
    slow, fast = np.cos(2 * np.pi * time_s / 10), np.cos(2 * np.pi * 0.9 * time_s)
    both = (slow + fast)[:, None].astype(np.float32)
    found = resample_by_fourier(both, from_rate_hz=4, to_rate_hz=1)[:, 0]
    assert found == pytest.approx(np.cos(2 * np.pi * np.arange(40) / 10), abs=1e-5)
    longer = np.concatenate([both, both[:3]])  # less than a second more
    again = resample_by_fourier(longer, from_rate_hz=4, to_rate_hz=1)[:, 0]
    assert again == pytest.approx(found, abs=1e-6)


def test_a_missing_reading_is_missing_in_its_interval_alone() -> None:
    odd = recording([1, 1, np.nan, 1, 1, 1], rate_hz=2.0)
    found = resample_recording(odd, rate_hz=1, method="means").signals["eda"].values[:, 0]
    assert np.isnan(found).tolist() == [False, True, False]


def test_scaling_is_over_labelled_readings_of_the_whole_person() -> None:
    one = recording([9, 2, 4, -9], (1, 3, "rest"))
    two = recording([6, 3], (0, 2, "stress"))
    other = replace(recording([50, 60], (0, 2, "rest")), subject="q")
    found = [r.signals["eda"] for r in scaled_by_person([one, two, other])]
    assert found[0].values[:, 0] == pytest.approx([7 / 4, 0, 0.5, -11 / 4])
    assert found[1].values[:, 0] == pytest.approx([1, 0.25])
    assert found[2].values[:, 0] == pytest.approx([0, 1])
    assert found[0].channels == (Channel("eda", "1"),)
    with pytest.raises(DataError, match="no labelled reading"):
        scaled_by_person([recording([1, 2])])


def test_readings_know_their_span_and_gaps_belong_to_none() -> None:
    gapped = replace(recording([0] * 6, (0, 2, "a"), (3, 6, "b")), gaps=(Gap(4, 5),))
    assert labels_of(gapped, gapped.signals["eda"]).tolist() == [0, 0, -1, 1, -1, 1]


def test_joined_stretches_by_hand() -> None:
    whole = recording(list(range(10)), (0, 3, "rest"), (5, 10, "stress"))
    windows = cut_sessions([whole], WindowsConfig(length_s=4, stride_s=2, joined=True))
    assert values(windows)[:, :, 0].tolist() == [[0, 1, 2, 5], [2, 5, 6, 7], [6, 7, 8, 9]]
    assert windows.label_names.tolist() == ["rest", "stress", "stress"]
    tie = recording(list(range(4)), (0, 2, "stress"), (2, 4, "rest"))
    first = replace(whole, name="first", spans=whole.spans)
    both = cut_sessions([first, tie], WindowsConfig(length_s=4, stride_s=2, joined=True))
    assert both.label_names.tolist()[-1] == "rest"  # the first of the classes
    with pytest.raises(DataError, match="Lower length_s"):
        cut_sessions([whole], WindowsConfig(length_s=9, stride_s=1, joined=True))


def test_signals_of_unlike_rates_are_not_joined(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"4, 32, 64 Hz.*--rate-hz 1"):
        cut_sessions(read(tmp_path), WindowsConfig(length_s=6, stride_s=3, joined=True))


def test_wesad_as_the_public_study_cuts_it(tmp_path: Path) -> None:
    windows = cut_sessions(read(tmp_path), STUDY)
    assert windows.classes == ("baseline", "stress", "amusement")
    # 90 s, 9 labels of 10 s each, three of them conditions: 30 s a person, (30 - 6) / 3 + 1 windows
    assert len(windows) == 2 * 9
    assert set(windows.subject) == {"S2", "S3"}
    readings = values(windows)
    assert readings.shape[1:] == (6, 6)
    for who in ("S2", "S3"):
        mine = readings[windows.subject == who]
        assert mine.min(axis=(0, 1)) == pytest.approx(np.zeros(6), abs=1e-6)
        assert mine.max(axis=(0, 1)) == pytest.approx(np.ones(6), abs=1e-6)
    assert "Fourier" in windows.provenance[0]


def changed_after(recordings: list[Recording], second: float) -> list[Recording]:
    """Give the recordings with other readings from a second on."""
    out = []
    for of in recordings:
        signals = {
            n: replace(
                s,
                values=np.where(
                    np.arange(len(s.values))[:, None] >= second * s.rate_hz,
                    3 * s.values + 7,
                    s.values,
                ).astype(np.float32),
            )
            for n, s in of.signals.items()
        }
        out.append(replace(of, signals=signals))
    return out


@pytest.mark.parametrize(("cut", "foreseen"), [(CAUSAL, False), (STUDY, True)])
def test_only_the_study_knows_what_comes_later(
    tmp_path: Path, cut: WindowsConfig, foreseen: bool
) -> None:
    recordings = read(tmp_path, people=("S2",))
    before, after = (cut_sessions(of, cut) for of in (recordings, changed_after(recordings, 60.0)))
    # stress lies from 30 s to 40 s: its windows end before the readings change
    stress = [w.of_class("stress") for w in (before, after)]
    assert len(stress[0]) and len(stress[0]) == len(stress[1])
    assert np.array_equal(values(stress[0]), values(stress[1])) is not foreseen


def test_the_causal_variant_keeps_units_and_means(tmp_path: Path) -> None:
    recordings = read(tmp_path, people=("S2",))
    windows = cut_sessions(recordings, CAUSAL)
    assert [c.unit for s in windows.signals.values() for c in s.channels] == ["g"] * 3 + [
        "a.u.",
        "uS",
        "degC",
    ]
    eda = recordings[0].signals["eda"].values
    at = int(windows.start_s[0])
    wanted = eda[4 * at : 4 * (at + 6), 0].reshape(6, 4).mean(axis=1)
    assert windows.signals["eda"].values[0, :, 0] == pytest.approx(wanted, abs=1e-5)


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the WESAD files in ../shared/data/wesad_1hz")
def test_the_windows_of_the_public_study_come_out_one_by_one(tmp_path: Path) -> None:
    found = np.load(DATA / "wesad_windows_60s_stride30.npz")
    cut = WindowsConfig(length_s=60, stride_s=30, joined=True)
    cut_file(DataConfig(path=str(DATA / "wesad_1hz.parquet")), cut, tmp_path / "w.parquet")
    windows = load_windows(tmp_path / "w.parquet")
    assert np.array_equal(windows.signals["e4"].values, found["values"])
    # the file has two classes where the study had three: ties may fall otherwise
    assert (
        windows.label_names == np.where(found["label"] == 1, "stress", "no_stress")
    ).sum() >= 1080
