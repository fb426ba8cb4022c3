"""A windows file as wearsynth writes it: two signals at their own rates, two people."""

from pathlib import Path

import numpy as np

from wearsynth.data import windows_from_arrays
from wearsynth.tables import save_windows


def write(folder: Path, *, seed: int = 0, windows: int = 24) -> Path:
    """Write so many windows of 2 s and give the file."""
    random = np.random.default_rng(seed)
    axes = [(f"acc_{axis}", "g") for axis in "xyz"]
    made = windows_from_arrays(
        {
            "acc": (random.normal(0, 0.3, (windows, 50, 3)), 25.0, axes),
            "eda": (random.uniform(0.2, 3.0, (windows, 8, 1)), 4.0, [("eda", "uS")]),
        },
        ["rest", "stress"] * (windows // 2),
        subject=["anna", "ben"] * (windows // 2),
        recording=["day_1"] * windows,
        start_s=2.0 * np.arange(windows),
    )
    path = folder / "windows.parquet"
    save_windows(made.with_provenance("made for a test"), path)
    return path
