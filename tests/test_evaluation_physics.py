"""What sensors and bodies do: by hand, and damage that each score must see or must not."""

import re
from dataclasses import replace

import numpy as np
import pytest

from toy import CLASSES, people, toy_windows
from wearsynth.data import Channel, SignalWindows, Windows, windows_from_arrays
from wearsynth.evaluation import EFFORT, Score
from wearsynth.evaluation.physics import physics_scores
from wearsynth.evaluation.physics_acc import acc_quantities, axes_of
from wearsynth.evaluation.physics_any import any_quantities, ranges_of, step_of
from wearsynth.evaluation.quantities import Table, compare, plain, told, units_of
from wearsynth.evaluation.trial import prepare

RNG = np.random.default_rng(0)
ACC = (("acc_x", "g"), ("acc_y", "g"), ("acc_z", "g"))
RATE_HZ = 32.0
TIME_S = np.arange(320) / RATE_HZ


def upright(windows: Windows) -> Windows:
    """Give the windows with a gravity of 1 g, but for 2 % that each person's sensor is off."""
    acc = windows.signals["acc"]
    names, person = np.unique(windows.subject, return_inverse=True)
    wanted = np.random.default_rng(1).normal(1.0, 0.02, len(names))[person]
    level = acc.values.mean(axis=1, keepdims=True)
    length = np.linalg.norm(level, axis=2, keepdims=True)
    values = acc.values - level + level / length * wanted[:, None, None]
    return replace(windows, signals={"acc": replace(acc, values=values.astype(np.float32))})


ALL = upright(toy_windows(people=30, per_class=10, seed=3))
TRAIN, OTHERS, HOLDOUT = people(ALL, 0, 10), people(ALL, 10, 20), people(ALL, 20, 30)


def judged(
    synthetic: Windows, real: tuple[Windows, Windows] = (TRAIN, HOLDOUT)
) -> dict[str, Score]:
    made = replace(synthetic, synthetic=np.ones(len(synthetic), dtype=np.bool_))
    nameless = replace(made, subject=np.full(len(made), ""), recording=np.full(len(made), ""))
    given = {"synthetic": nameless, "train": real[0], "holdout": real[1]}
    return {score.name: score for score in physics_scores(prepare(given, EFFORT[True], seed=0))}


def changed(values: np.ndarray) -> dict[str, Score]:
    acc = OTHERS.signals["acc"]
    return judged(replace(OTHERS, signals={"acc": replace(acc, values=values.astype(np.float32))}))


def faster(values: np.ndarray, factor: float) -> np.ndarray:
    """Give the windows at another pace; the end that is missing is mirrored."""
    longer = np.concatenate([values, values[:, ::-1]], axis=1)
    time = np.arange(values.shape[1]) * factor
    low = np.floor(time).astype(int)
    part = (time - low)[None, :, None]
    return np.asarray(longer[:, low] * (1 - part) + longer[:, low + 1] * part)


def smooth(values: np.ndarray) -> np.ndarray:
    inner = (values[:, :-2] + values[:, 1:-1] + values[:, 2:]) / 3
    return np.concatenate([values[:, :1], inner, values[:, -1:]], axis=1)


VALUES = OTHERS.signals["acc"].values


@pytest.fixture(scope="module")
def of_others() -> dict[str, Score]:
    return judged(OTHERS)


def test_other_real_people_obey_physics(of_others: dict[str, Score]) -> None:
    assert of_others.pop("drift").verdict == "not measured"
    assert {score.verdict for score in of_others.values()} <= {"ok", "weak"}
    assert [score.verdict for score in of_others.values()].count("ok") >= 5
    assert all(score.reference is not None for score in of_others.values())


@pytest.mark.parametrize(
    ("figure", "damaged", "words"),
    [
        ("gravity_at_rest", VALUES * 1.1, r"acc \|a\| at rest, still: median 1\.\d+ against"),
        ("cadence", faster(VALUES, 1.1), r"acc cadence, \w+: median \d.* steps a second"),
        ("jerk", smooth(VALUES), "acc above 5 Hz, still: mean"),
        ("peaks", np.clip(VALUES, -1.2, 1.2), "acc clipped, running"),
        ("resolution", np.round(VALUES / 0.016) * 0.016, "acc (step|repeats), still"),
        ("out_of_range", VALUES * 4, "acc far beyond real people, running"),
    ],
)
def test_damage_is_seen_and_told(figure: str, damaged: np.ndarray, words: str) -> None:
    score = changed(damaged)[figure]
    assert score.verdict == "bad"
    assert re.search(words, score.note), score.note


def test_the_order_in_time_shows_in_jerk_and_not_in_gravity(of_others: dict[str, Score]) -> None:
    shuffled = changed(RNG.permuted(VALUES, axis=1))
    assert shuffled["jerk"].verdict == "bad"
    for name in ("peaks", "out_of_range"):
        assert shuffled[name].value == pytest.approx(of_others[name].value, abs=0.2)


def test_the_holdout_itself_lies_at_no_distance() -> None:
    scores = judged(HOLDOUT)
    for name in ("gravity_at_rest", "cadence", "jerk", "peaks"):
        assert scores[name].value == pytest.approx(0.0, abs=0.12), name  # some of its windows only
    assert scores["resolution"].value == pytest.approx(0.0, abs=0.01)


def test_parts_have_a_name_a_class_and_a_reference(of_others: dict[str, Score]) -> None:
    parts = of_others["cadence"].parts
    assert [part.class_name for part in parts] == [*CLASSES, *CLASSES]
    assert {part.signal for part in parts} == {"acc cadence", "acc rhythm"}
    walking = next(p for p in parts if (p.signal, p.class_name) == ("acc cadence", "walking"))
    assert walking.reference is not None and walking.excess is not None
    still = next(p for p in parts if (p.signal, p.class_name) == ("acc cadence", "still"))
    assert still.value is None  # who stands still has no pace


def measured(
    values: np.ndarray, unit: str = "g", rate_hz: float = RATE_HZ
) -> dict[str, np.ndarray]:
    channels = [(name, unit) for name, _ in ACC]
    windows = windows_from_arrays(values, ["a"] * len(values), rate_hz=rate_hz, channels=channels)
    found = [*acc_quantities(windows), *any_quantities(windows, ranges_of(windows))]
    return {quantity.name: quantity.shown for quantity in found}


def tone(hz: float, size_g: float = 0.3, level_g: float = 1.0) -> np.ndarray:
    values = np.zeros((1, len(TIME_S), 3))
    values[0, :, 2] = level_g + size_g * np.sin(2 * np.pi * hz * TIME_S)
    return values


def test_a_tone_by_hand() -> None:
    found = measured(tone(2.2))
    assert found["acc cadence"][0] == pytest.approx(2.2, abs=0.03)
    assert found["acc rhythm"][0] == 1.0
    jerk = 0.3 * 2 * np.pi * 2.2 / np.sqrt(2)
    assert found["acc jerk"][0] == pytest.approx(jerk, rel=0.02)  # differences: sin(x)/x
    assert found["acc peak"][0] == pytest.approx(1.3, abs=0.01)
    assert found["acc above 5 Hz"][0] == pytest.approx(0.0, abs=0.01)
    assert measured(tone(7.0))["acc above 5 Hz"][0] == pytest.approx(1.0, abs=0.01)
    assert measured(tone(7.0))["acc above 10 Hz"][0] == pytest.approx(0.0, abs=0.01)


def test_rest_by_hand_in_both_units() -> None:
    half = tone(2.0)
    half[:, :160, 2] = 0.98
    for values, unit in ((half, "g"), (half * 9.80665, "m/s2")):
        found = measured(values, unit)
        assert found["acc |a| at rest"][0] == pytest.approx(0.98, abs=1e-5)
        assert found["acc rest"][0] == 0.5
    moving = measured(tone(2.0))
    assert np.isnan(moving["acc |a| at rest"][0]) and moving["acc rest"][0] == 0.0


def test_noise_and_stillness_have_no_pace_and_noise_has_entropy() -> None:
    noise = measured(np.array([0, 0, 1.0]) + RNG.normal(0, 0.3, (50, 320, 3)))
    assert noise["acc rhythm"].mean() < 0.1
    assert noise["acc spectral entropy"].mean() > 0.85
    assert measured(tone(2.0))["acc spectral entropy"][0] < 0.4
    assert measured(tone(2.0, size_g=0.01))["acc rhythm"][0] == 0.0


def test_slow_or_short_windows_have_no_cadence() -> None:
    assert "acc cadence" not in measured(tone(2.0), rate_hz=8.0)
    assert "acc cadence" not in measured(tone(2.0)[:, :20])


def test_steps_by_hand() -> None:
    rng = np.random.default_rng(1)
    counts = rng.integers(-500, 500, (20, 50))
    for scale in (1 / 64, 0.000488 * 9.80665, 0.02):
        assert step_of((counts * scale).astype(np.float32)) == pytest.approx(scale, rel=1e-3)
    assert step_of(rng.normal(size=(20, 50)).astype(np.float32)) == 0.0
    assert step_of(rng.normal(30, 0.1, size=100_000).astype(np.float32)) == 0.0
    assert step_of(np.full((3, 4), 2.5, dtype=np.float32)) == 0.0


def test_clipping_and_repeats_by_hand() -> None:
    values = np.clip(tone(1.0), 0.9, 1.1)
    found = measured(values)
    at_ends = (values[0, :, 2] == values.max()) | (values[0, :, 2] == values.min())
    assert found["acc clipped"][0] == pytest.approx((2 + at_ends.mean()) / 3)  # x and y are flat
    assert found["acc repeats"][0] > 0.6


def slow_windows(people: int, seed: int, slope: float = 0.2, level: float = 33.0) -> Windows:
    """Give a temperature that rises by `slope` degrees a minute, 20 s at 4 Hz."""
    rng = np.random.default_rng(seed)
    count = people * 10
    time_min = np.arange(80)[None, :, None] / 4 / 60
    slopes = rng.normal(slope, 0.1, (count, 1, 1))
    values = level + rng.normal(0, 1, (count, 1, 1)) + slopes * time_min
    subject = [f"s{seed}-{i // 10}" for i in range(count)]
    temp = (values, 4.0, (("temp", "degC"),))
    return windows_from_arrays({"temp": temp}, ["rest"] * count, subject=subject)


def test_drift_and_impossible_temperatures_are_seen() -> None:
    real = slow_windows(12, seed=0), slow_windows(12, seed=1)
    same = judged(slow_windows(12, seed=2), real)
    for name in ("drift", "out_of_range", "peaks", "resolution"):
        assert same[name].verdict in {"ok", "weak"}, name
    for name in ("gravity_at_rest", "cadence", "jerk"):
        assert same[name].verdict == "not measured" and "g or m/s2" in same[name].note
    steep = judged(slow_windows(12, seed=2, slope=1.0), real)["drift"]
    assert steep.verdict == "bad"
    assert "temp slope, rest: median" in steep.note and "degC/min" in steep.note
    hot = judged(slow_windows(12, seed=2, level=60.0), real)["out_of_range"]
    assert hot.verdict == "bad"


def test_hard_limits_are_where_many_people_end() -> None:
    rng = np.random.default_rng(0)
    subject = np.repeat([f"p{index}" for index in range(8)], 10).tolist()

    def of(values: np.ndarray) -> Windows:
        values = values.astype(np.float32)[:, :, None]
        return windows_from_arrays(
            values, ["a"] * 80, rate_hz=1, channels=[("c", "1")], subject=subject
        )

    soft = of(rng.normal(size=(80, 60)))
    assert not np.isfinite([ranges_of(soft)["acc"].floor, ranges_of(soft)["acc"].ceiling]).any()
    cut = np.minimum(rng.normal(size=(80, 60)), 1.5)
    real = ranges_of(of(cut))
    assert real["acc"].ceiling.tolist() == [1.5] and np.isinf(real["acc"].floor).all()
    over = cut.copy()
    over[:20, 0] = 1.7
    [share] = [q for q in any_quantities(of(over), real) if q.name == "acc beyond hard limits"]
    assert share.values.mean() == 0.25
    [none] = [q for q in any_quantities(of(cut), real) if q.name == "acc beyond hard limits"]
    assert none.values.max() == 0
    assert all("limits" not in q.name for q in any_quantities(soft, ranges_of(soft)))


def test_slopes_by_hand() -> None:
    windows = slow_windows(1, seed=0)
    ramp = np.tile(np.arange(80)[None, :, None] / 240, (10, 1, 1)).astype(np.float32)
    ramped = replace(windows.signals["temp"], values=ramp)
    given = replace(windows, signals={"temp": ramped})
    found = {q.name: q.values for q in any_quantities(given, ranges_of(given))}
    assert found["temp slope"] == pytest.approx(1.0, rel=1e-5)  # a degree a minute


def test_three_channels_of_acceleration_are_found_among_others() -> None:
    values = np.zeros((1, 8, 4), dtype=np.float32)
    channels = tuple(Channel(name, unit) for name, unit in (("temp", "degC"), *ACC))
    assert axes_of(SignalWindows(values, 30.0, channels)) == [1, 2, 3]
    assert axes_of(SignalWindows(values[:, :, :3], 30.0, channels[:3])) == []
    scaled = tuple(Channel(f"acc_{axis}", "1") for axis in "xyz")
    assert axes_of(SignalWindows(values[:, :, :3], 30.0, scaled)) == []


def table(values: list[float]) -> Table:
    column = plain("cadence", "acc cadence", "steps a second", np.array(values), least=0.5)
    return Table((column,), np.zeros(len(values), dtype=np.int64), np.full(len(values), "a"))


def test_laws_by_hand() -> None:
    real, moved = table([1.0, 1.0, 1.0, np.nan]), table([2.0, 2.0, 2.0, np.nan])
    units = units_of([real], [0])
    assert units == pytest.approx(np.array([[0.5]]))  # no spread: the least
    assert compare(real, real, units, [0])[0, 0] == 0.0
    assert compare(moved, real, units, [0])[0, 0] == pytest.approx(2.0)
    assert np.isnan(compare(table([1.0, 1.0, np.nan, np.nan]), real, units, [0])[0, 0])
    words = told(moved, real, row=0, index=0, class_name="running")
    assert words == "acc cadence, running: median 2 against 1 steps a second"
