"""What windows are good for: train on synthetic, test on real, and the other way round."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from wearsynth.classifiers import FIRST_USE, fit_judge
from wearsynth.data import Windows
from wearsynth.evaluation.augmentation import augmented
from wearsynth.evaluation.decisions import (
    Confusion,
    cannot_rank,
    class_f1s,
    decisions,
    macro_f1,
    middle,
    resampled,
    resampled_f1,
    tally_each,
)
from wearsynth.evaluation.described import thinned
from wearsynth.evaluation.pictures import ConfusionPicture, CurveLine, CurvePicture
from wearsynth.evaluation.reference import Measured, pick, scored, standard_error
from wearsynth.evaluation.scores import Score
from wearsynth.evaluation.trial import Trial

log = logging.getLogger(__name__)

OF_JUDGE = ("tstr_macro_f1", "trtr_macro_f1", "trts_macro_f1", "augmented_macro_f1")


@dataclass(frozen=True)
class Useful:
    """The figures of usefulness, TSTR's confusion matrices, and curves."""

    scores: tuple[Score, ...]
    confusions: tuple[ConfusionPicture, ...] = ()
    curves: tuple[CurvePicture, ...] = ()

    def with_more(self, scores: tuple[Score, ...], curves: tuple[CurvePicture, ...]) -> "Useful":
        """Give these with further figures and curves."""
        return replace(self, scores=(*self.scores, *scores), curves=(*self.curves, *curves))


@dataclass(frozen=True, eq=False)
class _Bench:
    """One judge's decisions on the holdout, (group, class, class): of what it was trained on.

    made: on synthetic windows; real: on all training windows; draws: on each draw of them.
    """

    judge: str
    made: Confusion
    real: Confusion
    draws: tuple[Confusion, ...]
    made_notes: tuple[str, ...]
    real_notes: tuple[str, ...]
    seed: int


def utility_scores(trial: Trial) -> Useful:
    """Give TSTR, TRTR, TRTS and real + synthetic of every judge.

    With one class in train or holdout there is nothing to tell apart: the scores say so and there
    are no pictures.
    """
    train = thinned(trial.train, trial.effort.windows)
    if min(len(np.unique(w.label)) for w in (train, trial.holdout)) < 2:
        return Useful(tuple(s for judge in trial.effort.judges for s in _nothing_to_tell(judge)))
    draws = [trial.train.select(rows) for rows in trial.train_draws]
    scores: tuple[Score, ...] = ()
    pictures, lines = [], []
    for judge in trial.effort.judges:
        log.info("evaluate: usefulness, judged by %s%s", judge, FIRST_USE.get(judge, ""))
        more, picture, line = _of_judge(judge, trial, train, draws)
        scores += more
        pictures.append(picture)
        lines.append(line)
    return Useful(with_disagreement(scores), tuple(pictures), (_augmentation_picture(lines),))


def _nothing_to_tell(judge: str) -> tuple[Score, ...]:
    nothing = Measured(None, 0.0, note="one class only: there is nothing to tell apart")
    return tuple(scored(name, nothing, limits=(0, 1), judge=judge) for name in OF_JUDGE)


def _of_judge(
    judge: str, trial: Trial, train: Windows, draws: Sequence[Windows]
) -> tuple[tuple[Score, ...], ConfusionPicture, CurveLine]:
    bench = _bench(judge, trial, train, draws)
    lacking = _missing(trial.synthetic, trial.holdout)
    more, line = augmented(judge, trial, train, bench.real)
    scores = (
        _tstr(bench, lacking),
        _trtr(bench),
        *_rarer(bench, trial.holdout),
        _trts(judge, trial, draws),
        more,
    )
    counts = tuple(tuple(int(n) for n in row) for row in bench.made.sum(axis=0))
    return scores, ConfusionPicture(judge, trial.holdout.classes, counts), line


def _bench(judge: str, trial: Trial, train: Windows, draws: Sequence[Windows]) -> _Bench:
    made, real = (fit_judge(judge, w, seed=trial.seed) for w in (trial.synthetic, train))
    return _Bench(
        judge,
        made=decisions(made, trial.holdout),
        real=decisions(real, trial.holdout),
        draws=tuple(
            decisions(fit_judge(judge, draw, seed=trial.seed), trial.holdout) for draw in draws
        ),
        made_notes=made.notes,
        real_notes=real.notes,
        seed=trial.seed,
    )


def _tstr(bench: _Bench, lacking: tuple[str, ...]) -> Score:
    """Give TSTR; its interval is that of TSTR - TRTR, both on the same bootstrap draws of groups."""
    made, real = (resampled_f1(of, seed=bench.seed) for of in (bench.made, bench.real))
    interval = middle(made - real)
    notes = (*lacking, *bench.made_notes, cannot_rank(interval, len(bench.real)))
    measured = Measured(
        macro_f1(bench.made.sum(axis=0)),
        standard_error(made - real),
        [macro_f1(draw.sum(axis=0)) for draw in bench.draws],
        note="; ".join(note for note in notes if note),
    )
    score = scored("tstr_macro_f1", measured, limits=(0, 1), judge=bench.judge)
    return replace(score, interval=interval, interval_of="TSTR - TRTR")


def _trtr(bench: _Bench) -> Score:
    values = resampled_f1(bench.real, seed=bench.seed)
    note = "; ".join(bench.real_notes)
    measured = Measured(macro_f1(bench.real.sum(axis=0)), standard_error(values), note=note)
    score = scored("trtr_macro_f1", measured, limits=(0, 1), judge=bench.judge)
    return replace(score, interval=middle(values), verdict="for comparison")


def _rarer(bench: _Bench, holdout: Windows) -> tuple[Score, ...]:
    """Give TSTR's F1 of the rarer of two classes (of equal ones the last); nothing for more."""
    if len(holdout.classes) != 2:
        return ()
    counts = list(holdout.counts.values())
    index = 0 if counts[0] < counts[1] else 1
    made, real = (
        class_f1s(resampled(of, seed=bench.seed))[:, index] for of in (bench.made, bench.real)
    )
    value, best = (float(class_f1s(of.sum(axis=0))[index]) for of in (bench.made, bench.real))
    interval = middle(made - real)
    note = f"class {holdout.classes[index]!r}; trained on real windows {best:.2f}"
    draws = [float(class_f1s(draw.sum(axis=0))[index]) for draw in bench.draws]
    measured = Measured(value, standard_error(made - real), draws, note=note)
    score = scored("tstr_rarer_f1", measured, limits=(0, 1), judge=bench.judge)
    return (replace(score, interval=interval, interval_of="TSTR - TRTR"),)


def _trts(judge: str, trial: Trial, draws: Sequence[Windows]) -> Score:
    """Give F1 on synthetic windows of a judge trained on the holdout.

    Trained on the holdout, not on train: then windows of the training people can stand in the
    synthetic windows' place as the reference, and copies of them are no easier than others.
    """
    fitted = fit_judge(judge, trial.holdout, seed=trial.seed)
    synthetic, tested = _alike(trial, draws)
    # a matrix a window: synthetic windows have no people, so each is a draw of its own
    each = tally_each(synthetic, fitted.predict(synthetic))
    values = resampled_f1(each, seed=trial.seed)
    reference = [macro_f1(decisions(fitted, draw).sum(axis=0)) for draw in tested]
    measured = Measured(
        macro_f1(each.sum(axis=0)),
        standard_error(values),
        reference,
        note="; ".join(fitted.notes),
    )
    return scored("trts_macro_f1", measured, limits=(0, 1), judge=judge)


def _alike(trial: Trial, draws: Sequence[Windows]) -> tuple[Windows, list[Windows]]:
    """Give synthetic windows and draws of the classes both have, of each class as many."""
    made = trial.synthetic
    if not draws:
        return made, []
    numbers = np.bincount(draws[0].label, minlength=len(made.classes))
    rows = pick(made.label, numbers, np.random.default_rng(trial.seed))
    return made.select(rows), [d.select(np.isin(d.label, made.label[rows])) for d in draws]


def _missing(synthetic: Windows, holdout: Windows) -> tuple[str, ...]:
    names = [n for n, count in holdout.counts.items() if count and not synthetic.counts[n]]
    return (f"no synthetic windows of {', '.join(names)}",) if names else ()


def with_disagreement(scores: tuple[Score, ...]) -> tuple[Score, ...]:
    """Say it in TSTR's notes where the judges give different verdicts."""
    said = {s.name.removeprefix("tstr_macro_f1_"): s.verdict for s in scores if _is_tstr(s)}
    if len(set(said.values())) < 2:
        return scores
    words = ", ".join(f"{judge} {verdict}" for judge, verdict in said.items())
    line = f"the judges disagree: {words}"
    return tuple(
        replace(s, note="; ".join(filter(None, (s.note, line)))) if _is_tstr(s) else s
        for s in scores
    )


def _is_tstr(score: Score) -> bool:
    return score.name.startswith("tstr_macro_f1_")


def _augmentation_picture(lines: Sequence[CurveLine]) -> CurvePicture:
    return CurvePicture(
        title="Real windows plus synthetic ones",
        hint="Macro F1 on the holdout of judges trained on all real training windows and on so many "
        "times as many synthetic ones; 0 is TRTR. Shaded: 95 % by bootstrap over holdout groups.",
        x_title="synthetic windows for each real one",
        y_title="macro F1",
        lines=tuple(lines),
    )
