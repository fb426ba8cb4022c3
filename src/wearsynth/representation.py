"""What a generator learns: windows in factored form, scaled by public constants only.

Each signal is told by traces: its channels and, for three axes of one unit, their length |x|, which
decides at the end: of acceleration at every reading, so that still windows keep 1 g, of others over a
few readings, so that all axes rest and move at the same times. Each trace of a window is split as

    trace = level + sum over octaves b of scale[b] * shape[b]

with shape[b] the part of the window in octave b (of the orthonormal cosine transform), scaled to rms
1 a coefficient. The network sees the level and the logarithms of the octaves' scales as numbers, and
the shape as a series without level and colour: white, whatever the signal. Slow signals have their
power in the lowest octave, noise in the highest; none outweighs another. The public constants come
from the units alone, never from people, so they may be published. Signals at different rates stand
side by side on the slowest signal's clock: k readings of a signal k times faster become k network
channels. Nothing is lost: decode(encode(x)) equals x to float32 rounding.

A blood volume pulse is told by the slow series of pulse.py in place of its channel, their scales in
fewer octaves; there decode(encode(x)) equals x but for what is faster than the last harmonic.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct, idct
from scipy.ndimage import uniform_filter1d

from wearsynth.constants import BY_FACTORS, PULSE_CONSTANTS, UNIT_CONSTANTS, UnitConstants
from wearsynth.data import Channel, FloatArray, SignalWindows, Windows
from wearsynth.errors import DataError
from wearsynth.mounting import has_axes
from wearsynth.pulse import pulse_of, series_of, steps_of

Float64Array = NDArray[np.float64]


BLOOD_PULSE, PULSE_UNIT = "bvp", "a.u."
"""Where these are a signal's name, or its one channel's, and its unit, it is told as a pulse."""

MOST_FACTORS = 15.0
"""What stands in the place of factors is told no farther out than this: exp(15)."""

ONE_G = {"g": 1.0, "m/s2": 9.80665}
"""The length of gravity in the units of acceleration."""

GRAVITY_SPREAD = 0.05
"""Lengths of 1.00 and 1.05 g differ noticeably; far from 1 g, differences count less (asinh)."""

LOG_SCALE_SPREAD = 1.5
"""A factor of exp(1.5) in scale counts as one unit of the network's input."""

TURNS, LEAST_TURN = "rad/s", 0.02
"""The unit of turn rates, whose levels are told beside the motion; below so much there is none."""

COURSE_READINGS = 5
"""The length of vectors other than acceleration decides over so many readings."""

LEAST_COEFFICIENTS = 2
"""A scale is told of at least so many coefficients: of one alone only the sign would be left."""

COARSE = 4
"""So many half octaves share a scale where scales are told coarsely."""


def octaves(time: int, *, coarse: bool = False) -> tuple[slice, ...]:
    """Give the half octaves of the cosine coefficients 1..time-1 of a window, highest first.

    coarse: four of them, two octaves, in one.

    Each octave is the upper half of what is left, parted in the middle; every part holds at least two
    coefficients, where there are so many.

    >>> [(band.start, band.stop) for band in octaves(20)]
    [(16, 20), (11, 16), (9, 11), (6, 9), (4, 6), (1, 4)]
    """
    edges, high = [time], time
    while high > 1:
        low = high // 2 + 1 if high > 2 else 1
        edges += [(low + high + 1) // 2, low]
        high = low
    kept = [time]
    for edge in edges:
        if kept[-1] - edge >= LEAST_COEFFICIENTS and (edge == 1 or edge > LEAST_COEFFICIENTS):
            kept.append(edge)
    if kept[-1] > 1:
        kept.append(1)
    if coarse:
        kept = kept[:-1:COARSE] + kept[-1:]
    return tuple(slice(low, high) for high, low in itertools.pairwise(kept))


@dataclass(frozen=True)
class SignalForm:
    """The shape of one signal's windows: (time, channel) at a rate. pulse: told as in pulse.py."""

    name: str
    rate_hz: float
    time: int
    channels: tuple[Channel, ...]
    pulse: bool = False

    @property
    def tells_length(self) -> bool:
        """Whether the length of the vector is a trace of its own: three axes of one unit."""
        return has_axes(self.channels)

    @property
    def trace_time(self) -> int:
        """The readings of a trace."""
        return steps_of(self.time, self.rate_hz) if self.pulse else self.time

    @property
    def bands(self) -> tuple[slice, ...]:
        """The cosine coefficients that share a scale, highest first."""
        return octaves(self.trace_time, coarse=self.pulse)

    @property
    def one_g(self) -> float | None:
        """The length of gravity where the signal is acceleration."""
        return ONE_G.get(self.channels[0].unit)

    @property
    def traces(self) -> int:
        """How many series tell the signal: its channels and, where it is told, the length."""
        return len(PULSE_CONSTANTS) if self.pulse else len(self.channels) + self.tells_length

    @property
    def numbers(self) -> int:
        """How many numbers tell the levels and the octaves' scales of all traces."""
        return self.traces * (1 + len(self.bands))

    @property
    def units(self) -> tuple[str, ...]:
        """The unit of each trace; of a pulse's there is none to speak of."""
        if self.pulse:
            return (PULSE_UNIT,) * self.traces
        units = tuple(channel.unit for channel in self.channels)
        return units + units[:1] if self.tells_length else units

    @property
    def doubled(self) -> tuple[float, ...]:
        """For each trace, twice what its unit's factors begin at; 0 where differences count."""
        return tuple(2 * BY_FACTORS.get(unit, 0.0) for unit in self.units)

    @property
    def constants(self) -> tuple[UnitConstants, ...]:
        """The public constants of each trace."""
        if self.pulse:
            return PULSE_CONSTANTS
        return tuple(UNIT_CONSTANTS[unit] for unit in self.units)

    def _constants(self, name: str) -> Float64Array:
        return np.array([getattr(of, name) for of in self.constants])

    def factored(self, values: FloatArray) -> tuple[FloatArray, Float64Array]:
        """Give shapes (window, time, trace) and numbers (window, numbers) of (window, time, channel)."""
        exact = values.astype(np.float64)
        if self.pulse:
            exact = series_of(exact[:, :, 0], self.rate_hz)
        elif self.tells_length:
            exact = _with_norm(exact)
        elif any(self.doubled):
            doubled = np.array(self.doubled)
            exact = np.where(doubled > 0, np.arcsinh(exact / np.maximum(doubled, 1e-9)), exact)
        spectrum = dct(exact, axis=1, norm="ortho")
        shape, scales = np.zeros_like(spectrum), []
        for octave in self.bands:
            rms = np.sqrt((spectrum[:, octave] ** 2).mean(axis=1))
            scales.append(np.maximum(rms, self._constants("smallest_scale")))
            shape[:, octave] = spectrum[:, octave] / scales[-1][:, None]
        series = idct(shape, axis=1, norm="ortho")
        level = self._level_numbers(spectrum[:, 0] / math.sqrt(self.trace_time), scales)
        numbers = [level, *(self._scale_numbers(scale) for scale in scales)]
        return series.astype(np.float32), np.stack(numbers, axis=2).reshape(len(values), -1)

    def composed(self, shape: FloatArray, numbers: Float64Array) -> FloatArray:
        """Undo `factored`; where the length is told, the channels take it."""
        told = numbers.reshape(len(numbers), self.traces, -1)
        scales = [
            self._constants("usual_scale") * np.exp(of * LOG_SCALE_SPREAD)
            for of in np.moveaxis(told[:, :, 1:], 2, 0)
        ]
        spectrum = dct(shape.astype(np.float64), axis=1, norm="ortho")
        spectrum[:, 0] = self._level(told[:, :, 0], scales) * math.sqrt(self.trace_time)
        for octave, scale in zip(self.bands, scales, strict=True):
            spectrum[:, octave] *= scale[:, None]
        series = idct(spectrum, axis=1, norm="ortho")
        if self.pulse:
            return pulse_of(series, self.time, self.rate_hz)[:, :, None].astype(np.float32)
        values = series[:, :, : len(self.channels)]
        if self.tells_length:
            values = self._with_length(values, series[:, :, -1:])
        elif any(self.doubled):
            doubled = np.array(self.doubled)
            factors = doubled * np.sinh(np.clip(values, -MOST_FACTORS, MOST_FACTORS))
            values = np.where(doubled > 0, factors, values)
        return np.asarray(values, dtype=np.float32)

    def _with_length(self, values: Float64Array, length: Float64Array) -> Float64Array:
        """Give the vectors the told length; near 0, where a direction means little, less so."""
        least = 10 * UNIT_CONSTANTS[self.channels[0].unit].smallest_scale
        own, told = np.linalg.norm(values, axis=2, keepdims=True), np.maximum(length, 0)
        if self.one_g is None:
            own, told = (uniform_filter1d(of, COURSE_READINGS, axis=1) for of in (own, told))
        given: Float64Array = values * ((told + least) / (own + least))
        return given

    def _scale_numbers(self, scale: Float64Array) -> Float64Array:
        """Give the scales of an octave (window, trace) as the network sees them."""
        return np.asarray(np.log(scale / self._constants("usual_scale")) / LOG_SCALE_SPREAD)

    def _level_unit(self, scales: Sequence[Float64Array]) -> Float64Array:
        """Give what levels are told in, (window, trace) or (trace,): of turns, the motion around them.

        scales: (window, trace) of each octave. A wrist turns back: the mean of a turn is small beside
        its swing, whether the swing is large or not.
        """
        usual = self._constants("level_spread")
        turns = np.array([unit == TURNS for unit in self.units])
        if not turns.any():
            return usual
        powers = [
            (octave.stop - octave.start) * scale**2
            for octave, scale in zip(self.bands, scales, strict=True)
        ]
        motion = np.sqrt(np.sum(powers, axis=0) / self.time)
        return np.where(turns, motion + LEAST_TURN, usual)

    def _level_numbers(self, level: Float64Array, scales: Sequence[Float64Array]) -> Float64Array:
        """Give the levels of the traces as the network sees them, (window, trace)."""
        plain = (level - self._constants("level_centre")) / self._level_unit(scales)
        if self.tells_length:
            plain[:, -1] = self._told_length(level[:, -1])
        return plain

    def _told_length(self, length: Float64Array) -> Float64Array:
        """Give a mean length as a number: finely near 1 g, of other units by factors."""
        if self.one_g is not None:
            return np.asarray(np.arcsinh((length / self.one_g - 1) / GRAVITY_SPREAD) / 2)
        of = UNIT_CONSTANTS[self.channels[0].unit]
        return np.asarray(np.log((length + of.smallest_scale) / of.usual_scale) / LOG_SCALE_SPREAD)

    def _level(self, told: Float64Array, scales: Sequence[Float64Array]) -> Float64Array:
        """Undo _level_numbers."""
        level = told * self._level_unit(scales) + self._constants("level_centre")
        if not self.tells_length:
            return level
        if self.one_g is not None:
            level[:, -1] = self.one_g * (1 + GRAVITY_SPREAD * np.sinh(2 * told[:, -1]))
        else:
            of = UNIT_CONSTANTS[self.channels[0].unit]
            factor = np.exp(told[:, -1] * LOG_SCALE_SPREAD)
            level[:, -1] = of.usual_scale * factor - of.smallest_scale
        return level


def _with_norm(values: Float64Array) -> Float64Array:
    """Give vectors (window, time, 3) with their length as a fourth series."""
    return np.concatenate([values, np.linalg.norm(values, axis=2, keepdims=True)], axis=2)


@dataclass(frozen=True)
class Representation:
    """The form of a window set, and the way to network input and back.

    Network input is (window, shape_channels + numbers, steps) float32: the folded shapes of all
    traces, then the numbers of each signal, constant over the steps.
    """

    signals: tuple[SignalForm, ...]

    @property
    def steps(self) -> int:
        """The length of the common clock: the greatest common divisor of all traces' lengths."""
        return math.gcd(*(signal.trace_time for signal in self.signals))

    @property
    def folds(self) -> tuple[int, ...]:
        """For each trace, the number of network channels that carry its shape."""
        return tuple(s.trace_time // self.steps for s in self.signals for _ in range(s.traces))

    @property
    def coarse(self) -> tuple[bool, ...]:
        """For each trace, whether its scales are told coarsely."""
        return tuple(s.pulse for s in self.signals for _ in range(s.traces))

    @property
    def numbers(self) -> int:
        """Network channels that carry levels and scales."""
        return sum(signal.numbers for signal in self.signals)

    def encode(self, windows: Windows) -> FloatArray:
        """Give network input (window, channel, step); DataError if the windows have another form."""
        if representation_of(windows) != self:
            raise DataError(
                f"windows of form {describe_form(representation_of(windows))} do not fit a model "
                f"of form {describe_form(self)}."
            )
        shapes, numbers = [], []
        for form in self.signals:
            shape, told = form.factored(windows.signals[form.name].values)
            shapes.append(self._fold(shape))
            numbers.append(told)
        constant = np.concatenate(numbers, axis=1)[:, :, None]
        constant = np.broadcast_to(constant, (*constant.shape[:2], self.steps))
        return np.concatenate([*shapes, constant], axis=1, dtype=np.float32)

    def decode(self, encoded: FloatArray) -> dict[str, SignalWindows]:
        """Give the signals back in physical units from (window, channel, step)."""
        at_shape, at_number = 0, 0
        told = encoded[:, sum(self.folds) :].mean(axis=2, dtype=np.float64)
        signals = {}
        for form in self.signals:
            width = form.traces * (form.trace_time // self.steps)
            shape = self._unfold(encoded[:, at_shape : at_shape + width], form)
            numbers = told[:, at_number : at_number + form.numbers]
            at_shape, at_number = at_shape + width, at_number + form.numbers
            values = form.composed(shape, numbers)
            signals[form.name] = SignalWindows(values, form.rate_hz, form.channels)
        return signals

    def _fold(self, shape: FloatArray) -> FloatArray:
        """(window, time, trace) -> (window, trace * fold, step)."""
        count, time, traces = shape.shape
        fold = time // self.steps
        folded = shape.reshape(count, self.steps, fold, traces)
        return folded.transpose(0, 3, 2, 1).reshape(count, traces * fold, self.steps)

    def _unfold(self, folded: FloatArray, form: SignalForm) -> FloatArray:
        """(window, trace * fold, step) -> (window, time, trace)."""
        count = len(folded)
        split = folded.reshape(count, form.traces, form.trace_time // self.steps, self.steps)
        return split.transpose(0, 3, 2, 1).reshape(count, form.trace_time, form.traces)


def representation_of(windows: Windows) -> Representation:
    """Give the representation that fits a window set: its signals' rates, lengths and channels."""
    return Representation(
        tuple(
            SignalForm(
                name,
                signal.rate_hz,
                signal.values.shape[1],
                signal.channels,
                pulse=_is_pulse(name, signal),
            )
            for name, signal in windows.signals.items()
        )
    )


def _is_pulse(name: str, signal: SignalWindows) -> bool:
    """Say whether windows are told as a pulse: blood volume pulse, fast and long enough for one."""
    first = signal.channels[0]
    named = len(signal.channels) == 1 and first.unit == PULSE_UNIT
    named = named and BLOOD_PULSE in f"{name} {first.name}".lower()
    return named and steps_of(signal.values.shape[1], signal.rate_hz) > 0


def form_to(representation: Representation) -> list[dict[str, Any]]:
    """Give the form in plain values, ready for JSON."""
    return [asdict(signal) for signal in representation.signals]


def form_from(told: Sequence[Mapping[str, Any]]) -> Representation:
    """Undo `form_to`."""
    return Representation(
        tuple(
            SignalForm(
                signal["name"],
                signal["rate_hz"],
                signal["time"],
                tuple(Channel(**channel) for channel in signal["channels"]),
                signal.get("pulse", False),  # models of before know of none
            )
            for signal in told
        )
    )


def describe_form(representation: Representation) -> str:
    """Give the form in a few words: acc 60 x 3 at 30 Hz."""
    return ", ".join(
        f"{s.name} {s.time} x {len(s.channels)} at {s.rate_hz:g} Hz" for s in representation.signals
    )
