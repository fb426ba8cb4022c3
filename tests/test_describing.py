import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from wearsynth.data import (
    Channel,
    Events,
    Gap,
    Oddity,
    Recording,
    Signal,
    Span,
    windows_from_arrays,
)
from wearsynth.describing import CovariateSummary, as_text, describe, describe_windows
from wearsynth.errors import DataError
from wearsynth.formats import read

DATA = Path(__file__).parents[2] / "shared" / "data"
XYZ = tuple(Channel(f"acc_{axis}", "g") for axis in "xyz")


def still(seconds: int = 20, gravity_g: float = 1.0, seed: int = 0) -> NDArray[np.float32]:
    noise = np.random.default_rng(seed).normal(0, 0.002, (10 * seconds, 3))
    return np.asarray(noise + np.array([0, 0, gravity_g]), dtype=np.float32)


def recording(
    values: NDArray[np.float32], name: str = "r", *, subject: str | None = "S1", rate_hz: float = 10
) -> Recording:
    span = Span(0, len(values) / rate_hz, "rest")
    return Recording(name, {"acc": Signal(values, rate_hz, XYZ)}, subject, spans=(span,))


def test_a_plain_set_in_figures_without_oddities() -> None:
    a = recording(still(60), "a")
    walk = (Span(0, 30, "walk"), Span(40, 60, "rest"))
    signals = {"acc": Signal(still(60, seed=1), 10.0, XYZ)}
    b = Recording("b", signals, "S2", spans=walk, gaps=(Gap(25, 35), Gap(41, 42)), notes=("hm",))
    told = describe([a, b])
    assert (told.people, told.recordings, told.minutes) == (2, 2, 2)
    assert (told.gaps, told.gap_s) == (2, 11)
    assert [(c.name, c.minutes, c.recordings, c.people) for c in told.classes] == [
        ("rest", (60 + 19) / 60, 2, 2),
        ("walk", 25 / 60, 1, 1),
    ]
    (signal,) = told.signals
    assert (signal.rates_hz, signal.readings) == ((10,), 1200)
    assert signal.channels[2].mean == pytest.approx(1, abs=0.001)
    assert signal.channels[2].unit == "g"
    assert signal.channels[0].nan_share == 0
    assert told.oddities == ()
    assert told.notes == ("hm (1 of 2 recordings)",)


def test_range_and_missing_readings() -> None:
    values = np.array([[1, 2, 3], [np.nan, 5, 7], [3, -4, np.nan], [0, 0, 0]], dtype=np.float32)
    told = describe([recording(values)])
    x, y, _ = told.signals[0].channels
    assert (x.least, x.most, x.mean, x.nan_share) == (0, 3, 4 / 3, 0.25)
    assert (y.least, y.most, y.mean, y.nan_share) == (-4, 5, 0.75, 0)
    assert "acc: 50.0% of readings are missing (NaN)" in told.oddities


def test_a_few_missing_readings_of_many_are_counted() -> None:
    values = still(1000)
    values[7] = np.nan
    told = describe([recording(values)])
    assert "acc: 1 of 10000 readings are missing (NaN)" in told.oddities


def test_a_channel_without_readings() -> None:
    values = still()
    values[:, 1] = np.nan
    channel = describe([recording(values)]).signals[0].channels[1]
    assert (channel.least, channel.most, channel.mean, channel.nan_share) == (None, None, None, 1)
    assert "no readings" in as_text(describe([recording(values)]))


def test_a_constant_channel_is_told() -> None:
    values = still()
    values[:, 1] = 0
    told = describe([recording(values), recording(still(), "s")])
    assert told.oddities == ("acc: acc_y never changes in 1 recording(s): r",)


def test_repeated_readings_are_told() -> None:
    told = describe([recording(np.repeat(still(), 4, axis=0))])
    assert told.oddities == (
        "acc: 75% of readings equal the one before (a slower or coarse source?)",
    )


def test_clipping_is_told_on_the_side_where_it_is() -> None:
    loud = np.random.default_rng(0).normal(0, 1, (2000, 3)).astype(np.float32)
    assert describe([recording(loud)]).oddities == ()
    clipped = loud.copy()
    clipped[:, 0] = np.minimum(loud[:, 0], 1)
    count = int((loud[:, 0] >= 1).sum())
    assert describe([recording(clipped)]).oddities == (
        f"acc: acc_x sits at 1 g in {count} readings (saturation?)",
    )
    clipped = np.maximum(loud, -1.5)
    assert [s.split(" in ")[0] for s in describe([recording(clipped)]).oddities] == [
        f"acc: acc_{axis} sits at -1.5 g" for axis in "xyz"
    ]


def test_a_coarse_tail_is_no_clipping() -> None:
    levels = np.arange(-120, 121)
    tail = np.repeat(levels, 10 * (121 - np.abs(levels))).astype(np.float32)  # 10 on each extreme
    shuffled = np.random.default_rng(0).permutation(tail)
    values = np.stack([shuffled, shuffled[::-1], np.roll(shuffled, 7)], axis=1)
    assert describe([recording(values)]).oddities == ()


def test_a_still_sensor_must_feel_one_g() -> None:
    assert describe([recording(still(gravity_g=0.97))]).oddities == ()
    (sentence,) = describe([recording(still(gravity_g=0.1))]).oddities
    assert sentence.startswith("acc: |a| is 0.10 g in 20 still seconds, not 1 g")
    channels = tuple(Channel(c.name, "m/s2") for c in XYZ)
    earth = Recording(
        "e",
        {"acc": Signal(still() * np.float32(9.80665), 10.0, channels)},
        "S1",
        (Span(0, 1, "a"),),
    )
    assert describe([earth]).oddities == ()


def test_short_unlabelled_nameless_and_uneven_recordings_are_told() -> None:
    long = [recording(still(20, seed=i), f"long_{i}") for i in range(3)]
    short = Recording("short", {"acc": Signal(still(4), 20.0, XYZ)})
    assert describe([*long, short]).oddities == (
        "1 recording(s) are shorter than half the median of 20 s: short",
        "1 recording(s) carry no label: short",
        "people are not known for 1 of 4 recordings",
        "acc: recordings have 2 different rates",
    )


def test_oddities_of_the_reader_are_added_up_and_events_counted() -> None:
    what = "reading(s) went back"
    tags = Events(np.array([1.0, 2.0]))
    signals = {"acc": Signal(still(), 10.0, XYZ)}
    of_a = (Oddity(what, 2, "a.csv, line 7"), Oddity("tag(s) lie outside", 1, "tags.csv, line 1"))
    a = Recording("a", signals, "S1", events={"tags": tags}, oddities=of_a)
    b = Recording("b", signals, "S2", events={"tags": tags}, oddities=(Oddity(what, 3, "b.csv"),))
    told = describe([a, b, Recording("c", signals, "S3")])
    assert told.oddities[:2] == (
        "5 reading(s) went back (in 2 of 3 recordings, first: a.csv, line 7)",
        "1 tag(s) lie outside (in 1 of 3 recordings, first: tags.csv, line 1)",
    )
    assert [(of.name, of.count, of.recordings) for of in told.events] == [("tags", 4, 2)]
    assert "tags: 4 events" in as_text(told)


def test_synthetic_recordings_are_told() -> None:
    signals = {"acc": Signal(still(), 10.0, XYZ)}
    told = describe([Recording("a", signals, "S1"), Recording("b", signals, "S1", synthetic=True)])
    assert "1 of 2 recordings are synthetic: no sensor made them" in told.oddities


def test_covariates_are_told_with_how_often_they_are_known() -> None:
    a = replace(recording(still(), "a"), covariates={"age": 23, "height_cm": 170})
    b = replace(recording(still(), "b"), covariates={"age": 61.5})
    told = describe([a, b, recording(still(), "c")])
    assert told.covariates == (
        CovariateSummary("age", 2, 23, 61.5),
        CovariateSummary("height_cm", 1, 170, 170),
    )
    assert "  age             known for 2 of 3 recordings, 23 .. 61.5" in as_text(told)
    assert told.to_json()["covariates"][0]["known"] == 2
    none = describe([recording(still())])
    assert none.covariates == ()
    assert "Covariates" not in as_text(none)


def test_covariates_of_windows_are_told() -> None:
    values = np.random.default_rng(0).normal(size=(3, 20, 1))
    covariates = {"age": [40, np.nan, 30], "bmi": [np.nan] * 3}
    told = describe_windows(
        windows_from_arrays(
            values, ["a"] * 3, rate_hz=10, channels=[("x", "g")], covariates=covariates
        )
    )
    assert told.covariates == (
        CovariateSummary("age", 2, 30, 40),
        CovariateSummary("bmi", 0, None, None),
    )
    text = as_text(told)
    assert "age             known for 2 of 3 windows, 30 .. 40" in text
    assert text.splitlines()[-1].endswith("bmi             known for 0 of 3 windows")


def test_windows_in_figures() -> None:
    values = np.random.default_rng(0).normal(size=(6, 20, 3))
    values[4] = 1
    windows = windows_from_arrays(
        values,
        ["walk"] * 4 + ["run"] * 2,
        rate_hz=10,
        channels=[(c.name, c.unit) for c in XYZ],
        subject=["A", "A", "B", "B", "A", "A"],
    ).with_provenance("made by hand")
    told = describe_windows(windows)
    assert (told.kind, told.windows, told.length_s, told.people, told.recordings) == (
        "windows",
        6,
        2,
        2,
        0,
    )
    assert told.minutes == pytest.approx(12 / 60)
    assert [(c.name, c.windows, c.people) for c in told.classes] == [("run", 2, 1), ("walk", 4, 2)]
    assert told.oddities == ("acc: 1 window(s) of 6 do not change at all",)
    assert told.notes == ("made by hand",)


def test_json_and_text_tell_the_same() -> None:
    told = describe([recording(still(), "a"), recording(still(), "b")])
    plain = json.loads(json.dumps(told.to_json()))
    assert plain["signals"][0]["channels"][0]["name"] == "acc_x"
    assert plain["classes"][0] == {
        "name": "rest",
        "minutes": 40 / 60,
        "recordings": 2,
        "people": 1,
        "windows": None,
    }
    text = as_text(told)
    for word in ("people      1", "recordings  2", "minutes     0.7", "acc: 10 Hz, 400 readings"):
        assert word in text
    assert "Oddities" not in text


def test_nothing_to_describe_is_an_error() -> None:
    with pytest.raises(DataError, match="no recordings to describe"):
        describe([])


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the recordings in ../shared/data")
def test_real_wrist_logs() -> None:
    told = describe(read(DATA / "st_pamap2_wrist"))
    assert (told.recordings, told.people, told.gaps) == (53, 0, 0)
    assert {c.name: c.recordings for c in told.classes} == {
        "stationary": 13,
        "walking": 14,
        "running": 13,
        "cycling": 13,
    }
    assert told.signals[0].rates_hz == (30,)
    assert not any("|a|" in sentence for sentence in told.oddities)
