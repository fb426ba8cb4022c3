"""Conditional flow matching (Lipman et al., 2023, arXiv 2210.02747) on factored windows.

Two flows along straight lines. From normal noise, a small network draws the description of a window:
its numbers (levels and scales), and how its shape goes together, moves and swings (surrogates.py). A
surrogate of this description, made of fresh noise, is where the shape starts; from there a 1-D
convolutional U-Net draws it, given the numbers. What the surrogate has already need not be learnt. A
record's loss depends on no other record.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call

from wearsynth.data import FloatArray, IntArray
from wearsynth.generators import Device, Feedback, Parameters, Player, Precision
from wearsynth.generators.records import RecordShape, Whitening
from wearsynth.generators.velocity import FlowNet, Point

SAMPLE_CHUNK = 128
"""As many windows at once are drawn fastest on a CPU; on other devices, all at once are."""

HEUN_STEPS = 8
DESCRIPTION_STEPS = 3
"""The description is followed in so many times the steps of the shape: they cost little."""

BLUR = 0.1
"""The sd of the noise on the description that a shape is drawn for: no window is known by its own."""

Velocity = Callable[[Tensor, Tensor], Tensor]
"""(state (record, ...), time (record,)) -> velocity (record, ...)."""


@dataclass(frozen=True, eq=False)
class Paths:
    """Both flows at some stops from start to record, a state of all records each.

    descriptions: (record, described) each. shapes: (record, shapes, steps) each. told: (record,
    numbers), for which the shapes were drawn. conditions: (record, conditions).
    """

    descriptions: list[Tensor]
    shapes: list[Tensor]
    told: Tensor
    conditions: Tensor


@dataclass(frozen=True, eq=False)
class ConditionalFlow:
    """The flows with their loss: Trainable, and a Sampler once trained.

    few_steps: 0 for a flow that is followed by Heun's method in heun_steps, else the number of
    Euler steps for which it was distilled (distilling.py). precision: of the networks when sampling.
    feedback: what it says of where both flows would end, were they to go straight on, adds
    feedback_weight times to the loss, the less the farther that is.
    """

    shape: RecordShape
    width: int
    net: FlowNet
    few_steps: int = 0
    learning_rate: float = 1e-3
    heun_steps: int = HEUN_STEPS
    precision: Precision = "float32"
    feedback: Feedback | None = None
    feedback_weight: float = 0.0

    @property
    def players(self) -> tuple[Player, ...]:
        """Both networks as one player."""
        rate = self.learning_rate
        return (Player("flow", self.net, self.loss, 1, rate, True, (0.9, 0.99), falls="root"),)

    @property
    def averaged(self) -> str:
        """The flow's averaged weights are kept."""
        return "flow"

    @property
    def noise_size(self) -> int:
        """Noise of surrogates, where descriptions start, the blur of those told, and both times."""
        return self.shape.shapes * self.shape.steps + 2 * self.net.described + 2

    @property
    def sizes(self) -> dict[str, int]:
        """What `make_flow` needs besides the record's shape."""
        return {"width": self.width, "few_steps": self.few_steps}

    def loss(
        self, parameters: Mapping[str, Parameters], records: Tensor, label: Tensor, noise: Tensor
    ) -> Tensor:
        """Squared error of both velocities on the straight line from start to record, for each record.

        Times are the logistic function of normal numbers (Esser et al., 2024, arXiv 2403.03206).
        """
        of, net = self.shape, self.net
        shape, numbers = records[:, : of.shapes], records[:, of.shapes : of.generated, 0]
        cuts = [of.shapes * of.steps, net.described, net.described, 1, 1]
        loose, from_description, blur, shape_time, description_time = torch.split(noise, cuts, 1)
        shape_time, description_time = torch.sigmoid(shape_time), torch.sigmoid(description_time)
        description = torch.cat([numbers, net.surrogates.describe(shape)], dim=1)
        told, of_surrogate = _parted(description + BLUR * blur, of)
        from_shape = net.surrogates(of_surrogate, loose.reshape(shape.shape))
        at = Point(
            description=torch.lerp(from_description, description, description_time),
            description_time=description_time[:, 0],
            shape=torch.lerp(from_shape, shape, shape_time[:, :, None]),
            shape_time=shape_time[:, 0],
            told=told,
        )
        given = (at, label, records[:, of.generated :, 0])
        found_description, found_shape = functional_call(net, parameters["flow"], given)
        error: Tensor = found_description - (description - from_description)
        shape_error: Tensor = net.error(found_shape.float() - (shape - from_shape), numbers)
        loss = shape_error + error.square().mean(dim=1)
        if self.feedback is None:
            return loss
        ended = at.shape + (1 - shape_time)[:, :, None] * found_shape.float()
        numbers, _ = _parted(at.description + (1 - description_time) * found_description, of)
        nearness = (shape_time * description_time)[:, 0]
        return loss + self.feedback_weight * nearness * self.feedback(ended, numbers, label)

    def sample(
        self, label: IntArray, conditions: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        """Give one record for each label: (record, generated channel, step) float32."""
        whitening = Whitening(self.shape).to(self._device)
        records = np.empty((len(label), self.shape.generated, self.shape.steps), np.float32)
        size = SAMPLE_CHUNK if self._device.type == "cpu" else max(1, len(label))
        for at in range(0, len(label), size):
            chunk = slice(at, at + size)
            paths = self.paths(label[chunk], conditions[chunk], rng)
            records[chunk, : self.shape.shapes] = whitening(paths.shapes[-1]).cpu().numpy()
            numbers, _ = _parted(paths.descriptions[-1], self.shape)
            records[chunk, self.shape.shapes :] = numbers.cpu().numpy()[:, :, None]
        return records

    @torch.inference_mode()
    def paths(
        self, label: IntArray, conditions: FloatArray, rng: np.random.Generator, stops: int = 1
    ) -> Paths:
        """Give where the flows are at time 0 and after each of `stops` equal spans."""
        of, net = self.shape, self.net
        label_, given = (torch.from_numpy(a).to(self._device) for a in (label, conditions))

        def noise(*size: int) -> Tensor:
            drawn = rng.standard_normal((len(label), *size), dtype=np.float32)
            return torch.from_numpy(drawn).to(self._device)

        def description_velocity(at: Tensor, time: Tensor) -> Tensor:
            slope: Tensor = net.description(at, time, label_, given)
            return slope

        def shape_velocity(at: Tensor, time: Tensor) -> Tensor:
            slope: Tensor = net.shape(at, time, label_, told)
            return slope

        enabled = self.precision == "bfloat16"
        with torch.autocast(self._device.type, torch.bfloat16, enabled=enabled):
            start = noise(net.described)
            finer = DESCRIPTION_STEPS * self.heun_steps
            descriptions = self._followed(description_velocity, start, finer, stops)
            described = descriptions[-1] + BLUR * noise(net.described)
            numbers, of_surrogate = _parted(described, of)
            told = torch.cat([numbers, given], dim=1)
            start = net.surrogates(of_surrogate, noise(of.shapes, of.steps))
            shapes = self._followed(shape_velocity, start, self.heun_steps, stops)
        return Paths(descriptions, shapes, numbers, given)

    def on(self, device: Device) -> "ConditionalFlow":
        """Give a copy that computes there."""
        return replace(self, net=copy.deepcopy(self.net).to(device))

    def weights(self) -> dict[str, Tensor]:
        """Give the parameters of both networks."""
        return dict(self.net.named_parameters())

    @property
    def _device(self) -> torch.device:
        return next(self.net.parameters()).device

    def _followed(self, velocity: Velocity, start: Tensor, steps: int, stops: int) -> list[Tensor]:
        if self.few_steps:
            return euler(velocity, start, self.few_steps, stops=stops)
        return heun(velocity, start, steps, stops=stops)


def _parted(description: Tensor, of: RecordShape) -> tuple[Tensor, Tensor]:
    """Give the numbers of descriptions (record, described), and what surrogates are told."""
    return description[:, : of.numbers], description[:, of.numbers :]


def euler(velocity: Velocity, start: Tensor, steps: int, *, stops: int = 1) -> list[Tensor]:
    """Follow a velocity from time 0 to 1 in equal steps; give the start and the state at each stop."""
    at, states = start, [start]
    for step in range(steps):
        at = at + velocity(at, at.new_full((len(at),), step / steps)) / steps
        if (step + 1) * stops % steps == 0:
            states.append(at)
    return states


def heun(velocity: Velocity, start: Tensor, steps: int, *, stops: int = 1) -> list[Tensor]:
    """Follow a velocity as `euler`, by Heun's method; the last step is Euler's."""
    at, states = start, [start]
    for step in range(steps):
        time = at.new_full((len(at),), step / steps)
        slope = velocity(at, time)
        if step < steps - 1:
            slope = (slope + velocity(at + slope / steps, time + 1 / steps)) / 2
        at = at + slope / steps
        if (step + 1) * stops % steps == 0:
            states.append(at)
    return states


def make_flow(
    shape: RecordShape, *, width: int = 64, few_steps: int = 0, seed: int
) -> ConditionalFlow:
    """Give an untrained flow; the same seed gives the same weights, whatever else is drawn."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ConditionalFlow(shape, width, FlowNet(shape, width), few_steps)
