"""The sensor's arithmetic, by hand and against the whole numbers that the filter counts in."""

import numpy as np
import pytest

from wearsynth.errors import ConfigError, DataError
from wearsynth.mlc.filters import BandPass, _add, _Times
from wearsynth.mlc.half import (
    LARGEST,
    SMALLEST,
    Halves,
    add,
    beyond,
    bits_of,
    inverse,
    mul,
    of_bits,
    rnd,
    rsqrt,
)


def test_rounding_goes_to_the_nearest_half_and_ties_away_from_zero() -> None:
    step = 2.0**-10  # of halves from 1 to 2
    assert rnd(1 + 0.49 * step) == 1
    assert rnd(1 + 0.5 * step) == 1 + step  # to even would be 1
    assert rnd(-1 - 0.5 * step) == -1 - step
    assert rnd(1 + 1.5 * step) == 1 + 2 * step
    assert rnd(2049) == 2050  # from 2048 on halves are 2 apart
    assert rnd(2 - 0.25 * step) == 2


def test_below_the_normal_halves_steps_stay_equal_and_half_a_step_is_the_least() -> None:
    assert rnd(2.5 * SMALLEST) == 3 * SMALLEST
    assert rnd(0.5 * SMALLEST) == SMALLEST
    assert rnd(-0.5 * SMALLEST) == -SMALLEST
    assert rnd(0.499 * SMALLEST) == 0
    assert mul(2.0**-13, 2.0**-13) == 0  # 2^-26


def test_every_half_is_its_own_rounding() -> None:
    halves = of_bits(np.arange(0x7C00))
    assert np.array_equal(rnd(halves), halves)
    assert np.array_equal(rnd(-halves), -halves)
    assert halves[-1] == LARGEST
    assert np.array_equal(bits_of(halves), np.arange(0x7C00))


def test_the_smaller_operand_is_rounded_to_the_steps_of_the_larger_first() -> None:
    step = 2.0**-10
    # 0.5 step is rounded up to a step before the sum; 0.49 is lost
    assert add(1, 0.5 * step) == 1 + step
    assert add(1 + step, 0.49 * step) == 1 + step
    # doubly rounded: 1024 and up have steps of 1, so 0.5 becomes 1 and 2047 + 1 = 2048
    assert add(2047, 0.5) == 2048
    assert add(0.5, 2047) == 2048


def test_an_operand_of_the_other_sign_keeps_five_bits_more() -> None:
    # 1 less x: x is rounded to 2^-15 first. 1.5 x 2^-15 becomes 2 x 2^-15, and 1 - 2^-14 lies between
    # the halves 1 - 2^-11 and 1: nearest is 1
    assert add(1, -1.5 * 2.0**-15) == 1
    # 0.4 x 2^-15 is lost, 16 x 2^-15 is a whole step below 1
    assert add(1, -0.4 * 2.0**-15) == 1
    assert add(1, -16 * 2.0**-15) == 1 - 2.0**-11
    # 7.5 x 2^-15 becomes 8 x 2^-15: half a step below 1, a tie that goes away from zero, to 1;
    # 8.5 x 2^-15 becomes 9 x 2^-15, past the tie
    assert add(1, -7.5 * 2.0**-15) == 1
    assert add(1, -8.5 * 2.0**-15) == 1 - 2.0**-11
    assert add(-1, 8.5 * 2.0**-15) == -1 + 2.0**-11


def test_zero_counts_as_positive_and_adds_nothing() -> None:
    for value in (0.0, SMALLEST, -SMALLEST, 1.5, -1.5, LARGEST):
        assert add(0.0, value) == value == add(value, 0.0)
    assert add(1.5, -1.5) == 0


def test_rsqrt_of_one_by_hand() -> None:
    # seed 0x59BA - (0x3C00 >> 1) = 0x3BBA = 0.9658203125; 0.5 y = 0.48291015625; times y:
    # 0.46640396... -> 0.46630859375 (steps of 2^-12); 1.5 less this: 1.03369140625 -> 1.033203125 or
    # 1.0341796875 (a tie, away from zero: 1.0341796875)
    assert of_bits(0x59BA - (0x3C00 >> 1)) == 0.9658203125
    assert mul(mul(0.5, 0.9658203125), 0.9658203125) == 0.46630859375
    assert add(1.5, -0.46630859375) == 1.0341796875
    assert mul(0.9658203125, 1.0341796875) == 0.9990234375  # 0.99883... between steps of 2^-11
    assert abs(float(rsqrt(1.0)) - 1) <= 2.0**-10


@pytest.mark.parametrize(
    ("count", "bits"), [(60, 0x2445), (70, int(np.float16(1 / 70).view(np.uint16)))]
)
def test_the_share_of_a_reading_is_the_square_of_rsqrt(count: int, bits: int) -> None:
    assert bits_of(inverse(count)) == bits
    assert bits_of(np.float64(1 / 60)) == 0x2444  # the nearest half is one step below 0x2445


def test_what_is_beyond_every_half_is_found_and_no_filter_goes_there() -> None:
    values = [LARGEST, -LARGEST, float(add(LARGEST, 32)), float(add(-LARGEST, -16)), np.nan]
    assert beyond(values).tolist() == [False, False, True, True, True]
    with pytest.raises(DataError, match="swings beyond 65504"):
        BandPass(-1.99, 0.999, 1).over(np.full(100, 8192.0))


def random_halves(count: int, seed: int) -> Halves:
    bits = np.random.default_rng(seed).integers(0, 0x6000, count)  # up to 512
    sign = np.random.default_rng(seed + 1).choice([-1.0, 1.0], count)
    return np.asarray(of_bits(bits) * sign)


def test_the_whole_numbers_of_the_filter_follow_the_same_rules() -> None:
    a, b = random_halves(20_000, 0), random_halves(20_000, 2)
    near = rnd(-a * np.random.default_rng(4).uniform(0.5, 2, len(a)))  # cancelling
    for other in (b, near):
        steps = zip((a / SMALLEST).astype(int), (other / SMALLEST).astype(int), strict=True)
        summed = [_add(int(x), int(y)) for x, y in steps]
        assert np.array_equal(np.array(summed) * SMALLEST, add(a, other))
    times = _Times(-1.66)
    products = np.array([times[int(x)] for x in a / SMALLEST]) * SMALLEST
    assert np.array_equal(products, mul(a, rnd(-1.66)))


def test_the_band_pass_equals_its_definition_step_by_step() -> None:
    x = random_halves(300, 7) / 64
    x = rnd(x)
    band_pass = BandPass(-1.66, 0.81, 0.09)
    a2, a3, gain = float(rnd(-1.66)), float(rnd(0.81)), float(rnd(0.09))
    s1 = s2 = rnd(0)
    wanted = []
    for reading in x:
        v = add(reading, s1)
        s1, s2 = add(mul(-a2, v), s2), add(-reading, mul(-a3, v))
        wanted.append(float(mul(v, gain)))
    assert band_pass.over(x).tolist() == wanted


def test_coefficients_are_halves_as_in_the_configuration_of_the_sensor() -> None:
    assert [bits_of(rnd(c)) for c in (1.66, 0.81, 0.09)] == [0x3EA4, 0x3A7B, 0x2DC3]


def test_a_constant_leaves_a_band_pass_and_an_unstable_one_is_refused() -> None:
    out = BandPass(-1.66, 0.81, 0.09).over(np.ones(400))
    assert abs(out[-50:]).max() < 0.002 < abs(out[:5]).max()
    with pytest.raises(ConfigError, match="grows without end"):
        BandPass(-1.66, 1.0, 0.09)
    with pytest.raises(ConfigError, match=r"\|a2\| below 1 \+ a3"):
        BandPass(-1.9, 0.81, 0.09)
