"""Counts for Edge Impulse, a file a window in the folder training, written.

JSON in the data acquisition format, or CSV. The label is the file's name up to its first dot:
walking.0001.json. Values are physical, with units as SenML (RFC 8428) writes them: m/s2, not g.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import Channel
from wearsynth.errors import DataError
from wearsynth.formats.chunk_writing import by_class, write_chunks
from wearsynth.formats.manifest import Summary, class_file_name
from wearsynth.formats.numeric_csv import append_rows
from wearsynth.oddities import STANDARD_GRAVITY_M_S2
from wearsynth.sensors import Counts

NO_SIGNATURE = "0" * 64
"""What stands for the signature where the algorithm is "none"."""
_SENML = {
    "g": ("m/s2", STANDARD_GRAVITY_M_S2),
    "m/s2": ("m/s2", 1.0),
    "rad/s": ("rad/s", 1.0),
    "degC": ("Cel", 1.0),
    "bpm": ("beat/min", 1.0),
}
"""Unit -> its name in SenML and the factor to it; any other is N/A there."""
_DECIMALS = 6  # a count of the finest part is 0.0006 m/s2


@dataclass(frozen=True, eq=False)
class _Window:
    """One window: values (time, channel) in the units that SenML names."""

    values: NDArray[np.float64]
    names: list[str]
    units: list[str]
    interval_ms: float
    sensor: str


_One = Callable[[Path, _Window], None]


def write(chunks: Iterable[Counts], folder: Path, *, overwrite: bool = False) -> Summary:
    """Write training/<class>.<number>.json, numbered from 0001 in each class, and manifest.json.

    A note names units that SenML does not have. DataError where a class has a dot in its name; else
    errors as write_chunks.
    """
    return _write(chunks, folder, overwrite, "edgeimpulse", _write_json)


def write_csv(chunks: Iterable[Counts], folder: Path, *, overwrite: bool = False) -> Summary:
    """Write training/<class>.<number>.csv, first column timestamp in ms; else as write."""
    return _write(chunks, folder, overwrite, "edgeimpulse_csv", _write_csv)


def _write(
    chunks: Iterable[Counts], folder: Path, overwrite: bool, name: str, one: _One
) -> Summary:
    return write_chunks(
        chunks,
        folder,
        overwrite=overwrite,
        layout={"format": name},
        append=partial(_append, Counter(), one, name.partition("_")[2] or "json"),
        finish=_told,
    )


def _append(
    numbers: Counter[str], one: _One, ending: str, place: Path, chunk: Counts, _: int
) -> None:
    units = [_SENML.get(channel.unit, ("N/A", 1.0)) for channel in chunk.channels]
    factors = chunk.scale * np.array([factor for _, factor in units])
    (place / "training").mkdir(exist_ok=True)
    for label, mine in by_class(chunk):
        if "." in label:
            raise DataError(
                f"class {label!r} has a dot, and Edge Impulse takes the label from the file's name up "
                "to its first dot: rename it first."
            )
        for values in np.round(chunk.values[mine] * factors, _DECIMALS) + 0.0:  # no -0.0
            numbers[label] += 1
            path = place / "training" / f"{class_file_name(label)}.{numbers[label]:04d}.{ending}"
            names, senml = [_name(c) for c in chunk.channels], [unit for unit, _ in units]
            one(path, _Window(values, names, senml, 1000 / chunk.rate_hz, chunk.sensor))


def _write_json(path: Path, window: _Window) -> None:
    sensors = [{"name": n, "units": u} for n, u in zip(window.names, window.units, strict=True)]
    content = {
        "protected": {"ver": "v1", "alg": "none"},
        "signature": NO_SIGNATURE,
        "payload": {
            "device_type": window.sensor.upper(),
            "interval_ms": round(window.interval_ms, _DECIMALS),
            "sensors": sensors,
            "values": window.values.tolist(),
        },
    }
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def _write_csv(path: Path, window: _Window) -> None:
    times_ms = np.round(np.arange(len(window.values)) * window.interval_ms, _DECIMALS)
    with path.open("wb") as stream:
        stream.write(f"{','.join(['timestamp', *window.names])}\n".encode())
        append_rows(stream, [times_ms, *window.values.T])


def _name(channel: Channel) -> str:
    """Give a channel's name as Edge Impulse's own firmware writes it: acc_x is accX."""
    stem, _, axis = channel.name.rpartition("_")
    return f"{stem}{axis.upper()}" if stem and axis in {"x", "y", "z"} else channel.name


def _told(_: Path, summary: Summary) -> Summary:
    units = dict.fromkeys(channel["unit"] for channel in summary.about["channels"])
    strange = [unit for unit in units if unit not in _SENML]
    if not strange:
        return summary
    note = f"SenML has no {', '.join(strange)}: the values are in it, the units are given as N/A."
    return replace(summary, notes=(*summary.notes, note))
