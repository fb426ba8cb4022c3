"""Continuous signals of any length, class by class, as a part would have recorded them.

A class is one signal (joining.py) of one person and one unit of the part. It is rendered in blocks with
some seconds on both sides that are cut off again, so that no block's end shows, and memory stays the same
however long the signal is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from wearsynth.data import FloatArray, SignalWindows, Windows
from wearsynth.errors import DataError, SensorError, did_you_mean
from wearsynth.joining import joined
from wearsynth.model import Model
from wearsynth.rendering import RenderOptions, render
from wearsynth.sensors import Counts
from wearsynth.sensors.profile import SensorProfile

BLOCK_S = 120
MARGIN_S = 10
"""Whole seconds, so that both ends of a block fall on readings at every usual rate."""


@dataclass(frozen=True)
class Streams:
    """What is asked for: seconds by class, of a model, for a seed."""

    model: Model
    seconds: Mapping[str, float]
    seed: int

    def __post_init__(self) -> None:
        for name, seconds in self.seconds.items():
            if name not in self.model.classes:
                hint = did_you_mean(name, self.model.classes)
                raise DataError(f"the model knows no class {name!r}.{hint}")
            if not 0 <= seconds < float("inf"):
                raise DataError(f"seconds of {name!r} must be 0 or more, got {seconds:g}.")
        if not any(self.seconds.values()):
            raise DataError("asked for 0 seconds; ask for some, as in walking=600.")


def stream(asked: Streams, name: str) -> Iterator[dict[str, FloatArray]]:
    """Give one person's continuous signals of a class without end, piece by piece.

    Signal -> (time, channel) in its unit; pieces follow each other without a gap. The person has one
    manner throughout where the model knows people apart. Same seed, same bytes.
    """
    model, label = asked.model, asked.model.classes.index(name)
    manner = None
    if model.conditions.manner:
        rng = np.random.default_rng(np.random.SeedSequence([asked.seed], spawn_key=(3,)))
        manner = model.conditions.draw_manners(1, len(model.classes), rng)

    def draw(count: int, number: int) -> Mapping[str, SignalWindows]:
        sequence = np.random.SeedSequence([asked.seed, label, number], spawn_key=(4,))
        seed = int(sequence.generate_state(1)[0])
        people = 0 if manner is None else manner
        return model.sample({name: count}, seed=seed, people=people).signals

    for pieces, _ in joined(draw, steps=model.representation.steps):
        yield pieces


def stream_counts(
    asked: Streams, profile: SensorProfile, options: RenderOptions, *, signal: str | None = None
) -> Iterator[Counts]:
    """Give the counts of each class's signal in windows that follow each other without a gap.

    Each chunk is a part of one class, in windows as long as the model's. What is left of the last
    window is dropped. A unit's clock error is left out. SensorError where the part cannot do it, or
    where its rate and the model's have no common seconds.
    """
    place, units = 0, max(1, options.devices)
    options = replace(options, clock_errors=False)
    for name, seconds in asked.seconds.items():
        if not seconds:
            continue
        unit = asked.model.classes.index(name) % units
        rest: Counts | None = None
        left_s = seconds
        for block in _blocks(asked, name, seconds):
            counts = render(block, profile, options, signal=signal, first_window=place + unit)
            place += units
            counts = _without_margins(counts, left_s)
            left_s -= BLOCK_S
            rest = counts if rest is None else _after(rest, counts)
            whole, rest = _whole_windows(rest, asked)
            if len(whole):
                yield whole


def _blocks(asked: Streams, name: str, seconds: float) -> Iterator[Windows]:
    """Give blocks of BLOCK_S seconds with MARGIN_S before and after, each as one window."""
    form = asked.model.representation.signals
    for signal in form:
        if not float(signal.rate_hz * MARGIN_S).is_integer():
            raise SensorError(
                f"a signal at {signal.rate_hz:g} Hz has no whole number of readings in {MARGIN_S} s, "
                "so that it cannot be rendered as a stream. Ask for windows (counts)."
            )
    source = stream(asked, name)
    held: dict[str, list[FloatArray]] = {signal.name: [] for signal in form}
    ready_s = 0.0
    like = asked.model.sample({name: 1}, seed=asked.seed)
    like = replace(like, subject=np.array(["made-1"]))  # one mounting for all blocks
    for number in range(int(np.ceil(seconds / BLOCK_S))):
        length_s = min(BLOCK_S, np.ceil(seconds - number * BLOCK_S)) + 2 * MARGIN_S
        while ready_s < length_s:
            for piece_name, values in next(source).items():
                held[piece_name].append(values)
            ready_s = min(sum(map(len, held[s.name])) / s.rate_hz for s in form)
        signals = {}
        for signal in form:
            values = np.concatenate(held[signal.name])
            block = values[: round(length_s * signal.rate_hz)]
            signals[signal.name] = SignalWindows(block[None], signal.rate_hz, signal.channels)
            held[signal.name] = [values[round(BLOCK_S * signal.rate_hz) :]]
        ready_s -= BLOCK_S
        line = f"joined to a continuous signal of {seconds:g} s"
        yield replace(like, signals=signals).with_provenance(line)


def _without_margins(counts: Counts, left_s: float) -> Counts:
    """Cut a block's margins off, and what goes beyond the seconds that are left."""
    margin = MARGIN_S * counts.rate_hz
    if not float(margin).is_integer():
        raise SensorError(
            f"at {counts.rate_hz:g} Hz {MARGIN_S} s are no whole number of readings, so that a stream "
            "cannot be rendered. Ask for windows (counts), or another rate."
        )
    inner = counts.values[:, round(margin) : -round(margin)]
    asked_for = int(left_s * counts.rate_hz + 1e-6)
    return replace(counts, values=inner[:, :asked_for], continuous=True)


def _after(rest: Counts, counts: Counts) -> Counts:
    return replace(rest, values=np.concatenate([rest.values, counts.values], axis=1))


def _whole_windows(block: Counts, asked: Streams) -> tuple[Counts, Counts]:
    """Part one long window into windows of the model's length and what is left of the last one."""
    first = asked.model.representation.signals[0]
    readings = max(1, round(first.time / first.rate_hz * block.rate_hz))
    count = block.values.shape[1] // readings
    values = block.values[0, : count * readings].reshape(count, readings, block.values.shape[2])
    whole = replace(
        block,
        values=values,
        label=np.repeat(block.label, count),
        device=np.repeat(block.device, count),
    )
    return whole, replace(block, values=block.values[:, count * readings :])
