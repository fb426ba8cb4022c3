"""Recordings and windows as an Empatica E4 could have recorded them.

A session is a Recording of the E4's signals in their files' units, none of its readings missing; its
name is where it goes below the folder that is written, its clock starts with its first reading.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import Events, Oddity, Recording, Signal, Span, StrArray, Windows
from wearsynth.errors import DataError
from wearsynth.formats.e4_beats import intervals_of, rate_of
from wearsynth.formats.e4_files import KINDS, RATES_HZ, Kind
from wearsynth.formats.timeline import gaps_of, runs
from wearsynth.oddities import STANDARD_GRAVITY_M_S2

DEFAULT_START_UNIX_S = 946_684_800.0
"""2000-01-01 00:00 UTC, before there was any E4: the start where the source tells no time."""
DAY_S = 86_400.0
NO_TIME = "The source tells no time: sessions start at 2000-01-01 00:00 UTC, a person's next one a day later."
MISSING = "missing reading(s) of {}, not written"
PART = "session(s) are parts of a recording that has missing readings inside"
CLIPPED = "reading(s) of acc beyond the sensor's -2..1.984 g, clipped as the sensor does"
BEYOND = "reading(s) of {} beyond what the sensor can give ({:g}..{:g} {}), written as they are"
SYNTHETIC = "window(s) are synthetic: no sensor recorded them"
HEART = "HR and IBI were found in BVP, as the device does, not by it."
OVERLAP = "window(s) overlap the one before in their source: the readings they share stand twice"

_KINDS = {kind.name: kind for kind in KINDS}
_FACTORS = {("m/s2", "g"): 1 / STANDARD_GRAVITY_M_S2}
_READING = 1e-6
"""Times closer to a reading than this share of a step count as on it (floating point)."""


def sessions_of_recordings(recordings: Sequence[Recording]) -> Iterator[Recording]:
    """Give the sessions of each recording, several where readings are missing inside.

    DataError for a signal, a unit or a number of channels that no E4 file holds.
    """
    recordings_of = Counter(recording.subject for recording in recordings)
    before: Counter[str | None] = Counter()
    for recording in recordings:
        alone = recording.subject is None or recordings_of[recording.subject] == 1
        own = replace(recording, notes=(), oddities=())  # the source's own stay with the source
        yield from _sessions(_timed(own, 0 if alone else before[own.subject]), alone=alone)
        before[own.subject] += 1


def sessions_of_windows(windows: Windows) -> Iterator[Recording]:
    """Give a session a subject (else a recording, else a class), its windows one after another.

    A span is a window, as the signals are not continuous where two meet; a tag is a change of label.
    DataError where the signals of a window have different lengths, or for a signal that no E4 file
    holds.
    """
    length_s = _length_s(windows)
    owners = np.where(windows.recording != "", windows.recording, windows.label_names)
    owners = np.where(windows.subject != "", windows.subject, owners)
    for owner in dict.fromkeys(owners.tolist()):
        joined = _joined(windows.select(owners == owner), owner, length_s)
        yield from _sessions(_timed(joined, 0), alone=True)


def _timed(recording: Recording, day: int) -> Recording:
    """Give the recording with a start; where it has none, so many days after the usual one."""
    if recording.start_unix_s is not None:
        return recording
    first_s = min(signal.start_s for signal in recording.signals.values())
    start_unix_s = DEFAULT_START_UNIX_S + DAY_S * day - first_s
    return replace(recording, start_unix_s=start_unix_s, notes=(*recording.notes, NO_TIME))


def _length_s(windows: Windows) -> float:
    """Give the length of a window; DataError where it is not the same for each signal."""
    (first, signal), *others = windows.signals.items()
    for name, other in others:
        if abs(signal.length_s - other.length_s) * other.rate_hz > _READING:
            raise DataError(
                f"a window holds {signal.length_s:g} s of {first} but {other.length_s:g} s of "
                f"{name}, so windows cannot stand one after another. Cut windows whose length is a "
                "whole number of readings of each signal, such as 2 s."
            )
    return signal.length_s


def _joined(windows: Windows, name: str, length_s: float) -> Recording:
    """Give the windows of one owner as one recording."""
    runs_of_label = runs(windows.label)
    changes_s = np.array([first * length_s for first, _ in runs_of_label[1:]], dtype=np.float64)
    counted = (
        (SYNTHETIC, int(windows.synthetic.sum())),
        (OVERLAP, _overlaps(windows, length_s)),
    )
    signals = {
        signal_name: Signal(
            signal.values.reshape(-1, len(signal.channels)), signal.rate_hz, signal.channels
        )
        for signal_name, signal in windows.signals.items()
    }
    beats, told = _heart(signals)
    return Recording(
        name=name,
        signals=signals | beats,
        subject=_only(windows.subject),
        spans=tuple(
            Span(index * length_s, (index + 1) * length_s, label)
            for index, label in enumerate(windows.label_names.tolist())
        ),
        events={"tags": Events(changes_s)} | told,
        notes=(
            f"Windows of {length_s:g} s stand one after another: the signals are not continuous "
            "where two of them meet.",
            *([HEART] if beats else []),
        ),
        oddities=tuple(Oddity(what, count, name) for what, count in counted if count),
        synthetic=bool(windows.synthetic.all()),
    )


def _heart(signals: Mapping[str, Signal]) -> tuple[dict[str, Signal], dict[str, Events]]:
    """Give heart rate and intervals found in the pulse, where it has beats and no rate is there."""
    rate = rate_of(signals["bvp"]) if "bvp" in signals and "hr" not in signals else None
    if rate is None:
        return {}, {}
    return {"hr": rate}, {"ibi": intervals_of(signals["bvp"])}


def _only(names: StrArray) -> str | None:
    """Give the one name that all have; None for "" and where they differ."""
    first = str(names[0])
    return first if first and (names == first).all() else None


def _overlaps(windows: Windows, length_s: float) -> int:
    same = windows.recording[1:] == windows.recording[:-1]
    step_s = np.diff(windows.start_s)  # NaN where unknown: no overlap is known
    return int((same & (step_s >= 0) & (step_s < length_s * (1 - _READING))).sum())


def _sessions(recording: Recording, *, alone: bool) -> list[Recording]:
    """Give the sessions of a recording. alone: whether its subject has no other recording."""
    where = f"recording {recording.name!r}"
    signals = {name: _in_file_unit(name, s, where) for name, s in recording.signals.items()}
    _check_spans(recording)
    edges = [-np.inf, *_cuts(list(signals.values())), np.inf]
    parts = [_part(replace(recording, signals=signals), *between) for between in pairwise(edges)]
    kept = [part for part in parts if part is not None]
    names = _places(recording, len(kept), alone=alone)
    if kept:  # what is missing between two parts is told with the first
        missing = _missing(names[0], signals)
        kept[0] = replace(kept[0], oddities=(*kept[0].oddities, *missing))
    return [_as_recorded(part, name, len(kept)) for part, name in zip(kept, names, strict=True)]


def _in_file_unit(name: str, signal: Signal, where: str) -> Signal:
    """Give a signal in its file's unit; DataError where no E4 file holds such a signal."""
    if name not in _KINDS:
        raise DataError(
            f"{where} has the signal {name!r}, which no E4 file holds. Keep some of "
            f"{', '.join(_KINDS)} (--signal)."
        )
    channels = _KINDS[name].channels
    wanted, units = channels[0].unit, sorted({channel.unit for channel in signal.channels})
    factor = 1.0 if units == [wanted] else _FACTORS.get((",".join(units), wanted))
    if factor is None or len(signal.channels) != len(channels):
        raise DataError(
            f"{where}: {name} has {len(signal.channels)} channel(s) in {', '.join(units)}, an E4 "
            f"file holds {len(channels)} in {wanted}. Choose a source that has these."
        )
    low_hz, high_hz = RATES_HZ
    if not low_hz <= signal.rate_hz <= high_hz:
        raise DataError(
            f"{where}: {name} is at {signal.rate_hz:g} Hz, an E4 file holds rates of {low_hz:g} to "
            f"{high_hz:g} Hz. Resample it, or leave it out (--signal)."
        )
    return replace(signal, values=signal.values * np.float32(factor), channels=channels)


def _cuts(signals: Sequence[Signal]) -> list[float]:
    """Give the fewest moments that leave no gap inside a part.

    A moment anywhere in a gap does it: what comes before ends where the gap begins, what follows
    starts where it ends. So the earliest end of a gap is a cut, and so on with the gaps after it.
    """
    gaps = sorted((gap_s[1], gap_s[0]) for signal in signals for gap_s in _inner_gaps(signal))
    cuts: list[float] = []
    for end_s, start_s in gaps:
        if not cuts or start_s > cuts[-1]:
            cuts.append(end_s)
    return cuts


def _inner_gaps(signal: Signal) -> list[tuple[float, float]]:
    """Give (start, end) of the stretches of missing readings that have readings on both sides."""
    whole = _whole(signal)
    inside = np.logical_or.accumulate(whole) & np.logical_or.accumulate(whole[::-1])[::-1]
    gaps = gaps_of(inside & ~whole, signal.rate_hz, start_s=signal.start_s)
    return [(gap.start_s, gap.end_s) for gap in gaps]


def _whole(signal: Signal) -> NDArray[np.bool_]:
    """Say of each reading, (time,), whether none of its channels is missing."""
    return np.asarray(np.isfinite(signal.values).all(axis=1), dtype=np.bool_)


def _part(recording: Recording, from_s: float, to_s: float) -> Recording | None:
    """Give what of a recording lies in [from_s, to_s), its clock set to its first reading.

    None where there is no reading.
    """
    cut = {name: _between(signal, from_s, to_s) for name, signal in recording.signals.items()}
    signals = {name: signal for name, signal in cut.items() if len(signal.values)}
    if not signals:
        return None
    zero_s = min(signal.start_s for signal in signals.values())
    end_s = max(signal.end_s for signal in signals.values())
    return replace(
        recording,
        signals={n: replace(s, start_s=s.start_s - zero_s) for n, s in signals.items()},
        spans=_spans_between(recording.spans, zero_s, end_s),
        gaps=(),
        events={n: _events_between(e, from_s, to_s, zero_s) for n, e in recording.events.items()},
        start_unix_s=(recording.start_unix_s or 0.0) + zero_s,
    )


def _between(signal: Signal, from_s: float, to_s: float) -> Signal:
    """Give the readings in [from_s, to_s) without missing ones at either end."""
    places = (np.array([from_s, to_s]) - signal.start_s) * signal.rate_hz - _READING
    first, end = np.ceil(np.clip(places, 0, len(signal.values))).astype(int).tolist()
    inside = replace(signal, values=signal.values[first:end])
    whole = np.flatnonzero(_whole(inside)).tolist() or [0, -1]
    start_s = signal.start_s + (first + whole[0]) / signal.rate_hz
    return replace(inside, values=inside.values[whole[0] : whole[-1] + 1], start_s=start_s)


def _check_spans(recording: Recording) -> None:
    """Raise DataError where two spans overlap: labels.csv gives a reading one label."""
    for before, after in pairwise(sorted(recording.spans, key=lambda span: span.start_s)):
        if after.start_s < before.end_s:
            raise DataError(
                f"recording {recording.name!r}: the labels {before.label!r} and {after.label!r} "
                f"overlap at {after.start_s:g} s, and a session gives a reading one label. Give "
                "others with --labels."
            )


def _spans_between(spans: Sequence[Span], from_s: float, to_s: float) -> tuple[Span, ...]:
    return tuple(
        Span(max(span.start_s, from_s) - from_s, min(span.end_s, to_s) - from_s, span.label)
        for span in spans
        if max(span.start_s, from_s) < min(span.end_s, to_s)
    )


def _events_between(events: Events, from_s: float, to_s: float, zero_s: float) -> Events:
    inside = (events.times_s >= from_s) & (events.times_s < to_s)
    values = None if events.values is None else events.values[inside]
    return replace(events, times_s=events.times_s[inside] - zero_s, values=values)


def _places(recording: Recording, parts: int, *, alone: bool) -> list[str]:
    """Give where the parts of a recording go: folder names that the reader turns into its names.

    A person with one recording has one folder; with more, or another name than the recording, a
    folder of folders. See docs/formats.md.
    """
    own = folder_name(recording.name)
    person = folder_name(recording.subject) if recording.subject else own
    nested = person != own or not alone
    if parts < 2:
        return [f"{person}/{own}" if nested else own] * parts
    prefix = f"{person}/{own}_" if nested else f"{own}/"
    return [f"{prefix}part{number}" for number in range(1, parts + 1)]


def folder_name(name: str) -> str:
    """Give a name as every system takes it for a folder: its other letters become _."""
    return re.sub(r'[\\/:*?"<>|\x00-\x1f\ud800-\udfff]', "_", name).strip(". ") or "session"


def _missing(name: str, signals: Mapping[str, Signal]) -> tuple[Oddity, ...]:
    counts = {key: int((~_whole(signal)).sum()) for key, signal in signals.items()}
    return tuple(Oddity(MISSING.format(key), count, name) for key, count in counts.items() if count)


def _as_recorded(part: Recording, name: str, parts: int) -> Recording:
    """Give a part with acceleration in the sensor's steps, and what is to be told of it."""
    signals = dict(part.signals)
    if "acc" in signals:
        signals["acc"] = _in_counts(signals["acc"], _KINDS["acc"])
    told = [oddity for key, signal in part.signals.items() for oddity in _beyond(key, signal, name)]
    told += [Oddity(PART, 1, name)] if parts > 1 else []
    return replace(
        part,
        name=name,
        signals=signals,
        notes=(*part.notes, *_rate_notes(signals)),
        oddities=(*part.oddities, *told),
    )


def _in_counts(signal: Signal, kind: Kind) -> Signal:
    """Give a signal rounded to whole counts and clipped to the sensor's, still in its unit."""
    counts = np.clip(_numbers(signal, kind), kind.low, kind.high)
    return replace(signal, values=(counts / kind.counts_per_unit).astype(np.float32))


def _numbers(signal: Signal, kind: Kind) -> NDArray[np.float64]:
    """Give the values as their file's numbers: whole counts, where it holds counts."""
    numbers = signal.values.astype(np.float64) * kind.counts_per_unit
    return np.rint(numbers) if kind.counts_per_unit != 1 else numbers


def _beyond(key: str, signal: Signal, name: str) -> Iterator[Oddity]:
    """Tell of readings that the sensor could not have given."""
    kind = _KINDS[key]
    numbers = _numbers(signal, kind)
    count = int(((numbers < kind.low) | (numbers > kind.high)).any(axis=1).sum())
    if count and key == "acc":
        yield Oddity(CLIPPED, count, name)
    elif count:
        limits = BEYOND.format(key, kind.low, kind.high, kind.channels[0].unit)
        yield Oddity(limits, count, name)


def _rate_notes(signals: Mapping[str, Signal]) -> Iterator[str]:
    for key, signal in signals.items():
        if signal.rate_hz != _KINDS[key].rate_hz:
            own_hz = _KINDS[key].rate_hz
            yield f"{key} is at {signal.rate_hz:g} Hz, where an E4 records {own_hz:g} Hz."
