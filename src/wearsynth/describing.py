"""What a set of recordings or windows holds: people, classes, minutes, rates, ranges, oddities."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import Channel, Gap, Oddity, Recording, Span, Windows
from wearsynth.errors import DataError
from wearsynth.oddities import Pool, flat_windows, oddities_of, pools_of, some

SHORT = 0.5
"""A recording below this share of the median duration is told."""


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
class EventSummary:
    """One kind of events, such as tags: how many, in how many recordings."""

    name: str
    count: int
    recordings: int


@dataclass(frozen=True)
class CovariateSummary:
    """One covariate, such as age: known for how many recordings (or windows); least, most or None."""

    name: str
    known: int
    least: float | None
    most: float | None


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
    events: tuple[EventSummary, ...] = ()
    windows: int | None = None
    length_s: float | None = None
    covariates: tuple[CovariateSummary, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give the same as plain values that json.dumps takes."""
        return asdict(self)


def describe(recordings: Sequence[Recording]) -> Description:
    """Give recordings in figures; DataError without any."""
    if not recordings:
        raise DataError("there are no recordings to describe.")
    pools = pools_of(recordings)
    gaps = [gap for recording in recordings for gap in recording.gaps]
    told = Counter(note for recording in recordings for note in recording.notes)
    return Description(
        kind="recordings",
        people=_count(recording.subject for recording in recordings),
        recordings=len(recordings),
        minutes=sum(recording.duration_s for recording in recordings) / 60,
        classes=_classes(recordings),
        signals=tuple(_summary(pool) for pool in pools),
        gaps=len(gaps),
        gap_s=sum(gap.end_s - gap.start_s for gap in gaps),
        oddities=_read_oddities(recordings) + oddities_of(pools) + _recording_oddities(recordings),
        events=_events(recordings),
        covariates=_covariates(recordings),
        notes=tuple(
            f"{note} ({times} of {len(recordings)} recordings)" for note, times in told.items()
        ),
    )


def describe_windows(windows: Windows) -> Description:
    """Give windows in figures; minutes are windows times length, overlaps counted twice."""
    pools = [
        Pool(
            name,
            signal.channels,
            (signal.rate_hz,),
            signal.values.reshape(-1, len(signal.channels)),
            flat_windows(signal.values, f"{name}: ", "window"),
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
        signals=tuple(_summary(pool) for pool in pools),
        gaps=0,
        gap_s=0.0,
        oddities=oddities_of(pools),
        notes=windows.provenance,
        windows=len(windows),
        length_s=length_s,
        covariates=tuple(_covariate(name, of) for name, of in windows.covariates.items()),
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
            *(f"{of.name}: {of.count} events" for of in description.events),
            *_covariate_lines(description),
            *_listed("Oddities", description.oddities),
            *_listed("Notes", description.notes),
        ]
    )


def _summary(pool: Pool) -> SignalSummary:
    channels = tuple(
        _channel(channel, pool.values[:, index]) for index, channel in enumerate(pool.channels)
    )
    return SignalSummary(pool.name, pool.rates_hz, len(pool.values), channels)


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


def _events(recordings: Sequence[Recording]) -> tuple[EventSummary, ...]:
    counts: dict[str, list[int]] = {}
    for recording in recordings:
        for name, events in recording.events.items():
            counts.setdefault(name, []).append(len(events.times_s))
    return tuple(EventSummary(name, sum(of), len(of)) for name, of in counts.items())


def _covariates(recordings: Sequence[Recording]) -> tuple[CovariateSummary, ...]:
    values: dict[str, list[float]] = {}
    for recording in recordings:
        for name, value in recording.covariates.items():
            values.setdefault(name, []).append(value)
    return tuple(_covariate(name, np.array(of, np.float64)) for name, of in values.items())


def _covariate(name: str, values: NDArray[np.float64]) -> CovariateSummary:
    """values: (recording,) or (window,), NaN where unknown."""
    known = values[~np.isnan(values)]
    if not len(known):
        return CovariateSummary(name, 0, None, None)
    return CovariateSummary(name, len(known), float(known.min()), float(known.max()))


def _read_oddities(recordings: Sequence[Recording]) -> tuple[str, ...]:
    """Give a sentence per kind of oddity that the reader met, with the first place."""
    found: dict[str, list[tuple[Recording, Oddity]]] = {}
    for recording in recordings:
        for oddity in recording.oddities:
            found.setdefault(oddity.what, []).append((recording, oddity))
    return tuple(
        f"{sum(oddity.count for _, oddity in those)} {what} (in "
        f"{len({recording.name for recording, _ in those})} of {len(recordings)} recordings, first: "
        f"{those[0][1].where})"
        for what, those in found.items()
    )


def _recording_oddities(recordings: Sequence[Recording]) -> tuple[str, ...]:
    sentences = []
    usual_s = float(np.median([recording.duration_s for recording in recordings]))
    if short := [r.name for r in recordings if r.duration_s < SHORT * usual_s]:
        sentences.append(
            f"{len(short)} recording(s) are shorter than half the median of {usual_s:.4g} s: {some(short)}"
        )
    if bare := [r.name for r in recordings if not r.spans]:
        sentences.append(f"{len(bare)} recording(s) carry no label: {some(bare)}")
    if nobody := sum(recording.subject is None for recording in recordings):
        sentences.append(f"people are not known for {nobody} of {len(recordings)} recordings")
    if made := sum(recording.synthetic for recording in recordings):
        sentences.append(
            f"{made} of {len(recordings)} recordings are synthetic: no sensor made them"
        )
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


def _covariate_lines(description: Description) -> list[str]:
    every = description.recordings if description.windows is None else description.windows
    lines = []
    for of in description.covariates:
        span = "" if of.least is None else f", {of.least:g} .. {of.most:g}"
        lines.append(f"  {of.name:<16}known for {of.known} of {every} {description.kind}{span}")
    return ["", "Covariates", *lines] if lines else []


def _listed(title: str, sentences: Sequence[str]) -> list[str]:
    return ["", title, *(f"- {sentence}" for sentence in sentences)] if sentences else []
