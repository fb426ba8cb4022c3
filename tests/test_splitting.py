import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wearsynth.data import Windows, windows_from_arrays
from wearsynth.errors import DataError
from wearsynth.splitting import split


def people(count: int, each: int = 10, classes: int = 2) -> Windows:
    subject = [f"S{i}" for i in range(count) for _ in range(each)]
    label = [f"class{i % classes}" for _ in range(count) for i in range(each)]
    values = np.zeros((len(label), 4, 1))
    return windows_from_arrays(values, label, rate_hz=4, channels=[("x", "g")], subject=subject)


def logs(per_class: int, classes: tuple[str, ...] = ("run", "walk"), each: int = 5) -> Windows:
    names = [f"{c}_{i}" for c in classes for i in range(per_class) for _ in range(each)]
    label = [name.split("_")[0] for name in names]
    values = np.zeros((len(label), 4, 1))
    return windows_from_arrays(values, label, rate_hz=4, channels=[("x", "g")], recording=names)


@settings(max_examples=40, deadline=None)
@given(count=st.integers(2, 12), holdout=st.floats(0.1, 0.9), seed=st.integers(0, 50))
def test_split_by_subject_shares_nobody(count: int, holdout: float, seed: int) -> None:
    windows = people(count)
    parts = split(windows, holdout=holdout, seed=seed)
    assert not set(parts.train.subject) & set(parts.holdout.subject)
    assert len(parts.train) + len(parts.holdout) == len(windows)
    assert len(parts.train) and len(parts.holdout)
    again = split(windows, holdout=holdout, seed=seed)
    np.testing.assert_array_equal(parts.holdout.subject, again.holdout.subject)
    wanted = min(max(round(holdout * count), 1), count - 1)
    assert abs(len(set(parts.holdout.subject)) - wanted) <= max(1, 0.06 * count)
    assert parts.notes == ()


def test_seeds_choose_different_people() -> None:
    chosen = {tuple(sorted(set(split(people(10), seed=s).holdout.subject))) for s in range(10)}
    assert len(chosen) > 5


def test_every_class_on_both_sides_where_that_is_possible() -> None:
    only_two_ride = people(8).select(np.arange(80))
    label = [
        "ride" if s in ("S3", "S6") and i % 2 else "walk"
        for i, s in enumerate(only_two_ride.subject)
    ]
    windows = windows_from_arrays(
        np.zeros((80, 4, 1)),
        label,
        rate_hz=4,
        channels=[("x", "g")],
        subject=only_two_ride.subject.tolist(),
    )
    for seed in range(5):
        parts = split(windows, seed=seed)
        assert min(parts.train.counts.values()) > 0
        assert min(parts.holdout.counts.values()) > 0
        assert parts.notes == ()


def test_a_class_of_one_person_is_noted() -> None:
    label = ["ride" if i < 10 else "walk" for i in range(40)]
    windows = windows_from_arrays(
        np.zeros((40, 4, 1)),
        label,
        rate_hz=4,
        channels=[("x", "g")],
        subject=[f"S{i // 10}" for i in range(40)],
    )
    assert any("class ride stands on one side only" in note for note in split(windows).notes)


@settings(max_examples=40, deadline=None)
@given(per_class=st.integers(2, 14), holdout=st.floats(0.1, 0.9), seed=st.integers(0, 50))
def test_recordings_are_held_out_in_runs_of_neighbours(
    per_class: int, holdout: float, seed: int
) -> None:
    parts = split(logs(per_class), holdout=holdout, seed=seed)
    assert not set(parts.train.recording) & set(parts.holdout.recording)
    numbers = {}
    for name in ("run", "walk"):
        held = parts.holdout.recording[parts.holdout.label_names == name]
        numbers[name] = sorted({int(r.split("_")[1]) for r in held})
        assert numbers[name] == list(range(numbers[name][0], numbers[name][-1] + 1))
        assert 1 <= len(numbers[name]) < per_class
        assert abs(len(numbers[name]) - holdout * per_class) <= 1
    assert numbers["run"] == numbers["walk"]
    assert "people are not known" in parts.notes[0]


def test_seeds_choose_different_runs() -> None:
    chosen = {tuple(np.unique(split(logs(10), seed=s).holdout.recording)) for s in range(10)}
    assert len(chosen) > 3


def test_one_recording_a_class_is_held_out_whole_with_a_note() -> None:
    parts = split(logs(1, ("run", "sit", "walk")))
    assert len(parts.train) and len(parts.holdout)
    assert any("one side only" in note for note in parts.notes)


def test_windows_without_names_are_split_in_blocks() -> None:
    values = np.zeros((40, 4, 1))
    windows = windows_from_arrays(values, ["a", "b"] * 20, rate_hz=4, channels=[("x", "g")])
    parts = split(windows, holdout=0.3)
    assert len(parts.holdout) == 12
    assert parts.holdout.counts == {"a": 6, "b": 6}
    assert "neither people nor recordings are known" in parts.notes[0]
    assert set(parts.holdout.group) < {f"{c}-block-{i}" for c in "ab" for i in range(10)}


def test_split_needs_two_groups_and_a_share() -> None:
    with pytest.raises(DataError, match="belong to 1 group"):
        split(people(1))
    for holdout in (0.0, 1.0, -1.0, float("nan")):
        with pytest.raises(DataError, match="between 0 and 1"):
            split(people(3), holdout=holdout)


def test_split_adds_a_line_to_each_part() -> None:
    parts = split(people(10), holdout=0.3, seed=4)
    end = "of a split by subject (holdout 0.3, seed 4; 3 of 10 held)"
    assert parts.train.provenance[-1] == f"train part {end}"
    assert parts.holdout.provenance[-1] == f"holdout part {end}"
