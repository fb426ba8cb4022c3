import io
from dataclasses import replace

import pytest
from rich.console import Console

from toy import toy_windows
from wearsynth import console
from wearsynth.evaluation import Reference, Score, Scores
from wearsynth.evaluation.pictures import Pictures
from wearsynth.evaluation.scores import Family, SetSummary, Verdict

LONG = "TSTR F1 of the rarer class (minirocket)"


def figure(title: str, family: Family, verdict: Verdict, excess: float | None) -> Score:
    return Score(
        name=title.lower(),
        family=family,
        title=title,
        value=0.84,
        interval=(-0.123, 0.456),
        reference=Reference(mean=0.0512, worst=0.134, draws=8),
        excess=excess,
        verdict=verdict,
        better="lower",
        meaning="meaning",
        how="how",
        interval_of="TSTR - TRTR",
    )


@pytest.fixture
def scores() -> Scores:
    counts = toy_windows(people=1, per_class=1).counts
    part = SetSummary(windows=3, counts=counts, groups=1, provenance=())
    return Scores(
        scores=(
            figure("Detector [AUC]", "like", "bad", 9.0),
            figure("Band powers", "like", "weak", 2.0),
            figure(LONG, "useful", "for comparison", None),
            figure("Near copies", "private", "suspicious (copy?)", 40.0),
        ),
        synthetic=part,
        train=part,
        holdout=part,
        notes=("a note of [brackets]",),
        pictures=Pictures((), (), (), ()),
        contains_real_windows=True,
        quick=True,
        seed=0,
    )


def printed(scores: Scores, width: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    text = io.StringIO()
    monkeypatch.setattr(console, "out", Console(file=text, width=width, highlight=False))
    console.print_scores(scores)
    return [line.rstrip() for line in text.getvalue().splitlines()]


def words(lines: list[str]) -> str:
    """Give the lines as one, without spaces that only align."""
    return " ".join(" ".join(lines).split())


def test_the_verdicts_come_first_and_the_figures_follow_by_family(
    scores: Scores, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = printed(scores, 122, monkeypatch)
    assert lines[0].startswith("Like     bad")
    assert "No, not yet. Worst: Detector [AUC] 0.84; real people: 0.051" in words(lines[:2])
    families = [line.strip() for line in lines if line.strip() in {"like", "useful", "private"}]
    assert families == ["like", "useful", "private"]
    [row] = [line for line in lines if line.startswith(" Near copies")]
    assert row.split("  ")[-1].strip() == "suspicious (copy?)"
    assert "TSTR - TRTR: -0.12 to 0.46" in row
    assert "0.051, worst 0.13" in row
    assert lines[-1] == "Note: a note of [brackets]"


@pytest.mark.parametrize(
    ("width", "worst", "interval"), [(80, False, False), (90, True, False), (122, True, True)]
)
def test_titles_stay_whole_and_wider_terminals_say_more(
    scores: Scores, monkeypatch: pytest.MonkeyPatch, width: int, worst: bool, interval: bool
) -> None:
    lines = printed(scores, width, monkeypatch)
    assert all(len(line) <= width for line in lines)
    [row] = [line for line in lines if line.startswith(f" {LONG} ")]
    assert ("worst" in row) == worst
    assert ("TRTR:" in row) == interval


def test_a_title_too_long_breaks_between_words(
    scores: Scores, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = replace(
        scores.scores[0], title="An attack of a very long name indeed on one single person"
    )
    lines = printed(replace(scores, scores=(long,)), 80, monkeypatch)
    table = lines[lines.index(" like") + 1 :]
    assert table[0].startswith(" An attack of a very long name indeed on ")
    assert table[1].strip().endswith("person")
