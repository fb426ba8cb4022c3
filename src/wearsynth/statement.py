"""What a differential-privacy guarantee says: plain data that goes wherever the model goes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from wearsynth.errors import ModelError, did_you_mean

Unit = Literal["subject", "recording", "window"]
Neighbours = Literal["add or remove one", "replace one"]

STATEMENT_SCHEMA = 1
NOT_STATED = "not stated"
ALONE = "this run alone"
CENTRAL = (
    "central: whoever holds the data runs this and sees them; what leaves from there is protected"
)
DRAWN = "drawing from the model costs nothing more, however often"


def _about(text: str) -> Any:
    return Field(description=text)


@dataclass(frozen=True)
class PrivacyStatement:
    """All that an expert needs to check an epsilon; nothing in it is computed from private data.

    Each field says what it is; what is not told reads "not stated". The fields answer what NIST SP
    800-226 and the registry of deployments (opendp/deployments-registry-data) ask.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    epsilon: Annotated[float, Field(ge=0), _about("all releases that composition names, together")]
    delta: Annotated[float, Field(ge=0, lt=1), _about("chance in which epsilon need not hold")]
    unit: Annotated[Unit, _about("whose data the guarantee hides, whole; subject is a person")]
    neighbours: Annotated[Neighbours, _about("which data sets are hard to tell apart")]
    mechanism: Annotated[str, _about("what noise is added to what")]
    sampling: Annotated[str, _about("which units enter a step")]
    accountant: Annotated[str, _about("how the releases were added up")]
    steps: Annotated[int, Field(ge=0), _about("noisy releases of this run")]
    noise_multiplier: Annotated[
        float | None, _about("sd of the noise over clip_norm; null: a choice, not a noisy sum")
    ]
    clip_norm: Annotated[float | None, _about("the most that one unit adds to a release")]
    composition: Annotated[str, _about("with what else on the same people epsilon was added up")]
    public: Annotated[tuple[str, ...], _about("taken as public by declaration, so not protected")]
    not_covered: Annotated[tuple[str, ...], _about("what epsilon does not speak of")]
    sampling_probability: Annotated[
        float | None, _about("of each unit in a step; null: not stated")
    ] = None
    run_epsilon: Annotated[float | None, _about("this run alone; null: not stated")] = None
    randomness: Annotated[str, _about("where noise and sampling come from")] = NOT_STATED
    hyperparameters: Annotated[str, _about("how options were chosen, and what it cost")] = (
        NOT_STATED
    )
    data_dependent: Annotated[
        str, _about("choices made by looking at private data, and what they cost")
    ] = NOT_STATED
    software: Annotated[str, _about("program and version, accountant and version")] = NOT_STATED
    date: Annotated[str, _about("day of the release, YYYY-MM-DD")] = NOT_STATED
    variant: Annotated[str, _about("of differential privacy")] = "(epsilon, delta)"
    trust_model: Annotated[str, _about("who is trusted with the data")] = CENTRAL
    post_processing: Annotated[str, _about("what the guarantee carries over to")] = DRAWN
    schema_version: Annotated[int, _about("of this statement's form")] = STATEMENT_SCHEMA

    @property
    def line(self) -> str:
        """The one privacy sentence that is used everywhere."""
        return (
            f"epsilon {self.epsilon:.3g}, delta {self.delta:.1g}, unit {self.unit} "
            f"({self.neighbours}), {self.accountant}, {self.steps} steps; {self.composition}"
        )


def statement_to(statement: PrivacyStatement) -> dict[str, Any]:
    """Give a statement as JSON has it."""
    return asdict(statement)


def statement_from(told: Mapping[str, Any], *, where: str) -> PrivacyStatement:
    """Give the statement that JSON tells; ModelError for fields missing, unknown or of no such value.

    where: the file it is from, for the message.
    """
    known = [field.name for field in fields(PrivacyStatement)]
    version = told.get("schema_version", STATEMENT_SCHEMA)
    if isinstance(version, int) and version > STATEMENT_SCHEMA:
        raise ModelError(
            f"{where}: a privacy statement by a newer wearsynth (schema {version}); update it."
        )
    for name in [*told, *known]:
        if name not in known:
            raise ModelError(
                f"{where}: a privacy statement has no field {name!r}.{did_you_mean(name, known)}"
            )
        if name not in told:
            raise ModelError(f"{where}: the privacy statement lacks {name!r}; it is damaged.")
    try:
        return TypeAdapter(PrivacyStatement).validate_json(json.dumps(dict(told)))
    except ValidationError as error:
        first = error.errors()[0]
        raise ModelError(
            f"{where}: the privacy statement's {first['loc'][0]!r} is wrong: {first['msg']}."
        ) from None


def statement_schema() -> dict[str, Any]:
    """Give the JSON schema of a statement; all its fields stand in a file, whatever their default."""
    schema = TypeAdapter(PrivacyStatement).json_schema()
    schema["required"] = list(schema["properties"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
