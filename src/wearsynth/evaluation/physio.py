"""What a heart and a skin do, from a wristband's native rates, by NeuroKit2 (the extra `physio`)."""

import importlib
import importlib.util
import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wearsynth.data import FloatArray, IntArray, SignalWindows, Windows
from wearsynth.evaluation.physics import rows_of, score_of, tabulate
from wearsynth.evaluation.quantities import Quantity, plain
from wearsynth.evaluation.reference import Measured, pick, scored
from wearsynth.evaluation.scores import Score
from wearsynth.evaluation.trial import Trial
from wearsynth.features import Float64Array

log = logging.getLogger(__name__)

PULSE_HZ = 32.0
"""Slower blood volume pulse has no beats that could be timed."""

SKIN_HZ = 4.0
RATE_S, SUCCESSIVE_S, INTERVALS_S, SKIN_S = 10.0, 30.0, 60.0, 30.0
"""Windows at least so long have a heart rate, an RMSSD, an SDNN, responses of the skin."""

BEAT_S = (0.25, 0.5)
"""A beat is cut from so long before its peak until so long after it."""

BEAT_READINGS = 32
INTERVAL_S = (0.3, 2.0)
"""Intervals of 30 to 200 beats a minute; others come from lost or doubled beats."""

RESPONSE_US = 0.02
WINDOWS = 100
"""About so many windows of the synthetic set and of each draw, twice as many of the holdout."""

QUICK = "left out of a quick evaluation: it takes about 20 CPU s"
INSTALL = "needs NeuroKit2: pip install 'wearsynth[physio]'"


@dataclass(frozen=True)
class Organs:
    """The signals by name that have a pulse, and those that have skin conductance."""

    pulse: tuple[str, ...]
    skin: tuple[str, ...]

    @classmethod
    def of(cls, windows: Windows) -> "Organs":
        """Give those of one channel: a.u. at 32 Hz or more called bvp or ppg, uS at 4 Hz or more."""
        alone = {n: s for n, s in windows.signals.items() if len(s.channels) == 1}
        pulse = [
            name
            for name, signal in alone.items()
            if signal.rate_hz >= PULSE_HZ and _is_pulse(name, signal)
        ]
        skin = [
            name
            for name, signal in alone.items()
            if signal.rate_hz >= SKIN_HZ and signal.channels[0].unit == "uS"
        ]
        return cls(tuple(pulse), tuple(skin))


def _is_pulse(name: str, signal: SignalWindows) -> bool:
    words = f"{name} {signal.channels[0].name}".lower()
    return signal.channels[0].unit in {"a.u.", "1"} and ("bvp" in words or "ppg" in words)


def physio_scores(trial: Trial, *, quick: bool) -> tuple[Score, ...]:
    """Give the scores heartbeat and skin_conductance, where there are signals that have them.

    Costs 10 to 20 CPU ms a window, and 2 CPU s where NeuroKit2 is loaded first; left out if quick.
    """
    organs = Organs.of(trial.holdout)
    kinds = {"heartbeat": organs.pulse, "skin_conductance": organs.skin}
    figures = [figure for figure, names in kinds.items() if names]
    if not figures:
        return ()
    if importlib.util.find_spec("neurokit2") is None:
        return tuple(_none(figure, INSTALL) for figure in figures)
    if quick:
        return tuple(_none(figure, QUICK) for figure in figures)
    log.info("evaluate: hearts and skin by NeuroKit2, about %d windows a set: some 20 s", WINDOWS)
    rows = rows_of(trial, most=min(WINDOWS, len(trial.synthetic)))
    rows = replace(rows, holdout=_some(trial, 2 * WINDOWS))
    beats = _mean_beats(trial.holdout.select(rows.holdout), organs)
    tables = tabulate(trial, rows, lambda windows: _quantities(windows, organs, beats))
    return tuple(
        _noted(score_of(f, trial, tables, _too_short(f)), trial, kinds[f]) for f in figures
    )


def _none(figure: str, note: str) -> Score:
    return scored(figure, Measured(None, 0.0, note=note), limits=(0.0, np.inf))


def _too_short(figure: str) -> str:
    need_s = RATE_S if figure == "heartbeat" else SKIN_S
    return f"needs windows of {need_s:g} s or more in which it is found"


def _noted(score: Score, trial: Trial, names: Sequence[str]) -> Score:
    """Give the score with a word on what its windows are too short for."""
    length_s = min(trial.holdout.signals[name].length_s for name in names)
    needs = {"RMSSD": SUCCESSIVE_S, "SDNN": INTERVALS_S} if score.name == "heartbeat" else {}
    lost = [f"{what} ({least_s:g} s)" for what, least_s in needs.items() if length_s < least_s]
    if score.value is None or not lost:
        return score
    short = f"windows of {length_s:g} s are too short for {' and '.join(lost)}"
    return replace(score, note="; ".join(filter(None, (score.note, short))))


def _some(trial: Trial, most: int) -> IntArray:
    """Give about `most` windows of the holdout, of each class the same share."""
    label = trial.holdout.label
    counts = np.bincount(label, minlength=len(trial.classes))
    share = min(1.0, most / len(label))
    numbers = np.ceil(counts * share).astype(np.int64)
    return np.sort(pick(label, numbers, np.random.default_rng(trial.seed)))


@dataclass(frozen=True, eq=False)
class Heart:
    """One window's pulse: rate in beats a minute, RMSSD and SDNN in ms, mean beat; NaN where none."""

    rate_bpm: float
    rmssd_ms: float
    sdnn_ms: float
    beat: Float64Array


def heart_of(pulse: FloatArray, rate_hz: float) -> Heart:
    """Give what one window's pulse (time,) shows; fewer than 5 good intervals show nothing."""
    nothing = Heart(np.nan, np.nan, np.nan, np.full(BEAT_READINGS, np.nan))
    length_s = len(pulse) / rate_hz
    if length_s < RATE_S or np.ptp(pulse) == 0:
        return nothing
    nk = _neurokit()
    clean = np.asarray(nk.ppg_clean(pulse.astype(np.float64), sampling_rate=rate_hz))
    peaks = np.asarray(nk.ppg_findpeaks(clean, sampling_rate=rate_hz)["PPG_Peaks"])
    peaks = peaks[np.isfinite(peaks)].astype(np.int64)
    intervals = np.diff(peaks) / rate_hz
    good = (intervals >= INTERVAL_S[0]) & (intervals <= INTERVAL_S[1])
    if good.sum() < 5:
        return nothing
    steps = np.diff(intervals)[good[1:] & good[:-1]]  # a change needs two good neighbours
    rmssd = 1e3 * np.sqrt((steps**2).mean()) if len(steps) >= 5 else np.nan
    return Heart(
        60 / float(np.median(intervals[good])),
        float(rmssd) if length_s >= SUCCESSIVE_S else np.nan,
        1e3 * float(intervals[good].std()) if length_s >= INTERVALS_S else np.nan,
        mean_beat(clean, peaks, rate_hz),
    )


def mean_beat(pulse: Float64Array, peaks: IntArray, rate_hz: float) -> Float64Array:
    """Give the mean beat around the peaks, mean 0 and sd 1, (BEAT_READINGS,); NaN where none fits."""
    before, after = (round(part * rate_hz) for part in BEAT_S)
    whole = peaks[(peaks >= before) & (peaks + after < len(pulse))]
    if not len(whole):
        return np.full(BEAT_READINGS, np.nan)
    beat = pulse[whole[:, None] + np.arange(-before, after + 1)].mean(axis=0)
    even = np.interp(
        np.linspace(-before, after, BEAT_READINGS), np.arange(-before, after + 1), beat
    )
    return np.asarray((even - even.mean()) / max(float(even.std()), 1e-12))


def _mean_beats(windows: Windows, organs: Organs) -> dict[str, Float64Array]:
    """Give each pulse's mean beat over windows, (BEAT_READINGS,); 0 where there is none."""
    means = {}
    for name in organs.pulse:
        signal = windows.signals[name]
        beats = np.array([heart_of(one[:, 0], signal.rate_hz).beat for one in signal.values])
        known = beats[np.isfinite(beats).all(axis=1)]
        means[name] = known.mean(axis=0) if len(known) else np.zeros(BEAT_READINGS)
    return means


def _quantities(windows: Windows, organs: Organs, beats: dict[str, Float64Array]) -> list[Quantity]:
    quantities: list[Quantity] = []
    for name in organs.pulse:
        quantities += _of_pulse(name, windows.signals[name], beats[name])
    for name in organs.skin:
        quantities += _of_skin(name, windows.signals[name])
    return quantities


def _of_pulse(name: str, signal: SignalWindows, usual: Float64Array) -> list[Quantity]:
    if signal.length_s < RATE_S:
        return []
    hearts = [heart_of(one[:, 0], signal.rate_hz) for one in signal.values]
    rate = np.array([heart.rate_bpm for heart in hearts])
    rmssd = np.array([heart.rmssd_ms for heart in hearts])
    sdnn = np.array([heart.sdnn_ms for heart in hearts])
    alike = np.array([_correlation(heart.beat, usual) for heart in hearts])
    found = np.isfinite(rate).astype(np.float64)
    return [
        plain("heartbeat", f"{name} heart rate", "beats a minute", rate, least=1.0),
        plain("heartbeat", f"{name} RMSSD", "ms", rmssd, least=5.0),
        plain("heartbeat", f"{name} SDNN", "ms", sdnn, least=5.0),
        plain("heartbeat", f"{name} beat shape", "(1: the mean beat)", alike, least=0.02),
        plain("heartbeat", f"{name} beats found", "of windows", found, least=0.05),
    ]


def _correlation(beat: Float64Array, usual: Float64Array) -> float:
    """Give the correlation with the usual beat; NaN where either is none."""
    size = float(np.sqrt((beat**2).sum() * (usual**2).sum()))
    return float((beat * usual).sum() / size) if size > 0 else float("nan")


def _of_skin(name: str, signal: SignalWindows) -> list[Quantity]:
    both = np.array([skin_of(one[:, 0], signal.rate_hz) for one in signal.values]).reshape(-1, 2)
    return [
        plain("skin_conductance", f"{name} responses", "a minute", both[:, 0], least=0.5),
        plain("skin_conductance", f"{name} tonic slope", "uS/min", both[:, 1], least=0.02),
    ]


def skin_of(conductance: FloatArray, rate_hz: float) -> tuple[float, float]:
    """Give one window's responses a minute and slope of the tonic part in uS a minute; NaN if short."""
    minutes = len(conductance) / rate_hz / 60
    if minutes * 60 < SKIN_S:
        return float("nan"), float("nan")
    if np.ptp(conductance) == 0:
        return 0.0, 0.0
    nk = _neurokit()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # at 4 Hz it tells each time that it does not smooth
        parts = nk.eda_phasic(conductance.astype(np.float64), sampling_rate=rate_hz)
    phasic, tonic = (np.asarray(parts[f"EDA_{part}"]) for part in ("Phasic", "Tonic"))
    slope = float(np.polyfit(np.linspace(0, minutes, len(tonic)), tonic, 1)[0])
    return _responses(nk, phasic, rate_hz) / minutes, slope


def _responses(nk: Any, phasic: Float64Array, rate_hz: float) -> int:
    """Give how often the phasic part rises by RESPONSE_US or more to a peak."""
    found = nk.eda_findpeaks(phasic, sampling_rate=rate_hz, amplitude_min=0.0)
    onsets, peaks = (
        np.asarray(found[key], dtype=np.float64) for key in ("SCR_Onsets", "SCR_Peaks")
    )
    known = np.isfinite(onsets) & np.isfinite(peaks)
    rise = phasic[peaks[known].astype(np.int64)] - phasic[onsets[known].astype(np.int64)]
    return int((rise >= RESPONSE_US).sum())


def _neurokit() -> Any:
    """Give NeuroKit2; it takes 2 s to load, so only where it is used."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports what SciPy is about to drop
        return importlib.import_module("neurokit2")
