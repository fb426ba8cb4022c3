import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import grad, vmap

from record_checks import assert_white_and_constant
from wearsynth.data import FloatArray
from wearsynth.generators import Precision
from wearsynth.generators.flow import (
    BLUR,
    DESCRIPTION_STEPS,
    SAMPLE_CHUNK,
    ConditionalFlow,
    euler,
    heun,
    make_flow,
)
from wearsynth.generators.records import PhysicalError, RecordShape, cosine_basis
from wearsynth.generators.velocity import Block, FlowNet, Point, time_waves
from wearsynth.optimise import LoopPlan, Records, optimise

pytestmark = pytest.mark.usefixtures("one_torch_thread")

SHAPE = RecordShape(steps=14, folds=(1, 1, 2), classes=2, conditions=3)
Parameters = dict[str, dict[str, Tensor]]


def flow_and_batch(
    shape: RecordShape = SHAPE, count: int = 6
) -> tuple[ConditionalFlow, Parameters, list[Tensor]]:
    flow = make_flow(shape, width=8, seed=0)
    random = torch.Generator().manual_seed(1)
    records = torch.randn(count, shape.generated + shape.conditions, shape.steps, generator=random)
    records[:, shape.shapes :] = records[:, shape.shapes :, :1]
    label = torch.arange(count) % shape.classes
    noise = torch.randn(count, flow.noise_size, generator=random)
    return flow, {"flow": dict(flow.net.named_parameters())}, [records, label, noise]


def forced(flow: ConditionalFlow, description: float, shape: float) -> ConditionalFlow:
    """Give the flow with velocities that are the same everywhere, whatever is told."""
    with torch.no_grad():
        for out, value in ((flow.net.description.out, description), (flow.net.shape.out, shape)):
            out.weight.zero_()
            torch.nn.init.constant_(out.get_parameter("bias"), value)
    return flow


def sampled(
    flow: ConditionalFlow,
    *,
    count: int = 20,
    seed: int = 3,
    condition: float = 0.0,
    label: int | None = None,
) -> FloatArray:
    labels = np.arange(count) % flow.shape.classes if label is None else np.full(count, label)
    conditions = np.full((count, flow.shape.conditions), condition, dtype=np.float32)
    return flow.sample(labels, conditions, np.random.default_rng(seed))


# the loss


def test_the_loss_of_constant_velocities_by_hand() -> None:
    shape = RecordShape(steps=2, folds=(1,), classes=1)
    flow = forced(make_flow(shape, width=16, seed=0), description=0.5, shape=2.0)
    parameters: Parameters = {"flow": dict(flow.net.named_parameters())}
    side = math.sqrt(0.5)
    record = torch.tensor([[[-side, side], [4.0, 4.0], [6.0, 6.0]]])
    # the shape swings alike in both halves, with no skewness and a fourth moment of 1
    kurtosis = 2 * (math.log(1.5) - 1.25)
    start = [2.0, 5.0, 0.0, 0.0, 0.0, kurtosis - 2]
    noise = torch.tensor([[9.0, 3.0, *start, *[0.1] * 6, 0.3, -0.7]])
    # a surrogate of 2 readings is white: of noise 3 it is (side, -side). True velocities: shape
    # (-2, 2) * side, description (2, 1, 0, 0, 0, 2); those found are off by (2 + 2 side, 2 - 2 side),
    # which is a level with square 8 and a wave with square 4, and by (-1.5, -0.5, 0.5, ..., -1.5)
    expected = 8 * 0.25 + 4 * 0.75 + (2.25 + 3 * 0.25 + 0.25 + 2.25) / 6
    loss = flow.loss(parameters, record, torch.tensor([0]), noise)
    torch.testing.assert_close(loss, torch.tensor([expected]), rtol=1e-4, atol=0)


def test_the_networks_are_asked_on_the_straight_line_and_told_blurred_numbers() -> None:
    flow, parameters, (records, label, noise) = flow_and_batch()
    net = flow.net
    shape, numbers = records[:, :4], records[:, 4 : SHAPE.generated, 0]
    cuts = [4 * 14, net.described, net.described, 1, 1]
    loose, start_description, blur, s, d = torch.split(noise, cuts, dim=1)
    s, d = torch.sigmoid(s[:, 0]), torch.sigmoid(d[:, 0])
    description = torch.cat([numbers, net.surrogates.describe(shape)], dim=1)
    blurred = description + BLUR * blur
    start = net.surrogates(blurred[:, SHAPE.numbers :], loose.reshape(-1, 4, 14))
    at = Point(
        description=(1 - d[:, None]) * start_description + d[:, None] * description,
        description_time=d,
        shape=(1 - s[:, None, None]) * start + s[:, None, None] * shape,
        shape_time=s,
        told=blurred[:, : SHAPE.numbers],
    )
    of_description, of_shape = net(at, label, records[:, SHAPE.generated :, 0])
    expected = PhysicalError(SHAPE)(of_shape - (shape - start), numbers)
    expected += (of_description - (description - start_description)).square().mean(dim=1)
    torch.testing.assert_close(flow.loss(parameters, records, label, noise), expected)


def test_no_record_changes_the_loss_of_another() -> None:
    flow, parameters, (records, label, noise) = flow_and_batch()
    before = flow.loss(parameters, records, label, noise)
    assert before.shape == (6,)
    end = SHAPE.generated
    for channels in (
        slice(0, 4),
        slice(4, end),
        slice(end, end + 3),
    ):  # shapes, numbers, conditions
        changed = records.clone()
        changed[0, channels] += 5.0
        after = flow.loss(parameters, changed, label, noise)
        assert not torch.isclose(before[0], after[0])
        torch.testing.assert_close(before[1:], after[1:])


def test_gradients_of_single_records_sum_to_the_gradient_of_the_batch() -> None:
    flow, parameters, (records, label, noise) = flow_and_batch()

    def loss_of_one(own: dict[str, Tensor], record: Tensor, of: Tensor, n: Tensor) -> Tensor:
        return flow.loss({"flow": own}, record[None], of[None], n[None])[0]

    single = vmap(grad(loss_of_one), in_dims=(None, 0, 0, 0))(
        parameters["flow"], records, label, noise
    )
    loss = flow.loss(parameters, records, label, noise).sum()
    whole = torch.autograd.grad(loss, list(parameters["flow"].values()))
    for key, expected in zip(parameters["flow"], whole, strict=True):
        torch.testing.assert_close(single[key].sum(dim=0), expected, rtol=1e-3, atol=1e-5)
        assert single[key].any(), key  # every parameter plays a part


def test_one_player_that_touches_private_data() -> None:
    flow, _, _ = flow_and_batch()
    (player,) = replace(flow, learning_rate=0.02).players
    assert (player.name, player.updates_per_round) == (flow.averaged, 1)
    assert player.touches_private_data and player.falls == "root"
    assert player.learning_rate == 0.02


# the networks


def point(net: FlowNet, count: int, shape: RecordShape = SHAPE) -> Point:
    random = torch.Generator().manual_seed(2)
    return Point(
        description=torch.randn(count, net.described, generator=random),
        description_time=torch.rand(count, generator=random),
        shape=torch.randn(count, shape.shapes, shape.steps, generator=random),
        shape_time=torch.rand(count, generator=random),
        told=torch.randn(count, shape.numbers, generator=random),
    )


def test_no_layer_mixes_records() -> None:
    net = make_flow(SHAPE, width=8, seed=0).net
    at = point(net, 5)
    label, conditions = torch.arange(5) % 2, torch.randn(5, 3)
    whole = net(at, label, conditions)
    alone = net(
        Point(*(getattr(at, name)[2:3] for name in Point.__dataclass_fields__)),
        label[2:3],
        conditions[2:3],
    )
    for many, one in zip(whole, alone, strict=True):
        torch.testing.assert_close(many[2:3], one)
    shape = at.shape.clone()
    shape[0] *= 100
    disturbed = net(replace(at, shape=shape), label, conditions)
    torch.testing.assert_close(disturbed[1][1:], whole[1][1:])
    assert not torch.isclose(disturbed[1][0], whole[1][0]).all()


def test_everything_that_is_told_changes_both_velocities() -> None:
    net = make_flow(SHAPE, width=8, seed=0).net
    at = point(net, 3)
    label, conditions = torch.tensor([0, 1, 0]), torch.randn(3, 3)
    before = net(at, label, conditions)
    for after in (net(at, 1 - label, conditions), net(at, label, conditions + 1)):
        assert all((b - a).abs().max() > 1e-3 for a, b in zip(after, before, strict=True))
    for name, place in (
        ("description_time", 0),
        ("description", 0),
        ("shape_time", 1),
        ("shape", 1),
        ("told", 1),
    ):
        changed = net(replace(at, **{name: getattr(at, name) * 0.5}), label, conditions)
        assert (changed[place] - before[place]).abs().max() > 1e-3, name
        assert torch.equal(changed[1 - place], before[1 - place]), name


def test_a_block_that_adds_nothing_is_the_identity() -> None:
    block = Block(8, 8, 4, 5)
    torch.nn.init.zeros_(block.conv2.weight)
    assert block.conv2.bias is not None
    torch.nn.init.zeros_(block.conv2.bias)
    hidden = torch.randn(2, 8, 5)
    assert torch.equal(block(hidden, torch.randn(2, 4)), hidden)


def test_times_are_told_as_waves() -> None:
    waves = time_waves(torch.tensor([0.0, 0.5]))
    assert waves.shape == (2, 32)
    assert waves[0].tolist() == [0.0] * 16 + [1.0] * 16
    assert waves[1, 0].item() == pytest.approx(math.sin(0.5))
    assert waves[1, -1].item() == pytest.approx(math.cos(50.0), abs=1e-4)


@pytest.mark.parametrize("steps", [1, 2, 5, 51, 60])
def test_any_number_of_steps(steps: int) -> None:
    shape = RecordShape(steps=steps, folds=(4,), classes=1)
    net = FlowNet(shape, 8)
    at, label = point(net, 3, shape), torch.zeros(3, dtype=torch.long)
    _, velocity = net(at, label, torch.zeros(3, 0))
    assert velocity.shape == (3, 4, steps)
    assert torch.isfinite(velocity).all()


@pytest.mark.parametrize("width", [8, 12, 20, 44])
def test_any_width_that_the_options_allow(width: int) -> None:
    net = FlowNet(SHAPE, width)
    found = net(point(net, 3), torch.tensor([0, 1, 0]), torch.zeros(3, 3))
    assert [tuple(part.shape) for part in found] == [(3, net.described), (3, 4, 14)]
    assert all(torch.isfinite(part).all() for part in found)


# how velocities are followed


def test_a_constant_velocity_is_followed_exactly() -> None:
    start, slope = torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0], [-8.0]])
    for follow in (euler, heun):
        end = follow(lambda _at, _time: slope, start, 8)[-1]
        assert end.tolist() == [[4.0], [-6.0]]


def test_growth_by_hand() -> None:
    # dx/dt = x in two steps: Euler 1.5^2; Heun 1 + 1/2 + 1/8 first, then Euler's last step
    start = torch.tensor([[1.0]], dtype=torch.float64)

    def itself(at: Tensor, _time: Tensor) -> Tensor:
        return at

    assert euler(itself, start, 2)[-1].item() == pytest.approx(2.25)
    assert heun(itself, start, 2)[-1].item() == pytest.approx(1.625 * 1.5)
    assert heun(itself, start, 1)[-1].item() == 2.0


def test_heun_is_more_exact_than_euler_and_either_with_more_steps() -> None:
    start = torch.tensor([[1.0]], dtype=torch.float64)
    off = {
        (follow.__name__, steps): abs(
            follow(lambda at, _time: at, start, steps)[-1].item() - math.e
        )
        for follow in (euler, heun)
        for steps in (12, 24)
    }
    assert off["heun", 24] < off["heun", 12] < off["euler", 24] < off["euler", 12]
    # of second order: half the step, a quarter of the error; Euler's is of first order
    assert off["heun", 24] / off["heun", 12] == pytest.approx(1 / 4, rel=0.1)
    assert off["euler", 24] / off["euler", 12] == pytest.approx(1 / 2, rel=0.1)


@pytest.mark.parametrize(("follow", "steps"), [(euler, 4), (euler, 8), (heun, 8), (heun, 24)])
def test_stops_lie_evenly_from_the_start_to_the_end(
    follow: Callable[..., list[Tensor]], steps: int
) -> None:
    times: list[float] = []

    def velocity(at: Tensor, time: Tensor) -> Tensor:
        times.append(time[0].item())
        return torch.ones_like(at)  # so that the state is the time

    states = follow(velocity, torch.zeros(1, 1, dtype=torch.float64), steps, stops=4)
    np.testing.assert_allclose([s.item() for s in states], [0, 0.25, 0.5, 0.75, 1], atol=1e-12)
    assert min(times) == 0 and max(times) == pytest.approx(1 - 1 / steps)  # never asked at the end
    assert len(times) == (steps if follow is euler else 2 * steps - 1)


# sampling


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_shapes_leave_white_and_numbers_constant(precision: Precision) -> None:
    flow, _, _ = flow_and_batch()
    records = sampled(replace(flow, precision=precision, heun_steps=4))
    assert len(records) == 20
    assert_white_and_constant(records, SHAPE, atol=0.01)


def test_numbers_start_from_the_noise_and_go_where_the_velocity_leads() -> None:
    flow = forced(make_flow(SHAPE, width=8, seed=0), description=5.0, shape=0.0)
    numbers = sampled(flow, count=3)[:, SHAPE.shapes :, 0]
    first = np.random.default_rng(3).standard_normal((3, flow.net.described), dtype=np.float32)
    np.testing.assert_allclose(numbers, first[:, : SHAPE.numbers] + 5.0, atol=1e-5)


def test_paths_are_both_flows_at_every_stop() -> None:
    flow = forced(make_flow(SHAPE, width=8, seed=0), description=2.0, shape=-4.0)
    label, conditions = np.array([0, 1]), np.full((2, 3), 0.5, np.float32)
    paths = flow.paths(label, conditions, np.random.default_rng(0), 4)
    assert len(paths.descriptions) == len(paths.shapes) == 5
    for at in range(4):
        gone = paths.descriptions[at + 1] - paths.descriptions[at]
        torch.testing.assert_close(gone, torch.full((2, flow.net.described), 0.5))
        torch.testing.assert_close(paths.shapes[at + 1] - paths.shapes[at], -torch.ones(2, 4, 14))
    assert paths.conditions.tolist() == conditions.tolist()
    blur = paths.told - paths.descriptions[-1][:, : SHAPE.numbers]
    assert 0 < blur.abs().max() < 5 * BLUR


def test_shapes_start_at_a_surrogate_of_the_blurred_description() -> None:
    flow = make_flow(SHAPE, width=8, seed=0)
    label, conditions = np.array([0, 1]), np.zeros((2, 3), np.float32)
    paths = flow.paths(label, conditions, np.random.default_rng(0))
    rng, described = np.random.default_rng(0), flow.net.described
    _, blur, loose = (
        torch.from_numpy(rng.standard_normal((2, *size), dtype=np.float32))
        for size in ((described,), (described,), (4, 14))
    )
    blurred = paths.descriptions[-1] + BLUR * blur
    torch.testing.assert_close(paths.told, blurred[:, : SHAPE.numbers])
    start = flow.net.surrogates(blurred[:, SHAPE.numbers :], loose)
    torch.testing.assert_close(paths.shapes[0], start)


@pytest.mark.parametrize(
    ("few_steps", "of_description", "of_shape"), [(0, 2 * 3 * 5 - 1, 2 * 5 - 1), (4, 4, 4)]
)
def test_the_description_is_followed_in_finer_steps(
    few_steps: int, of_description: int, of_shape: int
) -> None:
    assert DESCRIPTION_STEPS == 3
    flow = replace(make_flow(SHAPE, width=8, few_steps=few_steps, seed=0), heun_steps=5)
    asked: list[nn.Module] = []
    for net in (flow.net.description, flow.net.shape):
        net.register_forward_hook(lambda module, *_: asked.append(module))
    sampled(flow, count=2)
    assert asked == [flow.net.description] * of_description + [flow.net.shape] * of_shape


def test_sampling_repeats_with_the_seed_alone() -> None:
    flow = replace(flow_and_batch()[0], heun_steps=3)
    first = sampled(flow)
    torch.rand(5)  # the global generator plays no part
    assert first.tobytes() == sampled(flow).tobytes()
    assert not np.isclose(first, sampled(flow, seed=4)).all(axis=(1, 2)).any()


def test_labels_and_conditions_change_shapes_and_numbers() -> None:
    flow = replace(flow_and_batch()[0], heun_steps=3)
    before = sampled(flow, label=0)
    for after in (sampled(flow, label=1), sampled(flow, label=0, condition=1.0)):
        assert np.abs(after - before)[:, : SHAPE.shapes].mean() > 0.0005
        assert np.abs(after - before)[:, SHAPE.shapes :].mean() > 0.0005


@pytest.mark.parametrize("count", [1, SAMPLE_CHUNK, SAMPLE_CHUNK + 1, 2 * SAMPLE_CHUNK + 3])
def test_any_number_of_windows(count: int) -> None:
    flow = replace(flow_and_batch()[0], heun_steps=1)
    records = sampled(flow, count=count)
    assert records.shape == (count, SHAPE.generated, SHAPE.steps)
    assert np.isfinite(records).all()
    assert len(np.unique(records[:, SHAPE.shapes, 0])) == count  # each its own noise


def test_every_chunk_gets_its_own_labels_and_conditions() -> None:
    flow = forced(make_flow(SHAPE, width=8, seed=0), description=0.0, shape=0.0)
    count = SAMPLE_CHUNK + 40
    label = np.repeat([0, 1], [SAMPLE_CHUNK, 40])
    conditions = np.zeros((count, 3), np.float32)
    conditions[SAMPLE_CHUNK:] = 7.0
    with torch.no_grad():  # descriptions follow the code of label and conditions alone
        flow.net.description.code.told.weight.normal_(generator=torch.Generator().manual_seed(0))  # type: ignore[union-attr]
        flow.net.description.out.weight.normal_(generator=torch.Generator().manual_seed(1))
    last = flow.sample(label, conditions, np.random.default_rng(0))[SAMPLE_CHUNK:]
    rng = np.random.default_rng(0)
    flow.sample(label[:SAMPLE_CHUNK], conditions[:SAMPLE_CHUNK], rng)
    alone = flow.sample(label[SAMPLE_CHUNK:], conditions[SAMPLE_CHUNK:], rng)
    np.testing.assert_array_equal(last, alone)
    other = flow.sample(label[:40], conditions[:40], np.random.default_rng(0))
    assert np.abs(other[:, SHAPE.shapes :] - last[:, SHAPE.shapes :]).mean() > 1


def test_few_steps_are_eulers() -> None:
    few = make_flow(SHAPE, width=8, few_steps=2, seed=0)
    many = replace(few, few_steps=0)
    rng = np.random.default_rng(0)
    label, conditions = np.array([0, 1]), np.zeros((2, 3), np.float32)
    paths = few.paths(label, conditions, rng, 2)
    half, given = torch.full((2,), 0.5), torch.zeros(2, 3)
    with torch.inference_mode():
        labels = torch.from_numpy(label)
        start, middle, end = paths.descriptions
        first = few.net.description(start, half * 0, labels, given) / 2
        torch.testing.assert_close(middle, start + first)
        second = few.net.description(middle, half, labels, given) / 2
        torch.testing.assert_close(end, middle + second)
    assert not np.array_equal(sampled(few), sampled(many))
    assert (few.sizes, many.sizes["few_steps"]) == ({"width": 8, "few_steps": 2}, 0)


def test_bfloat16_is_close_to_float32_and_repeats() -> None:
    flow = replace(flow_and_batch()[0], heun_steps=4)
    half = replace(flow, precision="bfloat16")
    exact, rough = sampled(flow), sampled(half)
    assert not np.array_equal(exact, rough)  # the option does something
    off = np.square(exact - rough)
    assert np.sqrt(off[:, : SHAPE.shapes].mean()) < 0.03  # of shapes with rms 1
    assert np.sqrt(off[:, SHAPE.shapes :].mean()) < 0.03
    assert rough.tobytes() == sampled(half).tobytes()


@pytest.mark.parametrize("steps", [5, 51])
def test_odd_steps_are_learnt_and_drawn(steps: int) -> None:
    shape = RecordShape(steps=steps, folds=(1, 3), classes=1)
    flow, parameters, batch = flow_and_batch(shape, count=3)
    assert torch.isfinite(flow.loss(parameters, *batch)).all()
    records = sampled(replace(flow, heun_steps=2), count=3)
    assert records.shape == (3, 4 + shape.numbers, steps)
    assert np.isfinite(records).all()
    assert records[:, :4, -1].all()  # the last step is drawn like the others


def test_the_same_seed_gives_the_same_first_weights() -> None:
    a, b, c = (make_flow(SHAPE, width=8, seed=seed) for seed in (1, 1, 2))
    assert a.weights().keys() == c.weights().keys()
    for name, value in a.weights().items():
        assert torch.equal(value, b.weights()[name])
    assert not torch.equal(
        a.weights()["description.stem.weight"], c.weights()["description.stem.weight"]
    )


def test_making_a_flow_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    make_flow(SHAPE, width=8, seed=0)
    assert torch.equal(torch.rand(3), expected)


def test_its_sizes_and_weights_make_it_again() -> None:
    flow = make_flow(SHAPE, width=8, few_steps=2, seed=0)
    again = make_flow(SHAPE, seed=9, **flow.sizes)
    again.net.load_state_dict(flow.weights())
    assert np.array_equal(sampled(flow), sampled(again))


# learning


def test_it_learns_a_known_law() -> None:
    shape = RecordShape(steps=8, folds=(1,), classes=2, conditions=1)
    rng = np.random.default_rng(0)
    label = np.arange(2000) % 2
    given = rng.choice([-1.0, 1.0], 2000)
    number = np.where(label == 0, rng.normal(3, 1.0, 2000), rng.normal(-2, 0.4, 2000)) + given
    wave = np.where(label == 0, 1.0, -1.0)[:, None] * np.cos(np.pi / 8 * (np.arange(8) + 0.5))
    constant = np.stack([number, *np.zeros((shape.numbers - 1, 2000)), given], axis=1)
    constant = np.repeat(constant[:, :, None], 8, axis=2)
    series = np.concatenate([wave[:, None], constant], axis=1)
    flow = replace(make_flow(shape, width=8, seed=0), learning_rate=1e-2, heun_steps=8)
    plan = LoopPlan(
        rounds=300, batch_size=128, check_every=300, patience=1, average_decay=0.98, seed=0
    )
    optimise(flow, Records(series.astype(np.float32), label), plan)
    for kind, mean, sd in ((0, 3, 1.0), (1, -2, 0.4)):
        for told in (-1.0, 1.0):
            drawn = sampled(flow, count=250, label=kind, condition=told)
            numbers = drawn[:, 1, 0]
            assert numbers.mean() == pytest.approx(mean + told, abs=0.2)
            assert numbers.std() == pytest.approx(sd, rel=0.3)
            # the shape has one lowest wave, up in one class and down in the other
            lowest = drawn[:, 0] @ cosine_basis(8)[1].numpy()
            right = (lowest > 0) == (kind == 0)
            assert right.mean() > 0.97
