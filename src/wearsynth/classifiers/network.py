"""A small 1-D convolutional network that tells classes of windows apart.

Each signal has a branch of its own at its own rate; what the branches find is pooled over time and
joined. No layer mixes windows, and training ends by the training loss alone.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from wearsynth.data import IntArray
from wearsynth.tensors import one_thread

Values = Mapping[str, NDArray[np.floating]]
"""Signal -> (window, time, channel)."""

WIDTH = 32
LONGEST = 128
"""The first layer steps over longer windows so that about so many places are left."""
BATCH = 64
EPOCHS = 40
LEAST_STEPS = 80
"""Few windows are gone over more often, up to so many steps."""
LEARNING_RATE = 3e-3
WEIGHT_DECAY = 0.05
LEARNT_LOSS = 0.005
"""An epoch with a mean loss below this is the last."""
STILL_SD = 0.01
"""Added to a window's own sd (of 1 over all windows) before its shape is divided by it."""
LEAST_VARIANCE = 1e-12
CHUNK = 256

Scale = tuple[NDArray[np.floating], NDArray[np.floating]]
"""The mean and sd of each channel of a signal, (channel,) each."""


class Branch(nn.Module):
    """One signal, (window, 2 x channel, time) -> (window, 2 x 2 WIDTH): mean and maximum over time."""

    def __init__(self, channels: int, readings: int) -> None:
        super().__init__()
        stride = math.ceil(readings / LONGEST)
        reach = max(3, stride)
        self.stem = nn.Conv1d(2 * channels, WIDTH, 2 * reach + 1, stride, padding=reach)
        self.middle = nn.Conv1d(WIDTH, WIDTH, 5, stride=2, padding=2)
        self.top = nn.Conv1d(WIDTH, 2 * WIDTH, 5, stride=2, padding=2)

    def forward(self, x: Tensor) -> Tensor:
        """Give what was found, wherever in the window it stands."""
        for layer in (self.stem, self.middle, self.top):
            x = F.relu(layer(x))
        return torch.cat([x.mean(dim=2), x.amax(dim=2)], dim=1)


class Joined(nn.Module):
    """All signals -> (window, class) logits."""

    def __init__(self, shapes: Mapping[str, tuple[int, int]], classes: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            Branch(channels, readings) for readings, channels in shapes.values()
        )
        self.head = nn.Sequential(
            nn.Linear(4 * WIDTH * len(shapes), WIDTH), nn.ReLU(), nn.Linear(WIDTH, classes)
        )

    def forward(self, signals: list[Tensor]) -> Tensor:
        """Give the logits of signals, each (window, 2 x channel, time)."""
        found = [branch(x) for branch, x in zip(self.branches, signals, strict=True)]
        logits: Tensor = self.head(torch.cat(found, dim=1))
        return logits


@dataclass(frozen=True, eq=False)
class Network:
    """A fitted network. scales: each signal's mean and sd by channel, of what it was fitted on."""

    net: Joined
    scales: Mapping[str, Scale]

    def logits(self, values: Values) -> NDArray[np.float64]:
        """Give (window, class); the largest of a row is the decision."""
        with one_thread(), torch.no_grad():
            prepared = _prepared(values, self.scales)
            chunks = zip(*(torch.split(x, CHUNK) for x in prepared), strict=True)
            return torch.cat([self.net(list(chunk)) for chunk in chunks]).double().numpy()

    def logits_through(self, signals: Mapping[str, Tensor]) -> Tensor:
        """Give logits (window, class) of readings (window, time, channel), through which gradients flow."""
        prepared = [_seen(signals[name], scale) for name, scale in self.scales.items()]
        logits: Tensor = self.net(prepared)
        return logits


def fit_network(values: Values, label: IntArray, *, seed: int, epochs: int = EPOCHS) -> Network:
    """Fit on windows whose label is 0, 1, ...; the same seed gives the same network."""
    scales = {name: _scale(x) for name, x in values.items()}
    shapes = {name: (x.shape[1], x.shape[2]) for name, x in values.items()}
    with one_thread():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            net = Joined(shapes, int(label.max()) + 1)
        _train(net, _prepared(values, scales), torch.from_numpy(label), seed, epochs)
    return Network(net.eval(), scales)


def _train(net: Joined, signals: list[Tensor], label: Tensor, seed: int, epochs: int) -> None:
    """Take Adam steps over shuffled windows with a rate that falls to 0 (half a cosine)."""
    generator = torch.Generator().manual_seed(seed)
    batches = math.ceil(len(label) / BATCH)
    epochs = max(epochs, math.ceil(LEAST_STEPS / batches))
    adam = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, epochs * batches)
    for _ in range(epochs):
        losses = []
        order = torch.randperm(len(label), generator=generator)
        for rows in torch.split(order, BATCH):
            loss = F.cross_entropy(net([x[rows] for x in signals]), label[rows])
            adam.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
            falling.step()
            losses.append(float(loss.detach()))
        if sum(losses) / batches < LEARNT_LOSS:
            return


def _scale(values: NDArray[np.floating]) -> Scale:
    """Give each channel's mean and sd over all windows; sd 1 where a channel never moves."""
    sd = values.std(axis=(0, 1), dtype=np.float64)
    return values.mean(axis=(0, 1), dtype=np.float64), np.where(sd > 0, sd, 1.0)


def _prepared(values: Values, scales: Mapping[str, Scale]) -> list[Tensor]:
    """Give each signal as the network sees it."""
    exact = {name: torch.from_numpy(values[name].astype(np.float64)) for name in scales}
    return [_seen(exact[name], scale).float().contiguous() for name, scale in scales.items()]


def _seen(readings: Tensor, scale: Scale) -> Tensor:
    """Give (window, 2 x channel, time) of (window, time, channel): readings, and the window's shape.

    The shape has the window's own mean taken off and is divided by its own sd, so that small
    movements are seen beside large differences of level.
    """
    mean, sd = (torch.from_numpy(of).to(readings) for of in scale)
    plain = (readings - mean) / sd
    centred = plain - plain.mean(dim=1, keepdim=True)
    # where nothing moves the root has no slope
    own_sd = (centred.square().mean(dim=1, keepdim=True) + LEAST_VARIANCE).sqrt()
    return torch.cat([plain, centred / (own_sd + STILL_SD)], dim=2).transpose(1, 2)
