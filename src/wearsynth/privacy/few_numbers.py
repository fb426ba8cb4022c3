"""One release of few numbers: how the classes of private people differ, person by person.

Each unit gives one vector: of each class, the mean of its windows' features less that of the reference
class, less what the public prior says, in public units; 0 for a class that it lacks. The vectors of all
classes side by side are brought to a few public directions, a count is put beside them, and the whole is
clipped. One noisy sum of these is all that is ever taken from private data; whatever is made of it
afterwards costs nothing.

Features are the level, scale and trend of each trace (generators/three_numbers.py). Everything in a
`Design` is made from public windows, before private ones are seen.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from wearsynth.data import IntArray, StrArray
from wearsynth.errors import DataError
from wearsynth.privacy.discrete_gaussian import NoisySum
from wearsynth.representation import Float64Array

REACH_SD = 4.0
"""A window's feature counts as so many public sd from the public mean at most."""

COUNT_SHARE = 0.25
"""The count beside a unit's numbers measures so much of their clip norm."""

UNITS = np.arange(3, 3001)
"""How many units there may be, before the noisy count is read: a doubling is as likely anywhere."""

CLIP_SHARE = 0.7
"""The clip norm is so much of the length that the differences of public units usually have.

A unit whose numbers are longer adds its direction only. Signal and noise then shrink alike, so shorter
costs little; a norm longer than private units' numbers would add noise that hides nobody.
"""

TAU_SHARE = 0.5
"""Departures from the prior are expected to have so much of the mean square that clipping lets through."""

ALIKE = 0.5
"""So much of what directions are expected to show is alike in all: private people may be others."""

ENOUGH_PEOPLE = 0.5
"""Differences are taken inside units where at least this share of the public ones has several classes."""

WANTED_NOISE, USUAL_DIFFERENCE, FEWEST_PEOPLE = 0.25, 0.5, 10
"""What N_min rests on: noise of a quarter of a usual difference is useful still; fewer people never do."""


@dataclass(frozen=True, eq=False)
class Features:
    """What is known of windows: features (window, feature), label, and the unit of privacy (window,)."""

    values: Float64Array
    label: IntArray
    unit: StrArray


@dataclass(frozen=True, eq=False)
class Design:
    """All that is public of a release.

    centre, spread: (feature,), of public windows. shares: (class,), of public windows. prior: (class - 1,
    feature), the differences from class 0 in units of spread. directions: (class - 1 times feature,
    number), orthonormal. units: (number,), what a number is told in, in sd: the root of the sd that is
    expected of it, by which the squared noise of all numbers together is least. clip_norm: of the numbers.
    let_through: the share of public units' differences that clipping leaves, a mean over units. tau:
    (number,), the sd of the mean departure that is expected of each, clipped. inside: whether differences
    are taken inside units; else between all windows.
    """

    centre: Float64Array
    spread: Float64Array
    shares: Float64Array
    prior: Float64Array
    directions: Float64Array
    units: Float64Array
    clip_norm: float
    let_through: float
    tau: Float64Array
    inside: bool

    @property
    def numbers(self) -> int:
        """How many numbers are released, the count left out."""
        return int(self.directions.shape[1])

    @property
    def whole_norm(self) -> float:
        """The most that one unit adds to the sum, its count included."""
        return self.clip_norm * math.sqrt(1 + COUNT_SHARE**2)


@dataclass(frozen=True, eq=False)
class Estimate:
    """What a release says.

    total: (number,), the units' departures from the prior, added up; sd: of the noise in each. units: by
    the noisy count, 1 at least; units_sd: of its noise.
    """

    total: Float64Array
    sd: float
    units: float
    units_sd: float


def design_release(
    public: Features, *, classes: int, numbers: int | None, prior: Float64Array | None
) -> Design:
    """Give the design that public windows suggest; DataError where a class has none of them.

    numbers: along so many leading directions; None: along all. prior: (class - 1, feature) in sd from other
    sources, NaN where these say nothing; the mean of both is taken.
    """
    shares = np.bincount(public.label, minlength=classes) / max(len(public.label), 1)
    if not shares.all():
        raise DataError(f"the public windows have none of class number {int(np.argmin(shares))}.")
    centre, spread = public.values.mean(axis=0), public.values.std(axis=0)
    spread = np.maximum(spread, 1e-6)
    size = (classes - 1) * len(centre)
    plain = Design(
        centre,
        spread,
        shares,
        prior=np.zeros((classes - 1, len(centre))),
        directions=np.eye(size),
        units=np.ones(size),
        clip_norm=1.0,
        let_through=1.0,
        tau=np.ones(size),
        inside=_several_classes(public) >= ENOUGH_PEOPLE,
    )
    own = unit_numbers(public, plain)  # (unit, class - 1 times feature), about no prior
    mean = _mean_difference(public, plain)
    told = mean.reshape(plain.prior.shape)
    given = told if prior is None else np.where(np.isnan(prior), told, (told + prior) / 2)
    return _scaled(replace(plain, prior=given), own, mean, numbers)


def _scaled(plain: Design, own: Float64Array, mean: Float64Array, numbers: int | None) -> Design:
    """Give the design with directions and their units, of public vectors (unit, coordinate)."""
    # what tells single windows apart is not what tells classes apart
    between = np.outer(mean, mean) + np.diag(mean**2)
    moment = own.T @ own / len(own) if plain.inside else between
    alike = np.trace(moment) / len(moment) * np.eye(len(moment))
    expected, vectors = np.linalg.eigh((1 - ALIKE) * moment + ALIKE * alike)
    directions, expected = vectors[:, ::-1][:, :numbers], expected[::-1][:numbers] + 1e-9
    units = expected**0.25
    lengths = np.maximum(np.linalg.norm(own @ directions / units, axis=1), 1e-3)
    clip_norm = CLIP_SHARE * float(np.median(lengths))
    return replace(
        plain,
        directions=directions,
        units=units,
        clip_norm=clip_norm,
        let_through=float(np.minimum(1, clip_norm / lengths).mean()),
        tau=units * clip_norm * math.sqrt(TAU_SHARE / (units**2).sum()),
    )


def unit_numbers(of: Features, design: Design) -> Float64Array:
    """Give each unit's numbers, (unit, number), not yet clipped."""
    reach = REACH_SD
    told = np.clip((of.values - design.centre) / design.spread, -reach, reach)
    names, place = np.unique(of.unit, return_inverse=True)
    make = _inside_units if design.inside else _between_windows
    vectors = make(told, of.label, place, design)
    return np.asarray(vectors.reshape(len(names), -1) @ design.directions / design.units)


def _inside_units(
    told: Float64Array, label: IntArray, place: IntArray, design: Design
) -> Float64Array:
    """Give (unit, class - 1, feature): differences less the prior, 0 where a class is lacking."""
    units, classes = place.max(initial=-1) + 1, len(design.shares)
    sums, counts = np.zeros((units, classes, told.shape[1])), np.zeros((units, classes, 1))
    np.add.at(sums, (place, label), told)
    np.add.at(counts, (place, label), 1)
    mean = sums / np.maximum(counts, 1)
    has = (counts[:, 1:] > 0) & (counts[:, :1] > 0)
    return np.where(has, mean[:, 1:] - mean[:, :1] - design.prior, 0.0)


def _between_windows(
    told: Float64Array, label: IntArray, place: IntArray, design: Design
) -> Float64Array:
    """Give (unit, class - 1, feature) whose mean over units is about the departure.

    A window speaks for its class with 1 over its public share; the mean over a unit's windows is taken.
    """
    classes = len(design.shares)
    means = np.concatenate([np.zeros((1, told.shape[1])), design.prior])
    means = means - design.shares @ means
    away = (told - means[label]) / design.shares[label][:, None]
    vectors = np.zeros((len(told), classes - 1, told.shape[1]))
    vectors[label == 0] = -away[label == 0][:, None]
    rest = np.flatnonzero(label > 0)
    vectors[rest, label[rest] - 1] = away[rest]
    sums = np.zeros((place.max(initial=-1) + 1, *vectors.shape[1:]))
    np.add.at(sums, place, vectors)
    return np.asarray(sums / np.bincount(place)[:, None, None])


def _several_classes(public: Features) -> float:
    """Give the share of units with windows of several classes."""
    pairs = np.unique(
        np.stack([np.unique(public.unit, return_inverse=True)[1], public.label]), axis=1
    )
    return float((np.bincount(pairs[0]) > 1).mean())


def _mean_difference(public: Features, design: Design) -> Float64Array:
    """Give the mean differences from class 0, one class after the other, in sd."""
    if design.inside:
        told = unit_numbers(public, design)
        blocks = told.reshape(len(told), len(design.shares) - 1, -1)
        has = np.maximum((np.abs(blocks).sum(axis=2) > 0).sum(axis=0), 1)
        return np.asarray((blocks.sum(axis=0) / has[:, None]).reshape(-1))
    told = (public.values - design.centre) / design.spread
    means = np.stack([told[public.label == c].mean(axis=0) for c in range(len(design.shares))])
    return np.asarray((means[1:] - means[0]).reshape(-1))


def with_count(numbers: Float64Array, design: Design) -> Float64Array:
    """Give what each unit adds to the sum, (unit, number + 1): its clipped numbers, then its count."""
    length = np.linalg.norm(numbers, axis=1, keepdims=True)
    clipped = numbers * np.minimum(1, design.clip_norm / np.maximum(length, 1e-12))
    count = np.full((len(numbers), 1), COUNT_SHARE * design.clip_norm)
    return np.concatenate([clipped, count], axis=1)


def estimate(noisy: NoisySum, design: Design) -> Estimate:
    """Give what a noisy sum (number + 1,) says."""
    one = COUNT_SHARE * design.clip_norm
    units = max(float(noisy.values[-1]) / one, 1.0)
    return Estimate(noisy.values[:-1], noisy.sd, units, noisy.sd / one)


def shrunk(told: Estimate, design: Design) -> Float64Array:
    """Give the differences (class - 1, feature) in sd: the prior and, by its noise, the departure.

    Of n units the departure is total / n, with a weight of tau^2 / (tau^2 + (sd / n)^2), over the share of
    it that clipping lets through; the mean is taken over what n may be.
    """
    weight = np.array([_weight(told, tau) for tau in design.tau])
    moved = design.directions @ (design.units * weight * told.total) / design.let_through
    return np.asarray(design.prior + moved.reshape(design.prior.shape))


def _weight(told: Estimate, tau: float) -> float:
    """Give what the total of a number is multiplied by."""
    off = ((UNITS - told.units) / max(told.units_sd, 0.1)) ** 2
    likely = np.exp((off.min() - off) / 2) / UNITS
    each = tau**2 * UNITS / (tau**2 * UNITS**2 + told.sd**2)
    return float(likely @ each / likely.sum())


def people_needed(noise_multiplier: float, *, numbers: int) -> int:
    """Give N_min: the people that a release of so many numbers needs to be more than noise.

    Never fewer than FEWEST_PEOPLE: so few say little of others, however little noise there is.
    noise_multiplier: of the whole release, its count included.

    >>> [people_needed(noise, numbers=18) for noise in (0.50, 1.39, 3.73)]
    [10, 13, 33]
    """
    noise = noise_multiplier * math.sqrt(1 + COUNT_SHARE**2) * USUAL_DIFFERENCE * math.sqrt(numbers)
    return max(math.ceil(noise / WANTED_NOISE), FEWEST_PEOPLE)


def swamped(told: Estimate) -> bool:
    """Tell whether what units add up to is no longer than noise alone would be."""
    return float(told.total @ told.total) <= len(told.total) * told.sd**2
