"""Side labels: a CSV of start_s, end_s, label beside a table of readings without labels."""

from dataclasses import replace
from pathlib import Path

from layouts import table

COLUMNS = replace(table.COLUMNS, label=None)
"""What the table's columns hold: as layouts.table, but no labels."""


def write(folder: Path, *, seed: int = 0) -> Path:
    """Write readings.csv and labels.csv, and give the labels; the readings lie beside them."""
    table.write(folder, seed=seed)
    rows = ["anna,0,2.4,walking", "anna,2.4,4.8,rest", "ben,0,2.4,walking", "ben,2.4,4.8,rest"]
    path = folder / "labels.csv"
    path.write_text("\n".join(["subject,start_s,end_s,label", *rows, ""]), encoding="utf-8")
    return path
