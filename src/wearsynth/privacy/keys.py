"""The secret key of a private training, and all of its randomness.

Who is in a step, what of theirs, and the noise are functions of (key, purpose, step) by SHAKE-128, an
extendable hash of which nobody without the key can tell a bit. A step that is played again after a
crash is then the very same release. Whoever holds the key could take the noise off: it is drawn from
the operating system, lies in the private checkpoint alone, and is deleted with it.
"""

import hashlib
import math
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wearsynth.errors import ModelError
from wearsynth.files import atomic_file, read_bytes

Float64Array = NDArray[np.float64]

RANDOMNESS = "SHAKE-128"
"""Of what all numbers are made; a run that was begun with others is another run."""

KEY_BYTES = 32
KEY_FILE = "key"

BLOCK = 2**14
"""So many normal numbers are made at once: they stay in the processor's cache."""


@dataclass(frozen=True)
class Key:
    """A secret of 32 bytes, which is not shown where the object is."""

    secret: bytes = field(repr=False)


def new_key() -> Key:
    """Give a key from the operating system's generator."""
    return Key(secrets.token_bytes(KEY_BYTES))


def kept_key(folder: Path | None) -> Key:
    """Give the key in a private checkpoint's folder; where there is none, a new one that is kept there.

    Only the owner may read the file, where the system knows owners. None: the key is in memory alone.
    """
    if folder is None:
        return new_key()
    path = folder / KEY_FILE
    if path.exists():
        secret = read_bytes(path)
        if len(secret) != KEY_BYTES:
            raise ModelError(f"{path}: damaged. Delete {folder} and fit anew.")
        return Key(secret)
    key = new_key()
    with atomic_file(path, private=True) as temporary:
        temporary.write_bytes(key.secret)
    return key


def forget_key(folder: Path) -> None:
    """Overwrite and remove the key; copies that a file system or a backup made are beyond reach."""
    path = folder / KEY_FILE
    if path.exists():
        with path.open("r+b") as stream:
            stream.write(bytes(KEY_BYTES))
            stream.flush()
            os.fsync(stream.fileno())
        path.unlink()


def uniforms(key: Key, purpose: str, step: int, count: int) -> Float64Array:
    """Give (count,) numbers between 0 and 1, neither of which comes out, on a grid of 2**-53."""
    return _uniform(_stream(key, purpose, step, 0, 8 * count))


def normals(key: Key, purpose: str, step: int, count: int) -> Tensor:
    """Give (count,) standard normal numbers, float64."""
    blocks = normal_blocks(key, purpose, step, count)
    return torch.cat([torch.zeros(0, dtype=torch.float64), *blocks])


def normal_blocks(
    key: Key, purpose: str, step: int, count: int, *, summed: int = 1
) -> Iterator[Tensor]:
    """Give standard normal numbers, float64, BLOCK at a time, each the scaled sum of so many.

    By Box and Muller (1958, doi 10.1214/aoms/1177706645): two of a radius, of 52 random bits, and an
    angle, of 32: a step of it moves a number by 2**-26 at most.
    """
    for block, first in enumerate(range(0, count, BLOCK)):
        size = min(BLOCK, count - first)
        pairs = math.ceil(size / 2)
        stream = _stream(key, purpose, step, block, 12 * summed * pairs)
        yield _normal(stream, summed, pairs)[:size]


def _stream(key: Key, purpose: str, step: int, block: int, count: int) -> bytes:
    """Give the first bytes of a block."""
    told = b"".join(number.to_bytes(8, "little") for number in (len(purpose), step, block))
    return hashlib.shake_128(key.secret + told + purpose.encode()).digest(count)


def _uniform(stream: bytes) -> Float64Array:
    """Give a number for each 8 bytes, of 52 of their bits."""
    numbers = (np.frombuffer(stream, dtype="<u8") >> np.uint64(12)).astype(np.float64)
    numbers += 0.5
    numbers *= 2.0**-52
    return numbers


def _normal(stream: bytes, summed: int, pairs: int) -> Tensor:
    """Give (2 * pairs,) numbers, of radii first and angles then."""
    cut = 8 * summed * pairs
    radius = torch.from_numpy(_uniform(stream[:cut])).log_().mul_(-2 / summed).sqrt_()
    turns = np.frombuffer(stream, dtype="<u4", offset=cut).astype(np.float64)
    angle = torch.from_numpy(turns).mul_(2 * math.pi * 2.0**-32)
    both = torch.stack([torch.cos(angle).mul_(radius), angle.sin_().mul_(radius)])
    return both.view(2, summed, pairs).sum(dim=1).view(-1)
