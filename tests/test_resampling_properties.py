"""What resampling promises, for rates and tones that nobody picked: tones, time, gaps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from wearsynth.data import Channel, Signal
from wearsynth.resampling import resample, resample_signal

REPEATABLE = settings(max_examples=200, deadline=None, derandomize=True, database=None)
AWKWARD = [
    (100.0, 30.0),
    (32.0, 26.0),
    (64.0, 25.6),
    (700.0, 64.0),
    (26.0, 104.0),
    (26.37, 26.0),
    (30.0, 52.0),
    (104.0, 100.0),
]
PASSED = 0.84
"""The share of the lower Nyquist frequency up to which tones keep their size within 1 %."""
STOPPED = 1.2
"""The share from which on tones, and the images of slower ones, are removed."""
REMOVED = 10 ** (-49 / 20)
RATES = st.one_of(
    st.sampled_from(AWKWARD),
    st.tuples(st.integers(10, 256).map(float), st.integers(10, 256).map(float)),
)
TONES = 40
"""Periods of a tone in a test: enough to tell its size to a thousandth."""


def complex_size(values: NDArray[np.float64], hz: float, rate_hz: float) -> complex:
    """Give the size and phase of a tone in the middle of values, by least squares with a constant."""
    inner = np.arange(len(values) // 5, len(values) - len(values) // 5)
    turns = 2 * np.pi * hz * inner / rate_hz
    basis = np.stack([np.cos(turns), np.sin(turns), np.ones(len(inner))], axis=1)
    cos, sin, _ = np.linalg.lstsq(basis, values[inner], rcond=None)[0]
    return complex(cos, sin)


def tone(hz: float, rate_hz: float, seconds: float, phase: float) -> NDArray[np.float32]:
    times_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return np.cos(2 * np.pi * hz * times_s - phase)[:, None].astype(np.float32)


@REPEATABLE
@given(rates=RATES, share=st.floats(0.02, PASSED), phase=st.floats(0, 6))
def test_a_tone_that_passes_keeps_frequency_size_and_time(
    rates: tuple[float, float], share: float, phase: float
) -> None:
    """Size within 1 %, and phase within a hundredth of a turn: the clock's start is kept."""
    old_hz, new_hz = rates
    hz = share * min(rates) / 2
    seconds = max(TONES / hz, 200 / min(rates))
    values = resample(tone(hz, old_hz, seconds, phase), from_rate_hz=old_hz, to_rate_hz=new_hz)
    size = complex_size(values[:, 0].astype(np.float64), hz, new_hz)
    assert abs(size) == pytest.approx(1, abs=0.01)
    turn = np.angle(size / np.exp(1j * phase)) / (2 * np.pi)
    assert abs(turn) < 0.01
    rest = np.abs(values[:, 0] - tone(hz, new_hz, seconds + 1, phase)[: len(values), 0])
    if share <= 2 - STOPPED:  # the image of a faster tone lies on the filter's slope
        assert rest[len(rest) // 5 : -len(rest) // 5].max() < 0.01 + REMOVED


@REPEATABLE
@given(rates=RATES, share=st.floats(STOPPED, 4), phase=st.floats(0, 6))
def test_a_tone_above_the_new_nyquist_is_removed(
    rates: tuple[float, float], share: float, phase: float
) -> None:
    old_hz, new_hz = max(rates), min(rates)
    hz = share * new_hz / 2
    if hz >= 0.98 * old_hz / 2:  # the old rate cannot hold it
        return
    seconds = max(TONES / hz, 400 / new_hz)
    values = resample(tone(hz, old_hz, seconds, phase), from_rate_hz=old_hz, to_rate_hz=new_hz)
    inner = values[len(values) // 5 : -len(values) // 5]
    assert np.abs(inner).max() < REMOVED


@REPEATABLE
@given(rates=RATES, slope=st.floats(-1, 1), level=st.floats(-10, 10))
def test_gravity_and_drift_stay_to_the_ends(
    rates: tuple[float, float], slope: float, level: float
) -> None:
    """A straight line comes back as itself, first reading at the first reading's time."""
    old_hz, new_hz = rates
    line = (level + slope * np.arange(300) / old_hz)[:, None].astype(np.float32)
    values = resample(line, from_rate_hz=old_hz, to_rate_hz=new_hz)
    times_s = np.arange(len(values)) / new_hz
    inner = times_s <= 299 / old_hz
    wanted = level + slope * times_s
    bound = 0.004 * (1 + abs(level) + abs(slope) * 300 / old_hz)
    np.testing.assert_allclose(values[inner, 0], wanted[inner], atol=bound)


@REPEATABLE
@given(
    rates=RATES,
    holes=st.lists(st.tuples(st.integers(1, 380), st.integers(1, 20)), min_size=1, max_size=3),
    start_s=st.floats(-5, 5),
)
def test_missing_readings_stay_missing_and_spread_to_no_others(
    rates: tuple[float, float], holes: list[tuple[int, int]], start_s: float
) -> None:
    old_hz, new_hz = rates
    values = tone(0.3 * min(rates) / 2, old_hz, 400 / old_hz, 0.0)
    for first, count in holes:
        values[first : first + count] = np.nan
    bad = np.isnan(values[:, 0])
    signal = Signal(values, old_hz, (Channel("x", "g"),), start_s)
    changed = resample_signal(signal, rate_hz=new_hz)
    assert (changed.start_s, changed.rate_hz) == (start_s, new_hz)
    place = np.arange(len(changed.values)) * old_hz / new_hz  # in old readings
    nearest = np.abs(place[:, None] - np.flatnonzero(bad)[None, :]).min(axis=1)
    missing = np.isnan(changed.values[:, 0])
    if old_hz != new_hz:
        assert missing[nearest < 1 - 1e-4].all()
        assert not missing[nearest > 1 + 1e-4].any()
    np.testing.assert_array_equal(np.isnan(signal.values[:, 0]), bad)  # the source is as it was


@REPEATABLE
@given(rates=RATES, readings=st.integers(2, 400))
def test_the_length_in_time_stays(rates: tuple[float, float], readings: int) -> None:
    old_hz, new_hz = rates
    values = resample(np.zeros((readings, 1), np.float32), from_rate_hz=old_hz, to_rate_hz=new_hz)
    assert -1e-3 <= len(values) / new_hz - readings / old_hz < 1 / new_hz + 1e-3
