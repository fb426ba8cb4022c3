"""Network records: their sizes, and what holds for the shape in every real one."""

import itertools
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from wearsynth.representation import LOG_SCALE_SPREAD, octaves

PHYSICAL_PART = 0.5
"""How much of an error's weight follows the power that its octave tells; the rest is alike."""


@dataclass(frozen=True)
class RecordShape:
    """The sizes of a record (channel, step): what `Representation.encode` gives, and conditions.

    steps: length of a record. folds: for each trace the number of channels that carry its shape.
    classes: the number of labels. conditions: channels, constant over the steps, that are given and
    not generated; they come last.
    """

    steps: int
    folds: tuple[int, ...]
    classes: int
    conditions: int = 0

    @property
    def shapes(self) -> int:
        """Channels that carry shapes."""
        return sum(self.folds)

    @property
    def runs(self) -> tuple[tuple[int, int], ...]:
        """Neighbouring traces of one length: (fold, how many traces) of each run."""
        return tuple((fold, len(list(run))) for fold, run in itertools.groupby(self.folds))

    @property
    def numbers(self) -> int:
        """Channels that are constant over the steps: of each trace its level, then its octaves' scales."""
        return sum(1 + len(octaves(fold * self.steps)) for fold in self.folds)

    @property
    def generated(self) -> int:
        """Channels that a generator makes: shapes, then numbers."""
        return self.shapes + self.numbers


class Whitening(nn.Module):
    """Brings drawn shapes (record, channel, step) to what every real one is: rms 1 in each octave.

    Levels are taken off. What holds for every real record need not be learnt, and the scales that
    the numbers tell are then the scales that decoded windows have.
    """

    def __init__(self, shape: RecordShape) -> None:
        super().__init__()
        self.steps = shape.steps
        self.runs = shape.runs
        for fold in {fold for fold, _ in self.runs}:
            self.register_buffer(f"basis_{fold}", cosine_basis(fold * shape.steps), False)
            self.register_buffer(f"octave_{fold}", _octave_members(fold * shape.steps), False)

    def forward(self, drawn: Tensor) -> Tensor:
        """Give the whitened shapes, the same shape as drawn."""
        parts = torch.split(drawn, [fold * traces for fold, traces in self.runs], dim=1)
        white = [
            self._white(part, fold, traces)
            for part, (fold, traces) in zip(parts, self.runs, strict=True)
        ]
        return torch.cat(white, dim=1) if len(white) > 1 else white[0]

    def _white(self, part: Tensor, fold: int, traces: int) -> Tensor:
        """Whiten traces of one fold: (record, trace * fold, step)."""
        basis, octave = self.get_buffer(f"basis_{fold}"), self.get_buffer(f"octave_{fold}")
        count = len(part)
        series = part.reshape(count, traces, fold, self.steps).transpose(2, 3)
        spectrum = series.reshape(count, traces, -1) @ basis.T
        power = spectrum.square() @ (octave / octave.sum(dim=0))
        spectrum = spectrum * ((power + 1e-8).rsqrt() @ octave.T)
        back = (spectrum @ basis).reshape(count, traces, self.steps, fold).transpose(2, 3)
        return back.reshape(count, traces * fold, self.steps)


class PhysicalError(nn.Module):
    """The mean squared error of shapes, each octave counting in part by the power that it tells.

    White shapes weigh every coefficient alike; in the signal that they tell, slow ones carry most. The
    level, which shapes do not have, counts in the other part alone.
    """

    def __init__(self, shape: RecordShape) -> None:
        super().__init__()
        self.steps, self.channels = shape.steps, shape.shapes
        self.runs = shape.runs
        for fold in {fold for fold, _ in self.runs}:
            self.register_buffer(f"basis_{fold}", cosine_basis(fold * shape.steps), False)
            self.register_buffer(f"octave_{fold}", _octave_members(fold * shape.steps), False)

    def forward(self, error: Tensor, numbers: Tensor) -> Tensor:
        """Give (record,) of errors (record, channel, step); numbers: (record, numbers) of the records."""
        total, channel, number = error.new_zeros(len(error)), 0, 0
        for fold, traces in self.runs:
            octaves_of = self.get_buffer(f"octave_{fold}").shape[1]
            past, after = channel + traces * fold, number + traces * (1 + octaves_of)
            split = error[:, channel:past].reshape(-1, traces, fold, self.steps)
            series = split.transpose(2, 3).flatten(2)
            scales = numbers[:, number:after].reshape(len(error), traces, -1)[:, :, 1:]
            with exact(error):
                total = total + fold * self._of_run(series, scales, fold)
            channel, number = past, after
        return total / self.channels

    def _of_run(self, series: Tensor, scales: Tensor, fold: int) -> Tensor:
        """Give (record,) of errors (record, trace, time) and scales (record, trace, octave)."""
        basis, octave = self.get_buffer(f"basis_{fold}"), self.get_buffer(f"octave_{fold}")
        power = (2 * LOG_SCALE_SPREAD * scales).exp() @ octave.T
        share = power / (power.sum(dim=2, keepdim=True) + 1e-12)
        weight = PHYSICAL_PART * share + (1 - PHYSICAL_PART) / len(basis)
        return ((series @ basis.T).square() * weight).sum(dim=(1, 2))


def exact(like: Tensor) -> torch.autocast:
    """Keep arithmetic in float32 where that of networks is not; like: a tensor on the same device."""
    return torch.autocast(like.device.type, enabled=False)


def cosine_basis(time: int) -> Tensor:
    """Give the orthonormal cosine transform (DCT-II) as (coefficient, time)."""
    at = torch.arange(time, dtype=torch.float64)
    basis = torch.cos(math.pi / time * (at[None, :] + 0.5) * at[:, None]) * math.sqrt(2 / time)
    basis[0] /= math.sqrt(2)
    return basis.float()


def _octave_members(time: int) -> Tensor:
    """Give which coefficients belong to which octave, (coefficient, octave); the level to none."""
    cuts = octaves(time)
    members = torch.zeros(time, len(cuts))
    for place, octave in enumerate(cuts):
        members[octave, place] = 1
    return members
