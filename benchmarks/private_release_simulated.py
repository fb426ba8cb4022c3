"""What a release of few numbers loses to what: on simulated people, whose true difference is known.

Usage: python benchmarks/private_release_simulated.py [--people 14] [--trials 300] [--shared FOLDER]

Either set of private_release.py is public in turn; nobody of the other is looked at. In a trial the true
difference of stress from rest is drawn: up to once the public people's and up to once the textbook's,
some numbers of it missing or the other way round, and a quarter of an sd of chance in each. People are
that difference, and what sets a public person apart, drawn with replacement and with a random sign; in
the last columns both are halved, and windows vary half as much. The judge is linear, with the public
covariance of windows within a class; its AUC is reckoned, not counted.
The noise is of a seed: nothing here is private.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import NormalDist

import numpy as np
from private_release import DATA, DELTA, ROOT, SEED

from wearsynth.config import PrivacyConfig
from wearsynth.few_numbers import (
    PublicPart,
    features_of,
    owners,
    public_part,
    release_noise,
    textbook_of,
)
from wearsynth.privacy.discrete_gaussian import NoisySum
from wearsynth.privacy.few_numbers import (
    CLIP_SHARE,
    TAU_SHARE,
    Design,
    Estimate,
    estimate,
    shrunk,
    with_count,
)

COLUMNS = ((1.0, None), (1.0, 10.0), (1.0, 3.0), (1.0, 1.0), (0.5, None), (0.5, 3.0), (0.5, 1.0))
"""How large differences are beside the public people's, and epsilon."""

RIDGE = 0.3
"""Added to the judge's covariance, whose diagonal is about 1."""

CHANCE_SD = 0.25
LEAST, MOST = -0.25, 1.25


@dataclass(frozen=True, eq=False)
class Setting:
    """What is public: the design, each person's difference (person, number) in sd, and a covariance."""

    design: Design
    own: np.ndarray
    book: np.ndarray
    within: np.ndarray


Change = Callable[[Setting, Design, np.ndarray], Design]
UNCOUNTED = "count in public"


def main() -> None:
    """Print a table for each public set."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--people", type=int, default=14)
    given.add_argument("--trials", type=int, default=300)
    given.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    options = given.parse_args()
    for private in ("e4_stress", "wesad"):
        public = DATA[private][1](options.shared)
        setting = setting_of(public_part(public, SEED, PrivacyConfig(delta=DELTA)))
        name = "WESAD" if private == "e4_stress" else "E4 stress"
        print(f"\n**{name} in public, {options.people} simulated people**: {sizes(setting)}\n")
        print("| | no noise | epsilon 10 | 3 | 1 | half as large: no noise | 3 | 1 |")
        print("|---|---|---|---|---|---|---|---|")
        for row in ("no private data", *WAYS):
            print(line(row, setting, options.people, options.trials), flush=True)


def setting_of(part: PublicPart) -> Setting:
    """Make a setting of what is public."""
    plain = features_of(part.windows, replace(part, usual=None), unit="subject")
    told = np.clip((plain.values - part.design.centre) / part.design.spread, -4, 4)
    owner, label = owners(part.windows, "subject"), part.windows.label
    own = [
        told[(owner == name) & (label == 1)].mean(axis=0)
        - told[(owner == name) & (label == 0)].mean(axis=0)
        for name in np.unique(owner)
    ]
    for index in (0, 1):
        told[label == index] -= told[label == index].mean(axis=0)
    book = textbook_of(part.representation, part.windows.classes)
    assert book is not None
    return Setting(part.design, np.array(own), np.nan_to_num(book[0]), np.cov(told.T))


def sizes(of: Setting) -> str:
    """Say how long differences are, and the noise in their mean that epsilon 3 puts there."""
    design = of.design
    one, mean = np.linalg.norm(of.own, axis=1).mean(), np.linalg.norm(of.own.mean(axis=0))
    noise = release_noise(3.0, DELTA, numbers=design.numbers + 1) * design.whole_norm
    long = noise * np.linalg.norm(design.units)
    return (
        f"clip norm {design.clip_norm:.2f}; in sd of a window, a person's difference is "
        f"{one:.2f} long, the public people's mean {mean:.2f}, "
        f"noise at epsilon 3 {long:.1f} over the number of people"
    )


def clipped_at(of: Setting, clip_norm: float, design: Design) -> Design:
    """Give the design with another clip norm."""
    numbers = of.own @ design.directions / design.units
    left = np.minimum(1, clip_norm / np.linalg.norm(numbers, axis=1)).mean()
    tau = design.tau * clip_norm / design.clip_norm
    return replace(design, clip_norm=clip_norm, let_through=float(left), tau=tau)


def equal_numbers(of: Setting, design: Design) -> Design:
    """Give the design in which all numbers are told in sd, and half an sd of each is let through."""
    size = design.numbers
    tau = np.full(size, design.clip_norm * np.sqrt(TAU_SHARE / size))
    plain = replace(design, directions=np.eye(size), units=np.ones(size), tau=tau)
    return clipped_at(of, 0.5 * float(np.sqrt(size)), plain)


WAYS: dict[str, Change] = {
    "as it is": lambda _of, design, _true: design,
    UNCOUNTED: lambda _of, design, _true: design,
    "clip norm: the public people's length": lambda of, design, _true: clipped_at(
        of, design.clip_norm / CLIP_SHARE, design
    ),
    "clip norm half of what it is": lambda of, design, _true: clipped_at(
        of, design.clip_norm / 2, design
    ),
    "equal numbers, clip norm .5 sqrt(18)": lambda of, design, _true: equal_numbers(of, design),
    "shrunk more: half the departure expected": lambda _of, design, _true: replace(
        design, tau=design.tau / 2
    ),
    "shrunk less: twice the departure expected": lambda _of, design, _true: replace(
        design, tau=design.tau * 2
    ),
    "no prior: shrunk to 0": lambda _of, design, true: replace(design, prior=0 * true[None]),
    "a prior that is right": lambda _of, design, true: replace(design, prior=true[None]),
}


def line(name: str, of: Setting, people: int, trials: int) -> str:
    """Give a row of the table."""
    told = []
    for scale, epsilon in COLUMNS:
        scores = []
        for trial in range(trials):
            true, vectors = simulated(of, people, scale, seed=trial)
            found = of.design.prior[0]
            if name in WAYS:
                design = WAYS[name](of, of.design, scale * true)
                counted = name != UNCOUNTED
                found = released(design, vectors, epsilon, counted=counted, seed=trial)
            scores.append(auc(of, found, true))
        told.append(f"{np.mean(scores):.3f}")
    return f"| {name} | " + " | ".join(told) + " |"


def simulated(
    of: Setting, people: int, scale: float, *, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Give a true difference (number,), and people's (person, number) about `scale` times that."""
    rng = np.random.default_rng([seed, SEED])
    mean = of.own.mean(axis=0)
    kinds = rng.uniform(LEAST, MOST, 2)
    size = len(mean)
    true = (kinds[0] * mean + kinds[1] * of.book) * rng.choice([1, 1, 1, 0, -1], size)
    true = true + rng.normal(0, CHANCE_SD, size)
    apart = (of.own - mean)[rng.integers(0, len(of.own), people)]
    return true, scale * (true + apart * rng.choice([-1, 1], (people, 1)))


def released(
    design: Design, vectors: np.ndarray, epsilon: float | None, *, counted: bool, seed: int
) -> np.ndarray:
    """Give the difference (number,) that a release gives back."""
    numbers = (vectors - design.prior) @ design.directions / design.units
    total = with_count(numbers, design).sum(axis=0)
    sd = 0.0
    if epsilon is not None:
        norm = design.whole_norm if counted else design.clip_norm
        sd = norm * release_noise(epsilon, DELTA, numbers=design.numbers + counted)
    total = total + sd * np.random.default_rng([seed, SEED + 1]).normal(size=len(total))
    told = estimate(NoisySum(total, sd), design)
    if not counted:
        told = Estimate(total[:-1], sd, len(vectors), 0.0)
    found: np.ndarray = shrunk(told, design)[0]
    return found


def auc(of: Setting, found: np.ndarray, true: np.ndarray) -> float:
    """Give the AUC, on people with the true difference, of a linear judge that believes what was found."""
    toward = np.linalg.solve(of.within + RIDGE * np.eye(len(found)), found)
    spread = np.sqrt(2 * toward @ of.within @ toward) + 1e-12
    return NormalDist().cdf(float(toward @ true / spread))


if __name__ == "__main__":
    main()
