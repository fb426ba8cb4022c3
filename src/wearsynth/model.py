"""A fitted generator with all that is needed to use it: sampling, saving, loading.

A model is a folder: model.json says what it is (form of the windows, classes, who it has seen, how
it was made), weights.safetensors holds the numbers. Nothing in it is pickled.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from wearsynth.data import Channel, IntArray, Windows, concat
from wearsynth.errors import DataError, ModelError, did_you_mean
from wearsynth.files import atomic_folder, read_bytes
from wearsynth.generators.gan import ConditionalGan, GanShape, make_gan
from wearsynth.representation import Representation, SignalForm
from wearsynth.tensors import load_tensors, save_tensors

SCHEMA_VERSION = 1
CHUNK = 1000
NO_PRIVACY = (
    "none: trained without differential privacy; the model may remember people it has seen."
)


@dataclass(frozen=True, eq=False)
class Model:
    """A fitted generator and what its windows are.

    trained_groups: every group that fitting has seen, those that only decided when to stop
    included. about: how it was made, for people to read.
    """

    generator: ConditionalGan
    representation: Representation
    classes: tuple[str, ...]
    trained_groups: tuple[str, ...]
    provenance: tuple[str, ...]
    about: Mapping[str, Any]
    privacy: str = NO_PRIVACY

    def sample(self, counts: Mapping[str, int] | int, *, seed: int) -> Windows:
        """Give exactly so many synthetic windows of each class; same seed, same bytes."""
        return concat(self.stream(counts, seed=seed))

    def stream(self, counts: Mapping[str, int] | int, *, seed: int) -> Iterator[Windows]:
        """Give the same windows as `sample`, class after class, in chunks of at most 1000.

        A bare number means so many of every class. DataError for unknown classes and counts
        below 0.
        """
        counts = self._checked(counts)
        index = np.array([self.classes.index(name) for name in counts], dtype=np.int64)
        ends = np.cumsum(list(counts.values()))
        total = int(ends[-1])
        line = f"sampled {total} windows from {self.about.get('generator')} with seed {seed}"
        for number, start in enumerate(range(0, total, CHUNK)):
            rng = np.random.default_rng(np.random.SeedSequence([seed, number]))
            places = np.arange(start, min(start + CHUNK, total))
            label = index[np.searchsorted(ends, places, side="right")]
            yield self._windows(label, rng, line)

    def _checked(self, counts: Mapping[str, int] | int) -> Mapping[str, int]:
        if isinstance(counts, int):
            counts = dict.fromkeys(self.classes, counts)
        for name, count in counts.items():
            if name not in self.classes:
                raise DataError(
                    f"the model knows no class {name!r}.{did_you_mean(name, self.classes)}"
                )
            if count < 0:
                raise DataError(f"count of {name!r} must be 0 or more, got {count}.")
        if sum(counts.values()) == 0:
            raise DataError("asked for 0 windows; ask for at least one, as in walking=100.")
        return counts

    def _windows(self, label: IntArray, rng: np.random.Generator, line: str) -> Windows:
        count = len(label)
        return Windows(
            signals=self.representation.decode(self.generator.sample(label, rng)),
            label=label,
            classes=self.classes,
            subject=np.full(count, ""),
            recording=np.full(count, ""),
            start_s=np.full(count, np.nan),
            synthetic=np.ones(count, dtype=np.bool_),
            provenance=(*self.provenance, line),
            trained_groups=self.trained_groups,
        )


def gan_shape(representation: Representation, classes: int, *, width: int) -> GanShape:
    """Give the sizes of a GAN for windows of this form."""
    return GanShape(
        steps=representation.steps,
        folds=representation.folds,
        stats=representation.stat_channels,
        classes=classes,
        width=width,
    )


def save_model(model: Model, folder: Path | str, *, overwrite: bool = False) -> None:
    """Write the model's folder, whole or not at all."""
    head = {
        "schema_version": SCHEMA_VERSION,
        "signals": [asdict(signal) for signal in model.representation.signals],
        "classes": model.classes,
        "trained_groups": model.trained_groups,
        "provenance": model.provenance,
        "about": model.about,
        "privacy": model.privacy,
        "width": model.generator.shape.width,
        "latent": model.generator.shape.latent,
    }
    with atomic_folder(Path(folder), overwrite=overwrite) as temporary:
        text = json.dumps(head, indent=2) + "\n"
        (temporary / "model.json").write_text(text, encoding="utf-8", newline="\n")
        weights = dict(model.generator.generator.named_parameters())
        digest = hashlib.sha256(text.encode()).hexdigest()
        save_tensors(temporary / "weights.safetensors", weights, {"model.json sha256": digest})


def load_model(name: Path | str) -> Model:
    """Give a model from its folder, or a bundled one by name; ModelError where it is damaged."""
    folder = find_model(name)
    text = read_bytes(folder / "model.json")
    tensors, about = load_tensors(folder / "weights.safetensors")
    if about.get("model.json sha256") != hashlib.sha256(text).hexdigest():
        raise ModelError(
            f"{folder}: model.json and weights.safetensors do not belong together; "
            "take both from one copy of the model."
        )
    head = json.loads(text)
    if head["schema_version"] > SCHEMA_VERSION:
        raise ModelError(
            f"{folder}: written by a newer wearsynth (schema {head['schema_version']}); update it."
        )
    representation = Representation(tuple(_signal_form(signal) for signal in head["signals"]))
    shape = gan_shape(representation, len(head["classes"]), width=head["width"])
    gan = make_gan(shape, seed=0)
    gan.generator.load_state_dict(tensors)
    return Model(
        generator=gan,
        representation=representation,
        classes=tuple(head["classes"]),
        trained_groups=tuple(head["trained_groups"]),
        provenance=tuple(head["provenance"]),
        about=head["about"],
        privacy=head["privacy"],
    )


def bundled_models() -> tuple[str, ...]:
    """Give the names of the models that ship in the package."""
    folder = resources.files("wearsynth") / "models"
    if not folder.is_dir():
        return ()
    return tuple(sorted(item.name for item in folder.iterdir() if item.is_dir()))


def find_model(name: Path | str) -> Path:
    """Give the folder of a model by its path or bundled name; ModelError if there is neither."""
    if (Path(name) / "model.json").is_file():
        return Path(name)
    if str(name) in bundled_models():
        return Path(str(resources.files("wearsynth") / "models" / str(name)))
    if Path(name).exists():
        raise ModelError(f"{name}: no model in it (model.json is missing).")
    raise ModelError(
        f"no model folder {str(name)!r} and no bundled model of that name."
        + did_you_mean(str(name), bundled_models())
    )


def _signal_form(signal: Mapping[str, Any]) -> SignalForm:
    channels = tuple(Channel(**channel) for channel in signal["channels"])
    return SignalForm(signal["name"], signal["rate_hz"], signal["time"], channels)
