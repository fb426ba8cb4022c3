"""What a control says about an attack: only one that finds copies can clear a set."""

from dataclasses import replace

from wearsynth.evaluation.scores import Score

CHANCE_SHARE = 0.05
"""Where more deals than this give as much, a figure says nothing of who was learnt from."""

NO_POWER = "this attack has no power on these data: "


def surely(score: Score) -> Score:
    """Give the score as bad where all of its interval lies beyond all other real people."""
    if score.interval is None or score.reference is None:
        return score
    return replace(score, verdict="bad") if score.interval[0] > score.reference.worst else score


def no_better_than_dealt(score: Score, share: float) -> Score:
    """Give the score as ok where a share above 5 % of deals of who was in give as much.

    Poor windows lie near somebody, whoever was learnt from, and lie as near to people of the holdout:
    dealing people anew tells that from a leak. It cannot clear one single person, who is in by
    chance as well: then the verdict is weak.
    """
    told = f"{score.note}; {share:.0%} of random deals of who was in give as much"
    verdict = score.verdict
    if verdict in {"weak", "bad"} and share > CHANCE_SHARE:
        verdict = "weak" if score.name == "membership_worst_person" else "ok"
    return replace(score, note=told, verdict=verdict)


def judged(score: Score, leaky: Score) -> Score:
    """Give the score with what its control says; a figure without power is not called good."""
    control = f"a leaky copy gives {leaky.value:.2f}"
    if leaky.verdict in {"bad", "too few"}:
        return replace(score, note=f"{score.note}; {control}")
    told = replace(score, note=f"{NO_POWER}{control}; {score.note}")
    return told if score.verdict == "bad" else replace(told, verdict="no power")


def power_of(leaky: dict[str, Score]) -> str:
    """Give in words whether the attack finds copies; leaky: what it gives on them -> the score."""
    if all(score.verdict == "too few" for score in leaky.values()):
        return "too few groups to say whether the attack succeeds"
    missed = [name for name, score in leaky.items() if score.verdict != "bad"]
    if missed:
        return f"{NO_POWER}{', '.join(missed)}"
    return "as it must, the attack succeeds"
