"""The stress network: its inputs by hand, its ends, and that nothing is found in noise."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from wearsynth.data import Channel, SignalWindows, Windows, concat, windows_from_arrays
from wearsynth.errors import DataError
from wearsynth.evaluation.person_bench import BOTH, MADE, NOTHING, REAL, SAME, Made
from wearsynth.evaluation.person_task import Utility, utility_by_person
from wearsynth.evaluation.stress_task import (
    STRESS,
    fit_detector,
    spectra,
    stress_judges,
    told_apart,
)
from wearsynth.judging import RealFiles, utility_files
from wearsynth.tables import save_windows

DATA = Path(__file__).parents[2] / "shared" / "data" / "wesad_1hz"


def sweaty(people: int, *, first: int = 0, effect: float = 3.0, per_class: int = 12) -> Windows:
    """Give windows of 24 s at 1 Hz whose level is higher under stress; a third of them is stress."""
    rng = np.random.default_rng(first)
    label = np.tile(np.repeat([0, 0, 1], per_class), people)
    level = rng.normal(0, 0.3, (len(label), 1, 1)) + effect * label[:, None, None] + 2
    values = level + rng.normal(0, 0.3, (len(label), 24, 2))
    names = [f"p{first + i}" for i in range(people) for _ in range(3 * per_class)]
    channels = (("eda", "uS"), ("temp", "degC"))
    return windows_from_arrays(
        {"e4": (values, 1.0, channels)},
        np.where(label == 1, "stress", "rest"),
        classes=("rest", "stress"),
        subject=names,
    )


def made(windows: Windows) -> Windows:
    nobody = np.full(len(windows), "")
    return replace(windows, subject=nobody, synthetic=np.full(len(windows), True))


def signal(values: np.ndarray) -> SignalWindows:
    channels = tuple(Channel(f"c{i}", "1") for i in range(values.shape[2]))
    return SignalWindows(values.astype(np.float32), 1.0, channels)


def test_spectra_by_hand() -> None:
    time_s = np.arange(16)
    tone = 3 + np.cos(2 * np.pi * time_s / 4)  # halves of 8 readings: level 3 x 8, tone 8 / 2
    found = spectra({"a": signal(tone[None, :, None]), "b": signal(np.ones((1, 16, 1)))})
    assert found.shape == (1, 2, 4)
    assert found[0] == pytest.approx(np.array([[24, 4, 0, 0], [8, 0, 0, 0]]), abs=1e-4)


def test_signals_of_unlike_rates_are_filled_up_with_zeros() -> None:
    found = spectra({"slow": signal(np.ones((2, 8, 1))), "fast": signal(np.ones((2, 64, 3)))})
    assert found.shape == (2, 4, 16)
    assert (found[:, 0, 2:] == 0).all()


def test_the_same_seed_gives_the_same_network() -> None:
    windows = sweaty(2, effect=0.2)
    one, two, other = (fit_detector(windows, seed=seed) for seed in (0, 0, 1))
    pairs = list(zip(one.net.parameters(), two.net.parameters(), strict=True))
    assert all(bool((a == b).all()) for a, b in pairs)
    assert not bool((next(one.net.parameters()) == next(other.net.parameters())).all())


def by_person(synthetic: Windows, *, train: Windows, holdout: Windows, folds: int = 100) -> Utility:
    seen = frozenset(train.subject.tolist())
    return utility_by_person(
        [Made("made", told_apart(synthetic), seen)],
        real=told_apart(concat([train, holdout])),
        judges=stress_judges(),
        folds=folds,
        looked_at=STRESS,
    )


def test_stress_that_shows_is_found_and_noise_is_not() -> None:
    train, holdout = sweaty(3, per_class=40), sweaty(2, first=3)
    utility = by_person(
        made(sweaty(3, first=9, per_class=40)), train=train, holdout=holdout, folds=3
    )
    assert utility.folds == 3 and utility.looked_at == STRESS
    rows = {row.trained_on: row for row in utility.rows if not row.of_everybody}
    for name in (REAL, SAME, MADE, BOTH):
        assert (rows[name].class_f1 or 0) > 0.95, name
    assert rows[NOTHING].accuracy == pytest.approx(2 / 3)
    assert rows[NOTHING].class_f1 == 0.0
    blind = sweaty(2, first=20, effect=0.0)
    decided = fit_detector(sweaty(3, first=9, effect=0.0), seed=0).predict(blind)
    assert np.mean(decided == blind.label) < 0.75


def test_classes_are_told_apart_and_groups_stay() -> None:
    windows = sweaty(2, per_class=2)
    three = replace(windows, classes=("rest", "stress", "fun"), subject=np.full(len(windows), ""))
    two = told_apart(replace(three, label=np.where(np.arange(len(three)) < 2, 2, three.label)))
    assert two.classes == ("no_stress", "stress")
    assert two.counts == {"no_stress": 8, "stress": 4}
    assert {name.split("-")[0] for name in two.group} == {"rest", "stress", "fun"}
    with pytest.raises(DataError, match="unknown class 'stress'"):
        told_apart(replace(windows, classes=("rest", "walk")))


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="needs the WESAD files in ../shared/data/wesad_1hz")
def test_real_people_left_out_one_by_one_are_known_as_well_as_elsewhere() -> None:
    found = np.load(DATA / "wesad_windows_60s_stride30.npz")
    windows = windows_from_arrays(
        {"e4": (found["values"], 1.0, [(str(c), "1") for c in found["channels"]])},
        np.where(found["label"] == 1, "stress", "no_stress"),
        subject=[f"S{i}" for i in found["subject"]],
    )
    holdout = np.isin(windows.subject, ["S2", "S3"])
    utility = by_person(
        made(windows.select(~holdout)),
        train=windows.select(~holdout),
        holdout=windows.select(holdout),
    )
    real = utility.row("stress network", REAL, of_everybody=True)
    assert real.people == 15 and real.accuracy > 0.82  # an independent run: .877


def test_files_give_lines(tmp_path: Path) -> None:
    sets = {"train": sweaty(2, per_class=4), "holdout": sweaty(2, first=2, per_class=4)}
    sets["synthetic"] = made(sweaty(1, first=9, per_class=4))
    paths = {name: tmp_path / f"{name}.parquet" for name in sets}
    for name, windows in sets.items():
        save_windows(windows, paths[name])
    files = RealFiles(train=[paths["train"]], holdout=paths["holdout"])
    lines = list(utility_files([paths["synthetic"]], files, task="stress"))
    assert "4 folds" in lines[0]
    assert any(line.startswith("stress network") and "F1 stress" in line for line in lines)
    lines = list(utility_files([paths["synthetic"]], files, task="stress", judges=["trees"]))
    assert any(line.startswith("trees") and "F1 stress" in line for line in lines)
