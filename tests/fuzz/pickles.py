"""Mutations of pickles: calls of code, lengths and memo places that no memory holds, soup."""

import pickle
import pickletools
from collections.abc import Callable
from random import Random

Mutation = Callable[[bytes, Random], bytes]
OPCODES = b"".join(opcode.code.encode("latin-1") for opcode in pickletools.opcodes)
MARK = "fuzz-was-here"
"""What code that a pickle ran would print."""

_CALLS = (
    ("os", "system"), ("posix", "system"), ("builtins", "exec"), ("builtins", "eval"),
    ("builtins", "print"), ("subprocess", "call"), ("__builtin__", "eval"), ("numpy", "load"),
    ("numpy.core.multiarray", "__dict__"), ("numpy.testing._private.utils", "runstring"),
    ("codecs", "decode"), ("builtins", "getattr"), ("importlib", "import_module"),
)  # fmt: skip


class _Call:
    """Pickles as a call of whatever it was given."""

    def __init__(self, function: Callable[..., object], argument: str) -> None:
        self.call = (function, (argument,))

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return self.call


def code_call(content: bytes, random: Random) -> bytes:
    """Call a function, in place of the data or before it."""
    module, name = random.choice(_CALLS)
    call = f"c{module}\n{name}\n(V{MARK}\ntR".encode()
    return call + b"." if random.random() < 0.5 else b"\x80\x02" + call + b"0" + content[2:]


def new_call(content: bytes, random: Random) -> bytes:
    """Call a function as Python 3 writes it, within a dict such as the data set's."""
    value = _Call(print, MARK)
    return pickle.dumps(
        {b"signal": value, b"label": value, b"subject": "S2"}, protocol=random.randrange(6)
    )


def stack_call(content: bytes, random: Random) -> bytes:
    """Name a function by STACK_GLOBAL, INST or OBJ."""
    return random.choice(
        (
            b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
            b"(S'true'\nios\nsystem\n.",
            b"(cos\nsystem\nS'true'\no.",
            b"\x80\x02cos\nsystem\nU\x04true\x85\x81.",
            b"\x80\x02cnumpy\ndtype\n(U\x01O\x88\x89tR.",
        )
    )


def long_length(content: bytes, random: Random) -> bytes:
    """Tell a length that no memory holds."""
    return random.choice(
        (
            b"\x80\x04\x8e" + (2**60).to_bytes(8, "little") + b"x.",
            b"\x80\x04\x8d" + (2**40).to_bytes(8, "little") + b"x.",
            b"\x80\x02T\xff\xff\xff\x7f.",
            b"\x80\x02T\xff\xff\xff\xff.",
            b"\x80\x02\x8b\xff\xff\xff\x7f.",
            b"\x80\x04\x95" + (2**62).to_bytes(8, "little") + content[2:],
            b"\x80\x05\x96" + (2**33).to_bytes(8, "little") + b".",
        )
    )


def memo_bomb(content: bytes, random: Random) -> bytes:
    """Put a value at a memo place so high that the memo alone fills the memory."""
    place = random.choice((2**31 - 1, 2**28, 2**32 - 1))
    return b"\x80\x02Nr" + place.to_bytes(4, "little") + b"0" + content[2:]


def memo_place(content: bytes, random: Random) -> bytes:
    """Ask for memo places that were never filled."""
    return (
        content[:2] + random.choice((b"j\xff\xff\xff\x7f", b"h\xfe", b"g99999999\n")) + content[2:]
    )


def long_number(content: bytes, random: Random) -> bytes:
    """Write a number of very many digits."""
    return random.choice(
        (b"I" + b"9" * 200_000 + b"\n.", b"L" + b"9" * 200_000 + b"L\n.", b"F1e400\n.")
    )


def deep(content: bytes, random: Random) -> bytes:
    """Nest lists or marks very deeply."""
    depth = 200_000
    return random.choice(
        (b"]" * depth + b"a" * (depth - 1) + b".", b"(" * depth + b"l" * depth + b".")
    )


def doubling(content: bytes, random: Random) -> bytes:
    """Build a list that holds itself twice, forty times over."""
    return (
        b"\x80\x02]q\x00N"
        + b"a"
        + b"".join(b"(h%ch%clq%c" % (i, i, i + 1) for i in range(40))
        + b"."
    )


def big_array(content: bytes, random: Random) -> bytes:
    """Ask NumPy for an array of a terabyte, or of objects."""
    shape = random.choice(
        (b"\x8a\x05\x00\x00\x00\x00\x40", b"J\xff\xff\xff\x7f", b"J\xff\xff\xff\xff")
    )
    head = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n"
    kind = random.choice((b"f8", b"O8", b"V9", b"S1", b"U1", b"M8"))
    dtype = b"cnumpy\ndtype\n(U\x02" + kind + b"K\x00K\x01tR"
    return head + shape + b"\x85U\x01btR(K\x01" + shape + b"\x85" + dtype + b"\x89U\x08abcdefghtb."


def opcode_soup(content: bytes, random: Random) -> bytes:
    """Give opcodes at random, in place of the data or in the middle of it."""
    soup = bytes(random.choice(OPCODES) for _ in range(random.choice((5, 50, 500))))
    if random.random() < 0.5:
        return b"\x80\x02" + soup + b"."
    place = random.randrange(len(content) + 1)
    return content[:place] + soup + content[place:]


def other_value(content: bytes, random: Random) -> bytes:
    """Pickle something that is not the data set's."""
    wrist = {"signal": {"chest": {}, "wrist": {"ACC": [1, 2]}}, "label": [], "subject": 2}
    values: tuple[object, ...] = (None, 7, "x", b"x", [], {}, (), {"signal": 1}, [1] * 9, wrist)
    return pickle.dumps(random.choice(values), protocol=2)


PICKLE: dict[str, Mutation] = {
    of.__name__: of
    for of in (
        code_call, new_call, stack_call, long_length, memo_bomb, memo_place, long_number, deep,
        doubling, big_array, opcode_soup, other_value,
    )
}  # fmt: skip
