"""The command line: each command reads its options, calls one stage, prints what came of it."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from wearsynth import __version__
from wearsynth.cli_classifier import classifier_app, finetune_command
from wearsynth.cli_data import data_app
from wearsynth.cli_detect import detect_command, show_detection
from wearsynth.cli_mlc import mlc_app
from wearsynth.cli_models import distil_command, fit_command, sample_command
from wearsynth.cli_privacy import privacy_app
from wearsynth.cli_release import audit_command, release_command
from wearsynth.cli_sensors import sensors_command
from wearsynth.config import (
    Config,
    GenerateConfig,
    RenderConfig,
    default_toml,
    load_config,
    load_generate_config,
)
from wearsynth.errors import ConfigError, Interrupted, WearsynthError
from wearsynth.files import atomic_file, check_not_input
from wearsynth.options import (
    FAILED,
    CountOption,
    Out,
    Overwrite,
    counts_of,
    given,
    help_of,
    mounting_of,
    seconds_of,
    section_of,
)

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""

app = typer.Typer(
    name="wearsynth",
    help="Synthetic wearable-sensor data: labelled, in the sensor's counts, judged on real people.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data_app, name="data", no_args_is_help=True)
app.add_typer(classifier_app, name="classifier", no_args_is_help=True)
app.add_typer(mlc_app, name="mlc", no_args_is_help=True)
app.add_typer(privacy_app, name="privacy", no_args_is_help=True)


app.command("fit")(fit_command)
app.command("finetune")(finetune_command)
app.command("distil")(distil_command)
app.command("sample")(sample_command)
app.command("audit")(audit_command)
app.command("release")(release_command)
app.command("sensors")(sensors_command)
app.command("detect")(detect_command)


@app.command("render")
def render_command(
    windows: Annotated[Path, typer.Argument(help="A windows file.")],
    out: Out,
    sensor: Annotated[str | None, typer.Option(help=help_of(RenderConfig, "sensor"))] = None,
    signal: Annotated[str | None, typer.Option(help=help_of(RenderConfig, "signal"))] = None,
    full_scale: Annotated[
        str | None, typer.Option(help=help_of(RenderConfig, "full_scale"))
    ] = None,
    rate_hz: Annotated[float | None, typer.Option(help=help_of(RenderConfig, "rate_hz"))] = None,
    power_mode: Annotated[
        str | None, typer.Option(help=help_of(RenderConfig, "power_mode"))
    ] = None,
    low_pass: Annotated[str | None, typer.Option(help=help_of(RenderConfig, "low_pass"))] = None,
    mounting: Annotated[str | None, typer.Option(help=help_of(RenderConfig, "mounting"))] = None,
    devices: Annotated[int | None, typer.Option(help=help_of(RenderConfig, "devices"))] = None,
    device_seed: Annotated[
        int | None, typer.Option(help=help_of(RenderConfig, "device_seed"))
    ] = None,
    cross_axis_pct: Annotated[
        float | None, typer.Option(help=help_of(RenderConfig, "cross_axis_pct"))
    ] = None,
    format: Annotated[str | None, typer.Option(help=help_of(RenderConfig, "format"))] = None,  # noqa: A002
    seed: Annotated[int | None, typer.Option(help=help_of(RenderConfig, "seed"))] = None,
    overwrite: Overwrite = False,
) -> None:
    """Write windows as a part would have recorded them: its counts, range, rate and noise."""
    options = {
        "sensor": sensor,
        "signal": signal,
        "full_scale": full_scale,
        "rate_hz": rate_hz,
        "power_mode": power_mode,
        "low_pass": low_pass,
        "mounting": mounting_of(mounting),
        "devices": devices,
        "device_seed": device_seed,
        "cross_axis_pct": cross_axis_pct,
        "format": format,
        "seed": seed,
    }
    config = section_of(RenderConfig, options)
    from wearsynth.console import print_summary
    from wearsynth.pipeline import render_file

    print_summary(render_file(windows, config, out, overwrite=overwrite), out)


@app.command("generate")
def generate_command(
    out: Out,
    config: Annotated[Path | None, typer.Option(help="configuration.json or .toml.")] = None,
    model: Annotated[str | None, typer.Option(help=help_of(GenerateConfig, "model"))] = None,
    logs: Annotated[
        str | None, typer.Option("--from", help=help_of(GenerateConfig, "logs"))
    ] = None,
    count: CountOption = None,
    stream: Annotated[
        list[str] | None,
        typer.Option(
            help="CLASS=SECONDS, or SECONDS for every class: one continuous signal each. Repeat."
        ),
    ] = None,
    people: Annotated[int | None, typer.Option(help=help_of(GenerateConfig, "people"))] = None,
    minutes: Annotated[float | None, typer.Option(help=help_of(GenerateConfig, "minutes"))] = None,
    plan: Annotated[str | None, typer.Option(help=help_of(GenerateConfig, "plan"))] = None,
    classifier: Annotated[
        str | None, typer.Option(help=help_of(GenerateConfig, "classifier"))
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help=help_of(GenerateConfig, "precision"))
    ] = None,
    device: Annotated[str | None, typer.Option(help=help_of(GenerateConfig, "device"))] = None,
    sensor: Annotated[str | None, typer.Option(help=help_of(GenerateConfig, "sensor"))] = None,
    full_scale: Annotated[
        str | None, typer.Option(help=help_of(GenerateConfig, "full_scale"))
    ] = None,
    rate_hz: Annotated[float | None, typer.Option(help=help_of(GenerateConfig, "rate_hz"))] = None,
    power_mode: Annotated[
        str | None, typer.Option(help=help_of(GenerateConfig, "power_mode"))
    ] = None,
    mounting: Annotated[str | None, typer.Option(help=help_of(GenerateConfig, "mounting"))] = None,
    devices: Annotated[int | None, typer.Option(help=help_of(GenerateConfig, "devices"))] = None,
    format: Annotated[str | None, typer.Option(help=help_of(GenerateConfig, "format"))] = None,  # noqa: A002
    seed: Annotated[int | None, typer.Option(help=help_of(GenerateConfig, "seed"))] = None,
    overwrite: Overwrite = False,
) -> None:
    """Draw from a model and render, in one go; options stand in place of the configuration's."""
    options = {
        "model": model,
        "logs": logs,
        "counts": counts_of(count),
        "stream_s": seconds_of(stream),
        "people": people,
        "minutes": minutes,
        "plan": plan,
        "classifier": classifier,
        "precision": precision,
        "device": device,
        "sensor": sensor,
        "full_scale": full_scale,
        "rate_hz": rate_hz,
        "power_mode": power_mode,
        "mounting": mounting_of(mounting),
        "devices": devices,
        "format": format,
        "seed": seed,
    }
    if count and stream:
        raise ConfigError("--count asks for windows, --stream for continuous signals: give one.")
    before = load_generate_config(config) if config is not None else GenerateConfig()
    changed = {**before.model_dump(exclude_unset=True), **given(options)}
    if count:
        changed.pop("stream_s", None)
    whole = section_of(GenerateConfig, changed)
    from wearsynth.console import print_people, print_summary, say, training_progress
    from wearsynth.people import asks_for_people, generate_people
    from wearsynth.pipeline import generate

    if asks_for_people(whole):
        print_people(generate_people(whole, out, overwrite=overwrite), out)
        return
    with training_progress() if whole.logs else nullcontext() as watch:
        summary = generate(whole, out, overwrite=overwrite, say=say, watch=watch)
    print_summary(summary, out)


@app.command("evaluate")
def evaluate_command(
    synthetic: Annotated[Path | None, typer.Argument(help="A windows file to judge.")] = None,
    train: Annotated[
        Path | None, typer.Option(help="The real windows that were learnt from.")
    ] = None,
    holdout: Annotated[Path | None, typer.Option(help="Real windows of other groups.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Where to write; a self-test: selftest.json if left out."),
    ] = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            help="Exit code 3 where it holds: detector_auc>0.8, coverage.excess>3, "
            "near_copies.verdict==suspicious. Repeat.",
        ),
    ] = None,
    self_test: Annotated[
        Path | None,
        typer.Option(
            help="A windows file of real people: plant damage in it and say which figures see it, "
            "in place of judging a synthetic file."
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out the slow judge.")] = False,
    learning_curve: Annotated[
        bool, typer.Option("--learning-curve", help="Also what more people would buy: 60 fits.")
    ] = False,
    rank_agreement: Annotated[
        bool,
        typer.Option("--rank-agreement", help="Also whether 8 classifiers rank alike: 80 fits."),
    ] = False,
    retrain_attacks: Annotated[
        int | None,
        typer.Option(
            min=4,
            help="Also fit a generator so many times, each to half of the people, and ask who was in: "
            "24 to be sure. The cost is told first; after Ctrl-C the same command goes on.",
        ),
    ] = None,
    retrain_with: Annotated[
        str,
        typer.Option(
            help="Which: mixture (a plain one, to compare with, seconds), or the model folder that "
            "the windows come from, fitted again with its own options (minutes to hours)."
        ),
    ] = "mixture",
    retrain_rounds: Annotated[
        int | None,
        typer.Option(min=1, help="Rounds of such a fit at most, in place of the model's own."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Folds and draws.")] = 0,
) -> None:
    """Judge synthetic windows, each figure beside the same figure for real against real."""
    if self_test is not None:
        if any(
            (synthetic, train, holdout, fail_if, learning_curve, rank_agreement, retrain_attacks)
        ):
            raise typer.BadParameter("--self-test takes --out, --quick and --seed alone.")
        _self_test(self_test, out or Path("selftest.json"), quick=quick, seed=seed)
        return
    if synthetic is None or train is None or holdout is None or out is None:
        raise typer.BadParameter("SYNTHETIC, --train, --holdout and --out, or --self-test REAL.")
    if retrain_attacks is None and (retrain_with != "mixture" or retrain_rounds is not None):
        raise typer.BadParameter("--retrain-with and --retrain-rounds go with --retrain-attacks N.")
    from wearsynth.console import fits_progress, print_scores, say, show_notices
    from wearsynth.evaluation import read_scores
    from wearsynth.evaluation.gate import failures, parse_condition
    from wearsynth.pipeline import More, evaluate_files
    from wearsynth.refitting import RetrainPlan, RetrainProgress

    conditions = [parse_condition(text) for text in fail_if or ()]
    plan = RetrainPlan(retrain_attacks, retrain_with, retrain_rounds) if retrain_attacks else None
    more = More(learning_curve, rank_agreement, plan)
    show_notices()
    with fits_progress() if plan else nullcontext() as watch:
        progress = RetrainProgress(say, watch) if watch else None
        evaluate_files(
            synthetic, train, holdout, out, quick=quick, more=more, seed=seed, progress=progress
        )
    scores = read_scores(out)
    print_scores(scores)
    typer.echo(f"{out}: scores written")
    failed = failures(scores, conditions)
    for sentence in failed:
        typer.echo(sentence, err=True)
    if failed:
        raise typer.Exit(FAILED)


def _self_test(real: Path, out: Path, *, quick: bool, seed: int) -> None:
    """Print and write what the judge sees; exit code 3 where damage goes unseen."""
    from wearsynth.console import say
    from wearsynth.evaluation.text import self_test_text
    from wearsynth.pipeline import self_test_file

    test = self_test_file(real, out, quick=quick, seed=seed, say=say)
    typer.echo(self_test_text(test))
    typer.echo(f"{out}: findings written")
    if test.unseen:
        raise typer.Exit(FAILED)


@app.command("utility")
def utility_command(
    synthetic: Annotated[list[Path], typer.Argument(help="Windows files to learn from.")],
    real: Annotated[
        list[Path] | None,
        typer.Option(
            help="Real windows of all people; each synthetic file is tested on those whom its "
            "generator has not seen. Repeat."
        ),
    ] = None,
    train: Annotated[
        list[Path] | None,
        typer.Option(
            help="The real windows that were learnt from; with --real one for each synthetic file, "
            "in order, needed where files do not say it themselves."
        ),
    ] = None,
    holdout: Annotated[
        Path | None, typer.Option(help="Real windows of other groups, in place of --real.")
    ] = None,
    task: Annotated[
        str, typer.Option(help="classes; or stress, against all other classes.")
    ] = "classes",
    folds: Annotated[
        str | None,
        typer.Option(
            help="Of real people: a number, or loso to leave out one at a time. Left out: as the "
            "synthetic files have them, else 5; for stress loso."
        ),
    ] = None,
    judge: Annotated[
        list[str] | None,
        typer.Option(
            help="trees, minirocket or cnn; left out: all. For stress trees, boosting, stress-cnn or "
            "cnn-lstm; left out: stress-cnn. Repeat."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Also write JSON.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Folds, draws and judges.")] = 0,
) -> None:
    """Test person by person what judges learn from synthetic, real and both; minutes of CPU."""
    from wearsynth.console import show_notices
    from wearsynth.pipeline import RealFiles, utility_files

    show_notices()
    files = RealFiles(real or (), train or (), holdout)
    for line in utility_files(
        synthetic, files, task=task, folds=folds, judges=judge or (), out=out, seed=seed
    ):
        typer.echo(line)


@app.command("report")
def report_command(
    scores: Annotated[Path, typer.Argument(help="scores.json of `evaluate`.")], out: Out
) -> None:
    """Draw one offline HTML page from scores."""
    from wearsynth.evaluation import read_scores
    from wearsynth.reporting import write_report

    check_not_input(out, scores)
    write_report(read_scores(scores), out)
    typer.echo(f"{out}: report written")


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


@app.command("demo")
def demo_command(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where to write.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Under a minute.")] = False,
) -> None:
    """Take real smartwatch recordings down the whole road; nothing to download."""
    from wearsynth.demo import demo_config, demo_folder

    _run(demo_config(quick=quick), out or demo_folder(quick=quick))


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
