"""Drawing until a classifier has taken so many windows for the class that was asked for."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from wearsynth.classifiers.trained import Classifier
from wearsynth.data import Windows
from wearsynth.errors import DataError
from wearsynth.model import Model

MOST_DRAWS = 20
"""So many times what is asked for is drawn at most."""

AT_ONCE = 1000
LEAST_AT_ONCE = 50


def accepted(
    model: Model,
    classifier: Classifier,
    counts: Mapping[str, int],
    *,
    seed: int,
    say: Callable[[str], None],
) -> Iterator[Windows]:
    """Give exactly so many windows of each class, all of them accepted; same seed, same bytes.

    say: is told how many were refused. DataError where the classifier takes hardly any of a class.
    """
    # the same words for every chunk: writers take chunks of one origin only
    line = f"sampled from {model.kind} with seed {seed}, kept what a classifier accepts"
    provenance = (*model.provenance, line)
    for label, (name, wanted) in enumerate(counts.items()):
        kept, drawn = 0, 0
        while kept < wanted:
            if drawn >= max(LEAST_AT_ONCE, wanted) * MOST_DRAWS:
                raise DataError(
                    f"of {drawn} windows of {name!r} the classifier takes {kept} for it, {wanted} "
                    "were asked for. Fine-tune the model with it, or leave the classifier out."
                )
            count = min(AT_ONCE, max(LEAST_AT_ONCE, wanted - kept))
            sequence = np.random.SeedSequence([seed, label, drawn], spawn_key=(5,))
            windows = model.sample({name: count}, seed=int(sequence.generate_state(1)[0]))
            taken = np.flatnonzero(classifier.accepts(windows))[: wanted - kept]
            drawn, kept = drawn + count, kept + len(taken)
            if len(taken):
                yield replace(windows.select(taken), provenance=provenance)
        if wanted:
            say(f"{name}: kept {kept} of {drawn} drawn, those that the classifier takes for it.")
