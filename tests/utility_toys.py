"""Toy people for usefulness: those learnt from, those whose windows pass for synthetic, those held out."""

from dataclasses import replace

import numpy as np

from toy import people, toy_windows
from wearsynth.data import Windows
from wearsynth.evaluation import Score
from wearsynth.evaluation.trial import Effort, Trial, prepare

ALL = toy_windows(people=18, per_class=10)
QUICK = Effort(windows=1000, trees=30, judges=("trees",))


def made(windows: Windows) -> Windows:
    nobody = np.full(len(windows), "")
    synthetic = np.full(len(windows), True)
    return replace(
        windows, subject=nobody, recording=nobody, synthetic=synthetic, trained_groups=("p00",)
    )


TRAIN, OTHERS, HOLDOUT = people(ALL, 0, 6), made(people(ALL, 6, 12)), people(ALL, 12, 18)
SHUFFLED = replace(OTHERS, label=np.random.default_rng(0).permutation(OTHERS.label))


def trial_of(
    synthetic: Windows,
    *,
    train: Windows = TRAIN,
    holdout: Windows = HOLDOUT,
    effort: Effort = QUICK,
) -> Trial:
    given = {"synthetic": synthetic, "train": train, "holdout": holdout}
    return prepare(given, effort, seed=0)


def value(score: Score) -> float:
    assert score.value is not None
    return score.value
