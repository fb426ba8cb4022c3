"""The exponential mechanism: its chances, its bound on a unit, and its randomness."""

import math

import numpy as np
import pytest

from wearsynth.errors import DataError, PrivacyError
from wearsynth.privacy.choosing import choose, nearness

MANY = 4000


def shares(utility: np.ndarray, epsilon: float) -> np.ndarray:
    drawn = [choose(utility, epsilon=epsilon) for _ in range(MANY)]
    return np.bincount(drawn, minlength=utility.shape[1]) / MANY


def test_chances_are_in_proportion_to_exp_of_epsilon_times_the_sum() -> None:
    utility = np.array([[1.0, 0.0, 0.5], [1.0, 1.0, 0.5]])  # sums 2, 1, 1
    wanted = np.array([math.e, 1.0, 1.0]) / (math.e + 2)
    assert shares(utility, 1.0) == pytest.approx(wanted, abs=6 * math.sqrt(0.25 / MANY))


def test_a_unit_changes_a_chance_by_exp_epsilon_at_most() -> None:
    # whatever it gives: 1e9 counts as 1, less than nothing and NaN as 0
    without, with_one = np.array([[0.0, 1.0]]), np.array([[0.0, 1.0], [1e9, -1e9]])
    before, after = shares(without, 1.0), shares(with_one, 1.0)
    assert before[0] == pytest.approx(1 / (1 + math.e), abs=0.04)
    assert after[0] == pytest.approx(0.5, abs=0.04)
    assert after[0] / before[0] < math.e * 1.2
    assert shares(np.array([[np.nan, 1.0]]), 1.0)[0] == pytest.approx(before[0], abs=0.05)


def test_a_choice_without_its_noise_is_caught() -> None:
    assert 0 < shares(np.array([[1.0, 0.9]]), 0.5)[1] < 0.6  # breaks where the best is always taken


def test_much_epsilon_takes_the_best() -> None:
    assert choose(np.array([[0.1, 0.9, 0.2]]), epsilon=100.0) == 1


def test_nearness_is_one_at_the_candidate_and_zero_far_away() -> None:
    near = nearness(
        np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([[0.0, 0.0], [3.0, 4.0]]), reach=10
    )
    assert near == pytest.approx(np.array([[1.0, 0.5], [0.5, 1.0]]))
    assert nearness(np.array([[1e6, 0.0]]), np.array([[0.0, 0.0]]), reach=1.0).item() == 0


def test_nothing_to_choose() -> None:
    with pytest.raises(DataError, match="no candidates"):
        choose(np.zeros((3, 0)), epsilon=1.0)
    with pytest.raises(PrivacyError, match="above 0"):
        choose(np.zeros((3, 1)), epsilon=0.0)
