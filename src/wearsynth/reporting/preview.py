"""One small picture: real windows on the left, synthetic ones on the right, as a plain SVG file.

No plotting library and no script; colours follow the reader's light or dark setting.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from wearsynth.errors import DataError
from wearsynth.evaluation.pictures import Line, WindowPicture
from wearsynth.evaluation.scores import Scores
from wearsynth.files import atomic_file

WIDTH, LABEL_WIDTH, EDGE, MIDDLE, GAP = 960.0, 150.0, 26.0, 26.0, 8.0
HEAD, ROW, ROW_GAP, FOOT = 92.0, 96.0, 12.0, 46.0
MOST_CLASSES, MOST_CHANNELS, MOST_LETTERS = 6, 6, 13
POINTS = 4500
"""Readings in the whole picture at most: they make nearly all of the file's size."""

STYLE = """
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;fill:#1d2328}
.paper{fill:#fbfbf9}.panel{fill:#fff;stroke:#e3e5e3}.zero{stroke:#e3e5e3}.bar{stroke:#5a646d}
.side{font-size:17px;font-weight:650}.class{font-size:16px;font-weight:600}.soft{font-size:12.5px;fill:#5a646d}
.end{text-anchor:end}.line{fill:none;stroke-width:1.5;stroke-linejoin:round;stroke-linecap:round}
.c0{stroke:#2f7fc1}.c1{stroke:#d9730d}.c2{stroke:#2a9d76}.c3{stroke:#b5559b}.c4{stroke:#8a7a2b}.c5{stroke:#5b6bbf}
@media (prefers-color-scheme:dark){
text{fill:#e8ebed}.paper{fill:#14181b}.panel{fill:#1b2125;stroke:#2d353b}.zero{stroke:#39434a}
.bar{stroke:#a3adb5}.soft{fill:#a3adb5}
.c0{stroke:#6cb2ee}.c1{stroke:#f2a057}.c2{stroke:#5fd0a8}.c3{stroke:#df8fcb}.c4{stroke:#cdbb63}.c5{stroke:#9ba8f0}}
"""


@dataclass(frozen=True)
class _Panel:
    """Where one window is drawn, and which values stand at its lower and upper edge."""

    left: float
    top: float
    width: float
    low: float
    high: float

    def y(self, value: float) -> float:
        """Give the distance of a value from the panel's top."""
        return ROW * (self.high - value) / (self.high - self.low)


def write_preview(scores: Scores, path: Path) -> None:
    """Write the picture as one SVG file below 60 kB, the same bytes for the same scores.

    It shows real windows where scores.contains_real_windows says so. DataError where the scores
    hold no windows, FileError where `path` cannot be written.
    """
    svg = preview_svg(scores)
    with atomic_file(path) as temporary:
        temporary.write_text(svg, encoding="utf-8", newline="\n")


def preview_svg(scores: Scores) -> str:
    """Give the picture as SVG: a row a class, up to three real and three synthetic windows each.

    The signal shown is the first acceleration, else the first of all; both sides of a row share
    their axes. DataError where the scores hold no windows.
    """
    rows = _rows(scores)
    shown = [_shortened(picture, rows[:MOST_CLASSES]) for picture in rows[:MOST_CLASSES]]
    height = HEAD + len(shown) * (ROW + ROW_GAP) + FOOT
    body = [
        f'<rect class="paper" width="{WIDTH:g}" height="{height:g}" rx="14"/>',
        *_head(shown[0]),
        *(part for index, picture in enumerate(shown) for part in _row(picture, index)),
        *_foot(scores, shown, hidden=len(rows) - len(shown), y=height - 20),
    ]
    size = f'viewBox="0 0 {WIDTH:g} {height:g}" width="{WIDTH:g}" height="{height:g}"'
    what = "Windows side by side, real left, synthetic right"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{what}">'
    return "\n".join([head, f"<style>{STYLE}</style>", *body, "</svg>", ""])


def _rows(scores: Scores) -> list[WindowPicture]:
    """Give the pictures of the signal that is shown, one a class."""
    pictures = scores.pictures.windows
    if not pictures:
        raise DataError("these scores hold no windows to draw: evaluate again.")
    first = next((p for p in pictures if p.unit in {"g", "m/s2"}), pictures[0])
    return [picture for picture in pictures if picture.signal == first.signal]


def _shortened(picture: WindowPicture, together: list[WindowPicture]) -> WindowPicture:
    """Give a picture of at most MOST_CHANNELS channels, so short that all fit into POINTS."""
    channels = min(len(picture.channels), MOST_CHANNELS)
    windows = sum(len(p.real) + len(p.synthetic) for p in together)
    most = max(2, POINTS // max(1, windows * channels))

    def cut(side: tuple[tuple[Line, ...], ...]) -> tuple[tuple[Line, ...], ...]:
        return tuple(tuple(line[:most] for line in window[:channels]) for window in side)

    return WindowPicture(
        class_name=picture.class_name,
        signal=picture.signal,
        channels=picture.channels[:channels],
        unit=picture.unit,
        rate_hz=picture.rate_hz,
        real=cut(picture.real),
        synthetic=cut(picture.synthetic),
    )


def _side_width() -> float:
    return (WIDTH - LABEL_WIDTH - EDGE - MIDDLE) / 2


def _side_left(side: int) -> float:
    return LABEL_WIDTH + side * (_side_width() + MIDDLE)


def _head(picture: WindowPicture) -> Iterator[str]:
    """Give the titles of both sides and the legend of the channels."""
    for side, (title, more) in enumerate(
        (("Real", "held out, never seen in training"), ("Synthetic", "drawn from the model"))
    ):
        x = _side_left(side)
        yield f'<text class="side" x="{x:g}" y="44">{title}</text>'
        yield f'<text class="soft" x="{x:g}" y="66">{more}</text>'
    x = WIDTH - EDGE
    for index in reversed(range(len(picture.channels))):
        name = escape(picture.channels[index])
        yield f'<text class="soft end" x="{x:g}" y="44">{name}</text>'
        x -= 7.2 * len(picture.channels[index]) + 6
        yield f'<path class="line c{index}" stroke-width="3" d="M{x - 16:g} 40h14"/>'
        x -= 30


def _row(picture: WindowPicture, index: int) -> Iterator[str]:
    """Give one class: its name, a bar for the scale, its windows on both sides."""
    top = HEAD + index * (ROW + ROW_GAP)
    low, high = _range(picture)
    yield f'<text class="class" x="{EDGE:g}" y="{top + ROW / 2 - 2:g}">{_name(picture)}</text>'
    yield from _scale_bar(top, high - low, picture.unit)
    most = max(len(picture.real), len(picture.synthetic), 1)
    width = (_side_width() - GAP * (most - 1)) / most
    for side, windows in enumerate((picture.real, picture.synthetic)):
        for place in range(most):
            left = _side_left(side) + place * (width + GAP)
            panel = _Panel(left, top, width, low, high)
            yield from _panel(panel, windows[place] if place < len(windows) else ())


def _name(picture: WindowPicture) -> str:
    """Give the class's name, long ones with their end cut off."""
    name = picture.class_name
    return escape(name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…")


def _range(picture: WindowPicture) -> tuple[float, float]:
    sides = (picture.real, picture.synthetic)
    values = [v for side in sides for window in side for line in window for v in line]
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = 0.08 * (high - low) or 0.5
    return low - margin, high + margin


def _scale_bar(top: float, span: float, unit: str) -> Iterator[str]:
    """Give an upright bar of a round length, with that length under the class's name."""
    length = round_length(0.6 * span)
    x, middle, half = LABEL_WIDTH - 10, top + ROW / 2, ROW * length / span / 2
    yield f'<path class="bar" d="M{x:g} {middle - half:.1f}v{2 * half:.1f}"/>'
    said = escape(f"bar: {length:g} {unit}")
    yield f'<text class="soft" x="{EDGE:g}" y="{middle + 18:g}">{said}</text>'


def round_length(most: float) -> float:
    """Give the largest of 1, 2, 5, 10, 20, ... times a power of ten that is not above `most`."""
    power = 10.0 ** math.floor(math.log10(most))
    return max(step * power for step in (1, 2, 5) if step * power <= most * (1 + 1e-9))


def _panel(panel: _Panel, window: tuple[Line, ...]) -> Iterator[str]:
    yield f'<g transform="translate({panel.left:.1f} {panel.top:g})">'
    yield f'<rect class="panel" width="{panel.width:.1f}" height="{ROW:g}" rx="6"/>'
    if panel.low < 0 < panel.high:
        yield f'<path class="zero" d="M4 {panel.y(0):.1f}h{panel.width - 8:.1f}"/>'
    for index, line in enumerate(window):
        points = " ".join(_points(panel, line))
        yield f'<polyline class="line c{index}" points="{points}"/>'
    yield "</g>"


def _points(panel: _Panel, line: Line) -> Iterator[str]:
    """Give "x,y" of each reading, seen from the panel's corner."""
    step = (panel.width - 12) / max(1, len(line) - 1)
    for index, value in enumerate(line):
        yield f"{6 + index * step:.1f},{panel.y(value):.1f}"


def _foot(scores: Scores, shown: list[WindowPicture], *, hidden: int, y: float) -> Iterator[str]:
    """Give the line that says what a panel is and how the windows were chosen."""
    first = shown[0]
    lines = [line for side in (first.real, first.synthetic) for window in side for line in window]
    length_s = max((len(line) for line in lines), default=0) / first.rate_hz
    said = (
        f"{first.signal}, {length_s:.3g} s at {first.rate_hz:g} Hz a panel, chosen by a fixed draw"
    )
    if hidden:
        said += f"; {hidden} more classes are not shown"
    yield f'<text class="soft" x="{LABEL_WIDTH:g}" y="{y:g}">{escape(said)}</text>'
    if scores.contains_real_windows:
        yield (
            f'<text class="soft end" x="{WIDTH - EDGE:g}" y="{y:g}">contains real recordings</text>'
        )
