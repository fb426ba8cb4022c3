"""Tables of features as ARFF text, to the letter as ST Edge AI Core prints them."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from pathlib import Path

from wearsynth.files import atomic_file
from wearsynth.mlc.half import Halves

_SIX_DIGITS = Context(prec=6, rounding=ROUND_HALF_UP)


def number_text(value: float) -> str:
    """Give a number in 6 significant digits, ties away from zero."""
    return f"{float(_SIX_DIGITS.create_decimal(Decimal(value))):.6g}"


def arff_text(
    values: Halves, labels: Iterable[str], *, names: Sequence[str], classes: Sequence[str]
) -> str:
    """Give the text of features, (window, feature), and the class of each window."""
    head = ["@relation 'MLC'", "", *(f"@attribute {name} numeric" for name in names)]
    head += [f"@attribute class {{{', '.join(classes)}}}", "", "@data"]
    rows = [
        ", ".join([*map(number_text, row), label])
        for row, label in zip(values.tolist(), labels, strict=True)
    ]
    return "\n".join([*head, *rows]) + "\n"


def write_arff(text: str, path: Path) -> None:
    """Write the text, whole or not at all."""
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
