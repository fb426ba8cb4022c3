"""WESAD at 1 Hz: a csv without people, or a Parquet file with a subject column.

Empatica E4 wrist readings (BVP, EDA, ACC x y z, TEMP) of WESAD (Schmidt et al., ICMI 2018, doi
10.1145/3242969.3242985), brought to 1 Hz and to [0, 1] per person over the whole record. Label 1 is
the stress condition, 0 is baseline and amusement; the stretches between the conditions were cut out.
"""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from wearsynth.data import Recording, Span
from wearsynth.errors import FormatError, WearsynthError, shown
from wearsynth.formats import table

OPTIONS: tuple[str, ...] = ()
CHANNELS = ("BVP", "EDA", "ACC_x", "ACC_y", "ACC_z", "TEMP")
USUAL_NAMES = ("wesad_preprocessed_1hz.csv", "wesad_1hz.parquet")
CLASS_NAMES = {"0": "no_stress", "1": "stress"}
NOTES = (
    "values are scaled to [0, 1] per person over the whole record by the source: they have no unit",
    "the stretches between the conditions were cut out by the source: a no_stress stretch may join "
    "baseline and amusement at a place that is not marked",
)
NOBODY = "people are not told apart: their edges are not marked, and no split by person is possible"


def recognises(path: Path) -> bool:
    """Tell whether a path is one of the two files, by its name or its column names."""
    if not path.is_file() or path.name in USUAL_NAMES:
        return path.is_file()
    with suppress(OSError, UnicodeError, pa.ArrowException, WearsynthError):
        if path.suffix == ".csv":
            return table.read_header(path)[2] == ["", *CHANNELS, "label"]
        if path.suffix == ".parquet":
            return {*pq.read_schema(path).names} >= {*CHANNELS, "label", "subject"}
    return False


def read(path: Path) -> list[Recording]:
    """Give one recording a person (Parquet, named S2, ...), or one of all (csv); signal "e4", 1 Hz.

    Runs of equal label are the spans, classes no_stress and stress. FormatError for another label
    or a missing column.
    """
    known = path.suffix == ".parquet"
    columns = table.TableColumns(
        channels=tuple((name, "1") for name in CHANNELS),
        label="label",
        subject="subject" if known else None,
        rate_hz=1.0,
    )
    notes = NOTES if known else (*NOTES, NOBODY)
    return [_named(recording, path, notes) for recording in table.read(path, columns=columns)]


def _named(recording: Recording, path: Path, notes: tuple[str, ...]) -> Recording:
    subject = None if recording.subject is None else f"S{recording.subject}"
    return replace(
        recording,
        name=recording.name if subject is None else f"S{recording.name}",
        subject=subject,
        signals={"e4": recording.signals["signal"]},
        spans=tuple(_with_class(span, path) for span in recording.spans),
        notes=(*recording.notes, *notes),
    )


def _with_class(span: Span, path: Path) -> Span:
    if span.label not in CLASS_NAMES:
        problem = f"label must be 0 (no stress) or 1 (stress), got {shown(span.label)}"
        raise FormatError(path, f"{problem}. Mend or remove those rows.")
    return replace(span, label=CLASS_NAMES[span.label])
