import math
import os
import subprocess
from statistics import NormalDist

import numpy as np
import pytest

from wearsynth.errors import PrivacyError
from wearsynth.privacy.accounting import (
    GaussianRelease,
    PureRelease,
    compose,
    gaussian_delta,
    gaussian_epsilon,
    gaussian_noise,
    noise_for,
    plan_epsilon,
    worst_membership,
)
from wearsynth.privacy.plan import DpPlan

CDF = NormalDist().cdf


def test_the_closed_form_of_one_gaussian_by_hand() -> None:
    """Noise 1, epsilon 1: Phi(-1/2) - e Phi(-3/2)."""
    assert gaussian_delta(1.0, 1.0) == pytest.approx(CDF(-0.5) - math.e * CDF(-1.5), rel=1e-12)
    assert gaussian_delta(1.0, 0.0) == pytest.approx(CDF(0.5) - CDF(-0.5), rel=1e-12)
    assert gaussian_epsilon(1.0, gaussian_delta(1.0, 1.0)) == pytest.approx(1.0, rel=1e-6)
    assert gaussian_epsilon(1e9, 1e-6) == 0.0


@pytest.mark.parametrize(("epsilon", "noise"), [(10, 0.50), (3, 1.39), (1, 3.73)])
def test_noise_of_one_release_at_known_epsilons(epsilon: float, noise: float) -> None:
    assert gaussian_noise(epsilon, 1e-5) == pytest.approx(noise, abs=0.005)


def test_far_out_the_closed_form_errs_towards_less_privacy() -> None:
    """A tail so thin that it has no double: delta is not below what the first term alone leaves."""
    assert 0 <= gaussian_delta(0.02, 3000.0) <= gaussian_delta(0.02, 0.0) <= 1


@pytest.mark.parametrize("noise", [0.5, 1.0, 4.0])
def test_the_sums_agree_with_the_closed_form(noise: float) -> None:
    exact = gaussian_epsilon(noise, 1e-6)
    assert exact - 1e-6 <= compose([GaussianRelease(noise)], 1e-6) <= exact * 1.001


def test_four_releases_are_one_with_half_the_noise() -> None:
    one = compose([GaussianRelease(1.0)], 1e-6)
    assert compose([GaussianRelease(2.0, steps=4)], 1e-6) == pytest.approx(one, rel=1e-6)
    assert compose([GaussianRelease(2.0)] * 4, 1e-6) == pytest.approx(one, rel=1e-4)
    assert compose([GaussianRelease(2.0)] * 3, 1e-6) < one


def test_sampling_everybody_is_no_sampling_and_half_of_them_costs_less() -> None:
    whole, nearly = (compose([GaussianRelease(2.0, q, 5)], 1e-6) for q in (1.0, 1 - 1e-9))
    assert nearly == pytest.approx(whole, rel=1e-3)
    assert compose([GaussianRelease(2.0, 0.5, 5)], 1e-6) < 0.8 * whole


def test_pure_releases_add_up() -> None:
    assert compose([PureRelease(1.0)], 1e-9) == pytest.approx(1.0, rel=1e-3)
    assert compose([PureRelease(0.5, steps=2)], 1e-9) == pytest.approx(1.0, rel=1e-3)
    both = compose([PureRelease(1.0), GaussianRelease(1.0)], 1e-6)
    assert gaussian_epsilon(1.0, 1e-6) < both < 1 + gaussian_epsilon(1.0, 1e-6)


def test_nothing_costs_nothing() -> None:
    assert compose([], 1e-6) == 0
    assert compose([GaussianRelease(1.0, steps=0)], 1e-6) == 0


def test_replacing_one_is_twice_the_distance() -> None:
    replaced = GaussianRelease(2.0, neighbours="replace one")
    assert compose([replaced], 1e-6) == pytest.approx(gaussian_epsilon(1.0, 1e-6), rel=1e-3)
    with_pure = compose([PureRelease(0.5), PureRelease(0.5, neighbours="replace one")], 1e-9)
    assert with_pure == pytest.approx(1.5, rel=1e-3)  # the first counts one out and one in
    both = compose([replaced, GaussianRelease(2.0)], 1e-6)
    assert both == pytest.approx(gaussian_epsilon(1 / math.sqrt(2), 1e-6), rel=1e-3)


@pytest.mark.parametrize(
    ("noise", "probability", "prv"),
    [(50.0, 0.5, 1.20017), (118.5, 1.0, 0.99512), (1.0, 0.01, 1.82824), (5.0, 0.1, 2.65068)],
)
def test_sampled_steps_agree_with_another_accountant(
    noise: float, probability: float, prv: float
) -> None:
    """1000 steps at delta 1e-5; prv-accountant 0.2.0 (Gopi et al., 2021) gave these, within .01."""
    plan = DpPlan("subject", probability, 1.0, noise, 1000)
    assert plan_epsilon(plan, 1e-5) == pytest.approx(prv, rel=0.001)


PRV = """
from prv_accountant import PRVAccountant
from prv_accountant.privacy_random_variables import PoissonSubsampledGaussianMechanism as Steps
steps = Steps(sampling_probability={q}, noise_multiplier={noise})
accountant = PRVAccountant(prvs=[steps], max_self_compositions=[{steps}], eps_error=.002, delta_error=1e-10)
print(*accountant.compute_epsilon(delta=1e-5, num_self_compositions=[{steps}]))
"""


@pytest.mark.skipif(
    "PRV_PYTHON" not in os.environ,
    reason="set PRV_PYTHON to a Python with prv-accountant (pip install prv-accountant)",
)
@pytest.mark.parametrize(
    ("q", "noise", "steps"),
    [(0.02, 1.0, 300), (0.1, 3.0, 300), (0.3, 20.0, 1000), (0.5, 50.0, 1000)],
)
def test_the_other_accountant_run_anew_agrees_within_one_percent(
    q: float, noise: float, steps: int
) -> None:
    script = PRV.format(q=q, noise=noise, steps=steps)
    command = [os.environ["PRV_PYTHON"], "-W", "ignore", "-c", script]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    _, prv, most = map(float, told.stdout.split())
    ours = compose([GaussianRelease(noise, q, steps)], 1e-5)
    assert ours == pytest.approx(prv, rel=0.01)
    assert ours <= most


@pytest.mark.parametrize(
    ("epsilon", "probability", "steps"),
    [(1.0, 1.0, 1), (1.0, 1.0, 1000), (1.0, 0.1, 50), (0.5, 0.5, 10)],
)
def test_the_noise_found_is_enough_and_hardly_more(
    epsilon: float, probability: float, steps: int
) -> None:
    noise = noise_for(epsilon, delta=1e-6, sampling_probability=probability, steps=steps)
    assert compose([GaussianRelease(noise, probability, steps)], 1e-6) <= epsilon
    assert compose([GaussianRelease(noise * 0.999, probability, steps)], 1e-6) > epsilon


@pytest.mark.parametrize(
    ("epsilon", "auc", "found"), [(10, 0.92, 0.64), (3, 0.69, 0.18), (1, 0.575, 0.08)]
)
def test_the_worst_guess_at_known_epsilons(epsilon: float, auc: float, found: float) -> None:
    worst = worst_membership(epsilon, 1e-5)
    assert worst.auc == pytest.approx(auc, abs=0.005)
    assert worst.true_positive_rate == pytest.approx(found, abs=0.005)


def test_any_mechanism_may_be_guessed_better_by_hand() -> None:
    """Pure ln 3: the curve goes through (1/4, 3/4), so the AUC is 3/4; at 5 % alarms 15 % are found."""
    worst = worst_membership(math.log(3), 1e-12)
    assert worst.auc_any == pytest.approx(0.75, abs=1e-6)
    assert worst.true_positive_rate_any == pytest.approx(0.15, abs=1e-6)
    assert worst.auc < 0.75


def test_the_worst_guess_is_nearly_a_coin_at_the_least_epsilon() -> None:
    worst = worst_membership(0.01, 1e-9)
    assert worst.auc == pytest.approx(0.5, abs=0.003)
    assert worst.true_positive_rate == pytest.approx(0.05, abs=0.001)


def test_the_worst_guess_of_sampled_steps_is_below_that_of_one_gaussian() -> None:
    """The whole trade-off curve of 200 sampled steps, by its delta at every epsilon."""
    steps = [GaussianRelease(1.0, 0.05, 200)]
    deltas = np.array([1e-6, 1e-4, 0.01, 0.05, 0.12])
    epsilons = np.array([compose(steps, float(delta)) for delta in deltas])
    alarms = np.linspace(0, 1, 2001)[:, None]
    missed = np.maximum(
        1 - deltas - np.exp(epsilons) * alarms, np.exp(-epsilons) * (1 - deltas - alarms)
    ).max(axis=1, initial=0.0)
    auc = 1 - np.trapezoid(missed, alarms[:, 0])
    worst = worst_membership(float(epsilons[0]), 1e-6)
    assert 0.5 < auc <= worst.auc + 0.005


@pytest.mark.parametrize(
    "release",
    [GaussianRelease(0.0), GaussianRelease(1.0, 0.0), GaussianRelease(1.0, 1.5), PureRelease(0.0)],
)
def test_what_has_no_epsilon_is_refused(release: GaussianRelease | PureRelease) -> None:
    with pytest.raises(PrivacyError, match="no finite epsilon"):
        compose([release], 1e-6)


@pytest.mark.parametrize(("epsilon", "delta"), [(0.0, 1e-6), (1.0, 1e-20), (math.inf, 1e-6)])
def test_what_cannot_be_reckoned_is_refused(epsilon: float, delta: float) -> None:
    with pytest.raises(PrivacyError, match="Choose them from there"):
        noise_for(epsilon, delta=delta)
