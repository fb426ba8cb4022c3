"""When to stop: windows that are set aside score a generator in training, and catch it copying."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.stats import wasserstein_distance
from sklearn.metrics import pairwise_distances_argmin_min, roc_auc_score

from wearsynth.conditions import ConditionForm
from wearsynth.data import IntArray, StrArray, Windows
from wearsynth.errors import DataError, TrainingError
from wearsynth.features import all_features
from wearsynth.generators import Sampler
from wearsynth.representation import Representation
from wearsynth.splitting import split
from wearsynth.tensors import one_thread

Float64Array = NDArray[np.float64]

CHECK_WINDOWS = 200
"""Windows of a class that a check draws at most."""

CHECK_TOTAL = 600
"""Windows that a check draws in all, at least FEWEST of each class."""

FEWEST = 20

COLLAPSED_SPREAD = 0.02
"""A class has collapsed where the median feature varies less than this share of the real spread."""

NEAR = 0.01
"""A drawn window is a near copy where it is nearer to a learnt one than this share of others are."""

NEAR_SHARE, LEAST_RATIO, MEMBERSHIP = 0.02, 0.9, 0.65
"""Copying: more near copies than this, a median distance to the nearest learnt window below this share
of that of windows set aside, or learnt windows told from these with a larger AUC, and one larger
by MEMBERSHIP - .5 than an untrained generator's: people set aside are always unlike the others."""

CHANCE = (0.3, 1.5, 0.6)
"""So far beyond each limit may chance go, times the root of the number of windows set aside: three
times the sd of a 1 % quantile, and about as much for the ratio of two medians and for an AUC."""

MEMBERS = 1000
"""Membership is asked of at most so many learnt windows."""

COPYING = 1.0
"""Added to the score of a generator that copies: no such round is kept while there is another."""

LEAST_GROUPS = 4
BLOCKS = 5
"""With fewer groups, one of so many stretches of each group's windows of a class is set aside."""


@dataclass(frozen=True)
class Copying:
    """How a generator repeats what it learnt, beside so many windows that are set aside."""

    near_copies: float
    nn_ratio: float
    membership_auc: float
    windows: int
    untrained_auc: float = 0.5

    @property
    def alarm(self) -> bool:
        """Whether any of the three is beyond its limit by more than chance."""
        copies, ratio, auc = (chance / math.sqrt(self.windows) for chance in CHANCE)
        return (
            self.near_copies > NEAR_SHARE + copies
            or self.nn_ratio < LEAST_RATIO - ratio
            or self.membership_auc > MEMBERSHIP - 0.5 + max(0.5, self.untrained_auc) + auc
        )

    @property
    def line(self) -> str:
        """The three figures in words."""
        return (
            f"near copies {self.near_copies:.3f}, nn ratio {self.nn_ratio:.2f}, "
            f"membership AUC {self.membership_auc:.2f}"
        )


@dataclass(frozen=True, eq=False)
class HeldOutCheck:
    """Scores a generator against windows that it does not learn from.

    Calling it gives the mean over classes and features of d / (1 + d), 0 best and 1 worst, with d
    the Wasserstein-1 distance in units of the real sd: no single feature outweighs the others; 1 is
    added where the generator copies. say: is told each check. untrained_auc: of membership, before
    training. TrainingError where all windows of a
    class look alike.
    """

    generator: Sampler
    representation: Representation
    conditions: ConditionForm
    learning: Windows
    stopping: Windows
    seed: int
    say: Callable[[str], None] | None = None
    untrained_auc: float = 0.5

    def __call__(self) -> float:
        """Draw as many windows as are set aside, at most 600 in all, and compare."""
        made = self._draw()
        distances = []
        for index, name in enumerate(self.stopping.classes):
            real = self._of_stopping[self.stopping.label == index]
            if len(real):
                drawn = all_features(made.select(made.label == index)).values
                distances += _distances(drawn, real, name)
        score, copying = float(np.mean(distances)), self.copying(made)
        if self.say is not None:
            alarm = ": it copies" if copying.alarm else ""
            self.say(f"Check: distance {score:.3f}, {copying.line}{alarm}.")
        return score + COPYING * copying.alarm

    def copying_now(self) -> Copying:
        """Tell how the generator, as it is now, repeats what it learnt."""
        with one_thread():
            return self.copying(self._draw())

    def copying(self, made: Windows) -> Copying:
        """Tell how near drawn windows lie to learnt ones, beside those that are set aside.

        The worse of two views, by features and by readings; distances count beside what is usual in
        their class. Membership: the distance to the nearest
        drawn window over that to the nearest learnt window of another group, so that a person who is
        unlike the others does not count as known.
        """
        shares, ratios, aucs = [], [], [0.5]
        for view, drawn in zip(self._views, _places(made), strict=True):
            points = drawn / view.unit
            mine = _nearest(points, view.learnt) / view.usual[made.label]
            others = view.others / view.usual[self.stopping.label]
            shares.append(float((mine <= np.quantile(others, NEAR)).mean()))
            ratios.append(float(np.median(mine)) / max(float(np.median(others)), 1e-9))
            if view.known is not None:
                nearness = -_nearest(view.asked, points) / np.maximum(view.known, 1e-9)
                aucs.append(float(roc_auc_score(view.members, nearness)))
        return Copying(max(shares), min(ratios), max(aucs), len(self.stopping), self.untrained_auc)

    @cached_property
    def _views(self) -> list["_View"]:
        return [
            _view(
                _Set(learnt, self.learning.group, self.learning.label),
                _Set(other, self.stopping.group, self.stopping.label),
            )
            for learnt, other in zip(_places(self.learning), _places(self.stopping), strict=True)
        ]

    @cached_property
    def _of_stopping(self) -> Float64Array:
        return all_features(self.stopping).values

    def _draw(self) -> Windows:
        present = np.bincount(self.stopping.label, minlength=len(self.stopping.classes))
        share = CHECK_TOTAL / max(1, np.minimum(present, CHECK_WINDOWS).sum())
        counts = np.minimum(present, CHECK_WINDOWS) * min(1.0, share)
        counts = np.where(present > 0, np.maximum(counts, FEWEST), 0).astype(np.int64)
        label = np.repeat(np.arange(len(counts)), counts)
        rng = np.random.default_rng(self.seed)
        told = self.conditions.told(len(label), None, {})
        signals = self.representation.decode(self.generator.sample(label, told, rng))
        form = self.stopping.select(np.zeros(len(label), dtype=np.int64))
        return replace(form, signals=signals, label=label)


@dataclass(frozen=True, eq=False)
class _Set:
    """Windows as points (window, coordinate), whose each is, and of which class."""

    points: Float64Array
    group: StrArray
    label: IntArray


@dataclass(frozen=True, eq=False)
class _View:
    """Real windows as points (window, coordinate), in units of the learnt ones' sd.

    others: distances of those set aside to the nearest learnt. usual: the median of these by class, 1
    where it is 0 or none is set aside. asked: learnt windows and others of whom membership is asked,
    members telling which. known: the distance of each to the nearest learnt window of another group;
    None where there is one group.
    """

    unit: Float64Array
    learnt: Float64Array
    others: Float64Array
    usual: Float64Array
    asked: Float64Array
    members: IntArray
    known: Float64Array | None


def _view(learning: _Set, stopping: _Set) -> _View:
    spread = learning.points.std(axis=0)
    unit = np.where(spread > 1e-9, spread, 1.0)
    learnt, other = learning.points / unit, stopping.points / unit
    rows = np.linspace(0, len(learnt) - 1, min(len(learnt), MEMBERS)).astype(np.int64)
    asked = np.concatenate([learnt[rows], other])
    members = np.repeat([1, 0], [len(rows), len(other)])
    known = None
    if len(np.unique(learning.group)) > 1:
        known = np.empty(len(asked))
        group = np.concatenate([learning.group[rows], stopping.group])
        for name in np.unique(group):
            known[group == name] = _nearest(asked[group == name], learnt[learning.group != name])
    distances = _nearest(other, learnt)
    usual = np.ones(max(learning.label.max(), stopping.label.max()) + 1)
    for index in np.unique(stopping.label):
        usual[index] = np.median(distances[stopping.label == index]) or 1.0
    return _View(unit, learnt, distances, usual, asked, members, known)


def _places(windows: Windows) -> tuple[Float64Array, Float64Array]:
    """Give where windows lie: by features, and by readings."""
    readings = [s.values.reshape(len(windows), -1) for s in windows.signals.values()]
    return all_features(windows).values, np.concatenate(readings, axis=1).astype(np.float64)


def _nearest(points: Float64Array, others: Float64Array) -> Float64Array:
    return np.asarray(pairwise_distances_argmin_min(points, others)[1], dtype=np.float64)


def _distances(drawn: Float64Array, real: Float64Array, name: str) -> list[float]:
    """Give d / (1 + d) for each feature that varies, d its Wasserstein-1 distance in real sd."""
    spread = real.std(axis=0)
    moving = spread > 1e-9
    if not moving.any():
        raise DataError(
            f"the windows of {name!r} that were set aside for the early stop do not vary: "
            "nothing to compare. Look at them with 'wearsynth data describe', or train "
            "with --set-aside 0."
        )
    drawn, real, spread = drawn[:, moving], real[:, moving], spread[moving]
    _stop_if_collapsed(name, drawn.std(axis=0) / spread)
    columns = zip((drawn / spread).T, (real / spread).T, strict=True)
    distances = [wasserstein_distance(a, b) for a, b in columns]
    return [float(distance / (1 + distance)) for distance in distances]


def _stop_if_collapsed(name: str, relative_spread: Float64Array) -> None:
    spread = float(np.median(relative_spread))
    if spread < COLLAPSED_SPREAD:
        raise TrainingError(
            f"the generator has collapsed: its {name!r} windows are all alike (they vary {spread:.3f} "
            "times as much as real ones). Lower fit.learning_rate or raise fit.critic_updates."
        )


def set_aside(train: Windows, share: float, seed: int) -> tuple[Windows, Windows | None, str]:
    """Give the windows to learn from, those that decide when to stop, and a line that says how.

    Whole groups where there are four or more; else a stretch of each group's windows of each class,
    which catches copies but says less of new people.
    """
    groups = len(np.unique(train.group))
    if share == 0:
        return train, None, "No early stop (fit.set_aside is 0)"
    if groups >= LEAST_GROUPS:
        parts = split(train, holdout=share, seed=seed)
        if all(parts.train.counts.values()):
            held = len(np.unique(parts.holdout.group))
            return parts.train, parts.holdout, f"Early stop by {held} of {groups} groups set aside"
    aside = np.isin(np.arange(len(train)), _stretches(train))
    learning, stopping = train.select(~aside), train.select(aside)
    left = zip(learning.counts.values(), train.counts.values(), strict=True)
    if not aside.any() or not all(some for some, whole in left if whole):
        return train, None, "No early stop (too few windows to set any aside)"
    how = f"Early stop by a stretch of each group's windows, for want of groups ({groups})"
    return learning, stopping, how


def _stretches(train: Windows) -> IntArray:
    """Give the rows of the last of BLOCKS stretches of each group's windows of each class."""
    rows = []
    for group in np.unique(train.group):
        for index in range(len(train.classes)):
            mine = np.flatnonzero((train.group == group) & (train.label == index))
            mine = mine[np.argsort(train.start_s[mine], kind="stable")]
            rows.append(mine[len(mine) - len(mine) // BLOCKS :])
    return np.concatenate(rows)
