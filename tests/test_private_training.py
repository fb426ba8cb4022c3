import base64
import json
import os
import re
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from commands import wearsynth
from toy import toy_windows
from toy_models import quiet
from wearsynth.config import Config, DistilConfig, FinetuneConfig, FitConfig, PrivacyConfig
from wearsynth.data import Windows
from wearsynth.distilling import distil
from wearsynth.errors import ConfigError, DataError, Interrupted, ModelError, PrivacyError
from wearsynth.finetuning import finetune
from wearsynth.generators.flow import ConditionalFlow
from wearsynth.model import Model, load_model, save_model
from wearsynth.optimise import RoundReport
from wearsynth.pipeline import fit_file
from wearsynth.privacy.accounting import GaussianRelease, compose
from wearsynth.privacy.keys import KEY_FILE
from wearsynth.privacy.ledger import spent
from wearsynth.privacy.ledger_lines import read_account
from wearsynth.private_start import GOES_ON
from wearsynth.private_training import fit_privately
from wearsynth.refitting import RetrainPlan, retraining_of
from wearsynth.road import run
from wearsynth.tables import load_windows, save_windows
from wearsynth.training import checkpoint_of, fit

WINDOWS = toy_windows(people=5, per_class=4)
FLOW = FitConfig(rounds=4, width=8)
GAN = FitConfig(generator="wgan-gp", rounds=2, width=8)
PRIVACY = PrivacyConfig(epsilon=3, accept_noise=True, windows_per_unit=2)


@pytest.fixture(scope="module")
def public() -> Model:
    return fit(toy_windows(people=5, per_class=4, seed=1), FLOW, say=quiet)


def weights(model: Model) -> torch.Tensor:
    return torch.cat([v.detach().reshape(-1) for v in model.generator.weights().values()])


def with_key(folder: Path, letter: bytes = b"k") -> Path:
    """Give a checkpoint folder in which a key lies already."""
    folder.mkdir()
    (folder / KEY_FILE).write_bytes(letter * 32)
    return folder


@pytest.fixture(scope="module")
def guaranteed() -> Model:
    return fit_privately(WINDOWS, FLOW, PRIVACY, say=quiet)


def check_statement(model: Model) -> None:
    told = model.privacy
    assert told is not None
    assert (told.unit, told.steps, told.clip_norm) == ("subject", 4, 1.0)
    assert told.noise_multiplier is not None
    assert told.epsilon == compose([GaussianRelease(told.noise_multiplier, 1.0, 4)], 1e-6) <= 3
    assert "still, walking, running" in " ".join(told.public)
    assert told.composition == "this run alone"
    assert len(model.sample(3, seed=0)) == 9


def test_the_statement_says_what_was_done(guaranteed: Model) -> None:
    check_statement(guaranteed)


def test_a_gan_is_private_by_its_critic_and_tells_neither_loss_nor_count() -> None:
    lines: list[str] = []
    reports: list[RoundReport] = []
    model = fit_privately(WINDOWS, GAN, PRIVACY, say=lines.append, watch=reports.append)
    check_statement(model)
    assert len(reports) == 2
    assert all(report.losses == {} and report.score is None for report in reports)
    assert not re.search(rf"\b({len(WINDOWS)}|5)\b", " ".join(lines)), lines


def test_nothing_but_weights_depends_on_private_windows(tmp_path: Path) -> None:
    """Other people, other counts, other values: with the same key model.json stays the same, byte by byte."""
    other = toy_windows(people=7, per_class=5, seed=3)
    other = replace(other, provenance=("cut by somebody at 12 o'clock",))
    quantised = np.clip(np.round(other.signal("acc").values * 8) / 8, -1, 1).astype(np.float32)
    signals = {"acc": replace(other.signal("acc"), values=quantised)}  # a grid, and a range
    covariates = {"age": np.linspace(20, 60, len(other))}
    other = replace(other, signals=signals, covariates=covariates)
    heads = []
    models = []
    for at, windows in enumerate((WINDOWS, other)):
        checkpoint = with_key(tmp_path / f"{at}.checkpoint")
        model = fit_privately(windows, FLOW, PRIVACY, say=quiet, checkpoint=checkpoint)
        save_model(model, tmp_path / f"{at}")
        heads.append((tmp_path / f"{at}" / "model.json").read_bytes())
        models.append(model)
    assert heads[0] == heads[1]
    assert not torch.equal(weights(models[0]), weights(models[1]))
    head = json.loads(heads[0])
    assert head["trained_groups"] == [] and head["grids"] == {}
    assert not re.search(rb"p0\d|held_out|kept_round|stopped|score\b", heads[0])


def test_the_key_leaves_in_no_file_and_a_resumed_run_is_the_same(
    guaranteed: Model, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    train, out, ledger = tmp_path / "train.parquet", tmp_path / "model", tmp_path / "people.json"
    save_windows(WINDOWS, train)
    privacy = PRIVACY.model_copy(update={"ledger": str(ledger)})

    def watch(report: RoundReport) -> None:
        if report.round == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted):
        fit_file(train, out, FLOW, privacy, watch=watch)
    checkpoint = checkpoint_of(out)
    secret = (checkpoint / KEY_FILE).read_bytes()
    if os.name == "posix":
        assert all(file.stat().st_mode & 0o777 == 0o600 for file in checkpoint.iterdir())
    [entry] = read_account(ledger).runs
    assert (entry.charged, entry.ended) == (2, False)
    before = spent(ledger, PRIVACY.delta)
    model = fit_file(train, out, FLOW, privacy, resume=True)
    assert not checkpoint.exists()
    [entry] = read_account(ledger).runs
    assert (entry.charged, entry.ended) == (4, True)
    assert model.privacy is not None
    assert before < model.privacy.epsilon == spent(ledger, PRIVACY.delta) <= 3
    assert "1 run(s)" in model.privacy.composition
    whole = tmp_path / "whole.checkpoint"
    whole.mkdir()
    (whole / KEY_FILE).write_bytes(secret)
    never_stopped = fit_privately(WINDOWS, FLOW, PRIVACY, say=quiet, checkpoint=whole)
    assert torch.equal(weights(model), weights(never_stopped))
    assert not torch.isclose(weights(model), weights(guaranteed)).all()  # of another key
    save_windows(model.sample(2, seed=0), tmp_path / "made.parquet")
    printed = "".join(capfd.readouterr()).encode()
    forms = (secret, secret.hex().encode(), base64.b64encode(secret), repr(secret).encode()[2:-1])
    files = [out / "model.json", out / "weights.safetensors", ledger, tmp_path / "made.parquet"]
    for content in (printed, *(file.read_bytes() for file in files)):
        assert content
        assert not any(form in content for form in forms)


def test_a_resumed_run_wants_the_ledger_it_was_begun_on(tmp_path: Path) -> None:
    ledger, checkpoint = tmp_path / "people.json", tmp_path / "checkpoint"
    privacy = PRIVACY.model_copy(update={"ledger": str(ledger)})

    def stop(report: RoundReport) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted):
        fit_privately(WINDOWS, FLOW, privacy, say=quiet, checkpoint=checkpoint, watch=stop)
    ledger.rename(tmp_path / "elsewhere.json")
    with pytest.raises(PrivacyError, match=r"is gone.*Put it back"):
        fit_privately(WINDOWS, FLOW, privacy, say=quiet, checkpoint=checkpoint, resume=True)
    assert not ledger.exists()
    (tmp_path / "elsewhere.json").rename(ledger)
    fit_privately(WINDOWS, FLOW, privacy, say=quiet, checkpoint=checkpoint, resume=True)
    assert read_account(ledger).runs[0].charged == 4


def test_a_second_run_adds_up_on_the_ledger(tmp_path: Path) -> None:
    privacy = PRIVACY.model_copy(update={"ledger": str(tmp_path / "people.json")})
    first, second = (fit_privately(WINDOWS, FLOW, privacy, say=quiet).privacy for _ in range(2))
    assert first is not None and second is not None
    assert first.epsilon < second.epsilon
    assert first.run_epsilon == second.run_epsilon


def test_finished_rounds_without_their_key_are_not_gone_on_with(tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    with pytest.raises(Interrupted):
        fit_privately(
            WINDOWS,
            FLOW,
            PRIVACY,
            say=quiet,
            checkpoint=checkpoint,
            watch=lambda report: os.kill(os.getpid(), signal.SIGINT),
        )
    (checkpoint / KEY_FILE).unlink()
    with pytest.raises(ModelError, match="key is gone"):
        fit_privately(WINDOWS, FLOW, PRIVACY, say=quiet, checkpoint=checkpoint, resume=True)


def test_a_public_flow_goes_on_with_few_of_its_weights(public: Model) -> None:
    model = fit_privately(WINDOWS, FitConfig(rounds=4), PRIVACY, public=public, say=quiet)
    assert isinstance(model.generator, ConditionalFlow)
    before = public.generator.weights()
    moved = [
        name
        for name, value in model.generator.weights().items()
        if not torch.equal(value, before[name])
    ]
    assert moved == [name for name in before if name.endswith(GOES_ON)]
    assert model.privacy is not None
    assert all(name in " ".join(model.privacy.public) for name in moved)
    assert (model.grids, model.conditions) == (public.grids, public.conditions)
    assert model.trained_groups == public.trained_groups  # of public people
    assert all(value.requires_grad for value in model.generator.net.parameters())


def test_a_model_of_public_windows_is_kept_for_a_resumed_run(public: Model, tmp_path: Path) -> None:
    checkpoint = with_key(tmp_path / "checkpoint")
    save_model(public, checkpoint / "public")
    config = FitConfig(rounds=2, width=8)
    people = toy_windows(people=5, per_class=4, seed=1)
    model = fit_privately(WINDOWS, config, PRIVACY, public=people, say=quiet, checkpoint=checkpoint)
    assert model.provenance[:-1] == public.provenance


@pytest.mark.slow
def test_public_windows_are_fitted_first(tmp_path: Path) -> None:
    lines: list[str] = []
    people = toy_windows(people=5, per_class=4, seed=1)
    model = fit_privately(
        WINDOWS,
        FitConfig(rounds=2, width=8, generator="wgan-gp"),
        PRIVACY,
        public=people,
        say=lines.append,
        checkpoint=tmp_path / "checkpoint",
    )
    assert any("First without privacy" in line for line in lines)
    assert model.trained_groups == tuple(np.unique(people.group))
    assert (tmp_path / "checkpoint" / "public" / "model.json").exists()


def relabelled(windows: Windows) -> Windows:
    return replace(windows, classes=("lying", "walking", "running"))


def test_what_cannot_be_private_is_refused(public: Model, guaranteed: Model) -> None:
    def tried(
        config: FitConfig = FLOW,
        privacy: PrivacyConfig = PRIVACY,
        public: Model | None = None,
        windows: Windows = WINDOWS,
    ) -> None:
        fit_privately(windows, config, privacy, public=public, say=quiet)

    with pytest.raises(ConfigError, match="mixture"):
        tried(FitConfig(generator="mixture"))
    with pytest.raises(ConfigError, match="float32"):
        tried(FitConfig(precision="bfloat16", rounds=1))
    with pytest.raises(ConfigError, match="epsilon"):
        tried(privacy=PrivacyConfig())
    with pytest.raises(ConfigError, match="releases no few numbers"):
        tried(privacy=PRIVACY.model_copy(update={"numbers": 4}))
    with pytest.raises(PrivacyError, match="--accept-noise"):
        tried(privacy=PrivacyConfig(epsilon=3))
    with pytest.raises(DataError, match="overlap"):
        tried(privacy=PRIVACY.model_copy(update={"unit": "window"}))
    with pytest.raises(ConfigError, match="public model is a flow"):
        tried(GAN, public=public)
    with pytest.raises(DataError, match="classes"):
        tried(FitConfig(rounds=1), public=public, windows=relabelled(WINDOWS))
    short = {"acc": replace(WINDOWS.signal("acc"), values=WINDOWS.signal("acc").values[:, :30])}
    with pytest.raises(DataError, match="do not fit public ones"):
        tried(FitConfig(rounds=1), public=public, windows=replace(WINDOWS, signals=short))
    with pytest.raises(ModelError, match="itself fitted with a guarantee"):
        tried(FitConfig(rounds=1), public=guaranteed)


def test_classes_in_another_order_are_the_same_classes(public: Model) -> None:
    turned = replace(WINDOWS, classes=WINDOWS.classes[::-1], label=2 - WINDOWS.label)
    model = fit_privately(turned, FitConfig(rounds=1), PRIVACY, public=public, say=quiet)
    assert model.classes == public.classes


def test_later_steps_keep_the_guarantee_or_are_refused(guaranteed: Model, tmp_path: Path) -> None:
    model = guaranteed
    few = distil(model, DistilConfig(paths=128, rounds=1), say=quiet)
    assert few.privacy == model.privacy
    target = toy_windows(people=5, per_class=4, seed=1)
    options = FinetuneConfig(rounds=1, replayed=2, set_aside=0)
    with pytest.raises(PrivacyError, match="--public"):
        finetune(model, target, None, options, say=quiet)
    declared = options.model_copy(update={"public": True})
    tuned = finetune(model, target, None, declared, say=quiet)
    assert tuned.privacy is not None and model.privacy is not None
    assert tuned.privacy.epsilon == model.privacy.epsilon
    assert tuned.privacy.public[:-1] == model.privacy.public
    assert "fine-tuning" in tuned.privacy.public[-1]
    save_model(model, tmp_path / "model")
    plan = RetrainPlan(4, str(tmp_path / "model"))
    with pytest.raises(ModelError, match="guarantee"):
        retraining_of(plan, model.sample(2, seed=0), WINDOWS, tmp_path / "scores.json")


def test_the_command_and_the_road(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    save_windows(WINDOWS, tmp_path / "train.parquet")
    options = ("--epsilon", 3, "--accept-noise", "--rounds", 2, "--width", 8)
    train, out = tmp_path / "train.parquet", tmp_path / "model"
    code, printed, _ = wearsynth(capsys, monkeypatch, "fit", train, "-o", out, *options)
    assert code == 0 and "privacy: epsilon 3, delta 1e-06, unit subject" in printed
    model = load_model(out)
    assert model.privacy is not None and model.privacy.line in printed
    made = tmp_path / "made.parquet"
    assert wearsynth(capsys, monkeypatch, "sample", out, "-o", made, "--count", 2)[0] == 0
    assert model.privacy.line in " ".join(load_windows(made).provenance)
    code, _, told = wearsynth(
        capsys, monkeypatch, "fit", train, "-o", tmp_path / "b", "--unit", "window"
    )
    assert code == 1 and "--unit" in told and "--epsilon" in told
    code, _, told = wearsynth(
        capsys, monkeypatch, "fit", train, "-o", tmp_path / "b", "--epsilon", 3
    )
    assert code == 1 and "--accept-noise" in told
    assert not (tmp_path / "b").exists() and not checkpoint_of(tmp_path / "b").exists()


@pytest.mark.slow
def test_the_road_with_a_guarantee(tmp_path: Path) -> None:
    config = Config.model_validate(
        {
            "split": {"holdout": 0.3},
            "fit": {"rounds": 2, "width": 8},
            "privacy": {"epsilon": 3, "accept_noise": True, "unit": "recording"},
            "sample": {"counts": 30},
            "evaluate": {"quick": True},
        }
    )
    run(config, tmp_path / "run", say=quiet)
    assert load_model(tmp_path / "run" / "model").privacy is not None
