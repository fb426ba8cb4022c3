"""Surrogates: descriptions by hand, and shapes made of fresh noise that fit them."""

import math

import pytest
import torch
from torch import Tensor
from torch.func import grad, vmap

from wearsynth.generators.records import RecordShape, Whitening, cosine_basis
from wearsynth.generators.surrogates import NORMAL_KURTOSIS, Surrogates
from wearsynth.representation import octaves

pytestmark = pytest.mark.usefixtures("one_torch_thread")

TWO = RecordShape(steps=128, folds=(1, 1), classes=1)
MIXED = RecordShape(steps=12, folds=(1, 1, 2), classes=1)
each_fineness = pytest.mark.parametrize("fine", [False, True])


def noise_of(shape: RecordShape, count: int, seed: int = 0) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(count, shape.shapes, shape.steps, generator=random)


def descriptions(size: int, count: int = 6) -> Tensor:
    return torch.randn(count, size, generator=torch.Generator().manual_seed(9))


def told_of_two(*, fine: bool = False) -> tuple[Surrogates, Tensor, dict[str, Tensor]]:
    """Surrogates of TWO, an empty description of 1000 records, and the parts to fill in."""
    surrogates = Surrogates(TWO, fine=fine)
    described = torch.zeros(1000, surrogates.size)
    parts = torch.split(described, surrogates.runs[0].sizes, dim=1)
    names = ("powers", "ties", "course", "skewness", "kurtosis")
    return surrogates, described, dict(zip(names, parts, strict=True))


# descriptions by hand


@pytest.mark.parametrize("fold", [1, 2])
def test_the_description_of_one_trace_by_hand(fold: int) -> None:
    shape = RecordShape(steps=4 // fold, folds=(fold,), classes=1)
    series = torch.tensor([3.0, -1.0, -1.0, -1.0]) / math.sqrt(3)  # squares 3, 1/3, 1/3, 1/3
    channels = series.reshape(1, -1, fold).transpose(1, 2)
    high, low = math.log(3.02), math.log(1 / 3 + 0.02)
    middle = (high + 3 * low) / 4
    skewness = (27 - 3) / 3**1.5 / 4
    fourth = (9 + 3 / 9) / 4
    expected = [high - middle, *[low - middle] * 3, skewness, 2 * (math.log(fourth + 0.5) - 1.25)]
    described = Surrogates(shape).describe(channels)
    torch.testing.assert_close(described, torch.tensor([expected]), rtol=1e-4, atol=1e-5)


def test_ties_of_two_traces_by_hand() -> None:
    # of 8 coefficients 1 lies in the lowest quarter, 2 to 7 above; there the traces are opposite
    low = torch.tensor([[1.0], [0.0]])
    high = torch.tensor([[1.0, 2, 0, 0, 1, 3], [-2.0, -4, 0, 0, -2, -6]])
    spectrum = torch.cat([torch.zeros(2, 1), low, high], dim=1)
    surrogates = Surrogates(RecordShape(steps=8, folds=(1, 1), classes=1))
    ties = surrogates.describe((spectrum @ cosine_basis(8))[None])[0, :2]
    # -0.98 in a matrix whose eigenvalues are 1.98 (opposite) and 0.02 (together)
    expected = torch.tensor([0.0, (math.log(0.02) - math.log(1.98)) / 2])
    torch.testing.assert_close(ties, expected, rtol=1e-3, atol=1e-3)


def test_powers_of_narrow_bands_by_hand() -> None:
    # half octaves 5 to 7, 3 to 4 and 1 to 2 of 8 coefficients: one band each, highest first
    spectrum = torch.tensor([[[9.0, 1, 1, 2, 0, 3, 3, 3]]])
    described = Surrogates(RecordShape(8, (1,), 1), fine=True).describe(spectrum @ cosine_basis(8))
    expected = torch.tensor([9.0, 2.0, 1.0]).log()
    torch.testing.assert_close(described[0, :3], expected, rtol=1e-3, atol=1e-3)


# shapes that fit


@each_fineness
@pytest.mark.parametrize(
    ("part", "values"),
    [
        ("ties", [-1.0, 0.8]),  # of the slow and the fast coefficients, or of the highest octaves
        ("course", [1.0, 0.5, -0.5, -1.0, 0.0, 0.7, 0.0, -0.7]),
        ("skewness", [0.8, -0.4]),
        ("kurtosis", [0.0, 1.0]),
    ],
)
def test_what_is_told_is_found_on_average(part: str, values: list[float], fine: bool) -> None:
    surrogates, told, parts = told_of_two(fine=fine)
    wanted = torch.tensor(values)
    parts[part][:, -len(wanted) :] = wanted
    if part == "course":  # power that moves brings a kurtosis: 3 <m^4> / <m^2>^2
        moved = (wanted.reshape(2, 4) @ surrogates.runs[0].between).exp()
        fourth = 3 * moved.square().mean(dim=1) / moved.mean(dim=1).square()
        parts["kurtosis"][:] = 2 * ((fourth + 0.5).log() - NORMAL_KURTOSIS)
    made = surrogates(told, noise_of(TWO, 1000))
    found = torch.split(surrogates.describe(made), surrogates.runs[0].sizes, dim=1)
    found_part = found[list(parts).index(part)].mean(dim=0)[-len(wanted) :]
    ratio = found_part[wanted != 0] / wanted[wanted != 0]
    assert ratio.min() > 0.55 and ratio.max() < 1.3
    assert (found_part[wanted == 0].abs() < 0.15).all()


def test_power_that_moves_does_not_count_twice_in_the_kurtosis() -> None:
    surrogates, told, parts = told_of_two()
    parts["course"][:, :4] = torch.tensor([2.0, -1.0, -2.0, 1.0])
    parts["kurtosis"][:, 0] = wanted = 1.0
    made = surrogates(told, noise_of(TWO, 1000))
    found = torch.split(surrogates.describe(made), surrogates.runs[0].sizes, dim=1)[-1]
    assert found[:, 0].mean() == pytest.approx(wanted, abs=0.25)


def test_fine_bands_have_the_power_told() -> None:
    surrogates, told, parts = told_of_two(fine=True)
    # the third half octave from above has two bands of 8 coefficients, bands 4 and 5 of all
    assert octaves(128)[2] == slice(49, 65)
    parts["powers"][:, 2 * 4], parts["powers"][:, 2 * 5] = math.log(1.8), math.log(0.2)
    spectrum = surrogates(told, noise_of(TWO, 1000)) @ cosine_basis(128).T
    power = spectrum.square()
    torch.testing.assert_close(power[:, 0, 49:57].mean(dim=1), torch.full((1000,), 1.8))
    torch.testing.assert_close(power[:, 0, 57:65].mean(dim=1), torch.full((1000,), 0.2))
    torch.testing.assert_close(power[:, 1, 49:57].mean(dim=1), torch.ones(1000))


@each_fineness
def test_shapes_are_white_whatever_is_told(fine: bool) -> None:
    surrogates = Surrogates(MIXED, fine=fine)
    for told in (torch.zeros(6, surrogates.size), descriptions(surrogates.size)):
        made = surrogates(told, noise_of(MIXED, 6))
        folded = made[:, 2:].transpose(1, 2).reshape(6, 24)
        for trace in (made[:, 0], made[:, 1], folded):
            spectrum = trace @ cosine_basis(trace.shape[1]).T
            torch.testing.assert_close(spectrum[:, 0], torch.zeros(6), rtol=0, atol=1e-5)
            for octave in octaves(trace.shape[1]):
                power = spectrum[:, octave].square().mean(dim=1)
                torch.testing.assert_close(power, torch.ones(6), rtol=0, atol=1e-3)


def test_where_nothing_is_told_noise_is_only_made_white() -> None:
    surrogates, told, _ = told_of_two()
    drawn = noise_of(TWO, 1000)  # coefficients, of which the level does not count
    white = Whitening(TWO)(drawn @ cosine_basis(128))
    assert (surrogates(told, drawn) - white).square().mean() < 0.03


@each_fineness
def test_no_record_changes_another_and_noise_makes_each_anew(fine: bool) -> None:
    surrogates, drawn = Surrogates(MIXED, fine=fine), noise_of(MIXED, 6)
    told = descriptions(surrogates.size)
    whole = surrogates(told, drawn)
    torch.testing.assert_close(surrogates(told[2:3], drawn[2:3]), whole[2:3])
    torch.testing.assert_close(surrogates.describe(whole[2:3]), surrogates.describe(whole)[2:3])
    anew = surrogates(told, noise_of(MIXED, 6, seed=1))
    assert (anew - whole).abs().amax(dim=(1, 2)).min() > 0.5


@each_fineness
@pytest.mark.parametrize("steps", [1, 2, 3, 5])
@pytest.mark.parametrize("folds", [(1,), (4,), (1, 1), (3, 3, 1, 1, 2)])
def test_any_form(folds: tuple[int, ...], steps: int, fine: bool) -> None:
    shape = RecordShape(steps, folds, classes=1)
    surrogates = Surrogates(shape, fine=fine)
    described = surrogates.describe(Whitening(shape)(noise_of(shape, 6)))
    assert described.shape == (6, surrogates.size)
    assert described.abs().max() < 10
    made = surrogates(described, noise_of(shape, 6, seed=1))
    assert made.shape == (6, shape.shapes, steps)
    assert made.isfinite().all()


def test_no_shape_and_an_odd_description_give_numbers() -> None:
    surrogates = Surrogates(MIXED)
    nothing = torch.zeros(1, MIXED.shapes, MIXED.steps)
    assert surrogates.describe(nothing).isfinite().all()
    far = 30 * torch.ones(1, surrogates.size)
    far[:, :2] = 1.0  # ties
    for told in (far, -far):
        assert surrogates(told, noise_of(MIXED, 1)).isfinite().all()


# where it is used


def test_inside_gradients_of_single_records() -> None:
    surrogates, drawn = Surrogates(MIXED), noise_of(MIXED, 6)
    white = Whitening(MIXED)(noise_of(MIXED, 6, seed=1))

    def loss(weight: Tensor, shape: Tensor, noise: Tensor) -> Tensor:
        made = surrogates(surrogates.describe(shape[None]), noise[None])
        total: Tensor = (weight * made * shape).sum()
        return total

    single = vmap(grad(loss), in_dims=(None, 0, 0))(torch.tensor(1.0), white, drawn)
    made = surrogates(surrogates.describe(white), drawn)
    expected = (made * white).sum(dim=(1, 2))
    torch.testing.assert_close(single, expected, rtol=1e-4, atol=1e-3)
    assert expected.abs().max() > 1


@each_fineness
def test_bfloat16_around_it_changes_nothing(fine: bool) -> None:
    surrogates, drawn = Surrogates(MIXED, fine=fine), noise_of(MIXED, 6)
    told = descriptions(surrogates.size)
    made = surrogates(told, drawn)
    described = surrogates.describe(made)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(surrogates(told, drawn), made)
        assert torch.equal(surrogates.describe(made), described)
