"""Trees as text, and the meta-classifier by hand."""

from pathlib import Path

import numpy as np
import pytest

from wearsynth.errors import FormatError
from wearsynth.mlc.half import of_bits, rnd
from wearsynth.mlc.meta import outputs
from wearsynth.mlc.tree import (
    Branch,
    Leaf,
    answers,
    branches_of,
    labels_of,
    read_tree,
    tree_text,
    write_tree,
)

NAMES = ("F1", "F2")
TEXT = """F1 <= 1.50
|   F2 <= -0.25: a
|   F2 >  -0.25: b
F1 >  1.50: a
"""
TREE = Branch("F1", 1.5, Branch("F2", -0.25, Leaf("a"), Leaf("b")), Leaf("a"))


def read(folder: Path, text: str) -> object:
    (folder / "t.txt").write_text(text, encoding="utf-8")
    return read_tree(folder / "t.txt", NAMES)


def test_a_tree_is_read_and_written(tmp_path: Path) -> None:
    assert read(tmp_path, TEXT) == TREE
    assert tree_text(TREE) == TEXT
    write_tree(TREE, tmp_path / "out.txt")
    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == TEXT
    assert [branch.feature for branch in branches_of(TREE)] == ["F1", "F2"]
    assert list(labels_of(TREE)) == ["a", "b", "a"]


def test_what_weka_writes_around_a_tree_is_passed_over(tmp_path: Path) -> None:
    lines = TEXT.replace(": a", ": a (12.0/1.0)").replace(": b", ": b (3.0)")
    head, foot = (
        "J48 pruned tree\n---------------\n\n",
        "\nNumber of Leaves  : \t3\n\nSize of the tree : 5\n",
    )
    weka = f"{head}{lines}{foot}"
    assert read(tmp_path, weka) == TREE
    assert read(tmp_path, ": a (12.0)\n") == Leaf("a") == read(tmp_path, tree_text(Leaf("a")))


def test_a_value_up_to_the_threshold_takes_the_first_branch() -> None:
    values = np.array([[1.5, -0.25], [1.5, 0.0], [1.501953125, 0.0]])
    assert answers(TREE, values, NAMES).tolist() == ["a", "b", "a"]


def test_thresholds_are_halves() -> None:
    half = float(rnd(0.6))
    assert half > 0.6
    tree = Branch("F1", 0.6, Leaf("low"), Leaf("high"))
    assert answers(tree, np.array([[half]]), ("F1",)).tolist() == ["low"]


def test_every_half_survives_as_text(tmp_path: Path) -> None:
    halves = of_bits(np.arange(0, 0x7C00, 7))
    for sign in (1, -1):
        trees = [Branch("F1", float(sign * half), Leaf("a"), Leaf("b")) for half in halves]
        said = [tree_text(tree).split()[2].rstrip(":") for tree in trees]
        assert np.array_equal(rnd([float(text) for text in said]), sign * halves)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "holds 0 lines of a tree"),
        ("hello\n", "line 1: expected a line such as"),
        ("F1 <= x: a\nF1 > x: b\n", "line 1: expected a line such as"),
        ("F1 <= 1-2: a\nF1 > 1-2: b\n", "line 1: expected a number up to 65504, got '1-2'"),
        ("F1 <= 1e9: a\nF1 > 1e9: b\n", "line 1: expected a number up to 65504"),
        (
            "F3 <= 1: a\nF3 > 1: b\n",
            r"line 1: asks for 'F3', which mlc_conf.json does not name. Known: F1, F2",
        ),
        ("F1 <= 1: a\n", "ends before the tree does"),
        ("F1 <= 1\n", "ends before the tree does"),
        (
            "F1 <= 1: a\nF1 > 2: b\n",
            "line 2: expected a line of depth 0 with >, the other branch of line 1",
        ),
        ("F1 > 1: a\nF1 <= 1: b\n", "line 1: expected a line of depth 0 with <="),
        ("F1 <= 1: a\n|  F1 > 1: b\n", "line 2: expected a line of depth 0"),
        (f"{TEXT}F2 <= 1: a\n", "line 5: goes on after the tree's end"),
        ("F1 <= 1\n" * 5000, "holds 5000 lines"),
        ("".join(f"{'| ' * d}F1 <= 1\n" for d in range(200)), "is deeper than 100"),
        ("\0\x01\xff" * 10, "line 1: expected a line"),
    ],
)
def test_what_is_no_tree_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(FormatError, match=rf"t.txt.*{problem}"):
        read(tmp_path, text)


def test_the_output_follows_when_a_counter_exceeds_its_end_counter() -> None:
    # end counter 2: the third like answer; group 0 holds 0 to 3, group 1 holds 4 to 7
    assert outputs([1, 1, 1, 1], (2, 2, 2, 2)) == [0, 0, 1, 1]
    # 1 1 4 1 1 : counter of group 0 is 1 2 1 2 3
    assert outputs([1, 1, 4, 1, 1], (2, 2, 2, 2)) == [0, 0, 0, 0, 1]
    # group 0: 1 2 3 2 1 0 0; group 1: 0 0 0 1 2 3 4
    assert outputs([1, 1, 1, 4, 4, 4, 4], (2, 2, 2, 2)) == [0, 0, 1, 1, 1, 4, 4]


def test_answers_of_one_group_share_a_counter() -> None:
    assert outputs([1, 2, 3], (2, 2, 2, 2)) == [0, 0, 3]
    assert outputs([3, 4, 3], (0, 1, 0, 0)) == [3, 3, 3]


def test_without_end_counters_the_output_is_the_answer() -> None:
    assert outputs([1, 4, 1], ()) == [1, 4, 1]
    assert outputs([], (2, 2, 2, 2)) == []
