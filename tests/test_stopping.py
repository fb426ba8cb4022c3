from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from toy import toy_windows
from wearsynth.conditions import ConditionForm, CovariateLaw
from wearsynth.data import FloatArray, IntArray, Windows, windows_from_arrays
from wearsynth.errors import DataError, TrainingError
from wearsynth.generators import Sampler
from wearsynth.generators.gan import make_gan
from wearsynth.generators.records import RecordShape
from wearsynth.representation import representation_of
from wearsynth.stopping import BLOCKS, CHECK_TOTAL, Copying, HeldOutCheck, _distances, set_aside

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@dataclass(eq=False)
class Gives:
    """A sampler that gives windows it has, those of a class in turn."""

    windows: Windows

    @property
    def shape(self) -> RecordShape:
        return shape_of(self.windows)

    @property
    def sizes(self) -> dict[str, int]:
        return {}

    def sample(
        self, label: IntArray, conditions: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        self.asked = label
        self.told = conditions
        encoded = representation_of(self.windows).encode(self.windows)
        records = np.empty((len(label), *encoded.shape[1:]), np.float32)
        for index in np.unique(label):
            own = np.flatnonzero(self.windows.label == index)
            rows = np.flatnonzero(label == index)
            records[rows] = encoded[own[np.arange(len(rows)) % len(own)]]
        return records

    def weights(self) -> dict[str, torch.Tensor]:
        return {}


def shape_of(windows: Windows) -> RecordShape:
    of = representation_of(windows)
    return RecordShape(of.steps, of.folds, len(windows.classes))


def check_of(
    generator: Sampler,
    learning: Windows,
    stopping: Windows,
    conditions: ConditionForm | None = None,
) -> HeldOutCheck:
    form = conditions or ConditionForm()
    return HeldOutCheck(generator, representation_of(stopping), form, learning, stopping, seed=0)


def noise(count: int, seed: int, level: float = 0.0) -> Windows:
    """Windows of one law: white noise of their own strength."""
    rng = np.random.default_rng(seed)
    values = rng.normal(level, rng.lognormal(0, 0.3, (count, 1, 1)), (count, 8, 1))
    return windows_from_arrays(values, ["a"] * count, rate_hz=4.0, channels=[("x", "g")])


def test_the_score_is_zero_for_the_windows_set_aside_themselves() -> None:
    learning, stopping = noise(60, 0), noise(120, 1)
    check = check_of(Gives(stopping), learning, stopping)
    assert check() == pytest.approx(0.0, abs=1e-3)


def test_the_score_is_large_for_a_generator_that_has_not_learnt() -> None:
    stopping = toy_windows(people=2, per_class=10, seed=1)
    untrained = make_gan(shape_of(stopping), width=8, seed=0)
    score = check_of(untrained, toy_windows(people=2, per_class=10), stopping)()
    assert 0.3 < score % 1.0 < 1.0


def test_the_score_nears_one_where_nothing_fits() -> None:
    learning, stopping = noise(60, 0), noise(60, 1)
    near, far = (check_of(Gives(noise(60, 2, level)), learning, stopping)() for level in (0.0, 1e4))
    assert near < 0.3 < far < 1.0


def test_distances_by_hand() -> None:
    # three features of sd 1, 2 and 0; drawn ones are 1 higher, 6 lower and 5 higher
    real = np.array([[0.0, 10.0, 3.0], [2.0, 14.0, 3.0]])
    drawn = real + np.array([1.0, -6.0, 5.0])
    # a distance of 1 sd counts 1 / 2, one of 3 sd 3 / 4; what does not vary is left out
    assert _distances(drawn, real, "a") == pytest.approx([0.5, 0.75])
    assert _distances(real, real, "a") == [0.0, 0.0]


def test_a_generator_that_repeats_what_it_learnt_is_caught() -> None:
    learning, stopping = noise(200, 0), noise(200, 1)
    check = check_of(Gives(learning), learning, stopping)
    copying = check.copying_now()
    assert copying.near_copies == 1.0
    assert copying.nn_ratio == pytest.approx(0.0, abs=1e-3)
    assert copying.membership_auc > 0.95
    assert copying.alarm
    assert 1.0 < check() < 1.3  # it looks right, but for the copies


def test_a_generator_of_other_windows_of_the_same_law_is_not() -> None:
    learning, stopping = noise(200, 0), noise(200, 1)
    copying = check_of(Gives(noise(200, 2)), learning, stopping).copying_now()
    assert copying.near_copies <= 0.04  # chance: the nearest two of 200 set the limit
    assert copying.nn_ratio == pytest.approx(1.0, abs=0.1)
    assert copying.membership_auc == pytest.approx(0.5, abs=0.1)
    assert not copying.alarm
    assert check_of(Gives(noise(200, 2)), learning, stopping)() < 0.3


def test_copies_with_a_little_noise_are_caught_too() -> None:
    learning, stopping = noise(200, 0), noise(200, 1)
    signal = learning.signal()
    rng = np.random.default_rng(5)
    shaken = signal.values + rng.normal(0, 0.02, signal.values.shape).astype(np.float32)
    near = replace(learning, signals={"acc": replace(signal, values=shaken)})
    assert check_of(Gives(near), learning, stopping).copying_now().alarm


def test_copies_of_windows_that_move_are_caught_beside_windows_at_rest() -> None:
    rng = np.random.default_rng(8)

    def drawn(count: int) -> FloatArray:
        return rng.normal(size=(count, 8, 1)).astype(np.float32)

    def windows(rest: FloatArray, move: FloatArray) -> Windows:
        label = ["rest"] * len(rest) + ["move"] * len(move)
        values = np.concatenate([rest, move])
        return windows_from_arrays(values, label, rate_hz=4.0, channels=[("x", "g")])

    # at rest any two windows lie nearer than a copy with noise and what moved
    moved = drawn(100)
    learning = windows(0.001 * drawn(100), moved)
    stopping = windows(0.001 * drawn(100), drawn(100))
    honest = windows(0.001 * drawn(100), drawn(100))
    copied = windows(0.001 * drawn(100), moved + 0.3 * drawn(100))
    near = [
        check_of(Gives(of), learning, stopping).copying_now().near_copies for of in (honest, copied)
    ]
    assert near[0] < 0.1
    assert near[1] > 0.3  # most of half the windows


@pytest.mark.parametrize(
    ("near", "ratio", "auc", "alarm"),
    [
        (0.02, 0.9, 0.65, False),
        (0.021, 1.0, 0.5, True),
        (0.0, 0.899, 0.5, True),
        (0.0, 1.0, 0.651, True),
    ],
)
def test_each_of_three_limits_raises_the_alarm(
    near: float, ratio: float, auc: float, alarm: bool
) -> None:
    copying = Copying(near, ratio, auc, windows=10**10)
    assert copying.alarm == alarm
    assert copying.line == f"near copies {near:.3f}, nn ratio {ratio:.2f}, membership AUC {auc:.2f}"


def test_chance_goes_the_farther_the_fewer_windows_are_set_aside() -> None:
    assert Copying(0.04, 1.0, 0.5, windows=10**6).alarm
    assert not Copying(0.04, 1.0, 0.5, windows=100).alarm  # .02 + .3 / 10
    assert Copying(0.06, 1.0, 0.5, windows=100).alarm


def test_people_set_aside_who_are_unlike_the_others_are_no_members() -> None:
    assert Copying(0.0, 1.0, 0.75, windows=10**6).alarm
    assert not Copying(0.0, 1.0, 0.75, windows=10**6, untrained_auc=0.65).alarm
    assert Copying(0.0, 1.0, 0.81, windows=10**6, untrained_auc=0.65).alarm


def test_a_collapsed_generator_stops_training_with_the_class_and_a_remedy() -> None:
    stopping = toy_windows(people=2, per_class=4)
    one = stopping.select(np.array([0, 8, 16]))  # one window of each class for ever
    with pytest.raises(TrainingError, match="collapsed: its 'still' windows are all alike"):
        check_of(Gives(one), stopping, stopping)()


def test_windows_set_aside_that_do_not_vary_say_so() -> None:
    flat = windows_from_arrays(
        np.ones((10, 8, 1)), ["rest"] * 10, rate_hz=4.0, channels=[("x", "g")]
    )
    with pytest.raises(
        DataError, match="'rest' that were set aside for the early stop do not vary"
    ):
        check_of(Gives(noise(10, 0)), flat, flat)()


def test_it_draws_as_the_windows_set_aside_are_and_tells_no_condition() -> None:
    whole = toy_windows(people=2, per_class=30)
    kept = np.concatenate([np.arange(5), np.arange(30, 60)])  # 5 still, 30 walking, none running
    stopping = whole.select(kept)
    form = ConditionForm(manner=(1.0,), covariates=(CovariateLaw("age", 30.0, 1.0),))
    gives = Gives(whole)
    check_of(gives, whole, stopping, form)()
    assert np.bincount(gives.asked, minlength=3).tolist() == [20, 30, 0]
    assert gives.told.shape == (50, 4) and not gives.told.any()


def test_it_draws_600_windows_at_most() -> None:
    many = windows_from_arrays(
        np.random.default_rng(0).normal(size=(1000, 4, 1)),
        [f"c{at % 5}" for at in range(1000)],
        rate_hz=4.0,
        channels=[("x", "g")],
    )
    gives = Gives(many)
    check_of(gives, many.select(slice(0, 50)), many)()
    assert np.bincount(gives.asked).tolist() == [CHECK_TOTAL // 5] * 5


# what is set aside


def test_whole_groups_are_set_aside_where_there_are_four() -> None:
    train = toy_windows(people=5, per_class=2)
    learning, stopping, how = set_aside(train, 0.2, 0)
    assert stopping is not None
    assert not set(learning.group) & set(stopping.group)
    assert len(learning) + len(stopping) == len(train)
    assert all(learning.counts.values())
    assert how == "Early stop by 1 of 5 groups set aside"
    again = set_aside(train, 0.2, 0)[1]
    assert again is not None and set(again.group) == set(stopping.group)
    others = {g for s in range(8) if (o := set_aside(train, 0.2, s)[1]) for g in o.group}
    assert len(others) > 1  # another seed, other groups


def test_with_fewer_groups_the_last_stretch_of_each_is_set_aside() -> None:
    train = toy_windows(people=3, per_class=10)
    shuffled = train.select(np.random.default_rng(0).permutation(len(train)))
    learning, stopping, how = set_aside(shuffled, 0.2, 0)
    assert stopping is not None
    assert how == "Early stop by a stretch of each group's windows, for want of groups (3)"
    assert len(stopping) == 3 * 3 * (10 // BLOCKS)
    for group in np.unique(train.group):
        for label in range(3):
            aside, kept = (
                np.sort(part.start_s[(part.group == group) & (part.label == label)])
                for part in (stopping, learning)
            )
            assert aside.tolist() == [16.0, 18.0]
            assert kept.tolist() == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0]


def test_a_class_of_one_group_falls_back_to_stretches() -> None:
    # only p00 runs: if that group is set aside, or all of it learnt from, the class must be in both
    train = toy_windows(people=5, per_class=10)
    train = train.select((train.label != 2) | (train.subject == "p00"))
    for seed in range(6):
        learning, stopping, _ = set_aside(train, 0.2, seed)
        assert stopping is not None
        assert all(learning.counts.values())


def test_none_is_set_aside_where_it_is_not_wanted_or_cannot_be() -> None:
    train = toy_windows(people=5, per_class=2)
    learning, stopping, how = set_aside(train, 0.0, 0)
    assert (learning, stopping) == (train, None)
    assert how == "No early stop (fit.set_aside is 0)"
    few = toy_windows(people=3, per_class=3)  # a fifth of 3 windows is none
    learning, stopping, how = set_aside(few, 0.2, 0)
    assert len(learning) == len(few)
    assert stopping is None
    assert how.startswith("No early stop (")
