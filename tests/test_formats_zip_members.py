import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from wearsynth.errors import FormatError
from wearsynth.formats import read, recognise
from wearsynth.formats.zip_members import members_of, open_member

HEAD = "1600000000.000000\n4.000000\n"
PLAIN = {"EDA.csv": HEAD + "0.000000\n0.622764\n", "info.txt": "any text"}
NAMES = frozenset({"ACC.csv", "EDA.csv"})


def packed(path: Path, files: Mapping[str, str], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_members_are_found_by_folder_and_read_as_streams(tmp_path: Path) -> None:
    files = {"EDA.csv": "a", "S3/EDA.csv": "bc", "S3/notes.txt": "x", "__MACOSX/EDA.csv": "x"}
    path = packed(tmp_path / "a.zip", files)
    found = members_of(path, NAMES)
    assert {folder: [*names] for folder, names in found.items()} == {
        ".": ["EDA.csv"],
        "S3": ["EDA.csv"],
    }
    with open_member(path, found["S3"]["EDA.csv"]) as stream:
        assert (stream.read(1), stream.read(), stream.read()) == (b"b", b"c", b"")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("../ACC.csv", "leads out of the archive"),
        ("/tmp/ACC.csv", "leads out of the archive"),
        ("C:\\x\\ACC.csv", "leads out of the archive"),
        ("a\\..\\..\\ACC.csv", "leads out of the archive"),
    ],
)
def test_names_that_lead_out_of_a_zip_are_refused(tmp_path: Path, name: str, problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        members_of(packed(tmp_path / "S02.zip", {**PLAIN, name: "x"}), NAMES)


def test_damaged_and_strange_zips_are_refused(tmp_path: Path) -> None:
    whole = packed(tmp_path / "whole.zip", PLAIN, zipfile.ZIP_STORED).read_bytes()
    at = whole.index(b"0.622764")
    with zipfile.ZipFile(tmp_path / "whole.zip") as archive:
        place = archive.getinfo("EDA.csv").header_offset
    central = whole.rindex(b"EDA.csv") - 46
    other_method = whole[: central + 10] + b"\x63" + whole[central + 11 :]
    encrypted = whole[: central + 8] + b"\x01" + whole[central + 9 :]
    cases = {
        "cut": (whole[:-100], "damaged zip archive"),
        "empty": (b"", "damaged zip archive"),
        "crc": (whole[:at] + b"9" + whole[at + 1 :], "EDA.csv: is a damaged zip archive"),
        "head": (whole[:place] + b"XXXX" + whole[place + 4 :], "EDA.csv: is a damaged zip archive"),
        "method": (other_method, "EDA.csv: is packed by method 99"),
        "encrypted": (encrypted, "EDA.csv: is encrypted. Unpack it"),
    }
    for name, (content, problem) in cases.items():
        path = tmp_path / f"{name}.zip"
        path.write_bytes(content)
        assert recognise(path) == "e4"
        with pytest.raises(FormatError, match=problem):
            read(path)


def test_a_name_that_stands_twice_in_a_zip_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "S02.zip", PLAIN)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("EDA.csv", PLAIN["EDA.csv"])
    with pytest.raises(FormatError, match=r"holds 'EDA\.csv' twice\. Pack"):
        read(path)


def test_a_bomb_is_refused_before_and_while_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "S02.zip"
    lines = b"0.5\n" * (1 << 18)
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("EDA.csv", "w") as member,
    ):
        member.write(HEAD.encode())
        for _ in range(80):
            member.write(lines)
    with pytest.raises(FormatError, match=r"EDA\.csv: unpacks to over .* 64 MB at over 100 to 1"):
        read(path)
    content = path.read_bytes()
    declared = (len(HEAD) + 80 * len(lines)).to_bytes(4, "little")
    path.write_bytes(content.replace(declared, (1000).to_bytes(4, "little")))  # a false size
    with pytest.raises(FormatError, match=r"EDA\.csv: is a damaged zip archive"):
        read(path)
