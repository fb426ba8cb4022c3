"""Mutations of zip files: bombs, names that lead elsewhere, damaged and strange members."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from random import Random

Members = dict[str, bytes]
Mutation = Callable[[bytes, Random], bytes]
BOMB_BYTES = 1_500_000_000


def members_of(content: bytes) -> Members:
    """Give the members of a zip file by name; none where it is no zip file."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, RuntimeError, OSError, ValueError, zlib.error, EOFError):
        return {}
    except NotImplementedError:  # a method that Python does not have
        return {}


def zipped(members: Members) -> bytes:
    """Give a zip file of members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def _renamed(content: bytes, random: Random, rename: Callable[[str], str]) -> bytes:
    members = members_of(content)
    if not members:
        return content
    chosen = random.choice([*members])
    return zipped({rename(n) if n == chosen else n: data for n, data in members.items()})


@cache
def _bomb() -> bytes:
    """Give 1.5 GB of newlines, deflated; made once a process."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    chunk = b"1\n" * 500_000
    parts = [packer.compress(chunk) for _ in range(BOMB_BYTES // len(chunk))]
    return b"".join([*parts, packer.flush()])


def bomb(content: bytes, random: Random) -> bytes:
    """Let one member unpack to 1.5 GB; its size is told truly or as small."""
    members = members_of(content) or {"ACC.csv": b""}
    name = random.choice([*members])
    told = random.choice((BOMB_BYTES, 1_000))
    packed = _bomb()
    encoded = name.encode()
    sizes = struct.pack("<IIIHH", 0, len(packed), told, len(encoded), 0)
    local = b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 8, 0, 0) + sizes + encoded
    entry = b"PK\x01\x02" + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 0) + sizes
    entry += struct.pack("<HHHII", 0, 0, 0, 0, 0) + encoded
    head = local + packed
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), len(head), 0)
    return head + entry + end


def climbing_name(content: bytes, random: Random) -> bytes:
    """Name a member ../../x, /tmp/x or C:\\x."""
    where = random.choice(("../../", "/tmp/wearsynth-fuzz-", "C:\\", "a/../../", "//host/"))
    return _renamed(content, random, lambda name: where + name)


def strange_name(content: bytes, random: Random) -> bytes:
    """Give a member a name with a line end, a letter of no alphabet, or 300 letters."""
    names = ("a\nb.csv", "\ud7ff\u202e.csv", "x" * 300, " ", ".", "con", "ACC.CSV", "acc.csv")
    return _renamed(content, random, lambda _: random.choice(names))


def missing_member(content: bytes, random: Random) -> bytes:
    """Leave a member out."""
    members = members_of(content)
    if not members:
        return content
    gone = random.choice([*members])
    return zipped({name: data for name, data in members.items() if name != gone})


def double_member(content: bytes, random: Random) -> bytes:
    """Hold a member twice, with other content."""
    members = members_of(content)
    if not members:
        return content
    name = random.choice([*members])
    marked = zipped({**members, "*" * len(name): members[name][: len(members[name]) // 2]})
    return marked.replace(b"*" * len(name), name.encode())


def in_a_folder(content: bytes, random: Random) -> bytes:
    """Hold all members one folder down, as some programs pack them."""
    return zipped({f"session/{name}": data for name, data in members_of(content).items()})


def junk_members(content: bytes, random: Random) -> bytes:
    """Hold what systems add: __MACOSX, .DS_Store, Thumbs.db."""
    junk = {"__MACOSX/._ACC.csv": b"\x00\x05\x16\x07", ".DS_Store": b"\0", "Thumbs.db": b"\0"}
    return zipped({**members_of(content), **junk})


def only_folders(content: bytes, random: Random) -> bytes:
    """Hold folders of the members' names and nothing else."""
    return zipped({f"{name}/": b"" for name in members_of(content)})


def no_members(content: bytes, random: Random) -> bytes:
    """Hold nothing."""
    return zipped({})


def nested(content: bytes, random: Random) -> bytes:
    """Hold the zip file in a zip file."""
    return zipped({"session.zip": content})


def member_is_zip(content: bytes, random: Random) -> bytes:
    """Hold a zip file under a member's name."""
    members = members_of(content)
    if not members:
        return content
    return zipped({**members, random.choice([*members]): content})


def wrong_checksum(content: bytes, random: Random) -> bytes:
    """Let a member's checksum be wrong."""
    return _in_entries(content, 16, b"\xde\xad\xbe\xef")


def encrypted(content: bytes, random: Random) -> bytes:
    """Say that the members are encrypted."""
    return _in_entries(content, 8, b"\x01\x00")


def unknown_method(content: bytes, random: Random) -> bytes:
    """Say that the members are packed in a way that nobody has."""
    return _in_entries(content, 10, random.choice((b"\x63\x00", b"\x09\x00", b"\x0e\x00")))


def _in_entries(content: bytes, offset: int, value: bytes) -> bytes:
    """Give the zip file with bytes of every entry of its directory replaced."""
    changed = bytearray(content)
    place = content.find(b"PK\x01\x02")
    while 0 <= place < len(content) - offset - len(value):
        changed[place + offset : place + offset + len(value)] = value
        place = content.find(b"PK\x01\x02", place + 4)
    return bytes(changed)


def many_members(content: bytes, random: Random) -> bytes:
    """Hold 20,000 empty members beside the others."""
    return zipped({**members_of(content), **{f"m{i}.csv": b"" for i in range(20_000)}})


ARCHIVE: dict[str, Mutation] = {
    of.__name__: of
    for of in (
        climbing_name, strange_name, missing_member, double_member, in_a_folder, junk_members,
        only_folders, no_members, nested, member_is_zip, wrong_checksum, encrypted, unknown_method,
    )
}  # fmt: skip
"""Every mutation of a zip file but the slow ones, bomb and many_members."""
