"""The script that has other tools make windows: its own errors and arithmetic, without those tools."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "peers" / "run.py"

pytestmark = pytest.mark.skipif(
    not SCRIPT.exists(), reason="the benchmarks are not part of this copy"
)


def _error(*arguments: str | Path) -> str:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode and not done.stdout
    return done.stderr.strip()


def _train(path: Path, values: np.ndarray, label: np.ndarray) -> Path:
    np.savez(path, values=values, label=label)
    return path


VALUES = np.zeros((4, 6, 2), np.float32)
LABEL = np.array([0, 1, 0, 1])


@pytest.mark.parametrize(
    ("option", "wanted"),
    [
        (["--cpu-seconds", "0"], "--cpu-seconds must be above 0, got 0."),
        (["--cpu-seconds", "nan"], "--cpu-seconds must be above 0, got nan."),
        (["--windows", "0"], "--windows must be 1 or more, got 0."),
        (["--seed", "-1"], "--seed must be from 0 to 4294967295, got -1."),
    ],
)
def test_bad_options_are_one_sentence(tmp_path: Path, option: list[str], wanted: str) -> None:
    given = _error("sdv_par", tmp_path / "train.npz", "-o", tmp_path / "out.npz", *option)
    assert given == f"run.py: {wanted}"


def test_the_result_must_be_an_npz_file(tmp_path: Path) -> None:
    given = _error("sdv_par", tmp_path / "train.npz", "-o", "out.csv")
    assert given == "run.py: -o must name an .npz file, got 'out.csv'."


@pytest.mark.parametrize(
    ("values", "label", "wanted"),
    [
        (VALUES[0], LABEL, "values must be (window, time, channel) floats, got shape (6, 2)"),
        (VALUES, LABEL[:3], "label must be 4 whole numbers from 0, got shape (3,)"),
        (VALUES, LABEL - 1, "label must be 4 whole numbers from 0"),
        (VALUES + np.nan, LABEL, "4 windows hold NaN or infinity; leave these windows out."),
    ],
)
def test_windows_are_checked_first(
    tmp_path: Path, values: np.ndarray, label: np.ndarray, wanted: str
) -> None:
    train = _train(tmp_path / "train.npz", values, label)
    given = _error("gretel_dgan", train, "-o", tmp_path / "out.npz")
    assert wanted in given and len(given.splitlines()) == 1


def test_files_that_are_no_windows(tmp_path: Path) -> None:
    out = tmp_path / "out.npz"
    assert "cannot be read" in _error("sdv_par", tmp_path / "none.npz", "-o", out)
    (tmp_path / "text.npz").write_text("no archive")
    assert "cannot be read" in _error("sdv_par", tmp_path / "text.npz", "-o", out)
    np.savez(tmp_path / "other.npz", label=LABEL)
    assert "no array 'values', only label." in _error("sdv_par", tmp_path / "other.npz", "-o", out)


@pytest.mark.skipif(importlib.util.find_spec("sdv") is not None, reason="SDV is installed here")
def test_a_peer_that_is_not_installed_is_said(tmp_path: Path) -> None:
    train = _train(tmp_path / "train.npz", VALUES, LABEL)
    given = _error("sdv_par", train, "-o", tmp_path / "out.npz")
    assert given.startswith("run.py: sdv_par needs sdv, which is not installed here")
    assert not (tmp_path / "out.npz").exists()


def test_epochs_fill_the_budget_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    # A clock of its own: preparation takes 5 s, an epoch 2 s, and the first fit 7 s for warming up.
    spec = importlib.util.spec_from_file_location("peers_run", SCRIPT)
    assert spec is not None and spec.loader is not None
    run = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "peers_run", run)
    spec.loader.exec_module(run)
    clock_s = [0.0]
    monkeypatch.setattr(run.time, "process_time", lambda: clock_s[0])
    fitted: list[int] = []

    def fit(_: object, epochs: int) -> None:
        clock_s[0] += 5 + 2 * epochs + (0 if fitted else 7)
        fitted.append(epochs)

    plan = run.plan_epochs(fit, None, cpu_s=100)
    assert fitted == [1, 1, 4]
    assert plan.epochs == (90 - 5) // 2 and plan.foretold_cpu_s == 5 + 2 * plan.epochs <= 100
    assert plan.trials_cpu_s == 14 + 7 + 13
    fitted.clear()
    assert run.plan_epochs(fit, None, cpu_s=3).epochs == 1
    assert fitted == [1]
