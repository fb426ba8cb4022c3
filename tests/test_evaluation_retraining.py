from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from attack_toys import ALL, HOLDOUT, TRAIN
from toy import people
from wearsynth.data import Windows, windows_from_arrays
from wearsynth.errors import DataError
from wearsynth.evaluation.attacks.retraining import person_aucs, retrain_attack, who_is_in
from wearsynth.evaluation.controls import Copying, Mixture, fit_mixture
from wearsynth.evaluation.scores import Score

DATA = Path(__file__).parents[2] / "shared" / "data" / "wesad_1hz"


def by_name(scores: tuple[Score, ...]) -> dict[str, Score]:
    return {score.name: score for score in scores}


def test_half_of_the_people_are_in_each_fit_and_each_person_in_half_of_them() -> None:
    table = who_is_in(7, 24, seed=0)
    assert table.shape == (24, 7)
    assert (table.sum(axis=0) == 12).all()
    assert set(table.sum(axis=1)) == {3, 4}
    assert who_is_in(6, 5, seed=0).shape == (5, 6)
    assert not np.array_equal(table, who_is_in(7, 24, seed=1))


def test_aucs_of_people_by_hand() -> None:
    inside = np.array([[True, False], [True, False], [False, True], [False, True]])
    near = np.array([[[3.0, 0.0], [1.0, 0.0], [2.0, 0.0], [0.0, 0.0]]])
    # against the fit's mean: 1.5, .5 where the first is in; 1, 0 where out: 3 of 4 pairs
    # the second: 0 and -1 where in; -1.5 and -.5 where out: 0 beats both, -1 beats one
    np.testing.assert_allclose(person_aucs(near, inside), [[0.75, 0.75]])
    always = np.where(inside, 1.0, 0.0)[None]
    assert person_aucs(always, inside).tolist() == [[1.0, 1.0]]
    assert person_aucs(-always, inside).tolist() == [[0.0, 0.0]]
    assert person_aucs(np.zeros((1, 4, 2)), inside).tolist() == [[0.5, 0.5]]


def test_a_copying_generator_gives_everybody_away() -> None:
    scores = by_name(retrain_attack(TRAIN, Copying, others=HOLDOUT, times=8, seed=0))
    for name in ("retrain_person_auc", "retrain_worst_person"):
        assert scores[name].value == pytest.approx(1.0, abs=0.02)
    assert scores["retrain_person_auc"].verdict == "bad"
    assert "8 fits to half of 8 groups" in scores["retrain_person_auc"].note


def test_a_generator_that_looks_at_nobody_gives_nobody_away() -> None:
    fixed = fit_mixture(people(ALL, 8, 16))
    scores = by_name(retrain_attack(TRAIN, lambda _: fixed, others=HOLDOUT, times=24, seed=0))
    value = scores["retrain_person_auc"].value
    assert value is not None and 0.3 < value < 0.7
    assert scores["retrain_person_auc"].verdict in {"ok", "weak"}
    leaky, unrelated = scores["retrain_leaky"], scores["retrain_unrelated"]
    assert leaky.value == pytest.approx(1.0, abs=0.02)
    assert "the attack succeeds" in leaky.note
    assert unrelated.value is not None and 0.3 < unrelated.value < 0.7
    assert "the attack fails" in unrelated.note
    assert {leaky.verdict, unrelated.verdict} == {"control"}


def test_each_fit_sees_half_of_the_people_and_gives_as_many_windows() -> None:
    seen: list[set[str]] = []
    asked: list[Mapping[str, int]] = []

    @dataclass(frozen=True)
    class Watched:
        inner: Mixture

        def sample(self, counts: Mapping[str, int], *, seed: int) -> Windows:
            asked.append(counts)
            return self.inner.sample(counts, seed=seed)

    def fit(windows: Windows) -> Watched:
        seen.append(set(windows.subject.tolist()))
        return Watched(fit_mixture(windows))

    retrain_attack(TRAIN, fit, others=HOLDOUT, times=4, seed=0)
    assert [len(one) for one in seen] == [4] * 4
    assert seen[0] | seen[1] == set(TRAIN.subject.tolist())
    assert asked == [dict.fromkeys(TRAIN.classes, 32)] * 4


def test_the_same_seed_gives_the_same_scores_whatever_the_order_of_rows() -> None:
    turned = TRAIN.select(np.arange(len(TRAIN))[::-1])
    one, two = (
        retrain_attack(train, Copying, others=HOLDOUT, times=4, seed=3) for train in (TRAIN, turned)
    )
    assert one == two


def test_what_cannot_be_attacked_is_refused() -> None:
    with pytest.raises(DataError, match="3 group"):
        retrain_attack(people(ALL, 0, 3), Copying, others=HOLDOUT)
    with pytest.raises(DataError, match="2 fits tell nothing"):
        retrain_attack(TRAIN, Copying, others=HOLDOUT, times=2)
    with pytest.raises(DataError, match="not in train"):
        retrain_attack(TRAIN, Copying, others=ALL)


def test_few_people_give_values_without_verdict() -> None:
    scores = by_name(retrain_attack(people(ALL, 0, 4), Copying, others=HOLDOUT, times=4))
    assert scores["retrain_person_auc"].verdict == "too few"
    assert "too few groups" in scores["retrain_leaky"].note


@pytest.mark.skipif(not DATA.exists(), reason="the 1 Hz form of WESAD is not on this machine")
def test_the_mixture_gives_people_of_wesad_away() -> None:
    stored = np.load(DATA / "wesad_windows_60s_stride30.npz", allow_pickle=True)
    values = next(stored[name] for name in stored.files if stored[name].ndim == 3)
    windows = windows_from_arrays(
        values,
        np.array(["rest", "stress"])[stored["label"].astype(int)],
        rate_hz=1,
        channels=[(name, "1") for name in ("bvp", "eda", "acc_x", "acc_y", "acc_z", "temp")],
        subject=stored["subject"].astype(str),
    )
    others = np.isin(windows.subject, np.unique(windows.subject)[:5])
    scores = by_name(
        retrain_attack(
            windows.select(~others), fit_mixture, others=windows.select(others), times=12
        )
    )
    found = scores["retrain_person_auc"].value
    assert found is not None and found > 0.9
    assert scores["retrain_person_auc"].verdict == "bad"
    blind = scores["retrain_unrelated"].value
    assert blind is not None and blind < 0.7
