from dataclasses import replace

import numpy as np
import pytest

from attack_toys import ALL, OTHERS, TRAIN, trial_of
from toy import people, with_acc
from wearsynth.data import Windows
from wearsynth.evaluation.controls import noised
from wearsynth.evaluation.copies import copy_scores
from wearsynth.evaluation.linkage import coarse, concentration, linkage_scores
from wearsynth.evaluation.scores import Score
from wearsynth.evaluation.shifted import mean_squares, shifted_distances


def linked(synthetic: Windows, *, warped: bool = False) -> dict[str, Score]:
    return {s.name: s for s in linkage_scores(trial_of(synthetic), warped=warped)}


def test_concentration_is_the_share_of_the_most_frequent_name() -> None:
    people = np.array([["a", "a", "b", "c"], ["a", "a", "a", "a"], ["a", "b", "c", "d"]])
    assert concentration(people).tolist() == [0.5, 1.0, 0.25]


def test_coarse_averages_stretches() -> None:
    values = np.arange(2 * 300 * 1, dtype=np.float64).reshape(2, 300, 1)
    made = coarse(values)
    assert made.shape == (2, 1, 100)
    assert made[0, 0, :2].tolist() == [1.0, 4.0]
    assert coarse(values[:, :7]).shape == (2, 1, 7)


def test_copies_point_to_one_person_by_both_ways() -> None:
    copies = linked(noised(TRAIN, share=0.01, seed=0), warped=True)
    others = linked(OTHERS, warped=True)
    for name in ("linkage_features", "linkage_dtw"):
        mine, theirs = copies[name].value, others[name].value
        assert mine is not None and theirs is not None and mine > theirs
        assert "by chance give 0." in copies[name].note
    assert copies["linkage_features"].verdict in {"weak", "bad"}
    assert others["linkage_features"].verdict in {"ok", "weak"}


def test_with_one_training_person_all_links_are_sure_and_chance_says_so() -> None:
    trial = trial_of(OTHERS, train=people(ALL, 0, 1))
    [score] = linkage_scores(trial, warped=False)
    assert score.value == 1.0
    assert "by chance give 1.00" in score.note


def test_links_do_not_depend_on_the_order_of_rows() -> None:
    turned = OTHERS.select(np.arange(len(OTHERS))[::-1])
    assert linked(turned) == linked(OTHERS)


def test_mean_squares_by_hand() -> None:
    window = np.array([[1.0], [2.0], [3.0], [4.0]])
    other = np.array([[[2.0], [3.0], [4.0], [9.0]]])
    # lag -1: window[t - 1] against other[t]: (1, 2, 3) - (3, 4, 9)
    # lag 0: (1, 2, 3, 4) - (2, 3, 4, 9); lag 1: (2, 3, 4) - (2, 3, 4)
    found = mean_squares(window, other, np.array([-1, 0, 1]))
    np.testing.assert_allclose(found, [[(4 + 4 + 36) / 3, 28 / 4, 0.0]], atol=1e-12)


def test_shifts_are_found_in_all_signals_at_once_each_at_its_rate() -> None:
    rng = np.random.default_rng(0)
    fast, slow = rng.normal(size=(6, 100, 3)), rng.normal(size=(6, 25, 1))
    acc = ALL.signals["acc"]
    whole = ALL.select(slice(0, 6))

    def cut(fast_at: int, slow_at: int) -> Windows:
        signals = {
            "acc": replace(
                acc, values=fast[:, fast_at : fast_at + 80].astype(np.float32), rate_hz=32
            ),
            "eda": replace(
                acc,
                values=slow[:, slow_at : slow_at + 20].astype(np.float32),
                rate_hz=8,
                channels=acc.channels[:1],
            ),
        }
        return replace(whole, signals=signals)

    here = np.arange(6)[:, None]
    together = shifted_distances(cut(12, 3), cut(0, 0), here)
    apart = shifted_distances(cut(12, 3), cut(0, 3), here)
    assert together.max() < 1e-3
    assert apart.min() > 0.1
    assert shifted_distances(cut(0, 0), cut(0, 0), here).max() < 1e-6


def test_copies_cut_later_are_found_under_shift_alone() -> None:
    rng = np.random.default_rng(1)
    long = np.cumsum(rng.normal(size=(len(ALL), 75, 3)), axis=1) / 5
    early, late = with_acc(ALL, long[:, :60]), with_acc(ALL, long[:, 12:72])
    of_train, of_holdout = (
        np.isin(ALL.subject, np.unique(w.subject)) for w in (TRAIN, people(ALL, 16, 24))
    )
    trial = trial_of(
        late.select(of_train), train=early.select(of_train), holdout=early.select(of_holdout)
    )
    scores = {s.name: s for s in copy_scores(trial)}
    assert scores["near_copies_shifted"].value == pytest.approx(1.0, abs=0.05)
    assert scores["near_copies_shifted"].verdict == "suspicious (copy?)"
    plain = scores["near_copies"].value
    assert plain is not None and plain < 0.6


def test_other_people_are_no_copies_under_shift() -> None:
    score = {s.name: s for s in copy_scores(trial_of(OTHERS))}["near_copies_shifted"]
    assert score.verdict in {"ok", "weak"}
    assert score.value is not None and score.value < 0.1
