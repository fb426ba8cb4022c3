"""Reports drawn from scores: one HTML file without any script that needs no network."""

from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from wearsynth.evaluation.scores import Scores
from wearsynth.files import atomic_file
from wearsynth.reporting import drawing, strip
from wearsynth.reporting.summary import (
    ScoreRow,
    family_rows,
    number,
    part_table,
    score_rows,
    verdict_lines,
)

__all__ = ["ScoreRow", "family_rows", "report_html", "score_rows", "verdict_lines", "write_report"]


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
    pictures = scores.pictures
    return page.render(
        scores=scores,
        families=family_rows(scores),
        strip=strip.strip,
        scale=strip.scale(),
        part_table=part_table,
        number=number,
        windows=drawing.window_chapters(pictures),
        spectra=drawing.spectrum_chapters(pictures),
        marginals=drawing.marginal_chapters(pictures),
        maps=drawing.map_drawings(pictures.feature_map),
        curves=drawing.curve_drawings(pictures.curves),
        attacks=drawing.curve_drawings(pictures.attacks),
        left_out=drawing.left_out(pictures),
        version=version("wearsynth"),
    )
