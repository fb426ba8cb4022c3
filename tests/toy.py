"""Seeded toy windows: 3-axis acceleration of people who each move in a manner of their own."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import Windows, windows_from_arrays

RATE_HZ = 30.0
READINGS = 60
CLASSES = {"still": (0.0, 0.01), "walking": (1.8, 0.25), "running": (2.7, 0.8)}
"""Class -> (steps a second, size of a step in g)."""


def toy_windows(people: int = 12, per_class: int = 20, seed: int = 0) -> Windows:
    """Give people x 3 x per_class windows of 2 s at 30 Hz: signal "acc", channels acc_x..z in g.

    Each person has a posture, a pace, a strength and a noise; windows start at any phase. The
    subjects are p00, p01, ...; another seed gives other people of the same names.
    """
    rng = np.random.default_rng(seed)
    parts, label, subject = [], [], []
    for person in range(people):
        manner = _manner(rng)
        for name in CLASSES:
            parts.append(_windows_of(rng, manner, name, per_class))
            label += [name] * per_class
            subject += [f"p{person:02d}"] * per_class
    return windows_from_arrays(
        np.concatenate(parts),
        label,
        rate_hz=RATE_HZ,
        channels=(("acc_x", "g"), ("acc_y", "g"), ("acc_z", "g")),
        classes=tuple(CLASSES),
        subject=subject,
        recording=[f"{name}-rec" for name in subject],
        start_s=np.tile(np.arange(per_class) * 2.0, people * len(CLASSES)),
    )


def people(windows: Windows, first: int, past: int) -> Windows:
    """Give the windows of the people with these numbers."""
    return windows.select(np.isin(windows.subject, [f"p{i:02d}" for i in range(first, past)]))


def with_acc(windows: Windows, values: NDArray[Any]) -> Windows:
    """Give windows with other values of the one signal, (window, time, channel)."""
    signal = replace(windows.signals["acc"], values=values.astype(np.float32))
    return replace(windows, signals={"acc": signal})


def _manner(rng: np.random.Generator) -> tuple[NDArray[np.float64], float, float, float]:
    posture = np.array([0.2, -0.3, 0.93]) + rng.normal(0, 0.08, 3)
    return posture, rng.normal(1, 0.06), float(np.exp(rng.normal(0, 0.15))), rng.uniform(0.01, 0.03)


def _windows_of(
    rng: np.random.Generator,
    manner: tuple[NDArray[np.float64], float, float, float],
    name: str,
    count: int,
) -> NDArray[np.float32]:
    """Give (window, time, channel): posture + a step with one harmonic + noise."""
    posture, pace, strength, noise = manner
    step_hz, step_g = CLASSES[name]
    time_s = np.arange(READINGS)[None, :, None] / RATE_HZ
    phase = rng.uniform(0, 2 * np.pi, (count, 1, 1)) + np.array([0.0, 1.0, 2.1])
    angle = 2 * np.pi * step_hz * pace * rng.normal(1, 0.03, (count, 1, 1)) * time_s + phase
    size = step_g * strength * np.array([1.0, 0.6, 0.8]) * rng.lognormal(0, 0.15, (count, 1, 1))
    wave = size * (np.sin(angle) + 0.4 * np.sin(2 * angle))
    level = posture + rng.normal(0, 0.03, (count, 1, 3))
    values: NDArray[np.float64] = level + wave + rng.normal(0, noise, wave.shape)
    return values.astype(np.float32)
