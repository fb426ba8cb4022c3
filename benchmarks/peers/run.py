"""Train another tool on labelled windows for a number of CPU seconds, and draw windows from it.

Usage, with the Python of that tool's own environment (README.md beside this file):

    python benchmarks/peers/run.py sdv_par TRAIN.npz -o OUT.npz --cpu-seconds 300 --seed 0

TRAIN.npz and OUT.npz hold `values` (window, time, channel) float32 and `label` (window) int64, from 0;
`classes`, the names of the labels, may stand beside them. OUT.json says what it cost.
"""

import argparse
import json
import os
import sys
import time
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import numpy as np

Draw = Callable[[int], tuple[np.ndarray, np.ndarray]]
Fit = Callable[["Train", int], Draw]

TRIAL_SHARE, TRIAL_GROWTH = 0.1, 4
OF_THE_BUDGET = 0.9  # a trial foretells the cost of a longer fit to some percent
DGAN_BATCH = 100
DGAN_STEP_READINGS = 10


@dataclass(frozen=True)
class Train:
    """values: (window, time, channel) float32. label: (window) int64. classes: None or their names."""

    values: np.ndarray
    label: np.ndarray
    classes: np.ndarray | None


@dataclass(frozen=True)
class Plan:
    """epochs: as many as fit the budget. foretold_cpu_s: what they should cost."""

    epochs: int
    foretold_cpu_s: float
    trials_cpu_s: float


class PeerError(Exception):
    """What is wrong, and what to do, in one sentence."""


def main(argv: list[str]) -> None:
    """Train, draw, write."""
    args = _arguments(argv)
    warnings.simplefilter("ignore")  # the peers' own, about the libraries they stand on
    train = load(args.train)
    fit = PEERS[args.peer]
    versions = _ready(args.peer, seed=args.seed)
    plan = plan_epochs(fit, train, cpu_s=args.cpu_seconds)
    print(f"{args.peer}: {plan.epochs} epochs, about {plan.foretold_cpu_s:.0f} CPU s", flush=True)
    _seed(args.seed)
    draw, fit_cpu_s = _timed(lambda: fit(train, plan.epochs))
    count = len(train.label) if args.windows is None else args.windows
    (values, label), sample_cpu_s = _timed(lambda: draw(count))
    _check_drawn(values, label, like=train, count=count)
    _write(args.out, Train(values.astype(np.float32), label.astype(np.int64), train.classes))
    cost = {
        "peer": args.peer,
        "versions": versions,
        "seed": args.seed,
        "epochs": plan.epochs,
        "budget_cpu_s": args.cpu_seconds,
        "fit_cpu_s": round(fit_cpu_s, 1),
        "within_budget": fit_cpu_s <= args.cpu_seconds,
        "trials_cpu_s": round(plan.trials_cpu_s, 1),
        "sample_cpu_s": round(sample_cpu_s, 1),
        "train_windows": len(train.label),
        "windows": count,
        "windows_by_label": {
            int(k): int(n) for k, n in zip(*np.unique(label, return_counts=True), strict=True)
        },
    }
    args.out.with_suffix(".json").write_text(json.dumps(cost, indent=2) + "\n")
    print(json.dumps(cost))


def plan_epochs(fit: Fit, train: Train, *, cpu_s: float) -> Plan:
    """Tell how many epochs cost cpu_s of CPU, from short fits; at least one.

    The very first fit pays for warming up and is not counted. Then each trial has four times the
    epochs of the last, until one costs a tenth of the budget; the last two tell the cost of an
    epoch from that of preparation.
    """
    warm_s = _timed(lambda: fit(train, 1))[1]
    if warm_s >= OF_THE_BUDGET * cpu_s:
        return Plan(1, warm_s, warm_s)
    epochs, costs_s = 1, [_timed(lambda: fit(train, 1))[1]]
    while len(costs_s) == 1 or costs_s[-1] < TRIAL_SHARE * cpu_s:
        epochs *= TRIAL_GROWTH
        costs_s.append(_timed(lambda: fit(train, epochs))[1])  # noqa: B023 - called at once
    fewer_s, more_s = costs_s[-2:]
    epoch_s = (more_s - fewer_s) / (epochs - epochs // TRIAL_GROWTH)
    epoch_s = max(epoch_s, more_s / epochs / 2)  # clocks of a busy machine are no exact thing
    ready_s = max(more_s - epochs * epoch_s, 0.0)
    planned = max(int((OF_THE_BUDGET * cpu_s - ready_s) / epoch_s), 1)
    return Plan(planned, ready_s + planned * epoch_s, warm_s + sum(costs_s))


def fit_sdv_par(train: Train, epochs: int) -> Draw:
    """SDV's PARSynthesizer: a table with a row a reading, a window a sequence, its label as context."""
    import pandas as pd
    from sdv.metadata import Metadata
    from sdv.sequential import PARSynthesizer

    windows, times, channels = train.values.shape
    names = [f"channel_{i}" for i in range(channels)]
    table = pd.DataFrame(train.values.reshape(-1, channels).astype(float), columns=names)
    table["window"] = np.repeat([f"w{i}" for i in range(windows)], times)
    table["label"] = np.repeat([f"label_{i}" for i in train.label], times)
    kinds = {name: {"sdtype": "numerical"} for name in names}
    kinds |= {"window": {"sdtype": "id"}, "label": {"sdtype": "categorical"}}
    described = Metadata.load_from_dict(
        {"tables": {"windows": {"columns": kinds, "sequence_key": "window"}}}
    )
    model = PARSynthesizer(
        described, context_columns=["label"], epochs=epochs, enforce_rounding=False, cuda=False
    )
    model.fit({"windows": table})

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        drawn = model.sample_sequences(count, sequence_length=times)["windows"]
        label = drawn["label"].str.removeprefix("label_").astype(int).to_numpy()[::times]
        return drawn[names].to_numpy().reshape(count, times, channels), label

    return draw


def fit_gretel_dgan(train: Train, epochs: int) -> Draw:
    """gretel-synthetics' DGAN in PyTorch (DoppelGANger): the label is a window's attribute."""
    from gretel_synthetics.timeseries_dgan.config import DGANConfig, OutputType
    from gretel_synthetics.timeseries_dgan.dgan import DGAN

    windows, times, channels = train.values.shape
    config = DGANConfig(
        max_sequence_len=times,
        sample_len=max(n for n in range(1, DGAN_STEP_READINGS + 1) if times % n == 0),
        batch_size=min(DGAN_BATCH, windows),
        epochs=epochs,
        cuda=False,
    )
    model = DGAN(config)
    model.train_numpy(
        features=train.values.astype(float),
        feature_types=[OutputType.CONTINUOUS] * channels,
        attributes=train.label[:, None].astype(str).astype(object),
        attribute_types=[OutputType.DISCRETE],
    )

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        label, values = model.generate_numpy(count)
        return np.stack(values), label[:, 0].astype(int)

    return draw


PEERS: dict[str, Fit] = {"sdv_par": fit_sdv_par, "gretel_dgan": fit_gretel_dgan}
PACKAGES = {"sdv_par": ("sdv", "deepecho"), "gretel_dgan": ("gretel-synthetics",)}
MODULES = {
    "sdv_par": "sdv.sequential",
    "gretel_dgan": "gretel_synthetics.timeseries_dgan.dgan",
}


def load(path: Path) -> Train:
    """Read the windows in an .npz file, checked: no pickle, all numbers finite, labels from 0."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, AttributeError, zipfile.BadZipFile) as error:
        raise PeerError(
            f"{path} cannot be read as an .npz file of plain arrays: {error}."
        ) from error
    missing = [name for name in ("values", "label") if name not in arrays]
    if missing:
        raise PeerError(f"{path}: no array '{missing[0]}', only {', '.join(arrays) or 'none'}.")
    values, label = arrays["values"], arrays["label"]
    if values.ndim != 3 or values.dtype.kind != "f" or not values.size:
        raise PeerError(
            f"{path}: values must be (window, time, channel) floats, got shape {values.shape} "
            f"of {values.dtype}."
        )
    if label.shape != values.shape[:1] or label.dtype.kind not in "iu" or label.min() < 0:
        raise PeerError(
            f"{path}: label must be {len(values)} whole numbers from 0, got shape {label.shape} "
            f"of {label.dtype}."
        )
    if not np.isfinite(values).all():
        bad = int((~np.isfinite(values)).any(axis=(1, 2)).sum())
        raise PeerError(f"{path}: {bad} windows hold NaN or infinity; leave these windows out.")
    return Train(values.astype(np.float32), label.astype(np.int64), arrays.get("classes"))


def _arguments(argv: list[str]) -> argparse.Namespace:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        prog="run.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("peer", choices=sorted(PEERS))
    parser.add_argument("train", type=Path, metavar="TRAIN.npz")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="OUT.npz")
    parser.add_argument("--cpu-seconds", type=float, default=300.0, help="of the fit; default 300")
    parser.add_argument(
        "--windows", type=int, help="how many to draw; default: as many as TRAIN has"
    )
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    if not 0 < args.cpu_seconds < float("inf"):
        raise PeerError(f"--cpu-seconds must be above 0, got {args.cpu_seconds:g}.")
    if args.windows is not None and args.windows < 1:
        raise PeerError(f"--windows must be 1 or more, got {args.windows}.")
    if not 0 <= args.seed < 2**32:
        raise PeerError(f"--seed must be from 0 to 4294967295, got {args.seed}.")
    if args.out.suffix != ".npz":
        raise PeerError(f"-o must name an .npz file, got '{args.out}'.")
    return args


def _ready(peer: str, *, seed: int) -> dict[str, str]:
    """Import what the peer needs and seed it; gives the versions. One thread: CPU s are then its own."""
    try:
        versions = {name: metadata.version(name) for name in (*PACKAGES[peer], "torch", "numpy")}
    except metadata.PackageNotFoundError as error:
        raise PeerError(
            f"{peer} needs {error.name}, which is not installed here: see README.md, "
            "and run this with the Python of that peer's own environment."
        ) from error
    import torch

    import_module(MODULES[peer])  # here, so that no trial pays for it
    torch.set_num_threads(1)
    _seed(seed)
    return versions


def _seed(seed: int) -> None:
    """Seed the global generators of torch and NumPy, which the peers draw from."""
    import random

    import torch

    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - this is what the peers use
    random.seed(seed)


def _timed(action: Callable[[], Any]) -> tuple[Any, float]:
    """Give what it gives, and the CPU seconds of all threads."""
    begin = time.process_time()
    given = action()
    return given, time.process_time() - begin


def _check_drawn(values: np.ndarray, label: np.ndarray, *, like: Train, count: int) -> None:
    expected = (count, *like.values.shape[1:])
    if values.shape != expected or label.shape != (count,):
        raise PeerError(f"it drew values {values.shape}, label {label.shape}, not {expected}.")
    if not np.isfinite(values).all():
        raise PeerError("it drew NaN or infinity; try another seed, or a larger --cpu-seconds.")


def _write(path: Path, drawn: Train) -> None:
    """Written beside and moved into place: no half-written file is ever taken for a whole one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {"values": drawn.values, "label": drawn.label}
    if drawn.classes is not None:
        arrays["classes"] = drawn.classes
    half = path.with_name(f".{path.name}")
    with half.open("wb") as file:
        np.savez_compressed(file, **arrays)
    os.replace(half, path)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except PeerError as error:
        sys.exit(f"run.py: {error}")
