"""Measure what a private training step costs beside one that is not, on one core.

Usage: python benchmarks/privacy.py [--steps 7] (about a minute). Windows are those of one accelerometer,
60 x 3. Each row is a network, and a unit of privacy: 64 windows, each a unit of its own; or 12 people with
16 windows each. Both kinds of step see as many windows, and plain and private ones take turns.

- numbers: trained weights.
- plain ms, private ms: CPU time of a step, optimiser included, the median. Private: who is in it and the
  noise, by the secret key, and clipping.
- ratio: private over plain, the median of the turns.
- noise ms: of that, the noise.
- plain MB, private MB: how much the largest memory of a process of its own grows by the steps.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from wearsynth.data import Channel
from wearsynth.generators import Parameters, Player
from wearsynth.generators.flow import ConditionalFlow, make_flow
from wearsynth.generators.gan import ConditionalGan, make_gan
from wearsynth.generators.records import RecordShape
from wearsynth.optimise import Records
from wearsynth.privacy.keys import new_key, normal_blocks
from wearsynth.privacy.plan import DpPlan
from wearsynth.privacy.steps import SUMMED, PrivateSteps
from wearsynth.privacy.units import Units
from wearsynth.representation import Representation, SignalForm
from wearsynth.tensors import one_thread

CLASSES = 4
FORM = Representation(
    (SignalForm("acc", 30.0, 60, tuple(Channel(f"acc_{n}", "g") for n in "xyz")),)
)
SHAPE = RecordShape(FORM.steps, FORM.folds, CLASSES)

MAKERS: dict[str, Callable[[], ConditionalFlow | ConditionalGan]] = {
    "flow, width 16": lambda: make_flow(SHAPE, width=16, seed=0),
    "flow, width 24": lambda: make_flow(SHAPE, width=24, seed=0),
    "flow, width 64": lambda: make_flow(SHAPE, width=64, seed=0),
    "critic with penalty, width 16": lambda: make_gan(SHAPE, width=16, seed=0),
    "critic with penalty, width 48": lambda: make_gan(SHAPE, width=48, seed=0),
}
UNITS = {"window": (64, 1), "subject": (12, 16)}
"""Unit -> how many of them, and windows of each."""


@dataclass(frozen=True, eq=False)
class Row:
    """One network and unit: a plain step, a private one, and its noise."""

    numbers: int
    plain: Callable[[], None]
    private: Callable[[], None]
    noise: Callable[[], object]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=7, help="of each kind, in turn")
    parser.add_argument("--memory", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    with one_thread():
        if given.memory:
            print(json.dumps(grown_mb(*given.memory)))
            return
        start_s = time.process_time()
        print(
            "network | unit | numbers | plain ms | private ms | ratio | noise ms | plain MB | private MB"
        )
        print("---|---|---|---|---|---|---|---|---")
        for name in MAKERS:
            for unit in UNITS:
                print(" | ".join(measured(name, unit, given.steps)), flush=True)
        print(f"\n{time.process_time() - start_s:.0f} CPU s, torch {torch.__version__}")


def measured(name: str, unit: str, steps: int) -> list[str]:
    """Give a line of the table."""
    row = row_of(name, unit)
    row.plain(), row.private()
    times = [[cpu_ms(step) for step in (row.plain, row.private, row.noise)] for _ in range(steps)]
    plain, private, noise = (statistics.median(column) for column in zip(*times, strict=True))
    ratio = statistics.median(one[1] / one[0] for one in times)
    memory = [memory_of(name, unit, kind) for kind in ("plain", "private")]
    figures = [f"{plain:.1f}", f"{private:.1f}", f"{ratio:.2f}", f"{noise:.1f}"]
    return [name, unit, str(row.numbers), *figures, *(f"{mb:.0f}" for mb in memory)]


def cpu_ms(work: Callable[[], object]) -> float:
    """Give how long the processor is busy with it."""
    start_s = time.process_time()
    work()
    return 1e3 * (time.process_time() - start_s)


def row_of(name: str, unit: str) -> Row:
    """Make the network, random records, and both kinds of step."""
    trainable, (units, each) = MAKERS[name](), UNITS[unit]
    player = trainable.players[0]
    optimiser = torch.optim.Adam(player.module.parameters(), lr=1e-3, fused=True)
    parameters: dict[str, Parameters] = {
        other.name: dict(other.module.named_parameters()) for other in trainable.players
    }
    own = parameters[player.name]
    private = private_steps(trainable.noise_size, units, each)
    step = iter(range(private.plan.steps))
    numbers = sum(value.numel() for value in own.values())

    def follow(gradient: Parameters) -> None:
        for key, value in own.items():
            value.grad = gradient[key]
        optimiser.step()

    return Row(
        numbers,
        lambda: follow(plain_gradient(player, parameters, private.records, trainable.noise_size)),
        lambda: follow(private(player, parameters, next(step))),
        lambda: [*normal_blocks(private.key, "noise", 0, numbers, summed=SUMMED)],
    )


def plain_gradient(
    player: Player, parameters: dict[str, Parameters], records: Records, noise_size: int
) -> Parameters:
    """Give the gradient of the mean loss."""
    own, count = parameters[player.name], len(records.label)
    noise = np.random.default_rng(0).standard_normal((count, noise_size), dtype=np.float32)
    batch = [torch.from_numpy(of) for of in (records.values, records.label, noise)]
    loss = player.loss(parameters, *batch).mean()
    return dict(zip(own, torch.autograd.grad(loss, list(own.values())), strict=True))


def private_steps(noise_size: int, units: int, each: int) -> PrivateSteps:
    """Give private steps over random windows, in which everyone takes part."""
    rng, count = np.random.default_rng(0), units * each
    values = rng.normal(size=(count, 60, 3)).astype(np.float32) * 0.3
    shapes, told = FORM.signals[0].factored(values)
    constant = np.broadcast_to(told[:, :, None], (*told.shape, 60))
    encoded = np.concatenate([shapes.transpose(0, 2, 1), constant], axis=1, dtype=np.float32)
    rows = tuple((np.arange(first, first + each),) for first in range(0, count, each))
    plan = DpPlan("subject", 1.0, 1.0, 1.0, steps=10**6)
    records = Records(encoded, rng.integers(0, CLASSES, count))
    return PrivateSteps(plan, new_key(), records, Units(rows), each, noise_size, lambda _: None)


def memory_of(name: str, unit: str, kind: str) -> float:
    """Measure the memory in a process of its own."""
    command = [sys.executable, __file__, "--memory", name, unit, kind]
    return float(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))


def grown_mb(name: str, unit: str, kind: str) -> float:
    """Give by how much the largest memory of this process grows in two steps."""
    row = row_of(name, unit)
    before = peak_mb()
    for _ in range(2):
        (row.plain if kind == "plain" else row.private)()
    return peak_mb() - before


def peak_mb() -> float:
    """Give the largest memory that this process had so far (Linux)."""
    [line] = [
        line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line
    ]
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
