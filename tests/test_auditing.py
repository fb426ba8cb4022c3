import math

import numpy as np
import pytest
from scipy.stats import binom

from wearsynth.errors import ConfigError
from wearsynth.privacy.auditing import (
    audit_of,
    canaries_needed,
    ceiling,
    epsilon_bound,
    guesses_from,
    likeliest,
    middle_of,
    p_value,
)


@pytest.mark.parametrize(("canaries", "most"), [(10, 1.05), (21, 1.9), (100, 3.5)])
def test_ceilings_of_all_right_guesses(canaries: int, most: float) -> None:
    share = 0.05 ** (1 / canaries)
    by_hand = math.log(share / (1 - share))
    assert ceiling(canaries, 0.0) == pytest.approx(by_hand, abs=1e-9)
    assert ceiling(canaries, 0.0) == pytest.approx(most, abs=0.03)


def test_ten_of_ten_by_hand() -> None:
    # (e^eps / (1 + e^eps))^10 = .05: a share of .7411, ln(.7411 / .2589) = 1.0518
    bound = epsilon_bound(0.0, canaries=10, guesses=10, right=10)
    assert bound == pytest.approx(1.0518, abs=5e-4)


@pytest.mark.parametrize("right", [0, 5, 50])
def test_half_right_and_none_right_say_nothing(right: int) -> None:
    assert epsilon_bound(1e-6, canaries=100, guesses=100, right=right) == 0.0


def test_no_guesses_say_nothing() -> None:
    assert epsilon_bound(1e-6, canaries=100, guesses=0, right=0) == 0.0


def test_the_p_value_by_hand() -> None:
    # epsilon ln 3: a guess is right with 3/4. Two of two: 9/16. Exactly one of two: 2 * 3/4 * 1/4 = 6/16,
    # none: 1/16; alpha is the larger of (6/16) / 1 and (7/16) / 2.
    assert p_value(math.log(3), 0.0, canaries=2, guesses=2, right=2) == pytest.approx(9 / 16)
    told = p_value(math.log(3), 0.01, canaries=2, guesses=2, right=2)
    assert told == pytest.approx(9 / 16 + 2 * 2 * 0.01 * 6 / 16)


def test_a_delta_makes_the_bound_smaller_and_canaries_abstained_from_pay_for_it() -> None:
    plain = epsilon_bound(0.0, canaries=50, guesses=20, right=20)
    paid = epsilon_bound(1e-3, canaries=50, guesses=20, right=20)
    fewer = epsilon_bound(1e-3, canaries=20, guesses=20, right=20)
    assert plain > fewer > paid > 0


def test_randomised_response_is_refuted_in_at_most_five_percent() -> None:
    epsilon, canaries = 1.0, 60
    share = math.e / (1 + math.e)
    refuting = [
        right
        for right in range(canaries + 1)
        if epsilon_bound(0.0, canaries=canaries, guesses=canaries, right=right) > epsilon
    ]
    assert binom.sf(refuting[0] - 1, canaries, share) <= 0.05
    assert binom.sf(refuting[0] - 2, canaries, share) > 0.05  # and no later than it must


def test_guesses_and_what_they_say() -> None:
    inside = np.array([True, False] * 12)
    scores = np.where(inside, 1.0, 0.0)
    audit = audit_of(inside, guesses_from(scores, middle=0.5), epsilon=1.0, delta=0.0)
    assert (audit.guesses, audit.right) == (24, 24)
    assert audit.bound == audit.ceiling > 1
    assert audit.verdict == "VIOLATES the claim"
    wrong = audit_of(inside, guesses_from(-scores, middle=-0.5), epsilon=1.0, delta=0.0)
    assert (wrong.right, wrong.bound, wrong.verdict) == (0, 0.0, "consistent with the claim")


def test_too_few_canaries_cannot_decide_and_how_many_could() -> None:
    inside = np.array([True, False] * 5)
    guess = np.where(inside, 1, -1)
    audit = audit_of(inside, guess, epsilon=1.5, delta=1e-6)
    assert audit.verdict == "cannot decide"
    assert "cannot decide" in audit.line
    needed = canaries_needed(1.5, 1e-6)
    assert needed is not None
    assert ceiling(needed, 1e-6) > 1.5 >= ceiling(needed - 1, 1e-6)
    assert canaries_needed(12.0, 1e-6) is None


def test_abstaining_leaves_out_what_lies_nearest_to_the_middle() -> None:
    scores = np.array([0.9, 0.52, 0.1, 0.45])
    assert guesses_from(scores, middle=0.5, abstain=2).tolist() == [1, 0, -1, 0]
    with pytest.raises(ConfigError, match="cannot abstain from 4 of 4"):
        guesses_from(scores, middle=0.5, abstain=4)


def test_numbers_that_cannot_be_are_refused() -> None:
    with pytest.raises(ConfigError, match="3 right of 2 guesses"):
        epsilon_bound(0.0, canaries=4, guesses=2, right=3)


def test_the_middle_parts_two_heaps() -> None:
    assert middle_of(np.array([0.0, 0.1, 5.0, 4.0, 0.0])) == pytest.approx((0.1 + 4.0) / 2)
    # {0, 0} and {3, 4}: 0.5 left within; {0, 0, 3} and {4}: 6 left; {0} and {0, 3, 4}: 8.7 left
    assert middle_of(np.array([3.0, 0.0, 4.0, 0.0])) == pytest.approx(1.5)


def test_the_middle_of_nothing_to_part_takes_nobody_for_in() -> None:
    for scores in (np.zeros(5), np.array([2.0])):
        guess = guesses_from(scores, middle=middle_of(scores))
        assert (guess == -1).all()


def test_the_likeliest_guess_is_right_without_noise_though_numbers_are_fewer_than_canaries() -> (
    None
):
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((21, 7))
    inside = rng.random(21) < 0.5
    assert (likeliest(vectors[inside].sum(axis=0), vectors) == np.where(inside, 1, -1)).all()


def test_the_likeliest_guess_is_that_of_all_subsets_one_by_one() -> None:
    rng = np.random.default_rng(4)
    vectors, released = rng.standard_normal((6, 2)), rng.standard_normal(2) * 3
    subsets = [np.array([place >> bit & 1 for bit in range(6)]) for place in range(64)]
    best = min(subsets, key=lambda of: float(np.linalg.norm(released - of @ vectors)))
    assert ((likeliest(released, vectors) > 0) == (best > 0)).all()


def test_too_many_subsets_are_refused() -> None:
    with pytest.raises(ConfigError, match="28 at most"):
        likeliest(np.zeros(2), np.zeros((29, 2)))
