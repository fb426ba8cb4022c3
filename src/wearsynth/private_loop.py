"""The private training itself: the one loop, with the step that touches private windows in its place."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from wearsynth.config import FitConfig
from wearsynth.generators import Parameters, Player, Trainable
from wearsynth.optimise import PrivateStep, Records, Watch, optimise
from wearsynth.privacy.steps import PrivateSteps, way_to_clip
from wearsynth.training import Say, loop_plan


def quickest_clipping(steps: PrivateSteps, trainable: Trainable, say: Say) -> PrivateSteps:
    """Give the same steps with the quickest way to clip that the networks allow; say if it is another."""
    parameters: dict[str, Parameters] = {
        player.name: dict(player.module.named_parameters()) for player in trainable.players
    }
    channels, length = steps.records.values.shape[1:]
    sizes = (channels, length, steps.noise_size)
    clipped, line = way_to_clip(private_player(trainable), parameters, sizes, steps.each)
    if line:
        say(line)
    return replace(steps, clipped=clipped)


def private_player(trainable: Trainable) -> Player:
    """Give the player that touches private data; each of our generators has one."""
    [player] = [one for one in trainable.players if one.touches_private_data]
    return player


def labels_alone(records: Records, classes: int) -> Records:
    """Give an empty record of each class: what players learn from that see no private window."""
    nothing = np.zeros((classes, *records.values.shape[1:]), dtype=np.float32)
    return Records(nothing, np.arange(classes))


def train_privately(
    trainable: Trainable,
    labels: Records,
    config: FitConfig,
    private: PrivateStep,
    *,
    watch: Watch | None,
    checkpoint: Path | None,
) -> None:
    """Train in place; only the private step touches private windows."""
    usual = config.usual(0)
    plan = replace(loop_plan(config, usual), check_every=usual.rounds)
    for player in trainable.players:
        player.module.to(config.device)
    optimise(trainable, labels, plan, watch=watch, checkpoint=checkpoint, private=private)
    for player in trainable.players:
        player.module.to("cpu")
