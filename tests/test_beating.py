"""A pulse that beats on: no beat is cut, the rate changes over seconds, nothing is lost."""

import numpy as np
import pytest
from numpy.typing import NDArray

from wearsynth.beating import DRIFT_S, beating_on, beats_of

Array = NDArray[np.float64]
RATE_HZ, LENGTH_S = 64.0, 60
AT_S, PLACE_S = 50, 5


def pulse(a_minute: float, start: float, size: float = 40.0) -> Array:
    """Give a window of pulse with a second wave a beat."""
    phase = 2 * np.pi * (a_minute / 60 * np.arange(LENGTH_S * RATE_HZ) / RATE_HZ + start)
    return np.asarray(size * (np.cos(phase) + 0.3 * np.sin(2 * phase)))


def joined(before: Array, after: Array) -> Array:
    """Give the end of the one and the other from where it goes on."""
    told = beats_of(before, RATE_HZ)
    found = beating_on(told, beats_of(after, RATE_HZ), at=2 * AT_S, place=2 * PLACE_S)
    cut = round(AT_S * RATE_HZ), round(PLACE_S * RATE_HZ)
    return np.concatenate([before[: cut[0]], found.values[cut[1] :]])


def intervals_s(values: Array) -> Array:
    """Give the seconds from one rise through 0 to the next, and when they begin."""
    smooth = np.convolve(values, np.hanning(25) / np.hanning(25).sum(), "same")
    up = np.flatnonzero((smooth[:-1] < 0) & (smooth[1:] >= 0))
    at = up - smooth[up] / (smooth[up + 1] - smooth[up])
    return np.asarray(np.stack([at[:-1], np.diff(at)]) / RATE_HZ)


def test_a_window_of_pulse_is_its_beats_and_the_rest() -> None:
    noisy = pulse(72, 0.2) + np.random.default_rng(0).normal(0, 3, len(pulse(72, 0.2)))
    np.testing.assert_allclose(beats_of(noisy, RATE_HZ).values, noisy, atol=1e-9)


@pytest.mark.parametrize("start", [0.3, 0.5, 0.8])
def test_no_beat_is_cut_whatever_beat_the_windows_are_in(start: float) -> None:
    whole = joined(pulse(72, 0.1), pulse(72, start))
    at_s, lasting_s = intervals_s(whole)
    inner = (at_s > 3) & (at_s < 95)
    assert inner.sum() > 100
    np.testing.assert_allclose(lasting_s[inner], 60 / 72, rtol=0.04)
    around = whole[round((AT_S - 2) * RATE_HZ) : round((AT_S + 6) * RATE_HZ)]
    assert np.abs(np.diff(around)).max() < 1.3 * np.abs(np.diff(pulse(72, 0.1))).max()
    plain = np.concatenate([pulse(72, 0.1)[: round(AT_S * RATE_HZ)], pulse(72, start)])
    assert np.abs(intervals_s(plain)[1] * 72 / 60 - 1).max() > 0.15


def test_the_rate_and_the_size_change_over_many_seconds() -> None:
    whole = joined(pulse(60, 0.0), pulse(90, 0.0, size=120.0))
    at_s, lasting_s = intervals_s(whole)
    rate = np.interp([AT_S - 5, AT_S + 5, AT_S + DRIFT_S, AT_S + 50], at_s, 60 / lasting_s)
    assert rate[0] == pytest.approx(60, abs=1)
    assert rate[1] == pytest.approx(90 - 30 * np.exp(-5 / DRIFT_S), abs=2)
    assert rate[2] == pytest.approx(90 - 30 / np.e, abs=2)
    assert rate[3] == pytest.approx(90 - 30 * np.exp(-50 / DRIFT_S), abs=2)
    size = [whole[round(at * RATE_HZ) :][: round(4 * RATE_HZ)].std() for at in (46, 52, 96)]
    assert size[0] < size[1] < size[0] * 1.5 < size[2]
