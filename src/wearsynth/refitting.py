"""Generators to fit again: what attacks that retrain need, as the command line names it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from wearsynth.config import FitConfig
from wearsynth.data import Windows
from wearsynth.errors import ConfigError, Interrupted, ModelError, TrainingError
from wearsynth.evaluation.attacks.keeping import Keep
from wearsynth.evaluation.attacks.retraining import Fit, Retraining, Watch
from wearsynth.evaluation.controls import fit_mixture
from wearsynth.model import Model, find_model, load_model
from wearsynth.optimise import RoundReport
from wearsynth.section import parse
from wearsynth.training import Say, fit

MIXTURE = "mixture"

TRIED_ROUNDS = 12
"""A short fit tells what a round costs; the first rounds, which warm up, do not count."""

WARM_UP = 3


@dataclass(frozen=True)
class RetrainPlan:
    """What a person asks for: so many fits of the mixture or of a model's generator.

    rounds: at most so many a fit, in place of the model's own number.
    """

    times: int
    by: str = MIXTURE
    rounds: int | None = None


@dataclass(frozen=True)
class RetrainProgress:
    """Who is told: lines of text, and the number of finished fits."""

    say: Say
    watch: Watch


def retraining_of(
    plan: RetrainPlan,
    synthetic: Windows,
    train: Windows,
    out: Path,
    *,
    progress: RetrainProgress | None = None,
) -> Retraining:
    """Give what `evaluate` needs to retrain, and say what it will cost.

    Finished fits are kept beside `out`. Synthetic windows that do not come from the model's generator
    are not judged by its fits. ConfigError or ModelError where the model cannot be fitted again.
    """
    progress = progress or RetrainProgress(_quiet, lambda _done, _times: None)
    kept = out.with_name(f"{out.name}.retrained.json")
    if plan.by == MIXTURE:
        return _of_mixture(plan, train, kept, progress)
    model, config = _model(plan)
    own = comes_from(synthetic, model)
    about = f"the generator of {Path(plan.by).name}"
    if not own:
        about += ", from which these windows do not say they come"
        progress.say(f"{plan.by}: the synthetic windows do not come from it: no verdict on them.")
    if plan.rounds is not None:
        about += f", fitted for {plan.rounds} rounds at most"
    rounds = config.usual(len(_half(train))).rounds
    if rounds:
        cost_s, what = (
            _round_s(_half(train), config) * rounds,
            f"{plan.by}, {rounds} rounds at most",
        )
    else:
        cost_s, what = _seconds(lambda: fit_again(config)(_half(train))), plan.by
    progress.say(_told(plan, what, cost_s, "at most about"))
    keep = Keep(kept, config.model_dump_json())
    return Retraining(fit_again(config), plan.times, "model", own, about, keep, progress.watch)


def _of_mixture(
    plan: RetrainPlan, train: Windows, kept: Path, progress: RetrainProgress
) -> Retraining:
    if plan.rounds is not None:
        raise ConfigError("--retrain-rounds is for a model: the mixture is fitted in one go.")
    cost_s = _seconds(lambda: fit_mixture(_half(train)))
    progress.say(_told(plan, "a Gaussian mixture", cost_s, "about"))
    about = "a Gaussian mixture, not of what made these windows"
    keep = Keep(kept, MIXTURE)
    return Retraining(fit_mixture, plan.times, MIXTURE, False, about, keep, progress.watch)


@contextmanager
def going_on_later(retrain: Retraining | None) -> Iterator[None]:
    """Let a Ctrl-C say which finished fits are kept, and how to go on."""
    try:
        yield
    except (KeyboardInterrupt, Interrupted) as stop:
        if retrain is None or retrain.keep is None or not retrain.keep.path.exists():
            raise
        raise Interrupted(
            f"stopped by Ctrl-C; finished fits are kept in {retrain.keep.path}: the same command "
            "goes on after them."
        ) from stop


def _model(plan: RetrainPlan) -> tuple[Model, FitConfig]:
    """Give the model and the options that it was fitted with."""
    model = load_model(find_model(plan.by))
    if model.privacy is not None:
        raise ModelError(
            f"{plan.by}: was fitted with a privacy guarantee; fits without one would say nothing of it."
        )
    options = model.about.get("fit")
    if not isinstance(options, dict):
        raise ModelError(f"{plan.by}: does not say how it was fitted; it cannot be fitted again.")
    config = parse(FitConfig, options, where=f"{plan.by}: fit")
    changed: dict[str, object] = {} if plan.rounds is None else {"rounds": plan.rounds}
    if config.device == "cuda" and not torch.cuda.is_available():
        changed["device"] = "cpu"
    return model, config.model_copy(update=changed)


def comes_from(synthetic: Windows, model: Model) -> bool:
    """Tell whether windows say that the model made them, all of them alike."""
    steps = model.provenance
    return (
        bool(steps)
        and synthetic.provenance[: len(steps)] == steps
        and bool(synthetic.trained_groups)
    )


def fit_again(config: FitConfig) -> Fit:
    """Give what fits a generator with these options, to the classes that there are windows of."""

    def again(windows: Windows) -> Model:
        try:
            return fit(only_present(windows), config, say=_quiet)
        except TrainingError as error:
            raise TrainingError(
                f"a fit to half of the people failed: {error} Retrain with fewer rounds "
                "(--retrain-rounds), or with the mixture."
            ) from error

    return again


def only_present(windows: Windows) -> Windows:
    """Give the windows without the classes that none of them has."""
    present = [name for name, count in windows.counts.items() if count]
    places = np.cumsum([count > 0 for count in windows.counts.values()]) - 1
    return replace(windows, classes=tuple(present), label=places[windows.label])


def _half(train: Windows) -> Windows:
    """Give the windows of half of the groups: what each fit will see."""
    groups = np.unique(train.group)
    return train.select(np.isin(train.group, groups[: max(1, len(groups) // 2)]))


def _seconds(work: Callable[[], object]) -> float:
    start_s = time.monotonic()
    work()
    return time.monotonic() - start_s


def _round_s(windows: Windows, config: FitConfig) -> float:
    """Give what a round of fitting takes here, measured on the first few."""
    at_s: list[float] = []

    def watch(_: RoundReport) -> None:
        at_s.append(time.monotonic())

    rounds = min(TRIED_ROUNDS, config.usual(len(windows)).rounds)
    short = config.model_copy(update={"rounds": rounds, "set_aside": 0.0})
    fit(only_present(windows), short, say=_quiet, watch=watch)
    warm = min(WARM_UP, rounds - 1)
    return (at_s[-1] - at_s[warm]) / max(1, rounds - 1 - warm)


def _quiet(_: str) -> None:
    """Say nothing: two dozen fits would say the same."""


def _told(plan: RetrainPlan, what: str, cost_s: float, about: str) -> str:
    whole = f"{duration(cost_s)} each, {duration(cost_s * plan.times)} in all"
    return (
        f"retrain attack: {plan.times} fits of {what}, {about} {whole}. Ctrl-C stops it; the same "
        "command goes on."
    )


def duration(seconds: float) -> str:
    """Give seconds, minutes or hours in two digits.

    >>> duration(0.34), duration(75), duration(9000)
    ('0.3 s', '75 s', '2.5 h')
    """
    for size, word in ((3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return (
                f"{seconds / size:.1f} {word}"
                if seconds < 10 * size
                else f"{seconds / size:.0f} {word}"
            )
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
