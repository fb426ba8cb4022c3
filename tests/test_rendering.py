from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearsynth.data import Windows, windows_from_arrays
from wearsynth.errors import ConfigError, SensorError
from wearsynth.rendering import RenderOptions, render
from wearsynth.sensors import load_profile
from wearsynth.sensors.devices import device_errors

LSM6DSL = load_profile("lsm6dsl")
E4 = load_profile("e4")
REAL = Path(__file__).parents[2] / "shared" / "data" / "st_lsm6dsl_har"
IDEAL = RenderOptions(full_scale="4g", power_mode="high_performance", noise=False)


def windows_of(
    values: np.ndarray, *, unit: str = "g", rate_hz: float = 26.0, names: Sequence[str] = "xyz"
) -> Windows:
    channels = [(f"acc_{axis}", unit) for axis in names]
    labels = ["walking"] * len(values)
    return windows_from_arrays(values, labels, rate_hz=rate_hz, channels=channels)


def still(*, windows: int, readings: int = 52) -> Windows:
    values = np.zeros((windows, readings, 3))
    values[..., 2] = 1.0
    return windows_of(values)


def test_a_hand_worked_window() -> None:
    # 1 g / 0.122 mg = 8196.7; 0.3 and 0.7 mg are 2.46 and 5.74 counts; 4.1 g is above the range.
    values = np.array([[[1.0, -1.0, 0.0], [0.0003, -0.0007, 4.1], [-4.1, 0.0, 0.0]]])
    counts = render(windows_of(values), LSM6DSL, IDEAL)
    assert counts.values.dtype == np.int16
    assert counts.values.tolist() == [[[8197, -8197, 0], [2, -6, 32767], [-32768, 0, 0]]]
    assert counts.saturated == 2


def test_half_a_count_is_rounded_away_from_zero() -> None:
    # The E4 counts 1/64 g: 1/128 g is just half a count.
    half = 1 / 128
    values = np.array([[[half, -half, 3 * half], [1.0, 0.0, 0.0]]])
    counts = render(windows_of(values, rate_hz=32), E4, RenderOptions())
    assert counts.values[0, 0].tolist() == [1, -1, 2]


def test_saturation_at_4_g_is_3998_mg() -> None:
    values = np.full((1, 4, 3), 5.0)
    nominal = render(windows_of(values), LSM6DSL, IDEAL)
    assert nominal.values.max() == 32767
    assert 1000 * nominal.to_physical().max() == pytest.approx(3997.574, abs=1e-3)
    exact = render(windows_of(values), LSM6DSL, replace(IDEAL, convention="physical"))
    assert 1000 * exact.to_physical().max() == pytest.approx(4000 * 32767 / 32768, abs=1e-3)
    assert nominal.saturated_share == exact.saturated_share == 1
    assert render(windows_of(values / 5), LSM6DSL, IDEAL).saturated_share == 0


def test_six_g_clips_at_six_and_says_so() -> None:
    values = np.array([[[7.0, -7.0, 1.0], [1.0, 1.0, 1.0]]])
    counts = render(windows_of(values), LSM6DSL, replace(IDEAL, full_scale="6g"))
    assert counts.values[0, 0].tolist() == [24590, -24590, 4098]
    assert counts.saturated_share == pytest.approx(2 / 6)
    assert any("clipped at +-6 g" in note for note in counts.notes)


@given(
    values=st.lists(st.floats(-3.9, 3.9), min_size=3, max_size=3),
    convention=st.sampled_from(["nominal", "physical"]),
)
def test_back_in_g_within_half_a_count(values: list[float], convention: str) -> None:
    options = RenderOptions(
        full_scale=4,
        noise=False,
        convention=convention,  # type: ignore[arg-type]
    )
    windows = windows_of(np.array([[values, [0.0, 0.0, 1.0]]]))
    counts = render(windows, LSM6DSL, options)
    error = np.abs(counts.to_physical() - windows.signals["acc"].values)
    assert error.max() <= counts.scale / 2 + 1e-6


@pytest.mark.parametrize(
    ("power_mode", "wanted_mg"), [("high_performance", 0.080 * np.sqrt(13)), ("low_power", 2.0)]
)
def test_noise_at_rest_is_the_datasheets_within_5_percent(
    power_mode: str, wanted_mg: float
) -> None:
    options = RenderOptions(full_scale="4g", power_mode=power_mode, seed=3)
    read_mg = 1000 * render(still(windows=200), LSM6DSL, options).to_physical()
    measured = read_mg.std(axis=(0, 1))
    assert measured == pytest.approx(np.full(3, wanted_mg), rel=0.05)


def test_offsets_and_gains_of_many_devices_spread_as_the_profile_says() -> None:
    part = LSM6DSL.signals["acc"]
    errors = device_errors(part, devices=2000, channels=3, seed=0)
    assert errors.offset.std(axis=0) == pytest.approx(np.full(3, 0.040), rel=0.1)
    assert errors.gain.std(axis=0) == pytest.approx(np.full(3, 0.01), rel=0.1)
    together = np.corrcoef(errors.offset.ravel(), errors.gain.ravel())[0, 1]
    assert abs(together) < 0.05
    assert errors.rate.min() >= 1.0 and errors.rate.max() <= 1.07
    assert errors.rate.mean() == pytest.approx(1.035, abs=0.002)


def test_the_offset_of_a_device_is_in_its_counts() -> None:
    options = replace(IDEAL, devices=400)
    read = render(windows_of(np.zeros((400, 8, 3))), LSM6DSL, options).to_physical()
    assert 1000 * read[:, 0].std() == pytest.approx(40, rel=0.1)
    errors = device_errors(LSM6DSL.signals["acc"], devices=400, channels=3, seed=0)
    assert np.abs(read[:, 0] - errors.offset).max() < 0.0001


def test_a_device_does_not_depend_on_how_many_others_there_are() -> None:
    part = LSM6DSL.signals["acc"]
    few = device_errors(part, devices=2, channels=3, seed=5)
    many = device_errors(part, devices=9, channels=3, seed=5)
    assert np.array_equal(few.offset, many.offset[:2])
    assert np.array_equal(few.rate, many.rate[:2])


def test_a_fast_clock_stretches_time() -> None:
    time_s = np.arange(104) / 26
    values = np.repeat(np.sin(2 * np.pi * time_s)[None, :, None], 3, axis=2)
    options = replace(IDEAL, devices=1)
    read = render(windows_of(values), LSM6DSL, options).to_physical()[0]
    errors = device_errors(LSM6DSL.signals["acc"], devices=1, channels=3, seed=0)
    wanted = np.sin(2 * np.pi * time_s / errors.rate[0])[:, None] * errors.gain[0]
    assert errors.rate[0] > 1.001
    assert np.abs(read - wanted - errors.offset[0]).max() < 0.003


def test_devices_take_turns() -> None:
    options = replace(IDEAL, devices=3)
    assert render(still(windows=8), LSM6DSL, options).device.tolist() == [0, 1, 2, 0, 1, 2, 0, 1]


def test_counts_do_not_depend_on_the_chunks() -> None:
    values = np.random.default_rng(0).normal(size=(20, 30, 3))
    windows = windows_of(values, rate_hz=30)
    options = RenderOptions(full_scale="4g", devices=3, seed=7)
    whole = render(windows, LSM6DSL, options)
    for first, last in ((0, 7), (7, 8), (8, 20)):
        part = render(windows.select(np.arange(first, last)), LSM6DSL, options, first_window=first)
        assert np.array_equal(part.values, whole.values[first:last])
        assert np.array_equal(part.device, whole.device[first:last])


def test_same_seed_same_bytes_and_another_seed_other_bytes() -> None:
    windows = still(windows=3)
    one = render(windows, LSM6DSL, RenderOptions(seed=1)).values.tobytes()
    assert one == render(windows, LSM6DSL, RenderOptions(seed=1)).values.tobytes()
    assert one != render(windows, LSM6DSL, RenderOptions(seed=2)).values.tobytes()


def test_metres_per_second_squared_become_g() -> None:
    counts = render(windows_of(np.full((1, 4, 3), 9.80665), unit="m/s2"), LSM6DSL, IDEAL)
    assert (counts.values == 8197).all()
    assert {channel.unit for channel in counts.channels} == {"g"}


def test_another_rate_is_the_nearest_of_the_part_and_told() -> None:
    time_s = np.arange(120) / 30
    values = np.repeat(np.sin(2 * np.pi * time_s)[None, :, None], 3, axis=2)
    counts = render(windows_of(values, rate_hz=30), LSM6DSL, IDEAL)
    assert (counts.rate_hz, counts.values.shape[1]) == (26.0, 104)
    wanted = np.sin(2 * np.pi * np.arange(104) / 26)
    middle = slice(10, -10)
    assert np.abs(counts.to_physical()[0, middle, 0] - wanted[middle]).max() < 0.01
    assert any("from 30 Hz to 26 Hz" in note for note in counts.notes)


def test_windows_without_a_unit_are_refused() -> None:
    with pytest.raises(SensorError, match="signal 'acc' is in 1, which lsm6dsl cannot record"):
        render(windows_of(np.zeros((1, 4, 3)), unit="1"), LSM6DSL, IDEAL)


def test_wrong_options_are_refused() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'nominal'"):
        RenderOptions(convention="nominel")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="devices=-1"):
        RenderOptions(devices=-1)


def e4_windows() -> Windows:
    return windows_from_arrays(
        {
            "acc": (np.ones((2, 64, 3)), 32.0, [(f"acc_{a}", "g") for a in "xyz"]),
            "eda": (np.full((2, 8, 1), 1.2810), 4.0, [("eda", "uS")]),
            "temp": (np.full((2, 8, 1), 33.25), 4.0, [("temp", "degC")]),
            "bvp": (np.full((2, 128, 1), -1651.234), 64.0, [("bvp", "a.u.")]),
        },
        ["rest", "stress"],
    )


@pytest.mark.parametrize(
    ("signal", "count", "dtype"),
    [
        (None, 64, "int16"),
        ("eda", 1000, "int32"),
        ("temp", 1663, "int16"),
        ("bvp", -165123, "int32"),
    ],
)
def test_each_e4_signal_in_its_own_counts(signal: str | None, count: int, dtype: str) -> None:
    counts = render(e4_windows(), E4, RenderOptions(), signal=signal)
    assert counts.values.dtype == np.dtype(dtype)
    assert np.unique(counts.values).tolist() == [count]
    assert any("noise of e4" in note and "not published" in note for note in counts.notes)


def test_e4_units_have_no_published_errors_and_the_notes_say_so() -> None:
    counts = render(e4_windows(), E4, RenderOptions(devices=2))
    assert np.array_equal(counts.values[0], counts.values[1])
    assert any("offset_sd" in note and "taken as 0" in note for note in counts.notes)


def test_a_signal_must_be_named_where_it_is_not_clear() -> None:
    windows = e4_windows()
    with pytest.raises(SensorError, match="Did you mean 'eda'"):
        render(windows, E4, RenderOptions(), signal="eta")
    twice = replace(windows, signals={**windows.signals, "acc2": windows.signals["acc"]})
    with pytest.raises(SensorError, match="2 of them are accelerations: name one"):
        render(twice, E4, RenderOptions())


def test_missing_gravity_is_noted_and_gravity_is_not() -> None:
    moving = np.random.default_rng(0).normal(scale=0.05, size=(20, 52, 3))
    absent = render(windows_of(moving), LSM6DSL, IDEAL)
    assert any("gravity is absent" in note for note in absent.notes)
    present = render(windows_of(moving + np.array([0.0, 0.0, 1.0])), LSM6DSL, IDEAL)
    assert not any("gravity" in note for note in present.notes)


def test_no_windows_give_no_counts() -> None:
    counts = render(still(windows=2).select(np.arange(0)), LSM6DSL, IDEAL)
    assert counts.values.shape == (0, 52, 3)
    assert counts.saturated_share == 0


@pytest.mark.skipif(not REAL.is_dir(), reason=f"{REAL.name} is not beside the repository")
def test_real_recordings_at_4_g_keep_their_readings_and_saturate_at_2_g() -> None:
    mg = np.stack([np.loadtxt(path, delimiter=",") for path in sorted(REAL.glob("running/*.csv"))])
    assert 3990 < np.abs(mg).max() < 3998
    at_4g = render(windows_of(mg / 1000), LSM6DSL, IDEAL)
    assert np.abs(1000 * at_4g.to_physical() - mg).max() <= 0.062
    assert at_4g.saturated == 0
    at_2g = render(windows_of(mg / 1000), LSM6DSL, replace(IDEAL, full_scale="2g"))
    assert at_2g.saturated == np.count_nonzero(np.abs(mg) >= 1999) > 0
