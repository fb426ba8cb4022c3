"""Fitting a generator to windows: some set aside to decide when to stop, then the loop."""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from wearsynth.conditions import ConditionForm, conditions_of
from wearsynth.config import FinetuneConfig, FitConfig, Usual
from wearsynth.data import FloatArray, Windows
from wearsynth.errors import ConfigError, DataError, ModelError
from wearsynth.files import check_writable
from wearsynth.generators import Sampler
from wearsynth.generators.flow import ConditionalFlow, make_flow
from wearsynth.generators.gan import ConditionalGan, Network, make_gan
from wearsynth.generators.mixture import fit_mixture
from wearsynth.generators.records import RecordShape
from wearsynth.grids import grids_of
from wearsynth.model import Model, record_shape
from wearsynth.optimise import LoopPlan, Outcome, Records, Watch, optimise
from wearsynth.privacy.keys import forget_key
from wearsynth.representation import Representation, representation_of
from wearsynth.stopping import HeldOutCheck, set_aside
from wearsynth.tensors import check_device, load_tensors, save_tensors

BELONGS, LOOP, PUBLIC = "belongs-to.safetensors", "loop.safetensors", "public"
"""A checkpoint's files, and the folder of a public model in it."""

MIN_WINDOWS = 8
CHECK_HEUN_STEPS = 4
"""A check while fitting follows the flow in fewer steps."""

FEW_PEOPLE = 6
FEW_WINDOWS = 20
"""Below so many groups, or windows of a class, a line warns that figures will say little."""

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Learnt:
    """What is learnt from, in network form.

    learning: the real windows of these, None where none are. stopping: those that decide when to stop.
    """

    representation: Representation
    conditions: ConditionForm
    shape: RecordShape
    records: Records
    learning: Windows | None
    stopping: Windows | None


def fit(
    windows: Windows,
    config: FitConfig,
    *,
    say: Say = print,
    watch: Watch | None = None,
    checkpoint: Path | None = None,
    resume: bool = False,
) -> Model:
    """Give a generator fitted to the windows; same seed, same weights.

    A share of the train groups is set aside to decide when to stop (`say` tells how, and where data
    are too few for a claim). checkpoint: a folder for resuming; it must be empty unless `resume`, and
    may be removed once the model is saved. Raises DataError for too few windows, TrainingError for
    NaN or collapse, and errors.Interrupted after Ctrl-C.
    """
    check_learnable(windows)
    check_device(config.device, "fit.device")
    warn_of_few(windows, say)
    if config.generator == "few-numbers":
        raise ConfigError(
            "few-numbers is fitted with public windows and an epsilon (--public, --epsilon; 0: from the "
            "public windows alone)."
        )
    if config.generator == "mixture":
        learnt = _learnt(windows, None, config)
        mixture = fit_mixture(
            learnt.records.values, learnt.records.label, learnt.shape, seed=config.seed
        )
        return _model(windows, mixture, learnt, config, None)
    learning, stopping, how = set_aside(windows, config.set_aside, config.seed)
    usual = config.usual(len(learning))
    say(f"{how}; {usual.rounds} rounds of {usual.batch_size} windows at most.")
    learnt = _learnt(learning, stopping, config)
    trainable = untrained(config, usual, learnt.shape)
    loop_file = open_checkpoint(
        checkpoint, learnt.records, config.model_dump(), resume=resume, say=say
    )
    plan = loop_plan(config, usual)
    outcome = train(trainable, learnt, plan, say=say, watch=watch, checkpoint=loop_file)
    return _model(windows, trainable, learnt, config, outcome)


def loop_plan(config: FitConfig | FinetuneConfig, rounds: Usual | FinetuneConfig) -> LoopPlan:
    """Give the plan of a loop; rounds: what says how many there are, of how many windows, how averaged."""
    return LoopPlan(
        rounds=rounds.rounds,
        batch_size=rounds.batch_size,
        check_every=min(rounds.check_every, rounds.rounds),
        patience=config.patience,
        average_decay=rounds.average_decay,
        seed=config.seed,
        device=config.device,
        precision=config.precision,
    )


def train(
    trainable: ConditionalFlow | ConditionalGan,
    learnt: Learnt,
    plan: LoopPlan,
    *,
    say: Say,
    watch: Watch | None,
    checkpoint: Path | None,
) -> Outcome:
    """Train in place, on the plan's device, guarded by the windows that decide when to stop."""
    for player in trainable.players:
        player.module.to(plan.device)
    check = _check_of(learnt, trainable, plan.seed, say)
    outcome = optimise(
        trainable, learnt.records, plan, check=check, watch=watch, checkpoint=checkpoint
    )
    for player in trainable.players:
        player.module.to("cpu")
    say(_ending(outcome))
    if check is not None:
        say(_copying_line(check))
    return outcome


def _learnt(learning: Windows, stopping: Windows | None, config: FitConfig) -> Learnt:
    """Give windows in network form; with conditions, each with all of them and with some left out."""
    representation = representation_of(learning)
    values, label = representation.encode(learning), learning.label
    numbers = values[:, sum(representation.folds) :, 0]
    conditions, told = conditions_of(learning, numbers)
    if conditions.size:
        fewer = conditions.without_some(told, np.random.default_rng(config.seed))
        values = np.concatenate([with_conditions(values, told), with_conditions(values, fewer)])
        label = np.concatenate([label, label])
    shape = record_shape(representation, len(learning.classes), conditions)
    records = Records(values, label)
    return Learnt(representation, conditions, shape, records, learning, stopping)


def with_conditions(values: FloatArray, told: FloatArray) -> FloatArray:
    """Give records (record, channel, step) with conditions (record, condition) as more channels."""
    constant = np.broadcast_to(told[:, :, None], (*told.shape, values.shape[2]))
    return np.concatenate([values, constant], axis=1)


def untrained(
    config: FitConfig, usual: Usual, shape: RecordShape
) -> ConditionalFlow | ConditionalGan:
    """Give the generator that the options name."""
    trainable: ConditionalFlow | ConditionalGan
    if config.generator == "flow":
        trainable = make_flow(shape, width=usual.width, seed=config.seed)
    else:
        network: Network = "lstm" if config.generator == "lstm-gan" else "conv"
        trainable = replace(
            make_gan(shape, network=network, width=usual.width, seed=config.seed),
            critic_updates=config.critic_updates,
        )
    return replace(trainable, learning_rate=usual.learning_rate)


def _check_of(learnt: Learnt, generator: Sampler, seed: int, say: Say) -> HeldOutCheck | None:
    if learnt.stopping is None or learnt.learning is None:
        return None
    if isinstance(generator, ConditionalFlow):
        generator = replace(generator, heun_steps=CHECK_HEUN_STEPS)
    check = HeldOutCheck(
        generator,
        learnt.representation,
        learnt.conditions,
        learnt.learning,
        learnt.stopping,
        seed,
        say,
    )
    return replace(check, untrained_auc=check.copying_now().membership_auc)


def check_learnable(train: Windows) -> None:
    """Raise DataError where windows are too few, lack a class, or are synthetic."""
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


def warn_of_few(train: Windows, say: Say) -> None:
    """Say plainly where data are too few for a claim."""
    groups = len(np.unique(train.group))
    fewest = min(train.counts, key=train.counts.__getitem__)
    few = [f"{groups} groups"] if groups < FEW_PEOPLE else []
    if train.counts[fewest] < FEW_WINDOWS:
        few.append(f"{train.counts[fewest]} windows of {fewest!r}")
    if few:
        say(
            f"Few data ({' and '.join(few)}): the windows will be variations of these recordings, and "
            "no figure can show that they are like other people's."
        )


def _copying_line(check: HeldOutCheck) -> str:
    """Say how near the kept generator comes to what it learnt."""
    copying = check.copying_now()
    verdict = (
        "it repeats what it learnt: use more people or fewer rounds"
        if copying.alarm
        else "no copies"
    )
    return f"Copies, beside windows set aside: {copying.line} ({verdict})."


def checkpoint_of(model_folder: Path) -> Path:
    """Give the folder beside a model's where an unfinished fit keeps its checkpoint."""
    return model_folder.with_name(model_folder.name + ".checkpoint")


def remove_checkpoint(folder: Path) -> None:
    """Remove a checkpoint's files, a secret key among them, and its folder if nothing else is in it."""
    forget_key(folder)
    for name in (BELONGS, LOOP):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / PUBLIC, ignore_errors=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def open_checkpoint(
    folder: Path | None,
    records: Records,
    options: Mapping[str, Any],
    *,
    resume: bool,
    say: Say,
) -> Path | None:
    """Give the loop's checkpoint file; refuse to mix runs of other windows or options."""
    if folder is None:
        return None
    mark = fingerprint(records, options)
    belongs, loop = folder / BELONGS, folder / LOOP
    check_writable(loop)
    if resume and not loop.exists():
        say("No finished rounds to resume: starting from the first.")
    if not belongs.exists():
        save_tensors(belongs, {}, {"fingerprint": mark}, private=True)
    elif not resume:
        raise ModelError(
            f"{folder}: holds an unfinished fit. Go on with --resume, or delete the folder."
        )
    elif load_tensors(belongs)[1].get("fingerprint") != mark:
        raise ModelError(
            f"{folder}: belongs to other windows or other fit options. Resume with those it was "
            "started with, or delete the folder."
        )
    return loop


def fingerprint(records: Records, options: Mapping[str, Any]) -> str:
    """Give a digest of what a run depends on."""
    digest = hashlib.sha256(json.dumps(options, sort_keys=True).encode())
    digest.update(records.values.tobytes())
    digest.update(records.label.tobytes())
    return digest.hexdigest()


def _ending(outcome: Outcome) -> str:
    return (
        f"Stopped after round {outcome.rounds_run} ({outcome.reason}); "
        f"kept the averaged weights of round {outcome.kept_round}."
    )


def _model(
    train: Windows,
    generator: Sampler,
    learnt: Learnt,
    config: FitConfig,
    outcome: Outcome | None,
) -> Model:
    """Give the model; outcome: of the loop, None where there was none."""
    line = (
        f"fitted {config.generator} to {len(train)} windows of {len(np.unique(train.group))} "
        f"groups, seed {config.seed}"
    )
    about: dict[str, Any] = {"generator": config.generator, "fit": config.model_dump()}
    if outcome is not None:
        line += f", kept round {outcome.kept_round}"
        about |= {
            "rounds_run": outcome.rounds_run,
            "kept_round": outcome.kept_round,
            "stopped": outcome.reason,
            "held_out_scores": [list(pair) for pair in outcome.scores],
        }
    return Model(
        kind=config.generator,
        generator=generator,
        representation=learnt.representation,
        classes=train.classes,
        trained_groups=tuple(np.unique(train.group).tolist()),
        provenance=(*train.provenance, line),
        about=about,
        conditions=learnt.conditions,
        grids=grids_of(train),
    )
