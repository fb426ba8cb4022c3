from dataclasses import replace

import numpy as np
import pytest

from attack_toys import ALL, HOLDOUT, OTHERS, TRAIN, guesses, trial_of
from toy import people, toy_windows
from wearsynth.evaluation import Scores, evaluate
from wearsynth.evaluation.attacks import membership
from wearsynth.evaluation.attacks.guesses import of_people, roc, window_auc
from wearsynth.evaluation.attacks.roc import ALARMS, LEAST_PEOPLE
from wearsynth.evaluation.controls import as_synthetic, noised
from wearsynth.evaluation.pictures import CurveLine, CurvePicture
from wearsynth.reporting import report_html


def line(picture: CurvePicture, name: str) -> CurveLine:
    return next(of for of in picture.lines if of.name == name)


def area(of: CurveLine) -> float:
    return float(np.trapezoid(of.y, of.x))


def test_a_curve_by_hand() -> None:
    of = guesses([1.0, 3.0, 5.0, 5.0], [0.0, 1.0, 4.0, 4.0])
    # above 4: both 5s; down to 3: one of four more and both 4s; a tie with 1 goes half up, half right
    alarms = np.array([0.0, 0.5, 0.625, 0.75, 1.0])
    np.testing.assert_allclose(roc(of, alarms), [[0.5, 0.75, 0.875, 1.0, 1.0]])


@pytest.mark.parametrize(("member", "other", "value"), [(1.0, 0.0, 1), (0.0, 1.0, 0)])
def test_curves_have_their_ends(member: float, other: float, value: int) -> None:
    curve = roc(guesses([member] * 4, [other] * 4), ALARMS)[0]
    assert (curve[:-1] == value).all()
    assert curve[-1] == 1


def test_without_information_a_curve_is_the_diagonal() -> None:
    np.testing.assert_allclose(roc(guesses([1.0] * 4, [1.0] * 5), ALARMS)[0], ALARMS)


def test_the_area_is_the_auc() -> None:
    rng = np.random.default_rng(0)
    of = guesses(rng.normal(0.5, 1, 90).tolist(), rng.normal(size=70).tolist(), people=9)
    fine = np.linspace(0, 1, 2001)
    assert np.trapezoid(roc(of, fine)[0], fine) == pytest.approx(window_auc(of).item(), abs=2e-3)
    assert of_people(of).member.shape == (1, 9)


def test_copies_rise_and_unrelated_people_do_not() -> None:
    leaking = membership(trial_of(noised(TRAIN, share=0.02, seed=1)))
    (picture,) = leaking.curves
    assert picture.title == "Who is found, by window"
    names = ["unrelated real people", "synthetic windows", "leaky copy", "guessing"]
    assert [of.name for of in picture.lines] == names
    made, unrelated = line(picture, "synthetic windows"), line(picture, "unrelated real people")
    assert made.y[ALARMS.tolist().index(0.05)] > 0.95
    assert area(made) == pytest.approx(leaking.scores[0].value, abs=0.01)
    assert 0.35 < area(unrelated) < 0.7
    assert area(line(picture, "guessing")) == pytest.approx(0.5)
    assert "192 windows of members against 96 of others" in picture.hint

    (blind,) = membership(trial_of(OTHERS)).curves
    assert area(line(blind, "synthetic windows")) < 0.7
    assert area(line(blind, "leaky copy")) > 0.95


def test_every_spread_holds_its_curve() -> None:
    (picture,) = membership(trial_of(OTHERS)).curves
    for of in picture.lines[:2]:
        assert (np.array(of.low) <= np.array(of.y) + 1e-3).all()
        assert (np.array(of.y) <= np.array(of.high) + 1e-3).all()
        assert np.ptp(np.array(of.high) - np.array(of.low)) > 0
    assert not picture.lines[2].low


def test_by_person_where_people_are_enough() -> None:
    many = toy_windows(people=LEAST_PEOPLE + 2 * LEAST_PEOPLE, per_class=2)
    train = many.select(np.isin(many.subject, [f"p{i:02d}" for i in range(LEAST_PEOPLE)]))
    holdout = many.select(~np.isin(many.subject, np.unique(train.subject)))
    by_window, by_person = membership(
        trial_of(noised(train, share=0.02, seed=0), train, holdout)
    ).curves
    assert by_person.title == "Who is found, by person"
    assert f"{LEAST_PEOPLE} people of members against {LEAST_PEOPLE} of others" in by_person.hint
    assert area(by_person.lines[1]) == pytest.approx(1.0, abs=0.02)
    assert by_window.x_title != by_person.x_title


def test_few_people_have_no_unrelated_curve_and_one_holdout_group_has_no_picture() -> None:
    (few,) = membership(trial_of(OTHERS, holdout=people(ALL, 16, 19))).curves
    assert [of.name for of in few.lines] == ["synthetic windows", "leaky copy", "guessing"]
    assert membership(trial_of(OTHERS, holdout=people(ALL, 16, 17))).curves == ()


def test_the_report_draws_them_with_words_on_what_they_cannot_say() -> None:
    made = replace(as_synthetic(OTHERS), trained_groups=("p00",))
    scores = evaluate(made, train=TRAIN, holdout=HOLDOUT, quick=True)
    again = Scores.from_json(scores.to_json())
    assert again.pictures.attacks == scores.pictures.attacks
    page = report_html(again)
    section = page.split('<section id="attacks">')[1].split("</section>")[0]
    assert section.count("<svg") == 1
    assert section.count("<polyline") == 4
    assert "it cannot say that none would" in section
    without = replace(scores, pictures=replace(scores.pictures, attacks=()))
    assert 'id="attacks"' not in report_html(without)
