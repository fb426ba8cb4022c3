import hashlib
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from commands import Run
from toy import toy_windows
from wearsynth import __version__
from wearsynth.config import load_config
from wearsynth.tables import load_windows, save_windows


def toys(folder: Path) -> Path:
    save_windows(toy_windows(people=6, per_class=4), folder / "w.parquet")
    return folder / "w.parquet"


TINY = ("--rounds", 4, "--batch-size", 8, "--width", 8)


def test_the_road_by_commands(run: Run, tmp_path: Path) -> None:
    toys(tmp_path)
    code, out, _ = run("data", "split", "w.parquet", "-o", "split")
    assert code == 0
    assert "windows (still" in out
    assert run("fit", "split/train.parquet", "-o", "m", *TINY)[0] == 0
    code, out, _ = run(
        "sample", "m", "--count", "walking=7", "--count", "still=2", "-o", "s.parquet"
    )
    assert (code, out) == (0, "s.parquet: 9 windows (still 2, walking 7, running 0)\n")
    assert load_windows(Path("s.parquet")).synthetic.all()
    sets = ("--train", "split/train.parquet", "--holdout", "split/holdout.parquet")
    code, out, _ = run("evaluate", "s.parquet", *sets, "--quick", "-o", "scores.json")
    assert code == 0
    assert out.startswith("Like ") and "Nearest-neighbour ratio" in out
    assert "TSTR macro F1" in out
    assert run("report", "scores.json", "-o", "report.html")[0] == 0
    code, out, _ = run("render", "s.parquet", "--full-scale", "2g", "-o", "counts")
    assert code == 0
    assert "full_scale 2g" in out
    code, out, _ = run("data", "describe", "counts", "--json")
    assert code == 0
    assert json.loads(out)["recordings"] == 7  # a log a unit: five for walking, two for still


def test_people_few_steps_and_turned_sensors_by_commands(run: Run, tmp_path: Path) -> None:
    toys(tmp_path)
    assert run("fit", "w.parquet", "-o", "m", *TINY)[0] == 0
    code, out, _ = run("distil", "m", "-o", "few", "--paths", 128, "--rounds", 2)
    assert (code, out) == (0, "few: model written\n")
    words = ("sample", "few", "--count", 2, "--people", 3, "--mounting", "drawn", "-o", "s.parquet")
    assert run(*words, "--precision", "bfloat16")[0] == 0
    made = load_windows(Path("s.parquet"))
    assert made.counts == dict.fromkeys(made.classes, 6)
    names = sorted(set(made.subject.tolist()))
    assert [re.sub("-[0-9a-f]{6}-", "-#-", name) for name in names] == [
        f"made-#-{number}" for number in (1, 2, 3)
    ]
    assert made.provenance[-1].endswith("3 people, mounting drawn")
    code, _, err = run("sample", "few", "--covariate", "age=30", "-o", "t.parquet")
    assert (code, err) == (1, "Error: the model has no covariate 'age'.\n")
    assert not Path("t.parquet").exists()
    turn = ("--mounting", "90,-30.5, 0")
    assert run("sample", "few", "--count", 2, *turn, "-o", "turned.parquet")[0] == 0
    assert load_windows(Path("turned.parquet")).provenance[-1].endswith("mounting by 90, -30.5, 0")
    if not torch.cuda.is_available():
        code, _, err = run("sample", "few", "--device", "cuda", "-o", "t.parquet")
        assert (code, err) == (
            1,
            "Error: device: no CUDA device on this machine; use cpu.\n",
        )
    assert run("distil", "few", "-o", "fewer")[2].endswith("this model is distilled already.\n")


def test_a_second_step_by_commands(run: Run, tmp_path: Path) -> None:
    toys(tmp_path)
    assert run("data", "split", "w.parquet", "-o", "split")[0] == 0
    assert run("fit", "split/train.parquet", "-o", "m", *TINY)[0] == 0
    code, out, err = run("classifier", "train", "split/train.parquet", "-o", "clf")
    assert (code, out) == (0, "clf: classifier of still, walking, running written\n")
    assert "Tested, without them, on" in err
    code, out, _ = run("classifier", "test", "split/holdout.parquet", "--classifier", "clf")
    assert code == 0 and "accuracy" in out and "walking" in out
    both = ("--target", "split/holdout.parquet", "--classifier", "clf")
    code, out, err = run("finetune", "m", *both, "-o", "n", "--rounds", 2, "--replayed", 4)
    assert (code, out) == (0, "n: model written\n")
    assert "Before: accepted" in err and "After: accepted" in err
    code, _, err = run("finetune", "m", "-o", "o")
    assert code == 1 and err.startswith("Error: nothing to go on with")
    code, _, err = run("finetune", "m", "--classifier", "m", "-o", "o")
    assert code == 1 and "no classifier in it" in err
    assert not Path("o").exists()


def test_a_mixture_by_commands(run: Run, tmp_path: Path) -> None:
    toys(tmp_path)
    assert run("fit", "w.parquet", "-o", "m", "--generator", "mixture")[0] == 0
    assert run("sample", "m", "--count", 3, "-o", "s.parquet")[0] == 0
    code, _, err = run("sample", "m", "--precision", "bfloat16", "-o", "t.parquet")
    assert (code, err) == (1, "Error: a mixture has no networks to compute in bfloat16 on cpu.\n")
    code, _, err = run("distil", "m", "-o", "few")
    assert code == 1 and "only a flow that was fitted can be distilled" in err
    code, _, err = run("fit", "w.parquet", "-o", "n", "--generator", "flows")
    assert code == 1 and "'wgan-gp', 'lstm-gan' or 'few-numbers'" in err


def test_tables_by_column_names(run: Run, tmp_path: Path) -> None:
    rows = [f"{i * 20},{0.1 * (i % 7)},{'walk' if i < 300 else 'sit'},p1" for i in range(600)]
    (tmp_path / "t.csv").write_text("ms,x,what,who\n" + "\n".join(rows) + "\n")
    columns: tuple[str, ...] = (
        "--channel",
        "x=g",
        "--column",
        "time=ms",
        "--column",
        "time_unit=ms",
    )
    columns += ("--column", "label=what", "--column", "subject=who")
    code, out, _ = run("data", "windows", "t.csv", *columns, "-o", "w.parquet")
    assert code == 0
    assert out == "w.parquet: 10 windows (walk 5, sit 5) (1 groups)\n"
    code, _, err = run(
        "data", "windows", "t.csv", "--channel", "x=g", "--column", "lable=what", "-o", "a"
    )
    assert (code, err) == (1, "Error: --column: unknown option 'lable'. Did you mean 'label'?\n")


def test_the_printed_configuration_is_read_back(run: Run, tmp_path: Path) -> None:
    assert run("config", "-o", "run.toml")[0] == 0
    assert load_config(tmp_path / "run.toml").render is not None
    assert run("config")[1].rstrip() == (tmp_path / "run.toml").read_text().rstrip()


def test_version(run: Run) -> None:
    assert run("--version")[:2] == (0, f"wearsynth {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("data", "windows", "nowhere", "-o", "w"), "nowhere: there is no such file or folder"),
        (("data", "windows", "basic_motions", "--length-s", "99", "-o", "w"), "99"),
        (("fit", "broken.parquet", "-o", "m"), "broken.parquet: "),
        (("fit", "w.parquet", "-o", "m", "--rounds", "0"), "rounds: should be greater than"),
        (("sample", "nothing", "-o", "s"), "no model folder 'nothing'"),
        (("sample", "m", "--count", "walking", "-o", "s"), "expected N or CLASS=N"),
        (
            ("sample", "m", "--mounting", "sideways", "-o", "s"),
            "should be kept, drawn, or three angles",
        ),
        (("sample", "m", "--mounting", "1,2", "-o", "s"), "mounting"),
        (("sample", "m", "--mounting", "1,2,up", "-o", "s"), "mounting"),
        (("render", "w.parquet", "--full-scale", "3g", "-o", "c"), "lsm6dsl has no 3 g full scale"),
        (("render", "w.parquet", "--sensor", "lsm6dslx", "-o", "c"), "Did you mean 'lsm6dsl'"),
        (("report", "broken.parquet", "-o", "r"), "broken.parquet"),
        (("run", "run.toml", "-o", "r"), "run.toml: fit: unknown option 'round'"),
        (("generate", "--config", "run.toml", "-o", "g"), "run.toml: fit: unknown option"),
        (("generate", "--format", "nanoedg", "-o", "g"), "Did you mean 'nanoedge'"),
        (
            ("evaluate", "w.parquet", "--train", "w.parquet", "--holdout", "w.parquet", "-o", "x"),
            "share",
        ),
    ],
)
def test_wrong_use_is_one_sentence_and_leaves_nothing(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    toys(tmp_path)
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 this is no Parquet file")
    (tmp_path / "run.toml").write_text("[fit]\nround = 3\n[generate]\n")
    before = sorted(tmp_path.rglob("*"))
    code, out, err = run(*arguments)
    assert code == 1
    assert out == ""
    assert err.startswith("Error: ")
    assert message in err
    assert err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_unknown_commands_and_options_are_named(run: Run) -> None:
    code, _, err = run("fitt")
    assert code == 2
    assert "fitt" in err
    code, _, err = run("sample", "m", "--coun", "3", "-o", "s")
    assert code == 2
    assert "--coun" in err


def _digest(folder: Path) -> str:
    return hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()


def test_a_killed_fit_is_resumed_to_the_same_weights(run: Run, tmp_path: Path) -> None:
    toys(tmp_path)
    words = ("fit", "w.parquet", "--rounds", "12", "--batch-size", "8", "--width", "8", "-o")
    assert run(*words, "whole")[0] == 0
    command = [sys.executable, "-m", "wearsynth.cli", *words, "parted"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) as child:
        mark = tmp_path / "parted.checkpoint" / "belongs-to.safetensors"
        while not mark.exists() and child.poll() is None:
            time.sleep(0.02)
        child.kill()
    assert not (tmp_path / "parted").exists()
    assert "holds an unfinished fit. Go on with --resume" in run(*words, "parted")[2]
    assert run(*words, "parted", "--resume")[0] == 0
    assert _digest(tmp_path / "parted") == _digest(tmp_path / "whole")
    assert not list(tmp_path.glob("*.checkpoint"))


def test_commands_without_a_network_do_not_load_torch(tmp_path: Path) -> None:
    code = """
import sys
from wearsynth.cli import main
for words in (["data", "describe", "w.parquet"], ["data", "split", "w.parquet", "-o", "s"]):
    sys.argv = ["wearsynth", *words]
    try:
        main()
    except SystemExit as stop:
        assert not stop.code
assert "torch" not in sys.modules
print("torch was not loaded")
"""
    toys(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert done.stdout.endswith("torch was not loaded\n")


def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    toys(tmp_path)
    # a shell starts background jobs deaf to Ctrl-C, and this may be part of one
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = f"{heeding}; from wearsynth.cli import main; main()"
    words = ("fit", "w.parquet", "--rounds", "100000", "--batch-size", "8", "--width", "8")
    command = [sys.executable, "-c", program, *words, "--set-aside", "0", "-o", "m"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as child:
        while not (tmp_path / "m.checkpoint" / "belongs-to.safetensors").exists():
            time.sleep(0.02)
        time.sleep(1.0)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate()
    assert child.returncode == 130
    assert "Error: stopped by Ctrl-C" in err  # with --resume in it once the rounds have begun
