"""One private step: units are drawn, their gradients clipped and summed, noise is added once."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from wearsynth.errors import TrainingError
from wearsynth.generators import Parameters, Player
from wearsynth.optimise import Records
from wearsynth.privacy.bookkeeping import NotKept
from wearsynth.privacy.clipping import (
    Batch,
    BatchLoss,
    ClippedSum,
    clipped_by_backward,
    clipped_by_books,
    clipped_by_vmap,
)
from wearsynth.privacy.keys import BLOCK, Key, normal_blocks, normals
from wearsynth.privacy.plan import DpPlan
from wearsynth.privacy.units import Units, chosen_rows, chosen_units

SUMMED = 2
"""A number of the noise is the scaled sum of two normal ones."""

GRID_BITS = 20
"""Noisy sums are rounded to 2**-20 of the noise's sd: the last bits of floating-point numbers then do not
tell what the noise was added to (Mironov, 2012, doi 10.1145/2382196.2382264; Holohan and Braghin,
2021, arXiv 2107.10138)."""


@dataclass(frozen=True, eq=False)
class PrivateSteps:
    """A player's noisy gradients, as optimise asks for them: the one place that touches private records.

    records: in the order that units' rows mean. each: records of a unit that a step uses. noise_size:
    of the trainable. begin: is told the step's number before anything is read; the ledger writes there.
    clipped: how sums are made.
    """

    plan: DpPlan
    key: Key
    records: Records
    units: Units
    each: int
    noise_size: int
    begin: Callable[[int], None] = field(repr=False)
    clipped: ClippedSum = clipped_by_books
    device: str = "cpu"

    def __call__(
        self, player: Player, parameters: Mapping[str, Parameters], step: int
    ) -> Parameters:
        """Give the noisy gradient by name of step 0, 1, ...; the same key and step give the same.

        The sum of the chosen units' gradients, each clipped, and noise, in units of the clip norm. It is
        not divided by the number of units, which is private; the optimiser, Adam, has no use for that.
        TrainingError after the plan's last step.
        """
        if step >= self.plan.steps:
            raise TrainingError(f"all {self.plan.steps} steps that were accounted for are done.")
        self.begin(step)
        own, loss = loss_of(player, parameters)
        batch = self._batch(player.name, step)
        total = self.clipped(loss, own, batch, self.plan.clip_norm)
        return self._noisy(total, player.name, step)

    def _batch(self, player: str, step: int) -> Batch:
        chosen = chosen_units(self.key, step, len(self.units), self.plan.sampling_probability)
        rows = chosen_rows(self.key, step, self.units, chosen, self.each).reshape(-1)
        noise = normals(self.key, f"loss of {player}", step, len(rows) * self.noise_size)
        return Batch(
            torch.from_numpy(self.records.values[rows]).to(self.device),
            torch.from_numpy(self.records.label[rows]).to(self.device),
            noise.reshape(len(rows), self.noise_size).float().to(self.device),
            self.each,
        )

    def _noisy(self, total: Parameters, player: str, step: int) -> Parameters:
        """Add noise to sums, in units of the clip norm."""
        flat = torch.cat([value.detach().reshape(-1) for value in total.values()]).cpu()
        drawn = normal_blocks(self.key, f"noise of {player}", step, len(flat), summed=SUMMED)
        for part in torch.split(flat, BLOCK):  # a block at a time stays in the processor's cache
            part.copy_(self._released(part, next(drawn)))
        parts = torch.split(flat.to(self.device), [value.numel() for value in total.values()])
        return {n: part.view(v.shape) for (n, v), part in zip(total.items(), parts, strict=True)}

    def _released(self, sums: Tensor, drawn: Tensor) -> Tensor:
        """Give sums (number,) with noise of numbers drawn, rounded to the grid; float64."""
        sd = self.plan.noise_multiplier
        if sd == 0:
            return sums.double() / self.plan.clip_norm
        grid = 2.0 ** (math.floor(math.log2(sd)) - GRID_BITS)
        steps = sums.double().mul_(1 / (self.plan.clip_norm * grid))
        return steps.add_(drawn, alpha=sd / grid).round_().mul_(grid)


def way_to_clip(
    player: Player, parameters: Mapping[str, Parameters], sizes: tuple[int, int, int], each: int
) -> tuple[ClippedSum, str]:
    """Give the quickest way that this player allows, tried on zeros, and a line if it is a slower one.

    sizes: channels, steps and noise of a record. Where no books can be kept, units of one record go side by
    side, and larger ones one by one.
    """
    channels, steps, noise = sizes
    values, label = torch.zeros(each, channels, steps), torch.zeros(each, dtype=torch.int64)
    batch = Batch(values, label, torch.zeros(each, noise), each)
    own, loss = loss_of(player, parameters)
    try:
        clipped_by_books(loss, own, batch, 1.0)
    except NotKept as answer:
        if each == 1:
            return clipped_by_vmap, f"Slower: gradients are made one a record ({answer})."
        return clipped_by_backward, f"Slower: each unit has a pass of its own ({answer})."
    return clipped_by_books, ""


def loss_of(player: Player, parameters: Mapping[str, Parameters]) -> tuple[Parameters, BatchLoss]:
    """Give the player's trained parameters, and its loss as a function of them."""
    own = {n: value for n, value in parameters[player.name].items() if value.requires_grad}
    frozen = {n: value for n, value in parameters[player.name].items() if n not in own}

    def loss(weights: Parameters, values: Tensor, label: Tensor, noise: Tensor) -> Tensor:
        told = {**parameters, player.name: {**frozen, **weights}}
        return player.loss(told, values, label, noise)

    return own, loss
