"""A fixed sample of the fuzzer: every mutation once for every reader, and cases that taught something.

The whole of it, thousands of cases a reader with limits of time and memory, is `make fuzz`.
"""

from pathlib import Path
from random import Random

import pytest

from fuzz.archives import ARCHIVE
from fuzz.cases import SLOW_EVERY, build, mutations_of, only, pristine
from fuzz.checks import Outcome, has_remedy, judge, problem_of_message, reference
from fuzz.pickles import PICKLE
from fuzz.raw import RAW
from fuzz.targets import TARGETS
from fuzz.text import TEXT, TextKind
from fuzz.trees import TREE, files_of
from wearsynth.formats import READERS


@pytest.mark.parametrize("name", TARGETS)
def test_every_mutation_once(tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    target, source = TARGETS[name], tmp_path / "pristine"
    path = pristine(target, source)
    expected = reference(target, path)
    kinds = sorted({kind for file in files_of(source) for kind in mutations_of(file)} | {*TREE})
    wrong = []
    for number, kind in enumerate(kinds):
        case = only(target, tmp_path / kind, (source, path), mutation=kind, seed=0)
        outcome = judge(target, case, expected, number=number)
        wrong += [outcome] if outcome.problem else []
    assert wrong == []
    assert capfd.readouterr() == ("", "")


def test_every_reader_is_attacked() -> None:
    attacked = {name for name in READERS for target in TARGETS if target.startswith(name)}
    assert attacked == {*READERS} - {"basic_motions"}  # which reads what the package aeon carries


def test_a_case_is_made_again_from_its_number(tmp_path: Path) -> None:
    target = TARGETS["table_csv"]
    path = pristine(target, tmp_path / "pristine")
    made = [
        build(target, tmp_path / str(turn), (tmp_path / "pristine", path), number=7, seed=3)
        for turn in range(2)
    ]
    assert made[0].mutations == made[1].mutations
    contents = [[file.read_bytes() for file in files_of(case.root)] for case in made]
    assert contents[0] == contents[1]
    assert SLOW_EVERY > 7


@pytest.mark.parametrize("name", [*TEXT, *RAW])
def test_a_mutation_changes_a_text(name: str) -> None:
    rows = b"".join(b"%d,%d.5,2.25\n" % (40 * i, i) for i in range(60))
    kind = TextKind(header_lines=1, time_column=0)
    content = b"t,x,y\n" + rows
    changed = {
        TEXT[name](content, kind, Random(seed))
        if name in TEXT
        else RAW[name](content, Random(seed))
        for seed in range(5)
    }
    assert changed != {content}


@pytest.mark.parametrize("name", [*ARCHIVE, *PICKLE])
def test_a_mutation_changes_an_archive_or_a_pickle(tmp_path: Path, name: str) -> None:
    target = TARGETS["e4_zip" if name in ARCHIVE else "wesad"]
    path = pristine(target, tmp_path)
    file = path if path.is_file() else next(path.rglob("*.pkl"))
    change = ARCHIVE[name] if name in ARCHIVE else PICKLE[name]
    assert change(file.read_bytes(), Random(0)) != file.read_bytes()


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ("{place}: is empty. Copy it again.", ""),
        ("{place}, line 3: got 'x'. Is it another file?", ""),
        ("{place}: is empty.", "says not what to do"),
        ("{place}: is empty. Copy it again", "full stop"),
        ("{place}: is empty.\nCopy it again.", "not one line"),
        ("{place}: is \x1b[31mempty. Copy it again.", "cannot be printed"),
        ("is empty. Copy it again.", "names none of"),
        ("{place}: In CSV column #0: Row #2: no. Mend it.", "holds 'Row #'"),
        ("{place}: " + "x" * 600 + ". Mend it.", "616 letters"),
    ],
)
def test_a_message_is_judged(tmp_path: Path, message: str, problem: str) -> None:
    target = TARGETS["wesad_1hz_csv"]
    path = pristine(target, tmp_path / "pristine")
    case = only(target, tmp_path / "c", (tmp_path / "pristine", path), mutation="empty", seed=0)
    found = problem_of_message(message.format(place=case.path), case)
    assert problem in found
    assert bool(problem) == bool(found)


def test_a_remedy_is_what_to_do_or_a_question() -> None:
    assert has_remedy("PATH: is empty. Copy it again.")
    assert has_remedy("PATH: is empty; name another file.")
    assert has_remedy("PATH: is it a table?")
    assert not has_remedy("PATH: is empty and of no use to anybody.")


def judged(name: str, tmp_path: Path, content: dict[str, bytes]) -> Outcome:
    """Give what comes of a target whose files, by their names, hold this."""
    target, source = TARGETS[name], tmp_path / "pristine"
    path = pristine(target, source)
    expected = reference(target, path)
    case = only(target, tmp_path / "case", (source, path), mutation="exchange", seed=0)
    for file in files_of(case.root):
        if file.name in content:
            file.write_bytes(content[file.name])
    return judge(target, case, expected, number=0)


MG = b"acc_x[mg],acc_y[mg],acc_z[mg]\n"
TIMED_MG = b"time[us],acc_x[mg],acc_y[mg],acc_z[mg]\n"
TAUGHT = {
    "a clock that jumps 30 years asked for 846 GB": (
        "memsstudio_timed",
        {"log_0.csv": TIMED_MG + b"0,1,2,3\n40000,1,2,3\n946080000000000,1,2,3\n"},
    ),
    "times that overflow when they are subtracted": (
        "memsstudio_timed",
        {"log_0.csv": TIMED_MG + b"-1.7e308,1,2,3\n1.7e308,1,2,3\n0,1,2,3\n40000,1,2,3\n"},
    ),
    "a number that no float32 holds": ("lsm6dsl", {"walking_01_26Hz_4g_mg.csv": b"1,2,1e308\n"}),
    "a configuration of 100,000 brackets": ("memsstudio", {"mlc_conf.json": b"[" * 100_000}),
    "a configuration with a number of 5,000 digits": (
        "memsstudio",
        {"mlc_conf.json": b'{"mlc_odr": ' + b"9" * 5_000 + b"}"},
    ),
    "a class whose name is no text": (
        "memsstudio_validation",
        {"mlc_conf.json": b'{"mlc_odr": "30 Hz", "dectrees": [{"results": 7}]}'},
    ),
    "an output that is infinite": (
        "memsstudio_validation",
        {"validation.csv": MG.strip() + b",LABEL_0\n1,2,3,inf\n1,2,3,1e300\n"},
    ),
    "labels of a person whose name has 25,000 letters": (
        "labels",
        {"labels.csv": b"subject,start_s,end_s,label\n" + b"blah " * 5_000 + b",0,1,walking\n"},
    ),
    "labels with a quote that is never closed": (
        "labels",
        {"labels.csv": b'start_s,end_s,label\n0,1,"walking\n'},
    ),
}
"""What went wrong once -> the target and the content of its files."""


@pytest.mark.parametrize("lesson", TAUGHT)
def test_what_the_fuzzer_taught(tmp_path: Path, lesson: str) -> None:
    name, content = TAUGHT[lesson]
    assert judged(name, tmp_path, content).problem == ""
