import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from toy import toy_windows
from wearsynth.errors import DataError, FileError
from wearsynth.evaluation import Scores, evaluate
from wearsynth.evaluation.pictures import WindowPicture
from wearsynth.reporting.preview import POINTS, preview_svg, round_length, write_preview

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def scores() -> Scores:
    windows = toy_windows(people=4, per_class=6)
    train, holdout = (
        windows.select(np.isin(windows.subject, people))
        for people in (["p00", "p01"], ["p02", "p03"])
    )
    made = replace(train, synthetic=np.full(len(train), True))
    return evaluate(made, train=train, holdout=holdout, quick=True)


def showing(scores: Scores, *windows: WindowPicture) -> Scores:
    return replace(scores, pictures=replace(scores.pictures, windows=windows))


def picture(name: str, *, signal: str = "acc", unit: str = "g") -> WindowPicture:
    """Two channels, a real window from -1 to 1 and a synthetic one that stays at 0."""
    real = (((-1.0, 0.0, 1.0), (1.0, 0.0, -1.0)),)
    made = (((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),)
    return WindowPicture(name, signal, (f"{signal}_x", f"{signal}_y"), unit, 10.0, real, made)


def lines(svg: str) -> list[list[tuple[float, float]]]:
    """Give each line's points, seen from the picture's corner."""
    found = []
    for panel in ET.fromstring(svg).iter(f"{SVG}g"):
        left, top = map(float, re.findall(r"[\d.]+", panel.attrib["transform"]))
        for line in panel.iter(f"{SVG}polyline"):
            pairs = (point.split(",") for point in line.attrib["points"].split())
            found.append([(left + float(x), top + float(y)) for x, y in pairs])
    return found


def words(svg: str) -> list[str]:
    return [text.text or "" for text in ET.fromstring(svg).iter(f"{SVG}text")]


def test_a_row_a_class_with_three_windows_a_side(scores: Scores) -> None:
    drawn = lines(preview_svg(scores))
    assert len(drawn) == 3 * (3 + 3) * 3  # classes, windows, channels
    assert {len(line) for line in drawn} == {60}
    assert {"still", "walking", "running", "Real", "Synthetic", "acc_x"} <= set(
        words(preview_svg(scores))
    )


def test_both_sides_share_their_axes(scores: Scores) -> None:
    real_x, real_y, made_x, _ = lines(preview_svg(showing(scores, picture("one"))))
    assert real_x[0][1] > real_x[1][1] > real_x[2][1]  # rising values go up
    assert real_y[0][1] == real_x[2][1]
    assert [y for _, y in made_x] == [real_x[1][1]] * 3  # 0 stands where the real 0 stands
    assert made_x[0][0] > real_x[-1][0]  # synthetic is on the right


def test_nothing_is_loaded_and_the_file_stays_small(scores: Scores, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    long = tuple(tuple(tuple(rng.normal(size=240).tolist()) for _ in range(3)) for _ in range(3))
    many = [
        WindowPicture(f"class {n}", "acc", ("x", "y", "z"), "g", 20.0, long, long)
        for n in range(18)
    ]
    path = tmp_path / "preview.svg"
    write_preview(showing(scores, *many), path)
    assert path.stat().st_size < 60_000
    text = path.read_text()
    assert sum(len(line) for line in lines(text)) <= POINTS
    assert "12 more classes are not shown" in " ".join(words(text))
    assert not re.search(r"href|url\(|@import|<script", text)
    assert text.count("http") == 1  # the name of the SVG vocabulary
    assert "prefers-color-scheme:dark" in text


def test_acceleration_comes_first(scores: Scores) -> None:
    both = showing(scores, picture("one", signal="gyro", unit="rad/s"), picture("one"))
    assert "acc_x" in words(preview_svg(both)) and "gyro_x" not in words(preview_svg(both))
    alone = showing(scores, picture("one", signal="eda", unit="uS"))
    assert "eda_x" in words(preview_svg(alone))


def test_says_what_a_panel_is_and_whether_real_people_are_in_it(scores: Scores) -> None:
    said = words(preview_svg(scores))
    assert "acc, 2 s at 30 Hz a panel, chosen by a fixed draw" in said
    assert "contains real recordings" in said
    without = replace(scores, contains_real_windows=False)
    assert "contains real recordings" not in words(preview_svg(without))


def test_names_cannot_break_the_file(scores: Scores) -> None:
    svg = preview_svg(showing(scores, picture("<b>&"), picture("a very long class name")))
    assert {"<b>&", "a very long …"} <= set(words(svg))


def test_a_class_without_synthetic_windows_has_empty_panels(scores: Scores) -> None:
    half = replace(picture("one"), synthetic=())
    assert len(lines(preview_svg(showing(scores, half)))) == 2


@pytest.mark.parametrize(
    ("most", "length"), [(0.99, 0.5), (1.0, 1.0), (4.9, 2.0), (5.0, 5.0), (60.0, 50.0)]
)
def test_the_bar_has_a_round_length(most: float, length: float) -> None:
    assert round_length(most) == pytest.approx(length)


def test_the_same_scores_give_the_same_bytes(scores: Scores, tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        write_preview(Scores.from_json(scores.to_json()), tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_no_windows_and_no_place_are_told(scores: Scores, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no windows to draw"):
        write_preview(showing(scores), tmp_path / "preview.svg")
    with pytest.raises(FileError, match="is a folder"):
        write_preview(scores, tmp_path)
    assert not list(tmp_path.iterdir())
