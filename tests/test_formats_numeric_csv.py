"""Lines of numbers in text files: values, and a sentence with the line for every fault."""

import io

import numpy as np
import pytest

from wearsynth.errors import FormatError
from wearsynth.formats.numeric_csv import BLOCK_BYTES, append_rows, parse_numbers, stream_numbers

COLUMNS = ("t", "x", "y")
ROW = b"1 2.5 -3\n"
MANY = ROW * (2 * BLOCK_BYTES // len(ROW) + 7)
"""A text of more than two blocks whose lines lie across their borders."""


def _rows(text: bytes, *, keep: tuple[int, ...] = (0, 1, 2)) -> np.ndarray:
    source = io.BytesIO(text)
    parts = list(stream_numbers(source, "a.dat", columns=COLUMNS, keep=keep, delimiter=" "))
    return np.concatenate(parts) if parts else np.zeros((0, len(keep)))


def _refusal(text: bytes, *, keep: tuple[int, ...] = (0, 1, 2)) -> str:
    with pytest.raises(FormatError) as caught:
        _rows(text, keep=keep)
    return str(caught.value)


def test_kept_columns_come_in_the_order_asked_for() -> None:
    text = b"1 2.5 -3\n4 nan 1e3\n7 -inf 0.5\n"
    wanted = [[-3.0, 1.0], [1000.0, 4.0], [0.5, 7.0]]
    np.testing.assert_array_equal(_rows(text, keep=(2, 0)), wanted)
    np.testing.assert_array_equal(_rows(text, keep=(1,))[:, 0], [2.5, np.nan, -np.inf])


def test_lines_across_the_borders_of_blocks_are_whole() -> None:
    rows = _rows(MANY)
    assert len(rows) == MANY.count(b"\n")
    assert (rows == [1, 2.5, -3]).all()


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf" + ROW * 3,
        ROW.replace(b"\n", b"\r\n") * 3,
        ROW.replace(b"\n", b"\r") * 3,
        (ROW * 3).rstrip(),
        ROW * 3 + b"\n\n",
        ROW.replace(b"\n", b"\r\n") * 3 + b"\r\n",
    ],
    ids=["byte order mark", "CR LF", "CR", "no last line end", "blank end", "blank end, CR LF"],
)
def test_the_same_numbers_in_other_bytes(text: bytes) -> None:
    np.testing.assert_array_equal(_rows(text), [[1, 2.5, -3]] * 3)


@pytest.mark.parametrize("text", [b"", b"\xef\xbb\xbf", b"\n\n", b"\r\n"])
def test_an_empty_text_gives_nothing(text: bytes) -> None:
    assert len(_rows(text)) == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"1 x 3\n", "expected 3 numbers (t, x, y), got 'x' for x. Mend or remove the line."),
        (b"1 2 2,5\n", "got '2,5' for y. Write numbers with a decimal point."),
        (b"1  3\n", "got '' for x. Mend or remove the line."),
        (b"1 \x00 3\n", "(t, x, y), got bytes of 0. Is it UTF-16, or damaged?"),
        (b"1 \xff 3\n", "for x. Mend or remove the line."),
        (b'"1" 2 3\n', """got '"1"' for t. Mend or remove the line."""),
        (b"1 2\n", "expected 3 columns (t, x, y), got 2. Mend or remove the line."),
        (b"1 2 3 4\n", "expected 3 columns (t, x, y), got 4. Mend or remove the line."),
        (b"1,2,3\n", "got 1. Write blanks between the columns, not commas."),
        (b"1;2;3\n", "got 1. Write blanks between the columns, not semicolons."),
        (b"1\t2\t3\n", "got 1. Write blanks between the columns, not tabs."),
        (b"\n", "(t, x, y), got a blank line. Remove it."),
        (b"1" * 3 * BLOCK_BYTES + b" 2 3\n", "holds a line of over 1 MB"),
    ],
)
@pytest.mark.parametrize("before", [b"", ROW * 2, MANY], ids=["first", "third", "third block"])
def test_a_fault_is_told_with_its_line(before: bytes, line: bytes, said: str) -> None:
    message = _refusal(before + line + ROW)
    assert message.startswith(f"a.dat, line {before.count(ROW) + 1}: ")
    assert said in message


def test_a_file_cut_within_a_line() -> None:
    said = "got 2. The file was cut off within this line: copy it again."
    assert _refusal(MANY + b"1 2").endswith(said)
    assert "line 3" in _refusal(ROW * 2 + b"1 2")


def test_text_in_a_column_that_is_not_kept() -> None:
    said = f"a.dat, line {MANY.count(ROW) + 2}: expected 3 numbers (t, x, y), got '2;' for x."
    assert _refusal(MANY + ROW + b"1 2; 3\n" + ROW, keep=(0,)).startswith(said)
    assert "got 'x7' for y" in _refusal(ROW * 3 + b"1 2 x7\r\n", keep=(0, 1))


def test_utf_16() -> None:
    text = "1 2 3\n".encode("utf-16")
    assert _refusal(text).startswith("a.dat, line 1: is written in UTF-16. Save it as plain text")


def test_many_columns_are_named_by_the_first_and_last() -> None:
    columns = [f"c{index}" for index in range(40)]
    source = io.BytesIO(b"1,2\n")
    with pytest.raises(FormatError, match=r"expected 40 columns \(c0, c1, \.\.\. c39\), got 2"):
        list(stream_numbers(source, "a", columns=columns, keep=[0], delimiter=","))


def test_commas_as_decimal_points_in_a_text_of_commas() -> None:
    with pytest.raises(
        FormatError, match=r"got 4\. If its commas are decimal points, write points"
    ):
        parse_numbers(b"1,5,2,5\n", "a.csv", columns=("x", "y"))


def test_a_whole_text_is_parsed_at_once() -> None:
    np.testing.assert_array_equal(
        parse_numbers(b" 1, 2\n3,4 \n\n", "a", columns="xy"), [[1, 2], [3, 4]]
    )
    np.testing.assert_array_equal(
        parse_numbers(b"NaN,2\n1,-inf\n", "a", columns="xy"), [[np.nan, 2], [1, -np.inf]]
    )
    with pytest.raises(FormatError, match=r"a, line 9: expected 2 numbers \(x, y\), got 'x' for y"):
        parse_numbers(b"1,2\n1,x\n", "a", columns="xy", first_line=8)
    with pytest.raises(FormatError, match=r"a: holds no readings \(x, y\)"):
        parse_numbers(b"\n", "a", columns="xy")


def test_written_rows_are_read_back() -> None:
    out = io.BytesIO()
    append_rows(out, [np.array([1, 2]), np.array([0.5, -3e-7])])
    np.testing.assert_array_equal(
        parse_numbers(out.getvalue(), "a", columns="xy"), [[1, 0.5], [2, -3e-7]]
    )
