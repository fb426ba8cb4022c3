"""The commands that let data leave, and that test whether they may: release and audit."""

from pathlib import Path
from typing import Annotated

import typer

from wearsynth.config import FitConfig, PrivacyConfig, SampleConfig
from wearsynth.options import (
    FAILED,
    ClipNormOption,
    CountOption,
    DeltaOption,
    Out,
    Overwrite,
    SampledOption,
    UnitOption,
    WindowsPerUnitOption,
    counts_of,
    help_of,
    section_of,
)

AUDIT_ROUNDS, AUDIT_WIDTH = 100, 16
"""Rounds and width of the networks of an audit, where they are left out."""


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


def audit_command(
    train: Annotated[Path, typer.Argument(help="A windows file: real or toy ones.")],
    out: Out,
    epsilon: Annotated[float, typer.Option(min=1e-3, help="The claim that is tested.")],
    canaries: Annotated[int, typer.Option(min=2, max=10_000, help="Planted units.")] = 21,
    delta: DeltaOption = None,
    unit: UnitOption = None,
    clip_norm: ClipNormOption = None,
    sampling_probability: SampledOption = None,
    windows_per_unit: WindowsPerUnitOption = None,
    generator: Annotated[str | None, typer.Option(help=help_of(FitConfig, "generator"))] = None,
    public: Annotated[
        Path | None, typer.Option(help="The public windows file that few-numbers starts from.")
    ] = None,
    numbers: Annotated[int | None, typer.Option(help=help_of(PrivacyConfig, "numbers"))] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Training rounds.")] = AUDIT_ROUNDS,
    width: Annotated[int, typer.Option(min=8, help="Channels of the networks.")] = AUDIT_WIDTH,
    seed: Annotated[
        int, typer.Option(min=0, help="First weights, planted windows; never the coins or noise.")
    ] = 0,
) -> None:
    """Plant people, fit privately, guess who was in: does that refute the epsilon? Exit code 3 if so.

    Nothing is kept but the figures, which stay inside: they are on no ledger.
    """
    asked = {
        "epsilon": epsilon,
        "delta": delta,
        "unit": unit,
        "clip_norm": clip_norm,
        "sampling_probability": sampling_probability,
        "windows_per_unit": windows_per_unit,
        "numbers": numbers,
    }
    privacy = section_of(PrivacyConfig, asked)
    options = {"generator": generator, "rounds": rounds, "width": width, "seed": seed}
    config = section_of(FitConfig, options)
    from wearsynth.audits import INTERNAL, audit_fit, write_audit
    from wearsynth.console import training_progress
    from wearsynth.files import check_not_input, check_writable
    from wearsynth.tables import load_windows

    check_not_input(out, train)
    check_writable(out)
    with training_progress() as watch:
        report = audit_fit(
            load_windows(train),
            config,
            privacy,
            canaries=canaries,
            public=None if public is None else load_windows(public),
            watch=watch,
        )
    write_audit(report, out)
    for line in report.lines:
        typer.echo(line)
    typer.echo(f"{out}: {INTERNAL}")
    if report.audit.bound > epsilon:
        raise typer.Exit(FAILED)
