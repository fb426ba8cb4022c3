"""One task from end to end: how well a network trained on these windows finds stress in new people.

The network is the detector of a public study of synthetic smartwatch data (Sensors 2024, 24(10),
3052): averaged spectra of sub-windows, four convolutions, three dense layers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wearsynth.data import FloatArray, IntArray, SignalWindows, Windows
from wearsynth.evaluation.decisions import Floats
from wearsynth.evaluation.described import in_canonical_order
from wearsynth.evaluation.person_bench import Fit
from wearsynth.tensors import one_thread

STRESS = "stress"
MOST_BINS = 208
"""The strongest frequencies that are kept of a channel."""

MOST_SUBWINDOWS = 31
FILTERS = 64
DROPOUT = 0.3
EPOCHS, BATCH, LEARNING_RATE = 10, 50, 1e-3


def stress_judges(*, seed: int = 0) -> dict[str, Fit]:
    """Give how the network learns from windows of no_stress and stress."""
    return {"stress network": lambda windows: fit_detector(windows, seed=seed).predict}


def told_apart(windows: Windows) -> Windows:
    """Give the windows with two classes: no_stress, stress; groups as they were.

    DataError where there is no class stress.
    """
    named = in_canonical_order(windows)  # groups without names go by class: name them first
    stressed = named.label == named.class_index(STRESS)
    return replace(named, label=stressed.astype(np.int64), classes=("no_stress", STRESS))


def spectra(signals: Mapping[str, SignalWindows]) -> Floats:
    """Give averaged spectra, (window, channel of all signals, bin), strongest first in a sub-window.

    Sub-windows are half a window long and step from its start to its middle. Channels with fewer
    frequencies are filled up with zeros, to a multiple of four.
    """
    parts = [_averaged(signal.values) for signal in signals.values()]
    most = min(max(part.shape[2] for part in parts), MOST_BINS)
    bins = 4 * -(-most // 4)
    filled = [
        np.pad(p[:, :, :bins], ((0, 0), (0, 0), (0, max(0, bins - p.shape[2])))) for p in parts
    ]
    return np.concatenate(filled, axis=1)


def _averaged(values: FloatArray) -> Floats:
    half = max(2, values.shape[1] // 2)
    starts = np.unique(np.linspace(0, values.shape[1] - half, MOST_SUBWINDOWS).astype(int))
    total = np.zeros((len(values), values.shape[2], half // 2))
    for start in starts:
        piece = values[:, start : start + half].astype(np.float64)
        size = np.abs(np.fft.rfft(piece, axis=1))[:, : half // 2].transpose(0, 2, 1)
        total += -np.sort(-size, axis=2)
    return total / len(starts)


class Detector(nn.Module):
    """Spectra (window, 1, channel, bin) -> logits (window, 2)."""

    def __init__(self, channels: int, bins: int) -> None:
        super().__init__()
        ins = (1, FILTERS, FILTERS, FILTERS)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(i, FILTERS, (1, 3), padding="same") for i in ins
        )
        sizes = (FILTERS * channels * (bins // 4), 128, 64)
        self.dense = nn.ModuleList(
            nn.Linear(a, b) for a, b in zip(sizes, (*sizes[1:], 2), strict=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Give the logits; channels are never mixed before the dense layers."""
        for index, layer in enumerate(self.convolutions):
            x = F.relu(layer(x))
            x = F.max_pool2d(x, (1, 2)) if index >= 2 else x
            x = F.dropout(x, DROPOUT, self.training)
        x = x.flatten(1)
        for layer in self.dense[:-1]:
            x = F.dropout(F.relu(layer(x)), DROPOUT, self.training)
        logits: Tensor = self.dense[-1](x)
        return logits


@dataclass(frozen=True, eq=False)
class FittedDetector:
    """A fitted network, with mean and sd of each channel and bin among its training windows."""

    net: Detector
    mean: Floats
    sd: Floats

    def predict(self, windows: Windows) -> IntArray:
        """Give 1 for stress, (window,)."""
        with one_thread(), torch.no_grad():
            logits = self.net(_scaled(spectra(windows.signals), self.mean, self.sd))
        return np.asarray(logits.argmax(dim=1).numpy(), dtype=np.int64)


def fit_detector(windows: Windows, *, seed: int) -> FittedDetector:
    """Fit the network to windows of no_stress and stress; the same seed gives the same network."""
    x = spectra(windows.signals)
    mean, sd = x.mean(axis=0), x.std(axis=0) + 1e-9
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = Detector(x.shape[1], x.shape[2])
        _train(net, _scaled(x, mean, sd), torch.from_numpy(windows.label))
    return FittedDetector(net.eval(), mean, sd)


def _train(net: Detector, x: Tensor, label: Tensor) -> None:
    """Take EPOCHS rounds of Adam; stress weighs as much more as it is rarer."""
    counts = torch.bincount(label, minlength=2).clamp(min=1)
    weight = torch.stack([torch.tensor(1.0), counts[0] / counts[1]])
    adam = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)
    for _ in range(EPOCHS):
        for rows in torch.split(torch.randperm(len(label)), BATCH):
            loss = F.cross_entropy(net(x[rows]), label[rows], weight)
            adam.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()


def _scaled(x: Floats, mean: Floats, sd: Floats) -> Tensor:
    return torch.from_numpy(((x - mean) / sd).astype(np.float32)).unsqueeze(1)
