"""Labelled logs for the twin: from a folder of MEMS Studio logs, or of windows laid back to back."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import SignalWindows, Windows
from wearsynth.errors import DataError, FormatError
from wearsynth.formats.manifest import class_file_name
from wearsynth.formats.numeric_csv import append_rows
from wearsynth.formats.st_mlc import read_logs
from wearsynth.mlc.configuration import Datalog
from wearsynth.mlc.inputs import MG_PER_COUNT, counts_of
from wearsynth.tables import is_windows_file, load_windows

MG_PER_UNIT = {"g": 1000.0, "m/s2": 1000 / 9.80665}
_AXES = 3
_DECIMALS_MG = 3  # exact for counts of 0.061 mg
_NO_WORD = re.compile(r"[\s,:{}%'\"()|]+")
_HEADER = "acc_x[mg],acc_y[mg],acc_z[mg]"


@dataclass(frozen=True, eq=False)
class LabelledLog:
    """A continuous log of one class: mg (time, axis), and the group that is held out as a whole."""

    label: str
    group: str
    mg: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LogSet:
    """Logs of all classes at one rate. people: the groups are people, so neighbours are not alike.

    window_readings: of the windows file, 0 for logs. joined: windows lie back to back without being
    continuous. notes: what was done to make the logs, a line each.
    """

    logs: tuple[LabelledLog, ...]
    rate_hz: float | None
    people: bool = False
    window_readings: int = 0
    joined: bool = False
    synthetic: bool = False
    notes: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, in the order of their first log."""
        return tuple(dict.fromkeys(log.label for log in self.logs))


def read_log_set(source: Path, *, signal: str | None = None) -> LogSet:
    """Give the labelled logs of a windows file, or of a folder of logs named data/<id>_<class>/log_<n>.csv.

    signal: which of a windows file's; it may be left out where one alone is an acceleration. DataError
    where there is no class, or rates differ.
    """
    if is_windows_file(source):
        return of_windows(load_windows(source), signal=signal)
    if signal is not None:
        raise DataError(f"{source}: --signal is for windows files, and these are logs.")
    logs = read_logs(source)
    if nameless := [log.path for log in logs if not log.label]:
        problem = "its class stands nowhere: put it in a folder named <id>_<class>."
        raise FormatError(nameless[0], problem)
    rates = sorted({log.rate_hz for log in logs if log.rate_hz is not None})
    if rates and rates[-1] > 1.1 * rates[0]:
        told = f"its logs have {rates[0]:.4g} to {rates[-1]:.4g} Hz"
        raise DataError(f"{source}: {told}, expected one rate. Take them apart.")
    made = [
        LabelledLog(log.label, f"{log.path.parent.name}/{log.path.stem}", log.mg) for log in logs
    ]
    return LogSet(tuple(made), float(np.median(rates)) if rates else None)


def of_windows(windows: Windows, *, signal: str | None = None) -> LogSet:
    """Give logs of windows: those of one class, group and recording that follow on each other.

    What windows share is taken once; where one does not follow on the one before, a new log begins.
    Windows whose start is not known are laid back to back, and a note says so.
    """
    chosen = _acceleration(windows, signal)
    logs: list[LabelledLog] = []
    joined = 0
    for key in _keys(windows):
        rows = np.flatnonzero(key[1])
        known = bool(np.isfinite(windows.start_s[rows]).all())
        if known:
            rows = rows[np.argsort(windows.start_s[rows], kind="stable")]
            parts = _runs(chosen, rows, windows.start_s[rows])
        else:
            parts = iter([chosen.values[rows].reshape(-1, _AXES)])
            joined += len(rows) - 1
        scale = MG_PER_UNIT[chosen.channels[0].unit]
        label, group = windows.classes[windows.label[rows[0]]], str(windows.group[rows[0]])
        logs += [LabelledLog(label, group, part.astype(np.float64) * scale) for part in parts]
    notes = (
        (f"{joined} join(s) between windows of unknown start are not continuous",) if joined else ()
    )
    return LogSet(
        tuple(logs),
        chosen.rate_hz,
        people=bool((windows.subject != "").all()),
        window_readings=chosen.values.shape[1],
        joined=joined > 0,
        synthetic=bool(windows.synthetic.any()),
        notes=notes,
    )


def _keys(windows: Windows) -> Iterator[tuple[tuple[int, str, str], NDArray[np.bool_]]]:
    """Give the rows, (window,), of each class, group and recording, classes in their order."""
    group = windows.group
    keys = list(
        zip(windows.label.tolist(), group.tolist(), windows.recording.tolist(), strict=True)
    )
    for key in sorted(dict.fromkeys(keys), key=lambda key: key[0]):
        label, name, recording = key
        yield key, (windows.label == label) & (group == name) & (windows.recording == recording)


def _runs(
    signal: SignalWindows, rows: NDArray[np.intp], start_s: NDArray[np.float64]
) -> Iterator[NDArray[np.float32]]:
    """Give the readings, (time, axis), of each run of windows that follow on each other or overlap."""
    length = signal.values.shape[1]
    steps = np.rint(np.diff(start_s) * signal.rate_hz).astype(int)
    breaks = np.flatnonzero((steps <= 0) | (steps > length)) + 1
    fresh = np.concatenate([[length], np.minimum(steps, length)])
    for run in np.split(np.arange(len(rows)), breaks):
        first, *others = run.tolist()
        pieces = [signal.values[rows[first]]]
        pieces += [signal.values[rows[k], length - fresh[k] :] for k in others]
        yield np.concatenate(pieces)


def _acceleration(windows: Windows, name: str | None) -> SignalWindows:
    """Give the signal of this name, or the only one of three axes in g or m/s2; DataError without."""
    fits = [
        key
        for key, signal in windows.signals.items()
        if len(signal.channels) == _AXES
        and len({channel.unit for channel in signal.channels}) == 1
        and signal.channels[0].unit in MG_PER_UNIT
    ]
    if name is None and len(fits) == 1:
        return windows.signals[fits[0]]
    if name is not None and windows.signal(name) is not None and name in fits:
        return windows.signals[name]
    said = f"signal {name!r} is none" if name else f"{len(fits)} signal(s) are"
    raise DataError(
        f"the MLC takes three axes of acceleration in g or m/s2, and {said}. Name one: --signal."
    )


def with_plain_names(given: LogSet) -> LogSet:
    """Give the logs with classes of one word, as ARFF and the tree's text need, and a note of each.

    DataError where two classes become one.
    """
    plain = {label: _NO_WORD.sub("_", label) for label in given.classes}
    if len(set(plain.values())) < len(plain):
        raise DataError(f"classes {', '.join(plain)} differ by blanks and marks alone. Rename one.")
    logs = tuple(replace(log, label=plain[log.label]) for log in given.logs)
    told = tuple(
        f"class {label!r} is written as {name!r}: ST's files have classes of one word"
        for label, name in plain.items()
        if name != label
    )
    return replace(given, logs=logs, notes=(*given.notes, *told))


def as_counts(log: LabelledLog) -> LabelledLog:
    """Give the log in whole counts, as it is written: what the twin computes on is in the files."""
    mg = np.round(counts_of(log.mg) * MG_PER_COUNT, _DECIMALS_MG)
    return replace(log, mg=mg)


def write_logs(logs: Sequence[LabelledLog], classes: Iterable[str], folder: Path) -> list[Datalog]:
    """Write data/<id>_<class>/log_<n>.csv into a folder, and say under which names, in the logs' order."""
    place = {label: index for index, label in enumerate(classes)}
    begun = dict.fromkeys(place, 0)
    made = []
    for log in logs:
        name = f"data/{place[log.label]}_{class_file_name(log.label)}/log_{begun[log.label]}.csv"
        begun[log.label] += 1
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("wb") as stream:
            stream.write(f"# made by wearsynth of {log.group}\n\n{_HEADER}\n".encode())
            append_rows(stream, list(log.mg.T))
        made.append(Datalog(name, log.label))
    return made
