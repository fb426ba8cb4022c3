"""The commands `wearsynth mlc run` and `wearsynth mlc train`."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlc_toys import configuration_json, readings_mg, write_log, write_set
from toy import toy_windows
from wearsynth.cli import main
from wearsynth.tables import save_windows

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command in this process, in tmp_path: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["wearsynth", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return command


def test_answers_are_printed_window_by_window(run: Run, tmp_path: Path) -> None:
    write_set(tmp_path / "set")
    log = tmp_path / "set/data/1_walking/log_0.csv"
    code, out, err = run("mlc", "run", log, "--config", "set/mlc_conf.json")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "1_walking/log_0.csv, tree 1"
    assert lines[1].split() == ["start_s", "answer", "output", "class"]
    assert lines[2].split() == ["0.00", "4", "walking", "0", "-"]
    assert lines[3].split() == ["2.00", "4", "walking", "4", "walking"]
    assert len(lines) == 12


def test_answers_on_a_folder_are_written_as_csv(run: Run, tmp_path: Path) -> None:
    root = write_set(tmp_path / "set")
    (root / "tree.txt").rename(tmp_path / "other.txt")
    arguments = ("mlc", "run", "set", "--config", "set/mlc_conf.json", "-o", "a.csv")
    code, out, err = run(*arguments, "--tree", "other.txt")
    assert (code, err) == (0, "a.csv: answers written\n")
    assert out.count(", tree 1\n") == 4
    lines = (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "log,tree,start_s,answer,answer_class,output,output_class"
    assert lines[1] == "0_still/log_0.csv,1,0.0,4,walking,0,"
    assert len(lines) == 41
    code, _, err = run(*arguments)
    assert code == 1
    assert err.startswith("Error: set/tree.txt: there is no such tree, which mlc_conf.json needs.")


def test_several_trees_answer_one_after_the_other(run: Run, tmp_path: Path) -> None:
    root = write_set(tmp_path)
    content = configuration_json()
    second = content["dectrees"][0] | {"filename": "always.txt"}
    del second["metaclassifier"]
    (root / "mlc_conf.json").write_text(
        json.dumps(content | {"dectrees": [content["dectrees"][0], second]}), encoding="utf-8"
    )
    (root / "always.txt").write_text(": still\n", encoding="utf-8")
    log = "data/1_walking/log_0.csv"
    code, out, _ = run("mlc", "run", log, "--config", "mlc_conf.json")
    assert code == 0
    assert out.splitlines()[12:15:2] == [
        "1_walking/log_0.csv, tree 2",
        f"{'0.00':>10}  {'1 still':<24} {'1':>6}  still",
    ]
    code, _, err = run("mlc", "run", log, "--config", "mlc_conf.json", "--tree", "tree.txt")
    assert code == 1
    assert "names 2 trees, and --tree is for one" in err


def test_what_was_never_compared_is_told(run: Run, tmp_path: Path) -> None:
    root = write_set(tmp_path)
    mg = 20 * readings_mg(10, walking=True)
    log = write_log(root / "hard.csv", mg)
    code, _, err = run("mlc", "run", log, "--config", "mlc_conf.json")
    assert code == 0
    beyond = int((abs(mg) > 4000).any(axis=1).sum())
    assert f"{beyond} reading(s) are beyond the range of 4 g, which a sensor clips" in err


@pytest.mark.parametrize(
    ("break_it", "problem"),
    [
        (lambda r: (r / "mlc_conf.json").write_text("{"), "mlc_conf.json, line 1: is not JSON"),
        (lambda r: (r / "tree.txt").write_text("x"), "tree.txt, line 1: expected a line such as"),
        (lambda r: (r / "tree.txt").write_text(": runing"), "tree.txt: answers 'runing'"),
        (lambda r: (r / "log.csv").write_text("1,2,3\n"), "log.csv: expected a header such as"),
        (lambda r: (r / "log.csv").unlink(), "log.csv: cannot read it"),
        (
            lambda r: (r / "mlc_conf.json").write_text(
                json.dumps(configuration_json() | {"dectrees": []})
            ),
            'names no "dectrees"',
        ),
        (
            lambda r: (r / "log.csv").write_text(
                "time[us],acc_x[mg],acc_y[mg],acc_z[mg]\n"
                + "".join(f"{10_000 * row},1,2,3\n" for row in range(120))
            ),
            "log.csv: has 100 Hz, and the configuration 26 Hz",
        ),
    ],
)
def test_a_damaged_file_is_one_sentence_and_nothing_is_written(
    run: Run, tmp_path: Path, break_it: Callable[[Path], object], problem: str
) -> None:
    root = write_set(tmp_path)
    write_log(root / "log.csv", readings_mg(10, walking=True))
    assert run("mlc", "run", "log.csv", "--config", "mlc_conf.json")[0] == 0
    break_it(root)
    code, out, err = run("mlc", "run", "log.csv", "--config", "mlc_conf.json", "-o", "a.csv")
    assert (code, out) == (1, "")
    assert err.startswith("Error: ") and problem in err
    assert err.count("\n") == 1
    assert not (root / "a.csv").exists()


def test_an_input_is_never_replaced(run: Run, tmp_path: Path) -> None:
    root = write_set(tmp_path)
    before = (root / "tree.txt").read_bytes()
    log = "data/0_still/log_0.csv"
    code, _, err = run("mlc", "run", log, "--config", "mlc_conf.json", "-o", "tree.txt")
    assert code == 1
    assert "tree.txt: is read and would be replaced" in err
    assert (root / "tree.txt").read_bytes() == before


def test_training_says_what_it_made_and_what_it_did_not(run: Run, tmp_path: Path) -> None:
    save_windows(toy_windows(people=6, per_class=6), tmp_path / "w.parquet")
    code, out, err = run("mlc", "train", "w.parquet", "-o", "mlc")
    assert code == 0
    assert "chosen for 30 Hz: LSM6DSV16X" in err
    assert out.startswith("mlc: 18 log(s), 72 windows (still 24, walking 24, running 24)\nTree: ")
    assert "Held-out accuracy: 0." in out or "Held-out accuracy: 1." in out
    assert "  p05: " in out
    assert "No sensor configuration yet" in out
    assert "stedgeai generate --target mlc --device lsm6dsv16x --json mlc_conf.json" in out
    code, _, err = run("mlc", "train", "w.parquet", "-o", "mlc")
    assert code == 1
    assert "mlc: exists already" in err
    assert run("mlc", "train", "w.parquet", "-o", "mlc", "--max-nodes", 5, "--overwrite")[0] == 0
    code, out, _ = run("mlc", "run", "mlc", "--config", "mlc/mlc_conf.json")
    assert code == 0
    assert out.count(", tree 1\n") == 18


def test_one_group_has_no_held_out_accuracy(run: Run, tmp_path: Path) -> None:
    save_windows(toy_windows(people=1, per_class=10), tmp_path / "w.parquet")
    code, out, _ = run("mlc", "train", "w.parquet", "-o", "mlc")
    assert code == 0
    assert "Held-out accuracy: none" in out
