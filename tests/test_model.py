import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from toy import toy_windows
from toy_models import quiet
from wearsynth.config import FitConfig
from wearsynth.data import FloatArray, Signal, Windows, concat
from wearsynth.errors import DataError, FileError, ModelError
from wearsynth.formats.e4_beats import beats_of
from wearsynth.generators.flow import ConditionalFlow
from wearsynth.generators.gan import make_gan
from wearsynth.grids import Grid
from wearsynth.model import Model, bundled_models, load_model, save_model
from wearsynth.tensors import load_described, load_tensors, save_described, save_tensors
from wearsynth.training import fit

pytestmark = pytest.mark.usefixtures("one_torch_thread")

FLOW = FitConfig(generator="flow", rounds=1, batch_size=2, width=8, set_aside=0)
KINDS = ("flow", "mixture", "wgan-gp", "lstm-gan")


def on_a_grid(windows: Windows) -> Windows:
    """Give windows with readings of 1/64 g within 2 g, and an age; p03's is not known."""
    signal = windows.signal()
    values = np.clip(np.round(signal.values * 64) / 64, -2, 2).astype(np.float32)
    person = np.array([int(name[1:]) for name in windows.subject.tolist()])
    age = np.where(person == 3, np.nan, 20.0 + 10 * person)
    return replace(
        windows, signals={"acc": replace(signal, values=values)}, covariates={"age": age}
    )


@pytest.fixture(scope="module")
def model() -> Model:
    config = FitConfig(
        generator="wgan-gp", rounds=2, batch_size=8, width=8, check_every=2, critic_updates=1
    )
    return fit(toy_windows(people=4, per_class=3), config, say=quiet)


@pytest.fixture(scope="module")
def flow() -> Model:
    return fit(on_a_grid(toy_windows(people=5, per_class=3)), FLOW, say=quiet)


def values(windows: Windows) -> bytes:
    return windows.signal().values.tobytes()


def test_exact_counts_in_the_order_asked_for(model: Model) -> None:
    windows = model.sample({"running": 3, "still": 2}, seed=0)
    assert windows.label_names.tolist() == ["running"] * 3 + ["still"] * 2
    assert windows.synthetic.all()
    assert windows.trained_groups == model.trained_groups
    assert model.sample(4, seed=0).counts == {"still": 4, "walking": 4, "running": 4}
    assert (windows.subject == "").all()


def test_streaming_gives_what_sampling_gives_in_chunks(model: Model) -> None:
    chunks = list(model.stream({"walking": 1500, "still": 700}, seed=5))
    assert [len(chunk) for chunk in chunks] == [1000, 1000, 200]
    whole = model.sample({"walking": 1500, "still": 700}, seed=5)
    assert values(concat(chunks)) == values(whole)
    assert values(model.sample({"walking": 1500, "still": 700}, seed=6)) != values(whole)


def test_impossible_requests(model: Model) -> None:
    with pytest.raises(DataError, match=r"no class 'waking'\. Did you mean 'walking'"):
        model.sample({"waking": 3}, seed=0)
    with pytest.raises(DataError, match="'still' must be 0 or more, got -1"):
        model.sample({"still": -1}, seed=0)
    with pytest.raises(DataError, match="asked for 0 windows"):
        model.sample(0, seed=0)
    with pytest.raises(DataError, match="people must be 0 or more, got -2"):
        model.sample(1, seed=0, people=-2)


# people


def test_each_person_has_the_windows_asked_for(flow: Model) -> None:
    windows = flow.sample({"walking": 2, "still": 1}, seed=0, people=3)
    mark = flow.mark("windows", seed=0)
    assert windows.subject.tolist() == [f"{mark}-{at}" for at in (1, 1, 1, 2, 2, 2, 3, 3, 3)]
    assert windows.label_names.tolist() == ["walking", "walking", "still"] * 3
    assert "3 people" in windows.provenance[-1]
    assert values(windows) == values(flow.sample({"walking": 2, "still": 1}, seed=0, people=3))


def test_people_of_two_draws_have_no_name_in_common(
    flow: Model, model: Model, tmp_path: Path
) -> None:
    marks = {of.mark("windows", seed=seed) for of in (flow, model) for seed in (0, 1)}
    assert len(marks | {flow.mark("people", seed=0)}) == 5
    assert all(re.fullmatch("made-[0-9a-f]{6}", mark) for mark in marks)
    save_model(flow, tmp_path / "m")
    again = load_model(tmp_path / "m")
    assert again.mark("windows", seed=0) == flow.mark("windows", seed=0)


def test_people_go_on_from_chunk_to_chunk(flow: Model) -> None:
    assert isinstance(flow.generator, ConditionalFlow)
    one_step = replace(flow, generator=replace(flow.generator, heun_steps=1))
    chunks = list(one_step.stream({"still": 400}, seed=0, people=3))
    assert [len(chunk) for chunk in chunks] == [1000, 200]
    subject = concat(chunks).subject
    mark = flow.mark("windows", seed=0)
    assert np.array_equal(subject, np.repeat([f"{mark}-{at}" for at in (1, 2, 3)], 400))


def test_given_manners_are_used(flow: Model) -> None:
    size = len(flow.conditions.manner)
    assert size == 4  # of 5 people
    low, high = np.full((1, size), -3.0), np.full((1, size), 3.0)
    drawn = [flow.sample(2, seed=0, people=manner) for manner in (low, high, low)]
    assert values(drawn[0]) == values(drawn[2]) != values(drawn[1])
    both = flow.sample(2, seed=0, people=np.concatenate([low, high]))
    mark = flow.mark("windows", seed=0)
    assert both.subject.tolist() == [f"{mark}-1"] * 6 + [f"{mark}-2"] * 6
    with pytest.raises(
        DataError, match=r"manners must be \(person, 4\) or \(person, 3, 4\) for this model"
    ):
        flow.sample(2, seed=0, people=np.zeros((1, 2)))


def test_no_people_where_the_model_knows_none_apart(flow: Model) -> None:
    few = fit(toy_windows(people=3, per_class=3), FLOW, say=quiet)
    assert few.conditions.manner == ()
    with pytest.raises(DataError, match="does not know people apart"):
        few.sample(1, seed=0, people=2)
    assert len(few.sample(1, seed=0)) == 3


# covariates


def test_a_covariate_that_is_told_changes_the_windows_and_stands_in_them(flow: Model) -> None:
    young = flow.sample(2, seed=0, covariates={"age": 20.0})
    old = flow.sample(2, seed=0, covariates={"age": 60.0})
    untold = flow.sample(2, seed=0)
    assert len({values(windows) for windows in (young, old, untold)}) == 3
    assert young.covariates["age"].tolist() == [20.0] * 6
    assert np.isnan(untold.covariates["age"]).all()
    assert "age 20" in young.provenance[-1] and "age" not in untold.provenance[-1]
    with pytest.raises(DataError, match=r"no covariate 'aeg'\. Did you mean 'age'"):
        flow.sample(2, seed=0, covariates={"aeg": 20.0})


def test_the_law_of_a_covariate_is_that_of_the_windows(flow: Model) -> None:
    (law,) = flow.conditions.covariates
    known = [20.0, 30.0, 40.0, 60.0]
    assert law.name == "age"
    assert law.mean == pytest.approx(np.mean(known))
    assert law.sd == pytest.approx(np.std(known))


# grids and mounting


def test_readings_lie_on_the_grid_that_the_real_ones_lay_on(flow: Model) -> None:
    assert [grid.step for grid in flow.grids["acc"]] == [1 / 64] * 3
    drawn = flow.sample(5, seed=0).signal().values
    assert np.array_equal(drawn * 64, np.round(drawn * 64))
    narrow = replace(flow, grids={"acc": (Grid(0.5, -0.5, 0.5),) * 3})
    assert set(np.unique(narrow.sample(5, seed=0).signal().values)) <= {-0.5, 0.0, 0.5}


def test_a_drawn_mounting_turns_windows_and_keeps_lengths(flow: Model) -> None:
    free = replace(flow, grids={})
    kept = free.sample(4, seed=0).signal().values
    drawn = free.sample(4, seed=0, mounting="drawn")
    assert "mounting drawn" in drawn.provenance[-1]
    turned = drawn.signal().values
    lengths = [np.linalg.norm(of, axis=2) for of in (kept, turned)]
    np.testing.assert_allclose(lengths[0], lengths[1], rtol=1e-4, atol=1e-5)
    # each window turned as one, by a rotation of its own
    turns = [rotation(a, b) for a, b in zip(kept, turned, strict=True)]
    for a, b, turn in zip(kept, turned, turns, strict=True):
        np.testing.assert_allclose(a @ turn.T, b, atol=1e-3)
    assert all(np.abs(turn - turns[0]).max() > 0.05 for turn in turns[1:])


def test_a_person_wears_the_sensor_one_way(flow: Model) -> None:
    free = replace(flow, grids={})
    kept = free.sample(2, seed=0, people=2).signal().values
    turned = free.sample(2, seed=0, people=2, mounting="drawn").signal().values
    turns = [rotation(a, b) for a, b in zip(kept, turned, strict=True)]
    for at in range(12):
        np.testing.assert_allclose(turns[at], turns[at // 6 * 6], atol=1e-3)
    assert np.abs(turns[0] - turns[6]).max() > 0.05


@pytest.mark.parametrize("people", [0, 2])
def test_a_given_mounting_turns_every_window_alike(flow: Model, people: int) -> None:
    free = replace(flow, grids={})
    kept = free.sample(2, seed=0, people=people)
    turned = free.sample(2, seed=0, people=people, mounting=(90.0, 0.0, -0.5))
    assert turned.provenance[-1].endswith("mounting by 90, 0, -0.5")
    x, y, z = np.moveaxis(kept.signal().values.astype(np.float64), 2, 0)
    cos, sin = np.cos(np.radians(0.5)), np.sin(np.radians(0.5))
    expected = np.stack([cos * x - sin * z, -sin * x - cos * z, y], axis=2)
    np.testing.assert_allclose(turned.signal().values, expected, atol=1e-5)
    assert turned.subject.tolist() == kept.subject.tolist()
    not_turned = free.sample(2, seed=0, people=people, mounting=(0.0, 0.0, 0.0))
    np.testing.assert_allclose(not_turned.signal().values, kept.signal().values, atol=1e-6)


def test_a_mounting_that_is_none_is_refused(flow: Model) -> None:
    with pytest.raises(
        DataError, match=r"^mounting must be kept, drawn or three angles, got 'sideways'\.$"
    ):
        flow.sample(1, seed=0, mounting="sideways")  # type: ignore[arg-type]
    for angles in ((1.0, 2.0), (np.nan, 0.0, 0.0)):
        with pytest.raises(DataError, match=r"^a mounting is three angles in degrees"):
            flow.sample(1, seed=0, mounting=angles)  # type: ignore[arg-type]


def test_windows_beyond_all_bounds_are_refused(model: Model) -> None:
    gan = make_gan(model.generator.shape, width=8, seed=0)
    with torch.no_grad():
        list(gan.generator.numbers.parameters())[-1].fill_(1e4)
    with pytest.raises(ModelError, match=r"of 2 drawn windows 2 .* NaN or infinity.* not learnt"):
        replace(model, kind="wgan-gp", generator=gan).sample({"walking": 2}, seed=1)


def rotation(before: FloatArray, after: FloatArray) -> NDArray[np.float64]:
    """Give the matrix that turns readings (time, 3) into others, by least squares."""
    solution, *_ = np.linalg.lstsq(before.astype(np.float64), after.astype(np.float64))
    return np.asarray(solution.T)


# files


def test_a_saved_model_samples_the_same_bytes(model: Model, tmp_path: Path) -> None:
    save_model(model, tmp_path / "m")
    assert sorted(p.name for p in (tmp_path / "m").iterdir()) == [
        "model.json",
        "weights.safetensors",
    ]
    loaded = load_model(tmp_path / "m")
    assert values(model.sample(20, seed=1)) == values(loaded.sample(20, seed=1))
    assert (loaded.classes, loaded.trained_groups) == (model.classes, model.trained_groups)
    assert loaded.privacy is None
    with pytest.raises(FileError, match="exists already"):
        save_model(model, tmp_path / "m")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_comes_back_with_conditions_and_grids(kind: str, tmp_path: Path) -> None:
    config = FLOW.model_copy(update={"generator": kind})
    made = fit(on_a_grid(toy_windows(people=4, per_class=3)), config, say=quiet)
    save_model(made, tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    assert loaded.kind == kind
    assert loaded.conditions == made.conditions and loaded.conditions.covariates
    assert loaded.grids == dict(made.grids)
    assert loaded.representation == made.representation
    assert loaded.about == json.loads(json.dumps(made.about))
    first, again = (
        of.sample(2, seed=1, people=2, covariates={"age": 33.0}) for of in (made, loaded)
    )
    assert values(first) == values(again)
    assert (first.covariates["age"] == again.covariates["age"]).all()


def test_a_grid_without_ends_comes_back(flow: Model, tmp_path: Path) -> None:
    grids = {"acc": (Grid(), Grid(0.25, -1.0, np.inf), Grid(0.0, -np.inf, 2.0))}
    save_model(replace(flow, grids=grids), tmp_path / "m")
    assert load_model(tmp_path / "m").grids == grids


def test_a_grid_of_each_windows_own_comes_back(flow: Model, tmp_path: Path) -> None:
    own = Grid(0.25, offset=np.nan, digit=1e-6)
    save_model(replace(flow, grids={"acc": (own,) * 3}), tmp_path / "m")
    one, *_ = load_model(tmp_path / "m").grids["acc"]
    assert np.isnan(one.offset) and (one.step, one.digit) == (0.25, 1e-6)


@pytest.mark.parametrize("kept", [3, 5])
def test_grids_of_models_of_before_come_back(flow: Model, tmp_path: Path, kept: int) -> None:
    save_model(replace(flow, grids={"acc": (Grid(0.25, -1.0, 1.0),) * 3}), tmp_path / "m")
    head, weights = load_described(tmp_path / "m", "model.json")
    head["grids"] = {"acc": [of[:kept] for of in head["grids"]["acc"]]}
    (tmp_path / "old").mkdir()
    save_described(tmp_path / "old", "model.json", head, weights)
    assert load_model(tmp_path / "old").grids["acc"] == (Grid(0.25, -1.0, 1.0),) * 3


def test_a_changed_head_is_refused(model: Model, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    save_model(model, folder)
    head = json.loads((folder / "model.json").read_text())
    head["classes"] = ["still", "running", "walking"]
    (folder / "model.json").write_text(json.dumps(head))
    with pytest.raises(ModelError, match="do not belong together"):
        load_model(folder)


def signed_again(folder: Path, **changes: object) -> Path:
    """Change a saved model's head as another version of the program would have written it."""
    head = json.loads((folder / "model.json").read_text()) | changes
    text = json.dumps(head, indent=2) + "\n"
    (folder / "model.json").write_bytes(text.encode())
    tensors, _ = load_tensors(folder / "weights.safetensors")
    about = {"model.json sha256": hashlib.sha256(text.encode()).hexdigest()}
    save_tensors(folder / "weights.safetensors", tensors, about)
    return folder


def test_other_versions_and_foreign_weights_are_refused(model: Model, tmp_path: Path) -> None:
    folder = tmp_path / "m"
    save_model(model, folder)
    assert load_model(signed_again(folder)).classes == model.classes
    with pytest.raises(ModelError, match=r"older wearsynth \(schema 2, now 3\); fit it again"):
        load_model(signed_again(folder, schema_version=2))
    with pytest.raises(ModelError, match=r"newer wearsynth \(schema 4\); update it"):
        load_model(signed_again(folder, schema_version=4))
    with pytest.raises(ModelError, match=r"unknown kind of generator 'wgan'\. Did you mean"):
        load_model(signed_again(folder, schema_version=3, kind="wgan"))
    with pytest.raises(ModelError, match="weights do not fit a lstm-gan of this form"):
        load_model(signed_again(folder, kind="lstm-gan"))


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


def test_the_bundled_e4_model_has_a_heart_and_the_sensors_steps() -> None:
    windows = load_model("e4-stress").sample({"rest": 6, "stress": 6}, seed=0)
    pulse, temp = windows.signals["bvp"], windows.signals["temp"].values[:, :, 0]
    beats = [beats_of(Signal(one, pulse.rate_hz, pulse.channels)) for one in pulse.values]
    rate = np.array([60 * pulse.rate_hz / np.median(np.diff(at)) for at in beats])
    assert 55 <= np.median(rate) <= 105
    assert (np.diff(temp, axis=1).nonzero()[1] % 4 == 3).all()  # a reading stands for a second
    assert windows.signals["eda"].values.min() >= 0
    counts = windows.signals["acc"].values * 64
    np.testing.assert_array_equal(counts, np.round(counts))
    assert counts.min() >= -128 and counts.max() <= 127
