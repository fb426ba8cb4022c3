"""Public constants of units and of pulses: what wearable sensors usually measure; none comes from people."""

from dataclasses import dataclass

from wearsynth.pulse import HARMONICS


@dataclass(frozen=True)
class UnitConstants:
    """Public constants of one physical unit: what is usual, in that unit."""

    level_centre: float
    level_spread: float
    smallest_scale: float
    usual_scale: float


UNIT_CONSTANTS = {
    "g": UnitConstants(0.0, 0.6, 1e-3, 0.15),
    "m/s2": UnitConstants(0.0, 6.0, 1e-2, 1.5),
    "rad/s": UnitConstants(0.0, 0.5, 1e-3, 0.5),
    "uT": UnitConstants(0.0, 30.0, 1e-1, 5.0),
    "uS": UnitConstants(2.5, 1.0, 1e-4, 0.05),
    "mV": UnitConstants(0.0, 0.1, 1e-3, 0.2),
    "degC": UnitConstants(33.0, 2.0, 2e-3, 0.05),
    "%": UnitConstants(0.0, 3.0, 1e-2, 3.0),
    "a.u.": UnitConstants(0.0, 20.0, 1e-1, 30.0),
    "bpm": UnitConstants(80.0, 20.0, 1e-1, 5.0),
    "s": UnitConstants(0.8, 0.2, 1e-3, 0.05),
    "1": UnitConstants(0.5, 0.25, 1e-4, 0.05),
}
"""For each unit: the middle and spread of window means, the smallest scale told apart from none, and
the usual scale inside a window. Orders of magnitude, chosen from what wearable sensors measure. Of uS:
of the logarithm that stands in its place (BY_FACTORS)."""

BY_FACTORS = {"uS": 0.05}
"""Of these units factors count, not differences: asinh(x / 2o) stands in the place of x, which is the
logarithm of x / o for what is far above o. Skin conducts from hundredths to tens of a uS."""

PULSE_CONSTANTS = (
    UnitConstants(0.5, 0.3, 1e-3, 1e-3),  # start
    UnitConstants(75.0, 15.0, 1e-1, 10.0),  # rate
    UnitConstants(0.0, 1.0, 1e-3, 0.5),  # size
    UnitConstants(0.0, 0.05, 1e-3, 0.35),  # mean
    UnitConstants(0.8, 0.3, 3e-4, 0.3),  # cosine, which the phase follows
    UnitConstants(0.0, 0.02, 3e-4, 0.3),  # sine
    *(
        UnitConstants(0.0, 0.3 * 0.6**k, 3e-4 * 0.6**k, 0.3 * 0.6**k)
        for k in range(1, HARMONICS)
        for _ in ("cosine", "sine")
    ),
)
"""The same for the series that tell a pulse (pulse.py): harmonics fall off."""
