"""What splitting promises, for any structure of groups."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from wearsynth.data import Windows, windows_from_arrays
from wearsynth.splitting import split

REPEATABLE = settings(max_examples=120, deadline=None, derandomize=True, database=None)
KINDS = st.sampled_from(["subject", "recording", "both"])


@st.composite
def sets(draw: st.DrawFn) -> Windows:
    """Windows of 2 to 12 groups of any sizes and classes, in any order; values are their numbers."""
    groups = draw(st.integers(2, 12))
    who, label = [], []
    for group in range(groups):
        of = draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=25))
        who += [f"g{group}"] * len(of)
        label += of
    order = np.random.default_rng(draw(st.integers(0, 99))).permutation(len(who))
    who = [who[i] for i in order]
    kind = draw(KINDS)
    return windows_from_arrays(
        np.arange(len(who), dtype=np.float32)[:, None, None],
        [label[i] for i in order],
        rate_hz=1,
        channels=[("x", "g")],
        subject=None if kind == "recording" else who,
        recording=None
        if kind == "subject"
        else [f"{w}_{i % 3}" for i, w in enumerate(who)]
        if kind == "both"
        else who,
    )


def numbers(windows: Windows) -> list[int]:
    return [int(value) for value in windows.signal().values[:, 0, 0]]


@REPEATABLE
@given(windows=sets(), holdout=st.floats(0.05, 0.95), seed=st.integers(0, 2**31))
def test_groups_are_whole_and_every_window_is_on_one_side(
    windows: Windows, holdout: float, seed: int
) -> None:
    parts = split(windows, holdout=holdout, seed=seed)
    assert not set(parts.train.group) & set(parts.holdout.group)
    assert len(parts.train) and len(parts.holdout)
    assert sorted(numbers(parts.train) + numbers(parts.holdout)) == list(range(len(windows)))
    for part in (parts.train, parts.holdout):
        own = numbers(part)
        assert own == sorted(own)  # their order stays
        np.testing.assert_array_equal(part.label_names, windows.label_names[own])
        np.testing.assert_array_equal(part.subject, windows.subject[own])
    again = split(windows, holdout=holdout, seed=seed)
    assert numbers(again.holdout) == numbers(parts.holdout)


@REPEATABLE
@given(
    groups=st.integers(4, 15),
    each=st.integers(1, 8),
    holdout=st.floats(0.15, 0.85),
    seed=st.integers(0, 99),
)
def test_the_share_is_near_the_wanted_one_where_groups_allow(
    groups: int, each: int, holdout: float, seed: int
) -> None:
    """With groups of one size and all classes, the nearest share lies within half a group."""
    who = [f"p{g}" for g in range(groups) for _ in range(2 * each)]
    windows = windows_from_arrays(
        np.zeros((len(who), 1, 1)), ["a", "b"] * (groups * each), rate_hz=1, channels=[("x", "g")],
        subject=who,
    )  # fmt: skip
    share = len(split(windows, holdout=holdout, seed=seed).holdout) / len(windows)
    assert abs(share - holdout) <= 0.5 / groups + 0.05 + 1e-9


@REPEATABLE
@given(windows=sets(), seed=st.integers(0, 99))
def test_a_class_on_one_side_only_is_always_told(windows: Windows, seed: int) -> None:
    parts = split(windows, seed=seed)
    torn = [
        name
        for name, count in windows.counts.items()
        if count and 0 in (parts.train.counts[name], parts.holdout.counts[name])
    ]
    said = [note for note in parts.notes if "stands on one side only" in note]
    assert len(said) == bool(torn)
    assert all(name in said[0].split("class ")[1].split(" stands")[0] for name in torn)
