"""Real LSM6DSL recordings beside generated ones, in counts: pictures, and the figures in them.

Usage: python benchmarks/counts_pictures.py OUT.svg [--traces OUT.svg] [--shared FOLDER] [--seed 0]
           [--recordings N] (some CPU minutes)

The real ones are ST's recordings of an LSM6DSL at 4 g and 26 Hz (st_lsm6dsl_har, whole mg, turned back into
counts of 0.122 mg). As many of each class are generated: each a continuous signal of 1000 readings that the
bundled model `lsm6dsl` draws, of a person and a unit of its own, mounted in any way. The model has seen 39 of
the 56. OUT.svg shows aggregate figures alone: how often each count occurs, by axis; the spectrum, its median
and 10 to 90 % over recordings; the mean |a| of each recording at rest; the share of its readings within 10 mg
of the range's ends. --traces draws readings in sequence: as some are of real people, that picture stays with
who has the recordings. --recordings: at most so many of each class.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from counts_drawing import (
    ClassFigures,
    CountFigures,
    Spread,
    Trace,
    draw_figures,
    draw_traces,
)
from numpy.typing import NDArray
from scipy.signal import welch

from wearsynth.formats import read
from wearsynth.model import Model, load_model
from wearsynth.rendering import RenderOptions
from wearsynth.sensors import SensorProfile, load_profile
from wearsynth.streaming import Streams, stream_counts

ROOT = Path(__file__).parents[1]
MODEL, FULL_SCALE, G_PER_COUNT, RATE_HZ = "lsm6dsl", "4g", 0.000122, 26.0
CLASSES = ("stationary", "walking", "running")
READINGS = 1000
EDGES = np.linspace(-33000, 33000, 56)
SEGMENT = 104
"""Readings of a segment of a spectrum: 4 s."""
AT_THE_END = 82
"""Counts, 10 mg: published readings are whole mg, and the highest of them are a few mg below 4 g."""
TRACES, TRACE_READINGS = 2, 156

Recordings = dict[str, list[NDArray[np.float64]]]
"""Class -> counts of its recordings, (reading, axis)."""


def main() -> None:
    """Draw the pictures and print the figures."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("out", type=Path)
    given.add_argument("--traces", type=Path)
    given.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    given.add_argument("--seed", type=int, default=0)
    given.add_argument("--recordings", type=int, default=10**6)
    options = given.parse_args()
    real = real_recordings(options.shared / "data" / "st_lsm6dsl_har", options.recordings)
    made = made_recordings({name: len(of) for name, of in real.items()}, seed=options.seed)
    figures = figures_of({"real": real, "synthetic": made})
    draw_figures(figures, options.out)
    print(told(figures))
    if options.traces:
        title = "Real and generated recordings of an LSM6DSL at 4 g, in counts"
        traces = {
            name: {"real": traces_of(real[name]), "synthetic": traces_of(made[name])}
            for name in CLASSES
        }
        draw_traces(title, traces, options.traces, rate_hz=RATE_HZ)


def real_recordings(folder: Path, most: int) -> Recordings:
    """Give the counts of the real recordings."""
    found: Recordings = {name: [] for name in CLASSES}
    for recording in read(folder):
        counts = np.rint(recording.signals["acc"].values.astype(np.float64) / G_PER_COUNT)
        found[recording.spans[0].label].append(counts)
    return {name: of[:most] for name, of in found.items()}


def made_recordings(numbers: Mapping[str, int], *, seed: int) -> Recordings:
    """Give the counts of as many generated recordings, each of its own person, unit and mounting."""
    model, profile = load_model(MODEL), load_profile("lsm6dsl")
    return {
        name: [
            _made(model, profile, name, seed=1000 * seed + 100 * place + number)
            for number in range(numbers[name])
        ]
        for place, name in enumerate(CLASSES)
    }


def _made(model: Model, profile: SensorProfile, name: str, *, seed: int) -> NDArray[np.float64]:
    steps = model.representation.steps
    seconds = steps * np.ceil(READINGS / steps) / RATE_HZ
    asked = Streams(model, {name: float(seconds)}, seed)
    options = RenderOptions(full_scale=FULL_SCALE, mounting="drawn", devices=1, seed=seed)
    chunks = [chunk.values for chunk in stream_counts(asked, profile, options)]
    return np.concatenate(chunks).reshape(-1, 3)[:READINGS].astype(np.float64)


def figures_of(sides: Mapping[str, Recordings]) -> CountFigures:
    """Give what the picture shows."""
    return CountFigures(
        title="LSM6DSL at 4 g, 26 Hz: real recordings and generated ones, in counts",
        edges=EDGES.tolist(),
        figures={
            name: {side: _of_class(of[name]) for side, of in sides.items()} for name in CLASSES
        },
        rest={
            side: [float(np.linalg.norm(one, axis=1).mean()) for one in of["stationary"]]
            for side, of in sides.items()
        },
        one_g=1 / G_PER_COUNT,
    )


def _of_class(recordings: Sequence[NDArray[np.float64]]) -> ClassFigures:
    every = np.concatenate(recordings)
    shares = {
        axis: (np.histogram(every[:, place], EDGES)[0] / len(every)).tolist()
        for place, axis in enumerate("xyz")
    }
    return ClassFigures(
        recordings=len(recordings),
        shares=shares,
        spectrum=_spectrum(recordings),
        clipped=[_clipped(one) for one in recordings],
    )


def _spectrum(recordings: Sequence[NDArray[np.float64]]) -> Spread:
    """Give the spectrum of each recording, its axes together, over the recordings."""
    spectra = []
    hz = np.empty(0)
    for one in recordings:
        hz, power = welch(one, RATE_HZ, nperseg=SEGMENT, axis=0)
        spectra.append(power.sum(axis=1))
    low, median, high = np.quantile(np.log10(np.array(spectra) + 1e-3), (0.1, 0.5, 0.9), axis=0)
    kept = slice(1, None)  # the mean is taken out, so 0 Hz says nothing
    return Spread(*(of[kept].tolist() for of in (hz, low, median, high)))


def _clipped(counts: NDArray[np.float64]) -> float:
    ends = (counts >= 2**15 - 1 - AT_THE_END) | (counts <= -(2**15) + AT_THE_END)
    return float(ends.mean())


def traces_of(recordings: Sequence[NDArray[np.float64]]) -> list[Trace]:
    """Give the first seconds of some recordings, far apart in the list."""
    chosen = np.linspace(0, len(recordings) - 1, TRACES + 2).astype(int)[1:-1]
    return [recordings[place][:TRACE_READINGS].T.tolist() for place in chosen]


def told(figures: CountFigures) -> str:
    """Give the figures that the docs name, as a table."""
    lines = ["| | real | generated |", "|---|---|---|"]
    rows = {
        "stationary: mean size of a, counts (10 to 90 %)": [
            _range(of) for of in figures.rest.values()
        ]
    }
    for name, sides in figures.figures.items():
        rows[f"{name}: readings at the ends, %"] = [
            f"{100 * np.mean(of.clipped):.2f}, most {100 * max(of.clipped):.2f}"
            for of in sides.values()
        ]
        rows[f"{name}: movement, rms counts (10 to 90 %)"] = [
            _power(of.spectrum) for of in sides.values()
        ]
    lines += [f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items()]
    return "\n".join(lines)


def _range(values: Sequence[float]) -> str:
    low, middle, high = np.quantile(values, (0.1, 0.5, 0.9))
    return f"{middle:.0f} ({low:.0f} to {high:.0f})"


def _power(spectrum: Spread) -> str:
    """Give the root of the spectrum's sum: the movement of all axes, rms."""
    step_hz = spectrum.frequency_hz[1] - spectrum.frequency_hz[0]
    low, middle, high = (
        float(np.sqrt(step_hz * (10.0 ** np.array(of)).sum()))
        for of in (spectrum.low, spectrum.median, spectrum.high)
    )
    return f"{middle:.0f} ({low:.0f} to {high:.0f})"


if __name__ == "__main__":
    main()
