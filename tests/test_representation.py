import numpy as np
import pytest
from scipy.fft import dct

from wearsynth.constants import UNIT_CONSTANTS
from wearsynth.data import UNITS, Windows, windows_from_arrays
from wearsynth.errors import DataError
from wearsynth.generators.records import RecordShape
from wearsynth.representation import octaves, representation_of


def two_rates(count: int = 7) -> Windows:
    rng = np.random.default_rng(0)
    return windows_from_arrays(
        {
            "acc": (
                rng.normal(0.3, 0.2, (count, 64, 3)),
                32.0,
                [("acc_x", "g"), ("acc_y", "g"), ("acc_z", "g")],
            ),
            "temp": (rng.normal(33.0, 0.5, (count, 8, 1)), 4.0, [("temp", "degC")]),
        },
        ["rest"] * count,
    )


def test_every_unit_has_constants() -> None:
    assert set(UNIT_CONSTANTS) == set(UNITS)


def test_decode_undoes_encode_with_signals_at_two_rates() -> None:
    windows = two_rates()
    representation = representation_of(windows)
    encoded = representation.encode(windows)
    # 8 steps; acc's 3 axes and their length fold 8 readings a step into 4 * 8 channels, temp 1; then
    # a level and 10 half octaves of 64 readings for each of 4 traces, a level and 3 of 8 for temp
    assert encoded.shape == (7, 4 * 8 + 1 + 4 * 11 + 4, 8)
    decoded = representation.decode(encoded)
    for name, signal in windows.signals.items():
        np.testing.assert_allclose(decoded[name].values, signal.values, rtol=1e-5, atol=1e-5)


def test_a_hand_worked_window() -> None:
    # x: level 2; one cosine coefficient, -sqrt(2). y: level 0.3, coefficient 0.2 sqrt(2)
    values = np.array([[[1.0, 0.5], [3.0, 0.1]]])
    windows = windows_from_arrays(values, ["a"], rate_hz=2.0, channels=[("x", "1"), ("y", "g")])
    encoded = representation_of(windows).encode(windows)
    shape = np.sqrt(0.5)  # a coefficient of 1
    of_x = [(2.0 - 0.5) / 0.25, np.log(np.sqrt(2) / 0.05) / 1.5]
    of_y = [0.3 / 0.6, np.log(0.2 * np.sqrt(2) / 0.15) / 1.5]
    numbers = np.repeat([*of_x, *of_y], 2).reshape(4, 2)
    np.testing.assert_allclose(encoded[0], [[-shape, shape], [shape, -shape], *numbers], rtol=1e-5)


def test_a_record_has_the_sizes_of_what_is_encoded() -> None:
    representation = representation_of(two_rates())
    shape = RecordShape(representation.steps, representation.folds, classes=1)
    assert shape.generated == representation.encode(two_rates()).shape[1]
    assert shape.numbers == representation.numbers


def test_the_level_of_a_turn_is_told_beside_its_swing_by_hand() -> None:
    values = np.array([[[1.0], [3.0]], [[2.0], [6.0]], [[2.0], [2.0]]])
    windows = windows_from_arrays(values, ["a"] * 3, rate_hz=2.0, channels=[("x", "rad/s")])
    representation = representation_of(windows)
    encoded = representation.encode(windows)
    # coefficients sqrt(2), 2 sqrt(2) and none, told as 0.001: rms over 2 readings, and 0.02 more
    expected = [2 / 1.02, 4 / 2.02, 2 / (0.001 / np.sqrt(2) + 0.02)]
    np.testing.assert_allclose(encoded[:, 1, 0], expected, rtol=1e-5)
    decoded = representation.decode(encoded)["acc"].values
    np.testing.assert_allclose(decoded, values, rtol=1e-5)
    encoded[0, 2] += np.log(3) / 1.5  # three times the swing: a level that goes with it
    level = representation.decode(encoded)["acc"].values[0].mean()
    assert level == pytest.approx(2 / 1.02 * 3.02, rel=1e-5)


@pytest.mark.parametrize("time", [2, 3, 5, 8, 51, 60, 128, 240])
def test_half_octaves_hold_every_coefficient_but_the_level_once(time: int) -> None:
    held = [place for octave in octaves(time) for place in range(time)[octave]]
    assert sorted(held) == list(range(1, time))
    assert octaves(time)[0].start > time / 2 or len(octaves(time)) == 1


def test_shapes_are_white_whatever_the_signal() -> None:
    rng = np.random.default_rng(3)
    walk = np.cumsum(rng.normal(size=(5, 64, 1)), axis=1)  # red: nearly all its power lies low
    windows = windows_from_arrays(walk, ["a"] * 5, rate_hz=32.0, channels=[("x", "uS")])
    shape = representation_of(windows).encode(windows)[:, 0]
    spectrum = dct(shape.astype(np.float64), axis=1, norm="ortho")
    np.testing.assert_allclose(spectrum[:, 0], 0, atol=1e-5)
    for octave in octaves(64):
        np.testing.assert_allclose((spectrum[:, octave] ** 2).mean(axis=1), 1, rtol=1e-4)


def test_the_length_of_acceleration_is_told_and_decides_by_hand() -> None:
    values = np.tile([0.0, 0.6, -0.8], (1, 4, 1)) * 1.05
    windows = windows_from_arrays(
        values, ["a"], rate_hz=2.0, channels=[("x", "g"), ("y", "g"), ("z", "g")]
    )
    representation = representation_of(windows)
    encoded = representation.encode(windows)
    # levels in units of 0.6 g; (1.05 - 1) / 0.05 = 1, asinh(1) / 2
    expected = [0.0, 1.05, -1.4, np.arcsinh(1.0) / 2]
    levels = encoded[0, 4::2, 0]  # of each trace its level, then its one scale
    np.testing.assert_allclose(levels, expected, atol=1e-5)
    encoded[0, [4, 6, 8]] *= (
        0.7  # a generator that misses the length in the axes keeps it all the same
    )
    decoded = representation.decode(encoded)["acc"].values
    np.testing.assert_allclose(decoded, values, atol=0.01)


@pytest.mark.parametrize("length", [0.0, 0.02, 0.3, 0.499, 0.5, 0.9, 1.0, 3.0])
@pytest.mark.parametrize("unit", ["g", "m/s2", "rad/s"])
def test_any_length_of_the_level_comes_back(length: float, unit: str) -> None:
    values = np.tile(np.array([0.36, 0.48, 0.8]) * length, (1, 4, 1))
    windows = windows_from_arrays(
        values, ["a"], rate_hz=2.0, channels=[("x", unit), ("y", unit), ("z", unit)]
    )
    representation = representation_of(windows)
    decoded = representation.decode(representation.encode(windows))["acc"].values
    np.testing.assert_allclose(decoded, values, atol=1e-5)


def test_the_length_of_a_turn_decides_over_a_few_readings() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0, 0.5, (1, 60, 3))
    values[:, 20:40] = 0.0  # at rest in between
    windows = windows_from_arrays(
        values, ["a"], rate_hz=20.0, channels=[("x", "rad/s"), ("y", "rad/s"), ("z", "rad/s")]
    )
    representation = representation_of(windows)
    encoded = representation.encode(windows)
    np.testing.assert_allclose(representation.decode(encoded)["acc"].values, values, atol=1e-5)
    encoded[0, :3] = rng.normal(size=(3, 60))  # axes that know nothing of the rest
    made = np.linalg.norm(representation.decode(encoded)["acc"].values[0], axis=1)
    assert made[24:36].max() < 0.1 * np.median(made[:18])


def test_one_unit_for_three_axes_tells_a_length() -> None:
    for units, traces in (("g", "g", "g"), 4), (("rad/s",) * 3, 4), (("g", "g", "uS"), 3):
        channels = list(zip("xyz", units, strict=True))
        windows = windows_from_arrays(np.ones((1, 8, 3)), ["a"], rate_hz=2.0, channels=channels)
        assert representation_of(windows).folds == (1,) * traces


def test_a_still_window_is_kept_exactly() -> None:
    windows = windows_from_arrays(
        np.full((1, 10, 1), 0.75), ["still"], rate_hz=5.0, channels=[("x", "g")]
    )
    representation = representation_of(windows)
    encoded = representation.encode(windows)
    assert np.isfinite(encoded).all()
    np.testing.assert_allclose(representation.decode(encoded)["acc"].values, 0.75, rtol=1e-6)


def test_other_windows_are_refused() -> None:
    with pytest.raises(DataError, match="do not fit a model"):
        representation_of(two_rates()).encode(
            windows_from_arrays(np.zeros((1, 10, 1)), ["a"], rate_hz=5.0, channels=[("x", "g")])
        )


def test_conductance_is_told_by_factors() -> None:
    flat = np.array([0.2, 2.0, 20.0])[:, None, None] * np.ones((3, 8, 1))
    steps = flat * (1 + 0.01 * np.arange(8)[None, :, None])
    windows = windows_from_arrays({"eda": (steps, 4.0, [("eda", "uS")])}, ["a"] * 3)
    form = representation_of(windows)
    encoded = form.encode(windows)
    level, scale = encoded[:, 1, 0], encoded[:, 2, 0]
    assert np.diff(level) == pytest.approx(np.log(10), rel=0.03)  # in units of level_spread, 1
    assert scale == pytest.approx(scale.mean(), abs=0.05)  # a hundredth is a hundredth
    np.testing.assert_allclose(form.decode(encoded)["eda"].values, steps, rtol=1e-5)
    below = windows_from_arrays({"eda": (flat - 0.3, 4.0, [("eda", "uS")])}, ["a"] * 3)
    back = form.decode(form.encode(below))["eda"].values
    np.testing.assert_allclose(back, flat - 0.3, rtol=1e-4, atol=1e-5)
