import json
from pathlib import Path

import numpy as np
import pytest

from few_toys import toy_people
from toy import toy_windows
from wearsynth.audits import AuditReport, audit_fit, report_of, write_audit
from wearsynth.canaries import PREFIX, Heard, hear, hear_release, plant, rehearse, toss
from wearsynth.config import FitConfig, PrivacyConfig
from wearsynth.data import Windows
from wearsynth.errors import ConfigError, DataError
from wearsynth.few_numbers import PublicPart, public_part, release_noise
from wearsynth.model import Model
from wearsynth.privacy.plan import DpPlan
from wearsynth.privacy.planning import plan_for

TINY = FitConfig(generator="flow", rounds=10, width=8, seed=1)
INSIDE = np.arange(21) % 2 == 0


@pytest.fixture(scope="module")
def real() -> Windows:
    return toy_windows(people=6, per_class=2)


def heard_with(real: Windows, plan: DpPlan, config: FitConfig = TINY) -> Heard:
    planted = plant(real, INSIDE, unit="subject", seed=0)
    return hear(rehearse(planted, config, plan, windows_per_unit=4))


def right(heard: Heard) -> int:
    return int((heard.guesses == np.where(INSIDE, 1, -1)).sum())


def plan_with(noise_multiplier: float) -> DpPlan:
    return DpPlan("subject", 1.0, 1.0, noise_multiplier, 10)


def test_only_those_who_are_in_are_planted_and_nothing_of_a_real_person(real: Windows) -> None:
    planted = plant(real, INSIDE, unit="subject", seed=0)
    names = np.unique(planted.windows.subject[planted.canary >= 0])
    assert names.tolist() == [f"{PREFIX}{number:03d}" for number in range(0, 21, 2)]
    assert (planted.windows.subject[planted.canary < 0] == real.subject).all()
    other = plant(toy_windows(people=6, per_class=2, seed=9), INSIDE, unit="subject", seed=0)
    mine, theirs = (of.windows.signal().values[of.canary >= 0] for of in (planted, other))
    assert (mine == theirs).all()
    assert (planted.windows.label[: len(real)] == real.label).all()
    assert len(np.unique(planted.canaries.subject)) == 21


def test_a_canary_of_unit_window_is_one_window(real: Windows) -> None:
    planted = plant(real, INSIDE, unit="window", seed=0)
    assert planted.canary[len(real) :].tolist() == np.flatnonzero(INSIDE).tolist()


def test_a_name_that_is_taken_is_refused(real: Windows) -> None:
    planted = plant(real, INSIDE, unit="subject", seed=0)
    with pytest.raises(DataError, match="rename it"):
        plant(planted.windows, INSIDE, unit="subject", seed=0)


def test_coins_are_fair_and_no_two_tosses_alike() -> None:
    assert 300 < toss(800).sum() < 500
    assert (toss(64) != toss(64)).any()


def test_without_noise_all_are_found_and_with_it_they_are_not(real: Windows) -> None:
    assert right(heard_with(real, plan_with(1e-6))) == 21
    noisy = heard_with(real, plan_for(1.0, delta=1e-6, steps=10))
    assert right(noisy) < 20


def test_a_pull_is_the_clip_norm_a_step_and_exactly_nothing_where_a_canary_is_out(
    real: Windows,
) -> None:
    scores = heard_with(real, plan_with(0.0)).scores
    assert scores[~INSIDE].tolist() == [0.0] * 10
    assert scores[INSIDE] == pytest.approx(10.0, rel=1e-2)
    assert scores.max() <= 10.0


def test_a_gan_is_heard_through_its_critic(real: Windows) -> None:
    config = FitConfig(generator="wgan-gp", rounds=4, critic_updates=2, batch_size=8, width=8)
    plan = DpPlan("subject", 1.0, 1.0, 1e-6, 8)
    assert right(heard_with(real, plan, config)) == 21


def test_the_report_of_a_broken_build(real: Windows, tmp_path: Path) -> None:
    planted = plant(real, INSIDE, unit="subject", seed=0)
    heard = hear(rehearse(planted, TINY, plan_with(1e-6), windows_per_unit=4))
    privacy = PrivacyConfig(epsilon=1.0)
    report = report_of(heard, planted, None, privacy, seed=0)
    assert report.audit.verdict == "VIOLATES the claim"
    assert report.attacks[0].exceeded and report.attacks[1].told is None
    write_audit(report, tmp_path / "audit.json")
    told = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert told["verdict"] == "VIOLATES the claim"
    assert told["exceeded"] == ["Canaries, heard in training"]
    assert told["internal"].startswith("internal")
    assert "MORE THAN the claim allows" in "\n".join(report.lines)


def by_canaries(real: Windows, canaries: int, *, scale: float = 1.0) -> AuditReport:
    """Give the report where scores are the coins themselves, in order or the other way round."""
    inside = np.arange(canaries) % 2 == 0
    planted = plant(real, inside, unit="subject", seed=0)
    perfect = scale * (inside + np.arange(canaries) / 1e3)
    guesses = np.where(inside, 1, -1)
    heard = Heard(perfect, guesses, rehearsed_model(real), "nothing", 1.0)
    return report_of(heard, planted, None, PrivacyConfig(epsilon=1.0), seed=0)


def rehearsed_model(real: Windows) -> Model:
    return heard_with(real, plan_with(1.0)).model


def test_perfect_scores_are_more_than_a_claim_allows_where_canaries_are_many(real: Windows) -> None:
    many = by_canaries(real, 60).attacks[0]
    assert many.exceeded and not many.undecided
    assert "30 in, 30 out), MORE THAN the claim allows, 0.57 (by luck up to 0." in many.line
    wrong = by_canaries(real, 60, scale=-1.0).attacks[0]
    assert not wrong.exceeded and "not surely more than the claim allows, 0.57" in wrong.line


def test_so_few_canaries_cannot_decide(real: Windows) -> None:
    report = by_canaries(real, 4)
    few = report.attacks[0]
    assert few.told is not None and few.told.auc == 1.0
    assert few.undecided and not few.exceeded
    assert "too few to decide whether that is more than the claim allows" in few.line
    told = json.loads(report.to_json())
    assert told["undecided"] == ["Canaries, heard in training"] and told["exceeded"] == []
    assert told["attacks"][0]["by_luck"] == 1.0


def test_a_whole_audit(real: Windows) -> None:
    privacy = PrivacyConfig(epsilon=1.0, windows_per_unit=4)
    report = audit_fit(real, TINY, privacy, canaries=21)
    assert report.audit.epsilon == 1.0 and report.audit.guesses == 21
    assert 1.8 < report.audit.ceiling < 1.9
    by_windows = report.attacks[1]
    assert by_windows.told is not None
    assert (by_windows.told.members, by_windows.told.others) == (2, 4)
    few = audit_fit(real, TINY, privacy, canaries=5)
    assert few.audit.verdict == "cannot decide"
    assert few.needed is not None and f"{few.needed} or more canaries could" in "\n".join(few.lines)


FEW = FitConfig(generator="few-numbers", seed=0)


@pytest.fixture(scope="module")
def public() -> Windows:
    return toy_people(8, stress_us=2.0, seed=0, name="public")


@pytest.fixture(scope="module")
def part(public: Windows) -> PublicPart:
    return public_part(public, 0, PrivacyConfig())


def heard_release(part: PublicPart, noise_multiplier: float, *, seed: int = 0) -> Heard:
    planted = plant(toy_people(6, stress_us=1.0, seed=5), INSIDE, unit="subject", seed=seed)
    return hear_release(planted, part, FEW, unit="subject", noise_multiplier=noise_multiplier)


def test_a_release_without_noise_gives_all_away_and_one_with_noise_does_not(
    part: PublicPart,
) -> None:
    assert right(heard_release(part, 1e-4)) == 21
    noise = release_noise(1.0, 1e-6, numbers=part.design.numbers + 1)
    assert right(heard_release(part, noise)) < 20


def test_canaries_of_a_release_add_as_much_as_clipping_lets_them(part: PublicPart) -> None:
    one = np.arange(21) == 3
    planted = plant(toy_people(6, stress_us=1.0, seed=5), one, unit="subject", seed=0)
    heard = hear_release(planted, part, FEW, unit="subject", noise_multiplier=1e-6)
    assert heard.scores[3] == pytest.approx(part.design.whole_norm**2, rel=1e-3)
    assert heard.scores[3] == heard.scores.max()


def test_a_whole_audit_of_few_numbers(public: Windows) -> None:
    private = toy_people(8, stress_us=1.0, seed=5)
    privacy = PrivacyConfig(epsilon=1.0)
    report = audit_fit(private, FEW, privacy, canaries=21, public=public)
    assert "one release of" in report.how
    fewer = PrivacyConfig(epsilon=1.0, numbers=3)
    short = audit_fit(private, FEW, fewer, canaries=5, public=public)
    assert "one release of 3 numbers" in short.how
    assert report.attacks[0].told is not None and report.attacks[1].told is not None
    with pytest.raises(ConfigError, match="give --public"):
        audit_fit(private, FEW, privacy, canaries=21)
    with pytest.raises(ConfigError, match="28 at most"):
        audit_fit(private, FEW, privacy, canaries=29, public=public)


def test_what_cannot_be_audited_is_refused(real: Windows) -> None:
    with pytest.raises(ConfigError, match="give --epsilon"):
        audit_fit(real, TINY, PrivacyConfig(), canaries=21)
    with pytest.raises(ConfigError, match="a mixture has no private fit"):
        audit_fit(real, FitConfig(generator="mixture"), PrivacyConfig(epsilon=1.0), canaries=21)
