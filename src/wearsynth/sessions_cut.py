"""Whole sessions to windows: resampled, scaled by person or not, conditions joined or not.

With resampling "fourier", scaling "person" and joined at 1 Hz, this is how a public study of synthetic
smartwatch data cuts WESAD (Sensors 2024, 24(10), 3052). With resampling "means" and no scaling a
window knows nothing that comes after it.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from wearsynth.config_recordings import WindowsConfig
from wearsynth.data import Channel, IntArray, Recording, Signal, Span, Windows, concat
from wearsynth.errors import DataError
from wearsynth.resampling import resample_recording
from wearsynth.windowing import READING_TOLERANCE, cut_windows, resampling_line

JOINED = "joined"
HOW = {
    "filter": "",
    "fourier": ", by the Fourier transform of the whole session",
    "means": ", by means of each interval",
}


def cut_sessions(recordings: Sequence[Recording], cut: WindowsConfig) -> Windows:
    """Give the windows of recordings as the options say; the errors are those of `cut_windows`."""
    lines = []
    if cut.rate_hz is not None:
        lines.append(resampling_line(recordings, cut.rate_hz) + HOW[cut.resampling])
        recordings = [
            resample_recording(r, rate_hz=cut.rate_hz, method=cut.resampling) for r in recordings
        ]
    if cut.scaling == "person":
        lines.append("scaled to 0..1 by each person's smallest and largest labelled reading")
        recordings = scaled_by_person(recordings)
    make = _cut_joined if cut.joined else cut_windows
    windows = make(recordings, length_s=cut.length_s, stride_s=cut.stride_s)
    return replace(windows, provenance=(*lines, *windows.provenance))


def scaled_by_person(recordings: Sequence[Recording]) -> list[Recording]:
    """Give recordings with every channel from 0 to 1 over a person's labelled readings, unit "1".

    A person without a name is a recording. Readings outside of labelled stretches may lie outside of
    0..1. A channel that never moves becomes 0. DataError where a person has no labelled reading.
    """
    scaled = []
    for recording in recordings:
        mine = [r for r in recordings if _who(r) == _who(recording)]
        signals = {name: _scaled(name, s, mine) for name, s in recording.signals.items()}
        scaled.append(replace(recording, signals=signals))
    return scaled


def _who(recording: Recording) -> tuple[bool, str]:
    return recording.subject is None, recording.subject or recording.name


def _scaled(name: str, signal: Signal, mine: Sequence[Recording]) -> Signal:
    parts = [of.signals[name].values[labels_of(of, of.signals[name]) >= 0] for of in mine]
    readings = np.concatenate(parts)
    if not np.isfinite(readings).all(axis=1).any():
        raise DataError(f"{mine[0].name!r} has no labelled reading of {name!r} to scale by.")
    low, high = np.nanmin(readings, axis=0), np.nanmax(readings, axis=0)
    values = (signal.values - low) / np.where(high > low, high - low, 1)
    channels = tuple(Channel(channel.name, "1") for channel in signal.channels)
    return replace(signal, values=values.astype(np.float32), channels=channels)


def labels_of(recording: Recording, signal: Signal) -> IntArray:
    """Give the index of the span that each reading lies in, (time,); -1 in none and in gaps."""
    times_s = signal.start_s + np.arange(len(signal.values)) / signal.rate_hz
    times_s += READING_TOLERANCE / signal.rate_hz
    place = np.full(len(times_s), -1, dtype=np.int64)
    for index, span in enumerate(recording.spans):
        place[(times_s >= span.start_s) & (times_s < span.end_s)] = index
    for gap in recording.gaps:
        place[(times_s >= gap.start_s) & (times_s < gap.end_s)] = -1
    return place


def _cut_joined(recordings: Sequence[Recording], *, length_s: float, stride_s: float) -> Windows:
    """Give windows of each recording's labelled stretches, joined end to end.

    A window may hold the end of one stretch and the start of the next; its label is the commonest of
    its readings, of equal ones the first of the classes. DataError where signals have different rates.
    """
    classes = tuple(dict.fromkeys(span.label for r in recordings for span in r.spans))
    parts = []
    for recording in recordings:
        joined, label = _join(recording, classes)
        if len(label) >= length_s * _rate_hz(recording):
            windows = cut_windows([joined], length_s=length_s, stride_s=stride_s)
            parts.append(_labelled(windows, label, classes, _rate_hz(recording)))
    if not parts:
        raise DataError(f"no recording has {length_s:g} s of labelled stretches. Lower length_s.")
    line = (
        f"cut into windows of {length_s:g} s every {stride_s:g} s from labelled stretches joined end "
        f"to end, {len(recordings)} recording(s)"
    )
    return replace(concat(parts), provenance=(line,))


def _rate_hz(recording: Recording) -> float:
    rates = {signal.rate_hz for signal in recording.signals.values()}
    if len(rates) > 1:
        shown = ", ".join(f"{rate:g}" for rate in sorted(rates))
        raise DataError(
            f"{recording.name!r} has signals at {shown} Hz: stretches are joined at one rate only. "
            "Give a rate to resample all to, such as --rate-hz 1."
        )
    return rates.pop()


def _join(recording: Recording, classes: tuple[str, ...]) -> tuple[Recording, IntArray]:
    """Give a recording of the labelled readings alone, and the class of each, (time,)."""
    rate_hz = _rate_hz(recording)
    cut = _together(recording)
    first = next(iter(cut.values()))
    place = labels_of(recording, first)
    kept = place >= 0
    index = np.array([classes.index(span.label) for span in recording.spans], dtype=np.int64)
    signals = {n: replace(s, values=s.values[kept], start_s=0.0) for n, s in cut.items()}
    span = Span(0.0, max(int(kept.sum()), 1) / rate_hz, JOINED)
    return replace(recording, signals=signals, spans=(span,), gaps=()), index[place[kept]]


def _together(recording: Recording) -> dict[str, Signal]:
    """Give all signals from the latest start to the earliest end, reading beside reading."""
    signals, rate_hz = recording.signals, _rate_hz(recording)
    start_s = max(signal.start_s for signal in signals.values())
    firsts = {n: round((start_s - s.start_s) * rate_hz) for n, s in signals.items()}
    count = min(len(s.values) - firsts[n] for n, s in signals.items())
    return {
        n: replace(s, values=s.values[firsts[n] : firsts[n] + max(0, count)], start_s=start_s)
        for n, s in signals.items()
    }


def _labelled(
    windows: Windows, label: IntArray, classes: tuple[str, ...], rate_hz: float
) -> Windows:
    """Give windows of joined stretches their commonest class; they start on the clock of joined readings."""
    readings = next(iter(windows.signals.values())).values.shape[1]
    first = np.round(windows.start_s * rate_hz).astype(int)
    counts = np.stack(
        [np.bincount(label[at : at + readings], minlength=len(classes)) for at in first]
    )
    return replace(windows, label=counts.argmax(axis=1).astype(np.int64), classes=classes)
