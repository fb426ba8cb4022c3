"""Heartbeats from blood volume pulse, as an E4's own files give them: IBI.csv and HR.csv.

A beat is a peak of the pulse. The device is strict: an interval stands in IBI.csv only where it and its
neighbours agree, so most of a moved stretch has none. HR.csv has a rate a second, from 10 s on.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter, uniform_filter1d
from scipy.signal import butter, find_peaks, sosfiltfilt

from wearsynth.data import Channel, Events, Signal

Float64Array = NDArray[np.float64]

LEAST_HZ, LEAST_S = 32.0, 12.0
"""Slower or shorter pulses have no beats that could be timed."""

PULSE_BAND_HZ = (0.5, 5.0)
LEAST_APART_S = 0.33
LEAST_RISE = 0.5
"""A beat stands out from its surroundings by so many times the pulse's usual size around it."""

AROUND_S = 6.0
INTERVAL_S = (0.3, 1.7)
AGREE = 0.25
"""Neighbouring intervals agree where they differ by no more than this share."""

FIRST_S, RATE_S = 10.0, 40.0
"""HR.csv starts so late; the median interval of so many seconds is nearest to what it tells."""


def beats_of(pulse: Signal) -> NDArray[np.int64]:
    """Give the readings at which beats are, (beat,); none for a pulse too slow or too short."""
    values, rate_hz = pulse.values[:, 0].astype(np.float64), pulse.rate_hz
    if rate_hz < LEAST_HZ or len(values) < LEAST_S * rate_hz or np.ptp(values) == 0:
        return np.zeros(0, dtype=np.int64)
    band = butter(3, PULSE_BAND_HZ, btype="band", fs=rate_hz, output="sos")
    clean = sosfiltfilt(band, values)
    power = uniform_filter1d(clean**2, round(AROUND_S * rate_hz), mode="reflect")
    even = clean / np.sqrt(power + 1e-12)
    peaks, _ = find_peaks(even, distance=round(LEAST_APART_S * rate_hz), prominence=LEAST_RISE)
    return np.asarray(peaks, dtype=np.int64)


def intervals_of(pulse: Signal) -> Events:
    """Give IBI.csv: the time of each beat whose interval is told, and the interval in s."""
    at = beats_of(pulse) / pulse.rate_hz
    intervals = np.diff(at)
    kept = _agreeing(intervals)
    return Events(pulse.start_s + at[1:][kept], intervals[kept], unit="s")


def rate_of(pulse: Signal) -> Signal | None:
    """Give HR.csv, the heart rate of the last seconds at 1 Hz; None where there is no beat."""
    at = beats_of(pulse) / pulse.rate_hz
    intervals, ends = np.diff(at), at[1:]
    known = (intervals >= INTERVAL_S[0]) & (intervals <= INTERVAL_S[1])
    intervals, ends = intervals[known], ends[known]
    moments = np.arange(FIRST_S, len(pulse.values) / pulse.rate_hz)
    if not len(ends) or not len(moments):
        return None
    spans = np.searchsorted(ends, np.stack([moments - RATE_S, moments]), side="right").T
    bpm = np.array([60 / np.median(intervals[a:b]) if b > a else np.nan for a, b in spans.tolist()])
    told = np.isfinite(bpm)
    bpm = np.interp(moments, moments[told], bpm[told]) if told.any() else bpm
    values = np.where(np.isfinite(bpm), bpm, 60 / np.median(intervals)).astype(np.float32)
    return Signal(values[:, None], 1.0, (Channel("hr", "bpm"),), pulse.start_s + FIRST_S)


def _agreeing(intervals: Float64Array) -> NDArray[np.bool_]:
    """Say of each interval, (interval,), whether it is one, and like the usual of its neighbours."""
    if not len(intervals):
        return np.zeros(0, dtype=np.bool_)
    usual = median_filter(intervals, size=5, mode="nearest")
    near = np.abs(intervals / usual - 1) <= AGREE
    possible = (intervals >= INTERVAL_S[0]) & (intervals <= INTERVAL_S[1])
    alone = uniform_filter1d((near & possible).astype(np.float64), 5, mode="nearest") < 0.99
    return np.asarray(near & possible & ~alone, dtype=np.bool_)
