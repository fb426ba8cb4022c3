"""The `wearsynth mlc` commands: ST's Machine Learning Core, run and trained on this computer."""

from pathlib import Path
from typing import Annotated

import typer

from wearsynth.options import Out, Overwrite

mlc_app = typer.Typer(
    help="ST's Machine Learning Core: what a sensor would answer, and its training."
)


@mlc_app.command("run")
def run_command(
    log: Annotated[Path, typer.Argument(help="A MEMS Studio log, or a folder of them.")],
    config: Annotated[Path, typer.Option(help="The mlc_conf.json.")],
    tree: Annotated[
        Path | None,
        typer.Option(help="The tree's text; left out: as mlc_conf.json names it, from its folder."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Also write CSV.")] = None,
) -> None:
    """Print what the sensor answers at the end of each window: tree, output register, class."""
    from wearsynth.mlc.running import replies_text, run_files

    run = run_files(log, config, tree=tree, out=out)
    for line in replies_text(run.replies):
        typer.echo(line)
    for note in run.notes:
        typer.echo(note, err=True)
    if out is not None:
        typer.echo(f"{out}: answers written", err=True)


@mlc_app.command("train")
def train_command(
    source: Annotated[
        Path, typer.Argument(help="A windows file, or a folder of MEMS Studio logs.")
    ],
    out: Out,
    config: Annotated[
        Path | None,
        typer.Option(
            help="An mlc_conf.json whose part, range, windows, filters and features are used; left "
            "out: chosen for the rate."
        ),
    ] = None,
    signal: Annotated[
        str | None, typer.Option(help="Which signal of a windows file, where several would do.")
    ] = None,
    max_nodes: Annotated[
        int, typer.Option(min=3, help="Questions and answers of the tree at most.")
    ] = 31,
    overwrite: Overwrite = False,
) -> None:
    """Fit a tree on the twin's features and write the files that ST's own tool takes."""
    from wearsynth.mlc.training import train_files

    trained = train_files(
        source, out, config=config, signal=signal, max_nodes=max_nodes, overwrite=overwrite
    )
    for note in trained.notes:
        typer.echo(note, err=True)
    by_class = ", ".join(f"{name} {count}" for name, count in trained.windows.items())
    typer.echo(
        f"{out}: {trained.logs} log(s), {sum(trained.windows.values())} windows ({by_class})"
    )
    typer.echo(f"Tree: {trained.nodes} nodes")
    held = trained.held_out
    if not held.folds:
        typer.echo("Held-out accuracy: none, as some class has one group alone.")
    else:
        typer.echo(f"Held-out accuracy: {held.accuracy:.3f} ({held.folds} folds of whole groups)")
    for name, (count, right) in held.by_group.items():
        typer.echo(f"  {name}: {right / count:.3f} of {count} windows")
    typer.echo(
        "No sensor configuration yet: ST Edge AI Core, a closed tool of ST's, makes it there by"
    )
    typer.echo(f"  {trained.command}")
