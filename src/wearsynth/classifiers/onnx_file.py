"""A trained classifier as an ONNX file, for runtimes without Python or PyTorch."""

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from wearsynth.classifiers.trained import Classifier
from wearsynth.errors import ConfigError
from wearsynth.files import atomic_file

OPSET = 18


class _Whole(nn.Module):
    """From readings in physical units to probabilities: nothing is left to prepare."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.net = classifier.network.net  # so that its weights are exported
        self.classifier = classifier

    def forward(self, *signals: Tensor) -> Tensor:
        """(window, time, channel) of each signal -> (window, class), rows of sum 1."""
        names = [signal.name for signal in self.classifier.form.signals]
        logits = self.classifier.logits(dict(zip(names, signals, strict=True)))
        return torch.softmax(logits, dim=1)


def write_onnx(classifier: Classifier, path: Path) -> None:
    """Write one .onnx file: readings in their units in, probabilities out.

    Inputs: each signal by its name, (window, time, channel) float32. Output: "probability", (window,
    class). The file's metadata has classes, channels, units, rates and provenance. ConfigError where
    the extra `onnx` is not installed.
    """
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            'writing ONNX takes two packages more: pip install "wearsynth[onnx]".'
        ) from error
    form = classifier.form.signals
    example = tuple(torch.zeros(2, signal.time, len(signal.channels)) for signal in form)
    windows = torch.export.Dim("window", min=1)
    with _quiet():
        program = torch.onnx.export(
            _Whole(classifier).eval(),
            example,
            input_names=[signal.name for signal in form],
            output_names=["probability"],
            dynamic_shapes=(tuple({0: windows} for _ in form),),
            opset_version=OPSET,
            dynamo=True,
        )
    assert program is not None
    program.model.metadata_props["wearsynth"] = json.dumps(_about(classifier))
    with atomic_file(path) as temporary:
        program.save(str(temporary), external_data=False)


def _about(classifier: Classifier) -> dict[str, Any]:
    """Give what a file says of itself."""
    return {
        "classes": list(classifier.classes),
        "signals": [
            {
                "name": signal.name,
                "rate_hz": signal.rate_hz,
                "time": signal.time,
                "channels": [{"name": c.name, "unit": c.unit} for c in signal.channels],
            }
            for signal in classifier.form.signals
        ],
        "provenance": list(classifier.provenance),
    }


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's progress and its own deprecations to itself."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
