from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from e4_toys import AXES, RATES_HZ, T0, content, recording, signal, toy
from wearsynth.data import Events, Recording, Signal, Span, windows_from_arrays
from wearsynth.errors import DataError
from wearsynth.formats import read
from wearsynth.formats.e4_sessions import folder_name
from wearsynth.formats.e4_writer import write
from wearsynth.windowing import cut_windows


def test_missing_readings_at_the_ends_move_the_start_and_the_end(tmp_path: Path) -> None:
    nan = np.nan
    eda = signal("eda", [nan, nan, 1, 2, nan])
    export = write([recording(signals={"eda": eda, "hr": signal("hr", [60])})], tmp_path / "out")
    assert (tmp_path / "out/S02/EDA.csv").read_text() == (
        "1644227574.500000\n4.000000\n1.000000\n2.000000\n"
    )
    assert export.sessions == ("S02",)
    assert export.notes == ("3 missing reading(s) of eda, not written (first in S02).",)


def test_gaps_that_share_a_moment_part_a_recording_once(tmp_path: Path) -> None:
    """eda lacks 2..4 s, temp 3..6 s, hr nothing: one cut does for both, and no reading is lost."""
    eda, temp = np.arange(40.0), np.arange(40.0)
    eda[8:16] = temp[12:24] = np.nan
    parts = recording(
        signals={
            "eda": signal("eda", eda),
            "temp": signal("temp", temp),
            "hr": signal("hr", np.arange(10) + 50),
        },
        spans=(Span(1.0, 9.0, "rest"),),
        events={"tags": Events(np.array([1.5, 4.0, 5.0]))},
    )
    export = write([parts], tmp_path / "out")
    assert export.sessions == ("S02/part1", "S02/part2")
    assert export.notes == (
        "8 missing reading(s) of eda, not written (first in S02/part1).",
        "12 missing reading(s) of temp, not written (first in S02/part1).",
        "2 session(s) are parts of a recording that has missing readings inside "
        "(first in S02/part1).",
    )
    first, second = read(tmp_path / "out")
    assert (first.name, second.name) == ("S02_part1", "S02_part2")
    assert first.subject == second.subject == "S02"
    assert second.start_unix_s == T0 + 4
    assert {n: (s.start_s, s.end_s) for n, s in first.signals.items()} == {
        "eda": (0, 2),
        "temp": (0, 3),
        "hr": (0, 4),
    }
    assert {n: (s.start_s, s.end_s) for n, s in second.signals.items()} == {
        "eda": (0, 6),
        "temp": (2, 6),
        "hr": (0, 6),
    }
    assert [s.spans for s in (first, second)] == [
        (Span(1.0, 4.0, "rest"),),
        (Span(0.0, 5.0, "rest"),),
    ]
    assert [s.events["tags"].times_s.tolist() for s in (first, second)] == [[1.5], [0.0, 1.0]]


def test_gaps_that_touch_part_a_recording_once(tmp_path: Path) -> None:
    eda, temp = np.arange(20.0), np.arange(20.0)
    eda[4:8] = temp[8:12] = np.nan
    both = recording(signals={"eda": signal("eda", eda), "temp": signal("temp", temp)}, spans=())
    assert len(write([both], tmp_path / "out").sessions) == 2


def test_a_part_without_a_signal_goes_without_its_file(tmp_path: Path) -> None:
    eda = np.array([1, np.nan, 1, np.nan, 1])
    temp = np.array([30, 30, np.nan, np.nan, np.nan])
    both = recording(signals={"eda": signal("eda", eda), "temp": signal("temp", temp)}, spans=())
    assert len(write([both], tmp_path / "out").sessions) == 3
    assert sorted(p.name for p in (tmp_path / "out/S02/part3").glob("*E*.csv")) == ["EDA.csv"]


def test_people_and_names_come_back(tmp_path: Path) -> None:
    wanted = [("p1-monday", "p1"), ("p1-friday", "p1"), ("p2", "p2"), ("p3/log:1", "p3")]
    rows = [*wanted, ("P2", None), ("n1", None)]
    different = [signal("hr", [60 + row]) for row in range(len(rows))]  # else they are copies
    export = write(
        [
            recording(name=name, subject=subject, signals={"hr": hr})
            for (name, subject), hr in zip(rows, different, strict=True)
        ],
        tmp_path / "out",
    )
    assert export.sessions == ("p1/p1-monday", "p1/p1-friday", "p2", "p3/p3_log_1", "P2_2", "n1")
    back = {(r.name, r.subject) for r in read(tmp_path / "out")}
    assert {("p1-monday", "p1"), ("p1-friday", "p1"), ("p2", "p2"), ("p3_log_1", "p3")} <= back


@pytest.mark.parametrize(
    ("name", "folder"),
    [("S02", "S02"), ("a/b\\c:d", "a_b_c_d"), ("..", "session"), ("x. ", "x"), ("a\nb", "a_b")],
)
def test_names_that_a_system_cannot_take(name: str, folder: str) -> None:
    assert folder_name(name) == folder


def test_a_source_without_time_starts_at_a_fixed_one(tmp_path: Path) -> None:
    late = {"eda": signal("eda", [1, 2], start_s=7), "hr": signal("hr", [60], start_s=17)}
    export = write([recording(signals=late, start_unix_s=None)], tmp_path / "out")
    assert (tmp_path / "out/S02/EDA.csv").read_text().startswith("946684800.000000\n")
    assert (tmp_path / "out/S02/HR.csv").read_text().startswith("946684810.000000\n")
    note = (
        "The source tells no time: sessions start at 2000-01-01 00:00 UTC, a person's next one a "
        "day later."
    )
    assert export.notes == (note,)
    assert note in (tmp_path / "out/S02/info.txt").read_text()


def test_a_person_s_recordings_without_time_do_not_overlap(tmp_path: Path) -> None:
    nan = np.nan
    broken = {"eda": signal("eda", [1, nan, 3], start_s=5)}
    first = recording(name="p1-a", subject="p1", signals=broken, start_unix_s=None)
    second = recording(name="p1-b", subject="p1", start_unix_s=None)
    write([first, second], tmp_path / "out")
    back = read(tmp_path / "out")
    assert [(r.name, r.start_unix_s) for r in back] == [
        ("p1-a_part1", 946_684_800.0),
        ("p1-a_part2", 946_684_800.5),
        ("p1-b", 946_684_800.0 + 86_400),
    ]
    assert not any("before the person's last" in o.what for r in back for o in r.oddities)


def test_windows_become_a_session_a_person(tmp_path: Path) -> None:
    export = write(toy(), tmp_path / "out")
    assert export.sessions == ("p1", "p2")
    p1 = content(tmp_path / "out" / "p1")
    rows = [f"{n},{n},{n}" for n in range(4) for _ in range(64)]
    assert p1["ACC.csv"].decode().splitlines()[2:] == rows
    assert p1["labels.csv"] == (
        b"start_s,end_s,label\n0.0,2.0,rest\n2.0,4.0,rest\n4.0,6.0,stress\n6.0,8.0,rest\n"
    )
    assert p1["tags.csv"] == b"946684804.00\n946684806.00\n"
    joins = (
        "Windows of 2 s stand one after another: the signals are not continuous where two of them "
        "meet."
    )
    assert joins in export.notes
    assert joins.encode() in p1["info.txt"]
    assert (
        "1 window(s) overlap the one before in their source: the readings they share stand twice "
        "(first in p2)." in export.notes
    )
    first, second = read(tmp_path / "out")
    assert (first.subject, second.subject) == ("p1", "p2")
    of_windows = ("rest", "rest", "stress", "rest")
    assert first.spans == tuple(Span(2 * n, 2 * n + 2, name) for n, name in enumerate(of_windows))
    assert not (first.synthetic or second.synthetic)
    np.testing.assert_array_equal(first.signals["eda"].values[:, 0], np.repeat(np.arange(4), 8))


def test_windows_without_people_go_by_recording_or_class(tmp_path: Path) -> None:
    by_recording = toy(subject=None, recording=["a", "a", "b", "b", "b", "b"])
    assert write(by_recording, tmp_path / "a").sessions == ("a", "b")
    for changes in ({"recording": list("abcdef")}, {"start_s": [6, 0, 2, 4, 9, 0]}):
        export = write(toy(**changes), tmp_path / next(iter(changes)))
        assert "overlap" not in "".join(export.notes)
    synthetic = toy(subject=None, recording=None, start_s=None, synthetic=True)
    export = write(synthetic, tmp_path / "b")
    assert export.sessions == ("rest", "stress")
    told = "6 window(s) are synthetic: no sensor recorded them (first in rest)."
    assert told in export.notes
    assert "1 window(s) are synthetic" in (tmp_path / "b/stress/info.txt").read_text()
    back = read(tmp_path / "b")
    assert [(r.name, r.subject, r.synthetic) for r in back] == [
        ("rest", None, True),
        ("stress", None, True),
    ]
    assert cut_windows(back, length_s=2, stride_s=1).synthetic.all()
    assert "overlap" not in "".join(export.notes)


def test_windows_of_unequal_length_are_one_sentence(tmp_path: Path) -> None:
    odd = windows_from_arrays(
        {
            "acc": (np.zeros((1, 67, 3)), 32, [(a, "g") for a in AXES]),
            "eda": (np.zeros((1, 8, 1)), 4, [("eda", "uS")]),
        },
        ["rest"],
    )
    with pytest.raises(DataError) as caught:
        write(odd, tmp_path / "out")
    assert str(caught.value) == (
        "a window holds 2.09375 s of acc but 2 s of eda, so windows cannot stand one after another. "
        "Cut windows whose length is a whole number of readings of each signal, such as 2 s."
    )
    with pytest.raises(DataError, match="nothing to write"):
        write(toy().select(np.zeros(6, dtype=bool)), tmp_path / "out")


NUMBERS = {
    "acc": st.integers(-128, 127).map(lambda n: n / 64),
    "bvp": st.integers(-200_000, 200_000).map(lambda n: n / 100),
    "eda": st.integers(0, 99_999_999).map(lambda n: n / 1e6),
    "temp": st.integers(-4000, 11_500).map(lambda n: n / 100),
    "hr": st.integers(0, 30_000).map(lambda n: n / 100),
}


@st.composite
def signals(draw: st.DrawFn, name: str) -> Signal:
    count = draw(st.integers(1, 12))
    width = 3 if name == "acc" else 1
    values = draw(st.lists(NUMBERS[name], min_size=count * width, max_size=count * width))
    array = np.array(values, dtype=np.float32).reshape(count, width)
    missing = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    array[missing, draw(st.integers(0, width - 1))] = draw(st.sampled_from([np.nan, np.inf]))
    own = signal(name, array, start_s=draw(st.integers(0, 200)) / 64)
    return replace(own, rate_hz=own.rate_hz * draw(st.sampled_from([1, 1, 10 / 3])))


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    names = draw(st.lists(st.sampled_from(list(RATES_HZ)), min_size=1, unique=True))
    own = {name: draw(signals(name)) for name in names}
    edges = sorted(draw(st.sets(st.integers(0, 900), min_size=2, max_size=6)))
    spans = tuple(
        Span((a + 0.5) / 64, (b + 0.5) / 64, draw(st.sampled_from("ab")))
        for a, b in zip(edges[::2], edges[1::2], strict=False)
    )
    at_s = np.array(sorted(draw(st.sets(st.integers(0, 1500), max_size=5)))) / 100
    tags = Events(at_s.astype(np.float64))
    ibi = Events(tags.times_s, np.full(len(at_s), 0.75), "s")
    return Recording(
        name="S02",
        subject="S02",
        signals=own,
        spans=spans,
        events={"tags": tags, "ibi": ibi},
        start_unix_s=draw(st.sampled_from([T0, T0 + 0.5])),
    )


def readings(parts: Sequence[Recording]) -> list[tuple[str, float, tuple[float, ...], str]]:
    """Every reading that is not missing: signal, time in seconds after T0, values, label."""
    found = []
    for part in parts:
        for name, own in part.signals.items():
            for index in np.flatnonzero(np.isfinite(own.values).all(axis=1)).tolist():
                at_s = own.start_s + index / own.rate_hz
                label = "".join(s.label for s in part.spans if s.start_s <= at_s < s.end_s)
                after_s = at_s + (part.start_unix_s or 0) - T0
                found.append((name, after_s, tuple(own.values[index].tolist()), label))
    return sorted(found)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(given_one=recordings(), zipped=st.booleans())
def test_no_reading_is_lost_moved_changed_or_made_up(
    tmp_path_factory: pytest.TempPathFactory, given_one: Recording, zipped: bool
) -> None:
    wanted = readings([given_one])
    out = tmp_path_factory.mktemp("e4") / "out"
    if not wanted:
        with pytest.raises(DataError, match="nothing to write"):
            write([given_one], out, zipped=zipped)
        return
    write([given_one], out, zipped=zipped)
    back = read(out)
    found = readings(back)
    assert [(name, *rest) for name, _, *rest in found] == [(n, *rest) for n, _, *rest in wanted]
    np.testing.assert_allclose(
        [row[1] for row in found], [row[1] for row in wanted], rtol=0, atol=2e-6
    )
    assert all(np.isfinite(own.values).all() for part in back for own in part.signals.values())
    for kind in ("tags", "ibi"):
        wanted_s = [at_s for at_s in moments([given_one], kind) if covered(at_s, back)]
        assert moments(back, kind) == wanted_s


def moments(parts: Sequence[Recording], kind: str) -> list[float]:
    """Give when events came, in seconds after T0."""
    return sorted(
        round(time_s + (part.start_unix_s or 0) - T0, 2)
        for part in parts
        for time_s in part.events[kind].times_s.tolist()
    )


def covered(moment_s: float, parts: Sequence[Recording]) -> bool:
    """Say whether the part that a moment, in seconds after T0, falls to has readings then."""
    edges = sorted(
        (start_s, start_s + max(own.end_s for own in part.signals.values()))
        for part in parts
        for start_s in ((part.start_unix_s or 0) - T0,)
    )
    ends = [end_s for start_s, end_s in edges if start_s <= moment_s]
    return bool(ends) and moment_s <= ends[-1]
