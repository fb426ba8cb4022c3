"""What a figure has to tell about itself."""

from dataclasses import dataclass

from wearsynth.evaluation.scores import Better, Family


@dataclass(frozen=True)
class About:
    """What a figure is called and speaks of, which way is better, its meaning, its computation.

    blind: what it cannot tell.
    """

    title: str
    family: Family
    better: Better
    meaning: str
    how: str
    blind: str = ""
