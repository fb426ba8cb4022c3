"""Fitting a generator to windows: groups set aside to decide when to stop, then the loop."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import wasserstein_distance

from wearsynth.config import FitConfig
from wearsynth.data import Windows
from wearsynth.errors import ConfigError, DataError, ModelError, TrainingError
from wearsynth.features import all_features
from wearsynth.files import check_writable
from wearsynth.generators import Sampler
from wearsynth.generators.gan import ConditionalGan, make_gan
from wearsynth.model import Model, gan_shape
from wearsynth.optimise import LoopPlan, Outcome, Records, Watch, optimise
from wearsynth.representation import Representation, representation_of
from wearsynth.splitting import split
from wearsynth.tensors import load_tensors, save_tensors

BELONGS, LOOP = "belongs-to.safetensors", "loop.safetensors"
MIN_WINDOWS = 8
CHECK_WINDOWS = 200
COLLAPSED_SPREAD = 0.02
"""A class has collapsed where the median feature varies less than this share of the real spread."""

Say = Callable[[str], None]


def fit(
    train: Windows,
    config: FitConfig,
    *,
    say: Say = print,
    watch: Watch | None = None,
    checkpoint: Path | None = None,
    resume: bool = False,
) -> Model:
    """Give a generator fitted to the windows; same seed, same weights.

    A share of the train groups is set aside to decide when to stop (`say` tells where there are too
    few). checkpoint: a folder for resuming; it must be empty unless `resume`, and may be removed once
    the model is saved. Raises DataError for too few windows, TrainingError for NaN or collapse, and
    errors.Interrupted after Ctrl-C.
    """
    _check(train, config)
    learning, stopping = _set_aside(train, config, say)
    representation = representation_of(train)
    shape = gan_shape(representation, len(train.classes), width=config.width)
    gan = replace(
        make_gan(shape, seed=config.seed),
        critic_updates=config.critic_updates,
        learning_rate=config.learning_rate,
    )
    gan.generator.to(config.device)
    gan.critic.to(config.device)
    records = Records(representation.encode(learning), learning.label)
    loop_file = _open_checkpoint(checkpoint, _fingerprint(records, config), resume=resume, say=say)
    check = HeldOutCheck(gan, representation, stopping, config.seed) if stopping else None
    outcome = optimise(
        gan, records, _loop_plan(config), check=check, watch=watch, checkpoint=loop_file
    )
    say(_ending(outcome))
    return _model(train, gan, representation, config, outcome)


@dataclass(frozen=True, eq=False)
class HeldOutCheck:
    """Scores a generator by its features against groups that it does not learn from.

    Calling it gives the mean over classes and features of d / (1 + d), 0 best and 1 worst, with d
    the Wasserstein-1 distance in units of the real sd: no single feature outweighs the others.
    TrainingError where all windows of a class look alike.
    """

    generator: Sampler
    representation: Representation
    stopping: Windows
    seed: int

    def __call__(self) -> float:
        """Draw as many windows as are held out, at most 200 a class, and compare."""
        real_features = all_features(self.stopping).values
        distances = []
        for index, name in enumerate(self.stopping.classes):
            real = real_features[self.stopping.label == index]
            if not len(real):
                continue
            made = self._draw(index, min(CHECK_WINDOWS, max(len(real), 20)))
            spread = real.std(axis=0)
            moving = spread > 1e-9
            if not moving.any():
                raise DataError(
                    f"the windows of {name!r} that were set aside for the early stop do not vary: "
                    "nothing to compare. Look at them with 'wearsynth data describe', or train "
                    "with --set-aside 0."
                )
            made, real, spread = made[:, moving], real[:, moving], spread[moving]
            _stop_if_collapsed(name, made.std(axis=0) / spread)
            distances += _bounded_w1(made / spread, real / spread)
        return float(np.mean(distances))

    def _draw(self, label: int, count: int) -> NDArray[np.float64]:
        rng = np.random.default_rng([self.seed, label])
        encoded = self.generator.sample(np.full(count, label, dtype=np.int64), rng)
        signals = self.representation.decode(encoded)
        made = replace(self.stopping.select(np.zeros(count, dtype=np.int64)), signals=signals)
        return all_features(made).values


def _stop_if_collapsed(name: str, relative_spread: NDArray[np.float64]) -> None:
    spread = float(np.median(relative_spread))
    if len(relative_spread) and spread < COLLAPSED_SPREAD:
        raise TrainingError(
            f"the generator has collapsed: its {name!r} windows are all alike (they vary {spread:.3f} "
            "times as much as real ones). Lower fit.learning_rate or raise fit.critic_updates."
        )


def _bounded_w1(made: NDArray[np.float64], real: NDArray[np.float64]) -> list[float]:
    """Give d / (1 + d) for each feature, d its Wasserstein-1 distance."""
    distances = [wasserstein_distance(a, b) for a, b in zip(made.T, real.T, strict=True)]
    return [float(distance / (1 + distance)) for distance in distances]


def _check(train: Windows, config: FitConfig) -> None:
    if len(train) < MIN_WINDOWS:
        raise DataError(f"{len(train)} windows are too few to fit; at least {MIN_WINDOWS} needed.")
    empty = [name for name, count in train.counts.items() if count == 0]
    if empty:
        raise DataError(
            f"no windows of class {empty[0]!r} to learn from; leave the class out of the windows "
            "or split again so that it is in train."
        )
    if train.synthetic.any():
        raise DataError("these windows are synthetic already; fit on real ones.")
    if config.device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("fit.device: no CUDA device on this machine; use cpu.")


def _set_aside(train: Windows, config: FitConfig, say: Say) -> tuple[Windows, Windows | None]:
    """Give the windows to learn from and those that decide when to stop."""
    groups = len(np.unique(train.group))
    if config.set_aside == 0 or groups < 4:
        why = "fit.set_aside is 0" if config.set_aside == 0 else f"only {groups} groups"
        say(f"No early stop ({why}): training runs all {config.rounds} rounds.")
        return train, None
    parts = split(train, holdout=config.set_aside, seed=config.seed)
    if not all(parts.train.counts.values()):
        say("No early stop (a class would have nothing left to learn from).")
        return train, None
    return parts.train, parts.holdout


def _loop_plan(config: FitConfig) -> LoopPlan:
    return LoopPlan(
        rounds=config.rounds,
        batch_size=config.batch_size,
        check_every=min(config.check_every, config.rounds),
        patience=config.patience,
        average_decay=config.average_decay,
        seed=config.seed,
        device=config.device,
    )


def checkpoint_of(model_folder: Path) -> Path:
    """Give the folder beside a model's where an unfinished fit keeps its checkpoint."""
    return model_folder.with_name(model_folder.name + ".checkpoint")


def remove_checkpoint(folder: Path) -> None:
    """Remove a checkpoint's files, and its folder if nothing else is in it."""
    for name in (BELONGS, LOOP):
        (folder / name).unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _fingerprint(records: Records, config: FitConfig) -> str:
    digest = hashlib.sha256(json.dumps(config.model_dump(), sort_keys=True).encode())
    digest.update(records.values.tobytes())
    digest.update(records.label.tobytes())
    return digest.hexdigest()


def _open_checkpoint(
    folder: Path | None, fingerprint: str, *, resume: bool, say: Say
) -> Path | None:
    """Give the loop's checkpoint file; refuse to mix runs of other windows or options."""
    if folder is None:
        return None
    belongs, loop = folder / BELONGS, folder / LOOP
    check_writable(loop)
    if resume and not loop.exists():
        say("No finished rounds to resume: starting from the first.")
    if not belongs.exists():
        save_tensors(belongs, {}, {"fingerprint": fingerprint})
    elif not resume:
        raise ModelError(
            f"{folder}: holds an unfinished fit. Go on with --resume, or delete the folder."
        )
    elif load_tensors(belongs)[1].get("fingerprint") != fingerprint:
        raise ModelError(
            f"{folder}: belongs to other windows or other fit options. Resume with those it was "
            "started with, or delete the folder."
        )
    return loop


def _ending(outcome: Outcome) -> str:
    return (
        f"Stopped after round {outcome.rounds_run} ({outcome.reason}); "
        f"kept the averaged weights of round {outcome.kept_round}."
    )


def _model(
    train: Windows,
    gan: ConditionalGan,
    representation: Representation,
    config: FitConfig,
    outcome: Outcome,
) -> Model:
    gan.generator.to("cpu")
    line = (
        f"fitted {config.generator} to {len(train)} windows of {len(np.unique(train.group))} "
        f"groups, seed {config.seed}, kept round {outcome.kept_round}"
    )
    return Model(
        generator=gan,
        representation=representation,
        classes=train.classes,
        trained_groups=tuple(np.unique(train.group).tolist()),
        provenance=(*train.provenance, line),
        about={
            "generator": config.generator,
            "fit": config.model_dump(),
            "rounds_run": outcome.rounds_run,
            "kept_round": outcome.kept_round,
            "stopped": outcome.reason,
            "held_out_scores": [list(pair) for pair in outcome.scores],
        },
    )
