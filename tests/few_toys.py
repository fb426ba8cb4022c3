"""Small public and private windows of three classes, in two signals, whose differences are known."""

import numpy as np

from wearsynth.data import Windows, windows_from_arrays

CLASSES = ("rest", "stress", "walk")
UNITS = {"acc": (("acc_x", "g"), ("acc_y", "g"), ("acc_z", "g")), "skin": (("EDA", "uS"),)}


def toy_people(
    people: int, *, stress_us: float, seed: int, windows: int = 6, name: str = "p"
) -> Windows:
    """People whose skin level (quartile range 1 uS) is so much higher under stress; walking moves.

    acc: 12 readings at 4 Hz. skin: 6 readings at 2 Hz.
    """
    rng = np.random.default_rng(seed)
    acc, skin, label, subject = [], [], [], []
    for person in range(people):
        usual = rng.normal(5, 2)
        for class_name in CLASSES:
            for _ in range(windows):
                swing = 0.3 if class_name == "walk" else 0.03
                acc.append(rng.normal((0, 0, 1), swing, (12, 3)))
                level = usual + rng.normal(0, 0.3) + stress_us * (class_name == "stress")
                skin.append(level + 0.1 * rng.normal(size=(6, 1)))
                label.append(class_name)
                subject.append(f"{name}{person}")
    return windows_from_arrays(
        {
            "acc": (np.array(acc), 4.0, UNITS["acc"]),
            "skin": (np.array(skin), 2.0, UNITS["skin"]),
        },
        label,
        classes=CLASSES,
        subject=subject,
        recording=subject,
        start_s=3.0 * np.arange(len(label)),
    )
