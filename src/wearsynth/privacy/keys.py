"""The secret key of a private training, and all of its randomness.

Who is in a step, what of theirs, and the noise are functions of (key, purpose, step) by SHAKE-256, an
extendable hash of which nobody without the key can tell a bit. A step that is played again after a
crash is then the very same release. Whoever holds the key could take the noise off: it is drawn from
the operating system, lies in the private checkpoint alone, and is deleted with it.
"""

import hashlib
import math
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wearsynth.errors import ModelError
from wearsynth.files import atomic_file, read_bytes

Float64Array = NDArray[np.float64]

KEY_BYTES = 32
KEY_FILE = "key"

BLOCK = 2**16
"""So many numbers are made at once: they stay in the processor's cache."""


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
    blocks = [
        _block(key, purpose, step, block, min(BLOCK, count - first))
        for block, first in enumerate(range(0, count, BLOCK))
    ]
    return np.concatenate([np.zeros(0), *blocks])


def normals(key: Key, purpose: str, step: int, count: int, *, summed: int = 1) -> Tensor:
    """Give (count,) standard normal numbers, float64, each the scaled sum of so many independent ones.

    By Box and Muller (1958, doi 10.1214/aoms/1177706645): two of two uniform numbers.
    """
    size = BLOCK // summed
    blocks = []
    for block, first in enumerate(range(0, count, size)):
        pairs = math.ceil(min(size, count - first) / 2)
        blocks.append(_normal(_block(key, purpose, step, block, 2 * summed * pairs), summed))
    return torch.cat([torch.zeros(0, dtype=torch.float64), *blocks])[:count]


def _block(key: Key, purpose: str, step: int, block: int, count: int) -> Float64Array:
    """Give the first (count,) uniform numbers of a block, 53 random bits each."""
    told = b"".join(number.to_bytes(8, "little") for number in (len(purpose), step, block))
    stream = hashlib.shake_256(key.secret + told + purpose.encode()).digest(8 * count)
    bits = np.frombuffer(stream, dtype="<u8") >> np.uint64(11)
    return (bits.astype(np.float64) + 0.5) * 2.0**-53


def _normal(uniform: Float64Array, summed: int) -> Tensor:
    first, second = torch.from_numpy(uniform).view(2, summed, -1)
    radius = first.log_().mul_(-2 / summed).sqrt_()
    angle = second.mul_(2 * math.pi)
    cosine = (angle + math.pi / 2).sin_().mul_(radius)  # the sine of it, which takes less time
    return torch.cat([angle.sin_().mul_(radius).sum(dim=0), cosine.sum(dim=0)])
