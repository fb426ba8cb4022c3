"""Sensor parts: what their datasheets say, and readings in their counts."""

from wearsynth.sensors.counts import Counts
from wearsynth.sensors.profile import (
    Figure,
    FullScale,
    LowPass,
    Noise,
    PowerMode,
    SensorProfile,
    SignalProfile,
    load_profile,
    profile_names,
)

__all__ = [
    "Counts",
    "Figure",
    "FullScale",
    "LowPass",
    "Noise",
    "PowerMode",
    "SensorProfile",
    "SignalProfile",
    "load_profile",
    "profile_names",
]
