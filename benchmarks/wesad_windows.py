"""The 1083 windows of the public WESAD study, with its three conditions, as a windows file.

Usage: python benchmarks/wesad_windows.py -o wesad.parquet [--shared FOLDER]
       python benchmarks/wesad_windows.py -o dgan.parquet --set ../shared/baselines/seed_dgan_10_subjects.npz

They come from the study's own 1 Hz export in ../shared; whoever has WESAD itself makes them with
`wearsynth data windows` (docs/stress-detection.md). With --set the file holds windows that a generator
of the study made, and whom it had seen.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from leaderboard_sets import UNSEEN

from wearsynth.data import Windows, windows_from_arrays
from wearsynth.tables import save_windows

ROOT = Path(__file__).parents[1]
STORED = "data/wesad_1hz/wesad_windows_60s_stride30.npz"
CONDITIONS = ("baseline", "stress", "amusement")


def main(arguments: list[str]) -> None:
    """Write the file."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("-o", "--out", type=Path, required=True)
    given.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    given.add_argument("--set", type=Path, help="windows that a generator of the study made")
    options = given.parse_args(arguments)
    windows = _real(options.shared / STORED)
    if options.set is not None:
        windows = _made(options.set, windows)
    save_windows(windows, options.out)
    print(f"{options.out}: {windows.counts}")


def _real(path: Path) -> Windows:
    with np.load(path) as held:
        subject = [f"S{number}" for number in held["subject"]]
        return windows_from_arrays(
            {"e4": (held["values"], 1.0, [(str(name), "1") for name in held["channels"]])},
            np.array(CONDITIONS)[held["label3"]],
            classes=CONDITIONS,
            subject=subject,
            recording=subject,
        )


def _made(path: Path, real: Windows) -> Windows:
    """Give a set's windows; what is not stress counts as baseline."""
    unseen = next((people for end, people in UNSEEN.items() if path.stem.endswith(end)), ())
    signal = real.signals["e4"]
    with np.load(path, allow_pickle=False) as held:
        windows = windows_from_arrays(
            {"e4": (held["values"], 1.0, [(c.name, c.unit) for c in signal.channels])},
            np.where(held["label"] == 1, "stress", "baseline"),
            classes=CONDITIONS,
            synthetic=True,
        )
    seen = sorted(set(real.subject.tolist()) - set(unseen))
    return replace(windows, trained_groups=tuple(seen))


if __name__ == "__main__":
    main(sys.argv[1:])
