"""Counts as wearsynth renders them: counts.parquet with its manifest."""

from pathlib import Path

import numpy as np

from wearsynth.data import Channel
from wearsynth.formats import counts_parquet
from wearsynth.sensors import Counts


def write(folder: Path, *, seed: int = 0, windows: int = 24) -> Path:
    """Write so many windows of an LSM6DSL at 4 g and give the folder."""
    random = np.random.default_rng(seed)
    chunk = Counts(
        values=random.normal(0, 2000, (windows, 52, 3)).astype(np.int16),
        rate_hz=26.0,
        channels=tuple(Channel(f"acc_{axis}", "g") for axis in "xyz"),
        scale=0.000122,
        clip_counts=(-32768, 32767),
        label=np.arange(windows) % 2,
        classes=("rest", "walking"),
        device=np.zeros(windows, dtype=np.int64),
        sensor="lsm6dsl",
        full_scale="4g",
        power_mode="high_performance",
        convention="nominal",
        notes=("made for a test",),
    )
    counts_parquet.write([chunk], folder / "lsm6dsl")
    return folder / "lsm6dsl"
