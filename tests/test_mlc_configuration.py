"""mlc_conf.json read and written, ARFF text, and logs through the twin."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlc_toys import (
    HEADER,
    configuration_json,
    output_by_reading,
    readings_mg,
    write_log,
    write_set,
)
from wearsynth.errors import ConfigError, DataError, FormatError
from wearsynth.formats.st_mlc import read_logs
from wearsynth.mlc.arff import arff_text, number_text
from wearsynth.mlc.configuration import Datalog, read_configuration, write_configuration
from wearsynth.mlc.tree import Leaf, read_tree
from wearsynth.mlc.twin import answers_of, features_of


def conf(folder: Path, **changes: Any) -> Path:
    content = {k: v for k, v in (configuration_json() | changes).items() if v is not None}
    path = folder / "mlc_conf.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_a_configuration_is_read(tmp_path: Path) -> None:
    made = read_configuration(conf(tmp_path))
    assert (made.name, made.rate_hz, made.full_scale_g, made.window_length) == (
        "LSM6DSOX",
        26.0,
        4,
        52,
    )
    assert made.feature_names == ("F1_MEAN_on_ACC_V2", "F2_PeakToPeak_on_filter_BP_on_A_V2")
    assert made.trees[0].results == {"still": 1, "walking": 4}
    assert made.trees[0].end_counters == (1, 1, 1, 1)
    assert made.left_out == 2
    plain = {"feature_name": "MEAN", "input": "Acc_V"}
    assert read_configuration(conf(tmp_path, filters=None, features=[plain])).left_out == 0


def test_what_is_written_is_read_back_alike(tmp_path: Path) -> None:
    made = read_configuration(conf(tmp_path))
    made = replace(made, datalogs=(Datalog("data/0_a/log_0.csv", "a"),), arff="f.arff")
    write_configuration(made, tmp_path / "again.json")
    assert read_configuration(tmp_path / "again.json") == made
    bare = replace(made, trees=(), datalogs=(), arff="", filters=(), features=made.features[:1])
    bare = replace(bare, feature_names=made.feature_names[:1])
    write_configuration(bare, tmp_path / "bare.json")
    assert read_configuration(tmp_path / "bare.json") == bare


FEATURE = {"feature_name": "MEAN", "input": "Acc_V2"}
CROSSING = {"feature_name": "ZERO_CROSSING", "input": "Acc_V2"}
FILTER = {"filter_id": "f", "filter_type": "BP", "input": "Acc_V2", "a2": 0, "a3": 0, "gain": 1}
TREE = {"filename": "t.txt", "results": [{"label": "a", "value": 1}]}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"windowlength": 5},
            r"'windowlength', which the twin does not know. Did you mean 'window_length'",
        ),
        ({"input_type": "accelerometer_gyroscope"}, "input_type.* 'accelerometer_only' alone"),
        ({"input_type": None}, "input_type.* is nothing"),
        ({"mlc_odr": "fast"}, 'expected "mlc_odr" such as "26 Hz", got \'fast\''),
        ({"mlc_odr": "-26 Hz"}, 'expected "mlc_odr" such as'),
        ({"mlc_odr": "nan Hz"}, 'expected a number "mlc_odr"'),
        ({"mlc_odr": None}, 'expected a text "mlc_odr", got nothing'),
        ({"accelerometer_odr": "104 Hz"}, "the twin does not decimate"),
        ({"window_length": 300}, "expected \"window_length\" of 2 to 255, got '300'"),
        ({"window_length": "60"}, 'expected "window_length" of 2 to 255'),
        ({"features": None}, 'expected a list "features", got nothing'),
        ({"features": []}, 'expected a list "features"'),
        ({"features": ["MEAN"]}, "expected an object with 'feature_name', got 'MEAN'"),
        ({"features": [FEATURE | {"feature_name": "MEEN"}]}, "Did you mean 'MEAN'"),
        (
            {"features": [FEATURE | {"input": "Acc_V2_filter_9"}]},
            "which it does not define. Did you mean",
        ),
        ({"features": [CROSSING | {"threshold": "0.5"}]}, "the twin knows that of 0 alone"),
        ({"features": [CROSSING | {"threshold": "x"}]}, "expected a number \"threshold\", got 'x'"),
        ({"features": [FEATURE | {"input": "Acc_X", "signed": False}]}, "knows signed ones alone"),
        ({"filters": [FILTER | {"filter_type": "HP"}]}, "type 'HP', and the twin knows BP alone"),
        ({"filters": [FILTER | {"input": "Gyr_V"}]}, "filters 'Gyr_V', which"),
        ({"filters": [FILTER, FILTER]}, "two filters of one input and name"),
        ({"filters": [FILTER | {"a3": 1.5}]}, "grows without end"),
        ({"filters": [FILTER | {"gain": 1e9}]}, "a gain of 1e.09 is no half"),
        ({"dectree_features": ["one", 2]}, "expected a text \"dectree_features\", got '2'"),
        ({"filters": "BP"}, 'expected a list "filters"'),
        ({"dectree_features": ["one"]}, "names 1 features, .* has 2"),
        ({"dectree_features": ["one", "one"]}, "all different"),
        ({"dectrees": [TREE | {"metaclassifier": [2]}]}, "four end counters of 0 to 14"),
        ({"dectrees": [TREE | {"metaclassifier": [2, 2, 2, 15]}]}, "four end counters"),
        ({"dectrees": [TREE | {"results": [{"label": "a", "value": 16}]}]}, '"value" of 0 to 15'),
    ],
)
def test_what_the_twin_cannot_compute_is_refused(
    tmp_path: Path, changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(FormatError, match=f"mlc_conf.json.*{problem}"):
        read_configuration(conf(tmp_path, **changes))


def test_numbers_have_six_digits_and_ties_go_away_from_zero() -> None:
    assert number_text(1.0107421875) == "1.01074"
    assert number_text(0.0) == "0"
    assert number_text(60.0) == "60"
    assert number_text(78.375) == "78.375"
    assert number_text(1.0000005) == "1"
    assert number_text(0.00001293420791625977) == "1.29342e-05"
    # the sixth digit is a tie; to even it would be 60.4062
    assert number_text(60.40625) == "60.4063"
    assert f"{60.40625:.6g}" == "60.4062"
    assert number_text(-60.40625) == "-60.4063"


def test_a_table_has_its_names_and_classes() -> None:
    text = arff_text(np.array([[1.0, -0.5]]), ["b"], names=("F1", "F2"), classes=("a", "b"))
    head, data = text.split("@data\n")
    assert "@attribute F2 numeric\n@attribute class {a, b}\n" in head
    assert data == "1, -0.5, b\n"


def test_logs_go_through_the_twin_each_from_a_new_start(tmp_path: Path) -> None:
    root = write_set(tmp_path)
    made = read_configuration(root / "mlc_conf.json")
    logs = read_logs(root)
    assert [(log.label, log.rate_hz, len(log.mg)) for log in logs] == [
        ("still", 26.0, 520),
        ("still", 26.0, 546),
        ("walking", 26.0, 520),
        ("walking", 26.0, 546),
    ]
    table = features_of([log.mg for log in logs], made)
    assert np.bincount(table.log).tolist() == [10, 10, 10, 10]
    alone = [features_of([log.mg], made).values for log in logs]
    assert np.array_equal(np.concatenate(alone), table.values)
    tree = read_tree(root / "tree.txt", made.feature_names)
    said = answers_of(table, tree, made.trees[0])
    # the filter rings in the first windows, where it steps from rest to 1 g
    assert said.value[said.log == 0].tolist() == [4, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    assert said.output[said.log == 0].tolist() == [0, 0, 1, 1, 1, 1, 1, 1, 1, 1]
    assert said.output_label[said.log == 3].tolist() == ["", *["walking"] * 9]


def test_a_rest_is_left_out_and_logs_without_a_window_are_told(tmp_path: Path) -> None:
    made = read_configuration(conf(tmp_path))
    mg = readings_mg(10, walking=True)
    table = features_of([mg[:51], mg[:110]], made)
    assert table.log.tolist() == [1, 1]
    assert np.array_equal(table.values, features_of([mg[:104]], made).values)
    with pytest.raises(DataError, match="no log holds a window of 52 readings, the longest has 51"):
        features_of([mg[:51]], made)


def test_an_answer_without_a_value_is_refused(tmp_path: Path) -> None:
    made = read_configuration(conf(tmp_path))
    table = features_of([readings_mg(10, walking=True)], made)
    with pytest.raises(
        ConfigError,
        match=r"answers 'walkin', to which mlc_conf.json gives no value\. Did you mean 'walking'",
    ):
        answers_of(table, Leaf("walkin"), made.trees[0])


def test_an_output_is_there_at_the_last_reading_of_its_window() -> None:
    shown = output_by_reading(np.array([0, 4, 8]), window_length=3, readings=11)
    assert shown.tolist() == [0, 0, 0, 0, 0, 4, 4, 4, 8, 8, 8]


def test_logs_that_lack_readings_are_refused(tmp_path: Path) -> None:
    log = write_log(tmp_path / "a.csv", readings_mg(1, walking=False))
    assert read_logs(tmp_path)[0].label == ""
    assert len(read_logs(log)[0].mg) == 26
    log.write_text(f"{HEADER}\n1,2,3\nnan,2,3\n", encoding="utf-8")
    with pytest.raises(FormatError, match=r"a\.csv, line 3: from here on readings are missing"):
        read_logs(log)
    for times in ((0, 40, 80, 200), (0, 40, 40, 80), (0, 40, 20, 60), (0, 40, "nan", 80)):
        rows = "".join(f"{time}{'' if time == 'nan' else '000'},1,2,3\n" for time in times)
        log.write_text(f"time[us],{HEADER}\n{rows}", encoding="utf-8")
        with pytest.raises(
            FormatError, match=r"a.csv, line [345]: from here on readings are missing"
        ):
            read_logs(log)
    log.write_text(f"time[us],{HEADER}\n0,1,2,3\n40000,1,2,3\n80000,1,2,3\n", encoding="utf-8")
    assert read_logs(log)[0].rate_hz == pytest.approx(25)
    log.unlink()
    with pytest.raises(FormatError, match="holds no MEMS Studio logs"):
        read_logs(tmp_path)
