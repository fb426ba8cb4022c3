import math
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from wearsynth.errors import Interrupted, ModelError, TrainingError
from wearsynth.generators import Parameters, Player
from wearsynth.optimise import (
    LoopPlan,
    Records,
    RoundReport,
    arithmetic,
    draw_balanced,
    optimise,
)
from wearsynth.tensors import load_tensors, save_tensors

PLAN = LoopPlan(rounds=30, batch_size=8, check_every=5, patience=100, average_decay=0.9, seed=0)
RECORDS = Records(
    np.random.default_rng(0).normal(3.0, 1.0, (40, 1, 2)).astype(np.float32),
    (np.arange(40) % 2).astype(np.int64),
)


class Mean(nn.Module):
    """One number that learns the mean of the records."""

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.zeros(1))


@dataclass(frozen=True, eq=False)
class Fit:
    """Least squares by two players, so that turns and noise are exercised."""

    first: Mean
    second: Mean
    noise_size: int = 2
    averaged: str = "first"
    fail_after: float = float("inf")

    @property
    def players(self) -> tuple[Player, ...]:
        return (
            Player("first", self.first, self.loss_first, 2, 0.1, True),
            Player("second", self.second, self.loss_second, 1, 0.1, False),
        )

    def loss_first(
        self, parameters: Mapping[str, Parameters], records: Tensor, label: Tensor, noise: Tensor
    ) -> Tensor:
        guess = parameters["first"]["value"]
        loss = (records.mean(dim=(1, 2)) + 0.1 * noise[:, 0] - guess).square()
        return torch.where(guess > self.fail_after, torch.nan, loss)

    def loss_second(
        self, parameters: Mapping[str, Parameters], records: Tensor, label: Tensor, noise: Tensor
    ) -> Tensor:
        goal = parameters["first"]["value"].detach() + 0.1 * noise[:, 1]
        return (goal - parameters["second"]["value"]).square()


def fresh() -> Fit:
    return Fit(Mean(), Mean())


def values(fit: Fit) -> tuple[float, float]:
    return fit.first.value.item(), fit.second.value.item()


def test_it_learns_and_the_loss_falls() -> None:
    fit, seen = fresh(), list[RoundReport]()
    outcome = optimise(fit, RECORDS, replace(PLAN, rounds=300), watch=seen.append)
    assert fit.first.value.item() == pytest.approx(3.0, abs=0.3)
    assert seen[-1].losses["first"] < 0.5 * seen[0].losses["first"]
    assert [report.round for report in seen] == list(range(1, 301))
    assert (outcome.rounds_run, outcome.kept_round, outcome.scores) == (300, 300, ())


def test_the_same_seed_gives_the_same_weights_and_another_does_not() -> None:
    runs = [fresh(), fresh(), fresh()]
    for fit, seed in zip(runs, (1, 1, 2), strict=True):
        optimise(fit, RECORDS, replace(PLAN, seed=seed))
    assert values(runs[0]) == values(runs[1]) != values(runs[2])


@pytest.mark.parametrize("stop_after", [1, 7, 29])
def test_a_stopped_and_resumed_run_ends_with_the_same_weights(
    stop_after: int, tmp_path: Path
) -> None:
    def check_of(fit: Fit) -> float:
        return abs(fit.first.value.item() - 2.0)

    whole, parted = fresh(), fresh()
    expected = optimise(whole, RECORDS, PLAN, check=lambda: check_of(whole))

    def stop(report: RoundReport) -> None:
        if report.round == stop_after:
            os.kill(os.getpid(), signal.SIGINT)

    file = tmp_path / "loop.safetensors"
    with pytest.raises(Interrupted, match=f"after round {stop_after} of 30"):
        optimise(parted, RECORDS, PLAN, check=lambda: check_of(parted), watch=stop, checkpoint=file)
    resumed = fresh()
    outcome = optimise(resumed, RECORDS, PLAN, check=lambda: check_of(resumed), checkpoint=file)
    assert values(resumed) == values(whole)
    assert outcome == expected


@dataclass(frozen=True, eq=False)
class Slope:
    """A loss that falls by 1 a unit: Adam goes by the learning rate in every round."""

    only: Mean
    falls: Literal["never", "cosine", "root"]
    noise_size: int = 1
    averaged: str = "only"

    @property
    def players(self) -> tuple[Player, ...]:
        return (Player("only", self.only, self.loss, 1, 0.1, False, (0.9, 0.99), self.falls),)

    def loss(
        self, parameters: Mapping[str, Parameters], records: Tensor, label: Tensor, noise: Tensor
    ) -> Tensor:
        return -parameters["only"]["value"].expand(len(records))


def went_by(falls: Literal["never", "cosine", "root"]) -> list[float]:
    """Give by how far the weight went in each of four rounds."""
    slope, places = Slope(Mean(), falls), [0.0]
    plan = replace(PLAN, rounds=4)
    optimise(slope, RECORDS, plan, watch=lambda _: places.append(slope.only.value.item()))
    return [float(step) for step in np.diff(places)]


def test_a_learning_rate_falls_along_a_half_cosine_where_asked_for() -> None:
    # (1 + cos(pi * done / 4)) / 2 of 0.1; of so few rounds none is for warming up
    expected = [0.1 * (1 + math.cos(math.pi * done / 4)) / 2 for done in range(4)]
    assert went_by("cosine") == pytest.approx(expected, rel=1e-4)
    assert went_by("never") == pytest.approx([0.1] * 4, rel=1e-4)


def test_a_learning_rate_may_fall_as_the_root_of_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wearsynth.optimise.ROOT_AFTER", 2)
    assert went_by("root") == pytest.approx(
        [0.1, 0.1, 0.1 * (2 / 3) ** 0.5, 0.1 * 0.5**0.5], rel=1e-4
    )


def test_a_learning_rate_that_falls_rises_first() -> None:
    slope, places = Slope(Mean(), "cosine"), [0.0]
    optimise(
        slope,
        RECORDS,
        replace(PLAN, rounds=90),
        watch=lambda _: places.append(slope.only.value.item()),
    )
    steps = np.diff(places)
    # a tenth of the rounds and one more: 10; the rate is 1/10, 2/10, ... of what the cosine gives
    assert steps[0] == pytest.approx(0.1 * 0.1, rel=1e-3)
    assert steps[4] == pytest.approx(0.05 * (1 + math.cos(math.pi * 4 / 90)) / 2, rel=1e-3)
    assert steps.argmax() == 9


def test_bfloat16_is_arithmetic_of_its_own() -> None:
    row = torch.full((1, 3), 1.001)
    with arithmetic("cpu", "bfloat16"):
        assert (row @ row.T).item() == 3.0  # 1.001 is 1 in 8 bits
    with arithmetic("cpu", "float32"):
        assert (row @ row.T).item() == pytest.approx(3.006, abs=1e-3)


def test_ctrl_c_is_given_back_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)
    optimise(fresh(), RECORDS, PLAN)
    assert signal.getsignal(signal.SIGINT) is before


def test_the_best_checked_average_is_kept_and_patience_ends_the_run() -> None:
    fit = fresh()
    plan = replace(PLAN, rounds=1000, check_every=5, patience=3)
    outcome = optimise(fit, RECORDS, plan, check=lambda: abs(fit.first.value.item() - 1.0))
    assert outcome.rounds_run == outcome.kept_round + 15
    assert "no better held-out score" in outcome.reason
    assert outcome.kept_round == min(outcome.scores, key=lambda pair: pair[1])[0]
    best = min(score for _, score in outcome.scores)
    assert abs(fit.first.value.item() - 1.0) == pytest.approx(best, abs=1e-6)


def test_the_check_sees_the_average_and_does_not_disturb_training() -> None:
    watched, plain = fresh(), fresh()
    seen: list[float] = []

    def check() -> float:
        seen.append(watched.first.value.item())
        return -float(len(seen))  # always better: the last average is kept

    optimise(watched, RECORDS, PLAN, check=check)
    optimise(plain, RECORDS, PLAN)
    assert len(seen) == 6
    assert values(watched) == values(plain)
    assert watched.first.value.item() == seen[-1]


def test_a_loss_that_is_no_number_stops_with_the_round_and_a_remedy() -> None:
    fit = Fit(Mean(), Mean(), fail_after=0.5)
    with pytest.raises(TrainingError, match=r"first's loss became nan in round \d+; lower"):
        optimise(fit, RECORDS, PLAN)


def test_draws_are_balanced_over_classes() -> None:
    label = np.array([0] * 990 + [2] * 10)
    drawn = label[draw_balanced(label, 4000, np.random.default_rng(0))]
    assert set(drawn.tolist()) == {0, 2}
    assert np.mean(drawn == 2) == pytest.approx(0.5, abs=0.05)


def test_tensors_come_back_equal(tmp_path: Path) -> None:
    tensors = {"a": torch.arange(6.0).reshape(2, 3), "step": torch.tensor(3.0)}
    save_tensors(tmp_path / "t", tensors, {"round": 3})
    loaded, about = load_tensors(tmp_path / "t")
    assert about == {"round": 3}
    assert all(torch.equal(loaded[name], value) for name, value in tensors.items())
    assert [path.name for path in tmp_path.iterdir()] == ["t"]


def test_the_same_tensors_give_the_same_bytes(tmp_path: Path) -> None:
    files = [tmp_path / str(number) for number in range(8)]
    for file in files:
        save_tensors(file, {"b": torch.ones(3), "a": torch.zeros(2)}, {"round": 3, "x": "y"})
    assert len({file.read_bytes() for file in files}) == 1


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "text"])
def test_a_damaged_file_is_refused_in_one_sentence(damage: str, tmp_path: Path) -> None:
    file = tmp_path / "t"
    save_tensors(file, {"a": torch.ones(50)}, {"round": 3})
    content = bytearray(file.read_bytes())
    content[-20] ^= 1
    cases = {"flip": bytes(content), "cut": bytes(content[:-9]), "empty": b"", "text": b"hello" * 9}
    file.write_bytes(cases[damage])
    with pytest.raises(ModelError, match="damaged, or not written by wearsynth"):
        load_tensors(file)
