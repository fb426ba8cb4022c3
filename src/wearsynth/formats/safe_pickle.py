"""Pickles of NumPy arrays, read without running what they say.

A pickle is a program; Python's own reader calls whatever it names. This one knows the steps that
dicts, lists, numbers, strings and NumPy arrays are written with (protocols 0 to 5, Python 2 and 3)
and refuses every other, with the byte and the name. It calls nothing by name, allocates no more than
the file is long, and takes at most MOST_STEPS steps. Arrays and long strings stay in the file
(pickled_arrays). The steps are described in Python's pickletools.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wearsynth.errors import FormatError
from wearsynth.files import telling_file_errors
from wearsynth.formats.pickle_stream import (
    Stream,
    check_left,
    float_line,
    int_line,
    long_number,
    number,
    quoted_line,
    short_line,
    string,
    take,
    unicode_line,
)
from wearsynth.formats.pickled_arrays import (
    PickledArray,
    PickledDtype,
    Stretch,
    array_of,
    bytes_of,
    dtype_of,
    with_order,
)

MOST_STEPS = 20_000
"""WESAD's pickles take a few hundred steps. This bounds time, stack, memo and nesting at once."""
_HARMLESS = "data need no more than NumPy arrays of numbers"
_AGAIN = "Get the file again."


@dataclass(frozen=True)
class Pickled:
    """What a pickle holds: dicts, lists, tuples, strings, numbers, PickledArray and Stretch.

    bytes_after: how many bytes of the file follow the pickle's end.
    """

    value: Any
    bytes_after: int


@dataclass(frozen=True)
class Name:
    """A name that a pickle may mention; nothing but a name."""

    name: str


@dataclass
class _Walk:
    """A pickle being walked through: the file, the step's place in it, and the pickle's memory."""

    stream: Stream
    at: int = 0
    stack: list[Any] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)


def load(path: Path) -> Pickled:
    """Give what a pickle holds.

    FormatError, with the byte, where it would do anything else, is cut off or damaged; FileError
    where it cannot be read.
    """
    with telling_file_errors(path, "read"), path.open("rb") as source:
        size = source.seek(0, 2)
        source.seek(0)
        if not size:
            raise FormatError(path, f"is empty. {_AGAIN}")
        value = _walked(_Walk(Stream(source, path, size)))
        return Pickled(value, size - source.tell())


def _walked(walk: _Walk) -> object:
    for _ in range(MOST_STEPS):
        walk.at = walk.stream.source.tell()
        try:
            code = take(walk.stream, 1)[0]
            if code == ord("."):
                return _pop(walk)
            _step(walk, code)
        except EOFError:
            where = f"ends at byte {walk.stream.size}, before the pickle does"
            raise FormatError(walk.stream.path, f"{where}. Was it cut off? {_AGAIN}") from None
        except ValueError as error:
            if walk.at == 0:
                raise FormatError(walk.stream.path, f"is no pickle. {_AGAIN}") from None
            raise _fault(walk, f"the pickle is damaged ({error}). {_AGAIN}") from None
    raise _fault(walk, f"the pickle takes more than {MOST_STEPS} steps; {_HARMLESS}. {_AGAIN}")


def _step(walk: _Walk, code: int) -> None:
    if code in _READ:
        walk.stack.append(_READ[code](walk.stream))
    elif code in _MADE:
        walk.stack.append(_MADE[code](walk))
    elif code in _ACTIONS:
        _ACTIONS[code](walk)
    elif code in _REFUSED and walk.at:  # a zip begins with P, too
        raise _danger(walk, _REFUSED[code])
    else:
        raise ValueError(f"no step has the code {code:#04x}")


def _fault(walk: _Walk, problem: str) -> FormatError:
    return FormatError(f"{walk.stream.path}, byte {walk.at}", problem)


def _danger(walk: _Walk, does: str) -> FormatError:
    remedy = "Do not open it with other tools: get it again from its authors."
    return _fault(walk, f"the pickle would {does}; {_HARMLESS}. {remedy}")


# What a step does to the stack.


def _pop(walk: _Walk) -> Any:
    if len(walk.stack) <= (walk.marks[-1] if walk.marks else 0):
        raise ValueError("a step finds nothing to work on")
    return walk.stack.pop()


def _popped(count: int) -> Callable[[_Walk], tuple[Any, ...]]:
    return lambda walk: tuple([_pop(walk) for _ in range(count)][::-1])


def _since_mark(walk: _Walk) -> list[Any]:
    if not walk.marks:
        raise ValueError("a step finds no mark")
    mark = walk.marks.pop()
    items = walk.stack[mark:]
    del walk.stack[mark:]
    return items


def _top(walk: _Walk) -> Any:
    value = _pop(walk)
    walk.stack.append(value)
    return value


def _pop_or_unmark(walk: _Walk) -> None:
    if walk.marks and walk.marks[-1] == len(walk.stack):
        walk.marks.pop()
    else:
        _pop(walk)


def _append(walk: _Walk, items: list[Any]) -> None:
    target = _top(walk)
    if not isinstance(target, list):
        raise ValueError("something is added to what is no list")
    target.extend(items)


def _set(walk: _Walk, items: list[Any]) -> None:
    target = _top(walk)
    if not isinstance(target, dict):
        raise ValueError("something is set in what is no dict")
    target.update(_pairs(items))


def _pairs(items: list[Any]) -> dict[Any, Any]:
    keys = items[::2]
    if len(items) % 2 or not all(isinstance(k, str | bytes | int | float | None) for k in keys):
        raise ValueError("a dict's keys are no strings or numbers")
    return dict(zip(keys, items[1::2], strict=True))


def _remember(walk: _Walk, index: int) -> None:
    walk.memo[index] = _top(walk)


def _remembered(walk: _Walk, index: int) -> Any:
    if index not in walk.memo:
        raise ValueError(f"nothing was remembered as number {index}")
    return walk.memo[index]


def _check_protocol(protocol: int) -> None:
    if protocol > 5:
        raise ValueError(f"there is no protocol {protocol}")


# The names that a pickle of arrays mentions, and what they stand for.


def _named(walk: _Walk, module: object, name: object) -> Name:
    if not isinstance(module, str) or not isinstance(name, str):
        raise ValueError("a name is no text")
    full = f"{module}.{name}".replace("__builtin__.", "builtins.")
    full = full.replace("numpy._core.", "numpy.core.")
    if full not in _CALLS and full != "numpy.ndarray":
        raise _danger(walk, f"call {_shown(module, name)}")
    return Name(full)


def _shown(module: str, name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in f"{module}.{name}"[:80])


def _refuse_class(walk: _Walk) -> None:
    module, name = short_line(walk.stream), short_line(walk.stream)
    raise _danger(walk, f"make a {_shown(module, name)}")


def _reduced(walk: _Walk) -> object:
    call, given = _popped(2)(walk)
    if not isinstance(call, Name) or call.name not in _CALLS or not isinstance(given, tuple):
        raise ValueError("a call is not one of those that make arrays")
    return _CALLS[call.name](walk, given)


def _build(walk: _Walk) -> None:
    target, state = _popped(2)(walk)
    match target, state:
        case PickledDtype(), _:
            with_order(target, state)
        case PickledArray(), (int(), shape, PickledDtype() as dtype, int() as fortran, data):
            made = array_of(walk.stream.path, dtype, shape, data, fortran=bool(fortran))
            target.__dict__.update(made.__dict__)  # the memo knows this very array
        case _:
            raise _danger(walk, "change the inside of something that is no array")
    walk.stack.append(target)


def _reconstruct(walk: _Walk, given: tuple[Any, ...]) -> PickledArray:
    match given:
        case (Name("numpy.ndarray"), tuple(), _):
            return PickledArray(walk.stream.path)
    raise ValueError("an array is begun in an unknown way")


def _from_buffer(walk: _Walk, given: tuple[Any, ...]) -> PickledArray:
    match given:
        case (data, PickledDtype() as dtype, shape, "C" | "F" as order):
            return array_of(walk.stream.path, dtype, shape, data, fortran=order == "F")
        case (data, PickledDtype() as dtype, tuple() as shape, "K", tuple() as axes):
            array = array_of(walk.stream.path, dtype, shape, data, fortran=False)
            if not all(type(a) is int for a in axes) or sorted(axes) != [*range(len(shape))]:
                raise ValueError("an array's axes are not those of its shape")
            array.axes = axes
            return array
    raise ValueError("an array is made in an unknown way")


def _scalar(walk: _Walk, given: tuple[Any, ...]) -> object:
    match given:
        case (PickledDtype() as dtype, data):
            return array_of(walk.stream.path, dtype, (), data, fortran=False).load()[()]
    raise ValueError("a number is made in an unknown way")


def _encoded(_: _Walk, given: tuple[Any, ...]) -> bytes | Stretch:
    match given:
        case (str() | Stretch() as text, "latin1" | "latin-1"):
            return bytes_of(text)
    raise ValueError("bytes are written in an unknown way")


def _plain_bytes(_: _Walk, given: tuple[Any, ...]) -> bytes | Stretch:
    return bytes_of(given[0]) if given else b""


_CALLS: dict[str, Callable[[_Walk, tuple[Any, ...]], object]] = {
    "numpy.core.multiarray._reconstruct": _reconstruct,
    "numpy.core.multiarray.scalar": _scalar,
    "numpy.core.numeric._frombuffer": _from_buffer,
    "numpy.dtype": lambda _, given: dtype_of(given[0] if given else None),
    "_codecs.encode": _encoded,
    "builtins.bytes": _plain_bytes,
    "builtins.bytearray": _plain_bytes,
}

_BYTE, _SHORT, _UINT, _INT, _WIDE = (number(f"<{kind}") for kind in "BHIiQ")

_READ: dict[int, Callable[[Stream], object]] = {
    ord("N"): lambda _: None,
    0x88: lambda _: True,
    0x89: lambda _: False,
    ord("I"): int_line,
    ord("L"): int_line,
    ord("J"): _INT,
    ord("K"): _BYTE,
    ord("M"): _SHORT,
    0x8A: long_number(_BYTE),
    0x8B: long_number(_INT),
    ord("F"): float_line,
    ord("G"): number(">d"),
    ord("S"): quoted_line,
    ord("T"): string(_INT, "raw", text=True),
    ord("U"): string(_BYTE, "raw", text=True),
    ord("V"): unicode_line,
    ord("X"): string(_UINT, "utf-8", text=True),
    0x8C: string(_BYTE, "utf-8", text=True),
    0x8D: string(_WIDE, "utf-8", text=True),
    ord("B"): string(_UINT, "raw", text=False),
    ord("C"): string(_BYTE, "raw", text=False),
    0x8E: string(_WIDE, "raw", text=False),
    0x96: string(_WIDE, "raw", text=False),
    ord(")"): lambda _: (),
    ord("]"): lambda _: [],
    ord("}"): lambda _: {},
}
"""Steps that put on the stack what follows in the file."""

_MADE: dict[int, Callable[[_Walk], object]] = {
    ord("t"): lambda walk: tuple(_since_mark(walk)),
    ord("l"): _since_mark,
    ord("d"): lambda walk: _pairs(_since_mark(walk)),
    0x85: _popped(1),
    0x86: _popped(2),
    0x87: _popped(3),
    ord("2"): _top,
    ord("g"): lambda walk: _remembered(walk, int_line(walk.stream)),
    ord("h"): lambda walk: _remembered(walk, _BYTE(walk.stream)),
    ord("j"): lambda walk: _remembered(walk, _UINT(walk.stream)),
    ord("c"): lambda walk: _named(walk, short_line(walk.stream), short_line(walk.stream)),
    0x93: lambda walk: _named(walk, *_popped(2)(walk)),
    ord("R"): _reduced,
}
"""Steps that put on the stack what they make of other things."""

_ACTIONS: dict[int, Callable[[_Walk], None]] = {
    ord("("): lambda walk: walk.marks.append(len(walk.stack)),
    ord("0"): _pop_or_unmark,
    ord("1"): lambda walk: _since_mark(walk).clear(),
    ord("a"): lambda walk: _append(walk, [_pop(walk)]),
    ord("e"): lambda walk: _append(walk, _since_mark(walk)),
    ord("s"): lambda walk: _set(walk, [*_popped(2)(walk)]),
    ord("u"): lambda walk: _set(walk, _since_mark(walk)),
    ord("p"): lambda walk: _remember(walk, int_line(walk.stream)),
    ord("q"): lambda walk: _remember(walk, _BYTE(walk.stream)),
    ord("r"): lambda walk: _remember(walk, _UINT(walk.stream)),
    0x94: lambda walk: _remember(walk, len(walk.memo)),
    ord("b"): _build,
    ord("i"): _refuse_class,
    0x80: lambda walk: _check_protocol(take(walk.stream, 1)[0]),
    0x95: lambda walk: check_left(walk.stream, _WIDE(walk.stream)),
}
"""Steps that change what is there."""

_REFUSED = {
    ord("P"): "fetch an object from elsewhere",
    ord("Q"): "fetch an object from elsewhere",
    ord("o"): "make an object of a class",
    0x81: "make an object of a class",
    0x92: "make an object of a class",
    0x82: "use an extension of Python",
    0x83: "use an extension of Python",
    0x84: "use an extension of Python",
    0x8F: "make a set",
    0x90: "make a set",
    0x91: "make a set",
    0x97: "use a buffer that is not in the file",
    0x98: "use a buffer that is not in the file",
}
"""Steps that data need not take, by what they would do."""
