"""The score table in plain words, for a page, a terminal or a test."""

from dataclasses import dataclass

from wearsynth.evaluation.scores import Reference, Score, Scores

WORDS = {
    "ok": "as good as other real people",
    "weak": "a little worse than real people",
    "bad": "worse than real people",
    "suspicious (copy?)": "closer than other people can be: copies?",
    "no power": "says nothing: the attack fails on copies too",
    "too few": "too few groups to say",
    "not measured": "could not be measured",
    "for comparison": "no verdict: what there is to reach",
    "control": "no verdict: shows what the attack can do",
}
"""Verdict -> what it says."""

TONES = {"ok": "good", "weak": "fair", "bad": "poor", "suspicious (copy?)": "poor"}
"""Verdict -> colour of its badge; calm where it is not here."""


@dataclass(frozen=True)
class ScoreRow:
    """One line of the table, all text. better says which way is better."""

    name: str
    title: str
    value: str
    interval: str
    reference: str
    verdict: str
    words: str
    tone: str
    better: str
    meaning: str
    note: str


def score_rows(scores: Scores) -> list[ScoreRow]:
    """Give the table's lines in the order of the figures."""
    return [_row(score) for score in scores.scores]


def _row(score: Score) -> ScoreRow:
    return ScoreRow(
        name=score.name,
        title=score.title,
        value="none" if score.value is None else number(score.value),
        interval=_interval(score),
        reference=_reference(score.reference),
        verdict=score.verdict,
        words=WORDS[score.verdict],
        tone=TONES.get(score.verdict, "calm"),
        better=score.better,
        meaning=score.meaning,
        note=score.note,
    )


def number(value: float) -> str:
    """Give a value with two to three digits that matter: 0.037, 0.84, 12.1."""
    return (
        f"{value:.1f}"
        if abs(value) >= 10
        else f"{value:.2f}"
        if abs(value) >= 0.1
        else f"{value:.3f}"
    )


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


def verdict_line(scores: Scores) -> str:
    """Give one sentence over all figures that have a verdict."""
    verdicts: list[str] = [
        s.verdict for s in scores.scores if s.verdict not in {"for comparison", "control"}
    ]
    said = [
        f"{verdicts.count(word)} {word}" for word in dict.fromkeys(WORDS) if verdicts.count(word)
    ]
    return f"Of {len(verdicts)} figures: {', '.join(said)}."
