"""Write docs/cli.md, docs/configuration.md and the JSON schemas there from the program itself.

    python scripts/cli_reference.py

tests/test_docs.py fails where they do not stand as this script gives them.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from wearsynth.cli import app
from wearsynth.config import SampleConfig, default_toml
from wearsynth.config_rendering import GenerateConfig
from wearsynth.section import Section
from wearsynth.sensors import load_profile, profile_names
from wearsynth.sensors.telling import LIST_COLUMNS, list_rows
from wearsynth.statement import statement_schema

DEFAULT = re.compile(r" \[default: (.*?)\]")
"""What `help_of` adds to an option's meaning."""

DOCS = Path(__file__).parents[1] / "docs"
COUNTED: dict[str, type[Section]] = {
    "sample": SampleConfig,
    "release": SampleConfig,
    "generate": GenerateConfig,
}
"""Commands with --count, which, left out, takes the value of the configuration's section."""

CLI_HEAD = """# Command line

This page is written by `scripts/cli_reference.py` from the program; do not edit it by hand.
Every command answers `--help`. Lines about progress go to stderr, results to stdout. An error is
one sentence and exit code 1; a wrong option is exit code 2; a condition of `evaluate --fail-if`
that holds, damage that `evaluate --self-test` does not see, or an `audit` that refutes the claim, is exit
code 3; Ctrl-C is 130.
"""

CONFIGURATION_HEAD = """# Configuration

This page is written by `scripts/cli_reference.py` from the program; do not edit it by hand.

`wearsynth run` reads one file, TOML or JSON with the same keys. Every key may be left out. An
unknown key is an error that names the nearest known one. `wearsynth config` prints what follows:
all options at their defaults.

`[distil]`, `[detect]`, `[render]` and `[generate]` are different from the others: without them in the
file `run` distils, looks for stress and renders nothing, and `[generate]` is read by
`wearsynth generate` alone. `generate` also takes a file that holds only the keys of `[generate]`,
such as `configuration.json` in the project's folder.
"""


def cli_page() -> str:
    """Give docs/cli.md: every command with its arguments, options and defaults."""
    root: Any = typer.main.get_command(app)
    parts = [CLI_HEAD, *_described(root, "wearsynth")]
    for name, command in _commands(root, "wearsynth"):
        parts += [f"## {name}\n", *_described(command, name)]
    return "\n".join(parts).rstrip() + "\n"


def configuration_page() -> str:
    """Give docs/configuration.md: the commented default configuration."""
    return f"{CONFIGURATION_HEAD}\n```toml\n{default_toml().rstrip()}\n```\n"


PARTS_BEGIN, PARTS_END = "<!-- parts: by scripts/cli_reference.py -->", "<!-- end of parts -->"


def generate_schema() -> str:
    """Give the JSON schema of `generate`'s configuration.json."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema |= GenerateConfig.model_json_schema()
    return json.dumps(schema, indent=2) + "\n"


def privacy_schema() -> str:
    """Give the JSON schema of a privacy statement."""
    return json.dumps(statement_schema(), indent=2) + "\n"


def with_parts(page: str) -> str:
    """Give docs/sensors-and-rendering.md with the table of parts as the profiles have it."""
    before, _, rest = page.partition(PARTS_BEGIN)
    _, _, after = rest.partition(PARTS_END)
    rows = [LIST_COLUMNS, ("---",) * len(LIST_COLUMNS)]
    rows += list_rows([load_profile(name) for name in profile_names()])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{before}{PARTS_BEGIN}\n{table}\n{PARTS_END}{after}"


def _commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Give (full name, command) for each command that does something, groups of commands opened."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def _described(command: Any, name: str) -> Iterator[str]:
    yield f"{command.help}\n"
    yield f"```text\n{_usage(command, name)}\n```\n"
    rows = [_row(parameter, command.name) for parameter in command.params if parameter.help]
    if rows:
        yield "\n".join(["| | what | default |", "|---|---|---|", *rows, ""])


def _usage(command: Any, name: str) -> str:
    if hasattr(command, "commands"):
        return f"{name} COMMAND ..."
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    words = [name, *(p.name.upper() if p.required else f"[{p.name.upper()}]" for p in arguments)]
    needed = [p for p in command.params if p.param_type_name == "option" and p.required]
    words += [f"{min(p.opts, key=len)} {p.name.upper()}" for p in needed]
    return " ".join([*words, "[OPTIONS]"])


def _row(parameter: Any, command: str) -> str:
    of_option = parameter.param_type_name == "option"
    names = ", ".join(f"`{name}`" for name in parameter.opts)
    shown = names if of_option else f"`{parameter.name.upper()}`"
    what = DEFAULT.sub("", parameter.help).replace("|", "\\|")
    return f"| {shown} | {what} | {_default(parameter, command)} |"


def _default(parameter: Any, command: str) -> str:
    """Give the default as it holds: the option's own, else that of the configuration's section."""
    if parameter.required:
        return "needed"
    if getattr(parameter, "is_flag", False):
        return "off"
    value = parameter.default
    if told := DEFAULT.search(parameter.help):
        value = told[1]
    if value is None and parameter.name == "count":
        value = COUNTED[command].model_fields["counts"].default
    return "" if value in {None, ""} else f"`{value}`"


if __name__ == "__main__":
    DOCS.mkdir(exist_ok=True)
    (DOCS / "cli.md").write_text(cli_page(), encoding="utf-8", newline="\n")
    (DOCS / "configuration.md").write_text(configuration_page(), encoding="utf-8", newline="\n")
    (DOCS / "generate.schema.json").write_text(generate_schema(), encoding="utf-8", newline="\n")
    statement = DOCS / "privacy-statement.schema.json"
    statement.write_text(privacy_schema(), encoding="utf-8", newline="\n")
    parts = DOCS / "sensors-and-rendering.md"
    parts.write_text(with_parts(parts.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
