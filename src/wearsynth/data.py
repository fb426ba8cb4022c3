"""The types that travel along the road: channels, signals, recordings, windows.

All are frozen, checked once when made, and trusted after. Arrays are NumPy; the axes are always
(time, channel) for a signal and (window, time, channel) for windows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wearsynth.checks import check_covariate_columns, check_covariates, check_finite, check_values
from wearsynth.errors import DataError, did_you_mean
from wearsynth.names import natural_key

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
StrArray = NDArray[np.str_]

UNITS = ("g", "m/s2", "rad/s", "uT", "uS", "mV", "degC", "%", "a.u.", "bpm", "s", "1")
"""Units that a channel may carry; "1" where the source gives nothing better."""


@dataclass(frozen=True)
class Channel:
    """One measured quantity: a name such as acc_x and a physical unit such as g."""

    name: str
    unit: str

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise DataError(f"channel {self.name!r}: unknown unit {self.unit!r}. Known: {UNITS}.")


@dataclass(frozen=True)
class Span:
    """A labelled stretch [start_s, end_s) on a recording's clock."""

    start_s: float
    end_s: float
    label: str


@dataclass(frozen=True)
class Gap:
    """A stretch [start_s, end_s) on a recording's clock without usable readings."""

    start_s: float
    end_s: float


@dataclass(frozen=True, eq=False)
class Signal:
    """One sensor's stream at its own rate.

    values: (time, channel) float32, in each channel's unit. The first reading is at start_s on the
    recording's clock.
    """

    values: FloatArray
    rate_hz: float
    channels: tuple[Channel, ...]
    start_s: float = 0.0

    def __post_init__(self) -> None:
        check_values(self.values, "(time, channel)", self.rate_hz, [c.name for c in self.channels])

    @property
    def end_s(self) -> float:
        """Where the signal ends on the recording's clock, in seconds."""
        return self.start_s + len(self.values) / self.rate_hz


@dataclass(frozen=True, eq=False)
class Events:
    """What happened at moments rather than at a rate: button presses, heartbeats.

    times_s: (event,) on the recording's clock, in order. values: (event,) in unit, or None.
    """

    times_s: NDArray[np.float64]
    values: NDArray[np.float64] | None = None
    unit: str = "1"

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise DataError(f"events: unknown unit {self.unit!r}. Known: {UNITS}.")
        if self.times_s.ndim != 1 or (np.diff(self.times_s) < 0).any():
            raise DataError("events: times_s must be (event,) and in order.")
        if self.values is not None and self.values.shape != self.times_s.shape:
            raise DataError(
                f"events: {len(self.values)} values for {len(self.times_s)} times, expected as many."
            )


@dataclass(frozen=True)
class Oddity:
    """What was odd in a file and read all the same.

    what: a clause that follows the count; equal clauses are added up over files. where: the first.
    "3" "reading(s) repeat the time of the one before: the last one stands" "ACC.csv, line 120"
    """

    what: str
    count: int
    where: str


@dataclass(frozen=True, eq=False)
class Recording:
    """One person's continuous signals on one clock, each at its own rate.

    subject is None where the source does not tell. events by name: tags, ibi. start_unix_s: the time
    of the clock's zero (seconds since 1970, UTC), None where unknown; it never reaches windows.
    notes: what is known of the source. oddities: what was odd in these files. synthetic: no sensor
    recorded it, where its files say so. covariates by name: what is known of the person in numbers,
    such as age and height_cm, finite; unknown ones are left out.
    """

    name: str
    signals: Mapping[str, Signal]
    subject: str | None = None
    spans: tuple[Span, ...] = ()
    gaps: tuple[Gap, ...] = ()
    events: Mapping[str, Events] = field(default_factory=dict)
    start_unix_s: float | None = None
    source: str = ""
    notes: tuple[str, ...] = ()
    oddities: tuple[Oddity, ...] = ()
    synthetic: bool = False
    covariates: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.signals:
            raise DataError(f"recording {self.name!r} has no signals.")
        for span in self.spans:
            if not span.start_s < span.end_s:
                raise DataError(f"recording {self.name!r}: {span} does not end after its start.")
        check_covariates(self.covariates, self.name)

    @property
    def duration_s(self) -> float:
        """Seconds from the first signal's start to the last signal's end."""
        ends = [signal.end_s for signal in self.signals.values()]
        return max(ends) - min(signal.start_s for signal in self.signals.values())


@dataclass(frozen=True, eq=False)
class SignalWindows:
    """One signal cut into windows.

    values: (window, time, channel) float32, in each channel's unit.
    """

    values: FloatArray
    rate_hz: float
    channels: tuple[Channel, ...]

    def __post_init__(self) -> None:
        names = [channel.name for channel in self.channels]
        check_values(self.values, "(window, time, channel)", self.rate_hz, names)
        check_finite(self.values)

    @property
    def length_s(self) -> float:
        """The length of a window in seconds."""
        return float(self.values.shape[1] / self.rate_hz)


@dataclass(frozen=True, eq=False)
class Windows:
    """Labelled fixed-length cuts, each signal kept at its own rate.

    label: (window,) index into classes. subject and recording: (window,) names, "" where unknown.
    start_s: (window,) place on the recording's clock, NaN where unknown; used to find overlaps,
    never a feature. synthetic: (window,) bool. provenance: a line for each step that made these
    windows. trained_groups: for synthetic windows, the groups that the generator has seen.
    covariates: name -> (window,) float64, such as age and height_cm; NaN where unknown.
    """

    signals: Mapping[str, SignalWindows]
    label: IntArray
    classes: tuple[str, ...]
    subject: StrArray
    recording: StrArray
    start_s: NDArray[np.float64]
    synthetic: NDArray[np.bool_]
    provenance: tuple[str, ...] = ()
    trained_groups: tuple[str, ...] = ()
    covariates: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.signals:
            raise DataError("windows need at least one signal.")
        count = len(self.label)
        columns: dict[str, Any] = {f"signal {n!r}": s.values for n, s in self.signals.items()}
        columns |= {"subject": self.subject, "recording": self.recording}
        columns |= {"start_s": self.start_s, "synthetic": self.synthetic}
        columns |= {f"covariate {name!r}": values for name, values in self.covariates.items()}
        check_covariate_columns(self.covariates)
        for name, values in columns.items():
            if len(values) != count:
                raise DataError(f"{name} has {len(values)} windows, label has {count}.")
        if len(set(self.classes)) != len(self.classes):
            raise DataError(f"class names must differ, got {self.classes}.")
        if count and not (self.label.min() >= 0 and self.label.max() < len(self.classes)):
            raise DataError(f"labels must be 0..{len(self.classes) - 1}, one for each class.")

    def __len__(self) -> int:
        return len(self.label)

    @property
    def label_names(self) -> StrArray:
        """The class name of each window, (window,)."""
        return np.array(self.classes, dtype=np.str_)[self.label]

    @property
    def group(self) -> StrArray:
        """The unit of every split, (window,): subject, else recording, else a block.

        A block is one of ten contiguous stretches of a class's windows, for data that name neither.
        """
        group = np.where(self.subject != "", self.subject, self.recording).astype(object)
        for index, name in enumerate(self.classes):
            nameless = np.flatnonzero((group == "") & (self.label == index))
            for block, members in enumerate(np.array_split(nameless, 10)):
                group[members] = f"{name}-block-{block}"
        return group.astype(np.str_)

    @property
    def counts(self) -> dict[str, int]:
        """The number of windows of each class."""
        numbers = np.bincount(self.label, minlength=len(self.classes))
        return dict(zip(self.classes, numbers.tolist(), strict=True))

    def select(self, index: NDArray[Any] | slice) -> "Windows":
        """Give the windows at a slice, an integer or a boolean index, in its order."""
        signals = {n: replace(s, values=s.values[index]) for n, s in self.signals.items()}
        return replace(
            self,
            signals=signals,
            label=self.label[index],
            subject=self.subject[index],
            recording=self.recording[index],
            start_s=self.start_s[index],
            synthetic=self.synthetic[index],
            covariates={name: values[index] for name, values in self.covariates.items()},
        )

    def of_class(self, name: str) -> "Windows":
        """Give the windows of one class; DataError if there is no such class."""
        return self.select(self.label == self.class_index(name))

    def class_index(self, name: str) -> int:
        """Give the index of a class; DataError with the nearest name if there is no such class."""
        if name not in self.classes:
            raise DataError(f"unknown class {name!r}.{did_you_mean(name, self.classes)}")
        return self.classes.index(name)

    def with_provenance(self, line: str) -> "Windows":
        """Give the same windows with one more provenance line."""
        return replace(self, provenance=(*self.provenance, line))

    def signal(self, name: str | None = None) -> SignalWindows:
        """Give one signal; the name may be left out where there is just one."""
        if name is None and len(self.signals) == 1:
            return next(iter(self.signals.values()))
        if name is None or name not in self.signals:
            raise DataError(f"name one of the signals {', '.join(self.signals)}, got {name!r}.")
        return self.signals[name]

    def to_case_channel_time(self, name: str | None = None) -> FloatArray:
        """Give one signal as (case, channel, time), the order that aeon and sktime want."""
        return np.ascontiguousarray(self.signal(name).values.transpose(0, 2, 1))


def windows_from_arrays(
    values: ArrayLike | Mapping[str, tuple[ArrayLike, float, Sequence[tuple[str, str]]]],
    label: Sequence[str] | StrArray,
    *,
    rate_hz: float = 0.0,
    channels: Sequence[tuple[str, str]] = (),
    classes: Sequence[str] = (),
    subject: Sequence[str] | None = None,
    recording: Sequence[str] | None = None,
    start_s: ArrayLike | None = None,
    synthetic: bool = False,
    covariates: Mapping[str, ArrayLike] | None = None,
) -> Windows:
    """Give Windows from NumPy arrays, whoever made them.

    values: (window, time, channel) with rate_hz and channels ((name, unit), ...) for one signal
    (called "acc"), or a mapping name -> (values, rate_hz, channels) for several. label: class names.
    classes: their order; alphabetical if left out. covariates: name -> (window,) numbers, NaN where
    unknown. DataError where shapes or names do not fit.
    """
    if not isinstance(values, Mapping):
        values = {"acc": (values, rate_hz, channels)}
    names = np.asarray(label, dtype=np.str_)
    classes = tuple(classes) or tuple(sorted(set(names.tolist())))
    unknown = sorted(set(names.tolist()) - set(classes))
    if unknown:
        raise DataError(f"unknown class {unknown[0]!r}.{did_you_mean(unknown[0], classes)}")
    count = len(names)
    index = {name: position for position, name in enumerate(classes)}
    return Windows(
        signals={
            name: SignalWindows(np.asarray(array, np.float32), float(rate), _channels(of))
            for name, (array, rate, of) in values.items()
        },
        label=np.array([index[name] for name in names.tolist()], dtype=np.int64),
        classes=classes,
        subject=np.full(count, "") if subject is None else np.asarray(subject, dtype=np.str_),
        recording=np.full(count, "") if recording is None else np.asarray(recording, dtype=np.str_),
        start_s=np.full(count, np.nan) if start_s is None else np.asarray(start_s, np.float64),
        synthetic=np.full(count, synthetic),
        covariates={name: np.asarray(of, np.float64) for name, of in (covariates or {}).items()},
    )


def _channels(pairs: Sequence[tuple[str, str]]) -> tuple[Channel, ...]:
    if bad := [pair for pair in pairs if isinstance(pair, str) or len(pair) != 2]:
        raise DataError(f"channels must be pairs (name, unit) of words, got {bad[0]!r}.")
    return tuple(Channel(*pair) for pair in pairs)


def concat(parts: Iterable[Windows]) -> Windows:
    """Give the windows of several sets one after the other; DataError where they differ in kind."""
    parts = list(parts)
    if not parts:
        raise DataError("nothing to join: no window sets were given.")
    first = parts[0]
    for other in parts[1:]:
        check_same_kind(first, other, "the first set", "another set")
    signals = {
        name: replace(signal, values=np.concatenate([p.signals[name].values for p in parts]))
        for name, signal in first.signals.items()
    }
    return replace(
        first,
        signals=signals,
        label=np.concatenate([p.label for p in parts]),
        subject=np.concatenate([p.subject for p in parts]),
        recording=np.concatenate([p.recording for p in parts]),
        start_s=np.concatenate([p.start_s for p in parts]),
        synthetic=np.concatenate([p.synthetic for p in parts]),
        covariates={n: np.concatenate([p.covariates[n] for p in parts]) for n in first.covariates},
        provenance=tuple(dict.fromkeys(line for p in parts for line in p.provenance)),
        trained_groups=tuple(dict.fromkeys(g for p in parts for g in p.trained_groups)),
    )


def check_same_kind(a: Windows, b: Windows, a_name: str, b_name: str) -> None:
    """Raise DataError, naming the first difference, unless signals, classes, covariates agree."""
    kinds = [_kind(windows) for windows in (a, b)]
    hints = {
        "classes": " Give both all classes, with or without windows.",
        "covariates": " Give both the same covariates, NaN where unknown.",
    }
    for key, value in kinds[0].items():
        if kinds[1].get(key) != value:
            difference = f"{key} {value} against {kinds[1].get(key)}"
            raise DataError(f"{a_name} and {b_name} do not fit: {difference}.{hints.get(key, '')}")


def _kind(windows: Windows) -> dict[str, object]:
    kind: dict[str, object] = {"classes": windows.classes, "signals": sorted(windows.signals)}
    for name, signal in windows.signals.items():
        kind[f"rate_hz of {name}"] = signal.rate_hz
        kind[f"readings a window of {name}"] = signal.values.shape[1]
        kind[f"channels of {name}"] = tuple((c.name, c.unit) for c in signal.channels)
    return kind | {"covariates": sorted(windows.covariates)}


@dataclass(frozen=True, eq=False)
class Split:
    """Windows of whole groups to train on, and of other whole groups to judge on."""

    train: Windows
    holdout: Windows
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        check_no_shared_groups(self.train.group, self.holdout.group, "train", "holdout")


def check_no_shared_groups(
    a: Iterable[str] | StrArray, b: Iterable[str] | StrArray, a_name: str, b_name: str
) -> None:
    """Raise DataError, naming the groups, if two sets share a group."""
    shared = sorted(set(map(str, a)) & set(map(str, b)), key=natural_key)
    if shared:
        named = ", ".join(shared[:5]) + (" ..." if len(shared) > 5 else "")
        raise DataError(
            f"{a_name} and {b_name} share {len(shared)} group(s): {named}. Figures on people that a "
            "generator has seen mean nothing: split by group first (wearsynth data split)."
        )
