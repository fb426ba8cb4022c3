"""Measure how fast every writer of counts is and how much memory it takes.

Usage: python benchmarks/writers.py [--hours 24] [--only hsdatalog --only csv] (Linux; two minutes and
some hundred MB on disk for 24 hours; with --hours 1 some seconds). Windows of 2 s of a three-axis LSM6DSL
at 26 Hz, in chunks of 1000 as `render` gives them, three classes and five devices. Each writer runs for an
hour of data and for all hours, in a process of its own. Columns:

- hours: of data. files, MB: what was written.
- CPU s, CPU s / h: of writing alone, all threads together, and of that an hour of data.
- peak MB: the most memory held while writing, less what was held with wearsynth imported and the one
  chunk made. It is the same for any number of hours where a writer holds no more than a chunk.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from memory import MB, memory_mb

from wearsynth.data import Channel
from wearsynth.formats.writers import WRITERS
from wearsynth.sensors import Counts

RATE_HZ = 26.0
READINGS = 52
CHUNK = 1000
SHORT_HOURS = 1.0


def main(arguments: list[str]) -> None:
    """Print a table of the writers asked for."""
    options = _parser().parse_args(arguments)
    if options.measure is not None:
        name, hours = options.measure
        print(json.dumps(measure(name, float(hours))))
        return
    print("| format | hours | files | MB | CPU s | CPU s / h | peak MB |")
    print("|---|---|---|---|---|---|---|")
    for name in options.only or WRITERS:
        for hours in dict.fromkeys([min(SHORT_HOURS, options.hours), options.hours]):
            print(_line(name, hours), flush=True)


def measure(name: str, hours: float) -> dict[str, float]:
    """Write so many hours in this process and give what it took."""
    chunk = _chunk()
    with tempfile.TemporaryDirectory() as folder:
        before_mb = memory_mb("VmRSS")
        began_s = time.process_time()
        WRITERS[name](_chunks(chunk, hours), Path(folder) / "out")
        cpu_s = time.process_time() - began_s
        peak_mb = memory_mb("VmHWM") - before_mb
        sizes = [file.stat().st_size for file in Path(folder).rglob("*") if file.is_file()]
    return {"files": len(sizes), "mb": sum(sizes) / MB, "cpu_s": cpu_s, "peak_mb": peak_mb}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=24.0, help="hours of data (default 24)")
    parser.add_argument("--only", action="append", choices=[*WRITERS], help="repeat for more")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)  # a process of its own
    return parser


def _line(name: str, hours: float) -> str:
    command = [sys.executable, __file__, "--measure", name, str(hours)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    of = json.loads(done.stdout)
    cells = [f"{hours:g}", f"{of['files']}", f"{of['mb']:.1f}", f"{of['cpu_s']:.2f}"]
    cells += [f"{of['cpu_s'] / hours:.2f}", f"{of['peak_mb']:.0f}"]
    return f"| `{name}` | {' | '.join(cells)} |"


def _chunk() -> Counts:
    random = np.random.default_rng(0)
    index = np.arange(CHUNK)
    return Counts(
        values=random.normal(0, 2000, (CHUNK, READINGS, 3)).astype(np.int16),
        rate_hz=RATE_HZ,
        channels=tuple(Channel(f"acc_{axis}", "g") for axis in "xyz"),
        scale=0.000122,
        clip_counts=(-32768, 32767),
        label=index % 3,
        classes=("sitting", "walking", "jogging"),
        device=index % 5,
        sensor="lsm6dsl",
        full_scale="4g",
        power_mode="high_performance",
        convention="nominal",
        synthetic=True,
    )


def _chunks(chunk: Counts, hours: float) -> Iterator[Counts]:
    """Give the chunk again and again, and of the last one only what is missing."""
    left = round(hours * 3600 * RATE_HZ / READINGS)
    while left > 0:
        now = slice(0, min(left, CHUNK))
        yield replace(
            chunk, values=chunk.values[now], label=chunk.label[now], device=chunk.device[now]
        )
        left -= CHUNK


if __name__ == "__main__":
    main(sys.argv[1:])
