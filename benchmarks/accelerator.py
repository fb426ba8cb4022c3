"""Measure training and sampling of the networks on a GPU.

Usage: python benchmarks/accelerator.py [--rounds 100] [--peak-tflops 989] (about a minute). Windows are
those of one accelerometer, 128 x 3, records are noise. Two tables:

- training, by the project's own loop: steps and windows per second, and the share of the GPU's peak in
  dense bfloat16 arithmetic that the counted operations (multiplications and additions of matrix products
  and convolutions) come to. Usual is the first row; the others say what larger networks and batches get.
- sampling: windows in network form per second, 16384 at a time, the median of three runs.

--device cpu measures the same on a CPU, on one thread.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from sampling import CLASSES, FEW_STEPS, FORM
from torch.utils.flop_counter import FlopCounterMode

from wearsynth.generators import Device, Precision
from wearsynth.generators.flow import ConditionalFlow, make_flow
from wearsynth.generators.gan import ConditionalGan, make_gan
from wearsynth.generators.records import RecordShape
from wearsynth.optimise import LoopPlan, Records, optimise
from wearsynth.tensors import one_thread

WARM_UP = 20
SAMPLED = 16384
SHAPE = RecordShape(FORM.steps, FORM.folds, CLASSES)

TRAINED: tuple[tuple[str, int, int, Precision], ...] = (
    ("flow", 64, 64, "float32"),
    ("flow", 64, 64, "bfloat16"),
    ("flow", 64, 1024, "bfloat16"),
    ("flow", 256, 1024, "bfloat16"),
    ("flow", 512, 4096, "bfloat16"),
    ("wgan-gp", 48, 64, "float32"),
)
"""Generator, width, batch size, precision."""

DRAWN: tuple[tuple[str, int, Precision], ...] = (
    ("flow", 0, "float32"),
    ("flow", 0, "bfloat16"),
    ("flow", FEW_STEPS, "float32"),
    ("flow", FEW_STEPS, "bfloat16"),
    ("wgan-gp", 0, "float32"),
    ("wgan-gp", 0, "bfloat16"),
)
"""Generator, steps that it is distilled to, precision."""


def main() -> None:
    """Measure and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cuda")
    parser.add_argument("--rounds", type=int, default=100, help="that are timed")
    parser.add_argument(
        "--peak-tflops", type=float, default=989.0, help="dense bfloat16 (H200: 989)"
    )
    options = parser.parse_args()
    device: Device = options.device
    name = torch.cuda.get_device_name() if device == "cuda" else "one thread of a CPU"
    print(f"{name}, torch {torch.__version__}; peak {options.peak_tflops:g} TFLOP/s")
    print("| trained | width | batch | precision | steps / s | windows / s | share of peak |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with one_thread():
        for line in training_rows(device, options.rounds, options.peak_tflops):
            print(line, flush=True)
        print("\n| drawn | evaluations | precision | windows / s |\n| --- | --- | --- | --- |")
        for line in sampling_rows(device):
            print(line, flush=True)


def made(kind: str, *, width: int | None = None, few: int = 0) -> ConditionalFlow | ConditionalGan:
    """Give an untrained generator, of its usual width where none is given."""
    if kind == "flow":
        return make_flow(SHAPE, width=width or 64, few_steps=few, seed=0)
    return make_gan(SHAPE, width=width or 48, seed=0)


def training_rows(device: Device, rounds: int, peak_tflops: float) -> Iterator[str]:
    """Give a row of each setting in TRAINED."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(8192, SHAPE.generated, SHAPE.steps)).astype(np.float32)
    values[:, SHAPE.shapes :] = values[:, SHAPE.shapes :, :1]
    records = Records(values, np.arange(len(values)) % CLASSES)
    for kind, width, batch, precision in TRAINED:
        trainable = made(kind, width=width)
        for player in trainable.players:
            player.module.to(device)
        plan = LoopPlan(WARM_UP, batch, WARM_UP, 1, 0.999, 0, device, precision)
        optimise(trainable, records, plan)
        share = "not counted"  # torch cannot count through the gradient penalty
        if kind == "flow":
            with FlopCounterMode(display=False) as counter:
                optimise(trainable, records, replace(plan, rounds=1))
        start_s = time.perf_counter()
        optimise(trainable, records, replace(plan, rounds=rounds))
        each_s = (time.perf_counter() - start_s) / rounds
        if kind == "flow":
            share = f"{counter.get_total_flops() / each_s / (peak_tflops * 1e12):.2%}"
        yield (
            f"| {kind} | {width} | {batch} | {precision} | {1 / each_s:.1f} | {batch / each_s:,.0f} "
            f"| {share} |"
        )


def sampling_rows(device: Device) -> Iterator[str]:
    """Give a row of each setting in DRAWN."""
    label = np.arange(SAMPLED) % CLASSES
    conditions = np.empty((SAMPLED, SHAPE.conditions), dtype=np.float32)
    for kind, few, precision in DRAWN:
        generator = replace(made(kind, few=few).on(device), precision=precision)
        took_s = []
        for run in range(3):
            start_s = time.perf_counter()
            generator.sample(label, conditions, np.random.default_rng(run))
            took_s.append(time.perf_counter() - start_s)
        evaluations = "1" if kind != "flow" else str(few or 15)
        speed = SAMPLED / sorted(took_s)[1]
        yield f"| {kind} | {evaluations} | {precision} | {speed:,.0f} |"


if __name__ == "__main__":
    main()
