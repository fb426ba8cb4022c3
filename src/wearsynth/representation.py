"""What a generator learns: windows in factored form, scaled by public constants only.

Each window and channel is split as

    x = level + scale * shape,    scale = max(sd, smallest),    shape with zero mean and unit sd

and the network sees the shape, the level and the logarithm of the scale, each in units that suit
the channel's physical unit. The constants below come from the units alone, never from people, so
they may be published with a model. Signals at different rates stand side by side on the slowest
signal's clock: k readings of a signal k times faster become k network channels. Nothing is lost:
decode(encode(x)) equals x to float32 rounding.
"""

import math
from dataclasses import dataclass

import numpy as np

from wearsynth.data import Channel, FloatArray, SignalWindows, Windows
from wearsynth.errors import DataError


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
    "uS": UnitConstants(2.0, 3.0, 1e-3, 0.05),
    "degC": UnitConstants(33.0, 2.0, 2e-3, 0.05),
    "a.u.": UnitConstants(0.0, 20.0, 1e-1, 30.0),
    "bpm": UnitConstants(80.0, 20.0, 1e-1, 5.0),
    "1": UnitConstants(0.5, 0.25, 1e-4, 0.05),
}
"""For each unit: the middle and spread of window means, the smallest sd told apart from none, and
the usual sd inside a window. Orders of magnitude, chosen from what wearable sensors measure."""

LOG_SCALE_SPREAD = 1.5
"""A factor of exp(1.5) in scale counts as one unit of the network's input."""


@dataclass(frozen=True)
class SignalForm:
    """The shape of one signal's windows: (time, channel) at a rate."""

    name: str
    rate_hz: float
    time: int
    channels: tuple[Channel, ...]


@dataclass(frozen=True)
class Representation:
    """The form of a window set, and the way to network input and back.

    Network input is (window, shape_channels + 2 * stat_channels, steps) float32: folded shapes,
    then levels, then log-scales, the last two constant over the steps.
    """

    signals: tuple[SignalForm, ...]

    @property
    def steps(self) -> int:
        """The length of the common clock: the greatest common divisor of all window lengths."""
        return math.gcd(*(signal.time for signal in self.signals))

    @property
    def shape_channels(self) -> int:
        """Network channels that carry shapes."""
        return sum(len(s.channels) * (s.time // self.steps) for s in self.signals)

    @property
    def stat_channels(self) -> int:
        """Channels of all signals: each has one level and one log-scale."""
        return sum(len(signal.channels) for signal in self.signals)

    def encode(self, windows: Windows) -> FloatArray:
        """Give network input (window, channel, step); DataError if the windows have another form."""
        if representation_of(windows) != self:
            raise DataError(
                f"windows of form {describe_form(representation_of(windows))} do not fit a model "
                f"of form {describe_form(self)}."
            )
        shapes, levels, log_scales = [], [], []
        for form in self.signals:
            shape, level, log_scale = _factor(windows.signals[form.name].values, form.channels)
            shapes.append(self._fold(shape))
            levels.append(level)
            log_scales.append(log_scale)
        stats = np.concatenate([*levels, *log_scales], axis=1)[:, :, None]
        constant = np.broadcast_to(stats, (*stats.shape[:2], self.steps))
        return np.concatenate([*shapes, constant], axis=1, dtype=np.float32)

    def decode(self, encoded: FloatArray) -> dict[str, SignalWindows]:
        """Give the signals back in physical units from (window, channel, step)."""
        stats = encoded[:, self.shape_channels :].mean(axis=2, dtype=np.float64)
        signals, at_shape, at_stat = {}, 0, 0
        for form in self.signals:
            width, count = len(form.channels) * (form.time // self.steps), len(form.channels)
            shape = self._unfold(encoded[:, at_shape : at_shape + width], form)
            level = stats[:, at_stat : at_stat + count]
            log_scale = stats[:, self.stat_channels + at_stat :][:, :count]
            values = _compose(shape, level, log_scale, form.channels)
            signals[form.name] = SignalWindows(values, form.rate_hz, form.channels)
            at_shape, at_stat = at_shape + width, at_stat + count
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


def _constants(channels: tuple[Channel, ...]) -> dict[str, FloatArray]:
    of = [UNIT_CONSTANTS[channel.unit] for channel in channels]
    return {
        "centre": np.array([c.level_centre for c in of]),
        "spread": np.array([c.level_spread for c in of]),
        "smallest": np.array([c.smallest_scale for c in of]),
        "usual": np.array([c.usual_scale for c in of]),
    }


def _factor(
    values: FloatArray, channels: tuple[Channel, ...]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(window, time, channel) -> shape, normalised level (window, channel), log-scale."""
    constants = _constants(channels)
    exact = values.astype(np.float64)
    level = exact.mean(axis=1)
    scale = np.maximum(exact.std(axis=1), constants["smallest"])
    shape = (exact - level[:, None]) / scale[:, None]
    log_scale = np.log(scale / constants["usual"]) / LOG_SCALE_SPREAD
    return shape, (level - constants["centre"]) / constants["spread"], log_scale


def _compose(
    shape: FloatArray, level: FloatArray, log_scale: FloatArray, channels: tuple[Channel, ...]
) -> FloatArray:
    constants = _constants(channels)
    scale = constants["usual"] * np.exp(log_scale * LOG_SCALE_SPREAD)
    physical_level = level * constants["spread"] + constants["centre"]
    values: FloatArray = (physical_level[:, None] + scale[:, None] * shape).astype(np.float32)
    return values
