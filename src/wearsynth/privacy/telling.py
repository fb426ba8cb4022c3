"""An epsilon in plain words: what the best attacker can make of it."""

from dataclasses import dataclass

from wearsynth.privacy.accounting import worst_membership
from wearsynth.statement import PrivacyStatement, Unit

PRIVATE_AUC = 0.60
"""Up to this AUC of the best attacker a release may be called private: epsilon 1.38 at delta 1e-5, where its
noise is Gaussian."""

PEOPLE: dict[Unit, str] = {"subject": "person", "recording": "recording", "window": "window"}
"""What the guarantee hides, in a reader's words."""


@dataclass(frozen=True)
class Worst:
    """What a guarantee allows the best attacker.

    found: the share of those who took part, at 5 % false alarms. gaussian: of Gaussian releases; else of any
    mechanism, such as a choice.
    """

    auc: float
    found: float
    gaussian: bool

    @property
    def bounded(self) -> bool:
        """Whether that is too good for the word private."""
        return round(self.auc, 3) > PRIVATE_AUC

    @property
    def word(self) -> str:
        """The word that the guarantee deserves, and why."""
        if self.bounded:
            return f"bounded disclosure, not private: the worst AUC is above {PRIVATE_AUC:.2f}"
        return f"private in the sense that the worst AUC is {PRIVATE_AUC:.2f} or less"


def worst_case(epsilon: float, delta: float, *, gaussian: bool = True) -> Worst:
    """Give what an epsilon allows the best attacker.

    >>> worst_case(1.0, 1e-6).bounded, worst_case(3.0, 1e-6).bounded
    (False, True)
    >>> worst_case(1.0, 1e-6, gaussian=False).bounded
    True
    """
    worst = worst_membership(epsilon, delta)
    if gaussian:
        return Worst(worst.auc, worst.true_positive_rate, gaussian)
    return Worst(worst.auc_any, worst.true_positive_rate_any, gaussian)


def worst_of(statement: PrivacyStatement) -> Worst:
    """Give what a statement allows the best attacker; one without noise tells of a choice."""
    gaussian = statement.noise_multiplier is not None
    return worst_case(statement.epsilon, statement.delta, gaussian=gaussian)


def worst_words(statement: PrivacyStatement) -> str:
    """Give what the guarantee allows the best attacker, in one line."""
    worst = worst_of(statement)
    return (
        f"whether one {PEOPLE[statement.unit]} took part is told with AUC {worst.auc:.2f} at most "
        f"({'Gaussian noise' if worst.gaussian else 'any mechanism'}; guessing 0.50)"
    )
