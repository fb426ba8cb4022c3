"""Toy people for attacks: those learnt from, others like them, and those held out."""

import numpy as np

from toy import people, toy_windows
from wearsynth.data import Windows
from wearsynth.evaluation.attacks.guesses import Guesses
from wearsynth.evaluation.controls import as_synthetic
from wearsynth.evaluation.trial import Effort, Trial, prepare

ALL = toy_windows(people=24, per_class=8)
TRAIN, OTHERS, HOLDOUT = people(ALL, 0, 8), people(ALL, 8, 16), people(ALL, 16, 24)


def trial_of(synthetic: Windows, train: Windows = TRAIN, holdout: Windows = HOLDOUT) -> Trial:
    given = {"synthetic": as_synthetic(synthetic), "train": train, "holdout": holdout}
    return prepare(given, Effort(windows=1000, trees=5, judges=()), seed=0)


def guesses(member: list[float], other: list[float], people: int = 1) -> Guesses:
    def whose(scores: list[float]) -> np.ndarray:
        return np.arange(len(scores)) * people // len(scores)

    return Guesses(np.array([member]), whose(member), np.array([other]), whose(other))
