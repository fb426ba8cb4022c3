"""Small models and classifiers of toy windows."""

from dataclasses import replace

import numpy as np

from toy import toy_windows
from wearsynth.classifiers.trained import Classifier, train_classifier
from wearsynth.config import FitConfig
from wearsynth.data import Windows
from wearsynth.model import Model
from wearsynth.training import fit

TINY = FitConfig(rounds=4, batch_size=8, width=8, check_every=2, critic_updates=1)


def quiet(_: str) -> None:
    """Say nothing."""


def mixture_of(windows: Windows) -> Model:
    """Give a mixture, which is fitted in a moment."""
    return fit(windows, FitConfig(generator="mixture"), say=quiet)


def toy_classifier() -> Classifier:
    """Give a classifier that learnt from people of its own."""
    windows = toy_windows(people=4, per_class=6, seed=9)
    windows = replace(windows, subject=np.char.add("c-", windows.subject))
    return train_classifier(windows, set_aside=0, seed=0)


def weights_of(model: Model) -> dict[str, bytes]:
    """Give the bytes of each of a model's weights."""
    return {n: v.detach().numpy().tobytes() for n, v in model.generator.weights().items()}
