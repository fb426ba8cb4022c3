"""Sums of gradients in which no unit counts for more than the clip norm.

A unit's gradient is that of the summed loss of its records; it is clipped once, as a whole. Three ways
give the same sums: keeping books (bookkeeping.py) in one pass, torch.func.vmap in general, and a backward
pass for each unit, which is the definition.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import grad, vmap

from wearsynth.generators import Parameters
from wearsynth.privacy.bookkeeping import Bookkeeper, Books, Products, Singles

ROUNDING = 1e-4
"""Units are clipped to this share less than the norm, so that rounding never makes more of it."""

VMAP_CHUNK = 64

BOOKS_CHUNK = 512
"""So many records at most in a pass: memory does not grow with the number of units."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Records of units: values (record, channel, step), label (record,), noise (record, noise_size).

    each: neighbouring records that are one unit's.
    """

    values: Tensor
    label: Tensor
    noise: Tensor
    each: int

    @property
    def units(self) -> int:
        """How many units there are."""
        return len(self.label) // self.each

    def of_units(self, first: int, past: int) -> "Batch":
        """Give the records of some neighbouring units."""
        rows = slice(first * self.each, past * self.each)
        return Batch(self.values[rows], self.label[rows], self.noise[rows], self.each)


BatchLoss = Callable[[Parameters, Tensor, Tensor, Tensor], Tensor]
"""(own parameters, values, label, noise) -> loss (record,)."""

ClippedSum = Callable[[BatchLoss, Parameters, Batch, float], Parameters]
"""(loss, own parameters, batch, clip norm) -> the sum over units of clipped gradients, by name."""


def shares_kept(norms: Tensor, clip_norm: float) -> Tensor:
    """Give by how much each unit's gradient is multiplied; one that is no number counts nothing."""
    kept = (clip_norm * (1 - ROUNDING) / norms.clamp(min=1e-30)).clamp(max=1.0)
    return torch.where(torch.isfinite(norms), kept, 0.0)


def clipped_by_backward(
    loss: BatchLoss, own: Parameters, batch: Batch, clip_norm: float
) -> Parameters:
    """Give the clipped sum by a backward pass for each unit."""
    total = _nothing(own)
    for unit in range(batch.units):
        one = batch.of_units(unit, unit + 1)
        whole = loss(own, one.values, one.label, one.noise).sum()
        gradient = torch.autograd.grad(whole, list(own.values()), allow_unused=True)
        found = dict(zip(own, gradient, strict=True))
        _add(total, {n: g[None] for n, g in found.items() if g is not None}, clip_norm)
    return total


def clipped_by_vmap(loss: BatchLoss, own: Parameters, batch: Batch, clip_norm: float) -> Parameters:
    """Give the clipped sum by gradients of all units side by side, some at a time."""

    def of_unit(weights: Parameters, values: Tensor, label: Tensor, noise: Tensor) -> Tensor:
        return loss(weights, values, label, noise).sum()

    total = _nothing(own)
    fixed = {name: value.detach() for name, value in own.items()}
    for first in range(0, batch.units, VMAP_CHUNK):
        part = batch.of_units(first, first + VMAP_CHUNK)
        by_unit = [_by_unit(of, batch.each) for of in (part.values, part.label, part.noise)]
        found = vmap(grad(of_unit), in_dims=(None, 0, 0, 0))(fixed, *by_unit)
        _add(total, found, clip_norm)
    return total


def clipped_by_books(
    loss: BatchLoss, own: Parameters, batch: Batch, clip_norm: float
) -> Parameters:
    """Give the clipped sum in one pass; NotKept where the loss uses a parameter in an unknown way."""
    total, size = _nothing(own), max(1, BOOKS_CHUNK // batch.each)
    for first in range(0, batch.units, size):
        part = batch.of_units(first, first + size)
        keeper = Bookkeeper(own, len(part.label))
        with keeper:
            losses = loss(own, part.values, part.label, part.noise)
        torch.autograd.grad(losses.sum(), list(own.values()), allow_unused=True)
        _add_kept(total, keeper.books, batch.each, clip_norm)
        keeper.forget()
    return total


@dataclass(frozen=True, eq=False)
class _Sums:
    """A weight's gradients by unit as sums over places, after^T before: (unit, place, number) each.

    whole: (unit, after, before), if it is made, which is not always the shortest way.
    """

    before: Tensor
    after: Tensor
    whole: Tensor | None

    def squared_norms(self) -> Tensor:
        """Give (unit,) squared norms."""
        if self.whole is not None:
            return self.whole.flatten(1).square().sum(dim=1)
        ties = (self.before @ self.before.transpose(1, 2)) * (
            self.after @ self.after.transpose(1, 2)
        )
        return ties.sum(dim=(1, 2)).clamp(min=0)

    def weighted(self, share: Tensor) -> Tensor:
        """Give the sum over units of share (unit,) times the gradient, (after, before)."""
        if self.whole is not None:
            return (share @ _harmless(self.whole, share).flatten(1)).view(self.whole.shape[1:])
        after = _harmless(self.after, share) * share[:, None, None]
        return after.flatten(0, 1).T @ _harmless(self.before, share).flatten(0, 1)


def _add_kept(total: Parameters, books: Books, each: int, clip_norm: float) -> None:
    """Clip the gradients that books tell of, and add them."""
    singles, sums = dict[str, Tensor](), dict[str, _Sums]()
    for name, uses in books.items():
        whole = [use.values for use in uses if isinstance(use, Singles)]
        products = [use for use in uses if isinstance(use, Products)]
        if whole:
            singles[name] = whole[0] if len(whole) == 1 else torch.stack(whole).sum(dim=0)
        if products:
            sums[name] = _sums(products, each)
    squares = [of.squared_norms() for of in sums.values()]
    if singles:
        side_by_side = _by_unit(torch.cat(list(singles.values()), dim=1), each).sum(dim=1)
        squares.append(side_by_side.square().sum(dim=1))
    kept = shares_kept(torch.stack(squares).sum(dim=0).sqrt(), clip_norm)
    for name, of in sums.items():
        total[name] += of.weighted(kept).view(total[name].shape)
    if singles:
        joined = kept @ _harmless(side_by_side, kept)
        parts = torch.split(joined, [of.shape[1] for of in singles.values()])
        for name, part in zip(singles, parts, strict=True):
            total[name] += part.view(total[name].shape)


def _sums(products: list[Products], each: int) -> _Sums:
    """Join the uses of a weight; `each` neighbouring records are one unit's."""
    before, after = (
        _by_unit(sides[0] if len(sides) == 1 else torch.cat(sides, dim=1), each).flatten(1, 2)
        for sides in ([use.before for use in products], [use.after for use in products])
    )
    places, wide, high = before.shape[1], before.shape[2], after.shape[2]
    short = places * (wide + high) < wide * high
    return _Sums(before, after, None if short else after.transpose(1, 2) @ before)


def _harmless(values: Tensor, share: Tensor) -> Tensor:
    """Give values (unit, ...), 0 for units that do not count: 0 times infinity is no number."""
    if bool((share > 0).all()):
        return values
    return torch.where(share.view(-1, *[1] * (values.dim() - 1)) > 0, values, 0.0)


def _by_unit(values: Tensor, each: int) -> Tensor:
    """(record, ...) -> (unit, record of the unit, ...)."""
    return values.reshape(-1, each, *values.shape[1:])


def _nothing(own: Parameters) -> Parameters:
    return {name: torch.zeros_like(value) for name, value in own.items()}


def _add(total: Parameters, found: Mapping[str, Tensor], clip_norm: float) -> None:
    """Clip gradients by unit, (unit, ...) by name, and add them."""
    norms = torch.stack([g.flatten(1).square().sum(dim=1) for g in found.values()]).sum(dim=0)
    kept = shares_kept(norms.sqrt(), clip_norm)
    for name, of in found.items():
        flat = _harmless(of.flatten(1), kept)
        total[name] += (kept @ flat).reshape(total[name].shape)
