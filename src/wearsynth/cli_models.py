"""The commands that make and use a model: fit, distil, sample."""

from pathlib import Path
from typing import Annotated

import typer

from wearsynth.cli_data import listed
from wearsynth.config import DistilConfig, FitConfig, SampleConfig
from wearsynth.options import (
    CountOption,
    CovariateOption,
    Out,
    Overwrite,
    counts_of,
    covariates_of,
    help_of,
    mounting_of,
    section_of,
)


def fit_command(
    train: Annotated[Path, typer.Argument(help="A windows file of the train groups.")],
    out: Out,
    generator: Annotated[str | None, typer.Option(help=help_of(FitConfig, "generator"))] = None,
    rounds: Annotated[int | None, typer.Option(help=help_of(FitConfig, "rounds"))] = None,
    batch_size: Annotated[int | None, typer.Option(help=help_of(FitConfig, "batch_size"))] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help=help_of(FitConfig, "learning_rate"))
    ] = None,
    width: Annotated[int | None, typer.Option(help=help_of(FitConfig, "width"))] = None,
    set_aside: Annotated[float | None, typer.Option(help=help_of(FitConfig, "set_aside"))] = None,
    precision: Annotated[str | None, typer.Option(help=help_of(FitConfig, "precision"))] = None,
    seed: Annotated[int | None, typer.Option(help=help_of(FitConfig, "seed"))] = None,
    device: Annotated[str | None, typer.Option(help=help_of(FitConfig, "device"))] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an unfinished fit.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Fit a generator to windows and write the model folder."""
    options = {
        "generator": generator,
        "rounds": rounds,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "width": width,
        "set_aside": set_aside,
        "precision": precision,
        "seed": seed,
        "device": device,
    }
    config = section_of(FitConfig, options)
    from wearsynth.console import say, training_progress
    from wearsynth.pipeline import fit_file

    with training_progress() as watch:
        fit_file(train, out, config, resume=resume, overwrite=overwrite, say=say, watch=watch)
    typer.echo(f"{out}: model written")


def distil_command(
    model: Annotated[str, typer.Argument(help="A model folder with a flow.")],
    out: Out,
    few_steps: Annotated[int | None, typer.Option(help=help_of(DistilConfig, "few_steps"))] = None,
    paths: Annotated[int | None, typer.Option(help=help_of(DistilConfig, "paths"))] = None,
    rounds: Annotated[int | None, typer.Option(help=help_of(DistilConfig, "rounds"))] = None,
    precision: Annotated[str | None, typer.Option(help=help_of(DistilConfig, "precision"))] = None,
    seed: Annotated[int | None, typer.Option(help=help_of(DistilConfig, "seed"))] = None,
    overwrite: Overwrite = False,
) -> None:
    """Teach a fitted flow to sample in a few steps, and write the new model's folder."""
    options = {
        "few_steps": few_steps,
        "paths": paths,
        "rounds": rounds,
        "precision": precision,
        "seed": seed,
    }
    config = section_of(DistilConfig, options)
    from wearsynth.console import say, training_progress
    from wearsynth.pipeline import distil_file

    with training_progress() as watch:
        distil_file(model, out, config, overwrite=overwrite, say=say, watch=watch)
    typer.echo(f"{out}: model written")


def sample_command(
    model: Annotated[str, typer.Argument(help="A model folder, or a bundled model's name.")],
    out: Out,
    count: CountOption = None,
    people: Annotated[int | None, typer.Option(help=help_of(SampleConfig, "people"))] = None,
    covariate: CovariateOption = None,
    mounting: Annotated[str | None, typer.Option(help=help_of(SampleConfig, "mounting"))] = None,
    precision: Annotated[str | None, typer.Option(help=help_of(SampleConfig, "precision"))] = None,
    device: Annotated[str | None, typer.Option(help=help_of(SampleConfig, "device"))] = None,
    seed: Annotated[int | None, typer.Option(help=help_of(SampleConfig, "seed"))] = None,
) -> None:
    """Draw exactly so many synthetic windows of each class and stream them to a file."""
    options = {
        "counts": counts_of(count),
        "people": people,
        "covariates": covariates_of(covariate),
        "mounting": mounting_of(mounting),
        "precision": precision,
        "device": device,
        "seed": seed,
    }
    config = section_of(SampleConfig, options)
    from wearsynth.model import load_model
    from wearsynth.pipeline import sample_file

    typer.echo(f"{out}: {listed(sample_file(load_model(model), config, out))}")
