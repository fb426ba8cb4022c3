"""What an evaluation measures on: the three sets in one order, described once, and real draws."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from wearsynth.data import IntArray, Windows, check_no_shared_groups, check_same_kind
from wearsynth.errors import DataError
from wearsynth.evaluation.described import Described, describe, in_canonical_order, thinned
from wearsynth.evaluation.reference import MIN_GROUPS, group_draws, pick, random_halves

TRAIN_WINDOWS = 20_000
"""Copies are looked for among at most so many training windows; the other figures need fewer."""


PERSON_WINDOWS = 20
"""How people differ is measured on so many windows of each person and class."""

MOST_PEOPLE = 50
"""And on at most so many people of a class, of each set."""


@dataclass(frozen=True)
class Effort:
    """What an evaluation spends: windows a set at most, trees a detector, judges of usefulness.

    All training windows serve the search for copies; judges learn from at most `windows` of them.
    detectors: the judges that tell synthetic from real.
    """

    windows: int
    trees: int
    judges: tuple[str, ...]
    detectors: tuple[str, ...] = ("trees",)


@dataclass(frozen=True, eq=False)
class Trial:
    """Everything that figures are measured on; windows in an order that does not depend on rows.

    synthetic, train, holdout: the windows used. of_*: the same described, classes that all three
    share. equal: synthetic windows, of each class as many as in each of `draws` of training
    windows. halves: random halves of the holdout's windows. train_draws: row indices into train for
    judges of usefulness. people: by set, of_each_person of all windows given; nothing where a side
    names nobody. Where there are too few groups, draws, halves and train_draws are empty
    and notes say so.
    """

    synthetic: Windows
    train: Windows
    holdout: Windows
    of_synthetic: Described
    of_train: Described
    of_holdout: Described
    equal: Described
    draws: tuple[Described, ...]
    halves: tuple[tuple[Described, Described], ...]
    train_draws: tuple[IntArray, ...]
    people: Mapping[str, Windows]
    effort: Effort
    seed: int
    notes: tuple[str, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """The names that labels are indices of."""
        return self.holdout.classes

    @property
    def referenced(self) -> bool:
        """Whether there are groups enough for real against real."""
        return bool(self.draws)


def prepare(given: Mapping[str, Windows], effort: Effort, *, seed: int) -> Trial:
    """Give the trial of the sets synthetic, train and holdout; no figure looks at covariates.

    DataError where sets are empty, of different kinds, or the holdout has groups that the generator
    has seen.
    """
    ordered = {
        name: in_canonical_order(replace(windows, covariates={})) for name, windows in given.items()
    }
    _check(ordered)
    most = {"synthetic": effort.windows, "train": TRAIN_WINDOWS, "holdout": effort.windows}
    used = {name: thinned(windows, most[name]) for name, windows in ordered.items()}
    few = _too_few(used["train"], used["holdout"])
    train = used["train"]
    wanted = np.bincount(used["synthetic"].label, minlength=len(train.classes))
    draws, numbers = group_draws(train.label, train.group, wanted, seed=seed)
    shared = _shared_classes(used)
    every_train = describe(train)
    of_synthetic, of_holdout = (
        _of_classes(describe(used[name]), shared) for name in ("synthetic", "holdout")
    )
    rng = np.random.default_rng(seed)
    halves = [] if few else random_halves(of_holdout.label, of_holdout.group, seed=seed)
    return Trial(
        synthetic=used["synthetic"],
        train=train,
        holdout=used["holdout"],
        of_synthetic=of_synthetic,
        of_train=_of_classes(every_train, shared),
        of_holdout=of_holdout,
        equal=of_synthetic.select(pick(of_synthetic.label, numbers, rng)),
        draws=() if few else tuple(_of_classes(every_train.select(d), shared) for d in draws),
        halves=tuple((of_holdout.select(a), of_holdout.select(b)) for a, b in halves),
        train_draws=() if few else tuple(_utility_draws(train, wanted, seed=seed)),
        people=_people(ordered),
        effort=effort,
        seed=seed,
        notes=(*few, *_notes(ordered, used, shared, effort)),
    )


def of_each_person(windows: Windows) -> Windows:
    """Give PERSON_WINDOWS windows of each class of each named person who has as many.

    The first in their order; of a class at most MOST_PEOPLE people, those that come first.
    """
    kept = [np.zeros(0, dtype=np.int64)]
    for index in np.unique(windows.label):
        rows = np.flatnonzero((windows.label == index) & (windows.subject != ""))
        _, first, person, counts = np.unique(
            windows.subject[rows], return_index=True, return_inverse=True, return_counts=True
        )
        enough = np.flatnonzero(counts >= PERSON_WINDOWS)
        for one in enough[np.argsort(first[enough])][:MOST_PEOPLE]:
            kept.append(rows[person == one][:PERSON_WINDOWS])
    return windows.select(np.sort(np.concatenate(kept)))


def _people(given: Mapping[str, Windows]) -> Mapping[str, Windows]:
    """Give windows by person of each set; nothing where synthetic or real windows name nobody."""
    named = {name: bool((windows.subject != "").any()) for name, windows in given.items()}
    if not named["synthetic"] or not (named["train"] or named["holdout"]):
        return {}
    return {name: of_each_person(windows) for name, windows in given.items()}


def _check(given: Mapping[str, Windows]) -> None:
    for name, windows in given.items():
        if not len(windows):
            raise DataError(f"{name} holds no windows: there is nothing to judge.")
        check_same_kind(given["holdout"], windows, "holdout", name)
    for name in ("train", "holdout"):
        if given[name].synthetic.any():
            raise DataError(f"{name} holds synthetic windows; only real ones can judge others.")
    holdout = given["holdout"].group
    check_no_shared_groups(given["train"].group, holdout, "train", "holdout")
    _check_no_shared_windows(given["train"], given["holdout"])
    seen = given["synthetic"].trained_groups
    check_no_shared_groups(seen, holdout, "the generator's training groups", "holdout")
    if not _shared_classes(given):
        raise DataError("synthetic, train and holdout have no class in common: nothing to compare.")


def _check_no_shared_windows(train: Windows, holdout: Windows) -> None:
    """Raise DataError where a holdout window is a training window; windows at rest may coincide."""
    seen = set(_moving_windows(train))
    shared = sum(window in seen for window in _moving_windows(holdout))
    if shared:
        raise DataError(
            f"{shared} holdout window(s) are training windows too, under other names: on them nothing "
            "can be judged. Split by person again."
        )


def _moving_windows(windows: Windows) -> list[bytes]:
    """Give the readings of each window in which every channel changes."""
    signals = [windows.signals[name].values for name in sorted(windows.signals)]
    moving = np.all([(np.ptp(values, axis=1) > 0).all(axis=1) for values in signals], axis=0)
    rows = np.concatenate([values.reshape(len(windows), -1) for values in signals], axis=1)
    return [row.tobytes() for row in rows[moving]]


def _shared_classes(sets: Mapping[str, Windows]) -> list[int]:
    """Give the indices of the classes that every set has windows of."""
    counts = np.array([list(windows.counts.values()) for windows in sets.values()])
    shared: list[int] = np.flatnonzero((counts > 0).all(axis=0)).tolist()
    return shared


def _of_classes(windows: Described, classes: list[int]) -> Described:
    return windows.select(np.flatnonzero(np.isin(windows.label, classes)))


def _utility_draws(train: Windows, wanted: IntArray, *, seed: int) -> list[IntArray]:
    """Give draws of training windows; a class that synthetic lacks gets the mean number of others."""
    filled = np.where(wanted > 0, wanted, int(wanted[wanted > 0].mean()))
    return group_draws(train.label, train.group, filled, seed=seed)[0]


def _too_few(train: Windows, holdout: Windows) -> tuple[str, ...]:
    """Give nothing where a reference can be had, else a line that says why not."""
    for name, windows, least in (("holdout", holdout, MIN_GROUPS), ("train", train, 2)):
        count = len(np.unique(windows.group))
        if count < least:
            return (
                f"{name} has {count} group(s), a reference needs {least}: figures stand alone, "
                "verdict too few.",
            )
    return ()


def _notes(
    given: Mapping[str, Windows], used: Mapping[str, Windows], shared: list[int], effort: Effort
) -> tuple[str, ...]:
    """Give a line for everything that a reader of the figures should know."""
    notes = [
        f"{name}: {len(used[name])} of {len(windows)} windows were used, of each class the same share."
        for name, windows in given.items()
        if len(used[name]) < len(windows)
    ]
    if len(used["train"]) > effort.windows:
        notes.append(f"real training windows: judges learn from {effort.windows} at most.")
    for index, name in enumerate(given["holdout"].classes):
        missing = [which for which, windows in used.items() if not windows.counts[name]]
        if index not in shared:
            notes.append(
                f"class {name!r} is missing in {', '.join(missing)}: only usefulness sees it."
            )
    if not given["synthetic"].synthetic.all():
        notes.append(
            "not all windows that were judged are marked synthetic: are they the right file?"
        )
    if not given["synthetic"].trained_groups:
        notes.append(
            "the synthetic windows do not say which groups their generator saw (one with a privacy "
            "guarantee never does): that none is in the holdout could not be checked. Fit on the split's "
            "train file alone."
        )
    return tuple(notes)
