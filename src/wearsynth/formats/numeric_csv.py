"""Lines of numbers in text files: read fast, with the line named where one is not as it should be."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from wearsynth.errors import FormatError

BLOCK_BYTES = 1 << 20
"""A text is read in blocks of this size; no line may be longer."""


def parse_numbers(
    text: bytes,
    path: Path | str,
    *,
    columns: Sequence[str],
    delimiter: str = ",",
    first_line: int = 1,
) -> NDArray[np.float64]:
    """Give the numbers of a text without header, (row, column); blanks around them do no harm.

    path and first_line say where the text stands, for messages. FormatError with file and line
    where a line has too few or too many columns, or something that is not a finite number.
    """
    kept = text.rstrip()
    if not kept:
        raise FormatError(path, f"holds no readings ({', '.join(columns)}).")
    names = [str(index) for index in range(len(columns))]
    try:
        table = pa.csv.read_csv(
            pa.py_buffer(kept),
            read_options=pa.csv.ReadOptions(column_names=names, use_threads=False),
            parse_options=pa.csv.ParseOptions(delimiter=delimiter, ignore_empty_lines=False),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.float64()), null_values=[]
            ),
        )
    except pa.ArrowInvalid as error:
        raise _fault(str(error), path, columns, first_line) from None
    numbers = np.column_stack([table.column(name).to_numpy() for name in names])
    bad = np.flatnonzero(~np.isfinite(numbers).all(axis=1))
    if len(bad):
        raise _not_numbers(path, columns, first_line + int(bad[0]))
    return numbers


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
    block, or holds something that is no number; nothing for an empty text.
    """
    names = [str(index) for index in range(len(columns))]
    kept = [names[index] for index in keep]
    try:
        reader = pa.csv.open_csv(
            source,
            read_options=pa.csv.ReadOptions(
                column_names=names, use_threads=False, block_size=BLOCK_BYTES
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=delimiter, quote_char=False, ignore_empty_lines=False
            ),
            convert_options=pa.csv.ConvertOptions(
                include_columns=kept, column_types=dict.fromkeys(kept, pa.float64()), null_values=[]
            ),
        )
        for batch in reader:
            yield np.column_stack([batch.column(name).to_numpy() for name in kept])
    except pa.ArrowInvalid as error:
        if "Empty CSV file" in str(error):
            return
        raise _fault(str(error), path, columns, first_line) from None


def append_rows(stream: BinaryIO, columns: Sequence[NDArray[np.generic]]) -> None:
    """Write rows of comma-separated numbers, one column an array, to an open file."""
    table = pa.table({str(index): column for index, column in enumerate(columns)})
    options = pa.csv.WriteOptions(include_header=False, quoting_style="none")
    pa.csv.write_csv(table, stream, options)


def _fault(message: str, path: Path | str, columns: Sequence[str], first_line: int) -> FormatError:
    row = re.search(r"Row #(\d+)", message)
    if row is None:
        return FormatError(path, f"cannot be read as numbers ({', '.join(columns)}): {message}.")
    line = first_line + int(row[1]) - 1
    counted = re.search(r"Expected (\d+) columns, got (\d+)", message)
    if counted is None:
        return _not_numbers(path, columns, line)
    wanted = f"expected {counted[1]} columns ({', '.join(columns)}), got {counted[2]}"
    return FormatError(path, f"{wanted}. Was the file cut off?", line=line)


def _not_numbers(path: Path | str, columns: Sequence[str], line: int) -> FormatError:
    wanted = f"expected {len(columns)} finite numbers ({', '.join(columns)})"
    return FormatError(path, f"{wanted}. Mend or remove the line.", line=line)
