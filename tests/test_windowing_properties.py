"""Windows of any recording against a count in exact fractions, reading by reading."""

import itertools
from dataclasses import dataclass
from fractions import Fraction
from math import floor

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wearsynth.data import Channel, Gap, Recording, Signal, Span, Windows
from wearsynth.errors import DataError
from wearsynth.windowing import cut_windows

REPEATABLE = settings(max_examples=150, deadline=None, derandomize=True, database=None)
TICKS = 40
"""Spans, gaps, starts, lengths and strides are whole numbers of ticks a second."""


@dataclass(frozen=True)
class Plan:
    """A recording and a cut in exact numbers: seconds are fractions, readings are numbered."""

    rates_hz: tuple[int, ...]
    starts_s: tuple[Fraction, ...]
    readings: tuple[int, ...]
    missing: tuple[frozenset[int], ...]
    spans: tuple[tuple[Fraction, Fraction], ...]
    gaps: tuple[tuple[Fraction, Fraction], ...]
    length_s: Fraction
    stride_s: Fraction

    def recording(self) -> Recording:
        """The recording: each reading's value is its number, NaN where it is missing."""
        signals = {}
        for index, rate_hz in enumerate(self.rates_hz):
            values = np.arange(self.readings[index], dtype=np.float32)[:, None]
            values = np.concatenate([values, -values], axis=1)
            values[sorted(self.missing[index]), index % 2] = np.nan
            channels = (Channel("a", "g"), Channel("b", "g"))
            start_s = float(self.starts_s[index])
            signals[f"s{index}"] = Signal(values, float(rate_hz), channels, start_s)
        spans = tuple(Span(float(a), float(b), f"c{i % 3}") for i, (a, b) in enumerate(self.spans))
        gaps = tuple(Gap(float(a), float(b)) for a, b in self.gaps)
        return Recording("r", signals, spans=spans, gaps=gaps)

    def times_s(self, index: int) -> list[Fraction]:
        """When each reading of a signal is."""
        start_s, rate_hz = self.starts_s[index], self.rates_hz[index]
        return [start_s + Fraction(k, rate_hz) for k in range(self.readings[index])]


def seconds(ticks: int) -> Fraction:
    return Fraction(ticks, TICKS)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    count = draw(st.integers(1, 3))
    rates = draw(
        st.lists(st.sampled_from([1, 2, 4, 5, 8, 10, 16, 25, 32]), min_size=count, max_size=count)
    )
    starts = [seconds(draw(st.integers(-40, 80))) for _ in rates]
    readings = [draw(st.integers(1, 12 * rate)) for rate in rates]
    missing = [
        frozenset(draw(st.lists(st.integers(0, n - 1), max_size=2)) if draw(st.booleans()) else ())
        for n in readings
    ]
    edges = sorted(draw(st.lists(st.integers(-60, 600), min_size=2, max_size=6, unique=True)))
    pairs = list(itertools.pairwise(edges))
    spans = [pair for pair in pairs if draw(st.integers(0, 3))] or pairs[:1]
    gaps = draw(st.lists(st.tuples(st.integers(-60, 600), st.integers(1, 40)), max_size=3))
    least = -(-TICKS // min(rates))
    return Plan(
        rates_hz=tuple(rates),
        starts_s=tuple(starts),
        readings=tuple(readings),
        missing=tuple(missing),
        spans=tuple((seconds(a), seconds(b)) for a, b in spans),
        gaps=tuple((seconds(a), seconds(a + n)) for a, n in gaps),
        length_s=seconds(draw(st.integers(least, least + 60))),
        stride_s=seconds(draw(st.integers(-(-TICKS // max(rates)), 80))),
    )


def stretches(plan: Plan) -> list[tuple[Fraction, Fraction]]:
    """Give the largest stretches that all signals cover, in a span and outside gaps, tick by tick."""
    ends = [
        s + Fraction(n, r)
        for s, n, r in zip(plan.starts_s, plan.readings, plan.rates_hz, strict=True)
    ]
    found = []
    for a, b in plan.spans:
        ticks = [
            seconds(t)
            for t in range(int(a * TICKS), int(b * TICKS))
            if max(plan.starts_s) <= seconds(t) < min(ends)
            and not any(g <= seconds(t) < h for g, h in plan.gaps)
        ]
        begun = None
        for tick, after in itertools.zip_longest(ticks, ticks[1:]):
            begun = tick if begun is None else begun
            if after is None or after - tick > seconds(1):
                found.append((begun, tick + seconds(1)))
                begun = None
    return found


def expected_starts(plan: Plan) -> list[tuple[Fraction, list[int]]]:
    """Give each window's start and its first reading by signal, missing readings not looked at."""
    slowest = plan.rates_hz.index(min(plan.rates_hz))
    windows = []
    for a, b in stretches(plan):
        inside = [
            [k for k, t in enumerate(plan.times_s(i)) if a <= t < b]
            for i in range(len(plan.rates_hz))
        ]
        if not all(inside):
            continue
        latest_s = max(plan.times_s(i)[own[0]] for i, own in enumerate(inside))
        own = [t for t in plan.times_s(slowest) if latest_s <= t < b]
        start_s = own[0] if own else b
        while start_s < b:
            first = [
                floor((start_s - s) * r + Fraction(1, 2))
                for s, r in zip(plan.starts_s, plan.rates_hz, strict=True)
            ]
            if all(
                set(range(k, k + count_of(plan, i))) <= set(inside[i]) for i, k in enumerate(first)
            ):
                windows.append((start_s, first))
            start_s += plan.stride_s
    return windows


def count_of(plan: Plan, index: int) -> int:
    return round(plan.length_s * plan.rates_hz[index])


def cut(plan: Plan) -> Windows | None:
    try:
        return cut_windows(
            [plan.recording()], length_s=float(plan.length_s), stride_s=float(plan.stride_s)
        )
    except DataError:
        return None


A_SLOW_READING_LATE = Plan(
    rates_hz=(1, 4, 1),
    starts_s=(Fraction(0), Fraction(-1, 10), Fraction(0)),
    readings=(3, 10, 3),
    missing=(frozenset(), frozenset(), frozenset()),
    spans=((Fraction(0), Fraction(87, 40)),),
    gaps=(),
    length_s=Fraction(1),
    stride_s=Fraction(1, 4),
)
"""Its last window ends after the span by half a slow signal's reading, all of its readings inside."""


@REPEATABLE
@given(plans())
@example(A_SLOW_READING_LATE)
def test_windows_are_those_of_the_exact_count(plan: Plan) -> None:
    wanted = [
        (start_s, first)
        for start_s, first in expected_starts(plan)
        if not any(
            plan.missing[i] & set(range(k, k + count_of(plan, i))) for i, k in enumerate(first)
        )
    ]
    windows = cut(plan)
    if windows is None:
        assert wanted == []
        return
    np.testing.assert_allclose(windows.start_s, [float(s) for s, _ in wanted], atol=1e-9)
    for index in range(len(plan.rates_hz)):
        signal = windows.signals[f"s{index}"]
        assert signal.values.shape[1:] == (count_of(plan, index), 2)
        for values, (_, first) in zip(signal.values, wanted, strict=True):
            numbers = np.arange(first[index], first[index] + count_of(plan, index))
            np.testing.assert_array_equal(values, np.stack([numbers, -numbers], axis=1))


@REPEATABLE
@given(plans())
def test_no_window_crosses_a_gap_an_edge_or_a_missing_reading(plan: Plan) -> None:
    windows = cut(plan)
    if windows is None:
        return
    for index, rate_hz in enumerate(plan.rates_hz):
        times_s = plan.times_s(index)
        for window, values in enumerate(windows.signals[f"s{index}"].values):
            numbers = values[:, 0].astype(int).tolist()
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            assert not plan.missing[index] & set(numbers)
            mine = [times_s[k] for k in numbers]
            assert not any(g <= t < h for t in mine for g, h in plan.gaps)
            around = [i for i, (a, b) in enumerate(plan.spans) if a <= mine[0] and mine[-1] < b]
            assert [f"c{i % 3}" for i in around] == [str(windows.label_names[window])]
            assert abs(float(mine[0]) - windows.start_s[window]) <= 0.5 / rate_hz + 1e-9


@REPEATABLE
@given(
    rate_hz=st.integers(1, 128),
    edges=st.lists(st.integers(0, 400), min_size=2, max_size=8, unique=True),
    length=st.integers(1, 40),
    stride=st.integers(1, 40),
)
def test_one_signal_gives_the_closed_formula(
    rate_hz: int, edges: list[int], length: int, stride: int
) -> None:
    """Between the edges lie spans and gaps in turns: each span gives floor((n - length) / stride) + 1."""
    edges = sorted(edges)
    pairs = list(itertools.pairwise(edges))
    values = np.arange(400, dtype=np.float32)[:, None]
    whole = (Span(edges[0] / rate_hz, edges[-1] / rate_hz, "walk"),)
    gaps = tuple(Gap(a / rate_hz, b / rate_hz) for a, b in pairs[1::2])
    signals = {"acc": Signal(values, float(rate_hz), (Channel("x", "g"),))}
    recording = Recording("r", signals, spans=whole, gaps=gaps)
    wanted = sum((b - a - length) // stride + 1 for a, b in pairs[::2] if b - a >= length)
    try:
        got = len(cut_windows([recording], length_s=length / rate_hz, stride_s=stride / rate_hz))
    except DataError:
        got = 0
    assert got == wanted
