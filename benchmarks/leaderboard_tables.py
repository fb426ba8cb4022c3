"""The leaderboard's tables as Markdown, and their place in a page."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from leaderboard_cache import Figure, Result

from wearsynth.errors import ConfigError

Figures = Mapping[str, Figure]
Column = Callable[[Figures], float | None]


@dataclass(frozen=True)
class Row:
    """A set in the table: its name, what its generator saw of the holdout, a result a fold.

    missing: for folds without a result, a sentence that says why.
    """

    name: str
    saw: str
    results: Sequence[Result]
    missing: Sequence[str] = ()


def value(name: str) -> Column:
    """Give a column that shows a figure's value."""
    return lambda figures: figures[name].value if name in figures else None


def beside_real(name: str) -> Column:
    """Give a column that shows what real people get in the windows' place."""
    return lambda figures: figures[name].real if name in figures else None


def excess(name: str) -> Column:
    """Give a column that shows how far beyond the reference a figure lies."""
    return lambda figures: figures[name].excess if name in figures else None


def over_reference(name: str) -> Column:
    """Give a column that shows a figure over the same for real people."""

    def ratio(figures: Figures) -> float | None:
        figure = figures.get(name)
        if figure is None or figure.value is None or not figure.real:
            return None
        return figure.value / figure.real

    return ratio


def tstr_over_trtr(figures: Figures) -> float | None:
    """Give TSTR over TRTR, mean over judges."""
    start = "tstr_macro_f1_"
    ratios = []
    for name in figures:
        made = figures[name].value
        if name.startswith(start) and made is not None:
            real = figures[f"trtr_macro_f1_{name.removeprefix(start)}"].value
            ratios += [made / real] if real else []
    return float(np.mean(ratios)) if ratios else None


COLUMNS: dict[str, Column] = {
    "detector AUC": value("detector_auc"),
    "its floor": beside_real("detector_auc"),
    "readings W1": value("reading_w1"),
    "features W1": value("feature_w1"),
    "band powers W1": value("log_band_w1"),
    "ACF": value("autocorrelation"),
    "coupling": value("coupling"),
    "Frechet": value("frechet"),
    "its excess": excess("frechet"),
    "coverage / real": over_reference("coverage"),
    "TSTR / TRTR": tstr_over_trtr,
    "nn ratio": value("nn_ratio"),
    "near copies": value("near_copies"),
    "member, person": value("membership_person_auc"),
}
"""Title -> what it shows of an evaluation."""


def mean_over_folds(row: Row, column: Column) -> tuple[float, float | None] | None:
    """Give the mean and the sd over the folds that have the figure; None where none has.

    The sd of one fold is not known: None.
    """
    known = [found for result in row.results if (found := column(result.figures)) is not None]
    spread = float(np.std(known)) if len(known) > 1 else None
    return (float(np.mean(known)), spread) if known else None


def table(rows: Sequence[Row], *, folds: int) -> list[str]:
    """Give the lines of a table, mean and sd over folds, and of what is missing in it."""
    leaks = any(row.saw != "nothing" for row in rows)
    short = any(len(row.results) < folds for row in rows)
    extra = [*(["saw"] if leaks else []), *(["folds"] if short else [])]
    lines = [_line(["set", *extra, *COLUMNS]), _line(["---"] * (1 + len(extra) + len(COLUMNS)))]
    for row in rows:
        if row.results:
            told = {"saw": row.saw, "folds": str(len(row.results))}
            cells = [_cell(mean_over_folds(row, column)) for column in COLUMNS.values()]
            lines.append(_line([row.name, *(told[name] for name in extra), *cells]))
    return [*lines, *_missing(rows)]


def _missing(rows: Sequence[Row]) -> list[str]:
    """Give a line for each reason why results are missing, with the sets' names."""
    by_reason: dict[str, list[str]] = {}
    for row in rows:
        for reason in dict.fromkeys(row.missing):
            by_reason.setdefault(reason, []).append(f"{row.name} ({row.missing.count(reason)})")
    lines = [f"- {', '.join(names)}: {reason}" for reason, names in by_reason.items()]
    return ["", "Missing, with the number of folds:", "", *lines] if lines else []


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(found: tuple[float, float | None] | None) -> str:
    if found is None:
        return "none"
    digits = 1 if abs(found[0]) >= 10 else 2 if abs(found[0]) >= 0.1 else 3
    spread = "" if found[1] is None else f" ± {found[1]:.{digits}f}"
    return f"{found[0]:.{digits}f}{spread}"


def with_section(page: str, name: str, lines: Sequence[str]) -> str:
    """Give the page with the text between a name's two markers replaced.

    ConfigError where the page does not have the markers just once.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if len(pattern.findall(page)) != 1:
        raise ConfigError(
            f"the page must have the lines {begin} and {end} once each, for its table."
        )
    text = "\n".join([begin, "", *lines, "", end])
    return pattern.sub(lambda _: text, page)
