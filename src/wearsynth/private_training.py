"""Fitting with differential privacy: only noisy sums of clipped gradients leave the private windows.

Nothing else that the model's folder holds is computed from them: what fitting else would find in windows
(conditions, grids, when to stop, scores, who was seen) is left out, and the rest is public by declaration,
as the model's statement says.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from wearsynth import few_numbers
from wearsynth.conditions import ConditionForm
from wearsynth.config import FitConfig, PrivacyConfig
from wearsynth.data import Windows
from wearsynth.errors import ConfigError, DataError, ModelError, PrivacyError
from wearsynth.generators import Parameters, Player, Trainable
from wearsynth.generators.flow import ConditionalFlow
from wearsynth.generators.gan import ConditionalGan
from wearsynth.generators.kinds import generator_of
from wearsynth.model import Model, load_model, record_shape, save_model
from wearsynth.optimise import LoopPlan, PrivateStep, Records, Watch, optimise
from wearsynth.privacy.accounting import release_of
from wearsynth.privacy.keys import KEY_FILE, RANDOMNESS, Key, kept_key
from wearsynth.privacy.ledger import Run, begin_run, open_ledger
from wearsynth.privacy.ledger_lines import run_name
from wearsynth.privacy.plan import DpPlan
from wearsynth.privacy.planning import check_delta, check_worth, plan_for
from wearsynth.privacy.stating import statement_of
from wearsynth.privacy.steps import PrivateSteps, way_to_clip
from wearsynth.privacy.units import Units, digest_of, units_of
from wearsynth.representation import Representation, describe_form, representation_of
from wearsynth.statement import PrivacyStatement
from wearsynth.tensors import check_device
from wearsynth.training import (
    PUBLIC,
    Say,
    check_learnable,
    fingerprint,
    fit,
    open_checkpoint,
    untrained,
    with_conditions,
)

STEPS = 1000
"""Noisy sums, where rounds are left out."""

WIDTHS = {"flow": 16, "wgan-gp": 16, "lstm-gan": 16}
"""Of networks that learn from nothing: the noise grows with the number of weights."""

GOES_ON = ("label.weight", "out.weight", "out.bias")
"""The ends of the names of what a flow that goes on from a public one learns: what it knows of each class,
and its last layers."""


@dataclass(frozen=True, eq=False)
class _Start:
    """Where private training starts.

    representation, classes, conditions: as the generator has them. model: the public model that it goes
    on from, if there is one.
    """

    generator: ConditionalFlow | ConditionalGan
    representation: Representation
    classes: tuple[str, ...]
    conditions: ConditionForm
    model: Model | None


@dataclass(frozen=True, eq=False)
class _Task:
    """What is asked for, and what it costs. each: windows of a unit in a step."""

    config: FitConfig
    privacy: PrivacyConfig
    plan: DpPlan
    units: Units

    @property
    def each(self) -> int:
        return 1 if self.plan.unit == "window" else self.privacy.windows_per_unit


def fit_privately(
    windows: Windows,
    config: FitConfig,
    privacy: PrivacyConfig,
    *,
    public: Model | Windows | None = None,
    say: Say = print,
    watch: Watch | None = None,
    checkpoint: Path | None = None,
    resume: bool = False,
) -> Model:
    """Give a generator fitted to the windows with the guarantee that its statement tells.

    public: a model, or windows that one is fitted to first, to start from; public by declaration, as are
    the form of the windows and their class names. checkpoint: a folder for resuming, in which the secret
    key lies until it is removed. PrivacyError where the result would be noise or the ledger forbids it,
    ConfigError, DataError or ModelError for what cannot be private, errors.Interrupted after Ctrl-C.
    """
    if config.generator == few_numbers.KIND:
        return few_numbers.fit_few_numbers(windows, _windows_of(public), config, privacy, say=say)
    config = _private_config(config, public)
    check_device(config.device, "fit.device")
    check_learnable(windows)
    if public is not None:
        _check_public(public, windows)
    units = units_of(windows, privacy.unit)
    task = _Task(config, privacy, _plan(config, privacy, len(units), say), units)
    encoded = Records(representation_of(windows).encode(windows), windows.label)
    options = {**config.model_dump(), **privacy.model_dump(), "units": digest_of(units)}
    options["randomness"] = RANDOMNESS
    loop_file = open_checkpoint(checkpoint, encoded, options, resume=resume, say=say)
    _check_ledger(privacy, loop_file)
    key = _key(checkpoint, loop_file)
    start = _start(windows, config, public, checkpoint, say)
    run = _run(task, windows, key, fingerprint(encoded, options))
    steps = _steps(task, start, windows, key, _begin(run))
    say(f"{sum(_trained(start).values())} numbers are trained by noisy gradients.")
    private = quickest_clipping(steps, start.generator, say)
    labels = labels_alone(steps.records, len(start.classes))
    train_privately(
        start.generator, labels, task.config, private, watch=watch, checkpoint=loop_file
    )
    return _model(task, start, run)


def _windows_of(public: Model | Windows | None) -> Windows:
    """Give the public windows that few-numbers cannot do without; ConfigError where there are none."""
    if isinstance(public, Windows):
        return public
    raise ConfigError(
        "few-numbers moves the classes of public windows: give a file of them (--public), of the same "
        "form and classes as the private ones."
    )


def _private_config(config: FitConfig, public: Model | Windows | None) -> FitConfig:
    """Give the options with all that must not follow from the data; ConfigError for what has no privacy."""
    changed: dict[str, Any] = {}
    if isinstance(public, Model):
        if "generator" in config.model_fields_set and config.generator != public.kind:
            raise ConfigError(
                f"the public model is a {public.kind}, not a {config.generator}: leave out "
                "fit.generator, or give another model."
            )
        changed["generator"] = public.kind
    kind = changed.get("generator", config.generator)
    if kind == "mixture":
        raise ConfigError(
            "a mixture is fitted in one go, without privacy. For a guarantee release few numbers, or "
            "fit a flow or wgan-gp."
        )
    if config.precision != "float32":
        raise ConfigError(
            "fit.precision: with a guarantee only float32, so that clipping is exact."
        )
    if public is None and config.width is None:
        changed["width"] = WIDTHS[kind]
    if config.rounds is None:
        changed["rounds"] = max(1, STEPS // (1 if kind == "flow" else config.critic_updates))
    return config.model_copy(update=changed)


def _plan(config: FitConfig, privacy: PrivacyConfig, units: int, say: Say) -> DpPlan:
    """Give the plan, and say it; PrivacyError where it is not worth it or promises too little."""
    plan = plan_of(config, privacy)
    line = check_delta(privacy.delta, units, asked="delta" in privacy.model_fields_set)
    if line is not None:
        say(line)
    check_worth(plan, units, accept_noise=privacy.accept_noise)
    say(
        f"Private: {plan.steps} steps, unit {plan.unit}, each in a step with probability "
        f"{plan.sampling_probability:g}; noise {plan.noise_multiplier:.3g} times the clip norm. No windows "
        "are set aside and no loss or score is shown: each would be a release of its own."
    )
    return plan


def plan_of(config: FitConfig, privacy: PrivacyConfig) -> DpPlan:
    """Give the plan of a fit with these options; ConfigError without an epsilon, or with few numbers."""
    if not privacy.epsilon:
        raise ConfigError(
            "privacy.epsilon: private training needs one above 0; only few-numbers can do with 0."
        )
    if privacy.numbers is not None:
        raise ConfigError(
            f"privacy.numbers: a {config.generator} is trained, and releases no few numbers. Leave it "
            "out, or choose the generator few-numbers."
        )
    updates = 1 if config.generator == "flow" else config.critic_updates
    return plan_for(
        privacy.epsilon,
        delta=privacy.delta,
        steps=config.usual(0).rounds * updates,
        sampling_probability=privacy.sampling_probability,
        clip_norm=privacy.clip_norm,
        unit=privacy.unit,
    )


def _check_ledger(privacy: PrivacyConfig, loop_file: Path | None) -> None:
    """Raise PrivacyError where a fit is resumed and its ledger is gone: a new one would forget runs."""
    resumed = loop_file is not None and loop_file.exists()
    if resumed and privacy.ledger is not None and not Path(privacy.ledger).exists():
        raise PrivacyError(
            f"{privacy.ledger}: the ledger on which this fit was begun is gone, and a new one would forget "
            "what was charged. Put it back."
        )


def _key(checkpoint: Path | None, loop_file: Path | None) -> Key:
    """Give the secret key; ModelError where rounds were finished with one that is gone."""
    begun = loop_file is not None and loop_file.exists()
    if checkpoint is not None and begun and not (checkpoint / KEY_FILE).exists():
        raise ModelError(f"{checkpoint}: its secret key is gone. Delete the folder and fit anew.")
    return kept_key(checkpoint)


def _start(
    windows: Windows,
    config: FitConfig,
    public: Model | Windows | None,
    checkpoint: Path | None,
    say: Say,
) -> _Start:
    """Give the generator to start from: a new one, or the public one of which few weights are trained."""
    if public is None:
        representation = representation_of(windows)
        shape = record_shape(representation, len(windows.classes), ConditionForm())
        generator = untrained(config, config.usual(0), shape)
        return _Start(generator, representation, windows.classes, ConditionForm(), None)
    if isinstance(public, Windows):
        public = _fitted_first(public, config, checkpoint, say)
    sizes = {**public.generator.sizes, **({"few_steps": 0} if public.kind == "flow" else {})}
    weights = {name: value.detach().clone() for name, value in public.generator.weights().items()}
    learner = generator_of(public.kind, public.generator.shape, sizes, weights)
    assert isinstance(learner, ConditionalFlow | ConditionalGan)
    if isinstance(learner, ConditionalGan):
        learner = replace(learner, critic_updates=config.critic_updates)
    else:
        for name, value in learner.net.named_parameters():
            value.requires_grad_(name.endswith(GOES_ON))
    learner = replace(learner, learning_rate=config.usual(0).learning_rate)
    return _Start(learner, public.representation, public.classes, public.conditions, public)


def _fitted_first(public: Windows, config: FitConfig, checkpoint: Path | None, say: Say) -> Model:
    """Give a model fitted to public windows, once: a resumed run takes the same."""
    kept = None if checkpoint is None else checkpoint / PUBLIC
    if kept is not None and kept.exists():
        return load_model(kept)
    say("First without privacy, on the public windows.")
    model = fit(public, config.model_copy(update={"rounds": None}), say=say)
    if kept is not None:
        save_model(model, kept)
    return model


def _check_public(public: Model | Windows, windows: Windows) -> None:
    """Raise where private windows cannot go on from what is public."""
    if isinstance(public, Model) and public.privacy is not None:
        raise ModelError(
            "the public model was itself fitted with a guarantee, so to private windows; give one that "
            "was fitted to public windows."
        )
    form = representation_of(windows)
    known = public.representation if isinstance(public, Model) else representation_of(public)
    if form != known:
        raise DataError(
            f"windows of form {describe_form(form)} do not fit public ones of form "
            f"{describe_form(known)}. Cut both alike."
        )
    if set(windows.classes) != set(public.classes):
        raise DataError(
            f"the windows have the classes {', '.join(windows.classes)}, the public ones "
            f"{', '.join(public.classes)}: they must be the same."
        )


def _run(task: _Task, windows: Windows, key: Key, digest: str) -> Run | None:
    """Enter the run in the data set's ledger, or take it up again; None where there is no ledger."""
    if task.privacy.ledger is None:
        return None
    people = np.unique(windows.subject).tolist()
    ledger = open_ledger(Path(task.privacy.ledger), units=people, unit=task.plan.unit)
    about: dict[str, str | float] = {"delta": task.privacy.delta, "digest": digest}
    about["clip_norm"] = task.plan.clip_norm
    return begin_run(ledger, release_of(task.plan), run_id=run_name(key.secret), about=about)


def _steps(
    task: _Task, start: _Start, windows: Windows, key: Key, begin: Callable[[int], None]
) -> PrivateSteps:
    """Give what touches the windows."""
    values = start.representation.encode(windows)
    untold = start.conditions.told(len(windows), None, {})
    own = np.array([start.classes.index(name) for name in windows.classes])[windows.label]
    return PrivateSteps(
        plan=task.plan,
        key=key,
        records=Records(with_conditions(values, untold), own),
        units=task.units,
        each=task.each,
        noise_size=start.generator.noise_size,
        begin=begin,
        device=task.config.device,
    )


def quickest_clipping(steps: PrivateSteps, trainable: Trainable, say: Say) -> PrivateSteps:
    """Give the same steps with the quickest way to clip that the networks allow; say if it is another."""
    parameters: dict[str, Parameters] = {
        player.name: dict(player.module.named_parameters()) for player in trainable.players
    }
    channels, length = steps.records.values.shape[1:]
    sizes = (channels, length, steps.noise_size)
    clipped, line = way_to_clip(private_player(trainable), parameters, sizes, steps.each)
    if line:
        say(line)
    return replace(steps, clipped=clipped)


def private_player(trainable: Trainable) -> Player:
    """Give the player that touches private data; each of our generators has one."""
    [player] = [one for one in trainable.players if one.touches_private_data]
    return player


def _begin(run: Run | None) -> Callable[[int], None]:
    """Give what is told each step's number, from 0 on, before the step."""

    def begin(step: int) -> None:
        if run is not None:
            run.begin_step(step + 1)

    return begin


def labels_alone(records: Records, classes: int) -> Records:
    """Give an empty record of each class: what players learn from that see no private window."""
    nothing = np.zeros((classes, *records.values.shape[1:]), dtype=np.float32)
    return Records(nothing, np.arange(classes))


def train_privately(
    trainable: Trainable,
    labels: Records,
    config: FitConfig,
    private: PrivateStep,
    *,
    watch: Watch | None,
    checkpoint: Path | None,
) -> None:
    """Train in place; only the private step touches private windows."""
    usual = config.usual(0)
    plan = LoopPlan(
        rounds=usual.rounds,
        batch_size=usual.batch_size,
        check_every=usual.rounds,
        patience=config.patience,
        average_decay=usual.average_decay,
        seed=config.seed,
        device=config.device,
    )
    for player in trainable.players:
        player.module.to(config.device)
    optimise(trainable, labels, plan, watch=watch, checkpoint=checkpoint, private=private)
    for player in trainable.players:
        player.module.to("cpu")


def _model(task: _Task, start: _Start, run: Run | None) -> Model:
    """Give the model; nothing in it but the weights was computed from private windows."""
    statement = _statement(task, start, run)
    private_player(start.generator).module.requires_grad_(
        True
    )  # what goes on with it later trains all of it again
    before, kind = start.model, task.config.generator
    options = task.privacy.model_dump(exclude={"ledger", "public", "accept_noise"})
    return Model(
        kind=kind,
        generator=start.generator,
        representation=start.representation,
        classes=start.classes,
        trained_groups=() if before is None else before.trained_groups,
        provenance=(
            *(() if before is None else before.provenance),
            f"fitted {kind} privately: {statement.line}",
        ),
        about={"generator": kind, "fit": task.config.model_dump(), "privacy": options},
        conditions=start.conditions,
        grids={} if before is None else before.grids,
        privacy=statement,
    )


def _statement(task: _Task, start: _Start, run: Run | None) -> PrivacyStatement:
    """Give the guarantee: of this run, or of all that the ledger has."""
    plan = task.plan
    if run is not None:
        run.finish()
    windows = (
        "one window" if task.each == 1 else f"{task.each} windows drawn evenly over its classes"
    )
    return statement_of(
        release_of(plan),
        delta=task.privacy.delta,
        unit=plan.unit,
        clip_norm=plan.clip_norm,
        mechanism=(
            f"noisy gradients (Abadi et al., 2016, arXiv 1607.00133): of each {plan.unit} in a step the "
            f"gradient of {windows}, clipped to {plan.clip_norm:g}; their sum with Gaussian noise of sd "
            f"{plan.noise_multiplier:.4g} times that, once a step; Adam, averaged weights"
        ),
        randomness=(
            f"{RANDOMNESS} of a secret key of 32 bytes from the operating system, deleted after training; "
            "noisy sums are rounded to a grid"
        ),
        public=_public(start),
        ledger=None if run is None else run.path,
    )


def _public(start: _Start) -> tuple[str, ...]:
    """Say what was taken as public, by declaration."""
    named = [
        f"the form of the windows: {describe_form(start.representation)}, with channels and units",
        f"the class names: {', '.join(start.classes)}",
        "all options, the seed of the first weights among them",
    ]
    if start.model is not None:
        named.append("the model that training started from, and all that it was fitted to")
    if start.model is not None and start.model.kind == "flow":
        named.append(f"which of its weights were trained: {', '.join(_trained(start))}")
    return tuple(named)


def _trained(start: _Start) -> dict[str, int]:
    """Give the names of the weights that are trained on private data, and how many numbers each has."""
    named = private_player(start.generator).module.named_parameters()
    return {name: value.numel() for name, value in named if value.requires_grad}
