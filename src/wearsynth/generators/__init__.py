"""Generators of windows in network form, and the two protocols that they satisfy.

Sampler is what sampling asks of a fitted generator. Trainable is what the one training loop asks
of a generator that is trained step by step: named players, each with a module, a loss for each
record, updates per round, and whether the loss touches private data.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from torch import Tensor, nn

from wearsynth.data import FloatArray, IntArray
from wearsynth.generators.records import RecordShape

Parameters = dict[str, Tensor]

Precision = Literal["float32", "bfloat16"]
"""Of the networks' arithmetic. bfloat16: half the bits, where they can; weights and losses keep float32."""

Device = Literal["cpu", "cuda"]

Feedback = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(shapes (record, channel, step), numbers (record, number), label (record,)) -> loss (record,): what
something frozen, such as a classifier, says of drawn records."""

RecordLoss = Callable[[Mapping[str, Parameters], Tensor, Tensor, Tensor], Tensor]
"""(parameters by player, records (record, channel, step), label (record,), noise (record,
noise_size)) -> loss (record,).

A record's channels are shapes, numbers, then the conditions that are given (records.RecordShape).

Entry i depends on record i alone: the mean is the ordinary loss, and the gradient of one entry is
the per-record gradient that a private step clips. All randomness that a loss may use is in its
noise, standard normal numbers."""


@dataclass(frozen=True, eq=False)
class Player:
    """One network that is trained: its loss for each record, and how often it is updated.

    betas: of Adam. falls: how the learning rate falls: never, along a half cosine to 0 in the last round,
    or as the root of rounds, whose end may then come at any time.
    """

    name: str
    module: nn.Module
    loss: RecordLoss
    updates_per_round: int
    learning_rate: float
    touches_private_data: bool
    betas: tuple[float, float] = (0.0, 0.9)
    falls: Literal["never", "cosine", "root"] = "never"


class Trainable(Protocol):
    """What the training loop asks of a generator."""

    @property
    def players(self) -> tuple[Player, ...]:
        """The networks, in the order in which they are updated in a round."""
        ...

    @property
    def noise_size(self) -> int:
        """How many standard normal numbers the loss of one record uses."""
        ...

    @property
    def averaged(self) -> str:
        """The player whose averaged weights are kept for sampling."""
        ...


class Sampler(Protocol):
    """What every generator can do once it is fitted."""

    @property
    def shape(self) -> RecordShape:
        """The sizes of its records."""
        ...

    def sample(
        self, label: IntArray, conditions: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        """Give one window in network form for each label: (window, generated channel, step) float32.

        conditions: (window, shape.conditions) float32, what is given besides the label.
        """
        ...

    @property
    def sizes(self) -> dict[str, int]:
        """Give what its maker needs besides the record's shape, to make it again."""
        ...

    def weights(self) -> dict[str, Tensor]:
        """Give all numbers that were fitted, by name."""
        ...
