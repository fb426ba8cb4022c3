import numpy as np
import pytest

from wearsynth.conditions import (
    LEAST_PEOPLE,
    MANNER_NUMBERS,
    ConditionForm,
    CovariateLaw,
    conditions_of,
    manners_of,
    spread_of,
)
from wearsynth.data import FloatArray, Windows, windows_from_arrays
from wearsynth.errors import DataError

AGE, HEIGHT = CovariateLaw("age", 40.0, 10.0), CovariateLaw("height_cm", 170.0, 5.0)
BOTH = ConditionForm(manner=(1.0, 0.5), by_class=(0.0, 2.0), covariates=(AGE, HEIGHT))
NAN = float("nan")


def windows_of(subject: list[str], label: list[str], **covariates: list[float]) -> Windows:
    return windows_from_arrays(
        np.zeros((len(subject), 4, 1)),
        label,
        rate_hz=2.0,
        channels=[("x", "g")],
        subject=subject,
        covariates=covariates,
    )


def people_with_levels(
    levels: list[float], *, windows: int = 40, noise: float = 0.1
) -> tuple[Windows, FloatArray]:
    """Give windows of two classes, and two numbers: the person's level in both classes, and noise."""
    rng = np.random.default_rng(0)
    count = 2 * windows * len(levels)
    subject = np.repeat([f"p{at:02d}" for at in range(len(levels))], 2 * windows)
    label = np.tile(np.repeat(["rest", "walk"], windows), len(levels))
    numbers = rng.normal(0, noise, (count, 2))
    numbers[:, 0] += np.repeat(levels, 2 * windows) + 7.0 * (label == "walk")
    return windows_of(subject.tolist(), label.tolist()), numbers.astype(np.float32)


def test_groups_hold_a_flag_each() -> None:
    assert BOTH.groups == (3, 2, 2)
    assert BOTH.size == 7
    assert ConditionForm().groups == ()
    assert ConditionForm().size == 0
    assert ConditionForm(covariates=(AGE,)).groups == (2,)


def test_what_is_told_by_hand() -> None:
    manner = np.array([[0.5, -1.0], [NAN, 0.0]])
    told = BOTH.told(
        2, manner, {"age": np.array([55.0, 30.0]), "height_cm": np.array([NAN, 160.0])}
    )
    expected = [[0.5, -1.0, 1, 1.5, 1, 0, 0], [0, 0, 0, -1.0, 1, -2.0, 1]]
    np.testing.assert_array_equal(told, np.array(expected, np.float32))
    assert told.dtype == np.float32


def test_what_is_left_out_is_untold() -> None:
    assert not BOTH.told(3, None, {}).any()
    only_age = BOTH.told(1, None, {"age": np.array([40.0])})
    assert only_age.tolist() == [[0, 0, 0, 0, 1, 0, 0]]  # the mean is told by its flag alone
    assert ConditionForm().told(3, None, {}).shape == (3, 0)


def test_an_unknown_covariate_is_named_with_the_nearest() -> None:
    with pytest.raises(DataError, match=r"no covariate 'hight_cm'\. Did you mean 'height_cm'\?"):
        BOTH.told(1, None, {"hight_cm": np.array([170.0])})
    with pytest.raises(DataError, match="no covariate 'age'"):
        ConditionForm().told(1, None, {"age": np.array([1.0])})


def test_given_manners_must_fit() -> None:
    fitting = np.array([[1.0, 2.0]])
    for given in (fitting, fitting[:, None], np.tile(fitting[:, None], (1, 3, 1))):
        assert np.array_equal(BOTH.given_manners(given, 3), [[[1.0, 2.0]] * 3])
    wrong = [np.zeros((2, 3)), np.zeros(2), np.zeros((0, 2)), np.zeros((1, 2, 2))]
    for manners in wrong:
        with pytest.raises(DataError, match=r"must be \(person, 2\) or \(person, 3, 2\) for this"):
            BOTH.given_manners(manners, 3)


def test_drawn_manners_have_the_spread_told() -> None:
    drawn = BOTH.draw_manners(20_000, 3, np.random.default_rng(0))
    assert drawn.shape == (20_000, 3, 2)
    # the first number is kept in all classes, the second is a person's own in each
    assert np.array_equal(drawn[:, 0, 0], drawn[:, 2, 0])
    np.testing.assert_allclose(drawn[:, 0].std(axis=0), [1.0, np.hypot(0.5, 2.0)], rtol=0.02)
    kept = np.corrcoef(drawn[:, 0, 1], drawn[:, 1, 1])[0, 1]
    assert kept == pytest.approx(0.25 / 4.25, abs=0.02)
    again = BOTH.draw_manners(20_000, 3, np.random.default_rng(0))
    assert np.array_equal(drawn, again)


def test_no_people_are_drawn_where_none_are_known_apart() -> None:
    with pytest.raises(DataError, match="does not know people apart"):
        ConditionForm(covariates=(AGE,)).draw_manners(3, 2, np.random.default_rng(0))


def test_half_is_left_out_whole_groups_at_a_time() -> None:
    told = BOTH.told(
        4000,
        np.full((4000, 2), 3.0),
        {"age": np.full(4000, 50.0), "height_cm": np.full(4000, 180.0)},
    )
    fewer = BOTH.without_some(told, np.random.default_rng(0))
    assert fewer.dtype == np.float32
    flags = fewer[:, [2, 4, 6]]
    np.testing.assert_allclose(flags.mean(axis=0), 0.5, atol=0.03)
    assert np.abs(np.corrcoef(flags.T) - np.eye(3)).max() < 0.05  # a coin for each group
    whole = np.repeat(flags, [3, 2, 2], axis=1) > 0
    assert np.array_equal(fewer, np.where(whole, told, 0))


def test_nothing_to_leave_out_is_no_error() -> None:
    nothing = np.zeros((5, 0), np.float32)
    assert ConditionForm().without_some(nothing, np.random.default_rng(0)).shape == (5, 0)


def test_manners_tell_people_apart_who_differ() -> None:
    levels = [0.0, 1.0, -2.0, 3.0, -1.0]
    windows, numbers = people_with_levels(levels)
    manners = manners_of(windows, numbers)
    assert manners is not None and manners.shape == (5, 2, 2)
    for of_class in manners[:, :, 0].T:
        assert abs(np.corrcoef(of_class, levels)[0, 1]) > 0.99
    assert manners[:, :, 0].std() == pytest.approx(1.0)
    assert (manners[:, :, 1:].std(axis=(0, 1)) < 0.2).all()  # noise: they differ in one way only
    kept, by_class = spread_of(manners)
    assert kept[0] > 0.9 and by_class[0] < 0.3


def test_a_manner_by_hand() -> None:
    # four people, two windows each; every window of a person alike, so means are -1, -1, 1, 1
    subject = np.repeat(["a", "b", "c", "d"], 2).tolist()
    numbers = np.repeat([[-1.0], [-1.0], [1.0], [1.0]], 2, axis=0).astype(np.float32)
    manners = manners_of(windows_of(subject, ["rest"] * 8), numbers)
    assert manners is not None and manners.shape == (4, 1, 1)
    direction = np.sign(manners[0, 0, 0])
    np.testing.assert_allclose(manners[:, 0, 0] * direction, [1, 1, -1, -1], rtol=1e-5)


def test_the_spread_of_manners_by_hand() -> None:
    # two people, two classes: means 1 and -1; each class lies 1 above or below them
    manners = np.array([[2.0, 0.0], [-2.0, 0.0]])[:, :, None]
    kept, by_class = spread_of(manners)
    assert by_class == pytest.approx([np.sqrt(4 / 2)])  # 4 squares of 1 over 4 - 2 spare ones
    assert kept == pytest.approx([np.sqrt(max(1 - 2 / 2, 0))])
    manners[1, 1] = np.nan  # known in one class only
    assert spread_of(manners)[1] == pytest.approx([np.sqrt(2 / 1)])
    one_class = np.array([[1.0], [-1.0]])[:, :, None]
    assert spread_of(one_class) == ((1.0,), (0.0,))


def test_who_has_no_windows_of_a_class_has_no_manner_in_it() -> None:
    windows, numbers = people_with_levels([0.0, 1.0, -2.0, 3.0, -1.0])
    kept = ~((windows.subject == "p03") & (windows.label == 1))
    manners = manners_of(windows.select(kept), numbers[kept])
    assert manners is not None
    assert np.argwhere(np.isnan(manners[:, :, 0])).tolist() == [[3, 1]]
    # of p03's windows at rest the manner is told all the same
    form, told = conditions_of(windows.select(kept), numbers[kept])
    assert np.isfinite(told).all() and (told[:, len(form.manner)] == 1).all()


def test_people_with_few_windows_are_drawn_to_the_middle() -> None:
    windows, numbers = people_with_levels([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
    mine = np.flatnonzero(windows.subject == "p00")
    few = np.delete(np.arange(len(windows)), np.concatenate([mine[2:40], mine[42:]]))
    manners = manners_of(windows.select(few), numbers[few])
    assert manners is not None
    # 2 windows of a class count 2 / (2 + 5), 40 count 40 / 45
    assert abs(manners[0, 0, 0]) < 0.6 * abs(manners[2, 0, 0])


def test_people_who_do_not_differ_have_no_manner() -> None:
    rng = np.random.default_rng(0)
    own = rng.normal(size=(20, 3)).astype(np.float32)
    subject = np.repeat(["a", "b", "c", "d", "e"], 20).tolist()
    windows = windows_of(subject, (["rest"] * 10 + ["walk"] * 10) * 5)
    assert manners_of(windows, np.tile(own, (5, 1))) is None
    form, told = conditions_of(windows, np.tile(own, (5, 1)))
    assert form == ConditionForm() and told.shape == (100, 0)


def test_few_or_nameless_people_have_no_manner() -> None:
    windows, numbers = people_with_levels([0.0, 1.0, -2.0])
    assert LEAST_PEOPLE == 4
    assert manners_of(windows, numbers) is None
    windows, numbers = people_with_levels([0.0, 1.0, -2.0, 3.0])
    assert manners_of(windows, numbers) is not None
    subject = windows.subject.tolist()
    subject[5] = ""
    nameless = windows_of(subject, windows.label_names.tolist())
    assert manners_of(nameless, numbers) is None


def test_a_manner_has_no_more_numbers_than_it_may() -> None:
    rng = np.random.default_rng(1)
    people, each = 14, 6
    subject = np.repeat([f"p{at}" for at in range(people)], each).tolist()
    numbers = np.repeat(rng.normal(size=(people, 20)), each, axis=0)
    numbers += rng.normal(0, 0.1, numbers.shape)
    manners = manners_of(windows_of(subject, ["a"] * len(subject)), numbers.astype(np.float32))
    assert manners is not None and manners.shape == (people, 1, MANNER_NUMBERS)


def test_conditions_of_windows() -> None:
    windows, numbers = people_with_levels([0.0, 1.0, -2.0, 3.0, -1.0])
    age = np.repeat([20.0, 30.0, NAN, 40.0, 50.0], 80)
    windows = windows_of(windows.subject.tolist(), windows.label_names.tolist(), age=age.tolist())
    form, told = conditions_of(windows, numbers)
    manners = manners_of(windows, numbers)
    assert manners is not None
    assert (form.manner, form.by_class) == spread_of(manners)
    assert [(law.name, law.mean) for law in form.covariates] == [("age", 35.0)]
    assert form.covariates[0].sd == pytest.approx(np.sqrt(125))
    assert told.shape == (400, form.size) == (400, 2 + 1 + 2)
    # every window of a person is told that person's manner in its class
    person = np.repeat(np.arange(5), 80)
    np.testing.assert_allclose(told[:, :2], manners[person, windows.label], rtol=1e-6)
    assert (told[:, 2] == 1).all()
    assert told[:80, 3] == pytest.approx(-15 / np.sqrt(125))
    assert not told[160:240, 3:].any()  # p02's age is not known
    assert (told[240:, 4] == 1).all()


def test_a_covariate_that_is_the_same_of_all_or_known_of_none() -> None:
    windows = windows_of(["a", "b"], ["rest"] * 2, age=[30.0, 30.0], mass_kg=[NAN, NAN])
    form, told = conditions_of(windows, np.zeros((2, 1), np.float32))
    assert form.covariates == (CovariateLaw("age", 30.0, 1.0), CovariateLaw("mass_kg", 0.0, 1.0))
    assert told.tolist() == [[0, 1, 0, 0], [0, 1, 0, 0]]
