"""The benchmark of private releases: cuts, scores by person, gain shares, candidates."""

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SHARED = BENCHMARKS.parent.parent / "shared"

pytestmark = pytest.mark.skipif(
    not (BENCHMARKS / "private_release.py").exists(),
    reason="the benchmarks are not part of this copy",
)
if BENCHMARKS.is_dir():
    sys.path.insert(0, str(BENCHMARKS))
    release, scores, sets, simulated = (
        importlib.import_module(f"private_release{n}")
        for n in ("", "_scores", "_sets", "_simulated")
    )


def row(right: float, *, people: int = 3) -> Any:
    """A row whose AUC is `right` for everybody, in two folds."""
    pairs = np.full((people, people), 4.0)
    of = [
        scores.Score(fold, np.stack([pairs * right] * 2), pairs, np.zeros(2), 0.3)
        for fold in (0, 1)
    ]
    return scores.Row("row", "private", of)


def test_the_gain_share_is_zero_at_no_data_and_one_at_real() -> None:
    none, real = [row(0.5), row(0.6)], row(0.8)
    for right, share in ((0.6, 0.0), (0.7, 0.5), (0.8, 1.0), (0.5, -0.5)):
        gain = scores.gain(row(right), none, real)
        assert gain.share == pytest.approx(share)
        assert (gain.share_low, gain.share_high) == pytest.approx((share, share))


def test_there_is_no_share_where_real_windows_gain_nothing() -> None:
    assert np.isnan(scores.gain(row(0.7), [row(0.8)], row(0.75)).share)


def test_pairs_across_people_count_and_ties_by_half() -> None:
    chance = np.array([0.9, 0.1, 0.5, 0.5])
    truth, person = np.array([1, 0, 1, 0]), np.array([0, 0, 1, 1])
    assert scores._above(chance, truth, person, 2).tolist() == [[1, 1], [1, 0.5]]


def test_scores_are_averaged_over_draws_then_folds_never_pooled() -> None:
    pairs = np.ones((1, 1))
    of = [
        scores.Score(fold, np.full((2, 1, 1), right), pairs, np.zeros(2), 0.3)
        for fold, right in ((0, 1.0), (0, 1.0), (1, 0.0))
    ]
    assert scores.Row("row", "private", of).mean("auc") == [0.5, 0.5]


def test_windows_have_one_label_and_none_is_cut_where_there_is_none() -> None:
    label = np.repeat([-1, 0, 1], [10, 95, 60])
    windows, labels = sets._cut(np.arange(165.0)[:, None], label)
    assert labels.tolist() == [0, 0, 1]
    assert windows[:, 0, 0].tolist() == [10, 40, 105]


def test_always_stress_by_hand() -> None:
    held = SimpleNamespace(scores=[SimpleNamespace(stress_share=0.25)])
    assert release._always([held]) == pytest.approx(0.2)  # F1 of stress .4, of rest 0


@pytest.mark.skipif(not SHARED.is_dir(), reason="the recordings (../shared) are not here")
def test_both_sets_are_read_in_one_form() -> None:
    one, other = sets.e4_stress(SHARED), sets.wesad(SHARED)
    assert len(np.unique(one.subject)) == 17
    assert len(np.unique(other.subject)) == 15
    assert one.classes == other.classes == ("rest", "stress")
    assert max(np.abs(of.signal("e4").values).max() for of in (one, other)) == 4
    folds = list(sets.folds_of(one, 5, seed=0))
    held = np.concatenate([np.unique(fold.judging.subject) for fold in folds])
    assert sorted(held) == sorted(np.unique(one.subject))


def test_a_linear_judge_by_hand() -> None:
    of = SimpleNamespace(within=np.eye(2))
    true = np.array([np.sqrt(2.0), 0.0])  # two normals, one sd of their difference apart: Phi(1)
    assert simulated.auc(of, true, true) == pytest.approx(0.8413, abs=1e-4)
    assert simulated.auc(of, -true, true) == pytest.approx(0.1587, abs=1e-4)
    assert simulated.auc(of, np.array([0.0, 1.0]), true) == pytest.approx(0.5)


def test_simulated_people_of_one_kind_are_their_true_difference() -> None:
    alike = np.tile([1.0, 0.0, -1.0], (5, 1))
    of = SimpleNamespace(own=alike, book=np.zeros(3))
    true, people = simulated.simulated(of, 4, 0.5, seed=1)
    assert people == pytest.approx(np.tile(true / 2, (4, 1)))
