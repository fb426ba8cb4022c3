"""Read an E4 session folder with devicely and keep what it understood.

    .venv-clients/bin/python tests/clients/read_with_devicely.py FOLDER OUT.npz

OUT.npz: for each signal NAME the arrays NAME, NAME.times (Unix seconds), NAME.rate_hz; IBI, IBI.times;
tags.
"""

import sys
from typing import Any

import devicely
import numpy as np


def main(folder: str, out: str) -> None:
    reader = devicely.EmpaticaReader(folder)
    found = {}
    for name, rate_hz in reader.sample_freqs.items():
        table = getattr(reader, name)
        found[name] = table.to_numpy()
        found[f"{name}.times"] = table.index.to_numpy()
        found[f"{name}.rate_hz"] = np.array(rate_hz)
    if reader.IBI is not None:
        found["IBI"] = reader.IBI["IBI"].to_numpy()
        found["IBI.times"] = reader.IBI.index.to_numpy()
    if reader.tags is not None:
        found["tags"] = np.atleast_1d(reader.tags.to_numpy())
    in_seconds: dict[str, Any] = {name: unix_s(values) for name, values in found.items()}
    np.savez(out, **in_seconds)


def unix_s(values: np.ndarray) -> np.ndarray:
    """Give times as Unix seconds, anything else as it is."""
    return values.astype("int64") / 1e9 if values.dtype.kind == "M" else values


main(*sys.argv[1:])
