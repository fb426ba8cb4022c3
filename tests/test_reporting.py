import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from toy import toy_windows
from wearsynth.data import Windows
from wearsynth.errors import FileError
from wearsynth.evaluation import Scores, evaluate
from wearsynth.reporting import report_html, score_rows, write_report

NASTY = "</script><script>alert('walk')</script>"


@pytest.fixture(scope="module")
def scores() -> Scores:
    windows = replace(toy_windows(people=5, per_class=6), classes=("still", NASTY, "running"))
    train, holdout = (
        windows.select(np.isin(windows.subject, people))
        for people in (["p00", "p01", "p02"], ["p03", "p04"])
    )
    return evaluate(made_of(train), train=train, holdout=holdout, quick=True)


def made_of(windows: Windows) -> Windows:
    synthetic = np.full(len(windows), True)
    return replace(windows, synthetic=synthetic, provenance=("made by <b>hand</b>",))


@pytest.fixture(scope="module")
def html(scores: Scores) -> str:
    return report_html(scores)


def without_plotly(html: str) -> str:
    """Give the page without plotly.js, the one script of megabytes."""
    return re.sub(r"<script>.{1000000,}?</script>", "", html, flags=re.DOTALL)


def test_the_page_loads_nothing(html: str) -> None:
    assert not re.search(r"<(script|img|iframe|source)[^>]*\ssrc=", html)
    assert "<link" not in without_plotly(html)
    assert "http" not in without_plotly(html)
    assert "@import" not in html and "url(" not in without_plotly(html)
    assert html.count("Plotly.react") >= 1
    assert len(html.encode()) < 6_000_000


def test_names_are_escaped_wherever_they_stand(html: str) -> None:
    assert NASTY not in html
    assert "&lt;/script&gt;" in html  # as text
    assert "\\u003c/script\\u003e" in html  # in a picture's data
    assert "made by &lt;b&gt;hand&lt;/b&gt;" in html


def test_scripts_open_and_close_in_pairs(html: str, scores: Scores) -> None:
    page = without_plotly(html)
    pictures = scores.pictures
    drawn = len(pictures.windows) + len(pictures.spectra) + len(pictures.marginals)
    assert page.count("<script") == page.count("</script>") == drawn + len(pictures.confusions) + 1


def test_the_banner_stands_only_over_real_windows(scores: Scores, html: str) -> None:
    assert "Contains real recordings: do not share" in html
    without = report_html(replace(scores, contains_real_windows=False))
    assert "do not share" not in without


def test_the_verdict_comes_first_and_every_score_is_there(scores: Scores, html: str) -> None:
    places = [html.index(f"<h2>{title}") for title in ("Scores", "Windows", "Spectra", "Values")]
    assert places == sorted(places)
    for score in scores.scores:
        assert f"<code>{score.name}</code>" in html


def test_rows_are_text_and_say_why_a_figure_is_missing(scores: Scores) -> None:
    rows = {row.name: row for row in score_rows(scores)}
    assert list(rows) == [score.name for score in scores.scores]
    assert rows["near_copies"].value == "1.00"
    assert (rows["near_copies"].verdict, rows["near_copies"].tone) == ("suspicious (copy?)", "poor")
    assert rows["feature_w1"].reference == "none"
    assert rows["tstr_macro_f1_trees"].interval.startswith("TSTR - TRTR: ")
    first = replace(scores.scores[0], value=None, interval=None, verdict="not measured", note="why")
    row = score_rows(replace(scores, scores=(first,)))[0]
    assert (row.value, row.interval, row.note) == ("none", "", "why")


def test_a_report_is_whole_or_absent(scores: Scores, html: str, tmp_path: Path) -> None:
    write_report(scores, tmp_path / "new" / "report.html")
    assert (tmp_path / "new" / "report.html").read_text(encoding="utf-8") == html
    with pytest.raises(FileError, match="folder"):
        write_report(scores, tmp_path / "new")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["report.html"]
