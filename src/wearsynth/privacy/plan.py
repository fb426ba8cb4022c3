"""What a guarantee rests on, made together: an edit that can break it is an edit here."""

from dataclasses import dataclass

from wearsynth.statement import Unit


@dataclass(frozen=True)
class DpPlan:
    """How private data are touched.

    unit: what is added or removed. sampling_probability: of a unit in a step, each for itself (Poisson).
    clip_norm: the most that a unit's summed gradient may measure. noise_multiplier: sd of the noise over
    clip_norm. steps: noisy sums at most.
    """

    unit: Unit
    sampling_probability: float
    clip_norm: float
    noise_multiplier: float
    steps: int
