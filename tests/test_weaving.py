"""Windows of several classes woven into one recording: levels that drift, beats and motion that go on."""

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from wearsynth.continuing import Clock
from wearsynth.data import Channel, FloatArray, SignalWindows
from wearsynth.errors import DataError
from wearsynth.weaving import CLASS_S, DRIFT_S, Draw, Joint, woven

Array = NDArray[np.float64]
STEPS, RATE_HZ, FOLD = 80, 2.0, 16
CLOCK = Clock(STEPS, RATE_HZ, knows_people=True)
BEAT_HZ = 1.2
LEVELS, SKIN = {"rest": 30.0, "stress": 34.0}, {"rest": 0.0, "stress": 3.0}


def signal(values: Array, rate_hz: float, unit: str) -> SignalWindows:
    return SignalWindows(values[:, :, None].astype(np.float32), rate_hz, (Channel("x", unit),))


def person(name: str, count: int, number: int) -> Mapping[str, SignalWindows]:
    """Windows of 40 s: a pulse of any phase at 32 Hz, temperature and skin about a class's level."""
    rng = np.random.default_rng([number, len(name)])
    phase = rng.uniform(0, 2 * np.pi, (count, 1))
    pulse = 30 * np.sin(2 * np.pi * BEAT_HZ * np.arange(STEPS * FOLD) / (RATE_HZ * FOLD) + phase)
    trend = rng.normal(0, 0.0003, (count, 1)) * np.arange(STEPS)
    off = rng.normal(0, 0.5, (count, 1)) + trend
    return {
        "bvp": signal(pulse, RATE_HZ * FOLD, "a.u."),
        "temp": signal(LEVELS[name] + off, RATE_HZ, "degC"),
        "eda": signal(np.exp(SKIN[name] + off), RATE_HZ, "uS"),
    }


def made(
    plan: list[tuple[str, int]], draw: Draw = person, clock: Clock = CLOCK
) -> tuple[dict[str, FloatArray], list[Joint]]:
    found = list(woven(draw, plan, clock, seed=0))
    names = found[0][0]
    whole = {name: np.concatenate([of[name] for of, _ in found])[:, 0] for name in names}
    return whole, [joint for _, joint in found]


def test_classes_change_in_the_middle_of_an_overlap() -> None:
    _, joints = made([("rest", 400), ("stress", 300), ("rest", 100)])
    changes = [joint.step + joint.overlap // 2 for joint in joints if joint.changes]
    assert changes == [400, 700]
    assert joints[-1].step >= 800
    assert len(joints) > 12


def test_a_pulse_beats_on_across_every_joint() -> None:
    whole, joints = made([("rest", 1600), ("stress", 1600)])
    pulse = whole["bvp"].astype(np.float64)
    up = np.flatnonzero((pulse[:-1] < 0) & (pulse[1:] >= 0)).astype(np.float64)
    up += pulse[up.astype(int)] / (pulse[up.astype(int)] - pulse[up.astype(int) + 1])
    intervals = np.diff(up) / (RATE_HZ * FOLD)
    assert len(joints) > 40
    assert np.abs(intervals * BEAT_HZ - 1).max() < 0.06
    # windows end to end, as they are drawn, break the beat
    plain = person("rest", 50, 0)["bvp"].values[:, :, 0].reshape(-1)
    crossed = np.flatnonzero((plain[:-1] < 0) & (plain[1:] >= 0))
    assert np.abs(np.diff(crossed) / (RATE_HZ * FOLD) * BEAT_HZ - 1).max() > 0.3


@pytest.mark.parametrize("name", ["temp", "eda"])
def test_levels_have_no_jump_however_far_those_of_windows_lie_apart(name: str) -> None:
    whole, _ = made([("rest", 1600), ("stress", 1600), ("rest", 1600)])
    values = np.log(whole[name] + 0.05) if name == "eda" else whole[name]
    drawn = person("rest", 50, 0)[name].values
    assert np.abs(np.diff(drawn.mean(axis=1)[:, 0])).max() > 0.8  # of neighbours as they are drawn
    assert np.abs(np.diff(values)).max() < 0.03


def test_a_level_goes_to_that_of_the_class_over_minutes() -> None:
    whole, _ = made([("rest", 4800), ("stress", 12000)])
    temp = whole["temp"]
    assert temp[4000:4700].mean() == pytest.approx(30, abs=1)
    at_change, later = temp[4800], temp[4800 + round(DRIFT_S["degC"] * RATE_HZ)]
    assert at_change < 31
    assert 31.5 < later < 34
    assert temp[-3000:].mean() == pytest.approx(34, abs=1)


def test_skin_conductance_rises_with_its_class_sooner_than_it_loses_a_level_of_its_own() -> None:
    skin = np.log(made([("rest", 4800), ("stress", 12000)])[0]["eda"])
    later = 4800 + round(2 * CLASS_S * RATE_HZ)
    assert skin[4000:4700].mean() == pytest.approx(0, abs=1)
    assert skin[4800] < 1 and skin[later] > 2  # 3 less what is left of it, exp(-2)
    assert 3 * (1 - np.exp(-2 * CLASS_S / DRIFT_S["uS"])) < 1.5  # by the wander alone


def test_windows_of_many_people_are_kept_to_one_level() -> None:
    def anybody(name: str, count: int, number: int) -> Mapping[str, SignalWindows]:
        level = np.random.default_rng([number, 7]).normal(30, 3, (count, 1))
        return {"temp": signal(level + np.zeros(STEPS), RATE_HZ, "degC")}

    spread = []
    for knows in (True, False):
        temp = made([("rest", 20000)], anybody, Clock(STEPS, RATE_HZ, knows))[0]["temp"]
        spread.append(float(temp.std()))
    assert spread[1] < 0.6 * spread[0]


def test_windows_too_short_to_be_joined() -> None:
    with pytest.raises(DataError, match=r"^windows of 2 step\(s\) on the clock .* 3 are needed"):
        next(woven(person, [("rest", 100)], Clock(2, 1.0, knows_people=True), seed=0))
