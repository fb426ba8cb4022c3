"""One file of an Empatica E4 session: start, rate, then a line a reading; IBI.csv; tags.csv."""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import Channel, Oddity
from wearsynth.errors import FormatError
from wearsynth.formats.numeric_csv import stream_numbers

HEAD_BYTES = 4096
"""A line of a head is no longer than this."""
TAGS_BYTES = 1 << 20
"""tags.csv is no larger than this."""
RATES_HZ = (0.01, 10_000.0)
"""A rate outside of this is no rate of a sensor."""
_REMEDY = "Copy the file as Empatica gave it, not as a spreadsheet saved it."
_NOT_FINITE = ("nan", "inf", "-inf", "+inf", "infinity", "-infinity")
_UTF8_MARK, _UTF16_MARKS = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
Numbers = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Kind:
    """One of the signals. counts_per_unit: what a reading is divided by.

    low, high: what the sensor can give, in the file's numbers.
    """

    file: str
    name: str
    rate_hz: float
    channels: tuple[Channel, ...]
    low: float
    high: float
    counts_per_unit: float = 1.0


KINDS = (
    Kind("ACC.csv", "acc", 32, tuple(Channel(f"acc_{a}", "g") for a in "xyz"), -128, 127, 64),
    Kind("BVP.csv", "bvp", 64, (Channel("bvp", "a.u."),), -1e6, 1e6),
    Kind("EDA.csv", "eda", 4, (Channel("eda", "uS"),), -1, 100),
    Kind("TEMP.csv", "temp", 4, (Channel("temp", "degC"),), -40, 115),
    Kind("HR.csv", "hr", 1, (Channel("hr", "bpm"),), 0, 300),
)


@dataclass(frozen=True)
class Head:
    """The first two lines of a file: start in Unix seconds and rate."""

    start_unix_s: float
    rate_hz: float


class Body(io.RawIOBase):
    """A stream that remembers the last bytes it gave, for what stands at a file's end."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self.tail = stream, b""

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Give the next bytes, at most size; b"" at the end."""
        chunk = self._stream.read(size)
        self.tail = (self.tail + chunk[-HEAD_BYTES:])[-HEAD_BYTES:]
        return chunk


def read_head(stream: BinaryIO, where: str, kind: Kind) -> Head | None:
    """Give a file's start and rate, the stream left at its readings; None for an empty file."""
    count = len(kind.channels)
    first = head_line(stream, where, 1)
    if not first.strip():
        return None
    starts = [_start(text, where) for text in _fields(first, where, 1, count)]
    rates = [_rate(text, where) for text in _fields(head_line(stream, where, 2), where, 2, count)]
    for line, values in ((1, starts), (2, rates)):
        if len(set(values)) > 1:
            problem = f"expected {count} equal numbers, got {', '.join(map(str, values))}. Mend it."
            raise FormatError(where, problem, line=line)
    return Head(starts[0], rates[0])


def read_values(stream: BinaryIO, where: str, kind: Kind) -> tuple[Numbers, tuple[Oddity, ...]]:
    """Give the readings after a head, (time, channel), in the file's numbers, and what was odd."""
    columns = [channel.name for channel in kind.channels]
    return _rows(stream, where, columns, first_line=3, dtype=np.float32)


def read_ibi(stream: BinaryIO, where: str) -> tuple[float, Numbers, tuple[Oddity, ...]] | None:
    """Give IBI.csv: start in Unix seconds, rows of (seconds from it, interval in s), oddities."""
    first = head_line(stream, where, 1)
    if not first.strip():
        return None
    start, word = _fields(first, where, 1, 2)
    if word != "IBI":
        raise FormatError(
            where, f"expected a start and the word IBI, got {word[:40]!r}. {_REMEDY}", line=1
        )
    rows, oddities = _rows(stream, where, ("time", "interval"), first_line=2, dtype=np.float64)
    return _start(start, where), rows, oddities


def read_tags(stream: BinaryIO, where: str) -> list[float]:
    """Give the Unix times of tags.csv in its order; NaN for what is a number but no time."""
    content = stream.read(TAGS_BYTES + 1)
    if len(content) > TAGS_BYTES:
        raise FormatError(where, "holds over 1 MB, though a session has but a few tags. Remove it.")
    lines = _text(content.removeprefix(_UTF8_MARK), where, 1).rstrip().splitlines()
    return [
        np.nan if line.strip().lower() in _NOT_FINITE else _start(line.strip(), where, line=number)
        for number, line in enumerate(lines, start=1)
    ]


def head_line(stream: BinaryIO, where: str, line: int) -> str:
    """Give the next line of a stream as text, "" at its end."""
    content = b""
    while len(content) < HEAD_BYTES and not content.endswith(b"\n"):
        if not (byte := stream.read(1)):
            break
        content += byte
    if len(content) == HEAD_BYTES:
        raise FormatError(where, f"is too long for a head. {_REMEDY}", line=line)
    return _text(content.removeprefix(_UTF8_MARK) if line == 1 else content, where, line)


def _text(content: bytes, where: str, line: int) -> str:
    if content.startswith(_UTF16_MARKS) or b"\0" in content:
        raise FormatError(where, f"is no UTF-8 text. {_REMEDY}", line=line)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise FormatError(where, f"is no UTF-8 text. {_REMEDY}", line=line) from error


def _fields(text: str, where: str, line: int, count: int) -> list[str]:
    fields = [field.strip() for field in text.split(",")]
    if len(fields) != count:
        got = f"expected {count} comma-separated field(s), got {len(fields)}"
        raise FormatError(where, f"{got}. {_REMEDY}", line=line)
    return fields


def _start(text: str, where: str, *, line: int = 1) -> float:
    """Give a time in Unix seconds; some published sets write it as date and time (UTC)."""
    start = _number(text)
    if start is None and re.fullmatch(r"\d{4}-\d\d-\d\d[ T][\d:.]+", text):
        try:
            start = datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
        except ValueError:
            start = None
    if start is None or not 0 <= start < 1e11:
        problem = f"expected a time in Unix seconds, got {text[:40]!r}. {_REMEDY}"
        raise FormatError(where, problem, line=line)
    return start


def _rate(text: str, where: str) -> float:
    rate_hz = _number(text)
    if rate_hz is None or not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
        problem = f"expected a rate in Hz, got {text[:40]!r}. {_REMEDY}"
        raise FormatError(where, problem, line=2)
    return rate_hz


def _number(text: str) -> float | None:
    try:
        number = float(text) if "_" not in text else None
    except ValueError:
        return None
    return number if number is not None and isfinite(number) else None


def _rows(
    stream: BinaryIO,
    where: str,
    columns: Sequence[str],
    *,
    first_line: int,
    dtype: type[np.floating[Any]],
) -> tuple[Numbers, tuple[Oddity, ...]]:
    body = Body(stream)
    with np.errstate(over="ignore"):  # 1e300 becomes infinity, which no sensor gives
        parts = [
            part.astype(dtype)
            for part in stream_numbers(
                body,  # type: ignore[arg-type]  # a stream of bytes that is read only
                where,
                columns=columns,
                keep=range(len(columns)),
                delimiter=",",
                first_line=first_line,
            )
        ]
    rows = np.concatenate(parts) if parts else np.zeros((0, len(columns)), dtype=dtype)
    last = first_line + len(rows) - 1
    return rows, tuple(_unended(body.tail, where, last))


def _unended(tail: bytes, where: str, line: int) -> Iterator[Oddity]:
    """Tell of a last line without an end; FormatError where it is shorter than the one before."""
    if not tail or tail.endswith((b"\n", b"\r")):
        return
    lines = re.split(rb"[\r\n]+", tail)
    decimals = [len(text.rpartition(b".")[2]) if b"." in text else 0 for text in lines[-2:]]
    if decimals[-1] < decimals[0]:
        problem = "the file ends within the last line. Copy it again, or remove that line."
        raise FormatError(where, problem, line=line)
    if len(decimals) < 2 or not decimals[-1]:
        yield Oddity("last line(s) without an end (cut off?), read as they stand", 1, f"{where}")
