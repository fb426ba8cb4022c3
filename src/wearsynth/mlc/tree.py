"""Decision trees in the text form that ST's tools and Weka write: read, written, asked.

    F6_ENERGY_on_filter_BP_on_A_V2 <= 11.16
    |   F7_PeakToPeak_on_ACC_V2 <= 0.60: stationary
    |   F7_PeakToPeak_on_ACC_V2 >  0.60: cycling
    F6_ENERGY_on_filter_BP_on_A_V2 >  11.16: walking

A value up to the threshold takes the first branch. The sensor holds thresholds as halves.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import StrArray
from wearsynth.errors import FormatError, did_you_mean, shown
from wearsynth.files import atomic_file, read_bytes
from wearsynth.mlc.half import LARGEST, Halves, rnd

MOST_LINES = 4096
MOST_BYTES = 4_000_000
MOST_DEPTH = 100
_LINE = re.compile(
    r"(?P<bars>(\|\s+)*)(?P<feature>[^\s|:]+)\s*(?P<sign><=|>)\s*(?P<threshold>[-+.\deE]+)"
    r"\s*(:\s*(?P<label>.+?))?(\s+\(\d[\d./]*\))?"
)
_ALONE = re.compile(r":\s*(?P<label>.+?)(\s+\(\d[\d./]*\))?")
_WEKA_WORDS = re.compile(r"J48 .*|-+|Number of Leaves\s*:.*|Size of the tree\s*:.*")


@dataclass(frozen=True)
class Leaf:
    """An answer of a tree."""

    label: str


@dataclass(frozen=True)
class Branch:
    """A question of a tree: the feature is up to the threshold (low) or above it (high)."""

    feature: str
    threshold: float
    low: "Node"
    high: "Node"


Node: TypeAlias = Leaf | Branch


def branches_of(node: Node) -> Iterator[Branch]:
    """Give all questions of a tree, in the order of its text."""
    if isinstance(node, Branch):
        yield node
        yield from branches_of(node.low)
        yield from branches_of(node.high)


def labels_of(node: Node) -> Iterator[str]:
    """Give the answers of a tree, in the order of its text; a label may come again."""
    if isinstance(node, Leaf):
        yield node.label
    else:
        yield from labels_of(node.low)
        yield from labels_of(node.high)


def answers(node: Node, values: Halves, names: Sequence[str]) -> StrArray:
    """Give the tree's answer for each row, (window,), of features, (window, feature), so named."""
    made = np.empty(len(values), dtype=object)
    _answer(
        node,
        values,
        {name: index for index, name in enumerate(names)},
        np.arange(len(values)),
        made,
    )
    return made.astype(np.str_)


def _answer(
    node: Node,
    values: Halves,
    place: dict[str, int],
    rows: NDArray[np.intp],
    made: NDArray[np.object_],
) -> None:
    if isinstance(node, Leaf):
        made[rows] = node.label
        return
    low = values[rows, place[node.feature]] <= rnd(node.threshold)
    _answer(node.low, values, place, rows[low], made)
    _answer(node.high, values, place, rows[~low], made)


def tree_text(node: Node) -> str:
    """Give a tree's text; thresholds have two decimals, or as many digits as tell the half."""
    if isinstance(node, Leaf):
        return f": {node.label}\n"
    return "".join(f"{line}\n" for line in _lines(node, 0))


def _lines(node: Branch, depth: int) -> Iterator[str]:
    threshold = _threshold_text(node.threshold)
    for sign, child in (("<=", node.low), ("> ", node.high)):
        line = f"{'|   ' * depth}{node.feature} {sign} {threshold}"
        if isinstance(child, Leaf):
            yield f"{line}: {child.label}"
        else:
            yield line
            yield from _lines(child, depth + 1)


def _threshold_text(threshold: float) -> str:
    half = rnd(threshold)
    short = f"{threshold:.2f}"
    return (
        short
        if rnd(float(short)) == half
        else np.format_float_positional(np.float16(half), trim="0")
    )


def write_tree(node: Node, path: Path) -> None:
    """Write a tree's text, whole or not at all."""
    with atomic_file(path) as temporary:
        temporary.write_text(tree_text(node), encoding="utf-8", newline="\n")


def read_tree(path: Path, names: Sequence[str]) -> Node:
    """Give the tree of a text file over features of these names.

    FormatError, naming the line, where it is no such text or asks for a feature that there is not.
    """
    content = read_bytes(path)
    if len(content) > MOST_BYTES:
        problem = f"has {len(content)} bytes, more than any tree. Is it a tree in Weka's text form?"
        raise FormatError(path, problem)
    text = content.decode("utf-8-sig", errors="replace")
    numbered = enumerate(text.splitlines(), start=1)
    lines = [
        (number, line.strip())
        for number, line in numbered
        if line.strip() and not _WEKA_WORDS.fullmatch(line.strip())
    ]
    if not 1 <= len(lines) <= MOST_LINES:
        problem = f"holds {len(lines)} lines of a tree, expected 1 to {MOST_LINES}"
        raise FormatError(path, f"{problem}. Is it a decision tree in Weka's text form?")
    alone = _ALONE.fullmatch(lines[0][1])
    if alone and len(lines) == 1:
        return Leaf(alone["label"])
    reader = _TextReader(path, [_Line.of(path, number, line, names) for number, line in lines])
    node = reader.node(0)
    reader.check_done()
    return node


@dataclass(frozen=True)
class _Line:
    """One line of a tree's text. label: "" where the next lines go on below it."""

    number: int
    depth: int
    feature: str
    sign: str
    threshold: float
    label: str

    @classmethod
    def of(cls, path: Path, number: int, text: str, names: Sequence[str]) -> "_Line":
        found = _LINE.fullmatch(text)
        if found is None:
            problem = (
                f"expected a line such as 'F1_MEAN_on_ACC_V2 <= 1.02: still', got {shown(text)}"
            )
            raise FormatError(path, f"{problem}. Mend it, or export the tree again.", line=number)
        if found["feature"] not in names:
            known = did_you_mean(found["feature"], names)
            problem = (
                f"asks for {shown(found['feature'])}, which mlc_conf.json does not name.{known}"
            )
            raise FormatError(path, problem, line=number)
        try:
            threshold = float(found["threshold"])
        except ValueError:
            threshold = np.inf
        if not abs(threshold) <= LARGEST:
            problem = (
                f"expected a number up to {LARGEST:g}, got {shown(found['threshold'])}. Mend it."
            )
            raise FormatError(path, problem, line=number)
        depth = found["bars"].count("|")
        return cls(number, depth, found["feature"], found["sign"], threshold, found["label"] or "")


class _TextReader:
    """Walks down the lines of a tree."""

    def __init__(self, path: Path, lines: list[_Line]) -> None:
        self._path = path
        self._lines = lines
        self._next = 0

    def node(self, depth: int) -> Branch:
        """Give the question that stands next, at this depth, with all below it."""
        if depth > MOST_DEPTH:
            raise FormatError(
                self._path, f"is deeper than {MOST_DEPTH}. No sensor holds such a tree."
            )
        first = self._take(depth, "<=", None)
        low = self._child(first, depth)
        second = self._take(depth, ">", first)
        high = self._child(second, depth)
        return Branch(first.feature, first.threshold, low, high)

    def check_done(self) -> None:
        """Raise FormatError where lines are left over."""
        if self._next < len(self._lines):
            number = self._lines[self._next].number
            raise FormatError(
                self._path, "goes on after the tree's end. Remove the rest.", line=number
            )

    def _child(self, line: _Line, depth: int) -> Node:
        return Leaf(line.label) if line.label else self.node(depth + 1)

    def _take(self, depth: int, sign: str, partner: _Line | None) -> _Line:
        if self._next == len(self._lines):
            raise FormatError(self._path, "ends before the tree does. Copy or export it again.")
        line = self._lines[self._next]
        same = partner is None or (line.feature, line.threshold) == (
            partner.feature,
            partner.threshold,
        )
        if line.depth != depth or line.sign != sign or not same:
            wanted = f"of depth {depth} with {sign}"
            if partner is not None:
                wanted += f", the other branch of line {partner.number}"
            raise FormatError(self._path, f"expected a line {wanted}. Mend it.", line=line.number)
        self._next += 1
        return line
