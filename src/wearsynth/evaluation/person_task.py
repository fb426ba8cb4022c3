"""Usefulness tested person by person: each person is judged by what has not seen that person.

F1 is pooled: decisions on all people are added up first. A person may have one class alone, and a
mean over people would give such a person's F1 the weight of all classes.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from wearsynth.classifiers import FIRST_USE, fit_judge
from wearsynth.data import Windows
from wearsynth.evaluation.decisions import (
    Confusion,
    cannot_rank,
    class_f1s,
    macro_f1,
    macro_f1s,
    middle,
    resampled,
)
from wearsynth.evaluation.person_bench import (
    BOTH,
    MADE,
    MOST_WINDOWS,
    NOTHING,
    REAL,
    SAME,
    Bench,
    Fit,
    Made,
    counted_once,
    decisions_of,
    fits,
    make_bench,
)
from wearsynth.files import atomic_file
from wearsynth.names import natural_key

log = logging.getLogger(__name__)

SCHEMA_VERSION = 1
TOO_GOOD = (
    "synthetic windows teach surely more than real ones: has their generator seen who is tested?"
)
Interval = tuple[float, float]


@dataclass(frozen=True)
class Row:
    """How one training set serves one judge; intervals are 95 %, by bootstrap over people.

    of_everybody: tested on all people, else on those whom a generator has not seen. class_f1: F1 of
    the class that the task looks at, None for tasks of more than two classes.
    """

    judge: str
    trained_on: str
    of_everybody: bool
    people: int
    accuracy: float
    macro_f1: float
    macro_interval: Interval
    class_f1: float | None
    class_interval: Interval | None
    f1_of_each_class: Mapping[str, float]


@dataclass(frozen=True)
class Difference:
    """Macro F1 of one training set minus another's, on the same people and bootstrap draws.

    class_value: the same for the class that the task looks at. note: whether it ranks anything.
    warning: where it is better than it can honestly be.
    """

    judge: str
    of: str
    minus: str
    value: float
    interval: Interval
    class_value: float | None
    class_interval: Interval | None
    note: str
    warning: str


@dataclass(frozen=True)
class Person:
    """One real person. tested_by: the synthetic sets whose generator has not seen the person.

    macro_f1 and class_f1: judge -> what it was trained on -> F1; class_f1 only where the person has
    windows of that class.
    """

    name: str
    windows: Mapping[str, int]
    tested_by: tuple[str, ...]
    macro_f1: Mapping[str, Mapping[str, float]]
    class_f1: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Utility:
    """What windows are good for, person by person; plain data, written as JSON.

    looked_at: the class whose F1 stands alone: the rarer of two, empty where there are more.
    """

    classes: tuple[str, ...]
    looked_at: str
    folds: int
    sets: tuple[str, ...]
    rows: tuple[Row, ...]
    differences: tuple[Difference, ...]
    people: tuple[Person, ...]
    notes: tuple[str, ...]
    seed: int
    schema_version: int = field(default=SCHEMA_VERSION)

    @property
    def not_tested(self) -> tuple[str, ...]:
        """The people whom every generator has seen: no synthetic set may be tested on them."""
        return tuple(person.name for person in self.people if not person.tested_by)

    def row(self, judge: str, trained_on: str, *, of_everybody: bool = False) -> Row:
        """Give one row; StopIteration where there is none."""
        return next(
            row
            for row in self.rows
            if (row.judge, row.trained_on, row.of_everybody) == (judge, trained_on, of_everybody)
        )

    def to_json(self) -> str:
        """Give everything as one JSON object."""
        return _ADAPTER.dump_json(self, indent=1).decode()


_ADAPTER = TypeAdapter(Utility)


def write_utility(utility: Utility, path: Path) -> None:
    """Write it as JSON; FileError if `path` cannot be written."""
    with atomic_file(path) as temporary:
        temporary.write_text(utility.to_json(), encoding="utf-8")


def class_judges(names: Sequence[str], *, seed: int = 0) -> dict[str, Fit]:
    """Give how the judges of those names learn: trees, minirocket, cnn."""
    return {name: _learner(name, seed) for name in names}


def _learner(name: str, seed: int) -> Fit:
    return lambda windows: fit_judge(name, windows, seed=seed).predict


def utility_by_person(
    made: Sequence[Made],
    *,
    real: Windows,
    judges: Mapping[str, Fit],
    folds: int | None = None,
    looked_at: str = "",
    seed: int = 0,
) -> Utility:
    """Test what judges learn from synthetic and from real windows on each real person.

    made: synthetic sets, each tested only on groups that its generator has not seen. real: windows
    of all people. folds: of real people, None as `make_bench` says. looked_at: a class whose F1
    stands alone; the rarer of two classes if left out. The order of sets, rows and channels does not
    matter. DataError where a set may be tested on nobody or nothing is known of what it saw.
    """
    bench = make_bench(made, real=real, folds=folds, seed=seed)
    found = {name: _measured(bench, name, fit) for name, fit in judges.items()}
    return utility_of(bench, found, looked_at=looked_at or _rarer(bench.real), seed=seed)


def utility_of(
    bench: Bench, found: Mapping[str, Mapping[str, Confusion]], *, looked_at: str, seed: int
) -> Utility:
    """Give the figures of what judges decided, judge -> what it learnt from -> (group, class, class).

    The decisions may be those of several seeds, added up.
    """
    return Utility(
        classes=bench.real.classes,
        looked_at=looked_at,
        folds=bench.folds,
        sets=tuple(of.name for of in bench.made),
        rows=tuple(row for n, of in found.items() for row in _rows(bench, n, of, looked_at, seed)),
        differences=tuple(
            row for n, of in found.items() for row in _differences(bench, n, of, looked_at, seed)
        ),
        people=_people(bench, found, looked_at),
        notes=_notes(bench),
        seed=seed,
    )


def _rarer(real: Windows) -> str:
    """Give the rarer of two classes, of equal ones the last; nothing for more."""
    counts = {name: count for name, count in real.counts.items() if count}
    return min(reversed(counts), key=counts.__getitem__) if len(counts) == 2 else ""


def _measured(bench: Bench, judge: str, fit: Fit) -> dict[str, Confusion]:
    """Give the decisions of one judge, by what it learnt from, (group, class, class)."""
    first_use = FIRST_USE.get(judge, "")
    log.info("utility: %s%s, %d fits", judge, first_use, fits(bench))
    return decisions_of(bench, fit)


def _tested(bench: Bench, found: Mapping[str, Confusion]) -> dict[str, Confusion]:
    """Give the decisions on people whom a generator has not seen, each person weighing alike."""
    times = bench.times
    as_often = times[:, None, None]
    of_all = {name: of * as_often for name, of in found.items() if name in {NOTHING, REAL}}
    kept = times > 0
    return {name: counted_once(of, times)[kept] for name, of in {**found, **of_all}.items()}


def _rows(
    bench: Bench, judge: str, found: Mapping[str, Confusion], looked_at: str, seed: int
) -> tuple[Row, ...]:
    index = _index(bench, looked_at)
    tested = _tested(bench, found)
    rows = [_row(bench, (judge, name, False), of, index, seed) for name, of in tested.items()]
    if (bench.times == 0).any():
        rows.append(_row(bench, (judge, REAL, True), found[REAL], index, seed))
    return tuple(rows)


def _index(bench: Bench, looked_at: str) -> int | None:
    return bench.real.class_index(looked_at) if looked_at else None


def _row(
    bench: Bench, key: tuple[str, str, bool], of: Confusion, index: int | None, seed: int
) -> Row:
    total = of.sum(axis=0)
    each = class_f1s(total)
    drawn = resampled(of, seed=seed)
    judge, trained_on, of_everybody = key
    return Row(
        judge=judge,
        trained_on=trained_on,
        of_everybody=of_everybody,
        people=len(of),
        accuracy=float(np.trace(total) / total.sum()),
        macro_f1=macro_f1(total),
        macro_interval=middle(macro_f1s(drawn)),
        class_f1=None if index is None else float(each[index]),
        class_interval=None if index is None else middle(class_f1s(_with(drawn, index))[:, index]),
        f1_of_each_class=dict(zip(bench.real.classes, each.tolist(), strict=True)),
    )


def _with(drawn: Confusion, index: int) -> Confusion:
    """Give the bootstrap draws that have windows of a class: in others its F1 means nothing."""
    having = drawn[drawn[:, index].sum(axis=1) > 0]
    return having if len(having) else drawn


def _differences(
    bench: Bench, judge: str, found: Mapping[str, Confusion], looked_at: str, seed: int
) -> tuple[Difference, ...]:
    tested = _tested(bench, found)
    pairs = ((MADE, SAME), (MADE, REAL), (BOTH, REAL))
    index = _index(bench, looked_at)
    return tuple(
        _difference((judge, a, b), tested[a], tested[b], index, seed)
        for a, b in pairs
        if b in tested
    )


def _difference(
    key: tuple[str, str, str], one: Confusion, other: Confusion, index: int | None, seed: int
) -> Difference:
    """Give the difference; the same seed draws the same people for both sides."""
    sides = [resampled(of, seed=seed) for of in (one, other)]
    interval = middle(macro_f1s(sides[0]) - macro_f1s(sides[1]))
    of_class, class_interval = None, None
    if index is not None:
        a, b = (class_f1s(_with(side, index))[:, index] for side in sides)
        c, d = (float(class_f1s(of.sum(axis=0))[index]) for of in (one, other))
        of_class, class_interval = c - d, middle(a - b)
    judge, of, minus = key
    return Difference(
        judge=judge,
        of=of,
        minus=minus,
        value=macro_f1(one.sum(axis=0)) - macro_f1(other.sum(axis=0)),
        interval=interval,
        class_value=of_class,
        class_interval=class_interval,
        note=cannot_rank(interval, len(one)),
        warning=TOO_GOOD if of == MADE and interval[0] > 0 else "",
    )


def _people(
    bench: Bench, found: Mapping[str, Mapping[str, Confusion]], looked_at: str
) -> tuple[Person, ...]:
    order = sorted(range(len(bench.names)), key=lambda row: natural_key(str(bench.names[row])))
    return tuple(_person(bench, found, row, _index(bench, looked_at)) for row in order)


def _person(
    bench: Bench, found: Mapping[str, Mapping[str, Confusion]], row: int, index: int | None
) -> Person:
    mine = bench.place == row
    label = bench.real.label[mine]
    counts = np.bincount(label, minlength=len(bench.real.classes))
    may = [bool(unseen[mine].any()) for unseen in bench.unseen]
    own = {
        judge: {name: of[row] for name, of in kinds.items() if of[row].any() and name != NOTHING}
        for judge, kinds in found.items()
    }
    return Person(
        name=str(bench.names[row]),
        windows=dict(zip(bench.real.classes, counts.tolist(), strict=True)),
        tested_by=tuple(of.name for of, ok in zip(bench.made, may, strict=True) if ok),
        macro_f1={j: {n: macro_f1(of) for n, of in kinds.items()} for j, kinds in own.items()},
        class_f1={
            j: {n: float(class_f1s(of)[index]) for n, of in kinds.items()}
            for j, kinds in own.items()
            if index is not None and counts[index]
        },
    )


def _notes(bench: Bench) -> tuple[str, ...]:
    notes = [line for of in bench.made for line in _notes_of(bench, of)]
    if bench.unseen.all(axis=1).any():
        notes.append(f"{SAME!r} is left out: not every generator's people are among the real ones.")
    one_class = int(
        sum(len(np.unique(bench.real.label[bench.place == i])) == 1 for i in _all(bench))
    )
    if one_class:
        notes.append(
            f"{one_class} of {len(bench.names)} people have windows of one class alone: their own "
            "macro F1 is of that class; F1 of all is pooled over windows."
        )
    if len(bench.real) > MOST_WINDOWS:
        notes.append(
            f"judges learn from {MOST_WINDOWS} real and as many synthetic windows at most."
        )
    return tuple(notes)


def _all(bench: Bench) -> range:
    return range(len(bench.names))


def _notes_of(bench: Bench, of: Made) -> list[str]:
    """Say what is odd about one synthetic set."""
    known = of.seen & set(bench.names.tolist())
    missing = [name for name, n in of.windows.counts.items() if bench.real.counts[name] and not n]
    notes = []
    if not known:
        notes.append(
            f"{of.name}: none of the {len(of.seen)} groups that its generator saw is among the real "
            "ones. If the same people have other names there, this is a leak that cannot be seen."
        )
    elif len(known) < len(of.seen):
        notes.append(
            f"{of.name}: {len(known)} of the {len(of.seen)} groups that its generator saw are among "
            "the real ones."
        )
    if missing:
        notes.append(f"{of.name}: no synthetic windows of {', '.join(missing)}.")
    return notes
