"""Cases run in processes that may hang, crash or eat memory, and are replaced when they do."""

import multiprocessing as mp
import os
import resource
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Empty, SimpleQueue

from fuzz.cases import build, pristine
from fuzz.checks import Outcome, judge, reference
from fuzz.targets import TARGETS

TIME_LIMIT_S = 10.0
BUILD_LIMIT_S = 120.0
MEMORY_LIMIT_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Job:
    """What a worker attacks: a target, by its name, with a seed."""

    target: str
    seed: int


def run_cases(job: Job, numbers: Iterable[int], *, workers: int) -> Iterator[Outcome]:
    """Give the outcomes of cases, as they come, from so many processes."""
    waiting: SimpleQueue[int] = SimpleQueue()
    for number in numbers:
        waiting.put(number)
    done: SimpleQueue[Outcome | None] = SimpleQueue()
    with ThreadPoolExecutor(workers) as pool:
        runs = [pool.submit(_drive, job, waiting, done) for _ in range(workers)]
        left = workers
        while left:
            outcome = done.get()
            if outcome is None:
                left -= 1
            else:
                yield outcome
        for run in runs:
            run.result()


def _drive(job: Job, waiting: "SimpleQueue[int]", done: "SimpleQueue[Outcome | None]") -> None:
    """Hand cases to a process one by one; begin another one where it hangs or dies."""
    worker = _Worker(job)
    try:
        while True:
            number = waiting.get_nowait()
            outcome = worker.run(number)
            done.put(outcome)
            if outcome.problem.startswith(("hangs", "dies", "takes", "MemoryError")):
                worker.stop()
                worker = _Worker(job)
    except Empty:
        pass
    finally:
        worker.stop()
        done.put(None)


class _Worker:
    """A process with a pipe to it."""

    def __init__(self, job: Job) -> None:
        context = mp.get_context("spawn")
        self._pipe, far = context.Pipe()
        self._place = tempfile.mkdtemp(prefix="fuzz-")
        self._process = context.Process(target=_serve, args=(far, job, self._place), daemon=True)
        self._process.start()
        far.close()

    def run(self, number: int) -> Outcome:
        """Give the outcome of a case, whatever becomes of the process."""
        mutations: tuple[str, ...] = ()
        try:
            self._pipe.send(number)
            if not self._pipe.poll(BUILD_LIMIT_S):
                return Outcome(number, (), "failed", "the case could not be built in time", "")
            mutations = self._pipe.recv()
            if not self._pipe.poll(TIME_LIMIT_S):
                return Outcome(
                    number, mutations, "failed", f"hangs: {TIME_LIMIT_S:g} s are over", ""
                )
            outcome: Outcome = self._pipe.recv()
        except (EOFError, OSError):
            self._process.join(5)
            code = self._process.exitcode
            return Outcome(number, mutations, "failed", f"dies: exit code {code}", "")
        return outcome

    def stop(self) -> None:
        """End the process and remove its files."""
        self._pipe.close()
        self._process.kill()
        self._process.join(10)
        shutil.rmtree(self._place, ignore_errors=True)


def _serve(pipe: Connection, job: Job, place: str) -> None:
    """Run cases as their numbers come; tell the mutations first, then the outcome."""
    warnings.simplefilter("error")
    target, root = TARGETS[job.target], Path(place)
    source = root / "pristine"
    path = pristine(target, source)
    expected = reference(target, path)
    output = _Output(root / "output")
    while (number := _next(pipe)) is not None:
        case = build(target, root / "case", (source, path), number=number, seed=job.seed)
        pipe.send(case.mutations)
        before = _peak_bytes(forget=True)
        outcome = judge(target, case, expected, number=number)
        grown = _peak_bytes() - before
        pipe.send(_with_side_effects(outcome, output.new(), grown))
        shutil.rmtree(case.root)


def _next(pipe: Connection) -> int | None:
    """Give the number of the next case; None where the other side has gone."""
    try:
        number: int = pipe.recv()
    except (EOFError, OSError):
        return None
    return number


def _with_side_effects(outcome: Outcome, written: str, grown_bytes: int) -> Outcome:
    if outcome.problem:
        return outcome
    if grown_bytes > MEMORY_LIMIT_BYTES:
        problem = f"takes {grown_bytes / 1e9:.1f} GB of memory"
        return replace(outcome, kind="failed", problem=problem)
    if written:
        return replace(outcome, kind="failed", problem=f"writes to the terminal: {written[:200]}")
    return outcome


class _Output:
    """What is written to stdout and stderr, libraries in C included."""

    def __init__(self, path: Path) -> None:
        self._path, self._seen = path, 0
        place = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        for stream in (1, 2):
            os.dup2(place, stream)

    def new(self) -> str:
        """Give what was written since it was last asked."""
        sys.stdout.flush()
        sys.stderr.flush()
        text = self._path.read_bytes()[self._seen :]
        self._seen += len(text)
        return text.decode(errors="replace")


def _peak_bytes(*, forget: bool = False) -> int:
    """Give the most memory that the process has held, since it was last forgotten where that can be."""
    with suppress(OSError):
        if forget:
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return 1024 * int(status.split("VmHWM:")[1].split()[0])
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
