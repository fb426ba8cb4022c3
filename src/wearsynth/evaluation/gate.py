"""Conditions on scores, such as detector_auc>0.8, that make a check fail."""

import math
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import get_args

from wearsynth.errors import ConfigError, did_you_mean
from wearsynth.evaluation.figures import FIGURES
from wearsynth.evaluation.scores import Score, Scores, Verdict

FORM = re.compile(r"\s*(\w+)(?:\.(\w+))?\s*(>=|<=|==|!=|>|<)\s*(.+?)\s*")
COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
NUMBERS = ("value", "excess")
EXAMPLES = "such as detector_auc>0.8, coupling.excess>3 or near_copies.verdict==bad"


@dataclass(frozen=True)
class Condition:
    """One condition: a figure's value, excess or verdict against a number or a verdict's word."""

    text: str
    name: str
    field: str
    sign: str
    limit: float | str


def parse_condition(text: str) -> Condition:
    """Give the condition that a text says; ConfigError, with what to write, if it says none."""
    match = FORM.fullmatch(text)
    if match is None:
        raise ConfigError(f"--fail-if {text!r}: expected NAME>NUMBER, {EXAMPLES}.")
    name, field, sign, limit = match[1], match[2] or "value", match[3], match[4]
    _check_name(text, name)
    if field == "verdict":
        return Condition(text, name, field, sign, _verdict(text, sign, limit))
    if field not in NUMBERS:
        hint = did_you_mean(field, (*NUMBERS, "verdict"))
        raise ConfigError(f"--fail-if {text!r}: unknown {field!r} of a figure.{hint}")
    return Condition(text, name, field, sign, _number(text, limit))


def _check_name(text: str, name: str) -> None:
    """Raise where no figure can have the name; figures with a judge end in the judge's name."""
    if not any(name == figure or name.startswith(f"{figure}_") for figure in FIGURES):
        raise ConfigError(f"--fail-if {text!r}: unknown figure.{did_you_mean(name, FIGURES)}")


def _number(text: str, limit: str) -> float:
    try:
        number = float(limit)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ConfigError(f"--fail-if {text!r}: {limit!r} is no number; write one, {EXAMPLES}.")
    return number


def _verdict(text: str, sign: str, word: str) -> Verdict:
    """Give the verdict of that word; "suspicious" stands for the whole phrase."""
    if sign not in ("==", "!="):
        raise ConfigError(f"--fail-if {text!r}: a verdict is compared by == or !=.")
    known: dict[str, Verdict] = {
        short: verdict
        for verdict in get_args(Verdict)
        for short in (verdict, verdict.split(" (")[0])
    }
    if word not in known:
        raise ConfigError(f"--fail-if {text!r}: unknown verdict.{did_you_mean(word, known)}")
    return known[word]


def failures(scores: Scores, conditions: Iterable[Condition]) -> tuple[str, ...]:
    """Give a sentence for each condition that holds, or whose figure has no number.

    DataError, with the nearest name, where these scores lack a figure.
    """
    said = (_failure(condition, scores.score(condition.name)) for condition in conditions)
    return tuple(sentence for sentence in said if sentence)


def _failure(condition: Condition, score: Score) -> str:
    """Give why the condition fails; "" where it does not."""
    head = f"--fail-if {condition.text!r}: {score.title}"
    if score.value is None:
        return f"{head} has no value: {score.note or score.verdict}."
    if isinstance(condition.limit, str):
        holds = (score.verdict == condition.limit) == (condition.sign == "==")
        return f"{head} is {score.verdict}." if holds else ""
    number = score.value if condition.field == "value" else score.excess
    if number is None or not math.isfinite(number):
        return f"{head} has no {condition.field}: {score.note or score.verdict}."
    if not COMPARE[condition.sign](number, condition.limit):
        return ""
    what = "is" if condition.field == "value" else "has an excess of"
    return f"{head} {what} {number:.4g}."
