"""Usefulness: its mathematics by hand, its ends, and what must not be found."""

from dataclasses import replace

import numpy as np
import pytest

from toy import people
from utility_toys import ALL, HOLDOUT, OTHERS, SHUFFLED, TRAIN, made, trial_of, value
from wearsynth.data import Windows
from wearsynth.evaluation import Score, Scores, evaluate
from wearsynth.evaluation.augmentation import numbers
from wearsynth.evaluation.decisions import (
    cannot_rank,
    class_f1s,
    macro_f1s,
    resampled,
    tally,
    tally_each,
)
from wearsynth.evaluation.trial import Trial
from wearsynth.evaluation.utility import utility_scores, with_disagreement


def scores_of(trial: Trial) -> dict[str, Score]:
    return {score.name: score for score in utility_scores(trial).scores}


def two_classes(windows: Windows) -> Windows:
    """Give still against moving, moving twice as many."""
    return replace(windows, label=np.minimum(windows.label, 1), classes=("still", "moving"))


@pytest.fixture(scope="module")
def of_others() -> dict[str, Score]:
    return scores_of(trial_of(OTHERS))


@pytest.fixture(scope="module")
def of_shuffled() -> dict[str, Score]:
    return scores_of(trial_of(SHUFFLED))


def test_f1_by_hand_for_many_matrices_at_once() -> None:
    one, two = np.array([[3, 1], [2, 4]]), np.array([[0, 0], [0, 5]])
    both = np.stack([one, two])
    assert class_f1s(both) == pytest.approx(np.array([[6 / 9, 8 / 11], [0, 1]]))
    assert macro_f1s(both) == pytest.approx([(6 / 9 + 8 / 11) / 2, 1.0])


def test_tallies_add_up_to_all_decisions() -> None:
    decided = np.roll(HOLDOUT.label, 1)
    by_group, each = tally(HOLDOUT, decided), tally_each(HOLDOUT, decided)
    assert by_group.shape == (6, 3, 3) and len(each) == len(HOLDOUT)
    assert (by_group.sum(axis=0) == each.sum(axis=0)).all()
    assert by_group.sum(axis=(1, 2)).tolist() == [30] * 6


def test_resampling_draws_whole_groups_and_is_paired_by_its_seed() -> None:
    by_group = np.stack([np.diag([10**power, 0]) for power in range(4)])
    drawn = resampled(by_group, seed=3)[:, 0, 0]
    digits = np.array([[int(d) for d in f"{total:04d}"] for total in drawn])
    assert (digits.sum(axis=1) == 4).all()
    assert len(set(drawn.tolist())) > 10
    assert (resampled(2 * by_group, seed=3)[:, 0, 0] == 2 * drawn).all()


def test_what_cannot_rank_is_said() -> None:
    assert cannot_rank((-0.05, 0.05), 6) == ""
    assert "5 holdout group(s)" in cannot_rank((-0.05, 0.05), 5)
    assert "from -0.20 to +0.15" in cannot_rank((-0.2, 0.15), 20)
    assert cannot_rank((-0.5, -0.1), 6) == ""


def test_synthetic_windows_are_added_as_many_as_there_are() -> None:
    assert numbers(100, 1000) == [50, 100, 200, 500]
    assert numbers(100, 120) == [50, 100, 120]
    assert numbers(100, 30) == [30]
    assert numbers(100, 1000, shares=(1.0,)) == [100]
    assert numbers(1, 1) == [1]


def test_windows_of_other_people_serve_in_every_way(of_others: dict[str, Score]) -> None:
    assert list(of_others) == [
        f"{way}_macro_f1_trees" for way in ("tstr", "trtr", "trts", "augmented")
    ]
    for name in ("tstr_macro_f1_trees", "trts_macro_f1_trees"):
        assert of_others[name].verdict == "ok", name
        assert value(of_others[name]) > 0.9
    added = of_others["augmented_macro_f1_trees"]
    assert added.verdict == "for comparison"
    assert added.interval_of == "gain over TRTR"
    assert "1 x as many" in added.note and "0.5 x" in added.note


def test_shuffled_labels_fail_in_every_way(of_shuffled: dict[str, Score]) -> None:
    for name in ("tstr_macro_f1_trees", "trts_macro_f1_trees"):
        assert of_shuffled[name].verdict == "bad", name
        assert 0.15 < value(of_shuffled[name]) < 0.55
    assert value(of_shuffled["augmented_macro_f1_trees"]) < 0.95
    assert "adding them harms" in of_shuffled["augmented_macro_f1_trees"].note


def test_windows_labelled_as_the_next_class_reach_nothing() -> None:
    turned = replace(OTHERS, label=(OTHERS.label + 1) % 3)
    scores = scores_of(trial_of(turned))
    assert value(scores["tstr_macro_f1_trees"]) < 0.1
    assert value(scores["trts_macro_f1_trees"]) < 0.1


def test_the_holdout_itself_is_known_to_a_judge_of_it() -> None:
    assert value(scores_of(trial_of(made(HOLDOUT)))["trts_macro_f1_trees"]) == 1.0


def test_the_rarer_of_two_classes_is_named_and_stands_beside_real() -> None:
    sets = [two_classes(windows) for windows in (OTHERS, TRAIN, HOLDOUT)]
    score = scores_of(trial_of(sets[0], train=sets[1], holdout=sets[2]))["tstr_rarer_f1_trees"]
    assert value(score) > 0.95
    assert "class 'still'; trained on real windows" in score.note
    assert score.reference is not None and score.interval_of == "TSTR - TRTR"


def test_always_saying_the_common_class_finds_nothing_of_the_rarer() -> None:
    sets = [two_classes(windows) for windows in (OTHERS, TRAIN, HOLDOUT)]
    moving = sets[0].of_class("moving")
    scores = scores_of(trial_of(moving, train=sets[1], holdout=sets[2]))
    assert value(scores["tstr_rarer_f1_trees"]) == 0.0
    assert value(scores["tstr_macro_f1_trees"]) == pytest.approx(0.4)  # 2 of 3 are right: F1 .8, 0
    assert "no synthetic windows of still" in scores["tstr_macro_f1_trees"].note


def test_a_class_that_is_missing_does_not_spoil_trts() -> None:
    score = scores_of(trial_of(OTHERS.select(OTHERS.label > 0)))["trts_macro_f1_trees"]
    assert value(score) > 0.9
    assert score.reference is not None and score.reference.mean > 0.9


def test_few_people_cannot_rank_and_have_no_reference() -> None:
    scores = scores_of(trial_of(OTHERS, holdout=people(ALL, 12, 15)))
    for name in ("tstr_macro_f1_trees", "augmented_macro_f1_trees"):
        assert "this cannot rank anything: with 3 holdout group(s)" in scores[name].note
    assert scores["trts_macro_f1_trees"].verdict == "too few"


def test_judges_that_disagree_are_told(of_others: dict[str, Score]) -> None:
    good = of_others["tstr_macro_f1_trees"]
    poor = replace(good, name="tstr_macro_f1_cnn", verdict="bad", note="why")
    trtr = of_others["trtr_macro_f1_trees"]
    told = with_disagreement((good, trtr, poor))
    line = "the judges disagree: trees ok, cnn bad"
    assert [score.note for score in told] == [line, trtr.note, f"why; {line}"]
    assert with_disagreement((good, trtr)) == (good, trtr)


def test_the_curve_of_added_windows_starts_at_trtr(of_others: dict[str, Score]) -> None:
    (picture,) = utility_scores(trial_of(OTHERS)).curves
    (line,) = picture.lines
    assert line.x == (0.0, 0.5, 1.0)
    assert line.y[0] == of_others["trtr_macro_f1_trees"].value
    assert line.y[-1] == of_others["augmented_macro_f1_trees"].value
    assert all(low <= y <= high for low, y, high in zip(line.low, line.y, line.high, strict=True))


def test_the_order_of_rows_does_not_matter(of_others: dict[str, Score]) -> None:
    rng = np.random.default_rng(5)
    mixed = [w.select(rng.permutation(len(w))) for w in (OTHERS, TRAIN, HOLDOUT)]
    assert scores_of(trial_of(mixed[0], train=mixed[1], holdout=mixed[2])) == of_others


def test_one_class_only_says_so_in_each_figure() -> None:
    parts = [w.of_class("walking") for w in (OTHERS, TRAIN, HOLDOUT)]
    useful = utility_scores(trial_of(parts[0], train=parts[1], holdout=parts[2]))
    assert not useful.confusions and not useful.curves
    assert len(useful.scores) == 4
    for score in useful.scores:
        assert (score.value, score.verdict) == (None, "not measured")
        assert "one class only" in score.note


def test_scores_with_curves_come_back_from_json() -> None:
    scores = evaluate(OTHERS, train=TRAIN, holdout=HOLDOUT, quick=True)
    assert Scores.from_json(scores.to_json()) == scores
    assert scores.pictures.curves[0].lines[0].name == "trees"
