"""WISDM 2019: phone and watch, accelerometer and gyroscope, 51 people, 18 activities.

"WISDM Smartphone and Smartwatch Activity and Biometrics Dataset" (Weiss et al., IEEE Access 2019,
doi 10.1109/ACCESS.2019.2940729; UCI 507): raw/<device>/<sensor>/data_<person>_<sensor>_<device>.txt,
m/s2 with gravity and rad/s at about 20 Hz, by time stamps of the device. Rates drift, stretches stand
denser and others are missing, so readings are put on a grid of 20 Hz by their times.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from wearsynth.data import Channel, Gap, Oddity, Recording, Signal, Span
from wearsynth.errors import DataError, FormatError, did_you_mean
from wearsynth.formats.timeline import JUMP_STEPS, averaged_where_dense, gaps_of, on_grid
from wearsynth.formats.wisdm_key import activities_of, is_synthetic
from wearsynth.formats.wisdm_text import Stretch, stretches_of

OPTIONS: tuple[str, ...] = ("place", "signals")
RATE_HZ = 20.0
LONGEST_STEP_S = 0.125
"""Readings further apart are not joined by a line: at most one of 20 Hz is missing between them."""
STANDARD_GRAVITY_M_S2 = 9.80665
PLACES = {"watch": "watch", "wrist": "watch", "phone": "phone"}

DENSE = "reading(s) stand denser than 30 Hz: their means on the grid of 20 Hz stand"
HOLE = f"step(s) of more than {LONGEST_STEP_S:g} s between readings: NaN there"
MISSED = (
    f"step(s) of more than 1.5 usual ones, up to {LONGEST_STEP_S:g} s: on a straight line there"
)
ENDS = f"activity stretch(es) whose signals begin or end more than {LONGEST_STEP_S:g} s apart"
UNPAIRED = "activity stretch(es) of {} without {} at the same time: left out"
SHORT = "activity stretch(es) with fewer than two readings on the grid: left out"

_NAME = re.compile(r"data_(\d{1,9})_(accel|gyro)_(watch|phone)\.(txt|arff)")
_FOLDERS = ("", "{sensor}", "{device}/{sensor}", "raw/{device}/{sensor}")
_PARENT = "wisdm-dataset"
_LINE = re.compile(rb"\s*\d+\s*,\s*[A-Z]\s*,\s*-?\d+\s*,[-\d.eE\s]+,")
_OLD_NAME = re.compile(r"WISDM_a[rt]_v.*\.(txt|arff|csv)", re.IGNORECASE)
_OLD_LINE = re.compile(rb"\s*\d+,(Walking|Jogging|Upstairs|Downstairs|Sitting|Standing),\d+,")


@dataclass(frozen=True)
class _Sensor:
    """A sensor's word in file names, its channels, their factor from the file, the largest there.

    largest: above the full scale of any phone or watch of the set (16 g, 2000 degrees a second).
    """

    word: str
    channels: tuple[Channel, ...]
    factor: float
    largest: float


_SENSORS = {
    "acc": _Sensor(
        "accel", tuple(Channel(f"acc_{a}", "g") for a in "xyz"), 1 / STANDARD_GRAVITY_M_S2, 160.0
    ),
    "gyro": _Sensor("gyro", tuple(Channel(f"gyro_{a}", "rad/s") for a in "xyz"), 1.0, 40.0),
}


def recognises(path: Path) -> bool:
    """Tell whether this is a folder of the set, or one of its files by its name or first line."""
    if path.is_dir():
        return bool(_files(path)) or any(_OLD_NAME.fullmatch(p.name) for p in path.glob("WISDM_a*"))
    if not path.is_file():
        return False
    if _NAME.fullmatch(path.name) or _OLD_NAME.fullmatch(path.name):
        return True
    if re.fullmatch(r"wisdm.*\.zip", path.name, re.IGNORECASE):
        return True
    return path.suffix == ".txt" and bool(_LINE.match(head := _head(path)) or _OLD_LINE.match(head))


def read(
    path: Path, *, place: str | None = None, signals: Sequence[str] | None = None
) -> list[Recording]:
    """Give a recording a person and stretch of one activity: 1600_walking, again: 1600_walking_2.

    place: watch (usual where there are both; also wrist) or phone. signals: acc (g), gyro (rad/s);
    both where both are there. They stand on one clock and one grid of 20 Hz, from the first
    reading; a stretch that one of the signals does not have is left out, so that all recordings
    hold the same. Synthetic where the manifest of wearsynth's writer says so. FormatError, with file
    and line, where a file's structure is broken.
    """
    chosen = _chosen(path, place, signals)
    recordings: list[Recording] = []
    left_out: tuple[Oddity, ...] = ()
    for person in sorted({person for person, _ in chosen}):
        files = {name: chosen[person, name] for name in _SENSORS if (person, name) in chosen}
        mine, odd = _person(person, files, [n for n in _SENSORS if any(n == m for _, m in chosen)])
        recordings += mine
        left_out += odd
    if not recordings:
        lost = left_out[-1]
        raise FormatError(
            path,
            f"holds nothing that can be read: {lost.count} {lost.what} ({lost.where}). Name one "
            "signal (acc or gyro), or copy the files again.",
        )
    recordings[0] = replace(recordings[0], oddities=recordings[0].oddities + left_out)
    if not is_synthetic(next(iter(chosen.values()))):
        return recordings
    return [replace(recording, synthetic=True) for recording in recordings]


def _chosen(
    path: Path, place: str | None, signals: Sequence[str] | None
) -> dict[tuple[int, str], Path]:
    """Give the file of each person and signal that is wanted."""
    if place is not None and place not in PLACES:
        raise DataError(f"unknown place {place!r}.{did_you_mean(place, PLACES)}")
    for name in signals or ():
        if name not in _SENSORS:
            raise DataError(f"unknown signal {name!r}.{did_you_mean(name, _SENSORS)}")
    _refuse_others(path)
    files = [path] if path.is_file() else _files(path)
    said = [(file, match) for file in files if (match := _NAME.fullmatch(file.name))]
    devices = {match[3] for _, match in said}
    device = PLACES[place] if place else ("watch" if "watch" in devices else "phone")
    chosen: dict[tuple[int, str], Path] = {}
    for file, match in said:
        signal = next(name for name, sensor in _SENSORS.items() if sensor.word == match[2])
        if match[3] != device or (signals is not None and signal not in signals):
            continue
        if (twin := chosen.setdefault((int(match[1]), signal), file)) != file:
            raise FormatError(file, f"stands a second time as {twin}. Move one of them away.")
    there = {signal for _, signal in chosen}
    wanted = tuple(signals or there)
    if not chosen or not there.issuperset(wanted):
        raise FormatError(
            path,
            f"holds no files data_<person>_<sensor>_{device}.txt of the {device} for "
            f"{' and '.join(wanted) or 'any signal'}. Name another place or other signals.",
        )
    return chosen


def _files(path: Path) -> list[Path]:
    """Give the files of the set below a folder: one of its own folders, or a flat one."""
    folders = [
        path / top / pattern.format(device=device, sensor=sensor.word)
        for top in ("", _PARENT)
        for pattern in _FOLDERS
        for device in ("watch", "phone")
        for sensor in _SENSORS.values()
    ]
    found = [
        file for folder in dict.fromkeys(folders) for file in sorted(folder.glob("data_*.txt"))
    ]
    return [file for file in found if _NAME.fullmatch(file.name)]


def _refuse_others(path: Path) -> None:
    """Raise FormatError for what belongs to the set, or to the older one, but holds no readings."""
    if path.is_dir() and not _files(path):
        old = next((p for p in path.glob("WISDM_a*") if _OLD_NAME.fullmatch(p.name)), None)
        if old is None:
            raise FormatError(
                path, "holds no files data_<person>_<accel or gyro>_<device>.txt. Check the folder."
            )
        path = old
    if path.is_dir():
        return
    if _OLD_NAME.fullmatch(path.name) or (path.is_file() and _OLD_LINE.match(_head(path))):
        raise FormatError(
            path,
            "is of an older WISDM set (v1.1, v2.0), which is not read, only that of 2019 (UCI 507) "
            "is. Give its columns a header and read it as a table.",
        )
    if path.suffix.lower() == ".zip":
        raise FormatError(path, "is packed. Unzip it and give the folder.")
    if path.suffix == ".arff":
        raise FormatError(path, "holds features, not readings. Give the folder raw of the set.")
    if not _NAME.fullmatch(path.name):
        raise FormatError(
            path,
            "does not tell person, sensor and device. Name it as the set does, such as "
            "data_1600_accel_watch.txt.",
        )


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(200).removeprefix(b"\xef\xbb\xbf")
    except OSError:
        return b""


def _person(
    person: int, files: Mapping[str, Path], names: Sequence[str]
) -> tuple[list[Recording], tuple[Oddity, ...]]:
    """Give a person's recordings that have all the named signals, and what was left out."""
    stretches: dict[str, list[Stretch]] = {}
    odd: tuple[Oddity, ...] = ()
    for name, path in files.items():
        stretches[name], more = stretches_of(
            path,
            person=person,
            largest=_SENSORS[name].largest,
            activities=activities_of(path),
        )
        odd += more
    groups = [{names[0]: stretch} for stretch in stretches.get(names[0], ())]
    for name in names[1:]:
        groups += _paired(groups, name, stretches.get(name, ()))
    recordings: list[Recording] = []
    seen: dict[str, int] = {}
    for group in groups:
        first = next(iter(group.values()))
        where = f"{first.source}, line {first.rows.line[0]}"
        if missing := [name for name in names if name not in group]:
            what = UNPAIRED.format(" and ".join(group), " and ".join(missing))
            odd += (Oddity(what, 1, where),)
        elif (recording := _recording(person, group)) is None:
            odd += (Oddity(SHORT, 1, where),)
        else:
            seen[first.label] = again = seen.get(first.label, 0) + 1
            name = recording.name if again == 1 else f"{recording.name}_{again}"
            recordings.append(replace(recording, name=name))
    if recordings:
        recordings[0] = replace(recordings[0], oddities=odd + recordings[0].oddities)
        odd = ()
    return recordings, odd


def _paired(
    groups: Sequence[dict[str, Stretch]], name: str, stretches: Sequence[Stretch]
) -> list[dict[str, Stretch]]:
    """Put each stretch into the group of its activity that it shares most time with.

    Gives the stretches that share none with a free one, each a group of its own.
    """
    rest = []
    for stretch in stretches:
        shared_s = [0.0 if name in group else _shared_s(group, stretch) for group in groups]
        if shared_s and max(shared_s) > 0:
            groups[int(np.argmax(shared_s))][name] = stretch
        else:
            rest.append({name: stretch})
    return rest


def _shared_s(group: Mapping[str, Stretch], other: Stretch) -> float:
    own = next(iter(group.values()))
    if own.label != other.label:
        return 0.0
    return min(own.end_s, other.end_s) - max(own.start_s, other.start_s)


def _recording(person: int, group: Mapping[str, Stretch]) -> Recording | None:
    """Give the recording of one stretch; None where a signal has not even two readings."""
    zero_s = min(stretch.start_s for stretch in group.values())
    signals: dict[str, Signal] = {}
    oddities: tuple[Oddity, ...] = ()
    gaps: list[Gap] = []
    for name, stretch in group.items():
        signal, odd = _signal(stretch, zero_s, _SENSORS[name])
        if signal is None:
            return None
        bad = np.isnan(signal.values[:, 0])
        gaps += gaps_of(bad, RATE_HZ, start_s=signal.start_s)
        signals[name] = signal
        oddities += stretch.oddities + odd
    oddities += _ends(group)
    label = next(iter(group.values())).label
    end_s = max(signal.end_s for signal in signals.values())
    return Recording(
        name=f"{person}_{label}",
        signals=signals,
        subject=str(person),
        spans=(Span(0.0, end_s, label),),
        gaps=tuple(sorted(set(gaps), key=lambda gap: (gap.start_s, gap.end_s))),
        start_unix_s=zero_s if 1e9 < zero_s < 3e9 else None,  # else a clock since the start-up
        source=", ".join(stretch.source for stretch in group.values()),
        notes=(
            f"put on a grid of {RATE_HZ:g} Hz by time stamps, on straight lines between readings "
            f"at most {LONGEST_STEP_S:g} s apart",
            *(("acc turned from m/s2 to g, with gravity",) if "acc" in signals else ()),
        ),
        oddities=oddities,
    )


def _ends(group: Mapping[str, Stretch]) -> tuple[Oddity, ...]:
    """Give an Oddity where one signal begins or ends well before another."""
    starts = [stretch.start_s for stretch in group.values()]
    ends = [stretch.end_s for stretch in group.values()]
    if max(max(starts) - min(starts), max(ends) - min(ends)) <= LONGEST_STEP_S:
        return ()
    first = next(iter(group.values()))
    return (Oddity(ENDS, 1, f"{first.source}, line {first.rows.line[0]}"),)


def _signal(
    stretch: Stretch, zero_s: float, sensor: _Sensor
) -> tuple[Signal | None, tuple[Oddity, ...]]:
    """Give a stretch on the grid from zero_s, None where it has not even two readings there."""
    rows = stretch.rows
    time_s = rows.time_s - zero_s
    mean_s, means, dense = averaged_where_dense(time_s, rows.values, rate_hz=RATE_HZ)
    first, readings = on_grid(mean_s, means, rate_hz=RATE_HZ, longest_s=LONGEST_STEP_S)
    if np.isfinite(readings[:, 0]).sum() < 2:
        return None, ()
    step_s = np.diff(time_s, prepend=time_s[0])
    hole = step_s > LONGEST_STEP_S
    missed = (step_s > JUMP_STEPS / RATE_HZ) & ~hole
    found = ((dense, DENSE), (missed, MISSED), (hole, HOLE))
    odd = tuple(o for bad, what in found for o in rows.odd(bad, what, stretch.source))
    values = readings * np.float32(sensor.factor)
    return Signal(values, RATE_HZ, sensor.channels, start_s=first / RATE_HZ), odd
