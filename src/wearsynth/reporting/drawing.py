"""The pictures of a report as SVG: windows, spectra, values, the map of features, curves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from wearsynth.evaluation.pictures import (
    CurvePicture,
    FeatureMap,
    Line,
    MarginalPicture,
    Pictures,
    Point,
    SpectrumPicture,
    WindowPicture,
)
from wearsynth.reporting.chart import Frame, axes, band, line, steps, svg, widened

COLOURS = 6
"""The page has so many colours for channels and curves; further ones begin again."""

MOST_PICTURES = 300
"""Pictures of a kind at most, so that any set gives a page that opens on a phone."""

POINTS = 200_000
"""Readings of all drawn windows together: they make most of the page's size."""


SIDE_WIDTH = 260.0
"""The width of one side of windows side by side."""


@dataclass(frozen=True)
class Drawing:
    """One picture: its title, its parts beside one another, (name, colour class) of its lines."""

    title: str
    parts: tuple[Markup, ...]
    legend: tuple[tuple[str, str], ...] = ()
    hint: str = ""


@dataclass(frozen=True)
class Chapter:
    """The pictures of one class."""

    title: str
    drawings: tuple[Drawing, ...]


def window_chapters(pictures: Pictures) -> list[Chapter]:
    """Give a chapter a class: for each signal real windows on the left, synthetic on the right."""
    shown = pictures.windows[:MOST_PICTURES]
    lines = sum(len(p.channels) * (len(p.real) + len(p.synthetic)) for p in shown)
    most = max(20, POINTS // max(lines, 1))
    return [
        Chapter(name, tuple(_windows(picture, most) for picture in group))
        for name, group in groupby(shown, key=lambda p: p.class_name)
    ]


def spectrum_chapters(pictures: Pictures) -> list[Chapter]:
    """Give a chapter a class: median spectra with their quartiles, a picture a channel."""
    return [
        Chapter(name, tuple(Drawing(p.channel, (_spectrum(p),)) for p in group))
        for name, group in groupby(pictures.spectra[:MOST_PICTURES], key=lambda p: p.class_name)
    ]


def marginal_chapters(pictures: Pictures) -> list[Chapter]:
    """Give a chapter a class: how often each value occurs, a picture a channel."""
    return [
        Chapter(name, tuple(Drawing(p.channel, (_marginal(p),)) for p in group))
        for name, group in groupby(pictures.marginals[:MOST_PICTURES], key=lambda p: p.class_name)
    ]


def left_out(pictures: Pictures) -> int:
    """Give how many pictures are not drawn because there are too many."""
    kinds: tuple[Sequence[object], ...] = (pictures.windows, pictures.spectra, pictures.marginals)
    return sum(max(0, len(kind) - MOST_PICTURES) for kind in kinds)


def _windows(picture: WindowPicture, most: int) -> Drawing:
    legend = tuple((name, _colour(index)) for index, name in enumerate(picture.channels))
    y_range = _range(picture)
    sides = (("Real", picture.real), ("Synthetic", picture.synthetic))
    parts = tuple(_side(picture, *side, y_range=y_range, most=most) for side in sides)
    return Drawing(picture.signal, parts, legend)


def _range(picture: WindowPicture) -> tuple[float, float]:
    sides = (picture.real, picture.synthetic)
    return widened(v for side in sides for window in side for values in window for v in values)


def _side(
    picture: WindowPicture,
    side: str,
    windows: tuple[tuple[Line, ...], ...],
    *,
    y_range: tuple[float, float],
    most: int,
) -> Markup:
    """Give the windows of one side, one below the other on the same axes."""
    readings = max((len(values) for window in windows for values in window[:1]), default=2)
    x_range = (0.0, max(1, min(readings, most) - 1) / picture.rate_hz)
    rows = max(len(picture.real), len(picture.synthetic), 1)
    whole = Frame(x_range, y_range, width=SIDE_WIDTH, height=84.0 * rows + 44)
    label = f"{side} windows of {picture.class_name}, {picture.signal}: {len(windows)}"
    parts = [f'<text class="head" x="{whole.left:g}" y="13">{side}</text>']
    for row in range(rows):
        window = windows[row] if row < len(windows) else ()
        frame = Frame(
            x_range,
            y_range,
            width=SIDE_WIDTH,
            height=whole.height,
            top=22 + 84.0 * row,
            bottom=whole.height - (22 + 84.0 * (row + 1)) + 12,
        )
        parts += _one_window(frame, picture, window, last=row == rows - 1, most=most)
    return svg(whole, label, parts)


def _one_window(
    frame: Frame, picture: WindowPicture, window: tuple[Line, ...], *, last: bool, most: int
) -> Iterator[str]:
    names = ("s", picture.unit) if last else ("", "")
    drawn = axes(frame, *names)
    floor = f'y="{frame.height - frame.bottom + 14:.1f}"'
    # only the lowest window of a column names its time axis: all share it
    yield from (part for part in drawn if last or floor not in part)
    for index, values in enumerate(window):
        time_s = [t / picture.rate_hz for t in range(min(len(values), most))]
        yield line(frame, time_s, values[:most], _colour(index))


def _colour(index: int) -> str:
    return f"c{index % COLOURS}"


def _spectrum(picture: SpectrumPicture) -> Markup:
    sides = [("real", picture.real), ("synthetic", picture.synthetic)]
    spreads = [(css, spread) for css, spread in sides if spread is not None]
    hz = picture.frequency_hz
    frame = Frame(
        (0.0, max(hz[-1], 1e-6)), widened(v for _, s in spreads for v in (*s.low, *s.high))
    )
    parts = [*axes(frame, "Hz", f"log10 ({picture.unit})²")]
    parts += [band(frame, hz, spread.low, spread.high, css) for css, spread in spreads]
    parts += [line(frame, hz, spread.median, css) for css, spread in spreads]
    return svg(frame, f"Spectrum of {picture.channel}, {picture.class_name}", parts)


def _marginal(picture: MarginalPicture) -> Markup:
    sides = [("real", picture.real), ("synthetic", picture.synthetic)]
    heights = [(css, values) for css, values in sides if values is not None]
    top = max((v for _, values in heights for v in values), default=1.0) or 1.0
    frame = Frame((picture.edges[0], picture.edges[-1]), (0.0, 1.06 * top), height=150.0, left=14.0)
    parts = [part for part in axes(frame, picture.unit, "") if 'class="end"' not in part]
    for css, values in heights:
        parts += steps(frame, picture.edges, values, css)
    return svg(frame, f"Values of {picture.channel}, {picture.class_name}", parts)


def map_drawings(picture: FeatureMap | None) -> list[Drawing]:
    """Give the map of features, a picture a class on the same axes: real rings, synthetic crosses."""
    if picture is None:
        return []
    points = [point for side in (picture.real, picture.synthetic) for of in side for point in of]
    ranges = (widened(x for x, _ in points), widened(y for _, y in points))
    everybody = [point for of in picture.real for point in of]
    return [
        Drawing(name, (_map(ranges, everybody, picture.real[i], picture.synthetic[i], name),))
        for i, name in enumerate(picture.classes[:MOST_PICTURES])
    ]


def _map(
    ranges: tuple[tuple[float, float], tuple[float, float]],
    everybody: Sequence[Point],
    real: Sequence[Point],
    made: Sequence[Point],
    name: str,
) -> Markup:
    frame = Frame(*ranges, height=260.0)
    label = f"Map of features, {name}: {len(real)} real and {len(made)} synthetic windows"
    parts = [
        *axes(frame, "first direction", "second direction"),
        _marks(frame, everybody[:: max(1, len(everybody) // 300)], "M{} {}h0", "dot others"),
        _marks(frame, made, "M{} {}m-2.5-2.5l5 5m0-5l-5 5", "mark synthetic"),
        _marks(frame, real, "M{} {}m-2.6 0a2.6 2.6 0 1 0 5.2 0a2.6 2.6 0 1 0-5.2 0", "mark real"),
    ]
    return svg(frame, label, parts)


def _marks(frame: Frame, points: Sequence[Point], shape: str, css: str) -> str:
    path = "".join(shape.format(f"{frame.x(x):.1f}", f"{frame.y(y):.1f}") for x, y in points)
    return f'<path class="{css}" d="{path}"/>'


def curve_drawings(curves: Sequence[CurvePicture]) -> list[Drawing]:
    """Give the curves, each with its lines' names and, shaded, their intervals."""
    return [_curve(picture) for picture in curves]


def _curve(picture: CurvePicture) -> Drawing:
    lines = [of for of in picture.lines if of.x]
    values = [v for of in lines for v in (*of.y, *of.low, *of.high)]
    frame = Frame(widened((x for of in lines for x in of.x), 0.02), widened(values), height=240.0)
    parts = [*axes(frame, picture.x_title, picture.y_title)]
    for index, of in enumerate(lines):
        if of.low and of.high:
            parts.append(band(frame, of.x, of.low, of.high, _colour(index)))
    for index, of in enumerate(lines):
        css = _colour(index) + (" dashed" if of.dashed else "")
        parts.append(line(frame, of.x, of.y, css))
        if len(of.x) <= 12:  # few points are measured ones: show where
            parts.append(
                _marks(frame, list(zip(of.x, of.y, strict=True)), "M{} {}h0", f"dot {css}")
            )
    legend = tuple(
        (of.name, _colour(i) + (" dashed" if of.dashed else "")) for i, of in enumerate(lines)
    )
    label = f"{picture.title}: {', '.join(of.name for of in lines)}"
    return Drawing(picture.title, (svg(frame, label, parts),), legend, picture.hint)
