"""Stress detection: what leaks is refused, what is there is found, what is finished is kept."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from commands import wearsynth
from layouts import wesad as layout
from wearsynth.config import Config, DetectConfig, FitConfig, PrivacyConfig, load_config
from wearsynth.data import Windows, windows_from_arrays
from wearsynth.detecting import (
    RESULT,
    Detecting,
    Detection,
    detect_file,
    detection_lines,
    folds_of,
    read_detection,
)
from wearsynth.errors import ConfigError, DataError, FileError, ModelError
from wearsynth.evaluation.person_bench import BOTH, MADE, NOTHING, REAL
from wearsynth.evaluation.stress_task import detectors, fit_conv_lstm, stretches, told_apart
from wearsynth.model import load_model, save_model
from wearsynth.tables import load_windows, save_windows
from wearsynth.training import fit

EXAMPLE = Path(__file__).parents[1] / "examples" / "wesad.toml"
MIXTURE = FitConfig(generator="mixture")
QUICK = DetectConfig(folds=2, seeds=1, times=1.0, judges=("trees",))


def sweaty(people: int = 4, *, effect: float = 3.0, per_class: int = 10) -> Windows:
    """Give windows of 16 s at 1 Hz, three conditions; the level is higher under stress."""
    rng = np.random.default_rng(0)
    names = np.tile(np.repeat(["rest", "stress", "fun"], per_class), people)
    level = 2 + effect * (names == "stress")[:, None, None] + rng.normal(0, 0.3, (len(names), 1, 2))
    who = [f"p{i}" for i in range(people) for _ in range(3 * per_class)]
    return windows_from_arrays(
        {
            "e4": (
                level + rng.normal(0, 0.3, (len(names), 16, 2)),
                1.0,
                (("eda", "uS"), ("temp", "degC")),
            )
        },
        names,
        classes=("rest", "stress", "fun"),
        subject=who,
        recording=who,
    )


def quiet(_: str) -> None:
    pass


def detect(
    tmp_path: Path, windows: Windows, asked: Detecting, *, overwrite: bool = False
) -> Detection:
    save_windows(windows, tmp_path / "real.parquet")
    return detect_file(
        tmp_path / "real.parquet", tmp_path / "out", asked, overwrite=overwrite, say=quiet
    )


def test_stress_that_shows_is_found_by_all_detectors_from_all_they_learn_from(
    tmp_path: Path,
) -> None:
    every = DetectConfig(folds=2, seeds=1, times=1.0)
    detection = detect(tmp_path, sweaty(per_class=30), Detecting(every, MIXTURE))
    judges = {row.judge for row in detection.utility.rows}
    assert judges == {"trees", "boosting", "stress-cnn", "cnn-lstm"}
    for judge in judges:
        for arm in (REAL, MADE, BOTH):
            assert (detection.utility.row(judge, arm).class_f1 or 0) > 0.9, (judge, arm)
            assert len(detection.by_seed[judge][arm]) == 1
        assert detection.utility.row(judge, NOTHING).class_f1 == 0.0
    assert {(area.judge, area.trained_on) for area in detection.areas} == {
        (judge, arm) for judge in judges for arm in (REAL, MADE, BOTH)
    }
    assert all(area.value > 0.95 and (area.own or 0) > 0.95 for area in detection.areas)
    assert detection.always_f1 == pytest.approx(2 * (1 / 3) / (4 / 3))
    assert detection == read_detection(tmp_path / "out" / RESULT)
    lines = "\n".join(detection_lines(detection))
    assert "none: trained without differential privacy" in lines
    assert "always saying stress has F1 0.500 and AUC .5" in lines


def test_where_nothing_shows_nothing_is_found(tmp_path: Path) -> None:
    detection = detect(tmp_path, sweaty(effect=0.0), Detecting(QUICK, MIXTURE))
    for arm in (REAL, MADE, BOTH):
        row = detection.utility.row("trees", arm)
        assert (row.class_f1 or 0) < 0.5 and row.accuracy < 0.8, arm


def test_generators_have_not_seen_who_is_tested(tmp_path: Path) -> None:
    windows = sweaty()
    detect(tmp_path, windows, Detecting(QUICK, MIXTURE))
    for number, people in enumerate(folds_of(windows, 2), start=1):
        folder = tmp_path / "out" / f"fold-{number}"
        seen = set(load_model(str(folder / "model")).trained_groups)
        assert seen == set(windows.subject.tolist()) - set(people)
        assert set(load_windows(folder / "train.parquet").subject.tolist()) == seen
        synthetic = load_windows(folder / "synthetic-0.parquet")
        assert set(synthetic.trained_groups) == seen
        assert synthetic.counts == {"rest": 20, "stress": 20, "fun": 20}


def test_folds_are_of_whole_people() -> None:
    windows = sweaty()
    assert folds_of(windows, 0) == folds_of(windows, 9) == [["p0"], ["p1"], ["p2"], ["p3"]]
    assert sorted(name for fold in folds_of(windows, 3) for name in fold) == [
        "p0",
        "p1",
        "p2",
        "p3",
    ]


def test_a_seed_deals_people_and_fits_anew(tmp_path: Path) -> None:
    windows = sweaty(6)
    folds = [folds_of(windows, 2, seed=seed) for seed in range(4)]
    assert folds[0] == folds_of(windows, 2) and any(other != folds[0] for other in folds[1:])
    detect(tmp_path, windows, Detecting(QUICK, FitConfig(generator="mixture", seed=1)))
    train = load_windows(tmp_path / "out" / "fold-1" / "train.parquet")
    assert set(train.subject.tolist()) == set(windows.subject.tolist()) - set(folds[1][0])


def test_a_model_that_has_seen_who_is_tested_is_refused(tmp_path: Path) -> None:
    windows = sweaty()
    without_p0 = windows.select(windows.subject != "p0")
    for name, learnt in (("all", windows), ("part", without_p0)):
        save_model(fit(learnt, MIXTURE, say=quiet), tmp_path / name)
    with pytest.raises(DataError, match="have seen all 4 people"):
        detect(tmp_path, windows, Detecting(QUICK, models=(str(tmp_path / "all"),)))
    with pytest.raises(DataError, match=r"every generator has seen p1, p2, p3: .* a leak"):
        detect(
            tmp_path, windows, Detecting(QUICK, models=(str(tmp_path / "part"),)), overwrite=True
        )


def test_models_of_anybody_serve_where_they_saw_nobody_who_is_tested(tmp_path: Path) -> None:
    windows = sweaty()
    paths = []
    for number, people in enumerate(folds_of(windows, 2)):
        model = fit(windows.select(~np.isin(windows.subject, people)), MIXTURE, say=quiet)
        paths.append(str(tmp_path / f"model-{number}"))
        save_model(model, Path(paths[-1]))
    detection = detect(tmp_path, windows, Detecting(QUICK, models=tuple(paths)))
    assert detection.utility.folds == 2
    assert (detection.utility.row("trees", MADE).class_f1 or 0) > 0.9
    strangers = replace(windows, subject=np.char.add("x", windows.subject))
    save_model(fit(strangers, MIXTURE, say=quiet), tmp_path / "strangers")
    asked = Detecting(QUICK, models=(str(tmp_path / "strangers"),))
    detection = detect(tmp_path, windows, asked, overwrite=True)
    assert detection.utility.row("trees", MADE).people == 4


def test_finished_work_is_kept_and_other_options_are_not_mixed_in(tmp_path: Path) -> None:
    windows, asked = sweaty(), Detecting(QUICK, MIXTURE)
    first = detect(tmp_path, windows, asked)
    kept = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*.safetensors")}
    book = tmp_path / "out" / "progress.json"
    scores = tmp_path / "out" / "scores"
    decided = (scores / "trees-0.parquet").stat().st_mtime_ns
    more = Detecting(replace_in(QUICK, seeds=2), MIXTURE)
    second = detect(tmp_path, windows, more)
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*.safetensors")} == kept
    assert (scores / "trees-0.parquet").stat().st_mtime_ns == decided
    assert sorted(path.name for path in scores.iterdir()) == ["trees-0.parquet", "trees-1.parquet"]
    assert second.by_seed["trees"][MADE][0] == first.by_seed["trees"][MADE][0]
    other = Detecting(replace_in(QUICK, times=2.0), MIXTURE)
    with pytest.raises(FileError, match="other windows or options"):
        detect(tmp_path, windows, other)
    detect(tmp_path, windows, other, overwrite=True)
    assert len(load_windows(tmp_path / "out" / "fold-1" / "synthetic-0.parquet")) == 120
    book.write_text("{", encoding="utf-8")
    with pytest.raises(FileError, match="other windows or options"):
        detect(tmp_path, windows, other)


def test_a_guarantee_by_fold_and_nobody_who_was_learnt_from_is_tested(tmp_path: Path) -> None:
    public, windows = tmp_path / "public.parquet", sweaty()
    save_windows(replace(windows, subject=np.char.add("other-", windows.subject)), public)
    privacy = PrivacyConfig(epsilon=3.0, public=str(public), accept_noise=True)
    asked = Detecting(QUICK, FitConfig(generator="few-numbers"), privacy)
    found = detect(tmp_path, windows, asked)
    assert len(found.privacy) == 1 and found.privacy[0].startswith("epsilon 3,")
    assert [len(person.tested_by) for person in found.utility.people] == [1] * 4
    model = str(tmp_path / "out" / "fold-1" / "model")
    with pytest.raises(ModelError, match="does not tell whom it has seen"):
        detect(tmp_path, windows, Detecting(QUICK, MIXTURE, models=(model,)))


def replace_in(config: DetectConfig, **changed: float) -> DetectConfig:
    return config.model_copy(update=changed)


def test_what_cannot_be_had_is_said_first(tmp_path: Path) -> None:
    windows = sweaty()
    with pytest.raises(ConfigError, match=r"privacy\.epsilon = 3 .* models are given"):
        detect(tmp_path, windows, Detecting(QUICK, MIXTURE, PrivacyConfig(epsilon=3), ("m",)))
    with pytest.raises(ConfigError, match=r"unknown detector 'tree'.*trees"):
        detect(tmp_path, windows, Detecting(DetectConfig(judges=("tree",)), MIXTURE))
    with pytest.raises(DataError, match="unknown class 'stress'"):
        detect(tmp_path, replace(windows, classes=("rest", "walk", "fun")), Detecting(QUICK))
    drawn = replace(windows, synthetic=np.full(len(windows), True))
    with pytest.raises(DataError, match=r"real\.parquet: holds synthetic windows"):
        detect(tmp_path, drawn, Detecting(QUICK, MIXTURE))
    with pytest.raises(DataError, match="at least 2 people are needed, and there is 1"):
        detect(tmp_path, sweaty(1), Detecting(QUICK, MIXTURE))
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(FileError, match="holds other files"):
        detect(tmp_path, windows, Detecting(QUICK, MIXTURE))
    with pytest.raises(FileError, match="no result of wearsynth detect"):
        read_detection(tmp_path / "out" / "mine.txt")


def test_stretches_by_hand() -> None:
    windows = windows_from_arrays(
        {
            "slow": ([[[1.0], [3.0]]], 1.0, (("a", "1"),)),
            "fast": ([[[1.0], [2.0], [3.0], [6.0]]], 2.0, (("b", "1"),)),
        },
        ["rest"],
    )
    assert stretches(windows.signals).tolist() == [[[1.0, 3.0], [1.5, 4.5]]]


def test_one_class_alone_is_always_said_and_seeds_fix_the_recurrent_network() -> None:
    two = told_apart(sweaty(2))
    for fit_one in detectors(seed=0).values():
        assert set(fit_one(two.of_class("stress"))(two).tolist()) == {1}
    found = [fit_conv_lstm(two, seed=seed) for seed in (0, 0, 1)]
    first = [next(iter(of.net.parameters())).detach().numpy() for of in found]
    assert np.array_equal(first[0], first[1]) and not np.array_equal(first[0], first[2])


def test_the_command_prints_the_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    save_windows(sweaty(), tmp_path / "real.parquet")
    words = ("detect", tmp_path / "real.parquet", "-o", tmp_path / "out", "--generator", "mixture")
    code, out, err = wearsynth(
        capsys, monkeypatch, *words, "--folds", 2, "--seeds", 1, "--judge", "trees", "--seed", 3
    )
    assert code == 0, err
    assert "each person's own, mean" in out
    kept = pq.read_table(tmp_path / "out" / "scores" / "trees-0.parquet").to_pydict()
    assert set(kept["learnt_from"]) == {REAL, MADE, BOTH} and set(kept["stress"]) == {0, 1}
    assert "TSTR - TRTR" in out and "detection.json: written" in out
    assert "fold 2 of 2, without" in err
    code, _, err = wearsynth(capsys, monkeypatch, *words, "--times", 1)
    assert code == 1 and "other windows or options" in err


def test_wesad_as_downloaded_goes_the_whole_road(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_config(EXAMPLE)
    assert config.detect == DetectConfig(folds=0)
    people = tuple(f"S{number}" for number in range(2, 8))
    root = layout.write(tmp_path, seconds=900, people=people, protocol=2)
    quicker = {
        **config.model_dump(exclude_unset=True),
        "windows": {**config.windows.model_dump(), "length_s": 12.0, "stride_s": 6.0},
        "sample": {"people": 4, "counts": 6},
        "evaluate": {"quick": True},
        "detect": {"folds": 2, "seeds": 1, "judges": ["trees"]},
    }
    assert Config.model_validate(quicker).data == config.data
    path = tmp_path / "toy.json"
    path.write_text(json.dumps(quicker), encoding="utf-8")
    words = ("run", path, "--data", root, "-o", tmp_path / "r")
    code, out, err = wearsynth(capsys, monkeypatch, *words)
    assert code == 0, err
    windows = load_windows(tmp_path / "r" / "windows.parquet")
    assert windows.classes == ("baseline", "stress", "amusement")
    assert set(windows.subject) == set(people)
    assert read_detection(tmp_path / "r" / "detection" / RESULT).utility.folds == 2
    assert "trees                  people  acc." in out
    code, _, err = wearsynth(capsys, monkeypatch, *words)
    assert code == 0 and "detect: kept from before" in err
    quicker["privacy"] = {"epsilon": 1.0}
    path.write_text(json.dumps(quicker), encoding="utf-8")
    code, _, err = wearsynth(capsys, monkeypatch, *words[:-1], tmp_path / "q")
    assert code == 1 and "a mixture is fitted in one go, without privacy" in err
    assert not (tmp_path / "q" / "detection").exists()
