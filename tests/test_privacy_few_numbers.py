"""The release of few numbers: what a person adds, what noise does to it, and when it is not used."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from few_toys import toy_people
from wearsynth.errors import DataError
from wearsynth.privacy.discrete_gaussian import NoisySum, on_grid
from wearsynth.privacy.few_numbers import (
    Design,
    Estimate,
    Features,
    design_release,
    estimate,
    people_needed,
    shrunk,
    swamped,
    unit_numbers,
    with_count,
)
from wearsynth.privacy.own_scale import on_own_scale, usual_of
from wearsynth.privacy.textbook import textbook


def features(
    people: int, difference: float, *, seed: int, scatter: float = 0.1, classes: int = 2
) -> Features:
    """People with 4 windows a class and 3 features; class 1 differs in the first by so much."""
    rng = np.random.default_rng(seed)
    label = np.tile(np.repeat(np.arange(classes), 4), people)
    unit = np.repeat([f"p{n}" for n in range(people)], 4 * classes)
    values = rng.normal(0, scatter, (len(label), 3))
    values[label == 1, 0] += difference
    return Features(values, label, unit)


PUBLIC = features(8, 1.0, seed=0)


def design(numbers: int = 2) -> Design:
    return design_release(PUBLIC, classes=2, numbers=numbers, prior=None)


def test_everything_in_a_design_comes_from_public_windows() -> None:
    of = design()
    spread = PUBLIC.values.std(axis=0)
    assert of.spread == pytest.approx(spread)
    assert of.prior[0, 0] == pytest.approx(1.0 / spread[0], rel=0.1)
    assert of.directions.T @ of.directions == pytest.approx(np.eye(2), abs=1e-9)
    assert abs(of.directions[0, 0]) > 0.9  # the first direction is that in which people differ
    assert of.inside
    assert of.numbers == 2


def test_noise_is_dealt_out_by_what_is_expected_of_a_direction() -> None:
    of = design(3)
    assert of.units[0] > of.units[1] >= of.units[2] > 0
    assert of.tau / of.units == pytest.approx(np.full(3, of.tau[0] / of.units[0]))
    assert (of.tau**2).sum() == pytest.approx(of.clip_norm**2 / 2)


def test_the_clip_norm_leaves_room_for_people_who_differ_less_than_public_ones() -> None:
    of = replace(design(3), prior=np.zeros((1, 3)))  # lengths are those of whole differences
    lengths = np.linalg.norm(unit_numbers(PUBLIC, of), axis=1)
    assert of.clip_norm == pytest.approx(0.7 * np.median(lengths))
    kept = np.linalg.norm(with_count(unit_numbers(PUBLIC, of), of)[:, :-1], axis=1)
    assert of.let_through == pytest.approx((kept / lengths).mean())
    assert 0.5 < of.let_through < 1


def test_another_prior_is_averaged_where_it_says_something() -> None:
    told = np.array([[np.nan, 5.0, np.nan]])
    mixed = design_release(PUBLIC, classes=2, numbers=2, prior=told).prior
    own = design().prior
    assert mixed[0, [0, 2]] == pytest.approx(own[0, [0, 2]])
    assert mixed[0, 1] == pytest.approx((own[0, 1] + 5) / 2)


def test_a_persons_numbers_by_hand() -> None:
    of = Design(
        centre=np.zeros(1),
        spread=np.array([2.0]),
        shares=np.array([0.5, 0.5]),
        prior=np.array([[0.25]]),
        directions=np.eye(1),
        units=np.ones(1),
        clip_norm=1.0,
        let_through=1.0,
        tau=np.ones(1),
        inside=True,
    )
    held = Features(
        np.array([[0.0], [2.0], [4.0], [100.0], [1.0]]),
        np.array([0, 0, 1, 1, 1]),
        np.array(["a", "a", "a", "a", "b"]),
    )
    # a: class 1 is (2 + 4, for 50 counts as 4) / 2 = 3, class 0 is .5, the prior .25; b lacks class 0
    assert unit_numbers(held, of) == pytest.approx(np.array([[2.25], [0.0]]))
    assert with_count(unit_numbers(held, of), of) == pytest.approx(np.array([[1, 0.25], [0, 0.25]]))


def test_where_people_lack_classes_windows_speak_for_their_class() -> None:
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 4000)
    values = rng.normal(0, 0.1, (4000, 1)) + label[:, None]
    public = Features(values, label, np.arange(4000).astype(np.str_))
    of = design_release(public, classes=2, numbers=1, prior=None)
    assert not of.inside
    moved = Features(values + 0.3 * label[:, None], label, public.unit)
    told = (unit_numbers(moved, of).mean(axis=0) * of.units) @ of.directions.T
    assert told[0] * of.spread[0] == pytest.approx(0.3, abs=0.03)
    assert unit_numbers(public, of).mean() == pytest.approx(0, abs=0.05)


anything = arrays(np.float64, (8, 3), elements=st.floats(-1e9, 1e9))


@settings(max_examples=100, deadline=None)
@given(anything, arrays(np.int64, 8, elements=st.integers(0, 1)))
def test_whatever_a_person_gives_the_sum_moves_by_the_clip_norm_at_most(
    values: np.ndarray, label: np.ndarray
) -> None:
    of = design()
    others = features(3, 2.0, seed=1)
    joined = Features(
        np.concatenate([others.values, values]),
        np.concatenate([others.label, label]),
        np.concatenate([others.unit, np.full(8, "new")]),
    )
    sums = [
        on_grid(with_count(unit_numbers(some, of), of), clip_norm=of.whole_norm).sum(axis=0)
        for some in (others, joined)
    ]
    step = of.whole_norm / 2**20
    assert np.linalg.norm((sums[1] - sums[0]) * step) <= of.whole_norm


def test_nobody_changes_what_others_give() -> None:
    of, others = design(), features(3, 2.0, seed=1)
    more = features(4, 2.0, seed=1)
    assert np.array_equal(unit_numbers(others, of), unit_numbers(more, of)[:3])


def test_without_clipping_one_person_would_decide() -> None:
    of = design()
    wild = unit_numbers(features(1, 1e6, seed=2), of)
    assert np.linalg.norm(wild) > of.clip_norm
    assert np.linalg.norm(with_count(wild, of)) == pytest.approx(of.whole_norm)


def exact(of: Design, held: Features, sd: float) -> NoisySum:
    return NoisySum(with_count(unit_numbers(held, of), of).sum(axis=0), sd)


def test_without_noise_the_difference_comes_back_and_with_much_the_prior() -> None:
    of, held = design(3), features(50, 1.3, seed=3)
    sharp = shrunk(estimate(exact(of, held, 0.0), of), of)
    assert sharp[0, 0] * of.spread[0] == pytest.approx(1.3, abs=0.1)
    dull = shrunk(estimate(exact(of, held, 1e9), of), of)
    assert dull == pytest.approx(of.prior, abs=1e-6)


def test_shrinking_by_hand() -> None:
    of = design()
    told = Estimate(np.array([10.0, 0.0]), sd=10 * float(of.tau[0]), units=10.0, units_sd=0.0)
    moved = (shrunk(told, of) - of.prior).reshape(-1) @ of.directions
    # 10 people: a departure of 1 whose noise is tau, so tau^2 / (tau^2 + tau^2) of it
    # and what clipping took away on public people is given back
    assert moved == pytest.approx([0.5 * of.units[0] / of.let_through, 0.0])


def test_a_count_that_says_nothing_leaves_what_was_expected_of_it() -> None:
    of = design()
    vague = [shrunk(Estimate(np.array([10.0, 0.0]), 1.0, units, 1e9), of) for units in (3.0, 300.0)]
    assert vague[0] == pytest.approx(vague[1])


def test_the_count_is_noisy_and_never_below_one() -> None:
    of = design()
    told = estimate(exact(of, features(5, 1.0, seed=4), 2.0), of)
    assert told.units == pytest.approx(5)
    assert told.units_sd == pytest.approx(2 / (0.25 * of.clip_norm))
    assert estimate(NoisySum(np.array([1.0, 1.0, -3.0]), 1.0), of).units == 1


@pytest.mark.parametrize(
    ("noise", "numbers", "people"),
    [
        (0.50, 18, 5),
        (1.39, 18, 12),
        (3.73, 18, 32),
        (0.50, 130, 12),
        (1.39, 130, 32),
        (3.73, 130, 86),
    ],
)
def test_people_needed_are_those_of_the_formula_and_three_hundredths_for_the_count(
    noise: float, numbers: int, people: int
) -> None:
    assert people_needed(noise, numbers=numbers) == pytest.approx(max(10, people * 1.03), abs=1)


def test_swamped_by_hand() -> None:
    assert swamped(Estimate(np.array([6.0, 8.0]), 8.0, 9.0, 1.0))  # 100 <= 2 times 64
    assert not swamped(Estimate(np.array([6.0, 8.0]), 7.0, 9.0, 1.0))  # 100 > 2 times 49


def test_public_windows_must_have_all_classes() -> None:
    with pytest.raises(DataError, match="class number 2"):
        design_release(PUBLIC, classes=3, numbers=2, prior=None)


def test_own_scale_takes_people_to_what_is_usual_and_touches_nobody_else() -> None:
    public = toy_people(5, stress_us=1.0, seed=0)
    usual = usual_of(public, public.subject)
    assert list(usual.middle) == ["skin"]  # three axes of one unit keep theirs
    scaled = on_own_scale(public, public.subject, usual)
    for name in np.unique(public.subject):
        own = scaled.signals["skin"].values[public.subject == name]
        low, middle, high = np.percentile(own, [25, 50, 75])
        assert middle == pytest.approx(usual.middle["skin"][0], rel=1e-3)
        assert high - low == pytest.approx(usual.spread["skin"][0], rel=1e-3)
    kept = public.subject != "p0"
    alone = on_own_scale(public.select(kept), public.subject[kept], usual)
    assert np.array_equal(alone.signals["skin"].values, scaled.signals["skin"].values[kept])
    assert np.array_equal(scaled.signals["acc"].values, public.signals["acc"].values)


def test_textbook_knows_stress_and_says_nothing_of_others() -> None:
    told = textbook("stress", ("BVP", "EDA", "TEMP", "acc_length"))
    assert told is not None
    assert told[1, 0] > 0 > told[2, 0]
    assert not told[0].any()
    assert textbook("walking", ("EDA",)) is None
    assert textbook("stress", ("gyro_x",)) is None
