"""The shifted mixture: three numbers read off records, shifts that hit, twins across classes, weights."""

import numpy as np
import pytest

from few_toys import toy_people
from wearsynth.conditions import ConditionForm
from wearsynth.constants import BY_FACTORS, UNIT_CONSTANTS
from wearsynth.data import Windows
from wearsynth.generators.records import RecordShape
from wearsynth.generators.shifted import (
    ShiftedMixture,
    fit_base,
    measure,
    shifted_from,
    shifted_to,
)
from wearsynth.generators.three_numbers import (
    LEVEL,
    SCALE,
    TREND,
    shift,
    three_numbers,
    with_trends,
)
from wearsynth.model import record_shape
from wearsynth.representation import (
    LOG_SCALE_SPREAD,
    Float64Array,
    representation_of,
)

PUBLIC = toy_people(6, stress_us=1.0, seed=0)
FORM = representation_of(PUBLIC)
SHAPE: RecordShape = record_shape(FORM, 3, ConditionForm())
RECORDS = FORM.encode(PUBLIC)
SKIN = 4
"""The traces are acc x, y, z, their length, and skin."""


def told(windows: Windows) -> Float64Array:
    return three_numbers(FORM.encode(windows), SHAPE)


def test_three_numbers_are_level_log_sd_and_trend() -> None:
    readings = PUBLIC.signals["skin"].values[:, :, 0].astype(np.float64)
    values = np.arcsinh(readings / (2 * BY_FACTORS["uS"]))
    of = UNIT_CONSTANTS["uS"]
    skin = told(PUBLIC)[:, SKIN]
    assert skin[:, LEVEL] == pytest.approx(
        (values.mean(1) - of.level_centre) / of.level_spread, abs=1e-4
    )
    sd = np.log(values.std(axis=1) / of.usual_scale) / LOG_SCALE_SPREAD
    assert skin[:, SCALE] == pytest.approx(sd, abs=1e-4)
    falling = np.sqrt(2 / 6) * np.cos(np.pi / 6 * (np.arange(6) + 0.5))
    share = values @ falling / (values.std(axis=1) * np.sqrt(6))
    assert skin[:, TREND] == pytest.approx(share, abs=1e-3)


def test_shifts_and_trends_do_what_they_say_and_leave_the_rest() -> None:
    records, before = RECORDS.copy(), three_numbers(RECORDS, SHAPE)
    by = np.zeros_like(before)
    by[:, SKIN, :2] = [0.5, -0.25]
    shift(records, SHAPE, by)
    with_trends(records, SHAPE, np.full(before.shape[:2], 1.0))
    after = three_numbers(records, SHAPE)
    assert after[:, :, :2] == pytest.approx((before + by)[:, :, :2], abs=1e-4)
    assert after[:, :, TREND] == pytest.approx(np.abs(before[:, :, TREND]), abs=1e-3)


def shifted(wanted: Float64Array) -> ShiftedMixture:
    base = fit_base(RECORDS, PUBLIC.label, PUBLIC.group, SHAPE, seed=0)
    return shifted_to(base, measure(base, seed=0), wanted)


def wanted_means() -> Float64Array:
    wanted = np.repeat(three_numbers(RECORDS, SHAPE).mean(axis=0)[None], 3, axis=0)
    wanted[1, SKIN] += [1.0, 0.5, 0.2]
    return wanted


def test_means_of_drawn_windows_are_those_wanted() -> None:
    wanted, label = wanted_means(), np.repeat([0, 1, 2], 2000)
    drawn = shifted(wanted).sample(label, np.zeros((6000, 0), np.float32), np.random.default_rng(1))
    numbers = three_numbers(drawn, SHAPE)
    means = np.stack([numbers[label == index].mean(axis=0) for index in range(3)])
    assert means == pytest.approx(wanted, abs=0.08)
    assert means[1, SKIN, :2] - means[0, SKIN, :2] == pytest.approx([1.0, 0.5], abs=1e-4)


def test_classes_are_told_apart_by_what_was_asked_for_alone() -> None:
    generator = shifted(wanted_means())
    label = np.array([1, 0, 2, 0, 1])
    drawn = generator.sample(label, np.zeros((5, 0), np.float32), np.random.default_rng(1))
    first, second = drawn[label == 0][:2]
    assert np.array_equal(drawn[2], first)  # class 2 wants the same means as class 0
    assert not np.array_equal(first, second)
    away = np.abs(drawn[0, SHAPE.shapes :, 0] - first[SHAPE.shapes :, 0]) > 1e-6
    skin_numbers = FORM.signals[1].numbers
    assert away[-skin_numbers:].all()
    assert not away[:-skin_numbers].any()


def test_weights_make_the_same_generator_again() -> None:
    generator = shifted(wanted_means())
    again = shifted_from(SHAPE, generator.weights())
    label, nothing = np.array([0, 1, 2]), np.zeros((3, 0), np.float32)
    one, other = (g.sample(label, nothing, np.random.default_rng(2)) for g in (generator, again))
    assert np.array_equal(one, other)
    assert generator.sizes == {}


def test_the_base_knows_no_class_differences() -> None:
    base = fit_base(RECORDS, PUBLIC.label, PUBLIC.group, SHAPE, seed=0)
    assert list(base.laws) == [0]
    spread = three_numbers(RECORDS, SHAPE)[:, SKIN, LEVEL].std()
    drawn = base.sample(
        np.zeros(500, np.int64), np.zeros((500, 0), np.float32), np.random.default_rng(0)
    )
    assert three_numbers(drawn, SHAPE)[:, SKIN, LEVEL].std() < 1.2 * spread
