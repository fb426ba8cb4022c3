"""Records back to physical units, as `Representation.decode`, but so that gradients flow through."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wearsynth import pulse
from wearsynth.generators.records import Cosines, cosine_basis
from wearsynth.representation import (
    COURSE_READINGS,
    GRAVITY_SPREAD,
    LEAST_TURN,
    LOG_SCALE_SPREAD,
    TURNS,
    Representation,
    SignalForm,
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
        widths = [s.traces * (s.trace_time // steps) for s in self.form.signals]
        told = torch.split(numbers, [s.numbers for s in self.form.signals], dim=1)
        parts = torch.split(shapes, widths, dim=1)
        for signal, decoder, part, of in zip(
            self.form.signals, self.signals, parts, told, strict=True
        ):
            fold = signal.trace_time // steps
            split = part.reshape(len(part), signal.traces, fold, steps)
            series = split.transpose(2, 3).flatten(2)
            readings[signal.name] = decoder(series, of.reshape(len(of), signal.traces, -1))
        return readings


class _SignalDecoder(nn.Module):
    """One signal: traces (record, trace, time) and numbers (record, trace, 1 + octave) -> readings."""

    def __init__(self, signal: SignalForm) -> None:
        super().__init__()
        self.signal = signal
        of, units = signal.constants, signal.units
        members = torch.zeros(len(signal.bands), signal.trace_time)
        for place, octave in enumerate(signal.bands):
            members[place, octave] = 1
        self.basis: Tensor
        self.members: Tensor
        self.usual: Tensor
        self.centre: Tensor
        self.spread: Tensor
        self.turns: Tensor
        self.register_buffer("basis", cosine_basis(signal.trace_time), persistent=False)
        self.doubled: Tensor
        doubled = torch.tensor(signal.doubled)[: len(signal.channels), None]
        self.register_buffer("doubled", doubled, persistent=False)
        self.register_buffer("members", members, persistent=False)
        self.register_buffer("usual", torch.tensor([c.usual_scale for c in of]), persistent=False)
        self.register_buffer("centre", torch.tensor([c.level_centre for c in of]), persistent=False)
        self.register_buffer("spread", torch.tensor([c.level_spread for c in of]), persistent=False)
        self.register_buffer("turns", torch.tensor([u == TURNS for u in units]), persistent=False)
        self.smallest = of[0].smallest_scale
        self.pulse = _PulseDecoder(signal) if signal.pulse else None

    def forward(self, series: Tensor, told: Tensor) -> Tensor:
        """Give (record, time, channel)."""
        told = told.clamp(-FARTHEST, FARTHEST)
        scales = self.usual[:, None] * (told[:, :, 1:] * LOG_SCALE_SPREAD).exp()
        by_coefficient = scales @ self.members
        spectrum = (series @ self.basis.T) * by_coefficient
        power = (by_coefficient.square().sum(dim=2) / self.signal.trace_time).sqrt()
        unit = torch.where(self.turns, power + LEAST_TURN, self.spread)
        level = told[:, :, 0] * unit + self.centre
        if self.signal.tells_length:
            level = torch.cat([level[:, :-1], self._length_level(told[:, -1:, 0])], dim=1)
        values = spectrum @ self.basis + level[:, :, None]
        if self.pulse is not None:
            pulsed: Tensor = self.pulse(values)
            return pulsed[:, :, None]
        if self.signal.tells_length:
            values = self._with_length(values[:, :-1], values[:, -1:])
        if self.doubled.any():
            values = torch.where(self.doubled > 0, self.doubled * values.sinh(), values)
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


class _PulseDecoder(nn.Module):
    """pulse.pulse_of: slow series (record, trace, step) -> (record, time)."""

    def __init__(self, signal: SignalForm) -> None:
        super().__init__()
        self.rate_hz = signal.rate_hz
        self.grown: Tensor
        slow, fast = cosine_basis(signal.trace_time), cosine_basis(signal.time)
        grown = slow.T @ fast[: len(slow)] * math.sqrt(signal.time / signal.trace_time)
        self.register_buffer("grown", grown, persistent=False)
        self.gain: Tensor
        gain = torch.from_numpy(pulse.gain(signal.time, signal.rate_hz)).float()
        self.register_buffer("gain", gain, persistent=False)
        self.cosines = Cosines(signal.time)

    def forward(self, series: Tensor) -> Tensor:
        """Give the pulse."""
        size = series[:, pulse.SIZE].clamp(-pulse.SIZE_LIMIT, pulse.SIZE_LIMIT) @ self.grown
        rate = series[:, pulse.RATE].clamp(*pulse.RATE_LIMITS) @ self.grown
        beats = (rate / (60 * self.rate_hz)).double()
        phase = series[:, pulse.START, :1] + (beats.cumsum(dim=1) - beats / 2)
        harmonics = torch.arange(1, pulse.HARMONICS + 1, device=phase.device)
        angle = (2 * math.pi * (phase[:, None] * harmonics[:, None] % 1.0)).float()
        waves = series[:, pulse.MEAN :] @ self.grown
        pulsed = waves[:, 1::2] * angle.cos() + waves[:, 2::2] * angle.sin()
        raised = pulse.USUAL_SIZE * size.exp() * (waves[:, 0] + pulsed.sum(dim=1))
        return self.cosines.back(self.cosines(raised) * self.gain)


def _smoothed(course: Tensor) -> Tensor:
    """Give the mean over COURSE_READINGS around each place of (record, 1, time), mirrored at the ends."""
    half = COURSE_READINGS // 2
    time = course.shape[2]
    at = torch.arange(-half, time + half, device=course.device)
    at = torch.remainder(at, 2 * time)
    mirrored = course[:, :, torch.where(at < time, at, 2 * time - 1 - at)]
    return F.avg_pool1d(mirrored, COURSE_READINGS, stride=1)
