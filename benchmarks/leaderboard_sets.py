"""The window sets of the leaderboard: controls of known place, generators, and files of others."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from leaderboard_data import Fold, dealt
from sklearn.neighbors import NearestNeighbors

from wearsynth.config import DistilConfig, FitConfig
from wearsynth.data import SignalWindows, Windows
from wearsynth.distilling import distil
from wearsynth.errors import DataError
from wearsynth.evaluation.controls import as_synthetic, fit_mixture, noised
from wearsynth.generators import Device
from wearsynth.model import Model, load_model, save_model
from wearsynth.training import fit

REAL = "real, other people"
NEIGHBOURS = 5
TIMED_ROUNDS = 40
"""A generator's first rounds tell how many fit into its budget."""

UNSEEN = {
    "_without_s14": ("S14",),
    "_10_subjects": ("S13", "S14", "S15", "S16", "S17"),
}
"""End of a file's name -> the people of WESAD whom its generator has not seen; else it saw all."""


@dataclass(frozen=True, eq=False)
class Contest:
    """The three sets of one evaluation."""

    synthetic: Windows
    train: Windows
    holdout: Windows


@dataclass(frozen=True)
class Entry:
    """A set that is judged: its name, what it saw of the holdout, how its windows come.

    make: (fold, seed) -> the contest, or a sentence that says why there is none.
    """

    name: str
    kind: str
    saw: str
    make: Callable[[Fold, int], Contest | str]


def real_halves(fold: Fold, seed: int) -> Contest:
    """Give windows of half of the training groups in the synthetic's place; the others train.

    They keep their names; recordings of unknown people are halved in runs of neighbours.
    """
    names = np.unique(fold.train.group)
    half = dealt(fold.train, names, 2, seed=seed)[0]
    chosen = np.isin(fold.train.group, names[half == 0])
    return Contest(fold.train.select(chosen), fold.train.select(~chosen), fold.holdout)


def smote(train: Windows, seed: int) -> Windows:
    """Give points between each window and one of the 5 nearest of its class (Chawla et al., 2002)."""
    rng = np.random.default_rng(seed)
    partner = np.arange(len(train))
    rows = np.concatenate([_in_sd(s) for s in train.signals.values()], axis=1)
    for index in np.unique(train.label):
        mine = np.flatnonzero(train.label == index)
        count = min(NEIGHBOURS, len(mine) - 1)
        if count > 0:
            near = NearestNeighbors(n_neighbors=count).fit(rows[mine]).kneighbors()[1]
            partner[mine] = mine[near[np.arange(len(mine)), rng.integers(0, count, len(mine))]]
    share = rng.random((len(train), 1, 1), dtype=np.float32)
    signals = {
        name: replace(s, values=s.values + share * (s.values[partner] - s.values))
        for name, s in train.signals.items()
    }
    return as_synthetic(replace(train, signals=signals))


def _in_sd(signal: SignalWindows) -> np.ndarray:
    sd = signal.values.std(axis=(0, 1))
    scaled: np.ndarray = signal.values / np.where(sd > 0, sd, 1.0)
    return scaled.reshape(len(scaled), -1)


def jitter(train: Windows, seed: int) -> Windows:
    """Give the training windows with noise of .05 sd."""
    return noised(train, share=0.05, seed=seed)


def noise(train: Windows, seed: int) -> Windows:
    """Give independent normal readings with the mean and sd of class and channel."""
    rng = np.random.default_rng(seed)
    signals = {}
    for name, signal in train.signals.items():
        values = np.empty_like(signal.values)
        for index in np.unique(train.label):
            rows = train.label == index
            real = signal.values[rows]
            values[rows] = rng.normal(real.mean(axis=(0, 1)), real.std(axis=(0, 1)), real.shape)
        signals[name] = replace(signal, values=values)
    return as_synthetic(replace(train, signals=signals))


def shuffled_labels(train: Windows, seed: int) -> Windows:
    """Give the training windows with their labels dealt out at random."""
    return as_synthetic(replace(train, label=np.random.default_rng(seed).permutation(train.label)))


def mixture(train: Windows, seed: int) -> Windows:
    """Give windows of a Gaussian mixture along principal directions, fitted to the train people."""
    return fit_mixture(train).sample(train.counts, seed=seed)


def fitted(
    train: Windows, *, kind: str, seed: int, cpu_s: float, folder: Path, device: Device = "cpu"
) -> Model:
    """Give a generator of `wearsynth fit`, with as many rounds as usual or as the budget allows.

    It is kept in the folder, and taken from there the next time.
    """
    if folder.exists():
        return load_model(folder)
    usual = FitConfig(generator=kind, seed=seed, device=device)
    rounds = usual.usual(len(train)).rounds
    if rounds:
        start_s = time.process_time()
        timed = {"rounds": TIMED_ROUNDS, "set_aside": 0.0}
        fit(train, usual.model_copy(update=timed), say=_nothing)
        spent_s = time.process_time() - start_s
        rounds = min(rounds, max(1, int(TIMED_ROUNDS * (cpu_s - spent_s) / spent_s)))
        usual = usual.model_copy(update={"rounds": rounds})
    start_s = time.process_time()
    model = fit(train, usual, say=_nothing)
    about = {**model.about, "cpu_s": round(time.process_time() - start_s, 1)}
    model = replace(model, about=about)
    save_model(model, folder)
    return model


def made_by(
    train: Windows,
    counts: Mapping[str, int],
    *,
    name: str,
    seed: int,
    cpu_s: float,
    kept: Path,
    device: Device,
) -> Windows:
    """Give windows of the generator of that name; `kept` begins the names of the models' folders."""
    kind = name.removesuffix(DISTILLED)
    folder = kept.with_name(f"{kept.name}-{kind}")
    model = fitted(train, kind=kind, seed=seed, cpu_s=cpu_s, folder=folder, device=device)
    if device != "cpu" and kind != "mixture":
        model = model.computing_in("float32", device)
    if name.endswith(DISTILLED):
        model = _distilled(model, seed, kept.with_name(f"{kept.name}-{name}"))
    return model.sample(counts, seed=seed)


def _distilled(model: Model, seed: int, folder: Path) -> Model:
    if folder.exists():
        return load_model(folder)
    start_s = time.process_time()
    few = distil(model, DistilConfig(seed=seed), say=_nothing)
    about = {**few.about, "distil_cpu_s": round(time.process_time() - start_s, 1)}
    few = replace(few, about=about)
    save_model(few, folder)
    return few


def _nothing(line: str) -> None:
    """Say nothing: the leaderboard shows its own progress."""


CONTROLS: dict[str, Callable[[Windows, int], Windows]] = {
    "mixture of other people": mixture,
    "interpolated (SMOTE)": smote,
    "jitter .05 sd": jitter,
    "shuffled labels": shuffled_labels,
    "noise": noise,
}
"""Name -> (training windows, seed) -> windows whose place is known."""

DISTILLED = "-few-steps"
MODELS = ("flow", "flow-few-steps", "mixture", "wgan-gp", "lstm-gan")
"""Generators that are fitted for each fold; the second is the first, distilled."""


def control_entries() -> list[Entry]:
    """Give the controls; real people first."""
    made = [
        Entry(name, "controls", "nothing", partial(_of_train, make=make))
        for name, make in CONTROLS.items()
    ]
    return [Entry(REAL, "controls", "nothing", real_halves), *made]


def _of_train(fold: Fold, seed: int, *, make: Callable[[Windows, int], Windows]) -> Contest:
    return Contest(make(fold.train, seed), fold.train, fold.holdout)


def baseline_entries(folder: Path) -> list[Entry]:
    """Give the sets that other tools made of WESAD: every npz of a folder."""
    return [
        Entry(path.stem, "baselines", _saw(path.stem), partial(_of_baseline, path=path))
        for path in sorted(folder.glob("*.npz"))
    ]


def _saw(name: str) -> str:
    for end, people in UNSEEN.items():
        if name.endswith(end):
            return f"all but {people[0]}" + (f"..{people[-1][1:]}" if people[1:] else "")
    return "all"


def _of_baseline(fold: Fold, seed: int, *, path: Path) -> Contest | str:  # noqa: ARG001 - as others
    """Give a file's windows; label 1 is stress, and whatever else there is is not."""
    values, label = _held(path)
    made = in_form(fold.train, values, (label == 1).astype(np.int64))
    return Contest(made, fold.train, fold.holdout)


def _held(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with np.load(path, allow_pickle=False) as held:
        return held["values"], held["label"]


def in_form(form: Windows, values: np.ndarray, label: np.ndarray) -> Windows:
    """Give (window, time, channel) of all signals side by side as synthetic windows of a form."""
    widths = [len(signal.channels) for signal in form.signals.values()]
    wanted = (form_steps(form), sum(widths))
    if values.shape[1:] != wanted:
        raise DataError(f"peer windows have shape {values.shape[1:]}, {wanted} is wanted.")
    parts = np.split(values.astype(np.float32), np.cumsum(widths)[:-1], axis=2)
    signals = {
        name: replace(signal, values=part)
        for (name, signal), part in zip(form.signals.items(), parts, strict=True)
    }
    template = form.select(np.zeros(len(label), dtype=np.int64))
    return as_synthetic(replace(template, signals=signals, label=label.astype(np.int64)))


def form_steps(form: Windows) -> int:
    """Give the readings of a window; DataError where signals have different rates."""
    steps = {signal.values.shape[1] for signal in form.signals.values()}
    if len(steps) > 1:
        raise DataError("signals of different rates cannot stand in one array.")
    return int(steps.pop())


def peer_entries(folder: Path, data: str) -> list[Entry]:
    """Give the sets that peers made of each fold: FOLDER/DATA/FOLD/PEER.npz."""
    names = sorted({path.stem for path in folder.glob(f"{data}/*/*.npz")} - {"train"})
    return [
        Entry(name, "peers", "nothing", partial(_of_peer, folder=folder / data, name=name))
        for name in names
    ]


def _of_peer(fold: Fold, seed: int, *, folder: Path, name: str) -> Contest | str:  # noqa: ARG001
    path = folder / str(fold.number) / f"{name}.npz"
    if not path.is_file():
        return f"{path.name} is not there."
    return Contest(in_form(fold.train, *_held(path)), fold.train, fold.holdout)


def export(fold: Fold, folder: Path) -> Path:
    """Write a fold's training windows for peers: FOLDER/FOLD/train.npz; give its path."""
    form_steps(fold.train)
    path = folder / str(fold.number) / "train.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.concatenate([s.values for s in fold.train.signals.values()], axis=2)
    np.savez_compressed(
        path, values=values, label=fold.train.label, classes=np.array(fold.train.classes)
    )
    return path
