"""Two sets of people under stress and at rest, in one form, as windows files: one private, one public.

Usage: python benchmarks/stress_pair.py -o FOLDER [--shared FOLDER]

FOLDER/wesad.parquet and FOLDER/e4_stress.parquet: 60 s windows at 1 Hz, six channels, each person on their
own scale (private_release_sets.py). `wearsynth detect` takes the one and `--public` the other.
"""

import argparse
import sys
from pathlib import Path

from private_release_sets import e4_stress, wesad

from wearsynth.tables import save_windows

ROOT = Path(__file__).parents[1]


def main(arguments: list[str]) -> None:
    """Write both files."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("-o", "--out", type=Path, required=True)
    given.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    options = given.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    for load in (wesad, e4_stress):
        path = options.out / f"{load.__name__}.parquet"
        windows = load(options.shared)
        save_windows(windows, path)
        print(f"{path}: {windows.counts}")


if __name__ == "__main__":
    main(sys.argv[1:])
