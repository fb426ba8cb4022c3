"""What the arrays and numbers inside the data types must be; one sentence where they are not."""

import math
from collections.abc import Mapping, Sequence
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from wearsynth.errors import DataError


def check_values(
    values: NDArray[np.float32], axes: str, rate_hz: float, channels: Sequence[str]
) -> None:
    """Raise DataError unless readings have the axes, the channels and a rate.

    axes: such as "(time, channel)". channels: the names of the last axis.
    """
    wanted = axes.count(",") + 1
    if values.ndim != wanted:
        raise DataError(f"values must be {axes}, got shape {values.shape}.")
    if values.dtype != np.float32:
        raise DataError(f"values must be float32, got {values.dtype}.")
    if not (np.isfinite(rate_hz) and rate_hz > 0):
        raise DataError(f"rate_hz must be above 0, got {rate_hz}.")
    if values.shape[-1] != len(channels):
        raise DataError(f"got {values.shape[-1]} columns for {len(channels)} channels of {axes}.")
    if len(set(channels)) != len(channels):
        raise DataError(f"channel names must differ, got {list(channels)}.")


def check_finite(values: NDArray[np.float32]) -> None:
    """Raise DataError where windows, (window, time, channel), hold NaN or infinity."""
    if not np.isfinite(values).all():
        bad = np.flatnonzero(~np.isfinite(values).all(axis=(1, 2)))
        raise DataError(f"{len(bad)} window(s) hold NaN or infinity, first window {bad[0]}.")


def check_covariates(covariates: Mapping[str, float], recording: str) -> None:
    """Raise DataError unless a recording's covariates are finite numbers with names."""
    for name, value in covariates.items():
        _check_name(name)
        if not (isinstance(value, Real) and math.isfinite(value)):
            problem = f"covariate {name!r} must be a finite number, got {value!r}"
            raise DataError(f"recording {recording!r}: {problem}. Leave it out where unknown.")


def check_covariate_columns(covariates: Mapping[str, NDArray[np.float64]]) -> None:
    """Raise DataError unless each covariate of windows is (window,) float64, finite or NaN."""
    for name, values in covariates.items():
        _check_name(name)
        if values.ndim != 1 or values.dtype != np.float64:
            got = f"{values.dtype} of shape {values.shape}"
            raise DataError(f"covariate {name!r} must be (window,) float64, got {got}.")
        if np.isinf(values).any():
            first = int(np.argmax(np.isinf(values)))
            raise DataError(
                f"covariate {name!r} is infinite in window {first}. Use NaN where unknown."
            )


def _check_name(name: str) -> None:
    if not name.strip():
        raise DataError("a covariate needs a name, such as age.")
