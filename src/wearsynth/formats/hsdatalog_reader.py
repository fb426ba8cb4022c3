"""High-Speed Datalog folders, of DATALOG2 (version 2) and the firmware before it (version 1): read.

Each folder has two JSON files (hsdatalog_description.py) and a .dat a sensor (hsdatalog_stream.py).
Accelerometers are read, to g; tags become spans.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from wearsynth.data import Channel, Gap, Oddity, Recording, Signal, Span
from wearsynth.errors import FormatError
from wearsynth.formats.hsdatalog import is_joined, is_synthetic
from wearsynth.formats.hsdatalog_description import (
    Acquired,
    Stream,
    Tag,
    described,
    is_acquisition,
)
from wearsynth.formats.hsdatalog_stream import Decoded, decoded
from wearsynth.formats.timeline import gaps_of
from wearsynth.names import natural_key

OPTIONS: tuple[str, ...] = ("source_rate_hz",)
OVERLAP = "tag(s) begin while another label runs: the later one stands"
_CHANNELS = tuple(Channel(f"acc_{axis}", "g") for axis in "xyz")
_RATE_TOLERANCE = 0.01


def recognises(path: Path) -> bool:
    """Tell whether this is an acquisition's folder, or one that holds such folders."""
    return path.is_dir() and bool(_folders(path))


def read(path: Path, *, source_rate_hz: float | None = None) -> list[Recording]:
    """Give a recording a folder: acceleration in g as `acc`, or by the streams' names where several.

    The rate is source_rate_hz where given, else the measured one of the files, else that of their
    time stamps, else the nominal one. Of version 1 the last frame is left out, as ST's own reader
    does. Folders that wearsynth wrote have a span a window, since the joins are not continuous.
    FormatError, naming the file, where a description is missing or wrong, or a stream is too short.
    """
    folders = _folders(path) if path.is_dir() else []
    if not folders:
        problem = "holds no device_config.json or DeviceConfig.json, nor a folder with one"
        raise FormatError(path, f"{problem}. Name the folder of an acquisition.")
    source = path.resolve().name
    return [_recording(folder, source, source_rate_hz) for folder in folders]


def _folders(path: Path) -> list[Path]:
    if is_acquisition(path):
        return [path]
    inside = (folder for folder in path.iterdir() if folder.is_dir() and is_acquisition(folder))
    return sorted(inside, key=lambda folder: natural_key(folder.name))


def _recording(folder: Path, source: str, rate_hz: float | None) -> Recording:
    said = described(folder)
    first = said.version == 1
    streams = {
        stream.name if len(said.streams) > 1 else "acc": (
            stream,
            decoded(stream, rate_hz=rate_hz, drop_last=first),
        )
        for stream in said.streams
    }
    signals = {
        name: Signal(of.values, of.rate_hz, _CHANNELS, start_s=stream.start_s)
        for name, (stream, of) in streams.items()
    }
    spans, oddities = _spans(said.tags, signals, f"{folder.name}")
    if is_joined(said.description):
        spans = _by_window(spans, *next(iter(streams.values())))
    return Recording(
        name=folder.resolve().name,
        signals=signals,
        spans=spans,
        gaps=_gaps(signals),
        start_unix_s=None if is_synthetic(said.description) else said.start_unix_s,
        source=source,
        notes=tuple(_notes(said, [of for _, of in streams.values()])),
        oddities=(*(odd for _, of in streams.values() for odd in of.oddities), *oddities),
        synthetic=is_synthetic(said.description),
    )


def _gaps(signals: dict[str, Signal]) -> tuple[Gap, ...]:
    found = {
        gap
        for signal in signals.values()
        for gap in gaps_of(
            np.asarray(np.isnan(signal.values).any(axis=1)), signal.rate_hz, start_s=signal.start_s
        )
    }
    return tuple(sorted(found, key=lambda gap: (gap.start_s, gap.end_s)))


def _spans(
    tags: Sequence[Tag], signals: dict[str, Signal], where: str
) -> tuple[tuple[Span, ...], tuple[Oddity, ...]]:
    """Give the labelled stretches within what was recorded; one label at a time."""
    low = min(signal.start_s for signal in signals.values())
    high = max(signal.end_s for signal in signals.values())
    found: list[Span] = []
    overlaps = 0
    label, since = "", low
    for tag in (*sorted(tags, key=lambda tag: tag.time_s), Tag(high, "", begins=True)):
        if not tag.begins and tag.label != label:
            continue
        now = min(max(tag.time_s, low), high)
        if label and now > since:
            found.append(Span(since, now, label))
        overlaps += bool(tag.begins and tag.label and label and tag.label != label)
        label, since = (tag.label if tag.begins else ""), now
    return tuple(found), ((Oddity(OVERLAP, overlaps, where),) if overlaps else ())


def _by_window(spans: Sequence[Span], stream: Stream, of: Decoded) -> tuple[Span, ...]:
    """Give a span a frame, which is a window where wearsynth wrote it."""
    step_s = stream.samples_per_ts / of.rate_hz
    return tuple(
        replace(
            span,
            start_s=span.start_s + k * step_s,
            end_s=min(span.start_s + (k + 1) * step_s, span.end_s),
        )
        for span in spans
        for k in range(int(np.ceil((span.end_s - span.start_s) / step_s - 1e-6)) if step_s else 0)
    )


def _notes(said: Acquired, streams: Sequence[Decoded]) -> list[str]:
    notes = [
        f"time stamps tell {of.told_hz:.4g} Hz, taken as {of.rate_hz:.4g} Hz"
        for of in streams
        if of.told_hz and abs(of.told_hz / of.rate_hz - 1) > _RATE_TOLERANCE
    ]
    if said.unread:
        notes.append(f"not read: {', '.join(said.unread)}")
    if said.version == 1:
        notes.append("the last frame is left out, as ST's own reader does")
    return [*notes, "the folders do not name people"]
