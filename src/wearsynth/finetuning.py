"""The second step: a fitted generator goes on with another sensor's windows and a classifier's feedback.

Target windows are learnt as in a first fit. Windows drawn from the model before are learnt again beside
them, so that what few target windows do not show is kept. A frozen classifier says of each drawn record
whether it is of the class that was asked for: its cross entropy joins the loss. Any of the three may be
left out, of target and classifier not both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wearsynth.classifiers.trained import Classifier
from wearsynth.config import FinetuneConfig
from wearsynth.data import IntArray, Windows
from wearsynth.errors import DataError, ModelError, PrivacyError
from wearsynth.generators.decoding import Decoder
from wearsynth.generators.flow import ConditionalFlow
from wearsynth.generators.gan import ConditionalGan
from wearsynth.generators.kinds import generator_of
from wearsynth.generators.records import RecordShape, Whitening
from wearsynth.grids import grids_of
from wearsynth.model import Model
from wearsynth.optimise import Outcome, Records, Watch
from wearsynth.representation import Representation, describe_form, representation_of
from wearsynth.stopping import set_aside
from wearsynth.tensors import check_device, one_thread
from wearsynth.training import (
    Learnt,
    Say,
    loop_plan,
    open_checkpoint,
    train,
    warn_of_few,
    with_conditions,
)

ASKED = 100
"""Windows of each class that the classifier is asked about, before and after."""


class ClassifierFeedback(nn.Module):
    """A frozen classifier's cross entropy of drawn records, 0 for classes that it does not know."""

    def __init__(
        self, classifier: Classifier, form: Representation, shape: RecordShape, classes: list[str]
    ) -> None:
        super().__init__()
        classifier.check(form)
        known = [classifier.classes.index(c) if c in classifier.classes else -1 for c in classes]
        self.classifier = classifier
        self.net = classifier.network.net  # so that it moves to a device
        self.whiten, self.decode = Whitening(shape), Decoder(form)
        self.own: Tensor
        self.register_buffer("own", torch.tensor(known), persistent=False)

    def forward(self, shapes: Tensor, numbers: Tensor, label: Tensor) -> Tensor:
        """Give (record,) of shapes (record, channel, step), numbers (record, number), label (record,)."""
        logits = self.classifier.logits(self.decode(self.whiten(shapes), numbers))
        own = self.own[label]
        loss = F.cross_entropy(logits, own.clamp(min=0), reduction="none")
        return loss * (own >= 0)


@dataclass(frozen=True)
class Acceptance:
    """Of how many of the windows drawn of a class the classifier says that they are of it."""

    by_class: Mapping[str, float]

    @property
    def line(self) -> str:
        """The shares in words."""
        shares = ", ".join(f"{name} {share:.2f}" for name, share in self.by_class.items())
        return f"accepted {np.mean(list(self.by_class.values())):.2f} ({shares})"


def finetune(
    model: Model,
    target: Windows | None,
    classifier: Classifier | None,
    config: FinetuneConfig,
    *,
    say: Say = print,
    watch: Watch | None = None,
    checkpoint: Path | None = None,
    resume: bool = False,
) -> Model:
    """Give the model gone on with target windows and feedback; same seed, same weights.

    target: may name new classes. A distilled flow becomes a flow of full steps again. ModelError for a
    mixture, PrivacyError where a guarantee would be broken, DataError where windows, classifier and model
    do not fit or there is nothing to go on with, TrainingError for NaN or collapse, and
    errors.Interrupted after Ctrl-C.
    """
    _check(model, target, classifier)
    _check_private(model, config)
    check_device(config.device, "finetune.device")
    if target is not None:
        warn_of_few(target, say)
    classes = _classes(model, target)
    generator = _widened(model, classes, say)
    learnt, how = _learnt(model, target, classes, config)
    say(f"{how}; {config.rounds} rounds of {config.batch_size} windows at most.")
    if classifier is not None:
        _say_unknown(classifier, classes, say)
        say(f"Before: {acceptance(model, classifier, config.seed).line}.")
        if config.feedback:
            feedback = ClassifierFeedback(classifier, learnt.representation, learnt.shape, classes)
            feedback.to(config.device)
            generator = replace(generator, feedback=feedback, feedback_weight=config.feedback)
    generator = replace(generator, learning_rate=config.learning_rate)
    loop_file = open_checkpoint(
        checkpoint, learnt.records, config.model_dump(), resume=resume, say=say
    )
    plan = loop_plan(config, config)
    outcome = train(generator, learnt, plan, say=say, watch=watch, checkpoint=loop_file)
    generator = replace(generator, feedback=None, feedback_weight=0.0)
    if classifier is not None:
        classifier.network.net.to("cpu")
    tuned = _model(
        model, generator, classes, config, outcome=outcome, target=target, classifier=classifier
    )
    if classifier is not None:
        say(f"After: {acceptance(tuned, classifier, config.seed).line}.")
    return tuned


def acceptance(model: Model, classifier: Classifier, seed: int) -> Acceptance:
    """Ask the classifier about ASKED windows of each class that it knows; same seed, same answer."""
    classes = [name for name in model.classes if name in classifier.classes]
    drawn = model.sample(dict.fromkeys(classes, ASKED), seed=seed)
    accepted = classifier.accepts(drawn)
    return Acceptance(
        {name: float(accepted[drawn.label == drawn.classes.index(name)].mean()) for name in classes}
    )


def _check(model: Model, target: Windows | None, classifier: Classifier | None) -> None:
    if not isinstance(model.generator, ConditionalFlow | ConditionalGan):
        raise ModelError(f"a {model.kind} has no networks to go on with; fit one to the windows.")
    if target is None and classifier is None:
        raise DataError("nothing to go on with: give target windows, a classifier, or both.")
    if target is not None:
        form = representation_of(target)
        if form != model.representation:
            raise DataError(
                f"target windows of form {describe_form(form)} do not fit a model of form "
                f"{describe_form(model.representation)}. Cut them alike, with --rate-hz, --length-s "
                "and --signal."
            )
        if target.synthetic.any():
            raise DataError("the target windows are synthetic; go on with real ones.")
    if classifier is not None:
        classifier.check(model.representation)
        known = [name for name in classifier.classes if name in model.classes]
        if not known:
            raise DataError(
                f"the classifier knows {', '.join(classifier.classes)}, the model "
                f"{', '.join(model.classes)}: no class in common. Rename with --classes OLD=NEW."
            )


def _check_private(model: Model, config: FinetuneConfig) -> None:
    """Raise PrivacyError where real windows would enter a model with a guarantee unpaid."""
    if model.privacy is not None and not config.public:
        raise PrivacyError(
            "the model has a privacy guarantee, and the windows that it would go on with, or that the "
            "classifier learnt from, would not be under it. If all of them are public, say so with "
            "finetune.public (--public); else fit to them with --epsilon."
        )


def _say_unknown(classifier: Classifier, classes: list[str], say: Say) -> None:
    unknown = [name for name in classes if name not in classifier.classes]
    if unknown:
        say(f"No feedback on {', '.join(unknown)}: the classifier does not know them.")


def _classes(model: Model, target: Windows | None) -> list[str]:
    """Give the model's classes, then those that only the target windows have."""
    present = [] if target is None else [n for n, count in target.counts.items() if count]
    return [*model.classes, *(name for name in present if name not in model.classes)]


def _widened(model: Model, classes: list[str], say: Say) -> ConditionalFlow | ConditionalGan:
    """Give a copy of the generator that knows these classes, each new one the mean of the others."""
    generator = model.generator
    sizes, weights = dict(generator.sizes), dict(generator.weights())
    if sizes.get("few_steps"):
        say("The distilled flow goes on as one of full steps; distil it again for speed.")
        sizes["few_steps"] = 0
    more = len(classes) - len(model.classes)
    for name, value in weights.items():
        if name.endswith("label.weight"):
            mean = value.detach().mean(dim=0, keepdim=True)
            weights[name] = torch.cat([value.detach(), mean.expand(more, -1)])
    shape = replace(generator.shape, classes=len(classes))
    widened = generator_of(model.kind, shape, sizes, weights)
    assert isinstance(widened, ConditionalFlow | ConditionalGan)
    if isinstance(widened, ConditionalGan):
        say("The critic was not kept: a new one learns beside the generator.")
    return widened


def _learnt(
    model: Model, target: Windows | None, classes: list[str], config: FinetuneConfig
) -> tuple[Learnt, str]:
    """Give target windows and windows drawn again, in network form, and a line that says what they are."""
    with_target, without = config.replays
    replayed = without if target is None else with_target
    label = np.repeat(np.arange(len(model.classes)), replayed)
    told = model.conditions.told(len(label), None, {})
    with one_thread():
        drawn = model.generator.sample(label, told, np.random.default_rng(config.seed))
    values, labels, stopping = [with_conditions(drawn, told)], [label], None
    how, learning = f"{replayed} windows of each class drawn to be learnt again", None
    if target is not None:
        learning, stopping, aside = set_aside(target, config.set_aside, config.seed)
        learning = _named(learning, classes)
        stopping = None if stopping is None else _named(stopping, classes)
        encoded = model.representation.encode(learning)
        untold = model.conditions.told(len(learning), None, {})
        values.append(with_conditions(encoded, untold))
        labels.append(learning.label)
        how = f"{len(learning)} target windows, {how}. {aside}"
    records = Records(np.concatenate(values), np.concatenate(labels).astype(np.int64))
    if not len(records.label):
        raise DataError("nothing to learn from: give target windows, or replayed windows above 0.")
    shape = replace(model.generator.shape, classes=len(classes))
    return (
        Learnt(model.representation, model.conditions, shape, records, learning, stopping),
        how,
    )


def _named(windows: Windows, classes: list[str]) -> Windows:
    """Give the windows with labels among these classes."""
    own = np.array([classes.index(c) if c in classes else -1 for c in windows.classes])
    label: IntArray = own[windows.label]
    return replace(windows, classes=tuple(classes), label=label)


def _model(
    model: Model,
    generator: ConditionalFlow | ConditionalGan,
    classes: list[str],
    config: FinetuneConfig,
    *,
    outcome: Outcome,
    target: Windows | None,
    classifier: Classifier | None,
) -> Model:
    groups = set(model.trained_groups)
    by = []
    if target is not None:
        groups |= set(target.group.tolist())
        by.append(f"{len(target)} windows of {len(np.unique(target.group))} groups")
    if classifier is not None and config.feedback:
        groups |= set(classifier.trained_groups)
        by.append(f"the feedback of a classifier of {len(classifier.trained_groups)} groups")
    about: dict[str, Any] = {
        "generator": model.kind,
        "finetune": config.model_dump(),
        "rounds_run": outcome.rounds_run,
        "kept_round": outcome.kept_round,
        "stopped": outcome.reason,
        "held_out_scores": [list(pair) for pair in outcome.scores],
        "before": dict(model.about),
    }
    privacy = model.privacy
    if privacy is not None:
        named = "all windows that fine-tuning used, the classifier's among them"
        privacy = replace(privacy, public=(*privacy.public, named))
    return replace(
        model,
        generator=generator,
        privacy=privacy,
        classes=tuple(classes),
        trained_groups=tuple(sorted(groups)),
        provenance=(
            *model.provenance,
            *(() if target is None else target.provenance),
            f"fine-tuned by {' and '.join(by)}, seed {config.seed}, kept round {outcome.kept_round}",
        ),
        about=about,
        grids=model.grids if target is None else grids_of(target),
    )
