from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wearsynth.data import Span
from wearsynth.errors import FormatError
from wearsynth.formats import read, recognise
from wearsynth.formats.wesad_1hz import CHANNELS
from wearsynth.splitting import split
from wearsynth.windowing import cut_windows

DATA = Path(__file__).parents[2] / "shared" / "data" / "wesad_1hz"
HEADER = ",BVP,EDA,ACC_x,ACC_y,ACC_z,TEMP,label"


def csv(tmp_path: Path, labels: str) -> Path:
    rows = [f"{i},0.{i},0.1,0.2,0.3,0.4,0.5,{label}" for i, label in enumerate(labels)]
    path = tmp_path / "w.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path


def parquet(tmp_path: Path) -> Path:
    table = {"subject": np.array([2, 2, 2, 10, 10]), "t": np.array([0, 1, 2, 0, 1])}
    table |= {name: np.arange(5) / 10 for name in CHANNELS}
    table |= {"label": np.array([0, 1, 1, 1, 0])}
    pq.write_table(pa.table(table), tmp_path / "w.parquet")
    return tmp_path / "w.parquet"


def test_the_csv_is_one_recording_of_nobody(tmp_path: Path) -> None:
    path = csv(tmp_path, "00110")
    assert recognise(path) == "wesad_1hz"
    (recording,) = read(path)
    assert recording.subject is None
    assert recording.spans == (
        Span(0, 2, "no_stress"),
        Span(2, 4, "stress"),
        Span(4, 5, "no_stress"),
    )
    signal = recording.signals["e4"]
    assert signal.rate_hz == 1
    assert [c.name for c in signal.channels] == list(CHANNELS)
    assert {c.unit for c in signal.channels} == {"1"}
    np.testing.assert_allclose(signal.values[:, 0], [0, 0.1, 0.2, 0.3, 0.4], rtol=1e-6)
    assert any("people are not told apart" in note for note in recording.notes)
    assert any("no unit" in note for note in recording.notes)


def test_the_parquet_is_a_recording_a_person(tmp_path: Path) -> None:
    path = parquet(tmp_path)
    assert recognise(path) == "wesad_1hz"
    two, ten = read(path)
    assert (two.name, two.subject, ten.subject) == ("S2", "S2", "S10")
    assert two.spans == (Span(0, 1, "no_stress"), Span(1, 3, "stress"))
    assert ten.spans == (Span(0, 1, "stress"), Span(1, 2, "no_stress"))
    assert not any("people are not told apart" in note for note in two.notes)


def test_another_label_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="label must be 0"):
        read(csv(tmp_path, "012"))


def test_another_csv_is_not_recognised(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text("a,b\n1,2\n")
    with pytest.raises(FormatError, match="none of the known formats"):
        recognise(tmp_path / "o.csv")


def test_a_broken_file_of_the_usual_name_hears_from_its_own_reader(tmp_path: Path) -> None:
    path = tmp_path / "wesad_preprocessed_1hz.csv"
    path.write_text(f"{HEADER.replace('EDA', 'ED4')}\n0,1,1,1,1,1,1,0\n")
    with pytest.raises(FormatError, match=r"has no column 'EDA'\. Did you mean 'ED4'"):
        read(path)


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the WESAD files in ../shared/data/wesad_1hz")
def test_the_real_files() -> None:
    people = read(DATA / "wesad_1hz.parquet")
    assert [r.subject for r in people] == [f"S{i}" for i in (*range(2, 12), *range(13, 18))]
    (everybody,) = read(DATA / "wesad_preprocessed_1hz.csv")
    joined = np.concatenate([r.signals["e4"].values for r in people])
    np.testing.assert_allclose(joined, everybody.signals["e4"].values, atol=1e-6)
    stressed = sum(s.end_s - s.start_s for r in people for s in r.spans if s.label == "stress")
    assert stressed == 9966
    windows = cut_windows(people, length_s=60, stride_s=30)
    parts = split(windows, holdout=0.3, seed=0)
    assert 4 <= len(set(parts.holdout.subject)) <= 5
    assert min(*parts.train.counts.values(), *parts.holdout.counts.values()) > 0
