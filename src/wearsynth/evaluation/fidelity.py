"""How far windows lie from real ones, by class and where it can be by signal."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from wearsynth.data import IntArray
from wearsynth.evaluation.coupling import level_correlations, power_correlations
from wearsynth.evaluation.described import Described, DescribedSignal, joined
from wearsynth.evaluation.figures import FIGURES
from wearsynth.evaluation.neighbours import clipped_coverage, clipped_density, frechet, mmd
from wearsynth.evaluation.reference import (
    Measured,
    excess_of,
    pick,
    reference_of,
    resampled_groups,
    scored,
    standard_error,
)
from wearsynth.evaluation.scores import Part, Score
from wearsynth.evaluation.trial import Trial
from wearsynth.features import Float64Array

SD_SHARE = 0.1
"""A feature that hardly varies within a class is measured in this share of its sd over all."""

FARTHEST = 10.0
"""A point's coordinates are cut at so many units from the centre, so that no single one decides."""

DIRECTIONS = 16
"""Clouds of windows are compared along at most so many principal directions of the real ones."""

RESAMPLES = 30
"""Bootstrap draws over holdout groups for the standard error of a distance."""

ALL = "all"
"""The signal of a part that speaks of all signals together."""


@dataclass(frozen=True, eq=False)
class Scale:
    """What a class's features are measured in, (feature,); unit 0 where one never varies."""

    centre: Float64Array
    unit: Float64Array

    @classmethod
    def of(cls, features: Float64Array, rows: IntArray) -> "Scale":
        """Give the scale of the rows of one class: its sd, at least a tenth of that of all rows."""
        unit = np.maximum(features[rows].std(axis=0), SD_SHARE * features.std(axis=0))
        return cls(features[rows].mean(axis=0), np.where(unit > 1e-12, unit, 0.0))

    def points(self, features: Float64Array) -> Float64Array:
        """Give features (window, feature) in units from the centre; 0 where one never varies."""
        off = features - self.centre
        units = np.divide(off, self.unit, out=np.zeros_like(off), where=self.unit > 0)
        return np.clip(units, -FARTHEST, FARTHEST)

    def directions(self, features: Float64Array) -> Float64Array:
        """Give the first principal directions of features, (feature, direction)."""
        points = self.points(features)
        _, vectors = np.linalg.eigh(points.T @ points)
        return np.asarray(vectors[:, ::-1][:, :DIRECTIONS])


Scales = Mapping[tuple[str, int], Scale]
"""(signal, class) -> its scale."""

ByClass = Mapping[int, Described]
"""Class -> its windows, classes in order."""

Tables = Mapping[str, Float64Array]
"""Figure -> its table (signal, class), or (1, class) where it is over all."""


@dataclass(frozen=True, eq=False)
class Compared:
    """All figures of the candidate, of it with resampled people, of real draws and of halves.

    like_halves: of as many of the candidate's windows as a half has, against a half.
    """

    value: Tables
    resampled: list[Tables]
    draws: list[Tables]
    halves: list[Tables]
    like_halves: list[Tables]


SignalDistance = Callable[[DescribedSignal, DescribedSignal, Scale], float]
WholeDistance = Callable[[Described, Described], float]


def wasserstein(a: Float64Array, b: Float64Array) -> Float64Array:
    """Give the Wasserstein-1 distance of each column of (row, column) arrays, (column,).

    It is the area between the two distribution functions (Vallender, 1974).
    """
    both = np.concatenate([a, b])
    order = np.argsort(both, axis=0)
    from_a = order < len(a)
    gap = np.abs(np.cumsum(from_a, axis=0) / len(a) - np.cumsum(~from_a, axis=0) / len(b))
    steps = np.diff(np.take_along_axis(both, order, axis=0), axis=0)
    return np.asarray((gap[:-1] * steps).sum(axis=0))


def reading_w1(a: DescribedSignal, b: DescribedSignal, scale: Scale) -> float:  # noqa: ARG001
    """Give the mean over channels of W1 between single readings, in units of b's sd.

    1 for any difference where b never varies.
    """
    one, two = (of.some.reshape(-1, of.some.shape[2]) for of in (a, b))
    distance, unit = wasserstein(one, two), two.std(axis=0)
    differs = (distance > 1e-9).astype(np.float64)
    return float(np.divide(distance, unit, out=differs, where=unit > 1e-12).mean())


def feature_w1(a: DescribedSignal, b: DescribedSignal, scale: Scale) -> float:
    """Give the mean over features of W1 in units; 1 for any difference where the unit is 0."""
    distance = wasserstein(a.features, b.features)
    differs = (distance > 1e-9).astype(np.float64)
    return float(np.divide(distance, scale.unit, out=differs, where=scale.unit > 0).mean())


def log_band_w1(a: DescribedSignal, b: DescribedSignal, scale: Scale) -> float:  # noqa: ARG001
    """Give the mean over channels and octaves of W1 between log10 powers, in decades."""
    return float(wasserstein(a.log_bands, b.log_bands).mean())


def autocorrelation(a: DescribedSignal, b: DescribedSignal, scale: Scale) -> float:  # noqa: ARG001
    """Give the mean absolute difference of the mean autocorrelations over channels and lags."""
    return float(np.abs(a.acf.mean(axis=0) - b.acf.mean(axis=0)).mean())


def time_direction(a: DescribedSignal, b: DescribedSignal, scale: Scale) -> float:  # noqa: ARG001
    """Give the cosine between the mean rises of both over channels and lags, -1..1.

    1: waves rise and fall alike; -1: one side runs backwards. NaN where a side has no direction.
    """
    one, two = a.rises.mean(axis=0), b.rises.mean(axis=0)
    size = np.sqrt((one @ one) * (two @ two))
    return float(one @ two / size) if size > 0 else float("nan")


def coupling(a: Described, b: Described) -> float:
    """Give how unlike channels move together: within windows and, for levels, between windows.

    The mean over pairs of channels of W1 between correlations within windows, and of the absolute
    difference of correlations of levels over windows; the mean of both. NaN for one channel.
    """
    if a.levels.shape[1] < 2:
        return float("nan")
    within = wasserstein(a.pairs, b.pairs).mean()
    between = np.abs(level_correlations(a.levels) - level_correlations(b.levels)).mean()
    return float((within + between) / 2)


def power_coupling(a: Described, b: Described) -> float:
    """Give how unlike channels grow strong and weak together, from window to window.

    The mean over octaves and pairs of channels of the absolute difference of correlations of log
    powers over windows. NaN for one channel.
    """
    if a.powers.shape[1] < 2:
        return float("nan")
    apart = power_correlations(a.powers) - power_correlations(b.powers)
    return float(np.abs(apart).mean())


def _between_points(distance: Callable[[Float64Array, Float64Array], float]) -> WholeDistance:
    return lambda a, b: distance(a.points, b.points)


BY_SIGNAL: dict[str, SignalDistance] = {
    "reading_w1": reading_w1,
    "feature_w1": feature_w1,
    "log_band_w1": log_band_w1,
    "autocorrelation": autocorrelation,
    "time_direction": time_direction,
}
"""Figure -> how it is measured on one signal and class."""

OVER_ALL: dict[str, WholeDistance] = {
    "coupling": coupling,
    "power_coupling": power_coupling,
    "frechet": _between_points(frechet),
    "mmd": _between_points(mmd),
    "density": _between_points(clipped_density),
    "coverage": _between_points(clipped_coverage),
}
"""Figure -> how it is measured on all signals of one class."""

LIMITS = {
    "mmd": (-np.inf, np.inf),
    "density": (0.0, 1.0),
    "coverage": (0.0, 1.0),
    "time_direction": (-1.0, 1.0),
    "power_coupling": (0.0, 2.0),
}
"""What a figure can be, where that is not 0 and more."""


def scales_of(real: Described) -> Scales:
    """Give each signal's and class's scale among real windows."""
    return {
        (name, index): Scale.of(signal.features, real.rows_of(index))
        for name, signal in real.signals.items()
        for index in np.unique(real.label).tolist()
    }


def placing(real: Described) -> Callable[[Described], Described]:
    """Give what adds points to windows: along the principal directions of real ones of the class."""
    frames = {}
    for index in np.unique(real.label).tolist():
        scale = Scale.of(real.features, real.rows_of(index))
        frames[index] = (scale, scale.directions(real.features[real.rows_of(index)]))

    def place(of: Described) -> Described:
        points = np.zeros((len(of), DIRECTIONS))
        for index, (scale, directions) in frames.items():
            rows = of.rows_of(index)
            points[rows, : directions.shape[1]] = scale.points(of.features[rows]) @ directions
        return replace(of, points=points)

    return place


def compare(figure: str, candidate: Described, holdout: Described, scales: Scales) -> Float64Array:
    """Give a figure by signal and class, (signal, class), or (1, class) where it is over all.

    NaN where one side has no window. Classes are those of the scales, in order.
    """
    classes = _classes(scales)
    return _table(figure, _by_class(candidate, classes), _by_class(holdout, classes), scales)


def _classes(scales: Scales) -> list[int]:
    return sorted({index for _, index in scales})


def _by_class(of: Described, classes: Sequence[int]) -> ByClass:
    return {index: of.select(of.rows_of(index)) for index in classes}


def _table(figure: str, candidate: ByClass, holdout: ByClass, scales: Scales) -> Float64Array:
    columns = [_cells(figure, mine, holdout[at], scales, at) for at, mine in candidate.items()]
    return np.array(columns, dtype=np.float64).T


def _cells(
    figure: str, mine: Described, real: Described, scales: Scales, index: int
) -> list[float]:
    """Give the figure of one class, by signal or over all."""
    whole = figure in OVER_ALL
    if not (len(mine) and len(real)):
        return [float("nan")] * (1 if whole else len(mine.signals))
    if whole:
        return [OVER_ALL[figure](mine, real)]
    return [
        BY_SIGNAL[figure](signal, real.signals[name], scales[name, index])
        for name, signal in mine.signals.items()
    ]


def fidelity_scores(trial: Trial) -> tuple[Score, ...]:
    """Give each distance between equally many synthetic and holdout windows."""
    real = joined(trial.of_train, trial.of_holdout)
    scales, place = scales_of(real), placing(real)
    classes = _classes(scales)

    def placed(of: Described) -> Described:
        return place(_without_readings(of))

    def parted(of: Described) -> ByClass:
        return _by_class(of, classes)

    def tables(candidate: ByClass, against: ByClass) -> Tables:
        return {name: _table(name, candidate, against, scales) for name in (*BY_SIGNAL, *OVER_ALL)}

    of_holdout = placed(trial.of_holdout)
    candidate = placed(trial.equal)
    mine, holdout = parted(candidate), parted(of_holdout)
    halves = [(parted(placed(a)), parted(placed(b))) for a, b in trial.halves]
    rng = np.random.default_rng(trial.seed)
    boot = resampled_groups(of_holdout.group, times=RESAMPLES, seed=trial.seed)
    compared = Compared(
        tables(mine, holdout),
        [tables(mine, parted(of_holdout.select(rows))) for rows in boot],
        [tables(parted(placed(draw)), holdout) for draw in trial.draws],
        [tables(a, b) for a, b in halves],
        [tables(parted(_as_many(candidate, a, rng)), b) for a, b in halves],
    )
    names = [trial.classes[index] for index in classes]
    signals = tuple(trial.equal.signals)
    return tuple(_score(figure, compared, signals, names) for figure in (*BY_SIGNAL, *OVER_ALL))


def _as_many(candidate: Described, half: ByClass, rng: np.random.Generator) -> Described:
    """Give random windows of the candidate, of each class as many as a half has, or all.

    Few windows lie farther apart than many: only equally many can be held against halves.
    """
    numbers = np.zeros(1 + max(half), dtype=np.int64)
    for index, windows in half.items():
        numbers[index] = len(windows)
    return candidate.select(pick(candidate.label, numbers, rng))


def _without_readings(of: Described) -> Described:
    """Give the windows without what no distance looks at: they are selected from many times."""
    nothing = np.zeros((len(of), 0))
    signals = {name: replace(signal, readings=nothing) for name, signal in of.signals.items()}
    return replace(of, signals=signals)


def _score(figure: str, of: Compared, signals: Sequence[str], classes: Sequence[str]) -> Score:
    limits = LIMITS.get(figure, (0.0, np.inf))
    table = of.value[figure]
    if not np.isfinite(table).any():
        return scored(figure, Measured(None, 0.0, note=_why_none(figure)), limits=limits)
    resampled, draws, halves, like_halves = (
        [tables[figure] for tables in many]
        for many in (of.resampled, of.draws, of.halves, of.like_halves)
    )
    beside_halves = [over_all(one) for one in like_halves if np.isfinite(one).any()]
    measured = Measured(
        over_all(table),
        standard_error([over_all(one) for one in resampled]),
        [over_all(draw) for draw in draws],
        [over_all(half) for half in halves if np.isfinite(half).any()],
        beside_halves=float(np.mean(beside_halves)) if beside_halves else None,
    )
    rows = (ALL,) if figure in OVER_ALL else signals
    cells = [(signal, name) for signal in rows for name in classes]
    score = scored(figure, measured, limits=limits)
    return replace(score, parts=parts_of(figure, cells, table, resampled, draws))


def _why_none(figure: str) -> str:
    if figure in ("coupling", "power_coupling"):
        return "there is one channel only"
    if figure == "time_direction":
        return "no class has readings that rise or fall on both sides"
    return "no class has windows enough on both sides"


def over_all(table: Float64Array) -> float:
    """Give the mean over signals and classes that both sides have; NaN where there are none."""
    known = table[np.isfinite(table)]
    return float(known.mean()) if len(known) else float("nan")


def parts_of(
    figure: str,
    cells: list[tuple[str, str]],
    table: Float64Array,
    resampled: list[Float64Array],
    draws: list[Float64Array],
) -> tuple[Part, ...]:
    """Give the cells (signal, class) of the tables as parts, each beside its own reference."""
    better = FIGURES[figure].better
    errors = np.array([one.ravel() for one in resampled])
    of_draws = np.array([one.ravel() for one in draws])
    parts = []
    for cell, ((signal, class_name), value) in enumerate(zip(cells, table.ravel(), strict=True)):
        known = np.isfinite(value) and len(of_draws) and np.isfinite(of_draws[:, cell]).all()
        reference = reference_of(of_draws[:, cell].tolist(), better) if known else None
        error = standard_error(errors[np.isfinite(errors[:, cell]), cell])
        excess = None if reference is None else excess_of(float(value), reference, error, better)
        shown = float(value) if np.isfinite(value) else None
        parts.append(Part(signal, class_name, shown, reference, excess))
    return tuple(parts)
