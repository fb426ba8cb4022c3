"""Edge Impulse's folders training and testing: signed JSON as its tools write it, or CSV."""

import json
from pathlib import Path
from typing import Literal

import numpy as np

RATE_HZ = 62.5
LABELS = ("idle", "walking")


def write(
    folder: Path, *, seed: int = 0, readings: int = 60, style: Literal["json", "csv"] = "json"
) -> Path:
    """Write a file of each label in training and one in testing, and give the folder."""
    random = np.random.default_rng(seed)
    for part, label in (*(("training", label) for label in LABELS), ("testing", "walking")):
        values = np.round(random.normal((0.2, -9.7, 1.0), 0.8, (readings, 3)), 4)
        own = folder / "data" / part
        own.mkdir(parents=True, exist_ok=True)
        if style == "csv":
            lines = [f"{16 * i},{x},{y},{z}\n" for i, (x, y, z) in enumerate(values.tolist())]
            text = "".join(["timestamp,accX,accY,accZ\n", *lines])
        else:
            text = _json(values.tolist())
        (own / f"{label}.1a2b3c.{style}").write_text(text, encoding="utf-8", newline="\n")
    return folder / "data"


def _json(values: list[list[float]]) -> str:
    content = {
        "protected": {"ver": "v1", "alg": "HS256", "iat": 1714980000},
        "signature": "5e" * 32,
        "payload": {
            "device_name": "ac:87:a3:0a:2d:1b",
            "device_type": "DISCO-L475VG-IOT01A",
            "interval_ms": 1000 / RATE_HZ,
            "sensors": [{"name": f"acc{axis}", "units": "m/s2"} for axis in "XYZ"],
            "values": values,
        },
    }
    return json.dumps(content, indent=1) + "\n"
