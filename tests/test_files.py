import os
from pathlib import Path

import pytest

from wearsynth.errors import FileError
from wearsynth.files import (
    atomic_file,
    atomic_folder,
    check_free,
    check_not_input,
    check_writable,
    read_bytes,
    telling_file_errors,
)


def write_and_fail(path: Path) -> None:
    with atomic_file(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError


def fill_and_fail(path: Path, *, overwrite: bool = False) -> None:
    with atomic_folder(path, overwrite=overwrite) as temporary:
        (temporary / "a.txt").write_text("half")
        raise ZeroDivisionError


def test_a_file_appears_whole_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "a.txt"
    with atomic_file(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_a_failure_leaves_no_file_and_keeps_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with pytest.raises(ZeroDivisionError):
        write_and_fail(path)
    assert list(tmp_path.iterdir()) == []
    path.write_text("old")
    with pytest.raises(ZeroDivisionError):
        write_and_fail(path)
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    with atomic_folder(tmp_path / "out") as temporary:
        (temporary / "a.txt").write_text("whole")
        assert not (tmp_path / "out").exists()
    assert (tmp_path / "out" / "a.txt").read_text() == "whole"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_failure_leaves_no_folder_and_keeps_the_old_one(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(ZeroDivisionError):
        fill_and_fail(out)
    assert list(tmp_path.iterdir()) == []
    out.mkdir()
    (out / "model.json").write_text("old")
    with pytest.raises(ZeroDivisionError):
        fill_and_fail(out, overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert [p.name for p in out.iterdir()] == ["model.json"]


def test_a_full_folder_is_replaced_only_when_asked(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    check_free(out)
    (out / "model.json").write_text("old")
    with pytest.raises(FileError, match="exists already"):
        check_free(out)
    with pytest.raises(FileError, match="--overwrite"):
        fill_and_fail(out)
    with atomic_folder(out, overwrite=True) as temporary:
        (temporary / "manifest.json").write_text("new")
    assert [p.name for p in out.iterdir()] == ["manifest.json"]
    with pytest.raises(FileError, match="exists already"):
        check_free(out / "manifest.json", overwrite=True)


def test_writing_where_a_folder_or_a_file_stands_in_the_way(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is a folder, expected a file name"):
        write_and_fail(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileError, match=r"cannot write it: .*Free space there or choose another"):
        write_and_fail(tmp_path / "file" / "a.txt")
    with pytest.raises(FileError, match="cannot write it"):
        check_writable(tmp_path / "file" / "a.txt")
    check_writable(tmp_path / "new" / "a.txt")
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(FileError, match="Permission denied"):
            check_writable(tmp_path / "a.txt")
    finally:
        tmp_path.chmod(0o700)


def test_reading(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert read_bytes(tmp_path / "a") == b"abc"
    with pytest.raises(FileError, match=r"cannot read it: No such file.*Check the path"):
        read_bytes(tmp_path / "none")


def test_other_errors_pass_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="mine"), telling_file_errors(tmp_path, "read"):
        raise ValueError("mine")


def test_a_folder_with_something_of_the_users_is_never_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    with atomic_folder(folder) as place:
        (place / "model.json").write_text("old")
    with atomic_folder(folder, overwrite=True) as place:
        (place / "model.json").write_text("new")
    assert (folder / "model.json").read_text() == "new"
    (folder / "thesis.txt").write_text("mine")
    with (
        pytest.raises(FileError, match=r"holds 'thesis\.txt', which wearsynth did not write"),
        atomic_folder(folder, overwrite=True),
    ):
        raise AssertionError("the block must not be entered")
    assert (folder / "thesis.txt").read_text() == "mine"


def test_an_output_may_not_be_an_input_or_a_nameless_place(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    check_not_input(tmp_path / "new", tmp_path / "a")
    with pytest.raises(FileError, match="is read and would be replaced"):
        check_not_input(tmp_path / "a", tmp_path / "b", tmp_path / "a")
    with pytest.raises(FileError, match="is no name for a file"), atomic_file(Path("/")):
        raise AssertionError("the block must not be entered")


def test_a_link_is_followed_and_keeps_being_a_link(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with atomic_file(tmp_path / "link") as place:
        place.write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "new"


def test_a_name_that_is_no_text_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.parquet")
    with (
        pytest.raises(FileError, match=r"is no text in UTF-8\. Choose another place"),
        atomic_file(path),
    ):
        pass
    assert list(tmp_path.iterdir()) == []
