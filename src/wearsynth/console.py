"""What a person sees at a terminal: lines, tables, progress."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.logging import RichHandler
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Column, Table
from rich.text import Text

from wearsynth.evaluation import Scores
from wearsynth.fetching import Dataset
from wearsynth.fetching.downloading import Watch as DownloadWatch
from wearsynth.formats.manifest import Summary
from wearsynth.optimise import RoundReport, Watch
from wearsynth.people import PeopleSummary
from wearsynth.reporting.summary import FamilyRows, family_rows

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
LINE_EVERY_S = 10.0


def say(line: str) -> None:
    """Print one line about what is going on, to stderr."""
    err.print(line, markup=False, soft_wrap=True)


def show_notices() -> None:
    """Let notices of the library (a slow first compilation, a padded window) reach the terminal."""
    handler = RichHandler(console=err, show_time=False, show_level=False, show_path=False)
    logger = logging.getLogger("wearsynth")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)


@contextmanager
def training_progress() -> Iterator[Watch]:
    """Give a watcher of training: a bar at a terminal, a line every 10 s elsewhere."""
    if not err.is_terminal:
        yield _line_watch()
        return
    columns = (
        TextColumn("fit"),
        BarColumn(bar_width=14),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.1f}/s,"),
        TimeRemainingColumn(compact=True),
        TextColumn("left "),
        TextColumn("{task.fields[losses]}", table_column=Column(no_wrap=True)),
    )
    with Progress(*columns, console=err) as progress:
        task = progress.add_task("fit", total=None, rate=0.0, losses="")
        rate = _Rate()

        def watch(report: RoundReport) -> None:
            progress.update(
                task,
                completed=report.round,
                total=report.rounds,
                rate=rate.now(report.round),
                losses=_losses(report),
            )

        yield watch


@contextmanager
def fits_progress() -> Iterator[Callable[[int, int], None]]:
    """Give a watcher of fits, told how many are done of how many: a bar, or a line a fit elsewhere."""
    start_s, own = time.monotonic(), [0]
    if not err.is_terminal:

        def line(done: int, times: int) -> None:
            own[0] += 1  # fits that were kept from before took no time now
            left_s = (time.monotonic() - start_s) / own[0] * (times - done)
            say(f"fit {done} of {times}" + (f", about {left_s:.0f} s left" if left_s else ""))

        yield line
        return
    columns = (
        TextColumn("fits"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
    )
    with Progress(*columns, console=err) as progress:
        task = progress.add_task("fits", total=None, visible=False)
        yield lambda done, times: progress.update(task, completed=done, total=times, visible=True)


@contextmanager
def download_progress() -> Iterator[DownloadWatch]:
    """Give a watcher of a download: a bar with rate and time left, or a line every 10 s elsewhere."""
    if not err.is_terminal:
        yield _download_lines()
        return
    columns = (
        TextColumn("fetch"),
        BarColumn(bar_width=24),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
    )
    with Progress(*columns, console=err) as progress:
        task = progress.add_task("fetch", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _download_lines() -> DownloadWatch:
    rate, last = _Rate(), [time.monotonic()]

    def watch(done: int, total: int | None) -> None:
        speed = rate.now(done)
        if time.monotonic() - last[0] < LINE_EVERY_S or not speed:
            return
        last[0] = time.monotonic()
        left = (
            "" if total is None else f" of {total / 1e6:.0f}, {(total - done) / speed:.0f} s left"
        )
        say(f"{done / 1e6:.0f} MB{left}, {speed / 1e6:.1f} MB/s")

    return watch


class _Rate:
    """Rounds or bytes per second since the first report, so that a resumed run counts its own."""

    def __init__(self) -> None:
        self._first: tuple[int, float] | None = None
        self._last = 0

    def now(self, done: int) -> float:
        if self._first is None or done < self._last:  # or another stage has begun
            self._first = (done, time.monotonic())
        self._last = done
        return (done - self._first[0]) / max(time.monotonic() - self._first[1], 1e-9)


def _line_watch() -> Watch:
    rate, last = _Rate(), [time.monotonic()]

    def watch(report: RoundReport) -> None:
        speed = rate.now(report.round)
        if time.monotonic() - last[0] < LINE_EVERY_S or not speed:
            return
        last[0] = time.monotonic()
        left_s = (report.rounds - report.round) / speed
        losses = f"{_losses(report)}, " if report.losses else ""
        say(
            f"round {report.round} of {report.rounds}, {speed:.1f} rounds/s, "
            f"{losses}{left_s:.0f} s left at most"
        )

    return watch


def _losses(report: RoundReport) -> str:
    losses = "  ".join(f"{name} {loss:+.2f}" for name, loss in report.losses.items())
    held_out = "" if report.score is None else f"  held-out {report.score:.3f}"
    return losses + held_out


def print_datasets(datasets: Iterable[Dataset]) -> None:
    """Print the table of data sets that can be fetched."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in ("name", "what", "MB", "checksum", "licence"):
        table.add_column(column, overflow="fold", no_wrap=column in ("name", "MB", "checksum"))
    for entry in datasets:
        size = "?" if entry.megabytes is None else str(entry.megabytes)
        checksum = "known" if entry.sha256 else "not known"
        table.add_row(entry.name, entry.title, size, checksum, entry.licence)
    out.print(table)


VERDICT_COLOURS = {"good": "green", "fair": "yellow", "poor": "red", "calm": "dim"}
"""Tone -> colour at a terminal."""

ROOM_FOR_WORST, ROOM_FOR_INTERVALS = 90, 120
"""From so many columns on, the table has the worst of real people; 95 % intervals too."""


def print_scores(scores: Scores) -> None:
    """Print the three verdicts, then the figures by family, then the notes."""
    families = family_rows(scores)
    out.print(_verdicts(families))
    out.print(_figures(families, width=out.width))
    for note in scores.notes:
        out.print(f"Note: {note}", markup=False, soft_wrap=True)


def print_verdicts(scores: Scores) -> None:
    """Print the three verdicts alone."""
    out.print(_verdicts(family_rows(scores)))


def _verdicts(families: list[FamilyRows]) -> Table:
    """Give a line or two a family: verdict, answer, worst figure."""
    lines = Table.grid(padding=(0, 2))
    for no_wrap in (True, True, False):
        lines.add_column(no_wrap=no_wrap)
    for of in families:
        verdict = _coloured(of.verdict, of.tone)
        lines.add_row(of.title, verdict, Text(f"{of.question} {of.answer}. {of.worst}"))
    return lines


def _figures(families: list[FamilyRows], *, width: int) -> Table:
    """Give the table; only titles break where there is no room, and they break between words."""
    wide, worst = width >= ROOM_FOR_INTERVALS, width >= ROOM_FOR_WORST
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    more = ("interval",) if wide else ()
    table.add_column("figure")
    for column in ("value", *more, "real people" if worst else "real", "verdict"):
        table.add_column(column, no_wrap=True)
    for of in families:
        table.add_section()
        table.add_row(Text(of.title.lower(), style="bold"))
        for row in of.rows:
            reference = row.reference if worst else row.reference.split(",")[0]
            verdict = _coloured(row.score.verdict, row.tone)
            middle = (row.interval,) if wide else ()
            table.add_row(Text(row.score.title), row.value, *middle, reference, verdict)
    return table


def _coloured(verdict: str, tone: str) -> Text:
    return Text(verdict, style=VERDICT_COLOURS[tone])


def print_people(summary: PeopleSummary, folder: object) -> None:
    """Print whom was made, for how long, and where it lies."""
    count = f"{summary.people} people" if summary.people > 1 else "1 person"
    done = ", ".join(f"{name} {seconds:g} s" for name, seconds in summary.by_class.items())
    line = f"{folder}: {count}, {summary.seconds / 60:g} min each ({done}), {summary.files} files"
    out.print(f"{line} as {summary.format}", markup=False, soft_wrap=True)


def print_summary(summary: Summary, folder: object) -> None:
    """Print what was rendered and where it lies."""
    counts = ", ".join(f"{name} {count}" for name, count in summary.windows.items() if count)
    out.print(f"{folder}: {counts} windows", markup=False, soft_wrap=True)
    about = summary.about
    out.print(
        "  "
        + ", ".join(f"{key} {about[key]}" for key in ("sensor", "full_scale", "rate_hz"))
        + f", {len(summary.devices)} device(s), "
        + f"{100 * summary.saturated_share:.2f} % of readings at the end of the range",
        markup=False,
        soft_wrap=True,
    )
    for note in summary.notes:
        say(f"  {note}")
