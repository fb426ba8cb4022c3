"""Measure how many windows a generator draws in one CPU second, on one core.

Usage: python benchmarks/sampling.py [--windows 2048] [--runs 5] (about a minute). Windows are those
of one accelerometer, 128 x 3; the generators have their default size and are untrained, which costs
the same. Columns, each the median of the runs:

- drawn / s: windows in network form (`sample`) per CPU second.
- whole / s: windows in physical units (`sample`, then `Representation.decode`) per CPU second.

bfloat16 pays most on CPUs with AMX, some on those with avx512_bf16, and not at all elsewhere.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from wearsynth.data import Channel
from wearsynth.generators import Sampler
from wearsynth.generators.flow import make_flow
from wearsynth.generators.gan import make_gan
from wearsynth.generators.mixture import fit_mixture
from wearsynth.generators.records import RecordShape
from wearsynth.representation import Representation, SignalForm
from wearsynth.tensors import one_thread

CLASSES = 4
ACCELEROMETER = SignalForm("acc", 52.0, 128, tuple(Channel(f"acc_{n}", "g") for n in "xyz"))
FORM = Representation((ACCELEROMETER,))

FEW_STEPS = 4
"""Evaluations for which a flow is distilled unless another number is asked for."""

MAKERS: dict[str, Callable[[RecordShape], Sampler]] = {
    "mixture": lambda shape: fit_mixture(*_records(shape), shape, seed=0),
    "flow, 15 evaluations": lambda shape: make_flow(shape, seed=0),
    "flow distilled, float32": lambda shape: make_flow(shape, few_steps=FEW_STEPS, seed=0),
    "flow distilled, bfloat16": lambda shape: replace(
        make_flow(shape, few_steps=FEW_STEPS, seed=0), precision="bfloat16"
    ),
    "WGAN-GP conv, float32": lambda shape: make_gan(shape, seed=0),
    "WGAN-GP conv, bfloat16": lambda shape: replace(make_gan(shape, seed=0), precision="bfloat16"),
    "WGAN-GP lstm, float32": lambda shape: make_gan(shape, network="lstm", seed=0),
    "WGAN-GP lstm, bfloat16": lambda shape: replace(
        make_gan(shape, network="lstm", seed=0), precision="bfloat16"
    ),
}
"""Untrained generators by the name of their row."""


def main() -> None:
    """Measure every generator and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--windows", type=int, default=2048, help="drawn in each run")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    shape = RecordShape(FORM.steps, FORM.folds, CLASSES)
    print(
        f"{options.windows} windows of 128 x 3; median of "
        f"{options.runs} runs on one core; torch {torch.__version__}; AMX: {amx()}"
    )
    print(f"{'generator':<24}{'drawn / s':>12}{'whole / s':>12}")
    with one_thread():
        for name, make in MAKERS.items():
            drawn, whole = speeds(make(shape), windows=options.windows, runs=options.runs)
            print(f"{name:<24}{drawn:>12,.0f}{whole:>12,.0f}", flush=True)


def _records(shape: RecordShape) -> tuple[np.ndarray, np.ndarray]:
    """Give 500 records of noise for the mixture to be fitted to, (record, channel, step), and labels."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(500, shape.generated, shape.steps)).astype(np.float32)
    values[:, shape.shapes :] = values[:, shape.shapes :, :1]
    return values, np.arange(500) % CLASSES


def speeds(generator: Sampler, *, windows: int, runs: int) -> tuple[float, float]:
    """Give windows per CPU second, in network form and in physical units; one run warms up."""
    label = np.arange(windows) % CLASSES
    conditions = np.empty((windows, generator.shape.conditions), dtype=np.float32)
    drawn, whole = [], []
    for run in range(runs + 1):
        start = time.process_time()
        encoded = generator.sample(label, conditions, np.random.default_rng(run))
        middle = time.process_time()
        FORM.decode(encoded)
        drawn.append(windows / (middle - start))
        whole.append(windows / (time.process_time() - start))
    return statistics.median(drawn[1:]), statistics.median(whole[1:])


def amx() -> str:
    """Say whether the CPU has Intel's matrix instructions: yes, no, or unknown (not Linux)."""
    about = Path("/proc/cpuinfo")
    if platform.system() != "Linux" or not about.exists():
        return "unknown"
    return "yes" if "amx_bf16" in about.read_text(encoding="utf-8") else "no"


if __name__ == "__main__":
    main()
