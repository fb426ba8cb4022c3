from dataclasses import replace

import numpy as np
import pytest

from toy import toy_windows
from wearsynth.data import Windows
from wearsynth.errors import DataError
from wearsynth.evaluation.attacks.people import told_by_scores, told_by_windows
from wearsynth.evaluation.controls import Copying


@pytest.fixture(scope="module")
def people() -> Windows:
    return toy_windows(people=12, per_class=6)


def part(windows: Windows, first: int, past: int) -> Windows:
    names = [f"p{number:02d}" for number in range(first, past)]
    return windows.select(np.isin(windows.subject, names))


def test_a_copy_tells_who_was_in_and_windows_of_unrelated_people_do_not(people: Windows) -> None:
    members, others = part(people, 0, 6), part(people, 6, 12)
    copies = Copying(members).sample(members.counts, seed=0)
    told = told_by_windows(copies, members, others, seed=0)
    assert told.auc > 0.9 and told.interval[0] > 0.8
    assert (told.members, told.others) == (6, 6)
    strangers = toy_windows(people=6, per_class=6, seed=7)
    unrelated = Copying(strangers).sample(strangers.counts, seed=0)
    assert told_by_windows(unrelated, members, others, seed=0).interval[0] < 0.75


def test_too_few_people_are_refused(people: Windows) -> None:
    with pytest.raises(DataError, match="1 people in and 6 out"):
        told_by_windows(
            replace(part(people, 0, 1), synthetic=np.full(18, True)),
            part(people, 0, 1),
            part(people, 6, 12),
            seed=0,
        )


def test_scores_by_hand() -> None:
    inside = np.array([True, True, False, False])
    every = told_by_scores(np.array([2.0, 3.0, 0.0, 1.0]), inside, seed=0)
    none = told_by_scores(np.array([0.0, 1.0, 2.0, 3.0]), inside, seed=0)
    half = told_by_scores(np.array([3.0, 0.0, 1.0, 2.0]), inside, seed=0)
    assert every is not None and none is not None and half is not None
    assert (every.auc, none.auc, half.auc) == (1.0, 0.0, 0.5)
    assert every.interval == (1.0, 1.0)
    assert half.interval[0] < 0.5 < half.interval[1]
    assert told_by_scores(np.array([1.0, 2.0]), np.array([True, True]), seed=0) is None
