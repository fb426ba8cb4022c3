"""The window that goes on best: how readings move, by hand; strength, levels, drifts, gravity, movements."""

import numpy as np
import pytest
from numpy.typing import NDArray

from wearsynth.continuing import Clock, Kind, Pool, Readings, manner

Array = NDArray[np.float64]
CLOCK = Clock(60, 1.0, knows_people=True)
FOLD = 8
MOTION = Kind(fold=FOLD, drifts=False, vector=True, beats=False, one_g=1.0)
PULSE = Kind(fold=FOLD, drifts=False, vector=False, beats=True, one_g=None)
LEVEL = Kind(fold=1, drifts=True, vector=False, beats=False, one_g=None)


def filled(readings: Readings, kinds: dict[str, Kind]) -> Pool:
    pool = Pool(CLOCK)
    pool.add(readings, kinds)
    pool.index()
    return pool


def noise(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


def test_how_readings_move_by_hand() -> None:
    values = np.array([3.0, 5, 3, 5, 4, 4, 4, 4])[None, :, None]
    found = manner(values, np.array([0, 4]), 4)
    assert found.shape == (1, 2, 3)
    # sd 1; changes 2, -2, 2; changes of changes 4, 4
    np.testing.assert_allclose(np.exp(found[0, 0]), [1, 2, 4], rtol=1e-6)
    assert (np.exp(found[0, 1]) < 1e-4).all()


@pytest.mark.parametrize("factor", [0.1, 1.0, 10.0])
def test_motion_goes_on_as_strongly(factor: float) -> None:
    factors = np.repeat([0.1, 1.0, 10.0], 20)[:, None, None]
    windows = [0, 0, 20] + 0.1 * factors * noise(0, 60, 60 * FOLD, 3)
    pool = filled({"acc": windows}, {"acc": MOTION})
    found = pool.best({"acc": [0, 0, 20] + 0.1 * factor * noise(1, 12 * FOLD, 3)})
    assert found.readings["acc"].std(axis=0).mean() == pytest.approx(0.1 * factor, rel=0.2)


def test_gravity_points_where_it_did_and_lengths_stay() -> None:
    windows = [0, 0.6, 0.8] + 0.01 * noise(0, 40, 60 * FOLD, 3)
    pool = filled({"acc": windows}, {"acc": MOTION})
    found = pool.best({"acc": [1.0, 0, 0] + 0.01 * noise(1, 12 * FOLD, 3)}).readings["acc"]
    np.testing.assert_allclose(found.mean(axis=0), [1, 0, 0], atol=0.02)
    lengths = np.linalg.norm(windows, axis=2)
    assert np.abs(lengths - np.linalg.norm(found, axis=1)).mean(axis=1).min() < 1e-9


def test_a_swing_goes_on_in_time_and_a_pulse_need_not() -> None:
    at = np.arange(60 * FOLD) / FOLD
    swing = np.sin(2 * np.pi * (0.7 * at[None] + noise(0, 60, 1)))[:, :, None]
    windows = {"acc": swing * [0.5, 0, 0] + [0, 0, 1] + 0.01 * noise(1, 60, 60 * FOLD, 3)}
    before = np.sin(2 * np.pi * 0.7 * at[: 12 * FOLD])[:, None] * [0.5, 0, 0] + [0, 0, 1]
    before = before + 0.01 * noise(4, 12 * FOLD, 3)
    found = filled(windows, {"acc": MOTION}).best({"acc": before})
    overlap = CLOCK.overlap * FOLD
    tail = before[-overlap:, 0] - found.readings["acc"][found.step * FOLD :][:overlap, 0]
    assert np.abs(tail).mean() < 0.1
    level = np.where(np.arange(60) < 40, 20.0, 45.0)[:, None, None]
    slow = {"temp": level + 0.01 * noise(2, 60, 60, 1)}
    kinds = {"bvp": PULSE, "temp": LEVEL}
    opposite = -swing.copy()
    opposite[20] = swing[20]  # one beats in time, another has the level
    past = {"bvp": swing[20, : 12 * FOLD], "temp": 45 + 0.01 * noise(3, 12, 1)}
    found = filled({"bvp": opposite, **slow}, kinds).best(past)
    assert found.readings["temp"].mean() == pytest.approx(45, abs=1)


def test_levels_drift_on_as_they_did() -> None:
    slopes = np.linspace(-0.1, 0.1, 50)[:, None, None]
    windows = {"temp": 30 + slopes * np.arange(60)[None, :, None] + 0.001 * noise(0, 50, 60, 1)}
    pool = filled(windows, {"temp": LEVEL})
    past = 30 + 0.06 * np.arange(12.0)[:, None] + 0.001 * noise(1, 12, 1)
    found = pool.best({"temp": past}).readings["temp"][:, 0]
    assert (found[-1] - found[0]) / 59 == pytest.approx(0.06, abs=0.02)


def test_no_window_is_used_twice_and_half_of_them_are_drawn_anew() -> None:
    pool = Pool(CLOCK)
    assert pool.missing == CLOCK.pool
    windows = {"temp": 30 + noise(0, CLOCK.pool, 60, 1)}
    pool.add(windows, {"temp": LEVEL})
    pool.index()
    seen = set[float]()
    while not pool.missing:
        seen.add(float(pool.best({"temp": 30 + noise(1, 12, 1)}).readings["temp"][0, 0]))
        assert len(seen) == (~pool.free).sum()
    assert len(seen) == CLOCK.pool // 2 + 1 == pool.missing
