"""Logs through the twin, file by file: what the sensor would answer at the end of each window."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from wearsynth.errors import ConfigError, DataError
from wearsynth.files import atomic_file, check_not_input
from wearsynth.formats.st_mlc import Log, read_logs
from wearsynth.mlc.configuration import Configuration, read_configuration
from wearsynth.mlc.tree import Node, read_tree
from wearsynth.mlc.twin import FeatureTable, answers_of, doubts, features_of

RATE_TOLERANCE = 0.1
"""A part's rate may be off by some per cent; a log further off was recorded at another rate."""


@dataclass(frozen=True)
class Run:
    """The answers on logs, and a note for each thing that the twin was never tested on."""

    replies: tuple["Reply", ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Reply:
    """What one tree and the output after it say at the end of one window.

    tree: its number, from 1. start_s: where the window starts in the log. answer: the tree's value and class;
    output: the register after the meta-classifier, 0 and "" while no class is confirmed.
    """

    log: str
    tree: int
    start_s: float
    answer: int
    answer_class: str
    output: int
    output_class: str


def run_files(log: Path, config: Path, *, tree: Path | None = None, out: Path | None = None) -> Run:
    """Give the answers on a MEMS Studio log, or on all logs of a folder; write them as CSV where asked.

    tree: the tree's text, in place of the one that the configuration names, which is looked for beside it.
    DataError or ConfigError, naming the file, where something is missing or does not fit.
    """
    configuration = read_configuration(config)
    texts = tree_files(configuration, config, tree)
    if out is not None:
        check_not_input(out, log, config, *texts)
    nodes = [read_tree(text, configuration.feature_names) for text in texts]
    logs = read_logs(log)
    for one in logs:
        check_rate(one.rate_hz, configuration, one.path)
    readings = [log.mg for log in logs]
    table = features_of(readings, configuration)
    replies = tuple(_replies(logs, table, configuration, nodes))
    if out is not None:
        _write_csv(replies, out)
    return Run(replies, doubts(readings, configuration, table))


def replies_text(replies: Sequence[Reply]) -> Iterator[str]:
    """Give the lines of a table for each log and tree."""
    shown = ("", 0)
    for reply in replies:
        if (reply.log, reply.tree) != shown:
            shown = (reply.log, reply.tree)
            yield f"{reply.log}, tree {reply.tree}"
            yield f"{'start_s':>10}  {'answer':<24} {'output':>6}  class"
        answer = f"{reply.answer} {reply.answer_class}"
        output_class = reply.output_class or "-"
        yield f"{reply.start_s:10.2f}  {answer:<24} {reply.output:>6}  {output_class}"


def tree_files(configuration: Configuration, config: Path, tree: Path | None) -> list[Path]:
    """Give where the trees' texts are; ConfigError where a configuration and `tree` do not fit."""
    if not configuration.trees:
        problem = 'names no "dectrees", so no answer has a value'
        raise ConfigError(f"{config}: {problem}. Add them, with a filename and results.")
    if tree is not None and len(configuration.trees) > 1:
        problem = f"names {len(configuration.trees)} trees, and --tree is for one"
        raise ConfigError(f"{config}: {problem}. Put their texts beside it.")
    texts = [tree] if tree else [config.parent / entry.filename for entry in configuration.trees]
    for text in texts:
        if not text.is_file():
            problem = "there is no such tree, which mlc_conf.json needs"
            raise ConfigError(f"{text}: {problem}. Put it there, or give it (--tree).")
    return texts


def check_rate(rate_hz: float | None, configuration: Configuration, source: Path) -> None:
    """Raise DataError where readings were taken at another rate than the configuration's."""
    if rate_hz is not None and abs(rate_hz / configuration.rate_hz - 1) > RATE_TOLERANCE:
        told = f"has {rate_hz:.4g} Hz, and the configuration {configuration.rate_hz:g} Hz"
        raise DataError(f"{source}: {told}. Resample one, or give the other's configuration.")


def _replies(
    logs: Sequence[Log], table: FeatureTable, configuration: Configuration, nodes: Sequence[Node]
) -> Iterator[Reply]:
    window_s = configuration.window_length / configuration.rate_hz
    for tree, (node, entry) in enumerate(zip(nodes, configuration.trees, strict=True), start=1):
        said = answers_of(table, node, entry)
        columns = (said.log, said.number, said.value, said.label, said.output, said.output_label)
        for log, number, value, label, output, named in zip(
            *(column.tolist() for column in columns), strict=True
        ):
            where = logs[log].path
            name = f"{where.parent.name}/{where.name}" if logs[log].label else where.name
            yield Reply(name, tree, number * window_s, value, label, output, named)


def _write_csv(replies: Sequence[Reply], out: Path) -> None:
    with (
        atomic_file(out) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as stream,
    ):
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([field.name for field in fields(Reply)])
        writer.writerows(astuple(reply) for reply in replies)
