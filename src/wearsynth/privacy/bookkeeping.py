"""Where weights are used in a loss, written down: what gradients of single units are made of.

A linear layer y = W x adds g x^T to the gradient of W, g being the gradient of the loss by y. Whoever
keeps x and g of every use can tell the norm of each unit's gradient, often without making it, and add up
weighted gradients in one product (Goodfellow, 2015, arXiv 1510.01799; Bu et al., 2022, arXiv
2210.00038). The gradient of a gradient, as in a gradient penalty, uses the same weights once more, the
other way round: there h = W^T g, and W gets g x^T with x the gradient by h. Such uses are kept too.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from wearsynth.generators import Parameters
from wearsynth.privacy.layers import LINEAR, TABLE, Layer, convolution


class NotKept(Exception):  # noqa: N818 - an answer, not a fault: another way is taken
    """A weight is used in a way of which no book is kept."""


@dataclass(frozen=True, eq=False)
class Use:
    """A use of a weight: what went in, (record, ...), and the gradient by what came out."""

    layer: Layer
    x: Tensor
    slope: Tensor


@dataclass(frozen=True, eq=False)
class Books:
    """What a batch's gradients are made of, by the parameter's name.

    uses: of weights. singles: gradients of single records as they are, (record, number) each.
    """

    uses: dict[str, list[Use]]
    singles: dict[str, list[Tensor]]


@dataclass(frozen=True, eq=False)
class _Keeper:
    """What is written while a loss is made, of so many records."""

    records: int
    books: Books


class _Kept(Tensor):
    """A parameter each use of which is kept; NotKept where it cannot be.

    plain: the parameter itself. of_records: of one axis alone, such as a gain: the same numbers once a
    record, (record, number), by which the gradient is that of each record.
    """

    plain: Tensor
    of_records: Tensor
    called: str
    keeper: _Keeper

    @classmethod
    def __torch_function__(
        cls,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = dict(kwargs or {})
        if func in _KEPT:
            return _KEPT[func](*args, **given)
        result = func(*_plain(args), **_plain(given))
        if _follows(result):
            raise NotKept(f"{getattr(func, '__name__', func)} of a parameter")
        return result


def _plain(value: Any) -> Any:
    """Give arguments with ordinary parameters in the place of those that are kept."""
    if isinstance(value, list | tuple):
        return type(value)([_plain(one) for one in value])
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value.plain if isinstance(value, _Kept) else value


def _follows(result: Any) -> bool:
    """Tell whether a gradient goes through a result, so that a use would be missed."""
    if isinstance(result, list | tuple):
        return any(_follows(one) for one in result)
    return isinstance(result, Tensor) and result.requires_grad


def books_of(losses: Callable[[Parameters], Tensor], own: Parameters, records: int) -> Books:
    """Give the books of losses (record,), a function of these parameters; NotKept where there are none."""
    keeper = _Keeper(records, Books({}, {}))
    kept = {name: _kept(value, name, keeper) for name, value in own.items()}
    flat = {name: of.of_records for name, of in kept.items() if of.plain.dim() == 1}
    whole = losses(dict(kept)).sum()
    slopes = torch.autograd.grad(whole, [*own.values(), *flat.values()], allow_unused=True)
    for name, slope in zip(flat, slopes[len(own) :], strict=True):
        if slope is not None:
            keeper.books.singles.setdefault(name, []).append(slope)
    return keeper.books


def _kept(value: Tensor, name: str, keeper: _Keeper) -> _Kept:
    kept = value.detach().as_subclass(_Kept)
    kept.plain, kept.called, kept.keeper = value, name, keeper
    if value.dim() == 1:
        kept.of_records = value.detach().expand(keeper.records, -1).requires_grad_()
    return kept


@dataclass(frozen=True, eq=False)
class _Place:
    """How a weight and a bias are used, and where that is written down; None: it is not kept."""

    layer: Layer
    weight: list[Use] | None
    bias: list[Tensor] | None

    def keep(self, x: Tensor, slope: Tensor) -> None:
        """Write down a use of the weight, where no gradient is asked for its own gradient."""
        if self.weight is not None and not torch.is_grad_enabled():
            self.weight.append(Use(self.layer, x.detach(), slope.detach()))


class _Using(torch.autograd.Function):
    """Use a weight and a bias, and keep the use in the last backward pass."""

    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor | None, place: _Place) -> Tensor:
        return place.layer.forward(x, weight, bias)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG004
        x, weight, _, ctx.place = inputs
        ctx.save_for_backward(x, weight)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, None, None, None]:
        x, weight = ctx.saved_tensors
        place = ctx.place
        place.keep(x, slope)
        if place.bias is not None and not torch.is_grad_enabled():
            place.bias.append(place.layer.bias(slope))
        if not ctx.needs_input_grad[0]:
            return None, None, None, None
        if not torch.is_grad_enabled():
            return place.layer.back(slope, weight, x.shape), None, None, None
        return _UsingBack.apply(slope, weight, place, x.shape), None, None, None  # type: ignore[no-untyped-call]


class _UsingBack(torch.autograd.Function):
    """Use a weight the other way round, as the gradient of `_Using` does."""

    @staticmethod
    def forward(slope: Tensor, weight: Tensor, place: _Place, sizes: torch.Size) -> Tensor:
        return place.layer.back(slope, weight, sizes)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG004
        slope, weight, ctx.place, _ = inputs
        ctx.save_for_backward(slope, weight)

    @staticmethod
    def backward(ctx: Any, x: Tensor) -> tuple[Tensor | None, None, None, None]:
        slope, weight = ctx.saved_tensors
        place = ctx.place
        place.keep(x, slope)
        back = None
        if ctx.needs_input_grad[0]:
            back = _Using.apply(x, weight, None, replace(place, bias=None))  # type: ignore[no-untyped-call]
        return back, None, None, None


for _function in (
    _Using,
    _UsingBack,
):  # what torch asks at each call takes longer than small layers do
    setattr(_function.forward, "__signature__", inspect.signature(_function.forward))  # noqa: B010


def _use(x: Tensor, weight: Tensor, bias: Tensor | None, layer: Layer) -> Tensor:
    """Use a weight and a bias, and keep those that are to be kept."""
    keeper = _keeper(x, weight, bias)
    uses = keeper.books.uses.setdefault(weight.called, []) if isinstance(weight, _Kept) else None
    singles = keeper.books.singles.setdefault(bias.called, []) if isinstance(bias, _Kept) else None
    place = _Place(layer, uses, singles)
    used: Tensor = _Using.apply(x, _plain(weight), _plain(bias), place)  # type: ignore[no-untyped-call]
    return used


def _keeper(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> _Keeper:
    """Give who keeps a use; NotKept where records do not go through one by one."""
    [keeper, *_] = [of.keeper for of in (weight, bias) if isinstance(of, _Kept)]
    if isinstance(x, _Kept) or len(x) != keeper.records:
        raise NotKept(f"{len(x)} rows for {keeper.records} records")
    return keeper


def _of_records(number: Tensor | None, records: int) -> Tensor:
    """Give a gain or a shift of each record, (record, number)."""
    if number is None:
        raise NotKept("a norm with but one of weight and bias")
    return number.of_records if isinstance(number, _Kept) else number.expand(records, -1)


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    return _use(x, weight, bias, LINEAR)


def _conv1d(  # noqa: PLR0917 - as torch calls it
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: tuple[int, ...] = (1,),
    padding: Any = (0,),
    dilation: tuple[int, ...] = (1,),
    groups: int = 1,
) -> Tensor:
    if tuple(dilation) != (1,) or groups != 1 or isinstance(padding, str):
        raise NotKept("a convolution with dilation or groups")
    return _use(x, weight, bias, convolution(stride[0], padding[0], _plain(weight).shape[2]))


def _group_norm(
    x: Tensor,
    groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    _keeper(x, weight, bias)
    gain, shift = (_of_records(of, len(x)).reshape(-1) for of in (weight, bias))
    one = x.reshape(
        1, -1, *x.shape[2:]
    )  # as channels of one record, each has its own gain and shift
    return F.group_norm(one, len(x) * groups, gain, shift, eps).view_as(x)


def _layer_norm(
    x: Tensor,
    sizes: tuple[int, ...],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    if len(sizes) != 1:
        raise NotKept("a norm over several axes")
    _keeper(x, weight, bias)
    between = [len(x), *[1] * (x.dim() - 2), -1]
    gain, shift = (_of_records(of, len(x)).reshape(between) for of in (weight, bias))
    return torch.addcmul(shift, F.layer_norm(x, sizes, None, None, eps), gain)


def _embedding(  # noqa: PLR0917 - as torch calls it
    label: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,  # noqa: ARG001
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    if padding_idx is not None or max_norm is not None or scale_grad_by_freq or sparse:
        raise NotKept("an embedding that is more than a table")
    table = _plain(weight)
    return _use(F.one_hot(label, len(table)).to(table.dtype), weight, None, TABLE)


_KEPT: dict[Callable[..., Any], Callable[..., Tensor]] = {
    F.linear: _linear,
    F.conv1d: _conv1d,
    F.group_norm: _group_norm,
    F.layer_norm: _layer_norm,
    F.embedding: _embedding,
}
