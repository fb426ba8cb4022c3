"""The time column of a table: exact numbers, stamps, units told apart."""

import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wearsynth.data import Recording
from wearsynth.errors import FormatError
from wearsynth.formats import TableColumns, read
from wearsynth.formats.table_files import Block, Places
from wearsynth.formats.table_times import NO_ZONE, times_of

X = (("x", "g"),)
MAY_DAY_S = 1_714_557_600  # 2024-05-01T10:00:00Z


def recorded(folder: Path, times: list[str], **more: str) -> Recording:
    path = folder / "log.csv"
    path.write_text("t,x\n" + "".join(f'"{time}",{i}\n' for i, time in enumerate(times)))
    (recording,) = read(path, columns=TableColumns(X, time="t", **more))  # type: ignore[arg-type]
    return recording


def block(columns: dict[str, pa.Array]) -> Block:
    return Block(columns, Places(Path("log.csv"), "line", 2))


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    start=st.integers(-(2**62), 2**62),
    steps=st.lists(st.integers(1, 10**9), min_size=1, max_size=20),
    kind=st.sampled_from(["text", "int64"]),
)
def test_nanoseconds_lose_nothing(start: int, steps: list[int], kind: str) -> None:
    times = start + np.cumsum([0, *steps])
    column = pa.array([str(t) for t in times]) if kind == "text" else pa.array(times)
    first, clock = times_of(block({"t": column[:2]}), "t", "ns", None)
    others, _ = times_of(block({"t": column[2:]}), "t", "ns", clock)
    np.testing.assert_array_equal(np.append(first, others), (times - start) / 10**9)


@pytest.mark.parametrize(
    ("unit", "per_second", "text"),
    [("s", 1, "{:.9f}"), ("ms", 10**3, "{}"), ("us", 10**6, "{}"), ("ns", 10**9, "{}")],
)
def test_unix_times_in_every_unit_give_rate_and_start(
    tmp_path: Path, unit: str, per_second: int, text: str
) -> None:
    ticks = [(MAY_DAY_S * 1000 + 40 * i) for i in range(5)]  # ms
    times = [text.format(t / 1000 if unit == "s" else t * per_second // 1000) for t in ticks]
    recording = recorded(tmp_path, times, time_unit=unit)
    assert recording.signals["acc"].rate_hz == 25
    assert recording.start_unix_s == MAY_DAY_S


def test_decimals_keep_what_float64_would_lose(tmp_path: Path) -> None:
    times = [f"1700000000.{123456789 + i * 500_000:09d}" for i in range(4)]  # 2 kHz
    time_s, _ = times_of(block({"t": pa.array(times)}), "t", "s", None)
    np.testing.assert_array_equal(time_s, np.arange(4) * 5e-4)


@pytest.mark.parametrize(
    ("times", "start_unix_s", "zone"),
    [
        (["2024-05-01T10:00:00Z", "2024-05-01T10:00:00.5Z", "2024-05-01T12:00:01+02:00"], 0, True),
        (["2024-05-01 05:00:00 -0500", "2024-05-01 05:00:00.5 -0500"], 0, True),
        (["2024-05-01 10:00:00", "2024-05-01 10:00:00.500000", "2024-05-01 10:00:01"], 0, False),
        (["2024/05/01 10:00:00,25", "2024/05/01 10:00:00,75"], 0.25, False),
        (
            ["2024-05-01T10:00:00.123456789123Z", "2024-05-01T10:00:00.623456789999Z"],
            0.123456789,
            True,
        ),
    ],
)
def test_stamps_with_and_without_zone(
    tmp_path: Path, times: list[str], start_unix_s: float, zone: bool
) -> None:
    recording = recorded(tmp_path, times)
    assert recording.signals["acc"].rate_hz == 2
    assert recording.start_unix_s == pytest.approx(MAY_DAY_S + start_unix_s, abs=1e-6)
    assert recording.notes == (() if zone else (NO_ZONE,))


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (["2024-05-01 10:00:00", "2024-05-01 10:00:01Z"], "line 3: some time stamps have a zone"),
        (["2024-05-01 10:00:00", "2024-02-31 10:00:00"], "line 3: there is no such time"),
        (["2024-05-01 10:00:00", "12.5"], "line 3: expected a number or an ISO 8601 stamp"),
        (["5/1/2024 10:00:00"], "line 2: expected a number or an ISO 8601 .*give the rate"),
        (["1", "2", "3x"], "line 4: expected a number, got '3x'"),
        (["1700000000000", "1700000000040"], r"40 s apart .*'s'.* Is it 'ms' \(25 Hz\)"),
        (["0", "40000", "80000"], r"40000 s apart .*Is it 'us' \(25 Hz\)\? Then set time_unit"),
        (["1700000000123456789", "1700000000133456789"], r"Is it 'ns' \(100 Hz\)"),
        (["1e200", "2e200"], "Check the time column and its unit"),
    ],
)
def test_times_that_cannot_be(tmp_path: Path, times: list[str], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        recorded(tmp_path, times)


def test_seconds_told_as_milliseconds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"25000 Hz\) with time_unit 'ms'. Is it 's' \(25 Hz\)"):
        recorded(tmp_path, [f"{i * 0.04:.2f}" for i in range(5)], time_unit="ms")


def test_counts_from_another_zero_have_no_start(tmp_path: Path) -> None:
    assert recorded(tmp_path, ["1080000000", "1080000001"]).start_unix_s is None  # Garmin's 2024
    assert recorded(tmp_path, ["0", "1"]).start_unix_s is None
    boot = [str(3 * 10**12 + 10**7 * i) for i in range(3)]  # ns since the phone began
    assert recorded(tmp_path, boot, time_unit="ns").start_unix_s is None


def test_later_recordings_know_when_they_began(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("t,x\n" + "".join(f"{MAY_DAY_S + t},1\n" for t in (0, 1, 2, 1000, 1001)))
    recordings = read(path, columns=TableColumns(X, time="t"))
    assert [r.start_unix_s for r in recordings] == [MAY_DAY_S, MAY_DAY_S + 1000]


@pytest.mark.parametrize(
    "kind",
    [
        pa.timestamp("s"),
        pa.timestamp("us", "Europe/Vienna"),
        pa.duration("s"),
        pa.int32(),
        pa.uint64(),
        pa.float32(),
        pa.decimal128(20, 3),
        pa.large_string(),
    ],
)
def test_every_kind_of_parquet_time(tmp_path: Path, kind: pa.DataType) -> None:
    seconds = [0, 2, 4, None, 8]
    values: list[object] = list(seconds)
    if pa.types.is_timestamp(kind):
        begun = datetime.datetime(2024, 5, 1, 10, tzinfo=datetime.UTC if kind.tz else None)
        values = [None if s is None else begun + datetime.timedelta(seconds=s) for s in seconds]
    elif pa.types.is_large_string(kind):
        values = [None if s is None else str(s) for s in seconds]
    pq.write_table(
        pa.table({"t": pa.array(values, kind), "x": [0, 1, 2, 3, 4]}), tmp_path / "p.parquet"
    )
    (recording,) = read(tmp_path / "p.parquet", columns=TableColumns(X, time="t"))
    np.testing.assert_array_equal(recording.signals["acc"].values[:, 0], [0, 1, 2, np.nan, 4])
    assert recording.signals["acc"].rate_hz == 0.5
    assert (recording.start_unix_s is not None) == pa.types.is_timestamp(kind)


def test_a_parquet_column_without_times_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"t": [[1], [2]], "x": [1, 2]}), tmp_path / "p.parquet")
    with pytest.raises(FormatError, match=r"column 't' \(list.* holds no times"):
        read(tmp_path / "p.parquet", columns=TableColumns(X, time="t"))
