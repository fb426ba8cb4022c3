"""Counts written as MEMS Studio logs, in mg, with mlc_conf.json and manifest.json."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wearsynth.errors import DataError
from wearsynth.formats.chunk_writing import (
    by_class_and_device,
    check_three_axes,
    write_chunks,
)
from wearsynth.formats.manifest import Summary, class_file_name, write_json
from wearsynth.formats.numeric_csv import append_rows
from wearsynth.names import natural_key
from wearsynth.sensors import Counts

CONFIGURATION_NAME = "mlc_conf.json"
_HEADER = "acc_x[mg],acc_y[mg],acc_z[mg]"
_DECIMALS_MG = 3  # exact for every sensitivity that ST prints, within 0.0005 mg for others


def write(
    chunks: Iterable[Counts], folder: Path, *, overwrite: bool = False, windows_per_log: int = 30
) -> Summary:
    """Write data/<id>_<class>/log_<n>.csv in mg, mlc_conf.json and manifest.json.

    A log holds up to windows_per_log windows of one class and one device, back to back: the joins
    are not continuous. A continuous signal is one log. One chunk is in memory at a time. DataError for
    0 windows, chunks of different kinds, or anything but three axes in g; FileError where the folder
    cannot be written.
    """
    if windows_per_log < 1:
        raise DataError(f"windows_per_log must be at least 1, got {windows_per_log}.")
    return write_chunks(
        chunks,
        folder,
        overwrite=overwrite,
        layout={"format": "memsstudio", "windows_per_log": windows_per_log},
        append=partial(_append, _Logs(windows_per_log), _Logs(sys.maxsize)),
        finish=_finish,
    )


class _Logs:
    """Which log of a class a device is filling, and how full it is."""

    def __init__(self, windows_per_log: int) -> None:
        self._most = windows_per_log
        self._begun: Counter[int] = Counter()
        self._open: dict[tuple[int, int], tuple[int, int]] = {}

    def deal(
        self, label: int, device: int, windows: NDArray[np.intp]
    ) -> Iterator[tuple[int, NDArray[np.intp]]]:
        """Give (number of the log, windows for it) until all windows are dealt."""
        while len(windows):
            number, held = self._open.get((label, device), (-1, self._most))
            if held == self._most:
                number, held = self._begun[label], 0
                self._begun[label] += 1
            now = windows[: self._most - held]
            self._open[label, device] = (number, held + len(now))
            windows = windows[len(now) :]
            yield number, now


def _append(pieces: _Logs, whole: _Logs, place: Path, chunk: Counts, _: int) -> None:
    check_three_axes(chunk, "MEMS Studio logs")
    for label, device, mine in by_class_and_device(chunk):
        number = chunk.classes.index(label)
        folder = place / "data" / f"{number}_{class_file_name(label)}"
        folder.mkdir(parents=True, exist_ok=True)
        for log, now in (whole if chunk.continuous else pieces).deal(number, device, mine):
            _append_windows(folder / f"log_{log}.csv", chunk, now)


def _finish(place: Path, summary: Summary) -> Summary:
    write_json(place / CONFIGURATION_NAME, _configuration(place, summary))
    return summary


def _append_windows(path: Path, chunk: Counts, windows: NDArray[np.intp]) -> None:
    unit_mg = 1000 * chunk.scale
    mg = np.round(chunk.values[windows].reshape(-1, 3) * unit_mg, _DECIMALS_MG)
    new = not path.exists()
    with path.open("ab") as stream:
        if new:
            stream.write(f"# {_comment(chunk)}\n\n{_HEADER}\n".encode())
        append_rows(stream, list(mg.T))


def _comment(chunk: Counts) -> str:
    made = f"{chunk.sensor} {chunk.full_scale} {chunk.rate_hz:g} Hz, made by wearsynth: "
    if chunk.continuous:
        return made + "one continuous signal"
    readings = chunk.values.shape[1]
    return made + f"windows of {readings} readings back to back, the joins are not continuous"


def _configuration(place: Path, summary: Summary) -> dict[str, object]:
    found = sorted(place.glob("data/*/log_*.csv"), key=lambda path: natural_key(str(path)))
    about = summary.about
    rate = f"{about['rate_hz']:g} Hz"
    return {
        "datalogs": [
            {
                "filename": path.relative_to(place).as_posix(),
                "label": path.parent.name.split("_", 1)[1],
            }
            for path in found
        ],
        "name": str(about["sensor"]).upper(),
        "mlc_odr": rate,
        "input_type": "accelerometer_only",
        "accelerometer_fs": f"{_selected_g(about['unit_per_count'], about['full_scale'])} g",
        "accelerometer_odr": rate,
        "window_length": about["readings_per_window"],
    }


def _selected_g(unit_per_count: float, full_scale: str) -> int:
    """Give the range that the sensitivity belongs to: "6g" without a range of its own is 8 g."""
    named = int(full_scale.removesuffix("g"))
    return named if named != 6 else round(unit_per_count * 2**15)
