"""Trees fitted within what a sensor holds, and the logs that windows become."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mlc_toys import configuration_json, readings_mg, write_log, write_set
from toy import toy_windows
from wearsynth.data import Windows, windows_from_arrays
from wearsynth.errors import ConfigError, DataError, FileError, FormatError
from wearsynth.formats import read
from wearsynth.formats.st_mlc import read_logs
from wearsynth.mlc.arff import arff_text
from wearsynth.mlc.configuration import read_configuration
from wearsynth.mlc.fitting import fit_tree, half_below
from wearsynth.mlc.half import of_bits, rnd
from wearsynth.mlc.logs import of_windows
from wearsynth.mlc.running import run_files
from wearsynth.mlc.training import MOST_NODES, configuration_for, train_files
from wearsynth.mlc.tree import Branch, Leaf, answers, branches_of, read_tree, tree_text
from wearsynth.mlc.twin import features_of
from wearsynth.tables import save_windows

NAMES = ("F1", "F2")


def windows_of(
    values: NDArray[np.float64], start_s: list[float] | None, unit: str = "g"
) -> Windows:
    """Give windows, (window, time, axis), of one recording of class a at 10 Hz."""
    return windows_from_arrays(
        values,
        ["a"] * len(values),
        rate_hz=10,
        channels=[(f"acc_{axis}", unit) for axis in "xyz"],
        recording=["r"] * len(values),
        start_s=start_s,
    )


def cut(stream: NDArray[np.float64], firsts: list[int]) -> NDArray[np.float64]:
    """Give windows of 10 readings that start at these readings of a stream, (time, axis)."""
    return np.stack([stream[first : first + 10] for first in firsts])


STREAM = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32).astype(np.float64)


def test_overlapping_windows_become_the_log_that_they_were_cut_from() -> None:
    firsts = [10, 0, 5, 15]  # in any order
    made = of_windows(windows_of(cut(STREAM, firsts), [first / 10 for first in firsts]))
    (log,) = made.logs
    assert np.array_equal(log.mg, 1000 * STREAM[:25])
    assert (made.joined, made.notes, made.window_readings, made.rate_hz) == (False, (), 10, 10)


def test_a_new_log_begins_where_windows_do_not_follow() -> None:
    firsts = [0, 10, 21, 31, 31]
    made = of_windows(windows_of(cut(STREAM, firsts), [first / 10 for first in firsts]))
    assert [len(log.mg) for log in made.logs] == [20, 20, 10]
    assert np.array_equal(made.logs[1].mg, 1000 * STREAM[21:41])


def test_windows_of_unknown_start_lie_back_to_back_and_that_is_told() -> None:
    made = of_windows(windows_of(cut(STREAM, [40, 0, 20]), None))
    (log,) = made.logs
    assert np.array_equal(log.mg[:20], 1000 * np.concatenate([STREAM[40:50], STREAM[:10]]))
    assert made.joined
    assert made.notes == ("2 join(s) between windows of unknown start are not continuous",)


def test_classes_and_people_are_never_in_one_log() -> None:
    made = of_windows(toy_windows(people=3, per_class=2))
    assert made.people
    assert [(log.label, log.group, len(log.mg)) for log in made.logs[:4]] == [
        ("still", "p00", 120),
        ("still", "p01", 120),
        ("still", "p02", 120),
        ("walking", "p00", 120),
    ]


def test_another_unit_becomes_mg_and_other_signals_are_refused() -> None:
    (log,) = of_windows(windows_of(cut(STREAM, [0]), [0.0], unit="m/s2")).logs
    assert log.mg == pytest.approx(1000 * STREAM[:10] / 9.80665)
    eda = windows_from_arrays(np.ones((1, 4, 1)), ["a"], rate_hz=4, channels=[("eda", "uS")])
    with pytest.raises(DataError, match="three axes of acceleration in g or m/s2, and 0 signal"):
        of_windows(eda)
    with pytest.raises(DataError, match="signal 'acc' is none"):
        of_windows(eda, signal="acc")


def test_a_threshold_is_the_largest_half_that_parts_alike() -> None:
    below, above = of_bits(0x3C00), of_bits(0x3C01)  # 1 and the next half
    assert half_below(float(below + above) / 2) == below
    assert half_below(1.0) == 1.0
    assert half_below(-float(below + above) / 2) == -above
    assert half_below(2.0**-26) == 0 == half_below(0.0)
    assert half_below(-(2.0**-26)) == -(2.0**-24)


def test_a_fitted_tree_parts_the_windows_by_halves() -> None:
    near = of_bits(np.array([0x3C00] * 6 + [0x3C01] * 6))
    values = np.stack([np.zeros(12), near], axis=1)
    labels = np.array(["low"] * 6 + ["high"] * 6)
    tree = fit_tree(values, labels, NAMES, max_nodes=31)
    assert tree == Branch("F2", 1.0, Leaf("low"), Leaf("high"))
    assert answers(tree, values, NAMES).tolist() == labels.tolist()


def test_a_tree_has_no_more_nodes_than_asked_for_and_no_idle_questions() -> None:
    values = rnd(np.random.default_rng(1).normal(size=(2000, 2)))
    noise = np.random.default_rng(2).choice(["a", "b", "c"], 2000)
    for most in (3, 17, MOST_NODES):
        tree = fit_tree(values, noise, NAMES, max_nodes=most)
        assert 3 <= 2 * len(list(branches_of(tree))) + 1 <= most
        assert all(
            branch.low != branch.high
            for branch in branches_of(tree)
            if isinstance(branch.low, Leaf)
        )
    assert fit_tree(values, np.array(["a"] * 2000), NAMES, max_nodes=31) == Leaf("a")


def test_written_files_hold_the_tree_and_what_it_was_fitted_to(tmp_path: Path) -> None:
    save_windows(toy_windows(), tmp_path / "w.parquet")
    trained = train_files(tmp_path / "w.parquet", tmp_path / "out")
    assert trained.windows == {"still": 216, "walking": 216, "running": 216}  # 12 x (20 - 2)
    assert trained.held_out.folds == 5
    assert list(trained.held_out.by_group) == [f"p{n:02d}" for n in range(12)]
    assert trained.held_out.accuracy > 0.9
    made = read_configuration(tmp_path / "out" / "mlc_conf.json")
    assert (made.name, made.rate_hz, made.window_length) == ("LSM6DSV16X", 30.0, 60)
    assert made.trees[0].results == {"still": 1, "walking": 4, "running": 8}
    tree = read_tree(tmp_path / "out" / made.trees[0].filename, made.feature_names)
    assert tree_text(tree) == tree_text(trained.tree)
    # the logs, through the twin, give the table that stands beside them
    logs = {log.path: log for log in read_logs(tmp_path / "out")}
    mg = [logs[tmp_path / "out" / datalog.filename].mg for datalog in made.datalogs]
    table = features_of(mg, made).without_first(2)
    labels = [made.datalogs[log].label for log in table.log.tolist()]
    text = arff_text(table.values, labels, names=made.feature_names, classes=list(trained.windows))
    assert text == (tmp_path / "out" / made.arff).read_text(encoding="utf-8")
    assert [r.synthetic for r in read(tmp_path / "out")] == [False] * 36


def test_labels_without_information_are_held_out_at_chance(tmp_path: Path) -> None:
    windows = toy_windows(people=10, per_class=20)
    shuffled = np.repeat(np.random.default_rng(0).permuted(np.tile([0, 1, 2], (10, 1)), axis=1), 20)
    same = windows.select(np.flatnonzero(windows.label == 1).repeat(3))
    same = replace(same, label=shuffled, start_s=np.tile(np.arange(20) * 2.0, 30))
    save_windows(same, tmp_path / "w.parquet")
    trained = train_files(tmp_path / "w.parquet", tmp_path / "out")
    assert 0.15 < trained.held_out.accuracy < 0.55


def test_a_set_of_logs_is_held_out_by_runs_of_logs(tmp_path: Path) -> None:
    root = write_set(tmp_path / "set")
    trained = train_files(root, tmp_path / "out", config=root / "mlc_conf.json")
    assert trained.logs == 4
    assert trained.held_out.folds == 2
    assert trained.held_out.by_group == {
        "0_still/log_0": (8, 8),
        "0_still/log_1": (8, 8),
        "1_walking/log_0": (8, 8),
        "1_walking/log_1": (8, 8),
    }
    assert trained.configuration.window_length == 52
    replies = run_files(tmp_path / "out", tmp_path / "out" / "mlc_conf.json").replies
    assert {(r.log.split("/")[0], r.output_class) for r in replies if r.start_s > 8} == {
        ("0_still", "still"),
        ("1_walking", "walking"),
    }


def test_the_part_is_the_one_that_has_the_rate() -> None:
    assert configuration_for(26, largest_g=3.0).name == "LSM6DSOX"
    made = configuration_for(32, largest_g=9.0)
    assert (made.name, made.rate_hz, made.full_scale_g, made.window_length) == (
        "LSM6DSV16X",
        30.0,
        16,
        60,
    )
    band_pass = made.filters[0].band_pass
    assert (band_pass.a2, band_pass.a3, band_pass.gain) == (-1.659, 0.81, 0.095)
    assert len(made.features) == 16
    assert configuration_for(240, largest_g=1.0).window_length == 255
    with pytest.raises(
        ConfigError, match=r"no MLC runs at 20 Hz; there are 12.5, 15, 26, 30, .*--rate-hz 26"
    ):
        configuration_for(20, largest_g=1.0)


def test_every_rate_has_a_band_pass_that_passes_a_walk(tmp_path: Path) -> None:
    for rate_hz in (12.5, 15, 26, 30, 52, 60, 104, 120, 240):
        made = configuration_for(rate_hz, largest_g=2.0)
        time_s = np.arange(round(20 * rate_hz)) / rate_hz
        swing = [
            np.ptp(
                made.filters[0].band_pass.over(rnd(np.sin(2 * np.pi * f * time_s)))[
                    len(time_s) // 2 :
                ]
            )
            for f in (0.2, 1.9, 5.5)
        ]
        assert swing[1] > 1.6, rate_hz  # of 2
        assert max(swing[0], swing[2]) < 0.5 * swing[1], rate_hz


def test_what_does_not_fit_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    toy = toy_windows(people=4, per_class=4)
    save_windows(toy, tmp_path / "w.parquet")
    save_windows(toy_windows(people=4, per_class=2), tmp_path / "short.parquet")
    root = write_set(tmp_path / "set")
    for source, config, problem in (
        ("short.parquet", None, "class 'still' has no stretch of 180 readings"),
        ("w.parquet", root / "mlc_conf.json", r"has 30 Hz, and the configuration 26 Hz"),
        ("set/tree.txt", None, "expected a header"),
        ("missing", None, "missing: cannot read it"),
    ):
        with pytest.raises((DataError, FileError), match=problem):
            train_files(tmp_path / source, out, config=config)
        assert not out.exists()
    with pytest.raises(ConfigError, match="max_nodes must be 3 to 128, got 500"):
        train_files(tmp_path / "w.parquet", out, max_nodes=500)
    with pytest.raises(DataError, match="--signal is for windows files"):
        train_files(root, out, signal="acc")
    with pytest.raises(FileError, match=r"holds .*w\.parquet, which is read"):
        train_files(tmp_path / "w.parquet", tmp_path, overwrite=True)
    write_log(tmp_path / "plain/a.csv", readings_mg(20, walking=True))
    with pytest.raises(FormatError, match=r"a\.csv: its class stands nowhere"):
        train_files(tmp_path / "plain", out)
    (root / "mlc_conf.json").unlink()
    with pytest.raises(DataError, match=r"its rate stands nowhere.*--config"):
        train_files(root, out)
    write_log(root / "data/2_odd*name/log_0.csv", readings_mg(20, walking=True))
    (tmp_path / "c.json").write_text(json.dumps(configuration_json()), encoding="utf-8")
    with pytest.raises(DataError, match=r"'odd\*name' cannot be part of a file name"):
        train_files(root, out, config=tmp_path / "c.json")
    assert not out.exists()
    assert not list(tmp_path.glob(".*.part"))


def test_one_class_is_no_tree(tmp_path: Path) -> None:
    toy = toy_windows(people=4, per_class=4).of_class("walking")
    only = replace(toy, label=np.zeros(len(toy), dtype=np.int64), classes=("walking",))
    save_windows(only, tmp_path / "w.parquet")
    with pytest.raises(DataError, match=r"holds 1 class\(es\), and a tree answers 2 to 15"):
        train_files(tmp_path / "w.parquet", tmp_path / "out")


def test_classes_become_one_word_and_are_told(tmp_path: Path) -> None:
    toy = toy_windows(people=4, per_class=5)
    save_windows(
        replace(toy, classes=("watching TV", "walking", "running")), tmp_path / "w.parquet"
    )
    trained = train_files(tmp_path / "w.parquet", tmp_path / "out")
    assert list(trained.windows) == ["watching_TV", "walking", "running"]
    assert any("'watching TV' is written as 'watching_TV'" in note for note in trained.notes)
    arff = (tmp_path / "out" / "features.arff").read_text(encoding="utf-8")
    assert "@attribute class {watching_TV, walking, running}\n" in arff
    alike = replace(toy, classes=("a b", "a_b", "c"))
    save_windows(alike, tmp_path / "alike.parquet")
    with pytest.raises(DataError, match="differ by blanks and marks alone"):
        train_files(tmp_path / "alike.parquet", tmp_path / "other")
