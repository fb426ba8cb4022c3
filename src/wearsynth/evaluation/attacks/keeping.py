"""Finished fits of an attack that retrains, kept in a file so that a stopped one goes on."""

import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wearsynth.data import Windows
from wearsynth.features import Float64Array
from wearsynth.files import atomic_file, read_bytes

log = logging.getLogger(__name__)

Rows = list[Float64Array]
"""For each finished fit in turn how near it came to each person, (attack, person)."""


@dataclass(frozen=True)
class Keep:
    """The file, and what tells the fit from others: the generator with all of its options."""

    path: Path
    fit: str

    def begun(self, train: Windows, *, seed: int) -> Rows:
        """Give the fits that are kept for these windows, this seed and this fit; else none."""
        if not self.path.exists():
            return []
        try:
            kept = json.loads(read_bytes(self.path))
            if kept["of"] == self._key(train, seed):
                return [np.array(row, dtype=np.float64) for row in kept["fits"]]
            why = "its fits are of other windows, options or another seed"
        except (ValueError, KeyError, TypeError):
            why = "it is damaged"
        log.warning("%s: %s; all fits are made again.", self.path, why)
        return []

    def write(self, rows: Rows, train: Windows, *, seed: int) -> None:
        """Keep the finished fits, whole or not at all."""
        kept = {"of": self._key(train, seed), "fits": [row.tolist() for row in rows]}
        with atomic_file(self.path) as temporary:
            temporary.write_text(json.dumps(kept), encoding="utf-8")

    def remove(self) -> None:
        """Remove the file once it is not needed any more."""
        self.path.unlink(missing_ok=True)

    def _key(self, train: Windows, seed: int) -> str:
        digest = hashlib.sha256(f"1 {self.fit} {seed} {train.classes}".encode())
        for name in sorted(train.signals):
            digest.update(train.signals[name].values.tobytes())
        digest.update(train.label.tobytes())
        digest.update("\0".join(train.group.tolist()).encode())
        return digest.hexdigest()
