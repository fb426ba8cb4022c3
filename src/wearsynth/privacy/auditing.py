"""How large must epsilon be, given how well planted people were guessed? An audit in one run.

Canaries, each in by the toss of a fair coin, are guessed in or out from what a mechanism released. If it
is (epsilon, delta)-private, guesses cannot be right too often (Steinke, Nasr and Jagielski, 2023, arXiv
2305.08846, Theorem 5.2). Too many right ones refute the epsilon that is claimed; few prove nothing, for
the guesser may have been bad.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.stats import binom

from wearsynth.errors import ConfigError

Verdict = Literal["consistent with the claim", "VIOLATES the claim", "cannot decide"]

CONFIDENCE = 0.95
MOST_EPSILON = 50.0
MOST_TRIED = 28
HALVINGS = 60
"""Of the interval in which the bound is sought: 50 / 2^60 is nothing."""


@dataclass(frozen=True)
class Audit:
    """What guesses say of a claim.

    epsilon, delta: claimed. canaries: whose coins were tossed. guesses: made, the others were abstained
    from. right: guesses that are right. bound: epsilon is at least so much, at this confidence.
    ceiling: the bound had all canaries been guessed right.
    """

    epsilon: float
    delta: float
    canaries: int
    guesses: int
    right: int
    bound: float
    ceiling: float
    confidence: float

    @property
    def verdict(self) -> Verdict:
        """What the bound says of the claim; nothing where even a perfect guesser could not refute it."""
        if self.bound > self.epsilon:
            return "VIOLATES the claim"
        return "cannot decide" if self.ceiling <= self.epsilon else "consistent with the claim"

    @property
    def line(self) -> str:
        """The audit in one sentence."""
        return (
            f"{self.right} of {self.guesses} guesses about {self.canaries} planted units are right: "
            f"epsilon is at least {self.bound:.2f} ({self.confidence:.0%} confidence; {self.ceiling:.2f} had "
            f"all been right), claimed {self.epsilon:g} at delta {self.delta:g}: {self.verdict}"
        )


def audit_of(
    inside: NDArray[np.bool_],
    guess: NDArray[np.int64],
    *,
    epsilon: float,
    delta: float,
    confidence: float = CONFIDENCE,
) -> Audit:
    """Give what guesses say of a claim.

    inside: (canary,), how the coins fell. guess: (canary,), 1 for in, -1 for out, 0 for abstained.
    """
    made, canaries = int((guess != 0).sum()), len(guess)
    right = int(((guess == 1) & inside | (guess == -1) & ~inside).sum())
    bound = epsilon_bound(
        delta, canaries=canaries, guesses=made, right=right, confidence=confidence
    )
    most = ceiling(canaries, delta, confidence=confidence)
    return Audit(epsilon, delta, canaries, made, right, bound, most, confidence)


def guesses_from(
    scores: NDArray[np.float64], *, middle: float, abstain: int = 0
) -> NDArray[np.int64]:
    """Give a guess for each canary, (canary,): in above the middle, else out.

    scores: (canary,), made without knowledge of the coins. abstain: from so many that lie nearest to
    the middle; settled before scores are seen.
    """
    if not 0 <= abstain < len(scores):
        raise ConfigError(f"cannot abstain from {abstain} of {len(scores)} guesses.")
    guess = np.where(scores > middle, 1, -1)
    guess[np.argsort(np.abs(scores - middle), kind="stable")[:abstain]] = 0
    return guess


def middle_of(scores: NDArray[np.float64]) -> float:
    """Give the cut that parts scores into two groups with the least spread within them (Otsu, 1979).

    It looks at the scores alone, so guesses by it are as good as any for the bound. Half-way between the
    neighbours; where all scores are the same, that score.

    >>> middle_of(np.array([0.0, 0.1, 5.0, 4.0, 0.0]))
    2.05
    """
    ordered = np.sort(scores)
    count, below = len(ordered), np.cumsum(ordered)[:-1]
    low = np.arange(1, count)
    apart = below / low - (ordered.sum() - below) / (count - low)
    between = low * (count - low) * apart**2
    if not len(between) or between.max() <= 0:
        return float(ordered[-1])
    cut = int(between.argmax())
    return float((ordered[cut] + ordered[cut + 1]) / 2)


def likeliest(released: NDArray[np.float64], vectors: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give the likeliest guess for each canary, (canary,), from one noisy sum of the vectors of those in.

    released: (number,), the sum with normal noise, alike in all numbers. vectors: (canary, number). All
    subsets are tried: the sums of one half of the canaries are sought among what those of the other half
    leave. ConfigError for more than 28 canaries.
    """
    if len(vectors) > MOST_TRIED:
        raise ConfigError(
            f"all subsets of {len(vectors)} canaries are too many to try; {MOST_TRIED} at most."
        )
    half = len(vectors) // 2
    first, second = _subsets(half), _subsets(len(vectors) - half)
    left = released - first @ vectors[:half]
    distance, nearest = KDTree(second @ vectors[half:]).query(left)
    best = int(np.argmin(distance))
    inside = np.concatenate([first[best], second[nearest[best]]])
    return np.where(inside > 0, 1, -1)


def _subsets(count: int) -> NDArray[np.float64]:
    """Give all subsets, (subset, member): 1 for in, 0 for out."""
    bits = np.arange(2**count)[:, None] >> np.arange(count)
    return np.asarray(bits & 1, dtype=np.float64)


def p_value(epsilon: float, delta: float, *, canaries: int, guesses: int, right: int) -> float:
    """Give the most that the chance of so many right guesses can be under (epsilon, delta).

    With delta 0 it is the tail of guesses that are right with probability e^epsilon / (1 + e^epsilon);
    a delta lets a canary be given away by bad luck, which 2 * canaries * delta * alpha pays for.
    """
    chance = 1 / (1 + math.exp(-epsilon))
    tail = float(binom.sf(right - 1, guesses, chance))
    fewer = np.arange(1, right + 1)
    just_below = np.cumsum(binom.pmf(right - fewer, guesses, chance))
    alpha = float((just_below / fewer).max()) if right else 0.0
    return min(1.0, tail + 2 * canaries * delta * alpha)


def epsilon_bound(
    delta: float, *, canaries: int, guesses: int, right: int, confidence: float = CONFIDENCE
) -> float:
    """Give the largest epsilon that so many right guesses refute; 0 where they refute none.

    ConfigError where numbers are impossible.
    """
    if not 0 <= right <= guesses <= canaries or canaries < 1:
        raise ConfigError(
            f"{right} right of {guesses} guesses about {canaries} canaries cannot be."
        )

    def refuted(epsilon: float) -> bool:
        p = p_value(epsilon, delta, canaries=canaries, guesses=guesses, right=right)
        return p <= 1 - confidence

    low, high = 0.0, MOST_EPSILON
    if not refuted(low):
        return 0.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if refuted(middle) else (low, middle)
    return low


def ceiling(canaries: int, delta: float, *, confidence: float = CONFIDENCE) -> float:
    """Give the bound when all canaries are guessed right: no audit of so many can show more.

    >>> [round(ceiling(canaries, 0.0), 2) for canaries in (10, 21, 100)]
    [1.05, 1.88, 3.49]
    """
    return epsilon_bound(
        delta, canaries=canaries, guesses=canaries, right=canaries, confidence=confidence
    )


def canaries_needed(epsilon: float, delta: float, *, confidence: float = CONFIDENCE) -> int | None:
    """Give the fewest canaries whose ceiling lies above an epsilon; None where 10,000 are too few."""
    fewest = math.ceil(math.log(1 - confidence) / -math.log1p(math.exp(-epsilon)))
    for canaries in range(max(1, fewest), 10_001):
        if ceiling(canaries, delta, confidence=confidence) > epsilon:
            return canaries
    return None
