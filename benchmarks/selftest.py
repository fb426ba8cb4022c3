"""Show which planted damage the judge sees, on real windows of several data sets.

Usage: python benchmarks/selftest.py [--shared ../shared] [--only basic_motions] [--default]
[-o FOLDER]. Without --shared only the built-in basic_motions is tried (about three CPU minutes);
with it WESAD at 1 Hz, two sets of ST and the WISDM watch follow, as far as they are there. --default
leaves --quick out: more judges, about ten times the time. A row a damage, a column a data set: how
many figures turned and the most telling of them; "-" where none did, "(...)" where the data are too
few for that damage. With -o each data set's self-test is also written as JSON.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wearsynth.data import Windows, windows_from_arrays
from wearsynth.evaluation.selftest import Finding, SelfTest, self_test, write_self_test
from wearsynth.formats import read
from wearsynth.windowing import cut_windows

GYRO_MISSING = -32768


def _cut(path: Path | str, *, length_s: float, stride_s: float) -> Windows:
    return cut_windows(read(path), length_s=length_s, stride_s=stride_s)


def _wisdm(path: Path) -> Windows:
    """Give windows of 5 s, every 30 s, of a file of all people at 20 Hz."""
    file = np.load(path)
    acc = file["acc"] * np.float32(file["acc_scale"])
    gyro = file["gyro"] * np.float32(file["gyro_scale"])
    gyro[(file["gyro"] == GYRO_MISSING).any(axis=1)] = np.nan
    starts, label, subject = [], [], []
    segments = zip(
        *(file[f"seg_{n}"] for n in ("start", "len", "activity", "subject")), strict=True
    )
    for start, length, activity, person in segments:
        for first in range(start, start + length - 100 + 1, 600):
            if np.isfinite(gyro[first : first + 100]).all():
                starts.append(first)
                label.append(str(activity))
                subject.append(str(person))
    rows = np.array(starts)[:, None] + np.arange(100)
    signals = {
        "acc": (acc[rows], 20.0, [(f"acc_{axis}", "m/s2") for axis in "xyz"]),
        "gyro": (gyro[rows], 20.0, [(f"gyro_{axis}", "rad/s") for axis in "xyz"]),
    }
    return windows_from_arrays(signals, label, subject=subject, start_s=np.array(starts) / 20)


@dataclass(frozen=True)
class Set:
    """Real windows. path: below the shared folder, "" for what is built in."""

    path: str
    windows: Callable[[Path], Windows]


SETS = {
    "basic_motions": Set("", lambda _path: _cut("basic_motions", length_s=2, stride_s=1)),
    "wesad_1hz": Set(
        "data/wesad_1hz/wesad_1hz.parquet", lambda path: _cut(path, length_s=60, stride_s=30)
    ),
    "st_pamap2_wrist": Set(
        "data/st_pamap2_wrist", lambda path: _cut(path, length_s=4, stride_s=3.5)
    ),
    "st_lsm6dsl": Set("data/st_lsm6dsl_har", lambda path: _cut(path, length_s=4, stride_s=2)),
    "wisdm_watch": Set("data/wisdm_watch/wisdm_watch_20hz.npz", _wisdm),
}
"""Data set -> its windows; settings are those of the recipes or about that."""


def main(arguments: list[str]) -> None:
    """Print a table of the data sets asked for."""
    options = _parser().parse_args(arguments)
    tests = {}
    for name in options.only or SETS:
        path = options.shared / SETS[name].path if options.shared else Path(SETS[name].path)
        if SETS[name].path and not (options.shared and path.exists()):
            print(f"{name}: left out, it needs {SETS[name].path} below --shared", file=sys.stderr)
            continue
        tests[name] = self_test(SETS[name].windows(path), quick=not options.default, watch=_watch)
        if options.out:
            options.out.mkdir(parents=True, exist_ok=True)
            write_self_test(tests[name], options.out / f"{name}.json")
    print(table(tests))


def table(tests: dict[str, SelfTest]) -> str:
    """Give the table in Markdown: a row a damage, a column a data set."""
    lines = [f"| damage | {' | '.join(tests)} |", "|---" * (len(tests) + 1) + "|"]
    every = {finding.damage: None for test in tests.values() for finding in test.findings}
    for damage in every:
        cells = [
            _cell(next(finding for finding in test.findings if finding.damage == damage))
            for test in tests.values()
        ]
        lines.append(f"| `{damage}` | {' | '.join(cells)} |")
    sizes = [
        " / ".join(f"{test.windows[part]} of {test.groups[part]}" for part in test.windows)
        for test in tests.values()
    ]
    few = [test.not_enough for test in tests.values()]
    lines.append(f"| windows of groups: train / holdout / stand-in | {' | '.join(sizes)} |")
    if any(few):
        lines.append(f"| proves nothing, because | {' | '.join(few)} |")
    return "\n".join(lines)


def _cell(finding: Finding) -> str:
    if not finding.planted:
        return "(not planted)"
    cell = "-"
    if finding.turned:
        best = finding.turned[0]
        cell = f"{len(finding.turned)}: {best.title}, {best.after}"
    return f"({cell})" if finding.note else cell


def _watch(finding: Finding, done: int, steps: int) -> None:
    turned = ", ".join(f"{one.name} {one.after} +{one.rise:.1f}" for one in finding.turned)
    print(f"{done}/{steps} {finding.damage}: {turned or '-'}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, help="where the real recordings are")
    parser.add_argument("--only", action="append", choices=[*SETS], help="repeat for more")
    parser.add_argument("--default", action="store_true", help="all judges, not --quick")
    parser.add_argument("-o", "--out", type=Path, help="a folder for each self-test as JSON")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
