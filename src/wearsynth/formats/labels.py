"""Labels from a side CSV: a row a labelled stretch, for files that carry none."""

import csv
import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import BinaryIO

from wearsynth.data import Recording, Span
from wearsynth.errors import FormatError, did_you_mean, shown
from wearsynth.files import telling_file_errors

CLOCKS = (("start_s", "end_s"), ("start_unix_s", "end_unix_s"))
WHO = ("recording", "subject")
LARGEST_BYTES = 64 << 20
"""A file of labels is no larger than this."""


@dataclass(frozen=True)
class LabelRow:
    """One labelled stretch; unix: its times are seconds since 1970, else since the recording's start.

    name: the recording or the subject it is for, None for every recording. where: file and line.
    """

    start_s: float
    end_s: float
    label: str
    unix: bool
    name: str | None
    where: str


def read_labels(path: Path) -> tuple[LabelRow, ...]:
    """Give the rows of a CSV with the columns start_s, end_s and label.

    start_unix_s and end_unix_s in their place are seconds since 1970 (UTC). A column recording or
    subject says whose row it is; without, it holds for every recording. FileError where it cannot be
    read; FormatError, with the line, for a missing column, text among numbers, or an end before its
    start.
    """
    with telling_file_errors(path, "read"), path.open("rb") as stream:
        return parse_labels(stream, str(path))


def parse_labels(stream: BinaryIO, where: str) -> tuple[LabelRow, ...]:
    """Give the rows of an open CSV of labels; where: its name, for messages. See read_labels."""
    content = stream.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise FormatError(where, f"holds over {LARGEST_BYTES >> 20} MB. Is it a file of labels?")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(where, "is no UTF-8 text. Save it as CSV (UTF-8).") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = _columns(next(reader, []), where)
        rows = tuple(
            _row(fields, columns, where, reader.line_num) for fields in reader if any(fields)
        )
    except csv.Error as error:
        problem = "is no line of a CSV: a quote is open or a field too long. Mend it."
        raise FormatError(where, problem, line=reader.line_num) from error
    if not rows:
        raise FormatError(where, "holds no rows. Add one a labelled stretch.")
    return rows


def with_labels(recordings: Sequence[Recording], rows: Sequence[LabelRow]) -> list[Recording]:
    """Give the recordings with the rows as their spans, in place of any they had.

    DataError where a row fits no recording by name or lies outside of all that it is for, where two
    rows of a recording overlap, or where a Unix time meets a recording without a known start.
    """
    spans: list[list[tuple[Span, LabelRow]]] = [[] for _ in recordings]
    for row in rows:
        mine = [i for i, r in enumerate(recordings) if row.name in (None, r.name, r.subject)]
        if not mine:
            known = sorted({r.subject or r.name for r in recordings})
            problem = f"names {shown(row.name or '')}, which no recording is."
            raise FormatError(row.where, f"{problem}{did_you_mean(row.name or '', known)}")
        placed = [(index, _placed(row, recordings[index])) for index in mine]
        inside = [(index, span) for index, span in placed if span is not None]
        if not inside:
            raise FormatError(
                row.where,
                f"the label {shown(row.label)} from {row.start_s:g} to {row.end_s:g} s lies outside of "
                f"{shown(recordings[mine[0]].name)}. Is its clock the one that the column's name says?",
            )
        for index, span in inside:
            spans[index].append((span, row))
    return [replace(r, spans=_in_order(r, own)) for r, own in zip(recordings, spans, strict=True)]


@dataclass(frozen=True)
class _Columns:
    """Where the columns stand; who: None where no column names a recording or a subject."""

    start: int
    end: int
    label: int
    who: int | None
    unix: bool
    count: int


def _columns(fields: Sequence[str], where: str) -> _Columns:
    names = [field.strip() for field in fields]
    clocks = [clock for clock in CLOCKS if all(names.count(name) == 1 for name in clock)]
    if len(clocks) != 1 or names.count("label") != 1:
        raise FormatError(
            where,
            "expected the columns start_s, end_s, label (or start_unix_s, end_unix_s, label), got "
            f"{', '.join(map(repr, names))[:200] or 'nothing'}. Name them in the first line, with commas.",
        )
    who = next((names.index(name) for name in WHO if name in names), None)
    start, end = (names.index(name) for name in clocks[0])
    return _Columns(start, end, names.index("label"), who, clocks[0] == CLOCKS[1], len(names))


def _row(fields: Sequence[str], columns: _Columns, where: str, line: int) -> LabelRow:
    if len(fields) != columns.count:
        problem = f"expected {columns.count} columns, got {len(fields)}. Mend the line."
        raise FormatError(where, problem, line=line)
    start, end = fields[columns.start].strip(), fields[columns.end].strip()
    start_s, end_s = _seconds(start), _seconds(end)
    if start_s is None or end_s is None or not start_s < end_s:
        problem = (
            f"expected a start and a later end in seconds, got {shown(start)} and {shown(end)}. "
            "Mend it."
        )
        raise FormatError(where, problem, line=line)
    label = fields[columns.label].strip()
    if not label:
        raise FormatError(where, "has no label. Name it or remove the line.", line=line)
    name = None if columns.who is None else fields[columns.who].strip() or None
    return LabelRow(start_s, end_s, label, columns.unix, name, f"{where}, line {line}")


def _seconds(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) and "_" not in text else None


def _placed(row: LabelRow, recording: Recording) -> Span | None:
    """Give a row on the recording's clock, cut to what its signals cover; None if all is outside."""
    zero_s = 0.0
    if row.unix:
        if recording.start_unix_s is None:
            raise FormatError(
                row.where,
                f"recording {shown(recording.name)} has no known start, so labels in Unix time do not "
                "fit. Give start_s and end_s, from the recording's start.",
            )
        zero_s = recording.start_unix_s
    start_s = max(row.start_s - zero_s, min(s.start_s for s in recording.signals.values()))
    end_s = min(row.end_s - zero_s, max(s.end_s for s in recording.signals.values()))
    return Span(start_s, end_s, row.label) if start_s < end_s else None


def _in_order(recording: Recording, spans: list[tuple[Span, LabelRow]]) -> tuple[Span, ...]:
    ordered = sorted(spans, key=lambda pair: pair[0].start_s)
    for (before, _), (after, row) in itertools.pairwise(ordered):
        if after.start_s < before.end_s:
            raise FormatError(
                row.where,
                f"the labels {shown(before.label)} and {shown(after.label)} of "
                f"{shown(recording.name)} overlap at {after.start_s:g} s. "
                "A reading has one label: cut them apart.",
            )
    return tuple(span for span, _ in ordered)
