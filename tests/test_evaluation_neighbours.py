"""Distances between clouds of points, at both ends and by hand."""

from dataclasses import replace

import numpy as np
import pytest

from toy import toy_windows
from wearsynth.evaluation.coupling import channel_correlations, level_correlations
from wearsynth.evaluation.described import describe
from wearsynth.evaluation.fidelity import compare, placing, scales_of
from wearsynth.evaluation.neighbours import clipped_coverage, clipped_density, frechet, mmd

RNG = np.random.default_rng(0)
REAL, SAME = RNG.normal(size=(600, 3)), RNG.normal(size=(600, 3))
FAR = SAME + 100.0


def test_density_and_coverage_are_one_for_the_same_law_and_zero_far_away() -> None:
    assert clipped_density(SAME, REAL) == pytest.approx(1.0, abs=0.05)
    assert clipped_coverage(SAME, REAL) == pytest.approx(1.0, abs=0.05)
    assert clipped_density(FAR, REAL) == 0.0
    assert clipped_coverage(FAR, REAL) == 0.0


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_both_fall_in_step_with_the_share_of_bad_points(share: float) -> None:
    good = round(share * len(SAME))
    mixed = np.concatenate([SAME[:good], FAR[good:]])
    assert clipped_density(mixed, REAL) == pytest.approx(share, abs=0.05)
    assert clipped_coverage(mixed, REAL) == pytest.approx(share, abs=0.07)


def test_collapse_is_dense_and_covers_nothing() -> None:
    middle = np.zeros((600, 3)) + RNG.normal(0, 0.1, (600, 3))
    assert clipped_density(middle, REAL) > 0.9
    assert clipped_coverage(middle, REAL) < 0.1


def test_too_few_real_points_have_no_neighbourhood() -> None:
    assert np.isnan(clipped_density(SAME, REAL[:6]))
    assert np.isnan(clipped_coverage(SAME, REAL[:6]))


def test_frechet_by_hand() -> None:
    a = np.array([[-1.0], [1.0]])  # mean 0, sd 1
    assert frechet(a, a) == pytest.approx(0.0)
    assert frechet(a + 3, a) == pytest.approx(3.0)
    assert frechet(4 * a, a) == pytest.approx(3.0)  # |sd - sd|
    turned = np.array([[-1.0, 0.0], [1.0, 0.0]])
    assert frechet(turned, turned[:, ::-1]) == pytest.approx(np.sqrt(2.0))


def test_mmd_by_hand_and_at_both_ends() -> None:
    real = np.array([[0.0], [1.0]])  # width 1: kernel among real exp(-1)
    near = np.exp(-1.0)
    cross = np.array([[1.0, near], [near, 1.0]]).mean()
    assert mmd(real, real) == pytest.approx(near + near - 2 * cross)
    assert mmd(SAME, REAL) == pytest.approx(0.0, abs=0.005)
    assert mmd(FAR, REAL) > 0.5
    assert np.isnan(mmd(SAME[:1], REAL))


def test_correlations_of_channels_by_hand() -> None:
    toy = toy_windows(people=1, per_class=1)
    acc = toy.signals["acc"]
    ramp = np.arange(60, dtype=np.float32)
    values = np.stack([np.stack([ramp, -ramp, np.ones(60, np.float32)], axis=1)] * 3)
    pairs = channel_correlations({"acc": replace(acc, values=values)})
    assert pairs[0] == pytest.approx([-1.0, 0.0, 0.0])
    slow = replace(acc, values=values[:, ::2], rate_hz=15.0)
    both = channel_correlations({"acc": replace(acc, values=values), "slow": slow})
    assert both.shape == (3, 15)
    assert both[0][2] == pytest.approx(1.0)  # acc_x and the slow acc_x, on the slow one's steps
    levels = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, -1.0]])
    assert level_correlations(levels) == pytest.approx([-1.0])
    assert level_correlations(levels[:2]) == pytest.approx([0.0])


def test_axes_drawn_from_different_windows_show_in_coupling_alone() -> None:
    toy = toy_windows(people=6, per_class=20)
    real = describe(toy)
    acc = toy.signals["acc"]
    mixed = acc.values.copy()
    for label in range(3):
        rows = np.flatnonzero(toy.label == label)
        mixed[rows, :, 1] = mixed[RNG.permutation(rows), :, 1]
    apart = describe(replace(toy, signals={"acc": replace(acc, values=mixed)}))
    scales = scales_of(real)
    assert compare("coupling", real, real, scales).max() == 0.0
    assert compare("coupling", apart, real, scales).min() > 0.05
    assert (
        compare("log_band_w1", apart, real, scales).max()
        < 1e-9 + compare("log_band_w1", real, real, scales).max() + 0.05
    )


def test_lost_people_show_in_coverage() -> None:
    toy = toy_windows(people=10, per_class=20)
    place = placing(describe(toy))
    real = place(describe(toy))
    scales = scales_of(real)
    rng = np.random.default_rng(1)
    few = place(
        describe(toy.select(rng.choice(np.flatnonzero(np.isin(toy.subject, ["p00", "p01"])), 600)))
    )
    whole = place(describe(toy.select(rng.choice(len(toy), 600))))
    covered = compare("coverage", whole, real, scales)
    assert (compare("coverage", few, real, scales) < 0.6 * covered).all()
