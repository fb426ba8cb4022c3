"""Fades by hand, and shifts of level, drift and strength that wear off."""

import numpy as np
import pytest

from wearsynth.fading import bent, faded_level, gently_faded


def test_a_fade_by_hand() -> None:
    before, after = np.zeros((3, 1)), np.full((3, 1), 2.0)
    weight = np.array([53 / 512, 0.5, 459 / 512])  # t^3 (10 - 15 t + 6 t^2) at 1/4, 1/2, 3/4
    np.testing.assert_allclose(gently_faded(before, after)[:, 0], 2 * weight)
    same = np.random.default_rng(0).normal(3, 1, (12, 3))
    np.testing.assert_allclose(gently_faded(same, same), same, rtol=1e-9)


@pytest.mark.parametrize("factor", [1.0, 9.0])
def test_noise_changes_its_strength_by_factors(factor: float) -> None:
    before, after = np.random.default_rng(0).normal(size=(2, 49, 4000))
    faded = gently_faded(before, factor * after)
    assert faded[24].std() == pytest.approx(np.sqrt(factor), rel=0.06)
    assert faded[:3].std() == pytest.approx(1, rel=0.06)
    assert faded[-3:].std() == pytest.approx(factor, rel=0.06)


def test_a_shift_wears_off() -> None:
    past, after = np.full((4, 1), 5.0), np.full((40, 1), 3.0)
    whole = faded_level(past, after, drift_steps=10.0)[:, 0]
    assert whole[0] == pytest.approx(5, abs=0.02)
    np.testing.assert_allclose(whole[4:], 3 + 2 * np.exp(-np.arange(4, 40) / 10))
    assert np.abs(np.diff(whole)).max() < 0.4


def test_a_drift_goes_on_and_wears_off() -> None:
    past = np.linspace(0, -9.5, 20)[:, None]
    after = np.full((200, 1), 7.0)
    whole = bent(past, after, bend_steps=20.0)[:, 0]
    assert whole[0] == 7
    assert np.diff(whole)[0] == pytest.approx(-0.5, rel=0.06)
    assert whole[-1] == pytest.approx(7, abs=0.01)
    level = np.full((20, 1), 7.0)
    np.testing.assert_allclose(bent(level, after, bend_steps=20.0), after)
