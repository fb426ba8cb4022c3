"""What the judge sees: damage planted in the user's own real windows, and which figures turn.

Real windows of some people stand in the synthetic windows' place, whole first, then with each
damage. What no figure sees there it would not see in synthetic windows of these data either.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from wearsynth.data import IntArray, Split, Windows
from wearsynth.errors import DataError
from wearsynth.evaluation import evaluate
from wearsynth.evaluation.controls import as_synthetic
from wearsynth.evaluation.damage import DAMAGES, Damage
from wearsynth.evaluation.described import in_canonical_order, thinned
from wearsynth.evaluation.reference import MIN_GROUPS
from wearsynth.evaluation.scores import Score, Scores, Verdict
from wearsynth.files import atomic_file
from wearsynth.splitting import split

SCHEMA_VERSION = 1

HOLDOUT_SHARES = (0.45, 0.55, 0.65, 0.75, 0.85)
"""The least share of windows is held out that gives a holdout with groups enough."""

STAND_IN_SHARE = 1 / 3
"""Of what is not held out: about as many people as a reference draw has."""

WINDOWS = 600
"""Each of the three sets is thinned to so many windows: a judge's cost grows with them."""

ENOUGH_WINDOWS = 100
"""With fewer in the stand-in, a tenth of them is under ten windows."""

RANK: dict[Verdict, int] = {"ok": 0, "weak": 1, "bad": 2, "suspicious (copy?)": 2}
"""Verdicts that speak for or against windows, better ones first."""

RISE = 1.0
"""A figure has turned only where its excess rose by the reference's own spread, not by a hair."""

CONTROL = "half of the windows, undamaged"


@dataclass(frozen=True)
class Figure:
    """A figure of the undamaged windows."""

    name: str
    title: str
    value: float | None
    excess: float | None
    verdict: Verdict


@dataclass(frozen=True)
class Turned:
    """A figure that turned to the worse."""

    name: str
    title: str
    before: Verdict
    after: Verdict
    value_before: float
    value_after: float
    rise: float


@dataclass(frozen=True)
class Finding:
    """What became of one damage. turned: the most telling figure first.

    note: why it was not planted, or why too little was there for it to count; "" where neither.
    """

    damage: str
    what: str
    turned: tuple[Turned, ...]
    planted: bool = True
    note: str = ""

    @property
    def seen(self) -> bool:
        """Whether any figure turned."""
        return bool(self.turned)


@dataclass(frozen=True)
class SelfTest:
    """All findings on one set of real windows; plain data, written as JSON.

    undamaged: the figures of whole real windows. control: figures that turn without damage; they
    count in no finding. not_enough: why nothing follows from what goes unseen; "" where it does.
    groups, windows: of train, holdout and stand_in.
    """

    undamaged: tuple[Figure, ...]
    control: Finding
    findings: tuple[Finding, ...]
    groups: dict[str, int]
    windows: dict[str, int]
    notes: tuple[str, ...]
    not_enough: str
    quick: bool
    seed: int
    schema_version: int = field(default=SCHEMA_VERSION)

    @property
    def unseen(self) -> tuple[Finding, ...]:
        """The damages that no figure saw although there was enough to see them."""
        if self.not_enough:
            return ()
        return tuple(f for f in self.findings if f.planted and not f.note and not f.seen)

    @property
    def not_well(self) -> tuple[Figure, ...]:
        """The figures that call whole real windows worse than weak: they cannot turn."""
        return tuple(f for f in self.undamaged if RANK.get(f.verdict, 0) > 1)


@dataclass(frozen=True, eq=False)
class Sets:
    """Real windows in three parts. stand_in: what stands in the synthetic windows' place."""

    train: Windows
    holdout: Windows
    stand_in: Windows
    notes: tuple[str, ...]
    not_enough: str


Watch = Callable[[Finding, int, int], None]
"""Called after each step with what was found, the steps done and the steps in all."""


def _nobody_watches(_finding: Finding, _done: int, _steps: int) -> None:
    """Do nothing after each step."""


def self_test(
    real: Windows, *, quick: bool = False, seed: int = 0, watch: Watch = _nobody_watches
) -> SelfTest:
    """Plant each damage in real windows and give the figures that turned.

    It takes an evaluation for each damage and two more. DataError with too few groups for a
    reference, where no figure has a verdict.
    """
    sets = part(real, seed=seed)
    steps = len(DAMAGES) + 2

    def judge(windows: Windows) -> Scores:
        made = _as_drawn(windows, sets.train)
        return evaluate(made, train=sets.train, holdout=sets.holdout, quick=quick, seed=seed)

    whole = judge(sets.stand_in)
    watch(Finding("none", "undamaged", ()), 1, steps)
    half = sets.stand_in.select(_every_second(sets.stand_in))
    control = Finding("control", CONTROL, turned(whole, judge(half)))
    watch(control, 2, steps)
    findings = []
    for finding in _findings(sets, whole, judge, {one.name for one in control.turned}, seed):
        findings.append(finding)
        watch(finding, len(findings) + 2, steps)
    named = {"train": sets.train, "holdout": sets.holdout, "stand_in": sets.stand_in}
    return SelfTest(
        undamaged=tuple(_figure(score) for score in whole.scores),
        control=control,
        findings=tuple(findings),
        groups={name: _groups(windows) for name, windows in named.items()},
        windows={name: len(windows) for name, windows in named.items()},
        notes=sets.notes,
        not_enough=sets.not_enough,
        quick=quick,
        seed=seed,
    )


def part(real: Windows, *, seed: int) -> Sets:
    """Give real windows in three parts of whole groups: train, holdout and stand-in.

    Where the groups do not suffice, train and stand-in are halves of the same groups' windows.
    """
    ordered = in_canonical_order(real)
    first = _hold_out(ordered, seed=seed)
    rest = split(first.train, holdout=STAND_IN_SHARE, seed=seed)
    train, stand_in, few = rest.train, rest.holdout, ""
    if _groups(rest.train) < 3 or _groups(rest.holdout) < 2:
        train, stand_in = _halves(first.train)
        few = (
            f"{_groups(ordered)} groups are too few for a stand-in of other people: it is half of "
            "the windows of train's own people, the rest is train"
        )
    train, holdout, stand_in = (thinned(w, WINDOWS) for w in (train, first.holdout, stand_in))
    if len(stand_in) < ENOUGH_WINDOWS and not few:
        few = f"{len(stand_in)} windows in the stand-in are too few, {ENOUGH_WINDOWS} would do"
    return Sets(train, holdout, stand_in, tuple(dict.fromkeys(first.notes + rest.notes)), few)


def _hold_out(real: Windows, *, seed: int) -> Split:
    """Give the first split whose holdout has groups enough for a reference, train two or more."""
    if _groups(real) > MIN_GROUPS + 1:
        for share in HOLDOUT_SHARES:
            parts = split(real, holdout=share, seed=seed)
            if _groups(parts.holdout) >= MIN_GROUPS and _groups(parts.train) >= 2:
                return parts
    raise DataError(
        f"the self-test needs {MIN_GROUPS} groups to hold out and 2 to train on, of like size: "
        f"these windows are of {_groups(real)} group(s). Without a reference no figure has a verdict."
    )


def _halves(windows: Windows) -> tuple[Windows, Windows]:
    """Give the later and the earlier half of each group's windows of each class."""
    order = np.lexsort((windows.start_s, windows.label, windows.group))
    later = np.zeros(len(windows), dtype=bool)
    for name in np.unique(windows.group):
        for index in np.unique(windows.label):
            of = order[(windows.group[order] == name) & (windows.label[order] == index)]
            later[of[len(of) // 2 :]] = True
    return windows.select(later), windows.select(~later)


def _every_second(windows: Windows) -> IntArray:
    """Give every second window of each class; in their order neighbours have nothing in common."""
    return np.concatenate(
        [np.flatnonzero(windows.label == i)[::2] for i in np.unique(windows.label)]
    )


def _groups(windows: Windows) -> int:
    return len(np.unique(windows.group))


def _as_drawn(windows: Windows, train: Windows) -> Windows:
    """Give the windows as a generator would that has learned from train."""
    learnt_from = tuple(np.unique(train.group).tolist())
    return replace(as_synthetic(windows), trained_groups=learnt_from)


def _findings(
    sets: Sets, whole: Scores, judge: Callable[[Windows], Scores], unsteady: set[str], seed: int
) -> Iterator[Finding]:
    for number, damage in enumerate(DAMAGES):
        why_not = damage.why_not(sets.stand_in)
        if why_not:
            yield Finding(damage.name, damage.what, (), planted=False, note=why_not)
            continue
        rng = np.random.default_rng([seed, number])
        scores = judge(damage.plant(sets.stand_in, sets.train, rng))
        found = tuple(one for one in turned(whole, scores) if one.name not in unsteady)
        yield Finding(damage.name, damage.what, found, note=_too_little(damage, sets.stand_in))


def _too_little(damage: Damage, windows: Windows) -> str:
    """Give why a planted damage is less than its name says; "" where it is not."""
    groups = _groups(windows)
    if groups >= damage.enough_groups:
        return ""
    return f"{groups} groups in the stand-in, {damage.enough_groups} would do"


def turned(whole: Scores, damaged: Scores) -> tuple[Turned, ...]:
    """Give the figures whose verdict is worse than that of whole windows, the most telling first."""
    before = {score.name: score for score in whole.scores}
    found = [
        one
        for score in damaged.scores
        if score.name in before and (one := _turned(before[score.name], score)) is not None
    ]
    return tuple(sorted(found, key=lambda one: (-RANK[one.after], -abs(one.rise), one.name)))


def _turned(whole: Score, damaged: Score) -> Turned | None:
    """Give the turn of one figure; None where it did not turn or has no verdict."""
    if RANK.get(damaged.verdict, 0) <= RANK.get(whole.verdict, 2):
        return None
    if whole.value is None or damaged.value is None:
        return None
    rise = (damaged.excess or 0.0) - (whole.excess or 0.0)
    if rise < RISE and damaged.verdict != "suspicious (copy?)":
        return None
    return Turned(
        name=damaged.name,
        title=damaged.title,
        before=whole.verdict,
        after=damaged.verdict,
        value_before=whole.value,
        value_after=damaged.value,
        rise=rise,
    )


def _figure(score: Score) -> Figure:
    return Figure(score.name, score.title, score.value, score.excess, score.verdict)


_ADAPTER = TypeAdapter(SelfTest)


def write_self_test(test: SelfTest, path: Path) -> None:
    """Write the findings as JSON; FileError if `path` cannot be written."""
    with atomic_file(path) as temporary:
        temporary.write_text(_ADAPTER.dump_json(test, indent=1).decode(), encoding="utf-8")
