import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from wearsynth.privacy.layers import LINEAR, TABLE, Layer, convolution, in_common

RECORDS = 6

Case = tuple[Layer, Tensor, Tensor]
"""(layer, x, weight)"""


def random(*sizes: int) -> Tensor:
    return torch.randn(*sizes, generator=torch.Generator().manual_seed(sum(sizes))).double()


CASES: dict[str, Case] = {
    "linear": (LINEAR, random(RECORDS, 5), random(4, 5)),
    "linear along": (LINEAR, random(RECORDS, 3, 5), random(4, 5)),
    "table": (TABLE, F.one_hot(torch.arange(RECORDS) % 3).double(), random(3, 4)),
    "convolution": (convolution(1, 1, 3), random(RECORDS, 2, 9), random(4, 2, 3)),
    "wide steps": (convolution(3, 2, 4), random(RECORDS, 2, 13), random(4, 2, 4)),
    "no padding": (convolution(2, 0, 1), random(RECORDS, 2, 8), random(4, 2, 1)),
}
each_case = pytest.mark.parametrize("case", CASES)


def of_records(case: str) -> tuple[Tensor, Tensor]:
    """Give the slope by y, and the weight's gradient of each record by autograd."""
    layer, x, weight = CASES[case]
    slope = random(*layer.forward(x, weight, None).shape)
    found = []
    for one, of in zip(x, slope, strict=True):
        used = weight.clone().requires_grad_()
        y = layer.forward(one[None], used, None)
        found.append(torch.autograd.grad(y, used, of[None])[0])
    return slope, torch.stack(found)


@each_case
def test_gradients_of_layers_are_those_of_autograd(case: str) -> None:
    layer, x, weight = CASES[case]
    slope, single = of_records(case)
    sizes = weight.shape
    torch.testing.assert_close(layer.whole(x, slope, sizes), single.sum(dim=0))
    for each in (1, 3):
        before, after = layer.parts(x, slope, each)
        by_unit = single.unflatten(0, (-1, each)).sum(dim=1)  # type: ignore[no-untyped-call]
        torch.testing.assert_close((after.transpose(1, 2) @ before).view_as(by_unit), by_unit)
        norms = by_unit.flatten(1).square().sum(dim=1)
        torch.testing.assert_close(in_common(before, after), norms)
        assert before.shape[1] == each * layer.places(slope)
    torch.testing.assert_close(layer.squares(x, slope), single.flatten(1).square().sum(dim=1))


@each_case
def test_gradients_by_what_went_in_and_by_the_bias(case: str) -> None:
    layer, x, weight = CASES[case]
    x = x.clone().requires_grad_()
    y = layer.forward(x, weight, None)
    slope = random(*y.shape)
    [expected] = torch.autograd.grad(y, x, slope)
    torch.testing.assert_close(layer.back(slope, weight, x.shape), expected)
    channels = slope.transpose(1, -1) if "linear" not in case and slope.dim() > 2 else slope
    summed = channels.reshape(RECORDS, -1, channels.shape[-1]).sum(dim=1)
    torch.testing.assert_close(layer.bias(slope), summed)


def test_a_norm_by_hand() -> None:
    # two places: 1 into (2, 0) and 3 into (0, 1): the gradient is (2, 3), its square 13
    x, slope = torch.tensor([[[1.0], [3.0]]]), torch.tensor([[[2.0, 0.0], [0.0, 1.0]]])
    assert LINEAR.squares(x, slope).tolist() == [13.0]
    # the same numbers at one place after another, seen by a convolution of width 1
    wide = convolution(1, 0, 1).squares(x.transpose(1, 2), slope.transpose(1, 2))
    assert wide.tolist() == [13.0]
