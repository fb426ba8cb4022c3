"""Every error that wearsynth raises on purpose.

Each message is one sentence that says what is wrong, where, and what to do, in one line that any
terminal prints: what cannot be printed (in the name or content of a file) is escaped.

WearsynthError
├── DataError            values, shapes, labels or groups that do not fit
│   └── FormatError      a file that is not what it should be
├── ConfigError          an option that does not exist or does not fit
├── SensorError          something that a sensor cannot do
├── FileError            a path that cannot be read or written
├── FetchError           a data set that cannot be downloaded, or is not what it should be
├── ModelError           a model or checkpoint that is damaged or does not fit
├── PrivacyError         a guarantee that cannot be given, or would be broken
├── TrainingError        training that cannot go on (NaN, collapse)
└── Interrupted          Ctrl-C, with every finished round saved
"""

import difflib
from collections.abc import Iterable
from pathlib import Path

SHOWN_LETTERS = 40
MOST_KNOWN = 20


class WearsynthError(Exception):
    """The parent of all errors below; catch it to catch them all."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


class DataError(WearsynthError):
    """Values, shapes, labels or groups that do not fit."""


class FormatError(DataError):
    """A file that is not what it should be."""

    def __init__(self, path: Path | str, problem: str, *, line: int | None = None) -> None:
        where = f"{path}" if line is None else f"{path}, line {line}"
        super().__init__(f"{where}: {problem}")


class ConfigError(WearsynthError):
    """An option that does not exist or does not fit."""


class SensorError(WearsynthError):
    """Something that a sensor cannot do."""


class FileError(WearsynthError):
    """A path that cannot be read or written."""


class FetchError(WearsynthError):
    """A data set that cannot be downloaded, or is not what it should be."""


class ModelError(WearsynthError):
    """A model or checkpoint that is damaged or does not fit."""


class PrivacyError(WearsynthError):
    """A guarantee that cannot be given, or would be broken."""


class TrainingError(WearsynthError):
    """Training that cannot go on."""


class Interrupted(WearsynthError):  # noqa: N818 - not a fault: somebody pressed Ctrl-C
    """Ctrl-C came between two rounds; the checkpoint, if there is one, holds every finished one."""


def printable(text: str) -> str:
    """Give a text in one line, with escapes for what no terminal prints: line ends, NUL, colours."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def shown(content: str | bytes, *, most: int = SHOWN_LETTERS) -> str:
    """Give a piece of a file for a message: quoted, printable, cut after so many letters."""
    text = content.decode(errors="replace") if isinstance(content, bytes) else content
    return f"{text[:most]!r}{'...' if len(text) > most else ''}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Give " Did you mean 'x'?" for the closest known word, else the known words (the first of many)."""
    known = list(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f" Did you mean {shown(close[0])}?"
    listed = ", ".join(printable(name)[:SHOWN_LETTERS] for name in known[:MOST_KNOWN])
    more = ", ..." if len(known) > MOST_KNOWN else ""
    return f" Known: {listed}{more}." if known else ""
