"""The stages from training on, file by file, as the commands call them."""

import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from wearsynth.accepting import accepted
from wearsynth.classifiers import JUDGES
from wearsynth.classifiers.trained import (
    Classifier,
    load_classifier,
    save_classifier,
    train_classifier,
)
from wearsynth.config import (
    DistilConfig,
    FinetuneConfig,
    FitConfig,
    GenerateConfig,
    PrivacyConfig,
    RenderConfig,
    SampleConfig,
)
from wearsynth.data import Windows, check_no_shared_groups, concat
from wearsynth.distilling import distil
from wearsynth.errors import ConfigError, DataError, TrainingError, did_you_mean
from wearsynth.evaluation import evaluate, write_scores
from wearsynth.evaluation.damage import DAMAGES
from wearsynth.evaluation.person_bench import Fit, Made
from wearsynth.evaluation.person_task import class_judges, utility_by_person, write_utility
from wearsynth.evaluation.person_text import utility_lines
from wearsynth.evaluation.selftest import Finding, SelfTest, self_test, write_self_test
from wearsynth.evaluation.selftest import Watch as SelfTestWatch
from wearsynth.evaluation.text import finding_line
from wearsynth.files import check_free, check_not_input, check_writable
from wearsynth.finetuning import finetune
from wearsynth.formats import read
from wearsynth.formats.manifest import Summary
from wearsynth.formats.writers import WRITERS
from wearsynth.model import Model, load_model, save_model
from wearsynth.optimise import Watch
from wearsynth.private_training import fit_privately
from wearsynth.refitting import RetrainPlan, RetrainProgress, going_on_later, retraining_of
from wearsynth.rendering import RenderOptions, render
from wearsynth.sensors import Counts, load_profile
from wearsynth.sensors.choosing import choose_setting
from wearsynth.streaming import Streams, stream_counts
from wearsynth.tables import load_windows, windows_writer
from wearsynth.training import Say, checkpoint_of, fit, remove_checkpoint
from wearsynth.windowing import cut_windows

RENDER_CHUNK = 1000
ROUNDS_BEFORE_DRAWING = 600
TASKS = ("classes", "stress")


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
    checkpoint = checkpoint_of(out)
    if overwrite and not resume:
        remove_checkpoint(checkpoint)
    try:
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
    except TrainingError:
        remove_checkpoint(checkpoint)
        raise
    save_model(model, out, overwrite=overwrite)
    remove_checkpoint(checkpoint)
    return model


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
    checkpoint = checkpoint_of(files.out)
    if overwrite and not resume:
        remove_checkpoint(checkpoint)
    try:
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
    except TrainingError:
        remove_checkpoint(checkpoint)
        raise
    save_model(tuned, files.out, overwrite=overwrite)
    remove_checkpoint(checkpoint)
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


def render_file(
    windows: Path, config: RenderConfig, out: Path, *, overwrite: bool = False
) -> Summary:
    """Render a windows file to counts and write them in the format that the options name."""
    whole = load_windows(windows)
    starts = range(0, len(whole), RENDER_CHUNK)
    chunks = (whole.select(slice(at, at + RENDER_CHUNK)) for at in starts)
    return _write_counts(chunks, config, out, overwrite=overwrite)


def generate(
    config: GenerateConfig,
    out: Path,
    *,
    overwrite: bool = False,
    say: Say = print,
    watch: Watch | None = None,
) -> Summary:
    """Draw windows or continuous signals from a model and write them as the sensor would have.

    Where the configuration names recordings, the model goes on with them first, by the usual options
    of fine-tuning; `watch` is told its rounds.
    """
    check_render(config)
    check_free(out, overwrite=overwrite)
    model = load_model(config.model)
    if config.logs is not None:
        target = _windows_like(model, Path(config.logs))
        say(f"{config.logs}: {len(target)} windows to go on with.")
        options = FinetuneConfig(rounds=ROUNDS_BEFORE_DRAWING, seed=config.seed)
        model = finetune(model, target, None, options, say=say, watch=watch)
    model = model.computing_in(config.precision, config.device)
    if config.stream_s is not None:
        if config.classifier is not None:
            raise ConfigError(
                "classifier: sorts windows (counts), not continuous signals (stream_s)."
            )
        signals = _continuous(model, config.stream_s, config)
        return WRITERS[config.format](signals, out, overwrite=overwrite)
    chunks = model.stream(config.counts, seed=config.seed)
    if config.classifier is not None:
        by = load_classifier(Path(config.classifier))
        wanted = model.counts_of(config.counts)
        chunks = accepted(model, by, wanted, seed=config.seed, say=say)
    return _write_counts(chunks, config, out, overwrite=overwrite)


def _continuous(
    model: Model, seconds: dict[str, float] | float, config: GenerateConfig
) -> Iterator[Counts]:
    """Give the counts of one continuous signal of each class, and what they came from."""
    by_class = seconds if isinstance(seconds, dict) else dict.fromkeys(model.classes, seconds)
    asked, profile = Streams(model, by_class, config.seed), load_profile(config.sensor)
    origin = {"seed": config.seed, "model": config.model, "provenance": list(model.provenance)}
    for chunk in stream_counts(asked, profile, render_options(config), signal=config.signal):
        yield replace(chunk, origin=origin)


def _windows_like(model: Model, path: Path) -> Windows:
    """Cut recordings into windows of the model's form, half a window apart; DataError if none fits."""
    signals = model.representation.signals
    if len({signal.rate_hz for signal in signals}) > 1:
        raise DataError(
            f"the model {model.kind} has signals at several rates: cut windows with 'wearsynth data "
            "windows' and give them to 'wearsynth finetune'."
        )
    length_s = signals[0].time / signals[0].rate_hz
    recordings = read(path, signals=[signal.name for signal in signals])
    return cut_windows(
        recordings, length_s=length_s, stride_s=length_s / 2, rate_hz=signals[0].rate_hz
    )


def check_render(config: RenderConfig) -> None:
    """Raise where the sensor, its setting or the format does not exist, before any long work."""
    if config.format not in WRITERS:
        hint = did_you_mean(config.format, WRITERS)
        raise ConfigError(f"unknown format {config.format!r}.{hint}")
    profile = load_profile(config.sensor)
    part = profile.signals.get(config.signal or "acc", next(iter(profile.signals.values())))
    choose_setting(
        profile,
        part,
        own_rate_hz=config.rate_hz or part.power_modes[0].rates_hz[0],
        full_scale=config.full_scale,
        power_mode=config.power_mode,
        rate_hz=config.rate_hz,
        low_pass=config.low_pass,
    )
    render_options(config)


def _write_counts(
    chunks: Iterator[Windows], config: RenderConfig, out: Path, *, overwrite: bool
) -> Summary:
    check_render(config)
    return WRITERS[config.format](_rendered(chunks, config), out, overwrite=overwrite)


def render_options(config: RenderConfig) -> RenderOptions:
    """Give the options of rendering that a section holds; ConfigError where they do not fit."""
    return RenderOptions(
        full_scale=config.full_scale,
        rate_hz=config.rate_hz,
        power_mode=config.power_mode,
        low_pass=config.low_pass,
        convention=config.convention,
        mounting=config.mounting,
        devices=config.devices,
        device_seed=config.device_seed,
        cross_axis_pct=config.cross_axis_pct,
        noise=config.noise,
        seed=config.seed,
    )


def _rendered(chunks: Iterator[Windows], config: RenderConfig) -> Iterator[Counts]:
    profile = load_profile(config.sensor)
    options = render_options(config)
    first = 0
    model = config.model if isinstance(config, GenerateConfig) else None
    for chunk in chunks:
        counts = render(chunk, profile, options, signal=config.signal, first_window=first)
        origin = {"seed": config.seed, "model": model, "provenance": list(chunk.provenance)}
        yield replace(counts, origin=origin)
        first += len(chunk)


@dataclass(frozen=True)
class More:
    """What an evaluation measures besides, at a cost of its own; retrain: fits to halves of people."""

    learning_curve: bool = False
    rank_agreement: bool = False
    retrain: RetrainPlan | None = None


def evaluate_files(
    synthetic: Path,
    train: Path,
    holdout: Path,
    out: Path,
    *,
    quick: bool = False,
    more: More | None = None,
    seed: int = 0,
    progress: RetrainProgress | None = None,
) -> None:
    """Judge a synthetic windows file against real ones and write scores.json.

    progress: where lines and finished fits are told, if `more` asks for fits; what these found is kept
    beside `out` until the scores are written.
    """
    check_writable(out)
    check_not_input(out, synthetic, train, holdout)
    more = more or More()
    made = load_windows(synthetic)
    sets = {"train": load_windows(train), "holdout": load_windows(holdout)}
    retrain = None
    if more.retrain is not None:
        retrain = retraining_of(more.retrain, made, sets["train"], out, progress=progress)
    with going_on_later(retrain):
        scores = evaluate(
            made,
            **sets,
            quick=quick,
            learning_curve=more.learning_curve,
            rank_agreement=more.rank_agreement,
            retrain=retrain,
            seed=seed,
        )
    write_scores(scores, out)
    if retrain is not None and retrain.keep is not None:
        retrain.keep.remove()


def self_test_file(
    real: Path, out: Path, *, quick: bool = False, seed: int = 0, say: Say = print
) -> SelfTest:
    """Plant damage in a file of real windows, write and give which figures saw it."""
    check_writable(out)
    check_not_input(out, real)
    windows = load_windows(real)
    first_use = "" if quick else "; on its first use MiniRocket compiles, which can take a minute"
    say(
        f"self-test: {len(DAMAGES) + 2} evaluations; the first tells how long they take{first_use}. "
        "Ctrl-C stops it, and nothing is written."
    )
    test = self_test(windows, quick=quick, seed=seed, watch=_telling(say))
    write_self_test(test, out)
    return test


def _telling(say: Say) -> SelfTestWatch:
    """Give what says a line after each step of a self-test, with the time left."""
    start_s = time.monotonic()

    def watch(finding: Finding, done: int, steps: int) -> None:
        left_s = (time.monotonic() - start_s) / done * (steps - done)
        left = f", about {left_s:.0f} s left" if done < steps else ""
        say(f"{done} of {steps}, {finding_line(finding)}{left}")

    return watch


@dataclass(frozen=True)
class RealFiles:
    """Files of real windows: all people in real; or what was learnt from in train, others in holdout.

    With real, train has a file for each synthetic one, or none where those say what they learnt from.
    """

    real: Sequence[Path] = ()
    train: Sequence[Path] = ()
    holdout: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files."""
        return (*self.real, *self.train, *([self.holdout] if self.holdout else []))


def utility_files(
    synthetic: Sequence[Path],
    files: RealFiles,
    *,
    task: str = "classes",
    folds: str | None = None,
    judges: Sequence[str] = (),
    out: Path | None = None,
    seed: int = 0,
) -> Iterator[str]:
    """Say, as lines of text, what windows files are good for, person by person; write JSON to out.

    task: classes, or stress by one known network or the detectors that are named. folds: a number or
    loso; left out: loso for stress, else as `make_bench` says. judges: of classes all if left out.
    """
    looked_at, fits = _task(task, judges, seed=seed)
    number = _folds(folds or ("loso" if task == "stress" else ""))
    if out is not None:
        check_writable(out)
        check_not_input(out, *synthetic, *files.paths)
    made, real = _made_and_real(synthetic, files)
    if task == "stress":
        from wearsynth.evaluation.stress_task import told_apart  # torch: slow to import

        made = [replace(of, windows=told_apart(of.windows)) for of in made]
        real = told_apart(real)
    utility = utility_by_person(
        made, real=real, judges=fits, folds=number, looked_at=looked_at, seed=seed
    )
    if out is not None:
        write_utility(utility, out)
    return utility_lines(utility)


def _task(task: str, judges: Sequence[str], *, seed: int) -> tuple[str, Mapping[str, Fit]]:
    """Give the class that a task looks at, and its judges; ConfigError where there are none such."""
    if task not in TASKS:
        raise ConfigError(f"unknown task {task!r}; there are {' and '.join(TASKS)}.")
    if task == "stress":
        from wearsynth.evaluation.stress_task import STRESS, detectors, stress_judges

        return STRESS, detectors(judges, seed=seed) if judges else stress_judges(seed=seed)
    for name in judges:
        if name not in JUDGES:
            raise ConfigError(f"unknown judge {name!r}.{did_you_mean(name, JUDGES)}")
    return "", class_judges(list(dict.fromkeys(judges)) or list(JUDGES), seed=seed)


def _folds(text: str) -> int | None:
    """Give the number of folds; None for "", more than there are people for loso."""
    if text in {"", "loso"}:
        return sys.maxsize if text else None
    if not (text.isascii() and text.isdigit() and int(text) >= 2):
        raise ConfigError(f"--folds {text!r}: expected a number of at least 2, or loso.")
    return int(text)


def _made_and_real(synthetic: Sequence[Path], files: RealFiles) -> tuple[list[Made], Windows]:
    """Give the synthetic sets, each with the groups that its generator saw, and all real windows."""
    learnt = [load_windows(path) for path in files.train]
    if files.real and files.holdout is None and len(learnt) in {0, len(synthetic)}:
        each = [of.group.tolist() for of in learnt] or [[] for _ in synthetic]
        made = [_made(path, of) for path, of in zip(synthetic, each, strict=True)]
        return made, _joined(map(load_windows, files.real))
    if not files.real and files.holdout is not None and len(learnt) == 1:
        holdout = load_windows(files.holdout)
        made = [_made(path, learnt[0].group.tolist()) for path in synthetic]
        for of in made:
            check_no_shared_groups(of.seen, holdout.group, f"what {of.name} learnt from", "holdout")
        return made, _joined([learnt[0], holdout])
    raise ConfigError(
        "say where real windows are: --real (all people), with no --train or one for each synthetic "
        "file; or one --train and --holdout."
    )


def _made(path: Path, learnt_from: Iterable[str]) -> Made:
    windows = load_windows(path)
    return Made(str(path), windows, frozenset([*windows.trained_groups, *learnt_from]))


def _joined(sets: Iterable[Windows]) -> Windows:
    """Give all windows; groups that have no name keep the one they have in their own set."""
    return concat(
        replace(w, recording=np.where(w.subject == "", w.group, w.recording)) for w in sets
    )
