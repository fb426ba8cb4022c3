from dataclasses import replace

import numpy as np
import pytest

from toy import people, toy_windows, with_acc
from wearsynth.data import Windows, concat
from wearsynth.errors import DataError
from wearsynth.evaluation import Scores, evaluate

DISTANCES = ("feature_w1", "log_band_w1", "autocorrelation")


def made(windows: Windows, *groups: str) -> Windows:
    return replace(
        windows,
        subject=np.full(len(windows), ""),
        recording=np.full(len(windows), ""),
        synthetic=np.full(len(windows), True),
        trained_groups=groups,
    )


ALL = toy_windows(people=18, per_class=10)
TRAIN, OTHERS, HOLDOUT = people(ALL, 0, 6), people(ALL, 6, 12), people(ALL, 12, 18)


def judged(synthetic: Windows, *, train: Windows = TRAIN, holdout: Windows = HOLDOUT) -> Scores:
    return evaluate(made(synthetic, "p00"), train=train, holdout=holdout, quick=True)


@pytest.fixture(scope="module")
def of_others() -> Scores:
    return judged(OTHERS)


def value(scores: Scores, name: str) -> float:
    found = scores.score(name).value
    assert found is not None
    return found


def test_other_real_people_are_ok(of_others: Scores) -> None:
    assert of_others.score("trtr_macro_f1_trees").verdict == "for comparison"
    verdicts = {s.name: s.verdict for s in of_others.scores if s.verdict != "for comparison"}
    assert verdicts.pop("drift") == "not measured"  # acceleration alone, windows of 2 s
    assert set(verdicts.values()) <= {"ok", "weak", "control"}, verdicts
    assert list(verdicts.values()).count("ok") >= 5
    assert value(of_others, "tstr_macro_f1_trees") > 0.9
    assert of_others.score("feature_w1").reference is not None


def test_the_holdout_itself_has_no_distance_and_is_suspicious() -> None:
    scores = judged(HOLDOUT)
    # where random halves are no nearer to each other than other people are, a figure cannot tell
    for name in ("feature_w1", "log_band_w1", "frechet", "mmd", "detector_auc"):
        assert scores.score(name).verdict == "suspicious (copy?)", name
    # of each class as many windows are compared as a reference draw has: half of them all
    assert value(scores, "feature_w1") < 0.15
    assert value(scores, "detector_auc") < 0.5


def test_noise_is_told_apart_always_and_useless() -> None:
    rng = np.random.default_rng(0)
    noise = with_acc(OTHERS, rng.normal(size=OTHERS.signals["acc"].values.shape))
    scores = judged(noise)
    assert value(scores, "detector_auc") == pytest.approx(1.0)
    assert value(scores, "near_copies") == 0.0
    assert value(scores, "nn_ratio") > 1.0
    for name in (*DISTANCES, "tstr_macro_f1_trees"):
        assert scores.score(name).verdict == "bad", name
    assert scores.score("detector_auc").verdict != "ok"  # AUC ends at 1: excess is bounded


def test_copies_of_training_windows_are_found_plain_and_noised() -> None:
    plain = judged(TRAIN)
    assert value(plain, "near_copies") == 1.0
    assert value(plain, "nn_ratio") == pytest.approx(0.0, abs=1e-6)
    rng = np.random.default_rng(0)
    values = TRAIN.signals["acc"].values
    noised = judged(with_acc(TRAIN, values + rng.normal(0, 0.005, values.shape)))
    for scores in (plain, noised):
        assert scores.score("near_copies").verdict == "suspicious (copy?)"
        assert scores.score("nn_ratio").verdict == "suspicious (copy?)"
    assert value(noised, "near_copies") > 0.5


def test_shuffled_labels_are_useful_at_chance_only() -> None:
    shuffled = replace(OTHERS, label=np.random.default_rng(0).permutation(OTHERS.label))
    score = judged(shuffled).score("tstr_macro_f1_trees")
    assert score.value is not None and 0.15 < score.value < 0.6
    assert score.verdict == "bad"
    assert score.interval is not None and score.interval[1] < 0


def test_the_order_of_rows_does_not_matter(of_others: Scores) -> None:
    rng = np.random.default_rng(5)
    sets = [windows.select(rng.permutation(len(windows))) for windows in (OTHERS, TRAIN, HOLDOUT)]
    again = judged(sets[0], train=sets[1], holdout=sets[2])
    assert again.to_json() == of_others.to_json()


def test_the_order_of_channels_does_not_matter(of_others: Scores) -> None:
    def turned(windows: Windows) -> Windows:
        acc = windows.signals["acc"]
        order = [2, 0, 1]
        channels = tuple(acc.channels[index] for index in order)
        return replace(
            windows,
            signals={"acc": replace(acc, values=acc.values[:, :, order], channels=channels)},
        )

    again = judged(turned(OTHERS), train=turned(TRAIN), holdout=turned(HOLDOUT))
    assert again.to_json() == of_others.to_json()


def test_few_groups_still_give_values_but_no_verdict() -> None:
    scores = judged(OTHERS, holdout=people(HOLDOUT, 12, 15))
    assert scores.score("membership_unrelated").value is None
    assert scores.score("drift").value is None
    absent = {"membership_unrelated", "drift"}
    for score in (s for s in scores.scores if s.name not in absent):
        assert score.value is not None
        assert score.reference is None
        assert score.verdict in {"too few", "for comparison", "control"}
    assert any("3 group(s)" in note for note in scores.notes)
    copies = judged(TRAIN, holdout=people(HOLDOUT, 12, 15))
    assert copies.score("near_copies").verdict == "suspicious (copy?)"


def test_one_holdout_group_has_no_detector_and_says_why() -> None:
    score = judged(OTHERS, holdout=people(HOLDOUT, 12, 13)).score("detector_auc")
    assert (score.value, score.verdict) == (None, "not measured")
    assert "two groups" in score.note


def test_a_missing_class_is_said() -> None:
    two = concat([OTHERS.of_class("still"), OTHERS.of_class("walking")])
    scores = judged(two)
    assert "running" in scores.score("tstr_macro_f1_trees").note
    assert value(scores, "tstr_macro_f1_trees") < 0.7
    assert any("'running' is missing in synthetic" in note for note in scores.notes)


def test_one_class_only_has_distances_but_no_usefulness() -> None:
    parts = [windows.of_class("walking") for windows in (OTHERS, TRAIN, HOLDOUT)]
    scores = judged(parts[0], train=parts[1], holdout=parts[2])
    assert scores.score("feature_w1").value is not None
    assert scores.score("tstr_macro_f1_trees").verdict == "not measured"
    assert scores.pictures.confusions == ()


def test_windows_that_were_not_to_be_judged_are_refused() -> None:
    with pytest.raises(DataError, match="train and holdout share 6 group"):
        judged(OTHERS, train=HOLDOUT)
    with pytest.raises(DataError, match=r"generator's training groups and holdout share 1 .*p12"):
        evaluate(made(OTHERS, "p12"), train=TRAIN, holdout=HOLDOUT)
    with pytest.raises(DataError, match="synthetic holds no windows"):
        judged(OTHERS.select(np.zeros(0, dtype=int)))
    with pytest.raises(DataError, match="do not fit: classes"):
        judged(replace(OTHERS, classes=("a", "b", "c")))
    with pytest.raises(DataError, match="no class in common"):
        judged(OTHERS.of_class("still"), train=TRAIN.of_class("walking"))


def test_the_same_windows_under_other_names_are_refused_in_the_holdout() -> None:
    renamed = replace(TRAIN, subject=np.char.add("again ", TRAIN.subject))
    some = concat([HOLDOUT, renamed.select(np.arange(3))])
    with pytest.raises(DataError, match=r"^3 holdout window\(s\) are training windows too"):
        judged(OTHERS, holdout=some)


def test_windows_at_rest_may_coincide() -> None:
    def still(windows: Windows) -> Windows:
        signal = windows.signals["acc"]
        values = signal.values.copy()
        values[windows.label == 0] = (0.0, 0.0, 1.0)
        return replace(windows, signals={"acc": replace(signal, values=values)})

    scores = judged(still(OTHERS), train=still(TRAIN), holdout=still(HOLDOUT))
    assert scores.score("feature_w1").value is not None


def test_windows_that_are_not_marked_synthetic_are_noted() -> None:
    scores = evaluate(OTHERS, train=TRAIN, holdout=HOLDOUT, quick=True)
    assert any("marked synthetic" in note for note in scores.notes)
    assert not any("marked synthetic" in note for note in judged(OTHERS).notes)


def test_a_generator_that_names_no_groups_is_noted() -> None:
    scores = evaluate(made(OTHERS), train=TRAIN, holdout=HOLDOUT, quick=True)
    assert any("do not say which groups" in note for note in scores.notes)


def test_synthetic_windows_cannot_stand_on_the_real_side() -> None:
    windows = toy_windows(people=4, per_class=3)
    made = replace(windows, synthetic=np.ones(len(windows), dtype=np.bool_))
    for train, holdout in ((made, windows), (windows, made)):
        with pytest.raises(DataError, match="holds synthetic windows; only real ones can judge"):
            evaluate(made, train=train, holdout=holdout, quick=True)
