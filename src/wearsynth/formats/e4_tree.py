"""Where Empatica E4 sessions lie: folders and zips at any depth, and whose they are."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from zipfile import ZipInfo

from wearsynth.files import telling_file_errors
from wearsynth.formats.zip_members import member_name, members_of, open_member, printable
from wearsynth.names import natural_key

SIGNAL_FILES = ("ACC.csv", "BVP.csv", "EDA.csv", "TEMP.csv", "HR.csv")
LABELS_FILE = "labels.csv"
INFO_FILE = "info.txt"
FILES = frozenset((*SIGNAL_FILES, "IBI.csv", "tags.csv", LABELS_FILE, INFO_FILE))
DEPTH = 5
"""Folders are searched this deep below the path given."""

_PERSON = re.compile(
    r"(s|p|f|id|sub|subj|subject|participant|person|patient|user|volunteer)[-_ ]?\d{1,4}"
    r"([-_]?[a-z])?",
    re.IGNORECASE,
)
_SESSION = re.compile(
    r"(session|visit|day|night|week|run|trial|test|take|part|rec|recording|midterm|final|pre|post"
    r"|morning|afternoon|evening|baseline)[-_ ]?\d*",
    re.IGNORECASE,
)
_CONTAINER = re.compile(
    r"(raw|unzipped|unzip|zips?|all|my)?[-_ ]?(data|datasets?|people|persons|subjects|participants"
    r"|patients|users|sessions|recordings|files)?",
    re.IGNORECASE,
)
_DEVICE = re.compile(r"[-_ ]?(empatica[-_ ]?)?(e4|empatica)([-_ ]?data)?", re.IGNORECASE)
_EMPATICA = re.compile(r"\d+_[0-9A-F]{6}", re.IGNORECASE)


@dataclass(frozen=True)
class Session:
    """The files of one session.

    path: its folder or zip. parts: the names of the folders from below the path given down to it.
    files: name -> path or member of the zip.
    """

    path: Path
    parts: tuple[str, ...]
    files: Mapping[str, Path | ZipInfo]

    def where(self, name: str) -> str:
        """Give where a file stands, for messages."""
        file = self.files[name]
        return printable(str(file) if isinstance(file, Path) else member_name(self.path, file))

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Give a file as a stream of bytes."""
        file = self.files[name]
        if isinstance(file, ZipInfo):
            return open_member(self.path, file)
        with telling_file_errors(file, "read"):
            return file.open("rb")


@dataclass(frozen=True)
class Owner:
    """Whose session it is. named_by_device: the name is Empatica's: it tells no person."""

    name: str
    subject: str
    named_by_device: bool


def find_sessions(path: Path) -> Iterator[Session]:
    """Give the sessions in a folder or zip, in natural order; a folder's own before those below.

    FormatError for a zip that cannot be opened or is unsafe, FileError for an unreadable folder.
    """
    if path.is_file():
        yield from _in_zip(path, (path.stem,))
    else:
        yield from _in_folder(path, (), path.resolve().name)


def owners_of(path: Path, sessions: Sequence[Session]) -> list[Owner]:
    """Give name and person of each session: see docs/formats.md for the rules."""
    parts = [_without_device_folder(session.parts) for session in sessions]
    level = _person_level(path, parts)
    owners = []
    for own in parts:
        below = own[max(0, min(level, len(own) - 1)) :]
        subject = _person(path.resolve().stem if level < 0 else below[0])
        rest = below if level < 0 else below[1:]
        names = [name for name in rest if not name.startswith(subject)] if rest else below
        whole = next((name for name in reversed(rest) if name.startswith(subject)), None)
        name = whole or ("_".join((subject, *names)) if rest else below[0])
        owners.append(
            Owner(printable(name), printable(subject), bool(_EMPATICA.fullmatch(subject)))
        )
    return _with_different_names(owners)


def _in_folder(folder: Path, parts: tuple[str, ...], name: str) -> Iterator[Session]:
    with telling_file_errors(folder, "read"):
        items = sorted(folder.iterdir(), key=lambda item: natural_key(item.name))
        files = {item.name: item for item in items if item.name in FILES and item.is_file()}
        if any(file in files for file in SIGNAL_FILES):
            yield Session(folder, parts or (name,), files)
        below = [item for item in items if not item.name.startswith((".", "__MACOSX"))]
        folders = [item for item in below if item.is_dir() and not item.is_symlink()]
        zips = [item for item in below if item.suffix.lower() == ".zip" and item.is_file()]
    for item in zips:
        if item.with_suffix("") not in folders:  # else unpacked beside itself: the folder stands
            yield from _in_zip(item, (*parts, item.stem))
    for item in folders if len(parts) < DEPTH else ():
        yield from _in_folder(item, (*parts, item.name), item.name)


def _in_zip(path: Path, parts: tuple[str, ...]) -> Iterator[Session]:
    inside = {
        folder: files
        for folder, files in members_of(path, FILES).items()
        if any(name in files for name in SIGNAL_FILES)
    }
    for folder in sorted(inside, key=natural_key):
        more = tuple(folder.split("/")) if len(inside) > 1 and folder != "." else ()
        yield Session(path, (*parts, *more), inside[folder])


def _without_device_folder(parts: tuple[str, ...]) -> tuple[str, ...]:
    kept = tuple(part for part in parts if not _DEVICE.fullmatch(part))
    return kept or parts


def _person(name: str) -> str:
    """Give a folder's name without what tells the device or the part: S2_E4_Data, S11_a."""
    found = re.fullmatch(rf"(?P<who>.+?){_DEVICE.pattern}", name, re.IGNORECASE)
    who = found["who"] if found else name
    part = re.fullmatch(r"(?P<who>.*\d)[-_][a-z]", who, re.IGNORECASE)
    return part["who"] if part and _PERSON.fullmatch(who) else who


def _person_level(path: Path, parts: Sequence[tuple[str, ...]]) -> int:
    """Give which of the folders is the person's, counted from the path; -1 for the path itself."""
    if not parts:
        return 0
    levels = [{own[i] for own in parts if len(own) > i} for i in range(max(map(len, parts)))]
    for level, names in enumerate(levels):
        if 2 * sum(bool(_PERSON.fullmatch(_person(name))) for name in names) >= len(names):
            return level
    if _PERSON.fullmatch(_person(path.resolve().stem)):
        return -1
    return _level_of_other_names(levels)


def _level_of_other_names(levels: Sequence[set[str]]) -> int:
    """Give the person's level where names such as S02 tell nothing.

    It is the first that is no mere container (data, raw), or the one above if it names sessions.
    """
    several = (i for i, names in enumerate(levels) if len(names) > 1 or not _contains(names))
    level = next(several, len(levels) - 1)
    if len(levels[level]) < 2:
        return level
    if all(_SESSION.fullmatch(name) for name in levels[level]):
        return level - 1
    from_portal = all(_EMPATICA.fullmatch(name) for name in levels[level])
    return level - 1 if from_portal and level > 0 else level


def _contains(names: Collection[str]) -> bool:
    return all(_CONTAINER.fullmatch(name) for name in names)


def _with_different_names(owners: Sequence[Owner]) -> list[Owner]:
    seen: dict[str, int] = {}
    different = []
    for owner in owners:
        number = seen[owner.name] = seen.get(owner.name, 0) + 1
        name = owner.name if number == 1 else f"{owner.name}#{number}"
        different.append(Owner(name, owner.subject, owner.named_by_device))
    return different
