"""Windows as Arrow tables, Parquet files and pandas frames, of the schema in schema.py.

Row groups have a fixed size, so the same windows give the same bytes, in however many chunks they
were written.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from wearsynth.data import (
    FloatArray,
    IntArray,
    SignalWindows,
    Split,
    StrArray,
    Windows,
    check_same_kind,
)
from wearsynth.errors import DataError, FormatError, shown
from wearsynth.files import atomic_file, atomic_folder, telling_file_errors
from wearsynth.schema import (
    METADATA_KEY,
    PLAIN_COLUMNS,
    covariate_column,
    list_type,
    read_head,
    schema_of,
)

if TYPE_CHECKING:
    import pandas as pd

ROW_GROUP_BYTES = 16 * 2**20
MOST_OF_TYPE, MOST_OF_REASON = 60, 120
"""Letters that a message shows of a column's type and of what the library says."""


def to_arrow(windows: Windows) -> pa.Table:
    """Give the windows as an Arrow table of that schema."""
    columns = [_list_array(signal.values) for signal in windows.signals.values()]
    columns += [
        pa.DictionaryArray.from_arrays(
            windows.label.astype(np.int32), pa.array(windows.classes, pa.string())
        ),
        pa.array(windows.subject.astype(object), pa.string(), mask=windows.subject == ""),
        pa.array(windows.recording.astype(object), pa.string(), mask=windows.recording == ""),
        _number_array(windows.start_s),
        pa.array(windows.synthetic, pa.bool_()),
        *(_number_array(windows.covariates[name]) for name in sorted(windows.covariates)),
    ]
    return pa.Table.from_arrays(columns, schema=schema_of(windows))


def from_arrow(table: pa.Table, *, source: Path | str = "Arrow table") -> Windows:
    """Give the windows in an Arrow table of that schema.

    source: what to call the table in a message. FormatError where the table is not ours, was
    written by a newer version, lacks a column, or holds values that do not fit.
    """
    head = read_head(table.schema, source)
    signals = {}
    for name, (time, rate_hz, channels) in head.signals.items():
        column = _column(table, f"signal.{name}", source)
        values = _list_values(column, (time, len(channels)), f"signal.{name}", source)
        signals[name] = (values, rate_hz, channels)
    covariates = {n: _numbers(table, covariate_column(n), source) for n in head.covariates}
    try:
        return Windows(
            signals={name: SignalWindows(*parts) for name, parts in signals.items()},
            label=_labels(_column(table, "label", source), head.classes, source),
            classes=head.classes,
            subject=_names(_column(table, "subject", source)),
            recording=_names(_column(table, "recording", source)),
            start_s=_numbers(table, "start_s", source),
            synthetic=np.array(_full(table, "synthetic", source).to_numpy(), dtype=np.bool_),
            provenance=head.provenance,
            trained_groups=head.trained_groups,
            covariates=covariates,
        )
    except FormatError:
        raise
    except DataError as error:
        raise FormatError(source, f"{error} Write it again.") from error


def to_pandas(windows: Windows) -> "pd.DataFrame":
    """Give a frame with a row a window: label (categorical), subject, recording, start_s, synthetic.

    Each signal is one object column `signal.<name>` whose cells are (time, channel) arrays, each
    covariate one column `covariate.<name>` of numbers, NaN where unknown.
    """
    import pandas as pd

    frame = pd.DataFrame(
        {
            "label": pd.Categorical(windows.label_names, categories=pd.Index(windows.classes)),
            "subject": windows.subject.astype(object),
            "recording": windows.recording.astype(object),
            "start_s": windows.start_s,
            "synthetic": windows.synthetic,
        }
    )
    for name, values in windows.covariates.items():
        frame[covariate_column(name)] = values
    for name, signal in windows.signals.items():
        frame[f"signal.{name}"] = pd.Series(list(signal.values), dtype=object)
    return frame


def save_windows(windows: Windows, path: Path | str) -> None:
    """Write windows to one Parquet file, whole or not at all; FileError where that is not possible."""
    with windows_writer(Path(path)) as writer:
        writer.append(windows)


def save_split(parts: Split, folder: Path, *, overwrite: bool = False) -> None:
    """Write train.parquet and holdout.parquet into a folder, both or neither."""
    with atomic_folder(folder, overwrite=overwrite) as temporary:
        save_windows(parts.train, temporary / "train.parquet")
        save_windows(parts.holdout, temporary / "holdout.parquet")


def load_windows(path: Path | str) -> Windows:
    """Give the windows of a Parquet file that wearsynth wrote.

    FileError where it cannot be read; FormatError where it is damaged or not ours.
    """
    path = Path(path)
    with telling_parquet_errors(path):
        table = pq.read_table(path, partitioning=None, memory_map=False)
    return from_arrow(table, source=path)


def is_windows_file(path: Path) -> bool:
    """Tell whether a path is a Parquet file with wearsynth's metadata, of any schema version."""
    with suppress(OSError, UnicodeError, pa.ArrowException):
        return path.is_file() and METADATA_KEY in (pq.read_schema(path).metadata or {})
    return False


class WindowsWriter:
    """Appends chunks of windows to an open Parquet file, in row groups of one fixed size."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._first: Windows | None = None
        self._file: pq.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def append(self, windows: Windows) -> None:
        """Add windows; DataError unless signals, classes, provenance and groups equal the first's."""
        if self._first is None or self._file is None:
            self._first = windows.select(np.arange(0))
            self._rows = _rows_per_group(windows)
            self._file = _open_parquet(self._path, windows)
        _check_fits(self._first, windows)
        self._waiting.append(to_arrow(windows))
        if sum(table.num_rows for table in self._waiting) >= self._rows:
            self._flush(self._file, keep_rest=True)

    def close(self) -> None:
        """Write what is waiting and finish the file; DataError if nothing was ever appended."""
        if self._file is None:
            raise DataError("no windows were given to write.")
        self._flush(self._file, keep_rest=False)
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file without finishing it."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()

    def _flush(self, file: pq.ParquetWriter, *, keep_rest: bool) -> None:
        table = pa.concat_tables(self._waiting)
        whole = table.num_rows - table.num_rows % self._rows if keep_rest else table.num_rows
        file.write_table(table.slice(0, whole), row_group_size=self._rows)
        self._waiting = [table.slice(whole)]


@contextmanager
def windows_writer(path: Path) -> Iterator[WindowsWriter]:
    """Give a writer whose append(windows) streams to one Parquet file, in constant memory.

    Signals, classes, provenance and trained groups are those of the first chunk. The file appears
    when the block ends well; on any failure nothing is left. FileError where it cannot be written.
    """
    with atomic_file(path) as temporary:
        writer = WindowsWriter(temporary)
        try:
            yield writer
            writer.close()
        except BaseException:
            writer.abandon()
            raise


def _number_array(values: NDArray[np.float64]) -> pa.Array:
    return pa.array(values, pa.float64(), mask=np.isnan(values))


def _list_array(values: FloatArray) -> pa.Array:
    size = values.shape[1] * values.shape[2]
    flat = pa.array(np.ascontiguousarray(values).reshape(-1), pa.float32())
    return pa.FixedSizeListArray.from_arrays(flat, type=list_type(size))


def _column(table: pa.Table, name: str, source: Path | str) -> pa.ChunkedArray:
    if name not in table.column_names:
        raise FormatError(source, f"column {name!r} is missing. Write the file again.")
    column = table.column(name)
    wanted = pa.float64() if name.startswith(covariate_column("")) else PLAIN_COLUMNS.get(name)
    if name == "label" and column.type == pa.string():
        column = column.dictionary_encode()
    if wanted is not None and column.type != wanted:
        got = str(column.type)[:MOST_OF_TYPE]
        raise FormatError(source, f"column {name!r} must be {wanted}, got {got}. Write it again.")
    return column


def _numbers(table: pa.Table, name: str, source: Path | str) -> NDArray[np.float64]:
    """Give a column of numbers, (window,), NaN where it is null."""
    filled = pc.fill_null(_column(table, name, source), float("nan"))
    return np.array(filled.to_numpy(), dtype=np.float64)


def _full(table: pa.Table, name: str, source: Path | str) -> pa.ChunkedArray:
    return _without_nulls(_column(table, name, source), name, source)


def _without_nulls(column: pa.ChunkedArray, name: str, source: Path | str) -> pa.ChunkedArray:
    if column.null_count:
        problem = f"column {name!r} has {column.null_count} empty row(s)"
        raise FormatError(source, f"{problem}. Write the file again.")
    return column


def _list_values(
    column: pa.ChunkedArray, shape: tuple[int, int], name: str, source: Path | str
) -> FloatArray:
    """Give a list column as a writable (window, time, channel) array."""
    kind, size = column.type, shape[0] * shape[1]
    fits = pa.types.is_fixed_size_list(kind) and kind.value_type == pa.float32()
    if not (fits and kind.list_size == size):
        problem = f"column {name!r} must be {size} float32 a row, got {str(kind)[:MOST_OF_TYPE]}"
        raise FormatError(source, f"{problem}. Write the file again.")
    rows = _without_nulls(column, name, source)
    values = np.empty((len(rows), *shape), dtype=np.float32)
    done = 0
    for chunk in rows.chunks:
        values[done : done + len(chunk)] = chunk.flatten().to_numpy().reshape(-1, *shape)
        done += len(chunk)
    return values


def _labels(column: pa.ChunkedArray, classes: tuple[str, ...], source: Path | str) -> IntArray:
    encoded = _without_nulls(column, "label", source).unify_dictionaries().combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        return np.zeros(0, dtype=np.int64)
    names = encoded.dictionary.to_pylist()
    position = {name: index for index, name in enumerate(classes)}
    lookup = np.array([position.get(name, -1) for name in names], dtype=np.int64)
    label: IntArray = lookup[encoded.indices.to_numpy()]
    if (label < 0).any():
        strange = names[encoded.indices[int(np.argmin(label))].as_py()]
        problem = f"label {shown(str(strange))} is none of its classes"
        raise FormatError(source, f"{problem}. Write the file again.")
    return label


def _names(column: pa.ChunkedArray) -> StrArray:
    names: StrArray = pc.fill_null(column, "").to_numpy().astype(np.str_)
    return names


def _rows_per_group(windows: Windows) -> int:
    bytes_a_row: int = sum(
        4 * s.values.shape[1] * s.values.shape[2] for s in windows.signals.values()
    )
    return max(1, min(16_384, ROW_GROUP_BYTES // max(1, bytes_a_row)))


def _open_parquet(path: Path, windows: Windows) -> pq.ParquetWriter:
    names = ["label", "subject", "recording"]
    return pq.ParquetWriter(
        path,
        schema_of(windows),
        compression="zstd",
        use_dictionary=names,
        write_statistics=[*names, "start_s", "synthetic"],
    )


def _check_fits(first: Windows, other: Windows) -> None:
    check_same_kind(first, other, "the first windows", "later ones")
    for name in ("provenance", "trained_groups"):
        if getattr(first, name) != getattr(other, name):
            raise DataError(f"all chunks of one file need the same {name}.")


@contextmanager
def telling_parquet_errors(path: Path) -> Iterator[None]:
    """Turn what pyarrow raises while reading a Parquet file into one sentence with the path."""
    with telling_file_errors(path, "read"):
        path.open("rb").close()
    try:
        yield
    except UnicodeEncodeError as error:  # the library takes no name that is not UTF-8
        raise FormatError(path, "its name is no text in UTF-8. Rename it.") from error
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).split("source '")[-1].split("': ")[-1].split(". ")[0][:MOST_OF_REASON]
        raise FormatError(
            path, f"is not a whole Parquet file ({reason}). Copy or write it again."
        ) from error
