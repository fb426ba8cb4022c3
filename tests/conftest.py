"""Fixtures that many test files share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import Run, wearsynth


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run commands in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: wearsynth(capsys, monkeypatch, *arguments)


@pytest.fixture(scope="module")
def one_torch_thread() -> Iterator[None]:
    """Compute with one thread, as fits do: the same sums in the same order."""
    from wearsynth.tensors import one_thread  # torch: slow to import

    with one_thread():
        yield
