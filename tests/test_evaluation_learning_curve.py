"""What people and synthetic windows are worth, and whether classifiers rank alike."""

from dataclasses import replace

import numpy as np
import pytest

from toy import people, toy_windows
from utility_toys import ALL, HOLDOUT, OTHERS, SHUFFLED, TRAIN, made, trial_of, value
from wearsynth.data import Windows
from wearsynth.evaluation import Score, evaluate
from wearsynth.evaluation.learning_curve import (
    gain_of_more,
    learning_curve_scores,
    most_groups,
    numbers_of_people,
    slope,
    worth_in_people,
)
from wearsynth.evaluation.pictures import CurvePicture
from wearsynth.evaluation.rank_agreement import CLASSIFIERS, rank_agreement_score, tau
from wearsynth.evaluation.trial import Trial

PEOPLE = np.array([1, 2, 4])
RISING = np.array([0.5, 0.6, 0.8])


def noised(windows: Windows, sd_g: float = 1.5) -> Windows:
    """Give windows so noisy that classifiers differ and more people help."""
    acc = windows.signals["acc"]
    noise = np.random.default_rng(len(windows)).normal(0, sd_g, acc.values.shape)
    values = (acc.values + noise).astype(np.float32)
    return replace(windows, signals={"acc": replace(acc, values=values)})


FEW = people(ALL, 0, 3)


def hard_trial(synthetic: Windows) -> Trial:
    """Give a trial of three training people and two reference draws, for the sake of time."""
    trial = trial_of(noised(synthetic), train=noised(FEW), holdout=noised(HOLDOUT))
    return replace(trial, train_draws=trial.train_draws[:2])


@pytest.fixture(scope="module")
def hard() -> Trial:
    return hard_trial(OTHERS)


@pytest.fixture(scope="module")
def curve(hard: Trial) -> tuple[tuple[Score, ...], tuple[CurvePicture, ...]]:
    return learning_curve_scores(hard)


def test_numbers_of_people_grow_and_end_with_all() -> None:
    assert numbers_of_people(1) == [1]
    assert numbers_of_people(2) == [1, 2]
    assert numbers_of_people(10) == [1, 2, 3, 5, 8, 10]
    assert numbers_of_people(13) == [1, 2, 3, 5, 8, 13]


def test_worth_by_hand() -> None:
    assert worth_in_people(0.4, PEOPLE, RISING) == 0.0
    assert worth_in_people(0.5, PEOPLE, RISING) == pytest.approx(1.0)
    assert worth_in_people(0.7, PEOPLE, RISING) == pytest.approx(np.sqrt(8))
    assert worth_in_people(0.8, PEOPLE, RISING) == 4.0
    falling = np.array([0.6, 0.5, 0.7])  # it never falls: two people are worth one
    assert worth_in_people(0.65, PEOPLE, falling) == pytest.approx(np.sqrt(8))


def test_the_slope_and_what_more_people_give_by_hand() -> None:
    assert slope(PEOPLE, RISING) == pytest.approx(0.2 / np.log(2))
    assert gain_of_more(PEOPLE, RISING, 4) == pytest.approx(0.2)
    assert gain_of_more(PEOPLE, np.full(3, 0.7), 5) == pytest.approx(0.0)
    assert slope(PEOPLE[:1], RISING[:1]) == 0.0


def test_groups_of_one_class_each_count_within_their_class() -> None:
    windows = toy_windows(people=3, per_class=2)
    own = np.char.add(windows.subject, windows.label_names)
    assert most_groups(windows) == 3
    assert most_groups(replace(windows, subject=own)) == 3


def test_windows_of_others_are_worth_people_and_shuffled_ones_none(
    curve: tuple[tuple[Score, ...], tuple[CurvePicture, ...]],
) -> None:
    good = {score.name: score for score in curve[0]}
    assert value(good["worth_people"]) >= 2
    assert "of 3" in good["worth_people"].note
    assert {score.verdict for score in good.values()} == {"for comparison"}
    bad = {score.name: score for score in learning_curve_scores(hard_trial(SHUFFLED))[0]}
    assert value(bad["worth_people"]) == 0.0
    assert value(bad["added_people"]) < 0


def test_the_curve_has_three_lines_from_one_person_to_all(
    curve: tuple[tuple[Score, ...], tuple[CurvePicture, ...]],
) -> None:
    scores, (picture,) = curve
    alone, both, only = picture.lines
    assert [line.name for line in picture.lines] == [
        "real people",
        "real people + synthetic",
        "synthetic alone",
    ]
    assert alone.x == both.x == only.x == (1.0, 2.0, 3.0)
    assert alone.y[0] < alone.y[-1]
    assert len(set(only.y)) == 1 and only.dashed
    assert value(scores[2]) == pytest.approx(both.y[-1] - alone.y[-1])


def test_one_class_has_no_curve_and_no_ranks() -> None:
    parts = [w.of_class("walking") for w in (OTHERS, TRAIN, HOLDOUT)]
    trial = trial_of(parts[0], train=parts[1], holdout=parts[2])
    scores, pictures = learning_curve_scores(trial)
    assert pictures == ()
    for score in (*scores, rank_agreement_score(trial)):
        assert (score.value, score.verdict) == (None, "not measured")


def test_tau_by_hand() -> None:
    order = np.array([0.1, 0.2, 0.3])
    assert tau(order, order) == pytest.approx(1.0)
    assert tau(order, order[::-1]) == pytest.approx(-1.0)
    assert tau(order, np.array([0.1, 0.3, 0.2])) == pytest.approx(1 / 3)
    assert tau(order, np.full(3, 0.5)) == 0.0


def test_classifiers_rank_just_alike_on_the_training_windows_themselves(hard: Trial) -> None:
    itself = trial_of(made(hard.train), train=hard.train, holdout=hard.holdout)
    score = rank_agreement_score(itself)
    assert value(score) > 0.7  # rows of synthetic windows stand in another order than train's
    assert all(name in score.note for name in CLASSIFIERS)


def test_labels_without_sense_rank_by_chance() -> None:
    score = rank_agreement_score(hard_trial(SHUFFLED))
    assert abs(value(score)) < 0.8
    assert score.reference is not None and score.reference.draws == 2


def test_evaluate_gives_the_curve_where_asked() -> None:
    train, holdout = people(ALL, 0, 2), people(ALL, 12, 14)
    scores = evaluate(OTHERS, train=train, holdout=holdout, quick=True, learning_curve=True)
    names = [score.name for score in scores.scores]
    assert names[-3:] == ["worth_people", "five_more_people", "added_people"]
    assert scores.pictures.curves[-1].title == "Learning curve"
    assert "rank_agreement" not in names
