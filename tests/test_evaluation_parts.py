"""The figures' mathematics, by hand, and the scores' file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from toy import toy_windows
from wearsynth.data import Windows, windows_from_arrays
from wearsynth.errors import DataError, FileError
from wearsynth.evaluation import Score, Scores, evaluate, read_scores, write_scores
from wearsynth.evaluation.copies import copy_scores
from wearsynth.evaluation.decisions import macro_f1
from wearsynth.evaluation.described import (
    Described,
    DescribedSignal,
    describe,
    in_canonical_order,
    thinned,
)
from wearsynth.evaluation.fidelity import (
    compare,
    scales_of,
    wasserstein,
)
from wearsynth.evaluation.reference import (
    Measured,
    deal_groups,
    group_draws,
    random_halves,
    resampled_groups,
    scored,
    separation,
)
from wearsynth.evaluation.trial import Effort, prepare

TOY = toy_windows(people=7, per_class=6)


def people(*numbers: int) -> Windows:
    return TOY.select(np.isin(TOY.subject, [f"p{i:02d}" for i in numbers]))


@pytest.fixture(scope="module")
def scores() -> Scores:
    made = replace(people(0, 1, 2), synthetic=np.full(54, True), provenance=("made by <hand>",))
    return evaluate(made, train=people(0, 1, 2), holdout=people(3, 4, 5, 6), quick=True)


def test_wasserstein_of_worked_columns() -> None:
    a = np.array([[0.0, 0.0], [1.0, 0.0]])
    b = np.array([[2.0, 0.0], [3.0, 0.0], [4.0, 3.0]])
    assert wasserstein(a, b) == pytest.approx([2.5, 1.0])
    assert wasserstein(a, a).tolist() == [0.0, 0.0]
    rng = np.random.default_rng(0)
    one, two = rng.normal(size=(17, 1)), rng.normal(1, 2, size=(30, 1)).round(1)
    assert wasserstein(one, two)[0] == pytest.approx(wasserstein_distance(one[:, 0], two[:, 0]))


def changed(of: Described, signal: DescribedSignal) -> Described:
    return replace(of, signals={"acc": signal})


def test_distances_of_a_set_to_itself_are_zero_and_a_shift_of_one_sd_is_one() -> None:
    real = describe(TOY)
    scales = scales_of(real)
    distances = ("reading_w1", "feature_w1", "log_band_w1", "autocorrelation")
    for figure in (*distances, "coupling", "power_coupling"):
        assert compare(figure, real, real, scales).tolist() == [[0.0, 0.0, 0.0]]
    assert compare("frechet", real, real, scales) == pytest.approx(0.0, abs=1e-5)
    acc = real.signals["acc"]
    unit = np.stack([acc.features[real.label == c].std(axis=0) for c in real.label])
    shifted = acc.features + np.maximum(unit, 0.1 * acc.features.std(axis=0))
    varying = (acc.features.std(axis=0) > 0).mean()  # the norm never crosses zero
    assert varying > 0.98
    far = compare("feature_w1", changed(real, replace(acc, features=shifted)), real, scales)
    assert far == pytest.approx(np.full((1, 3), varying))
    moved = replace(acc, features=shifted + (acc.features.std(axis=0) == 0))
    assert compare("feature_w1", changed(real, moved), real, scales) == pytest.approx(1.0)
    louder = replace(acc, log_bands=acc.log_bands + 2.0)
    assert compare("log_band_w1", changed(real, louder), real, scales) == pytest.approx(2.0)
    other = replace(acc, acf=acc.acf - 0.5)
    assert compare("autocorrelation", changed(real, other), real, scales) == pytest.approx(0.5)


def test_readings_lie_a_sd_away_whatever_their_order() -> None:
    real = of_one_channel(np.tile([-1.0, 1.0], (10, 32)))  # the sd is 1
    scales = scales_of(real)

    def apart(of: Described) -> float:
        return float(compare("reading_w1", of, real, scales)[0, 0])

    assert apart(of_one_channel(np.tile([0.5, 2.5], (10, 32)))) == pytest.approx(1.5)
    assert apart(of_one_channel(np.tile([1.0, -1.0], (10, 32)))) == pytest.approx(0.0)
    still = of_one_channel(np.full((10, 64), 3.0))
    assert compare("reading_w1", real, still, scales_of(still)) == 1.0
    assert compare("reading_w1", still, still, scales_of(still)) == 0.0


def sawteeth(count: int, *, backwards: bool = False) -> Described:
    """Waves of one channel that rise in one step and fall in seven, at any phase."""
    rng = np.random.default_rng(0)
    tooth = -(np.arange(64) % 8.0)
    rows = np.stack([np.roll(tooth, shift) for shift in rng.integers(0, 8, count)])
    return of_one_channel(rows[:, :: -1 if backwards else 1])


def of_one_channel(rows: np.ndarray) -> Described:
    """Describe windows (window, time) of one class."""
    label = ["a"] * len(rows)
    return describe(windows_from_arrays(rows[:, :, None], label, rate_hz=8, channels=[("c", "1")]))


def test_direction_of_time_is_one_minus_one_and_none() -> None:
    real = sawteeth(40)
    scales = scales_of(real)

    def direction(of: Described) -> float:
        return float(compare("time_direction", of, real, scales)[0, 0])

    assert direction(sawteeth(40)) == pytest.approx(1.0)
    assert direction(sawteeth(40, backwards=True)) == pytest.approx(-1.0, abs=1e-3)
    rng = np.random.default_rng(0)
    found = [direction(of_one_channel(rng.normal(size=(40, 64)))) for _ in range(50)]
    assert abs(np.mean(found)) < 0.3  # noise has no direction: now this way, now that
    flat = replace(real.signals["acc"], rises=0 * real.signals["acc"].rises)
    assert np.isnan(direction(replace(real, signals={"acc": flat})))


def test_strength_across_channels_sees_axes_drawn_apart_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    strength = np.exp(rng.normal(size=(400, 1, 1)))  # a strong step is strong on every axis
    values = strength * rng.normal(size=(400, 64, 3))
    apart = np.stack([rng.permutation(values[:, :, axis]) for axis in range(3)], axis=2)
    axes = [(f"acc_{axis}", "g") for axis in "xyz"]

    def described(values: np.ndarray) -> Described:
        return describe(windows_from_arrays(values, ["a"] * 400, rate_hz=8, channels=axes))

    real = described(values)
    scales = scales_of(real)
    assert compare("power_coupling", described(values[:, ::-1]), real, scales) < 0.01
    assert compare("power_coupling", described(apart), real, scales)[0, 0] > 0.6
    assert compare("power_coupling", described(2 * values), real, scales) < 0.01
    one = sawteeth(40)  # of one channel
    assert np.isnan(compare("power_coupling", one, one, scales_of(one)))


def test_a_class_that_one_side_lacks_is_left_out_of_its_cell_only() -> None:
    real = describe(TOY)
    less = real.select(np.flatnonzero(real.label != 1))
    table = compare("feature_w1", less, real, scales_of(real))
    assert np.isnan(table).tolist() == [[False, True, False]]


def test_damage_to_one_class_shows_in_its_part() -> None:
    made = people(0, 1, 2)
    noise = np.random.default_rng(0).normal(0, 0.5, made.signals["acc"].values.shape)
    running = (made.label == 2)[:, None, None]
    values = (made.signals["acc"].values + noise * running).astype(np.float32)
    made = replace(made, signals={"acc": replace(made.signals["acc"], values=values)})
    made = replace(made, synthetic=np.full(len(made), True))
    train, holdout = people(0, 1, 2), people(3, 4, 5, 6)
    parts = evaluate(made, train=train, holdout=holdout, quick=True).score("feature_w1").parts
    values_of = {part.class_name: part.value or 0.0 for part in parts}
    assert list(values_of) == ["still", "walking", "running"]
    assert values_of["running"] > 2 * values_of["walking"]


def test_macro_f1_by_hand() -> None:
    confusion = np.array([[3, 1, 0], [1, 1, 0], [0, 0, 0]])
    assert macro_f1(confusion) == pytest.approx((2 * 3 / 8 + 2 * 1 / 4) / 2)
    assert macro_f1(np.diag([4, 2, 1])) == 1.0
    assert macro_f1(np.array([[0, 2], [2, 0]])) == 0.0


def measured(value: float, name: str = "feature_w1") -> str:
    draws, halves = [1.0, 1.2, 0.8], [0.2, 0.3] if name == "feature_w1" else [1.5, 1.6]
    return scored(name, Measured(value, 0.1, draws, halves), limits=(0, 9)).verdict


def test_excess_and_verdict_by_hand() -> None:
    score = scored("feature_w1", Measured(1.5, 0.1, [1.0, 1.2, 0.8]), limits=(0, 1.6))
    assert score.reference is not None
    assert (score.reference.mean, score.reference.worst) == pytest.approx((1.0, 1.2))
    assert score.excess == pytest.approx(2.5)  # .5 over the mean, worst is .2 over it
    assert score.interval == pytest.approx((1.304, 1.6))
    words = [measured(v) for v in (0.5, 1.19, 1.5, 1.7, 0.1)]
    assert words == ["ok", "ok", "weak", "bad", "suspicious (copy?)"]
    words = [measured(v, "tstr_macro_f1") for v in (1.7, 1.55, 0.9, 0.1)]
    assert words == ["suspicious (copy?)", "ok", "ok", "bad"]
    no_better = Measured(
        0.85, 0.1, [1.0, 1.2, 0.8], [0.9, 1.0]
    )  # halves are like other people here
    assert scored("feature_w1", no_better, limits=(0, 9)).verdict == "ok"
    many = Measured(0.1, 0.1, [1.0, 1.2, 0.8], [0.2, 0.3], beside_halves=0.25)
    assert scored("feature_w1", many, limits=(0, 9)).verdict == "ok"  # on as few, no better
    assert scored("feature_w1", Measured(1.0, 0.1), limits=(0, 9)).verdict == "too few"


def test_an_auc_of_one_is_bad_though_there_is_no_room_above_it() -> None:
    """d' of .76 is .999 (Phi(d'/sqrt 2)), of .5 it is 0, of .24 -.999."""
    assert [separation(v) for v in (0.5, 0.76025, 0.23975)] == pytest.approx([0, 1, -1], abs=1e-3)
    assert separation(1.0) == separation(0.9999) > 4
    draws = [0.5, 0.76025, 0.5, 0.23975]  # mean d' 0, the worst 1 beyond it
    at_the_end = scored("detector_auc", Measured(1.0, 0.0, draws), limits=(0, 1))
    assert at_the_end.verdict == "bad"
    between = scored("detector_auc", Measured(0.92135, 0.0, draws), limits=(0, 1))
    assert between.excess == pytest.approx(2.0, abs=1e-3)
    assert between.reference is not None and between.reference.mean == pytest.approx(0.5)


def test_group_draws_are_of_the_same_numbers_and_of_some_people_only() -> None:
    draws, numbers = group_draws(TOY.label, TOY.group, np.array([10, 1000, 0]), seed=0)
    assert numbers.tolist() == [10, 4 * 6, 0]
    for draw in draws:
        assert len(set(draw.tolist())) == len(draw)
        assert np.bincount(TOY.label[draw], minlength=3).tolist() == numbers.tolist()
        assert len(set(TOY.group[draw])) == 4
    assert len({tuple(sorted(set(TOY.group[draw]))) for draw in draws}) > 1


def test_random_halves_share_people_and_classes_evenly() -> None:
    for a, b in random_halves(TOY.label, TOY.group, seed=0):
        assert sorted([*a, *b]) == list(range(len(TOY)))
        assert np.bincount(TOY.label[a]).tolist() == np.bincount(TOY.label[b]).tolist()
        assert len(set(TOY.group[a])) == 7


def test_resampling_keeps_groups_whole() -> None:
    for rows in resampled_groups(TOY.group, times=5, seed=0):
        counts = np.bincount(rows, minlength=len(TOY))
        assert len(rows) == len(TOY)
        assert all(len(set(counts[TOY.group == name])) == 1 for name in set(TOY.group))


def test_groups_of_one_class_each_are_dealt_evenly() -> None:
    label = np.repeat([0, 0, 1, 1], 3)
    group = np.repeat(["a", "b", "c", "d"], 3)
    fold = deal_groups(label, group, 2, np.random.default_rng(0))
    assert [set(fold[label == c].tolist()) for c in (0, 1)] == [{0, 1}, {0, 1}]


def test_copy_scores_at_both_ends() -> None:
    train, holdout = people(0, 1, 2), people(3, 4, 5, 6)

    def both(made: Windows) -> tuple[Score, Score]:
        given = {"synthetic": made, "train": train, "holdout": holdout}
        plain, _, ratio = copy_scores(prepare(given, Effort(1000, 10, ()), seed=0))
        return plain, ratio

    copies, ratio = both(train)
    assert (copies.value, copies.verdict) == (1.0, "suspicious (copy?)")
    assert ratio.value == pytest.approx(0.0, abs=1e-6)
    same, one = both(holdout)
    assert same.value == pytest.approx(0.01, abs=0.02)
    assert one.value == pytest.approx(1.0)


def test_canonical_order_keeps_nameless_blocks_and_thinning_keeps_shares() -> None:
    nameless = replace(TOY, subject=np.full(126, ""), recording=np.full(126, ""))
    before = dict(zip(map(bytes, nameless.signals["acc"].values), nameless.group, strict=True))
    ordered = in_canonical_order(nameless)
    after = dict(zip(map(bytes, ordered.signals["acc"].values), ordered.group, strict=True))
    assert before == after
    assert thinned(TOY, 63).counts == {"still": 21, "walking": 21, "running": 21}
    assert thinned(TOY, 126) is TOY


def test_scores_come_back_from_json_and_from_a_file(scores: Scores, tmp_path: Path) -> None:
    assert Scores.from_json(scores.to_json()) == scores
    write_scores(scores, tmp_path / "new" / "scores.json")
    assert read_scores(tmp_path / "new" / "scores.json") == scores
    assert scores.contains_real_windows
    assert len(scores.to_json()) < 2_000_000
    assert scores.synthetic.provenance == ("made by <hand>",)
    with pytest.raises(DataError, match="Did you mean 'nn_ratio'"):
        scores.score("n_ratio")


def test_what_is_not_scores_is_one_sentence(scores: Scores, tmp_path: Path) -> None:
    path = tmp_path / "scores.json"
    with pytest.raises(FileError, match="cannot read"):
        read_scores(path)
    for text in ("", "{", "[]", '{"scores": []}'):
        path.write_text(text)
        with pytest.raises(DataError, match=r"scores\.json: not scores of wearsynth"):
            read_scores(path)
    with pytest.raises(DataError, match="schema version 99"):
        Scores.from_json(replace(scores, schema_version=99).to_json())


def test_pictures_show_each_class_and_channel_small(scores: Scores) -> None:
    pictures = scores.pictures
    assert [p.class_name for p in pictures.windows] == list(TOY.classes)
    assert np.shape(pictures.windows[0].real) == (3, 3, 60)
    assert len(pictures.spectra) == len(pictures.marginals) == 9
    marginal = pictures.marginals[0]
    assert np.sum(np.array(marginal.real) * np.diff(marginal.edges)) == pytest.approx(1, abs=0.01)
    assert np.sum(pictures.confusions[0].counts) == len(people(3, 4, 5, 6))
