"""The commands that write a sensor's counts: render and generate."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from wearsynth.config import load_generate_config
from wearsynth.config_rendering import GenerateConfig, RenderConfig
from wearsynth.errors import ConfigError
from wearsynth.options import (
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
    from wearsynth.generating import render_file

    print_summary(render_file(windows, config, out, overwrite=overwrite), out)


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
    whole = _over(config, given(options))
    from wearsynth.console import print_people, print_summary, say, training_progress
    from wearsynth.generating import generate
    from wearsynth.people import asks_for_people, generate_people

    if asks_for_people(whole):
        print_people(generate_people(whole, out, overwrite=overwrite), out)
        return
    with training_progress() if whole.logs else nullcontext() as watch:
        summary = generate(whole, out, overwrite=overwrite, say=say, watch=watch)
    print_summary(summary, out)


def _over(file: Path | None, options: dict[str, Any]) -> GenerateConfig:
    """Give the configuration with the options in place of its own."""
    if "counts" in options and "stream_s" in options:
        raise ConfigError("--count asks for windows, --stream for continuous signals: give one.")
    before = load_generate_config(file) if file is not None else GenerateConfig()
    changed = {**before.model_dump(exclude_unset=True), **options}
    if "counts" in options:
        changed.pop("stream_s", None)
    return section_of(GenerateConfig, changed)
