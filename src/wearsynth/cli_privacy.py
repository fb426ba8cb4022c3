"""The `wearsynth privacy` commands: what a guarantee would cost, what one says, what was spent."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from wearsynth.config import PrivacyConfig
from wearsynth.errors import FileError
from wearsynth.options import help_of, section_of
from wearsynth.statement import Unit

privacy_app = typer.Typer(
    help="Differential privacy: plan it before training, show what a model guarantees, count what "
    "was spent."
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@privacy_app.command("plan")
def plan_command(
    people: Annotated[int, typer.Option(min=1, help="How many people the data are of.")],
    epsilon: Annotated[float, typer.Option(help="The guarantee wanted.")],
    windows: Annotated[
        int,
        typer.Option(min=1, help="Windows of each, to tell what a unit of a window would leave."),
    ] = 1,
    delta: Annotated[float | None, typer.Option(help=help_of(PrivacyConfig, "delta"))] = None,
    steps: Annotated[int, typer.Option(min=1, help="Noisy steps of iterative training.")] = 1000,
    sampling_probability: Annotated[
        float | None, typer.Option(help=help_of(PrivacyConfig, "sampling_probability"))
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say before any training what noise an epsilon means with so many people, and what to do."""
    from wearsynth.privacy.planning import check_delta, plan_for, prospect, prospect_lines

    options = {"epsilon": epsilon, "delta": delta, "sampling_probability": sampling_probability}
    wanted = section_of(PrivacyConfig, options)
    warning = check_delta(wanted.delta, people, asked=delta is not None)
    if warning is not None:
        typer.echo(warning, err=as_json)
    plan = plan_for(
        epsilon,
        delta=wanted.delta,
        steps=steps,
        sampling_probability=wanted.sampling_probability,
    )
    of = prospect(plan, delta=wanted.delta, people=people, windows_per_person=windows)
    if as_json:
        typer.echo(json.dumps(asdict(of), indent=2))
        return
    for line in prospect_lines(of):
        typer.echo(line)


@privacy_app.command("show")
def show_command(
    model: Annotated[str, typer.Argument(help="A model folder, or a bundled model's name.")],
    as_json: AsJson = False,
) -> None:
    """Say what a model guarantees: in plain words, then every field."""
    from wearsynth.model import NO_PRIVACY, load_model
    from wearsynth.privacy.stating import plain_words, statement_rows
    from wearsynth.statement import statement_to

    statement = load_model(model).privacy
    if as_json:
        told = NO_PRIVACY if statement is None else statement_to(statement)
        typer.echo(json.dumps(told, indent=2))
        return
    if statement is None:
        typer.echo(NO_PRIVACY)
        return
    typer.echo(f"{plain_words(statement)}\n")
    for name, value, about in statement_rows(statement):
        typer.echo(f"{name}: {value}\n    ({about})")


@privacy_app.command("ledger")
def ledger_command(
    ledger: Annotated[Path, typer.Argument(help="The data set's ledger, such as people.json.")],
    budget: Annotated[
        float | None,
        typer.Option(
            help="Write this budget of epsilon for all runs together; makes the ledger if there is none."
        ),
    ] = None,
    delta: Annotated[
        float | None, typer.Option(help="Of the budget, or to tell the sum at. [default: 1e-06]")
    ] = None,
    unit: Annotated[
        Unit, typer.Option(help="What a new ledger counts: subject (a person), recording, window.")
    ] = "subject",
    end_run: Annotated[
        str | None,
        typer.Option(help="End this run, such as one that crashed: only what it began counts."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a data set's runs and the epsilon spent; set a budget that fit may not exceed."""
    from wearsynth.privacy import ledger as ledgers
    from wearsynth.privacy.ledger_lines import read_account
    from wearsynth.privacy.ledger_text import account_lines, told_account

    wanted = section_of(PrivacyConfig, {"epsilon": budget, "delta": delta})
    if budget is not None and ledger.exists():
        ledgers.set_budget(ledger, budget=budget, delta=wanted.delta)
    elif budget is not None:
        ledgers.create_ledger(ledger, unit=unit, budget=budget, delta=wanted.delta)
    if not ledger.exists():
        raise FileError(f"{ledger}: no ledger there. --budget makes one, and so does fit --ledger.")
    if end_run is not None:
        ledgers.end_run(ledger, end_run)
    account = read_account(ledger)
    at = account.delta if delta is None else wanted.delta
    if as_json:
        typer.echo(json.dumps(told_account(account, at), indent=2))
        return
    for line in account_lines(account, at):
        typer.echo(line)
