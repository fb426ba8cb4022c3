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
from wearsynth.constants import BY_FACTORS, UNIT_CONSTANTS
from wearsynth.data import FloatArray, IntArray, SignalWindows, Windows, concat
from wearsynth.errors import DataError
from wearsynth.few_numbers import PublicPart, features_of, model_of
from wearsynth.generators.flow import ConditionalFlow
from wearsynth.generators.gan import ConditionalGan
from wearsynth.model import Model, record_shape
from wearsynth.optimise import Records, Watch
from wearsynth.privacy.auditing import guesses_from, likeliest, middle_of
from wearsynth.privacy.discrete_gaussian import noisy_sum
from wearsynth.privacy.few_numbers import estimate, shrunk, unit_numbers, with_count
from wearsynth.privacy.keys import new_key
from wearsynth.privacy.plan import DpPlan
from wearsynth.privacy.planting import Overheard, WithCanaries, with_canaries
from wearsynth.privacy.steps import PrivateSteps
from wearsynth.privacy.units import units_of
from wearsynth.private_loop import labels_alone, quickest_clipping, train_privately
from wearsynth.representation import Float64Array, Representation, representation_of
from wearsynth.statement import Unit
from wearsynth.training import untrained

PREFIX = "canary-"

EACH_CLASS = 4
"""Windows of a canary of each class; one in all where the unit is a window."""

REACH = 3.0
"""Levels of canaries lie up to so many usual spreads from the middle: far out, but what sensors measure."""

Coins = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Planted:
    """Real windows, and those of all canaries, in or out.

    number: (window of canaries,), whose it is. inside: (canary,), how the coins fell.
    """

    real: Windows
    canaries: Windows
    number: IntArray
    inside: Coins

    @property
    def windows(self) -> Windows:
        """What is learnt from: real windows, then those of the canaries that are in."""
        return concat([self.real, self.canaries.select(self.inside[self.number])])

    @property
    def canary(self) -> IntArray:
        """Whose each of these windows is, (window,): -1 for real ones."""
        planted = self.number[self.inside[self.number]]
        return np.concatenate([np.full(len(self.real), -1), planted])


def toss(canaries: int) -> Coins:
    """Give fair coins from the operating system: no seed tells how they fall."""
    return np.array([secrets.randbits(1) == 1 for _ in range(canaries)])


def plant(real: Windows, inside: Coins, *, unit: Unit, seed: int) -> Planted:
    """Give real windows and canaries; DataError where somebody is called as these are.

    A canary is a unit of its own: of every class a few slow waves at levels and of strengths of its own,
    by public constants of the units alone, so that nothing of a real person is in it.
    """
    if np.char.startswith(real.group, PREFIX).any():
        raise DataError(
            f"a person or recording is called {PREFIX}..., as planted ones are: rename it first."
        )
    each = 1 if unit == "window" else EACH_CLASS * len(real.classes)
    rng = np.random.default_rng(seed)
    everybody = concat(_canary(real, number, each, rng) for number in range(len(inside)))
    return Planted(real, everybody, np.repeat(np.arange(len(inside)), each), inside)


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
        wave = level + strength * np.sin(turn * cycles + phase)
        doubled = 2 * BY_FACTORS.get(channel.unit, 0.0)
        waves.append((doubled * np.sinh(wave) if doubled else wave).T)
    return np.stack(waves, axis=2).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Heard:
    """What was heard of canaries: scores and guesses, (canary,). model: what was fitted, to draw from.

    how: what was listened to, in words. vectors: (canary, number), what each adds to the one noisy sum that
    was heard, 1 the longest allowed; None where each canary was heard in a place of its own.
    """

    scores: Float64Array
    guesses: IntArray
    model: Model
    how: str
    noise_multiplier: float
    vectors: Float64Array | None = None


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """A private training with canaries, ready to run once. own: the generator that is trained."""

    trainable: WithCanaries
    own: ConditionalFlow | ConditionalGan
    steps: PrivateSteps
    config: FitConfig
    representation: Representation
    planted: Planted


def rehearse(
    planted: Planted, config: FitConfig, plan: DpPlan, *, windows_per_unit: int
) -> Rehearsal:
    """Give the training of a generator with these options, as private as the plan makes it."""
    windows = planted.windows
    representation = representation_of(windows)
    classes = len(windows.classes)
    shape = record_shape(representation, classes, ConditionForm())
    own = untrained(config, config.usual(0), shape)
    trainable = with_canaries(own, classes=classes, canaries=len(planted.inside))
    canary = planted.canary
    label = np.where(canary < 0, windows.label, classes + canary)
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


def hear_release(
    planted: Planted,
    part: PublicPart,
    config: FitConfig,
    *,
    unit: Unit,
    noise_multiplier: float,
) -> Heard:
    """Make a few-numbers release once, and give what was heard of each canary.

    Whoever listens knows what all others add, as the guarantee allows, and takes it off. A canary's score
    is the product of the rest with what the canary adds; its guess is the likeliest of all subsets'.
    """
    vectors = {
        name: _vectors(windows, part, unit)
        for name, windows in (("real", planted.real), ("canaries", planted.canaries))
    }
    inside = np.concatenate([vectors["real"], vectors["canaries"][planted.inside]])
    noisy = noisy_sum(inside, clip_norm=part.design.whole_norm, noise_multiplier=noise_multiplier)
    rest = noisy.values - vectors["real"].sum(axis=0)
    differences = shrunk(estimate(noisy, part.design), part.design)
    return Heard(
        vectors["canaries"] @ rest,
        likeliest(rest, vectors["canaries"]),
        model_of(part, differences, config, "fitted for an audit"),
        f"one release of {part.design.numbers} numbers and a count, noise {noise_multiplier:.3g} times "
        "what one unit adds at most",
        noise_multiplier,
        vectors["canaries"] / part.design.whole_norm,
    )


def _vectors(windows: Windows, part: PublicPart, unit: Unit) -> Float64Array:
    """Give what each unit adds, (unit, number + 1), units in the order of their names."""
    features = features_of(windows, part, unit=unit)
    return with_count(unit_numbers(features, part.design), part.design)
