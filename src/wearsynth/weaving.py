"""A person's windows of several classes woven into one recording of any length, whose joints do not show.

What is fast (a pulse, a movement) goes on with the window, and from the place in it, that goes on best
(continuing.py); a pulse beats on (beating.py). What drifts (skin conductance, temperature) goes on from
the level it had: the next window is shifted to it, and the shift fades over minutes, so that levels
wander between those of the windows. After a change of class they go, within some minutes, as far as the
classes' usual levels differ. Skin conductance is shifted by a factor, as its waves grow with its level.
Where a window is left is drawn at random: ends of windows are not quite as their middles.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearsynth.beating import Beats, beating_on, beats_of
from wearsynth.continuing import DRIFTING, NEAR, Clock, Found, Kind, Pool, Readings
from wearsynth.data import SignalWindows
from wearsynth.errors import DataError
from wearsynth.fading import bent, faded_level
from wearsynth.joining import Pieces
from wearsynth.mounting import has_axes
from wearsynth.pulse import PULSE_HZ, steps_of
from wearsynth.representation import ONE_G, PULSE_UNIT

Float64Array = NDArray[np.float64]

BY_FACTORS, LEAST_US = "uS", 0.05
"""What is shifted by factors, and what is added before the logarithm."""

DRIFT_S = {"uS": 480.0, "degC": 240.0, "bpm": 240.0}
"""A shift of level fades by 1/e in so long: real levels of a minute resemble those of so many minutes ago."""

CLASS_S = 120.0
"""After a change of class, what is left of the way between the classes' levels fades by 1/e in so long."""

LEVELLED_S = 0.5
"""A shift of pulses, whose slow waves the sensor takes off, is gone so soon."""

SHIFT_S = 60.0
"""A shift of other readings fades by 1/e in so long: a limb stays where it was for a while."""

FADE_S, SLOW_FADE_S = 1.0, 4.0
"""What is fast fades over so long, a mixture of two windows for no longer; what drifts over so long."""

BEND_S = 15.0
"""How fast a level drifts is compared over so long, and the difference fades by 1/e in it."""

LEAST_STEPS = 3

Draw = Callable[[str, int, int], Mapping[str, SignalWindows]]
"""(class, how many, number of the draw) -> windows of one person."""


@dataclass(frozen=True)
class Joint:
    """Where two windows meet: the first step of the overlap, on the clock that all signals share."""

    step: int
    overlap: int
    changes: bool


@dataclass(frozen=True, eq=False)
class _Present:
    """What goes on: readings from the last joint on, by signal.

    beats: of pulses, the whole window, and the step of it at which the readings begin.
    """

    readings: Readings
    beats: Mapping[str, Beats]
    step: int


def woven(
    draw: Draw, plan: Sequence[tuple[str, int]], clock: Clock, *, seed: int
) -> Iterator[tuple[Pieces, Joint]]:
    """Give a person's signals piece by piece, each with the joint that it ends before.

    plan: classes and for how many steps each; a class begins in the middle of an overlap. Pieces are
    (time, channel) by signal and follow each other; the last one goes beyond the plan's end. No window
    is used twice. DataError where windows are too short to be joined.
    """
    if clock.steps < LEAST_STEPS:
        raise DataError(
            f"windows of {clock.steps} step(s) on the clock that all their signals share are too short "
            f"to be joined, {LEAST_STEPS} are needed. Ask for windows (counts)."
        )
    weaver, rng = _Weaver(draw, clock), np.random.default_rng(seed)
    now, past = weaver.first(plan[0][0]), dict[str, Float64Array]()
    done, end = 0, 0
    for place, (name, steps) in enumerate(plan):
        end += steps
        final = place == len(plan) - 1
        changed = False
        while not changed and not (final and done >= end):
            held = _held(weaver.steps_of(now.readings), clock, rng)
            left = max(end - clock.overlap // 2 - done, 0)
            changed = not final and left <= held
            take = left if changed else held
            done += take
            yield weaver.cut(now.readings, take), Joint(done, clock.overlap, changed)
            past = weaver.ended(past, now.readings, take + clock.overlap)
            now = weaver.next_after(now, take, past, plan[place + 1][0] if changed else name)
            past = weaver.part(past, 0, weaver.steps_of(past) - clock.overlap)


def _held(steps: int, clock: Clock, rng: np.random.Generator) -> int:
    """Give for how many of the steps that are left a window goes on before the next joint."""
    most = steps - clock.overlap - clock.edge
    return max(1, most - int(rng.integers(clock.places)))


class _Weaver:
    """A person's windows by class, and how one goes on from another."""

    def __init__(self, draw: Draw, clock: Clock) -> None:
        self.draw, self.clock = draw, clock
        self.by_class: dict[str, Pool] = {}
        self.form: Mapping[str, SignalWindows] = {}
        self.kinds: Mapping[str, Kind] = {}
        self.home: Float64Array | None = None  # the person's levels beside those of all
        self.levels: Mapping[str, Float64Array] = {}  # the usual ones of what is done now
        self.off: Mapping[str, Float64Array] = {}  # how far off them it still is, after a change

    def first(self, name: str) -> _Present:
        """Give a window to begin with."""
        pool = self._pool(name)
        self._on_the_way(pool, 0)
        found = pool.first()
        return self._present(found, self._beats(found))

    def steps_of(self, readings: Readings) -> int:
        """Give how many steps readings hold."""
        name, values = next(iter(readings.items()))
        return len(values) // self.kinds[name].fold

    def part(self, readings: Readings, start: int, stop: int) -> Readings:
        """Give the readings between two steps."""
        fold = {name: self.kinds[name].fold for name in readings}
        return {n: of[start * fold[n] : stop * fold[n]] for n, of in readings.items()}

    def ended(self, past: Readings, readings: Readings, stop: int) -> Readings:
        """Give the last readings up to a step, as many as are compared."""
        upto = self.part(readings, 0, stop)
        whole = {n: np.concatenate([past[n], of]) if past else of for n, of in upto.items()}
        steps = self.steps_of(whole)
        return self.part(whole, max(0, steps - self.clock.like), steps)

    def cut(self, readings: Readings, stop: int) -> Pieces:
        """Give the readings up to a step in their units."""
        return {
            name: _from_even(values, self._unit(name)).astype(np.float32)
            for name, values in self.part(readings, 0, stop).items()
        }

    def next_after(self, now: _Present, take: int, past: Readings, name: str) -> _Present:
        """Give what goes on after so many steps of the present, the overlap included and faded."""
        pool = self._pool(name)
        self._on_the_way(pool, take)
        found = pool.best(past)
        beats = {
            signal: beating_on(
                now.beats[signal],
                after,
                at=self._pulse_steps(now.step + take),
                place=self._pulse_steps(found.step),
            )
            for signal, after in self._beats(found).items()
        }
        after = self._present(found, beats)
        for signal, values in after.readings.items():
            tail = now.readings[signal][take * self.kinds[signal].fold :]
            after.readings[signal] = self._gone_on(signal, past[signal], values, tail)
        return after

    def _gone_on(
        self, signal: str, past: Float64Array, values: Float64Array, tail: Float64Array
    ) -> Float64Array:
        """Lead a window on from the past, and fade the tail into it."""
        kind, unit = self.kinds[signal], self._unit(signal)
        rate_hz = kind.fold * self.clock.rate_hz
        overlap = min(self.clock.overlap * kind.fold, max(2, round(FADE_S * rate_hz)))
        drift_s = LEVELLED_S if unit == PULSE_UNIT else SHIFT_S
        if kind.drifts:
            values = values + self.off[signal] * _worn(len(values), CLASS_S * rate_hz)
            values = bent(past, values, bend_steps=BEND_S * rate_hz)
            overlap, drift_s = max(overlap, round(SLOW_FADE_S * rate_hz)), DRIFT_S[unit]
        overlap = min(overlap, len(tail), len(values))
        return faded_level(tail[:overlap], values, drift_steps=drift_s * rate_hz)

    def _on_the_way(self, pool: Pool, steps: int) -> None:
        """Go on for so many steps from the usual levels of what was done to those of what comes."""
        usual = pool.usual_levels()
        worn = np.exp(-steps / (CLASS_S * self.clock.rate_hz))
        self.off = {
            name: self.off[name] * worn + self.levels[name] - level if self.off else 0 * level
            for name, level in usual.items()
        }
        self.levels = usual

    def _beats(self, found: Found) -> dict[str, Beats]:
        """Give the windows of pulse told by their beats."""
        return {
            name: beats_of(values[:, 0], self.form[name].rate_hz)
            for name, values in found.readings.items()
            if self.kinds[name].beats
        }

    def _present(self, found: Found, beats: Mapping[str, Beats]) -> _Present:
        """Give a found window from its place on, its pulses as their beats tell."""
        readings = {}
        for name, values in found.readings.items():
            of = beats[name].values[:, None] if name in beats else values
            readings[name] = of[found.step * self.kinds[name].fold :]
        return _Present(readings, beats, found.step)

    def _pulse_steps(self, step: int) -> int:
        """Give a step of the clock in steps of the series that tell pulses."""
        return round(step * PULSE_HZ / self.clock.rate_hz)

    def _pool(self, name: str) -> Pool:
        """Give a class's pool, filled where more than half of it is used."""
        pool = self.by_class.setdefault(name, Pool(self.clock))
        count = pool.missing
        if count:
            drawn = self.draw(name, count * (1 if self.clock.knows_people else NEAR), pool.draws)
            if not self.form:
                self.form = drawn
                self.kinds = {of: self._kind(signal) for of, signal in drawn.items()}
            values = {of: _to_even(s.values, s.channels[0].unit) for of, s in drawn.items()}
            pool.add(values, self.kinds)
            if not self.clock.knows_people:
                self._keep_near(pool, count)
            pool.index()
        return pool

    def _kind(self, signal: SignalWindows) -> Kind:
        """Give what a signal is."""
        time, unit = signal.values.shape[1], signal.channels[0].unit
        told = steps_of(time, signal.rate_hz) if unit == PULSE_UNIT else 0
        return Kind(
            fold=time // self.clock.steps,
            drifts=unit in DRIFTING,
            vector=has_axes(signal.channels),
            beats=told > 0 and told % self.clock.steps == 0 and len(signal.channels) == 1,
            one_g=ONE_G.get(unit),
        )

    def _keep_near(self, pool: Pool, count: int) -> None:
        """Keep those new windows whose drifting levels are nearest to the person's."""
        drifting = [name for name in self.form if self.kinds[name].drifts]
        kept = len(pool.free) - count * (NEAR - 1)
        if not drifting:
            pool.keep(np.arange(len(pool.free)), kept)
            return
        levels = np.concatenate([pool.windows[name].mean(axis=1) for name in drifting], axis=1)
        new = levels[-count * NEAR :]
        usual, spread = new.mean(axis=0), new.std(axis=0) + 1e-9
        if self.home is None:
            self.home = (new[0] - usual) / spread
        far = np.square((levels - usual) / spread - self.home).sum(axis=1)
        far[: -count * NEAR] = -1  # those of before stay
        pool.keep(np.argsort(far, kind="stable"), kept)

    def _unit(self, name: str) -> str:
        return self.form[name].channels[0].unit


def _worn(time: int, steps: float) -> Float64Array:
    """Give what is left of 1 that fades by 1/e in so many steps, (time, 1)."""
    return np.asarray(np.exp(-np.arange(time) / steps)[:, None])


def _to_even(values: NDArray[np.float32], unit: str) -> Float64Array:
    """Give readings so that a shift of level is a sum."""
    exact = values.astype(np.float64)
    return np.log(np.maximum(exact, 0) + LEAST_US) if unit == BY_FACTORS else exact


def _from_even(values: Float64Array, unit: str) -> Float64Array:
    """Undo `_to_even`."""
    return np.maximum(np.exp(values) - LEAST_US, 0) if unit == BY_FACTORS else values
