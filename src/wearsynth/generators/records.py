"""Network records: their sizes, and what holds for the shape in every real one."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from wearsynth.representation import LOG_SCALE_SPREAD, octaves

LONG = 512
"""Longer series go to cosines and back by Fourier's transform, which is then faster than a matrix."""

PHYSICAL_PART = 0.5
"""How much of an error's weight follows the power that its octave tells; the rest is alike."""


@dataclass(frozen=True)
class RecordShape:
    """The sizes of a record (channel, step): what `Representation.encode` gives, and conditions.

    steps: length of a record. folds: for each trace the number of channels that carry its shape.
    classes: the number of labels. conditions: channels, constant over the steps, that are given and
    not generated; they come last. coarse: for each trace, whether its scales are told coarsely; left
    out: none.
    """

    steps: int
    folds: tuple[int, ...]
    classes: int
    conditions: int = 0
    coarse: tuple[bool, ...] = ()

    @property
    def shapes(self) -> int:
        """Channels that carry shapes."""
        return sum(self.folds)

    @property
    def runs(self) -> tuple["Run", ...]:
        """Neighbouring traces of one kind."""
        coarse = self.coarse or (False,) * len(self.folds)
        kinds = itertools.groupby(zip(self.folds, coarse, strict=True))
        return tuple(Run(fold, len(list(run)), self.steps, of) for (fold, of), run in kinds)

    @property
    def numbers(self) -> int:
        """Channels that are constant over the steps: of each trace its level, then its octaves' scales."""
        return sum(run.traces * (1 + len(run.octaves)) for run in self.runs)

    @property
    def generated(self) -> int:
        """Channels that a generator makes: shapes, then numbers."""
        return self.shapes + self.numbers


@dataclass(frozen=True)
class Run:
    """Neighbouring traces of one length: fold channels of steps each; coarse: how scales are told."""

    fold: int
    traces: int
    steps: int
    coarse: bool = False

    @property
    def time(self) -> int:
        """The readings of a trace."""
        return self.fold * self.steps

    @property
    def channels(self) -> int:
        """Network channels that carry the shapes."""
        return self.fold * self.traces

    @property
    def octaves(self) -> tuple[slice, ...]:
        """The coefficients that share a scale, highest first."""
        return octaves(self.time, coarse=self.coarse)


class Whitening(nn.Module):
    """Brings drawn shapes (record, channel, step) to what every real one is: rms 1 in each octave.

    Levels are taken off. What holds for every real record need not be learnt, and the scales that
    the numbers tell are then the scales that decoded windows have.
    """

    def __init__(self, shape: RecordShape) -> None:
        super().__init__()
        self.runs = shape.runs
        _register(self, self.runs)

    def forward(self, drawn: Tensor) -> Tensor:
        """Give the whitened shapes, the same shape as drawn."""
        parts = torch.split(drawn, [run.channels for run in self.runs], dim=1)
        white = [self._white(part, run) for part, run in zip(parts, self.runs, strict=True)]
        return torch.cat(white, dim=1) if len(white) > 1 else white[0]

    def _white(self, part: Tensor, run: Run) -> Tensor:
        """Whiten traces of one run: (record, trace * fold, step)."""
        cosines, octave = _registered(self, run)
        count, traces, fold = len(part), run.traces, run.fold
        series = part.reshape(count, traces, fold, run.steps).transpose(2, 3)
        spectrum = cosines(series.reshape(count, traces, -1))
        power = spectrum.square() @ (octave / octave.sum(dim=0))
        spectrum = spectrum * ((power + 1e-8).rsqrt() @ octave.T)
        back = cosines.back(spectrum).reshape(count, traces, run.steps, fold).transpose(2, 3)
        return back.reshape(count, traces * fold, run.steps)


class PhysicalError(nn.Module):
    """The mean squared error of shapes, each octave counting in part by the power that it tells.

    White shapes weigh every coefficient alike; in the signal that they tell, slow ones carry most. The
    level, which shapes do not have, counts in the other part alone.
    """

    def __init__(self, shape: RecordShape) -> None:
        super().__init__()
        self.channels, self.runs = shape.shapes, shape.runs
        _register(self, self.runs)

    def forward(self, error: Tensor, numbers: Tensor) -> Tensor:
        """Give (record,) of errors (record, channel, step); numbers: (record, numbers) of the records."""
        total, channel, number = error.new_zeros(len(error)), 0, 0
        for run in self.runs:
            past = channel + run.channels
            after = number + run.traces * (1 + len(run.octaves))
            split = error[:, channel:past].reshape(-1, run.traces, run.fold, run.steps)
            series = split.transpose(2, 3).flatten(2)
            scales = numbers[:, number:after].reshape(len(error), run.traces, -1)[:, :, 1:]
            with exact(error):
                total = total + run.fold * self._of_run(series, scales, run)
            channel, number = past, after
        return total / self.channels

    def _of_run(self, series: Tensor, scales: Tensor, run: Run) -> Tensor:
        """Give (record,) of errors (record, trace, time) and scales (record, trace, octave)."""
        cosines, octave = _registered(self, run)
        power = (2 * LOG_SCALE_SPREAD * scales).exp() @ octave.T
        share = power / (power.sum(dim=2, keepdim=True) + 1e-12)
        weight = PHYSICAL_PART * share + (1 - PHYSICAL_PART) / run.time
        spectrum: Tensor = cosines(series)
        return (spectrum.square() * weight).sum(dim=(1, 2))


def exact(like: Tensor) -> torch.autocast:
    """Keep arithmetic in float32 where that of networks is not; like: a tensor on the same device."""
    return torch.autocast(like.device.type, enabled=False)


class Cosines(nn.Module):
    """The orthonormal cosine transform (DCT-II) of series (..., time) of one length, and its way back."""

    def __init__(self, time: int) -> None:
        super().__init__()
        self.time = time
        self.basis: Tensor
        self.turn: Tensor
        self.scale: Tensor
        long = time > LONG
        basis = torch.zeros(0) if long else cosine_basis(time)
        angle = math.pi / (2 * time) * torch.arange(time if long else 0, dtype=torch.float64)
        scale = torch.full((time if long else 1,), math.sqrt(2 / time))
        scale[0] = math.sqrt(1 / time)
        self.register_buffer("basis", basis, persistent=False)
        self.register_buffer("scale", scale, persistent=False)
        turn = torch.stack([angle.cos(), angle.sin()]).float()
        self.register_buffer("turn", turn, persistent=False)

    def forward(self, series: Tensor) -> Tensor:
        """Give the coefficients; long series by Makhoul, 1980, doi 10.1109/TASSP.1980.1163351."""
        if self.time <= LONG:
            return series @ self.basis.T
        there_and_back = torch.cat([series[..., ::2], series[..., 1::2].flip(-1)], dim=-1)
        found = torch.view_as_real(torch.fft.fft(there_and_back))
        turned: Tensor = found[..., 0] * self.turn[0] + found[..., 1] * self.turn[1]
        return turned * self.scale

    def back(self, spectrum: Tensor) -> Tensor:
        """Undo `forward`."""
        if self.time <= LONG:
            return spectrum @ self.basis
        one = spectrum / (self.scale * self.time)
        other = torch.cat([torch.zeros_like(one[..., :1]), one[..., 1:].flip(-1)], dim=-1)
        real = one * self.turn[0] + other * self.turn[1]
        imaginary = one * self.turn[1] - other * self.turn[0]
        found = torch.fft.ifft(torch.complex(real, imaginary)).real * self.time
        half = -(-self.time // 2)
        odd = found[..., half:].flip(-1)
        odd = torch.cat([odd, torch.zeros_like(found[..., : 2 * half - self.time])], dim=-1)
        series = torch.stack([found[..., :half], odd], dim=-1).flatten(-2)
        return series[..., : self.time]


def cosine_basis(time: int) -> Tensor:
    """Give the orthonormal cosine transform (DCT-II) as (coefficient, time)."""
    at = torch.arange(time, dtype=torch.float64)
    basis = torch.cos(math.pi / time * (at[None, :] + 0.5) * at[:, None]) * math.sqrt(2 / time)
    basis[0] /= math.sqrt(2)
    return basis.float()


def _register(module: nn.Module, runs: Sequence[Run]) -> None:
    """Keep in a module what `_registered` gives of these runs."""
    for run in runs:
        module.add_module(f"cosines_{run.fold}", Cosines(run.time))
        module.register_buffer(f"octave_{run.fold}_{run.coarse}", _octave_members(run), False)


def _registered(module: nn.Module, run: Run) -> tuple["Cosines", Tensor]:
    """Give a run's cosine transform, and which of its coefficients belong to which octave."""
    cosines = module.get_submodule(f"cosines_{run.fold}")
    assert isinstance(cosines, Cosines)
    return cosines, module.get_buffer(f"octave_{run.fold}_{run.coarse}")


def _octave_members(run: Run) -> Tensor:
    """Give which coefficients belong to which octave, (coefficient, octave); the level to none."""
    cuts = run.octaves
    members = torch.zeros(run.time, len(cuts))
    for place, octave in enumerate(cuts):
        members[octave, place] = 1
    return members
