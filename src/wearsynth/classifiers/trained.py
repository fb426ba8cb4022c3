"""A classifier of windows that is kept in a folder: it steers a generator, or decides what to keep.

It is a network through which gradients flow (network.py), fitted on real windows. What is fitted with
its help must be judged by others, on other groups.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, f1_score
from torch import Tensor

from wearsynth.classifiers import readings
from wearsynth.classifiers.network import Joined, Network, fit_network
from wearsynth.data import IntArray, Windows, concat
from wearsynth.errors import DataError, ModelError
from wearsynth.files import atomic_folder
from wearsynth.mounting import draw_rotations, has_axes, rotated
from wearsynth.representation import (
    Representation,
    describe_form,
    form_from,
    form_to,
    representation_of,
)
from wearsynth.splitting import split
from wearsynth.tensors import load_described, save_described

SCHEMA_VERSION = 1
LEAST_GROUPS = 2


@dataclass(frozen=True, eq=False)
class Tested:
    """How a classifier did on groups that it did not learn from.

    confusion: (true class, answer) counts, over the classifier's classes.
    """

    groups: int
    macro_f1: float
    confusion: IntArray

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return float(np.trace(self.confusion) / self.confusion.sum())

    def lines(self, classes: Sequence[str]) -> list[str]:
        """Say it, overall and for each class that there are windows of."""
        lines = [
            f"{self.confusion.sum()} windows of {self.groups} groups: accuracy {self.accuracy:.3f}, "
            f"macro F1 {self.macro_f1:.3f}"
        ]
        for name, row in zip(classes, self.confusion, strict=True):
            if row.sum():
                found = zip(classes, row.tolist(), strict=True)
                answers = ", ".join(f"{answer} {count}" for answer, count in found if count)
                lines.append(f"  {name}, {row.sum()} windows: {answers}")
        return lines


@dataclass(frozen=True, eq=False)
class Classifier:
    """A fitted network and what its windows are.

    trained_groups: every group that it has seen. tested: on groups held out, by the same network
    fitted without them; None where there was one group.
    """

    network: Network
    form: Representation
    classes: tuple[str, ...]
    trained_groups: tuple[str, ...]
    provenance: tuple[str, ...]
    tested: Tested | None

    def test_lines(self) -> list[str]:
        """Say how the test went."""
        if self.tested is None:
            return ["Not tested: no group was set aside."]
        first, *others = self.tested.lines(self.classes)
        return [f"Tested, without them, on {first}", *others]

    def answers(self, windows: Windows) -> IntArray:
        """Give the index among `classes` of each window, (window,); DataError for another form."""
        self.check(representation_of(windows))
        return np.asarray(self.network.logits(readings(windows)).argmax(axis=1), dtype=np.int64)

    def accepts(self, windows: Windows) -> NDArray[np.bool_]:
        """Tell of each window whether the answer is its own class, (window,)."""
        return np.asarray(self.answers(windows) == self._truth(windows))

    def test(self, windows: Windows) -> Tested:
        """Compare the answers with the labels of windows of other groups; DataError where it saw some."""
        shared = sorted(set(windows.group.tolist()) & set(self.trained_groups))
        if shared:
            raise DataError(
                f"the classifier has learnt from {len(shared)} of these groups, {shared[0]!r} among "
                "them. Test it on others."
            )
        return _test(self._truth(windows), self.answers(windows), windows, len(self.classes))

    def _truth(self, windows: Windows) -> IntArray:
        """Give the index among `classes` of each window's label; DataError where there is none."""
        for name, count in windows.counts.items():
            if count and name not in self.classes:
                raise DataError(
                    f"the classifier knows no class {name!r}, it knows {', '.join(self.classes)}. "
                    "Train one on windows of all classes."
                )
        known = {name: index for index, name in enumerate(self.classes)}
        return np.array([known.get(name, -1) for name in windows.classes])[windows.label]

    def check(self, form: Representation) -> None:
        """Raise DataError where windows of this form are not what it was fitted on."""
        if form != self.form:
            raise DataError(
                f"the classifier takes windows of form {describe_form(self.form)}, these are "
                f"{describe_form(form)}. Cut both alike, with --rate-hz, --length-s and --signal."
            )

    def logits(self, signals: Mapping[str, Tensor]) -> Tensor:
        """Give (window, class) of readings (window, time, channel), through which gradients flow."""
        return self.network.logits_through(signals)


def train_classifier(
    windows: Windows, *, set_aside: float, seed: int, turned: int = 0
) -> Classifier:
    """Fit a classifier to real windows, and test the same network on groups set aside before.

    set_aside: share of groups for the test; the classifier that is given has then learnt from all.
    turned: each window is learnt so many times more as a sensor mounted otherwise would have read it.
    DataError where windows are synthetic or of one class, or there is nothing to turn.
    """
    present = [name for name, count in windows.counts.items() if count]
    if len(present) < 2:
        raise DataError(f"a classifier needs two classes, these windows are all {present}.")
    if windows.synthetic.any():
        raise DataError("these windows are synthetic; a feedback classifier learns from real ones.")
    label = np.array([present.index(c) if c in present else -1 for c in windows.classes])
    tested = None
    if set_aside and len(np.unique(windows.group)) >= LEAST_GROUPS:
        parts = split(windows, holdout=set_aside, seed=seed)
        learnt = _with_turned(parts.train, turned, seed)
        network = fit_network(readings(learnt), label[learnt.label], seed=seed)
        answers = network.logits(readings(parts.holdout)).argmax(axis=1)
        tested = _test(label[parts.holdout.label], answers, parts.holdout, len(present))
    groups = tuple(np.unique(windows.group).tolist())
    line = f"classifier fitted to {len(windows)} windows of {len(groups)} groups, seed {seed}"
    line += f", turned {turned} ways more" if turned else ""
    learnt = _with_turned(windows, turned, seed)
    return Classifier(
        network=fit_network(readings(learnt), label[learnt.label], seed=seed),
        form=representation_of(windows),
        classes=tuple(present),
        trained_groups=groups,
        provenance=(*windows.provenance, line),
        tested=tested,
    )


def _with_turned(windows: Windows, turned: int, seed: int) -> Windows:
    """Give the windows, and each so many times more in mountings of the sensor that are drawn."""
    if turned and not any(has_axes(signal.channels) for signal in windows.signals.values()):
        raise DataError("no signal has three axes of one unit: there is nothing to turn.")
    rng = np.random.default_rng(seed)
    ways = [
        replace(windows, signals=rotated(windows.signals, draw_rotations(len(windows), rng)))
        for _ in range(turned)
    ]
    return concat([windows, *ways]) if ways else windows


def _test(truth: IntArray, answers: IntArray, windows: Windows, classes: int) -> Tested:
    f1 = f1_score(truth, answers, labels=np.unique(truth), average="macro", zero_division=0.0)
    confusion = confusion_matrix(truth, answers, labels=range(classes))
    return Tested(len(np.unique(windows.group)), float(f1), confusion)


def save_classifier(classifier: Classifier, folder: Path, *, overwrite: bool = False) -> None:
    """Write the classifier's folder, whole or not at all."""
    tested = classifier.tested
    confusion = None if tested is None else tested.confusion.tolist()
    head = {
        "schema_version": SCHEMA_VERSION,
        "signals": form_to(classifier.form),
        "classes": classifier.classes,
        "trained_groups": classifier.trained_groups,
        "provenance": classifier.provenance,
        "tested": None if tested is None else {**asdict(tested), "confusion": confusion},
    }
    tensors = {f"net.{name}": value for name, value in classifier.network.net.state_dict().items()}
    for name, (mean, sd) in classifier.network.scales.items():
        tensors |= {f"mean.{name}": torch.from_numpy(mean), f"sd.{name}": torch.from_numpy(sd)}
    with atomic_folder(folder, overwrite=overwrite) as temporary:
        save_described(temporary, "classifier.json", head, tensors)


def load_classifier(folder: Path) -> Classifier:
    """Give a classifier from its folder; ModelError where there is none or it is damaged."""
    if not (folder / "classifier.json").is_file():
        raise ModelError(
            f"{folder}: no classifier in it. Make one with 'wearsynth classifier train'."
        )
    head, tensors = load_described(folder, "classifier.json")
    if head["schema_version"] != SCHEMA_VERSION:
        raise ModelError(f"{folder}: of another version of wearsynth; train the classifier again.")
    form, tested = form_from(head["signals"]), head["tested"]
    confusion = np.array(tested["confusion"] if tested else [], dtype=np.int64)
    net = Joined({s.name: (s.time, len(s.channels)) for s in form.signals}, len(head["classes"]))
    net.load_state_dict({n[4:]: value for n, value in tensors.items() if n.startswith("net.")})
    names = [signal.name for signal in form.signals]
    scales = {n: (tensors[f"mean.{n}"].numpy(), tensors[f"sd.{n}"].numpy()) for n in names}
    return Classifier(
        network=Network(net.eval(), scales),
        form=form,
        classes=tuple(head["classes"]),
        trained_groups=tuple(head["trained_groups"]),
        provenance=tuple(head["provenance"]),
        tested=None if tested is None else Tested(tested["groups"], tested["macro_f1"], confusion),
    )
