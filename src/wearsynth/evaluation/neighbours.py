"""Neighbours, moments and kernels: distances between two clouds of points.

Points are (row, dimension) in units in which every dimension weighs about the same.
"""

from functools import cache

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import betabinom

from wearsynth.features import Float64Array

NEIGHBOURS = 5
"""The k of balls around real points."""


def clipped_density(candidate: Float64Array, real: Float64Array) -> float:
    """Give the share of candidate points that lie where real points are dense, about 0..1.

    A point counts min(1, balls that hold it / k); a real point's ball reaches to its k-th neighbour,
    at most the median reach. Over the same for the real points themselves, at most 1 (Salvy et al.,
    2025, arXiv 2507.01761). NaN for fewer than k + 2 real points.
    """
    if len(real) < NEIGHBOURS + 2:
        return float("nan")
    among = cdist(real, real)
    reach = _reach(among)
    reach = np.minimum(reach, np.median(reach))
    np.fill_diagonal(among, np.inf)  # a point is not its own witness
    of_real = _in_balls(among, reach)
    if of_real == 0:
        return float("nan")
    return min(1.0, _in_balls(cdist(real, candidate), reach) / of_real)


def clipped_coverage(candidate: Float64Array, real: Float64Array) -> float:
    """Give the share of real points with as many candidates around as a good generator puts there.

    A real point counts min(1, candidates in its ball / k). The mean is read off the curve that it
    follows where a share x of the candidates is drawn from the real law and the rest lies far away
    (beta-binomial counts), so that the value is that x, 0..1 (Salvy et al., 2025, arXiv 2507.01761).
    NaN for fewer than k + 2 real points.
    """
    if len(real) < NEIGHBOURS + 2:
        return float("nan")
    reach = _reach(cdist(real, real))
    inside = (cdist(real, candidate) <= reach[:, None]).sum(axis=1)
    raw = float(np.minimum(1.0, inside / NEIGHBOURS).mean())
    shares, curve = _coverage_curve(len(candidate), len(real))
    return float(np.interp(raw, curve, shares))


@cache
def _coverage_curve(candidates: int, real: int) -> tuple[Float64Array, Float64Array]:
    """Give shares x and E min(1, n / k) for n of x * candidates points in a ball to real's k-th."""
    shares = np.linspace(0, 1, 101)
    good = np.rint(shares * candidates)[:, None]
    counts = np.arange(NEIGHBOURS)
    chance = betabinom.pmf(counts, good, NEIGHBOURS, real - NEIGHBOURS)  # (share, count)
    return shares, 1.0 - chance @ (1.0 - counts / NEIGHBOURS)


def _reach(among: Float64Array) -> Float64Array:
    """Give each point's distance to its k-th neighbour; the nearest of all is itself."""
    return np.asarray(np.partition(among, NEIGHBOURS, axis=1)[:, NEIGHBOURS])


def _in_balls(distance: Float64Array, reach: Float64Array) -> float:
    """Give the mean over columns of min(1, rows whose ball holds it / k)."""
    inside = (distance <= reach[:, None]).sum(axis=0)
    return float(np.minimum(1.0, inside / NEIGHBOURS).mean())


def frechet(a: Float64Array, b: Float64Array) -> float:
    """Give the Frechet distance between normal laws fitted to both (Dowson and Landau, 1982)."""
    cov_a, cov_b = (np.atleast_2d(np.cov(x, rowvar=False, bias=True)) for x in (a, b))
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    middle = np.linalg.eigvalsh(root @ cov_b @ root)
    spread = np.trace(cov_a) + np.trace(cov_b) - 2 * np.sqrt(np.maximum(middle, 0.0)).sum()
    shift = ((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum()
    return float(np.sqrt(max(0.0, shift + spread)))


def mmd(candidate: Float64Array, real: Float64Array) -> float:
    """Give the squared maximum mean discrepancy, unbiased, with a Gaussian kernel.

    Its width is the median distance among real points (Gretton et al., 2012, eq. 3). About 0 where
    both follow one law, so it may lie a little below.
    """
    among_real = cdist(real, real, "sqeuclidean")
    width = np.median(among_real[np.triu_indices(len(real), 1)]) if len(real) > 1 else 0.0
    if len(candidate) < 2 or len(real) < 2 or width <= 0:
        return float("nan")
    own = _mean_off_diagonal(np.exp(-cdist(candidate, candidate, "sqeuclidean") / width))
    other = _mean_off_diagonal(np.exp(-among_real / width))
    cross = np.exp(-cdist(candidate, real, "sqeuclidean") / width).mean()
    return float(own + other - 2 * cross)


def _mean_off_diagonal(kernel: Float64Array) -> float:
    count = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (count * (count - 1)))
