"""Counts as C headers, an array a class, to be compiled into firmware; written only.

static const int16_t wearsynth_walking[READINGS][3], with its sizes, rate, scale and sum as macros.
"""

import io
import re
from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from wearsynth.errors import DataError
from wearsynth.formats.chunk_writing import by_class, check_int16, join_parts, write_chunks
from wearsynth.formats.manifest import Summary, class_file_name
from wearsynth.formats.numeric_csv import append_rows
from wearsynth.sensors import Counts


def write(chunks: Iterable[Counts], folder: Path, *, overwrite: bool = False) -> Summary:
    """Write wearsynth_<class>.h with an array [windows * time][channel] of int16_t.

    The macro ..._SUM is the sum of all counts, to check on the target. DataError where counts need
    int32 or two classes would have one name in C; else errors as write_chunks.
    """
    sums: Counter[str] = Counter()
    return write_chunks(
        chunks,
        folder,
        overwrite=overwrite,
        layout={"format": "c_header"},
        append=partial(_append, sums),
        finish=partial(_finish, sums),
    )


def _append(sums: Counter[str], place: Path, chunk: Counts, _: int) -> None:
    check_int16(chunk, "C headers")
    for label, mine in by_class(chunk):
        rows = chunk.values[mine].reshape(-1, len(chunk.channels))
        sums[label] += int(rows.sum(dtype="int64"))
        text = io.BytesIO()
        append_rows(text, list(rows.T))
        lines = text.getvalue()[:-1].replace(b"\n", b"},\n  {")
        with _part(place, label).open("ab") as stream:
            stream.write(b"  {" + lines + b"},\n")


def _finish(sums: Counter[str], place: Path, summary: Summary) -> Summary:
    names: dict[str, str] = {}
    for label in sums:
        name = _identifier(label)
        if names.setdefault(name, label) != label:
            raise DataError(
                f"classes {names[name]!r} and {label!r} would both be {name} in C: rename one."
            )
        with (place / f"{name}.h").open("wb") as stream:
            stream.write(_head(name, label, sums[label], summary).encode())
            join_parts([_part(place, label)], stream)
            stream.write(b"};\n\n#endif\n")
    return summary


def _part(place: Path, label: str) -> Path:
    return place / f"{class_file_name(label)}.part"


def _identifier(label: str) -> str:
    """Give the array's name in C; DataError where a class has no letter or digit of ASCII."""
    word = re.sub(r"[^0-9a-z]+", "_", label.lower()).strip("_")
    if not word:
        raise DataError(f"class {label!r} has no letter that a name in C takes: rename it first.")
    return f"wearsynth_{word}"


def _head(name: str, label: str, total: int, summary: Summary) -> str:
    about, windows = summary.about, summary.windows[label]
    channels = about["channels"]
    readings = windows * about["readings_per_window"]
    macro = name.upper()
    return f"""\
/* {label}: {windows} windows of {about["readings_per_window"]} readings, back to back, made by wearsynth.
   {about["sensor"]} {about["full_scale"]}, {about["rate_hz"]:g} Hz, columns \
{", ".join(channel["name"] for channel in channels)}; {channels[0]["unit"]} = count * UNIT_PER_COUNT. */
#ifndef {macro}_H
#define {macro}_H

#include <stdint.h>

#define {macro}_WINDOWS {windows}
#define {macro}_READINGS_PER_WINDOW {about["readings_per_window"]}
#define {macro}_READINGS {readings}
#define {macro}_RATE_HZ {float(about["rate_hz"])!r}f
#define {macro}_UNIT_PER_COUNT {float(about["unit_per_count"])!r}f
#define {macro}_SUM INT64_C({total})

static const int16_t {name}[{readings}][{len(channels)}] = {{
"""
