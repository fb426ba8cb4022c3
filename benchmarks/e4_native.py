"""Empatica E4 windows at native rates: whether there is a pulse, and what the windows are good for.

Usage: python benchmarks/e4_native.py [--shared FOLDER] [--runs FOLDER] [--generators mixture flow]
           [--rounds 1400] [--width 48] [--seed 0] [--detectors trees minirocket cnn]

Six of e4_stress's 17 labelled people are held out; a generator is fitted to the windows of the others
(kept in --runs, and taken from there the next time) and draws as many. Tables: hearts by NeuroKit2,
scores of the judge with their real-against-real reference, and AUC of stress on the people not seen.
The flow takes about 5 CPU minutes to fit, what follows 3 for each generator.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import e4_stress_data
import neurokit2 as nk
import numpy as np
from scipy.stats import spearmanr, wasserstein_distance
from sklearn.metrics import roc_auc_score

from wearsynth.classifiers import fit_kernels, fit_ridge, fit_trees
from wearsynth.config import FitConfig
from wearsynth.data import Split, Windows
from wearsynth.evaluation.attacks import membership
from wearsynth.evaluation.described import thinned
from wearsynth.evaluation.detector import detector_scores
from wearsynth.evaluation.physics import physics_scores
from wearsynth.evaluation.physio import heart_of, physio_scores
from wearsynth.evaluation.scores import Score
from wearsynth.evaluation.trial import Effort, prepare
from wearsynth.features import all_features
from wearsynth.model import Model, load_model, save_model
from wearsynth.representation import representation_of
from wearsynth.training import fit

ROOT = Path(__file__).parents[1]
HEART_WINDOWS = 150
"""Hearts are looked at in at most so many windows of each class."""

PERSON_WINDOWS = 15
"""And of each person and class in so many, for what goes together inside a person."""

BOOTSTRAPS = 2000

EVERY = 10
"""What is lost is told of each tenth window."""

QUALITY_WINDOWS = 60
QUARTILES = (0.25, 0.5, 0.75)

KERNELS = 2000
WINDOWS = 1000


def main(arguments: list[str]) -> None:
    """Print the tables of every generator that is asked for."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    given.add_argument("--runs", type=Path, default=ROOT / "runs/e4")
    given.add_argument("--generators", nargs="+", default=["mixture", "flow"])
    given.add_argument("--detectors", nargs="+", default=["trees", "minirocket", "cnn"])
    given.add_argument("--rounds", type=int, default=1400)
    given.add_argument("--width", type=int, default=48)
    given.add_argument("--seed", type=int, default=0)
    options = given.parse_args(arguments)
    real = e4_stress_data.windows(options.shared / e4_stress_data.PATH)
    split = e4_stress_data.split(real, seed=options.seed)
    people = ", ".join(np.unique(split.holdout.subject).tolist())
    print(
        f"{len(split.train)} windows to learn from; held out are {len(split.holdout)} of {people}."
    )
    print(lost_line(real))
    for kind in options.generators:
        model = fitted(split.train, kind, options)
        made = model.sample(split.train.counts, seed=options.seed + 1)
        print(f"\n{kind}: {quality_line(split, made)}")
        for lines in (
            score_lines(split, made, options),
            auc_lines(split, made, options.seed),
            heart_lines(split, made),
            together_lines(split, people_of(model, split, options.seed)),
        ):
            print(f"\n{kind}")
            for line in lines:
                print(line, flush=True)


def fitted(train: Windows, kind: str, options: argparse.Namespace) -> Model:
    """Give the generator, from its folder where it is there."""
    folder = options.runs / f"{kind}-{options.seed}"
    if not folder.exists():
        config = FitConfig(generator=kind, seed=options.seed)
        if kind != "mixture":
            more = {"rounds": options.rounds, "width": options.width, "set_aside": 0.0}
            config = config.model_copy(update=more)
        began_s = time.process_time()
        model = fit(train, config)
        print(f"{kind}: fitted in {time.process_time() - began_s:.0f} CPU s")
        save_model(model, folder)
    return load_model(folder)


def lost_line(real: Windows) -> str:
    """Say how much of the pulse is lost when windows are told and computed again."""
    some = real.select(slice(0, None, EVERY))
    form = representation_of(some)
    back = form.decode(form.encode(some))["bvp"].values.astype(np.float64)
    given = some.signals["bvp"].values.astype(np.float64)
    lost = ((back - given) ** 2).mean(axis=(1, 2)) / (given**2).mean(axis=(1, 2))
    middle, high, most = np.quantile(lost, [0.5, 0.95, 1.0])
    return f"Of BVP's power is lost: median {middle:.1e}, 95 % {high:.1e}, worst {most:.1e}."


@dataclass(frozen=True, eq=False)
class Hearts:
    """What windows of one class show, (window,) each: beats a minute, ms, ms, movement in g."""

    rate: np.ndarray
    rmssd: np.ndarray
    sdnn: np.ndarray
    moved: np.ndarray

    @property
    def found(self) -> float:
        """The share of windows in which beats are found."""
        return float(np.isfinite(self.rate).mean())

    @property
    def coupling(self) -> float:
        """The rank correlation of movement and heart rate over windows; not a number where one stays."""
        known = np.isfinite(self.rate)
        return float(spearmanr(self.moved[known], self.rate[known]).statistic)


def spread_over(windows: Windows, count: int) -> Windows:
    """Give so many windows, or all, evenly spread."""
    rows = np.unique(np.linspace(0, len(windows) - 1, count).round().astype(int))
    return windows.select(rows)


def hearts(of: Windows) -> Hearts:
    """Look at the hearts of windows."""
    pulse, acc = of.signals["bvp"], of.signals["acc"].values
    seen = [heart_of(one[:, 0], pulse.rate_hz) for one in pulse.values]
    return Hearts(
        np.array([heart.rate_bpm for heart in seen]),
        np.array([heart.rmssd_ms for heart in seen]),
        np.array([heart.sdnn_ms for heart in seen]),
        np.log(np.linalg.norm(acc, axis=2).std(axis=1) + 1e-3),
    )


def heart_lines(split: Split, made: Windows) -> Iterator[str]:
    """Give a table of hearts: made, real people learnt from, real people held out."""
    yield "| class | windows | beats found | heart rate | W1 to train | W1 to held out | RMSSD | SDNN |"
    yield "|---|---|---|---|---|---|---|---|"
    sets = {"made": made, "train": split.train, "held out": split.holdout}
    for name in made.classes:
        seen = {
            kind: hearts(spread_over(windows.of_class(name), HEART_WINDOWS))
            for kind, windows in sets.items()
        }
        for kind, of in seen.items():
            apart, other = (_apart(of, seen[known]) for known in ("train", "held out"))
            yield (
                f"| {name} | {kind} | {of.found:.2f} | {np.nanmedian(of.rate):.1f} | {apart:.1f} | "
                f"{other:.1f} | {np.nanmedian(of.rmssd):.0f} | {np.nanmedian(of.sdnn):.0f} |"
            )


def _apart(one: Hearts, other: Hearts) -> float:
    """Give the distance (W1) of heart rates, beats a minute; not a number where there are none."""
    rates = [of.rate[np.isfinite(of.rate)] for of in (one, other)]
    return float(wasserstein_distance(*rates)) if all(map(len, rates)) else float("nan")


def people_of(model: Model, split: Split, seed: int) -> Windows:
    """Draw as many people as were learnt from, with PERSON_WINDOWS windows of each class."""
    people = len(np.unique(split.train.subject))
    return model.sample(PERSON_WINDOWS, seed=seed + 2, people=people)


def together_lines(split: Split, made: Windows) -> Iterator[str]:
    """Give a table of the rank correlation of motion and heart rate inside people.

    People differ in both for reasons of their own, so over windows of all of them it says little. Of
    each person and class there is one; the mean is over people, its interval a bootstrap over them.
    """
    yield "| class | windows | people | motion and heart rate inside a person | 95 % |"
    yield "|---|---|---|---|---|"
    sets = {"made": made, "train": split.train, "held out": split.holdout}
    for name in made.classes:
        for kind, windows in sets.items():
            of = windows.of_class(name)
            each = np.array([_inside(of, person) for person in np.unique(of.subject)])
            each = each[np.isfinite(each)]
            drawn = np.random.default_rng(0).choice(each, (BOOTSTRAPS, len(each))).mean(axis=1)
            low, high = np.quantile(drawn, [0.025, 0.975])
            yield (
                f"| {name} | {kind} | {len(each)} | {each.mean():+.2f} | {low:+.2f} to {high:+.2f} |"
            )


def _inside(windows: Windows, person: str) -> float:
    """Give the rank correlation over a person's windows."""
    own = windows.select(np.flatnonzero(windows.subject == person))
    return hearts(spread_over(own, PERSON_WINDOWS)).coupling


def quality_line(split: Split, made: Windows) -> str:
    """Say how well beats resemble each other, by NeuroKit2 (1: all are alike): quartiles over windows."""
    parts = []
    for kind, windows in {"made": made, "train": split.train, "held out": split.holdout}.items():
        pulse = spread_over(windows, QUALITY_WINDOWS).signals["bvp"]
        low, middle, high = np.nanquantile([_quality(one[:, 0]) for one in pulse.values], QUARTILES)
        parts.append(f"{kind} {middle:.2f} ({low:.2f} to {high:.2f})")
    return f"beat quality {', '.join(parts)}"


def _quality(values: np.ndarray) -> float:
    clean = nk.ppg_clean(values.astype(np.float64), sampling_rate=64)
    return float(np.nanmean(nk.ppg_quality(clean, sampling_rate=64, method="templatematch")))


def score_lines(split: Split, made: Windows, options: argparse.Namespace) -> Iterator[str]:
    """Give a table of the judge's scores of physics, hearts, skin and detectors."""
    effort = Effort(
        windows=WINDOWS, trees=100, judges=("trees",), detectors=tuple(options.detectors)
    )
    given = {"synthetic": made, "train": split.train, "holdout": split.holdout}
    trial = prepare(given, effort, seed=options.seed)
    yield "| figure | value | real against real | verdict | note |"
    yield "|---|---|---|---|---|"
    for scores in (
        physio_scores(trial, quick=False),
        physics_scores(trial),
        membership(trial).scores,
        detector_scores(trial),
    ):
        yield from map(_line, scores)


def _line(score: Score) -> str:
    value = "none" if score.value is None else f"{score.value:.2f}"
    told = score.reference
    beside = "" if told is None else f"{told.mean:.2f}, worst {told.worst:.2f}"
    return f"| {score.title} | {value} | {beside} | {score.verdict} | {score.note} |"


def auc_lines(split: Split, made: Windows, seed: int) -> Iterator[str]:
    """Give a table of the AUC of stress on held-out people, learnt from made and from real windows."""
    yield "| judge | made (TSTR) | real (TRTR) | ratio |"
    yield "|---|---|---|---|"
    for name, auc in (("trees", _by_trees), ("minirocket", _by_kernels)):
        one, other = (auc(of, split.holdout, seed) for of in (made, split.train))
        yield f"| {name} | {one:.3f} | {other:.3f} | {one / other:.3f} |"


def _by_trees(learnt: Windows, tested: Windows, seed: int) -> float:
    trees = fit_trees(all_features(learnt).values, learnt.label, seed=seed, trees=300)
    told = trees.predict_proba(all_features(tested).values)[:, 1]
    return float(roc_auc_score(tested.label, told))


def _by_kernels(learnt: Windows, tested: Windows, seed: int) -> float:
    outcomes = fit_kernels(thinned(learnt, WINDOWS), seed=seed, count=KERNELS)
    ridge = fit_ridge(outcomes(learnt), learnt.label)
    return float(roc_auc_score(tested.label, ridge.decision_function(outcomes(tested))))


if __name__ == "__main__":
    main(sys.argv[1:])
