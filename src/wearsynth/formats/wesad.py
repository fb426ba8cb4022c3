"""WESAD as published: a pickle a person, of a chest strap, a wristband and the conditions.

Schmidt et al., ICMI 2018, doi 10.1145/3242969.3242985. S2/S2.pkl .. S17/S17.pkl (no S1, no S12),
written by Python 2: {"signal": {"chest": {...}, "wrist": {...}}, "label": 700 Hz, "subject": "S2"}.
The pickles are read by safe_pickle, and only the arrays that are wanted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import Channel, FloatArray, Oddity, Recording, Signal, Span
from wearsynth.errors import DataError, FormatError, did_you_mean
from wearsynth.formats import e4
from wearsynth.formats.pickled_arrays import PickledArray
from wearsynth.formats.safe_pickle import Pickled, load
from wearsynth.formats.timeline import runs
from wearsynth.formats.wesad_tree import Source, has_wesad, is_packed_wesad, sources_in

OPTIONS: tuple[str, ...] = ("place", "signals")
PLACES = ("wrist", "chest", "wrist+chest")
LABEL_RATE_HZ = 700.0
CLASSES = {1: "baseline", 2: "stress", 3: "amusement", 4: "meditation"}
MOST_LABEL = 7
"""0 is the time between conditions; 5, 6 and 7 are to be ignored, says the data set's readme."""
MOST_SPANS = 10_000
LATE_S = 1.0
_SUFFIXES = (".pkl", ".pickle")
_UNREAL = "value(s) that the sensor cannot give: taken as missing"
_NOT_FINITE = "value(s) that are NaN or infinite: taken as missing"
_UNREAD = "further pickle(s) of a person: left out"
_NO_LABELS = "recording(s) without a pickle, read from the wristband's own files: no labels"
_WANTED = 'expected {"signal": {"wrist": ..., "chest": ...}, "label": ..., "subject": ...}'


@dataclass(frozen=True)
class _Kind:
    """One array. low, high: what the sensor can give, in the array's numbers, with some slack."""

    device: str
    key: str
    rate_hz: float
    channels: tuple[Channel, ...]
    low: float
    high: float
    counts_per_unit: float = 1.0

    @property
    def name(self) -> str:
        return self.key.lower()


def _single(name: str, unit: str) -> tuple[Channel, ...]:
    return (Channel(name, unit),)


_AXES = tuple(Channel(f"acc_{axis}", "g") for axis in "xyz")
_KINDS = (
    _Kind("wrist", "ACC", 32, _AXES, -128, 127, counts_per_unit=64),
    _Kind("wrist", "BVP", 64, _single("bvp", "a.u."), -np.inf, np.inf),
    _Kind("wrist", "EDA", 4, _single("eda", "uS"), -1, 100),
    _Kind("wrist", "TEMP", 4, _single("temp", "degC"), -40, 115),
    _Kind("chest", "ACC", 700, _AXES, -8, 8),
    _Kind("chest", "ECG", 700, _single("ecg", "mV"), -2, 2),
    _Kind("chest", "EMG", 700, _single("emg", "mV"), -2, 2),
    _Kind("chest", "EDA", 700, _single("eda", "uS"), -1, 30),
    _Kind("chest", "Temp", 700, _single("temp", "degC"), -40, 115),
    _Kind("chest", "Resp", 700, _single("resp", "%"), -60, 60),
)


def recognises(path: Path) -> bool:
    """Say whether this is a pickle, or a folder with files named as WESAD's are."""
    if path.is_file():
        return path.suffix.lower() in _SUFFIXES or is_packed_wesad(path)
    return path.is_dir() and has_wesad(path)


def read(
    path: Path, *, place: str | None = None, signals: Sequence[str] | None = None
) -> list[Recording]:
    """Give a recording a person; zero on its clock is the start of the pickle.

    path: the folder WESAD, one of its folders S2, S3, ..., or a pickle. place: wrist (what is read
    without one, if it is there), chest, or wrist+chest, where the chest's signals are called
    chest_acc and so on. signals: the names of those to read. FormatError where a file is not what it
    should be, DataError where the options do not fit.
    """
    if place is not None and place not in PLACES:
        raise DataError(f"WESAD has no place {place!r}.{did_you_mean(place, PLACES)}")
    if path.is_file() and is_packed_wesad(path):
        raise FormatError(path, "is WESAD, still packed. Unpack it and give the folder WESAD.")
    sources = [Source("", path, pickled=True)] if path.is_file() else sources_in(path)
    recordings = [r for s in sources if not s.empty for r in _read(s, place, signals)]
    if not recordings:
        remedy = "Give the folder WESAD, one of its folders S2, S3, ..., or a pickle."
        raise FormatError(path, f"holds no person of WESAD: no S2.pkl, no S2_E4_Data. {remedy}")
    left = [Oddity("person(s) without data", 1, str(s.path)) for s in sources if s.empty]
    left += [Oddity(_UNREAD, 1, str(unread)) for s in sources for unread in s.unread]
    recordings[0] = replace(recordings[0], oddities=(*recordings[0].oddities, *left))
    return recordings


def _read(source: Source, place: str | None, signals: Sequence[str] | None) -> list[Recording]:
    if source.pickled:
        return [_read_pickle(source.path, place, signals)]
    if place not in {None, "wrist"}:
        remedy = f"Get {source.subject}.pkl, move the folder away or give the place wrist."
        raise FormatError(source.path, f"holds the wristband's readings only. {remedy}")
    wanted = _wanted("wrist", signals)
    odd = Oddity(_NO_LABELS, 1, source.path.name)
    return [
        replace(
            recording,
            subject=source.subject,
            notes=("place: wrist", *recording.notes),
            oddities=(odd, *recording.oddities),
        )
        for recording in e4.read(source.path, signals=tuple(wanted))
    ]


def _read_pickle(path: Path, place: str | None, signals: Sequence[str] | None) -> Recording:
    pickled = load(path)
    data = _entries(pickled.value)
    devices = {name: _entries(of) for name, of in _entries(data.get("signal")).items()}
    there = [device for device in ("wrist", "chest") if devices.get(device)]
    if not there:
        raise FormatError(path, f"is no recording of WESAD: {_WANTED}. Give a pickle of WESAD.")
    place = place or there[0]
    for device in place.split("+"):
        if device not in there:
            problem = f"has no signals of the {device}, it has those of the {there[0]}"
            raise FormatError(path, f"{problem}. Give the place {there[0]}.")
    kinds = _wanted(place, signals)
    arrays = {name: devices[kind.device].get(kind.key) for name, kind in kinds.items()}
    missing = [name for name, array in arrays.items() if array is None]
    if missing and (signals is not None or len(missing) == len(arrays)):
        raise FormatError(path, f"has no signal {', '.join(missing)}. Name other signals.")
    read_in = {n: _signal(path, n, k, arrays[n]) for n, k in kinds.items() if n not in missing}
    spans, odd_labels = _spans(path, data.get("label"), [signal for signal, _ in read_in.values()])
    subject, odd_subject = _subject(path, data.get("subject"))
    odd_signals = [Oddity(f"signal(s) missing: {name}", 1, str(path)) for name in missing]
    odd_values = [oddity for _, some in read_in.values() for oddity in some]
    return Recording(
        name=subject,
        signals={name: signal for name, (signal, _) in read_in.items()},
        subject=subject,
        spans=spans,
        source=path.name,
        notes=(f"place: {place}",),
        oddities=(*odd_signals, *odd_values, *odd_labels, *odd_subject, *_after(path, pickled)),
    )


def _wanted(place: str, signals: Sequence[str] | None) -> dict[str, _Kind]:
    """Give the arrays to read by the names of their signals; DataError for an unknown name."""
    known = {}
    for kind in _KINDS:
        prefix = "chest_" if (place, kind.device) == ("wrist+chest", "chest") else ""
        channels = tuple(replace(c, name=prefix + c.name) for c in kind.channels)
        if kind.device in place.split("+"):
            known[prefix + kind.name] = replace(kind, channels=channels)
    for name in signals or ():
        if name not in known:
            which = f"WESAD's {place} has no signal {name!r}, it has {', '.join(known)}"
            raise DataError(f"{which}. Name one of those or another place ({', '.join(PLACES)}).")
    return known if signals is None else {name: known[name] for name in signals}


def _entries(value: object) -> dict[str, Any]:
    """Give a dict's entries by text: some copies have the keys as bytes."""
    if not isinstance(value, Mapping):
        return {}
    return {k.decode("latin-1") if isinstance(k, bytes) else str(k): v for k, v in value.items()}


def _signal(path: Path, name: str, kind: _Kind, array: object) -> tuple[Signal, tuple[Oddity, ...]]:
    where = f"{kind.device} {kind.key}"
    values = _numbers(path, where, array, len(kind.channels))
    if not len(values):
        raise FormatError(path, f"{where} has no readings. Name other signals than {name}.")
    unreal = (values < kind.low) | (values > kind.high)  # infinity is told apart below
    infinite = ~np.isfinite(values)
    unreal &= ~infinite
    values[unreal | infinite] = np.nan
    values /= np.float32(kind.counts_per_unit)
    odd = (
        *_odd(unreal, f"{name} {_UNREAL}", f"{path.name}, {where}"),
        *_odd(infinite, f"{name} {_NOT_FINITE}", f"{path.name}, {where}"),
    )
    return Signal(values, kind.rate_hz, kind.channels), odd


def _numbers(path: Path, where: str, array: object, columns: int) -> FloatArray:
    """Give an array as (time, channel) float32."""
    again = "Get the file again."
    if not isinstance(array, PickledArray) or array.dtype.kind not in "biuf":
        raise FormatError(path, f"{where} is no array of numbers. {again}")
    if array.shape[1:] != (columns,) and not (columns == 1 and len(array.shape) == 1):
        wanted = f"expected (time, {columns})"
        raise FormatError(path, f"{where} has the shape {array.shape}, {wanted}. {again}")
    return np.ascontiguousarray(array.load(np.float32).reshape(-1, columns))


def _odd(bad: NDArray[np.bool_], what: str, where: str) -> tuple[Oddity, ...]:
    if not bad.any():
        return ()
    first = int(np.argmax(bad.any(axis=1)))
    return (Oddity(what, int(bad.sum()), f"{where}, reading {first + 1}"),)


def _spans(
    path: Path, array: object, signals: Sequence[Signal]
) -> tuple[tuple[Span, ...], list[Oddity]]:
    """Give the conditions as spans; only whole numbers 1 to 4 are any."""
    if array is None:
        return (), [Oddity("recording(s) without labels", 1, path.name)]
    label = _numbers(path, "label", array, 1)
    unknown = ~((label >= 0) & (label <= MOST_LABEL) & (label == np.floor(label)))
    codes = np.where(unknown | (label > max(CLASSES)), 0, label).astype(np.int8)[:, 0]
    if np.count_nonzero(np.diff(codes)) > MOST_SPANS:
        raise FormatError(path, f"label changes more than {MOST_SPANS} times. Get the file again.")
    spans = tuple(
        Span(first / LABEL_RATE_HZ, end / LABEL_RATE_HZ, CLASSES[int(codes[first])])
        for first, end in runs(codes)
        if codes[first]
    )
    odd = _odd(unknown, f"label(s) other than 0 to {MOST_LABEL}: in no span", f"{path.name}, label")
    return spans, [*odd, *_ends(path, len(codes) / LABEL_RATE_HZ, signals)]


def _ends(path: Path, labelled_s: float, signals: Sequence[Signal]) -> Iterator[Oddity]:
    for signal in signals:
        late_s = signal.end_s - labelled_s
        if abs(late_s) > LATE_S:
            way = "after" if late_s > 0 else "before"
            what = f"signal(s) that end more than {LATE_S:g} s {way} the labels"
            yield Oddity(what, 1, f"{path.name}, {signal.channels[0].name}")


def _subject(path: Path, told: object) -> tuple[str, list[Oddity]]:
    """Give whose pickle it is: what it says, else its name."""
    text = told.decode("latin-1") if isinstance(told, bytes) else told
    if not isinstance(text, str) or not text.isalnum():
        return path.stem, [Oddity("person(s) not told by the pickle: its name is", 1, path.name)]
    if text in path.stem:
        return text, []
    return text, [Oddity("pickle(s) with the name of another person than inside", 1, path.name)]


def _after(path: Path, pickled: Pickled) -> tuple[Oddity, ...]:
    what = "byte(s) after the pickle's end: left out"
    return (Oddity(what, pickled.bytes_after, path.name),) if pickled.bytes_after else ()
