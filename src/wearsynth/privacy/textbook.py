"""What books say of how bodies change: a prior that needs nobody's data.

For a class, the signs of its difference from rest, in sd of a window: of acute stress, skin conducts
more and more restlessly, the hand grows colder, and people move more (Boucsein, 2012, Electrodermal
Activity, doi 10.1007/978-1-4614-1126-0; Giannakakis et al., 2019, a review of stress detection from
biosignals, doi 10.1109/TAFFC.2019.2927337). The sizes are one round number.
"""

import numpy as np

from wearsynth.representation import Float64Array

HALF_SD = 0.5

SIGNS: dict[str, dict[str, tuple[int, int, int]]] = {
    "stress": {"eda": (1, 1, 0), "temp": (-1, 0, 0), "acc": (0, 1, 0)},
}
"""Class -> how a channel's name begins -> the signs of level, scale and trend."""


def textbook(class_name: str, traces: tuple[str, ...]) -> Float64Array | None:
    """Give what books say of a class against rest, (trace, 3) in sd; None where they say nothing here.

    traces: the channels' names.
    """
    signs = SIGNS.get(class_name.lower())
    if signs is None:
        return None
    told = np.zeros((len(traces), 3))
    for place, name in enumerate(traces):
        for start, of in signs.items():
            if name.lower().startswith(start):
                told[place] = np.array(of) * HALF_SD
    return told if told.any() else None
