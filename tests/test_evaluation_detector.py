"""Detectors at both ends, and what they must and must not see."""

from dataclasses import replace

import numpy as np
import pytest

from toy import people, toy_windows, with_acc
from wearsynth.data import Windows
from wearsynth.evaluation.described import describe
from wearsynth.evaluation.detector import DETECTORS, Inputs, Side, detector_aucs, detector_scores
from wearsynth.evaluation.giveaway import distances, what_gave_it_away
from wearsynth.evaluation.scores import Score
from wearsynth.evaluation.trial import Effort, prepare

ALL = toy_windows(people=24, per_class=8)
RNG = np.random.default_rng(0)


MOVING = ALL.select(ALL.label > 0)
TRAIN, OTHERS, HOLDOUT = people(MOVING, 0, 8), people(MOVING, 8, 16), people(MOVING, 16, 24)


def by_name(windows: Windows, *, named: bool = True) -> dict[str, Score]:
    """Give what all detectors say of windows in the synthetic's place."""
    made = replace(windows, synthetic=np.full(len(windows), True))
    if not named:
        nobody = np.full(len(windows), "")
        made = replace(made, subject=nobody, recording=nobody)
    effort = Effort(1000, 30, (), tuple(DETECTORS) if named else ("trees",))
    given = {"synthetic": made, "train": TRAIN, "holdout": HOLDOUT}
    return {score.name: score for score in detector_scores(prepare(given, effort, seed=0))}


def value(scores: dict[str, Score], judge: str = "") -> float:
    found = scores[f"detector_auc_by_{judge}" if judge else "detector_auc"].value
    assert found is not None
    return found


@pytest.fixture(scope="module")
def of_others() -> dict[str, Score]:
    return by_name(OTHERS)


def test_other_real_people_are_not_told_apart_by_any_judge(of_others: dict[str, Score]) -> None:
    for judge in DETECTORS:
        score = of_others[f"detector_auc_by_{judge}"]
        assert score.reference is not None
        assert (score.reference.draws, score.verdict) == (8, "for comparison")
        assert 0.2 < value(of_others, judge) < 0.75, judge
        assert 0.2 < score.reference.mean < 0.75, judge
        assert score.meaning.startswith(f"How well the {judge} judge alone")
    assert of_others["detector_auc"].verdict in {"ok", "weak"}


def test_the_figure_is_the_largest_judge(of_others: dict[str, Score]) -> None:
    assert value(of_others) == max(value(of_others, judge) for judge in DETECTORS)
    assert "largest: " in of_others["detector_auc"].note


def test_noise_is_always_told_apart_and_it_is_said_by_what() -> None:
    scores = by_name(with_acc(OTHERS, RNG.normal(size=OTHERS.signals["acc"].values.shape)))
    for judge in DETECTORS:
        assert value(scores, judge) > 0.95, judge
    assert value(scores) == pytest.approx(1.0, abs=0.01)
    assert scores["detector_auc"].verdict == "bad"
    assert "told apart by acc " in scores["detector_auc"].note


def test_windows_that_run_backwards_are_seen() -> None:
    scores = by_name(with_acc(OTHERS, OTHERS.signals["acc"].values[:, ::-1]))
    assert value(scores, "trees") > 0.75  # by the skewness of changes
    assert max(value(scores, "minirocket"), value(scores, "cnn")) > 0.9


def test_neither_rows_nor_channels_have_an_order(of_others: dict[str, Score]) -> None:
    acc = OTHERS.signals["acc"]
    order = [2, 0, 1]
    turned = replace(
        acc, values=acc.values[:, :, order], channels=tuple(acc.channels[i] for i in order)
    )
    moved = replace(OTHERS, signals={"acc": turned}).select(RNG.permutation(len(OTHERS)))
    assert by_name(moved) == of_others


def unlike_people(windows: Windows) -> Windows:
    """Give each person a level of his own on every axis."""
    _, person = np.unique(windows.subject, return_inverse=True)
    own = np.random.default_rng(len(windows)).normal(size=(person.max() + 1, 1, 3))
    return with_acc(windows, windows.signals["acc"].values + own[person])


def test_windows_without_names_are_dealt_one_by_one_and_so_are_the_real_ones() -> None:
    """A detector gets to know the few people; so what real windows give grows as the figure does."""
    everyone = unlike_people(MOVING)
    first, second, third = (
        everyone.select(np.isin(everyone.subject, np.unique(part.subject)))
        for part in (TRAIN, OTHERS, HOLDOUT)
    )
    nobody = np.full(len(second), "")
    found = {}
    for named in (True, False):
        made = replace(second, synthetic=np.full(len(second), True))
        made = made if named else replace(made, subject=nobody, recording=nobody)
        given = {"synthetic": made, "train": first, "holdout": third}
        found[named] = detector_scores(prepare(given, Effort(1000, 30, ()), seed=0))[0]
        assert found[named].verdict in {"ok", "weak"}
    assert value({"detector_auc": found[False]}) > value({"detector_auc": found[True]}) + 0.1
    references = [found[named].reference for named in (True, False)]
    assert references[0] is not None and references[1] is not None
    assert references[1].mean > references[0].mean + 0.1


def sides(level: float) -> tuple[Side, Side]:
    label = np.tile([0, 1], 60)
    group = np.repeat([f"g{i}" for i in range(6)], 20)
    one, two = (RNG.normal(shift, 1, (120, 1)) for shift in (level, 0.0))
    return Side({"x": one}, label, group), Side({"x": two}, label, group)


def by_size(_learn: Inputs, _truth: np.ndarray, test: Inputs) -> np.ndarray:
    return np.asarray(test["x"][:, 0])


def test_the_auc_of_a_known_score() -> None:
    def mean(level: float) -> float:
        return float(np.mean(detector_aucs(*sides(level), tell=by_size, folds=5, seed=0)))

    assert mean(0.0) == pytest.approx(0.5, abs=0.1)
    assert mean(1.0) == pytest.approx(0.76, abs=0.08)  # P(N(1, 1) > N(0, 1)) = Phi(1 / sqrt 2)
    assert mean(50.0) == 1.0
    assert mean(-50.0) == 0.0
    one, two = sides(0.0)
    alone = replace(two, group=np.full(len(two), "g0"))
    assert detector_aucs(one, alone, tell=by_size, folds=5, seed=0) == []


def test_no_group_is_learnt_and_tested() -> None:
    one, two = sides(0.0)
    marked = [
        replace(side, inputs={"x": np.unique(side.group, return_inverse=True)[1]})
        for side in (one, two)
    ]

    def no_overlap(learn: Inputs, truth: np.ndarray, test: Inputs) -> np.ndarray:
        half = len(test["x"]) // 2
        assert not set(learn["x"][truth == 1]) & set(test["x"][:half])
        assert not set(learn["x"][truth == 0]) & set(test["x"][half:])
        assert truth.mean() == 0.5
        return np.zeros(len(test["x"]))

    assert detector_aucs(marked[0], marked[1], tell=no_overlap, folds=3, seed=0) == [0.5] * 3


def test_what_gave_it_away_in_words() -> None:
    real = describe(HOLDOUT)
    assert distances(real, real) == pytest.approx(np.zeros(len(real.feature_names)))
    assert what_gave_it_away(real, real, []) == []
    names = real.signals["acc"].feature_names
    features = real.signals["acc"].features.copy()
    features[:, names.index("acc_x kurtosis")] += 100.0
    features[:, names.index("acc_y skewness")] *= 10.0
    signal = replace(real.signals["acc"], features=features)
    [line] = what_gave_it_away(replace(real, signals={"acc": signal}), real, [])
    assert line == "told apart by acc acc_x kurtosis (higher), acc acc_y skewness (wider)"
