"""A conditional Wasserstein GAN with gradient penalty (Gulrajani et al., 2017, arXiv 1704.00028).

A convolutional critic, and a generator whose shapes are drawn by convolutions or by an LSTM. Every
loss is a number for each record that depends on no other record: the mean is the ordinary loss, the
gradient of one entry is what a private step would clip. No layer mixes records (no batch
normalisation).
"""

import copy
import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad
from torch.nn import functional as F

from wearsynth.data import FloatArray, IntArray
from wearsynth.generators import Device, Feedback, Parameters, Player, Precision
from wearsynth.generators.layers import grouped_norm, patched, unpatched
from wearsynth.generators.lstm import LstmTrunk
from wearsynth.generators.records import RecordShape, Whitening, exact

Network = Literal["conv", "lstm"]

PATCH = 4
"""Neighbouring steps that stand side by side as channels: four times fewer, wider positions."""

LOCAL_NOISE = 4
"""Normal numbers for each patch: what no code of the whole window tells, as sensor noise."""

UPSAMPLINGS = 2
SAMPLE_CHUNK = 512


class ConvTrunk(nn.Module):
    """A code for each record and noise for each patch -> patched shapes, from coarse to fine."""

    def __init__(self, *, code: int, noise: int, width: int, channels: int, patches: int) -> None:
        super().__init__()
        self.base = math.ceil(patches / 2**UPSAMPLINGS)
        widths = [2 * width] * UPSAMPLINGS + [width]
        self.stem = nn.Linear(code, 2 * width * self.base)
        self.convs = nn.ModuleList(
            nn.Conv1d(a, b, 3, padding=1) for a, b in itertools.pairwise(widths)
        )
        self.norms = nn.ModuleList(grouped_norm(b) for b in widths[1:])
        self.style = nn.Linear(code, 2 * 2 * width)
        self.noise = nn.Conv1d(noise, width, 1)
        self.out = nn.Conv1d(width, channels, 3, padding=1)

    def forward(self, code: Tensor, noise: Tensor) -> Tensor:
        """Turn code (record, code) and noise (record, noise, patch) into (record, channel, patch)."""
        hidden = self.stem(code).reshape(len(code), -1, self.base)
        gain, shift = self.style(code)[:, :, None].chunk(2, dim=1)
        for level, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            hidden = norm(conv(_doubled(hidden)))
            if level == 0:  # finer, it would cost a quarter of the time that drawing takes
                hidden = torch.addcmul(shift, hidden, 1 + gain)
            hidden = F.leaky_relu(hidden, 0.2)
        drawn: Tensor = self.out(hidden[:, :, : noise.shape[2]] + self.noise(noise))
        return drawn


def _doubled(hidden: Tensor) -> Tensor:
    """Give every place twice; as a product, which is four times faster than copying."""
    places = torch.eye(hidden.shape[2], device=hidden.device)
    return hidden @ places.repeat_interleave(2, dim=1)


class Generator(nn.Module):
    """Latent numbers, a label and conditions -> the generated channels of a record.

    Shapes leave white, numbers constant over the steps: what holds for every real record need not
    be learnt. Under autocast only the trunk, where the work is, runs in bfloat16.
    """

    def __init__(self, shape: RecordShape, network: Network, width: int, latent: int) -> None:
        super().__init__()
        code, patches = 2 * width, math.ceil(shape.steps / PATCH)
        channels = shape.shapes * PATCH
        self.width, self.latent, self.patches, self.steps = width, latent, patches, shape.steps
        self.label = nn.Embedding(shape.classes, width)
        self.code = _dense(latent + width + shape.conditions, code, code)
        self.trunk: ConvTrunk | LstmTrunk
        if network == "conv":
            self.trunk = ConvTrunk(
                code=code, noise=LOCAL_NOISE, width=width, channels=channels, patches=patches
            )
        else:
            self.trunk = LstmTrunk(code=code, noise=LOCAL_NOISE, width=width, channels=channels)
        self.numbers = _dense(code, code, shape.numbers)
        self.whiten = Whitening(shape)

    @property
    def latent_size(self) -> int:
        """How many normal numbers one record uses: of the whole, then of each patch."""
        return self.latent + LOCAL_NOISE * self.patches

    def forward(self, latent: Tensor, label: Tensor, conditions: Tensor) -> Tensor:
        """Give (record, generated channel, step).

        latent: (record, latent_size). label: (record,). conditions: (record, conditions).
        """
        whole, local = latent[:, : self.latent], latent[:, self.latent :]
        with exact(latent):
            code = self.code(torch.cat([whole, self.label(label), conditions], dim=1))
            code = F.leaky_relu(code, 0.2)
            numbers = self.numbers(code)[:, :, None].expand(-1, -1, self.steps)
        drawn = self.trunk(code, local.reshape(len(latent), LOCAL_NOISE, self.patches))
        with exact(latent):
            white = self.whiten(unpatched(drawn.float(), PATCH)[:, :, : self.steps])
        return torch.cat([white, numbers], dim=1)


class Critic(nn.Module):
    """A record's generated channels, its label and conditions -> a score.

    Higher means more like real records (no probability). The label enters by projection (Miyato and
    Koyama, 2018, arXiv 1802.05637).
    """

    def __init__(self, shape: RecordShape, width: int) -> None:
        super().__init__()
        self.shapes, wide = shape.shapes, width
        self.told = nn.Linear(shape.numbers + shape.conditions, wide)
        self.class_told = nn.Embedding(shape.classes, wide)
        self.stem = nn.Conv1d(shape.shapes * PATCH, wide, 5, padding=2)
        self.convs = nn.ModuleList(nn.Conv1d(wide, wide, 5, stride=2, padding=2) for _ in range(2))
        reduced = math.ceil(math.ceil(math.ceil(shape.steps / PATCH) / 2) / 2)
        self.hidden = nn.Linear(wide * reduced + wide, wide)
        self.label = nn.Embedding(shape.classes, wide)
        self.score = _dense(wide, wide, 1)

    def forward(self, record: Tensor, label: Tensor, conditions: Tensor) -> Tensor:
        """Give scores (record,).

        record: (record, generated channel, step). label: (record,). conditions: (record, conditions).
        """
        numbers = record[:, self.shapes :].mean(dim=2)
        with exact(record):
            told = self.told(torch.cat([numbers, conditions], dim=1)) + self.class_told(label)
        hidden = F.leaky_relu(
            self.stem(patched(record[:, : self.shapes], PATCH)) + told[:, :, None], 0.2
        )
        for conv in self.convs:
            hidden = F.leaky_relu(conv(hidden), 0.2)
        with exact(record):
            seen = torch.cat([hidden.flatten(1).float(), F.leaky_relu(told, 0.2)], dim=1)
            last = F.leaky_relu(self.hidden(seen), 0.2)
            score: Tensor = self.score(last)[:, 0] + (last * self.label(label)).sum(dim=1)
        return score


def _dense(before: int, between: int, after: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(before, between), nn.LeakyReLU(0.2), nn.Linear(between, after))


@dataclass(frozen=True, eq=False)
class ConditionalGan:
    """Both networks with their losses: Trainable, and a Sampler once trained.

    precision: of the generator's trunk when sampling. feedback: what it says of drawn records adds
    feedback_weight times to the generator's loss.
    """

    shape: RecordShape
    generator: Generator
    critic: Critic
    critic_updates: int = 2
    learning_rate: float = 1e-3
    penalty_weight: float = 10.0
    precision: Precision = "float32"
    feedback: Feedback | None = None
    feedback_weight: float = 0.0

    @property
    def players(self) -> tuple[Player, ...]:
        """The critic, which sees real records, then the generator, which never does."""
        rate, often = self.learning_rate, self.critic_updates
        critic = Player("critic", self.critic, self.critic_loss, often, rate, True, falls="root")
        generator = Player(
            "generator", self.generator, self.generator_loss, 1, rate, False, falls="root"
        )
        return critic, generator

    @property
    def sizes(self) -> dict[str, int]:
        """What `make_gan` needs besides the record's shape and the network's name."""
        return {"width": self.generator.width, "latent": self.generator.latent}

    @property
    def noise_size(self) -> int:
        """The latent numbers and one for the place of the gradient penalty."""
        return self.generator.latent_size + 1

    @property
    def averaged(self) -> str:
        """The generator's averaged weights are kept."""
        return "generator"

    def critic_loss(
        self, parameters: Mapping[str, Parameters], records: Tensor, label: Tensor, noise: Tensor
    ) -> Tensor:
        """critic(fake) - critic(real) + weight * penalty, for each record."""
        real, conditions = self._split(records)

        def score(of: Tensor) -> Tensor:
            return self._score(parameters["critic"], of, label, conditions)

        fake = self._generate(parameters["generator"], noise, label, conditions).detach()
        mix = torch.special.ndtr(noise[:, -1])[:, None, None]
        penalty = gradient_penalty(score, real, fake, mix)
        return score(fake) - score(real) + self.penalty_weight * penalty

    def generator_loss(
        self, parameters: Mapping[str, Parameters], records: Tensor, label: Tensor, noise: Tensor
    ) -> Tensor:
        """-critic(fake), and feedback, for each record (of which only label and conditions are used)."""
        _, conditions = self._split(records)
        fake = self._generate(parameters["generator"], noise, label, conditions)
        loss = -self._score(parameters["critic"], fake, label, conditions)
        if self.feedback is None:
            return loss
        shapes, numbers = fake[:, : self.shape.shapes], fake[:, self.shape.shapes :, 0]
        return loss + self.feedback_weight * self.feedback(shapes, numbers, label)

    def sample(
        self, label: IntArray, conditions: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        """Give one record for each label: (record, generated channel, step) float32.

        conditions: (record, conditions) float32.
        """
        size = (len(label), self.generator.latent_size)
        latent = rng.standard_normal(size, dtype=np.float32)
        device = next(self.generator.parameters()).device
        records = np.empty((len(label), self.shape.generated, self.shape.steps), np.float32)
        half = torch.autocast(device.type, torch.bfloat16, self.precision == "bfloat16")
        with torch.inference_mode(), half:
            chunk_size = SAMPLE_CHUNK if device.type == "cpu" else max(1, len(label))
            for at in range(0, len(label), chunk_size):
                chunk = slice(at, at + chunk_size)
                given = [
                    torch.from_numpy(array[chunk]).to(device)
                    for array in (latent, label, conditions)
                ]
                records[chunk] = self.generator(*given).cpu().numpy()
        return records

    def on(self, device: Device) -> "ConditionalGan":
        """Give a copy whose generator computes there."""
        return replace(self, generator=copy.deepcopy(self.generator).to(device))

    def weights(self) -> dict[str, Tensor]:
        """Give the generator's parameters by name; the critic is not needed any more."""
        return dict(self.generator.named_parameters())

    def _split(self, records: Tensor) -> tuple[Tensor, Tensor]:
        """Give the generated channels (record, channel, step) and the conditions (record, conditions)."""
        generated = self.shape.generated
        return records[:, :generated], records[:, generated:, 0]

    def _generate(
        self, parameters: Parameters, noise: Tensor, label: Tensor, conditions: Tensor
    ) -> Tensor:
        given = (noise[:, :-1], label, conditions)
        records: Tensor = functional_call(self.generator, parameters, given)
        return records

    def _score(
        self, parameters: Parameters, records: Tensor, label: Tensor, conditions: Tensor
    ) -> Tensor:
        scores: Tensor = functional_call(self.critic, parameters, (records, label, conditions))
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


def make_gan(
    shape: RecordShape,
    *,
    network: Network = "conv",
    width: int = 48,
    latent: int = 64,
    seed: int,
) -> ConditionalGan:
    """Give an untrained GAN; the same seed gives the same weights, whatever else is drawn.

    network: what draws the shapes. width: a multiple of 8, of the networks' hidden layers.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator = Generator(shape, network, width, latent)
        return ConditionalGan(shape, generator, Critic(shape, width))
