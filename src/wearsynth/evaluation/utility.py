"""What windows are good for: train on synthetic, test on real, beside train on real."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wearsynth.classifiers import fit_judge
from wearsynth.data import Windows
from wearsynth.evaluation.described import thinned
from wearsynth.evaluation.pictures import ConfusionPicture
from wearsynth.evaluation.reference import Measured, resampled_groups, scored, standard_error
from wearsynth.evaluation.scores import Score
from wearsynth.evaluation.trial import Trial

log = logging.getLogger(__name__)

RESAMPLES = 400

FIRST_USE = {"minirocket": " (on its first use it compiles, which can take a minute)"}
"""Judges whose first use on a machine is slow, and what to say of it."""

Confusion = NDArray[np.int64]
"""counts[true class, decided class]."""


def utility_scores(trial: Trial) -> tuple[tuple[Score, ...], tuple[ConfusionPicture, ...]]:
    """Give TSTR and TRTR of every judge, and TSTR's confusion matrices.

    With one class in train or holdout there is nothing to tell apart: the scores say so and there is
    no matrix.
    """
    train = thinned(trial.train, trial.effort.windows)
    draws = [trial.train.select(rows) for rows in trial.train_draws]
    scores: tuple[Score, ...] = ()
    pictures: tuple[ConfusionPicture, ...] = ()
    for judge in trial.effort.judges:
        log.info("evaluate: usefulness, judged by %s%s", judge, FIRST_USE.get(judge, ""))
        if min(len(np.unique(w.label)) for w in (train, trial.holdout)) < 2:
            scores += _nothing_to_tell(judge)
            continue
        more, picture = _of_judge(judge, trial, train, draws)
        scores, pictures = scores + more, (*pictures, picture)
    return scores, pictures


def _nothing_to_tell(judge: str) -> tuple[Score, ...]:
    nothing = Measured(None, 0.0, note="one class only: there is nothing to tell apart")
    names = ("tstr_macro_f1", "trtr_macro_f1")
    return tuple(scored(name, nothing, limits=(0, 1), judge=judge) for name in names)


def _of_judge(
    judge: str, trial: Trial, train: Windows, draws: Sequence[Windows]
) -> tuple[tuple[Score, ...], ConfusionPicture]:
    holdout, seed = trial.holdout, trial.seed
    made, made_notes = _decisions(judge, trial.synthetic, holdout, seed)
    real, real_notes = _decisions(judge, train, holdout, seed)
    reference = [macro_f1(_decisions(judge, draw, holdout, seed)[0].sum(axis=0)) for draw in draws]
    notes = (*_missing(trial.synthetic, holdout), *made_notes)
    tstr = _tstr(judge, made, real, reference=reference, note="; ".join(notes), seed=seed)
    picture = ConfusionPicture(judge, holdout.classes, _plain(made.sum(axis=0)))
    return (tstr, _trtr(judge, real, note="; ".join(real_notes), seed=seed)), picture


def _decisions(
    judge: str, learned: Windows, holdout: Windows, seed: int
) -> tuple[Confusion, tuple[str, ...]]:
    """Give a confusion matrix per holdout group, (group, class, class), and the judge's notes."""
    fitted = fit_judge(judge, learned, seed=seed)
    names, of_window = np.unique(holdout.group, return_inverse=True)
    size = len(holdout.classes)
    counts = np.zeros((len(names), size, size), dtype=np.int64)
    np.add.at(counts, (of_window, holdout.label, fitted.predict(holdout)), 1)
    return counts, fitted.notes


def macro_f1(confusion: Confusion) -> float:
    """Give F1, mean over the classes that occur, from counts[true, decided]."""
    right = np.diagonal(confusion)
    occurs = confusion.sum(axis=1) > 0
    f1 = 2 * right / np.maximum(confusion.sum(axis=0) + confusion.sum(axis=1), 1)
    return float(f1[occurs].mean())


def _resampled_f1(by_group: Confusion, *, seed: int) -> NDArray[np.float64]:
    """Give macro F1 for bootstrap draws of whole groups, (draw,)."""
    groups = np.arange(len(by_group)).astype(np.str_)
    rows = resampled_groups(groups, times=RESAMPLES, seed=seed)
    return np.array([macro_f1(by_group[row].sum(axis=0)) for row in rows])


def _tstr(
    judge: str, made: Confusion, real: Confusion, *, reference: list[float], note: str, seed: int
) -> Score:
    """Give TSTR; its interval is that of TSTR - TRTR, both on the same bootstrap draws of groups."""
    difference = _resampled_f1(made, seed=seed) - _resampled_f1(real, seed=seed)
    value = macro_f1(made.sum(axis=0))
    measured = Measured(value, standard_error(difference), reference, note=note)
    score = scored("tstr_macro_f1", measured, limits=(0, 1), judge=judge)
    return replace(score, interval=_middle(difference), interval_of="TSTR - TRTR")


def _trtr(judge: str, real: Confusion, *, note: str, seed: int) -> Score:
    resampled = _resampled_f1(real, seed=seed)
    measured = Measured(macro_f1(real.sum(axis=0)), standard_error(resampled), note=note)
    score = scored("trtr_macro_f1", measured, limits=(0, 1), judge=judge)
    return replace(score, interval=_middle(resampled), verdict="for comparison")


def _middle(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def _missing(synthetic: Windows, holdout: Windows) -> tuple[str, ...]:
    names = [n for n, count in holdout.counts.items() if count and not synthetic.counts[n]]
    return (f"no synthetic windows of {', '.join(names)}",) if names else ()


def _plain(confusion: Confusion) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(count) for count in row) for row in confusion)
