"""ST's LSM6DSL activity set: <class>/<class>_<n>_26Hz_4g_mg.csv, integers in mg, no header."""

from pathlib import Path

import numpy as np


def write(folder: Path, *, seed: int = 0, readings: int = 120) -> Path:
    """Write one file a class and the licence that lies beside them, and give the set's folder."""
    random = np.random.default_rng(seed)
    for label in ("stationary", "walking"):
        mg = random.normal((150.0, -600.0, -1000.0), 200.0, (readings, 3)).astype(int)
        path = folder / label / f"{label}_01_26Hz_4g_mg.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = "".join(f"{x:5d}, {y:5d}, {z:5d}\n" for x, y, z in mg.tolist())
        path.write_text(rows, encoding="ascii", newline="")
    (folder / "LICENSE").write_text("BSD 3-Clause\n", encoding="ascii")
    return folder
