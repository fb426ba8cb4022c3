from dataclasses import replace

import numpy as np
import pytest

from wearsynth.data import Windows, windows_from_arrays
from wearsynth.errors import ConfigError, DataError, SensorError
from wearsynth.rendering import RenderOptions, render
from wearsynth.sensors import load_profile
from wearsynth.sensors.devices import DeviceErrors, device_errors, read_by

LSM6DSL, MPU6050 = load_profile("lsm6dsl"), load_profile("mpu6050")
IDEAL = RenderOptions(full_scale="4g", power_mode="high_performance", noise=False)


def down(count: int, *, subject: list[str] | None = None) -> Windows:
    """Give windows that lie still, gravity along z."""
    values = np.zeros((count, 20, 3))
    values[..., 2] = 1.0
    channels = [(f"acc_{axis}", "g") for axis in "xyz"]
    return windows_from_arrays(
        values, ["still"] * count, rate_hz=26.0, channels=channels, subject=subject
    )


def test_one_unit_by_hand() -> None:
    errors = DeviceErrors(
        offset=np.array([[0.1, 0.0, -0.2]]),
        gain=np.array([[1.0, 1.1, 0.9]]),
        cross=np.array([[[0.0, 0.02, 0.0], [0.0, 0.0, 0.03], [-0.01, 0.0, 0.0]]]),
        rate=np.array([1.0]),
    )
    true = np.array([[[1.0, 2.0, 3.0]]])
    # x: 1 + 0.02 * 2 + 0.1; y: 1.1 * 2 + 0.03 * 3; z: 0.9 * 3 - 0.01 * 1 - 0.2
    assert read_by(errors, 0, true)[0, 0] == pytest.approx([1.14, 2.29, 2.49])


def test_cross_axis_sensitivity_of_many_units_spreads_as_the_profile_says() -> None:
    errors = device_errors(MPU6050.signals["acc"], devices=3000, channels=3, seed=0)
    of_others = errors.cross[:, ~np.eye(3, dtype=bool)]
    assert of_others.std() == pytest.approx(0.02, rel=0.05)
    assert not errors.cross[:, np.eye(3, dtype=bool)].any()
    assert errors.offset.std(axis=0) == pytest.approx([0.05, 0.05, 0.08], rel=0.05)


def test_cross_axis_sensitivity_may_be_given_and_is_seen_across_gravity() -> None:
    options = replace(IDEAL, devices=500, cross_axis_pct=5.0)
    part = replace(LSM6DSL.signals["acc"], offset_sd=(0.0,))
    profile = replace(LSM6DSL, signals={"acc": part})
    read = render(down(500), profile, options).to_physical()[:, 0]
    assert read[:, :2].std() == pytest.approx(0.05, rel=0.1)
    without = render(down(500), profile, replace(options, cross_axis_pct=None))
    assert np.abs(without.to_physical()[:, 0, :2]).max() == 0
    assert any("cross_axis_sd_pct" in note for note in without.notes)
    assert not any(
        "cross_axis_sd_pct" in note for note in render(down(500), profile, options).notes
    )


def test_cross_axis_without_units_or_below_0_is_refused() -> None:
    with pytest.raises(ConfigError, match="ask for devices"):
        RenderOptions(cross_axis_pct=1.0)
    with pytest.raises(ConfigError, match="0 or more, got nan"):
        RenderOptions(cross_axis_pct=float("nan"), devices=1)
    with pytest.raises(ConfigError, match="device_seed=-1"):
        RenderOptions(device_seed=-1)


def test_the_device_seed_keeps_the_units_while_the_seed_draws_other_noise() -> None:
    options = RenderOptions(full_scale="4g", devices=4, device_seed=7)
    one, other = (
        render(down(40), LSM6DSL, replace(options, seed=seed)).to_physical() for seed in (1, 2)
    )
    assert not np.array_equal(one, other)
    assert np.abs(one.mean(axis=1) - other.mean(axis=1)).max() < 0.001  # the same four offsets
    others = render(down(40), LSM6DSL, replace(options, device_seed=8)).to_physical()
    assert np.abs(one.mean(axis=1) - others.mean(axis=1)).max() > 0.02
    assert (
        render(down(8), LSM6DSL, RenderOptions(devices=4, seed=3)).values.tobytes()
        == render(
            down(8), LSM6DSL, RenderOptions(devices=4, seed=3, device_seed=3)
        ).values.tobytes()
    )


def test_a_mounting_by_angles_turns_gravity() -> None:
    # 90 degrees about x turn z to -y
    counts = render(down(2), LSM6DSL, replace(IDEAL, mounting=(90.0, 0.0, 0.0)))
    assert counts.values[0, 0].tolist() == [0, -8197, 0]


def test_a_drawn_mounting_is_a_persons_and_does_not_depend_on_the_chunks() -> None:
    windows = down(6, subject=["ann", "bob", "ann", "bob", "eve", "ann"])
    drawn = replace(IDEAL, mounting="drawn", seed=5)
    whole = render(windows, LSM6DSL, drawn)
    first = whole.values[:, 0].tolist()
    assert first[0] == first[2] == first[5] and first[1] == first[3]
    assert len({tuple(row) for row in first}) == 3
    assert np.linalg.norm(whole.to_physical(), axis=2) == pytest.approx(np.ones((6, 20)), abs=2e-4)
    later = render(windows.select(np.arange(4, 6)), LSM6DSL, drawn, first_window=4)
    assert np.array_equal(later.values, whole.values[4:])
    other = render(windows, LSM6DSL, replace(drawn, seed=6))
    assert not np.array_equal(other.values, whole.values)


def test_a_drawn_mounting_is_a_windows_where_nobody_is_named() -> None:
    whole = render(down(5), LSM6DSL, replace(IDEAL, mounting="drawn"))
    assert len({tuple(row) for row in whole.values[:, 0].tolist()}) == 5
    later = render(down(2), LSM6DSL, replace(IDEAL, mounting="drawn"), first_window=3)
    assert np.array_equal(later.values, whole.values[3:])


def test_a_mounting_that_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="'sideways'"):
        RenderOptions(mounting="sideways")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="three angles"):
        render(down(1), LSM6DSL, replace(IDEAL, mounting=(0.0, 0.0, float("inf"))))
    eda = windows_from_arrays({"eda": (np.ones((1, 8, 1)), 4.0, [("eda", "uS")])}, ["a"])
    with pytest.raises(SensorError, match="three axes of one unit, signal 'eda' has 1"):
        render(eda, load_profile("e4"), RenderOptions(mounting="drawn"), signal="eda")


def test_a_narrow_filter_quietens_still_readings_and_its_noise_is_the_rule() -> None:
    for low_pass, share in (("ODR/2", 1.0), ("ODR/9", np.sqrt(2 / 9)), ("ODR/50", np.sqrt(2 / 50))):
        options = RenderOptions(full_scale="2g", low_pass=low_pass, seed=1, power_mode="low_power")
        counts = render(down(1500), LSM6DSL, options)
        assert counts.low_pass == low_pass
        error_mg = 1000 * (counts.to_physical() - down(1500).signals["acc"].values)
        assert error_mg.std() == pytest.approx(1.8 * share, rel=0.05)
