"""The secure sampler: exact chances, sensitivity on the grid, and noise that is there."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wearsynth.errors import PrivacyError
from wearsynth.privacy.accounting import gaussian_noise
from wearsynth.privacy.discrete_gaussian import (
    GRID,
    chance_of_exp,
    discrete_gaussian,
    discrete_laplace,
    grid_cost,
    noisy_sum,
    on_grid,
)

MANY = 20_000
SD = 6
"""Statistics may be off by so many of their own sd: a false alarm once in a billion runs."""


def chances(variance: float, reach: int = 60) -> dict[int, float]:
    """The discrete Gaussian's chances, worked out by their definition."""
    weight = {y: math.exp(-y * y / (2 * variance)) for y in range(-reach, reach + 1)}
    total = sum(weight.values())
    return {y: value / total for y, value in weight.items()}


def test_chances_mean_and_variance_are_the_discrete_gaussians() -> None:
    drawn = np.array(discrete_gaussian(Fraction(9, 4), count=MANY))
    wanted = chances(2.25)
    for value in range(-3, 4):
        chance = wanted[value]
        tolerance = SD * math.sqrt(chance * (1 - chance) / MANY)
        assert abs((drawn == value).mean() - chance) < tolerance
    variance = sum(y * y * chance for y, chance in wanted.items())
    assert abs(drawn.mean()) < SD * math.sqrt(variance / MANY)
    assert abs(drawn.var() - variance) < SD * variance * math.sqrt(2 / MANY)


def test_hand_worked_chances_of_a_small_variance() -> None:
    # variance 1/2: weights 1, e^-1, e^-4, e^-9: P(0) = 1 / (1 + 2 (.36788 + .01832 + .00012)) = .5641
    drawn = np.array(discrete_gaussian(Fraction(1, 2), count=MANY))
    assert chances(0.5)[0] == pytest.approx(0.5641, abs=1e-4)
    assert abs((drawn == 0).mean() - 0.5641) < SD * math.sqrt(0.25 / MANY)


def test_laplace_halves_by_its_scale() -> None:
    drawn = np.array([discrete_laplace(2) for _ in range(MANY)])
    # chance of 0: (1 - q) / (1 + q) with q = exp(-1/2): .2449
    assert abs((drawn == 0).mean() - 0.2449) < SD * math.sqrt(0.185 / MANY)
    assert abs((drawn > 0).mean() - (drawn < 0).mean()) < SD * math.sqrt(1 / MANY)


@pytest.mark.parametrize("exponent", [Fraction(0), Fraction(1, 3), Fraction(1), Fraction(5, 2)])
def test_chance_of_exp(exponent: Fraction) -> None:
    chance = math.exp(-exponent)
    drawn = [chance_of_exp(exponent) for _ in range(MANY)]
    assert abs(np.mean(drawn) - chance) <= SD * math.sqrt(chance * (1 - chance) / MANY)


def test_a_release_without_its_noise_is_caught() -> None:
    vectors = np.array([[0.6, 0.0], [0.0, 0.8]])
    releases = np.array(
        [noisy_sum(vectors, clip_norm=1.0, noise_multiplier=2.0).values for _ in range(400)]
    )
    assert len(np.unique(releases[:, 0])) > 390  # breaks where the noise is left out
    assert abs(releases.mean(axis=0) - [0.6, 0.8]).max() < SD * 2 / math.sqrt(400)
    assert abs(releases.std(axis=0) - 2).max() < SD * 2 / math.sqrt(800)


def test_a_release_without_noise_is_refused() -> None:
    with pytest.raises(PrivacyError, match="above 0"):
        noisy_sum(np.ones((1, 1)), clip_norm=1.0, noise_multiplier=0.0)


any_vectors = arrays(
    np.float64, st.tuples(st.integers(1, 4), st.just(3)), elements=st.floats(width=64)
)


@settings(max_examples=200, deadline=None)
@given(any_vectors, st.floats(1e-3, 1e3))
@example(np.full((1, 3), 1.7e308), 0.001)
def test_no_unit_moves_the_sum_by_more_than_the_clip_norm(
    vectors: np.ndarray, clip_norm: float
) -> None:
    steps = on_grid(vectors, clip_norm=clip_norm)
    norms = [sum(int(value) ** 2 for value in row) for row in steps]
    assert max(norms) <= GRID**2
    without = on_grid(vectors[1:], clip_norm=clip_norm).sum(axis=0)
    assert np.array_equal(steps.sum(axis=0) - without, steps[0])


def test_short_vectors_are_kept_and_long_ones_keep_their_direction() -> None:
    steps = on_grid(np.array([[0.3, 0.4], [30.0, 40.0], [np.nan, 1.0]]), clip_norm=1.0)
    assert steps / GRID == pytest.approx(np.array([[0.3, 0.4], [0.6, 0.8], [0, 0]]), abs=3 / GRID)


def exact_delta(epsilon: float, sigma: float, shift: int) -> float:
    """The delta of discrete Gaussian noise (arXiv 2004.00010, theorem 7), summed out."""
    at = np.arange(-int(40 * sigma), int(40 * sigma) + 1)
    weight = np.exp(-(at**2) / (2 * sigma**2))
    weight /= weight.sum()
    edge = epsilon * sigma**2 / shift
    near, far = weight[at > edge - shift / 2].sum(), weight[at > edge + shift / 2].sum()
    return float(near - math.exp(epsilon) * far)


def test_the_grid_costs_what_it_says_and_next_to_nothing() -> None:
    # on a coarse grid of 200 steps: the exact delta at epsilon + cost stays below the continuous one
    sigma, shift = gaussian_noise(1.0, 1e-5) * 200, 200
    cost = 201 / sigma**2
    assert exact_delta(1.0 + cost, sigma, shift) <= math.exp(cost) * 1e-5
    assert exact_delta(1.0, sigma, shift) == pytest.approx(1e-5, rel=1e-2)
    assert grid_cost(18, 0.5) < 2e-8
