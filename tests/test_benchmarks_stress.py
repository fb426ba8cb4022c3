"""Several detections taken together: by hand, and that other windows are not mixed in."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wearsynth.detecting_kept import scores_path
from wearsynth.evaluation.person_bench import BOTH, MADE, REAL

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"

pytestmark = pytest.mark.skipif(
    not (BENCHMARKS / "stress_seeds.py").exists(),
    reason="the benchmarks are not part of this copy",
)
if BENCHMARKS.is_dir():
    sys.path.insert(0, str(BENCHMARKS))
    seeds = importlib.import_module("stress_seeds")


def folder(path: Path, score: list[float], people: str = "aabb") -> Path:
    """Write what is told of four windows of two people, the same by all that was learnt from."""
    times = 3
    table = pa.table(
        {
            "learnt_from": np.repeat([REAL, MADE, BOTH], 4),
            "person": list(people) * times,
            "stress": [0, 1, 0, 1] * times,
            "window": [0, 1, 2, 3] * times,
            "score": score * times,
        }
    )
    (path / "scores").mkdir(parents=True)
    pq.write_table(table, scores_path(path, "trees", 0))
    return path


def test_folders_are_averaged_and_shown_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    right = folder(tmp_path / "right", [-1, 1, -1, 1])
    half = folder(tmp_path / "half", [-1, 1, 1, -1])  # person b's all wrong: F1 .5, AUC .5
    seeds.main([str(right), str(half)])
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[1] == "trees, 2 times: F1 of stress, then AUC"
    assert lines[2] == "real, other people +0.750 (+0.500 to +1.000) +1.000 +0.500"
    assert lines[5] == "synthetic - real +0.000 (+0.000 to +0.000) +0.000 +0.000"
    assert lines[7] == "real, other people +0.750 (+0.500 to +1.000)"


def test_other_people_are_not_mixed_in(tmp_path: Path) -> None:
    one, other = folder(tmp_path / "1", [0] * 4), folder(tmp_path / "2", [0] * 4, "abab")
    with pytest.raises(SystemExit, match="is of other windows"):
        seeds.main([str(one), str(other)])
