"""Reports drawn from scores: one HTML file that needs no network, and the same table as rows."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from wearsynth.evaluation.scores import Scores
from wearsynth.files import atomic_file
from wearsynth.reporting import drawing
from wearsynth.reporting.summary import ScoreRow, score_rows, verdict_line

__all__ = ["ScoreRow", "report_html", "score_rows", "write_report"]

COLOURS = {"real": drawing.REAL, "synthetic": drawing.SYNTHETIC}


def write_report(scores: Scores, path: Path | str) -> None:
    """Write the report as one HTML file; FileError if `path` cannot be written."""
    html = report_html(scores)
    with atomic_file(Path(path)) as temporary:
        temporary.write_text(html, encoding="utf-8")


def report_html(scores: Scores) -> str:
    """Give the report as HTML: the same scores give the same text."""
    page = Environment(
        loader=PackageLoader("wearsynth.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("report.html.j2")
    return page.render(
        scores=scores,
        rows=score_rows(scores),
        verdict=verdict_line(scores),
        tally=Counter(row.tone for row in score_rows(scores)),
        windows=drawing.window_figures(scores.pictures),
        spectra=drawing.spectrum_figures(scores.pictures),
        marginals=drawing.marginal_figures(scores.pictures),
        confusions=drawing.confusion_figures(scores.pictures),
        channel_colours=drawing.CHANNELS,
        colours=COLOURS,
        as_json=_as_json,
        plotly=_plotly(),
    )


def _as_json(figure: dict[str, Any]) -> Markup:
    """Give a figure as JSON that cannot end the script element it stands in."""
    text = json.dumps(figure, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - escaped just above


def _plotly() -> Markup:
    """Give plotly.js for a script element."""
    code: str = get_plotlyjs()
    return Markup(re.sub("</(?=script)", r"<\\/", code, flags=re.IGNORECASE))  # noqa: S704 - plotly's own code
