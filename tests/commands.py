"""Running commands in the tests' own process."""

import sys
from collections.abc import Callable

import pytest

from wearsynth.cli import main

Run = Callable[..., tuple[int, str, str]]
"""Words -> exit code, stdout, stderr."""


def wearsynth(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: object
) -> tuple[int, str, str]:
    """Run a command: exit code, stdout, stderr."""
    monkeypatch.setattr(sys, "argv", ["wearsynth", *map(str, arguments)])
    try:
        main()
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    out, err = capsys.readouterr()
    return code, out, err
