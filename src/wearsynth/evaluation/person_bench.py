"""Who may be tested on what: judges decide on each real person after learning from other people.

Synthetic windows are tested on people whom their generator has not seen. Several sets of them, each
made without some of the people, are each tested on those people, and the decisions are pooled.
"""

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wearsynth.classifiers import Decide
from wearsynth.data import IntArray, StrArray, Windows, check_same_kind, concat
from wearsynth.errors import DataError
from wearsynth.evaluation.decisions import Confusion
from wearsynth.evaluation.described import in_canonical_order, thinned
from wearsynth.evaluation.reference import deal_groups
from wearsynth.names import natural_key

log = logging.getLogger(__name__)

Fit = Callable[[Windows], Decide]
"""Learn from labelled windows; give what says the class of other windows."""

Mask = NDArray[np.bool_]

MOST_WINDOWS = 2000
"""A judge learns from at most so many real and as many synthetic windows."""

FOLDS = 5

NOTHING, REAL, SAME = "nothing", "real, other people", "real, the same people"
MADE, BOTH = "synthetic", "real + synthetic"


@dataclass(frozen=True, eq=False)
class Made:
    """Synthetic windows under a name. seen: the groups that their generator has seen."""

    name: str
    windows: Windows
    seen: frozenset[str]


@dataclass(frozen=True, eq=False)
class Bench:
    """Real windows of all people, and what may be tested on them.

    names: (group,). place: (window,) index into names. fold: (window,). unseen: (made, window),
    whether a generator has not seen the window's group.
    """

    real: Windows
    made: tuple[Made, ...]
    names: StrArray
    place: IntArray
    fold: IntArray
    unseen: Mask

    @property
    def times(self) -> IntArray:
        """The number of synthetic sets that may be tested on each group, (group,)."""
        first = np.unique(self.place, return_index=True)[1]
        return np.asarray(self.unseen[:, first].sum(axis=0), dtype=np.int64)

    @property
    def folds(self) -> int:
        """The number of folds."""
        return len(np.unique(self.fold))


def make_bench(made: Sequence[Made], *, real: Windows, folds: int | None, seed: int) -> Bench:
    """Give the bench; windows, channels and sets in an order of their own.

    folds: of whole groups, at least the number of groups for one each. None: with several sets, the
    groups that the same sets may be tested on are a fold, if there is no group that none may be
    tested on; else 5. DataError where nothing can be tested.
    """
    real = in_canonical_order(replace(real, covariates={}))
    ordered = tuple(
        replace(of, windows=in_canonical_order(replace(of.windows, covariates={})))
        for of in sorted(made, key=lambda of: natural_key(of.name))
    )
    _check(ordered, real)
    names, place = np.unique(real.group, return_inverse=True)
    unseen = np.array([~np.isin(real.group, sorted(of.seen)) for of in ordered])
    if not unseen.any():
        raise DataError(
            f"the generators have seen all {len(names)} people: there is nobody to test on. Keep "
            "people back (wearsynth data split) and fit again."
        )
    fold = _fold(real, unseen, folds, seed=seed)
    return Bench(real, ordered, names, place, fold, unseen)


def _check(made: Sequence[Made], real: Windows) -> None:
    if not len(real):
        raise DataError("there are no real windows to test on.")
    if real.synthetic.any():
        raise DataError("the real windows hold synthetic ones; only real ones can judge others.")
    if len(np.unique(real.group)) < 2:
        raise DataError("the real windows are of one person or recording: at least 2 are needed.")
    if not made:
        raise DataError("no synthetic windows were given.")
    for of in made:
        if not len(of.windows):
            raise DataError(f"{of.name} holds no windows: there is nothing to judge.")
        if not of.seen:
            raise DataError(
                f"{of.name} does not say which groups its generator has seen, so nobody can be tested "
                "without risk of a leak: name the real windows that it learnt from (--train)."
            )
        check_same_kind(real, of.windows, "the real windows", of.name)


def _fold(real: Windows, unseen: Mask, folds: int | None, *, seed: int) -> IntArray:
    if folds is None:
        of_sets = np.unique(unseen.T, axis=0, return_inverse=True)[1].reshape(-1)
        if of_sets.max() and unseen.any(axis=0).all():
            log.info("utility: folds of real people as the synthetic sets have them")
            return np.asarray(of_sets, dtype=np.int64)
    groups = np.unique(real.group, return_inverse=True)[1]
    wanted = folds or FOLDS
    if wanted > groups.max():
        return np.asarray(groups, dtype=np.int64)
    return deal_groups(real.label, real.group, wanted, np.random.default_rng(seed))


def learnt_sets(bench: Bench, *, added: float = 1.0) -> dict[str, Iterable[tuple[Windows, Mask]]]:
    """Give what may be learnt from with the windows it may be tested on, by the kind of windows.

    REAL: those of the other folds. SAME: those of the people that the generator has seen; left out where
    there are none, or where they are the other folds' anyway. MADE: synthetic windows. BOTH: the real
    windows of the other folds, with so many synthetic added for each.
    """
    tested = list(zip(bench.made, bench.unseen, strict=True))
    real = ((_others(bench, fold), bench.fold == fold) for fold in range(bench.folds))
    seen = ((thinned(bench.real.select(~u), MOST_WINDOWS), u) for u in bench.unseen)
    same = {SAME: seen} if _has_same(bench) else {}
    made = ((thinned(of.windows, MOST_WINDOWS), unseen) for of, unseen in tested)
    return {REAL: real, **same, MADE: made, BOTH: _both(bench, added)}


def decisions_of(bench: Bench, fit: Fit, *, added: float = 1.0) -> dict[str, Confusion]:
    """Give a judge's decisions, by what it learnt from, (group, class, class); see `learnt_sets`.

    NOTHING: always the commonest class. 0 for groups that no set may be tested on.
    """
    found = {NOTHING: always(bench)}
    for name, sets in learnt_sets(bench, added=added).items():
        found[name] = no_decisions(bench)
        for learnt, tested in sets:
            if tested.any():
                decided = fit(learnt)(bench.real.select(tested))
                add_decisions(found[name], bench, np.flatnonzero(tested), decided)
    return found


def always(bench: Bench) -> Confusion:
    """Give the decisions of who always says the commonest class, (group, class, class)."""
    commonest = np.bincount(bench.real.label).argmax()
    counts, everything = no_decisions(bench), np.arange(len(bench.real))
    add_decisions(counts, bench, everything, np.full(len(everything), commonest))
    return counts


def _has_same(bench: Bench) -> bool:
    """Tell whether all generators' people are here, and are not just those of the other folds."""
    folds = [bench.fold == fold for fold in range(bench.folds)]
    as_folds = all(any((u == fold).all() for fold in folds) for u in bench.unseen if u.any())
    return not as_folds and not bool(bench.unseen.all(axis=1).any())


def fits(bench: Bench) -> int:
    """Give how many times one judge is fitted."""
    sets = 1 + _has_same(bench)
    return bench.folds + sets * len(bench.made) + len(list(_pairs(bench)))


def _pairs(bench: Bench) -> Iterator[tuple[int, int]]:
    """Give each set and fold with people that it may be tested on."""
    for index, unseen in enumerate(bench.unseen):
        for fold in np.unique(bench.fold[unseen]).tolist():
            yield index, fold


def _both(bench: Bench, added: float) -> Iterator[tuple[Windows, Mask]]:
    for index, fold in _pairs(bench):
        real = _others(bench, fold)
        made = thinned(bench.made[index].windows, max(1, round(added * len(real))))
        yield concat([real, made]), bench.unseen[index] & (bench.fold == fold)


def _others(bench: Bench, fold: int) -> Windows:
    return thinned(bench.real.select(bench.fold != fold), MOST_WINDOWS)


def no_decisions(bench: Bench) -> Confusion:
    """Give counts (group, class, class) in which nothing is decided yet."""
    size = len(bench.real.classes)
    return np.zeros((len(bench.names), size, size), dtype=np.int64)


def add_decisions(counts: Confusion, bench: Bench, window: IntArray, decided: IntArray) -> None:
    """Add to counts (group, class, class) what was decided on the real windows of those indices."""
    np.add.at(counts, (bench.place[window], bench.real.label[window], decided), 1)


def counted_once(by_group: Confusion, times: IntArray) -> Confusion:
    """Give counts of groups tested `times` (group,), scaled so that each group weighs alike.

    Whole numbers: every group's counts are brought to the least common multiple of all times.
    """
    common = math.lcm(*times[times > 0].tolist())
    return np.asarray(by_group * (common // np.maximum(times, 1))[:, None, None], dtype=np.int64)
