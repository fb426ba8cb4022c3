"""What the convolutional networks share: normalising, and neighbouring steps as channels."""

from torch import Tensor, nn
from torch.nn import functional as F

GROUPS, LEAST_CHANNELS = 8, 4
"""Channels are normalised in at most so many groups, of so many channels at least."""


def grouped_norm(channels: int) -> nn.GroupNorm:
    """Give a group norm for any number of channels from LEAST_CHANNELS on."""
    most = min(GROUPS, channels // LEAST_CHANNELS)
    return nn.GroupNorm(max(of for of in range(1, most + 1) if channels % of == 0), channels)


def patched(series: Tensor, size: int) -> Tensor:
    """(record, channel, step) -> (record, channel * size, patch), zeros after the end."""
    count, channels, steps = series.shape
    padded = F.pad(series, (0, -steps % size))
    return padded.reshape(count, channels, -1, size).transpose(2, 3).flatten(1, 2)


def unpatched(patches: Tensor, size: int) -> Tensor:
    """Undo `patched`, the zeros after the end included."""
    count, _, places = patches.shape
    return patches.reshape(count, -1, size, places).transpose(2, 3).flatten(2)
