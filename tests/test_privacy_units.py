from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from toy import toy_windows
from wearsynth.errors import DataError
from wearsynth.privacy.keys import Key
from wearsynth.privacy.units import Units, chosen_rows, chosen_units, units_of

KEY = Key(bytes(range(32)))


def all_rows(units: Units) -> list[set[int]]:
    return [set(np.concatenate(by_class).tolist()) for by_class in units.rows]


def test_units_part_the_windows_by_person() -> None:
    windows = toy_windows(people=3, per_class=2)
    units = units_of(windows, "subject")
    assert len(units) == 3
    assert [set(windows.subject[list(rows)]) for rows in all_rows(units)] == [
        {"p00"},
        {"p01"},
        {"p02"},
    ]
    assert set.union(*all_rows(units)) == set(range(len(windows)))
    for by_class in units.rows:
        assert [set(windows.label[rows]) for rows in by_class] == [{0}, {1}, {2}]


def test_units_by_recording_and_by_window() -> None:
    windows = toy_windows(people=2, per_class=2)
    names = np.where(np.arange(len(windows)) % 2, windows.recording, "another")
    assert len(units_of(replace(windows, recording=names), "recording")) == 3
    start_s = np.arange(len(windows), dtype=np.float64) * 2
    by_window = units_of(replace(windows, start_s=start_s), "window")
    assert all_rows(by_window) == [{row} for row in range(len(windows))]


def test_windows_without_a_name_are_refused() -> None:
    windows = toy_windows(people=2, per_class=2)
    nameless = replace(windows, subject=np.where(np.arange(len(windows)) == 3, "", "p"))
    with pytest.raises(DataError, match="privacy by subject needs the subject"):
        units_of(nameless, "subject")


def test_overlapping_windows_are_no_units() -> None:
    windows = toy_windows(people=1, per_class=4)  # each class starts at 0 s: they overlap
    with pytest.raises(DataError, match="overlap"):
        units_of(windows, "window")
    start_s = np.arange(len(windows), dtype=np.float64) * 2
    units_of(replace(windows, start_s=start_s), "window")
    with pytest.raises(DataError, match="overlap"):
        units_of(replace(windows, start_s=0.99 * start_s), "window")
    with pytest.raises(DataError, match="do not tell"):
        units_of(replace(windows, start_s=np.full(len(windows), np.nan)), "window")


def test_each_unit_enters_by_itself() -> None:
    units, probability, steps = 40, 0.3, 2000
    entered = np.zeros((steps, units))
    for step in range(steps):
        entered[step, chosen_units(KEY, step, units, probability)] = 1
    numbers = entered.sum(axis=1)
    # a batch of fixed size has no spread, a Poisson sample that of a binomial number
    expected = units * probability * (1 - probability)
    assert numbers.var() == pytest.approx(expected, rel=4 * np.sqrt(2 / steps))
    assert numbers.mean() == pytest.approx(units * probability, abs=4 * np.sqrt(expected / steps))
    counts = np.bincount(numbers.astype(int), minlength=units + 1)
    law = stats.binom.pmf(np.arange(units + 1), units, probability) * steps
    likely = law > 5
    assert ((counts - law) ** 2 / law)[likely].sum() < stats.chi2.ppf(0.999, likely.sum())
    ties = np.corrcoef(entered.T)[np.triu_indices(units, 1)]
    assert np.abs(ties).max() < 5 / np.sqrt(steps)
    assert ties.mean() == pytest.approx(0, abs=4 / np.sqrt(steps * len(ties)))
    rows = np.corrcoef(entered[1:].ravel(), entered[:-1].ravel())[0, 1]
    assert abs(rows) < 4 / np.sqrt(entered.size)


def test_with_probability_1_all_enter() -> None:
    assert chosen_units(KEY, 5, 7, 1.0).tolist() == list(range(7))


def test_rows_are_a_units_own_and_balanced_over_its_classes() -> None:
    one_class = (np.array([7]),)
    uneven = (np.arange(1), np.arange(1, 7))
    rows = np.concatenate(
        [
            chosen_rows(KEY, step, Units((uneven, one_class)), np.array([0, 1]), 4)
            for step in range(500)
        ],
        axis=1,
    )
    assert set(rows[1].tolist()) == {7}
    assert set(rows[0].tolist()) == set(range(7))
    assert (rows[0] == 0).mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(2000))
    assert chosen_rows(KEY, 0, Units((uneven,)), np.zeros(0, np.int64), 4).shape == (0, 4)
