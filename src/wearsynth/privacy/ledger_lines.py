"""The lines of a ledger, read and made: a header, budgets, people, runs, charges, ends."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

from wearsynth.errors import FormatError
from wearsynth.files import read_bytes
from wearsynth.privacy.accounting import GaussianRelease, PureRelease, Release
from wearsynth.statement import Unit

LEDGER_SCHEMA = 1
KEEP_INSIDE = (
    "This file stays inside the building: who knows a name can test whether that person is in it. "
    "Back it up; a lost or older copy forgets what was released."
)


@dataclass(frozen=True)
class Entry:
    """One run. release: as planned, with all its steps. about: what else its steps depend on.

    ahead: steps charged at a time, beforehand. charged: the highest step begun, or more.
    """

    run_id: str
    release: Release
    about: Mapping[str, str | float]
    ahead: int = 1
    charged: int = 0
    ended: bool = False


@dataclass(frozen=True)
class Account:
    """All that a ledger says. units: salted hashes of the people. budget: epsilon at delta, if any.

    torn: whether the last line broke off; runs that could have written it are charged for it.
    """

    unit: Unit
    salt: str
    units: frozenset[str] = frozenset()
    budget: float | None = None
    delta: float = 1e-6
    runs: tuple[Entry, ...] = field(default=())
    torn: bool = False

    @property
    def charged(self) -> list[Release]:
        """What has been charged, run by run."""
        return [replace(entry.release, steps=entry.charged) for entry in self.runs]

    @property
    def committed(self) -> list[Release]:
        """What will have been charged when every run that has not ended takes all its steps."""
        return [
            replace(entry.release, steps=entry.charged) if entry.ended else entry.release
            for entry in self.runs
        ]


def unit_hashes(names: Iterable[str], salt: str) -> frozenset[str]:
    """Give the salted hash of every name."""
    key = bytes.fromhex(salt)
    return frozenset(hmac.digest(key, name.encode(), "sha256").hex()[:32] for name in names)


def run_name(key: bytes) -> str:
    """Give a run's name, made from the secret key of its noise, of which it tells nothing."""
    return hashlib.sha256(b"wearsynth run" + key).hexdigest()[:16]


def line_of(told: Mapping[str, Any]) -> bytes:
    """Give one line of a ledger."""
    return json.dumps(told, allow_nan=False).encode() + b"\n"


def header(unit: Unit, salt: str) -> dict[str, Any]:
    """Give the first line."""
    return {"keep_inside": KEEP_INSIDE, "ledger": LEDGER_SCHEMA, "unit": unit, "salt": salt}


def told_run(entry: Entry, at: str) -> dict[str, Any]:
    """Give the line that a run begins with."""
    kind = "gaussian" if isinstance(entry.release, GaussianRelease) else "pure"
    release = {"kind": kind, **asdict(entry.release)}
    about = dict(entry.about)
    return {"run": entry.run_id, "release": release, "about": about, "ahead": entry.ahead, "at": at}


def read_account(path: Path) -> Account:
    """Give what a ledger says; FormatError where a line is damaged that no crash explains."""
    *lines, last = read_bytes(path).split(b"\n")
    account: Account | None = None
    broken = 0  # the line that broke off, until a later one says that it did
    for number, line in enumerate(lines, start=1):
        told = _parsed(line)
        if told is None:
            broken = broken or number
            continue
        if broken and "torn" not in told:
            break
        broken = 0
        account = _after(path, account, told, number)
    if broken:
        raise FormatError(path, "is damaged; restore it from a copy.", line=broken)
    if last:  # the line end alone may be missing
        told = _parsed(last)
        account = _after(path, account, told or {"torn": True}, len(lines) + 1)
        account = replace(account, torn=True)
    if account is None:
        raise FormatError(path, "is empty, so no ledger of wearsynth.")
    return account


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(line)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _after(path: Path, account: Account | None, told: dict[str, Any], number: int) -> Account:
    """Give the account after one more line."""
    try:
        return _opened(told) if account is None else _changed(account, told)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise FormatError(path, "is no line of a ledger of wearsynth.", line=number) from None


def _opened(told: dict[str, Any]) -> Account:
    if told["ledger"] != LEDGER_SCHEMA or told["unit"] not in get_args(Unit):
        raise ValueError
    bytes.fromhex(told["salt"])
    return Account(unit=told["unit"], salt=told["salt"])


def _changed(account: Account, told: dict[str, Any]) -> Account:
    if "torn" in told:
        return replace(account, runs=tuple(map(_charged_for_torn, account.runs)))
    if "units" in told:
        return replace(account, units=account.units | frozenset(map(str, told["units"])))
    if "budget" in told:
        return replace(account, budget=float(told["budget"]), delta=float(told["delta"]))
    if "release" in told:
        return replace(account, runs=(*account.runs, _entry(told)))
    if told["run"] not in {entry.run_id for entry in account.runs}:
        raise ValueError
    runs = (_moved(entry, told) if entry.run_id == told["run"] else entry for entry in account.runs)
    return replace(account, runs=tuple(runs))


def _entry(told: dict[str, Any]) -> Entry:
    release = dict(told["release"])
    kind = {"gaussian": GaussianRelease, "pure": PureRelease}[release.pop("kind")]
    return Entry(str(told["run"]), kind(**release), dict(told["about"]), int(told["ahead"]))


def _moved(entry: Entry, told: dict[str, Any]) -> Entry:
    if "ended" in told:
        return replace(entry, ended=True)
    return replace(entry, charged=max(entry.charged, int(told["through"])))


def _charged_for_torn(entry: Entry) -> Entry:
    if entry.ended:
        return entry
    return replace(entry, charged=min(entry.charged + entry.ahead, entry.release.steps))
