"""The training loop: players in turn, losses per record, averaged weights, checkpoints, guards.

All randomness of round t is a function of (seed, t), so a run that was killed and resumed from its
last checkpoint ends with the same weights as one that was never stopped. Where training is private,
players that touch private data take the gradients that are handed in; the loop then has no private
record, and everything else that it does is computed from what was released.
"""

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wearsynth.data import FloatArray, IntArray
from wearsynth.errors import Interrupted, ModelError, TrainingError
from wearsynth.generators import Parameters, Player, Precision, Trainable
from wearsynth.tensors import load_tensors, one_thread, save_tensors

CHECKPOINT_EVERY_S = 20.0

WARM_UP = 100
"""A learning rate that falls rises over so many rounds first, a tenth of them where they are few."""


ROOT_AFTER = 500
"""A learning rate that falls as the root of rounds begins to after so many (Karras et al., 2024, arXiv
2312.02696)."""


@dataclass(frozen=True)
class LoopPlan:
    """How long and how to train.

    rounds: at most this many. check_every: rounds between held-out checks. patience: stop after
    this many checks without a better score. average_decay: of the averaged weights, per round.
    precision: of the networks' arithmetic.
    """

    rounds: int
    batch_size: int
    check_every: int
    patience: int
    average_decay: float
    seed: int
    device: str = "cpu"
    precision: Precision = "float32"


@dataclass(frozen=True, eq=False)
class Records:
    """What is learnt from: values (record, channel, step) float32 and label (record,)."""

    values: FloatArray
    label: IntArray


@dataclass(frozen=True)
class RoundReport:
    """One finished round: its number, of how many, each player's mean loss, the latest score."""

    round: int
    rounds: int
    losses: Mapping[str, float]
    score: float | None


@dataclass(frozen=True)
class Outcome:
    """How training ended: the round whose weights were kept, every check's score, why it stopped."""

    kept_round: int
    rounds_run: int
    scores: tuple[tuple[int, float], ...]
    reason: str


PrivateStep = Callable[[Player, Mapping[str, Parameters], int], Mapping[str, Tensor]]
"""(player, parameters by player, number of the private step) -> the noisy gradient of the player's
trained parameters, by name."""

Check = Callable[[], float]
"""Scores the averaged weights on held-out groups, smaller is better; raises TrainingError."""
Watch = Callable[[RoundReport], None]


@dataclass
class _State:
    """What changes during training, all of it in the checkpoint."""

    average: Parameters
    best: Parameters
    optimisers: Mapping[str, torch.optim.Adam]
    round: int = 0
    private_steps: int = 0
    best_round: int = 0
    scores: list[tuple[int, float]] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class _Task:
    """What stays the same during training."""

    trainable: Trainable
    records: Records
    plan: LoopPlan
    check: Check | None
    watch: Watch | None
    checkpoint: Path | None
    private: PrivateStep | None


def optimise(
    trainable: Trainable,
    records: Records,
    plan: LoopPlan,
    *,
    check: Check | None = None,
    watch: Watch | None = None,
    checkpoint: Path | None = None,
    private: PrivateStep | None = None,
) -> Outcome:
    """Train in place; the averaged player ends with the averaged weights that scored best.

    With a checkpoint path the loop goes on from that file if it exists, and writes it, for the owner's
    eyes alone, every 20 s, at the end, and on Ctrl-C (which raises Interrupted). Only parameters that ask
    for a gradient are trained. private: gives the gradients of players that touch private data; records
    are then public, for the others, and no loss is reported. Raises TrainingError where a loss is no longer
    a number or a check finds that the generator has collapsed.
    """
    task = _Task(trainable, records, plan, check, watch, checkpoint, private)
    state = _start(trainable)
    if checkpoint is not None and checkpoint.exists():
        _restore(checkpoint, trainable, state)
    with _ctrl_c_waits() as asked_to_stop, one_thread():
        reason = _play(task, state, asked_to_stop)
    kept = state.best if state.scores else state.average
    _load_into(_player(trainable, trainable.averaged), kept)
    kept_round = state.best_round if state.scores else state.round
    return Outcome(kept_round, state.round, tuple(state.scores), reason)


def _play(task: _Task, state: _State, asked_to_stop: Callable[[], bool]) -> str:
    """Play rounds until there is a reason to end, and give the reason."""
    saved_at = time.monotonic()
    while state.round < task.plan.rounds and not _patience_is_over(task, state):
        losses = _play_round(task, state)
        if task.check is not None and state.round % task.plan.check_every == 0:
            _note_score(task.trainable, state, task.check)
        if task.watch is not None:
            latest = state.scores[-1][1] if state.scores else None
            task.watch(RoundReport(state.round, task.plan.rounds, losses, latest))
        due = time.monotonic() - saved_at > CHECKPOINT_EVERY_S
        if task.checkpoint is not None and (due or asked_to_stop()):
            _save(task.checkpoint, task.trainable, state)
            saved_at = time.monotonic()
        if asked_to_stop():
            raise Interrupted(_how_to_resume(state.round, task))
    if task.checkpoint is not None:
        _save(task.checkpoint, task.trainable, state)
    if _patience_is_over(task, state):
        return f"no better held-out score in {task.plan.patience} checks"
    return "all rounds done"


def _how_to_resume(done: int, task: _Task) -> str:
    resume = "go on with the same command and --resume."
    remedy = "nothing was kept." if task.checkpoint is None else resume
    return f"stopped by Ctrl-C after round {done} of {task.plan.rounds}; {remedy}"


def _play_round(task: _Task, state: _State) -> dict[str, float]:
    """Update every player in turn, then the average; give each player's mean loss, if it may be told."""
    trainable, plan = task.trainable, task.plan
    rng = np.random.default_rng(np.random.SeedSequence([plan.seed, state.round]))
    losses = {}
    for player in trainable.players:
        total = 0.0
        for _ in range(player.updates_per_round):
            optimiser = state.optimisers[player.name]
            _set_learning_rate(optimiser, player, state.round, plan.rounds)
            if task.private is not None and player.touches_private_data:
                _private_step(task, task.private, player, state)
                continue
            batch = _batch(task, rng)
            with arithmetic(plan.device, plan.precision):
                total += _plain_step(trainable, player, optimiser, batch)
        losses[player.name] = total / player.updates_per_round
        if not math.isfinite(losses[player.name]):
            raise TrainingError(
                f"the {player.name}'s loss became {losses[player.name]} in round {state.round + 1}; "
                "lower fit.learning_rate and look for outliers with 'wearsynth data describe'."
            )
    state.round += 1
    _update_average(state, _parameters(_player(trainable, trainable.averaged)), plan.average_decay)
    return losses if task.private is None else {}


def _batch(task: _Task, rng: np.random.Generator) -> list[Tensor]:
    """Draw records, balanced over labels, with their labels and noise."""
    records, plan, noise_size = task.records, task.plan, task.trainable.noise_size
    chosen = draw_balanced(records.label, plan.batch_size, rng)
    noise = rng.standard_normal((plan.batch_size, noise_size), dtype=np.float32)
    arrays = (records.values[chosen], records.label[chosen], noise)
    return [torch.from_numpy(array).to(plan.device) for array in arrays]


def _set_learning_rate(optimiser: torch.optim.Adam, player: Player, done: int, rounds: int) -> None:
    """Let the learning rate rise over the first rounds and fall as the player says."""
    if player.falls == "never":
        return
    rise = min(1.0, (done + 1) / min(WARM_UP, 1 + rounds // 10))
    if player.falls == "cosine":
        fall = (1 + math.cos(math.pi * done / rounds)) / 2
    else:
        fall = math.sqrt(min(1.0, ROOT_AFTER / (done + 1)))
    for group in optimiser.param_groups:
        group["lr"] = player.learning_rate * rise * fall


def arithmetic(device: str, precision: Precision) -> torch.autocast:
    """Give the context in which networks compute with this precision."""
    return torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16")


def _plain_step(
    trainable: Trainable, player: Player, optimiser: torch.optim.Adam, batch: list[Tensor]
) -> float:
    """One step along the gradient of the mean of the losses per record."""
    parameters = {other.name: _parameters(other) for other in trainable.players}
    loss = player.loss(parameters, *batch).mean()
    own = _trained(parameters[player.name])
    gradients = torch.autograd.grad(loss, list(own.values()))
    _follow(optimiser, own, dict(zip(own, gradients, strict=True)))
    return float(loss.detach())


def _private_step(task: _Task, private: PrivateStep, player: Player, state: _State) -> None:
    """One step along the gradient that is handed in."""
    parameters = {other.name: _parameters(other) for other in task.trainable.players}
    gradient = private(player, parameters, state.private_steps)
    _follow(state.optimisers[player.name], _trained(parameters[player.name]), gradient)
    state.private_steps += 1


def _follow(optimiser: torch.optim.Adam, own: Parameters, gradient: Mapping[str, Tensor]) -> None:
    for name, parameter in own.items():
        parameter.grad = gradient[name]
    optimiser.step()


def draw_balanced(label: IntArray, count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Give indices of records: each draw takes a class at random, then a record of it."""
    members = [np.flatnonzero(label == index) for index in np.unique(label)]
    classes = rng.integers(len(members), size=count)
    places = rng.random(count)
    return np.array(
        [members[c][int(p * len(members[c]))] for c, p in zip(classes, places, strict=True)]
    )


def _start(trainable: Trainable) -> _State:
    optimisers = {
        player.name: torch.optim.Adam(
            list(_trained(_parameters(player)).values()),
            lr=player.learning_rate,
            betas=player.betas,
            fused=True,
        )
        for player in trainable.players
    }
    first = _copy(_parameters(_player(trainable, trainable.averaged)))
    return _State(average=first, best=_copy(first), optimisers=optimisers)


def _update_average(state: _State, current: Parameters, decay: float) -> None:
    """Exponential average, with a shorter memory at the start so that it forgets the first weights."""
    decay = min(decay, state.round / (state.round + 9))
    with torch.no_grad():
        values = [current[name] for name in state.average]
        torch._foreach_lerp_(list(state.average.values()), values, 1 - decay)


def _note_score(trainable: Trainable, state: _State, check: Check) -> None:
    """Score the averaged weights (lent to the player for the check) and keep them if they are best."""
    player = _player(trainable, trainable.averaged)
    current = _copy(_parameters(player))
    _load_into(player, state.average)
    score = check()
    _load_into(player, current)
    if not state.scores or score < min(s for _, s in state.scores):
        state.best, state.best_round = _copy(state.average), state.round
    state.scores.append((state.round, score))


def _patience_is_over(task: _Task, state: _State) -> bool:
    waited = state.round - state.best_round
    return task.check is not None and waited >= task.plan.patience * task.plan.check_every


def _player(trainable: Trainable, name: str) -> Player:
    return next(player for player in trainable.players if player.name == name)


def _parameters(player: Player) -> Parameters:
    return dict(player.module.named_parameters())


def _trained(parameters: Parameters) -> Parameters:
    """Give those that ask for a gradient."""
    return {name: value for name, value in parameters.items() if value.requires_grad}


def _copy(parameters: Parameters) -> Parameters:
    return {name: value.detach().clone() for name, value in parameters.items()}


def _load_into(player: Player, parameters: Parameters) -> None:
    with torch.no_grad():
        for name, value in player.module.named_parameters():
            value.copy_(parameters[name])


def _save(path: Path, trainable: Trainable, state: _State) -> None:
    tensors = {f"average.{n}": v for n, v in state.average.items()}
    tensors |= {f"best.{n}": v for n, v in state.best.items()}
    for player in trainable.players:
        moments = state.optimisers[player.name].state
        for name, value in player.module.named_parameters():
            tensors[f"{player.name}.{name}"] = value.detach()
            for key, moment in moments.get(value, {}).items():
                tensors[f"{player.name}.{name}/{key}"] = moment
    scores = [[number, score.hex()] for number, score in state.scores]
    about = {"round": state.round, "best_round": state.best_round, "scores": scores}
    about["private_steps"] = state.private_steps
    save_tensors(path, tensors, about, private=True)


def _restore(path: Path, trainable: Trainable, state: _State) -> None:
    tensors, about = load_tensors(path)
    try:
        _load_state(tensors, about, trainable, state)
    except (KeyError, RuntimeError) as error:
        raise ModelError(
            f"{path}: belongs to another model. Delete its folder to start anew."
        ) from error


def _load_state(
    tensors: Parameters, about: Mapping[str, Any], trainable: Trainable, state: _State
) -> None:
    for name in state.average:
        state.average[name].copy_(tensors[f"average.{name}"])
        state.best[name].copy_(tensors[f"best.{name}"])
    for player in trainable.players:
        moments = state.optimisers[player.name].state
        for name, value in player.module.named_parameters():
            with torch.no_grad():
                value.copy_(tensors[f"{player.name}.{name}"])
            for key in ("step", "exp_avg", "exp_avg_sq") if value.requires_grad else ():
                stored = tensors[f"{player.name}.{name}/{key}"]
                moments[value][key] = stored.to(value.device)
    state.round, state.best_round = about["round"], about["best_round"]
    state.private_steps = about["private_steps"]
    state.scores = [(number, float.fromhex(score)) for number, score in about["scores"]]


@contextmanager
def _ctrl_c_waits() -> Iterator[Callable[[], bool]]:
    """Hold Ctrl-C back until the round is finished; give a function that tells if it came."""
    came = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield came.is_set
        return

    def hold_back(_number: int, _frame: FrameType | None) -> None:
        if came.is_set():
            raise KeyboardInterrupt
        came.set()

    before = signal.signal(signal.SIGINT, hold_back)
    try:
        yield came.is_set
    finally:
        signal.signal(signal.SIGINT, before)
