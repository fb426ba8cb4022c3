"""The benchmark of the MLC twin: an hour takes no more than two CPU seconds."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "mlc.py"

pytestmark = pytest.mark.skipif(
    not SCRIPT.exists(), reason="the benchmarks are not part of this copy"
)


def test_an_hour_takes_at_most_two_cpu_seconds() -> None:
    command = [sys.executable, str(SCRIPT), "--repeats", "1"]
    _, _, *lines = subprocess.run(
        command, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    assert [row[2] for row in rows] == ["1,800"] * 4
    assert max(float(row[3]) for row in rows) <= 2
