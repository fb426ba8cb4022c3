import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor, nn
from torch.nn import functional as F

from wearsynth.errors import Interrupted, PrivacyError, TrainingError
from wearsynth.generators import Parameters, Player
from wearsynth.optimise import LoopPlan, Records, RoundReport, optimise
from wearsynth.privacy.clipping import clipped_by_backward, clipped_by_books, clipped_by_vmap
from wearsynth.privacy.keys import BLOCK, Key, new_key
from wearsynth.privacy.plan import DpPlan
from wearsynth.privacy.steps import GRID_BITS, PrivateSteps, way_to_clip
from wearsynth.privacy.units import Units

KEY = Key(bytes(range(32)))
PLAN = DpPlan("subject", 1.0, 0.5, 1.7, steps=60)
PEOPLE, WINDOWS = 6, 4
RECORDS = Records(
    np.random.default_rng(0).normal(2.0, 1.0, (PEOPLE * WINDOWS, 1, 5)).astype(np.float32),
    (np.arange(PEOPLE * WINDOWS) % 2).astype(np.int64),
)
UNITS = Units(
    tuple(
        (np.arange(first, first + 2), np.arange(first + 2, first + WINDOWS))
        for first in range(0, PEOPLE * WINDOWS, WINDOWS)
    )
)
LABELS = Records(np.zeros((2, 1, 5), np.float32), np.arange(2))


@dataclass(frozen=True, eq=False)
class Fit:
    """A player that sees private records, and one that follows it; the loss of the first is linear."""

    private: nn.Linear
    follower: nn.Linear
    updates: int = 2
    noise_size: int = 1
    averaged: str = "follower"

    @property
    def players(self) -> tuple[Player, ...]:
        return (
            Player("private", self.private, self.of_private, self.updates, 0.01, True),
            Player("follower", self.follower, self.of_follower, 1, 0.01, False),
        )

    def of_private(
        self, parameters: Mapping[str, Parameters], records: Tensor, label: Tensor, noise: Tensor
    ) -> Tensor:
        return F.linear(records[:, 0], parameters["private"]["weight"])[:, 0]

    def of_follower(
        self, parameters: Mapping[str, Parameters], records: Tensor, label: Tensor, noise: Tensor
    ) -> Tensor:
        apart = parameters["follower"]["weight"] - parameters["private"]["weight"].detach()
        assert not records.any()  # what follows is given no private record
        return apart.square().sum() * (1 + 0.1 * noise[:, 0])


def fresh() -> Fit:
    torch.manual_seed(0)
    return Fit(nn.Linear(5, 1, bias=False), nn.Linear(5, 1, bias=False))


def steps_of(key: Key = KEY, plan: DpPlan = PLAN, begun: list[int] | None = None) -> PrivateSteps:
    begin = (lambda step: None) if begun is None else begun.append
    return PrivateSteps(plan, key, RECORDS, UNITS, each=2, noise_size=1, begin=begin)


def released(steps: PrivateSteps, step: int = 0) -> Tensor:
    fit = fresh()
    parameters: dict[str, Parameters] = {
        player.name: dict(player.module.named_parameters()) for player in fit.players
    }
    return steps(fit.players[0], parameters, step)["weight"].reshape(-1)


def test_noise_depends_on_the_key_and_the_step_alone() -> None:
    first = released(steps_of())
    assert torch.equal(first, released(steps_of()))
    assert not torch.isclose(first, released(steps_of(), step=1)).any()
    assert not torch.isclose(first, released(steps_of(new_key()))).any()


def test_noise_has_the_sd_that_is_accounted() -> None:
    # all enter, and each unit's gradient, the sum of two windows of mean 2, is longer than the norm
    keys = [Key(i.to_bytes(32, "little")) for i in range(250)]
    apart = []
    for key in keys:
        whole = released(steps_of(key))
        silent = released(steps_of(key, replace(PLAN, noise_multiplier=0.0)))
        assert silent.norm() <= PEOPLE
        assert silent.norm() > PEOPLE / 2
        apart.append((whole - silent).numpy())
    noise = np.concatenate(apart)
    low, high = stats.chi2.ppf([1e-4, 1 - 1e-4], len(noise)) / len(noise)
    assert low < (noise**2).mean() / PLAN.noise_multiplier**2 < high
    assert stats.kstest(noise / PLAN.noise_multiplier, "norm").pvalue > 1e-3


def test_noise_does_not_come_again_from_block_to_block() -> None:
    wide = nn.Linear(2 * BLOCK + 7, 1, bias=False)
    records = Records(np.zeros((PEOPLE * WINDOWS, 1, 2 * BLOCK + 7), np.float32), RECORDS.label)

    def loss(
        parameters: Mapping[str, Parameters], values: Tensor, label: Tensor, noise: Tensor
    ) -> Tensor:
        return F.linear(values[:, 0], parameters["wide"]["weight"])[:, 0]

    player = Player("wide", wide, loss, 1, 0.1, True)
    parameters: dict[str, Parameters] = {"wide": dict(wide.named_parameters())}
    noise = replace(steps_of(), records=records)(player, parameters, 0)["weight"][0]
    first, second, rest = torch.split(noise, BLOCK)
    for of in (first, second):
        assert of.std().item() == pytest.approx(PLAN.noise_multiplier, rel=0.05)
    assert torch.corrcoef(torch.stack([first, second]))[0, 1].abs() < 4 / BLOCK**0.5
    assert not (rest == first[:7]).any() and not (rest == second[:7]).any()


def test_a_larger_norm_lets_more_through_and_the_noise_stays_in_its_units() -> None:
    def silent(clip_norm: float) -> Tensor:
        return released(steps_of(plan=replace(PLAN, noise_multiplier=0.0, clip_norm=clip_norm)))

    def noise(clip_norm: float) -> Tensor:
        return released(steps_of(plan=replace(PLAN, clip_norm=clip_norm))) - silent(clip_norm)

    assert silent(1e6).norm() < 1e-3 * silent(0.5).norm()  # not clipped: small beside the norm
    torch.testing.assert_close(noise(0.5), noise(2.0), rtol=0, atol=1e-5)


def test_sums_are_rounded_to_a_grid_that_the_data_do_not_choose() -> None:
    grid = 2.0 ** (0 - GRID_BITS)  # the largest power of 2 that is no more than 1.7 is 1
    places = released(steps_of()).double() / grid
    assert torch.equal(places, places.round())


def test_nobody_in_a_step_is_noise_alone() -> None:
    rare = replace(PLAN, sampling_probability=1e-9)
    drawn = released(steps_of(plan=rare))
    assert drawn.abs().sum() > 0
    assert not released(steps_of(plan=replace(rare, noise_multiplier=0.0))).any()


def test_steps_that_were_not_accounted_for_are_not_taken() -> None:
    begun: list[int] = []
    with pytest.raises(TrainingError, match="all 60 steps"):
        released(steps_of(begun=begun), step=60)
    assert begun == []


def test_the_ledger_is_told_before_anything_is_read() -> None:
    def refuse(_: int) -> None:
        raise PrivacyError("no budget")

    steps = replace(steps_of(), begin=refuse, records=None)  # type: ignore[arg-type]
    with pytest.raises(PrivacyError, match="no budget"):
        released(steps)


LOOP = LoopPlan(rounds=30, batch_size=4, check_every=30, patience=1, average_decay=0.9, seed=0)


def test_the_loop_takes_each_step_once_and_tells_no_loss() -> None:
    begun: list[int] = []
    reports: list[RoundReport] = []
    fit = fresh()
    optimise(fit, LABELS, LOOP, watch=reports.append, private=steps_of(begun=begun))
    assert begun == list(range(60))
    assert all(report.losses == {} and report.score is None for report in reports)
    assert len(reports) == 30


@pytest.mark.parametrize("stop_after", [1, 17])
def test_a_stopped_and_resumed_private_run_is_the_same_run(stop_after: int, tmp_path: Path) -> None:
    def stop(report: RoundReport) -> None:
        if report.round == stop_after:
            os.kill(os.getpid(), signal.SIGINT)

    whole, parted, resumed, other = fresh(), fresh(), fresh(), fresh()
    optimise(whole, LABELS, LOOP, private=steps_of())
    file, begun = tmp_path / "loop.safetensors", list[int]()
    with pytest.raises(Interrupted):
        optimise(parted, LABELS, LOOP, watch=stop, checkpoint=file, private=steps_of(begun=begun))
    assert begun == list(range(2 * stop_after))
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600
    optimise(resumed, LABELS, LOOP, checkpoint=file, private=steps_of(begun=begun))
    assert begun == list(range(60))
    optimise(other, LABELS, LOOP, private=steps_of(new_key()))
    for one, same, unlike in zip(
        (whole.private, whole.follower),
        (resumed.private, resumed.follower),
        (other.private, other.follower),
        strict=True,
    ):
        assert torch.equal(one.weight, same.weight)
        assert not torch.equal(one.weight, unlike.weight)


def test_frozen_weights_stay_and_resuming_keeps_them(tmp_path: Path) -> None:
    fit = replace(fresh(), private=nn.Linear(5, 1))
    fit.private.weight.requires_grad_(False)
    before = fit.private.weight.clone()

    def loss(
        parameters: Mapping[str, Parameters], records: Tensor, label: Tensor, noise: Tensor
    ) -> Tensor:
        return F.linear(
            records[:, 0], parameters["private"]["weight"], parameters["private"]["bias"]
        )[:, 0]

    @dataclass(frozen=True, eq=False)
    class Biased:
        module: nn.Linear
        noise_size: int = 1
        averaged: str = "private"

        @property
        def players(self) -> tuple[Player, ...]:
            return (Player("private", self.module, loss, 1, 0.1, True),)

    file = tmp_path / "loop.safetensors"
    optimise(Biased(fit.private), LABELS, LOOP, checkpoint=file, private=steps_of())
    assert torch.equal(fit.private.weight, before)
    again = nn.Linear(5, 1)
    again.weight.requires_grad_(False)
    optimise(Biased(again), LABELS, LOOP, checkpoint=file, private=steps_of())
    assert torch.equal(again.weight, before)
    assert torch.equal(again.bias, fit.private.bias)


def test_ways_that_are_needed_are_found_and_told() -> None:
    fit = fresh()
    parameters: dict[str, Parameters] = {
        player.name: dict(player.module.named_parameters()) for player in fit.players
    }
    known, unknown = fit.players
    assert way_to_clip(known, parameters, (1, 5, 1), 2) == (clipped_by_books, "")
    way, line = way_to_clip(unknown, parameters, (1, 5, 1), 1)
    assert way is clipped_by_vmap and "Slower" in line
    assert way_to_clip(unknown, parameters, (1, 5, 1), 2)[0] is clipped_by_backward
