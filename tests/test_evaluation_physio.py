"""Hearts and skin: made signals of known rate, damage that must be seen, and what stops a measurement."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from wearsynth.data import Windows, windows_from_arrays
from wearsynth.evaluation import EFFORT, Score
from wearsynth.evaluation.physio import Organs, heart_of, mean_beat, physio_scores, skin_of
from wearsynth.evaluation.trial import prepare

needs_neurokit = pytest.mark.skipif(
    importlib.util.find_spec("neurokit2") is None, reason="needs the extra physio (NeuroKit2)"
)
PULSE_HZ, SKIN_HZ = 64.0, 4.0


def pulse(bpm: float, length_s: float, seed: int = 0, jitter_s: float = 0.02) -> np.ndarray:
    """Give a pulse wave, (time,): a steep rise, a slower fall with a notch, at jittered beats."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(length_s * PULSE_HZ)) / PULSE_HZ
    wave = np.zeros(len(time))
    for at in np.arange(0.3, length_s, 60 / bpm):
        since = time - at - rng.normal(0, jitter_s)
        wave += np.exp(-0.5 * (since / 0.08) ** 2) + 0.4 * np.exp(
            -0.5 * ((since - 0.25) / 0.09) ** 2
        )
    return (100 * wave + rng.normal(0, 1, len(time))).astype(np.float32)


def conductance(responses: int, length_s: float, slope: float = 0.0) -> np.ndarray:
    """Give skin conductance in uS, (time,), with so many responses of .3 uS, and a slope a minute."""
    time = np.arange(round(length_s * SKIN_HZ)) / SKIN_HZ
    level = 2 + slope * time / 60
    for at in (np.arange(responses) + 0.3) * length_s / max(responses, 1):
        since = np.maximum(time - at, 0)
        level = level + 0.9 * (np.exp(-since / 4) - np.exp(-since / 1.2))
    return level.astype(np.float32)


def wristbands(people: int, seed: int, *, bpm: float = 70.0, length_s: float = 30.0) -> Windows:
    """Give 4 windows of each person: a heart of about `bpm`, and a few responses of the skin."""
    rng = np.random.default_rng(seed)
    rates = np.repeat(rng.normal(bpm, 4, people), 4)
    hearts = [pulse(rate, length_s, seed=1000 * seed + i) for i, rate in enumerate(rates)]
    skins = [conductance(int(rng.integers(1, 4)), length_s) for _ in rates]
    return windows_from_arrays(
        {
            "bvp": (np.array(hearts)[:, :, None], PULSE_HZ, (("bvp", "a.u."),)),
            "eda": (np.array(skins)[:, :, None], SKIN_HZ, (("eda", "uS"),)),
        },
        ["rest"] * len(rates),
        subject=[f"s{seed}-{i // 4}" for i in range(len(rates))],
    )


def judged(synthetic: Windows, *, length_s: float = 30.0) -> dict[str, Score]:
    real = [wristbands(8, seed, length_s=length_s) for seed in (1, 2)]
    made = replace(synthetic, synthetic=np.ones(len(synthetic), dtype=np.bool_))
    given = {"synthetic": made, "train": real[0], "holdout": real[1]}
    trial = prepare(given, EFFORT[True], seed=0)
    return {score.name: score for score in physio_scores(trial, quick=False)}


def with_signal(windows: Windows, name: str, values: np.ndarray) -> Windows:
    changed = replace(windows.signals[name], values=values.astype(np.float32))
    return replace(windows, signals={**windows.signals, name: changed})


@needs_neurokit
@pytest.mark.parametrize("bpm", [50.0, 72.0, 120.0])
def test_a_heart_by_hand(bpm: float) -> None:
    heart = heart_of(pulse(bpm, 60.0, jitter_s=0.0), PULSE_HZ)
    assert heart.rate_bpm == pytest.approx(bpm, rel=0.03)
    assert heart.rmssd_ms < 20 and heart.sdnn_ms < 20  # a reading is 16 ms
    restless = heart_of(pulse(bpm, 60.0, jitter_s=0.05), PULSE_HZ)
    assert restless.rmssd_ms > 50


@needs_neurokit
def test_short_and_flat_windows_have_no_heart() -> None:
    short = heart_of(pulse(70, 20.0), PULSE_HZ)
    assert np.isfinite(short.rate_bpm) and np.isnan(short.rmssd_ms)
    assert np.isnan(heart_of(pulse(70, 30.0), PULSE_HZ).sdnn_ms)
    assert np.isnan(heart_of(pulse(70, 5.0), PULSE_HZ).rate_bpm)
    assert np.isnan(heart_of(np.zeros(64 * 60, dtype=np.float32), PULSE_HZ).rate_bpm)


def test_a_mean_beat_by_hand() -> None:
    wave = np.tile(np.r_[np.zeros(40), 1.0, np.zeros(59)], 4)
    beat = mean_beat(wave, np.array([40, 140, 240, 340]), 64.0)
    assert beat.argmax() == 10  # the peak stands a third of the way
    assert (beat.mean(), beat.std()) == (pytest.approx(0.0, abs=1e-9), pytest.approx(1.0))
    assert np.isnan(mean_beat(wave, np.array([2]), 64.0)).all()


@needs_neurokit
def test_skin_by_hand() -> None:
    responses, slope = skin_of(conductance(4, 60.0), SKIN_HZ)
    assert responses == pytest.approx(4, abs=1)
    assert skin_of(conductance(0, 60.0, slope=0.5), SKIN_HZ)[1] == pytest.approx(0.5, abs=0.15)
    assert slope < 0.5
    assert skin_of(np.full(240, 2.0, dtype=np.float32), SKIN_HZ) == (0.0, 0.0)
    assert np.isnan(skin_of(conductance(1, 10.0), SKIN_HZ)).all()


@needs_neurokit
def test_other_people_are_alike_and_damage_is_seen() -> None:
    others = wristbands(8, 3)
    same = judged(others)
    assert {score.verdict for score in same.values()} <= {"ok", "weak"}
    assert "30 s are too short for SDNN (60 s)" in same["heartbeat"].note
    faster = judged(wristbands(8, 3, bpm=110.0))["heartbeat"]
    rate = next(part for part in faster.parts if part.signal == "bvp heart rate")
    assert faster.verdict == "bad" and rate.excess is not None and rate.excess > 3
    assert "most off: bvp " in faster.note
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 30, others.signals["bvp"].values.shape)
    assert judged(with_signal(others, "bvp", noise))["heartbeat"].verdict == "bad"
    backwards = others.signals["bvp"].values[:, ::-1]
    parts = judged(with_signal(others, "bvp", backwards))["heartbeat"].parts
    shape = next(part for part in parts if part.signal == "bvp beat shape")
    assert shape.excess is not None and shape.excess > 3
    level = others.signals["eda"].values.mean(axis=1, keepdims=True)
    flat = np.broadcast_to(level, others.signals["eda"].values.shape)
    assert judged(with_signal(others, "eda", flat))["skin_conductance"].verdict == "bad"


def test_without_the_extra_a_note_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    scores = judged(wristbands(3, 3))
    assert set(scores) == {"heartbeat", "skin_conductance"}
    for score in scores.values():
        assert (score.value, score.verdict) == (None, "not measured")
        assert "pip install 'wearsynth[physio]'" in score.note


@needs_neurokit
def test_windows_that_are_too_short_say_so() -> None:
    real = [wristbands(6, seed, length_s=8.0) for seed in (1, 2, 3)]
    made = replace(real[2], synthetic=np.ones(len(real[2]), dtype=np.bool_))
    trial = prepare({"synthetic": made, "train": real[0], "holdout": real[1]}, EFFORT[True], seed=0)
    notes = {score.name: score.note for score in physio_scores(trial, quick=False)}
    assert "10 s or more" in notes["heartbeat"] and "30 s or more" in notes["skin_conductance"]


def test_only_signals_of_hearts_and_skin_at_their_rates_count() -> None:
    assert Organs.of(wristbands(1, 0)) == Organs(("bvp",), ("eda",))
    slow = {
        "bvp": (np.zeros((2, 60, 1)), 1.0, (("bvp", "a.u."),)),
        "eda": (np.zeros((2, 60, 1)), 1.0, (("eda", "uS"),)),
        "other": (np.zeros((2, 640, 1)), 64.0, (("light", "a.u."),)),
    }
    windows = windows_from_arrays(slow, ["a", "a"])
    assert Organs.of(windows) == Organs((), ())


E4 = Path(__file__).parents[2] / "shared" / "data" / "e4_stress" / "e4_stress_native.npz"


@needs_neurokit
@pytest.mark.skipif(not E4.is_file(), reason="needs ../shared/data/e4_stress")
def test_real_heart_rates_are_those_the_wristband_told() -> None:
    with np.load(E4) as stored:
        pulse_of, told = stored["S02/BVP"], stored["S02/HR"]
    apart = []
    for start_s in range(30, 630, 60):
        heart = heart_of(pulse_of[64 * start_s : 64 * (start_s + 60)].astype(np.float32), PULSE_HZ)
        of_band = np.median(told[start_s - 10 : start_s + 50])  # its first reading is 10 s late
        apart.append(abs(heart.rate_bpm - of_band))
    assert np.median(apart) < 12  # the wristband averages over 10 s and drops beats that moved
