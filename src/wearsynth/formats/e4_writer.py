"""Recordings or windows written as Empatica E4 sessions, byte by byte as the E4's portal wrote them.

One folder a session, or one flat zip: ACC.csv, BVP.csv, EDA.csv, TEMP.csv, HR.csv, IBI.csv, tags.csv,
info.txt, and labels.csv where there are labels. A manifest.json beside the sessions lists all files.
"""

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

import numpy as np

from wearsynth.data import Events, Oddity, Recording, Signal, Span, Windows
from wearsynth.errors import DataError
from wearsynth.files import atomic_folder
from wearsynth.formats.e4_files import KINDS, Kind
from wearsynth.formats.e4_recording import NOBODY_MARK, SYNTHETIC_MARK
from wearsynth.formats.e4_sessions import sessions_of_recordings, sessions_of_windows
from wearsynth.formats.e4_tree import INFO_FILE, LABELS_FILE
from wearsynth.formats.manifest import MANIFEST_NAME, checksums, write_json

LINES = {"acc": "%d,%d,%d\n", "bvp": "%.2f\n", "eda": "%.6f\n", "temp": "%.2f\n", "hr": "%.2f\n"}
ROWS = 65_536
"""So many rows are made into text at a time."""
ABOUT = """\
Made by wearsynth in the layout of an Empatica E4 session. No Empatica device or service wrote it.

ACC.csv, BVP.csv, EDA.csv, TEMP.csv and HR.csv: the first line is the start in Unix seconds (UTC), the
second the number of readings a second, then a line a reading.
ACC.csv: x, y, z in 1/64 g. BVP.csv: blood volume pulse. EDA.csv: microsiemens. TEMP.csv: degrees
Celsius. HR.csv: beats a minute.
IBI.csv: the start in Unix seconds, then a line a heartbeat: seconds from the start, interval in
seconds. tags.csv: a moment a line, in Unix seconds.
labels.csv: start and end of a labelled stretch in seconds from the earliest start of the files.
"""


@dataclass(frozen=True)
class Export:
    """What was written: the places of the sessions below the folder, how many files, what to tell."""

    sessions: tuple[str, ...]
    files: int
    notes: tuple[str, ...]


def write(
    source: Sequence[Recording] | Windows,
    folder: Path,
    *,
    zipped: bool = False,
    overwrite: bool = False,
) -> Export:
    """Write a session a recording, or a session a subject of windows, whole or not at all.

    zipped: each session as one flat zip in place of a folder. DataError for signals or units that
    no E4 file holds, for overlapping labels, or where there is nothing to write; FileError where
    the folder cannot be written.
    """
    sessions = (
        sessions_of_windows(source)
        if isinstance(source, Windows)
        else sessions_of_recordings(source)
    )
    with atomic_folder(folder, overwrite=overwrite) as place:
        export = _write_all(sessions, place, zipped=zipped)
        _write_manifest(place, export)
    return export


def _write_all(sessions: Iterator[Recording], folder: Path, *, zipped: bool) -> Export:
    """Write the sessions one by one; one is in memory as text at a time."""
    places: list[str] = []
    taken = {MANIFEST_NAME}  # in lower case: some systems tell no other letters apart
    notes: dict[str, None] = {}
    oddities: list[Oddity] = []
    files = 0
    for session in sessions:
        place = _unused(session.name, taken)
        places.append(place)
        taken.add(place.lower())
        notes |= dict.fromkeys(session.notes)
        oddities += session.oddities
        content = _files_of(session)
        files += len(content)
        (_write_zip if zipped else _write_folder)(folder / place, content)
    if not places:
        raise DataError("nothing to write: there is no reading in what was given.")
    return Export(tuple(places), files, (*notes, *_summed(oddities)))


def _unused(place: str, taken: Container[str]) -> str:
    """Give the place, or the first of place_2, place_3, ... that no session has yet."""
    names = chain([place], (f"{place}_{number}" for number in count(2)))
    return next(name for name in names if name.lower() not in taken)


def _summed(oddities: Sequence[Oddity]) -> list[str]:
    """Give a sentence for each thing that is to be told, added up over the sessions."""
    totals: Counter[str] = Counter()
    first: dict[str, str] = {}
    for oddity in oddities:
        totals[oddity.what] += oddity.count
        first.setdefault(oddity.what, oddity.where)
    return [f"{total} {what} (first in {first[what]})." for what, total in totals.items()]


def _files_of(session: Recording) -> dict[str, bytes]:
    """Give the files of a session by their names."""
    start_unix_s = session.start_unix_s or 0.0
    files = {
        kind.file: _signal_file(kind, session.signals[kind.name], start_unix_s)
        for kind in KINDS
        if kind.name in session.signals
    }
    files["IBI.csv"] = _ibi_file(session.events.get("ibi"), start_unix_s)
    files["tags.csv"] = _tags_file(session.events.get("tags"), start_unix_s)
    if session.spans:
        files[LABELS_FILE] = labels_file(session.spans)
    told = [*session.notes, *_summed(session.oddities)]
    marks = [SYNTHETIC_MARK] * session.synthetic + [NOBODY_MARK] * (session.subject is None)
    files[INFO_FILE] = "\n".join([ABOUT, *marks, *told, ""]).encode()
    return files


def _signal_file(kind: Kind, signal: Signal, start_unix_s: float) -> bytes:
    start = moment(start_unix_s + signal.start_s, 2 if kind.name == "bvp" else 6)
    head = [", ".join([text] * len(kind.channels)) for text in (start, f"{signal.rate_hz:.6f}")]
    numbers = signal.values * np.float32(
        kind.counts_per_unit
    )  # whole counts: sessions hold no other
    blocks = (numbers[at : at + ROWS] for at in range(0, len(numbers), ROWS))
    rows = (LINES[kind.name] * len(block) % tuple(block.ravel().tolist()) for block in blocks)
    return "".join(["\n".join([*head, ""]), *rows]).encode()


def moment(unix_s: float, decimals: int) -> str:
    """Give a time with the decimals that the file usually has, six where those do not hold it."""
    text = f"{unix_s:.{decimals}f}"
    return text if float(text) == unix_s else f"{unix_s:.6f}"


def _ibi_file(ibi: Events | None, start_unix_s: float) -> bytes:
    """Give IBI.csv; empty where nothing is known of beats, as the E4's portal gave it."""
    if ibi is None or ibi.values is None:
        return b""
    rows = zip(ibi.times_s.tolist(), ibi.values.tolist(), strict=True)
    lines = (f"{time_s:.6f},{interval_s:.6f}\n" for time_s, interval_s in rows)
    return "".join([f"{start_unix_s:.6f}, IBI\n", *lines]).encode()


def _tags_file(tags: Events | None, start_unix_s: float) -> bytes:
    times = [] if tags is None else (tags.times_s + start_unix_s).tolist()
    return "".join(f"{unix_s:.2f}\n" for unix_s in times).encode()


def labels_file(spans: Sequence[Span]) -> bytes:
    """Give labels.csv: a row a labelled stretch, in seconds from the earliest start."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["start_s", "end_s", "label"])
    rows.writerows([span.start_s, span.end_s, span.label] for span in spans)
    return text.getvalue().encode()


def _write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    path.mkdir(parents=True)
    for name, content in files.items():
        (path / name).write_bytes(content)


def _write_zip(path: Path, files: Mapping[str, bytes]) -> None:
    """Write PATH.zip with the files at its top, the same bytes for the same files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path.with_name(f"{path.name}.zip"), "w") as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo(name)  # of 1980, whenever it is written
            archive.writestr(member, content, compress_type=zipfile.ZIP_DEFLATED)


def _write_manifest(folder: Path, export: Export) -> None:
    content = {
        "format": "empatica_e4",
        "sessions": list(export.sessions),
        "notes": list(export.notes),
        "sha256": checksums(folder),
    }
    write_json(folder / MANIFEST_NAME, content)
