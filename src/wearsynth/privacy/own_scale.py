"""Readings on each person's own scale, put back to a unit by what is usual among public people.

A person's own median and quartiles touch nobody else's windows and are not released: under a guarantee
for whole people such scaling costs nothing. Three axes of one unit (acceleration, turn rates) are left as
they are: gravity is the same for everybody.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from wearsynth.data import IntArray, SignalWindows, StrArray, Windows
from wearsynth.mounting import has_axes
from wearsynth.representation import Float64Array

REACH = 4.0
"""Readings further from a person's median than so many of their quartile ranges count as so far."""

LEAST_SHARE = 0.01
"""A quartile range below this share of the usual one is taken for no movement at all."""


@dataclass(frozen=True, eq=False)
class Usual:
    """Public: for each signal that is scaled, the middle and the quartile range of each channel."""

    middle: Mapping[str, Float64Array]
    spread: Mapping[str, Float64Array]


def usual_of(public: Windows, owner: StrArray) -> Usual:
    """Give the medians of what each owner (window,) of public windows has."""
    names = [name for name, signal in public.signals.items() if not has_axes(signal.channels)]
    middle, spread = {}, {}
    for name in names:
        own = [_own(public.signals[name], rows) for rows in _of_each(owner)]
        middle[name] = np.median([centre for centre, _ in own], axis=0)
        spread[name] = np.maximum(np.median([wide for _, wide in own], axis=0), 1e-6)
    return Usual(middle, spread)


def on_own_scale(windows: Windows, owner: StrArray, usual: Usual) -> Windows:
    """Give windows as if each owner (window,) had the usual median and quartile range.

    owner: the unit of privacy, a person or a recording; nothing wider is free of cost.
    """
    signals = dict(windows.signals)
    for name, middle in usual.middle.items():
        signal, spread = windows.signals[name], usual.spread[name]
        values = np.empty_like(signal.values)
        for rows in _of_each(owner):
            centre, wide = _own(signal, rows)
            wide = np.maximum(wide, LEAST_SHARE * spread)
            scaled = np.clip((signal.values[rows] - centre) / wide, -REACH, REACH)
            values[rows] = scaled * spread + middle
        signals[name] = replace(signal, values=values)
    line = "each on their own scale: median and quartile range as is usual among public people"
    return replace(windows, signals=signals).with_provenance(line)


def _of_each(owner: StrArray) -> Iterator[IntArray]:
    return (np.flatnonzero(owner == name) for name in np.unique(owner))


def _own(signal: SignalWindows, rows: IntArray) -> tuple[Float64Array, Float64Array]:
    low, middle, high = np.percentile(signal.values[rows].astype(np.float64), [25, 50, 75], (0, 1))
    return middle, high - low
