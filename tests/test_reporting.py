import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from toy import toy_windows
from wearsynth.data import Windows
from wearsynth.errors import FileError
from wearsynth.evaluation import Part, Reference, Score, Scores, evaluate
from wearsynth.evaluation.pictures import CurveLine, CurvePicture
from wearsynth.reporting import (
    family_rows,
    report_html,
    score_rows,
    verdict_lines,
    write_report,
)
from wearsynth.reporting.chart import Frame, ticks, widened
from wearsynth.reporting.strip import place, strip, tone_of
from wearsynth.reporting.summary import number, part_table

NASTY = "</style><script>alert('walk')</script>"
CURVE = CurvePicture(
    title="Learning curve",
    hint="more people",
    x_title="people",
    y_title="macro F1",
    lines=(
        CurveLine("real", (1.0, 2.0), (0.5, 0.7), (0.4, 0.6), (0.6, 0.8)),
        CurveLine("bare", (1.0, 2.0), (0.2, 0.3), dashed=True),
        CurveLine("empty", (), ()),
    ),
)


@pytest.fixture(scope="module")
def scores() -> Scores:
    windows = replace(toy_windows(people=5, per_class=6), classes=("still", NASTY, "running"))
    train, holdout = (
        windows.select(np.isin(windows.subject, people))
        for people in (["p00", "p01", "p02"], ["p03", "p04"])
    )
    made = evaluate(made_of(train), train=train, holdout=holdout, quick=True)
    return replace(made, pictures=replace(made.pictures, curves=(CURVE,)))


def made_of(windows: Windows) -> Windows:
    synthetic = np.full(len(windows), True)
    return replace(windows, synthetic=synthetic, provenance=("made by <b>hand</b>",))


@pytest.fixture(scope="module")
def html(scores: Scores) -> str:
    return report_html(scores)


def a_score(name: str = "detector_auc", **changes: object) -> Score:
    """Give a figure that is ok, or as `changes` say."""
    score = Score(
        name=name,
        family="like",
        title="Detector AUC",
        value=0.8,
        interval=(0.7, 0.9),
        reference=Reference(mean=0.7, worst=0.9, draws=8),
        excess=0.5,
        verdict="ok",
        better="near .5",
        meaning="what it means",
        how="how it is computed",
    )
    return replace(score, **changes)  # type: ignore[arg-type]


EMPTY = {"meta", "link", "br", "path", "rect", "polyline", "polygon"}
"""Elements of the page that hold nothing."""


class Outline(HTMLParser):
    """Reads a page: headings, ids, links within it, unclosed elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = {name: value or "" for name, value in attrs}
        self.attributes.append((tag, of))
        if tag not in EMPTY:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if "id" in of:
            self.ids.append(of["id"])
        if tag == "a":
            self.links.append(of["href"])

    def handle_endtag(self, tag: str) -> None:
        if tag not in EMPTY:
            assert self.open.pop() == tag


def test_the_page_loads_nothing_and_runs_nothing(html: str) -> None:
    assert "<script" not in html
    assert "http:" not in html and "https:" not in html
    assert "@import" not in html and "url(" not in html
    assert "default-src 'none'" in html
    assert not re.search(r"<(img|iframe|source|object|embed)\b", html)
    assert not re.search(r"\son\w+=", html)
    assert len(html.encode()) < 6_000_000


def test_the_page_is_well_formed_and_its_headings_skip_no_level(html: str) -> None:
    page = Outline(html)
    assert page.open == []
    assert page.headings[0] == 1 and page.headings.count(1) == 1
    assert all(b <= a + 1 for a, b in zip(page.headings, page.headings[1:], strict=False))
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)


def test_pictures_and_tables_have_words_for_those_who_do_not_see_them(html: str) -> None:
    page = Outline(html)
    drawn = [of for tag, of in page.attributes if tag == "svg"]
    assert len(drawn) > 20
    assert all(of.get("aria-label") or of.get("aria-hidden") == "true" for of in drawn)
    assert html.count("<table") == html.count("<caption") > 3


def test_names_are_escaped_wherever_they_stand(html: str) -> None:
    assert NASTY not in html
    assert "&lt;/script&gt;" in html
    assert "made by &lt;b&gt;hand&lt;/b&gt;" in html


def test_the_banner_stands_only_over_real_windows(scores: Scores, html: str) -> None:
    assert "Internal. Contains real recordings: do not share" in html
    without = report_html(replace(scores, contains_real_windows=False))
    assert "do not share" not in without


def test_the_verdicts_come_first_and_every_score_is_there(scores: Scores, html: str) -> None:
    order = (
        'class="verdicts"',
        "<h2>Figures",
        "<h2>Map",
        "<h2>Windows",
        "<h2>Spectra",
        "To repeat",
    )
    places = [html.index(text) for text in order[:-1]] + [html.rindex(order[-1])]
    assert places == sorted(places)
    for score in scores.scores:
        assert f"<code>{score.name}</code>" in html
    assert f"--seed {scores.seed} --quick" in html
    assert f"Judged by wearsynth {scores.version}" in html


def test_rows_are_text_and_say_why_a_figure_is_missing(scores: Scores) -> None:
    rows = {row.score.name: row for row in score_rows(scores)}
    assert list(rows) == [score.name for score in scores.scores]
    assert rows["near_copies"].value == "1.00"
    assert rows["near_copies"].tone == "poor"
    assert rows["feature_w1"].reference == "none"
    assert rows["tstr_macro_f1_trees"].interval.startswith("TSTR - TRTR: ")
    first = a_score(value=None, interval=None, excess=None, verdict="not measured", note="why so")
    lone = replace(scores, scores=(first,))
    row = score_rows(lone)[0]
    assert (row.value, row.interval, row.tone) == ("none", "", "calm")
    assert "why so." in report_html(lone)


def test_each_family_is_led_by_its_worst_figure(scores: Scores) -> None:
    near = a_score("near", family="private", title="Near copies", verdict="bad", excess=4.0)
    given = (
        a_score("a", title="Good", excess=0.9),
        a_score("b", title="Weak", verdict="weak", excess=2.0),
        a_score("c", title="Weaker", verdict="weak", excess=2.5),
        a_score("d", title="Gone", value=None, excess=None, verdict="not measured"),
        a_score("e", title="Aside", verdict="for comparison", excess=99.0),
        near,
    )
    like, private = family_rows(replace(scores, scores=given))
    assert (like.verdict, like.tone, like.tally) == (
        "weak",
        "fair",
        "4 figures: 1 ok, 2 weak, 1 not measured",
    )
    assert like.worst == "Worst: Weaker 0.80; real people: 0.70, at worst 0.90."
    assert (private.verdict, private.answer) == ("bad", "Yes")
    assert private.worst.startswith("Near copies 0.80; ")
    assert len(verdict_lines(replace(scores, scores=given))) == 2


def test_one_alarm_alone_among_many_figures_is_a_step_milder_and_named(scores: Scores) -> None:
    def verdict(*alarms: Score, good: int = 9) -> str:
        of_family = [a_score(f"g{i}", family=alarms[0].family, excess=0.0) for i in range(good)]
        [row] = family_rows(replace(scores, scores=(*of_family, *alarms)))
        assert ("It alone of" in row.worst) == (
            len(alarms) == 1 and row.verdict != alarms[0].verdict
        )
        return row.verdict

    bad = a_score("bad", verdict="bad", excess=3.5)
    weak = a_score("weak", verdict="weak", excess=2.0)
    copied = a_score("copied", verdict="suspicious (copy?)", excess=-3.0)
    assert [verdict(one) for one in (bad, weak, copied)] == ["weak", "ok", "weak"]
    assert verdict(bad, bad) == "bad"  # two of them
    assert verdict(bad, copied) == "suspicious (copy?)"
    assert verdict(weak, weak) == "weak"
    assert verdict(replace(bad, excess=6.5)) == "bad"  # too far for chance
    assert verdict(bad, good=6) == "bad"  # few figures
    assert verdict(replace(bad, family="private")) == "bad"  # attacks are held against chance


def test_an_attack_that_says_nothing_is_no_good_news(scores: Scores) -> None:
    for verdict in ("no power", "too few", "not measured"):
        silent = a_score("b", title="Attack", verdict=verdict, excess=None)
        both = (a_score("a"), silent)
        assert family_rows(replace(scores, scores=both))[0].verdict == "ok"
        of_privacy = tuple(replace(score, family="private") for score in both)
        [private] = family_rows(replace(scores, scores=of_privacy))
        assert private.verdict == verdict
        assert private.answer.startswith("Cannot be said")


def test_a_family_with_nothing_to_judge_says_so(scores: Scores) -> None:
    aside = a_score(verdict="control", excess=None, reference=None)
    [like] = family_rows(replace(scores, scores=(aside,)))
    assert like.answer.startswith("Cannot be said") and like.tally.startswith("0 figures")


def test_numbers_keep_the_digits_that_matter() -> None:
    assert [number(v) for v in (0.0371, -0.0371, 0.84, 12.13)] == [
        "0.037",
        "-0.037",
        "0.84",
        "12.1",
    ]


def test_the_strip_places_real_and_synthetic_by_their_excess() -> None:
    assert place(-99.0) < place(0.0) < place(1.0) < place(3.0) < place(99.0) == place(50.0)
    assert [tone_of(e) for e in (-5.0, 1.0, 1.1, 3.0, 3.1)] == [
        "good",
        "good",
        "fair",
        "fair",
        "poor",
    ]
    drawn = strip(a_score())  # excess .5 for .1 above the mean: the worst, .2 above, is at 1
    low, width = (
        float(v) for v in re.findall(r'class="worst" x="([\d.]+)".*?width="([\d.]+)"', drawn)[0]
    )
    assert low == pytest.approx(place(0.0), abs=0.1)
    assert low + width == pytest.approx(place(1.0), abs=0.1)
    ends = re.findall(r'class="whisker" d="M([\d.]+) 13H([\d.]+)"', drawn)[0]
    assert [float(end) for end in ends] == pytest.approx([place(0.0), place(1.0)], abs=0.1)
    assert (
        "good-mark" in drawn
        and 'aria-label="synthetic 0.8; real people: mean 0.7, worst 0.9"' in drawn
    )
    assert "good-mark" not in strip(a_score(excess=40.0)) and "poor-mark" in strip(
        a_score(excess=40.0)
    )
    assert strip(a_score(excess=None)) == strip(a_score(reference=None)) == ""


def test_a_higher_is_better_figure_turns_round() -> None:
    score = a_score(better="higher", value=0.5, excess=1.0, reference=Reference(0.7, 0.6, 8))
    low, width = (
        float(v)
        for v in re.findall(r'class="worst" x="([\d.]+)".*?width="([\d.]+)"', strip(score))[0]
    )
    assert low == pytest.approx(place(0.0), abs=0.1) and low + width == pytest.approx(
        place(0.5), abs=0.1
    )


def test_parts_make_a_table_with_holes(scores: Scores) -> None:
    parts = (
        Part("acc", "walking", 0.5, Reference(0.4, 0.45, 8), 2.0),
        Part("acc", "still", None, None, None),
        Part("gyro", "walking", 1.5, Reference(0.4, 0.45, 8), 9.0),
    )
    table = part_table(a_score(parts=parts))
    assert table is not None and table.signals == ("acc", "gyro")
    (name, (acc, gyro)), (_, (none, hole)) = table.rows
    assert acc is not None and gyro is not None and none is not None
    assert (name, acc.value, acc.reference, acc.tone) == ("walking", "0.50", "0.40", "fair")
    assert (gyro.tone, none.value, none.tone, hole) == ("poor", "none", "calm", None)
    assert part_table(a_score()) is None
    page = report_html(replace(scores, scores=(a_score(parts=parts),)))
    assert '<td class="poor">1.50 <small>0.40</small></td>' in page


def test_what_a_figure_cannot_tell_stands_beside_it(scores: Scores) -> None:
    page = report_html(replace(scores, scores=(a_score(blind="Whose they are."),)))
    assert "What it cannot tell:</strong> Whose they are." in page


def test_curves_are_drawn_with_their_names_and_intervals(html: str) -> None:
    part = html[html.index("<h2>Curves") : html.index("<h2>Trained")]
    assert "Learning curve" in part and "more people" in part
    assert part.count('class="line') == 2 and part.count('class="band') == 1
    assert "empty" not in part


def test_ticks_are_round_and_inside() -> None:
    assert ticks(0.0, 1.0) == [0.0, 0.5, 1.0]
    assert ticks(-0.02, 0.013) == [-0.02, -0.01, 0.0, 0.01]
    for low, high in ((-1e-3, 7e3), (0.2, 0.21), (-5e-7, 3e-7)):
        found = ticks(low, high)
        assert 2 <= len(found) <= 5 and low <= found[0] and found[-1] <= high * (1 + 1e-9)


def test_a_frame_turns_values_into_places() -> None:
    frame = Frame(
        (0.0, 10.0), (0.0, 1.0), width=120, height=120, left=10, right=10, top=10, bottom=10
    )
    assert (frame.x(0.0), frame.x(10.0)) == (10.0, 110.0)
    assert (frame.y(0.0), frame.y(1.0)) == (110.0, 10.0)  # up is more
    assert widened([2.0, 2.0]) == pytest.approx((1.8, 2.2))
    assert widened([float("nan")]) == pytest.approx((-0.1, 1.1), abs=0.1)


def luminance(colour: str) -> float:
    """Give the relative luminance of #rrggbb (WCAG 2)."""
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_colours_have_the_contrast_that_people_need(html: str) -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    light, dark = re.findall(r":root \{(.*?)\}", html, re.DOTALL)
    for theme in (light, dark):
        of = dict(re.findall(r"--([\w-]+): (#\w{6})", theme))
        texts = [("ink", "paper"), ("soft", "paper"), ("soft", "card"), ("ink", "calm-bg")]
        texts += [(tone, f"{tone}-bg") for tone in ("good", "fair", "poor", "calm")]
        assert all(contrast(of[a], of[b]) >= 4.5 for a, b in texts)
        lines = ["real", "synthetic", *(f"c{index}" for index in range(6))]
        assert all(contrast(of[name], of["card"]) >= 3.0 for name in lines)


def test_a_report_of_very_many_classes_stays_small(scores: Scores) -> None:
    pictures = scores.pictures
    long = tuple(
        replace(
            p,
            class_name=f"class {i}",
            real=((tuple([0.123] * 240),) * 9,) * 3,
            synthetic=(),
            channels=("x",) * 9,
        )
        for i in range(400)
        for p in pictures.windows[:1]
    )
    spectra = tuple(
        replace(p, class_name=f"class {i}") for i in range(400) for p in pictures.spectra[:1]
    )
    page = report_html(replace(scores, pictures=replace(pictures, windows=long, spectra=spectra)))
    assert len(page.encode()) < 6_000_000
    assert "200 pictures of further classes are not drawn here" in page


def test_a_report_is_whole_or_absent(scores: Scores, html: str, tmp_path: Path) -> None:
    write_report(scores, tmp_path / "new" / "report.html")
    assert (tmp_path / "new" / "report.html").read_text(encoding="utf-8") == html
    with pytest.raises(FileError, match="folder"):
        write_report(scores, tmp_path / "new")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["report.html"]
