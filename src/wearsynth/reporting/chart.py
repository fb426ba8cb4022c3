"""Small line charts as SVG text: scales, ticks, axes, lines, bands. Colours are classes of the page."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

TICKS = 4
LETTERS = 6.0
"""The width of a digit of an axis, in the chart's own units."""


@dataclass(frozen=True)
class Frame:
    """A chart's size and the ranges of its axes, low < high."""

    x_range: tuple[float, float]
    y_range: tuple[float, float]
    width: float = 320.0
    height: float = 190.0
    left: float = 44.0
    right: float = 10.0
    top: float = 8.0
    bottom: float = 34.0

    def x(self, value: float) -> float:
        """Give the distance from the left edge."""
        low, high = self.x_range
        return self.left + (value - low) / (high - low) * (self.width - self.left - self.right)

    def y(self, value: float) -> float:
        """Give the distance from the upper edge."""
        low, high = self.y_range
        return self.top + (high - value) / (high - low) * (self.height - self.top - self.bottom)


def widened(values: Iterable[float], share: float = 0.06) -> tuple[float, float]:
    """Give a range around all finite values with a margin on either side: never an empty one."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    margin = share * (high - low) or 0.1 * max(abs(high), 1.0)
    return low - margin, high + margin


def ticks(low: float, high: float, most: int = TICKS) -> list[float]:
    """Give at most `most` + 1 round values between low and high, by steps of 1, 2 or 5.

    >>> ticks(0.0, 1.0)
    [0.0, 0.5, 1.0]
    >>> ticks(-3.0, 12.0)
    [0.0, 5.0, 10.0]
    """
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(f * power for f in (1.0, 2.0, 5.0, 10.0) if f * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{n * step:.6g}") + 0.0 for n in range(first, last + 1)]


def svg(frame: Frame, label: str, parts: Iterable[str]) -> Markup:
    """Give the drawing as an image with a text in its place; `parts` are SVG already."""
    size = f"{frame.width:g} {frame.height:g}"
    head = f'<svg class="chart" viewBox="0 0 {size}" role="img" aria-label="{escape(label)}">'
    return Markup(head + "".join(parts) + "</svg>")  # noqa: S704 - numbers and escaped text


def axes(frame: Frame, x_title: str, y_title: str) -> Iterator[str]:
    """Give grid lines with their values, and the titles of both axes."""
    right, floor = frame.width - frame.right, frame.height - frame.bottom
    for value in ticks(*frame.y_range):
        y = frame.y(value)
        yield f'<path class="grid" d="M{frame.left:g} {y:.1f}H{right:g}"/>'
        yield text(frame.left - 5, y + 3.5, f"{value:g}", "end")
    for value in ticks(*frame.x_range):
        x = frame.x(value)
        yield f'<path class="grid" d="M{x:.1f} {frame.top:g}V{floor:g}"/>'
        yield text(_inside(frame, x, f"{value:g}"), floor + 14, f"{value:g}", "mid")
    yield text((frame.left + right) / 2, frame.height - 5, x_title, "mid")
    if y_title:
        middle = (frame.top + floor) / 2
        turn = f' transform="rotate(-90 10 {middle:g})"'
        yield f'<text class="mid" x="10" y="{middle:g}"{turn}>{escape(y_title)}</text>'


def _inside(frame: Frame, x: float, label: str) -> float:
    """Give where the middle of a label stands so that it does not leave the picture."""
    half = LETTERS * len(label) / 2
    return min(x, frame.width - half)


def text(x: float, y: float, content: str, css: str) -> str:
    """Give a line of text, escaped."""
    return f'<text class="{css}" x="{x:.1f}" y="{y:.1f}">{escape(content)}</text>'


def line(frame: Frame, xs: Sequence[float], ys: Sequence[float], css: str) -> str:
    """Give a line through points; css: the names of its classes."""
    return f'<polyline class="line {css}" points="{_points(frame, xs, ys)}"/>'


def band(
    frame: Frame, xs: Sequence[float], low: Sequence[float], high: Sequence[float], css: str
) -> str:
    """Give the area between two lines."""
    there, back = _points(frame, xs, high), _points(frame, xs[::-1], low[::-1])
    return f'<polygon class="band {css}" points="{there} {back}"/>'


def steps(
    frame: Frame, edges: Sequence[float], heights: Sequence[float], css: str
) -> Iterator[str]:
    """Give a histogram: its area and its outline."""
    xs = [edge for edge in edges for _ in (0, 1)][1:-1]
    ys = [height for height in heights for _ in (0, 1)]
    yield band(frame, xs, [0.0] * len(xs), ys, css)
    yield line(frame, xs, ys, css)


def _points(frame: Frame, xs: Sequence[float], ys: Sequence[float]) -> str:
    pairs = zip(xs, ys, strict=True)
    return " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in pairs if math.isfinite(x + y))
