"""How the sensor sat: a rotation of its axes, kept as people wore it, drawn, or asked for."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from wearsynth.data import Channel, SignalWindows
from wearsynth.errors import DataError

Float64Array = NDArray[np.float64]


def rotation_by(degrees: tuple[float, float, float]) -> Float64Array:
    """Give the matrix (3, 3) that turns readings by angles about the axes x, then y, then z.

    The axes stay where they were; a positive angle goes from x to y, y to z, or z to x. DataError
    unless there are three finite angles.
    """
    if len(degrees) != 3 or not np.isfinite(degrees).all():
        raise DataError(f"a mounting is three angles in degrees about x, y and z, got {degrees}.")
    matrix = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
    return np.asarray(matrix, dtype=np.float64)


def draw_rotations(count: int, rng: np.random.Generator) -> Float64Array:
    """Give rotation matrices (count, 3, 3), every direction and turn alike (Shoemake, 1992)."""
    quaternions = rng.normal(size=(count, 4))
    return np.asarray(Rotation.from_quat(quaternions).as_matrix(), dtype=np.float64)


def rotated(
    signals: Mapping[str, SignalWindows], rotations: Float64Array
) -> dict[str, SignalWindows]:
    """Give the signals as a sensor mounted otherwise would have read them.

    rotations: (window, 3, 3). Signals of three axes of one unit (accelerometer, gyroscope,
    magnetometer) are one sensor's and turn together; others stay as they are.
    """
    return {
        name: replace(signal, values=_turned(signal, rotations))
        if has_axes(signal.channels)
        else signal
        for name, signal in signals.items()
    }


def has_axes(channels: tuple[Channel, ...]) -> bool:
    """Tell whether a signal is a vector: three channels of one unit."""
    return len(channels) == 3 and len({channel.unit for channel in channels}) == 1


def _turned(signal: SignalWindows, rotations: Float64Array) -> NDArray[np.float32]:
    turned = np.einsum("wij,wtj->wti", rotations, signal.values.astype(np.float64))
    return np.asarray(turned, dtype=np.float32)
