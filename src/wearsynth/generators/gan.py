"""A conditional Wasserstein GAN with gradient penalty (Gulrajani et al., 2017, arXiv 1704.00028).

Two 1-D convolutional networks. Every loss is a number for each record that depends on no other
record: the mean is the ordinary loss, the gradient of one entry is what a private step would clip.
No layer mixes records (no batch normalisation).
"""

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad
from torch.nn import functional as F

from wearsynth.data import FloatArray, IntArray
from wearsynth.generators import Parameters, Player

UPSAMPLINGS = 3
SAMPLE_CHUNK = 256


@dataclass(frozen=True)
class GanShape:
    """The sizes of both networks.

    steps: length of a record. folds: for each physical channel the number of network channels that
    carry its shape. stats: how many numbers are constant over the steps. classes: their number.
    """

    steps: int
    folds: tuple[int, ...]
    stats: int
    classes: int
    width: int = 64
    latent: int = 64

    @property
    def record_channels(self) -> int:
        """Network channels of a record: shapes, then the numbers that are constant."""
        return sum(self.folds) + self.stats


class Generator(nn.Module):
    """Latent numbers and a label -> a record (record_channels, steps).

    Shapes leave with zero mean and unit sd, levels and log-scales constant over the steps: what
    holds for every real record need not be learnt.
    """

    def __init__(self, shape: GanShape) -> None:
        super().__init__()
        self.shape = shape
        self.base = math.ceil(shape.steps / 2**UPSAMPLINGS)
        width, conditioned = shape.width, shape.latent + shape.width
        self.label = nn.Embedding(shape.classes, width)
        self.stem = nn.Linear(conditioned, 2 * width * self.base)
        widths = [2 * width] * UPSAMPLINGS + [width]
        self.convs = nn.ModuleList(
            nn.Conv1d(a, b, 5, padding=2) for a, b in itertools.pairwise(widths)
        )
        self.norms = nn.ModuleList(nn.GroupNorm(8, b) for b in widths[1:])
        self.styles = nn.ModuleList(nn.Linear(conditioned, 2 * b) for b in widths[1:])
        self.to_shape = nn.Conv1d(width, sum(shape.folds), 5, padding=2)
        self.to_stats = nn.Sequential(
            nn.Linear(conditioned, 2 * width),
            nn.LeakyReLU(0.2),
            nn.Linear(2 * width, 2 * width),
            nn.LeakyReLU(0.2),
            nn.Linear(2 * width, shape.stats),
        )
        self.pooling: Tensor
        self.register_buffer("pooling", _pooling(shape.folds), persistent=False)

    def forward(self, latent: Tensor, label: Tensor) -> Tensor:
        """Turn latent (record, latent) and label (record,) into (record, channel, step)."""
        code = torch.cat([latent, self.label(label)], dim=1)
        hidden = self.stem(code).reshape(len(code), 2 * self.shape.width, self.base)
        for conv, norm, style in zip(self.convs, self.norms, self.styles, strict=True):
            hidden = F.interpolate(hidden, scale_factor=2.0, mode="nearest")
            gain, shift = style(code)[:, :, None].chunk(2, dim=1)
            hidden = F.leaky_relu(norm(conv(hidden)) * (1 + gain) + shift, 0.2)
        drawn = self.to_shape(hidden[:, :, : self.shape.steps])
        stats = self.to_stats(code)[:, :, None].expand(-1, -1, self.shape.steps)
        return torch.cat([self._standardised(drawn), stats], dim=1)

    def _standardised(self, drawn: Tensor) -> Tensor:
        """Give each physical channel (its folded channels together) zero mean and unit sd."""
        centred = drawn - (drawn.mean(dim=2) @ self.pooling)[:, :, None]
        variance = centred.square().mean(dim=2) @ self.pooling
        return centred * (variance + 1e-8).rsqrt()[:, :, None]


def _pooling(folds: tuple[int, ...]) -> Tensor:
    """Give a matrix that replaces each network channel by the mean over its physical channel's folds."""
    owner = torch.repeat_interleave(torch.arange(len(folds)), torch.tensor(folds))
    together = (owner[:, None] == owner[None, :]).float()
    return together / together.sum(dim=1, keepdim=True)


class Critic(nn.Module):
    """A record and a label -> a score; higher means more like real records (no probability).

    The label enters by projection (Miyato and Koyama, 2018, arXiv 1802.05637).
    """

    def __init__(self, shape: GanShape) -> None:
        super().__init__()
        channels, width = shape.record_channels, shape.width
        self.convs = nn.ModuleList(
            [
                nn.Conv1d(channels, width, 5, padding=2),
                nn.Conv1d(width, 2 * width, 5, stride=2, padding=2),
                nn.Conv1d(2 * width, 2 * width, 5, stride=2, padding=2),
                nn.Conv1d(2 * width, 2 * width, 5, stride=2, padding=2),
            ]
        )
        reduced = math.ceil(math.ceil(math.ceil(shape.steps / 2) / 2) / 2)
        self.hidden = nn.Linear(2 * width * reduced, 2 * width)
        self.label = nn.Embedding(shape.classes, 2 * width)
        self.score = nn.Linear(2 * width, 1)

    def forward(self, record: Tensor, label: Tensor) -> Tensor:
        """Turn records (record, channel, step) and label (record,) into scores (record,)."""
        hidden = record
        for conv in self.convs:
            hidden = F.leaky_relu(conv(hidden), 0.2)
        hidden = F.leaky_relu(self.hidden(hidden.flatten(1)), 0.2)
        score: Tensor = self.score(hidden)[:, 0] + (hidden * self.label(label)).sum(dim=1)
        return score


@dataclass(frozen=True, eq=False)
class ConditionalGan:
    """Both networks with their losses: Trainable, and a Sampler once trained."""

    shape: GanShape
    generator: Generator
    critic: Critic
    critic_updates: int = 5
    learning_rate: float = 2e-4
    penalty_weight: float = 10.0

    @property
    def players(self) -> tuple[Player, ...]:
        """The critic, which sees real records, then the generator, which never does."""
        critic = Player(
            "critic", self.critic, self.critic_loss, self.critic_updates, self.learning_rate, True
        )
        generator = Player(
            "generator", self.generator, self.generator_loss, 1, self.learning_rate, False
        )
        return critic, generator

    @property
    def noise_size(self) -> int:
        """The latent numbers and one for the place of the gradient penalty."""
        return self.shape.latent + 1

    @property
    def averaged(self) -> str:
        """The generator's averaged weights are kept."""
        return "generator"

    def critic_loss(
        self, parameters: Mapping[str, Parameters], records: Tensor, label: Tensor, noise: Tensor
    ) -> Tensor:
        """critic(fake) - critic(real) + weight * penalty, for each record."""

        def score(of: Tensor) -> Tensor:
            return self._score(parameters["critic"], of, label)

        fake = self._generate(parameters["generator"], noise, label).detach()
        mix = torch.special.ndtr(noise[:, -1])[:, None, None]
        penalty = gradient_penalty(score, records, fake, mix)
        return score(fake) - score(records) + self.penalty_weight * penalty

    def generator_loss(
        self, parameters: Mapping[str, Parameters], records: Tensor, label: Tensor, noise: Tensor
    ) -> Tensor:
        """-critic(fake), for each record (of which only the label is used)."""
        del records
        fake = self._generate(parameters["generator"], noise, label)
        return -self._score(parameters["critic"], fake, label)

    def sample(self, label: IntArray, rng: np.random.Generator) -> FloatArray:
        """Give one record for each label: (record, channel, step) float32."""
        latent = rng.standard_normal((len(label), self.shape.latent), dtype=np.float32)
        device = next(self.generator.parameters()).device
        parts = []
        with torch.inference_mode():
            for at in range(0, len(label), SAMPLE_CHUNK):
                chunk = slice(at, at + SAMPLE_CHUNK)
                codes = torch.from_numpy(latent[chunk]).to(device)
                parts.append(self.generator(codes, torch.from_numpy(label[chunk]).to(device)))
        return np.concatenate([part.cpu().numpy() for part in parts])

    def _generate(self, parameters: Parameters, noise: Tensor, label: Tensor) -> Tensor:
        latent = noise[:, : self.shape.latent]
        records: Tensor = functional_call(self.generator, parameters, (latent, label))
        return records

    def _score(self, parameters: Parameters, records: Tensor, label: Tensor) -> Tensor:
        scores: Tensor = functional_call(self.critic, parameters, (records, label))
        return scores


def gradient_penalty(
    score: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, mix: Tensor
) -> Tensor:
    """(|gradient of the score| - 1)^2 at mix * real + (1 - mix) * fake, for each record.

    score: records (record, channel, step) -> (record,), no record's score depending on another's.
    mix: (record, 1, 1) uniform in 0..1 (Gulrajani et al., 2017, equation 3).
    """
    between = mix * real + (1 - mix) * fake
    slope = grad(lambda records: score(records).sum())(between)
    norm: Tensor = (slope.square().sum(dim=(1, 2)) + 1e-12).sqrt()
    return (norm - 1).square()


def make_gan(shape: GanShape, *, seed: int) -> ConditionalGan:
    """Give an untrained GAN; the same seed gives the same weights, whatever else is drawn."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ConditionalGan(shape, Generator(shape), Critic(shape))
