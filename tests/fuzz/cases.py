"""A case: the files of a target, changed by one to three mutations, from a seed and a number."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from fuzz.archives import ARCHIVE, bomb, many_members, members_of, zipped
from fuzz.json_values import JSON
from fuzz.parquet import PARQUET, changed
from fuzz.pickles import PICKLE
from fuzz.raw import RAW
from fuzz.targets import Target
from fuzz.text import TEXT, TextKind, huge_line
from fuzz.trees import TREE, files_of

TREE_SHARE = 0.15
RAW_SHARE = 0.2
RENAMING = ("strange_name", "other_case")
SLOW_EVERY = 250
"""One case in so many begins with a slow mutation: a line of 100 MB, a zip bomb, 20,000 members."""


@dataclass(frozen=True)
class Case:
    """A case on disk. path: what to read. mutations: their names. changed: the files they changed.

    tree: whether files came, went or changed places, or refer to each other.
    """

    root: Path
    path: Path
    mutations: tuple[str, ...]
    changed: tuple[Path, ...]
    tree: bool
    random: Random


def pristine(target: Target, root: Path) -> Path:
    """Write the target's files as they should be and give the path to read."""
    return target.write(root, 0)


def build(target: Target, root: Path, source: tuple[Path, Path], *, number: int, seed: int) -> Case:
    """Copy the pristine files (root, path) to a new folder and change them.

    The same target, number and seed give the same case.
    """
    shutil.copytree(source[0], root)
    random = Random(f"{seed}/{number}")
    names: list[str] = []
    places: list[Path] = []
    tree = False
    path = root / source[1].relative_to(source[0])
    for turn in range(random.choices((1, 2, 3), (0.6, 0.25, 0.15))[0]):
        slow = turn == 0 and number % SLOW_EVERY == SLOW_EVERY - 1
        if not slow and random.random() < TREE_SHARE:
            name = random.choice([*TREE])
            places.append(TREE[name](root, random))
            path = _followed(path, name, places[-1])
            tree = True
        else:
            name, place = _change_file(target, root, random, slow=slow)
            places.append(place)
        names.append(name)
    return Case(root, path, tuple(names), tuple(places), tree or target.linked, random)


def only(
    target: Target, root: Path, source: tuple[Path, Path], *, mutation: str, seed: int
) -> Case:
    """Copy the pristine files and change them by the one mutation that is named."""
    shutil.copytree(source[0], root)
    random = Random(f"{seed}/{mutation}")
    path = root / source[1].relative_to(source[0])
    if mutation in TREE:
        place = TREE[mutation](root, random)
        path = _followed(path, mutation, place)
        return Case(root, path, (mutation,), (place,), True, random)
    files = [file for file in files_of(root) if mutation in mutations_of(file)]
    if not files:
        return Case(root, path, (), (), False, random)
    place = path if path in files else random.choice(files)
    content = apply(mutation, place.name, place.read_bytes(), target, random)
    place.write_bytes(content)
    return Case(root, path, (mutation,), (place,), target.linked, random)


def mutations_of(file: Path) -> list[str]:
    """Give the names of the mutations for a file's kind, slow ones left out."""
    kinds: dict[str, Iterable[str]] = {
        ".parquet": PARQUET,
        ".zip": ARCHIVE,
        ".pkl": PICKLE,
        ".json": {**JSON, **TEXT},
    }
    special = kinds.get(file.suffix.lower(), TEXT)
    members = ["member"] if file.suffix.lower() == ".zip" else []
    return [*special, *members, *RAW]


def apply(mutation: str, name: str, content: bytes, target: Target, random: Random) -> bytes:
    """Give the content of a file of this name after one mutation."""
    if mutation == "member":
        return _change_member(content, target, random)
    if mutation in PARQUET:
        return changed(content, random, PARQUET[mutation])
    slow_zips = {of.__name__: of for of in (bomb, many_members)}
    for group in (ARCHIVE, PICKLE, JSON, RAW, slow_zips):
        if mutation in group:
            return group[mutation](content, random)
    texts = {**TEXT, "huge_line": huge_line}
    return texts[mutation](content, _kind(target, name), random)


def _followed(path: Path, mutation: str, place: Path) -> Path:
    """Give what to read after a mutation of the tree: where the file went, if it was renamed."""
    renamed = mutation in RENAMING and not path.exists() and not path.is_symlink()
    return place if renamed and place.is_file() else path


def _change_file(target: Target, root: Path, random: Random, *, slow: bool) -> tuple[str, Path]:
    files = files_of(root)
    if not files:
        return "nothing left", root
    weights = [4 if _is_of_readings(target, file) else 1 for file in files]
    place = random.choices(files, weights)[0]
    name = _slow(target, place, random) if slow else _usual(place, random)
    place.write_bytes(apply(name, place.name, place.read_bytes(), target, random))
    return name, place


def _is_of_readings(target: Target, file: Path) -> bool:
    return file.name.endswith((*target.texts, ".zip", ".pkl", ".parquet"))


def _usual(file: Path, random: Random) -> str:
    names = mutations_of(file)
    special = names[: -len(RAW)]
    if file.suffix.lower() == ".zip" and random.random() < 0.4:
        return "member"
    return random.choice([*RAW] if random.random() < RAW_SHARE else special)


def _slow(target: Target, file: Path, random: Random) -> str:
    if file.name.endswith(target.binary):  # 100 MB of it are readings, and no fault
        return "noise"
    kinds = {".zip": ["bomb", "many_members"], ".parquet": ["noise"], ".pkl": ["deep"]}
    return random.choice(kinds.get(file.suffix.lower(), ["huge_line"]))


def _change_member(content: bytes, target: Target, random: Random) -> bytes:
    """Give a zip file after a mutation of one of its members."""
    members = members_of(content)
    if not members:
        return content
    name = random.choice([*members])
    mutation = random.choice([*TEXT, *RAW])
    return zipped({**members, name: apply(mutation, name, members[name], target, random)})


def _kind(target: Target, name: str) -> TextKind:
    """Give how a text file of this name is laid out: the longest end that fits."""
    fits = [end for end in target.texts if name.endswith(end)]
    return target.texts[max(fits, key=len)] if fits else TextKind()
