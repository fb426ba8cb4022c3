"""One Empatica E4 session: its files brought onto one clock as a recording."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import Events, Gap, Oddity, Recording, Signal, Span
from wearsynth.errors import DataError, FormatError
from wearsynth.formats.e4_files import (
    KINDS,
    Head,
    Kind,
    Numbers,
    read_head,
    read_ibi,
    read_tags,
    read_values,
)
from wearsynth.formats.e4_tree import INFO_FILE, LABELS_FILE, Owner, Session
from wearsynth.formats.labels import parse_labels, with_labels
from wearsynth.formats.timeline import gaps_of, odd_rows
from wearsynth.formats.zip_members import printable

FILE_NAMES = (*(kind.file for kind in KINDS), "IBI.csv", "tags.csv")
EARLY_S = 10.0
"""A signal that ends this long before the last one does is told."""
LATE_S, DAY_S = 60.0, 86_400.0
"""A signal that starts this far from the others is told, or belongs to another session."""
LONGEST_BEAT_S = 10.0
SYNTHETIC_MARK = "wearsynth: these readings are synthetic, no sensor recorded them."
NOBODY_MARK = "wearsynth: the source names no person."
"""Lines of info.txt, which a device does not write."""
MOST_INFO_BYTES = 20_000
_HEAD_LINES = 2
_Times = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _File:
    """One signal's file. values: (time, channel) in the file's numbers, None where not wanted."""

    kind: Kind
    head: Head
    values: Numbers | None
    where: str


@dataclass(frozen=True, eq=False)
class _Track:
    """A signal on the recording's clock, with its gaps and what was odd."""

    signal: Signal
    gaps: tuple[Gap, ...]
    oddities: tuple[Oddity, ...]


def read_session(
    session: Session, owner: Owner, wanted: Sequence[str], tag_labels: Sequence[str] | None
) -> Recording:
    """Give a session as a recording; its clock's zero is the earliest start of its signals.

    FormatError, with file and line, for what is no E4 file; DataError where tag_labels do not fit.
    """
    files, oddities = _files(session, wanted)
    zero_s = min((file.head.start_unix_s for file in files), default=0.0)
    tracks, bad = _tracks(files, zero_s)
    if not tracks:
        problem = f"holds no readings of {', '.join(wanted)}. Is the session complete?"
        raise FormatError(printable(str(session.path)), problem)
    marks = _info_lines(session)
    recording = Recording(
        name=owner.name,
        signals={name: track.signal for name, track in tracks.items()},
        subject=None if NOBODY_MARK in marks else owner.subject,
        synthetic=SYNTHETIC_MARK in marks,
        gaps=tuple(gap for track in tracks.values() for gap in track.gaps),
        start_unix_s=zero_s,
        source=printable(session.path.name),
        notes=_notes(owner),
        oddities=(
            *_missing(session),
            *oddities,
            *_starts(files),
            *bad,
            *(oddity for track in tracks.values() for oddity in track.oddities),
        ),
    )
    recording = _with_ends_told(recording, session)
    return _labelled(_with_events(recording, session), session, tag_labels)


def _info_lines(session: Session) -> frozenset[str]:
    if INFO_FILE not in session.files:
        return frozenset()
    with session.open(INFO_FILE) as stream:
        text = stream.read(MOST_INFO_BYTES).decode("utf-8", errors="replace")
    return frozenset(text.splitlines())


def _notes(owner: Owner) -> tuple[str, ...]:
    notes = ("ACC was divided by 64 to g; HR and IBI were computed from BVP, not measured",)
    if not owner.named_by_device:
        return notes
    return (*notes, "subject is Empatica's name of the session and device: it tells no person")


def _missing(session: Session) -> list[Oddity]:
    return [
        Oddity(f"session(s) without {name}", 1, printable(str(session.path)))
        for name in FILE_NAMES
        if name not in session.files
    ]


def _files(session: Session, wanted: Sequence[str]) -> tuple[list[_File], list[Oddity]]:
    files, oddities = [], []
    for kind in KINDS:
        if kind.file not in session.files:
            continue
        where = session.where(kind.file)
        with session.open(kind.file) as stream:
            head = read_head(stream, where, kind)
            if head is None:
                oddities.append(Oddity("signal file(s) that are empty", 1, where))
                continue
            values = None
            if kind.name in wanted:
                values, odd = read_values(stream, where, kind)
                oddities.extend(odd)
        if head.rate_hz != kind.rate_hz:
            what = f"file(s) at {head.rate_hz:g} Hz, where an E4 has {kind.rate_hz:g}"
            oddities.append(Oddity(what, 1, f"{where}, line 2"))
        files.append(_File(kind, head, values, where))
    return files, oddities


def _starts(files: Sequence[_File]) -> list[Oddity]:
    """Tell of starts far from the others'; FormatError where they are of another day."""
    usual_s = float(np.median([file.head.start_unix_s for file in files]))
    oddities = []
    for file in files:
        off_s = abs(file.head.start_unix_s - usual_s)
        if off_s > DAY_S:
            problem = (
                f"starts {off_s:.0f} s away from the other files beside it. Put files "
                "of one session in one folder."
            )
            raise FormatError(file.where, problem, line=1)
        if off_s > LATE_S:
            what = f"file(s) that start over {LATE_S:g} s away from the others"
            oddities.append(Oddity(what, 1, f"{file.where}, line 1"))
    return oddities


def _tracks(files: Sequence[_File], zero_s: float) -> tuple[dict[str, _Track], list[Oddity]]:
    tracks, oddities = {}, []
    for file in files:
        if file.values is None:
            continue
        usable = _usable(file.values, file.kind)
        if usable.any():
            tracks[file.kind.name] = _track(file, file.values, usable, zero_s)
        else:
            what = "signal file(s) without a usable reading, left out"
            oddities.append(Oddity(what, 1, file.where))
    return tracks, oddities


def _usable(values: Numbers, kind: Kind) -> NDArray[np.bool_]:
    usable: NDArray[np.bool_] = np.all((values >= kind.low) & (values <= kind.high), axis=1)
    return usable


def _track(file: _File, values: Numbers, usable: NDArray[np.bool_], zero_s: float) -> _Track:
    """Give a signal from its first usable reading on; later unusable ones are NaN and gaps."""
    first = int(usable.argmax())
    bad = ~usable[first:]
    scaled = values[first:] / file.kind.counts_per_unit
    scaled[bad] = np.nan
    rate_hz = file.head.rate_hz
    start_s = file.head.start_unix_s - zero_s + first / rate_hz
    name, line = file.kind.file, _HEAD_LINES + 1
    early = np.arange(len(values)) < first
    return _Track(
        Signal(scaled.astype(np.float32), rate_hz, file.kind.channels, start_s),
        gaps_of(bad, rate_hz, start_s=start_s),
        (
            *odd_rows(
                early,
                f"first reading(s) of {name} that the sensor cannot give: the signal starts later",
                file.where,
                line,
            ),
            *odd_rows(
                bad,
                f"reading(s) of {name} missing or beyond what the sensor can give: NaN and a gap",
                file.where,
                line + first,
            ),
        ),
    )


def _with_ends_told(recording: Recording, session: Session) -> Recording:
    end_s = _end_s(recording)
    files = {kind.name: kind.file for kind in KINDS}
    told = tuple(
        Oddity(f"signal(s) that end over {EARLY_S:g} s before the last one does", 1, where)
        for name, signal in recording.signals.items()
        if signal.end_s < end_s - EARLY_S
        for where in (session.where(files[name]),)
    )
    return replace(recording, oddities=(*recording.oddities, *told))


def _end_s(recording: Recording) -> float:
    return max(signal.end_s for signal in recording.signals.values())


def _with_events(recording: Recording, session: Session) -> Recording:
    """Give the recording with tags and beats, in order, those outside of it left out."""
    events, oddities = {}, list(recording.oddities)
    for file, name, of in (("tags.csv", "tags", _tags), ("IBI.csv", "ibi", _beats)):
        if file in session.files:
            with session.open(file) as stream:
                events[name], odd = of(stream, session.where(file), recording)
            oddities += odd
    return replace(recording, events=events, oddities=tuple(oddities))


def _tags(stream: BinaryIO, where: str, recording: Recording) -> tuple[Events, list[Oddity]]:
    times_s = np.array(read_tags(stream, where), dtype=np.float64) - _zero_s(recording)
    times = np.isfinite(times_s)
    index, oddities = _in_order(times_s, times, _end_s(recording), "tag(s)", (where, 1))
    double = np.zeros(len(index), dtype=np.bool_)
    double[1:] = np.diff(times_s[index]) == 0
    again = np.zeros(len(times_s), dtype=np.bool_)
    again[index[double]] = True
    oddities += odd_rows(~times, "tag(s) that are no time, left out", where, 1)
    oddities += odd_rows(again, "tag(s) at the time of another, left out", where, 1)
    return Events(times_s[index[~double]]), oddities


def _beats(stream: BinaryIO, where: str, recording: Recording) -> tuple[Events, list[Oddity]]:
    read = read_ibi(stream, where)
    if read is None:
        return Events(np.zeros(0), np.zeros(0), "s"), []
    start_s, rows, odd_end = read
    since_s, length_s = np.asarray(rows, dtype=np.float64).T
    times_s = start_s - _zero_s(recording) + since_s
    fit = (length_s > 0) & (length_s <= LONGEST_BEAT_S) & np.isfinite(times_s)
    index, oddities = _in_order(times_s, fit, _end_s(recording), "beat(s)", (where, 2))
    oddities += odd_rows(~fit, "beat(s) of impossible time or length, left out", where, 2)
    return Events(times_s[index], length_s[index], "s"), [*odd_end, *oddities]


def _zero_s(recording: Recording) -> float:
    assert recording.start_unix_s is not None
    return recording.start_unix_s


def _in_order(
    times_s: _Times, fit: NDArray[np.bool_], end_s: float, what: str, place: tuple[str, int]
) -> tuple[NDArray[np.intp], list[Oddity]]:
    """Give which rows to keep, in order of time; place: file and line of row 0."""
    inside = fit & (times_s >= 0) & (times_s <= end_s)
    kept = np.flatnonzero(inside)
    back = np.zeros(len(times_s), dtype=np.bool_)
    back[kept[1:]] = np.diff(times_s[kept]) < 0
    oddities = [
        *odd_rows(fit & ~inside, f"{what} before the start or after the end, left out", *place),
        *odd_rows(back, f"{what} earlier than the one before, put in order", *place),
    ]
    return kept[np.argsort(times_s[kept], kind="stable")], oddities


def _labelled(
    recording: Recording, session: Session, tag_labels: Sequence[str] | None
) -> Recording:
    if tag_labels is not None:
        return replace(recording, spans=_stretches(recording, tuple(tag_labels)))
    if LABELS_FILE not in session.files:
        return recording
    where = session.where(LABELS_FILE)
    with session.open(LABELS_FILE) as stream:
        rows = parse_labels(stream, where)
    (labelled,) = with_labels([recording], rows)
    return replace(labelled, notes=(*labelled.notes, f"labels are those of {LABELS_FILE} inside"))


def _stretches(recording: Recording, labels: tuple[str, ...]) -> tuple[Span, ...]:
    """Give the stretches before, between and after the tags under these labels."""
    tags = recording.events["tags"].times_s.tolist() if "tags" in recording.events else []
    if len(labels) != len(tags) + 1:
        raise DataError(
            f"recording {recording.name!r} has {len(tags)} tag(s), so {len(tags) + 1} stretch(es), "
            f"got {len(labels)} tag label(s). Give one a stretch, empty for none."
        )
    first_s = min(signal.start_s for signal in recording.signals.values())
    edges = [first_s, *tags, _end_s(recording)]
    return tuple(
        Span(max(start_s, first_s), end_s, label.strip())
        for start_s, end_s, label in zip(edges, edges[1:], labels, strict=False)
        if label.strip() and max(start_s, first_s) < end_s
    )
