import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wearsynth.data import FloatArray
from wearsynth.grids import COARSE_STEPS, Grid, grid_of, shared_range

STEPS = st.sampled_from([0.001, 1 / 64, 0.1, 0.25, 1.0, 0.000061, 0.02, 4.0])


def normal(count: int, sd: float = 1.0, *, seed: int = 0) -> FloatArray:
    return np.random.default_rng(seed).normal(0, sd, count).astype(np.float32)


def on_grid(step: float, *, sd: float = 1.0, count: int = 4000) -> FloatArray:
    return (np.round(normal(count, sd).astype(np.float64) / step) * step).astype(np.float32)


@pytest.mark.parametrize("step", [0.001, 0.25, 1 / 64, 1.0])
def test_the_step_of_readings_on_a_grid_is_found(step: float) -> None:
    assert grid_of(on_grid(step)).step == pytest.approx(step, rel=1e-6)


def test_a_round_step_is_told_in_few_digits() -> None:
    assert grid_of(on_grid(0.001)).step == 0.001
    assert grid_of(on_grid(0.02)).step == 0.02


@settings(max_examples=60, deadline=None)
@given(
    step=STEPS,
    counts=st.lists(st.integers(-800, 800), min_size=200, max_size=400),
    offset=st.integers(-50, 50),
)
def test_readings_on_any_grid_stay_where_they_are(
    step: float, counts: list[int], offset: int
) -> None:
    # neighbours one step apart are among them, as in any recording long enough
    whole = np.array([*counts, *range(offset, offset + 30)], dtype=np.float64)
    readings = (whole * step).astype(np.float32)
    grid = grid_of(readings)
    assert grid.step == pytest.approx(step, rel=1e-5)
    np.testing.assert_allclose(grid.put(readings), readings, rtol=1e-5, atol=1e-5 * step)


def test_close_neighbours_may_all_lie_several_steps_apart() -> None:
    # 2 and 3 steps apart, never 1: the step is their common divisor all the same
    whole = np.cumsum(np.random.default_rng(0).choice([2, 3], 500)).astype(np.float32)
    assert grid_of(whole * np.float32(0.5)).step == 0.5


def test_readings_on_no_grid_have_none() -> None:
    assert grid_of(normal(4000)).step == 0.0
    assert grid_of(normal(300, 50.0)).step == 0.0


def test_a_grid_finer_than_rounding_can_show_is_none() -> None:
    fine = (np.arange(3 * COARSE_STEPS) * 0.25).astype(np.float32)
    assert grid_of(fine).step == 0.0
    assert grid_of(fine[: COARSE_STEPS // 2]).step == 0.25


def test_a_constant_channel_has_no_grid_and_no_range() -> None:
    assert grid_of(np.full((3, 5), 7.25, np.float32)) == Grid()
    assert grid_of(np.array([7.25], np.float32)) == Grid()


def test_a_range_shows_only_where_readings_pile_up() -> None:
    free = normal(5000)
    assert (grid_of(free).low, grid_of(free).high) == (-np.inf, np.inf)
    clipped = np.clip(free, -2.0, 10.0)  # 2.3 % of a normal law lie below -2, none above 10
    assert (grid_of(clipped).low, grid_of(clipped).high) == (-2.0, np.inf)
    both = np.clip(free, -1.5, 1.5)
    assert (grid_of(both).low, grid_of(both).high) == (-1.5, 1.5)


def test_one_reading_in_two_thousand_at_the_end_is_no_range() -> None:
    readings = np.linspace(-1, 1, 2001, dtype=np.float32)
    assert grid_of(readings).high == np.inf
    piled = np.concatenate([readings, np.ones(4, np.float32)])  # 5 of 2005: 0.25 %
    assert (grid_of(piled).low, grid_of(piled).high) == (-np.inf, 1.0)


def test_put_rounds_and_clips_by_hand() -> None:
    grid = Grid(0.25, -1.0, 2.0)
    values = np.array([[0.1, 0.13, -0.2, 7.0], [-1.3, 1.99, 0.75, -0.05]], np.float32)
    put = grid.put(values)
    assert put.dtype == np.float32
    assert put.tolist() == [[0.0, 0.25, -0.25, 2.0], [-1.0, 2.0, 0.75, 0.0]]


def test_without_a_grid_values_stay() -> None:
    values = normal(50)
    assert np.array_equal(Grid().put(values), values)


@settings(max_examples=60, deadline=None)
@given(
    step=STEPS,
    values=st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=40),
    low=st.integers(-60, 0),
    high=st.integers(1, 60),
)
def test_putting_twice_is_putting_once(
    step: float, values: list[float], low: int, high: int
) -> None:
    grid = Grid(step, low * step, high * step)
    once = grid.put(np.array(values, np.float32))
    assert np.array_equal(grid.put(once), once)
    assert (once >= np.float32(grid.low)).all()
    assert (once <= np.float32(grid.high)).all()
    exact = np.array(values, np.float32).astype(np.float64)
    inside = (exact >= grid.low) & (exact <= grid.high)
    assert (np.abs(once[inside] - exact[inside]) <= step / 2 + 1e-5).all()


def test_synthetic_readings_come_to_lie_where_real_ones_do() -> None:
    real = np.clip(on_grid(1 / 64, sd=1.5), -2, 2)
    put = grid_of(real).put(normal(3000, 1.5, seed=9))
    assert np.array_equal(put * 64, np.round(put * 64))
    assert (put.min(), put.max()) == (-2.0, 2.0)


def held(count: int, times: int) -> np.ndarray:
    """Give windows of a sensor that gives each reading several times, on .01 + whole .02."""
    rng = np.random.default_rng(0)
    whole = np.cumsum(rng.integers(-1, 2, (count, 60)), axis=1)
    return np.repeat(33.01 + 0.02 * whole, times, axis=1).astype(np.float32)


def test_a_slow_sensor_holds_its_readings() -> None:
    grid = grid_of(held(20, 4), "degC")
    assert grid.held == 4
    assert (grid.step, grid.offset % grid.step) == pytest.approx((0.02, 0.01), abs=5e-4)
    drawn = np.random.default_rng(1).uniform(32.9, 33.1, (5, 240)).astype(np.float32)
    put = grid.put(drawn)
    assert (np.flatnonzero(np.diff(put, axis=1).any(axis=0)) % 4 == 3).all()
    steps = (put.astype(np.float64) - grid.offset) / grid.step
    assert np.abs(steps - np.round(steps)).max() < 0.01
    assert np.abs(put - np.repeat(drawn[:, ::4], 4, axis=1)).max() < 0.0101
    assert grid_of(held(20, 1)).held == 1


def test_conductance_is_never_below_zero() -> None:
    skin = np.abs(normal(4000)).reshape(10, 400)
    assert grid_of(skin, "uS").low == 0.0
    assert grid_of(skin, "g").low == -np.inf
    assert grid_of(skin - 1, "uS").low == -np.inf


def test_changes_show_a_step_wherever_each_window_lies() -> None:
    rng = np.random.default_rng(2)
    whole = np.cumsum(rng.integers(-2, 3, (30, 100)), axis=1)
    anywhere = rng.random((30, 1)) + whole * 0.25
    assert grid_of(anywhere.astype(np.float32)).step == pytest.approx(0.25, rel=1e-4)


def test_a_rare_end_shows_beside_its_neighbours_and_for_all_axes() -> None:
    readings = (np.round(normal(2_000_000) * 64 / 6) / 64).astype(np.float32)
    free = grid_of(readings)
    assert (free.low, free.high) == (-np.inf, np.inf)
    readings[:200] = -2.0
    end = grid_of(readings)
    assert (end.low, end.high) == (-2.0, np.inf)
    assert [(grid.low, grid.high) for grid in shared_range([free, end])] == [(-2.0, np.inf)] * 2


def test_windows_may_each_have_a_grid_of_their_own() -> None:
    # as an Empatica E4 writes skin conductance: one step, begun anywhere, in six decimals
    rng = np.random.default_rng(0)
    whole = rng.integers(-2, 3, (60, 240)).cumsum(axis=1)
    readings = np.round(0.9 + rng.random((60, 1)) + 0.001281 * whole, 6).astype(np.float32)
    grid = grid_of(readings, "uS")
    assert grid.step == pytest.approx(0.001281, rel=1e-3)
    assert np.isnan(grid.offset) and grid.digit == pytest.approx(1e-6)
    made = grid.put((readings + rng.normal(0, 0.01, readings.shape)).astype(np.float32))
    apart = np.diff(made.astype(np.float64), axis=1) / grid.step
    assert np.abs(apart - np.round(apart)).max() < 0.01
    assert np.abs(made * 1e6 - np.round(made.astype(np.float64) * 1e6)).max() < 0.2


def test_one_grid_for_all_has_no_digit() -> None:
    assert grid_of(on_grid(0.25)).digit == 0.0 and grid_of(normal(4000)).digit == 0.0
