"""Mutate the files of every reader and tell which cases a reader does not stand.

Usage: PYTHONPATH=tests python -m fuzz [--reader NAME ...] [--mutations 2000] [--seed 0]
[--workers 2] [--keep FOLDER] [--case NUMBER]. Exit code 1 where a case fails. `--case` makes one
case again and prints what comes of it; `--keep` keeps the files of failing cases.
"""

import argparse
import re
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from fuzz.cases import build, pristine
from fuzz.checks import Outcome, judge, reference
from fuzz.command_line import run_commands
from fuzz.targets import TARGETS
from fuzz.workers import Job, run_cases

LINE_EVERY_S = 10.0
COMMANDS = 4
"""Cases of each reader that go through the real command line as well."""


@dataclass(frozen=True)
class Tally:
    """What came of a target's cases."""

    target: str
    kinds: Counter[str]
    failures: tuple[Outcome, ...]
    seconds: float


def main(arguments: list[str]) -> int:
    """Run what the arguments ask for and give the exit code."""
    options = _parser().parse_args(arguments)
    names = options.reader or [*TARGETS]
    if options.case is not None:
        return max(_show(name, options.case, options.seed, options.keep) for name in names)
    tallies = [_attack(name, options) for name in names]
    print(_summary(tallies))
    if options.keep is not None:
        _keep(tallies, options.seed, options.keep)
    return 1 if any(tally.failures for tally in tallies) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--reader", action="append", choices=[*TARGETS], help="repeat for more")
    parser.add_argument("--mutations", type=int, default=2000, help="cases a reader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="a folder for the files of failing cases")
    parser.add_argument("--case", type=int, help="make one case again and say what comes of it")
    parser.add_argument("--commands", type=int, default=COMMANDS, help="cases by command line")
    return parser


def _attack(name: str, options: argparse.Namespace) -> Tally:
    begun = told = time.monotonic()
    kinds: Counter[str] = Counter()
    failures: list[Outcome] = []
    job = Job(name, options.seed)
    for outcome in run_cases(job, range(options.mutations), workers=options.workers):
        kinds[outcome.kind] += 1
        failures += [outcome] if outcome.problem else []
        if time.monotonic() - told > LINE_EVERY_S:
            told = time.monotonic()
            print(
                f"{name}: {kinds.total()} of {options.mutations}, {len(failures)} failed",
                flush=True,
            )
    for outcome in run_commands(name, options.commands, seed=options.seed):
        kinds[outcome.kind] += 1
        failures += [outcome] if outcome.problem else []
    print(f"{name}: done, {len(failures)} failed", flush=True)
    return Tally(name, kinds, tuple(failures), time.monotonic() - begun)


def _summary(tallies: list[Tally]) -> str:
    lines = [line for tally in tallies for line in _failures(tally)]
    lines += ["", f"{'reader':<24}{'read':>8}{'refused':>9}{'failed':>8}{'seconds':>9}"]
    for tally in tallies:
        figures = "".join(
            f"{tally.kinds[kind]:>{width}}"
            for kind, width in (("read", 8), ("refused", 9), ("failed", 8))
        )
        lines.append(f"{tally.target:<24}{figures}{tally.seconds:>9.0f}")
    return "\n".join(lines)


def _failures(tally: Tally) -> list[str]:
    """Give a line for each kind of failure: how many, and the first with the fewest mutations."""
    kinds: dict[str, list[Outcome]] = {}
    for outcome in tally.failures:
        said = re.sub(r"^.*?(: |, line )", "", outcome.message)
        said = re.sub(r"'.*'|\".*\"", "", said)
        kinds.setdefault(re.sub(r"[0-9.]+", "", outcome.problem + said)[:120], []).append(outcome)
    return [
        f"{len(those):>4} x {_failure_line(tally.target, min(those, key=lambda o: len(o.mutations)))}"
        for those in kinds.values()
    ]


def _failure_line(target: str, outcome: Outcome) -> str:
    said = f" | {outcome.message!r}" if outcome.message else ""
    return f"{target} {outcome.number} {'+'.join(outcome.mutations)}: {outcome.problem}{said}"


def _show(name: str, number: int, seed: int, keep: Path | None) -> int:
    """Make one case again in this process, where a debugger reaches it."""
    target = TARGETS[name]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "pristine"
        path = pristine(target, source)
        root = Path(folder) / "case" if keep is None else keep / f"{name}-{number}"
        case = build(target, root, (source, path), number=number, seed=seed)
        outcome = judge(target, case, reference(target, path), number=number)
    print(f"{case.path}\n{_failure_line(name, outcome)}\n{outcome.kind}")
    return 1 if outcome.problem else 0


def _keep(tallies: list[Tally], seed: int, keep: Path) -> None:
    for tally in tallies:
        target = TARGETS[tally.target]
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "pristine"
            path = pristine(target, source)
            for outcome in tally.failures:
                root = keep / f"{tally.target}-{outcome.number}"
                build(target, root, (source, path), number=outcome.number, seed=seed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
