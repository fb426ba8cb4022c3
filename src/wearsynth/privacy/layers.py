"""How layers use a weight, so that gradients of single units can be told, weighed and summed."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.grad import conv1d_weight


@dataclass(frozen=True, eq=False)
class Layer:
    """One way to use a weight, linear in x and in the weight.

    forward: (x, weight, bias) -> y. back: (gradient by y, weight, x's sizes) -> gradient by x. whole: (x,
    gradient by y, weight's sizes) -> gradient by the weight. parts: (x, gradient by y, records of a unit)
    -> (unit, place, number) each, before and after: a unit's gradient by the weight is after^T before.
    squares: (x, gradient by y) -> (record,) squared norms of the weight's gradient, which is not made.
    places: gradient by y -> how many of a record. bias: gradient by y -> the bias's, of each record.
    """

    forward: Callable[[Tensor, Tensor, Tensor | None], Tensor]
    back: Callable[[Tensor, Tensor, torch.Size], Tensor]
    whole: Callable[[Tensor, Tensor, torch.Size], Tensor]
    parts: Callable[[Tensor, Tensor, int], tuple[Tensor, Tensor]]
    squares: Callable[[Tensor, Tensor], Tensor]
    places: Callable[[Tensor], int]
    bias: Callable[[Tensor], Tensor]


def _summed(slope: Tensor) -> Tensor:
    """(record, ..., number) -> (record, number)."""
    return slope if slope.dim() == 2 else slope.flatten(1, -2).sum(dim=1)


def _rows(x: Tensor) -> Tensor:
    return x.reshape(-1, x.shape[-1])


def _linear_parts(x: Tensor, slope: Tensor, each: int) -> tuple[Tensor, Tensor]:
    units = len(x) // each
    return x.reshape(units, -1, x.shape[-1]), slope.reshape(units, -1, slope.shape[-1])


def _linear_squares(x: Tensor, slope: Tensor) -> Tensor:
    if x.dim() == 2:
        return x.square().sum(dim=1) * slope.square().sum(dim=1)
    return in_common(*_linear_parts(x, slope, 1))


def in_common(before: Tensor, after: Tensor) -> Tensor:
    """Give (unit,) squared norms of after^T before, (unit, place, number) each, from pairs of places."""
    return _product(before @ before.transpose(1, 2), after @ after.transpose(1, 2))


def _product(one: Tensor, other: Tensor) -> Tensor:
    return (one * other).sum(dim=(1, 2)).clamp(min=0)


LINEAR = Layer(
    F.linear,
    lambda slope, weight, _sizes: slope @ weight,
    lambda x, slope, _sizes: _rows(slope).T @ _rows(x),
    _linear_parts,
    _linear_squares,
    lambda slope: slope[0].numel() // slope.shape[-1],
    _summed,
)

TABLE = Layer(
    lambda x, weight, _bias: x @ weight,
    lambda slope, weight, _sizes: slope @ weight.T,
    lambda x, slope, _sizes: _rows(x).T @ _rows(slope),
    lambda x, slope, each: _linear_parts(slope, x, each),
    _linear_squares,
    LINEAR.places,
    _summed,
)
"""An embedding: x tells which row is wanted by a 1 among zeros."""


def convolution(stride: int, padding: int, width: int) -> Layer:
    """Give a convolution of x (record, channel, place); weights (after, before, width)."""

    def forward(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return F.conv1d(x, weight, bias, stride, padding)

    def back(slope: Tensor, weight: Tensor, sizes: torch.Size) -> Tensor:
        reached = (slope.shape[2] - 1) * stride - 2 * padding + width
        return F.conv_transpose1d(
            slope, weight, None, stride, padding, output_padding=sizes[2] - reached
        )

    def whole(x: Tensor, slope: Tensor, sizes: torch.Size) -> Tensor:
        found: Tensor = conv1d_weight(x, sizes, slope, stride, padding)  # type: ignore[no-untyped-call]
        return found

    def parts(x: Tensor, slope: Tensor, each: int) -> tuple[Tensor, Tensor]:
        # places lie side by side in memory: copying them takes the least time
        seen = F.pad(x, (padding, padding)).unfold(2, width, stride)
        before = seen.reshape(-1, each, *seen.shape[1:]).permute(0, 2, 4, 1, 3).flatten(3)
        before = before.flatten(1, 2)
        after = slope.reshape(-1, each, *slope.shape[1:]).transpose(1, 2).flatten(2)
        return before.transpose(1, 2), after.transpose(1, 2)

    def bias(slope: Tensor) -> Tensor:
        return slope @ slope.new_ones(slope.shape[2])  # takes half of the time of a sum

    return Layer(
        forward,
        back,
        whole,
        parts,
        lambda x, slope: _conv_squares(F.pad(x, (padding, padding)), slope, stride, width),
        lambda slope: slope.shape[2],
        bias,
    )


def _conv_squares(padded: Tensor, slope: Tensor, stride: int, width: int) -> Tensor:
    """Give (record,) squared norms; what pairs of places see in common is summed along diagonals."""
    ties = padded.transpose(1, 2) @ padded
    reach = (slope.shape[2] - 1) * stride + 1
    seen = [slice(first, first + reach, stride) for first in range(width)]
    before = torch.stack([ties[:, part, part] for part in seen]).sum(dim=0)
    return _product(before, slope.transpose(1, 2) @ slope)
