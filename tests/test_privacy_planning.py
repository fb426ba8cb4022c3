import json
from pathlib import Path

import pytest

from commands import wearsynth
from wearsynth.errors import PrivacyError
from wearsynth.privacy.plan import DpPlan
from wearsynth.privacy.planning import (
    check_delta,
    check_worth,
    expected,
    noise_per_person,
    people_for_training,
    plan_for,
    prospect,
    prospect_lines,
)

PAGE = Path(__file__).parents[1] / "docs" / "privacy-accounting.md"


@pytest.mark.parametrize(
    ("epsilon", "with_15", "with_100", "with_500"),
    [(1, 7.9, 1.18, 0.24), (3, 2.9, 0.44, 0.09), (10, 1.05, 0.16, 0.03)],
)
def test_noise_per_person_and_step_at_known_epsilons(
    epsilon: float, with_15: float, with_100: float, with_500: float
) -> None:
    plan = plan_for(epsilon, delta=1e-5, steps=1000)
    noise = [noise_per_person(plan, people) for people in (15, 100, 500)]
    assert noise == pytest.approx([with_15, with_100, with_500], rel=0.06)
    if not PAGE.exists():
        pytest.skip("the docs are not part of this copy")
    of = prospect(plan, delta=1e-5, people=15, windows_per_person=1)
    cells = [f"{epsilon}", *(f"{value:.2g}" for value in noise), f"{of.people_for_training}"]
    cells += [f"{of.people_for_numbers}", f"{of.membership.auc:.3f}"]
    assert f"| {' | '.join(cells)} |" in PAGE.read_text(encoding="utf-8")


def test_noise_is_shared_among_those_in_a_step_by_hand() -> None:
    plan = DpPlan("subject", 0.5, 1.0, 10.0, 1)
    assert noise_per_person(plan, 40) == 0.5
    assert people_for_training(plan) == 100
    assert noise_per_person(plan, 100) == 0.2


def test_the_advice_follows_from_the_people() -> None:
    plan = plan_for(3.0, delta=1e-5, steps=1000)
    for people, advice, says in (
        (500, "iterative training", "Iterative training: with 500 people"),
        (30, "few numbers", "Few numbers, released once"),
        (9, "no private product", "No private product with 9 people"),
    ):
        of = prospect(plan, delta=1e-5, people=people, windows_per_person=1)
        assert of.advice == advice
        assert of.sentence.startswith(says)
        assert of.sentence in prospect_lines(of)


def test_a_person_of_many_windows_is_hardly_hidden_by_a_unit_of_a_window() -> None:
    plan = plan_for(1.0, delta=1e-5, steps=1)
    one, many = (
        prospect(plan, delta=1e-5, people=50, windows_per_person=n).by_window_epsilon
        for n in (1, 72)
    )
    assert one == pytest.approx(1.0, rel=1e-3)
    assert many > 100


def test_what_was_measured_is_never_of_more_people_or_epsilon() -> None:
    found = expected(5.0, 20)
    assert found is not None
    assert (found.people, found.epsilon) == (14, 3.0)
    assert found.gain_share == pytest.approx((0.6835 - 0.5755) / (0.749 - 0.5755), abs=0.005)
    assert "docs/few-people.md" in found.source
    assert expected(5.0, 4) is None
    assert expected(0.5, 20) is None


def test_training_that_learns_noise_is_refused_unless_accepted() -> None:
    plan = DpPlan("subject", 1.0, 1.0, 30.0, 100)
    with pytest.raises(
        PrivacyError, match=r"would be 2, above the usable 0.2 \(it takes 150 people\)"
    ):
        check_worth(plan, 15)
    check_worth(plan, 15, accept_noise=True)
    check_worth(plan, 150)


def test_a_large_delta_is_refused_or_told() -> None:
    assert check_delta(1e-6, 15, asked=False) is None
    assert check_delta(1e-5, 15, asked=True) is None
    with pytest.raises(PrivacyError, match="delta 2e-05 is above 1e-05, the most for 15 people"):
        check_delta(2e-5, 15, asked=False)
    with pytest.raises(PrivacyError, match="above 5e-07"):
        check_delta(1e-6, 200_000, asked=False)
    told = check_delta(2e-5, 15, asked=True)
    assert told is not None and "it was asked for" in told


def test_the_command_says_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("privacy", "plan", "--people", 15, "--windows", 72, "--epsilon", 1, "--delta", "1e-4")
    code, out, err = wearsynth(capsys, monkeypatch, *words)
    assert (code, err) == (0, "")
    first, *_ = out.splitlines()
    assert first.startswith("delta 0.0001 is above 1e-05")
    assert "No private product with 15 people" in out
    assert "for a person with 72 windows" in out


def test_the_command_gives_the_same_as_json(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("privacy", "plan", "--people", 500, "--epsilon", 3, "--delta", "1e-5", "--json")
    code, out, err = wearsynth(capsys, monkeypatch, *words)
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert told["advice"] == "iterative training"
    assert told["noise_per_person"] == pytest.approx(0.088, abs=0.001)
    assert told["epsilon"] <= 3


def test_an_epsilon_below_zero_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("privacy", "plan", "--people", 5, "--epsilon", "-1")
    code, _, err = wearsynth(capsys, monkeypatch, *words)
    assert code == 1
    assert "epsilon" in err and len(err.splitlines()) == 1
