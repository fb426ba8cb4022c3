import numpy as np
import pytest
from numpy.typing import NDArray

from toy import toy_windows
from wearsynth.data import Channel, SignalWindows
from wearsynth.errors import DataError
from wearsynth.features import (
    all_features,
    autocorrelation,
    log_band_power,
    power_spectrum,
    rises,
    window_features,
)


def signal(values: NDArray[np.float64], rate_hz: float = 32.0) -> SignalWindows:
    names = [Channel(f"acc_{axis}", "g") for axis in "xyzuvw"[: values.shape[2]]]
    return SignalWindows(values.astype(np.float32), rate_hz, tuple(names))


def tone(cycles: int, amplitude: float = 2.0, readings: int = 64) -> NDArray[np.float64]:
    return amplitude * np.sin(2 * np.pi * cycles * np.arange(readings) / readings)[None, :, None]


def column(of: SignalWindows, name: str) -> NDArray[np.float64]:
    found = window_features(of)
    return found.values[:, found.names.index(name)]


def test_a_tone_has_its_frequency_its_power_and_no_entropy() -> None:
    wave = signal(tone(8))  # 8 cycles in 2 s
    assert column(wave, "acc_x dominant_hz") == pytest.approx(4.0)
    assert column(wave, "acc_x sd") == pytest.approx(np.sqrt(2.0), rel=1e-5)
    frequency_hz, power = power_spectrum(wave)
    assert frequency_hz[[0, -1]] == pytest.approx([0.5, 16.0])
    assert power.sum() == pytest.approx(2.0, rel=1e-5)  # a^2 / 2
    assert column(wave, "acc_x mean_crossings") == pytest.approx(8.0, abs=0.6)


def test_noise_has_more_spectral_entropy_than_a_tone() -> None:
    noise = np.random.default_rng(0).normal(size=(1, 64, 1))
    name = "acc_x spectral_entropy"
    assert column(signal(noise), name) > 0.7 > 0.4 > column(signal(tone(8)), name)


def test_a_constant_window_gives_finite_features_and_no_spread() -> None:
    found = window_features(signal(np.full((2, 60, 3), 0.1)))
    assert np.isfinite(found.values).all()
    table = dict(zip(found.names, found.values[0], strict=True))
    assert table["acc_x mean"] == pytest.approx(0.1)
    assert table["norm mean"] == pytest.approx(np.sqrt(0.03))
    usual = ("sd", "skewness", "kurtosis", "acf_1", "dominant_hz", "mean_crossings", "trend")
    still = (*usual, "rises", "roughness", "change_skewness", "change_kurtosis")
    assert [table[f"acc_y {name}"] for name in still] == [0.0] * len(still)
    assert table["corr acc_x acc_y"] == 0.0


def test_level_spread_and_change_of_a_worked_window() -> None:
    ramp = signal(np.array([0.0, 1.0, 2.0, 3.0])[None, :, None], rate_hz=2.0)
    assert column(ramp, "acc_x mean") == pytest.approx(1.5)
    assert column(ramp, "acc_x sd") == pytest.approx(np.sqrt(1.25))
    assert column(ramp, "acc_x iqr") == pytest.approx(1.5)
    assert column(ramp, "acc_x mean_abs_change") == pytest.approx(2.0)  # 1 a reading, 2 a second
    assert column(ramp, "acc_x trend") == pytest.approx(3.0)  # over the window
    assert column(ramp, "acc_x skewness") == pytest.approx(0.0)
    assert column(ramp, "acc_x kurtosis") == pytest.approx(2.5625 / 1.25**2 - 3)


def test_direction_roughness_and_impacts_of_worked_windows() -> None:
    tooth = signal(np.array([0.0, 3.0, 2.0, 1.0, 0.0, 3.0, 2.0, 1.0, 0.0])[None, :, None])
    assert column(tooth, "acc_x rises") == pytest.approx((2 - 6) / 8)
    assert column(tooth, "acc_x change_skewness") == pytest.approx(2 / np.sqrt(3))
    assert rises(tooth)[0, 0].tolist() == pytest.approx([-0.5, (3 - 4) / 7])  # 1 and 2 readings
    back = signal(np.flip(tooth.values, axis=1).astype(np.float64, order="C"))
    assert column(back, "acc_x rises") == pytest.approx(0.5)
    assert column(back, "acc_x change_skewness") == pytest.approx(-2 / np.sqrt(3))
    zigzag = signal(np.array([0.0, 1.0] * 20)[None, :, None])
    assert column(zigzag, "acc_x roughness") == pytest.approx(2.0)  # the most there is
    ramp = signal(np.linspace(0.0, 39.0, 40)[None, :, None])
    assert column(ramp, "acc_x roughness") == 0.0
    assert column(ramp, "acc_x rises") == 1.0
    one_impact = signal(np.repeat([0.0, 1.0], 20)[None, :, None])
    assert column(one_impact, "acc_x change_kurtosis") > 30 > column(tooth, "acc_x change_kurtosis")


def test_log_band_power_puts_a_tone_in_its_octave() -> None:
    wave = signal(tone(12))  # 6 Hz of 16: the second octave, 4 to 8 Hz
    power = log_band_power(wave)
    assert power.shape == (1, 1, 6)
    assert power[0, 0, 1] == pytest.approx(np.log10(2.0), abs=1e-4)
    assert np.delete(power[0, 0], 1).max() < -7.5  # the floor


def test_an_odd_window_has_its_octaves_too() -> None:
    wave = signal(tone(3, readings=61))  # 15 to 30 cycles a window, then halves down to 1
    assert log_band_power(wave).shape == (1, 1, 5)


def test_autocorrelation_of_a_worked_window() -> None:
    window = signal(np.array([1.0, -1.0, 1.0, -1.0])[None, :, None])
    assert autocorrelation(window, 3)[0, 0] == pytest.approx([-0.75, 0.5, -0.25])
    assert autocorrelation(signal(np.ones((1, 8, 2))), 2).tolist() == [[[0, 0], [0, 0]]]


def test_correlation_is_one_for_the_same_and_minus_one_for_the_opposite() -> None:
    wave = tone(4)
    pair = signal(np.concatenate([wave, 3 * wave + 1, -wave], axis=2))
    assert column(pair, "corr acc_x acc_y") == pytest.approx(1.0)
    assert column(pair, "corr acc_x acc_z") == pytest.approx(-1.0)


def test_bad_lengths_are_one_sentence() -> None:
    with pytest.raises(DataError, match="at least 4"):
        window_features(signal(np.zeros((1, 3, 1))))
    with pytest.raises(DataError, match=r"1\.\.63"):
        autocorrelation(signal(tone(1)), 64)


def test_all_features_name_the_signal_and_number_about_30_a_channel() -> None:
    found = all_features(toy_windows(people=1, per_class=2))
    assert found.values.shape == (6, len(found.names))
    assert len(set(found.names)) == len(found.names)
    assert 25 <= sum(name.startswith("acc acc_x ") for name in found.names) <= 35
