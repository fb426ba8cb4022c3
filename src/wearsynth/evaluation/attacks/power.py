"""What a control says about an attack: only one that finds copies can clear a set."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from wearsynth.evaluation.scores import Score

CHANCE_SHARE = 0.05
"""Where more deals than this give as much, a figure does not show that anybody was learnt from."""

LIKELY_SHARE = 0.20
"""Where more deals than this give as much, it does not even hint at it."""

SEEN_SHARE = 0.01
"""Where at most so many deals give as little, it is the holdout that seems to have been learnt from."""

HOLDOUT_SEEN = (
    "the synthetic windows lie nearer to the holdout than to what was learnt from: has the generator "
    "seen the holdout? Then no figure here means anything"
)

NO_POWER = "this attack has no power on these data: "


def surely(score: Score) -> Score:
    """Give the score as bad where all of its interval lies beyond all other real people."""
    if score.interval is None or score.reference is None:
        return score
    return replace(score, verdict="bad") if score.interval[0] > score.reference.worst else score


def no_better_than_dealt(score: Score, deals: Sequence[float]) -> Score:
    """Give the score as weak at most where over 5 % of random deals of who was in give as much.

    As ok where over 20 % do: with few people a leak and chance look alike, and .85 by person that one
    deal in ten reaches is no proof, but no good sign either. Poor windows lie near somebody, whoever
    was learnt from, and lie as near to people of the holdout; and the best of several attacks is above
    chance by choice alone. Dealing people anew tells both from a leak. It cannot clear one single
    person, who is in by chance as well: then the verdict stays weak.
    """
    if score.value is None or not deals:
        return score
    share = as_much_share(score.value, deals)
    told = (
        f"{score.note}; with who was in dealt anew {np.mean(deals):.2f} on average, as much in "
        f"{share:.0%} of deals"
    )
    if score.verdict not in {"weak", "bad"} or share <= CHANCE_SHARE:
        return replace(score, note=told)
    cleared = share > LIKELY_SHARE and score.name != "membership_worst_person"
    return replace(score, note=told, verdict="ok" if cleared else "weak")


def holdout_seen(score: Score, deals: Sequence[float]) -> Score:
    """Give the score as suspicious where others are found in place of members, surely not by chance.

    An attack that is wrong about nearly everybody is a perfect one with its sides exchanged.
    """
    if score.value is None or score.value >= 0.5 or not deals:
        return score
    if as_much_share(-score.value, [-deal for deal in deals]) > SEEN_SHARE:
        return score
    return replace(score, verdict="suspicious (copy?)", note=f"{HOLDOUT_SEEN}; {score.note}")


def as_much_share(value: float, deals: Sequence[float]) -> float:
    """Give the share of deals that give as much as a value, the deal that was played among them."""
    return float((1 + (np.asarray(deals) >= value - 1e-9).sum()) / (1 + len(deals)))


def unrelated_word(shares: Sequence[float]) -> str:
    """Give in words whether the attack finds unrelated people; shares: of deals, for each draw.

    The best of several attacks is above .5 by choice alone, so .5 is not what it is held against.
    """
    if float(np.median(shares)) <= CHANCE_SHARE:
        return "the attack succeeds: train and holdout differ in more than who was learnt from"
    return "as it must, the attack fails: dealing who was in anew gives as much by chance"


def judged(score: Score, leaky: Score) -> Score:
    """Give the score with what its control says; a figure without power is not called good."""
    control = f"a leaky copy gives {leaky.value:.2f}"
    if leaky.verdict in {"bad", "too few"}:
        return replace(score, note=f"{score.note}; {control}")
    told = replace(score, note=f"{NO_POWER}{control}; {score.note}")
    return (
        told
        if score.verdict in {"bad", "suspicious (copy?)"}
        else replace(told, verdict="no power")
    )


def power_of(leaky: dict[str, Score]) -> str:
    """Give in words whether the attack finds copies; leaky: what it gives on them -> the score."""
    if all(score.verdict == "too few" for score in leaky.values()):
        return "too few groups to say whether the attack succeeds"
    missed = [name for name, score in leaky.items() if score.verdict != "bad"]
    if missed:
        return f"{NO_POWER}{', '.join(missed)}"
    return "as it must, the attack succeeds"
