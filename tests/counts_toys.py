"""Toy counts, as rendering gives them."""

import dataclasses

import numpy as np

from wearsynth.data import Channel
from wearsynth.sensors import Counts


def some_counts(*, dtype: str = "int16", note: str = "a note") -> Counts:
    rng = np.random.default_rng(0)
    return Counts(
        values=rng.integers(-32768, 32768, size=(5, 4, 3)).astype(dtype),
        rate_hz=26.0,
        channels=tuple(Channel(f"acc_{axis}", "g") for axis in "xyz"),
        scale=0.000122,
        clip_counts=(-32768, 32767),
        label=np.array([0, 1, 0, 0, 1]),
        classes=("walking", "jogging", "never"),
        device=np.array([0, 0, 1, 1, 1]),
        sensor="lsm6dsl",
        full_scale="4g",
        power_mode="high_performance",
        convention="nominal",
        notes=(note,),
    )


def rows(counts: Counts, first: int, last: int) -> Counts:
    cut = slice(first, last)
    return dataclasses.replace(
        counts, values=counts.values[cut], label=counts.label[cut], device=counts.device[cut]
    )
