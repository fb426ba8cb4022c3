"""Whether people differ as much as real ones: by hand, and of toy people."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import f_oneway

from toy import toy_windows
from wearsynth.data import Windows
from wearsynth.evaluation import Score
from wearsynth.evaluation.between_people import (
    People,
    between_people_scores,
    log_f,
    log_ratio,
    people_of,
    score_of_log,
)
from wearsynth.evaluation.trial import MOST_PEOPLE, Effort, of_each_person, prepare
from wearsynth.features import window_features

REAL = toy_windows(people=16, per_class=20)
TRAIN = REAL.select(REAL.subject < "p08")
HOLDOUT = REAL.select(REAL.subject >= "p08")
OTHERS = toy_windows(people=10, per_class=22, seed=7)


def made(windows: Windows) -> Windows:
    return replace(
        windows,
        subject=np.char.add("made-", windows.subject),
        synthetic=np.full(len(windows), True),
    )


def scores_of(
    synthetic: Windows, train: Windows = TRAIN, holdout: Windows = HOLDOUT
) -> tuple[Score, ...]:
    given = {"synthetic": synthetic, "train": train, "holdout": holdout}
    return between_people_scores(prepare(given, Effort(100, 10, ()), seed=0))


def score_of(synthetic: Windows) -> Score:
    [score] = scores_of(synthetic)
    return score


def dealt_anew(windows: Windows) -> Windows:
    """Give windows whose names stand for nobody: dealt at random within each class."""
    rng = np.random.default_rng(0)
    subject = windows.subject.copy()
    for index in range(len(windows.classes)):
        rows = np.flatnonzero(windows.label == index)
        subject[rows] = rng.permutation(subject[rows])
    return replace(windows, subject=subject)


def further_apart(windows: Windows) -> Windows:
    """Give windows in which each person's level and strength lie six times as far from all people's."""
    values = windows.signals["acc"].values.copy()
    for index in range(len(windows.classes)):
        of_class = windows.label == index
        middle, spread = values[of_class].mean(axis=(0, 1)), values[of_class].std(axis=(0, 1))
        for name in np.unique(windows.subject):
            rows = of_class & (windows.subject == name)
            mean, sd = values[rows].mean(axis=(0, 1)), values[rows].std(axis=(0, 1))
            stronger = (values[rows] - mean) * (sd / spread) ** 5
            values[rows] = stronger + middle + 6 * (mean - middle)
    return replace(windows, signals={"acc": replace(windows.signals["acc"], values=values)})


def people(means: list[float], variance: float, label: int = 0) -> People:
    """Give people of one class by two features, the second of which never varies."""
    count = len(means)
    return People(
        np.full(count, label),
        np.array([f"{label}-{index}" for index in range(count)]),
        np.array([[mean, 1.0] for mean in means]),
        np.array([[variance, 0.0]] * count),
    )


def both(a: People, b: People) -> People:
    return People(
        *(np.concatenate([getattr(a, n), getattr(b, n)]) for n in People.__dataclass_fields__)
    )


def test_f_by_hand() -> None:
    """Means 1, 2, 3 have variance 1, times 20 windows; variance within is 4: F = 20 / 4."""
    f = log_f(people([1.0, 2.0, 3.0], 4.0))
    assert f[0] == pytest.approx(np.log(5.0))
    assert np.isnan(f[1])


def test_f_of_windows_is_that_of_analysis_of_variance() -> None:
    of = people_of([of_each_person(TRAIN)])
    walking = log_f(of.select(of.label == 1))
    features = window_features(TRAIN.signals["acc"]).values
    parts = [
        features[(TRAIN.label == 1) & (TRAIN.subject == name)] for name in np.unique(TRAIN.subject)
    ]
    known = np.isfinite(walking)
    assert known.mean() > 0.9
    expected = f_oneway(*(part[:, known] for part in parts)).statistic
    assert np.exp(walking[known]) == pytest.approx(expected, rel=1e-6)


def test_the_ratio_by_hand_leaves_out_classes_of_two_people() -> None:
    real = both(people([1, 2, 3], 4.0), people([1, 2, 3], 1.0, label=1))
    twice = both(people([1, 2, 3], 2.0), people([5, 9], 1.0, label=1))
    assert np.exp(log_ratio(twice, real)) == pytest.approx(2.0)
    assert np.exp(log_ratio(real, real)) == pytest.approx(1.0)
    assert np.isnan(log_ratio(people([1, 2], 1.0), real))


def test_other_people_differ_as_much() -> None:
    score = score_of(made(OTHERS))
    assert score.value == pytest.approx(1.0, abs=0.35)
    assert score.verdict == "ok"
    assert score.value is not None and score.interval is not None
    assert score.interval[0] < score.value < score.interval[1]
    assert score.reference is not None and score.reference.draws == 8
    assert score.note == "10 synthetic people beside 16 real ones, in 3 class(es)"


def test_names_that_stand_for_nobody_are_bad() -> None:
    score = score_of(made(dealt_anew(OTHERS)))
    assert score.value is not None and score.value < 0.25
    assert score.verdict == "bad"
    assert score.reference is not None and score.value < score.reference.worst < 1
    assert score.reference.worst < score.reference.mean < 1


def test_people_who_differ_too_much_are_bad_too() -> None:
    score = score_of(made(further_apart(OTHERS)))
    usual = score_of(made(OTHERS))
    assert score.value is not None and usual.value is not None
    assert score.value > 1.3 > usual.value
    assert score.excess is not None and usual.excess is not None
    assert score.excess > 1 > usual.excess
    assert score.reference is not None and 1 < score.reference.mean < score.reference.worst


def test_a_half_is_as_far_off_as_two() -> None:
    less, more = (score_of_log(np.log(value), 0.1, [0.1, -0.3], "") for value in (0.5, 2.0))
    assert (less.value, more.value) == pytest.approx((0.5, 2.0))
    assert less.excess == pytest.approx(more.excess)
    assert less.excess == pytest.approx((np.log(2) - 0.2) / 0.1)
    assert less.verdict == more.verdict == "bad"
    assert more.reference is not None and less.reference is not None
    assert more.reference.worst == pytest.approx(np.exp(0.3))
    assert less.reference.worst == pytest.approx(np.exp(-0.3))


def test_nothing_is_said_where_nobody_is_named() -> None:
    nameless = replace(made(OTHERS), subject=np.full(len(OTHERS), ""))
    assert scores_of(nameless) == ()
    logs = [replace(w, subject=np.full(len(w), "")) for w in (TRAIN, HOLDOUT)]
    logs = [replace(w, recording=of.subject) for w, of in zip(logs, (TRAIN, HOLDOUT), strict=True)]
    assert scores_of(made(OTHERS), *logs) == ()


def test_too_few_people_or_windows_say_what_to_do() -> None:
    two = made(OTHERS).select(OTHERS.subject < "p02")
    short = made(toy_windows(people=10, per_class=19, seed=7))
    for windows in (two, short):
        score = score_of(windows)
        assert (score.value, score.verdict) == (None, "not measured")
        assert "3 people with 20 windows" in score.note and "--people 10 --count 20" in score.note
    [score] = scores_of(made(OTHERS), holdout=toy_windows(people=16, per_class=3).select(HOLD_ROWS))
    assert score.value is not None  # the training people suffice
    few = replace(TRAIN, subject=np.char.add(TRAIN.subject, TRAIN.start_s.astype(np.str_)))
    [score] = scores_of(
        made(OTHERS), few, toy_windows(people=16, per_class=3, seed=3).select(HOLD_ROWS)
    )
    assert score.value is None and "among the real windows" in score.note


HOLD_ROWS = np.flatnonzero(toy_windows(people=16, per_class=3).subject >= "p08")


def test_the_order_of_rows_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    anew = [w.select(rng.permutation(len(w))) for w in (made(OTHERS), TRAIN, HOLDOUT)]
    assert scores_of(*anew) == scores_of(made(OTHERS))


def test_each_person_has_as_many_windows_and_people_are_not_too_many() -> None:
    less = OTHERS.select(np.flatnonzero((OTHERS.subject != "p03") | (OTHERS.start_s > 6)))
    some = of_each_person(less)
    assert set(some.subject) == set(OTHERS.subject) - {"p03"}
    assert some.counts == dict.fromkeys(OTHERS.classes, 9 * 20)
    many = toy_windows(people=MOST_PEOPLE + 2, per_class=20)
    assert of_each_person(many).counts == dict.fromkeys(many.classes, 20 * MOST_PEOPLE)
