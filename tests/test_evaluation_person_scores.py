"""The AUC by hand and at its ends, of people together and each alone, and what is kept of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from wearsynth.data import Windows, windows_from_arrays
from wearsynth.detecting_kept import load_told, save_told
from wearsynth.errors import FileError
from wearsynth.evaluation.person_bench import (
    BOTH,
    MADE,
    NOTHING,
    REAL,
    Made,
    decisions_of,
    make_bench,
)
from wearsynth.evaluation.person_scores import Told, area_lines, areas, auc, decided, told_by
from wearsynth.evaluation.stress_task import detectors, scorers, told_apart

PEOPLE, LABEL = np.array(["a", "a", "b", "b"]), np.array([0, 1, 0, 1])


def told(*score: float) -> Told:
    return Told(np.arange(len(score)), np.array(score))


def sweaty(people: int, *, effect: float, first: int = 0) -> Windows:
    """Give windows of 16 s at 1 Hz of two classes; the level is higher under stress."""
    rng = np.random.default_rng(first)
    label = np.tile(np.repeat([0, 1], 15), people)
    values = 2 + effect * label[:, None, None] + rng.normal(0, 1, (len(label), 16, 1))
    return windows_from_arrays(
        {"e4": (values, 1.0, (("eda", "uS"),))},
        np.where(label == 1, "stress", "rest"),
        classes=("rest", "stress"),
        subject=[f"p{first + i}" for i in range(people) for _ in range(30)],
    )


def test_auc_by_hand_and_at_its_ends() -> None:
    score, positive, once = (
        np.array([1.0, 2.0, 2.0, 3.0]),
        np.array([False, True, False, True]),
        np.ones(4),
    )
    assert auc(score, positive, once) == pytest.approx(3.5 / 4)
    assert auc(positive.astype(float), positive, once) == 1
    assert auc(-positive.astype(float), positive, once) == 0
    assert auc(once, positive, once) == 0.5
    weights = np.array([[1.0, 1, 1, 0], [0, 1, 1, 1], [1, 0, 1, 0]])
    found = auc(score, positive, weights)
    assert found[:2] == pytest.approx([1.5 / 2, 1.5 / 2]) and np.isnan(found[2])


def test_auc_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    score, weight = rng.integers(0, 9, 60).astype(float), rng.uniform(0, 2, 60)
    positive = rng.uniform(size=60) < 0.4
    expected = roc_auc_score(positive, score, sample_weight=weight)
    assert auc(score, positive, weight) == pytest.approx(expected)


def test_people_on_scales_of_their_own_are_told_apart_each_but_not_together() -> None:
    each = {REAL: [told(0, 1, 10, 11)], MADE: [told(1, 0, 11, 10)], BOTH: [told(0, 1, 0, 1)]}
    rows, differences = areas("trees", each, PEOPLE, LABEL)
    assert [(row.trained_on, row.value, row.own) for row in rows] == [
        (REAL, 0.75, 1.0),
        (MADE, 0.25, 0.0),
        (BOTH, 1.0, 1.0),
    ]
    assert [row.value for row in differences] == [-0.5, 0.25]
    assert rows[2].interval == (1.0, 1.0) and rows[0].interval == (0.75, 1.0)
    lines = area_lines(rows, differences)
    assert lines[1].startswith("trees") and "0.750  0.75 to 1.00    1.000" in lines[2]


def test_seeds_are_averaged_and_a_window_that_two_sets_tell_weighs_once() -> None:
    each = {REAL: [told(0, 1, 0, 1), told(1, 0, 1, 0)]}
    each |= {MADE: each[REAL], BOTH: each[REAL]}
    assert areas("trees", each, PEOPLE, LABEL)[0][0].value == 0.5
    twice = Told(np.array([0, 0, 1, 2, 3]), np.array([2.0, 0, 1, 0, 1]))
    every = {name: [twice] for name in (REAL, MADE, BOTH)}
    rows, _ = areas("trees", every, PEOPLE, LABEL)
    assert rows[0].value == pytest.approx(3 / 4)


def test_where_nothing_can_be_told_apart_there_is_no_area() -> None:
    each = {name: [told(0, 1, 0, 1)] for name in (REAL, MADE, BOTH)}
    assert areas("trees", each, PEOPLE, np.zeros(4, dtype=np.int64)) == ([], [])
    rows, _ = areas("trees", each, np.array(["a", "b", "a", "b"]), LABEL)
    assert rows[0].own is None and area_lines(rows, [])[2].endswith("1.000  1.00 to 1.00")


def test_scores_decide_as_detectors_do_and_come_back_as_they_were(tmp_path: Path) -> None:
    real = told_apart(sweaty(4, effect=0.3))
    synthetic = told_apart(sweaty(2, effect=0.3, first=9))
    seen = frozenset({"p0", "p1"})
    bench = make_bench([Made("made", synthetic, seen)], real=real, folds=2, seed=0)
    found = told_by(bench, "trees", scorers(["trees"])["trees"], added=1.0)
    expected = decisions_of(bench, detectors(["trees"])["trees"])
    path = tmp_path / "scores" / "trees-0.parquet"
    save_told(path, found, bench)
    for kept in (found, load_told(path)):
        ours = decided(bench, kept)
        assert list(ours) == list(expected) and NOTHING in ours
        for name, of in expected.items():
            assert np.array_equal(of, ours[name]), name
    path.write_bytes(b"PAR1")
    with pytest.raises(FileError, match="holds no scores"):
        load_told(path)


def test_stress_that_shows_has_a_large_area_and_none_has_a_half() -> None:
    for effect, low, high in ((3.0, 0.99, 1.0), (0.0, 0.3, 0.7)):
        real, made = (told_apart(sweaty(4, effect=effect, first=first)) for first in (0, 20))
        made = replace(made, subject=np.full(len(made), ""))
        bench = make_bench([Made("made", made, frozenset({"q"}))], real=real, folds=2, seed=0)
        for name, learn in scorers(["trees", "boosting"]).items():
            found = {k: [v] for k, v in told_by(bench, name, learn, added=1.0).items()}
            for row in areas(name, found, bench.real.group, bench.real.label)[0]:
                assert low <= row.value <= high, (effect, row)
