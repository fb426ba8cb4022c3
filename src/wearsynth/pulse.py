"""Blood volume pulse in slow series: how fast, how strong, and what shape each beat has.

A pulse is nearly periodic: what follows from its phase is lost where phases are drawn at random. So a
window x of time readings is told by series at PULSE_HZ,

    x(t) = size(t) * (mean(t) + sum over k of cos_k(t) cos k p(t) + sin_k(t) sin k p(t)),

with p the phase, 2 pi a beat, which runs at the rate and starts at `start`. The size is the envelope, so
strong and faint stretches look alike; the phase follows the fundamental wave, so that a beat's shape is
in the harmonics. The way back takes any series: what is no pulse, such as a moved arm, is harmonics
that change quickly. Harmonics are fitted by least squares, phase and size by the steps below; no
constant comes from people. What lies above the last harmonic is lost.

Wristbands take slow waves off the pulse. So x is raised below SLOW_HZ before it is told, and lowered
again on the way back: what a changing size would bring there goes as it does in the sensor.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct, idct
from scipy.ndimage import gaussian_filter1d

Float64Array = NDArray[np.float64]

PULSE_HZ = 2.0
"""The rate of the slow series: what changes within a beat is in the harmonics' difference."""

HARMONICS = 8
START, RATE, SIZE, MEAN = 0, 1, 2, 3
TRACES = 4 + 2 * HARMONICS
"""start (of a beat, 0 to 1, the same all along), rate (a minute), size (ln of USUAL_SIZE), mean, cosines,
sines."""

USUAL_SIZE, LEAST_SIZE = 30.0, 0.1
"""In a.u.: the sd of a pulse; what is told apart from none."""

SLOW_HZ, LEAST_GAIN = 0.05, 0.2
"""Slower waves are told raised, by the inverse of a filter of second order, five times at most."""

ENVELOPE_S = 1.0
LOWEST_HZ, HIGHEST_HZ, RATES = 0.65, 3.4, 80
"""Heart rates that are looked for, 39 to 204 a minute, so many, a factor apart."""

LOOK_HZ, LOOK_S = 16.0, 8.0
"""A rate is looked for in so many seconds, of readings at this rate."""

SECOND_SHARE = 0.25
"""The second harmonic's power speaks for a rate, by this share."""

EVIDENCE, CHANGE, PRIOR = 0.5, 0.6, 0.1
"""The weight of a look, that of a step between neighbouring rates, and the spread (of ln) of usual ones."""

USUAL_HZ = 1.25
LOCK_S, FOLLOW_S = 1.5, 0.4
"""The phase follows the fundamental over the longer time, in clean stretches over the shorter."""

CLEAN = 0.3
"""Below this amplitude of the fundamental beside the size, its phase says little."""

FITTINGS = 12
"""Steps of conjugate gradients that fit the harmonics; of more, what is told changes no more."""

RIDGE = 1e-3
CHUNK = 64
RATE_LIMITS = (10.0, 400.0)
SIZE_LIMIT = 12.0


def steps_of(time: int, rate_hz: float) -> int:
    """Give the readings of the slow series of a window; 0 where it is too short or too slow for a pulse."""
    steps = time * PULSE_HZ / rate_hz
    fits = rate_hz >= 2 * LOOK_HZ and time >= LOOK_S * rate_hz and steps == round(steps)
    return round(steps) if fits else 0


def series_of(values: Float64Array, rate_hz: float) -> Float64Array:
    """Give the slow series (window, step, TRACES) of a pulse (window, time) in a.u."""
    parts = [_told(values[at : at + CHUNK], rate_hz) for at in range(0, len(values), CHUNK)]
    steps = steps_of(values.shape[1], rate_hz)
    return np.concatenate(parts) if parts else np.zeros((0, steps, TRACES))


def pulse_of(traces: Float64Array, time: int, rate_hz: float) -> Float64Array:
    """Undo `series_of`: (window, time) of (window, step, TRACES)."""
    parts = [_pulse(traces[at : at + CHUNK], time, rate_hz) for at in range(0, len(traces), CHUNK)]
    return np.concatenate(parts) if parts else np.zeros((0, time))


def _pulse(traces: Float64Array, time: int, rate_hz: float) -> Float64Array:
    series = np.moveaxis(traces, 2, 1)
    size = _grown(np.clip(series[:, SIZE], -SIZE_LIMIT, SIZE_LIMIT), time)
    basis = _basis(_phase(series[:, START, 0], series[:, RATE], time, rate_hz))
    return _filtered(USUAL_SIZE * np.exp(size) * _waved(series[:, MEAN:], basis), rate_hz, 1)


def _told(values: Float64Array, rate_hz: float) -> Float64Array:
    time = values.shape[1]
    steps = steps_of(time, rate_hz)
    values = _filtered(values, rate_hz, -1)
    power = gaussian_filter1d(values**2, ENVELOPE_S * rate_hz, axis=1, mode="reflect")
    size = _shrunk(np.log(np.sqrt(power + LEAST_SIZE**2) / USUAL_SIZE), steps)
    flat = values / (USUAL_SIZE * np.exp(_grown(size, time)))
    followed = _followed(flat, _rate_hz(flat, rate_hz), rate_hz)
    rate = _shrunk(np.gradient(followed, axis=1) * rate_hz * 60, steps)
    start = _start(followed, rate, rate_hz)
    waves = _fitted(flat, _basis(_phase(start, rate, time, rate_hz)), steps)
    first = np.broadcast_to(start[:, None, None], (len(values), 1, steps))
    return np.moveaxis(np.concatenate([first, rate[:, None], size[:, None], waves], axis=1), 1, 2)


def gain(time: int, rate_hz: float) -> Float64Array:
    """Give the gain of each cosine coefficient on the way back, (time,)."""
    squared = (np.arange(time) * rate_hz / (2 * time)) ** 2
    return np.asarray(np.maximum(squared / (squared + SLOW_HZ**2), LEAST_GAIN))


def _filtered(values: Float64Array, rate_hz: float, power: int) -> Float64Array:
    spectrum = dct(values, axis=1, norm="ortho") * gain(values.shape[1], rate_hz) ** power
    return np.asarray(idct(spectrum, axis=1, norm="ortho"))


def _grown(series: Float64Array, time: int) -> Float64Array:
    """Give (..., step) as (..., time), by cosines."""
    return np.asarray(series @ _between(series.shape[-1], time))


def _shrunk(series: Float64Array, steps: int) -> Float64Array:
    """Give (..., time) as (..., step): its slow part; `_grown` gives that part again."""
    time = series.shape[-1]
    return np.asarray(series @ _between(steps, time).T * (steps / time))


@cache
def _between(steps: int, time: int) -> Float64Array:
    """Give what steps become at each reading, (step, time): their cosines, taken more often."""
    spectrum = dct(np.eye(steps), axis=1, norm="ortho") * np.sqrt(time / steps)
    return np.asarray(idct(spectrum, n=time, axis=1, norm="ortho"))


def _phase(start: Float64Array, rate: Float64Array, time: int, rate_hz: float) -> Float64Array:
    """Give the phase in radians (window, time), of its start (window,) and rates (window, step)."""
    return 2 * np.pi * (start[:, None] + _run(rate, time, rate_hz))


def _run(rate: Float64Array, time: int, rate_hz: float) -> Float64Array:
    """Give how many beats have passed at each reading, (window, time)."""
    beats = _grown(np.clip(rate, *RATE_LIMITS), time) / 60 / rate_hz
    return np.asarray(np.cumsum(beats, axis=1) - beats / 2)


def _start(followed: Float64Array, rate: Float64Array, rate_hz: float) -> Float64Array:
    """Give the start in beats, 0 to 1, for which the phase runs beside the one followed."""
    apart = followed - _run(rate, followed.shape[1], rate_hz)
    return np.asarray(np.angle(np.exp(2j * np.pi * apart).mean(axis=1)) / (2 * np.pi) % 1.0)


def _basis(phase: Float64Array) -> Float64Array:
    """Give 1, cosines and sines of the harmonics, (window, wave, time), from powers of the first."""
    first = np.exp(1j * phase)
    powers = np.cumprod(np.broadcast_to(first[:, None], (len(phase), HARMONICS, phase.shape[1])), 1)
    waves = np.stack([powers.real, powers.imag], axis=2).reshape(len(phase), -1, phase.shape[1])
    return np.concatenate([np.ones_like(waves[:, :1]), waves], axis=1)


def _waved(series: Float64Array, basis: Float64Array) -> Float64Array:
    """Give (window, time) of the slow series of each wave, (window, wave, step)."""
    return np.asarray((_grown(series, basis.shape[2]) * basis).sum(axis=1))


def _fitted(flat: Float64Array, basis: Float64Array, steps: int) -> Float64Array:
    """Give the slow series of each wave, (window, wave, step), by least squares (conjugate gradients)."""
    share = steps / basis.shape[2]

    def back(values: Float64Array) -> Float64Array:
        return _shrunk(values[:, None] * basis, steps)

    def squared(of: Float64Array) -> Float64Array:
        return np.asarray((of**2).sum(axis=(1, 2), keepdims=True))

    found = np.zeros((len(flat), basis.shape[1], steps))
    rest = back(flat)
    way, size = rest, squared(rest)
    for _ in range(FITTINGS):
        moved = back(_waved(way, basis)) + RIDGE * way
        step = size / ((way * moved).sum(axis=(1, 2), keepdims=True) + 1e-12 * share)
        found, rest = found + step * way, rest - step * moved
        size, before = squared(rest), size
        way = rest + size / (before + 1e-12) * way
    return found


def _rate_hz(flat: Float64Array, rate_hz: float) -> Float64Array:
    """Give the rate of the fundamental in Hz, roughly, (window, step): the best way through looks."""
    rates = np.geomspace(LOWEST_HZ, HIGHEST_HZ, RATES)
    seen = _shrunk(flat, round(flat.shape[1] * LOOK_HZ / rate_hz))
    length = round(LOOK_S * LOOK_HZ)
    padded = np.pad(seen, ((0, 0), (length // 2, length // 2)), mode="reflect")
    at = np.arange(length) / LOOK_HZ
    taper = np.hanning(length)
    looks = np.lib.stride_tricks.sliding_window_view(padded, length, axis=1)
    looks = looks[:, : seen.shape[1] : round(LOOK_HZ / PULSE_HZ)]

    def power(of_hz: Float64Array) -> Float64Array:
        wave = np.exp(-2j * np.pi * of_hz[None] * at[:, None]) * taper[:, None]
        return np.asarray(np.abs(looks @ wave) ** 2)

    seen_power = power(rates) + SECOND_SHARE * power(2 * rates)
    share = seen_power / (seen_power.sum(axis=2, keepdims=True) + 1e-9) + 1e-4
    usual = -0.5 * PRIOR * (np.log(rates / USUAL_HZ) / 0.3) ** 2
    return rates[_best_way(EVIDENCE * np.log(share) + usual)]


def _best_way(worth: Float64Array) -> NDArray[np.intp]:
    """Give the states (window, step) of the way of most worth (Viterbi, 1967); worth: (.., step, state)."""
    states = np.arange(worth.shape[2])
    cost = CHANGE * (states[:, None] - states) ** 2.0
    total, came = worth[:, 0], []
    for step in range(1, worth.shape[1]):
        through = total[:, None] - cost
        came.append(through.argmax(axis=2))
        total = np.take_along_axis(through, came[-1][:, :, None], axis=2)[:, :, 0] + worth[:, step]
    way = [total.argmax(axis=1)]
    for before in reversed(came):
        way.append(np.take_along_axis(before, way[-1][:, None], axis=1)[:, 0])
    return np.stack(way[::-1], axis=1)


def _followed(flat: Float64Array, rough_hz: Float64Array, rate_hz: float) -> Float64Array:
    """Give the phase of the fundamental in beats, (window, time), counted on from near 0.

    The wave is turned back by the rough rate. What is left is followed slowly, and quickly where it is
    clean: over an artefact the phase goes on.
    """
    time = flat.shape[1]
    rough = _run(60 * rough_hz, time, rate_hz)
    left = flat * np.exp(-2j * np.pi * rough)
    slow = _smooth(left, LOCK_S * rate_hz)
    fast = _smooth(left, FOLLOW_S * rate_hz)
    off = np.angle(fast * slow.conj()) * np.abs(fast) ** 2 / (np.abs(fast) ** 2 + CLEAN**2 / 4)
    angle = np.unwrap(np.angle(slow), axis=1) + _smooth_real(off, FOLLOW_S * rate_hz / 2)
    return np.asarray(rough + angle / (2 * np.pi))


def _smooth(values: NDArray[np.complex128], sd: float) -> NDArray[np.complex128]:
    return _smooth_real(values.real, sd) + 1j * _smooth_real(values.imag, sd)


def _smooth_real(values: Float64Array, sd: float) -> Float64Array:
    return np.asarray(gaussian_filter1d(values, sd, axis=1, mode="nearest"))
