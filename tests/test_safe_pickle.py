"""Pickles read without running them: the same data as Python's reader, and nothing else."""

import contextlib
import io
import pickle
import pickletools
import tempfile
import tracemalloc
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from layouts import wesad
from wearsynth.errors import FileError, FormatError
from wearsynth.formats.pickle_stream import MOST_SHORT
from wearsynth.formats.pickled_arrays import PIECE_BYTES, PickledArray, Stretch, unescape
from wearsynth.formats.safe_pickle import MOST_STEPS, load

ARRAY = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
F8 = b"cnumpy\ndtype\n(S'f8'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntb"


def written(folder: Path, content: bytes) -> Path:
    path = folder / "a.pkl"
    path.write_bytes(content)
    return path


def read(folder: Path, content: bytes) -> Any:
    return plain(load(written(folder, content)).value)


def refusal(folder: Path, content: bytes) -> str:
    with pytest.raises(FormatError) as caught:
        read(folder, content)
    message = str(caught.value)
    assert message.startswith(str(folder / "a.pkl"))
    assert message.endswith(".") and "\n" not in message
    return message.removeprefix(str(folder / "a.pkl"))


def plain(value: Any) -> Any:
    """Give a value with its arrays and long strings loaded."""
    match value:
        case PickledArray():
            return value.load()
        case Stretch(coding="utf-8" | "raw_unicode_escape" | "escaped"):
            return b"".join(value.pieces()).decode("latin-1")
        case Stretch():
            return b"".join(value.pieces())
        case dict():
            return {key: plain(of) for key, of in value.items()}
        case list() | tuple():
            return type(value)(plain(of) for of in value)
    return value


def assert_same(ours: Any, wanted: Any) -> None:
    if isinstance(wanted, np.ndarray):
        assert (ours.dtype, ours.shape) == (wanted.dtype, wanted.shape)
        assert ours.tobytes() == wanted.tobytes()
    elif isinstance(wanted, dict):
        assert list(ours) == list(wanted)
        for key, of in wanted.items():
            assert_same(ours[key], of)
    elif isinstance(wanted, list | tuple):
        assert type(ours) is type(wanted) and len(ours) == len(wanted)
        for one, other in zip(ours, wanted, strict=True):
            assert_same(one, other)
    else:
        assert type(ours) is type(wanted) and repr(ours) == repr(wanted)  # NaN is NaN


LATIN = st.text(st.characters(max_codepoint=255), max_size=400)
KINDS = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="?"),
    hnp.floating_dtypes(endianness="?", sizes=(16, 32, 64)),
    hnp.byte_string_dtypes(min_len=1, max_len=9),
    hnp.unicode_string_dtypes(min_len=1, max_len=9),
)
ARRAYS = KINDS.flatmap(lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, min_side=0)))
LEAVES = st.one_of(
    ARRAYS,
    ARRAYS.map(np.asfortranarray),
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    LATIN,
    st.binary(max_size=400),
    hnp.scalar_dtypes()
    .filter(lambda kind: kind.kind in "biuf" and kind.itemsize <= 8)
    .flatmap(lambda kind: hnp.arrays(kind, 1).map(lambda array: array[0])),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(LATIN, inner, max_size=4),
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(VALUES, st.integers(0, 5))
def test_what_python_pickles_is_read_as_it_was(value: Any, protocol: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert_same(read(Path(folder), pickle.dumps(value, protocol)), value)


@pytest.mark.parametrize("protocol", [0, 1, 2])
def test_what_python_2_pickled_is_read_as_python_reads_it(tmp_path: Path, protocol: int) -> None:
    value = wesad.person("S2", seed=3, seconds=0.5)
    stream = io.BytesIO()
    wesad.dump(value, stream, protocol)
    assert_same(pickle.loads(stream.getvalue(), encoding="latin1"), value)
    assert_same(read(tmp_path, stream.getvalue()), value)
    if protocol == 0:
        assert_same(read(tmp_path, stream.getvalue().replace(b"\n", b"\r\n")), value)


@pytest.mark.parametrize("protocol", range(6))
def test_an_array_of_several_pieces(tmp_path: Path, protocol: int) -> None:
    """Every byte value, and runs of backslashes across the edges of pieces."""
    edges = np.full(PIECE_BYTES, ord("\\"), np.uint8)
    every = np.arange(PIECE_BYTES + 7, dtype=np.uint32).astype(np.uint8)
    array = np.concatenate([edges, every, edges[:5]])
    assert_same(read(tmp_path, pickle.dumps(array, protocol)), array)
    if protocol < 3:
        stream = io.BytesIO()
        wesad.dump(array, stream, protocol)
        assert_same(read(tmp_path, stream.getvalue()), array)


def test_arrays_are_converted_on_the_way(tmp_path: Path) -> None:
    array = np.array([[1.5, 1e300], [-2, np.nan]])
    path = written(tmp_path, pickle.dumps(array))
    loaded = load(path).value.load(np.float32)
    assert loaded.dtype == np.float32
    np.testing.assert_array_equal(loaded, np.array([[1.5, np.inf], [-2, np.nan]], np.float32))


def test_axes_may_be_in_any_order(tmp_path: Path) -> None:
    array = np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2)
    assert_same(read(tmp_path, pickle.dumps(array, 5)), array)


def test_a_stretch_is_not_read_before_it_is_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path, pickle.dumps(np.zeros(4_000_000), 2))
    tracemalloc.start()
    array = load(path).value
    assert tracemalloc.get_traced_memory()[1] < 3 * PIECE_BYTES
    tracemalloc.stop()
    assert array.shape == (4_000_000,)


def test_bytes_after_the_end_are_counted(tmp_path: Path) -> None:
    assert load(written(tmp_path, pickle.dumps([1]) + b"more")).bytes_after == 4


DANGERS = {
    b"cposix\nsystem\n(S'true'\ntR.": ", byte 0: the pickle would call posix.system;",
    b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.": ", byte 14: the pickle would call os.system;",
    b"c__builtin__\neval\n(S'1'\ntR.": ", byte 0: the pickle would call __builtin__.eval;",
    b"cos\nsy\x1b[2Jstem\n.": ", byte 0: the pickle would call os.sy?[2Jstem;",
    b"ccopy_reg\n_reconstructor\n.": "would call copy_reg._reconstructor;",
    b"cnumpy\nload\n.": "would call numpy.load;",
    b"cnumpy.core.multiarray\nscalar.__class__\n.": "would call numpy.core.multiarray.scalar.__class__;",
    b"(S'true'\nios\nsystem\n.": ", byte 9: the pickle would make a os.system;",
    b"(cnumpy\nndarray\no.": "would make an object of a class;",
    b"cnumpy\nndarray\n)\x81.": "would make an object of a class;",
    b"cnumpy\nndarray\n)}\x92.": "would make an object of a class;",
    b"NPelsewhere\n.": ", byte 1: the pickle would fetch an object from elsewhere;",
    b"NQ.": ", byte 1: the pickle would fetch an object from elsewhere;",
    b"N\x82\x01.": "would use an extension of Python;",
    b"\x80\x05\x97.": "would use a buffer that is not in the file;",
    b"}}(S'a'\nI1\nub.": "would change the inside of something that is no array;",
    ARRAY + b"N}\x86b.": "would change the inside of something that is no array;",
}


@pytest.mark.parametrize("content", DANGERS)
def test_what_would_run_code_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    message = refusal(tmp_path, content)
    assert DANGERS[content] in message
    assert message.endswith(
        "data need no more than NumPy arrays of numbers. Do not open it with other tools: get it "
        "again from its authors."
    )


def test_nothing_runs(tmp_path: Path) -> None:
    class Opens:
        def __reduce__(self) -> tuple[object, tuple[str, str]]:
            return open, (str(tmp_path / "made"), "w")

    for protocol in range(6):
        refusal(tmp_path, pickle.dumps({"signal": Opens()}, protocol))
    assert not (tmp_path / "made").exists()


DAMAGED = {
    b"": ": is empty. Get the file again.",
    b"time,x,y\n0,1,2\n": ": is no pickle. Get the file again.",
    b"PK\x03\x04": ": is no pickle. Get the file again.",
    b"\x80\x09N.": ": is no pickle. Get the file again.",
    b"\x80\x02N": ": ends at byte 3, before the pickle does. Was it cut off? Get the file again.",
    b"\x80\x02X\xff\xff\xff\x7fab.": ": ends at byte 10, before the pickle does.",
    b"\x80\x04\x8e" + b"\xff" * 8 + b".": ": ends at byte 12, before the pickle does.",
    b"NT\xff\xff\xff\xffab.": ", byte 1: the pickle is damaged (a length is negative).",
    b"N\x8a\x09123456789.": ", byte 1: the pickle is damaged (a number is too long).",
    b"NI" + b"9" * 300 + b"\n.": ", byte 1: the pickle is damaged (a line is too long).",
    b"NI" + b"9" * 30 + b"\n.": ", byte 1: the pickle is damaged (a number has other signs",
    b"NFx\n.": ", byte 1: the pickle is damaged (a number is none).",
    b"NS'a\n.": ", byte 1: the pickle is damaged (a string has no quotes).",
    b"NS'\\xg1'\n.": "(a string has escapes that do not exist).",
    b"NS'\\d'\n.": "(a string has escapes that do not exist).",
    b"NX\x01\x00\x00\x00\xff.": "(a text has bytes that are none).",
    b"Nt.": ", byte 1: the pickle is damaged (a step finds no mark).",
    b"N\x85\x86.": ", byte 2: the pickle is damaged (a step finds nothing to work on).",
    b"Nh\x07.": "(nothing was remembered as number 7).",
    b"NNa.": "(something is added to what is no list).",
    b"NNNs.": "(something is set in what is no dict).",
    b"}(]Nu.": "(a dict's keys are no strings or numbers).",
    b"}(Nu.": "(a dict's keys are no strings or numbers).",
    b"NN\x93.": "(a name is no text).",
    b"NNR.": "(a call is not one of those that make arrays).",
    b"cnumpy\nndarray\n)R.": "(a call is not one of those that make arrays).",
    b"cnumpy\ndtype\n(S'O8'\ntR.": "(an array of type 'O8' is not read, only plain numbers).",
    b"cnumpy\ndtype\n)R.": "(an array of type 'None' is not read, only plain numbers).",
    b"cnumpy\ndtype\n(S'f8'\ntR}b.": "(an array of a type with fields or parts is not read).",
    b"cnumpy.core.multiarray\n_reconstruct\n)R.": "(an array is begun in an unknown way).",
    b"cnumpy.core.multiarray\nscalar\n)R.": "(a number is made in an unknown way).",
    b"cnumpy.core.numeric\n_frombuffer\n)R.": "(an array is made in an unknown way).",
    b"c_codecs\nencode\n(S'a'\nS'rot13'\ntR.": "(bytes are written in an unknown way).",
    ARRAY + b"(I1\n(I2\nt" + F8 + b"I00\nS'12345678'\ntb.": "(an array of 16 bytes is stored in 8).",
    ARRAY + b"(I1\n(I-1\nt" + F8 + b"I00\nS''\ntb.": "(an array's shape is not one).",
    ARRAY + b"(I1\n(I0\nI281474976710655\nI9\nt" + F8 + b"I00\nS''\ntb.": "(an array's shape is too large).",
    ARRAY + b"(I1\n(" + b"I1\n" * 9 + b"t" + F8 + b"I00\nS'12345678'\ntb.": "(an array's shape is not one).",
    ARRAY + b"(I1\n(I1\nt" + F8 + b"I00\nI5\ntb.": "(an array's numbers are not bytes).",
}  # fmt: skip


@pytest.mark.parametrize("content", DAMAGED)
def test_what_is_damaged_is_told_with_its_place(tmp_path: Path, content: bytes) -> None:
    assert DAMAGED[content] in refusal(tmp_path, content)


def test_an_escape_is_checked_when_the_array_is_wanted(tmp_path: Path) -> None:
    text = b"\\x00" * MOST_SHORT
    content = ARRAY + b"(I1\n(I32\nt" + F8 + b"I00\nS'" + text + b"'\ntb."
    np.testing.assert_array_equal(read(tmp_path, content), np.zeros(32))
    broken = content.replace(text, text[:-2] + b"g0")
    assert "bytes " in refusal(tmp_path, broken) and "damaged there" in refusal(tmp_path, broken)
    fewer = content.replace(text, text[:-4] + b"aaaa")
    assert "expected 32 values of type float64 in an array, got others" in refusal(tmp_path, fewer)


def test_steps_are_counted(tmp_path: Path) -> None:
    assert read(tmp_path, b"N" * (MOST_STEPS - 1) + b".") is None
    assert f"takes more than {MOST_STEPS} steps" in refusal(tmp_path, b"N" * MOST_STEPS + b".")


HUNGRY = (
    b"]" * 400_000 + b"a" * 399_999 + b".",
    b"(" * 19_000 + b"t" * 19_000 + b".",
    b"]q\x00" + b"".join(b"(h%ch%clq%c" % (i, i, i + 1) for i in range(200)) + b".",
    b"Nr\xff\xff\xff\xff.",
    b"N" + b"\x8e" + (2**40).to_bytes(8, "little") + b".",
    ARRAY + b"(I1\n(I1099511627776\nt" + F8 + b"I00\nS'12345678'\ntb.",
    b"NS'" + b"\\" * 3_000_001 + b"'\n.",
    b"NV" + b"\\u0000" * 500_000 + b"\n.",
)


@pytest.mark.parametrize("content", HUNGRY, ids=range(len(HUNGRY)))
def test_what_asks_for_much_gets_little(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, content)
    tracemalloc.start()
    with contextlib.suppress(FormatError):  # some are refused, others are harmless
        load(path)
    assert tracemalloc.get_traced_memory()[1] < 8_000_000
    tracemalloc.stop()


def test_broken_pickles_are_refused_or_read(tmp_path: Path) -> None:
    """A fixed sample: flips, cuts, soup of opcodes and joined halves of eight kinds of pickle."""
    small = {"a": np.arange(6.0).reshape(3, 2), "b": {"c": [1, "x", None, (2.5, True)]}}
    pickles = [pickle.dumps(small, protocol) for protocol in range(6)]
    opcodes = [opcode.code.encode("latin-1") for opcode in pickletools.opcodes]
    messages = []
    for number in range(1500):
        random = Random(number)
        content = bytearray(random.choice(pickles))
        for _ in range(random.randint(1, 4)):
            place = random.randrange(len(content))
            match random.randrange(4):
                case 0:
                    content[place] ^= 1 << random.randrange(8)
                case 1:
                    content[place:place] = random.choice(opcodes) * random.randint(1, 3)
                case 2:
                    content[place : place + 1] = random.choice(opcodes)
                case 3:
                    content[place:] = random.choice(pickles)[place:]
        try:
            read(tmp_path, bytes(content))
        except FormatError as error:
            messages.append(str(error))
    assert 500 < len(messages) < 1500
    assert all(message.endswith(".") and "\n" not in message for message in messages)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot read it"):
        load(tmp_path / "nothing.pkl")


def test_a_file_that_shrinks_is_told(tmp_path: Path) -> None:
    array = load(written(tmp_path, pickle.dumps(np.zeros(900), 2))).value
    written(tmp_path, b"")
    with pytest.raises(FormatError, match="became shorter while it was read"):
        array.load()


@given(st.binary(max_size=60))
def test_python_2_prints_what_we_read_back(value: bytes) -> None:
    text = b"".join(wesad.printed(value))
    assert text == repr(value)[1:].encode()
    assert unescape(text[1:-1]) == value
