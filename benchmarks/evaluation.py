"""Measure what an evaluation costs: CPU seconds and memory, each in a process of its own.

Usage: python benchmarks/evaluation.py [--shared ../shared] [--only small] (Linux; about ten CPU
minutes). Windows are made up: each channel an autoregression with a person's and a class's own
level, size and rhythm. As many synthetic windows are judged as there are real ones; of these half
of the people are train, half holdout. A tiny evaluation before fills what libraries keep on disk
(compiled kernels). With --shared the true WESAD windows at 1 Hz follow, where they are there.
Columns:

- CPU s: of evaluate() with all its threads and children, without importing wearsynth itself.
- peak MB: the most memory that the process held, of which windows MB are the three sets.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from memory import MB, memory_mb
from numpy.typing import NDArray

from wearsynth.data import Windows, windows_from_arrays
from wearsynth.evaluation import evaluate
from wearsynth.formats import read
from wearsynth.windowing import cut_windows

WESAD = "data/wesad_1hz/wesad_1hz.parquet"
MODES = ("quick", "default")


@dataclass(frozen=True)
class Shape:
    """Windows to make up. signals: name -> channels."""

    windows: int
    readings: int
    signals: dict[str, int]
    people: int
    classes: int
    rate_hz: float


SHAPES = {
    "tiny": Shape(240, 60, {"acc": 3, "bvp": 1}, people=14, classes=2, rate_hz=1),
    "small": Shape(
        1083, 60, {"acc": 3, "bvp": 1, "eda": 1, "temp": 1}, people=15, classes=2, rate_hz=1
    ),
    "large": Shape(20_000, 256, {"acc": 3}, people=40, classes=6, rate_hz=50),
}


def main(arguments: list[str]) -> None:
    """Print a table of the sets asked for."""
    options = _parser().parse_args(arguments)
    if options.measure:
        print(json.dumps(measure(*options.measure, shared=options.shared)))
        return
    sets = list(options.only or [name for name in SHAPES if name != "tiny"])
    if options.shared and (options.shared / WESAD).exists() and not options.only:
        sets.insert(1, "wesad_1hz")
    _measured("tiny", "default", options.shared)
    print("| set | windows | mode | CPU s | peak MB | windows MB |")
    print("|---|---|---|---|---|---|")
    for name in sets:
        for mode in options.mode or MODES:
            print(_line(name, mode, _measured(name, mode, options.shared)), flush=True)


def measure(name: str, mode: str, *, shared: Path | None) -> dict[str, float | str]:
    """Evaluate a set in this process and give what it took."""
    given = _wesad(shared) if shared and name == "wesad_1hz" else made_up(SHAPES[name])
    began_s = _cpu_s()
    scores = evaluate(
        given["synthetic"], train=given["train"], holdout=given["holdout"], quick=mode == "quick"
    )
    cpu_s = _cpu_s() - began_s
    first = next(iter(given["synthetic"].signals.values())).values
    channels = sum(signal.values.shape[2] for signal in given["synthetic"].signals.values())
    return {
        "cpu_s": cpu_s,
        "peak_mb": memory_mb("VmHWM"),
        "windows_mb": sum(map(_size_mb, given.values())),
        "shape": f"{len(first):,} x {first.shape[1]} x {channels}",
        "figures": len(scores.scores),
    }


def made_up(shape: Shape) -> dict[str, Windows]:
    """Give the sets synthetic, train and holdout."""
    real = _windows(shape, seed=0)
    names = np.unique(real.subject)
    out = np.isin(real.subject, names[: len(names) // 2])
    synthetic = replace(
        _windows(shape, seed=1),
        subject=np.full(shape.windows, ""),
        recording=np.full(shape.windows, "made up"),
        synthetic=np.full(shape.windows, True),
    )
    return {"synthetic": synthetic, "train": real.select(~out), "holdout": real.select(out)}


def _windows(shape: Shape, *, seed: int) -> Windows:
    rng = np.random.default_rng(seed)
    person = np.arange(shape.windows) % shape.people
    label = np.arange(shape.windows) // shape.people % shape.classes
    signals = {
        name: (
            _readings(rng, shape, channels, (label, person)),
            shape.rate_hz,
            [(f"{name}_{at}", "1") for at in range(channels)],
        )
        for name, channels in shape.signals.items()
    }
    names = [f"class {index}" for index in label]
    return windows_from_arrays(signals, names, subject=[f"p{index:02d}" for index in person])


def _readings(
    rng: np.random.Generator, shape: Shape, channels: int, of: tuple[NDArray[np.int64], ...]
) -> NDArray[np.float32]:
    """Give (window, time, channel): an autoregression; class and person set level, size, rhythm."""
    label, person = of
    level, size, rhythm = (
        rng.normal(size=(shape.classes, channels))[label]
        + 0.3 * rng.normal(size=(shape.people, channels))[person]
        for _ in range(3)
    )
    memory = 0.9 / (1 + np.exp(-rhythm))
    values = rng.normal(size=(shape.readings, shape.windows, channels)).astype(np.float32)
    for at in range(1, shape.readings):
        values[at] += memory * values[at - 1]
    return np.ascontiguousarray((level + np.exp(0.3 * size) * values).transpose(1, 0, 2))


def _wesad(shared: Path) -> dict[str, Windows]:
    """Give the true windows: every second person is held out; noisy train stands for synthetic."""
    real = cut_windows(read(shared / WESAD), length_s=60, stride_s=30)
    out = np.isin(real.subject, np.unique(real.subject)[::2])
    rng = np.random.default_rng(0)

    def noised(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return (values + 0.1 * rng.normal(size=values.shape)).astype(np.float32)

    count = len(real)
    synthetic = replace(
        real,
        signals={n: replace(s, values=noised(s.values)) for n, s in real.signals.items()},
        subject=np.full(count, ""),
        recording=np.full(count, "made up"),
        start_s=np.full(count, np.nan),
        synthetic=np.full(count, True),
    )
    return {"synthetic": synthetic, "train": real.select(~out), "holdout": real.select(out)}


def _measured(name: str, mode: str, shared: Path | None) -> dict[str, float | str]:
    command = [sys.executable, __file__, "--measure", name, mode]
    command += ["--shared", str(shared)] if shared else []
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float | str] = json.loads(done.stdout)
    return measured


def _line(name: str, mode: str, of: dict[str, float | str]) -> str:
    cpu_s, peak_mb, windows_mb = (float(of[key]) for key in ("cpu_s", "peak_mb", "windows_mb"))
    return f"| {name} | {of['shape']} | {mode} | {cpu_s:.0f} | {peak_mb:.0f} | {windows_mb:.0f} |"


def _cpu_s() -> float:
    return sum(os.times()[:4])


def _size_mb(windows: Windows) -> float:
    return sum(signal.values.nbytes for signal in windows.signals.values()) / MB


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, help="where the real recordings are")
    parser.add_argument("--only", action="append", choices=[*SHAPES, "wesad_1hz"])
    parser.add_argument("--mode", action="append", choices=MODES, help="repeat for more")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)  # a process of its own
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
