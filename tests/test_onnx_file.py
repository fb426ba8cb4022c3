"""Classifiers as ONNX files: the same answers by another runtime."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from toy import toy_windows
from wearsynth.classifiers.onnx_file import write_onnx
from wearsynth.classifiers.trained import Classifier, train_classifier
from wearsynth.data import SignalWindows, Windows
from wearsynth.errors import ConfigError


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return train_classifier(toy_windows(people=3, per_class=5), set_aside=0, seed=0)


def probabilities(path: Path, windows: Windows) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(path))
    given = {name: signal.values for name, signal in windows.signals.items()}
    [found] = session.run(["probability"], given)
    return np.asarray(found)


def test_another_runtime_gives_the_same_answers(classifier: Classifier, tmp_path: Path) -> None:
    write_onnx(classifier, tmp_path / "c.onnx")
    others = toy_windows(people=2, per_class=7, seed=4)
    found = probabilities(tmp_path / "c.onnx", others)
    logits = classifier.network.logits({"acc": others.signals["acc"].values})
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert (found.argmax(axis=1) == classifier.answers(others)).all()
    assert probabilities(tmp_path / "c.onnx", others.select(np.arange(1))).shape == (1, 3)
    assert [file.name for file in tmp_path.iterdir()] == ["c.onnx"]


def test_the_file_says_what_goes_in(classifier: Classifier, tmp_path: Path) -> None:
    write_onnx(classifier, tmp_path / "c.onnx")
    told = {of.key: of.value for of in onnx.load(str(tmp_path / "c.onnx")).metadata_props}
    about = json.loads(told["wearsynth"])
    assert about["classes"] == ["still", "walking", "running"]
    assert about["signals"][0]["rate_hz"] == 30.0
    assert about["signals"][0]["channels"][0] == {"name": "acc_x", "unit": "g"}


def test_signals_at_two_rates(tmp_path: Path) -> None:
    windows = toy_windows(people=2, per_class=4)
    acc = windows.signals["acc"]
    slow = SignalWindows(acc.values[:, ::6, :1].copy(), 5.0, acc.channels[:1])
    both = replace(windows, signals={"acc": acc, "slow": slow})
    fitted = train_classifier(both, set_aside=0, seed=0)
    write_onnx(fitted, tmp_path / "c.onnx")
    found = probabilities(tmp_path / "c.onnx", both)
    assert (found.argmax(axis=1) == fitted.answers(both)).all()


def test_without_the_extra_one_sentence(
    classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ConfigError, match=r'pip install "wearsynth\[onnx\]"'):
        write_onnx(classifier, tmp_path / "c.onnx")
    assert not list(tmp_path.iterdir())
