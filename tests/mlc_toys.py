"""Made-up logs and a configuration for tests of the MLC twin."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import IntArray

HEADER = "acc_x[mg],acc_y[mg],acc_z[mg]"
STILL_OR_NOT = """F2_PeakToPeak_on_filter_BP_on_A_V2 <= 0.10: still
F2_PeakToPeak_on_filter_BP_on_A_V2 >  0.10: walking
"""


def readings_mg(seconds: float, *, walking: bool, seed: int = 0) -> NDArray[np.float64]:
    """Give (time, axis) mg at 26 Hz: gravity on z, and steps at 2 Hz where somebody walks."""
    time_s = np.arange(round(26 * seconds)) / 26
    noise = np.random.default_rng(seed).normal(0, 3, (len(time_s), 3))
    steps = (400.0 if walking else 0.0) * np.sin(2 * np.pi * 2 * time_s)[:, None]
    return np.asarray(noise + np.array([0.0, 0.0, 1000.0]) + steps * np.array([0.3, 0.2, 1.0]))


def write_log(path: Path, mg: NDArray[np.float64]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = "".join(f"{x:.4f},{y:.4f},{z:.4f}\n" for x, y, z in mg)
    path.write_text(f"# a log\n\n{HEADER}\n{rows}", encoding="utf-8")
    return path


def configuration_json() -> dict[str, Any]:
    """Give a small mlc_conf.json: two features, windows of 52 readings at 26 Hz, one tree."""
    band_pass = {"filter_id": "filter_1", "filter_type": "BP", "input": "Acc_V2"}
    results = [{"label": "still", "value": 1}, {"label": "walking", "value": 4}]
    return {
        "name": "LSM6DSOX",
        "mlc_odr": "26 Hz",
        "input_type": "accelerometer_only",
        "accelerometer_fs": "4 g",
        "accelerometer_odr": "26 Hz",
        "window_length": 52,
        "filters": [band_pass | {"a2": "-1.66", "a3": "0.81", "gain": "0.09"}],
        "features": [
            {"feature_name": "MEAN", "input": "Acc_V2", "signed": True},
            {"feature_name": "PEAK_TO_PEAK", "input": "Acc_V2_filter_1", "signed": True},
        ],
        "dectrees": [{"filename": "tree.txt", "results": results, "metaclassifier": [1, 1, 1, 1]}],
    }


def write_set(root: Path, *, tree: str = STILL_OR_NOT) -> Path:
    """Write mlc_conf.json, tree.txt and two logs of each of two classes; give the root."""
    for number, name in enumerate(("still", "walking")):
        for log in range(2):
            mg = readings_mg(20 + log, walking=name == "walking", seed=2 * number + log)
            write_log(root / f"data/{number}_{name}/log_{log}.csv", mg)
    (root / "mlc_conf.json").write_text(json.dumps(configuration_json()), encoding="utf-8")
    (root / "tree.txt").write_text(tree, encoding="utf-8")
    return root


def output_by_reading(outputs: IntArray, *, window_length: int, readings: int) -> IntArray:
    """Give the output register at each reading of one log, (time,), from that after each window.

    A window's output is there at its last reading already; before the first it is 0.
    """
    done = (np.arange(readings) + 1) // window_length
    return np.asarray(np.concatenate([[0], outputs])[np.minimum(done, len(outputs))])
