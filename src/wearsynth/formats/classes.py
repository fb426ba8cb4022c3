"""Classes under other names: several brought together, others left out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from wearsynth.data import Recording, Span
from wearsynth.errors import DataError, did_you_mean

GROUPINGS: dict[str, dict[str, str]] = {
    "st": {
        "stationary": "stationary",
        "lying": "stationary",
        "sitting": "stationary",
        "standing": "stationary",
        "walking": "walking",
        "nordic_walking": "walking",
        "running": "running",
        "jogging": "running",
        "cycling": "cycling",
    },
}
"""Known groupings: class in the source -> class. "st": stationary, walking, running and cycling as
in ST's MEMS Studio set made from PAMAP2, with the names that the other readers use for the same.
ST's logs do not name their activities, but the readings do: walking logs 12 and 13 are Nordic walking
of PAMAP2's subject 102, so Nordic walking counts as walking. Which of lying, sitting and standing
made the stationary logs cannot be told."""


def regroup(recordings: Sequence[Recording], classes: Mapping[str, str] | str) -> list[Recording]:
    """Give the recordings with only the named classes, under their new names.

    classes: old name -> new name, or the name of a grouping. Spans that touch and have one name
    become one. DataError where no recording has any of them.
    """
    names = _grouping(classes) if isinstance(classes, str) else classes
    grouped = [replace(r, spans=_renamed(r.spans, names)) for r in recordings]
    if not any(recording.spans for recording in grouped):
        there = sorted({span.label for recording in recordings for span in recording.spans})
        wanted = f"none of the classes {', '.join(names)} is in the recordings"
        if not there:
            raise DataError(f"{wanted}, which have no labels. Give them (--labels, --tag-labels).")
        raise DataError(f"{wanted}, which have {', '.join(there)}. Name those.")
    if not isinstance(classes, str):
        _check_known(recordings, names)
    return grouped


def _grouping(name: str) -> Mapping[str, str]:
    if name not in GROUPINGS:
        raise DataError(f"unknown grouping of classes {name!r}.{did_you_mean(name, GROUPINGS)}")
    return GROUPINGS[name]


def _check_known(recordings: Sequence[Recording], names: Mapping[str, str]) -> None:
    there = {span.label for recording in recordings for span in recording.spans}
    for name in names:
        if name not in there:
            raise DataError(f"no recording has the class {name!r}.{did_you_mean(name, there)}")


def _renamed(spans: Sequence[Span], names: Mapping[str, str]) -> tuple[Span, ...]:
    joined: list[Span] = []
    for span in spans:
        if span.label not in names:
            continue
        label = names[span.label]
        if joined and joined[-1].label == label and joined[-1].end_s == span.start_s:
            joined[-1] = replace(joined[-1], end_s=span.end_s)
        else:
            joined.append(replace(span, label=label))
    return tuple(joined)
