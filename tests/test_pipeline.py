import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from toy import toy_windows
from toy_models import TINY, quiet
from wearsynth.config import Config, EvaluateConfig, SampleConfig
from wearsynth.config_recordings import DataConfig, WindowsConfig
from wearsynth.config_rendering import GenerateConfig, RenderConfig
from wearsynth.errors import ConfigError, FileError
from wearsynth.formats import read
from wearsynth.generating import generate, render_file
from wearsynth.judging import evaluate_files
from wearsynth.model import load_model, save_model
from wearsynth.pipeline import fit_file, sample_file
from wearsynth.road import run
from wearsynth.splitting import split
from wearsynth.tables import load_windows, save_split, save_windows
from wearsynth.training import fit


@pytest.fixture(scope="module")
def toy_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "m"
    save_model(fit(toy_windows(people=4, per_class=4), TINY, say=quiet), folder)
    return folder


def test_the_whole_road_and_again_with_every_stage_kept(tmp_path: Path) -> None:
    config = Config(
        data=DataConfig(path="basic_motions"),
        windows=WindowsConfig(length_s=5.0, stride_s=5.0),
        fit=TINY,
        sample=SampleConfig(counts=20),
        evaluate=EvaluateConfig(quick=True),
        render=RenderConfig(devices=2, rate_hz=26.0),
    )
    lines: list[str] = []
    report = run(config, tmp_path / "r", say=lines.append)
    assert report.read_text(encoding="utf-8").startswith("<!doctype html")
    names = {path.name for path in (tmp_path / "r").iterdir()}
    assert {"windows.parquet", "split", "model", "synthetic.parquet", "scores.json"} <= names
    recordings = read(tmp_path / "r" / "lsm6dsl")
    assert {r.signals["acc"].rate_hz for r in recordings} == {26.0}
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "r").rglob("*") if p.is_file()}

    lines.clear()
    run(config, tmp_path / "r", say=lines.append)
    assert len(lines) == 7
    assert all("kept from before" in line for line in lines)
    assert before == {p: p.stat().st_mtime_ns for p in before}

    lines.clear()
    run(
        config.model_copy(update={"sample": SampleConfig(counts=10)}),
        tmp_path / "r",
        say=lines.append,
    )
    kept = [line.split(":")[0] for line in lines if "kept from before" in line]
    assert kept == ["windows", "split", "fit"]
    assert len(load_windows(tmp_path / "r" / "synthetic.parquet")) == 40


def test_stages_by_file_repeat_to_the_byte(toy_model: Path, tmp_path: Path) -> None:
    model = load_model(toy_model)
    counts = {"walking": 1200, "still": 3}
    for name in ("a", "b"):
        written = sample_file(
            model, SampleConfig(counts=counts, seed=3), tmp_path / f"{name}.parquet"
        )
        assert written == {"still": 3, "walking": 1200, "running": 0}
        render_file(tmp_path / f"{name}.parquet", RenderConfig(format="parquet"), tmp_path / name)
    a, b = ((tmp_path / f"{name}.parquet").read_bytes() for name in ("a", "b"))
    assert a == b
    first, second = (sorted((tmp_path / name).iterdir()) for name in ("a", "b"))
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def test_generate_streams_exact_counts_in_the_parts_range(toy_model: Path, tmp_path: Path) -> None:
    config = GenerateConfig(
        model=str(toy_model), counts={"walking": 1100, "running": 2}, full_scale="2g"
    )
    summary = generate(config, tmp_path / "dataset")
    assert summary.windows == {"still": 0, "walking": 1100, "running": 2}
    recordings = read(tmp_path / "dataset")
    assert all(recording.synthetic for recording in recordings)
    values = np.concatenate([r.signals["acc"].values for r in recordings])
    assert np.abs(values).max() <= 32768 * 0.061e-3 + 1e-6
    manifest = json.loads((tmp_path / "dataset" / "manifest.json").read_text())
    assert (manifest["sensor"], manifest["seed"]) == ("lsm6dsl", 0)
    assert manifest["model"] == str(toy_model)
    assert manifest["provenance"][-1].startswith("sampled")


def test_generate_equals_sample_and_render(toy_model: Path, tmp_path: Path) -> None:
    sample_file(load_model(toy_model), SampleConfig(counts=30, seed=4), tmp_path / "s.parquet")
    render_file(tmp_path / "s.parquet", RenderConfig(format="parquet", seed=4), tmp_path / "two")
    one = GenerateConfig(model=str(toy_model), counts=30, seed=4, format="parquet")
    generate(one, tmp_path / "one")
    (two_file,) = (tmp_path / "two").glob("*.parquet")
    (one_file,) = (tmp_path / "one").glob("*.parquet")
    assert pq.read_table(one_file).equals(pq.read_table(two_file))


def test_fit_refuses_what_is_there_and_leaves_no_checkpoint(tmp_path: Path) -> None:
    save_windows(toy_windows(people=4, per_class=4), tmp_path / "w.parquet")
    fit_file(tmp_path / "w.parquet", tmp_path / "m", TINY, say=quiet)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m", "w.parquet"]
    with pytest.raises(FileError, match="exists already"):
        fit_file(tmp_path / "w.parquet", tmp_path / "m", TINY, say=quiet)


def test_a_generator_that_saw_the_holdout_is_refused(toy_model: Path, tmp_path: Path) -> None:
    save_split(split(toy_windows(people=4, per_class=4), seed=0), tmp_path / "split")
    sample_file(load_model(toy_model), SampleConfig(counts=9), tmp_path / "s.parquet")
    with pytest.raises(Exception, match="training groups and holdout share"):
        evaluate_files(
            tmp_path / "s.parquet",
            tmp_path / "split" / "train.parquet",
            tmp_path / "split" / "holdout.parquet",
            tmp_path / "scores.json",
        )
    assert not (tmp_path / "scores.json").exists()


def test_an_unknown_format_is_named_before_anything_is_written(
    toy_model: Path, tmp_path: Path
) -> None:
    config = GenerateConfig(model=str(toy_model), format="memstudio")
    with pytest.raises(ConfigError, match=r"'memstudio'\. Did you mean 'memsstudio'"):
        generate(config, tmp_path / "dataset")
    assert list(tmp_path.iterdir()) == []
