"""An epsilon in plain words: what the best attacker can make of it."""

from wearsynth.privacy.accounting import worst_membership
from wearsynth.statement import PrivacyStatement, Unit

PRIVATE_EPSILON, PRIVATE_AUC = 1.38, 0.60
"""Up to this epsilon no attacker on one Gaussian release has an AUC above .60, at delta 1e-5 or less."""

PEOPLE: dict[Unit, str] = {"subject": "person", "recording": "recording", "window": "window"}
"""What the guarantee hides, in a reader's words."""


def bounded_only(epsilon: float, delta: float) -> bool:
    """Tell whether the worst attacker is too good for the word private: bounded disclosure.

    >>> bounded_only(1.0, 1e-6), bounded_only(3.0, 1e-6)
    (False, True)
    """
    auc = round(worst_membership(epsilon, delta).auc, 2)
    return epsilon > PRIVATE_EPSILON or auc > PRIVATE_AUC


def word_of(epsilon: float, delta: float) -> str:
    """Give the word that an epsilon deserves, and why."""
    if bounded_only(epsilon, delta):
        return (
            f"bounded disclosure, not private: only up to epsilon {PRIVATE_EPSILON} is the worst AUC kept "
            f"at {PRIVATE_AUC:.2f}"
        )
    return f"private in the sense that the worst AUC is {PRIVATE_AUC:.2f} or less"


def worst_words(statement: PrivacyStatement) -> str:
    """Give what the guarantee allows the best attacker, in one line."""
    worst = worst_membership(statement.epsilon, statement.delta)
    return (
        f"whether one {PEOPLE[statement.unit]} took part is told with AUC {worst.auc:.2f} at most (Gaussian "
        f"noise; any mechanism {worst.auc_any:.2f}; guessing 0.50)"
    )
