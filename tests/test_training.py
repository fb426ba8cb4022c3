import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from toy import toy_windows
from wearsynth.config import FitConfig
from wearsynth.data import FloatArray, IntArray, Windows
from wearsynth.errors import DataError, Interrupted, ModelError, TrainingError
from wearsynth.generators.gan import make_gan
from wearsynth.model import Model, gan_shape
from wearsynth.optimise import RoundReport
from wearsynth.representation import representation_of
from wearsynth.training import HeldOutCheck, fit

SMALL = FitConfig(rounds=8, batch_size=8, width=8, check_every=4, critic_updates=1)


def quiet(_: str) -> None:
    pass


def toys() -> Windows:
    return toy_windows(people=6, per_class=3)


def weights(model: Model) -> list[float]:
    return [
        float(value.detach().double().sum()) for value in model.generator.generator.parameters()
    ]


def test_the_model_remembers_every_group_and_how_it_was_made() -> None:
    lines: list[str] = []
    model = fit(toys(), SMALL, say=lines.append)
    assert model.trained_groups == tuple(f"p{i:02d}" for i in range(6))
    assert model.classes == ("still", "walking", "running")
    assert [number for number, _ in model.about["held_out_scores"]] == [4, 8]
    assert "kept the averaged weights" in lines[-1]
    assert "fitted wgan-gp to 54 windows of 6 groups" in model.provenance[-1]


def test_same_seed_same_weights() -> None:
    runs = [fit(toys(), SMALL.model_copy(update={"seed": s}), say=quiet) for s in (0, 0, 1)]
    assert weights(runs[0]) == weights(runs[1]) != weights(runs[2])


def test_too_few_groups_are_said_and_all_are_learnt_from() -> None:
    lines: list[str] = []
    model = fit(toy_windows(people=2, per_class=3), SMALL, say=lines.append)
    assert "No early stop (only 2 groups)" in lines[0]
    assert model.about["held_out_scores"] == []


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


def test_a_stopped_fit_is_resumed_to_the_same_weights_and_mixed_runs_are_refused(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "m.checkpoint"
    whole = fit(toys(), SMALL, say=quiet)

    def stop(report: RoundReport) -> None:
        if report.round == 5:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted, match="--resume"):
        fit(toys(), SMALL, say=quiet, watch=stop, checkpoint=folder)
    with pytest.raises(ModelError, match="holds an unfinished fit"):
        fit(toys(), SMALL, say=quiet, checkpoint=folder)
    other = SMALL.model_copy(update={"learning_rate": 1e-3})
    with pytest.raises(ModelError, match="other windows or other fit options"):
        fit(toys(), other, say=quiet, checkpoint=folder, resume=True)
    resumed = fit(toys(), SMALL, say=quiet, checkpoint=folder, resume=True)
    assert weights(resumed) == weights(whole)

    def none_left(_: RoundReport) -> None:
        raise AssertionError("a finished fit was trained again")

    # a finished fit whose model could not be saved is not lost
    again = fit(toys(), SMALL, say=quiet, watch=none_left, checkpoint=folder, resume=True)
    assert weights(again) == weights(whole)


def test_the_check_is_zero_for_the_held_out_windows_themselves() -> None:
    class Repeats:
        """Gives the held-out windows back, as a generator would that is one with them."""

        def sample(self, label: IntArray, rng: np.random.Generator) -> FloatArray:
            own = stopping.select(stopping.label == label[0])
            encoded = representation.encode(own)
            return encoded[: len(label)]

    stopping = toy_windows(people=2, per_class=20)
    representation = representation_of(stopping)
    check = HeldOutCheck(Repeats(), representation, stopping, seed=0)
    assert check() == pytest.approx(0.0, abs=1e-3)
    untrained = make_gan(gan_shape(representation, 3, width=8), seed=0)
    assert HeldOutCheck(untrained, representation, stopping, seed=0)() > 0.3


def test_a_collapsed_generator_stops_training_with_the_class_and_a_remedy() -> None:
    class Constant:
        """Gives one and the same window for ever."""

        def sample(self, label: IntArray, rng: np.random.Generator) -> FloatArray:
            encoded = representation.encode(stopping)
            return np.repeat(encoded[:1], len(label), axis=0)

    stopping = toys()
    representation = representation_of(stopping)
    with pytest.raises(TrainingError, match="collapsed: its 'still' windows are all alike"):
        HeldOutCheck(Constant(), representation, stopping, seed=0)()
