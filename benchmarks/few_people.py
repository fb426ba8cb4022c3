"""What synthetic windows add where there are few people to learn from.

Usage: python benchmarks/few_people.py [--data wisdm_watch wesad_1hz] [--people 3] [--draws 3]
           [--generators mixture flow] [--shared FOLDER]

Of the first fold's training people so many are drawn. A generator is fitted to their windows, as many
windows are drawn from it, and judges learn from the real ones alone and from both; all are tested on
the holdout's people. A line for each draw and judge, then the mean gain in points of macro F1. A draw
of the flow takes a CPU minute or two, one of the mixture seconds.
"""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from leaderboard_data import DATA, MOST_WINDOWS, folds_of, thinned_by_person
from sklearn.metrics import f1_score

from wearsynth.classifiers import JUDGES, fit_judge
from wearsynth.config import FitConfig
from wearsynth.data import Windows, concat
from wearsynth.refitting import only_present
from wearsynth.training import fit

ROOT = Path(__file__).parents[1]
FOLDS, SEED = 5, 0


def main(arguments: list[str]) -> None:
    """Measure every data set and generator that is asked for."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--data", nargs="+", choices=[*DATA], default=["wisdm_watch", "wesad_1hz"])
    given.add_argument("--people", type=int, default=3)
    given.add_argument("--draws", type=int, default=3)
    given.add_argument("--generators", nargs="+", default=["mixture", "flow"])
    given.add_argument("--judges", nargs="+", choices=[*JUDGES], default=["trees", "minirocket"])
    given.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    options = given.parse_args(arguments)
    for name in options.data:
        whole = DATA[name].load(options.shared / DATA[name].path)
        windows = thinned_by_person(whole, MOST_WINDOWS, seed=SEED)
        fold = folds_of(windows, FOLDS, seed=SEED)[0][0]
        for kind in options.generators:
            measure(name, kind, fold.train, fold.holdout, options)


def measure(
    name: str, kind: str, train: Windows, holdout: Windows, options: argparse.Namespace
) -> None:
    """Print a line for each draw and judge, and the mean gains."""
    gains: dict[str, list[float]] = {judge: [] for judge in options.judges}
    for draw in range(options.draws):
        rng = np.random.default_rng([SEED, draw])
        chosen = rng.permutation(np.unique(train.subject))[: options.people]
        real = train.select(np.isin(train.subject, chosen))
        start_s = time.process_time()
        made = made_by(kind, real, seed=draw)
        cpu_s = time.process_time() - start_s
        for judge in options.judges:
            alone, both = (f1(judge, of, holdout) for of in (real, concat([real, made])))
            gains[judge].append(100 * (both - alone))
            print(
                f"{name}, {kind}, {options.people} people, draw {draw}, {judge}: {len(real)} windows, "
                f"real {alone:.3f}, with synthetic {both:.3f}, {cpu_s:.0f} CPU s",
                flush=True,
            )
    for judge, of in gains.items():
        spread = f" ({min(of):+.1f} to {max(of):+.1f})"
        print(f"{name}, {kind}, {judge}: mean gain {np.mean(of):+.1f} points{spread}", flush=True)


def made_by(kind: str, real: Windows, *, seed: int) -> Windows:
    """Give as many windows of each class as there are real ones, with the classes of these."""
    present = only_present(real)
    model = fit(present, FitConfig(generator=kind, seed=seed), say=lambda _: None)
    made = model.sample(present.counts, seed=seed)
    place = np.array([real.class_index(name) for name in present.classes])
    return replace(made, classes=real.classes, label=place[made.label])


def f1(judge: str, learnt: Windows, holdout: Windows) -> float:
    """Give the macro F1 on the holdout of a judge that learns from windows."""
    decided = fit_judge(judge, learnt, seed=SEED).predict(holdout)
    return float(f1_score(holdout.label, decided, average="macro", zero_division=0.0))


if __name__ == "__main__":
    main(sys.argv[1:])
