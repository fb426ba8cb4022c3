"""Whole people over minutes and hours: what each does by a plan, as continuous signals at native rates.

A person has one manner throughout (conditions.py), drawn for them alone, and one recording that
weaving.py makes of their windows, class after class. It comes in blocks of a minute, so that memory
stays the same however long it is. What is random about a person follows from the seed and the person's
number: people may be made in any order, or apart.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import cycle
from math import inf

import numpy as np

from wearsynth.continuing import Clock
from wearsynth.data import FloatArray, SignalWindows, Span
from wearsynth.errors import DataError, did_you_mean
from wearsynth.grids import Grid
from wearsynth.joining import Pieces
from wearsynth.model import Model
from wearsynth.weaving import Joint, woven

BLOCK_S = 60
"""Seconds of a block: a whole number of readings of every signal, and of those that a slow sensor repeats."""

USUAL_S = 300.0
"""How long each class is done, in turn, where there is no plan."""

LEAST_S = 5.0
"""Less than this is too short to change to a class and on from it."""

FIRST_DAY_UNIX_S = 1_767_571_200
"""2026-01-05, a Monday, 00:00 UTC: people are recorded on this day and on the days of a year after it."""

DAY_S, DAYS = 86_400, 364
EARLIEST_S, LATEST_S = 8 * 3600, 17 * 3600
"""Recordings start between these times of a day, in UTC."""

Plan = tuple[tuple[str, float], ...]
"""(class, seconds), one after the other."""


@dataclass(frozen=True)
class Sessions:
    """What is asked for: each person does the plan; over and over, or part of it, for so many seconds.

    plan: left empty, every class of the model in turn for five minutes. seconds: left out, the plan once.
    """

    model: Model
    people: int = 1
    plan: Plan = ()
    seconds: float | None = None
    seed: int = 0
    steps_of_a_window: int = field(init=False)

    def __post_init__(self) -> None:
        representation, whole = self.model.representation, self.plan
        whole = whole or tuple((name, USUAL_S) for name in self.model.classes)
        for name, seconds in whole:
            if name not in self.model.classes:
                hint = did_you_mean(name, self.model.classes)
                raise DataError(f"the model knows no class {name!r}.{hint}")
            if not LEAST_S <= seconds < inf:
                raise DataError(f"{name!r} in a plan takes {LEAST_S:g} s or more, got {seconds:g}.")
        if self.people < 1:
            raise DataError(f"people must be 1 or more, got {self.people}.")
        if self.seconds is not None and not LEAST_S <= self.seconds < inf:
            raise DataError(f"a recording takes {LEAST_S:g} s or more, got {self.seconds:g} s.")
        for signal in representation.signals:
            if not float(signal.rate_hz * BLOCK_S).is_integer():
                raise DataError(
                    f"{signal.name} at {signal.rate_hz:g} Hz has no whole number of readings in "
                    f"{BLOCK_S} s, so that it cannot be a long recording. Ask for windows (counts)."
                )
        object.__setattr__(self, "plan", whole)
        object.__setattr__(self, "steps_of_a_window", representation.steps)

    @property
    def rate_hz(self) -> float:
        """The rate of the clock that all signals share."""
        signal = self.model.representation.signals[0]
        return signal.rate_hz * self.steps_of_a_window / signal.time

    @property
    def steps(self) -> tuple[tuple[str, int], ...]:
        """Each class that is done, and for how many steps of the clock, to the end of a recording."""
        whole_s = sum(seconds for _, seconds in self.plan) if self.seconds is None else self.seconds
        ends, end_s = list[tuple[str, float]](), 0.0
        for name, seconds in cycle(self.plan):
            end_s = min(end_s + seconds, whole_s)
            if ends and whole_s - end_s < LEAST_S:
                end_s = whole_s  # what would be left is too short for another class
            ends.append((name, end_s))
            if end_s >= whole_s:
                break
        at = [0, *(round(end_s * self.rate_hz) for _, end_s in ends)]
        return tuple((name, at[i + 1] - at[i]) for i, (name, _) in enumerate(ends))

    @property
    def spans(self) -> tuple[Span, ...]:
        """What is done when, the same class twice in a row as one."""
        spans, start = list[Span](), 0
        for name, steps in self.steps:
            end = start + steps
            if spans and spans[-1].label == name:
                spans[-1] = Span(spans[-1].start_s, end / self.rate_hz, name)
            else:
                spans.append(Span(start / self.rate_hz, end / self.rate_hz, name))
            start = end
        return tuple(spans)

    @cached_property
    def mark(self) -> str:
        """What the names of these people begin with: it tells them from those of other draws."""
        return self.model.mark("people", seed=self.seed)

    def name(self, person: int) -> str:
        """Give the name of a person, counted from 0: the mark and a number, such as made-09af3c-1."""
        return f"{self.mark}-{person + 1}"

    def start_unix_s(self, person: int) -> float:
        """Give when a person's recording starts: a whole second of some day, in UTC."""
        rng = np.random.default_rng(np.random.SeedSequence([self.seed, person], spawn_key=(7,)))
        day, second = rng.integers(DAYS), rng.integers(EARLIEST_S, LATEST_S)
        return float(FIRST_DAY_UNIX_S + DAY_S * day + second)


def person_signals(asked: Sessions, person: int) -> Iterator[Mapping[str, FloatArray]]:
    """Give a person's signals, a minute at a time, (time, channel) by signal in their units.

    person: counted from 0. Blocks follow each other without a gap; the last one ends with the plan. Readings
    lie on the grids that the model's real ones lay on. Same seed, same bytes.
    """
    yield from _blocks(asked, (of for of, _ in person_pieces(asked, person)))


def person_pieces(asked: Sessions, person: int) -> Iterator[tuple[Pieces, Joint]]:
    """Give a person's signals in pieces, each with the joint that it ends before, on no grid yet.

    The last piece goes beyond the end of the plan.
    """
    model = replace(asked.model, grids={})  # readings are put on them once, when all is joined
    manner = None
    if model.conditions.manner:
        rng = np.random.default_rng(np.random.SeedSequence([asked.seed, person], spawn_key=(5,)))
        manner = model.conditions.draw_manners(1, len(model.classes), rng)

    def draw(name: str, count: int, number: int) -> Mapping[str, SignalWindows]:
        label = model.classes.index(name)
        sequence = np.random.SeedSequence([asked.seed, person, label, number], spawn_key=(6,))
        seed = int(sequence.generate_state(1)[0])
        people = 0 if manner is None else manner
        return model.sample({name: count}, seed=seed, people=people).signals

    clock = Clock(asked.steps_of_a_window, asked.rate_hz, knows_people=manner is not None)
    sequence = np.random.SeedSequence([asked.seed, person], spawn_key=(8,))
    return woven(draw, _merged(asked.steps), clock, seed=int(sequence.generate_state(1)[0]))


def _merged(steps: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
    """Give the plan with the same class twice in a row as one."""
    merged = list[tuple[str, int]]()
    for name, count in steps:
        if merged and merged[-1][0] == name:
            merged[-1] = (name, merged[-1][1] + count)
        else:
            merged.append((name, count))
    return tuple(merged)


def _blocks(
    asked: Sessions, pieces: Iterator[Mapping[str, FloatArray]]
) -> Iterator[Mapping[str, FloatArray]]:
    """Give pieces anew as blocks of BLOCK_S seconds, the last one shorter, on the model's grids."""
    form = asked.model.representation.signals
    held: dict[str, FloatArray] = {}
    left_s = sum(steps for _, steps in asked.steps) / asked.rate_hz
    first = form[0]
    grids: Mapping[str, tuple[Grid, ...]] = {}
    while left_s > 1e-9:
        length_s = min(float(BLOCK_S), left_s)
        while not held or len(held[first.name]) < round(length_s * first.rate_hz):
            for name, values in next(pieces).items():
                held[name] = np.concatenate([held[name], values]) if name in held else values
        block = {s.name: held[s.name][: round(length_s * s.rate_hz)] for s in form}
        held = {s.name: held[s.name][round(length_s * s.rate_hz) :] for s in form}
        grids = grids or _anchored(asked.model.grids, block)
        yield {
            name: _on_grids(grids[name], values) if name in grids else values
            for name, values in block.items()
        }
        left_s -= length_s


def _anchored(
    grids: Mapping[str, tuple[Grid, ...]], readings: Mapping[str, FloatArray]
) -> Mapping[str, tuple[Grid, ...]]:
    """Give the grids of a person: one throughout, where each window has its own."""
    return {
        name: tuple(grid.anchored(float(readings[name][0, at])) for at, grid in enumerate(of))
        for name, of in grids.items()
    }


def _on_grids(grids: tuple[Grid, ...], values: FloatArray) -> FloatArray:
    """Give readings (time, channel) as the model's real ones lay, quantised and clipped."""
    channels = [grid.put(values[None, :, at])[0] for at, grid in enumerate(grids)]
    return np.stack(channels, axis=1)


def plan_of(text: str) -> Plan:
    """Give the plan that a text such as rest=300,stress=300 tells; DataError where it tells none."""
    plan = []
    for part in text.split(","):
        name, _, seconds = part.strip().rpartition("=")
        try:
            plan.append((name.strip(), float(seconds)))
        except ValueError:
            name = ""
        if not name.strip():
            raise DataError(
                f"plan: {part.strip()!r} is no CLASS=SECONDS; give them parted by commas, such as "
                "rest=300,stress=300."
            )
    return tuple(plan)
