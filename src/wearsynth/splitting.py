"""Windows to train and holdout, by whole groups."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import IntArray, Split, StrArray, Windows
from wearsynth.errors import DataError
from wearsynth.names import natural_key

PERMUTATIONS = 200
SHARE_TOLERANCE = 0.05
"""Choices of groups whose holdout share is this near to the wanted one are equally good."""
UNIT_NOTES: dict[str, tuple[str, ...]] = {
    "subject": (),
    "recording": (
        "people are not known: each class holds out one run of neighbouring recordings, as "
        "neighbours are often one person; a person may still stand on both sides.",
    ),
    "block": (
        "neither people nor recordings are known: each class holds out one run of its windows; a "
        "person may stand on both sides, and windows at the run's ends may overlap.",
    ),
}


def split(windows: Windows, *, holdout: float = 0.3, seed: int = 0) -> Split:
    """Give train and holdout windows of whole groups, about the share `holdout` held out.

    With subjects, people are drawn at random: of 200 seeded orders the first that has every class
    on both sides and a share within 0.05 (else the nearest to that). Without subjects, neighbouring
    recordings are often one person's, so one run of neighbours (in natural order of the names) is
    held out per class, at the same seeded place in every class. What could not be had is said in
    the notes. DataError with fewer than two groups.
    """
    if not 0 < holdout < 1:
        raise DataError(f"holdout must lie between 0 and 1, got {holdout}.")
    unit = _unit(windows)
    windows = _with_blocks_named(windows)
    groups, counts = _group_counts(windows)
    if len(groups) < 2:
        raise DataError(
            f"cannot split by group: all {len(windows)} windows belong to {len(groups)} group(s). "
            "Add recordings of other people, or name the subject or recording column."
        )
    random = np.random.default_rng(seed)
    held: NDArray[np.bool_] = np.full(len(groups), False)
    if unit != "subject":
        held = _neighbouring_groups(counts, holdout, float(random.random()))
    if not held.any():
        held = _random_groups(counts, holdout, random)
    out = np.isin(windows.group, groups[held])
    line = (
        f"of a split by {unit} (holdout {holdout:g}, seed {seed}; {held.sum()} of {len(held)} held)"
    )
    return Split(
        train=windows.select(~out).with_provenance(f"train part {line}"),
        holdout=windows.select(out).with_provenance(f"holdout part {line}"),
        notes=UNIT_NOTES[unit] + _missing_notes(windows, counts, held),
    )


def _group_counts(windows: Windows) -> tuple[StrArray, IntArray]:
    """Give the group names in natural order and their windows by class, (group, class)."""
    names, place = np.unique(windows.group, return_inverse=True)
    counts = np.zeros((len(names), len(windows.classes)), dtype=np.int64)
    np.add.at(counts, (place, windows.label), 1)
    order = sorted(range(len(names)), key=lambda index: natural_key(str(names[index])))
    return names[order], counts[order]


def _random_groups(
    counts: IntArray, holdout: float, random: np.random.Generator
) -> NDArray[np.bool_]:
    """Give which groups to hold out, (group,): see split."""
    best, held = (np.inf, np.inf), np.zeros(len(counts), dtype=bool)
    for _ in range(PERMUTATIONS):
        order = random.permutation(len(counts))
        out = counts[order].cumsum(axis=0)[:-1]
        missing = _missing(out, counts.sum(axis=0)).sum(axis=1)
        excess = np.maximum(0, np.abs(out.sum(axis=1) / counts.sum() - holdout) - SHARE_TOLERANCE)
        first = int(np.lexsort((excess, missing))[0])
        if (missing[first], excess[first]) < best:
            best = (float(missing[first]), float(excess[first]))
            held = np.isin(np.arange(len(counts)), order[: first + 1])
    return held


def _missing(held: IntArray, total: IntArray) -> NDArray[np.bool_]:
    """Tell, by class, whether one side would have none; held: (..., class), total: (class,)."""
    missing: NDArray[np.bool_] = ((held == 0) | (held == total)) & (total > 0)
    return missing


def _neighbouring_groups(counts: IntArray, holdout: float, place: float) -> NDArray[np.bool_]:
    """Give which groups to hold out, (group,): per class one run of neighbours, from `place` in [0, 1).

    A group counts for the class it has most of; a class with one group stays in train.
    """
    held = np.zeros(len(counts), dtype=bool)
    main = counts.argmax(axis=1)
    for label in range(counts.shape[1]):
        members = np.flatnonzero(main == label)
        if len(members) > 1:
            sizes = counts[members].sum(axis=1)
            first, end = _run(sizes, holdout * sizes.sum(), int(place * len(members)))
            held[members[first:end]] = True
    return held


def _run(sizes: IntArray, wanted: float, first: int) -> tuple[int, int]:
    """Give the run [first, end) grown to the right, then to the left, until nearest to wanted."""
    end = first + 1
    while end - first < len(sizes) - 1:
        right = end < len(sizes)
        more = sizes[end] if right else sizes[first - 1]
        now = sizes[first:end].sum()
        if abs(now + more - wanted) > abs(now - wanted):
            break
        first, end = (first, end + 1) if right else (first - 1, end)
    return first, end


def _unit(windows: Windows) -> str:
    if (windows.subject != "").all():
        return "subject"
    named = (windows.subject != "") | (windows.recording != "")
    return "recording" if named.all() else "block"


def _with_blocks_named(windows: Windows) -> Windows:
    """Give the windows with the block as recording where nothing is known, so that it stays theirs."""
    known = (windows.subject != "") | (windows.recording != "")
    return replace(windows, recording=np.where(known, windows.recording, windows.group))


def _missing_notes(windows: Windows, counts: IntArray, held: NDArray[np.bool_]) -> tuple[str, ...]:
    missing = _missing(counts[held].sum(axis=0), counts.sum(axis=0))
    names = [name for name, gone in zip(windows.classes, missing, strict=True) if gone]
    if not names:
        return ()
    return (f"class {', '.join(names)} stands on one side only: too few groups have it.",)
