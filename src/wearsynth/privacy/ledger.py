"""The ledger of a data set: what has been taken from its people so far, and by which runs.

A JSON-lines file that only grows. A step is charged, and on disk, before it touches data; whatever
happens afterwards, the ledger never says less than was released. A line torn by a crash counts as
charged.
"""

import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from wearsynth.errors import DataError, FileError, PrivacyError
from wearsynth.files import atomic_file, telling_file_errors
from wearsynth.privacy.accounting import Release, check_release, compose
from wearsynth.privacy.ledger_lines import (
    Account,
    Entry,
    header,
    line_of,
    read_account,
    told_run,
    unit_hashes,
)
from wearsynth.statement import Unit


@dataclass(frozen=True)
class Ledger:
    """A ledger opened for one data set. units: salted hashes of its people, as the file has them."""

    path: Path
    units: frozenset[str]


class Run:
    """A run that charges its steps before it takes them. charged: through which step it has."""

    def __init__(self, path: Path, entry: Entry) -> None:
        self.path = path
        self.run_id = entry.run_id
        self.charged = entry.charged
        self._steps, self._ahead = entry.release.steps, entry.ahead

    def begin_step(self, step: int) -> None:
        """Charge step 1, 2, ... and return when that is on disk; free if it was charged before.

        PrivacyError past the planned steps, FileError where the ledger cannot be written: then the
        step must not be taken.
        """
        if not 1 <= step <= self._steps:
            raise PrivacyError(
                f"{self.path}: run {self.run_id} planned {self._steps} step(s), so step {step} has no "
                "account. Plan more steps, with more noise."
            )
        if step <= self.charged:
            return
        through = min(max(step, self.charged + self._ahead), self._steps)
        with _locked(self.path):
            _append(self.path, {"run": self.run_id, "through": through})
        self.charged = through

    def finish(self) -> None:
        """End the run: only what it has charged counts against the budget, and it cannot go on."""
        end_run(self.path, self.run_id)


def create_ledger(
    path: Path, *, unit: Unit = "subject", budget: float | None = None, delta: float = 1e-6
) -> None:
    """Write a new ledger with no people and no runs; the first data set that runs on it owns it.

    budget: the epsilon at delta that all runs together may not exceed; None: none.
    """
    with _locked(path):
        if path.exists():
            raise FileError(f"{path}: exists already, and a ledger is never replaced.")
        _write_header(path, unit)
        if budget is not None:
            _append(path, {"budget": budget, "delta": delta, "at": _now()})


def set_budget(path: Path, *, budget: float, delta: float) -> None:
    """Write a budget for all runs together; it holds for runs that begin from now on."""
    with _locked(path):
        _append(path, {"budget": budget, "delta": delta, "at": _now()})


def open_ledger(path: Path, *, units: Iterable[str], unit: Unit = "subject") -> Ledger:
    """Give the ledger of the data set of these people; a new one where there is no file.

    units: the people's names, also where the unit of privacy is smaller. PrivacyError if the ledger
    belongs to other people or another unit; people in common are enough, and then all runs count.
    """
    names = set(units)
    if not names or "" in names:
        raise DataError("a ledger needs the name of every person, and some windows have none.")
    with _locked(path):
        if not path.exists():
            _write_header(path, unit)
    account = read_account(path)
    if account.unit != unit:
        raise PrivacyError(
            f"{path}: counts by {account.unit}, not by {unit}. Use a ledger of its own, or that unit."
        )
    hashes = unit_hashes(names, account.salt)
    if account.units and not account.units & hashes:
        raise PrivacyError(
            f"{path}: belongs to another data set; none of these {len(names)} people is in it. "
            "Use a ledger of its own."
        )
    return Ledger(path, hashes)


def begin_run(
    ledger: Ledger,
    release: Release,
    *,
    run_id: str,
    about: Mapping[str, str | float],
    ahead: int = 1,
) -> Run:
    """Enter a run, or take up the one of this name again, and give what charges its steps.

    run_id: a name that changes with the secret key of the noise (run_name): the same step of the same
    run must be the same release. about: whatever else a step depends on (clip norm, delta asked for,
    digest of options and data); a run is taken up only if all of it is the same. ahead: steps charged
    at a time, beforehand. PrivacyError where the budget would be exceeded or the run has ended.
    """
    check_release(release)
    new = Entry(run_id, release, dict(about), max(ahead, 1))
    with _locked(ledger.path):
        account = read_account(ledger.path)
        known = {entry.run_id: entry for entry in account.runs}
        if run_id in known:
            _check_same(ledger.path, known[run_id], new)
        else:
            _check_budget(ledger.path, account, new)
            strangers = sorted(ledger.units - account.units)
            people = [{"units": strangers, "at": _now()}] if strangers else []
            _append(ledger.path, *people, told_run(new, _now()))
    return Run(ledger.path, known.get(run_id, new))


def end_run(path: Path, run_id: str) -> None:
    """End a run, also one that crashed: it cannot go on, and steps not begun are free again."""
    with _locked(path):
        if run_id not in {entry.run_id for entry in read_account(path).runs}:
            raise PrivacyError(
                f"{path}: knows no run {run_id!r}. 'wearsynth privacy ledger {path}' lists them."
            )
        _append(path, {"run": run_id, "ended": True, "at": _now()})


def spent(path: Path, delta: float) -> float:
    """Give the epsilon at delta of everything that has been charged, crashed runs included."""
    return compose(read_account(path).charged, delta)


def committed(path: Path, delta: float) -> float:
    """Give the epsilon at delta if every run that has not ended takes all its planned steps."""
    return compose(read_account(path).committed, delta)


def composition_words(path: Path) -> str:
    """Say what a statement's epsilon adds up, for PrivacyStatement.composition."""
    runs = sum(entry.charged > 0 for entry in read_account(path).runs)
    return f"all {runs} run(s) so far on the data set's ledger, this one included"


def _check_same(path: Path, known: Entry, new: Entry) -> None:
    if known.ended:
        raise PrivacyError(f"{path}: run {known.run_id} has ended. Start a new run.")
    if (known.release, dict(known.about)) != (new.release, dict(new.about)):
        raise PrivacyError(
            f"{path}: run {known.run_id} was begun with other options or data, so its steps would be "
            "other releases. Start a new run."
        )


def _check_budget(path: Path, account: Account, new: Entry) -> None:
    if account.budget is None:
        return
    before = compose(account.committed, account.delta)
    total = compose([*account.committed, new.release], account.delta)
    if total > account.budget:
        raise PrivacyError(
            f"{path}: this run would take epsilon from {before:.3g} to {total:.3g} at delta "
            f"{account.delta:.2g}, above the data set's budget of {account.budget:g}, so it was not begun. "
            "Ask for a smaller epsilon, or end runs that crashed (privacy ledger --end-run)."
        )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep others from writing; the operating system lets go of the lock when a process dies."""
    with telling_file_errors(path, "write"):
        path = path.resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f"{path.name}.lock")):
            yield


def _write_header(path: Path, unit: Unit) -> None:
    with atomic_file(path) as temporary:
        temporary.write_bytes(line_of(header(unit, secrets.token_hex(32))))
    _flush_folder(path.parent)


def _append(path: Path, *told: Mapping[str, Any]) -> None:
    """Write lines at the end and wait until they are on disk; mends an end that a crash tore off."""
    with path.open("rb+") as stream:
        stream.seek(-1, os.SEEK_END)
        if stream.read(1) != b"\n":
            stream.write(b"\n" + line_of({"torn": True}))
        stream.write(b"".join(map(line_of, told)))
        stream.flush()
        os.fsync(stream.fileno())


def _flush_folder(folder: Path) -> None:
    """Put a new file's name on disk too, where the system can."""
    if os.name == "nt":  # a folder cannot be opened there
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
