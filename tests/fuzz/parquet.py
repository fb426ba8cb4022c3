"""Mutations of Parquet files that stay Parquet files: other columns, types, rows, metadata."""

from collections.abc import Callable
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq

_OTHER_ONES = (b"-1", b"0", b"99999999999", b"null", b'"a"', b"[]", b"{}", b"NaN")
Change = Callable[[pa.Table, Random], pa.Table]


def changed(content: bytes, random: Random, change: Change) -> bytes:
    """Give a Parquet file after a change of its table; files that are none, and what does not fit, stay."""
    out = pa.BufferOutputStream()
    try:
        table = pq.read_table(pa.BufferReader(content))
        if table.num_columns and table.num_rows:
            pq.write_table(change(table, random), out)
            return bytes(out.getvalue())
    except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError):
        pass
    return content


def _column(table: pa.Table, random: Random) -> tuple[int, str, pa.ChunkedArray]:
    place = random.randrange(table.num_columns)
    return place, table.column_names[place], table.column(place)


def _with(table: pa.Table, place: int, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    return table.set_column(place, name, values).replace_schema_metadata(table.schema.metadata)


def drop_column(table: pa.Table, random: Random) -> pa.Table:
    """Leave a column out."""
    return table.drop_columns([_column(table, random)[1]])


def rename_column(table: pa.Table, random: Random) -> pa.Table:
    """Give a column another name, that of another one now and then."""
    place, name, values = _column(table, random)
    names = (f"{name} ", name.upper(), "", "x\ny", random.choice(table.column_names))
    return _with(table, place, random.choice(names), values)


def nulls(table: pa.Table, random: Random) -> pa.Table:
    """Leave some or all cells of a column empty."""
    place, name, values = _column(table, random)
    share = random.choice((0.02, 1.0))
    cells = [None if random.random() < share else cell for cell in values.to_pylist()]
    return _with(table, place, name, pa.array(cells, values.type))


def other_type(table: pa.Table, random: Random) -> pa.Table:
    """Give a column another type: text, whole numbers, dates, true and false, lists."""
    place, name, values = _column(table, random)
    rows = len(values)
    made = (
        lambda: pa.array(["12,5"] * rows),
        lambda: pa.array([str(i) for i in range(rows)]),
        lambda: pa.array([b"\xff\x00"] * rows),
        lambda: pa.array([[1.0, 2.0]] * rows),
        lambda: pa.array([{"a": 1}] * rows),
        lambda: pa.array([True] * rows),
        lambda: pa.nulls(rows),
        lambda: pa.array([2**62] * rows),
        lambda: pa.array(range(rows), pa.timestamp("us")),
        lambda: pa.array(range(rows), pa.date32()),
        lambda: pa.array(range(rows), pa.duration("ms")),
        lambda: values.cast(pa.float32(), safe=False),
        lambda: values.cast(pa.int8(), safe=False),
        lambda: values.cast(pa.string()),
        lambda: values.dictionary_encode(),
        lambda: pa.array(range(rows), pa.decimal128(38, 3)),
        lambda: pa.array(["x"] * rows).dictionary_encode(),
    )
    return _with(table, place, name, random.choice(made)())


def wild_values(table: pa.Table, random: Random) -> pa.Table:
    """Write NaN, infinity or huge numbers into a column of numbers."""
    place, name, values = _column(table, random)
    wild = random.choice((float("nan"), float("inf"), -float("inf"), 1e39, 1e300, -1.0))
    cells = values.to_pylist()
    for _ in range(random.choice((1, 5))):
        cells[random.randrange(len(cells))] = wild
    return _with(table, place, name, pa.array(cells, pa.float64()))


def no_rows(table: pa.Table, random: Random) -> pa.Table:
    """Leave no rows."""
    return table.slice(0, 0)


def one_row(table: pa.Table, random: Random) -> pa.Table:
    """Leave one row."""
    return table.slice(random.randrange(table.num_rows), 1)


def shuffle_rows(table: pa.Table, random: Random) -> pa.Table:
    """Put the rows in any order."""
    order = list(range(table.num_rows))
    random.shuffle(order)
    return table.take(order)


def double_rows(table: pa.Table, random: Random) -> pa.Table:
    """Write all rows twice."""
    return pa.concat_tables([table, table])


def no_metadata(table: pa.Table, random: Random) -> pa.Table:
    """Leave the schema's metadata out."""
    return table.replace_schema_metadata(None)


def broken_metadata(table: pa.Table, random: Random) -> pa.Table:
    """Change the JSON that stands in the schema's metadata."""
    about = dict(table.schema.metadata or {b"wearsynth": b"{}"})
    key = random.choice(list(about))
    about[key] = random.choice(
        (
            b"", b"{}", b"[]", b"null", b"[" * 100_000, b"\xff\xfe", about[key][: len(about[key]) // 2],
            about[key].replace(b"1", random.choice(_OTHER_ONES)),
            about[key].replace(b"[", b"{").replace(b"]", b"}"),
            about[key].replace(b'"g"', random.choice((b'"G"', b"7", b"null"))),
            about[key].replace(b"rest", random.choice((b"walking", b"", b"a\\nb"))),
            about[key].replace(b"rate_hz", b"rate"),
        )
    )  # fmt: skip
    return table.replace_schema_metadata(about)


PARQUET: dict[str, Change] = {
    of.__name__: of
    for of in (
        drop_column, rename_column, nulls, other_type, wild_values, no_rows, one_row, shuffle_rows,
        double_rows, no_metadata, broken_metadata,
    )
}  # fmt: skip
