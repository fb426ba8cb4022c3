"""Judge many window sets by grouped folds, and write one table a data set.

Usage: python benchmarks/leaderboard.py --quick [--data wesad_1hz ...] [--sets controls ...]
           [--models wgan-gp] [--peers FOLDER] [--shared FOLDER] [--write docs/benchmarks.md]

Real people's windows, controls of known place, generators fitted to each fold, and files that other
tools made are all judged by wearsynth.evaluate: a fold's groups are held out, the rest train. Every
result is kept in runs/leaderboard by the content of its three sets, the judge's source and the
options; after Ctrl-C, or a change of one set, the same command does only what is left. Folds come
one after the other, so that what is there can be shown at any time (--kept). An evaluation of
WESAD takes about 17 CPU seconds (--quick), with 5 folds and all sets half an hour; without --quick
ten times that.

--export FOLDER writes each fold's training windows for other tools, FOLDER/DATA/FOLD/train.npz:
values (window, time, channel) float32 with the channels of all signals side by side, label (index),
classes. --peers FOLDER reads what they made: FOLDER/DATA/FOLD/PEER.npz with values and label.
"""

import argparse
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from leaderboard_cache import (
    JUDGE_SOURCE,
    TRAINING_SOURCE,
    Result,
    judged,
    kept,
    key_of,
    windows_digest,
)
from leaderboard_data import DATA, MOST_WINDOWS, Fold, folds_of, thinned_by_person
from leaderboard_harness import checks, harness_table, ours, side_by_side
from leaderboard_sets import (
    MODELS,
    REAL,
    Contest,
    Entry,
    baseline_entries,
    control_entries,
    export,
    made_by,
    peer_entries,
)
from leaderboard_tables import COLUMNS, Row, mean_over_folds, table, with_section
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from wearsynth.errors import ConfigError, WearsynthError, did_you_mean
from wearsynth.files import atomic_file, read_bytes
from wearsynth.tables import load_windows, save_windows

ROOT = Path(__file__).parents[1]
SEED = 0
HARNESS_DATA = "wesad_1hz"
NOT_YET = "not judged yet."
PUBLIC_SYSTEM = ("seed_", "wesad_gans_")
"""How files of the public WESAD system begin, and what the tables call them."""

console = Console(stderr=True, highlight=False, soft_wrap=True)


@dataclass(frozen=True, eq=False)
class Board:
    """One data set, its folds, what is judged on them, and words about them."""

    data: str
    folds: Sequence[Fold]
    entries: Sequence[Entry]
    about: Sequence[str]


def main(arguments: list[str]) -> int:
    """Judge what is asked for and print the tables; the exit code."""
    options = parser().parse_args(arguments)
    try:
        boards = [board for name in options.data if (board := _board(name, options))]
        _check(boards, options)
        boards = [_chosen(board, options.sets) for board in boards]
        if options.export:
            return _export(boards, options.export)
        total = sum(len(board.folds) * len(board.entries) for board in boards)
        with _progress(total) as watch:
            found = {board.data: _judge(board, options, watch) for board in boards}
    except KeyboardInterrupt:
        console.print("Stopped. The same command goes on where it was; --kept shows what is there.")
        return 130
    except WearsynthError as error:
        console.print(f"Error: {error}", markup=False)
        return 1
    for board in boards:
        _tell(f"leaderboard {board.data}", _page(board, found[board.data], options), options)
        if board.data == HARNESS_DATA:
            _compare(found[board.data], options)
    return 0


def parser() -> argparse.ArgumentParser:
    """Give the options."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--data", nargs="+", choices=[*DATA], default=[*DATA], help="data sets")
    given.add_argument("--sets", nargs="+", help="only these: controls, baselines, peers, or names")
    given.add_argument("--models", nargs="*", choices=[*MODELS], default=[], help="to be fitted")
    given.add_argument(
        "--model-cpu-s", type=float, default=600.0, help="to fit one at most (default 600)"
    )
    given.add_argument("--model-seed", type=int, default=SEED, help="of fitted models")
    given.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="that fits them")
    given.add_argument("--folds", type=int, default=5, help="how many folds (default 5)")
    given.add_argument("--first", type=int, help="only the first so many folds")
    given.add_argument("--quick", action="store_true", help="the quick judge")
    given.add_argument("--peers", type=Path, help="folder of windows that other tools made by fold")
    given.add_argument("--export", type=Path, help="write training windows of each fold and stop")
    given.add_argument("--shared", type=Path, default=ROOT.parent / "shared", help="recordings")
    given.add_argument("--runs", type=Path, default=ROOT / "runs" / "leaderboard", help="cache")
    given.add_argument("--kept", action="store_true", help="evaluate nothing, show what is kept")
    given.add_argument("--write", type=Path, help="a page that takes the tables, by its markers")
    return given


def _board(name: str, options: argparse.Namespace) -> Board | None:
    """Give a data set's folds and entries; None, with a line, where its recordings are absent."""
    dataset = DATA[name]
    path = options.shared / dataset.path
    if not path.exists():
        console.print(f"{name}: skipped, {dataset.path} is not in {options.shared}.", markup=False)
        return None
    whole = dataset.load(path)
    windows = thinned_by_person(whole, MOST_WINDOWS, seed=SEED)
    folds, how = folds_of(windows, options.folds, seed=SEED)
    count = f"{len(windows)} windows"
    if len(windows) < len(whole):
        count += f" of {len(whole)}, of each class and person the same share"
    about = [f"{dataset.title}. {count}; {how}"]
    if options.first:
        about.append(f"Judged are the first {min(options.first, options.folds)} of them.")
    return Board(name, folds[: options.first], _entries(name, options), about)


def _entries(data: str, options: argparse.Namespace) -> list[Entry]:
    entries = control_entries()
    for name in options.models:
        entries.append(Entry(name, "models", "nothing", partial(_fitted, name=name, of=options)))
    if options.peers:
        entries += peer_entries(options.peers, data)
    if data == HARNESS_DATA:
        entries += baseline_entries(options.shared / "baselines")
    return entries


def _chosen(board: Board, wanted: Sequence[str] | None) -> Board:
    """Give the board with the sets asked for by kind or name, and all models."""
    if wanted is None:
        return board
    kinds = (*wanted, "models")
    return replace(board, entries=[e for e in board.entries if e.kind in kinds or e.name in wanted])


def _fitted(fold: Fold, _seed: int, *, name: str, of: argparse.Namespace) -> Contest | str:
    """Give windows of a generator fitted to the fold; what was made before is read again."""
    seed = of.model_seed
    parts = (
        windows_digest(fold.train)[:24],
        TRAINING_SOURCE[:8],
        f"{of.model_cpu_s:g}s",
        f"{seed}",
        *(["cuda"] if of.device == "cuda" else []),
    )
    made = of.runs / "made"
    path = made / f"{name}-{'-'.join(parts)}.parquet"
    if path.exists():
        return Contest(load_windows(path), fold.train, fold.holdout)
    if of.kept:
        return NOT_YET
    made.mkdir(parents=True, exist_ok=True)
    kept = made / f"model-{'-'.join(parts)}"
    counts, cpu_s = fold.train.counts, of.model_cpu_s
    windows = made_by(
        fold.train, counts, name=name, seed=seed, cpu_s=cpu_s, kept=kept, device=of.device
    )
    save_windows(windows, path)
    return Contest(windows, fold.train, fold.holdout)


Watch = Callable[[str, float | None], None]
"""(what was judged, its CPU seconds, None where it was kept from before): counts one evaluation."""


@contextmanager
def _progress(total: int) -> Iterator[Watch]:
    """Give a watcher: a bar at a terminal, a line for each new evaluation elsewhere."""
    if not console.is_terminal:
        yield _line_watch(total)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("", total=total)
        yield lambda what, cpu_s: progress.update(task, advance=1, description=what)  # noqa: ARG005


def _line_watch(total: int) -> Watch:
    start_s = time.monotonic()
    took_s: list[float | None] = []

    def watch(what: str, cpu_s: float | None) -> None:
        took_s.append(cpu_s)
        if cpu_s is not None:
            new = sum(one is not None for one in took_s)
            left_min = (time.monotonic() - start_s) / new * (total - len(took_s)) / 60
            left = f"at most {left_min:.0f} min left" if left_min >= 1 else "under a minute left"
            console.print(f"{len(took_s)} of {total}, {what}: {cpu_s:.0f} CPU s, {left}")

    return watch


def _judge(board: Board, options: argparse.Namespace, watch: Watch) -> list[Row]:
    """Give a row for each entry, fold after fold."""
    found: dict[str, list[Result]] = {entry.name: [] for entry in board.entries}
    missing: dict[str, list[str]] = {entry.name: [] for entry in board.entries}
    for fold in board.folds:
        for entry in board.entries:
            what = f"{board.data}, fold {fold.number}, {entry.name}"
            now, is_new = _result(entry, fold, options)
            if isinstance(now, Result):
                found[entry.name].append(now)
                watch(what, now.cpu_s if is_new else None)
                continue
            missing[entry.name].append(now)
            watch(what, None)
            if now != NOT_YET:
                console.print(f"{what}: left out, {now}", markup=False)
    return [Row(e.name, e.saw, found[e.name], tuple(missing[e.name])) for e in board.entries]


def _result(entry: Entry, fold: Fold, options: argparse.Namespace) -> tuple[Result | str, bool]:
    """Give a result, or a sentence that says why there is none; and whether it was not kept."""
    try:
        contest = entry.make(fold, SEED)
        if isinstance(contest, str):
            return contest, False
        key = key_of(contest, judge=JUDGE_SOURCE, quick=options.quick, seed=SEED)
        before = kept(options.runs, key)
        if before or options.kept:
            return before or NOT_YET, False
        return judged(contest, options.runs, key, quick=options.quick, seed=SEED), True
    except WearsynthError as error:  # one set that cannot be judged does not stop the others
        return str(error), False


def _page(board: Board, rows: Sequence[Row], options: argparse.Namespace) -> list[str]:
    """Give a data set's words and table; sets of other tools are named by what made them."""
    done = [result for row in rows for result in row.results]
    cpu_s = sum(result.cpu_s for result in done)
    how = [
        f"Made by `{_command(board.data, options)}` with the judge of {_commit()}, seed {SEED}: "
        f"{len(done)} evaluations, {cpu_s:.0f} CPU s.",
    ]
    shown = [line.replace(*PUBLIC_SYSTEM) for line in table(rows, folds=len(board.folds))]
    return [" ".join(board.about), "", *how, "", *shown]


def _command(data: str, options: argparse.Namespace) -> str:
    words = ["python benchmarks/leaderboard.py", "--data", data]
    words += ["--quick"] if options.quick else []
    words += ["--folds", str(options.folds)] if options.folds != 5 else []
    words += ["--first", str(options.first)] if options.first else []
    words += ["--sets", *map(shlex.quote, options.sets)] if options.sets else []
    if options.models:
        words += ["--models", *options.models, "--model-cpu-s", f"{options.model_cpu_s:g}"]
        words += ["--model-seed", f"{options.model_seed}"] if options.model_seed else []
        words += ["--device", options.device] if options.device != "cpu" else []
    words += ["--peers FOLDER"] if options.peers else []
    return " ".join(words)


def _commit() -> str:
    """Give the last commit that changed the package, which holds the judge."""

    def git(*words: str) -> str:
        run = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
        return run.stdout.strip()

    changed = " with changes" if git("status", "--porcelain", "--", "src") else ""
    return f"commit {git('log', '-1', '--format=%h', '--', 'src') or 'unknown'}{changed}"


def _tell(name: str, lines: Sequence[str], options: argparse.Namespace) -> None:
    """Print lines, and put them between the page's markers where one is given."""
    print("\n".join([f"## {_section(name, options)}", "", *lines, ""]))
    if options.write:
        page = options.write.read_text(encoding="utf-8")
        text = with_section(page, _section(name, options), lines)
        with atomic_file(options.write) as temporary:
            temporary.write_text(text, encoding="utf-8")


def _compare(rows: Sequence[Row], options: argparse.Namespace) -> None:
    """Print what the independent harness found of the same sets, and whether both agree."""
    readme = options.shared / "baselines" / "README.md"
    mine = ours([row for row in rows if row.saw != "nothing"])
    if not (mine and readme.is_file()):
        console.print("harness: skipped, no baselines were judged or their README is absent.")
        return
    theirs = harness_table(readme)
    real = next((row for row in rows if row.name == REAL and row.results), None)
    auc = real and mean_over_folds(real, COLUMNS["detector AUC"])
    print("\n".join([*side_by_side(mine, theirs), ""]))
    lines = [check.line for check in checks(mine, theirs, auc[0] if auc else None)]
    _tell("harness", [line.replace(*PUBLIC_SYSTEM) for line in lines], options)


def _section(name: str, options: argparse.Namespace) -> str:
    return f"{name}, {'quick' if options.quick else 'default'}"


def _check(boards: Sequence[Board], options: argparse.Namespace) -> None:
    """Raise ConfigError where no set has an asked name or the page lacks a place for a table."""
    known = {word for board in boards for e in board.entries for word in (e.kind, e.name)}
    for name in options.sets or ():
        if boards and name not in known:
            raise ConfigError(f"--sets: there is no {name!r}.{did_you_mean(name, known)}")
    if options.write:
        page = read_bytes(options.write).decode()
        for board in boards:
            with_section(page, _section(f"leaderboard {board.data}", options), [])


def _export(boards: Sequence[Board], folder: Path) -> int:
    for board in boards:
        for fold in board.folds:
            console.print(f"{export(fold, folder / board.data)}: written", markup=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
