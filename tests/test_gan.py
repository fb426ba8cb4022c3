import math

import numpy as np
import pytest
import torch
from torch.func import grad, vmap

from wearsynth.generators.gan import ConditionalGan, GanShape, gradient_penalty, make_gan

SHAPE = GanShape(steps=12, folds=(1, 1, 2), stats=7, classes=2, width=8, latent=5)


def gan_and_batch(
    count: int = 6,
) -> tuple[ConditionalGan, dict[str, dict[str, torch.Tensor]], list[torch.Tensor]]:
    gan = make_gan(SHAPE, seed=0)
    random = torch.Generator().manual_seed(1)
    records = torch.randn(count, SHAPE.record_channels, SHAPE.steps, generator=random)
    label = torch.arange(count) % 2
    noise = torch.randn(count, gan.noise_size, generator=random)
    parameters: dict[str, dict[str, torch.Tensor]] = {
        p.name: dict(p.module.named_parameters()) for p in gan.players
    }
    return gan, parameters, [records, label, noise]


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


def test_critic_loss_equals_the_batched_textbook_form() -> None:
    gan, parameters, (records, label, noise) = gan_and_batch()
    ours = gan.critic_loss(parameters, records, label, noise)
    fake = gan.generator(noise[:, :-1], label).detach()
    mix = torch.tensor([0.5 * (1 + math.erf(x / math.sqrt(2))) for x in noise[:, -1].tolist()])
    between = (mix[:, None, None] * records + (1 - mix[:, None, None]) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(gan.critic(between, label).sum(), between)
    penalty = (slope.flatten(1).norm(dim=1) - 1) ** 2
    expected = gan.critic(fake, label) - gan.critic(records, label) + 10 * penalty
    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["critic", "generator"])
def test_gradients_of_single_records_average_to_the_ordinary_gradient(name: str) -> None:
    gan, parameters, (records, label, noise) = gan_and_batch()
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


def test_no_record_changes_the_loss_of_another() -> None:
    gan, parameters, (records, label, noise) = gan_and_batch()
    changed = records.clone()
    changed[0] += 5.0
    before = gan.critic_loss(parameters, records, label, noise)
    after = gan.critic_loss(parameters, changed, label, noise)
    assert not torch.isclose(before[0], after[0])
    torch.testing.assert_close(before[1:], after[1:])


def test_only_the_critic_touches_private_data() -> None:
    gan, parameters, (records, label, noise) = gan_and_batch()
    assert {p.name: p.touches_private_data for p in gan.players} == {
        "critic": True,
        "generator": False,
    }
    a = gan.generator_loss(parameters, records, label, noise)
    b = gan.generator_loss(parameters, records + 1.0, label, noise)
    torch.testing.assert_close(a, b)


def test_shapes_leave_with_zero_mean_and_unit_sd_for_each_physical_channel() -> None:
    gan, _, (_, label, noise) = gan_and_batch()
    record = gan.generator(noise[:, :-1], label).detach()
    assert record.shape == (6, SHAPE.record_channels, SHAPE.steps)
    folded = record[:, 2:4].flatten(1)  # the third channel stands in two network channels
    for values in (record[:, 0], record[:, 1], folded):
        torch.testing.assert_close(values.mean(dim=1), torch.zeros(6), rtol=0, atol=1e-5)
        torch.testing.assert_close(
            values.std(dim=1, correction=0), torch.ones(6), rtol=1e-3, atol=0
        )
    assert (record[:, 4:] == record[:, 4:, :1]).all()


def test_sampling_repeats_with_the_seed_alone() -> None:
    gan = make_gan(SHAPE, seed=0)
    label = np.zeros(300, dtype=np.int64)
    first = gan.sample(label, np.random.default_rng(3))
    torch.rand(5)  # the global generator plays no part
    assert np.array_equal(first, gan.sample(label, np.random.default_rng(3)))
    assert not np.array_equal(first, gan.sample(label, np.random.default_rng(4)))


def test_the_same_seed_gives_the_same_first_weights() -> None:
    a, b, c = (make_gan(SHAPE, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(a.critic.score.weight, b.critic.score.weight)
    assert not torch.equal(a.critic.score.weight, c.critic.score.weight)
