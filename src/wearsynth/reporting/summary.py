"""The scores in plain words, for a page, a terminal or a test."""

from dataclasses import dataclass

from wearsynth.evaluation.scores import Family, Part, Reference, Score, Scores
from wearsynth.evaluation.verdicts import family_verdict, stands_alone
from wearsynth.reporting.strip import tone_of

WORDS = {
    "ok": "as good as other real people",
    "weak": "a little worse than real people",
    "bad": "worse than real people",
    "suspicious (copy?)": "closer than other people can be: copies?",
    "no power": "says nothing: the attack fails on copies too",
    "too few": "too few groups to say",
    "not measured": "could not be measured",
    "for comparison": "no verdict: to read beside the others",
    "control": "no verdict: shows what the attack can do",
}
"""Verdict -> what it says."""

TONES = {
    "ok": "good",
    "weak": "fair",
    "no power": "fair",
    "bad": "poor",
    "suspicious (copy?)": "poor",
}
"""Verdict -> colour of its badge; calm where it is not here."""

NO_VERDICT = ("for comparison", "control")
UNSAID = ("no power", "too few", "not measured")

FAMILIES: dict[Family, tuple[str, str, str]] = {
    "like": (
        "Like",
        "Are the windows like those of real people?",
        "Each figure sees only what it looks at; the detector looks at most. Being like real windows "
        "says nothing of whose they are: copies are as like as can be.",
    ),
    "useful": (
        "Useful",
        "Does a classifier that learns from them know real people?",
        "Judged on these classes and these people alone. With few people, or with classes that are "
        "easily told, good and bad windows score the same.",
    ),
    "private": (
        "Private",
        "Do they give the training people away?",
        "A figure without alarm is no proof: it says that these attacks found nothing. Only training "
        "under a privacy statement (epsilon, delta, unit) bounds what any attack can find.",
    ),
}
"""Family -> its name, its question, what its figures cannot tell."""

ANSWERS: dict[Family, dict[str, str]] = {
    "like": {
        "ok": "Yes, as other people's are",
        "weak": "Nearly",
        "bad": "No, not yet",
        "suspicious (copy?)": "Too much so: copies?",
    },
    "useful": {
        "ok": "Yes, as one that learns from other real people",
        "weak": "Nearly",
        "bad": "Less than one that learns from real people",
        "suspicious (copy?)": "Better than real people allow: copies?",
    },
    "private": {
        "ok": "No sign of it",
        "weak": "Some sign of it",
        "bad": "Yes",
        "suspicious (copy?)": "Yes: there seem to be copies",
    },
}
"""Family -> verdict of its worst figure -> the answer; it cannot be said where it is not here."""


@dataclass(frozen=True)
class ScoreRow:
    """One line of the table, all text but the score itself."""

    score: Score
    value: str
    interval: str
    reference: str
    words: str
    tone: str


@dataclass(frozen=True)
class FamilyRows:
    """What one family of figures says: question, answer, the worst figure in words, all lines.

    verdict: that of the worst figure; milder where it alone of many raises an alarm.
    """

    family: Family
    title: str
    question: str
    answer: str
    verdict: str
    tone: str
    worst: str
    worst_meaning: str
    tally: str
    caution: str
    rows: tuple[ScoreRow, ...]


@dataclass(frozen=True)
class PartCell:
    """A figure for one signal and class: text, its reference's mean, tone by excess."""

    value: str
    reference: str
    tone: str


@dataclass(frozen=True)
class PartTable:
    """A figure by class (rows) and signal (columns)."""

    signals: tuple[str, ...]
    rows: tuple[tuple[str, tuple[PartCell | None, ...]], ...]


def score_rows(scores: Scores) -> list[ScoreRow]:
    """Give the table's lines in the order of the figures."""
    return [_row(score) for score in scores.scores]


def family_rows(scores: Scores) -> list[FamilyRows]:
    """Give like, useful and private, those that have figures, each led by its worst."""
    return [
        _family(family, tuple(row for row in score_rows(scores) if row.score.family == family))
        for family in FAMILIES
        if any(score.family == family for score in scores.scores)
    ]


def verdict_lines(scores: Scores) -> list[str]:
    """Give one line a family: its verdict and its worst figure beside real people's."""
    return [f"{of.title}: {of.verdict}. {of.worst}" for of in family_rows(scores)]


def _row(score: Score) -> ScoreRow:
    return ScoreRow(
        score=score,
        value="none" if score.value is None else number(score.value),
        interval=_interval(score),
        reference=_reference(score.reference),
        words=WORDS[score.verdict],
        tone=TONES.get(score.verdict, "calm"),
    )


def _family(family: Family, rows: tuple[ScoreRow, ...]) -> FamilyRows:
    title, question, caution = FAMILIES[family]
    judged = [row for row in rows if row.score.verdict not in NO_VERDICT]
    worst = min(judged or rows, key=lambda row: _rank(row.score))
    of_all = [row.score for row in judged]
    verdict = family_verdict(worst.score, of_all)
    return FamilyRows(
        family=family,
        title=title,
        question=question,
        answer=ANSWERS[family].get(verdict, f"Cannot be said: {WORDS[verdict]}"),
        verdict=verdict,
        tone=TONES.get(verdict, "calm"),
        worst=_worst(worst, of_all),
        worst_meaning=worst.score.meaning,
        tally=_tally(judged),
        caution=caution,
        rows=rows,
    )


def _rank(score: Score) -> tuple[int, float]:
    """Give the place of a score among its family's, the worst first.

    What could not be measured hides no good figure, but where privacy is asked it comes before one:
    an attack that was not made has not failed.
    """
    unsaid = list(UNSAID)
    good = [*unsaid, "ok"] if score.family == "private" else ["ok", *unsaid]
    order = ["suspicious (copy?)", "bad", "weak", *good, *NO_VERDICT]
    return order.index(score.verdict), -(score.excess or 0.0)


def _worst(row: ScoreRow, judged: list[Score]) -> str:
    score = row.score
    lead = (
        "" if len(judged) < 2 else "Nearest to the limit: " if score.verdict == "ok" else "Worst: "
    )
    head = f"{lead}{score.title} {row.value}"
    if score.reference is None:
        return f"{head}, without a reference."
    mean, worst = number(score.reference.mean), number(score.reference.worst)
    return f"{head}; real people: {mean}, at worst {worst}.{_alone(score, judged)}"


def _alone(score: Score, judged: list[Score]) -> str:
    """Say so where a figure alone raises an alarm."""
    if not stands_alone(score, judged):
        return ""
    return (
        f" It alone of {len(judged)} figures is {score.verdict}; one of so many may be by chance."
    )


def _tally(rows: list[ScoreRow]) -> str:
    verdicts: list[str] = [row.score.verdict for row in rows]
    said = [f"{verdicts.count(word)} {word}" for word in WORDS if word in verdicts]
    return f"{len(verdicts)} figure{'' if len(verdicts) == 1 else 's'}: {', '.join(said)}"


def part_table(score: Score) -> PartTable | None:
    """Give the score by class and signal, None where it has no parts."""
    if not score.parts:
        return None
    cells = {(part.class_name, part.signal): _cell(part) for part in score.parts}
    signals = tuple(dict.fromkeys(part.signal for part in score.parts))
    classes = tuple(dict.fromkeys(part.class_name for part in score.parts))
    rows = tuple((name, tuple(cells.get((name, signal)) for signal in signals)) for name in classes)
    return PartTable(signals, rows)


def _cell(part: Part) -> PartCell:
    return PartCell(
        value="none" if part.value is None else number(part.value),
        reference="" if part.reference is None else number(part.reference.mean),
        tone="calm" if part.excess is None else tone_of(part.excess),
    )


def number(value: float) -> str:
    """Give a value with two to three digits that matter: 0.037, 0.84, 12.1."""
    size = abs(value)
    digits = 1 if size >= 10 else 2 if size >= 0.1 else 3
    return f"{value:.{digits}f}"


def _interval(score: Score) -> str:
    if score.interval is None:
        return ""
    low, high = (number(end) for end in score.interval)
    of = "" if score.interval_of == "value" else f"{score.interval_of}: "
    return f"{of}{low} to {high}"


def _reference(reference: Reference | None) -> str:
    if reference is None:
        return "none"
    return f"{number(reference.mean)}, worst {number(reference.worst)}"
