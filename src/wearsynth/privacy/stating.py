"""The statement of a private training, from its plan."""

from wearsynth.privacy.accounting import ACCOUNTANT
from wearsynth.privacy.plan import DpPlan
from wearsynth.statement import PrivacyStatement

NOT_COVERED = (
    "what those who run the training see: the ledger, the checkpoint, errors, how long it takes",
    "scores and reports computed on private windows; they stay inside",
    "what holds of people in general, whether or not one of them takes part",
)


def training_statement(
    plan: DpPlan,
    *,
    epsilon: float,
    delta: float,
    each: int,
    composition: str,
    public: tuple[str, ...],
) -> PrivacyStatement:
    """Give what a training by this plan guarantees.

    epsilon: of all that `composition` names. each: windows of a unit in a step. public: by declaration.
    """
    windows = "one window" if each == 1 else f"{each} windows drawn evenly over its classes"
    return PrivacyStatement(
        epsilon=epsilon,
        delta=delta,
        unit=plan.unit,
        neighbours="add or remove one",
        mechanism=(
            f"noisy gradients (Abadi et al., 2016, arXiv 1607.00133): of each {plan.unit} in a step the "
            f"gradient of {windows}, clipped to {plan.clip_norm:g}; their sum with Gaussian noise of sd "
            f"{plan.noise_multiplier:.4g} times that, once a step; Adam, averaged weights"
        ),
        sampling=(
            f"each {plan.unit} is in a step with probability {plan.sampling_probability:g}, whatever the "
            "others do (Poisson), by a secret key that is deleted"
        ),
        accountant=ACCOUNTANT,
        steps=plan.steps,
        noise_multiplier=plan.noise_multiplier,
        clip_norm=plan.clip_norm,
        composition=composition,
        public=public,
        not_covered=NOT_COVERED,
    )
