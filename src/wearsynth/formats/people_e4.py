"""People of any length as Empatica E4 sessions, written as their blocks come.

The files are those of e4_writer.py. Readings stand in the device's steps; HR.csv and IBI.csv are found in the
pulse (e4_beats.py), a minute after the other with what is around it; tags.csv tells where classes change.
"""

import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import Channel, FloatArray, Signal
from wearsynth.errors import DataError
from wearsynth.files import atomic_folder
from wearsynth.formats.e4_beats import FIRST_S, intervals_of, rate_of
from wearsynth.formats.e4_files import KINDS, Kind
from wearsynth.formats.e4_recording import SYNTHETIC_MARK
from wearsynth.formats.e4_sessions import HEART
from wearsynth.formats.e4_tree import INFO_FILE, LABELS_FILE
from wearsynth.formats.e4_writer import ABOUT, LINES, labels_file, moment
from wearsynth.formats.manifest import MANIFEST_NAME, checksums, write_json
from wearsynth.formats.people import Person

RECORDED = tuple(kind for kind in KINDS if kind.name != "hr")
"""What the device records; it finds the heart rate in the pulse."""

STEPS = {"acc": 1.0, "bvp": 0.01, "eda": 1e-6, "temp": 0.02}
"""The steps of readings, in the numbers of their files."""

BEFORE_S, AFTER_S = 60.0, 10.0
"""Beats are looked for with so much of the pulse before and after."""

UNKNOWN_BPM = 0.0
"""HR.csv tells this until there was a beat."""


def check_e4(rates_hz: Mapping[str, float], channels: Mapping[str, tuple[Channel, ...]]) -> None:
    """Raise DataError unless signals are those that an E4 records, at its rates, in its units."""
    wanted = {
        kind.name: (kind.rate_hz, len(kind.channels), _unit(kind.channels)) for kind in RECORDED
    }
    found = {n: (rates_hz[n], len(of), _unit(of)) for n, of in channels.items()}
    if found != wanted:
        told, held = (
            ", ".join(
                f"{n} ({count} x {unit}, {rate:g} Hz)" for n, (rate, count, unit) in of.items()
            )
            for of in (wanted, found)
        )
        raise DataError(
            f"an E4 session holds {told}; this model's signals are {held}. Write them as parquet."
        )


def _unit(channels: tuple[Channel, ...]) -> str:
    return "/".join(dict.fromkeys(channel.unit for channel in channels))


def write_e4(
    people: Iterable[Person],
    folder: Path,
    *,
    about: Mapping[str, Any],
    zipped: bool = False,
    overwrite: bool = False,
) -> int:
    """Write a session a person, a folder or a flat zip each, and manifest.json; give how many files.

    about: what the manifest tells besides. Whole or not at all. DataError for signals that no E4 records,
    FileError where the folder cannot be written.
    """
    files, names = 0, list[str]()
    with atomic_folder(folder, overwrite=overwrite) as place:
        for person in people:
            check_e4(person.rates_hz, person.channels)
            own = place / person.name
            own.mkdir()
            _write_session(person, own)
            files += len(list(own.iterdir()))
            names.append(person.name)
            if zipped:
                _zip(own)
        head = {"format": "empatica_e4", "sessions": names, **about}
        write_json(place / MANIFEST_NAME, {**head, "sha256": checksums(place)})
    return files


def _write_session(person: Person, folder: Path) -> None:
    """Write the files of one person, a block at a time."""
    start = person.start_unix_s
    with ExitStack() as stack:

        def opened(name: str) -> TextIO:
            stream = (folder / name).open("w", encoding="ascii", newline="\n")
            return stack.enter_context(stream)

        out = {kind.name: opened(kind.file) for kind in KINDS}
        for kind in KINDS:
            first_s = start + (FIRST_S if kind.name == "hr" else 0)
            out[kind.name].write(_head(kind, first_s))
        ibi = opened("IBI.csv")
        ibi.write(f"{start:.6f}, IBI\n")
        clipped, pulse = 0, _Pulse(person)
        for block in person.blocks:
            for kind in RECORDED:
                numbers, beyond = _numbers(block[kind.name], kind)
                out[kind.name].write(_rows(kind, numbers))
                clipped += beyond
            pulse.add(block["bvp"])
            _write_beats(pulse.ready(last=False), out["hr"], ibi)
        _write_beats(pulse.ready(last=True), out["hr"], ibi)
    changes = [start + span.start_s for span in person.spans[1:]]
    _put(folder / "tags.csv", "".join(f"{unix_s:.2f}\n" for unix_s in changes))
    (folder / LABELS_FILE).write_bytes(labels_file(person.spans))
    told = [f"{clipped} reading(s) beyond what the sensor can give, clipped."] * bool(clipped)
    _put(folder / INFO_FILE, "\n".join([ABOUT, SYNTHETIC_MARK, HEART, *told, ""]))


def _put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _head(kind: Kind, start_unix_s: float) -> str:
    start = moment(start_unix_s, 2 if kind.name == "bvp" else 6)
    lines = (", ".join([text] * len(kind.channels)) for text in (start, f"{kind.rate_hz:.6f}"))
    return "\n".join([*lines, ""])


def _numbers(values: FloatArray, kind: Kind) -> tuple[NDArray[np.float64], int]:
    """Give readings (time, channel) as their file's numbers, in steps, and how many were clipped."""
    step = STEPS[kind.name]
    exact = np.rint(values.astype(np.float64) * kind.counts_per_unit / step)
    held = np.clip(exact, round(kind.low / step), round(kind.high / step))
    return held * step, int((held != exact).any(axis=1).sum())


def _rows(kind: Kind, numbers: NDArray[np.float64]) -> str:
    return LINES[kind.name] * len(numbers) % tuple(numbers.ravel().tolist())


class _Pulse:
    """A person's pulse as far as it is needed, and how far its beats were told."""

    def __init__(self, person: Person) -> None:
        self.rate_hz, self.channels = person.rates_hz["bvp"], person.channels["bvp"]
        self.values = np.zeros((0, 1), dtype=np.float32)
        self.start_s, self.told_s, self.bpm = 0.0, 0.0, UNKNOWN_BPM

    def add(self, values: FloatArray) -> None:
        """Take more of the pulse, and let go of what is long past."""
        self.values = np.concatenate([self.values, values])
        past_s = max(0.0, np.floor(self.told_s - BEFORE_S) - self.start_s)
        self.values = self.values[round(past_s * self.rate_hz) :]
        self.start_s += past_s

    def ready(self, *, last: bool) -> tuple[NDArray[np.float64], list[float]]:
        """Give the intervals (beat, (time, interval)) and heart rates that can be told now, in s and bpm."""
        pulse = Signal(self.values, self.rate_hz, self.channels, self.start_s)
        from_s, to_s = self.told_s, pulse.end_s - (0 if last else AFTER_S)
        to_s = np.inf if last else max(from_s, float(np.floor(to_s)))
        beats = intervals_of(pulse)
        assert beats.values is not None
        new = (beats.times_s >= from_s) & (beats.times_s < to_s)
        rows = np.stack([beats.times_s[new], beats.values[new]], axis=1)
        moments = list(range(round(max(from_s, FIRST_S)), int(np.ceil(min(to_s, pulse.end_s)))))
        self.told_s = to_s
        return rows, list(self._rates(pulse, moments))

    def _rates(self, pulse: Signal, moments: list[int]) -> Iterator[float]:
        found = rate_of(pulse)
        for moment_s in moments:
            if found is not None and moment_s >= found.start_s:
                self.bpm = float(found.values[round(moment_s - found.start_s), 0])
            yield self.bpm


def _write_beats(
    told: tuple[NDArray[np.float64], list[float]], rates: TextIO, intervals: TextIO
) -> None:
    beats, bpm = told
    intervals.write("".join(f"{at:.6f},{length:.6f}\n" for at, length in beats.tolist()))
    rates.write(LINES["hr"] * len(bpm) % tuple(bpm))


def _zip(folder: Path) -> None:
    """Put a folder into FOLDER.zip, its files at the top, the same bytes for the same files."""
    with zipfile.ZipFile(folder.with_name(f"{folder.name}.zip"), "w") as archive:
        for path in sorted(folder.iterdir()):
            member = zipfile.ZipInfo(path.name)  # of 1980, whenever it is written
            member.compress_type = zipfile.ZIP_DEFLATED
            with path.open("rb") as source, archive.open(member, "w") as target:
                shutil.copyfileobj(source, target)
    shutil.rmtree(folder)
