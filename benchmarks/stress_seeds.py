"""What several detections of the same windows say together: means over them, intervals over people.

Usage: python benchmarks/stress_seeds.py FOLDER FOLDER ...

Each FOLDER is one of `wearsynth detect`, such as with --seed 0, 1 and 2. For each detector that all of them
have: F1 of stress and AUC by what was learnt from, and the differences to real windows. Intervals are 95 %,
by bootstrap over people, of the mean over all folders and seeds; what each says alone follows.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from wearsynth.detecting_kept import SCORES, load_told
from wearsynth.evaluation.decisions import drawn_groups
from wearsynth.evaluation.person_bench import BOTH, MADE, REAL
from wearsynth.evaluation.person_scores import Told, areas

ARMS = (REAL, MADE, BOTH)


@dataclass(frozen=True, eq=False)
class Real:
    """Whose each real window is, (window,), and whether it is of stress."""

    people: np.ndarray
    label: np.ndarray


def main(arguments: list[str]) -> None:
    """Print a table a detector."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("folders", nargs="+", type=Path)
    folders = given.parse_args(arguments).folders
    held = [{_judge(path) for path in (folder / SCORES).iterdir()} for folder in folders]
    for judge in sorted(set.intersection(*held)):
        paths = [
            path
            for folder in folders
            for path in sorted((folder / SCORES).iterdir())
            if _judge(path) == judge
        ]
        for line in lines_of(judge, [load_told(path) for path in paths], real_of(paths)):
            print(line)


def _judge(path: Path) -> str:
    return path.stem.rpartition("-")[0]


def real_of(paths: Sequence[Path]) -> Real:
    """Give whose windows were tested; an error where files are not of the same ones."""
    found = []
    for path in paths:
        table = pq.read_table(path).to_pydict()
        mine = np.array(table["learnt_from"]) == REAL
        person, stress, window = (
            np.array(table[name])[mine] for name in ("person", "stress", "window")
        )
        order = np.argsort(window)
        found.append(Real(person[order], stress[order]))
    first = found[0]
    for path, other in zip(paths, found, strict=True):
        if not np.array_equal(first.people, other.people):
            raise SystemExit(f"{path} is of other windows than {paths[0]}.")
    return first


def lines_of(judge: str, told: Sequence[Mapping[str, Told]], real: Real) -> Iterator[str]:
    """Give the table of one detector."""
    yield f"\n{judge}, {len(told)} times: F1 of stress, then AUC"
    f1s = {arm: np.mean([f1_of(of[arm], real) for of in told], axis=0) for arm in ARMS}
    alone = {arm: [float(f1_of(of[arm], real)[0]) for of in told] for arm in ARMS}
    for arm in ARMS:
        yield f"  {arm:<24}{_with_interval(f1s[arm])}  {_each(alone[arm])}"
    for arm in (MADE, BOTH):
        apart = [a - b for a, b in zip(alone[arm], alone[REAL], strict=True)]
        yield f"  {arm + ' - real':<24}{_with_interval(f1s[arm] - f1s[REAL])}  {_each(apart)}"
    by_arm = {arm: [of[arm] for of in told] for arm in ARMS}
    rows, differences = areas(judge, by_arm, real.people, real.label)
    for row in rows:
        yield f"  {row.trained_on:<24}{_shown(row.value, *row.interval)}"
    for one in differences:
        yield f"  {one.of + ' - real':<24}{_shown(one.value, *one.interval)}"


def f1_of(told: Told, real: Real) -> np.ndarray:
    """Give F1 of stress of all people, then of bootstrap draws of them, (1 + draw,)."""
    names, group = np.unique(real.people, return_inverse=True)
    counts = np.zeros((len(names), 2, 2))
    once = 1 / np.bincount(told.window)[told.window]
    decided = (told.score > 0).astype(int)
    np.add.at(counts, (group[told.window], real.label[told.window], decided), once)
    times = np.concatenate([np.ones((1, len(names))), drawn_groups(len(names), seed=0)])
    drawn = np.einsum("dg,gtc->dtc", times, counts)
    right, both = drawn[:, 1, 1], drawn.sum(axis=1)[:, 1] + drawn.sum(axis=2)[:, 1]
    return np.asarray(2 * right / both)


def _with_interval(values: np.ndarray) -> str:
    low, high = np.quantile(values[1:], [0.025, 0.975])
    return _shown(float(values[0]), float(low), float(high))


def _shown(value: float, low: float, high: float) -> str:
    return f"{value:+.3f} ({low:+.3f} to {high:+.3f})"


def _each(values: Sequence[float]) -> str:
    return " ".join(f"{value:+.3f}" for value in values)


if __name__ == "__main__":
    main(sys.argv[1:])
