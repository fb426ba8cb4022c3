"""Continuous signals of a model: what is asked for, no seam where blocks meet, one log a class."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from torch import Tensor

from toy import toy_windows
from toy_models import mixture_of
from wearsynth.data import FloatArray, IntArray, SignalWindows, windows_from_arrays
from wearsynth.errors import DataError, SensorError
from wearsynth.formats.st_mlc import read, write
from wearsynth.generators import Sampler
from wearsynth.generators.records import RecordShape
from wearsynth.model import Model
from wearsynth.rendering import RenderOptions, render
from wearsynth.sensors import Counts, load_profile
from wearsynth.streaming import MARGIN_S, Streams, stream, stream_counts

pytestmark = pytest.mark.usefixtures("one_torch_thread")

LSM6DSL = load_profile("lsm6dsl")
PLAIN = RenderOptions(noise=False)
CHANNELS = (("acc_x", "g"), ("acc_y", "g"), ("acc_z", "g"))


@pytest.fixture(scope="module")
def model() -> Model:
    return mixture_of(toy_windows(people=6, per_class=3))


def at_rate(rate_hz: float) -> Model:
    """A model of the same readings, taken to be so many a second; of people without names."""
    windows = toy_windows(people=2, per_class=4)
    values, label = windows.signals["acc"].values, windows.label_names
    return mixture_of(windows_from_arrays(values, label, rate_hz=rate_hz, channels=CHANNELS))


def whole(chunks: Iterator[Counts]) -> NDArray[np.int64]:
    """All windows of one class back to back, (time, channel)."""
    return np.concatenate([of.values.reshape(-1, 3) for of in chunks]).astype(np.int64)


def begun(model: Model, seed: int, pieces: int = 10) -> bytes:
    source = stream(Streams(model, {"walking": 60}, seed), "walking")
    return np.concatenate([of["acc"] for of in islice(source, pieces)]).tobytes()


def test_the_same_seed_gives_the_same_bytes(model: Model) -> None:
    assert begun(model, 1) == begun(model, 1)
    assert begun(model, 1) != begun(model, 2)


def test_so_do_counts(model: Model) -> None:
    def bytes_of(seed: int) -> bytes:
        asked = Streams(model, {"still": 8, "running": 125}, seed)
        options = RenderOptions(devices=2, seed=seed)
        return b"".join(of.values.tobytes() for of in stream_counts(asked, LSM6DSL, options))

    assert bytes_of(3) == bytes_of(3)
    assert bytes_of(3) != bytes_of(4)


@dataclass(frozen=True)
class Noting:
    """A generator that notes what it is told, and leaves the rest to another."""

    of: Sampler
    told: list[FloatArray] = field(default_factory=list)

    @property
    def shape(self) -> RecordShape:
        return self.of.shape

    @property
    def sizes(self) -> dict[str, int]:
        return self.of.sizes

    def weights(self) -> dict[str, Tensor]:
        return self.of.weights()

    def sample(
        self, label: IntArray, conditions: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        self.told.append(conditions)
        return self.of.sample(label, conditions, rng)


def manners(model: Model, name: str, seed: int, pieces: int) -> FloatArray:
    """What the generator was told of the person, (draw, condition), each row only once a draw."""
    noting = Noting(model.generator)
    asked = Streams(replace(model, generator=noting), {name: 60}, seed)
    list(islice(stream(asked, name), pieces))
    return np.concatenate([np.unique(told, axis=0) for told in noting.told])


def test_one_person_throughout(model: Model) -> None:
    told = manners(model, "walking", 0, 300)
    assert len(told) == 2  # the pool was filled twice, each time with windows of one manner
    assert (told == told[0]).all()
    assert told[0, -1] == 1 and (told[0, :-1] != 0).all()  # a manner that is told
    other = manners(model, "walking", 1, 1)
    assert not (other == told[0]).all()


def test_models_that_know_no_people_stream_too() -> None:
    model = at_rate(30.0)
    assert model.conditions.manner == ()
    assert begun(model, 1) == begun(model, 1)


@pytest.mark.parametrize(
    ("seconds", "windows"),
    [(2.0, 1), (3.9, 1), (5.5, 2), (6.0, 3), (119.9, 59), (120, 60), (121.9, 60), (250, 125)],
)
def test_as_many_windows_as_the_seconds_hold(model: Model, seconds: float, windows: int) -> None:
    # at 26 Hz a window of 2 s has 52 readings
    chunks = list(stream_counts(Streams(model, {"still": seconds}, 0), LSM6DSL, PLAIN))
    assert {of.values.shape[1:] for of in chunks} == {(52, 3)}
    assert sum(map(len, chunks)) == windows


def test_seconds_that_hold_no_window_give_none(model: Model) -> None:
    asked = Streams(model, {"still": 1.9, "walking": 0, "running": 4}, 0)
    chunks = list(stream_counts(asked, LSM6DSL, PLAIN))
    assert [of.label_names.tolist() for of in chunks] == [["running", "running"]]


def test_windows_may_be_longer_than_a_block() -> None:
    # 60 readings at 0.4 Hz are 150 s
    asked = Streams(at_rate(0.4), {"walking": 310}, 0)
    profile = load_profile("lis2dh12")
    chunks = list(stream_counts(asked, profile, replace(PLAIN, rate_hz=1)))
    assert [of.values.shape for of in chunks] == [(1, 150, 3)] * 2


@pytest.mark.parametrize("devices", [0, 2])
def test_blocks_meet_without_a_seam(model: Model, devices: int) -> None:
    asked, seconds = Streams(model, {"walking": 250}, 0), 250
    options = replace(PLAIN, devices=devices, clock_errors=False)
    made = whole(stream_counts(asked, LSM6DSL, options))
    pieces = [of["acc"] for of in islice(stream(asked, "walking"), 300)]
    values = np.concatenate(pieces)[: (seconds + 2 * MARGIN_S) * 30]
    signals = {"acc": SignalWindows(values[None], 30.0, model.representation.signals[0].channels)}
    one = replace(model.sample({"walking": 1}, seed=0), signals=signals)
    unit = 1 % max(1, devices)  # of class 1
    in_one_piece = render(one, LSM6DSL, options, first_window=unit).values[0, MARGIN_S * 26 :]
    assert len(made) == 250 * 26
    assert np.abs(made - in_one_piece[: len(made)]).max() <= 1
    # a reading more or less at a seam would show: the signal itself moves far more than a count
    assert np.abs(np.diff(made, axis=0)).max() > 500


def test_a_class_is_one_continuous_signal_of_one_unit(model: Model) -> None:
    asked = Streams(model, {"running": 122, "still": 6, "walking": 4}, 0)
    chunks = list(stream_counts(asked, LSM6DSL, RenderOptions(devices=2)))
    assert all(of.continuous and of.about["continuous"] for of in chunks)
    assert [of.label_names[0] for of in chunks] == ["running", "running", "still", "walking"]
    units = {(of.label_names[0], unit) for of in chunks for unit in of.device.tolist()}
    assert units == {("still", 0), ("walking", 1), ("running", 0)}
    for of in chunks:
        assert len(np.unique(of.label)) == 1
        assert "a class is one unit's throughout, its clock error left out." in of.notes
    plain = render(model.sample(2, seed=0), LSM6DSL, RenderOptions(devices=2))
    assert not plain.continuous


def test_units_keep_offset_and_gain_without_their_clock_error(model: Model) -> None:
    windows = model.sample({"running": 1}, seed=0)
    time_s = np.arange(3000) / 26
    values = (0.5 * np.sin(2 * np.pi * 2 * time_s))[None, :, None] * np.ones(3)
    channels = windows.signals["acc"].channels
    signals = {"acc": SignalWindows(values.astype(np.float32), 26.0, channels)}
    windows = replace(windows, signals=signals)

    def rendered(options: RenderOptions) -> NDArray[np.float64]:
        return render(windows, LSM6DSL, options).values[0, :, 0].astype(np.float64)

    def left_over(counts: NDArray[np.float64]) -> float:
        """The most that is not told by the ideal part's counts, times a gain, plus an offset."""
        gain, offset = np.polyfit(ideal, counts, 1)
        assert abs(offset) > 10
        return float(np.abs(counts - gain * ideal - offset).max())

    ideal = rendered(PLAIN)
    assert left_over(rendered(replace(PLAIN, devices=1, clock_errors=False))) < 1.5
    assert left_over(rendered(replace(PLAIN, devices=1))) > 500


def test_a_drawn_mounting_is_one_for_the_whole_signal(model: Model) -> None:
    asked = Streams(model, {"walking": 250, "still": 20}, 0)
    parts: dict[str, dict[str, list[Counts]]] = {}
    for mounting in ("kept", "drawn"):
        options = replace(PLAIN, mounting=mounting)
        parts[mounting] = {"walking": [], "still": []}
        for of in stream_counts(asked, LSM6DSL, options):
            parts[mounting][of.label_names[0]].append(of)
    kept, drawn = whole(iter(parts["kept"]["walking"])), whole(iter(parts["drawn"]["walking"]))
    first = slice(0, 100 * 26)  # of the first block
    turn = np.linalg.lstsq(kept[first].astype(float), drawn[first].astype(float), rcond=None)[0]
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-3)
    assert np.abs(turn - np.eye(3)).max() > 0.1
    assert np.abs(kept @ turn - drawn).max() < 10
    still = whole(iter(parts["kept"]["still"])) @ turn - whole(iter(parts["drawn"]["still"]))
    assert np.abs(still).max() < 10  # the same person, in another class


@pytest.mark.parametrize(
    ("seconds", "sentence"),
    [
        ({"wlking": 5}, "the model knows no class 'wlking'. Did you mean 'walking'?"),
        ({"walking": -1}, "seconds of 'walking' must be 0 or more, got -1."),
        ({"still": 5, "walking": float("nan")}, "seconds of 'walking' must be 0 or more, got nan."),
        ({"walking": float("inf")}, "seconds of 'walking' must be 0 or more, got inf."),
        ({"walking": 0, "still": 0.0}, "asked for 0 seconds; ask for some, as in walking=600."),
        ({}, "asked for 0 seconds; ask for some, as in walking=600."),
    ],
)
def test_what_cannot_be_asked_for(model: Model, seconds: dict[str, float], sentence: str) -> None:
    with pytest.raises(DataError) as refused:
        Streams(model, seconds, 0)
    assert str(refused.value) == sentence


def test_rates_without_whole_readings_in_a_margin(model: Model) -> None:
    asked = Streams(model, {"walking": 20}, 0)
    slow = replace(PLAIN, rate_hz=1.6, power_mode="low_power")  # 16 readings in 10 s
    (made,) = stream_counts(asked, LSM6DSL, slow)
    assert made.values.shape == (10, 3, 3)
    odd = replace(PLAIN, rate_hz=15.625, power_mode="high_accuracy_1")
    with pytest.raises(SensorError, match=r"^at 15.625 Hz 10 s are no whole number of readings"):
        next(stream_counts(asked, load_profile("lsm6dsv16x"), odd))
    with pytest.raises(SensorError, match=r"^a signal at 31.25 Hz has no whole number of readings"):
        next(stream_counts(Streams(at_rate(31.25), {"walking": 20}, 0), LSM6DSL, PLAIN))


def test_a_stream_is_one_memsstudio_log_a_class(model: Model, tmp_path: Path) -> None:
    asked = Streams(model, {"still": 4, "walking": 130}, 0)  # more than the 30 windows of a log
    chunks = list(stream_counts(asked, LSM6DSL, RenderOptions(devices=2)))
    summary = write(chunks, tmp_path / "s")
    assert dict(summary.windows) == {"still": 2, "walking": 65, "running": 0}
    logs = sorted(path.relative_to(tmp_path / "s").as_posix() for path in tmp_path.rglob("*.csv"))
    assert logs == ["data/0_still/log_0.csv", "data/1_walking/log_0.csv"]
    lines = (tmp_path / "s" / logs[1]).read_text().splitlines()
    assert lines[0] == "# lsm6dsl 4g 26 Hz, made by wearsynth: one continuous signal"
    mg = np.loadtxt(lines[3:], delimiter=",")
    counts = np.concatenate([of.values.reshape(-1, 3) for of in chunks[1:]])
    np.testing.assert_allclose(mg, counts * 0.122, atol=1e-3)
    told = json.loads((tmp_path / "s" / "mlc_conf.json").read_text())
    assert told["datalogs"] == [
        {"filename": logs[0], "label": "still"},
        {"filename": logs[1], "label": "walking"},
    ]
    assert json.loads((tmp_path / "s" / "manifest.json").read_text())["continuous"] is True
    assert [of.duration_s for of in read(tmp_path / "s")] == [4, 130]


def test_windows_stand_in_logs_of_thirty(model: Model, tmp_path: Path) -> None:
    made = render(model.sample({"walking": 65}, seed=0), LSM6DSL, PLAIN)
    write([made], tmp_path / "w")
    logs = sorted(path.name for path in tmp_path.rglob("*.csv"))
    assert logs == ["log_0.csv", "log_1.csv", "log_2.csv"]
    first = next(tmp_path.rglob("log_0.csv")).read_text().splitlines()[0]
    assert first.endswith("windows of 52 readings back to back, the joins are not continuous")
