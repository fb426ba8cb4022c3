"""A decision tree fitted to features, within what a sensor holds, and its accuracy on other groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import IntArray, StrArray
from wearsynth.mlc.half import Halves, rnd
from wearsynth.mlc.logs import LogSet
from wearsynth.mlc.tree import Branch, Leaf, Node, answers
from wearsynth.mlc.twin import FeatureTable
from wearsynth.names import natural_key

FEWEST_IN_A_LEAF = 5
MOST_FOLDS = 5


@dataclass(frozen=True)
class HeldOut:
    """How often a tree is right on windows of groups that it was not fitted to.

    by_group: (windows, right ones) of each group. folds: 0 where there was one group only.
    """

    folds: int
    by_group: Mapping[str, tuple[int, int]]

    @property
    def accuracy(self) -> float:
        """Right windows over all windows, NaN without folds."""
        windows = sum(count for count, _ in self.by_group.values())
        return sum(right for _, right in self.by_group.values()) / windows if windows else np.nan


def fit_tree(values: Halves, labels: StrArray, names: Sequence[str], *, max_nodes: int) -> Node:
    """Give a tree of at most max_nodes questions and answers, fitted by scikit-learn.

    values: (window, feature) halves; labels: (window,) classes. Thresholds are halves that part the
    windows as the fit does.
    """
    from sklearn.tree import DecisionTreeClassifier  # 0.5 s, and `mlc run` needs none of it

    fitted = DecisionTreeClassifier(
        criterion="entropy",
        max_leaf_nodes=max(2, (max_nodes + 1) // 2),
        min_samples_leaf=FEWEST_IN_A_LEAF,
        random_state=0,
    ).fit(values, labels)
    return _node(fitted, 0, names)


def _node(fitted: Any, index: int, names: Sequence[str]) -> Node:
    inside = fitted.tree_
    if inside.children_left[index] < 0:
        return Leaf(str(fitted.classes_[inside.value[index, 0].argmax()]))
    low = _node(fitted, inside.children_left[index], names)
    high = _node(fitted, inside.children_right[index], names)
    if isinstance(low, Leaf) and low == high:
        return low
    return Branch(names[inside.feature[index]], half_below(inside.threshold[index]), low, high)


def half_below(threshold: float) -> float:
    """Give the largest half that is not above a number."""
    half = float(rnd(threshold))
    return half if half <= threshold else float(np.nextafter(np.float16(half), np.float16(-np.inf)))


def held_out(table: FeatureTable, logs: LogSet, *, max_nodes: int) -> HeldOut:
    """Give the accuracy by group: in each fold a tree is fitted to the other groups' windows."""
    fold = _folds(logs)
    label = np.array([log.label for log in logs.logs], dtype=np.str_)[table.log]
    group = np.array([log.group for log in logs.logs], dtype=np.str_)[table.log]
    count = int(fold.max()) + 1
    if count < 2:
        return HeldOut(0, {})
    right = np.zeros(len(label), dtype=bool)
    for index in range(count):
        out: NDArray[np.bool_] = fold[table.log] == index
        if out.any() and not out.all():
            node = fit_tree(table.values[~out], label[~out], table.names, max_nodes=max_nodes)
            right[out] = answers(node, table.values[out], table.names) == label[out]
    names = sorted(set(group.tolist()), key=natural_key)
    return HeldOut(
        count,
        {name: (int((group == name).sum()), int(right[group == name].sum())) for name in names},
    )


def _folds(logs: LogSet) -> IntArray:
    """Give the fold of each log, (log,): people in turn; of recordings runs of neighbours by class.

    Neighbouring recordings are often one person's, so they are held out together.
    """
    names = sorted({log.group for log in logs.logs}, key=natural_key)
    if logs.people:
        count = min(MOST_FOLDS, len(names))
        return np.array([names.index(log.group) % count for log in logs.logs])
    by_class = {
        label: sorted({log.group for log in logs.logs if log.label == label}, key=natural_key)
        for label in logs.classes
    }
    count = min(MOST_FOLDS, *(len(groups) for groups in by_class.values()))
    place = {
        name: index
        for groups in by_class.values()
        for index, run in enumerate(np.array_split(groups, count))
        for name in run.tolist()
    }
    return np.array([place[log.group] for log in logs.logs])
