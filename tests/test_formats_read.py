"""What formats.read does for every format: options that fit, signals, sentences."""

import os
from inspect import signature
from pathlib import Path

import pytest

from wearsynth.errors import DataError, FileError, FormatError
from wearsynth.formats import KNOWN_FORMATS, READERS, read, table


@pytest.mark.parametrize("name", KNOWN_FORMATS)
def test_a_reader_takes_just_the_options_that_it_names(name: str) -> None:
    reader = table if name == "table" else READERS[name]
    assert tuple(signature(reader.read).parameters)[1:] == reader.OPTIONS


def test_signals_are_kept_in_the_wanted_order() -> None:
    for wanted in (("gyro", "acc"), ("acc",)):
        recordings = read("basic_motions", signals=wanted)
        assert all(tuple(recording.signals) == wanted for recording in recordings)


def test_a_signal_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(DataError, match="has no signal 'bvp', it has acc, gyro"):
        read("basic_motions", signals=("bvp",))
    with pytest.raises(DataError, match="different names"):
        read("basic_motions", signals=("acc", "acc"))


def test_an_option_of_another_format_is_refused_with_its_owners() -> None:
    with pytest.raises(
        DataError, match="source_rate_hz is for 'memsstudio' and 'hsdatalog' only; b"
    ):
        read("basic_motions", source_rate_hz=26)


@pytest.mark.parametrize("name", ["x" * 5_000, "a/" * 3_000, os.fsdecode(b"\xff.csv"), "a\0b"])
def test_strange_paths_are_told_in_one_printable_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileError, match=r"cannot read it: File name too long|no such file") as told:
        read(tmp_path / name)
    assert str(told.value).isprintable()


def test_a_file_whose_name_is_no_text_is_read(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff_01_26Hz_4g_mg.csv")
    path.write_bytes(b"1,2,3\n")
    (recording,) = read(path)
    assert recording.name == r"\udcff/\udcff_01_26Hz_4g_mg"
    assert recording.spans[0].label == r"\udcff"


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log.csv")
    with pytest.raises(
        FileError, match=r"is no plain file or folder\. Copy its content into a file"
    ):
        read(tmp_path / "log.csv")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "is an empty file. Copy or export it again"),
        ("a.parquet", b"PAR1", "is not a whole Parquet file"),
        ("a.bin", b"x", "Name its format if it is one of them"),
    ],
)
def test_what_no_reader_knows_is_told_why(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FormatError, match=message):
        read(tmp_path / name)


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"is an empty folder\. Name the one"):
        read(tmp_path)


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="there is no such file or folder"):
        read(tmp_path / "nothing")
