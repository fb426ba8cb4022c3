"""Stress detection from end to end, on people whom no generator has seen.

For each fold of people a generator is fitted to the others; detectors learn from real windows of the
others, from what the generator makes, or from both, and are tested on the fold's people. What is
finished is kept, and the same command goes on after it.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

import wearsynth
from wearsynth.config import DetectConfig, FitConfig, PrivacyConfig, SampleConfig
from wearsynth.data import Windows
from wearsynth.detecting_kept import Book, load_told, save_told, scores_path
from wearsynth.errors import ConfigError, DataError, FileError, ModelError
from wearsynth.evaluation.decisions import Confusion, class_f1s
from wearsynth.evaluation.person_bench import BOTH, MADE, REAL, Bench, Made, make_bench
from wearsynth.evaluation.person_scores import (
    Area,
    AreaDifference,
    Told,
    area_lines,
    areas,
    decided,
    told_by,
)
from wearsynth.evaluation.person_task import Utility, utility_of
from wearsynth.evaluation.person_text import utility_lines
from wearsynth.evaluation.reference import deal_groups
from wearsynth.evaluation.stress_task import STRESS, scorers, told_apart
from wearsynth.files import atomic_file, read_bytes
from wearsynth.model import NO_PRIVACY, Model, load_model
from wearsynth.optimise import Watch
from wearsynth.pipeline import fit_file, sample_file
from wearsynth.tables import load_windows, save_windows
from wearsynth.training import Say, checkpoint_of

BOOK, RESULT = "progress.json", "detection.json"


@dataclass(frozen=True)
class Detecting:
    """What is asked: folds, seeds, detectors; how generators are fitted, or models that are given.

    models: folders or names of fitted models, in place of fitting; each is tested on people whom it
    has not seen.
    """

    detect: DetectConfig = field(default_factory=DetectConfig)
    fit: FitConfig = field(default_factory=FitConfig)
    privacy: PrivacyConfig = field(default_factory=PrivacyConfig)
    models: tuple[str, ...] = ()


@dataclass(frozen=True)
class Detection:
    """What came of it; plain data, written as JSON.

    utility: figures of all seeds together. areas, area_differences: AUCs, means over seeds. by_seed:
    detector -> what it learnt from -> F1 of stress with each seed. privacy: a sentence for each
    generator, equal ones once. generators: their kinds.
    """

    utility: Utility
    areas: tuple[Area, ...]
    area_differences: tuple[AreaDifference, ...]
    by_seed: Mapping[str, Mapping[str, tuple[float, ...]]]
    generators: tuple[str, ...]
    privacy: tuple[str, ...]
    times: float
    always_f1: float


_ADAPTER = TypeAdapter(Detection)


@dataclass(frozen=True, eq=False)
class _Maker:
    """A model, and the groups that it has seen: one with a guarantee does not tell them itself."""

    model: Model
    seen: frozenset[str]


def detect_file(
    real: Path,
    out: Path,
    asked: Detecting,
    *,
    overwrite: bool = False,
    say: Say = print,
    watch: Watch | None = None,
) -> Detection:
    """Find stress in people left out of everything; write detection.json and all it rests on to `out`.

    real: a windows file of all people, with a class stress. DataError where there is none or a model
    has seen somebody whom no other may be tested on; ConfigError for an unknown detector; ModelError for a
    given model that does not tell whom it has seen; FileError where `out` holds another detection.
    """
    check_asked(asked)
    windows = load_windows(real)
    _check_people(windows, real)
    two = told_apart(windows)
    makers = _given(asked.models)
    book = Book.opened(out / BOOK, _key(windows, asked), overwrite=overwrite)
    if not makers:
        makers = _fitted(windows, asked, book, say, watch)
    found: dict[str, list[Mapping[str, Told]]] = {}
    for seed in range(asked.detect.seeds):
        made = list(_made(windows, makers, asked.detect.times, seed, book))
        bench = make_bench(made, real=two, folds=None, seed=0)
        _check_everybody_is_tested(bench)
        for name, learn in scorers(asked.detect.judges, seed=seed).items():
            path = scores_path(out, name, seed)
            if not (book.has("told", path.name) and path.exists()):
                say(f"{name}, seed {seed}")
                save_told(path, told_by(bench, name, learn, added=asked.detect.times), bench)
                book.note("told", path.name)
            found.setdefault(name, []).append(load_told(path))
    models = [maker.model for maker in makers.values()]
    detection = _summed(bench, found, models, asked.detect.times)
    with atomic_file(out / RESULT) as temporary:
        temporary.write_bytes(_ADAPTER.dump_json(detection, indent=1))
    return detection


def _check_people(windows: Windows, real: Path) -> None:
    if windows.synthetic.any():
        raise DataError(
            f"{real}: holds synthetic windows; detectors are tested on real ones alone."
        )
    people = len(np.unique(windows.group))
    if people < 2:
        raise DataError(
            f"{real}: stress detection leaves people out: at least 2 people are needed, and there is "
            f"{people}."
        )


def read_detection(path: Path) -> Detection:
    """Read detection.json; FileError where it is none."""
    try:
        return _ADAPTER.validate_json(read_bytes(path))
    except ValueError as error:
        raise FileError(f"{path}: is no result of wearsynth detect. Make it again.") from error


def check_asked(asked: Detecting) -> None:
    """Raise ConfigError for an unknown detector, or for privacy of models that are fitted already."""
    scorers(asked.detect.judges)
    if asked.privacy.epsilon is not None and asked.models:
        raise ConfigError(
            f"privacy.epsilon = {asked.privacy.epsilon:g} is of fitting, and the models are given. Leave "
            "out one of them."
        )


def folds_of(windows: Windows, folds: int, *, seed: int = 0) -> list[list[str]]:
    """Give the people of each fold; 0 or more folds than people: one person each.

    seed: which people make a fold.
    """
    names = np.unique(windows.group)
    if folds == 0 or folds >= len(names):
        return [[name] for name in names.tolist()]
    place = deal_groups(windows.label, windows.group, folds, np.random.default_rng(seed))
    return [np.unique(windows.group[place == fold]).tolist() for fold in range(folds)]


def _fitted(
    windows: Windows, asked: Detecting, book: Book, say: Say, watch: Watch | None
) -> dict[str, _Maker]:
    """Give a model a fold, fitted to everybody else; finished ones are taken from the folder.

    With a guarantee each fold's is of that fit alone: together they say more of a person.
    """
    folds = folds_of(windows, asked.detect.folds, seed=asked.fit.seed)
    makers = {}
    for number, people in enumerate(folds, start=1):
        name = f"fold-{number}"
        folder = book.path.parent / name
        train, model = folder / "train.parquet", folder / "model"
        if not (book.has("fitted", name) and model.exists()):
            say(f"fold {number} of {len(folds)}, without {', '.join(people)}:")
            save_windows(windows.select(~np.isin(windows.group, people)), train)
            resume = book.has("begun", name) and checkpoint_of(model).exists()
            book.note("begun", name)
            fit_file(
                train,
                model,
                asked.fit,
                asked.privacy,
                resume=resume,
                overwrite=True,
                say=say,
                watch=watch,
            )
            book.note("fitted", name)
        others = frozenset(np.unique(windows.group).tolist()) - frozenset(people)
        makers[name] = _Maker(load_model(str(model)), others)
    return makers


def _given(paths: Sequence[str]) -> dict[str, _Maker]:
    makers = {}
    for path in paths:
        model = load_model(path)
        if model.privacy is not None:
            raise ModelError(
                f"{path}: a model with a guarantee does not tell whom it has seen, so that nobody can be "
                "tested on. Let detect fit it: --epsilon."
            )
        makers[path] = _Maker(model, frozenset(model.trained_groups))
    return makers


def _made(
    windows: Windows, makers: Mapping[str, _Maker], times: float, seed: int, book: Book
) -> Iterator[Made]:
    """Give what each model makes with a seed, kept in files."""
    for index, (name, maker) in enumerate(makers.items(), start=1):
        path = book.path.parent / f"fold-{index}" / f"synthetic-{seed}.parquet"
        if not (book.has("sampled", path.name + name) and path.exists()):
            path.parent.mkdir(parents=True, exist_ok=True)
            counts = _counts(windows, maker, times)
            sample_file(maker.model, SampleConfig(counts=counts, seed=seed), path)
            book.note("sampled", path.name + name)
        yield Made(name, told_apart(load_windows(path)), maker.seen)


def _counts(windows: Windows, maker: _Maker, times: float) -> dict[str, int]:
    """Give how many windows of each class are drawn: in the shares of the people that it learnt from.

    Of a model that learnt from other people altogether, or whose people must not be told, of each class as
    many.
    """
    model = maker.model
    unknown = sorted(set(model.classes) - set(windows.classes))
    if unknown:
        raise DataError(
            f"a model makes {unknown[0]!r}, and the windows have {', '.join(windows.classes)}. Give it "
            "windows of the same classes."
        )
    learnt = windows.select(np.isin(windows.group, sorted(maker.seen)))
    if not len(learnt) or model.privacy is not None:
        each = round(times * len(windows) / len(model.classes))
        return dict.fromkeys(model.classes, max(1, each))
    return {name: round(times * learnt.counts[name]) for name in model.classes}


def _check_everybody_is_tested(bench: Bench) -> None:
    unseen = bench.names[bench.times == 0].tolist()
    if unseen:
        raise DataError(
            f"every generator has seen {', '.join(unseen)}: figures on them would be a leak. Give a "
            "model for each fold that was fitted without its people."
        )


def _summed(
    bench: Bench,
    found: Mapping[str, Sequence[Mapping[str, Told]]],
    models: Sequence[Model],
    times: float,
) -> Detection:
    by_seed = {name: [decided(bench, of) for of in each] for name, each in found.items()}
    added = {
        name: {arm: np.sum([of[arm] for of in each], axis=0) for arm in each[0]}
        for name, each in by_seed.items()
    }
    f1s = {
        name: {arm: tuple(_stress_f1(of[arm]) for of in each) for arm in (REAL, MADE, BOTH)}
        for name, each in by_seed.items()
    }
    rows, differences = _areas(bench, found)
    share = float((bench.real.label == 1).mean())
    return Detection(
        utility=utility_of(bench, added, looked_at=STRESS, seed=0),
        areas=rows,
        area_differences=differences,
        by_seed=f1s,
        generators=tuple(dict.fromkeys(model.kind for model in models)),
        privacy=tuple(dict.fromkeys(_privacy(model) for model in models)),
        times=times,
        always_f1=2 * share / (1 + share),
    )


def _areas(
    bench: Bench, found: Mapping[str, Sequence[Mapping[str, Told]]]
) -> tuple[tuple[Area, ...], tuple[AreaDifference, ...]]:
    people, label = bench.real.group, bench.real.label
    rows: list[Area] = []
    differences: list[AreaDifference] = []
    for name, each in found.items():
        by_arm = {arm: [of[arm] for of in each] for arm in each[0]}
        of_judge = areas(name, by_arm, people, label)
        rows += of_judge[0]
        differences += of_judge[1]
    return tuple(rows), tuple(differences)


def _stress_f1(by_group: Confusion) -> float:
    return float(class_f1s(by_group.sum(axis=0))[1])


def _privacy(model: Model) -> str:
    return NO_PRIVACY if model.privacy is None else model.privacy.line


def detection_lines(detection: Detection) -> Iterator[str]:
    """Give a table a detector, F1 of each seed, and what must be known."""
    yield (
        f"generators: {', '.join(detection.generators)}; {detection.times:g} synthetic windows for each "
        "real one that was learnt from"
    )
    yield from (f"privacy: {line}" for line in detection.privacy)
    yield from utility_lines(detection.utility)
    yield from area_lines(detection.areas, detection.area_differences)
    yield ""
    yield f"F1 {STRESS} by seed"
    for name, arms in detection.by_seed.items():
        for arm, values in arms.items():
            yield f"  {name:<12}{arm:<20} {' '.join(f'{value:.3f}' for value in values)}"
    yield f"Note: always saying {STRESS} has F1 {detection.always_f1:.3f} and AUC .5."


def _key(windows: Windows, asked: Detecting) -> str:
    """Give what tells a detection from others; more seeds and detectors go on with the same one."""
    options = {
        "fit": asked.fit.model_dump(),
        "privacy": asked.privacy.model_dump(),
        "folds": asked.detect.folds,
        "times": asked.detect.times,
        "models": [_digest_of(model) for model in asked.models],
    }
    text = json.dumps([wearsynth.__version__, options, windows.classes], sort_keys=True)
    return _digest(
        [
            text.encode(),
            windows.label.tobytes(),
            "\0".join(windows.group.tolist()).encode(),
            *(windows.signals[name].values.tobytes() for name in sorted(windows.signals)),
        ]
    )


def _digest_of(model: str) -> str:
    """Give what tells a model from others: its name, whom it has seen and how it came about."""
    loaded = load_model(model)
    about = [model, loaded.trained_groups, loaded.provenance, loaded.about]
    return _digest([json.dumps(about, sort_keys=True).encode()])


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
