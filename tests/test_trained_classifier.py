"""Classifiers kept in a folder: right answers, tests on other groups, and what is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from toy import toy_windows
from wearsynth.classifiers.trained import (
    Classifier,
    load_classifier,
    save_classifier,
    train_classifier,
)
from wearsynth.data import Windows
from wearsynth.errors import DataError, ModelError
from wearsynth.mounting import rotated, rotation_by


@pytest.fixture(scope="module")
def toys() -> Windows:
    return toy_windows(people=5, per_class=10)


@pytest.fixture(scope="module")
def classifier(toys: Windows) -> Classifier:
    return train_classifier(toys, set_aside=0.4, seed=0)


def others() -> Windows:
    windows = toy_windows(people=2, per_class=10, seed=7)
    return replace(windows, subject=np.char.add("other-", windows.subject))


def test_other_people_are_told_apart_and_wrong_labels_refused(classifier: Classifier) -> None:
    people = others()
    tested = classifier.test(people)
    assert tested.accuracy > 0.9 and tested.macro_f1 > 0.9 and tested.groups == 2
    assert tested.confusion.sum() == len(people)
    assert classifier.accepts(people).mean() == pytest.approx(tested.accuracy)
    shifted = replace(people, label=(people.label + 1) % 3)
    assert classifier.accepts(shifted).mean() < 0.1
    assert classifier.test(shifted).macro_f1 < 0.1


def test_the_test_is_on_groups_set_aside(classifier: Classifier, toys: Windows) -> None:
    assert classifier.tested is not None and classifier.tested.groups == 2
    assert classifier.trained_groups == tuple(f"p{n:02d}" for n in range(5))
    assert classifier.test_lines()[0].startswith("Tested, without them, on 60 windows of 2 groups")
    untested = train_classifier(toys, set_aside=0, seed=0)
    assert untested.test_lines() == ["Not tested: no group was set aside."]


def test_turned_windows_are_told_by_who_learnt_them_turned(toys: Windows) -> None:
    people = others()
    upside_down = np.broadcast_to(rotation_by((180.0, 0.0, 40.0)), (len(people), 3, 3))
    people = replace(people, signals=rotated(people.signals, upside_down))
    turned = train_classifier(toys, set_aside=0, seed=0, turned=4)
    assert turned.test(people).accuracy > 0.9
    assert turned.provenance[-1].endswith("turned 4 ways more")


def test_logits_and_their_slopes_are_those_of_the_answers(
    classifier: Classifier, toys: Windows
) -> None:
    readings = torch.from_numpy(toys.signals["acc"].values.copy()).requires_grad_()
    logits = classifier.logits({"acc": readings})
    assert (logits.argmax(dim=1).numpy() == classifier.answers(toys)).all()
    logits[:, 0].sum().backward()  # type: ignore[no-untyped-call]
    assert readings.grad is not None and readings.grad.isfinite().all()
    assert (readings.grad.abs().sum(dim=(1, 2)) > 0).all()


def test_a_still_window_has_finite_slopes(classifier: Classifier) -> None:
    still = torch.ones(1, 60, 3, requires_grad=True)
    classifier.logits({"acc": still}).sum().backward()  # type: ignore[no-untyped-call]
    assert still.grad is not None and still.grad.isfinite().all()


def test_a_folder_gives_the_same_classifier(
    classifier: Classifier, toys: Windows, tmp_path: Path
) -> None:
    save_classifier(classifier, tmp_path / "c")
    again = load_classifier(tmp_path / "c")
    assert (again.answers(toys) == classifier.answers(toys)).all()
    assert again.classes == classifier.classes and again.form == classifier.form
    assert again.trained_groups == classifier.trained_groups
    assert again.tested is not None and classifier.tested is not None
    assert (again.tested.confusion == classifier.tested.confusion).all()


def test_the_same_seed_gives_the_same_files(toys: Windows, tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_classifier(train_classifier(toys, set_aside=0, seed=3), tmp_path / name)
    for file in ("classifier.json", "weights.safetensors"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_what_does_not_fit_is_refused_in_one_sentence(
    classifier: Classifier, toys: Windows, tmp_path: Path
) -> None:
    signal = toys.signals["acc"]
    shorter = replace(toys, signals={"acc": replace(signal, values=signal.values[:, :52])})
    with pytest.raises(
        DataError, match=r"takes windows of form acc 60 x 3 at 30 Hz, these are acc 52"
    ):
        classifier.answers(shorter)
    renamed = replace(others(), classes=("still", "walking", "swimming"))
    with pytest.raises(DataError, match="knows no class 'swimming'"):
        classifier.test(renamed)
    with pytest.raises(DataError, match="has learnt from 5 of these groups"):
        classifier.test(toys)
    with pytest.raises(DataError, match="needs two classes"):
        train_classifier(toys.select(toys.label == 0), set_aside=0, seed=0)
    with pytest.raises(DataError, match="synthetic"):
        train_classifier(replace(toys, synthetic=np.ones(len(toys), bool)), set_aside=0, seed=0)
    with pytest.raises(ModelError, match="no classifier in it"):
        load_classifier(tmp_path)
    save_classifier(classifier, tmp_path / "c")
    head = tmp_path / "c" / "classifier.json"
    head.write_text(head.read_text().replace("walking", "jogging"))
    with pytest.raises(ModelError, match="do not belong together"):
        load_classifier(tmp_path / "c")
