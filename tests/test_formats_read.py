"""What formats.read does for every format: options that fit, signals, sentences."""

from inspect import signature
from pathlib import Path

import pytest

from wearsynth.errors import DataError, FileError
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
    with pytest.raises(DataError, match="source_rate_hz is for 'memsstudio' only; basic_motions"):
        read("basic_motions", source_rate_hz=26)


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="there is no such file or folder"):
        read(tmp_path / "nothing")
