"""The named columns of a CSV or Parquet file as Arrow, and where each row stands in the file."""

import contextlib
import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from wearsynth.data import IntArray
from wearsynth.errors import FormatError, did_you_mean, shown
from wearsynth.files import read_bytes, telling_file_errors
from wearsynth.formats.table_columns import TableColumns
from wearsynth.tables import telling_parquet_errors

PARQUET_ENDINGS = (".parquet", ".pq")
LONGEST_LINE = 1 << 20
"""Bytes; a longer line is no line of readings."""
HEADER_LINES = 100
"""The column names stand in one of the first lines of a file, this many."""
DELIMITERS = ",;\t"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""The marks that a UTF-16 text begins with."""
_NUMBER = re.compile(r"\s*[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|nan|inf(inity)?)?\s*", re.I)
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d*,\d+([eE][+-]?\d+)?\s*")
_THOUSANDS = re.compile(r"\s*[+-]?\d{1,3}([., ']\d{3})+([.,]\d*)?\s*")
_UNIT = re.compile(r"(?!.*\d\d)[^\d\s].{0,19}")


@dataclass(frozen=True, eq=False)
class Sheet:
    """The named columns of a file: channels as float64, the others as text (or as Parquet has them).

    lines: (row,) the line of each row; None for Parquet, whose rows have numbers.
    """

    path: Path
    table: pa.Table
    lines: IntArray | None = None
    notes: tuple[str, ...] = ()

    def where(self, row: int) -> str:
        """Give the place of a row as "log.csv, line 7" or "log.parquet, row 7"."""
        return f"{self.path.name}, {self._place(row)}"

    def fault(self, row: int, problem: str) -> FormatError:
        """Give the error of a row."""
        return FormatError(f"{self.path}, {self._place(row)}", problem)

    def _place(self, row: int) -> str:
        return f"row {row + 1}" if self.lines is None else f"line {self.lines[row]}"


@dataclass(frozen=True)
class _Header:
    """The line of the column names; 0 where there is none and columns go by their numbers."""

    line: int
    delimiter: str
    names: tuple[str, ...]

    def cells(self, line: str) -> dict[str, str]:
        """Give the cells of a line by column name."""
        return dict(zip(self.names, _cells(line, self.delimiter), strict=False))


def load(path: Path, columns: TableColumns) -> Sheet:
    """Give the named columns of a CSV or Parquet file; FormatError, with the line, where it is neither."""
    if path.suffix.lower() in PARQUET_ENDINGS:
        with telling_parquet_errors(path):
            _check_columns(path, columns.names, pq.read_schema(path).names)
            return Sheet(path, pq.read_table(path, columns=list(columns.names), partitioning=None))
    return _load_csv(path, columns)


def read_header(path: Path) -> tuple[int, str, list[str]]:
    """Give (lines before the header, delimiter, column names); comments (#) and blanks are skipped.

    Only the beginning of the file is read. FormatError where it holds no line of names.
    """
    with telling_file_errors(path, "read"), path.open("rb") as stream:
        head = stream.read(LONGEST_LINE)
    if head[:2] in UTF_16:
        head = head.decode("utf-16", errors="replace").encode()
    header = _plain_header(path, _first_lines(head.removeprefix(b"\xef\xbb\xbf")))
    return header.line - 1, header.delimiter, list(header.names)


def _text_of(path: Path) -> tuple[bytes, str]:
    """Give a file's text as UTF-8 without a mark, and a note if it was something else."""
    data = read_bytes(path)
    if not data:
        raise FormatError(path, "is empty. Is the export complete?")
    if data[:2] in UTF_16:
        try:
            return data.decode("utf-16").encode(), "the text is UTF-16"
        except UnicodeError:
            raise FormatError(path, "is no whole UTF-16 text. Export it again as UTF-8.") from None
    nul = data.find(b"\0")
    if nul >= 0:
        line = data.count(b"\n", 0, nul) + 1
        raise FormatError(path, "holds a NUL byte, so it is no text. Export it as CSV.", line=line)
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        data.decode()
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace").encode()
        return text, "the text is not UTF-8: read as Windows-1252 (Latin-1)"
    return data, ""


def _first_lines(data: bytes) -> list[str]:
    head = data[: 2 * LONGEST_LINE].split(b"\n", HEADER_LINES)[:HEADER_LINES]
    return [line.decode(errors="replace").strip("\r") for line in head]


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:  # a cell of more than 128 KiB
        return []


def _plain_header(path: Path, lines: Sequence[str]) -> _Header:
    """Give the first line that is neither blank nor a comment as the column names."""
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.startswith("#"):
            delimiter = max(DELIMITERS, key=line.count)
            return _Header(number, delimiter, tuple(_cells(line, delimiter)))
    raise FormatError(path, "holds no header line. Is the export complete?")


def _find_header(path: Path, lines: Sequence[str], wanted: Sequence[str]) -> _Header:
    """Give the first line with all wanted names; or none, where these are the columns' numbers."""
    for number, line in enumerate(lines, start=1):
        for delimiter in DELIMITERS:
            names = _cells(line, delimiter)
            if set(wanted) <= set(names):
                _check_columns(path, wanted, names)
                return _Header(number, delimiter, tuple(names))
    plain = _plain_header(path, lines)
    numbers = tuple(str(number) for number in range(1, len(plain.names) + 1))
    if set(wanted) <= set(numbers):
        return _Header(plain.line - 1, plain.delimiter, numbers)
    _check_columns(path, wanted, plain.names)
    raise AssertionError("some wanted name is missing")


def _check_columns(path: Path, wanted: Sequence[str], known: Sequence[str]) -> None:
    for name in wanted:
        if name not in known:
            near = did_you_mean(name, [k for k in known if k])
            raise FormatError(path, f"has no column {shown(name)}.{near or ' Name another.'}")
        if list(known).count(name) > 1:
            raise FormatError(path, f"has {list(known).count(name)} columns {name!r}. Rename them.")


def _load_csv(path: Path, columns: TableColumns) -> Sheet:
    data, encoding = _text_of(path)
    first_lines = _first_lines(data)
    header = _find_header(path, first_lines, columns.names)
    rows = _rows(path, data, header.line)
    units = _units(first_lines, header, columns, rows)
    rows = rows[1:] if units else rows
    if not len(rows):
        raise FormatError(path, "holds no rows below the column names. Is the export complete?")
    table, decimal = _parse(path, data, header, columns, rows)
    passed = [line for line in first_lines[: max(0, header.line - 1)] if line.strip()]
    passed = [line for line in passed if not line.startswith("#") and "sep=" not in line]
    above = f"{len(passed)} line(s) above the column names are passed over" if passed else ""
    notes = (encoding, above, units, decimal)
    return Sheet(path, table, rows, tuple(note for note in notes if note))


def _rows(path: Path, data: bytes, header_line: int) -> IntArray:
    """Give the line of each row, (row,): those below the header that are not blank."""
    text = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(text == ord("\n"))
    if not data.endswith(b"\n"):
        ends = np.append(ends, len(text))
    lengths = np.diff(ends, prepend=-1) - 1
    if lengths.max() > LONGEST_LINE:
        problem = "is longer than 1 MiB. Is this a table, and are its lines ended?"
        raise FormatError(path, problem, line=int(lengths.argmax()) + 1)
    filled: NDArray[np.bool_] = lengths > 0
    single = np.flatnonzero(lengths == 1)
    filled[single] = text[ends[single] - 1] != ord("\r")
    lines: IntArray = np.flatnonzero(filled) + 1
    return lines[lines > header_line]


def _units(
    first_lines: Sequence[str], header: _Header, columns: TableColumns, rows: IntArray
) -> str:
    """Give a note if the first row holds units: texts in all named columns, and numbers below them."""
    named = (*columns.numbers, *((columns.time,) if columns.time else ()))
    if len(rows) < 2 or len(named) < 2 or rows[1] > len(first_lines):
        return ""
    above, below = (header.cells(first_lines[line - 1]) for line in rows[:2])
    units = [above.get(name, "") for name in named]
    if not all(_UNIT.fullmatch(unit) and not _NUMBER.fullmatch(unit) for unit in units):
        return ""
    if set(units) & set(named) or any(below.get(n, "")[:1].isalpha() for n in columns.numbers):
        return ""
    return f"line {rows[0]} holds units ({', '.join(dict.fromkeys(units))}): passed over"


def _parse(
    path: Path, data: bytes, header: _Header, columns: TableColumns, rows: IntArray
) -> tuple[pa.Table, str]:
    """Give the named columns and a note if the numbers have a decimal comma."""
    skip = int(rows[0]) - 1
    try:
        table, note = _arrow(data, header, columns, skip, "."), ""
    except pa.ArrowInvalid as error:
        value = _invalid_value(str(error))
        if header.delimiter == "," or not _DECIMAL_COMMA.fullmatch(value or ""):
            raise _csv_error(path, str(error), data, header, rows) from None
        try:
            table = _arrow(data, header, columns, skip, ",")
        except pa.ArrowInvalid as second:
            raise _csv_error(path, str(second), data, header, rows) from None
        note = "numbers are written with a decimal comma"
    if table.num_rows != len(rows):
        raise _line_ends_error(path, data, header.line)
    return table, note


def _arrow(
    data: bytes, header: _Header, columns: TableColumns, skip: int, decimal_point: str
) -> pa.Table:
    index = {name: str(header.names.index(name)) for name in columns.names}
    kinds = {index[name]: pa.string() for name in columns.texts}
    kinds |= {index[name]: pa.float64() for name in columns.numbers}
    table = pyarrow.csv.read_csv(
        pa.py_buffer(data),
        read_options=_read_options(header, skip),
        parse_options=pyarrow.csv.ParseOptions(delimiter=header.delimiter),
        convert_options=pyarrow.csv.ConvertOptions(
            include_columns=list(index.values()), column_types=kinds, decimal_point=decimal_point
        ),
    )
    return table.rename_columns(list(index))


def _read_options(header: _Header, skip: int) -> pyarrow.csv.ReadOptions:
    return pyarrow.csv.ReadOptions(
        skip_rows=skip,
        column_names=[str(number) for number in range(len(header.names))],
        use_threads=False,
        block_size=4 * LONGEST_LINE,
    )


def _invalid_value(message: str) -> str | None:
    found = re.search(r"invalid value '(.*)'", message, re.DOTALL)
    return None if found is None else found[1]


def _csv_error(
    path: Path, message: str, data: bytes, header: _Header, rows: IntArray
) -> FormatError:
    """Turn pyarrow's message into a sentence with the line."""
    row, value = re.search(r"Row #(\d+): ", message), _invalid_value(message)
    if row is None:
        return FormatError(path, f"cannot be read: {shown(message)}. Is it a CSV?")
    if value is None:
        return _ragged_error(path, data, header, int(rows[0]) - 1)
    place = int(row[1]) - int(rows[0])  # pyarrow counts the lines before the first row, then rows
    line = int(rows[min(max(place, 0), len(rows) - 1)])
    problem = f"expected a number, got {shown(value)}. {_remedy(value, header, place)}"
    return FormatError(path, problem, line=line)


def _ragged_error(path: Path, data: bytes, header: _Header, skip: int) -> FormatError:
    """Give the error of the first row with too few or too many columns.

    pyarrow's number of such a row counts only some of the blank lines, so its text is looked for.
    """
    ragged: list[pyarrow.csv.InvalidRow] = []

    def note(row: pyarrow.csv.InvalidRow) -> str:
        ragged.append(row)
        return "error"

    with contextlib.suppress(pa.ArrowInvalid):
        pyarrow.csv.read_csv(
            pa.py_buffer(data),
            read_options=_read_options(header, skip),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=header.delimiter, invalid_row_handler=note
            ),
            convert_options=pyarrow.csv.ConvertOptions(include_columns=[]),
        )
    if not ragged:
        return FormatError(path, "has rows of other lengths than its header. Mend them.")
    found = re.search(rb"(?m)^" + re.escape(ragged[0].text.encode()) + rb"\r?$", data)
    line = 1 + data.count(b"\n", 0, 0 if found is None else found.start())
    problem = f"expected {ragged[0].expected_columns} columns, got {ragged[0].actual_columns}"
    remedy = "Was the file cut off, or is there a decimal comma? Mend or remove the line."
    return FormatError(path, f"{problem}. {remedy}", line=line)


def _remedy(value: str, header: _Header, place: int) -> str:
    if _THOUSANDS.fullmatch(value):
        return "Write numbers without thousands separators and with a decimal point."
    if _DECIMAL_COMMA.fullmatch(value) or (header.delimiter != "," and _NUMBER.fullmatch(value)):
        return "Write all numbers with a decimal point."
    hint = " If it is a line of units, remove it." if place == 0 else ""
    return f"Mend or remove the line.{hint}"


def _line_ends_error(path: Path, data: bytes, header_line: int) -> FormatError:
    """Give the error of a text whose quotes or single carriage returns make rows of other lines."""
    for number, line in enumerate(data.split(b"\n"), start=1):
        if number > header_line and line.count(b'"') % 2:
            return FormatError(
                path, "a quote is opened and not closed. Mend the line.", line=number
            )
        if b"\r" in line.removesuffix(b"\r"):
            problem = "holds a carriage return inside. Save the file with ordinary line ends."
            return FormatError(path, problem, line=number)
    return FormatError(path, "has line ends inside of quoted texts. Export it without those.")
