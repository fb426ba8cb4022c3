"""The figures of physics by name: what sensors and bodies do, and how it is computed."""

from wearsynth.evaluation.about import About

_LAWS = (
    " Each is compared by the Wasserstein-1 distance of its law over windows, class by class, in units "
    "of its sd among real windows (at least a tenth of that over all classes); mean over quantities and "
    "classes. The standard error counts as at least .05."
)

_COARSE = "A mean over quantities and classes: one that is off alone may be lost. Read the parts."


def _about(title: str, meaning: str, how: str, blind: str = _COARSE) -> About:
    return About(title, "like", "lower", meaning, how + _LAWS, blind)


PHYSICS: dict[str, About] = {
    "gravity_at_rest": _about(
        "Gravity at rest",
        "How far the length of the acceleration at rest, and how often there is rest, lie from real.",
        "From three channels in g or m/s2: the mean |a| over seconds in which |a| varies by less than "
        ".03 g (sd), and the share of such seconds.",
        "Of what never rests it sees only that. Directions it does not see: coupling does.",
    ),
    "cadence": _about(
        "Cadence",
        "How far the pace of the movement lies from real, in steps a second.",
        "From |a|: the strongest frequency between .5 and 5 Hz (two cycles a window at least; Welch's "
        "spectrum over stretches of up to 5 s) of windows with a rhythm, and their share. A rhythm holds "
        ".3 of the power or more.",
        "Where a second harmonic is the stronger one, twice the pace is told, for real windows too.",
    ),
    "jerk": _about(
        "Jerk and smoothness",
        "Whether movements are as smooth as real ones: sees smoothing and noise.",
        "From three channels in g or m/s2: the logarithm of the rms jerk, the spectral entropy of |a|, the "
        "shares of power above 5 and 10 Hz.",
    ),
    "peaks": _about(
        "Peaks and clipping",
        "Whether the largest readings and saturation are as in real windows.",
        "The largest size of three axes of one unit, else each channel's swing (largest minus smallest), "
        "and the share of readings at the set's extreme values.",
    ),
    "resolution": _about(
        "Resolution",
        "Whether readings are as finely stepped as the sensor's.",
        "The step of which all differences of a channel's values are multiples, in doublings (a "
        "thousandth of the readings' sd counts as one), and the share of readings equal to the one before.",
        "It sees whether windows were rendered to the sensor's counts, not how well they were made.",
    ),
    "out_of_range": _about(
        "Out of range",
        "The share of readings that no real person, or no sensor on skin, gives (in hundredths or more).",
        "The shares of readings further outside of the holdout's range than half its width, and outside "
        "of 10 to 45 degC, 0 to 100 uS, 25 to 240 bpm, 0 to 100 %; the share of windows with a reading "
        "beyond a hard limit, at which readings of a quarter of the holdout's groups, three or more, end.",
        "The holdout's range is that of few people.",
    ),
    "drift": _about(
        "Slow drift",
        "Whether skin conductance, temperature and the like rise and fall as fast as real ones.",
        "The least-squares slope a minute of each channel that is no movement, in windows of 10 s or more.",
    ),
    "heartbeat": _about(
        "Heartbeat",
        "Whether the pulse wave has the rate, the variability and the shape of real ones.",
        "From blood volume pulse at 32 Hz or more, beats by NeuroKit2 (Makowski et al., 2021; method of "
        "Elgendi et al., 2013): the heart rate, in windows of 30 s the rms of successive differences, in "
        "windows of 60 s the sd of beat intervals, and the correlation of a window's mean beat with the "
        "holdout's.",
        "Beats that movement hides are miscounted, in real windows too.",
    ),
    "skin_conductance": _about(
        "Skin conductance",
        "Whether responses of the skin come as often, on as steep a ground, as in real people.",
        "From uS at 4 Hz or more, in windows of 30 s, by NeuroKit2 (Makowski et al., 2021): responses a "
        "minute of .02 uS or more, and the slope a minute of the tonic part.",
    ),
}
"""Figures of physics by name, in the order of the table."""
