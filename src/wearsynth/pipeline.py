"""The stages of models and windows drawn from them, file by file, as the commands call them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wearsynth.classifiers.trained import (
    Classifier,
    load_classifier,
    save_classifier,
    train_classifier,
)
from wearsynth.config import DistilConfig, FinetuneConfig, FitConfig, PrivacyConfig, SampleConfig
from wearsynth.data import Windows
from wearsynth.distilling import distil
from wearsynth.errors import TrainingError
from wearsynth.files import check_free, check_writable
from wearsynth.finetuning import finetune
from wearsynth.model import Model, load_model, save_model
from wearsynth.optimise import Watch
from wearsynth.private_training import fit_privately
from wearsynth.tables import load_windows, windows_writer
from wearsynth.training import Say, checkpoint_of, fit, remove_checkpoint


def fit_file(
    train: Path,
    out: Path,
    config: FitConfig,
    privacy: PrivacyConfig | None = None,
    *,
    resume: bool = False,
    overwrite: bool = False,
    say: Say = print,
    watch: Watch | None = None,
) -> Model:
    """Fit a model to a windows file, with a guarantee if `privacy` names one, and write its folder."""
    check_free(out, overwrite=overwrite)
    check_writable(out)
    windows = load_windows(train)
    with _checkpoint(out, kept=resume or not overwrite) as checkpoint:
        if privacy is None or privacy.epsilon is None:
            model = fit(windows, config, say=say, watch=watch, checkpoint=checkpoint, resume=resume)
        else:
            model = fit_privately(
                windows,
                config,
                privacy,
                public=None if privacy.public is None else _public(privacy.public),
                say=say,
                watch=watch,
                checkpoint=checkpoint,
                resume=resume,
            )
        save_model(model, out, overwrite=overwrite)
    return model


@contextmanager
def _checkpoint(out: Path, *, kept: bool) -> Iterator[Path]:
    """Give the checkpoint of a model to be written; only a stop or what is not of training leaves it.

    kept: one from before stays.
    """
    checkpoint = checkpoint_of(out)
    if not kept:
        remove_checkpoint(checkpoint)
    try:
        yield checkpoint
    except TrainingError:
        remove_checkpoint(checkpoint)
        raise
    remove_checkpoint(checkpoint)


def _public(name: str) -> Model | Windows:
    """Give a model by its folder or name, or the windows of a file."""
    return load_windows(Path(name)) if Path(name).is_file() else load_model(name)


@dataclass(frozen=True)
class FinetuneFiles:
    """What is gone on with: a model's folder or name, target windows, a classifier; and where to."""

    model: str
    target: Path | None
    classifier: Path | None
    out: Path


def finetune_file(
    files: FinetuneFiles,
    config: FinetuneConfig,
    *,
    resume: bool = False,
    overwrite: bool = False,
    say: Say = print,
    watch: Watch | None = None,
) -> Model:
    """Go on with a model and write the new model's folder."""
    check_free(files.out, overwrite=overwrite)
    check_writable(files.out)
    model = load_model(files.model)
    target = None if files.target is None else load_windows(files.target)
    classifier = None if files.classifier is None else load_classifier(files.classifier)
    with _checkpoint(files.out, kept=resume or not overwrite) as checkpoint:
        tuned = finetune(
            model,
            target,
            classifier,
            config,
            say=say,
            watch=watch,
            checkpoint=checkpoint,
            resume=resume,
        )
        save_model(tuned, files.out, overwrite=overwrite)
    return tuned


def train_classifier_file(
    windows: Path, out: Path, *, set_aside: float, turned: int, seed: int, overwrite: bool = False
) -> Classifier:
    """Train a classifier on a windows file and write its folder."""
    check_free(out, overwrite=overwrite)
    check_writable(out)
    real = load_windows(windows)
    classifier = train_classifier(real, set_aside=set_aside, turned=turned, seed=seed)
    save_classifier(classifier, out, overwrite=overwrite)
    return classifier


def distil_file(
    model: str,
    out: Path,
    config: DistilConfig,
    *,
    overwrite: bool = False,
    say: Say = print,
    watch: Watch | None = None,
) -> Model:
    """Distil a model's flow and write the new model's folder."""
    check_free(out, overwrite=overwrite)
    check_writable(out)
    distilled = distil(load_model(model), config, say=say, watch=watch)
    save_model(distilled, out, overwrite=overwrite)
    return distilled


def sample_file(model: Model, config: SampleConfig, out: Path) -> dict[str, int]:
    """Stream windows from a model to a file; give how many of each class were written."""
    written = dict.fromkeys(model.classes, 0)
    with windows_writer(out) as writer:
        chunks = model.computing_in(config.precision, config.device).stream(
            config.counts,
            seed=config.seed,
            people=config.people,
            covariates=config.covariates,
            mounting=config.mounting,
        )
        for chunk in chunks:
            writer.append(chunk)
            for name, count in chunk.counts.items():
                written[name] += count
    return written
