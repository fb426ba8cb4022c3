"""What a generator learns: windows in factored form, scaled by public constants only.

Each window and channel is split as

    x = level + scale * shape,    scale = max(sd, smallest),    shape with zero mean and unit sd

and the network sees the shape, the level and the logarithm of the scale, each in units that suit
the channel's physical unit. The level of a three-axis acceleration is gravity in the main: its
length is told once more, finely near 1 g, and decides, so that still windows keep 1 g. The
constants below come from the units alone, never from people, so they may be published. Signals
at different rates stand side by side on the slowest signal's clock: k readings of a signal k times
faster become k network channels. Nothing is lost: decode(encode(x)) equals x to float32 rounding.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import Channel, FloatArray, SignalWindows, Windows
from wearsynth.errors import DataError

Float64Array = NDArray[np.float64]


@dataclass(frozen=True)
class UnitConstants:
    """Public constants of one physical unit: what is usual, in that unit."""

    level_centre: float
    level_spread: float
    smallest_scale: float
    usual_scale: float


UNIT_CONSTANTS = {
    "g": UnitConstants(0.0, 0.6, 1e-3, 0.15),
    "m/s2": UnitConstants(0.0, 6.0, 1e-2, 1.5),
    "rad/s": UnitConstants(0.0, 0.5, 1e-3, 0.5),
    "uT": UnitConstants(0.0, 30.0, 1e-1, 5.0),
    "uS": UnitConstants(2.0, 3.0, 1e-3, 0.05),
    "mV": UnitConstants(0.0, 0.1, 1e-3, 0.2),
    "degC": UnitConstants(33.0, 2.0, 2e-3, 0.05),
    "%": UnitConstants(0.0, 3.0, 1e-2, 3.0),
    "a.u.": UnitConstants(0.0, 20.0, 1e-1, 30.0),
    "bpm": UnitConstants(80.0, 20.0, 1e-1, 5.0),
    "s": UnitConstants(0.8, 0.2, 1e-3, 0.05),
    "1": UnitConstants(0.5, 0.25, 1e-4, 0.05),
}
"""For each unit: the middle and spread of window means, the smallest sd told apart from none, and
the usual sd inside a window. Orders of magnitude, chosen from what wearable sensors measure."""

ONE_G = {"g": 1.0, "m/s2": 9.80665}
"""The length of gravity in the units of acceleration."""

GRAVITY_SPREAD = 0.05
"""Lengths of 1.00 and 1.05 g differ noticeably; far from 1 g, differences count less (asinh)."""

NO_GRAVITY = 0.5
"""A level shorter than this many g holds no gravity: it is its three numbers and no more."""

LOG_SCALE_SPREAD = 1.5
"""A factor of exp(1.5) in scale counts as one unit of the network's input."""


@dataclass(frozen=True)
class SignalForm:
    """The shape of one signal's windows: (time, channel) at a rate."""

    name: str
    rate_hz: float
    time: int
    channels: tuple[Channel, ...]

    @property
    def tells_length(self) -> bool:
        """Whether the length of the level is told too: three axes of acceleration."""
        units = {channel.unit for channel in self.channels}
        return len(self.channels) == 3 and len(units) == 1 and units <= set(ONE_G)

    @property
    def level_numbers(self) -> int:
        """How many numbers tell the level."""
        return len(self.channels) + self.tells_length

    def encode_level(self, level: Float64Array) -> Float64Array:
        """(window, channel) in physical units -> (window, level_numbers) for the network."""
        constants = _constants(self.channels)
        plain: Float64Array = (level - constants["centre"]) / constants["spread"]
        if not self.tells_length:
            return plain
        length_g = np.linalg.norm(level, axis=1, keepdims=True) / ONE_G[self.channels[0].unit]
        return np.concatenate([plain, np.arcsinh((length_g - 1) / GRAVITY_SPREAD) / 2], axis=1)

    def decode_level(self, numbers: Float64Array) -> Float64Array:
        """Undo encode_level; where the length that is told holds gravity, the level takes it."""
        constants = _constants(self.channels)
        count = len(self.channels)
        level: Float64Array = numbers[:, :count] * constants["spread"] + constants["centre"]
        if not self.tells_length:
            return level
        length_g = 1 + GRAVITY_SPREAD * np.sinh(2 * numbers[:, count:])
        own = np.maximum(np.linalg.norm(level, axis=1, keepdims=True), 1e-9)
        with_gravity = level / own * length_g * ONE_G[self.channels[0].unit]
        return np.where(length_g < NO_GRAVITY, level, with_gravity)


@dataclass(frozen=True)
class Representation:
    """The form of a window set, and the way to network input and back.

    Network input is (window, shape_channels + stat_channels, steps) float32: folded shapes, then
    for each signal the numbers of its level and its log-scales, constant over the steps.
    """

    signals: tuple[SignalForm, ...]

    @property
    def steps(self) -> int:
        """The length of the common clock: the greatest common divisor of all window lengths."""
        return math.gcd(*(signal.time for signal in self.signals))

    @property
    def folds(self) -> tuple[int, ...]:
        """For each physical channel, the network channels that carry its shape."""
        return tuple(s.time // self.steps for s in self.signals for _ in s.channels)

    @property
    def stat_channels(self) -> int:
        """Network channels that carry levels and log-scales."""
        return sum(s.level_numbers + len(s.channels) for s in self.signals)

    def encode(self, windows: Windows) -> FloatArray:
        """Give network input (window, channel, step); DataError if the windows have another form."""
        if representation_of(windows) != self:
            raise DataError(
                f"windows of form {describe_form(representation_of(windows))} do not fit a model "
                f"of form {describe_form(self)}."
            )
        shapes, stats = [], []
        for form in self.signals:
            shape, level, log_scale = _factor(windows.signals[form.name].values, form.channels)
            shapes.append(self._fold(shape))
            stats += [form.encode_level(level), log_scale]
        numbers = np.concatenate(stats, axis=1)[:, :, None]
        constant = np.broadcast_to(numbers, (*numbers.shape[:2], self.steps))
        return np.concatenate([*shapes, constant], axis=1, dtype=np.float32)

    def decode(self, encoded: FloatArray) -> dict[str, SignalWindows]:
        """Give the signals back in physical units from (window, channel, step)."""
        at_shape, at_stat = 0, sum(self.folds)
        stats = encoded.mean(axis=2, dtype=np.float64)
        signals = {}
        for form in self.signals:
            width = len(form.channels) * (form.time // self.steps)
            shape = self._unfold(encoded[:, at_shape : at_shape + width], form)
            numbers = stats[:, at_stat : at_stat + form.level_numbers]
            at_shape, at_stat = at_shape + width, at_stat + form.level_numbers
            log_scale = stats[:, at_stat : at_stat + len(form.channels)]
            at_stat += len(form.channels)
            values = _compose(shape, form.decode_level(numbers), log_scale, form.channels)
            signals[form.name] = SignalWindows(values, form.rate_hz, form.channels)
        return signals

    def _fold(self, shape: FloatArray) -> FloatArray:
        """(window, time, channel) -> (window, channel * fold, step)."""
        count, time, channels = shape.shape
        fold = time // self.steps
        folded = shape.reshape(count, self.steps, fold, channels)
        return folded.transpose(0, 3, 2, 1).reshape(count, channels * fold, self.steps)

    def _unfold(self, folded: FloatArray, form: SignalForm) -> FloatArray:
        """(window, channel * fold, step) -> (window, time, channel)."""
        count, channels = len(folded), len(form.channels)
        split = folded.reshape(count, channels, form.time // self.steps, self.steps)
        return split.transpose(0, 3, 2, 1).reshape(count, form.time, channels)


def representation_of(windows: Windows) -> Representation:
    """Give the representation that fits a window set: its signals' rates, lengths and channels."""
    return Representation(
        tuple(
            SignalForm(name, signal.rate_hz, signal.values.shape[1], signal.channels)
            for name, signal in windows.signals.items()
        )
    )


def describe_form(representation: Representation) -> str:
    """Give the form in a few words: acc 60 x 3 at 30 Hz."""
    return ", ".join(
        f"{s.name} {s.time} x {len(s.channels)} at {s.rate_hz:g} Hz" for s in representation.signals
    )


def _constants(channels: tuple[Channel, ...]) -> dict[str, Float64Array]:
    of = [UNIT_CONSTANTS[channel.unit] for channel in channels]
    return {
        "centre": np.array([c.level_centre for c in of]),
        "spread": np.array([c.level_spread for c in of]),
        "smallest": np.array([c.smallest_scale for c in of]),
        "usual": np.array([c.usual_scale for c in of]),
    }


def _factor(
    values: FloatArray, channels: tuple[Channel, ...]
) -> tuple[FloatArray, Float64Array, Float64Array]:
    """(window, time, channel) -> shape, physical level (window, channel), log-scale for the network."""
    constants = _constants(channels)
    exact = values.astype(np.float64)
    level = exact.mean(axis=1)
    scale = np.maximum(exact.std(axis=1), constants["smallest"])
    shape: FloatArray = ((exact - level[:, None]) / scale[:, None]).astype(np.float32)
    return shape, level, np.log(scale / constants["usual"]) / LOG_SCALE_SPREAD


def _compose(
    shape: FloatArray, level: Float64Array, log_scale: Float64Array, channels: tuple[Channel, ...]
) -> FloatArray:
    scale = _constants(channels)["usual"] * np.exp(log_scale * LOG_SCALE_SPREAD)
    values: FloatArray = (level[:, None] + scale[:, None] * shape).astype(np.float32)
    return values
