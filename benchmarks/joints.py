"""Where windows were joined to a continuous signal: can it be told, and what does it cost.

Usage: python benchmarks/joints.py [--model wrist-pamap2] [--minutes 60] [--real FOLDER] (a CPU minute)

A signal of so many minutes is drawn for each class. Stretches of a second whose middle is the middle of
a joint's overlap stand against stretches of which the joints are as far as they can be; a forest (features
of windows, and how the middle moves beside the rest) learns to tell them on the first half of the signal
and is asked about the second, and the other way round. Printed is its AUC, .5 is not at all; the same for
last seconds of drawn windows against middles of others, where nothing was joined; how much stretches of both
kinds move from reading to reading (jerk) in the middle, and their mean power above 5 Hz,
each as the median over stretches; and, where --real names ST's logs, the range of both over real logs'
stretches of the class (10 to 90 % of logs). The last column is the CPU seconds for an hour of signal.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import roc_auc_score

from wearsynth.data import SignalWindows, Windows, windows_from_arrays
from wearsynth.features import all_features
from wearsynth.formats import read
from wearsynth.joining import OVERLAP_S, joined
from wearsynth.model import Model, load_model
from wearsynth.resampling import resample_recording

SEED = 0
FAST_HZ = 5.0
Readings = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Drawn:
    """A continuous signal (time, channel), where its joints are, and what it cost."""

    readings: Readings
    joints: NDArray[np.int64]
    overlap: int
    cpu_s: float


def main(arguments: list[str]) -> None:
    """Print a row for each class."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--model", default="wrist-pamap2", help="with a signal acc of three axes")
    given.add_argument("--minutes", type=float, default=60.0)
    given.add_argument("--real", type=Path, help="ST's wrist logs, of the same classes")
    options = given.parse_args(arguments)
    model = load_model(options.model)
    rate_hz = model.representation.signals[0].rate_hz
    print(
        "| class | joints | AUC | AUC without joints | jerk at joints / inside "
        "| fast power at joints / inside | CPU s / h |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in model.classes:
        drawn = continuous(model, name, options.minutes * 60)
        across, inside = stretches(drawn, round(rate_hz))
        moves = [moved(of, rate_hz) for of in (across, inside)]
        words = [f"{moves[0][k]:.3g} / {moves[1][k]:.3g}" for k in (0, 1)]
        if options.real:
            words = [
                f"{word} (real {low:.3g} to {high:.3g})"
                for word, (low, high) in zip(
                    words, real_range(options.real, name, rate_hz), strict=True
                )
            ]
        alone = told(*unjoined(model, name, len(across)), rate_hz)
        print(
            f"| {name} | {len(across)} of {len(drawn.joints)} | {told(across, inside, rate_hz):.2f} "
            f"| {alone:.2f} | {words[0]} | {words[1]} | {drawn.cpu_s * 60 / options.minutes:.1f} |",
            flush=True,
        )


def continuous(model: Model, name: str, seconds: float) -> Drawn:
    """Give a class's signal with its joints."""
    start_s, parts, joints, done = time.process_time(), list[Readings](), list[int](), 0

    def draw(count: int, number: int) -> dict[str, SignalWindows]:
        return dict(model.sample({name: count}, seed=1000 * SEED + number).signals)

    signal = model.representation.signals[0]
    for pieces, joint in joined(draw, steps=model.representation.steps):
        parts.append(pieces[signal.name])
        joints.append(joint.at[signal.name])
        done += len(parts[-1])
        if done >= seconds * signal.rate_hz:
            break
    spent_s = time.process_time() - start_s
    overlap = min(round(OVERLAP_S * signal.rate_hz), signal.time // 4)
    return Drawn(np.concatenate(parts), np.array(joints[:-1]), overlap, spent_s)


def stretches(drawn: Drawn, length: int) -> tuple[Readings, Readings]:
    """Give stretches (stretch, time, channel) across joints, and as many from between two of them."""
    middle = drawn.joints + drawn.overlap // 2
    between = (middle[:-1] + middle[1:]) // 2
    apart = np.diff(middle) >= length + drawn.overlap
    rows = np.flatnonzero(apart)
    across = [drawn.readings[m - length // 2 :][:length] for m in middle[rows]]
    inside = [drawn.readings[m - length // 2 :][:length] for m in between[rows]]
    return np.stack(across), np.stack(inside)


def unjoined(model: Model, name: str, count: int) -> tuple[Readings, Readings]:
    """Give the last seconds of so many drawn windows, and the middles of as many others."""
    signal = model.sample({name: 2 * count}, seed=SEED + 1).signal("acc")
    length, time_ = round(signal.rate_hz), signal.values.shape[1]
    first = (time_ - length) // 2
    return signal.values[:count, -length:], signal.values[count:, first : first + length]


def told(across: Readings, inside: Readings, rate_hz: float) -> float:
    """Give the AUC of a forest that tells them, each half by one that learnt the other."""
    readings = np.concatenate([across, inside])
    channels = tuple((f"acc_{axis}", "g") for axis in "xyz")
    windows: Windows = windows_from_arrays(
        readings, ["any"] * len(readings), rate_hz=rate_hz, channels=channels
    )
    features = np.concatenate([all_features(windows).values, middle_moves(readings)], axis=1)
    return halves_auc(features, np.arange(len(across)) * 2 // len(across))


def halves_auc(features: NDArray[np.float64], half: NDArray[np.int64]) -> float:
    """Give the AUC of a forest that tells the first half of the rows from the rest, learnt crosswise.

    half: (row of either kind,), 0 or 1: whoever learnt from the one is asked about the other.
    """
    truth, halves = np.repeat([1, 0], len(half)), np.tile(half, 2)
    aucs = []
    for test in (0, 1):
        forest = ExtraTreesClassifier(300, min_samples_leaf=2, random_state=SEED)
        forest.fit(features[halves != test], truth[halves != test])
        found = forest.predict_proba(features[halves == test])[:, 1]
        aucs.append(float(roc_auc_score(truth[halves == test], found)))
    return float(np.mean(aucs))


def middle_moves(readings: Readings) -> NDArray[np.float64]:
    """Give how first and second differences in the middle third stand beside all of the stretch's."""
    columns = []
    for order in (1, 2):
        moves = np.abs(np.diff(readings.astype(np.float64), order, axis=1)).mean(axis=2)
        third = moves.shape[1] // 3
        middle = moves[:, third:-third]
        whole = moves.mean(axis=1) + 1e-9
        columns += [middle.mean(axis=1) / whole, middle.max(axis=1) / whole]
    return np.stack(columns, axis=1)


def moved(readings: Readings, rate_hz: float) -> tuple[float, float]:
    """Give the median over stretches of the jerk in the middle third, and of the power above FAST_HZ."""
    steps = np.diff(readings.astype(np.float64), axis=1)
    third = steps.shape[1] // 3
    jerk = np.sqrt(np.square(steps[:, third:-third]).mean(axis=(1, 2))) * rate_hz
    spectrum = np.abs(np.fft.rfft(readings - readings.mean(axis=1, keepdims=True), axis=1)) ** 2
    fast = np.fft.rfftfreq(readings.shape[1], 1 / rate_hz) > FAST_HZ
    power = spectrum[:, fast].sum(axis=(1, 2)) / readings.shape[1] ** 2
    return float(np.median(jerk)), float(np.median(power))


def real_range(folder: Path, name: str, rate_hz: float) -> list[tuple[float, float]]:
    """Give, of jerk and fast power, the 10 and 90 % over real logs of the class."""
    found = []
    for recording in read(folder):
        if recording.spans and recording.spans[0].label == name:
            values = resample_recording(recording, rate_hz=rate_hz).signals["acc"].values
            length = round(rate_hz)
            count = len(values) // length
            found.append(moved(values[: count * length].reshape(count, length, -1), rate_hz))
    low, high = np.quantile(np.array(found), (0.1, 0.9), axis=0)
    return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]


if __name__ == "__main__":
    main(sys.argv[1:])
