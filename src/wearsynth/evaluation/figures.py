"""Every figure by name: what it means, which way is better, how it is computed."""

from dataclasses import dataclass

from wearsynth.evaluation.scores import Better, Family


@dataclass(frozen=True)
class About:
    """What a figure is called and speaks of, which way is better, its meaning, its computation."""

    title: str
    family: Family
    better: Better
    meaning: str
    how: str


FIGURES: dict[str, About] = {
    "feature_w1": About(
        "Features",
        "like",
        "lower",
        "How far level, spread, shape and rhythm of the windows lie from real ones.",
        "Wasserstein-1 distance between synthetic and holdout windows for each class and feature, in "
        "units of the feature's sd among real windows of the class (at least a tenth of its sd over "
        "all classes; 1 where a feature that never varies differs at all); mean over a signal's "
        "features, then over signals and classes.",
    ),
    "log_band_w1": About(
        "Band powers",
        "like",
        "lower",
        "How far the power in each octave of frequency lies from real, in decades.",
        "Wasserstein-1 distance between log10 powers in octave bands of synthetic and holdout "
        "windows; mean over a signal's channels and bands, then over signals and classes.",
    ),
    "autocorrelation": About(
        "Autocorrelation",
        "like",
        "lower",
        "How far the average rhythm of each class lies from the real one.",
        "Mean absolute difference of the class-mean autocorrelation between synthetic and holdout "
        "windows, over lags up to half a window and channels, then over signals and classes.",
    ),
    "coupling": About(
        "Coupling of channels",
        "like",
        "lower",
        "How far channels move together as they do in real windows: sees axes drawn apart.",
        "For every pair of channels: Wasserstein-1 distance between the correlations within synthetic "
        "and within holdout windows, and the difference of the correlations of window means over "
        "windows; the mean of both, over pairs, then over classes.",
    ),
    "frechet": About(
        "Frechet distance",
        "like",
        "lower",
        "How far the cloud of windows is shifted, stretched or turned against the real one.",
        "Frechet distance between normal laws fitted to the features of synthetic and holdout windows "
        "of a class, in units of their sd, along the first 16 principal directions of the real ones; "
        "mean over classes.",
    ),
    "mmd": About(
        "Maximum mean discrepancy",
        "like",
        "lower",
        "Whether the features follow the same law, whatever its form (about 0: the same).",
        "Squared maximum mean discrepancy of the same points, unbiased, Gaussian kernel of the "
        "median width among real windows (Gretton et al., 2012); mean over classes.",
    ),
    "density": About(
        "Density",
        "like",
        "higher",
        "The share of synthetic windows that lie where real ones are dense (1: as real ones do).",
        "Clipped density of the same points as for Frechet, 5 neighbours (Salvy et al., 2025, arXiv "
        "2507.01761); mean over classes.",
    ),
    "coverage": About(
        "Coverage",
        "like",
        "higher",
        "The share of what real people do that synthetic windows come near: sees collapse and lost people.",
        "Clipped coverage of the same points, 5 neighbours, read off the curve of a share of good windows "
        "(Salvy et al., 2025, arXiv 2507.01761); mean over classes.",
    ),
    "detector_auc": About(
        "Detector AUC",
        "like",
        "near .5",
        "How well a classifier tells synthetic windows from those of people it has not met (.5: not "
        "at all, 1: always).",
        "Folds over the holdout's groups: randomised trees learn the other groups against a part of "
        "the synthetic windows and are tested on the fold's groups and the rest, equal numbers by "
        "class; mean AUC over folds.",
    ),
    "near_copies": About(
        "Near copies",
        "private",
        "lower",
        "The share of synthetic windows suspiciously close to one training window (other people: .01).",
        "A near copy lies closer to its nearest training window than 99 % of the holdout windows to "
        "theirs. Distances are Euclidean, once between readings and once between features, in units of "
        "their sd among training windows (every signal weighs the same), divided by the class's median among "
        "holdout windows; the larger share counts. Reference: one half of the holdout's groups in "
        "the synthetic windows' place, judged by the other half.",
    ),
    "nn_ratio": About(
        "Nearest-neighbour ratio",
        "private",
        "higher",
        "Distance to the nearest training window against that of other people; well below 1 means "
        "copying.",
        "Median distance synthetic -> nearest training window over median distance holdout -> "
        "nearest training window, distances as for near copies; the smaller of the two counts.",
    ),
    "tstr_macro_f1": About(
        "TSTR macro F1 ({judge})",
        "useful",
        "higher",
        "How well a classifier trained on synthetic windows alone knows the classes of new people.",
        "The {judge} judge is trained on the synthetic windows and tested on the holdout; F1, mean "
        "over classes. Reference: trained on as many real windows of random training groups. The "
        "interval is that of the difference to training on all real training windows, by bootstrap "
        "over the holdout's groups.",
    ),
    "trtr_macro_f1": About(
        "TRTR macro F1 ({judge})",
        "useful",
        "higher",
        "The same classifier trained on all real training windows: what there is to reach.",
        "The {judge} judge is trained on the training windows and tested on the holdout; F1, mean "
        "over classes; bootstrap over the holdout's groups.",
    ),
}
"""Every figure by name, in the order of the table."""
