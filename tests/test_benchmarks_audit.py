import runpy
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(REPOSITORY / "benchmarks" / "audit.py"))


def test_the_tables_of_the_docs_are_those_of_the_script(script: dict[str, Any]) -> None:
    for page, table in (("data-protection.md", "worst_table"), ("audit.md", "ceilings_table")):
        text = (REPOSITORY / "docs" / page).read_text(encoding="utf-8")
        assert script[table]() in text, f"python benchmarks/audit.py prints another {table}"


def test_worst_cases_that_were_measured_before(script: dict[str, Any]) -> None:
    table = script["worst_table"]()
    assert "| 1 | 0.575 | 8 % | private |" in table
    assert "| 10 | 0.921 | 64 % | bounded disclosure |" in table
