"""The bundled model e4-stress, of the flow that e4_native.py fitted to 11 people: weights as 16-bit floats.

Usage: python benchmarks/e4_native.py --generators flow --runs RUNS
       python benchmarks/e4_model.py RUNS/flow-0 src/wearsynth/models/e4-stress

The first command prints the scores of this very model on the six people that it has not seen.
"""

import sys
from pathlib import Path

import torch

from wearsynth.files import atomic_folder
from wearsynth.tensors import load_described, save_described


def main(arguments: list[str]) -> None:
    """Write the model's folder with its weights halved; the card beside them is written by hand."""
    source, out = map(Path, arguments)
    head, tensors = load_described(source, "model.json")
    card = out / "MODEL_CARD.md"
    kept = card.read_text(encoding="utf-8") if card.exists() else ""
    with atomic_folder(out, overwrite=True) as place:
        halved = {name: tensor.to(torch.float16) for name, tensor in tensors.items()}
        save_described(place, "model.json", head, halved)
        if kept:
            (place / "MODEL_CARD.md").write_text(kept, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
