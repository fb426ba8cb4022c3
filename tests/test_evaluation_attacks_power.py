import pytest

from wearsynth.evaluation.attacks.power import (
    as_much_share,
    no_better_than_dealt,
    unrelated_word,
)
from wearsynth.evaluation.reference import Measured, scored
from wearsynth.evaluation.scores import Score


def bad(name: str = "membership_auc") -> Score:
    score = scored(name, Measured(0.9, 0.0, [0.5] * 4, note="told"), limits=(0, 1))
    assert score.verdict == "bad"
    return score


def test_the_deal_that_was_played_is_one_of_all() -> None:
    assert as_much_share(0.9, [0.5] * 99) == pytest.approx(0.01)
    assert as_much_share(0.9, [0.9] * 99) == pytest.approx(1.0)
    assert as_much_share(0.9, [0.9, 0.8, 0.7]) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("as_much", "verdict", "of_worst_person"),
    [(0, "bad", "bad"), (9, "bad", "bad"), (20, "weak", "weak"), (60, "ok", "weak")],
)
def test_what_many_deals_give_as_well_is_no_leak(
    as_much: int, verdict: str, of_worst_person: str
) -> None:
    deals = [0.95] * as_much + [0.5] * (199 - as_much)
    score = no_better_than_dealt(bad(), deals)
    assert score.verdict == verdict
    assert "told; with who was in dealt anew 0." in score.note
    assert no_better_than_dealt(bad("membership_worst_person"), deals).verdict == of_worst_person


def test_a_good_figure_stays_good_and_none_stays_none() -> None:
    good = scored("membership_auc", Measured(0.5, 0.0, [0.5, 0.6]), limits=(0, 1))
    assert no_better_than_dealt(good, [0.9] * 50).verdict == good.verdict == "ok"
    nothing = scored("membership_auc", Measured(None, 0.0), limits=(0, 1))
    assert no_better_than_dealt(nothing, [0.9]) == nothing


def test_unrelated_people_are_found_only_where_most_draws_say_so() -> None:
    assert "the attack succeeds" in unrelated_word([0.01, 0.02, 0.9])
    assert "the attack fails" in unrelated_word([0.01, 0.3, 0.9])
