"""Empatica E4 sessions as Empatica's portal gives them: a folder or zip of CSV files each.

ACC.csv, BVP.csv, EDA.csv, TEMP.csv, HR.csv: first line the start in Unix seconds, second the rate,
then a line a reading. IBI.csv: beats. tags.csv: button presses. Any of them may be missing.
"""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from wearsynth.data import Oddity, Recording
from wearsynth.errors import DataError, FormatError, WearsynthError, did_you_mean
from wearsynth.formats.e4_files import KINDS
from wearsynth.formats.e4_recording import read_session
from wearsynth.formats.e4_tree import SIGNAL_FILES, find_sessions, owners_of

OPTIONS: tuple[str, ...] = ("signals", "tag_labels")
SIGNALS = tuple(kind.name for kind in KINDS)


def recognises(path: Path) -> bool:
    """Say whether there is an E4 session at the path: a folder, a zip, or folders of those."""
    if path.is_file() and path.suffix.lower() != ".zip":
        return path.name in SIGNAL_FILES
    try:
        return path.exists() and next(find_sessions(path), None) is not None
    except FormatError:
        return True  # a damaged zip: the reader's own sentence tells what to do
    except WearsynthError:
        return False


def read(
    path: Path,
    *,
    signals: Sequence[str] | None = None,
    tag_labels: Sequence[str] | None = None,
) -> list[Recording]:
    """Give a recording a session, each signal at its own rate from its own start.

    path: a session's folder or zip, or a folder of those. signals: the names of those to read.
    tag_labels: labels of the stretches before, between and after the tags, "" for none. FormatError,
    with file and line, for what is no E4 file; DataError where the options do not fit a session.
    """
    wanted = SIGNALS if signals is None else tuple(signals)
    for name in wanted:
        if name not in SIGNALS:
            raise DataError(f"an E4 has no signal {name!r}.{did_you_mean(name, SIGNALS)}")
    if path.is_file() and path.name in SIGNAL_FILES:
        raise FormatError(path, f"is one file of an E4 session. Give its folder: {path.parent}.")
    sessions = list(find_sessions(path))
    if not sessions:
        problem = f"holds no Empatica E4 session, neither {', nor '.join(SIGNAL_FILES)}."
        raise FormatError(path, f"{problem} Give a session's folder or zip, or a folder of those.")
    owners = owners_of(path, sessions)
    recordings = [
        read_session(session, owner, wanted, tag_labels)
        for session, owner in zip(sessions, owners, strict=True)
    ]
    return _with_overlaps_told(_without_copies(recordings))


def _without_copies(recordings: Sequence[Recording]) -> list[Recording]:
    """Give each recording once: a session may lie there packed and unpacked."""
    first: dict[tuple[float | None, int], list[int]] = {}
    kept: list[Recording] = []
    for recording in recordings:
        size = sum(signal.values.size for signal in recording.signals.values())
        same = first.setdefault((recording.start_unix_s, size), [])
        twin = next((i for i in same if _is_copy(kept[i], recording)), None)
        if twin is None:
            same.append(len(kept))
            kept.append(recording)
        else:
            told = Oddity("copy(s) of a session already read, left out", 1, recording.source)
            kept[twin] = replace(kept[twin], oddities=(*kept[twin].oddities, told))
    return kept


def _is_copy(one: Recording, other: Recording) -> bool:
    return one.signals.keys() == other.signals.keys() and all(
        np.array_equal(signal.values, other.signals[name].values, equal_nan=True)
        for name, signal in one.signals.items()
    )


def _with_overlaps_told(recordings: Sequence[Recording]) -> list[Recording]:
    """Tell where a session of a person starts before another of theirs has ended."""
    told = list(recordings)
    order = sorted(range(len(told)), key=lambda i: (told[i].subject or "", told[i].start_unix_s))
    for before, after in itertools.pairwise(order):
        one, other = told[before], told[after]
        end_s = (one.start_unix_s or 0.0) + max(s.end_s for s in one.signals.values())
        if one.subject == other.subject and (other.start_unix_s or 0.0) < end_s:
            what = "session(s) that start before the person's last one ended"
            oddities = (*other.oddities, Oddity(what, 1, other.source))
            told[after] = replace(other, oddities=oddities)
    return told
