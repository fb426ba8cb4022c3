from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from toy_models import quiet
from wearsynth.conditions import ConditionForm, CovariateLaw
from wearsynth.config import DistilConfig
from wearsynth.data import Channel
from wearsynth.distilling import Student, distil
from wearsynth.errors import ModelError
from wearsynth.generators import Sampler
from wearsynth.generators.flow import ConditionalFlow, Paths, make_flow
from wearsynth.generators.gan import make_gan
from wearsynth.generators.records import RecordShape
from wearsynth.model import Model, record_shape
from wearsynth.optimise import LoopPlan, Records, optimise
from wearsynth.representation import Representation, SignalForm

pytestmark = pytest.mark.usefixtures("one_torch_thread")

FORM = Representation((SignalForm("x", 8.0, 8, (Channel("x", "g"),)),))
CONDITIONS = ConditionForm(
    manner=(1.0,), by_class=(0.5,), covariates=(CovariateLaw("age", 40.0, 10.0),)
)
SHAPE = record_shape(FORM, 2, CONDITIONS)
Parameters = dict[str, dict[str, Tensor]]
TINY = DistilConfig(few_steps=4, paths=128, rounds=3, batch_size=16)


def model_of(generator: Sampler, kind: str = "flow") -> Model:
    return Model(
        kind=kind,
        generator=generator,
        representation=FORM,
        classes=("down", "up"),
        trained_groups=("p0",),
        provenance=("fitted flow",),
        about={"generator": kind},
        conditions=CONDITIONS,
    )


def student_of(velocity_of_description: float, velocity_of_shape: float) -> Student:
    shape = RecordShape(steps=4, folds=(1,), classes=1, conditions=1)
    flow = make_flow(shape, width=16, few_steps=2, seed=0)
    with torch.no_grad():
        for out, value in (
            (flow.net.description.out, velocity_of_description),
            (flow.net.shape.out, velocity_of_shape),
        ):
            out.weight.zero_()
            torch.nn.init.constant_(out.get_parameter("bias"), value)
    return Student(flow, learning_rate=1e-3)


WAVE = torch.tensor([[1.0, -1.0, 1.0, -1.0]])
DESCRIBED = 2 + 6
"""A level and one scale; the course in four parts, skewness and kurtosis."""


def straight_record(description_velocity: float, shape_velocity: float) -> Tensor:
    """Give a record whose paths are straight lines from 1 (description) and WAVE, two spans."""
    shapes = [WAVE + shape_velocity * at for at in (0.0, 0.5, 1.0)]
    path = [torch.full((DESCRIBED,), 1.0 + description_velocity * at) for at in (0.0, 0.5, 1.0)]
    written = torch.cat([*path, torch.tensor([3.0, 3.0]), torch.tensor([0.5])])
    written = torch.nn.functional.pad(written, (0, -len(written) % 4)).reshape(-1, 4)
    return torch.cat([*shapes, written])[None]


def loss_of(student: Student, record: Tensor, noise: list[float]) -> float:
    parameters: Parameters = {"flow": dict(student.flow.net.named_parameters())}
    losses = student.loss(parameters, record, torch.tensor([0]), torch.tensor([noise]))
    assert losses.shape == (1,)
    return losses.item()


@pytest.mark.parametrize("noise", [[-3.0, 3.0], [3.0, -3.0], [-9.0, -9.0], [9.0, 9.0]])
def test_a_student_that_goes_straight_has_no_loss_on_straight_paths(noise: list[float]) -> None:
    assert loss_of(student_of(2.0, -4.0), straight_record(2.0, -4.0), noise) == pytest.approx(0)


def test_the_loss_by_hand() -> None:
    # off by 3 in every number told: 9; by 1 in every reading, a level, which counts half: 0.5
    assert loss_of(student_of(5.0, -3.0), straight_record(2.0, -4.0), [0.3, -0.2]) == pytest.approx(
        9.5
    )


def test_the_noise_says_which_span_of_shape_and_description() -> None:
    record = straight_record(2.0, -4.0)
    record[0, 2] += WAVE[0]  # the shape ends elsewhere: its second span has velocity -4 + 2 WAVE
    student = student_of(2.0, -4.0)
    assert loss_of(student, record, [-1.0, 1.0]) == pytest.approx(0, abs=1e-6)
    # 4 a reading; of 4 coefficients the 3 that are no level share the power
    counts = 0.5 + 0.5 * 4 / 3
    assert loss_of(student, record, [1.0, -1.0]) == pytest.approx(4 * counts)
    record = straight_record(2.0, -4.0)
    record[0, 7:9] += 1.0  # the description ends 1 higher; after 3 rows of shapes it has 2 a stop
    assert loss_of(student, record, [1.0, -1.0]) == pytest.approx(0, abs=1e-6)
    assert loss_of(student, record, [-1.0, 1.0]) == pytest.approx(4)


def test_no_record_changes_the_loss_of_another() -> None:
    student = Student(student_of(0.0, 0.0).flow, 1e-3)
    fresh = make_flow(student.flow.shape, width=16, few_steps=2, seed=0)
    student = replace(student, flow=fresh)
    parameters: Parameters = {"flow": dict(fresh.net.named_parameters())}
    records = torch.cat([straight_record(2.0, -4.0), straight_record(1.0, 1.0)])
    label, noise = torch.tensor([0, 0]), torch.tensor([[0.3, 0.1], [-0.4, 0.2]])
    before = student.loss(parameters, records, label, noise)
    changed = records.clone()
    changed[0] += 1.0
    after = student.loss(parameters, changed, label, noise)
    assert not torch.isclose(before[0], after[0])
    assert torch.isclose(before[1], after[1])


def test_a_student_touches_no_private_data() -> None:
    (player,) = student_of(0.0, 0.0).players
    assert not player.touches_private_data
    assert player.learning_rate == 1e-3 and player.falls == "cosine"


def test_only_flows_that_were_fitted_are_distilled() -> None:
    gan = model_of(make_gan(SHAPE, width=8, seed=0), kind="wgan-gp")
    with pytest.raises(ModelError, match=r"^only a flow .*; this model is a wgan-gp\.$"):
        distil(gan, TINY, say=quiet)
    done = model_of(make_flow(SHAPE, width=8, few_steps=4, seed=0))
    with pytest.raises(ModelError, match=r"^only a flow .*; this model is distilled already\.$"):
        distil(done, TINY, say=quiet)


def test_the_same_seed_gives_the_same_model_and_the_teacher_stays() -> None:
    teacher = model_of(make_flow(SHAPE, width=8, seed=0))
    before = {name: value.clone() for name, value in teacher.generator.weights().items()}
    lines: list[str] = []
    first = distil(teacher, TINY, say=lines.append)
    again = distil(teacher, TINY, say=quiet)
    other = distil(teacher, TINY.model_copy(update={"seed": 1}), say=quiet)
    draws = [m.sample(3, seed=0).signal().values.tobytes() for m in (first, again, other)]
    assert draws[0] == draws[1] != draws[2]
    for name, value in teacher.generator.weights().items():
        assert torch.equal(value, before[name])
    assert isinstance(first.generator, ConditionalFlow)
    assert first.generator.few_steps == 4
    assert lines[0].startswith("Following 128 paths")
    assert first.provenance == ("fitted flow", "distilled to 4 steps from 128 paths, seed 0")
    assert first.about["distil"]["paths"] == 128
    assert (first.classes, first.trained_groups) == (teacher.classes, teacher.trained_groups)
    assert (first.conditions, first.kind) == (CONDITIONS, "flow")


@pytest.mark.parametrize("few_steps", [1, 2, 3, 5, 7, 24])
def test_any_number_of_steps_that_the_options_allow(few_steps: int) -> None:
    teacher = model_of(make_flow(SHAPE, width=8, seed=0))
    few = TINY.model_copy(update={"few_steps": few_steps, "rounds": 1})
    model = distil(teacher, few, say=quiet)
    assert model.sample(1, seed=0).counts == {"down": 1, "up": 1}


def learnt_flow() -> ConditionalFlow:
    """Give a flow that has learnt two narrow classes: paths that bend."""
    rng = np.random.default_rng(0)
    label = np.arange(1000) % 2
    size = SHAPE.numbers
    numbers = np.where(label[:, None] == 0, -2.0, 1.0) + rng.choice([-1.0, 1.0], (1000, 1))
    numbers = numbers + rng.normal(0, 0.1, (1000, size))
    phase = rng.uniform(0, 2 * np.pi, (1000, 1))
    wave = np.sqrt(2) * np.sin(2 * np.pi * (1 + label[:, None]) * np.arange(8) / 8 + phase)
    given = np.zeros((1000, CONDITIONS.size))
    constant = np.concatenate([numbers, given], axis=1)
    constant = np.repeat(constant[:, :, None], 8, axis=2)
    records = np.concatenate([wave[:, None], constant], axis=1).astype(np.float32)
    flow = replace(make_flow(SHAPE, width=8, seed=0), learning_rate=1e-2)
    plan = LoopPlan(
        rounds=150, batch_size=32, check_every=150, patience=1, average_decay=0.95, seed=0
    )
    optimise(flow, Records(records, label), plan)
    return flow


def ends(flow: ConditionalFlow) -> Paths:
    label = np.arange(100) % 2
    conditions = np.zeros((100, CONDITIONS.size), np.float32)
    return flow.paths(label, conditions, np.random.default_rng(9))


def off(of: ConditionalFlow, teacher: ConditionalFlow) -> tuple[float, float]:
    """Give how far a flow ends from its teacher for the same noise: rms of descriptions and shapes."""
    mine, goal = ends(of), ends(teacher)
    return (
        (mine.descriptions[-1] - goal.descriptions[-1]).square().mean().sqrt().item(),
        (mine.shapes[-1] - goal.shapes[-1]).square().mean().sqrt().item(),
    )


def test_a_distilled_flow_ends_nearer_to_its_teacher_than_as_few_steps_of_the_teacher() -> None:
    teacher = learnt_flow()
    config = DistilConfig(few_steps=4, paths=512, rounds=200, batch_size=32, learning_rate=3e-3)
    student = distil(model_of(teacher), config, say=quiet).generator
    assert isinstance(student, ConditionalFlow)
    plain = off(replace(teacher, few_steps=4), teacher)
    taught = off(student, teacher)
    assert taught[0] < 0.7 * plain[0]
    assert taught[1] < 0.7 * plain[1]
