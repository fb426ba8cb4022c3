"""The `wearsynth classifier` commands, and fine-tuning with a classifier's feedback."""

from pathlib import Path
from typing import Annotated

import typer

from wearsynth.config import FinetuneConfig
from wearsynth.options import Out, Overwrite, help_of, section_of
from wearsynth.section import MAX_SEED

classifier_app = typer.Typer(help="Train and test classifiers that steer or sort what is drawn.")
ClassifierFolder = Annotated[
    Path | None, typer.Option("--classifier", help="A classifier's folder.")
]


@classifier_app.command("train")
def train_command(
    windows: Annotated[Path, typer.Argument(help="A windows file of real recordings.")],
    out: Out,
    set_aside: Annotated[
        float,
        typer.Option(min=0, max=0.9, help="Share of groups for a test first; 0: not tested."),
    ] = 0.2,
    turned: Annotated[
        int,
        typer.Option(
            min=0,
            max=20,
            help="Learn each window so many times more, the sensor mounted otherwise.",
        ),
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Weights and order.")] = 0,
    overwrite: Overwrite = False,
) -> None:
    """Train a small convolutional network on real windows and write its folder."""
    from wearsynth.console import say
    from wearsynth.pipeline import train_classifier_file

    classifier = train_classifier_file(
        windows, out, set_aside=set_aside, turned=turned, seed=seed, overwrite=overwrite
    )
    for line in classifier.test_lines():
        say(line)
    typer.echo(f"{out}: classifier of {', '.join(classifier.classes)} written")


@classifier_app.command("test")
def test_command(
    windows: Annotated[Path, typer.Argument(help="A windows file of groups not learnt from.")],
    classifier: Annotated[Path, typer.Option(help="A classifier's folder.")],
) -> None:
    """Say how often a classifier is right about windows, real or synthetic, class by class."""
    from wearsynth.classifiers.trained import load_classifier
    from wearsynth.tables import load_windows

    fitted = load_classifier(classifier)
    for line in fitted.test(load_windows(windows)).lines(fitted.classes):
        typer.echo(line)


@classifier_app.command("onnx")
def onnx_command(
    classifier: Annotated[Path, typer.Argument(help="A classifier's folder.")],
    out: Out,
) -> None:
    """Write a classifier as one ONNX file: readings in their units in, probabilities out."""
    from wearsynth.classifiers.onnx_file import write_onnx
    from wearsynth.classifiers.trained import load_classifier
    from wearsynth.files import check_writable

    check_writable(out)
    write_onnx(load_classifier(classifier), out)
    typer.echo(f"{out}: written")


def finetune_command(
    model: Annotated[str, typer.Argument(help="A model folder, or a bundled model's name.")],
    out: Out,
    target: Annotated[
        Path | None, typer.Option(help="A windows file of the sensor to go on with; may be small.")
    ] = None,
    classifier: ClassifierFolder = None,
    rounds: Annotated[int | None, typer.Option(help=help_of(FinetuneConfig, "rounds"))] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help=help_of(FinetuneConfig, "learning_rate"))
    ] = None,
    feedback: Annotated[
        float | None, typer.Option(help=help_of(FinetuneConfig, "feedback"))
    ] = None,
    replayed: Annotated[int | None, typer.Option(help=help_of(FinetuneConfig, "replayed"))] = None,
    set_aside: Annotated[
        float | None, typer.Option(help=help_of(FinetuneConfig, "set_aside"))
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help=help_of(FinetuneConfig, "precision"))
    ] = None,
    seed: Annotated[int | None, typer.Option(help=help_of(FinetuneConfig, "seed"))] = None,
    device: Annotated[str | None, typer.Option(help=help_of(FinetuneConfig, "device"))] = None,
    public: Annotated[
        bool, typer.Option("--public", help=help_of(FinetuneConfig, "public"))
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an unfinished fit.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Go on with a fitted generator: another sensor's windows, a classifier's feedback, or both."""
    options = {
        "rounds": rounds,
        "learning_rate": learning_rate,
        "feedback": feedback,
        "replayed": replayed,
        "set_aside": set_aside,
        "precision": precision,
        "seed": seed,
        "device": device,
        "public": public or None,
    }
    config = section_of(FinetuneConfig, options)
    from wearsynth.console import say, training_progress
    from wearsynth.pipeline import FinetuneFiles, finetune_file

    files = FinetuneFiles(model, target, classifier, out)
    with training_progress() as watch:
        finetune_file(files, config, resume=resume, overwrite=overwrite, say=say, watch=watch)
    typer.echo(f"{out}: model written")
