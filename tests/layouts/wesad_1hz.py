"""WESAD at 1 Hz: the csv without people, as pandas writes it, or the Parquet file with people."""

from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CHANNELS = ("BVP", "EDA", "ACC_x", "ACC_y", "ACC_z", "TEMP")


def write(
    folder: Path, *, seed: int = 0, seconds: int = 240, style: Literal["csv", "parquet"] = "csv"
) -> Path:
    """Write two people, the second half of each under stress, and give the file."""
    random = np.random.default_rng(seed)
    values = random.random((seconds, len(CHANNELS)))
    label = np.tile(np.repeat([0, 1], seconds // 4), 2)
    folder.mkdir(parents=True, exist_ok=True)
    if style == "csv":
        path = folder / "wesad_preprocessed_1hz.csv"
        rows = zip(values.tolist(), label.tolist(), strict=True)
        lines = [f"{i},{','.join(map(repr, row))},{of}" for i, (row, of) in enumerate(rows)]
        head = ",".join(["", *CHANNELS, "label"])
        path.write_text("\n".join([head, *lines, ""]), encoding="ascii", newline="")
        return path
    path = folder / "wesad_1hz.parquet"
    columns = {name: values[:, index].astype(np.float32) for index, name in enumerate(CHANNELS)}
    people = {"subject": np.repeat([2, 3], seconds // 2)}
    pq.write_table(pa.table({**people, **columns, "label": label}), path)
    return path
