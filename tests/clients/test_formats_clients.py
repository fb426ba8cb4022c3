"""Other people's programs read what the writers of counts wrote: run with `make test-clients`."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aeon.classification.feature_based import SummaryClassifier

from counts_toys import some_counts
from wearsynth.formats import c_header, edge_impulse, huggingface, raw_counts
from wearsynth.oddities import STANDARD_GRAVITY_M_S2

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv-clients-formats" / "bin" / "python"
ARM = ["arm-none-eabi-gcc", "--specs=rdimon.specs", "-nostartfiles", "-mcpu=cortex-m4", "-mthumb"]
QEMU = ["qemu-system-arm", "-machine", "mps2-an386", "-nographic", "-monitor", "none"]

pytestmark = pytest.mark.clients


def told(command: Sequence[str | Path]) -> str:
    """Run a program, which must succeed, and give what it printed."""
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300, env=offline
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def understood(script: str, source: Path, tmp_path: Path) -> dict[str, Any]:
    """Run a client in its own environment and give the arrays that it kept."""
    if not PYTHON.exists():
        pytest.skip("the clients of formats are not installed: run `make test-clients`")
    out = tmp_path / "understood.npz"
    told([PYTHON, HERE / script, source, out])
    with np.load(out) as arrays:
        return dict(arrays)


def needs(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed: apt install it")


def test_datasets_loads_the_folder_as_declared(tmp_path: Path) -> None:
    counts = some_counts()
    huggingface.write([counts], tmp_path / "out")
    found = understood("read_with_datasets.py", tmp_path / "out", tmp_path)
    assert found["shape"].tolist() == [4, 3]
    assert found["window"].dtype == np.float32
    assert np.array_equal(found["window"], counts.to_physical())
    assert found["label"].tolist() == counts.label_names.tolist()
    assert found["device"].tolist() == counts.device.tolist()


def test_edge_impulse_s_package_reads_and_makes_the_same(tmp_path: Path) -> None:
    counts = some_counts()
    edge_impulse.write([counts], tmp_path / "out")
    folder = tmp_path / "out" / "training"
    found = understood("read_with_edgeimpulse.py", folder, tmp_path)
    assert found["names"].tolist() == ["accX", "accY", "accZ"]
    assert bool(found["same"])
    np.testing.assert_allclose(found["times_ms"], np.arange(4) * 1000 / 26, rtol=0, atol=1e-5)
    in_order = np.argsort(counts.label_names, kind="stable")  # the files' names are in that order
    wanted = counts.values[in_order] * (counts.scale * STANDARD_GRAVITY_M_S2)
    np.testing.assert_allclose(found["values"], wanted, rtol=0, atol=6e-7)


def test_gcc_compiles_the_header_and_the_sum_is_right(tmp_path: Path) -> None:
    needs("gcc")
    wanted = header(tmp_path)
    told(["gcc", "-Wall", "-Wextra", "-Werror", "-std=c99", *sources(tmp_path)])
    assert told([tmp_path / "program"]) == wanted


def test_the_header_runs_on_a_cortex_m4(tmp_path: Path) -> None:
    needs("arm-none-eabi-gcc")
    needs("qemu-system-arm")
    wanted = header(tmp_path)
    script = tmp_path / "memory.ld"
    script.write_text(MEMORY)
    told([*ARM, "-Wall", "-Werror", "-T", script, HERE / "start.c", *sources(tmp_path)])
    kernel: list[str | Path] = [
        "-semihosting-config",
        "enable=on,target=native",
        "-kernel",
        tmp_path / "program",
    ]
    assert told([*QEMU, *kernel]) == wanted


def header(tmp_path: Path) -> str:
    """Write headers, and give what the program must print."""
    counts = some_counts()
    c_header.write([counts], tmp_path / "out")
    walking = counts.values[counts.label == 0]
    return f"{walking.shape[0] * 4} {walking.sum(dtype=np.int64)} ok\n"


def sources(tmp_path: Path) -> list[str | Path]:
    return ["-I", tmp_path / "out", HERE / "on_target.c", "-o", tmp_path / "program"]


MEMORY = """
MEMORY { FLASH (rx) : ORIGIN = 0, LENGTH = 4M  RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 4M }
ENTRY(start)
SECTIONS
{
  .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) } > FLASH
  .ARM.exidx : { *(.ARM.exidx*) } > FLASH
  .data : { *(.data*) } > RAM
  .bss : { __bss_start__ = .; *(.bss*) *(COMMON) __bss_end__ = .; end = .; } > RAM
  stack_top = ORIGIN(RAM) + LENGTH(RAM);
}
"""
"""An ELF that QEMU loads to both memories itself: nothing is to be copied at the start."""


def test_aeon_learns_from_raw_counts(tmp_path: Path) -> None:
    counts = some_counts()
    calm = counts.values // 100 + 1000 * counts.label.reshape(-1, 1, 1)
    raw_counts.write([replace(counts, values=calm.astype(np.int16))], tmp_path / "out")
    found = [
        np.fromfile(tmp_path / "out" / f"{name}.bin", "<i2").reshape(-1, 4, 3)
        for name in ("walking", "jogging")
    ]
    windows = np.concatenate(found).transpose(0, 2, 1).astype(float)  # (case, channel, time)
    label = np.repeat(["walking", "jogging"], [3, 2])
    judge = SummaryClassifier(random_state=0).fit(windows, label)
    assert judge.predict(windows).tolist() == label.tolist()
