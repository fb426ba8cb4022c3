"""The report in a real Chromium: no network, no complaint, no sideways scroll, readable aloud."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import chromium
from toy import toy_windows
from wearsynth.evaluation import evaluate
from wearsynth.reporting import write_report

pytestmark = pytest.mark.skipif(
    chromium.installed() is None, reason="no Chromium here: install the package chromium"
)

LONG = "walking_up_a_very_long_staircase_without_a_single_place_to_break_the_name"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    windows = replace(toy_windows(people=14, per_class=5), classes=("still", LONG, "running"))
    train, holdout = (
        windows.select(np.isin(windows.subject, [f"p{i:02d}" for i in people]))
        for people in (range(7), range(7, 14))
    )
    made = toy_windows(people=4, per_class=10, seed=1)
    synthetic = replace(made, classes=windows.classes, synthetic=np.full(len(made), True))
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(evaluate(synthetic, train=train, holdout=holdout, quick=True), path)
    return path


@pytest.fixture(scope="module")
def tab(report: Path) -> Iterator[chromium.Page]:
    with chromium.page() as tab:
        tab.look(360, dark=False)
        tab.open(report)
        yield tab


def test_it_asks_for_nothing_and_complains_of_nothing(tab: chromium.Page, report: Path) -> None:
    tab.value("document.title")
    asked = [event["request"]["url"] for event in tab.said("Network.requestWillBeSent")]
    assert asked == [report.resolve().as_uri()]
    said = tab.said("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
    assert said == []


def test_a_browser_would_have_told(tab: chromium.Page, tmp_path: Path) -> None:
    """The control: a page that loads and logs is found out."""
    path = tmp_path / "bad.html"
    path.write_text("<script>console.error('no')</script><img src='https://example.org/a.png'>")
    with chromium.page() as other:
        other.look(360, dark=False)
        other.open(path)
        other.value("1")
        asked = [event["request"]["url"] for event in other.said("Network.requestWillBeSent")]
        assert "https://example.org/a.png" in asked
        assert other.said("Runtime.consoleAPICalled")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_scrolls_sideways(tab: chromium.Page, width: int, dark: bool) -> None:
    tab.look(width, dark=dark)
    tab.value("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert tab.value("document.documentElement.scrollWidth") == width
    outside = (
        "[...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll, pre, svg, .hidden')"
        " && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))"
    )
    assert tab.value(outside) == []


def test_light_and_dark_follow_the_reader(tab: chromium.Page) -> None:
    colours = []
    for dark in (False, True):
        tab.look(1280, dark=dark)
        colours.append(tab.value("getComputedStyle(document.body).backgroundColor"))
    assert colours == ["rgb(251, 251, 249)", "rgb(20, 24, 27)"]


@pytest.mark.parametrize("width", [360, 1280])
def test_a_screen_reader_finds_headings_tables_and_pictures(tab: chromium.Page, width: int) -> None:
    tab.look(width, dark=False)
    nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
    roles = [node["role"]["value"] for node in nodes if not node.get("ignored")]
    assert roles.count("table") >= 5
    assert roles.count("rowheader") >= 13
    assert roles.count("heading") >= 10
    named = [
        node["name"]["value"]
        for node in nodes
        if node.get("role", {}).get("value") in {"image", "img"} and not node.get("ignored")
    ]
    assert len(named) > 20 and all(named)


def test_the_keyboard_unfolds_how_a_figure_is_computed(tab: chromium.Page) -> None:
    tab.look(1280, dark=False)
    closed = "document.querySelector('.more details')"
    tab.value(f"{closed}.open = false; {closed}.querySelector('summary').focus()")
    for kind in ("rawKeyDown", "char", "keyUp"):
        tab.call(
            "Input.dispatchKeyEvent",
            type=kind,
            key="Enter",
            code="Enter",
            text="\r",
            windowsVirtualKeyCode=13,
        )
    assert tab.value(f"{closed}.open") is True


def test_print_shows_what_is_folded(tab: chromium.Page) -> None:
    tab.look(1280, dark=False)
    tab.value("document.querySelectorAll('.more details').forEach(d => d.open = false)")
    height = "document.querySelector('.more details p').getBoundingClientRect().height"
    tab.call("Emulation.setEmulatedMedia", media="print")
    assert tab.value(height) > 10


@pytest.mark.parametrize("width", [360, 1280])
def test_the_table_of_parts_is_a_table_on_a_phone_too(tab: chromium.Page, width: int) -> None:
    tab.look(width, dark=False)
    tab.value("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert tab.value("getComputedStyle(document.querySelector('.heat thead')).display") != "none"
    cell = tab.value("getComputedStyle(document.querySelector('.heat td')).display")
    assert cell == "table-cell"
