"""Pictures in counts as SVG files: real recordings beside generated ones, aggregate figures or traces."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from wearsynth.files import atomic_file
from wearsynth.reporting.chart import Frame, axes, band, line, text, widened

WIDTH, EDGE = 960.0, 18.0
HEAD, LABEL = 78.0, 108.0
ROW, ROW_GAP = 158.0, 10.0
AXIS_WIDTH, SPECTRUM_WIDTH = 164.0, 328.0
STRIP = 136.0
TRACE = 96.0
STYLE = """
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
text{fill:#5a646d;font-size:11px}.title{font-size:17px;font-weight:650;fill:#1d2328}
.name{font-size:15px;font-weight:600;fill:#1d2328}.soft{font-size:12.5px}
.paper{fill:#fbfbf9}.grid{fill:none;stroke:#e3e5e3}.one{stroke:#5a646d;stroke-dasharray:3 3}
.end{text-anchor:end}.mid{text-anchor:middle}
.real{stroke:#2f7fc1;fill:#2f7fc1}.synthetic{stroke:#c9660a;fill:#c9660a}
.line{stroke-width:1.6;stroke-linejoin:round;stroke-linecap:round}
.band.real,.band.synthetic,.dot{stroke:none}.line{fill:none}
.area{stroke-width:1.4}.area,.band{fill-opacity:.16}.dot{fill-opacity:.5}
.c0{stroke:#2f7fc1}.c1{stroke:#d9730d}.c2{stroke:#2a9d76}
@media (prefers-color-scheme:dark){
text{fill:#a3adb5}.title,.name{fill:#e8ebed}.paper{fill:#14181b}.grid{stroke:#2d353b}.one{stroke:#a3adb5}
.real{stroke:#6cb2ee;fill:#6cb2ee}.synthetic{stroke:#f2a057;fill:#f2a057}.dot{stroke:none}
.line{fill:none}.band,.area{fill-opacity:.22}.c0{stroke:#6cb2ee}.c1{stroke:#f2a057}.c2{stroke:#5fd0a8}}
"""
SIDES = (("real", "real"), ("synthetic", "generated"))
"""Class of the colour, and the word."""


@dataclass(frozen=True)
class Spread:
    """A spectrum over recordings: frequency_hz and the log10 of 10 %, median and 90 %, (frequency,)."""

    frequency_hz: Sequence[float]
    low: Sequence[float]
    median: Sequence[float]
    high: Sequence[float]


@dataclass(frozen=True)
class ClassFigures:
    """One class on one side. shares: by axis, the share of readings in each bin between the edges.

    clipped: by recording, the share of readings at the range's ends.
    """

    recordings: int
    shares: Mapping[str, Sequence[float]]
    spectrum: Spread
    clipped: Sequence[float]


@dataclass(frozen=True)
class CountFigures:
    """What the picture shows. figures: class -> side -> its figures. rest: side -> counts of |a|.

    one_g: the counts of 1 g. edges: of the bins, in counts.
    """

    title: str
    edges: Sequence[float]
    figures: Mapping[str, Mapping[str, ClassFigures]]
    rest: Mapping[str, Sequence[float]]
    one_g: float


Trace = Sequence[Sequence[float]]
"""By axis, the counts of successive readings."""


def draw_figures(figures: CountFigures, path: Path) -> None:
    """Write the picture: a row a class, and two strips with a dot a recording below."""
    rows = len(figures.figures)
    top = HEAD + rows * (ROW + ROW_GAP)
    parts = [*_head(figures.title, SIDES)]
    for index, (name, sides) in enumerate(figures.figures.items()):
        parts += _class_row(figures, name, sides, HEAD + index * (ROW + ROW_GAP))
    half = (WIDTH - 2 * EDGE) / 2 - 8
    rest = {"stationary": figures.rest}
    parts += _moved(EDGE, top, _strip(rest, "|a| at rest, counts", half, one=figures.one_g))
    clipped = {
        name: {side: [100 * share for share in of.clipped] for side, of in sides.items()}
        for name, sides in figures.figures.items()
    }
    title = "readings at the range's ends, % of a recording"
    parts += _moved(EDGE + half + 16, top, _strip(clipped, title, half, one=None))
    _write(parts, top + STRIP + 46, figures.title, path)


def draw_traces(
    title: str, traces: Mapping[str, Mapping[str, Sequence[Trace]]], path: Path, *, rate_hz: float
) -> None:
    """Write the picture of traces: class -> side -> recordings, real left and generated right."""
    half = (WIDTH - LABEL - EDGE) / 2
    parts = [*_head(title, [(f"c{i}", axis) for i, axis in enumerate("xyz")])]
    for column, (_, word) in enumerate(SIDES):
        parts.append(text(LABEL + column * half + 44, HEAD + 12, word, "name"))
    top = HEAD + 22
    for name, sides in traces.items():
        parts.append(text(EDGE, top + 20, name, "name"))
        every = [v for of in sides.values() for trace in of for axis in trace for v in axis]
        for column, (side, _) in enumerate(SIDES):
            for row, trace in enumerate(sides[side]):
                frame = Frame(
                    (0.0, (len(trace[0]) - 1) / rate_hz), widened(every), width=half, height=TRACE
                )
                drawn = [*axes(frame, "s" if row == len(sides[side]) - 1 else "", "")]
                time_s = [t / rate_hz for t in range(len(trace[0]))]
                drawn += [line(frame, time_s, axis, f"c{i}") for i, axis in enumerate(trace)]
                parts += _moved(LABEL + column * half, top + row * TRACE, drawn)
        top += TRACE * max(map(len, sides.values())) + ROW_GAP
    _write(parts, top + 10, title, path)


def _head(title: str, colours: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield text(EDGE, 32, title, "title")
    x = EDGE
    for css, word in colours:
        yield f'<path class="line {css}" stroke-width="3" d="M{x:g} 52h18"/>'
        yield text(x + 25, 56, word, "soft")
        x += 80


def _class_row(
    figures: CountFigures, name: str, sides: Mapping[str, ClassFigures], top: float
) -> Iterator[str]:
    yield text(EDGE, top + 22, name, "name")
    for index, (side, word) in enumerate(SIDES):
        yield text(EDGE, top + 42 + 16 * index, f"{sides[side].recordings} {word}", "soft")
    for index, axis in enumerate(next(iter(sides.values())).shares):
        heights = {side: of.shares[axis] for side, of in sides.items()}
        panel = _histogram(figures.edges, heights, axis)
        yield from _moved(LABEL + index * AXIS_WIDTH, top, panel)
    spectra = {side: of.spectrum for side, of in sides.items()}
    yield from _moved(LABEL + 3 * AXIS_WIDTH + 8, top, _spectrum(spectra))


def _histogram(
    edges: Sequence[float], heights: Mapping[str, Sequence[float]], axis: str
) -> Iterator[str]:
    top = max(value for of in heights.values() for value in of)
    frame = Frame(
        (edges[0], edges[-1]), (0.0, 1.06 * top), width=AXIS_WIDTH, height=ROW, left=8, right=14
    )
    drawn = axes(frame, f"{axis}, counts", "")
    yield from (part for part in drawn if 'class="end"' not in part and "H" not in part)
    for side, of in heights.items():
        corners = zip(edges[1:], of, strict=True)
        path = "".join(f"V{frame.y(height):.1f}H{frame.x(edge):.1f}" for edge, height in corners)
        floor = f"{frame.y(0.0):.1f}"
        yield f'<path class="area {side}" d="M{frame.x(edges[0]):.1f} {floor}{path}V{floor}z"/>'


def _spectrum(spectra: Mapping[str, Spread]) -> Iterator[str]:
    hz = next(iter(spectra.values())).frequency_hz
    y_range = widened(v for of in spectra.values() for v in (*of.low, *of.high))
    frame = Frame((0.0, hz[-1]), y_range, width=SPECTRUM_WIDTH, height=ROW)
    yield from axes(frame, "Hz", "log10 counts²/Hz")
    for side, of in spectra.items():
        yield band(frame, hz, of.low, of.high, side)
    for side, of in spectra.items():
        yield line(frame, hz, of.median, side)


def _strip(
    values: Mapping[str, Mapping[str, Sequence[float]]],
    title: str,
    width: float,
    *,
    one: float | None,
) -> Iterator[str]:
    """Give a dot a recording: a line of dots for each class and side."""
    every = [v for sides in values.values() for of in sides.values() for v in of]
    low, high = widened([*every, *([] if one is None else [one])])
    frame = Frame(
        (low if one else 0.0, high), (0.0, 1.0), width=width, height=STRIP + 30, left=96, top=24
    )
    yield text(0, 12, title, "soft")
    yield from (p for p in axes(frame, "", "") if 'class="end"' not in p and "H" not in p)
    lines = [(name, side, of) for name, sides in values.items() for side, of in sides.items()]
    step = 1 / len(lines)
    for index, (name, side, of) in enumerate(lines):
        y = frame.y(1 - (index + 0.5) * step)
        if index % 2 == 0:
            yield text(88, frame.y(1 - (index + 1) * step) + 4, name, "end")
        dots = "".join(f'<circle cx="{frame.x(v):.1f}" cy="{y:.1f}" r="4"/>' for v in of)
        yield f'<g class="dot {side}">{dots}</g>'
    if one is not None:
        x, floor = frame.x(one), frame.height - frame.bottom
        yield f'<path class="one" d="M{x:.1f} {frame.top:g}V{floor:g}"/>'
        yield text(x, frame.top - 4, "1 g", "mid")


def _moved(x: float, y: float, parts: Iterator[str] | Sequence[str]) -> Iterator[str]:
    yield f'<g transform="translate({x:g} {y:g})">{"".join(parts)}</g>'


def _write(parts: Sequence[str], height: float, label: str, path: Path) -> None:
    size = f'viewBox="0 0 {WIDTH:g} {height:g}" width="{WIDTH:g}" height="{height:g}"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(label)}">'
    )
    paper = f'<rect class="paper" width="{WIDTH:g}" height="{height:g}" rx="14"/>'
    whole = "\n".join([head, f"<style>{STYLE}</style>", paper, *parts, "</svg>", ""])
    with atomic_file(path) as temporary:
        temporary.write_text(whole, encoding="utf-8", newline="\n")
