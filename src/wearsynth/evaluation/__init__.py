"""Judge synthetic windows against real ones of people whom their generator has not seen.

The windows may come from any generator: only arrays, labels and groups are looked at.
"""

import logging
from dataclasses import replace
from importlib.metadata import version

import numpy as np

from wearsynth.data import Windows
from wearsynth.evaluation.attacks import membership
from wearsynth.evaluation.attacks.retraining import Retraining, retrain_notes, retrain_scores
from wearsynth.evaluation.between_people import between_people_scores
from wearsynth.evaluation.copies import copy_scores
from wearsynth.evaluation.detector import DETECTORS, detector_scores
from wearsynth.evaluation.feature_map import feature_map
from wearsynth.evaluation.fidelity import fidelity_scores
from wearsynth.evaluation.learning_curve import learning_curve_scores
from wearsynth.evaluation.linkage import linkage_scores
from wearsynth.evaluation.physics import physics_scores
from wearsynth.evaluation.physio import physio_scores
from wearsynth.evaluation.pictures import make_pictures
from wearsynth.evaluation.rank_agreement import rank_agreement_score
from wearsynth.evaluation.scores import (
    Part,
    Reference,
    Score,
    Scores,
    SetSummary,
    read_scores,
    write_scores,
)
from wearsynth.evaluation.trial import Effort, Trial, prepare
from wearsynth.evaluation.utility import utility_scores

__all__ = [
    "Part",
    "Reference",
    "Retraining",
    "Score",
    "Scores",
    "evaluate",
    "read_scores",
    "write_scores",
]

log = logging.getLogger(__name__)

EFFORT = {
    False: Effort(
        windows=2000, trees=100, judges=("trees", "minirocket", "cnn"), detectors=tuple(DETECTORS)
    ),
    True: Effort(windows=1000, trees=30, judges=("trees",)),
}
"""quick -> effort."""

WARPING = " (time warping compiles on its first use, which takes some seconds)"


def evaluate(
    synthetic: Windows,
    *,
    train: Windows,
    holdout: Windows,
    quick: bool = False,
    learning_curve: bool = False,
    rank_agreement: bool = False,
    retrain: Retraining | None = None,
    seed: int = 0,
) -> Scores:
    """Give every figure of the synthetic windows beside the same figure for real people's windows.

    train: the windows that the generator learned from; holdout: windows of other groups. quick:
    fewer trees and windows, the trees judge alone. learning_curve: also what people and synthetic windows are
    worth; rank_agreement: also whether classifiers rank alike; retrain: also whether fits with and
    without each person give people away. The order of rows, channels and
    signals does not matter; the same seed gives the same scores. DataError where sets are empty, of
    different kinds, or the holdout has groups that the generator has seen.
    """
    given = {"synthetic": synthetic, "train": train, "holdout": holdout}
    trial = prepare(given, EFFORT[quick], seed=seed)
    log.info("evaluate: %d reference draws of real people", len(trial.draws))
    again = () if retrain is None else retrain_scores(trial, retrain)
    useful = utility_scores(trial)
    if learning_curve:
        useful = useful.with_more(*learning_curve_scores(trial))
    if rank_agreement:
        useful = useful.with_more((rank_agreement_score(trial),), ())
    log.info("evaluate: attacks on privacy%s", "" if quick else WARPING)
    linked = linkage_scores(trial, warped=not quick)
    found = membership(trial)
    near = (*found.scores, *again, *copy_scores(trial), *linked)
    log.info("evaluate: likeness and the detector")
    return Scores(
        scores=(*_likeness(trial, quick=quick), *near, *useful.scores),
        synthetic=_summary(synthetic),
        train=_summary(train),
        holdout=_summary(holdout),
        notes=(*trial.notes, *retrain_notes(retrain)),
        pictures=replace(
            make_pictures(trial.synthetic, trial.holdout, useful.confusions, seed=seed),
            curves=useful.curves,
            attacks=found.curves,
            feature_map=feature_map(trial.of_synthetic, trial.of_holdout, trial.classes),
        ),
        contains_real_windows=not holdout.synthetic.all(),
        quick=quick,
        seed=seed,
        version=version("wearsynth"),
    )


def _likeness(trial: Trial, *, quick: bool) -> tuple[Score, ...]:
    return (
        *fidelity_scores(trial),
        *between_people_scores(trial),
        *physics_scores(trial),
        *physio_scores(trial, quick=quick),
        *detector_scores(trial),
    )


def _summary(windows: Windows) -> SetSummary:
    return SetSummary(
        windows=len(windows),
        counts=windows.counts,
        groups=len(np.unique(windows.group)),
        provenance=windows.provenance,
    )
