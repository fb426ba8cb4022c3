"""The commands that judge windows: evaluate, utility and report."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from wearsynth.files import check_not_input
from wearsynth.options import FAILED, Out


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
    from wearsynth.judging import More, evaluate_files
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
    from wearsynth.judging import self_test_file

    test = self_test_file(real, out, quick=quick, seed=seed, say=say)
    typer.echo(self_test_text(test))
    typer.echo(f"{out}: findings written")
    if test.unseen:
        raise typer.Exit(FAILED)


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
    from wearsynth.judging import RealFiles, utility_files

    show_notices()
    files = RealFiles(real or (), train or (), holdout)
    for line in utility_files(
        synthetic, files, task=task, folds=folds, judges=judge or (), out=out, seed=seed
    ):
        typer.echo(line)


def report_command(
    scores: Annotated[Path, typer.Argument(help="scores.json of `evaluate`.")], out: Out
) -> None:
    """Draw one offline HTML page from scores."""
    from wearsynth.evaluation import read_scores
    from wearsynth.reporting import write_report

    check_not_input(out, scores)
    write_report(read_scores(scores), out)
    typer.echo(f"{out}: report written")
