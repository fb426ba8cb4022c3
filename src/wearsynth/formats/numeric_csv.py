"""Lines of numbers in text files: read fast, with the line named where one is not as it should be."""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from wearsynth.errors import FormatError, shown

BLOCK_BYTES = 1 << 20
"""A text is read in blocks of this size; no line may be longer."""
MOST_NAMED = 16
"""Messages name all columns up to this number; of more, the first two and the last."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
DELIMITERS = {" ": "blanks", ",": "commas", ";": "semicolons", "\t": "tabs"}
_BYTES_OF_NUMBERS = b"0123456789+-.eE \t\r\nnNaAiIfFtTyY"  # with NaN, inf and Infinity


def parse_numbers(
    text: bytes,
    path: Path | str,
    *,
    columns: Sequence[str],
    delimiter: str = ",",
    first_line: int = 1,
) -> NDArray[np.float64]:
    """Give the numbers of a text without header, (row, column); blanks around them do no harm.

    NaN and infinity are numbers here. path and first_line say where the text stands, for messages.
    FormatError where there is none, and as stream_numbers.
    """
    layout = _Layout(path, tuple(columns), delimiter)
    blocks = list(_numbers(io.BytesIO(text), layout, range(len(columns)), first_line))
    if not blocks:
        raise FormatError(path, f"holds no readings ({layout.listed}). Copy or export it again.")
    return np.concatenate(blocks)


def stream_numbers(
    source: BinaryIO,
    path: Path | str,
    *,
    columns: Sequence[str],
    keep: Sequence[int],
    delimiter: str,
    first_line: int = 1,
) -> Iterator[NDArray[np.float64]]:
    """Give the kept columns of a text without header, some thousand rows at a time, (row, kept).

    NaN and infinity are numbers here. path and first_line say where the text stands, for messages.
    FormatError with file and line where a line has too few or too many columns, is longer than a
    block, or holds something that is no number; columns that are not kept may hold any mix of the
    characters of numbers. Blank lines at the end do no harm. Nothing for an empty text.
    """
    yield from _numbers(source, _Layout(path, tuple(columns), delimiter), keep, first_line)


def append_rows(stream: BinaryIO, columns: Sequence[NDArray[np.generic]]) -> None:
    """Write rows of comma-separated numbers, one column an array, to an open file."""
    table = pa.table({str(index): column for index, column in enumerate(columns)})
    options = pa.csv.WriteOptions(include_header=False, quoting_style="none")
    pa.csv.write_csv(table, stream, options)


@dataclass(frozen=True)
class _Layout:
    """What the lines of a text should hold, and which file it is, for messages."""

    path: Path | str
    columns: tuple[str, ...]
    delimiter: str

    @property
    def listed(self) -> str:
        """The names of the columns, or of the first and the last of many."""
        if len(self.columns) <= MOST_NAMED:
            return ", ".join(self.columns)
        return f"{self.columns[0]}, {self.columns[1]}, ... {self.columns[-1]}"

    def not_a_number(self, got: bytes, column: str, line: int) -> FormatError:
        """Say that a field holds something else."""
        remedy = "Mend or remove the line."
        if re.fullmatch(rb"[+-]?\d+,\d+", got):
            remedy = "Write numbers with a decimal point."
        wanted = f"expected {len(self.columns)} numbers ({self.listed})"
        return FormatError(
            self.path, f"{wanted}, got {shown(got)} for {column}. {remedy}", line=line
        )

    def _parted_by(self, mark: str, text: bytes) -> bool:
        """Tell whether another mark parts a line into as many fields as there are columns."""
        fields = text.split() if mark == " " else text.split(mark.encode())
        return mark != self.delimiter and len(fields) == len(self.columns) > 1

    def wrong_count(self, text: bytes, line: int, *, cut: bool) -> FormatError:
        """Say that a line has too few or too many columns; cut: the file ends within it."""
        got = text.count(self.delimiter.encode()) + 1
        others = [mark for mark in DELIMITERS if self._parted_by(mark, text)]
        remedy = "Mend or remove the line."
        if got == 1 and others:
            wanted = DELIMITERS.get(self.delimiter, repr(self.delimiter))
            remedy = f"Write {wanted} between the columns, not {DELIMITERS[others[0]]}."
        elif self.delimiter == "," and got > len(self.columns) and b"." not in text:
            remedy = "If its commas are decimal points, write points."
        elif cut:
            remedy = "The file was cut off within this line: copy it again."
        wanted = f"expected {len(self.columns)} columns ({self.listed})"
        return FormatError(self.path, f"{wanted}, got {got}. {remedy}", line=line)


def _numbers(
    source: BinaryIO, layout: _Layout, keep: Sequence[int], first_line: int
) -> Iterator[NDArray[np.float64]]:
    line = first_line
    for text in text_blocks(source):
        if text.startswith(UTF_16):
            problem = "is written in UTF-16. Save it as plain text in UTF-8."
            raise FormatError(layout.path, problem, line=line)
        if len(text) > BLOCK_BYTES and b"\n" not in text and b"\r" not in text:
            problem = "holds a line of over 1 MB, so it is no text of numbers. Copy the file again."
            raise FormatError(layout.path, problem, line=line)
        numbers = _parse(text, layout, keep, line)
        yield numbers
        line += len(numbers)


def text_blocks(source: BinaryIO) -> Iterator[bytes]:
    """Give the text as blocks of whole lines; blank lines at its end become one line end.

    A line longer than a block comes last, as far as it was read. The library's own stream of blocks
    would do, but it holds some 40 MB more.
    """
    held, rest = b"", source.read(len(BYTE_ORDER_MARK)).removeprefix(BYTE_ORDER_MARK)
    while chunk := source.read(BLOCK_BYTES):
        if held:
            yield held
        end = chunk.rfind(b"\n") + 1 or chunk.rfind(b"\r") + 1
        held, rest = (rest + chunk[:end], chunk[end:]) if end else (b"", rest + chunk)
        if len(rest) > BLOCK_BYTES:
            yield rest
            return
    last = held + rest
    kept = last.rstrip(b"\r\n")
    if kept:
        yield kept if kept == last else kept + b"\n"


def _lines(text: bytes) -> int:
    """Give the number of line ends: LF or CR LF, or CR in a text that has no LF."""
    return text.count(b"\n") or text.count(b"\r")


def _parse(
    text: bytes, layout: _Layout, keep: Sequence[int], first_line: int
) -> NDArray[np.float64]:
    names = [str(index) for index in range(len(layout.columns))]
    kept = [names[index] for index in keep]
    try:
        table = pa.csv.read_csv(
            pa.py_buffer(text),
            read_options=pa.csv.ReadOptions(
                column_names=names, use_threads=False, block_size=len(text)
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=layout.delimiter, quote_char=False, ignore_empty_lines=False
            ),
            convert_options=pa.csv.ConvertOptions(
                include_columns=kept, column_types=dict.fromkeys(kept, pa.float64()), null_values=[]
            ),
        )
    except pa.ArrowInvalid as error:
        raise _fault(str(error), text, layout, first_line) from None
    if len(kept) < len(names):
        _check_bytes(text, layout, first_line)
    numbers = np.empty((table.num_rows, len(kept)))
    for place, column in enumerate(table.columns):
        # not to_numpy, which imports pandas: 0.2 s and 30 MB
        numbers[:, place] = np.from_dlpack(column.combine_chunks())
    return numbers


def _check_bytes(text: bytes, layout: _Layout, first_line: int) -> None:
    """Raise FormatError where a column that is not kept holds what no number does."""
    allowed = _BYTES_OF_NUMBERS + layout.delimiter.encode()
    strange = text.translate(None, allowed)
    if not strange:
        return
    before = text[: text.index(strange[:1])]
    row = _lines(before)
    fields = text.splitlines()[row].split(layout.delimiter.encode())
    line_start = max(before.rfind(b"\n"), before.rfind(b"\r")) + 1
    column = before.count(layout.delimiter.encode(), line_start)
    raise layout.not_a_number(fields[column], layout.columns[column], first_line + row)


def _fault(message: str, text: bytes, layout: _Layout, first_line: int) -> FormatError:
    """Turn the library's message on a row of the text into a sentence with the line."""
    row = re.search(r"Row #(\d+)", message)
    if row is None:
        problem = f"cannot be read as lines of numbers ({layout.listed})"
        return FormatError(layout.path, f"{problem}. Is it the file that its name says?")
    if b"\0" in text:
        line = first_line + _lines(text[: text.index(b"\0")])
        problem = f"expected numbers ({layout.listed}), got bytes of 0. Is it UTF-16, or damaged?"
        return FormatError(layout.path, f"{problem} Save it as UTF-8, or copy it again.", line=line)
    index = int(row[1]) - 1
    lines = text.splitlines()
    if not lines[index].strip():
        problem = f"expected {len(layout.columns)} columns ({layout.listed}), got a blank line."
        return FormatError(layout.path, f"{problem} Remove it.", line=first_line + index)
    column = re.search(r"CSV column #(\d+)", message)
    if column is not None:
        got = lines[index].split(layout.delimiter.encode())[int(column[1])]
        return layout.not_a_number(got, layout.columns[int(column[1])], first_line + index)
    cut = index == len(lines) - 1 and not text.endswith((b"\n", b"\r"))
    return layout.wrong_count(lines[index], first_line + index, cut=cut)
