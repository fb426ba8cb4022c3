"""Fine-tuning: target windows, feedback, new classes, and what is kept of the model before."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from toy import toy_windows
from toy_models import quiet, toy_classifier, weights_of
from wearsynth.classifiers.trained import Classifier
from wearsynth.config import DistilConfig, FinetuneConfig, FitConfig
from wearsynth.data import Windows
from wearsynth.distilling import distil
from wearsynth.errors import DataError, Interrupted, ModelError
from wearsynth.finetuning import ClassifierFeedback, acceptance, finetune
from wearsynth.model import Model, load_model, record_shape, save_model
from wearsynth.optimise import RoundReport
from wearsynth.training import fit

pytestmark = pytest.mark.usefixtures("one_torch_thread")

SHORT = FinetuneConfig(rounds=4, batch_size=8, check_every=2, replayed=4)
KINDS = ("flow", "wgan-gp", "lstm-gan")


def target(**changes: object) -> Windows:
    windows = toy_windows(people=4, per_class=3, seed=5)
    return replace(windows, subject=np.char.add("t-", windows.subject), **changes)  # type: ignore[arg-type]


def fitted(kind: str = "flow") -> Model:
    config = FitConfig(generator=kind, rounds=4, batch_size=8, width=8, check_every=4)
    return fit(toy_windows(people=6, per_class=3), config, say=quiet)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return toy_classifier()


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_goes_on_with_both(kind: str, classifier: Classifier, tmp_path: Path) -> None:
    model, lines = fitted(kind), list[str]()
    tuned = finetune(model, target(), classifier, SHORT, say=lines.append)
    assert weights_of(tuned) != weights_of(model)
    assert tuned.classes == model.classes
    learnt = {*model.trained_groups, *classifier.trained_groups, *target().group.tolist()}
    assert set(tuned.trained_groups) == learnt
    assert tuned.provenance[-1].startswith(
        "fine-tuned by 36 windows of 4 groups and the feedback of a classifier of 4 groups, seed 0"
    )
    assert any(line.startswith("Before: accepted") for line in lines)
    assert lines[-1].startswith("After: accepted")
    again = finetune(model, target(), classifier, SHORT, say=quiet)
    assert weights_of(again) == weights_of(tuned)
    save_model(tuned, tmp_path / "m")
    drawn = load_model(tmp_path / "m").sample(3, seed=1).signals["acc"].values
    np.testing.assert_array_equal(drawn, tuned.sample(3, seed=1).signals["acc"].values)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_goes_on_with_feedback(classifier: Classifier) -> None:
    config = SHORT.model_copy(update={"device": "cuda"})
    tuned = finetune(fitted(), target(), classifier, config, say=quiet)
    assert all(value.device.type == "cpu" for value in tuned.generator.weights().values())
    assert len(classifier.answers(target())) == len(target())


def test_feedback_raises_what_the_classifier_accepts(classifier: Classifier) -> None:
    model = fit(
        toy_windows(people=6, per_class=10),
        FitConfig(generator="flow", rounds=150, batch_size=16, width=16),
        say=quiet,
    )
    # labels that were mixed up: the classifier alone can tell what was meant
    order = (1, 2, 0)
    mixed = replace(model, classes=tuple(model.classes[i] for i in order))
    before = np.mean(list(acceptance(mixed, classifier, 0).by_class.values()))
    config = FinetuneConfig(
        rounds=150, batch_size=32, feedback=5.0, replayed=40, learning_rate=2e-3
    )
    tuned = finetune(mixed, None, classifier, config, say=quiet)
    after = np.mean(list(acceptance(tuned, classifier, 0).by_class.values()))
    assert before < 0.4
    assert after > before + 0.2
    silent = finetune(
        mixed, None, classifier, config.model_copy(update={"feedback": 0.0}), say=quiet
    )
    assert np.mean(list(acceptance(silent, classifier, 0).by_class.values())) < before + 0.1


def test_feedback_is_the_cross_entropy_of_decoded_windows(classifier: Classifier) -> None:
    windows = target()
    model = fitted()
    form = model.representation
    shape = record_shape(form, 4, model.conditions)
    classes = [*windows.classes, "swimming"]
    feedback = ClassifierFeedback(classifier, form, shape, classes)
    records = torch.from_numpy(form.encode(windows))
    shapes, numbers = records[:, : shape.shapes], records[:, shape.shapes :, 0]
    label = torch.from_numpy(windows.label)
    found = feedback(shapes, numbers, label)
    logits = torch.from_numpy(classifier.network.logits({"acc": windows.signals["acc"].values}))
    expected = torch.logsumexp(logits, dim=1) - logits[torch.arange(len(label)), label]
    torch.testing.assert_close(found, expected.float(), rtol=0.02, atol=0.02)
    assert (feedback(shapes, numbers, torch.full_like(label, 3)) == 0).all()


def test_a_new_class_of_few_windows_joins(classifier: Classifier) -> None:
    few = target(classes=("still", "walking", "waving"))
    few = few.select(few.label == 2)
    lines = list[str]()
    tuned = finetune(fitted(), few, classifier, SHORT, say=lines.append)
    assert tuned.classes == ("still", "walking", "running", "waving")
    assert "No feedback on waving: the classifier does not know them." in lines
    assert tuned.sample({"waving": 2, "still": 1}, seed=0).counts == {
        "still": 1,
        "walking": 0,
        "running": 0,
        "waving": 2,
    }


def test_a_distilled_flow_goes_on_in_full_steps(classifier: Classifier) -> None:
    few = distil(fitted(), DistilConfig(paths=128, rounds=2), say=quiet)
    lines = list[str]()
    tuned = finetune(few, target(), None, SHORT, say=lines.append)
    assert few.generator.sizes["few_steps"] == 4 and tuned.generator.sizes["few_steps"] == 0
    assert "The distilled flow goes on as one of full steps; distil it again for speed." in lines


def test_few_target_windows_are_said_plainly() -> None:
    lines = list[str]()
    finetune(fitted(), target(), None, SHORT, say=lines.append)
    assert lines[0].startswith("Few data (4 groups and 12 windows of")
    assert any("4 windows of each class drawn to be learnt again" in line for line in lines)


def test_a_stopped_run_goes_on_to_the_same_weights(tmp_path: Path, classifier: Classifier) -> None:
    model = fitted()
    whole = finetune(model, target(), classifier, SHORT, say=quiet)

    def stop(report: RoundReport) -> None:
        if report.round == 2:
            os.kill(os.getpid(), signal.SIGINT)

    place = tmp_path / "checkpoint"
    with pytest.raises(Interrupted):
        finetune(model, target(), classifier, SHORT, say=quiet, watch=stop, checkpoint=place)
    rest = finetune(model, target(), classifier, SHORT, say=quiet, checkpoint=place, resume=True)
    assert weights_of(rest) == weights_of(whole)


def test_what_cannot_go_on_is_refused_in_one_sentence(classifier: Classifier) -> None:
    mixture = fitted("mixture")
    with pytest.raises(ModelError, match="a mixture has no networks to go on with"):
        finetune(mixture, target(), None, SHORT, say=quiet)
    model = fitted()
    with pytest.raises(DataError, match="nothing to go on with"):
        finetune(model, None, None, SHORT, say=quiet)
    windows = target()
    acc = windows.signals["acc"]
    other = replace(windows, signals={"acc": replace(acc, values=acc.values[:, :52])})
    with pytest.raises(
        DataError, match="acc 52 x 3 at 30 Hz do not fit a model of form acc 60 x 3"
    ):
        finetune(model, other, None, SHORT, say=quiet)
    with pytest.raises(DataError, match="go on with real ones"):
        finetune(model, replace(windows, synthetic=np.ones(len(windows), bool)), None, SHORT)
    strangers = replace(classifier, classes=("a", "b", "c"))
    with pytest.raises(DataError, match="no class in common"):
        finetune(model, None, strangers, SHORT, say=quiet)
