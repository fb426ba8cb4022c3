"""Whether the leaderboard and an independent harness order the same sets alike.

The harness's table stands in the README of the folder of baselines; it is read, not repeated here.
Its W1 is between readings of a class, whatever their order in time, as reading_w1 is here; feature_w1
asks more, and its order is told beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from leaderboard_tables import Row, mean_over_folds, value
from scipy.stats import kendalltau

WANTED_TAU = 0.8
LEAST_SETS = 3
WANTED_DETECTOR = 0.97
NEAR_HALF = 0.1
LEADERS = ("seed_dgan", "peer_gretel_dgan", "seed_cgan_generated")
"""The sets that lead in the harness's coverage."""

PAIRS = {
    "W1": "reading_w1",
    "DCR": "nn_ratio",
    "coverage": "coverage",
    "detector": "detector_auc",
}
"""The harness's column -> the figure that asks the same here."""

FEATURES = "feature_w1"


@dataclass(frozen=True)
class Check:
    """Something that was expected, what was found, and whether it holds."""

    expected: str
    found: str
    holds: bool

    @property
    def line(self) -> str:
        """The check as a line of a list."""
        return (
            f"- {'holds' if self.holds else 'FALLS SHORT'}: {self.expected}. Found: {self.found}."
        )


def harness_table(readme: Path) -> dict[str, dict[str, float]]:
    """Give set -> column -> number, of the table whose first columns are set and W1."""
    cells = [
        [cell.strip() for cell in line.strip("|\n ").split("|")]
        for line in readme.read_text(encoding="utf-8").splitlines()
        if line.startswith("|")
    ]
    [start] = [i for i, row in enumerate(cells) if row[:2] == ["set", "W1"]]
    head = cells[start]
    return {
        row[0]: {name: float(row[head.index(name)]) for name in PAIRS}
        for row in cells[start + 2 :]
        if len(row) == len(head)
    }


def ours(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Give set -> the harness's column, and FEATURES -> our mean over folds."""
    found = {}
    figures = {**PAIRS, FEATURES: FEATURES}
    for row in rows:
        means = {column: mean_over_folds(row, value(name)) for column, name in figures.items()}
        if all(means.values()):
            found[row.name] = {name: mean[0] for name, mean in means.items() if mean}
    return found


def checks(
    mine: Mapping[str, Mapping[str, float]],
    theirs: Mapping[str, Mapping[str, float]],
    real: float | None,
) -> list[Check]:
    """Give what was expected of the sets that both have; real: the detector's AUC for real people."""
    both = [name for name in theirs if name in mine]
    found = [_same_order(column, column, both, mine, theirs) for column in ("W1", "DCR")]
    if both and all(FEATURES in mine[name] for name in both):
        found.append(_same_order(FEATURES, "W1", both, mine, theirs))
    found.append(_coverage(both, mine))
    least = min(mine, key=lambda name: mine[name]["detector"])
    auc = mine[least]["detector"]
    expected = f"the detector knows every set with an AUC of at least {WANTED_DETECTOR:g}"
    short = sorted(name for name in mine if mine[name]["detector"] < WANTED_DETECTOR)
    told = f"the least is {auc:.3f} ({least}); {len(short)} of {len(mine)} sets lie below"
    found.append(Check(expected, told, not short))
    if real is not None:
        expected = f"for real people against others it is .5, give or take {NEAR_HALF:g}"
        found.append(Check(expected, f"{real:.3f}", abs(real - 0.5) <= NEAR_HALF))
    return found


def _same_order(
    ours: str,
    column: str,
    both: Sequence[str],
    mine: Mapping[str, Mapping[str, float]],
    theirs: Mapping[str, Mapping[str, float]],
) -> Check:
    expected = (
        f"`{PAIRS.get(ours, ours)}` puts the sets in the order of the harness's {column}, "
        f"Kendall's tau-b at least {WANTED_TAU:g}"
    )
    if len(both) < LEAST_SETS:
        return Check(expected, f"only {len(both)} sets were judged", holds=False)
    a, b = ([of[name][c] for name in both] for of, c in ((mine, ours), (theirs, column)))
    tau = float(kendalltau(a, b).statistic)
    return Check(expected, f"{tau:.2f} over {len(both)} sets", tau >= WANTED_TAU)


def _coverage(both: Sequence[str], mine: Mapping[str, Mapping[str, float]]) -> Check:
    """Whether the three leaders lead, and the next has less than two thirds of the last of them."""
    expected = f"{', '.join(LEADERS)} lead in coverage, and no other has two thirds of theirs"
    order = sorted(both, key=lambda name: -mine[name]["coverage"])
    leading = [name for name in LEADERS if name in both]
    if len(leading) < len(LEADERS):
        return Check(expected, f"only {len(leading)} of them were judged", holds=False)
    last = min(mine[name]["coverage"] for name in leading)
    others = [mine[name]["coverage"] for name in order if name not in leading]
    told = ", ".join(f"{name} {mine[name]['coverage']:.3f}" for name in order[: len(leading) + 2])
    return Check(expected, told, max(others, default=-np.inf) < last * 2 / 3)


def side_by_side(
    mine: Mapping[str, Mapping[str, float]], theirs: Mapping[str, Mapping[str, float]]
) -> list[str]:
    """Give, for the terminal, our figures and the harness's in lines."""
    lines = [f"{'set':28}" + "".join(f"{f'{name} ours':>15}{'theirs':>8}" for name in PAIRS)]
    for name in theirs:
        if name in mine:
            cells = (f"{mine[name][c]:15.3f}{theirs[name][c]:8.2f}" for c in PAIRS)
            lines.append(f"{name:28}{''.join(cells)}")
    return lines
