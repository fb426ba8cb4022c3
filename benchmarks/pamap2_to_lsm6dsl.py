"""From PAMAP2's wrist logs to the LSM6DSL: what target windows and a classifier's feedback add.

Usage: python benchmarks/pamap2_to_lsm6dsl.py [--generators flow wgan-gp] [--folds 4] [--first 1]
           [--steps worn source target feedback both] [--shared FOLDER] [--runs FOLDER]

ST's LSM6DSL recordings are dealt in four blocks of neighbours by class. In each fold one block is judged
on, one trains the feedback classifier, two are the target windows. The generator has learnt from ST's
PAMAP2 logs at 26 Hz (source); it goes on with the target windows (target), with the feedback alone
(feedback), or with both. 300 windows of each class are drawn, the sensor mounted in any way (worn: as
PAMAP2's people wore it), and rendered to the LSM6DSL's counts at 4 g and at 2 g. Judges that learn from
nothing else are asked about the block's real recordings (at 2 g: clipped). A line a fold, then means: macro
F1 of trees and MiniRocket beside the same of judges trained on the target windows (TRTR), how many windows
the feedback classifier accepts, and the quick judge's detector AUC beside its floor. A fold takes some five
CPU minutes a generator; fitted models are kept in --runs.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from leaderboard_data import dealt
from sklearn.metrics import f1_score

from wearsynth.classifiers import fit_judge
from wearsynth.classifiers.trained import Classifier, train_classifier
from wearsynth.config import FinetuneConfig, FitConfig
from wearsynth.data import Windows
from wearsynth.evaluation import evaluate
from wearsynth.finetuning import acceptance, finetune
from wearsynth.formats import read
from wearsynth.model import Model, load_model, save_model
from wearsynth.rendering import RenderOptions, render
from wearsynth.section import Mounting
from wearsynth.sensors import load_profile
from wearsynth.training import fit
from wearsynth.windowing import cut_windows

ROOT = Path(__file__).parents[1]
SEED, RATE_HZ, EACH = 0, 26.0, 300
CLASSES = ("stationary", "walking", "running")
STEPS = ("worn", "source", "target", "feedback", "both")
TURNED = 4
"""The feedback classifier learns each window in so many mountings more."""
JUDGES = ("trees", "minirocket")


@dataclass(frozen=True, eq=False)
class Blocks:
    """One fold's disjoint blocks of real LSM6DSL windows."""

    judged: Windows
    feedback: Windows
    target: Windows


def main(arguments: list[str]) -> None:
    """Measure every fold, generator and step."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--generators", nargs="+", default=["flow", "wgan-gp"])
    given.add_argument("--steps", nargs="+", choices=STEPS, default=STEPS)
    given.add_argument("--folds", type=int, default=4)
    given.add_argument("--first", type=int, help="only the first so many folds")
    given.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    given.add_argument("--runs", type=Path, default=ROOT / "runs" / "pamap2_to_lsm6dsl")
    options = given.parse_args(arguments)
    data = options.shared / "data"
    source = cut_windows(
        read(data / "st_pamap2_wrist"), length_s=2.0, stride_s=1.0, rate_hz=RATE_HZ
    )
    real = cut_windows(read(data / "st_lsm6dsl_har"), length_s=2.0, stride_s=2.0)
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    for number, blocks in enumerate(blocks_of(real, options.folds)):
        if options.first is not None and number >= options.first:
            break
        truth = {f"TRTR {g}": utility(blocks.target, blocks.judged, g) for g in ("4g", "2g")}
        classifier = train_classifier(blocks.feedback, set_aside=0, seed=SEED, turned=TURNED)
        for kind in options.generators:
            first = kept_fit(source, kind, options.runs)
            for step in options.steps:
                start_s = time.process_time()
                folder = options.runs / f"{kind}-{step}-{number}"
                model = stepped(first, step, blocks, classifier, folder)
                mounting: Mounting = "kept" if step == "worn" else "drawn"
                figures = {**figures_of(model, blocks, classifier, mounting), **truth}
                found.setdefault((kind, step), []).append(figures)
                told = ", ".join(f"{name} {value:.3f}" for name, value in figures.items())
                spent_s = time.process_time() - start_s
                print(f"fold {number}, {kind}, {step}: {told}; {spent_s:.0f} CPU s", flush=True)
    print("\n| generator | step | " + " | ".join(next(iter(found.values()))[0]) + " |")
    for (kind, step), rows in found.items():
        means = [f"{np.mean([row[name] for row in rows]):.3f}" for name in rows[0]]
        print(f"| {kind} | {step} | " + " | ".join(means) + " |")


def blocks_of(real: Windows, folds: int) -> Iterator[Blocks]:
    """Give the folds: block i judged on, the next for the feedback classifier, the others the target."""
    names = np.unique(real.group)
    fold_of, _ = dealt(real, names, folds, seed=SEED)
    own = fold_of[np.searchsorted(names, real.group)]
    for number in range(folds):
        after = (own - number) % folds
        yield Blocks(real.select(after == 0), real.select(after == 1), real.select(after > 1))


def kept_fit(source: Windows, kind: str, runs: Path) -> Model:
    """Give the generator fitted to the source, from its folder where it is there."""
    folder = runs / f"{kind}-source"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        save_model(fit(source, FitConfig(generator=kind, seed=SEED), say=quiet), folder)
    return load_model(folder)


def stepped(model: Model, step: str, blocks: Blocks, by: Classifier, folder: Path) -> Model:
    """Give the model after the step, from its folder where it is there."""
    if step in {"worn", "source"}:
        return model
    if not folder.exists():
        target = None if step == "feedback" else blocks.target
        classifier = None if step == "target" else by
        config = FinetuneConfig(seed=SEED)
        save_model(finetune(model, target, classifier, config, say=quiet), folder)
    return load_model(folder)


def figures_of(
    model: Model, blocks: Blocks, by: Classifier, mounting: Mounting
) -> dict[str, float]:
    """Give macro F1 by judge and full scale, the accepted share, and the detector AUC with its floor."""
    drawn = model.sample(dict.fromkeys(CLASSES, EACH), seed=SEED, mounting=mounting)
    figures = {
        f"TSTR {scale}": utility(as_recorded(drawn, scale), blocks.judged, scale)
        for scale in ("4g", "2g")
    }
    figures["accepted"] = float(np.mean(list(acceptance(model, by, SEED).by_class.values())))
    made = replace(as_recorded(drawn, "4g"), classes=CLASSES)
    scores = evaluate(
        replace(made, trained_groups=()),
        train=in_order(blocks.target),
        holdout=in_order(blocks.judged),
        quick=True,
        seed=SEED,
    )
    auc = next(score for score in scores.scores if score.name == "detector_auc")
    figures["detector AUC"] = np.nan if auc.value is None else auc.value
    figures["its floor"] = np.nan if auc.reference is None else auc.reference.mean
    return figures


def as_recorded(windows: Windows, full_scale: str) -> Windows:
    """Give the windows as five LSM6DSL at that full scale would have recorded them, in g."""
    options = RenderOptions(full_scale=full_scale, rate_hz=RATE_HZ, devices=5, seed=SEED)
    counts = render(windows, load_profile("lsm6dsl"), options)
    own = next(iter(windows.signals.values()))
    return replace(in_order(windows), signals={"acc": replace(own, values=counts.to_physical())})


def in_order(windows: Windows) -> Windows:
    """Give the windows with the classes in one order."""
    place = np.array([CLASSES.index(c) if c in CLASSES else -1 for c in windows.classes])
    return replace(windows, classes=CLASSES, label=place[windows.label])


def utility(learnt: Windows, judged: Windows, full_scale: str) -> float:
    """Give the mean over judges of macro F1 on real windows, clipped to the full scale."""
    learnt, judged = (clipped(in_order(of), float(full_scale[:-1])) for of in (learnt, judged))
    found = [
        f1_score(judged.label, fit_judge(name, learnt, seed=SEED).predict(judged), average="macro")
        for name in JUDGES
    ]
    return float(np.mean(found))


def clipped(windows: Windows, limit: float) -> Windows:
    """Give the windows with readings held within the limit."""
    signals = {
        name: replace(signal, values=np.clip(signal.values, -limit, limit))
        for name, signal in windows.signals.items()
    }
    return replace(windows, signals=signals)


def quiet(line: str) -> None:
    """Say nothing: a line is printed for each step."""


if __name__ == "__main__":
    main(sys.argv[1:])
