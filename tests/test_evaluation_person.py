"""Usefulness person by person: worked by hand, its ends, leaks, and what must not be found."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from toy import toy_windows
from wearsynth.classifiers import Decide
from wearsynth.cli import app
from wearsynth.data import IntArray, Windows, windows_from_arrays
from wearsynth.errors import ConfigError, DataError
from wearsynth.evaluation.controls import as_synthetic
from wearsynth.evaluation.person_bench import (
    BOTH,
    MADE,
    NOTHING,
    REAL,
    SAME,
    Made,
    counted_once,
    fits,
    make_bench,
)
from wearsynth.evaluation.person_task import Utility, utility_by_person
from wearsynth.evaluation.person_text import utility_lines
from wearsynth.judging import RealFiles, utility_files
from wearsynth.tables import save_windows

PAGE = Path(__file__).parents[1] / "docs" / "person-by-person.md"
ALL = toy_windows(people=9, per_class=4)
PEOPLE = np.unique(ALL.subject)


def by_movement(learnt: Windows) -> Decide:
    """Decide for the class whose mean movement (log sd within the window) is nearest."""
    mean = {c: movement(learnt.select(learnt.label == c)).mean() for c in np.unique(learnt.label)}

    def decide(windows: Windows) -> IntArray:
        far = np.abs(movement(windows)[:, None] - np.array(list(mean.values())))
        return np.asarray(np.array(list(mean))[far.argmin(axis=1)], dtype=np.int64)

    return decide


def movement(windows: Windows) -> NDArray[np.floating]:
    return np.asarray(np.log(windows.signals["acc"].values.std(axis=1).mean(axis=1)))


JUDGES = {"movement": by_movement}


def people(*numbers: int, of: Windows = ALL) -> Windows:
    return of.select(np.isin(of.subject, PEOPLE[list(numbers)]))


def without(*numbers: int) -> Windows:
    return people(*(i for i in range(len(PEOPLE)) if i not in numbers))


def made(windows: Windows, name: str = "made") -> Made:
    """Give copies of real windows as what a generator gave that saw these people."""
    seen = tuple(np.unique(windows.subject).tolist())
    synthetic = replace(as_synthetic(windows), trained_groups=seen)
    return Made(name, synthetic, frozenset(seen))


THIRDS = [made(without(k, k + 3, k + 6), f"third{k}") for k in range(3)]


def signs(label: list[int], decided: list[int], subject: list[str]) -> Windows:
    """Give windows whose every reading is the class that `by_sign` decides on."""
    values = np.array(decided, dtype=np.float32)[:, None, None] + np.zeros((1, 12, 1))
    names = np.array(["calm", "tense"])[label]
    return windows_from_arrays(
        values,
        names,
        rate_hz=4,
        channels=[("eda", "uS")],
        classes=["calm", "tense"],
        subject=subject,
    )


def by_sign(_: Windows) -> Decide:
    def decide(windows: Windows) -> IntArray:
        first = next(iter(windows.signals.values())).values[:, 0, 0]
        return np.asarray(first > 0.5, dtype=np.int64)

    return decide


def test_f1_is_pooled_over_people_by_hand() -> None:
    real = signs([0, 0, 0, 1, 1, 0], [0, 0, 1, 1, 0, 0], ["a", "a", "a", "a", "b", "c"])
    synthetic = Made("made", as_synthetic(real), frozenset("x"))
    utility = utility_by_person([synthetic], real=real, judges={"sign": by_sign})
    row = utility.row("sign", MADE)
    # calm: 3 right of 4 true and 4 decided; tense: 1 right of 2 true and 2 decided
    assert utility.looked_at == "tense"
    assert row.f1_of_each_class == pytest.approx({"calm": 3 / 4, "tense": 1 / 2})
    assert (row.macro_f1, row.class_f1, row.accuracy) == pytest.approx((5 / 8, 1 / 2, 4 / 6))
    a, b, c = utility.people
    assert a.macro_f1["sign"][MADE] == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert (b.macro_f1["sign"][MADE], c.macro_f1["sign"][MADE]) == (0, 1)
    assert a.class_f1["sign"][MADE] == pytest.approx(2 / 3)
    assert b.class_f1["sign"][MADE] == 0 and not c.class_f1  # c was never tense: no F1 of it
    nothing = utility.row("sign", NOTHING)
    assert nothing.accuracy == pytest.approx(4 / 6) and nothing.class_f1 == 0
    assert any("2 of 3 people have windows of one class alone" in n for n in utility.notes)


def test_people_tested_more_often_weigh_no_more() -> None:
    twice = np.array([[[2, 0], [4, 6]], [[1, 0], [0, 0]], [[0, 0], [0, 0]], [[3, 3], [0, 0]]])
    once = counted_once(twice, np.array([2, 1, 0, 3]))
    assert once.tolist() == [
        [[6, 0], [12, 18]],
        [[6, 0], [0, 0]],
        [[0, 0], [0, 0]],
        [[6, 6], [0, 0]],
    ]


def test_nobody_is_tested_by_what_has_seen_them() -> None:
    """Every window carries its person (or its set) as its value; the judge looks on."""
    number = {name: i for i, name in enumerate(PEOPLE.tolist())}
    value = np.array([number[name] for name in ALL.subject.tolist()], dtype=np.float32)
    acc = ALL.signals["acc"]
    numbered = replace(
        ALL, signals={"acc": replace(acc, values=acc.values * 0 + value[:, None, None])}
    )
    sets = [
        made(people(*(i for i in range(9) if i % 3 != k), of=numbered), f"made{k}")
        for k in range(3)
    ]
    tested: set[int] = set()

    def watching(learnt: Windows) -> Decide:
        known = set(learnt.signals["acc"].values[:, 0, 0].astype(int).tolist())

        def decide(windows: Windows) -> IntArray:
            new = set(windows.signals["acc"].values[:, 0, 0].astype(int).tolist())
            assert not known & new
            tested.update(new)
            return np.zeros(len(windows), dtype=np.int64)

        return decide

    for folds in (None, 2, 5, 100):
        tested.clear()
        utility = utility_by_person(sets, real=numbered, judges={"w": watching}, folds=folds)
        assert tested == set(range(9)) and not utility.not_tested


def test_a_copy_of_what_was_seen_is_worth_the_same() -> None:
    utility = utility_by_person([made(without(0, 1, 2))], real=ALL, judges=JUDGES, folds=3)
    difference = utility.differences[0]
    assert (difference.of, difference.minus) == (MADE, SAME)
    assert difference.value == 0 and difference.interval == (0, 0)
    assert "this cannot rank anything: with 3 holdout group(s)" in difference.note
    assert utility.row("movement", REAL).people == 3
    assert utility.row("movement", REAL, of_everybody=True).people == 9
    assert utility.not_tested == tuple(PEOPLE[3:].tolist())


def test_folds_of_copies_are_worth_what_real_people_are_and_rank() -> None:
    utility = utility_by_person(THIRDS, real=ALL, judges=JUDGES)
    assert utility.folds == 3 and not utility.not_tested
    assert [(one.of, one.minus) for one in utility.differences] == [(MADE, REAL), (BOTH, REAL)]
    assert utility.row("movement", REAL).macro_f1 > 0.9
    for one in utility.differences:
        assert one.interval[0] <= 0 <= one.interval[1] and not one.note


def by_heart(learnt: Windows) -> Decide:
    """Know the very windows that were learnt, and say the first class of all others."""
    known = {
        v.tobytes(): c for v, c in zip(learnt.signals["acc"].values, learnt.label, strict=True)
    }

    def decide(windows: Windows) -> IntArray:
        found = [known.get(v.tobytes(), 0) for v in windows.signals["acc"].values]
        return np.array(found, dtype=np.int64)

    return decide


def test_a_generator_that_has_seen_who_is_tested_is_warned_of() -> None:
    leaking = [replace(of, windows=made(ALL).windows) for of in THIRDS]
    utility = utility_by_person(leaking, real=ALL, judges={"by heart": by_heart})
    assert utility.row("by heart", MADE).macro_f1 == 1
    first, second = utility.differences
    assert "has their generator seen who is tested?" in first.warning and not second.warning
    assert f"  {first.warning}" in list(utility_lines(utility))
    honest = utility_by_person(THIRDS, real=ALL, judges={"by heart": by_heart})
    assert not any(one.warning for one in honest.differences)


@pytest.mark.parametrize("what", ["shuffled labels", "noise"])
def test_windows_that_teach_nothing_are_at_chance_and_surely_worse(what: str) -> None:
    rng = np.random.default_rng(0)
    spoilt = []
    for of in THIRDS:
        acc = of.windows.signals["acc"]
        noise = {"acc": replace(acc, values=rng.normal(size=acc.values.shape).astype(np.float32))}
        windows = replace(of.windows, label=rng.permutation(of.windows.label))
        spoilt.append(
            replace(of, windows=replace(windows, signals=noise) if what == "noise" else windows)
        )
    utility = utility_by_person(spoilt, real=ALL, judges=JUDGES)
    row = utility.row("movement", MADE)
    assert 0.1 < row.macro_f1 < 0.55 and row.macro_interval[1] < 0.65
    assert utility.differences[0].interval[1] < -0.2
    assert not utility.differences[0].note  # a sure loss ranks


def test_labels_turned_by_one_reach_nothing() -> None:
    turned = [
        replace(of, windows=replace(of.windows, label=(of.windows.label + 1) % 3)) for of in THIRDS
    ]
    assert utility_by_person(turned, real=ALL, judges=JUDGES).row("movement", MADE).macro_f1 < 0.1


def test_the_order_of_sets_rows_and_channels_does_not_matter() -> None:
    rng = np.random.default_rng(1)

    def mixed(windows: Windows) -> Windows:
        windows = windows.select(rng.permutation(len(windows)))
        acc = windows.signals["acc"]
        turned = replace(acc, values=acc.values[:, :, ::-1].copy(), channels=acc.channels[::-1])
        return replace(windows, signals={"acc": turned})

    one = utility_by_person(THIRDS, real=ALL, judges=JUDGES, folds=4, seed=3)
    other = utility_by_person(
        [replace(of, windows=mixed(of.windows)) for of in THIRDS[::-1]],
        real=mixed(ALL),
        judges=JUDGES,
        folds=4,
        seed=3,
    )
    assert one.to_json() == other.to_json()


def test_folds_follow_the_sets_only_where_everybody_may_be_tested() -> None:
    leaving_out = [made(without(i), f"loso{i}") for i in range(9)]
    assert make_bench(leaving_out, real=ALL, folds=None, seed=0).folds == 9
    assert make_bench(leaving_out[:8], real=ALL, folds=None, seed=0).folds == 5
    assert make_bench(THIRDS, real=ALL, folds=2, seed=0).folds == 2
    bench = make_bench(THIRDS, real=ALL, folds=100, seed=0)
    assert bench.folds == 9
    assert fits(bench) == 9 + 3 + 3 + 9
    assert fits(make_bench(THIRDS, real=ALL, folds=None, seed=0)) == 3 + 3 + 3


def test_a_person_of_two_sets_is_tested_by_both() -> None:
    sets = [made(without(0, 1), "one"), made(without(1, 2), "two")]
    bench = make_bench(sets, real=ALL, folds=None, seed=0)
    assert bench.times.tolist() == [1, 2, 1, 0, 0, 0, 0, 0, 0]
    utility = utility_by_person(sets, real=ALL, judges=JUDGES)
    assert [p.tested_by for p in utility.people[:4]] == [("one",), ("one", "two"), ("two",), ()]
    assert list(utility.people[3].macro_f1["movement"]) == [REAL]
    total = utility.row("movement", MADE)
    assert total.people == 3


def test_what_cannot_be_tested_is_refused() -> None:
    mine = made(without(0))
    with pytest.raises(DataError, match="does not say which groups its generator has seen"):
        make_bench([replace(mine, seen=frozenset())], real=ALL, folds=None, seed=0)
    with pytest.raises(DataError, match="have seen all 9 people"):
        make_bench([made(ALL)], real=ALL, folds=None, seed=0)
    with pytest.raises(DataError, match="hold synthetic ones"):
        make_bench([mine], real=mine.windows, folds=None, seed=0)
    with pytest.raises(DataError, match="of one person"):
        make_bench([mine], real=people(0), folds=None, seed=0)
    empty = replace(mine, windows=mine.windows.select(slice(0)))
    with pytest.raises(DataError, match="holds no windows"):
        make_bench([empty], real=ALL, folds=None, seed=0)
    with pytest.raises(DataError, match="classes"):
        make_bench([mine], real=replace(ALL, classes=("a", "b", "c")), folds=None, seed=0)


def test_a_leak_that_cannot_be_seen_is_told() -> None:
    stranger = replace(made(without(0)), seen=frozenset(["someone"]))
    utility = utility_by_person([stranger], real=ALL, judges=JUDGES)
    assert "none of the 1 groups" in utility.notes[0] and "a leak" in utility.notes[0]
    assert not any(row.trained_on == SAME for row in utility.rows)
    lacking = made(without(0))
    lacking = replace(lacking, windows=lacking.windows.select(lacking.windows.label > 0))
    notes = utility_by_person([lacking], real=ALL, judges=JUDGES).notes
    assert "made: no synthetic windows of still." in notes


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    save_windows(ALL, tmp_path / "all.parquet")
    for k, of in enumerate(THIRDS):
        save_windows(of.windows, tmp_path / f"made{k}.parquet")
        save_windows(replace(of.windows, trained_groups=()), tmp_path / f"silent{k}.parquet")
        save_windows(without(k, k + 3, k + 6), tmp_path / f"train{k}.parquet")
        save_windows(people(k, k + 3, k + 6), tmp_path / f"holdout{k}.parquet")
    return tmp_path


def said(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["utility", *words])
    return result.exit_code, result.output if result.exception is None else str(result.exception)


def test_files_of_folds_give_a_table_and_json(folder: Path) -> None:
    trees = ("--judge", "trees")
    code, text = said(
        "made2.parquet", "made0.parquet", "made1.parquet", "--real", "all.parquet", *trees,
        "-o", "utility.json",
    )  # fmt: skip
    assert code == 0, text
    assert "9 real people, 3 folds; tested on 9 whom" in text
    assert "TSTR - TRTR, other people" in text and "p08" in text
    found = json.loads((folder / "utility.json").read_text())
    assert found["sets"] == ["made0.parquet", "made1.parquet", "made2.parquet"]
    assert len(found["people"]) == 9 and len(found["rows"]) == 4
    silent = [f"silent{k}.parquet" for k in range(3)]
    learnt = [word for k in range(3) for word in ("--train", f"train{k}.parquet")]
    code, again = said(*silent, "--real", "all.parquet", *learnt, *trees)
    assert code == 0 and again.split("p00")[0] in text


def test_one_file_is_tested_on_the_holdout(folder: Path) -> None:
    files = ("--train", "train0.parquet", "--holdout", "holdout0.parquet", "--judge", "trees")
    for name in ("made0.parquet", "silent0.parquet"):
        code, text = said(name, *files, "--folds", "loso")
        assert code == 0 and "9 real people, 9 folds; tested on 3 whom" in text
        assert "TSTR - TRTR, same people" in text
        assert "Every generator has seen: p01, p02, p04, p05, p07, p08." in text
        assert "this cannot rank anything (with 3 people)" in text


def test_leaks_and_wrong_options_are_refused(folder: Path) -> None:
    files = {"train": "train0.parquet", "holdout": "holdout0.parquet", "real": "all.parquet"}
    paths = {name: folder / file for name, file in files.items()}
    split = RealFiles(train=[paths["train"]], holdout=paths["holdout"])
    with pytest.raises(DataError, match=r"what .*made1.parquet learnt from and holdout share 3"):
        utility_files([folder / "made1.parquet"], split)
    with pytest.raises(DataError, match="does not say"):
        utility_files([folder / "silent0.parquet"], RealFiles(real=[paths["real"]]))
    for files_of in (
        RealFiles(),
        RealFiles(train=[paths["train"]]),
        RealFiles(real=[paths["real"]], holdout=paths["holdout"]),
        RealFiles(real=[paths["real"]], train=[paths["train"]] * 2),
    ):
        with pytest.raises(ConfigError, match="say where real windows are"):
            utility_files([folder / "made0.parquet"], files_of)
    mine = [folder / "made0.parquet"]
    with pytest.raises(ConfigError, match=r"unknown judge 'tree'.*'trees'"):
        utility_files(mine, split, judges=["tree"])
    with pytest.raises(ConfigError, match="unknown task 'strain'"):
        utility_files(mine, split, task="strain")
    with pytest.raises(ConfigError, match="unknown detector 'minirocket'"):
        utility_files(mine, split, task="stress", judges=["minirocket"])
    for folds in ("1", "many", "-3"):
        with pytest.raises(ConfigError, match="expected a number of at least 2, or loso"):
            utility_files(mine, split, folds=folds)


def test_lines_fit_a_terminal_and_show_two_classes() -> None:
    label = np.minimum(ALL.label, 1)
    two = replace(ALL, label=label, classes=("still", "moving"))
    sets = [
        replace(
            of,
            windows=replace(of.windows, label=np.minimum(of.windows.label, 1), classes=two.classes),
        )
        for of in THIRDS
    ]
    utility: Utility = utility_by_person(sets, real=two, judges=JUDGES)
    lines = list(utility_lines(utility))
    assert utility.looked_at == "still"
    assert any("F1 still" in line for line in lines)
    assert max(map(len, lines)) <= 80
    assert (
        utility.row("movement", MADE).class_f1
        == utility.row("movement", MADE).f1_of_each_class["still"]
    )


@pytest.mark.skipif(not PAGE.exists(), reason="the docs are not part of this copy")
def test_a_generator_for_each_fold_is_fitted_and_judged_as_the_page_says(folder: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    [code] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(compile(code, PAGE.name, "exec"), {})
    command = re.findall(r"```text\nwearsynth (utility .*?)```", text, re.DOTALL)[0]
    words = command.replace("\\\n", " ").replace("--judge cnn", "").split()
    code_of_exit, printed = said(*words[1:])
    assert code_of_exit == 0, printed
    assert "9 real people, 5 folds; tested on 9 whom" in printed
    assert (folder / "utility.json").exists()
