"""What a set of recordings or windows holds: people, classes, minutes, rates, ranges, oddities."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import Channel, FloatArray, Gap, Recording, Span, Windows
from wearsynth.errors import DataError

STANDARD_GRAVITY_M_S2 = 9.80665
SHORT = 0.5
"""A recording below this share of the median duration is told."""
REPEATED = 0.5
"""A signal with more than this share of readings equal to the one before is told."""
STILL_SD_G = 0.03
STILL_BLOCKS = 10
GRAVITY_TOLERANCE_G = 0.1
EDGE = 0.01
"""A range's last hundredth: more readings on the extreme value than in it look like saturation."""
SATURATED_READINGS = 10


@dataclass(frozen=True)
class ChannelSummary:
    """One channel over everything; least, most and mean of the readings that are numbers, or None."""

    name: str
    unit: str
    least: float | None
    most: float | None
    mean: float | None
    nan_share: float


@dataclass(frozen=True)
class SignalSummary:
    """One signal: its different rates, its readings in total, its channels."""

    name: str
    rates_hz: tuple[float, ...]
    readings: int
    channels: tuple[ChannelSummary, ...]


@dataclass(frozen=True)
class ClassSummary:
    """One class: labelled minutes without gaps, how many recordings and people have it, windows."""

    name: str
    minutes: float
    recordings: int
    people: int
    windows: int | None = None


@dataclass(frozen=True)
class Description:
    """A set in figures. people counts known subjects only; windows and length_s are None for recordings.

    oddities are sentences about the values; notes are what the reader or earlier steps said.
    """

    kind: Literal["recordings", "windows"]
    people: int
    recordings: int
    minutes: float
    classes: tuple[ClassSummary, ...]
    signals: tuple[SignalSummary, ...]
    gaps: int
    gap_s: float
    oddities: tuple[str, ...]
    notes: tuple[str, ...]
    windows: int | None = None
    length_s: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Give the same as plain values that json.dumps takes."""
        return asdict(self)


def describe(recordings: Sequence[Recording]) -> Description:
    """Give recordings in figures; DataError without any."""
    if not recordings:
        raise DataError("there are no recordings to describe.")
    pools = _pools(recordings)
    gaps = [gap for recording in recordings for gap in recording.gaps]
    told = Counter(note for recording in recordings for note in recording.notes)
    return Description(
        kind="recordings",
        people=_count(recording.subject for recording in recordings),
        recordings=len(recordings),
        minutes=sum(recording.duration_s for recording in recordings) / 60,
        classes=_classes(recordings),
        signals=tuple(pool.summary() for pool in pools),
        gaps=len(gaps),
        gap_s=sum(gap.end_s - gap.start_s for gap in gaps),
        oddities=_oddities(pools) + _recording_oddities(recordings),
        notes=tuple(
            f"{note} ({times} of {len(recordings)} recordings)" for note, times in told.items()
        ),
    )


def describe_windows(windows: Windows) -> Description:
    """Give windows in figures; minutes are windows times length, overlaps counted twice."""
    pools = [
        _Pool(
            name,
            signal.channels,
            (signal.rate_hz,),
            signal.values.reshape(-1, len(signal.channels)),
            _flat(signal.values, f"{name}: ", "window"),
        )
        for name, signal in windows.signals.items()
    ]
    length_s = max(signal.length_s for signal in windows.signals.values())
    return Description(
        kind="windows",
        people=_count(windows.subject.tolist()),
        recordings=_count(windows.recording.tolist()),
        minutes=len(windows) * length_s / 60,
        classes=_window_classes(windows, length_s),
        signals=tuple(pool.summary() for pool in pools),
        gaps=0,
        gap_s=0.0,
        oddities=_oddities(pools),
        notes=windows.provenance,
        windows=len(windows),
        length_s=length_s,
    )


def as_text(description: Description) -> str:
    """Give a description as lines to print."""
    return "\n".join(
        [
            *_head_lines(description),
            "",
            *(_class_line(of) for of in description.classes),
            "",
            *(line for signal in description.signals for line in _signal_lines(signal)),
            *_listed("Oddities", description.oddities),
            *_listed("Notes", description.notes),
        ]
    )


@dataclass(frozen=True, eq=False)
class _Pool:
    """One signal of all pieces. values: (time, channel), one piece after the other."""

    name: str
    channels: tuple[Channel, ...]
    rates_hz: tuple[float, ...]
    values: FloatArray
    constants: tuple[str, ...]

    def summary(self) -> SignalSummary:
        channels = tuple(
            _channel(channel, self.values[:, index]) for index, channel in enumerate(self.channels)
        )
        return SignalSummary(self.name, self.rates_hz, len(self.values), channels)


def _pools(recordings: Sequence[Recording]) -> list[_Pool]:
    """Give a pool per signal name and set of channels, in order of appearance."""
    kinds: dict[tuple[str, tuple[Channel, ...]], list[Recording]] = {}
    for recording in recordings:
        for name, signal in recording.signals.items():
            kinds.setdefault((name, signal.channels), []).append(recording)
    pools = []
    for (name, channels), members in kinds.items():
        signals = [member.signals[name] for member in members]
        rates = tuple(sorted({signal.rate_hz for signal in signals}))
        values = np.concatenate([signal.values for signal in signals])
        pools.append(_Pool(name, channels, rates, values, _constants(name, members)))
    return pools


def _constants(name: str, recordings: Sequence[Recording]) -> tuple[str, ...]:
    """Give a sentence per channel that never changes within some recordings."""
    where: dict[str, list[str]] = {}
    for recording in recordings:
        signal = recording.signals[name]
        for index, channel in enumerate(signal.channels):
            values = signal.values[:, index]
            values = values[np.isfinite(values)]
            if len(values) > 1 and values.min() == values.max():
                where.setdefault(channel.name, []).append(recording.name)
    return tuple(
        f"{name}: {channel} never changes in {len(names)} recording(s): {_some(names)}"
        for channel, names in where.items()
    )


def _flat(values: FloatArray, prefix: str, unit: str) -> tuple[str, ...]:
    """Give a sentence if some windows (window, time, channel) do not change in any channel."""
    if values.shape[1] < 2:
        return ()
    flat = int((values.max(axis=1) == values.min(axis=1)).all(axis=1).sum())
    return (f"{prefix}{flat} {unit}(s) of {len(values)} do not change at all",) if flat else ()


def _channel(channel: Channel, values: NDArray[np.float32]) -> ChannelSummary:
    good = values[np.isfinite(values)]
    share = 1 - len(good) / len(values) if len(values) else 0.0
    if not len(good):
        return ChannelSummary(channel.name, channel.unit, None, None, None, share)
    mean = float(good.mean(dtype=np.float64))
    return ChannelSummary(
        channel.name, channel.unit, float(good.min()), float(good.max()), mean, share
    )


def _classes(recordings: Sequence[Recording]) -> tuple[ClassSummary, ...]:
    owned: dict[str, list[tuple[Recording, Span]]] = {}
    for recording in recordings:
        for span in recording.spans:
            owned.setdefault(span.label, []).append((recording, span))
    return tuple(
        ClassSummary(
            name=name,
            minutes=sum(_clear_s(span, recording.gaps) for recording, span in pairs) / 60,
            recordings=len({recording.name for recording, _ in pairs}),
            people=_count(recording.subject for recording, _ in pairs),
        )
        for name, pairs in owned.items()
    )


def _window_classes(windows: Windows, length_s: float) -> tuple[ClassSummary, ...]:
    summaries = []
    for index, name in enumerate(windows.classes):
        mine = windows.label == index
        summaries.append(
            ClassSummary(
                name=name,
                minutes=float(mine.sum() * length_s / 60),
                recordings=_count(windows.recording[mine].tolist()),
                people=_count(windows.subject[mine].tolist()),
                windows=int(mine.sum()),
            )
        )
    return tuple(summaries)


def _clear_s(span: Span, gaps: Iterable[Gap]) -> float:
    """Give the seconds of a span outside the gaps (which do not overlap)."""
    lost = sum(
        max(0.0, min(span.end_s, gap.end_s) - max(span.start_s, gap.start_s)) for gap in gaps
    )
    return span.end_s - span.start_s - lost


def _oddities(pools: Sequence[_Pool]) -> tuple[str, ...]:
    return tuple(
        sentence
        for pool in pools
        for sentence in (
            *pool.constants,
            *_missing(pool),
            *_repeated(pool),
            *_saturated(pool),
            *_gravity(pool),
        )
    )


def _missing(pool: _Pool) -> tuple[str, ...]:
    bad = float((~np.isfinite(pool.values)).any(axis=1).mean()) if len(pool.values) else 0.0
    return (f"{pool.name}: {bad:.1%} of readings are missing (NaN)",) if bad else ()


def _repeated(pool: _Pool) -> tuple[str, ...]:
    if len(pool.values) < 2:
        return ()
    share = float((pool.values[1:] == pool.values[:-1]).all(axis=1).mean())
    if share <= REPEATED:
        return ()
    return (
        f"{pool.name}: {share:.0%} of readings equal the one before (a slower or coarse source?)",
    )


def _saturated(pool: _Pool) -> tuple[str, ...]:
    """Give a sentence per channel and end that looks clipped; scaled values (unit 1) always end."""
    sentences = []
    for index, channel in enumerate(pool.channels):
        if channel.unit == "1":
            continue
        values = pool.values[:, index]
        values = values[np.isfinite(values)]
        for sign in (-1, 1):
            upward = sign * values
            if (count := _at_the_top(upward)) > 0:
                limit = f"{sign * upward.max():.5g} {channel.unit}"
                sentences.append(
                    f"{pool.name}: {channel.name} sits at {limit} in {count} readings (saturation?)"
                )
    return tuple(sentences)


def _at_the_top(values: NDArray[np.float32]) -> int:
    """Give how many readings sit on the largest value, 0 if that is no more than just below it."""
    if len(values) < SATURATED_READINGS or values.max() == values.min():
        return 0
    most = values.max()
    count = int((values == most).sum())
    near = int((values > most - EDGE * (most - values.min())).sum()) - count
    return count if count >= SATURATED_READINGS and count > near else 0


def _gravity(pool: _Pool) -> tuple[str, ...]:
    """Give a sentence if |a| in still seconds is far from 1 g."""
    per_g = {"g": 1.0, "m/s2": STANDARD_GRAVITY_M_S2}.get(pool.channels[0].unit)
    if per_g is None or len(pool.channels) != 3 or len({c.unit for c in pool.channels}) > 1:
        return ()
    size = np.linalg.norm(pool.values.astype(np.float64), axis=1) / per_g
    block = max(5, round(pool.rates_hz[0]))
    seconds = size[: len(size) // block * block].reshape(-1, block)
    still = seconds[seconds.std(axis=1) < STILL_SD_G].mean(axis=1)
    if len(still) < STILL_BLOCKS or abs(np.median(still) - 1) <= GRAVITY_TOLERANCE_G:
        return ()
    return (
        f"{pool.name}: |a| is {np.median(still):.2f} g in {len(still)} still seconds, not 1 g "
        "(gravity removed, or another unit?)",
    )


def _recording_oddities(recordings: Sequence[Recording]) -> tuple[str, ...]:
    sentences = []
    usual_s = float(np.median([recording.duration_s for recording in recordings]))
    if short := [r.name for r in recordings if r.duration_s < SHORT * usual_s]:
        sentences.append(
            f"{len(short)} recording(s) are shorter than half the median of {usual_s:.4g} s: {_some(short)}"
        )
    if bare := [r.name for r in recordings if not r.spans]:
        sentences.append(f"{len(bare)} recording(s) carry no label: {_some(bare)}")
    if nobody := sum(recording.subject is None for recording in recordings):
        sentences.append(f"people are not known for {nobody} of {len(recordings)} recordings")
    rates: dict[str, set[float]] = {}
    for recording in recordings:
        for name, signal in recording.signals.items():
            rates.setdefault(name, set()).add(signal.rate_hz)
    for name, different in rates.items():
        if len(different) > 1:
            sentences.append(f"{name}: recordings have {len(different)} different rates")
    return tuple(sentences)


def _count(names: Iterable[str | None]) -> int:
    return len({name for name in names if name})


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _head_lines(description: Description) -> list[str]:
    people = str(description.people) if description.people else "unknown"
    lines = [f"people      {people}", f"recordings  {description.recordings}"]
    if description.windows is not None:
        lines.append(f"windows     {description.windows} of {description.length_s:g} s")
    lines.append(f"minutes     {description.minutes:.1f}")
    if description.kind == "recordings":
        lines.append(f"gaps        {description.gaps} ({description.gap_s:.1f} s)")
    return lines


def _class_line(of: ClassSummary) -> str:
    windows = "" if of.windows is None else f"{of.windows:>7} windows"
    people = f"{of.people:>4} people" if of.people else ""
    return f"{of.name:<16}{of.minutes:>8.1f} min{of.recordings:>5} recordings{people}{windows}"


def _signal_lines(signal: SignalSummary) -> list[str]:
    rates = ", ".join(f"{rate:g}" for rate in signal.rates_hz)
    head = f"{signal.name}: {rates} Hz, {signal.readings} readings"
    return [head, *(_channel_line(channel) for channel in signal.channels)]


def _channel_line(channel: ChannelSummary) -> str:
    if channel.least is None or channel.most is None or channel.mean is None:
        return f"  {channel.name:<10}{channel.unit:<6} no readings"
    span = f"{channel.least:>10.4g} .. {channel.most:<10.4g}"
    return f"  {channel.name:<10}{channel.unit:<6}{span} mean {channel.mean:.4g}"


def _listed(title: str, sentences: Sequence[str]) -> list[str]:
    return ["", title, *(f"- {sentence}" for sentence in sentences)] if sentences else []
