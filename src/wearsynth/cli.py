"""The command line: each command reads its options, calls one stage, prints what came of it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from wearsynth import __version__
from wearsynth.cli_classifier import classifier_app, finetune_command
from wearsynth.cli_data import data_app
from wearsynth.cli_detect import detect_command, show_detection
from wearsynth.cli_evaluate import evaluate_command, report_command, utility_command
from wearsynth.cli_generate import generate_command, render_command
from wearsynth.cli_mlc import mlc_app
from wearsynth.cli_models import distil_command, fit_command, sample_command
from wearsynth.cli_privacy import privacy_app
from wearsynth.cli_release import audit_command, release_command
from wearsynth.cli_sensors import sensors_command
from wearsynth.config import Config, default_toml, load_config
from wearsynth.errors import Interrupted, WearsynthError
from wearsynth.files import atomic_file
from wearsynth.options import Out

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""

app = typer.Typer(
    name="wearsynth",
    help="Synthetic wearable-sensor data: labelled, in the sensor's counts, judged on real people.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
app.add_typer(data_app, name="data", no_args_is_help=True)
app.add_typer(classifier_app, name="classifier", no_args_is_help=True)
app.add_typer(mlc_app, name="mlc", no_args_is_help=True)
app.add_typer(privacy_app, name="privacy", no_args_is_help=True)


@app.command("demo")
def demo_command(
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Where to write; left out: wearsynth-demo, or wearsynth-demo-quick."
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Under a minute.")] = False,
) -> None:
    """Take real smartwatch recordings down the whole road; nothing to download."""
    from wearsynth.demo import demo_config, demo_folder

    _run(demo_config(quick=quick), out or demo_folder(quick=quick))


@app.command("run")
def run_command(
    config: Annotated[Path, typer.Argument(help="A .toml or .json of the whole road.")],
    out: Out,
    data: Annotated[str | None, typer.Option(help="Recordings in place of data.path.")] = None,
) -> None:
    """Walk the whole road; every stage's output is kept, finished stages are reused."""
    options = load_config(config)
    if data is not None:
        source = options.data.model_copy(update={"path": data})
        options = options.model_copy(update={"data": source})
    _run(options, out)


@app.command("config")
def config_command(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A file to write.")] = None,
) -> None:
    """Print a commented configuration, every option at its default."""
    if out is None:
        typer.echo(default_toml())
        return
    with atomic_file(out) as temporary:
        temporary.write_text(default_toml(), encoding="utf-8")


app.command("fit")(fit_command)
app.command("finetune")(finetune_command)
app.command("distil")(distil_command)
app.command("sample")(sample_command)
app.command("render")(render_command)
app.command("generate")(generate_command)
app.command("evaluate")(evaluate_command)
app.command("report")(report_command)
app.command("utility")(utility_command)
app.command("detect")(detect_command)
app.command("audit")(audit_command)
app.command("release")(release_command)
app.command("sensors")(sensors_command)


def _run(config: Config, out: Path) -> None:
    from wearsynth.console import print_scores, say, show_notices, training_progress
    from wearsynth.evaluation import read_scores
    from wearsynth.road import run

    show_notices()
    with training_progress() as watch:
        report = run(config, out, say=say, watch=watch)
    print_scores(read_scores(out / "scores.json"))
    if config.detect is not None:
        show_detection(out / "detection")
    typer.echo(f"Report (real recordings inside, do not share): {report}")
    if config.render is not None:
        typer.echo(f"{config.render.sensor} files: {out / config.render.sensor}")


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"wearsynth {__version__}")
        raise typer.Exit


@app.callback()
def options_of_all(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="The version.")
    ] = False,
) -> None:
    """Options that stand before every command."""


def main() -> None:
    """Run the command line; an error is one sentence and exit code 1, Ctrl-C is 130."""
    try:
        app()
    except Interrupted as interrupted:
        _stop(str(interrupted), INTERRUPTED)
    except WearsynthError as error:
        _stop(str(error), 1)
    except MemoryError:
        _stop("not enough memory for this; ask for less at a time.", 1)
    except SystemExit as stop:  # Typer turns a Ctrl-C between two stages into a silent 130
        if stop.code == INTERRUPTED:
            _stop("stopped by Ctrl-C.", INTERRUPTED)
        raise


def _stop(message: str, code: int) -> None:
    typer.secho("Error: ", fg="red", bold=True, err=True, nl=False)
    typer.echo(message, err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
