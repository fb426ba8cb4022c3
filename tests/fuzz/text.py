"""Mutations of lines of text: bytes in, bytes out, the same for the same random state."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

LONG_LINE_BYTES = 2_000_000
HUGE_LINE_BYTES = 100_000_000
YEAR_S = 365 * 86_400


@dataclass(frozen=True)
class TextKind:
    """How a text file is laid out: what parts its fields, where its rows begin, where time stands.

    time_column: the field that holds the time, None where there is none. ticks_per_s: its unit.
    values: the fields that hold readings; none given: all but the time.
    """

    delimiter: bytes = b","
    header_lines: int = 0
    time_column: int | None = None
    ticks_per_s: float = 1.0
    values: tuple[int, ...] = ()


Mutation = Callable[[bytes, TextKind, Random], bytes]


def _parts(content: bytes, kind: TextKind) -> tuple[list[bytes], list[bytes]]:
    """Give the lines of the head and those of the body, with their line ends."""
    lines = content.splitlines(keepends=True)
    return lines[: kind.header_lines], lines[kind.header_lines :]


def _with_line(
    content: bytes, kind: TextKind, random: Random, make: Callable[[bytes], bytes]
) -> bytes:
    """Give the content with one line of the body made anew; its end is left alone."""
    head, body = _parts(content, kind)
    if body:
        place = random.randrange(len(body))
        line = body[place].rstrip(b"\r\n")
        body[place] = make(line) + body[place][len(line) :]
    return b"".join(head + body)


def _with_field(
    content: bytes, kind: TextKind, random: Random, field: bytes, *, reading: bool = False
) -> bytes:
    """Give the content with one field that is not the time replaced, or one that holds a reading."""

    def make(line: bytes) -> bytes:
        fields = line.split(kind.delimiter)
        wanted = kind.values if reading and kind.values else range(len(fields))
        free = [place for place in wanted if place != kind.time_column and place < len(fields)]
        fields[random.choice(free or [0])] = field
        return kind.delimiter.join(fields)

    return _with_line(content, kind, random, make)


def _with_times(
    content: bytes, kind: TextKind, first: int, change: Callable[[float], float]
) -> bytes:
    """Give the content with the times of all rows from `first` on changed."""
    head, body = _parts(content, kind)
    if kind.time_column is None:
        return content
    for place in range(first, len(body)):
        fields = body[place].split(kind.delimiter)
        if kind.time_column < len(fields):
            fields[kind.time_column] = _changed(fields[kind.time_column], change)
            body[place] = kind.delimiter.join(fields)
    return b"".join(head + body)


def _changed(field: bytes, change: Callable[[float], float]) -> bytes:
    try:
        number = change(float(field))
        return b"%.3f" % number if b"." in field else b"%d" % round(number)
    except (ValueError, OverflowError):  # no number, or none that can be counted on from
        return field


def _middle(content: bytes, kind: TextKind, random: Random, most: int = 40) -> tuple[int, int]:
    """Give a run of body lines [first, end) that leaves some rows on both sides."""
    count = len(_parts(content, kind)[1])
    if count < 8:
        return 0, 0
    length = random.randint(3, min(most, count // 2))
    first = random.randint(2, count - length - 2)
    return first, first + length


def drop_lines(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Leave out a run of lines from the middle."""
    head, body = _parts(content, kind)
    first, end = _middle(content, kind, random)
    return b"".join(head + body[:first] + body[end:])


def double_lines(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Write a run of lines twice, each line right after itself or the run after the run."""
    head, body = _parts(content, kind)
    first, end = _middle(content, kind, random)
    run = body[first:end]
    twice = [line for line in run for _ in range(2)] if random.random() < 0.5 else run + run
    return b"".join(head + body[:first] + twice + body[end:])


def swap_lines(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Swap two lines that are not the same."""
    head, body = _parts(content, kind)
    first, end = _middle(content, kind, random)
    if end > first:
        body[first], body[end - 1] = body[end - 1], body[first]
    return b"".join(head + body)


def shuffle_lines(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Put the rows in any order."""
    head, body = _parts(content, kind)
    random.shuffle(body)
    return b"".join(head + body)


def jump_forward(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Let the clock jump forward by a minute up to thirty years."""
    first, _ = _middle(content, kind, random)
    jump = random.choice((60, 3600, YEAR_S, 30 * YEAR_S)) * kind.ticks_per_s
    return _with_times(content, kind, first, lambda time: time + jump)


def jump_back(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Let the clock jump back by a minute up to thirty years."""
    first, _ = _middle(content, kind, random)
    jump = random.choice((60, 3600, YEAR_S, 30 * YEAR_S)) * kind.ticks_per_s
    return _with_times(content, kind, first, lambda time: time - jump)


def repeat_time(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Give all rows after one the time of one."""
    first, _ = _middle(content, kind, random)
    return _with_times(content, kind, first, lambda _: 0.0)


def negative_time(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Turn every time's sign."""
    return _with_times(content, kind, 0, lambda time: -time - 1)


def wild_time(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Write one time that no clock has."""
    wild = random.choice(
        (b"nan", b"inf", b"-inf", b"1e300", b"9" * 25, b"", b"-9223372036854775808")
    )

    def make(line: bytes) -> bytes:
        fields = line.split(kind.delimiter)
        fields[min(kind.time_column or 0, len(fields) - 1)] = wild
        return kind.delimiter.join(fields)

    return content if kind.time_column is None else _with_line(content, kind, random, make)


def nan(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Write NaN in place of a number."""
    return _with_field(content, kind, random, random.choice((b"NaN", b"nan")), reading=True)


def inf(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Write infinity in place of a number."""
    return _with_field(content, kind, random, random.choice((b"inf", b"-inf")), reading=True)


def huge_number(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Write a number that no float32, no float64 or no integer holds."""
    huge = (b"1e400", b"-1e400", b"1e39", b"1e308", b"9" * 5000, b"0." + b"3" * 5000, b"1e-5000")
    return _with_field(content, kind, random, random.choice(huge))


def word(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Write text in place of a number."""
    words = (
        b"oops",
        b"N/A",
        b"null",
        b"--",
        b"0x1F",
        b"True",
        b"1_000",
        b"'",
        b"=1+1",
        b"\x1b[31mred",
    )
    return _with_field(content, kind, random, random.choice(words))


def long_word(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Write a very long text in place of a number."""
    return _with_field(content, kind, random, b"blah " * random.choice((50, 5_000)))


def empty_field(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Leave one field empty."""
    return _with_field(content, kind, random, b"")


def latin_1(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Write letters that are not UTF-8, in a row or in the head."""
    if random.random() < 0.5:
        return b"gr\xfc\xdfe " + content
    return _with_field(content, kind, random, b"caf\xe9")


def foreign_digits(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Write digits that are none of ASCII's."""
    return _with_field(content, kind, random, "٣٤".encode())


def fewer_fields(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Cut a line short."""
    return _with_line(content, kind, random, lambda line: line[: random.randrange(len(line) + 1)])


def more_fields(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Let a line have a field more."""
    return _with_line(content, kind, random, lambda line: line + kind.delimiter + b"1")


def trailing_delimiter(content: bytes, kind: TextKind, random: Random) -> bytes:
    """End every line with one more delimiter."""
    return b"".join(
        line.rstrip(b"\r\n") + kind.delimiter + b"\n" for line in content.splitlines(keepends=True)
    )


def other_delimiter(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Part the fields by another sign, in the whole file."""
    others = [sign for sign in (b";", b"\t", b" ", b"|", b",") if sign != kind.delimiter]
    return content.replace(kind.delimiter, random.choice(others))


def decimal_comma(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Write numbers with a comma in place of the point, and semicolons between them or not."""
    if random.random() < 0.5:
        content = content.replace(kind.delimiter, b";")
    return content.replace(b".", b",")


def quote(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Put one quotation mark somewhere."""
    return _with_line(content, kind, random, lambda line: b'"' + line)


def blank_line(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Put an empty line or a line of blanks between the rows."""
    return _with_line(
        content, kind, random, lambda line: random.choice((b"", b"   ")) + b"\n" + line
    )


def comment_line(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Put a line of prose between the rows."""
    return _with_line(content, kind, random, lambda line: b"# sensor was restarted here\n" + line)


def header_only(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Leave the head alone: no rows."""
    return b"".join(_parts(content, kind)[0])


def no_header(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Leave the head out."""
    return b"".join(_parts(content, kind)[1])


def broken_header(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Change some letters of the head."""
    head, body = _parts(content, kind)
    text = bytearray(b"".join(head))
    for _ in range(min(len(text), random.randint(1, 4))):
        text[random.randrange(len(text))] = random.choice(b"xyzabc,;_ \t0")
    return bytes(text) + b"".join(body)


def only_blanks(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Give blanks and line ends, no content."""
    return random.choice((b"\n", b" ", b"\r\n\r\n", b"\n" * 1000, b"\t \n"))


def byte_order_mark(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Begin with the mark that Windows programs write."""
    return b"\xef\xbb\xbf" + content


def utf_16(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Write two bytes a letter."""
    codec = random.choice(("utf-16", "utf-16-le", "utf-16-be"))
    return content.decode("latin-1").encode(codec)


def windows_line_ends(content: bytes, kind: TextKind, random: Random) -> bytes:
    """End the lines as Windows does."""
    return content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def lone_returns(content: bytes, kind: TextKind, random: Random) -> bytes:
    """End the lines as old Macs did, all or one."""
    content = content.replace(b"\r\n", b"\n")
    if random.random() < 0.5:
        return content.replace(b"\n", b"\r")
    return _with_line(content, kind, random, lambda line: line + b"\r" + line)


def no_last_newline(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Leave out the last line's end."""
    return content.rstrip(b"\r\n")


def nul_bytes(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Put NUL bytes in, as a file has that lost its power while it was written."""
    place = random.randrange(len(content) + 1)
    return content[:place] + bytes(random.choice((1, 17, 5000))) + content[place:]


def long_line(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Make one line longer than a block that is read at once."""
    field = random.choice((b"1" + kind.delimiter, b"7", b"x"))
    return _with_line(
        content, kind, random, lambda line: line + field * (LONG_LINE_BYTES // len(field))
    )


def huge_line(content: bytes, kind: TextKind, random: Random) -> bytes:
    """Make one line of 100 MB."""
    field = random.choice((b"1" + kind.delimiter, b"7"))
    return _with_line(
        content, kind, random, lambda line: line + field * (HUGE_LINE_BYTES // len(field))
    )


TEXT: dict[str, Mutation] = {
    of.__name__: of
    for of in (
        drop_lines, double_lines, swap_lines, shuffle_lines,
        jump_forward, jump_back, repeat_time, negative_time, wild_time,
        nan, inf, huge_number, word, long_word, empty_field, latin_1, foreign_digits,
        fewer_fields, more_fields, trailing_delimiter, other_delimiter, decimal_comma, quote,
        blank_line, comment_line, header_only, no_header, broken_header, only_blanks,
        byte_order_mark, utf_16, windows_line_ends, lone_returns, no_last_newline, nul_bytes,
        long_line,
    )
}  # fmt: skip
"""Every mutation of a text but the slow one, huge_line."""
