"""Pictures as Plotly figures: plain {"data", "layout"} dicts, coloured when the page is shown."""

from itertools import groupby
from typing import Any

from wearsynth.evaluation.pictures import (
    ConfusionPicture,
    MarginalPicture,
    Pictures,
    SpectrumPicture,
    Spread,
    WindowPicture,
)

REAL, SYNTHETIC = "#2f7fc1", "#d9730d"
"""Blue and orange: told apart by colour-blind readers, on white and on black."""

CHANNELS = ("#2f7fc1", "#d9730d", "#2a9d76", "#b5559b", "#8a7a2b", "#5b6bbf")

Figure = dict[str, Any]


def window_figures(pictures: Pictures) -> list[tuple[str, Figure]]:
    """Give (title, figure) for each class and signal: real left, synthetic right, the same axes."""
    return [(f"{p.class_name}, {p.signal}", _windows(p)) for p in pictures.windows]


def spectrum_figures(pictures: Pictures) -> list[tuple[str, list[tuple[str, Figure]]]]:
    """Give (class, [(channel, figure)]): median spectra with their quartiles."""
    return [
        (name, [(p.channel, _spectrum(p)) for p in group])
        for name, group in groupby(pictures.spectra, key=lambda p: p.class_name)
    ]


def marginal_figures(pictures: Pictures) -> list[tuple[str, list[tuple[str, Figure]]]]:
    """Give (class, [(channel, figure)]): how often each value occurs."""
    return [
        (name, [(p.channel, _marginal(p)) for p in group])
        for name, group in groupby(pictures.marginals, key=lambda p: p.class_name)
    ]


def confusion_figures(pictures: Pictures) -> list[tuple[str, Figure]]:
    """Give (judge, figure) for each judge trained on synthetic windows."""
    return [(p.judge, _confusion(p)) for p in pictures.confusions]


def _layout(height: int, x_title: str, y_title: str) -> Figure:
    return {
        "height": height,
        "margin": {"l": 52, "r": 8, "t": 8, "b": 40},
        "showlegend": False,
        "xaxis": {"title": {"text": x_title}},
        "yaxis": {"title": {"text": y_title}},
    }


def _line(x: list[float], y: list[float], name: str, colour: str) -> Figure:
    style = {"color": colour, "width": 1.6}
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "name": name, "line": style}


def _windows(picture: WindowPicture) -> Figure:
    """Give a grid: a row a window, left real, right synthetic; all share both axes."""
    rows = max(len(picture.real), len(picture.synthetic), 1)
    data: list[Figure] = []
    layout = _layout(70 + 105 * rows, "", "")
    layout["margin"]["t"] = 24
    low, high = _range(picture)
    for row in range(rows):
        for column, windows in enumerate((picture.real, picture.synthetic)):
            axis = str(2 * row + column + 1) if row or column else ""
            layout |= _panel_axes(axis, row, column, rows)
            layout[f"yaxis{axis}"] |= {
                "range": [low, high],
                "title": {"text": picture.unit if not column else ""},
            }
            if row < len(windows):
                data += _panel(picture, windows[row], axis)
    layout["annotations"] = [_heading("real", 0.235), _heading("synthetic", 0.765)]
    return {"data": data, "layout": layout}


def _range(picture: WindowPicture) -> tuple[float, float]:
    values = [v for side in (picture.real, picture.synthetic) for w in side for c in w for v in c]
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = 0.06 * (high - low) or 0.5
    return low - margin, high + margin


def _panel_axes(axis: str, row: int, column: int, rows: int) -> Figure:
    top = 1 - row / rows
    last = row == rows - 1
    return {
        f"xaxis{axis}": {
            "domain": [0.53, 1.0] if column else [0.0, 0.47],
            "anchor": f"y{axis}",
            "showticklabels": last,
            "title": {"text": "s" if last else ""},
        },
        f"yaxis{axis}": {
            "domain": [top - 0.88 / rows, top],
            "anchor": f"x{axis}",
            "showticklabels": not column,
            "nticks": 4,
        },
    }


def _panel(
    picture: WindowPicture, window: tuple[tuple[float, ...], ...], axis: str
) -> list[Figure]:
    lines = []
    for index, (name, channel) in enumerate(zip(picture.channels, window, strict=True)):
        time_s = [round(t / picture.rate_hz, 4) for t in range(len(channel))]
        line = _line(time_s, list(channel), name, CHANNELS[index % len(CHANNELS)])
        lines.append(line | {"xaxis": f"x{axis}", "yaxis": f"y{axis}"})
    return lines


def _heading(text: str, x: float) -> Figure:
    place = {"xref": "paper", "yref": "paper", "x": x, "y": 1.0}
    return place | {"text": text, "showarrow": False, "xanchor": "center", "yanchor": "bottom"}


def _spectrum(picture: SpectrumPicture) -> Figure:
    frequency_hz = list(picture.frequency_hz)
    data = _band(frequency_hz, picture.real, "real", REAL)
    if picture.synthetic is not None:
        data += _band(frequency_hz, picture.synthetic, "synthetic", SYNTHETIC)
    return {"data": data, "layout": _layout(220, "Hz", f"log10 {picture.unit}²")}


def _band(x: list[float], spread: Spread, name: str, colour: str) -> list[Figure]:
    edge = {"type": "scatter", "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "x": x}
    fill = {"fill": "tonexty", "fillcolor": f"{colour}33", "name": name}
    return [
        edge | {"y": list(spread.low), "name": name},
        edge | {"y": list(spread.high)} | fill,
        _line(x, list(spread.median), name, colour),
    ]


def _marginal(picture: MarginalPicture) -> Figure:
    middle = [(a + b) / 2 for a, b in zip(picture.edges, picture.edges[1:], strict=False)]
    data = [_line(middle, list(picture.real), "real", REAL) | _filled(REAL)]
    if picture.synthetic is not None:
        made = _line(middle, list(picture.synthetic), "synthetic", SYNTHETIC)
        data.append(made | _filled(SYNTHETIC))
    layout = _layout(200, picture.unit, "")
    layout["yaxis"] |= {"showticklabels": False, "rangemode": "tozero"}
    layout["margin"]["l"] = 12
    return {"data": data, "layout": layout}


def _filled(colour: str) -> Figure:
    line = {"color": colour, "width": 1.6, "shape": "hvh"}
    return {"line": line, "fill": "tozeroy", "fillcolor": f"{colour}2b"}


def _confusion(picture: ConfusionPicture) -> Figure:
    """Give a heat map of shares of each true class, with the counts written in."""
    totals = [max(sum(row), 1) for row in picture.counts]
    shares = [[c / t for c in row] for row, t in zip(picture.counts, totals, strict=True)]
    heat = {
        "type": "heatmap",
        "x": list(picture.classes),
        "y": list(picture.classes),
        "z": shares,
        "text": [[str(count) for count in row] for row in picture.counts],
        "texttemplate": "%{text}",
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, "#2f7fc100"], [1, "#2f7fc1ff"]],
        "showscale": False,
        "hovertemplate": "%{y} taken for %{x}: %{text}<extra></extra>",
    }
    layout = _layout(120 + 44 * len(picture.classes), "decided", "true")
    layout["yaxis"] |= {"autorange": "reversed", "automargin": True}
    layout["xaxis"] |= {"automargin": True}
    return {"data": [heat], "layout": layout}
