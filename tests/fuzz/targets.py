"""What is attacked: for each reader a small whole data set, how to read it, what it promises."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from fuzz.text import TextKind
from layouts import (
    counts,
    e4,
    edge_impulse,
    hsdatalog,
    labels,
    lsm6dsl,
    memsstudio,
    mlc,
    motionsense,
    pamap2,
    table,
    uci_har,
    wesad,
    wesad_1hz,
    windows_file,
    wisdm,
)
from wearsynth.data import Recording, Windows
from wearsynth.formats import counts_parquet, read
from wearsynth.formats.labels import read_labels, with_labels
from wearsynth.mlc.running import Run, run_files
from wearsynth.sensors import Counts
from wearsynth.tables import load_windows

Result = Sequence[Recording] | Windows | Counts | Run
Read = Callable[[Path], Result]

NOT_NUMBERS = frozenset({"nan", "inf"})
"""Mutations that a text without a clock must tell, if it is read at all."""
TIMED = NOT_NUMBERS | {"drop_lines", "double_lines", "swap_lines", "jump_forward", "jump_back"}
"""Mutations that a text with a clock must tell."""
SAME_TEXT = frozenset({"byte_order_mark", "windows_line_ends", "no_last_newline"})
"""Mutations of a text after which the same must be read."""


@dataclass(frozen=True)
class Target:
    """One reader and one layout of its files.

    write: makes the files in a folder, by a seed, and gives the path to read. reads: ways to read
    it, one of which a case takes. texts: how the text files are laid out, by the end of their names;
    other files are archives, pickles, Parquet by their suffix. binary: ends of names of files that are
    no text. tells: mutations that, alone, must
    show in the description where the files are read. same: mutations that, alone, must change
    nothing. linked: files refer to each other, so that what is wrong with one may be told of another.
    command: the arguments of `wearsynth` that read it, none where no command does. cut: whether what
    they describe are recordings, which can be cut into windows as well.
    """

    write: Callable[[Path, int], Path]
    reads: tuple[Read, ...]
    texts: Mapping[str, TextKind] = field(default_factory=dict)
    binary: tuple[str, ...] = ()
    tells: frozenset[str] = frozenset()
    same: frozenset[str] = frozenset({"junk"})
    linked: bool = False
    command: Callable[[Path], list[str]] | None = None
    cut: bool = True


def _set_of(
    name: str,
    write: Callable[[Path, int], Path],
    *,
    texts: Mapping[str, TextKind] | None = None,
    tells: frozenset[str] = frozenset(),
    same: frozenset[str] = SAME_TEXT,
    place: str | None = None,
) -> Target:
    """Give a target of formats.read, with the format recognised or named."""
    options = [] if place is None else ["--place", place]
    return Target(
        write=write,
        reads=(partial(read, place=place), partial(read, format=name, place=place)),
        texts=texts or {},
        tells=tells,
        same=same | {"junk"},
        command=lambda path: ["data", "describe", str(path), *options],
    )


def _table(style: str) -> Target:
    options = ["--channel=ax=mg", "--channel=ay=mg", "--channel=az=mg", "--channel=eda=uS"]
    options += ["--column=time=time_ms", "--column=time_unit=ms", "--column=label=activity"]
    options += ["--column=subject=who"]
    return Target(
        write=lambda folder, seed: table.write(folder, seed=seed, style=style),  # type: ignore[arg-type]
        reads=(partial(read, columns=table.COLUMNS),),
        texts={
            ".csv": TextKind(header_lines=1, time_column=0, ticks_per_s=1000, values=(1, 2, 3, 4))
        },
        # lines on both sides of a change of person leave no gap
        tells=TIMED - {"drop_lines"} if style == "csv" else frozenset(),
        same=SAME_TEXT | {"junk"},
        command=lambda path: ["data", "describe", str(path), *options],
    )


def _labelled(path: Path) -> list[Recording]:
    bare = read(path.parent / "readings.csv", columns=labels.COLUMNS)
    return with_labels(bare, read_labels(path))


def _labels_command(path: Path) -> list[str]:
    assert _TABLE.command is not None
    options = [
        option for option in _TABLE.command(path.parent / "readings.csv") if "label" not in option
    ]
    return [*options, "--labels", str(path)]


def _one_log(folder: Path, seed: int) -> Path:
    return memsstudio.write(folder, seed=seed) / "data" / "1_walking" / "log_0.csv"


def _hsdatalog(version: int) -> Target:
    usual = _set_of(
        "hsdatalog",
        lambda folder, seed: hsdatalog.write(folder, seed=seed, version=version),
        texts={".json": TextKind()},
        same=frozenset(),
    )
    return replace(usual, binary=(".dat",), linked=True)


def _asked(path: Path) -> Run:
    return run_files(path, path / "mlc_conf.json")


def _asked_of_a_tree(path: Path) -> Run:
    return run_files(path.parent, path.parent / "mlc_conf.json", tree=path)


def _mlc(
    write: Callable[[Path, int], Path], ask: Read, command: Callable[[Path], list[str]]
) -> Target:
    """Give a target of the MLC twin: the configuration and the tree, asked about a log."""
    texts = {"mlc_conf.json": TextKind(), "tree.txt": TextKind(delimiter=b" ")}
    same = SAME_TEXT | {"junk"}
    return Target(write, (ask,), texts=texts, same=same, linked=True, command=command, cut=False)


def _uci_har(folder: Path, seed: int) -> Path:
    return uci_har.write(folder, seed=seed, windows=2, files=("total_acc", "body_gyro"))


_TABLE = _table("csv")
_MG = TextKind(header_lines=3)
_UCI_HAR = dict.fromkeys(("_train.txt", "_test.txt"), TextKind(delimiter=b" "))
_MOTION = TextKind(header_lines=1, time_column=0, ticks_per_s=50, values=tuple(range(4, 13)))

_E4_FILES = ("ACC.csv", "BVP.csv", "EDA.csv", "TEMP.csv", "HR.csv")
_E4 = {name: TextKind(header_lines=2) for name in _E4_FILES}
_IBI = {"IBI.csv": TextKind(header_lines=1, time_column=0)}
_WISDM = TextKind(time_column=2, ticks_per_s=1e9, values=(3, 4))

TARGETS: dict[str, Target] = {
    "memsstudio": _set_of(
        "memsstudio",
        lambda folder, seed: memsstudio.write(folder, seed=seed),
        texts={".csv": _MG},
        tells=NOT_NUMBERS,
    ),
    "memsstudio_timed": _set_of(
        "memsstudio",
        lambda folder, seed: memsstudio.write(folder, seed=seed, style="timed"),
        texts={".csv": replace(_MG, time_column=0, ticks_per_s=1e6)},
        tells=TIMED,
    ),
    "memsstudio_validation": _set_of(
        "memsstudio",
        lambda folder, seed: memsstudio.write(folder, seed=seed, style="validation"),
        texts={".csv": TextKind(delimiter=b"\t", header_lines=1, values=(3, 4, 5))},
        tells=NOT_NUMBERS,
    ),
    "memsstudio_log": _set_of("memsstudio", _one_log, texts={".csv": _MG}, tells=NOT_NUMBERS),
    "lsm6dsl": _set_of(
        "lsm6dsl",
        lambda folder, seed: lsm6dsl.write(folder, seed=seed),
        texts={"_mg.csv": TextKind()},
        tells=NOT_NUMBERS,
    ),
    "wesad_1hz_csv": _set_of(
        "wesad_1hz",
        lambda folder, seed: wesad_1hz.write(folder, seed=seed),
        texts={".csv": TextKind(header_lines=1, values=(1, 2, 3, 4, 5, 6))},
        tells=NOT_NUMBERS,
    ),
    "wesad_1hz_parquet": _set_of(
        "wesad_1hz", lambda folder, seed: wesad_1hz.write(folder, seed=seed, style="parquet")
    ),
    "uci_har": _set_of("uci_har", _uci_har, texts=_UCI_HAR, tells=NOT_NUMBERS),
    "motionsense": _set_of(
        "motionsense",
        lambda folder, seed: motionsense.write(folder, seed=seed),
        texts={".csv": _MOTION},
        tells=TIMED,
    ),
    "motionsense_apart": _set_of(
        "motionsense",
        lambda folder, seed: motionsense.write_apart(folder, seed=seed),
        texts={".csv": replace(_MOTION, values=(1, 2, 3))},
        tells=TIMED,
    ),
    "pamap2": _set_of(
        "pamap2",
        lambda folder, seed: pamap2.write(folder, seed=seed),
        texts={".dat": TextKind(delimiter=b" ", time_column=0, values=(4, 5, 6, 10, 11, 12))},
        tells=TIMED,
    ),
    "pamap2_chest": _set_of(
        "pamap2",
        lambda folder, seed: pamap2.write(folder, seed=seed, rows=100) / "Protocol",
        texts={".dat": TextKind(delimiter=b" ", time_column=0, values=(21, 22, 23))},
        tells=TIMED,
        place="chest",
    ),
    "e4": _set_of(
        "e4", lambda folder, seed: e4.write(folder, seed=seed), texts=_E4 | _IBI, tells=NOT_NUMBERS
    ),
    "e4_people": _set_of(
        "e4",
        lambda folder, seed: e4.write(folder, seed=seed, people=2, minutes=0.2),
        texts=_E4 | _IBI,
    ),
    "e4_zip": _set_of(
        "e4",
        lambda folder, seed: e4.write(folder, seed=seed, minutes=0.2, zipped=True),
        texts=_E4 | _IBI,
    ),
    "wesad": _set_of("wesad", lambda folder, seed: wesad.write(folder, seed=seed, seconds=0.5)),
    "wesad_chest": _set_of(
        "wesad",
        lambda folder, seed: wesad.write(folder, seed=seed, seconds=0.5, protocol=2),
        place="chest",
    ),
    "wesad_new": _set_of(
        "wesad",
        lambda folder, seed: wesad.write(
            folder, seed=seed, seconds=0.5, protocol=4, python2=False, people=("S2", "S3")
        ),
    ),
    "wisdm": _set_of(
        "wisdm",
        lambda folder, seed: wisdm.write(folder, seed=seed),
        texts={".txt": _WISDM},
        tells=TIMED - {"drop_lines"},  # lines on both sides of a change of activity leave no gap
    ),
    "wisdm_phone": _set_of(
        "wisdm",
        lambda folder, seed: wisdm.write(
            folder, seed=seed, device="phone", sensors=("accel",), letters="A"
        ),
        texts={".txt": _WISDM},
        tells=TIMED,
    ),
    "hsdatalog": _hsdatalog(2),
    "hsdatalog_v1": _hsdatalog(1),
    "edgeimpulse": _set_of(
        "edgeimpulse",
        lambda folder, seed: edge_impulse.write(folder, seed=seed),
        texts={".json": TextKind()},
    ),
    "edgeimpulse_csv": _set_of(
        "edgeimpulse",
        lambda folder, seed: edge_impulse.write(folder, seed=seed, style="csv"),
        texts={".csv": TextKind(header_lines=1, time_column=0, ticks_per_s=1000)},
        tells=TIMED,
    ),
    "table_csv": _TABLE,
    "table_parquet": _table("parquet"),
    "windows": Target(
        write=lambda folder, seed: windows_file.write(folder, seed=seed),
        reads=(load_windows,),
        command=lambda path: ["data", "describe", str(path)],
        cut=False,
    ),
    "counts": Target(
        write=lambda folder, seed: counts.write(folder, seed=seed), reads=(counts_parquet.read,)
    ),
    "mlc": _mlc(
        lambda folder, seed: mlc.write(folder, seed=seed),
        _asked,
        lambda path: ["mlc", "run", str(path), "--config", str(path / "mlc_conf.json")],
    ),
    "mlc_tree": _mlc(
        lambda folder, seed: mlc.write(folder, seed=seed) / "tree.txt",
        _asked_of_a_tree,
        lambda path: [
            *("mlc", "run", str(path.parent), "--tree", str(path)),
            *("--config", str(path.parent / "mlc_conf.json")),
        ],
    ),
    "labels": Target(
        write=lambda folder, seed: labels.write(folder, seed=seed),
        reads=(_labelled,),
        texts={".csv": TextKind(header_lines=1)},
        same=SAME_TEXT | {"junk"},
        linked=True,
        command=_labels_command,
    ),
}
