"""Where a private training starts: a new generator, or a public one of which few weights go on."""

from dataclasses import dataclass, replace
from pathlib import Path

from wearsynth.conditions import ConditionForm
from wearsynth.config import FitConfig
from wearsynth.data import Windows
from wearsynth.errors import DataError, ModelError
from wearsynth.generators.flow import ConditionalFlow
from wearsynth.generators.gan import ConditionalGan
from wearsynth.generators.kinds import generator_of
from wearsynth.model import Model, load_model, record_shape, save_model
from wearsynth.private_loop import private_player
from wearsynth.representation import Representation, describe_form, representation_of
from wearsynth.training import PUBLIC, Say, fit, untrained

GOES_ON = ("label.weight", "out.weight", "out.bias")
"""The ends of the names of what a flow that goes on from a public one learns: what it knows of each class,
and its last layers."""


@dataclass(frozen=True, eq=False)
class Start:
    """Where private training starts.

    representation, classes, conditions: as the generator has them. model: the public model that it goes
    on from, if there is one.
    """

    generator: ConditionalFlow | ConditionalGan
    representation: Representation
    classes: tuple[str, ...]
    conditions: ConditionForm
    model: Model | None

    @property
    def trained(self) -> dict[str, int]:
        """The names of the weights that are trained on private data, and how many numbers each has."""
        named = private_player(self.generator).module.named_parameters()
        return {name: value.numel() for name, value in named if value.requires_grad}


def start_of(
    windows: Windows,
    config: FitConfig,
    public: Model | Windows | None,
    checkpoint: Path | None,
    say: Say,
) -> Start:
    """Give the generator to start from: a new one, or the public one of which few weights are trained."""
    if public is None:
        representation = representation_of(windows)
        shape = record_shape(representation, len(windows.classes), ConditionForm())
        generator = untrained(config, config.usual(0), shape)
        return Start(generator, representation, windows.classes, ConditionForm(), None)
    if isinstance(public, Windows):
        public = _fitted_first(public, config, checkpoint, say)
    sizes = {**public.generator.sizes, **({"few_steps": 0} if public.kind == "flow" else {})}
    weights = {name: value.detach().clone() for name, value in public.generator.weights().items()}
    learner = generator_of(public.kind, public.generator.shape, sizes, weights)
    assert isinstance(learner, ConditionalFlow | ConditionalGan)
    if isinstance(learner, ConditionalGan):
        learner = replace(learner, critic_updates=config.critic_updates)
    else:
        for name, value in learner.net.named_parameters():
            value.requires_grad_(name.endswith(GOES_ON))
    learner = replace(learner, learning_rate=config.usual(0).learning_rate)
    return Start(learner, public.representation, public.classes, public.conditions, public)


def _fitted_first(public: Windows, config: FitConfig, checkpoint: Path | None, say: Say) -> Model:
    """Give a model fitted to public windows, once: a resumed run takes the same."""
    kept = None if checkpoint is None else checkpoint / PUBLIC
    if kept is not None and kept.exists():
        return load_model(kept)
    say("First without privacy, on the public windows.")
    model = fit(public, config.model_copy(update={"rounds": None}), say=say)
    if kept is not None:
        save_model(model, kept)
    return model


def check_public(public: Model | Windows, windows: Windows) -> None:
    """Raise where private windows cannot go on from what is public."""
    if isinstance(public, Model) and public.privacy is not None:
        raise ModelError(
            "the public model was itself fitted with a guarantee, so to private windows; give one that "
            "was fitted to public windows."
        )
    form = representation_of(windows)
    known = public.representation if isinstance(public, Model) else representation_of(public)
    if form != known:
        raise DataError(
            f"windows of form {describe_form(form)} do not fit public ones of form "
            f"{describe_form(known)}. Cut both alike."
        )
    if set(windows.classes) != set(public.classes):
        raise DataError(
            f"the windows have the classes {', '.join(windows.classes)}, the public ones "
            f"{', '.join(public.classes)}: they must be the same."
        )
