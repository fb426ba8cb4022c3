from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from wearsynth.data import (
    Channel,
    Recording,
    Signal,
    SignalWindows,
    Span,
    Split,
    Windows,
    check_no_shared_groups,
    check_same_kind,
    concat,
    windows_from_arrays,
)
from wearsynth.errors import DataError
from wearsynth.names import natural_key

X = (Channel("x", "g"),)
DOUBLE: Any = np.zeros((3, 1))


def numbered(label: list[str], **known: Any) -> Windows:
    """Windows whose values are their own numbers."""
    values = np.repeat(np.arange(len(label), dtype=np.float32), 4).reshape(-1, 4, 1)
    return windows_from_arrays(values, label, rate_hz=2, channels=[("x", "g")], **known)


def test_times_follow_from_the_rate() -> None:
    late = Signal(np.zeros((30, 1), np.float32), 10.0, X, start_s=2.0)
    early = Signal(np.zeros((4, 1), np.float32), 1.0, X)
    assert late.end_s == 5
    assert Recording("r", {"late": late, "early": early}).duration_s == 5
    assert numbered(["a"]).signal().length_s == 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Channel("x", "furlong"), "unknown unit 'furlong'"),
        (lambda: Signal(np.zeros(3, np.float32), 1.0, X), r"must be \(time, channel\)"),
        (lambda: Signal(DOUBLE, 1.0, X), "must be float32, got float64"),
        (lambda: Signal(np.zeros((3, 1), np.float32), 0.0, X), "rate_hz must be above 0"),
        (lambda: Signal(np.zeros((3, 1), np.float32), np.nan, X), "rate_hz must be above 0"),
        (lambda: Signal(np.zeros((3, 2), np.float32), 1.0, X), "got 2 columns for 1 channels"),
        (lambda: Signal(np.zeros((3, 2), np.float32), 1.0, X * 2), "channel names must differ"),
        (lambda: SignalWindows(np.zeros((3, 1), np.float32), 1.0, X), r"\(window, time, channel\)"),
        (
            lambda: SignalWindows(np.full((2, 3, 1), np.nan, np.float32), 1.0, X),
            r"2 window\(s\) hold NaN or infinity, first window 0",
        ),
        (lambda: Recording("r", {}), "recording 'r' has no signals"),
        (lambda: numbered(["a"], classes=("b",)), "unknown class 'a'"),
        (lambda: numbered(["a", "b"], classes=("a", "a", "b")), "class names must differ"),
        (lambda: numbered(["a", "b"], subject=["S1"]), "subject has 1 windows, label has 2"),
        (lambda: numbered(["a"]).signal("gyro"), "name one of the signals acc, got 'gyro'"),
        (lambda: numbered(["walk"]).of_class("wolk"), "Did you mean 'walk'"),
        (lambda: concat([]), "nothing to join"),
        (
            lambda: numbered(["a", "b"], covariates={"age": [31.0]}),
            "covariate 'age' has 1 windows, label has 2",
        ),
        (
            lambda: numbered(["a", "b"], covariates={"age": [[31.0], [45.0]]}),
            r"covariate 'age' must be \(window,\) float64, got float64 of shape \(2, 1\)",
        ),
        (
            lambda: replace(numbered(["a"]), covariates={"age": np.array([31])}),
            r"must be \(window,\) float64, got int64",
        ),
        (
            lambda: numbered(["a", "b"], covariates={"age": [31, -np.inf]}),
            "covariate 'age' is infinite in window 1",
        ),
        (lambda: numbered(["a"], covariates={" ": [31]}), "a covariate needs a name"),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        make()


def test_a_span_must_end_after_its_start() -> None:
    signals = {"acc": Signal(np.zeros((3, 1), np.float32), 1.0, X)}
    with pytest.raises(DataError, match="does not end after its start"):
        Recording("r", signals, spans=(Span(1, 1, "a"),))


def test_labels_and_counts() -> None:
    windows = numbered(["b", "a", "b"], classes=("b", "c", "a"))
    assert windows.label.tolist() == [0, 2, 0]
    assert windows.label_names.tolist() == ["b", "a", "b"]
    assert windows.counts == {"b": 2, "c": 0, "a": 1}
    assert numbered(["b", "a"]).classes == ("a", "b")
    assert len(windows) == 3


def test_select_keeps_the_order_asked_for() -> None:
    windows = numbered(["a", "b", "a"], subject=["S1", "S2", "S3"], start_s=[0, 1, 2])
    chosen = windows.select(np.array([2, 0]))
    assert chosen.signal().values[:, 0, 0].tolist() == [2, 0]
    assert chosen.subject.tolist() == ["S3", "S1"]
    assert chosen.start_s.tolist() == [2, 0]
    assert windows.of_class("b").signal().values[:, 0, 0].tolist() == [1]


def test_group_is_subject_else_recording_else_block() -> None:
    windows = numbered(["a"] * 4, subject=["S1", "", "S2", ""], recording=["r1", "r1", "r2", ""])
    assert windows.group.tolist() == ["S1", "r1", "S2", "a-block-0"]


def test_blocks_are_tenths_of_each_class() -> None:
    windows = numbered(["a", "b"] * 20)
    assert windows.group[::2].tolist() == [f"a-block-{i // 2}" for i in range(20)]
    assert windows.group[1::2].tolist() == [f"b-block-{i // 2}" for i in range(20)]


def test_case_channel_time_swaps_the_last_two_axes() -> None:
    values = np.arange(12).reshape(2, 3, 2)
    windows = windows_from_arrays(values, ["a", "a"], rate_hz=3, channels=[("x", "g"), ("y", "g")])
    assert windows.to_case_channel_time().tolist()[0] == [[0, 2, 4], [1, 3, 5]]


def test_concat_joins_and_keeps_each_line_once() -> None:
    a = numbered(["a", "b"], subject=["S1", "S1"]).with_provenance("cut")
    b = numbered(["b", "a"], subject=["S2", "S2"]).with_provenance("cut").with_provenance("turned")
    both = concat([a, b])
    assert both.label_names.tolist() == ["a", "b", "b", "a"]
    assert both.signal().values[:, 0, 0].tolist() == [0, 1, 0, 1]
    assert both.provenance == ("cut", "turned")


def test_sets_that_differ_are_named() -> None:
    a = numbered(["a", "b"])
    for other, message in (
        (numbered(["a", "c"]), "classes"),
        (
            windows_from_arrays(np.zeros((2, 4, 1)), ["a", "b"], rate_hz=3, channels=[("x", "g")]),
            "rate_hz of acc 2.0 against 3.0",
        ),
        (
            windows_from_arrays(np.zeros((2, 5, 1)), ["a", "b"], rate_hz=2, channels=[("x", "g")]),
            "readings a window of acc 4 against 5",
        ),
        (
            windows_from_arrays(
                np.zeros((2, 4, 1)), ["a", "b"], rate_hz=2, channels=[("x", "m/s2")]
            ),
            "channels of acc",
        ),
    ):
        with pytest.raises(DataError, match=f"left and right do not fit: {message}"):
            check_same_kind(a, other, "left", "right")
    check_same_kind(a, numbered(["b", "a"]), "left", "right")


@pytest.mark.parametrize("value", [np.nan, np.inf, "31", None])
def test_a_recording_knows_a_covariate_or_leaves_it_out(value: Any) -> None:
    signals = {"acc": Signal(np.zeros((3, 1), np.float32), 1.0, X)}
    known = Recording("r", signals, covariates={"age": 31, "height_cm": float(np.float32(175.5))})
    assert known.covariates == {"age": 31, "height_cm": 175.5}
    assert Recording("r", signals).covariates == {}
    with pytest.raises(DataError, match="'r': covariate 'age' must be a finite number, got"):
        Recording("r", signals, covariates={"age": value})


def test_covariates_follow_their_windows() -> None:
    assert numbered(["a"]).covariates == {}
    known: Any = {"age": [31, np.nan, 45], "height_cm": [170, 180, 190]}
    windows = numbered(["a", "b", "a"], covariates=known)
    assert windows.select(np.array([2, 0])).covariates["age"].tolist() == [45, 31]
    assert windows.of_class("b").covariates["height_cm"].tolist() == [180]
    assert np.isnan(windows.select(slice(1, 2)).covariates["age"]).all()
    turned = dict(reversed(known.items()))  # the order of names does not matter
    both = concat([windows, numbered(["b", "a", "b"], covariates=turned)])
    assert list(both.covariates) == ["age", "height_cm"]
    np.testing.assert_array_equal(both.covariates["age"], [31, np.nan, 45] * 2)


def test_sets_with_other_covariates_are_not_joined() -> None:
    a, b = numbered(["a"], covariates={"age": [31]}), numbered(["a"])
    message = (
        r"the first set and another set do not fit: covariates \['age'\] against \[\]. Give both the "
        "same covariates, NaN where unknown."
    )
    with pytest.raises(DataError, match=message):
        concat([a, b])
    with pytest.raises(DataError, match=r"covariates \[\] against \['age'\]"):
        check_same_kind(b, a, "left", "right")


def test_a_split_shares_no_group() -> None:
    windows = numbered(["a"] * 4, subject=["S1", "S1", "S2", "S10"])
    Split(windows.select(np.array([0, 1])), windows.select(np.array([2, 3])))
    with pytest.raises(DataError, match=r"share 1 group\(s\): S1\."):
        Split(windows.select(np.array([0, 2])), windows.select(np.array([1, 3])))
    with pytest.raises(DataError, match=r"share 2 group\(s\): S2, S10\."):
        check_no_shared_groups(["S10", "S2"], ["S2", "S10"], "a", "b")
    check_no_shared_groups([], ["S1"], "a", "b")


def test_natural_order() -> None:
    names = ["log_10", "log_2", "a1", "log_1", "a"]
    assert sorted(names, key=natural_key) == ["a", "a1", "log_1", "log_2", "log_10"]


def test_natural_order_of_any_digits() -> None:
    names = ["9" * 5000, "x²", "²", "010", "9", "s02", "s2", "s1", "0"]
    wanted = ["0", "9", "010", "9" * 5000, "s1", "s02", "s2", "x²", "²"]
    assert sorted(names, key=natural_key) == wanted
    names.reverse()
    assert sorted(names, key=natural_key) == wanted


def test_a_channel_without_its_unit_is_said() -> None:
    with pytest.raises(DataError, match=r"pairs \(name, unit\).*got 'acc_x'"):
        windows_from_arrays(np.zeros((1, 4, 1)), ["a"], rate_hz=4, channels=["acc_x"])  # type: ignore[list-item]
