"""Records back to physical units, as `Representation.decode`, but so that gradients flow through."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wearsynth.generators.records import cosine_basis
from wearsynth.representation import (
    COURSE_READINGS,
    GRAVITY_SPREAD,
    LEAST_TURN,
    LOG_SCALE_SPREAD,
    TURNS,
    UNIT_CONSTANTS,
    Representation,
    SignalForm,
    octaves,
)

FARTHEST = 6.0
"""Numbers are told no farther out than this: a scale of exp(9) is no signal any more."""


class Decoder(nn.Module):
    """White shapes and numbers -> readings of each signal in its unit."""

    def __init__(self, form: Representation) -> None:
        super().__init__()
        self.form = form
        self.signals = nn.ModuleList(_SignalDecoder(signal) for signal in form.signals)

    def forward(self, shapes: Tensor, numbers: Tensor) -> dict[str, Tensor]:
        """Give (record, time, channel) by signal of (record, channel, step) and (record, number)."""
        steps, readings = self.form.steps, {}
        widths = [s.traces * (s.time // steps) for s in self.form.signals]
        told = torch.split(numbers, [s.numbers for s in self.form.signals], dim=1)
        parts = torch.split(shapes, widths, dim=1)
        for signal, decoder, part, of in zip(
            self.form.signals, self.signals, parts, told, strict=True
        ):
            split = part.reshape(len(part), signal.traces, signal.time // steps, steps)
            series = split.transpose(2, 3).reshape(len(part), signal.traces, signal.time)
            readings[signal.name] = decoder(series, of.reshape(len(of), signal.traces, -1))
        return readings


class _SignalDecoder(nn.Module):
    """One signal: traces (record, trace, time) and numbers (record, trace, 1 + octave) -> readings."""

    def __init__(self, signal: SignalForm) -> None:
        super().__init__()
        self.signal = signal
        units = [channel.unit for channel in signal.channels]
        units += units[:1] if signal.tells_length else []
        of = [UNIT_CONSTANTS[unit] for unit in units]
        members = torch.zeros(len(octaves(signal.time)), signal.time)
        for place, octave in enumerate(octaves(signal.time)):
            members[place, octave] = 1
        self.basis: Tensor
        self.members: Tensor
        self.usual: Tensor
        self.centre: Tensor
        self.spread: Tensor
        self.turns: Tensor
        self.register_buffer("basis", cosine_basis(signal.time), persistent=False)
        self.register_buffer("members", members, persistent=False)
        self.register_buffer("usual", torch.tensor([c.usual_scale for c in of]), persistent=False)
        self.register_buffer("centre", torch.tensor([c.level_centre for c in of]), persistent=False)
        self.register_buffer("spread", torch.tensor([c.level_spread for c in of]), persistent=False)
        self.register_buffer("turns", torch.tensor([u == TURNS for u in units]), persistent=False)
        self.smallest = of[0].smallest_scale

    def forward(self, series: Tensor, told: Tensor) -> Tensor:
        """Give (record, time, channel)."""
        told = told.clamp(-FARTHEST, FARTHEST)
        scales = self.usual[:, None] * (told[:, :, 1:] * LOG_SCALE_SPREAD).exp()
        by_coefficient = scales @ self.members
        spectrum = (series @ self.basis.T) * by_coefficient
        power = (by_coefficient.square().sum(dim=2) / self.signal.time).sqrt()
        unit = torch.where(self.turns, power + LEAST_TURN, self.spread)
        level = told[:, :, 0] * unit + self.centre
        if self.signal.tells_length:
            level = torch.cat([level[:, :-1], self._length_level(told[:, -1:, 0])], dim=1)
        values = spectrum @ self.basis + level[:, :, None]
        if self.signal.tells_length:
            values = self._with_length(values[:, :-1], values[:, -1:])
        return values.transpose(1, 2)

    def _length_level(self, told: Tensor) -> Tensor:
        one_g = self.signal.one_g
        if one_g is not None:
            return one_g * (1 + GRAVITY_SPREAD * torch.sinh(2 * told))
        return self.usual[-1] * (told * LOG_SCALE_SPREAD).exp() - self.smallest

    def _with_length(self, vector: Tensor, length: Tensor) -> Tensor:
        """Give vectors (record, axis, time) the told length (record, 1, time)."""
        own = (vector.square().sum(dim=1, keepdim=True) + self.smallest**2 / 100).sqrt()
        told = length.clamp(min=0)
        if self.signal.one_g is None:
            own, told = _smoothed(own), _smoothed(told)
        least = 10 * self.smallest
        return vector * ((told + least) / (own + least))


def _smoothed(course: Tensor) -> Tensor:
    """Give the mean over COURSE_READINGS around each place of (record, 1, time), mirrored at the ends."""
    half = COURSE_READINGS // 2
    time = course.shape[2]
    at = torch.arange(-half, time + half, device=course.device)
    at = torch.remainder(at, 2 * time)
    mirrored = course[:, :, torch.where(at < time, at, 2 * time - 1 - at)]
    return F.avg_pool1d(mirrored, COURSE_READINGS, stride=1)
