import numpy as np
import pytest

from wearsynth.data import Gap, Oddity, Span
from wearsynth.formats.timeline import (
    averaged_where_dense,
    gaps_of,
    odd_rows,
    on_grid,
    runs,
    spans_of,
)


def test_runs_are_the_ranges_of_equal_neighbours() -> None:
    assert runs([1, 1, 2, 1]) == [(0, 2), (2, 3), (3, 4)]
    assert runs(np.array(["a", "a"])) == [(0, 2)]
    assert runs([]) == []


def test_spans_leave_out_rows_without_a_label() -> None:
    label = ["a", "a", None, "", "b"]
    assert spans_of(label, 2.0) == (Span(0.0, 1.0, "a"), Span(2.0, 2.5, "b"))


def test_spans_follow_the_readings_numbers_and_the_start() -> None:
    place = np.array([0, 1, 10, 11])
    spans = spans_of(["a", "a", "a", "b"], 10.0, place=place, start_s=5.0)
    assert spans == (Span(5.0, 6.1, "a"), Span(6.1, 6.2, "b"))


def test_gaps_are_the_stretches_where_bad() -> None:
    bad = np.array([True, False, True, True])
    assert gaps_of(bad, 4.0, start_s=1.0) == (Gap(1.0, 1.25), Gap(1.5, 2.0))
    assert gaps_of(np.zeros(3, dtype=bool), 4.0) == ()


def test_odd_rows_are_counted_with_the_first_line() -> None:
    bad = np.array([False, True, True])
    assert odd_rows(bad, "row(s) are odd", "a.csv", 2) == (
        Oddity("row(s) are odd", 2, "a.csv, line 3"),
    )
    assert odd_rows(~bad[1:], "row(s) are odd", "a.csv", 2) == ()


def test_readings_on_the_grid_stay_as_they_are() -> None:
    values = np.array([[1.0, -1.0], [2.0, 0.0], [4.0, 1.0]])
    first, readings = on_grid(np.array([0.0, 0.1, 0.2]), values, rate_hz=10.0, longest_s=0.15)
    assert first == 0
    np.testing.assert_array_equal(readings, values)
    assert readings.dtype == np.float32


def test_readings_between_rows_lie_on_the_straight_line() -> None:
    # rows at 0.05 and 0.15: the grid time 0.1 is half way; 0 and 0.2 are not reached
    first, readings = on_grid(
        np.array([0.05, 0.15]), np.array([[2.0], [6.0]]), rate_hz=10.0, longest_s=0.15
    )
    assert first == 1
    np.testing.assert_allclose(readings, [[4.0]])


def test_a_slow_clock_keeps_its_times() -> None:
    time_s = np.arange(2000) / 19.9  # 100.45 s
    first, readings = on_grid(time_s, time_s[:, None], rate_hz=20.0, longest_s=0.125)
    assert (first, len(readings)) == (0, 2010)
    np.testing.assert_allclose(readings[:, 0], np.arange(2010) / 20.0, rtol=1e-6)


def test_nothing_is_known_within_a_long_step() -> None:
    time_s = np.array([0.0, 0.1, 0.2, 0.6, 0.7])
    values = np.arange(5.0)[:, None]
    _, readings = on_grid(time_s, values, rate_hz=10.0, longest_s=0.25)
    assert np.isnan(readings[:, 0]).tolist() == [False] * 3 + [True] * 3 + [False] * 2
    _, bridged = on_grid(time_s, values, rate_hz=10.0, longest_s=0.5)
    np.testing.assert_allclose(bridged[2:7, 0], [2.0, 2.25, 2.5, 2.75, 3.0], rtol=1e-6)


def test_a_row_beside_a_long_step_does_not_reach_into_it() -> None:
    time_s = np.array([0.0, 0.1, 0.19, 0.62, 0.7])
    _, readings = on_grid(time_s, np.ones((5, 1)), rate_hz=10.0, longest_s=0.25)
    assert np.isnan(readings[:, 0]).tolist() == [False, False, True, True, True, True, True, False]


def test_rows_that_reach_no_grid_time_give_no_readings() -> None:
    first, readings = on_grid(np.array([0.02, 0.04]), np.ones((2, 3)), rate_hz=10.0, longest_s=1.0)
    assert (first, readings.shape) == (1, (0, 3))


def test_dense_rows_become_the_means_of_their_step() -> None:
    time_s = np.arange(100) / 100.0  # 100 Hz onto 20 Hz: five rows a step
    mean_s, means, dense = averaged_where_dense(time_s, time_s[:, None], rate_hz=20.0)
    assert dense.all()
    # the step around 0.05 s holds 0.03 .. 0.07, that around 0 s only 0.00, 0.01 and 0.02
    np.testing.assert_allclose(mean_s[:3], [0.01, 0.05, 0.10], atol=1e-9)
    np.testing.assert_allclose(means[:, 0], mean_s, atol=1e-9)


def test_what_a_grid_cannot_hold_is_averaged_away() -> None:
    time_s = np.arange(400) / 100.0
    fast = np.sin(2 * np.pi * 20.0 * time_s + 0.5)[:, None]  # would stand still at 20 Hz
    mean_s, means, _ = averaged_where_dense(time_s, fast, rate_hz=20.0)
    assert np.abs(means[1:-1]).max() < 1e-9
    assert np.abs(on_grid(time_s, fast, rate_hz=20.0, longest_s=0.1)[1]).max() > 0.4
    assert len(mean_s) == 81


@pytest.mark.parametrize("rate_hz", [18.0, 20.0, 22.0, 28.0])
def test_rows_at_about_the_rate_stay(rate_hz: float) -> None:
    time_s = np.arange(200) / rate_hz
    values = np.arange(200.0)[:, None]
    same_s, same, dense = averaged_where_dense(time_s, values, rate_hz=20.0)
    assert not dense.any()
    np.testing.assert_array_equal(same_s, time_s)
    np.testing.assert_array_equal(same, values)


def test_only_the_dense_part_is_averaged() -> None:
    time_s = np.concatenate([np.arange(60) / 20.0, 3.0 + np.arange(100) / 100.0])
    mean_s, _, dense = averaged_where_dense(time_s, time_s[:, None], rate_hz=20.0)
    np.testing.assert_array_equal(mean_s[:50], time_s[:50])
    assert not dense[:45].any()
    assert dense[-90:].all()
