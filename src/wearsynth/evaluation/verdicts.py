"""What the figures of a family say together: one alarm among many may be chance."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # scores have a text, and that needs this module
    from wearsynth.evaluation.scores import Score, Verdict

MANY = 8
"""With fewer figures than this, one that stands out by chance is rare."""

CERTAIN = 6.0
"""An excess beyond this, twice where bad begins, is no chance."""

MILDER: dict["Verdict", "Verdict"] = {"suspicious (copy?)": "weak", "bad": "weak", "weak": "ok"}
AS_GRAVE = {
    "suspicious (copy?)": ("suspicious (copy?)", "bad"),
    "bad": ("suspicious (copy?)", "bad"),
    "weak": ("suspicious (copy?)", "bad", "weak"),
}


def stands_alone(worst: "Score", judged: Sequence["Score"]) -> bool:
    """Say whether the worst of many figures is the only one of its gravity, and not by much.

    Windows of real people whom nobody learnt from raise such an alarm now and then: many figures are
    looked at, and each has its tail. It does not hold for attacks on privacy, which are set against
    chance one by one.
    """
    grave = AS_GRAVE.get(worst.verdict, ())
    said = [score for score in judged if score.verdict in (*MILDER, "ok")]
    return (
        worst.family != "private"
        and len(said) >= MANY
        and abs(worst.excess or 0.0) <= CERTAIN
        and sum(score.verdict in grave for score in said) == 1
    )


def family_verdict(worst: "Score", judged: Sequence["Score"]) -> "Verdict":
    """Give the verdict of a family by its worst figure, one step milder where that stands alone."""
    return MILDER[worst.verdict] if stands_alone(worst, judged) else worst.verdict
