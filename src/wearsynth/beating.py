"""A pulse that beats on from one window into another.

Two pulses that are added cancel where their beats do not agree, and no two do for long. So a window of
pulse is told as in pulse.py, and goes on from the other in what is told there: from its beat, its heart
rate, its size and the shape of its beats, which then change to the window's own in the time that real
ones take. What no harmonic tells is added as it was.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearsynth.fading import faded_level, gently_faded
from wearsynth.pulse import MEAN, PULSE_HZ, RATE, START, pulse_of, series_of

Float64Array = NDArray[np.float64]

FADE_S = 4.0
"""One course of rate, size and shape fades into the other over so long."""

DRIFT_S = 25.0
"""A difference in rate, size or shape fades by 1/e in so long, as hearts do it between rest and stress."""


@dataclass(frozen=True, eq=False)
class Beats:
    """A window of pulse: series (step, TRACES) that tell it, and the rest (time,), in a.u."""

    series: Float64Array
    rest: Float64Array
    rate_hz: float

    @property
    def values(self) -> Float64Array:
        """The pulse, (time,)."""
        return _pulse(self.series, self) + self.rest

    @property
    def phase(self) -> Float64Array:
        """How far each reading is in its beat, 0 to 1, (time,)."""
        wave = np.zeros((2, *self.series.shape))
        wave[:, :, [START, RATE]] = self.series[:, [START, RATE]]
        wave[[0, 1], :, [MEAN + 1, MEAN + 2]] = 1  # a cosine and a sine alone
        cosine, sine = pulse_of(wave, len(self.rest), self.rate_hz)
        return np.asarray(np.arctan2(sine, cosine) / (2 * np.pi) % 1.0)


def beats_of(values: Float64Array, rate_hz: float) -> Beats:
    """Give a window of pulse (time,) as beats."""
    series = series_of(values[None], rate_hz)[0]
    rest = values - pulse_of(series[None], len(values), rate_hz)[0]
    return Beats(series, rest, rate_hz)


def beating_on(before: Beats, after: Beats, *, at: int, place: int) -> Beats:
    """Give a window's beats so that from a place on they go on from those before.

    at, place: the steps of the series at which the one is left and the other entered. What is given
    before the place is what was before, as far back as the window goes.
    """
    fold = len(after.rest) // len(after.series)
    steps = min(round(FADE_S * PULSE_HZ), len(before.series) - at, len(after.series) - place)
    series, rest = after.series.copy(), after.rest.copy()
    tail = before.series[at : at + steps]
    series[place:] = faded_level(tail, series[place:], drift_steps=DRIFT_S * PULSE_HZ)
    back = min(at, place)
    series[place - back : place] = before.series[at - back : at]
    series[:, START] = 0.0
    old = before.rest[at * fold : (at + steps) * fold, None]
    new = rest[place * fold : (place + steps) * fold, None]
    rest[place * fold : (place + steps) * fold] = gently_faded(old, new)[:, 0]
    found = Beats(series, rest, after.rate_hz)
    series[:, START] = before.phase[at * fold] - found.phase[place * fold]
    return found


def _pulse(series: Float64Array, of: Beats) -> Float64Array:
    return np.asarray(pulse_of(series[None], len(of.rest), of.rate_hz)[0])
