"""Every recipe in docs/recipes.md is run on a file of that layout, by command and by configuration."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from layouts.recipes import HEART_STEPS_S, MAY_DAY_S, WRITERS, phyphox, xyz_g
from wearsynth.cli import app
from wearsynth.config import load_config
from wearsynth.data import Recording
from wearsynth.formats import TableColumns, read
from wearsynth.formats.sources import read_source

PAGE = Path(__file__).parents[1] / "docs" / "recipes.md"

pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the docs are not part of this copy")


def sections() -> dict[str, str]:
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    parts = re.split(r"(?m)^## (.+)\n", text)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def blocks(section: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)


def test_every_recipe_has_a_layout_and_every_layout_a_recipe() -> None:
    assert list(sections()) == list(WRITERS)


@pytest.fixture
def recordings(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[Recording]:
    """The recordings of a recipe's configuration, in a folder where its export lies."""
    WRITERS[request.param](tmp_path)
    monkeypatch.chdir(tmp_path)
    for code in blocks(sections()[request.param], "python"):
        exec(compile(code, "recipes.md", "exec"), {})
    [toml] = blocks(sections()[request.param], "toml")
    (tmp_path / "recipe.toml").write_text(toml, encoding="utf-8")
    return read_source(load_config(Path("recipe.toml")).data)


@pytest.mark.parametrize("name", list(WRITERS))
def test_the_command_and_the_configuration_say_the_same(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    WRITERS[name](tmp_path)
    monkeypatch.chdir(tmp_path)
    for code in blocks(sections()[name], "python"):
        exec(compile(code, "recipes.md", "exec"), {})
    [command] = blocks(sections()[name], "text")
    words = shlex.split(command.replace("\\\n", " "))
    assert words[:3] == ["wearsynth", "data", "describe"]
    [toml] = blocks(sections()[name], "toml")
    Path("recipe.toml").write_text(toml, encoding="utf-8")
    by_command = CliRunner().invoke(app, words[1:])
    assert by_command.exit_code == 0, by_command.output
    config = load_config(Path("recipe.toml")).data
    (signal,) = {tuple(recording.signals) for recording in read_source(config)}
    assert all(f"{one}: " in by_command.output for one in signal)
    assert words[3] == config.path
    assert config.columns is not None
    options = {words[i + 1] for i, word in enumerate(words) if word in ("--channel", "--column")}
    wanted = {f"{column}={unit}" for column, unit in config.columns.channels.items()}
    roles = config.columns.model_dump(exclude={"channels"}, exclude_defaults=True)
    assert options == wanted | {f"{role}={column}" for role, column in roles.items()}


@pytest.mark.parametrize(
    ("recordings", "rate_hz", "per_g"),
    [
        ("Empatica EmbracePlus, raw", 64, 1),
        ("SensorLog (iPhone, Apple Watch)", 50, 1),
        ("Sensor Logger (phones)", 100, 9.80665),
        ("phyphox", 100, 9.81),
        ("Physics Toolbox", 200, 1),
        ("Shimmer", 128, 9.81),
        ("ActiGraph", 30, 1),
        ("Axivity AX3, AX6", 100, 1),
    ],
    indirect=["recordings"],
)
def test_accelerations_are_those_of_the_file(
    recordings: list[Recording], rate_hz: float, per_g: float
) -> None:
    for recording in recordings:
        acc = recording.signals["acc"]
        assert acc.rate_hz == pytest.approx(rate_hz, rel=1e-5)
        wanted = [per_g * np.array(sorted(xyz_g(i))) for i in range(len(acc.values))]
        np.testing.assert_allclose(np.sort(acc.values, axis=1), wanted, atol=6e-4 * per_g)
        assert (recording.gaps, recording.oddities) == ((), ())


@pytest.mark.parametrize(
    ("recordings", "start_unix_s"),
    [
        ("Empatica EmbracePlus, raw", MAY_DAY_S),
        ("Empatica EmbracePlus, per minute", MAY_DAY_S),
        ("Fitbit", MAY_DAY_S),
        ("Garmin", None),
        ("Apple Health", MAY_DAY_S),
        ("SensorLog (iPhone, Apple Watch)", None),
        ("Sensor Logger (phones)", MAY_DAY_S + 0.4673507),
        ("Shimmer", MAY_DAY_S),
        ("ActiGraph", None),
        ("Axivity AX3, AX6", MAY_DAY_S),
    ],
    indirect=["recordings"],
)
def test_starts_are_told_where_the_export_tells_them(
    recordings: list[Recording], start_unix_s: float | None
) -> None:
    assert recordings[0].start_unix_s == pytest.approx(start_unix_s, abs=1e-3)


@pytest.mark.parametrize("recordings", ["Empatica EmbracePlus, per minute"], indirect=True)
def test_minutes_without_a_value_are_gaps(recordings: list[Recording]) -> None:
    (recording,) = recordings
    assert (recording.name, recording.subject) == ("1-1-P01", "1-1-P01")
    assert recording.signals["eda"].rate_hz == pytest.approx(1 / 60, rel=1e-5)
    assert [gap.start_s for gap in recording.gaps] == pytest.approx([1200], rel=1e-4)
    assert [oddity.count for oddity in recording.oddities] == [2]


@pytest.mark.parametrize("recordings", ["Fitbit", "Apple Health"], indirect=True)
def test_uneven_heart_rates_lie_on_lines(recordings: list[Recording]) -> None:
    (recording,) = recordings
    hr = recording.signals["hr"]
    assert hr.rate_hz == 0.2
    assert len(hr.values) == 6 * sum(HEART_STEPS_S) // 5 + 1
    assert hr.values[:6, 0].tolist() == [60, 61, 62, 62.5, 63, 64]  # the third step is 10 s
    assert recording.gaps == ()
    assert "steps between rows are uneven" in recording.notes[0]


@pytest.mark.parametrize("recordings", ["Fitbit"], indirect=True)
def test_the_older_fitbit_export_is_the_same_after_its_step(recordings: list[Recording]) -> None:
    columns = TableColumns((("beats per minute", "bpm"),), time="timestamp")
    (older,) = read("heart_rate_2024-05-01.parquet", columns=columns)
    np.testing.assert_array_equal(older.signals["hr"].values, recordings[0].signals["hr"].values)
    assert older.start_unix_s == MAY_DAY_S


@pytest.mark.parametrize("recordings", ["Garmin"], indirect=True)
def test_rows_without_a_pulse_are_a_gap(recordings: list[Recording]) -> None:
    (recording,) = recordings
    assert recording.signals["hr"].rate_hz == 1
    assert [(gap.start_s, gap.end_s) for gap in recording.gaps] == [(0, 3)]


@pytest.mark.parametrize("recordings", ["Sensor Logger (phones)"], indirect=True)
def test_a_folder_gives_names_and_labels(recordings: list[Recording]) -> None:
    assert [r.spans[0].label for r in recordings] == ["anna_walking", "ben_walking"]
    assert [r.name for r in recordings] == [
        "anna_walking/TotalAcceleration",
        "ben_walking/TotalAcceleration",
    ]


@pytest.mark.parametrize("recordings", ["Shimmer", "ActiGraph"], indirect=True)
def test_lines_above_the_rows_are_told(recordings: list[Recording]) -> None:
    assert any("passed over" in note for note in recordings[0].notes)


def test_phyphox_with_a_decimal_comma_is_the_same(tmp_path: Path) -> None:
    phyphox(tmp_path)
    channels = tuple((f"Acceleration {axis} (m/s^2)", "m/s2") for axis in "xyz")
    columns = TableColumns(channels, time="Time (s)")
    (point,) = read(tmp_path / "Raw Data.csv", columns=columns)
    (comma,) = read(tmp_path / "Raw Data (comma).csv", columns=columns)
    np.testing.assert_array_equal(point.signals["acc"].values, comma.signals["acc"].values)
    assert comma.notes == ("numbers are written with a decimal comma",)
