import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wearsynth.data import UNITS, Gap, Oddity, Span, windows_from_arrays
from wearsynth.errors import DataError, FileError, FormatError
from wearsynth.formats import TableColumns, read
from wearsynth.formats.table import BEYOND_ROWS, EMPTY_ROWS, TIMELESS
from wearsynth.formats.table_columns import CONVERTED
from wearsynth.formats.table_pieces import PAUSED
from wearsynth.formats.timeline import BACKWARD, REPEATED
from wearsynth.tables import save_windows

X = (("x", "g"),)


def csv(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "log.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_rows_at_a_rate(tmp_path: Path) -> None:
    path = csv(tmp_path, "x,y,z,what", "1,2,3,walk", "4,5,6,walk", "7,8,9,run")
    columns = TableColumns((("x", "g"), ("y", "g"), ("z", "g")), label="what", rate_hz=2)
    (recording,) = read(path, columns=columns)
    acc = recording.signals["acc"]
    assert acc.values.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert acc.rate_hz == 2
    assert [(c.name, c.unit) for c in acc.channels] == [("x", "g"), ("y", "g"), ("z", "g")]
    assert recording.spans == (Span(0, 1, "walk"), Span(1, 1.5, "run"))
    assert (recording.name, recording.subject, recording.gaps) == ("log", None, ())
    assert recording.source == "log.csv"


def test_units_are_converted_and_kinds_kept_apart(tmp_path: Path) -> None:
    path = csv(tmp_path, "ax;ay;gx;eda", "1000;-500;180;0.5")
    channels = (("ax", "mg"), ("ay", "mg"), ("gx", "dps"), ("eda", "uS"))
    (recording,) = read(path, columns=TableColumns(channels, rate_hz=4, constant_label="rest"))
    assert list(recording.signals) == ["acc", "gyro", "eda"]
    np.testing.assert_allclose(recording.signals["acc"].values, [[1, -0.5]])
    np.testing.assert_allclose(recording.signals["gyro"].values, [[np.pi]], rtol=1e-6)
    assert recording.signals["gyro"].channels[0].unit == "rad/s"
    assert recording.signals["eda"].values.tolist() == [[0.5]]
    assert recording.spans == (Span(0, 0.25, "rest"),)


def test_time_gives_the_rate_and_jumps_are_gaps(tmp_path: Path) -> None:
    times = [100, 133, 167, 200, 300, 333]  # 30 Hz in whole ms; two readings are missing
    path = csv(tmp_path, "t,x,lab", *(f"{t},{i},a" for i, t in enumerate(times)))
    (recording,) = read(path, columns=TableColumns(X, time="t", time_unit="ms", label="lab"))
    acc = recording.signals["acc"]
    assert acc.rate_hz == pytest.approx(4 / 0.133, rel=1e-5)
    np.testing.assert_array_equal(acc.values[:, 0], [0, 1, 2, 3, np.nan, np.nan, 4, 5])
    assert recording.gaps == (Gap(4 / acc.rate_hz, 6 / acc.rate_hz),)
    assert recording.spans == (Span(0, 8 / acc.rate_hz, "a"),)


def test_the_given_rate_stands_and_a_doubt_is_noted(tmp_path: Path) -> None:
    path = csv(tmp_path, "t,x", "0,1", "0.1,2", "0.2,3", "0.2,4", "0.3,5")
    (recording,) = read(path, columns=TableColumns(X, time="t", rate_hz=11))
    assert recording.signals["acc"].rate_hz == 11
    assert recording.signals["acc"].values[:, 0].tolist() == [1, 2, 4, 5]
    assert recording.notes == ("measured 10 Hz, taken as 11 Hz",)
    assert recording.oddities == (Oddity(REPEATED, 1, "log.csv, line 5"),)
    (recording,) = read(path, columns=TableColumns(X, time="t", rate_hz=10.1))
    assert recording.notes == ()


def test_empty_cells_and_nan_are_gaps(tmp_path: Path) -> None:
    path = csv(tmp_path, "x,y", "1,1", ",2", "nan,3", "4,4", "5,NaN")
    columns = TableColumns((("x", "g"), ("y", "g")), rate_hz=1)
    (recording,) = read(path, columns=columns)
    assert recording.gaps == (Gap(1, 3), Gap(4, 5))
    assert len(recording.signals["acc"].values) == 5


def test_rows_without_a_label_are_in_no_span(tmp_path: Path) -> None:
    path = csv(tmp_path, "x,lab", "1,1", "2,", "3,1", "4,2")
    (recording,) = read(path, columns=TableColumns(X, label="lab", rate_hz=1))
    assert recording.spans == (Span(0, 1, "1"), Span(2, 3, "1"), Span(3, 4, "2"))


def test_a_change_of_subject_or_recording_begins_a_new_one(tmp_path: Path) -> None:
    rows = ["1,A,r1", "2,A,r1", "3,A,r2", "4,B,r2", "5,A,r1"]
    path = csv(tmp_path, "x,who,rec", *rows)
    by_both = read(path, columns=TableColumns(X, subject="who", recording="rec", rate_hz=1))
    assert [r.name for r in by_both] == ["A_r1", "A_r2", "B_r2", "A_r1_2"]
    assert [r.subject for r in by_both] == ["A", "A", "B", "A"]
    assert [len(r.signals["acc"].values) for r in by_both] == [2, 1, 1, 1]
    by_person = read(path, columns=TableColumns(X, subject="who", rate_hz=1))
    assert [r.name for r in by_person] == ["A", "B", "A_2"]
    by_recording = read(path, columns=TableColumns(X, recording="rec", rate_hz=1))
    assert [(r.name, r.subject) for r in by_recording] == [
        ("r1", None),
        ("r2", None),
        ("r1_2", None),
    ]


def test_a_step_back_and_a_very_long_gap_begin_a_new_one(tmp_path: Path) -> None:
    path = csv(tmp_path, "t,x", *(f"{t},1" for t in (0, 1, 2, 1000, 1001, 5, 6)))
    recordings = read(path, columns=TableColumns(X, time="t"))
    assert [(r.name, len(r.signals["acc"].values)) for r in recordings] == [
        ("log", 3),
        ("log_2", 2),
        ("log_3", 2),
    ]
    assert all(r.gaps == () for r in recordings)
    assert [r.oddities for r in recordings] == [
        (),
        (Oddity(PAUSED, 1, "log.csv, line 5"),),
        (Oddity(BACKWARD, 1, "log.csv, line 7"),),
    ]


def test_rows_of_people_who_take_turns_are_put_together(tmp_path: Path) -> None:
    rows = [f"{t},{t + shift},{who}" for t in range(30) for who, shift in (("a", 0), ("b", 50))]
    path = csv(tmp_path, "t,x,who", *rows, "20,7,a", "21,7,a")
    recordings = read(path, columns=TableColumns(X, time="t", subject="who"))
    assert [(r.name, r.subject) for r in recordings] == [("a", "a"), ("a_2", "a"), ("b", "b")]
    assert recordings[0].signals["acc"].values[:, 0].tolist() == list(range(30))
    assert recordings[2].signals["acc"].values[:, 0].tolist() == list(range(50, 80))
    assert recordings[1].oddities == (Oddity(BACKWARD, 1, "log.csv, line 62"),)
    assert "rows of 2 subjects or recordings take turns: put together" in recordings[0].notes
    untimed = read(path, columns=TableColumns(X, subject="who", rate_hz=1))
    assert [(r.name, len(r.signals["acc"].values)) for r in untimed] == [("a", 32), ("b", 30)]


def test_a_person_seen_again_later_stays_one_recording_where_times_tell(tmp_path: Path) -> None:
    rows = [f"{t},{t},{'b' if 3 <= t < 6 else 'a'}" for t in range(9)]
    a, b = read(csv(tmp_path, "t,x,w", *rows), columns=TableColumns(X, time="t", subject="w"))
    np.testing.assert_array_equal(
        a.signals["acc"].values[:, 0], [0, 1, 2, np.nan, np.nan, np.nan, 6, 7, 8]
    )
    assert (a.gaps, b.gaps) == ((Gap(3, 6),), ())


def test_shuffled_rows_are_refused_with_a_remedy(tmp_path: Path) -> None:
    order = np.random.default_rng(0).permutation(100)
    path = csv(tmp_path, "t,x", *(f"{i / 25},{i}" for i in order))
    with pytest.raises(FormatError, match=r"line \d+: .* go back in time. Sort the rows by time"):
        read(path, columns=TableColumns(X, time="t"))


def test_a_time_for_each_packet_is_refused_with_a_remedy(tmp_path: Path) -> None:
    path = csv(tmp_path, "t,x", *(f"{i // 10 / 2.5},{i}" for i in range(100)))
    with pytest.raises(FormatError, match=r"line 3: .*repeat the time.* give the rate"):
        read(path, columns=TableColumns(X, time="t"))


def test_infinite_and_impossible_readings_are_gaps_and_told(tmp_path: Path) -> None:
    path = csv(tmp_path, "# c", "", "x,y", "1,1", "inf,2", "", "2,-1e300", "3,", "4,1")
    (recording,) = read(path, columns=TableColumns((("x", "g"), ("y", "mg")), rate_hz=1))
    np.testing.assert_array_equal(recording.signals["acc"].values[:, 0], [1, np.nan, 2, 3, 4])
    assert recording.gaps == (Gap(1, 4),)
    assert recording.oddities == (
        Oddity(EMPTY_ROWS, 1, "log.csv, line 8"),
        Oddity(BEYOND_ROWS, 2, "log.csv, line 5"),
    )


def test_rows_without_a_time_are_left_out_and_told(tmp_path: Path) -> None:
    path = csv(tmp_path, "t,x", "0,1", ",2", "1,3", "nan,4", "2,5")
    (recording,) = read(path, columns=TableColumns(X, time="t"))
    assert recording.signals["acc"].values[:, 0].tolist() == [1, 3, 5]
    assert recording.oddities == (Oddity(TIMELESS, 2, "log.csv, line 3"),)


def test_uneven_slow_readings_lie_on_lines_and_the_spread_is_told(tmp_path: Path) -> None:
    times = [0, 5, 10, 25, 30, 35, 40, 100, 105]
    path = csv(tmp_path, "t,hr,l", *(f"{t},{60 + t},{'a' if t < 30 else 'b'}" for t in times))
    columns = TableColumns((("hr", "bpm"),), time="t", label="l")
    (recording,) = read(path, columns=columns)
    assert recording.signals["hr"].rate_hz == 0.2
    known = [60.0 + 5 * i for i in range(9)]
    np.testing.assert_array_equal(
        recording.signals["hr"].values[:, 0], [*known, *[np.nan] * 11, 160, 165]
    )
    assert recording.spans == (Span(0, 30, "a"), Span(30, 110, "b"))
    assert recording.notes == (
        "steps between rows are uneven (90 % of them 5 to 44.2 s, median 5 s): readings at 0.2 Hz "
        "lie on straight lines between rows up to 15 s apart, longer steps are gaps",
    )


def test_jittered_times_keep_their_readings(tmp_path: Path) -> None:
    jitter = np.random.default_rng(0).uniform(-0.002, 0.002, 200)
    path = csv(tmp_path, "t,x", *(f"{i * 0.01 + j:.6f},{i}" for i, j in enumerate(jitter)))
    (recording,) = read(path, columns=TableColumns(X, time="t"))
    assert recording.signals["acc"].values[:, 0].tolist() == list(range(200))
    assert recording.signals["acc"].rate_hz == pytest.approx(100, rel=2e-3)
    assert recording.notes == ()


def test_recordings_of_another_rate_keep_it(tmp_path: Path) -> None:
    rows = [f"{i / 50:.2f},1,a" for i in range(60)] + [f"{i / 100:.2f},1,b" for i in range(60)]
    path = csv(tmp_path, "t,x,w", *rows, *(f"{i / 50.5:.6f},1,c" for i in range(60)))
    recordings = read(path, columns=TableColumns(X, time="t", subject="w"))
    assert [r.signals["acc"].rate_hz for r in recordings] == pytest.approx([50.5, 100, 50.5])


def test_readings_in_steps_of_many_seconds_raise_a_doubt(tmp_path: Path) -> None:
    path = csv(tmp_path, "t,x", *(f"{40 * i},1" for i in range(9)))
    (recording,) = read(path, columns=TableColumns(X, time="t"))
    assert recording.notes == ("readings in g lie 40 s apart: is time_unit 's'?",)


def test_a_clock_with_hardly_any_rows_is_refused(tmp_path: Path) -> None:
    rows = (f"{i // 2 * 500 + i % 2 * 0.001:.3f},1" for i in range(2000))
    with pytest.raises(FormatError, match="nearly all readings would be missing"):
        read(csv(tmp_path, "t,x", *rows), columns=TableColumns(X, time="t"))


def test_a_folder_of_files_is_one_set(tmp_path: Path) -> None:
    for who, label, rate in (("anna", "walk", 50.0), ("anna", "rest", 50.2), ("ben", "walk", 100)):
        place = tmp_path / "set" / who / f"{label}.csv"
        place.parent.mkdir(parents=True, exist_ok=True)
        rows = [f"{i / rate:.6f},{i}" for i in range(40)]
        place.write_text("\n".join(["t,x", *rows[:20], *rows[25:]]))
    (tmp_path / "set" / "readme.txt").write_text("not a table")
    columns = TableColumns(X, time="t", label="{file}", subject="{folder}")
    recordings = read(tmp_path / "set", columns=columns)
    assert [(r.name, r.subject, r.spans[0].label) for r in recordings] == [
        ("anna/rest", "anna", "rest"),
        ("anna/walk", "anna", "walk"),
        ("ben/walk", "ben", "walk"),
    ]
    assert [r.signals["acc"].rate_hz for r in recordings] == pytest.approx(
        [50.2, 50.2, 100], rel=1e-4
    )
    assert [r.gaps[0].start_s for r in recordings] == pytest.approx(
        [20 / 50.2, 20 / 50.2, 0.2], rel=1e-4
    )
    assert {len(r.signals["acc"].values) for r in recordings} == {40}
    by_path = read(tmp_path / "set", columns=TableColumns(X, time="t"))
    assert [(r.name, r.subject) for r in by_path] == [
        ("anna/rest", None),
        ("anna/walk", None),
        ("ben/walk", None),
    ]
    with pytest.raises(
        FormatError, match=r"walk.csv: has no column 'y'|rest.csv: has no column 'y'"
    ):
        read(tmp_path / "set", columns=TableColumns((("y", "g"),), time="t"))
    (tmp_path / "none").mkdir()
    with pytest.raises(FormatError, match=r"holds no table .*Name a file"):
        read(tmp_path / "none", columns=TableColumns(X, time="t"))


def test_every_unit_has_a_signal(tmp_path: Path) -> None:
    channels = tuple((f"c{i}", unit) for i, unit in enumerate((*UNITS, *CONVERTED)))
    path = csv(tmp_path, ",".join(name for name, _ in channels), ",".join("1" * len(channels)))
    (recording,) = read(path, columns=TableColumns(channels, rate_hz=1))
    assert {c.unit for s in recording.signals.values() for c in s.channels} == set(UNITS)


def test_lines_before_the_header_are_skipped(tmp_path: Path) -> None:
    path = csv(tmp_path, "# made by hand", "", "x\ty", "1\t2")
    (recording,) = read(path, columns=TableColumns((("y", "g"),), rate_hz=1))
    assert recording.signals["acc"].values.tolist() == [[2]]


def test_parquet_with_time_stamps(tmp_path: Path) -> None:
    begun = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    stamps = [begun + datetime.timedelta(milliseconds=40 * i) for i in range(5)]
    table = pa.table({"when": stamps, "x": [1, 2, None, 4, 5], "who": [7, 7, 7, 7, 7]})
    pq.write_table(table, tmp_path / "log.parquet")
    columns = TableColumns(X, time="when", subject="who")
    (recording,) = read(tmp_path / "log.parquet", columns=columns)
    assert recording.signals["acc"].rate_hz == 25
    assert recording.subject == "7"
    assert recording.gaps == (Gap(0.08, 0.12),)


@pytest.mark.parametrize(
    ("lines", "columns", "message"),
    [
        (["acc_x,y", "1,2"], TableColumns((("accx", "g"),), rate_hz=1), "Did you mean 'acc_x'"),
        (["x,x", "1,2"], TableColumns(X, rate_hz=1), "2 columns 'x'"),
        (["x,y", "1,2", "oops,3"], TableColumns(X, rate_hz=1), r"log.csv, line 3: .*'oops'"),
        (["x,y", "1,2", "1"], TableColumns(X, rate_hz=1), "line 3: expected 2 columns, got 1"),
        (["x,y"], TableColumns(X, rate_hz=1), "no rows"),
        ([""], TableColumns(X, rate_hz=1), "no header line"),
        (["x,t", "1,a"], TableColumns(X, time="t"), "line 2: expected a number or an ISO 8601"),
        (["x,t", "1,"], TableColumns(X, time="t"), "no row has a 't'"),
        (["x,t", "1,5", "2,5"], TableColumns(X, time="t"), "never advance"),
        (["x,t", "1,5"], TableColumns(X, time="t"), "never advance"),
        (["x,y", "g,g", "1,2"], TableColumns(X, rate_hz=1), "line of units, remove it"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(
    tmp_path: Path, lines: list[str], columns: TableColumns, message: str
) -> None:
    with pytest.raises(FormatError, match=message):
        read(csv(tmp_path, *lines), columns=columns)


def test_wrong_parquet_files(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"x": ["a", "b"]}), path)
    with pytest.raises(FormatError, match="'x' must hold numbers"):
        read(path, columns=TableColumns(X, rate_hz=1))
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(FormatError, match="not a whole Parquet file"):
        read(path, columns=TableColumns(X, rate_hz=1))
    with pytest.raises(FileError, match="no such file"):
        read(tmp_path / "none.csv", columns=TableColumns(X, rate_hz=1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TableColumns((), rate_hz=1), "at least one channel"),
        (lambda: TableColumns((("x", "G"),), rate_hz=1), "unknown unit 'G'"),
        (lambda: TableColumns(X), "rate_hz must be given"),
        (lambda: TableColumns(X, rate_hz=0.0), "rate_hz must be above 0"),
        (lambda: TableColumns(X, time="t", time_unit="sec"), "unknown time unit"),
        (lambda: TableColumns(X, rate_hz=1, label="a", constant_label="b"), "not both"),
        (
            lambda: TableColumns(X, rate_hz=1, subject="who", covariates=(("id", "who"),)),
            "covariate 'id': column 'who' is read as text already",
        ),
        (lambda: TableColumns(X, rate_hz=1, covariates=(("", "a"),)), "'a' needs a name"),
        (
            lambda: TableColumns(X, rate_hz=1, covariates=(("age", "a"), ("age", "b"))),
            "covariate names must differ",
        ),
    ],
)
def test_wrong_columns_are_refused(make: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        make()  # type: ignore[operator]


def test_a_log_that_tells_no_rate_takes_the_given_one(tmp_path: Path) -> None:
    place = tmp_path / "data" / "0_walking" / "log_0.csv"
    place.parent.mkdir(parents=True)
    rows = "\n".join(f"{i},0,1000" for i in range(8))
    place.write_text(f"acc_x[mg],acc_y[mg],acc_z[mg]\n{rows}\n")
    with pytest.raises(FormatError, match="rate stands nowhere"):
        read(tmp_path)
    (recording,) = read(tmp_path, source_rate_hz=26)
    assert recording.signals["acc"].rate_hz == 26
    with pytest.raises(DataError, match="source_rate_hz is for 'memsstudio'"):
        read("basic_motions", source_rate_hz=26)
    with pytest.raises(DataError, match="source_rate_hz is for 'memsstudio'"):
        read(place, columns=TableColumns((("acc_x[mg]", "mg"),), rate_hz=1), source_rate_hz=26)


def test_a_windows_file_is_told_to_be_cut_already(tmp_path: Path) -> None:
    windows = windows_from_arrays(np.zeros((2, 3, 1)), ["a", "b"], rate_hz=1, channels=[("x", "g")])
    save_windows(windows, tmp_path / "w.parquet")
    with pytest.raises(FormatError, match="holds windows, not recordings"):
        read(tmp_path / "w.parquet")
