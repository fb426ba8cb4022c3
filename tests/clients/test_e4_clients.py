"""devicely and flirt read what the E4 writer wrote: run with `make test-clients`."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from e4_toys import RATES_HZ, T0, recording, signal, toy
from wearsynth.config_rendering import GenerateConfig
from wearsynth.data import Events, Recording
from wearsynth.formats import read
from wearsynth.formats.e4_writer import write
from wearsynth.people import generate_people

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv-clients" / "bin" / "python"
LENGTH_S = 180
FILE_UNITS = {"ACC": 64, "BVP": 1, "EDA": 1, "TEMP": 1, "HR": 1}
"""What a reading is multiplied by in its file; neither client turns it back."""

pytestmark = pytest.mark.clients


def session() -> Recording:
    """Three minutes of every signal, in steps that the files hold, from a broken second on."""
    random = np.random.default_rng(0)
    acc = np.rint(random.normal((0, 16, 60), 20, (32 * LENGTH_S, 3))).clip(-128, 127) / 64
    bvp = np.round(60 * np.sin(2 * np.pi * 1.2 * np.arange(64 * LENGTH_S) / 64), 2)
    eda = np.round(2 + np.cumsum(random.normal(0, 0.01, 4 * LENGTH_S)), 6)
    temp = np.round(33 + random.normal(0, 0.1, 4 * LENGTH_S), 2)
    hr = np.round(random.normal(72, 3, LENGTH_S - 10), 2)
    beats_s = np.asarray(np.round(np.cumsum(random.normal(0.83, 0.03, 200)), 6), np.float64)
    intervals_s = np.asarray(np.round(np.diff(beats_s, prepend=0.0), 6), np.float64)
    return recording(
        signals={
            "acc": signal("acc", acc),
            "bvp": signal("bvp", bvp, start_s=0.25),
            "eda": signal("eda", eda),
            "temp": signal("temp", temp),
            "hr": signal("hr", hr, start_s=10),
        },
        events={
            "tags": Events(np.array([60.0, 120.25])),
            "ibi": Events(beats_s, intervals_s, "s"),
        },
        start_unix_s=T0 + 0.5,
    )


def understood(script: str, source: Path, tmp_path: Path) -> Mapping[str, Any]:
    """Run a client on a session and give what it kept."""
    assert PYTHON.exists(), "the clients are not installed: run `make test-clients`"
    out = tmp_path / "understood.npz"
    command = [PYTHON, HERE / script, source, out]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with np.load(out) as arrays:
        return dict(arrays)


def check_signals(found: Mapping[str, Any], given: Recording) -> None:
    """Check values to the last digit of the files, and each reading's time to a microsecond."""
    for name, per_unit in FILE_UNITS.items():
        own = given.signals[name.lower()]
        decimals = {"ACC": 0, "EDA": 6}.get(name, 2)
        values = np.asarray(found[name], dtype=np.float64).reshape(own.values.shape)
        wanted = np.round(own.values.astype(np.float64) * per_unit, decimals)
        np.testing.assert_allclose(values, wanted, rtol=0, atol=1e-9)
        start_s = (given.start_unix_s or 0) + own.start_s
        times_s = start_s + np.arange(len(own.values)) / RATES_HZ[name.lower()]
        np.testing.assert_allclose(found[f"{name}.times"], times_s, rtol=0, atol=1e-6)


def test_devicely_reads_all_of_a_session(tmp_path: Path) -> None:
    given = session()
    write([given], tmp_path / "out")
    found = understood("read_with_devicely.py", tmp_path / "out" / "S02", tmp_path)
    check_signals(found, given)
    assert {name: found[f"{name}.rate_hz"] for name in FILE_UNITS} == {
        name.upper(): rate_hz for name, rate_hz in RATES_HZ.items()
    }
    ibi, tags = given.events["ibi"], given.events["tags"]
    assert ibi.values is not None
    np.testing.assert_allclose(found["IBI"], ibi.values, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found["IBI.times"], T0 + 0.5 + ibi.times_s, rtol=0, atol=1e-6)
    np.testing.assert_allclose(found["tags"], T0 + 0.5 + tags.times_s, rtol=0, atol=1e-6)


def test_flirt_reads_a_zip_and_computes_its_features(tmp_path: Path) -> None:
    given = session()
    write([given], tmp_path / "out", zipped=True)
    found = understood("read_with_flirt.py", tmp_path / "out" / "S02.zip", tmp_path)
    check_signals(found, given)
    ibi = given.events["ibi"]
    assert ibi.values is not None
    np.testing.assert_allclose(found["IBI"][:, 0], 1000 * ibi.values, rtol=0, atol=1e-6)
    np.testing.assert_allclose(found["IBI.times"], T0 + 0.5 + ibi.times_s, rtol=0, atol=1e-3)
    for name in ("hrv_mean_nni", "eda_phasic_mean", "acc_l2_mean"):
        assert np.isfinite(found[f"features.{name}"]).any(), name


def test_devicely_reads_windows_and_parts(tmp_path: Path) -> None:
    write(toy(), tmp_path / "windows")
    found = understood("read_with_devicely.py", tmp_path / "windows" / "p1", tmp_path)
    assert found["ACC"].tolist() == [[n] * 3 for n in range(4) for _ in range(64)]
    np.testing.assert_allclose(found["tags"], [946_684_804, 946_684_806], rtol=0, atol=1e-6)
    eda = np.arange(12.0)
    eda[4:6] = np.nan
    write([recording(signals={"eda": signal("eda", eda)})], tmp_path / "parts")
    found = understood("read_with_devicely.py", tmp_path / "parts" / "S02" / "part2", tmp_path)
    assert found["EDA"].tolist() == [6, 7, 8, 9, 10, 11]
    assert found["EDA.times"][0] == T0 + 1.5


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people of the bundled model for three minutes, as folders and as zips."""
    folder = tmp_path_factory.mktemp("people")
    for kind in ("e4", "e4_zip"):
        config = GenerateConfig(
            model="e4-stress", people=2, minutes=3, plan="rest=90,stress=90", format=kind
        )
        generate_people(config, folder / kind)
    return folder


def second(folder: Path) -> Path:
    """Give the folder or zip of the second person."""
    return next(path for path in folder.iterdir() if path.stem.endswith("-2"))


def test_devicely_reads_a_made_person(people: Path, tmp_path: Path) -> None:
    found = understood("read_with_devicely.py", second(people / "e4"), tmp_path)
    check_as_read_here(found, people)
    given = read(people / "e4")[1]
    start = given.start_unix_s or 0
    np.testing.assert_allclose(found["tags"], [start + 90], rtol=0, atol=1e-6)
    assert len(found["IBI"]) == len(given.events["ibi"].times_s) > 20


def test_flirt_reads_a_made_person_and_computes_features(people: Path, tmp_path: Path) -> None:
    found = understood("read_with_flirt.py", second(people / "e4_zip"), tmp_path)
    check_as_read_here(found, people)
    for name in ("hrv_mean_nni", "eda_phasic_mean", "acc_l2_mean"):
        assert np.isfinite(found[f"features.{name}"]).any(), name


def check_as_read_here(found: Mapping[str, Any], people: Path) -> None:
    """Check that a client reads of the second what our own reader does, labels included there."""
    given = read(people / "e4")[1]
    assert [(of.start_s, of.end_s, of.label) for of in given.spans] == [
        (0, 90, "rest"),
        (90, 180, "stress"),
    ]
    check_signals(found, given)
