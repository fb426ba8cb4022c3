import dataclasses

import numpy as np
import pytest

from wearsynth.data import Channel
from wearsynth.errors import DataError, SensorError
from wearsynth.sensors import Counts, load_profile, profile_names
from wearsynth.sensors.choosing import choose_full_scale, choose_power_mode, choose_rate
from wearsynth.sensors.counts import same_kind

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
    assert profile_names() == ("e4", "lsm6dsl")
    assert load_profile("LSM6DSL").title == "ST LSM6DSL"


def test_an_unknown_sensor_is_answered_with_the_nearest() -> None:
    with pytest.raises(SensorError, match="Did you mean 'lsm6dsl'"):
        load_profile("lsm6dso")


@pytest.mark.parametrize("name", profile_names())
def test_every_figure_has_a_source_and_says_whether_it_is_verified(name: str) -> None:
    for signal in load_profile(name).signals.values():
        assert signal.figures
        for figure in signal.figures.values():
            assert figure.source
            assert figure.verified in (True, False, "secondary")
            assert figure.published or figure.verified is False


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
    assert by_name["high_performance"].noise_sd(four_g, 26) == pytest.approx(0.28844e-3, rel=1e-4)
    assert by_name["low_power"].noise_sd(four_g, 26) == pytest.approx(2.0e-3)
    assert by_name["low_power"].noise_sd(four_g, 12.5) == pytest.approx(2.0e-3)


def test_what_is_not_published_is_zero_and_named() -> None:
    acc = load_profile("e4").signals["acc"]
    assert (acc.offset_sd, acc.sensitivity_sd, acc.rate_error) == (0.0, 0.0, (0.0, 0.0))
    assert "offset_sd" in acc.unpublished
    assert load_profile("lsm6dsl").signals["acc"].unpublished == ()


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
    with pytest.raises(SensorError, match=r"^e4 has no 6 g full scale; it has 2\.$"):
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
