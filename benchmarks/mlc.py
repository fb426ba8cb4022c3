"""Measure how fast the MLC twin is: CPU seconds for an hour of made-up readings.

Usage: python benchmarks/mlc.py [--repeats 5] (some seconds). Sixteen features, of the squared size of
acceleration and of its band pass, a tree and the meta-classifier. Columns:

- readings: of all logs together.
- CPU s: the median over the repeats, from mg to the outputs, all threads together; reading files
  is not in it.
"""

import argparse
import statistics
import time

import numpy as np
from numpy.typing import NDArray

from wearsynth.mlc.configuration import TreeEntry
from wearsynth.mlc.training import configuration_for
from wearsynth.mlc.tree import Branch, Leaf
from wearsynth.mlc.twin import answers_of, features_of

CASES = {
    "one hour, one log, 26 Hz": (26.0, 1, 3600),
    "one hour, one log, 30 Hz": (30.0, 1, 3600),
    "60 logs of one minute, 26 Hz": (26.0, 60, 60),
    "60 logs of one minute, 30 Hz": (30.0, 60, 60),
}
"""Case -> rate in Hz, logs, seconds a log."""


def main() -> None:
    """Print a line a case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="times each (default 5)")
    repeats = parser.parse_args().repeats
    print("| case | readings | windows | CPU s |")
    print("|---|---|---|---|")
    for name, (rate_hz, count, seconds) in CASES.items():
        logs = [walk_mg(rate_hz, seconds, seed) for seed in range(count)]
        took = [cpu_s(logs, rate_hz) for _ in range(repeats)]
        windows = took[0][1]
        median_s = statistics.median(cpu for cpu, _ in took)
        print(f"| {name} | {sum(map(len, logs)):,} | {windows:,} | {median_s:.2f} |", flush=True)


def walk_mg(rate_hz: float, seconds: int, seed: int) -> NDArray[np.float64]:
    """Give (time, axis) in mg: gravity, two harmonics of 1.9 Hz that grow and shrink, noise."""
    time_s = np.arange(round(rate_hz * seconds)) / rate_hz
    random = np.random.default_rng(seed)
    size = 300 * (1 + np.sin(2 * np.pi * time_s / 47))[:, None]
    angle = 2 * np.pi * 1.9 * time_s[:, None] + np.array([0.0, 1.0, 2.0])
    moved = size * (np.sin(angle) + 0.5 * np.sin(2 * angle))
    noise = random.normal(0, 20, (len(time_s), 3))
    return np.asarray(np.array([200.0, -300.0, 930.0]) + moved + noise)


def cpu_s(logs: list[NDArray[np.float64]], rate_hz: float) -> tuple[float, int]:
    """Give the CPU seconds that the twin takes on these logs, and the windows that it answers."""
    configuration = configuration_for(rate_hz, largest_g=8.0)
    entry = TreeEntry("tree.txt", {"still": 1, "walking": 4}, (2, 2, 2, 2))
    tree = Branch(configuration.feature_names[5], 0.5, Leaf("still"), Leaf("walking"))
    began_s = time.process_time()
    answers = answers_of(features_of(logs, configuration), tree, entry)
    return time.process_time() - began_s, len(answers.output)


if __name__ == "__main__":
    main()
