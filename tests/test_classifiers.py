import numpy as np
import pytest

from toy import toy_windows
from wearsynth.classifiers import JUDGES, fit_judge
from wearsynth.data import Windows, windows_from_arrays
from wearsynth.errors import DataError


def split(windows: Windows) -> tuple[Windows, Windows]:
    late = np.isin(windows.subject, ["p04", "p05"])
    return windows.select(~late), windows.select(late)


@pytest.mark.parametrize("name", list(JUDGES))
def test_judges_know_plain_classes_and_not_shuffled_ones(name: str) -> None:
    train, test = split(toy_windows(people=6, per_class=10))
    first, again = (fit_judge(name, train, seed=1).predict(test) for _ in range(2))
    assert np.mean(first == test.label) > 0.95
    assert (first == again).all()
    shuffled = Windows(
        **{**vars(train), "label": np.random.default_rng(0).permutation(train.label)}
    )
    assert np.mean(fit_judge(name, shuffled, seed=1).predict(test) == test.label) < 0.75


@pytest.mark.parametrize("name", list(JUDGES))
def test_signals_of_other_rates_and_short_windows_fit(name: str) -> None:
    rng = np.random.default_rng(0)
    label = np.repeat([0, 1], 20)
    fast = rng.normal(size=(40, 64, 3)) * (1 + 2 * label[:, None, None])
    slow = rng.normal(size=(40, 8, 1))
    windows = windows_from_arrays(
        {
            "acc": (fast, 32.0, [("acc_x", "g"), ("acc_y", "g"), ("acc_z", "g")]),
            "eda": (slow, 4.0, [("eda", "uS")]),
        },
        np.array(["calm", "busy"])[label],
    )
    judge = fit_judge(name, windows)
    assert (judge.predict(windows) == windows.label).mean() > 0.9
    assert bool(judge.notes) == (name == "minirocket")


def test_one_class_only_is_said_and_always_answered() -> None:
    only = toy_windows(people=1, per_class=3).of_class("walking")
    judge = fit_judge("minirocket", only)
    assert judge.predict(only).tolist() == [1, 1, 1]
    assert "only class" in judge.notes[0]


def test_wrong_use_is_one_sentence() -> None:
    windows = toy_windows(people=1, per_class=2)
    with pytest.raises(DataError, match="Did you mean 'trees'"):
        fit_judge("tree", windows)
    with pytest.raises(DataError, match="no windows"):
        fit_judge("trees", windows.select(np.zeros(0, dtype=int)))
    other = Windows(**{**vars(windows), "classes": ("a", "b", "c")})
    with pytest.raises(DataError, match="do not fit"):
        fit_judge("trees", windows).predict(other)
