"""Scores and self-tests as plain text, for print() and for a terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wearsynth.evaluation.verdicts import family_verdict, stands_alone

if TYPE_CHECKING:  # what has a text imports this module
    from wearsynth.evaluation.scores import Score, Scores
    from wearsynth.evaluation.selftest import Finding, SelfTest

FAMILIES = ("like", "useful", "private")
WORST_FIRST = ("suspicious (copy?)", "bad", "weak", "ok")
"""Verdicts that speak for or against windows; a family is called by its worst (see verdicts.py)."""


def as_text(scores: "Scores") -> str:
    """Give a line for each family, called by its worst figure, then all figures, then the notes."""
    said = [_family(name, [s for s in scores.scores if s.family == name]) for name in FAMILIES]
    rows = [_cells(score) for score in scores.scores]
    table = _columns([("figure", "value", "real people", "worst", "verdict"), *rows])
    return "\n".join([*said, "", *table, *(f"Note: {note}" for note in scores.notes)])


def _family(name: str, scores: Sequence["Score"]) -> str:
    known = [score for score in scores if score.verdict in WORST_FIRST]
    if not known:
        why = next((score.note or score.verdict for score in scores), "no figure speaks of it")
        return f"{name + ':':9}cannot be said, {why}"
    worst = min(known, key=lambda s: (WORST_FIRST.index(s.verdict), -(s.excess or 0.0)))
    alone = f", alone {worst.verdict} of {len(known)}" if stands_alone(worst, known) else ""
    called = f"{family_verdict(worst, known)}, {worst.title} {_number(worst.value)}"
    return f"{name + ':':9}{called}{_beside(worst)}{alone}"


def _beside(score: "Score") -> str:
    if score.reference is None:
        return ""
    mean, worst = _number(score.reference.mean), _number(score.reference.worst)
    return f" (real people {mean}, at worst {worst})"


def _cells(score: "Score") -> tuple[str, ...]:
    reference = score.reference
    beside = ("", "") if reference is None else (_number(reference.mean), _number(reference.worst))
    note = f": {score.note}" if score.value is None and score.note else ""
    return (score.title, _number(score.value), *beside, f"{score.verdict}{note}")


def _number(value: float | None) -> str:
    """Give a value with two to three digits that matter: 0.037, 0.84, 12.1."""
    if value is None:
        return "none"
    size = abs(value)
    return f"{value:.{1 if size >= 10 else 2 if size >= 0.1 else 3}f}"


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Give rows of cells as lines, each column as wide as its longest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def finding_line(finding: "Finding") -> str:
    """Give one finding as a line: what was done, and what saw it."""
    return f"{finding.what}: {_seen_by(finding)}"


def _seen_by(finding: "Finding") -> str:
    if not finding.planted:
        return f"not planted: {finding.note}"
    if not finding.seen:
        return "no figure turned" + (f" ({finding.note})" if finding.note else "")
    first = finding.turned[0]
    others = f" and {len(finding.turned) - 1} more" if len(finding.turned) > 1 else ""
    return (
        f"{first.title} {_number(first.value_before)} {first.before} -> "
        f"{_number(first.value_after)} {first.after}{others}"
    )


def self_test_text(test: "SelfTest") -> str:
    """Give the table of findings and, in sentences, what follows from it."""
    rows = [
        (finding.what, "yes" if finding.seen else "no", _seen_by(finding))
        for finding in (test.control, *test.findings)
    ]
    table = _columns([("damage", "seen", "the most telling figure"), *rows])
    return "\n".join([*table, "", *_conclusions(test)])


def _conclusions(test: "SelfTest") -> list[str]:
    sets = ", ".join(
        f"{name.replace('_', '-')} {test.windows[name]} windows of {groups} groups"
        for name, groups in test.groups.items()
    )
    lines = [f"Sets: {sets}.", *(f"Note: {note}" for note in test.notes)]
    if test.not_well:
        named = ", ".join(f"{one.title} ({one.verdict})" for one in test.not_well)
        lines.append(f"Real people, undamaged, are no better than bad in: {named}.")
    if test.control.turned:
        named = ", ".join(one.title for one in test.control.turned)
        lines.append(f"Figures that turn without damage, and so count nowhere: {named}.")
    if test.not_enough:
        return [*lines, f"What goes unseen proves nothing here: {test.not_enough}."]
    if test.unseen:
        named = "; ".join(finding.what for finding in test.unseen)
        return [*lines, f"On these data the judge does not see: {named}."]
    return [*lines, "Every damage that could be planted in full was seen."]
