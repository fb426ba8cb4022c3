"""Planted people whose places in a private fit are known by a coin alone, and what is heard of them.

Everything runs as in a private fit: the same loop, clipping, noise, sampling of people and network. What
guesses say of the claimed epsilon is told by privacy/auditing.py.
"""

import secrets
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wearsynth.conditions import ConditionForm
from wearsynth.config import FitConfig
from wearsynth.data import FloatArray, IntArray, SignalWindows, Windows, concat
from wearsynth.errors import ConfigError, DataError
from wearsynth.generators.flow import ConditionalFlow
from wearsynth.generators.gan import ConditionalGan
from wearsynth.model import Model, record_shape
from wearsynth.optimise import Records, Watch
from wearsynth.privacy.auditing import guesses_from, middle_of
from wearsynth.privacy.keys import new_key
from wearsynth.privacy.plan import DpPlan
from wearsynth.privacy.planting import Overheard, WithCanaries, with_canaries
from wearsynth.privacy.steps import PrivateSteps
from wearsynth.privacy.units import units_of
from wearsynth.private_training import labels_alone, quickest_clipping, train_privately
from wearsynth.representation import (
    UNIT_CONSTANTS,
    Float64Array,
    Representation,
    representation_of,
)
from wearsynth.statement import Unit
from wearsynth.training import untrained

PREFIX = "canary-"
TRAINED = ("flow", "wgan-gp", "lstm-gan")

EACH_CLASS = 4
"""Windows of a canary of each class; one in all where the unit is a window."""

REACH = 3.0
"""Levels of canaries lie up to so many usual spreads from the middle: far out, but what sensors measure."""

Coins = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Planted:
    """What is learnt from: the windows, canaries that are in among them. canary: (window,), -1 for others.

    inside: (canary,), how the coins fell.
    """

    windows: Windows
    canary: IntArray
    inside: Coins


def toss(canaries: int) -> Coins:
    """Give fair coins from the operating system: no seed tells how they fall."""
    return np.array([secrets.randbits(1) == 1 for _ in range(canaries)])


def plant(real: Windows, inside: Coins, *, unit: Unit, seed: int) -> Planted:
    """Give real windows and those of the canaries that are in.

    A canary is a unit of its own: of every class a few slow waves at levels and of strengths of its own,
    by public constants of the units alone, so that nothing of a real person is in it.
    """
    if np.char.startswith(real.group, PREFIX).any():
        raise DataError(
            "a person or recording is called canary-..., as planted ones are: rename it first."
        )
    each = 1 if unit == "window" else EACH_CLASS * len(real.classes)
    rng = np.random.default_rng(seed)
    everybody = [_canary(real, name, each, rng) for name in range(len(inside))]
    chosen = [windows for windows, is_in in zip(everybody, inside, strict=True) if is_in]
    canary = np.repeat(np.flatnonzero(inside), each)
    return Planted(
        concat([real, *chosen]), np.concatenate([np.full(len(real), -1), canary]), inside
    )


def _canary(like: Windows, number: int, each: int, rng: np.random.Generator) -> Windows:
    """Give the windows of one canary, of the classes in turn."""
    label = np.arange(each) % len(like.classes)
    signals = {
        name: replace(signal, values=_waves(signal, each, rng))
        for name, signal in like.signals.items()
    }
    name = np.full(each, f"{PREFIX}{number:03d}")
    length_s = max(signal.length_s for signal in like.signals.values())
    return replace(
        like,
        signals=signals,
        label=label,
        subject=name,
        recording=name,
        start_s=length_s * np.arange(each, dtype=np.float64),
        synthetic=np.zeros(each, dtype=np.bool_),
        covariates={of: np.full(each, np.nan) for of in like.covariates},
    )


def _waves(signal: SignalWindows, each: int, rng: np.random.Generator) -> FloatArray:
    """Give a wave in each channel, (window, time, channel)."""
    turn = np.linspace(0, 2 * np.pi, signal.values.shape[1])[:, None]
    waves = []
    for channel in signal.channels:
        usual = UNIT_CONSTANTS[channel.unit]
        level = usual.level_centre + rng.uniform(-REACH, REACH, each) * usual.level_spread
        strength = usual.usual_scale * np.exp(rng.uniform(-REACH, REACH, each))
        cycles, phase = rng.uniform(1, 5, each), rng.uniform(0, 2 * np.pi, each)
        waves.append((level + strength * np.sin(turn * cycles + phase)).T)
    return np.stack(waves, axis=2).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Heard:
    """What was heard of canaries: scores and guesses, (canary,). model: what was fitted, to draw from.

    how: what was listened to, in words.
    """

    scores: Float64Array
    guesses: IntArray
    model: Model
    how: str
    noise_multiplier: float


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """A private training with canaries, ready to run once. own: the generator that is trained."""

    trainable: WithCanaries
    own: ConditionalFlow | ConditionalGan
    steps: PrivateSteps
    config: FitConfig
    representation: Representation
    planted: Planted


def check_audited(config: FitConfig) -> None:
    """Raise ConfigError for a generator that is not trained step by step."""
    if config.generator not in TRAINED:
        raise ConfigError(
            f"an audit listens to the steps of training, and a {config.generator} has none. Choose "
            f"--generator {', '.join(TRAINED)}."
        )


def rehearse(
    planted: Planted, config: FitConfig, plan: DpPlan, *, windows_per_unit: int
) -> Rehearsal:
    """Give the training of a generator with these options, as private as the plan makes it."""
    check_audited(config)
    windows = planted.windows
    representation = representation_of(windows)
    classes = len(windows.classes)
    shape = record_shape(representation, classes, ConditionForm())
    own = untrained(config, config.usual(0), shape)
    trainable = with_canaries(own, classes=classes, canaries=len(planted.inside))
    label = np.where(planted.canary < 0, windows.label, classes + planted.canary)
    steps = PrivateSteps(
        plan=plan,
        key=new_key(),
        records=Records(representation.encode(windows), label),
        units=units_of(windows, plan.unit),
        each=1 if plan.unit == "window" else windows_per_unit,
        noise_size=trainable.noise_size,
        begin=_uncharged,
        device=config.device,
    )
    quick = quickest_clipping(steps, trainable, lambda _: None)
    return Rehearsal(trainable, own, quick, config, representation, planted)


def _uncharged(_step: int) -> None:
    """Enter nothing: what an audit gives stays inside."""


def hear(rehearsal: Rehearsal, *, watch: Watch | None = None) -> Heard:
    """Run the training once, and give what was heard."""
    trainable, steps, planted = rehearsal.trainable, rehearsal.steps, rehearsal.planted
    overheard = Overheard(steps, np.zeros(len(planted.inside)))
    labels = labels_alone(steps.records, trainable.classes)
    train_privately(trainable, labels, rehearsal.config, overheard, watch=watch, checkpoint=None)
    scores, plan = overheard.pulls, steps.plan
    return Heard(
        scores,
        guesses_from(scores, middle=middle_of(scores)),
        _model(rehearsal.own, rehearsal),
        f"{plan.steps} noisy sums of gradients, noise {plan.noise_multiplier:.3g} times the clip norm",
        plan.noise_multiplier,
    )


def _model(generator: ConditionalFlow | ConditionalGan, of: Rehearsal) -> Model:
    windows = of.planted.windows
    return Model(
        kind="audited",
        generator=generator,
        representation=of.representation,
        classes=windows.classes,
        trained_groups=(),
        provenance=("fitted for an audit",),
        about={},
    )
