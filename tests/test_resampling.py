from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from wearsynth.data import Channel, Recording, Signal
from wearsynth.errors import DataError
from wearsynth.resampling import rate_ratio, resample, resample_recording

RATES = [(100.0, 26.0), (64.0, 26.0), (30.0, 52.0), (104.0, 30.0), (26.37, 26.0)]


def tone(hz: float, rate_hz: float, seconds: float = 20.0) -> NDArray[np.float32]:
    times = np.arange(round(seconds * rate_hz)) / rate_hz
    return np.sin(2 * np.pi * hz * times)[:, None].astype(np.float32)


def middle(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return values[len(values) // 4 : -len(values) // 4]


@pytest.mark.parametrize(("old_hz", "new_hz"), RATES)
def test_a_slow_tone_stays_as_it_is(old_hz: float, new_hz: float) -> None:
    hz = 0.49 * min(old_hz, new_hz) / 2
    out = resample(tone(hz, old_hz), from_rate_hz=old_hz, to_rate_hz=new_hz)
    wanted = tone(hz, new_hz, 25)[: len(out)]
    assert out.dtype == np.float32
    assert abs(len(out) - 20 * new_hz) <= 1
    assert np.abs(middle(out - wanted)).max() < 0.01


@pytest.mark.parametrize(("old_hz", "new_hz"), [(100.0, 26.0), (104.0, 30.0), (64.0, 26.0)])
def test_a_tone_above_the_new_nyquist_is_removed(old_hz: float, new_hz: float) -> None:
    out = resample(tone(1.25 * new_hz / 2, old_hz), from_rate_hz=old_hz, to_rate_hz=new_hz)
    assert np.abs(middle(out)).max() < 0.01  # 40 dB down


def test_without_the_filter_that_tone_would_fold_back() -> None:
    assert np.abs(middle(tone(16.25, 104.0)[::4])).max() > 0.9


def test_the_same_rate_gives_the_same_array() -> None:
    values = tone(1, 30)
    assert resample(values, from_rate_hz=30, to_rate_hz=30.0) is values


@pytest.mark.parametrize(("old_hz", "new_hz"), RATES)
def test_a_constant_and_a_slope_stay_to_the_ends(old_hz: float, new_hz: float) -> None:
    slope = (1 + np.arange(200) / 100)[:, None].astype(np.float32)
    for values in (np.ones((200, 1), np.float32), slope):
        out = resample(values, from_rate_hz=old_hz, to_rate_hz=new_hz)
        wanted = (
            values[0] + (values[1] - values[0]) * np.arange(len(out))[:, None] * old_hz / new_hz
        )
        inner = slice(0, int(199 * new_hz / old_hz))
        np.testing.assert_allclose(out[inner], wanted[inner], atol=0.004)


def test_windows_are_resampled_one_by_one() -> None:
    values = np.random.default_rng(0).normal(size=(3, 60, 2)).astype(np.float32)
    out = resample(values, from_rate_hz=30, to_rate_hz=26)
    assert out.shape == (3, 52, 2)
    np.testing.assert_array_equal(out[1], resample(values[1], from_rate_hz=30, to_rate_hz=26))


@given(st.floats(0.5, 2000), st.floats(0.5, 2000))
def test_the_ratio_is_within_its_bound(old_hz: float, new_hz: float) -> None:
    assert abs(float(rate_ratio(old_hz, new_hz)) * old_hz / new_hz - 1) <= 1.01e-6


def test_plain_ratios_are_exact() -> None:
    assert rate_ratio(100, 26) == Fraction(13, 50)
    assert rate_ratio(64, 4) == Fraction(1, 16)
    assert rate_ratio(12.5, 26) == Fraction(52, 25)


def test_what_cannot_be_resampled_is_refused() -> None:
    hole = tone(1, 30)
    hole[3] = np.nan
    with pytest.raises(DataError, match="NaN"):
        resample(hole, from_rate_hz=30, to_rate_hz=26)
    with pytest.raises(DataError, match="at least 2"):
        resample(hole[:1], from_rate_hz=30, to_rate_hz=26)
    for rate_hz in (0.0, -1.0, float("nan")):
        with pytest.raises(DataError, match="to_rate_hz must be above 0"):
            resample(tone(1, 30), from_rate_hz=30, to_rate_hz=rate_hz)


def two_signals() -> Recording:
    x = (Channel("x", "g"),)
    signals = {"acc": Signal(tone(1, 40), 40.0, x, start_s=5.0), "eda": Signal(tone(1, 4), 4.0, x)}
    return Recording("r", signals)


def test_a_recording_is_resampled_where_asked() -> None:
    recording = two_signals()
    out = resample_recording(recording, rate_hz=20, signal="acc")
    assert out.signals["eda"] is recording.signals["eda"]
    assert (out.signals["acc"].rate_hz, len(out.signals["acc"].values)) == (20, 400)
    assert out.signals["acc"].start_s == 5.0
    assert out.notes == ("acc: resampled from 40 Hz to 20 Hz",)
    both = resample_recording(recording, rate_hz=20)
    assert {signal.rate_hz for signal in both.signals.values()} == {20}
    with pytest.raises(DataError, match="no signal 'gyro', only acc, eda"):
        resample_recording(recording, rate_hz=20, signal="gyro")


def test_missing_readings_stay_missing_and_spoil_no_others() -> None:
    recording = two_signals()
    recording.signals["acc"].values[200:221] = np.nan
    out = resample_recording(recording, rate_hz=20, signal="acc").signals["acc"].values
    assert np.isnan(out[100:111]).all()
    assert np.isfinite(out[:100]).all() and np.isfinite(out[111:]).all()
    assert np.abs(out[20:95] - tone(1, 20)[20:95]).max() < 0.01


def test_readings_beside_a_missing_one_are_missing_too() -> None:
    recording = two_signals()
    recording.signals["acc"].values[200] = np.nan
    out = resample_recording(recording, rate_hz=60, signal="acc").signals["acc"].values
    assert np.flatnonzero(np.isnan(out[:, 0])).tolist() == [299, 300, 301]  # 199.3, 200, 200.7


def test_a_signal_of_only_nan_is_refused() -> None:
    recording = two_signals()
    recording.signals["acc"].values[:] = np.nan
    with pytest.raises(DataError, match="without a single whole reading"):
        resample_recording(recording, rate_hz=20)
