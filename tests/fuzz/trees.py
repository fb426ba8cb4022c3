"""Mutations of folders: files that are not there, are folders, lead in circles, or are nobody's."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

Mutation = Callable[[Path, Random], Path]
"""Takes the root of a case and changes what is in it; gives what was changed."""


def files_of(root: Path) -> list[Path]:
    """Give the plain files under a folder, in order; links and pipes are none."""
    found = (Path(at) / name for at, _, names in os.walk(root) for name in names)
    return sorted(path for path in found if path.is_file() and not path.is_symlink())


def _pick(root: Path, random: Random) -> Path:
    return random.choice(files_of(root) or [root])


def _pick_folder(root: Path, random: Random) -> Path:
    """Give a folder with a file in it; the root where there is none."""
    files = files_of(root)
    return random.choice(files).parent if files else root


def junk(root: Path, random: Random) -> Path:
    """Add what systems and programs leave behind beside the files."""
    folder = _pick_folder(root, random)
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "~$notes.docx", "notes.txt"):
        (folder / name).write_bytes(b"\x00\x01Bud1")
    for file in files_of(folder):
        if not file.name.startswith("._"):
            file.with_name(f"._{file.name}"[:255]).write_bytes(b"\x00\x05\x16\x07\x00\x02\x00\x00")
    (folder / "__MACOSX").mkdir(exist_ok=True)
    (folder / "empty").mkdir(exist_ok=True)
    return folder


def remove(root: Path, random: Random) -> Path:
    """Take a file away."""
    gone = _pick(root, random)
    if gone != root:
        gone.unlink()
    return gone


def remove_all(root: Path, random: Random) -> Path:
    """Take all files of a folder away, the folder stays."""
    folder = _pick_folder(root, random)
    for file in files_of(folder):
        file.unlink()
    return folder


def file_to_folder(root: Path, random: Random) -> Path:
    """Put a folder in a file's place, with a file in it or not."""
    place = _pick(root, random)
    if place != root:
        place.unlink()
        place.mkdir()
        if random.random() < 0.5:
            (place / "x.csv").write_bytes(b"1,2,3\n")
    return place


def folder_to_file(root: Path, random: Random) -> Path:
    """Put a file in a folder's place."""
    place = _pick_folder(root, random)
    if place != root:
        shutil.rmtree(place)
        place.write_bytes(b"1,2,3\n")
    return place


def folder_named_like_a_file(root: Path, random: Random) -> Path:
    """Put a folder beside the files that has such a name as they have."""
    beside = _pick(root, random)
    place = beside.with_name(f"{beside.stem}2{beside.suffix}")
    if beside != root and not place.exists():
        place.mkdir()
        shutil.copy(beside, place / beside.name)
    return place


def link_loop(root: Path, random: Random) -> Path:
    """Put a link that leads to its own folder, or to itself in a file's place."""
    place = _pick(root, random)
    if place == root:
        return root
    if random.random() < 0.5:
        loop = place.parent / "loop"
        if not loop.is_symlink() and not loop.exists():
            loop.symlink_to(place.parent, target_is_directory=True)
        return loop
    place.unlink()
    place.symlink_to(place)
    return place


def dead_link(root: Path, random: Random) -> Path:
    """Put a link that leads nowhere in a file's place."""
    place = _pick(root, random)
    if place != root:
        place.unlink()
        place.symlink_to(root / "nowhere")
    return place


def pipe(root: Path, random: Random) -> Path:
    """Put a named pipe, on which a careless reader waits for ever, in a file's place."""
    place = _pick(root, random)
    if place != root:
        place.unlink()
        os.mkfifo(place)
    return place


def strange_name(root: Path, random: Random) -> Path:
    """Give a file a name of bytes that are no letters, a line end, or very many letters."""
    place = _pick(root, random)
    strange = (b"\xff\xfe", b"a\nb", b"\x1b[31m", b"x" * 200, "ü★".encode(), b" ", b"%s{0}", b"\r")
    name = os.fsdecode(random.choice(strange)) + place.suffix
    return place if place == root else place.rename(place.with_name(name))


def strange_extra(root: Path, random: Random) -> Path:
    """Put a copy of a file beside it under a name of bytes that are no letters."""
    place = _pick(root, random)
    strange = os.fsdecode(b"\xff")
    copy = place.with_name(f"{place.stem}_{strange}{place.suffix}")
    return place if place == root else Path(shutil.copy(place, copy))


def other_case(root: Path, random: Random) -> Path:
    """Turn a file's name to upper or lower case."""
    place = _pick(root, random)
    name = place.name.swapcase()
    return place if place == root else place.rename(place.with_name(name))


def second_copy(root: Path, random: Random) -> Path:
    """Put a copy of a file beside it, as browsers name a second download."""
    place = _pick(root, random)
    copy = place.with_name(f"{place.stem} (1){place.suffix}")
    return place if place == root else Path(shutil.copy(place, copy))


def one_deeper(root: Path, random: Random) -> Path:
    """Move a file into a folder of its own."""
    place = _pick(root, random)
    if place == root or (place.parent / "moved").exists():
        return place
    (place.parent / "moved").mkdir()
    return place.rename(place.parent / "moved" / place.name)


def exchange(root: Path, random: Random) -> Path:
    """Exchange the content of two files."""
    if len(files_of(root)) > 1:
        a, b = random.sample(files_of(root), 2)
        content = a.read_bytes()
        a.write_bytes(b.read_bytes())
        b.write_bytes(content)
        return a
    return root


TREE: dict[str, Mutation] = {
    of.__name__: of
    for of in (
        junk, remove, remove_all, file_to_folder, folder_to_file, folder_named_like_a_file,
        link_loop, dead_link, pipe, strange_name, strange_extra, other_case, second_copy,
        one_deeper, exchange,
    )
}  # fmt: skip
