"""What the commands' options are, and how they become sections of the configuration."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from wearsynth.config import PrivacyConfig
from wearsynth.config_recordings import ColumnsConfig, DataConfig
from wearsynth.errors import ConfigError
from wearsynth.section import Section, parse

FAILED = 3
"""The exit code where a condition of --fail-if holds, a self-test's damage goes unseen, or an audit refutes
the claim."""


def help_of(section: type[Section], key: str) -> str:
    """Give an option's meaning and default as the configuration has them."""
    field = section.model_fields[key]
    default = "" if field.default in (None, ()) else f" [default: {field.default}]"
    return f"{field.description}{default}"


def _about(key: str) -> str:
    """Give the meaning of a key of [data] as a help text."""
    text = str(DataConfig.model_fields[key].description)
    return text[0].upper() + text[1:]


Out = Annotated[Path, typer.Option("--out", "-o", help="Where to write.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]
Source = Annotated[str, typer.Argument(help="A file or folder of recordings, or basic_motions.")]
Format = Annotated[str | None, typer.Option(help="A reader's name; left out: recognised.")]
ChannelsOption = Annotated[
    list[str] | None,
    typer.Option("--channel", help="For a table: column=unit, such as acc_x=g. Repeat."),
]
ColumnsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        help="For a table: time=NAME, time_unit=ms, label=NAME, constant_label=walking, "
        "subject=NAME, recording=NAME or covariate:age=NAME. For label, subject and recording, {file} "
        "or {folder} means the name of the file or of its folder. Repeat.",
    ),
]
SourceRate = Annotated[
    float | None, typer.Option("--source-rate-hz", help="The rate, for files that do not tell it.")
]
Place = Annotated[str | None, typer.Option(help=f"{_about('place')}.")]
SignalsOption = Annotated[
    list[str] | None, typer.Option("--signal", help="A signal to keep, such as acc. Repeat.")
]
LabelsOption = Annotated[Path | None, typer.Option("--labels", help=f"{_about('labels')}.")]
TagLabels = Annotated[
    str | None,
    typer.Option(help="Labels of the stretches between button presses (E4): rest,stress,,rest"),
]
ClassesOption = Annotated[
    list[str] | None,
    typer.Option("--classes", help="OLD=NEW, others are left out (repeat); or a grouping: st."),
]
CountOption = Annotated[
    list[str] | None,
    typer.Option("--count", help="CLASS=N, or N for every class. Repeat for more classes."),
]

EpsilonOption = Annotated[float | None, typer.Option(help=help_of(PrivacyConfig, "epsilon"))]
DeltaOption = Annotated[float | None, typer.Option(help=help_of(PrivacyConfig, "delta"))]
UnitOption = Annotated[str | None, typer.Option(help=help_of(PrivacyConfig, "unit"))]
ClipNormOption = Annotated[float | None, typer.Option(help=help_of(PrivacyConfig, "clip_norm"))]
SampledOption = Annotated[
    float | None, typer.Option(help=help_of(PrivacyConfig, "sampling_probability"))
]
WindowsPerUnitOption = Annotated[
    int | None, typer.Option(help=help_of(PrivacyConfig, "windows_per_unit"))
]
PublicOption = Annotated[str | None, typer.Option(help=help_of(PrivacyConfig, "public"))]
CovariateOption = Annotated[
    list[str] | None,
    typer.Option("--covariate", help="NAME=VALUE, such as age=30, told of all windows. Repeat."),
]

SectionT = TypeVar("SectionT", bound=Section)


def data_config(given: dict[str, Any]) -> DataConfig:
    """Turn the options that say what a source is into a [data] section.

    given: the section's keys, with channel and column texts for columns, and the texts of --classes
    and --tag-labels as they were typed; None where an option was left out.
    """
    options = {key: value for key, value in given.items() if value is not None}
    channels, columns = options.pop("channel", ()), options.pop("column", ())
    if channels or columns:
        units = dict(_pair(text, "--channel", "acc_x=g") for text in channels)
        held = {"channels": units, **_roles_of(columns)}
        options["columns"] = parse(ColumnsConfig, held, where="--column")
    if "tag_labels" in options:
        options["tag_labels"] = [label.strip() for label in options["tag_labels"].split(",")]
    if "classes" in options:
        options["classes"] = _classes_of(options["classes"])
    return parse(DataConfig, options, where="command line")


def _roles_of(texts: Sequence[str]) -> dict[str, Any]:
    """Turn --column options into keys of [data.columns]; covariate:age=NAME is one of covariates."""
    roles: dict[str, Any] = {}
    covariates: dict[str, str] = {}
    for text in texts:
        key, column = _pair(text, "--column", "label=activity")
        role, _, name = key.partition(":")
        if role not in ("covariate", "covariates"):
            roles[key] = column
        elif role == "covariate" and name:
            covariates[name] = column
        else:
            expected = "expected covariate:NAME=COLUMN, such as covariate:age=age_years"
            raise ConfigError(f"--column {text!r}: {expected}.")
    return {**roles, "covariates": covariates} if covariates else roles


def _classes_of(texts: list[str]) -> dict[str, str] | str:
    if len(texts) == 1 and "=" not in texts[0]:
        return texts[0]
    return dict(_pair(text, "--classes", "lying=resting, or the grouping st") for text in texts)


def _pair(text: str, option: str, example: str) -> tuple[str, str]:
    key, equals, value = text.rpartition("=")
    if not (key and equals and value):
        raise ConfigError(f"{option} {text!r}: expected NAME=VALUE, such as {example}.")
    return key, value


def counts_of(texts: list[str] | None) -> dict[str, Any] | int | None:
    """Turn --count options into the config's counts; None where there are none."""
    if texts and len(texts) == 1 and "=" not in texts[0]:
        return _number(texts[0])
    return _by_class(texts, "--count", "walking=500")


def seconds_of(texts: list[str] | None) -> dict[str, str] | str | None:
    """Turn --stream options into the config's seconds; None where there are none."""
    if texts and len(texts) == 1 and "=" not in texts[0]:
        return texts[0]
    return _by_class(texts, "--stream", "walking=600")


def _by_class(texts: list[str] | None, option: str, example: str) -> dict[str, str] | None:
    pairs = [_pair(text, option, example) for text in texts or ()]
    if len(dict(pairs)) < len(pairs):
        raise ConfigError(f"{option}: a class is named twice.")
    return dict(pairs) or None


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Leave out the options that were left out."""
    return {key: value for key, value in options.items() if value is not None}


def covariates_of(texts: list[str] | None) -> dict[str, str] | None:
    """Turn --covariate options into the config's covariates; None where there are none."""
    return dict(_pair(text, "--covariate", "age=30") for text in texts) if texts else None


def mounting_of(text: str | None) -> str | list[str] | None:
    """Turn --mounting into the config's mounting: a word, or three angles parted by commas."""
    return text.split(",") if text is not None and "," in text else text


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ConfigError(
            f"--count {text!r}: expected N or CLASS=N, such as walking=500."
        ) from None


def section_of(kind: type[SectionT], options: dict[str, Any]) -> SectionT:
    """Check the options that were given; the others keep the schema's defaults."""
    return parse(kind, given(options), where="command line")
