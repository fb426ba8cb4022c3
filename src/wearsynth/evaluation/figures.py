"""Every figure by name: what it means, which way is better, how it is computed."""

from wearsynth.evaluation.about import About
from wearsynth.evaluation.figures_physics import PHYSICS

__all__ = ["FIGURES", "About"]

FIGURES: dict[str, About] = {
    "reading_w1": About(
        "Readings",
        "like",
        "lower",
        "How far single readings lie from real ones, whatever their order in time.",
        "Wasserstein-1 distance between readings of synthetic and holdout windows (16 of each, evenly "
        "spread) for each class and channel, in units of the real sd; mean over a signal's channels, "
        "then over signals and classes.",
        blind="Everything that has to do with time: shuffled readings pass.",
    ),
    "feature_w1": About(
        "Features",
        "like",
        "lower",
        "How far level, spread, shape and rhythm of the windows lie from real ones.",
        "Wasserstein-1 distance between synthetic and holdout windows for each class and feature, in "
        "units of the feature's sd among real windows of the class (at least a tenth of its sd over "
        "all classes; 1 where a feature that never varies differs at all); mean over a signal's "
        "features, then over signals and classes.",
        blind="One feature at a time: features that do not belong together pass, and so do copies.",
    ),
    "log_band_w1": About(
        "Band powers",
        "like",
        "lower",
        "How far the power in each octave of frequency lies from real, in decades.",
        "Wasserstein-1 distance between log10 powers in octave bands of synthetic and holdout "
        "windows; mean over a signal's channels and bands, then over signals and classes.",
        blind="Phase and shape: random-phase windows with the right spectrum pass.",
    ),
    "autocorrelation": About(
        "Autocorrelation",
        "like",
        "lower",
        "How far the average rhythm of each class lies from the real one.",
        "Mean absolute difference of the class-mean autocorrelation between synthetic and holdout "
        "windows, over lags up to half a window and channels, then over signals and classes.",
        blind="Differences between people that cancel in the mean of a class.",
    ),
    "time_direction": About(
        "Direction of time",
        "like",
        "higher",
        "Whether waves rise and fall as real ones do (1: alike, 0: no direction, -1: backwards).",
        "For each window, channel and lag of 1, 2, 4, ... readings (up to a quarter of the window): the "
        "share of steps that rise less the share that fall. Cosine between the class means of synthetic "
        "and holdout windows over channels and lags; mean over signals and classes.",
        blind="How strong the direction is; where real readings have none, nothing follows.",
    ),
    "coupling": About(
        "Coupling of channels",
        "like",
        "lower",
        "How far channels move together as they do in real windows: sees axes drawn apart.",
        "For every pair of channels: Wasserstein-1 distance between the correlations within synthetic "
        "and within holdout windows, and the difference of the correlations of window means over "
        "windows; the mean of both, over pairs, then over classes.",
        blind="Each channel by itself, and delays between channels.",
    ),
    "power_coupling": About(
        "Strength across channels",
        "like",
        "lower",
        "How far channels grow strong and weak together from window to window, as in real ones.",
        "For every pair of channels and octave of frequency: the difference between synthetic and "
        "holdout windows in the correlation of log10 powers over the windows of a class; mean over "
        "pairs, octaves and classes.",
        blind="The order in time within a window, and how strong each channel is by itself.",
    ),
    "frechet": About(
        "Frechet distance",
        "like",
        "lower",
        "How far the cloud of windows is shifted, stretched or turned against the real one.",
        "Frechet distance between normal laws fitted to the features of synthetic and holdout windows "
        "of a class, in units of their sd, along the first 16 principal directions of the real ones; "
        "mean over classes.",
        blind="Whatever is not mean or covariance; with few windows it is large for real people too.",
    ),
    "mmd": About(
        "Maximum mean discrepancy",
        "like",
        "lower",
        "Whether the features follow the same law, whatever its form (about 0: the same).",
        "Squared maximum mean discrepancy of the same points, unbiased, Gaussian kernel of the "
        "median width among real windows (Gretton et al., 2012); mean over classes.",
        blind="Details finer than the kernel, and rare movements.",
    ),
    "density": About(
        "Density",
        "like",
        "higher",
        "The share of synthetic windows that lie where real ones are dense (1: as real ones do).",
        "Clipped density of the same points as for Frechet, 5 neighbours (Salvy et al., 2025, arXiv "
        "2507.01761); mean over classes.",
        blind="Movements that are missing: one good window repeated scores well.",
    ),
    "coverage": About(
        "Coverage",
        "like",
        "higher",
        "The share of what real people do that synthetic windows come near: sees collapse and lost people.",
        "Clipped coverage of the same points, 5 neighbours, read off the curve of a share of good windows "
        "(Salvy et al., 2025, arXiv 2507.01761); mean over classes.",
        blind="Bad windows beside the good ones, and copies: they cover all.",
    ),
    "person_variance": About(
        "Differences between people",
        "like",
        "near 1",
        "How much synthetic people differ from each other, beside how each of them varies, against real "
        "people (1: as much; near 0: the names stand for nobody).",
        "For each feature and class F = MS_between / MS_within, by one-way analysis of variance over "
        "people, 20 windows of each (drawn before sets are thinned; 50 people of a class and set at "
        "most; who has fewer windows is left out, and a class with fewer than 3 people on a side, and "
        "a feature that does not vary between or within people). exp of the median over features and "
        "classes of ln F of the synthetic people - ln F of all real ones, train and holdout. Interval: "
        "bootstrap over people. Reference: half of the training people against all other real ones. "
        "Excess: on the size of the logarithm, so that a half is as far off as 2; mean and worst are "
        "shown on the value's side of 1.",
        blind="In what people differ, and whether they are like real people: only how much. With few "
        "people it leans a little below 1, for real ones too.",
    ),
    "detector_auc": About(
        "Detector AUC",
        "like",
        "near .5",
        "How well a classifier tells synthetic windows from those of people it has not met (.5: not "
        "at all, 1: always).",
        "In each fold a judge learns the other groups of both sides and is tested on the fold's, equal "
        "numbers by class; mean AUC over folds; the largest judge counts, in the references too. "
        "Synthetic windows that name people are dealt to folds by person, others one by one. "
        "Reference: as many windows of all training groups, dealt in the same way; one by one, a "
        "detector gets to know those people, so that real ones, too, lie above .5. Judges: extremely "
        "randomised trees on features (5 folds, 2000 windows a side at most); unless quick also a ridge "
        "classifier on 2000 MiniRocket kernels, set once on all three sets without labels (5 folds, "
        "500 windows; Dempster et al., 2021, arXiv 2012.08791) and a small convolutional network "
        "(2 folds, 300 windows). Excess: on the scale of d' (the separation of two normal laws with that "
        "AUC; Green and Swets, 1966), as an AUC has no room above 1.",
        blind="How much is wrong: a trifle in every window gives 1.0. About .5 may also mean copies.",
    ),
    "detector_auc_by": About(
        "Detector ({judge})",
        "like",
        "near .5",
        "How well the {judge} judge alone tells synthetic windows from those of people it has not met.",
        "As Detector AUC, one judge alone; the verdict is left to the largest.",
        blind="What this judge does not look at; the largest judge counts.",
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
        blind="Copies that are shifted in time, scaled or mixed, and whether a person can be recognised.",
    ),
    "near_copies_shifted": About(
        "Near copies, shifted",
        "private",
        "lower",
        "The same under a shift in time of up to a quarter window: sees copies that are cut later.",
        "As near copies; the distance is the smallest over all shifts to the 50 training windows nearest "
        "by features: the root mean square difference of the readings that overlap, in units of each "
        "channel's sd among training windows.",
        blind="Copies that are scaled, stretched in time or mixed of several windows.",
    ),
    "nn_ratio": About(
        "Nearest-neighbour ratio",
        "private",
        "higher",
        "Distance to the nearest training window against that of other people; well below 1 means "
        "copying.",
        "Median distance synthetic -> nearest training window over median distance holdout -> "
        "nearest training window, distances as for near copies; the smaller of the two counts.",
        blind="A few copies among many new windows: it is a median.",
    ),
    "membership_auc": About(
        "Membership AUC",
        "private",
        "lower",
        "How well an attacker tells windows that were learnt from those that were not (.5: by chance).",
        "Attackers see the synthetic windows and, to know other people, half of the holdout's groups; "
        "they tell training windows from those of the other half, then the halves change places. One "
        "goes by the nearest synthetic window in readings, one in features (both against those of the "
        "known people of the class), one by the density of synthetic windows over that of known people, "
        "5 neighbours along 16 principal directions (DOMIAS; van Breugel et al., 2023). The best attack "
        "counts, for the reference too: half of the training groups in the synthetic windows' place, the "
        "rest as members, at least chance. Bad where the whole interval (bootstrap over groups) lies beyond; "
        "weak at most where more than 5 % of 200 random deals of who was in give as much, ok where more "
        "than 20 % do (a worst person: weak). Suspicious where at most 1 % give as little, below .5: then "
        "the generator seems to have seen the holdout.",
        blind="What a stronger attack would find, above all one that knows the generator.",
    ),
    "membership_person_auc": About(
        "Membership AUC by person",
        "private",
        "lower",
        "How well an attacker tells people who were learnt from, by all their windows (.5: by chance).",
        "As the membership AUC, each person with the mean score of his or her windows.",
        blind="What a stronger attack would find; with few people the interval is wide.",
    ),
    "membership_worst_person": About(
        "Worst person",
        "private",
        "lower",
        "How well the attacker does on windows of the person who is found most easily.",
        "As the membership AUC, of one training group's windows; the largest over groups. By chance "
        "some group stands out: the reference takes the larger of two draws, which together have about "
        "as many groups.",
        blind="Whether that person stands out by more than chance: the largest of many is always large.",
    ),
    "membership_tpr": About(
        "Members found",
        "private",
        "lower",
        "The share of training windows that are found where 5 % of others raise a false alarm (.05: by "
        "chance).",
        "As the membership AUC: the share of training windows that score above all but at most 5 % of "
        "other people's. With few of these even guessing finds more than .05: the note has how much.",
        blind="What a stronger attack would find; with few windows it moves in steps.",
    ),
    "membership_leaky": About(
        "Attack on a leaky copy",
        "private",
        "lower",
        "Control: the membership AUC where the synthetic windows are training windows with little noise; "
        "it must be high.",
        "As many training windows as there are synthetic ones of each class, with noise of .05 sd of "
        "the channel, stand in their place. A figure whose control is not bad has no power.",
    ),
    "membership_unrelated": About(
        "Attack on unrelated people",
        "private",
        "lower",
        "Control: the membership AUC where the synthetic windows are other real people's; it must be "
        "what guessing gives, .5 or a little above.",
        "The mean over the draws of the reference: windows of people who are neither members nor others. "
        "The attack succeeds where in most draws at most 5 % of 100 deals of who was in give as much.",
    ),
    "linkage": About(
        "Linkage ({judge})",
        "private",
        "lower",
        "How surely a synthetic window points to one single person of the training data.",
        "Of the 10 training windows of the class that lie nearest, by features or by "
        "dynamic time warping (dtw), the share that is the most frequent person's; mean over windows, "
        "then over classes. Time warping is that of all channels "
        "together in a band of a tenth of a window (Sakoe and Chiba, 1978), among the 50 nearest by "
        "features, on at most 300 windows. Reference: random halves of the holdout's groups in the "
        "synthetic windows' place.",
        blind="Who the person is: it says that a window points to one person, not that a name is found.",
    ),
    "retrain_person_auc": About(
        "Retrained membership AUC",
        "private",
        "lower",
        "How well an attacker tells whether a person was among those learnt from (.5: by chance).",
        "The generator is fitted again and again, each time to half of the people, and gives half as many "
        "windows as there are (5000 at most). For each person the AUC of how near these lie, mean over "
        "the person's windows, between fits with and without (readings, features, density; the best "
        "counts); mean over people. Reference: a generator that gives other people's windows, against "
        "eight tables of who was in. Weak at most where more than 5 % of 200 such tables give as much on "
        "the same fits, ok where more than 20 % do.",
        blind="Attacks that see more than the synthetic windows; few fits give a wide spread.",
    ),
    "retrain_worst_person": About(
        "Retrained, worst person",
        "private",
        "lower",
        "The same for the person who is found most easily.",
        "As the retrained membership AUC; the largest over people.",
        blind="Whether that person stands out by more than chance, where the fits are few.",
    ),
    "retrain_leaky": About(
        "Retrained on a leaky copy",
        "private",
        "lower",
        "Control: the same attack on a generator that copies; it must be high.",
        "The generator gives training windows with noise of .05 sd.",
    ),
    "retrain_unrelated": About(
        "Retrained on unrelated people",
        "private",
        "lower",
        "Control: the same attack on a generator that has seen none of the people; it must be about .5.",
        "The generator gives windows of random halves of people who are in no fit, with noise of .05 sd.",
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
        blind="Whether the windows look real: crude ones may teach easy classes.",
    ),
    "trtr_macro_f1": About(
        "TRTR macro F1 ({judge})",
        "useful",
        "higher",
        "The same classifier trained on all real training windows: what there is to reach.",
        "The {judge} judge is trained on the training windows and tested on the holdout; F1, mean "
        "over classes; bootstrap over the holdout's groups.",
        blind="Anything of the synthetic windows: it is the mark to reach.",
    ),
    "tstr_rarer_f1": About(
        "TSTR F1 of the rarer class ({judge})",
        "useful",
        "higher",
        "With two classes: how well the rarer one is found in new people, without flattery by the other.",
        "As TSTR macro F1, for the class with fewer holdout windows alone (the last one where they "
        "are as many).",
        blind="How often the class occurs elsewhere: F1 depends on its share.",
    ),
    "trts_macro_f1": About(
        "TRTS macro F1 ({judge})",
        "useful",
        "higher",
        "Whether synthetic windows show the class that their label says.",
        "The {judge} judge is trained on the holdout and tested on the synthetic windows; F1, mean "
        "over classes. Reference: tested on as many real windows of random training groups. The "
        "interval is by bootstrap over synthetic windows.",
        blind="Variety: typical windows of each class score best.",
    ),
    "augmented_macro_f1": About(
        "Real + synthetic macro F1 ({judge})",
        "useful",
        "higher",
        "The same classifier trained on all real training windows and as many synthetic ones.",
        "The {judge} judge is trained on the real training windows and one synthetic window for each "
        "(.5, 2 and 5 in the note, as many as there are; the cnn judge one alone), and tested on the "
        "holdout; F1, mean over "
        "classes. The interval is that of the difference to training on the real ones alone, by "
        "bootstrap over the holdout's groups.",
        blind="Little, where real windows alone already do all that can be done.",
    ),
    "worth_people": About(
        "Worth in real people",
        "useful",
        "higher",
        "With how many real people a classifier does as well as with the synthetic windows alone.",
        "Trees learn from 1, 2, 3, 5, ... and all training groups (of each class), 6 random draws each; "
        "where that curve of macro F1 on the holdout reaches the F1 of training on the synthetic "
        "windows alone. Bootstrap over the holdout's groups and draws.",
        "The generator may have learnt from all training people: it is not what fewer would have given.",
    ),
    "five_more_people": About(
        "What five more people would buy",
        "useful",
        "higher",
        "How much macro F1 five more real people would add to all training people.",
        "The upper part of the same curve (from a third of the people on) is drawn on as a straight "
        "line over the logarithm of people. Bootstrap over the holdout's groups and draws.",
        "It goes beyond what was measured, and other people may come from another population.",
    ),
    "added_people": About(
        "What the synthetic windows buy",
        "useful",
        "higher",
        "How much macro F1 the synthetic windows add to all training people, told in people in the note.",
        "F1 of trees trained on all training groups and the synthetic windows (at most as many as "
        "real ones), less F1 without them; in people by the slope of the same curve, where both "
        "are surely above 0. Bootstrap over the holdout's groups.",
        "A gain for trees need not be one for another judge.",
    ),
    "rank_agreement": About(
        "Rank agreement",
        "useful",
        "higher",
        "Whether eight classifiers rank alike when trained on synthetic and on real windows (1: just so).",
        "Kendall's tau-b between the macro F1 on the holdout of eight classifiers of standardised features "
        "trained on synthetic and on real training windows. Reference: trained on real windows of "
        "random training groups. The interval is by bootstrap over the holdout's groups.",
        "Where all classifiers do about equally well, not even real people agree on their order.",
    ),
} | PHYSICS
"""Every figure by name."""
