import gc
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from wearsynth.generators import Parameters
from wearsynth.generators.flow import make_flow
from wearsynth.generators.gan import make_gan
from wearsynth.generators.records import RecordShape
from wearsynth.privacy.bookkeeping import NotKept
from wearsynth.privacy.clipping import (
    ROUNDING,
    Batch,
    BatchLoss,
    ClippedSum,
    clipped_by_backward,
    clipped_by_books,
    clipped_by_vmap,
    shares_kept,
)

SHAPE = RecordShape(steps=14, folds=(1, 1, 2), classes=2, conditions=3)
WAYS: tuple[ClippedSum, ...] = (clipped_by_backward, clipped_by_books, clipped_by_vmap)
each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)

Case = tuple[BatchLoss, Parameters, Batch]


def batch_of(noise_size: int, *, each: int, records: int = 12) -> Batch:
    random = torch.Generator().manual_seed(1)
    values = torch.randn(records, SHAPE.generated + SHAPE.conditions, SHAPE.steps, generator=random)
    values[:, SHAPE.shapes :] = values[:, SHAPE.shapes :, :1]
    noise = torch.randn(records, noise_size, generator=random)
    return Batch(values, torch.arange(records) % 2, noise, each)


def flow_case(each: int) -> Case:
    flow = make_flow(SHAPE, width=8, seed=0)
    (player,) = flow.players

    def loss(own: Parameters, values: Tensor, label: Tensor, noise: Tensor) -> Tensor:
        return player.loss({"flow": own}, values, label, noise)

    return loss, dict(player.module.named_parameters()), batch_of(flow.noise_size, each=each)


def critic_case(each: int) -> Case:
    gan = make_gan(SHAPE, width=8, seed=0)
    critic, generator = gan.players
    fixed: Parameters = dict(generator.module.named_parameters())

    def loss(own: Parameters, values: Tensor, label: Tensor, noise: Tensor) -> Tensor:
        return critic.loss({"critic": own, "generator": fixed}, values, label, noise)

    return loss, dict(critic.module.named_parameters()), batch_of(gan.noise_size, each=each)


class Odd(nn.Module):
    """Layers as the networks do not use them: strides, norms, a table, uses in a row."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(2, 5)
        self.conv = nn.Conv1d(3, 4, 4, stride=3, padding=2, bias=False)
        self.norm = nn.GroupNorm(2, 4)
        self.last = nn.LayerNorm(5)
        self.along = nn.Linear(5, 5)

    def forward(self, values: Tensor, label: Tensor) -> Tensor:
        hidden = self.norm(self.conv(values)) + self.table(label)[:, None]
        hidden = self.last(self.along(torch.tanh(self.along(hidden))))
        scores: Tensor = hidden.square().mul(torch.arange(5)).sum(dim=(1, 2))
        return scores


def odd_case(each: int) -> Case:
    torch.manual_seed(0)
    module = Odd().double()

    def loss(own: Parameters, values: Tensor, label: Tensor, noise: Tensor) -> Tensor:
        scores: Tensor = functional_call(module, own, (values, label))
        return scores

    batch = Batch(
        torch.randn(12, 3, 13).double(), torch.arange(12) % 2, torch.zeros(12, 1).double(), each
    )
    return loss, dict(module.named_parameters()), batch


CASES: dict[str, Callable[[int], Case]] = {
    "flow": flow_case,
    "critic with penalty": critic_case,
    "odd layers": odd_case,
}


def flat(sums: Parameters) -> Tensor:
    return torch.cat([value.detach().reshape(-1) for value in sums.values()])


@pytest.mark.parametrize("each", [1, 3])
@pytest.mark.parametrize("case", CASES)
def test_all_ways_give_the_same_sums(case: str, each: int) -> None:
    loss, own, batch = CASES[case](each)
    norms = []
    for unit in range(batch.units):
        one = batch.of_units(unit, unit + 1)
        norms.append(flat(clipped_by_backward(loss, own, one, 1e9)).norm().item())
    clip_norm = sorted(norms)[len(norms) // 2]  # half of the units are clipped
    sums = [way(loss, own, batch, clip_norm) for way in WAYS]
    for other in sums[1:]:
        for name, expected in sums[0].items():
            torch.testing.assert_close(
                other[name], expected, rtol=1e-6, atol=1e-6 * clip_norm, msg=name
            )
    assert flat(sums[0]).norm() > 0


@each_way
def test_without_a_limit_it_is_the_gradient(way: ClippedSum) -> None:
    loss, own, batch = critic_case(2)
    whole = torch.autograd.grad(
        loss(own, batch.values, batch.label, batch.noise).sum(), list(own.values())
    )
    found = way(loss, own, batch, 1e9)
    for name, expected in zip(own, whole, strict=True):
        torch.testing.assert_close(found[name], expected, rtol=1e-6, atol=1e-6)


@each_way
def test_a_unit_is_clipped_once_as_a_whole(way: ClippedSum) -> None:
    # loss = w * x: gradients 3 and 4 of one unit are 7, clipped to 2; apart they would be 2 + 2
    own = {"w": torch.zeros(1, 1, requires_grad=True)}

    def loss(weights: Parameters, values: Tensor, label: Tensor, noise: Tensor) -> Tensor:
        return F.linear(values[:, 0], weights["w"])[:, 0]

    def clipped(values: list[float], each: int) -> float:
        of = torch.tensor(values).reshape(-1, 1, 1)
        nothing = torch.zeros(len(values), dtype=torch.int64)
        batch = Batch(of, nothing, torch.zeros(len(values), 1), each)
        return way(loss, own, batch, 2.0)["w"].item()

    full = 2 * (1 - ROUNDING)
    assert clipped([3.0, 4.0], 2) == pytest.approx(full)
    assert clipped([3.0, 4.0], 1) == pytest.approx(2 * full)
    assert clipped([0.5, 1.0], 2) == pytest.approx(1.5)
    assert clipped([3.0, -4.0, 0.5, 0.25], 2) == pytest.approx(-1 + 0.75)


def test_shares_by_hand() -> None:
    norms = torch.tensor([0.0, 1.0, 4.0, math.inf, math.nan])
    assert shares_kept(norms, 2.0).tolist() == pytest.approx([1, 1, 0.5 * (1 - ROUNDING), 0, 0])


VALUE = st.floats(-1e6, 1e6, allow_nan=False, width=32)


@each_way
@given(
    data=st.lists(VALUE, min_size=12, max_size=12),
    changed=st.lists(VALUE, min_size=4, max_size=4),
    labels=st.lists(st.integers(0, 1), min_size=8, max_size=8),
)
@settings(max_examples=60, deadline=None)
def test_one_persons_data_move_the_sum_by_no_more_than_the_norm(
    way: ClippedSum, data: list[float], changed: list[float], labels: list[int]
) -> None:
    clip_norm = 0.7
    module = _scorer()

    def loss(own: Parameters, values: Tensor, label: Tensor, noise: Tensor) -> Tensor:
        scores: Tensor = functional_call(module, own, (values, label))
        return scores

    def summed(rows: np.ndarray, label: list[int]) -> Tensor:
        values = torch.from_numpy(rows.astype(np.float32)).reshape(-1, 1, 2)
        batch = Batch(values, torch.tensor(label), torch.zeros(len(values), 1), 2)
        return flat(way(loss, dict(module.named_parameters()), batch, clip_norm))

    rows = np.array(data).reshape(3, 2, 2)
    other = np.array(changed).reshape(1, 2, 2)
    before = summed(rows, labels[:6])
    removed = summed(rows[:2], labels[:4])
    replaced = summed(np.concatenate([rows[:2], other]), labels[:4] + labels[6:])
    assert (before - removed).norm() <= clip_norm
    assert (before - replaced).norm() <= 2 * clip_norm


def _scorer() -> nn.Module:
    class Scorer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv1d(1, 3, 1)
            self.table = nn.Embedding(2, 3)

        def forward(self, values: Tensor, label: Tensor) -> Tensor:
            hidden = torch.sin(self.conv(values)) * 1e3 + self.table(label)[:, :, None]
            scores: Tensor = hidden.square().sum(dim=(1, 2))
            return scores

    torch.manual_seed(0)
    return Scorer()


@each_way
def test_a_gradient_that_is_no_number_counts_nothing(way: ClippedSum) -> None:
    own = {"w": torch.ones(1, 1, requires_grad=True)}

    def loss(weights: Parameters, values: Tensor, label: Tensor, noise: Tensor) -> Tensor:
        return F.linear(values[:, 0], weights["w"])[:, 0]

    values = torch.tensor([1.0, math.inf, math.nan, 0.5]).reshape(-1, 1, 1)
    batch = Batch(values, torch.zeros(4, dtype=torch.int64), torch.zeros(4, 1), 1)
    assert way(loss, own, batch, 2.0)["w"].item() == pytest.approx(1.5)


def test_books_refuse_what_they_do_not_know() -> None:
    own = {"w": torch.ones(2, requires_grad=True)}

    def product(weights: Parameters, values: Tensor, label: Tensor, noise: Tensor) -> Tensor:
        return (values[:, 0] * weights["w"]).sum(dim=1)

    def mixing(weights: Parameters, values: Tensor, label: Tensor, noise: Tensor) -> Tensor:
        return F.linear(values[:, 0].reshape(1, -1), weights["w"][None].repeat(1, 2))[0]

    def in_a_list(weights: Parameters, values: Tensor, label: Tensor, noise: Tensor) -> Tensor:
        return F.linear(values[:, 0], torch.stack([weights["w"], weights["w"]]))[:, 0]

    def parted(weights: Parameters, values: Tensor, label: Tensor, noise: Tensor) -> Tensor:
        return values[:, 0, 0] * weights["w"].chunk(2)[0]

    def half_a_norm(weights: Parameters, values: Tensor, label: Tensor, noise: Tensor) -> Tensor:
        return F.layer_norm(values[:, 0], (2,), weights["w"]).sum(dim=1)

    batch = Batch(torch.ones(2, 1, 2), torch.zeros(2, dtype=torch.int64), torch.zeros(2, 1), 1)
    for loss in (product, mixing, in_a_list, parted, half_a_norm):
        with pytest.raises(NotKept):
            clipped_by_books(loss, own, batch, 1.0)
    assert flat(clipped_by_vmap(product, own, batch, 9.0)).tolist() == [2.0, 2.0]


@pytest.mark.parametrize("case", CASES)
def test_books_leave_nothing_in_memory(case: str) -> None:
    loss, own, batch = CASES[case](1)

    def alive() -> int:
        clipped_by_books(loss, own, batch, 1.0)
        gc.collect()
        return sum(type(one) is Tensor for one in gc.get_objects())

    first = alive()
    assert alive() == first


@each_way
def test_nobody_in_a_step_gives_nothing(way: ClippedSum) -> None:
    loss, own, batch = flow_case(1)
    assert not flat(way(loss, own, batch.of_units(0, 0), 1.0)).any()


def test_gradients_of_single_records_are_those_of_opacus() -> None:
    """Opt-in: a network of the layers that both know; runs where opacus is installed."""
    opacus = pytest.importorskip("opacus", reason="opacus is not installed: no second opinion")
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv1d(3, 4, 3, stride=2, padding=1), nn.GroupNorm(2, 4), nn.Flatten(), nn.Linear(28, 1)
    )
    own: Parameters = dict(module.named_parameters())
    values = torch.randn(9, 3, 14)

    def loss(weights: Parameters, of: Tensor, label: Tensor, noise: Tensor) -> Tensor:
        scores: Tensor = functional_call(module, weights, (of,))
        return scores[:, 0].square()

    ours = clipped_by_books(
        loss, own, Batch(values, torch.zeros(9, dtype=torch.int64), torch.zeros(9, 1), 1), 0.5
    )
    wrapped = opacus.GradSampleModule(module)
    wrapped(values)[:, 0].square().sum().backward()
    single = {name: getattr(value, "grad_sample") for name, value in own.items()}  # noqa: B009
    norms = torch.stack([g.flatten(1).norm(dim=1) for g in single.values()]).norm(dim=0)
    assert (norms > 0.5).any()
    for name, of in single.items():
        expected = torch.einsum("n,n...->...", shares_kept(norms, 0.5), of)
        torch.testing.assert_close(ours[name], expected, rtol=1e-5, atol=1e-6)
