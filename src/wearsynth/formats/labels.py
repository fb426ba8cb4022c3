"""Labels from a side CSV: a row a labelled stretch, for files that carry none."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from wearsynth.data import Recording, Span
from wearsynth.errors import DataError, FormatError
from wearsynth.files import telling_file_errors

CLOCKS = (("start_s", "end_s"), ("start_unix_s", "end_unix_s"))


@dataclass(frozen=True)
class LabelRow:
    """One labelled stretch; unix: its times are seconds since 1970, else since the recording's start.

    name: the recording or the subject it is for, None for every recording.
    """

    start_s: float
    end_s: float
    label: str
    unix: bool
    name: str | None


def read_labels(path: Path) -> tuple[LabelRow, ...]:
    """Give the rows of a CSV with the columns start_s, end_s and label.

    start_unix_s and end_unix_s in their place are seconds since 1970 (UTC). A column recording or
    subject says whose row it is; without, it holds for every recording. FormatError, with the line,
    for a missing column, text among numbers, or an end before its start.
    """
    try:
        with telling_file_errors(path, "read"):
            table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, pd.errors.ParserError) as error:
        problem = " ".join(str(error).split())
        raise FormatError(path, f"is no CSV of labels: {problem}. Mend the file.") from error
    clocks = [clock for clock in CLOCKS if {*clock, "label"} <= set(table.columns)]
    if len(clocks) != 1:
        raise FormatError(
            path,
            "expected the columns start_s, end_s, label (or start_unix_s, end_unix_s, label), got "
            f"{', '.join(map(str, table.columns)) or 'none'}. Name them in the first line.",
        )
    who = next((name for name in ("recording", "subject") if name in table.columns), None)
    names = [None] * len(table) if who is None else [name.strip() or None for name in table[who]]
    columns = (*(table[name] for name in clocks[0]), table["label"], names)
    rows = tuple(
        _row(path, line, start, end, label, clocks[0] == CLOCKS[1], name)
        for line, (start, end, label, name) in enumerate(zip(*columns, strict=True), start=2)
    )
    if not rows:
        raise FormatError(path, "holds no rows. Add one a labelled stretch.")
    return rows


def with_labels(recordings: Sequence[Recording], rows: Sequence[LabelRow]) -> list[Recording]:
    """Give the recordings with the rows as their spans, in place of any they had.

    DataError where a row fits no recording by name or lies outside of all that it is for, where two
    rows of a recording overlap, or where a Unix time meets a recording without a known start.
    """
    spans: list[list[Span]] = [[] for _ in recordings]
    for row in rows:
        mine = [i for i, r in enumerate(recordings) if row.name in (None, r.name, r.subject)]
        if not mine:
            known = ", ".join(sorted({r.subject or r.name for r in recordings})[:5])
            raise DataError(f"labels name {row.name!r}, which no recording is. Known: {known}.")
        placed = [(index, _placed(row, recordings[index])) for index in mine]
        inside = [(index, span) for index, span in placed if span is not None]
        if not inside:
            raise DataError(
                f"the label {row.label!r} from {row.start_s:g} to {row.end_s:g} s lies outside of "
                f"{recordings[mine[0]].name!r}. Is its clock the one that the column's name says?"
            )
        for index, span in inside:
            spans[index].append(span)
    return [replace(r, spans=_in_order(r, own)) for r, own in zip(recordings, spans, strict=True)]


def _row(  # noqa: PLR0917 - the columns of a row, in order
    path: Path, line: int, start: str, end: str, label: str, unix: bool, name: str | None
) -> LabelRow:
    try:
        start_s, end_s = float(start), float(end)
    except ValueError:
        start_s = end_s = math.nan
    if not (math.isfinite(start_s) and math.isfinite(end_s) and start_s < end_s):
        problem = (
            f"expected a start and a later end in seconds, got {start!r} and {end!r}. Mend it."
        )
        raise FormatError(path, problem, line=line)
    if not label.strip():
        raise FormatError(path, "has no label. Name it or remove the line.", line=line)
    return LabelRow(start_s, end_s, label.strip(), unix, name)


def _placed(row: LabelRow, recording: Recording) -> Span | None:
    """Give a row on the recording's clock, cut to what its signals cover; None if all is outside."""
    zero_s = 0.0
    if row.unix:
        if recording.start_unix_s is None:
            raise DataError(
                f"recording {recording.name!r} has no known start, so labels in Unix time do not "
                "fit. Give start_s and end_s, from the recording's start."
            )
        zero_s = recording.start_unix_s
    start_s = max(row.start_s - zero_s, min(s.start_s for s in recording.signals.values()))
    end_s = min(row.end_s - zero_s, max(s.end_s for s in recording.signals.values()))
    return Span(start_s, end_s, row.label) if start_s < end_s else None


def _in_order(recording: Recording, spans: list[Span]) -> tuple[Span, ...]:
    ordered = sorted(spans, key=lambda span: span.start_s)
    for before, after in itertools.pairwise(ordered):
        if after.start_s < before.end_s:
            raise DataError(
                f"recording {recording.name!r}: the labels {before.label!r} and {after.label!r} "
                f"overlap at {after.start_s:g} s. A reading has one label."
            )
    return tuple(ordered)
