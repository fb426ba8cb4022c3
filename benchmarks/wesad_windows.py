"""The 1083 windows of the public WESAD study, with its three conditions, as a windows file.

Usage: python benchmarks/wesad_windows.py -o wesad.parquet [--shared FOLDER]

They come from the study's own 1 Hz export in ../shared; whoever has WESAD itself makes them with
`wearsynth data windows` (docs/stress-detection.md).
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from wearsynth.data import windows_from_arrays
from wearsynth.tables import save_windows

ROOT = Path(__file__).parents[1]
STORED = "data/wesad_1hz/wesad_windows_60s_stride30.npz"
CONDITIONS = ("baseline", "stress", "amusement")


def main(arguments: list[str]) -> None:
    """Write the file."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("-o", "--out", type=Path, required=True)
    given.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    options = given.parse_args(arguments)
    with np.load(options.shared / STORED) as held:
        channels = [(str(name), "1") for name in held["channels"]]
        subject = [f"S{number}" for number in held["subject"]]
        windows = windows_from_arrays(
            {"e4": (held["values"], 1.0, channels)},
            np.array(CONDITIONS)[held["label3"]],
            classes=CONDITIONS,
            subject=subject,
            recording=subject,
        )
    save_windows(windows, options.out)
    print(f"{options.out}: {windows.counts}")


if __name__ == "__main__":
    main(sys.argv[1:])
