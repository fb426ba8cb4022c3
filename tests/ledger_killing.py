"""Processes that charge one ledger and are killed at any moment; what each took, as JSON.

    python tests/ledger_killing.py FOLDER KILLS SEED

Every process writes a step to a witness file once it may take it, so the witness is what was released.
"""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from wearsynth.errors import WearsynthError
from wearsynth.privacy.accounting import GaussianRelease
from wearsynth.privacy.ledger import begin_run, open_ledger
from wearsynth.privacy.ledger_lines import read_account

PEOPLE = ("p00", "p01", "p02")
STEPS = 10**6
"""More than any process can take before it is killed."""


def take_steps(folder: Path, run_id: str, first: int, last: int, ahead: int) -> None:
    """Charge step after step, and witness each."""
    ledger = open_ledger(folder / "people.json", units=PEOPLE)
    release = GaussianRelease(10.0, 1.0, STEPS)
    run = begin_run(ledger, release, run_id=run_id, about={"clip_norm": 1.0}, ahead=ahead)
    with (folder / run_id).open("ab", buffering=0) as witness:
        for step in range(first, last + 1):
            run.begin_step(step)
            witness.write(f"{step}\n".encode())


def forked(work: Callable[[], None]) -> int:
    """Do it in a process of its own; give its id."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        except WearsynthError as error:
            print(error, file=sys.stderr)
        finally:
            os._exit(code)
    return child


def taken(folder: Path, run_id: str) -> int:
    """Give the highest step that was taken."""
    path = folder / run_id
    return max((int(line) for line in path.read_text().split()), default=0) if path.exists() else 0


def main() -> None:
    """Kill two processes at a time, then let three finish together; print what the ledger says."""
    folder, kills, rng = Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))
    lags: list[tuple[str, int, int]] = []
    for round_number in range(kills // 2):
        runs = [f"run{rng.randrange(6)}", f"new{round_number}"]  # taken up again, or new
        children = []
        for number, run_id in enumerate(runs):
            first, ahead = max(1, taken(folder, run_id) - 3), 1 + number * 4
            children.append(
                forked(lambda a=run_id, b=first, c=ahead: take_steps(folder, a, b, STEPS, c))  # type: ignore[misc]
            )
        for child in children:
            time.sleep(rng.uniform(0.0, 0.08))
            os.kill(child, signal.SIGKILL)
        codes = [os.waitpid(child, 0)[1] for child in children]
        charged = charges(folder)
        lags += [(run_id, taken(folder, run_id), charged.get(run_id, 0)) for run_id in runs]
        assert set(codes) == {int(signal.SIGKILL)}, codes
    together = [
        forked(lambda a=f"whole{n}": take_steps(folder, a, 1, 20, 1))  # type: ignore[misc]
        for n in range(3)
    ]
    codes = [os.waitpid(child, 0)[1] for child in together]
    json.dump({"kills": lags, "codes": codes, "charged": charges(folder)}, sys.stdout)


def charges(folder: Path) -> dict[str, int]:
    """Give what the ledger says of every run."""
    path = folder / "people.json"
    if not path.exists():
        return {}
    return {entry.run_id: entry.charged for entry in read_account(path).runs}


if __name__ == "__main__":
    main()
