import importlib
import json
import re
import runpy
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wearsynth
from toy import toy_windows
from wearsynth.config import Config, load_config, load_generate_config
from wearsynth.config_rendering import GenerateConfig
from wearsynth.evaluation.figures import FIGURES
from wearsynth.formats import KNOWN_FORMATS
from wearsynth.formats.manifest import MANIFEST_NAME
from wearsynth.formats.writers import WRITERS
from wearsynth.reporting.summary import WORDS
from wearsynth.sensors import load_profile, profile_names

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "src" / "wearsynth"
README = REPOSITORY / "README.md"
DOCS = sorted((REPOSITORY / "docs").rglob("*.md"))
PAGES = sorted([*REPOSITORY.glob("*.md"), *DOCS])

pytestmark = pytest.mark.skipif(not DOCS, reason="the docs are not part of this copy")


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(REPOSITORY / "scripts" / "cli_reference.py"))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def doc(name: str) -> str:
    return (REPOSITORY / "docs" / name).read_text(encoding="utf-8")


def test_every_command_and_option_stands_in_the_reference_as_it_is(script: dict[str, Any]) -> None:
    assert doc("cli.md") == script["cli_page"](), "run python scripts/cli_reference.py"


def test_the_reference_knows_commands_options_and_defaults(script: dict[str, Any]) -> None:
    page = script["cli_page"]()
    for name in ("data describe", "data windows", "data split", "mlc run", "fit", "run", "config"):
        assert f"\n## wearsynth {name}\n" in page
    fit_options = page.split("## wearsynth fit")[1].split("## ")[0]
    assert (
        "| `--set-aside` | share of train groups that only decide when to stop; 0: none | `0.2` |"
        in (fit_options)
    )
    assert "wearsynth fit TRAIN -o OUT [OPTIONS]" in fit_options


def test_the_schema_is_that_of_the_configuration(script: dict[str, Any]) -> None:
    assert doc("generate.schema.json") == script["generate_schema"](), (
        "run scripts/cli_reference.py"
    )
    known = json.loads(doc("generate.schema.json"))["properties"]
    shipped = json.loads((REPOSITORY / "configuration.json").read_text(encoding="utf-8"))
    assert set(shipped) <= set(known)


def test_the_configuration_page_shows_the_true_defaults(script: dict[str, Any]) -> None:
    assert doc("configuration.md") == script["configuration_page"]()
    shown = tomllib.loads(blocks(REPOSITORY / "docs" / "configuration.md", "toml")[0])
    sections = Config.model_validate(shown)
    plain = Config()
    for name in ("data", "windows", "split", "fit", "sample", "evaluate"):
        assert getattr(sections, name) == getattr(plain, name)
    assert sections.generate == GenerateConfig()


def modules() -> Iterator[str]:
    for path in PACKAGE.rglob("*.py"):
        inside = path.relative_to(PACKAGE)
        if path.name != "__init__.py":
            yield path.name
        elif len(inside.parts) > 1:
            yield f"{inside.parts[0]}/"


@pytest.mark.parametrize("name", sorted(set(modules())))
def test_every_module_has_its_place_in_the_architecture(name: str) -> None:
    assert f"`{name}`" in (REPOSITORY / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_the_layers_in_the_architecture_are_those_that_are_tested() -> None:
    with (REPOSITORY / "pyproject.toml").open("rb") as stream:
        contracts = tomllib.load(stream)["tool"]["importlinter"]["contracts"]
    layers = next(c["layers"] for c in contracts if c["type"] == "layers")
    assert blocks(REPOSITORY / "ARCHITECTURE.md", "text")[1].split("\n")[:-1] == layers


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_names_that_docs_import_exist(page: Path) -> None:
    for code in blocks(page, "python"):
        for module, names in re.findall(r"^from (wearsynth[\w.]*) import (.+)$", code, re.M):
            for name in names.split(", "):
                assert hasattr(importlib.import_module(module), name), f"{module}.{name}"


def test_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    [code] = blocks(README, "python")
    quicker = re.sub(r"rounds=\d+", "rounds=2", code)
    assert quicker != code
    monkeypatch.chdir(tmp_path)
    exec(compile(quicker, "README.md", "exec"), {})
    assert "</html>" in (tmp_path / "report.html").read_text(encoding="utf-8")
    shown = README.read_text(encoding="utf-8").split(code)[1].split("```text\n")[1].split("```")[0]
    families = verdict_families(capsys.readouterr().out)
    assert families == ["Like", "Useful", "Private"]
    assert families == verdict_families(shown)


def verdict_families(printed: str) -> list[str]:
    return re.findall(r"(?m)^(\w+): [a-z (?)]+\. .*\d\.\d", printed)


def test_the_table_in_the_docs_names_figures_that_there_are() -> None:
    [table] = [
        block
        for block in blocks(REPOSITORY / "docs" / "report.md", "text")
        if "Note" in block or "─" in block
    ]
    titles = re.findall(r"(?m)^ (\S.*?) {2,}-?\d+\.\d", table)
    known = [re.escape(about.title).replace(r"\{judge\}", ".+") for about in FIGURES.values()]
    assert len(titles) > 10
    for title in titles:
        assert any(re.fullmatch(pattern, title) for pattern in known), title


def test_figures_in_the_readme_are_those_of_the_table() -> None:
    prose = " ".join(README.read_text(encoding="utf-8").split())
    text = (REPOSITORY / "docs" / "report.md").read_text(encoding="utf-8")
    detector = re.search(
        r"AUC of (\d\.\d\d), where it tells real groups from each other with (\d\.\d\d)", prose
    )
    tstr = re.search(r"\(TSTR (\d\.\d\d)", prose)
    assert detector and tstr
    [row] = re.findall(r"(?m)^ Detector AUC +([\d.]+) +[\d.]+ to [\d.]+ +([\d.]+), worst", text)
    assert detector.groups() == row
    assert tstr[1] in re.findall(r"(?m)^ TSTR macro F1 \(\w+\) +([\d.]+)", text)


def test_both_ways_to_read_a_windows_file_give_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = toy_windows(people=2, per_class=2)
    wearsynth.save_windows(windows, tmp_path / "windows.parquet")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for code in blocks(REPOSITORY / "docs" / "file-schema.md", "python"):
        exec(compile(code, "file-schema.md", "exec"), names)
    assert np.array_equal(names["windows"].signal("acc").values, windows.signal("acc").values)
    assert np.array_equal(names["values"], windows.signal("acc").values)


def test_arrays_become_windows_as_the_formats_page_says() -> None:
    toy = toy_windows(people=2, per_class=2)
    names: dict[str, Any] = {"values": toy.signal("acc").values, "label": toy.label_names}
    names["subject"] = toy.subject
    [code] = blocks(REPOSITORY / "docs" / "formats.md", "python")
    exec(compile(code, "formats.md", "exec"), names)
    assert names["windows"].counts == toy.counts
    assert set(names["windows"].group) == {"p00", "p01"}


def test_the_figures_script_replaces_one_block() -> None:
    with_block = runpy.run_path(str(REPOSITORY / "scripts" / "readme_figures.py"))["with_block"]
    text = "one\n```text\na\n```\ntwo\n```text\nb\n```\n```text\nc\n```\n"
    assert with_block(text, "two", "new") == text.replace("b", "new")


def test_the_readme_shows_the_configuration_that_ships() -> None:
    assert blocks(README, "json") == [
        (REPOSITORY / "configuration.json").read_text(encoding="utf-8")
    ]


def notebook_commands() -> list[str]:
    """The `wearsynth ...` lines of the notebooks' shell cells, continued lines joined."""
    notebooks = [json.loads(p.read_text("utf-8")) for p in REPOSITORY.glob("examples/*.ipynb")]
    cells = ["".join(cell["source"]) for book in notebooks for cell in book["cells"]]
    shell = [c.replace("\\\n", " ") for c in cells if c.startswith("%%bash")]
    return [line.strip() for c in shell for line in c.splitlines() if "wearsynth " in line]


def test_commands_in_the_docs_exist(script: dict[str, Any]) -> None:
    """Each `wearsynth ...` line in a text block is a command, and its options are known to it."""
    reference = script["cli_page"]()
    usage = dict(re.findall(r"\n## wearsynth ([\w ]+)\n(.*?)(?=\n## |\Z)", reference, re.DOTALL))
    lines = [
        line
        for page in PAGES
        if page.name != "cli.md"
        for block in blocks(page, "text")
        for line in block.replace("\\\n", " ").splitlines()
        if re.match(r"(\S+/)?wearsynth ", line)
    ]
    assert len(lines) > 15
    for line in [*lines, *notebook_commands()]:
        words = line.split()[1:]
        name = (
            " ".join(words[:2])
            if words[0] in ("data", "mlc", "classifier", "privacy")
            else words[0]
        )
        for option in re.findall(r"(?<= )--?[a-z][\w-]*", line):
            assert f"`{option}`" in usage[name], line


@pytest.mark.parametrize("path", sorted((REPOSITORY / "examples").glob("*.ipynb")), ids=str)
def test_notebooks_are_executed_in_order_and_import_what_there_is(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert all(cell["outputs"] for cell in cells)
    assert not any(out["output_type"] == "error" for cell in cells for out in cell["outputs"])
    lines = [line.strip() for cell in cells for line in "".join(cell["source"]).splitlines()]
    imports = [line for line in lines if line.startswith("from wearsynth")]
    assert imports
    for line in imports:
        exec(compile(line, path.name, "exec"), {})


@pytest.mark.parametrize("path", sorted((REPOSITORY / "examples").glob("*.toml")), ids=str)
def test_example_configurations_are_valid(path: Path) -> None:
    config = load_config(path)
    assert config.render is not None or config.detect is not None


def test_the_example_of_generate_is_valid() -> None:
    config = load_generate_config(REPOSITORY / "examples" / "configuration.json")
    mode = {m.name: m for m in load_profile(config.sensor).signals["acc"].power_modes}
    assert config.power_mode is not None
    assert config.rate_hz in mode[config.power_mode].rates_hz
    assert config.format in WRITERS


def test_all_formats_sensors_figures_and_verdicts_are_described() -> None:
    for name in (*KNOWN_FORMATS, *WRITERS):
        assert f"`{name}`" in doc("formats.md")
    for name in WRITERS:
        page = name.removesuffix("_csv").removesuffix("_v1")
        assert f"--format {name} -o {name}\n" in doc(f"formats/{page}.md")
    assert MANIFEST_NAME in doc("formats.md")
    for name in profile_names():
        assert f"| {name} | " in doc("sensors-and-rendering.md")
    for name, about in FIGURES.items():
        assert f"`{name}" in doc("concepts.md")
        assert f"| {about.title.replace(' ({judge})', '')} |" in doc("concepts.md")
    for verdict in WORDS:
        assert f"| {verdict} |" in doc("concepts.md")


def test_the_table_of_parts_is_that_of_the_profiles(script: dict[str, Any]) -> None:
    page = doc("sensors-and-rendering.md")
    assert page == script["with_parts"](page), "run python scripts/cli_reference.py"
    assert page.count(script["PARTS_BEGIN"]) == page.count(script["PARTS_END"]) == 1


def test_sensitivities_and_noise_in_the_docs_are_those_of_the_profile() -> None:
    part = load_profile("lsm6dsl").signals["acc"]
    page = doc("sensors-and-rendering.md")
    figures = {name: part.figures[f"noise_{name}"].value for name in ("density", "rms_low_power")}
    assert ", ".join(f"{1e3 * scale.per_count:.3g}" for scale in part.full_scales) in page
    assert ", ".join(f"{1e6 * density:.3g}" for density in figures["density"].values()) in page
    assert ", ".join(f"{1e3 * rms:.1f}" for rms in figures["rms_low_power"].values()) in page
    assert f"sd {1e3 * part.offset_sd[0]:.0f} mg" in page
    assert f"sd {100 * part.sensitivity_sd:.0f} %" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_a_path_of_one_machine(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.])/(home|work|tmp|root|Users|usr|opt|mnt)/|[A-Z]:\\", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[\w-]+)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_the_version_stands_in_the_changelog() -> None:
    changelog = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{wearsynth.__version__}]" in changelog
