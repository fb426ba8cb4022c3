import runpy
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[1]
SCRIPT = REPOSITORY / "benchmarks" / "audit.py"

pytestmark = pytest.mark.skipif(
    not SCRIPT.exists(), reason="the benchmarks are not part of this copy"
)


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPT))


def test_the_tables_of_the_docs_are_those_of_the_script(script: dict[str, Any]) -> None:
    tables = {
        "worst_table": "data-protection.md",
        "ceilings_table": "audit.md",
        "luck_table": "audit.md",
    }
    for table, page in tables.items():
        text = (REPOSITORY / "docs" / page).read_text(encoding="utf-8")
        assert script[table]() in text, f"python benchmarks/audit.py prints another {table}"


def test_worst_cases_that_were_measured_before(script: dict[str, Any]) -> None:
    table = script["worst_table"]()
    assert "| 1 | 0.575 | 8 % | private |" in table
    assert "| 10 | 0.921 | 64 % | bounded disclosure |" in table


def rows(table: str) -> dict[str, tuple[int, int]]:
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]
    counts = {name: found.split(" of ") for name, found, *_ in cells}
    return {name: (int(above), int(times)) for name, (above, times) in counts.items()}


def test_the_page_of_audits_says_what_was_wanted_of_them() -> None:
    text = (REPOSITORY / "docs" / "audit.md").read_text(encoding="utf-8")
    start = text.index("| build |")
    found = rows(text[start : text.index("\n\n", start)])
    assert found["no noise"] == found["few numbers, no noise"] == (10, 10)
    for name in ("whole", "few numbers, whole"):
        assert found[name][1] == 20 and found[name][0] <= 1


@pytest.mark.slow
def test_audits_find_missing_noise_and_clipping_and_leave_a_whole_build_alone(
    script: dict[str, Any],
) -> None:
    builds = script["BUILDS"]
    builds |= {name: (3, broken) for name, (_, broken) in builds.items()}
    builds["whole"] = (5, builds["whole"][1])
    found = rows(script["runs_table"](["whole", "no noise", "no clipping"]))
    assert found["no noise"] == found["no clipping"] == (3, 3)
    assert found["whole"][0] <= 1
