"""`wearsynth generate`: windows and streams, options in place of the configuration's, wrong use."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from commands import Run, wearsynth
from toy import toy_windows
from toy_models import mixture_of, quiet, toy_classifier
from wearsynth.classifiers.trained import save_classifier
from wearsynth.config import FitConfig
from wearsynth.model import save_model
from wearsynth.training import fit


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds a model m and a classifier c."""
    folder = tmp_path_factory.mktemp("made")
    save_model(mixture_of(toy_windows(people=6, per_class=3)), folder / "m")
    save_classifier(toy_classifier(), folder / "c")
    return folder


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, made: Path
) -> Run:
    """Run `generate` in an empty folder, where m and c are the model and the classifier."""
    monkeypatch.chdir(tmp_path)
    for name in ("m", "c"):
        (tmp_path / name).symlink_to(made / name)
    return lambda *arguments: wearsynth(capsys, monkeypatch, "generate", *arguments)


def manifest(folder: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((Path(folder) / "manifest.json").read_text())
    return told


def test_a_stream_of_one_class(run: Run) -> None:
    code, out, err = run("--model", "m", "--stream", "walking=5", "-o", "out")
    assert code == 0
    assert "  a class is one unit's throughout, its clock error left out.\n" in err
    assert out.startswith("out: walking 2 windows\n")
    log = Path("out/data/1_walking/log_0.csv")
    assert [of.name for of in Path("out/data").rglob("*.csv")] == ["log_0.csv"]
    lines = log.read_text().splitlines()
    assert lines[0].endswith("one continuous signal")
    assert len(lines) == 3 + 104  # 2 windows of 2 s at 26 Hz; the fifth second holds no window
    told = json.loads(Path("out/mlc_conf.json").read_text())["datalogs"]
    assert told == [{"filename": "data/1_walking/log_0.csv", "label": "walking"}]


def test_streams_of_every_class_and_of_some(run: Run) -> None:
    assert run("--model", "m", "--stream", "4.5", "-o", "all")[0] == 0
    assert manifest("all")["windows"] == {"still": 2, "walking": 2, "running": 2}
    assert manifest("all")["continuous"] is True
    some = ("--stream", "walking=2", "--stream", "still=8")
    assert run("--model", "m", *some, "-o", "some", "--format", "csv")[0] == 0
    assert manifest("some")["windows"] == {"still": 4, "walking": 1, "running": 0}


def test_the_same_seed_gives_the_same_bytes(run: Run) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c2", 2)):
        words = ("--model", "m", "--stream", "walking=6", "--seed", seed)
        assert run(*words, "-o", name)[0] == 0
    assert manifest("a")["sha256"] == manifest("b")["sha256"]
    assert manifest("a")["sha256"] != manifest("c2")["sha256"]


def test_windows_that_a_classifier_takes(run: Run) -> None:
    words = ("--model", "m", "--classifier", "c", "--count", "walking=60", "--count", "still=3")
    code, out, err = run(*words, "-o", "out", "--format", "csv")
    assert code == 0
    assert out.startswith("out: still 3, walking 60 windows\n")
    assert "walking: kept 60 of " in err and "still: kept 3 of 50 drawn" in err
    told = manifest("out")
    assert told["windows"] == {"still": 3, "walking": 60, "running": 0}
    assert told["provenance"][-1].endswith("kept what a classifier accepts")
    assert told["continuous"] is False


CONFIGURATION = """
model = "m"
counts = { walking = 4, running = 2 }
full_scale = "2g"
rate_hz = 52
devices = 2
power_mode = "high_performance"
format = "csv"
seed = 4
"""


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        ((), {}),
        (("--full-scale", "8g"), {"full_scale": "8g", "unit_per_count": 0.000244}),
        (("--rate-hz", "26"), {"rate_hz": 26.0, "readings_per_window": 52}),
        (("--devices", "3"), {"devices": [0, 1, 2]}),
        (("--seed", "9"), {"seed": 9}),
        (("--count", "still=2"), {"windows": {"still": 2, "walking": 0, "running": 0}}),
        (("--power-mode", "low_power"), {"power_mode": "low_power"}),
        (("--sensor", "lsm6dsox"), {"sensor": "lsm6dsox"}),
        (
            ("--stream", "walking=8"),
            {
                "windows": {"still": 0, "walking": 4, "running": 0},
                "continuous": True,
                "devices": [1],
            },
        ),
    ],
)
def test_an_option_stands_in_place_of_its_key_and_the_others_stay(
    run: Run, words: tuple[str, ...], changed: dict[str, object]
) -> None:
    Path("run.toml").write_text(CONFIGURATION)
    code, _, err = run("--config", "run.toml", *words, "-o", "out")
    assert code == 0, err
    assert {path.suffix for path in Path("out").iterdir()} == {".csv", ".json"}
    expected = {
        "sensor": "lsm6dsl",
        "full_scale": "2g",
        "unit_per_count": 0.000061,
        "rate_hz": 52.0,
        "readings_per_window": 104,
        "power_mode": "high_performance",
        "model": "m",
        "seed": 4,
        "windows": {"still": 0, "walking": 4, "running": 2},
        "devices": [0, 1],
        "continuous": False,
    }
    told = manifest("out")
    assert {key: told[key] for key in expected} == {**expected, **changed}


def test_a_mounting_and_a_format_stand_in_place_of_theirs(run: Run) -> None:
    Path("run.toml").write_text(CONFIGURATION + 'noise = false\nmounting = "kept"\n')
    for name, words in (
        ("kept", ()),
        ("half", ("--mounting", "0,0,180")),
        ("drawn", ("--mounting", "drawn")),
    ):
        chosen = (*words, "--devices", 0, "--format", "raw")
        assert run("--config", "run.toml", *chosen, "-o", name)[0] == 0
        assert not list(Path(name).glob("*.csv"))
    kept, half, drawn = (
        np.concatenate([np.fromfile(p, "<i2") for p in sorted(Path(name).glob("*.bin"))])
        for name in ("kept", "half", "drawn")
    )
    by_axis = kept.reshape(-1, 3).astype(int), half.reshape(-1, 3).astype(int)
    assert np.abs(by_axis[0] * [-1, -1, 1] - by_axis[1]).max() <= 1
    assert np.abs(kept.astype(int) - drawn).max() > 1000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--stream", "walking=-1"), "stream_s.walking: should be greater than 0, got '-1'"),
        (("--stream", "walking=0"), "stream_s.walking: should be greater than 0"),
        (("--stream", "walking=soon"), "stream_s.walking: should be a valid number"),
        (("--stream", "walking=nan"), "stream_s.walking: should be "),
        (("--stream", "-1"), "stream_s"),
        (("--stream", "5", "--count", "5"), "--count asks for windows, --stream for continuous"),
        (("--stream", "walking=2", "--stream", "3"), "--stream '3': expected NAME=VALUE, such as"),
        (("--stream", "walking=2", "--stream", "walking=3"), "--stream: a class is named twice"),
        (("--stream", "wlking=5"), "the model knows no class 'wlking'. Did you mean 'walking'?"),
        (("--stream", "walking=1"), "nothing to write: 0 windows were given"),
        (("--stream", "5", "--classifier", "c"), "classifier: sorts windows (counts), not"),
        (("--count", "walking=-1"), "counts.walking: should be greater than or equal to 0"),
        (("--count", "wlking=5"), "the model knows no class 'wlking'. Did you mean 'walking'?"),
        (("--count", "0"), "asked for 0 windows"),
        (("--classifier", "m"), "m: no classifier in it"),
        (("--rate-hz", "0"), "rate_hz: should be greater than or equal to 0.001, got 0.0"),
        (("--rate-hz", "27"), "lsm6dsl has no rate of 27 Hz"),
        (("--stream", "5", "--rate-hz", "27"), "lsm6dsl has no rate of 27 Hz"),
        (("--full-scale", "3g"), "lsm6dsl has no 3 g full scale; it has 2, 4, 8 and 16."),
        (("--stream", "5", "--full-scale", "3g"), "lsm6dsl has no 3 g full scale"),
        (("--devices", "-1"), "devices: should be greater than or equal to 0, got -1"),
        (("--seed", "-1"), "seed: should be greater than or equal to 0, got -1"),
        (("--format", "memstudio"), "unknown format 'memstudio'. Did you mean 'memsstudio'?"),
        (
            ("--config", "run.toml"),
            "run.toml: unknown option 'ful_scale'. Did you mean 'full_scale'?",
        ),
        (("--config", "nowhere.toml"), "nowhere.toml"),
    ],
)
def test_wrong_use_is_one_sentence_and_leaves_nothing(
    run: Run, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    (tmp_path / "run.toml").write_text("ful_scale = 3\n")
    before = sorted(tmp_path.rglob("*"))
    code, out, err = run("--model", "m", *words, "-o", "out")
    assert (code, out) == (1, "")
    assert err.startswith("Error: ")
    assert message in err
    assert err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_no_option_ends_with_2(run: Run, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    for words in (("--rate-hz", "fast"), ("--strem", "walking=5"), ("--devices", "1.5")):
        code, out, err = run("--model", "m", *words, "-o", "out")
        assert (code, out) == (2, "")
        assert words[0] in err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("words", [("--count", "2"), ("--stream", "4")])
def test_an_output_folder_that_exists_is_kept_unless_asked(
    run: Run, words: tuple[str, ...]
) -> None:
    assert run("--model", "m", *words, "-o", "out")[0] == 0
    first = manifest("out")
    words = (*words, "--seed", "7", "-o", "out")
    code, out, err = run("--model", "m", *words)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.endswith("out: exists already. Choose another folder or pass --overwrite.\n")
    assert manifest("out") == first
    assert run("--model", "m", *words, "--overwrite")[0] == 0
    assert manifest("out")["sha256"] != first["sha256"]
    Path("out/mine.txt").write_text("mine")
    code, out, err = run("--model", "m", *words, "--overwrite")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "holds 'mine.txt', which wearsynth did not write" in err
    assert Path("out/mine.txt").read_text() == "mine"


def my_logs(folder: Path) -> None:
    """Three recordings of a class, the last one unknown to the model, as ST's LSM6DSL folder has them."""
    rng = np.random.default_rng(0)
    for label in ("walking", "waving"):
        (folder / label).mkdir(parents=True)
        for number in range(3):
            mg = rng.normal((0, 300, 950), 200, (260, 3)).round().astype(int)
            lines = "\n".join(",".join(map(str, row)) for row in mg.tolist())
            (folder / label / f"{label}_{number}_26Hz_4g_mg.csv").write_text(lines + "\n")


def test_recordings_of_ones_own_join_first(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wearsynth.generating.ROUNDS_BEFORE_DRAWING", 2)
    config = FitConfig(generator="flow", rounds=2, batch_size=8, width=8)
    save_model(fit(toy_windows(people=6, per_class=3), config, say=quiet), Path("f"))
    my_logs(tmp_path / "logs")
    code, out, err = run("--model", "f", "--from", "logs", "--count", "waving=3", "-o", "out")
    assert code == 0 and out.startswith("out: waving 3 windows\n")
    assert "logs: 54 windows to go on with." in err
    assert any("fine-tuned by 54 windows" in line for line in manifest("out")["provenance"])
    code, _, err = run("--model", "f", "--from", "nowhere", "-o", "other")
    assert (code, err.count("\n")) == (1, 1) and "no such file or folder" in err
    code, _, err = run("--model", "m", "--from", "logs", "-o", "other")
    assert code == 1 and "a mixture has no networks to go on with" in err
    assert not Path("other").exists()
