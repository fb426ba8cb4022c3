"""How often the judge raises an alarm about windows of real people whom nobody learnt from.

Usage: python benchmarks/false_alarms.py [--shared ../shared] [--times 10] (a quarter of a minute an
evaluation). Real people are dealt into three parts again and again: one stands in the synthetic
windows' place, without names in every other evaluation, one is train, one holdout. Every verdict worse
than ok is a false alarm. Without the shared recordings people are made up.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from evaluation import SHAPES, made_up
from leaderboard_data import DATA, thinned_by_person

from wearsynth.data import Windows, concat
from wearsynth.evaluation import Scores, evaluate
from wearsynth.reporting import family_rows

ALARMS = ("bad", "suspicious (copy?)")
RECORDED, WINDOWS = "wisdm_watch", 4500


def main(arguments: list[str]) -> None:
    """Print what each evaluation raised, and a table."""
    options = _parser().parse_args(arguments)
    real, name = people(options.shared)
    judged = []
    for number, scores in enumerate(evaluations(real, options.times), start=1):
        print(f"{number} of {options.times}: {_alarms(scores) or 'no alarm'}", file=sys.stderr)
        judged.append(scores)
    print(f"{name}: {len(real)} windows of {len(np.unique(real.group))} people\n")
    print(table(judged))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, help="where the real recordings are")
    parser.add_argument("--times", type=int, default=10, help="evaluations (default 10)")
    return parser


def people(shared: Path | None) -> tuple[Windows, str]:
    """Give windows of many people, recorded where they can be had, and what they are called."""
    if shared and (path := shared / DATA[RECORDED].path).exists():
        return thinned_by_person(DATA[RECORDED].load(path), WINDOWS, seed=0), RECORDED
    made = made_up(replace(SHAPES["small"], people=24))
    return concat([made["train"], made["holdout"]]), "made-up people"


def evaluations(real: Windows, times: int) -> Iterator[Scores]:
    """Deal the people into three parts and judge, again and again."""
    for seed in range(times):
        names = np.random.default_rng(seed).permutation(np.unique(real.group))
        stand_in, train, holdout = (
            real.select(np.isin(real.group, names[part::3])) for part in range(3)
        )
        made = replace(
            stand_in,
            synthetic=np.full(len(stand_in), True),
            trained_groups=tuple(np.unique(train.group).tolist()),
        )
        if seed % 2:
            nobody = np.full(len(made), "")
            made = replace(made, subject=nobody, recording=nobody)
        yield evaluate(made, train=train, holdout=holdout, quick=True, seed=seed)


def _alarms(scores: Scores) -> str:
    return ", ".join(f"{s.name} {s.verdict}" for s in scores.scores if s.verdict in ALARMS)


def table(judged: list[Scores]) -> str:
    """Give a line a family: its figures' verdicts in all evaluations, and its own."""
    lines = [
        "| family | figures ok | weak | bad or suspicious | evaluations with such a one | called so |",
        "|---|---|---|---|---|---|",
    ]
    for family in ("like", "useful", "private"):
        figures = Counter(s.verdict for of in judged for s in of.scores if s.family == family)
        alarmed = sum(
            any(s.family == family and s.verdict in ALARMS for s in of.scores) for of in judged
        )
        called = sum(
            row.family == family and row.verdict in ALARMS
            for of in judged
            for row in family_rows(of)
        )
        cells = (
            figures["ok"],
            figures["weak"],
            sum(figures[word] for word in ALARMS),
            f"{alarmed} of {len(judged)}",
            f"{called} of {len(judged)}",
        )
        lines.append(f"| {family} | {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main(sys.argv[1:])
