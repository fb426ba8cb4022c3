"""Sums of gradients in which no unit counts for more than the clip norm.

A unit's gradient is that of the summed loss of its records; it is clipped once, as a whole. Three ways
give the same sums: keeping books (bookkeeping.py) in one pass, torch.func.vmap in general, and a backward
pass for each unit, which is the definition.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.func import grad, vmap

from wearsynth.generators import Parameters
from wearsynth.privacy.bookkeeping import Books, Use, books_of
from wearsynth.privacy.layers import in_common

ROUNDING = 1e-4
"""Units are clipped to this share less than the norm, so that rounding never makes more of it."""

VMAP_CHUNK = 64

BOOKS_CHUNK = 512
"""So many records at most in a pass: memory does not grow with the number of units."""

MAKING = 32
"""So many places, squared, are in common as quickly as a gradient of 1 x 1 is made and read again."""


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
    sizes, step = {n: value.shape for n, value in own.items()}, max(1, BOOKS_CHUNK // batch.each)
    total = Parameters()
    for first in range(0, batch.units, step):
        part = batch.of_units(first, first + step)

        def losses(kept: Parameters, of: Batch = part) -> Tensor:
            return loss(kept, of.values, of.label, of.noise)

        books = books_of(losses, own, len(part.label))
        for name, found in _clipped(books, sizes, batch.each, clip_norm).items():
            total[name] = total[name] + found if name in total else found
    return {**_nothing({n: value for n, value in own.items() if n not in total}), **total}


@dataclass(frozen=True, eq=False)
class _Sums:
    """A weight's gradients by unit, and their squared norms, (unit,).

    whole: (unit, number), if they are made; it is not always the shortest way.
    """

    uses: list[Use]
    squares: Tensor
    whole: Tensor | None

    def weighted(self, of_unit: Tensor, of_record: Tensor, sizes: torch.Size) -> Tensor:
        """Give the sum over units of their share times their gradient, of these sizes."""
        if self.whole is not None:
            return (of_unit @ self.whole).view(sizes)
        parts = [use.layer.whole(use.x, _times(of_record, use.slope), sizes) for use in self.uses]
        return parts[0] if len(parts) == 1 else torch.stack(parts).sum(dim=0)

    def harmless(self, of_unit: Tensor, of_record: Tensor) -> "_Sums":
        """Give the same, of units that do not count nothing: 0 times infinity is no number."""
        uses = [
            replace(use, x=_harmless(use.x, of_record), slope=_harmless(use.slope, of_record))
            for use in self.uses
        ]
        whole = None if self.whole is None else _harmless(self.whole, of_unit)
        return replace(self, uses=uses, whole=whole)


def _sums(uses: list[Use], sizes: torch.Size, each: int) -> _Sums:
    """Give a weight's gradients by unit: each made, or only what pairs of places have in common."""
    places = each * sum(use.layer.places(use.slope) for use in uses)
    short = places**2 * (sizes[0] + sizes[1]) < MAKING * sizes.numel()
    if short and each == 1 and len(uses) == 1:
        return _Sums(uses, uses[0].layer.squares(uses[0].x, uses[0].slope), None)
    sides = zip(*(use.layer.parts(use.x, use.slope, each) for use in uses), strict=True)
    before, after = (of[0] if len(of) == 1 else torch.cat(of, dim=1) for of in sides)
    if short:
        return _Sums(uses, in_common(before, after), None)
    whole = (after.transpose(1, 2) @ before).flatten(1)
    return _Sums(uses, _squares(whole), whole)


def _clipped(
    books: Books, sizes: Mapping[str, torch.Size], each: int, clip_norm: float
) -> Parameters:
    """Give the clipped sum of the gradients that books tell of."""
    sums = {name: _sums(uses, sizes[name], each) for name, uses in books.uses.items() if uses}
    squares = [of.squares for of in sums.values()]
    singles = {
        name: of[0] if len(of) == 1 else torch.stack(of).sum(dim=0)
        for name, of in books.singles.items()
        if of
    }
    if singles:
        side_by_side = torch.cat(list(singles.values()), dim=1)
        if each > 1:
            side_by_side = _by_unit(side_by_side, each).sum(dim=1)
        squares.append(_squares(side_by_side))
    kept = shares_kept(torch.stack(squares).sum(dim=0).sqrt(), clip_norm)
    of_record = kept.repeat_interleave(each)
    if not bool((kept > 0).all()):
        sums = {name: of.harmless(kept, of_record) for name, of in sums.items()}
    books.uses.clear()  # what was used is let go, so that its memory serves again
    found = {name: sums.pop(name).weighted(kept, of_record, sizes[name]) for name in list(sums)}
    if singles:
        parts = torch.split(
            kept @ _harmless(side_by_side, kept), [of.shape[1] for of in singles.values()]
        )
        found |= dict(zip(singles, parts, strict=True))
    return found


def _squares(values: Tensor) -> Tensor:
    """Give the squared norm of each row."""
    norms: Tensor = torch.linalg.vector_norm(values, dim=1)
    return norms.square()


def _times(share: Tensor, values: Tensor) -> Tensor:
    """Give values (unit, ...) times share (unit,)."""
    return values * share.view(-1, *[1] * (values.dim() - 1))


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
