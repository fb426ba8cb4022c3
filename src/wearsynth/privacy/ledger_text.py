"""A ledger in words and as JSON: its runs, and what they have cost."""

from typing import Any

from wearsynth.privacy.accounting import GaussianRelease, Release, compose, neighbours_of
from wearsynth.privacy.ledger_lines import Account, Entry


def told_account(account: Account, delta: float) -> dict[str, Any]:
    """Give what a ledger says, without its salt and its people's hashes."""
    return {
        "unit": account.unit,
        "people": len(account.units),
        "delta": delta,
        "epsilon_spent": compose(account.charged, delta),
        "epsilon_committed": compose(account.committed, delta),
        "neighbours": neighbours_of(account.committed),
        "budget": account.budget,
        "budget_delta": None if account.budget is None else account.delta,
        "runs": [_told_run(entry) for entry in account.runs],
        "torn": account.torn,
    }


def _told_run(entry: Entry) -> dict[str, Any]:
    return {
        "run": entry.run_id,
        "release": _release_words(entry.release),
        "charged": entry.charged,
        "planned": entry.release.steps,
        "ended": entry.ended,
        "about": dict(entry.about),
    }


def account_lines(account: Account, delta: float) -> list[str]:
    """Give a ledger as lines: whose, run by run, the sum, the budget."""
    told = told_account(account, delta)
    lines = [f"{told['people']} people, counted by {account.unit}, {len(account.runs)} run(s)"]
    for run in told["runs"]:
        state = "ended" if run["ended"] else "not ended"
        steps = f"{run['charged']} of {run['planned']} step(s) charged"
        lines.append(f"  {run['run']}  {steps}, {state}: {run['release']}")
    if account.torn:
        lines.append("  the last line broke off in a crash; it counts as charged")
    spent, committed = told["epsilon_spent"], told["epsilon_committed"]
    lines.append(f"Spent: epsilon {spent:.3g} at delta {delta:.2g} ({told['neighbours']})")
    if committed > spent:
        lines.append(f"With the steps that runs may still take: epsilon {committed:.3g}")
    if account.budget is not None:
        lines.append(f"Budget: epsilon {account.budget:g} at delta {account.delta:.2g}")
    return lines


def _release_words(release: Release) -> str:
    if isinstance(release, GaussianRelease):
        return (
            f"Gaussian, noise multiplier {release.noise_multiplier:.4g}, each unit with probability "
            f"{release.sampling_probability:g}"
        )
    return f"pure epsilon {release.epsilon:g}"
