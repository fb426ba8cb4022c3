"""What a reader must make of a broken file: sound recordings that tell it, or one sentence."""

import itertools
import json
import re
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from fuzz.cases import Case
from fuzz.targets import Read, Result, Target
from wearsynth.data import Recording, Windows
from wearsynth.describing import as_text, describe, describe_windows
from wearsynth.errors import WearsynthError
from wearsynth.formats import READERS, Reader
from wearsynth.mlc.running import Run, replies_text
from wearsynth.sensors import Counts

MOST_LETTERS = 500
NEVER = re.compile(
    r"Traceback|[Pp]y[Aa]rrow|[Pp]andas|unpickl|0x[0-9a-f]{6}|Row #|CSV parse error|CSV conversion error"
    r"|codec can|Errno|<_io|object at|Error\(|\(None|None[,)]",
)
"""What no sentence for a person holds."""
VERBS = frozenset(
    re.findall(
        r"\w+",
        """
    add ask check choose close convert copy cut delete download drop export extract fill free get
    give hand keep leave look lower make mend move name open pack part pass point put read remove render
    rename repair replace save say send set sort split start take try turn unpack unzip update use
    write
    """,
    )
)
"""What a remedy begins with; a question does as well."""


Kind = Literal["read", "refused", "failed"]


@dataclass(frozen=True)
class Outcome:
    """What came of a case. problem: what is wrong with it, "" where it passes; message: what was said."""

    number: int
    mutations: tuple[str, ...]
    kind: Kind
    problem: str
    message: str


Told = tuple[int, int, frozenset[str]]
Figures = dict[str, Any]


@dataclass(frozen=True)
class Reference:
    """What reading the pristine files gives: what is told of them, and their figures."""

    told: Told
    figures: Figures


def reference(target: Target, path: Path) -> Reference:
    """Give the reference of a target's pristine files."""
    result = target.reads[0](path)
    return Reference(_told(result), _figures(result))


def judge(target: Target, case: Case, expected: Reference, *, number: int) -> Outcome:
    """Read a case and judge what came of it."""
    how = case.random.choice(target.reads)
    try:
        for reader in READERS.values():
            _never_raises(reader, case.path)
        problem, message = _judge_reading(target, case, expected, how), ""
        kind: Kind = "read"
    except WearsynthError as error:
        message, kind = str(error), "refused"
        problem = problem_of_message(message, case)
        if not problem and _alone(case, target.same):
            problem = "the same data must be read, but were refused"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        problem, message, kind = f"{type(error).__name__}: {error}"[:300], _place(error), "failed"
    return Outcome(number, case.mutations, "failed" if problem else kind, problem, message)


def _never_raises(reader: Reader, path: Path) -> None:
    """Ask a reader whether it knows a path; an error of ours is as wrong as any other here."""
    try:
        reader.recognises(path)
    except WearsynthError as error:
        raise AssertionError(f"recognises raises: {error}") from error


def _judge_reading(target: Target, case: Case, expected: Reference, how: Read) -> str:
    result = how(case.path)
    told, figures = _told(result), _figures(result)
    if problem := _unsound(result):
        return problem
    if _alone(case, target.same) and figures != expected.figures:
        return f"other figures than of the same data: {_difference(figures, expected.figures)}"
    readings = all(_is_read(path, target, case) for path in case.changed)
    if _alone(case, target.tells) and readings and not _tells(told, expected.told):
        return "was read, but its description does not tell it"
    return ""


def _is_read(file: Path, target: Target, case: Case) -> bool:
    """Tell whether a file is one of readings, at or below what is read."""
    return file.name.endswith(tuple(target.texts)) and file.is_relative_to(case.path)


def _alone(case: Case, names: frozenset[str]) -> bool:
    return len(case.mutations) == 1 and case.mutations[0] in names


def problem_of_message(message: str, case: Case) -> str:
    """Give what is wrong with a refusal, "" where nothing is."""
    text = _without_paths(message, case)
    if len(message.splitlines()) != 1:
        return "the message is not one line"
    if not message.isprintable():
        return "the message holds signs that cannot be printed"
    if len(text) > MOST_LETTERS:
        return f"the message has {len(text)} letters without its paths"
    if message[-1] not in ".?":
        return "the message does not end with a full stop"
    if found := NEVER.search(text):
        return f"the message holds {found[0]!r}"
    if not _names_place(message, case):
        return f"the message names none of {sorted({path.name for path in case.changed})}"
    return "" if has_remedy(text) else "the message says not what to do"


def has_remedy(text: str) -> bool:
    """Tell whether a clause begins with what to do, or the text asks or lists what is known."""
    clauses = re.split(r"[.?!:;,(]\s*|\b(?:or|and|then|first)\b\s*", text)
    first = {clause.split()[0].lower().strip("'\"") for clause in clauses if clause.split()}
    return "?" in text or "Known:" in text or bool(first & VERBS)


def _without_paths(message: str, case: Case) -> str:
    return message.replace(str(case.path), "PATH").replace(str(case.root), "ROOT")


def _names_place(message: str, case: Case) -> bool:
    """Tell whether a file that was changed, or a folder it lies in, is named.

    Where files came or went, or two were changed, anything in the case will do.
    """
    if case.tree or len(case.changed) > 1:
        return str(case.root) in message or any(path.name in message for path in case.changed)
    folders = [place for path in case.changed for place in path.parents]
    inside = [place for place in folders if place.is_relative_to(case.root)]
    names = [str(path.name) for path in case.changed]
    whole = [rf"{re.escape(str(place))}(?=[:, '])" for place in inside]
    return any(re.search(name, message) for name in [*map(re.escape, names), *whole])


def _told(result: Result) -> Told:
    """Give what a description says of trouble: gaps, recordings, sentences; printing it all."""
    if isinstance(result, Counts):
        return 0, len(result), frozenset(result.notes)
    if isinstance(result, Run):
        "\n".join(replies_text(result.replies)).encode()
        return 0, len(result.replies), frozenset(result.notes)
    windows = isinstance(result, Windows)
    of = describe_windows(result) if isinstance(result, Windows) else describe(_recordings(result))
    as_text(of).encode()  # what cannot be printed fails here
    json.dumps(of.to_json(), allow_nan=False)
    return of.gaps, len(result) if windows else of.recordings, frozenset((*of.oddities, *of.notes))


def _tells(told: Told, before: Told) -> bool:
    return told[0] > before[0] or told[1] > before[1] or bool(told[2] - before[2])


def _figures(result: Result) -> Figures:
    if isinstance(result, Counts):
        return {"counts": result.values.tolist(), **result.about}
    if isinstance(result, Run):
        return {"replies": [astuple(reply) for reply in result.replies]}
    of = describe_windows(result) if isinstance(result, Windows) else describe(_recordings(result))
    json_of = of.to_json()
    return {
        key: json_of[key] for key in ("minutes", "people", "classes", "signals", "gaps", "events")
    }


def _recordings(result: Result) -> list[Recording]:
    assert not isinstance(result, Windows | Counts | Run)
    return list(result)


def _difference(one: Figures, other: Figures) -> str:
    return ", ".join(key for key in one if one[key] != other[key])


def _unsound(result: Result) -> str:
    """Give what is wrong with what was read, "" where nothing is."""
    if isinstance(result, Windows | Counts | Run):
        return ""
    names = [recording.name for recording in result]
    if len(set(names)) < len(names):
        return f"recordings share names: {sorted(names)[:4]}"
    return next(filter(None, map(_unsound_recording, result)), "")


def _unsound_recording(recording: Recording) -> str:
    times = [time for span in recording.spans for time in (span.start_s, span.end_s)]
    times += [time for gap in recording.gaps for time in (gap.start_s, gap.end_s)]
    times += [signal.start_s for signal in recording.signals.values()]
    if not np.isfinite(times).all():
        return "a span, gap or start is not finite"
    if any(gap.start_s >= gap.end_s for gap in recording.gaps):
        return "a gap does not end after its start"
    if _overlap((span.start_s, span.end_s) for span in recording.spans):
        return "spans overlap"
    for name, signal in recording.signals.items():
        if np.isinf(signal.values).any():
            return f"signal {name} holds infinity"
        if not (np.isfinite(signal.rate_hz) and signal.rate_hz > 0):
            return f"signal {name} has a rate of {signal.rate_hz} Hz"
    return ""


def _overlap(ranges: Iterable[tuple[float, float]]) -> bool:
    ordered = sorted(ranges)
    return any(b[0] < a[1] - 1e-6 for a, b in itertools.pairwise(ordered))


def _place(error: BaseException) -> str:
    """Give the innermost line of the package where an error came from."""
    places, trace = [], error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if "wearsynth" in file and "tests" not in file:
            places.append(f"{Path(file).name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " < ".join(reversed(places[-3:]))
