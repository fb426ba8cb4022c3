"""People by a plan: what is asked for, one manner, blocks without a seam, files that are read back."""

import csv
import json
import zipfile
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commands import Run, wearsynth
from e4_toys import content
from toy import toy_windows
from wearsynth.config import FitConfig
from wearsynth.data import FloatArray, Signal, Windows, windows_from_arrays
from wearsynth.errors import DataError
from wearsynth.formats import read
from wearsynth.formats.e4_beats import intervals_of, rate_of
from wearsynth.formats.people import Person
from wearsynth.formats.people_e4 import write_e4
from wearsynth.grids import Grid
from wearsynth.model import Model, save_model
from wearsynth.sessions import BLOCK_S, Plan, Sessions, person_pieces, person_signals, plan_of
from wearsynth.training import fit

LENGTH_S = 16


def e4_windows() -> Windows:
    """Windows of 16 s of six people at the E4's rates; a person has a temperature of their own."""
    rng = np.random.default_rng(0)
    count = 48
    label = np.array(["rest", "stress"] * (count // 2))
    person = np.repeat(np.arange(6), count // 6)
    stress = (label == "stress")[:, None]
    at = np.arange(LENGTH_S * 64) / 64
    phase = rng.uniform(0, 2 * np.pi, (count, 1))
    bvp = 40 * np.cos(2 * np.pi * (1.1 + 0.3 * stress) * at + phase)
    acc = np.array([0.0, 0.2, 0.97]) + rng.normal(0, 0.02, (count, LENGTH_S * 32, 3))
    slow = np.cumsum(rng.normal(0, 0.01, (count, LENGTH_S * 4)), axis=1)
    temp = 30 + person[:, None] + slow
    eda = np.exp(0.3 * person[:, None] - 1 + stress + slow)
    return windows_from_arrays(
        {
            "acc": (acc, 32.0, [(f"acc_{axis}", "g") for axis in "xyz"]),
            "bvp": (bvp[:, :, None], 64.0, [("bvp", "a.u.")]),
            "eda": (eda[:, :, None], 4.0, [("eda", "uS")]),
            "temp": (temp[:, :, None], 4.0, [("temp", "degC")]),
        },
        label.tolist(),
        subject=[f"S{number}" for number in person],
    )


def fitted(windows: Windows) -> Model:
    return fit(windows, FitConfig(generator="mixture"), say=lambda _: None)


@pytest.fixture(scope="module")
def model() -> Model:
    return fitted(e4_windows())


@pytest.fixture(scope="module")
def wrist() -> Model:
    return fitted(toy_windows(people=6, per_class=3))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, model: Model, wrist: Model) -> Path:
    """A folder that holds a model m of an E4 and a model w of a wrist's acceleration."""
    folder = tmp_path_factory.mktemp("made")
    save_model(model, folder / "m")
    save_model(wrist, folder / "w")
    return folder


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, made: Path
) -> Run:
    monkeypatch.chdir(tmp_path)
    for name in ("m", "w"):
        (tmp_path / name).symlink_to(made / name)
    return lambda *arguments: wearsynth(capsys, monkeypatch, "generate", *arguments)


def whole(asked: Sessions, person: int = 0) -> dict[str, FloatArray]:
    blocks = list(person_signals(asked, person))
    return {name: np.concatenate([of[name] for of in blocks]) for name in blocks[0]}


def spans(asked: Sessions) -> list[tuple[float, float, str]]:
    return [(of.start_s, of.end_s, of.label) for of in asked.spans]


@pytest.mark.parametrize(
    ("plan", "seconds", "expected"),
    [
        ((), None, [(0, 300, "rest"), (300, 600, "stress")]),
        ((("stress", 60.0),), None, [(0, 60, "stress")]),
        (
            (("rest", 60.0), ("stress", 30.0)),
            100,
            [(0, 60, "rest"), (60, 90, "stress"), (90, 100, "rest")],
        ),
        ((("rest", 60.0), ("stress", 30.0)), 70, [(0, 60, "rest"), (60, 70, "stress")]),
        ((("rest", 60.0), ("stress", 30.0)), 93, [(0, 60, "rest"), (60, 93, "stress")]),
        ((("rest", 60.0),), 150, [(0, 150, "rest")]),
    ],
    ids=["none", "once", "again", "part", "what is too short is added", "one"],
)
def test_a_plan_is_repeated_or_cut(
    model: Model, plan: Plan, seconds: float | None, expected: list[tuple[float, float, str]]
) -> None:
    assert spans(Sessions(model, plan=plan, seconds=seconds)) == expected


def test_plans_in_words() -> None:
    assert plan_of("rest=300, stress=90.5,rest=10") == (
        ("rest", 300.0),
        ("stress", 90.5),
        ("rest", 10.0),
    )
    for text in ("rest", "rest=", "=300", "rest=soon", "rest=300,", ""):
        with pytest.raises(DataError, match=r"^plan: .* is no CLASS=SECONDS; give them parted"):
            plan_of(text)


def test_a_person_is_as_long_as_asked_at_every_rate(model: Model) -> None:
    signals = whole(Sessions(model, seconds=150.5))
    assert {name: len(of) for name, of in signals.items()} == {
        "acc": 4816,
        "bvp": 9632,
        "eda": 602,
        "temp": 602,
    }
    assert all(np.isfinite(of).all() for of in signals.values())
    assert signals["eda"].min() >= 0


def test_blocks_are_the_pieces_without_a_seam(model: Model) -> None:
    asked = Sessions(model, seconds=150.5)
    blocks = list(person_signals(asked, 0))
    assert [len(of["temp"]) for of in blocks] == [4 * BLOCK_S, 4 * BLOCK_S, 122]
    pieces = np.concatenate([of["bvp"] for of, _ in islice(person_pieces(asked, 0), 40)])
    np.testing.assert_allclose(whole(asked)["bvp"], pieces[:9632], atol=0.006)  # two decimals


def test_a_person_lies_on_one_grid_throughout_where_each_window_has_its_own(model: Model) -> None:
    own = {"eda": (Grid(0.05, low=0.0, offset=np.nan),)}
    asked = Sessions(replace(model, grids=own), seconds=150.0)
    eda = whole(asked)["eda"].astype(np.float64)
    steps = (eda[eda > 0.1] - eda[0]) / 0.05
    assert np.abs(steps - np.round(steps)).max() < 1e-3
    apart = Sessions(replace(model, grids=own), 2, seconds=150.0)
    turned = [whole(apart, person)["eda"][0, 0] / 0.05 % 1 for person in (0, 1)]
    assert abs(turned[0] - turned[1]) > 1e-3


def test_same_seed_same_bytes_and_each_person_by_themselves(model: Model) -> None:
    few, many = (Sessions(model, people, seconds=60, seed=3) for people in (2, 5))
    for name, values in whole(few, 1).items():
        np.testing.assert_array_equal(values, whole(many, 1)[name])
        assert not np.array_equal(values, whole(few, 0)[name])
        assert not np.array_equal(values, whole(Sessions(model, 2, seconds=60, seed=4), 1)[name])


def test_names_follow_from_seed_and_number_and_differ_between_draws(model: Model) -> None:
    few, many, other = (Sessions(model, of, seed=seed) for of, seed in ((3, 3), (1000, 3), (3, 4)))
    assert few.name(2) == many.name(2) != other.name(2)
    assert few.name(2).startswith("made-") and few.name(2).endswith("-3")
    assert few.name(2) not in model.sample(1, seed=3, people=3).subject


def test_people_differ_and_stay_themselves(model: Model) -> None:
    asked = Sessions(model, 6, plan=(("rest", 120.0),), seed=1)
    temp = np.stack([whole(asked, person)["temp"][:, 0] for person in range(6)])
    minutes = temp.reshape(6, -1, 240).mean(axis=2)
    assert minutes.mean(axis=1).std() > 2 * minutes.std(axis=1).mean()


def test_recordings_start_on_days_of_a_year_at_whole_seconds(model: Model) -> None:
    asked = Sessions(model, 50)
    starts = [asked.start_unix_s(person) for person in range(50)]
    assert len(set(starts)) == 50
    assert all(start == round(start) for start in starts)
    days = pd.to_datetime(starts, unit="s")
    assert days.min() >= pd.Timestamp(2026, 1, 5) and days.max() < pd.Timestamp(2027, 1, 4)
    assert set(days.hour) <= set(range(8, 17))
    assert starts == [Sessions(model, 99).start_unix_s(person) for person in range(50)]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"plan": (("rst", 60.0),)}, "the model knows no class 'rst'. Did you mean 'rest'?"),
        ({"plan": (("rest", 4.0),)}, "'rest' in a plan takes 5 s or more, got 4."),
        ({"plan": (("rest", float("nan")),)}, "'rest' in a plan takes 5 s or more, got nan."),
        ({"seconds": 0}, "a recording takes 5 s or more, got 0 s."),
        ({"people": 0}, "people must be 1 or more, got 0."),
    ],
)
def test_what_cannot_be_asked_for(model: Model, changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(DataError) as refused:
        Sessions(model, **changes)  # type: ignore[arg-type]
    assert str(refused.value) == sentence


def test_e4_folders_are_read_back_with_labels_in_the_devices_steps(run: Run) -> None:
    words = ("--model", "m", "--people", 2, "--minutes", 3, "--plan", "rest=60,stress=60")
    code, out, _ = run(*words, "--format", "e4", "-o", "out")
    assert (code, out) == (
        0,
        "out: 2 people, 3 min each (rest 120 s, stress 60 s), 18 files as e4\n",
    )
    recordings = read(Path("out"))
    asked = Sessions(fitted_model("m"), 2, seed=0)
    assert [of.subject for of in recordings] == [asked.name(0), asked.name(1)]
    for recording in recordings:
        assert recording.synthetic
        assert [(of.start_s, of.end_s, of.label) for of in recording.spans] == [
            (0, 60, "rest"),
            (60, 120, "stress"),
            (120, 180, "rest"),
        ]
        assert recording.events["tags"].times_s.tolist() == [60, 120]
        assert recording.events["ibi"].values is not None
        lengths = {name: len(of.values) for name, of in recording.signals.items()}
        assert lengths == {"acc": 5760, "bvp": 11520, "eda": 720, "temp": 720, "hr": 170}
        assert recording.signals["hr"].start_s == 10
        steps = recording.signals["temp"].values.astype(np.float64) / 0.02
        assert np.abs(steps - steps.round()).max() < 1e-3
    lines = Path(f"out/{asked.name(0)}/ACC.csv").read_text().splitlines()
    start = asked.start_unix_s(0)
    assert lines[:2] == [", ".join([f"{start:.6f}"] * 3), "32.000000, 32.000000, 32.000000"]
    counts = np.loadtxt(lines[2:], delimiter=",")
    assert (counts == counts.round()).all() and np.abs(np.median(counts[:, 2]) - 62) < 5


def fitted_model(name: str) -> Model:
    from wearsynth.model import load_model

    return load_model(name)


def test_zips_hold_the_same_files_and_the_same_seed_the_same_bytes(run: Run) -> None:
    words = ("--model", "m", "--people", 1, "--minutes", 1)
    for name, kind in (("folder", "e4"), ("a", "e4_zip"), ("b", "e4_zip")):
        assert run(*words, "--format", kind, "-o", name)[0] == 0
    assert content(Path("a")) == content(Path("b"))
    (zipped,) = Path("a").glob("*.zip")
    with zipfile.ZipFile(zipped) as archive:
        packed = {name: archive.read(name) for name in archive.namelist()}
    assert packed == content(Path("folder", zipped.stem))
    assert read(Path("a"))[0].spans[0].label == "rest"


def test_beats_found_minute_by_minute_are_those_of_the_whole_pulse(
    tmp_path: Path, model: Model
) -> None:
    asked = Sessions(model, plan=(("rest", 200.0), ("stress", 105.0)))
    signals = whole(asked)
    form = {s.name: s for s in model.representation.signals}
    pulse = Signal(signals["bvp"], 64.0, form["bvp"].channels)
    person = Person(
        "P1",
        1e9,
        asked.spans,
        {name: of.rate_hz for name, of in form.items()},
        {name: of.channels for name, of in form.items()},
        person_signals(asked, 0),
    )
    write_e4([person], tmp_path / "out", about={})
    beats = np.loadtxt(tmp_path / "out/P1/IBI.csv", delimiter=",", skiprows=1)
    expected = intervals_of(pulse)
    assert expected.values is not None and len(beats) > 100
    both = np.intersect1d(beats[:, 0].round(4), expected.times_s.round(4))
    assert len(both) > 0.97 * max(len(beats), len(expected.times_s))
    rates, known = np.loadtxt(tmp_path / "out/P1/HR.csv", skiprows=2), rate_of(pulse)
    assert known is not None and len(rates) == len(known.values) == 295
    assert np.abs(rates - known.values[:, 0]).max() < 2


def test_parquet_is_a_table_of_everybody_a_signal(run: Run, tmp_path: Path) -> None:
    words = ("--model", "w", "--people", 2, "--minutes", 0.5, "--plan", "still=10,walking=10")
    code, out, _ = run(*words, "-o", "out")
    assert code == 0 and out.endswith("(still 20 s, walking 10 s), 3 files as parquet\n")
    table = pd.read_parquet("out/acc")
    assert list(table) == ["subject", "time_s", "acc_x", "acc_y", "acc_z", "label"]
    names = [Sessions(fitted_model("w"), 2).name(number) for number in (0, 1)]
    assert table.groupby("subject", observed=True).size().to_dict() == dict.fromkeys(names, 900)
    first = table[table.subject == names[0]]
    np.testing.assert_allclose(first.time_s, np.arange(900) / 30)
    assert first.label.tolist() == ["still"] * 300 + ["walking"] * 300 + ["still"] * 300
    with Path("out/sessions.csv").open() as stream:
        assert [row["seconds"] for row in csv.DictReader(stream)] == ["30.0", "30.0"]
    told = json.loads(Path("out/manifest.json").read_text())
    assert told["plan"] == [["still", 10.0], ["walking", 10.0], ["still", 10.0]]
    assert len(told["sha256"]) == 3 and told["synthetic"] is True
    assert run(*words, "-o", "out", "--overwrite")[0] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--people", "0"), "people: should be greater than or equal to 1, got 0"),
        (("--people", "2", "--minutes", "0"), "minutes: should be greater than 0, got 0"),
        (("--minutes", "0.05"), "a recording takes 5 s or more, got 3 s."),
        (("--plan", "rst=60"), "the model knows no class 'rst'. Did you mean 'rest'?"),
        (("--plan", "rest"), "plan: 'rest' is no CLASS=SECONDS"),
        (("--people", "2", "--count", "5"), "counts is not for people"),
        (("--people", "2", "--stream", "5"), "stream_s is not for people"),
        (("--people", "2", "--full-scale", "4g"), "full_scale is not for people"),
        (
            ("--people", "2", "--format", "nanoedge"),
            "people are written as e4, e4_zip, parquet, not",
        ),
        (("--model", "w", "--format", "e4"), "an E4 session holds acc (3 x g, 32 Hz)"),
    ],
)
def test_wrong_use_is_one_sentence_and_leaves_nothing(
    run: Run, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    words = words if "--model" in words else ("--model", "m", *words)
    code, out, err = run(*words, "-o", "out")
    assert (code, out) == (1, "")
    assert err.startswith("Error: ") and message in err and err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_an_output_that_exists_is_kept_unless_asked(run: Run) -> None:
    words = ("--model", "m", "--minutes", 0.5, "-o", "out")
    assert run(*words)[0] == 0
    first = content(Path("out"))
    code, _, err = run(*words, "--seed", 7)
    assert code == 1 and "out: exists already" in err
    assert content(Path("out")) == first
    assert run(*words, "--seed", 7, "--overwrite")[0] == 0
    assert content(Path("out")) != first
