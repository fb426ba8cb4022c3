"""ST's own figures, bit for bit: the table of features, the tree's answers, a sensor's totals."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mlc_toys import output_by_reading
from wearsynth.formats.st_mlc import read_logs
from wearsynth.mlc.arff import arff_text, number_text
from wearsynth.mlc.configuration import Configuration, read_configuration
from wearsynth.mlc.tree import Node, answers, read_tree, tree_text
from wearsynth.mlc.twin import FeatureTable, answers_of, features_of

REAL = Path(__file__).parents[2] / "shared" / "data" / "st_pamap2_wrist"
ARFF = REAL / "output" / "har_features.arff"
TREE = REAL / "output" / "har_dectree.txt"

pytestmark = pytest.mark.skipif(
    not REAL.is_dir(), reason=f"{REAL.name} is not beside the repository"
)


@pytest.fixture(scope="module")
def configuration() -> Configuration:
    return read_configuration(REAL / "mlc_conf.json")


@pytest.fixture(scope="module")
def table(configuration: Configuration) -> FeatureTable:
    logs = [read_logs(REAL / log.filename)[0].mg for log in configuration.datalogs]
    return features_of(logs, configuration).without_first(configuration.left_out)


@pytest.fixture(scope="module")
def published() -> list[list[str]]:
    rows = ARFF.read_text(encoding="utf-8").split("@data\n")[1].splitlines()
    return [row.split(", ") for row in rows]


@pytest.fixture(scope="module")
def node(configuration: Configuration) -> Node:
    return read_tree(TREE, configuration.feature_names)


def of_table(published: list[list[str]]) -> NDArray[np.float64]:
    return np.array([row[:-1] for row in published]).astype(np.float64)


def test_all_10992_cells_are_equal_as_halves(
    table: FeatureTable, published: list[list[str]]
) -> None:
    equal = of_table(published).astype(np.float16) == table.values.astype(np.float16)
    assert equal.shape == (687, 16)
    assert equal.sum() == 10_992


def test_all_10992_cells_are_printed_alike(table: FeatureTable, published: list[list[str]]) -> None:
    printed = [[number_text(value) for value in row] for row in table.values.tolist()]
    assert printed == [row[:-1] for row in published]


def test_the_whole_table_is_written_to_the_letter(
    table: FeatureTable, configuration: Configuration
) -> None:
    labels = [configuration.datalogs[log].label for log in table.log.tolist()]
    text = arff_text(table.values, labels, names=table.names, classes=list(dict.fromkeys(labels)))
    assert text == ARFF.read_text(encoding="utf-8")


def test_all_687_answers_of_the_tree_are_equal(
    table: FeatureTable, published: list[list[str]], node: Node
) -> None:
    mine = answers(node, table.values, table.names)
    theirs = answers(node, of_table(published), table.names)
    assert (mine == theirs).sum() == 687
    truth = np.array([row[-1] for row in published])
    assert (mine == truth).sum() == 681  # ST prints a global accuracy of 99.126640 %


def test_the_text_of_the_tree_is_read_and_written_to_the_letter(node: Node) -> None:
    assert tree_text(node) == TREE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("folder", "value", "right"),
    [
        ("0_stationary", 1, 4743),
        ("1_walking", 4, 4928),
        ("2_running", 8, 5367),
        ("3_cycling", 12, 6175),
    ],
)
def test_a_sensor_gave_as_many_answers_on_the_validation_logs(
    configuration: Configuration, node: Node, folder: str, value: int, right: int
) -> None:
    """ST's validation logs are the first three of each class, in LSB of 0.244 mg."""
    logs = [read_logs(REAL / "data" / folder / f"log_{number}.csv")[0].mg for number in range(3)]
    lsb = [np.trunc(mg / 0.244 + np.copysign(0.5, mg)) for mg in logs]
    table = features_of([4 * 0.061 * log for log in lsb], configuration)
    said = answers_of(table, node, configuration.trees[0])
    by_reading = np.concatenate(
        [
            output_by_reading(said.output[said.log == index], window_length=60, readings=len(log))
            for index, log in enumerate(logs)
        ]
    )
    values, counts = np.unique(by_reading, return_counts=True)
    assert values.tolist() == [0, value]
    assert counts[1] == right


def test_plain_floating_point_would_not_do(
    table: FeatureTable, configuration: Configuration, published: list[list[str]]
) -> None:
    """The means of V2 in float64: what the half arithmetic is there for."""
    logs = [read_logs(REAL / log.filename)[0].mg / 1000 for log in configuration.datalogs]
    means = [
        (log[: len(log) // 60 * 60].reshape(-1, 60, 3) ** 2).sum(axis=2).mean(axis=1)[2:]
        for log in logs
    ]
    equal = np.concatenate(means).astype(np.float16) == of_table(published)[:, 0].astype(np.float16)
    assert equal.mean() < 0.1
