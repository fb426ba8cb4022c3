"""A tree for the MLC, from windows or logs to the files that ST's own tool takes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from wearsynth.data import StrArray
from wearsynth.errors import ConfigError, DataError, FileError
from wearsynth.files import atomic_folder, check_free
from wearsynth.formats.manifest import MANIFEST_NAME, checksums, write_json
from wearsynth.formats.st_mlc_writer import CONFIGURATION_NAME
from wearsynth.mlc.arff import arff_text, write_arff
from wearsynth.mlc.configuration import (
    LONGEST_WINDOW,
    Configuration,
    Feature,
    Filter,
    TreeEntry,
    feature_names,
    read_configuration,
    write_configuration,
)
from wearsynth.mlc.features import FEATURES
from wearsynth.mlc.filters import BandPass
from wearsynth.mlc.fitting import HeldOut, fit_tree, held_out
from wearsynth.mlc.half import LARGEST
from wearsynth.mlc.logs import LogSet, as_counts, read_log_set, with_plain_names, write_logs
from wearsynth.mlc.running import RATE_TOLERANCE, check_rate
from wearsynth.mlc.tree import Node, branches_of, write_tree
from wearsynth.mlc.twin import FeatureTable, doubts, features_of

PARTS = {"LSM6DSOX": (12.5, 26.0, 52.0, 104.0), "LSM6DSV16X": (15.0, 30.0, 60.0, 120.0, 240.0)}
"""Part -> the rates of its MLC. Those of the LSM6DSV16X but 30 Hz are not verified."""
MOST_NODES = 128
"""Questions and answers of a tree; of the LSM6DSV16X, not verified."""
MOST_FEATURES = 31
"""Not verified."""
VALUES = (1, 4, 8, 12, 2, 5, 9, 13, 3, 6, 10, 14, 7, 11, 15)
"""The output values of classes: the first four are alone in their group; 0 means no class yet."""
END_COUNTERS = (2, 2, 2, 2)
WINDOW_S = 2.0
CENTRE_HZ = 1.9
"""Of the band pass: about the steps of a walk."""
RADIUS_AT_30_HZ = 0.9
RANGES_G = (2, 4, 8, 16)
TREE_NAME, ARFF_NAME, UCF_NAME = "dectree.txt", "features.arff", "mlc.ucf"


@dataclass(frozen=True)
class Trained:
    """What was fitted and written: the tree, the windows of each class, the accuracy on other groups."""

    configuration: Configuration
    tree: Node
    windows: dict[str, int]
    logs: int
    held_out: HeldOut
    notes: tuple[str, ...]

    @property
    def nodes(self) -> int:
        """Questions and answers of the tree."""
        return 2 * len(list(branches_of(self.tree))) + 1

    @property
    def command(self) -> str:
        """How ST Edge AI Core makes the sensor's configuration of the written files."""
        device = self.configuration.name.lower()
        return f"stedgeai generate --target mlc --device {device} --json {CONFIGURATION_NAME} --type ucf"


def train_files(
    source: Path,
    out: Path,
    *,
    config: Path | None = None,
    signal: str | None = None,
    max_nodes: int = 31,
    overwrite: bool = False,
) -> Trained:
    """Fit a tree to a windows file or a folder of MEMS Studio logs, and write what ST's tool takes.

    Written are the logs, mlc_conf.json, the features as ARFF and the tree's text. config: part,
    range, windows, filters and features as in this file; else chosen for the rate. ConfigError or
    DataError where something does not fit; then nothing is written.
    """
    _check_not_inside(out, source, config)
    check_free(out, overwrite=overwrite)
    if not 3 <= max_nodes <= MOST_NODES:
        raise ConfigError(f"max_nodes must be 3 to {MOST_NODES}, got {max_nodes}.")
    given = with_plain_names(read_log_set(source, signal=signal))
    if not 2 <= len(given.classes) <= len(VALUES):
        problem = f"holds {len(given.classes)} class(es), and a tree answers 2 to {len(VALUES)}"
        raise DataError(f"{source}: {problem}. Group classes (--classes when windows are cut).")
    configuration, chosen = _configured(source, config, given)
    kept, short = _long_enough(source, given, configuration)
    readings = [log.mg for log in kept.logs]
    table = features_of(readings, configuration).without_first(configuration.left_out)
    doubted = doubts(readings, configuration, table)
    table = replace(table, values=np.clip(table.values, -LARGEST, LARGEST))  # above every threshold
    labels = np.array([log.label for log in kept.logs], dtype=np.str_)[table.log]
    trained = Trained(
        configuration=replace(configuration, trees=(_entry(given.classes),)),
        tree=fit_tree(table.values, labels, table.names, max_nodes=max_nodes),
        windows={name: int((labels == name).sum()) for name in given.classes},
        logs=len(kept.logs),
        held_out=held_out(table, kept, max_nodes=max_nodes),
        notes=(*given.notes, *chosen, *short, *doubted),
    )
    with atomic_folder(out, overwrite=overwrite) as place:
        _write(place, trained, kept, table, labels)
    return trained


def configuration_for(
    rate_hz: float, *, largest_g: float, window_readings: int = 0
) -> Configuration:
    """Give eight features of the squared size and of its band pass, for the part that has the rate.

    window_readings: 0 for windows of 2 s. ConfigError where no part's MLC runs at about this rate.
    """
    found = min(
        (abs(rate_hz / rate - 1), rate, part) for part, rates in PARTS.items() for rate in rates
    )
    off, rate, part = found
    if off > RATE_TOLERANCE:
        known = sorted(rate for rates in PARTS.values() for rate in rates)
        raise ConfigError(
            f"no MLC runs at {rate_hz:.4g} Hz; there are {', '.join(f'{r:g}' for r in known)} Hz. "
            "Cut the windows with --rate-hz 26."
        )
    if not 2 <= window_readings <= LONGEST_WINDOW:
        window_readings = min(LONGEST_WINDOW, round(WINDOW_S * rate))
    filters = (Filter("filter_1", "Acc_V2", _band_pass(rate)),)
    features = tuple(Feature(name, of) for name in FEATURES for of in ("Acc_V2", "Acc_V2_filter_1"))
    return Configuration(
        name=part,
        rate_hz=rate,
        full_scale_g=next((g for g in RANGES_G if largest_g <= g), RANGES_G[-1]),
        window_length=window_readings,
        filters=filters,
        features=features,
        feature_names=feature_names(features, filters),
    )


def _band_pass(rate_hz: float) -> BandPass:
    """Give a band pass around CENTRE_HZ: poles of a radius that decays as fast at every rate."""
    radius = RADIUS_AT_30_HZ ** (30 / rate_hz)
    a2 = -2 * radius * np.cos(2 * np.pi * CENTRE_HZ / rate_hz)
    return BandPass(round(float(a2), 3), round(radius**2, 3), round((1 - radius**2) / 2, 3))


def _check_not_inside(out: Path, *inputs: Path | None) -> None:
    """Raise FileError where a file that is read stands in the folder that is to be replaced."""
    for path in inputs:
        if path is not None and out.resolve() in (path.resolve(), *path.resolve().parents):
            raise FileError(f"{out}: holds {path}, which is read. Choose another folder.")


def _configured(
    source: Path, config: Path | None, given: LogSet
) -> tuple[Configuration, tuple[str, ...]]:
    """Give the configuration to train with, and what was chosen, a line each."""
    if config is not None:
        configuration = read_configuration(config)
        check_rate(given.rate_hz, configuration, source)
        if len(configuration.features) > MOST_FEATURES:
            problem = (
                f"has {len(configuration.features)} features, and an MLC {MOST_FEATURES} at most"
            )
            raise ConfigError(f"{config}: {problem}. Take some out.")
        return configuration, ()
    if given.rate_hz is None:
        problem = (
            "its rate stands nowhere: there are no time stamps and no mlc_conf.json with mlc_odr"
        )
        raise DataError(f"{source}: {problem}. Give a configuration (--config).")
    largest_g = max(float(np.abs(log.mg).max()) for log in given.logs) / 1000
    made = configuration_for(
        given.rate_hz, largest_g=largest_g, window_readings=given.window_readings
    )
    told = f"{given.rate_hz:.4g} Hz, taken as " if given.rate_hz != made.rate_hz else ""
    return made, (
        f"chosen for {told}{made.rate_hz:g} Hz: {made.name}, {made.full_scale_g} g, windows of "
        f"{made.window_length} readings, {len(made.features)} features",
    )


def _long_enough(
    source: Path, given: LogSet, configuration: Configuration
) -> tuple[LogSet, tuple[str, ...]]:
    """Give the logs that have a row in the table of features, in counts, and what was left out."""
    least = configuration.window_length * (configuration.left_out + 1)
    kept = replace(given, logs=tuple(as_counts(log) for log in given.logs if len(log.mg) >= least))
    if missing := [name for name in given.classes if name not in kept.classes]:
        problem = f"class {missing[0]!r} has no stretch of {least} readings without a break"
        remedy = "Cut longer windows, or with a stride no longer than they are"
        raise DataError(f"{source}: {problem}, which features need. {remedy}.")
    short = len(given.logs) - len(kept.logs)
    return kept, ((f"{short} stretch(es) of under {least} readings left out",) if short else ())


def _entry(classes: Sequence[str]) -> TreeEntry:
    return TreeEntry(TREE_NAME, dict(zip(classes, VALUES, strict=False)), END_COUNTERS)


def _write(
    place: Path, trained: Trained, logs: LogSet, table: FeatureTable, labels: StrArray
) -> None:
    classes = logs.classes
    datalogs = tuple(write_logs(logs.logs, classes, place))
    configuration = replace(trained.configuration, datalogs=datalogs, arff=ARFF_NAME, ucf=UCF_NAME)
    write_configuration(configuration, place / CONFIGURATION_NAME)
    text = arff_text(table.values, labels.tolist(), names=table.names, classes=classes)
    write_arff(text, place / ARFF_NAME)
    write_tree(trained.tree, place / TREE_NAME)
    about = {
        "format": "mlc",
        "synthetic": logs.synthetic,
        **({"readings_per_window": logs.window_readings} if logs.joined else {}),
        "windows": trained.windows,
        "held_out_folds": trained.held_out.folds,
        "held_out_by_group": {
            name: {"windows": count, "right": right}
            for name, (count, right) in trained.held_out.by_group.items()
        },
        "notes": list(trained.notes),
        "sha256": checksums(place),
    }
    write_json(place / MANIFEST_NAME, about)
