"""Load a folder with Hugging Face datasets, without a network, and keep what it understood.

    .venv-clients-formats/bin/python tests/clients/read_with_datasets.py FOLDER OUT.npz

OUT.npz: window (row, time, channel), label (row,) as class names, device (row,), shape as declared.
"""

import sys
from pathlib import Path

import numpy as np
from datasets import load_dataset


def main(folder: str, out: str) -> None:
    cache = str(Path(out).with_suffix(".cache"))
    table = load_dataset(folder, cache_dir=cache)["train"].with_format("numpy")
    names = np.array(table.features["label"].names)
    np.savez(
        out,
        window=table["window"][:],
        label=names[table["label"][:]],
        device=table["device"][:],
        shape=table.features["window"].shape,
    )


main(*sys.argv[1:])
