"""The statement of what was released, and the same in plain words."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from wearsynth.privacy.accounting import (
    ACCOUNTANT,
    PureRelease,
    Release,
    compose,
    neighbours_of,
)
from wearsynth.privacy.ledger import composition_words
from wearsynth.privacy.ledger_lines import read_account
from wearsynth.privacy.telling import PEOPLE, PRIVATE_AUC, worst_of
from wearsynth.statement import ALONE, PrivacyStatement, Unit, statement_schema

NOT_COVERED = (
    "what is true of many people and so learnt whether or not one of them took part",
    "releases from the same people that composition does not name",
    "what stays inside: checkpoints, loss curves, scores and reports on private people",
    "a person under two names, and people who tell of each other",
    "running time and memory of the program, seen while it runs",
)
BY_HAND = (
    "chosen before the run, not by the program from private data; if runs on these people were compared "
    "to choose them, each of those counts too"
)
NO_LOOK = "none by the program"


def statement_of(
    release: Release,
    *,
    delta: float,
    unit: Unit,
    clip_norm: float | None,
    mechanism: str,
    randomness: str,
    public: tuple[str, ...],
    ledger: Path | None = None,
) -> PrivacyStatement:
    """Give the statement of a run that made this release.

    Call it when the run has finished. ledger: the data set's, on which the run stands; epsilon is then
    of everything charged there. release.steps: those taken.
    """
    releases = [release] if ledger is None else read_account(ledger).charged
    share = 1.0 if isinstance(release, PureRelease) else release.sampling_probability
    return PrivacyStatement(
        epsilon=compose(releases, delta),
        delta=delta,
        unit=unit,
        neighbours=neighbours_of(releases),
        mechanism=mechanism,
        sampling=_sampling_words(share),
        accountant=ACCOUNTANT,
        steps=release.steps,
        noise_multiplier=None if isinstance(release, PureRelease) else release.noise_multiplier,
        clip_norm=clip_norm,
        composition=ALONE if ledger is None else composition_words(ledger),
        public=public,
        not_covered=NOT_COVERED,
        sampling_probability=share,
        run_epsilon=compose([release], delta),
        randomness=randomness,
        hyperparameters=BY_HAND,
        data_dependent=NO_LOOK,
        software=f"wearsynth {version('wearsynth')}, dp-accounting {version('dp-accounting')}",
        date=datetime.now(UTC).date().isoformat(),
    )


def _sampling_words(share: float) -> str:
    if share == 1:
        return "every unit in every step"
    return f"each unit in a step with probability {share:g}, for itself (Poisson)"


def plain_words(statement: PrivacyStatement) -> str:
    """Give one paragraph that needs no mathematics: what is promised, how well one could guess, what not."""
    who = PEOPLE[statement.unit]
    worst = worst_of(statement)
    word = "bounded disclosure rather than private" if worst.bounded else "private"
    whole = (
        "" if statement.unit == "subject" else " A person with several of them is not hidden whole."
    )
    return (
        f"What this model learnt is nearly the same with and without any one {who} (differential "
        f"privacy, epsilon {statement.epsilon:.3g}, delta {statement.delta:.2g}).{whole} Somebody who "
        f"knows all the rest and guesses from the model whether one {who} took part gets an AUC of "
        f"{worst.auc:.2f} at best, where 0.50 is a coin and 1.00 is certainty, and finds "
        f"{worst.found:.0%} of those who did at 5% false alarms. We call that {word}; the word private "
        f"needs an AUC of at most {PRIVATE_AUC:.2f}. This counts {statement.composition}. It says "
        f"nothing of: {'; '.join(statement.not_covered)}."
    )


def statement_rows(statement: PrivacyStatement) -> Iterator[tuple[str, str, str]]:
    """Give each field's name, value and meaning, the epsilon first."""
    about = statement_schema()["properties"]
    for field in fields(statement):
        value = getattr(statement, field.name)
        shown = "; ".join(value) if isinstance(value, tuple) else _shown(value)
        yield field.name, shown, about[field.name]["description"]


def _shown(value: str | float | None) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "none" if value is None else str(value)
