"""What every writer of counts keeps beside its files: manifest.json."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wearsynth.errors import DataError, FormatError
from wearsynth.files import read_bytes, telling_file_errors
from wearsynth.sensors import Counts

MANIFEST_NAME = "manifest.json"
MOST_JSON_BYTES = 10_000_000
_NOT_IN_FILE_NAMES = frozenset('/\\:*?"<>|')


@dataclass(frozen=True)
class Summary:
    """What a writer has written.

    about: what holds for all windows (sensor, rate, scale, ...). windows: how many of each class.
    saturated_share: readings at the range's ends over all readings, 0..1.
    """

    about: Mapping[str, Any]
    windows: Mapping[str, int]
    devices: tuple[int, ...]
    readings: int
    saturated: int
    notes: tuple[str, ...]

    @property
    def saturated_share(self) -> float:
        """The share of readings at the range's lowest or highest count."""
        return self.saturated / self.readings if self.readings else 0.0


def tally(before: Summary | None, chunk: Counts) -> Summary:
    """Give the summary of what was written before and one chunk more."""
    numbers = np.bincount(chunk.label, minlength=len(chunk.classes)).tolist()
    new = Summary(
        about=chunk.about,
        windows=dict(zip(chunk.classes, numbers, strict=True)),
        devices=tuple(np.unique(chunk.device).tolist()),
        readings=chunk.values.size,
        saturated=chunk.saturated,
        notes=chunk.notes,
    )
    return new if before is None else _sum(before, new)


def _sum(a: Summary, b: Summary) -> Summary:
    return Summary(
        about=a.about,
        windows={name: count + b.windows[name] for name, count in a.windows.items()},
        devices=tuple(sorted({*a.devices, *b.devices})),
        readings=a.readings + b.readings,
        saturated=a.saturated + b.saturated,
        notes=tuple(dict.fromkeys((*a.notes, *b.notes))),
    )


def written(summary: Summary | None) -> Summary:
    """Give the summary; DataError where there was no window at all."""
    if summary is None or not sum(summary.windows.values()):
        raise DataError("nothing to write: 0 windows were given.")
    return summary


def write_manifest(folder: Path, summary: Summary, *, layout: Mapping[str, Any]) -> None:
    """Write manifest.json: the summary, the layout's own words, a SHA-256 for each file there."""
    content = {
        **layout,
        **summary.about,
        "windows": dict(summary.windows),
        "devices": list(summary.devices),
        "saturated_share": summary.saturated_share,
        "notes": list(summary.notes),
        "sha256": checksums(folder),
    }
    write_json(folder / MANIFEST_NAME, content)


def checksums(folder: Path) -> dict[str, str]:
    """Give the SHA-256 of each file in a folder and below, by its path from there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): _sha256(path) for path in files}


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write indented JSON, the same bytes on every system."""
    text = json.dumps(content, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def read_json(path: Path, *, most_bytes: int = MOST_JSON_BYTES) -> dict[str, Any]:
    """Give a JSON file's object; FormatError where it holds none, or more bytes than it may."""
    with telling_file_errors(path, "read"):
        size = path.stat().st_size
    if size > most_bytes:
        problem = f"has {size} bytes, over {most_bytes}. Is it the file that its name says?"
        raise FormatError(path, problem)
    try:
        content = json.loads(read_bytes(path).decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        problem = f"is not JSON from column {error.colno} on. Mend it or copy it again."
        raise FormatError(path, problem, line=error.lineno) from None
    except (ValueError, RecursionError):  # no UTF-8, a number of 5,000 digits, 100,000 brackets
        raise FormatError(path, "is not JSON in UTF-8. Mend it or copy it again.") from None
    if not isinstance(content, dict):
        problem = f"expected a JSON object, got {type(content).__name__}. Copy it again."
        raise FormatError(path, problem)
    return content


def class_file_name(label: str) -> str:
    """Give a class name that is to be a file's name; DataError where no system would take it."""
    control = any(ord(letter) < 32 for letter in label)
    if not label or control or _NOT_IN_FILE_NAMES & set(label) or label[-1] in ". ":
        raise DataError(f"class {label!r} cannot be part of a file name: rename it first.")
    return label


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
