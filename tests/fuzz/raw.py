"""Mutations of any file, whatever it holds: bytes in, bytes out."""

from collections.abc import Callable
from random import Random

Mutation = Callable[[bytes, Random], bytes]


def truncate(content: bytes, random: Random) -> bytes:
    """Cut the file off anywhere."""
    return content[: random.randrange(len(content) + 1)]


def empty(content: bytes, random: Random) -> bytes:
    """Leave nothing."""
    return b""


def flip_bits(content: bytes, random: Random) -> bytes:
    """Flip one to eight bits anywhere."""
    changed = bytearray(content)
    for _ in range(random.randint(1, 8) if content else 0):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def set_bytes(content: bytes, random: Random) -> bytes:
    """Set one to sixteen bytes anywhere."""
    changed = bytearray(content)
    for _ in range(random.randint(1, 16) if content else 0):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def noise(content: bytes, random: Random) -> bytes:
    """Give noise in place of the file."""
    return random.randbytes(random.choice((1, 64, 5_000)))


def noise_inside(content: bytes, random: Random) -> bytes:
    """Put noise into the file."""
    place = random.randrange(len(content) + 1)
    return content[:place] + random.randbytes(random.choice((1, 64, 5_000))) + content[place:]


def zero_stretch(content: bytes, random: Random) -> bytes:
    """Set a stretch to zero, as a disk does that lost a sector."""
    place = random.randrange(len(content) + 1)
    length = min(512, len(content) - place)
    return content[:place] + bytes(length) + content[place + length :]


def double_stretch(content: bytes, random: Random) -> bytes:
    """Write a stretch twice."""
    first, end = sorted(random.randrange(len(content) + 1) for _ in range(2))
    return content[:end] + content[first:]


def other_format(content: bytes, random: Random) -> bytes:
    """Give a file of another kind under this name."""
    heads = (
        b"PK\x03\x04", b"PAR1", b"\x89PNG\r\n\x1a\n", b"\x1f\x8b\x08\x00", b"%PDF-1.7\n",
        b"<!DOCTYPE html><html><body>404 Not Found</body></html>\n", b"\x80\x04\x95", b"\x89HDF\r\n",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n", b'{"a": [1, 2]}',
    )  # fmt: skip
    head = random.choice(heads)
    return head if random.random() < 0.5 else head + content


RAW: dict[str, Mutation] = {
    of.__name__: of
    for of in (
        truncate, empty, flip_bits, set_bytes, noise, noise_inside, zero_stretch, double_stretch,
        other_format,
    )
}  # fmt: skip
