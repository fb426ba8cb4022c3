"""Where the people of WESAD lie: S2/S2.pkl, or S2/S2_E4_Data where the pickle is not there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wearsynth.errors import WearsynthError
from wearsynth.files import telling_file_errors
from wearsynth.formats.zip_members import members_of
from wearsynth.names import natural_key

_PERSON = re.compile(r"S\d{1,4}")
_PICKLE = re.compile(r"(?P<who>S\d{1,4})(?P<more>[_ (-].*)?\.pkl", re.IGNORECASE)
_E4 = re.compile(r"(?P<who>S\d{1,4})_E4_Data(\.zip)?")
_BESIDE = re.compile(r"S\d{1,4}_(quest\.csv|readme\.txt|respiban\.txt)")
_NAME = "WESAD"
_PICKLE_NAMES = frozenset(f"S{number}.pkl" for number in range(2, 18))


@dataclass(frozen=True)
class Source:
    """One person's pickle, or else the wristband's own files.

    empty: there is neither, path is the person's folder. unread: further pickles of the person.
    """

    subject: str
    path: Path
    pickled: bool = False
    empty: bool = False
    unread: tuple[Path, ...] = ()


def has_wesad(folder: Path) -> bool:
    """Say whether files of WESAD lie in a folder or in the folders of its people; never raises."""
    try:
        return any(_is_ours(item) for place in _places(folder) for item in place.iterdir())
    except OSError:
        return False


def is_packed_wesad(path: Path) -> bool:
    """Say whether a file is the zip that WESAD is published as; never raises."""
    try:
        return path.suffix.lower() == ".zip" and bool(members_of(path, _PICKLE_NAMES))
    except WearsynthError:
        return False


def sources_in(folder: Path) -> list[Source]:
    """Give the people in a folder or in those below it named S2, S3, ..., in natural order."""
    with telling_file_errors(folder, "read"):
        found = [source for place in _places(folder) for source in _of_place(place)]
    return list({source.subject: source for source in reversed(found)}.values())[::-1]


def _places(folder: Path) -> Iterator[Path]:
    """Give the folders that may hold a person's files."""
    yield folder
    below = folder / _NAME if (folder / _NAME).is_dir() else folder
    people = [item for item in below.iterdir() if _PERSON.fullmatch(item.name) and item.is_dir()]
    yield from sorted(people, key=lambda item: natural_key(item.name))


def _is_ours(item: Path) -> bool:
    return any(kind.fullmatch(item.name) for kind in (_PICKLE, _E4, _BESIDE))


def _of_place(folder: Path) -> list[Source]:
    people: dict[str, list[tuple[int, Path]]] = {}
    for item in sorted(folder.iterdir(), key=lambda item: natural_key(item.name)):
        found = _PICKLE.fullmatch(item.name) or _E4.fullmatch(item.name)
        if found and (item.is_file() or _E4.fullmatch(item.name)):
            people.setdefault(found["who"].upper(), []).append((_rank(item), item))
    if not people and _PERSON.fullmatch(folder.name):
        return [Source(folder.name, folder, empty=True)]
    return [_source(who, [path for _, path in sorted(files)]) for who, files in people.items()]


def _source(who: str, files: list[Path]) -> Source:
    pickles = [path for path in files if _PICKLE.fullmatch(path.name)]
    unread = tuple(path for path in pickles if path != files[0])
    return Source(who, files[0], pickled=files[0] in pickles, unread=unread)


def _rank(item: Path) -> int:
    """Give 0 for S2.pkl, 1 and 2 for the wristband's files, 3 for a pickle such as S2_cut.pkl."""
    if found := _PICKLE.fullmatch(item.name):
        return 3 if found["more"] else 0
    return 1 if item.is_dir() else 2
