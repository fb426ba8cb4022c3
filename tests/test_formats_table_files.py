"""The text of a table: encodings, separators, headers, and the line of every fault."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wearsynth.data import Recording, Span
from wearsynth.errors import FormatError
from wearsynth.formats import TableColumns, read

X = (("x", "g"),)
XY = (("x", "g"), ("y", "g"))
PLAIN = TableColumns(X, rate_hz=1)
LABELLED = TableColumns(X, rate_hz=1, label="l")


def log(tmp_path: Path, text: str | bytes, *, encoding: str = "utf-8") -> Path:
    path = tmp_path / "log.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def only(path: Path, columns: TableColumns) -> tuple[Recording, list[float]]:
    (recording,) = read(path, columns=columns)
    return recording, recording.signals["acc"].values[:, 0].tolist()


@pytest.mark.parametrize(
    ("encoding", "note"),
    [
        ("utf-8", ()),
        ("utf-8-sig", ()),
        ("utf-16", ("the text is UTF-16",)),
        ("cp1252", ("the text is not UTF-8: read as Windows-1252 (Latin-1)",)),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_and_line_ends(
    tmp_path: Path, encoding: str, note: tuple[str, ...], end: str
) -> None:
    text = end.join(["größe,l", "1.5,weiß", "2,weiß", ""])
    path = log(tmp_path, text, encoding=encoding)
    recording, values = only(path, TableColumns((("größe", "g"),), rate_hz=1, label="l"))
    assert (values, recording.spans) == ([1.5, 2], (Span(0, 2, "weiß"),))
    assert recording.notes == note


def test_a_cut_utf_16_text_is_refused(tmp_path: Path) -> None:
    path = log(tmp_path, "x\n1\n2\n".encode("utf-16")[:-1])
    with pytest.raises(FormatError, match="no whole UTF-16 text"):
        read(path, columns=PLAIN)


def test_a_decimal_comma_is_read_where_semicolons_part(tmp_path: Path) -> None:
    path = log(tmp_path, "t;x\n0,0;1\n0,5;-2,25\n1,0;3,5e1\n")
    recording, values = only(path, TableColumns(X, time="t"))
    assert (values, recording.signals["acc"].rate_hz) == ([1, -2.25, 35], 2)
    assert recording.notes == ("numbers are written with a decimal comma",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("t;x\n0;1,5\n1;2.5\n", "line 3: expected a number, got '2.5'. Write all .* decimal point"),
        ("t;x\n0;1.234,5\n", "line 2: .*'1.234,5'. Write numbers without thousands separators"),
        ('t,x\n0,1\n1,"1,234"\n', "line 3: .*'1,234'. Write numbers without thousands separators"),
        ("t,x\n0,1,5\n1,2,5\n", "line 2: expected 2 columns, got 3. .*decimal comma"),
    ],
)
def test_mixed_and_grouped_numbers_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read(log(tmp_path, text), columns=TableColumns(X, time="t", rate_hz=1))


def test_quoted_numbers_are_numbers(tmp_path: Path) -> None:
    _, values = only(log(tmp_path, '"t","x"\n"0","1.5"\n"1"," -2 "\n'), TableColumns(X, time="t"))
    assert values == [1.5, -2]


def test_names_are_found_below_a_preamble(tmp_path: Path) -> None:
    lines = ["Made by a logger, v2", "Serial Number: A", "---", "", "x, y", "1,2", "3,4", ""]
    recording, values = only(log(tmp_path, "\n".join(lines)), TableColumns(XY, rate_hz=1))
    assert values == [1, 3]
    assert recording.notes == ("3 line(s) above the column names are passed over",)


def test_a_line_of_units_is_passed_over_and_told(tmp_path: Path) -> None:
    path = log(tmp_path, "sep=;\nt;x;l\nms;m/(s^2);no units\n0;1;a\n500;2;a\n")
    recording, values = only(path, TableColumns(X, time="t", time_unit="ms", label="l"))
    assert (values, recording.signals["acc"].rate_hz) == ([1, 2], 2)
    assert recording.notes == ("line 3 holds units (m/(s^2), ms): passed over",)


@pytest.mark.parametrize("first", ["x,y", "oops,1", "a,b\noops,1"])
def test_other_texts_below_the_names_are_no_units(tmp_path: Path, first: str) -> None:
    with pytest.raises(FormatError, match=r"log.csv, line \d: expected a number, got '(x|oops|a)'"):
        read(log(tmp_path, f"x,y\n{first}\n1,2\n"), columns=TableColumns(XY, rate_hz=1))


def test_columns_go_by_number_where_there_are_no_names(tmp_path: Path) -> None:
    path = log(tmp_path, "2014-05-07 16:29:30.000,0.25,1\n2014-05-07 16:29:30.010,0.5,2\n")
    columns = TableColumns((("2", "g"), ("3", "g")), time="1")
    recording, values = only(path, columns)
    assert (values, recording.signals["acc"].rate_hz) == ([0.25, 0.5], 100)
    with pytest.raises(FormatError, match="no column '4'"):
        read(path, columns=TableColumns((("4", "g"),), time="1"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "log.csv: is empty"),
        (b"\n\n", "no header line"),
        (b"x,l\n\n", "no rows below the column names"),
        (b"x,l\n1,a\n2,\0\n", "line 3: holds a NUL byte"),
        (b"x,l\n1," + b"a" * 3_000_000 + b"\n", "line 2: is longer than 1 MiB"),
        (b'x,l\n1,"a\n2,b\n3,c\n', "line 2: a quote is opened and not closed"),
        (b'x,l\n1,"a\nb"\n3,c\n', "line 2: a quote is opened and not closed"),
        (b"x,l\n1,a\r2,b\n3,c\n", "line 2: holds a carriage return"),
        (b"x,l\n1,a\n2,b,c\n", "line 3: expected 2 columns, got 3"),
        (b"x,l\n1,a\n\n2\n", "line 4: expected 2 columns, got 1"),
        (b"# c\n\nx,l\n\n1,a\n\noops,b\n", "line 7: expected a number, got 'oops'"),
        (
            b"x,l\n1,a\n" + b"\xff\x80" * 40 + b",b\n",
            r"line 3: expected a number, got .{30,60}'\.\.\.",
        ),
        (b"\x89PNG\r\n\x1a\n\0\0", "line 3: holds a NUL byte"),
    ],
)
def test_broken_texts_name_the_line(tmp_path: Path, text: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message) as told:
        read(log(tmp_path, text), columns=LABELLED)
    assert str(told.value).isprintable() and str(told.value)[-1] in ".?"
    assert len(str(told.value)) < 300 + len(str(tmp_path))


def test_lines_are_true_far_down_a_long_file(tmp_path: Path) -> None:
    rows = [f"{i},walking about" for i in range(300_000)]
    rows[1000] = f"\n{rows[1000]}\n"
    rows[280_000] = "oops,walking"
    path = log(tmp_path, "\n".join(["# c", "x,l", *rows]))
    assert path.stat().st_size > 5 << 20  # several blocks
    with pytest.raises(FormatError, match="line 280005: expected a number, got 'oops'"):
        read(path, columns=LABELLED)
    rows[280_000] = "1"
    path = log(tmp_path, "\n".join(["# c", "x,l", *rows]))
    with pytest.raises(FormatError, match="line 280005: expected 2 columns, got 1"):
        read(path, columns=LABELLED)


@pytest.mark.parametrize("kind", ["string", "list", "stamp"])
def test_parquet_columns_of_other_kinds_are_refused(tmp_path: Path, kind: str) -> None:
    array = {
        "string": pa.array(["a", "b"]),
        "list": pa.array([[1], [2]]),
        "stamp": pa.array([1, 2], pa.timestamp("ns")),
    }[kind]
    pq.write_table(pa.table({"x": array, "l": array}), tmp_path / "log.parquet")
    with pytest.raises(FormatError, match="column 'x' must hold numbers"):
        read(tmp_path / "log.parquet", columns=PLAIN)


def test_parquet_oddities_name_the_row(tmp_path: Path) -> None:
    columns = {"t": [0.0, 1.0, 1.0, 2.0], "x": np.array([1.0, np.nan, 3.0, 4.0])}
    pq.write_table(pa.table(columns), tmp_path / "log.parquet")
    (recording,) = read(tmp_path / "log.parquet", columns=TableColumns(X, time="t"))
    assert [o.where for o in recording.oddities] == ["log.parquet, row 3", "log.parquet, row 2"]
