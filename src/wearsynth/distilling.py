"""Distilling a flow: the same network learns to do in a few steps what took it dozens.

The flow is followed from noise to windows by Heun's method, and where it passes at a few stops is
kept. The student starts from the flow's weights and learns, by plain regression, to go from each
stop to the next in one evaluation (Luhman and Luhman, 2021, arXiv 2101.02388, span by span). Only
made windows are learnt from: no further real window is touched.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn import functional as F

from wearsynth.config import DistilConfig
from wearsynth.data import FloatArray, IntArray
from wearsynth.errors import ModelError
from wearsynth.generators import Parameters, Player
from wearsynth.generators.flow import SAMPLE_CHUNK, ConditionalFlow, make_flow
from wearsynth.generators.velocity import Point
from wearsynth.model import Model
from wearsynth.optimise import LoopPlan, Records, Watch, optimise
from wearsynth.tensors import one_thread

Say = Callable[[str], None]
AVERAGE_DECAY = 0.998


@dataclass(frozen=True, eq=False)
class Student:
    """A flow that learns to follow another's path in few_steps: Trainable.

    Its records are paths: at each stop the shapes (channel, step); then, written on through as many
    channels as they take, the description at each stop, the numbers that were told, and the conditions.
    """

    flow: ConditionalFlow
    learning_rate: float

    @property
    def players(self) -> tuple[Player, ...]:
        """The flow's networks."""
        rate = self.learning_rate
        return (
            Player("flow", self.flow.net, self.loss, 1, rate, False, (0.9, 0.99), falls="cosine"),
        )

    @property
    def averaged(self) -> str:
        """The averaged weights are kept."""
        return "flow"

    @property
    def noise_size(self) -> int:
        """One number says from which stop the shape goes on, one from which the description does."""
        return 2

    def loss(
        self, parameters: Mapping[str, Parameters], records: Tensor, label: Tensor, noise: Tensor
    ) -> Tensor:
        """Squared error of the mean velocity from a stop to the next, for each record."""
        of, net, spans = self.flow.shape, self.flow.net, self.flow.few_steps
        shapes = records[:, : (spans + 1) * of.shapes]
        written = records[:, (spans + 1) * of.shapes :].flatten(1)
        shapes = shapes.reshape(len(records), spans + 1, of.shapes, of.steps)
        cuts = [(spans + 1) * net.described, of.numbers, of.conditions]
        path, told, conditions = torch.split(written[:, : sum(cuts)], cuts, dim=1)
        path = path.reshape(len(records), spans + 1, net.described)
        stop = (torch.special.ndtr(noise) * spans).long().clamp(max=spans - 1)
        shape, next_shape = _both(shapes, stop[:, 0])
        described, next_described = _both(path, stop[:, 1])
        time = stop / spans
        at = Point(described, time[:, 1], shape, time[:, 0], told)
        given = (at, label, conditions)
        found, found_shape = functional_call(net, parameters["flow"], given)
        error: Tensor = found - (next_described - described) * spans
        shape_error: Tensor = net.error(found_shape.float() - (next_shape - shape) * spans, told)
        return shape_error + error.square().mean(dim=1)


def _both(path: Tensor, stop: Tensor) -> tuple[Tensor, Tensor]:
    """Give where a path (record, stop, ...) is at a stop (record,), and at the next."""
    rows = torch.arange(len(path), device=path.device)
    return path[rows, stop], path[rows, stop + 1]


def distil(
    model: Model, config: DistilConfig, *, say: Say = print, watch: Watch | None = None
) -> Model:
    """Give a model that samples in few evaluations what the given one samples in dozens.

    Classes are drawn alike, conditions as new people have them and half of the time none. ModelError
    where the model is no flow, or distilled already. The same seed gives the same weights.
    """
    teacher = model.generator
    if not isinstance(teacher, ConditionalFlow) or teacher.few_steps:
        what = "distilled already" if isinstance(teacher, ConditionalFlow) else f"a {model.kind}"
        raise ModelError(f"only a flow that was fitted can be distilled; this model is {what}.")
    say(f"Following {config.paths} paths of the flow, {config.few_steps} stops each.")
    with one_thread():
        records = _paths(model, teacher, config)
    student = make_flow(
        teacher.shape, width=teacher.width, few_steps=config.few_steps, seed=config.seed
    )
    student.net.load_state_dict(teacher.weights())
    plan = LoopPlan(
        rounds=config.rounds,
        batch_size=config.batch_size,
        check_every=config.rounds,
        patience=1,
        average_decay=AVERAGE_DECAY,
        seed=config.seed,
        precision=config.precision,
    )
    optimise(Student(student, config.learning_rate), records, plan, watch=watch)
    line = f"distilled to {config.few_steps} steps from {config.paths} paths, seed {config.seed}"
    about = {**model.about, "distil": config.model_dump()}
    return replace(model, generator=student, provenance=(*model.provenance, line), about=about)


def _paths(model: Model, teacher: ConditionalFlow, config: DistilConfig) -> Records:
    """Follow the flow, and lay its paths out as records of a Student."""
    rng = np.random.default_rng(config.seed)
    whole = config.few_steps * math.ceil(teacher.heun_steps / config.few_steps)
    teacher = replace(teacher, heun_steps=whole)  # so that a step ends at every stop
    label = np.arange(config.paths, dtype=np.int64) % len(model.classes)
    told = _conditions(model, config.paths, rng)
    values = list(_laid_out(teacher, label, told, config.few_steps, rng))
    return Records(np.concatenate(values), label)


def _conditions(model: Model, count: int, rng: np.random.Generator) -> FloatArray:
    form = model.conditions
    manner = form.draw_manners(count, 1, rng)[:, 0] if form.manner else None
    covariates = {law.name: rng.normal(law.mean, law.sd, count) for law in form.covariates}
    told = form.told(count, manner, covariates)
    return form.without_some(told, rng) if form.size else told


def _laid_out(
    teacher: ConditionalFlow,
    label: IntArray,
    told: FloatArray,
    stops: int,
    rng: np.random.Generator,
) -> Iterator[FloatArray]:
    steps = teacher.shape.steps
    for at in range(0, len(label), SAMPLE_CHUNK):
        chunk = slice(at, at + SAMPLE_CHUNK)
        path = teacher.paths(label[chunk], told[chunk], rng, stops)
        flat = torch.cat([*path.descriptions, path.told, path.conditions], dim=1)
        written = F.pad(flat, (0, -flat.shape[1] % steps)).reshape(len(flat), -1, steps)
        yield torch.cat([*path.shapes, written], dim=1).cpu().numpy()
