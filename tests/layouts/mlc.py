"""What the MLC twin reads: mlc_conf.json, a decision tree as Weka prints it, and a log beside them."""

import json
from pathlib import Path

import numpy as np

TREE = """J48 pruned tree
------------------

F2_PeakToPeak_on_filter_BP_on_A_V2 <= 0.10: still
F2_PeakToPeak_on_filter_BP_on_A_V2 >  0.10
|   F1_MEAN_on_ACC_V2 <= 1.5: walking
|   F1_MEAN_on_ACC_V2 >  1.5: running

Number of Leaves  :     3

Size of the tree :     5
"""
_CLASSES = {"still": 1, "walking": 4, "running": 8}


def write(folder: Path, *, seed: int = 0, readings: int = 520) -> Path:
    """Write the set with one log of so many readings and give its root."""
    root = folder / "set"
    (root / "data" / "0_walking").mkdir(parents=True)
    random = np.random.default_rng(seed)
    swing = 400 * np.sin(2 * np.pi * 2 * np.arange(readings) / 26)[:, None] * [0.3, 0.2, 1.0]
    mg = swing + random.normal((0, 0, 1000), 3, (readings, 3))
    rows = "".join(f"{x:.4f},{y:.4f},{z:.4f}\n" for x, y, z in mg)
    log = f"# a log\n\nacc_x[mg],acc_y[mg],acc_z[mg]\n{rows}"
    _put(root / "data" / "0_walking" / "log_0.csv", log)
    _put(root / "tree.txt", TREE)
    _put(root / "mlc_conf.json", json.dumps(_configuration(), indent=2) + "\n")
    return root


def _configuration() -> dict[str, object]:
    band_pass = {"filter_id": "filter_1", "filter_type": "BP", "input": "Acc_V2"}
    results = [{"label": label, "value": value} for label, value in _CLASSES.items()]
    return {
        "datalogs": [{"filename": "data/0_walking/log_0.csv", "label": "walking"}],
        "name": "LSM6DSOX",
        "mlc_odr": "26 Hz",
        "input_type": "accelerometer_only",
        "accelerometer_fs": "4 g",
        "accelerometer_odr": "26 Hz",
        "decision_tree_count": 1,
        "window_length": 52,
        "filters": [band_pass | {"a2": "-1.66", "a3": "0.81", "gain": "0.09"}],
        "features": [
            {"feature_name": "MEAN", "input": "Acc_V2", "signed": True},
            {"feature_name": "PEAK_TO_PEAK", "input": "Acc_V2_filter_1", "signed": True},
        ],
        "dectree_features": ["F1_MEAN_on_ACC_V2", "F2_PeakToPeak_on_filter_BP_on_A_V2"],
        "dectrees": [{"filename": "tree.txt", "results": results, "metaclassifier": [1, 1, 1, 1]}],
        "arff": "features.arff",
        "ucf": "mlc.ucf",
    }


def _put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")
