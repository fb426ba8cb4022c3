"""The stage of `generate` that makes whole people, as the command calls it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wearsynth.config_rendering import GenerateConfig
from wearsynth.errors import ConfigError, did_you_mean
from wearsynth.files import check_free
from wearsynth.formats.people import Person
from wearsynth.formats.people_e4 import check_e4, write_e4
from wearsynth.formats.people_parquet import write_parquet
from wearsynth.model import Model, load_model
from wearsynth.sessions import Sessions, person_signals, plan_of

PEOPLE_FORMATS = ("e4", "e4_zip", "parquet")
OF_PEOPLE = ("people", "minutes", "plan")
"""The options that ask for people."""

OF_WINDOWS = (
    *("counts", "stream_s", "classifier", "logs", "sensor", "signal", "full_scale", "rate_hz"),
    *("power_mode", "low_pass", "mounting", "devices", "device_seed", "cross_axis_pct"),
)
"""The options that say nothing of people."""


@dataclass(frozen=True)
class PeopleSummary:
    """What was written: people, how long each is, seconds by class of one person, format, files."""

    people: int
    seconds: float
    by_class: Mapping[str, float]
    format: str
    files: int


def asks_for_people(config: GenerateConfig) -> bool:
    """Say whether a configuration asks for people rather than for windows or streams."""
    given = config.model_fields_set
    return bool(given & set(OF_PEOPLE)) or config.format in ("e4", "e4_zip")


def generate_people(config: GenerateConfig, out: Path, *, overwrite: bool = False) -> PeopleSummary:
    """Make people and write them, one after the other, in constant memory.

    ConfigError for options that do not fit, DataError for a plan or a model that does not.
    """
    _check_options(config)
    check_free(out, overwrite=overwrite)
    model = load_model(config.model).computing_in(config.precision, config.device)
    plan = plan_of(config.plan) if config.plan is not None else ()
    seconds = None if config.minutes is None else config.minutes * 60
    asked = Sessions(model, config.people or 1, plan, seconds, config.seed)
    kind = config.format if "format" in config.model_fields_set else _usual_format(model)
    about = {
        "model": config.model,
        "seed": config.seed,
        "people": asked.people,
        "plan": [[span.label, span.end_s - span.start_s] for span in asked.spans],
        "provenance": [*model.provenance, f"people joined of windows with seed {config.seed}"],
        "synthetic": True,
    }
    if kind == "parquet":
        files = write_parquet(_people(asked), out, about=about, overwrite=overwrite)
    else:
        check_e4(*_form(model))
        zipped = kind == "e4_zip"
        files = write_e4(_people(asked), out, about=about, zipped=zipped, overwrite=overwrite)
    by_class = dict.fromkeys((span.label for span in asked.spans), 0.0)
    for span in asked.spans:
        by_class[span.label] += span.end_s - span.start_s
    return PeopleSummary(asked.people, asked.spans[-1].end_s, by_class, kind, files)


def _check_options(config: GenerateConfig) -> None:
    given = config.model_fields_set
    alien = next((name for name in OF_WINDOWS if name in given), None)
    if alien is not None:
        raise ConfigError(f"{alien} is not for people (people, minutes, plan): leave it out.")
    if "format" in given and config.format not in PEOPLE_FORMATS:
        hint = did_you_mean(config.format, PEOPLE_FORMATS)
        raise ConfigError(
            f"people are written as {', '.join(PEOPLE_FORMATS)}, not as {config.format!r}.{hint}"
        )


def _form(model: Model) -> tuple[dict[str, float], dict[str, Any]]:
    signals = model.representation.signals
    return {s.name: s.rate_hz for s in signals}, {s.name: s.channels for s in signals}


def _usual_format(model: Model) -> str:
    """Give e4 for a model of all that an E4 records, else parquet."""
    names = {signal.name for signal in model.representation.signals}
    return "e4" if names == {"acc", "bvp", "eda", "temp"} else "parquet"


def _people(asked: Sessions) -> Iterator[Person]:
    rates_hz, channels = _form(asked.model)
    for number in range(asked.people):
        yield Person(
            asked.name(number),
            asked.start_unix_s(number),
            asked.spans,
            rates_hz,
            channels,
            person_signals(asked, number),
        )
