"""The `wearsynth sensors` command: which parts have a profile, and where each figure stands."""

from collections.abc import Iterable
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from wearsynth.sensors import SensorProfile, load_profile, profile_names
from wearsynth.sensors.telling import (
    FIGURE_COLUMNS,
    LIST_COLUMNS,
    FigureRow,
    figure_rows,
    list_rows,
)


def sensors_command(
    part: Annotated[
        str | None, typer.Argument(help="A part, such as lsm6dsl; left out: all parts.")
    ] = None,
) -> None:
    """List the sensor parts, or show one with every figure and its source."""
    out = Console(highlight=False, markup=False)
    if part is None:
        _print_parts(out, [load_profile(name) for name in profile_names()])
    else:
        _print_part(out, load_profile(part))


def _print_parts(out: Console, profiles: Iterable[SensorProfile]) -> None:
    """Print a row a signal of each part: a table at a terminal, columns of plain text elsewhere."""
    rows = list_rows(profiles)
    if out.is_terminal:
        out.print(_table(LIST_COLUMNS, rows, whole=LIST_COLUMNS[:2]))
        return
    rows = [LIST_COLUMNS, *rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def _print_part(out: Console, profile: SensorProfile) -> None:
    """Print every figure of a part with its source: a table a signal at a terminal, else lines."""
    typer.echo(f"{profile.name}: {profile.title}, {profile.kind}")
    for part in profile.signals.values():
        typer.echo(f"\n{part.name}, in {part.unit}, usual full scale {part.default_full_scale}")
        rows = figure_rows(part)
        if out.is_terminal:
            cells = [(row.name, "\n".join(row.values), row.verified, row.source) for row in rows]
            out.print(_table(FIGURE_COLUMNS, cells, whole=()))
        else:
            _print_lines(rows)


def _print_lines(rows: Iterable[FigureRow]) -> None:
    for row in rows:
        typer.echo(f"{row.name} (verified: {row.verified})")
        for line in (*row.values, f"source: {row.source}"):
            typer.echo(f"  {line}")


def _table(
    columns: tuple[str, ...], rows: Iterable[tuple[str, ...]], *, whole: tuple[str, ...]
) -> Table:
    """Give a table; cells of the columns in whole are never broken."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in whole)
    for row in rows:
        table.add_row(*row)
    return table
