"""Decoding through which gradients flow: the same readings as Representation.decode."""

import numpy as np
import pytest
import torch

from toy import toy_windows
from wearsynth.data import Channel
from wearsynth.generators.decoding import Decoder
from wearsynth.representation import Representation, SignalForm, representation_of

pytestmark = pytest.mark.usefixtures("one_torch_thread")


def axes(unit: str) -> tuple[Channel, ...]:
    return tuple(Channel(f"s_{axis}", unit) for axis in "xyz")


ACC = SignalForm("acc", 20.0, 52, axes("g"))
GYRO = SignalForm("gyro", 20.0, 52, axes("rad/s"))
MAGNET = SignalForm("magnet", 20.0, 7, axes("uT"))
EDA = SignalForm("eda", 5.0, 13, (Channel("eda", "uS"),))
BVP = SignalForm("bvp", 32.0, 320, (Channel("bvp", "a.u."),), pulse=True)
TEMP = SignalForm("temp", 4.0, 40, (Channel("temp", "degC"),))


@pytest.mark.parametrize(
    "forms", [(ACC,), (GYRO,), (MAGNET,), (EDA,), (ACC, GYRO, EDA), (BVP, TEMP)]
)
def test_readings_are_those_of_the_representation(forms: tuple[SignalForm, ...]) -> None:
    form = Representation(forms)
    rng = np.random.default_rng(0)
    shapes = rng.normal(size=(20, sum(form.folds), form.steps)).astype(np.float32)
    numbers = rng.normal(0, 0.5, size=(20, form.numbers)).astype(np.float32)
    told = np.broadcast_to(numbers[:, :, None], (*numbers.shape, form.steps))
    expected = form.decode(np.concatenate([shapes, told], axis=1))
    found = Decoder(form)(torch.from_numpy(shapes), torch.from_numpy(numbers))
    assert list(found) == list(expected)
    for name, signal in expected.items():
        scale = np.abs(signal.values).max()
        np.testing.assert_allclose(found[name].numpy(), signal.values, rtol=1e-3, atol=1e-4 * scale)


def test_real_windows_come_back() -> None:
    windows = toy_windows(people=2, per_class=3)
    form = representation_of(windows)
    records = torch.from_numpy(form.encode(windows))
    found = Decoder(form)(records[:, : sum(form.folds)], records[:, sum(form.folds) :, 0])
    for name, signal in windows.signals.items():
        np.testing.assert_allclose(found[name].numpy(), signal.values, atol=2e-4)


def test_gradients_flow_to_shapes_and_numbers() -> None:
    form = Representation((ACC,))
    shapes = torch.randn(2, 4, 52, requires_grad=True)
    numbers = torch.zeros(2, form.numbers, requires_grad=True)
    Decoder(form)(shapes, numbers)["acc"].square().sum().backward()
    assert shapes.grad is not None and shapes.grad.abs().sum(dim=(1, 2)).min() > 0
    assert numbers.grad is not None and (numbers.grad.abs().sum(dim=0) > 0).all()
