"""Any CSV or Parquet table, a row a reading, by the names of its columns; or a folder of such files.

Rows stand in time order within a recording. With a time column the rate is one over the mean step
between rows that follow on each other (steps up to 1.5 of the median); a longer step is a gap whose
missing readings stand as NaN, so that the clock stays true. Where steps are uneven (a heart rate
every 3 to 600 s) the rate is one over the median step, and readings lie on straight lines between
rows up to three such steps apart. Without a time column rows are taken as evenly spaced at rate_hz.
Rows with a channel that is empty or NaN are gaps. Runs of equal label are the spans. A covariate is a
column whose number is the same in all rows of a recording, empty ones left aside.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from wearsynth.data import (
    Channel,
    FloatArray,
    Gap,
    IntArray,
    Oddity,
    Recording,
    Signal,
    Span,
)
from wearsynth.errors import FormatError
from wearsynth.files import telling_file_errors
from wearsynth.formats.table_columns import TableColumns
from wearsynth.formats.table_files import PARQUET_ENDINGS
from wearsynth.formats.table_pieces import RATE_DOUBT, Piece, pieces_of, places_of
from wearsynth.formats.table_rows import BEYOND, EMPTY, Codes, Rows, load, signal_of
from wearsynth.formats.table_text import read_header
from wearsynth.formats.timeline import gaps_of, on_grid, runs
from wearsynth.names import natural_key

__all__ = ["OPTIONS", "TableColumns", "read", "read_header"]

OPTIONS: tuple[str, ...] = ("columns",)
TABLE_ENDINGS = (".csv", ".tsv", *PARQUET_ENDINGS)
EMPTY_ROWS = "row(s) lack a reading (empty or NaN): a gap"
BEYOND_ROWS = "row(s) hold an infinite or impossible reading (above 1e12): a gap"
TIMELESS = "row(s) have no time: left out"

Readings = dict[str, FloatArray]
"""Signal -> (reading, channel)."""


def read(path: Path, *, columns: TableColumns) -> list[Recording]:
    """Give the recordings of a CSV (comma, semicolon or tab) or Parquet file, or of a folder of them.

    A change of subject or recording, a step back in time and a pause over ten minutes begin a new
    recording. In a folder each file is at least one, named by its path; files at nearly one rate
    share it. FileError where a file cannot be read; FormatError, with the line, for a missing
    column, text among numbers, or a file without rows.
    """
    if path.is_file():
        return _read_file(path, columns)
    with telling_file_errors(path, "read"):
        files = [file for file in path.rglob("*") if file.suffix.lower() in TABLE_ENDINGS]
    files = [file for file in files if file.is_file() and not file.name.startswith(".")]
    if not files:
        raise FormatError(path, f"holds no table ({', '.join(TABLE_ENDINGS)}). Name a file.")
    recordings = []
    for file in sorted(files, key=lambda file: natural_key(file.relative_to(path).as_posix())):
        name = file.relative_to(path).with_suffix("").as_posix()
        own = _read_file(file, columns)
        one = len({(recording.subject, recording.name) for recording in own}) == 1
        recordings += [replace(r, name=name if one else f"{name}/{r.name}") for r in own]
    names = _unique([recording.name for recording in recordings])
    named = [replace(r, name=name) for r, name in zip(recordings, names, strict=True)]
    return _at_one_rate(named)


def _read_file(path: Path, columns: TableColumns) -> list[Recording]:
    rows = load(path, columns)
    pieces = pieces_of(rows, columns)
    known = [rows.groups[rows.group[piece.first]] for piece in pieces]
    names = _unique([_name(subject, recording, path.stem) for subject, recording in known])
    made = [_recording(rows, piece, columns, of) for piece, of in zip(pieces, names, strict=True)]
    if len(rows.timeless):
        where = rows.place_of(int(rows.timeless[0]))
        lost = Oddity(TIMELESS, len(rows.timeless), where)
        made[0] = replace(made[0], oddities=(lost, *made[0].oddities))
    return made


def _recording(rows: Rows, piece: Piece, columns: TableColumns, name: str) -> Recording:
    values, place, label = _on_grid(rows, piece) if piece.longest_s else _at_places(rows, piece)
    missing = np.logical_or.reduce([np.isnan(of).any(axis=1) for of in values.values()])
    start_unix_s = None
    if rows.time_s is not None and rows.clock is not None and rows.clock.unix:
        start_unix_s = rows.clock.start_s + float(rows.time_s[piece.first])
    clock_notes = () if rows.clock is None else rows.clock.notes
    return Recording(
        name=name,
        signals=_signals(values, piece.rate_hz, columns),
        subject=rows.groups[rows.group[piece.first]][0],
        spans=_spans(rows, label, place, piece.rate_hz),
        gaps=gaps_of(missing, piece.rate_hz),
        start_unix_s=start_unix_s,
        source=rows.path.name,
        notes=(*rows.notes, *clock_notes, *piece.notes),
        oddities=(*piece.oddities, *_missing(rows, piece)),
        covariates=_covariates(rows, piece, columns),
    )


def _at_places(rows: Rows, piece: Piece) -> tuple[Readings, IntArray, Codes]:
    """Give each signal's values (reading, channel), and the place and label of rows kept, (row,).

    Of rows at one time the last one stands. Where the rows are the readings they are not copied.
    """
    here = slice(piece.first, piece.end)
    place = places_of(rows, piece)
    last = np.append(place[1:] != place[:-1], True)
    if last.all() and place[-1] == len(place) - 1:
        return {name: of[here] for name, of in rows.values.items()}, place, rows.label[here]
    kept = slice(None) if last.all() else np.flatnonzero(last)  # a slice copies nothing
    readings, place = int(place[-1]) + 1, place[kept]
    values = {}
    for name, of in rows.values.items():
        values[name] = np.full((readings, of.shape[1]), np.nan, dtype=np.float32)
        values[name][place] = of[here][kept]
    return values, place, rows.label[here][kept]


def _on_grid(rows: Rows, piece: Piece) -> tuple[Readings, IntArray, Codes]:
    """Give the same as _at_places for readings on straight lines between the rows."""
    assert rows.time_s is not None and piece.longest_s is not None
    here = slice(piece.first, piece.end)
    time_s = rows.time_s[here] - rows.time_s[piece.first]
    last = np.append(time_s[1:] > time_s[:-1], True)
    time_s = time_s[last]
    values = {
        name: on_grid(time_s, of[here][last], rate_hz=piece.rate_hz, longest_s=piece.longest_s)[1]
        for name, of in rows.values.items()
    }
    place = np.arange(len(next(iter(values.values()))))
    middle_s = (time_s[1:] + time_s[:-1]) / 2
    nearest = np.searchsorted(middle_s, place / piece.rate_hz)
    return values, place, rows.label[here][last][nearest]


def _spans(rows: Rows, label: Codes, place: IntArray, rate_hz: float) -> tuple[Span, ...]:
    """Give the runs of equal label as spans; rows without one are in no span."""
    named = [(first, end, rows.labels[label[first]]) for first, end in runs(label)]
    return tuple(
        Span(float(place[first] / rate_hz), float((place[end - 1] + 1) / rate_hz), name)
        for first, end, name in named
        if name
    )


def _missing(rows: Rows, piece: Piece) -> tuple[Oddity, ...]:
    found = []
    for bit, what in ((EMPTY, EMPTY_ROWS), (BEYOND, BEYOND_ROWS)):
        odd = np.flatnonzero(rows.odd[piece.first : piece.end] & bit)
        if len(odd):
            found.append(Oddity(what, len(odd), rows.where(piece.first + int(odd[0]))))
    return tuple(found)


def _covariates(rows: Rows, piece: Piece, columns: TableColumns) -> dict[str, float]:
    """Give the covariates that a recording's rows tell; FormatError where one of them changes."""
    if rows.covariates is None:
        return {}
    held = rows.covariates[piece.first : piece.end].T  # (covariate, row)
    known = {}
    for (name, column), values in zip(columns.covariates, held, strict=True):
        told = np.flatnonzero(~np.isnan(values))
        if not len(told):
            continue
        value = known[name] = float(values[told[0]])
        odd = told[(values[told] != value) | np.isinf(values[told])]
        if len(odd):
            got, row = values[odd[0]], piece.first + int(odd[0])
            raise rows.fault(row, _not_one_number(name, column, value, float(got)))
    return known


def _not_one_number(name: str, column: str, value: float, got: float) -> str:
    covariate = f"covariate {name!r} (column {column!r})"
    if np.isinf(got):
        return f"{covariate} is infinite. Leave the cell empty where it is unknown."
    remedy = "Name the subject or recording column where people take turns, or leave it out"
    return f"{covariate} changes from {value:g} to {got:g} within a recording. {remedy}."


def _signals(values: Readings, rate_hz: float, columns: TableColumns) -> dict[str, Signal]:
    """Give the signals with their channels, in the order in which the columns are named."""
    channels: dict[str, list[Channel]] = {}
    for column, given in columns.channels:
        signal, unit, _ = signal_of(given)
        channels.setdefault(signal, []).append(Channel(column, unit))
    return {n: Signal(values[n], rate_hz, tuple(of)) for n, of in channels.items()}


def _name(subject: str | None, recording: str | None, otherwise: str) -> str:
    return "_".join(part for part in (subject, recording) if part) or otherwise


def _unique(names: list[str]) -> list[str]:
    """Give each name once; a name that comes again gets _2, _3, ..."""
    taken = set(names)
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        while seen[name] > 1 and f"{name}_{seen[name]}" in taken:
            seen[name] += 1
        out.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
        taken.add(out[-1])
    return out


def _at_one_rate(recordings: list[Recording]) -> list[Recording]:
    """Give the recordings of a folder, those within 2 % of their median rate at that rate."""
    rates_hz = [next(iter(recording.signals.values())).rate_hz for recording in recordings]
    common_hz = float(f"{np.median(rates_hz):.6g}")
    return [
        _at_rate(recording, rate_hz, common_hz)
        if abs(rate_hz / common_hz - 1) <= RATE_DOUBT
        else recording
        for recording, rate_hz in zip(recordings, rates_hz, strict=True)
    ]


def _at_rate(recording: Recording, old_hz: float, new_hz: float) -> Recording:
    """Give a recording with the same readings on the clock of a slightly other rate."""
    scale = old_hz / new_hz
    return replace(
        recording,
        signals={name: replace(s, rate_hz=new_hz) for name, s in recording.signals.items()},
        spans=tuple(Span(s.start_s * scale, s.end_s * scale, s.label) for s in recording.spans),
        gaps=tuple(Gap(gap.start_s * scale, gap.end_s * scale) for gap in recording.gaps),
    )
