"""MEMS Studio logs: Windows line ends, a comment, a blank line, a header, readings in mg."""

import json
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Style = Literal["plain", "timed", "validation"]
OUTPUTS = {"stationary": 0, "walking": 4}
_MG = "acc_x[mg],acc_y[mg],acc_z[mg]"
_VALIDATION = "A_X [LSB]\tA_Y [LSB]\tA_Z [LSB]\tA_X [mg]\tA_Y [mg]\tA_Z [mg]\tLABEL_0"


def write(folder: Path, *, seed: int = 0, readings: int = 120, style: Style = "plain") -> Path:
    """Write a set of one log a class and mlc_conf.json, and give its root.

    style: "plain" as ST publishes its PAMAP2 set; "timed" with a first column time[us];
    "validation" one log recorded from hardware, tabs, with LSB columns and LABEL_0.
    """
    random = np.random.default_rng(seed)
    if style == "validation":
        rows = "".join(_validation_row(random, i, readings) for i in range(readings))
        _put(folder / "validation.csv", f"{_VALIDATION}\n{rows}")
        _put(folder / "mlc_conf.json", _configuration([]))
        return folder / "validation.csv"
    names = []
    for number, label in enumerate(OUTPUTS):
        names.append(f"data/{number}_{label}/log_0.csv")
        _put(folder / names[-1], _log(_readings(random, readings), timed=style == "timed"))
    _put(folder / "mlc_conf.json", _configuration(names))
    return folder


def _readings(random: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Give readings in mg, (reading, axis), around a wrist at rest."""
    return random.normal((-900.0, 300.0, 200.0), 150.0, (count, 3))


def _log(values: NDArray[np.float64], *, timed: bool) -> str:
    rows = [",".join(f"{value:.9g}" for value in row) for row in values.astype(np.float32)]
    if timed:
        rows = [f"{33_333 * i},{row}" for i, row in enumerate(rows)]
    header = f"time[us],{_MG}" if timed else _MG
    return "\r\n".join(["# PAMAP2 dataset (wrist-mounted sensor)", "", header, *rows, ""])


def _validation_row(random: np.random.Generator, row: int, readings: int) -> str:
    counts = random.normal((-900.0, 300.0, 200.0), 150.0).astype(int)
    mg = (f"{0.244 * count:.3f}" for count in counts)
    label = 4 if 2 * row < readings else 0
    return "\t".join([*map(str, counts), *mg, str(label)]) + "\n"


def _configuration(logs: list[str]) -> str:
    content = {
        "datalogs": [{"filename": n, "label": n.split("/")[1].split("_", 1)[1]} for n in logs],
        "mlc_odr": "30 Hz",
        "input_type": "accelerometer_only",
        "accelerometer_fs": "8 g",
        "window_length": 90,
        "dectrees": [{"results": [{"label": n, "value": v} for n, v in OUTPUTS.items()]}],
    }
    return json.dumps(content, indent=4)


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
