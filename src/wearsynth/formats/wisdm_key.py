"""The letters of WISDM 2019's activities, and those for classes that the set does not have.

activity_key.txt stands beside the folder raw, a line an activity: walking = A.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from wearsynth.errors import DataError
from wearsynth.formats.manifest import MANIFEST_NAME, read_json

KEY_NAME = "activity_key.txt"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ACTIVITIES = {
    "A": "walking",
    "B": "jogging",
    "C": "stairs",
    "D": "sitting",
    "E": "standing",
    "F": "typing",
    "G": "brushing_teeth",
    "H": "eating_soup",
    "I": "eating_chips",
    "J": "eating_pasta",
    "K": "drinking",
    "L": "eating_sandwich",
    "M": "kicking",
    "O": "catch",
    "P": "dribbling",
    "Q": "writing",
    "R": "clapping",
    "S": "folding_clothes",
}
"""Letter -> class, as activity_key.txt of the set has them; there is no N."""
EQUIVALENT = {"running": "B", "folding_laundry": "S"}
"""Classes under another name in the set: the letter that means the same there."""
FREE = "TUVWXYZN"
"""Letters that the set leaves free."""
MOST_KEY_BYTES = 100_000
_LINE = re.compile(r"\s*(\S.*?)\s*=\s*([A-Z])\s*")


def letters_of(classes: Sequence[str]) -> dict[str, str]:
    """Give the letter of each class: the set's own, an equivalent's, or a free one.

    A class gets an equivalent's letter unless the set's own class is there too. DataError where no
    letter is left, or a class cannot stand in a line of the key.
    """
    letters = {name: letter for letter, name in ACTIVITIES.items() if name in classes}
    for name, letter in EQUIVALENT.items():
        if name in classes and letter not in letters.values():
            letters[name] = letter
    others = [name for name in classes if name not in letters]
    if len(others) > len(FREE):
        raise DataError(
            f"WISDM leaves {len(FREE)} letters free, and {len(others)} classes are none of its own: "
            f"{', '.join(others[: len(FREE)])}, ... Write fewer, or rename some."
        )
    for name in others:
        if not name.isprintable() or name != name.strip():
            raise DataError(f"class {name!r} cannot stand in {KEY_NAME}: rename it first.")
    return letters | dict(zip(others, FREE, strict=False))


def key_text(letters: Mapping[str, str]) -> str:
    """Give the text of activity_key.txt: the set's activities with the letters of these classes."""
    names = ACTIVITIES | {letter: name for name, letter in letters.items()}
    return "".join(f"{names[letter]} = {letter}\n" for letter in ALPHABET if letter in names)


def notes_of(letters: Mapping[str, str]) -> tuple[str, ...]:
    """Give a sentence for each class that stands under a letter that is not its own in the set."""
    notes = []
    for name, letter in letters.items():
        if letter in FREE:
            notes.append(f"{name} is no activity of WISDM: its letter is {letter}, see {KEY_NAME}.")
        elif ACTIVITIES[letter] != name:
            same = f"{ACTIVITIES[letter]}, which means the same"
            notes.append(f"{name} stands under the letter {letter} of {same}.")
    return tuple(notes)


def activities_of(file: Path) -> dict[str, str]:
    """Give the class of each letter for a file of readings, by the key in a folder above it.

    The set's own letters keep the names of ACTIVITIES, save those of EQUIVALENT; lines of other
    forms are passed over.
    """
    key = next(
        (f / KEY_NAME for f in file.absolute().parents[:4] if (f / KEY_NAME).is_file()), None
    )
    if key is None:
        return dict(ACTIVITIES)
    with key.open("rb") as stream:
        text = stream.read(MOST_KEY_BYTES).decode("utf-8-sig", errors="replace")
    said = [found for line in text.splitlines() if (found := _LINE.fullmatch(line))]
    added = {
        found[2]: found[1]
        for found in said
        if found[2] in FREE or EQUIVALENT.get(found[1]) == found[2]
    }
    return ACTIVITIES | added


def is_synthetic(file: Path) -> bool:
    """Tell whether the manifest that wearsynth's writer leaves in a folder above says so."""
    manifest = _above(file, MANIFEST_NAME)
    said = {} if manifest is None else read_json(manifest)
    return said.get("format") == "wisdm" and said.get("synthetic") is True


def _above(file: Path, name: str) -> Path | None:
    """Give the nearest file of a name beside raw or below: the set's root is four folders up."""
    folders = file.absolute().parents[:4]
    return next((folder / name for folder in folders if (folder / name).is_file()), None)
