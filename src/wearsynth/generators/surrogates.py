"""Surrogates: shapes made of fresh noise that have what a description tells.

The phase of a real window is arbitrary; what does not depend on it is described by a few numbers: how
the traces go together in bands of frequency, how the power of each moves through the window, its
skewness and its kurtosis; finely described, also the power of narrow bands. A surrogate is noise that is
brought to fit such a description (Theiler et al., 1992, doi 10.1016/0167-2789(92)90102-S; Schreiber
and Schmitz, 1996, doi 10.1103/PhysRevLett.77.635). The constants are public: none is fitted.
"""

import itertools

import numpy as np
import torch
from torch import Tensor, nn

from wearsynth.generators.records import Cosines, RecordShape, Run, Whitening, exact
from wearsynth.representation import octaves

SEGMENTS = 4
"""How finely the power of a shape is told over time."""

SLOW_PART = 0.25
"""Coarsely described, traces go together in two ways: in this lowest part of the coefficients, and above."""

BANDS_A_HALF_OCTAVE = 2
"""How finely the power of a shape is told over frequency, where it is."""

LEAST_TIE = 0.02
"""The part of unity in the correlations of traces: they have a logarithm, however few tell them."""

NORMAL_KURTOSIS = 1.25
"""About the logarithm of 3 + 0.5, in which the kurtosis of a normal shape is told."""


class _Run(Run):
    """Neighbouring traces of one kind, and how they are described."""

    @property
    def segments(self) -> int:
        return min(SEGMENTS, self.time)

    def bands(self, *, fine: bool) -> tuple[slice, ...]:
        """Give narrow bands of the cosine coefficients, two in a half octave, of 2 coefficients or more."""
        cuts = []
        for octave in octaves(self.time) if fine else ():
            count = max(1, min(BANDS_A_HALF_OCTAVE, (octave.stop - octave.start) // 2))
            edges = np.linspace(octave.start, octave.stop, count + 1).round().astype(int).tolist()
            cuts += [slice(first, last) for first, last in itertools.pairwise(edges)]
        return tuple(cuts)

    def tied(self, *, fine: bool) -> tuple[slice, ...]:
        """Give the bands in each of which traces go together in their own way, lowest first."""
        if fine:
            return self.octaves[::-1]
        edges = sorted({1, max(2, round(SLOW_PART * self.time)), self.time})
        return tuple(
            slice(low, high) for low, high in itertools.pairwise(edges) if high <= self.time
        )


class Surrogates(nn.Module):
    """Describes white shapes (record, channel, step), and makes surrogates of descriptions.

    No layer mixes records. fine: see the module. Of traces whose scales are told coarsely nothing is
    described but finely: their surrogates are noise.
    """

    def __init__(self, shape: RecordShape, *, fine: bool = False) -> None:
        super().__init__()
        runs = [_Run(of.fold, of.traces, of.steps, of.coarse) for of in shape.runs]
        self.runs = [_RunSurrogates(run, fine=fine) for run in runs]
        self.channels = [run.fold * run.traces for run in runs]
        self.sizes = [sum(run.sizes) for run in self.runs]
        self.held = nn.ModuleList(self.runs)  # so that their constants move to a device
        self.size = sum(self.sizes)
        self.whitening = Whitening(shape)

    @torch.no_grad()
    def describe(self, shapes: Tensor) -> Tensor:
        """Give the description of each record, (record, size); each number is of the order of 1."""
        parts = zip(self.runs, torch.split(shapes, self.channels, dim=1), strict=True)
        with exact(shapes):
            return torch.cat([run.describe(part) for run, part in parts], dim=1)

    @torch.no_grad()
    def forward(self, description: Tensor, noise: Tensor) -> Tensor:
        """Give white shapes that fit descriptions (record, size), of normal noise (record, channel, step)."""
        told = torch.split(description, self.sizes, dim=1)
        drawn = torch.split(noise, self.channels, dim=1)
        with exact(noise):
            parts = [run(of, part) for run, of, part in zip(self.runs, told, drawn, strict=True)]
            white: Tensor = self.whitening(torch.cat(parts, dim=1))
        return white


class _RunSurrogates(nn.Module):
    """The surrogates of one run of traces."""

    def __init__(self, run: _Run, *, fine: bool) -> None:
        super().__init__()
        self.run = run
        self.bands, self.tied = run.bands(fine=fine), run.tied(fine=fine)
        count = run.traces * (run.traces - 1) // 2
        self.sizes = [
            len(self.bands) * run.traces,
            len(self.tied) * count,
            run.segments * run.traces,
            run.traces,
            run.traces,
        ]
        self.only_noise = run.coarse and not fine
        if self.only_noise:
            self.sizes = [0]
        self.cosines = Cosines(run.time)
        self.between: Tensor
        self.pairs: Tensor
        self.mirrored: Tensor
        self.members: Tensor
        self.register_buffer("between", _between(run), persistent=False)
        pairs = torch.triu_indices(run.traces, run.traces, 1)
        mirrored = torch.zeros(pairs.shape[1], run.traces, run.traces)
        for place, (one, other) in enumerate(pairs.T):
            mirrored[place, one, other] = mirrored[place, other, one] = 1
        self.register_buffer("pairs", pairs, persistent=False)
        self.register_buffer("mirrored", mirrored, persistent=False)
        members = torch.zeros(run.time, len(self.bands))
        for place, band in enumerate(self.bands):
            members[band, place] = 1
        self.register_buffer("members", members, persistent=False)

    def describe(self, channels: Tensor) -> Tensor:
        """Give (record, size) of white shapes (record, trace * fold, step)."""
        if self.only_noise:
            return channels.new_zeros(len(channels), 0)
        series = self._unfolded(channels)
        spectrum = self.cosines(series)
        powers = (self._band_power(spectrum) + 1e-3).log().transpose(1, 2).flatten(1)
        ties = [self._ties(spectrum[:, :, band]) for band in self.tied]
        unit = _of_unit_power(series)
        parts = torch.tensor_split(unit.square(), self.run.segments, dim=2)
        course = (torch.stack([part.mean(dim=2) for part in parts], dim=2) + 0.02).log()
        course = course - course.mean(dim=2, keepdim=True)
        skewness, fourth = _moments(unit)
        kurtosis = 2 * ((fourth + 0.5).log() - NORMAL_KURTOSIS)
        return torch.cat([powers, *ties, course.flatten(1), skewness, kurtosis], dim=1)

    def forward(self, description: Tensor, noise: Tensor) -> Tensor:
        """Give shapes (record, trace * fold, step) of (record, size) and noise of the same shape.

        The noise is taken for cosine coefficients, with which it shares its law.
        """
        if self.only_noise:
            return noise
        powers, ties, course, skewness, kurtosis = torch.split(description, self.sizes, dim=1)
        spectrum = self._tied(self._unfolded(noise), ties)
        told = course.reshape(-1, self.run.traces, self.run.segments).clamp(-4, 4)
        series = _of_unit_power(self.cosines.back(spectrum) * (told @ self.between / 2).exp())
        # the first terms of Cornish and Fisher's expansion, for what the moving power does not bring
        own_skewness, own_fourth = _moments(series)
        bent = (skewness.clamp(-2, 2) - own_skewness)[:, :, None] / 6
        fourth = (kurtosis / 2 + NORMAL_KURTOSIS).clamp(max=3).exp() - 0.5
        heavy = (fourth - own_fourth).clamp(-1, 8)[:, :, None] / 24
        series = series + bent * (series.square() - 1) + heavy * (series.pow(3) - 3 * series)
        if self.bands:
            series = self.cosines.back(self._with_powers(self.cosines(series), powers))
        split = series.reshape(len(series), self.run.traces, self.run.steps, self.run.fold)
        return split.transpose(2, 3).flatten(1, 2)

    def _unfolded(self, channels: Tensor) -> Tensor:
        """(record, trace * fold, step) -> (record, trace, time)."""
        split = channels.reshape(-1, self.run.traces, self.run.fold, self.run.steps)
        return split.transpose(2, 3).flatten(2)

    def _band_power(self, spectrum: Tensor) -> Tensor:
        """Give the mean power of the bands, (record, trace, band)."""
        return spectrum.square() @ (self.members / self.members.sum(dim=0))

    def _with_powers(self, spectrum: Tensor, powers: Tensor) -> Tensor:
        """Give each band of (record, trace, coefficient) the power told; no level."""
        told = powers.reshape(-1, len(self.bands), self.run.traces).transpose(1, 2)
        gain = (told.clamp(max=3) / 2).exp() / (self._band_power(spectrum).sqrt() + 1e-9)
        return spectrum * (gain @ self.members.T)

    def _ties(self, spectrum: Tensor) -> Tensor:
        """Give the logarithm of the traces' correlations (record, pair) in a band.

        Of the matrix, so that any numbers in its place are some correlations.
        """
        unit = spectrum / (spectrum.norm(dim=2, keepdim=True) + 1e-9)
        one = torch.eye(self.run.traces, device=spectrum.device)
        matrix: Tensor = (1 - LEAST_TIE) * unit @ unit.transpose(1, 2) + LEAST_TIE * one
        values, vectors = torch.linalg.eigh(matrix)
        logarithm: Tensor = (vectors * values.log()[:, None]) @ vectors.transpose(1, 2)
        return logarithm[:, self.pairs[0], self.pairs[1]]

    def _tied(self, noise: Tensor, ties: Tensor) -> Tensor:
        """Make unrelated traces (record, trace, coefficient) go together as told; no level."""
        told = ties.reshape(len(ties), len(self.tied), len(self.mirrored))
        roots = torch.matrix_exp(torch.einsum("rbp,pij->rbij", told, self.mirrored) / 2)
        parts = [torch.zeros_like(noise[:, :, :1])]
        parts += [roots[:, place] @ noise[:, :, band] for place, band in enumerate(self.tied)]
        return torch.cat(parts, dim=2)


def _of_unit_power(series: Tensor) -> Tensor:
    """Scale each trace of (record, trace, time) to rms 1; nothing stays nothing."""
    return series / (series.square().mean(dim=2, keepdim=True) + 1e-6).sqrt()


def _moments(series: Tensor) -> tuple[Tensor, Tensor]:
    """Give the mean third and fourth power of each trace, (record, trace) each."""
    return series.pow(3).mean(dim=2), series.pow(4).mean(dim=2)


def _between(run: _Run) -> Tensor:
    """Give the way from the middle of each segment to the next, (segment, time)."""
    centres = (np.arange(run.segments) + 0.5) * run.time / run.segments
    at = np.clip(np.arange(run.time) + 0.5, centres[0], centres[-1])
    ways = [np.interp(at, centres, row) for row in np.eye(run.segments)]
    return torch.from_numpy(np.stack(ways)).float()
