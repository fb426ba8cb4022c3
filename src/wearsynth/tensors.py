"""Named tensors and a little JSON in one safetensors file, with a checksum; never pickle.

And the one thread on which everything with tensors is computed.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from wearsynth.errors import ConfigError, ModelError
from wearsynth.files import atomic_file, read_bytes

WEIGHTS = "weights.safetensors"


def save_tensors(
    path: Path,
    tensors: Mapping[str, Tensor],
    about: Mapping[str, Any],
    *,
    private: bool = False,
) -> None:
    """Write the tensors and a JSON-ready mapping, whole or not at all; private: for the owner alone."""
    whole = {name: value.detach().cpu().contiguous() for name, value in sorted(tensors.items())}
    text = json.dumps(about, sort_keys=True)
    # one key only: the library writes several in an order that changes from call to call
    note = json.dumps({"about": text, "sha256": _digest(whole, text)})
    content = save(whole, metadata={"wearsynth": note})
    with atomic_file(path, private=private) as temporary:
        temporary.write_bytes(content)


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Give the tensors and the mapping; ModelError where a single bit is not as it was written."""
    content = read_bytes(path)
    try:
        tensors = load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        note = json.loads(header["__metadata__"]["wearsynth"])
        about, digest = note["about"], note["sha256"]
    except (SafetensorError, ValueError, KeyError) as error:
        raise ModelError(_damaged(path)) from error
    if _digest(tensors, about) != digest:
        raise ModelError(_damaged(path))
    mapping: dict[str, Any] = json.loads(about)
    return tensors, mapping


def save_described(
    folder: Path, name: str, head: Mapping[str, Any], tensors: Mapping[str, Tensor]
) -> None:
    """Write a JSON file of that name and weights.safetensors that belong together, into a folder."""
    text = json.dumps(head, indent=2) + "\n"
    (folder / name).write_text(text, encoding="utf-8", newline="\n")
    digest = hashlib.sha256(text.encode()).hexdigest()
    save_tensors(folder / WEIGHTS, tensors, {f"{name} sha256": digest})


def load_described(folder: Path, name: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Give both again; ModelError where they are damaged or do not belong together."""
    text = read_bytes(folder / name)
    tensors, about = load_tensors(folder / WEIGHTS)
    if about.get(f"{name} sha256") != hashlib.sha256(text).hexdigest():
        raise ModelError(
            f"{folder}: {name} and {WEIGHTS} do not belong together; take both from one copy."
        )
    head: dict[str, Any] = json.loads(text)
    return head, tensors


def _damaged(path: Path) -> str:
    return (
        f"{path}: damaged, or not written by wearsynth. Delete it and run the command again, "
        "or restore it from a copy."
    )


def _digest(tensors: Mapping[str, Tensor], about: str) -> str:
    digest = hashlib.sha256(about.encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(str(tuple(tensors[name].shape)).encode())
        digest.update(tensors[name].contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def check_device(device: str, option: str) -> None:
    """Raise ConfigError where the option names a device that is not there."""
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError(f"{option}: no CUDA device on this machine; use cpu.")


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one CPU thread: the same weights whatever the number of cores.

    With networks this small more threads cost more CPU time than they save wall time.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
