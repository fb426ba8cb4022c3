"""Recordings to labelled windows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import (
    FloatArray,
    IntArray,
    Recording,
    Signal,
    SignalWindows,
    Span,
    StrArray,
    Windows,
)
from wearsynth.errors import DataError
from wearsynth.resampling import resample_recording

READING_TOLERANCE = 1e-6
"""Times closer to a reading than this share of a step count as on it (floating point)."""

FloatTimes = NDArray[np.float64]


def cut_windows(
    recordings: Sequence[Recording],
    *,
    length_s: float,
    stride_s: float,
    rate_hz: float | None = None,
) -> Windows:
    """Give windows of length_s seconds, one every stride_s, from the recordings' labelled spans.

    A window lies inside one span, one recording and the time that all signals cover, and touches no
    gap and no NaN. All signals are cut at the same start times, each at its own rate: the first
    start of a clear stretch is on a reading of the slowest signal, and every other reading is the
    nearest one. rate_hz resamples every signal first (with an anti-alias filter); nothing is
    resampled without it. Classes stand in the order of their first appearance. Windows have the
    covariates of all recordings, NaN where their own lacks one. DataError where recordings differ in
    signals or rates, or no window fits.
    """
    recordings = tuple(recordings)
    _check_lengths(length_s, stride_s)
    lines = []
    if rate_hz is not None:
        lines.append(resampling_line(recordings, rate_hz))
        recordings = tuple(resample_recording(r, rate_hz=rate_hz) for r in recordings)
    _check_alike(recordings)
    cut = _Cut.of(recordings[0], length_s, stride_s)
    parts = [_cut_recording(recording, cut) for recording in recordings]
    if not any(len(part.start_s) for part in parts):
        raise DataError(_why_none(recordings, length_s))
    count = len(recordings)
    lines.append(f"cut into windows of {length_s:g} s every {stride_s:g} s, {count} recording(s)")
    return _join(recordings, parts, tuple(lines + _losses(recordings, parts)))


@dataclass(frozen=True)
class _Cut:
    """How to cut: the wanted seconds, and per signal the readings in a window."""

    length_s: float
    stride_s: float
    readings: Mapping[str, int]
    slowest: str

    @classmethod
    def of(cls, recording: Recording, length_s: float, stride_s: float) -> "_Cut":
        rates = {name: signal.rate_hz for name, signal in recording.signals.items()}
        for name, rate_hz in rates.items():
            if round(length_s * rate_hz) < 1:
                raise DataError(f"a window of {length_s:g} s holds no reading of {name!r}.")
        fastest_hz = max(rates.values())
        if stride_s * fastest_hz < 1 - READING_TOLERANCE:
            raise DataError(f"stride_s must be at least one reading ({1 / fastest_hz:g} s).")
        readings = {name: round(length_s * rate) for name, rate in rates.items()}
        return cls(length_s, stride_s, readings, min(rates, key=lambda name: rates[name]))


@dataclass(frozen=True, eq=False)
class _Part:
    """The windows of one recording: values by signal (window, time, channel), starts, span labels."""

    values: Mapping[str, FloatArray]
    start_s: FloatTimes
    label: tuple[str, ...]
    nan_windows: int


def _cut_recording(recording: Recording, cut: _Cut) -> _Part:
    starts: list[FloatTimes] = [np.zeros(0)]
    labels: list[str] = []
    for span in recording.spans:
        for start_s, end_s in _clear_stretches(recording, span):
            starts.append(_starts(recording, cut, start_s, end_s))
            labels += [span.label] * len(starts[-1])
    times_s = np.concatenate(starts)
    whole: NDArray[np.bool_] = np.full(len(times_s), True)
    for name, signal in recording.signals.items():
        whole &= _all_finite(signal, _nearest(signal, times_s), cut.readings[name])
    values = {
        name: _take(signal, _nearest(signal, times_s[whole]), cut.readings[name])
        for name, signal in recording.signals.items()
    }
    kept = tuple(label for label, keep in zip(labels, whole, strict=True) if keep)
    return _Part(values, times_s[whole], kept, int((~whole).sum()))


def _clear_stretches(recording: Recording, span: Span) -> list[tuple[float, float]]:
    """Give the stretches of a span that all signals cover and no gap touches."""
    signals = recording.signals.values()
    start_s = max(span.start_s, *(signal.start_s for signal in signals))
    end_s = min(span.end_s, *(signal.end_s for signal in signals))
    stretches = []
    for gap in sorted(recording.gaps, key=lambda gap: gap.start_s):
        if gap.end_s > start_s and gap.start_s < end_s:
            stretches.append((start_s, gap.start_s))
            start_s = gap.end_s
    stretches.append((start_s, end_s))
    return [(a, b) for a, b in stretches if a < b]


def _starts(recording: Recording, cut: _Cut, start_s: float, end_s: float) -> FloatTimes:
    """Give the start times of the windows that fit into one clear stretch."""
    signals = recording.signals
    inside = {name: _inside(signal, start_s, end_s) for name, signal in signals.items()}
    latest_s = max(
        signals[n].start_s + first / signals[n].rate_hz for n, (first, _) in inside.items()
    )
    slowest = signals[cut.slowest]
    first = _inside(slowest, latest_s, end_s)[0]
    first_s = slowest.start_s + first / slowest.rate_hz
    most = max(0, int((end_s - first_s) / cut.stride_s) + 2)
    times: FloatTimes = first_s + np.arange(most, dtype=np.float64) * cut.stride_s
    fits: NDArray[np.bool_] = times < end_s - READING_TOLERANCE / slowest.rate_hz
    for name, (begin, end) in inside.items():
        index = _nearest(signals[name], times)
        fits &= (index >= begin) & (index + cut.readings[name] <= end)
    return times[fits]


def _inside(signal: Signal, start_s: float, end_s: float) -> tuple[int, int]:
    """Give the range of readings with start_s <= time < end_s."""
    edges = (np.array([start_s, end_s]) - signal.start_s) * signal.rate_hz - READING_TOLERANCE
    first, end = np.clip(np.ceil(edges), 0, len(signal.values)).astype(int).tolist()
    return first, end


def _nearest(signal: Signal, times_s: FloatTimes) -> IntArray:
    position = (times_s - signal.start_s) * signal.rate_hz
    index: IntArray = np.floor(position + 0.5 + READING_TOLERANCE).astype(np.int64)
    return index


def _all_finite(signal: Signal, first: IntArray, readings: int) -> NDArray[np.bool_]:
    bad = ~np.isfinite(signal.values).all(axis=1)
    before = np.concatenate([[0], np.cumsum(bad)])
    clean: NDArray[np.bool_] = before[first + readings] == before[first]
    return clean


def _take(signal: Signal, first: IntArray, readings: int) -> FloatArray:
    if not len(first):
        return np.zeros((0, readings, signal.values.shape[1]), dtype=np.float32)
    views = np.lib.stride_tricks.sliding_window_view(signal.values, readings, axis=0)
    return np.ascontiguousarray(views[first].transpose(0, 2, 1))


def _join(
    recordings: Sequence[Recording], parts: Sequence[_Part], provenance: tuple[str, ...]
) -> Windows:
    labels = [label for part in parts for label in part.label]
    seen = set(labels)
    spans = (span.label for recording in recordings for span in recording.spans)
    classes = tuple(name for name in dict.fromkeys(spans) if name in seen)
    position = {name: index for index, name in enumerate(classes)}
    sizes = [len(part.start_s) for part in parts]
    return Windows(
        signals={
            name: SignalWindows(
                np.concatenate([part.values[name] for part in parts]),
                signal.rate_hz,
                signal.channels,
            )
            for name, signal in recordings[0].signals.items()
        },
        label=np.array([position[name] for name in labels], dtype=np.int64),
        classes=classes,
        subject=_repeat([recording.subject or "" for recording in recordings], sizes),
        recording=_repeat([recording.name for recording in recordings], sizes),
        start_s=np.concatenate([part.start_s for part in parts]),
        synthetic=np.repeat([recording.synthetic for recording in recordings], sizes),
        covariates=_covariates(recordings, sizes),
        provenance=provenance,
    )


def _repeat(names: list[str], sizes: list[int]) -> StrArray:
    return np.repeat(np.array(names, dtype=np.str_), sizes)


def _covariates(
    recordings: Sequence[Recording], sizes: list[int]
) -> dict[str, NDArray[np.float64]]:
    """Give each recording's covariates to its windows, name -> (window,), NaN where it lacks one."""
    names = dict.fromkeys(name for recording in recordings for name in recording.covariates)
    return {
        name: np.repeat([float(r.covariates.get(name, np.nan)) for r in recordings], sizes)
        for name in names
    }


def _check_lengths(length_s: float, stride_s: float) -> None:
    for name, value in (("length_s", length_s), ("stride_s", stride_s)):
        if not (np.isfinite(value) and value > 0):
            raise DataError(f"{name} must be above 0, got {value}.")


def _check_alike(recordings: Sequence[Recording]) -> None:
    if not recordings:
        raise DataError("there are no recordings to cut.")
    first = recordings[0]
    for other in recordings[1:]:
        if set(other.signals) != set(first.signals):
            raise DataError(
                f"recordings {first.name!r} and {other.name!r} hold different signals: "
                f"{', '.join(first.signals)} against {', '.join(other.signals)}. Cut them apart."
            )
        for name, signal in first.signals.items():
            _check_signals_alike(name, (first.name, signal), (other.name, other.signals[name]))


def _check_signals_alike(name: str, a: tuple[str, Signal], b: tuple[str, Signal]) -> None:
    if a[1].channels != b[1].channels:
        raise DataError(f"{name!r} has other channels or units in {a[0]!r} than in {b[0]!r}.")
    if not np.isclose(a[1].rate_hz, b[1].rate_hz, rtol=1e-6, atol=0):
        slower_hz = min(a[1].rate_hz, b[1].rate_hz)
        raise DataError(
            f"{name!r} has {a[1].rate_hz:g} Hz in {a[0]!r} and {b[1].rate_hz:g} Hz in {b[0]!r}. "
            f"Give one rate to resample all to, such as --rate-hz {slower_hz:g}."
        )


def _why_none(recordings: Sequence[Recording], length_s: float) -> str:
    spans = [(recording, span) for recording in recordings for span in recording.spans]
    longest = [
        (end_s - start_s, span.label, recording.name)
        for recording, span in spans
        for start_s, end_s in _clear_stretches(recording, span)
    ]
    if not longest:
        return "no recording has a labelled stretch with readings, so there is nothing to cut."
    best_s, label, name = max(longest)
    where = f"the longest labelled stretch without a gap is {best_s:g} s ({label!r} in {name!r})"
    if best_s >= length_s:
        return f"no window of {length_s:g} s is free of NaN, though {where}. Lower length_s."
    return f"no window of {length_s:g} s fits: {where}. Lower length_s to {best_s:g} or less."


def _losses(recordings: Sequence[Recording], parts: Sequence[_Part]) -> list[str]:
    """Give a line for what was left out: windows with NaN, classes too short for a window."""
    lines = []
    if kinds := {oddity.what for recording in recordings for oddity in recording.oddities}:
        lines.append(f"the source has oddities of {len(kinds)} kind(s), see data describe")
    if dropped := sum(part.nan_windows for part in parts):
        lines.append(f"left out {dropped} window(s) that hold NaN outside the known gaps")
    wanted = dict.fromkeys(span.label for recording in recordings for span in recording.spans)
    kept = {label for part in parts for label in part.label}
    if short := [name for name in wanted if name not in kept]:
        lines.append(f"no stretch of class {', '.join(short)} was long enough for a window")
    return lines


def resampling_line(recordings: Sequence[Recording], rate_hz: float) -> str:
    """Give the provenance line of recordings that are resampled."""
    rates = sorted({s.rate_hz for recording in recordings for s in recording.signals.values()})
    return f"resampled from {', '.join(f'{rate:g}' for rate in rates)} Hz to {rate_hz:g} Hz"
