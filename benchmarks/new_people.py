"""How much new people differ from each other, beside how much real people do.

Usage: python benchmarks/new_people.py [--data wisdm_watch wesad_1hz] [--generators mixture flow]
           [--model FOLDER] [--people 12] [--shared FOLDER]

A generator is fitted to the first fold's training people (or taken from --model, which must have
learnt from these), and draws new people, 20 windows of each class each. A line tells the ratio of how
far people are apart to how each of them varies, synthetic over real (`person_variance`), and the
same for other real people. The flow takes as long as its fit.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from leaderboard_data import DATA, MOST_WINDOWS, folds_of, thinned_by_person

from wearsynth.config import FitConfig
from wearsynth.data import Windows
from wearsynth.evaluation import EFFORT
from wearsynth.evaluation.between_people import between_people_scores
from wearsynth.evaluation.trial import PERSON_WINDOWS, prepare
from wearsynth.model import load_model
from wearsynth.training import fit

ROOT = Path(__file__).parents[1]
FOLDS, SEED = 5, 0


def main(arguments: list[str]) -> None:
    """Measure every data set and generator that is asked for."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--data", nargs="+", choices=[*DATA], default=["wisdm_watch", "wesad_1hz"])
    given.add_argument("--generators", nargs="+", default=["mixture", "flow"])
    given.add_argument("--model", type=Path, help="a fitted model in place of --generators")
    given.add_argument("--people", type=int, default=12)
    given.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    options = given.parse_args(arguments)
    for name in options.data:
        whole = DATA[name].load(options.shared / DATA[name].path)
        fold = folds_of(thinned_by_person(whole, MOST_WINDOWS, seed=SEED), FOLDS, seed=SEED)[0][0]
        # learnt from thinned windows, judged beside all that these people have
        train, holdout = _all_of(fold.train, whole), _all_of(fold.holdout, whole)
        for kind in [options.model.name] if options.model else options.generators:
            start_s = time.process_time()
            model = (
                load_model(options.model)
                if options.model
                else fit(fold.train, FitConfig(generator=kind, seed=SEED), say=lambda _: None)
            )
            made = model.sample(PERSON_WINDOWS, seed=SEED, people=options.people)
            cpu_s = time.process_time() - start_s
            sets = {"synthetic": made, "train": train, "holdout": holdout}
            for score in between_people_scores(prepare(sets, EFFORT[True], seed=SEED)):
                real = score.reference
                beside = f"; other real people {real.mean:.2f}" if real else ""
                value = "none" if score.value is None else f"{score.value:.2f}"
                print(
                    f"{name}, {kind}: {score.name} {value}{beside}; {cpu_s:.0f} CPU s", flush=True
                )


def _all_of(some: Windows, whole: Windows) -> Windows:
    return whole.select(np.isin(whole.group, np.unique(some.group)))


if __name__ == "__main__":
    main(sys.argv[1:])
