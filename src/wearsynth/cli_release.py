"""The commands that let data leave, and that test whether they may: release and audit."""

from pathlib import Path
from typing import Annotated

import typer

from wearsynth.config import SampleConfig
from wearsynth.options import CountOption, Out, Overwrite, counts_of, section_of


def release_command(
    model: Annotated[str, typer.Argument(help="A model folder, or a bundled model's name.")],
    out: Out,
    count: CountOption = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Same seed, same windows; left out: a random one.")
    ] = None,
    scores: Annotated[
        Path | None,
        typer.Option(
            help="scores.json of `evaluate`: its figures over all people go along, marked as not covered by "
            "epsilon."
        ),
    ] = None,
    without_privacy: Annotated[
        bool,
        typer.Option("--without-privacy", help="Also where the model has no differential privacy."),
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Write what may leave the building: synthetic windows, statement, model card, figures."""
    counts = section_of(SampleConfig, {"counts": counts_of(count)}).counts
    from wearsynth.evaluation import read_scores
    from wearsynth.model import load_model
    from wearsynth.releasing import ReleasePlan, privacy_line, release

    plan = ReleasePlan(
        counts, seed, None if scores is None else read_scores(scores), without_privacy
    )
    fitted = load_model(model)
    for name in release(fitted, out, plan, overwrite=overwrite):
        typer.echo(f"  {name}")
    typer.echo(f"Privacy: {privacy_line(fitted.privacy)}")
    typer.echo(f"{out}: may leave; everything else stays inside")
