import math
from collections.abc import Iterator

import numpy as np
import pytest

from wearsynth.privacy.accounting import gaussian_noise, worst_membership
from wearsynth.privacy.luck import Claim, Scores, apart, auc_of, highest, of_one_sum

NORMAL = Claim(1.0, 1e-6, gaussian=True)
ANY = Claim(1.0, 1e-6, gaussian=False)
TIMES = 400


def aucs(scores: Scores, *, seed: int, times: int = TIMES) -> Iterator[float]:
    rng = np.random.default_rng(seed)
    return (auc_of(*scores(rng)) for _ in range(times))


def test_an_auc_by_hand() -> None:
    low, high = np.array([0.0, 1.0]), np.array([2.0, 3.0])
    assert (auc_of(high, low), auc_of(low, high), auc_of(low, low)) == (1.0, 0.0, 0.5)


@pytest.mark.parametrize("claim", [NORMAL, ANY, Claim(3.0, 0.05, gaussian=False)])
def test_the_mechanism_is_as_private_as_the_claim_and_no_more(claim: Claim) -> None:
    worst = worst_membership(claim.epsilon, claim.delta)
    mean = np.mean(list(aucs(apart(claim, members=200, others=200), seed=0)))
    assert mean == pytest.approx(worst.auc if claim.gaussian else worst.auc_any, abs=0.005)


def test_without_privacy_to_speak_of_all_orders_are_alike() -> None:
    """3 in and 3 out have 20 orders, 1 with AUC 1 and 1 with AUC 8/9; 1 in and 99 out: 100 places."""
    nothing = Claim(1e-4, 1e-9, gaussian=True)
    assert highest(apart(nothing, members=3, others=3), attacks=1, seed=0) == 1.0
    one = highest(apart(nothing, members=1, others=99), attacks=1, seed=0)
    assert one == pytest.approx(0.97, abs=0.011)
    best_of_five = highest(apart(nothing, members=1, others=99), attacks=5, seed=0)
    assert best_of_five == pytest.approx(0.99, abs=0.011)


@pytest.mark.parametrize("claim", [NORMAL, ANY])
@pytest.mark.parametrize("canaries", [10, 60])
def test_an_exact_mechanism_is_seldom_called_more(claim: Claim, canaries: int) -> None:
    scores = apart(claim, members=canaries // 2, others=canaries // 2)
    bar = highest(scores, attacks=1, seed=1)
    assert np.mean([auc > bar + 1e-9 for auc in aucs(scores, seed=2)]) <= 0.04


def test_the_bar_is_no_higher_than_it_must_be() -> None:
    scores = apart(NORMAL, members=30, others=30)
    bar = highest(scores, attacks=1, seed=1)
    above = np.mean([auc > bar - 0.01 for auc in aucs(scores, seed=2, times=4000)])
    assert 0.02 < above < 0.04


@pytest.mark.parametrize("claim", [NORMAL, ANY])
def test_few_cannot_decide_and_many_can(claim: Claim) -> None:
    assert highest(apart(claim, members=2, others=2), attacks=1, seed=0) == 1.0
    assert highest(apart(claim, members=30, others=30), attacks=1, seed=0) < 0.95


def test_canaries_with_places_of_their_own_are_those_apart() -> None:
    """With a number for each canary a sum gives scores 1 apart under noise: two normal laws."""
    inside = np.arange(40) % 2 == 0
    one_sum = list(aucs(of_one_sum(NORMAL, 7 * np.eye(40), inside), seed=3, times=2000))
    alone = list(aucs(apart(NORMAL, members=20, others=20), seed=4, times=2000))
    assert np.mean(one_sum) == pytest.approx(np.mean(alone), abs=0.01)
    assert np.std(one_sum) == pytest.approx(np.std(alone), rel=0.1)


def test_canaries_that_share_a_number_share_its_noise() -> None:
    """Two in and two out on one number: above noise or below it, all together."""
    inside = np.array([True, True, False, False])
    scores = of_one_sum(NORMAL, np.array([[1.0], [1.0], [-1.0], [-1.0]]), inside)
    found = np.array(list(aucs(scores, seed=5, times=4000)))
    assert set(found) == {0.0, 1.0}
    up = 0.5 * math.erfc(-2 / gaussian_noise(1.0, 1e-6) / math.sqrt(2))
    assert found.mean() == pytest.approx(up, abs=0.03)
    alike = of_one_sum(NORMAL, np.ones((4, 1)), inside)
    assert highest(alike, attacks=1, seed=0) == 0.5
