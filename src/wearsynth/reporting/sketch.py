"""Synthetic windows alone as one small SVG file: what may be shown where real ones may not."""

from collections.abc import Iterator

from markupsafe import escape

from wearsynth.data import SignalWindows, Windows
from wearsynth.errors import DataError
from wearsynth.reporting.chart import Frame, axes, line, text, widened

SHOWN = 3
"""Windows of a class, beside one another."""

MOST_CLASSES = 12
POINTS = 240
"""A window shows at most its first so many readings."""

WIDTH, ROW, HEAD = 300.0, 150.0, 24.0
COLOURS = ("#2f7fc1", "#d9730d", "#2a9d76", "#b5559b", "#8a7a2b", "#5b6bbf")
STYLE = (
    "svg{background:#fff}text{font:11px sans-serif;fill:#333}.end{text-anchor:end}"
    ".mid{text-anchor:middle}.head{font-weight:600}.grid{stroke:#e3e5e3;fill:none}"
    ".line{fill:none;stroke-width:1.3}"
) + "".join(f".c{index}{{stroke:{colour}}}" for index, colour in enumerate(COLOURS))


def windows_svg(windows: Windows, signal: str) -> str:
    """Give the first windows of each class, a row a class, as SVG; DataError for a real window."""
    if not windows.synthetic.all():
        raise DataError("a window here is real: only synthetic ones are drawn for others to see.")
    drawn = [name for name, count in windows.counts.items() if count][:MOST_CLASSES]
    height = HEAD + ROW * len(drawn)
    parts = [part for at, name in enumerate(drawn) for part in _row(windows, signal, name, at)]
    size = f"{WIDTH * SHOWN:g} {height:g}"
    label = escape(f"Synthetic windows of {signal}, a row a class")
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" role="img" aria-label="{label}">'
    title = text(8, 16, f"{signal}: synthetic windows", "head")
    return "\n".join([head, f"<style>{STYLE}</style>", title, *parts, "</svg>", ""])


def _row(windows: Windows, signal: str, name: str, at: int) -> Iterator[str]:
    of = windows.of_class(name).signals[signal]
    shown = of.values[:SHOWN, :POINTS]
    y_range = widened(shown.ravel().tolist())
    top = HEAD + ROW * at
    yield text(8, top + 12, name, "head")
    for column, window in enumerate(shown):
        frame = Frame((0.0, max(1, len(window) - 1) / of.rate_hz), y_range, WIDTH, ROW - 16)
        yield f'<g transform="translate({WIDTH * column:g} {top + 16:g})">'
        yield from axes(frame, "s", _unit(of))
        time_s = [reading / of.rate_hz for reading in range(len(window))]
        for channel, values in enumerate(window.T):
            yield line(frame, time_s, values.tolist(), f"c{channel % len(COLOURS)}")
        yield "</g>"


def _unit(of: SignalWindows) -> str:
    return " / ".join(dict.fromkeys(channel.unit for channel in of.channels))
