"""Usefulness person by person as lines of text, for a terminal."""

from collections.abc import Iterator

from wearsynth.evaluation.person_bench import BOTH, MADE, NOTHING, REAL, SAME
from wearsynth.evaluation.person_task import Difference, Interval, Person, Row, Utility
from wearsynth.evaluation.reference import MIN_GROUPS

DIFFERENCE = {
    (MADE, SAME): "TSTR - TRTR, same people",
    (MADE, REAL): "TSTR - TRTR, other people",
    (BOTH, REAL): "real + synthetic - TRTR",
}
"""What a difference of two training sets is called."""

SHORT = {REAL: "real", MADE: "made", BOTH: "both"}
"""What the table of people calls the training sets."""


def utility_lines(utility: Utility) -> Iterator[str]:
    """Give a table a judge with its differences, then the people, then what must be known."""
    tested = len(utility.people) - len(utility.not_tested)
    yield (
        f"{len(utility.people)} real people, {utility.folds} folds; tested on {tested} whom a "
        "generator has not seen"
    )
    yield "acc.: share of right decisions; macro: F1, mean over classes, people pooled"
    for judge in dict.fromkeys(row.judge for row in utility.rows):
        yield from _of_judge(utility, judge)
    yield from _of_people(utility)
    yield from (f"Note: {note}" for note in utility.notes)


def _of_judge(utility: Utility, judge: str) -> Iterator[str]:
    looked_at = f"F1 {utility.looked_at}" if utility.looked_at else ""
    rows = [row for row in utility.rows if row.judge == judge]
    yield ""
    yield f"{judge:<23}people  acc.  macro  95 %          {looked_at}".rstrip()
    yield from (_row_line(row) for row in rows)
    differences = [one for one in utility.differences if one.judge == judge]
    head = f"  {'difference, 95 %':<26}{'macro':<25}{looked_at}".rstrip()
    yield from (head, *(_difference_line(one) for one in differences))
    yield from (f"  {line}" for line in dict.fromkeys(one.warning for one in differences) if line)
    unsure = [DIFFERENCE[one.of, one.minus] for one in differences if one.note]
    if unsure:
        reason = f"with {rows[0].people} people" if rows[0].people < MIN_GROUPS else "too wide"
        yield f"  this cannot rank anything ({reason}): {'; '.join(unsure)}"


def _row_line(row: Row) -> str:
    name = "nothing: the commonest" if row.trained_on == NOTHING else row.trained_on
    name = f"{name} (all)" if row.of_everybody else name
    of_class = "" if row.class_f1 is None else f"  {row.class_f1:.3f}"
    if row.class_interval is not None:
        of_class += f" {_span(row.class_interval)}"
    return (
        f"  {name:<24}{row.people:>3} {row.accuracy:.3f}  {row.macro_f1:.3f}  "
        f"{_span(row.macro_interval)}{of_class}"
    )


def _span(interval: Interval) -> str:
    return f"{interval[0]:.2f} to {interval[1]:.2f}"


def _difference_line(one: Difference) -> str:
    cells = [_signed(one.value, one.interval)]
    if one.class_value is not None and one.class_interval is not None:
        cells.append(_signed(one.class_value, one.class_interval))
    return f"  {DIFFERENCE[one.of, one.minus]:<26}{'  '.join(cells)}"


def _signed(value: float, interval: Interval) -> str:
    return f"{value:+.3f} ({interval[0]:+.2f} to {interval[1]:+.2f})"


def _of_people(utility: Utility) -> Iterator[str]:
    """Give each person's macro F1 by judge, learnt from real, synthetic and both."""
    judges = list(dict.fromkeys(row.judge for row in utility.rows))
    width = max(10, *(len(person.name) for person in utility.people))
    yield ""
    yield f"{'macro F1 by':<{width}} " + " ".join(f"| {judge:<14}" for judge in judges).rstrip()
    names = " ".join(SHORT.values())
    yield f"{'person':<{width}} " + " ".join(f"| {names:<14}" for _ in judges).rstrip()
    for person in utility.people:
        cells = " ".join(f"| {_cells(person, judge)}" for judge in judges)
        yield f"{person.name:<{width}} {cells}".rstrip()
    if utility.not_tested:
        yield f"Every generator has seen: {', '.join(utility.not_tested)}."


def _cells(person: Person, judge: str) -> str:
    values = person.macro_f1.get(judge, {})
    return " ".join(f"{values[name]:.2f}" if name in values else "   -" for name in SHORT)
