import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from counts_toys import rows, some_counts
from wearsynth.errors import DataError, FileError, FormatError
from wearsynth.formats import counts_csv, counts_parquet
from wearsynth.formats.writers import WRITERS


def test_csv_holds_a_line_a_reading_in_counts(tmp_path: Path) -> None:
    counts = some_counts()
    summary = counts_csv.write([rows(counts, 0, 2), rows(counts, 2, 5)], tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "jogging.csv",
        "manifest.json",
        "walking.csv",
    ]
    text = (tmp_path / "out/walking.csv").read_text()
    assert text.startswith("window,device,acc_x,acc_y,acc_z\n")
    table = np.loadtxt(tmp_path / "out/walking.csv", delimiter=",", skiprows=1, dtype=np.int64)
    assert table[::4, 0].tolist() == [0, 2, 3]
    assert table[::4, 1].tolist() == [0, 1, 1]
    assert np.array_equal(table[:, 2:], counts.values[[0, 2, 3]].reshape(-1, 3))
    assert dict(summary.windows) == {"walking": 3, "jogging": 2, "never": 0}
    assert summary.devices == (0, 1)


def test_the_manifest_has_all_notes_and_the_share_at_the_ends(tmp_path: Path) -> None:
    one = dataclasses.replace(some_counts(), values=np.zeros((5, 4, 3), dtype=np.int16))
    two = dataclasses.replace(one, values=np.full((5, 4, 3), 32767, dtype=np.int16), notes=("b",))
    summary = counts_csv.write([two, one, two, one], tmp_path / "out")
    assert summary.saturated_share == 0.5
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["notes"] == ["b", "a note"]
    assert manifest["saturated_share"] == 0.5
    assert manifest["unit_per_count"] == 0.000122


@pytest.mark.parametrize("dtype", ["int16", "int32"])
def test_parquet_gives_back_what_was_written(tmp_path: Path, dtype: str) -> None:
    counts = some_counts(dtype=dtype)
    second = dataclasses.replace(rows(counts, 2, 5), notes=("another",))
    counts_parquet.write([rows(counts, 0, 2), second], tmp_path / "out")
    back = counts_parquet.read(tmp_path / "out")
    assert back.values.dtype == np.dtype(dtype)
    for name in ("values", "label", "device"):
        assert np.array_equal(getattr(back, name), getattr(counts, name))
    assert back.about == counts.about
    assert back.notes == ("a note", "another")
    assert counts_parquet.read(tmp_path / "out" / "counts.parquet").notes == ("a note",)


def test_parquet_can_be_read_by_anybody(tmp_path: Path) -> None:
    counts = some_counts()
    counts_parquet.write([counts], tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / "counts.parquet")
    assert table.schema.field("counts").type == pa.list_(pa.int16(), 12)
    assert table.column("label").to_pylist() == counts.label_names.tolist()
    assert table.column("counts")[1].as_py() == counts.values[1].reshape(-1).tolist()


def test_files_that_are_no_counts_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"not parquet at all")
    with pytest.raises(
        FormatError, match=r"a\.parquet: is not a whole Parquet file .Parquet magic bytes"
    ):
        counts_parquet.read(tmp_path / "a.parquet")
    pq.write_table(pa.table({"x": [1]}), tmp_path / "b.parquet")
    with pytest.raises(FormatError, match="holds no wearsynth counts"):
        counts_parquet.read(tmp_path / "b.parquet")
    with pytest.raises(FileError, match=r"missing\.parquet: cannot read it"):
        counts_parquet.read(tmp_path / "missing.parquet")


def rewritten(folder: Path, change: Callable[[pa.Table], pa.Table]) -> Path:
    counts_parquet.write([some_counts()], folder / "out")
    path = folder / "out" / "counts.parquet"
    pq.write_table(change(pq.read_table(path)), path)
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop_columns(["label"]), "no single column 'label'. Render it again"),
        (lambda t: t.set_column(1, "label", [[None] * len(t)]), "column 'label' does not hold"),
        (lambda t: t.replace_schema_metadata({b"wearsynth.counts": b"[" * 10**5}), "is damaged"),
        (lambda t: t.replace_schema_metadata({b"wearsynth.counts": b"{}"}), "is damaged"),
        (
            lambda t: t.replace_schema_metadata({b"wearsynth.counts": b'{"schema_version": 1}'}),
            "do not fit each other. Render it again",
        ),
        (
            lambda t: t.replace_schema_metadata({b"wearsynth.counts": b'{"schema_version": 2}'}),
            "schema version '2', this program reads 1. Update wearsynth",
        ),
    ],
)
def test_counts_that_were_changed_are_refused(
    tmp_path: Path, change: Callable[[pa.Table], pa.Table], message: str
) -> None:
    path = rewritten(tmp_path, change)
    with pytest.raises(FormatError, match=message):
        counts_parquet.read(path)


@pytest.mark.parametrize("name", WRITERS)
def test_every_writer_refuses_nothing_and_mixed_kinds_and_leaves_nothing(
    tmp_path: Path, name: str
) -> None:
    counts = some_counts()
    with pytest.raises(DataError, match="0 windows"):
        WRITERS[name]([], tmp_path / "out")
    other = dataclasses.replace(counts, convention="physical")
    with pytest.raises(DataError, match="convention nominal against physical"):
        WRITERS[name](iter([counts, other]), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", WRITERS)
def test_every_writer_gives_the_same_bytes_again(tmp_path: Path, name: str) -> None:
    for folder in ("a", "b"):
        WRITERS[name]([some_counts()], tmp_path / folder)
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.*"))
    assert files
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


@pytest.mark.parametrize("name", WRITERS)
def test_a_path_that_is_a_file_is_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FileError, match="exists already"):
        WRITERS[name]([some_counts()], tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"
