"""Inputs and features, by hand."""

import numpy as np
import pytest

from wearsynth.mlc.features import (
    FEATURES,
    InputWindows,
    peak_to_peak,
    peaks,
    running_sum,
    variance,
    zero_crossings,
)
from wearsynth.mlc.half import inverse, mul, rnd, rsqrt
from wearsynth.mlc.inputs import INPUTS, counts_of, half_g


def windows(*rows: list[float], first: tuple[int, ...] = (0,)) -> InputWindows:
    begins = np.isin(np.arange(len(rows)), first)
    return InputWindows.of(np.array(rows, dtype=np.float64), begins)


def test_mg_become_counts_of_0_061_and_halves_of_2_to_the_minus_14_g() -> None:
    mg = np.array([0.0, 0.061, -0.061, 0.0305, -0.0305, 1000.0])
    assert counts_of(mg).tolist() == [0, 1, -1, 1, -1, 16393]
    assert half_g(np.array([16384, -8192, 1])).tolist() == [1.0, -0.5, 2.0**-14]
    assert half_g(np.array([16393])) == 1 + 2.0**-10  # 9 of 16 counts a step


def test_from_4_g_on_the_parts_are_rounded_apart() -> None:
    # 8 g and 63 counts: less than half a step of 128 counts; 64 is a tie, away from zero
    assert half_g(np.array([131072 + 63])) == 8
    assert half_g(np.array([131072 + 64])) == 8 + 2.0**-7
    # 4 g and 32784 counts: the low part has steps of 32, 32784 is a tie and becomes 32800; in steps of 64
    # from 4 g on that is a tie again, 32832. At once it would be 32768
    assert half_g(np.array([65536 + 32784])) == 4 + 32832 / 16384
    assert half_g(np.array([-65536 - 32784])) == -4 - 32832 / 16384
    assert rnd((65536 + 32784) / 16384) == 6


def test_the_two_sizes_add_in_their_own_order() -> None:
    # y^2 = z^2 = 0.6 steps of 1: added to 1 one by one each becomes a step, together they are one
    y = float(rnd(0.0242))
    step = 2.0**-10
    assert 0.5 * step < y * y < 0.75 * step
    ahead, behind = np.array([[1.0, y, y]]), np.array([[y, y, 1.0]])
    assert INPUTS["Acc_V2"](ahead) == 1 + 2 * step
    assert INPUTS["Acc_V2"](behind) == 1 + step
    s = 1 + step
    assert INPUTS["Acc_V"](ahead) == mul(s, rsqrt(s))
    assert INPUTS["Acc_V"](behind) == mul(1 + 2 * step, rsqrt(1 + 2 * step))
    assert INPUTS["Acc_V"](np.zeros((1, 3))) == 0
    assert INPUTS["Acc_Y"](np.array([[1.0, 2.0, 3.0]])) == 2


def test_sums_go_reading_by_reading() -> None:
    # from 2048 on 1 is half a step and becomes 2, twice; in the other order 1 + 1 = 2 comes first
    assert running_sum(np.array([[2048.0, 1.0, 1.0], [1.0, 1.0, 2048.0]])).tolist() == [2052, 2050]


def test_mean_energy_variance_and_range_of_a_window() -> None:
    of = windows([1.0, 3.0, 1.0, 3.0])
    share = inverse(4)
    assert share == pytest.approx(0.25, rel=0.002)
    assert of.mean == rnd(8 * share)
    assert FEATURES["ENERGY"](of) == 20
    assert variance(of) == pytest.approx(5 - 4, abs=0.03)
    assert peak_to_peak(of) == 2
    assert FEATURES["MINIMUM"](of) == 1
    assert FEATURES["MAXIMUM"](of) == 3


def test_variance_is_never_below_zero() -> None:
    still = windows([1.0] * 60)
    assert variance(still) == 0
    assert still.mean == rnd(60 * inverse(60))


def test_crossings_are_of_the_previous_mean_twice_each() -> None:
    # first window against 0: + - + is two crossings; second against the mean of the first
    one, two = [1.0, -1.0, 1.0, 3.0], [2.0, 0.5, 2.0, 2.0]
    of = windows(one, two)
    assert 0.9 < of.mean[0] < 1.1
    # against about 1: the last reading before is 3 (above), then above, below, above, above
    assert zero_crossings(of).tolist() == [4, 4]
    # a log that begins with the second window has 0 as reference: nothing crosses
    assert zero_crossings(windows(one, two, first=(0, 1))).tolist() == [4, 0]


def test_a_crossing_between_windows_counts_and_one_too_small_for_a_half_does_not() -> None:
    of = windows([-1.0, 1.0, -1.0, 1.0], [-2.0, -2.0, -2.0, -2.0])
    assert of.mean[0] == 0
    assert zero_crossings(of).tolist() == [6, 2]
    tiny = 2.0**-13
    assert zero_crossings(windows([tiny, -tiny, tiny, -tiny])).tolist() == [0]  # 2^-26
    assert zero_crossings(windows([2.0**-12, -tiny, 2.0**-12, 1.0])).tolist() == [4]  # 2^-25


def test_peaks_are_turns_and_flat_tops_count_once() -> None:
    assert peaks(windows([0.0, 1.0, 0.0, 1.0])).tolist() == [2]
    # rising, flat (not rising): a maximum; flat, flat; flat, rising: a minimum
    assert peaks(windows([0.0, 1.0, 1.0, 1.0, 2.0])).tolist() == [2]
    assert peaks(windows([2.0, 1.0, 0.0, 0.0])).tolist() == [0]


def test_peaks_run_over_the_edges_of_windows_but_not_of_logs() -> None:
    rows = ([0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0])
    # in the second window the turn at its first reading is seen with the two before
    assert peaks(windows(*rows)).tolist() == [1, 1]
    assert peaks(windows(*rows, first=(0, 1))).tolist() == [1, 0]
    # a log's first two readings are no turn, whatever lies before
    assert peaks(windows([5.0, 0.0, 0.0, 0.0])).tolist() == [0]


def test_a_sum_beyond_every_half_is_infinite() -> None:
    of = windows([200.0] * 60, [1.0] * 60)
    assert of.mean[0] == pytest.approx(200, rel=0.01)
    assert of.energy.tolist() == [np.inf, 60]
    assert variance(of).tolist() == [np.inf, 0]
    huge = windows([60_000.0] * 60, [-60_000.0] * 60)
    assert huge.mean.tolist() == [np.inf, -np.inf]
    assert variance(huge).tolist() == [np.inf, np.inf]
    assert zero_crossings(huge).tolist() == [0, 0]
