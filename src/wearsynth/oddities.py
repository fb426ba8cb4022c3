"""What looks wrong about values, whoever read them: a sentence each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearsynth.data import Channel, FloatArray, Recording

STANDARD_GRAVITY_M_S2 = 9.80665
REPEATED = 0.5
"""A signal with more than this share of readings equal to the one before is told."""
STILL_SD_G = 0.03
STILL_BLOCKS = 10
GRAVITY_TOLERANCE_G = 0.1
EDGE = 0.01
"""A range's last hundredth: more readings on the extreme value than in it look like saturation."""
SATURATED_READINGS = 10


@dataclass(frozen=True, eq=False)
class Pool:
    """One signal of all pieces. values: (time, channel), one piece after the other.

    flat: sentences about pieces that never change.
    """

    name: str
    channels: tuple[Channel, ...]
    rates_hz: tuple[float, ...]
    values: FloatArray
    flat: tuple[str, ...]


def pools_of(recordings: Sequence[Recording]) -> list[Pool]:
    """Give a pool per signal name and set of channels, in order of appearance."""
    kinds: dict[tuple[str, tuple[Channel, ...]], list[Recording]] = {}
    for recording in recordings:
        for name, signal in recording.signals.items():
            kinds.setdefault((name, signal.channels), []).append(recording)
    pools = []
    for (name, channels), members in kinds.items():
        signals = [member.signals[name] for member in members]
        rates = tuple(sorted({signal.rate_hz for signal in signals}))
        values = np.concatenate([signal.values for signal in signals])
        pools.append(Pool(name, channels, rates, values, _constants(name, members)))
    return pools


def _constants(name: str, recordings: Sequence[Recording]) -> tuple[str, ...]:
    """Give a sentence per channel that never changes within some recordings."""
    where: dict[str, list[str]] = {}
    for recording in recordings:
        signal = recording.signals[name]
        for index, channel in enumerate(signal.channels):
            values = signal.values[:, index]
            values = values[np.isfinite(values)]
            if len(values) > 1 and values.min() == values.max():
                where.setdefault(channel.name, []).append(recording.name)
    return tuple(
        f"{name}: {channel} never changes in {len(names)} recording(s): {some(names)}"
        for channel, names in where.items()
    )


def flat_windows(values: FloatArray, prefix: str, unit: str) -> tuple[str, ...]:
    """Give a sentence if some windows (window, time, channel) do not change in any channel."""
    if values.shape[1] < 2:
        return ()
    flat = int((values.max(axis=1) == values.min(axis=1)).all(axis=1).sum())
    return (f"{prefix}{flat} {unit}(s) of {len(values)} do not change at all",) if flat else ()


def oddities_of(pools: Sequence[Pool]) -> tuple[str, ...]:
    """Give a sentence for each thing about the values that looks wrong."""
    return tuple(
        sentence
        for pool in pools
        for sentence in (
            *pool.flat,
            *_missing(pool),
            *_repeated(pool),
            *_saturated(pool),
            *_gravity(pool),
        )
    )


def _missing(pool: Pool) -> tuple[str, ...]:
    bad = int((~np.isfinite(pool.values)).any(axis=1).sum())
    if not bad:
        return ()
    share = bad / len(pool.values)
    told = f"{share:.1%} of" if share >= 0.001 else f"{bad} of {len(pool.values)}"
    return (f"{pool.name}: {told} readings are missing (NaN)",)


def _repeated(pool: Pool) -> tuple[str, ...]:
    if len(pool.values) < 2:
        return ()
    share = float((pool.values[1:] == pool.values[:-1]).all(axis=1).mean())
    if share <= REPEATED:
        return ()
    return (
        f"{pool.name}: {share:.0%} of readings equal the one before (a slower or coarse source?)",
    )


def _saturated(pool: Pool) -> tuple[str, ...]:
    """Give a sentence per channel and end that looks clipped; scaled values (unit 1) always end."""
    sentences = []
    for index, channel in enumerate(pool.channels):
        if channel.unit == "1":
            continue
        values = pool.values[:, index]
        values = values[np.isfinite(values)]
        for sign in (-1, 1):
            upward = sign * values
            if (count := _at_the_top(upward)) > 0:
                limit = f"{sign * upward.max():.5g} {channel.unit}"
                sentences.append(
                    f"{pool.name}: {channel.name} sits at {limit} in {count} readings (saturation?)"
                )
    return tuple(sentences)


def _at_the_top(values: NDArray[np.float32]) -> int:
    """Give how many readings sit on the largest value, 0 if that is no more than just below it."""
    if len(values) < SATURATED_READINGS or values.max() == values.min():
        return 0
    most, least = float(values.max()), float(values.min())  # their range may not fit a float32
    count = int((values == most).sum())
    near = int((values > most - EDGE * (most - least)).sum()) - count
    return count if count >= SATURATED_READINGS and count > near else 0


def _gravity(pool: Pool) -> tuple[str, ...]:
    """Give a sentence if |a| in still seconds is far from 1 g."""
    per_g = {"g": 1.0, "m/s2": STANDARD_GRAVITY_M_S2}.get(pool.channels[0].unit)
    if per_g is None or len(pool.channels) != 3 or len({c.unit for c in pool.channels}) > 1:
        return ()
    size = np.linalg.norm(pool.values.astype(np.float64), axis=1) / per_g
    block = max(5, round(pool.rates_hz[0]))
    seconds = size[: len(size) // block * block].reshape(-1, block)
    still = seconds[seconds.std(axis=1) < STILL_SD_G].mean(axis=1)
    if len(still) < STILL_BLOCKS or abs(np.median(still) - 1) <= GRAVITY_TOLERANCE_G:
        return ()
    return (
        f"{pool.name}: |a| is {np.median(still):.2f} g in {len(still)} still seconds, not 1 g "
        "(gravity removed, or another unit?)",
    )


def some(names: Sequence[str]) -> str:
    """Give the first three names."""
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
