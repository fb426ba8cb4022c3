"""Put the figures of a finished demonstration and of the README's own Python into the docs.

    wearsynth demo
    python scripts/readme_figures.py wearsynth-demo

It runs the README's Python block (a minute or two), replaces the block of text after it by what was
printed, replaces the verdicts there and the whole table in docs/report.md, and copies preview.svg to
docs/. Figures in sentences are yours to mend: tests/test_docs.py compares them with the table.
"""

import contextlib
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from wearsynth import console
from wearsynth.evaluation import Scores, read_scores

REPOSITORY = Path(__file__).parents[1]
WIDTH = 122


def printed(show: Callable[[Scores], None], scores: Path) -> str:
    """Give what the command line prints of the scores."""
    text = io.StringIO()
    console.out = Console(file=text, width=WIDTH, highlight=False)
    show(read_scores(scores))
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()).rstrip()


def printed_by(code: str) -> str:
    """Give what a Python block prints, run in an empty folder."""
    text, before = io.StringIO(), Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            with contextlib.redirect_stdout(text):
                exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - our own README
        finally:
            os.chdir(before)
    return text.getvalue().strip()


def with_block(text: str, after: str, content: str) -> str:
    """Give the text with the first block of text behind the words `after` replaced."""
    start = text.index("```text\n", text.index(after)) + len("```text\n")
    return text[:start] + content + "\n" + text[text.index("```", start) :]


def main(demo: Path) -> None:
    """Rewrite README.md, docs/report.md and docs/preview.svg."""
    readme = REPOSITORY / "README.md"
    text = readme.read_text(encoding="utf-8")
    start = text.index("```python\n") + len("```python\n")
    code = text[start : text.index("```", start)]
    text = with_block(text, code, printed_by(code))
    scores = demo / "scores.json"
    text = with_block(text, "`evaluate` prints", printed(console.print_verdicts, scores))
    readme.write_text(text, encoding="utf-8", newline="\n")
    page = REPOSITORY / "docs" / "report.md"
    text = page.read_text(encoding="utf-8")
    text = with_block(text, "prints this table", printed(console.print_scores, scores))
    page.write_text(text, encoding="utf-8", newline="\n")
    shutil.copyfile(demo / "preview.svg", REPOSITORY / "docs" / "preview.svg")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
