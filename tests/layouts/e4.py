"""Empatica E4 sessions as Empatica's portal gives them: a folder or a flat zip of CSV files each."""

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

START_UNIX_S = 1644227574
TILE_S = 60
"""Longer sessions repeat their first minute, so that big ones are made fast."""
HR_LATE_S = 10
ARTEFACT_C, ARTEFACT_READINGS = 382.21, 4
"""What TEMP.csv often begins with, for a second."""
INFO = """.csv files in this archive are in the following format:
The first row is the initial time of the session expressed as unix timestamp in UTC.
The second row is the sample rate expressed in Hz.
"""


def write(
    folder: Path, *, seed: int = 0, people: int = 1, minutes: float = 0.5, zipped: bool = False
) -> Path:
    """Write a session a person, S02, S03, ..., and give what to read: the session, or the folder.

    S03, S05, ... are as of another firmware: tags with two decimals and plain line ends, no start
    artefact in TEMP.csv. zipped: S02_E4_Data.zip instead of S02.
    """
    places = []
    for person in range(people):
        random = np.random.default_rng((seed, person))
        length_s = round(60 * minutes)
        start_s = START_UNIX_S + 7200 * person
        files = session_files(random, start_s, length_s, artefact=person % 2 == 0)
        name = f"S{person + 2:02d}"
        places.append(_zip(folder, name, files) if zipped else _folder(folder, name, files))
    return places[0] if people == 1 else folder


def session_files(
    random: np.random.Generator, start_s: int, length_s: int, *, artefact: bool
) -> dict[str, bytes]:
    """Give the files of one session: name -> content."""
    counts = np.round(random.normal((20, 0, 58), 4, (32 * TILE_S, 3))).astype(int)
    pulse = 60 * np.sin(2 * np.pi * 1.2 * np.arange(64 * TILE_S) / 64)
    eda = np.concatenate([[0.0], np.abs(random.normal(0.6, 0.05, 4 * TILE_S - 1))])
    temp = 34 + np.round(random.normal(0, 0.1, 4 * TILE_S), 2)
    hr = random.normal(72, 3, TILE_S)
    head = [f"{start_s}.000000", "32.000000"]
    acc = "\n".join([*(", ".join([text] * 3) for text in head), ""])
    files = {
        "ACC.csv": acc + _tiled([f"{x},{y},{z}\n" for x, y, z in counts.tolist()], 32 * length_s),
        "BVP.csv": f"{start_s}.00\n64.000000\n" + _numbers(pulse, 64 * length_s, 2),
        "EDA.csv": f"{start_s}.000000\n4.000000\n" + _numbers(eda, 4 * length_s, 6),
        "TEMP.csv": _temp(temp, start_s, 4 * length_s, artefact=artefact),
        "HR.csv": f"{start_s + HR_LATE_S}.000000\n1.000000\n"
        + _numbers(hr, max(0, length_s - HR_LATE_S), 2),
        "IBI.csv": f"{start_s}.000000, IBI\n" + _beats(random, length_s),
        "tags.csv": _tags(start_s, length_s, whole=artefact),
        "info.txt": INFO,
    }
    return {name: text.encode() for name, text in files.items()}


def _numbers(values: NDArray[np.float64], count: int, decimals: int) -> str:
    return _tiled([f"{value:.{decimals}f}\n" for value in values.tolist()], count)


def _tiled(lines: list[str], count: int) -> str:
    whole, rest = divmod(count, len(lines))
    return "".join(lines) * whole + "".join(lines[:rest])


def _temp(values: NDArray[np.float64], start_s: int, count: int, *, artefact: bool) -> str:
    first = f"{ARTEFACT_C}\n" * ARTEFACT_READINGS if artefact else ""
    rest = count - ARTEFACT_READINGS if artefact else count
    return f"{start_s}.000000\n4.000000\n" + first + _numbers(values, rest, 2)


def _beats(random: np.random.Generator, length_s: int) -> str:
    """Give beats 1/64 s apart in time and length, with stretches where none was found."""
    length_64 = random.integers(45, 65, max(1, length_s))
    time_64 = np.cumsum(length_64) + 64 * 3
    found = (time_64 < 64 * length_s) & (random.random(len(time_64)) < 0.7)
    rows = zip((time_64[found] / 64).tolist(), (length_64[found] / 64).tolist(), strict=True)
    return "".join(f"{time_s:.6f},{beat_s:.6f}\n" for time_s, beat_s in rows)


def _tags(start_s: int, length_s: int, *, whole: bool) -> str:
    """Give two button presses; Windows line ends beside whole seconds, as some exports have them."""
    first, second = start_s + length_s // 3, start_s + 2 * length_s // 3
    return f"{first}\r\n{second}\r\n" if whole else f"{first}.30\n{second}.98\n"


def _folder(folder: Path, name: str, files: dict[str, bytes]) -> Path:
    place = folder / name
    place.mkdir(parents=True)
    for file, content in files.items():
        (place / file).write_bytes(content)
    return place


def _zip(folder: Path, name: str, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}_E4_Data.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in files.items():
            archive.writestr(file, content)
    return path
