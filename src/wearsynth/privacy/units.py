"""Units of privacy: which windows are whose, which units enter a step, and with which windows."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import IntArray, Windows
from wearsynth.errors import DataError
from wearsynth.privacy.keys import Key, uniforms
from wearsynth.statement import Unit


@dataclass(frozen=True, eq=False)
class Units:
    """The rows of each unit's windows, by class: (unit, class present, row).

    Nobody outside may learn how many units there are.
    """

    rows: tuple[tuple[IntArray, ...], ...]

    def __len__(self) -> int:
        return len(self.rows)


def units_of(windows: Windows, unit: Unit) -> Units:
    """Give the units of windows; DataError where the windows do not tell whose they are.

    window: each its own unit, and no two may share a reading, since then a reading would count twice.
    """
    if unit == "window":
        _check_apart(windows)
        return Units(tuple((np.array([row], dtype=np.int64),) for row in range(len(windows))))
    names = windows.subject if unit == "subject" else windows.recording
    if (names == "").any():
        column = "subject" if unit == "subject" else "recording"
        raise DataError(
            f"privacy by {unit} needs the {column} of every window, and some have none. Name it when "
            f"reading (--column {column}=NAME), or choose another --unit."
        )
    _, of = np.unique(names, return_inverse=True)
    return Units(
        tuple(
            _by_class(np.flatnonzero(of == place), windows.label) for place in range(of.max() + 1)
        )
    )


def _by_class(rows: NDArray[np.intp], label: IntArray) -> tuple[IntArray, ...]:
    own = label[rows]
    return tuple(rows[own == index].astype(np.int64) for index in np.unique(own))


def digest_of(units: Units) -> str:
    """Give a digest of which windows are whose."""
    digest = hashlib.sha256()
    for by_class in units.rows:
        digest.update(b"unit")
        for rows in by_class:
            digest.update(b"class" + rows.tobytes())
    return digest.hexdigest()


def _check_apart(windows: Windows) -> None:
    """Raise DataError where windows overlap, or do not tell where they lie."""
    length_s = max(signal.length_s for signal in windows.signals.values())
    if np.isnan(windows.start_s).any():
        raise DataError(
            "privacy by window needs to know where windows lie, to see that none overlap, and some "
            "do not tell (start_s). Choose --unit subject or recording."
        )
    names = np.char.add(np.char.add(windows.subject, "\n"), windows.recording)
    order = np.lexsort((windows.start_s, names))
    same = names[order][1:] == names[order][:-1]
    apart_s = np.diff(windows.start_s[order])
    if (same & (apart_s < length_s * (1 - 1e-6))).any():
        raise DataError(
            f"privacy by window means nothing where windows overlap: a reading would be in several. "
            f"Cut them with --stride-s {length_s:g} or more, or choose --unit subject."
        )


def chosen_units(key: Key, step: int, units: int, probability: float) -> IntArray:
    """Give the units that enter a step: each with this probability, whatever the others do (Poisson)."""
    return np.flatnonzero(uniforms(key, "units", step, units) < probability)


def chosen_rows(key: Key, step: int, units: Units, chosen: IntArray, each: int) -> IntArray:
    """Give (chosen unit, each) rows: every draw takes a class of the unit, then a window of it."""
    draws = uniforms(key, "rows", step, 2 * each * len(chosen)).reshape(len(chosen), each, 2)
    rows = [
        [_row(units.rows[unit], of_class, of_row) for of_class, of_row in own]
        for unit, own in zip(chosen, draws, strict=True)
    ]
    return np.array(rows, dtype=np.int64).reshape(len(chosen), each)


def _row(by_class: tuple[IntArray, ...], of_class: float, of_row: float) -> int:
    """Give one row; both places are uniform in 0..1."""
    rows = by_class[int(of_class * len(by_class))]
    return int(rows[int(of_row * len(rows))])
