"""Heartbeats from blood volume pulse: a train of beats by hand, and what windows give."""

from pathlib import Path

import numpy as np
import pytest

from wearsynth.data import Channel, Signal, windows_from_arrays
from wearsynth.formats.e4 import read
from wearsynth.formats.e4_beats import beats_of, intervals_of, rate_of
from wearsynth.formats.e4_writer import write

BVP = (Channel("bvp", "a.u."),)


def beating(interval_s: float, *, length_s: float = 60.0, start_s: float = 0.0) -> Signal:
    """Give a pulse with a beat every interval_s, the first a quarter of one in."""
    phase = np.arange(round(length_s * 64)) / 64 / interval_s - 0.25
    values = 40 * np.cos(2 * np.pi * phase) + 10 * np.cos(4 * np.pi * phase)
    return Signal(values[:, None].astype(np.float32), 64.0, BVP, start_s)


def test_beats_are_where_they_were_put() -> None:
    at = beats_of(beating(0.75)) / 64
    expected = 0.75 * (np.arange(len(at)) + 0.25)
    assert len(at) == 80
    np.testing.assert_allclose(at, expected, atol=1.5 / 64)


def test_intervals_and_rate_by_hand() -> None:
    pulse = beating(0.75, start_s=5.0)
    intervals, rate = intervals_of(pulse), rate_of(pulse)
    assert len(intervals.times_s) >= 75 and intervals.values is not None
    assert intervals.values == pytest.approx(0.75, abs=1.1 / 64)
    assert intervals.times_s.min() > 5.0
    assert rate is not None and rate.start_s == 15.0 and len(rate.values) == 50
    assert rate.values == pytest.approx(80.0, abs=2.0)


def test_an_interval_unlike_its_neighbours_is_not_told() -> None:
    values = np.concatenate(
        [beating(0.8, length_s=24).values, beating(0.8, length_s=24).values[30:]]
    )
    intervals = intervals_of(Signal(values, 64.0, BVP))
    assert intervals.values is not None and len(intervals.values) < 57
    assert np.abs(intervals.values / 0.8 - 1).max() < 0.1


@pytest.mark.parametrize(
    "pulse",
    [
        Signal(np.zeros((3840, 1), np.float32), 64.0, BVP),
        Signal(beating(0.75).values[::16], 4.0, BVP),
        beating(0.75, length_s=8.0),
    ],
    ids=["still", "slow", "short"],
)
def test_what_has_no_beats_gives_none(pulse: Signal) -> None:
    assert rate_of(pulse) is None
    assert len(intervals_of(pulse).times_s) == 0


def test_windows_are_written_with_the_heart_rate_of_their_pulse(tmp_path: Path) -> None:
    pulse = np.stack([beating(0.6).values, beating(0.6).values])
    windows = windows_from_arrays(
        {"bvp": (pulse, 64.0, [("bvp", "a.u.")])}, ["rest", "rest"], subject=["P1", "P1"]
    )
    write(windows, tmp_path / "out")
    (back,) = read(tmp_path / "out" / "P1")
    assert back.signals["hr"].values == pytest.approx(100.0, abs=3.0)
    assert back.signals["hr"].start_s == 10.0
    assert back.events["ibi"].values is not None
    assert np.median(back.events["ibi"].values) == pytest.approx(0.6, abs=0.02)
