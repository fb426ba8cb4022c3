import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from commands import wearsynth
from wearsynth.data import windows_from_arrays
from wearsynth.formats import counts_parquet
from wearsynth.sensors import load_profile, profile_names
from wearsynth.tables import save_windows


def test_the_list_has_a_plain_line_for_each_signal_of_each_part(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = wearsynth(capsys, monkeypatch, "sensors")
    assert (code, err) == (0, "")
    header, *lines = out.splitlines()
    assert header.split()[:4] == ["sensor", "signal", "vendor", "kind"]
    assert {line.split()[0] for line in lines} == set(profile_names())
    assert sum(line.startswith("e4 ") for line in lines) == 4
    assert any("lis3dsh" in line and "2, 4, 6, 8, 16 g" in line for line in lines)


def test_one_part_is_shown_with_every_figure_and_its_source(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = wearsynth(capsys, monkeypatch, "sensors", "LSM6DS3TRC")
    assert code == 0
    assert out.startswith("lsm6ds3tr-c: ST LSM6DS3TR-C, 6-axis IMU\n")
    for name, figure in load_profile("lsm6ds3tr-c").signals["acc"].figures.items():
        assert f"\n{name} (verified: " in out
        assert f"  source: {figure.source}\n" in out


def test_a_terminal_gets_a_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    for arguments in (("sensors",), ("sensors", "lsm6dsl")):
        code, out, _ = wearsynth(capsys, monkeypatch, *arguments)
        assert code == 0
        assert "───" in out and "verified" in out
        assert max(map(len, out.splitlines()[3:])) <= 200  # colours are not columns


def test_an_unknown_part_is_one_sentence_and_exit_code_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = wearsynth(capsys, monkeypatch, "sensors", "lis3dhs")
    assert (code, out) == (1, "")
    assert err == "Error: unknown sensor 'lis3dhs'. Did you mean 'lis3dsh'?\n"


def test_the_list_needs_no_network_library() -> None:
    code = "import sys; from wearsynth.cli_sensors import sensors_command; sensors_command(None); "
    code += "sys.exit('torch' in sys.modules or 'sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    values = np.random.default_rng(0).normal([0.0, 0.0, 1.0], 0.2, size=(6, 50, 3))
    channels = [(f"acc_{axis}", "g") for axis in "xyz"]
    windows = windows_from_arrays(values, ["still"] * 6, rate_hz=25.0, channels=channels)
    save_windows(windows, tmp_path / "w.parquet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_all_options_of_rendering_reach_the_counts(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    part = ("--sensor", "lis2dh12", "--power-mode", "normal", "--full-scale", "8g")
    units = ("--devices", 2, "--device-seed", 4, "--cross-axis-pct", 1)
    options = (*part, *units, "--mounting", "0,180,0", "--low-pass", "ODR/2", "--format", "parquet")
    code, out, err = wearsynth(capsys, monkeypatch, "render", "w.parquet", *options, "-o", "counts")
    assert code == 0 and "sensor lis2dh12, full_scale 8g, rate_hz 25.0, 2 device(s)" in out
    assert "sensitivity_sd_pct and rate_error_pct not known, taken as 0" in err
    counts = counts_parquet.read(folder / "counts")
    assert (counts.power_mode, counts.low_pass, counts.zero_bits) == ("normal", "ODR/2", 6)
    assert counts.to_physical()[..., 2].mean() == pytest.approx(-1, abs=0.15)  # upside down
    assert not (counts.values % 64).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--full-scale", "3g"), "lsm6dsl has no 3 g full scale; it has 2, 4, 8 and 16."),
        (("--rate-hz", "0"), "rate_hz: should be greater than or equal to 0.001, got 0.0."),
        (("--rate-hz", "30"), "lsm6dsl has no rate of 30 Hz in the power mode high_performance"),
        (("--power-mode", "low"), "lsm6dsl has no power mode 'low'."),
        (("--low-pass", "ODR/5"), "lsm6dsl has no low-pass filter 'ODR/5'"),
        (("--mounting", "up"), "mounting: should be kept, drawn, or three angles"),
        (("--devices", "0", "--cross-axis-pct", "1"), "ask for devices, 1 or more."),
        (("--cross-axis-pct", "101"), "cross_axis_pct: should be less than or equal to 100"),
        (("--sensor", "e4", "--low-pass", "ODR/2"), "leave low_pass out, got 'ODR/2'."),
        (("--sensor", "mpu605"), "unknown sensor 'mpu605'. Did you mean 'mpu6050'?"),
        (("--format", "xml"), "unknown format 'xml'."),
    ],
)
def test_what_cannot_be_is_one_sentence_and_nothing_is_written(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    message: str,
) -> None:
    code, out, err = wearsynth(capsys, monkeypatch, "render", "w.parquet", *options, "-o", "counts")
    assert (code, out) == (1, "")
    assert err.startswith("Error: ") and err.count("\n") == 1 and message in err
    assert [path.name for path in folder.iterdir()] == ["w.parquet"]
