"""One task from end to end: how well a detector trained on these windows finds stress in new people.

The first network is the detector of a public study of synthetic smartwatch data (Sensors 2024, 24(10),
3052): averaged spectra of sub-windows, four convolutions, three dense layers. The second reads the
readings themselves, by convolutions and an LSTM. Trees and boosting decide by features.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import Tensor, nn
from torch.nn import functional as F

from wearsynth.classifiers import Decide, fit_trees
from wearsynth.data import FloatArray, IntArray, SignalWindows, Windows
from wearsynth.errors import ConfigError, did_you_mean
from wearsynth.evaluation.decisions import Floats
from wearsynth.evaluation.described import in_canonical_order
from wearsynth.evaluation.person_bench import Fit
from wearsynth.evaluation.person_scores import Learn, Score
from wearsynth.features import all_features
from wearsynth.tensors import one_thread

STRESS = "stress"
MOST_BINS = 208
"""The strongest frequencies that are kept of a channel."""

MOST_SUBWINDOWS = 31
FILTERS = 64
DROPOUT = 0.3
EPOCHS, BATCH, LEARNING_RATE = 10, 50, 1e-3

MOST_STEPS = 60
"""The recurrent network reads means of so many stretches of a window at most."""

LSTM_EPOCHS = 20


def stress_judges(*, seed: int = 0) -> dict[str, Fit]:
    """Give how the network learns from windows of no_stress and stress."""
    return {"stress network": lambda windows: fit_detector(windows, seed=seed).predict}


def detectors(names: Sequence[str] = (), *, seed: int = 0) -> dict[str, Fit]:
    """Give how the detectors of those names, all of them if there are none, learn to decide.

    As `scorers` says; decided is 1, stress, where more speaks for it than against it.
    """
    return {name: _deciding(learn) for name, learn in scorers(names, seed=seed).items()}


def scorers(names: Sequence[str] = (), *, seed: int = 0) -> dict[str, Learn]:
    """Give how the detectors of those names, all of them if there are none, learn to find stress.

    From windows of no_stress and stress; where they hold one class alone it is always said.
    ConfigError for an unknown name.
    """
    for name in names:
        if name not in DETECTORS:
            raise ConfigError(f"unknown detector {name!r}.{did_you_mean(name, DETECTORS)}")
    return {name: _learner(name, seed) for name in names or DETECTORS}


def _deciding(learn: Learn) -> Fit:
    def fit(windows: Windows) -> Decide:
        score = learn(windows)
        return lambda other: np.asarray(score(other) > 0, dtype=np.int64)

    return fit


def _learner(name: str, seed: int) -> Learn:
    def learn(windows: Windows) -> Score:
        present = np.unique(windows.label)
        if len(present) == 1:
            return lambda other: np.full(len(other), 2.0 * present[0] - 1)
        return DETECTORS[name](windows, seed)

    return learn


def _trees(windows: Windows, seed: int) -> Score:
    trees = fit_trees(all_features(windows).values, windows.label, seed=seed)

    def score(other: Windows) -> Floats:
        told = trees.predict_proba(all_features(other).values)
        return np.asarray(told[:, 1] - told[:, 0], dtype=np.float64)

    return score


def _boosting(windows: Windows, seed: int) -> Score:
    """Fit gradient boosting of trees on histograms (scikit-learn's usual options) on features."""
    boosted = HistGradientBoostingClassifier(random_state=seed)
    boosted.fit(all_features(windows).values, windows.label)
    return lambda other: np.asarray(
        boosted.decision_function(all_features(other).values), dtype=np.float64
    )


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


def stretches(signals: Mapping[str, SignalWindows]) -> Floats:
    """Give means of equal stretches of each window, (window, channel of all signals, stretch).

    MOST_STEPS, or as many as the slowest signal has readings.
    """
    steps = min(MOST_STEPS, *(signal.values.shape[1] for signal in signals.values()))
    return np.concatenate([_means(s.values, steps) for s in signals.values()], axis=1)


def _means(values: FloatArray, steps: int) -> Floats:
    edges = np.linspace(0, values.shape[1], steps + 1).astype(int)
    sums = np.add.reduceat(values.astype(np.float64), edges[:-1], axis=1)
    return np.asarray((sums / np.diff(edges)[:, None]).transpose(0, 2, 1))


class Detector(nn.Module):
    """Spectra (window, channel, bin) -> logits (window, 2)."""

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
        x = x.unsqueeze(1)
        for index, layer in enumerate(self.convolutions):
            x = F.relu(layer(x))
            x = F.max_pool2d(x, (1, 2)) if index >= 2 else x
            x = F.dropout(x, DROPOUT, self.training)
        x = x.flatten(1)
        for layer in self.dense[:-1]:
            x = F.dropout(F.relu(layer(x)), DROPOUT, self.training)
        logits: Tensor = self.dense[-1](x)
        return logits


class ConvLstm(nn.Module):
    """Stretches (window, channel, stretch) -> logits (window, 2)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(channels, FILTERS, 3, padding="same")
        self.second = nn.Conv1d(FILTERS, FILTERS, 3, padding="same")
        self.lstm = nn.LSTM(FILTERS, FILTERS, batch_first=True)
        self.head = nn.Linear(FILTERS, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Give the logits, of the LSTM's last state."""
        x = F.relu(self.second(F.relu(self.first(x))))
        x = F.dropout(F.max_pool1d(x, min(2, x.shape[2])), DROPOUT, self.training)
        _, (last, _) = self.lstm(x.transpose(1, 2))
        logits: Tensor = self.head(F.dropout(last[-1], DROPOUT, self.training))
        return logits


@dataclass(frozen=True, eq=False)
class FittedDetector:
    """A fitted network. look: windows -> what it sees; mean and sd of that among those it learnt from."""

    net: nn.Module
    look: Callable[[Mapping[str, SignalWindows]], Floats]
    mean: Floats
    sd: Floats

    def score(self, windows: Windows) -> Floats:
        """Give the logit of stress less that of no_stress, (window,)."""
        with one_thread(), torch.no_grad():
            logits = self.net(_scaled(self.look(windows.signals), self.mean, self.sd))
        return np.asarray((logits[:, 1] - logits[:, 0]).numpy(), dtype=np.float64)

    def predict(self, windows: Windows) -> IntArray:
        """Give 1 for stress, (window,)."""
        return np.asarray(self.score(windows) > 0, dtype=np.int64)


def fit_detector(windows: Windows, *, seed: int) -> FittedDetector:
    """Fit the study's network to windows of no_stress and stress; same seed, same network."""
    x = spectra(windows.signals)
    mean, sd = x.mean(axis=0), x.std(axis=0) + 1e-9
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = Detector(x.shape[1], x.shape[2])
        _train(net, _scaled(x, mean, sd), torch.from_numpy(windows.label), EPOCHS)
    return FittedDetector(net.eval(), spectra, mean, sd)


def fit_conv_lstm(windows: Windows, *, seed: int) -> FittedDetector:
    """Fit convolutions and an LSTM to windows of no_stress and stress; same seed, same network."""
    x = stretches(windows.signals)
    mean, sd = (of(x, axis=(0, 2), keepdims=True)[0] for of in (np.mean, np.std))
    sd = sd + 1e-9
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = ConvLstm(x.shape[1])
        _train(net, _scaled(x, mean, sd), torch.from_numpy(windows.label), LSTM_EPOCHS)
    return FittedDetector(net.eval(), stretches, mean, sd)


def _train(net: nn.Module, x: Tensor, label: Tensor, epochs: int) -> None:
    """Take rounds of Adam; stress weighs as much more as it is rarer."""
    counts = torch.bincount(label, minlength=2).clamp(min=1)
    weight = torch.stack([torch.tensor(1.0), counts[0] / counts[1]])
    adam = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)
    for _ in range(epochs):
        for rows in torch.split(torch.randperm(len(label)), BATCH):
            loss = F.cross_entropy(net(x[rows]), label[rows], weight)
            adam.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()


def _scaled(x: Floats, mean: Floats, sd: Floats) -> Tensor:
    return torch.from_numpy(((x - mean) / sd).astype(np.float32))


DETECTORS: dict[str, Callable[[Windows, int], Score]] = {
    "trees": _trees,
    "boosting": _boosting,
    "stress-cnn": lambda windows, seed: fit_detector(windows, seed=seed).score,
    "cnn-lstm": lambda windows, seed: fit_conv_lstm(windows, seed=seed).score,
}
"""Name -> how it is fitted on (windows of no_stress and stress, seed)."""
