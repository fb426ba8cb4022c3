"""Drawing until a classifier has taken so many windows of each class."""

import re
from dataclasses import replace

import numpy as np
import pytest

from toy import toy_windows
from toy_models import mixture_of, quiet, toy_classifier
from wearsynth.accepting import LEAST_AT_ONCE, MOST_DRAWS, accepted
from wearsynth.classifiers.trained import Classifier
from wearsynth.data import concat
from wearsynth.errors import DataError
from wearsynth.model import Model

pytestmark = pytest.mark.usefixtures("one_torch_thread")

COUNTS = {"walking": 130, "still": 0, "running": 7}


@pytest.fixture(scope="module")
def model() -> Model:
    return mixture_of(toy_windows(people=6, per_class=3))


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return toy_classifier()


def test_exactly_so_many_windows_and_each_is_accepted(model: Model, classifier: Classifier) -> None:
    made = concat(accepted(model, classifier, COUNTS, seed=0, say=quiet))
    assert made.counts == COUNTS
    assert classifier.accepts(made).all()
    assert made.synthetic.all()
    # no window twice, and without the classifier some are refused
    assert len(np.unique(made.signals["acc"].values, axis=0)) == len(made)
    assert not classifier.accepts(model.sample({"walking": 130}, seed=0)).all()


def test_the_same_seed_gives_the_same_bytes(model: Model, classifier: Classifier) -> None:
    def bytes_of(seed: int) -> bytes:
        chunks = accepted(model, classifier, COUNTS, seed=seed, say=quiet)
        return concat(chunks).signals["acc"].values.tobytes()

    assert bytes_of(1) == bytes_of(1)
    assert bytes_of(1) != bytes_of(2)


def test_it_is_said_how_many_were_drawn(model: Model, classifier: Classifier) -> None:
    lines = list[str]()
    list(accepted(model, classifier, COUNTS, seed=0, say=lines.append))
    said = [re.fullmatch(r"(\w+): kept (\d+) of (\d+) drawn, those that .*\.", of) for of in lines]
    told = [(of[1], int(of[2]), int(of[3])) for of in said if of]
    assert [(name, kept) for name, kept, _ in told] == [("walking", 130), ("running", 7)]
    drawn = {name: of for name, _, of in told}
    assert drawn["walking"] > 180 and drawn["running"] == LEAST_AT_ONCE
    # about the share that the classifier takes
    share = classifier.accepts(model.sample({"walking": 1000}, seed=5)).mean()
    assert 130 / drawn["walking"] == pytest.approx(share, abs=0.15)


def test_chunks_are_of_one_origin(model: Model, classifier: Classifier) -> None:
    chunks = list(accepted(model, classifier, COUNTS, seed=3, say=quiet))
    assert len(chunks) > 2
    last = "sampled from mixture with seed 3, kept what a classifier accepts"
    assert {of.provenance for of in chunks} == {(*model.provenance, last)}


def test_a_classifier_that_takes_hardly_any(model: Model, classifier: Classifier) -> None:
    mixed = replace(model, classes=("running", "walking", "still"))  # running draws still windows
    lines = list[str]()
    with pytest.raises(DataError) as refused:
        list(accepted(mixed, classifier, {"still": 0, "running": 60}, seed=0, say=lines.append))
    most = 60 * MOST_DRAWS
    told = re.match(r"of (\d+) windows of 'running' the classifier takes (\d+) for it, 60 were asked "
                    r"for\. Fine-tune the model", str(refused.value))  # fmt: skip
    assert told is not None
    assert most <= int(told[1]) < most + 60
    assert int(told[2]) < 60
    assert lines == []


def test_classes_that_one_of_both_does_not_know(model: Model, classifier: Classifier) -> None:
    with pytest.raises(DataError, match=r"the model knows no class 'wlking'"):
        next(accepted(model, classifier, {"wlking": 5}, seed=0, say=quiet))
    other = replace(classifier, classes=("still", "hopping", "running"))
    with pytest.raises(DataError, match=r"the classifier knows no class 'walking'"):
        next(accepted(model, other, {"walking": 5}, seed=0, say=quiet))
