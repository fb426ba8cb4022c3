from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from attack_toys import ALL, HOLDOUT, OTHERS, TRAIN, guesses, trial_of
from toy import people
from wearsynth.data import Windows, concat
from wearsynth.evaluation.attacks import FIGURE, membership
from wearsynth.evaluation.attacks.guesses import (
    Guesses,
    alarms_allowed,
    dealt_anew,
    found,
    found_by_chance,
    person_auc,
    places,
    resampled,
    window_auc,
    worst_person,
)
from wearsynth.evaluation.attacks.membership import log_distance
from wearsynth.evaluation.controls import Copying, Mixture, fit_mixture, noised
from wearsynth.evaluation.scores import Score


def attacked(
    synthetic: Windows, train: Windows = TRAIN, holdout: Windows = HOLDOUT
) -> dict[str, Score]:
    return {s.name: s for s in membership(trial_of(synthetic, train, holdout)).scores}


def test_figures_of_guesses_by_hand() -> None:
    of_two = guesses([1.0, 3.0, 5.0, 5.0], [0.0, 1.0, 4.0, 4.0], people=2)
    # places: 1 beats 0 and ties with 1: 1.5 of 4; 3 beats two; 5 beats all
    assert places(of_two).tolist() == [[0.375, 0.5, 1.0, 1.0]]
    assert window_auc(of_two) == pytest.approx(2.875 / 4)
    # people: members have 2 and 5, others .5 and 4: 2 beats one, 5 beats both
    assert person_auc(of_two) == pytest.approx(0.75)
    assert worst_person(of_two) == pytest.approx(1.0)
    # above all but 5 % of others is above the largest of so few: both 5s
    assert found(of_two) == pytest.approx(0.5)


def test_copies_of_the_holdout_are_no_privacy_but_suspicious() -> None:
    scores = attacked(noised(HOLDOUT, share=0.05, seed=0))
    for name in ("membership_auc", "membership_person_auc"):
        value = scores[name].value
        assert value is not None and value < 0.3
        assert scores[name].verdict == "suspicious (copy?)"
        assert "has the generator seen the holdout?" in scores[name].note
    others = attacked(OTHERS)
    assert "suspicious (copy?)" not in {score.verdict for score in others.values()}


@pytest.mark.parametrize(("member", "other", "value"), [(1.0, 0.0, 1), (0.0, 1.0, 0)])
def test_figures_of_guesses_have_their_ends(member: float, other: float, value: float) -> None:
    of = guesses([member] * 6, [other] * 6, people=3)
    for figure in FIGURE.values():
        assert figure(of).tolist() == [value]


def test_ties_are_guessing_and_raise_no_alarm() -> None:
    same = guesses([1.0] * 6, [1.0] * 6, people=3)
    assert [figure(same).item() for figure in FIGURE.values()] == [0.5, 0.5, 0.5, 0.0]


def test_false_alarms_are_five_percent() -> None:
    rng = np.random.default_rng(0)
    of = guesses(rng.normal(size=20_000).tolist(), rng.normal(size=20_000).tolist())
    assert found(of).item() == pytest.approx(0.05, abs=0.005)
    assert found_by_chance(20_000) == pytest.approx(0.05, abs=1e-4)


def test_with_few_others_guessing_finds_more_than_five_percent() -> None:
    # the bar lies above all of five others, and the sixth score is above all five in 1 of 6 cases
    assert alarms_allowed(5) == 0
    assert found_by_chance(5) == pytest.approx(1 / 6)
    assert (alarms_allowed(20), alarms_allowed(21)) == (0, 1)
    assert found_by_chance(21) == pytest.approx(2 / 22)
    rng = np.random.default_rng(0)
    draws = [
        found(guesses(rng.normal(size=50).tolist(), rng.normal(size=7).tolist())).item()
        for _ in range(2000)
    ]
    assert np.mean(draws) == pytest.approx(found_by_chance(7), abs=0.01)


def test_bootstrap_draws_whole_people_and_the_same_members_in_all_folds() -> None:
    fold = Guesses(
        np.array([[0.0, 0.0, 1.0]]), np.array([0, 0, 1]), np.array([[5.0, 6.0]]), np.array([0, 1])
    )
    for one, two in resampled((fold, fold), times=20, seed=0):
        assert np.array_equal(one.member, two.member)
        assert (one.member_of.max(), one.other_of.max()) == (1, 1)
        assert np.bincount(one.member_of).sum() == one.member.shape[1]
        assert all(len(set(one.member[0, one.member_of == p])) == 1 for p in (0, 1))


def test_deals_keep_numbers_of_people_and_all_scores() -> None:
    fold = Guesses(
        np.array([[0.0, 0.0, 1.0, 2.0]]),
        np.array([0, 0, 1, 2]),
        np.array([[5.0, 6.0]]),
        np.arange(2),
    )
    seen = set()
    for one, two in dealt_anew((fold, fold), times=50, seed=0):
        assert (one.member_of.max(), one.other_of.max()) == (2, 1)
        scores = np.concatenate([one.member, one.other], axis=1)[0]
        assert sorted(scores.tolist()) == [0.0, 0.0, 1.0, 2.0, 5.0, 6.0]
        assert (one.member == 0.0).sum() in {0, 2}  # a person's windows stay together
        seen.add(window_auc(two).item())
    assert len(seen) > 5


def test_one_place_for_all_windows_is_no_leak_whoever_stands_there() -> None:
    # every synthetic window is the same one of a person in nobody's set: somebody lies nearest
    verdicts = []
    for first in range(0, 60, 10):
        one = OTHERS.select(np.full(100, first))
        verdicts += [attacked(one)[name].verdict for name in FIGURE]
    assert "bad" not in verdicts
    assert verdicts.count("weak") <= 6  # the worst person at most


def test_log_distance_to_the_kth_by_hand() -> None:
    others = np.array([[0.0], [3.0], [10.0]])
    distance = np.exp(log_distance(np.array([[1.0], [10.0]]), others, 2))
    np.testing.assert_allclose(distance, [2.0, 7.0], rtol=1e-5)
    assert np.isfinite(log_distance(others, others, 1)).all()


def test_a_leaky_set_is_found_by_every_figure() -> None:
    scores = attacked(noised(TRAIN, share=0.02, seed=1))
    for name in FIGURE:
        assert scores[name].verdict == "bad", name
        reference = scores[name].reference
        assert reference is not None and reference.draws == 8
    assert scores["membership_auc"].value == pytest.approx(1.0, abs=0.02)
    assert "nearest readings" in scores["membership_auc"].note


def test_one_copied_person_is_the_worst_person() -> None:
    scores = attacked(concat([people(ALL, 0, 1), people(ALL, 8, 15)]))
    assert scores["membership_worst_person"].value == pytest.approx(1.0, abs=0.02)
    # one person who stands out is among the members by chance too, so the verdict stops short of bad
    assert scores["membership_worst_person"].verdict == "weak"
    found_of_all = scores["membership_auc"].value
    assert found_of_all is not None and found_of_all < 0.75


def test_other_people_in_the_synthetic_place_are_not_found() -> None:
    scores = attacked(OTHERS)
    for name in FIGURE:
        assert scores[name].verdict in {"ok", "weak"}, name
    auc = scores["membership_auc"].value
    assert auc is not None and 0.3 < auc < 0.7


def test_noise_has_nothing_to_find() -> None:
    acc = OTHERS.signals["acc"]
    noise = np.random.default_rng(0).normal(size=acc.values.shape).astype(np.float32)
    scores = attacked(replace(OTHERS, signals={"acc": replace(acc, values=noise)}))
    assert scores["membership_auc"].verdict in {"ok", "weak"}
    assert scores["membership_tpr"].verdict in {"ok", "weak"}


def test_the_two_controls_always_stand_beside() -> None:
    scores = attacked(OTHERS)
    leaky, unrelated = scores["membership_leaky"], scores["membership_unrelated"]
    assert {leaky.verdict, unrelated.verdict} == {"control"}
    assert leaky.value is not None and leaky.value > 0.95
    assert "the attack succeeds" in leaky.note
    assert unrelated.value is not None and 0.35 < unrelated.value < 0.65
    assert "the attack fails" in unrelated.note
    for name in FIGURE:
        assert "a leaky copy gives" in scores[name].note


def test_an_attack_that_misses_copies_has_no_power_and_is_not_called_good() -> None:
    # five synthetic windows cannot betray two hundred: copies of five give the attack nothing
    few = OTHERS.select(np.arange(0, len(OTHERS), len(OTHERS) // 5)[:5])
    scores = attacked(few)
    assert scores["membership_auc"].verdict == "no power"
    assert "no power on these data" in scores["membership_auc"].note
    assert "no power on these data" in scores["membership_leaky"].note


def test_few_groups_give_values_without_verdict() -> None:
    scores = attacked(OTHERS, holdout=people(ALL, 16, 19))
    for name in FIGURE:
        assert scores[name].value is not None
        assert scores[name].verdict == "too few"
    assert scores["membership_unrelated"].value is None


def test_one_holdout_group_gives_no_attack_and_says_why() -> None:
    scores = attacked(OTHERS, holdout=people(ALL, 16, 17))
    assert {s.value for s in scores.values()} == {None}
    assert {s.verdict for s in scores.values()} == {"not measured"}
    assert "two groups" in scores["membership_auc"].note


def test_same_seed_same_scores_whatever_the_order_of_rows() -> None:
    rng = np.random.default_rng(3)
    sets = [w.select(rng.permutation(len(w))) for w in (OTHERS, TRAIN, HOLDOUT)]
    assert attacked(*sets) == attacked(OTHERS)


def test_copying_gives_each_window_once_before_any_twice() -> None:
    sampler = Copying(TRAIN)
    counts = dict.fromkeys(TRAIN.classes, 64)
    once = sampler.sample(counts, seed=0)
    assert once.counts == counts
    assert once.synthetic.all()
    gap = once.signals["acc"].values[:, None] - TRAIN.signals["acc"].values[None]
    nearest = np.abs(gap).mean(axis=(2, 3)).argmin(axis=1)
    assert len(set(nearest.tolist())) == len(TRAIN)
    assert sampler.sample({"still": 100}, seed=0).counts["still"] == 100


@pytest.mark.parametrize("make", [Copying, fit_mixture])
def test_samplers_repeat_with_a_seed(make: Callable[[Windows], Copying | Mixture]) -> None:
    sampler = make(TRAIN)
    counts = {"walking": 5, "running": 3}
    a, b, c = (sampler.sample(counts, seed=seed).signals["acc"].values for seed in (1, 1, 2))
    assert a.shape == (8, 60, 3)
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_the_mixture_has_the_level_and_spread_of_its_class() -> None:
    made = fit_mixture(TRAIN).sample({"running": 500}, seed=0).signals["acc"].values
    real = TRAIN.of_class("running").signals["acc"].values
    np.testing.assert_allclose(made.mean(axis=(0, 1)), real.mean(axis=(0, 1)), atol=0.1)
    np.testing.assert_allclose(made.std(axis=(0, 1)), real.std(axis=(0, 1)), rtol=0.1)
