import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.func import grad, vmap

from record_checks import assert_white_and_constant
from wearsynth.data import FloatArray
from wearsynth.generators import Precision
from wearsynth.generators.gan import ConditionalGan, Network, gradient_penalty, make_gan
from wearsynth.generators.records import RecordShape

SHAPE = RecordShape(steps=14, folds=(1, 1, 2), classes=2, conditions=3)
NETWORKS: tuple[Network, ...] = ("conv", "lstm")
each_network = pytest.mark.parametrize("network", NETWORKS)


def gan_and_batch(
    network: Network = "conv",
) -> tuple[ConditionalGan, dict[str, dict[str, torch.Tensor]], list[torch.Tensor]]:
    gan = make_gan(SHAPE, network=network, width=8, latent=5, seed=0)
    random = torch.Generator().manual_seed(1)
    records = torch.randn(6, SHAPE.generated + SHAPE.conditions, SHAPE.steps, generator=random)
    records[:, SHAPE.shapes :] = records[:, SHAPE.shapes :, :1]
    label = torch.arange(6) % 2
    noise = torch.randn(6, gan.noise_size, generator=random)
    parameters: dict[str, dict[str, torch.Tensor]] = {
        p.name: dict(p.module.named_parameters()) for p in gan.players
    }
    return gan, parameters, [records, label, noise]


def sampled(gan: ConditionalGan, *, seed: int = 3, condition: float = 0.0) -> FloatArray:
    label = np.arange(300) % 2
    conditions = np.full((300, SHAPE.conditions), condition, dtype=np.float32)
    return gan.sample(label, conditions, np.random.default_rng(seed))


def test_penalty_of_a_linear_score_by_hand() -> None:
    # score = sum of weights * record, so the gradient is the weights everywhere: |(3, 4)| = 5
    weights = torch.tensor([[3.0, 4.0]])
    real, fake = torch.zeros(2, 1, 2), torch.ones(2, 1, 2)
    penalty = gradient_penalty(
        lambda records: (records * weights).sum(dim=(1, 2)), real, fake, torch.full((2, 1, 1), 0.3)
    )
    torch.testing.assert_close(penalty, torch.tensor([16.0, 16.0]))


def test_penalty_is_taken_between_real_and_fake() -> None:
    # score = record^2 / 2 has gradient = record: at 0.25 * 8 + 0.75 * 0 it is 2, so (2 - 1)^2
    penalty = gradient_penalty(
        lambda records: records.square().sum(dim=(1, 2)) / 2,
        torch.full((1, 1, 1), 8.0),
        torch.zeros(1, 1, 1),
        torch.full((1, 1, 1), 0.25),
    )
    assert penalty.item() == pytest.approx(1.0)


@each_network
def test_losses_equal_the_batched_textbook_form(network: Network) -> None:
    gan, parameters, (records, label, noise) = gan_and_batch(network)
    real, conditions = records[:, :-3], records[:, -3:, 0]
    fake = gan.generator(noise[:, :-1], label, conditions).detach()
    mix = torch.tensor([0.5 * (1 + math.erf(x / math.sqrt(2))) for x in noise[:, -1].tolist()])
    between = (mix[:, None, None] * real + (1 - mix[:, None, None]) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(gan.critic(between, label, conditions).sum(), between)
    penalty = (slope.flatten(1).norm(dim=1) - 1) ** 2
    told_apart = gan.critic(fake, label, conditions) - gan.critic(real, label, conditions)
    torch.testing.assert_close(
        gan.critic_loss(parameters, records, label, noise),
        told_apart + 10 * penalty,
        rtol=1e-5,
        atol=1e-5,
    )
    torch.testing.assert_close(
        gan.generator_loss(parameters, records, label, noise),
        -gan.critic(fake, label, conditions),
    )


@each_network
@pytest.mark.parametrize("name", ["critic", "generator"])
def test_gradients_of_single_records_average_to_the_ordinary_gradient(
    name: str, network: Network
) -> None:
    gan, parameters, (records, label, noise) = gan_and_batch(network)
    player = next(p for p in gan.players if p.name == name)

    def loss_of_one(
        own: dict[str, torch.Tensor], record: torch.Tensor, of: torch.Tensor, n: torch.Tensor
    ) -> torch.Tensor:
        return player.loss({**parameters, name: own}, record[None], of[None], n[None])[0]

    single = vmap(grad(loss_of_one), in_dims=(None, 0, 0, 0))(
        parameters[name], records, label, noise
    )
    loss = player.loss(parameters, records, label, noise).mean()
    ordinary = torch.autograd.grad(loss, list(parameters[name].values()))
    for key, expected in zip(parameters[name], ordinary, strict=True):
        torch.testing.assert_close(single[key].mean(dim=0), expected, rtol=1e-4, atol=1e-6)
        # every parameter plays a part, but the bias that two scores have in common
        assert single[key].any() or key == "score.2.bias", key


def test_no_record_changes_the_loss_of_another() -> None:
    gan, parameters, (records, label, noise) = gan_and_batch()
    changed = records.clone()
    changed[0] += 5.0
    for loss in (gan.critic_loss, gan.generator_loss):
        before = loss(parameters, records, label, noise)
        after = loss(parameters, changed, label, noise)
        assert not torch.isclose(before[0], after[0])
        torch.testing.assert_close(before[1:], after[1:])


def test_only_the_critic_touches_private_data() -> None:
    gan, parameters, (records, label, noise) = gan_and_batch()
    assert {p.name: p.touches_private_data for p in gan.players} == {
        "critic": True,
        "generator": False,
    }
    changed = records.clone()
    changed[:, : SHAPE.generated] += 1.0  # label and conditions stay
    a = gan.generator_loss(parameters, records, label, noise)
    b = gan.generator_loss(parameters, changed, label, noise)
    torch.testing.assert_close(a, b)


@each_network
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_shapes_leave_white_and_numbers_constant(network: Network, precision: Precision) -> None:
    gan, _, _ = gan_and_batch(network)
    records = sampled(replace(gan, precision=precision))
    assert len(records) == 300
    assert_white_and_constant(records, SHAPE, atol=5e-3)


@each_network
def test_conditions_matter_to_both_networks(network: Network) -> None:
    gan, _, (records, label, _) = gan_and_batch(network)
    a, b = sampled(gan, condition=0.0), sampled(gan, condition=1.0)
    assert np.abs(a - b)[:, : SHAPE.shapes].mean() > 0.01
    assert np.abs(a - b)[:, SHAPE.shapes :].mean() > 0.01
    real, conditions = records[:, : SHAPE.generated], records[:, SHAPE.generated :, 0]
    scores = gan.critic(real, label, conditions)
    assert not torch.isclose(scores, gan.critic(real, label, conditions + 1)).any()


@each_network
def test_sampling_repeats_with_the_seed_alone(network: Network) -> None:
    gan, _, _ = gan_and_batch(network)
    first = sampled(gan)
    torch.rand(5)  # the global generator plays no part
    assert first.tobytes() == sampled(gan).tobytes()
    assert not np.array_equal(first, sampled(gan, seed=4))


@each_network
def test_bfloat16_is_close_to_float32_and_repeats(network: Network) -> None:
    gan, _, _ = gan_and_batch(network)
    half = replace(gan, precision="bfloat16")
    exact, rough = sampled(gan), sampled(half)
    assert not np.array_equal(exact, rough)  # the option does something
    np.testing.assert_array_equal(exact[:, SHAPE.shapes :], rough[:, SHAPE.shapes :])
    off = np.sqrt(np.square(exact - rough)[:, : SHAPE.shapes].mean())
    assert off < 0.03  # of shapes with rms 1
    assert rough.tobytes() == sampled(half).tobytes()


@each_network
def test_the_same_seed_gives_the_same_first_weights(network: Network) -> None:
    a, b, c = (make_gan(SHAPE, network=network, width=8, seed=seed) for seed in (1, 1, 2))
    for name, value in a.weights().items():
        assert torch.equal(value, b.weights()[name])
    assert not torch.equal(a.weights()["label.weight"], c.weights()["label.weight"])
    assert torch.equal(a.critic.label.weight, b.critic.label.weight)


@each_network
def test_losses_and_gradients_under_bfloat16_are_close_to_float32(network: Network) -> None:
    gan, parameters, batch = gan_and_batch(network)
    for player in gan.players:
        own = list(parameters[player.name].values())
        exact = player.loss(parameters, *batch)
        with torch.autocast("cpu", torch.bfloat16):
            rough = player.loss(parameters, *batch)
        assert rough.dtype == torch.float32
        torch.testing.assert_close(rough, exact, rtol=0.02, atol=0.02)
        slopes = [torch.autograd.grad(loss.mean(), own) for loss in (exact, rough)]
        a, b = (torch.cat([slope.flatten() for slope in of]) for of in slopes)
        # rounding, not bias: up to 0.12 for 6 records, 0.05 for 256, 0.02 for 256 at width 48
        assert (a - b).norm() < 0.15 * a.norm()


def test_its_sizes_make_it_again() -> None:
    gan, _, _ = gan_and_batch("lstm")
    again = make_gan(SHAPE, network="lstm", seed=9, **gan.sizes)
    again.generator.load_state_dict(gan.weights())
    assert np.array_equal(sampled(gan), sampled(again))


@each_network
@pytest.mark.parametrize("width", [8, 12, 20, 44])
def test_any_width_that_the_options_allow(network: Network, width: int) -> None:
    gan = make_gan(SHAPE, network=network, width=width, seed=0)
    assert np.isfinite(sampled(gan)).all()


def test_records_may_be_shorter_than_a_patch_and_without_conditions() -> None:
    shape = RecordShape(steps=3, folds=(1,), classes=1)
    gan = make_gan(shape, width=8, seed=0)
    records = gan.sample(
        np.zeros(2, dtype=np.int64), np.empty((2, 0), np.float32), np.random.default_rng(0)
    )
    assert np.isfinite(records).all()
