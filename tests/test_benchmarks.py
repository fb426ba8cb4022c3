"""The benchmark of the readers: it knows them all, and what it measures stays within bounds."""

import subprocess
import sys
from pathlib import Path

import pytest

from wearsynth.formats import KNOWN_FORMATS

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "readers.py"

pytestmark = [
    pytest.mark.skipif(not SCRIPT.exists(), reason="the benchmarks are not part of this copy"),
    pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc"),
]


def _run(*arguments: str) -> str:
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")]


def test_every_reader_of_files_is_measured() -> None:
    shown = _run("--help")
    for name in KNOWN_FORMATS:
        assert name in shown or name == "basic_motions", f"add {name} to {SCRIPT.name}"


def test_reading_stays_within_its_bound_of_memory() -> None:
    head, _, *lines = _run("--mb", "16", "--only", "pamap2").splitlines()
    rows = [dict(zip(_cells(head), _cells(line), strict=True)) for line in lines]
    assert [round(float(row["MB"])) for row in rows] == [4, 16]
    assert all(float(row["peak MB"]) < float(row["bound MB"]) for row in rows)
    assert all(float(row["arrays MB"]) < float(row["MB"]) for row in rows)


WRITING = SCRIPT.with_name("writers.py")


def test_writers_are_measured_and_hold_no_more_for_more_hours() -> None:
    command = [sys.executable, str(WRITING), "--hours", "12", "--only", "hsdatalog"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    head, _, *lines = shown.splitlines()
    short, long = (dict(zip(_cells(head), _cells(line), strict=True)) for line in lines)
    assert (short["hours"], long["hours"]) == ("1", "12")
    assert float(long["MB"]) > 11 * float(short["MB"])
    assert float(long["peak MB"]) < float(short["peak MB"]) + 3
