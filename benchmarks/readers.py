"""Measure how fast every reader is and how much memory it takes, on files of its true layout.

Usage: python benchmarks/readers.py [--mb 300] [--only pamap2 --only e4] (Linux; a few minutes and
the size of two such sets on disk; with --mb 8 some seconds). Files are made up as the tests make
them, at a quarter of the size and at the whole; each is read by a process of its own. Columns:

- MB: the files' size. CPU s, MB / CPU s: of reading alone, all threads together.
- peak MB: the most memory held while reading, less what was held once wearsynth was imported.
- arrays MB: the size of the arrays that are given back.
- bound MB: 64 MB and three times the arrays, which the peak should stay below.
- growth: CPU seconds a MB at this size over those at the quarter; 1 is linear.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from memory import MB, memory_mb

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS))

from layouts import (  # noqa: E402 - they stand among the tests
    e4,
    edge_impulse,
    hsdatalog,
    lsm6dsl,
    memsstudio,
    motionsense,
    pamap2,
    table,
    uci_har,
    wesad,
    wesad_1hz,
    wisdm,
)
from wearsynth.data import Recording  # noqa: E402
from wearsynth.formats import read  # noqa: E402

SPARE_MB = 64
ARRAYS_TIMES = 3


@dataclass(frozen=True)
class Layout:
    """How to make a set of some size. write: makes so many units in a folder, gives the path to read.

    probe: units that are enough to tell the size of one. share: of the size asked for, less where
    the published files are small.
    """

    write: Callable[[Path, int], Path]
    probe: int
    share: float = 1.0


LAYOUTS = {
    "pamap2": Layout(lambda to, rows: pamap2.write(to, rows=rows, subjects=("101",)), 1000),
    "wesad": Layout(lambda to, seconds: wesad.write(to, seconds=seconds), 10),
    "e4": Layout(lambda to, people: e4.write(to, people=people, minutes=55), 2),
    "wisdm": Layout(lambda to, people: wisdm.write(to, people=people, readings=3600), 2),
    "uci_har": Layout(lambda to, repeats: uci_har.write(to, repeats=repeats), 4),
    "motionsense": Layout(lambda to, times: motionsense.write(to, readings=500, repeats=times), 2),
    "table": Layout(lambda to, fours: table.write(to, readings=4 * fours), 1000),
    "table_parquet": Layout(
        lambda to, fours: table.write(to, readings=4 * fours, style="parquet"), 1000
    ),
    "memsstudio": Layout(lambda to, rows: memsstudio.write(to, readings=rows), 1000, share=0.1),
    "lsm6dsl": Layout(lambda to, rows: lsm6dsl.write(to, readings=rows), 1000, share=0.1),
    "hsdatalog": Layout(lambda to, frames: hsdatalog.write(to, frames=frames), 1000, share=0.3),
    "edgeimpulse": Layout(lambda to, rows: edge_impulse.write(to, readings=rows), 1000, share=0.1),
    "wesad_1hz": Layout(lambda to, fours: wesad_1hz.write(to, seconds=4 * fours), 1000, share=0.1),
}


@dataclass(frozen=True)
class Measured:
    """What reading a set took."""

    mb: float
    cpu_s: float
    peak_mb: float
    arrays_mb: float


def main(arguments: list[str]) -> None:
    """Print a table of the readers asked for."""
    options = _parser().parse_args(arguments)
    if options.measure is not None:
        print(json.dumps(measure(*options.measure)))
        return
    print("| reader | MB | CPU s | MB / CPU s | peak MB | arrays MB | bound MB | growth |")
    print("|---|---|---|---|---|---|---|---|")
    for name in options.only or LAYOUTS:
        for line in _lines(name, options.mb):
            print(line, flush=True)


def measure(name: str, path: str) -> dict[str, float]:
    """Read a set in this process and give what it took, but for the size of its files."""
    before_mb = memory_mb("VmRSS")
    began_s = time.process_time()
    columns = table.COLUMNS if name.startswith("table") else None
    recordings = read(path, format=None if columns else name, columns=columns)
    cpu_s = time.process_time() - began_s
    peak_mb = memory_mb("VmHWM") - before_mb
    return {"cpu_s": cpu_s, "peak_mb": peak_mb, "arrays_mb": sum(map(_arrays_mb, recordings))}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mb", type=float, default=300.0, help="size of a set (default 300)")
    parser.add_argument("--only", action="append", choices=[*LAYOUTS], help="repeat for more")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)  # a process of its own
    return parser


def _lines(name: str, mb: float) -> Iterator[str]:
    """Give a line of the table for a quarter of the size and one for the whole."""
    quarter = _measured(name, mb / 4)
    yield _line(name, quarter, "")
    whole = _measured(name, mb)
    growth = (whole.cpu_s / whole.mb) / (quarter.cpu_s / quarter.mb)
    yield _line(name, whole, f"{growth:.2f}")


def _line(name: str, of: Measured, growth: str) -> str:
    bound_mb = SPARE_MB + ARRAYS_TIMES * of.arrays_mb
    cells = [f"{of.mb:.0f}", f"{of.cpu_s:.2f}", f"{of.mb / of.cpu_s:.0f}", f"{of.peak_mb:.0f}"]
    return (
        f"| {' | '.join([f'`{name}`', *cells, f'{of.arrays_mb:.0f}', f'{bound_mb:.0f}', growth])} |"
    )


def _measured(name: str, mb: float) -> Measured:
    layout = LAYOUTS[name]
    with tempfile.TemporaryDirectory() as folder:
        layout.write(Path(folder) / "probe", layout.probe)
        units = max(1, round(layout.probe * layout.share * mb / _size_mb(Path(folder))))
    with tempfile.TemporaryDirectory() as folder:
        path = layout.write(Path(folder), units)
        command = [sys.executable, __file__, "--measure", name, str(path)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return Measured(mb=_size_mb(Path(folder)), **json.loads(done.stdout))


def _size_mb(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / MB


def _arrays_mb(recording: Recording) -> float:
    signals = sum(signal.values.nbytes for signal in recording.signals.values())
    return (signals + sum(events.times_s.nbytes for events in recording.events.values())) / MB


if __name__ == "__main__":
    main(sys.argv[1:])
