import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wearsynth.data import Channel, Gap, Recording, Signal, Span, Windows
from wearsynth.errors import DataError
from wearsynth.windowing import cut_windows


def ramp(readings: int, rate_hz: float = 10.0, start_s: float = 0.0, channels: int = 1) -> Signal:
    """A signal whose values are the numbers of its readings."""
    values = np.repeat(np.arange(readings, dtype=np.float32)[:, None], channels, axis=1)
    return Signal(values, rate_hz, tuple(Channel(f"c{i}", "g") for i in range(channels)), start_s)


def walk(readings: int, *, name: str = "r", gaps: tuple[Gap, ...] = ()) -> Recording:
    span = Span(0, readings / 10, "walk")
    return Recording(name, {"acc": ramp(readings)}, spans=(span,), gaps=gaps)


def first_readings(windows: Windows, signal: str = "acc") -> list[float]:
    return [float(value) for value in windows.signals[signal].values[:, 0, 0]]


def test_windows_start_every_stride() -> None:
    windows = cut_windows([walk(20)], length_s=0.5, stride_s=0.3)
    assert first_readings(windows) == [0, 3, 6, 9, 12, 15]
    np.testing.assert_array_equal(windows.signals["acc"].values[1, :, 0], [3, 4, 5, 6, 7])
    np.testing.assert_allclose(windows.start_s, [0, 0.3, 0.6, 0.9, 1.2, 1.5])
    assert windows.signals["acc"].values.shape == (6, 5, 1)
    assert windows.provenance == ("cut into windows of 0.5 s every 0.3 s, 1 recording(s)",)


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(2, 60),
    length=st.integers(1, 20),
    stride=st.integers(1, 20),
    rate=st.integers(1, 64),
)
def test_count_is_floor_of_rest_over_stride_plus_one(
    n: int, length: int, stride: int, rate: int
) -> None:
    recording = Recording("r", {"acc": ramp(n, rate)}, spans=(Span(0, n / rate, "walk"),))
    if n < length:
        with pytest.raises(DataError, match="Lower length_s"):
            cut_windows([recording], length_s=length / rate, stride_s=stride / rate)
        return
    windows = cut_windows([recording], length_s=length / rate, stride_s=stride / rate)
    assert len(windows) == (n - length) // stride + 1
    assert first_readings(windows) == [stride * i for i in range(len(windows))]


@settings(max_examples=60, deadline=None)
@given(
    edges=st.lists(st.integers(0, 200), min_size=4, max_size=10, unique=True),
    gaps=st.lists(st.tuples(st.integers(0, 190), st.integers(1, 10)), max_size=4),
    length=st.integers(1, 8),
)
def test_windows_never_cross_a_gap_or_an_edge(
    edges: list[int], gaps: list[tuple[int, int]], length: int
) -> None:
    edges = sorted(edges)
    spans = [(a, b, f"class{i % 3}") for i, (a, b) in enumerate(itertools.pairwise(edges))]
    recording = Recording(
        "r",
        {"acc": ramp(200)},
        spans=tuple(Span(a / 10, b / 10, label) for a, b, label in spans),
        gaps=tuple(Gap(a / 10, (a + n) / 10) for a, n in gaps),
    )
    lost = {reading for a, n in gaps for reading in range(a, a + n)}
    try:
        windows = cut_windows([recording], length_s=length / 10, stride_s=0.2)
    except DataError:
        runs = [set(range(k, k + length)) for a, b, _ in spans for k in range(a, b - length + 1)]
        assert all(run & lost for run in runs)
        return
    for values, label in zip(windows.signals["acc"].values, windows.label_names, strict=True):
        readings = set(values[:, 0].astype(int).tolist())
        assert not readings & lost
        assert any(a <= min(readings) and max(readings) < b and label == of for a, b, of in spans)


def test_every_clear_stretch_is_used_from_its_start() -> None:
    windows = cut_windows([walk(30, gaps=(Gap(0.72, 1.18),))], length_s=0.5, stride_s=0.5)
    assert first_readings(windows) == [0, 12, 17, 22]


def test_windows_with_nan_outside_the_gaps_are_left_out_and_counted() -> None:
    recording = walk(20)
    recording.signals["acc"].values[7] = np.nan
    windows = cut_windows([recording], length_s=0.5, stride_s=0.5)
    assert first_readings(windows) == [0, 10, 15]
    assert "left out 1 window(s) that hold NaN outside the known gaps" in windows.provenance


def test_signals_are_cut_at_the_same_times() -> None:
    signals = {"acc": ramp(320, 32.0), "eda": ramp(40, 4.0), "hr": ramp(8, 1.0, start_s=2.0)}
    recording = Recording("r", signals, spans=(Span(0, 10, "rest"),))
    windows = cut_windows([recording], length_s=2, stride_s=1)
    assert windows.start_s.tolist() == [2, 3, 4, 5, 6, 7, 8]
    assert first_readings(windows) == [64, 96, 128, 160, 192, 224, 256]
    assert first_readings(windows, "eda") == [8, 12, 16, 20, 24, 28, 32]
    assert first_readings(windows, "hr") == [0, 1, 2, 3, 4, 5, 6]
    assert [s.values.shape[1] for s in windows.signals.values()] == [64, 8, 2]


def test_signals_off_the_grid_take_the_nearest_reading() -> None:
    signals = {"acc": ramp(100, 10.0, start_s=0.04), "eda": ramp(10, 1.0)}
    recording = Recording("r", signals, spans=(Span(0, 10, "rest"),))
    windows = cut_windows([recording], length_s=1, stride_s=1)
    assert windows.start_s.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9][: len(windows)]
    assert first_readings(windows) == [10, 20, 30, 40, 50, 60, 70, 80, 90][: len(windows)]
    assert len(windows) == 9


def test_labels_subjects_and_recordings_follow() -> None:
    a = Recording(
        "a", {"acc": ramp(20)}, "S1", spans=(Span(0, 1, "run"), Span(1, 2, "walk")), source="a.csv"
    )
    b = Recording("b", {"acc": ramp(10)}, None, spans=(Span(0, 1, "walk"),))
    windows = cut_windows([a, b], length_s=1, stride_s=1)
    assert windows.classes == ("run", "walk")
    assert windows.label_names.tolist() == ["run", "walk", "walk"]
    assert windows.subject.tolist() == ["S1", "S1", ""]
    assert windows.recording.tolist() == ["a", "a", "b"]
    assert not windows.synthetic.any()


def test_covariates_follow_and_are_nan_where_a_recording_lacks_one() -> None:
    spans = (Span(0, 2, "walk"),)
    a = Recording("a", {"acc": ramp(20)}, spans=spans, covariates={"age": 31, "height_cm": 170})
    b = Recording("b", {"acc": ramp(10)}, spans=(Span(0, 1, "walk"),), covariates={"bmi": 22.5})
    c = Recording("c", {"acc": ramp(10)}, spans=(Span(0, 1, "walk"),))
    covariates = cut_windows([a, b, c], length_s=1, stride_s=1).covariates
    assert list(covariates) == ["age", "height_cm", "bmi"]
    np.testing.assert_array_equal(covariates["age"], [31, 31, np.nan, np.nan])
    np.testing.assert_array_equal(covariates["bmi"], [np.nan, np.nan, 22.5, np.nan])
    resampled = cut_windows([a], length_s=1, stride_s=1, rate_hz=5).covariates
    assert resampled["height_cm"].tolist() == [170, 170]
    assert cut_windows([c], length_s=1, stride_s=1).covariates == {}


def test_a_class_without_a_window_is_named() -> None:
    spans = (Span(0, 0.3, "jump"), Span(0.3, 2, "walk"))
    windows = cut_windows([Recording("a", {"acc": ramp(20)}, spans=spans)], length_s=1, stride_s=1)
    assert windows.classes == ("walk",)
    assert "no stretch of class jump was long enough for a window" in windows.provenance


def test_no_window_names_the_longest_stretch() -> None:
    with pytest.raises(
        DataError, match=r"longest labelled stretch without a gap is 2 s .'walk' in 'r'."
    ):
        cut_windows([walk(20), walk(10)], length_s=60, stride_s=1)
    with pytest.raises(DataError, match="no recording has a labelled stretch"):
        cut_windows([Recording("r", {"acc": ramp(20)})], length_s=1, stride_s=1)
    recording = walk(20)
    recording.signals["acc"].values[::3] = np.nan
    with pytest.raises(DataError, match="free of NaN"):
        cut_windows([recording], length_s=1, stride_s=1)


@pytest.mark.parametrize(("length_s", "stride_s"), [(0, 1), (1, 0), (-1, 1), (np.nan, 1)])
def test_lengths_must_be_above_zero(length_s: float, stride_s: float) -> None:
    with pytest.raises(DataError, match="must be above 0"):
        cut_windows([walk(20)], length_s=length_s, stride_s=stride_s)


def test_lengths_below_a_reading_are_refused() -> None:
    with pytest.raises(DataError, match="holds no reading"):
        cut_windows([walk(20)], length_s=0.01, stride_s=1)
    with pytest.raises(DataError, match="at least one reading"):
        cut_windows([walk(20)], length_s=1, stride_s=0.01)


def test_other_rates_need_one_asked_for() -> None:
    fast = Recording("fast", {"acc": ramp(40, 20.0)}, spans=(Span(0, 2, "walk"),))
    with pytest.raises(DataError, match="--rate-hz 10"):
        cut_windows([walk(20), fast], length_s=1, stride_s=1)
    windows = cut_windows([walk(20), fast], length_s=1, stride_s=1, rate_hz=10)
    assert windows.signals["acc"].values.shape == (4, 10, 1)
    assert windows.signals["acc"].rate_hz == 10
    assert "resampled from 10, 20 Hz to 10 Hz" in windows.provenance


def test_other_signals_or_units_are_refused() -> None:
    other = Recording("o", {"gyro": ramp(20)}, spans=(Span(0, 2, "walk"),))
    with pytest.raises(DataError, match="different signals"):
        cut_windows([walk(20), other], length_s=1, stride_s=1)
    two = Recording("o", {"acc": ramp(20, channels=2)}, spans=(Span(0, 2, "walk"),))
    with pytest.raises(DataError, match="other channels or units"):
        cut_windows([walk(20), two], length_s=1, stride_s=1)
    with pytest.raises(DataError, match="no recordings"):
        cut_windows([], length_s=1, stride_s=1)


def test_ten_hours_are_cut_in_a_few_seconds() -> None:
    recording = Recording(
        "r", {"acc": ramp(3_600_000, 100.0, channels=3)}, spans=(Span(0, 36_000, "w"),)
    )
    begun = time.perf_counter()
    windows = cut_windows([recording], length_s=2, stride_s=1)
    assert time.perf_counter() - begun < 6
    assert len(windows) == 35_999
