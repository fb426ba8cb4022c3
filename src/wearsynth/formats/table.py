"""Any CSV or Parquet table, a row a reading, by the names of its columns; or a folder of such files.

Rows stand in time order within a recording. With a time column the rate is one over the mean step
between rows that follow on each other (steps up to 1.5 of the median); a longer step is a gap whose
missing readings stand as NaN, so that the clock stays true. Where steps are uneven (a heart rate
every 3 to 600 s) the rate is one over the median step, and readings lie on straight lines between
rows up to three such steps apart. Without a time column rows are taken as evenly spaced at rate_hz.
Rows with a channel that is empty or NaN are gaps. Runs of equal label are the spans.
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
from wearsynth.formats.table_columns import CONVERTED, SIGNAL_OF_UNIT, TableColumns
from wearsynth.formats.table_files import PARQUET_ENDINGS, Sheet, load, read_header
from wearsynth.formats.table_pieces import RATE_DOUBT, Piece, pieces_of
from wearsynth.formats.table_rows import Rows, Texts, rows_of
from wearsynth.formats.timeline import gaps_of, on_grid, spans_of
from wearsynth.names import natural_key

__all__ = ["OPTIONS", "TableColumns", "read", "read_header"]

OPTIONS: tuple[str, ...] = ("columns",)
TABLE_ENDINGS = (".csv", ".tsv", *PARQUET_ENDINGS)
EMPTY = "row(s) lack a reading (empty or NaN): a gap"
BEYOND = "row(s) hold an infinite or impossible reading (above 1e12): a gap"
TIMELESS = "row(s) have no time: left out"


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
    sheet = load(path, columns)
    if not sheet.table.num_rows:
        raise FormatError(path, "holds no rows. Is the export complete?")
    rows = rows_of(sheet, columns)
    pieces = pieces_of(rows, sheet, columns)
    known = [rows.groups[rows.group[piece.first]] for piece in pieces]
    names = _unique([_name(subject, recording, path.stem) for subject, recording in known])
    made = [
        _recording(rows, piece, sheet, columns, of) for piece, of in zip(pieces, names, strict=True)
    ]
    if len(rows.timeless):
        lost = Oddity(TIMELESS, len(rows.timeless), sheet.where(int(rows.timeless[0])))
        made[0] = replace(made[0], oddities=(lost, *made[0].oddities))
    return made


def _recording(
    rows: Rows, piece: Piece, sheet: Sheet, columns: TableColumns, name: str
) -> Recording:
    values, place, label = _readings(rows, piece)
    missing = np.logical_or.reduce(np.isnan(values), axis=1)
    start_unix_s = None
    if rows.time_s is not None and rows.clock is not None and rows.clock.unix:
        start_unix_s = rows.clock.start_s + float(rows.time_s[piece.first])
    clock_notes = () if rows.clock is None else rows.clock.notes
    return Recording(
        name=name,
        signals=_signals(values, piece.rate_hz, columns),
        subject=rows.groups[rows.group[piece.first]][0],
        spans=spans_of(label, piece.rate_hz, place=place),
        gaps=gaps_of(missing, piece.rate_hz),
        start_unix_s=start_unix_s,
        source=sheet.path.name,
        notes=(*sheet.notes, *rows.notes, *clock_notes, *piece.notes),
        oddities=(*piece.oddities, *_missing(rows, piece, sheet)),
    )


def _readings(rows: Rows, piece: Piece) -> tuple[FloatArray, IntArray, Texts]:
    """Give values (reading, channel), and the place and label of each row that is kept, (row,)."""
    rows_here = slice(piece.first, piece.end)
    if piece.place is None:
        assert rows.time_s is not None
        time_s = rows.time_s[rows_here] - rows.time_s[piece.first]
        last = np.diff(time_s, append=np.inf) > 0
        time_s = time_s[last]
        _, values = on_grid(
            time_s, rows.values[rows_here][last], rate_hz=piece.rate_hz, longest_s=piece.longest_s
        )
        place = np.arange(len(values))
        middle_s = (time_s[1:] + time_s[:-1]) / 2
        nearest = np.searchsorted(middle_s, place / piece.rate_hz)
        return values, place, rows.label[rows_here][last][nearest]
    last = np.diff(piece.place, append=piece.place[-1] + 1) > 0
    place = piece.place[last]
    values = np.full((int(place[-1]) + 1, rows.values.shape[1]), np.nan, dtype=np.float32)
    values[place] = rows.values[rows_here][last]
    return values, place, rows.label[rows_here][last]


def _missing(rows: Rows, piece: Piece, sheet: Sheet) -> tuple[Oddity, ...]:
    found = []
    for bad, what in ((rows.empty, EMPTY), (rows.beyond, BEYOND)):
        odd = np.flatnonzero(bad[piece.first : piece.end])
        if len(odd):
            row = int(rows.row[piece.first + odd[0]])
            found.append(Oddity(what, len(odd), sheet.where(row)))
    return tuple(found)


def _signals(values: FloatArray, rate_hz: float, columns: TableColumns) -> dict[str, Signal]:
    members: dict[str, list[int]] = {}
    channels = []
    for index, (column, given) in enumerate(columns.channels):
        unit = CONVERTED.get(given, (given, 1.0))[0]
        channels.append(Channel(column, unit))
        members.setdefault(SIGNAL_OF_UNIT[unit], []).append(index)
    return {
        name: Signal(
            np.ascontiguousarray(values[:, chosen]), rate_hz, tuple(channels[i] for i in chosen)
        )
        for name, chosen in members.items()
    }


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
