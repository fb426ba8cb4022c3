"""What a differential-privacy guarantee says: plain data that goes wherever the model goes."""

from dataclasses import dataclass
from typing import Literal

Unit = Literal["subject", "recording", "window"]
Neighbours = Literal["add or remove one", "replace one"]


@dataclass(frozen=True)
class PrivacyStatement:
    """All that an expert needs to check an epsilon; nothing in it is computed from private data.

    unit: whose data the guarantee hides, whole. neighbours: which data sets must be hard to tell apart.
    mechanism, sampling, accountant: in words. steps: noisy releases. noise_multiplier: sd of the noise
    over clip_norm, the most that one unit adds to a release. composition: with what else on the same data
    it was added up. public: what was taken as public, by declaration. not_covered: what epsilon does not
    speak of.
    """

    epsilon: float
    delta: float
    unit: Unit
    neighbours: Neighbours
    mechanism: str
    sampling: str
    accountant: str
    steps: int
    noise_multiplier: float
    clip_norm: float
    composition: str
    public: tuple[str, ...]
    not_covered: tuple[str, ...]

    @property
    def line(self) -> str:
        """The one privacy sentence that is used everywhere."""
        return (
            f"epsilon {self.epsilon:.3g}, delta {self.delta:.1g}, unit {self.unit} "
            f"({self.neighbours}), {self.accountant}, {self.steps} steps; {self.composition}"
        )
