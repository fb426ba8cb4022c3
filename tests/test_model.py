import json
from pathlib import Path

import numpy as np
import pytest

from toy import toy_windows
from wearsynth.config import FitConfig
from wearsynth.data import concat
from wearsynth.errors import DataError, FileError, ModelError
from wearsynth.model import Model, bundled_models, load_model, save_model
from wearsynth.training import fit


@pytest.fixture(scope="module")
def model() -> Model:
    config = FitConfig(rounds=2, batch_size=8, width=8, check_every=2, critic_updates=1)
    return fit(toy_windows(people=4, per_class=3), config, say=lambda _: None)


def test_exact_counts_in_the_order_asked_for(model: Model) -> None:
    windows = model.sample({"running": 3, "still": 2}, seed=0)
    assert windows.label_names.tolist() == ["running"] * 3 + ["still"] * 2
    assert windows.synthetic.all()
    assert windows.trained_groups == model.trained_groups
    assert model.sample(4, seed=0).counts == {"still": 4, "walking": 4, "running": 4}


def test_streaming_gives_what_sampling_gives_in_chunks(model: Model) -> None:
    chunks = list(model.stream({"walking": 1500, "still": 700}, seed=5))
    assert [len(chunk) for chunk in chunks] == [1000, 1000, 200]
    whole = model.sample({"walking": 1500, "still": 700}, seed=5)
    assert np.array_equal(concat(chunks).signal().values, whole.signal().values)
    assert not np.array_equal(
        model.sample({"walking": 1500, "still": 700}, seed=6).signal().values,
        whole.signal().values,
    )


def test_impossible_requests(model: Model) -> None:
    with pytest.raises(DataError, match=r"no class 'waking'\. Did you mean 'walking'"):
        model.sample({"waking": 3}, seed=0)
    with pytest.raises(DataError, match="'still' must be 0 or more, got -1"):
        model.sample({"still": -1}, seed=0)
    with pytest.raises(DataError, match="asked for 0 windows"):
        model.sample(0, seed=0)


def test_a_saved_model_samples_the_same_bytes(model: Model, tmp_path: Path) -> None:
    save_model(model, tmp_path / "m")
    assert sorted(p.name for p in (tmp_path / "m").iterdir()) == [
        "model.json",
        "weights.safetensors",
    ]
    loaded = load_model(tmp_path / "m")
    a, b = model.sample(20, seed=1), loaded.sample(20, seed=1)
    assert a.signal().values.tobytes() == b.signal().values.tobytes()
    assert (loaded.classes, loaded.trained_groups) == (model.classes, model.trained_groups)
    assert "without differential privacy" in loaded.privacy
    with pytest.raises(FileError, match="exists already"):
        save_model(model, tmp_path / "m")


def test_a_changed_head_or_foreign_weights_are_refused(model: Model, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    save_model(model, folder)
    head = json.loads((folder / "model.json").read_text())
    head["classes"] = ["still", "running", "walking"]
    (folder / "model.json").write_text(json.dumps(head))
    with pytest.raises(ModelError, match="do not belong together"):
        load_model(folder)


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model in it \(model.json is missing\)"):
        load_model(tmp_path)
    with pytest.raises(ModelError, match="no bundled model of that name"):
        load_model("wrist-pamap")


def test_every_bundled_model_samples() -> None:
    for name in bundled_models():
        windows = load_model(name).sample(2, seed=0)
        assert len(windows) == 2 * len(windows.classes)


def test_the_bundled_wrist_model_keeps_gravity_and_walks() -> None:
    windows = load_model("wrist-pamap2").sample({"stationary": 100, "walking": 100}, seed=0)
    still = windows.of_class("stationary").signal().values.mean(axis=1)
    assert np.median(np.linalg.norm(still, axis=1)) == pytest.approx(1.0, abs=0.03)
    length = np.linalg.norm(windows.of_class("walking").signal().values, axis=2)
    power = np.abs(np.fft.rfft(length - length.mean(axis=1, keepdims=True), axis=1)) ** 2
    peak_hz = np.fft.rfftfreq(60, 1 / 30)[power.argmax(axis=1)]
    assert 0.5 <= np.median(peak_hz) <= 3.0
