import numpy as np
import pytest

from wearsynth.data import UNITS, Windows, windows_from_arrays
from wearsynth.errors import DataError
from wearsynth.representation import UNIT_CONSTANTS, representation_of


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
    # 8 steps; acc folds 8 readings a step into 3 * 8 channels, temp 1; then acc's 3 levels, their
    # length and 3 log-scales, temp's level and log-scale
    assert encoded.shape == (7, 3 * 8 + 1 + 7 + 2, 8)
    decoded = representation.decode(encoded)
    for name, signal in windows.signals.items():
        np.testing.assert_allclose(decoded[name].values, signal.values, rtol=1e-5, atol=1e-5)


def test_a_hand_worked_window() -> None:
    values = np.array([[[1.0], [3.0]]])  # level 2, sd 1
    windows = windows_from_arrays(values, ["a"], rate_hz=2.0, channels=[("x", "1")])
    encoded = representation_of(windows).encode(windows)
    level = (2.0 - 0.5) / 0.25
    log_scale = np.log(1.0 / 0.05) / 1.5
    np.testing.assert_allclose(
        encoded[0], [[-1.0, 1.0], [level, level], [log_scale, log_scale]], rtol=1e-6
    )


def test_the_length_of_gravity_is_told_and_decides_by_hand() -> None:
    values = np.tile([0.0, 0.6, -0.8], (1, 4, 1)) * 1.05
    windows = windows_from_arrays(
        values, ["a"], rate_hz=2.0, channels=[("x", "g"), ("y", "g"), ("z", "g")]
    )
    representation = representation_of(windows)
    encoded = representation.encode(windows)
    # levels in units of 0.6 g; (1.05 - 1) / 0.05 = 1, asinh(1) / 2
    expected = [0.0, 1.05, -1.4, np.arcsinh(1.0) / 2]
    np.testing.assert_allclose(encoded[0, 3:7, 0], expected, atol=1e-5)
    encoded[0, 3:6] *= 0.7  # a generator that misses the length in the axes keeps it all the same
    np.testing.assert_allclose(representation.decode(encoded)["acc"].values, values, atol=1e-5)
    encoded[0, 6] = np.arcsinh((0.1 - 1) / 0.05) / 2  # no gravity is told: the axes are believed
    np.testing.assert_allclose(
        representation.decode(encoded)["acc"].values, 0.7 * values, atol=1e-5
    )


@pytest.mark.parametrize("length", [0.0, 0.02, 0.3, 0.499, 0.5, 0.9, 1.0, 3.0])
def test_any_length_of_the_level_comes_back(length: float) -> None:
    values = np.tile(np.array([0.36, 0.48, 0.8]) * length, (1, 4, 1))
    windows = windows_from_arrays(
        values, ["a"], rate_hz=2.0, channels=[("x", "g"), ("y", "g"), ("z", "g")]
    )
    representation = representation_of(windows)
    decoded = representation.decode(representation.encode(windows))["acc"].values
    np.testing.assert_allclose(decoded, values, atol=1e-5)


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
