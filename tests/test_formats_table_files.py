"""The text of a table: encodings, separators, headers, and the line of every fault."""

import tracemalloc
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from layouts import table
from wearsynth.data import Recording, Span
from wearsynth.errors import FormatError
from wearsynth.formats import TableColumns, read
from wearsynth.formats.numeric_csv import BLOCK_BYTES
from wearsynth.formats.table_files import BLOCK_ROWS

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
        ("t;x\n0;2.5\n1;1,5\n", "line 3: expected a number, got '1,5'. Write all .* decimal point"),
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


def long_log(tmp_path: Path, *, rows: int = 200_000, **changed: str) -> Path:
    """Write t,x,l of over two blocks; changed: r1000="text" replaces a row."""
    lines = [f"{i},{i % 100},walking" for i in range(rows)]
    for name, line in changed.items():
        lines[int(name[1:])] = line
    path = log(tmp_path, "\n".join(["t,x,l", *lines, ""]))
    assert path.stat().st_size > 2 * BLOCK_BYTES
    return path


TIMED = TableColumns(X, time="t", label="l")


def test_blocks_of_a_long_file_are_one_recording(tmp_path: Path) -> None:
    path = long_log(tmp_path, r150000="150000,,running\n", r190000="190000.25,7,\r")
    recording, values = only(path, TIMED)
    rate_hz = recording.signals["acc"].rate_hz
    assert rate_hz == pytest.approx(1, rel=1e-5)
    np.testing.assert_array_equal(
        values,
        [np.nan if i == 150_000 else 7 if i == 190_000 else i % 100 for i in range(200_000)],
    )
    assert [
        (round(s.start_s * rate_hz), round(s.end_s * rate_hz), s.label) for s in recording.spans
    ] == [
        (0, 150_000, "walking"),
        (150_000, 150_001, "running"),
        (150_001, 190_000, "walking"),
        (190_001, 200_000, "walking"),
    ]
    assert [odd.where for odd in recording.oddities] == ["log.csv, line 150002"]
    (first, second) = read(long_log(tmp_path, r199000="-5,1,a"), columns=TIMED)[:2]
    assert (len(first.signals["acc"].values), second.oddities[0].where) == (
        199_000,
        "log.csv, line 199002",
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("180000,1", "line 180002: expected 3 columns, got 2"),
        ("18x,1,a", "line 180002: expected a number, got '18x'"),
        ("2024-05-01,1,a", "line 180002: expected a number, got '2024-05-01'"),
        ("180000,\0,a", "line 180002: holds a NUL byte"),
        ("180000,1,a\rb", "line 180002: holds a carriage return inside"),
        ('180000,1,"a', "line 180002: a quote is opened and not closed"),
        ('180000,1,"a\n",5', "line 180002: a quote is opened and not closed"),
        ("180000,1,a" + "b" * (1 << 20), "line 180002: is longer than 1 MiB"),
        ("1;5,1,a", "line 180002: expected a number, got '1;5'"),
    ],
)
def test_faults_far_down_name_their_line(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read(long_log(tmp_path, r180000=line), columns=TIMED)


def test_a_quote_that_a_block_ends_in_is_found(tmp_path: Path) -> None:
    rows = b"".join(b"%d,walking\n" % (i % 10) for i in range(120_000))
    end = rows.rindex(b"\n", 0, BLOCK_BYTES - len(b"x,l\n") - 3) + 1  # room for a quoted last line
    whole = b"x,l\n" + rows[:end]
    last = b'1,"' + b"a" * (BLOCK_BYTES - len(whole) - len(b'1,"\n')) + b"\n"
    assert len(whole + last) == BLOCK_BYTES
    with pytest.raises(FormatError, match=f"line {len(whole.splitlines()) + 1}: a quote"):
        read(log(tmp_path, whole + last + b'2,b"\n' + rows), columns=LABELLED)
    inch = last.replace(b',"', b',5" ')[:-3] + b"\n"  # a quote inside of a cell is a letter
    assert len(whole + inch) == BLOCK_BYTES
    assert read(log(tmp_path, whole + inch + rows), columns=LABELLED)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_an_encoding_may_tell_far_down(tmp_path: Path, encoding: str) -> None:
    path = long_log(tmp_path, r199999="199999,5,gr\u00f6\u00dfer")
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    recording, values = only(path, TIMED)
    assert (len(values), values[-1], recording.spans[-1].label) == (200_000, 5, "gr\u00f6\u00dfer")
    if encoding == "utf-16":
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(FormatError, match="no whole UTF-16 text"):
            read(path, columns=TIMED)


def test_decimal_commas_may_begin_far_down(tmp_path: Path) -> None:
    path = long_log(tmp_path, r199999="199999;2,5;walking")
    path.write_text(path.read_text().replace(",", ";").replace(";2;5;", ";2,5;"))
    recording, values = only(path, TIMED)
    assert (len(values), values[-1]) == (200_000, 2.5)
    assert recording.notes == ("numbers are written with a decimal comma",)


def test_as_many_names_as_rows_are_kept_apart(tmp_path: Path) -> None:
    rows = 40_000  # more names than 16 bits hold, so that codes grow on the way
    path = log(tmp_path, "x,l\n" + "".join(f"{i},n{i}\n" for i in range(rows)))
    recording, _ = only(path, LABELLED)
    assert [s.label for s in recording.spans] == [f"n{i}" for i in range(rows)]


def test_parquet_is_read_by_blocks_of_rows(tmp_path: Path) -> None:
    rows = 3 * BLOCK_ROWS
    labels = np.repeat(["a", "b", "c"], BLOCK_ROWS)
    columns = {"t": np.arange(rows), "x": np.arange(rows) % 1000.0, "l": labels}
    pq.write_table(pa.table(columns), tmp_path / "log.parquet", row_group_size=BLOCK_ROWS // 2 + 7)
    recording, values = only(tmp_path / "log.parquet", TIMED)
    np.testing.assert_array_equal(values, np.arange(rows) % 1000)
    assert [(s.start_s, s.label) for s in recording.spans] == [
        (0, "a"),
        (BLOCK_ROWS, "b"),
        (2 * BLOCK_ROWS, "c"),
    ]
    columns["x"][-1] = np.nan
    pq.write_table(pa.table(columns), tmp_path / "log.parquet")
    (recording,) = read(tmp_path / "log.parquet", columns=TIMED)
    assert [odd.where for odd in recording.oddities] == [f"log.parquet, row {rows}"]


@pytest.mark.parametrize("style", ["csv", "parquet"])
def test_memory_is_a_few_times_the_readings(
    tmp_path: Path, style: Literal["csv", "parquet"]
) -> None:
    path = table.write(tmp_path, readings=400_000, style=style)
    tracemalloc.start()
    recordings = read(path, columns=table.COLUMNS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    kept = sum(signal.values.nbytes for r in recordings for signal in r.signals.values())
    assert kept == 400_000 * 4 * 4
    assert peak < 3 * kept + 8 * BLOCK_BYTES


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
