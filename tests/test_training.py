import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from toy import toy_windows
from toy_models import quiet, weights_of
from wearsynth.config import USUAL, FitConfig
from wearsynth.data import Windows
from wearsynth.errors import DataError, Interrupted, ModelError
from wearsynth.generators.flow import ConditionalFlow
from wearsynth.optimise import RoundReport
from wearsynth.training import CHECK_HEUN_STEPS, fit

pytestmark = pytest.mark.usefixtures("one_torch_thread")

SMALL = FitConfig(
    generator="wgan-gp", rounds=8, batch_size=8, width=8, check_every=4, critic_updates=1
)
KINDS = ("flow", "mixture", "wgan-gp", "lstm-gan")


def toys() -> Windows:
    return toy_windows(people=6, per_class=3)


def of_kind(kind: str, **changes: object) -> FitConfig:
    return SMALL.model_copy(update={"generator": kind, **changes})


@pytest.mark.parametrize("kind", ["flow", "wgan-gp"])
def test_the_model_remembers_every_group_and_how_it_was_made(kind: str) -> None:
    lines: list[str] = []
    model = fit(toys(), of_kind(kind), say=lines.append)
    assert model.trained_groups == tuple(f"p{i:02d}" for i in range(6))
    assert model.classes == ("still", "walking", "running")
    assert model.kind == model.about["generator"] == kind
    assert [number for number, _ in model.about["held_out_scores"]] == [4, 8]
    assert model.about["fit"]["batch_size"] == 8
    assert "Early stop by 1 of 6 groups set aside; 8 rounds of 8 windows" in lines[1]
    assert all(line.startswith("Check: distance 0.") for line in lines[2:4])
    assert "kept the averaged weights" in lines[4]
    assert lines[5].startswith("Copies, beside windows set aside: near copies ")
    assert f"fitted {kind} to 54 windows of 6 groups" in model.provenance[-1]
    assert "kept round" in model.provenance[-1]


def test_the_kept_round_is_the_best_of_those_checked() -> None:
    model = fit(toys(), SMALL, say=quiet)
    best = min(model.about["held_out_scores"], key=lambda pair: pair[1])
    assert model.about["kept_round"] == best[0]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("kind", ["flow", "wgan-gp", "lstm-gan"])
def test_a_gpu_fits_and_draws(kind: str) -> None:
    model = fit(toys(), of_kind(kind, device="cuda"), say=quiet)
    here = model.sample(4, seed=1).signals["acc"].values
    there = model.computing_in("float32", "cuda").sample(4, seed=1).signals["acc"].values
    np.testing.assert_allclose(there, here, rtol=0, atol=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_weights(kind: str) -> None:
    short = of_kind(kind, rounds=2, check_every=2, set_aside=0.0)
    runs = [fit(toys(), short.model_copy(update={"seed": s}), say=quiet) for s in (0, 0, 1)]
    assert weights_of(runs[0]) == weights_of(runs[1]) != weights_of(runs[2])


def test_the_mixture_is_fitted_in_one_go_to_all_windows() -> None:
    lines: list[str] = []
    reports: list[RoundReport] = []
    model = fit(toys(), of_kind("mixture"), say=lines.append, watch=reports.append)
    assert reports == []
    assert [line for line in lines if not line.startswith("Few data")] == []
    assert "held_out_scores" not in model.about and "kept round" not in model.provenance[-1]
    assert model.sample(2, seed=0).counts == {"still": 2, "walking": 2, "running": 2}


def test_what_is_usual_for_a_kind_is_used_where_options_are_left_out() -> None:
    seen: list[RoundReport] = []

    def stop(report: RoundReport) -> None:
        seen.append(report)
        os.kill(os.getpid(), signal.SIGINT)

    # 45 of 54 windows are learnt from: 120 passes are fewer rounds than a flow needs
    for kind, rounds in (("flow", 1500), ("wgan-gp", 2000), ("lstm-gan", 2000)):
        config = of_kind(kind, rounds=None, check_every=None)
        with pytest.raises(Interrupted, match=f"after round 1 of {rounds}; nothing was kept"):
            fit(toys(), config, say=quiet, watch=stop)
    assert [report.rounds for report in seen] == [1500, 2000, 2000]
    usual = [FitConfig().usual(windows).rounds for windows in (10, 2000, 10**6)]
    assert usual == [1500, 3750, USUAL["flow"].rounds]  # 2000 windows 120 times, 64 at a time


def test_a_flow_is_checked_in_fewer_steps_than_it_is_sampled() -> None:
    model = fit(toys(), of_kind("flow", rounds=1, check_every=1), say=quiet)
    assert isinstance(model.generator, ConditionalFlow)
    assert model.generator.heun_steps > CHECK_HEUN_STEPS


@pytest.mark.parametrize(
    ("people", "each", "line"),
    [
        (6, 3, "Few data (18 windows of 'still'): "),
        (5, 4, "Few data (5 groups): "),
        (5, 3, "Few data (5 groups and 15 windows of 'still'): "),
        (6, 4, None),
    ],
)
def test_few_data_are_said_plainly(people: int, each: int, line: str | None) -> None:
    lines: list[str] = []
    config = of_kind("wgan-gp", rounds=1, set_aside=0.0)
    fit(toy_windows(people=people, per_class=each), config, say=lines.append)
    warned = [one for one in lines if one.startswith("Few data")]
    assert len(warned) == (line is not None)
    if line is not None:
        assert warned[0].startswith(line)
        assert warned[0].endswith("no figure can show that they are like other people's.")


def test_with_few_groups_a_stretch_of_each_decides() -> None:
    lines: list[str] = []
    model = fit(toy_windows(people=2, per_class=5), SMALL, say=lines.append)
    assert "a stretch of each group's windows, for want of groups (2)" in lines[1]
    assert len(model.about["held_out_scores"]) == 2


def test_too_few_windows_to_set_aside_are_said_and_all_are_learnt_from() -> None:
    lines: list[str] = []
    model = fit(toy_windows(people=2, per_class=3), SMALL, say=lines.append)
    assert "No early stop" in lines[1]
    assert model.about["held_out_scores"] == []


def test_conditions_and_grids_are_those_of_the_windows() -> None:
    windows = toys()
    signal_ = windows.signal()
    coarse = (np.round(signal_.values * 64) / 64).astype(np.float32)
    age = np.array([20.0 + int(name[1:]) for name in windows.subject.tolist()])
    told = replace(
        windows, signals={"acc": replace(signal_, values=coarse)}, covariates={"age": age}
    )
    model = fit(told, of_kind("mixture"), say=quiet)
    assert len(model.conditions.manner) == 5
    assert [law.name for law in model.conditions.covariates] == ["age"]
    assert [grid.step for grid in model.grids["acc"]] == [1 / 64] * 3
    plain = fit(windows, of_kind("mixture"), say=quiet)
    assert plain.conditions.covariates == ()
    assert [grid.step for grid in plain.grids["acc"]] == [0.0] * 3


def test_one_class_is_enough() -> None:
    windows = toys().of_class("walking")
    one = replace(windows, classes=("walking",), label=np.zeros_like(windows.label))
    model = fit(one, SMALL, say=quiet)
    assert model.sample(3, seed=0).counts == {"walking": 3}


def test_bad_windows_are_refused_in_one_sentence() -> None:
    with pytest.raises(DataError, match="2 windows are too few"):
        fit(toys().select(slice(0, 2)), SMALL, say=quiet)
    with pytest.raises(DataError, match="no windows of class 'walking'"):
        fit(toys().select(toys().label != 1), SMALL, say=quiet)
    synthetic = replace(toys(), synthetic=np.ones(54, dtype=np.bool_))
    with pytest.raises(DataError, match="synthetic already"):
        fit(synthetic, SMALL, say=quiet)


@pytest.mark.parametrize("kind", ["flow", "wgan-gp", "lstm-gan"])
def test_a_stopped_fit_is_resumed_to_the_same_weights_and_mixed_runs_are_refused(
    kind: str, tmp_path: Path
) -> None:
    folder = tmp_path / "m.checkpoint"
    config = of_kind(kind)
    whole = fit(toys(), config, say=quiet)

    def stop(report: RoundReport) -> None:
        if report.round == 5:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted, match="--resume"):
        fit(toys(), config, say=quiet, watch=stop, checkpoint=folder)
    with pytest.raises(ModelError, match="holds an unfinished fit"):
        fit(toys(), config, say=quiet, checkpoint=folder)
    other = config.model_copy(update={"learning_rate": 1e-3})
    with pytest.raises(ModelError, match="other windows or other fit options"):
        fit(toys(), other, say=quiet, checkpoint=folder, resume=True)
    resumed = fit(toys(), config, say=quiet, checkpoint=folder, resume=True)
    assert weights_of(resumed) == weights_of(whole)

    def none_left(_: RoundReport) -> None:
        raise AssertionError("a finished fit was trained again")

    # a finished fit whose model could not be saved is not lost
    again = fit(toys(), config, say=quiet, watch=none_left, checkpoint=folder, resume=True)
    assert weights_of(again) == weights_of(whole)
