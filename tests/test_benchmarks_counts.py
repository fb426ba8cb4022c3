"""Pictures in counts: the figures are those of known signals, the files are small SVG."""

import importlib
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

REPOSITORY = Path(__file__).parents[1]
BENCHMARKS = REPOSITORY / "benchmarks"
PICTURE = REPOSITORY / "docs" / "lsm6dsl-counts.svg"

pytestmark = pytest.mark.skipif(
    not (BENCHMARKS / "counts_pictures.py").exists(),
    reason="the benchmarks are not part of this copy",
)
if BENCHMARKS.is_dir():
    sys.path.insert(0, str(BENCHMARKS))
    pictures, drawing = (
        importlib.import_module(name) for name in ("counts_pictures", "counts_drawing")
    )


def recordings(*, at_end: int = 0) -> dict[str, list[Any]]:
    """Give two recordings a class: 8197 counts of gravity on z, 1000 counts of 2 Hz on x."""
    time_s = np.arange(1040) / 26
    one = np.stack([1000 * np.sin(2 * np.pi * 2 * time_s), 0 * time_s, 0 * time_s + 8197], axis=1)
    one[:at_end, 1] = 32767
    return {name: [one.copy(), one.copy()] for name in pictures.CLASSES}


def test_figures_of_a_known_signal() -> None:
    figures = pictures.figures_of({"real": recordings(), "synthetic": recordings(at_end=312)})
    walking = figures.figures["walking"]
    assert walking["real"].clipped == [0.0, 0.0]
    assert walking["synthetic"].clipped == pytest.approx([0.1, 0.1])
    spectrum = walking["real"].spectrum
    assert spectrum.frequency_hz[int(np.argmax(spectrum.median))] == pytest.approx(2.0)
    assert pictures._power(spectrum).startswith("707 (707")  # 1000 / sqrt(2)
    assert sum(walking["real"].shares["z"]) == pytest.approx(1.0)
    assert max(walking["real"].shares["z"]) == pytest.approx(1.0)
    assert figures.one_g == pytest.approx(8196.7, abs=0.1)
    size = np.sqrt(8197**2 + 1000**2 / 2)
    assert figures.rest["real"] == pytest.approx([size, size], rel=1e-3)
    assert "| running: readings at the ends, % | 0.00, most 0.00 | 10.00" in pictures.told(figures)


def test_the_pictures_are_small_svg_files(tmp_path: Path) -> None:
    real = recordings()
    figures = pictures.figures_of({"real": real, "synthetic": real})
    drawing.draw_figures(figures, tmp_path / "figures.svg")
    traces = {
        name: dict.fromkeys(("real", "synthetic"), pictures.traces_of(of))
        for name, of in real.items()
    }
    drawing.draw_traces("a & b", traces, tmp_path / "traces.svg", rate_hz=26.0)
    for name in ("figures", "traces"):
        path = tmp_path / f"{name}.svg"
        assert ET.parse(path).getroot().tag.endswith("svg")
        assert path.stat().st_size < 100_000


def test_the_committed_picture_holds_no_recording_in_sequence() -> None:
    lines = ET.parse(PICTURE).getroot().iter("{http://www.w3.org/2000/svg}polyline")
    lengths = {len(line.get("points", "").split()) for line in lines}
    assert lengths == {pictures.SEGMENT // 2}  # spectra alone are lines
    assert PICTURE.stat().st_size < 100_000
