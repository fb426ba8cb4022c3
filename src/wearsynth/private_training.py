"""Fitting with differential privacy: only noisy sums of clipped gradients leave the private windows.

Nothing else that the model's folder holds is computed from them: what fitting else would find in windows
(conditions, grids, when to stop, scores, who was seen) is left out, and the rest is public by declaration,
as the model's statement says.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wearsynth import few_numbers
from wearsynth.config import FitConfig, PrivacyConfig
from wearsynth.data import Windows
from wearsynth.errors import ConfigError, ModelError, PrivacyError
from wearsynth.model import Model
from wearsynth.optimise import Records, Watch
from wearsynth.privacy.accounting import release_of
from wearsynth.privacy.keys import KEY_FILE, RANDOMNESS, Key, kept_key
from wearsynth.privacy.ledger import Run, begin_run, open_ledger
from wearsynth.privacy.ledger_lines import run_name
from wearsynth.privacy.plan import DpPlan
from wearsynth.privacy.planning import check_delta, check_worth, plan_for
from wearsynth.privacy.stating import statement_of
from wearsynth.privacy.steps import PrivateSteps
from wearsynth.privacy.units import Units, digest_of, units_of
from wearsynth.private_loop import labels_alone, private_player, quickest_clipping, train_privately
from wearsynth.private_start import Start, check_public, start_of
from wearsynth.representation import describe_form, representation_of
from wearsynth.statement import PrivacyStatement
from wearsynth.tensors import check_device
from wearsynth.training import Say, check_learnable, fingerprint, open_checkpoint, with_conditions

STEPS = 1000
"""Noisy sums, where rounds are left out."""

WIDTHS = {"flow": 16, "wgan-gp": 16, "lstm-gan": 16}
"""Of networks that learn from nothing: the noise grows with the number of weights."""


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
        check_public(public, windows)
    units = units_of(windows, privacy.unit)
    task = _Task(config, privacy, _plan(config, privacy, len(units), say), units)
    encoded = Records(representation_of(windows).encode(windows), windows.label)
    options = {**config.model_dump(), **privacy.model_dump(), "units": digest_of(units)}
    options["randomness"] = RANDOMNESS
    loop_file = open_checkpoint(checkpoint, encoded, options, resume=resume, say=say)
    _check_ledger(privacy, loop_file)
    key = _key(checkpoint, loop_file)
    start = start_of(windows, config, public, checkpoint, say)
    run = _run(task, windows, key, fingerprint(encoded, options))
    steps = _steps(task, start, windows, key, _begin(run))
    say(f"{sum(start.trained.values())} numbers are trained by noisy gradients.")
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
    task: _Task, start: Start, windows: Windows, key: Key, begin: Callable[[int], None]
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


def _begin(run: Run | None) -> Callable[[int], None]:
    """Give what is told each step's number, from 0 on, before the step."""

    def begin(step: int) -> None:
        if run is not None:
            run.begin_step(step + 1)

    return begin


def _model(task: _Task, start: Start, run: Run | None) -> Model:
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


def _statement(task: _Task, start: Start, run: Run | None) -> PrivacyStatement:
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


def _public(start: Start) -> tuple[str, ...]:
    """Say what was taken as public, by declaration."""
    named = [
        f"the form of the windows: {describe_form(start.representation)}, with channels and units",
        f"the class names: {', '.join(start.classes)}",
        "all options, the seed of the first weights among them",
    ]
    if start.model is not None:
        named.append("the model that training started from, and all that it was fitted to")
    if start.model is not None and start.model.kind == "flow":
        named.append(f"which of its weights were trained: {', '.join(start.trained)}")
    return tuple(named)
