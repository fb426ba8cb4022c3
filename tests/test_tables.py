import json
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wearsynth.data import Windows, windows_from_arrays
from wearsynth.errors import DataError, FileError, FormatError, WearsynthError
from wearsynth.tables import (
    from_arrow,
    is_windows_file,
    load_windows,
    save_windows,
    to_arrow,
    to_pandas,
    windows_writer,
)


def two_signals(count: int = 5, seed: int = 0) -> Windows:
    random = np.random.default_rng(seed)
    acc = (random.normal(size=(count, 4, 3)), 32.0, [("x", "g"), ("y", "g"), ("z", "g")])
    eda = (random.normal(size=(count, 2, 1)), 4.0, [("eda", "uS")])
    label = [("walk", "run")[i % 2] for i in range(count)]
    return windows_from_arrays(
        {"acc": acc, "eda": eda},
        label,
        classes=("walk", "idle", "run"),
        subject=[("", "S1")[i % 2] for i in range(count)],
        recording=[f"rec_{i}" if i else "" for i in range(count)],
        start_s=[float("nan") if i == 1 else i / 2 for i in range(count)],
    ).with_provenance("made by hand")


def with_covariates(count: int = 5) -> Windows:
    ages = np.where(np.arange(count) == 1, np.nan, 30.0 + np.arange(count))
    heights = np.full(count, 175.5)
    return replace(two_signals(count), covariates={"height_cm": heights, "age": ages})


def assert_same(a: Windows, b: Windows) -> None:
    assert list(a.signals) == list(b.signals)
    for name, signal in a.signals.items():
        np.testing.assert_array_equal(signal.values, b.signals[name].values)
        assert signal.rate_hz == b.signals[name].rate_hz
        assert signal.channels == b.signals[name].channels
    for name in ("label", "subject", "recording", "start_s", "synthetic"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert set(a.covariates) == set(b.covariates)
    for name, values in a.covariates.items():
        np.testing.assert_array_equal(values, b.covariates[name])
    assert (a.classes, a.provenance, a.trained_groups) == (
        b.classes,
        b.provenance,
        b.trained_groups,
    )


def test_arrow_holds_the_documented_schema() -> None:
    table = to_arrow(two_signals())
    assert table.column_names == [
        "signal.acc",
        "signal.eda",
        "label",
        "subject",
        "recording",
        "start_s",
        "synthetic",
    ]
    assert table.schema.field("signal.acc").type.list_size == 12
    assert table["label"].to_pylist() == ["walk", "run", "walk", "run", "walk"]
    assert table["subject"].to_pylist() == [None, "S1", None, "S1", None]
    assert table["start_s"].to_pylist() == [0.0, None, 1.0, 1.5, 2.0]
    head = json.loads(table.schema.metadata[b"wearsynth"])
    assert head["schema_version"] == 1
    assert head["signals"]["eda"] == {
        "rate_hz": 4.0,
        "time": 2,
        "channels": [{"name": "eda", "unit": "uS"}],
    }
    assert head["classes"] == ["walk", "idle", "run"]
    assert list(head) == ["schema_version", "signals", "classes", "provenance", "trained_groups"]


def test_covariates_are_columns_of_numbers_null_where_unknown() -> None:
    table = to_arrow(with_covariates())
    assert table.column_names[-3:] == ["synthetic", "covariate.age", "covariate.height_cm"]
    assert table["covariate.age"].to_pylist() == [30, None, 32, 33, 34]
    head = json.loads(table.schema.metadata[b"wearsynth"])
    assert (head["schema_version"], head["covariates"]) == (1, ["age", "height_cm"])


@pytest.mark.parametrize("count", [0, 5])
def test_covariates_and_back(tmp_path: Path, count: int) -> None:
    windows = with_covariates(count)
    save_windows(windows, tmp_path / "w.parquet")
    loaded = load_windows(tmp_path / "w.parquet")
    assert_same(loaded, windows)
    assert all(values.flags.writeable for values in loaded.covariates.values())


def test_chunks_have_the_covariates_of_the_first(tmp_path: Path) -> None:
    turned = dict(reversed(list(with_covariates().covariates.items())))
    write_chunks(tmp_path / "w", with_covariates(), replace(with_covariates(), covariates=turned))
    assert load_windows(tmp_path / "w").covariates["age"][5:].tolist()[0] == 30
    with pytest.raises(DataError, match=r"covariates \['age', 'height_cm'\] against \[\]"):
        write_chunks(tmp_path / "w", with_covariates(), two_signals())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda t: t.drop_columns(["covariate.age"]), "'covariate.age' is missing"),
        (
            lambda t: t.set_column(7, "covariate.age", pa.array(["x"] * 5)),
            "'covariate.age' must be double, got string",
        ),
        (
            lambda t: t.set_column(7, "covariate.age", pa.array([np.inf] * 5)),
            "covariate 'age' is infinite in window 0",
        ),
        (lambda t: with_head(t, covariates=3), "metadata is damaged"),
    ],
)
def test_wrong_covariates_in_a_file(make: object, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        from_arrow(make(to_arrow(with_covariates())))  # type: ignore[operator]


def test_rows_are_row_major_time_then_channel() -> None:
    values = np.arange(6, dtype=np.float32).reshape(1, 3, 2)
    windows = windows_from_arrays(values, ["a"], rate_hz=1, channels=[("x", "g"), ("y", "g")])
    assert to_arrow(windows)["signal.acc"].to_pylist() == [[0, 1, 2, 3, 4, 5]]


@settings(max_examples=20, deadline=None)
@given(count=st.integers(0, 9), seed=st.integers(0, 99))
def test_arrow_and_back_changes_nothing(count: int, seed: int) -> None:
    windows = two_signals(count, seed)
    assert_same(from_arrow(to_arrow(windows)), windows)


def test_parquet_and_back_changes_nothing(tmp_path: Path) -> None:
    windows = two_signals()
    save_windows(windows, tmp_path / "deep" / "w.parquet")
    loaded = load_windows(tmp_path / "deep" / "w.parquet")
    assert_same(loaded, windows)
    assert loaded.signals["acc"].values.flags.writeable


def test_no_windows_and_back(tmp_path: Path) -> None:
    windows = two_signals(0)
    save_windows(windows, tmp_path / "w.parquet")
    assert_same(load_windows(tmp_path / "w.parquet"), windows)


def test_same_windows_same_bytes_in_any_chunks(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(20_000, 4, 1))
    windows = windows_from_arrays(
        values, ["a", "b"] * 10_000, rate_hz=4, channels=[("x", "g")], recording=["r"] * 20_000
    )
    save_windows(windows, tmp_path / "once.parquet")
    save_windows(windows, tmp_path / "again.parquet")
    with windows_writer(tmp_path / "chunks.parquet") as writer:
        for part in np.array_split(np.arange(20_000), 7):
            writer.append(windows.select(part))
    once = (tmp_path / "once.parquet").read_bytes()
    assert once == (tmp_path / "again.parquet").read_bytes()
    assert once == (tmp_path / "chunks.parquet").read_bytes()
    assert pq.ParquetFile(tmp_path / "once.parquet").num_row_groups == 2


def write_and_fail(path: Path, windows: Windows) -> None:
    with windows_writer(path) as writer:
        writer.append(windows)
        raise ZeroDivisionError


def write_chunks(path: Path, *chunks: Windows) -> None:
    with windows_writer(path) as writer:
        for chunk in chunks:
            writer.append(chunk)


def test_a_failure_while_writing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        write_and_fail(tmp_path / "w.parquet", two_signals())
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "w.parquet"
    save_windows(two_signals(), path)
    with pytest.raises(ZeroDivisionError):
        write_and_fail(path, two_signals(2))
    assert len(load_windows(path)) == 5
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_appended_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no windows were given"):
        write_chunks(tmp_path / "w")
    assert list(tmp_path.iterdir()) == []


def test_chunks_must_fit_the_first(tmp_path: Path) -> None:
    other = windows_from_arrays(
        np.zeros((1, 4, 3)), ["walk"], rate_hz=32, channels=[(n, "g") for n in "xyz"]
    )
    with pytest.raises(DataError, match="do not fit"):
        write_chunks(tmp_path / "w", two_signals(), other)
    with pytest.raises(DataError, match="same provenance"):
        write_chunks(tmp_path / "w", two_signals(), two_signals().with_provenance("another step"))
    assert list(tmp_path.iterdir()) == []


def test_is_windows_file_tells_ours_from_others(tmp_path: Path) -> None:
    save_windows(two_signals(), tmp_path / "ours.parquet")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    (tmp_path / "text.csv").write_text("a,b\n1,2\n")
    told = {p.name: is_windows_file(p) for p in (*tmp_path.iterdir(), tmp_path, tmp_path / "none")}
    assert [name for name, ours in told.items() if ours] == ["ours.parquet"]


def with_head(table: pa.Table, **changes: object) -> pa.Table:
    head = json.loads(table.schema.metadata[b"wearsynth"]) | changes
    return table.replace_schema_metadata({b"wearsynth": json.dumps(head).encode()})


def with_unit(table: pa.Table, unit: str) -> pa.Table:
    signals = json.loads(table.schema.metadata[b"wearsynth"])["signals"]
    signals["eda"]["channels"][0]["unit"] = unit
    return with_head(table, signals=signals)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda t: pa.table({"a": [1]}), "is not a windows file of wearsynth"),
        (lambda t: with_head(t, schema_version=2), "newer wearsynth .schema 2"),
        (lambda t: with_head(t, signals=3), "metadata is damaged"),
        (lambda t: with_head(t, schema_version=2, signals=3), "newer wearsynth .schema 2"),
        (lambda t: with_unit(t, "furlong"), "unknown unit 'furlong'"),
        (lambda t: t.replace_schema_metadata({b"wearsynth": b"{"}), "metadata is damaged"),
        (
            lambda t: t.replace_schema_metadata({b"wearsynth": b"{}"}),
            "metadata is damaged: 'schema_version' is missing. Write it again",
        ),
        (
            lambda t: t.replace_schema_metadata({b"wearsynth": b"[" * 100_000}),
            "metadata is damaged. Write it again",
        ),
        (lambda t: t.drop_columns(["subject"]), "column 'subject' is missing"),
        (lambda t: t.drop_columns(["signal.eda"]), "column 'signal.eda' is missing"),
        (
            lambda t: with_head(t, classes=["walk"]),
            "label 'run' is none of its classes. Write the file again",
        ),
        (
            lambda t: t.set_column(6, "synthetic", pa.nulls(5, pa.bool_())),
            "'synthetic' has 5 empty row",
        ),
        (lambda t: t.set_column(5, "start_s", pa.array(["x"] * 5)), "'start_s' must be double"),
        (
            lambda t: t.set_column(1, "signal.eda", pa.array([[1.0]] * 5)),
            "'signal.eda' must be 2 float32 a row",
        ),
        (
            lambda t: t.set_column(
                1, "signal.eda", pa.array([[1.0, np.nan]] * 5, t.schema.field("signal.eda").type)
            ),
            "5 window.s. hold NaN",
        ),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path: Path, make: object, message: str) -> None:
    path = tmp_path / "w.parquet"
    pq.write_table(make(to_arrow(two_signals())), path)  # type: ignore[operator]
    with pytest.raises(FormatError, match=message) as caught:
        load_windows(path)
    assert str(caught.value).startswith(str(path))


def test_truncated_and_foreign_files(tmp_path: Path) -> None:
    path = tmp_path / "w.parquet"
    save_windows(two_signals(), path)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"a,b\n1,2\n" * 9, whole[:-4]):
        path.write_bytes(content)
        with pytest.raises(FormatError, match="not a whole Parquet file"):
            load_windows(path)
        assert not is_windows_file(path)
    with pytest.raises(FileError, match="cannot read it"):
        load_windows(tmp_path / "none.parquet")


def test_labels_written_as_plain_text_are_read() -> None:
    table = to_arrow(two_signals())
    plain = table.set_column(2, "label", table["label"].cast(pa.string()))
    assert_same(from_arrow(plain), two_signals())


def test_pandas_has_a_row_a_window() -> None:
    frame = to_pandas(two_signals())
    assert isinstance(frame["label"].dtype, pd.CategoricalDtype)
    assert list(frame["label"]) == ["walk", "run", "walk", "run", "walk"]
    assert frame["signal.acc"][3].shape == (4, 3)
    np.testing.assert_array_equal(frame["signal.eda"][3], two_signals().signals["eda"].values[3])
    assert not any(str(name).startswith("covariate") for name in frame)
    assert to_pandas(with_covariates())["covariate.age"].tolist()[2:] == [32, 33, 34]


def test_a_hundred_thousand_windows_load_fast(tmp_path: Path) -> None:
    values = np.zeros((100_000, 20, 3), dtype=np.float32)
    names = ["a"] * 100_000
    channels = [(n, "g") for n in "xyz"]
    windows = windows_from_arrays(values, names, rate_hz=10, channels=channels, subject=names)
    save_windows(windows, tmp_path / "w.parquet")
    begun = time.perf_counter()
    assert len(load_windows(tmp_path / "w.parquet")) == 100_000
    assert time.perf_counter() - begun < 5


@pytest.mark.parametrize("name", ["x" * 5_000, "a/" * 3_000, os.fsdecode(b"\xff")])
def test_strange_paths_are_no_windows_files(tmp_path: Path, name: str) -> None:
    assert not is_windows_file(tmp_path / name)
    with pytest.raises(WearsynthError):
        load_windows(tmp_path / name)
