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
from torch.overrides import TorchFunctionMode

from wearsynth.generators import Parameters


class NotKept(Exception):  # noqa: N818 - an answer, not a fault: another way is taken
    """A weight is used in a way of which no book is kept."""


@dataclass(frozen=True, eq=False)
class Layer:
    """One way to use a weight, linear in x and in the weight.

    forward: (x, weight) -> y. back: (gradient by y, weight, sizes of x) -> gradient by x. parts: (x,
    gradient by y) -> what the gradient by the weight is made of.
    """

    forward: Callable[[Tensor, Tensor], Tensor]
    back: Callable[[Tensor, Tensor, torch.Size], Tensor]
    parts: Callable[[Tensor, Tensor], "Products | Singles"]


@dataclass(frozen=True, eq=False)
class Products:
    """Gradients as sums over places: after^T before. before, after: (record, place, number) each."""

    before: Tensor
    after: Tensor


@dataclass(frozen=True, eq=False)
class Singles:
    """Gradients of single records as they are, (record, number)."""

    values: Tensor


Books = dict[str, list[Products | Singles]]
"""Parameter's name -> its uses."""

Keep = Callable[["Products | Singles"], None]
"""Writes one use down."""


@dataclass(frozen=True, eq=False)
class _Place:
    """How a weight and a bias are used, and where that is written down; None: it is not kept.

    axis: of y, along which the bias lies.
    """

    layer: Layer
    axis: int
    weight: Keep | None
    bias: Keep | None


class _Use(torch.autograd.Function):
    """Use a weight and a bias, and keep the use in the last backward pass."""

    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor | None, place: _Place) -> Tensor:
        used = place.layer.forward(x, weight)
        return used if bias is None else used + along(bias, used, place.axis)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG004
        x, weight, _, ctx.place = inputs
        ctx.save_for_backward(x, weight)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, None, None, None]:
        x, weight = ctx.saved_tensors
        place = ctx.place
        if not torch.is_grad_enabled():  # a gradient that is not asked for its own gradient
            if place.weight is not None:
                place.weight(place.layer.parts(x, slope))
            if place.bias is not None:
                place.bias(Singles(_summed(slope, place.axis)))
        back = None
        if ctx.needs_input_grad[0]:
            back = _UseBack.apply(slope, weight, place, x.shape)  # type: ignore[no-untyped-call]
        return back, None, None, None


class _UseBack(torch.autograd.Function):
    """Use a weight the other way round, as the gradient of `_Use` does."""

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
        if not torch.is_grad_enabled() and place.weight is not None:
            place.weight(place.layer.parts(x, slope))
        back = None
        if ctx.needs_input_grad[0]:
            again = replace(place, bias=None)
            back = _Use.apply(x, weight, None, again)  # type: ignore[no-untyped-call]
        return back, None, None, None


for _function in (
    _Use,
    _UseBack,
):  # torch asks at each call, which takes longer than small layers do
    setattr(_function.forward, "__signature__", inspect.signature(_function.forward))  # noqa: B010


def along(weight: Tensor, x: Tensor, axis: int) -> Tensor:
    """Give a weight (number,) so that it meets that axis of x."""
    sizes = [1] * x.dim()
    sizes[axis] = -1
    return weight.reshape(sizes)


def _summed(values: Tensor, axis: int) -> Tensor:
    """Give (record, number), summed over all but the records and that axis."""
    moved = values.movedim(axis, -1)
    return moved.reshape(len(moved), -1, moved.shape[-1]).sum(dim=1)


LINEAR = Layer(
    F.linear,
    lambda slope, weight, _sizes: slope @ weight,
    lambda x, slope: Products(
        x.reshape(len(x), -1, x.shape[-1]), slope.reshape(len(slope), -1, slope.shape[-1])
    ),
)


def _conv(stride: int, padding: int, width: int) -> Layer:
    """Give a convolution of x (record, channel, place); weights (after, before, width)."""

    def back(slope: Tensor, weight: Tensor, sizes: torch.Size) -> Tensor:
        reached = (slope.shape[2] - 1) * stride - 2 * padding + width
        return F.conv_transpose1d(
            slope, weight, None, stride, padding, output_padding=sizes[2] - reached
        )

    def parts(x: Tensor, slope: Tensor) -> Products:
        seen = F.pad(x, (padding, padding)).unfold(2, width, stride).transpose(1, 2)
        return Products(seen.flatten(2), slope.transpose(1, 2))

    return Layer(lambda x, weight: F.conv1d(x, weight, None, stride, padding), back, parts)


def _scale(axis: int) -> Layer:
    """Give a gain of each number along an axis."""
    return Layer(
        lambda x, weight: x * along(weight, x, axis),
        lambda slope, weight, _sizes: slope * along(weight, slope, axis),
        lambda x, slope: Singles(_summed(x * slope, axis)),
    )


class Bookkeeper(TorchFunctionMode):
    """While it is entered, every use of these parameters is kept; NotKept where it cannot be.

    books are complete once a loss has been differentiated by the parameters, outside. Uses get a view of a
    parameter: by its identity it is known which calls are still to be kept.
    """

    def __init__(self, own: Parameters, records: int) -> None:
        super().__init__()
        self.books: Books = {name: [] for name in own}
        self._own = {id(value): name for name, value in own.items()}
        self._alive = own  # so that no other tensor takes an identity
        self._records = records

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = dict(kwargs or {})
        mine = [value for value in (*args, *given.values()) if id(value) in self._own]
        if not mine:
            return func(*args, **given)
        if func in _KEPT:
            return _KEPT[func](self, *args, **given)
        result = func(*args, **given)
        if isinstance(result, Tensor) and result.requires_grad and result is not mine[0]:
            raise NotKept(f"{getattr(func, '__name__', func)} of a parameter")
        return result

    def used(
        self, x: Tensor, weight: Tensor, bias: Tensor | None, layer: Layer, axis: int
    ) -> Tensor:
        """Use a weight and a bias, which lies along that axis, and keep those that are to be kept."""
        if len(x) != self._records:
            raise NotKept(f"{len(x)} rows for {self._records} records")
        place = _Place(layer, axis, self._keep(weight), self._keep(bias))
        views = [None if of is None else of.view_as(of) for of in (weight, bias)]
        used: Tensor = _Use.apply(x, *views, place)  # type: ignore[no-untyped-call]
        return used

    def forget(self) -> None:
        """Empty the books: what they hold and the graph that writes them hold each other in memory."""
        for uses in self.books.values():
            uses.clear()

    def _keep(self, parameter: Tensor | None) -> Keep | None:
        name = self._own.get(id(parameter))
        return None if name is None else self.books[name].append


def _linear(books: Bookkeeper, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    return books.used(x, weight, bias, LINEAR, -1)


def _conv1d(  # noqa: PLR0917 - as torch calls it
    books: Bookkeeper,
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
    layer = _conv(stride[0], padding[0], weight.shape[2])
    return books.used(x, weight, bias, layer, 1)


def _group_norm(  # noqa: PLR0917 - as torch calls it
    books: Bookkeeper,
    x: Tensor,
    groups: int,
    weight: Tensor,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    plain = F.group_norm(x, groups, None, None, eps)
    return books.used(plain, weight, bias, _scale(1), 1)


def _layer_norm(  # noqa: PLR0917 - as torch calls it
    books: Bookkeeper,
    x: Tensor,
    sizes: tuple[int, ...],
    weight: Tensor,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    if len(sizes) != 1:
        raise NotKept("a norm over several axes")
    plain = F.layer_norm(x, sizes, None, None, eps)
    return books.used(plain, weight, bias, _scale(-1), -1)


def _embedding(  # noqa: PLR0917 - as torch calls it
    books: Bookkeeper,
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
    told = F.one_hot(label, len(weight)).to(weight.dtype)
    return books.used(told, weight, None, _EMBEDDING, -1)


_EMBEDDING = Layer(
    lambda x, weight: x @ weight,
    lambda slope, weight, _sizes: slope @ weight.T,
    lambda x, slope: Products(slope[:, None], x[:, None]),
)

_KEPT: dict[Callable[..., Any], Callable[..., Tensor]] = {
    F.linear: _linear,
    F.conv1d: _conv1d,
    F.group_norm: _group_norm,
    F.layer_norm: _layer_norm,
    F.embedding: _embedding,
}
