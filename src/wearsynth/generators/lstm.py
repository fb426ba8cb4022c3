"""A recurrent network that draws shapes, written with plain matrix products.

torch.func.vmap has no batching rule for nn.LSTM; gradients of single records need one.
"""

import torch
from torch import Tensor, nn


class LstmTrunk(nn.Module):
    """A code for each record and noise for each patch -> patched shapes, patch after patch.

    An LSTM (Hochreiter and Schmidhuber, 1997) whose every input holds the code, as the recurrent
    generators of sensor data do.
    """

    def __init__(self, *, code: int, noise: int, width: int, channels: int) -> None:
        super().__init__()
        self.start = nn.Linear(code, 2 * width)
        self.code = nn.Linear(code, 4 * width)
        self.noise = nn.Linear(noise, 4 * width, bias=False)
        self.recurrent = nn.Linear(width, 4 * width, bias=False)
        self.out = nn.Linear(width, channels)

    def forward(self, code: Tensor, noise: Tensor) -> Tensor:
        """Turn code (record, code) and noise (record, noise, patch) into (record, channel, patch)."""
        given = self.noise(noise.transpose(1, 2)) + self.code(code)[:, None]
        hidden, cell = self.start(code).tanh().chunk(2, dim=1)
        states = []
        for at in given.unbind(dim=1):
            add, keep, show, new = (at + self.recurrent(hidden)).chunk(4, dim=1)
            cell = (keep + 1).sigmoid() * cell + add.sigmoid() * new.tanh()
            hidden = show.sigmoid() * cell.tanh()
            states.append(hidden)
        drawn: Tensor = self.out(torch.stack(states, dim=1))
        return drawn.transpose(1, 2)
