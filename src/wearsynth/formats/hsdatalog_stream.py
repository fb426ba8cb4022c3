"""The bytes of a High-Speed Datalog stream to readings in order, NaN where some were lost.

Version 2: packets, each a uint32 counter of the payload bytes before it and its payload. The payloads
end to end, or the file of version 1 as it is, are frames: samples_per_ts readings and a float64, the
time of their end in seconds. Frames do not keep to packets. What the counters or the times say is
lost is left out as NaN.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import FloatArray, IntArray, Oddity
from wearsynth.errors import FormatError
from wearsynth.files import read_bytes
from wearsynth.formats.hsdatalog import COUNTER_BYTES
from wearsynth.formats.hsdatalog_description import Stream
from wearsynth.formats.plausible import as_readings
from wearsynth.formats.timeline import JUMP_STEPS

LONGEST_GAP_S = 600.0
"""A longer hole is taken for a damaged counter or time, and passed over."""
MOST_EMPTY = 50
"""A stream may have this many places for each reading (and a million)."""
FASTEST_HZ = 1e6
LATEST_S = 1e9
BLOCK = 1 << 18
"""So many readings are turned to g at a time."""

CUT = "byte(s) at the end make no whole packet: left out"
LOST = "stretch(es) of packets are missing, by their counters: NaN there"
WILD_COUNTERS = "packet counter(s) do not follow on the others: passed over"
PAUSED = "step(s) of the time stamps are longer than their readings: NaN there"
WILD_TIMES = "time stamp(s) do not follow on the one before: passed over"
IMPOSSIBLE = "reading(s) are beyond what a sensor measures: missing"


@dataclass(frozen=True, eq=False)
class Decoded:
    """values: (reading, axis) float32 in g, NaN where missing; told_hz: the rate by the time stamps."""

    values: FloatArray
    rate_hz: float
    told_hz: float | None
    oddities: tuple[Oddity, ...]


def decoded(stream: Stream, *, rate_hz: float | None, drop_last: bool) -> Decoded:
    """Give a stream's readings; FormatError where it holds no whole frame or tells no rate.

    rate_hz: where given, it goes before the stream's own, which goes before the time stamps.
    drop_last: leave out the last whole frame, as readers of version 1 do.
    """
    where = f"{stream.path.parent.name}/{stream.path.name}"
    payload, lost, oddities = _payload(read_bytes(stream.path), stream, where)
    frames, broken = _frames(payload, lost, stream)
    if drop_last:
        frames, broken = frames[:-1], broken[:-1]
    if not len(frames):
        problem = "ends before the first readings do. Copy it again, or leave the folder out"
        raise FormatError(stream.path, f"{problem}.")
    samples = max(1, stream.samples_per_ts)
    told_hz = _told_hz(frames, broken, samples)
    rate_hz = rate_hz or stream.rate_hz or told_hz
    if rate_hz is None:
        raise FormatError(stream.path, "its rate stands nowhere. Give it (rate_hz).")
    place, odd = _places(frames, broken, samples / (told_hz or rate_hz), where)
    values, more = _values(frames, broken, place, stream)
    told = (*oddities, *odd, *((Oddity(IMPOSSIBLE, more, where),) if more else ()))
    return Decoded(values, rate_hz, told_hz, told)


def _payload(
    content: bytes, stream: Stream, where: str
) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None, tuple[Oddity, ...]]:
    """Give the bytes without counters, which of them were lost (None: none), and what was odd."""
    size = stream.packet_bytes
    if not size:
        return np.frombuffer(content, np.uint8), None, ()
    whole = len(content) // size
    if not whole:
        problem = f"has {len(content)} bytes, no whole packet of {size}. Copy it again."
        raise FormatError(stream.path, problem)
    packets = np.frombuffer(content, np.uint8, whole * size).reshape(whole, size)
    cut = len(content) - whole * size
    odd: tuple[Oddity, ...] = (Oddity(CUT, cut, where),) if cut else ()
    counters = packets[:, :COUNTER_BYTES].copy().view("<u4")[:, 0].astype(np.int64)
    own = size - COUNTER_BYTES
    most = int(
        LONGEST_GAP_S * (stream.rate_hz or 1.0) * stream.axes * np.dtype(stream.dtype).itemsize
    )
    shift, more = _shifts(counters, own, most, where)
    if not shift[-1]:
        return packets[:, COUNTER_BYTES:].reshape(-1), None, odd + more
    total = whole * own + int(shift[-1])
    if total > MOST_EMPTY * len(content) + 10**6:
        raise FormatError(stream.path, "nearly all of its packets are missing. Copy it again.")
    place = (np.arange(whole) * own + shift)[:, None] + np.arange(own)
    payload, lost = np.zeros(total, np.uint8), np.full(total, True)
    payload[place] = packets[:, COUNTER_BYTES:]
    lost[place] = False
    return payload, lost, odd + more


def _shifts(
    counters: IntArray, own: int, most: int, where: str
) -> tuple[IntArray, tuple[Oddity, ...]]:
    """Give, (packet,), how many bytes were lost before each packet: rising, at most `most` at once.

    A counter counts where a neighbour agrees with it, so that a damaged one moves nothing.
    """
    ahead = (counters - counters[0] - own * np.arange(len(counters))) % 2**32
    same = ahead[1:] == ahead[:-1]
    agrees = np.concatenate([[True], same]) | np.concatenate([same, [False]])
    known = np.flatnonzero(agrees)
    steps = np.diff(ahead[known], prepend=ahead[known[0]])
    sound = (steps > 0) & (steps <= most)
    last = np.maximum.accumulate(np.where(agrees, np.cumsum(agrees) - 1, 0))
    shift: IntArray = np.cumsum(np.where(sound, steps, 0))[last]
    found = (
        (int(sound.sum()), LOST),
        (int((~agrees).sum() + (~sound & (steps != 0)).sum()), WILD_COUNTERS),
    )
    return shift, tuple(Oddity(what, count, where) for count, what in found if count)


def _frames(
    payload: NDArray[np.uint8], lost: NDArray[np.bool_] | None, stream: Stream
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Give the whole frames, (frame,) with values and end_s, and which of them miss bytes."""
    shape = (max(1, stream.samples_per_ts), stream.axes)
    fields: list[Any] = [("values", stream.dtype, shape)]
    fields += [("end_s", "<f8")] if stream.samples_per_ts else []
    kind = np.dtype(fields)
    whole = len(payload) // kind.itemsize * kind.itemsize
    frames = payload[:whole].view(kind)
    if lost is None:
        return frames, np.full(len(frames), False)
    return frames, np.asarray(lost[:whole].reshape(len(frames), -1).any(axis=1))


def _told_hz(frames: NDArray[Any], broken: NDArray[np.bool_], samples: int) -> float | None:
    """Give the rate that the time stamps tell: of the median step; None where they tell none."""
    if "end_s" not in (frames.dtype.names or ()):
        return None
    known = np.flatnonzero(~broken & (np.abs(frames["end_s"]) < LATEST_S))
    steps = np.diff(frames["end_s"][known]) / np.diff(known)
    forward = steps[steps > 0]
    rate_hz = samples / float(np.median(forward)) if len(forward) else 0.0
    return rate_hz if 1 / LONGEST_GAP_S <= rate_hz <= FASTEST_HZ else None


def _places(
    frames: NDArray[Any], broken: NDArray[np.bool_], usual_s: float, where: str
) -> tuple[IntArray, tuple[Oddity, ...]]:
    """Give which frame each is, (frame,), with those counted that the time stamps say are missing.

    A time stamp counts where a neighbour agrees with it, so that a damaged one moves nothing.
    """
    place = np.arange(len(frames))
    if "end_s" not in (frames.dtype.names or ()) or len(frames) == 1:
        return place, ()
    end_s = np.where(np.abs(frames["end_s"]) < LATEST_S, frames["end_s"], np.nan)
    timed = np.flatnonzero(~broken & np.isfinite(end_s))
    ahead_s = end_s[timed] - timed * usual_s
    least_s = (JUMP_STEPS - 1) * usual_s
    same = np.abs(np.diff(ahead_s)) <= least_s
    agrees = np.concatenate([[False], same]) | np.concatenate([same, [False]])
    known, step_s = timed[agrees[: len(timed)]], np.diff(ahead_s[agrees[: len(timed)]])
    paused = (step_s > least_s) & (step_s <= max(LONGEST_GAP_S, 10 * usual_s))
    wild = ~paused & (np.abs(step_s) > least_s)
    more = np.zeros(len(frames), dtype=np.int64)
    more[known[1:]] = np.where(paused, np.rint(step_s / usual_s), 0)
    count = int(wild.sum() + len(frames) - broken.sum() - len(known))
    found = ((int(paused.sum()), PAUSED), (count, WILD_TIMES))
    odd = tuple(Oddity(what, number, where) for number, what in found if number)
    return place + np.cumsum(more), odd


def _values(
    frames: NDArray[Any], broken: NDArray[np.bool_], place: IntArray, stream: Stream
) -> tuple[FloatArray, int]:
    """Give (reading, axis) in g with each frame in its place, and how many readings cannot be."""
    shape = frames["values"].shape[1:]
    total = int(place[-1]) + 1
    if total > MOST_EMPTY * len(frames) + 10**6 // shape[0]:
        problem = "its time stamps lie far apart: nearly all readings would be missing"
        raise FormatError(stream.path, f"{problem}. Copy it again.")
    values = np.full((total, *shape), np.nan, dtype=np.float32)
    impossible = 0
    sound = np.flatnonzero(~broken)
    for first in range(0, len(sound), step := max(1, BLOCK // shape[0])):
        mine = sound[first : first + step]
        g, bad = as_readings(frames["values"][mine] * stream.g_per_count, "g")
        values[place[mine]] = g
        impossible += int(bad.any(axis=-1).sum())
    return values.reshape(-1, stream.axes), impossible
