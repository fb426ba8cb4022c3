"""What may leave the building: synthetic windows, the privacy statement, a card, pictures of them alone.

Nothing else: the model's folder names people, the report shows them. A release knows each of its files
by name; whatever it does not know, it does not write.
"""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from wearsynth.data import Windows
from wearsynth.errors import DataError, ModelError
from wearsynth.evaluation.figures import FIGURES
from wearsynth.evaluation.scores import Score, Scores
from wearsynth.files import atomic_folder
from wearsynth.formats.manifest import MANIFEST_NAME, checksums, class_file_name, write_json
from wearsynth.generators.kinds import KINDS
from wearsynth.model import NO_PRIVACY, Model
from wearsynth.privacy.telling import PEOPLE, worst_case, worst_of, worst_words
from wearsynth.reporting.card import Drawn, Guarantee, card_text
from wearsynth.reporting.sketch import windows_svg
from wearsynth.statement import PrivacyStatement, statement_to
from wearsynth.tables import load_windows, windows_writer

WINDOWS, STATEMENT, CARD = "synthetic.parquet", "statement.json", "MODEL_CARD.md"
SCORES = "scores-not-covered-by-epsilon.json"
OF_ONE_PERSON = ("membership_worst_person", "retrain_worst_person")
"""Figures that speak of a single person: they never leave."""

SUFFIXES = ("trees", "minirocket", "cnn", "features", "dtw")
"""Judges and spaces after which a figure may be called."""


@dataclass(frozen=True)
class ReleasePlan:
    """What to draw and what to say. seed: None for one from the operating system.

    scores: of an evaluation, of which figures over all people go along. without_privacy: that a
    model without differential privacy may be released.
    """

    counts: Mapping[str, int] | int = 500
    seed: int | None = None
    scores: Scores | None = None
    without_privacy: bool = False


def release(
    model: Model, out: Path, plan: ReleasePlan, *, overwrite: bool = False
) -> tuple[str, ...]:
    """Write the folder, whole or not at all, and give its files' names.

    ModelError for a model without privacy, unless the plan says so, and where its statement names a
    group it has seen. DataError for scores with a figure that wearsynth does not know.
    """
    if model.privacy is None and not plan.without_privacy:
        raise ModelError(
            "this model was trained without differential privacy, so nothing bounds what its windows "
            "tell about people; pass --without-privacy to release them all the same."
        )
    _check_statement(model)
    kept = None if plan.scores is None else figures_over_all(plan.scores)
    seed = secrets.randbits(31) if plan.seed is None else plan.seed
    contents = _contents(model, scores=kept is not None)
    with atomic_folder(out, overwrite=overwrite) as folder:
        drawn = _write_windows(model, folder / WINDOWS, plan.counts, seed)
        _write_figures(folder)
        write_json(folder / STATEMENT, statement_json(model.privacy))
        if kept is not None:
            write_json(folder / SCORES, kept)
        told = card_text(
            drawn,
            _guarantee(model.privacy),
            contents,
            privacy=privacy_line(model.privacy),
            scores=None if kept is None else SCORES,
        )
        (folder / CARD).write_text(told, encoding="utf-8", newline="\n")
        _check_only(folder, contents)
        about = {"what": "a release of wearsynth", "version": version("wearsynth")}
        write_json(folder / MANIFEST_NAME, {**about, "sha256": checksums(folder)})
    return tuple(contents)


def privacy_line(statement: PrivacyStatement | None) -> str:
    """Give the one privacy sentence; none says so in its first word."""
    return NO_PRIVACY if statement is None else statement.line


def statement_json(statement: PrivacyStatement | None) -> dict[str, Any]:
    """Give the statement as it is written: the sentence first, then what it rests on."""
    if statement is None:
        return {"privacy": NO_PRIVACY}
    return {
        "privacy": statement.line,
        "worst_case": worst_words(statement),
        **statement_to(statement),
    }


def _guarantee(statement: PrivacyStatement | None) -> Guarantee | None:
    if statement is None:
        return None
    worst = worst_of(statement)
    any_kind = worst_case(statement.epsilon, statement.delta, gaussian=False)
    return Guarantee(
        statement=statement,
        unit=PEOPLE[statement.unit],
        word=worst.word,
        bounded=worst.bounded,
        gaussian=worst.gaussian,
        auc=worst.auc,
        found=worst.found,
        auc_any=any_kind.auc,
        found_any=any_kind.found,
    )


def figures_over_all(scores: Scores) -> dict[str, Any]:
    """Give the figures of an evaluation that speak of all people together, and what they are.

    No pictures, no notes, no parts, nothing of a single person; titles and meanings are wearsynth's own.
    DataError for a figure that it does not know.
    """
    kept = [score for score in scores.scores if not score.name.startswith(OF_ONE_PERSON)]
    return {
        "privacy": "not covered by epsilon: computed from real people's recordings, without noise",
        "synthetic_windows": scores.synthetic.windows,
        "figures": [_told(score) for score in kept],
    }


def _told(score: Score) -> dict[str, Any]:
    about = FIGURES[_known(score.name)]
    reference = None if score.reference is None else round(score.reference.mean, 4)
    return {
        "name": score.name,
        "meaning": about.meaning.format(judge=score.name.rpartition("_")[2]),
        "value": None if score.value is None else round(score.value, 4),
        "interval": None if score.interval is None else [round(v, 4) for v in score.interval],
        "real_people": reference,
        "verdict": score.verdict,
    }


def _known(name: str) -> str:
    """Give the figure that a score's name begins with."""
    for figure in sorted(FIGURES, key=len, reverse=True):
        rest = name.removeprefix(figure).removeprefix("_")
        if name.startswith(figure) and rest in {"", *SUFFIXES, *KINDS}:
            return figure
    raise DataError(
        f"scores: the figure {name!r} is none that wearsynth knows; it is not released."
    )


def _check_statement(model: Model) -> None:
    """Raise where the statement's words name a group that the model has seen."""
    if model.privacy is None:
        return
    words = json.dumps(statement_to(model.privacy), ensure_ascii=False)
    for group in model.trained_groups:
        named = re.search(rf"(?<!\w){re.escape(group)}(?!\w)", words)
        if named and re.search(r"[^\W\d_]", group) and len(group) > 1:
            raise ModelError(
                f"the privacy statement names {group!r}, a group that the model has seen: say what was "
                "public in other words and fit again."
            )


def _contents(model: Model, *, scores: bool) -> dict[str, str]:
    """Give every file of the release, by its path, and what it is."""
    signals = [signal.name for signal in model.representation.signals]
    figures = {f"figures/{class_file_name(name)}.svg": f"windows of {name}" for name in signals}
    return {
        WINDOWS: "the synthetic windows (Parquet; `wearsynth data describe` tells what is in it)",
        STATEMENT: "the privacy statement, for programs",
        CARD: "this page",
        **figures,
        **({SCORES: "figures of an evaluation, not covered by epsilon"} if scores else {}),
        MANIFEST_NAME: "a checksum (SHA-256) of each file",
    }


def _write_windows(model: Model, path: Path, counts: Mapping[str, int] | int, seed: int) -> Drawn:
    """Stream windows without the names of groups and of what they were learnt from."""
    line = f"synthetic: drawn by wearsynth {version('wearsynth')} from a {model.kind}, seed {seed}"
    counts = model.counts_of(counts)
    signals: Mapping[str, Any] = {}
    with windows_writer(path) as writer:
        for chunk in model.stream(counts, seed=seed):
            nameless = replace(chunk, provenance=(line,), trained_groups=())
            writer.append(nameless)
            signals = nameless.signals
    return Drawn(model.kind, seed, counts, signals)


def _write_figures(folder: Path) -> None:
    windows: Windows = load_windows(folder / WINDOWS)
    (folder / "figures").mkdir()
    for name in windows.signals:
        svg = windows_svg(windows, name)
        path = folder / "figures" / f"{class_file_name(name)}.svg"
        path.write_text(svg, encoding="utf-8", newline="\n")


def _check_only(folder: Path, contents: Mapping[str, str]) -> None:
    """Raise where the folder holds anything that a release does not know, or lacks something."""
    found = set(checksums(folder)) | {MANIFEST_NAME}
    if strange := sorted(found ^ set(contents)):
        raise ModelError(f"a release has no file {strange[0]!r}: nothing was written.")
