"""The benchmarks of the judge: what they make up is what they say, and their table is right."""

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from wearsynth.evaluation.selftest import Finding, SelfTest, Turned

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"

pytestmark = pytest.mark.skipif(
    not BENCHMARKS.exists(), reason="the benchmarks are not part of this copy"
)


def module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
    assert spec and spec.loader
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded  # dataclasses look there
    spec.loader.exec_module(loaded)
    return loaded


def test_made_up_windows_have_the_shape_that_the_table_tells() -> None:
    benchmark = module("evaluation")
    shape = replace(benchmark.SHAPES["small"], windows=150)
    sets = benchmark.made_up(shape)
    assert [len(sets[name]) for name in ("synthetic", "train", "holdout")] == [150, 80, 70]
    assert sets["synthetic"].synthetic.all() and not sets["train"].synthetic.any()
    assert not set(sets["train"].group) & set(sets["holdout"].group)
    assert len(set(sets["holdout"].group)) >= 6 and len(sets["holdout"].classes) == 2
    channels = [signal.values.shape[1:] for signal in sets["train"].signals.values()]
    assert channels == [(60, 3), (60, 1), (60, 1), (60, 1)]
    assert all(np.isfinite(signal.values).all() for signal in sets["train"].signals.values())
    assert (benchmark.SHAPES["small"].windows, benchmark.SHAPES["large"].windows) == (1083, 20_000)


def finding(damage: str, *titles: str, planted: bool = True, note: str = "") -> Finding:
    turned = [Turned("mmd", title, "ok", "bad", 0.0, 1.0, 9.0) for title in titles]
    return Finding(damage, damage, tuple(turned), planted=planted, note=note)


def test_the_table_of_damages_has_a_cell_for_each_set() -> None:
    parts = {"train": 200, "holdout": 300, "stand_in": 100}
    findings = (finding("noise", "Features", "Jerk"), finding("scale"))
    one = SelfTest((), findings[0], findings, parts, parts, (), "", True, 0)
    few = (finding("noise", planted=False, note="n"), finding("scale", "Range", note="few"))
    two = replace(one, findings=few, not_enough="8 groups are too few")
    lines = module("selftest").table({"a": one, "b": two}).splitlines()
    assert lines[0] == "| damage | a | b |"
    assert lines[2] == "| `noise` | 2: Features, bad | (not planted) |"
    assert lines[3] == "| `scale` | - | (1: Range, bad) |"
    assert lines[-1] == "| proves nothing, because |  | 8 groups are too few |"


def test_a_set_that_is_not_there_is_left_out_with_a_reason(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / "selftest.py"), "--only", "wesad_1hz"]
    done = subprocess.run(
        [*command, "--shared", str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "wesad_1hz: left out, it needs data/wesad_1hz/wesad_1hz.parquet" in done.stderr
