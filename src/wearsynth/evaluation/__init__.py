"""Judge synthetic windows against real ones of people whom their generator has not seen.

The windows may come from any generator: only arrays, labels and groups are looked at.
"""

import logging
from dataclasses import dataclass

import numpy as np

from wearsynth.data import IntArray, Windows, check_no_shared_groups, check_same_kind
from wearsynth.errors import DataError
from wearsynth.evaluation.copies import copy_scores
from wearsynth.evaluation.described import Described, describe, in_canonical_order, thinned
from wearsynth.evaluation.detector import detector_aucs
from wearsynth.evaluation.fidelity import Figure, fidelity_figures
from wearsynth.evaluation.pictures import ConfusionPicture, make_pictures
from wearsynth.evaluation.reference import (
    MIN_GROUPS,
    Measured,
    group_draws,
    pick,
    random_halves,
    resampled_groups,
    scored,
    standard_error,
)
from wearsynth.evaluation.scores import (
    Reference,
    Score,
    Scores,
    SetSummary,
    read_scores,
    write_scores,
)
from wearsynth.evaluation.utility import utility_scores

__all__ = ["Reference", "Score", "Scores", "evaluate", "read_scores", "write_scores"]

log = logging.getLogger(__name__)

FIRST_USE = {"minirocket": " (on its first use it compiles, which can take a minute)"}
"""Judges whose first use on a machine is slow, and what to say of it."""

RESAMPLES = 30
"""Bootstrap draws over holdout groups for the standard error of a distance."""

TRAIN_WINDOWS = 20_000
"""Copies are looked for among at most so many training windows; the other figures need fewer."""

DETECTOR_HALVES = 2
"""How many random halves the detector tries: each costs as much as a reference draw."""


@dataclass(frozen=True)
class _Effort:
    """What an evaluation spends: windows a set at most, trees a detector, judges of usefulness.

    All training windows serve the search for copies; judges learn from at most `windows` of them.
    """

    windows: int
    trees: int
    judges: tuple[str, ...]


EFFORT = {
    False: _Effort(windows=2000, trees=100, judges=("trees", "minirocket")),
    True: _Effort(windows=1000, trees=30, judges=("trees",)),
}
"""quick -> effort."""


@dataclass(frozen=True, eq=False)
class _Sets:
    """Everything that figures are measured on, described once, classes that all sets share.

    equal: synthetic windows, of each class as many as in each of `draws` of training windows.
    halves: random halves of the holdout's windows; none of both where there are too few groups.
    """

    synthetic: Described
    equal: Described
    train: Described
    holdout: Described
    draws: list[Described]
    halves: list[tuple[Described, Described]]


def evaluate(
    synthetic: Windows, *, train: Windows, holdout: Windows, quick: bool = False, seed: int = 0
) -> Scores:
    """Give every figure of the synthetic windows beside the same figure for real people's windows.

    train: the windows that the generator learned from; holdout: windows of other groups. quick:
    fewer trees and windows, no MiniRocket. The order of rows does not matter; the same seed gives
    the same scores. DataError where sets are empty, of different kinds, or the holdout has groups
    that the generator has seen.
    """
    given = {"synthetic": synthetic, "train": train, "holdout": holdout}
    _check(given)
    effort = EFFORT[quick]
    most = {"synthetic": effort.windows, "train": TRAIN_WINDOWS, "holdout": effort.windows}
    used = {n: thinned(in_canonical_order(w), most[n]) for n, w in given.items()}
    groups = _enough_groups(used["train"], used["holdout"])
    numbers, draws = _draws(used, seed=seed)
    sets = _described(used, numbers, draws if not groups else [], seed=seed)
    log.info("evaluate: %d reference draws of real people", len(draws) if not groups else 0)
    useful, confusions = _utility(used, effort, with_reference=not groups, seed=seed)
    log.info("evaluate: near copies")
    near = copy_scores(
        sets.synthetic, sets.train, sets.holdout, with_reference=not groups, seed=seed
    )
    log.info("evaluate: likeness and the detector")
    return Scores(
        scores=(*_fidelity(sets, seed), _detector(sets, effort, seed), *near, *useful),
        synthetic=_summary(synthetic),
        train=_summary(train),
        holdout=_summary(holdout),
        notes=(*groups, *_notes(given, used, quick=quick)),
        pictures=make_pictures(used["synthetic"], used["holdout"], confusions, seed=seed),
        contains_real_windows=not holdout.synthetic.all(),
        quick=quick,
        seed=seed,
    )


def _check(given: dict[str, Windows]) -> None:
    for name, windows in given.items():
        if not len(windows):
            raise DataError(f"{name} holds no windows: there is nothing to judge.")
        check_same_kind(given["holdout"], windows, "holdout", name)
    for name in ("train", "holdout"):
        if given[name].synthetic.any():
            raise DataError(f"{name} holds synthetic windows; only real ones can judge others.")
    holdout = given["holdout"].group
    check_no_shared_groups(given["train"].group, holdout, "train", "holdout")
    seen = given["synthetic"].trained_groups
    check_no_shared_groups(seen, holdout, "the generator's training groups", "holdout")
    if not _shared_classes(given):
        raise DataError("synthetic, train and holdout have no class in common: nothing to compare.")


def _shared_classes(sets: dict[str, Windows]) -> list[int]:
    """Give the indices of the classes that every set has windows of."""
    counts = np.array([list(windows.counts.values()) for windows in sets.values()])
    shared: list[int] = np.flatnonzero((counts > 0).all(axis=0)).tolist()
    return shared


def _enough_groups(train: Windows, holdout: Windows) -> tuple[str, ...]:
    """Give nothing where a reference can be had, else a line that says why not."""
    for name, windows, least in (("holdout", holdout, MIN_GROUPS), ("train", train, 2)):
        count = len(np.unique(windows.group))
        if count < least:
            return (
                f"{name} has {count} group(s), a reference needs {least}: figures stand alone, "
                "verdict too few.",
            )
    return ()


def _draws(used: dict[str, Windows], *, seed: int) -> tuple[IntArray, list[IntArray]]:
    """Give the number of windows of each class in a comparison, and the training draws."""
    wanted = np.bincount(used["synthetic"].label, minlength=len(used["train"].classes))
    draws, numbers = group_draws(used["train"].label, used["train"].group, wanted, seed=seed)
    return numbers, draws


def _described(
    used: dict[str, Windows], numbers: IntArray, draws: list[IntArray], *, seed: int
) -> _Sets:
    shared = _shared_classes(used)
    made, train, holdout = (_of_classes(describe(windows), shared) for windows in used.values())
    rng = np.random.default_rng(seed)
    every_train = describe(used["train"]) if draws else train
    halves = random_halves(holdout.label, holdout.group, seed=seed) if draws else []
    return _Sets(
        synthetic=made,
        equal=made.select(pick(made.label, numbers, rng)),
        train=train,
        holdout=holdout,
        draws=[_of_classes(every_train.select(draw), shared) for draw in draws],
        halves=[(holdout.select(a), holdout.select(b)) for a, b in halves],
    )


def _of_classes(windows: Described, classes: list[int]) -> Described:
    return windows.select(np.flatnonzero(np.isin(windows.label, classes)))


def _fidelity(sets: _Sets, seed: int) -> list[Score]:
    real = _joined(sets.train, sets.holdout)
    boot = resampled_groups(sets.holdout.group, times=RESAMPLES, seed=seed)
    resampled = [sets.holdout.select(rows) for rows in boot]
    return [
        scored(name, _measured(figure, sets, resampled), limits=(0.0, np.inf))
        for name, figure in fidelity_figures(real).items()
    ]


def _measured(figure: Figure, sets: _Sets, resampled: list[Described]) -> Measured:
    return Measured(
        figure(sets.equal, sets.holdout),
        standard_error([figure(sets.equal, holdout) for holdout in resampled]),
        [figure(draw, sets.holdout) for draw in sets.draws],
        [figure(a, b) for a, b in sets.halves],
    )


def _joined(a: Described, b: Described) -> Described:
    """Give the rows of both."""
    return Described(
        *(np.concatenate([getattr(part, name) for part in (a, b)]) for name in vars(a))
    )


def _detector(sets: _Sets, effort: _Effort, seed: int) -> Score:
    def aucs(candidate: Described, holdout: Described) -> list[float]:
        return detector_aucs(candidate, holdout, seed=seed, trees=effort.trees)

    folds = aucs(sets.equal, sets.holdout)
    if not folds:
        why = "folds over the holdout's groups need two groups and two windows of a class in each"
        return scored("detector_auc", Measured(None, 0.0, note=why), limits=(0.0, 1.0))
    measured = Measured(
        float(np.mean(folds)),
        standard_error(folds) / float(np.sqrt(len(folds))),
        [float(np.mean(aucs(draw, sets.holdout))) for draw in sets.draws],
        [float(np.mean(aucs(a, b))) for a, b in sets.halves[:DETECTOR_HALVES]],
    )
    return scored("detector_auc", measured, limits=(0.0, 1.0))


def _utility(
    used: dict[str, Windows], effort: _Effort, *, with_reference: bool, seed: int
) -> tuple[tuple[Score, ...], tuple[ConfusionPicture, ...]]:
    """Give every judge's scores; real draws stand in for classes that are missing in synthetic."""
    scores: tuple[Score, ...] = ()
    confusions: tuple[ConfusionPicture, ...] = ()
    train = thinned(used["train"], effort.windows)
    numbers = np.bincount(used["synthetic"].label, minlength=len(train.classes))
    wanted = np.where(numbers > 0, numbers, int(numbers[numbers > 0].mean()))
    draws, _ = group_draws(used["train"].label, used["train"].group, wanted, seed=seed)
    of_draws = [used["train"].select(draw) for draw in draws] if with_reference else []
    for judge in effort.judges:
        log.info("evaluate: usefulness, judged by %s%s", judge, FIRST_USE.get(judge, ""))
        more, pictures = utility_scores(
            judge, used["synthetic"], train, used["holdout"], draws=of_draws, seed=seed
        )
        scores, confusions = scores + more, confusions + pictures
    return scores, confusions


def _summary(windows: Windows) -> SetSummary:
    return SetSummary(
        windows=len(windows),
        counts=windows.counts,
        groups=len(np.unique(windows.group)),
        provenance=windows.provenance,
    )


def _notes(given: dict[str, Windows], used: dict[str, Windows], *, quick: bool) -> tuple[str, ...]:
    """Give a line for everything that a reader of the figures should know."""
    notes = [
        f"{name}: figures use {len(used[name])} of {len(windows)} windows, the same share of each class."
        for name, windows in given.items()
        if len(used[name]) < len(windows)
    ]
    if len(used["train"]) > EFFORT[quick].windows:
        notes.append(f"real training windows: judges learn from {EFFORT[quick].windows} at most.")
    shared = _shared_classes(used)
    for index, name in enumerate(given["holdout"].classes):
        missing = [which for which, windows in used.items() if not windows.counts[name]]
        if index not in shared:
            notes.append(
                f"class {name!r} is missing in {', '.join(missing)}: only usefulness sees it."
            )
    if not given["synthetic"].trained_groups:
        notes.append(
            "the synthetic windows do not say which groups their generator saw: that none is in the "
            "holdout could not be checked."
        )
    return tuple(notes)
