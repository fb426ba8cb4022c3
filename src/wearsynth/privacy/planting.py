"""Canaries inside a training: each has a weight that nobody else moves, and somebody listens.

Whoever sees every noisy gradient, as the guarantee allows, and planted records that pull at one weight as
hard as clipping lets them, knows who was in as well as anybody can (Nasr et al., 2023, arXiv
2302.07956). The loop, the clipping, the noise and the network are those of every private training.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from wearsynth.generators import Parameters, Player, RecordLoss, Trainable
from wearsynth.optimise import PrivateStep

PULL = 1e4
"""The slope of a canary's loss by its weight: all of its gradient, beside what the network adds."""

WEIGHT = "canaries.weight"


@dataclass(frozen=True, eq=False)
class WithCanaries:
    """A Trainable whose private player has a weight more for each canary.

    classes: of the windows; a record with label classes + i is one of canary i, and the network takes
    it for one of the last class. weights: (1 + canary, 1).
    """

    of: Trainable
    classes: int
    weights: nn.Embedding

    @property
    def players(self) -> tuple[Player, ...]:
        """The same, the one that touches private data with the weights."""
        return tuple(
            replace(player, loss=self._with_weights(player), module=self._module(player))
            for player in self.of.players
        )

    @property
    def noise_size(self) -> int:
        """As before."""
        return self.of.noise_size

    @property
    def averaged(self) -> str:
        """As before."""
        return self.of.averaged

    def _module(self, player: Player) -> nn.Module:
        if not player.touches_private_data:
            return player.module
        return nn.ModuleDict({"net": player.module, "canaries": self.weights})

    def _with_weights(self, player: Player) -> RecordLoss:
        private = {of.name for of in self.of.players if of.touches_private_data}

        def loss(
            parameters: Mapping[str, Parameters], records: Tensor, label: Tensor, noise: Tensor
        ) -> Tensor:
            plain = {
                name: _of_net(own) if name in private else own for name, own in parameters.items()
            }
            own = player.loss(plain, records, label.clamp(max=self.classes - 1), noise)
            if not player.touches_private_data:
                return own
            canary = (label - self.classes + 1).clamp(min=0)  # 0: of real people
            pull = F.embedding(canary, parameters[player.name][WEIGHT])[:, 0]
            return own - PULL * pull * (canary > 0)

        return loss


def with_canaries(trainable: Trainable, *, classes: int, canaries: int) -> WithCanaries:
    """Give the trainable with a weight for each canary, all 0."""
    weights = nn.Embedding(1 + canaries, 1)
    nn.init.zeros_(weights.weight)
    return WithCanaries(trainable, classes, weights)


@dataclass(frozen=True, eq=False)
class Overheard:
    """A private step, and what it released of the canaries' weights: pulls, (canary,), added up.

    Under the guarantee a pull is at most steps * clip norm plus noise; without noise and where the
    canary is out, it is 0.
    """

    step: PrivateStep
    pulls: NDArray[np.float64]

    def __call__(
        self, player: Player, parameters: Mapping[str, Parameters], step: int
    ) -> Mapping[str, Tensor]:
        """Give the noisy gradient, and add up what it says."""
        gradient = self.step(player, parameters, step)
        self.pulls[:] -= gradient[WEIGHT][1:, 0].double().cpu().numpy()
        return gradient


def _of_net(own: Parameters) -> Parameters:
    """Give the network's own parameters under their own names."""
    prefix = "net."
    return {n.removeprefix(prefix): v for n, v in own.items() if n.startswith(prefix)}
