"""The meta-classifier: the sensor's output follows its tree only after several like answers."""

from collections.abc import Iterable, Sequence

from wearsynth.mlc.configuration import RESULTS_PER_GROUP


def outputs(answers: Iterable[int], end_counters: Sequence[int]) -> list[int]:
    """Give the output after each answer (0 to 15) of a tree, from power-up on, where it is 0.

    Answers 0 to 3, 4 to 7, 8 to 11 and 12 to 15 form four groups with a counter each. An answer counts
    its group up by 1 and the others down by 1, not below 0. Where its counter exceeds the end counter,
    the output becomes the answer. Without end counters the output is the answer.
    """
    counters = [0] * len(end_counters)
    output, made = 0, []
    for answer in answers:
        own = answer // RESULTS_PER_GROUP
        counters = [n + 1 if group == own else max(0, n - 1) for group, n in enumerate(counters)]
        if not end_counters or counters[own] > end_counters[own]:
            output = answer
        made.append(output)
    return made
