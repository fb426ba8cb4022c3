"""The `wearsynth data` commands: what is done with recordings before anything is trained."""

import json
from pathlib import Path
from typing import Annotated

import typer

from wearsynth.config_recordings import SplitConfig, WindowsConfig
from wearsynth.options import (
    ChannelsOption,
    ClassesOption,
    ColumnsOption,
    Format,
    LabelsOption,
    Out,
    Overwrite,
    Place,
    SignalsOption,
    Source,
    SourceRate,
    TagLabels,
    data_config,
    help_of,
    section_of,
)

data_app = typer.Typer(help="Look at recordings, cut them into windows, split by group, export.")


@data_app.command("describe")
def describe_command(
    path: Source,
    format: Format = None,  # noqa: A002
    channel: ChannelsOption = None,
    column: ColumnsOption = None,
    source_rate_hz: SourceRate = None,
    place: Place = None,
    signal: SignalsOption = None,
    labels: LabelsOption = None,
    tag_labels: TagLabels = None,
    classes: ClassesOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Say what recordings (or a windows file) hold: people, classes, minutes, rates, oddities."""
    from wearsynth.describing import as_text, describe, describe_windows
    from wearsynth.formats.sources import read_source
    from wearsynth.tables import is_windows_file, load_windows

    source = {
        "path": path,
        "format": format,
        "channel": channel,
        "column": column,
        "rate_hz": source_rate_hz,
        "place": place,
        "signals": signal,
        "labels": None if labels is None else str(labels),
        "tag_labels": tag_labels,
        "classes": classes,
    }
    if is_windows_file(Path(path)) and not channel:
        description = describe_windows(load_windows(Path(path)))
    else:
        description = describe(read_source(data_config(source)))
    typer.echo(json.dumps(description.to_json(), indent=2) if as_json else as_text(description))


@data_app.command("windows")
def windows_command(
    path: Source,
    out: Out,
    length_s: Annotated[float | None, typer.Option(help=help_of(WindowsConfig, "length_s"))] = None,
    stride_s: Annotated[float | None, typer.Option(help=help_of(WindowsConfig, "stride_s"))] = None,
    rate_hz: Annotated[float | None, typer.Option(help=help_of(WindowsConfig, "rate_hz"))] = None,
    resampling: Annotated[
        str | None, typer.Option(help=help_of(WindowsConfig, "resampling"))
    ] = None,
    scaling: Annotated[str | None, typer.Option(help=help_of(WindowsConfig, "scaling"))] = None,
    joined: Annotated[
        bool, typer.Option("--joined", help=help_of(WindowsConfig, "joined"))
    ] = False,
    format: Format = None,  # noqa: A002
    channel: ChannelsOption = None,
    column: ColumnsOption = None,
    source_rate_hz: SourceRate = None,
    place: Place = None,
    signal: SignalsOption = None,
    labels: LabelsOption = None,
    tag_labels: TagLabels = None,
    classes: ClassesOption = None,
) -> None:
    """Cut recordings into labelled windows; none crosses a gap, a span's edge or a person."""
    options = {
        "length_s": length_s,
        "stride_s": stride_s,
        "rate_hz": rate_hz,
        "resampling": resampling,
        "scaling": scaling,
        "joined": joined,
    }
    cut = section_of(WindowsConfig, options)
    source = {
        "path": path,
        "format": format,
        "channel": channel,
        "column": column,
        "rate_hz": source_rate_hz,
        "place": place,
        "signals": signal,
        "labels": None if labels is None else str(labels),
        "tag_labels": tag_labels,
        "classes": classes,
    }
    data = data_config(source)
    from wearsynth.preparing import cut_file

    windows = cut_file(data, cut, out)
    for line in windows.provenance:
        typer.echo(line, err=True)
    typer.echo(f"{out}: {listed(windows.counts)} ({len(set(windows.group.tolist()))} groups)")


@data_app.command("split")
def split_command(
    windows: Annotated[Path, typer.Argument(help="A windows file.")],
    out: Out,
    holdout: Annotated[float | None, typer.Option(help=help_of(SplitConfig, "holdout"))] = None,
    seed: Annotated[int | None, typer.Option(help=help_of(SplitConfig, "seed"))] = None,
    overwrite: Overwrite = False,
) -> None:
    """Write train.parquet and holdout.parquet, of whole groups each."""
    options = section_of(SplitConfig, {"holdout": holdout, "seed": seed})
    from wearsynth.preparing import split_file

    parts = split_file(windows, options, out, overwrite=overwrite)
    for note in parts.notes:
        typer.echo(note, err=True)
    typer.echo(f"{out / 'train.parquet'}: {listed(parts.train.counts)}")
    typer.echo(f"{out / 'holdout.parquet'}: {listed(parts.holdout.counts)}")


@data_app.command("export")
def export_command(
    path: Annotated[str, typer.Argument(help="Recordings of any format, or a windows file.")],
    out: Out,
    zipped: Annotated[bool, typer.Option("--zip", help="A zip a session, not a folder.")] = False,
    format: Format = None,  # noqa: A002
    channel: ChannelsOption = None,
    column: ColumnsOption = None,
    source_rate_hz: SourceRate = None,
    place: Place = None,
    signal: SignalsOption = None,
    labels: LabelsOption = None,
    tag_labels: TagLabels = None,
    classes: ClassesOption = None,
    overwrite: Overwrite = False,
) -> None:
    """Write recordings or windows as Empatica E4 sessions, for tools that read the E4's export."""
    source = {
        "path": path,
        "format": format,
        "channel": channel,
        "column": column,
        "rate_hz": source_rate_hz,
        "place": place,
        "signals": signal,
        "labels": None if labels is None else str(labels),
        "tag_labels": tag_labels,
        "classes": classes,
    }
    data = data_config(source)
    from wearsynth.preparing import export_file

    export = export_file(data, out, zipped=zipped, overwrite=overwrite)
    for note in export.notes:
        typer.echo(note, err=True)
    typer.echo(f"{out}: {len(export.sessions)} E4 session(s), {export.files} files")


@data_app.command("fetch")
def fetch_command(
    name: Annotated[str, typer.Argument(help="A data set; --list shows them.")] = "",
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The folder that keeps archives and data sets.")
    ] = Path("datasets"),
    show_list: Annotated[bool, typer.Option("--list", help="Show what can be fetched.")] = False,
    url: Annotated[str | None, typer.Option(help="Another address of the same archive.")] = None,
    sha256: Annotated[
        str | None, typer.Option(help="The checksum that the archive must have.")
    ] = None,
    accept_unknown: Annotated[
        bool,
        typer.Option("--accept-unknown", help="Take an archive whose checksum nobody tells."),
    ] = False,
) -> None:
    """Download a public data set, check it, unpack it; says its licence and how to cite it."""
    from wearsynth.console import download_progress, print_datasets, say
    from wearsynth.fetching import catalogue, dataset, fetch

    if show_list:
        print_datasets(catalogue().values())
        return
    wanted = dataset(name)
    for line in (*wanted.about, f"From: {url or wanted.url}"):
        say(line)
    with download_progress() as watch:
        fetched = fetch(
            wanted,
            out,
            url=url,
            sha256=sha256,
            accept_unknown=accept_unknown,
            watch=watch,
            say=say,
        )
    for line in wanted.about[2:]:
        say(line)
    typer.echo(f"{fetched.path}")
    say(f"Look at it: wearsynth data describe '{fetched.path}'")


def listed(counts: dict[str, int]) -> str:
    """Give how many windows there are, and of which classes."""
    by_class = ", ".join(f"{name} {count}" for name, count in counts.items())
    return f"{sum(counts.values())} windows ({by_class})"
