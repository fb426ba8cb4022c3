"""An audit of a private fit from end to end, and what it found, as text and JSON."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wearsynth.canaries import Heard, Planted, hear, hear_release, plant, rehearse, toss
from wearsynth.config import FitConfig, PrivacyConfig
from wearsynth.data import Windows, check_same_kind
from wearsynth.errors import ConfigError
from wearsynth.evaluation.attacks.membership import ATTACKS
from wearsynth.evaluation.attacks.people import (
    LEAST_MEMBERS,
    LEAST_OTHERS,
    Told,
    told_by_scores,
    told_by_windows,
)
from wearsynth.few_numbers import public_part, release_noise
from wearsynth.files import atomic_file
from wearsynth.optimise import Watch
from wearsynth.privacy.accounting import worst_membership
from wearsynth.privacy.auditing import Audit, audit_of, canaries_needed
from wearsynth.privacy.luck import Claim, apart, highest, of_one_sum
from wearsynth.private_training import plan_of

INTERNAL = (
    "internal: computed from the windows given, without noise; it is on no ledger and stays inside"
)
ROUNDING = 1e-9
DRAWN = 40
"""Windows of each class that the membership attack sees."""


@dataclass(frozen=True)
class Attack:
    """An attack on who was in. told: None where it could not be made, for the reason in note.

    allowed: the AUC that the claim leaves to the best attacker over all runs. by_luck: the one that 2.5 % of
    runs with as many people lie above, at most, where the claim just holds.
    """

    name: str
    told: Told | None
    allowed: float
    note: str
    by_luck: float | None

    @property
    def exceeded(self) -> bool:
        """Whether more was told than luck explains where the claim holds."""
        if self.told is None or self.by_luck is None:
            return False
        return self.told.auc > self.by_luck + ROUNDING

    @property
    def undecided(self) -> bool:
        """Whether so few people are told apart without error by luck: then no AUC exceeds the claim."""
        return self.by_luck is not None and self.by_luck >= 1 - ROUNDING

    @property
    def line(self) -> str:
        """The attack in one line."""
        if self.told is None:
            return f"{self.name}: not made, {self.note}"
        low, high = self.told.interval
        return (
            f"{self.name}: AUC {self.told.auc:.2f} ({low:.2f} to {high:.2f}; {self.told.members} in, "
            f"{self.told.others} out), {self._word}, {self.allowed:.2f} (by luck up to {self.by_luck:.2f})"
        )

    @property
    def _word(self) -> str:
        if self.undecided:
            return "too few to decide whether that is more than the claim allows"
        return f"{'MORE THAN' if self.exceeded else 'not surely more than'} the claim allows"


@dataclass(frozen=True)
class AuditReport:
    """What an audit found. how: the mechanism that was listened to. needed: canaries that could decide."""

    audit: Audit
    unit: str
    how: str
    noise_multiplier: float
    needed: int | None
    attacks: tuple[Attack, ...]

    @property
    def lines(self) -> Iterator[str]:
        """The report as text."""
        found = self.audit
        claim = f"epsilon {found.epsilon:g} at delta {found.delta:g}, unit {self.unit}"
        yield f"Claimed: {claim}; {self.how}"
        guessed = f"{found.right} of {found.guesses} right"
        yield f"Guessed: {guessed}, about {found.canaries} planted units, each in by a fair coin"
        bound = f"epsilon is at least {found.bound:.2f} ({found.confidence:.0%} confidence)"
        yield f"Bound: {bound}; had all been right, {found.ceiling:.2f}"
        yield from (attack.line for attack in self.attacks)
        yield f"Verdict: {found.verdict}{self._remedy}"

    @property
    def _remedy(self) -> str:
        if self.audit.verdict != "cannot decide":
            return ""
        more = "no number up to 10,000" if self.needed is None else f"{self.needed} or more"
        return f"; {more} canaries could"

    def to_json(self) -> str:
        """Give the report as JSON."""
        content = {
            "what": f"an audit by wearsynth {version('wearsynth')}",
            "internal": INTERNAL,
            "verdict": self.audit.verdict,
            **asdict(self),
            "exceeded": [attack.name for attack in self.attacks if attack.exceeded],
            "undecided": [attack.name for attack in self.attacks if attack.undecided],
        }
        return json.dumps(content, indent=2) + "\n"


def audit_fit(
    windows: Windows,
    config: FitConfig,
    privacy: PrivacyConfig,
    *,
    canaries: int,
    public: Windows | None = None,
    watch: Watch | None = None,
) -> AuditReport:
    """Plant canaries, fit as privately as the options say, and give what guesses say of the claim.

    windows: real or toy ones; where they have enough people, half of these are left out, and a membership
    attack on drawn windows is made too. public: the public windows of few-numbers. ConfigError without
    an epsilon, or for options that cannot be audited.
    """
    if not privacy.epsilon:
        raise ConfigError("an audit needs the claim that it tests: give --epsilon.")
    members, others = _dealt(windows, privacy, seed=config.seed)
    planted = plant(members, toss(canaries), unit=privacy.unit, seed=config.seed)
    if config.generator == "few-numbers":
        heard = _heard_release(planted, public, config, privacy)
    else:
        heard = _heard_training(planted, config, privacy, watch)
    return report_of(heard, planted, others, privacy, seed=config.seed)


def _heard_training(
    planted: Planted, config: FitConfig, privacy: PrivacyConfig, watch: Watch | None
) -> Heard:
    if config.generator == "mixture":
        raise ConfigError("a mixture has no private fit, so there is nothing to audit.")
    each = privacy.windows_per_unit
    plan = plan_of(config, privacy)
    return hear(rehearse(planted, config, plan, windows_per_unit=each), watch=watch)


def _heard_release(
    planted: Planted, public: Windows | None, config: FitConfig, privacy: PrivacyConfig
) -> Heard:
    if public is None:
        raise ConfigError("few-numbers starts from public windows: give --public.")
    if privacy.unit == "window":
        raise ConfigError("few-numbers is audited by subject or recording, not by window.")
    check_same_kind(
        replace(planted.real, covariates={}),
        replace(public, covariates={}),
        "the windows",
        "the public ones",
    )
    part = public_part(public, config.seed, privacy)
    noise = release_noise(
        float(privacy.epsilon or 0), privacy.delta, numbers=part.design.numbers + 1
    )
    return hear_release(planted, part, config, unit=privacy.unit, noise_multiplier=noise)


def report_of(
    heard: Heard, planted: Planted, others: Windows | None, privacy: PrivacyConfig, *, seed: int
) -> AuditReport:
    """Give what was heard, as guesses and attacks beside the claim.

    others: windows of people who were not in, for the attack on drawn windows; None where there are too
    few people.
    """
    epsilon, delta = float(privacy.epsilon or 0), privacy.delta
    audit = audit_of(planted.inside, heard.guesses, epsilon=epsilon, delta=delta)
    gaussian = heard.vectors is not None or privacy.sampling_probability == 1
    claim = Claim(epsilon, delta, gaussian)
    attacks = (
        _by_canaries(heard, planted.inside, claim, seed=seed),
        _by_windows(heard, planted, others, claim, seed=seed),
    )
    needed = canaries_needed(epsilon, delta) if audit.verdict == "cannot decide" else None
    return AuditReport(audit, privacy.unit, heard.how, heard.noise_multiplier, needed, attacks)


def _dealt(
    windows: Windows, privacy: PrivacyConfig, *, seed: int
) -> tuple[Windows, Windows | None]:
    """Give windows of people who are in and of those who are not, half each; all in where few."""
    people = np.unique(windows.subject)
    if privacy.unit != "subject" or len(people) < LEAST_MEMBERS + LEAST_OTHERS:
        return windows, None
    dealt = np.random.default_rng(seed).permutation(people)
    out = np.isin(windows.subject, dealt[: max(LEAST_OTHERS, len(people) // 2)])
    return windows.select(~out), windows.select(out)


def _allowed(claim: Claim) -> float:
    worst = worst_membership(claim.epsilon, claim.delta)
    return worst.auc if claim.gaussian else worst.auc_any


def _by_canaries(heard: Heard, inside: NDArray[np.bool_], claim: Claim, *, seed: int) -> Attack:
    name, allowed = "Canaries, heard in training", _allowed(claim)
    told = told_by_scores(heard.scores, inside, seed=seed)
    if told is None:
        return Attack(name, None, allowed, "the coins put all canaries on one side", None)
    if heard.vectors is None:
        scores = apart(claim, members=told.members, others=told.others)
    else:
        scores = of_one_sum(claim, heard.vectors, inside)
    return Attack(name, told, allowed, "", highest(scores, attacks=1, seed=seed))


def _by_windows(
    heard: Heard, planted: Planted, others: Windows | None, claim: Claim, *, seed: int
) -> Attack:
    name, allowed = "People, from drawn windows", _allowed(claim)
    if others is None:
        least = LEAST_MEMBERS + LEAST_OTHERS
        note = f"it needs {least} people by name, and unit subject"
        return Attack(name, None, allowed, note, None)
    drawn = heard.model.sample(DRAWN, seed=seed)
    told = told_by_windows(drawn, planted.real, others, seed=seed)
    scores = apart(claim, members=told.members, others=told.others)
    return Attack(name, told, allowed, "", highest(scores, attacks=len(ATTACKS), seed=seed))


def write_audit(report: AuditReport, path: Path) -> None:
    """Write the report as JSON; FileError if `path` cannot be written."""
    with atomic_file(path) as temporary:
        temporary.write_text(report.to_json(), encoding="utf-8")
