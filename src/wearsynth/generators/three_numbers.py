"""What tells a trace of a window in three numbers: its level, its scale, and its trend.

All are read off a record: the level as the record has it; the scale, the logarithm of the sd of the whole
trace in units of LOG_SCALE_SPREAD; the trend, the first cosine coefficient's signed share of that sd,
in -1..1, below 0 where the trace rises.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from wearsynth.data import FloatArray
from wearsynth.generators.records import RecordShape, Run, cosine_basis
from wearsynth.representation import LOG_SCALE_SPREAD, Float64Array

LEVEL, SCALE, TREND = range(3)
NUMBERS = 3


@dataclass(frozen=True)
class Place:
    """Where a run of traces of one kind stands in a record.

    shapes: its channels. numbers: its levels and scales, among the record's numbers. traces: which of all.
    """

    run: Run
    shapes: slice
    numbers: slice
    traces: slice


def places(shape: RecordShape) -> Iterator[Place]:
    """Give each run of a record's traces."""
    channel = number = trace = 0
    for run in shape.runs:
        after = (
            channel + run.channels,
            number + run.traces * (1 + len(run.octaves)),
            trace + run.traces,
        )
        yield Place(run, slice(channel, after[0]), slice(number, after[1]), slice(trace, after[2]))
        channel, number, trace = after


def three_numbers(records: FloatArray, shape: RecordShape) -> Float64Array:
    """Give (record, trace, 3) of records (record, channel, step)."""
    told = records[:, shape.shapes : shape.shapes + shape.numbers].mean(axis=2, dtype=np.float64)
    parts = []
    for place in places(shape):
        numbers = told[:, place.numbers].reshape(len(records), place.run.traces, -1)
        scales = np.exp(LOG_SCALE_SPREAD * numbers[:, :, 1:])
        sizes = [octave.stop - octave.start for octave in place.run.octaves]
        power = (scales**2) @ np.array(sizes, dtype=np.float64)
        first = first_coefficient(records, place) * scales[:, :, -1]
        scale = np.log(power / place.run.time) / (2 * LOG_SCALE_SPREAD)
        parts.append(np.stack([numbers[:, :, 0], scale, first / np.sqrt(power)], axis=2))
    return np.concatenate(parts, axis=1)


def first_coefficient(records: FloatArray, place: Place) -> Float64Array:
    """Give the first cosine coefficient of a run's shapes, (record, trace)."""
    basis = cosine_basis(place.run.time)[1].numpy().astype(np.float64)
    return np.asarray(unfolded(records, place) @ basis)


def unfolded(records: FloatArray, place: Place) -> FloatArray:
    """Give a run's shapes, (record, trace, time)."""
    count, steps = len(records), records.shape[2]
    split = records[:, place.shapes].reshape(count, -1, place.run.fold, steps)
    return split.transpose(0, 1, 3, 2).reshape(count, -1, place.run.time)


def with_trends(records: FloatArray, shape: RecordShape, sign: Float64Array) -> None:
    """Turn the first coefficient of each shape, in place, to the sign (record, trace) that is asked for.

    Its size, and so the scale of its octave, stays.
    """
    for place in places(shape):
        basis = cosine_basis(place.run.time)[1].numpy().astype(np.float64)
        now = first_coefficient(records, place)
        change = (np.abs(now) * sign[:, place.traces] - now)[:, :, None] * basis
        steps = records.shape[2]
        split = change.reshape(*change.shape[:2], steps, place.run.fold).transpose(0, 1, 3, 2)
        records[:, place.shapes] += split.reshape(len(records), -1, steps).astype(np.float32)


def shift(records: FloatArray, shape: RecordShape, by: Float64Array) -> None:
    """Add to levels and scales in place; by: (record, trace, 3), whose trend is not used."""
    for place in places(shape):
        count = len(place.run.octaves)
        of = by[:, place.traces]
        told = np.concatenate([of[:, :, [LEVEL]], np.repeat(of[:, :, [SCALE]], count, axis=2)], 2)
        first = shape.shapes
        at = slice(first + place.numbers.start, first + place.numbers.stop)
        records[:, at] += told.reshape(len(records), -1)[:, :, None].astype(np.float32)
