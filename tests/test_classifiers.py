from dataclasses import replace

import numpy as np
import pytest
import torch

from toy import toy_windows
from wearsynth.classifiers import JUDGES, fit_judge
from wearsynth.classifiers.network import fit_network
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


def of_lengths(count: int, *lengths: int) -> Windows:
    """Windows whose second class is louder, one signal a length."""
    rng = np.random.default_rng(0)
    label = np.arange(count) % 2
    signals = {
        f"s{length}": (
            rng.normal(size=(count, length, 1)) * (1 + 3 * label[:, None, None]),
            float(length),
            [(f"c{length}", "g")],
        )
        for length in lengths
    }
    return windows_from_arrays(signals, np.array(["calm", "busy"])[label])


def test_the_network_takes_short_long_and_few_windows() -> None:
    for windows in (of_lengths(2, 4), of_lengths(12, 4, 4000), of_lengths(40, 5, 9, 300)):
        assert (fit_judge("cnn", windows).predict(windows) == windows.label).all()


def test_the_network_judges_each_window_alone_and_in_its_own_units() -> None:
    windows = of_lengths(40, 30)
    values = windows.signals["s30"].values
    fitted = fit_network({"s30": values}, windows.label, seed=0)
    whole = fitted.logits({"s30": values})
    alone = np.concatenate([fitted.logits({"s30": values[i : i + 1]}) for i in range(5)])
    assert alone == pytest.approx(whole[:5], abs=1e-5)
    other = fit_network({"s30": 1000 * values + 5}, windows.label, seed=0)
    assert other.logits({"s30": 1000 * values + 5}) == pytest.approx(whole, abs=0.05)


def test_the_network_leaves_no_trace_in_the_state_of_torch() -> None:
    torch.manual_seed(3)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    fit_judge("cnn", of_lengths(8, 16), seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def test_a_channel_that_never_moves_and_a_class_without_windows_are_no_trouble() -> None:
    windows = of_lengths(20, 12)
    signal = windows.signals["s12"]
    still = Windows(
        **{
            **vars(windows),
            "signals": {"s12": replace(signal, values=np.ones_like(signal.values))},
            "classes": ("busy", "absent", "calm"),
            "label": np.where(windows.label == 1, 2, 0),
        }
    )
    assert set(fit_judge("cnn", still).predict(still)) <= {0, 2}


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
