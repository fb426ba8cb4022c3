"""The commands that make and use a model: fit, distil, sample."""

from pathlib import Path
from typing import Annotated, Any

import typer

from wearsynth.cli_data import listed
from wearsynth.config import DistilConfig, FitConfig, PrivacyConfig, SampleConfig
from wearsynth.errors import ConfigError
from wearsynth.options import (
    ClipNormOption,
    CountOption,
    CovariateOption,
    DeltaOption,
    EpsilonOption,
    Out,
    Overwrite,
    PublicOption,
    SampledOption,
    UnitOption,
    WindowsPerUnitOption,
    counts_of,
    covariates_of,
    given,
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
    epsilon: EpsilonOption = None,
    delta: DeltaOption = None,
    unit: UnitOption = None,
    clip_norm: ClipNormOption = None,
    sampling_probability: SampledOption = None,
    windows_per_unit: WindowsPerUnitOption = None,
    ledger: Annotated[str | None, typer.Option(help=help_of(PrivacyConfig, "ledger"))] = None,
    public: PublicOption = None,
    numbers: Annotated[int | None, typer.Option(help=help_of(PrivacyConfig, "numbers"))] = None,
    accept_noise: Annotated[
        bool, typer.Option("--accept-noise", help=help_of(PrivacyConfig, "accept_noise"))
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an unfinished fit.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Fit a generator to windows, with --epsilon under differential privacy; write the model folder."""
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
    asked = {
        "epsilon": epsilon,
        "delta": delta,
        "unit": unit,
        "clip_norm": clip_norm,
        "sampling_probability": sampling_probability,
        "windows_per_unit": windows_per_unit,
        "ledger": ledger,
        "public": public,
        "numbers": numbers,
        "accept_noise": accept_noise or None,
    }
    privacy = _privacy(given(asked))
    from wearsynth.console import say, training_progress
    from wearsynth.pipeline import fit_file

    with training_progress() as watch:
        model = fit_file(
            train, out, config, privacy, resume=resume, overwrite=overwrite, say=say, watch=watch
        )
    typer.echo(f"{out}: model written")
    if model.privacy is not None:
        typer.echo(f"privacy: {model.privacy.line}")


def _privacy(asked: dict[str, Any]) -> PrivacyConfig:
    """Check the options of privacy, which without --epsilon would do nothing."""
    privacy = section_of(PrivacyConfig, asked)
    if asked and "epsilon" not in asked:
        option = next(iter(asked)).replace("_", "-")
        raise ConfigError(f"--{option} says how privacy is kept: it goes with --epsilon.")
    return privacy


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
