"""Sizes of records, and the error of shapes by hand."""

import math

import numpy as np
import pytest
import torch
from scipy.fft import dct
from torch import Tensor

from wearsynth.generators.records import Cosines, PhysicalError, RecordShape, cosine_basis
from wearsynth.representation import octaves


def test_sizes_by_hand() -> None:
    shape = RecordShape(steps=4, folds=(1, 2, 2), classes=1, conditions=3)
    # 4 readings have one scale, 8 readings three: half octaves 5 to 7, 3 to 4 and 1 to 2
    assert shape.shapes == 5
    assert shape.numbers == 2 + 4 + 4
    assert shape.generated == 15


def error_of(shape: RecordShape, errors: list[Tensor], numbers: list[list[float]]) -> list[float]:
    weighed: Tensor = PhysicalError(shape)(torch.stack(errors), torch.tensor(numbers))
    return weighed.tolist()


def test_equal_scales_weigh_all_but_the_level_alike() -> None:
    shape = RecordShape(steps=8, folds=(1, 1), classes=1)
    error = torch.randn(2, 8, generator=torch.Generator().manual_seed(0))
    level = torch.full((2, 8), 3.0)
    swing = error - error.mean(dim=1, keepdim=True)
    equal = [5.0, 0.7, 0.7, 0.7, -5.0, -2.0, -2.0, -2.0]
    found = error_of(shape, [swing, level, swing + level], [equal] * 3)
    # half of the weight is shared by 8 coefficients, half by the 7 that tell power
    plain = swing.square().mean().item() * (0.5 + 0.5 * 8 / 7)
    assert found == pytest.approx([plain, 9 * 0.5, plain + 9 * 0.5], rel=1e-5)


def test_an_octave_counts_by_its_power_by_hand() -> None:
    shape = RecordShape(steps=5, folds=(1,), classes=1)  # coefficients 3 and 4, then 1 and 2
    errors = [2 * cosine_basis(5)[place : place + 1] for place in (0, 1, 4)]  # squares of 4
    none_above = [9.0, -20.0, 0.0]
    three_above = [9.0, math.log(3) / 3, 0.0]  # a scale counts by exp(1.5), power by its square
    numbers = [none_above] * 3 + [three_above] * 3
    found = error_of(shape, errors * 2, numbers)
    even = 0.5 / 5
    weights = [even, even + 0.5 / 2, even, even, even + 0.5 / 8, even + 0.5 * 3 / 8]
    assert found == pytest.approx([4 * weight for weight in weights], rel=1e-5)


def test_a_trace_counts_by_its_channels_and_by_its_own_numbers() -> None:
    shape = RecordShape(steps=3, folds=(1, 1, 2), classes=1)
    assert shape.numbers == 2 + 2 + 3
    series = 2 * cosine_basis(6)[5]  # in the upper of its two half octaves, 4 to 5 and 1 to 3
    of_fold_2 = torch.cat([torch.zeros(2, 3), series.reshape(3, 2).T])
    of_second = torch.cat([torch.zeros(1, 3), 2 * cosine_basis(3)[1:2], torch.zeros(2, 3)])
    numbers = [0.0, 7.0, 0.0, 7.0, 0.0, 0.0, -20.0]
    found = error_of(shape, [of_fold_2, of_second], [numbers] * 2)
    weights = [(0.5 / 2 + 0.5 / 6) * 2 / 4, (0.5 / 2 + 0.5 / 3) / 4]
    assert found == pytest.approx([4 * weight for weight in weights], rel=1e-5)


def test_errors_stay_exact_where_networks_are_not() -> None:
    shape = RecordShape(steps=12, folds=(1, 2), classes=1)
    random = torch.Generator().manual_seed(0)
    error = torch.randn(5, shape.shapes, 12, generator=random)
    numbers = torch.randn(5, shape.numbers, generator=random)
    expected = PhysicalError(shape)(error, numbers)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(PhysicalError(shape)(error, numbers), expected)


@pytest.mark.parametrize("time", [7, 8, 600, 601])
def test_cosines_of_short_and_long_series_are_those_of_scipy(time: int) -> None:
    series = torch.randn(2, 3, time)
    transform = Cosines(time)
    found = transform(series)
    np.testing.assert_allclose(found, dct(series.numpy(), norm="ortho"), atol=1e-5)
    np.testing.assert_allclose(transform.back(found), series, atol=1e-5)


def test_coarse_traces_have_fewer_scales() -> None:
    fine, coarse = (RecordShape(120, (1, 1), 1, coarse=(of, of)) for of in (False, True))
    assert fine.numbers == 2 * (1 + len(octaves(120)))
    assert coarse.numbers == 2 * (1 + 3)
    assert [len(run.octaves) for run in coarse.runs] == [3]
