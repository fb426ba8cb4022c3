"""What is kept of a detection, so that the same command goes on: a book of finished steps, and scores.

scores/trees-0.parquet and so on hold what a detector with a seed says of every real window: columns
learnt_from, person, stress (1 or 0), window (a number, the same in all of them) and score (above 0: stress).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from wearsynth.errors import FileError
from wearsynth.evaluation.person_bench import Bench
from wearsynth.evaluation.person_scores import Told
from wearsynth.files import atomic_file, read_bytes

SCORES = "scores"


def scores_path(folder: Path, judge: str, seed: int) -> Path:
    """Give where the scores of a detector with a seed are."""
    return folder / SCORES / f"{judge}-{seed}.parquet"


def save_told(path: Path, told: Mapping[str, Told], bench: Bench) -> None:
    """Write what a detector says, whole or not at all; FileError if it cannot be written."""
    window = np.concatenate([of.window for of in told.values()])
    table = pa.table(
        {
            "learnt_from": np.repeat(list(told), [len(of.window) for of in told.values()]),
            "person": bench.real.group[window],
            "stress": bench.real.label[window],
            "window": window,
            "score": np.concatenate([of.score for of in told.values()]),
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as temporary:
        pq.write_table(table, temporary)


def load_told(path: Path) -> dict[str, Told]:
    """Give what a detector says, by what it learnt from; FileError where the file does not hold it."""
    try:
        table = pq.read_table(path).to_pydict()
        learnt, window, score = (
            np.array(table[name]) for name in ("learnt_from", "window", "score")
        )
    except (OSError, pa.ArrowInvalid, KeyError) as error:
        raise FileError(
            f"{path}: holds no scores of wearsynth detect. Delete it and run the command again."
        ) from error
    return {
        name: Told(window[learnt == name], score[learnt == name])
        for name in dict.fromkeys(learnt.tolist())
    }


@dataclass(frozen=True)
class Book:
    """What is finished, in a file. done: kind of step -> names."""

    path: Path
    key: str
    done: dict[str, list[str]]

    @classmethod
    def opened(cls, path: Path, key: str, *, overwrite: bool) -> "Book":
        """Give the book of the folder; FileError where it belongs to other windows or options."""
        if path.exists():
            kept = _read_book(path)
            if kept.get("of") == key:
                return cls(path, key, kept["done"])
            if not overwrite:
                raise FileError(
                    f"{path.parent}: holds a detection of other windows or options. Choose another "
                    "folder, or replace it with --overwrite."
                )
        elif path.parent.is_dir() and any(path.parent.iterdir()):
            raise FileError(f"{path.parent}: holds other files. Choose another folder.")
        book = cls(path, key, {})
        book.write()
        return book

    def has(self, step: str, name: str) -> bool:
        """Tell whether a step is finished."""
        return name in self.done.get(step, [])

    def note(self, step: str, name: str) -> None:
        """Keep that a step is finished."""
        self.done.setdefault(step, []).append(name)
        self.write()

    def write(self) -> None:
        """Write the book, whole or not at all."""
        kept = {"of": self.key, "done": self.done}
        with atomic_file(self.path) as temporary:
            temporary.write_text(json.dumps(kept), encoding="utf-8")


def _read_book(path: Path) -> dict[str, Any]:
    """Give what the book holds; nothing of it where it is damaged."""
    try:
        kept = json.loads(read_bytes(path))
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) else {}
