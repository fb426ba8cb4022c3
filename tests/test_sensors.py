import dataclasses

import numpy as np
import pytest

from wearsynth.data import Channel
from wearsynth.errors import DataError, SensorError
from wearsynth.sensors import Counts, load_profile, profile_names
from wearsynth.sensors.choosing import (
    choose_full_scale,
    choose_low_pass,
    choose_power_mode,
    choose_rate,
)
from wearsynth.sensors.counts import same_kind
from wearsynth.sensors.profile import rates_of

XYZ = tuple(Channel(f"acc_{axis}", "g") for axis in "xyz")


def counts_of(values: np.ndarray, *, scale: float = 0.000122) -> Counts:
    return Counts(
        values=values,
        rate_hz=26.0,
        channels=XYZ[: values.shape[2]],
        scale=scale,
        clip_counts=(-32768, 32767),
        label=np.zeros(len(values), dtype=np.int64),
        classes=("walking",),
        device=np.zeros(len(values), dtype=np.int64),
        sensor="lsm6dsl",
        full_scale="4g",
        power_mode="high_performance",
        convention="nominal",
    )


def test_profiles_are_found_by_name_in_any_case() -> None:
    assert set(profile_names()) == {
        *("lsm6dsl", "lsm6dsv16x", "lsm6dsox", "lsm6dso", "lsm6ds3tr-c", "ism330dhcx", "lis2dw12"),
        *("lis2dh12", "lis3dsh", "iis3dwb", "lsm9ds1", "bmi270", "mpu6050", "e4"),
    }
    assert load_profile("LSM6DSL").title == "ST LSM6DSL"
    assert load_profile(" LSM6DS3TRC").name == load_profile("lsm6ds3tr-c").name == "lsm6ds3tr-c"


def test_an_unknown_sensor_is_answered_with_the_nearest() -> None:
    with pytest.raises(SensorError, match="Did you mean 'lsm6dsl'"):
        load_profile("lsm6dslx")


@pytest.mark.parametrize("name", profile_names())
def test_every_figure_has_a_source_and_says_whether_it_is_verified(name: str) -> None:
    for signal in load_profile(name).signals.values():
        assert signal.figures
        for figure in signal.figures.values():
            assert figure.source
            assert figure.verified in (True, False, "secondary")
            assert figure.known or figure.verified is False


def test_lsm6dsl_scales_by_both_conventions() -> None:
    scales = load_profile("lsm6dsl").signals["acc"].full_scales
    nominal_mg = [1000 * scale.scale("nominal") for scale in scales]
    physical_mg = [1000 * scale.scale("physical") for scale in scales]
    assert nominal_mg == pytest.approx([0.061, 0.122, 0.244, 0.488])
    assert physical_mg == pytest.approx([2000 / 32768, 4000 / 32768, 8000 / 32768, 16000 / 32768])


def test_noise_by_power_mode_is_the_datasheets() -> None:
    part = load_profile("lsm6dsl").signals["acc"]
    by_name = {mode.name: mode for mode in part.power_modes}
    four_g = part.full_scales[1]
    # 80 ug * sqrt(26 / 2) = 0.28844 mg
    density = part.noise(by_name["high_performance"], four_g)
    fixed = part.noise(by_name["low_power"], four_g)
    assert density is not None and fixed is not None
    assert density.sd(bandwidth_hz=13, rate_hz=26, channels=3) == pytest.approx(
        [0.28844e-3] * 3, rel=1e-4
    )
    assert fixed.sd(bandwidth_hz=13, rate_hz=26, channels=1) == pytest.approx(2.0e-3)
    assert fixed.sd(bandwidth_hz=6.25, rate_hz=12.5, channels=1) == pytest.approx(2.0e-3)
    # a quarter of the band, half the noise
    assert fixed.sd(bandwidth_hz=3.25, rate_hz=26, channels=1) == pytest.approx(1.0e-3)


def test_what_is_not_published_is_zero_and_named() -> None:
    acc = load_profile("e4").signals["acc"]
    assert (acc.offset_sd, acc.sensitivity_sd, acc.rate_error) == ((0.0,), 0.0, (0.0, 0.0))
    assert acc.cross_axis_sd == 0.0
    assert acc.noise(acc.power_modes[0], acc.full_scales[0]) is None
    assert "offset_sd" in acc.unknown
    assert load_profile("mpu6050").signals["acc"].unknown == ("rate_error_pct",)


@pytest.mark.parametrize("wanted", ["4g", "4 g", 4, 4.0, "4"])
def test_a_full_scale_is_named_in_several_ways(wanted: str | float) -> None:
    profile = load_profile("lsm6dsl")
    assert choose_full_scale(profile, profile.signals["acc"], wanted)[0].name == "4g"


def test_six_g_is_counted_at_eight_g_and_clipped_at_six() -> None:
    profile = load_profile("lsm6dsl")
    scale, notes = choose_full_scale(profile, profile.signals["acc"], "6g")
    assert scale.per_count == pytest.approx(0.000244)
    assert scale.clip_counts == (-24590, 24590)  # 6000 / 0.244 = 24590.2
    assert "8g sensitivity" in notes[0]
    exact, _ = choose_full_scale(profile, profile.signals["acc"], "6g", convention="physical")
    assert exact.clip_counts == (-24576, 24576)  # 6 / (8 / 32768)


def test_a_full_scale_that_a_part_lacks_is_refused_with_what_it_has() -> None:
    profile, e4 = load_profile("lsm6dsl"), load_profile("e4")
    with pytest.raises(SensorError, match=r"^lsm6dsl has no 3 g full scale; it has 2, 4, 8 and 16"):
        choose_full_scale(profile, profile.signals["acc"], "3g")
    with pytest.raises(
        SensorError, match=r"^e4 has no 6 g full scale; it has 2\. A 6 g part: lis3dsh\.$"
    ):
        choose_full_scale(e4, e4.signals["acc"], "6g")
    with pytest.raises(SensorError, match="one range, 100uS"):
        choose_full_scale(e4, e4.signals["eda"], "4g")


def test_a_rate_outside_the_power_mode_is_refused_with_who_has_it() -> None:
    profile = load_profile("lsm6dsl")
    part = profile.signals["acc"]
    low, _ = choose_power_mode(profile, part, "low_power")
    with pytest.raises(SensorError, match="Power modes with 104 Hz: high_performance and normal"):
        choose_rate(profile, part, low, rate_hz=104, own_rate_hz=104)
    with pytest.raises(SensorError, match=r"it has 1.6, 12.5, 26 and 52 Hz there\.$"):
        choose_rate(profile, part, low, rate_hz=30, own_rate_hz=30)
    with pytest.raises(SensorError, match="Did you mean 'low_power'"):
        choose_power_mode(profile, part, "lowpower")


def test_the_nearest_rate_is_taken_by_ratio_and_told() -> None:
    profile = load_profile("lsm6dsl")
    part = profile.signals["acc"]
    mode, _ = choose_power_mode(profile, part, None)
    rate, notes = choose_rate(profile, part, mode, rate_hz=None, own_rate_hz=30)
    assert rate == 26
    assert "from 30 Hz to 26 Hz" in notes[0]
    assert choose_rate(profile, part, mode, rate_hz=None, own_rate_hz=52) == (52.0, ())


@pytest.mark.parametrize("name", profile_names())
def test_a_profile_is_whole(name: str) -> None:
    """Rates of the modes are the part's, every mode has a figure of noise and filters that are read."""
    profile = load_profile(name)
    for part in profile.signals.values():
        rates_hz = {rate for mode in part.power_modes for rate in mode.rates_hz}
        assert rates_hz == set(rates_of(part.figures["rates_hz"].value))
        assert part.default_full_scale in [scale.name for scale in part.full_scales]
        for mode in part.power_modes:
            assert part.figures[mode.noise]
            assert list(mode.rates_hz) == sorted(mode.rates_hz)
            for rate_hz in mode.rates_hz:
                for one in mode.low_passes:
                    assert 0 < one.bandwidth_hz(rate_hz) <= rate_hz / 2


@pytest.mark.parametrize("name", profile_names())
def test_the_range_in_counts_is_that_of_the_bits_and_reaches_the_full_scale(name: str) -> None:
    for part in load_profile(name).signals.values():
        for mode in part.power_modes:
            for scale in part.in_mode(mode).full_scales:
                low, high = scale.clip_counts
                if scale.bits is not None:
                    assert (low, high) == (-(2 ** (scale.bits - 1)), 2 ** (scale.bits - 1) - 1)
                assert high * scale.per_count >= 0.98 * scale.limit


def test_left_justified_parts_by_mode() -> None:
    lis2dh12, lis2dw12 = (load_profile(name).signals["acc"] for name in ("lis2dh12", "lis2dw12"))
    by_mode = {mode.name: lis2dh12.in_mode(mode).full_scales[1] for mode in lis2dh12.power_modes}
    told = {
        name: (round(1000 * of.per_count, 9), of.bits, of.shift, of.clip_counts)
        for name, of in by_mode.items()
    }
    assert told == {  # 4 g: the driver's 2, 8 and 32 mg for lsb / 16, / 64 and / 256
        "high_resolution": (2, 12, 4, (-2048, 2047)),
        "normal": (8, 10, 6, (-512, 511)),
        "low_power": (32, 8, 8, (-128, 127)),
    }
    fine, *_, coarse = (lis2dw12.in_mode(mode).full_scales[0] for mode in lis2dw12.power_modes)
    assert (fine.bits, fine.shift, coarse.bits, coarse.shift) == (14, 2, 12, 4)
    assert [1000 * one.per_count for one in (fine, coarse)] == pytest.approx([0.244, 0.976])


def test_a_printed_sensitivity_that_is_another_by_design_holds_in_both_conventions() -> None:
    part = load_profile("lsm9ds1").signals["acc"]
    by_name = {scale.name: scale for scale in part.full_scales}
    assert by_name["16g"].scale("physical") == by_name["16g"].scale("nominal") == 0.000732
    assert by_name["8g"].scale("physical") == 8 / 32768


def test_noise_of_a_full_scale_without_a_figure_is_that_of_the_nearest() -> None:
    part = load_profile("lis2dw12").signals["acc"]
    noise = part.noise(part.power_modes[0], part.full_scales[3])
    assert noise is not None
    assert (noise.full_scale, noise.by_axis) == ("2g", (90e-6,))


def test_figures_by_axis_are_taken_in_turn() -> None:
    part = load_profile("bmi270").signals["acc"]
    noise = part.noise(part.power_modes[0], part.full_scales[1])
    assert noise is not None
    sd = noise.sd(bandwidth_hz=25, rate_hz=50, channels=3)
    assert sd == pytest.approx([800e-6, 800e-6, 950e-6])  # 160 and 190 ug times sqrt(25)


def test_a_low_pass_filter_is_named_in_several_ways_and_one_that_is_lacking_is_refused() -> None:
    profile = load_profile("lsm6dsl")
    part = profile.signals["acc"]
    mode = part.power_modes[0]
    usual, notes = choose_low_pass(profile, part, mode, None)
    assert (usual.name, usual.bandwidth_hz(26)) == ("ODR/2", 13)
    assert "low-pass filter ODR/2" in notes[0]
    assert choose_low_pass(profile, part, mode, "odr / 4")[0].bandwidth_hz(26) == 6.5
    with pytest.raises(SensorError, match="it has ODR/2, ODR/4, ODR/9"):
        choose_low_pass(profile, part, mode, "ODR/3")
    lis3dsh = load_profile("lis3dsh")
    analog = choose_low_pass(
        lis3dsh, lis3dsh.signals["acc"], lis3dsh.signals["acc"].power_modes[0], "50hz"
    )[0]
    assert [analog.bandwidth_hz(rate_hz) for rate_hz in (400, 50)] == [50, 25]
    e4 = load_profile("e4")
    acc = e4.signals["acc"]
    assert "not published" in choose_low_pass(e4, acc, acc.power_modes[0], None)[1][0]
    with pytest.raises(SensorError, match="leave low_pass out"):
        choose_low_pass(e4, acc, acc.power_modes[0], "ODR/2")


def test_many_rates_are_told_by_their_ends_and_the_nearest() -> None:
    profile = load_profile("mpu6050")
    part = profile.signals["acc"]
    assert choose_rate(profile, part, part.power_modes[0], rate_hz=100, own_rate_hz=26)[0] == 100
    with pytest.raises(SensorError, match=r"256 from 3.90625 to 1000 Hz, 26.3158 Hz the nearest"):
        choose_rate(profile, part, part.power_modes[0], rate_hz=26.2, own_rate_hz=26)


def test_counts_whose_low_bits_are_set_are_refused() -> None:
    counts = counts_of(np.array([[[16, -32, 0]]], dtype=np.int16))
    assert dataclasses.replace(counts, zero_bits=4).about["zero_bits"] == 4
    with pytest.raises(DataError, match="5 low bits"):
        dataclasses.replace(counts, zero_bits=5)


def test_counts_go_back_to_the_unit_by_the_scale() -> None:
    counts = counts_of(np.array([[[0, 1, -8197]]], dtype=np.int16))
    assert counts.to_physical() == pytest.approx(np.array([[[0, 0.000122, -1.000034]]]))
    assert counts.to_physical().dtype == np.float32


def test_saturated_share_counts_both_ends() -> None:
    assert counts_of(np.zeros((2, 2, 3), dtype=np.int16)).saturated_share == 0
    all_at_the_ends = np.array([[[-32768, 32767, 32767]]], dtype=np.int16)
    assert counts_of(all_at_the_ends).saturated_share == 1
    assert counts_of(np.array([[[32767, 0], [0, 0]]], dtype=np.int16)).saturated_share == 0.25


def test_counts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match="int16"):
        counts_of(np.zeros((1, 2, 3)))
    with pytest.raises(DataError, match="window, time, channel"):
        dataclasses.replace(
            counts_of(np.zeros((1, 2, 3), dtype=np.int16)), values=np.zeros((2, 3), dtype=np.int16)
        )
    counts = counts_of(np.zeros((1, 2, 3), dtype=np.int16))
    with pytest.raises(DataError, match="2 windows, 1 labels"):
        dataclasses.replace(counts, values=np.zeros((2, 2, 3), dtype=np.int16))


def test_chunks_of_another_kind_are_refused() -> None:
    one = counts_of(np.zeros((1, 2, 3), dtype=np.int16))
    assert list(same_kind([one, one])) == [one, one]
    with pytest.raises(DataError, match="unit_per_count"):
        list(same_kind([one, dataclasses.replace(one, scale=0.000244)]))
