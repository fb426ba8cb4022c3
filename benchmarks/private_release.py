"""What a private release of few numbers is worth, beside everything that needs no private data.

Usage: python benchmarks/private_release.py [--data e4_stress wesad e4_half] [--folds 5] [--draws 10]
           [--people] [--shared FOLDER] [--json FILE]

Stress against rest in 60 s windows at 1 Hz of six channels, each person on their own scale. Some people
give, others judge; the other set is public, in e4_half the other half of the same set. Judges are trees
and a logistic regression on 8 numbers a channel; a score is the mean over folds, never pooled, and over
noise draws. delta is 1e-5, one person is added or removed. The gain share is (row - best row without
private data) / (real - the same), with a 90 % interval over people. --people adds how it grows with
people; those beyond the giving people are simulated by scaling the noise. The noise comes from the
operating system: figures move in the last digits.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
from private_release_scores import JUDGES, Gain, Row, gain, judged
from private_release_sets import Fold, apart, e4_stress, folds_of, half, some_people, wesad

from wearsynth.config import FitConfig, PrivacyConfig
from wearsynth.data import Windows
from wearsynth.few_numbers import (
    PublicPart,
    decide,
    features_of,
    model_of,
    public_part,
    release_noise,
    textbook_of,
)
from wearsynth.privacy.choosing import choose, nearness
from wearsynth.privacy.discrete_gaussian import NoisySum, noisy_sum
from wearsynth.privacy.few_numbers import (
    CLIP_SHARE,
    Estimate,
    estimate,
    people_needed,
    shrunk,
    unit_numbers,
    with_count,
)
from wearsynth.statement import Unit
from wearsynth.training import fit

ROOT = Path(__file__).parents[1]
DATA = {
    "e4_stress": (e4_stress, wesad),
    "wesad": (wesad, e4_stress),
    "e4_half": (partial(half, e4_stress, 0), partial(half, e4_stress, 1)),
}
"""Name -> (who give and judge, who are public). e4_half: public people of the same study."""

DELTA, EACH, SEED = 1e-5, 400, 0
EPSILONS = (10.0, 3.0, 1.0)
PEOPLE = (5, 10, 17, 34, 100)
PEOPLE_EPSILONS = (3.0, 1.0)
FEW_DRAWS = 8
"""Noise draws of the rows beside the main ones."""


@dataclass(frozen=True, eq=False)
class Bench:
    """A set of people who give and judge, the public set, and what is made of it."""

    folds: list[Fold]
    public: Windows
    part: PublicPart
    by_window: PublicPart


def main(arguments: list[str]) -> None:
    """Measure the sets that are asked for."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--data", nargs="+", choices=[*DATA], default=["e4_stress", "wesad"])
    given.add_argument("--folds", type=int, default=5)
    given.add_argument("--draws", type=int, default=20)
    given.add_argument("--people", action="store_true")
    given.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    given.add_argument("--json", type=Path)
    options = given.parse_args(arguments)
    told = {}
    for name in options.data:
        bench = bench_of(name, options.shared, options.folds)
        rows = [measured(row, bench) for row in lines_of(bench, options.draws)]
        told[name] = table(name, rows)
        if options.people:
            grown = [measured(line, bench) for line in people_lines(bench)]
            told[f"{name} by people"] = table(name, [*rows[:6], *grown])
    if options.json:
        options.json.write_text(json.dumps(told, indent=1) + "\n")


def bench_of(name: str, shared: Path, folds: int) -> Bench:
    """Read both sets."""
    windows, public = (load(shared) for load in DATA[name])
    options = PrivacyConfig(delta=DELTA)
    return Bench(
        list(folds_of(windows, folds, seed=SEED)),
        public,
        public_part(public, SEED, options),
        public_part(public, SEED, options.model_copy(update={"unit": "window"})),
    )


Make = Callable[[Fold, int], Windows]


@dataclass(frozen=True)
class Line:
    """A row to measure. make: (fold, draw) -> the windows that judges learn from."""

    name: str
    kind: str
    draws: int
    make: Make


def measured(line: Line, bench: Bench) -> Row:
    """Judge every fold and draw of a line."""
    row = Row(line.name, line.kind)
    for number, fold in enumerate(bench.folds):
        for draw in range(line.draws):
            row.scores.append(judged(line.make(fold, draw), fold, number))
    auc = " / ".join(f"{value:.3f}" for value in row.mean("auc"))
    print(f"{line.name}: {auc}", file=sys.stderr, flush=True)
    return row


def lines_of(bench: Bench, draws: int) -> Iterator[Line]:
    """Give the rows of the table: real, no data, few numbers, a choice."""
    yield Line("real people", "real", 1, lambda fold, _: fold.giving)
    for name, times, make in _without_data(bench):
        yield Line(name, "no data", times, make)
    yield Line("mixture, not private", "private", 1, lambda fold, d: _mixture(fold.giving, d))
    yield Line("few numbers, no noise", "private", 1, partial(_released, bench.part, None))
    for name, part, make, epsilons in (
        ("few numbers", bench.part, _released, EPSILONS),
        ("few numbers, people counted in public", bench.part, _uncounted, PEOPLE_EPSILONS),
        ("few numbers behind the gate", bench.part, _gated, EPSILONS),
        ("few numbers, unit window", bench.by_window, _by_window, PEOPLE_EPSILONS),
        ("1 of 72 candidates", bench.part, _chosen, EPSILONS),
    ):
        for epsilon in epsilons:
            times = draws if make is _released else FEW_DRAWS
            yield Line(
                f"{name}, epsilon {epsilon:g}", "private", times, partial(make, part, epsilon)
            )


def _without_data(bench: Bench) -> Iterator[tuple[str, int, Make]]:
    """Give name, draws and maker of each row that needs no private data."""
    part, both = bench.part, bench.part.design.prior
    book = np.nan_to_num(_textbook(part))
    yield "textbook signs", FEW_DRAWS, partial(_made, part, book)
    yield "the other set's windows", 1, lambda _f, _d: bench.public
    yield "mixture of the other set", FEW_DRAWS, lambda _, draw: _mixture(bench.public, draw)
    shifted = partial(_made, part, 2 * both - book)
    yield "shifted mixture of the other set", FEW_DRAWS, shifted
    yield "mean of the last and the textbook", FEW_DRAWS, partial(_made, part, both)


def people_lines(bench: Bench) -> Iterator[Line]:
    """Give rows with fewer people, and with more by scaling the noise."""
    for epsilon in PEOPLE_EPSILONS:
        for people in PEOPLE:
            make = partial(_with_people, bench.part, epsilon, people)
            yield Line(f"{people} people, epsilon {epsilon:g}", "private", FEW_DRAWS, make)


def _mixture(windows: Windows, draw: int) -> Windows:
    config = FitConfig(generator="mixture", seed=draw)
    return fit(windows, config, say=lambda _: None).sample(EACH, seed=draw)


def _textbook(part: PublicPart) -> np.ndarray:
    told = textbook_of(part.representation, part.windows.classes)
    return np.zeros_like(part.design.prior) if told is None else told


def _made(part: PublicPart, differences: np.ndarray, _fold: Fold, draw: int) -> Windows:
    return model_of(part, differences, FitConfig(generator="few-numbers"), "").sample(
        EACH, seed=draw
    )


@cache
def _numbers(part: PublicPart, windows: Windows, unit: Unit = "subject") -> np.ndarray:
    """Give each unit's numbers; both arguments are known by identity."""
    return unit_numbers(features_of(windows, part, unit=unit), part.design)


def _sum(
    part: PublicPart, windows: Windows, epsilon: float | None, unit: Unit = "subject"
) -> NoisySum:
    """Give the sum over people, with noise or, at no epsilon, without."""
    design = part.design
    own = with_count(_numbers(part, windows, unit), design)
    if epsilon is None:
        return NoisySum(own.sum(axis=0), 0.0)
    noise = release_noise(epsilon, DELTA, numbers=design.numbers + 1)
    return noisy_sum(own, clip_norm=design.whole_norm, noise_multiplier=noise)


def _released(part: PublicPart, epsilon: float | None, fold: Fold, draw: int) -> Windows:
    told = estimate(_sum(part, fold.giving, epsilon), part.design)
    return _made(part, shrunk(told, part.design), fold, draw)


def _uncounted(part: PublicPart, epsilon: float, fold: Fold, draw: int) -> Windows:
    """Release without a count: what it would be worth if the number of people were public."""
    design, give = part.design, fold.giving
    own = with_count(_numbers(part, give), design)[:, :-1]
    noise = release_noise(epsilon, DELTA, numbers=design.numbers)
    noisy = noisy_sum(own, clip_norm=design.clip_norm, noise_multiplier=noise)
    told = Estimate(noisy.values, noisy.sd, len(own), 0.0)
    return _made(part, shrunk(told, design), fold, draw)


def _gated(part: PublicPart, epsilon: float, fold: Fold, draw: int) -> Windows:
    told = estimate(_sum(part, fold.giving, epsilon), part.design)
    kept, _ = decide(told, needed(part, epsilon), accept_noise=False)
    return _made(part, shrunk(told, part.design) if kept else part.design.prior, fold, draw)


def needed(part: PublicPart, epsilon: float) -> int:
    """Give the people that the gate wants."""
    noise = release_noise(epsilon, DELTA, numbers=part.design.numbers + 1)
    return people_needed(noise, numbers=part.design.numbers)


def _by_window(part: PublicPart, epsilon: float, fold: Fold, draw: int) -> Windows:
    told = estimate(_sum(part, apart(fold.giving), epsilon, "window"), part.design)
    return _made(part, shrunk(told, part.design), fold, draw)


def _with_people(part: PublicPart, epsilon: float, people: int, fold: Fold, draw: int) -> Windows:
    """Release of so many of the giving people; of more, the same people with less noise."""
    some = some_people(fold.giving, people, np.random.default_rng([SEED, draw]))
    have = len(np.unique(some.subject))
    exact = _sum(part, some, None).values
    noisy = _sum(part, some, epsilon)
    more = max(people / have, 1.0)
    told = estimate(NoisySum(more * exact + noisy.values - exact, noisy.sd), part.design)
    return _made(part, shrunk(told, part.design), fold, draw)


def candidates(part: PublicPart) -> np.ndarray:
    """Give 72 public class differences (candidate, 1, feature): signs of four things, and the prior, mixed.

    Skin up or as it was, hand colder, warmer or as it was, more, less or as much movement, pulse smaller
    or not: half an sd each, alone and averaged with the public prior.
    """
    signs = np.zeros((2, 3, 3, 2, *part.design.prior.shape))
    told = signs.reshape(*signs.shape[:5], -1, 3)
    for at in np.ndindex(2, 3, 3, 2):
        skin, hand, movement, pulse = at[0], at[1] - 1, at[2] - 1, -at[3]
        told[at][:, 1, :2] = skin / 2
        told[at][:, 5, 0] = hand / 2
        told[at][:, 2:5, 1] = movement / 2
        told[at][:, 0, 1] = pulse / 2
    plain = signs.reshape(-1, *part.design.prior.shape)
    return np.concatenate([plain, (plain + part.design.prior) / 2])


def _chosen(part: PublicPart, epsilon: float, fold: Fold, draw: int) -> Windows:
    """Let the exponential mechanism choose among the candidates, in the directions of the release."""
    design, offered = part.design, candidates(part)
    own = _numbers(part, fold.giving)
    away = (offered - design.prior).reshape(len(offered), -1) @ design.directions
    utility = nearness(own, away, reach=2 * design.clip_norm / CLIP_SHARE)
    return _made(part, offered[choose(utility, epsilon=epsilon)], fold, draw)


def table(name: str, rows: list[Row]) -> list[dict[str, object]]:
    """Print the rows as Markdown, and give them as plain values."""
    real, none = rows[0], [row for row in rows if row.kind == "no data"]
    print(f"\n**{name}**, AUC and macro F1 of {' / '.join(JUDGES)}\n")
    print("| row | AUC | macro F1 | gain in AUC | gain share |\n|---|---|---|---|---|")
    told = []
    for row in rows:
        auc, f1 = row.mean("auc"), row.mean("f1")
        gained = gain(row, none, real) if row.kind == "private" else None
        shown = ["", ""]
        if gained is not None:
            g = gained
            shown = [
                f"{g.auc:+.3f} ({g.auc_low:+.3f} to {g.auc_high:+.3f})",
                f"{g.share:.2f} ({g.share_low:.2f} to {g.share_high:.2f})"
                if np.isfinite(g.share)
                else "no room",
            ]
        cells = [" / ".join(f"{value:.3f}" for value in of) for of in (auc, f1)]
        print("| " + " | ".join([row.name, *cells, *shown]) + " |")
        told.append({"row": row.name, "auc": auc, "f1": f1, "gain": gained and _plain(gained)})
    print(f"\nAlways {'stress'!r}: AUC .500 / .500, macro F1 {_always(rows):.3f}.\n", flush=True)
    return told


def _plain(gained: Gain) -> dict[str, float | None]:
    """Give a gain for JSON, which has no NaN."""
    return {name: value if np.isfinite(value) else None for name, value in asdict(gained).items()}


def _always(rows: list[Row]) -> float:
    """Give the macro F1 of always saying stress, from the windows counted in the scores."""
    shares = []
    for score in rows[0].scores:
        stress = float(score.stress_share)
        shares.append(stress / (1 + stress))  # F1 of stress is 2 s / (1 + s), of rest 0
    return float(np.mean(shares))


if __name__ == "__main__":
    main(sys.argv[1:])
