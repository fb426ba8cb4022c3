"""The set e4_stress: 18 people's Empatica E4 at native rates, rest and stress, as recordings and windows.

Usage: python benchmarks/e4_stress_data.py -o FOLDER [--shared FOLDER]

writes each person's E4 folder with their labels, so that `wearsynth data windows FOLDER` takes them as
it takes any others. Nothing of it stands in this repository: it is read from e4_stress_native.npz
(--shared), whose keys are PERSON/ACC (1/64 g, 32 Hz), PERSON/BVP (64 Hz), PERSON/EDA (uS, 4 Hz),
PERSON/TEMP (degC, 4 Hz) and PERSON/label_1hz (0 rest, 1 stress, -1 none).
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from wearsynth.data import Channel, Recording, Signal, Span, Split, Windows
from wearsynth.formats import e4_writer
from wearsynth.formats.timeline import runs
from wearsynth.windowing import cut_windows

ROOT = Path(__file__).parents[1]
PATH = "data/e4_stress/e4_stress_native.npz"
CLASSES = ("rest", "stress")
LENGTH_S, STRIDE_S = 60.0, 30.0
COUNTS_A_G = 64
HELD_OUT = 6

SIGNALS: dict[str, tuple[float, tuple[Channel, ...]]] = {
    "bvp": (64.0, (Channel("bvp", "a.u."),)),
    "acc": (32.0, tuple(Channel(f"acc_{axis}", "g") for axis in "xyz")),
    "eda": (4.0, (Channel("eda", "uS"),)),
    "temp": (4.0, (Channel("temp", "degC"),)),
}
"""Name -> rate in Hz and channels, as the E4's own files have them."""


def main(arguments: list[str]) -> None:
    """Write the folders."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("-o", "--out", type=Path, required=True)
    given.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    options = given.parse_args(arguments)
    made = recordings(options.shared / PATH)
    e4_writer.write(made, options.out)
    print(f"{options.out}: {len(made)} people with labels")


def recordings(path: Path) -> list[Recording]:
    """Give each labelled person's recording; who has no labels is left out."""
    with np.load(path, allow_pickle=False) as held:
        people = sorted({key.split("/")[0] for key in held.files})
        made = [_recording(held, person) for person in people]
    return [recording for recording in made if recording.spans]


def _recording(held: np.lib.npyio.NpzFile, person: str) -> Recording:
    signals = {}
    for name, (rate_hz, channels) in SIGNALS.items():
        values = held[f"{person}/{name.upper()}"].astype(np.float32)
        values = values.reshape(len(values), -1) / (COUNTS_A_G if name == "acc" else 1)
        signals[name] = Signal(values, rate_hz, channels)
    label = held[f"{person}/label_1hz"]
    spans = tuple(
        Span(float(first), float(end), CLASSES[label[first]])
        for first, end in runs(label)
        if label[first] >= 0
    )
    return Recording(person, signals, subject=person, spans=spans, source="e4_stress")


def windows(path: Path) -> Windows:
    """Give windows of 60 s, one every 30 s, each signal at its own rate."""
    return cut_windows(recordings(path), length_s=LENGTH_S, stride_s=STRIDE_S)


def split(real: Windows, *, seed: int = 0) -> Split:
    """Give six people to judge on, drawn at random; the others to learn from."""
    people = np.unique(real.subject)
    out = np.isin(real.subject, np.random.default_rng(seed).permutation(people)[:HELD_OUT])
    return Split(real.select(~out), real.select(out))


if __name__ == "__main__":
    main(sys.argv[1:])
