"""The networks of the flow: the velocity of a window's description, and that of its shape.

No layer mixes records.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wearsynth.generators.layers import grouped_norm, patched, unpatched
from wearsynth.generators.records import PhysicalError, RecordShape, cosine_basis
from wearsynth.generators.surrogates import Surrogates

PATCH = 2
"""Neighbouring steps that enter the U-Net side by side."""

CHEAP = 256
"""Layers of up to so many numbers are wider than what passes through them."""

DEPTH, MANY = 4, 200
"""Blocks that draw a description; half of them where more numbers describe a window."""

TIME_WAVES = 16
PLACE_WAVES = 4
"""Cosines that tell the U-Net where in the window it is, where it has as many places."""


class Block(nn.Module):
    """Two convolutions with a skip, the code entering as a gain and a shift of each channel.

    Between them each channel is mixed along the whole window, by weights of each place: a stride keeps
    its pace, and a burst that is told comes where it is told.
    """

    def __init__(self, before: int, after: int, code: int, steps: int) -> None:
        super().__init__()
        self.norm1 = grouped_norm(before)
        self.conv1 = nn.Conv1d(before, after, 3, padding=1)
        self.along = nn.Linear(steps, steps)
        self.norm2 = grouped_norm(after)
        self.conv2 = nn.Conv1d(after, after, 3, padding=1)
        self.style = nn.Linear(code, 2 * after)
        self.skip = nn.Conv1d(before, after, 1) if before != after else nn.Identity()

    def forward(self, hidden: Tensor, code: Tensor) -> Tensor:
        """(record, before, step) and code (record, code) -> (record, after, step)."""
        gain, shift = self.style(code)[:, :, None].chunk(2, dim=1)
        inner = self.conv1(F.silu(self.norm1(hidden)))
        inner = self.norm2(inner + self.along(inner)) * (1 + gain) + shift
        result: Tensor = self.skip(hidden) + self.conv2(F.silu(inner))
        return result


class ShapeNet(nn.Module):
    """The velocity of a shape: (record, shapes, steps), given time, label, numbers, conditions."""

    def __init__(self, shape: RecordShape, width: int) -> None:
        super().__init__()
        code, low = 2 * width, 2 * width
        fine = math.ceil(shape.steps / PATCH)
        coarse = math.ceil(fine / 2)
        self.code = Code(shape.numbers + shape.conditions, shape.classes, code)
        self.place: Tensor
        place = cosine_basis(fine)[1 : 1 + PLACE_WAVES] * math.sqrt(fine)
        self.register_buffer("place", place, persistent=False)
        self.stem = nn.Conv1d(shape.shapes * PATCH + len(place), width, 3, padding=1)
        self.down = nn.ModuleList(
            [Block(width, width, code, fine), Block(width, low, code, coarse)]
        )
        self.halve = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.middle = Block(low, low, code, coarse)
        self.up = nn.ModuleList(
            [Block(2 * low, low, code, coarse), Block(low + width, width, code, fine)]
        )
        self.out = nn.Conv1d(width, shape.shapes * PATCH, 3, padding=1)

    def forward(self, drawn: Tensor, time: Tensor, label: Tensor, told: Tensor) -> Tensor:
        """Give the velocity at drawn (record, shapes, steps); told: (record, numbers + conditions)."""
        steps = drawn.shape[2]
        code = self.code(time, label, told)
        place = self.place.expand(len(drawn), -1, -1)
        fine = self.down[0](self.stem(torch.cat([patched(drawn, PATCH), place], dim=1)), code)
        coarse = self.down[1](self.halve(fine), code)
        hidden = self.up[0](torch.cat([self.middle(coarse, code), coarse], dim=1), code)
        hidden = hidden.repeat_interleave(2, dim=2)[:, :, : fine.shape[2]]
        hidden = self.up[1](torch.cat([hidden, fine], dim=1), code)
        return unpatched(self.out(F.silu(hidden)), PATCH)[:, :, :steps]


class Code(nn.Module):
    """Time, label and what is told -> a code of each record."""

    def __init__(self, told: int, classes: int, size: int) -> None:
        super().__init__()
        self.label = nn.Embedding(classes, size)
        self.time = nn.Linear(2 * TIME_WAVES, size)
        self.told = nn.Linear(told, size) if told else None
        self.mix = nn.Sequential(
            nn.SiLU(), nn.Linear(size, size), nn.SiLU(), nn.Linear(size, size), nn.SiLU()
        )

    def forward(self, time: Tensor, label: Tensor, told: Tensor) -> Tensor:
        """time, label (record,), told (record, told) -> (record, size)."""
        code = self.label(label) + self.time(time_waves(time))
        if self.told is not None:
            code = code + self.told(told)
        mixed: Tensor = self.mix(code)
        return mixed


class Dense(nn.Module):
    """Two linear layers with a skip, the code entering as a gain and a shift."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(size)
        self.first = nn.Linear(size, size)
        self.style = nn.Linear(size, 2 * size)
        self.second = nn.Linear(size, size)

    def forward(self, hidden: Tensor, code: Tensor) -> Tensor:
        """Give (record, size) of hidden and code, (record, size) each."""
        gain, shift = self.style(code).chunk(2, dim=1)
        inner = F.silu(self.first(self.norm(hidden)) * (1 + gain) + shift)
        result: Tensor = hidden + self.second(inner)
        return result


class DescriptionNet(nn.Module):
    """The velocity of descriptions (record, described), given time, label and conditions."""

    def __init__(self, shape: RecordShape, described: int, width: int) -> None:
        super().__init__()
        # no narrower than what passes through, and a little wider where it is cheap
        size = max(4 * width, described, min(described + described // 4, CHEAP))
        depth = DEPTH if described <= MANY else DEPTH // 2
        self.code = Code(shape.conditions, shape.classes, size)
        self.stem = nn.Linear(described, size)
        self.blocks = nn.ModuleList(Dense(size) for _ in range(depth))
        self.out = nn.Linear(size, described)

    def forward(self, drawn: Tensor, time: Tensor, label: Tensor, told: Tensor) -> Tensor:
        """Give the velocity at drawn (record, described); told: (record, conditions)."""
        code = self.code(time, label, told)
        hidden = self.stem(drawn)
        for block in self.blocks:
            hidden = block(hidden, code)
        velocity: Tensor = self.out(F.silu(hidden))
        return velocity


@dataclass(frozen=True, eq=False)
class Point:
    """Where both flows are: description (record, described), shape (record, shapes, steps), times (record,).

    told: the numbers for which the shape is drawn, (record, numbers).
    """

    description: Tensor
    description_time: Tensor
    shape: Tensor
    shape_time: Tensor
    told: Tensor


class FlowNet(nn.Module):
    """Both velocities as one network; surrogates, where shapes start; error, how shapes are judged."""

    def __init__(self, shape: RecordShape, width: int) -> None:
        super().__init__()
        self.surrogates = Surrogates(shape)
        self.error = PhysicalError(shape)
        self.described = shape.numbers + self.surrogates.size
        self.description = DescriptionNet(shape, self.described, width)
        self.shape = ShapeNet(shape, width)

    def forward(self, at: Point, label: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """Give the velocities of description and shape, each at its own time."""
        of_description = self.description(at.description, at.description_time, label, conditions)
        told = torch.cat([at.told, conditions], dim=1)
        return of_description, self.shape(at.shape, at.shape_time, label, told)


def time_waves(time: Tensor) -> Tensor:
    """Give time (record,) in 0..1 as sines and cosines of rising frequency, (record, waves)."""
    rates = torch.exp(torch.linspace(0, math.log(100), TIME_WAVES, device=time.device))
    phase = time[:, None] * rates
    return torch.cat([phase.sin(), phase.cos()], dim=1)
