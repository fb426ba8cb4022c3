"""The model card that goes with synthetic windows when they leave the building, as Markdown."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

from jinja2 import Environment, PackageLoader, StrictUndefined

from wearsynth.data import SignalWindows
from wearsynth.statement import PrivacyStatement


@dataclass(frozen=True)
class Drawn:
    """What was drawn, for people to read. counts: windows by class. signals: one window of each will do."""

    kind: str
    seed: int
    counts: Mapping[str, int]
    signals: Mapping[str, SignalWindows]


@dataclass(frozen=True)
class Guarantee:
    """A statement and what it means. unit: in a reader's words. word: what it may be called.

    auc, found: of the best attacker, the latter at 5 % false alarms; gaussian: that they are of Gaussian
    releases. auc_any, found_any: of the best one on any mechanism. bounded: whether it is bounded
    disclosure only.
    """

    statement: PrivacyStatement
    unit: str
    word: str
    bounded: bool
    gaussian: bool
    auc: float
    found: float
    auc_any: float
    found_any: float


def card_text(
    drawn: Drawn,
    guarantee: Guarantee | None,
    contents: Mapping[str, str],
    *,
    privacy: str,
    scores: str | None,
) -> str:
    """Give the card. contents: file -> what it is. privacy: its first line. scores: their file, if any."""
    page = Environment(
        loader=PackageLoader("wearsynth.reporting", "templates"),
        autoescape=False,  # noqa: S701 - Markdown, read as text
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    ).get_template("card.md.j2")
    return page.render(
        privacy=privacy,
        of=guarantee,
        statement=None if guarantee is None else guarantee.statement,
        contents=contents.items(),
        scores=scores,
        kind=drawn.kind,
        seed=drawn.seed,
        counts=", ".join(f"{count} windows of {name}" for name, count in drawn.counts.items()),
        signals="; ".join(_signal(name, of) for name, of in drawn.signals.items()),
        version=version("wearsynth"),
    )


def _signal(name: str, of: SignalWindows) -> str:
    channels = ", ".join(f"{channel.name} ({channel.unit})" for channel in of.channels)
    return f"signal {name}: {of.length_s:g} s at {of.rate_hz:g} Hz, {channels}"
