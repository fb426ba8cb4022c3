"""People over an hour as E4 sessions: can joints be told, do hearts beat on, do levels drift as real ones.

Usage: python benchmarks/e4_sessions.py [--model FOLDER] [--people 8] [--minutes 60]
           [--plan rest=300,stress=300] [--seconds 2 10 30] [--real FOLDER] (some CPU minutes)

Each person's hour is drawn as `wearsynth generate --people` draws it. Stretches of so many seconds whose
middle is that of a joint's overlap stand against stretches as far from joints as can be; a forest (features
of windows, and how the middle moves beside the rest, signal by signal) learns to tell them on half of the
people and is asked about the others, and the other way round. Printed is its AUC by class, .5 is not at all;
the same for ends of drawn windows against middles of others, where nothing was joined; and for each
signal alone. Then how many
intervals of beats differ by a quarter from the ones around, at joints and elsewhere; how far levels of
minutes differ within and between people, and how alike they are a minute and five later, beside e4_stress
where --real names its folder; CPU seconds for one person's hour written as an E4 session, and its memory.
Without --model a mixture is fitted to the windows of --real first, in a CPU minute.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import e4_stress_data
import numpy as np
from joints import halves_auc
from numpy.typing import NDArray

from wearsynth.config import FitConfig
from wearsynth.data import Signal, SignalWindows, Windows, windows_from_arrays
from wearsynth.features import all_features
from wearsynth.formats.e4_beats import beats_of
from wearsynth.model import Model, load_model, save_model
from wearsynth.sessions import Sessions, person_pieces, person_signals, plan_of
from wearsynth.training import fit
from wearsynth.weaving import Joint

SEED = 0
AROUND = 2
"""Intervals on each side that an interval is measured against."""

DIFFERENT = 0.25
MINUTE = 60
LEVELS = {"eda": "log uS", "temp": "degC"}
Readings = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Person:
    """One person's readings (time, channel) by signal, and the joints with the class after each."""

    readings: Readings
    joints: list[Joint]
    names: list[str]


def main(arguments: list[str]) -> None:
    """Print the tables."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--model", help="a folder or name; left out: fitted to the set of --real")
    given.add_argument("--people", type=int, default=8)
    given.add_argument("--minutes", type=float, default=60.0)
    given.add_argument("--plan", default="")
    given.add_argument("--seconds", type=float, nargs="+", default=[2.0, 10.0, 30.0])
    given.add_argument("--real", type=Path, help="the folder of e4_stress_native.npz")
    options = given.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        model = options.model or fitted(options.real / "e4_stress_native.npz", Path(folder) / "m")
        print_tables(model, options)


def print_tables(name: str, options: argparse.Namespace) -> None:
    """Print what is told of a model's people."""
    plan = plan_of(options.plan) if options.plan else ()
    asked = Sessions(load_model(name), options.people, plan, options.minutes * 60, seed=SEED)
    people = [drawn(asked, number) for number in range(asked.people)]
    for lines in (
        told_lines(asked, people, options.seconds),
        beat_lines(asked, people),
        level_lines(people, options.real),
        cost_lines(name, options.minutes),
    ):
        for line in lines:
            print(line, flush=True)
        print()


def fitted(path: Path, folder: Path) -> str:
    """Fit a mixture to the windows of e4_stress, and give its folder."""
    save_model(fit(e4_stress_data.windows(path), FitConfig(generator="mixture")), folder)
    return str(folder)


def drawn(asked: Sessions, number: int) -> Person:
    """Give a person as `generate` gives them, with the joints."""
    blocks = list(person_signals(asked, number))
    readings = {name: np.concatenate([of[name] for of in blocks]) for name in blocks[0]}
    end = sum(steps for _, steps in asked.steps)
    joints = []
    for _, joint in person_pieces(asked, number):
        if joint.step >= end:
            break
        joints.append(joint)
    names = [class_at(asked, (joint.step + joint.overlap) / asked.rate_hz) for joint in joints]
    return Person(readings, joints, names)


def class_at(asked: Sessions, at_s: float) -> str:
    """Give what is done at a moment."""
    return next((of.label for of in asked.spans if of.start_s <= at_s < of.end_s), "")


def told_lines(asked: Sessions, people: list[Person], lengths_s: list[float]) -> Iterator[str]:
    """Give a table of how well joints inside a class are told."""
    signals = [signal.name for signal in asked.model.representation.signals]
    alone = [f"{name} alone" for name in signals]
    yield f"| class | seconds | joints | AUC | AUC without joints | {' | '.join(alone)} |"
    yield "|---" * (5 + len(signals)) + "|"
    for name in asked.model.classes:
        for length_s in lengths_s:
            across, inside, group = stretches(asked, people, name, length_s)
            halves = np.arange(len(group)) * 2 // len(group)
            aucs = [
                told(across, inside, group % 2),
                told(*unjoined(asked.model, name, length_s, len(group)), halves),
                *(told(only(across, of), only(inside, of), group % 2) for of in signals),
            ]
            cells = " | ".join(f"{auc:.2f}" for auc in aucs)
            yield f"| {name} | {length_s:g} | {len(group)} | {cells} |"


def only(windows: Windows, name: str) -> Windows:
    """Give the windows of one signal."""
    return replace(windows, signals={name: windows.signals[name]})


def stretches(
    asked: Sessions, people: list[Person], name: str, length_s: float
) -> tuple[Windows, Windows, NDArray[np.int64]]:
    """Give stretches across joints of a class, as many from between two joints, and whose they are."""
    across, inside, group = list[tuple[int, int]](), list[tuple[int, int]](), list[int]()
    length = round(length_s * asked.rate_hz)
    for number, person in enumerate(people):
        middle = [joint.step + joint.overlap // 2 for joint in person.joints]
        end = len(person.readings["eda"])
        for k in range(len(middle) - 1):
            plain = not (person.joints[k].changes or person.joints[k + 1].changes)
            room = middle[k + 1] - middle[k] >= length + person.joints[k].overlap
            between = (middle[k] + middle[k + 1]) // 2
            fits = middle[k] >= length / 2 and between + length <= end
            if plain and room and person.names[k] == name and fits:
                across.append((number, middle[k] - length // 2))
                inside.append((number, between - length // 2))
                group.append(number)
    made = [windows_of(asked, people, places, length) for places in (across, inside)]
    return made[0], made[1], np.array(group)


def windows_of(
    asked: Sessions, people: list[Person], places: list[tuple[int, int]], length: int
) -> Windows:
    """Give the readings of so many steps from each place (person, step) as windows."""
    values = {}
    for signal in asked.model.representation.signals:
        fold = round(signal.rate_hz / asked.rate_hz)
        cut = [
            people[p].readings[signal.name][at * fold : (at + length) * fold] for p, at in places
        ]
        channels = [(channel.name, channel.unit) for channel in signal.channels]
        values[signal.name] = (np.stack(cut), signal.rate_hz, channels)
    return windows_from_arrays(values, ["any"] * len(places))


def unjoined(model: Model, name: str, length_s: float, count: int) -> tuple[Windows, Windows]:
    """Give the last seconds of so many drawn windows, and the middles of as many others."""
    made = model.sample({name: 2 * count}, seed=SEED + 1)
    parts = []
    for place in (0, 1):
        values = {}
        for key, signal in made.signals.items():
            length, time_ = round(length_s * signal.rate_hz), signal.values.shape[1]
            first = (time_ - length) if place == 0 else (time_ - length) // 2
            rows = slice(place * count, (place + 1) * count)
            cut = signal.values[rows, first : first + length]
            channels = [(channel.name, channel.unit) for channel in signal.channels]
            values[key] = (cut, signal.rate_hz, channels)
        parts.append(windows_from_arrays(values, ["any"] * count))
    return parts[0], parts[1]


def told(across: Windows, inside: Windows, half: NDArray[np.int64]) -> float:
    """Give the AUC of a forest that tells them, each half by one that learnt the other."""
    features = np.concatenate([features_of(across), features_of(inside)])
    return halves_auc(features, half)


def features_of(windows: Windows) -> NDArray[np.float64]:
    """Give features of windows and how their middles move."""
    middles = [middle_moves(signal) for signal in windows.signals.values()]
    found = np.concatenate([all_features(windows).values, *middles], axis=1)
    return np.asarray(np.nan_to_num(found, posinf=0.0, neginf=0.0), np.float64)


def middle_moves(signal: SignalWindows) -> NDArray[np.float64]:
    """Give how differences of three orders in the middle second stand beside all of the stretch's."""
    columns = []
    for order in (1, 2, 3):
        moves = np.abs(np.diff(signal.values.astype(np.float64), order, axis=1)).mean(axis=2)
        around = max(1, round(signal.rate_hz / 2))
        centre = moves.shape[1] // 2
        middle = moves[:, max(0, centre - around) : centre + around]
        whole = moves.mean(axis=1) + 1e-9
        columns += [middle.mean(axis=1) / whole, middle.max(axis=1) / whole]
    half = signal.values.shape[1] // 2
    before, after = signal.values[:, :half], signal.values[:, half:]
    for of in (np.mean, np.std):
        columns.append(np.abs(of(before, axis=1) - of(after, axis=1)).mean(axis=1))
    return np.stack(columns, axis=1)


def beat_lines(asked: Sessions, people: list[Person]) -> Iterator[str]:
    """Give a table of intervals that differ from those around, at joints and elsewhere."""
    found = [odd_intervals(asked, person) for person in people]
    at, elsewhere = (np.concatenate([pair[k] for pair in found]) for k in (0, 1))
    yield f"| intervals of beats | number | differ by {DIFFERENT:.0%} from those around |"
    yield "|---|---|---|"
    yield f"| across a joint | {len(at)} | {at.mean():.1%} |"
    yield f"| elsewhere | {len(elsewhere)} | {elsewhere.mean():.1%} |"


def odd_intervals(asked: Sessions, person: Person) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Say of each interval across a joint, and of each other one, whether it differs."""
    form = next(s for s in asked.model.representation.signals if s.name == "bvp")
    pulse = Signal(person.readings["bvp"], form.rate_hz, form.channels)
    at_s = beats_of(pulse) / form.rate_hz
    intervals = np.diff(at_s)
    places = np.arange(AROUND, len(intervals) - AROUND)
    around = [intervals[places + off] for off in range(-AROUND, AROUND + 1) if off]
    odd = np.abs(intervals[places] / np.median(around, axis=0) - 1) > DIFFERENT
    starts = np.array([joint.step for joint in person.joints]) / asked.rate_hz
    ends = starts + person.joints[0].overlap / asked.rate_hz
    first, last = at_s[places], at_s[places + 1]
    across = ((first[:, None] < ends) & (last[:, None] > starts)).any(axis=1)
    return odd[across], odd[~across]


def level_lines(people: list[Person], real: Path | None) -> Iterator[str]:
    """Give a table of how levels of minutes differ and how alike they stay."""
    sets = {"made": [person.readings for person in people]}
    if real is not None:
        sets["real"] = real_people(real)
    yield "| level of a minute | people | sd within | sd between | alike a minute later | five later |"
    yield "|---|---|---|---|---|---|"
    for name, unit in LEVELS.items():
        for kind, of in sets.items():
            levels = [minutes(readings[name], name) for readings in of]
            within = np.sqrt(np.mean([level.var() for level in levels]))
            between = np.std([level.mean() for level in levels])
            lags = " | ".join(f"{alike(levels, lag):.2f}" for lag in (1, 5))
            yield f"| {name}, {unit}, {kind} | {len(of)} | {within:.2f} | {between:.2f} | {lags} |"


def minutes(values: NDArray[np.float32], name: str) -> NDArray[np.float64]:
    """Give the level of each whole minute of a signal at 4 Hz."""
    whole = len(values) // (4 * MINUTE)
    levels = values[: whole * 4 * MINUTE].astype(np.float64).reshape(whole, -1).mean(axis=1)
    return np.log(levels + 0.05) if name == "eda" else levels


def alike(levels: list[NDArray[np.float64]], lag: int) -> float:
    """Give the autocorrelation of people's levels so many minutes later."""
    off = [level - level.mean() for level in levels]
    together = np.mean([(level[lag:] * level[:-lag]).mean() for level in off])
    return float(together / np.mean([level.var() for level in off]))


def real_people(folder: Path) -> list[Readings]:
    """Give the levels' signals of e4_stress's labelled people."""
    with np.load(folder / "e4_stress_native.npz") as held:
        people = sorted({key.split("/")[0] for key in held.files})
        labelled = [p for p in people if (held[f"{p}/label_1hz"] >= 0).any()]
        return [{name: held[f"{p}/{name.upper()}"] for name in LEVELS} for p in labelled]


def cost_lines(model: str, minutes_: float) -> Iterator[str]:
    """Give what one person costs, written as an E4 session by a program of its own."""
    yield "| one person as an E4 session | CPU s | peak memory, MB |"
    yield "|---|---|---|"
    command = [sys.executable, "-m", "wearsynth.cli", "generate", "--model", model]
    for length in (minutes_ / 6, minutes_):
        with tempfile.TemporaryDirectory() as folder:
            asked = ["--people", "1", "--minutes", f"{length:g}", "-o", f"{folder}/out"]
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([*command, *asked], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        yield f"| {length:g} min | {spent_s:.1f} | {after.ru_maxrss / 1024:.0f} |"


if __name__ == "__main__":
    main(sys.argv[1:])
