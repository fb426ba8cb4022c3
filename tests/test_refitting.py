from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from commands import Run
from toy import toy_windows
from toy_models import TINY, quiet
from wearsynth.data import Windows
from wearsynth.errors import ConfigError, Interrupted, ModelError
from wearsynth.evaluation import read_scores
from wearsynth.evaluation.attacks.keeping import Keep
from wearsynth.evaluation.attacks.retraining import Retraining, retrain_attack
from wearsynth.evaluation.controls import Copying, Sampler
from wearsynth.judging import More, evaluate_files
from wearsynth.model import load_model, save_model
from wearsynth.refitting import (
    RetrainPlan,
    RetrainProgress,
    comes_from,
    duration,
    going_on_later,
    only_present,
    retraining_of,
)
from wearsynth.tables import save_windows
from wearsynth.training import fit

ALL = toy_windows(people=12, per_class=4)
TRAIN, HOLDOUT = (
    ALL.select(np.isin(ALL.subject, [f"p{i:02d}" for i in which]))
    for which in (range(6), range(6, 12))
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was fitted to TRAIN, windows from it, TRAIN and HOLDOUT."""
    folder = tmp_path_factory.mktemp("files")
    model = fit(TRAIN, TINY, say=quiet)
    save_model(model, folder / "m")
    save_windows(model.sample(24, seed=1), folder / "s.parquet")
    save_windows(TRAIN, folder / "train.parquet")
    save_windows(HOLDOUT, folder / "holdout.parquet")
    return folder


def judge(files: Path, out: Path, plan: RetrainPlan) -> list[str]:
    """Evaluate with fits; give what was said."""
    said: list[str] = []
    progress = RetrainProgress(said.append, lambda done, times: said.append(f"{done}/{times}"))
    synthetic, train, holdout = (files / f"{n}.parquet" for n in ("s", "train", "holdout"))
    more = More(retrain=plan)
    evaluate_files(synthetic, train, holdout, out, quick=True, more=more, progress=progress)
    return said


def test_the_mixture_stands_beside_without_a_verdict_on_the_windows(
    files: Path, tmp_path: Path
) -> None:
    said = judge(files, tmp_path / "scores.json", RetrainPlan(4))
    assert said[0].startswith("retrain attack: 4 fits of a Gaussian mixture, about ")
    assert said[1:] == ["1/4", "2/4", "3/4", "4/4"]
    scores = read_scores(tmp_path / "scores.json")
    found = scores.score("retrain_person_auc_mixture")
    assert (found.family, found.verdict) == ("private", "for comparison")
    assert found.title == "Retrained membership AUC (mixture)"
    assert found.value is not None and found.reference is not None
    assert "of a Gaussian mixture, not of what made these windows" in found.note
    assert "which says nothing of these windows" in found.note
    for name in ("retrain_leaky_mixture", "retrain_unrelated_mixture"):
        assert scores.score(name).verdict == "control"
    assert any("nothing of the windows given" in note for note in scores.notes)
    assert [path.name for path in tmp_path.iterdir()] == ["scores.json"]


def test_a_model_is_fitted_again_with_its_own_options(files: Path, tmp_path: Path) -> None:
    said = judge(files, tmp_path / "scores.json", RetrainPlan(4, str(files / "m")))
    assert f"m, {TINY.rounds} rounds at most, at most about" in said[0]
    scores = read_scores(tmp_path / "scores.json")
    found = scores.score("retrain_person_auc_model")
    assert found.verdict != "for comparison" and found.value is not None
    assert "of the generator of m: 4 fits to half of 6 groups" in found.note
    assert not any("(model)" in note for note in scores.notes)


def test_windows_of_another_origin_get_no_verdict_from_a_model(files: Path, tmp_path: Path) -> None:
    model = load_model(files / "m")
    made = model.sample(3, seed=0)
    assert comes_from(made, model)
    other = replace(made, provenance=("imported",))
    assert not comes_from(other, model)
    assert not comes_from(TRAIN, model)
    said: list[str] = []
    retraining = retraining_of(
        RetrainPlan(4, str(files / "m"), rounds=2),
        other,
        TRAIN,
        tmp_path / "scores.json",
        progress=RetrainProgress(said.append, lambda *_: None),
    )
    assert not retraining.own
    assert "fitted for 2 rounds at most" in retraining.about
    assert "no verdict" in said[0] and "2 rounds at most" in said[1]


def test_a_stopped_attack_goes_on_to_the_same_scores(tmp_path: Path) -> None:
    calls: list[int] = []

    def fit_until(stop: int) -> "Retraining":
        def fit(windows: Windows) -> Sampler:
            if len(calls) == stop:
                raise KeyboardInterrupt
            calls.append(len(windows))
            return Copying(windows)

        return Retraining(fit, times=6, keep=Keep(tmp_path / "kept.json", "copies"))

    def attack(by: Retraining) -> object:
        return retrain_attack(TRAIN, by.fit, others=HOLDOUT, times=6, seed=1, keep=by.keep)

    stopped = fit_until(2)
    with (
        pytest.raises(Interrupted, match=r"kept\.json: the same command goes on"),
        going_on_later(stopped),
    ):
        attack(stopped)
    assert len(calls) == 2
    parted = attack(fit_until(99))
    assert len(calls) == 6
    assert parted == retrain_attack(TRAIN, Copying, others=HOLDOUT, times=6, seed=1)


def test_only_fits_of_the_same_windows_seed_and_options_are_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep = Keep(tmp_path / "kept.json", "one")
    rows = [np.ones((3, 6)), np.zeros((3, 6))]
    keep.write(rows, TRAIN, seed=1)
    np.testing.assert_array_equal(keep.begun(TRAIN, seed=1), rows)
    assert caplog.text == ""
    assert keep.begun(TRAIN, seed=2) == []
    assert "kept.json: its fits are of other windows, options or another seed" in caplog.text
    assert keep.begun(HOLDOUT, seed=1) == []
    assert Keep(keep.path, "other").begun(TRAIN, seed=1) == []
    for damaged in ("", "[]", '{"of": 1}'):
        keep.path.write_text(damaged)
        assert keep.begun(TRAIN, seed=1) == []
        assert "all fits are made again" in caplog.text
        caplog.clear()
    keep.remove()
    keep.remove()
    assert keep.begun(TRAIN, seed=1) == []


def test_a_stop_before_the_first_fit_stays_as_it_is(tmp_path: Path) -> None:
    by = Retraining(Copying, keep=Keep(tmp_path / "kept.json", ""))
    for retraining in (None, by):
        with pytest.raises(KeyboardInterrupt), going_on_later(retraining):
            raise KeyboardInterrupt


def test_classes_without_windows_are_left_out() -> None:
    two = TRAIN.select(TRAIN.label != 1)
    assert only_present(two).counts == {"still": 24, "running": 24}
    assert (only_present(two).label_names == two.label_names).all()
    assert only_present(TRAIN).classes == TRAIN.classes


def test_what_cannot_be_fitted_again_is_refused(files: Path, tmp_path: Path) -> None:
    model = load_model(files / "m")
    save_model(replace(model, about={"generator": "?"}), tmp_path / "mute")
    out = tmp_path / "scores.json"
    for plan, error, why in (
        (RetrainPlan(4, str(tmp_path / "mute")), ModelError, "does not say how it was fitted"),
        (RetrainPlan(4, "nowhere"), ModelError, "no model folder"),
        (RetrainPlan(4, rounds=3), ConfigError, "fitted in one go"),
    ):
        with pytest.raises(error, match=why):
            retraining_of(plan, HOLDOUT, TRAIN, out)


def test_on_the_command_line(run: Run, files: Path) -> None:
    sets = ("--train", files / "train.parquet", "--holdout", files / "holdout.parquet")
    words = ("evaluate", files / "s.parquet", *sets, "--quick", "-o", "scores.json")
    code, out, err = run(*words, "--retrain-attacks", 4)
    assert code == 0
    assert "Retrained membership AUC" in out and "(mixture)" in out
    assert "4 fits of a Gaussian mixture" in err and "fit 4 of 4" in err
    code, _, err = run(*words, "--retrain-with", files / "m")
    assert code == 2
    assert "go with" in err
    assert run(*words, "--retrain-attacks", 3)[0] == 2


def test_durations_are_short() -> None:
    assert [duration(s) for s in (0.34, 12, 119, 120, 700, 7300, 90000)] == [
        "0.3 s",
        "12 s",
        "119 s",
        "2.0 min",
        "12 min",
        "2.0 h",
        "25 h",
    ]
