from pathlib import Path

import numpy as np
import pytest

from wearsynth.data import Channel, Recording, Signal, Span
from wearsynth.errors import FileError, FormatError
from wearsynth.formats.labels import read_labels, with_labels

HEAD = "start_s,end_s,label\n"


def recording(name: str, *, subject: str | None = None, start: float | None = None) -> Recording:
    """Give 10 s at 2 Hz."""
    signal = Signal(np.zeros((20, 1), np.float32), 2.0, (Channel("eda", "uS"),))
    return Recording(name, {"eda": signal}, subject=subject, start_unix_s=start)


def labels(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "labels.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def labelled(tmp_path: Path, content: str, *recordings: Recording) -> list[tuple[Span, ...]]:
    rows = read_labels(labels(tmp_path, content))
    return [of.spans for of in with_labels(recordings, rows)]


def test_rows_become_spans_in_order_in_place_of_others(tmp_path: Path) -> None:
    rows = HEAD + "4, 6.5 ,stress\n0,4,rest\n"
    assert labelled(tmp_path, rows, recording("a")) == [
        (Span(0, 4, "rest"), Span(4, 6.5, "stress"))
    ]


def test_spans_are_cut_to_what_the_signals_cover(tmp_path: Path) -> None:
    assert labelled(tmp_path, HEAD + "-5,100,rest\n", recording("a")) == [(Span(0, 10, "rest"),)]


def test_unix_times_are_brought_to_each_recordings_clock(tmp_path: Path) -> None:
    rows = "start_unix_s,end_unix_s,label\n1005,1025,rest\n"
    pair = (recording("a", start=1000), recording("b", start=1020))
    assert labelled(tmp_path, rows, *pair) == [(Span(5, 10, "rest"),), (Span(0, 5, "rest"),)]


@pytest.mark.parametrize("column", ["recording", "subject"])
def test_a_column_says_whose_row_it_is(tmp_path: Path, column: str) -> None:
    rows = f"note,{column},label,end_s,start_s\nx,S1,rest,3,1\nx,S2_b,walk,2,0\n"
    pair = (recording("S1_a", subject="S1"), recording("S2_b", subject="S2"))
    assert labelled(tmp_path, rows, *pair) == [(Span(1, 3, "rest"),), (Span(0, 2, "walk"),)]


def test_quotes_windows_lines_a_mark_and_empty_lines_are_read(tmp_path: Path) -> None:
    path = labels(tmp_path, b'\xef\xbb\xbf"start_s","end_s","label"\r\n0,1,"a, b"\r\n\r\n1,2,c\r\n')
    first, second = read_labels(path)
    assert (first.label, first.where) == ("a, b", f"{path}, line 2")
    assert (second.label, second.where) == ("c", f"{path}, line 4")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", r"labels\.csv: expected the columns start_s, end_s, label .* got nothing\. Name"),
        ("start;end;label\n", r"labels\.csv: expected the columns .* got 'start;end;label'"),
        ("start_s,end_s,label,start_s\n", r"labels\.csv: expected the columns"),
        (HEAD, r"labels\.csv: holds no rows\. Add"),
        (HEAD + "0,1\n", r"labels\.csv, line 2: expected 3 columns, got 2\. Mend"),
        (HEAD + "0,1,a,b\n", r"labels\.csv, line 2: expected 3 columns, got 4\. Mend"),
        (HEAD + "0,1,a\n0:10,0:20,a\n", r"line 3: expected a start and a later end .* '0:10'"),
        (HEAD + "2,2,a\n", r"line 2: expected a start and a later end"),
        (HEAD + "0,nan,a\n", r"line 2: expected a start and a later end"),
        (HEAD + "0,1_0,a\n", r"line 2: expected a start and a later end"),
        (HEAD + "0,1, \n", r"line 2: has no label\. Name it"),
        (HEAD + '0,1,"a\n', r"line 2: is no line of a CSV: a quote is open"),
        (HEAD + "0,1," + "a" * 200_000, r"line 2: is no line of a CSV: .* field too long"),
        (HEAD.encode("utf-16"), r"labels\.csv: is no UTF-8 text\. Save"),
        (HEAD.encode() + b"0,1,\xff\n", r"labels\.csv: is no UTF-8 text\. Save"),
    ],
)
def test_what_is_no_file_of_labels_is_refused(
    tmp_path: Path, content: str | bytes, problem: str
) -> None:
    with pytest.raises(FormatError, match=problem):
        read_labels(labels(tmp_path, content))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot read it"):
        read_labels(tmp_path / "labels.csv")


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("start_s,end_s,label,subject\n0,1,a,Eve\n", r"line 2: names 'Eve', .* Known: S1\."),
        (HEAD + "0,1,a\n50,60,b\n", r"line 3: the label 'b' from 50 to 60 s lies outside of 'r'"),
        (HEAD + "0,5,a\n4,6,b\n", r"line 3: the labels 'a' and 'b' of 'r' overlap at 4 s"),
        (
            "start_unix_s,end_unix_s,label\n0,1,a\n",
            r"line 2: recording 'r' has no known start.*Give start_s",
        ),
    ],
)
def test_rows_that_fit_no_recording_are_refused_by_line(
    tmp_path: Path, rows: str, problem: str
) -> None:
    with pytest.raises(FormatError, match=problem):
        labelled(tmp_path, rows, recording("r", subject="S1"))
