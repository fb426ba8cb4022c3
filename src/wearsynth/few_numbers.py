"""A generator for few people: public windows, and how private people's classes differ in few numbers.

The mixture, its spread, spectrum and centre are public; private people move the class means, by one
discrete Gaussian release, or not at all where the noise would swamp what they say.
"""

import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from wearsynth.conditions import ConditionForm
from wearsynth.config import FitConfig, PrivacyConfig
from wearsynth.data import StrArray, Windows, check_same_kind
from wearsynth.errors import DataError
from wearsynth.generators.mixture import FactoredMixture
from wearsynth.generators.records import RecordShape
from wearsynth.generators.shifted import Measured, ShiftedMixture, fit_base, measure, shifted_to
from wearsynth.generators.three_numbers import NUMBERS, three_numbers
from wearsynth.grids import grids_of
from wearsynth.model import Model, record_shape
from wearsynth.privacy.accounting import GaussianRelease, gaussian_noise
from wearsynth.privacy.discrete_gaussian import grid_cost, noisy_sum
from wearsynth.privacy.few_numbers import (
    Design,
    Estimate,
    Features,
    design_release,
    estimate,
    people_needed,
    shrunk,
    swamped,
    unit_numbers,
    with_count,
)
from wearsynth.privacy.ledger import begin_run, open_ledger
from wearsynth.privacy.own_scale import Usual, on_own_scale, usual_of
from wearsynth.privacy.planning import check_delta
from wearsynth.privacy.stating import statement_of
from wearsynth.privacy.textbook import textbook
from wearsynth.privacy.units import units_of
from wearsynth.representation import Float64Array, Representation, representation_of
from wearsynth.statement import PrivacyStatement, Unit

Say = Callable[[str], None]

KIND = "few-numbers"
PUBLIC = (
    "the public windows, and what follows from them: spread, spectrum, centre, scales, directions, clip norm",
    "what books say of the classes",
)


@dataclass(frozen=True, eq=False)
class PublicPart:
    """What is made of public windows before private ones are seen.

    usual: the usual scale of a person; None where windows are taken as they are.
    """

    representation: Representation
    shape: RecordShape
    usual: Usual | None
    windows: Windows
    design: Design
    base: FactoredMixture
    measured: Measured


def fit_few_numbers(
    windows: Windows | None,
    public: Windows,
    config: FitConfig,
    privacy: PrivacyConfig,
    *,
    say: Say = print,
) -> Model:
    """Give a generator of the public windows' kind whose classes differ as in private windows.

    windows: the private ones; None, or an epsilon of 0 or none: nothing private is used. Two fits with
    an epsilon differ in their noise, whatever the seed. The model does not tell who gave: keep those people
    out of a holdout yourself. `say` gets what is released and, in one line, what was decided and why.
    DataError where the two sets do not fit, PrivacyError where the ledger's budget does not allow it.
    """
    part = public_part(public, config.seed, privacy)
    if windows is None or not privacy.epsilon:
        line = "Made from public windows alone (epsilon 0): no private number was used."
        say(line)
        return replace(model_of(part, part.design.prior, config, line), privacy=_nothing(privacy))
    check_same_kind(
        replace(windows, covariates={}),
        replace(public, covariates={}),
        "the private windows",
        "the public ones",
    )
    units = units_of(windows, privacy.unit)
    large = check_delta(privacy.delta, len(units), asked="delta" in privacy.model_fields_set)
    if large is not None:
        say(large)
    plan = _plan(part.design, privacy)
    say(plan.line)
    told, statement = _release(windows, part, plan, privacy)
    kept, line = decide(told, plan.least, accept_noise=privacy.accept_noise)
    say(line)
    differences = shrunk(told, part.design) if kept else part.design.prior
    return replace(model_of(part, differences, config, line), privacy=statement)


@dataclass(frozen=True)
class _Plan:
    """The noise of a release, and the units that it needs to be worth anything."""

    epsilon: float
    noise_multiplier: float
    numbers: int
    least: int

    @property
    def line(self) -> str:
        """What is going to be released."""
        return (
            f"One release of {self.numbers} numbers and a count, noise {self.noise_multiplier:.3g} times "
            f"what one unit adds: useful from about {self.least} on."
        )


def _plan(design: Design, privacy: PrivacyConfig) -> _Plan:
    epsilon = privacy.epsilon or 0.0
    noise = release_noise(epsilon, privacy.delta, numbers=design.numbers + 1)
    least = people_needed(noise, numbers=design.numbers)
    return _Plan(epsilon, noise, design.numbers, least)


def release_noise(epsilon: float, delta: float, *, numbers: int) -> float:
    """Give the noise multiplier of one discrete Gaussian release of so many numbers, grid included."""
    cost = grid_cost(numbers, gaussian_noise(epsilon, delta))
    return gaussian_noise(epsilon - cost, delta * math.exp(-cost))


def decide(told: Estimate, least: int, *, accept_noise: bool) -> tuple[bool, str]:
    """Say whether a release is used, and why in a line; from noisy numbers alone, so it costs nothing."""
    units = f"about {told.units:.0f} units by the noisy count"
    if accept_noise:
        return True, f"Used the release as it is, as asked ({units}, {least} wanted)."
    if round(told.units) < least:  # as it is told
        return False, (
            f"Too few: {units}, {least} wanted. The model is the one from public windows alone; the "
            "release was made all the same, and its epsilon is spent."
        )
    if swamped(told):
        return False, (
            f"What the release adds to the public prior ({units}) is no more than its noise. The model is "
            "the one from public windows alone; the release's epsilon is spent."
        )
    return True, f"Used the release: {units}, {least} wanted, and it says more than its noise."


def _release(
    windows: Windows, part: PublicPart, plan: _Plan, privacy: PrivacyConfig
) -> tuple[Estimate, PrivacyStatement]:
    """Charge the release, make it, and say what it guarantees."""
    features = features_of(windows, part, unit=privacy.unit)
    vectors = with_count(unit_numbers(features, part.design), part.design)
    if privacy.ledger is not None:
        _charge(windows, plan, privacy, Path(privacy.ledger))
    noisy = noisy_sum(
        vectors, clip_norm=part.design.whole_norm, noise_multiplier=plan.noise_multiplier
    )
    return estimate(noisy, part.design), _statement(part, plan, privacy)


def _charge(windows: Windows, plan: _Plan, privacy: PrivacyConfig, path: Path) -> None:
    """Enter the release in the data set's ledger, on disk, before it is made."""
    ledger = open_ledger(path, units=np.unique(windows.group).tolist(), unit=privacy.unit)
    about: dict[str, str | float] = {"kind": KIND, "epsilon": plan.epsilon, "delta": privacy.delta}
    release = GaussianRelease(plan.noise_multiplier)
    run = begin_run(ledger, release, run_id=f"{KIND}-{secrets.token_hex(8)}", about=about)
    run.begin_step(1)
    run.finish()


def _statement(part: PublicPart, plan: _Plan, privacy: PrivacyConfig) -> PrivacyStatement:
    """Say what is guaranteed: by this release or, with a ledger, by all on it."""
    scaled = ("that each unit is on a scale of its own",) if part.usual is not None else ()
    return statement_of(
        GaussianRelease(plan.noise_multiplier),
        delta=privacy.delta,
        unit=privacy.unit,
        clip_norm=part.design.whole_norm,
        mechanism=f"discrete Gaussian, one release of {plan.numbers} numbers and a count",
        randomness="operating system (secrets), exact rational arithmetic on a grid",
        public=(*PUBLIC, *scaled),
        ledger=None if privacy.ledger is None else Path(privacy.ledger),
    )


def _nothing(privacy: PrivacyConfig) -> PrivacyStatement:
    """Say that nothing private was used."""
    return PrivacyStatement(
        epsilon=0.0,
        delta=0.0,
        unit=privacy.unit,
        neighbours="add or remove one",
        mechanism="none: nothing private was used",
        sampling="none",
        accountant="none",
        steps=0,
        noise_multiplier=None,
        clip_norm=None,
        composition="adds nothing to what else was released",
        public=PUBLIC,
        not_covered=("the people of the public windows",),
    )


def public_part(public: Windows, seed: int, privacy: PrivacyConfig) -> PublicPart:
    """Make all that public windows decide; DataError where they are of one class, or do not say whose."""
    if len(public.classes) < 2:
        raise DataError("few-numbers tells classes apart, and the public windows have one only.")
    owner = owners(public, privacy.unit)
    if (owner == "").any():
        raise DataError(f"some public windows do not say their {privacy.unit}.")
    usual = None if privacy.unit == "window" else usual_of(public, owner)
    scaled = public if usual is None else on_own_scale(public, owner, usual)
    representation = representation_of(scaled)
    shape = record_shape(representation, len(public.classes), ConditionForm())
    records = representation.encode(scaled)
    values = three_numbers(records, shape).reshape(len(public), -1)
    features = Features(values, public.label, owner)
    design = design_release(
        features,
        classes=len(public.classes),
        numbers=privacy.numbers,
        prior=textbook_of(representation, public.classes),
    )
    base = fit_base(records, public.label, public.group, shape, seed=seed)
    return PublicPart(representation, shape, usual, scaled, design, base, measure(base, seed=seed))


def features_of(windows: Windows, part: PublicPart, *, unit: Unit) -> Features:
    """Give the features of windows of the public ones' kind."""
    owner = owners(windows, unit)
    scaled = windows if part.usual is None else on_own_scale(windows, owner, part.usual)
    told = three_numbers(part.representation.encode(scaled), part.shape)
    return Features(told.reshape(len(windows), -1), windows.label, owner)


def owners(windows: Windows, unit: Unit) -> StrArray:
    """Give the name of the unit of privacy that each window belongs to, (window,)."""
    if unit == "window":
        return np.arange(len(windows)).astype(np.str_)
    return windows.subject if unit == "subject" else windows.recording


def textbook_of(representation: Representation, classes: tuple[str, ...]) -> Float64Array | None:
    """Give what books say of classes 1, 2, ... (class - 1, feature), NaN where nothing; None if nowhere."""
    traces = tuple(
        name
        for form in representation.signals
        for name in [c.name for c in form.channels] + [f"{form.name}_length"] * form.tells_length
    )
    told = [textbook(name, traces) for name in classes[1:]]
    nothing = np.full((len(traces), NUMBERS), np.nan)
    if all(of is None for of in told):
        return None
    return np.stack([(nothing if of is None else of).reshape(-1) for of in told])


def model_of(part: PublicPart, differences: Float64Array, config: FitConfig, line: str) -> Model:
    """Give the model with these differences (class - 1, feature), in public sd."""
    generator = generator_of(part, differences)
    about: dict[str, Any] = {"generator": KIND, "fit": config.model_dump(), "decision": line}
    return Model(
        kind=KIND,
        generator=generator,
        representation=part.representation,
        classes=part.windows.classes,
        trained_groups=tuple(np.unique(part.windows.group).tolist()),
        provenance=(*part.windows.provenance, f"fitted {KIND}, seed {config.seed}"),
        about=about,
        grids=grids_of(part.windows),
    )


def generator_of(part: PublicPart, differences: Float64Array) -> ShiftedMixture:
    """Give the mixture with these differences between its classes, about the public centre."""
    design = part.design
    means = np.concatenate([np.zeros((1, len(design.centre))), differences])
    means = means - design.shares @ means
    wanted = (design.centre + means * design.spread).reshape(len(means), -1, NUMBERS)
    return shifted_to(part.base, part.measured, wanted)
