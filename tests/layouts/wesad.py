"""WESAD: a folder a person with a pickle as Python 2 wrote it, and the files beside it."""

import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array = NDArray[Any]
LABELS = (0, 1, 0, 2, 0, 3, 4, 6, 7)
BESIDE = {
    "quest.csv": "# Subj;{who};;\n# ORDER;Base;TSST;Medi 1;Fun;Medi 2;\n# START;7.08;39.55;70.19;\n",
    "readme.txt": "### Personal information\nAge: 27\nGender: male\n",
    "respiban.txt": '# {{"00:07:80": {{"sampling rate": 700}}}}\n# EndOfHeader\n0\t0\t31000\t\n',
}
PIECE = 1 << 20


def write(
    folder: Path,
    *,
    seed: int = 0,
    seconds: float = 2.0,
    protocol: int = 0,
    people: tuple[str, ...] = ("S2",),
    python2: bool = True,
) -> Path:
    """Write the people's folders and give the folder WESAD.

    protocol: of the pickles; 0 is what makes the published ones 950 MB each. seconds: about 6,000 in
    the published ones. python2: written as Python 2 does, else as this Python does.
    """
    root = folder / "WESAD"
    for number, who in enumerate(people):
        (root / who).mkdir(parents=True)
        for name, text in BESIDE.items():
            path = root / who / f"{who}_{name}"
            path.write_text(text.format(who=who), encoding="ascii", newline="")
        with (root / who / f"{who}.pkl").open("wb") as stream:
            data = person(who, seed=seed + number, seconds=seconds)
            if python2:
                dump(data, stream, protocol)
            else:
                pickle.dump(data, stream, protocol)
    return root


def person(who: str, *, seed: int, seconds: float) -> dict[str, Any]:
    """Give what one pickle holds; the numbers of a second are repeated from the tenth second on."""
    random = np.random.default_rng(seed)
    chest = {
        "ACC": _noise(random, 700, seconds, (0.9, 0.02, 0.1), 0.05),
        "ECG": _noise(random, 700, seconds, (0.0,), 0.3),
        "EMG": _noise(random, 700, seconds, (0.0,), 0.02),
        "EDA": _noise(random, 700, seconds, (2.2,), 0.1),
        "Temp": _noise(random, 700, seconds, (34.1,), 0.1).astype(np.float32),
        "Resp": _noise(random, 700, seconds, (0.0,), 3.0),
    }
    wrist = {
        "ACC": np.round(_noise(random, 32, seconds, (20.0, -50.0, 33.0), 4.0)),
        "BVP": _noise(random, 64, seconds, (0.0,), 40.0),
        "EDA": _noise(random, 4, seconds, (0.5,), 0.1),
        "TEMP": _noise(random, 4, seconds, (33.0,), 0.1),
    }
    readings = round(700 * seconds)
    label = np.array(LABELS, np.int32)[np.arange(readings) * len(LABELS) // readings]
    return {"signal": {"chest": chest, "wrist": wrist}, "label": label, "subject": who}


def _noise(
    random: Generator, rate_hz: int, seconds: float, mean: tuple[float, ...], sd: float
) -> Array:
    """Give (time, channel) float64 that came through float32, as the sensors' numbers did."""
    readings = round(rate_hz * seconds)
    block = random.normal(mean, sd, (min(readings, 10 * rate_hz), len(mean)))
    return np.resize(block, (readings, len(mean))).astype(np.float32).astype(np.float64)


def dump(value: object, stream: BinaryIO, protocol: int) -> None:
    """Pickle dicts, strings, numbers and arrays as Python 2's cPickle does, protocol 0, 1 or 2."""
    if protocol == 2:
        stream.write(b"\x80\x02")
    _Python2(stream, protocol).save(value)
    stream.write(b".")


@dataclass
class _Python2:
    """A pickler of Python 2. memo: what was written before, by what it is, and its number."""

    stream: BinaryIO
    protocol: int
    memo: dict[object, int] = field(default_factory=dict)

    def save(self, value: object) -> None:
        match value:
            case None:
                self.stream.write(b"N")
            case bool():
                self.stream.write(self._bool(value))
            case int():
                self.stream.write(self._int(value))
            case str():
                self._once(("string", value), lambda: self._string(value.encode("latin-1")))
            case tuple():
                self._tuple(value)
            case dict():
                self._dict(value)
            case np.ndarray():
                self._array(value)
            case _:
                raise TypeError(f"{type(value)} is in no pickle of WESAD")

    def _put(self, key: object) -> None:
        number = self.memo[key] = len(self.memo) + 1  # cPickle counts from 1
        if self.protocol == 0:
            self.stream.write(b"p%d\n" % number)
        else:
            self.stream.write(b"q" + bytes([number]))

    def _once(self, key: object, write: Any) -> None:
        """Write something and remember it, or tell its number where it was written before."""
        if key not in self.memo:
            write()
            self._put(key)
        elif self.protocol == 0:
            self.stream.write(b"g%d\n" % self.memo[key])
        else:
            self.stream.write(b"h" + bytes([self.memo[key]]))

    def _bool(self, value: bool) -> bytes:
        if self.protocol == 2:
            return b"\x88" if value else b"\x89"
        return b"I%02d\n" % value

    def _int(self, value: int) -> bytes:
        if self.protocol == 0:
            return b"I%d\n" % value
        if 0 <= value < 1 << 8:
            return b"K" + value.to_bytes(1, "little")
        if 0 <= value < 1 << 16:
            return b"M" + value.to_bytes(2, "little")
        return b"J" + value.to_bytes(4, "little", signed=True)

    def _string(self, value: bytes) -> None:
        if self.protocol == 0:
            self.stream.write(b"S")
            self.stream.writelines(printed(value))
            self.stream.write(b"\n")
        elif len(value) < 256:
            self.stream.write(b"U" + bytes([len(value)]) + value)
        else:
            self.stream.write(b"T" + len(value).to_bytes(4, "little") + value)

    def _tuple(self, items: tuple[object, ...]) -> None:
        few = self.protocol == 2 and 1 <= len(items) <= 3
        self.stream.write(b"" if few else b"(")
        for item in items:
            self.save(item)
        self.stream.write(bytes([0x84 + len(items)]) if few else b"t")
        self._put(object())

    def _dict(self, items: dict[str, object]) -> None:
        self.stream.write(b"}" if self.protocol else b"(d")
        self._put(object())
        self.stream.write(b"(" if self.protocol else b"")
        for key, value in items.items():
            self.save(key)
            self.save(value)
            self.stream.write(b"" if self.protocol else b"s")
        self.stream.write(b"u" if self.protocol else b"")

    def _name(self, module: str, name: str) -> None:
        line = f"c{module}\n{name}\n".encode()
        self._once(line, lambda: self.stream.write(line))

    def _array(self, array: Array) -> None:
        self._name("numpy.core.multiarray", "_reconstruct")
        self.stream.write(b"(" if self.protocol < 2 else b"")
        self._name("numpy", "ndarray")
        self._tuple((0,))
        self.save("b")
        self.stream.write(b"t" if self.protocol < 2 else b"\x87")
        self._put(object())
        self.stream.write(b"R")
        self._put(object())
        self.stream.write(b"(")
        for part in (1, array.shape):
            self.save(part)
        self._dtype(array.dtype)
        self.save(False)
        self._string(array.tobytes())
        self._put(object())
        self.stream.write(b"t")
        self._put(object())
        self.stream.write(b"b")

    def _dtype(self, dtype: np.dtype[Any]) -> None:
        code = dtype.str[1:]
        known = code in self.memo
        self._once(code, lambda: self._new_dtype(code))
        if not known:  # remembered before its byte order is told
            self.stream.write(b"(")
            for part in (3, dtype.str[0], None, None, None, -1, -1, 0):
                self.save(part)
            self.stream.write(b"t")
            self._put(object())
            self.stream.write(b"b")

    def _new_dtype(self, code: str) -> None:
        self._name("numpy", "dtype")
        self._tuple((code, 0, 1))
        self.stream.write(b"R")


def printed(value: bytes) -> Iterator[bytes]:
    """Give bytes as Python 2 prints a string, a piece at a time."""
    quote = b'"' if b"'" in value and b'"' not in value else b"'"
    yield quote
    for start in range(0, len(value), PIECE):
        piece = value[start : start + PIECE]
        # Python 3 prints bytes the same way; with the other quote in it, within the wanted one.
        other = b"'" if quote == b'"' else b'"'
        yield repr(piece + other)[2:-2].encode()
    yield quote
