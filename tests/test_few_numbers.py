"""The generator of few numbers from windows to model: no data, a release, the gate, the ledger."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from few_toys import toy_people
from wearsynth.cli import app
from wearsynth.config import FitConfig, PrivacyConfig
from wearsynth.data import Windows
from wearsynth.errors import ConfigError, DataError
from wearsynth.few_numbers import KIND, decide, fit_few_numbers, release_noise
from wearsynth.model import Model, load_model, save_model
from wearsynth.privacy.accounting import gaussian_noise
from wearsynth.privacy.few_numbers import Estimate
from wearsynth.privacy.ledger import spent
from wearsynth.private_training import fit_privately
from wearsynth.tables import save_windows
from wearsynth.training import fit

PUBLIC = toy_people(6, stress_us=1.5, seed=0, name="public")
PRIVATE = toy_people(40, stress_us=0.0, seed=1)
"""In private people skin does not change under stress; in public people, and in books, it rises."""

CONFIG = FitConfig(generator=KIND)


def fitted(private: Windows | None, privacy: PrivacyConfig) -> tuple[Model, list[str]]:
    lines: list[str] = []
    return fit_few_numbers(private, PUBLIC, CONFIG, privacy, say=lines.append), lines


def skin_difference(model: Model) -> float:
    drawn = model.sample(200, seed=1)
    level = drawn.signals["skin"].values.mean(axis=(1, 2))
    return float(level[drawn.label == 1].mean() - level[drawn.label == 0].mean())


def test_no_epsilon_and_no_private_data_give_the_public_generator() -> None:
    nothing, lines = fitted(None, PrivacyConfig(epsilon=3.0))
    zero, _ = fitted(PRIVATE, PrivacyConfig(epsilon=0.0))
    assert "epsilon 0" in lines[0]
    assert skin_difference(nothing) == skin_difference(zero) > 0
    for model in (nothing, zero):
        assert model.privacy is not None
        assert (model.privacy.epsilon, model.privacy.steps) == (0.0, 0)


def test_a_release_moves_the_classes_as_private_people_have_them() -> None:
    model, lines = fitted(PRIVATE, PrivacyConfig(epsilon=20.0))
    assert skin_difference(model) < skin_difference(fitted(None, PrivacyConfig())[0]) / 2
    assert lines[-1].startswith("Used the release")
    said = model.privacy
    assert said is not None
    assert said.epsilon == pytest.approx(20.0)
    assert (said.unit, said.steps) == ("subject", 1)
    assert "one release of 30 numbers" in said.mechanism
    assert said.noise_multiplier == release_noise(20.0, 1e-6, numbers=31)
    assert release_noise(20.0, 1e-6, numbers=31) >= gaussian_noise(20.0, 1e-6)
    assert "this run alone" in said.line


def test_nothing_else_of_private_windows_is_in_the_model() -> None:
    model, _ = fitted(PRIVATE, PrivacyConfig(epsilon=3.0, accept_noise=True))
    assert all(name.startswith("public") for name in model.trained_groups)
    public, _ = fitted(None, PrivacyConfig())
    assert model.grids == public.grids
    held, none = model.generator.weights(), public.generator.weights()
    same = {name for name, value in held.items() if bool((value == none[name]).all())}
    assert set(held) - same <= {"shifts", "rising"}
    assert model.provenance == public.provenance


def test_two_fits_of_the_same_data_differ_in_their_noise() -> None:
    options = PrivacyConfig(epsilon=3.0, accept_noise=True)
    one, other = (fitted(PRIVATE, options)[0] for _ in range(2))
    assert skin_difference(one) != skin_difference(other)  # breaks where the noise is left out


def test_saved_and_loaded_it_draws_the_same_windows(tmp_path: Path) -> None:
    model, _ = fitted(PRIVATE, PrivacyConfig(epsilon=3.0))
    save_model(model, tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.privacy == model.privacy
    one, other = (of.sample(5, seed=3) for of in (model, again))
    for name, signal in one.signals.items():
        assert np.array_equal(signal.values, other.signals[name].values)


FAR, NEAR = np.array([30.0, 0.0]), np.array([1.0, 0.0])


@pytest.mark.parametrize(
    ("units", "departure", "kept", "why"),
    [
        (20.0, FAR, True, "Used the release"),
        (11.4, FAR, False, "Too few"),
        (11.6, FAR, True, "about 12 units"),
        (20.0, NEAR, False, "no more than its noise"),
    ],
)
def test_the_gate(units: float, departure: np.ndarray, kept: bool, why: str) -> None:
    told = Estimate(departure, 5.0, units, 3.0)
    assert decide(told, 12, accept_noise=False)[0] is kept
    assert why in decide(told, 12, accept_noise=False)[1]
    assert decide(told, 12, accept_noise=True)[0]


def test_two_people_get_the_public_generator_and_hear_why() -> None:
    few = PRIVATE.select(np.isin(PRIVATE.subject, ["p0", "p1"]))
    model, lines = fitted(few, PrivacyConfig(epsilon=0.3))
    assert "from public windows alone" in lines[-1]
    assert skin_difference(model) == skin_difference(fitted(None, PrivacyConfig())[0])
    assert model.privacy is not None
    assert model.privacy.epsilon == pytest.approx(0.3)  # the release was made
    assert model.about["decision"] == lines[-1]


def test_a_ledger_adds_up_releases_and_stops_at_its_budget(tmp_path: Path) -> None:
    options = PrivacyConfig(epsilon=1.0, ledger=str(tmp_path / "people.json"), accept_noise=True)
    first, _ = fitted(PRIVATE, options)
    second, _ = fitted(PRIVATE, options)
    assert first.privacy is not None
    assert second.privacy is not None
    assert first.privacy.epsilon == pytest.approx(1.0, rel=1e-3)
    assert 1.2 < second.privacy.epsilon < 2
    assert second.privacy.epsilon == spent(tmp_path / "people.json", 1e-6)
    assert "2 run(s)" in second.privacy.composition


def test_units_that_are_not_known_are_refused() -> None:
    nameless = dataclasses.replace(PRIVATE, subject=np.full(len(PRIVATE), ""))
    with pytest.raises(DataError, match="subject"):
        fitted(nameless, PrivacyConfig(epsilon=3.0))


def test_without_public_windows_or_epsilon_it_says_what_is_missing() -> None:
    with pytest.raises(ConfigError, match="--public"):
        fit_privately(PRIVATE, CONFIG, PrivacyConfig(epsilon=3.0))
    with pytest.raises(ConfigError, match="--epsilon"):
        fit(PRIVATE, CONFIG)


def test_from_files_to_a_model(tmp_path: Path) -> None:
    for name, windows in (("private", PRIVATE), ("public", PUBLIC)):
        save_windows(windows, tmp_path / f"{name}.parquet")
    given = [str(tmp_path / "private.parquet"), "--public", str(tmp_path / "public.parquet")]
    command = ["fit", *given, "--generator", KIND, "-o", str(tmp_path / "model")]
    done = CliRunner().invoke(app, [*command, "--epsilon", "3", "--numbers", "5"])
    assert done.exit_code == 0, done.output
    assert "release" in done.output
    model = load_model(tmp_path / "model")
    assert model.kind == KIND
    assert model.privacy is not None
    assert "one release of 5 numbers" in model.privacy.mechanism


def test_windows_of_another_kind_are_refused() -> None:
    other = dataclasses.replace(PRIVATE, classes=("rest", "stress", "run"))
    with pytest.raises(DataError, match="do not fit"):
        fitted(other, PrivacyConfig(epsilon=3.0))


def test_by_window_nothing_is_scaled_by_person() -> None:
    model, _ = fitted(PRIVATE, PrivacyConfig(epsilon=20.0, unit="window"))
    assert not any("own scale" in line for line in model.provenance)
    assert model.privacy is not None
    assert model.privacy.unit == "window"
