"""The twin at work: logs in, features, answers of the tree and outputs of the sensor out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import IntArray, StrArray
from wearsynth.errors import ConfigError, DataError, did_you_mean, shown
from wearsynth.mlc import tree as trees
from wearsynth.mlc.configuration import Configuration, TreeEntry
from wearsynth.mlc.features import FEATURES, InputWindows
from wearsynth.mlc.half import LARGEST, Halves
from wearsynth.mlc.inputs import INPUTS, counts_of, half_g
from wearsynth.mlc.meta import outputs
from wearsynth.mlc.tree import Node


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Features of logs: values (window, feature) halves, named; log (window,) which log, from 0.

    number: (window,) the window's place in its log, from 0.
    """

    values: Halves
    names: tuple[str, ...]
    log: IntArray
    number: IntArray

    def without_first(self, windows: int) -> "FeatureTable":
        """Give the table without so many first windows of every log."""
        kept = self.number >= windows
        return FeatureTable(self.values[kept], self.names, self.log[kept], self.number[kept])


@dataclass(frozen=True, eq=False)
class Answers:
    """What a sensor answers at the end of each window, (window,): log and number as in FeatureTable.

    label: the tree's answer; value: its number; output: the number after the meta-classifier;
    output_label: its class, "" while there is none.
    """

    log: IntArray
    number: IntArray
    label: StrArray
    value: IntArray
    output: IntArray
    output_label: StrArray


def features_of(logs: Sequence[NDArray[np.float64]], configuration: Configuration) -> FeatureTable:
    """Give the features of every whole window of logs, each (time, axis) in mg, state new in each.

    A value beyond the largest half is infinite. DataError where no log holds a window.
    """
    length = configuration.window_length
    sizes = [len(log) // length for log in logs]
    if not sum(sizes):
        longest = max(map(len, logs), default=0)
        raise DataError(
            f"no log holds a window of {length} readings, the longest has {longest}. "
            "Give longer logs, or lower window_length."
        )
    number = np.concatenate([np.arange(size) for size in sizes])
    whole = [log[: size * length] for log, size in zip(logs, sizes, strict=True)]
    needed = {feature.input for feature in configuration.features}
    windows = {
        name: InputWindows.of(x.reshape(-1, length), number == 0)
        for name, x in _inputs(whole, configuration, needed).items()
    }
    columns = [FEATURES[f.name](windows[f.input]) for f in configuration.features]
    return FeatureTable(
        values=np.stack(columns, axis=1),
        names=configuration.feature_names,
        log=np.repeat(np.arange(len(logs)), sizes),
        number=number,
    )


def doubts(
    logs: Sequence[NDArray[np.float64]], configuration: Configuration, table: FeatureTable
) -> tuple[str, ...]:
    """Give a line for each thing in these logs with which the twin was never compared to ST's tools."""
    lines = []
    windows = int(np.isinf(table.values).any(axis=1).sum())
    if windows:
        what = f"{windows} window(s) have a feature beyond {LARGEST:g}, the largest half"
        lines.append(f"{what}: taken as infinite, what the sensor does then is not known")
    range_mg = 1000 * configuration.full_scale_g
    readings = sum(int((np.abs(log) > range_mg).any(axis=1).sum()) for log in logs)
    if readings:
        what = f"{readings} reading(s) are beyond the range of {configuration.full_scale_g} g"
        lines.append(f"{what}, which a sensor clips: taken as they are")
    return tuple(lines)


def _inputs(
    logs: Sequence[NDArray[np.float64]], configuration: Configuration, needed: set[str]
) -> dict[str, Halves]:
    """Give each input that is needed, (time,), of all logs one after the other."""
    xyz = half_g(counts_of(np.concatenate(logs)))
    ends = np.cumsum([len(log) for log in logs])[:-1]
    made = {name: INPUTS[name](xyz) for name in INPUTS if name in needed}
    for item in configuration.filters:
        name = f"{item.input}_{item.filter_id}"
        if name in needed:
            plain = made[item.input] if item.input in made else INPUTS[item.input](xyz)
            parts = [item.band_pass.over(part) for part in np.split(plain, ends)]
            made[name] = np.concatenate(parts)
    return made


def check_tree(node: Node, entry: TreeEntry) -> None:
    """Raise ConfigError where a tree answers a class without an output value."""
    for label in trees.labels_of(node):
        if label not in entry.results:
            known = did_you_mean(label, entry.results)
            problem = f"answers {shown(label)}, to which mlc_conf.json gives no value"
            raise ConfigError(f"{entry.filename}: {problem}.{known}")


def answers_of(table: FeatureTable, node: Node, entry: TreeEntry) -> Answers:
    """Give what the sensor answers window by window, from the first of each log on."""
    check_tree(node, entry)
    label = trees.answers(node, table.values, table.names)
    value = np.array([entry.results[name] for name in label.tolist()], dtype=np.int64)
    output = np.concatenate(
        [
            np.array(outputs(part.tolist(), entry.end_counters), dtype=np.int64)
            for part in np.split(value, np.flatnonzero(np.diff(table.log)) + 1)
        ]
    )
    named = {number: name for name, number in entry.results.items()}
    confirmed = np.array([named.get(number, "") for number in output.tolist()], dtype=np.str_)
    return Answers(table.log, table.number, label, value, output, confirmed)
