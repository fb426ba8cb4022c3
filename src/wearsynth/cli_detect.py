"""The command that finds stress in people left out: detect."""

from pathlib import Path
from typing import Annotated

import typer

from wearsynth.config import Config, DetectConfig, FitConfig, PrivacyConfig, load_config
from wearsynth.options import (
    EpsilonOption,
    Out,
    Overwrite,
    PublicOption,
    given,
    help_of,
    section_of,
)


def detect_command(
    real: Annotated[
        Path, typer.Argument(help="A windows file of all people, with a class stress.")
    ],
    out: Out,
    config: Annotated[
        Path | None,
        typer.Option(help="A .toml or .json whose [fit], [privacy] and [detect] count."),
    ] = None,
    generator: Annotated[str | None, typer.Option(help=help_of(FitConfig, "generator"))] = None,
    rounds: Annotated[int | None, typer.Option(help=help_of(FitConfig, "rounds"))] = None,
    seed: Annotated[
        int | None, typer.Option(help="Which people make a fold, and the seed of every fit.")
    ] = None,
    epsilon: EpsilonOption = None,
    public: PublicOption = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="A fitted model in place of fitting, whoever made it, tested on people whom it has "
            "not seen; somebody whom all have seen is an error. Repeat, such as one a fold."
        ),
    ] = None,
    folds: Annotated[int | None, typer.Option(help=help_of(DetectConfig, "folds"))] = None,
    seeds: Annotated[int | None, typer.Option(help=help_of(DetectConfig, "seeds"))] = None,
    times: Annotated[float | None, typer.Option(help=help_of(DetectConfig, "times"))] = None,
    judge: Annotated[
        list[str] | None, typer.Option(help=f"{help_of(DetectConfig, 'judges')}. Repeat.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Find stress in people left out, having learnt from real, synthetic or both.

    A generator is fitted for each fold of people, without them. After Ctrl-C the same command goes on.
    """
    whole = load_config(config) if config is not None else Config()
    fitting = given({"generator": generator, "rounds": rounds, "seed": seed})
    fit = {**whole.fit.model_dump(), **fitting}
    private = given({"epsilon": epsilon, "public": public})
    privacy = {**whole.privacy.model_dump(exclude_unset=True), **private}
    options = {"folds": folds, "seeds": seeds, "times": times, "judges": judge or None}
    detect = {**(whole.detect or DetectConfig()).model_dump(), **given(options)}
    from wearsynth.console import say, show_notices, training_progress
    from wearsynth.detecting import Detecting, detect_file

    asked = Detecting(
        section_of(DetectConfig, detect),
        section_of(FitConfig, fit),
        section_of(PrivacyConfig, privacy),
        tuple(model or ()),
    )
    show_notices()
    with training_progress() as watch:
        detect_file(real, out, asked, overwrite=overwrite, say=say, watch=watch)
    show_detection(out)


def show_detection(folder: Path) -> None:
    """Print what a detection in a folder found."""
    from wearsynth.detecting import RESULT, detection_lines, read_detection

    for line in detection_lines(read_detection(folder / RESULT)):
        typer.echo(line)
    typer.echo(f"{folder / RESULT}: written")
