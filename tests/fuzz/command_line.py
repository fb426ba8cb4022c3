"""Cases through the real command line: its exit code, its one line, nothing half written."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from fuzz.cases import Case, build, pristine
from fuzz.checks import Kind, Outcome, problem_of_message
from fuzz.targets import TARGETS, Target

FIRST = 1_000_000
"""Numbers of these cases begin here, so that they are others than those of the readers."""
TIME_LIMIT_S = 60.0
PREFIX = "Error: "


def run_commands(name: str, count: int, *, seed: int) -> Iterator[Outcome]:
    """Give the outcomes of so many cases of a target; none where no command reads it."""
    target = TARGETS[name]
    if target.command is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "pristine"
        path = pristine(target, source)
        for number in range(FIRST, FIRST + count):
            root = Path(folder) / str(number)
            case = build(target, root, (source, path), number=number, seed=seed)
            yield _run(target, case, number, cut=bool(number % 2) and target.cut)


def _run(target: Target, case: Case, number: int, *, cut: bool) -> Outcome:
    assert target.command is not None
    arguments = target.command(case.path)
    out = case.root.parent / f"{number}-out" / "windows.parquet"
    if cut:
        arguments = ["data", "windows", *arguments[2:], "--out", str(out), "--length-s", "1"]
    try:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "wearsynth.cli", *arguments],
            capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Outcome(number, case.mutations, "failed", f"hangs: {TIME_LIMIT_S:g} s are over", "")
    problem = _problem(done, case, out if cut else None)
    kind: Kind = "failed" if problem else "refused" if done.returncode else "read"
    return Outcome(number, case.mutations, kind, problem, done.stderr[-600:] if problem else "")


def _problem(done: "subprocess.CompletedProcess[str]", case: Case, out: Path | None) -> str:
    left = (
        []
        if out is None or not out.parent.is_dir()
        else [path.name for path in out.parent.iterdir()]
    )
    if done.returncode == 0:
        if done.stderr and out is None:
            return "the command says something on stderr though it succeeds"
        return "" if out is None or left == [out.name] else f"the command leaves {left}"
    if done.returncode != 1:
        return f"exit code {done.returncode}"
    if done.stdout or left:
        return f"the command fails, but leaves {left or 'half an answer on stdout'}"
    if not done.stderr.startswith(PREFIX):
        return "stderr does not begin with the sentence"
    message = done.stderr.removeprefix(PREFIX).removesuffix("\n")
    if out is not None and re.search("no window of|nothing to cut|different signals", message):
        return ""  # what is left was read and cannot be cut, which is no fault of one file
    return problem_of_message(message, case)
