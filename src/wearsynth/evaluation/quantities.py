"""Physical quantities of windows: a number a window, in a unit; how far two sets lie apart in them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from wearsynth.data import IntArray, StrArray
from wearsynth.evaluation.fidelity import SD_SHARE, wasserstein
from wearsynth.features import Float64Array

MIN_WINDOWS = 3
"""Fewer windows of a class with the quantity have no law that could be compared."""


@dataclass(frozen=True, eq=False)
class Quantity:
    """One number of every window.

    figure: the score that it counts in. name: "<signal> <what>". values: (window,), as they are
    compared, NaN where a window has none. least: the smallest spread that values are measured in.
    shown: (window,), the same in `unit`, for sentences.
    """

    figure: str
    name: str
    unit: str
    values: Float64Array
    least: float
    shown: Float64Array

    def select(self, rows: IntArray) -> "Quantity":
        """Give the numbers of the windows at an index."""
        return replace(self, values=self.values[rows], shown=self.shown[rows])


@dataclass(frozen=True, eq=False)
class Table:
    """The quantities of windows. label: (window,) index of the class. group: (window,) names."""

    quantities: tuple[Quantity, ...]
    label: IntArray
    group: StrArray

    def select(self, rows: IntArray) -> "Table":
        """Give the windows at an index, in its order."""
        of = tuple(quantity.select(rows) for quantity in self.quantities)
        return Table(of, self.label[rows], self.group[rows])

    def of_figure(self, figure: str) -> "Table":
        """Give the quantities that count in one score."""
        return replace(self, quantities=tuple(q for q in self.quantities if q.figure == figure))

    def names(self) -> tuple[str, ...]:
        """Give the names of the quantities."""
        return tuple(quantity.name for quantity in self.quantities)


def plain(figure: str, name: str, unit: str, values: Float64Array, *, least: float) -> Quantity:
    """Give a quantity that is compared as it is told."""
    return Quantity(figure, name, unit, values, least, values)


def joined_quantities(parts: Sequence[Sequence[Quantity]]) -> tuple[Quantity, ...]:
    """Give quantities of windows that were measured in pieces."""
    return tuple(
        replace(
            of[0],
            values=np.concatenate([q.values for q in of]),
            shown=np.concatenate([q.shown for q in of]),
        )
        for of in zip(*parts, strict=True)
    )


def units_of(real: Sequence[Table], classes: Sequence[int]) -> Float64Array:
    """Give what distances are measured in, (quantity, class).

    The sd among real windows of the class, at least a tenth of that over all, at least the least.
    """
    label = np.concatenate([table.label for table in real])
    units = []
    for of in zip(*(table.quantities for table in real), strict=True):
        values = np.concatenate([quantity.values for quantity in of])
        least = max(of[0].least, SD_SHARE * _sd(values))
        units.append([max(_sd(values[label == index]), least) for index in classes])
    return np.array(units, dtype=np.float64).reshape(-1, len(classes))


def _known(values: Float64Array) -> Float64Array:
    known: Float64Array = values[np.isfinite(values)]
    return known


def _sd(values: Float64Array) -> float:
    known = _known(values)
    return float(known.std()) if len(known) else 0.0


def compare(mine: Table, real: Table, units: Float64Array, classes: Sequence[int]) -> Float64Array:
    """Give the Wasserstein-1 distance in units, (quantity, class); NaN where one side has no law."""
    table = np.full(units.shape, np.nan)
    for column, index in enumerate(classes):
        at, there = mine.label == index, real.label == index
        for row, (a, b) in enumerate(zip(mine.quantities, real.quantities, strict=True)):
            one, two = _known(a.values[at]), _known(b.values[there])
            if min(len(one), len(two)) >= MIN_WINDOWS:
                apart = float(wasserstein(one[:, None], two[:, None])[0])
                table[row, column] = apart / units[row, column]
    return table


def told(mine: Table, real: Table, *, row: int, index: int, class_name: str) -> str:
    """Give in words how a quantity of one class differs: by its median (a share: mean) or spread."""
    of = real.quantities[row]
    ours = _known(mine.quantities[row].shown[mine.label == index])
    theirs = _known(of.shown[real.label == index])
    word, pair = "median", (float(np.median(ours)), float(np.median(theirs)))
    spreads = float(ours.std()), float(theirs.std())
    if of.unit.startswith("of "):  # medians of shares are often 0 or 1
        word, pair = "mean", (float(ours.mean()), float(theirs.mean()))
    elif abs(spreads[0] - spreads[1]) > abs(pair[0] - pair[1]):
        word, pair = "spread (sd)", spreads
    unit = "" if of.unit == "1" else f" {of.unit}"
    return f"{of.name}, {class_name}: {word} {pair[0]:.3g} against {pair[1]:.3g}{unit}"
