"""What audits can refute, and whether they do: tables of the docs, and fits with whole and broken privacy.

Usage: python benchmarks/audit.py worst              what an epsilon allows the best attacker (seconds)
       python benchmarks/audit.py ceilings           the most that so many canaries can refute (seconds)
       python benchmarks/audit.py luck               AUCs that luck alone gives under a claim (seconds)
       python benchmarks/audit.py runs [--only NAME] audits of builds that claim epsilon 1 (15 minutes)

runs: the built-in basic_motions (unit: a recording), 21 canaries; a flow of 10 steps, or few numbers whose
public windows are other recordings. Each build claims epsilon 1; all but those called whole break their
promise in one way. A row a build: in how many runs the bound exceeded the claim, and the mean share of right
guesses. Coins and noise come from the operating system, so no two runs are alike. --only names a build;
repeat for more.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from wearsynth.canaries import Rehearsal, hear, hear_release, plant, rehearse, toss
from wearsynth.config import FitConfig, PrivacyConfig
from wearsynth.data import Windows
from wearsynth.few_numbers import public_part, release_noise
from wearsynth.formats import read
from wearsynth.generators import Parameters
from wearsynth.privacy.auditing import Audit, audit_of, ceiling
from wearsynth.privacy.clipping import Batch, BatchLoss, clipped_by_books
from wearsynth.privacy.luck import Claim, apart, highest
from wearsynth.privacy.planning import plan_for
from wearsynth.privacy.telling import worst_case
from wearsynth.windowing import cut_windows

DELTA = 1e-6
WORST_DELTA = 1e-5
"""The largest that is allowed unasked: at a smaller one the best attacker is a little worse."""

EPSILONS = (0.5, 1.0, 1.38, 3.0, 10.0)
CEILINGS_OF = (10, 21, 50, 100, 500)
LUCK_OF, LUCK_EPSILONS = (4, 10, 21, 60, 100, 500), (0.5, 1.0, 3.0)

CLAIM, CANARIES, STEPS, WINDOWS_PER_UNIT, RECORDINGS = 1.0, 21, 10, 16, 6
SAMPLED = 0.2


def worst_table() -> str:
    """Give what epsilons allow the best attacker, as Markdown."""
    lines = [
        "| epsilon | tells which of two took part (AUC; guessing .50) | finds of those who took part, at "
        "5 % false accusations | in a word |",
        "|---|---|---|---|",
    ]
    for epsilon in EPSILONS:
        worst = worst_case(epsilon, WORST_DELTA)
        word = "bounded disclosure" if worst.bounded else "private"
        found = f"{100 * worst.found:.0f} %"
        lines.append(f"| {epsilon:g} | {worst.auc:.3f} | {found} | {word} |")
    return "\n".join(lines)


def ceilings_table() -> str:
    """Give the ceilings of audits, as Markdown."""
    lines = ["| canaries | all right: epsilon at least |", "|---|---|"]
    lines += [f"| {count} | {ceiling(count, DELTA):.2f} |" for count in CEILINGS_OF]
    return "\n".join(lines)


def luck_table() -> str:
    """Give the AUCs that luck alone gives where a claim just holds, half of the canaries in, as Markdown."""
    heads = " | ".join(f"epsilon {epsilon:g}" for epsilon in LUCK_EPSILONS)
    lines = [f"| canaries | {heads} |", "|---" * (1 + len(LUCK_EPSILONS)) + "|"]
    for count in LUCK_OF:
        bars = []
        for epsilon in LUCK_EPSILONS:
            claim = Claim(epsilon, DELTA, gaussian=True)
            scores = apart(claim, members=count // 2, others=count - count // 2)
            bars.append(f"{highest(scores, attacks=1, seed=0):.2f}")
        lines.append(f"| {count} | {' | '.join(bars)} |")
    allowed = [f"{worst_case(epsilon, DELTA).auc:.2f}" for epsilon in LUCK_EPSILONS]
    return "\n".join([*lines, f"| on average | {' | '.join(allowed)} |"])


def whole(rehearsal: Rehearsal) -> Rehearsal:
    """Break nothing."""
    return rehearsal


def noise_divided(by: float) -> Callable[[Rehearsal], Rehearsal]:
    """Give what makes the noise so many times too small."""

    def broken(rehearsal: Rehearsal) -> Rehearsal:
        steps = rehearsal.steps
        less = replace(steps.plan, noise_multiplier=steps.plan.noise_multiplier / by)
        return replace(rehearsal, steps=replace(steps, plan=less))

    return broken


def unclipped(rehearsal: Rehearsal) -> Rehearsal:
    """Leave clipping out."""

    def clipped(loss: BatchLoss, own: Parameters, batch: Batch, _norm: float) -> Parameters:
        return clipped_by_books(loss, own, batch, 1e12)

    return replace(rehearsal, steps=replace(rehearsal.steps, clipped=clipped))


def clipped_by_window(rehearsal: Rehearsal) -> Rehearsal:
    """Clip each window's gradient in place of each unit's."""

    def clipped(loss: BatchLoss, own: Parameters, batch: Batch, norm: float) -> Parameters:
        return clipped_by_books(loss, own, replace(batch, each=1), norm)

    return replace(rehearsal, steps=replace(rehearsal.steps, clipped=clipped))


def everybody(rehearsal: Rehearsal) -> Rehearsal:
    """Take everybody in every step, with the noise of a plan that draws a fifth of them."""
    plan = plan_for(CLAIM, delta=DELTA, steps=STEPS, sampling_probability=SAMPLED, unit="recording")
    not_drawn = replace(plan, sampling_probability=1.0)
    return replace(rehearsal, steps=replace(rehearsal.steps, plan=not_drawn))


NUMBERS = {
    "few numbers, whole": (20, 1.0),
    "few numbers, no noise": (10, 1e6),
    "few numbers, noise / 20": (5, 20.0),
    "few numbers, noise / 10": (5, 10.0),
}
"""Build of few numbers -> how often it is audited, and by what its noise is divided."""

BUILDS: dict[str, tuple[int, Callable[[Rehearsal], Rehearsal]]] = {
    "whole": (20, whole),
    "no noise": (10, noise_divided(1e6)),
    "noise / 20": (5, noise_divided(20)),
    "noise / 10": (5, noise_divided(10)),
    "noise / 5": (5, noise_divided(5)),
    "noise / 2": (5, noise_divided(2)),
    "no clipping": (5, unclipped),
    "clipped by window": (5, clipped_by_window),
    "not drawn": (5, everybody),
}
"""Build -> how often it is audited, and how it is broken."""


def run_once(windows: Windows, broken: Callable[[Rehearsal], Rehearsal], *, seed: int) -> Audit:
    """Give the audit of one fit of a build."""
    planted = plant(windows, toss(CANARIES), unit="recording", seed=seed)
    config = FitConfig(generator="flow", rounds=STEPS, width=8, seed=seed)
    plan = plan_for(CLAIM, delta=DELTA, steps=STEPS, unit="recording")
    rehearsal = rehearse(planted, config, plan, windows_per_unit=WINDOWS_PER_UNIT)
    heard = hear(broken(rehearsal))
    return audit_of(planted.inside, heard.guesses, epsilon=CLAIM, delta=DELTA)


def release_once(windows: Windows, public: Windows, divided_by: float, *, seed: int) -> Audit:
    """Give the audit of one release of few numbers."""
    planted = plant(windows, toss(CANARIES), unit="recording", seed=seed)
    part = public_part(public, seed, PrivacyConfig(unit="recording"))
    noise = release_noise(CLAIM, DELTA, numbers=part.design.numbers + 1) / divided_by
    config = FitConfig(generator="few-numbers", seed=seed)
    heard = hear_release(planted, part, config, unit="recording", noise_multiplier=noise)
    return audit_of(planted.inside, heard.guesses, epsilon=CLAIM, delta=DELTA)


def audits_of(name: str, windows: Windows, public: Windows) -> Iterator[Audit]:
    """Give the audits of a build."""
    if name in NUMBERS:
        times, by = NUMBERS[name]
        yield from (release_once(windows, public, by, seed=seed) for seed in range(times))
    else:
        times, broken = BUILDS[name]
        yield from (run_once(windows, broken, seed=seed) for seed in range(times))


def runs_table(builds: list[str]) -> str:
    """Give what audits of builds find, as Markdown."""
    windows = cut_windows(read("basic_motions"), length_s=2, stride_s=1)
    names = np.unique(windows.recording)
    private, others = names[:: len(names) // RECORDINGS][:RECORDINGS], names[1::2]
    others = others[~np.isin(others, private)]
    given = windows.select(np.isin(windows.recording, private))
    public = windows.select(np.isin(windows.recording, others))
    lines = ["| build | bound above the claim | right guesses | bound, smallest to largest |"]
    lines.append("|---|---|---|---|")
    for name in builds:
        audits = []
        for audit in audits_of(name, given, public):
            print(f"{name}: {audit.line}", file=sys.stderr, flush=True)
            audits.append(audit)
        above = sum(audit.bound > CLAIM for audit in audits)
        right = np.mean([audit.right / audit.guesses for audit in audits])
        bounds = sorted(audit.bound for audit in audits)
        bound = f"{bounds[0]:.2f} to {bounds[-1]:.2f}"
        lines.append(f"| {name} | {above} of {len(audits)} | {right:.0%} | {bound} |")
    return "\n".join(lines)


TABLES = {"worst": worst_table, "ceilings": ceilings_table, "luck": luck_table}


def main(arguments: list[str]) -> None:
    """Print the table asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", choices=[*TABLES, "runs"])
    parser.add_argument(
        "--only", action="append", choices=[*BUILDS, *NUMBERS], help="repeat for more"
    )
    asked = parser.parse_args(arguments)
    if asked.table == "runs":
        print(runs_table(asked.only or [*BUILDS, *NUMBERS]))
    else:
        print(TABLES[asked.table]())


if __name__ == "__main__":
    main(sys.argv[1:])
