"""Recordings and windows of an Empatica E4 that are small enough to be told by hand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from wearsynth.data import Channel, Events, Recording, Signal, Span, Windows, windows_from_arrays

T0 = 1_644_227_574.0
RATES_HZ = {"acc": 32, "bvp": 64, "eda": 4, "temp": 4, "hr": 1}
UNITS = {"acc": "g", "bvp": "a.u.", "eda": "uS", "temp": "degC", "hr": "bpm"}
AXES = ("acc_x", "acc_y", "acc_z")


def signal(name: str, values: Any, *, start_s: float = 0.0, unit: str | None = None) -> Signal:
    channels = AXES if name == "acc" else (name,)
    array = np.asarray(values, dtype=np.float32).reshape(-1, len(channels))
    of = tuple(Channel(channel, unit or UNITS[name]) for channel in channels)
    return Signal(array, RATES_HZ[name], of, start_s)


def acc(count: int) -> Signal:
    return signal("acc", np.tile([0.25, 0.0, 1.0], (count, 1)))


def recording(**changes: Any) -> Recording:
    """A recording of 2 s whose every file can be told by hand."""
    whole = Recording(
        name="S02",
        subject="S02",
        signals={
            "acc": signal("acc", np.tile([[0.03125, 0.15625, 0.984375]], (64, 1))),
            "bvp": signal("bvp", [-0.0, 11.5, *[0.126] * 126]),
            "eda": signal("eda", [0.0, 0.622764, *[1.5] * 6]),
            "temp": signal("temp", [34.79] * 8),
            "hr": signal("hr", [118, 113.5], start_s=10),
        },
        spans=(Span(0.5, 1.5, 'rest, "quiet"'),),
        events={
            "tags": Events(np.array([0.5, 1.25])),
            "ibi": Events(np.array([0.8125, 1.5]), np.array([0.75, 0.6875]), "s"),
        },
        start_unix_s=T0,
    )
    return replace(whole, **changes)


def content(path: Path) -> dict[str, bytes]:
    return {
        file.relative_to(path).as_posix(): file.read_bytes()
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }


def toy(**changes: Any) -> Windows:
    """Windows of 2 s of two people, acc and eda; the value tells the window."""
    value = np.arange(6, dtype=np.float32) / 64
    options: dict[str, Any] = {
        "subject": ["p1", "p1", "p1", "p1", "p2", "p2"],
        "recording": ["r"] * 6,
        "start_s": [0, 2, 4, 6, 0, 1],
        **changes,
    }
    return windows_from_arrays(
        {
            "acc": (np.tile(value[:, None, None], (1, 64, 3)), 32, [(a, "g") for a in AXES]),
            "eda": (np.tile(value[:, None, None] * 64, (1, 8, 1)), 4, [("eda", "uS")]),
        },
        ["rest", "rest", "stress", "rest", "rest", "rest"],
        **options,
    )
