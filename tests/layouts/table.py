"""A person's own table: time, two sensors, a label, who; as CSV or as Parquet."""

from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from wearsynth.formats import TableColumns

COLUMNS = TableColumns(
    channels=(("ax", "mg"), ("ay", "mg"), ("az", "mg"), ("eda", "uS")),
    time="time_ms",
    time_unit="ms",
    label="activity",
    subject="who",
)
"""What the columns hold, as a user would say it."""


def write(
    folder: Path, *, seed: int = 0, readings: int = 240, style: Literal["csv", "parquet"] = "csv"
) -> Path:
    """Write two people at 25 Hz, each walking then resting, and give the file."""
    random = np.random.default_rng(seed)
    half = readings // 2
    mg = random.normal((30.0, -20.0, 1000.0), 100.0, (readings, 3)).round(1)
    columns = {
        "time_ms": np.tile(40 * np.arange(half, dtype=np.int64), 2),
        **{f"a{axis}": mg[:, index] for index, axis in enumerate("xyz")},
        "eda": random.uniform(0.2, 3.0, readings).round(4),
        "activity": np.tile(np.repeat(["walking", "rest"], half // 2), 2),
        "who": np.repeat(["anna", "ben"], half),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"readings.{style}"
    if style == "parquet":
        pq.write_table(pa.table(columns), path)
    else:
        pa.csv.write_csv(pa.table(columns), path, pa.csv.WriteOptions(quoting_style="none"))
    return path
