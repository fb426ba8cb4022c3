"""Which columns of a table hold what, in which units."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import pi
from pathlib import Path

import numpy as np

from wearsynth.data import UNITS
from wearsynth.errors import DataError, did_you_mean

CONVERTED = {
    "mg": ("g", 1e-3),
    "dps": ("rad/s", pi / 180),
    "mdps": ("rad/s", pi / 180e3),
    "m/s^2": ("m/s2", 1.0),
    "deg/s": ("rad/s", pi / 180),
}
"""Units that are converted: name -> (ours, factor)."""
SIGNAL_OF_UNIT = {
    "g": "acc",
    "m/s2": "acc",
    "rad/s": "gyro",
    "uT": "mag",
    "uS": "eda",
    "mV": "voltage",
    "degC": "temp",
    "%": "percent",
    "a.u.": "bvp",
    "bpm": "hr",
    "s": "duration",
    "1": "signal",
}
"""The signal that a channel belongs to, by its unit."""
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
"""Units of a time column: how many make a second."""
FROM_PATH = ("{file}", "{folder}")
"""In the place of a column: the file's name without its ending, the name of its folder."""


@dataclass(frozen=True)
class TableColumns:
    """Which columns of a table hold what.

    channels: (column, unit) each; units of data.UNITS, or those of CONVERTED. Channels of one kind
    of unit form one signal (acc, gyro, eda, temp, bvp, hr, ...). time: a column in time_unit (s, ms,
    us, ns) or of ISO 8601 time stamps. label: a column; or constant_label, one label for every row.
    label, subject and recording may be "{file}" or "{folder}" for the name of the file or of its
    folder. rate_hz: needed where there is no time column; with one, it is the nominal rate, and a
    measured one more than 2 % off is noted. covariates: (name, column) each; a number that does not
    change within a recording, such as ("age", "age_years"); empty or NaN where unknown.
    """

    channels: tuple[tuple[str, str], ...]
    time: str | None = None
    time_unit: str = "s"
    label: str | None = None
    constant_label: str | None = None
    subject: str | None = None
    recording: str | None = None
    rate_hz: float | None = None
    covariates: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not self.channels:
            raise DataError("name at least one channel column and its unit, such as acc_x, g.")
        for column, unit in self.channels:
            if unit not in UNITS and unit not in CONVERTED:
                known = (*UNITS, *CONVERTED)
                raise DataError(f"{column}: unknown unit {unit!r}.{did_you_mean(unit, known)}")
        if self.time_unit not in PER_SECOND:
            raise DataError(
                f"unknown time unit {self.time_unit!r}.{did_you_mean(self.time_unit, PER_SECOND)}"
            )
        if self.time is None and self.rate_hz is None:
            raise DataError("without a time column rate_hz must be given (--source-rate-hz).")
        if self.rate_hz is not None and not (np.isfinite(self.rate_hz) and self.rate_hz > 0):
            raise DataError(f"rate_hz must be above 0, got {self.rate_hz}.")
        if self.label is not None and self.constant_label is not None:
            raise DataError("give either a label column or one constant label, not both.")
        self._check_covariates()

    def _check_covariates(self) -> None:
        for name, column in self.covariates:
            if not name.strip():
                raise DataError(f"the covariate in column {column!r} needs a name, such as age.")
            if column in self.texts:
                problem = f"covariate {name!r}: column {column!r} is read as text already"
                raise DataError(f"{problem} (time, label, subject or recording). Name another.")
        names = [name for name, _ in self.covariates]
        if len(set(names)) != len(names):
            raise DataError(f"covariate names must differ, got {names}.")

    @property
    def readings(self) -> tuple[str, ...]:
        """The columns that hold readings, each once."""
        return tuple(dict.fromkeys(name for name, _ in self.channels))

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns that hold numbers, readings and covariates, each once."""
        return tuple(dict.fromkeys((*self.readings, *(column for _, column in self.covariates))))

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns that are read as text, each once."""
        return _columns((self.time, self.label, self.subject, self.recording))

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are read, each once."""
        return tuple(dict.fromkeys((*self.numbers, *self.texts)))


def from_path(name: str | None, path: Path) -> str | None:
    """Give what "{file}" or "{folder}" stands for, None for any other name."""
    if name not in FROM_PATH:
        return None
    return path.stem if name == "{file}" else path.resolve().parent.name


def _columns(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(n for n in names if n is not None and n not in FROM_PATH))
