"""The named columns of a CSV or Parquet file as Arrow, some thousand rows at a time."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from wearsynth.data import IntArray
from wearsynth.errors import DataError, FormatError, shown
from wearsynth.formats.table_columns import TableColumns
from wearsynth.formats.table_text import (
    NUMBER,
    Header,
    Text,
    blocks_below,
    check_columns,
    find_header,
    first_lines,
    line_ends,
    line_of_units,
    text_at,
    without_blank_lines,
)
from wearsynth.tables import telling_parquet_errors

PARQUET_ENDINGS = (".parquet", ".pq")
BLOCK_ROWS = 1 << 14
"""A Parquet file is read so many rows at a time."""
BUFFER_BYTES = 1 << 20
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d*,\d+([eE][+-]?\d+)?\s*")
_THOUSANDS = re.compile(r"\s*[+-]?\d{1,3}([., ']\d{3})+([.,]\d*)?\s*")


@dataclass(frozen=True, eq=False)
class Places:
    """Where rows stand in a file. first: the line, or for Parquet the number, of row 0.

    blank: for each blank line between, how many rows stand before it; in order.
    """

    path: Path
    kind: Literal["line", "row"]
    first: int
    blank: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def where(self, row: int) -> str:
        """Give the place of a row as "log.csv, line 7" or "log.parquet, row 7"."""
        return f"{self.path.name}, {self.kind} {self.number(row)}"

    def fault(self, row: int, problem: str) -> FormatError:
        """Give the error of a row."""
        return FormatError(f"{self.path}, {self.kind} {self.number(row)}", problem)

    def number(self, row: int) -> int:
        """Give the line or number of a row."""
        return self.first + row + int(np.searchsorted(self.blank, row, "right"))


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows of a file, one after the other: the columns as Arrow arrays by name, and their places."""

    columns: dict[str, pa.Array]
    places: Places

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(next(iter(self.columns.values())))


@dataclass(frozen=True, eq=False)
class Sheet:
    """A file's blocks, to be read once: channels as numbers, the others as text (or as Parquet has them).

    most: at most so many rows, if the file says the truth. no_rows: what to say where there are none.
    """

    path: Path
    blocks: Iterator[Block]
    most: int
    no_rows: str
    notes: tuple[str, ...] = ()


def as_numpy(array: pa.Array) -> NDArray[Any]:
    """Give numbers without nulls as NumPy; to_numpy would import pandas: 0.2 s and 30 MB."""
    numbers: NDArray[Any] = np.from_dlpack(array)
    return numbers


class DecimalCommaError(DataError):
    """A number at a line that cannot be read unless commas are decimal points; fault: if they are not."""

    def __init__(self, fault: FormatError, line: int) -> None:
        super().__init__(str(fault))
        self.fault = fault
        self.line = line


def open_sheet(
    path: Path, columns: TableColumns, *, comma: DecimalCommaError | None = None
) -> Sheet:
    """Give the named columns of a CSV or Parquet file; FormatError, with the line, where it is neither.

    DecimalCommaError comes where numbers may be written with a decimal comma: open it again with it.
    """
    if path.suffix.lower() not in PARQUET_ENDINGS:
        return _open_csv(path, columns, comma)
    with telling_parquet_errors(path), pq.ParquetFile(path) as file:
        schema, most = file.schema_arrow, file.metadata.num_rows
    check_columns(path, columns.names, schema.names)
    texts = [name for name in columns.texts if name != columns.time]
    coded = [name for name in texts if pa.types.is_string(schema.field(name).type)]
    problem = "holds no rows. Is the export complete?"
    return Sheet(path, _parquet_blocks(path, columns.names, coded), most, problem)


def _parquet_blocks(path: Path, names: Sequence[str], coded: Sequence[str]) -> Iterator[Block]:
    """coded: the columns whose texts come as codes, which are fewer."""
    first = 1
    with (
        telling_parquet_errors(path),
        pq.ParquetFile(
            path,
            read_dictionary=coded,
            buffer_size=BUFFER_BYTES,
            pre_buffer=False,  # or it keeps all that it has read of the file
        ) as file,
    ):
        for batch in file.iter_batches(BLOCK_ROWS, columns=list(names), use_threads=False):
            if batch.num_rows:
                arrays = {name: batch.column(name) for name in names}
                yield Block(arrays, Places(path, "row", first))
                first += batch.num_rows


def _open_csv(path: Path, columns: TableColumns, comma: DecimalCommaError | None) -> Sheet:
    text = text_at(path)
    lines = first_lines(text)
    header = find_header(path, lines, columns.names)
    units = line_of_units(lines, header, columns)
    passed = [line for line in lines[: max(0, header.line - 1)] if line.strip()]
    passed = [line for line in passed if not line.startswith("#") and "sep=" not in line]
    notes = (
        text.note,
        f"{len(passed)} line(s) above the column names are passed over" if passed else "",
        f"line {units[0]} holds units ({', '.join(units[1])}): passed over" if units else "",
        "numbers are written with a decimal comma" if comma else "",
    )
    parser = _Parser(header, columns, comma, below=units[0] if units else header.line)
    problem = "holds no rows below the column names. Is the export complete?"
    said = tuple(note for note in notes if note)
    most = min(text.lines + 1, text.size // max(2, len(header.names)) + 1)  # a byte a cell at least
    return Sheet(path, _csv_blocks(text, parser), most, problem, said)


@dataclass(frozen=True)
class _Parser:
    """How the lines below some line become numbers and texts.

    comma: the number that told that commas are decimal points, None where points are.
    """

    header: Header
    columns: TableColumns
    comma: DecimalCommaError | None
    below: int

    def arrays(self, lines: bytes) -> dict[str, pa.Array]:
        """Give the named columns of lines; pa.ArrowInvalid where they do not fit."""
        index = {name: str(self.header.names.index(name)) for name in self.columns.names}
        kinds = dict.fromkeys(index, pa.dictionary(pa.int32(), pa.string()))
        kinds |= {} if self.columns.time is None else {self.columns.time: pa.string()}
        kinds |= dict.fromkeys(self.columns.numbers, pa.float64())
        table = pyarrow.csv.read_csv(
            pa.py_buffer(lines),
            read_options=pyarrow.csv.ReadOptions(
                column_names=[str(number) for number in range(len(self.header.names))],
                use_threads=False,
                block_size=len(lines) + 1,
            ),
            parse_options=pyarrow.csv.ParseOptions(delimiter=self.header.delimiter),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=list(index.values()),
                column_types={index[name]: kind for name, kind in kinds.items()},
                decimal_point="," if self.comma else ".",
            ),
        )
        return {name: _array(table[place]) for name, place in index.items()}


def _array(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _csv_blocks(text: Text, parser: _Parser) -> Iterator[Block]:
    for first, lines in blocks_below(text, parser.below):
        block = _block(lines, parser, Places(text.path, "line", first))
        if block is not None:
            yield block


def _block(lines: bytes, parser: _Parser, places: Places) -> Block | None:
    """Give the rows of lines; None where all are blank.

    pyarrow passes over blank lines without counting them, so they are looked for where its rows are
    not as many as the lines, and before it tells a fault.
    """
    try:
        block = Block(parser.arrays(lines), places)
        if block.rows == _count(lines) and not _opens_quote(lines, parser):
            return block
    except pa.ArrowInvalid:
        pass
    filled, blank = without_blank_lines(lines)
    if not filled:
        return None
    places = replace(places, blank=blank)
    try:
        block = Block(parser.arrays(filled), places)
    except pa.ArrowInvalid as error:
        raise _fault(str(error), filled, parser, places) from None
    if block.rows == _count(filled) and not _opens_quote(filled, parser):
        return block
    problem = "has line ends inside of quoted texts. Export it without those."
    raise _strange_line(filled, parser, places) or FormatError(places.path, problem)


def _count(lines: bytes) -> int:
    return line_ends(lines) + (not lines.endswith(b"\n"))


def _fault(message: str, lines: bytes, parser: _Parser, places: Places) -> DataError:
    """Turn pyarrow's message into a sentence with the line."""
    row, value = re.search(r"Row #(\d+): ", message), _invalid_value(message)
    if row is None:
        return FormatError(places.path, f"cannot be read: {shown(message)}. Is it a CSV?")
    index = int(row[1]) - 1
    before = b"\n".join(lines.split(b"\n", index + 1)[: index + 1])
    if strange := _strange_line(before, parser, places):  # rows are not lines from there on
        return strange
    if value is None:
        got = re.search(r"Expected (\d+) columns, got (\d+)", message)
        problem = f"expected {got[1]} columns, got {got[2]}" if got else "has other columns"
        remedy = "Was the file cut off, or is there a decimal comma? Mend or remove the line."
        return places.fault(index, f"{problem}. {remedy}")
    top = index == 0 and places.first == parser.below + 1
    remedy = _covariate_remedy(message, value, parser) or _remedy(value, parser.header, top=top)
    problem = f"expected a number, got {shown(value)}. {remedy}"
    fault, line = places.fault(index, problem), places.number(index)
    if parser.comma is not None:  # of points and commas, what came first is what the file uses
        return fault if line > parser.comma.line else parser.comma.fault
    if parser.header.delimiter != "," and _DECIMAL_COMMA.fullmatch(value):
        return DecimalCommaError(fault, line)
    return fault


def _invalid_value(message: str) -> str | None:
    found = re.search(r"invalid value '(.*)'", message, re.DOTALL)
    return None if found is None else found[1]


def _covariate_remedy(message: str, value: str, parser: _Parser) -> str:
    """Give what to do about a word, such as female, in the column of a covariate; "" elsewhere."""
    column = re.search(r"column #(\d+)", message)
    name = None if column is None else parser.header.names[int(column[1])]
    covariates = [of for of, held in parser.columns.covariates if held == name]
    if not covariates or any(letter.isdigit() for letter in value):
        return ""
    return f"Write covariate {covariates[0]!r} as numbers, such as 0 and 1, or leave it out."


def _remedy(value: str, header: Header, *, top: bool) -> str:
    if _THOUSANDS.fullmatch(value):
        return "Write numbers without thousands separators and with a decimal point."
    if _DECIMAL_COMMA.fullmatch(value) or (header.delimiter != "," and NUMBER.fullmatch(value)):
        return "Write all numbers with a decimal point."
    return f"Mend or remove the line.{' If it is a line of units, remove it.' if top else ''}"


def _strange_line(lines: bytes, parser: _Parser, places: Places) -> FormatError | None:
    """Give the error of the first line whose quotes or carriage returns make rows of other lines."""
    if b'"' not in lines and lines.count(b"\r") == lines.count(b"\r\n"):
        return None
    for row, line in enumerate(lines.split(b"\n")):
        if _opens_quote(line, parser):
            return places.fault(row, "a quote is opened and not closed. Mend the line.")
        if b"\r" in line.removesuffix(b"\r"):
            problem = "holds a carriage return inside. Save the file with ordinary line ends."
            return places.fault(row, problem)
    return None


def _opens_quote(lines: bytes, parser: _Parser) -> bool:
    """Tell whether a quoted cell goes on after the last line: the next one is part of the same row."""
    line = lines[lines.rfind(b"\n", 0, len(lines) - 1) + 1 :]
    if line.count(b'"') % 2 == 0:
        return False
    text = line.decode().strip("\r\n")
    try:
        return len(list(csv.reader([f"{text}\n"] * 2, delimiter=parser.header.delimiter))) == 1
    except csv.Error:  # a cell of more than 128 KiB
        return True
